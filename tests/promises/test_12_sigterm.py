"""Promise 12: SIGTERM loses nothing; the program ends by itself, soon, and with code 0, whatever is under way."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.promises.conftest import size
from tests.promises.crowd import Crowd
from tests.promises.world import World
from tests.promises.zygote import LONGEST_STOP, Zygote
from tests.wire import faults
from tests.wire.telegram_server import Call

RESTARTS, MESSAGES = size(quick=4, full=100), size(quick=15, full=20)


async def test_sigterm_under_load_loses_nothing(
    zygote: Zygote, tmp_path: Path, database_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    async with World(zygote, tmp_path, database_url) as world:
        crowd = Crowd(world, seeded)

        hang, slowest = False, 0.0

        def troubles(call: Call) -> faults.Fault | None:
            """A platform as on a bad day: one call in ten takes its time, and some get no answer for longer than a stop may take."""
            drawn = seeded.random()
            if call.method not in ("sendMessage", "messages.send") or drawn > 0.2:
                return None
            return faults.HANGS if hang and drawn < 0.1 else faults.slow(drawn * 10)

        world.telegram.fault = world.vk.fault = troubles
        for restarts in range(RESTARTS):
            hang = restarts % 10 == 0  # then all the time that a stop may take is used up
            child = await world.start()
            await world.listens()
            for _ in range(MESSAGES):
                crowd.says()
            await asyncio.sleep(seeded.random())
            asked = time.monotonic()
            assert await child.terminate() == 0, child.log[-3000:]
            slowest = max(slowest, time.monotonic() - asked)
            figures(restarts=restarts + 1, slowest_stop=f"{slowest:.1f} s")
        world.telegram.fault = world.vk.fault = lambda _: None
        await world.start()
        await world.idle()
        figures(messages=crowd.said, **await crowd.outcome())
        assert slowest <= LONGEST_STOP
        assert await crowd.wrong() == []
