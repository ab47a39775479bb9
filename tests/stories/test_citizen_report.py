"""A citizen reports: receipt, first contact, bursts, albums, danger, adding to an open incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bots import intake as door
from bots.channel import Event, File, FileKind, Location
from bots.intake import Intake
from handlers.turn import Moment
from incidents.incident import Action, Status
from storage.store import Store
from tests.stories.deeds import happened
from tests.stories.house import House, on_both

PIPE = "На Ленина 15 прорвало трубу, вода второй день по всей улице"
BARNAUL_PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день"


async def test_a_report_gets_its_number_owner_and_deadline(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    receipt = citizen.sees()[0]
    assert receipt.text.startswith("Сообщение № 1 принято.\n")
    assert "Барнаул, ул. Ленина, 15" in receipt.text
    assert "Ответим до 12 марта, 20:00." in receipt.text
    assert receipt.labels == ["Другая тема", "Другое место", "Отозвать"]


async def test_the_first_contact_says_who_runs_the_bot_and_the_second_does_not(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    assert sum("59-ФЗ" in text for text in citizen.heard()) == 1
    await house.later(hours=1)
    await citizen.says("Бийск, яма на дороге на улице Советской 5")
    assert not any("59-ФЗ" in text for text in citizen.heard())


async def test_the_card_comes_to_the_owners_topic_with_the_citizens_words(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    await house.person("vk/altai", "200", "Пётр Образцов").says(BARNAUL_PIPE, photos=1)
    ((thread, title),) = house.topics("telegram/altai", forum).items()
    assert title.startswith("№ 1 · ")
    card, photo = house.chat_shows("telegram/altai", forum, thread)
    assert f"«{BARNAUL_PIPE}» 📷" in card.text
    assert "Автор: Пётр О." in card.text
    assert "ВКонтакте, личное сообщение" in card.text
    assert card.labels == ["Беру", "Не моё", "Вопрос жителю", "Ответить", "Промежуточный"]
    assert [file.account for file in photo.reply.files] == ["vk/altai"]


async def test_an_album_is_one_report(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    album = [citizen.said(BARNAUL_PIPE if n == 0 else "", photos=1, album="a1") for n in range(10)]
    await house.receives(album)
    await house.settle()
    assert sum("принято" in text for text in citizen.heard()) == 1
    assert (await house.case(1)).report.files == 10


async def test_messages_right_behind_each_other_are_one_report(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("Барнаул, на Ленина 15")
    house.clock.move(seconds=50)
    await citizen.says("прорвало трубу отопления", photos=2)
    case = await house.case(1)
    assert case.report.text == "Барнаул, на Ленина 15\nпрорвало трубу отопления"
    assert case.incident.status is Status.ASSIGNED
    assert sum("принято" in text for text in citizen.heard()) == 1


async def test_danger_is_answered_with_112_first_and_is_urgent(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("Барнаул, Ленина 3, пахнет газом в подъезде")
    assert citizen.heard()[0].splitlines()[0] == "Если есть опасность — звоните 112 (запах газа — 104) прямо сейчас."
    case = await house.case(1)
    assert case.incident.urgent
    assert case.incident.due_at == house.clock() + timedelta(hours=4)


async def test_chatter_opens_no_incident(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("Привет!")
    await citizen.says("", files=[File(FileKind.STICKER, "telegram/altai", "s1")])
    async with house.store.transaction() as tx:
        assert await tx.incidents.newest() == []
    assert citizen.heard()[0].startswith("Здравствуйте! Напишите одним сообщением")


async def test_thanks_on_an_open_incident_are_passed_on(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await citizen.says("Спасибо!")
    assert citizen.last.text == "Спасибо! Передали по № 1."
    assert house.chat_shows("telegram/altai", forum)[-1].text == "Житель пишет по № 1: «Спасибо!»"


async def test_a_report_without_a_place_waits_for_a_curator_and_asks_once(house: House) -> None:
    desk = await house.official("telegram/altai", "500", "Вера Пробная", "", role="curator")  # type: ignore[arg-type]
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("Прорвало трубу, вода второй день по всей улице")
    assert (await house.case(1)).incident.status is Status.NEW
    assert "Определим, кто отвечает" in citizen.sees()[0].text
    assert sum("Где это?" in text for text in citizen.heard()) == 1
    assert any("Не разобрано: 1. № 1" in text for text in desk.heard())


async def test_the_account_tells_the_territory(house: House) -> None:
    await house.person("vk/biysk", "200", "Пётр Образцов").says("Яма на дороге, Советская 12")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.organisation) == ("biysk", "dorogi-biysk")


async def test_a_later_message_asks_whether_it_belongs_to_the_open_incident(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Воды всё больше, заливает подвал")
    assert citizen.last.text == "Добавить к № 1 или это новое?"
    await citizen.presses("К № 1")
    assert citizen.last.text.startswith("Добавили к № 1.")
    assert house.chat_shows("telegram/altai", forum)[-1].text == "Житель дополнил сообщение № 1:\n«Воды всё больше, заливает подвал»"


async def test_a_later_message_may_be_a_new_report(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Бийск, яма на дороге на Советской 12", photos=1)
    await citizen.presses("Новое")
    assert (await house.case(2)).incident.organisation == "dorogi-biysk"
    assert (await house.case(2)).report.files == 1


async def test_nobody_says_where_it_belongs_and_it_is_not_lost(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Воды всё больше")
    await citizen.says("И в подвале тоже")
    await house.later(minutes=11)
    async with house.store.transaction() as tx:
        said = [message.text for message in await tx.timeline.said(1) if message.kind == "reply"]
    assert said == ["Воды всё больше", "И в подвале тоже"]
    assert citizen.last.text.startswith("Добавили к № 1.")


@on_both
@pytest.mark.parametrize(("typed", "reply", "number"), [("Новое", False, 2), ("новое.", True, 2), ("к №1", False, 1)])
async def test_a_choice_may_be_typed(house: House, typed: str, reply: bool, number: int) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Бийск, яма на дороге на Советской 12")
    question = citizen.last
    citizen.heard()
    await citizen.says(typed, reply_to=question if reply else None)
    assert citizen.heard()[0].startswith("Сообщение № 2 принято." if number == 2 else "Добавили к № 1.")
    async with house.store.transaction() as tx:
        assert [message.text for message in await tx.timeline.said(number)][-1] == "Бийск, яма на дороге на Советской 12"
    await house.later(minutes=11)
    assert citizen.heard() == []
    assert await citizen.presses("Новое", at=question) == "Эта кнопка уже не действует."


@on_both
@pytest.mark.parametrize("label", ["К № 1", "Новое"])
async def test_a_choice_that_comes_too_late_is_answered(house: House, label: str) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Воды всё больше")
    question = citizen.last
    await house.later(minutes=11)
    citizen.heard()
    assert await citizen.presses(label, at=question) == "Эта кнопка уже не действует."
    assert citizen.heard() == []


async def test_a_reply_to_the_receipt_is_added_without_asking(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Ещё и свет погас", reply_to=citizen.sees()[0])
    assert citizen.last.text == "Добавили к № 1. Передали тем, кто отвечает."


async def test_a_location_is_kept_and_shown(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await citizen.says(location=Location(53.34, 83.78))
    assert "mlat=53.34" in house.chat_shows("telegram/altai", forum)[0].text


@on_both
async def test_a_location_that_answers_a_question_is_shown_to_those_who_asked(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await happened(house, 1, Action.ASK, text="Где именно? Пришлите точку")
    await citizen.says(location=Location(53.35, 83.77))
    replied, point = house.chat_shows("telegram/altai", forum)[-2:]
    assert replied.text == "Житель ответил по № 1:"
    assert point.text == "📍 https://www.openstreetmap.org/?mlat=53.35000&mlon=83.77000#map=17/53.35000/83.77000"
    assert point.address.thread == replied.address.thread


async def test_an_edit_before_the_answer_changes_the_report_and_keeps_the_old_version(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    said = await citizen.says(BARNAUL_PIPE)
    await citizen.edits(said, BARNAUL_PIPE + ", уже третий")
    assert "уже третий" in house.chat_shows("telegram/altai", forum)[0].text
    async with house.store.transaction() as tx:
        assert [message.text for message in await tx.timeline.said(1)] == [BARNAUL_PIPE, BARNAUL_PIPE + ", уже третий"]


GAS = "Если есть опасность — звоните 112 (запах газа — 104) прямо сейчас."


@on_both
async def test_danger_in_a_changed_reply_is_answered_at_once_and_once(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    said = await citizen.says("Ещё течёт", reply_to=citizen.sees()[0])
    citizen.heard()
    await citizen.edits(said, "Ещё течёт, и в подъезде пахнет газом")
    assert citizen.heard() == [GAS]
    assert (await house.case(1)).incident.urgent
    await citizen.edits(said, "Ещё течёт, и в подъезде сильно пахнет газом")
    assert citizen.heard() == []


async def test_danger_in_a_changed_report_that_was_answered_is_answered_at_once(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    said = await citizen.says(BARNAUL_PIPE)
    await happened(house, 1, Action.ANSWER, text="Трубу заменили")
    citizen.heard()
    await citizen.edits(said, BARNAUL_PIPE + ", пахнет газом")
    assert citizen.heard() == [GAS, "Изменение по № 1 передали тем, кто отвечает."]


@on_both
async def test_danger_in_what_is_not_placed_yet_is_answered_at_once(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    said = await citizen.says("Ещё у нас не горит фонарь во дворе")
    citizen.heard()
    await citizen.edits(said, "Ещё у нас во дворе пахнет газом")
    assert citizen.heard() == [GAS]
    assert not (await house.case(1)).incident.urgent
    await citizen.presses("К № 1")
    assert (await house.case(1)).incident.urgent


@on_both
async def test_a_greeting_that_is_changed_into_a_report_is_one(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    said = await citizen.says("Здравствуйте!")
    citizen.heard()
    await house.later(minutes=5)
    await citizen.edits(said, "Здравствуйте! " + BARNAUL_PIPE)
    assert [text.splitlines()[0] for text in citizen.heard()] == ["Сообщение № 1 принято."]
    await citizen.edits(said, BARNAUL_PIPE)
    assert citizen.heard() == []
    case = await house.case(1)
    assert (case.report.text, case.incident.reported_at) == (BARNAUL_PIPE, house.clock())


async def test_a_greeting_that_stays_one_is_not_answered_again(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    said = await citizen.says("Здравствуйте")
    citizen.heard()
    await citizen.edits(said, "Здравствуйте!")
    assert citizen.heard() == []


async def test_what_is_old_or_was_said_to_others_may_be_touched_up(house: House) -> None:
    citizen, stranger = house.person("telegram/altai", "100", "Анна Примерова"), house.person("telegram/altai", "101", "Пётр Образцов")
    ivanova = await house.official("telegram/altai", "11", "Иванова", "zhkh-barnaul")
    said = await citizen.says("Здравствуйте!")
    asked = await ivanova.says("99")
    citizen.heard()
    ivanova.heard()
    await ivanova.edits(asked, BARNAUL_PIPE)
    await stranger.edits(stranger.said("Здравствуйте!"), BARNAUL_PIPE)  # said before we were here
    await house.later(days=1, seconds=1)
    await citizen.edits(said, BARNAUL_PIPE)
    assert citizen.heard() + stranger.heard() + ivanova.heard() == []


async def test_a_late_receipt_says_sorry_and_counts_from_the_citizens_time(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE, at=house.clock() - timedelta(hours=3))
    assert "Извините" in citizen.sees()[0].text
    assert (await house.case(1)).incident.due_at == house.clock() + timedelta(hours=21)


async def test_english_is_spoken_to_who_speaks_it(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Ann Example", language="en-GB")
    await citizen.says(BARNAUL_PIPE)
    assert citizen.sees()[0].text.startswith("Report No. 1 received.")


async def test_a_text_of_100_kilobytes_is_kept_whole_and_the_card_stays_short(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE + " очень" * 20_000)
    assert len((await house.case(1)).report.text) > 100_000
    card = house.chat_shows("telegram/altai", forum)[0]
    assert len(card.text) < 2500
    assert "Показать целиком" in card.labels


async def test_what_cannot_be_carried_is_said(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("", left_out=("poll",))
    assert citizen.sees()[0].text.startswith("Не смогли принять часть сообщения")


async def test_the_platforms_repeat_changes_nothing(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    event = citizen.said(BARNAUL_PIPE)
    await house.receives([event, event])
    await house.settle()
    await house.receives([event])
    await house.settle()
    async with house.store.transaction() as tx:
        assert len(await tx.incidents.newest()) == 1


async def test_a_place_typed_later_answers_the_question_where(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says("Прорвало трубу, вода второй день по всей улице")
    await house.later(minutes=20)
    await citizen.says("Бийск")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.status) == ("biysk", Status.ASSIGNED)
    assert "Бийск" in citizen.sees()[0].text


async def test_the_topic_of_an_answered_incident_says_so(house: House) -> None:
    forum = await house.chat("telegram/altai", "-100", "zhkh-barnaul", forum=True)
    await house.official("telegram/altai", "11", "Мария Иванова", "zhkh-barnaul")
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await citizen.presses("Отозвать")
    await citizen.presses("Да, отозвать")
    assert list(house.topics("telegram/altai", forum).values()) == ["✅ № 1 · ЖКХ · ул. Ленина, 15"]


@pytest.mark.parametrize("house_url", ["postgresql"], indirect=True)
async def test_what_is_said_just_when_another_process_settles_is_not_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    stranger = house.person("telegram/altai", "200", "Пётр Образцов")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Воды всё больше")
    house.clock.move(minutes=9, seconds=59, milliseconds=900)
    other_store = Store(house.store.url)
    other = Intake(other_store, house.channels, lambda: house.office, house.clock)
    as_always = door.ahead

    async def ahead(moment: Moment, events: Sequence[Event]) -> None:
        await as_always(moment, events)
        monkeypatch.setattr(door, "ahead", as_always)
        house.clock.move(milliseconds=200)
        await other.step()  # the ten minutes are over

    monkeypatch.setattr(door, "ahead", ahead)
    await house.receives([stranger.said("Бийск, яма на дороге на улице Советской 12"), citizen.said("И в подвале тоже")])
    await house.intake.step()
    await other_store.close()
    await house.later(hours=3)
    async with house.store.transaction() as tx:
        assert [message.kind for message in await tx.timeline.said(1)] == ["report", "reply", "reply"]


async def test_what_was_said_after_that_waits_its_own_ten_minutes(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна Примерова")
    await citizen.says(BARNAUL_PIPE)
    await house.later(hours=1)
    await citizen.says("Воды всё больше")
    await house.later(minutes=5)
    await citizen.says("И в подвале тоже")
    await house.later(minutes=9)
    await citizen.says("Уже до щитка дошла")
    await house.later(minutes=2)
    async with house.store.transaction() as tx:
        assert [message.kind for message in await tx.timeline.said(1)] == ["report", "reply", "reply", "pending"]
