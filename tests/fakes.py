"""The two things that tests fake: the wire and the clock."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.channel import (
    Accept,
    Address,
    Event,
    File,
    Identity,
    Limits,
    Malformed,
    OpenThread,
    Outgoing,
    Refused,
    RenameThread,
    Reply,
    ThreadGone,
    Undelivered,
)
from tests import canaries

START = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)
"""20:00 in Barnaul: what is reported now is reminded of in daytime."""

TELEGRAM = Limits(
    text=4096,
    caption=1024,
    files=10,
    label=64,
    payload=64,
    columns=8,
    rows=20,
    whisper=200,
    upload=50_000_000,
    per_second=30,
    per_chat=1.0,
    per_group_minute=20,
    mixes_files=False,
    files_with_keyboard=False,
    threads=True,
)
VK = Limits(
    text=4096,
    caption=4096,
    files=10,
    label=40,
    payload=255,
    columns=5,
    rows=6,
    whisper=90,
    upload=50_000_000,
    per_second=20,
    per_chat=0.0,
    per_group_minute=0,
    edit_hours=24,
    buttons=10,
    drops_repeats=True,
)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Move it forward by hours, minutes, seconds, days."""
        self.now += timedelta(**by)


@dataclass
class Shown:
    """A message as it stands in a chat now."""

    id: str
    address: Address
    reply: Reply
    edits: int = 0

    @property
    def text(self) -> str:
        return self.reply.text

    @property
    def labels(self) -> list[str]:
        """What stands on its buttons, row by row."""
        return [button.label for row in self.reply.keyboard for button in row]


class FakeChannel:
    """A messenger without a wire: what is put into it comes out as events, what is sent stands in its chats."""

    def __init__(self, account: str, limits: Limits) -> None:
        self.account = account
        self.limits = limits
        self.shown: list[Shown] = []
        self.whispers: list[tuple[str, str]] = []
        self.threads: dict[tuple[str, str], str] = {}
        self.closed: set[tuple[str, str]] = set()
        self.names: dict[str, str] = {}
        self.keys: list[int] = []
        self.fail: dict[str, list[Undelivered | None]] = {}
        """By chat: how the next calls go; None: well. The last one stays."""
        self._events: dict[int, Event] = {}
        self._ids = itertools.count(1)

    # --- what tests put in -------------------------------------------------------------------------------------------

    def raw(self, event: Event) -> Mapping[str, Any]:
        """The raw update of an event."""
        canaries.hear(event)
        number = next(self._ids)
        self._events[number] = event
        return {"event": number}

    def next_id(self) -> str:
        """A fresh message id."""
        return str(next(self._ids))

    # --- what the house calls ----------------------------------------------------------------------------------------

    async def identify(self) -> Identity:
        return Identity(
            self.account, self.account, f"https://example.org/{self.account}", f"https://example.org/{self.account}?start={{code}}"
        )

    async def prepare(self, commands: Mapping[str, Mapping[str, str]]) -> None:
        return None

    async def check(self) -> Sequence[str]:
        return ()

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        raise AssertionError("stories put events in themselves")

    def events(self, raw: Mapping[str, Any]) -> Sequence[Event]:
        if raw.get("event") not in self._events:
            raise Malformed("no such event")
        return [self._events[raw["event"]]]

    def is_group(self, chat: str) -> bool:
        return chat.startswith(("-", "2000000"))

    async def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        return {user: self.names[user] for user in user_ids if user in self.names}

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        self.keys.append(key)
        self._fail(to)
        if isinstance(out, OpenThread):
            thread = self.next_id()
            self.threads[to.chat, thread] = out.title
            return (thread,)
        if isinstance(out, RenameThread):
            self._known(to)
            self.threads[to.chat, to.thread] = out.title
            return ()
        if out.whisper_to:
            self.whispers.append((out.whisper_to, out.text))
            return ()
        if out.instead_of:
            shown = self.standing(to.chat, out.instead_of)
            if shown is None:
                raise Refused("message to edit not found")
            shown.reply = replace(out, files=shown.reply.files)
            shown.edits += 1
            return (shown.id,)
        if to.thread:
            self._known(to)
        count = max(len(out.files), 1)
        ids = tuple(self.next_id() for _ in range(count))
        self.shown.append(Shown(ids[0], to, out))
        return ids

    def standing(self, chat: str, message: str) -> Shown | None:
        """A message of ours that stands in a chat."""
        return next((one for one in self.shown if one.id == message and one.address.chat == chat), None)

    def delete_thread(self, chat: str, thread: str) -> None:
        """Somebody deletes a forum topic with all that stands in it."""
        del self.threads[chat, thread]
        self.shown = [one for one in self.shown if (one.address.chat, one.address.thread) != (chat, thread)]

    def _known(self, to: Address) -> None:
        if (to.chat, to.thread) not in self.threads:
            raise ThreadGone("no such topic")

    def _fail(self, to: Address) -> None:
        planned = self.fail.get(to.chat)
        if planned:
            problem = planned.pop(0) if len(planned) > 1 else planned[0]
            if problem is not None:
                raise problem

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        yield b"bytes of " + file.ref.encode()

    async def close(self) -> None:
        return None
