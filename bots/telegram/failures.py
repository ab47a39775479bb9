"""What Telegram's refusals and broken connections mean for a message of ours. Pure.

No description is passed on as it came: it could quote an address or a text.
"""

from __future__ import annotations

import re

from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError, ConnectionTimeoutError

from bots.channel import Moved, Refused, ThreadGone, TooOld, TryLater, Undelivered, Unknown, Unreachable

_THREAD_GONE = (
    "message thread not found",
    "topic_deleted",
    "topic_id_invalid",
    "topic_closed",
    "topic not found",
    "not a forum",
    "channel_forum_missing",
    "not enough rights to create a topic",
    "not enough rights to manage topics",
)
_UNREACHABLE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "input_user_deactivated",
    "user is deactivated",
    "group chat was deactivated",
    "bot was blocked",
    "bot was kicked",
    "have no rights to send",
    "not enough rights to send",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "need administrator rights",
)
UNCHANGED = ("message is not modified", "topic_not_modified")
"""The place already looks as we wanted."""
TOO_OLD = ("query is too old", "query id is invalid", "query_id_invalid")
"""A press that can no longer be answered: nobody waits for the whisper."""
_NO_TEXT = ("no text in the message to edit",)
_TOO_MANY = ("too many requests",)
_NO_SUCH_ADDRESS = "Not Found"
"""All that Telegram says of a token of an odd form, and of a method it does not have; those that we call it has."""
_FIXED = ("message can't be edited",)


def says(error: BaseException, sentences: tuple[str, ...]) -> bool:
    """Whether Telegram refused with one of these sentences."""
    return isinstance(error, TelegramAPIError) and any(sentence in str(error.message).lower() for sentence in sentences)


class NoText(Refused):
    """The message to edit is a file with a caption."""


def undelivered(error: BaseException, *, repeatable: bool = False, group: bool = False) -> Undelivered:
    """The error of the closed set that this one is. ``repeatable``: doing it twice does no harm, so a doubt is no doubt."""
    if isinstance(error, TelegramMigrateToChat):
        return Moved(str(error.migrate_to_chat_id))
    if isinstance(error, TelegramEntityTooLarge):
        return Refused("telegram: too large")
    if isinstance(error, UnicodeEncodeError):  # half a letter in the text; it never became a request
        return Refused("telegram: the message has a letter that is none")
    if later := _later(error, group):
        return later
    if isinstance(error, TelegramNetworkError | TelegramServerError) or not isinstance(error, TelegramAPIError):
        why = f"telegram did not answer properly ({type(error).__name__})"
        return TryLater(why, 5) if repeatable else Unknown(why)
    return _refused(error)


def _later(error: BaseException, group: bool) -> TryLater | None:
    if isinstance(error, TelegramRetryAfter):
        # a group has a limit of its own; one person is never written to so fast that it could be theirs
        return TryLater("telegram: too many requests", float(error.retry_after), whole_account=not group)
    if says(error, _TOO_MANY):
        return TryLater("telegram: too many requests", 30, whole_account=not group)
    if isinstance(error, TelegramUnauthorizedError) or (isinstance(error, TelegramNotFound) and error.message == _NO_SUCH_ADDRESS):
        return TryLater("telegram: the token is not accepted", 60, whole_account=True)
    if isinstance(error, TelegramConflictError):
        return TryLater("telegram: conflict", 5)
    if isinstance(error.__cause__, ClientConnectorError | ConnectionTimeoutError):  # it never stood, so nothing can have arrived
        return TryLater("telegram cannot be reached", 5, whole_account=True)
    return None


def _refused(error: TelegramAPIError) -> Undelivered:
    if says(error, _NO_TEXT):
        return NoText("telegram: no text in the message to edit")
    if says(error, _FIXED):
        return TooOld("telegram: the message can be changed no more")
    if says(error, _THREAD_GONE):
        return ThreadGone(f"telegram: {_said(error)}")
    if isinstance(error, TelegramForbiddenError) or says(error, _UNREACHABLE):
        return Unreachable(f"telegram: {_said(error)}")
    if isinstance(error, TelegramBadRequest | TelegramNotFound):
        return Refused(f"telegram: {_said(error)}")
    return Refused("telegram refused in a way we do not know")


def _said(error: TelegramAPIError) -> str:
    """The beginning of Telegram's sentence, as far as it surely is Telegram's: up to a quotation, a number, another alphabet."""
    known = next((sentence for sentence in (*_THREAD_GONE, *_UNREACHABLE) if says(error, (sentence,))), None)
    found = re.match(r"[A-Za-z_ :,;-]{0,80}", str(error.message))
    return known or (found.group().strip() if found else "") or type(error).__name__
