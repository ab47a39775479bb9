"""A promised date is put off: an official asks with a reason and a date, whoever the policy names allows it, the citizen is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bots.channel import Address, Pressed
from bots.pages import shorten
from handlers import promises, work
from handlers.card import name_of, organisation_title
from handlers.citizen import EXTENSION, extended_text, reason_words
from handlers.drafts import open_draft
from handlers.preview import allowed, beside, request_over, show
from handlers.thread import desk_places, texts_at
from handlers.turn import Moment, Offer, Offers, Turn
from incidents.dates import Wrong
from incidents.incident import Action, Role
from locales import Texts
from storage.conversations import Draft
from storage.incidents import Case

ASKED, REFUSED = "asked", "refused"
"""The states of a request after ``open``; ``dropped`` when nobody needs it any more. One that is granted is sent as an answer is."""
GRANTED = "granted"
_BECAME = {REFUSED: "refused", ASKED: "lapsed", "dropped": "lapsed"}
"""What became of a request, by its state; of any later one it was granted."""
REASONS = ("materials", "contractor", "weather")
"""Why a promise is not kept, as far as buttons say it; anything else is typed."""
REFUSALS = ("answer-in-time", "too-far", "say-why")
"""Why a request is refused."""
LONGEST = 200
"""Characters of a reason: the citizen reads it in one line."""


# --- asking ------------------------------------------------------------------------------------------------------------


async def extend(turn: Turn) -> None:
    """[Продлить срок]: why?"""
    found = await _promised(turn)
    if found is None:
        return
    case, _ = found
    await turn.quiet()
    draft = Draft(
        incident=case.id, person=turn.person.id, address=turn.here, user_id=turn.event.sender.id, message="", text="", kind=EXTENSION
    )
    draft = await turn.tx.conversations.write(draft, turn.now)
    row = await work.ask_here(turn, case, turn.t("extend-why", number=case.id), _reasons(turn, draft))
    await turn.tx.conversations.rewrite(replace(draft, preview=row), was="open")
    await _wait(turn, "extend-reason", case, draft)


async def _promised(turn: Turn) -> tuple[Case, Role] | None:
    """The incident whose promise this person may have put off; None, and they hear why not, and who may."""
    case = await turn.tx.incidents.get(turn.arguments["number"])
    role = _asks_as(turn, case) if case else None
    if case is None or role is None:
        await turn.whisper("work-no-role")
        return None
    asked = await turn.tx.conversations.drafts_of(case.id, ASKED)
    if not allowed(case.incident, Role.CURATOR, Action.EXTEND):
        await turn.whisper("not-allowed-status")
    elif asked and asked[0].date:
        await turn.whisper("extend-asked-already", number=case.id, when=promises.soon(turn, case, turn.texts, asked[0].date))
    elif await _used_up(turn, case, role):
        await turn.whisper("extend-used-up", number=case.id, count=promises.policy_of(turn, case).extensions)
    else:
        return case, role
    return None


def _asks_as(turn: Turn, case: Case) -> Role | None:
    """In what capacity this person puts it off: who works for the owner and is a curator besides needs nobody's leave."""
    return Role.CURATOR if turn.is_curator else turn.role_for(case)


async def _used_up(moment: Moment, case: Case, role: Role) -> bool:
    """Whether the promise was put off as often as the policy lets it be. A curator may all the same."""
    return role is not Role.CURATOR and await _times(moment, case) >= promises.policy_of(moment, case).extensions


async def _times(moment: Moment, case: Case) -> int:
    """How often the promise was put off since it was given."""
    count = 0
    for change in await moment.tx.incidents.history(case.id):
        count = count + 1 if change.action is Action.EXTEND else 0 if change.action is Action.ANSWER_INTERIM else count
    return count


def _reasons(turn: Turn, draft: Draft) -> Offers:
    rows = [[Offer(_capital(turn.t(f"reason-{reason}")), "extend-why", {"draft": draft.id, "reason": reason})] for reason in REASONS]
    return [*rows, [Offer(turn.t("cancel"), "draft-drop", {"draft": draft.id})]]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


async def _wait(turn: Turn, step: str, case: Case, draft: Draft, **data: Any) -> None:
    await turn.ask(step, number=case.id, draft=draft.id, at=turn.now.isoformat(), thread=turn.here.thread, **data)


async def why(turn: Turn) -> None:
    """A reason was chosen: until when?"""
    await _reason(turn, turn.arguments["reason"])


async def reason_said(turn: Turn) -> None:
    """A reason was typed."""
    if await work.still_asked(turn):
        reason = _words(turn)
        if reason:
            await _reason(turn, reason)
        else:
            await turn.whisper("work-reason-words")


def _words(turn: Turn) -> str:
    """A reason that was typed, as the middle of our sentence."""
    return shorten(" ".join(turn.said.text.split()).rstrip(" .!"), LONGEST)


async def _reason(turn: Turn, reason: str) -> None:
    found = await open_draft(turn)
    if found is None or found[0].kind != EXTENSION:
        await turn.done()
        return
    draft, case, _ = found
    draft = replace(draft, text=reason)
    await turn.tx.conversations.rewrite(draft, was="open")
    promised = promises.soon(turn, case, turn.texts, case.incident.due_at or turn.now)
    question = turn.t("extend-when", number=case.id, reason=reason_words(turn.texts, reason), promised=promised)
    await _ask_date(turn, draft, case, question)


async def _ask_date(turn: Turn, draft: Draft, case: Case, question: str) -> None:
    """Below what was typed, or in the place of what was pressed."""
    await _wait(turn, "extend-date", case, draft)
    carried = {"draft": draft.id}
    offers = promises.offers(turn, case, turn.texts, "extend-date", carried, after=case.incident.due_at)
    await _go_on(turn, draft, question, [*offers, [Offer(turn.t("cancel"), "draft-drop", carried)]])


async def _go_on(turn: Turn, draft: Draft, text: str, offers: Offers = ()) -> None:
    """The next thing to say to the author, with the buttons of the one before taken away."""
    await turn.quiet()
    if isinstance(turn.event, Pressed):
        await show(turn, draft, text, offers)
        return
    await show(turn, draft, turn.t("draft-answered-below"))
    row = await beside(turn, replace(draft, message=turn.said.message), text, offers)
    await turn.tx.conversations.rewrite(replace(draft, preview=row), was=draft.state)


async def date_chosen(turn: Turn) -> None:
    """[Завтра] [3 дня] [Неделя]."""
    found = await open_draft(turn)
    if found:
        await _dated(turn, promises.chosen(turn, found[1], turn.arguments["days"]))


async def date_said(turn: Turn) -> None:
    """A new date was typed. A wrong one is asked for again."""
    if not await work.still_asked(turn):
        return
    found = await open_draft(turn)
    if found:
        await _dated(turn, promises.typed(turn, found[1]))
    else:
        await turn.done()


async def _dated(turn: Turn, date: datetime | Wrong) -> None:
    """Put the promise off, or ask who may; what cannot be promised is said and asked for again."""
    found = await open_draft(turn)
    if found is None or found[0].kind != EXTENSION or not found[0].text:
        return
    draft, case, role = found
    if await _lapsed(turn, case, draft):
        return
    problem = promises.why_not(turn, case, turn.texts, date, after=case.incident.due_at)
    if problem or isinstance(date, Wrong):
        await _ask_date(turn, draft, case, problem)
        return
    await turn.done()
    draft = replace(draft, date=date)
    role = _asks_as(turn, case) or role
    if role is Role.CURATOR or role in promises.policy_of(turn, case).extended_by:
        await _grant(turn, case, draft, role, was="open")
    else:
        await _ask_leave(turn, case, draft)


async def _lapsed(turn: Turn, case: Case, draft: Draft) -> bool:
    """Whether nothing is promised any more, or a colleague was quicker to ask; the author hears it."""
    asked = await turn.tx.conversations.drafts_of(case.id, ASKED)
    if allowed(case.incident, Role.CURATOR, Action.EXTEND) and not asked:
        return False
    await turn.done()
    await turn.tx.conversations.rewrite(replace(draft, state="dropped"), was="open")
    await _go_on(turn, replace(draft, state="dropped"), turn.t("extend-lapsed", number=case.id))
    return True


async def _ask_leave(turn: Turn, case: Case, draft: Draft) -> None:
    """Ask whoever the policy names; where nobody can be reached the author hears it."""
    places = await _deciders(turn, case)
    texts = turn.texts
    if not places:
        await turn.tx.conversations.rewrite(replace(draft, state="dropped"), was="open")
        await _go_on(turn, replace(draft, state="dropped"), turn.t("extend-nobody", number=case.id))
        return
    draft = replace(draft, state=ASKED)
    await turn.tx.conversations.rewrite(draft, was="open")
    await _go_on(turn, draft, texts.say("extend-asked", number=case.id, line=await extended_text(turn, case, draft.text, draft.date)))
    for address in places:
        there = await texts_at(turn, address)
        await turn.post(address, await _request(turn, case, draft, there), _decisions(draft, there), incident=case.id, draft=draft.id)


async def _deciders(moment: Moment, case: Case) -> list[Address]:
    """Where those are reached whom the policy names: the organisation's heads, the curators; the curators too where there is no head."""
    named = promises.policy_of(moment, case).extended_by
    heads = await moment.tx.people.officials(case.incident.organisation, Role.HEAD) if Role.HEAD in named else ()
    places = [head.address for head in heads if head.account in moment.office.limits]
    if Role.CURATOR in named or not places:
        places += await desk_places(moment)
    return list(dict.fromkeys(places))


async def _request(moment: Moment, case: Case, draft: Draft, texts: Texts) -> str:
    """Who asks, until when it was promised, until when it would be, and what the citizen would read."""
    promised = promises.soon(moment, case, texts, case.incident.due_at or moment.now)
    return texts.say(
        "extend-request",
        number=case.id,
        name=await name_of(moment, draft.person, texts),
        organisation=organisation_title(moment, case.incident.organisation, texts),
        promised=promised,
        when=promises.soon(moment, case, texts, draft.date or moment.now),
        line=await extended_text(moment, case, draft.text, draft.date),
    )


def _decisions(draft: Draft, texts: Texts) -> Offers:
    carried = {"draft": draft.id}
    return [
        [
            Offer(texts.say("draft-button-allow"), "extend-allow", carried),
            Offer(texts.say("extend-button-refuse"), "extend-refuse", carried),
        ]
    ]


# --- deciding ----------------------------------------------------------------------------------------------------------


async def allow(turn: Turn) -> None:
    """[Разрешить]."""
    found = await _decided(turn)
    if found is None:
        return
    draft, case, role = found
    date = draft.date or turn.now
    if not promises.why_not(turn, case, turn.texts, date, after=case.incident.due_at):
        await _grant(turn, case, draft, role, was=ASKED)
    elif date <= max(case.incident.due_at or turn.now, turn.now + promises.SOONEST):
        await _refuse(turn, draft, case, lambda texts: texts.say("refusal-too-late", when=promises.soon(turn, case, texts, date)))
    else:
        await _refuse(turn, draft, case, lambda texts: texts.say("refusal-too-far"))


async def _grant(turn: Turn, case: Case, draft: Draft, role: Role, *, was: str) -> None:
    """The promise is put off; the citizen, the thread and the author hear it."""
    if case.report.address.account not in turn.office.limits:
        await turn.whisper("draft-no-account")
        return
    if not await turn.tx.conversations.rewrite(replace(draft, state="sending"), was=was):
        await turn.whisper("draft-gone")
        return
    moved = await turn.attempt(case, turn.deed(role, action=Action.EXTEND, reason=draft.text, date=draft.date))
    if moved is None:
        await turn.tx.conversations.rewrite(replace(draft, state=was), was="sending")
        return
    sent = replace(draft, state="sent")
    await turn.tx.conversations.rewrite(sent, was="sending")

    def said(texts: Texts, key: str = "extend-granted-by") -> str:
        when = promises.soon(turn, moved, texts, draft.date or turn.now)
        return texts.say(key, number=case.id, name=turn.person.name or texts.say("somebody"), when=when)

    done = said(turn.texts, "extend-granted")
    if was == ASKED:
        await turn.done()
        await turn.quiet()
        await turn.instead(done, incident=case.id)
        await show(turn, draft, said(await texts_at(turn, draft.address)))
        await request_over(turn, draft, said, but=await turn.pressed_row())
    else:
        await _go_on(turn, sent, done)


async def refuse(turn: Turn) -> None:
    """[Отказать]: why? Until it is said, it may still be allowed."""
    found = await _decided(turn)
    if found is None:
        return
    draft, case, _ = found
    await turn.quiet()
    carried = {"draft": draft.id}
    rows = [[Offer(_capital(turn.t(f"refusal-{one}")), "extend-because", carried | {"reason": one})] for one in REFUSALS]
    text = f"{await _request(turn, case, draft, turn.texts)}\n{turn.t('extend-refuse-why')}"
    await turn.instead(text, [*rows, [Offer(turn.t("draft-button-allow"), "extend-allow", carried)]], incident=case.id)
    await _wait(turn, "extend-refusal", case, draft, row=await turn.pressed_row())


async def because(turn: Turn) -> None:
    """A reason for the refusal was chosen."""
    found = await _decided(turn)
    if found:
        draft, case, _ = found
        await _refuse(turn, draft, case, lambda texts: texts.say(f"refusal-{turn.arguments['reason']}"))


async def refusal_said(turn: Turn) -> None:
    """A reason for the refusal was typed. Once it is decided, only who could mean nothing else hears so."""
    if not await work.still_asked(turn):
        return
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    waits = draft is not None and draft.state == ASKED
    if turn.said.forwarded or not await work.is_reason(turn) or not (waits or turn.private or turn.said.answer_to):
        await work.said_anyway(turn)
        return
    found = await _decided(turn)
    reason = _words(turn)
    if found is None:
        await turn.done()
    elif reason:
        draft, case, _ = found
        await _refuse(turn, draft, case, lambda _: reason)
    else:
        await turn.whisper("extend-refuse-why")


async def _refuse(turn: Turn, draft: Draft, case: Case, reason: Callable[[Texts], str]) -> None:
    """The promise stands; the author hears why."""
    if not await turn.tx.conversations.rewrite(replace(draft, state=REFUSED), was=ASKED):
        await turn.whisper("draft-gone")
        return
    await turn.done()
    await turn.quiet()

    def said(texts: Texts, key: str = "extend-refused-by") -> str:
        promised = promises.soon(turn, case, texts, case.incident.due_at or turn.now)
        name = turn.person.name or texts.say("somebody")
        return texts.say(key, number=case.id, name=name, reason=reason(texts), promised=promised)

    done = said(turn.texts, "extend-refused")
    row = turn.arguments.get("row", 0)
    if row:
        await turn.change(row, turn.here, done, incident=case.id)
    else:
        await turn.instead(done, incident=case.id)
    texts = await texts_at(turn, draft.address)
    await show(turn, draft, texts.say("draft-answered-below"))
    await beside(turn, draft, said(texts))
    await request_over(turn, draft, said, but=row or await turn.pressed_row())


async def _decided(turn: Turn) -> tuple[Draft, Case, Role] | None:
    """The request that waits, its incident, and the role in which this person may decide it; None, and they hear why."""
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    case = await turn.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.kind != EXTENSION:
        await turn.whisper("press-used")
        return None
    role = turn.role_for(case)
    named = {Role.CURATOR, *promises.policy_of(turn, case).extended_by}
    if role not in named and turn.is_curator:
        role = Role.CURATOR
    if role is None or role not in named:
        await turn.whisper("extend-not-yours", who=", ".join(turn.t(f"role-{one}") for one in sorted(named)))
    elif draft.state != ASKED or not allowed(case.incident, role, Action.EXTEND):
        await turn.quiet()
        await turn.instead(turn.t(f"extend-{_BECAME.get(draft.state, GRANTED)}-already", number=case.id))
    else:
        return draft, case, role
    return None
