"""A messenger was away: what people wrote meanwhile comes hours later, and the clock counts from when they wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.incident import Role
from tests.stories.house import Actor, House, on_both

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления"
ACCOUNT, FORUM = "telegram/altai", "-100"
SORRY = "дошло до нас только сейчас"


@pytest.fixture
async def people(house: House) -> dict[str, Actor]:
    await house.chat(ACCOUNT, FORUM, "zhkh-barnaul", forum=True)
    return {
        "curator": await house.official(ACCOUNT, "31", "Вера Пробная", "", Role.CURATOR),
        "citizen": house.person("vk/altai", "100", "Анна Примерова"),
    }


def clock_said(house: House) -> list[str]:
    return [shown.text for shown in house.chat_shows(ACCOUNT, FORUM) if shown.text.startswith(("⏳ № 1: осталось", "🔴 № 1 "))]


@pytest.mark.parametrize("account", ["telegram/altai", "vk/altai"])
async def test_a_receipt_says_sorry_when_it_comes_more_than_ten_minutes_late(house: House, account: str) -> None:
    in_time, late = house.person(account, "201", "Пётр Образцов"), house.person(account, "202", "Ольга")
    await in_time.says(PIPE, at=house.clock() - timedelta(minutes=10))
    await late.says(PIPE, at=house.clock() - timedelta(minutes=10, seconds=1))
    assert SORRY not in in_time.heard()[0]
    assert late.sees()[0].text.splitlines()[2:] == [
        "Отвечает: Комитет ЖКХ Барнаула. Ответим до 12 марта, 19:49.",
        "Извините, сообщение дошло до нас только сейчас. Срок считаем с момента, когда вы написали.",
    ]


@pytest.mark.parametrize("account", ["telegram/altai", "vk/altai"])
async def test_with_little_time_left_the_receipt_says_how_much_and_the_curator_hears_at_once(
    house: House, people: dict[str, Actor], account: str
) -> None:
    late = house.person(account, "202", "Ольга")
    await late.says(PIPE, at=house.clock() - timedelta(hours=23, minutes=20))
    assert late.sees()[0].text.splitlines()[3].endswith("с момента, когда вы написали: осталось 40 мин.")
    await house.later(seconds=1)
    assert people["curator"].last.text.startswith("№ 1 (ЖКХ, Барнаул, ул. Ленина, 15) не взят, срок через 40 мин.")


@pytest.mark.parametrize("account", ["telegram/altai", "vk/altai"])
async def test_with_no_time_left_the_receipt_says_so_and_the_curator_hears_at_once(
    house: House, people: dict[str, Actor], account: str
) -> None:
    late = house.person(account, "202", "Ольга")
    await late.says(PIPE, at=house.clock() - timedelta(hours=25))
    assert late.sees()[0].text.splitlines()[2:] == [
        "Отвечает: Комитет ЖКХ Барнаула.",
        "Извините, сообщение дошло до нас только сейчас, и срок ответа уже прошёл: 11 марта, 19:00. Ответим как можно скорее.",
    ]
    await house.later(seconds=1)
    assert people["curator"].last.text.startswith("🔴 № 1 просрочен")


async def test_with_no_time_left_what_nobody_is_found_for_is_said_as_plainly(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says("Когда починят дорогу до посёлка", at=house.clock() - timedelta(hours=25))
    assert people["citizen"].sees()[0].text.splitlines()[-1].startswith("Извините, сообщение дошло до нас только сейчас, и срок ответа уже")
    await house.later(seconds=1)
    assert any("не разобран, срок прошёл" in text for text in people["curator"].heard())


async def test_the_apology_stays_true_when_the_receipt_is_brought_up_to_date(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE, at=house.clock() - timedelta(hours=25))
    await house.later(hours=5)
    await people["citizen"].presses("Другое место")
    assert "уже прошёл: 11 марта, 19:00" in people["citizen"].sees()[0].text


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


@on_both
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
