"""Promise 14: secrets and texts never reach the logs, whatever goes wrong, at DEBUG.

An automatic fixture (``what_is_logged`` in tests/conftest.py) looks for canaries after every test there is. Here every kind of fault
is provoked, with words and tokens wherever they could come along: each must be logged, and nothing of them with it.
"""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiogram.exceptions import ClientDecodeError, TelegramBadRequest, TelegramNetworkError
from aiogram.methods import SendMessage
from sqlalchemy import text

from bots import logs, redaction
from bots.channel import Address, File, FileGone, FileKind, Reply
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from storage.store import Store
from tests import canaries
from tests.fakes import FakeClock
from tests.wire import faults
from tests.wire.telegram_server import TelegramServer
from tests.wire.vk_server import VkServer

WORDS = "канарейка: на Ленина 15 прорвало трубу"
TELEGRAM, VK = "7012345678:AAH9" + "x-_Z" * 8, "vk1.a." + "q9-_Z" * 20
ADDRESS = f"https://api.telegram.org/bot{TELEGRAM}/sendMessage?text={WORDS}&access_token={VK}"
LIBRARIES = ("aiogram.event", "aiogram.dispatcher", "vkbottle", "aiohttp.client", "aiohttp.access", "sqlalchemy.engine.Engine", "aiosqlite")
LIBRARIES += ("sqlalchemy.pool", "asyncpg", "asyncio", "hpack", "anything")
log = structlog.get_logger("bots.canaries")


@pytest.fixture(params=[False, True], ids=["console", "json"])
def out(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that is written, at DEBUG, in both forms."""
    stream = io.StringIO()
    hooks = sys.unraisablehook, threading.excepthook
    logs.start("debug", json=request.param, stream=stream)
    logs.catch_strays()
    yield stream
    sys.unraisablehook, threading.excepthook = hooks
    redaction._known.clear()


def nothing_told(out: io.StringIO, *events: str) -> None:
    """It was logged, and nothing of what it was about."""
    said = out.getvalue()
    assert [event for event in events if event not in said] == []
    assert canaries.found_in(said) == []
    assert [secret for secret in (WORDS, TELEGRAM, VK, "Ленина") if secret in said] == []


# --- exceptions --------------------------------------------------------------------------------------------------------


def chained() -> Exception:
    """An error behind an error behind an error, each with something to tell."""
    try:
        try:
            int(WORDS)
        except ValueError as first:
            raise KeyError(ADDRESS) from first
    except KeyError as second:
        second.add_note(WORDS)
        group = ExceptionGroup(WORDS, [second, OSError(f"no route to {ADDRESS.partition(WORDS)[0]}")])
        group.add_note(TELEGRAM)
        return group


BROKEN: tuple[Callable[[], Exception], ...] = (
    chained,
    lambda: ValueError(WORDS, TELEGRAM),
    lambda: RuntimeError({"text": WORDS, "access_token": VK}),
    lambda: UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, WORDS),
    lambda: ClientDecodeError(WORDS, ValueError(WORDS), {"text": WORDS, "token": VK}),
    lambda: TelegramBadRequest(method=SendMessage(chat_id=1, text=WORDS), message=f"can't parse {WORDS}"),
    lambda: TelegramNetworkError(method=SendMessage(chat_id=1, text=WORDS), message=ADDRESS),
    lambda: aiohttp.ClientResponseError(_request(), (), status=502, message=WORDS),
    lambda: aiohttp.InvalidURL(ADDRESS),
    lambda: aiohttp.ServerDisconnectedError(WORDS),
    lambda: OSError(5, f"bot{TELEGRAM} access_token={VK}"),
    lambda: AssertionError(WORDS),
)


def _request() -> Any:
    from multidict import CIMultiDict, CIMultiDictProxy
    from yarl import URL

    return aiohttp.RequestInfo(URL(ADDRESS), "POST", CIMultiDictProxy(CIMultiDict()), URL(ADDRESS))


@pytest.mark.parametrize("make", BROKEN)
def test_an_exception_of_any_kind(out: io.StringIO, make: Callable[[], Exception]) -> None:
    try:
        words = WORDS  # a local of the frame, too
        raise make()
    except Exception as failure:
        log.exception("fault_told", account="vk/altai", why=f"bot{TELEGRAM}/x?access_token={VK}")
        logging.getLogger("bots.plain").exception("fault_plain", stack_info=True)
        for name in LIBRARIES:
            logging.getLogger(name).error("fault of %s with %r", WORDS, failure, exc_info=failure)
        assert words
    nothing_told(out, "fault_told", "fault_plain", "fault of %s")


# --- libraries at DEBUG ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL])
def test_what_libraries_log_themselves(out: io.StringIO, level: int) -> None:
    for name in LIBRARIES:
        logging.getLogger(name).log(level, "of a library: %s %s", WORDS, {"token": TELEGRAM, "deep": [VK]})
        logging.getLogger(name).log(level, f"of a library\n{WORDS}")  # noqa: G004  # as asyncio does
    nothing_told(out)


async def test_a_database_that_refuses(store: Store, out: io.StringIO) -> None:
    """The statement's parameters are a citizen's words; so is what PostgreSQL says of the row."""
    statements = (
        "INSERT INTO nowhere VALUES (:said)",
        "INSERT INTO people (id, created_at) VALUES (:said, :said)",
        "SELECT CAST(:said AS INTEGER) / 0 FROM nothing",
        "INSERT INTO marks (name, at, value) VALUES (:said, NULL, :said)",
    )
    for statement in statements:
        try:
            async with store.transaction() as tx:
                await tx.connection.execute(text(statement), {"said": WORDS})
        except Exception:
            log.exception("database_refused")
    nothing_told(out, "database_refused")


# --- what Python prints by itself --------------------------------------------------------------------------------------


async def _breaks() -> None:
    raise ValueError(WORDS, ADDRESS)


async def test_a_task_and_a_future_nobody_asked_after(out: io.StringIO) -> None:
    task = asyncio.ensure_future(_breaks())
    await asyncio.wait([task])
    del task
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError(WORDS))
    del future
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": f"odd\n{WORDS}", "exception": KeyError(WORDS)})
    await asyncio.sleep(0)
    nothing_told(out, "never retrieved", "ValueError", "KeyError")


async def test_a_callback_of_the_loop(out: io.StringIO) -> None:
    asyncio.get_running_loop().call_soon(lambda: int(WORDS))
    await asyncio.sleep(0.001)
    nothing_told(out, "Exception in callback")


def test_a_thread_and_what_cannot_raise(out: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    class Ends:
        def __del__(self) -> None:
            raise ValueError(WORDS, TELEGRAM)

    one = Ends()
    del one
    gc.collect()
    thread = threading.Thread(target=lambda: int(WORDS))
    thread.start()
    thread.join()
    nothing_told(out, "stray_exception", "thread_broke")
    assert canaries.found_in("".join(capfd.readouterr())) == []


def test_a_warning(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"odd value {WORDS} {TELEGRAM}", RuntimeWarning, stacklevel=1)
    nothing_told(out, "RuntimeWarning")


# --- the messengers themselves -----------------------------------------------------------------------------------------

GOES_WRONG = (*(getattr(faults, name) for name in ("RESETS", "GATEWAY", "HALF", "LOST", "AWAY")), None)


async def nothing_to_fetch(file: File) -> Any:
    raise FileGone(WORDS)
    yield b""  # what makes it a generator


async def tried(work: Awaitable[Any]) -> None:
    """Do something with a messenger; what it raises is logged in full, as the house does with what it does not know."""
    try:
        async with asyncio.timeout(5):
            await work
    except Exception as failure:
        log.exception("call_failed", why=repr(failure))


async def fetched(channel: Any, file: File) -> None:
    async for _ in channel.fetch(file):
        pass


@pytest.mark.parametrize("fault", GOES_WRONG)
async def test_telegram_in_every_way_it_fails(out: io.StringIO, fault: Any, tmp_path: Path) -> None:
    server = TelegramServer(TELEGRAM)
    await server.start()
    server.fault = lambda _: fault
    sessions = TelegramSessions(server.url)
    channel = TelegramChannel("telegram/altai", TELEGRAM, sessions=sessions, fetch=nothing_to_fetch, clock=FakeClock())
    try:
        await tried(channel.identify())
        await tried(channel.prepare({"ru": {"my": WORDS}}))
        await tried(channel.send(Address("telegram/altai", "100"), Reply(text=WORDS), 1))
        await tried(channel.send(Address("telegram/altai", "100"), Reply(text=WORDS, instead_of="7"), 1))
        await tried(channel.send(Address("telegram/altai", "100"), Reply(text=WORDS, whisper_to="x"), 1))
        await tried(fetched(channel, File(FileKind.PHOTO, "telegram/altai", WORDS)))
    finally:
        for session in (sessions.polling, sessions.sending):
            await (await session.create_session()).close()
        await sessions.close()
        await server.stop()
    nothing_told(out)


@pytest.mark.parametrize("fault", GOES_WRONG)
async def test_vk_in_every_way_it_fails(out: io.StringIO, fault: Any) -> None:
    server = VkServer(VK)
    await server.start()
    server.fault = lambda _: fault
    sessions = Sessions()
    channel = VkChannel("vk/altai", VK, base_url=server.url, sessions=sessions, fetch=nothing_to_fetch, clock=FakeClock())
    try:
        await tried(channel.identify())
        await tried(channel.send(Address("vk/altai", "100"), Reply(text=WORDS), 1))
        await tried(channel.send(Address("vk/altai", "100"), Reply(text=WORDS, instead_of="7"), 1))
        await tried(channel.send(Address("vk/altai", "100"), Reply(text=WORDS, whisper_to='["e", 1, 1]'), 1))
        await tried(fetched(channel, File(FileKind.PHOTO, "vk/altai", f"- http://127.0.0.1:1/{WORDS}?access_token={VK}")))
    finally:
        await channel.close()
        await sessions.close()
        await server.stop()
    nothing_told(out)
