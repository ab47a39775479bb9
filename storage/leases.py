"""Leases: which process receives and sends for an account, and until when; by the database's own clock, so machines' clocks do not matter.

Only on PostgreSQL. On SQLite there is one process, and ``storage.alone`` sees to that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, and_, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import Instant, leases


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

    async def renew(self, names: Collection[str], holder: str, lasts: timedelta) -> Mapping[str, int]:
        """Have one's own leases last so long from now on. Returns their terms; what is missing another has taken.

        Who comes too late, but before anybody else did, goes on: nothing has happened in between.
        """
        statement = update(leases).where(leases.c.name.in_(names), leases.c.holder == holder).values(until=_in(lasts))
        rows = await self._connection.execute(statement.returning(leases.c.name, leases.c.term))
        return {row.name: row.term for row in rows}

    async def take(self, name: str, holder: str, lasts: timedelta) -> int:
        """Take a lease that nobody holds, or that is one's own. Returns its term; 0: another holds it, or is just looking at it."""
        fresh = insert(leases).values(name=name, holder=holder, term=1, until=_in(lasts)).on_conflict_do_nothing(index_elements=["name"])
        if term := (await self._connection.execute(fresh.returning(leases.c.term))).scalar():
            return int(term)
        mine = leases.c.holder == holder
        free = select(leases.c.term).where(leases.c.name == name, mine | (leases.c.until <= func.clock_timestamp()))
        if (await self._connection.execute(free.with_for_update(skip_locked=True))).scalar() is None:
            return 0
        values = {"holder": holder, "until": _in(lasts), "term": case((mine, leases.c.term), else_=leases.c.term + 1)}
        taken = update(leases).where(leases.c.name == name).values(values).returning(leases.c.term)
        return int((await self._connection.execute(taken)).scalar_one())

    async def release(self, lease: Lease) -> None:
        """Let another take it at once."""
        statement = update(leases).where(_is(lease)).values(holder="", until=func.clock_timestamp())
        await self._connection.execute(statement)

    async def check(self, lease: Lease, *, to_begin: bool = False) -> None:
        """Raise LeaseLost unless the lease is still this one's; nobody takes it over until this transaction ends.

        ``to_begin``: also when it ran out and nobody took it yet. What was begun under it may still be written down then.
        """
        statement = select(leases.c.until > func.clock_timestamp()).where(_is(lease))
        # FOR KEY SHARE stands in the way of who takes it over (FOR UPDATE), and not of who renews it (UPDATE of no key).
        runs = (await self._connection.execute(statement.with_for_update(read=True, key_share=True))).scalar()
        if runs is None or (to_begin and not runs):
            raise LeaseLost(lease.name)


def _in(lasts: timedelta) -> ColumnElement[datetime]:
    return func.clock_timestamp(type_=Instant) + literal(lasts, Interval)


def _is(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.term == lease.term)
