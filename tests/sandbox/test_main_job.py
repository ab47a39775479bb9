"""The main job from end to end: real aiogram and vkbottle clients over HTTP against the local messengers, on the sandbox's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bots.sandbox_run import Sandbox, open_sandbox
from sandbox.faults import Fault
from sandbox.messenger import Bubble, Upload
from sandbox.world import Phone

PATIENCE = 15.0
"""Seconds to wait for something that has to come over the wire; nothing is asserted about how long it takes."""
PHOTO = Upload("photo", "pipe.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"water" * 100)
PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день"


class Hand:
    """A person at one of the page's phones."""

    def __init__(self, sandbox: Sandbox, key: str, person: int = 0) -> None:
        self.sandbox = sandbox
        self.phone: Phone = next(phone for phone in sandbox.world.cast.phones if phone.key == key)
        self.person = self.phone.persons[person]
        self.messenger = sandbox.world.messengers[self.phone.messenger]
        self.chat = self.phone.chat or self.person.id

    def sees(self, thread: str | None = None) -> Sequence[Bubble]:
        return self.messenger.bubbles(self.phone.account, self.chat, thread)

    async def says(self, text: str, *, answer_to: str = "", thread: str = "", uploads: Sequence[Upload] = ()) -> str:
        return await self.messenger.say(
            self.phone.account, self.chat, self.person.id, text, answer_to=answer_to, thread=thread, uploads=uploads
        )

    async def presses(self, label: str, among: Sequence[Bubble] | None = None) -> str:
        for bubble in reversed(self.sees() if among is None else among):
            for row, keys in enumerate(bubble.keys):
                for column, key in enumerate(keys):
                    if key.label.startswith(label):
                        return await self.messenger.press(self.phone.account, self.chat, self.person.id, bubble.id, row, column)
        raise AssertionError(f"no key «{label}» in {[bubble.text for bubble in self.sees()][-3:]}")

    async def waits_for(self, fits: Callable[[Bubble], bool], thread: str | None = None) -> Bubble:
        """The newest message that fits, once it is there."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    found = [bubble for bubble in self.sees(thread) if fits(bubble)]
                    if found:
                        return found[-1]
                    await asyncio.sleep(0.02)
        raise AssertionError(f"it did not come; there is {[bubble.text for bubble in self.sees(thread)][-4:]}")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with AsyncExitStack() as stack:
        yield await open_sandbox(stack, port=0, folder=tmp_path)


async def _topic(hand: Hand, number: int) -> str:
    """The forum topic of an incident, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for room in hand.messenger.rooms(hand.person.id, hand.phone.account):
                for thread, title in room.threads.items():
                    if title.startswith(f"№ {number} "):
                        return thread
            await asyncio.sleep(0.02)


async def test_a_vk_citizen_is_answered_from_a_telegram_topic_and_rates(sandbox: Sandbox) -> None:
    citizen, official = Hand(sandbox, "citizen-vk"), Hand(sandbox, "forum")
    await citizen.says(PIPE, uploads=[PHOTO])
    receipt = await citizen.waits_for(lambda bubble: bubble.text.startswith("Сообщение № 1 принято."))
    assert "Отвечает: Комитет ЖКХ Барнаула." in receipt.text

    thread = await _topic(official, 1)
    card = await official.waits_for(lambda bubble: PIPE in bubble.text, thread)
    photo = await official.waits_for(lambda bubble: bool(bubble.attachments), thread)
    assert sandbox.world.blobs.get(photo.attachments[0].blob) == PHOTO.content
    await official.presses("Беру", [card])
    await official.waits_for(lambda bubble: "В работе: Мария Иванова" in bubble.text, thread)

    words = "Аварийная бригада выехала, воду перекрыли, трубу заменят сегодня до 20:00"
    await official.says(words, answer_to=card.id, thread=thread, uploads=[PHOTO])
    preview = await official.waits_for(lambda bubble: "Отправить жителю?" in bubble.text, thread)
    await official.presses("Ответ", [preview])
    await official.waits_for(lambda bubble: "Уйдёт через 30 секунд" in bubble.text, thread)
    await sandbox.move(timedelta(seconds=31))
    answer = await citizen.waits_for(lambda bubble: words in bubble.text)
    assert answer.text.startswith("Ответ по № 1 от Комитета ЖКХ Барнаула:")
    await citizen.waits_for(lambda bubble: bool(bubble.attachments) and bubble.by_bot)
    await official.waits_for(lambda bubble: bubble.text.startswith("Доставлено"), thread)

    await citizen.presses("Да")
    await citizen.waits_for(lambda bubble: any("5" in key.label for row in bubble.keys for key in row))
    await citizen.presses("5")
    await official.waits_for(lambda bubble: "оценка 5 из 5" in bubble.text, thread)


async def test_an_incident_left_alone_reminds_and_escalates_by_the_pages_clock(sandbox: Sandbox) -> None:
    citizen, official, curator = Hand(sandbox, "citizen-telegram"), Hand(sandbox, "forum"), Hand(sandbox, "curator")
    await citizen.says(PIPE)
    thread = await _topic(official, 1)
    await official.waits_for(lambda bubble: PIPE in bubble.text, thread)
    start = sandbox.world.clock()
    await sandbox.move(timedelta(hours=24, minutes=1))
    await curator.waits_for(lambda bubble: bubble.text.startswith("🔴 № 1 просрочен"))
    spoken = [bubble for bubble in official.sees(thread) if bubble.text.startswith(("⏳ № 1: осталось", "🔴 № 1 просрочен:"))]
    hours = [round((bubble.at - start) / timedelta(hours=1), 1) for bubble in spoken]
    assert hours == [12.0, 19.2, 22.0, 24.0]
    escalated = [
        round((bubble.at - start) / timedelta(hours=1), 1) for bubble in curator.sees() if bubble.text.startswith(("№ 1 ", "🔴 № 1 "))
    ]
    assert escalated == [22.0, 24.0]


async def test_a_messenger_that_was_away_loses_nothing(sandbox: Sandbox) -> None:
    citizen, official = Hand(sandbox, "citizen-vk"), Hand(sandbox, "forum")
    sandbox.world.faults.set("telegram", Fault.AWAY)
    await citizen.says(PIPE)
    await citizen.waits_for(lambda bubble: bubble.text.startswith("Сообщение № 1 принято."))
    sandbox.world.faults.set("telegram", Fault.NONE)
    await sandbox.move(timedelta(minutes=15))
    thread = await _topic(official, 1)
    await official.waits_for(lambda bubble: PIPE in bubble.text, thread)


async def test_what_was_said_is_there_after_a_restart(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await open_sandbox(stack, port=0, folder=tmp_path)
        citizen = Hand(first, "citizen-telegram")
        await citizen.says(PIPE)
        await citizen.waits_for(lambda bubble: "принято" in bubble.text)
        await _topic(Hand(first, "forum"), 1)
        before = first.world.clock()
    async with AsyncExitStack() as stack:
        second = await open_sandbox(stack, port=0, folder=tmp_path)
        citizen = Hand(second, "citizen-telegram")
        assert any("№ 1 принято" in bubble.text for bubble in citizen.sees())
        assert second.world.clock() >= before
        await citizen.says("что с моей заявкой?")
        await citizen.waits_for(lambda bubble: bubble.text.startswith("№ 1 · "))
