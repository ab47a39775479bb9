"""The migrations make just the tables that storage.tables describes, whoever runs them and however often."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bots.channel import Address, Reply
from storage import migrate
from storage.posts import Post
from storage.store import Store
from storage.tables import metadata
from tests import postgresql
from tests.storage.given import NOON

_CATALOGUE = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version'",
    "postgresql": """
        SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        UNION ALL
        SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
        UNION ALL
        SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    """,
}


async def _catalogue(store: Store) -> set[tuple[str, str, tuple[str, ...]]]:
    async with store.transaction() as tx:
        rows = await tx.connection.execute(text(_CATALOGUE[store.engine.dialect.name]))
        return {(row[0], row[1], _parts(row[2])) for row in rows}


def _parts(definition: str | None) -> tuple[str, ...]:
    """A definition without what means nothing: the order and the ends of its lines, the quotes of a renamed table."""
    lines = (definition or "").removesuffix(")").replace(", ", "\n").splitlines()
    return tuple(sorted(part for line in lines if (part := line.strip(" \t,").replace('"', ""))))


def _differences(connection: Connection) -> list[object]:
    # Of SQLite's defaults Alembic thinks that '' is not ''; the next test compares them.
    options = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_alembic_finds_nothing_left_to_do(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.connection.run_sync(_differences) == []


async def test_every_column_constraint_and_index_is_as_in_the_tables(store: Store) -> None:
    """Alembic itself does not look at primary keys or the condition of a partial index."""
    migrated = await _catalogue(store)
    async with store.transaction() as tx:
        await tx.connection.run_sync(metadata.drop_all)
        await tx.connection.run_sync(metadata.create_all)
    assert migrated == await _catalogue(store)


async def test_a_migrated_database_is_current_and_stays_as_it_is(store: Store) -> None:
    assert await migrate.is_current(store)
    async with store.transaction() as tx:
        await tx.regions.loaded("region", NOON)
    await migrate.upgrade(store)
    async with store.transaction() as tx:
        assert await tx.regions.current() == "region"


async def test_a_fresh_database_has_no_revision_until_it_is_upgraded(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'fresh.db'}")
    assert (await migrate.revision(store), await migrate.is_current(store)) == ("", False)
    await migrate.upgrade(store)
    assert await migrate.revision(store) >= "0001"
    assert await migrate.is_current(store)
    await store.close()


async def test_a_path_with_a_per_cent_sign(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / '100 %d' / 'fresh.db'}")
    await migrate.upgrade(store)
    await store.close()


async def test_processes_that_start_together_do_not_collide_on_sqlite(tmp_path: Path) -> None:
    await _start_together(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")


async def test_processes_that_start_together_do_not_collide_on_postgresql(postgresql_server: postgresql.Server) -> None:
    await postgresql_server.create("fresh")
    await _start_together(postgresql_server.url("fresh"))
    await postgresql_server.drop("fresh")


async def _start_together(url: str) -> None:
    stores = [Store(url) for _ in range(4)]
    await asyncio.gather(*(migrate.upgrade(store) for store in stores))
    assert all([await migrate.is_current(store) for store in stores])
    await asyncio.gather(*(store.close() for store in stores))


async def test_foreign_keys_are_off_while_a_migration_runs_and_on_again_after(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(migrate, "newest", lambda: "9999")  # there is something to do
    monkeypatch.setattr(migrate, "_run", lambda plain: seen.append(plain.exec_driver_sql("PRAGMA foreign_keys").scalar()))
    await migrate.upgrade(sqlite_store)
    async with sqlite_store.transaction() as tx:
        seen.append((await tx.connection.execute(text("PRAGMA foreign_keys"))).scalar())
    assert seen == [0, 1]


async def test_a_table_that_is_copied_keeps_the_rows_that_refer_to_it(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.people.meet("vk/biysk", "1", "Анна", "ru", NOON)

    def copies(plain: Connection) -> None:
        plain.exec_driver_sql("CREATE TABLE copy AS SELECT * FROM people")
        plain.exec_driver_sql("DROP TABLE people")
        plain.exec_driver_sql("ALTER TABLE copy RENAME TO people")

    monkeypatch.setattr(migrate, "newest", lambda: "9999")  # there is something to do
    monkeypatch.setattr(migrate, "_run", copies)
    # SQLite calls this a mismatch, because the copy lost its primary key: reason enough to refuse the migration as a whole.
    with pytest.raises(Exception, match="foreign key mismatch"):
        await migrate.upgrade(sqlite_store)
    async with sqlite_store.transaction() as tx:
        assert await tx.people.known("vk/biysk", "1") is not None


async def test_what_was_there_before_the_outbox_was_made_anew_is_there_after(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'older.db'}")
    rows = {
        "people": "(id, created_at) VALUES (7, '2026-03-11')",
        "incidents": "(id, version, status, reported_at, timer, person_id, account, chat, said_at, created_at) "
        "VALUES (12, 1, 'new', '2026-03-11', 'none', 7, 'vk/a', '1', '2026-03-11', '2026-03-11')",
        "outbox": "(id, account, chat, kind, keyboard, files, purpose, state, created_at) "
        "VALUES (99, 'vk/a', '1', 'reply', '[]', '[]', 'notice', 'sent', '2026-03-11')",
        "sent": "(account, chat, message, outbox_id) VALUES ('vk/a', '1', '5', 99)",
        "history": "(incident_id, version, at, action, role, before, after) "
        "VALUES (12, 1, '2026-03-11', 'report', 'citizen', 'new', 'new')",
    }
    async with store.engine.connect() as connection, connection.begin():
        await connection.run_sync(lambda plain: command.upgrade(migrate.scripts(plain), "0002"))
        for table, row in rows.items():
            await connection.execute(text(f"INSERT INTO {table} {row}"))
    await migrate.upgrade(store)
    async with store.transaction() as tx:
        counts = [(await tx.connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar() for table in rows]
        await tx.connection.execute(text("DELETE FROM outbox"))
        row = await tx.outbox.put(Post(to=Address("vk/a", "1"), out=Reply("ещё")), NOON)
    await store.close()
    assert (counts, row) == ([1] * len(rows), 100)


async def test_a_migration_that_orphans_rows_is_rolled_back(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.people.meet("vk/biysk", "1", "Анна", "ru", NOON)
    monkeypatch.setattr(migrate, "newest", lambda: "9999")  # there is something to do
    monkeypatch.setattr(migrate, "_run", lambda plain: plain.exec_driver_sql("DELETE FROM people"))
    with pytest.raises(migrate.Broken, match="identities → people"):
        await migrate.upgrade(sqlite_store)
    async with sqlite_store.transaction() as tx:
        assert await tx.people.known("vk/biysk", "1") is not None


async def test_a_migration_that_fails_half_way_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(plain: Connection) -> None:
        plain.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("power cut")

    before = await _catalogue(store)
    monkeypatch.setattr(migrate, "newest", lambda: "9999")  # there is something to do
    monkeypatch.setattr(migrate, "_run", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        await migrate.upgrade(store)
    assert await _catalogue(store) == before


async def test_the_tables_of_a_newer_program_are_left_alone(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = await _catalogue(store)
    with pytest.raises(migrate.Newer, match="9999"):
        await migrate.upgrade(store)
    assert (await _catalogue(store), await migrate.revision(store)) == (before, "9999")
