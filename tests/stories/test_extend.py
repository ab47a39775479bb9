"""A promise is put off: asked for with a reason and a date, allowed or refused by a curator, and the citizen reads it in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.channel import Unknown, Unreachable
from incidents.incident import Action, Role, Status
from incidents.regional import Region
from storage.store import Store
from tests.stories.deeds import happened
from tests.stories.house import ALTAI, Actor, House, on_both
from tests.stories.office import FORUM, OWNER, TG, VK, VK_CHAT, Desk, desk, known

PLACES = pytest.mark.parametrize(("account", "chat", "forum"), [(TG, FORUM, True), (VK, VK_CHAT, False)])
PROMISED = "до 15 марта, 18:00"


async def promising(house: House, account: str = TG, chat: str = FORUM, *, forum: bool = True) -> tuple[Desk, Actor]:
    """Ivanova promised an answer for 15 March; a curator is there, and everybody has read what came so far."""
    curator = await house.official(account, "31", "Вера Пробная", "", Role.CURATOR)
    office = await desk(house, account, chat, forum=forum)
    await office.replies(office.ivanova, "Трубу заменим до 15 марта")
    await office.presses(office.ivanova, "Промежуточный: 15 марта")
    await office.passes()
    office.citizen.heard()
    curator.heard()
    return office, curator


async def asking(office: Desk, *, reason: str = "Ждём материалы", date: str = "20 марта") -> None:
    """Ivanova asks for more time."""
    await office.presses(office.ivanova, "Продлить срок", office.card)
    await office.presses(office.ivanova, reason)
    await office.talks(office.ivanova, date)


async def dates(house: House) -> list[tuple[str, Role, str, int]]:
    """Every date in the history: until when, in what role, why, and by whom."""
    async with house.store.transaction() as tx:
        return [
            (f"{change.date.astimezone(house.region.zone):%d.%m %H:%M}", change.role, change.reason, change.by)
            for change in await tx.incidents.history(1)
            if change.date
        ]


@on_both
@PLACES
async def test_a_curator_allows_it_and_the_citizen_reads_until_when_and_why(house: House, account: str, chat: str, forum: bool) -> None:
    office, curator = await promising(house, account, chat, forum=forum)
    await office.presses(office.ivanova, "Продлить срок", office.card)
    assert office.last.text.startswith("№ 1: почему не успеваем?")
    assert office.last.labels == ["Ждём материалы", "Нужен подрядчик", "Мешает погода", "Отмена"]
    await office.presses(office.ivanova, "Ждём материалы")
    assert office.last.text.startswith("№ 1: ждём материалы. Жителю обещали 15 марта, 18:00. До какого срока перенести?")
    assert office.last.labels == ["Неделя", "Отмена"]  # the other days are not later than what was promised
    await office.talks(office.ivanova, "20 марта")
    line = "Срок по № 1 перенесли на 20 марта: ждём материалы."
    assert office.last.text == f"№ 1: спросили, можно ли перенести срок. Если разрешат, житель прочтёт: «{line}» Пока срок прежний."
    assert office.citizen.heard() == []
    assert curator.last.text == (
        "Иванова (Комитет ЖКХ Барнаула) просит перенести срок по № 1. Обещали: 15 марта, 18:00, просят: 20 марта, 18:00. "
        f"Житель прочтёт: «{line}»"
    )
    await curator.presses("Разрешить")
    assert office.citizen.heard() == [line]
    assert (curator.last.text, curator.last.labels) == ("№ 1. Срок перенесли: 20 марта, 18:00. Жителю пишем.", [])
    assert any(one.text == "№ 1. Срок перенесли: 20 марта, 18:00. Доставлено 20:00." for one in office.shows())
    assert "обещано до 20 марта, 18:00" in office.card.text
    assert "Ответим до 20 марта, 18:00" in office.citizen.sees()[0].text
    curator_id = await known(house, "31", account)
    assert (await dates(house))[1:] == [("20.03 18:00", Role.CURATOR, "materials", curator_id)]


async def test_the_promise_clock_runs_to_the_new_date(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    await curator.presses("Разрешить")
    office.citizen.heard()
    await house.later(days=8, hours=21, minutes=59)  # 20 March, 17:59
    assert office.citizen.heard() == []
    await house.later(minutes=2)
    assert office.citizen.heard() == ["По № 1 обещали до 20 марта, 18:00. Ответа пока нет — напомнили ответственным и сообщили куратору."]


@on_both
async def test_a_promise_that_was_missed_may_still_be_put_off(house: House) -> None:
    office, curator = await promising(house)
    await house.later(days=4)
    office.citizen.heard()
    await asking(office)
    await curator.presses("Разрешить")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 20 марта: ждём материалы."]


async def test_a_typed_reason_and_hour_stand_in_what_the_citizen_reads(house: House) -> None:
    office, curator = await promising(house)
    await office.presses(office.ivanova, "Продлить срок", office.card)
    await office.talks(office.ivanova, "насос привезут в четверг.")
    assert office.last.text.startswith("№ 1: насос привезут в четверг. Жителю обещали")
    await office.talks(office.ivanova, "19 марта к 12")
    await curator.presses("Разрешить")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 19 марта, 12:00: насос привезут в четверг."]


async def test_an_english_citizen_reads_it_in_english(house: House) -> None:
    office, curator = await promising(house)
    office.citizen.language = "en"
    await office.citizen.says("Thanks")
    office.citizen.heard()
    await asking(office)
    await curator.presses("Разрешить")
    assert office.citizen.heard() == ["The date for No. 1 was put off until 20 March: we are waiting for materials."]


@PLACES
async def test_what_cannot_be_promised_is_said_and_asked_again_with_buttons(house: House, account: str, chat: str, forum: bool) -> None:
    office, curator = await promising(house, account, chat, forum=forum)
    await office.presses(office.ivanova, "Продлить срок", office.card)
    await office.presses(office.ivanova, "Мешает погода")
    for typed, answer in (
        ("31 февраля", "Такого дня нет в календаре."),
        ("1 марта", "Этот срок уже прошёл: 1 марта, 18:00."),
        ("14 марта", "Жителю уже обещали 15 марта, 18:00: 14 марта, 18:00 не позже этого."),
        ("через 3 месяца", "11 июня, 18:00 — так далеко обещать нельзя"),
    ):
        await office.talks(office.ivanova, typed)
        assert office.last.text.startswith(answer)
        assert office.last.labels == ["Неделя", "Отмена"]
    assert (office.citizen.heard(), curator.heard()) == ([], [])
    await office.presses(office.ivanova, "Неделя")
    assert curator.last.labels == ["Разрешить", "Отказать"]


@PLACES
async def test_a_refusal_tells_the_official_why_and_the_citizen_nothing(house: House, account: str, chat: str, forum: bool) -> None:
    office, curator = await promising(house, account, chat, forum=forum)
    await asking(office)
    await curator.presses("Отказать")
    assert curator.last.labels == [
        "Дайте ответ в срок",
        "Слишком далеко, назовите срок ближе",
        "Причина непонятна, напишите её подробнее",
        "Разрешить",
    ]
    await curator.presses("Дайте ответ в срок")
    assert office.last.text == "№ 1: Вера Пробная не разрешает перенести срок: дайте ответ в срок. Обещали: 15 марта, 18:00."
    assert (curator.last.text, curator.last.labels) == ("№ 1. Срок не перенесли: дайте ответ в срок.", [])
    assert office.citizen.heard() == []
    assert len(await dates(house)) == 1


async def test_a_refusal_in_the_curators_own_words(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    await curator.presses("Отказать")
    await curator.says("Трубы на складе есть.")
    assert office.last.text == "№ 1: Вера Пробная не разрешает перенести срок: Трубы на складе есть. Обещали: 15 марта, 18:00."


async def test_a_curator_who_began_to_refuse_may_still_allow_it(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    await curator.presses("Отказать")
    await curator.presses("Разрешить")
    assert len(office.citizen.heard()) == 1


async def test_who_asked_hears_that_it_did_not_reach_the_citizen(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    house.channels[TG].fail["100"] = [Unreachable("bot was blocked by the user")]
    await curator.presses("Разрешить")
    said = [one.text for one in office.shows()]
    assert "№ 1. Срок перенесли: 20 марта, 18:00. Подробности — ниже." in said
    assert said[-1] == "№ 1. Не доставлено: житель запретил сообщения.\nЗакрыть его может куратор."


@on_both
async def test_who_asked_decides_when_nobody_knows_whether_it_reached_the_citizen(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    house.channels[TG].fail["100"] = [Unknown("the connection broke"), None]
    await curator.presses("Разрешить")
    assert (office.citizen.heard(), office.last.labels) == ([], ["Дошло", "Отправить ещё раз"])
    await office.presses(office.ivanova, "Отправить ещё раз")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 20 марта: ждём материалы."]
    assert office.last.text == "№ 1. Срок перенесли: 20 марта, 18:00. Доставлено 20:00."


async def test_where_the_citizen_cannot_be_written_to_nothing_is_put_off(house: House) -> None:
    office, curator = await promising(house, VK, VK_CHAT, forum=False)
    await asking(office)
    house.office.limits.pop(TG)  # type: ignore[attr-defined]  # a dict here
    assert await curator.presses("Разрешить") == "Аккаунт, в который писал житель, сейчас не подключён."
    assert len(await dates(house)) == 1


@on_both
async def test_it_is_decided_once(house: House) -> None:
    office, curator = await promising(house)
    second = await house.official(TG, "32", "Пётр Образцов", "", Role.CURATOR)
    await asking(office)
    asked = replace(second.last)
    await curator.presses("Разрешить")
    office.citizen.heard()
    assert (second.last.text, second.last.labels) == ("№ 1: Вера Пробная разрешает. Срок перенесли: 20 марта, 18:00. Жителю пишем.", [])
    await second.presses("Отказать", at=asked)
    assert (second.last.text, second.last.labels) == ("№ 1: срок уже перенесли.", [])
    await second.presses_payload(curator.sees()[-1].reply.keyboard[0][0].payload if curator.last.labels else "x", second.last)
    assert office.citizen.heard() == []
    assert len(await dates(house)) == 2


@on_both
async def test_where_others_were_asked_too_a_refusal_takes_their_buttons(house: House) -> None:
    office, curator = await promising(house)
    second = await house.official(TG, "32", "Пётр Образцов", "", Role.CURATOR)
    await asking(office)
    await second.presses("Отказать")
    await curator.presses("Отказать")
    await curator.says("Трубы на складе есть")
    refused = "№ 1: Вера Пробная не разрешает перенести срок: Трубы на складе есть. Обещали: 15 марта, 18:00."
    assert (second.last.text, second.last.labels) == (refused, [])
    assert (curator.last.text, curator.last.labels) == ("№ 1. Срок не перенесли: Трубы на складе есть.", [])


async def test_while_one_request_waits_there_is_no_other(house: House) -> None:
    office, _ = await promising(house)
    await asking(office)
    assert await office.presses(office.petrov, "Продлить срок", office.card) == (
        "По № 1 уже просят перенести срок: 20 марта, 18:00. Ждём решения."
    )


@pytest.mark.parametrize("action", [Action.ANSWER, Action.CLOSE, Action.WITHDRAW, Action.RETURN])
async def test_it_is_not_needed_any_more_once_the_promise_is_over(house: House, action: Action) -> None:
    office, curator = await promising(house)
    await asking(office)
    asked = replace(curator.last)
    what = {
        Action.ANSWER: {"role": Role.OFFICIAL, "text": "Готово", "by": await known(house, "12")},
        Action.CLOSE: {"resolution": "explained", "by": await known(house, "31")},
        Action.WITHDRAW: {"role": Role.CITIZEN, "by": await known(house, "100")},
        Action.RETURN: {"reason": "rude", "by": await known(house, "31")},
    }[action]
    await happened(house, 1, action, **what)  # type: ignore[arg-type]  # each its own
    assert any(one.text == "№ 1: переносить срок больше не нужно." for one in office.shows())
    assert any((one.text, one.labels) == ("№ 1: переносить срок больше не нужно.", []) for one in curator.sees())
    office.citizen.heard()
    await curator.presses("Разрешить", at=asked)
    assert office.citizen.heard() == []
    assert len(await dates(house)) == 1


async def test_a_date_that_passed_while_it_waited_is_refused_with_that_reason(house: House) -> None:
    office, curator = await promising(house)
    await asking(office, date="16 марта")
    await house.later(days=6)
    office.citizen.heard()
    await curator.presses("Разрешить", at=next(one for one in curator.sees() if one.labels == ["Разрешить", "Отказать"]))
    assert "не разрешает перенести срок: 16 марта, 18:00 уже не подходит, назовите срок позже. Обещали: 15 марта" in office.last.text
    assert office.citizen.heard() == []


@on_both
async def test_it_survives_a_restart(house: House, house_url: str) -> None:
    office, curator = await promising(house)
    await asking(office)
    again = House(Store(house_url))
    again.clock.now = house.clock.now
    again.channels = house.channels
    await again.open()
    await again.settle()
    await curator.presses("Разрешить")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 20 марта: ждём материалы."]
    await again.store.close()


async def test_nobody_but_a_curator_decides(house: House) -> None:
    office, curator = await promising(house)
    await house.chat(TG, "-300", desk=True)
    await asking(office)
    asked = house.chat_shows(TG, "-300")[-1]
    head = await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD)
    for who in (office.ivanova, office.petrov, head):
        assert await who.presses("Разрешить", at=asked) == "Решить это может куратор."
    assert await office.citizen.presses("Разрешить", at=asked) == "Решить это может куратор."
    assert office.citizen.heard() == []
    await curator.presses("Разрешить", at=asked)
    assert len(office.citizen.heard()) == 1


async def test_the_draft_of_a_request_is_its_authors(house: House) -> None:
    office, curator = await promising(house)
    await office.presses(office.ivanova, "Продлить срок", office.card)
    assert await office.presses(office.petrov, "Ждём материалы") == "Эта кнопка не для вас."
    await office.talks(office.petrov, "ждём трубу")
    await office.presses(office.ivanova, "Отмена")
    assert curator.heard() == []


@on_both
async def test_after_as_often_as_the_policy_says_only_a_curator_may(house: House) -> None:
    office, curator = await promising(house)
    for day in (20, 25, 30):
        await asking(office, date=f"{day} марта")
        await curator.presses("Разрешить")
    office.citizen.heard()
    assert await office.presses(office.ivanova, "Продлить срок", office.card) == (
        "Срок по № 1 уже переносили 3 раза, больше нельзя. Перенести его может только куратор."
    )
    await curator.says("1")
    await curator.presses("Продлить срок")
    await curator.presses("Нужен подрядчик")
    await curator.says("2 апреля")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 2 апреля: нужен подрядчик."]


def _policy(**what: object) -> Region:
    return replace(ALTAI, clock=replace(ALTAI.clock, **what))  # type: ignore[arg-type]  # what a policy has


async def test_where_the_policy_names_the_head_the_head_is_asked(house: House) -> None:
    house.region = _policy(extended_by=(Role.HEAD,))
    await house.open()
    head = await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD)
    office, curator = await promising(house)
    head.heard()
    await asking(office)
    assert curator.heard() == []
    await head.presses("Разрешить")
    assert office.citizen.heard() == ["Срок по № 1 перенесли на 20 марта: ждём материалы."]
    assert (await dates(house))[1][1] is Role.HEAD


async def test_where_the_policy_names_the_head_and_there_is_none_the_curators_are_asked(house: House) -> None:
    house.region = _policy(extended_by=(Role.HEAD,))
    await house.open()
    office, curator = await promising(house)
    await asking(office)
    await curator.presses("Разрешить")
    assert len(office.citizen.heard()) == 1


async def test_where_promises_may_not_be_put_off_it_is_said_who_may(house: House) -> None:
    house.region = _policy(extensions=0)
    await house.open()
    office, _ = await promising(house)
    assert await office.presses(office.ivanova, "Продлить срок", office.card) == (
        "По № 1 переносить срок самим нельзя. Перенести его может только куратор."
    )


async def test_without_anybody_to_allow_it_the_official_hears_so(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova, "Трубу заменим до 15 марта")
    await office.presses(office.ivanova, "Промежуточный: 15 марта")
    await office.passes()
    await asking(office)
    assert office.last.text == "№ 1: разрешить перенос некому, кураторы пока не подключены. Срок прежний."
    assert (await house.case(1)).incident.status is Status.PROMISED


async def test_what_is_not_promised_cannot_be_put_off(house: House) -> None:
    office, _ = await promising(house)
    card = replace(office.card)
    await happened(house, 1, Action.ANSWER, Role.OFFICIAL, text="Готово", by=await known(house, "12"))
    assert (await office.ivanova.presses("Продлить срок", at=card)).startswith("Сейчас этого сделать нельзя")


async def test_the_reason_is_asked_for_where_the_card_was_opened(house: House) -> None:
    office, _ = await promising(house)
    await office.ivanova.says("/my", to=FORUM)
    await office.ivanova.presses("№ 1", at=house.chat_shows(TG, FORUM)[-1])
    await office.ivanova.presses("Продлить срок", at=house.chat_shows(TG, FORUM, "")[-1])
    assert house.chat_shows(TG, FORUM, "")[-1].text.startswith("№ 1: почему не успеваем?")
    await office.ivanova.says("ждём экскаватор", to=FORUM)
    assert house.chat_shows(TG, FORUM, "")[-1].text.startswith("№ 1: ждём экскаватор. Жителю обещали")


async def test_a_curator_who_works_for_the_owner_too_needs_nobodys_leave(house: House) -> None:
    house.region = _policy(extensions=1)
    await house.open()
    office, curator = await promising(house)
    await house.official(TG, "11", "Иванова", "", Role.CURATOR)
    for day in (20, 25):
        await asking(office, date=f"{day} марта")
        assert office.citizen.heard() == [f"Срок по № 1 перенесли на {day} марта: ждём материалы."]
    assert curator.heard() == []
    assert [role for _, role, _, _ in await dates(house)][1:] == [Role.CURATOR, Role.CURATOR]


@on_both
async def test_after_a_change_of_mind_no_reason_for_a_refusal_is_waited_for(house: House) -> None:
    office, curator = await promising(house)
    await asking(office)
    await curator.presses("Отказать")
    await curator.presses("Разрешить")
    await curator.says("Бийск, на Советской 5 яма на дороге", forwarded=True)
    assert (await house.case(2)).report.text == "Бийск, на Советской 5 яма на дороге"


@on_both
async def test_colleagues_talk_is_no_reason_for_a_refusal_once_another_allowed_it(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    office, curator = await promising(house)
    second = await house.official(TG, "32", "Пётр Образцов", "", Role.CURATOR)
    await asking(office)
    asked = house.chat_shows(TG, "-300")[-1]
    await curator.presses("Отказать", at=asked)
    await second.presses("Разрешить", at=asked)
    before = len(house.chat_shows(TG, "-300"))
    await curator.says("Коллеги, обед?", to="-300")
    assert len(house.chat_shows(TG, "-300")) == before


async def test_who_says_the_reason_too_late_hears_what_was_decided(house: House) -> None:
    office, curator = await promising(house)
    second = await house.official(TG, "32", "Пётр Образцов", "", Role.CURATOR)
    await asking(office)
    await curator.presses("Отказать")
    await second.presses("Разрешить")
    await curator.says("Трубы на складе есть")
    assert curator.last.text == "№ 1: срок уже перенесли."


@on_both
async def test_at_the_desk_a_reason_for_a_refusal_is_said_right_behind_the_question_or_replies_to_it(house: House) -> None:
    await house.chat(TG, "-300", desk=True)
    office, curator = await promising(house)
    await asking(office)
    asked = house.chat_shows(TG, "-300")[-1]
    await curator.presses("Отказать", at=asked)
    await house.later(minutes=40)
    await curator.says("Коллеги, обед?", to="-300")
    assert "Почему отказать?" in asked.text
    await curator.says("Трубы на складе есть", to="-300", reply_to=asked)
    assert asked.text == "№ 1. Срок не перенесли: Трубы на складе есть."
