"""The morning digest and the week's figures: who hears what, when, and who hears nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers import digest
from incidents.incident import Action, Role
from incidents.responsible import Absence
from scheduler.digests import Diary
from tests.stories.deeds import PIPE, happened
from tests.stories.house import Actor, House, on_both
from tests.stories.office import OWNER, TG, VK, known

BARNAUL = ZoneInfo("Asia/Barnaul")
ROAD = "Барнаул, огромная яма на дороге на улице Попова, 5"
UNSORTED = "Когда починят дорогу до посёлка"


@pytest.fixture
async def staff(house: House) -> dict[str, Actor]:
    """An official in each messenger, a head, a curator; mornings come. It is Wednesday the 11th of March, 20:00 in Barnaul."""
    house.mornings = Diary()
    await house.chat(TG, "-100", OWNER)
    await house.chat(TG, "-900", desk=True)
    return {
        "ivanova": await house.official(TG, "11", "Иванова", OWNER),
        "petrov": await house.official(VK, "12", "Петров", OWNER),
        "head": await house.official(VK, "21", "Условный", OWNER, Role.HEAD),
        "curator": await house.official(TG, "31", "Пробная", "", Role.CURATOR),
    }


async def reports(house: House, text: str = PIPE, times: int = 1) -> None:
    """Citizens report, each once."""
    for _ in range(times):
        number = 100 + len(house.channels[TG].names)
        await house.person(TG, str(number), "Анна Примерова").says(text)


async def until(house: House, day: int, hour: int, minute: int = 0) -> None:
    """Until a local time of March."""
    await house.later(seconds=(datetime(2026, 3, day, hour, minute, tzinfo=BARNAUL) - house.clock()).total_seconds())


def mornings(actor: Actor) -> list[str]:
    """The digests among what was heard since the last look."""
    return [text for text in actor.heard() if text.startswith(("Доброе утро", "Good morning"))]


def weeks(actor: Actor) -> list[str]:
    return [text for text in actor.heard() if text.startswith("Итоги недели")]


# --- the day -----------------------------------------------------------------------------------------------------------


@on_both
async def test_at_half_past_eight_an_official_hears_what_is_due_and_what_nobody_took(house: House, staff: dict[str, Actor]) -> None:
    await reports(house, times=2)
    await happened(house, 1, Action.TAKE, Role.OFFICIAL, by=await known(house, "12", VK))
    await until(house, 12, 8, 29)
    assert mornings(staff["ivanova"]) == []
    await until(house, 12, 8, 30)
    assert mornings(staff["ivanova"]) == [
        "Доброе утро! Вас ждёт 1 сообщение.\n\n⏳ Срок сегодня: 1\n№ 2 · ЖКХ · Барнаул, ул. Ленина, 15 · до 20:00 · никто не взял"
    ]
    assert mornings(staff["petrov"]) == [
        (
            "Доброе утро! Вас ждут 2 сообщения.\n\n⏳ Срок сегодня: 2\n"
            "№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · до 20:00\n№ 2 · ЖКХ · Барнаул, ул. Ленина, 15 · до 20:00 · никто не взял"
        )
    ]


async def test_nothing_is_sent_where_there_is_nothing(house: House, staff: dict[str, Actor]) -> None:
    await until(house, 12, 12)
    assert [actor.heard() for actor in staff.values()] == [[], [], [], []]


async def test_each_line_has_a_button_that_opens_its_card(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await until(house, 12, 8, 30)
    assert staff["petrov"].last.labels == ["№ 1"]
    await staff["petrov"].presses("№ 1")
    assert staff["petrov"].last.text.startswith("№ 1 · ЖКХ · ⏳ до 12 марта, 20:00")


async def test_what_does_not_fit_stands_behind_one_more_button(house: House, staff: dict[str, Actor]) -> None:
    await reports(house, times=11)
    await until(house, 12, 8, 30)
    for name in ("ivanova", "petrov"):
        shown = staff[name].last
        assert shown.labels == [*(f"№ {number}" for number in range(1, 9)), "Ещё 3"]
        await staff[name].presses("Ещё 3")
        assert staff[name].last.labels == ["№ 9", "№ 10", "№ 11", "◀ Назад"]
        assert staff[name].sees()[-2].labels == shown.labels
        await staff[name].presses("◀ Назад")
        assert staff[name].last.labels == [*(f"№ {number}" for number in range(1, 9)), "Ещё ▶"]
        assert len(staff[name].sees()) == 2


async def test_the_curator_hears_of_the_region(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await reports(house, UNSORTED)
    await house.later(minutes=1)
    await until(house, 12, 8, 30)
    assert mornings(staff["curator"]) == [
        (
            "Доброе утро! Вас ждут 2 сообщения.\n\n📥 Не разобрано: 1\n№ 2 · Дороги · место не указано · до 20:00\n\n"
            "⏳ Срок сегодня: 1\n№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · до 20:00 · Комитет ЖКХ Барнаула"
        )
    ]


@on_both
async def test_a_head_hears_only_of_what_is_hot_or_overdue_and_how_yesterday_was(house: House, staff: dict[str, Actor]) -> None:
    await reports(house, times=3)
    await until(house, 12, 8, 30)
    assert mornings(staff["head"]) == []
    await happened(house, 1, Action.ANSWER, Role.OFFICIAL, by=await known(house, "11"), text="Заменили")
    await happened(house, 2, Action.TAKE, Role.OFFICIAL, by=await known(house, "11"))
    await until(house, 13, 8, 30)
    assert mornings(staff["head"]) == [
        (
            "Доброе утро! Вас ждут 2 сообщения.\n\n🔴 Просрочено: 2\n"
            "№ 2 · ЖКХ · Барнаул, ул. Ленина, 15 · просрочено на 12 ч 30 мин · Иванова\n"
            "№ 3 · ЖКХ · Барнаул, ул. Ленина, 15 · просрочено на 12 ч 30 мин · никто не взял\n\n"
            "Вчера: поступило 0 сообщений, первый ответ дали на 1, в срок — на 1."
        )
    ]


async def test_on_a_day_off_officials_hear_only_of_what_presses(house: House, staff: dict[str, Actor]) -> None:
    await until(house, 13, 20)
    await reports(house)
    await happened(house, 1, Action.ASK, Role.OFFICIAL, by=await known(house, "11"), text="Какой подъезд?")
    await until(house, 14, 9)  # Saturday
    assert mornings(staff["ivanova"]) == []
    await until(house, 16, 9)
    assert mornings(staff["ivanova"]) == [
        "Доброе утро! Вас ждёт 1 сообщение.\n\n⏸ Ждём ответа жителя: 1\n№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · ждём до 18 марта, 20:00"
    ]


async def test_what_is_due_on_a_day_off_is_told_then(house: House, staff: dict[str, Actor]) -> None:
    await until(house, 13, 20)
    await reports(house)
    await until(house, 14, 8, 30)
    assert len(mornings(staff["petrov"])) == 1


# --- once, and in time -------------------------------------------------------------------------------------------------


async def test_a_new_process_tells_nobody_again(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await until(house, 12, 8, 30)
    house.mornings = Diary()
    await until(house, 12, 12)
    assert [len(mornings(staff[name])) for name in ("ivanova", "petrov", "curator")] == [1, 1, 1]


async def test_a_machine_that_slept_tells_it_late_and_after_four_hours_not_at_all(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await house.sleeps(hours=16, minutes=29)  # until 12:29
    assert len(mornings(staff["petrov"])) == 1
    await until(house, 12, 20)
    await house.sleeps(hours=16, minutes=30)
    assert mornings(staff["petrov"]) == []
    await until(house, 14, 8, 30)
    assert len(mornings(staff["petrov"])) == 1


async def test_the_morning_is_that_of_the_organisations_territory(house: House, staff: dict[str, Actor]) -> None:
    """Nothing hangs on the region's zone: a second territory an hour to the east hears an hour earlier."""
    east = replace(house.region.territory["biysk"], zone=ZoneInfo("Asia/Irkutsk"))
    territories = tuple(east if one.id == "biysk" else one for one in house.region.territories)
    house.region = replace(house.region, territories=territories)
    await house.open()
    eastern = await house.official(TG, "41", "Восточный", "dorogi-biysk")
    await reports(house, "Бийск, огромная яма на дороге на улице Ленина, 5")
    await until(house, 12, 7, 29)
    assert mornings(eastern) == []
    await until(house, 12, 7, 30)
    assert len(mornings(eastern)) == 1
    assert mornings(staff["curator"]) == []


async def test_who_came_after_the_morning_has_the_next_one(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await until(house, 12, 9)
    late = await house.official(TG, "14", "Новенькая", OWNER)
    house.mornings = Diary()
    await until(house, 12, 12)
    assert mornings(late) == []


async def test_one_who_cannot_be_told_keeps_it_from_nobody(house: House, staff: dict[str, Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    ivanova, words = await known(house, "11"), digest.agenda.words

    async def stumbles(*arguments: object, **options: object) -> object:
        if arguments[2].person == ivanova:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return await words(*arguments, **options)  # type: ignore[arg-type]

    await reports(house)
    monkeypatch.setattr(digest.agenda, "words", stumbles)
    await until(house, 12, 8, 35)
    assert (len(mornings(staff["ivanova"])), len(mornings(staff["petrov"]))) == (0, 1)
    monkeypatch.setattr(digest.agenda, "words", words)
    await until(house, 12, 8, 45)
    assert (len(mornings(staff["ivanova"])), len(mornings(staff["petrov"]))) == (1, 0)


# --- who does not hear -------------------------------------------------------------------------------------------------


@on_both
async def test_who_switched_it_off_hears_nothing_until_they_switch_it_on(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await staff["petrov"].says("/digest")
    assert staff["petrov"].last.text.startswith("Утром в 8:30 присылаем список на день")
    await staff["petrov"].presses("Не присылать")
    assert staff["petrov"].last.text == "Утренних списков не присылаем. Список на сейчас: /my"
    await until(house, 12, 9)
    assert mornings(staff["petrov"]) == []
    await staff["petrov"].presses("Присылать")
    await until(house, 13, 9)
    assert len(mornings(staff["petrov"])) == 1


async def test_who_forbade_us_to_write_is_not_written_to(house: House, staff: dict[str, Actor]) -> None:
    await reports(house)
    await staff["petrov"].blocks()
    await until(house, 12, 9)
    assert mornings(staff["petrov"]) == []


async def test_a_citizen_is_told_what_the_bot_can_do_for_them(house: House, staff: dict[str, Actor]) -> None:
    citizen = house.person(TG, "100", "Анна")
    await citizen.says("/digest")
    assert "/digest" not in citizen.last.text


@on_both
async def test_who_is_away_hears_nothing_and_the_deputy_hears_of_both(house: House, staff: dict[str, Actor]) -> None:
    ivanova, petrov = await known(house, "11"), await known(house, "12", VK)
    await reports(house)
    await happened(house, 1, Action.TAKE, Role.OFFICIAL, by=ivanova)
    async with house.store.transaction() as tx:
        now = house.clock()
        await tx.staffing.go_away(Absence(ivanova, OWNER, now, now + timedelta(days=9), petrov), now)
    await until(house, 12, 8, 30)
    assert mornings(staff["ivanova"]) == []
    assert mornings(staff["petrov"]) == [
        "Доброе утро! Вас ждёт 1 сообщение.\n\n⏳ Срок сегодня: 1\n№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · до 20:00 · Иванова"
    ]


# --- the week ----------------------------------------------------------------------------------------------------------


@on_both
async def test_on_monday_heads_and_curators_hear_how_the_week_was(house: House, staff: dict[str, Actor]) -> None:
    await reports(house, times=3)
    await house.later(hours=6)
    await happened(house, 1, Action.ANSWER, Role.OFFICIAL, by=await known(house, "11"), text="Заменили")
    await happened(house, 1, Action.RATE, Role.CITIZEN, by=await known(house, "104"), stars=4)
    await house.later(hours=24)
    await happened(house, 2, Action.ANSWER, Role.OFFICIAL, by=await known(house, "11"), text="Заменили")
    await until(house, 16, 8, 29)
    staff["head"].heard()
    staff["curator"].heard()
    await until(house, 16, 8, 30)
    lines = [
        "Поступило: 3 (неделей раньше 0)",
        "Первый ответ в срок: 1 из 2, 50 % (неделей раньше —)",
        "Просрочили: 2 (неделей раньше 0), сейчас просрочено 1",
        "Обычное время ответа: 18 ч (неделей раньше —)",
        "Оценка жителей: 4,0 (неделей раньше —)",
    ]
    assert weeks(staff["head"]) == ["\n".join(["Итоги недели 9 марта — 15 марта · Комитет ЖКХ Барнаула", *lines])]
    assert weeks(staff["curator"]) == ["\n".join(["Итоги недели 9 марта — 15 марта · Алтайский край", *lines])]
    assert staff["head"].last.labels == ["№ 3"]
    await until(house, 17, 9)
    assert weeks(staff["head"]) == []
    await until(house, 23, 8, 30)
    assert "Поступило: 0 (неделей раньше 3)" in weeks(staff["head"])[0]


async def test_of_a_week_without_anything_nothing_is_said(house: House, staff: dict[str, Actor]) -> None:
    await until(house, 16, 12)
    assert staff["head"].heard() == []
