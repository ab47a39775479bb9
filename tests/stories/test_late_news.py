"""A messenger was away: what people wrote meanwhile comes hours later, and the clock counts from when they wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.incident import Role
from tests.stories.house import Actor, House

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления"
ACCOUNT, FORUM = "telegram/altai", "-100"
SORRY = "приняли его только сейчас"


@pytest.fixture
async def people(house: House) -> dict[str, Actor]:
    await house.chat(ACCOUNT, FORUM, "zhkh-barnaul", forum=True)
    return {
        "curator": await house.official(ACCOUNT, "31", "Вера Пробная", "", Role.CURATOR),
        "citizen": house.person("vk/altai", "100", "Анна Примерова"),
    }


def clock_said(house: House) -> list[str]:
    return [shown.text for shown in house.chat_shows(ACCOUNT, FORUM) if shown.text.startswith(("⏳ № 1: осталось", "🔴 № 1 "))]


async def test_almost_twelve_hours_late_it_is_reminded_a_minute_later(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE, at=house.clock() - timedelta(hours=11, minutes=59))
    assert SORRY in people["citizen"].heard()[0]
    await house.later(seconds=59)
    assert clock_said(house) == []
    await house.later(seconds=1)
    assert [text.partition(",")[0] for text in clock_said(house)] == ["⏳ № 1: осталось 12 ч"]


async def test_a_day_late_it_is_escalated_at_once_and_once(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE, at=house.clock() - timedelta(hours=25))
    assert SORRY in people["citizen"].heard()[0]
    await house.later(hours=1)
    assert len(clock_said(house)) == 1
    assert clock_said(house)[0].startswith("🔴 № 1 просрочен")
    assert [text.startswith("🔴 № 1 просрочен") for text in people["curator"].heard()] == [True]


async def test_it_is_reminded_from_then_on_as_if_it_had_come_in_time(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE, at=house.clock() - timedelta(hours=25))
    await house.later(hours=22, minutes=59)
    assert len(clock_said(house)) == 1
    await house.later(minutes=1)
    assert len(clock_said(house)) == 2


async def test_two_days_late_three_reminders_missed_are_one(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE, at=house.clock() - timedelta(hours=71))
    await house.later(minutes=1)
    assert len(clock_said(house)) == 1
    assert len(people["curator"].heard()) == 1


async def test_a_burst_that_comes_late_is_still_one_report(house: House, people: dict[str, Actor]) -> None:
    wrote = house.clock() - timedelta(hours=5)
    await house.receives(
        [people["citizen"].said(PIPE, at=wrote), people["citizen"].said("уже второй день", at=wrote + timedelta(seconds=40))]
    )
    async with house.store.transaction() as tx:
        assert await tx.incidents.get(2) is None
