"""Puts a backup in the place of a database: all of it or nothing, and never over one that is in use."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Table, create_engine, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.alone import Alone
from storage.backup import BESIDE, leave_nothing, sync
from storage.crash import crash_point
from storage.migrate import scripts, upgrade
from storage.postgresql import open_engine
from storage.restored import Settled, settle
from storage.store import Store
from storage.tables import inbox, incidents, leases, metadata, outbox, people

_AT_ONCE = 2000
"""Rows that are carried over in one step."""
_OCCUPIED = (people, incidents, inbox, outbox)
"""A database with a row in one of these is somebody's."""
_COUNTED = [table for table in metadata.sorted_tables if "id" in table.c]


class CannotRestore(Exception):
    """Nothing was changed. ``why``: damaged, foreign, newer, occupied, running, or unsound (the copy that was prepared)."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why, self.detail = why, detail


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    settled: Settled
    put_aside: Path | None
    """Where the SQLite file lies now that was there before."""


async def restore(url: str, file: Path, at: datetime, *, force: bool) -> Restored:
    """Make the database at the address what the backup says, safe to run (``storage.restored``). The backup stays as it is.

    ``force``: also over a database that has something in it. Raises CannotRestore, OSError, SQLAlchemyError.
    """
    await asyncio.to_thread(examine, file)
    target = Store(url)
    try:
        if target.is_sqlite:
            return await _into_sqlite(Path(str(target.url.database)), file, at, force=force)
        return await _into_postgresql(target, file, at, force=force)
    finally:
        await target.close()


def examine(file: Path) -> None:
    """See that a file is a backup of ours that is whole, and not of a newer program. Raises CannotRestore, OSError."""
    with file.open("rb") as opened:
        if opened.read(16) != b"SQLite format 3\0":
            raise CannotRestore("foreign")
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        if (said := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise CannotRestore("damaged", str(said).splitlines()[0])
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            raise CannotRestore("damaged")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        marked = connection.execute("SELECT count(*) FROM marks").fetchone()
    except sqlite3.DatabaseError as failure:
        raise CannotRestore("foreign" if "no such table" in str(failure) else "damaged") from failure
    finally:
        connection.close()
    if not found or marked is None:
        raise CannotRestore("foreign")
    if found[0] not in {script.revision for script in ScriptDirectory.from_config(scripts()).walk_revisions()}:
        raise CannotRestore("newer", found[0])


async def _prepared(file: Path, copy: Path, at: datetime) -> Settled:
    """A copy of the backup, with the newest tables and safe to run. Raises CannotRestore when it did not come out whole."""
    await asyncio.to_thread(leave_nothing, copy)  # of a restore that was killed
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    await asyncio.to_thread(shutil.copyfile, file, copy)
    store = Store(f"sqlite+aiosqlite:///{copy}")
    try:
        await upgrade(store)
        async with store.transaction("restore") as tx:
            settled = await settle(tx, at)
    finally:
        await store.close()
    await asyncio.to_thread(_in_one_piece, copy)
    await asyncio.to_thread(_is_sound, copy)
    return settled


def _is_sound(copy: Path) -> None:
    """See that what is about to be put in place can be read to its end. Raises CannotRestore."""
    connection = sqlite3.connect(copy)
    try:
        said = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as failure:
        said = str(failure)
    finally:
        connection.close()
    if said != "ok":
        raise CannotRestore("unsound", said.splitlines()[-1])


# --- SQLite ------------------------------------------------------------------------------------------------------------


async def _into_sqlite(target: Path, file: Path, at: datetime, *, force: bool) -> Restored:
    target.parent.mkdir(parents=True, exist_ok=True)
    owner = await asyncio.to_thread(_owner, target)
    alone = Alone(target)  # raises NotAlone while the house runs
    copy = target.with_name(f".{target.name}.restoring")
    try:
        _give(alone.file, owner)
        occupied = await asyncio.to_thread(_is_occupied, target)
        if occupied and not force:
            raise CannotRestore("occupied")
        settled = await _prepared(file, copy, at)
        _give(copy, owner)
        crash_point("restore", "prepared")
        return Restored(settled, await asyncio.to_thread(_put_in_place, copy, target, f"before-restore-{at:%Y%m%d-%H%M%S}"))
    finally:
        await asyncio.to_thread(leave_nothing, copy)
        alone.close()


def _owner(target: Path) -> os.stat_result:
    """Whose the database is that is there, or its folder."""
    return (target if target.exists() else target.parent).stat()


def _give(file: Path, owner: os.stat_result) -> None:
    """Who restores is root perhaps, and the service is not: it could not open what is root's."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # Windows has no such thing
        os.chown(file, owner.st_uid, owner.st_gid)


def _put_in_place(copy: Path, target: Path, ending: str) -> Path | None:
    """In one step; at no time is there no database. Returns where the old one lies now."""
    aside = target.with_name(f"{target.name}.{ending}")
    was_there = target.exists()
    if was_there:
        _put_aside(target, aside)
    for journal in BESIDE:  # of a damaged file, or of one that somebody took away; SQLite would take it for the new one's
        if (beside := Path(f"{target}{journal}")).exists():
            beside.rename(f"{aside}{journal}")
    copy.replace(target)
    sync(target.parent)
    return aside if was_there else None


def _is_occupied(file: Path) -> bool:
    if not file.exists():
        return False
    connection = sqlite3.connect(file)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return any(connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() for table in _OCCUPIED if table.name in tables)
    except sqlite3.DatabaseError:
        return True  # whatever it is, it is not ours to throw away
    finally:
        connection.close()


def _put_aside(target: Path, aside: Path) -> None:
    """Under another name, while the file stays where it is until the new one takes its place."""
    _in_one_piece(target)
    try:
        aside.hardlink_to(target)
    except OSError:  # not every disk knows two names of one file
        shutil.copy2(target, aside)


def _in_one_piece(file: Path) -> None:
    """Without a journal beside it, and on the disk."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError:
        pass  # what is replaced may be damaged
    finally:
        connection.close()
    sync(file)


# --- PostgreSQL --------------------------------------------------------------------------------------------------------


async def _into_postgresql(target: Store, file: Path, at: datetime, *, force: bool) -> Restored:
    await upgrade(target)
    writing = open_engine(target.url, patient=True)
    with tempfile.TemporaryDirectory(prefix="sutki-restore-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            settled = await _prepared(file, copy, at)
            async with writing.connect() as connection, connection.begin():
                await connection.execute(text("LOCK TABLE incidents, inbox, outbox, leases IN ACCESS EXCLUSIVE MODE"))
                await _is_free(connection, force=force)
                await _fill(connection, copy)
                crash_point("restore", "prepared")
        finally:
            await writing.dispose()
    return Restored(settled, None)


async def _is_free(connection: AsyncConnection, *, force: bool) -> None:
    held = select(func.count()).select_from(leases).where(leases.c.until > func.clock_timestamp())
    if (await connection.execute(held)).scalar_one():
        raise CannotRestore("running")
    occupied = [(await connection.execute(select(1).select_from(table).limit(1))).first() for table in _OCCUPIED]
    if any(occupied) and not force:
        raise CannotRestore("occupied")


async def _fill(connection: AsyncConnection, copy: Path) -> None:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    await connection.execute(text(f"TRUNCATE {names}"))
    source = create_engine(f"sqlite:///{copy}", hide_parameters=True)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        with source.connect() as reading:
            for table in metadata.sorted_tables:
                for part in reading.execution_options(yield_per=_AT_ONCE).execute(select(table).order_by(*table.primary_key)).partitions():
                    # COPY: an INSERT for each row takes several times as long.
                    await driver.copy_records_to_table(table.name, records=_plain(table, part), columns=[column.name for column in table.c])
            given = {row[0]: row[1] for row in reading.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    finally:
        source.dispose()
    for table in _COUNTED:
        await _count_on(connection, table, given.get(table.name, 0))


def _plain(table: Table, rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """As the driver writes them: JSON as its text, in ASCII, for half a pair of surrogates cannot be written otherwise."""
    is_json = [isinstance(column.type, JSON) for column in table.c]
    return [
        tuple(json.dumps(value) if as_json and value is not None else value for value, as_json in zip(row, is_json, strict=True))
        for row in rows
    ]


async def _count_on(connection: AsyncConnection, table: Table, given: int) -> None:
    """The sequence goes on behind the highest id that was ever given."""
    highest: Any = (await connection.execute(select(func.max(table.c.id)))).scalar() or 0
    sequence = func.pg_get_serial_sequence(table.name, "id")
    await connection.execute(select(func.setval(sequence, max(highest, given, 1))))
