"""/away: dates and a deputy; who is told while somebody is away, when it begins and when it ends."""

from __future__ import annotations

import pytest

from incidents.incident import Role
from tests.stories.deeds import PIPE
from tests.stories.house import Actor, House, on_both
from tests.stories.office import known

TG, VK, OWNER, FORUM = "telegram/altai", "vk/altai", "zhkh-barnaul", "-100"


@pytest.fixture
async def people(house: House) -> dict[str, Actor]:
    """11 March, 20:00 in Barnaul."""
    await house.chat(TG, FORUM, OWNER, forum=True)
    return {
        "ivanova": await house.official(TG, "11", "Мария Иванова", OWNER),
        "petrov": await house.official(VK, "12", "Пётр Петров", OWNER),
        "sidorov": await house.official(TG, "13", "Семён Сидоров", OWNER),
        "head": await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD),
        "curator": await house.official(TG, "31", "Вера Пробная", "", Role.CURATOR),
        "citizen": house.person(TG, "100", "Анна Примерова"),
    }


async def goes(who: Actor, dates: str, deputy: str) -> None:
    await who.says(f"/away {dates}")
    await who.presses(deputy)


async def dismissed(house: House, user_id: str, account: str = TG) -> None:
    person = await known(house, user_id, account)
    async with house.store.transaction() as tx:
        await tx.people.dismiss(person, OWNER, house.clock())


async def is_away(house: House, user_id: str) -> bool:
    person = await known(house, user_id)
    async with house.store.transaction() as tx:
        return bool(await tx.staffing.absences_of(person, house.clock()))


def hear_nothing_yet(people: dict[str, Actor]) -> None:
    for one in people.values():
        one.heard()


@on_both
async def test_while_somebody_is_away_their_deputy_is_reminded_and_they_are_not(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await people["citizen"].says(PIPE)
    await ivanova.presses("Беру", to=FORUM)
    await ivanova.says("/away")
    assert ivanova.last.labels == ["Сегодня", "Сегодня и завтра", "Неделя"]
    await ivanova.presses("Неделя")
    asked = ivanova.last
    assert asked.text.startswith("Вас не будет до 17 марта включительно. Кто вас заменит (Комитет ЖКХ Барнаула)?")
    assert asked.labels == ["Пётр Петров", "Семён Сидоров", "Николай Условный", "Без заместителя"]
    await ivanova.presses("Пётр Петров")
    assert asked.text.splitlines()[0] == "Вас не будет на работе до 17 марта включительно."
    assert "Замещает: Пётр Петров" in asked.text
    assert petrov.last.text.startswith("Вы замещаете: Мария Иванова, до 17 марта включительно.\n№ 1 · ")
    await petrov.presses("№ 1")
    assert petrov.last.text.startswith("№ 1 · ЖКХ")
    hear_nothing_yet(people)
    await house.later(hours=12)
    assert house.chat_shows(TG, FORUM)[-1].text.splitlines() == [
        "⏳ № 1: осталось 12 ч. В работе: Мария Иванова.",
        "Мария Иванова не на работе до 17 марта включительно. Замещает: Пётр Петров.",
    ]
    assert petrov.heard()[-1].endswith("Вы замещаете: Мария Иванова.")
    assert ivanova.heard() == []
    assert (await house.case(1)).incident.assignee == await known(house, "11")


async def test_dates_are_typed_and_what_is_none_is_asked_again(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await ivanova.says("/away")
    await ivanova.says("31 февраля")
    assert ivanova.last.text.startswith("Такого дня нет в календаре.\nКогда вас не будет?")
    await ivanova.says("до вчера")
    assert ivanova.last.text.startswith("Это время уже прошло.")
    await ivanova.says("15–20 марта")
    assert ivanova.last.text.startswith("Вас не будет с 15 марта до 20 марта включительно.")
    await ivanova.presses("Без заместителя")
    assert "Заместителя нет" in ivanova.last.text
    assert ivanova.last.labels == ["Отменить", "Изменить"]


async def test_a_deputy_who_is_away_too_is_refused_with_words(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await goes(petrov, "14–16 марта", "Без заместителя")
    await ivanova.says("/away 15–20 марта")
    await ivanova.presses("Пётр Петров")
    assert ivanova.last.text.startswith(
        "Пётр Петров в это время не на работе: с 14 марта до 16 марта включительно. Выберите другого человека."
    )
    assert "Пётр Петров" not in ivanova.last.labels
    await ivanova.presses("Семён Сидоров")
    assert "Замещает: Семён Сидоров" in ivanova.last.text


async def test_a_deputy_who_goes_away_hears_whom_they_stand_in_for_and_no_ring_arises(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov, sidorov = people["ivanova"], people["petrov"], people["sidorov"]
    await people["citizen"].says(PIPE)
    await ivanova.presses("Беру", to=FORUM)
    await goes(ivanova, "неделю", "Пётр Петров")
    await petrov.says("/away до 13 марта")
    await petrov.presses("Мария Иванова")  # away herself
    assert petrov.last.text.startswith("Мария Иванова в это время не на работе")
    await petrov.presses("Семён Сидоров")
    assert "Вы замещаете: Мария Иванова" in petrov.last.text
    hear_nothing_yet(people)
    await house.later(hours=12)
    assert sidorov.heard()[-1].endswith("Вы замещаете: Мария Иванова.")
    assert petrov.heard() == []


async def test_away_again_shows_it_and_coming_back_ends_it(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await people["citizen"].says(PIPE)
    await ivanova.presses("Беру", to=FORUM)
    await goes(ivanova, "до 20 марта", "Пётр Петров")
    await ivanova.says("/away")
    assert ivanova.last.labels == ["Я вернулся", "Изменить"]
    shown = ivanova.last
    hear_nothing_yet(people)
    await ivanova.presses("Я вернулся")
    assert shown.text.startswith("Вы снова на работе. За вами: 1.\n№ 1 · ")
    assert petrov.heard() == ["Мария Иванова снова на работе, замещать больше не нужно."]
    await house.later(hours=12)
    assert ivanova.heard()[-1].startswith("⏳ № 1: осталось 12 ч. В работе: Мария Иванова.")


async def test_a_second_press_on_i_am_back_is_answered(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await goes(ivanova, "до 20 марта", "Без заместителя")
    shown = ivanova.last
    payload = shown.reply.keyboard[0][0].payload
    await ivanova.presses_payload(payload, shown)
    assert await ivanova.presses_payload(payload, shown) == "Вы и так на работе."


async def test_when_the_days_are_over_both_hear_it_once(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await goes(ivanova, "12 марта", "Пётр Петров")
    assert petrov.heard() == []
    await house.later(hours=10)
    assert petrov.heard() == ["Вы замещаете: Мария Иванова, до 12 марта включительно.\nСейчас открытых сообщений нет."]
    ivanova.heard()
    await house.later(hours=24)
    assert ivanova.heard() == ["Вы снова на работе. За вами ничего не числится."]
    assert petrov.heard() == ["Мария Иванова снова на работе, замещать больше не нужно."]


async def test_other_dates_replace_the_first_ones(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await goes(ivanova, "14–16 марта", "Пётр Петров")
    await ivanova.says("/away")
    await ivanova.presses("Изменить")
    await ivanova.says("15–17 марта")
    await ivanova.presses("Семён Сидоров")
    hear_nothing_yet(people)
    await house.later(days=3, hours=12)
    assert petrov.heard() == []
    assert len(people["sidorov"].heard()) == 1


async def test_with_the_role_the_absence_ends_and_a_deputy_who_left_is_none(house: House, people: dict[str, Actor]) -> None:
    ivanova, petrov = people["ivanova"], people["petrov"]
    await people["citizen"].says(PIPE)
    await ivanova.presses("Беру", to=FORUM)
    await goes(ivanova, "неделю", "Пётр Петров")
    await dismissed(house, "12", VK)
    hear_nothing_yet(people)
    await house.later(hours=12)
    assert petrov.heard() == []
    assert house.chat_shows(TG, FORUM)[-1].text.splitlines()[1:] == [
        "Мария Иванова не на работе до 17 марта включительно, заместителя нет.",
        "Дежурный не назначен, поэтому всем: Семён Сидоров.",
    ]
    await ivanova.leaves(FORUM)
    assert not await is_away(house, "11")


async def test_a_head_and_a_curator_have_deputies_too(house: House, people: dict[str, Actor]) -> None:
    head, curator = people["head"], people["curator"]
    second = await house.official(VK, "32", "Ольга Вторая", "", Role.CURATOR)
    await goes(head, "неделю", "Семён Сидоров")
    await curator.says("/away неделю")
    assert curator.last.labels == ["Ольга Вторая", "Без заместителя"]
    await curator.presses("Ольга Вторая")
    await people["citizen"].says(PIPE)
    hear_nothing_yet(people)
    second.heard()
    await house.later(hours=24)
    assert head.heard() == []
    assert curator.heard() == []
    assert any(text.startswith("🔴 № 1 просрочен") for text in second.heard())
    texts = people["sidorov"].heard()
    assert any(text.endswith("Вы замещаете: Николай Условный.") for text in texts), texts


async def test_who_works_in_two_places_names_a_deputy_in_each(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await house.official(TG, "11", "Мария Иванова", "dorogi-biysk", Role.HEAD)
    await house.official(TG, "51", "Денис Дорожный", "dorogi-biysk")
    await ivanova.says("/away неделю")
    assert ivanova.last.labels == ["Денис Дорожный", "Без заместителя"]
    await ivanova.presses("Денис Дорожный")
    await ivanova.presses("Без заместителя")
    assert [line.split(" ")[0] for line in ivanova.last.text.splitlines()] == ["Вас", "Замещает:", "Заместителя"]


async def test_a_citizen_gets_help_and_a_group_is_no_place_for_it(house: House, people: dict[str, Actor]) -> None:
    await people["citizen"].says("/away")
    assert people["citizen"].heard()[0].startswith("Напишите одним сообщением")
    await people["ivanova"].says("/away", to=FORUM)
    assert house.chat_shows(TG, FORUM)[-1].text == "Напишите /away боту в личные сообщения."


async def test_a_person_who_lost_the_role_meanwhile_names_nobody(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await ivanova.says("/away неделю")
    await dismissed(house, "11")
    await ivanova.presses("Пётр Петров")
    assert not await is_away(house, "11")


@on_both
@pytest.mark.parametrize("hours", [0, 2])
async def test_what_is_said_about_an_incident_is_not_taken_for_the_dates(house: House, people: dict[str, Actor], hours: int) -> None:
    ivanova = people["ivanova"]
    await people["citizen"].says(PIPE)
    await ivanova.says("1")
    card = ivanova.last
    await ivanova.says("/away")
    await house.later(hours=hours)
    await ivanova.says("Починим до пятницы", reply_to=card)
    assert ivanova.last.text.startswith("№ 1. Отправить жителю?")
    assert not await is_away(house, "11")


async def test_after_an_hour_nobody_waits_for_the_dates(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await ivanova.says("/away")
    await house.later(minutes=61)
    await ivanova.says("до пятницы")
    assert "Вас не будет" not in ivanova.last.text


async def test_dates_may_reply_to_the_question(house: House, people: dict[str, Actor]) -> None:
    ivanova = people["ivanova"]
    await ivanova.says("/away")
    await ivanova.says("до пятницы", reply_to=ivanova.last)
    assert ivanova.last.text.startswith("Вас не будет до 13 марта включительно.")
