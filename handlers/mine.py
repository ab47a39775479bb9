"""A citizen corrects or withdraws an own incident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bots.channel import Pressed
from bots.pages import shorten
from handlers import report
from handlers.card import organisation_title, place, territory_title, topic_title
from handlers.describe import describe, remember
from handlers.pick import pick, territories, topics
from handlers.thread import tell_point, tell_thread
from handlers.turn import Offer, Turn
from incidents.incident import Action, Role, Status
from incidents.reading import Reading, read
from incidents.words import WORD, normal
from locales import Texts
from storage.incidents import Case
from storage.timeline import Message

PLACE_WAIT = timedelta(minutes=30)
"""What is said later than this after [Нет в списке] is no place any more."""
LONGEST_PLACE = 150
"""Characters of an address a person types."""


# --- another topic, another place --------------------------------------------------------------------------------------


async def other_topic(turn: Turn) -> None:
    """[Другая тема]."""
    case = await own(turn)
    if case and await _still_open(turn, case):
        number = {"number": case.id}
        await pick(turn, turn.t("mine-which-topic", number=case.id), topics(turn, case, "set-topic", number), "other-topic", number)


async def set_topic(turn: Turn) -> None:
    """A topic was chosen."""
    case = await own(turn)
    topic = turn.arguments["topic"]
    if case and topic in turn.region.topic:
        chosen = replace(case.incident, topic=topic)
        await _correct(turn, case, {"topic": topic}, "mine-thread-topic", what=lambda texts: topic_title(turn, chosen, texts))
    elif case:
        await turn.whisper("press-used")


async def other_place(turn: Turn) -> None:
    """[Другое место]: a list, and at its end [Нет в списке], after which the place may be typed or sent as a point."""
    case = await own(turn)
    if not case or not await _still_open(turn, case):
        return
    number = {"number": case.id}
    if turn.arguments.get("typed"):
        await turn.quiet()
        row = await turn.say("mine-type-place", options={"incident": case.id, "ask_place": True}, number=case.id)
        await turn.ask("place", number=case.id, until=(turn.now + PLACE_WAIT).isoformat(), row=row)
        return
    last = Offer(turn.t("mine-button-not-listed"), "other-place", number | {"typed": True})
    choices = territories(turn, case, "set-place", number)
    await pick(turn, turn.t("mine-which-place", number=case.id), choices, "other-place", number, last=last)


async def set_place(turn: Turn) -> None:
    """A territory was chosen, in the list or below «Где это?»."""
    case = await own(turn)
    territory = turn.arguments["territory"]
    if case and territory in turn.region.territory:
        about = {"territory": territory}
        await _correct(turn, case, about, "mine-thread-place", what=lambda texts: territory_title(turn, territory, texts))
    elif case:
        await turn.whisper("press-used")


async def place_said(turn: Turn) -> None:
    """The place was typed or sent as a point; what is no place goes the way of every message."""
    await turn.done()
    case = await turn.tx.incidents.get(turn.arguments["number"])
    said, text = turn.said, turn.said.text.strip()
    reading = read(text, turn.region)
    mine = case and case.report.person == turn.person.id and case.incident.is_open and not lapsed(turn)
    elsewhere = said.answer_to and await turn.answered_row() != turn.arguments.get("row")
    if case is None or not mine or said.files or elsewhere or not (said.location or _looks_like_place(text, reading)):
        await report.heard(turn)
        return
    what: dict[str, Any] = {"location": said.location} if said.location else {}
    if text:
        what |= _place_of(text, reading)
    await _keep(turn, case)
    unknown = bool(text) and not (reading.territory or reading.place)
    await _correct(
        turn, case, what, "mine-thread-place", "mine-place-kept" if unknown else "", what=lambda texts: text or texts.say("mine-point")
    )


def _looks_like_place(text: str, reading: Reading) -> bool:
    """Short, and neither a danger, a question, thanks, nor the whole of another report."""
    if not text or len(text) > LONGEST_PLACE or reading.danger or reading.asks_status or reading.chatter:
        return False
    return not (reading.topic_confidence >= 0.64 and len(WORD.findall(normal(text))) >= 5)


def _place_of(text: str, reading: Reading) -> dict[str, str]:
    """What a typed place says: its territory, its street, or else the words as they are."""
    found = {"territory": reading.territory} if reading.territory else {}
    if reading.place:
        return found | {"place": reading.place}
    named = {word for guess in reading.territories for phrase in guess.words for word in phrase.split()}
    rest = [word for word in WORD.findall(normal(text)) if word not in named and len(word) > 2 and not word.startswith(_KINDS)]
    return found | {"place": shorten(text, LONGEST_PLACE)} if rest else found


_KINDS = ("город", "сел", "посел", "район", "край", "деревн")
"""Words beside a name that say nothing more of the place."""


async def _correct(turn: Turn, case: Case, correction: dict[str, Any], key: str, head: str = "", *, what: Callable[[Texts], str]) -> None:
    """Change the description while nobody has taken the incident; later whoever holds it hears of it."""
    if case.incident.status in (Status.NEW, Status.ASSIGNED):
        case = await describe(turn, case, person=turn.person.id, **correction)
        about = turn.t("mine-now", number=case.id, topic=topic_title(turn, case.incident, turn.texts), place=place(turn, case, turn.texts))
        await reply(turn, case, "\n".join([*([turn.t(head)] if head else []), about, _owner_line(turn, case)]))
    elif await _still_open(turn, case):
        await remember(turn, case, correction, person=turn.person.id)
        await tell_thread(turn, case, key, number=case.id, what=what)
        if "location" in correction:
            await tell_point(turn, case, correction["location"])
        await reply(turn, case, turn.t("mine-passed-on", number=case.id))


def _owner_line(turn: Turn, case: Case) -> str:
    when = turn.texts.when(case.incident.due_at or turn.now, turn.zone(case.incident.territory), turn.now)
    if not case.incident.organisation:
        return turn.t("receipt-unsorted", when=when)
    return turn.t("receipt-owner", organisation=organisation_title(turn, case.incident.organisation, turn.texts), when=when)


async def _keep(turn: Turn, case: Case) -> None:
    """Whatever a citizen wrote stands in a timeline."""
    said = turn.said
    message = Message(
        kind="reply",
        person=turn.person.id,
        text=said.text.strip(),
        location=said.location,
        address=turn.here,
        message=said.message,
        at=said.at,
    )
    await turn.tx.timeline.say(case.id, message)


# --- withdrawing -------------------------------------------------------------------------------------------------------


async def withdraw(turn: Turn) -> None:
    """[Отозвать] asks once."""
    case = await own(turn)
    if case and await _still_open(turn, case):
        await turn.quiet()
        number = {"number": case.id}
        offers = [[Offer(turn.t("mine-button-withdraw"), "withdraw-yes", number), Offer(turn.t("no"), "withdraw-no", number)]]
        await turn.say("mine-withdraw", offers, options={"incident": case.id, "once": True}, number=case.id)


async def withdraw_yes(turn: Turn) -> None:
    """It is withdrawn; those who hold it hear of it."""
    case = await own(turn)
    if case and await _still_open(turn, case):
        withdrawn = await turn.attempt(case, turn.deed(Role.CITIZEN, action=Action.WITHDRAW))
        if withdrawn:
            await reply(turn, withdrawn, turn.t("mine-withdrawn", number=case.id))


async def withdraw_no(turn: Turn) -> None:
    """It stays."""
    case = await own(turn)
    if case:
        await reply(turn, case, turn.t("mine-withdraw-not", number=case.id))


# --- who may, and when -------------------------------------------------------------------------------------------------


async def own(turn: Turn) -> Case | None:
    """The incident the button is about, when it is this citizen's own."""
    case = await turn.tx.incidents.get(turn.arguments["number"])
    if case and case.report.person == turn.person.id:
        return case
    await turn.whisper("press-foreign")
    return None


async def _still_open(turn: Turn, case: Case) -> bool:
    """Whether it may still be corrected or withdrawn; if not, the citizen hears why."""
    if case.incident.is_open:
        return True
    await turn.whisper("mine-answered" if case.incident.status is Status.ANSWERED else "mine-closed", number=case.id)
    return False


def lapsed(turn: Turn) -> bool:
    """Whether what we asked is too long ago."""
    until = turn.arguments.get("until")
    return until is not None and turn.now > datetime.fromisoformat(until)


async def reply(turn: Turn, case: Case, text: str) -> None:
    """Answer: a press in its own message, something said with a message."""
    if isinstance(turn.event, Pressed):
        await turn.quiet()
        await turn.instead(text, incident=case.id)
    else:
        await turn.post(turn.here, text, incident=case.id)
