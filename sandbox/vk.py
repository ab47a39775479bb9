"""A local VK, seen from a person's phone; ``vk_http`` and ``vk_methods`` are the side that bots see."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.blobs import Blobs
from sandbox.door import Door
from sandbox.faults import Faults
from sandbox.messenger import Attachment, Bubble, Room, Upload
from sandbox.vk_http import application
from sandbox.vk_shapes import CHATS, Chat, Community, Page, Talk, attachment, keys, service_line
from sandbox.vk_state import Press, State

_PATIENCE = 15.0
"""Seconds a phone waits for the answer to a press."""


class LocalVk(State):
    """The whole messenger in one process."""

    kind = "vk"

    def __init__(
        self,
        communities: Sequence[Community],
        people: Mapping[int, str],
        chats: Sequence[Chat] = (),
        *,
        blobs: Blobs,
        faults: Faults,
        clock: Callable[[], datetime],
        enforce_rates: bool = False,
    ) -> None:
        super().__init__(communities, people, chats, blobs=blobs, clock=clock)
        self._door = Door(application(self, faults, enforce_rates=enforce_rates), self.kind, faults)

    async def open(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 and return the base address of the methods, which ends in ``/method/``."""
        return f"{await self._door.open(port)}/method/"

    async def close(self) -> None:
        await self._door.close()

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
