from __future__ import annotations

from typing import Any

import pytest
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError
from aiogram.methods import SendMessage
from aiohttp import ClientConnectorDNSError, ClientOSError, ConnectionTimeoutError, ServerDisconnectedError

from bots.channel import Moved, Refused, ThreadGone, TooOld, TryLater, Undelivered, Unknown, Unreachable
from bots.telegram.failures import NoText, undelivered

CALL = SendMessage(chat_id=1, text="секретный текст")


def answered(status: int, description: str, **parameters: Any) -> Exception:
    """What aiogram raises for such an answer of Telegram."""
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters or None}
    session = type("Session", (BaseSession,), {"close": None, "make_request": None, "stream_content": None})()
    try:
        session.check_response(bot=None, method=CALL, status_code=status, content=session.json_dumps(body))
    except Exception as error:  # noqa: BLE001 - it is what we look at
        return error
    raise AssertionError("aiogram took it for a success")


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (403, "Forbidden: bot was blocked by the user", Unreachable),
        (403, "Forbidden: user is deactivated", Unreachable),
        (403, "Forbidden: bot was kicked from the supergroup chat", Unreachable),
        (403, "Forbidden: bot is not a member of the supergroup chat", Unreachable),
        (403, "Forbidden: bot can't initiate conversation with a user", Unreachable),
        (400, "Bad Request: chat not found", Unreachable),
        (400, "Bad Request: PEER_ID_INVALID", Unreachable),
        (400, "Bad Request: group chat was deactivated", Unreachable),
        (400, "Bad Request: not enough rights to send text messages to the chat", Unreachable),
        (400, "Bad Request: have no rights to send a message", Unreachable),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Unreachable),
        (400, "Bad Request: message thread not found", ThreadGone),
        (400, "Bad Request: TOPIC_DELETED", ThreadGone),
        (400, "Bad Request: TOPIC_CLOSED", ThreadGone),
        (400, "Bad Request: TOPIC_ID_INVALID", ThreadGone),
        (400, "Bad Request: the chat is not a forum", ThreadGone),
        (400, "Bad Request: not enough rights to create a topic", ThreadGone),
        (400, "Bad Request: message is too long", Refused),
        (400, "Bad Request: message text is empty", Refused),
        (400, "Bad Request: BUTTON_DATA_INVALID", Refused),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", Refused),
        (400, "Bad Request: message to edit not found", Refused),
        (400, "Bad Request: message can't be edited", TooOld),
        (400, "Bad Request: there is no text in the message to edit", NoText),
        (404, "Not Found", TryLater),
        (404, "Not Found: method is unknown", Refused),
        (413, "Request Entity Too Large", Refused),
        (418, "I'm a teapot", Refused),
        (401, "Unauthorized", TryLater),
        (409, "Conflict: terminated by other getUpdates request", TryLater),
        (500, "Internal Server Error", Unknown),
        (500, "Internal Server Error: restart", Unknown),
        (502, "Bad Gateway", Unknown),
    ],
)
def test_what_telegram_says(status: int, description: str, kind: type[Undelivered]) -> None:
    failure = undelivered(answered(status, description))
    assert type(failure) is kind
    assert str(failure)


def test_to_wait() -> None:
    private = undelivered(answered(429, "Too Many Requests: retry after 7", retry_after=7))
    group = undelivered(answered(429, "Too Many Requests: retry after 7", retry_after=7), group=True)
    assert isinstance(private, TryLater)
    assert isinstance(group, TryLater)
    assert (private.after, private.whole_account, group.after, group.whole_account) == (7, True, 7, False)


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("description", ["Too Many Requests", "Too Many Requests: retry later"])
def test_to_wait_without_being_told_how_long(description: str, group: bool) -> None:
    failure = undelivered(answered(429, description), group=group)
    assert isinstance(failure, TryLater)
    assert (failure.after, failure.whole_account) == (30, not group)


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
def test_a_wrong_token_stops_the_account(status: int, description: str) -> None:
    """Of a token of an odd form Telegram says that there is no such address."""
    failure = undelivered(answered(status, description))
    assert isinstance(failure, TryLater)
    assert (failure.after, failure.whole_account) == (60, True)


def test_a_moved_chat() -> None:
    failure = undelivered(answered(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100500))
    assert isinstance(failure, Moved)
    assert failure.to == "-100500"


def broken(cause: Exception) -> Exception:
    error = TelegramNetworkError(method=CALL, message=f"{type(cause).__name__}: https://api.telegram.org/bot1:canary/sendMessage")
    error.__cause__ = cause
    return error


KEY: Any = type("Key", (), {"host": "canary", "port": 1, "is_ssl": True, "ssl": True})()


@pytest.mark.parametrize("cause", [ClientConnectorDNSError(KEY, OSError("canary")), ConnectionTimeoutError("canary")])
def test_what_was_never_sent_is_tried_again(cause: Exception) -> None:
    failure = undelivered(broken(cause))
    assert isinstance(failure, TryLater)
    assert failure.whole_account


@pytest.mark.parametrize(
    "error",
    [
        broken(TimeoutError()),
        broken(ServerDisconnectedError("canary")),
        broken(ClientOSError("canary")),
        ClientDecodeError("Failed to decode object", ValueError("canary"), "<html>canary</html>"),
        UnicodeDecodeError("utf-8", b"canary", 0, 1, "canary"),
    ],
)
def test_what_may_have_arrived_is_unknown_unless_it_may_be_repeated(error: Exception) -> None:
    assert type(undelivered(error)) is Unknown
    assert type(undelivered(error, repeatable=True)) is TryLater
    assert "canary" not in str(undelivered(error))


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: inline keyboard button URL 'https://canary.example' is invalid: Wrong HTTP URL",
        'Bad Request: can\'t parse entities: Unsupported start tag "canary" at byte offset 5',
        "Bad Request: секретный canary",
        "Forbidden: 1234:canary",
    ],
)
def test_no_error_repeats_what_telegram_quoted(description: str) -> None:
    failure = undelivered(answered(400, description))
    assert "canary" not in f"{failure!r} {failure}"
    assert str(failure).startswith("telegram: ")
