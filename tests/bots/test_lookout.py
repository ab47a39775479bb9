"""The door of our own: what it says of a house that is well, one that is not, and one whose event loop is blocked."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bots.channel import Address, Reply, Update
from bots.lookout import Lookout
from bots.metrics import render
from bots.watch import BEAT, Standing, Survey, Watch
from incidents.incident import Role
from storage.posts import Post
from storage.store import Store
from tests.stories.house import House
from tests.wire.house import free_port


class Town:
    """A house, its watch and its lookout on clocks that are moved by hand."""

    def __init__(self, store: Store) -> None:
        self.house = House(store)
        self.seconds = 1000.0
        self.standing = Standing(heard={"telegram/altai": self.house.clock(), "vk/altai": self.house.clock()})
        self.shouts: list[timedelta] = []
        self.shouted = threading.Event()
        self.watch = Watch(
            store,
            self.house.clock,
            lambda: self.seconds,
            standing=lambda: self.standing,
            office=lambda: self.house.office,
            channels=self.house.channels,
            backup_after=timedelta(hours=26),
            folder=None,
        )
        self.port = free_port()
        self.lookout = Lookout(self.watch, self.shout, self.house.clock, lambda: self.seconds)

    async def shout(self, lasted: timedelta) -> bool:
        self.shouts.append(lasted)
        self.shouted.set()
        return True

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.house.clock.move(seconds=seconds)

    def asks(self, path: str) -> tuple[int, str]:
        """As anybody asks, from another thread or process."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    async def asked(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(self.asks, path)


@pytest.fixture
async def town(sqlite_store: Store) -> AsyncIterator[Town]:
    town = Town(sqlite_store)
    await town.house.open()
    town.lookout.open("127.0.0.1", town.port)
    yield town
    await asyncio.to_thread(town.lookout.close)


async def test_a_house_that_is_well(town: Town) -> None:
    assert await town.asked("/livez") == (200, "alive\n")
    assert await town.asked("/readyz") == (200, "ready\n")
    assert (await town.asked("/anything"))[0] == 404


async def test_a_taken_port_is_told_at_once(town: Town) -> None:
    with pytest.raises(OSError, match="in use"):
        Lookout(town.watch, town.shout, town.house.clock).open("127.0.0.1", town.port)


async def test_all_who_ask_while_a_look_takes_long_get_what_it_saw(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def look() -> Survey:
        nonlocal looks
        looks += 1
        town.pass_(5)  # the database does not answer
        return await as_always()

    as_always = town.watch._look
    monkeypatch.setattr(town.watch, "_look", look)
    await asyncio.gather(*[town.watch.look() for _ in range(10)])
    assert looks == 1


async def test_the_figures_are_read_by_prometheus_and_name_nobody(town: Town) -> None:
    async with town.house.store.transaction() as tx:
        await tx.inbox.put("vk/altai", [Update("secret-key", {"text": "канарейка"}, "canary-chat")], town.house.clock())
        await tx.outbox.put(Post(to=Address("vk/altai", "canary-chat"), out=Reply("канарейка")), town.house.clock())
    town.pass_(30)
    status, page = await town.asked("/metrics")
    assert status == 200
    found = {sample.name: sample for family in text_string_to_metric_families(page) for sample in family.samples}
    assert found["sutki_inbox_waiting"].value == 1
    assert found["sutki_inbox_oldest_seconds"].value == 30
    assert found["sutki_outbox_messages"].labels == {"account": "vk/altai", "state": "queued"}
    assert found["sutki_poll_age_seconds"].value == 30
    assert found["process_resident_memory_bytes"].value > 0
    for name in (
        "dead_letters",
        "incidents_open",
        "incidents_overdue",
        "database_bytes",
        "tick_age_seconds",
        "loop_lag_seconds",
        "clock_late_seconds",
    ):
        assert f"sutki_{name}" in found
    for secret in ("canary-chat", "канарейка", "secret-key"):
        assert secret not in page


async def test_without_a_database_the_page_still_comes(town: Town) -> None:
    survey = await town.watch.look()
    assert "sutki_inbox_waiting" in render(survey, 0.0)
    assert "sutki_loop_silent_seconds 99.0" in render(None, 99.0)


async def test_a_blocked_loop_is_noticed_from_outside(town: Town) -> None:
    """What blocks it is the wait for a thread: nothing of the house runs meanwhile, and still it answers."""
    olga = await town.house.official("telegram/altai", "70", "Ольга", "", Role.ADMINISTRATOR)
    await town.watch.beat()
    said: list[tuple[int, str]] = []

    def outside() -> None:
        town.pass_(40)
        said.extend([town.asks("/livez"), town.asks("/readyz")])
        town.shouted.wait(timeout=20)
        town.pass_(5)

    thread = threading.Thread(target=outside)
    thread.start()
    thread.join(timeout=30)  # this blocks the event loop of the house, which is what we want
    assert said == [(503, "loop\n"), (503, "loop\n")]
    assert [round(shout.total_seconds()) for shout in town.shouts] == [40]
    town.watch.pulse(45.0)
    assert (await town.asked("/livez"))[0] == 200
    for _ in range(70):
        town.pass_(BEAT)
        town.watch.pulse(0.0)
        town.standing = Standing(heard=dict.fromkeys(town.standing.heard, town.house.clock()))
        await town.watch.beat()
        await town.house.settle()
    (over,) = olga.heard()
    assert over.startswith("✅ Программа снова отвечает")
