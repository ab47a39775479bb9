"""(d) One tick of the clock: beside how many open incidents it stands costs nothing, and of a thousand due the writing is what costs.

Beside 1,000, 10,000 and 1,000,000 open incidents with nothing due; beside 10,000 and 1,000,000 with 1,000 due; that tick beside the bare
writing of the very rows it wrote; and how late the last of the thousand is. Sleeping incidents are put in by SQL; the thousand that
fall due were reported, and have their cards and receipts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.databases import Make, each_kind
from bench.figures import Figure
from bench.reports import START, Desk, updates
from scheduler.deadlines import GROUP, tick
from scheduler.jobs import TICK
from storage.tables import incidents, keyboards, outbox, reminders

FEWEST, FEW, MANY, DUE = 1_000, 10_000, 1_000_000, 1_000
IDLE, ROUNDS = 200, 5
"""Ticks with nothing due, and with a thousand due, each beside few and beside many by turns."""
CHUNK = 50_000
"""Incidents that are put in at once."""
LATER = START + timedelta(days=30)
"""When the sleeping ones would wake, and after that."""
TARGETS = {"SQLite": 2.5, "PostgreSQL": 1.3}
"""Times longer beside 1,000,000 than beside 10,000, with a thousand due."""
NOTHING_DUE = {FEWEST: 1.5, FEW: 1.2}
"""Times longer beside 1,000,000 than beside so many, with nothing due."""
WRITING = 2.0
"""Times the bare writing of its rows that a tick may take: with more, it is not the writing that it is made of."""
LATE = 2.0
"""Seconds that the last of a thousand may be late."""


@dataclass(slots=True)
class House:
    """A desk with so many open incidents, of which some fall due at ``due``."""

    desk: Desk
    wakes: Sequence[tuple[int, datetime]] = ()
    due: datetime = START
    row: int = 0
    """The newest row of the outbox before anything fell due."""

    async def fill(self, size: int, due: int) -> None:
        """Put in all that sleep, then report those that fall due."""
        await self.desk.open()
        await self.desk.take(updates(1, 1))
        async with self.desk.store.transaction() as tx:
            await tx.connection.execute(update(incidents).values(wake_at=LATER, due_at=LATER))
        have = 1
        while more := min(have, CHUNK, size - due - have):
            copied = select(*(column + have if column.name == "id" else column for column in incidents.c)).where(incidents.c.id <= more)
            async with self.desk.store.transaction() as tx:
                await tx.connection.execute(insert(incidents).from_select([column.name for column in incidents.c], copied))
            have += more
        async with self.desk.store.transaction() as tx:
            if not self.desk.store.is_sqlite:
                await tx.connection.execute(text("SELECT setval(pg_get_serial_sequence('incidents', 'id'), max(id)) FROM incidents"))
            await tx.connection.execute(text("ANALYZE"))  # what a database does by itself, in time
        await self.desk.take(updates(due + 1, due + 1)[1:])
        async with self.desk.store.transaction() as tx:
            chosen = select(incidents.c.id, incidents.c.wake_at).where(incidents.c.wake_at < LATER)
            self.wakes = [(row.id, row.wake_at) for row in await tx.connection.execute(chosen)]
            self.row = (await tx.connection.execute(select(func.max(outbox.c.id)))).scalar_one()
        if len(self.wakes) != due:
            raise RuntimeError(f"{len(self.wakes)} of {due} fall due")
        self.due = max((wake for _, wake in self.wakes), default=START)

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

    async def written(self) -> Sequence[Written]:
        """The rows that the last tick wrote, in the groups that it wrote them in."""
        numbers = [number for number, _ in self.wakes]
        async with self.desk.store.transaction() as tx:
            connection: Any = tx.connection

            async def rows(statement: Any) -> Sequence[Mapping[str, Any]]:
                return [dict(row._mapping) for row in await connection.execute(statement)]

            awake = await rows(select(incidents).where(incidents.c.id.in_(numbers)))
            made = {
                reminders: await rows(select(reminders)),
                keyboards: await rows(select(keyboards).where(keyboards.c.made_at >= self.due)),
                outbox: await rows(select(outbox).where(outbox.c.id > self.row)),
            }
        groups = [{row["id"] for row in awake[at : at + GROUP]} for at in range(0, len(awake), GROUP)]
        return [
            Written(
                [{**row, "number": row["id"]} for row in awake if row["id"] in group],
                {table: [row for row in all_ if row["incident_id"] in group] for table, all_ in made.items()},
            )
            for group in groups
        ]

    async def write(self, groups: Sequence[Written]) -> float:
        """Seconds that it takes to write these rows and nothing else, in as many transactions."""
        began = time.perf_counter()
        for group in groups:
            async with self.desk.store.engine.connect() as connection:
                await group.write(connection)
                await connection.commit()
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction of a tick wrote: the incidents it woke, and new rows by their tables."""

    awake: Sequence[Mapping[str, Any]]
    made: Mapping[Any, Sequence[Mapping[str, Any]]]

    async def write(self, connection: AsyncConnection) -> None:
        """The same rows once more, by the shortest way there is: many of a table in one statement."""
        for table, rows in self.made.items():
            if rows:
                await connection.execute(insert(table), list(rows))
        changed = update(incidents).where(incidents.c.id == bindparam("number"))
        await connection.execute(changed, [{name: row[name] for name in row if name != "id"} for row in self.awake])


async def measure(kind: str, make: Make) -> Sequence[Figure]:
    """All ratios on one kind of database."""
    houses = {size: House(Desk(await make())) for size in (FEWEST, FEW, MANY)}
    for size, house in houses.items():
        await house.fill(size, 0 if size == FEWEST else DUE)
    idle: dict[int, list[float]] = {size: [] for size in houses}
    for _ in range(IDLE):
        for size, house in houses.items():
            idle[size].append(await house.tick(START, 0))
    busy: dict[int, list[float]] = {FEW: [], MANY: []}
    bare: list[float] = []
    for _ in range(ROUNDS):
        for size, seconds in busy.items():
            await houses[size].again()
            seconds.append(await houses[size].tick(houses[size].due, DUE))
        groups = await houses[MANY].written()
        await houses[MANY].again()
        bare.append(await houses[MANY].write(groups))
    for house in houses.values():
        await house.desk.close()
    return _figures(kind, {size: median(all_) for size, all_ in idle.items()}, {size: median(all_) for size, all_ in busy.items()}, bare)


def _figures(kind: str, idle: Mapping[int, float], busy: Mapping[int, float], bare: Sequence[float]) -> Sequence[Figure]:
    def beside(few: int, what: str, medians: Mapping[int, float], count: int, target: float) -> Figure:
        said = f"{medians[MANY] * 1000:.2f} ms ÷ {medians[few] * 1000:.2f} ms, medians of {count} ticks each, by turns"
        claim = f"(d) a tick with {what} on {kind}, beside {MANY:,} open incidents ÷ beside {few:,}"
        return Figure(claim, medians[MANY] / medians[few], target, at_least=False, said=said)

    writing = median(bare)
    rows = f"{busy[MANY]:.2f} s ÷ {writing:.2f} s for the same rows by bare executemany in as many transactions, by turns"
    return [
        *(beside(few, "nothing due", idle, IDLE, target) for few, target in NOTHING_DUE.items()),
        beside(FEW, f"{DUE:,} due", busy, ROUNDS, TARGETS[kind]),
        Figure(
            f"(d) a tick with {DUE:,} due on {kind} ÷ the bare writing of its rows",
            busy[MANY] / writing,
            WRITING,
            at_least=False,
            said=rows,
        ),
        Figure(
            f"(d) lateness of the last of {DUE:,} due at once on {kind}, s",
            busy[MANY] + TICK,
            LATE,
            at_least=False,
            said=f"{TICK:g} s until the clock looks, at most, and {busy[MANY]:.2f} s until all are written, beside {MANY:,} open incidents",
        ),
    ]


async def main() -> None:
    """Print the figures."""
    async with each_kind() as kinds:
        for kind, make in kinds.items():
            for figure in await measure(kind, make):
                print(figure, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
