"""The curators' desk: sorting what the bot could not, passing on, returning, closing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.channel import Said
from handlers import enter, pick
from handlers.card import organisation_title, territory_title, topic_title
from handlers.describe import describe, free_from_gone
from handlers.thread import send_earlier, send_files
from handlers.turn import Offer, Offers, Turn
from handlers.watch import curator_card, of_desk, scope, show_list, sorting_card, strip
from incidents.incident import RULES, Action, Resolution, Role, Status
from incidents.routing import route
from storage.incidents import Case
from storage.posts import Purpose

REASONS = ("off-point", "no-date", "rude", "personal")
"""Why an answer is returned for rework (conversations.md §5)."""
RESOLUTIONS = (Resolution.SOLVED, Resolution.EXPLAINED, Resolution.DUPLICATE, Resolution.SPAM)
"""How a curator closes; «не к нам» only once the citizen was told whose it is."""


# --- the queue ---------------------------------------------------------------------------------------------------------


async def queue(turn: Turn) -> None:
    """/queue: what waits to be sorted, one by one, the oldest first."""
    await next_unsorted(turn, after=0)


async def next_unsorted(turn: Turn, *, after: int) -> None:
    """The sorting card of the first incident behind ``after`` that waits; from the beginning again when there is none."""
    if not turn.is_staff and isinstance(turn.event, Said):
        await enter.help_(turn)
    elif not turn.is_curator:
        await turn.whisper("curate-only")
    elif await scope(turn) is not None:
        await turn.whisper("curate-not-here")
    else:
        await turn.quiet()
        waiting = await turn.tx.incidents.unsorted(after=after, limit=1) or await turn.tx.incidents.unsorted(limit=1)
        if not waiting:
            await turn.say("curate-queue-empty")
            return
        (case,) = waiting
        text, offers = await sorting_card(turn, case)
        await turn.post(turn.here, text, offers, purpose=Purpose.CARD, incident=case.id)
        await send_files(turn, case, turn.here)
        await send_earlier(turn, case, turn.here)


async def sort_to(turn: Turn) -> None:
    """[Комитет ЖКХ ✓]: the guess was right."""
    case = await _unsorted(turn)
    if case and await move(turn, case, turn.arguments["organisation"]):
        await turn.quiet()
        await _show_sorted(turn, case.id, await turn.pressed_row())


async def sort_topic(turn: Turn) -> None:
    """[Тема]."""
    case = await _unsorted(turn)
    if case:
        about = await _about(turn, case)
        text = turn.t("curate-which-topic", number=case.id)
        await pick.pick(turn, text, pick.topics(turn, case, "sort-topic-to", about), "sort-topic", about)


async def sort_topic_to(turn: Turn) -> None:
    """A topic was chosen: the owner is found anew, or the card is asked again with it."""
    case = await _unsorted(turn)
    topic = turn.arguments["topic"]
    if case and topic in turn.region.topic:
        case = await describe(turn, case, topic=topic, person=turn.person.id)
        await _describe_done(turn, case, topic_title(turn, case.incident, turn.texts))
    elif case:
        await turn.whisper("press-used")


async def sort_place(turn: Turn) -> None:
    """[Место]."""
    case = await _unsorted(turn)
    if case:
        about = await _about(turn, case)
        text = turn.t("curate-which-place", number=case.id)
        await pick.pick(turn, text, pick.territories(turn, case, "sort-place-to", about), "sort-place", about)


async def sort_place_to(turn: Turn) -> None:
    """A territory was chosen: the owner is found anew, or the card is asked again with it."""
    case = await _unsorted(turn)
    territory = turn.arguments["territory"]
    if case and territory in turn.region.territory:
        case = await describe(turn, case, territory=territory, person=turn.person.id)
        await _describe_done(turn, case, territory_title(turn, territory, turn.texts))
    elif case:
        await turn.whisper("press-used")


async def sort_close(turn: Turn) -> None:
    """[Не требует ответа], [Спам]."""
    case = await _unsorted(turn)
    if not case:
        return
    closed = await turn.attempt(case, turn.deed(Role.CURATOR, action=Action.CLOSE, resolution=Resolution(turn.arguments["resolution"])))
    if closed:
        await turn.quiet()
        await _show_sorted(turn, case.id, await turn.pressed_row())


async def _unsorted(turn: Turn) -> Case | None:
    """The incident of a sorting button while it waits; a card that somebody else was quicker with tells where it went."""
    case = await of_desk(turn)
    if case is None or case.incident.status is Status.NEW:
        return case
    await turn.whisper("curate-sorted-already")
    await _show_sorted(turn, case.id, turn.arguments.get("row") or await turn.pressed_row())
    return None


async def _describe_done(turn: Turn, case: Case, what: str) -> None:
    """The sorting card takes up the correction; the list it was chosen from becomes a line."""
    await turn.quiet()
    row, list_row = turn.arguments.get("row", 0), await turn.pressed_row()
    if row and row != list_row:
        await turn.instead(turn.t("curate-noted", number=case.id, what=what), incident=case.id)
    await _show_sorted(turn, case.id, row or list_row)


async def _show_sorted(turn: Turn, number: int, row: int) -> None:
    """Bring a sorting card up to date: what became of the incident and [Следующее], or the card again while it waits."""
    case = await turn.tx.incidents.get(number)
    if case is None:
        return
    if case.incident.status is Status.NEW:
        text, offers = await sorting_card(turn, case)
    else:
        text, offers = _sorted_line(turn, case), await _next_button(turn, case)
    if row:
        await turn.change(row, turn.here, text, offers, purpose=Purpose.CARD, incident=case.id)
    else:
        await turn.post(turn.here, text, offers, purpose=Purpose.CARD, incident=case.id)


def _sorted_line(turn: Turn, case: Case) -> str:
    incident = case.incident
    if incident.status is Status.CLOSED:
        needless = incident.resolution is Resolution.EXPLAINED
        what = turn.t("button-sort-no-answer") if needless else turn.t(f"resolution-{incident.resolution or 'explained'}")
        return turn.t("curate-closed", number=case.id, what=what)
    if not incident.organisation:
        return turn.t("curate-answered", number=case.id)
    return turn.t("curate-sorted", number=case.id, organisation=organisation_title(turn, incident.organisation, turn.texts))


async def _next_button(turn: Turn, case: Case) -> Offers:
    count = await turn.tx.incidents.count_unsorted()
    return [[Offer(turn.t("curate-button-next", count=count), "page", {"list": "queue", "after": case.id})]] if count else []


async def page(turn: Turn) -> None:
    """[Следующее (2)], [Ещё], [Назад]: another page of a list, or the next of the queue."""
    if turn.arguments["list"] == "queue":
        await next_unsorted(turn, after=turn.arguments["after"])
    else:
        await show_list(turn, turn.arguments["list"], offset=turn.arguments["offset"])


# --- any incident ------------------------------------------------------------------------------------------------------


async def pass_(turn: Turn) -> None:
    """[Передать], [Орган]: to whom?"""
    case = await of_desk(turn)
    if case and await _allowed(turn, case, _move_of(case)):
        about = await _about(turn, case)
        text = turn.t("curate-which-organisation", number=case.id)
        await pick.pick(turn, text, pick.organisations(turn, case, "pass-to", about), "pass", about)


async def pass_to(turn: Turn) -> None:
    """An organisation was chosen."""
    case = await of_desk(turn)
    if not case:
        return
    unsorted, organisation = case.incident.status is Status.NEW, turn.arguments["organisation"]
    if not await move(turn, case, organisation):
        return
    title = organisation_title(turn, organisation, turn.texts)
    done = turn.t("curate-sorted", number=case.id, organisation=title)
    row = turn.arguments.get("row", 0)
    if unsorted and row:
        await _show_sorted(turn, case.id, row)
    await _finish(turn, case.id, done, leave=unsorted)


async def rework(turn: Turn) -> None:
    """[Вернуть на доработку]: why?"""
    case = await of_desk(turn)
    if case and await _allowed(turn, case, Action.RETURN):
        about = await _about(turn, case)
        choices = [Offer(turn.t(f"reason-{reason}"), "rework-because", {**about, "reason": reason}) for reason in REASONS]
        await pick.pick(turn, turn.t("curate-why-rework", number=case.id), choices, "rework", about)


async def rework_because(turn: Turn) -> None:
    """A reason was chosen: the answer is due anew."""
    case = await of_desk(turn)
    reason = turn.arguments["reason"]
    returned = await turn.attempt(case, turn.deed(Role.CURATOR, action=Action.RETURN, reason=reason)) if case else None
    if returned:
        returned = await free_from_gone(turn, returned)
        due = returned.incident.due_at or turn.now
        when = turn.texts.when(due, turn.zone(returned.incident.territory), turn.now)
        await _finish(turn, returned.id, turn.t("curate-returned", number=returned.id, reason=turn.t(f"reason-{reason}"), when=when))


async def close(turn: Turn) -> None:
    """[Закрыть]: as what?"""
    case = await of_desk(turn)
    if case and await _allowed(turn, case, Action.CLOSE):
        about = await _about(turn, case)
        resolutions = [*RESOLUTIONS, *([Resolution.NOT_OURS] if case.incident.answered_at else [])]
        choices = [Offer(turn.t(f"resolution-{one}"), "close-as", {**about, "resolution": one}) for one in resolutions]
        await pick.pick(turn, turn.t("curate-close-as", number=case.id), choices, "close", about)


async def close_as(turn: Turn) -> None:
    """A resolution was chosen."""
    case = await of_desk(turn)
    resolution = Resolution(turn.arguments["resolution"])
    closed = await turn.attempt(case, turn.deed(Role.CURATOR, action=Action.CLOSE, resolution=resolution)) if case else None
    if closed:
        await _finish(turn, closed.id, turn.t("curate-closed", number=closed.id, what=turn.t(f"resolution-{resolution}")))


def _move_of(case: Case) -> Action:
    return Action.ASSIGN if case.incident.status is Status.NEW else Action.REASSIGN


async def move(turn: Turn, case: Case, organisation: str) -> bool:
    """Give the incident to an organisation; that the bot would have given it to another one is remembered."""
    if organisation not in turn.region.organisation:
        await turn.whisper("press-used")
        return False
    guess = route(turn.region, case.incident.topic, case.incident.territory) or ""
    if not await turn.attempt(case, turn.deed(Role.CURATOR, action=_move_of(case), target=organisation)):
        return False
    if organisation != guess:
        await turn.tx.incidents.corrected(case.id, "organisation", guess, organisation, person=turn.person.id, at=turn.now)
    return True


async def _about(turn: Turn, case: Case) -> Mapping[str, Any]:
    """What a list needs to remember: the incident, and the message its button stood on."""
    if "offset" in turn.arguments:
        return {key: turn.arguments[key] for key in ("number", "row", "card") if key in turn.arguments}
    card = {"card": True} if turn.arguments.get("card") else {}
    return {"number": case.id, "row": await turn.pressed_row(), **card}


async def _finish(turn: Turn, number: int, done: str, *, leave: bool = False) -> None:
    """The list becomes a line of what was done, and the message it came from loses its buttons or is brought up to date."""
    await turn.quiet()
    row, list_row = turn.arguments.get("row", 0), await turn.pressed_row()
    await turn.instead(done, incident=number)
    if leave or not row or row == list_row:
        return
    if turn.arguments.get("card"):
        case = await turn.tx.incidents.get(number)
        if case:
            text, offers = await curator_card(turn, case)
            await turn.change(row, turn.here, text, offers, purpose=Purpose.CARD, incident=number)
    else:
        await strip(turn, row, done, number)


async def _allowed(turn: Turn, case: Case, action: Action) -> bool:
    """Whether a curator may do it now; asked before a list is shown in vain."""
    rule = RULES.get((case.incident.status, action))
    if rule and Role.CURATOR in rule.by:
        return True
    await turn.whisper("not-allowed-status")
    return False
