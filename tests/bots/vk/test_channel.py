"""What the contract does not ask: gaps, VK's error codes, files, settings. On vkbottle's client over real HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bots.channel import (
    Address,
    Button,
    Edited,
    File,
    FileGone,
    FileKind,
    FileLost,
    Joined,
    Left,
    OpenThread,
    Refused,
    RenameThread,
    Reply,
    Said,
    ThreadGone,
    TooOld,
    TryLater,
    Undelivered,
    Unknown,
    Unreachable,
    Update,
)
from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from bots.vk.compose import VkError
from sandbox.clock import SandboxClock
from sandbox.door import Door
from sandbox.faults import Fault, Faults
from sandbox.messenger import Upload
from sandbox.vk import LocalVk
from sandbox.vk_shapes import KINDS, Page, Refusal
from tests.bots.contract import PNG, Wired, fetcher
from tests.bots.vk.local import CHAT, COMMUNITY, PYOTR, SEMYON, TOKEN, connected, soon, turns

CHAT_ADDRESS = Address("vk/biysk", str(CHAT))


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Wired, LocalVk]]:
    async with connected(tmp_path) as both:
        yield both


@pytest.fixture
def wired(both: tuple[Wired, LocalVk]) -> Wired:
    return both[0]


@pytest.fixture
def vk(both: tuple[Wired, LocalVk]) -> LocalVk:
    return both[1]


@pytest.fixture
def page(vk: LocalVk) -> Page:
    return vk.pages[COMMUNITY.id]


def channel_of(wired: Wired) -> VkChannel:
    assert isinstance(wired.channel, VkChannel)
    return wired.channel


async def say(wired: Wired, text: str, person: int = PYOTR) -> str:
    return await wired.messenger.say(wired.bot, str(person), str(person), text)


# --- in ----------------------------------------------------------------------------------------------------------------


async def test_the_first_start_hears_from_now_on_and_remembers_where(wired: Wired, page: Page) -> None:
    await say(wired, "до нас")
    wired.cursor = ""
    cursors: list[tuple[int, str]] = []
    enough = asyncio.Event()

    async def accept(updates: Sequence[Update], cursor: str) -> None:
        cursors.append((len(updates), cursor))
        (enough if updates else asyncio.Event()).set()
        if len(cursors) == 1:
            await say(wired, "при нас")

    await wired.until(accept, enough)
    assert cursors == [(0, "1"), (1, "2")]


async def test_an_expired_key_loses_nothing(wired: Wired, vk: LocalVk) -> None:
    await wired.greet()
    vk.expire_key(wired.bot)
    await say(wired, "после")
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    assert event.text == "после"


@pytest.mark.parametrize("lost", [1, 3])
async def test_over_a_gap_private_messages_are_taken_up_once(
    wired: Wired, vk: LocalVk, page: Page, lost: int, caplog: pytest.LogCaptureFixture
) -> None:
    first = await wired.greet()
    await wired.channel.send(wired.private, Reply("Принято"), key=1)
    await say(wired, "раз")
    await say(wired, "два")
    await say(wired, "третий", SEMYON)
    await wired.messenger.say(wired.bot, str(CHAT), str(PYOTR), "в беседе")
    if lost == 1:
        vk.lose_history(wired.bot)
    else:
        wired.cursor = "999999"
    events = [event for event in await wired.hear(3) if event.id != first.id]  # what was heard may come again under its key
    assert sorted(event.text for event in events if isinstance(event, Said)) == ["два", "раз", "третий"]
    texts = [event.text for event in events if isinstance(event, Said) and event.sender.id == str(PYOTR)]
    assert texts == ["раз", "два"]
    assert wired.cursor == str(page.ts)
    assert {update.key for update in wired.heard} >= {event.id for event in events}
    assert "a gap in what vk/biysk heard" in caplog.text
    assert "раз" not in caplog.text
    await say(wired, "четыре")
    (after,) = await wired.hear()
    assert isinstance(after, Said)
    assert after.text == "четыре"


async def test_after_a_restart_a_gap_is_filled_from_our_last_word_on(wired: Wired, vk: LocalVk) -> None:
    await wired.greet()
    await wired.channel.send(wired.private, Reply("Принято"), key=1)
    await say(wired, "раз")
    await say(wired, "на что отвечено", SEMYON)
    await wired.channel.send(Address("vk/biysk", str(SEMYON)), Reply("Принято"), key=2)
    vk.lose_history(wired.bot)
    channel_of(wired).last_heard = None
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    assert event.text == "раз"


@pytest.mark.parametrize("away", [False, True])
async def test_over_a_gap_what_was_heard_long_before_is_taken_up_only_if_it_could_not_be_stored(
    wired: Wired, vk: LocalVk, *, away: bool
) -> None:
    """That the receipt of a first message was changed for a second is no word of ours behind it, and its key may be forgotten."""
    since = vk.clock()
    await say(wired, "давно")
    vk.clock.move(timedelta(hours=5))
    taken: list[list[str]] = []
    filled = asyncio.Event()

    async def accept(updates: Sequence[Update], cursor: str) -> None:
        taken.append([update.raw["object"]["message"]["text"] for update in updates])
        if len(taken) == 2:
            filled.set()
            return
        await say(wired, "пропало", SEMYON)
        vk.lose_history(wired.bot)
        if away:
            raise OSError("the database is away")

    receiving = asyncio.create_task(wired.channel.receive(accept, wired.cursor, since))
    async with asyncio.timeout(10):
        await filled.wait()
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    assert taken == [["давно"], ["пропало", *["давно"] * away]]


async def test_what_was_said_before_us_is_not_taken_up_over_a_gap(
    wired: Wired, vk: LocalVk, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(wired, "до нас", SEMYON)
    vk.clock.move(timedelta(days=300))
    wired.cursor = str(page.ts)
    await wired.greet()
    await say(wired, "пропало")
    vk.lose_history(wired.bot)
    channel, asked = channel_of(wired), list[int]()
    call = channel._api.call

    async def counted(method: str, **params: Any) -> Any:
        asked.extend([params["peer_id"]] if method == "messages.getHistory" else [])
        return await call(method, **params)

    monkeypatch.setattr(channel._api, "call", counted)
    assert await _taken_up(wired) == ["Здравствуйте", "пропало"]
    assert asked == [PYOTR]  # and years of dialogues that nobody answered cost no call each


ALL = ["неделю назад", "день назад", "час назад"]


@pytest.mark.parametrize(("days_ago", "taken"), [(300, ALL), (0, ALL[2:]), (None, ALL[1:])])
async def test_after_a_restart_a_gap_is_filled_from_when_it_was_last_heard_or_over_two_days_where_nobody_knows(
    wired: Wired, vk: LocalVk, days_ago: int | None, taken: list[str]
) -> None:
    for text, hours in (("неделю назад", 144), ("день назад", 23), ("час назад", 1)):
        await say(wired, text)
        vk.clock.move(timedelta(hours=hours))
    vk.lose_history(wired.bot)
    since = None if days_ago is None else vk.clock() - timedelta(days=days_ago, hours=2)
    assert await _taken_up(wired, since) == taken


async def _taken_up(wired: Wired, heard_at: datetime | None = None) -> list[str]:
    """What is taken up over a gap after a restart."""
    texts: list[str] = []
    filled = asyncio.Event()

    async def accept(updates: Sequence[Update], cursor: str) -> None:
        wired.cursor = cursor
        texts.extend(update.raw["object"]["message"]["text"] for update in updates)
        filled.set()

    receiving = asyncio.create_task(wired.channel.receive(accept, wired.cursor, heard_at))
    try:
        async with asyncio.timeout(10):
            await filled.wait()
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    return texts


async def test_a_gap_with_many_dialogues_is_filled_as_fast_as_vk_allows(wired: Wired, vk: LocalVk, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, waits = channel_of(wired), list[float]()
    for number in range(12):
        vk.people[200001000 + number] = f"Человек {number}"
        await say(wired, f"яма {number}", 200001000 + number)
    vk.lose_history(wired.bot)
    call, refusals = channel._api.call, [6, 6, 10]

    async def limited(method: str, **params: Any) -> Any:
        if method == "messages.getHistory" and params["peer_id"] == 200001003 and refusals:
            raise VkError(method, refusals.pop())
        return await call(method, **params)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(channel._api, "call", limited)
    monkeypatch.setattr(channel, "_sleep", sleep)
    assert sorted(await _taken_up(wired)) == sorted(f"яма {number}" for number in range(12))
    assert [seconds for seconds in waits if seconds < 1] == [0.2] * (1 + 12 + 3)  # the list, each dialogue once, and what was refused
    assert [seconds for seconds in waits if seconds >= 1] == [5, 1, 1]


async def test_an_odd_conversation_keeps_no_other_and_none_of_its_words_are_logged(
    wired: Wired, vk: LocalVk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await say(wired, "пропало")
    vk.lose_history(wired.bot)
    channel = channel_of(wired)
    call = channel._api.call
    odd = [{"last_message": {"text": "чужие слова"}}, {"conversation": {"peer": {"id": 77}}}, {"conversation": {"peer": 5}}, None]

    async def oddly(method: str, **params: Any) -> Any:
        found = await call(method, **params)
        if method == "messages.getConversations":
            found["items"] = [*odd, *found["items"]]
        if method == "messages.getHistory":
            found["items"] = [{"text": "чужие слова"}, None, *found["items"]]
        return found

    monkeypatch.setattr(channel._api, "call", oddly)
    assert await _taken_up(wired) == ["пропало"]
    assert caplog.text.count("is left out") == len(odd) + 2
    assert "чужие слова" not in caplog.text


async def test_a_gap_that_may_not_be_filled_does_not_make_deaf(
    wired: Wired, vk: LocalVk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await wired.greet()
    await say(wired, "пропало")
    vk.lose_history(wired.bot)
    monkeypatch.setattr(Page, "talks", property(_refuse), raising=False)
    events: list[Any] = []
    passed = asyncio.Event()

    async def accept(updates: Sequence[Update], cursor: str) -> None:
        events.extend(updates)
        wired.cursor = cursor
        passed.set()

    await wired.until(accept, passed)
    assert events == []
    assert "may not read its own conversations" in caplog.text


def _refuse(_page: Page) -> Any:
    raise Refusal(15, "Access denied")


async def test_a_polled_and_a_back_filled_message_have_the_same_key(wired: Wired, vk: LocalVk) -> None:
    await wired.greet()
    vk.lose_history(wired.bot)
    wired.cursor = "0"
    await wired.hear()
    assert wired.heard[0].key == wired.heard[1].key
    assert wired.channel.events(wired.heard[0].raw) == wired.channel.events(wired.heard[1].raw)


async def test_a_gap_is_not_passed_before_it_was_filled(wired: Wired, vk: LocalVk) -> None:
    await wired.greet()
    await say(wired, "раз")
    vk.lose_history(wired.bot)
    seen: list[str] = []
    enough = asyncio.Event()

    async def accept(updates: Sequence[Update], cursor: str) -> None:
        seen.extend(update.key for update in updates)
        if len(seen) == 2:
            raise OSError("the disk is full")
        enough.set()

    await wired.until(accept, enough)
    assert seen[:2] == seen[2:]


async def test_last_heard_moves_on_when_nothing_is_said(wired: Wired, vk: LocalVk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.vk.channel._WAIT", 0)
    channel = channel_of(wired)
    assert channel.last_heard is None
    receiving = asyncio.create_task(channel.receive(_never, "0"))
    await _until(lambda: channel.last_heard is not None)
    first = channel.last_heard
    await _until(lambda: channel.last_heard != first)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)


async def _never(updates: Sequence[Update], cursor: str) -> None:
    raise AssertionError("nothing was said")


async def _until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the channel has nothing to wait on
            await asyncio.sleep(0)


async def test_many_polls_leave_room_for_sending(wired: Wired) -> None:
    await wired.greet()
    polls = [asyncio.create_task(wired.channel.receive(_never, wired.cursor)) for _ in range(120)]
    try:
        await turns()
        async with asyncio.timeout(10):
            assert await wired.channel.send(wired.private, Reply("и всё же"), key=1)
    finally:
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)


async def test_coming_into_a_chat_and_leaving_it(wired: Wired, vk: LocalVk) -> None:
    await vk.kick(wired.bot, str(CHAT), str(SEMYON))
    (left,) = await wired.hear()
    assert isinstance(left, Left)
    assert left.is_us
    with pytest.raises(Unreachable):
        await wired.channel.send(CHAT_ADDRESS, Reply("есть кто?"), key=1)
    await vk.invite(wired.bot, str(CHAT), str(SEMYON))
    (joined,) = await wired.hear()
    assert isinstance(joined, Joined)
    assert joined.is_us
    assert joined.sender.id == str(SEMYON)
    await wired.channel.send(CHAT_ADDRESS, Reply("есть кто?"), key=1)
    await vk.kick(wired.bot, str(CHAT), str(SEMYON), str(PYOTR))
    (left,) = await wired.hear()
    assert isinstance(left, Left)
    assert (left.member.id, left.is_us) == (str(PYOTR), False)


async def test_a_person_has_a_name_for_the_asking(wired: Wired, vk: LocalVk) -> None:
    channel = channel_of(wired)
    assert await channel.names_of([str(PYOTR)]) == {str(PYOTR): "Пётр Образцов"}
    vk.people[PYOTR] = "Иначе"
    assert await channel.names_of([str(PYOTR), "1", "-5", "x"]) == {str(PYOTR): "Пётр Образцов"}
    wired.faults.set("vk", Fault.AWAY)
    with pytest.raises(TryLater):
        await channel.names_of([str(SEMYON)])
    wired.faults.set("vk", Fault.NONE)
    await turns()
    assert await channel.names_of([str(PYOTR), str(SEMYON)]) == {str(PYOTR): "Пётр Образцов", str(SEMYON): "Семён Выдуманов"}


# --- out ---------------------------------------------------------------------------------------------------------------


async def test_a_repeated_key_is_one_message_with_the_same_number(wired: Wired) -> None:
    await wired.greet()
    wired.faults.set("vk", Fault.SILENT)
    with pytest.raises(Unknown):
        await wired.channel.send(wired.private, Reply("раз"), key=77)
    wired.faults.set("vk", Fault.NONE)
    numbers = [await wired.channel.send(wired.private, Reply("раз"), key=77) for _ in range(2)]
    assert numbers[0] == numbers[1]
    assert [bubble.id for bubble in wired.by_bot()] == list(numbers[0])
    assert wired.channel.limits.drops_repeats


async def test_an_edit_keeps_the_files(wired: Wired) -> None:
    await wired.greet()
    files = (wired.picture("one"), File(FileKind.DOCUMENT, "elsewhere/account", "two", "акт.pdf", "application/pdf"))
    wired.elsewhere["two"] = b"%PDF"
    (number,) = await wired.channel.send(wired.private, Reply("было", files=files), key=1)
    await wired.channel.send(wired.private, Reply("стало", instead_of=number), key=2)
    (bubble,) = wired.by_bot()
    assert (bubble.text, [attachment.kind for attachment in bubble.attachments]) == ("стало", ["photo", "document"])
    assert bubble.edited


async def test_what_is_older_than_vk_lets_it_be_changed_is_said_to_be(wired: Wired, vk: LocalVk) -> None:
    await wired.greet()
    (number,) = await wired.channel.send(wired.private, Reply("было"), key=1)
    vk.clock.move(timedelta(hours=wired.channel.limits.edit_hours, seconds=1))
    with pytest.raises(TooOld):
        await wired.channel.send(wired.private, Reply("стало", instead_of=number), key=2)


async def test_an_answer_to_what_is_not_there_is_put_all_the_same(wired: Wired) -> None:
    await wired.greet()
    await wired.channel.send(wired.private, Reply("ответ", answer_to="999"), key=1)
    (bubble,) = wired.by_bot()
    assert (bubble.text, bubble.answer_to) == ("ответ", "")


async def test_voices_videos_and_stickers_go_as_vk_takes_them(wired: Wired) -> None:
    await wired.greet()
    sent = {
        FileKind.VOICE: "voice",
        FileKind.VIDEO: "document",
        FileKind.ROUND: "document",
        FileKind.AUDIO: "document",
        FileKind.STICKER: "document",
        FileKind.DOCUMENT: "document",
        FileKind.PHOTO: "photo",
    }
    for number, (kind, shown) in enumerate(sent.items(), 1):
        wired.elsewhere[kind] = f"bytes of {kind}".encode()
        await wired.channel.send(wired.private, Reply(files=(File(kind, "elsewhere/account", kind),)), key=number)
        attachment = wired.by_bot()[-1].attachments[0]
        assert (attachment.kind, wired.blobs.get(attachment.blob)) == (shown, wired.elsewhere[kind])


async def test_own_files_are_named_and_not_uploaded_again(wired: Wired, page: Page) -> None:
    uploads = [Upload("photo", "a.png", "image/png", PNG), Upload("document", "b.pdf", "application/pdf", b"%PDF")]
    await wired.messenger.say(wired.bot, wired.person, wired.person, uploads=uploads)
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    held = len(page.media)
    await wired.channel.send(wired.private, Reply(files=event.files), key=1)
    assert len(page.media) == held
    assert [attachment.kind for attachment in wired.by_bot()[0].attachments] == ["photo", "document"]


async def test_other_kinds_of_a_person_s_files_come_whole(wired: Wired) -> None:
    kinds = {"voice": FileKind.VOICE, "video": FileKind.VIDEO, "audio": FileKind.AUDIO, "sticker": FileKind.STICKER}
    uploads = [Upload(kind, f"{kind}.bin", "application/octet-stream", kind.encode()) for kind in kinds]
    await wired.messenger.say(wired.bot, wired.person, wired.person, uploads=uploads)
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    assert [file.kind for file in event.files] == list(kinds.values())
    for kind, file in zip(kinds, event.files, strict=True):
        assert b"".join([chunk async for chunk in wired.channel.fetch(file)]) == kind.encode()


async def test_a_file_too_large_is_refused_and_gone(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    await wired.greet()
    monkeypatch.setattr("bots.vk.files.LIMITS", replace(wired.channel.limits, upload=10))
    with pytest.raises(FileLost) as lost:
        await wired.channel.send(wired.private, Reply(files=(wired.picture("large"),)), key=1)
    assert lost.value.file == wired.picture("large")
    await wired.messenger.say(wired.bot, wired.person, wired.person, uploads=[Upload("photo", "a.png", "image/png", PNG)])
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    with pytest.raises(FileGone):
        _ = [chunk async for chunk in wired.channel.fetch(event.files[0])]


async def test_a_file_may_still_be_had_when_vk_comes_back(wired: Wired) -> None:
    await wired.messenger.say(wired.bot, wired.person, wired.person, uploads=[Upload("photo", "a.png", "image/png", PNG)])
    (event,) = await wired.hear()
    assert isinstance(event, Said)
    for fault in (Fault.AWAY, Fault.ERROR_PAGE, Fault.SILENT):
        wired.faults.set("vk", fault)
        with pytest.raises(TryLater) as caught:
            _ = [chunk async for chunk in wired.channel.fetch(event.files[0])]
        assert "127.0.0.1" not in repr(caught.value)
        wired.faults.set("vk", Fault.NONE)
        await turns()
    gone = replace(event.files[0], ref=event.files[0].ref + "gone")
    with pytest.raises(FileGone):
        _ = [chunk async for chunk in wired.channel.fetch(gone)]


async def test_chats_are_groups(wired: Wired) -> None:
    channel = channel_of(wired)
    assert [channel.is_group(chat) for chat in (wired.group, wired.person, "-5", "x")] == [True, False, False, False]


async def test_a_broken_upload_means_that_nothing_arrived(wired: Wired) -> None:
    await wired.greet()
    for fault in (Fault.SILENT, Fault.ERROR_PAGE):
        wired.faults.set("vk", fault)
        with pytest.raises(TryLater):
            await wired.channel.send(wired.private, Reply("x", files=(wired.picture("p"),)), key=1)
        wired.faults.set("vk", Fault.NONE)
    assert wired.by_bot() == []


@pytest.mark.parametrize("out", [OpenThread("№ 1"), RenameThread("№ 1")])
async def test_there_are_no_topics(wired: Wired, out: OpenThread | RenameThread) -> None:
    with pytest.raises(ThreadGone):
        await wired.channel.send(wired.private, out, key=1)


async def test_a_place_is_asked_for_with_a_button(wired: Wired) -> None:
    await wired.greet()
    await wired.channel.send(wired.private, Reply("Где это?", ((Button("Пропустить", "skip"),),), ask_place=True), key=1)
    keys = wired.by_bot()[0].keys
    assert [[key.place for key in row] for row in keys] == [[False], [True]]


async def test_nobody_is_mentioned(wired: Wired, page: Page) -> None:
    await wired.greet()
    await wired.channel.send(wired.private, Reply("@all [id1|Имя]"), key=1)
    text = page.talks[PYOTR].messages[-1]["text"]
    assert "@all" not in text
    assert "[id1" not in text


# --- what VK may answer ------------------------------------------------------------------------------------------------


class Script:
    """A server that answers ``messages.send`` as told, and counts."""

    def __init__(self) -> None:
        self.answer: Any = {"response": []}
        self.calls: list[dict[str, str]] = []
        self.status = 200

    async def method(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert "access_token" not in request.query
        assert form["access_token"] == TOKEN
        self.calls.append({name: str(value) for name, value in form.items()})
        text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return web.Response(text=text, status=self.status, content_type="text/html")


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[VkChannel, Script]]:
    script, faults = Script(), Faults()
    app = web.Application()
    app.router.add_route("*", "/method/{method}", script.method)
    door = Door(app, "vk", faults)
    address = await door.open()
    sessions = Sessions()
    channel = VkChannel(
        "vk/biysk", TOKEN, base_url=f"{address}/method/", sessions=sessions, fetch=fetcher({"p": PNG}), clock=SandboxClock(), sleep=soon
    )
    yield channel, script
    await sessions.close()
    await door.close()


def item(code: int) -> dict[str, Any]:
    error = {"code": code, "description": "секретный текст"}
    return {"response": [{"peer_id": 1, "message_id": 0, "conversation_message_id": 0, "error": error}]}


def whole(code: int) -> dict[str, Any]:
    return {
        "error": {"error_code": code, "error_msg": "секретный текст", "request_params": [{"key": "message", "value": "секретный текст"}]}
    }


@pytest.mark.parametrize("shape", [item, whole])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *[(code, TryLater) for code in (1, 5, 6, 9, 10, 29)],
        *[(code, Unreachable) for code in (7, 15, 900, 901, 902, 917, 943, 944, 945, 950, 983, 984, 993, 1012, 1017, 1021)],
        *[(code, Refused) for code in (0, 3, 8, 14, 100, 911, 914, 921)],
        (909, TooOld),
    ],
)
async def test_error_codes(scripted: tuple[VkChannel, Script], shape: Any, code: int, kind: type[Undelivered]) -> None:
    channel, script = scripted
    script.answer = shape(code)
    with pytest.raises(Undelivered) as caught:
        await channel.send(Address("vk/biysk", "1"), Reply("секретный текст"), key=1)
    assert type(caught.value) is kind
    assert len(script.calls) == 1
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "секретный" not in str(seen)
        assert TOKEN not in repr(seen)
        seen = seen.__cause__ or seen.__context__


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("<html>502</html>", 502),
        ("<html>ok</html>", 200),
        ('{"response": [{"peer', 200),
        ("", 200),
        ("[]", 200),
        ("null", 200),
        ({"response": [{"peer_id": 1, "conversation_message_id": 5}]}, 500),
        ({"response": []}, 200),
        ({"response": 0}, 200),
        ({"response": [{"peer_id": 1, "conversation_message_id": 0}]}, 200),
        ({"response": [{"peer_id": 1, "conversation_message_id": "5"}]}, 200),
        ({}, 200),
        ({"error": "x"}, 200),
        ("[" * 100_000, 200),
    ],
)
async def test_an_answer_that_is_none_is_unknown_and_asked_once(scripted: tuple[VkChannel, Script], answer: Any, status: int) -> None:
    channel, script = scripted
    script.answer, script.status = answer, status
    with pytest.raises(Unknown):
        await channel.send(Address("vk/biysk", "1"), Reply("секретный текст"), key=1)
    assert len(script.calls) == 1


async def test_a_message_is_asked_for_with_its_key_and_without_mentions(scripted: tuple[VkChannel, Script]) -> None:
    channel, script = scripted
    script.answer = {"response": [{"peer_id": 1, "message_id": 70, "conversation_message_id": 5}]}
    assert await channel.send(Address("vk/biysk", "1"), Reply("текст"), key=77) == ("5",)
    (call,) = script.calls
    assert (call["random_id"], call["peer_ids"], call["disable_mentions"], call["dont_parse_links"]) == ("77", "1", "1", "1")
    assert call["v"] == "5.199"


@pytest.mark.parametrize("answer", [{"response": {}}, {"response": [{}]}, {"response": {"upload_url": 5}}, {"response": 7}])
async def test_odd_answers_before_a_file_is_sent_are_no_crash(scripted: tuple[VkChannel, Script], answer: Any) -> None:
    channel, script = scripted
    script.answer = answer
    with pytest.raises(Undelivered):
        await channel.send(Address("vk/biysk", "1"), Reply(files=(File(FileKind.PHOTO, "elsewhere", "p"),)), key=1)


async def test_a_wrong_token(scripted: tuple[VkChannel, Script]) -> None:
    channel, script = scripted
    script.answer = whole(5)
    with pytest.raises(Refused):
        await channel.identify()
    assert await channel.check() == ["doctor-vk-token"]
    with pytest.raises(TryLater) as caught:
        await channel.send(Address("vk/biysk", "1"), Reply("x"), key=1)
    assert caught.value.whole_account
    assert caught.value.after == 60


@pytest.mark.parametrize(
    "answer", [{"response": {"groups": []}}, {"response": []}, {"response": {}}, {"response": [{"id": "x"}]}, "<html>"]
)
async def test_a_token_of_nobody_s_community(scripted: tuple[VkChannel, Script], answer: Any) -> None:
    channel, script = scripted
    script.answer = answer
    with pytest.raises(Undelivered):
        await channel.identify()
    assert await channel.check() == ["doctor-vk-away"]
    await channel.prepare({})


# --- settings ----------------------------------------------------------------------------------------------------------


async def test_prepare_switches_the_long_poll_on(wired: Wired, page: Page) -> None:
    page.polls, page.kinds = False, dict.fromkeys(KINDS, 0)
    assert await wired.channel.check() == ["doctor-vk-longpoll"]
    await wired.channel.prepare({})
    assert page.polls
    assert set(page.kinds.values()) == {1}
    assert await wired.channel.check() == []


async def test_what_is_wrong_has_a_name(wired: Wired, page: Page, caplog: pytest.LogCaptureFixture) -> None:
    page.rights = ["messages"]
    page.kinds["message_event"] = 0
    page.settings |= {"bots_capabilities": 0, "bots_add_to_chat": 0, "messages": 0}
    await wired.channel.prepare({})  # may not, and that is not fatal
    assert "could not be set up" in caplog.text
    assert await wired.channel.check() == [
        "doctor-vk-events",
        "doctor-vk-right-photos",
        "doctor-vk-right-docs",
        "doctor-vk-right-manage",
        "doctor-vk-bots",
        "doctor-vk-chats",
        "doctor-vk-messages",
    ]


async def test_nothing_secret_in_the_logs(wired: Wired, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await wired.greet()
    for fault in (Fault.ERROR_PAGE, Fault.SILENT, Fault.TOO_FAST, Fault.AWAY):
        wired.faults.set("vk", fault)
        waiting = asyncio.create_task(wired.hear(within=10))
        with pytest.raises(Undelivered):
            await wired.channel.send(wired.private, Reply("секретный текст"), key=1)
        await turns()
        wired.faults.set("vk", Fault.NONE)
        await turns()
        await say(wired, "секретный вопрос")
        await waiting
    await wired.messenger.edit(wired.bot, wired.person, wired.person, "1", "секретная правка")
    (event,) = await wired.hear()
    assert isinstance(event, Edited)
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("asyncio"))
    for secret in ("секретн", TOKEN, *wired.secrets, "key-900000001"):
        assert secret not in ours
