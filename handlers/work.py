"""An official at work: takes an incident, gives it back or away, and says something that may be an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bots.channel import Scene
from bots.pages import shorten
from handlers import drafts, opening, report, watch
from handlers.card import held_since, name_of, organisation_title, since_when, title
from handlers.pick import organisations, pick
from handlers.preview import ACTIONS, allowed
from handlers.thread import tell_at
from handlers.turn import Offer, Offers, Turn
from incidents.incident import Action, NotAllowed, Resolution, Role
from storage.incidents import Case
from storage.posts import Purpose

PATIENCE = timedelta(hours=1)
"""How long the bot waits for words it asked for; later they are taken like anything else."""
RIGHT_BEHIND = timedelta(minutes=5)
"""How long a reason that replies to nothing is taken in a group, where colleagues talk."""
LONGEST_REASON = 500
"""Characters of a reason that are kept."""
_NUMBER = re.compile(r"\s*(?:№|#|no\.?|n)?\s*(\d{1,9})\s*", re.IGNORECASE)


# --- whose it is -------------------------------------------------------------------------------------------------------


async def take(turn: Turn) -> None:
    """[Беру]: exactly one wins, the others are told who."""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    try:
        await turn.act(case, turn.deed(role, action=Action.TAKE))
    except NotAllowed as refusal:
        if refusal.why == NotAllowed.HELD:
            await _held(turn, case)
        else:
            await turn.whisper(f"not-allowed-{refusal.why}")
        return
    await _keeps_it(turn, case)
    await turn.quiet()


async def _keeps_it(turn: Turn, case: Case) -> None:
    """Why it is not theirs is not waited for any more."""
    step = await turn.tx.conversations.step(turn.here.account, turn.here.chat, turn.event.sender.id)
    if step and step.name == "refuse-reason" and step.data["number"] == case.id:
        await turn.done()


async def release(turn: Turn) -> None:
    """[Вернуть коллегам]: whoever holds it, or the head; a colleague does not take it from anybody's hands."""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    if role is Role.OFFICIAL and case.incident.assignee not in (0, turn.person.id):
        await _held(turn, case)
    elif await turn.attempt(case, turn.deed(role, action=Action.RELEASE)):
        await turn.quiet()


async def _held(turn: Turn, case: Case) -> None:
    """Who has it, and since when."""
    since = since_when(turn, case.incident, await held_since(turn, case.incident), turn.texts)
    if case.incident.assignee == turn.person.id:
        await turn.whisper("work-held-by-you", since=since)
    else:
        await turn.whisper("work-held", name=await name_of(turn, case.incident.assignee, turn.texts), since=since)


async def refuse(turn: Turn) -> None:
    """[Не моё]: whose is it then?"""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    if not allowed(case.incident, role, Action.REFUSE):
        await _not_now(turn, case, Action.REFUSE)
        return
    number = {"number": case.id}
    unknown = Offer(turn.t("work-button-unknown"), "refuse-unknown", number)
    await pick(turn, turn.t("work-refuse", number=case.id), organisations(turn, case, "refuse-to", number), "refuse", number, last=unknown)


async def refuse_to(turn: Turn) -> None:
    """An organisation was chosen: it goes there at once, the clock does not stop."""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    target = turn.arguments["organisation"]
    if target not in turn.region.organisation:
        await turn.whisper("work-no-organisation")
    elif await turn.attempt(case, turn.deed(role, action=Action.REFUSE, target=target)):
        await turn.tx.incidents.corrected(case.id, "organisation", case.incident.organisation, target, person=turn.person.id, at=turn.now)
        await turn.quiet()
        await turn.instead(turn.t("work-passed", number=case.id, organisation=organisation_title(turn, target, turn.texts)))


async def refuse_unknown(turn: Turn) -> None:
    """[Не знаю чьё]: the curators find out, and want to know why."""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    if not allowed(case.incident, role, Action.REFUSE):
        await _not_now(turn, case, Action.REFUSE)
        return
    await turn.quiet()
    await turn.instead(turn.t("work-refuse-why", number=case.id), [[_cancel(turn)]], only=turn.event.sender.id)
    await _wait_for(turn, "refuse-reason", case, row=await turn.pressed_row())


async def refuse_reason_said(turn: Turn) -> None:
    """The reason: it goes to the curators with it."""
    if not await still_asked(turn):
        return
    if not await is_reason(turn):
        await said_anyway(turn)
        return
    found = await _case(turn)
    if found is None:
        await turn.done()
        return
    case, role = found
    reason = shorten(turn.said.text.strip(), LONGEST_REASON)
    if not reason:
        await turn.whisper("work-reason-words")
        return
    await turn.done()
    if await turn.attempt(case, turn.deed(role, action=Action.REFUSE, reason=reason)):
        await turn.whisper("work-refused", number=case.id)


async def is_reason(turn: Turn) -> bool:
    """Whether it replies to our question (``row``); what replies to nothing is one too, in a group only right behind the question."""
    said, data = turn.said, turn.arguments
    if said.answer_to:
        return await turn.answered_row() == data.get("row")
    return turn.private or turn.now - datetime.fromisoformat(data["at"]) <= RIGHT_BEHIND


# --- words to the citizen ----------------------------------------------------------------------------------------------


async def answer(turn: Turn) -> None:
    """[Ответить]: the next message is the answer."""
    await _ask_words(turn, "answer")


async def interim(turn: Turn) -> None:
    """[Промежуточный]: the next message is the interim answer."""
    await _ask_words(turn, "interim")


async def question(turn: Turn) -> None:
    """[Вопрос жителю]: the next message is the question."""
    await _ask_words(turn, "question")


async def _ask_words(turn: Turn, kind: str) -> None:
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    if not allowed(case.incident, role, ACTIONS[kind]):
        await _not_now(turn, case, ACTIONS[kind])
        return
    await turn.quiet()
    await ask_here(turn, case, turn.t(f"work-ask-{kind}", number=case.id), [[_cancel(turn)]])
    await _wait_for(turn, "question" if kind == "question" else "answer", case, kind=kind)


async def ask_here(turn: Turn, case: Case, text: str, offers: Offers) -> int:
    """Ask for words where the button was pressed: there they are waited for, also below a card that was opened outside its topic.

    Returns the outbox row.
    """
    here, only = turn.here, turn.event.sender.id
    thread = await turn.tx.chats.thread(case.id, here.account, here.chat)
    if thread and thread.thread == here.thread:
        return await tell_at(turn, case, here, text, offers, only=only)
    return await turn.post(here, text, offers, incident=case.id, only=only)


async def _wait_for(turn: Turn, step: str, case: Case, **data: Any) -> None:
    await turn.ask(step, number=case.id, at=turn.now.isoformat(), thread=turn.here.thread, **data)


def _cancel(turn: Turn) -> Offer:
    return Offer(turn.t("cancel"), "draft-drop", {"draft": 0})


async def answer_said(turn: Turn) -> None:
    """What was said is the answer, or the interim one: its preview comes."""
    await _words_said(turn)


async def question_said(turn: Turn) -> None:
    """What was said is the question: its preview comes."""
    await _words_said(turn)


async def _words_said(turn: Turn) -> None:
    if not await still_asked(turn):
        return
    number, kind = turn.arguments["number"], turn.arguments["kind"]
    await turn.done()
    case = await turn.tx.incidents.get(number)
    if case:
        await drafts.start(turn, case, kind)


async def date_said(turn: Turn) -> None:
    """The date of an interim answer."""
    if await still_asked(turn):
        await drafts.typed_date(turn)


async def still_asked(turn: Turn) -> bool:
    """Whether what was said is what we waited for; if not, it has been taken like anything else.

    Not later than an hour after, in the same topic, and no reply to a message of a colleague or about another incident (0: about any).
    """
    data, said = turn.arguments, turn.said
    if "at" not in data or turn.now - datetime.fromisoformat(data["at"]) > PATIENCE:  # or it was asked before an upgrade
        await turn.done()
        await said_anyway(turn)
        return False
    number, _ = await turn.tx.outbox.about(turn.here.account, turn.here.chat, said.answer_to) if said.answer_to else (data["number"], "")
    if turn.here.thread == data["thread"] and number == data["number"]:
        return True
    await said_anyway(turn)
    return False


async def said_anyway(turn: Turn) -> None:
    """It is not what we waited for: take it like anything else."""
    turn.step = None
    if turn.said.scene is Scene.GROUP:
        await said_in_group(turn)
    elif turn.is_staff:
        await said_by_staff(turn)
    else:
        await report.heard(turn)


async def full(turn: Turn) -> None:
    """[Показать целиком]."""
    found = await _case(turn)
    if found:
        case, _ = found
        await turn.quiet()
        await tell_at(turn, case, turn.here, case.report.text)


async def give_up(turn: Turn) -> None:
    """[Закрыть без ответа]: the answer cannot be delivered."""
    found = await _case(turn)
    if found is None:
        return
    case, role = found
    if await turn.attempt(case, turn.deed(role, action=Action.CLOSE, resolution=Resolution.EXPLAINED)):
        await turn.quiet()
        await tell_at(turn, case, turn.here, turn.t("work-given-up", number=case.id, name=turn.person.name or turn.t("somebody")))


# --- something is said -------------------------------------------------------------------------------------------------


async def said_in_group(turn: Turn) -> None:
    """In a working chat only a reply to a message of ours may become an answer; everything else is colleagues' talk.

    A message of ours that we do not know (it went twice, and one of them is unknown) is nobody's: then the author is asked.
    """
    said, here = turn.said, turn.here
    if not said.answer_to or not (said.answers_us or await turn.answered_row()):
        return
    if said.sender.impersonal:
        await turn.whisper("work-impersonal")
        return
    number, _ = await turn.tx.outbox.about(here.account, here.chat, said.answer_to)
    case = await turn.tx.incidents.get(number) if number else None
    topic = await turn.tx.chats.in_topic(here.account, here.chat, here.thread) if here.thread else 0
    thread = await turn.tx.chats.thread(number, here.account, here.chat) if number else None
    if case is None or (topic and topic != number) or (thread and thread.retired):
        likely = [topic, number if thread and not thread.retired else 0, *await turn.tx.chats.recent(here.account, here.chat, limit=5)]
        await _which(turn, likely)
    else:
        await drafts.start(turn, case)


async def said_by_staff(turn: Turn) -> None:
    """Somebody with a role writes in private: an answer, a number, a forward, or a report of their own."""
    said, here = turn.said, turn.here
    if said.forwarded and turn.is_curator:
        await _from_forward(turn)
    elif await turn.answered_row():
        await _replied(turn)
    elif (found := _NUMBER.fullmatch(said.text)) and not said.files:
        await watch.show(turn, int(found.group(1)))
    else:
        held = [case.id for case in await turn.tx.incidents.held_by(turn.person.id)]
        likely = await _mine(turn, [*await turn.tx.chats.recent(here.account, here.chat, limit=5), *held])
        if likely and (said.text.strip() or said.files):
            await _offer_which(turn, likely, own=True)
        else:
            await report.heard(turn)


async def _from_forward(turn: Turn) -> None:
    """A forwarded message becomes an incident whatever it says; what follows right behind one belongs to it."""
    said = turn.said
    newest = await turn.tx.incidents.of_person(turn.person.id, limit=1)
    behind = bool(newest) and abs(said.at - newest[0].report.said_at) <= report.BURST
    if behind or not (said.text.strip() or said.files or said.location):
        await report.heard(turn)
    else:
        await opening.take_in(turn, opening.words_of(said))


async def _replied(turn: Turn) -> None:
    """A reply to a message of ours: to a card or a reminder an answer, to their own receipt something more of their report."""
    number, purpose = await turn.tx.outbox.about(turn.here.account, turn.here.chat, turn.said.answer_to)
    case = await turn.tx.incidents.get(number) if number else None
    thread = await turn.tx.chats.thread(number, turn.here.account, turn.here.chat) if number else None
    to_citizen = purpose in (Purpose.RECEIPT, Purpose.ANSWER) or (thread is None and purpose not in (Purpose.CARD, Purpose.REMINDER))
    if case and case.report.person == turn.person.id and to_citizen:
        await report.heard(turn)
    elif case is None or (thread and thread.retired):
        await _which(turn, list(await turn.tx.chats.recent(turn.here.account, turn.here.chat, limit=5)))
    else:
        await drafts.start(turn, case)


async def _which(turn: Turn, likely: list[int]) -> None:
    """Nobody can tell but the author: nothing goes out before they do."""
    own = await _mine(turn, likely)
    if own:
        await _offer_which(turn, own)
    else:
        await turn.whisper("work-which-none" if turn.is_staff else "work-no-role")


async def _mine(turn: Turn, numbers: list[int]) -> list[Case]:
    """Those of the incidents in which this person has a say, two at most."""
    cases = [await turn.tx.incidents.get(number) for number in dict.fromkeys(numbers) if number]
    return [case for case in cases if case and turn.role_for(case)][:2]


async def _offer_which(turn: Turn, likely: list[Case], *, own: bool = False) -> None:
    """«К какому сообщению это ответ?» ``own``: it may also be a report of their own, or more of one."""
    said = turn.said
    draft = await drafts.keep(turn, likely[0], drafts.WHICH)
    offers = [[Offer(title(turn, case, turn.texts), "draft-which", {"draft": draft.id, "number": case.id})] for case in likely]
    if own:
        point = [said.location.latitude, said.location.longitude] if said.location else []
        arguments = {"draft": draft.id, "number": 0, "at": said.at.isoformat(), "location": point}
        if asked := await report.asked_of(turn):
            offers.append([Offer(turn.t("work-button-own-reply", number=asked.id), "draft-which", {**arguments, "own": asked.id})])
        offers.append([Offer(turn.t("work-button-own"), "draft-which", arguments)])
    offers.append([Offer(turn.t("cancel"), "draft-drop", {"draft": draft.id})])
    row = await turn.say("work-which", offers, options={"answer_to": said.message, "only": said.sender.id})
    await turn.tx.conversations.rewrite(replace(draft, preview=row), was="open")


# --- who may -----------------------------------------------------------------------------------------------------------


async def _case(turn: Turn) -> tuple[Case, Role] | None:
    """The incident a button or a step is about and this person's role in it now; None, and they hear why."""
    case = await turn.tx.incidents.get(turn.arguments["number"])
    role = turn.role_for(case) if case else None
    if case is None or role is None:
        await turn.whisper("work-no-role")
        return None
    return case, role


async def _not_now(turn: Turn, case: Case, action: Action) -> None:
    """The rules do not let this person do it, or nobody as things stand."""
    somebody = any(allowed(case.incident, role, action) for role in Role)
    await turn.whisper("not-allowed-role" if somebody else "not-allowed-status")
