"""Nobody's words and no secret get into the logs, whoever logs and however."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sqlite3
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bots import logs, redaction

TELEGRAM = "7012345678:AAH9" + "x-_Z" * 8
VK = "vk1.a." + "q9-_Z" * 20
OLD_VK = "0123456789abcdef" * 5 + "01234"
KNOWN = "correct horse battery staple"
WORDS = "На Ленина 15 прорвало трубу"


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    redaction._known.clear()


@pytest.fixture(params=["console", "json"])
def out(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    redaction.hide(KNOWN)
    logs.start("debug", json=request.param == "json", stream=stream)
    return stream


@pytest.mark.parametrize("secret", [TELEGRAM, VK, OLD_VK, KNOWN])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda secret: secret,
        lambda secret: f"https://api.telegram.org/bot{secret}/getMe",
        lambda secret: f"https://api.vk.ru/method/messages.send?access_token={secret}&v=5.199",
        lambda secret: {"headers": [{"authorization": f"Bearer {secret}"}]},
        lambda secret: (secret, 1),
        lambda secret: OSError(f"cannot reach {secret}"),
        lambda secret: secret.encode(),
    ],
)
def test_a_secret_is_starred_out_wherever_it_stands(out: io.StringIO, secret: str, wrap: Any) -> None:
    structlog.get_logger("bots.any").info("call.failed", why=wrap(secret), account="vk/biysk")
    assert secret not in out.getvalue()
    assert "***" in out.getvalue()
    assert "vk/biysk" in out.getvalue()


def test_a_secret_in_the_event_itself_or_a_name_is_starred_out(out: io.StringIO) -> None:
    structlog.get_logger("bots.any").warning(f"token {VK}", **{f"x{TELEGRAM}": 1})
    assert VK not in out.getvalue()
    assert TELEGRAM not in out.getvalue()


def test_a_password_in_a_database_address_is_starred_out(out: io.StringIO) -> None:
    structlog.get_logger("bots.any").info("store.opened", url="postgresql+asyncpg://sutki:hunter2@db/sutki")
    assert "hunter2" not in out.getvalue()
    assert "@db/sutki" in out.getvalue()


def test_an_exception_shows_where_and_what_kind_but_not_the_value_it_failed_on(out: io.StringIO) -> None:
    try:
        try:
            int(WORDS)
        except ValueError as wrong:
            raise OSError(f"no route with {TELEGRAM}") from wrong
    except OSError:
        structlog.get_logger("bots.any").exception("turn.failed", update=5)
    said = out.getvalue()
    assert WORDS not in said
    assert TELEGRAM not in said
    assert "ValueError" in said
    assert "no route with ***" in said
    assert "test_logs.py" in said


def test_what_sqlite_says_is_kept(out: io.StringIO) -> None:
    try:
        raise sqlite3.OperationalError("database is locked")
    except sqlite3.Error:
        structlog.get_logger("storage.any").exception("store.failed")
    assert "database is locked" in out.getvalue()


def test_each_exception_of_a_group_is_described(out: io.StringIO) -> None:
    group = ExceptionGroup("several", [ValueError(WORDS), TypeError("not a number")])
    structlog.get_logger("bots.any").error("tasks.failed", exc_info=group)
    assert WORDS not in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert "not a number" in out.getvalue()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR])
@pytest.mark.parametrize("name", ["aiogram.event", "aiohttp.access", "sqlalchemy.engine.Engine", "aiosqlite", "asyncpg", "anything.else"])
def test_a_library_never_logs_what_people_wrote(out: io.StringIO, name: str, level: int) -> None:
    logging.getLogger(name).log(level, "handling %r of %s", WORDS, TELEGRAM, exc_info=ValueError(WORDS))
    assert WORDS not in out.getvalue()
    assert TELEGRAM not in out.getvalue()
    assert ("handling" in out.getvalue()) is (level >= logging.WARNING)


def test_vkbottle_goes_through_the_same_door(out: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    import vkbottle.modules

    vk: Any = vkbottle.modules.logger
    vk.debug("Request {} with {} data returned {}", "messages.send", {"message": WORDS}, VK)
    vk.error("Request {} failed with {}", "messages.send", WORDS)
    assert WORDS not in out.getvalue()
    assert "Request {} failed" in out.getvalue()
    assert capfd.readouterr().err == ""


async def test_a_task_nobody_waited_for_does_not_spill_its_exception(out: io.StringIO) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "Task exception was never retrieved", "exception": ValueError(WORDS)})
    assert WORDS not in out.getvalue()
    assert "never retrieved" in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_warnings_are_logged_by_their_place_and_kind(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"odd value {WORDS}", stacklevel=1)
    assert "test_logs.py" in out.getvalue()
    assert "UserWarning" in out.getvalue()
    assert WORDS not in out.getvalue()


def test_json_is_one_object_a_line_with_russian_readable() -> None:
    stream = io.StringIO()
    logs.start("info", json=True, stream=stream)
    structlog.get_logger("bots.any").info("inbox.stored", organisation="ЖКХ", count=3, ratio=None)
    logging.getLogger("bots.other").warning("plain %d", 5)
    logging.getLogger("bots.other").debug("too quiet")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["organisation"], first["count"], first["level"]) == ("inbox.stored", "ЖКХ", 3, "info")
    assert (second["event"], second["logger"]) == ("plain 5", "bots.other")
    assert "ЖКХ" in stream.getvalue()


def test_a_short_value_is_no_secret() -> None:
    redaction.hide("ab")
    assert redaction.redact("about") == "about"


def test_ordinary_text_is_left_as_it_is() -> None:
    for text in ("14:05", "https://t.me/altai_bot?start=abc", "vk/biysk", "sqlite+aiosqlite:///data/sutki.db", "12345:short"):
        assert redaction.redact(text) == text
