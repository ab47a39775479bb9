"""Citizens of both messengers who write without looking at what comes back; one update in a hundred makes no sense."""

from __future__ import annotations

import random
import time

from tests.promises.world import World

PEOPLE = 400
WHAT = ("прорвало трубу отопления, вода второй день", "огромная яма на дороге, машины бьют колёса", "не вывозят мусор, баки переполнены")
ODD = ({"message": 7}, {"message": {"chat": "?"}}, {"edited_message": []}, {"callback_query": {"id": 5}}, {"никто": "не знает"})


class Crowd:
    """``said`` counts what was said, ``odd`` what of it nobody can read."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.said, self.odd = 0, 0

    def says(self) -> None:
        """One message of anybody."""
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

    async def outcome(self) -> dict[str, int]:
        """What became of all that was said: how many are lost, and how many updates are dead letters."""
        ask = self.world.database.ask
        kept = (await ask("SELECT count(*) FROM messages WHERE edit_of IS NULL"))[0][0]
        dead = (await ask("SELECT count(*) FROM inbox WHERE state = 'dead'"))[0][0]
        return {"lost": self.said - self.odd - kept, "dead_letters": dead}

    async def wrong(self) -> list[str]:
        """All that is not as it has to be, once nothing is left to do."""
        found = await self.outcome()
        wrong = [f"{name} {found[name]}" for name, right in (("lost", 0), ("dead_letters", self.odd)) if found[name] != right]
        return [*wrong, *await self.world.broken(), *await self.world.doubled()]
