"""An official answers from a working chat: by replying, with a preview, half a minute to think, and word of how it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.channel import File, FileKind, Refused, Scene, TryLater, Undelivered, Unknown, Unreachable
from bots.operate import drop_letters, replay_letters
from incidents.incident import Role, Status
from locales import texts
from storage.incidents import Case
from storage.letters import OUT, Letters
from storage.posts import Purpose
from tests.stories.deeds import reported
from tests.stories.house import House, on_both
from tests.stories.office import FORUM, GROUP, OWNER, TG, VK, VK_CHAT, WORDS, Desk, desk, known

pytestmark = on_both

UNKNOWN = Unknown("the connection broke")

# --- the preview -------------------------------------------------------------------------------------------------------


async def test_a_reply_to_the_card_shows_a_preview_and_sends_nothing(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    assert office.last.text == "№ 1. Отправить жителю? (личное сообщение, Telegram)"
    assert office.last.labels == ["Ответ", "Промежуточный", "Вопрос", "Заметка коллегам", "Отмена"]
    assert office.citizen.heard() == []


async def test_the_preview_is_a_reply_in_the_same_topic(house: House) -> None:
    office = await desk(house)
    said = await office.replies(office.ivanova)
    assert (office.last.reply.answer_to, office.last.address.thread) == (said.message, office.thread)


@pytest.mark.parametrize(
    ("account", "chat", "forum", "citizen"),
    [(TG, FORUM, True, TG), (TG, GROUP, False, VK), (VK, VK_CHAT, False, TG), (VK, VK_CHAT, False, VK)],
)
async def test_an_answer_goes_out_after_half_a_minute_and_is_told_of(
    house: House, account: str, chat: str, forum: bool, citizen: str
) -> None:
    office = await desk(house, account, chat, forum=forum, citizen=citizen)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    preview = office.last
    assert preview.text == "№ 1. Уйдёт через 30 секунд."
    assert office.citizen.heard() == []
    await office.passes()
    assert office.citizen.heard() == [f"Ответ по № 1 от Комитета ЖКХ Барнаула:\n«{WORDS}»\nПроблема решена?"]
    assert preview.text == "Доставлено 20:00."
    assert (await house.case(1)).incident.status is Status.ANSWERED


async def test_who_answers_unasked_has_taken_it(house: House) -> None:
    office = await desk(house)
    await office.replies(office.petrov)
    await office.presses(office.petrov, "Ответ")
    await office.passes()
    assert (await house.case(1)).incident.assignee == await known(house, "12")


async def test_an_answer_can_be_taken_back_within_half_a_minute_and_sent_once_more(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await house.later(seconds=29)
    await office.presses(office.ivanova, "Отменить")
    assert office.last.labels[0] == "Ответ"
    await house.later(minutes=5)
    assert office.citizen.heard() == []
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert len(office.citizen.heard()) == 1


async def test_after_half_a_minute_it_is_too_late_to_take_it_back(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    preview = replace(office.last)
    await office.passes()
    assert await office.ivanova.presses("Отменить", at=preview) == "Поздно: уже отправлено."


async def test_what_goes_out_is_what_stands_there_after_an_edit(house: House) -> None:
    office = await desk(house)
    said = await office.replies(office.ivanova, "Бригада выихала")
    await office.ivanova.edits(said, "Бригада выехала")
    await office.presses(office.ivanova, "Ответ")
    await office.ivanova.edits(said, "Бригада выехала и работает")
    await office.passes()
    assert "«Бригада выехала и работает»" in office.citizen.heard()[0]


async def test_a_cancelled_draft_goes_nowhere_whatever_is_pressed_then(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    preview = replace(office.last)
    await office.presses(office.ivanova, "Отмена")
    assert office.last.text == "Отменено. Жителю ничего не ушло."
    assert await office.ivanova.presses("Ответ", at=preview) == "Этот черновик уже отправлен или отменён."
    await office.passes()
    assert office.citizen.heard() == []


async def test_nobody_else_can_press_the_buttons_of_a_preview(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    assert await office.presses(office.petrov, "Ответ") == "Эта кнопка не для вас."


async def test_a_preview_warns_and_does_not_forbid(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Ваше сообщение рассмотрено в установленном порядке, это не в нашей компетенции")
    assert office.last.text.count("⚠") == 3
    assert "Ответ" in office.last.labels


async def test_a_phone_is_warned_of_only_where_everybody_reads(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Звоните диспетчеру: +7 900 000-00-00")
    assert "⚠" not in office.last.text
    async with house.store.transaction() as tx:
        case = await tx.incidents.get(1)
        assert case
        await tx.incidents.save(Case(case.incident, replace(case.report, scene=Scene.COMMENT)))
    await office.replies(office.ivanova, "Звоните диспетчеру: +7 900 000-00-00")
    assert "⚠ В тексте телефон" in office.last.text


async def test_files_go_with_the_words_across_messengers(house: House) -> None:
    office = await desk(house, citizen=VK)
    photo = File(FileKind.PHOTO, TG, "photo-77")
    await office.replies(office.ivanova, files=[photo])
    assert "Вместе с текстом: 📷" in office.last.text
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert [file for one in office.citizen.sees() for file in one.reply.files] == [photo]


async def test_files_without_words_are_no_answer(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "", photos=2)
    assert office.last.labels == ["Заметка коллегам", "Отмена"]
    assert "вместе с текстом" in office.last.text


async def test_a_text_of_100_kb_arrives_whole_in_parts_and_is_told_of_once(house: House) -> None:
    office = await desk(house)
    text = "\n".join(f"Строка {number} длинного ответа." for number in range(2200))
    assert len(text.encode()) > 100_000
    await office.replies(office.ivanova, text)
    await office.presses(office.ivanova, "Ответ")
    preview = office.last
    await office.passes()
    parts = office.citizen.heard()
    assert all(f"Строка {number} " in "\n".join(parts) for number in range(2200))
    assert all(len(part) <= 4096 for part in parts)
    assert preview.text.startswith("Доставлено")


async def test_a_note_stays_in_the_house_and_reaches_colleagues_elsewhere(house: House) -> None:
    await house.chat(TG, GROUP, OWNER)
    office = await desk(house)
    await office.replies(office.ivanova, "Кто сегодня дежурит?")
    await office.presses(office.ivanova, "Заметка")
    assert office.last.text == "Заметка по № 1 сохранена. Жителю она не уйдёт."
    await office.passes()
    assert office.citizen.heard() == []
    assert house.chat_shows(TG, GROUP)[-1].text == "Заметка по № 1, Иванова:\n«Кто сегодня дежурит?»"
    async with house.store.transaction() as tx:
        assert (await tx.timeline.said(1))[-1].kind == "note"


async def test_an_answer_stands_in_the_timeline(house: House) -> None:
    office = await desk(house)
    said = await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    async with house.store.transaction() as tx:
        last = (await tx.timeline.said(1))[-1]
    assert (last.kind, last.text, last.message) == ("answer", WORDS, said.message)


# --- interim answers ---------------------------------------------------------------------------------------------------


async def test_the_date_in_the_text_stands_on_the_button(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Трубу заменят завтра до 14:00")
    await office.presses(office.ivanova, "Промежуточный: завтра, 14:00")
    assert office.last.text == "№ 1. Уйдёт через 30 секунд. Обещаем окончательный ответ: завтра, 14:00."
    await office.passes()
    head, words, until = office.citizen.heard()[-1].splitlines()
    assert head == "Промежуточный ответ по № 1 от Комитета ЖКХ Барнаула:"
    assert words == "«Трубу заменят завтра до 14:00»"
    assert until == "Окончательный ответ дадим до 12 марта, 14:00."
    assert (await house.case(1)).incident.status is Status.PROMISED


@pytest.mark.parametrize(("account", "chat", "forum"), [(TG, FORUM, True), (VK, VK_CHAT, False)])
async def test_a_wrong_date_is_asked_for_again_with_buttons_until_it_can_be_promised(
    house: House, account: str, chat: str, forum: bool
) -> None:
    office = await desk(house, account, chat, forum=forum)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    days = ["Сегодня", "Завтра", "3 дня", "Неделя", "Отмена"]
    assert office.last.labels == days
    for typed, answer in (
        ("скоро", "Не поняли дату."),
        ("31 февраля", "Такого дня нет в календаре."),
        ("завтра в 25:00", "Такого времени не бывает"),
        ("15 марта, 20 марта", "Здесь больше одного срока"),
        ("1 марта", "Этот срок уже прошёл: 1 марта, 18:00."),
        ("через 3 месяца", "11 июня, 18:00 — так далеко обещать нельзя: самое большее — 30 дней."),
    ):
        asked = office.last
        await office.talks(office.ivanova, typed)
        assert office.last.text.startswith(answer)
        assert office.last.labels == days
        assert (asked.text, asked.labels) == ("Подробности — ниже.", [])
    await office.passes()
    assert office.citizen.heard() == []
    await office.talks(office.ivanova, "до пятницы")
    await office.passes()
    assert office.citizen.heard()[-1].endswith("Окончательный ответ дадим до 13 марта, 18:00.")


async def test_a_wrong_date_may_be_followed_by_a_button(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.ivanova, "31 февраля")
    await office.presses(office.ivanova, "Завтра")
    await office.passes()
    assert office.citizen.heard()[-1].endswith("дадим до 12 марта, 18:00.")


async def test_the_date_on_a_button_is_asked_for_anew_once_it_has_passed(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Трубу заменят сегодня до 21:00")
    await house.later(hours=2)
    await office.presses(office.ivanova, "Промежуточный: сегодня, 21:00")
    assert office.last.text.startswith("Этот срок уже прошёл: сегодня, 21:00.")
    await office.presses(office.ivanova, "Завтра")
    await office.passes()
    assert office.citizen.heard()[-1].endswith("дадим до 12 марта, 18:00.")


async def test_late_in_the_evening_today_is_not_offered_any_more(house: House) -> None:
    office = await desk(house)
    await house.later(hours=3, minutes=59)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    assert office.last.labels == ["Завтра", "3 дня", "Неделя", "Отмена"]


async def test_working_days_are_those_of_the_regions_calendar(house: House) -> None:
    house.clock.now = datetime(2026, 4, 30, 5, tzinfo=UTC)
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.ivanova, "2 рабочих дня")
    await office.passes()
    assert office.citizen.heard()[-1].endswith("дадим до 5 мая, 18:00.")


@pytest.mark.parametrize(
    ("label", "by"),
    [("Сегодня", "11 марта, 22:00"), ("Завтра", "12 марта, 18:00"), ("3 дня", "14 марта, 18:00"), ("Неделя", "18 марта, 18:00")],
)
async def test_a_date_is_chosen_by_a_button(house: House, label: str, by: str) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.presses(office.ivanova, label)
    await office.passes()
    assert office.citizen.heard()[-1].endswith(f"дадим до {by}.")


async def test_what_a_colleague_types_is_not_the_date(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.petrov, "завтра")
    await office.passes()
    assert office.citizen.heard() == []


async def test_a_second_interim_answer_is_not_offered(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.presses(office.ivanova, "Завтра")
    await office.passes()
    await office.replies(office.ivanova, "Ещё работаем")
    assert office.last.labels == ["Ответ", "Заметка коллегам", "Отмена"]


# --- which incident ----------------------------------------------------------------------------------------------------


async def test_talk_in_the_topic_goes_nowhere(house: House) -> None:
    office = await desk(house)
    before = len(office.shows())
    said = await office.talks(office.ivanova, "Кто поедет?")
    await office.replies(office.petrov, "Я поеду", to=said.message)
    assert len(office.shows()) == before


async def test_a_reply_to_a_message_of_ours_that_we_do_not_know_asks_which(house: House) -> None:
    """A card that went twice: we know one of the two, and somebody answers the other."""
    office = await desk(house)
    said = office.ivanova.said(WORDS, to=office.chat, thread=office.thread, reply_to="424242")
    before = len(office.shows())
    await house.happens(said)
    assert len(office.shows()) == before  # colleagues talk
    again = office.ivanova.said(WORDS, to=office.chat, thread=office.thread, reply_to="424242")
    await house.happens(replace(again, answers_us=True))
    assert office.last.text == "К какому сообщению это ответ? Пока ничего не отправлено."
    await office.presses(office.ivanova, "№ 1 ")
    assert office.last.text.startswith("№ 1. Отправить жителю?")


async def test_a_reply_in_the_wrong_topic_asks_which_and_sends_nothing(house: House) -> None:
    office = await desk(house)
    await house.later(minutes=10)
    other = house.person(TG, "200", "Пётр Выдуманный")
    await other.says("Барнаул, на Мира 3 прорвало трубу")
    second = next(thread for thread, title in house.topics(TG, FORUM).items() if title.startswith("№ 2"))
    other.heard()
    await office.ivanova.says(WORDS, to=FORUM, thread=second, reply_to=office.card)
    asked = house.chat_shows(TG, FORUM, second)[-1]
    assert asked.text == "К какому сообщению это ответ? Пока ничего не отправлено."
    assert [label[:3] for label in asked.labels] == ["№ 2", "№ 1", "Отм"]
    await office.ivanova.presses("№ 1", at=asked)
    assert asked.text.startswith("№ 1. Отправить жителю?")
    await office.ivanova.presses("Ответ", at=asked)
    await office.passes()
    assert len(office.citizen.heard()) == 1
    assert other.heard() == []


async def test_who_corrects_their_words_is_still_asked_which_incident_they_are_for(house: House) -> None:
    office = await desk(house)
    await house.later(minutes=10)
    other = house.person(TG, "200", "Пётр Выдуманный")
    await other.says("Барнаул, на Мира 3 прорвало трубу")
    second = next(thread for thread, title in house.topics(TG, FORUM).items() if title.startswith("№ 2"))
    other.heard()
    said = await office.ivanova.says("Бригата выехала", to=FORUM, thread=second, reply_to=office.card)
    asked = house.chat_shows(TG, FORUM, second)[-1]
    await office.ivanova.edits(said, WORDS)
    assert asked.text == "К какому сообщению это ответ? Пока ничего не отправлено."
    assert [label[:3] for label in asked.labels] == ["№ 2", "№ 1", "Отм"]
    await office.ivanova.presses("№ 1", at=asked)
    await office.ivanova.presses("Ответ", at=asked)
    await office.passes()
    assert f"«{WORDS}»" in office.citizen.last.text
    assert other.heard() == []


async def test_a_reply_to_a_card_that_went_elsewhere_asks_which(house: House) -> None:
    office = await desk(house)
    card = office.card
    await office.presses(office.ivanova, "Не моё")
    await office.presses(office.ivanova, "Администрация Барнаула")
    await office.replies(office.ivanova, to=card)
    assert office.last.text == "Непонятно, к какому сообщению это ответ. Ответьте на его карточку. Ничего не отправлено."


async def test_who_has_no_role_hears_so_and_nothing_goes_out(house: House) -> None:
    office = await desk(house)
    stranger = house.person(TG, "66", "Посторонний")
    await office.replies(stranger)
    assert office.last.text == "Вы не исполнитель этого органа. Попросите у администратора ссылку-приглашение."
    assert office.last.labels == []


async def test_an_official_of_another_organisation_has_no_say(house: House) -> None:
    office = await desk(house)
    other = await house.official(TG, "67", "Дорожник", "dorogi-barnaul")
    await office.replies(other)
    assert office.last.text.startswith("Вы не исполнитель этого органа.")


async def test_an_anonymous_admin_is_asked_to_write_in_their_own_name(house: House) -> None:
    office = await desk(house)
    said = office.ivanova.said(WORDS, to=FORUM, thread=office.thread, reply_to=office.card)
    await house.happens(replace(said, sender=replace(said.sender, impersonal=True)))
    assert office.last.text == "Напишите от своего имени: анонимный ответ жителю не уйдёт."


# --- two officials -----------------------------------------------------------------------------------------------------


async def test_somebody_elses_incident_is_asked_about(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Беру")
    await office.replies(office.petrov)
    assert office.last.text == "№ 1 в работе: Иванова. Всё равно отправить?"
    await office.presses(office.petrov, "Всё равно")
    await office.presses(office.petrov, "Ответ")
    await office.passes()
    assert len(office.citizen.heard()) == 1


async def test_the_one_who_holds_it_is_asked_and_allows(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Беру")
    await office.replies(office.petrov)
    await office.presses(office.petrov, "Спросить: Иванова")
    asked = office.last
    assert asked.text == f"Иванова, можно? Петров хочет ответить жителю по № 1:\n«{WORDS}»"
    assert await office.petrov.presses("Разрешить", at=asked) == "Эта кнопка не для вас."
    await office.ivanova.presses("Разрешить", at=asked)
    assert office.last.text.startswith("Иванова: можно отправлять.")
    await office.presses(office.petrov, "Ответ")
    await office.passes()
    assert len(office.citizen.heard()) == 1


async def test_who_holds_it_and_has_no_card_is_asked_in_private(house: House) -> None:
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    head = await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD)
    citizen = await reported(house)
    card = ivanova.last
    await head.says("1")
    await head.presses("Беру")
    await ivanova.says(WORDS, reply_to=card)
    await ivanova.presses("Спросить")
    assert ivanova.last.text == "Спросили: Николай Условный. Пока ничего не отправлено."
    assert head.last.text == f"Николай Условный, можно? Иванова хочет ответить жителю по № 1:\n«{WORDS}»"
    await head.presses("Разрешить")
    await ivanova.presses("Ответ")
    await house.later(seconds=31)
    assert citizen.heard()[-1].startswith("Ответ по № 1")


async def test_a_curator_who_was_quicker_is_asked_in_private(house: House) -> None:
    office = await desk(house)
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    await office.replies(office.petrov)
    await curator.says("1")
    await curator.says("Едем", reply_to=curator.last)
    await curator.presses("Ответ")
    await office.passes()
    curator.heard()
    await office.presses(office.petrov, "Ответ")
    await office.presses(office.petrov, "Спросить: Кураторова")
    assert curator.heard() == [f"Кураторова, можно? Петров хочет ответить жителю по № 1:\n«{WORDS}»"]


async def test_who_cannot_be_asked_any_more_is_not_said_to_have_been(house: House) -> None:
    office = await desk(house)
    await office.replies(office.petrov)
    await office.replies(office.ivanova, "Едем")
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    await office.ivanova.leaves(FORUM)
    office.ivanova.heard()
    preview = next(one for one in office.shows() if "Заметка коллегам" in one.labels)
    await office.petrov.presses("Ответ", at=preview)
    await office.petrov.presses("Спросить: Иванова", at=preview)
    assert preview.text == "Спросить не получилось: Иванова сейчас не на связи. Пока ничего не отправлено."
    assert preview.labels == ["Всё равно отправить", "Отмена"]
    assert office.ivanova.heard() == []


async def test_the_one_who_holds_it_says_no(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Беру")
    await office.replies(office.petrov)
    await office.presses(office.petrov, "Спросить")
    await office.presses(office.ivanova, "Нет")
    assert office.last.text == "Иванова просит не отправлять. Текст остался у вас, жителю ничего не ушло."
    assert office.last.labels == ["Отмена"]


async def test_of_two_answers_at_once_the_second_is_asked_about(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Уже едем")
    await office.presses(office.ivanova, "Ответ")
    await house.later(seconds=10)
    await office.replies(office.petrov, "Завтра приедем")
    await office.presses(office.petrov, "Ответ")
    await office.passes()
    assert [text.splitlines()[1] for text in office.citizen.heard()] == ["«Уже едем»"]
    assert office.last.text == "Не отправлено.\n№ 1 в работе: Иванова, последний ответ только что. Всё равно отправить?"
    await office.presses(office.petrov, "Всё равно")
    await office.presses(office.petrov, "Ответ")
    await office.passes()
    assert office.citizen.heard() == ["Дополнение к ответу по № 1 от Комитета ЖКХ Барнаула:\n«Завтра приедем»\nПроблема решена?"]


async def test_a_role_that_was_revoked_meanwhile_stops_the_answer(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    ivanova = await known(house, "11")
    async with house.store.transaction() as tx:
        await tx.people.dismiss(ivanova, OWNER, house.clock())
    await office.passes()
    assert office.citizen.heard() == []
    assert office.last.text.startswith("Не отправлено. Вы не исполнитель этого органа.")
    assert (await house.case(1)).incident.status is Status.ASSIGNED


async def test_an_incident_that_was_closed_meanwhile_stops_the_answer_and_loses_nothing(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.citizen.presses("Отозвать")
    await office.citizen.presses("Да")
    office.citizen.heard()
    await office.passes()
    assert office.last.text.startswith("Не отправлено. Сейчас этого сделать нельзя")
    assert office.last.labels == ["Заметка коллегам", "Отмена"]
    assert office.citizen.heard() == []


# --- how it went -------------------------------------------------------------------------------------------------------


async def test_a_failed_answer_is_told_of_and_can_be_given_up(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unreachable("bot was blocked by the user")]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert office.last.text == "№ 1. Не доставлено: житель запретил сообщения."
    assert "⚠ Ответ не доставлен жителю" in office.card.text
    assert (await house.case(1)).incident.undeliverable
    await office.presses(office.ivanova, "Закрыть без ответа", office.last)
    assert (await house.case(1)).incident.status is Status.CLOSED
    assert office.last.text == "№ 1 закрыт без ответа: Иванова."


async def test_what_cannot_be_delivered_to_a_blocked_citizen_is_not_repeated_by_itself(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unreachable("bot was blocked by the user")]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    house.channels[TG].fail.clear()
    await house.later(hours=1)
    assert office.citizen.heard() == []


async def test_an_uncertain_answer_is_shown_and_is_not_repeated(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unknown("the connection broke"), None]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert office.last.text == "№ 1. Не знаем, дошло ли: мессенджер не подтвердил."
    assert office.citizen.heard() == []
    doubt = replace(office.last)
    await office.presses(office.ivanova, "Дошло")
    assert office.last.text == "Отмечено: дошло."
    assert await office.ivanova.presses("Отправить ещё раз", at=doubt) == "Эта кнопка уже не действует."
    assert office.citizen.heard() == []


async def test_an_uncertain_answer_goes_once_more_when_its_author_says_so(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unknown("the connection broke"), None]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    doubt = replace(office.last)
    await office.presses(office.ivanova, "Отправить ещё раз")
    assert office.last.text == "Доставлено 20:00."
    assert len(office.citizen.heard()) == 1
    assert await office.ivanova.presses("Отправить ещё раз", at=doubt) == "Эта кнопка уже не действует."
    assert office.citizen.heard() == []


CURATORS = "-300"


async def _in_doubt_unheard(house: House, problem: Undelivered = UNKNOWN) -> Desk:
    """An answer that may not have arrived, whose author's chat has put the bot out meanwhile; the curators have a desk."""
    await house.chat(TG, CURATORS, desk=True)
    office = await desk(house)
    house.channels[TG].fail["100"] = [problem, None]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    house.channels[TG].fail[FORUM] = [Unreachable("bot was kicked")]
    await office.passes()
    return office


async def test_an_answer_in_doubt_is_for_the_curators_to_decide_when_its_author_cannot_be_told(house: House) -> None:
    office = await _in_doubt_unheard(house)
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    assert "№ 1. Не знаем, дошёл ли ответ до жителя" in house.chat_shows(TG, CURATORS)[-1].text
    await curator.presses("Отправить ещё раз", to=CURATORS)
    assert len(office.citizen.heard()) == 1
    assert house.chat_shows(TG, CURATORS)[-1].text == "№ 1. Отправляем ещё раз. Если не дойдёт, скажем здесь."


async def test_the_curators_may_also_have_seen_that_it_arrived(house: House) -> None:
    office = await _in_doubt_unheard(house)
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    await curator.presses("Дошло", to=CURATORS)
    assert house.chat_shows(TG, CURATORS)[-1].text == "Отмечено: дошло."
    assert office.citizen.heard() == []


async def test_an_answer_that_failed_is_told_to_the_curators_when_its_author_cannot_be_told(house: House) -> None:
    await _in_doubt_unheard(house, Refused("no"))
    assert house.chat_shows(TG, CURATORS)[-1].text.startswith("№ 1. Ответ не дошёл до жителя.")
    assert house.chat_shows(TG, CURATORS)[-1].labels == []


async def test_an_author_who_holds_no_role_any_more_decides_nothing_and_the_curators_do(house: House) -> None:
    await house.chat(TG, CURATORS, desk=True)
    office = await desk(house)
    house.channels[TG].fail["100"] = [TryLater("429", 60), UNKNOWN, None]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    ivanova = await known(house, "11")
    async with house.store.transaction() as tx:
        await tx.people.dismiss(ivanova, OWNER, house.clock())
    await house.later(minutes=2)
    assert "№ 1. Не знаем, дошёл ли ответ до жителя" in house.chat_shows(TG, CURATORS)[-1].text


async def test_an_answer_that_has_to_wait_long_says_so_and_says_when_it_arrived(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [TryLater("cannot be reached", 60)]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    preview = office.last
    await office.passes()
    assert preview.text == "Отправляем…"
    await house.later(minutes=7)
    assert preview.text == "Ещё не доставлено: мессенджер жителя не отвечает. Отправим, как только ответит."
    house.channels[TG].fail.clear()
    await house.later(minutes=2)
    assert preview.text.startswith("Доставлено")


async def test_of_several_parts_the_worst_is_told(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [None, Unreachable("blocked in between")]
    await office.replies(office.ivanova, "Слово " * 1500)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert office.last.text.startswith("№ 1. Не доставлено")


# --- an administrator sends it again, or lets it go -------------------------------------------------------------------

RU = texts("ru")


async def _in_trouble(house: House, *problems: Undelivered | None, text: str = WORDS) -> Desk:
    """An answer whose calls went like this, the last of them for good."""
    office = await desk(house)
    house.channels[TG].fail["100"] = list(problems)
    await office.replies(office.ivanova, text)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    return office


async def _letters(house: House) -> list[str]:
    async with house.store.transaction() as tx:
        return [letter.name for letter in await Letters(tx.connection).all(10) if letter.way == OUT and letter.about == Purpose.ANSWER]


async def _replay(house: House, *names: str) -> None:
    assert await replay_letters(RU, house.store, names or await _letters(house), house.clock(), twice=True) == 0
    await house.settle()


async def _drop(house: House, *names: str) -> None:
    assert await drop_letters(RU, house.store, names or await _letters(house), house.clock()) == 0
    await house.settle()


async def test_an_answer_in_doubt_that_is_let_go_did_not_arrive_and_its_author_hears_so(house: House) -> None:
    office = await _in_trouble(house, UNKNOWN, None)
    doubt = office.last
    before = replace(doubt)
    await _drop(house)
    assert (doubt.text, doubt.labels) == ("Подробности — ниже.", [])
    assert office.last.text == "№ 1. Считаем недоставленным: администратор снял сообщение с отправки."
    assert office.last.labels == ["Закрыть без ответа"]
    assert "⚠ Ответ не доставлен жителю" in office.card.text
    assert (await house.case(1)).incident.undeliverable
    assert await office.ivanova.presses("Отправить ещё раз", at=before) == "Эта кнопка уже не действует."
    await house.later(hours=1)
    assert office.citizen.heard() == []


async def test_an_answer_in_doubt_that_is_sent_again_is_told_of_where_its_author_was_asked(house: House) -> None:
    office = await _in_trouble(house, UNKNOWN, TryLater("cannot be reached", 60))
    doubt = office.last
    before = replace(doubt)
    await _replay(house)
    assert (doubt.text, doubt.labels) == ("Отправляем…", [])
    assert await office.ivanova.presses("Отправить ещё раз", at=before) == "Эта кнопка уже не действует."
    house.channels[TG].fail.clear()
    await house.later(minutes=2)
    assert len(office.citizen.heard()) == 1
    assert office.last is doubt
    assert doubt.text.startswith("Доставлено")


async def test_an_answer_that_failed_and_is_sent_again_sets_right_what_the_card_says(house: House) -> None:
    office = await _in_trouble(house, Refused("too odd"), None)
    failed = office.last
    assert failed.labels == ["Закрыть без ответа"]
    await _replay(house)
    assert len(office.citizen.heard()) == 1
    assert (failed.text, failed.labels) == ("Доставлено 20:00.", [])
    assert "Ответ не доставлен" not in office.card.text
    assert "Закрыть без ответа" not in office.card.labels
    assert not (await house.case(1)).incident.undeliverable


async def test_an_answer_that_is_sent_again_and_fails_again_is_told_of_again(house: House) -> None:
    office = await _in_trouble(house, Refused("too odd"))
    failed = office.last
    await _replay(house)
    assert failed.text == "Подробности — ниже."
    assert office.last is not failed
    assert office.last.text == "№ 1. Не доставлено: мессенджер не принял сообщение."
    assert (await house.case(1)).incident.undeliverable


async def test_letting_go_of_what_failed_says_nothing_new(house: House) -> None:
    office = await _in_trouble(house, Refused("too odd"))
    before = [(one.text, one.labels) for one in office.shows()]
    await _drop(house)
    assert [(one.text, one.labels) for one in office.shows()] == before
    assert (await house.case(1)).incident.undeliverable


async def test_an_older_answer_that_arrives_does_not_make_up_for_a_newer_one_that_did_not(house: House) -> None:
    office = await _in_trouble(house, Refused("too odd"))
    await office.replies(office.ivanova, "Воду дали, проверьте")
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    older, newer = await _letters(house)
    house.channels[TG].fail.clear()
    await _replay(house, older)
    assert len(office.citizen.heard()) == 1
    assert (await house.case(1)).incident.undeliverable
    await _replay(house, newer)
    assert not (await house.case(1)).incident.undeliverable


async def test_an_answer_of_which_a_part_was_let_go_did_not_arrive_whole(house: House) -> None:
    office = await _in_trouble(house, UNKNOWN, UNKNOWN, None, text="Слово " * 1500)
    first, second, *_ = await _letters(house)
    await _replay(house, first)
    await _drop(house, second)
    assert office.last.text.startswith("№ 1. Считаем недоставленным")
    assert (await house.case(1)).incident.undeliverable


async def test_sending_again_what_cannot_be_sent_again_changes_nothing(house: House) -> None:
    office = await _in_trouble(house, UNKNOWN, None)
    (name,) = await _letters(house)
    async with house.store.transaction() as tx:
        await tx.outbox.drop(int(name.removeprefix("out-")), "gone")
    doubt = replace(office.last)
    assert await office.ivanova.presses("Отправить ещё раз", at=office.last) == "Эта кнопка уже не действует."
    assert (office.last.text, office.last.labels) == (doubt.text, doubt.labels)
    assert office.citizen.heard() == []


# --- a topic that is gone ----------------------------------------------------------------------------------------------


async def test_word_of_a_failed_answer_comes_even_when_the_topic_was_deleted(house: House) -> None:
    office = await desk(house)
    house.channels[TG].fail["100"] = [Unreachable("blocked")]
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    house.channels[TG].fail[FORUM] = [None]
    house.channels[TG].delete_thread(FORUM, office.thread)
    house.channels[TG].shown = [one for one in house.channels[TG].shown if one.address.chat != FORUM]
    await house.later(seconds=31)
    assert any(one.text.startswith("№ 1. Не доставлено") for one in house.chat_shows(TG, FORUM))


async def test_a_curator_answers_from_their_desk(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    citizen = house.person(TG, "100", "Анна Примерова")
    await citizen.says("Когда починят дорогу до посёлка")
    citizen.heard()
    await curator.presses("Ответить", to="-300")
    await curator.says("Починят летом", to="-300")
    await curator.presses("Ответ", to="-300")
    await house.later(seconds=31)
    assert citizen.heard() == ["Ответ по № 1:\n«Починят летом»\nПроблема решена?"]
