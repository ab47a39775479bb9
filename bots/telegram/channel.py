"""One Telegram bot as a channel: hears by long polling, speaks and fetches files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from aiogram.exceptions import TelegramConflictError, TelegramRetryAfter
from aiogram.methods import (
    CloseForumTopic,
    CreateForumTopic,
    DeleteWebhook,
    EditForumTopic,
    GetMe,
    GetWebhookInfo,
    ReopenForumTopic,
    SetMyCommands,
)
from aiogram.types import BotCommand, BufferedInputFile
from pydantic import ValidationError

from bots.channel import (
    Accept,
    Address,
    Clock,
    Event,
    Fetch,
    File,
    FileGone,
    FileKind,
    FileLost,
    Identity,
    Limits,
    OpenThread,
    Outgoing,
    Refused,
    RenameThread,
    Reply,
    Undelivered,
    Unknown,
)
from bots.pages import shorten
from bots.telegram import calls, failures, translate
from bots.telegram.wire import TelegramSessions, Wire, told

P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)

_LONGEST_WAIT = 30.0
"""Seconds between two tries while Telegram is away."""
_SHORT_POLL = 0.5
"""Seconds between two polls of a server that does not wait until there is something to tell."""
_UPLOAD_TIME = 300
"""Seconds a call with files may take."""


class TelegramChannel:
    """One bot. Raises Refused when the token does not even look like one."""

    limits: Limits = calls.LIMITS

    def __init__(
        self,
        account: str,
        token: str,
        *,
        sessions: TelegramSessions,
        fetch: Fetch,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.account = account
        self.last_heard: datetime | None = None
        """When Telegram last answered a poll."""
        self._wire = Wire(token, sessions)
        self._fetch, self._clock, self._sleep = fetch, clock, sleep

    # --- who we are ---

    async def identify(self) -> Identity:
        me = await self._wire.ask(GetMe())
        name = told(me, "username", str) or ""
        link = f"https://t.me/{name}"
        return Identity(self._wire.us, told(me, "first_name", str) or name, link, f"{link}?start={{code}}" if name else "")

    async def prepare(self, commands: Mapping[str, Mapping[str, str]]) -> None:
        """A webhook would keep updates from us. The first language's commands are also what everybody else sees."""
        if await self._webhook():
            await self._wire.ask(DeleteWebhook())
        for place, (language, named) in enumerate(commands.items()):
            listed = [BotCommand(command=name, description=shorten(does, 256)) for name, does in named.items()]
            for code in {None if place == 0 else language, language or None}:
                await self._wire.ask(SetMyCommands(commands=listed, language_code=code))

    async def _webhook(self) -> str:
        """The address of the bot's webhook; empty also when Telegram does not tell."""
        try:
            return told(await self._wire.ask(GetWebhookInfo()), "url", str) or ""
        except Undelivered:
            return ""

    async def check(self) -> Sequence[str]:
        try:
            me = await self._wire.ask(GetMe())
        except Refused:
            return ("doctor-telegram-token",)
        except Undelivered:
            return ("doctor-telegram-away",)
        wrong = {
            "doctor-telegram-webhook": bool(await self._webhook()),
            "doctor-telegram-privacy": told(me, "can_read_all_group_messages", bool) is False,
            "doctor-telegram-groups": told(me, "can_join_groups", bool) is False,
        }
        return tuple(key for key, is_wrong in wrong.items() if is_wrong)

    async def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """Telegram tells names along with every event."""
        return {}

    def is_group(self, chat: str) -> bool:
        """Ids of groups and channels are negative."""
        return chat.startswith("-")

    # --- in ---

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        """Telegram repeats what was not acknowledged, or never does: ``heard_at`` says nothing to it."""
        wait = 1.0
        while True:
            try:
                cursor = await self._poll(accept, cursor)
                wait = 1.0
                continue
            except TelegramRetryAfter as error:
                why, wait = "too many requests", max(wait, float(error.retry_after))
            except TelegramConflictError as error:
                why = "conflict with another listener"
                if "webhook" in error.message.lower():
                    why = await self._drop_webhook()
            except Exception as error:  # noqa: BLE001 - whatever went wrong, a deaf bot would be worse; it is tried again
                why = type(error).__name__
            _log.warning("telegram: %s could not listen (%s), next try in %.0f s", self.account, why, wait)
            await self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _poll(self, accept: Accept, cursor: str) -> str:
        """Ask once and return the cursor to go on from: the next poll acknowledges what was accepted."""
        asked = time.monotonic()
        raws = await self._wire.poll(int(cursor) if cursor.isdecimal() else None)
        now = self.last_heard = self._clock()
        if not raws:
            if time.monotonic() - asked < _SHORT_POLL:
                await self._sleep(_SHORT_POLL)
            return cursor
        numbers = [number for raw in raws if (number := translate.update_id(raw)) is not None]
        ahead = str(max(numbers) + 1) if numbers else cursor
        await accept([translate.update(raw, now) for raw in raws], ahead)
        if not numbers:
            raise ValueError("updates without a number")  # nothing acknowledges them; they will come again at once
        return ahead

    async def _drop_webhook(self) -> str:
        try:
            await self._wire.ask(DeleteWebhook())
        except Undelivered as error:
            return f"a webhook is set and stays: {error}"
        return "a webhook was set and is removed now"

    def events(self, raw: Mapping[str, Any]) -> Sequence[Event]:
        return translate.events(raw, self.account, self._wire.us)

    # --- out ---

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        """Telegram drops no repeats: ``key`` says nothing to it."""
        place = calls.Place.of(to.chat, to.thread)
        if isinstance(out, OpenThread):
            made = await self._wire.call(CreateForumTopic(chat_id=place.chat, name=shorten(out.title, calls.TITLE)), group=True)
            return (_number(made, "message_thread_id"),)
        if isinstance(out, RenameThread):
            await self._rename(place, out)
            return ()
        if out.whisper_to:
            await self._wire.call(_built(calls.whisper, out), repeatable=True, fine=failures.TOO_OLD)
            return ()
        if out.instead_of:
            await self._edit(place, out)
            return (out.instead_of,)
        sources = await self._sources(out.files)
        seconds = None if all(isinstance(source, str) for _, source in sources) else _UPLOAD_TIME
        made = await self._wire.call(_built(calls.message, place, out, sources), group=place.group, seconds=seconds)
        return tuple(_number(message, "message_id") for message in (made if isinstance(made, list) else [made]))

    async def _rename(self, place: calls.Place, out: RenameThread) -> None:
        """Two calls; each may be repeated."""
        chat, thread = place.chat, place.thread
        if thread is None:
            raise Refused("telegram: no topic is named")
        door = CloseForumTopic if out.closed else ReopenForumTopic
        title = EditForumTopic(chat_id=chat, message_thread_id=thread, name=shorten(out.title, calls.TITLE))
        for change in (title, door(chat_id=chat, message_thread_id=thread)):
            await self._wire.call(change, repeatable=True, group=True, fine=failures.UNCHANGED)

    async def _edit(self, place: calls.Place, out: Reply) -> None:
        try:
            await self._wire.call(_built(calls.edit, place, out), repeatable=True, group=place.group, fine=failures.UNCHANGED)
        except failures.NoText:
            pass
        else:
            return
        await self._wire.call(_built(calls.edit_caption, place, out), repeatable=True, group=place.group, fine=failures.UNCHANGED)

    async def _sources(self, files: Sequence[File]) -> list[calls.Source]:
        """The files as Telegram can take them: its own by their id, those of others by their bytes."""
        sources = [(file.kind, file.ref) if file.account == self.account else await self._upload(file) for file in files]
        kinds = {kind for kind, _ in sources}
        if FileKind.DOCUMENT in kinds and len(kinds) > 1:  # a photo was too large for one; documents stand together with documents only
            return [await self._upload(file, FileKind.DOCUMENT) for file in files]
        return sources

    async def _upload(self, file: File, kind: FileKind | None = None) -> calls.Source:
        """Raises FileLost when the file is gone or more than Telegram takes."""
        content = bytearray()
        try:
            async for chunk in self._fetch(file):
                content += chunk
                if len(content) > self.limits.upload:
                    break
        except FileGone:
            content.clear()
        if not content:
            raise FileLost("telegram: the file is gone", file)
        if len(content) > self.limits.upload:
            raise FileLost("telegram: the file is larger than it takes", file)
        return kind or calls.kind_of(file, len(content)), BufferedInputFile(bytes(content), calls.file_name(file))

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises FileGone, or TryLater when Telegram is away: the file may still be had then."""
        return self._wire.download(file)

    async def close(self) -> None:
        """Nothing: the connections belong to ``TelegramSessions``."""


def _number(answer: Any, name: str) -> str:
    """An id in Telegram's answer, also when aiogram could not read the rest of it. Raises Unknown when there is none."""
    number = told(answer, name, int)
    if number is None:
        raise Unknown("telegram did it, but did not say which message it is")
    return str(number)


def _built(make: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Build a call. Raises Refused for what aiogram's types do not take; their own error would repeat the text."""
    try:
        return make(*args, **more)
    except ValidationError:
        pass
    raise Refused("telegram: the message cannot be said in its words")
