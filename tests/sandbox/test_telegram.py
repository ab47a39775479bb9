"""The local Telegram itself, called as plainly as one can: what it must have in common with the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorError, ClientSession, FormData, ServerDisconnectedError

from sandbox.blobs import Blobs
from sandbox.faults import Fault, Faults
from sandbox.messenger import Upload
from sandbox.telegram import LocalTelegram
from sandbox.telegram_state import LocalBot, LocalGroup, LocalPerson

TOKEN = "70:canary"  # noqa: S105 - of the local Telegram
BOT, ANNA, PETROV, GROUP, FORUM = "70", "1", "2", "-1001", "-1002"
NOW = datetime(2025, 3, 12, 9, 0, tzinfo=UTC)


def made(folder: Path, faults: Faults | None = None) -> LocalTelegram:
    return LocalTelegram(
        [LocalBot(70, TOKEN, "sutki_bot", "Сутки"), LocalBot(71, "71:other", "other_bot", "Другой", reads_all=False)],
        [LocalPerson(1, "Анна"), LocalPerson(2, "Петров", "en"), LocalPerson(3, "Чужая")],
        [
            LocalGroup(-1001, "Дежурные", members={1: "member", 2: "creator"}, bots={70: [], 71: []}),
            LocalGroup(-1002, "Комитет", forum=True, members={2: "member"}, bots={70: ["can_manage_topics"]}),
        ],
        blobs=Blobs(folder / "blobs"),
        faults=faults or Faults(),
        clock=lambda: NOW,
    )


async def settled() -> None:
    """Let everything that is under way on this machine go on, without waiting by the clock."""
    for _ in range(100):
        await asyncio.sleep(0)


class Caller:
    """A bot without any library."""

    def __init__(self, session: ClientSession, url: str, token: str = TOKEN) -> None:
        self.session, self.url, self.token = session, url, token

    async def raw(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.url}/bot{self.token}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    async def __call__(self, method: str, **params: Any) -> Any:
        status, body = await self.raw(method, **params)
        assert (status, body["ok"]) == (200, True), body
        return body["result"]

    async def refused(self, method: str, **params: Any) -> str:
        status, body = await self.raw(method, **params)
        assert (body["ok"], body["error_code"]) == (False, status)
        return f"{status} {body['description']}"


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def local(tmp_path: Path, faults: Faults) -> AsyncIterator[LocalTelegram]:
    telegram = made(tmp_path, faults)
    yield telegram
    await telegram.close()


@pytest.fixture
async def call(local: LocalTelegram) -> AsyncIterator[Caller]:
    url = await local.open()
    async with ClientSession() as session:
        yield Caller(session, url)


class TestUpdates:
    async def test_numbers_only_grow_and_an_offset_confirms(self, local: LocalTelegram, call: Caller) -> None:
        for word in ("раз", "два", "три"):
            await local.say(BOT, ANNA, ANNA, word)
        updates = await call("getUpdates")
        numbers = [update["update_id"] for update in updates]
        assert numbers == sorted(set(numbers))
        assert await call("getUpdates") == updates
        assert await call("getUpdates", offset=numbers[1]) == updates[1:]
        assert await call("getUpdates") == updates[1:]
        assert await call("getUpdates", limit=1) == updates[1:2]
        assert await call("getUpdates", offset=-1) == updates[2:]
        assert await call("getUpdates", offset=numbers[2] + 1) == []
        await local.say(BOT, ANNA, ANNA, "четыре")
        (update,) = await call("getUpdates")
        assert update["update_id"] > numbers[2]

    async def test_a_poll_waits_for_what_comes(self, local: LocalTelegram, call: Caller) -> None:
        polling = asyncio.create_task(call("getUpdates", timeout=20))
        await settled()
        assert not polling.done()
        await local.say(BOT, ANNA, ANNA, "раз")
        assert [update["message"]["text"] for update in await polling] == ["раз"]

    async def test_a_second_listener_ends_the_first(self, local: LocalTelegram, call: Caller) -> None:
        first = asyncio.create_task(call.refused("getUpdates", timeout=20))
        await settled()
        second = asyncio.create_task(call("getUpdates", timeout=20))
        assert "terminated by other getUpdates" in await first
        await local.say(BOT, ANNA, ANNA, "раз")
        assert len(await second) == 1

    async def test_kinds_that_were_not_asked_for(self, local: LocalTelegram, call: Caller) -> None:
        await call("getUpdates", allowed_updates=["callback_query"])
        await local.say(BOT, ANNA, ANNA, "раз")
        assert await call("getUpdates") == []
        await call("getUpdates", allowed_updates=[])
        await local.say(BOT, ANNA, ANNA, "два")
        local.groups.add_person(FORUM, ANNA)
        assert [{*update} - {"update_id"} for update in await call("getUpdates")] == [{"message"}, {"message"}]

    async def test_a_webhook_keeps_the_updates(self, local: LocalTelegram, call: Caller) -> None:
        assert "HTTPS" in await call.refused("setWebhook", url="http://example.org")
        await call("setWebhook", url="https://example.org/hook")
        await local.say(BOT, ANNA, ANNA, "раз")
        assert (await call.refused("getUpdates")).startswith("409 Conflict: can't use getUpdates method while webhook is active")
        assert (await call("getWebhookInfo"))["pending_update_count"] == 1
        await call("deleteWebhook")
        assert len(await call("getUpdates")) == 1

    async def test_after_a_day_they_are_lost(self, local: LocalTelegram, call: Caller) -> None:
        await local.say(BOT, ANNA, ANNA, "раз")
        at, update = local.state.bots[70].pending[0]
        local.state.bots[70].pending[0] = (at - timedelta(hours=25).total_seconds(), update)
        assert await call("getUpdates") == []

    async def test_privacy_mode_hides_the_groups_talk(self, local: LocalTelegram, call: Caller) -> None:
        other = Caller(call.session, call.url, "71:other")
        for word in ("слово", "/my@other_bot"):
            await local.say(BOT, GROUP, ANNA, word)
        assert len(await call("getUpdates")) == 2
        assert [update["message"]["text"] for update in await other("getUpdates")] == ["/my@other_bot"]


class TestRules:
    async def test_who_may_be_written_to(self, local: LocalTelegram, call: Caller) -> None:
        send = {"text": "x"}
        assert await call.refused("sendMessage", chat_id=3, **send) == "400 Bad Request: chat not found"
        assert await call.refused("sendMessage", chat_id=999, **send) == "400 Bad Request: chat not found"
        assert await call.refused("sendMessage", chat_id=1, **send) == "403 Forbidden: bot can't initiate conversation with a user"
        await local.say(BOT, ANNA, ANNA, "/start")
        assert (await call("sendMessage", chat_id=1, **send))["message_id"] == 2
        await local.block(BOT, ANNA, True)
        assert await call.refused("sendMessage", chat_id="1", **send) == "403 Forbidden: bot was blocked by the user"
        with pytest.raises(LookupError):
            await local.say(BOT, ANNA, ANNA, "раз")
        await call("leaveChat", chat_id=-1001)
        assert "kicked" in await call.refused("sendMessage", chat_id=-1001, **send)

    @pytest.mark.parametrize(
        ("method", "params", "why"),
        [
            ("sendMessage", {"text": ""}, "message text is empty"),
            ("sendMessage", {"text": " \n "}, "message text is empty"),
            ("sendMessage", {"text": "я" * 4097}, "message is too long"),
            ("sendMessage", {"text": "😀" * 2049}, "message is too long"),
            ("sendMessage", {"text": "x", "message_thread_id": 77}, "message thread not found"),
            ("sendMessage", {"text": "x", "reply_parameters": {"message_id": 77}}, "message to be replied not found"),
            ("sendMessage", {"text": "x", "reply_markup": "{"}, "can't parse reply_markup"),
            (
                "sendMessage",
                {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "я" * 33}]]}},
                "BUTTON_DATA_INVALID",
            ),
            ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, "BUTTON_DATA_INVALID"),
            ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "x y"}]]}}, "Wrong HTTP URL"),
            ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[{"callback_data": "a"}]]}}, "text"),
            ("sendMessage", {"text": "x", "reply_markup": {"keyboard": [[{"text": "a", "request_location": True}]]}}, "private chats only"),
            ("sendMessage", {"text": "x", "reply_markup": [1]}, None),
            ("sendPhoto", {"photo": "nonsense"}, "wrong file identifier"),
            ("sendPhoto", {}, "there is no photo"),
            ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}, "Too few"),
            ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}] * 11}, "Too many"),
            ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}, {"type": "document", "media": "y"}]}, "can't be mixed"),
            ("sendMediaGroup", {"media": ["x", "y"]}, "can't parse"),
            ("editMessageText", {"message_id": 77, "text": "x"}, "message to edit not found"),
            ("deleteMessage", {"message_id": 77}, "message to delete not found"),
            ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
            ("createForumTopic", {"name": "x"}, "the chat is not a forum"),
            ("getFile", {"file_id": "x"}, "wrong file_id"),
            ("getChatMember", {"user_id": 12345}, "invalid user_id"),
            ("setMyCommands", {"commands": [{"command": "Мои", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ],
    )
    async def test_what_is_refused(self, call: Caller, method: str, params: dict[str, Any], why: str | None) -> None:
        if why is None:
            await call(method, chat_id=-1001, **params)
        else:
            said = await call.refused(method, chat_id=-1001, **params)
            assert said.startswith("400 Bad Request: ")
            assert why in said

    async def test_topics(self, local: LocalTelegram, call: Caller) -> None:
        chat = {"chat_id": -1002}
        for name, why in (("", "TOPIC_TITLE_EMPTY"), ("x" * 129, "128")):
            assert why in await call.refused("createForumTopic", **chat, name=name)
        topic = chat | {"message_thread_id": (await call("createForumTopic", **chat, name="№ 1"))["message_thread_id"]}
        said = await call("sendMessage", **topic, text="Карточка")
        assert (said["message_thread_id"], said["is_topic_message"]) == (topic["message_thread_id"], True)
        assert "TOPIC_NOT_MODIFIED" in await call.refused("editForumTopic", **topic, name="№ 1")
        await call("closeForumTopic", **topic)
        assert "TOPIC_NOT_MODIFIED" in await call.refused("closeForumTopic", **topic)
        await call("sendMessage", **topic, text="бот с правом пишет и в закрытую")
        with pytest.raises(LookupError):
            await local.say(BOT, FORUM, PETROV, "а человек нет", thread=str(topic["message_thread_id"]))
        await call("reopenForumTopic", **topic)
        await call("deleteForumTopic", **topic)
        assert "TOPIC_ID_INVALID" in await call.refused("editForumTopic", **topic, name="№ 2")
        assert "message thread not found" in await call.refused("sendMessage", **topic, text="x")
        assert [bubble.text for bubble in local.bubbles(BOT, FORUM)] == []

    async def test_edits(self, local: LocalTelegram, call: Caller) -> None:
        his = await local.say(BOT, GROUP, ANNA, "раз")
        assert "can't be edited" in await call.refused("editMessageText", chat_id=-1001, message_id=int(his), text="x")
        mine = (await call("sendMessage", chat_id=-1001, text="было"))["message_id"]
        where = {"chat_id": -1001, "message_id": mine}
        assert "message is not modified" in await call.refused("editMessageText", **where, text="было")
        await call("editMessageReplyMarkup", **where, reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]})
        assert local.bubbles(BOT, GROUP)[-1].keys[0][0].label == "a"
        assert "no caption" in await call.refused("editMessageCaption", **where, caption="x")
        assert await call("deleteMessage", **where)

    async def test_rates(self, local: LocalTelegram, call: Caller) -> None:
        local.rates.enforced = True
        for _ in range(20):
            await call("sendMessage", chat_id=-1001, text="x")
        status, body = await call.raw("sendMessage", chat_id=-1001, text="x")
        assert (status, body["parameters"]) == (429, {"retry_after": 60})
        assert local.rates.early == 0
        await call.raw("sendMessage", chat_id=-1001, text="x")
        assert local.rates.early == 1
        for _ in range(10):
            await call("sendMessage", chat_id=-1002, text="x")
        assert (await call.raw("sendMessage", chat_id=-1002, text="x"))[1]["parameters"] == {"retry_after": 1}

    async def test_members(self, call: Caller) -> None:
        status = {who: (await call("getChatMember", chat_id=-1001, user_id=who))["status"] for who in (1, 2, 3, 70)}
        assert status == {1: "member", 2: "creator", 3: "left", 70: "member"}
        (admin,) = await call("getChatAdministrators", chat_id=-1002)
        assert (admin["user"]["id"], admin["can_manage_topics"], admin["can_pin_messages"]) == (70, True, False)
        assert (await call("getChat", chat_id=-1002))["is_forum"] is True


class TestWire:
    async def test_every_way_to_carry_parameters(self, local: LocalTelegram, call: Caller) -> None:
        url = f"{call.url}/bot{TOKEN}/sendMessage"
        async with call.session.get(url, params={"chat_id": "-1001", "text": "в адресе"}) as answer:
            assert answer.status == 200
        async with call.session.post(url, data={"chat_id": "-1001", "text": "в форме"}) as answer:
            assert answer.status == 200
        form = FormData({"chat_id": "-1001", "caption": "с файлом"})
        form.add_field("photo", b"png", filename="a.png", content_type="image/png")
        async with call.session.post(f"{call.url}/bot{TOKEN}/SENDPHOTO", data=form) as answer:
            photo = (await answer.json())["result"]["photo"][-1]
        assert [bubble.text for bubble in local.bubbles(BOT, GROUP)] == ["в адресе", "в форме", "с файлом"]
        path = (await call("getFile", file_id=photo["file_id"]))["file_path"]
        async with call.session.get(f"{call.url}/file/bot{TOKEN}/{path}") as answer:
            assert await answer.read() == b"png"
        assert "wrong file identifier" in await Caller(call.session, call.url, "71:other").refused(
            "sendPhoto", chat_id=-1001, photo=photo["file_id"]
        )
        for odd in (b"{", b"[1]", b'"x"'):
            async with call.session.post(url, data=odd, headers={"Content-Type": "application/json"}) as answer:
                assert answer.status == 400

    async def test_unknown_things(self, call: Caller) -> None:
        assert await call.refused("noSuchMethod") == "404 Not Found: method not found"
        assert await Caller(call.session, call.url, "72:nobody").refused("getMe") == "401 Unauthorized"
        assert await Caller(call.session, call.url, "nonsense").refused("getMe") == "404 Not Found"
        async with call.session.get(f"{call.url}/file/bot{TOKEN}/photos/nothing") as answer:
            assert answer.status == 404

    async def test_faults(self, local: LocalTelegram, call: Caller, faults: Faults) -> None:
        send = {"chat_id": -1001, "text": "x"}
        faults.set("telegram", Fault.TOO_FAST)
        assert (await call.raw("sendMessage", **send))[1]["parameters"] == {"retry_after": 3}
        assert (await call("getMe"))["id"] == 70
        faults.set("telegram", Fault.ERROR_PAGE)
        async with call.session.post(f"{call.url}/bot{TOKEN}/sendMessage", json=send) as answer:
            assert (answer.status, answer.content_type) == (502, "text/html")
        assert local.bubbles(BOT, GROUP) == []
        faults.set("telegram", Fault.SILENT)
        with pytest.raises(ServerDisconnectedError):
            await call("sendMessage", **send)
        assert len(local.bubbles(BOT, GROUP)) == 1
        assert [(failure.account, failure.method) for failure in faults.failures] == [("70", "sendMessage")] * 3
        for _ in range(3):
            faults.set("telegram", Fault.AWAY)
            await settled()
            with pytest.raises(ClientConnectorError):
                await call("sendMessage", **send)
            faults.set("telegram", Fault.NONE)
            await call("sendMessage", **send)
        assert len(local.bubbles(BOT, GROUP)) == 4

    async def test_switching_back_and_forth_at_once(self, call: Caller, faults: Faults) -> None:
        for fault in (Fault.AWAY, Fault.NONE) * 5:
            faults.set("telegram", fault)
        await settled()
        assert (await call("getMe"))["id"] == 70

    async def test_closed_in_the_middle_of_a_switch_it_stays_closed(self, tmp_path: Path, faults: Faults) -> None:
        telegram = made(tmp_path, faults)
        url = await telegram.open()
        for fault in (Fault.AWAY, Fault.NONE, Fault.AWAY, Fault.NONE):
            faults.set("telegram", fault)
        await telegram.close()
        faults.set("telegram", Fault.NONE)
        await settled()
        async with ClientSession() as session:
            with pytest.raises(ClientConnectorError):
                await Caller(session, url)("getMe")


class TestPeople:
    async def test_who_and_what_is_not_there(self, local: LocalTelegram) -> None:
        await local.say(BOT, ANNA, ANNA, "раз")
        for account, chat, person in (
            ("99", ANNA, ANNA),
            (BOT, "99", ANNA),
            (BOT, ANNA, "99"),
            (BOT, ANNA, PETROV),
            (BOT, FORUM, ANNA),
            ("x", "y", "z"),
        ):
            with pytest.raises(LookupError):
                await local.say(account, chat, person, "раз")
        for row, column in ((0, 0), (-1, 0)):
            with pytest.raises(LookupError):
                await local.press(BOT, ANNA, ANNA, "1", row, column)
        for doing in (
            local.say(BOT, ANNA, ANNA, ""),
            local.say(BOT, ANNA, ANNA, "раз", thread="5"),
            local.say(BOT, ANNA, ANNA, "раз", answer_to="5"),
            local.edit(BOT, ANNA, ANNA, "5", "два"),
            local.delete_thread(BOT, GROUP, "5"),
            local.delete_thread(BOT, ANNA, "5"),
        ):
            with pytest.raises(LookupError):
                await doing

    async def test_a_long_text_and_a_long_caption(self, local: LocalTelegram, call: Caller) -> None:
        await local.say(BOT, ANNA, ANNA, "😀" * 3000)
        await local.say(BOT, ANNA, ANNA, "я" * 1025, uploads=[Upload("photo", "", "image/png", b"png")])
        messages = [update["message"] for update in await call("getUpdates")]
        assert [len(message.get("text", "")) for message in messages] == [2048, 952, 1025, 0]

    async def test_what_was_said_outlives_a_restart(self, local: LocalTelegram, call: Caller, tmp_path: Path) -> None:
        await local.say(BOT, ANNA, ANNA, "раз", uploads=[Upload("photo", "a.png", "image/png", b"png")])
        await call("sendMessage", chat_id=1, text="два", reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]})
        thread = (await call("createForumTopic", chat_id=-1002, name="№ 1"))["message_thread_id"]
        await call("setMyCommands", commands=[{"command": "my", "description": "мои"}])
        await local.block(BOT, PETROV, True)
        updates = await call("getUpdates")
        kept = json.loads(json.dumps(local.dump()))
        again = made(tmp_path)
        again.load(kept)
        assert again.dump() == local.dump()
        assert again.bubbles(BOT, ANNA) == local.bubbles(BOT, ANNA)
        assert again.rooms(PETROV, BOT) == local.rooms(PETROV, BOT)
        assert again.rooms(PETROV, BOT)[-1].threads == {str(thread): "№ 1"}
        assert again.is_blocked(BOT, PETROV)
        url = await again.open()
        caller = Caller(call.session, url)
        assert await caller("getUpdates") == updates
        await again.say(BOT, ANNA, ANNA, "три")
        assert [update["update_id"] for update in await caller("getUpdates")][-1] > updates[-1]["update_id"]
        assert again.bubbles(BOT, ANNA)[-1].id == "3"
        await again.close()

    async def test_whoever_watches_is_told(self, local: LocalTelegram) -> None:
        told: list[int] = []
        local.watch(lambda: told.append(1))
        await local.say(BOT, ANNA, ANNA, "раз")
        said = len(told)
        await local.edit(BOT, ANNA, ANNA, "1", "два")
        assert 0 < said < len(told)
