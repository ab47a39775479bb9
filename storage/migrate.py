"""Brings a database to the tables this program knows, by Alembic; also makes new migrations (``python -m storage.migrate``).

Alembic is imported where it has something to do: almost every start finds the tables as they should be.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.crash import crash_point
from storage.postgresql import open_engine
from storage.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x53757469  # any number that is ours among the advisory locks of one database


class Broken(Exception):
    """A migration left rows behind that refer to nothing. It was rolled back."""


class Newer(Exception):
    """The database has the tables of a newer program, at a migration that this one does not have. Nothing was changed."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


async def upgrade(store: Store) -> None:
    """Bring the database to the newest tables, in one transaction. Processes that start together take turns. Raises Newer, Broken."""
    if await is_current(store):
        return
    if store.is_sqlite:
        async with store.engine.connect() as connection:
            await _upgrade_sqlite(connection)
    else:
        await _upgrade_postgresql(store)
    crash_point("migrate", "committed")


async def is_current(store: Store) -> bool:
    """Whether the database has exactly the tables this program knows."""
    return await revision(store) == newest()


def newest() -> str:
    """The migration that makes the tables this program knows."""
    return max(_migrations())


def _migrations() -> set[str]:
    return {script.name.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*.py")}


async def revision(store: Store) -> str:
    """The migration the database is at; empty before the first."""
    async with store.engine.connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


async def _upgrade_postgresql(store: Store) -> None:
    engine = open_engine(store.url, patient=True)  # it takes as long as the tables are large, and others wait for it
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


async def _upgrade_sqlite(connection: AsyncConnection) -> None:
    # A table that is copied and dropped takes the rows that refer to it along, unless foreign keys are off; and they can
    # be switched only outside a transaction.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys=OFF")
    try:
        async with connection.begin():
            await connection.run_sync(_run)
            if lost := (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().all():
                raise Broken(", ".join(sorted({f"{row['table']} → {row['parent']}" for row in lost})))
    finally:
        await driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection) -> None:
    from alembic import command

    if (found := _revision(connection)) not in {"", *_migrations()}:
        raise Newer(found)
    command.upgrade(scripts(connection), "head")
    crash_point("migrate", "before_commit")


def scripts(connection: Connection | None = None) -> Config:
    """Where our migrations are, for Alembic."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _write(what: str) -> None:
    """Write the migration from what the newest one makes to what ``storage.tables`` says now."""
    from alembic import command

    number = f"{len(list((_SCRIPTS / 'versions').glob('*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite+aiosqlite:///{folder}/fresh.db")
        try:
            await upgrade(store)
            async with store.engine.connect() as connection:
                await connection.run_sync(lambda plain: command.revision(scripts(plain), what, autogenerate=True, rev_id=number))
        finally:
            await store.close()


if __name__ == "__main__":
    # python -m storage.migrate "what changes" && ruff format storage/migrations && ruff check --fix storage/migrations
    # Then read what it wrote. To make 0001 anew, while nobody has a database yet: delete it first and say "the first tables".
    asyncio.run(_write(" ".join(sys.argv[1:]) or "change the tables"))
