"""What the local Telegram knows: bots and their waiting updates, people, groups, messages, files. Plain JSON in and out."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.blobs import Blobs

Json: TypeAlias = dict[str, Any]

KEPT = 24 * 3600
"""Seconds an update waits for its bot."""
_UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Updates a bot gets only when it names them."""


class ApiError(Exception):
    """A refusal in the Bot API's words."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass
class LocalBot:
    """One bot."""

    id: int
    token: str
    username: str
    title: str
    reads_all: bool = True
    """Privacy mode is off: it sees every message of its groups."""
    commands: dict[str, list[Json]] = field(default_factory=dict)
    """By language code; empty for everybody else."""
    webhook: str = ""
    allowed: list[str] = field(default_factory=list)
    pending: list[tuple[float, Json]] = field(default_factory=list)
    last_update: int = 0
    last_message: int = 0
    """In its private chats."""
    friends: list[int] = field(default_factory=list)
    """People who have written to it."""
    blocked: list[int] = field(default_factory=list)
    """People who forbade it to write."""


@dataclass
class LocalPerson:
    """Somebody with a phone."""

    id: int
    name: str
    language: str = "ru"


@dataclass
class Topic:
    """A forum topic."""

    title: str
    closed: bool = False


@dataclass
class LocalGroup:
    """A group of people and bots."""

    id: int
    title: str
    forum: bool = False
    supergroup: bool = True
    members: dict[int, str] = field(default_factory=dict)
    """Person → creator, administrator, member."""
    bots: dict[int, list[str]] = field(default_factory=dict)
    """Bot → its rights (``can_manage_topics`` …); a bot without rights is a plain member."""
    removed: list[int] = field(default_factory=list)
    """Bots that were removed."""
    topics: dict[int, Topic] = field(default_factory=dict)
    last_message: int = 0
    moved_to: int = 0


class State:
    """Everything, and the few things that happen to it from both sides."""

    def __init__(self, bots: Iterable[LocalBot], people: Iterable[LocalPerson], groups: Iterable[LocalGroup], blobs: Blobs) -> None:
        self.bots = {bot.id: bot for bot in bots}
        self.people = {person.id: person for person in people}
        self.groups = {group.id: group for group in groups}
        self.blobs = blobs
        self.dialogs: dict[str, dict[int, Json]] = {}
        """Messages as bots see them, but with our own file ids, by dialog and id."""
        self.files: dict[str, Json] = {}
        self.arrived: dict[int, asyncio.Event] = {}
        self.watchers: list[Callable[[], None]] = []

    # --- messages ---

    def dialog(self, bot: int, chat: int) -> dict[int, Json]:
        """The messages of a private chat with a bot, or of a group."""
        return self.dialogs.setdefault(str(chat) if chat < 0 else f"{bot}:{chat}", {})

    def add(self, bot: LocalBot, chat: int, message: Json) -> Json:
        """Put a message into a chat and number it."""
        counter = self.groups[chat] if chat < 0 else bot
        counter.last_message += 1
        number = counter.last_message
        whole = {"message_id": number, "chat": self.chat(chat), **message}
        self.dialog(bot.id, chat)[number] = whole
        self.changed()
        return whole

    def chat(self, chat: int) -> Json:
        """A chat as the Bot API writes it."""
        if chat > 0:
            return {"id": chat, "type": "private", "first_name": self.people[chat].name}
        group = self.groups[chat]
        forum = {"is_forum": True} if group.forum else {}
        return {"id": chat, "type": "supergroup" if group.supergroup else "group", "title": group.title, **forum}

    def user(self, number: int) -> Json:
        """A person or a bot as the Bot API writes them."""
        if bot := self.bots.get(number):
            return {"id": bot.id, "is_bot": True, "first_name": bot.title, "username": bot.username}
        person = self.people[number]
        return {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": person.language}

    def thread(self, chat: int, thread: int | None) -> Json:
        """The fields that put a message into a topic. Raises ApiError when there is no such topic."""
        if not thread:
            return {}
        if chat > 0 or thread not in self.groups[chat].topics:
            raise ApiError(400, "Bad Request: message thread not found")
        return {"message_thread_id": thread, "is_topic_message": True}

    # --- files ---

    def keep_file(self, kind: str, content: bytes, name: str, mime: str) -> Json:
        """Keep a file and return what stands in a message for it."""
        number = f"{kind}-{len(self.files) + 1}"
        self.files[number] = {"kind": kind, "blob": self.blobs.put(content), "name": name, "mime": mime, "size": len(content)}
        return self.file_part(number, kind)

    def file_part(self, number: str, kind: str) -> Json:
        """The part of a message that shows a file we keep, e.g. ``{"photo": […]}``."""
        kept = self.files[number]
        base: Json = {"file_id": number, "file_unique_id": kept["blob"][:16], "file_size": kept["size"]}
        named = base | ({"file_name": kept["name"]} if kept["name"] else {}) | ({"mime_type": kept["mime"]} if kept["mime"] else {})
        if kind == "photo":
            return {"photo": [base | {"file_size": 1, "width": 90, "height": 67}, base | {"width": 1280, "height": 960}]}
        if kind in ("round", "video_note"):
            return {"video_note": base | {"length": 240, "duration": 5}}
        if kind == "sticker":
            shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return {"sticker": base | shape}
        more: Json = {
            "video": {"width": 1280, "height": 720, "duration": 5},
            "voice": {"duration": 5},
            "audio": {"duration": 5},
        }.get(kind, {})
        return {kind: named | more}

    # --- updates ---

    def tell(self, bot: LocalBot, kind: str, content: Json, at: datetime) -> None:
        """Give a bot an update, unless it did not ask for that kind."""
        if kind not in bot.allowed if bot.allowed else kind in _UNASKED:
            return
        if not bot.last_update:
            bot.last_update = random.randrange(100_000_000, 900_000_000)  # noqa: S311 - Telegram begins anywhere
        bot.last_update += 1
        bot.pending.append((at.timestamp(), {"update_id": bot.last_update, kind: copy.deepcopy(content)}))
        self.arrival(bot.id).set()

    def waiting(self, bot: LocalBot, offset: int, now: datetime) -> list[Json]:
        """The updates from the offset on; what came before it is confirmed, what is a day old is lost."""
        if offset < 0:
            bot.pending = bot.pending[offset:]
        bot.pending = [(at, update) for at, update in bot.pending if update["update_id"] >= offset and at > now.timestamp() - KEPT]
        return [update for _, update in bot.pending]

    def arrival(self, bot: int) -> asyncio.Event:
        """Set whenever an update comes for the bot."""
        return self.arrived.setdefault(bot, asyncio.Event())

    def changed(self) -> None:
        for changed in self.watchers:
            changed()

    # --- from one start to the next ---

    def dump(self) -> Json:
        """All of it as plain JSON."""
        return copy.deepcopy(
            {
                "bots": [asdict(bot) for bot in self.bots.values()],
                "people": [asdict(person) for person in self.people.values()],
                "groups": [asdict(group) for group in self.groups.values()],
                "dialogs": self.dialogs,
                "files": self.files,
            }
        )

    def load(self, data: Json) -> None:
        """Take up what ``dump`` wrote; bots, people and groups that it does not know stay as they are."""
        for kept in data["bots"]:
            pending = [(at, update) for at, update in kept["pending"]]
            now = self.bots.get(kept["id"])
            bot = LocalBot(**{**kept, "pending": pending})
            if now:
                bot.token, bot.username, bot.title = now.token, now.username, now.title
            self.bots[bot.id] = bot
        for kept in data["people"]:
            self.people.setdefault(kept["id"], LocalPerson(**kept))
        for kept in data["groups"]:
            group = LocalGroup(
                **{
                    **kept,
                    "members": {int(person): status for person, status in kept["members"].items()},
                    "bots": {int(bot): rights for bot, rights in kept["bots"].items()},
                    "topics": {int(thread): Topic(**topic) for thread, topic in kept["topics"].items()},
                }
            )
            self.groups[group.id] = group
        self.dialogs = {key: {int(number): message for number, message in dialog.items()} for key, dialog in data["dialogs"].items()}
        self.files = data["files"]
        self.changed()


def for_bot(bot: int, value: Any) -> Any:
    """The same JSON with the file ids that this bot knows: every bot has its own."""
    if isinstance(value, dict):
        return {key: f"{inner}.{bot}" if key == "file_id" else for_bot(bot, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [for_bot(bot, inner) for inner in value]
    return value
