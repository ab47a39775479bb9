"""Both channels against answers that no document promises: what comes of them is one of our own failures, and hearing goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bots.channel import Address, Channel, File, FileGone, FileKind, OpenThread, RenameThread, Reply, Undelivered, Update
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from bots.vk.calls import Sessions, _address
from bots.vk.channel import VkChannel
from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import Call, TelegramServer
from tests.wire.vk_server import VkServer

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    5,
    -1,
    "x",
    "",
    [],
    [None],
    [[]],
    [{}],
    [5],
    {},
    {"id": "x"},
    {"items": 5},
    {"count": 1},
    {"groups": {}},
)
PAGES = (
    ("<html><body>502 Bad Gateway</body></html>", 502),
    ("<html>Sign in to the network</html>", 200),
    ("", 200),
    ("", 204),
    ("{", 200),
    ("[]", 200),
    ("null", 404),
    ('{"detail": "Not Found"}', 404),
    ('{"ok": false}', 500),
    ('{"ok": false, "error_code": 400}', 400),
    ('{"ok": true}', 200),
    ('{"error": {"error_msg": "?"}}', 200),
    ('{"error": 5}', 403),
)
PHOTO = b"\xff\xd8\xff" + b"photo" * 100


async def soon(_: float) -> None:
    await asyncio.sleep(0)


async def elsewhere(_: File) -> AsyncIterator[bytes]:
    yield PHOTO


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def telegram() -> AsyncIterator[tuple[TelegramServer, TelegramChannel]]:
    server = TelegramServer(TELEGRAM_TOKEN)
    await server.start()
    sessions = TelegramSessions(server.url)
    yield server, TelegramChannel("telegram/altai", TELEGRAM_TOKEN, sessions=sessions, fetch=elsewhere, clock=clock, sleep=soon)
    await sessions.close()
    await server.stop()


@pytest.fixture
async def vk() -> AsyncIterator[tuple[VkServer, VkChannel]]:
    server = VkServer(VK_TOKEN)
    await server.start()
    sessions = Sessions()
    yield server, VkChannel("vk/altai", VK_TOKEN, sessions=sessions, fetch=elsewhere, clock=clock, base_url=server.url, sleep=soon)
    await sessions.close()
    await server.stop()


class Always:
    """Every method is answered by the same."""

    def __init__(self, text: str, status: int) -> None:
        self._text, self._status = text, status

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: object) -> Callable[[Call], Awaitable[web.Response]]:
        async def answer(_: Call) -> web.Response:
            return web.Response(text=self._text, status=self._status, content_type="application/json")

        return answer


def json_of(value: Any) -> str:
    return web.json_response(value).text or ""


async def tried(channel: Channel) -> None:
    """Do everything a channel can do; only our own failures may come of it."""
    to, photo = Address(channel.account, "7"), File(FileKind.PHOTO, "somebody/else", "ref", "photo.jpg")
    own = File(FileKind.PHOTO, channel.account, "ref")
    press = '["e", 1, 7]'
    deeds: Sequence[Awaitable[Any]] = (
        channel.identify(),
        channel.prepare({"ru": {"my": "мои"}}),
        channel.check(),
        channel.names_of(["7"]),
        channel.send(to, Reply("текст", answer_to="5"), 1),
        channel.send(to, Reply("текст", files=(photo,)), 2),
        channel.send(to, Reply("текст", files=(photo, photo)), 3),
        channel.send(to, Reply("текст", instead_of="5"), 4),
        channel.send(to, Reply("текст", whisper_to=press), 5),
        channel.send(to, OpenThread("тема"), 6),
        channel.send(Address(channel.account, "7", "8"), RenameThread("тема"), 7),
        _drained(channel, own),
    )
    for deed in deeds:
        with suppress(Undelivered, FileGone):
            await deed


async def _drained(channel: Channel, file: File) -> None:
    async for _ in channel.fetch(file):
        pass


@pytest.mark.parametrize("odd", ODD, ids=repr)
async def test_odd_results_of_telegram(telegram: tuple[TelegramServer, TelegramChannel], odd: Any) -> None:
    server, channel = telegram
    server.odd = Always(json_of({"ok": True, "result": odd}), 200)  # type: ignore[assignment]  # all that is asked of it
    await tried(channel)


@pytest.mark.parametrize(("page", "status"), PAGES)
async def test_pages_of_somebody_else_instead_of_telegram(telegram: tuple[TelegramServer, TelegramChannel], page: str, status: int) -> None:
    server, channel = telegram
    server.odd = Always(page, status)  # type: ignore[assignment]
    await tried(channel)


@pytest.mark.parametrize("odd", ODD, ids=repr)
async def test_odd_responses_of_vk(vk: tuple[VkServer, VkChannel], odd: Any) -> None:
    server, channel = vk
    server.odd = Always(json_of({"response": odd}), 200)  # type: ignore[assignment]
    await tried(channel)


@pytest.mark.parametrize(("page", "status"), PAGES)
async def test_pages_of_somebody_else_instead_of_vk(vk: tuple[VkServer, VkChannel], page: str, status: int) -> None:
    server, channel = vk
    server.odd = Always(page, status)  # type: ignore[assignment]
    await tried(channel)


# --- hearing goes on ---------------------------------------------------------------------------------------------------


async def heard(channel: Channel, cursor: str) -> Update:
    """The first update that is told."""
    came: asyncio.Future[Update] = asyncio.get_running_loop().create_future()

    async def accept(updates: Sequence[Update], _: str) -> None:
        if updates and not came.done():
            came.set_result(updates[0])

    listening = asyncio.create_task(channel.receive(accept, cursor))
    try:
        async with asyncio.timeout(20):
            return await came
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def once_each(answers: Sequence[web.Response], server: Any, method: str) -> Callable[[Call], Awaitable[web.Response]]:
    """Answers with each in turn, then lets the server itself answer."""
    left = list(answers)

    async def answer(call: Call) -> web.Response:
        if len(left) == 1:
            del server.odd[method]
        return left.pop(0)

    return answer


async def test_telegram_is_heard_after_any_odd_answer(telegram: tuple[TelegramServer, TelegramChannel]) -> None:
    server, channel = telegram
    answers = [web.json_response({"ok": True, "result": odd}) for odd in ODD if not isinstance(odd, list)]
    answers += [web.Response(text=page, status=status) for page, status in PAGES]
    server.odd["getUpdates"] = once_each(answers, server, "getUpdates")
    server.says({"id": 7, "type": "private"}, {"id": 7, "is_bot": False, "first_name": "Анна"}, "текст", date=1_700_000_000)
    assert (await heard(channel, "")).raw["message"]["text"] == "текст"


async def test_vk_is_heard_after_any_odd_answer(vk: tuple[VkServer, VkChannel]) -> None:
    server, channel = vk
    answers = [web.json_response({"response": odd}) for odd in (*ODD, {"key": "k"}, {"key": "wire", "server": "", "ts": 1})]
    answers += [web.Response(text=page, status=status) for page, status in PAGES]
    server.odd["groups.getLongPollServer"] = once_each(answers, server, "groups.getLongPollServer")
    server.says(7, "текст", date=1_700_000_000)
    assert (await heard(channel, "1")).raw["object"]["message"]["text"] == "текст"


# --- what the documents allow, and not every server does ---------------------------------------------------------------


async def test_telegram_packed_with_gzip(telegram: tuple[TelegramServer, TelegramChannel]) -> None:
    server, channel = telegram
    server.gzip = True
    assert (await channel.identify()).title == "Алтай"
    assert len(await channel.send(Address("telegram/altai", "7"), Reply("текст"), 1)) == 1


async def test_an_account_needs_no_more_of_getme_than_its_name(telegram: tuple[TelegramServer, TelegramChannel]) -> None:
    server, channel = telegram
    server.odd["getMe"] = once_each([web.json_response({"ok": True, "result": {"username": "altai_bot"}})], server, "getMe")
    who = await channel.identify()
    assert (who.id, who.title, who.start_link) == (TELEGRAM_TOKEN.partition(":")[0], "altai_bot", "https://t.me/altai_bot?start={code}")


async def test_methods_that_a_server_does_not_know_say_nothing_about_the_token(telegram: tuple[TelegramServer, TelegramChannel]) -> None:
    _, channel = telegram
    assert await channel.check() == ()


async def test_a_file_of_telegram_needs_only_its_path(telegram: tuple[TelegramServer, TelegramChannel]) -> None:
    server, channel = telegram
    name = server.keeps(PHOTO)
    server.odd["getFile"] = once_each([web.json_response({"ok": True, "result": {"file_path": f"photos/{name}.jpg"}})], server, "getFile")
    assert b"".join([chunk async for chunk in channel.fetch(File(FileKind.PHOTO, "telegram/altai", name))]) == PHOTO


@pytest.mark.parametrize("old_shape", [False, True])
async def test_a_community_in_both_shapes(vk: tuple[VkServer, VkChannel], old_shape: bool) -> None:
    server, channel = vk
    server.old_shape = old_shape
    assert (await channel.identify()).start_link == "https://vk.me/altai_wire?ref={code}"


async def test_vk_is_found_though_only_its_host_was_named(vk: tuple[VkServer, VkChannel]) -> None:
    server, _ = vk
    sessions = Sessions()
    bare = f"http://127.0.0.1:{server.port}"
    channel = VkChannel("vk/altai", VK_TOKEN, sessions=sessions, fetch=elsewhere, clock=clock, base_url=bare, sleep=soon)
    assert (await channel.identify()).title == "Алтай слышит"
    assert await channel.send(Address("vk/altai", "7"), Reply("текст"), 1)
    await sessions.close()


@pytest.mark.parametrize(
    ("response", "ids"),
    [
        (31, ("m31",)),
        ([{"peer_id": 7, "message_id": 31}], ("m31",)),
        ([{"peer_id": 7, "message_id": 31, "conversation_message_id": 4}], ("4",)),
        ([{"peer_id": 7, "message_id": 0, "conversation_message_id": 4}], ("4",)),
    ],
)
async def test_the_number_of_a_message_however_vk_tells_it(vk: tuple[VkServer, VkChannel], response: Any, ids: tuple[str, ...]) -> None:
    server, channel = vk
    server.odd["messages.send"] = once_each([web.json_response({"response": response})], server, "messages.send")
    assert await channel.send(Address("vk/altai", "7"), Reply("текст"), 1) == ids


async def test_a_message_without_a_number_of_its_own_is_replied_to_and_edited_by_its_id(vk: tuple[VkServer, VkChannel]) -> None:
    server, channel = vk
    await channel.send(Address("vk/altai", "7"), Reply("текст", answer_to="m31"), 1)
    assert '"message_ids": [31]' in (await server.called("messages.send")).params["forward"]
    await channel.send(Address("vk/altai", "7"), Reply("иначе", instead_of="m31"), 2)
    params = (await server.called("messages.edit")).params
    assert (params["message_id"], "cmid" in params) == ("31", False)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("lp.vk.ru/wh1", "https://lp.vk.ru/wh1"),
        ("https://lp.vk.ru/wh1", "https://lp.vk.ru/wh1"),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
    ],
)
def test_addresses_of_long_poll_servers(given: str, used: str) -> None:
    assert _address(given) == used
