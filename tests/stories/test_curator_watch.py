"""Looking after the clock: /overdue and /due, an incident's card, and the buttons below an escalation."""

from __future__ import annotations

from incidents.incident import Action, Resolution, Role, Status, Timer
from tests.stories.deeds import PIPE, answered, happened, promised, reported, taken
from tests.stories.house import Actor, House, on_both

FORUM, DESK = "-100", "-300"
ROAD = "Бийск, на улице Советской 5 яма на дороге"


async def curator(house: House, account: str = "telegram/altai", user_id: str = "cur") -> Actor:
    return await house.official(account, user_id, "Сидорова", "", Role.CURATOR)


# --- lists -------------------------------------------------------------------------------------------------------------


async def test_overdue_lists_what_is_late_with_a_button_for_each(house: House) -> None:
    who = await curator(house)
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    await reported(house)
    await taken(house, 1)
    await house.sleeps(hours=26)
    await who.says("/overdue")
    head, line = who.last.text.splitlines()
    assert head == "🔴 Просрочено: 1"
    assert line == "№ 1 · ЖКХ · Барнаул, ул. Ленина, 15 · 🔴 просрочено на 2 ч · Комитет ЖКХ Барнаула · Иванова"
    await who.presses("№ 1")
    assert who.last.text.startswith("№ 1 · ЖКХ · 🔴 просрочено на 2 ч")
    assert who.last.labels == ["Передать", "Ответить", "Закрыть"]


async def test_due_lists_what_ends_within_four_hours_and_not_what_is_late(house: House) -> None:
    who = await curator(house)
    await reported(house, PIPE, "100")
    await house.sleeps(hours=2)
    await reported(house, ROAD, "101")
    await house.sleeps(hours=20, minutes=30)
    await who.says("/due")
    assert [line[:3] for line in who.last.text.splitlines()] == ["⏳ С", "№ 1", "№ 2"]
    await house.sleeps(hours=2)
    await who.says("/due")
    assert [line[:3] for line in who.last.text.splitlines()] == ["⏳ С", "№ 2"]


async def test_empty_lists_are_kind(house: House) -> None:
    who = await curator(house)
    await who.says("/overdue")
    await who.says("/due")
    assert who.heard() == ["Просроченных нет. Так держать!", "В ближайшие 4 часа сроки не истекают."]


async def test_a_long_list_is_turned_and_stays_one_message(house: House) -> None:
    who = await curator(house, "vk/altai", "9")
    for number in range(10):
        await reported(house, PIPE, f"1{number}")
    await house.sleeps(hours=25)
    await who.says("/overdue")
    shown = who.last
    assert [label for label in shown.labels if label.startswith("№")] == [f"№ {number}" for number in range(1, 9)]
    await who.presses("Ещё", at=shown)
    assert shown.labels == ["№ 9", "№ 10", "◀ Назад"]
    await who.presses("◀ Назад", at=shown)
    assert shown.labels[0] == "№ 1"
    assert who.last is shown


@on_both
async def test_a_list_of_more_than_fifty_is_counted_and_turned_to_its_end(house: House) -> None:
    who = await curator(house)
    await house.receives([house.person("telegram/altai", str(1000 + number), "Анна").said(PIPE) for number in range(53)])
    await house.settle()
    await house.sleeps(hours=25)
    await who.says("/overdue")
    shown = who.last
    assert shown.text.splitlines()[0].endswith(": 53")
    for _ in range(6):
        await who.presses("Ещё", at=shown)
    assert [label for label in shown.labels if label.startswith("№")] == [f"№ {number}" for number in range(49, 54)]
    assert shown.labels[-1] == "◀ Назад"


async def test_officials_and_heads_see_their_own_organisation_only(house: House) -> None:
    official = await house.official("telegram/altai", "7", "Иванова", "zhkh-barnaul")
    head = await house.official("telegram/altai", "8", "Директор", "dorogi-biysk", Role.HEAD)
    await reported(house, PIPE, "100")
    await reported(house, ROAD, "101")
    await house.sleeps(hours=25)
    await official.says("/overdue")
    assert [line[:3] for line in official.last.text.splitlines()[1:]] == ["№ 1"]
    await head.says("/overdue")
    assert [line[:3] for line in head.last.text.splitlines()[1:]] == ["№ 2"]


async def test_an_organisations_chat_lists_its_own_and_the_desk_all(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.chat("telegram/altai", DESK, desk=True)
    who = await curator(house)
    await reported(house, PIPE, "100")
    await reported(house, ROAD, "101")
    await house.sleeps(hours=25)
    await who.says("/overdue", to=FORUM)
    assert [line[:3] for line in house.chat_shows("telegram/altai", FORUM)[-1].text.splitlines()[1:]] == ["№ 1"]
    await who.says("/overdue", to=DESK)
    assert len(house.chat_shows("telegram/altai", DESK)[-1].text.splitlines()) == 3


async def test_somebody_elses_chat_lists_nothing(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    stranger = await house.official("telegram/altai", "8", "Петров", "dorogi-biysk")
    await reported(house)
    await house.sleeps(hours=25)
    await stranger.says("/overdue", to=FORUM)
    assert house.chat_shows("telegram/altai", FORUM)[-1].text.startswith("Здесь читают другие.")


async def test_a_citizen_who_types_overdue_gets_help(house: House) -> None:
    citizen = await reported(house)
    await house.sleeps(hours=25)
    citizen.heard()
    await citizen.says("/overdue")
    assert citizen.heard() == [
        "Напишите одним сообщением, что случилось и где, — можно с фото. Как дела с вашими сообщениями: /my",
    ]


# --- one incident ------------------------------------------------------------------------------------------------------


async def test_an_official_opens_the_card_with_their_own_buttons(house: House) -> None:
    official = await house.official("telegram/altai", "7", "Иванова", "zhkh-barnaul")
    await reported(house)
    await house.sleeps(hours=25)
    await official.says("/overdue")
    await official.presses("№ 1")
    assert official.last.labels == ["Беру", "Не моё", "Вопрос жителю", "Ответить", "Промежуточный"]


async def test_a_card_opens_only_for_those_whose_business_it_is(house: House) -> None:
    official = await house.official("telegram/altai", "7", "Иванова", "zhkh-barnaul")
    await reported(house)
    await house.sleeps(hours=25)
    await official.says("/overdue")
    shown = official.last
    await happened(house, 1, Action.REASSIGN, target="dorogi-barnaul")
    before = len(official.sees())
    assert await official.presses("№ 1", at=shown) == "Это не ваше: карточку видят только те, кто за неё отвечает."
    assert len(official.sees()) == before


async def test_passing_on_moves_the_card_and_tells_the_citizen(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.chat("telegram/altai", "-200", "dorogi-barnaul")
    who = await curator(house)
    citizen = await reported(house)
    due = (await house.case(1)).incident.due_at
    await house.sleeps(hours=22, minutes=10)
    await who.presses("Передать")
    picking = who.last
    await who.presses(house.region.organisation["dorogi-barnaul"].title, at=picking)
    case = await house.case(1)
    assert case.incident.organisation == "dorogi-barnaul"
    assert case.incident.due_at == due
    assert picking.text.startswith("№ 1 → ")
    assert citizen.heard()[-1].startswith("№ 1: отвечать будет ")
    assert house.chat_shows("telegram/altai", FORUM)[0].labels == []


async def test_an_incident_is_not_passed_to_who_has_it(house: House) -> None:
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=25)
    await who.says("/overdue")
    await who.presses("№ 1")
    await who.presses("Передать", at=who.last)
    labels = set(who.last.labels)
    await who.presses("Ещё", at=who.last)
    assert "Комитет ЖКХ Барнаула" not in labels | set(who.last.labels)


async def test_an_answer_is_returned_with_a_reason(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    who = await curator(house)
    citizen = await reported(house)
    await taken(house, 1)
    await promised(house, 1, hours=1)
    await house.sleeps(hours=2)
    await who.says("/overdue")
    await who.presses("№ 1")
    card = who.last
    await who.presses("Вернуть на доработку", at=card)
    assert who.last.labels == ["не по существу", "нет срока", "грубо", "личные данные"]
    picking = who.last
    await who.presses("не по существу")
    case = await house.case(1)
    assert (case.incident.status, case.incident.timer) == (Status.IN_PROGRESS, Timer.REWORK)
    assert picking.text == "№ 1 вернули на доработку: не по существу. Новый ответ нужен до 12 марта, 22:00."
    assert "Вернуть на доработку" not in card.labels
    assert "не по существу" in house.chat_shows("telegram/altai", FORUM)[-1].text
    assert citizen.heard()[-1] == "Ответ по № 1 вернули на доработку. Новый ответ дадим до 12 марта, 22:00."


async def test_what_has_no_answer_cannot_be_returned(house: House) -> None:
    who = await curator(house)
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    await reported(house)
    await promised(house, 1, hours=1)
    await house.sleeps(hours=2)
    await who.says("/overdue")
    await who.presses("№ 1")
    card = who.last
    await answered(house, 1)
    await happened(house, 1, Action.CLOSE, resolution=Resolution.SOLVED)
    said = await who.presses("Вернуть на доработку", at=card)
    assert said.startswith("Сейчас этого сделать нельзя")
    assert (await house.case(1)).incident.status is Status.CLOSED


async def test_a_curator_closes_with_a_resolution(house: House) -> None:
    who = await curator(house)
    citizen = await reported(house)
    await house.sleeps(hours=25)
    await who.says("/overdue")
    await who.presses("№ 1")
    card = who.last
    await who.presses("Закрыть", at=card)
    assert who.last.labels == ["решено", "дан ответ", "повтор", "спам"]
    picking = who.last
    await who.presses("повтор")
    assert (await house.case(1)).incident.resolution is Resolution.DUPLICATE
    assert picking.text == "№ 1: повтор ✓"
    assert card.labels == []
    assert citizen.heard()[-1] == "Сообщение № 1 закрыто: повтор."


# --- below an escalation -----------------------------------------------------------------------------------------------


async def test_remind_tells_the_organisation_now_and_once_in_a_quarter_of_an_hour(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=22, minutes=5)
    before = len(house.chat_shows("telegram/altai", FORUM))
    assert await who.presses("Напомнить") == "Напомнили: Комитет ЖКХ Барнаула."
    told = house.chat_shows("telegram/altai", FORUM)[before:]
    assert [shown.text.splitlines()[0] for shown in told] == ["⏳ № 1: осталось 1 ч 55 мин, никто не взял."]
    assert who.last.text.endswith("\nНапомнили в 18:05.")
    assert await who.presses("Напомнить") == "По № 1 уже напоминали в 18:05. Чуть позже — ещё раз."
    assert len(house.chat_shows("telegram/altai", FORUM)) == before + 1
    await house.later(minutes=15)
    assert await who.presses("Напомнить") == "Напомнили: Комитет ЖКХ Барнаула."
    assert who.last.text.endswith("\nНапомнили в 18:20.")


async def test_remind_says_when_there_is_nobody_to_remind(house: House) -> None:
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=22, minutes=5)
    assert await who.presses("Напомнить") == "Напомнить некому: Комитет ЖКХ Барнаула. Лучше передать."


async def test_remind_is_of_no_use_after_the_answer(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=22, minutes=5)
    told = who.last
    stale = told.reply.keyboard[0][0].payload
    await answered(house, 1)
    assert told.labels == []
    assert told.text.endswith("\n✅ дан ответ")
    assert await who.presses_payload(stale, told) == "По № 1 сейчас никто не должен отвечать."


async def test_who_took_it_under_control_is_not_told_of_that_step_again(house: House) -> None:
    await house.chat("telegram/altai", FORUM, "zhkh-barnaul")
    first, second = await curator(house), await curator(house, "vk/altai", "9")
    await reported(house)
    await house.later(hours=24)
    await house.later(days=1)
    shown = first.last
    first.heard()
    second.heard()
    assert await first.presses("Взял на контроль", at=shown) == "На контроле у вас: повторять это напоминание не будем."
    assert shown.labels == ["Напомнить", "Передать", "Ответить"]
    assert shown.text.endswith("\nНа контроле: Сидорова.")
    assert second.last.text.endswith("\nНа контроле: Сидорова.")
    assert "Взял на контроль" in second.last.labels
    await house.later(days=1)
    assert first.heard() == []
    assert len(second.heard()) == 1
    assert shown.text.startswith("🔴 № 1 просрочен на 2 дня")  # brought up to date in silence


async def test_in_the_curators_chat_control_names_who_has_it(house: House) -> None:
    await house.chat("telegram/altai", DESK, desk=True)
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=22, minutes=5)
    await who.presses("Взял на контроль", to=DESK)
    assert house.chat_shows("telegram/altai", DESK)[-1].text.endswith("\nНа контроле: Сидорова.")


async def test_nobody_but_those_in_charge_press_below_an_escalation(house: House) -> None:
    await house.chat("telegram/altai", DESK, desk=True)
    await curator(house)
    await house.official("telegram/altai", "official", "Иванова", "zhkh-barnaul")
    await reported(house)
    await house.sleeps(hours=22, minutes=5)
    official = house.person("telegram/altai", "official", "Иванова")
    for label in ("Напомнить", "Передать", "Взял на контроль"):
        assert await official.presses(label, to=DESK) == "Это могут кураторы и руководитель органа, который отвечает."
    async with house.store.transaction() as tx:
        assert await tx.reminders.controlled_by(1, 1, "2h") == frozenset()
    assert (await house.case(1)).incident.organisation == "zhkh-barnaul"


async def test_a_role_that_was_taken_away_is_gone_at_the_next_press(house: House) -> None:
    who = await curator(house)
    await reported(house)
    await house.sleeps(hours=25)
    await who.says("/overdue")
    await who.presses("№ 1")
    card = who.last
    async with house.store.transaction() as tx:
        person = await tx.people.known("telegram/altai", "cur")
        assert person is not None
        await tx.people.dismiss(person.id, "", house.clock())
    assert await who.presses("Закрыть", at=card) == "Это могут только кураторы."
    assert (await house.case(1)).incident.status is Status.ASSIGNED
