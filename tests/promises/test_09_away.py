"""Promise 9: a messenger may vanish. Back again, nothing is lost; away for good, all else works and every answer is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from bots.channel import Address, Outgoing, TryLater
from bots.delivery import GIVE_UP
from incidents.incident import Role, Status
from scheduler.deadlines import tick
from storage.posts import FAILED, QUEUED, SENDING, UNCERTAIN
from storage.store import Store
from tests.promises.conftest import FULL, size
from tests.stories.deeds import PIPE
from tests.stories.house import Actor, House
from tests.stories.office import GROUP, OWNER, TG, VK, VK_CHAT, WORDS

on_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"] if FULL else ["sqlite"], indirect=True)
AWAY = timedelta(hours=23)


@pytest.fixture
async def house(store: Store) -> House:
    """Officials of one organisation on both messengers, and a curator on VK."""
    house = House(store)
    await house.open()
    await house.chat(TG, GROUP, OWNER)
    await house.chat(VK, VK_CHAT, OWNER)
    await house.official(VK, "11", "Иванова", OWNER)
    await house.official(VK, "90", "Кураторова", "", role=Role.CURATOR)
    return house


class Outage:
    """Telegram cannot be reached; counts how often it was tried."""

    def __init__(self, house: House) -> None:
        self._channel, self._send, self.calls = house.channels[TG], house.channels[TG].send, 0
        self._channel.send = self._away  # type: ignore[method-assign]

    async def _away(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        self.calls += 1
        raise TryLater("telegram cannot be reached", 5, whole_account=True)

    def ends(self) -> None:
        self._channel.send = self._send  # type: ignore[method-assign]


async def passes(house: House, length: timedelta) -> None:
    """Time goes by in hops; in full each minute, for every hop is a try."""
    hop = timedelta(minutes=size(quick=90, full=1))
    until = house.clock.now + length
    while house.clock.now < until:
        house.clock.now = min(house.clock.now + hop, until)
        await tick(house.store, house.office, house.clock)
        await house.settle()


async def answered(house: House, number: int) -> None:
    """An official answers an incident from the chat on VK."""
    official = house.person(VK, "11", "Иванова")
    card = next(one for one in house.chat_shows(VK, VK_CHAT) if one.text.startswith(f"№ {number} ·"))
    await official.says(WORDS, to=VK_CHAT, reply_to=card)
    await official.presses("Ответ", to=VK_CHAT)
    house.clock.move(seconds=31)
    await house.settle()


async def report(house: House, account: str, users: Sequence[int]) -> list[Actor]:
    people = [house.person(account, str(user), "Анна Примерова") for user in users]
    for person in people:
        await person.says(PIPE)
    return people


@on_databases
async def test_telegram_away_for_23_hours_loses_nothing(house: House, figures: Callable[..., None]) -> None:
    count = size(quick=5, full=60)
    outage = Outage(house)
    citizens = await report(house, VK, range(500, 500 + count))
    receipts = [citizen.heard()[0] for citizen in citizens]
    assert [text.split()[2] for text in receipts] == [f"{number}" for number in range(1, count + 1)], "VK hears at once"
    unheard = [house.person(TG, str(user), "Пётр Примеров") for user in range(700, 700 + count)]
    waiting = [person.said(PIPE) for person in unheard]  # Telegram keeps it for a day
    await answered(house, 1)
    assert any(WORDS in text for text in citizens[0].heard())
    await passes(house, AWAY)
    assert outage.calls > 0
    assert house.chat_shows(TG, GROUP) == []

    outage.ends()
    await house.receives(waiting)
    await passes(house, timedelta(minutes=3 * count))
    cards = [int(one.text.split()[1]) for one in house.chat_shows(TG, GROUP) if one.text.startswith("№") and " · " in one.text]
    numbers = [person.heard()[0].split()[2] for person in unheard]
    lost = set(range(1, 2 * count + 1)) - set(cards)
    doubled = len(cards) - len(set(cards))
    async with house.store.transaction() as tx:
        left = await tx.outbox.counts()
    figures(reports=2 * count, calls_while_away=outage.calls, lost=len(lost), doubled=doubled, left=sum(left.values()))
    assert (lost, doubled) == (set(), 0)
    assert cards == sorted(cards), "the order of the chat"
    assert sorted(map(int, numbers)) == list(range(count + 1, 2 * count + 1)), "who wrote meanwhile has a number too"
    assert left == {QUEUED: 0, SENDING: 0, FAILED: 0, UNCERTAIN: 0}


@on_databases
async def test_telegram_away_for_good_stops_nobody_else_and_every_answer_is_accounted_for(
    house: House, figures: Callable[..., None]
) -> None:
    count = size(quick=4, full=40)
    await report(house, TG, range(700, 700 + count))
    Outage(house)
    previews = []
    for number in range(1, count + 1):
        await answered(house, number)
        previews.append(house.chat_shows(VK, VK_CHAT)[-1])
    await passes(house, timedelta(minutes=8))
    waits = [preview for preview in previews if preview.text.startswith("Ещё не доставлено")]
    assert len(waits) == count, "its author knows that an answer waits"

    (citizen,) = await report(house, VK, [500])
    assert len(citizen.heard()) > 0
    await answered(house, count + 1)
    assert (await house.case(count + 1)).incident.status is Status.ANSWERED
    assert any(WORDS in text for text in citizen.heard())

    await passes(house, GIVE_UP + timedelta(hours=1))
    told = [number for number in range(1, count + 1) if any(_told_of(number, one.text) for one in house.chat_shows(VK, VK_CHAT))]
    curator = house.person(VK, "90", "Кураторова")
    await curator.says("/undelivered")
    listed = [number for number in range(1, count + 1) if f"№ {number} ·" in curator.last.text]
    figures(answers=count, told=len(told), listed=len(listed))
    assert told == list(range(1, count + 1))
    assert listed == list(range(1, min(count, 8) + 1)) if count <= 8 else len(listed) == 8
    assert f": {count}" in curator.last.text.splitlines()[0]


def _told_of(number: int, text: str) -> bool:
    return text.startswith(f"№ {number}. Не доставлено")
