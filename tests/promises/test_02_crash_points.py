"""Promise 2: a crash at any point is safe. The points are read from the source, and all are walked in a small day."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.promises.conftest import FULL
from tests.promises.people import STUMBLES, People
from tests.promises.world import World
from tests.promises.zygote import ROOT, Zygote
from tests.wire import faults
from tests.wire.telegram_server import Call

PACKAGES = ("bots", "handlers", "scheduler", "storage")
MOMENTS = ("before_commit", "committed")
OUTSIDE = ("telegram.took", "telegram.acknowledged", "vk.took", "vk.acknowledged")
"""What no code of ours passes: the platform has a message and nobody here knows it yet; it was told what was taken."""
ONLY_POSTGRESQL = ("lease", "release")
"""One process needs no leases on SQLite."""
NOT_RUNNING = ("backup", "restore", "restored", "replay", "drop", "recompute")
"""Places that belong to other commands than `sutki run`, and to its first start after one of them."""
NEW = ("migrate.before_commit", "migrate.committed")
"""Passed only where the tables are not the newest."""
SELDOM = {"load_region": 1, "identify": 2, "take_up": 2, "release": 1}
"""How often one process passes these at most: once, or once for each account."""
FIRST = (
    ("tests.promises.patches:stumble", STUMBLES, 2),
    ("tests.promises.patches:only_named_writes",),
    ("tests.promises.patches:seconds", "scheduler.jobs:SWEEP", 0.5),
    ("tests.promises.patches:seconds", "bots.watch:BEAT", 0.5),
    ("tests.promises.patches:mornings", 1.0),
)


def points(*, of_commands: bool = False) -> list[str]:
    """Every point that stands in the source: those that `sutki run` passes, or those of other commands."""
    found: set[str] = set()
    for file in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        found |= {f"{place}.{moment}" for place, moment in re.findall(r'crash_point\("(\w+)", "(\w+)"\)', source)}
        names = {name for call in re.findall(r"transaction\(([^()\n]+)\)", source) for name in re.findall(r'"(\w+)"', call)}
        found |= {f"{name}.{moment}" for name in names for moment in MOMENTS}
    return sorted(point for point in found - set(NEW) if (point.partition(".")[0] in NOT_RUNNING) == of_commands)


def to_walk(is_sqlite: bool, chance: random.Random) -> Iterator[tuple[str, int]]:
    """The points and at which passing, in an order that chance chooses. Quick: each on one of the databases."""
    mine = [one for one in (*points(), *OUTSIDE) if not is_sqlite or one.partition(".")[0] not in ONLY_POSTGRESQL]
    if not FULL:
        mine = [one for at, one in enumerate(mine) if (at + is_sqlite) % 2 or one.partition(".")[0] in ONLY_POSTGRESQL]
    walk = [(one, times) for one in mine for times in range(1, 4 if FULL else 2) if times <= SELDOM.get(one.partition(".")[0], 3)]
    chance.shuffle(walk)
    return iter(walk)


async def test_a_crash_at_any_point_loses_nothing_and_doubles_nothing(
    zygote: Zygote, tmp_path: Path, database_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    began, walked = time.monotonic(), 0
    async with World(zygote, tmp_path, database_url) as world, People(world) as people:
        for point, times in to_walk(world.database.is_sqlite, seeded):
            assert await walks(world, people, point, times), f"{point} is passed less than {times} times"
            walked += 1
            figures(walked=walked, last=f"{point}:{times}")
            if FULL:
                await finish(world, people, f"after {point}:{times}")
                assert world.child is not None
                assert await world.child.terminate() == 0
        await finish(world, people, "at the end")
        figures(reports=people.reports, starts=world.starts, lost=0, doubled=0, seconds=round(time.monotonic() - began))


async def walks(world: World, people: People, point: str, times: int) -> bool:
    """Start a child that ends at that point, and let life go on until it did. Returns whether it was killed there."""
    child = await world.start(crash="" if point in OUTSIDE else f"{point}:{times}", first=FIRST)
    if point in OUTSIDE:
        killed_from_outside(world, point, times=times)
    for _ in range(2):
        if not people.busy or point.startswith(("bury", "fail")):
            people.report()
        try:
            await people.done()
        except AssertionError:
            if child.running:
                raise
            break
    code = await (child.terminate() if child.running else child.wait())
    world.telegram.fault = world.vk.fault = lambda _: None
    return code == -9


def killed_from_outside(world: World, point: str, *, times: int = 1, says: str = "") -> None:
    """The platform takes a message that says this, or hears what was acknowledged; before it can answer the child is dead."""
    left = times
    platform, _, what = point.partition(".")
    server = world.telegram if platform == "telegram" else world.vk

    def fault(call: Call) -> faults.Fault | None:
        nonlocal left
        took = call.method in ("sendMessage", "sendMediaGroup", "messages.send") and says in call.text
        heard = call.method == "a_check" or (call.method == "getUpdates" and "offset" in call.params)
        if not (took if what == "took" else heard):
            return None
        left -= 1
        if left:
            return None
        assert world.child is not None
        world.child.send(9)
        return faults.HANGS

    server.fault = fault


async def test_what_an_official_is_asked_may_be_in_doubt_for_good(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    """Killed twice while a preview is on its way: it is never sent a third time, its buttons work, and what follows is said beside it."""
    async with World(zygote, tmp_path, database_url) as world, People(world) as people:
        people.report()
        for _ in range(2):
            child = await world.start(first=FIRST)
            killed_from_outside(world, "telegram.took", says="Отправить жителю?")
            assert await child.wait() == -9
            world.telegram.fault = lambda _: None
        await finish(world, people, "at the end")
        doubted = "SELECT id FROM outbox WHERE state = 'uncertain' AND purpose = 'notice'"
        beside = {
            text for (text,) in await world.database.ask(f"SELECT text FROM outbox WHERE state = 'sent' AND instead_of_row IN ({doubted})")
        }
        assert beside & {call.text for call, _ in world.telegram.shown}


async def finish(world: World, people: People, when: str) -> None:
    """Start without a crash, let the day end, and look at everything."""
    await world.start(first=FIRST)
    await people.done()
    wrong = [*await world.broken(), *await world.doubled(), *await people.unanswered()]
    assert not wrong, f"{when}: {wrong}"


async def test_a_crash_while_the_tables_are_made_is_only_a_later_start(zygote: Zygote, tmp_path: Path) -> None:
    async with World(zygote, tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'new.db'}", prepared=False) as world:
        for point in (*NEW, "load_region.before_commit", "load_region.committed"):
            assert await (await world.start(crash=f"{point}:1")).wait() == -9, point
        child = await world.start()
        await world.listens()
        assert await child.terminate() == 0


async def test_a_crash_in_a_command_leaves_what_was_or_what_was_wanted(zygote: Zygote, tmp_path: Path, sqlite_url: str) -> None:
    """`sutki backup`, `restore`, `dead-letters`, `clock recompute`, killed at each of their points; then they do what they were to do."""
    async with World(zygote, tmp_path, sqlite_url) as world:
        world.vk.says(200_001, "Барнаул, огромная яма на дороге на улице Попова, 1", date=int(time.time()))
        world.vk.push("message_new", {"message": {"чужое": 1}})
        child = await world.start()
        await world.listens()
        await world.idle()
        assert await child.terminate() == 0
        number, walked = itertools.count(1), set[str]()
        before = await states(world)
        assert before == {"dead": 1, "done": 1}

        async def does(*command: str, crash: str = "") -> tuple[int, str]:
            log = f"command-{next(number)}.log"
            child = await zygote.start(world.given, folder=tmp_path, command=command, crash=crash, log=log)
            return await child.wait(), child.log

        async def dies(point: str, *command: str) -> dict[str, int]:
            assert (await does(*command, crash=f"{point}:1"))[0] == -9, point
            walked.add(point)
            return await states(world)

        rules = (ROOT / "examples" / "altai.toml").read_text(encoding="utf-8").replace('first_answer = "24h"', 'first_answer = "12h"', 1)
        (tmp_path / "hurried.toml").write_text(rules, encoding="utf-8")
        assert (await does("region", "load", str(tmp_path / "hurried.toml")))[0] == 0
        due = "SELECT due_at, (SELECT count(*) FROM history WHERE action = 'recompute') FROM incidents"
        was = await world.database.ask(due)
        await dies("recompute.before_commit", "clock", "recompute", "--apply", "--yes")
        assert await world.database.ask(due) == was
        await dies("recompute.committed", "clock", "recompute", "--apply", "--yes")
        ((hurried, recorded),) = now = await world.database.ask(due)
        assert (hurried < was[0][0], recorded) == (True, 1)
        assert (await does("clock", "recompute", "--apply", "--yes"))[0] == 0
        assert await world.database.ask(due) == now

        for point in ("backup.written", "backup.before_commit", "backup.committed"):
            assert await dies(point, "backup", f"{point}.db") == before
        assert (await does("backup", "kept.db"))[0] == 0

        assert await dies("replay.before_commit", "dead-letters", "replay", "--all") == before
        assert await dies("replay.committed", "dead-letters", "replay", "--all") == {"done": 1, "new": 1}
        child = await world.start()
        await world.idle()
        assert await child.terminate() == 0
        name = re.findall(r"(\S+) · .* · dead", (await does("dead-letters", "list"))[1])[0]
        assert await dies("drop.before_commit", "dead-letters", "drop", name) == before
        gone = await dies("drop.committed", "dead-letters", "drop", name)
        assert gone == {"done": 2}

        for point in ("restore.before_commit", "restore.committed", "restore.prepared"):
            assert await dies(point, "restore", "kept.db", "--force") == gone
        assert (await does("restore", "kept.db", "--force"))[0] == 0
        assert await states(world) == before
        for point in ("restored.before_commit", "restored.committed"):
            assert await (await world.start(crash=f"{point}:1")).wait() == -9, point
            walked.add(point)
        assert walked == set(points(of_commands=True))


async def states(world: World) -> dict[str, int]:
    """How many updates are in which state."""
    return dict(await world.database.ask("SELECT state, count(*) FROM inbox GROUP BY state"))


def test_the_points_of_the_source_are_found() -> None:
    known = {"accept.committed", "handle.before_commit", "claim.committed", "outcome.committed", "delivery.before_send", "delivery.sent"}
    assert known <= set(points())
