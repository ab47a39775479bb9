"""Connections to PostgreSQL when the other end goes away: nothing hangs, and the next transaction finds whoever is there."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import text

from storage import postgresql
from storage.hints import Hints
from storage.store import Store
from tests.postgresql import QUICK, Server
from tests.promises.cluster import Cluster
from tests.promises.middle import Middle


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that may be crashed."""
    with closing(Cluster()) as cluster:
        yield cluster


@pytest.fixture
async def middle(cluster: Cluster) -> AsyncIterator[Middle]:
    """The way to it, which may be blocked."""
    middle = Middle("127.0.0.1", cluster.first.port, random.Random(1))  # noqa: S311  # chance, not secrecy
    await middle.open()
    yield middle
    await middle.close()


@pytest.fixture
async def store(middle: Middle) -> AsyncIterator[Store]:
    store = Store(f"postgresql+asyncpg://postgres@127.0.0.1:{middle.port}/postgres")
    yield store
    await store.close()


async def asked(store: Store) -> int:
    async with store.transaction() as tx:
        return int((await tx.connection.execute(text("SELECT 1"))).scalar_one())


async def test_a_crash_of_the_server_costs_nobody_a_transaction_that_had_not_begun(cluster: Cluster, store: Store) -> None:
    assert await asked(store) == 1
    await asyncio.to_thread(cluster.first.restart)
    assert await asked(store) == 1


async def test_a_server_that_says_nothing_ends_the_transaction_and_the_next_finds_it_again(
    store: Store, middle: Middle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "ANSWER", 0.3)
    impatient = Store(store.url.render_as_string(hide_password=False))
    try:
        assert await asked(impatient) == 1
        middle.hold()
        for _ in range(2):  # one on the connection that was there, one on a new one
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asked(impatient), 20)
        middle.go_on()
        assert await asked(impatient) == 1
    finally:
        await impatient.close()


async def test_a_dead_first_server_keeps_nobody_from_the_second(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "CONNECT", 0.5)
    with socket.socket() as dead:  # it takes connections and answers none
        dead.bind(("127.0.0.1", 0))
        dead.listen()
        port = dead.getsockname()[1]
        store = Store(f"postgresql+asyncpg://postgres@/postgres?host=127.0.0.1:{port}&host=127.0.0.1:{cluster.first.port}")
        try:
            assert await asked(store) == 1
        finally:
            await store.close()


async def test_a_session_that_stands_still_inside_a_transaction_is_ended(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgresql.SESSION, "idle_in_transaction_session_timeout", "200ms")
    store = Store(f"postgresql+asyncpg://postgres@127.0.0.1:{cluster.first.port}/postgres")
    try:
        with pytest.raises(Exception, match=r"(?i)idle|closed"):
            await _stand_still(store)
        assert await asked(store) == 1
    finally:
        await store.close()


async def _stand_still(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.connection.execute(text("SELECT 1"))
        ended = asyncio.Event()  # by the server, whose clock is its own
        raw = await tx.connection.get_raw_connection()
        raw.driver_connection.add_termination_listener(lambda _: ended.set())
        async with asyncio.timeout(20):
            await ended.wait()
        await tx.connection.execute(text("SELECT 1"))


async def test_a_first_server_that_only_reads_does_not_hide_the_second() -> None:
    with closing(Server((*QUICK, "default_transaction_read_only=on"))) as first, closing(Server()) as second:
        store = Store(f"postgresql+asyncpg://postgres@/postgres?host={first._folder}:5432&host={second._folder}:5432")
        try:
            async with store.transaction() as tx:
                assert (await tx.connection.execute(text("SHOW default_transaction_read_only"))).scalar() == "off"
        finally:
            await store.close()


# --- hints -------------------------------------------------------------------------------------------------------------


class Hearing:
    """A process that listens."""

    def __init__(self, store: Store) -> None:
        self.heard: list[str] = []
        self.hints = Hints(store, ("inbox", "outbox"), self.heard.append)
        self._task = asyncio.create_task(self.hints.run())

    async def ends(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def until(fact: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


@pytest.fixture
async def two(store: Store) -> AsyncIterator[tuple[Hearing, Hearing]]:
    """Two processes that have begun to listen: each hears every name once, for it may have missed some."""
    both = Hearing(store), Hearing(store)
    await until(lambda: all(one.heard == ["inbox", "outbox"] for one in both))
    for one in both:
        one.heard.clear()
    yield both
    for one in both:
        await one.ends()


async def test_what_one_tells_the_other_hears_and_not_itself(two: tuple[Hearing, Hearing]) -> None:
    one, other = two
    for _ in range(100):
        one.hints.tell("outbox")
    await until(lambda: other.heard == ["outbox"])
    await one.hints.flush()
    assert one.heard == []


class Slow:
    """A connection that takes its time to tell."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.answers = asyncio.Event()

    def is_closed(self) -> bool:
        return len(self.told) > 1

    async def execute(self, _: str, names: list[str]) -> None:
        self.told.append(names)
        await self.answers.wait()


async def test_what_is_new_while_the_others_are_being_told_is_told_once_more(store: Store) -> None:
    hints, wire = Hints(store, ("inbox", "outbox"), lambda _: None), Slow()
    hints.tell("inbox")
    talking = asyncio.create_task(hints._talk(wire))
    await until(lambda: len(wire.told) == 1)
    hints.tell("inbox")
    wire.answers.set()
    await talking
    assert wire.told == [["sutki_inbox"]] * 2


async def test_after_a_crash_of_the_server_they_listen_again_and_assume_they_missed_something(
    two: tuple[Hearing, Hearing], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hints.AGAIN", 0.05)
    one, other = two
    await asyncio.to_thread(cluster.first.restart)
    await until(lambda: {"inbox", "outbox"} <= set(one.heard) and {"inbox", "outbox"} <= set(other.heard))
    other.heard.clear()
    one.hints.tell("inbox")
    await until(lambda: "inbox" in other.heard)
