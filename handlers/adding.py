"""A citizen says more about an incident: it is added there, or they are asked whether it is new, and it is added if they do not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bots.channel import Address, Scene
from bots.pages import shorten
from handlers.card import degrees
from handlers.citizen import citizen_texts, danger_line, verdicts
from handlers.describe import free_from_gone
from handlers.opening import LONG, Words, ask_place, keep, longer, open_report, reread, take_in, words_of
from handlers.staff import live_threads
from handlers.thread import desk_places, put_cards, refresh_cards, tell_at, tell_point, tell_thread, texts_at
from handlers.turn import Moment, Offer, Turn
from incidents.deadlines import hurry
from incidents.incident import Action, Deed, NotAllowed, Resolution, Role, Status
from incidents.reading import read
from storage.incidents import Case
from storage.people import Person
from storage.timeline import PENDING, Message

SETTLE = timedelta(minutes=10)
"""How long we wait for «добавить или новое?» before the message is added where it most likely belongs."""
LONGEST_LABEL = 30
"""Characters of a text that may be what stands on a button."""
FILES = 30
"""Files of one addition that are shown beside a card."""


async def add(turn: Turn, case: Case) -> None:
    """Add what was said to an incident. A closed one is not touched: a new one begins, linked to it."""
    await add_words(turn, case, words_of(turn.said))


async def add_words(turn: Turn, case: Case, words: Words) -> None:
    """The same with words that were said before."""
    await _add(turn, turn.person, turn.here, case, words)


async def _add(moment: Moment, person: Person, to: Address, case: Case, words: Words, *, key: str = "") -> None:
    was, late = case.incident.status, await given_up(moment, case) is not None
    try:
        if late:
            case = await moment.act(case, Deed(action=Action.REOPEN, role=Role.CITIZEN, at=moment.now, by=person.id, reason="reply"))
            case = await free_from_gone(moment, case)
        case = await moment.act(case, Deed(action=Action.REPLY, role=Role.CITIZEN, at=moment.now, by=person.id, text=words.text))
    except NotAllowed:
        await ask_place(moment, await open_report(moment, person, to, Scene.PRIVATE, words, linked_to=case.id))
        return
    await keep(moment, case.id, words, "reply", person, to)
    title = "thread-reply" if late or was is Status.WAITING else "thread-more"
    await tell_thread(moment, case, title, quote=shorten(words.text, LONG), files=words.files[:FILES], number=case.id)
    if words.location:
        await tell_point(moment, case, words.location)
    if case.incident.status is Status.NEW:
        report = replace(
            case.report,
            text=longer(case.report.text, words.text),
            files=case.report.files + len(words.files),
            location=words.location or case.report.location,
        )
        case = await reread(moment, Case(case.incident, report))
    else:
        case = await alarm(moment, case, words.text)
        if not await live_threads(moment, case):
            await _to_whom_there_is(moment, case, title, words)
    if not late:  # what was opened again has been told of
        texts = moment.texts_for(person.language)
        text = texts.say(key or ("added-again" if case.incident.organisation else "added"), number=case.id)
        if case.incident.status is Status.ANSWERED:
            # Nobody owes an answer to it until the citizen says that the problem is still there.
            await moment.post(to, f"{text}\n{texts.say('answer-solved')}", verdicts(case, texts), incident=case.id)
        else:
            await moment.post(to, text, incident=case.id)


async def _to_whom_there_is(moment: Moment, case: Case, key: str, words: Words) -> None:
    """Nobody has its card: it comes where its owner works now, with all that was said; where nobody is, the curators hear the words."""
    if case.incident.organisation and await put_cards(moment, case):
        return
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        lines = [texts.say(key, number=case.id), *([texts.say("thread-quote", text=shorten(words.text, LONG))] if words.text else [])]
        if point := words.location:
            lines.append(texts.say("card-point", **degrees(point)))
        offers = [[Offer(texts.say("number", number=case.id), "open", {"number": case.id})]]
        await tell_at(moment, case, address, "\n".join(lines), offers, files=words.files[:FILES])


async def alarm(moment: Moment, case: Case, text: str, *, was: str = "") -> Case:
    """Danger in what was added: whom to call at once, and it is urgent from now on. ``was``: the text before; its danger has been told."""
    danger = _danger(moment, text, was)
    if not danger:
        return case
    incident, report = case.incident, replace(case.report, danger=danger)
    if incident.is_open:
        policy = moment.region.policy(incident.topic, incident.territory)
        incident = hurry(incident, moment.now, policy, moment.zone(incident.territory))
        case = await moment.tx.incidents.save(Case(incident, report))
        await refresh_cards(moment, case)
    await _warn(moment, Case(incident, report))
    return case


async def warn(moment: Moment, case: Case, text: str, *, was: str = "") -> None:
    """Danger in what nobody has placed yet: whom to call at once. Which incident is urgent is known when its place is."""
    danger = _danger(moment, text, was)
    if danger:
        await _warn(moment, Case(case.incident, replace(case.report, danger=danger)))


def _danger(moment: Moment, text: str, was: str) -> str:
    """The kind of danger a text tells of and the one before did not; empty when there is none."""
    danger, known = read(text, moment.region).danger, read(was, moment.region).danger
    return danger.id if danger and not (known and known.id == danger.id) else ""


async def _warn(moment: Moment, case: Case) -> None:
    text = danger_line(moment, case, await citizen_texts(moment, case))
    await moment.post(case.report.address, text, incident=case.id)


async def add_or_new(turn: Turn, case: Case) -> None:
    """Nobody can tell but the citizen: keep the message, ask once, and go on by ourselves if they do not say."""
    words = words_of(turn.said)
    waiting = await turn.tx.timeline.pending(turn.person.id)
    number = waiting[0][0] if waiting else case.id
    await keep(turn, number, words, PENDING, turn.person, turn.here)
    # Also where one waits already: another process may be settling that one just now, and does not know of this one.
    where = {"account": turn.here.account, "chat": turn.here.chat, "message": turn.said.message}
    raw = {"kind": "settle", "person": turn.person.id, "number": number, **where}
    key = f"settle/{turn.here.account}/{turn.here.chat}/{turn.said.message}"
    await turn.tx.inbox.later(key, raw, lane=f"settle/{turn.person.id}", at=turn.now, handle_after=turn.now + SETTLE)
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


async def add_to(turn: Turn) -> None:
    """[К № 12]: what waited belongs there."""
    case, words = await _pending(turn, turn.person.id, turn.arguments["number"])
    if case and words:
        await turn.quiet()
        await add_words(turn, case, words)
    else:
        await turn.whisper("press-used")


async def it_is_new(turn: Turn) -> None:
    """[Новое]: what waited is a report of its own."""
    _, words = await _pending(turn, turn.person.id, turn.arguments["number"])
    if words:
        await turn.quiet()
        await take_in(turn, words)
    else:
        await turn.whisper("press-used")


async def chosen(turn: Turn) -> bool:
    """«Новое», «К № 12» typed instead of pressed: what waited goes there. Returns whether it was that."""
    said = turn.said
    if len(said.text) > LONGEST_LABEL or said.files or said.location:
        return False
    waiting = await turn.tx.timeline.pending(turn.person.id)
    case, words = await _pending(turn, turn.person.id, waiting[0][0]) if waiting else (None, None)
    if words and same_label(said.text, turn.t("button-new")):
        await take_in(turn, words)
    elif case and words and same_label(said.text, turn.t("button-add", number=case.id)):
        await add_words(turn, case, words)
    else:
        return False
    return True


def same_label(text: str, label: str) -> bool:
    """Whether somebody typed what stands on a button: letters and digits count, not how they are set off."""
    return _letters(text) == _letters(label)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


async def settle(moment: Moment, raw: Mapping[str, Any]) -> None:
    """Nobody said where a message belongs: add it where it most likely does, and say so. What came with it goes along."""
    waiting = await moment.tx.timeline.pending(raw["person"])
    if "message" in raw and raw["message"] not in {message.message for _, message in waiting}:
        return  # it went along with an earlier one; what waits now was asked about later
    case, words = await _pending(moment, raw["person"], raw["number"])
    if case and words:
        person = await moment.tx.people.get(raw["person"])
        await _add(moment, person, Address(raw["account"], raw["chat"]), case, words, key="settled")


async def _pending(moment: Moment, person: int, number: int) -> tuple[Case | None, Words | None]:
    """The incident that messages were laid beside, and all of them together."""
    waiting = [message for beside, message in await moment.tx.timeline.pending(person) if beside == number]
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


async def given_up(moment: Moment, case: Case) -> datetime | None:
    """When an incident was closed because our question got no reply, if a reply may still go on with it; None otherwise."""
    if case.incident.resolution is not Resolution.NO_REPLY:
        return None
    closed = (await moment.tx.incidents.history(case.id))[-1].at
    policy = moment.region.policy(case.incident.topic, case.incident.territory)
    return closed if moment.now - closed <= policy.rating else None
