"""What a messenger is to the rest of the house: the events it brings, the replies it takes, its limits and its failures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Tells the present instant as an aware UTC datetime. Handed in everywhere, so that a test or the sandbox can move it."""


class Scene(StrEnum):
    """Where something was said."""

    PRIVATE = "private"
    GROUP = "group"
    COMMENT = "comment"


class FileKind(StrEnum):
    """What a file is to a messenger; it decides which platform call carries it."""

    PHOTO = "photo"
    VIDEO = "video"
    ROUND = "round"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True)
class Address:
    """One place where a message can be put: a chat of an account, and a thread in it when the chat has threads."""

    account: str
    chat: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that lies with a messenger; ``ref`` means something only to the account that brought it."""

    kind: FileKind
    account: str
    ref: str
    name: str = ""
    mime: str = ""
    size: int = 0
    """Bytes; 0 when the platform did not tell."""


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the map, WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Sender:
    """Who did it, as the platform names them."""

    id: str
    name: str = ""
    language: str = ""
    """BCP 47 tag of the person's messenger («ru», «en-US»), empty when unknown."""
    impersonal: bool = False
    """An anonymous group admin, a channel posting as itself, or another bot: such a sender carries no role."""


# --- what comes in -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What every event has."""

    id: str
    """Unique within the account."""
    at: datetime
    """The platform's time, UTC."""
    address: Address
    sender: Sender
    scene: Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Header):
    """Somebody wrote, sent files or a place, or forwarded something."""

    message: str
    """The platform's message id, unique within the chat."""
    text: str = ""
    files: tuple[File, ...] = ()
    location: Location | None = None
    answer_to: str = ""
    """Message id this one replies to with the messenger's own reply; empty when it replies to nothing."""
    answers_us: bool = False
    """The messenger tells that the message it replies to is ours. We need not know it: what was sent twice is known once."""
    forwarded: bool = False
    album: str = ""
    """Messages of one album share it (Telegram sends each photo by itself); empty otherwise."""
    start: str = ""
    """What a deep link carried: ``t.me/<bot>?start=X`` or ``vk.me/<group>?ref=X``."""
    forum: bool = False
    """The group has forum topics, as far as the message tells."""
    left_out: tuple[str, ...] = ()
    """Kinds of content we cannot carry (a poll, a contact …), to be told to the author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed(Header):
    """A button was pressed."""

    message: str
    payload: str
    """What our own button carried; anything at all when it was forged."""
    press: str
    """What a ``Reply.whisper_to`` needs to answer this press."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Header):
    """A message was changed by its author."""

    message: str
    said_at: datetime
    """When it was first said, UTC; ``at`` is when it was changed."""
    text: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Header):
    """A message was deleted (not every platform tells)."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Header):
    """The person forbade this account to write to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblocked(Header):
    """The person allowed this account to write to them (again)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Header):
    """Somebody, or the bot itself, came into a group, or the bot's rights or the kind of the group changed."""

    member: Sender
    is_us: bool
    title: str = ""
    forum: bool = False
    """The group has forum topics."""
    manages_topics: bool = False
    """The bot may create and rename topics (only told when ``is_us``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Header):
    """Somebody, or the bot itself, left a group or was removed from it."""

    member: Sender
    is_us: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMoved(Header):
    """The chat goes on under another id (a Telegram group became a supergroup)."""

    to: str


Event: TypeAlias = Said | Pressed | Edited | Deleted | Blocked | Unblocked | Joined | Left | ChatMoved


@dataclass(frozen=True, slots=True)
class Update:
    """One raw update as it is stored before anybody looks into it."""

    key: str
    """Unique within the account and the same when the platform repeats it."""
    raw: Mapping[str, Any]
    """Plain JSON."""
    lane: str = ""
    """What must stay in order among itself (a chat); best effort, empty when the update is too odd to tell."""
    album: str = ""
    """Updates of one album are handled together, a quiet moment after the last of them."""


class Malformed(Exception):
    """The update says nothing we could read; its text says what was wrong and where. Never carries the person's words."""


# --- what goes out -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message; ``payload`` comes back in ``Pressed``. A button with a ``url`` opens it instead."""

    label: str
    payload: str = ""
    url: str = ""


Keyboard: TypeAlias = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to be put somewhere, in plain text. Exactly one platform call, once ``bots.pages`` has cut it to size."""

    text: str = ""
    keyboard: Keyboard = ()
    files: tuple[File, ...] = ()
    answer_to: str = ""
    """Message id in the same chat to attach this one to."""
    instead_of: str = ""
    """Message id whose text and keyboard this one replaces (an edit)."""
    whisper_to: str = ""
    """``Pressed.press``: shown only to who pressed, as the platform does that (a toast)."""
    ask_place: bool = False
    """Offer a «send my location» button where the platform has one."""


@dataclass(frozen=True, slots=True)
class OpenThread:
    """Make a forum topic in the chat; the «message id» that comes back is the thread's id."""

    title: str


@dataclass(frozen=True, slots=True)
class RenameThread:
    """Give the topic of the address another title, and close or reopen it."""

    title: str
    closed: bool = False


Outgoing: TypeAlias = Reply | OpenThread | RenameThread


@dataclass(frozen=True, slots=True)
class Limits:
    """What one platform call may carry and how many calls there may be. Sources: docs/channels.md."""

    text: int
    """Characters in a message, counted in UTF-16 units."""
    caption: int
    """The same for a text that goes with files; 0: files never carry text."""
    files: int
    """Files in one message."""
    label: int
    """Characters on a button."""
    payload: int
    """Bytes in a button."""
    columns: int
    rows: int
    whisper: int
    """Characters in a whisper."""
    upload: int
    """Bytes of a file we may send."""
    per_second: int
    """Calls a second for the whole account."""
    per_chat: float
    """Seconds between two messages in one chat."""
    per_group_minute: int
    """Messages a minute in one group; 0: no such limit."""
    mixes_files: bool = True
    """A message may carry files of different kinds together."""
    files_with_keyboard: bool = True
    """A message with several files may have buttons."""
    threads: bool = False
    """Groups may have forum topics."""
    edit_hours: int = 0
    """How long a message may be edited, hours; 0: without end."""
    buttons: int = 100
    """Buttons in one keyboard, over all its rows."""
    drops_repeats: bool = False
    """The platform drops a call that comes again with the same ``key``, so that an Unknown one may simply be repeated."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is, asked of the platform."""

    id: str
    title: str
    link: str
    """Address a person opens to talk to it, e.g. ``https://t.me/altai_bot``."""
    start_link: str = ""
    """The same with a place ``{code}`` for a deep-link parameter."""


class Undelivered(Exception):
    """The message did not arrive, or may not have. One of the errors below says what that means. Never carries a token or a text."""


class TryLater(Undelivered):
    """It did not arrive; the same may be tried after ``after`` seconds. ``whole_account``: nothing else may be sent until then either."""

    def __init__(self, why: str, after: float, *, whole_account: bool = False) -> None:
        super().__init__(why)
        self.after = after
        self.whole_account = whole_account


class Unreachable(Undelivered):
    """It did not arrive and will not: the person blocked us or left, the bot was removed from the chat."""


class ThreadGone(Undelivered):
    """It did not arrive: the forum topic was deleted, or topics were switched off."""


class Refused(Undelivered):
    """It did not arrive: the platform finds the call itself wrong. Our mistake."""


class TooOld(Refused):
    """The message it was to change can be changed no more. It stands as it stood."""


class FileLost(Refused):
    """It did not arrive: ``file`` cannot be had any more, or is more than the platform takes. Without it the rest may go."""

    def __init__(self, why: str, file: File) -> None:
        super().__init__(why)
        self.file = file


class Unknown(Undelivered):
    """It may have arrived and may not: the connection broke after the call was written."""


class FileGone(Exception):
    """The platform no longer gives the file, or it is larger than it gives to bots."""


class Moved(Undelivered):
    """It did not arrive: the chat has another id now; send there."""

    def __init__(self, to: str) -> None:
        super().__init__("the chat moved")
        self.to = to


Accept: TypeAlias = Callable[[Sequence[Update], str], Awaitable[None]]
"""Stores raw updates and the cursor to go on from in one commit; returns only after it."""

Fetch: TypeAlias = Callable[[File], AsyncIterator[bytes]]
"""Opens a file of any account: how a channel gets the bytes of a file that lies with another messenger."""


class Channel(Protocol):
    """One connected account of one messenger."""

    @property
    def account(self) -> str:
        """Our name of the account, e.g. ``vk/biysk``."""

    @property
    def limits(self) -> Limits: ...

    async def identify(self) -> Identity:
        """Ask the platform who the token belongs to. Raises Refused when the token is wrong, TryLater when nobody answers."""

    async def prepare(self, commands: Mapping[str, Mapping[str, str]]) -> None:
        """Register the commands with the messenger's menu: language → command → what it does. Failing is not fatal."""

    async def check(self) -> Sequence[str]:
        """What is wrong with the account's rights and settings, as message keys of the locale (``doctor-…``); empty when all is well."""

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        """Fetch updates for ever from the cursor, and acknowledge them only after ``accept`` returned. Ends by cancellation only.

        ``heard_at``: when the cursor was stored; what was said before is not taken up where updates have to be made up for.
        """

    def events(self, raw: Mapping[str, Any]) -> Sequence[Event]:
        """What a raw update says, in our words; empty when it is of no interest. Pure. Raises Malformed."""

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        """Make one platform call. Returns the ids of the messages that appeared (one, or one per file of an album; none for a whisper).

        ``key`` (1 … 2³¹−1) is the same when the same row is sent again, so that a platform that can drop repeats does.
        Raises one of the Undelivered errors.
        """

    def is_group(self, chat: str) -> bool:
        """Whether several people read the chat: groups have limits of their own."""

    async def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """People's names by their ids, where events do not tell them; none where they do. Raises Undelivered when nobody answers."""

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file of this account. Raises FileGone."""

    async def close(self) -> None:
        """Let go of connections."""
