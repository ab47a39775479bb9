"""The clock speaks: the ladder, quiet hours, a machine that slept, promises that passed."""

from __future__ import annotations

import pytest

from incidents.incident import Role, Status
from tests.stories.house import Actor, House, on_both

pytestmark = on_both

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления"
ACCOUNT, FORUM = "telegram/altai", "-100"


@pytest.fixture
async def people(house: House) -> dict[str, Actor]:
    await house.chat(ACCOUNT, FORUM, "zhkh-barnaul", forum=True)
    return {
        "official": await house.official(ACCOUNT, "11", "Мария Иванова", "zhkh-barnaul"),
        "head": await house.official(ACCOUNT, "21", "Николай Условный", "zhkh-barnaul", Role.HEAD),
        "curator": await house.official(ACCOUNT, "31", "Вера Пробная", "", Role.CURATOR),
        "citizen": house.person(ACCOUNT, "100", "Анна Примерова"),
    }


def said_in_forum(house: House) -> list[str]:
    return [shown.text for shown in house.chat_shows(ACCOUNT, FORUM)]


async def test_left_alone_it_reminds_at_12_h_19_h_12_min_and_22_h_and_escalates_at_24_h(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    before = len(said_in_forum(house))
    await house.later(hours=11, minutes=59)
    assert len(said_in_forum(house)) == before
    await house.later(minutes=1)
    assert said_in_forum(house)[-1].startswith("⏳ № 1: осталось 12 ч, никто не взял.")
    await house.later(hours=7, minutes=12)
    assert said_in_forum(house)[-1].startswith("⏳ № 1: осталось 4 ч 48 мин, никто не взял.")
    assert people["curator"].heard() == []
    await house.later(hours=2, minutes=48)
    assert said_in_forum(house)[-1].startswith("⏳ № 1: осталось 2 ч, никто не взял.")
    assert [text.splitlines()[0][:4] for text in people["curator"].heard()] == ["№ 1 "]
    assert people["head"].heard() == []
    await house.later(hours=2)
    assert said_in_forum(house)[-1].startswith("🔴 № 1 просрочен")
    assert people["curator"].heard()[0].startswith("🔴 № 1 просрочен")
    assert people["head"].heard()[0].startswith("🔴 № 1 просрочен")


async def test_after_the_deadline_it_reminds_once_a_day(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    await house.later(hours=24)
    people["head"].heard()
    await house.later(days=3)
    assert len(people["head"].heard()) == 3


async def test_who_took_it_is_reminded_by_name(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    await people["official"].presses("Беру", to=FORUM)
    await house.later(hours=12)
    assert said_in_forum(house)[-1] == "⏳ № 1: осталось 12 ч. В работе: Мария Иванова."


async def test_a_machine_asleep_for_a_night_sends_one_reminder(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    before = len(said_in_forum(house))
    await house.sleeps(hours=22, minutes=30)
    assert len(said_in_forum(house)) == before + 1
    assert len(people["curator"].heard()) == 1


async def test_an_answer_stops_the_clock(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    card = house.chat_shows(ACCOUNT, FORUM)[0]
    await people["official"].says("Бригада выехала, трубу заменят сегодня", to=FORUM, thread=card.address.thread, reply_to=card)
    await people["official"].presses("Ответ", to=FORUM)
    await house.later(minutes=1)
    before = len(said_in_forum(house))
    await house.later(days=3)
    assert len(said_in_forum(house)) == before
    assert (await house.case(1)).incident.status is Status.ANSWERED


async def test_unanswered_for_14_days_closes_by_itself(house: House, people: dict[str, Actor]) -> None:
    await test_an_answer_stops_the_clock(house, people)
    await house.later(days=12)
    assert (await house.case(1)).incident.status is Status.CLOSED


async def test_quiet_hours_move_a_reminder_to_the_evening_before(house: House, people: dict[str, Actor]) -> None:
    await house.later(hours=17)  # 13:00 in Barnaul: 50 % would be 1:00 at night
    await people["citizen"].says(PIPE)
    before = len(said_in_forum(house))
    await house.later(hours=8, minutes=44)
    assert len(said_in_forum(house)) == before
    await house.later(minutes=1)  # 21:45
    assert said_in_forum(house)[-1].startswith("⏳ № 1: осталось 15 ч 15 мин")


async def test_a_reminder_reaches_the_owner_of_that_instant(house: House, people: dict[str, Actor]) -> None:
    biysk = await house.chat("vk/altai", "2000000001", "dorogi-biysk")
    await people["citizen"].says(PIPE)
    await people["official"].presses("Не моё", to=FORUM)
    while not any("Дорожная служба Бийска" in label for shown in house.chat_shows(ACCOUNT, FORUM) for label in shown.labels):
        await people["official"].presses("Ещё", to=FORUM)
    await people["official"].presses("Дорожная служба Бийска", to=FORUM)
    before = len(said_in_forum(house))
    await house.later(hours=12)
    assert len(said_in_forum(house)) == before
    assert house.chat_shows("vk/altai", biysk)[-1].text.startswith("⏳ № 1: осталось 12 ч")
