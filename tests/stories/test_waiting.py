"""A clarifying question waits: the clock rests, the citizen is reminded once, and what is closed without a reply can still go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.incident import Action, Resolution, Role, Status, Timer
from tests.stories.deeds import happened
from tests.stories.house import House, on_both
from tests.stories.office import FORUM, OWNER, TG, VK, VK_CHAT, Desk, desk, known

BOTH = pytest.mark.parametrize(("account", "chat"), [(TG, FORUM), (VK, VK_CHAT)])
NUDGE = "Напоминаем: по № 1 ждём вашего ответа на вопрос. Без него через сутки сообщение закроется."
CLOSED = (
    "Мы спрашивали вас о подробностях по № 1, но ответа не получили и закрыли сообщение. Если проблема осталась, просто напишите нам снова."
)
AGAIN = "Сообщение № 1 снова в работе. Ответим до {}."


async def asked(house: House, account: str = TG, chat: str = FORUM) -> Desk:
    """Reported at 9 in the morning; at 13 Ivanova asked which entrance it is."""
    house.clock.move(hours=13)
    office = await desk(house, account, chat, forum=account == TG, citizen=account)
    await house.later(hours=4)
    await happened(house, 1, Action.ASK, Role.OFFICIAL, text="Какой подъезд?", by=await known(house, "11", account))
    office.citizen.heard()
    return office


def clock_said(office: Desk) -> list[str]:
    return [one.text for one in office.shows() if one.text.startswith(("⏳ № 1:", "🔴 № 1"))]


@BOTH
async def test_the_clock_rests_and_goes_on_with_the_reply(house: House, account: str, chat: str) -> None:
    office = await asked(house, account, chat)
    await house.later(days=3)
    assert clock_said(office) == []
    await office.citizen.says("Второй")
    incident = (await house.case(1)).incident
    assert (incident.status, incident.timer) == (Status.IN_PROGRESS, Timer.FIRST_ANSWER)
    assert incident.due_at == house.clock() + timedelta(hours=20)


@BOTH
async def test_a_day_before_the_end_the_citizen_is_reminded_once_and_then_it_closes(house: House, account: str, chat: str) -> None:
    office = await asked(house, account, chat)
    await house.later(days=3, hours=23, minutes=59)
    assert office.citizen.heard() == []
    await house.later(hours=23)
    assert office.citizen.heard() == [NUDGE]
    await house.later(hours=2)
    assert office.citizen.heard() == [CLOSED]
    incident = (await house.case(1)).incident
    assert (incident.status, incident.resolution) == (Status.CLOSED, Resolution.NO_REPLY)
    assert any(one.text == "№ 1 закрыт: житель не ответил на вопрос." for one in office.shows())
    await house.later(days=30)
    assert office.citizen.heard() == []


@BOTH
async def test_a_late_reply_to_the_question_opens_it_again(house: House, account: str, chat: str) -> None:
    office = await asked(house, account, chat)
    await house.later(days=7)
    question = next(one for one in office.citizen.sees() if one.text.startswith("Вопрос по № 1"))
    office.citizen.heard()
    await office.citizen.says("Второй подъезд", reply_to=question)
    assert office.citizen.heard() == [AGAIN.format("20 марта, 13:00")]
    incident = (await house.case(1)).incident
    assert (incident.status, incident.timer) == (Status.IN_PROGRESS, Timer.REWORK)
    said = [one.text for one in office.shows()]
    assert "↩ Житель всё-таки ответил на вопрос по № 1. Сообщение снова в работе, ответить нужно до 20 марта, 13:00." in said
    assert "Житель ответил по № 1:\n«Второй подъезд»" in said


@BOTH
async def test_within_14_days_of_its_closing_it_is_asked_whether_it_goes_on(house: House, account: str, chat: str) -> None:
    office = await asked(house, account, chat)
    await house.later(days=12)
    office.citizen.heard()
    await office.citizen.says("А вода так и течёт")
    assert office.citizen.last.text == "Добавить к № 1 или это новое?"
    office.citizen.heard()
    await office.citizen.presses("К № 1")
    assert office.citizen.heard() == [AGAIN.format("25 марта, 13:00")]


@pytest.mark.parametrize(("words", "status"), [("Да", Status.IN_PROGRESS), ("Спасибо", Status.CLOSED)])
async def test_yes_to_the_question_opens_it_again_and_thanks_do_not(house: House, words: str, status: Status) -> None:
    office = await asked(house)
    await house.later(days=7)
    await office.citizen.says(words, reply_to=next(one for one in office.citizen.sees() if one.text.startswith("Вопрос")))
    assert (await house.case(1)).incident.status is status


async def test_what_is_new_is_new(house: House) -> None:
    office = await asked(house)
    await house.later(days=7)
    await office.citizen.says("На Мира 3 не вывозят мусор")
    await office.citizen.presses("Новое")
    assert (await house.case(2)).incident.status is Status.ASSIGNED
    assert (await house.case(1)).incident.status is Status.CLOSED


async def test_later_than_14_days_it_is_a_new_linked_one(house: House) -> None:
    office = await asked(house)
    await house.later(days=20)
    question = next(one for one in office.citizen.sees() if one.text.startswith("Вопрос по № 1"))
    await office.citizen.says("Второй подъезд на Ленина 15, прорвало трубу", reply_to=question)
    assert (await house.case(1)).incident.status is Status.CLOSED
    assert (await house.case(2)).report.linked_to == 1


@BOTH
@pytest.mark.parametrize("words", ["Второй подъезд", "2"])
async def test_a_reply_that_was_written_in_time_and_came_after_the_closing_is_taken(
    house: House, account: str, chat: str, words: str
) -> None:
    office = await asked(house, account, chat)
    await house.later(days=4, hours=20)
    wrote = house.clock()
    await house.sleeps(hours=8)  # the messenger was away, and so is the reply
    assert office.citizen.heard()[-1] == CLOSED
    await office.citizen.says(words, at=wrote)
    assert office.citizen.heard() == [AGAIN.format("18 марта, 17:00")]


@on_both
async def test_what_was_held_by_somebody_who_left_comes_back_to_the_organisation(house: House) -> None:
    office = await asked(house)
    await house.later(days=6)
    ivanova = await known(house, "11")
    async with house.store.transaction() as tx:
        await tx.people.dismiss(ivanova, OWNER, house.clock())
    await office.citizen.says("Второй подъезд", reply_to=next(one for one in office.citizen.sees() if one.text.startswith("Вопрос")))
    assert (await house.case(1)).incident.status is Status.ASSIGNED


@pytest.mark.parametrize("resolution", [Resolution.SPAM, Resolution.EXPLAINED])
async def test_what_was_closed_otherwise_stays_closed(house: House, resolution: Resolution) -> None:
    office = await asked(house)
    await happened(house, 1, Action.CLOSE, by=await known(house, "100"), resolution=resolution)
    await house.later(days=1)
    await office.citizen.says("На Ленина 15 прорвало трубу отопления, вода течёт", reply_to=office.citizen.sees()[0])
    assert (await house.case(1)).incident.status is Status.CLOSED
    assert (await house.case(2)).report.linked_to == 1


async def test_the_last_minute_of_the_wait_is_still_in_time(house: House) -> None:
    office = await asked(house)
    await house.later(days=4, hours=23, minutes=59)
    await office.citizen.says("Второй")
    assert (await house.case(1)).incident.status is Status.IN_PROGRESS
