"""Somebody writes without end: it is all kept, and nobody else is troubled by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.flood import MOST, WITHIN, Rates
from tests.fakes import START
from tests.stories.deeds import PIPE
from tests.stories.house import House
from tests.stories.office import GROUP, OWNER, TG, desk


def test_a_lively_person_is_no_flood_and_a_flood_ends_when_it_ends() -> None:
    rates = Rates()
    assert not any(rates.too_many(TG, "1", START + WITHIN / MOST * number) for number in range(5 * MOST))
    late = START + timedelta(hours=1)
    assert [rates.too_many(TG, "1", late) for _ in range(MOST + 3)] == [False] * MOST + [True] * 3
    assert not rates.too_many(TG, "2", late)
    assert not rates.too_many(TG, "1", late + WITHIN)


def test_it_is_not_remembered_without_end() -> None:
    rates = Rates()
    for number in range(30_000):
        rates.too_many(TG, str(number), START)
    assert len(rates._times) == 10_000


async def test_a_flood_is_kept_and_told_once_a_minute(house: House) -> None:
    office = await desk(house, TG, GROUP, forum=False)
    flooder = house.person(TG, "666", "Флудер")
    await house.receives([flooder.said(f"{PIPE} {number}") for number in range(MOST + 100)])
    await house.settle()
    told, heard = len(office.shows()), len(flooder.sees())
    await house.receives([flooder.said(f"ещё {number}") for number in range(100)])
    await house.settle()
    assert (len(office.shows()), len(flooder.sees())) == (told, heard)
    await house.later(minutes=2)
    assert len(office.shows()) <= told + 2
    assert len(flooder.sees()) <= heard + 2
    async with house.store.transaction() as tx:
        said = [message.text for message in await tx.timeline.said(2)]
    assert [text for text in said if text.startswith("ещё")] == [f"ещё {number}" for number in range(100)]


async def test_danger_in_a_flood_is_answered_at_once(house: House) -> None:
    flooder = house.person(TG, "666", "Флудер")
    await house.receives([flooder.said(f"яма {number}") for number in range(MOST + 5)])
    await house.settle()
    await flooder.says("Пахнет газом в подъезде")
    assert "112" in flooder.last.text


async def test_presses_without_end_are_not_answered(house: House) -> None:
    citizen = house.person(TG, "666", "Флудер")
    await citizen.says(PIPE)
    shown = citizen.last
    for _ in range(MOST + 5):
        await citizen.presses_payload("нет такой", shown)
    whispers = len(house.channels[TG].whispers)
    assert MOST - 2 <= whispers <= MOST


@pytest.mark.parametrize("count", [MOST + 20])
async def test_an_official_is_never_taken_for_a_flood(house: House, count: int) -> None:
    official = await house.official(TG, "11", "Иванова", OWNER)
    await house.receives([official.said("/due") for _ in range(count)])
    await house.settle()
    assert len(official.sees()) == count
