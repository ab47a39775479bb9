"""Which steps of an incident's clock were told of, and which a curator took under control."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from storage.connection import Connection
from storage.sql import insert_new, rows_ahead
from storage.tables import controls, reminders


class Reminders:
    """Reads and writes the steps that were told of. A step has its name, and the number of the clock's turn."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reminded = connection.memory(reminders)
        """number → every reminder, as ``of`` gives them"""
        self._controls = connection.memory(controls)
        """number → turn, step and curator"""

    async def ahead(self, numbers: Collection[int]) -> None:
        """Read at once what the clocks of these incidents said already, and who wants to hear no more of it."""
        said = (reminders.c.incident_id, reminders.c.turn, reminders.c.step, reminders.c.at, reminders.c.skipped)
        await rows_ahead(self._connection, self._reminded, numbers, *said, order=(reminders.c.at, reminders.c.turn))
        taken = (controls.c.incident_id, controls.c.turn, controls.c.step, controls.c.person_id)
        await rows_ahead(self._connection, self._controls, numbers, *taken)

    async def claim(self, number: int, turn: int, step: str, at: datetime, *, skipped: bool = False) -> bool:
        """This step of the clock is told of now. Returns False when it was before: then it is not told again."""
        key = {"incident_id": number, "turn": turn, "step": step}
        if number in self._reminded:
            if any(before[:2] == (turn, step) for before in self._reminded[number]):
                return False
            self._connection.add(reminders, key | {"at": at, "skipped": skipped})
            self._reminded[number].append((turn, step, at, skipped))
            return True
        return await insert_new(self._connection, reminders, key, {"at": at, "skipped": skipped})

    async def of(self, number: int) -> Sequence[tuple[int, str, datetime, bool]]:
        """Every reminder of an incident: the clock's turn, the step, when, and whether it was skipped."""
        if number in self._reminded:
            return list(self._reminded[number])
        statement = select(reminders.c.turn, reminders.c.step, reminders.c.at, reminders.c.skipped)
        rows = await self._connection.execute(statement.where(reminders.c.incident_id == number).order_by(reminders.c.at, reminders.c.turn))
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def control(self, number: int, turn: int, step: str, person: int, at: datetime) -> None:
        """A curator took this step of this clock under control."""
        key = {"incident_id": number, "turn": turn, "step": step, "person_id": person}
        await insert_new(self._connection, controls, key, {"at": at})

    async def controlled_by(self, number: int, turn: int, step: str) -> frozenset[int]:
        """The curators who do not want to hear of this step again."""
        if number in self._controls:
            return frozenset(person for *of, person in self._controls[number] if of == [turn, step])
        statement = select(controls.c.person_id).where(controls.c.incident_id == number, controls.c.turn == turn, controls.c.step == step)
        return frozenset((await self._connection.execute(statement)).scalars())
