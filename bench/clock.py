"""One tick of the clock beside 10,000 and beside 1,000,000 open incidents: with nothing due, and with 1,000 due.

Sleeping incidents are put in by SQL; the thousand that fall due were reported, and have their cards and receipts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update

from bench.databases import Make, each_kind
from bench.figures import Figure
from bench.reports import START, Desk, updates
from scheduler.deadlines import tick
from storage.tables import incidents, keyboards, outbox, reminders

FEW, MANY, DUE = 10_000, 1_000_000, 1_000
IDLE, ROUNDS = 200, 5
"""Ticks with nothing due, and with a thousand due, each beside few and beside many by turns."""
CHUNK = 50_000
"""Incidents that are put in at once."""
LATER = START + timedelta(days=30)
"""When the sleeping ones would wake, and after that."""
TARGETS = {"SQLite": (1.2, 2.5), "PostgreSQL": (1.2, 1.3)}
"""Times longer beside many: with nothing due, with a thousand due."""


@dataclass(slots=True)
class House:
    """A desk with so many open incidents, of which a thousand fall due at ``due``."""

    desk: Desk
    wakes: Sequence[tuple[int, datetime]] = ()
    due: datetime = START
    row: int = 0
    """The newest row of the outbox before anything fell due."""

    async def fill(self, size: int) -> None:
        """Put in all that sleep, then report those that fall due."""
        await self.desk.open()
        await self.desk.take(updates(1, 1))
        async with self.desk.store.transaction() as tx:
            await tx.connection.execute(update(incidents).values(wake_at=LATER, due_at=LATER))
        have = 1
        while more := min(have, CHUNK, size - DUE - have):
            copied = select(*(column + have if column.name == "id" else column for column in incidents.c)).where(incidents.c.id <= more)
            async with self.desk.store.transaction() as tx:
                await tx.connection.execute(insert(incidents).from_select([column.name for column in incidents.c], copied))
            have += more
        async with self.desk.store.transaction() as tx:
            if not self.desk.store.is_sqlite:
                await tx.connection.execute(text("SELECT setval(pg_get_serial_sequence('incidents', 'id'), max(id)) FROM incidents"))
            await tx.connection.execute(text("ANALYZE"))  # what a database does by itself, in time
        await self.desk.take(updates(DUE + 1, DUE + 1)[1:])
        async with self.desk.store.transaction() as tx:
            chosen = select(incidents.c.id, incidents.c.wake_at).where(incidents.c.wake_at < LATER)
            self.wakes = [(row.id, row.wake_at) for row in await tx.connection.execute(chosen)]
            self.row = (await tx.connection.execute(select(func.max(outbox.c.id)))).scalar_one()
        if len(self.wakes) != DUE:
            raise RuntimeError(f"{len(self.wakes)} of {DUE} fall due")
        self.due = max(wake for _, wake in self.wakes)

    async def again(self) -> None:
        """As it stood before anything fell due."""
        async with self.desk.store.transaction() as tx:
            connection: Any = tx.connection
            await connection.execute(delete(reminders))
            await connection.execute(delete(outbox).where(outbox.c.id > self.row))
            await connection.execute(delete(keyboards).where(keyboards.c.made_at >= self.due))
            for wake in {wake for _, wake in self.wakes}:
                numbers = [number for number, at in self.wakes if at == wake]
                await connection.execute(update(incidents).where(incidents.c.id.in_(numbers)).values(wake_at=wake))

    async def tick(self, now: datetime, expected: int) -> float:
        """Seconds that one tick took."""
        began = time.perf_counter()
        woken = await tick(self.desk.store, self.desk.office, lambda: now)
        seconds = time.perf_counter() - began
        if woken != expected:
            raise RuntimeError(f"{woken} of {expected} woke")
        return seconds


async def measure(kind: str, make: Make) -> Sequence[Figure]:
    """Both ratios on one kind of database."""
    houses = [House(Desk(await make())) for _ in (FEW, MANY)]
    for house, size in zip(houses, (FEW, MANY), strict=True):
        await house.fill(size)
    idle: list[list[float]] = [[], []]
    for _ in range(IDLE):
        for house, seconds in zip(houses, idle, strict=True):
            seconds.append(await house.tick(START, 0))
    busy: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for house, seconds in zip(houses, busy, strict=True):
            await house.again()
            seconds.append(await house.tick(house.due, DUE))
    for house in houses:
        await house.desk.close()
    return [
        Figure(
            f"(d) a tick with {what} on {kind}, beside 1,000,000 open incidents ÷ beside 10,000",
            median(many) / median(few),
            target,
            at_least=False,
            said=f"{median(many) * 1000:.2f} ms ÷ {median(few) * 1000:.2f} ms, medians of {len(few)} ticks each, by turns",
        )
        for what, (few, many), target in zip(("nothing due", "1,000 due"), (idle, busy), TARGETS[kind], strict=True)
    ]


async def main() -> None:
    """Print the figures."""
    async with each_kind() as kinds:
        for kind, make in kinds.items():
            for figure in await measure(kind, make):
                print(figure, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
