"""Backups: one file, always an SQLite database with our tables, whichever database it came from (docs/adr/0013)."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine, text

from storage.crash import crash_point
from storage.marks import BACKUP, Marks
from storage.migrate import revision
from storage.postgresql import open_engine
from storage.store import Store
from storage.tables import metadata

_AT_ONCE = 2000
"""Rows that are carried over in one step."""
BESIDE = ("-journal", "-wal", "-shm")
"""How the names of the files end that SQLite keeps beside a database: who opens it next has what they say put into it."""
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
        await asyncio.to_thread(_make_private, unfinished, file)
        if store.is_sqlite:
            await asyncio.to_thread(_from_sqlite, str(store.url.database), unfinished)
        else:
            await _from_postgresql(store, unfinished)
        size = await asyncio.to_thread(_finish, unfinished, file, at)
    finally:
        await asyncio.to_thread(leave_nothing, unfinished)
    async with store.transaction("backup") as tx:
        await Marks(tx.connection).put(BACKUP, at, file.name)
    return Made(file, size)


def _make_private(file: Path, name: Path) -> None:
    """It will hold everybody's words: nobody else may read it, not for a moment either. Raises FileExistsError before any work is done."""
    if name.exists():
        raise FileExistsError(17, "File exists", str(name))
    leave_nothing(file)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _from_sqlite(source: str, file: Path) -> None:
    """One statement in one read transaction. What was erased is not in the copy, for it has no free pages."""
    try:
        connection = sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
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
    await asyncio.to_thread(_make_tables, file, await revision(store))
    target = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    # Nobody else knows of the file yet: it is safe when it is complete, not at every step.
    for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "foreign_keys=OFF"):
        target.execute(f"PRAGMA {pragma}")
    reading = open_engine(store.url, patient=True)
    try:
        async with reading.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                await connection.execute(text("SELECT 1"))  # it begins with the first statement
                driver: Any = (await connection.get_raw_connection()).driver_connection
                for table in metadata.sorted_tables:
                    await _carry(driver, target, table)
    finally:
        target.close()
        await reading.dispose()


async def _carry(driver: Any, target: sqlite3.Connection, table: Table) -> None:
    """By the drivers themselves: SQLAlchemy would take several times as long."""
    columns = ", ".join(f'"{column.name}"' for column in table.c)
    into = f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(table.c))})"
    cursor = await driver.cursor(f"SELECT {columns} FROM {table.name}")
    while part := await cursor.fetch(_AT_ONCE):
        await asyncio.to_thread(_write, target, into, part)


def _write(target: sqlite3.Connection, into: str, rows: Iterable[Iterable[Any]]) -> None:
    target.execute("BEGIN")
    target.executemany(into, [tuple(_as_sqlite(value) for value in row) for row in rows])
    target.execute("COMMIT")


def _as_sqlite(value: Any) -> Any:
    """An instant as ``storage.tables.Instant`` keeps it there, JSON as its text, in ASCII as everywhere; the rest is the same in both."""
    if isinstance(value, datetime):
        return _instant(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _make_tables(file: Path, found: str) -> None:
    """The tables as they are, and which migration that is."""
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)
    try:
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:found)"), {"found": found})
    finally:
        engine.dispose()


def _finish(file: Path, name: Path, at: datetime) -> int:
    """Write into it when it was made, see that it can be read, have it on the disk, and give it its name. Returns its size in bytes."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        if (said := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise CannotBackUp(said)
        connection.execute("DELETE FROM marks WHERE name = ?", (BACKUP,))
        connection.execute("INSERT INTO marks (name, at, value) VALUES (?, ?, ?)", (BACKUP, _instant(at), name.name))
    except sqlite3.Error as failure:
        raise CannotBackUp(str(failure)) from failure
    finally:
        connection.close()
    sync(file)
    crash_point("backup", "written")
    _name(file, name)
    sync(name.parent)
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


def leave_nothing(unfinished: Path) -> None:
    """Of a copy that is not finished. What SQLite keeps beside it goes first: it would be taken for that of the next copy."""
    for ending in (*BESIDE, ""):
        Path(f"{unfinished}{ending}").unlink(missing_ok=True)


def sync(path: Path) -> None:
    """What was written to a file, or which files a folder has, outlives the machine from now on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
