"""What comes of a message whose platform answers slowly, wrongly, in HTML, in half, or not at all: a doubt, and never more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import ClientTimeout, web

from bots.channel import Address, Channel, File, Refused, Reply, TryLater, Undelivered, Unknown, Unreachable
from bots.telegram import wire
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from bots.vk import calls
from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from tests.fakes import FakeClock
from tests.wire.faults import ACCEPTED, AWAY, DEAF, HALF, HANGS, LOST, Fault, refused, slow
from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import Call, TelegramServer
from tests.wire.vk_server import VkServer

TO = {"telegram": Address("telegram/altai", "7"), "vk": Address("vk/altai", "7")}
NEVER = 0.4
"""Seconds after which a call is given up here."""
ODD = (
    "",
    "{",
    "[]",
    "null",
    "<html>Sign in to the network</html>",
    '{"ok": true}',
    '{"response": []}',
    '{"response": null}',
    '{"error": 5}',
)

Place = tuple[TelegramServer | VkServer, Channel]


async def _no_file(_: File) -> AsyncIterator[bytes]:
    yield b""


@pytest.fixture(params=["telegram", "vk"])
async def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """A platform, and our channel to it."""
    monkeypatch.setattr(wire, "_LONGEST_CALL", NEVER)
    monkeypatch.setattr(calls, "_CALL", ClientTimeout(total=NEVER, connect=10))
    clock = FakeClock()
    if request.param == "telegram":
        telegram, sessions = TelegramServer(TELEGRAM_TOKEN), None
        await telegram.start()
        sessions = TelegramSessions(telegram.url)
        yield telegram, TelegramChannel("telegram/altai", TELEGRAM_TOKEN, sessions=sessions, fetch=_no_file, clock=clock)
        await sessions.close()
        await telegram.stop()
    else:
        vk, calling = VkServer(VK_TOKEN), Sessions()
        await vk.start()
        yield vk, VkChannel("vk/altai", VK_TOKEN, sessions=calling, fetch=_no_file, clock=clock, base_url=vk.url)
        await calling.close()
        await vk.stop()


def _always(fault: Fault) -> Callable[[Call], Fault]:
    return lambda _: fault


async def _comes_of(place: Place, out: Reply, key: int = 1) -> Undelivered | None:
    _, channel = place
    try:
        await channel.send(TO[channel.account.partition("/")[0]], out, key)
    except Undelivered as problem:
        return problem
    return None


@pytest.mark.parametrize("fault", ACCEPTED, ids=lambda fault: fault.answer.name)
async def test_what_was_accepted_and_not_confirmed_is_in_doubt_and_stands_there(place: Place, fault: Fault) -> None:
    server, _ = place
    server.fault = _always(fault)
    assert isinstance(await _comes_of(place, Reply("ответ")), Unknown)
    assert len(server.shown) == 1


@pytest.mark.parametrize("fault", [LOST, AWAY, DEAF], ids=["LOST", "AWAY", "DEAF"])
async def test_what_was_not_accepted_looks_the_same_from_here(place: Place, fault: Fault) -> None:
    server, _ = place
    server.fault = _always(fault)
    assert isinstance(await _comes_of(place, Reply("ответ")), Unknown)
    assert server.shown == []


async def test_slow_is_no_doubt_while_it_is_within_the_time_of_a_call(place: Place) -> None:
    server, _ = place
    server.fault = _always(slow(NEVER / 4))
    assert await _comes_of(place, Reply("ответ")) is None


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_says_nothing_leaves_a_doubt(place: Place, body: str, status: int) -> None:
    server, _ = place

    async def odd(_: Call) -> web.Response:
        return web.Response(text=body, status=status, content_type="application/json")

    server.odd["sendMessage"] = server.odd["messages.send"] = odd
    assert isinstance(await _comes_of(place, Reply("ответ")), Unknown)


@pytest.mark.parametrize("fault", [*ACCEPTED, LOST], ids=lambda fault: f"{fault.answer.name}{'' if fault.done else '-LOST'}")
async def test_an_edit_may_always_be_made_again(place: Place, fault: Fault) -> None:
    server, channel = place
    (message,) = await channel.send(TO[channel.account.partition("/")[0]], Reply("карточка"), 1)
    server.fault = lambda call: fault if "edit" in call.method else None
    assert isinstance(await _comes_of(place, Reply("карточка, взято", instead_of=message)), TryLater | Unknown)
    server.fault = lambda _: None
    assert await _comes_of(place, Reply("карточка, взято", instead_of=message)) is None
    assert len(server.shown) == 1


@pytest.mark.parametrize("fault", [HANGS, HALF], ids=["HANGS", "HALF"])
async def test_a_repeat_makes_a_second_message_only_where_the_platform_drops_none(place: Place, fault: Fault) -> None:
    server, channel = place
    server.fault = _always(fault)
    await _comes_of(place, Reply("ответ"), key=77)
    server.fault = lambda _: None
    assert await _comes_of(place, Reply("ответ"), key=77) is None
    assert len(server.shown) == (1 if channel.limits.drops_repeats else 2)


async def test_nobody_there_is_no_doubt(place: Place) -> None:
    server, _ = place
    await server.stop()
    assert isinstance(await _comes_of(place, Reply("ответ")), TryLater)


CODES = {
    "telegram": ((429, TryLater), (400, Refused), (403, Unreachable), (500, Unknown)),
    "vk": ((6, TryLater), (9, TryLater), (29, TryLater), (100, Refused), (901, Unreachable)),
}


async def test_refusals_say_that_it_did_not_arrive(place: Place) -> None:
    server, channel = place
    for code, kind in CODES[channel.account.partition("/")[0]]:
        server.fault = _always(refused(code, 3 if code == 429 else 0))
        problem = await _comes_of(place, Reply("ответ"))
        assert type(problem) is kind, code
        if code == 429:
            assert isinstance(problem, TryLater)
            assert (problem.after, problem.whole_account) == (3, True)
    assert server.shown == []
