"""A local VK: communities, people and chats, seen from a person's phone; ``vk_http`` is the side that bots see."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.blobs import Blobs
from sandbox.messenger import Attachment, Bubble, Room, Upload
from sandbox.vk_shapes import CHATS, KEPT, Chat, Community, Page, Talk, attachment, keys, media, named, service_line

_PATIENCE = 15.0
"""Seconds a phone waits for the answer to a press."""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button that waits for what the bot whispers."""

    person: int
    peer: int
    answer: asyncio.Future[str]


class LocalVk:
    """All of a local VK. Its ids only grow, over restarts too."""

    kind = "vk"

    def __init__(
        self,
        clock: Callable[[], datetime],
        blobs: Blobs,
        *,
        communities: Sequence[Community],
        people: Mapping[int, str],
        chats: Sequence[Chat] = (),
    ) -> None:
        self.clock = clock
        self.blobs = blobs
        self.people = dict(people)
        self.pages = {community.id: Page(community) for community in communities}
        self.presses: dict[str, Press] = {}
        self._last = 0
        self._watchers: list[Callable[[], None]] = []
        self._news: dict[int, list[asyncio.Future[None]]] = {}
        for chat in chats:
            talk = Talk(chat.title, list(chat.members), chat.has_community)
            self.pages[chat.community].talks[chat.peer] = talk

    # --- what both sides use ---

    def now(self) -> int:
        return int(self.clock().timestamp())

    def next_id(self) -> int:
        """A number no other thing here has or had."""
        self._last += 1
        return self._last

    def changed(self) -> None:
        for watcher in self._watchers:
            watcher()

    def names(self) -> dict[int, str]:
        """Whoever can be an author: people by their id, communities by their id below zero."""
        return self.people | {page.us: page.about.title for page in self.pages.values()}

    def put(self, page: Page, peer: int, author: int, text: str, **more: Any) -> dict[str, Any]:
        """Put a message into a conversation."""
        talk = page.talks.setdefault(peer, Talk())
        talk.last += 1
        message: dict[str, Any] = {
            "id": self.next_id(),
            "date": self.now(),
            "peer_id": peer,
            "from_id": author,
            "out": int(author == page.us),
            "text": text,
            "conversation_message_id": talk.last,
            "attachments": [],
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
            "random_id": 0,
            **{name: value for name, value in more.items() if value},
        }
        talk.messages.append(message)
        self.changed()
        return message

    def tell(self, page: Page, kind: str, about: Mapping[str, Any]) -> None:
        """Put an event where the community's long poll finds it, if that kind is switched on."""
        if not page.polls or not page.kinds.get(kind):
            return
        page.ts += 1
        update = {"type": kind, "event_id": secrets.token_hex(20), "v": "5.199", "object": deepcopy(about), "group_id": page.about.id}
        page.events = [*page.events, {"ts": page.ts, "update": update}][-KEPT:]
        for waiting in self._news.pop(page.about.id, []):
            if not waiting.done():
                waiting.set_result(None)

    async def news(self, page: Page, within: float) -> None:
        """Wait until an event comes, or the time is over."""
        waiting = asyncio.get_running_loop().create_future()
        self._news.setdefault(page.about.id, []).append(waiting)
        await asyncio.wait([waiting], timeout=within)
        waiting.cancel()

    def keep_file(self, page: Page, kind: str, owner: int, name: str, mime: str, content: bytes) -> dict[str, Any]:
        """Remember a file and return how it is attached."""
        thing = media(kind, owner, self.next_id(), self.blobs.put(content), name, mime, len(content))
        page.media[named(thing)] = thing
        return thing

    # --- what goes wrong with long polls ---

    def expire_key(self, account: str) -> None:
        """The long poll's key is no longer good: ``failed`` 2."""
        self._page(account).key += 1

    def lose_history(self, account: str) -> None:
        """The events so far are gone: ``failed`` 1 for whoever has not fetched them."""
        self._page(account).events.clear()

    # --- a person's phone ---

    def _page(self, account: str) -> Page:
        page = self.pages.get(int(account)) if account.isdecimal() else None
        if page is None:
            raise LookupError("no such community")
        return page

    def _person(self, person: str) -> int:
        if not person.isdecimal() or int(person) not in self.people:
            raise LookupError("no such person")
        return int(person)

    def _talk(self, page: Page, chat: str, person: int) -> tuple[int, Talk]:
        """The conversation that a person sees under this id."""
        peer = int(chat) if chat.isdecimal() else 0
        if peer < CHATS:
            if peer != person:
                raise LookupError("no such chat")
            return peer, page.talks.setdefault(peer, Talk())
        talk = page.talks.get(peer)
        if talk is None or person not in talk.members:
            raise LookupError("no such chat")
        return peer, talk

    def rooms(self, person: str, account: str) -> Sequence[Room]:
        page, who = self._page(account), self._person(person)
        groups = [
            Room(str(peer), talk.title, "group") for peer, talk in sorted(page.talks.items()) if peer >= CHATS and who in talk.members
        ]
        return [Room(person, page.about.title, "private"), *groups]

    def bubbles(self, account: str, chat: str, thread: str | None = None) -> Sequence[Bubble]:
        page = self._page(account)
        peer = int(chat) if chat.isdecimal() else 0
        if peer not in page.talks and peer not in self.people:
            raise LookupError("no such chat")
        names = self.names()
        messages = page.talks[peer].messages if peer in page.talks else []
        return [self._bubble(page, chat, message, names) for message in messages]

    def _bubble(self, page: Page, chat: str, message: Mapping[str, Any], names: Mapping[int, str]) -> Bubble:
        author, action, place = message["from_id"], message.get("action"), message.get("geo", {}).get("coordinates")
        forwards = message["fwd_messages"]
        attached = [each for told in (message, *forwards) for each in told["attachments"]]
        things = [page.media[f"{each['type']}{each[each['type']]['owner_id']}_{each[each['type']]['id']}"] for each in attached]
        return Bubble(
            id=str(message["conversation_message_id"]),
            chat=chat,
            thread="",
            author="" if action else str(abs(author)),
            author_name="" if action else names.get(author, ""),
            by_bot=author == page.us and not action,
            at=datetime.fromtimestamp(message["date"], UTC),
            text=service_line(action, names) if action else "\n".join(told["text"] for told in (message, *forwards) if told["text"]),
            attachments=tuple(Attachment(thing["kind"], thing["blob"], thing["name"], thing["mime"]) for thing in things),
            location=(place["latitude"], place["longitude"]) if place else None,
            keys=keys(message.get("keyboard")),
            answer_to=str(message["reply_message"]["conversation_message_id"]) if "reply_message" in message else "",
            edited="update_time" in message,
            forwarded=bool(forwards),
        )

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
        """Write. All uploads go in one message; who forbade the community to write allows it again by writing."""
        page, who = self._page(account), self._person(person)
        peer, talk = self._talk(page, chat, who)
        replied = self._excerpt(talk.message(int(answer_to))) if answer_to else None
        if who in page.denied and peer == who:
            await self.block(account, person, blocked=False)
        things = [self.keep_file(page, upload.kind, who, upload.name, upload.mime, upload.content) for upload in uploads]
        attachments = [attachment(thing, self.now()) for thing in things]
        more: dict[str, Any] = {"attachments": attachments, "reply_message": replied}
        if start:
            more |= {"ref": start, "ref_source": "link"}
            text, more["payload"] = (text, "") if text else ("Начать", '{"command":"start"}')
        if location:
            more["geo"] = {"type": "point", "coordinates": {"latitude": location[0], "longitude": location[1]}}
        if forwarded:
            number = self.next_id()
            told = {"id": number, "date": self.now(), "from_id": number, "text": text, "attachments": attachments, "fwd_messages": []}
            more |= {"fwd_messages": [{**told, "conversation_message_id": number}], "attachments": []}
        message = self.put(page, peer, who, "" if forwarded else text, **more)
        self._heard(page, talk, message)
        return str(message["conversation_message_id"])

    def _heard(self, page: Page, talk: Talk, message: Mapping[str, Any]) -> None:
        if talk.has_community:
            self.tell(page, "message_new", {"message": message, "client_info": {"inline_keyboard": True, "lang_id": 0}})

    def _excerpt(self, message: Mapping[str, Any]) -> dict[str, Any]:
        fields = ("id", "date", "peer_id", "from_id", "text", "conversation_message_id", "attachments")
        return {name: message[name] for name in fields}

    async def edit(self, account: str, chat: str, person: str, message: str, text: str) -> None:
        page, who = self._page(account), self._person(person)
        _, talk = self._talk(page, chat, who)
        written = talk.message(int(message)) if message.isdecimal() else {}
        if not written or written["from_id"] != who:
            raise LookupError("no such message of this person")
        written["text"], written["update_time"] = text, self.now()
        self.changed()
        if talk.has_community:
            self.tell(page, "message_edit", written)

    async def press(self, account: str, chat: str, person: str, message: str, row: int, column: int) -> str:
        page, who = self._page(account), self._person(person)
        peer, talk = self._talk(page, chat, who)
        board = talk.message(int(message) if message.isdecimal() else 0).get("keyboard")
        try:
            action = board["buttons"][row][column]["action"] if board and row >= 0 and column >= 0 else None
        except IndexError:
            action = None
        if action is None:
            raise LookupError("no such button")
        if action["type"] != "callback":
            return ""
        return await self.press_with(page, peer, who, int(message), action["payload"])

    async def press_with(self, page: Page, peer: int, person: int, number: int, payload: str) -> str:
        """Press a button that carries this payload, JSON; it may be forged."""
        event = secrets.token_hex(6)
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.presses[event] = Press(person, peer, waiting)
        about = {"user_id": person, "peer_id": peer, "event_id": event, "conversation_message_id": number}
        self.tell(page, "message_event", {**about, "payload": json.loads(payload)})
        try:
            async with asyncio.timeout(_PATIENCE):
                return await waiting
        except TimeoutError:
            return ""
        finally:
            self.presses.pop(event, None)

    async def block(self, account: str, person: str, blocked: bool) -> None:
        page, who = self._page(account), self._person(person)
        if blocked == (who in page.denied):
            return
        page.denied = [*page.denied, who] if blocked else [each for each in page.denied if each != who]
        self.tell(page, "message_deny" if blocked else "message_allow", {"user_id": who} if blocked else {"user_id": who, "key": ""})
        self.changed()

    def is_blocked(self, account: str, person: str) -> bool:
        return self._person(person) in self._page(account).denied

    async def delete_thread(self, account: str, chat: str, thread: str) -> None:
        raise LookupError("VK has no topics")

    async def invite(self, account: str, chat: str, person: str, member: str = "") -> None:
        """Bring somebody, or the community when nobody is named, into a chat."""
        page, who = self._page(account), self._person(person)
        peer, talk = self._talk(page, chat, who)
        if not member:
            talk.has_community = True
        elif self._person(member) not in talk.members:
            talk.members.append(int(member))
        action = {"type": "chat_invite_user", "member_id": int(member) if member else page.us}
        self._heard(page, talk, self.put(page, peer, who, "", action=action))

    async def kick(self, account: str, chat: str, person: str, member: str = "") -> None:
        """Remove somebody, or the community when nobody is named, from a chat."""
        page, who = self._page(account), self._person(person)
        peer, talk = self._talk(page, chat, who)
        action = {"type": "chat_kick_user", "member_id": int(member) if member else page.us}
        self._heard(page, talk, self.put(page, peer, who, "", action=action))
        if not member:
            talk.has_community = False
        else:
            talk.members = [each for each in talk.members if each != int(member)]

    def watch(self, changed: Callable[[], None]) -> None:
        self._watchers.append(changed)

    # --- from one start to the next ---

    def dump(self) -> dict[str, Any]:
        """Everything that was said, as plain JSON."""
        return {"last": self._last, "pages": [{**asdict(page), "about": page.about.id} for page in self.pages.values()]}

    def load(self, data: dict[str, Any]) -> None:
        """Take up what was dumped; communities that are no longer there are left out."""
        self._last = int(data["last"])
        for kept in data["pages"]:
            page = self.pages.get(kept["about"])
            if page is not None:
                talks = {int(peer): Talk(**talk) for peer, talk in kept["talks"].items()}
                self.pages[page.about.id] = Page(**{**kept, "about": page.about, "talks": page.talks | talks})
