"""Leases: which process receives and sends for an account, and until when; by the database's own clock, so machines' clocks do not matter.

Only on PostgreSQL. On SQLite there is one process, and ``storage.alone`` sees to that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Interval, and_, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import leases


class LeaseLost(Exception):
    """Another process does it now, or may at any moment: nothing of this may be written any more."""


@dataclass(slots=True)
class Lease:
    """What this process holds. One object for one term; whoever works under it looks at it, and its holder renews it."""

    name: str
    holder: str
    term: int
    good_until: float
    """By this process's own monotonic clock, and well before the database lets anybody else have it."""

    def is_good(self, monotonic: float) -> bool:
        """Whether a call to the platform may begin now."""
        return monotonic < self.good_until


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as the database has it."""

    holder: str
    runs: bool
    """False: whoever comes may take it."""
    over_for: timedelta
    """How long nobody has held it; negative while somebody does."""


class Leases:
    """Reads and writes leases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self, names: Collection[str]) -> Mapping[str, Held]:
        """Those of these leases that were ever taken."""
        over_for = func.clock_timestamp() - leases.c.until
        statement = select(leases.c.name, leases.c.holder, over_for.cast(Interval)).where(leases.c.name.in_(names))
        return {name: Held(holder, over < timedelta(0), over) for name, holder, over in await self._connection.execute(statement)}

    async def take(self, name: str, holder: str, lasts: timedelta) -> int:
        """Take a lease that nobody holds, or renew one's own. Returns its term; 0: another holds it."""
        until = func.clock_timestamp() + literal(lasts, Interval)
        statement = insert(leases).values(name=name, holder=holder, term=1, until=until)
        mine = leases.c.holder == holder
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            # Who renews too late, but before anybody else came, goes on: nothing has happened in between.
            set_={"holder": holder, "until": until, "term": case((mine, leases.c.term), else_=leases.c.term + 1)},
            where=mine | (leases.c.until <= func.clock_timestamp()),
        )
        return (await self._connection.execute(statement.returning(leases.c.term))).scalar() or 0

    async def release(self, lease: Lease) -> None:
        """Let another take it at once."""
        statement = update(leases).where(_is(lease)).values(holder="", until=func.clock_timestamp())
        await self._connection.execute(statement)

    async def check(self, lease: Lease, *, to_begin: bool = False) -> None:
        """Raise LeaseLost unless the lease is still this one's; nobody takes it over until this transaction ends.

        ``to_begin``: also when it ran out and nobody took it yet. What was begun under it may still be written down then.
        """
        statement = select(leases.c.until > func.clock_timestamp()).where(_is(lease)).with_for_update(read=True)
        runs = (await self._connection.execute(statement)).scalar()
        if runs is None or (to_begin and not runs):
            raise LeaseLost(lease.name)


def _is(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.term == lease.term)
