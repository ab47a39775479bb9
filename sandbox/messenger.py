"""The person's side of a local messenger: what the page's phones show and do, the same for every platform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message; ``blob`` names its bytes in the sandbox's ``Blobs``."""

    kind: str
    """photo, video, round, voice, audio, document, sticker"""
    blob: str
    name: str
    mime: str


@dataclass(frozen=True, slots=True)
class Key:
    """A button as a phone draws it. ``url`` keys open an address; ``place`` keys send the phone's location."""

    label: str
    url: str = ""
    place: bool = False


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as a phone draws it."""

    id: str
    chat: str
    thread: str
    author: str
    """Person or bot id; empty for a service line («тема создана», «бот добавлен»)."""
    author_name: str
    by_bot: bool
    at: datetime
    text: str
    attachments: tuple[Attachment, ...] = ()
    location: tuple[float, float] | None = None
    keys: tuple[tuple[Key, ...], ...] = ()
    answer_to: str = ""
    edited: bool = False
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A chat as a phone lists it: private with a bot, a group, a forum with topics (thread id → title)."""

    chat: str
    title: str
    kind: str
    """private, group, forum"""
    threads: dict[str, str] = field(default_factory=dict)
    closed_threads: frozenset[str] = frozenset()
    commands: tuple[tuple[str, str], ...] = ()
    """The bot's registered commands: name and what it does."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a person attaches."""

    kind: str
    name: str
    mime: str
    content: bytes


class Messenger(Protocol):
    """A local Telegram or VK, seen from a person's phone.

    Chats are named from the *person's* point of view by the id that the bots see as the chat: in a private chat with a bot
    that is the person's own id, so ``account`` (the bot's or community's id) says with whom.
    Every method raises ``LookupError`` with a plain sentence for an unknown person, chat, message or button.
    """

    kind: str
    """telegram, vk"""

    def rooms(self, person: str, account: str) -> Sequence[Room]:
        """The chats in which this person and this bot meet; the private one first."""

    def bubbles(self, account: str, chat: str, thread: str | None = None) -> Sequence[Bubble]:
        """What stands in a chat, oldest first; of one forum topic when ``thread`` is given."""

    async def say(
        self,
        account: str,
        chat: str,
        person: str,
        text: str = "",
        *,
        uploads: Sequence[Upload] = (),
        location: tuple[float, float] | None = None,
        answer_to: str = "",
        thread: str = "",
        start: str = "",
        forwarded: bool = False,
    ) -> str:
        """Write; several uploads become an album as on the real platform. ``start``: came by a deep link. Returns the message id."""

    async def edit(self, account: str, chat: str, person: str, message: str, text: str) -> None: ...

    async def press(self, account: str, chat: str, person: str, message: str, row: int, column: int) -> str:
        """Press a button and wait up to 15 s for what the bot whispers to the presser; empty when it says nothing."""

    async def block(self, account: str, person: str, blocked: bool) -> None:
        """The person forbids the bot to write (or allows it again)."""

    def is_blocked(self, account: str, person: str) -> bool: ...

    async def delete_thread(self, account: str, chat: str, thread: str) -> None:
        """Somebody deletes a forum topic with all that stands in it (platforms without topics raise LookupError)."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after everything that a phone could show differently."""
