"""A citizen writes: a report, something more about one, thanks, or a question how it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.channel import Address, Deleted, Edited, File, FileKind, Location, Said, Scene
from bots.pages import shorten
from handlers import standing
from handlers.card import title_in
from handlers.citizen import citizen_texts, danger_line, receipt, refresh_receipt, verdicts
from handlers.describe import free_from_gone
from handlers.notices import tell_unsorted
from handlers.thread import refresh_cards, send_files, tell_thread
from handlers.turn import Moment, Offer, Turn
from incidents.deadlines import hurry, start
from incidents.incident import Action, Change, Deed, Incident, NotAllowed, Resolution, Role, Status
from incidents.reading import Reading, read
from incidents.routing import sure_route
from storage.incidents import PENDING, Case, Message, Report
from storage.people import Person
from storage.posts import Purpose

BURST = timedelta(minutes=2)
"""Messages of one person that follow each other within this are one report (conversations.md §1)."""
SETTLE = timedelta(minutes=10)
"""How long we wait for «добавить или новое?» before the message is added where it most likely belongs."""
LONG = 4096
LONGEST = 4 * LONG
"""UTF-16 units of a report that grows that are read and shown."""
FILES = 30
"""Files of one addition that are shown beside a card."""
PLACE_ANSWER = 40
"""Characters of a message that only says where."""
PLACES = 4
"""Territories that are offered when the place is unknown."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a citizen said, as far as an incident is concerned. ``stored``: their rows in a timeline, when they have been kept already."""

    text: str
    files: tuple[File, ...]
    location: Location | None
    at: datetime
    message: str = ""
    stored: tuple[int, ...] = ()


def words_of(said: Said) -> Words:
    """The words of one message."""
    return Words(said.text.strip(), said.files, said.location, said.at, said.message)


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
    if case := await _answered_to(turn) or (await _owed(turn) if _could_answer(said, reading) else None):
        await add(turn, case)
        return
    bare = not said.files and said.location is None
    if bare and reading.asks_status and not reading.danger:
        await _status(turn, reading)
    elif _is_chatter(said, reading):
        await _chatter(turn)
    elif case := await _just_reported(turn) or await _placed(turn, reading):
        await _grow(turn, case)
    elif case := await _owed(turn):
        await add(turn, case)
    elif case := await _unfinished(turn):
        await _go_on(turn, case, reading)
    else:
        await _report(turn, words_of(said))


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
        await _keep(turn, number, words, PENDING, turn.person, turn.here)
        raw = {"kind": "settle", "person": turn.person.id, "account": turn.here.account, "chat": turn.here.chat, "number": number}
        key, over = f"flood/{turn.person.id}/{number}/{minute}", datetime.fromtimestamp((minute + 1) * 60, UTC)
        await turn.tx.inbox.later(key, raw, lane=f"settle/{turn.person.id}", at=turn.now, handle_after=over)


async def _go_on(turn: Turn, case: Case, reading: Reading) -> None:
    """Nobody can tell whether it belongs to an earlier report. Danger does not wait for an answer to that."""
    if reading.danger is None:
        await _add_or_new(turn, case)
    elif case.incident.is_open and case.report.danger == reading.danger.id:
        await add(turn, case)
    else:
        await _report(turn, words_of(turn.said))


async def _report(turn: Turn, words: Words) -> None:
    """A number first, at first contact who we are, and last the one question, so that it stands right above the answer."""
    case = await open_report(turn, turn.person, turn.here, turn.event.scene, words)
    await greet(turn)
    await ask_place(turn, case)


async def greet(turn: Turn) -> bool:
    """At first contact say who runs this bot, how data is handled, and that this is no official appeal. Returns whether it was said."""
    if not await turn.tx.people.greet(turn.here.account, turn.event.sender.id, turn.now):
        return False
    region = turn.region
    operator = region.operator_en if turn.texts.language == "en" and region.operator_en else region.operator
    await turn.say("greeting", operator=operator, privacy=region.privacy_url, appeals=region.appeals_url)
    return True


async def _status(turn: Turn, reading: Reading) -> None:
    for number in reading.numbers:
        case = await turn.tx.incidents.get(number)
        if case and case.report.person == turn.person.id:
            await standing.show_one(turn, case)
            return
    await standing.list_(turn)


def _is_chatter(said: Said, reading: Reading) -> bool:
    stickers = bool(said.files) and all(file.kind is FileKind.STICKER for file in said.files)
    return said.location is None and ((stickers and not said.text.strip()) or (reading.chatter and not said.files))


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
        await _keep(turn, case.id, words_of(turn.said), "note", turn.person, turn.here)
        await tell_thread(turn, case, "thread-thanks", number=case.id, text=turn.said.text.strip())
        await turn.say("chatter-passed", number=case.id)
    else:
        await _friendly(turn)


async def _friendly(turn: Turn) -> None:
    await turn.say("chatter")
    await greet(turn)


# --- which incident is meant -------------------------------------------------------------------------------------------


async def _answered_to(turn: Turn) -> Case | None:
    """The citizen's incident they replied to with the messenger's own reply."""
    said = turn.said
    if not said.answer_to:
        return None
    number, _ = await turn.tx.outbox.about(turn.here.account, turn.here.chat, said.answer_to)
    if not number:
        number, _ = await turn.tx.incidents.about(turn.here.account, turn.here.chat, said.answer_to)
    case = await turn.tx.incidents.get(number) if number else None
    return case if case and case.report.person == turn.person.id else None


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
        given_up = [case for case in cases if await _given_up(turn, case)]
        return given_up[0] if given_up else None
    return going_on


async def _answered_in_time(turn: Turn) -> Case | None:
    """The incident that was closed without a reply while this very reply was on its way: we were away, not the citizen."""
    for case in await turn.tx.incidents.of_person(turn.person.id, limit=1):
        closed = await _given_up(turn, case)
        if closed and turn.said.at <= closed:
            return case
    return None


async def _given_up(moment: Moment, case: Case) -> datetime | None:
    """When an incident was closed because our question got no reply, if a reply may still go on with it; None otherwise."""
    if case.incident.resolution is not Resolution.NO_REPLY:
        return None
    closed = (await moment.tx.incidents.history(case.id))[-1].at
    policy = moment.region.policy(case.incident.topic, case.incident.territory)
    return closed if moment.now - closed <= policy.rating else None


# --- a fresh report ----------------------------------------------------------------------------------------------------


async def open_report(moment: Moment, person: Person, to: Address, scene: Scene, words: Words, *, linked_to: int = 0) -> Case:
    """Store a report at once, give it a number, find its owner, and say so."""
    reading = read(words.text, moment.region)
    account = moment.region.account.get(to.account)
    territory = reading.territory or (account.territory if account else "")
    incident = Incident(id=0, topic=reading.topic, territory=territory, urgent=reading.danger is not None, reported_at=words.at)
    incident = start(incident, moment.region.policy(reading.topic, territory), moment.zone(territory))
    report = Report(
        person=person.id,
        address=to,
        scene=scene,
        text=words.text,
        place=reading.place,
        location=words.location,
        danger=reading.danger.id if reading.danger else "",
        files=len(words.files),
        said_at=words.at,
        linked_to=linked_to,
    )
    case = await moment.tx.incidents.open(incident, report, moment.now)
    await moment.tx.incidents.record(
        Change(
            incident=case.id,
            version=1,
            at=moment.now,
            action=Action.REPORT,
            role=Role.CITIZEN,
            by=person.id,
            before=Status.NEW,
            after=Status.NEW,
        )
    )
    await _keep(moment, case.id, words, "report", person, to)
    return await _receive(moment, case)


async def _receive(moment: Moment, case: Case) -> Case:
    """Find the owner and tell the citizen."""
    owner = sure_route(moment.region, case.incident.topic, case.incident.territory)
    if owner:
        case = await moment.act(case, Deed(action=Action.ASSIGN, role=Role.CLOCK, at=moment.now, target=owner))
    else:
        await tell_unsorted(moment, case)
    texts = await citizen_texts(moment, case)
    text, offers = await receipt(moment, case, texts)
    row = await moment.post(case.report.address, text, offers, purpose=Purpose.RECEIPT, incident=case.id)
    case = await moment.tx.incidents.save(Case(case.incident, replace(case.report, receipt=row)))
    if len(case.report.text) > LONG:
        await moment.post(case.report.address, texts.say("too-long"), incident=case.id)
    return case


async def ask_place(moment: Moment, case: Case) -> None:
    """When the place is unknown, one question with the likeliest territories; the incident waits in the curators' queue meanwhile."""
    if case.incident.territory:
        return
    texts = await citizen_texts(moment, case)
    region = moment.region
    account = region.account.get(case.report.address.account)
    reading = read(case.report.text, region)
    likely = [guess.id for guess in reading.territories] + ([account.territory] if account and account.territory else [])
    likely += [territory.id for territory in region.territories if not territory.parent]
    named = [region.territory[place] for place in dict.fromkeys(likely) if place in region.territory][:PLACES]
    places = [Offer(title_in(one, texts), "set-place", {"number": case.id, "territory": one.id}) for one in named]
    offers = [places[at : at + 2] for at in range(0, len(places), 2)]
    offers.append([Offer(texts.say("button-other-place"), "other-place", {"number": case.id})])
    await moment.post(case.report.address, texts.say("ask-place-point"), offers, incident=case.id, ask_place=True)


async def _keep(moment: Moment, number: int, words: Words, kind: str, person: Person, to: Address) -> None:
    """Put the words into an incident's timeline, once."""
    if words.stored:
        await moment.tx.incidents.file_under(number, kind, words.stored)
        return
    message = Message(
        kind=kind,
        person=person.id,
        text=words.text,
        files=words.files,
        location=words.location,
        address=to,
        message=words.message,
        at=words.at,
    )
    await moment.tx.incidents.say(number, message)


# --- more of the same report -------------------------------------------------------------------------------------------


async def _grow(turn: Turn, case: Case) -> None:
    """The next message right behind a report is part of it: no second number, no second receipt."""
    words = words_of(turn.said)
    before = await turn.tx.incidents.last_said(case.id, ("report",)) if words.files else None
    await _keep(turn, case.id, words, "report", turn.person, turn.here)
    report = replace(
        case.report,
        text=_longer(case.report.text, words.text),
        files=case.report.files + len(words.files),
        location=words.location or case.report.location,
        said_at=max(words.at, case.report.said_at),
    )
    case = await reread(turn, Case(case.incident, report))
    if words.files:
        for thread in await turn.tx.chats.threads_of(case.id):
            if not thread.retired and thread.account in turn.office.limits:
                await send_files(turn, case, Address(thread.account, thread.chat), since=before.id if before else 0)


def _longer(report: str, more: str) -> str:
    """A report with what was added to it, as long as anybody would read it; every word is in the timeline."""
    return shorten("\n".join(part for part in (report, more) if part), LONGEST)


async def reread(moment: Moment, case: Case) -> Case:
    """Guess again from the whole text, as long as nobody corrected the guess; find the owner if there was none; show it everywhere."""
    reading = read(case.report.text, moment.region)
    incident, report = case.incident, replace(case.report, place=case.report.place or reading.place)
    if not report.corrected and incident.status is Status.NEW:
        incident = replace(incident, topic=reading.topic or incident.topic, territory=reading.territory or incident.territory)
    alarmed = reading.danger is not None and not incident.urgent
    if reading.danger and alarmed:
        report = replace(report, danger=reading.danger.id)
        incident = hurry(incident, moment.now, moment.region.policy(incident.topic, incident.territory), moment.zone(incident.territory))
    case = await moment.tx.incidents.save(Case(incident, report))
    owner = sure_route(moment.region, incident.topic, incident.territory) if incident.status is Status.NEW else None
    if owner:
        case = await moment.act(case, Deed(action=Action.ASSIGN, role=Role.CLOCK, at=moment.now, target=owner))
    else:
        await refresh_cards(moment, case)
        await refresh_receipt(moment, case)
    if alarmed:
        await moment.post(case.report.address, danger_line(moment, case, await citizen_texts(moment, case)), incident=case.id)
    return case


# --- adding to an incident ---------------------------------------------------------------------------------------------


async def add(turn: Turn, case: Case, *, quiet: bool = False) -> None:
    """Add what was said to an incident. A closed one is not touched: a new one begins, linked to it."""
    await _add(turn, turn.person, turn.here, case, words_of(turn.said), quiet=quiet)


async def _add(moment: Moment, person: Person, to: Address, case: Case, words: Words, *, quiet: bool = False, key: str = "") -> None:
    was, late = case.incident.status, await _given_up(moment, case) is not None
    try:
        if late:
            case = await moment.act(case, Deed(action=Action.REOPEN, role=Role.CITIZEN, at=moment.now, by=person.id, reason="reply"))
            case = await free_from_gone(moment, case)
        case = await moment.act(case, Deed(action=Action.REPLY, role=Role.CITIZEN, at=moment.now, by=person.id, text=words.text))
    except NotAllowed:
        await ask_place(moment, await open_report(moment, person, to, Scene.PRIVATE, words, linked_to=case.id))
        return
    await _keep(moment, case.id, words, "reply", person, to)
    title = "thread-reply" if late or was is Status.WAITING else "thread-more"
    await tell_thread(moment, case, title, quote=shorten(words.text, LONG), files=words.files[:FILES], number=case.id)
    if case.incident.status is Status.NEW:
        report = replace(
            case.report,
            text=_longer(case.report.text, words.text),
            files=case.report.files + len(words.files),
            location=words.location or case.report.location,
        )
        case = await reread(moment, Case(case.incident, report))
    else:
        case = await _alarm(moment, case, words)
    if not quiet and not late:  # what was opened again has been told of
        texts = moment.texts_for(person.language)
        text = texts.say(key or ("added-again" if case.incident.organisation else "added"), number=case.id)
        if case.incident.status is Status.ANSWERED:
            # Nobody owes an answer to it until the citizen says that the problem is still there.
            await moment.post(to, f"{text}\n{texts.say('answer-solved')}", verdicts(case, texts), incident=case.id)
        else:
            await moment.post(to, text, incident=case.id)


async def _alarm(moment: Moment, case: Case, words: Words) -> Case:
    """Danger in what was added: whom to call at once, and it is urgent from now on."""
    danger = read(words.text, moment.region).danger
    if danger is None:
        return case
    incident, report = case.incident, replace(case.report, danger=danger.id)
    if incident.is_open:
        policy = moment.region.policy(incident.topic, incident.territory)
        incident = hurry(incident, moment.now, policy, moment.zone(incident.territory))
        case = await moment.tx.incidents.save(Case(incident, report))
        await refresh_cards(moment, case)
    text = danger_line(moment, Case(incident, report), await citizen_texts(moment, case))
    await moment.post(case.report.address, text, incident=case.id)
    return case


async def _add_or_new(turn: Turn, case: Case) -> None:
    """Nobody can tell but the citizen: keep the message, ask once, and go on by ourselves if they do not say."""
    words = words_of(turn.said)
    waiting = await turn.tx.incidents.pending(turn.person.id)
    number = waiting[0][0] if waiting else case.id
    await _keep(turn, number, words, PENDING, turn.person, turn.here)
    if waiting:
        return
    offers = [
        [
            Offer(turn.t("button-add", number=number), "add-to", {"number": number}),
            Offer(turn.t("button-new"), "it-is-new", {"number": number}),
        ]
    ]
    options = {"incident": number, "once": True, "only": turn.event.sender.id, "answer_to": turn.said.message}
    await turn.say("add-or-new", offers, options=options, number=number)
    raw = {"kind": "settle", "person": turn.person.id, "account": turn.here.account, "chat": turn.here.chat, "number": number}
    key = f"settle/{turn.here.account}/{turn.here.chat}/{turn.said.message}"
    await turn.tx.inbox.later(key, raw, lane=f"settle/{turn.person.id}", at=turn.now, handle_after=turn.now + SETTLE)


async def add_to(turn: Turn) -> None:
    """[К № 12]: what waited belongs there."""
    await turn.quiet()
    case, words = await _pending(turn, turn.person.id, turn.arguments["number"])
    if case and words:
        await _add(turn, turn.person, turn.here, case, words)


async def it_is_new(turn: Turn) -> None:
    """[Новое]: what waited is a report of its own."""
    await turn.quiet()
    _, words = await _pending(turn, turn.person.id, turn.arguments["number"])
    if words:
        await _report(turn, words)


async def settle(moment: Moment, raw: Mapping[str, Any]) -> None:
    """Nobody said where a message belongs: add it where it most likely does, and say so."""
    case, words = await _pending(moment, raw["person"], raw["number"])
    if case and words:
        person = await moment.tx.people.get(raw["person"])
        await _add(moment, person, Address(raw["account"], raw["chat"]), case, words, key="settled")


async def _pending(moment: Moment, person: int, number: int) -> tuple[Case | None, Words | None]:
    """The incident that messages were laid beside, and all of them together."""
    waiting = [message for beside, message in await moment.tx.incidents.pending(person) if beside == number]
    case = await moment.tx.incidents.get(number)
    return case, _together(waiting) if waiting else None


def _together(messages: Sequence[Message]) -> Words:
    """Several messages as one, each in its last version."""
    texts = {message.edit_of or message.id: message.text for message in messages}
    return Words(
        text="\n".join(text for text in texts.values() if text),
        files=tuple(file for message in messages for file in message.files),
        location=next((message.location for message in messages if message.location), None),
        at=messages[0].at,
        stored=tuple(message.id for message in messages),
    )


# --- changed and deleted -----------------------------------------------------------------------------------------------


async def edited(moment: Moment, event: Edited) -> None:
    """Keep every version; a change before the answer changes the report, a later one is only shown to those who hold it."""
    number, original = await moment.tx.incidents.about(event.address.account, event.address.chat, event.message)
    case = await moment.tx.incidents.get(number) if number else None
    person = await moment.tx.people.known(event.address.account, event.sender.id)
    if case is None or person is None or case.report.person != person.id:
        return
    versions = [message for message in await moment.tx.incidents.said(case.id) if original in (message.id, message.edit_of)]
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
    await moment.tx.incidents.say(case.id, words)
    if before.kind == PENDING:
        return
    if before.kind == "report" and case.incident.answered_at is None and case.incident.is_open:
        text = case.report.text.replace(before.text, words.text, 1) if before.text else f"{words.text}\n{case.report.text}".strip()
        case = await reread(moment, Case(case.incident, replace(case.report, text=text)))
    await tell_thread(moment, case, "thread-edited", quote=words.text, number=case.id)
    if not case.incident.is_open:
        texts = await citizen_texts(moment, case)
        await moment.post(case.report.address, texts.say("edited-late", number=case.id), incident=case.id)


async def deleted(moment: Moment, event: Deleted) -> None:
    """A deleted message stays in the timeline: what was reported was reported. The citizen can withdraw."""
