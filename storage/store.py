"""Opens the database and every transaction on it; nothing else does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage import trips
from storage.accounts import Accounts
from storage.agendas import Agendas
from storage.answers import Answers
from storage.chats import Chats
from storage.connection import Connection, to_its_end
from storage.conversations import Conversations
from storage.crash import crash_point
from storage.digests import Digests
from storage.inbox import Inbox
from storage.incidents import Incidents
from storage.leases import Leases
from storage.outbox import Outbox
from storage.people import People
from storage.postgresql import open_engine
from storage.regions import Regions
from storage.reminders import Reminders
from storage.staffing import Staffing
from storage.timeline import Timeline

# https://sqlite.org/wal.html#walresetbug: with two or more connections a WAL file could be reset while it was read.
_WAL_IS_SOUND = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def wal_is_sound(version: tuple[int, ...]) -> bool:
    """Whether this SQLite may use a write-ahead log with several connections."""
    if version >= _WAL_IS_SOUND[2]:
        return True
    return any(version[:2] == fixed[:2] and version >= fixed for fixed in _WAL_IS_SOUND)


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction: the gateways to everything stored."""

    connection: Connection
    accounts: Accounts
    agendas: Agendas
    answers: Answers
    chats: Chats
    conversations: Conversations
    digests: Digests
    incidents: Incidents
    inbox: Inbox
    leases: Leases
    outbox: Outbox
    people: People
    regions: Regions
    reminders: Reminders
    staffing: Staffing
    timeline: Timeline


class Store:
    """The database, on SQLite or PostgreSQL by its URL."""

    def __init__(self, url: str) -> None:
        self.url: URL = make_url(url)
        self._spare: dict[str, list[int]] = {}
        self.engine: AsyncEngine = _sqlite(self.url) if self.url.get_backend_name() == "sqlite" else open_engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def transaction(self, name: str = "reading") -> AsyncIterator[Tx]:
        """One transaction: committed when the block ends well, rolled back when it raises. ``name``: what its crash points are called.

        A cancellation waits for the statement, or the commit, that is under way; it never leaves one half done.
        """
        connection = Connection(self.engine, spare=self._spare)
        try:
            await to_its_end(connection.start())
            await to_its_end(connection.begin())
            try:
                yield gateways(connection)
                await connection.settle()
            except BaseException:
                self._spare.clear()  # taken in a transaction that never was: after a failover they may be given again
                await to_its_end(connection.rollback())
                raise
            crash_point(name, "before_commit")
            try:
                await to_its_end(connection.commit())
            except BaseException as problem:
                if isinstance(problem, asyncio.CancelledError) and problem.__cause__ is None:
                    raise  # it came after the commit
                self._spare.clear()
                # SQLite stays inside a transaction whose commit failed (the file was locked): not for the next one to stumble over.
                await to_its_end(connection.invalidate())
                raise
            crash_point(name, "committed")
        finally:
            if connection.sync_connection is not None:  # it did come to a connection
                await to_its_end(connection.close())

    async def close(self) -> None:
        """Let go of every connection."""
        await self.engine.dispose()


def gateways(connection: Connection) -> Tx:
    """All gateways over one connection."""
    return Tx(
        connection=connection,
        accounts=Accounts(connection),
        agendas=Agendas(connection),
        answers=Answers(connection),
        chats=Chats(connection),
        conversations=Conversations(connection),
        digests=Digests(connection),
        incidents=Incidents(connection),
        inbox=Inbox(connection),
        leases=Leases(connection),
        outbox=Outbox(connection),
        people=People(connection),
        regions=Regions(connection),
        reminders=Reminders(connection),
        staffing=Staffing(connection),
        timeline=Timeline(connection),
    )


# Parameters are hidden everywhere: an error's text goes to the log, and a citizen's words must not.


def _sqlite(url: URL) -> AsyncEngine:
    """One connection and one writer; every transaction takes the write lock at its beginning, so a read is never stale."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=120,
        connect_args={"timeout": 30, "async_creator_fn": trips.connect},
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver would begin its own transactions, and none at all before a SELECT: ten takes, ten winners.
        connection.isolation_level = None
        cursor = connection.cursor()
        journal = "WAL" if wal_is_sound(sqlite3.sqlite_version_info) else "DELETE"
        for pragma in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begins(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
