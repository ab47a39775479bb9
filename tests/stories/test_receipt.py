"""A receipt stays true: it says by when we answer as long as an answer is owed, and no longer."""

from __future__ import annotations

import pytest

from tests.stories.deeds import answered, promised, reported, taken
from tests.stories.house import Actor, House


@pytest.fixture
async def citizen(house: House) -> Actor:
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    citizen = await reported(house)
    await taken(house, 1)
    return citizen


async def test_it_says_when_we_answer_and_then_until_when_it_was_promised(house: House, citizen: Actor) -> None:
    assert "Ответим до 12 марта" in citizen.sees()[0].text
    await promised(house, 1, days=4)
    assert "Ответим до 15 марта" in citizen.sees()[0].text


async def test_after_the_answer_it_promises_none(house: House, citizen: Actor) -> None:
    await answered(house, 1)
    assert "№ 1 принято" in citizen.sees()[0].text
    assert "Ответим до" not in citizen.sees()[0].text
