"""The connection to Telegram: makes a call through aiogram and turns every failure into one of our own, which tells no secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeGuard, TypeVar, cast

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.methods import GetFile, TelegramMethod
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientError, ClientResponseError, ClientTimeout

from bots.channel import File, FileGone, Refused, TryLater, Undelivered
from bots.telegram import failures
from bots.telegram.calls import DOWNLOAD
from bots.telegram.kinds import WANTED

T = TypeVar("T")

_POLL = 25
"""Seconds Telegram keeps a poll open until something happens."""
_LONGEST_CALL = 30
"""Seconds a call without files may take: whoever wrote an answer hears within a minute that nobody knows whether it arrived."""
_DOWNLOAD_TIME = 300
"""Seconds a file may take to come."""
_IDLE_CONNECTION = 1.5
"""Seconds an unused connection is kept: less than the 2 or 5 s after which many servers close theirs, just as we write to it."""


class GetRawUpdates(TelegramMethod[Any]):
    """``getUpdates`` without aiogram's types: it reads a batch as a whole, so that one update it cannot read would make the bot deaf."""

    __returning__ = Any
    __api_method__ = "getUpdates"
    offset: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class TelegramSessions:
    """The connections of any number of bots: one pool to hear and one to speak, without limits, so that no bot waits for another."""

    def __init__(self, base_url: str = "https://api.telegram.org") -> None:
        api = TelegramAPIServer.from_base(base_url)
        self.polling = AiohttpSession(api=api, limit=0)
        # aiogram hands its timeout to aiohttp as it is; a connection that does not come to be is told apart from a missing answer
        self.sending = AiohttpSession(api=api, limit=0, timeout=cast("float", ClientTimeout(total=_LONGEST_CALL, sock_connect=10)))
        self.sending._connector_init["keepalive_timeout"] = _IDLE_CONNECTION  # aiogram has no other way to say it

    async def close(self) -> None:
        await asyncio.gather(self.polling.close(), self.sending.close())


class Wire:
    """One bot's calls. Raises Refused when the token does not even look like one."""

    def __init__(self, token: str, sessions: TelegramSessions) -> None:
        try:
            self._polling, self._sending = Bot(token, session=sessions.polling), Bot(token, session=sessions.sending)
        except TokenValidationError:
            token = ""
        if not token:
            raise Refused("telegram: the token is not of the form 123:abc")
        self.us = str(self._sending.id)

    async def poll(self, offset: int | None) -> list[Any]:
        """The next updates as Telegram wrote them. Raises whatever went wrong."""
        asked = GetRawUpdates(offset=offset, timeout=_POLL, allowed_updates=list(WANTED))
        raws = await self._polling(asked, request_timeout=_POLL + 15)
        if not isinstance(raws, list):
            raise TypeError("not a list of updates")
        return raws

    async def call(
        self,
        method: TelegramMethod[T],
        *,
        repeatable: bool = False,
        group: bool = False,
        fine: tuple[str, ...] = (),
        seconds: int | None = None,
    ) -> T:
        """Make one call. ``fine``: refusals that are as good as success; the answer is ``None`` then.

        The error that is raised has none of the library's behind it: those know the address and the answer.
        """
        try:
            return await self._sending(method, request_timeout=seconds)
        except Exception as error:  # noqa: BLE001 - whatever the libraries raise must become one of the closed set
            if failures.says(error, fine):
                return cast("T", None)
            if _was_done(error):
                return cast("T", error.data.get("result"))
            failure = failures.undelivered(error, repeatable=repeatable, group=group)
        raise failure

    async def ask(self, method: TelegramMethod[T]) -> T:
        """Make a call that changes nothing worth a doubt. Raises Refused for a wrong token too, else TryLater."""
        failure: Undelivered
        try:
            return await self._sending(method)
        except TelegramUnauthorizedError:
            failure = Refused("telegram: the token is not accepted")
        except TelegramNotFound:  # said of a token of an odd form, too
            failure = Refused(f"telegram does not know this bot or has no {method.__api_method__}")
        except Exception as error:  # noqa: BLE001 - as above
            if _was_done(error):
                return cast("T", error.data.get("result"))
            failure = failures.undelivered(error, repeatable=True)
        raise failure

    async def download(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises FileGone, or TryLater when Telegram is away: the file may still be had then."""
        if file.size > DOWNLOAD:
            raise FileGone("larger than telegram gives to bots")
        failure: Exception | None = None
        session = self._sending.session
        try:
            found = await self.call(GetFile(file_id=file.ref), repeatable=True)
            url = session.api.file_url(self._sending.token, told(found, "file_path", str) or "")
            async for chunk in session.stream_content(url, timeout=_DOWNLOAD_TIME):
                yield chunk
        except TryLater as error:
            failure = TryLater(str(error), error.after)
        except Undelivered:
            failure = FileGone("telegram does not give the file")
        except ClientResponseError as error:  # it carries the address, and the address carries the token
            failure = FileGone("telegram does not give the file") if error.status < 500 else TryLater("telegram gives no file now", 5)
        except (ClientError, OSError, TimeoutError) as error:
            failure = TryLater(f"telegram gives no file now ({type(error).__name__})", 5)
        if failure:
            raise failure


def _was_done(error: Exception) -> TypeGuard[ClientDecodeError]:
    """Telegram did it; only the answer has a shape that aiogram does not know."""
    return isinstance(error, ClientDecodeError) and isinstance(error.data, dict) and error.data.get("ok") is True


def told(answer: Any, name: str, kind: type[T]) -> T | None:
    """A field of an answer, whether aiogram could read the rest of it or not; None when it is not there or of another kind."""
    value = answer.get(name) if isinstance(answer, dict) else getattr(answer, name, None)
    return value if isinstance(value, kind) else None
