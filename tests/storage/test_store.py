"""Transactions: whole or not at all, whoever cancels them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import literal, select, text
from sqlalchemy.exc import OperationalError

from storage import store as module
from storage.connection import Connection, to_its_end
from storage.migrate import upgrade
from storage.store import Store, wal_is_sound
from tests.storage.given import NOON, reported


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ("3.7.0", False),
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.44.10", True),
        ("3.45.0", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.0", False),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.52.0", True),
        ("4.0.0", True),
    ],
)
def test_which_sqlite_may_use_a_write_ahead_log(version: str, sound: bool) -> None:
    assert wal_is_sound(tuple(int(part) for part in version.split("."))) is sound


@pytest.mark.parametrize(("sound", "journal"), [(True, "wal"), (False, "delete")])
async def test_how_a_database_on_sqlite_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: bool, journal: str) -> None:
    monkeypatch.setattr(module, "wal_is_sound", lambda _: sound)
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'sutki.db'}")
    async with store.transaction() as tx:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [(await tx.connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names] == [journal, 2, 1, 30000]
    await store.close()


async def test_an_instant_comes_back_aware_and_in_utc(store: Store) -> None:
    barnaul = datetime(2026, 3, 11, 19, 0, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    async with store.transaction() as tx:
        case = await reported(tx, due_at=barnaul)
    async with store.transaction() as tx:
        found = await tx.incidents.get(case.id)
    assert found is not None
    assert found.incident.due_at == barnaul
    assert found.incident.due_at.tzinfo is UTC


async def test_a_naive_instant_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="naive"):
        async with store.transaction() as tx:
            await reported(tx, due_at=datetime(2026, 3, 11, 12))  # noqa: DTZ001 — the mistake itself


async def _both(store: Store, name: str) -> None:
    """Two writes that belong together."""
    async with store.transaction() as tx:
        await tx.people.meet("vk/biysk", name, "Анна", "ru", NOON)
        await tx.regions.loaded(name, NOON)


async def _is_there(store: Store, name: str) -> tuple[bool, bool]:
    async with store.transaction() as tx:
        return await tx.people.known("vk/biysk", name) is not None, await tx.regions.current() == name


async def test_what_raises_is_rolled_back_as_a_whole(store: Store) -> None:
    async def handle() -> None:
        async with store.transaction() as tx:
            await tx.people.meet("vk/biysk", "1", "Анна", "ru", NOON)
            raise RuntimeError("a handler failed")

    with pytest.raises(RuntimeError):
        await handle()
    assert await _is_there(store, "1") == (False, False)


async def _cancelled_after(steps: int, work: Callable[[], Awaitable[None]]) -> bool:
    """Whether the work was cancelled when the loop had turned so often; False when it ended before."""
    task = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def test_a_cancelled_transaction_is_there_whole_or_not_at_all_and_blocks_nobody(store: Store) -> None:
    for steps in range(0, 400, 4):
        name = f"after-{steps}"
        await _cancelled_after(steps, lambda name=name: _both(store, name))  # type: ignore[misc]
        assert await _is_there(store, name) in {(True, True), (False, False)}


async def test_a_cancellation_is_not_lost_with_a_statement_that_fails() -> None:
    begun, fails = asyncio.Event(), asyncio.Event()

    async def statement() -> None:
        begun.set()
        await fails.wait()
        raise OSError("the database is away")

    async def tried_for_ever() -> None:
        while True:
            with suppress(OSError):
                await to_its_end(statement())

    task = asyncio.create_task(tried_for_ever())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    fails.set()
    done, _ = await asyncio.wait([task], timeout=2)
    task.cancel()
    assert done


async def test_a_commit_that_fails_while_it_is_cancelled_leaves_nothing_for_the_next_transaction(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, fails = asyncio.Event(), asyncio.Event()

    async def commit(connection: object) -> None:
        begun.set()
        await fails.wait()
        raise OSError("the file is locked")

    monkeypatch.setattr(Connection, "commit", commit)
    task = asyncio.create_task(_both(sqlite_store, "never"))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    fails.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    await _both(sqlite_store, "then")


async def test_a_cancellation_within_the_commit_comes_after_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    committing, may_commit = asyncio.Event(), asyncio.Event()
    commit = module.Connection.commit

    async def slow(connection: module.Connection) -> None:
        committing.set()
        await may_commit.wait()
        await commit(connection)

    monkeypatch.setattr(module.Connection, "commit", slow)
    task = asyncio.ensure_future(_both(store, "1"))
    await committing.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_commit.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert await _is_there(store, "1") == (True, True)


async def test_a_commit_that_failed_does_not_trouble_the_next_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "wal_is_sound", lambda _: False)  # with a write-ahead log a reader stops nobody
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'sutki.db'}")
    await upgrade(store)
    await _both(store, "1")

    async def impatient() -> None:
        async with store.transaction() as tx:
            await tx.connection.execute(text("PRAGMA busy_timeout=1"))
            await tx.regions.loaded("2", NOON)

    reader = sqlite3.connect(tmp_path / "sutki.db")
    cursor = reader.execute("SELECT name FROM people UNION ALL SELECT source FROM regions")
    cursor.fetchone()  # half read: nobody can commit now
    with pytest.raises(OperationalError, match="locked"):
        await impatient()
    cursor.close()
    reader.close()
    await _both(store, "3")
    assert await _is_there(store, "3") == (True, True)
    await store.close()


async def test_a_statement_and_its_rows_are_one_trip_to_sqlites_thread(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[object] = []
    real = aiosqlite.Connection._execute

    async def counted(connection: aiosqlite.Connection, work: object, *arguments: object, **options: object) -> object:
        trips.append(work)
        return await real(connection, work, *arguments, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    async with sqlite_store.transaction() as tx:
        trips.clear()
        assert (await tx.connection.execute(select(literal(1), literal("два")))).all() == [(1, "два")]
        assert len(trips) == 1
