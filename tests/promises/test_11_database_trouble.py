"""Promise 11: database trouble never loses. Nobody is told «accepted» before the commit, and it is back soon after the database is."""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from storage.migrate import upgrade
from storage.store import Store
from tests.promises.cluster import Cluster
from tests.promises.conftest import FULL, size
from tests.promises.crowd import Crowd
from tests.promises.world import First, World
from tests.promises.zygote import Zygote

BACK = 10.0
"""Seconds after the database is back within which what was said meanwhile is stored."""
RESTARTS = size(quick=3, full=50)
PATIENCE = 500
"""Milliseconds that SQLite waits for a lock in the quick form; in full it is the real half minute."""
LOCKED = size(quick=3, full=60)
"""Seconds another connection holds the lock: much longer than SQLite waits."""


@asynccontextmanager
async def watched(zygote: Zygote, folder: Path, url: str, chance: random.Random, first: First = ()) -> AsyncIterator[tuple[World, Crowd]]:
    """A running world in which every receipt is checked the moment it reaches its platform: the incident has to be committed by then."""
    early: list[str] = []
    async with World(zygote, folder, url) as world:

        async def check(number: str) -> None:
            if not await world.database.ask_patiently(f"SELECT id FROM incidents WHERE id = {int(number)}"):
                early.append(number)

        world.on_receipt(check)
        await world.start(first=first)
        await world.listens()
        crowd = Crowd(world, chance)
        yield world, crowd
        await world.idle()
        assert [*await crowd.wrong(), *[f"accepted before it was stored: {number}" for number in early]] == []


async def back_after(world: World, crowd: Crowd) -> float:
    """Seconds until everything that was said by now is stored."""
    began, sql = time.monotonic(), "SELECT count(*) FROM inbox WHERE account <> ''"
    while True:
        if (await world.database.ask_patiently(sql))[0][0] >= crowd.said:
            return time.monotonic() - began
        assert time.monotonic() < began + 60, f"it does not come back:\n{world.child.log[-3000:] if world.child else ''}"
        await asyncio.sleep(0.05)


async def talk(crowd: Crowd, messages: int, seconds: float) -> None:
    """So many messages over so long a time."""
    for _ in range(messages):
        crowd.says()
        await asyncio.sleep(seconds / messages)


@pytest.mark.parametrize("seconds", [0.2, LOCKED])
async def test_a_locked_sqlite_loses_nothing(
    zygote: Zygote, tmp_path: Path, sqlite_url: str, seeded: random.Random, figures: Callable[..., None], seconds: float
) -> None:
    """Once shorter than it waits for the lock, once longer."""
    first = [] if FULL else [("tests.promises.patches:on_sqlite", [f"busy_timeout={PATIENCE}"])]
    async with watched(zygote, tmp_path, sqlite_url, seeded, first) as (world, crowd):
        await talk(crowd, 10, 0.5)
        with closing(sqlite3.connect(tmp_path / "sutki.db", timeout=30, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
            await talk(crowd, 20, seconds)
            other.execute("ROLLBACK")
        back = await back_after(world, crowd)
        figures(locked=f"{seconds} s", messages=crowd.said, back=f"{back:.1f} s")
        assert back <= BACK


async def test_a_full_disk_loses_nothing(
    zygote: Zygote, tmp_path: Path, sqlite_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    """The system lets no file of the program grow any more, and some time later it does again."""
    async with watched(zygote, tmp_path, sqlite_url, seeded) as (world, crowd):
        assert world.child is not None
        await talk(crowd, 10, 0.5)
        full = (tmp_path / "sutki.db").stat().st_size
        resource.prlimit(world.child.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        await talk(crowd, size(quick=100, full=1000), size(quick=3, full=30))
        stored = (await world.database.ask("SELECT count(*) FROM inbox WHERE account <> ''"))[0][0]
        resource.prlimit(world.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        back = await back_after(world, crowd)
        figures(messages=crowd.said, stored_while_full=stored, back=f"{back:.1f} s")
        assert stored < crowd.said  # it was full
        assert back <= BACK


async def test_a_postgresql_that_is_restarted_again_and_again_loses_nothing(
    zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    with closing(await asyncio.to_thread(Cluster)) as cluster:
        await cluster.create()
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{cluster.first.port}/sutki"
        store = Store(url)
        await upgrade(store)
        await store.close()
        slowest = 0.0
        async with watched(zygote, tmp_path, url, seeded) as (world, crowd):
            for restarts in range(RESTARTS):
                talking = asyncio.create_task(talk(crowd, 12, 1.5))
                await asyncio.sleep(seeded.random())
                await asyncio.to_thread(cluster.first.crash)
                await asyncio.sleep(seeded.random() * 2)
                await asyncio.to_thread(cluster.first.start)
                slowest = max(slowest, await back_after(world, crowd))
                await talking
                figures(restarts=restarts + 1, messages=crowd.said, slowest_back=f"{slowest:.1f} s")
        assert slowest <= BACK
