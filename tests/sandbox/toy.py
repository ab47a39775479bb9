"""A tiny messenger in memory for the tests of the page: it keeps what people say, and the test speaks for the bots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.messenger import Attachment, Bubble, Key, Room, Upload
from sandbox.world import Cast, Choices, Hooks, World


@dataclass
class Toy:
    """One messenger of the cast."""

    kind: str
    cast: Cast
    clock: SandboxClock
    blobs: Blobs
    said: dict[tuple[str, str], list[Bubble]] = field(default_factory=dict)
    threads: dict[str, dict[str, str]] = field(default_factory=dict)
    blocked: set[tuple[str, str]] = field(default_factory=set)
    pressed: list[tuple[str, str, int, int]] = field(default_factory=list)
    started: list[tuple[str, str]] = field(default_factory=list)
    whisper: str = ""
    watchers: list[Callable[[], None]] = field(default_factory=list)
    last: int = 0

    def rooms(self, person: str, account: str) -> Sequence[Room]:
        bot = next(a for a in self.cast.accounts if (a.messenger, a.id) == (self.kind, account))
        rooms = [Room(person, bot.title, "private", commands=(("help", "что я умею"),) if self.kind == "telegram" else ())]
        for group in self.cast.groups:
            if (group.messenger, group.account) == (self.kind, account) and person in {member.id for member in group.members}:
                kind = "forum" if group.forum else "group"
                rooms.append(Room(group.chat, group.title, kind, threads=dict(self.threads.get(group.chat, {}))))
        return rooms

    def bubbles(self, account: str, chat: str, thread: str | None = None) -> Sequence[Bubble]:
        return [bubble for bubble in self.said.get((account, chat), []) if thread in (None, bubble.thread)]

    def put(self, account: str, chat: str, author: str, name: str, text: str = "", *, by_bot: bool = True, **more: Any) -> str:
        """A message appears."""
        self.last += 1
        more = {"thread": "", **more}
        bubble = Bubble(str(self.last), chat, author=author, author_name=name, by_bot=by_bot, at=self.clock(), text=text, **more)
        self.said.setdefault((account, chat), []).append(bubble)
        self.changed()
        return bubble.id

    def bot(self, account: str, chat: str, text: str, *rows: Sequence[str | Key], **more: Any) -> str:
        """A bot writes."""
        keys = tuple(tuple(key if isinstance(key, Key) else Key(key) for key in row) for row in rows)
        return self.put(account, chat, account, "Сутки · Алтайский край", text, keys=keys, **more)

    def topic(self, account: str, chat: str, title: str) -> str:
        """A bot opens a forum topic."""
        self.last += 1
        thread = str(self.last)
        self.threads.setdefault(chat, {})[thread] = title
        self.put(account, chat, "", "", f"Создана тема «{title}»", thread=thread)
        return thread

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
        if chat not in {room.chat for room in self.rooms(person, account)}:
            raise LookupError("нет такого чата")
        if start:
            self.started.append((person, start))
            text = f"/start {start}"
        files = tuple(Attachment(up.kind, self.blobs.put(up.content), up.name, up.mime) for up in uploads)
        return self.put(
            account,
            chat,
            person,
            self._name(person),
            text,
            by_bot=False,
            attachments=files,
            location=location,
            answer_to=answer_to,
            thread=thread,
            forwarded=forwarded,
        )

    async def edit(self, account: str, chat: str, person: str, message: str, text: str) -> None:
        said = self.said[account, chat]
        for at, bubble in enumerate(said):
            if (bubble.id, bubble.author) == (message, person):
                said[at] = replace(bubble, text=text, edited=True)
                self.changed()
                return
        raise LookupError("нет такого сообщения")

    async def press(self, account: str, chat: str, person: str, message: str, row: int, column: int) -> str:
        self.pressed.append((person, message, row, column))
        return self.whisper

    async def block(self, account: str, person: str, blocked: bool) -> None:
        (self.blocked.add if blocked else self.blocked.discard)((account, person))
        self.changed()

    def is_blocked(self, account: str, person: str) -> bool:
        return (account, person) in self.blocked

    async def delete_thread(self, account: str, chat: str, thread: str) -> None:
        if self.threads.get(chat, {}).pop(thread, None) is None:
            raise LookupError("нет такой темы")
        self.said[account, chat] = [bubble for bubble in self.said[account, chat] if bubble.thread != thread]
        self.changed()

    def watch(self, changed: Callable[[], None]) -> None:
        self.watchers.append(changed)

    def changed(self) -> None:
        for changed in self.watchers:
            changed()

    def dump(self) -> dict[str, Any]:
        return {"last": self.last}

    def load(self, data: dict[str, Any]) -> None:
        self.last = data["last"]

    def _name(self, person: str) -> str:
        return next(p.name for p in self.cast.persons if (p.messenger, p.id) == (self.kind, person))


def toy_world(cast: Cast, blobs: Blobs, hooks: Hooks | None = None) -> tuple[World, Toy, Toy]:
    """A world of two toys: Telegram and VK."""
    clock = SandboxClock()
    telegram, vk = (Toy(kind, cast, clock, blobs) for kind in ("telegram", "vk"))
    return World(cast, {"telegram": telegram, "vk": vk}, clock, Faults(), blobs, Choices(), hooks or Hooks()), telegram, vk
