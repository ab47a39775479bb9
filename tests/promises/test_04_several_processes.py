"""Several processes on one PostgreSQL: nothing is lost or doubled, order stays, and one at a time speaks for an account, whatever ends."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bots.settings import Settings
from bots.shift import LOOKS
from storage.migrate import upgrade
from storage.store import Store
from tests.promises.cluster import Cluster
from tests.promises.conftest import FULL, size
from tests.promises.crowd import Crowd
from tests.promises.middle import Middle
from tests.promises.several import Several
from tests.promises.ticking import REGION
from tests.promises.world import TELEGRAM, World
from tests.promises.zygote import Zygote

LEASE = 3.0
BLOWS, PER_BLOW = size(quick=6, full=100), size(quick=15, full=40)
UNHEARD = size(quick=40, full=1500)
FAILOVERS = size(quick=1, full=3)
OFFICE = -1009
WHERE = "SELECT o.id, o.state, s.message FROM outbox o LEFT JOIN sent s ON s.outbox_id = o.id ORDER BY 1, 3"
BACK = 10.0
"""Seconds after PostgreSQL is there again: promise 11."""


_databases = itertools.count(1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that may be crashed, for the tests that need no replica."""
    with closing(Cluster()) as cluster:
        yield cluster


@asynccontextmanager
async def several(cluster: Cluster, zygote: Zygote, folder: Path, *, lease: float = LEASE) -> AsyncIterator[Several]:
    """Three processes' world on a fresh database, with a working chat in it."""
    database = f"sutki_{next(_databases)}"
    await cluster.create(database)
    store = Store(cluster.url(database))
    await upgrade(store)
    await store.close()
    async with Several(zygote, folder, cluster.url(database), lease=lease) as world:
        await world.prepare()
        await world.appoint(TELEGRAM, 77, "Мария", "zhkh-barnaul")
        await world.connect(TELEGRAM, OFFICE, "zhkh-barnaul")
        try:
            yield world
        finally:
            await world.close()


async def blow(world: Several, chance: random.Random, what: str) -> None:
    """Something happens to one of the processes, likelier to one that serves an account."""
    holders = [place for place, child in world.children.items() if chance.random() < 0.8 and await world.held_by(child.pid)]
    place = chance.choice(holders or list(world.children))
    child = world.children[place]
    match what:
        case "kill":
            await child.kill()
            await asyncio.sleep(chance.random() * LEASE * 1.5)
            await world.join(place)
        case "stop":
            assert await child.terminate() in (0, -signal.SIGTERM), child.log[-3000:]  # the signal's own number: it had not begun yet
            await world.join(place)
        case _:
            await world.hold_up(place, LEASE * (0.5 + chance.random()))


async def back(world: Several) -> float:
    """Wait until something is stored again. Returns how long that took since the database is there, seconds; 10 at most."""
    began = time.monotonic()
    confirmed = world.telegram.polls + world.vk.polls
    while world.telegram.polls + world.vk.polls == confirmed:
        assert time.monotonic() < began + BACK
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def proved(world: Several, crowd: Crowd, figures: Callable[..., None]) -> None:
    """What has to be true when everything is done."""
    await world.idle(600 if FULL else 90)
    broken, doubled, strays = await world.broken(), await world.doubled(), await world.strays()
    kept = (await world.database.ask("SELECT count(*) FROM messages WHERE edit_of IS NULL"))[0][0]
    lost = crowd.said - crowd.odd - kept
    figures(messages=crowd.said, sends=world.sends, lost=lost, broken=len(broken), doubled=len(doubled), out_of_tenure=len(strays))
    figures(tenures=len(await world.tenures()))
    assert (lost, broken, doubled, strays) == (0, [], [], [])


async def test_processes_are_killed_stopped_and_held_up_and_postgresql_crashes_under_load(
    cluster: Cluster, zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    async with several(cluster, zygote, tmp_path) as world:
        await world.join_all()
        crowd = Crowd(world, seeded)
        kinds = ["kill", "crash", "pause", "kill", "stop", "crash"]
        away: list[float] = []
        for number in range(BLOWS):
            for _ in range(PER_BLOW):
                crowd.says()
            await asyncio.sleep(seeded.random())
            kind = kinds[number] if number < len(kinds) else seeded.choice(kinds)
            if kind == "crash":
                await asyncio.to_thread(cluster.first.restart)
                away.append(await back(world))
            else:
                await blow(world, seeded, kind)
            figures(blows=number + 1, crashes_of_postgresql=len(away), back_after_seconds=round(max(away, default=0.0), 1))
        await proved(world, crowd, figures)


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(
    cluster: Cluster, zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    middle = Middle("127.0.0.1", cluster.first.port, seeded)
    await middle.open()
    try:
        async with several(cluster, zygote, tmp_path) as world:
            world.given["SUTKI_DATABASE"] = world.given["SUTKI_DATABASE"].partition("?")[0].replace("@/", f"@127.0.0.1:{middle.port}/")
            await world.join_all()
            for place in world.children:
                await world.is_up(place)
            middle.share = 0.1
            crowd = Crowd(world, seeded)
            for _ in range(UNHEARD):
                crowd.says()
                await asyncio.sleep(0.01)
            await proved(world, crowd, figures)
            figures(answers_lost=middle.lost)
            assert middle.lost
    finally:
        await middle.close()


async def test_a_failover_to_a_synchronous_replica_loses_nothing_that_was_acknowledged(
    zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    for number in range(FAILOVERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        with closing(await asyncio.to_thread(Cluster)) as cluster:
            async with several(cluster, zygote, folder) as world:
                await asyncio.to_thread(cluster.replicate)
                await cluster.is_followed()
                await world.join_all()
                crowd = Crowd(world, seeded)
                for _ in range(4 * PER_BLOW):
                    crowd.says()
                await world.listens()
                await asyncio.sleep(seeded.random() * 2)
                await asyncio.to_thread(cluster.first.crash)
                for _ in range(PER_BLOW):
                    crowd.says()
                await asyncio.to_thread(cluster.second.promote)
                figures(failovers=number + 1, back_after_seconds=round(await back(world), 1))
                await proved(world, crowd, figures)


async def test_on_sqlite_a_second_process_says_who_is_there_and_commands_work_beside_the_first(
    zygote: Zygote, tmp_path: Path, sqlite_url: str
) -> None:
    async with World(zygote, tmp_path, sqlite_url) as world:
        first = await world.start()
        await world.listens()
        second = await zygote.start(world.given, folder=tmp_path, log="second.log")
        assert await second.wait() == 2
        assert f"PID {first.pid}" in second.log
        load = await zygote.start(world.given, folder=tmp_path, log="load.log", command=["region", "load", str(REGION)])
        assert await load.wait() == 0, load.log
        await first.kill()
        await world.start()
        await world.listens()
        assert world.child
        assert world.child.running


async def test_another_process_takes_over_after_a_kill_and_at_once_after_a_stop(
    cluster: Cluster, zygote: Zygote, tmp_path: Path, figures: Callable[..., None]
) -> None:
    lease = Settings().lease if FULL else LEASE
    async with several(cluster, zygote, tmp_path, lease=lease) as world:
        await world.join(0)
        await world.all_attended(2)
        await world.join(1)
        await world.is_up(1)
        pid = world.children[0].pid
        await world.children[0].kill()
        after_a_kill = await world.all_attended(2, but=pid)
        await world.join(0)
        await world.is_up(0)
        pid = world.children[1].pid
        await world.children[1].terminate()
        after_a_stop = await world.all_attended(2, but=pid)
        figures(lease=lease, after_a_kill=round(after_a_kill, 1), after_a_stop=round(after_a_stop, 1))
        assert after_a_kill <= lease * (1 + 1 / LOOKS) + 5
        assert after_a_stop <= lease
    assert Settings().lease * (1 + 1 / LOOKS) + 5 <= 30


async def test_what_a_process_learnt_whose_lease_another_has_is_not_written(cluster: Cluster, zygote: Zygote, tmp_path: Path) -> None:
    """Its machine is suspended after the platform took a message and before that is written; another takes over and sends it again."""
    async with several(cluster, zygote, tmp_path) as world:
        held_up = tmp_path / "held-up"
        suspended = [
            ("tests.promises.patches:stop_at", "delivery.sent", str(held_up)),
            ("tests.promises.patches:notices_late", str(held_up), 1.5),
        ]
        await world.join(0, first=suspended)
        await world.all_attended(2)
        person = {"id": 1001, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
        text = "Барнаул, улица Попова, 1: прорвало трубу отопления"
        world.telegram.says({"id": 1001, "type": "private", "first_name": "Анна"}, person, text, date=int(time.time()))
        async with asyncio.timeout(60):
            while not held_up.exists():  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
        await world.join(1)
        await world.all_attended(2, but=world.children[0].pid)
        await world.idle(60)
        stood = await world.database.ask(WHERE)
        world.children[0].send(signal.SIGCONT)
        await world.gives_up(0)
        assert await world.database.ask(WHERE) == stood, "which message of the chat it is stays as it was"
        assert (await world.broken(), await world.doubled(), await world.strays()) == ([], [], [])
