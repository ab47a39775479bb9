"""What the state machine, or thinking about its invariants, found: each once more as a plain story."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from incidents.incident import Action, Role
from storage.store import Store
from tests.promises.invariants import broken
from tests.stories.deeds import happened
from tests.stories.house import House
from tests.stories.office import FORUM, TG, desk, known

ROADS, ROADS_CHAT = "dorogi-barnaul", "-300"


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[House]:
    """A whole house with nobody in it."""
    made = House(Store(sqlite_url))
    await made.open()
    yield made
    await made.store.close()


async def test_an_organisation_that_passed_an_incident_on_reads_no_more_of_it(house: House) -> None:
    there = await desk(house)
    await house.chat(TG, ROADS_CHAT, ROADS)
    await house.official(TG, "21", "Сидоров", ROADS)
    curator = await house.official(TG, "41", "Куратор", "", Role.CURATOR)
    await happened(house, 1, Action.REASSIGN, by=await known(house, curator.id), target=ROADS)
    house.clock.move(seconds=30)
    await there.citizen.says("И ключ под ковриком у соседки Примеровой")
    assert not [shown for shown in house.chat_shows(TG, FORUM) if "ковриком" in shown.text]
    assert [shown for shown in house.chat_shows(TG, ROADS_CHAT) if "ковриком" in shown.text]
    assert await broken(house.store, now=house.clock()) == []
