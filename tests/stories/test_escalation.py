"""The buttons below an escalation work in the same message, for curators and heads, in both messengers, pressed twice and too late."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bots.channel import Refused
from incidents.incident import Action, Role, Status
from storage.posts import DROPPED, FAILED, Purpose
from storage.tables import outbox
from tests.stories.deeds import PIPE, answered, happened, taken
from tests.stories.house import Actor, House, on_both
from tests.stories.office import known

TG, VK, OWNER, FORUM, DESK = "telegram/altai", "vk/altai", "zhkh-barnaul", "-100", "-300"
BOTH = pytest.mark.parametrize("account", [TG, VK])
ROADS = "Дорожная служба Бийска"


async def escalated(house: House, account: str, role: Role = Role.CURATOR) -> Actor:
    """Somebody in charge who has just heard that an incident is overdue."""
    await house.chat(TG, FORUM, OWNER)
    await house.chat(VK, "2000000009", "dorogi-biysk")
    who = await house.official(account, "900", "Сидорова", "" if role is Role.CURATOR else OWNER, role)
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    await house.later(hours=24)
    return who


async def dismissed(house: House, account: str, organisation: str = "") -> None:
    person = await known(house, "900", account)
    async with house.store.transaction() as tx:
        await tx.people.dismiss(person, organisation, house.clock())


async def picks(who: Actor, title: str) -> None:
    while not any(title.startswith(label.rstrip("…")) for label in who.last.labels):
        await who.presses("Ещё")
    await who.presses(next(label for label in who.last.labels if title.startswith(label.rstrip("…"))))


@BOTH
async def test_passing_on_happens_in_the_same_message(house: House, account: str) -> None:
    who = await escalated(house, account)
    shown, count = who.last, len(who.sees())
    await who.presses("Передать")
    assert shown.text.splitlines()[0].startswith("🔴 № 1 просрочен")
    assert shown.labels[-1] == "Отмена"
    await who.presses("Отмена")
    assert shown.labels == ["Напомнить", "Передать", "Ответить", "Взял на контроль"]
    await who.presses("Передать")
    listed = who.last.reply.keyboard[0][0].payload
    await picks(who, ROADS)
    assert shown.text == f"№ 1 → {ROADS} ✓"
    assert (shown.labels, len(who.sees())) == ([], count)
    assert (await house.case(1)).incident.organisation == "dorogi-biysk"
    assert await who.presses_payload(listed, shown)  # the second press is answered, whatever was chosen
    assert (await house.case(1)).incident.status is Status.ASSIGNED


@BOTH
async def test_control_pressed_twice_counts_once(house: House, account: str) -> None:
    who = await escalated(house, account)
    shown, count = who.last, len(who.sees())
    payload = shown.reply.keyboard[1][1].payload
    assert await who.presses_payload(payload, shown) == "На контроле у вас: повторять это напоминание не будем."
    assert await who.presses_payload(payload, shown) == "Уже на контроле у вас."
    assert shown.text.splitlines()[1:] == ["На контроле: Сидорова."]
    assert shown.labels == ["Напомнить", "Передать", "Ответить"]
    assert len(who.sees()) == count


@BOTH
async def test_remind_pings_the_owners_chat_at_once(house: House, account: str) -> None:
    who = await escalated(house, account)
    before = len(house.chat_shows(TG, FORUM))
    assert await who.presses("Напомнить") == "Напомнили: Комитет ЖКХ Барнаула."
    assert len(house.chat_shows(TG, FORUM)) == before + 1
    assert await who.presses("Напомнить") == "По № 1 уже напоминали в 20:00. Чуть позже — ещё раз."
    assert len(house.chat_shows(TG, FORUM)) == before + 1


@BOTH
async def test_answering_begins_where_the_button_stands(house: House, account: str) -> None:
    who = await escalated(house, account)
    shown = who.last
    await who.presses("Ответить")
    await who.says("Трубу заменили сегодня утром")
    await who.presses("Ответ")
    await house.later(minutes=1)
    assert (await house.case(1)).incident.status is Status.ANSWERED
    assert shown.labels == []
    assert shown.text.endswith("✅ дан ответ")


@BOTH
async def test_a_head_works_on_an_escalation_in_place_too(house: House, account: str) -> None:
    head = await escalated(house, account, Role.HEAD)
    shown = head.last
    assert shown.labels == ["Напомнить", "Передать", "Ответить", "Взял на контроль"]
    assert await head.presses("Напомнить") == "Напомнили: Комитет ЖКХ Барнаула."
    await head.presses("Взял на контроль")
    assert "На контроле: Сидорова." in shown.text
    head.heard()
    await house.later(days=1)  # another step: the days after the deadline are one
    assert len(head.heard()) == 1
    await head.presses("Взял на контроль")
    await house.later(days=1)
    assert head.heard() == []
    await head.presses("Передать")
    await picks(head, ROADS)
    assert (await house.case(1)).incident.organisation == "dorogi-biysk"


@BOTH
async def test_who_lost_the_role_presses_in_vain(house: House, account: str) -> None:
    who = await escalated(house, account)
    shown = who.last
    payloads = [button.payload for row in shown.reply.keyboard for button in row]
    await dismissed(house, account)
    said = [await who.presses_payload(payload, shown) for payload in payloads]
    assert said[:2] == ["Это могут кураторы и руководитель органа, который отвечает."] * 2
    assert all(said)
    case = (await house.case(1)).incident
    assert (case.organisation, case.status) == (OWNER, Status.ASSIGNED)
    async with house.store.transaction() as tx:
        assert await tx.reminders.controlled_by(1, 1, "deadline") == frozenset()


async def test_a_head_cannot_pass_on_what_is_answered(house: House) -> None:
    head = await escalated(house, TG, Role.HEAD)
    shown = head.last
    payload = shown.reply.keyboard[0][1].payload
    await house.official(TG, "official", "Иванова", OWNER)
    await taken(house, 1)
    await answered(house, 1)
    assert (await head.presses_payload(payload, shown)).startswith("Сейчас этого сделать нельзя")
    assert shown.labels == []


async def test_a_head_of_another_organisation_is_nobody_here(house: House) -> None:
    head = await escalated(house, TG, Role.HEAD)
    shown = head.last
    payload = shown.reply.keyboard[1][1].payload
    await happened(house, 1, Action.REASSIGN, target="dorogi-biysk")
    assert shown.labels == []
    assert await head.presses_payload(payload, shown) == "Это могут кураторы и руководитель органа, который отвечает."


async def test_the_newest_reminder_takes_the_buttons_of_the_earlier_one_everywhere(house: House) -> None:
    ivanova = await house.official(TG, "11", "Мария Иванова", OWNER)
    curator = await house.official(VK, "31", "Вера Пробная", "", Role.CURATOR)
    head = await house.official(TG, "21", "Николай Условный", OWNER, Role.HEAD)
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    await house.later(days=3)
    for who in (ivanova, curator, head):
        about = [shown for shown in who.sees() if shown.text.startswith("🔴 № 1")]
        assert len(about) >= 2
        assert about[-1].labels
        # VK changes nothing after a day: the buttons are still drawn there, and say that they are used
        drawn = [shown for shown in about[:-1] if shown.labels]
        assert not drawn or who is curator
        assert {await who.presses("Напомнить", at=shown) for shown in drawn} <= {"Эта кнопка уже не действует."}


async def test_a_reminder_that_never_came_is_not_said_when_its_buttons_would_go(house: House) -> None:
    ivanova = await house.official(TG, "11", "Мария Иванова", OWNER)
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    house.channels[TG].fail["11"] = [Refused("the messenger does not want this one"), None]
    await house.later(days=3)
    async with house.store.transaction() as tx:
        told = select(outbox.c.state, outbox.c.instead_of_row).where(outbox.c.incident_id == 1, outbox.c.purpose == Purpose.REMINDER)
        first, *later = (await tx.connection.execute(told)).all()
    assert first == (FAILED, 0)
    assert (DROPPED, True) in [(state, bool(changed)) for state, changed in later]  # its buttons, with the second one
    said = [shown.text for shown in ivanova.sees() if shown.text.startswith(("⏳ № 1", "🔴 № 1"))]
    assert len(said) == len([state for state, changed in later if not changed])


@on_both
async def test_at_the_desk_the_others_see_who_has_it_and_what_was_passed_on(house: House) -> None:
    await house.chat(TG, DESK, desk=True)
    who = await escalated(house, TG)
    head = await house.official(VK, "21", "Николай Условный", OWNER, Role.HEAD)
    await house.later(days=1)
    await who.presses("Взял на контроль", to=DESK)
    assert house.chat_shows(TG, DESK)[-1].text.splitlines()[1:] == ["На контроле: Сидорова."]
    assert head.last.text.splitlines()[1:] == ["На контроле: Сидорова."]
    assert "Взял на контроль" in head.last.labels
