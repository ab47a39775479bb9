"""The buttons below reminders: they stand below the newest one only, and go when there is nothing more to do."""

from __future__ import annotations

from collections.abc import Collection

from bots.channel import Address, Reply
from handlers.card import held_line, time_left
from handlers.escalation import role_at
from handlers.thread import texts_at
from handlers.turn import Moment
from incidents.incident import Change
from storage.incidents import Case
from storage.posts import Purpose


async def replaced(moment: Moment, case: Case, address: Address) -> None:
    """A later reminder comes here: the earlier one keeps its words and loses its buttons."""
    await _without_buttons(moment, case, {(address.account, address.chat)})


async def passed_on(moment: Moment, case: Case) -> None:
    """The organisation owes nothing any more."""
    await _without_buttons(moment, case, await _of_officials(moment, case))


async def taken(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Nobody need press [Беру] any more; the buttons of those in charge stay."""
    await _without_buttons(moment, case, await _of_officials(moment, case), held=True)


async def settled(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The citizen has heard, or wants nothing any more: whoever was reminded sees how it stands now."""
    await _without_buttons(moment, case, stands=True)


async def _of_officials(moment: Moment, case: Case) -> Collection[tuple[str, str]]:
    """Where reminders stand that are for officials: in working chats, and in private with who is on duty or stands in."""
    places = [address for _, address in await moment.tx.outbox.reminders(case.id)]
    return {(one.account, one.chat) for one in places if await role_at(moment, case, one) is None}


async def _without_buttons(
    moment: Moment, case: Case, places: Collection[tuple[str, str]] | None = None, *, held: bool = False, stands: bool = False
) -> None:
    """Take the buttons off the newest reminder in each of these places (None: in all), and say in a line why."""
    for row, address in await moment.tx.outbox.reminders(case.id):
        if (places is not None and (address.account, address.chat) not in places) or address.account not in moment.office.limits:
            continue
        shown = await moment.tx.outbox.last_version(row)
        if shown is None or not isinstance(shown.out, Reply) or not shown.out.keyboard:
            continue
        texts = await texts_at(moment, address)
        line = await held_line(moment, case.incident, texts) if held else time_left(moment, case.incident, texts) if stands else ""
        text = "\n".join(part for part in (shown.out.text, line) if part)
        await moment.change(row, address, text, purpose=Purpose.REMINDER, incident=case.id)  # of no use where the reminder never came
