"""Backups: one file, always an SQLite database with our tables, whichever database it came from (docs/adr/0013)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.crash import crash_point
from storage.marks import BACKUP, Marks
from storage.migrate import revision
from storage.postgresql import open_engine
from storage.store import Store
from storage.tables import metadata

_AT_ONCE = 2000
"""Rows that are carried over in one step."""
PATIENCE = 120
"""Seconds to wait for a writer; it waits for us as long as the copy takes."""


class CannotBackUp(Exception):
    """No backup was made, and nothing is left of the attempt. Says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that lies safely on its disk."""

    file: Path
    size: int


async def back_up(store: Store, file: Path, at: datetime) -> Made:
    """Write everything as it is at one instant into a new file only its owner can read, beside the running house.

    Raises CannotBackUp, OSError (FileExistsError too), SQLAlchemyError.
    """
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        await asyncio.to_thread(_make_private, unfinished)
        if store.is_sqlite:
            await asyncio.to_thread(_from_sqlite, str(store.url.database), unfinished)
        else:
            await _from_postgresql(store, unfinished)
        size = await asyncio.to_thread(_finish, unfinished, file, at)
    finally:
        await asyncio.to_thread(_leave_nothing, unfinished)
    async with store.transaction("backup") as tx:
        await Marks(tx.connection).put(BACKUP, at, file.name)
    return Made(file, size)


def _make_private(file: Path) -> None:
    """It will hold everybody's words: nobody else may read it, not for a moment either."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _from_sqlite(source: str, file: Path) -> None:
    """One statement in one read transaction. What was erased is not in the copy, for it has no free pages."""
    try:
        connection = sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
    except sqlite3.Error as failure:
        raise CannotBackUp(type(failure).__name__) from failure
    try:
        connection.execute("VACUUM INTO ?", (str(file),))
    except sqlite3.Error as failure:
        raise CannotBackUp(str(failure)) from failure
    finally:
        connection.close()


async def _from_postgresql(store: Store, file: Path) -> None:
    """A snapshot of PostgreSQL, row by row; nobody waits for it."""
    found = await revision(store)
    target = _plain_engine(file)
    reading = open_engine(store.url, patient=True)
    try:
        await asyncio.to_thread(_make_tables, target, found)
        async with reading.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                for table in metadata.sorted_tables:
                    await _carry(connection, target, table)
    finally:
        target.dispose()
        await reading.dispose()


async def _carry(connection: AsyncConnection, target: Engine, table: Any) -> None:
    async with connection.stream(select(table)) as rows:
        async for part in rows.mappings().partitions(_AT_ONCE):
            await asyncio.to_thread(_write, target, table, [dict(row) for row in part])


def _write(target: Engine, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    with target.begin() as connection:
        connection.execute(insert(table), list(rows))


def _make_tables(target: Engine, found: str) -> None:
    """The tables as they are, and which migration that is."""
    metadata.create_all(target)
    with target.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:found)"), {"found": found})


def _plain_engine(file: Path) -> Engine:
    """A file that nobody else knows of yet: it is safe when it is complete, not at every step."""
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA foreign_keys=OFF")

    return engine


def _finish(file: Path, name: Path, at: datetime) -> int:
    """Write into it when it was made, see that it can be read, have it on the disk, and give it its name. Returns its size in bytes."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        if (said := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise CannotBackUp(said)
        connection.execute("DELETE FROM marks WHERE name = ?", (BACKUP,))
        instant = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute("INSERT INTO marks (name, at, value) VALUES (?, ?, ?)", (BACKUP, instant, name.name))
    except sqlite3.Error as failure:
        raise CannotBackUp(str(failure)) from failure
    finally:
        connection.close()
    _sync(file)
    crash_point("backup", "written")
    _name(file, name)
    _sync(name.parent)
    return name.stat().st_size


def _name(file: Path, name: Path) -> None:
    """Never over another one. Raises FileExistsError."""
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # a disk that does not know two names of one file, as sticks have it
        if name.exists():
            raise FileExistsError(17, "File exists", str(name)) from None
        file.rename(name)


def _leave_nothing(unfinished: Path) -> None:
    for file in (unfinished, Path(f"{unfinished}-journal")):
        file.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
