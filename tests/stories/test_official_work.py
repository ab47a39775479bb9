"""An official takes an incident, gives it back or away, asks the citizen, and works from a private chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.channel import Location
from incidents.incident import Action, Role, Status, Timer
from tests.stories.deeds import PIPE, answered, happened, reported
from tests.stories.house import House, on_both
from tests.stories.office import FORUM, GROUP, OWNER, TG, VK, VK_CHAT, WORDS, Desk, desk, known

# --- taking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("account", "chat", "forum"), [(TG, FORUM, True), (TG, GROUP, False), (VK, VK_CHAT, False)])
async def test_of_two_who_take_it_one_wins_and_the_other_hears_who(house: House, account: str, chat: str, forum: bool) -> None:
    office = await desk(house, account, chat, forum=forum)
    card = replace(office.card)
    assert await office.ivanova.presses("Беру", at=card) == ""
    assert await office.petrov.presses("Беру", at=card) == "Уже в работе: Иванова, с 20:00"
    assert "В работе: Иванова, с 20:00" in office.card.text
    assert (await house.case(1)).incident.assignee == await known(house, "11", account)


async def test_who_takes_it_below_a_card_that_vk_changes_no_more_sees_that_below_a_new_one(house: House) -> None:
    office = await desk(house, VK, VK_CHAT, forum=False, citizen=VK)
    old = office.card
    await house.later(hours=25)
    assert await office.ivanova.presses("Беру", at=old) == ""
    new = office.last
    assert "В работе" not in old.text
    assert "В работе: Иванова" in new.text
    assert "Вернуть коллегам" in new.labels
    assert await office.petrov.presses("Беру", at=old) == "Уже в работе: Иванова, с 21:00"
    await house.later(hours=48)
    assert [one.text for one in office.shows() if one.text.startswith("№ 1 ·")] == [old.text, new.text]  # time alone posts no card
    await office.presses(office.ivanova, "Вернуть коллегам")
    assert "Беру" in office.last.labels
    async with house.store.transaction() as tx:
        assert await tx.outbox.troubles() == []


async def test_who_takes_it_twice_hears_that_it_is_theirs(house: House) -> None:
    office = await desk(house)
    card = replace(office.card)
    await office.ivanova.presses("Беру", at=card)
    assert await office.ivanova.presses("Беру", at=card) == "Уже у вас, с 20:00"


async def test_who_has_no_role_cannot_take_it(house: House) -> None:
    office = await desk(house)
    stranger = house.person(TG, "66", "Посторонний")
    whisper = await stranger.presses("Беру", at=office.card)
    assert whisper == "Вы не исполнитель этого органа. Попросите у администратора ссылку-приглашение."
    assert (await house.case(1)).incident.status is Status.ASSIGNED


async def test_a_curator_does_not_take_what_an_organisation_owes(house: House) -> None:
    office = await desk(house)
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    assert await curator.presses("Беру", at=office.card) == "Ваша роль этого не позволяет."


async def test_what_was_answered_cannot_be_taken(house: House) -> None:
    office = await desk(house)
    card = replace(office.card)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    assert await office.petrov.presses("Беру", at=card) == "Уже в работе: Иванова, с 20:00"


async def test_it_is_given_back_by_who_holds_it_and_by_nobody_beside(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Беру")
    assert await office.presses(office.petrov, "Вернуть коллегам") == "Уже в работе: Иванова, с 20:00"
    await office.presses(office.ivanova, "Вернуть коллегам")
    assert (await house.case(1)).incident.assignee == 0
    assert office.last.text == "№ 1 снова свободен: Иванова больше не ведёт его. Срок не изменился."


# --- not mine ----------------------------------------------------------------------------------------------------------


async def test_not_mine_goes_to_the_organisation_that_was_chosen(house: House) -> None:
    office = await desk(house)
    due = (await house.case(1)).incident.due_at
    await office.presses(office.ivanova, "Не моё")
    chosen = office.last
    assert await office.petrov.presses("Администрация Барнаула", at=chosen) == "Эта кнопка не для вас."
    await office.ivanova.presses("Администрация Барнаула", at=chosen)
    incident = (await house.case(1)).incident
    assert (incident.organisation, incident.due_at) == ("adm-barnaul", due)
    assert chosen.text == "№ 1 передали: Администрация Барнаула."
    assert office.card.labels == []


@on_both
async def test_the_next_owner_reads_what_was_asked_and_replied_before(house: House) -> None:
    await house.chat(TG, "-700", "adm-barnaul")
    office = await desk(house)
    await office.presses(office.ivanova, "Вопрос жителю")
    await office.replies(office.ivanova, "Какой подъезд?", to=office.last)
    await office.presses(office.ivanova, "Вопрос", office.last)
    await office.passes()
    said = await office.citizen.says("Второй, у арк", photos=1)
    await office.citizen.edits(said, "Второй, у арки")
    await office.replies(office.ivanova, "Труба не наша")
    await office.presses(office.ivanova, "Заметка коллегам")
    await happened(house, 1, Action.REASSIGN, Role.CURATOR, target="adm-barnaul")
    card, before = house.chat_shows(TG, "-700")
    assert card.text.startswith("№ 1 · ЖКХ")
    assert before.text.splitlines() == ["Раньше по № 1:", "Спросили жителя: «Какой подъезд?»", "Житель: «Второй, у арки» 📷"]
    assert (len(before.reply.files), before.reply.answer_to) == (1, card.id)


async def test_curators_read_what_was_asked_and_replied_when_it_comes_back_to_them(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    office = await desk(house)
    await happened(house, 1, Action.ASK, Role.OFFICIAL, by=await known(house, "11"), text="Какой подъезд?")
    await office.citizen.says("Второй, у арки")
    await happened(house, 1, Action.REFUSE, Role.OFFICIAL, by=await known(house, "11"), reason="Не наша")
    assert house.chat_shows(TG, "-300")[-1].text.splitlines() == ["Раньше по № 1:", "Житель: «Второй, у арки»"]


async def test_not_mine_without_an_idea_whose_goes_to_the_curators_with_the_reason(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    office = await desk(house)
    await office.presses(office.ivanova, "Не моё")
    await office.presses(office.ivanova, "Не знаю чьё")
    await office.talks(office.petrov, "А чья это труба?")
    assert (await house.case(1)).incident.organisation == OWNER
    await office.talks(office.ivanova, "Труба частная, не на нашем балансе")
    assert (await house.case(1)).incident.status is Status.NEW
    assert "Труба частная, не на нашем балансе" in house.chat_shows(TG, "-300")[-1].text


@on_both
async def test_colleagues_talk_is_no_reason_once_they_take_it(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Не моё")
    await office.presses(office.ivanova, "Не знаю чьё")
    await office.presses(office.ivanova, "Беру")
    before = len(office.shows())
    await office.talks(office.ivanova, "Коллеги, кто может подъехать на Ленина?")
    incident = (await house.case(1)).incident
    assert (incident.organisation, incident.status, len(office.shows())) == (OWNER, Status.IN_PROGRESS, before)


@on_both
async def test_in_a_group_a_reason_is_said_right_behind_the_question_or_replies_to_it(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    office = await desk(house)
    await office.presses(office.ivanova, "Не моё")
    asked = office.last
    await office.presses(office.ivanova, "Не знаю чьё")
    await house.later(minutes=40)
    before = len(office.shows())
    await office.talks(office.ivanova, "Коллеги, кто может подъехать на Ленина?")
    assert (await house.case(1)).incident.organisation == OWNER
    assert len(office.shows()) == before
    await office.replies(office.ivanova)
    assert office.last.text.startswith("№ 1. Отправить жителю?")
    await office.replies(office.ivanova, "Труба частная, не на нашем балансе", to=asked)
    assert (await house.case(1)).incident.status is Status.NEW
    assert "Труба частная" in house.chat_shows(TG, "-300")[-1].text


async def test_in_private_nobody_else_talks_and_a_reason_may_take_its_time(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.presses("Не моё")
    await office.ivanova.presses("Не знаю чьё")
    await house.later(minutes=40)
    await office.ivanova.says("Труба частная, не на нашем балансе")
    assert (await house.case(1)).incident.status is Status.NEW


async def test_who_takes_one_may_still_say_the_words_they_were_asked_for_another(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.presses("Ответить")
    await reported(house, "Барнаул, на Мира 3 прорвало трубу", user_id="200")
    await office.ivanova.presses("Беру")
    await office.ivanova.says(WORDS)
    assert office.last.text.startswith("№ 1. Отправить жителю?")


async def test_a_reason_needs_words(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Не моё")
    await office.presses(office.ivanova, "Не знаю чьё")
    await office.talks(office.ivanova, photos=1)
    assert office.last.text == "Напишите причину словами: её прочтут кураторы."
    assert (await house.case(1)).incident.organisation == OWNER


# --- words that were asked for -----------------------------------------------------------------------------------------


async def test_a_question_reaches_the_citizen_and_the_reply_comes_back_and_the_clock_goes_on(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Вопрос жителю")
    await office.replies(office.ivanova, "Какой подъезд?", to=office.last)
    assert office.last.text == "№ 1. Спросить жителя? (личное сообщение, Telegram)"
    await office.presses(office.ivanova, "Вопрос", office.last)
    await office.passes()
    assert office.citizen.heard() == [
        "Вопрос по № 1 от Комитета ЖКХ Барнаула:\n«Какой подъезд?»\nОтветьте, пожалуйста, на это сообщение. Пока ждём вас, срок не идёт."
    ]
    assert (await house.case(1)).incident.timer is Timer.PAUSED
    await office.citizen.says("Второй", reply_to=office.citizen.last)
    assert office.last.text == "Житель ответил по № 1:\n«Второй»"
    assert (await house.case(1)).incident.timer is Timer.FIRST_ANSWER


async def test_the_next_message_is_the_answer_that_was_asked_for(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Ответить")
    await office.talks(office.ivanova, WORDS)
    assert office.last.labels == ["Ответ", "Заметка коллегам", "Отмена"]


@pytest.mark.parametrize("button", ["Ответить", "Вопрос жителю"])
async def test_words_are_asked_for_where_the_card_was_opened(house: House, button: str) -> None:
    office = await desk(house)
    await office.ivanova.says("/my", to=FORUM)
    await office.ivanova.presses("№ 1", at=house.chat_shows(TG, FORUM)[-1])
    await office.ivanova.presses(button, at=house.chat_shows(TG, FORUM, "")[-1])
    asked = house.chat_shows(TG, FORUM, "")[-1]
    assert asked.text.startswith("№ 1: ответьте на это сообщение ")
    await office.ivanova.says("Какой подъезд?", to=FORUM)
    assert house.chat_shows(TG, FORUM, "")[-1].text.startswith("№ 1. ")


async def test_the_words_of_a_colleague_are_not_the_answer(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Ответить")
    asked = office.last
    await office.talks(office.petrov, WORDS)
    assert office.last is asked


async def test_what_is_said_in_another_topic_is_not_the_answer(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Ответить")
    before = len(house.chat_shows(TG, FORUM))
    await office.ivanova.says("Где ключи от машины?", to=FORUM, thread="")
    assert len(house.chat_shows(TG, FORUM)) == before


async def test_after_an_hour_nothing_is_waited_for(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Ответить")
    await house.later(minutes=61)
    before = len(office.shows())
    await office.talks(office.ivanova, "Пойду обедать")
    assert len(office.shows()) == before


async def test_waiting_for_words_can_be_cancelled(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Ответить")
    await office.presses(office.ivanova, "Отмена")
    before = len(office.shows())
    await office.talks(office.ivanova, "Пойду обедать")
    assert len(office.shows()) == before


async def test_an_interim_answer_that_was_asked_for_needs_a_date(house: House) -> None:
    office = await desk(house)
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.ivanova, WORDS)
    assert office.last.labels == ["Промежуточный", "Заметка коллегам", "Отмена"]
    await office.presses(office.ivanova, "Промежуточный", office.last)
    await office.talks(office.ivanova, "завтра к 18")
    await office.passes()
    assert (await house.case(1)).incident.status is Status.PROMISED


async def test_a_long_report_is_shown_whole(house: House) -> None:
    office = await desk(house, text=PIPE + ", очень давно" * 200)
    await office.presses(office.ivanova, "Показать целиком")
    assert office.last.text.endswith(", очень давно")


# --- in private --------------------------------------------------------------------------------------------------------


async def in_private(house: House, account: str = TG) -> Desk:
    """An organisation without a chat: its official gets the cards in private."""
    ivanova = await house.official(account, "11", "Иванова", OWNER)
    citizen = await reported(house)
    return Desk(house, citizen, ivanova, ivanova, account, "11")


@pytest.mark.parametrize("account", [TG, VK])
async def test_an_official_answers_from_a_private_chat(house: House, account: str) -> None:
    office = await in_private(house, account)
    await office.ivanova.says(WORDS, reply_to=office.card)
    await office.ivanova.presses("Ответ")
    await office.passes()
    assert office.citizen.heard()[-1].startswith("Ответ по № 1")


async def test_words_in_private_that_reply_to_nothing_ask_which_is_meant(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says(WORDS)
    assert office.last.text == "К какому сообщению это ответ? Пока ничего не отправлено."
    assert [label[:3] for label in office.last.labels] == ["№ 1", "Это", "Отм"]
    await office.ivanova.presses("№ 1")
    assert office.last.text.startswith("№ 1. Отправить жителю?")


async def test_an_official_may_report_as_well_as_anybody(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("Барнаул, на улице Мира 3 яма на дороге", location=Location(53.3, 83.7))
    await office.ivanova.presses("Это новое сообщение")
    report = (await house.case(2)).report
    assert (report.text, report.location) == ("Барнаул, на улице Мира 3 яма на дороге", Location(53.3, 83.7))
    assert report.person == await known(house, "11")


async def test_who_owes_nothing_is_heard_as_a_citizen(house: House) -> None:
    ivanova = await house.official(TG, "11", "Иванова", OWNER)
    await ivanova.says("Бийск, на улице Советской 5 яма на дороге")
    assert ivanova.heard()[0].startswith("Сообщение № 1 принято.")


@on_both
async def test_where_their_own_report_is_they_are_asked_as_anybody(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("Когда починят дорогу до посёлка")
    await office.ivanova.presses("Это новое сообщение")
    assert office.last.text.startswith("Где это?")
    await office.ivanova.presses("Бийск")
    assert (await house.case(2)).incident.organisation == "dorogi-biysk"


async def test_where_a_forwarded_report_is_the_curator_is_asked(house: House) -> None:
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    await curator.says("Когда починят дорогу до посёлка", forwarded=True)
    assert curator.last.text.startswith("Где это?")
    await curator.presses("Бийск")
    assert (await house.case(1)).incident.organisation == "dorogi-biysk"


@on_both
async def test_an_official_who_was_asked_as_a_citizen_may_say_that_this_is_the_reply(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("Бийск, яма на дороге на улице Советской 5")
    await office.ivanova.presses("Это новое сообщение")
    await happened(house, 2, Action.ASK, text="У какого дома?")
    await house.later(minutes=10)
    await office.ivanova.says("У пятого", photos=1)
    assert office.last.labels == [
        "№ 1 · ЖКХ · ул. Ленина, 15",
        "Это мой ответ по № 2",
        "Это новое сообщение",
        "Отмена",
    ]
    await office.ivanova.presses("Это мой ответ")
    assert office.last.text == "Добавили к № 2. Передали тем, кто отвечает."
    assert (await house.case(2)).incident.status is Status.ASSIGNED
    async with house.store.transaction() as tx:
        (reply,) = [message for message in await tx.timeline.said(2) if message.kind == "reply"]
        assert (reply.text, len(reply.files)) == ("У пятого", 1)
        assert await tx.incidents.get(3) is None
    assert (await house.case(1)).incident.answered_at is None


async def test_an_official_who_was_asked_where_it_is_may_type_the_place(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("Когда починят дорогу до посёлка")
    await office.ivanova.presses("Это новое сообщение")
    await office.ivanova.says("Бийск")
    await office.ivanova.presses("Это мой ответ по № 2")
    assert (await house.case(2)).incident.organisation == "dorogi-biysk"


@on_both
async def test_the_number_of_their_own_report_shows_how_it_stands(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("Бийск, на улице Советской 5 яма на дороге")
    await office.ivanova.presses("Это новое сообщение")
    await office.ivanova.says("№ 2")
    assert office.last.text.startswith("№ 2 · ")
    assert office.last.labels == ["Другая тема", "Другое место", "Отозвать"]
    await office.ivanova.says("3")
    assert office.last.text.startswith("Это не ваше")


async def test_a_number_in_private_shows_the_card(house: House) -> None:
    office = await in_private(house)
    await office.ivanova.says("№ 1")
    assert office.last.text.startswith("№ 1 · ЖКХ")


async def test_what_a_curator_forwards_becomes_an_incident(house: House) -> None:
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    await curator.says("Спасибо, но в Бийске на Советской 5 яма", forwarded=True)
    await house.later(minutes=5)
    await curator.says("Барнаул, на Мира 3 прорвало трубу", forwarded=True)
    assert (await house.case(2)).report.text == "Барнаул, на Мира 3 прорвало трубу"


@on_both
async def test_a_curator_answers_what_they_forwarded_from_its_card_and_adds_to_it_from_its_receipt(house: House) -> None:
    curator = await house.official(TG, "90", "Кураторова", "", role=Role.CURATOR)
    await curator.says("Когда починят дорогу до посёлка", forwarded=True)
    card = next(one for one in curator.sees() if one.text.startswith("Не разобрано"))
    receipt = next(one for one in curator.sees() if one.text.startswith("Сообщение № 1 принято."))
    await house.later(minutes=10)
    await curator.says("Починят летом", reply_to=card)
    assert curator.last.text.startswith("№ 1. Отправить жителю?")
    await curator.says("Яма у школы", reply_to=receipt)
    assert curator.last.text.startswith("Добавили к № 1.")


async def test_a_role_that_ended_leaves_no_word_in_private(house: House) -> None:
    office = await in_private(house)
    ivanova = await known(house, "11")
    async with house.store.transaction() as tx:
        await tx.people.dismiss(ivanova, OWNER, house.clock())
    assert (await office.ivanova.presses("Беру", at=office.card)).startswith("Вы не исполнитель этого органа.")


async def test_english_is_spoken_to_who_speaks_it(house: House) -> None:
    ivanova = await house.official(TG, "11", "Ivanova", OWNER, language="en")
    citizen = await reported(house)
    office = Desk(house, citizen, ivanova, ivanova, TG, "11")
    card = next(one for one in office.shows() if one.text.startswith("No. 1"))
    await ivanova.says("We will fix it by Friday", reply_to=card)
    assert office.last.text == "No. 1. Send it to the citizen? (private message, Telegram)"
    assert "Interim: 13 March, 18:00" in office.last.labels


async def test_what_becomes_of_an_incident_is_told_in_the_language_of_who_reads_it(house: House) -> None:
    ivanova = await house.official(TG, "11", "Ivanova", OWNER, language="en")
    citizen = await reported(house)
    await ivanova.presses("I take it")
    await citizen.presses("Другое место")
    await citizen.presses("Бийск")
    assert ivanova.last.text == "The citizen corrected the place of No. 1: Biysk"
    await answered(house, 1)
    await happened(house, 1, Action.RETURN, Role.CURATOR, reason="off-point")
    assert ivanova.last.text == "↩ A curator returned the answer to No. 1: beside the point. An answer is due by 12 March, 20:00."
    await happened(house, 1, Action.REASSIGN, Role.CURATOR, target="adm-barnaul")
    assert ivanova.last.text == "No. 1 was passed to Barnaul Town Office. No answer is needed here."


async def test_a_press_on_a_card_of_a_closed_incident_says_why_not(house: House) -> None:
    office = await desk(house)
    card = replace(office.card)
    await happened(house, 1, Action.WITHDRAW, Role.CITIZEN)
    whisper = await office.ivanova.presses("Ответить", at=card)
    assert whisper.startswith("Сейчас этого сделать нельзя")
