"""Looking after clock and answers: the lists /overdue, /due, /undelivered, and one incident's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bots.channel import Pressed, Reply, Said
from handlers import enter, standing
from handlers.card import card_offers, card_text, organisation_title, place, time_left, topic_title
from handlers.notices import sorting
from handlers.turn import Offer, Offers, Turn
from incidents.incident import RULES, Action, Role, Status
from storage.incidents import Case
from storage.posts import Purpose

PAGE = 8
"""Incidents on one page of a list: with two buttons to turn it they are the ten that VK's keyboards hold."""
SOON = timedelta(hours=4)
"""What /due means."""
WAITS = timedelta(minutes=5)
"""An answer that its messenger has not taken for so long is listed as undelivered."""

_CURATOR_CAN: Sequence[tuple[str, tuple[Action, ...]]] = (
    ("pass", (Action.ASSIGN, Action.REASSIGN)),
    ("rework", (Action.RETURN,)),
    ("answer", (Action.ANSWER,)),
    ("extend", (Action.EXTEND,)),
    ("close", (Action.CLOSE,)),
)
"""A curator's buttons and the actions behind each; a button is there when the rules allow one of them."""


# --- who sees what -----------------------------------------------------------------------------------------------------


async def scope(turn: Turn) -> Sequence[str] | None:
    """The organisations whose incidents this person may see in this place; None: of all.

    In a group others read along: it shows its own organisation's incidents, and only the curators' desk shows all.
    """
    if turn.event.sender.impersonal:
        return ()
    own = sorted({post.organisation for post in turn.posts if post.organisation})
    if turn.private:
        return None if turn.is_curator else own
    chat = await turn.tx.chats.get(turn.here.account, turn.here.chat)
    if chat and chat.desk:
        return None if turn.is_curator else ()
    if chat and chat.organisation and (turn.is_curator or chat.organisation in own):
        return (chat.organisation,)
    return ()


async def of_desk(turn: Turn) -> Case | None:
    """The incident of a button, for a curator; anybody else hears that this is the curators' business."""
    if not turn.is_curator:
        await turn.whisper("curate-only")
        return None
    case = await turn.tx.incidents.get(turn.arguments["number"])
    if case is None:
        await turn.whisper("press-used")
    return case


# --- lists -------------------------------------------------------------------------------------------------------------


async def overdue(turn: Turn) -> None:
    """/overdue: whose time has passed, the longest first."""
    await show_list(turn, "overdue")


async def due(turn: Turn) -> None:
    """/due: whose time ends within four hours."""
    await show_list(turn, "due")


async def undelivered(turn: Turn) -> None:
    """/undelivered: whose answer did not reach the citizen, may not have, or still waits for the messenger; the newest first."""
    await show_list(turn, "undelivered")


async def show_list(turn: Turn, name: str, offset: int = 0) -> None:
    """One page of a list, each line with a button that opens its card. Turning the page changes the same message."""
    organisations = await scope(turn)
    if organisations is not None and not organisations:
        await _not_here(turn)
        return
    cases, count = await _page(turn, name, organisations, offset)
    if count and not cases:  # the page is gone meanwhile
        offset = 0
        cases, count = await _page(turn, name, organisations, offset)
    if cases:
        text = "\n".join([turn.t(f"watch-{name}", count=count), *[await _line(turn, case) for case in cases]])
        offers = _list_offers(turn, name, cases, count, offset)
    else:
        text, offers = turn.t(f"watch-{name}-none"), ()
    if isinstance(turn.event, Pressed):
        await turn.quiet()
        await turn.instead(text, offers)
    else:
        await turn.post(turn.here, text, offers)


async def _page(turn: Turn, name: str, organisations: Sequence[str] | None, offset: int) -> tuple[Sequence[Case], int]:
    """One page of a list, and how many there are in all."""
    if name == "undelivered":
        cases = await _unanswered(turn, organisations)
        return cases[offset : offset + PAGE], len(cases)
    until, after = (turn.now, None) if name == "overdue" else (turn.now + SOON, turn.now)
    incidents = turn.tx.incidents
    cases = await incidents.due_before(until, organisations=organisations, after=after, offset=offset, limit=PAGE)
    return cases, await incidents.count_due(until, organisations=organisations, after=after)


async def _unanswered(turn: Turn, organisations: Sequence[str] | None) -> Sequence[Case]:
    found = [await turn.tx.incidents.get(number) for number in await turn.tx.outbox.undelivered(turn.now - WAITS)]
    cases = [case for case in found if case and case.incident.status is not Status.CLOSED]
    return cases if organisations is None else [case for case in cases if case.incident.organisation in organisations]


async def _not_here(turn: Turn) -> None:
    if not turn.is_staff and isinstance(turn.event, Said):
        await enter.help_(turn)
    elif turn.private:
        await turn.whisper("curate-only")
    else:
        await turn.whisper("curate-not-here")


async def _line(turn: Turn, case: Case) -> str:
    incident, texts = case.incident, turn.texts
    holder = await turn.tx.people.get(incident.assignee) if incident.assignee else None
    return turn.t(
        "watch-line",
        number=case.id,
        topic=topic_title(turn, incident, texts),
        place=place(turn, case, texts),
        time=time_left(turn, incident, texts),
        organisation=organisation_title(turn, incident.organisation, texts),
        holder=(holder.name or turn.t("somebody")) if holder else turn.t("watch-not-taken"),
    )


def _list_offers(turn: Turn, name: str, cases: Sequence[Case], count: int, offset: int) -> Offers:
    buttons = [Offer(turn.t("number", number=case.id), "open", {"number": case.id}) for case in cases]
    rows = [buttons[at : at + 4] for at in range(0, len(buttons), 4)]
    turning = [Offer(turn.t("button-back"), "page", {"list": name, "offset": max(offset - PAGE, 0)})] if offset else []
    if offset + PAGE < count:
        turning.append(Offer(turn.t("button-more"), "page", {"list": name, "offset": offset + PAGE}))
    return [*rows, turning] if turning else rows


# --- one incident ------------------------------------------------------------------------------------------------------


async def open_(turn: Turn) -> None:
    """[№ 12] in a list."""
    await show(turn, turn.arguments["number"])


async def show(turn: Turn, number: int) -> None:
    """An incident's card with what this person can do with it, for those whose business it is; an own report as citizens see theirs."""
    case = await turn.tx.incidents.get(number)
    organisations = await scope(turn)
    if organisations is None or (case and case.incident.organisation and case.incident.organisation in organisations):
        if case is None:
            await turn.whisper("watch-unknown", number=number)
            return
        await turn.quiet()
        text, offers = (
            await curator_card(turn, case) if turn.is_curator else (await card_text(turn, case, turn.texts), _own_offers(turn, case))
        )
        await turn.post(turn.here, text, offers, purpose=Purpose.CARD, incident=case.id)
    elif case and turn.private and case.report.person == turn.person.id:
        await turn.quiet()
        await standing.show_one(turn, case)
    else:
        # Whether there is such a number is not told either.
        await turn.whisper("watch-not-yours")


def _own_offers(turn: Turn, case: Case) -> Offers:
    return card_offers(case, turn.texts) if turn.role_for(case) else ()


async def curator_card(turn: Turn, case: Case) -> tuple[str, Offers]:
    """The card as a curator sees it: to be sorted, or to be looked after."""
    if case.incident.status is Status.NEW:
        return await sorting_card(turn, case)
    arguments: Mapping[str, Any] = {"number": case.id, "card": True}
    possible = [
        Offer(turn.t(f"button-{name}"), name, arguments)
        for name, actions in _CURATOR_CAN
        if any(rule and Role.CURATOR in rule.by for rule in (RULES.get((case.incident.status, action)) for action in actions))
    ]
    offers = [possible[at : at + 2] for at in range(0, len(possible), 2)]
    return await card_text(turn, case, turn.texts), offers


async def sorting_card(turn: Turn, case: Case) -> tuple[str, Offers]:
    """What waits to be sorted, with a button to the next while there are more."""
    text, offers = await sorting(turn, case, turn.texts)
    if await turn.tx.incidents.count_unsorted() > 1:
        offers = [*offers, [Offer(turn.t("curate-button-skip"), "page", {"list": "queue", "after": case.id})]]
    return text, offers


async def strip(turn: Turn, row: int, line: str, number: int) -> None:
    """Take the buttons of an earlier message away and say below it what was done."""
    earlier = await turn.tx.outbox.last_version(row)
    text = earlier.out.text if earlier and isinstance(earlier.out, Reply) else ""
    await turn.change(row, turn.here, "\n".join(part for part in (text, line) if part), incident=number)
