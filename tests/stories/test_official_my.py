"""/my of those who work here: what is theirs to do, a page at a time, in private and in the working chat."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.incident import Action, Role
from tests.stories.deeds import PIPE, happened
from tests.stories.house import House, on_both
from tests.stories.office import GROUP, OWNER, TG, VK, VK_CHAT, known

PLACES = [(TG, GROUP), (VK, VK_CHAT)]


async def reports(house: House, times: int, text: str = PIPE) -> None:
    """So many citizens report, each once."""
    for _ in range(times):
        await house.person(TG, f"{100 + len(house.channels[TG].names)}", "Анна Примерова").says(text)


async def held(house: House, number: int, by: int, action: Action = Action.TAKE, **what: object) -> None:
    await happened(house, number, action, Role.OFFICIAL, by=by, **what)


@pytest.mark.parametrize(("account", "chat"), PLACES)
async def test_mine_and_what_nobody_took_stand_by_how_much_they_press(house: House, account: str, chat: str) -> None:
    await house.chat(account, chat, OWNER)
    ivanova = await house.official(account, "11", "Иванова", OWNER)
    me = await known(house, "11", account)
    await reports(house, 1)
    await house.later(hours=23)  # 19:00 on the next day
    await reports(house, 5)
    await held(house, 2, me)
    await held(house, 3, me, Action.ASK, text="Какой подъезд?")
    await held(house, 4, me, Action.ANSWER_INTERIM, text="Ждём трубу", date=house.clock() + timedelta(hours=3))
    other = await house.official(account, "12", "Петров", OWNER)
    await held(house, 6, await known(house, "12", account))
    await house.later(hours=1, minutes=30)
    ivanova.heard()
    await ivanova.says("/my")
    assert ivanova.heard() == [
        (
            "Ваш список: 5\n\n"
            "🔴 Просрочено: 1\n№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · просрочено на 30 мин · никто не взял\n\n"
            "⏳ Срок сегодня: 1\n№ 4 · ЖКХ · Барнаул, ул. Ленина, 15 · до 22:00\n\n"
            "⏸ Ждём ответа жителя: 1\n№ 3 · ЖКХ · Барнаул, ул. Ленина, 15 · ждём до 17 марта, 19:00\n\n"
            "🆕 Никто не взял: 1\n№ 5 · ЖКХ · Барнаул, ул. Ленина, 15 · до 13 марта, 19:00\n\n"
            "📌 В работе, время есть: 1\n№ 2 · ЖКХ · Барнаул, ул. Ленина, 15 · до 13 марта, 19:00"
        )
    ]
    assert ivanova.last.labels == ["№ 1", "№ 4", "№ 3", "№ 5", "№ 2"]
    await ivanova.presses("№ 4")
    assert ivanova.last.text.startswith("№ 4 · ЖКХ · 🤝 обещано до")
    await other.says("/my", to=chat)
    assert house.chat_shows(account, chat)[-1].labels == ["№ 1", "№ 5", "№ 6"]


@pytest.mark.parametrize("account", [TG, VK])
async def test_a_page_is_turned_in_place(house: House, account: str) -> None:
    ivanova = await house.official(account, "11", "Иванова", OWNER)
    await reports(house, 10)
    await ivanova.says("/my")
    shown, before = ivanova.last, len(ivanova.sees())
    assert shown.labels == [*(f"№ {number}" for number in range(1, 9)), "Ещё ▶"]
    await ivanova.presses("Ещё", at=shown)
    assert shown.labels == ["№ 9", "№ 10", "◀ Назад"]
    assert shown.text.startswith("Ваш список: 10\n\n🆕 Никто не взял: 10\n№ 9 ·")
    await ivanova.presses("◀ Назад", at=shown)
    assert shown.text.count("\n") == 10
    assert len(ivanova.sees()) == before


async def test_in_the_working_chat_only_its_own_organisation_is_told(house: House) -> None:
    await house.chat(TG, GROUP, OWNER)
    both = await house.official(TG, "11", "Иванова", OWNER)
    await house.official(TG, "11", "Иванова", "dorogi-biysk")
    await house.person(TG, "100", "Анна").says(PIPE)
    await house.person(TG, "101", "Анна").says("Бийск, огромная яма на дороге на улице Ленина, 5")
    await both.says("/my")
    assert sorted(both.last.labels) == ["№ 1", "№ 2"]
    await both.says("/my", to=GROUP)
    assert house.chat_shows(TG, GROUP)[-1].labels == ["№ 1"]
    stranger = await house.official(TG, "41", "Дорожник", "dorogi-biysk")
    await stranger.says("/my", to=GROUP)
    assert house.chat_shows(TG, GROUP)[-1].text == "О своих сообщениях спросите нас в личной переписке."


async def test_who_is_a_citizen_too_hears_of_both(house: House) -> None:
    citizen = house.person(TG, "11", "Иванова")
    await citizen.says(PIPE)
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    citizen.heard()
    await ivanova.says("/my")
    work, own = ivanova.heard()[-2:]
    assert work.startswith("Ваш список: 1")
    assert own.startswith("№ 1 · передано · Комитет ЖКХ Барнаула · ответим до")


async def test_a_citizens_own_list_stays_as_it_is(house: House) -> None:
    citizen = house.person(TG, "100", "Анна")
    await citizen.says(PIPE)
    await citizen.says("/my")
    assert citizen.last.text.startswith("№ 1 · передано · Комитет ЖКХ Барнаула · ответим до")


async def test_where_there_is_nothing_that_is_said(house: House) -> None:
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    await ivanova.says("/my")
    assert ivanova.last.text == "Сейчас за вами ничего нет. Так держать!"


@on_both
async def test_a_head_sees_all_of_the_organisation_and_a_curator_all_of_the_region(house: House) -> None:
    head = await house.official(TG, "21", "Условный", OWNER, Role.HEAD)
    curator = await house.official(VK, "31", "Пробная", "", Role.CURATOR)
    await reports(house, 2)
    await house.person(TG, "999", "Анна").says("Когда починят дорогу до посёлка")
    await held(house, 1, await known(house, "21"))
    await house.later(hours=25)
    await head.says("/my")
    assert head.last.text.startswith("В вашем органе требуют внимания: 2\n\n🔴 Просрочено: 2\n№ 1")
    await curator.says("/my")
    assert curator.last.text.startswith("У кураторов: 3\n\n📥 Не разобрано: 1\n№ 3 ·")
    assert curator.last.labels == ["№ 3", "№ 1", "№ 2"]


async def test_a_list_is_closed_to_who_lost_the_role(house: House) -> None:
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    await reports(house, 10)
    await ivanova.says("/my")
    async with house.store.transaction() as tx:
        person = await tx.people.known(TG, "11")
        assert person
        await tx.people.dismiss(person.id, OWNER, house.clock())
    assert await ivanova.presses("Ещё") == "Этот список не ваш."
