"""Nothing that Telegram answers makes a bot deaf."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bots.channel import Address, Reply, Unknown, Update
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from sandbox.blobs import Blobs
from sandbox.messenger import Bubble
from sandbox.telegram import LocalTelegram
from sandbox.telegram_state import LocalBot, LocalPerson
from tests.bots.contract import Wired, fetcher
from tests.bots.telegram.conftest import BOT, TOKEN, close

Answer = Callable[[web.Request], Any]


class Scripted:
    """A Telegram that answers getUpdates as it is told, one after the other, and then keeps silent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.offsets: list[str | None] = []
        self.others: list[str] = []
        self.result: Any = True
        """What every other method answers."""
        self.polled = asyncio.Condition()

    async def page(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if method != "getUpdates":
            self.others.append(method)
            return web.json_response({"ok": True, "result": self.result})
        form = await request.post()
        self.offsets.append(str(form["offset"]) if "offset" in form else None)
        async with self.polled:
            self.polled.notify_all()
        if not self.answers:
            await asyncio.Event().wait()
        answer: web.StreamResponse = self.answers.pop(0)(request)
        return answer


def result(*updates: Any) -> Answer:
    return lambda _: web.json_response({"ok": True, "result": list(updates)})


def refusal(status: int, description: str, **parameters: Any) -> Answer:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return lambda _: web.json_response(body, status=status)


def text(body: str, status: int = 200) -> Answer:
    return lambda _: web.Response(text=body, status=status)


def reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[Scripted, TelegramChannel, list[float]]]:
    local = Scripted()
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", local.page)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sessions = TelegramSessions(f"http://127.0.0.1:{runner.addresses[0][1]}")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    channel = TelegramChannel(
        "telegram/altai", TOKEN, sessions=sessions, fetch=fetcher({}), clock=lambda: datetime(2025, 3, 12, tzinfo=UTC), sleep=sleep
    )
    yield local, channel, waits
    await close(sessions)
    await runner.cleanup()


async def listen(channel: TelegramChannel, local: Scripted, *, polls: int, cursor: str = "") -> tuple[list[Update], list[str]]:
    """Receive until so many polls were made; what was accepted, and the cursors."""
    updates: list[Update] = []
    cursors: list[str] = []

    async def accept(batch: Sequence[Update], ahead: str) -> None:
        updates.extend(batch)
        cursors.append(ahead)

    listening = asyncio.create_task(channel.receive(accept, cursor))
    async with asyncio.timeout(10), local.polled:
        await local.polled.wait_for(lambda: len(local.offsets) >= polls)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return updates, cursors


SOUND = {"update_id": 8, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "секретный текст"}}


@pytest.mark.parametrize(
    "answer",
    [
        text("<html><body>502 Bad Gateway</body></html>", 502),
        text("<html>секретный</html>"),
        text('{"ok": true, "result": [{"update_id": 8, "mess'),
        text('{"ok": true, "result": {"update_id": 8}}'),
        text('{"ok": true}'),
        text("null"),
        text("[]"),
        text(""),
        lambda _: web.Response(body=b'{"ok": true, "result": "\xff\xfe'),
        refusal(401, "Unauthorized"),
        refusal(404, "Not Found"),
        refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"),
        refusal(429, "Too Many Requests: retry after 5", retry_after=5),
        refusal(500, "Internal Server Error"),
        reset,
    ],
)
async def test_it_goes_on_after_any_answer(scripted: Any, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    local, channel, waits = scripted
    local.answers = [answer, result(SOUND)]
    with caplog.at_level(logging.DEBUG):
        updates, cursors = await listen(channel, local, polls=3)
    assert [update.key for update in updates] == ["8"]
    assert cursors == ["9"]
    assert local.offsets == [None, None, "9"]
    assert len(waits) == 1
    assert waits[0] >= 1
    assert channel.last_heard == datetime(2025, 3, 12, tzinfo=UTC)
    assert "canary" not in caplog.text
    assert "секретный" not in caplog.text


async def test_it_waits_longer_and_longer_but_not_for_ever(scripted: Any) -> None:
    local, channel, waits = scripted
    local.answers = [text("no", 502)] * 7 + [result(SOUND), text("no", 502), result()]
    await listen(channel, local, polls=11)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 1, 0.5]


async def test_a_server_that_never_waits_is_not_asked_in_a_race(scripted: Any) -> None:
    local, channel, waits = scripted
    local.answers = [result(), result(), result(SOUND), result()]
    updates, _ = await listen(channel, local, polls=5)
    assert waits == [0.5] * 3
    assert len(updates) == 1


async def test_it_waits_as_long_as_it_is_told(scripted: Any) -> None:
    local, channel, waits = scripted
    local.answers = [refusal(429, "Too Many Requests: retry after 45", retry_after=45), result(SOUND)]
    await listen(channel, local, polls=3)
    assert waits == [45]


async def test_what_cannot_be_read_is_stored_and_acknowledged(scripted: Any) -> None:
    local, channel, _ = scripted
    odd = [{"update_id": 5, "message": "?"}, "not an object", None, {"update_id": "6"}, {"update_id": 7, "message": {"photo": 5}}, SOUND]
    local.answers = [result(*odd)]
    updates, cursors = await listen(channel, local, polls=2)
    assert len(updates) == len(odd)
    assert len({update.key for update in updates}) == len(odd)
    assert cursors == ["9"]
    assert local.offsets == [None, "9"]
    json.dumps([update.raw for update in updates])


async def test_updates_without_any_number_do_not_make_it_race(scripted: Any) -> None:
    local, channel, waits = scripted
    local.answers = [result({"message": 1})] * 3
    _, cursors = await listen(channel, local, polls=4, cursor="5")
    assert cursors == ["5"] * 3
    assert waits == [1, 2, 4]


async def test_numbers_that_jump_back_are_followed(scripted: Any) -> None:
    local, channel, _ = scripted
    local.answers = [result(SOUND | {"update_id": 900}), result(SOUND | {"update_id": 3})]
    _, cursors = await listen(channel, local, polls=3, cursor="850")
    assert cursors == ["901", "4"]
    assert local.offsets == ["850", "901", "4"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "-5", "²"])
async def test_a_cursor_of_no_form_starts_with_what_waits(scripted: Any, cursor: str) -> None:
    local, channel, _ = scripted
    await listen(channel, local, polls=1, cursor=cursor)
    assert local.offsets == [None]


async def test_a_webhook_that_is_in_the_way_is_removed(wired: Wired, telegram: LocalTelegram) -> None:
    telegram.state.bots[int(BOT)].webhook = "https://example.org/hook"
    await wired.greet()
    assert telegram.state.bots[int(BOT)].webhook == ""


async def test_another_listener_is_no_reason_to_remove_a_webhook(scripted: Any) -> None:
    local, channel, _ = scripted
    local.answers = [refusal(409, "Conflict: terminated by other getUpdates request"), result()]
    await listen(channel, local, polls=3)
    assert local.others == []


async def test_many_bots_listen_over_one_session_and_still_speak(tmp_path: Any, faults: Any) -> None:
    bots = [LocalBot(number, f"{number}:canary", f"b{number}_bot", "Бот", friends=[5]) for number in range(100, 250)]
    local = LocalTelegram(bots, [LocalPerson(5, "Анна")], blobs=Blobs(tmp_path / "b"), faults=faults, clock=lambda: datetime.now(UTC))
    sessions = TelegramSessions(await local.open())
    channels = [
        TelegramChannel(f"telegram/{bot.id}", bot.token, sessions=sessions, fetch=fetcher({}), clock=lambda: datetime.now(UTC))
        for bot in bots
    ]
    heard: set[str] = set()
    all_heard = asyncio.Event()

    async def accept(updates: Sequence[Update], _: str) -> None:
        heard.update(update.raw["message"]["text"] for update in updates)
        if len(heard) == len(bots):
            all_heard.set()

    listening = [asyncio.create_task(channel.receive(accept, "")) for channel in channels]
    try:
        async with asyncio.timeout(30):
            await asyncio.gather(*(channel.send(Address(channel.account, "5"), Reply("раз"), 1) for channel in channels))
            await asyncio.gather(*(local.say(str(bot.id), "5", "5", str(bot.id)) for bot in bots))
            await all_heard.wait()
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await close(sessions)
        await local.close()
    bubbles: Sequence[Bubble] = local.bubbles(str(bots[0].id), "5")
    assert [bubble.text for bubble in bubbles] == ["раз", "100"]


async def test_a_message_whose_answer_cannot_be_read_was_sent_all_the_same(scripted: Any) -> None:
    local, channel, _ = scripted
    to = Address(channel.account, "5")
    local.result = {"message_id": 77, "a_shape_of_tomorrow": True}
    assert await channel.send(to, Reply("раз"), 1) == ("77",)
    local.result = True
    with pytest.raises(Unknown):
        await channel.send(to, Reply("раз"), 1)
