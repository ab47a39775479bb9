"""/duty: who is on duty now and next, who may set it, and who the clock wakes in the night."""

from __future__ import annotations

import pytest

from incidents.incident import Role
from tests.stories.deeds import PIPE
from tests.stories.house import Actor, House, on_both
from tests.stories.office import known

TG, VK, OWNER, FORUM, DESK = "telegram/altai", "vk/altai", "zhkh-barnaul", "-100", "-300"


@pytest.fixture
async def people(house: House) -> dict[str, Actor]:
    """11 March, 20:00 in Barnaul."""
    await house.chat(TG, FORUM, OWNER, forum=True)
    return {
        "ivanova": await house.official(TG, "11", "Мария Иванова", OWNER),
        "petrov": await house.official(VK, "12", "Пётр Петров", OWNER),
        "head": await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD),
        "curator": await house.official(VK, "31", "Вера Пробная", "", Role.CURATOR),
        "citizen": house.person(TG, "100", "Анна Примерова"),
    }


async def puts_on_duty(who: Actor, name: str, dates: str) -> None:
    await who.says("/duty")
    await who.presses("Назначить")
    await who.presses(name)
    await who.says(dates)


@on_both
async def test_a_head_sets_the_roster_and_whoever_is_on_duty_is_named_and_written_to(house: House, people: dict[str, Actor]) -> None:
    head, petrov = people["head"], people["petrov"]
    await head.says("/duty")
    shown = head.last
    assert shown.text.splitlines() == ["Дежурство: Комитет ЖКХ Барнаула", "Сейчас никто не дежурит: напоминания получают все."]
    await head.presses("Назначить")
    assert shown.labels == ["Мария Иванова", "Пётр Петров", "Николай Условный", "Отмена"]
    await head.presses("Пётр Петров")
    assert shown.labels == ["Сегодня", "Сегодня и завтра", "Неделя", "Отмена"]
    await head.presses("Неделя")
    assert shown.text.splitlines() == [
        "Пётр Петров дежурит до 17 марта включительно ✓",
        "Дежурство: Комитет ЖКХ Барнаула",
        "Сейчас: Пётр Петров — до 17 марта включительно",
    ]
    assert petrov.heard() == ["Вы дежурите до 17 марта включительно: Комитет ЖКХ Барнаула. Напоминания о сроках придут и вам лично."]
    await people["citizen"].says(PIPE)
    assert "Дежурит: Пётр Петров" in house.chat_shows(TG, FORUM)[0].text.splitlines()
    await house.later(hours=12)
    assert house.chat_shows(TG, FORUM)[-1].text == "⏳ № 1: осталось 12 ч, никто не взял.\nДежурит: Пётр Петров."
    assert petrov.heard() == ["⏳ № 1: осталось 12 ч, никто не взял.\nВы сейчас на дежурстве."]
    await petrov.presses("Беру")
    assert (await house.case(1)).incident.assignee == await known(house, "12", VK)
    assert petrov.last.labels == []
    assert people["ivanova"].heard() == []


async def test_nobody_on_duty_is_said_and_everybody_is_named(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says(PIPE)
    await house.later(hours=12)
    assert house.chat_shows(TG, FORUM)[-1].text.splitlines()[1] == "Дежурный не назначен, поэтому всем: Мария Иванова, Пётр Петров."


async def test_typed_dates_overlaps_and_calling_off(house: House, people: dict[str, Actor]) -> None:
    head, petrov = people["head"], people["petrov"]
    await puts_on_duty(head, "Пётр Петров", "15–20 марта")
    await puts_on_duty(head, "Мария Иванова", "18–22 марта")
    await puts_on_duty(head, "Пётр Петров", "21 марта")
    await head.says("/duty")
    shown = head.last
    assert shown.text.splitlines()[2:] == [
        "Дальше: Пётр Петров — с 15 марта до 21 марта включительно",
        "Дальше: Мария Иванова — с 18 марта до 22 марта включительно",
    ]
    petrov.heard()
    payload = next(button.payload for row in shown.reply.keyboard for button in row if button.label == "Снять: Пётр Петров")
    await head.presses_payload(payload, shown)
    assert petrov.heard() == ["Дежурство снято: Комитет ЖКХ Барнаула, с 15 марта до 21 марта включительно."]
    assert await head.presses_payload(payload, shown) == "Это дежурство уже снято или закончилось."
    assert "Пётр Петров" not in shown.text.splitlines()[-1]


async def test_who_is_away_is_not_put_on_duty(house: House, people: dict[str, Actor]) -> None:
    await people["petrov"].says("/away 14–16 марта")
    await people["petrov"].presses("Без заместителя")
    head = people["head"]
    await puts_on_duty(head, "Пётр Петров", "15–20 марта")
    assert head.last.text.startswith("Пётр Петров в это время не на работе: с 14 марта до 16 марта включительно.")
    await head.says("17–20 марта")
    assert head.last.text.startswith("Пётр Петров дежурит с 17 марта до 20 марта включительно ✓")


async def test_who_goes_away_while_on_duty_is_told_and_their_deputy_is_on_duty(house: House, people: dict[str, Actor]) -> None:
    await puts_on_duty(people["head"], "Пётр Петров", "неделю")
    petrov = people["petrov"]
    await petrov.says("/away до 13 марта")
    await petrov.presses("Мария Иванова")
    assert "⚠ На это время у вас стоит дежурство: /duty" in petrov.last.text
    await people["citizen"].says(PIPE)
    assert "Дежурит" not in house.chat_shows(TG, FORUM)[0].text
    people["ivanova"].heard()
    await house.later(hours=12)
    assert people["ivanova"].heard() == ["⏳ № 1: осталось 12 ч, никто не взял.\nВы сейчас на дежурстве.\nВы замещаете: Пётр Петров."]


async def test_officials_see_the_roster_and_do_not_set_it(house: House, people: dict[str, Actor]) -> None:
    await people["ivanova"].says("/duty")
    assert people["ivanova"].last.labels == []
    await people["ivanova"].says("/duty", to=FORUM)
    shown = house.chat_shows(TG, FORUM)[-1]
    await people["head"].says("/duty", to=FORUM)
    shown = house.chat_shows(TG, FORUM)[-1]
    assert await people["ivanova"].presses("Назначить", at=shown) == "Дежурства назначают руководитель органа и кураторы."
    await people["citizen"].says("/duty")
    assert people["citizen"].heard()[0].startswith("Напишите одним сообщением")


async def test_a_head_who_lost_the_role_sets_nothing(house: House, people: dict[str, Actor]) -> None:
    head = people["head"]
    await head.says("/duty")
    await head.presses("Назначить")
    await head.presses("Пётр Петров")
    person = await known(house, "21")
    async with house.store.transaction() as tx:
        await tx.people.dismiss(person, OWNER, house.clock())
    assert await head.presses("Неделя") == "Дежурства назначают руководитель органа и кураторы."
    await head.says("неделю")
    async with house.store.transaction() as tx:
        assert (await tx.staffing.roster(OWNER, house.clock())).shifts == ()


async def test_curators_set_the_desks_roster_and_any_organisations(house: House, people: dict[str, Actor]) -> None:
    curator = people["curator"]
    await puts_on_duty(curator, "Вера Пробная", "неделю")
    assert "Сейчас: Вера Пробная — до 17 марта включительно" in curator.last.text
    await curator.presses("Другой орган")
    while "Комитет ЖКХ Барнаула" not in curator.last.labels:
        await curator.presses("Ещё")
    await curator.presses("Комитет ЖКХ Барнаула")
    await curator.presses("Назначить")
    await curator.presses("Мария Иванова")
    await curator.presses("Сегодня")
    assert "Мария Иванова дежурит до 11 марта включительно ✓" in curator.last.text


async def test_at_the_deadline_in_the_night_those_on_duty_hear_it_at_once_and_the_others_in_the_morning(
    house: House, people: dict[str, Actor]
) -> None:
    second = await house.official(TG, "32", "Ольга Вторая", "", Role.CURATOR)
    await puts_on_duty(people["head"], "Пётр Петров", "неделю")
    await puts_on_duty(people["curator"], "Вера Пробная", "неделю")
    await house.later(hours=4)  # midnight
    await people["citizen"].says(PIPE)
    await people["ivanova"].presses("Беру", to=FORUM)
    await house.later(hours=23)
    for one in (*people.values(), second):
        one.heard()
    await house.later(hours=1)
    assert [text.splitlines()[0] for text in people["petrov"].heard()] == ["🔴 № 1 просрочен: срок был 13 марта, 00:00."]
    assert people["curator"].heard()[0].startswith("🔴 № 1 просрочен")
    assert [people[who].heard() for who in ("ivanova", "head")] == [[], []]
    assert second.heard() == []
    await house.later(hours=6, minutes=59)
    assert people["head"].heard() == []
    await house.later(minutes=1)
    assert people["head"].heard()[0].startswith("🔴 № 1 просрочен на 7 ч")
    assert second.heard()[0].startswith("🔴 № 1 просрочен на 7 ч")
    assert people["ivanova"].heard()[0].startswith("🔴 № 1 просрочен на 7 ч")


async def test_what_was_answered_in_the_night_wakes_nobody_in_the_morning(house: House, people: dict[str, Actor]) -> None:
    await puts_on_duty(people["head"], "Пётр Петров", "неделю")
    await house.later(hours=4)
    await people["citizen"].says(PIPE)
    people["head"].heard()
    await house.later(hours=24)
    petrov = people["petrov"]
    await petrov.says("Трубу заменили ночью", reply_to=petrov.last)
    await petrov.presses("Ответ")
    await house.later(hours=9)
    assert people["head"].heard() == []


async def test_curators_on_duty_are_named_at_the_desk(house: House, people: dict[str, Actor]) -> None:
    await house.chat(TG, DESK, desk=True)
    await puts_on_duty(people["curator"], "Вера Пробная", "неделю")
    await people["citizen"].says(PIPE)
    people["curator"].heard()
    await house.later(hours=22)
    assert house.chat_shows(TG, DESK)[-1].text.endswith("Дежурит: Вера Пробная.")
    assert people["curator"].heard()[0].endswith("Вы сейчас на дежурстве.")


@on_both
@pytest.mark.parametrize("by", ["a button", "an hour"])
async def test_who_is_put_on_duty_is_not_asked_for_ever(house: House, people: dict[str, Actor], by: str) -> None:
    head = people["head"]
    await head.says("/duty", to=FORUM)
    await head.presses("Назначить", to=FORUM)
    await head.presses("Пётр Петров", to=FORUM)
    if by == "a button":
        await head.presses("Отмена", to=FORUM)
    else:
        await house.later(minutes=61)
    before = len(house.chat_shows(TG, FORUM))
    await head.says("Коллеги, экскаватор у нас до пятницы", to=FORUM)
    await head.says("до пятницы", to=FORUM)
    assert len(house.chat_shows(TG, FORUM)) == before
    async with house.store.transaction() as tx:
        assert (await tx.staffing.roster(OWNER, house.clock())).shifts == ()
