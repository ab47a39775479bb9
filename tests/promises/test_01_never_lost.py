"""Promise 1: an accepted citizen message is never lost and never doubled, however often the program is killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.promises.conftest import size
from tests.promises.world import World
from tests.promises.zygote import Zygote

MESSAGES, KILLS = size(quick=600, full=10_000), size(quick=20, full=500)
"""A kill costs about as long as a start. In its quick form the promise keeps its proportion of messages to kills, on both databases."""
PEOPLE = 400
WHAT = ("прорвало трубу отопления, вода второй день", "огромная яма на дороге, машины бьют колёса", "не вывозят мусор, баки переполнены")
ODD = ({"message": 7}, {"message": {"chat": "?"}}, {"edited_message": []}, {"callback_query": {"id": 5}}, {"никто": "не знает"})


class Crowd:
    """Citizens of both messengers, who write without looking at what comes back."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.said, self.odd = 0, 0

    def says(self) -> None:
        """One message of anybody, or one update in a hundred that makes no sense."""
        self.said += 1
        number, today = self.said, int(time.time())
        telegram, vk = self.world.telegram, self.world.vk
        if number % 100 == 0:
            self.odd += 1
            odd = self.chance.choice(ODD)
            vk.push("message_new", {"message": {"чужое": number}}) if self.chance.random() < 0.5 else telegram.push(**odd)
            return
        person = 1000 + self.chance.randrange(PEOPLE)
        text = f"Барнаул, улица Попова, {number}: {self.chance.choice(WHAT)}"
        if person % 2:
            vk.says(person, text, date=today)
        else:
            sender = {"id": person, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
            telegram.says({"id": person, "type": "private", "first_name": "Анна"}, sender, text, date=today)


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
            await asyncio.sleep(seeded.random() * 0.4)
            assert await child.kill() == -9, child.log[-3000:]
            figures(kills=kills + 1)
        await world.start()
        await world.idle()
        broken, doubled = await world.broken(), await world.doubled()
        rows = await world.database.ask("SELECT state, count(*) FROM inbox WHERE account <> '' GROUP BY state")
        states = {row[0]: row[1] for row in rows}
        kept = (await world.database.ask("SELECT count(*) FROM messages WHERE edit_of IS NULL"))[0][0]
        lost = MESSAGES - crowd.odd - kept
        figures(messages=MESSAGES, malformed=crowd.odd, lost=lost, broken=len(broken), doubled=len(doubled))
        figures(seconds=round(time.monotonic() - began))
        assert (broken, doubled) == ([], [])
        assert (lost, states["done"] + states["dead"]) == (0, MESSAGES)
        assert states["dead"] == crowd.odd
