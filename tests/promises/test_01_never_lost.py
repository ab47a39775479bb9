"""Promise 1: an accepted citizen message is never lost and never doubled, however often the program is killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.promises.conftest import size
from tests.promises.crowd import Crowd
from tests.promises.world import World
from tests.promises.zygote import Zygote

MESSAGES, KILLS = size(quick=1000, full=10_000), size(quick=30, full=500)
"""On each database: the quick form has 2,000 messages and 60 kills in all."""


async def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(
    zygote: Zygote, tmp_path: Path, database_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    async with World(zygote, tmp_path, database_url) as world:
        crowd = Crowd(world, seeded)
        began = time.monotonic()
        for kills in range(KILLS):
            child = await world.start()
            while crowd.said * KILLS < MESSAGES * (kills + 0.5):
                crowd.says()
            if seeded.random() < 0.8:
                await world.listens()
            while crowd.said * KILLS < MESSAGES * (kills + 1):
                crowd.says()
            await asyncio.sleep(seeded.random() * 0.5)
            assert await child.kill() == -9, child.log[-3000:]
            figures(kills=kills + 1)
        await world.start()
        await world.idle()
        figures(messages=crowd.said, malformed=crowd.odd, **await crowd.outcome(), seconds=round(time.monotonic() - began))
        assert await crowd.wrong() == []
