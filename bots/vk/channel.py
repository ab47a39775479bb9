"""One VK community as a channel: its long poll, its messages, its files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bots.channel import (
    Accept,
    Address,
    Clock,
    Event,
    Fetch,
    File,
    Identity,
    Limits,
    Outgoing,
    Refused,
    Reply,
    ThreadGone,
    TryLater,
    Undelivered,
    Unknown,
)
from bots.plain import plain
from bots.vk import compose, translate
from bots.vk.calls import Broken, CommunityAPI, Sessions, Unsent
from bots.vk.compose import LIMITS, VkError
from bots.vk.contents import OVERALL, is_number, message_id, part
from bots.vk.files import Files, attached

BASE_URL = "https://api.vk.ru/method/"

_log = logging.getLogger(__name__)
_WAIT = 25
_SLOWEST = 30.0
_NAMES_AT_ONCE = 1000  # https://dev.vk.com/ru/method/users.get
_SHORT_POLL = 0.5
"""Seconds between two polls of a server that does not wait until there is something to tell."""
_RIGHTS = ("messages", "photos", "docs", "manage")
_SWITCHES = {"bots_capabilities": "doctor-vk-bots", "bots_add_to_chat": "doctor-vk-chats", "messages": "doctor-vk-messages"}

_SKEW = timedelta(minutes=1)
"""By how much VK's clock and ours may differ."""
_LONGEST_GAP = timedelta(hours=47)
"""How far back a gap is filled where nobody knows when it began: the inbox surely knows what it had for two days (``SUTKI_KEEP_DAYS``)."""
_FILLING = 0.2
"""Seconds before each call that fills a gap: a quarter of what VK allows, for others are answered meanwhile."""

Sleep = Callable[[float], Awaitable[object]]


class VkChannel:
    """A connected community. All communities of a process share ``sessions``; make the first call within the event loop."""

    def __init__(
        self,
        account: str,
        token: str,
        *,
        sessions: Sessions,
        fetch: Fetch,
        clock: Clock,
        base_url: str = BASE_URL,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.account = account
        self.last_heard: datetime | None = None
        """When VK last answered the long poll, even with nothing."""
        self._token, self._base_url, self._sessions = token, base_url, sessions
        self._fetch, self._clock, self._sleep = fetch, clock, sleep
        self._heard_at: datetime | None = None
        """When what VK had to tell was last stored, as far as it is known."""
        self._group = 0
        self._names: dict[str, str] = {}

    @cached_property
    def _api(self) -> CommunityAPI:
        return CommunityAPI(self._token, self._base_url, self._sessions)

    @cached_property
    def _files(self) -> Files:
        return Files(self.account, self._api, self._sessions, self._fetch)

    @property
    def limits(self) -> Limits:
        return LIMITS

    # --- who we are ---

    async def identify(self) -> Identity:
        """Raises Refused when the token is wrong, TryLater when nobody answers."""
        refused: Undelivered
        try:
            group = await self._community()
        except VkError as error:
            refused = Refused(str(error)) if error.code == compose.AUTHORISATION else compose.failure(error)
        except (Unsent, Broken) as error:
            refused = TryLater(str(error), 10)
        else:
            link = f"https://vk.me/{group['screen_name']}"
            return Identity(str(group["id"]), str(group["name"]), link, link + "?ref={code}")
        raise refused

    async def _community(self) -> dict[str, Any]:
        """Our own community. Raises VkError, Unsent, Broken."""
        response = await self._api.community()
        groups = response.get("groups") if isinstance(response, dict) else response
        group = groups[0] if isinstance(groups, list) and groups and isinstance(groups[0], dict) else {}
        if not isinstance(group.get("id"), int):
            raise Broken("groups.getById: no community")  # the token of a person
        self._group = group["id"]
        return {"name": "", "screen_name": f"club{self._group}"} | {name: value for name, value in group.items() if value}

    async def _group_id(self) -> int:
        if not self._group:
            await self._community()
        return self._group

    async def prepare(self, commands: Mapping[str, Mapping[str, str]]) -> None:
        """Switch on the kinds of events we need. VK has no menu of commands."""
        try:
            group = await self._group_id()
            wanted: dict[str, Any] = dict.fromkeys(translate.NEEDED, 1)
            await self._api.call("groups.setLongPollSettings", group_id=group, enabled=1, api_version=self._api.API_VERSION, **wanted)
        except (VkError, Unsent, Broken) as error:
            _log.warning("VK: the long poll of %s could not be set up: %s", self.account, error)

    async def check(self) -> Sequence[str]:
        """Keys ``doctor-vk-…``."""
        try:
            group = await self._group_id()
            poll = await self._allowed("groups.getLongPollSettings", group_id=group)
            rights = await self._allowed("groups.getTokenPermissions")
            settings = await self._allowed("groups.getSettings", group_id=group)
        except VkError as error:
            return ["doctor-vk-token" if error.code == compose.AUTHORISATION else "doctor-vk-away"]
        except (Unsent, Broken):
            return ["doctor-vk-away"]
        wrong = []
        if poll is not None:
            on = poll.get("events") or {}
            if not poll.get("is_enabled"):
                wrong.append("doctor-vk-longpoll")
            elif not all(on.get(kind) for kind in translate.NEEDED if kind in on):
                wrong.append("doctor-vk-events")
        if rights is not None:
            granted = {right.get("name") for right in rights.get("permissions", [])}
            wrong += [f"doctor-vk-right-{right}" for right in _RIGHTS if right not in granted]
        if settings is not None:
            wrong += [key for switch, key in _SWITCHES.items() if switch in settings and not settings[switch]]
        return wrong

    async def _allowed(self, method: str, **params: Any) -> dict[str, Any] | None:
        """What a method responds, or None when this token may not ask it."""
        try:
            response = await self._api.call(method, **params)
        except VkError as error:
            if compose.is_passing(error):
                raise
            return None
        return response if isinstance(response, dict) else None

    async def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """People's names, which VK's events do not tell. Raises Undelivered when nobody answers."""
        unknown = [user for user in user_ids if user not in self._names and user.isdecimal()][:_NAMES_AT_ONCE]
        if unknown:
            people = await self._before(self._api.call("users.get", user_ids=",".join(unknown)))
            told = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
            names = {str(one.get("id")): plain(f"{one.get('first_name', '')} {one.get('last_name', '')}".strip()) for one in told}
            if len(self._names) >= 10_000:
                self._names.clear()
            self._names |= {user: names.get(user, "") for user in unknown}
        return {user: name for user in user_ids if (name := self._names.get(user, ""))}

    def is_group(self, chat: str) -> bool:
        return chat.isdecimal() and int(chat) >= translate.CHATS

    # --- in ---

    def events(self, raw: Mapping[str, Any]) -> Sequence[Event]:
        return translate.events(self.account, raw, self._group)

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        """The cursor is VK's ``ts``. With none, hearing begins now: what was said before is not taken up."""
        self._heard_at = heard_at
        server: dict[str, str] | None = None
        failures = 0
        while True:
            try:
                server = server or await self._server()
                if not cursor:
                    await accept((), server["ts"])
                    cursor, self._heard_at = server["ts"], self._clock()
                asked = time.monotonic()
                answer = await self._api.poll(server, cursor, _WAIT)
                if "failed" not in answer:
                    cursor, failures = await self._heard(answer, accept, cursor), 0
                    if not answer["updates"] and time.monotonic() - asked < _SHORT_POLL:
                        await self._sleep(_SHORT_POLL)
                    continue
                failures += 1
                cursor = await self._over_failure(answer, accept, cursor)
                server = None
            except Exception as error:  # noqa: BLE001 - a deaf channel is the worst of failures, whatever the error
                failures += 1
                server = None
                # The error's own words may hold a row that could not be stored, and so somebody's message.
                _log.warning("VK: %s hears nothing: %s", self.account, type(error).__name__)
                await self._pause(failures)
            else:
                await self._pause(failures - 1)

    async def _heard(self, answer: Mapping[str, Any], accept: Accept, cursor: str) -> str:
        updates, ts = answer["updates"], str(answer["ts"])
        if not isinstance(updates, list):
            raise Broken("no list of updates")
        self.last_heard = self._clock()
        if updates or ts != cursor:
            await accept([translate.update(raw, self.last_heard) for raw in updates], ts)
        self._heard_at = self.last_heard
        return ts

    async def _over_failure(self, answer: Mapping[str, Any], accept: Accept, cursor: str) -> str:
        """What the long poll's ``failed`` means: 1 and 3 are gaps, 2 is an old key and loses nothing. Returns where to go on."""
        failed = answer["failed"]
        _log.warning("VK: the long poll of %s failed: %s", self.account, failed if isinstance(failed, int) else "?")
        if failed not in (1, 3):
            return cursor
        ts = str(answer["ts"]) if failed == 1 else (await self._server())["ts"]
        await self._fill_gap(accept, ts)
        return ts

    async def _pause(self, failures: int) -> None:
        """1 s after the first failure in a row, then twice as long each time, 30 s at most."""
        if failures > 0:
            await self._sleep(min(2.0 ** min(failures - 1, 10), _SLOWEST))

    async def _server(self) -> dict[str, str]:
        response = await self._api.call("groups.getLongPollServer", group_id=await self._group_id())
        return {name: str(response[name]) for name in ("key", "server", "ts")}

    async def _fill_gap(self, accept: Accept, ts: str) -> None:
        """VK no longer has what came since our cursor: take up the private messages nobody answered, and go on from ``ts``."""
        found = [translate.update(raw, self._clock()) async for raw in self._unanswered()]
        _log.error("VK: a gap in what %s heard; %d private messages taken up", self.account, len(found))
        await accept(found, ts)

    async def _unanswered(self) -> AsyncIterator[dict[str, Any]]:
        offset = 0
        while True:
            page = await self._patiently("messages.getConversations", filter="unanswered", count=200, offset=offset)
            if page is None:
                _log.error("VK: %s may not read its own conversations", self.account)
                return
            for item in page["items"]:
                peer, last = (part(part(item, "conversation"), "peer"), part(item, "last_message")) if isinstance(item, dict) else ({}, {})
                if not is_number(peer.get("id")) or not isinstance(peer.get("type"), str):
                    _log.error("VK: an odd conversation of %s is left out", self.account)
                elif peer["type"] == "user" and not self._was_heard(last):
                    for message in await self._missed(peer["id"]):
                        yield translate.backfilled(message, self._group)
            offset += len(page["items"])
            if not page["items"] or offset >= page["count"]:
                return

    async def _missed(self, peer: int) -> list[dict[str, Any]]:
        """What the person wrote since we last heard, or, where that is not known, since we last wrote; oldest first."""
        page = await self._patiently("messages.getHistory", peer_id=peer, count=200) or {"items": []}
        missed: list[dict[str, Any]] = []
        for message in page["items"]:  # newest first
            if not isinstance(message, dict) or not is_number(message.get("date")):
                _log.error("VK: an odd message to %s is left out", self.account)
            elif self._was_heard(message):
                break
            elif message.get("out") != 1:
                missed.append(message)
            elif self._heard_at is None:
                break
        return missed[::-1]

    def _was_heard(self, message: Mapping[str, Any]) -> bool:
        """Whether a message is older than what a gap may have lost."""
        since = self._heard_at - _SKEW if self._heard_at else self._clock() - _LONGEST_GAP
        return is_number(message.get("date")) and message["date"] < since.timestamp()

    async def _patiently(self, method: str, **params: Any) -> dict[str, Any] | None:
        """As ``_allowed``, not too fast, and again after as long as VK asks to wait: the calls before it need not be made once more."""
        while True:
            await self._sleep(_FILLING)
            try:
                return await self._allowed(method, **params)
            except VkError as error:
                later = compose.failure(error)
                _log.warning("VK: %s waits with filling a gap: %s", self.account, error)
            await self._sleep(later.after if isinstance(later, TryLater) else _SLOWEST)

    # --- out ---

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        if not isinstance(out, Reply):
            raise ThreadGone("VK has no topics")
        undelivered: Undelivered
        try:
            if out.whisper_to:
                await self._api.call("messages.sendMessageEventAnswer", **compose.whisper(out))
                return ()
            if out.instead_of:
                return await self._edit(to, out)
            attachments = [await self._before(self._files.attach(file, to.chat)) for file in out.files]
            return await self._put(to, out, key, attachments)
        except VkError as error:
            undelivered = compose.failure(error)
        except Unsent as error:
            undelivered = TryLater(str(error), 5)
        except Broken as error:
            undelivered = Unknown(str(error))
        raise undelivered

    async def _put(self, to: Address, reply: Reply, key: int, attachments: list[str]) -> tuple[str, ...]:
        params = compose.message(reply, to.chat, key, attachments)
        try:
            items = await self._api.call("messages.send", **params)
        except VkError as error:
            if error.code not in (100, 921) or not params.pop("forward", ""):
                raise
            items = await self._api.call("messages.send", **params)  # what it answers to may have been deleted
        if isinstance(items, int):
            items = [{"message_id": items}]  # as VK responds for a single recipient
        item = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
        if refused := item.get("error"):
            code = refused.get("code", refused.get("error_code")) if isinstance(refused, dict) else None
            raise VkError("messages.send", code if isinstance(code, int) else 0)
        number = message_id(item)
        if not number:
            raise Broken("messages.send: no number of the message")
        return (number,)

    async def _edit(self, to: Address, reply: Reply) -> tuple[str, ...]:
        message = await self._before(self._as_it_is(to, reply.instead_of))
        await self._api.call("messages.edit", **compose.edit(reply, to.chat, attached(message)))
        return (reply.instead_of,)

    async def _as_it_is(self, to: Address, message: str) -> dict[str, Any]:
        """A message of ours, whose attachments an edit has to name again; empty when VK does not show it."""
        if message.startswith(OVERALL):
            found = await self._allowed("messages.getById", message_ids=message.removeprefix(OVERALL))
        else:
            found = await self._allowed("messages.getByConversationMessageId", peer_id=to.chat, conversation_message_ids=message)
        messages = (found or {}).get("items")
        return messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}

    async def _before(self, step: Awaitable[Any]) -> Any:
        """A step before the message is put anywhere: when it breaks, nothing has arrived."""
        undelivered: Undelivered
        try:
            return await step
        except VkError as error:
            undelivered = compose.failure(error)
        except (Unsent, Broken) as error:
            undelivered = TryLater(str(error), 5)
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            undelivered = Refused(f"VK answered oddly ({type(error).__name__})")
        raise undelivered

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        return self._files.download(file)

    async def close(self) -> None:
        """Nothing of its own to let go of: the connections are those of ``sessions``."""
