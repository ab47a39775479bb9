"""A local Telegram: bots reach it by the real Bot API, people by the phones on the sandbox's page."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sandbox.blobs import Blobs
from sandbox.door import Door
from sandbox.faults import Faults
from sandbox.messenger import Bubble, Room, Upload
from sandbox.telegram_api import BotApi
from sandbox.telegram_bubbles import bubble, pressed_key
from sandbox.telegram_groups import Groups
from sandbox.telegram_http import application
from sandbox.telegram_messages import without_reply
from sandbox.telegram_rates import Rates
from sandbox.telegram_rules import units
from sandbox.telegram_state import Json, LocalBot, LocalGroup, LocalPerson, State
from sandbox.telegram_topics import remove_topic

_PATIENCE = 15
"""Seconds a phone waits for what a bot whispers to a press."""
_TOGETHER = {"photo": "picture", "video": "picture", "document": "document", "audio": "audio"}
"""Kinds of files that make one album."""


class LocalTelegram:
    """The whole messenger in one process. ``rates.enforced`` switches on Telegram's limits; ``groups`` changes who is in which group."""

    kind = "telegram"

    def __init__(
        self,
        bots: Iterable[LocalBot],
        people: Iterable[LocalPerson],
        groups: Iterable[LocalGroup] = (),
        *,
        blobs: Blobs,
        faults: Faults,
        clock: Callable[[], datetime],
    ) -> None:
        self.state = State(bots, people, groups, blobs)
        self.rates = Rates()
        self.groups = Groups(self.state, clock)
        self._clock = clock
        self._api = BotApi(self.state, clock, self.rates)
        self._door = Door(application(self._api, faults, clock), self.kind, faults)

    async def open(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 and return the base address for bots."""
        return await self._door.open(port)

    async def close(self) -> None:
        await self._door.close()

    def dump(self) -> Json:
        """Everything that was said, as plain JSON."""
        return self.state.dump()

    def load(self, data: Json) -> None:
        self.state.load(data)

    def watch(self, changed: Callable[[], None]) -> None:
        self.state.watchers.append(changed)

    # --- what a phone shows ---

    def rooms(self, person: str, account: str) -> Sequence[Room]:
        bot, who = self._bot(account), self._person(person)
        commands = bot.commands.get(who.language) or bot.commands.get("", [])
        listed = tuple((command["command"], command["description"]) for command in commands)
        rooms = [Room(str(who.id), bot.title, "private", commands=listed)]
        for group in self.state.groups.values():
            if who.id in group.members and bot.id in group.bots and not group.moved_to:
                threads = {str(thread): topic.title for thread, topic in group.topics.items()}
                closed = frozenset(str(thread) for thread, topic in group.topics.items() if topic.closed)
                rooms.append(Room(str(group.id), group.title, "forum" if group.forum else "group", threads, closed, listed))
        return rooms

    def bubbles(self, account: str, chat: str, thread: str | None = None) -> Sequence[Bubble]:
        bot, where = self._bot(account), self._chat(chat)
        shown = (bubble(message, self.state.files) for message in self.state.dialog(bot.id, where).values())
        return [one for one in shown if thread is None or one.thread == thread]

    # --- what a person does ---

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
        bot, where, who = self._meet(account, chat, person)
        if start:
            text = f"/start {start}"
        common: Json = {"date": int(self._clock().timestamp()), "from": self.state.user(who.id)} | self._where(
            bot, where, thread, answer_to
        )
        if forwarded:
            origin = {"type": "hidden_user", "sender_user_name": "Кто-то", "date": common["date"]}
            common |= {"forward_origin": origin, "forward_sender_name": "Кто-то", "forward_date": common["date"]}
        contents = _contents(self.state, text.strip(), uploads, location)
        if not contents:
            raise LookupError("nothing was said")
        if where > 0 and who.id not in bot.friends:
            bot.friends.append(who.id)
        said = [self.groups.deliver(bot, where, "message", self.state.add(bot, where, common | content)) for content in contents]
        return str(said[0]["message_id"])

    async def edit(self, account: str, chat: str, person: str, message: str, text: str) -> None:
        bot, where, who = self._meet(account, chat, person)
        said = self._message(bot, where, message)
        if said.get("from", {}).get("id") != who.id or not {"text", "caption"} & said.keys():
            raise LookupError("only one's own words can be changed")
        said.update({"text" if "text" in said else "caption": text, "edit_date": int(self._clock().timestamp())})
        self.groups.deliver(bot, where, "edited_message", said)
        self.state.changed()

    async def press(self, account: str, chat: str, person: str, message: str, row: int, column: int) -> str:
        bot, where, who = self._meet(account, chat, person)
        below = self._message(bot, where, message)
        data = pressed_key(below, row, column)
        query = str(random.getrandbits(62))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._api.presses[query] = answer
        update = {"id": query, "from": self.state.user(who.id), "message": below, "chat_instance": "1", "data": data}
        self.state.tell(bot, "callback_query", update, self._clock())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    return await answer
            return ""
        finally:
            del self._api.presses[query]

    async def block(self, account: str, person: str, blocked: bool) -> None:
        bot, who = self._bot(account), self._person(person)
        if blocked == (who.id in bot.blocked):
            return
        (bot.blocked.append if blocked else bot.blocked.remove)(who.id)
        if who.id not in bot.friends:
            bot.friends.append(who.id)
        us = {"user": self.state.user(bot.id)}
        inside, outside = us | {"status": "member"}, us | {"status": "kicked", "until_date": 0}
        was, now = (inside, outside) if blocked else (outside, inside)
        change = {"chat": self.state.chat(who.id), "from": self.state.user(who.id), "date": int(self._clock().timestamp())}
        self.state.tell(bot, "my_chat_member", change | {"old_chat_member": was, "new_chat_member": now}, self._clock())
        self.state.changed()

    def is_blocked(self, account: str, person: str) -> bool:
        return self._person(person).id in self._bot(account).blocked

    async def delete_thread(self, account: str, chat: str, thread: str) -> None:
        bot, where = self._bot(account), self._chat(chat)
        if where > 0 or not thread.isdecimal() or int(thread) not in self.state.groups[where].topics:
            raise LookupError("there is no such topic")
        remove_topic(self.state, bot.id, where, int(thread))

    # --- who and where ---

    def _bot(self, account: str) -> LocalBot:
        bot = self.state.bots.get(int(account)) if account.isdecimal() else None
        if bot is None:
            raise LookupError("there is no such bot")
        return bot

    def _person(self, person: str) -> LocalPerson:
        who = self.state.people.get(int(person)) if person.isdecimal() else None
        if who is None:
            raise LookupError("there is no such person")
        return who

    def _chat(self, chat: str) -> int:
        where = int(chat) if chat.removeprefix("-").isdecimal() else 0
        if where not in self.state.people and where not in self.state.groups:
            raise LookupError("there is no such chat")
        return where

    def _meet(self, account: str, chat: str, person: str) -> tuple[LocalBot, int, LocalPerson]:
        """The bot, the chat and the person, who may speak there."""
        bot, where, who = self._bot(account), self._chat(chat), self._person(person)
        if where > 0 and where != who.id:
            raise LookupError("this chat is somebody else's")
        if where < 0 and who.id not in self.state.groups[where].members:
            raise LookupError("the person is not in this group")
        if where > 0 and who.id in bot.blocked:
            raise LookupError("the person has blocked the bot")
        return bot, where, who

    def _message(self, bot: LocalBot, chat: int, number: str) -> Json:
        message = self.state.dialog(bot.id, chat).get(int(number)) if number.isdecimal() else None
        if message is None:
            raise LookupError("there is no such message")
        return message

    def _where(self, bot: LocalBot, chat: int, thread: str, answer_to: str) -> Json:
        """The fields for the topic and for what is answered; in a topic every other message «answers» the line that opened it."""
        fields: Json = {}
        if thread:
            topic = self.state.groups[chat].topics.get(int(thread)) if chat < 0 and thread.isdecimal() else None
            if topic is None or topic.closed:
                raise LookupError("there is no such topic, or it is closed")
            fields = self.state.thread(chat, int(thread))
        replied: Any = None
        if answer_to:
            replied = self._message(bot, chat, answer_to)
        elif thread:
            replied = self.state.dialog(bot.id, chat).get(int(thread))
        return fields | ({"reply_to_message": without_reply(replied)} if replied else {})


def _contents(state: State, text: str, uploads: Sequence[Upload], location: tuple[float, float] | None) -> list[Json]:
    """What a phone makes of it: long texts in parts, files of a kind as albums, the text below the first file when it fits."""
    parts = [state.keep_file(upload.kind, upload.content, upload.name, upload.mime) for upload in uploads]
    albums: list[list[int]] = []
    for place, upload in enumerate(uploads):
        kind = _TOGETHER.get(upload.kind)
        if kind and albums and len(albums[-1]) < 10 and _TOGETHER.get(uploads[albums[-1][0]].kind) == kind:
            albums[-1].append(place)
        else:
            albums.append([place])
    for album in albums:
        if len(album) > 1:
            number = {"media_group_id": str(random.randrange(10**16, 10**17))}  # noqa: S311 - only has to be new
            for place in album:
                parts[place] |= number
    if text and parts and units(text) <= 1024 and uploads[0].kind not in ("sticker", "round"):
        parts[0]["caption"] = text
        text = ""
    size = 4096 if units(text) == len(text) else 2048
    texts: list[Json] = [{"text": text[start : start + size]} for start in range(0, len(text), size)]
    for content in texts:
        if content["text"].startswith("/"):
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(content["text"].split(maxsplit=1)[0])}]
    places: list[Json] = [{"location": {"latitude": location[0], "longitude": location[1]}}] if location else []
    return [*texts, *parts, *places]
