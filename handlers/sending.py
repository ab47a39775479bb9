"""An official's words on their way to the citizen: sent when the 30 seconds are over, and their author told how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bots.channel import Scene
from handlers import promises
from handlers.citizen import EXTENSION
from handlers.preview import ACTIONS, Seen, beside, post_preview, rival, seen_of, show
from handlers.thread import desk_places, refresh_cards, texts_at
from handlers.turn import Moment, Offer, Offers, Turn, role_among
from incidents.incident import RULES, Action, Deed, NotAllowed, Role
from locales import Texts
from storage.conversations import Draft
from storage.incidents import Case
from storage.posts import FAILED, QUEUED, SENDING, SENT, UNCERTAIN
from storage.timeline import Message

_SETTLED = {SENT: "delivered", FAILED: "failed", UNCERTAIN: "uncertain"}
"""The state of a draft whose author was told how it went."""
_UNDER_WAY = {QUEUED: "draft-late", SENDING: "draft-sending"}
"""What its author reads meanwhile, when delivery says that it waits, or an administrator sends it once more."""

# --- sending -----------------------------------------------------------------------------------------------------------


async def send(moment: Moment, raw: Mapping[str, Any]) -> None:
    """The 30 seconds are over. Whether the author still may, and whether somebody was quicker, is asked now, not then."""
    draft = await moment.tx.conversations.draft(raw["draft"])
    case = await moment.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.state != "sending":
        return
    role = role_among(await moment.tx.people.posts_of(draft.person), case)
    if role is None:
        await _back(moment, case, draft, None, "work-no-role")
        return
    if case.report.address.account not in moment.office.limits:
        await _back(moment, case, draft, role, "draft-no-account")
        return
    if await rival(moment, case, draft.person, seen_of(raw)):
        await _back(moment, case, draft, role, "draft-not-sent", seen_of(raw))
        return
    deed = Deed(action=ACTIONS[draft.kind], role=role, at=moment.now, by=draft.person, text=draft.text, date=draft.date)
    try:
        await moment.act(case, deed)
    except NotAllowed as refusal:
        await _back(moment, case, draft, role, f"not-allowed-{refusal.why}")
        return
    await record(moment, draft, draft.kind)
    await moment.tx.conversations.rewrite(replace(draft, state="sent"), was="sending")
    await show(moment, draft, (await texts_at(moment, draft.address)).say("draft-sending"))


async def give_back(moment: Moment, raw: Mapping[str, Any]) -> None:
    """The house was restored from a backup that was made within the 30 seconds: whether it was sent, only its author can tell."""
    draft = await moment.tx.conversations.draft(raw["draft"])
    case = await moment.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.state != "sending":
        return
    role = role_among(await moment.tx.people.posts_of(draft.person), case)
    texts = await texts_at(moment, draft.address)
    await show(moment, draft, texts.say("draft-answered-below"))
    opened = replace(draft, state="open", kind="", date=None)
    await moment.tx.conversations.rewrite(opened, was="sending")
    if role is None:
        await beside(moment, opened, texts.say("draft-restored"))
    else:
        await post_preview(moment, case, opened, role, why=texts.say("draft-restored"))


async def _back(moment: Moment, case: Case, draft: Draft, role: Role | None, why: str, seen: Seen | None = None) -> None:
    """It was not sent. The text is not lost, and its author hears of it where they wrote."""
    texts = await texts_at(moment, draft.address)
    await show(moment, draft, texts.say("draft-answered-below"))
    opened = replace(draft, state="open", kind="", date=None)
    await moment.tx.conversations.rewrite(opened, was="sending")
    if role is None:
        await beside(moment, opened, f"{texts.say('draft-not-sent')} {texts.say(why)}")
    else:
        line = texts.say("draft-not-sent")
        await post_preview(moment, case, opened, role, why=line if why == "draft-not-sent" else f"{line} {texts.say(why)}", seen=seen)


async def record(moment: Moment, draft: Draft, kind: str) -> None:
    """Into the incident's timeline."""
    message = Message(
        kind=kind,
        person=draft.person,
        text=draft.text,
        files=draft.files,
        address=draft.address,
        message=draft.message,
        at=moment.now,
    )
    await moment.tx.timeline.say(draft.incident, message)


# --- how it went -------------------------------------------------------------------------------------------------------


async def outcome(moment: Moment, raw: Mapping[str, Any]) -> None:
    """Delivery tells what became of a message to the citizen; the author hears it once, when all its parts are settled."""
    draft = await moment.tx.conversations.draft(raw["draft"])
    case = await moment.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.state != "sent":
        return
    states = {state for _, state in await moment.tx.outbox.of_draft(draft.id)}
    if states & {QUEUED, SENDING}:
        if raw["state"] in _UNDER_WAY:
            texts = await texts_at(moment, draft.address)
            await show(moment, draft, _head(moment, case, draft, texts) + texts.say(_UNDER_WAY[raw["state"]]))
        return
    worst = UNCERTAIN if UNCERTAIN in states else SENT
    worst = worst if states <= {SENT, UNCERTAIN} else FAILED
    draft = replace(draft, state=_SETTLED[worst])
    if not await moment.tx.conversations.rewrite(draft, was="sent"):
        return
    texts = await texts_at(moment, draft.address)
    if worst == SENT:
        key = "draft-delivered-without" if await moment.tx.outbox.lacks_files(draft.id) else "draft-delivered"
        hour = texts.hour(moment.now, moment.zone(case.incident.territory))
        await show(moment, draft, _head(moment, case, draft, texts) + texts.say(key, hour=hour))
        await _reached(moment, case, draft)
        return
    await show(moment, draft, _head(moment, case, draft, texts) + texts.say("draft-answered-below"))
    if worst == FAILED:
        await _undelivered(moment, case, draft, texts, let_go=FAILED not in states)
    else:
        await _news(moment, case, draft, texts.say("draft-uncertain", number=case.id), _doubts(draft, texts))


def _head(moment: Moment, case: Case, draft: Draft, texts: Texts) -> str:
    """What was done stays to be read before how it was delivered: a promise was put off. Of an answer the words stand above."""
    if draft.kind != EXTENSION or draft.date is None:
        return ""
    return f"{texts.say('extend-moved', number=case.id, when=promises.soon(moment, case, texts, draft.date))} "


async def _news(moment: Moment, case: Case, draft: Draft, text: str, offers: Offers) -> None:
    """Tell the author what became of their words; the curators too, where the author cannot be told or may not decide any more."""
    told = await beside(moment, draft, text, offers, draft_of=draft.id)
    if not told or role_among(await moment.tx.people.posts_of(draft.person), case) is None:
        await _to_desk(moment, draft)


async def unheard(moment: Moment, raw: Mapping[str, Any]) -> None:
    """Delivery tells that the author of an answer may not have heard that it is in doubt, or did not arrive."""
    draft = await moment.tx.conversations.draft(raw["draft"])
    if draft:
        await _to_desk(moment, draft)


async def _to_desk(moment: Moment, draft: Draft) -> None:
    """What the author should have decided is the curators' to decide."""
    if draft.state not in (_SETTLED[FAILED], _SETTLED[UNCERTAIN]):
        return
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        offers = _doubts(draft, texts) if draft.state == _SETTLED[UNCERTAIN] else ()
        await moment.post(address, texts.say(f"desk-{draft.state}", number=draft.incident), offers, incident=draft.incident)


def _doubts(draft: Draft, texts: Texts) -> Offers:
    arguments = {"draft": draft.id}
    return [[Offer(texts.say("draft-button-arrived"), "arrived", arguments), Offer(texts.say("draft-button-again"), "again", arguments)]]


async def _reached(moment: Moment, case: Case, draft: Draft) -> None:
    """What was sent once more arrived after all: the incident is not undeliverable any more, unless something said later did not arrive."""
    if not case.incident.undeliverable:
        return
    if not any(other.id > draft.id for other in await moment.tx.conversations.drafts_of(case.id, _SETTLED[FAILED])):
        case = await moment.tx.incidents.save(Case(replace(case.incident, undeliverable=False), case.report))
        await refresh_cards(moment, case)


async def _undelivered(moment: Moment, case: Case, draft: Draft, texts: Texts, *, let_go: bool) -> None:
    """A fact about the incident; the official may give up where the rules let them, else a curator closes it.

    ``let_go``: an administrator decided that it is not sent any more, whether or not it had arrived.
    """
    case = await moment.tx.incidents.save(Case(replace(case.incident, undeliverable=True), case.report))
    address = case.report.address
    blocked = case.report.scene is Scene.PRIVATE and await moment.tx.people.is_blocked(address.account, address.chat)
    lines = [texts.say("draft-let-go" if let_go else "draft-failed-blocked" if blocked else "draft-failed", number=case.id)]
    rule = RULES.get((case.incident.status, Action.CLOSE))
    mayclose = rule is not None and Role.OFFICIAL in rule.by
    if not mayclose:
        lines.append(texts.say("draft-failed-curator"))
    offers = [[Offer(texts.say("button-give-up"), "give-up", {"number": case.id})]] if mayclose else []
    await _news(moment, case, draft, "\n".join(lines), offers)
    await refresh_cards(moment, case)


async def arrived(turn: Turn) -> None:
    """[Дошло]: the author saw that it did."""
    draft = await _doubted(turn)
    if draft and await turn.tx.conversations.rewrite(replace(draft, state="delivered"), was="uncertain"):
        for row, state in await turn.tx.outbox.of_draft(draft.id):
            if state == UNCERTAIN:
                await turn.tx.outbox.arrived(row, turn.now)
        await turn.quiet()
        await turn.instead(turn.t("draft-arrived"), incident=draft.incident)


async def again(turn: Turn) -> None:
    """[Отправить ещё раз]: a person decided that twice is better than never."""
    draft = await _doubted(turn)
    doubted = [row for row, state in await turn.tx.outbox.of_draft(draft.id) if state == UNCERTAIN] if draft else []
    if draft and not doubted:  # nothing would ever tell how it went
        await turn.whisper("press-used")
    elif draft and await turn.tx.conversations.rewrite(replace(draft, state="sent"), was="uncertain"):
        for row in doubted:
            await turn.tx.outbox.again(row)
        await turn.quiet()
        if (turn.here.account, turn.here.chat) == (draft.address.account, draft.address.chat):
            row = await turn.pressed_row()
            await turn.tx.conversations.rewrite(replace(draft, state="sent", preview=row or draft.preview), was="sent")
            await turn.instead(turn.t("draft-sending"), incident=draft.incident)
        else:  # the curators decided it, for an author who cannot be told
            await turn.instead(turn.t("desk-again", number=draft.incident), incident=draft.incident)


async def _doubted(turn: Turn) -> Draft | None:
    """The draft nobody knows of whether it arrived; None, and the person hears why, when that is settled or not theirs to say."""
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    case = await turn.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.state != "uncertain":
        await turn.whisper("press-used")
    elif turn.role_for(case) is None:
        await turn.whisper("work-no-role")
    else:
        return draft
    return None
