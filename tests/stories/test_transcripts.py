"""Lines of the transcripts that no other story proves: late promises, escalations, two chats in step, odd replies of citizens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bots.channel import File, FileKind, Unreachable
from incidents.incident import Action, Resolution, Role, Status, Timer
from tests.stories.deeds import PIPE, answered, happened, person_of, promised, reported, taken
from tests.stories.house import Actor, House
from tests.stories.office import FORUM, OWNER, TG, VK, VK_CHAT, WORDS, desk

DESK = "-300"
NOWHERE = "Когда починят дорогу до посёлка"


async def curator(house: House, account: str = TG, user_id: str = "cur", language: str = "ru") -> Actor:
    return await house.official(account, user_id, "Вера Пробная", "", Role.CURATOR, language)


async def head(house: House, account: str = TG) -> Actor:
    return await house.official(account, "head", "Николай Условный", OWNER, Role.HEAD)


def texts(house: House, account: str, chat: str) -> list[str]:
    return [shown.text for shown in house.chat_shows(account, chat)]


async def said_to(house: House, number: int) -> list[tuple[str, str]]:
    async with house.store.transaction() as tx:
        return [(message.kind, message.text) for message in await tx.timeline.said(number)]


# --- §1: the citizen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FileKind.VOICE, FileKind.ROUND, FileKind.VIDEO, FileKind.DOCUMENT, FileKind.AUDIO])
async def test_a_voice_or_a_video_or_a_file_alone_is_a_report(house: House, kind: FileKind) -> None:
    who, citizen = await curator(house), house.person(TG, "100", "Анна Примерова")
    await citizen.says("", files=[File(kind, TG, "f1")])
    assert citizen.sees()[0].text.startswith("Сообщение № 1 принято.")
    assert who.sees()[0].text.startswith("Не разобрано: 1. № 1 📎\n")


async def test_the_author_of_a_forward_is_who_forwarded_it(house: House) -> None:
    citizen = house.person(TG, "100", "Анна Примерова")
    await citizen.says(PIPE, forwarded=True)
    assert (await house.case(1)).report.person == await person_of(house, "100")


async def test_a_report_after_a_closed_one_is_new_and_linked_when_it_replies_to_it(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await house.later(days=15)
    await citizen.says("Опять прорвало", reply_to=citizen.sees()[0])
    case = await house.case(2)
    assert case.report.linked_to == 1
    assert (await house.case(1)).incident.status is Status.CLOSED


async def test_within_14_days_of_the_answer_it_is_asked_whether_it_goes_on(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await house.later(days=3)
    await citizen.says("Опять прорвало, вода во дворе")
    assert citizen.last.text == "Добавить к № 1 или это новое?"


async def test_more_on_an_answered_report_asks_whether_it_is_solved_and_no_opens_it_again(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.says("А вода всё течёт", reply_to=citizen.last)
    assert citizen.last.text == "Добавили к № 1. Передали тем, кто отвечает.\nПроблема решена?"
    assert citizen.last.labels == ["Да", "Нет", "Частично"]
    await citizen.presses("Нет", at=citizen.last)
    assert (await house.case(1)).incident.timer is Timer.REWORK


GAS = "Если есть опасность — звоните 112 (запах газа — 104) прямо сейчас."


async def test_danger_in_what_is_added_is_answered_with_112_and_hurries_it(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    citizen = await reported(house)
    await house.later(hours=1)
    await citizen.says("А теперь ещё и газом пахнет", reply_to=citizen.sees()[0])
    assert citizen.heard() == [GAS, "Добавили к № 1. Передали тем, кто отвечает."]
    incident = (await house.case(1)).incident
    assert (incident.urgent, incident.due_at) == (True, incident.reported_at + timedelta(hours=4))
    assert "❗ Срочно: " in house.chat_shows(TG, FORUM)[0].text


async def test_danger_does_not_wait_for_an_answer_to_where_it_belongs(house: House) -> None:
    citizen = await reported(house)
    await house.later(hours=1)
    await citizen.says("Барнаул, Ленина 3, пахнет газом в подъезде")
    assert citizen.heard()[0].startswith(f"{GAS}\nСообщение № 2 принято.")
    await house.later(hours=1)
    await citizen.says("Газом пахнет ещё сильнее")
    assert citizen.heard()[0] == GAS
    assert ("reply", "Газом пахнет ещё сильнее") in await said_to(house, 2)


async def test_an_edit_after_the_answer_is_shown_and_overwrites_nothing(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    citizen = house.person(TG, "100", "Анна Примерова")
    said = await citizen.says(PIPE)
    await answered(house, 1)
    await citizen.edits(said, PIPE + ", уже третий")
    assert texts(house, TG, FORUM)[-1] == f"Житель изменил сообщение по № 1:\n«{PIPE}, уже третий»"
    assert citizen.last.text == "Изменение по № 1 передали тем, кто отвечает."
    case = await house.case(1)
    assert (case.report.text, case.incident.status) == (PIPE, Status.ANSWERED)
    assert [text for kind, text in await said_to(house, 1) if kind == "report"] == [PIPE, PIPE + ", уже третий"]


async def test_where_is_it_unanswered_stays_with_the_curators_and_is_sorted_by_them(house: House) -> None:
    who, citizen = await curator(house), await reported(house, NOWHERE)
    await house.later(hours=3)
    assert (await house.case(1)).incident.status is Status.NEW
    await who.presses("Место")
    await who.presses("Барнаул", at=who.last)
    assert (await house.case(1)).incident.organisation == "dorogi-barnaul"
    assert "Барнаул" in citizen.sees()[0].text


async def test_where_is_it_answered_after_somebody_took_it_goes_to_them(house: House) -> None:
    await house.chat(TG, FORUM, "dorogi-barnaul")
    await curator(house)
    await house.official(TG, "official", "Иванова", "dorogi-barnaul")
    citizen = await reported(house, NOWHERE)
    question = next(shown for shown in citizen.sees() if shown.text.startswith("Где это?"))
    await happened(house, 1, Action.ASSIGN, target="dorogi-barnaul")
    await taken(house, 1)
    await citizen.presses("Бийск", at=question)
    assert question.text == "№ 1 уже в работе, передали вашу поправку исполнителю."
    assert texts(house, TG, FORUM)[-1] == "Житель уточнил место № 1: Бийск"
    assert (await house.case(1)).incident.organisation == "dorogi-barnaul"


async def test_a_citizen_in_english_is_answered_by_an_official_in_russian(house: House) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    citizen = house.person(VK, "100", "Ann Sample", "en")
    await citizen.says(PIPE)
    card = house.chat_shows(TG, FORUM)[0]
    assert card.labels[0] == "Беру"
    await ivanova.says(WORDS, to=FORUM, thread=card.address.thread, reply_to=card)
    await ivanova.presses("Ответ", to=FORUM)
    await house.later(minutes=1)
    answer = citizen.last
    assert answer.text == f"Answer to No. 1 from Barnaul Utilities Committee:\n“{WORDS}”\nIs the problem solved?"
    await citizen.presses("In part", at=answer)
    assert texts(house, TG, FORUM)[-1].startswith("↩ Житель не согласен с ответом по № 1: решено частично.")


@pytest.mark.parametrize("reply", ["Да", "15", "нет", "Ок"])
async def test_a_short_reply_answers_our_question_and_the_clock_goes_on(house: House, reply: str) -> None:
    await house.chat(TG, FORUM, OWNER)
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, text="Первый подъезд?")
    await citizen.says(reply)
    assert texts(house, TG, FORUM)[-1] == f"Житель ответил по № 1:\n«{reply}»"
    assert (await house.case(1)).incident.timer is Timer.FIRST_ANSWER


@pytest.mark.parametrize("reply", ["Здравствуйте!", "Спасибо", "что с моей заявкой?", "/my"])
async def test_a_greeting_or_a_question_is_no_answer_to_ours(house: House, reply: str) -> None:
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, text="Первый подъезд?")
    await citizen.says(reply)
    assert (await house.case(1)).incident.status is Status.WAITING


async def test_a_question_is_reminded_of_after_four_days_and_closes_after_five(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    citizen = await reported(house)
    await happened(house, 1, Action.ASK, text="Какой подъезд?")
    citizen.heard()
    await house.later(days=3, hours=23)
    assert citizen.heard() == []
    await house.later(hours=1)
    assert citizen.heard() == ["Напоминаем: по № 1 ждём вашего ответа на вопрос. Без него через сутки сообщение закроется."]
    await house.later(days=1)
    assert (await house.case(1)).incident.resolution is Resolution.NO_REPLY
    (text,) = citizen.heard()
    assert text == (
        "Мы спрашивали вас о подробностях по № 1, но ответа не получили и закрыли сообщение. "
        "Если проблема осталась, просто напишите нам снова."
    )
    assert texts(house, TG, FORUM)[-1] == "№ 1 закрыт: житель не ответил на вопрос."


async def test_what_a_curator_finds_to_need_no_answer_is_not_called_answered(house: House) -> None:
    who, citizen = await curator(house), await reported(house, NOWHERE)
    await who.presses("Не требует ответа")
    assert citizen.last.text == "Сообщение № 1 закрыли: нам показалось, что ответ не нужен. Если это не так, напишите нам снова."


async def test_a_receipt_that_is_brought_up_to_date_later_says_no_sorry(house: House) -> None:
    citizen = await reported(house)
    await house.later(days=1)
    await answered(house, 1)
    assert "Извините" not in citizen.sees()[0].text


async def test_a_receipt_that_said_sorry_goes_on_saying_so(house: House) -> None:
    citizen = house.person(TG, "100", "Анна Примерова")
    await citizen.says(PIPE, at=house.clock() - timedelta(hours=3))
    await answered(house, 1)
    assert "Извините" in citizen.sees()[0].text


async def test_stars_are_given_once_and_not_from_another_messenger(house: House) -> None:
    citizen = await reported(house)
    await answered(house, 1)
    await citizen.presses("Да")
    asked = citizen.last
    three = asked.reply.keyboard[0][2].payload
    await citizen.presses("5 ⭐")
    assert await citizen.presses_payload(three, asked) == "Эта кнопка уже не действует."
    assert await house.person(VK, "100", "Чужая").presses_payload(three, asked) == "Эта кнопка не действует."
    assert (await house.case(1)).incident.rating == 5


# --- §2: the working chat ----------------------------------------------------------------------------------------------


async def test_who_holds_it_is_told_with_when_they_took_it_whatever_they_did_since(house: House) -> None:
    office = await desk(house)
    await house.later(minutes=20)
    await office.presses(office.ivanova, "Беру")
    await house.later(hours=1)
    await office.replies(office.ivanova, "Какой подъезд?")
    await office.presses(office.ivanova, "Вопрос", at=office.last)
    await house.later(minutes=1)
    assert "В работе: Иванова, с 20:20" in office.card.text
    await house.later(days=1)
    await office.presses(office.ivanova, "Вернуть коллегам", at=office.card)
    await office.presses(office.petrov, "Беру", at=office.card)
    assert "В работе: Петров, с 21:21" in office.card.text


async def test_yesterdays_hour_is_told_with_its_day(house: House) -> None:
    office = await desk(house)
    stale = office.card.reply.keyboard[0][0].payload
    await office.presses(office.ivanova, "Беру")
    await house.later(days=1, hours=1)
    assert await office.petrov.presses_payload(stale, office.card, to=FORUM) == "Уже в работе: Иванова, с 11 марта, 20:00"


async def test_a_forum_and_a_vk_chat_of_one_organisation_are_kept_in_step(house: House) -> None:
    await house.chat(VK, VK_CHAT, OWNER)
    sidorov = await house.official(VK, "21", "Сидоров", OWNER)
    office = await desk(house)
    there = house.chat_shows(VK, VK_CHAT)[0]
    await sidorov.presses("Беру", at=there)
    assert "В работе: Сидоров" in office.card.text
    assert "В работе: Сидоров" in there.text
    assert await office.presses(office.petrov, "Вернуть коллегам", at=office.card) == "Уже в работе: Сидоров, с 20:00"
    await office.citizen.says("Воды всё больше", reply_to=office.citizen.sees()[0])
    assert texts(house, VK, VK_CHAT)[-1] == office.last.text == "Житель дополнил сообщение № 1:\n«Воды всё больше»"
    await sidorov.says(WORDS, to=VK_CHAT, reply_to=there)
    await sidorov.presses("Ответ", to=VK_CHAT)
    await house.later(minutes=1)
    assert office.last.text == f"Ответ жителю по № 1 (Сидоров):\n«{WORDS}»"
    assert "✅ дан ответ" in office.card.text
    assert "✅ дан ответ" in there.text


async def test_a_command_to_another_bot_in_the_group_is_not_ours(house: House) -> None:
    office = await desk(house)
    before = len(office.shows())
    await office.talks(office.ivanova, "/help@other_bot")
    assert len(office.shows()) == before
    await office.talks(office.ivanova, f"/help@{house.office.accounts[TG].link.rpartition('/')[2]}")
    assert office.last.text.startswith("Исполнитель: ")


async def test_an_official_is_a_citizen_too_even_of_their_own_organisation(house: House) -> None:
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    petrov = await house.official(TG, "12", "Петров", OWNER)
    await ivanova.says(PIPE)
    receipt = next(shown for shown in ivanova.sees() if shown.text.startswith("Сообщение № 1 принято."))
    await house.later(hours=1)
    await ivanova.says("Воды всё больше", reply_to=receipt)
    assert ("reply", "Воды всё больше") in await said_to(house, 1)
    card = petrov.sees()[0]
    await petrov.says(WORDS, reply_to=card)
    await petrov.presses("Ответ")
    await house.later(minutes=1)
    assert any("Проблема решена?" in text for text in ivanova.heard())
    await ivanova.presses("Да")
    assert (await house.case(1)).incident.resolution is Resolution.SOLVED


async def test_where_the_working_chat_is_in_a_messenger_that_is_off_the_cards_come_in_private(house: House) -> None:
    await house.chat(VK, VK_CHAT, OWNER)
    house.office = replace(house.office, limits={name: limits for name, limits in house.office.limits.items() if name != VK})
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    await reported(house)
    assert ivanova.sees()[0].text.startswith("№ 1 · ЖКХ")


async def test_an_organisation_with_neither_chat_nor_officials_is_told_of_to_the_curators_at_once(house: House) -> None:
    who, citizen = await curator(house), await reported(house)
    (text,) = who.heard()
    assert text == (
        "⚠ № 1: отвечать некому. У органа «Комитет ЖКХ Барнаула» нет ни рабочего чата, ни исполнителей. "
        "Передайте другому органу или пригласите людей."
    )
    assert who.last.labels == ["Передать", "Ответить"]
    assert "Отвечает: Комитет ЖКХ Барнаула." in citizen.sees()[0].text


# --- §3: the clock -----------------------------------------------------------------------------------------------------


async def test_a_promise_that_passed_is_told_to_the_citizen_first_and_then_escalates(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    await house.official(TG, "official", "Иванова", OWNER)
    boss, who, citizen = await head(house), await curator(house), await reported(house)
    await promised(house, 1, hours=30)
    citizen.heard()
    who.heard()
    sent = len(house.channels[TG].shown)
    await house.later(hours=30)
    told = [shown for shown in house.channels[TG].shown[sent:] if "ответа" in shown.text.lower() and "обещали" in shown.text]
    assert told[0].address.chat == "100"
    assert {shown.address.chat for shown in told[1:]} == {FORUM, "official", "cur", "head"}
    assert citizen.heard() == [
        "По № 1 обещали до 13 марта, 02:00. Ответа пока нет — напомнили ответственным и сообщили куратору.",
    ]
    (text,) = boss.heard()
    assert text == (
        "🔴 № 1 (ЖКХ, Барнаул, ул. Ленина, 15): обещали до 13 марта, 02:00, ответа нет. "
        "Жителю об этом сказали. Отвечает: Комитет ЖКХ Барнаула."
    )
    assert who.last.labels == ["Напомнить", "Передать", "Ответить", "Взял на контроль"]


async def test_the_citizen_hears_of_a_late_promise_once(house: House) -> None:
    await house.official(TG, "official", "Иванова", OWNER)
    boss, citizen = await head(house), await reported(house)
    await promised(house, 1, hours=20)
    citizen.heard()
    await house.later(days=4)
    assert len(citizen.heard()) == 1
    assert len(boss.heard()) == 4


async def test_a_later_reminder_takes_the_buttons_of_the_earlier_one(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    await house.official(TG, "11", "Иванова", OWNER)
    who = await curator(house)
    await reported(house)
    await house.later(hours=24)
    reminders = [shown for shown in house.chat_shows(TG, FORUM) if shown.text.startswith(("⏳ № 1: осталось", "🔴 № 1"))]
    assert [shown.labels for shown in reminders] == [[], [], [], ["Беру"]]
    assert [shown.labels for shown in who.sees()] == [[], ["Напомнить", "Передать", "Ответить", "Взял на контроль"]]


async def test_a_reminder_that_nobody_took_it_says_who_did(house: House) -> None:
    office = await desk(house)
    await house.later(hours=12)
    reminder = office.last
    await office.presses(office.ivanova, "Беру", at=reminder)
    assert reminder.labels == []
    assert reminder.text.endswith("\nВ работе: Иванова, с 08:00")


async def test_a_curator_answers_below_the_escalation_and_it_says_so(house: House) -> None:
    who, citizen = await curator(house, VK), await reported(house)
    await house.later(hours=22)
    escalation = next(shown for shown in reversed(who.sees()) if "Взял на контроль" in shown.labels)
    await who.presses("Ответить", at=escalation)
    await who.says(WORDS)
    await who.presses("Ответ", at=who.last)
    await house.later(minutes=1)
    assert citizen.last.text == f"Ответ по № 1 от Комитета ЖКХ Барнаула:\n«{WORDS}»\nПроблема решена?"
    assert escalation.labels == []
    assert escalation.text.endswith("\n✅ дан ответ")


async def test_an_urgent_one_is_reminded_of_in_the_night(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    await house.official(TG, "11", "Иванова", OWNER)
    await house.later(hours=3)  # 23:00
    await reported(house, "Барнаул, Ленина 3, пахнет газом в подъезде")
    await house.later(hours=2)
    assert texts(house, TG, FORUM)[-1].startswith("⏳ № 1: осталось 2 ч")


async def test_a_head_hears_of_what_is_late_and_of_nothing_before(house: House) -> None:
    boss = await head(house)
    await house.official(TG, "official", "Иванова", OWNER)
    await reported(house)
    await house.later(hours=23, minutes=59)
    assert boss.heard() == []
    await house.later(minutes=1)
    assert boss.heard() == ["🔴 № 1 просрочен (ЖКХ, Барнаул, ул. Ленина, 15). Отвечает: Комитет ЖКХ Барнаула."]


async def test_every_day_it_is_told_how_late_it_is(house: House) -> None:
    boss = await head(house)
    await house.official(TG, "official", "Иванова", OWNER)
    await reported(house)
    await house.later(hours=24 * 3)
    assert [text.partition(" (")[0] for text in boss.heard()] == [
        "🔴 № 1 просрочен",
        "🔴 № 1 просрочен на 24 ч",
        "🔴 № 1 просрочен на 2 дня",
    ]


async def test_where_there_is_only_a_head_the_cards_come_to_the_head_and_one_line_of_what_is_late(house: House) -> None:
    boss = await head(house)
    await reported(house)
    assert boss.heard()[0].startswith("№ 1 · ЖКХ")
    await house.later(hours=23)
    boss.heard()
    await house.later(hours=1)
    assert len(boss.heard()) == 1


# --- §4, §5: the curators ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "verdict"), [("Нет", "не решено"), ("Частично", "решено частично")])
async def test_the_curator_sees_who_is_not_content_and_opens_the_card(house: House, label: str, verdict: str) -> None:
    who, citizen = await curator(house), await reported(house)
    await answered(house, 1)
    await citizen.presses(label)
    assert who.last.text == (
        f"Житель не согласен с ответом по № 1 (Комитет ЖКХ Барнаула): {verdict}. Снова в работе, ответить нужно до 12 марта, 20:00."
    )
    await who.presses("№ 1", at=who.last)
    assert who.last.text.startswith("№ 1 · ЖКХ · ⏳ до 12 марта, 20:00")


async def test_the_curators_chat_hears_everything_and_the_curators_nothing_in_private(house: House) -> None:
    await house.chat(VK, VK_CHAT, desk=True)
    who = await curator(house, VK)
    citizen = await reported(house)
    await reported(house, NOWHERE, "101")
    await house.later(hours=22)
    await answered(house, 1)
    await citizen.presses("Нет")
    told = texts(house, VK, VK_CHAT)
    for begins in (
        "⚠ № 1: отвечать некому",
        "Не разобрано: 1. № 2",
        "№ 1 (ЖКХ, ",
        "⏳ № 2 не разобран",
        "Житель не согласен с ответом по № 1",
    ):
        assert sum(text.startswith(begins) for text in told) >= 1, begins
    assert who.heard() == []


async def test_what_came_back_names_its_organisation_and_the_reason(house: House) -> None:
    who = await curator(house)
    await house.chat(TG, FORUM, OWNER)
    await reported(house)
    await happened(house, 1, Action.REFUSE, Role.OFFICIAL, reason="Это дорога")
    assert who.last.text.splitlines()[0] == "№ 1 вернули: Комитет ЖКХ Барнаула. Причина: Это дорога"


# --- the blocked -------------------------------------------------------------------------------------------------------


async def test_a_citizen_who_blocked_the_bot_and_writes_again_is_reached_again(house: House) -> None:
    citizen = await reported(house)
    await citizen.blocks()
    await house.later(hours=1)
    await citizen.says("Я снова здесь, вода течёт", reply_to=citizen.sees()[0])
    async with house.store.transaction() as tx:
        assert not await tx.people.is_blocked(TG, "100")
    assert citizen.last.text.startswith("Добавили к № 1.")


async def test_an_answer_after_one_that_did_not_arrive_is_an_answer(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unreachable("blocked"), None]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    await office.citizen.says("Что с моей заявкой?")
    await office.replies(office.ivanova, "Трубу заменили")
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert office.citizen.last.text.startswith("Ответ по № 1 от Комитета ЖКХ Барнаула:\n«Трубу заменили»")


async def test_the_deadline_counts_from_the_citizens_time_in_every_messenger(house: House) -> None:
    citizen = house.person(VK, "100", "Анна Примерова")
    wrote = house.clock() - timedelta(hours=2)
    await citizen.says(PIPE, at=wrote)
    assert (await house.case(1)).incident.due_at == wrote + timedelta(hours=24)
