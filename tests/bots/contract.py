"""What every channel owes the house, tried on the real client against the local messenger. Knows no platform.

A platform's test file subclasses ``ChannelContract`` and gives the fixture ``wired``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bots.channel import (
    Address,
    Blocked,
    Button,
    Channel,
    Edited,
    Event,
    File,
    FileGone,
    FileKind,
    Malformed,
    Pressed,
    Reply,
    Said,
    Scene,
    TryLater,
    Unblocked,
    Undelivered,
    Unknown,
    Unreachable,
    Update,
)
from bots.pages import pages
from sandbox.blobs import Blobs
from sandbox.faults import Fault, Faults
from sandbox.messenger import Bubble, Messenger, Upload

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Wired:
    """A channel that is connected to a local messenger, and where to find the people."""

    channel: Channel
    messenger: Messenger
    faults: Faults
    blobs: Blobs
    bot: str
    """The account as the messenger names it."""
    person: str
    """Somebody who has not yet written to the bot."""
    group: str
    """A chat in which both are; without topics."""
    elsewhere: dict[str, bytes]
    """What the channel's ``fetch`` finds with the other accounts: ref → bytes."""
    secrets: tuple[str, ...] = ()
    """The token, the address: what no error may carry."""
    names: bool = True
    """Events tell the sender's name."""
    cursor: str = ""
    heard: list[Update] = field(default_factory=list)

    @property
    def private(self) -> Address:
        return Address(self.channel.account, self.person)

    async def hear(self, count: int = 1, within: float = 10) -> list[Event]:
        """Receive until ``count`` further events of interest came, and return them."""
        events: list[Event] = []
        enough = asyncio.Event()

        async def accept(updates: Sequence[Update], cursor: str) -> None:
            self.heard += updates
            self.cursor = cursor
            for update in updates:
                events.extend(self.channel.events(update.raw))
            if len(events) >= count:
                enough.set()
                await asyncio.Event().wait()  # not acknowledged by a further call: the next ``hear`` goes on from the cursor

        await self.until(accept, enough, within)
        return events

    async def until(self, accept: Any, enough: asyncio.Event, within: float = 10) -> None:
        """Receive with this ``accept`` until ``enough`` is set."""
        receiving = asyncio.create_task(self.channel.receive(accept, self.cursor))
        try:
            async with asyncio.timeout(within):
                await enough.wait()
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    async def greet(self) -> Said:
        """The person writes first, so that the bot may answer."""
        await self.messenger.say(self.bot, self.person, self.person, "Здравствуйте")
        (event,) = await self.hear()
        assert isinstance(event, Said)
        return event

    def by_bot(self, chat: str = "") -> list[Bubble]:
        """What the bot has put into the chat, oldest first."""
        return [bubble for bubble in self.messenger.bubbles(self.bot, chat or self.person) if bubble.by_bot]

    def picture(self, name: str, content: bytes = PNG) -> File:
        """A photo that lies with another account."""
        self.elsewhere[name] = content
        return File(FileKind.PHOTO, "elsewhere/account", name, f"{name}.png", "image/png", len(content))


async def settled() -> None:
    """Let everything that is under way on this machine go on, without waiting by the clock."""
    for _ in range(100):
        await asyncio.sleep(0)


def fetcher(elsewhere: dict[str, bytes]) -> Any:
    """A ``Fetch`` that finds the files of other accounts in a dict."""

    async def fetch(file: File) -> AsyncIterator[bytes]:
        if file.ref not in elsewhere:
            raise FileGone("no such file")
        yield elsewhere[file.ref]

    return fetch


class ChannelContract:
    """The shared tests."""

    # --- in ---

    async def test_a_private_message_is_said(self, wired: Wired) -> None:
        message = await wired.messenger.say(wired.bot, wired.person, wired.person, "Яма на Ленина 15\x00\u202e!")
        (event,) = await wired.hear()
        assert isinstance(event, Said)
        assert (event.text, event.message, event.scene) == ("Яма на Ленина 15!", message, Scene.PRIVATE)
        assert event.address == wired.private
        assert event.sender.id == wired.person
        assert bool(event.sender.name) is wired.names
        assert not event.sender.impersonal
        assert event.at.utcoffset() is not None
        assert wired.heard[0].key
        assert wired.heard[0].lane

    async def test_a_group_message_is_said_in_the_group(self, wired: Wired) -> None:
        await wired.messenger.say(wired.bot, wired.group, wired.person, "Всем привет")
        (event,) = await wired.hear()
        assert isinstance(event, Said)
        assert (event.scene, event.address) == (Scene.GROUP, Address(wired.channel.account, wired.group))
        assert event.sender.id == wired.person

    async def test_a_deep_link_tells_what_it_carried(self, wired: Wired) -> None:
        await wired.messenger.say(wired.bot, wired.person, wired.person, start="code-7H2K")
        (event,) = await wired.hear()
        assert isinstance(event, Said)
        assert event.start == "code-7H2K"

    async def test_a_place_a_forward_and_an_answer(self, wired: Wired) -> None:
        first = await wired.messenger.say(wired.bot, wired.person, wired.person, "раз")
        await wired.messenger.say(wired.bot, wired.person, wired.person, location=(52.5, 85.25))
        await wired.messenger.say(wired.bot, wired.person, wired.person, "чужое", forwarded=True)
        await wired.messenger.say(wired.bot, wired.person, wired.person, "об этом", answer_to=first)
        _, place, forward, answer = await wired.hear(4)
        assert isinstance(place, Said)
        assert place.location is not None
        assert (place.location.latitude, place.location.longitude) == (52.5, 85.25)
        assert isinstance(forward, Said)
        assert (forward.text, forward.forwarded) == ("чужое", True)
        assert isinstance(answer, Said)
        assert answer.answer_to == first

    async def test_an_edit_is_told(self, wired: Wired) -> None:
        message = await wired.messenger.say(wired.bot, wired.person, wired.person, "яма")
        await wired.messenger.edit(wired.bot, wired.person, wired.person, message, "яма и люк")
        _, event = await wired.hear(2)
        assert isinstance(event, Edited)
        assert (event.message, event.text) == (message, "яма и люк")

    async def test_photos_come_and_their_bytes_can_be_fetched(self, wired: Wired) -> None:
        uploads = [Upload("photo", f"{n}.png", "image/png", PNG + bytes([n])) for n in range(3)]
        await wired.messenger.say(wired.bot, wired.person, wired.person, "смотрите", uploads=uploads)
        said: list[Said] = []
        while sum(len(event.files) for event in said) < 3:
            said += [event for event in await wired.hear() if isinstance(event, Said)]
        files = [file for event in said for file in event.files]
        assert "".join(event.text for event in said) == "смотрите"
        assert {file.kind for file in files} == {FileKind.PHOTO}
        assert {file.account for file in files} == {wired.channel.account}
        assert len({event.album for event in said}) == 1
        fetched = [b"".join([chunk async for chunk in wired.channel.fetch(file)]) for file in files]
        assert fetched == [upload.content for upload in uploads]

    async def test_a_file_that_is_not_there_is_gone(self, wired: Wired) -> None:
        with pytest.raises(FileGone) as caught:
            _ = [chunk async for chunk in wired.channel.fetch(File(FileKind.PHOTO, wired.channel.account, "nonsense"))]
        self._silent(wired, caught.value)

    async def test_updates_come_again_until_they_are_accepted(self, wired: Wired) -> None:
        await wired.messenger.say(wired.bot, wired.person, wired.person, "раз")
        seen: list[str] = []
        accepted, stopped = asyncio.Event(), asyncio.Event()

        async def accept(updates: Sequence[Update], cursor: str) -> None:
            seen.extend(update.key for update in updates)
            if len(seen) == 1:
                raise OSError("the disk is full")
            wired.cursor = cursor
            (stopped if accepted.is_set() else accepted).set()

        await wired.until(accept, accepted)
        assert len(seen) == 2
        assert len(set(seen)) == 1
        await wired.messenger.say(wired.bot, wired.person, wired.person, "два")
        await wired.until(accept, stopped)
        assert len(seen) == 3
        assert len(set(seen)) == 2

    async def test_it_goes_on_hearing_after_every_fault(self, wired: Wired) -> None:
        for fault in (Fault.AWAY, Fault.ERROR_PAGE, Fault.SILENT, Fault.TOO_FAST):
            wired.faults.set(wired.messenger.kind, fault)
            waiting = asyncio.create_task(wired.hear(within=20))
            await settled()
            await wired.messenger.say(wired.bot, wired.person, wired.person, f"при {fault}")
            await settled()
            wired.faults.set(wired.messenger.kind, Fault.NONE)
            events = await waiting
            assert [event.text for event in events if isinstance(event, Said)] == [f"при {fault}"]

    @pytest.mark.parametrize("raw", [{}, {"update_id": "x"}, {"type": 5, "object": []}, {"update_id": 1, "message": {"date": {}}}])
    async def test_nonsense_is_malformed(self, wired: Wired, raw: dict[str, Any]) -> None:
        with pytest.raises(Malformed) as caught:
            wired.channel.events(raw)
        assert str(caught.value)

    # --- out ---

    async def test_it_says_who_it_is(self, wired: Wired) -> None:
        identity = await wired.channel.identify()
        assert identity.id == wired.bot
        assert identity.title
        assert identity.link.startswith("https://")
        assert "{code}" in identity.start_link
        await wired.channel.prepare({"ru": {"my": "мои сообщения"}, "en": {"my": "my messages"}})
        await wired.channel.check()

    async def test_a_text_is_put_where_it_belongs(self, wired: Wired) -> None:
        said = await wired.greet()
        (message,) = await wired.channel.send(wired.private, Reply("Принято: <b>№ 1</b> *и* _так_", answer_to=said.message), key=1)
        (bubble,) = wired.by_bot()
        assert (bubble.id, bubble.text, bubble.answer_to) == (message, "Принято: <b>№ 1</b> *и* _так_", said.message)

    async def test_a_long_text_comes_in_parts(self, wired: Wired) -> None:
        await wired.greet()
        text = "Очень длинное слово 😀 за словом. " * 300
        for key, page in enumerate(pages(Reply(text), wired.channel.limits), 1):
            await wired.channel.send(wired.private, page, key)
        parts = [bubble.text for bubble in wired.by_bot()]
        assert len(parts) > 2
        assert " ".join(parts).split() == text.split()

    async def test_a_press_comes_back_and_is_whispered_to(self, wired: Wired) -> None:
        await wired.greet()
        keyboard = ((Button("Беру", "take:1"), Button("Не моё", "refuse:1")), (Button("Сайт", url="https://example.org/"),))
        (message,) = await wired.channel.send(wired.private, Reply("Карточка", keyboard), key=1)
        assert [[key.label for key in row] for row in wired.by_bot()[0].keys] == [["Беру", "Не моё"], ["Сайт"]]
        pressing = asyncio.create_task(wired.messenger.press(wired.bot, wired.person, wired.person, message, 0, 1))
        (event,) = await wired.hear()
        assert isinstance(event, Pressed)
        assert (event.payload, event.message, event.sender.id) == ("refuse:1", message, wired.person)
        assert event.address == wired.private
        assert await wired.channel.send(wired.private, Reply("Уже взяла Иванова", whisper_to=event.press), key=2) == ()
        assert await pressing == "Уже взяла Иванова"

    async def test_an_edit_replaces_text_and_keys_and_may_be_repeated(self, wired: Wired) -> None:
        await wired.greet()
        (message,) = await wired.channel.send(wired.private, Reply("было", ((Button("Беру", "take"),),)), key=1)
        for key in (2, 3):
            edit = Reply("стало", ((Button("Ответить", "answer"),),), instead_of=message)
            assert await wired.channel.send(wired.private, edit, key) == (message,)
        (bubble,) = wired.by_bot()
        assert (bubble.text, bubble.keys[0][0].label) == ("стало", "Ответить")
        await wired.channel.send(wired.private, Reply("стало", instead_of=message), 4)
        assert wired.by_bot()[0].keys == ()

    async def test_files_of_another_messenger_are_carried_over(self, wired: Wired) -> None:
        await wired.greet()
        photos = tuple(wired.picture(f"photo{n}", PNG + bytes([n])) for n in range(3))
        (page,) = pages(Reply("три", files=photos), wired.channel.limits)
        assert await wired.channel.send(wired.private, page, key=1)
        (single,) = pages(Reply("одно", files=photos[:1]), wired.channel.limits)
        assert len(await wired.channel.send(wired.private, single, key=2)) == 1
        bubbles = wired.by_bot()
        contents = [wired.blobs.get(attachment.blob) for bubble in bubbles for attachment in bubble.attachments]
        assert contents == [wired.elsewhere[photo.ref] for photo in (*photos, photos[0])]
        assert [bubble.text for bubble in bubbles if bubble.text] == ["три", "одно"]

    async def test_a_file_of_its_own_is_sent_back(self, wired: Wired) -> None:
        upload = Upload("document", "акт.pdf", "application/pdf", b"%PDF-1.7 ...")
        await wired.messenger.say(wired.bot, wired.person, wired.person, uploads=[upload])
        (event,) = await wired.hear()
        assert isinstance(event, Said)
        assert (event.files[0].kind, event.files[0].name) == (FileKind.DOCUMENT, "акт.pdf")
        await wired.channel.send(wired.private, Reply(files=event.files), key=1)
        (bubble,) = wired.by_bot()
        assert wired.blobs.get(bubble.attachments[0].blob) == upload.content

    async def test_a_file_that_cannot_be_had_is_an_error_of_ours(self, wired: Wired) -> None:
        await wired.greet()
        gone = File(FileKind.PHOTO, "elsewhere/account", "never there")
        with pytest.raises(Undelivered) as caught:
            await wired.channel.send(wired.private, Reply("секретный текст", files=(gone,)), key=1)
        assert not isinstance(caught.value, Unknown | TryLater)
        self._silent(wired, caught.value)
        assert wired.by_bot() == []

    async def test_who_blocked_us_is_unreachable_until_unblocked(self, wired: Wired) -> None:
        await wired.greet()
        await wired.messenger.block(wired.bot, wired.person, True)
        (event,) = await wired.hear()
        assert isinstance(event, Blocked)
        assert event.sender.id == wired.person
        with pytest.raises(Unreachable) as caught:
            await wired.channel.send(wired.private, Reply("секретный текст"), key=1)
        self._silent(wired, caught.value)
        await wired.messenger.block(wired.bot, wired.person, False)
        (event,) = await wired.hear()
        assert isinstance(event, Unblocked)
        await wired.channel.send(wired.private, Reply("снова"), key=2)
        assert [bubble.text for bubble in wired.by_bot()] == ["снова"]

    async def test_a_chat_that_is_not_there_is_unreachable(self, wired: Wired) -> None:
        with pytest.raises(Unreachable) as caught:
            await wired.channel.send(replace(wired.private, chat="987654321"), Reply("секретный текст"), key=1)
        self._silent(wired, caught.value)

    async def test_nobody_answers_try_later(self, wired: Wired) -> None:
        await wired.greet()
        await self._fails(wired, Fault.AWAY, TryLater)
        assert wired.by_bot() == []

    async def test_too_fast_try_later(self, wired: Wired) -> None:
        await wired.greet()
        error = await self._fails(wired, Fault.TOO_FAST, TryLater)
        assert isinstance(error, TryLater)
        assert error.after >= 1
        assert wired.by_bot() == []

    async def test_no_answer_may_have_arrived(self, wired: Wired) -> None:
        await wired.greet()
        await self._fails(wired, Fault.SILENT, Unknown)
        assert [bubble.text for bubble in wired.by_bot()] == ["секретный текст"]
        if wired.channel.limits.drops_repeats:
            await wired.channel.send(wired.private, Reply("секретный текст"), key=77)
            assert [bubble.text for bubble in wired.by_bot()] == ["секретный текст"]

    async def test_an_error_page_may_have_arrived(self, wired: Wired) -> None:
        await wired.greet()
        await self._fails(wired, Fault.ERROR_PAGE, Unknown)

    async def _fails(self, wired: Wired, fault: Fault, kind: type[Undelivered]) -> Undelivered:
        wired.faults.set(wired.messenger.kind, fault)
        await settled()  # a connection that was kept open is seen closed
        with pytest.raises(Undelivered) as caught:
            await wired.channel.send(wired.private, Reply("секретный текст"), key=77)
        wired.faults.set(wired.messenger.kind, Fault.NONE)
        await settled()
        assert type(caught.value) is kind
        assert wired.faults.failures or fault is Fault.AWAY
        self._silent(wired, caught.value)
        return caught.value

    def _silent(self, wired: Wired, error: BaseException) -> None:
        """No error tells a token, an address or somebody's words, its causes included."""
        seen: BaseException | None = error
        while seen is not None:
            for secret in ("секретный текст", *wired.secrets):
                assert secret not in repr(seen)
                assert secret not in str(seen)
            seen = seen.__cause__ or seen.__context__
