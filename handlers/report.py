"""A citizen writes: what it is, in one order — an answer to ours, a question how it stands, thanks, more of a report, or a report."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bots.channel import Address, Deleted, Edited, FileKind, Said
from handlers import standing
from handlers.adding import add, add_or_new, alarm, chosen, given_up, same_label, warn
from handlers.citizen import citizen_texts, verdicts
from handlers.opening import greet, keep, longer, reread, take_in, words_of
from handlers.thread import send_files, tell_thread
from handlers.turn import Moment, Turn
from incidents.incident import Status
from incidents.reading import Reading, read
from storage.incidents import Case
from storage.people import Person
from storage.posts import Purpose
from storage.timeline import PENDING, Message

BURST = timedelta(minutes=2)
"""Messages of one person that follow each other within this are one report (conversations.md §1)."""
PLACE_ANSWER = 40
"""Characters of a message that only says where."""


async def ahead(moment: Moment, persons: Collection[int]) -> None:
    """Read at once what messages of these persons ask that go on with a report: where its card is, and what waits to be sent of it."""
    newest = [case for person in persons for case in await moment.tx.incidents.of_person(person, limit=1) if case.incident.is_open]
    if newest:
        numbers = [case.id for case in newest]
        await moment.tx.chats.ahead(numbers)
        cards = {thread.card for number in numbers for thread in await moment.tx.chats.threads_of(number)}
        await moment.tx.outbox.ahead(numbers, cards, receipts={case.report.receipt for case in newest})


# --- the way in --------------------------------------------------------------------------------------------------------


async def heard(turn: Turn) -> None:
    """Decide what a citizen's message is, in this order: an answer to ours, a question, chatter, more of the last report, a report."""
    said = turn.said
    if said.left_out:
        await turn.say("left-out-kinds")
    if not (said.text.strip() or said.files or said.location):
        if not said.left_out:
            await _friendly(turn)
        return
    reading = read(said.text, turn.region)
    if not (await chosen(turn) or await _replied(turn, reading) or await _answers(turn, reading)):
        await _unasked(turn, reading)


async def _replied(turn: Turn, reading: Reading) -> bool:
    """A reply with the messenger's own reply is about that incident. Returns whether it was one."""
    case, purpose = await _answered_to(turn)
    if case is None:
        return False
    over = case.incident.status is Status.CLOSED
    # What is asked back of an official is for them to read.
    asks = _asks(turn.said, reading) and (over or purpose != Purpose.ANSWER)
    if asks and set(reading.numbers) <= {case.id}:
        await standing.show_one(turn, case)
    elif over and _is_chatter(turn.said, reading) and not await _goes_on(turn, case, reading):
        await _friendly(turn)  # thanks for what is done begin nothing
    elif not await _verdict(turn, case):
        await add(turn, case)
    return True


async def _answers(turn: Turn, reading: Reading) -> bool:
    """«Да», «15» answer the one question of ours that waits. Returns whether there is one."""
    case = await _owed(turn) if _could_answer(turn.said, reading) else None
    if case:
        await add(turn, case)
    return case is not None


async def _goes_on(turn: Turn, case: Case, reading: Reading) -> bool:
    """Whether a word is the late reply to a question for the lack of which an incident was closed."""
    return _could_answer(turn.said, reading) and await given_up(turn, case) is not None


async def _unasked(turn: Turn, reading: Reading) -> None:
    said = turn.said
    if _asks(said, reading):
        await _status(turn, reading)
    elif await _verdict(turn):
        return
    elif _is_chatter(said, reading):
        await _chatter(turn)
    elif case := await _just_reported(turn) or await _placed(turn, reading):
        await _grow(turn, case)
    elif case := await _owed(turn):
        await add(turn, case)
    elif case := await _unfinished(turn):
        await _go_on(turn, case, reading)
    else:
        await take_in(turn, words_of(said))


async def flooded(turn: Turn) -> None:
    """More than anybody has to say: it is kept beside the newest report, and once a minute all of it together is added there.

    Only a danger that is new is answered at once, as ever; and what there is no report for yet.
    """
    words, reading = words_of(turn.said), read(turn.said.text, turn.region)
    newest = await turn.tx.incidents.of_person(turn.person.id, limit=1)
    if not newest or (reading.danger and newest[0].report.danger != reading.danger.id):
        await heard(turn)
    elif words.text or words.files or words.location:
        number, minute = newest[0].id, int(turn.now.timestamp()) // 60
        await keep(turn, number, words, PENDING, turn.person, turn.here)
        raw = {"kind": "settle", "person": turn.person.id, "account": turn.here.account, "chat": turn.here.chat, "number": number}
        key, over = f"flood/{turn.person.id}/{number}/{minute}", datetime.fromtimestamp((minute + 1) * 60, UTC)
        await turn.tx.inbox.later(key, raw, lane=f"settle/{turn.person.id}", at=turn.now, handle_after=over)


async def _go_on(turn: Turn, case: Case, reading: Reading) -> None:
    """Nobody can tell whether it belongs to an earlier report. Danger does not wait for an answer to that."""
    if reading.danger is None:
        await add_or_new(turn, case)
    elif case.incident.is_open and case.report.danger == reading.danger.id:
        await add(turn, case)
    else:
        await take_in(turn, words_of(turn.said))


async def _status(turn: Turn, reading: Reading) -> None:
    for number in reading.numbers:
        case = await turn.tx.incidents.get(number)
        if case and case.report.person == turn.person.id:
            await standing.show_one(turn, case)
            return
    await standing.list_(turn)


def _asks(said: Said, reading: Reading) -> bool:
    """«Что с моей заявкой?», and nothing besides."""
    return reading.asks_status and not (reading.danger or said.files or said.location)


def _is_chatter(said: Said, reading: Reading) -> bool:
    stickers = bool(said.files) and all(file.kind is FileKind.STICKER for file in said.files)
    return said.location is None and ((stickers and not said.text.strip()) or (reading.chatter and not said.files))


async def _verdict(turn: Turn, replied: Case | None = None) -> bool:
    """«Нет» typed to «Проблема решена?» brings the question and its buttons again: only a press decides. Returns whether it was that."""
    labels = ("button-solved", "button-unsolved", "button-partly")
    if turn.said.files or not any(same_label(turn.said.text, turn.t(label)) for label in labels):
        return False
    cases = [replied] if replied else await turn.tx.incidents.of_person(turn.person.id, limit=5)
    case = next((case for case in cases if case.incident.status is Status.ANSWERED), None)
    if case:
        await keep(turn, case.id, words_of(turn.said), "note", turn.person, turn.here)
        await turn.say("mine-solved-how", verdicts(case, turn.texts), options={"incident": case.id}, number=case.id)
    return case is not None


_POLITE = re.compile(r"\W*(?:спасибо|спс|пасиб|благодар|здрав|здрас|привет|хай|добр|доброе|thank|hi\b|hello|good )", re.IGNORECASE)


def _could_answer(said: Said, reading: Reading) -> bool:
    """«Да», «15»: chatter or a number anywhere else, and all that is needed where we asked something."""
    words = said.text.strip()
    return bool(words) and ((reading.chatter and not _POLITE.match(words)) or words.rstrip(".").isdigit())


async def _chatter(turn: Turn) -> None:
    """«Спасибо» on an open incident is passed on; otherwise a friendly line."""
    cases = [case for case in await turn.tx.incidents.of_person(turn.person.id, limit=5) if case.incident.status is not Status.CLOSED]
    if cases and turn.said.text.strip():
        case = cases[0]
        await keep(turn, case.id, words_of(turn.said), "note", turn.person, turn.here)
        await tell_thread(turn, case, "thread-thanks", number=case.id, text=turn.said.text.strip())
        await turn.say("chatter-passed", number=case.id)
    else:
        await _friendly(turn)


async def _friendly(turn: Turn) -> None:
    await turn.say("chatter")
    await greet(turn)


# --- which incident is meant -------------------------------------------------------------------------------------------


async def _answered_to(turn: Turn) -> tuple[Case | None, str]:
    """The citizen's incident they replied to with the messenger's own reply, and what our message was for."""
    said = turn.said
    if not said.answer_to:
        return None, ""
    number, purpose = await turn.tx.outbox.about(turn.here.account, turn.here.chat, said.answer_to)
    if not number:
        number, _ = await turn.tx.timeline.about(turn.here.account, turn.here.chat, said.answer_to)
    case = await turn.tx.incidents.get(number) if number else None
    return (case, purpose) if case and case.report.person == turn.person.id else (None, "")


async def _just_reported(turn: Turn) -> Case | None:
    """The report this message follows right behind, as long as nobody took it."""
    for case in await turn.tx.incidents.of_person(turn.person.id, limit=1):
        fresh = abs(turn.said.at - case.report.said_at) <= BURST and case.incident.status in (Status.NEW, Status.ASSIGNED)
        if fresh and (case.report.address.account, case.report.address.chat) == (turn.here.account, turn.here.chat):
            return case
    return None


async def _placed(turn: Turn, reading: Reading) -> Case | None:
    """The newest report whose place we asked for, when this is a place and little else: «Бийск», a location."""
    told = turn.said.location is not None or (reading.territory and len(turn.said.text) <= PLACE_ANSWER)
    for case in await turn.tx.incidents.of_person(turn.person.id, limit=1):
        if told and case.incident.status is Status.NEW and not case.incident.territory:
            return case
    return None


async def asked_of(turn: Turn) -> Case | None:
    """The own incident of somebody who works here that what they said may be a reply about: we asked something, or where it is."""
    return await _owed(turn) or await _placed(turn, read(turn.said.text, turn.region))


async def _owed(turn: Turn) -> Case | None:
    """The one incident that a reply of this citizen is for."""
    return await _asked(turn) or await _answered_in_time(turn)


async def _asked(turn: Turn) -> Case | None:
    """The one incident we asked this citizen about."""
    waiting = [case for case in await turn.tx.incidents.of_person(turn.person.id, open_only=True) if case.incident.status is Status.WAITING]
    return waiting[0] if len(waiting) == 1 else None


async def _unfinished(turn: Turn) -> Case | None:
    """The newest incident this could go on with: open, answered and still to be rated, or closed because our question got no reply."""
    cases = await turn.tx.incidents.of_person(turn.person.id, limit=5)
    going_on = next((case for case in cases if case.incident.status is not Status.CLOSED), None)
    if going_on is None:
        unanswered = [case for case in cases if await given_up(turn, case)]
        return unanswered[0] if unanswered else None
    return going_on


async def _answered_in_time(turn: Turn) -> Case | None:
    """The incident that was closed without a reply while this very reply was on its way: we were away, not the citizen."""
    for case in await turn.tx.incidents.of_person(turn.person.id, limit=1):
        closed = await given_up(turn, case)
        if closed and turn.said.at <= closed:
            return case
    return None


# --- more of the same report -------------------------------------------------------------------------------------------


async def _grow(turn: Turn, case: Case) -> None:
    """The next message right behind a report is part of it: no second number, no second receipt."""
    words = words_of(turn.said)
    before = await turn.tx.timeline.last_said(case.id, ("report",)) if words.files else None
    await keep(turn, case.id, words, "report", turn.person, turn.here)
    report = replace(
        case.report,
        text=longer(case.report.text, words.text),
        files=case.report.files + len(words.files),
        location=words.location or case.report.location,
        said_at=max(words.at, case.report.said_at),
    )
    case = await reread(turn, Case(case.incident, report))
    if words.files:
        for thread in await turn.tx.chats.threads_of(case.id):
            if not thread.retired and thread.account in turn.office.limits:
                await send_files(turn, case, Address(thread.account, thread.chat), since=before.id if before else 0)


# --- changed and deleted -----------------------------------------------------------------------------------------------


async def edited(moment: Moment, event: Edited) -> bool:
    """Keep every version; a change before the answer changes the report, a later one is only shown to those who hold it.

    Returns whether the message is known.
    """
    number, original = await moment.tx.timeline.about(event.address.account, event.address.chat, event.message)
    case = await moment.tx.incidents.get(number) if number else None
    person = await moment.tx.people.known(event.address.account, event.sender.id)
    if case and person and case.report.person == person.id:
        await _changed(moment, case, person, event, original)
    return number != 0


async def _changed(moment: Moment, case: Case, person: Person, event: Edited, original: int) -> None:
    """``original``: the message in the timeline that is changed."""
    versions = [message for message in await moment.tx.timeline.said(case.id) if original in (message.id, message.edit_of)]
    before = versions[-1]
    if before.text == event.text.strip():
        return
    words = Message(
        kind=before.kind,
        person=person.id,
        text=event.text.strip(),
        address=event.address,
        message=event.message,
        at=event.at,
        edit_of=original,
    )
    await moment.tx.timeline.say(case.id, words)
    if before.kind == PENDING:
        await warn(moment, case, words.text, was=before.text)
        return
    if before.kind == "report" and case.incident.answered_at is None and case.incident.is_open:
        text = case.report.text.replace(before.text, words.text, 1) if before.text else f"{words.text}\n{case.report.text}".strip()
        case = await reread(moment, Case(case.incident, replace(case.report, text=text)))
    else:
        case = await alarm(moment, case, words.text, was=before.text)
    await tell_thread(moment, case, "thread-edited", quote=words.text, number=case.id)
    if not case.incident.is_open:
        texts = await citizen_texts(moment, case)
        await moment.post(case.report.address, texts.say("edited-late", number=case.id), incident=case.id)


async def deleted(moment: Moment, event: Deleted) -> None:
    """A deleted message stays in the timeline: what was reported was reported. The citizen can withdraw."""
