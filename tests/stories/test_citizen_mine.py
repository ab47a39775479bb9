"""A citizen and their own incidents: how they stand, corrections, withdrawing, rating and contesting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.channel import File, FileKind, Location
from incidents.incident import Action, Resolution, Role, Status, Timer
from tests.stories.deeds import PIPE, ROAD, answered, happened, promised, reported, taken
from tests.stories.house import House, on_both

FORUM = "-100"
SCHOOL = "Барнаул, в школе 5 на улице Мира 7 холодно на уроках"


# --- how it stands -----------------------------------------------------------------------------------------------------


async def test_the_list_says_number_status_owner_and_by_when(house: House) -> None:
    citizen = await reported(house)
    await taken(house, 1)
    await citizen.says("что с моей заявкой?")
    assert citizen.heard() == ["№ 1 · в работе · Комитет ЖКХ Барнаула · ответим до 12 марта, 20:00"]


async def test_the_list_shows_what_is_open_first_and_then_the_newest(house: House) -> None:
    citizen = await reported(house)
    await house.later(hours=1)
    await citizen.says("Бийск, на улице Советской 5 яма на дороге")
    await citizen.presses("Новое")
    await promised(house, 1, days=4)
    await answered(house, 2)
    citizen.heard()
    await citizen.says("/my")
    first, second = citizen.heard()[-1].splitlines()
    assert first.startswith("№ 1 · на контроле · обещали до 15 марта")
    assert second.startswith("№ 2 · дан ответ · ")


async def test_the_list_never_promises_a_time_that_has_passed(house: House) -> None:
    citizen = await reported(house)
    await house.sleeps(hours=25)
    await citizen.says("/my")
    assert citizen.last.text.endswith("срок прошёл 12 марта, 20:00, напомнили ответственным")


async def test_who_has_nothing_is_told_how_to_report(house: House) -> None:
    citizen = house.person("vk/altai", "200", "Пётр")
    await citizen.says("/my")
    assert citizen.heard() == ["Ваших сообщений пока нет. Напишите одним сообщением, что случилось и где, — можно с фото."]


async def test_a_number_shows_that_incident_with_the_last_words_about_it(house: House) -> None:
    citizen = await reported(house)
    await promised(house, 1, days=2)
    await citizen.says("№ 1")
    assert citizen.last.text.splitlines()[0].startswith("№ 1 · на контроле")
    assert citizen.last.labels == ["Другая тема", "Другое место", "Отозвать"]


@on_both
async def test_how_it_stands_may_be_asked_as_a_reply_to_the_receipt(house: House) -> None:
    citizen = await reported(house)
    receipt = citizen.sees()[0]
    await house.later(hours=1)
    await citizen.says("Что с моей заявкой?", reply_to=receipt)
    assert citizen.last.text.startswith("№ 1 · передано · Комитет ЖКХ Барнаула")
    await citizen.says("Квартира № 12", reply_to=receipt)
    assert citizen.last.text.startswith("Добавили к № 1.")
    await happened(house, 1, Action.WITHDRAW, Role.CITIZEN)
    await citizen.says("Что с моей заявкой?", reply_to=receipt)
    assert citizen.last.text.startswith("№ 1 · закрыт")
    async with house.store.transaction() as tx:
        assert await tx.incidents.get(2) is None


@on_both
async def test_what_is_asked_back_of_an_official_reaches_them(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, text="Какой подъезд?")
    await citizen.says("Второй. Когда ответите?", reply_to=citizen.last)
    assert house.chat_shows("telegram/altai", FORUM)[-1].text == "Житель ответил по № 1:\n«Второй. Когда ответите?»"


async def test_a_number_of_somebody_else_shows_nothing_of_it(house: House) -> None:
    await reported(house)
    other = house.person("telegram/altai", "101", "Пётр Образцов")
    await other.says("№ 1")
    assert not any("ЖКХ" in text or "Ленина" in text for text in other.heard())


async def test_in_a_group_the_list_is_not_read_out(house: House) -> None:
    citizen = await reported(house)
    await citizen.says("/my", to="-500")
    (shown,) = house.chat_shows("telegram/altai", "-500")
    assert shown.text == "О своих сообщениях спросите нас в личной переписке."


# --- another topic, another place --------------------------------------------------------------------------------------


async def test_another_topic_goes_to_another_organisation_and_the_clock_runs_on(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.chat("telegram/altai", "-200", "obrazovanie-barnaul")
    citizen = await reported(house)
    due = (await house.case(1)).incident.due_at
    await citizen.presses("Другая тема")
    await citizen.presses("Образование")
    case = await house.case(1)
    assert (case.incident.organisation, case.incident.topic) == ("obrazovanie-barnaul", "education")
    assert (case.incident.due_at, case.incident.turn) == (due, 1)
    assert "Образование" in citizen.sees()[0].text
    assert house.chat_shows("telegram/altai", FORUM)[0].labels == []
    assert house.chat_shows("telegram/altai", "-200")[0].text.startswith("№ 1 · Образование")
    assert citizen.last.labels == []
    assert "Ответим до 12 марта, 20:00." in citizen.last.text


async def test_a_correction_is_remembered(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Другая тема")
    await citizen.presses("Образование")
    async with house.store.transaction() as tx:
        from sqlalchemy import select

        from storage.tables import corrections

        rows = (await tx.connection.execute(select(corrections.c.field, corrections.c.before, corrections.c.after))).all()
    assert [tuple(row) for row in rows] == [("topic", "housing", "education")]
    assert (await house.case(1)).report.corrected


async def test_topics_are_two_in_a_row_with_the_likely_ones_first_and_the_rest_on_the_next_page(house: House) -> None:
    citizen = await reported(house, SCHOOL)
    await citizen.presses("Другая тема")
    first = [[button.label for button in row] for row in citizen.last.reply.keyboard]
    assert [len(row) for row in first] == [2, 2, 2, 2, 1]
    assert "ЖКХ" in first[0]
    await citizen.presses("Ещё")
    second = [[button.label for button in row] for row in citizen.last.reply.keyboard]
    assert "◀ Назад" in second[-1]
    assert set(first[0]).isdisjoint(second[0])


async def test_another_place_from_the_list(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Другое место")
    await citizen.presses("Бийск")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.organisation) == ("biysk", "zhkh-biysk")


async def test_the_answer_to_where_is_it_sorts_the_report(house: House) -> None:
    citizen = await reported(house, "Прорвало трубу отопления, вода второй день")
    assert (await house.case(1)).incident.status is Status.NEW
    await citizen.presses("Барнаул")
    assert (await house.case(1)).incident.organisation == "zhkh-barnaul"
    assert "Отвечает: " in citizen.sees()[0].text


async def test_a_place_may_be_typed(house: House) -> None:
    citizen = await reported(house, "Прорвало трубу отопления, вода второй день")
    await citizen.presses("Другое место", at=citizen.sees()[0])
    await citizen.presses("Нет в списке")
    await citizen.says("в Бийске, Советская 5")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.organisation) == ("biysk", "zhkh-biysk")
    assert case.report.place == "ул. Советская, 5"
    assert "Бийск, ул. Советская, 5" in citizen.last.text


@on_both
async def test_a_place_may_be_typed_as_a_reply_to_the_question_and_to_nothing_else(house: House) -> None:
    citizen = await reported(house)
    for reply_to, territory in ((0, "barnaul"), (-1, "biysk")):
        await citizen.presses("Другое место", at=citizen.sees()[0])
        await citizen.presses("Нет в списке")
        await citizen.says("в Бийске, Советская 5", reply_to=citizen.sees()[reply_to])
        assert (await house.case(1)).incident.territory == territory


async def test_a_place_nobody_knows_is_kept_in_the_citizens_words_and_said_so(house: House) -> None:
    citizen = await reported(house, "Прорвало трубу отопления, вода второй день")
    await citizen.presses("Другое место", at=citizen.sees()[0])
    await citizen.presses("Нет в списке")
    await citizen.says("за старой мельницей")
    assert (await house.case(1)).report.place == "за старой мельницей"
    assert citizen.last.text.startswith("Такого места нет в нашем списке, записали вашими словами.")


async def test_a_point_on_the_map_is_kept(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Другое место")
    await citizen.presses("Нет в списке")
    await citizen.says(location=Location(53.35, 83.77))
    assert (await house.case(1)).report.location == Location(53.35, 83.77)


async def test_what_is_no_place_is_not_taken_for_one(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Другое место")
    await citizen.presses("Нет в списке")
    await house.later(minutes=5)
    await citizen.says("В подъезде пахнет газом, помогите")
    assert (await house.case(1)).report.place == "ул. Ленина, 15"
    assert any("112" in text or "Добавить к № 1" in text for text in citizen.heard())


async def test_a_place_typed_much_later_is_an_ordinary_message(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Другое место")
    await citizen.presses("Нет в списке")
    await house.later(hours=1)
    await citizen.says("за старой мельницей")
    assert citizen.last.text == "Добавить к № 1 или это новое?"


async def test_once_somebody_took_it_a_correction_goes_to_them(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await taken(house, 1)
    await citizen.presses("Другая тема")
    await citizen.presses("Образование")
    case = await house.case(1)
    assert (case.incident.topic, case.incident.organisation) == ("housing", "zhkh-barnaul")
    assert citizen.last.text == "№ 1 уже в работе, передали вашу поправку исполнителю."
    assert house.chat_shows("telegram/altai", FORUM)[-1].text == "Житель поправил тему № 1: Образование"


async def test_once_somebody_took_it_a_point_on_the_map_goes_to_them(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await taken(house, 1)
    await citizen.presses("Другое место")
    await citizen.presses("Нет в списке")
    await citizen.says(location=Location(53.35, 83.77))
    said, point = house.chat_shows("telegram/altai", FORUM)[-2:]
    assert said.text == "Житель уточнил место № 1: точка на карте"
    assert "mlat=53.35000&mlon=83.77000" in point.text


async def test_after_the_answer_nothing_is_corrected(house: House) -> None:
    citizen = await reported(house)
    receipt = citizen.sees()[0]
    payload = receipt.reply.keyboard[0][0].payload
    await answered(house, 1)
    assert await citizen.presses_payload(payload, receipt, to="100") == "По № 1 ответ уже дан."


# --- withdrawing -------------------------------------------------------------------------------------------------------


async def test_a_report_is_withdrawn_after_one_question(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await citizen.presses("Отозвать")
    assert (citizen.last.text, citizen.last.labels) == ("Отозвать № 1?", ["Да, отозвать", "Нет"])
    await citizen.presses("Да, отозвать")
    case = await house.case(1)
    assert (case.incident.status, case.incident.resolution) == (Status.CLOSED, Resolution.WITHDRAWN)
    assert citizen.last.text == "Сообщение № 1 отозвали. Отвечать на него не будут."
    assert citizen.sees()[0].labels == []
    assert house.chat_shows("telegram/altai", FORUM)[-1].text == "Житель отозвал сообщение № 1. Отвечать не нужно."
    assert house.chat_shows("telegram/altai", FORUM)[0].labels == []


async def test_a_report_may_stay_after_all(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Отозвать")
    await citizen.presses("Нет")
    assert (await house.case(1)).incident.status is Status.ASSIGNED
    assert citizen.last.text == "Хорошо, № 1 остаётся в работе."


async def test_the_question_whether_to_withdraw_is_answered_once(house: House) -> None:
    citizen = await reported(house)
    await citizen.presses("Отозвать")
    question = citizen.last
    yes = question.reply.keyboard[0][0].payload
    await citizen.presses("Нет")
    assert await citizen.presses_payload(yes, question, to="100") == "Эта кнопка уже не действует."
    assert (await house.case(1)).incident.status is Status.ASSIGNED


# --- is it solved? -----------------------------------------------------------------------------------------------------


async def test_yes_closes_it_and_asks_for_stars_once(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.presses("Да")
    case = await house.case(1)
    assert (case.incident.status, case.incident.resolution, case.incident.rating) == (Status.CLOSED, Resolution.SOLVED, 0)
    assert [[button.label for button in row] for row in citizen.last.reply.keyboard] == [["1 ⭐", "2 ⭐", "3 ⭐", "4 ⭐", "5 ⭐"]]
    asked = citizen.last
    one_star = asked.reply.keyboard[0][0].payload
    await citizen.presses("4 ⭐")
    assert (await house.case(1)).incident.rating == 4
    assert citizen.last.text == "Спасибо! Ваша оценка ответа по № 1: 4 из 5."
    assert citizen.last.labels == []
    assert await citizen.presses_payload(one_star, asked, to="100") == "Эта кнопка уже не действует."
    assert (await house.case(1)).incident.rating == 4
    assert house.chat_shows("telegram/altai", FORUM)[-1].text == "Житель по № 1: проблема решена, оценка 4 из 5."


async def test_yes_twice_is_yes_once(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    answer = replace(citizen.last)  # as a phone shows it that has not seen the buttons go
    await citizen.presses("Да", at=answer)
    assert citizen.sees()[-2].labels == []
    said = await citizen.presses("Да", at=answer)
    assert said == "№ 1 закрыто. Если проблема осталась, напишите нам снова."
    assert sum("⭐" in label for shown in citizen.sees() for label in shown.labels) == 5


async def test_no_reopens_at_once_and_what_remains_is_added(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.chat("telegram/altai", "-300", desk=True)
    citizen = await reported(house)
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    await taken(house, 1)
    await answered(house, 1)
    await citizen.presses("Нет")
    case = await house.case(1)
    assert (case.incident.status, case.incident.timer) == (Status.IN_PROGRESS, Timer.REWORK)
    assert citizen.last.text == "№ 1 снова в работе, ответим до 12 марта, 20:00.\nЧто осталось? Напишите или пришлите фото."
    assert house.chat_shows("telegram/altai", "-300")[-1].text.startswith("Житель не согласен с ответом по № 1")
    await citizen.says("Вода всё ещё течёт из подвала", photos=1)
    office = [shown.text for shown in house.chat_shows("telegram/altai", FORUM)]
    assert any("Вода всё ещё течёт из подвала" in text for text in office)
    assert citizen.last.text == "Добавили к № 1. Передали тем, кто отвечает."


@on_both
@pytest.mark.parametrize("typed", ["Нет", "да!", "частично"])
@pytest.mark.parametrize("reply", [True, False])
async def test_a_verdict_that_is_typed_brings_the_buttons_again(house: House, typed: str, reply: bool) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await house.later(hours=1)
    citizen.heard()
    await citizen.says(typed, reply_to=citizen.last if reply else None)
    assert citizen.heard() == ["№ 1: проблема решена? Выберите, пожалуйста, кнопкой."]
    assert (await house.case(1)).incident.status is Status.ANSWERED
    await citizen.presses("Нет", at=citizen.last)
    assert (await house.case(1)).incident.status is Status.ASSIGNED


async def test_yes_to_our_question_is_no_verdict(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await house.later(hours=1)
    await citizen.says("Бийск, на улице Советской 5 яма на дороге")
    await citizen.presses("Новое")
    await happened(house, 2, Action.ASK, text="Яма глубокая?")
    await citizen.says("Да")
    assert citizen.last.text.startswith("Добавили к № 2.")


async def test_partly_is_told_as_partly(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.presses("Частично")
    assert "решено частично" in house.chat_shows("telegram/altai", FORUM)[-1].text


async def test_what_comes_back_to_somebody_who_left_is_the_organisations_again(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.presses("Нет")
    case = await house.case(1)
    assert (case.incident.status, case.incident.assignee) == (Status.ASSIGNED, 0)


async def test_the_remains_are_not_waited_for_for_ever(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.presses("Нет")
    await house.later(days=2)
    await citizen.says("Ещё у нас не горит фонарь во дворе")
    assert citizen.last.text == "Добавить к № 1 или это новое?"


async def test_a_late_no_says_that_it_is_closed(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    answer = citizen.last
    await house.later(days=15)
    assert (await house.case(1)).incident.status is Status.CLOSED
    assert await citizen.presses("Нет", at=answer) == "№ 1 закрыто. Если проблема осталась, напишите нам снова."


@on_both
async def test_thanks_for_what_is_closed_begin_nothing(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    answer = citizen.last
    await citizen.presses("Да")
    await house.later(hours=1)
    citizen.heard()
    await citizen.says("Спасибо!", reply_to=answer)
    await citizen.says("", files=[File(FileKind.STICKER, "telegram/altai", "s1")], reply_to=answer)
    assert [text.partition(" ")[0] for text in citizen.heard()] == ["Здравствуйте!", "Здравствуйте!"]
    async with house.store.transaction() as tx:
        assert await tx.incidents.get(2) is None
    await citizen.says("Опять течёт из той же трубы", reply_to=answer)
    assert (await house.case(2)).report.linked_to == 1


async def test_nobody_else_presses_a_citizens_buttons(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    thief = house.person("telegram/altai", "666", "Чужой")
    for shown in citizen.sees():
        for row in shown.reply.keyboard:
            for button in row:
                assert await thief.presses_payload(button.payload, shown, to="100") == "Эта кнопка не для вас."
    assert (await house.case(1)).incident.status is Status.ANSWERED


async def test_english_is_spoken_to_who_speaks_it(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Ann Sample", "en-GB")
    await citizen.says(PIPE)
    await citizen.says("/my")
    assert citizen.last.text.startswith("No. 1 · passed on · ")
    await citizen.presses("Withdraw")
    await citizen.presses("Yes, withdraw")
    assert citizen.last.text == "Report No. 1 is withdrawn. Nobody will answer it."


async def test_a_road_without_a_place_says_that_its_owner_is_sought(house: House) -> None:
    citizen = await reported(house, ROAD)
    await citizen.says("/my")
    assert citizen.last.text == "№ 1 · ищем, кто ответит · ответим до 12 марта, 20:00"


async def test_a_question_is_answered_in_the_list(house: House) -> None:
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, Role.CURATOR, text="Какой подъезд?")
    await citizen.says("/my")
    assert citizen.last.text.startswith("№ 1 · ждём вашего ответа")
