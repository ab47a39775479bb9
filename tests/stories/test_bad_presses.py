"""Presses that must not count: forged, replayed, somebody else's, by those without a role. Each is answered, none has an effect."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bots.channel import Address, Pressed, Scene, Sender
from handlers.routes import BUTTONS
from incidents.incident import RULES, Action, Role, Status
from storage import tables
from tests.stories.deeds import PIPE, ROAD
from tests.stories.house import Actor, House, on_both
from tests.stories.office import FORUM, OWNER, TG, VK, desk

KEPT = (tables.incidents, tables.history, tables.roles, tables.chats, tables.messages, tables.drafts, tables.invites)
OTHER = "dorogi-biysk"


async def dump(house: House) -> dict[str, list[Any]]:
    """All that a press could change."""
    async with house.store.transaction() as tx:
        return {table.name: [tuple(row) for row in await tx.connection.execute(select(table))] for table in KEPT}


async def offered(house: House) -> list[tuple[Address, str, str, str]]:
    """Every button that ever was: where it stands, who alone may press it, what it carries, what it means."""
    async with house.store.transaction() as tx:
        rows = (await tx.connection.execute(select(tables.keyboards).order_by(tables.keyboards.c.made_at, tables.keyboards.c.token))).all()
    return [
        (Address(row.account, row.chat), row.user_id, f"{row.token}.{number}", action)
        for row in rows
        for number, (action, _) in enumerate(row.buttons)
    ]


async def one_of_each(house: House) -> list[tuple[Address, str, str, str]]:
    """The same, of each meaning one in each chat."""
    return list({(at, only, action): (at, only, payload, action) for at, only, payload, action in await offered(house)}.values())


def press(house: House, at: Address, who: Sender, payload: str, message: str = "1") -> Pressed:
    number = house.channels[at.account].next_id()
    scene = Scene.PRIVATE if at.chat == who.id else Scene.GROUP
    return Pressed(
        id=f"u{number}", at=house.clock(), address=at, sender=who, scene=scene, message=message, payload=payload, press=f"p{number}"
    )


async def answers(house: House, presses: Sequence[Pressed]) -> list[str | None]:
    """What each press was answered with; None: nothing, the button turns for ever."""
    await house.receives(presses)
    await house.settle()
    said = {name: dict(channel.whispers) for name, channel in house.channels.items()}
    return [said[one.address.account].get(one.press) for one in presses]


async def busy(house: House) -> dict[str, Actor]:
    """A house in which most kinds of buttons stand somewhere: one incident answered, one in work, one unsorted."""
    office = await desk(house)
    people = {"citizen": office.citizen, "ivanova": office.ivanova, "petrov": office.petrov}
    people["curator"] = await house.official(TG, "31", "Пробная", "", Role.CURATOR)
    people["other"] = await house.official(TG, "41", "Примеров", OTHER)
    people["gone"] = await house.official(TG, "51", "Уволенный", OWNER)
    async with house.store.transaction() as tx:
        person = await tx.people.known(TG, "51")
        assert person
        await tx.people.dismiss(person.id, OWNER, house.clock())
    await office.presses(office.ivanova, "Беру")
    await office.presses(office.ivanova, "Не моё")
    await office.replies(office.petrov, "Бригада выехала")
    await office.presses(office.petrov, "Спросить")
    await office.presses(office.ivanova, "Вопрос жителю", office.card)
    await office.citizen.presses("Другая тема")
    await office.citizen.presses("Отозвать")
    await house.later(hours=3)
    await office.citizen.says("И ещё у нас не вывозят мусор с площадки")
    second = house.person(TG, "101", "Пётр Образцов")
    await second.says(ROAD)
    await house.person(TG, "102", "Ольга").says(ROAD + " у реки")
    await people["curator"].presses("Тема")
    await people["curator"].says("/queue")
    await people["curator"].says("1")
    people["second"] = second
    await house.later(hours=20)
    return people


# --- forged ------------------------------------------------------------------------------------------------------------


def nonsense(dice: random.Random, real: Sequence[str]) -> str:
    """What a stranger's program could send as a button: bytes of any kind and length, and things that look almost like ours."""
    one = dice.choice(real)
    at = dice.randrange(len(one))
    forged = (
        lambda: "".join(chr(dice.randrange(256)) for _ in range(dice.randrange(80))),
        lambda: "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randrange(20))).replace("\ud800", ""),
        lambda: (
            dice.choice(("\0", "\ud800", "\udfff\0", "٣", "'; DROP TABLE incidents; --", "%s", "{}", '["take", {}]')) * dice.randrange(9)
        ),
        lambda: "A" * dice.choice((1, 17, 18, 64, 10_000)),
        lambda: one[:at] + dice.choice("abc-_.\0\n ") + one[at + 1 :],
        lambda: one.partition(".")[0] + dice.choice((".-1", ".100", ".999", ".0000", ".", "", ".٠", ".1e1", ".0\n", ".0\0", " .0")),
        lambda: one + dice.choice(("\n", "\0", " ", "0", ".0")),
        one.swapcase,
        lambda: dice.choice(sorted(BUTTONS)) + dice.choice(("", " 1", ":1", '{"number":1}')),
    )
    made = dice.choice(forged)()
    return "" if made in real else made


@on_both
async def test_forged_presses_change_nothing_and_are_answered(house: House) -> None:
    people = await busy(house)
    buttons = await offered(house)
    before, seed = await dump(house), 20260311
    dice = random.Random(seed)  # noqa: S311  # the same every time
    presses = []
    for _ in range(120):
        at, _, _, _ = dice.choice(buttons)
        who = dice.choice(list(people.values()))
        presses.append(press(house, at, who.sender, nonsense(dice, [payload for _, _, payload, _ in buttons])))
    heard = await answers(house, presses)
    assert [one.payload for one, text in zip(presses, heard, strict=True) if text != "Эта кнопка не действует."] == [], seed
    assert await dump(house) == before


async def test_a_button_counts_only_in_the_chat_and_the_account_it_stands_in(house: House) -> None:
    people = await busy(house)
    before, ivanova = await dump(house), people["ivanova"].sender
    presses = [
        press(house, elsewhere, ivanova, payload)
        for at, _, payload, _ in await one_of_each(house)
        for elsewhere in (Address(TG, "-999"), Address(TG, "31"), Address(VK, at.chat))
        if elsewhere != at
    ]
    assert len(presses) > 100
    assert set(await answers(house, presses)) == {"Эта кнопка не действует."}
    assert await dump(house) == before


# --- somebody else -----------------------------------------------------------------------------------------------------


async def test_no_button_does_anything_for_who_has_no_say(house: House) -> None:
    people = await busy(house)
    strangers = [Sender("777", "Чужая", "ru"), people["other"].sender, people["gone"].sender]
    before = await dump(house)
    buttons = await one_of_each(house)
    assert len({action for *_, action in buttons}) > 25
    presses = [press(house, at, who, payload) for at, only, payload, _ in buttons for who in strangers if at.chat != who.id]
    heard = await answers(house, presses)
    assert await dump(house) == before
    silent = [one.payload for one, text in zip(presses, heard, strict=True) if text is None]
    assert [(action, at) for at, _, payload, action in buttons if payload in silent] == []


async def test_nobody_acts_anonymously(house: House) -> None:
    people = await busy(house)
    before = await dump(house)
    masks = [
        Sender("1087968824", "Group", impersonal=True),
        Sender("-100", "Канал", impersonal=True),
        replace(people["ivanova"].sender, impersonal=True),
    ]
    presses = [press(house, at, masks[number % 3], payload) for number, (at, _, payload, _) in enumerate(await one_of_each(house))]
    assert set(await answers(house, presses)) == {"Нажмите от своего имени: анонимно этого сделать нельзя."}
    assert await dump(house) == before


async def test_what_is_meant_for_one_does_nothing_for_a_colleague(house: House) -> None:
    people = await busy(house)
    before = await dump(house)
    mine = [(at, payload) for at, only, payload, _ in await offered(house) if only == "11"]
    assert mine
    assert set(await answers(house, [press(house, at, people["petrov"].sender, payload) for at, payload in mine])) == {
        "Эта кнопка не для вас."
    }
    assert await dump(house) == before


async def test_whatever_those_with_a_role_press_only_what_the_rules_allow_happens(house: House) -> None:
    people = await busy(house)
    roles = {"11": {Role.OFFICIAL}, "12": {Role.OFFICIAL}, "31": {Role.CURATOR}, "100": {Role.CITIZEN}, "101": {Role.CITIZEN}}
    persons = {}
    async with house.store.transaction() as tx:
        for user_id, held in roles.items():
            person = await tx.people.known(TG, user_id)
            assert person
            persons[person.id] = held
    seen = (await dump(house))["history"]
    for who in ("curator", "petrov", "citizen", "ivanova"):
        presses = [press(house, at, people[who].sender, payload) for at, _, payload, _ in await one_of_each(house)]
        heard = await answers(house, presses)
        assert None not in heard, [one for one, text in zip(presses, heard, strict=True) if text is None]
    await house.later(minutes=2)
    async with house.store.transaction() as tx:
        cases = [case.id for case in await tx.incidents.newest()]
        changes = [change for number in cases for change in await tx.incidents.history(number)]
    assert len(changes) > len(seen)
    for change in changes:
        if change.action is not Action.REPORT:
            rule = RULES[Status(change.before), change.action]
            assert change.role in rule.by
            assert change.role in (Role.CLOCK, *persons.get(change.by, ()))


# --- used, expired, repeated -------------------------------------------------------------------------------------------


async def test_a_press_that_comes_again_does_nothing_again(house: House) -> None:
    office = await desk(house)
    take = next(payload for _, _, payload, action in await offered(house) if action == "take")
    at = Address(TG, FORUM, office.thread)
    first = press(house, at, office.ivanova.sender, take, office.card.id)
    await answers(house, [first])
    after = await dump(house)
    assert await answers(house, [first, replace(first, id="u-again", press="p-again")]) == ["", "Уже у вас, с 20:00"]
    assert await dump(house) == after


async def test_stars_are_given_once_whatever_is_pressed_then(house: House) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Ответ")
    await office.passes()
    await office.citizen.presses("Да")
    at = Address(TG, office.citizen.id)
    stars = [payload for _, _, payload, action in await offered(house) if action == "stars"]
    heard = await answers(house, [press(house, at, office.citizen.sender, payload) for payload in [*stars, *stars]])
    assert (await house.case(1)).incident.rating == 1
    assert set(heard[1:]) == {"Эта кнопка уже не действует."}


async def test_an_expired_button_does_nothing(house: House) -> None:
    office = await desk(house)
    async with house.store.transaction() as tx:
        statement = tables.keyboards.update().values(expires_at=house.clock() + timedelta(hours=1))
        await tx.connection.execute(statement)
    buttons = await offered(house)
    await house.sleeps(hours=1)
    before = await dump(house)
    presses = [press(house, at, (office.citizen if at.chat == "100" else office.ivanova).sender, payload) for at, _, payload, _ in buttons]
    assert set(await answers(house, presses)) == {"Эта кнопка уже не действует."}
    assert await dump(house) == before
    assert PIPE in (await house.case(1)).report.text
