"""SQLite behind a thread: one trip to it for a statement, where aiosqlite makes four (for a cursor, the statement, its rows, the end)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import aiosqlite


def connect(database: str, **options: Any) -> Connection:
    """What SQLAlchemy calls for a connection (``async_creator_fn`` of its dialect for aiosqlite), not open yet."""
    connection = Connection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does it with those it makes itself
    return connection


class Connection(aiosqlite.Connection):
    """A connection whose statements are over when they return: none is left half read, with a lock that nobody lets go of."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy asks no more of a cursor than this
        return Cursor(self)


class Cursor:
    """One statement and all its rows. What SQLAlchemy calls a cursor (``AsyncIODBAPICursor`` in its connectors/asyncio.py)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, words: str, parameters: Sequence[Any] = ()) -> None:
        """Raises what sqlite3 raises."""
        await self._connection._execute(self._run, sqlite3.Cursor.execute, words, parameters)  # type: ignore[no-untyped-call]

    async def executemany(self, words: str, rows: Iterable[Sequence[Any]]) -> None:
        """Raises what sqlite3 raises."""
        await self._connection._execute(self._run, sqlite3.Cursor.executemany, words, rows)  # type: ignore[no-untyped-call]

    def _run(self, how: Any, words: str, parameters: Any) -> None:
        """In the connection's thread."""
        cursor = self._connection._conn.cursor()
        try:
            how(cursor, words, parameters)
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else ()
        finally:
            cursor.close()

    async def fetchall(self) -> Sequence[Any]:
        """Every row, once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """It is closed."""
