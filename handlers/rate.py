"""A citizen judges the answer: solved, with stars, or not, and what remains."""

from __future__ import annotations

from datetime import timedelta

from handlers import adding, report
from handlers.describe import free_from_gone
from handlers.mine import lapsed, own, reply
from handlers.turn import Offer, Turn
from handlers.watch import strip
from incidents.incident import Action, NotAllowed, Role, Status
from storage.incidents import Case

REMAINS_WAIT = timedelta(days=1)
"""What is said later than this after [Нет] is not what remained."""


async def solved(turn: Turn) -> None:
    """[Да] closes the incident, then asks for stars."""
    case = await own(turn)
    if not case or not await _rateable(turn, case):
        return
    case = await turn.attempt(case, turn.deed(Role.CITIZEN, action=Action.RATE))
    if case:
        await turn.quiet()
        await _asked_enough(turn, case)
        number = case.id
        offers = [
            [Offer(turn.t("mine-button-stars", stars=stars), "stars", {"number": number, "stars": stars}) for stars in (1, 2, 3, 4, 5)]
        ]
        await turn.say("mine-stars", offers, options={"incident": number, "once": True}, number=number)


async def stars(turn: Turn) -> None:
    """1–5 stars, once."""
    case = await own(turn)
    if not case:
        return
    try:
        await turn.act(case, turn.deed(Role.CITIZEN, action=Action.RATE, stars=turn.arguments["stars"]))
    except NotAllowed:
        await turn.whisper("mine-rated")
    else:
        await reply(turn, case, turn.t("mine-thanks", number=case.id, stars=turn.arguments["stars"]))


async def unsolved(turn: Turn) -> None:
    """[Нет] or [Частично]: it is in work again at once, and we ask what remains."""
    case = await own(turn)
    if not case or not await _rateable(turn, case):
        return
    contested = await turn.attempt(case, turn.deed(Role.CITIZEN, action=Action.CONTEST, reason=turn.arguments["verdict"]))
    if contested:
        contested = await free_from_gone(turn, contested)
        await turn.quiet()
        await _asked_enough(turn, contested)
        await turn.ask("remains", number=case.id, until=(turn.now + REMAINS_WAIT).isoformat())
        due = contested.incident.due_at or turn.now
        when = turn.texts.when(due, turn.zone(contested.incident.territory), turn.now)
        await turn.say("mine-remains", options={"incident": case.id}, number=case.id, when=when)


async def remains_said(turn: Turn) -> None:
    """What remains is added to the incident."""
    await turn.done()
    case = await turn.tx.incidents.get(turn.arguments["number"])
    said = turn.said
    mine = case and case.report.person == turn.person.id and not lapsed(turn)
    if case is None or not mine or not (said.text.strip() or said.files or said.location) or said.answer_to:
        await report.heard(turn)
    else:
        await adding.add(turn, case)


async def _asked_enough(turn: Turn, case: Case) -> None:
    """The answer stays as it is, without the buttons that were pressed."""
    if row := await turn.pressed_row():
        await strip(turn, row, "", case.id)


async def _rateable(turn: Turn, case: Case) -> bool:
    """Whether an answer waits for the citizen's word."""
    if case.incident.status is Status.ANSWERED:
        return True
    await turn.whisper("mine-open-again" if case.incident.is_open else "mine-closed", number=case.id)
    return False
