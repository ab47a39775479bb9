"""What an official wrote to a citizen and has not sent: nothing goes out before its author has chosen what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bots.channel import Edited, Location, Pressed
from handlers import adding, opening, promises
from handlers.card import called, name_of
from handlers.preview import (
    ACTIONS,
    beside,
    post_preview,
    rival,
    seen_of,
    show,
    show_preview,
)
from handlers.sending import record
from handlers.staff import private_place, reads_cards
from handlers.thread import tell_at, tell_thread, texts_at
from handlers.turn import Moment, Offer, Offers, Turn, role_among
from incidents.dates import Wrong
from incidents.incident import Deed, NotAllowed, Role, act
from locales import Texts
from storage.conversations import Draft
from storage.incidents import Case

UNDO = timedelta(seconds=30)
"""How long a sending can be taken back."""
WHICH = "which"
"""The kind of a draft while its author is asked which incident it is for: the one it stands beside is a guess."""


# --- the preview -------------------------------------------------------------------------------------------------------


async def start(turn: Turn, case: Case, kind: str = "") -> None:
    """Keep what was said as a draft and show its preview. ``kind``: what was asked for; empty: the author chooses."""
    role = turn.role_for(case)
    if role is None:
        await turn.whisper("work-no-role")
        return
    if turn.said.left_out or turn.said.location:
        await turn.whisper("draft-left-out")
    await post_preview(turn, case, await keep(turn, case, kind), role)


async def keep(turn: Turn, case: Case, kind: str = "") -> Draft:
    """Remember what was said; it goes nowhere by itself."""
    said = turn.said
    draft = Draft(
        incident=case.id,
        person=turn.person.id,
        address=turn.here,
        user_id=said.sender.id,
        message=said.message,
        text=said.text.strip(),
        files=said.files,
        kind=kind,
    )
    return await turn.tx.conversations.write(draft, turn.now)


async def edited(moment: Moment, event: Edited) -> bool:
    """The author changed what they wrote before it was sent: what goes out is what stands there now. Returns whether it was a draft."""
    draft = await moment.tx.conversations.draft_of(event.address.account, event.address.chat, event.message)
    case = await moment.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.user_id != event.sender.id:
        return False
    changed = replace(draft, text=event.text.strip())
    await moment.tx.conversations.rewrite(changed, was=draft.state)
    role = role_among(await moment.tx.people.posts_of(draft.person), case)
    if draft.state == "open" and draft.kind != WHICH and role is not None:
        await show_preview(moment, case, changed, role)
    return True


async def which(turn: Turn) -> None:
    """The author said which incident it is about; number 0: it is a report of their own, or more of the one named as ``own``."""
    draft = await _own(turn)
    if draft is None:
        return
    number = turn.arguments["number"]
    case = await turn.tx.incidents.get(number or draft.incident)
    role = turn.role_for(case) if case else None
    if number and (case is None or role is None):
        await turn.whisper("work-no-role")
    elif number and case and role:
        draft = replace(draft, incident=number, kind="")
        await turn.tx.conversations.rewrite(draft, was="open")
        await turn.quiet()
        await show_preview(turn, case, draft, role)
    else:
        await _as_report(turn, draft)


async def _as_report(turn: Turn, draft: Draft) -> None:
    await turn.tx.conversations.rewrite(replace(draft, state="dropped"), was="open")
    await turn.quiet()
    point = turn.arguments.get("location")
    location = Location(*point) if point else None
    words = opening.Words(draft.text, draft.files, location, datetime.fromisoformat(turn.arguments["at"]), draft.message)
    asked = await turn.tx.incidents.get(turn.arguments["own"]) if "own" in turn.arguments else None
    if asked and asked.report.person == turn.person.id:
        await show(turn, draft, turn.t("draft-answered-below"))
        await adding.add_words(turn, asked, words)
    else:
        await show(turn, draft, turn.t("draft-is-report"))
        await opening.take_in(turn, words)


async def drop(turn: Turn) -> None:
    """[Отмена]: of a draft, or of the question for words (draft 0)."""
    if not turn.arguments["draft"]:
        await turn.done()
        await turn.quiet()
        await turn.instead(turn.t("draft-not-awaited"))
        return
    draft = await _own(turn)
    if draft:
        await turn.tx.conversations.rewrite(replace(draft, state="dropped"), was="open")
        await turn.done()
        await turn.quiet()
        await show(turn, draft, turn.t("draft-dropped"))


async def as_note(turn: Turn) -> None:
    """[Заметка коллегам]: it stays in the house."""
    found = await open_draft(turn)
    if found is None:
        return
    draft, case, _ = found
    await turn.tx.conversations.rewrite(replace(draft, kind="note", state="sent"), was="open")
    await record(turn, draft, "note")
    await turn.done()
    await turn.quiet()
    await show(turn, draft, turn.t("draft-noted", number=case.id))
    name = called(turn.person.name)
    await tell_thread(turn, case, "thread-noted", files=draft.files, quote=draft.text, but=draft.address, name=name, number=case.id)


# --- somebody else's incident ------------------------------------------------------------------------------------------


async def anyway(turn: Turn) -> None:
    """[Всё равно отправить]: the author knows who works on it; the next collision is asked about again."""
    found = await open_draft(turn)
    if found:
        draft, case, role = found
        await turn.quiet()
        await show_preview(turn, case, draft, role, seen_of(turn.arguments))


async def ask_holder(turn: Turn) -> None:
    """[Спросить]: the one who works on it decides; where, is told beside the cards, and in private who does not read there."""
    found = await open_draft(turn)
    if found is None:
        return
    draft, case, _ = found
    asked, author = turn.arguments["asked"], turn.person.name or turn.house_texts().say("somebody")
    name = await name_of(turn, asked, turn.texts)
    carried = {**turn.arguments, "author": author}

    def offers(texts: Texts) -> Offers:
        yes = Offer(texts.say("draft-button-allow"), "draft-allow", {**carried, "allowed": True})
        return [[yes, Offer(texts.say("draft-button-forbid"), "draft-allow", {**carried, "allowed": False})]]

    own = draft.address if turn.private else None
    await tell_thread(turn, case, "thread-asks-holder", offers, quote=draft.text, but=own, number=case.id, name=name, author=author)
    reached = await reads_cards(turn, case, asked, but=own)
    posts = await turn.tx.people.posts_of(asked)
    place = await private_place(turn, asked, posts) if role_among(posts, case) and not reached else None
    if place:
        texts = await texts_at(turn, place)
        lines = [texts.say("thread-asks-holder", number=case.id, name=name, author=author), texts.say("thread-quote", text=draft.text)]
        await tell_at(turn, case, place, "\n".join(lines), offers(texts))
    await turn.quiet()
    carried_on = {"draft": draft.id, **seen_of(turn.arguments).data}
    waiting = [[Offer(turn.t("draft-button-anyway"), "draft-anyway", carried_on), Offer(turn.t("cancel"), "draft-drop", carried_on)]]
    await show(turn, draft, turn.t("draft-holder-asked" if reached or place else "draft-holder-unasked", name=name), waiting)


async def allow(turn: Turn) -> None:
    """The one who works on it answers; nobody else's press counts."""
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    case = await turn.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.state != "open":
        await turn.whisper("draft-gone")
        return
    if turn.person.id != turn.arguments["asked"] or turn.role_for(case) is None:
        await turn.whisper("press-foreign")
        return
    yes, name = bool(turn.arguments["allowed"]), turn.person.name or turn.t("somebody")
    await turn.quiet()
    await turn.instead(turn.t("draft-allowed-done" if yes else "draft-forbidden-done", author=turn.arguments["author"]), incident=case.id)
    texts = await texts_at(turn, draft.address)
    role = role_among(await turn.tx.people.posts_of(draft.person), case)
    if role is None:
        await show(turn, draft, texts.say("work-no-role"))
    elif yes:
        await show(turn, draft, texts.say("draft-answered-below"))
        await post_preview(turn, case, draft, role, why=texts.say("draft-allowed", name=name), seen=seen_of(turn.arguments))
    else:
        offers = [[Offer(texts.say("cancel"), "draft-drop", {"draft": draft.id})]]
        await show(turn, draft, texts.say("draft-answered-below"))
        row = await beside(turn, draft, texts.say("draft-forbidden", name=name), offers)
        await turn.tx.conversations.rewrite(replace(draft, preview=row), was="open")


# --- choosing what it is -----------------------------------------------------------------------------------------------


async def as_answer(turn: Turn) -> None:
    """[Ответ]."""
    await _send_soon(turn, "answer")


async def as_question(turn: Turn) -> None:
    """[Вопрос]."""
    await _send_soon(turn, "question")


async def as_interim(turn: Turn) -> None:
    """[Промежуточный]: with the date that was found in the text, or first the question for one."""
    if turn.arguments.get("date"):
        await _promise(turn, datetime.fromisoformat(turn.arguments["date"]))
        return
    found = await open_draft(turn)
    if found is None:
        return
    draft, case, _ = found
    await turn.quiet()
    await show(turn, draft, turn.t("draft-when"), await _await_date(turn, draft, case))


async def _await_date(turn: Turn, draft: Draft, case: Case) -> Offers:
    """Wait for a date to be typed. Returns the buttons with those that are offered."""
    carried = {"draft": draft.id, **seen_of(turn.arguments).data}
    await turn.ask("draft-date", **carried, number=case.id, at=turn.now.isoformat(), thread=turn.here.thread)
    days = promises.offers(turn, case, turn.texts, "draft-date", carried)
    return [*days, [Offer(turn.t("cancel"), "draft-drop", carried)]]


async def with_date(turn: Turn) -> None:
    """[Сегодня] [Завтра] [3 дня] [Неделя]."""
    found = await open_draft(turn)
    if found:
        await _promise(turn, promises.chosen(turn, found[1], turn.arguments["days"]))


async def typed_date(turn: Turn) -> None:
    """A date was typed. A wrong one is asked for again."""
    found = await open_draft(turn)
    if found is None:
        await turn.done()
        return
    await _promise(turn, promises.typed(turn, found[1]))


async def _promise(turn: Turn, date: datetime | Wrong) -> None:
    """Send as an interim answer when the date can be promised; else say what is wrong with it, and ask again."""
    found = await open_draft(turn)
    if found is None:
        return
    draft, case, _ = found
    why = promises.why_not(turn, case, turn.texts, date)
    if not why and isinstance(date, datetime):
        await _send_soon(turn, "interim", date)
        return
    offers = await _await_date(turn, draft, case)
    if isinstance(turn.event, Pressed):
        await turn.quiet()
        await show(turn, draft, why, offers)
    else:
        await show(turn, draft, turn.t("draft-answered-below"))
        asked = replace(draft, message=turn.said.message)
        row = await beside(turn, asked, why, offers)
        await turn.tx.conversations.rewrite(replace(draft, preview=row), was="open")


async def _send_soon(turn: Turn, kind: str, date: datetime | None = None) -> None:
    """Send it in 30 seconds, unless a rule or a colleague stands against it."""
    found = await open_draft(turn)
    if found is None:
        return
    draft, case, role = found
    why = _why_not(case, turn.deed(role, action=ACTIONS[kind], text=draft.text, date=date))
    if not draft.text:
        await turn.whisper("draft-add-words")
    elif why:
        await turn.whisper(f"not-allowed-{why}")
    elif await rival(turn, case, turn.person.id, seen_of(turn.arguments)):
        await turn.done()
        await turn.quiet()
        await show_preview(turn, case, draft, role, seen_of(turn.arguments))
    elif any(other.person == turn.person.id for other in await turn.tx.conversations.drafts_of(case.id, "sending")):
        await turn.whisper("draft-wait")
    else:
        await _begin(turn, replace(draft, kind=kind, date=date, state="sending"), case)


async def _begin(turn: Turn, draft: Draft, case: Case) -> None:
    if not await turn.tx.conversations.rewrite(draft, was="open"):
        await turn.whisper("draft-gone")
        return
    # Not by the draft alone: what was taken back once may be sent once more.
    key = f"send-draft/{draft.id}/{turn.event.id}"
    raw = {"kind": "send-draft", "draft": draft.id, **seen_of(turn.arguments).data}
    await turn.tx.inbox.later(key, raw, lane=f"draft/{draft.id}", at=turn.now, handle_after=turn.now + UNDO)
    await turn.done()
    await turn.quiet()
    text = turn.t("draft-leaves", number=case.id)
    if draft.date:
        text = turn.t("draft-leaves-promise", number=case.id, when=promises.soon(turn, case, turn.texts, draft.date))
    await show(turn, draft, text, [[Offer(turn.t("draft-button-recall"), "draft-recall", {"draft": draft.id, "key": key})]])


async def recall(turn: Turn) -> None:
    """[Отменить] within the 30 seconds: back to the preview."""
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    case = await turn.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None or draft.person != turn.person.id or draft.state != "sending":
        await turn.whisper("draft-too-late")
        return
    if not await turn.tx.inbox.cancel(turn.arguments["key"], turn.now):
        await turn.whisper("draft-too-late")
        return
    draft = replace(draft, state="open", kind="", date=None)
    await turn.tx.conversations.rewrite(draft, was="sending")
    role = turn.role_for(case)
    await turn.quiet()
    if role is None:
        await show(turn, draft, turn.t("work-no-role"))
    else:
        await show_preview(turn, case, draft, role)


# --- whose it is -------------------------------------------------------------------------------------------------------


async def _own(turn: Turn) -> Draft | None:
    """The open draft of the one who pressed; None, and they hear why."""
    draft = await turn.tx.conversations.draft(turn.arguments["draft"])
    if draft is None or draft.state != "open":
        await turn.whisper("draft-gone")
    elif draft.person != turn.person.id:
        await turn.whisper("press-foreign")
    else:
        return draft
    return None


async def open_draft(turn: Turn) -> tuple[Draft, Case, Role] | None:
    """The draft, its incident and the role its author has at this instant; None, and they hear why."""
    draft = await _own(turn)
    case = await turn.tx.incidents.get(draft.incident) if draft else None
    if draft is None or case is None:
        return None
    role = turn.role_for(case)
    if role is None:
        await turn.whisper("work-no-role")
        return None
    return draft, case, role


def _why_not(case: Case, deed: Deed) -> str:
    """Why the rules forbid it; empty when they do not."""
    try:
        act(case.incident, deed)
    except NotAllowed as refusal:
        return refusal.why
    return ""
