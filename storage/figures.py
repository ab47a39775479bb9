"""How the house stands in figures: what waits, since when, and what a person should look at. Every question has an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from incidents.incident import Status, Timer
from storage.inbox import DEAD, NEW
from storage.incidents import OPEN
from storage.marks import BACKUP, Marks
from storage.posts import FAILED, QUEUED, SENDING, UNCERTAIN, Purpose
from storage.sql import constant, is_one_of
from storage.tables import inbox, incidents, outbox, regions

OWED = (Timer.FIRST_ANSWER, Timer.PROMISE, Timer.REWORK)
"""The clocks at whose end an answer is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is stored at one instant."""

    inbox_waiting: int = 0
    """Updates that could be handled now."""
    inbox_since: datetime | None = None
    """Since when the longest waiting of them could be."""
    dead: int = 0
    dead_since: datetime | None = None
    outbox: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(account, state) → rows; of the states that are not the end: queued, sending, failed, uncertain."""
    outbox_since: Mapping[str, datetime] = field(default_factory=dict)
    """Account → since when its longest waiting message could have been sent."""
    unsettled: int = 0
    """Answers to citizens that failed, or of which nobody knows whether they arrived, about incidents that are not closed."""
    unsettled_since: datetime | None = None
    wake_at: datetime | None = None
    """The earliest instant at which the clock has, or had, something to do."""
    backup_at: datetime | None = None
    """When the last backup was made; when the first region file was loaded, while there was none."""
    backups: bool = False
    """Whether there ever was a backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is counted over many rows, and therefore not at every look."""

    incidents_open: int = 0
    incidents_overdue: int = 0
    database_bytes: int = 0


class Counter:
    """Counts, and changes nothing."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def figures(self, now: datetime) -> Figures:
        """What needs no counting of more rows than wait."""
        waiting, since = await self._inbox(now)
        buried = inbox.c.state == constant(DEAD)
        dead = await self._one(select(func.count(), func.min(inbox.c.handled_at)).where(buried))
        unsettled = await self._one(
            select(func.count(), func.min(outbox.c.created_at))
            .join(incidents, incidents.c.id == outbox.c.incident_id)
            .where(
                _outbox_in(QUEUED, SENDING, FAILED, UNCERTAIN),
                outbox.c.state.in_((FAILED, UNCERTAIN)),
                outbox.c.purpose == Purpose.ANSWER,
                incidents.c.status != Status.CLOSED,
            )
        )
        marks = Marks(self._connection)
        backup = await marks.get(BACKUP)
        born = None if backup else (await self._one(select(func.min(regions.c.loaded_at))))[0]
        return Figures(
            inbox_waiting=waiting,
            inbox_since=since,
            dead=dead[0],
            dead_since=dead[1],
            outbox=await self._outbox(),
            outbox_since=await self._outbox_since(now),
            unsettled=unsettled[0],
            unsettled_since=unsettled[1],
            wake_at=(await self._one(select(func.min(incidents.c.wake_at)).where(incidents.c.wake_at.is_not(None))))[0],
            backup_at=backup.at if backup else born,
            backups=backup is not None,
        )

    async def totals(self, now: datetime) -> Totals:
        """What is counted over all open incidents."""
        clock = is_one_of(incidents.c.timer, *OWED)
        overdue = select(func.count()).where(clock, incidents.c.due_at <= now, incidents.c.status.in_(OPEN))
        size = (
            text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            if self._connection.dialect.name == "sqlite"
            else text("SELECT pg_database_size(current_database())")
        )
        return Totals(
            incidents_open=(await self._one(select(func.count()).where(incidents.c.wake_at.is_not(None))))[0],
            incidents_overdue=(await self._one(overdue))[0],
            database_bytes=(await self._one(size))[0],
        )

    async def _inbox(self, now: datetime) -> tuple[int, datetime | None]:
        due = or_(inbox.c.handle_after.is_(None), inbox.c.handle_after <= now)
        since = func.coalesce(inbox.c.handle_after, inbox.c.received_at)
        new = inbox.c.state == constant(NEW)
        row = await self._one(select(func.count(), func.min(since, type_=inbox.c.received_at.type)).where(new, due))
        return row[0], row[1]

    async def _outbox(self) -> Mapping[tuple[str, str], int]:
        statement = (
            select(outbox.c.account, outbox.c.state, func.count())
            .where(_outbox_in(QUEUED, SENDING, FAILED, UNCERTAIN))
            .group_by(outbox.c.account, outbox.c.state)
        )
        return {(row[0], row[1]): row[2] for row in await self._connection.execute(statement)}

    async def _outbox_since(self, now: datetime) -> Mapping[str, datetime]:
        """What was tried and put off counts from its first try: a message that is put off for ever is stuck too."""
        waits = and_(_outbox_in(QUEUED, SENDING), or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now, outbox.c.attempts > 0))
        statement = select(outbox.c.account, func.min(outbox.c.created_at)).where(waits).group_by(outbox.c.account)
        return {row[0]: row[1] for row in await self._connection.execute(statement)}

    async def _one(self, statement: Any) -> Any:
        return (await self._connection.execute(statement)).one()


def oldest(figures: Figures) -> datetime | None:
    """Since when the longest waiting message of any account waits."""
    return min(figures.outbox_since.values(), default=None)


def _outbox_in(*states: str) -> Any:
    """The states written into the statement, so that SQLite sees that a partial index will do (storage/tables.py)."""
    return is_one_of(outbox.c.state, *states)


def late(figures: Figures, now: datetime) -> timedelta:
    """How late the clock is: by how much the earliest thing it has to do lies in the past."""
    return max(now - figures.wake_at, timedelta()) if figures.wake_at else timedelta()
