"""What the state machine, or thinking about its invariants, found: each once more as a plain story."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import IntegrityError

from incidents.incident import Action, Role
from storage.store import Store
from storage.tables import contacts
from tests.promises.invariants import broken
from tests.stories.deeds import PIPE, ROAD, happened
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


async def test_who_blocked_the_bot_before_ever_writing_loses_nothing_beside_somebody_else(house: House) -> None:
    stranger, neighbour = house.person("vk/altai", "101", "Анна Примерова"), house.person(TG, "101", "Анна Примерова")
    await stranger.blocks()
    await house.receives([stranger.said(PIPE), neighbour.said(ROAD)])
    await house.settle()
    assert await broken(house.store, now=house.clock()) == []
    assert [(await house.case(number)).report.text for number in (1, 2)] == [PIPE, ROAD]


async def test_what_cannot_be_written_for_one_turn_is_not_taken_for_done_by_the_next(house: House) -> None:
    contact = {"account": TG, "user_id": "7", "blocked": False, "greeted_at": None}

    async def batch() -> None:
        async with house.store.transaction() as tx:
            async with tx.connection.savepoint():
                for _ in range(2):
                    tx.connection.add(contacts, contact)
            with contextlib.suppress(IntegrityError):  # a turn that fails is done anew, alone
                async with tx.connection.savepoint():
                    await tx.people.set_blocked(TG, "8", blocked=True)
            await tx.inbox.done([1], house.clock())

    with pytest.raises(IntegrityError):
        await batch()
