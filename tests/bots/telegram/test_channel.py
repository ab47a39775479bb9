"""What only Telegram has: topics, albums, captions, whispers, webhooks, moved groups."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.channel import (
    Address,
    Button,
    ChatMoved,
    File,
    FileGone,
    FileKind,
    FileLost,
    Joined,
    Left,
    Moved,
    OpenThread,
    Pressed,
    Refused,
    RenameThread,
    Reply,
    Said,
    Scene,
    ThreadGone,
    TryLater,
    Unreachable,
)
from bots.pages import pages
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from sandbox.faults import Fault, Faults
from sandbox.messenger import Upload
from sandbox.telegram import LocalTelegram
from tests.bots.contract import PNG, Wired, settled
from tests.bots.telegram.conftest import ANNA, BOT, FORUM, GROUP, PETROV

TAKE = ((Button("Беру", "take:1"),),)


@pytest.fixture
def forum(wired: Wired) -> Address:
    return Address(wired.channel.account, FORUM)


class TestTopics:
    async def test_a_topic_is_opened_written_to_renamed_and_closed(self, wired: Wired, telegram: LocalTelegram, forum: Address) -> None:
        (thread,) = await wired.channel.send(forum, OpenThread("№ 1042 · " + "ЖКХ " * 60), key=1)
        topic = replace(forum, thread=thread)
        (card,) = await wired.channel.send(topic, Reply("Карточка", TAKE), key=2)
        for key, title in ((3, RenameThread("№ 1042 · закрыт", closed=True)), (4, RenameThread("№ 1042 · закрыт", closed=True))):
            assert await wired.channel.send(topic, title, key) == ()
        (room,) = [room for room in telegram.rooms(PETROV, BOT) if room.chat == FORUM]
        assert (room.threads, room.closed_threads) == ({thread: "№ 1042 · закрыт"}, frozenset({thread}))
        await wired.channel.send(topic, RenameThread("№ 1042"), key=5)
        await telegram.say(BOT, FORUM, PETROV, "коллеги, кто едет?", thread=thread)
        await telegram.say(BOT, FORUM, PETROV, "Аварийная бригада выехала", thread=thread, answer_to=card)
        await telegram.say(BOT, FORUM, PETROV, "в общей теме")
        talk, answer, general = await wired.hear(3)
        assert isinstance(talk, Said)
        assert isinstance(answer, Said)
        assert (talk.address, talk.answer_to, answer.address, answer.answer_to) == (topic, "", topic, card)
        assert general.address == forum

    async def test_a_press_in_a_topic(self, wired: Wired, telegram: LocalTelegram, forum: Address) -> None:
        (thread,) = await wired.channel.send(forum, OpenThread("№ 1"), key=1)
        topic = replace(forum, thread=thread)
        (card,) = await wired.channel.send(topic, Reply("Карточка", TAKE), key=2)
        pressing = asyncio.create_task(telegram.press(BOT, FORUM, PETROV, card, 0, 0))
        (event,) = await wired.hear()
        assert isinstance(event, Pressed)
        assert (event.address, event.scene) == (topic, Scene.GROUP)
        await wired.channel.send(topic, Reply(whisper_to=event.press), key=3)
        assert await pressing == ""

    async def test_a_deleted_topic_is_gone(self, wired: Wired, telegram: LocalTelegram, forum: Address) -> None:
        (thread,) = await wired.channel.send(forum, OpenThread("№ 1"), key=1)
        await telegram.delete_thread(BOT, FORUM, thread)
        for out in (Reply("Карточка"), RenameThread("№ 1", closed=True)):
            with pytest.raises(ThreadGone):
                await wired.channel.send(replace(forum, thread=thread), out, key=2)

    async def test_topics_switched_off_or_no_right_to_them(self, wired: Wired, telegram: LocalTelegram, forum: Address) -> None:
        with pytest.raises(ThreadGone):
            await wired.channel.send(Address(forum.account, GROUP), OpenThread("№ 1"), key=1)
        thread = telegram.groups.open_topic(FORUM, PETROV, "Открыта человеком")
        telegram.groups.close_topic(FORUM, PETROV, thread)
        telegram.groups.add_bot(FORUM, BOT, PETROV, [])
        with pytest.raises(ThreadGone):
            await wired.channel.send(forum, OpenThread("№ 1"), key=1)
        with pytest.raises(ThreadGone):
            await wired.channel.send(replace(forum, thread=thread), Reply("в закрытую"), key=1)
        telegram.groups.switch_topics(FORUM, forum=False)
        with pytest.raises(ThreadGone):
            await wired.channel.send(replace(forum, thread=thread), Reply("Карточка"), key=1)
        with pytest.raises(Refused):
            await wired.channel.send(forum, RenameThread("№ 1"), key=1)


class TestGroups:
    async def test_we_come_get_rights_and_go(self, wired: Wired, telegram: LocalTelegram) -> None:
        telegram.groups.remove_bot(GROUP, BOT, PETROV)
        telegram.groups.add_bot(GROUP, BOT, PETROV)
        telegram.groups.switch_topics(GROUP, forum=True)
        telegram.groups.add_bot(GROUP, BOT, PETROV, ["can_manage_topics"])
        left, came, able = await wired.hear(3)
        assert isinstance(left, Left)
        assert isinstance(came, Joined)
        assert isinstance(able, Joined)
        assert (left.is_us, came.is_us, came.manages_topics, able.forum, able.manages_topics) == (True, True, False, True, True)
        assert able.title == "Дежурные"
        telegram.groups.remove_bot(GROUP, BOT, PETROV)
        with pytest.raises(Unreachable):
            await wired.channel.send(Address(wired.channel.account, GROUP), Reply("сюда"), key=1)

    async def test_members_come_and_go(self, wired: Wired, telegram: LocalTelegram) -> None:
        await wired.greet()  # a bot is told of members only once it has asked for that
        telegram.groups.add_person(FORUM, ANNA)
        telegram.groups.remove_person(FORUM, ANNA)
        events = await wired.hear(4)
        assert {type(event) for event in events} == {Joined, Left}
        assert {event.member.id for event in events if isinstance(event, Joined | Left)} == {ANNA}

    async def test_a_group_moves(self, wired: Wired, telegram: LocalTelegram) -> None:
        new = telegram.groups.migrate(GROUP, PETROV)
        (event,) = await wired.hear()
        assert isinstance(event, ChatMoved)
        assert event.to == new
        with pytest.raises(Moved) as caught:
            await wired.channel.send(Address(wired.channel.account, GROUP), Reply("сюда"), key=1)
        assert caught.value.to == new
        assert await wired.channel.send(Address(wired.channel.account, new), Reply("сюда"), key=1)


class TestFiles:
    async def test_an_album_of_a_person_is_one_album(self, wired: Wired, telegram: LocalTelegram) -> None:
        uploads = [
            Upload("photo", "", "image/png", PNG),
            Upload("video", "", "video/mp4", b"mp4"),
            Upload("voice", "", "audio/ogg", b"ogg"),
        ]
        await telegram.say(BOT, ANNA, ANNA, "труба", uploads=uploads)
        events = [event for event in await wired.hear(3) if isinstance(event, Said)]
        assert [event.files[0].kind for event in events] == [FileKind.PHOTO, FileKind.VIDEO, FileKind.VOICE]
        assert events[0].album == events[1].album != ""
        assert events[2].album == ""
        assert [update.album for update in wired.heard] == [event.album for event in events]
        sent = [
            await wired.channel.send(wired.private, page, 1)
            for page in pages(Reply(files=tuple(e.files[0] for e in events)), wired.channel.limits)
        ]
        assert [len(ids) for ids in sent] == [2, 1]

    async def test_a_picture_too_large_for_a_photo_goes_as_a_document_and_takes_its_album_along(self, wired: Wired) -> None:
        await wired.greet()
        large = wired.picture("large", PNG + bytes(10 * 2**20))
        await wired.channel.send(wired.private, Reply(files=(large,)), key=1)
        await wired.channel.send(wired.private, Reply("обе", files=(wired.picture("small"), large)), key=2)
        assert [a.kind for bubble in wired.by_bot() for a in bubble.attachments] == ["document"] * 3
        assert wired.by_bot()[1].text == "обе"

    async def test_more_than_telegram_takes_or_gives(self, wired: Wired) -> None:
        await wired.greet()
        huge = wired.picture("huge", bytes(50 * 2**20 + 1))
        with pytest.raises(FileLost) as lost:
            await wired.channel.send(wired.private, Reply(files=(wired.picture("small"), huge)), key=1)
        assert lost.value.file == huge
        with pytest.raises(FileGone):
            _ = [chunk async for chunk in wired.channel.fetch(File(FileKind.VIDEO, wired.channel.account, "x", size=21 * 2**20))]

    async def test_telegram_is_away_while_a_file_is_fetched(self, wired: Wired, telegram: LocalTelegram, faults: Faults) -> None:
        await telegram.say(BOT, ANNA, ANNA, uploads=[Upload("document", "акт.pdf", "application/pdf", b"%PDF")])
        (event,) = await wired.hear()
        assert isinstance(event, Said)
        for fault in (Fault.AWAY, Fault.SILENT, Fault.ERROR_PAGE):
            faults.set("telegram", fault)
            await settled()
            with pytest.raises(TryLater) as caught:
                _ = [chunk async for chunk in wired.channel.fetch(event.files[0])]
            assert not caught.value.whole_account
            assert "canary" not in repr(caught.value)
            faults.set("telegram", Fault.NONE)
            await settled()
        assert b"".join([chunk async for chunk in wired.channel.fetch(event.files[0])]) == b"%PDF"

    async def test_the_text_below_a_picture_can_be_edited(self, wired: Wired) -> None:
        await wired.greet()
        (message,) = await wired.channel.send(wired.private, Reply("было", TAKE, files=(wired.picture("p"),)), key=1)
        assert await wired.channel.send(wired.private, Reply("стало", instead_of=message), key=2) == (message,)
        (bubble,) = wired.by_bot()
        assert (bubble.text, bubble.keys, bubble.edited) == ("стало", (), True)


class TestOddEnds:
    async def test_groups_are_known_by_their_number_and_names_come_with_events(self, wired: Wired) -> None:
        assert [wired.channel.is_group(chat) for chat in (GROUP, ANNA, "x", "")] == [True, False, False, False]
        assert await wired.channel.names_of([ANNA]) == {}

    async def test_a_press_too_old_to_be_answered_needs_no_answer(self, wired: Wired) -> None:
        assert await wired.channel.send(wired.private, Reply("поздно", whisper_to="123"), key=1) == ()

    async def test_what_may_be_repeated_is_tried_later_when_no_answer_comes(self, wired: Wired, faults: Faults, forum: Address) -> None:
        await wired.greet()
        (message,) = await wired.channel.send(wired.private, Reply("было"), key=1)
        (thread,) = await wired.channel.send(forum, OpenThread("№ 1"), key=2)
        topic = replace(forum, thread=thread)
        for fault in (Fault.SILENT, Fault.ERROR_PAGE):
            for to, out in (
                (wired.private, Reply(f"стало {fault}", instead_of=message)),
                (wired.private, Reply("слышно?", whisper_to="1")),
                (topic, RenameThread("№ 2", closed=True)),
            ):
                faults.set("telegram", fault)
                with pytest.raises(TryLater):
                    await wired.channel.send(to, out, key=3)
                faults.set("telegram", Fault.NONE)
                await wired.channel.send(to, out, key=3)

    async def test_a_letter_that_is_none_is_refused_without_repeating_the_text(self, wired: Wired) -> None:
        await wired.greet()
        with pytest.raises(Refused) as caught:
            await wired.channel.send(wired.private, Reply("секретный \ud83d текст"), key=1)
        assert "секретный" not in repr(caught.value)
        assert caught.value.__context__ is None

    async def test_the_menu_is_in_each_language(self, wired: Wired, telegram: LocalTelegram) -> None:
        await wired.channel.prepare({"ru": {"my": "мои сообщения"}, "en": {"my": "my messages"}})
        assert telegram.rooms(ANNA, BOT)[0].commands == (("my", "мои сообщения"),)
        assert telegram.rooms(PETROV, BOT)[0].commands == (("my", "my messages"),)
        assert set(telegram.state.bots[int(BOT)].commands) == {"", "ru", "en"}

    async def test_the_doctor_sees_what_is_wrong(self, wired: Wired, telegram: LocalTelegram, faults: Faults) -> None:
        assert await wired.channel.check() == ()
        bot = telegram.state.bots[int(BOT)]
        bot.webhook, bot.reads_all = "https://example.org/hook", False
        assert await wired.channel.check() == ("doctor-telegram-webhook", "doctor-telegram-privacy")
        faults.set("telegram", Fault.ERROR_PAGE)
        assert await wired.channel.check() == ("doctor-telegram-away",)
        with pytest.raises(TryLater):
            await wired.channel.identify()
        faults.set("telegram", Fault.NONE)
        bot.token = "7000000001:another"  # noqa: S105 - of the local Telegram
        assert await wired.channel.check() == ("doctor-telegram-token",)
        with pytest.raises(Refused):
            await wired.channel.identify()
        with pytest.raises(TryLater) as caught:
            await wired.channel.send(wired.private, Reply("x"), key=1)
        assert caught.value.whole_account

    async def test_preparing_removes_a_webhook(self, wired: Wired, telegram: LocalTelegram) -> None:
        telegram.state.bots[int(BOT)].webhook = "https://example.org/hook"
        await wired.channel.prepare({})
        assert telegram.state.bots[int(BOT)].webhook == ""

    async def test_a_token_of_no_form_is_refused_at_once(self, wired: Wired) -> None:
        sessions = TelegramSessions()
        for token in ("", "canary", "x:canary", "1: canary"):
            with pytest.raises(Refused) as caught:
                TelegramChannel("telegram/altai", token, sessions=sessions, fetch=wired.channel.fetch, clock=lambda: datetime.now(UTC))
            assert "canary" not in repr(caught.value)
