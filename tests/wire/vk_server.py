"""A VK API server written from the public documents alone (dev.vk.com), with as little as they promise.

It is not the sandbox's: a message in a private dialogue has only its ``id``, and every method that is not named here is error 3.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from tests.wire.faults import Fault, spoil
from tests.wire.telegram_server import PATIENCE, Call, Json, read_call

CHATS = 2_000_000_000


class VkServer:
    """One community, its long poll, its uploads, what was called and what is to be told."""

    def __init__(self, token: str, group: int = 4_503_599_627, *, old_shape: bool = False) -> None:
        self.token, self.group, self.old_shape = token, group, old_shape
        self.calls: list[Call] = []
        self.files: dict[str, bytes] = {}
        self.uploads: list[bytes] = []
        self.odd: dict[str, Callable[[Call], Awaitable[web.StreamResponse]]] = {}
        self.fault: Callable[[Call], Fault | None] = lambda _: None
        """What goes wrong with a call; it is asked once for each. The long poll's is called ``a_check``."""
        self.hands: Callable[[list[Json]], list[Json]] = lambda updates: updates
        """What of the waiting updates one poll gets, and in which order: a server may repeat itself or be confused."""
        self.seen: Callable[[Call], Awaitable[None]] | None = None
        """Called with every call and every poll, before anything is done about it."""
        self.shown: list[tuple[Call, int]] = []
        """Every message that stands in a chat: the call it came by, and its number."""
        self.changed: list[tuple[Call, int]] = []
        """Every change of a message, by its call, and the number of the message."""
        self.confirmed = 0
        """How many updates the bot acknowledged."""
        self.polls = 0
        """How often it asked for updates."""
        self._by_key: dict[tuple[str, str], Json] = {}
        self.updates: list[Json] = []
        self._news = asyncio.Event()
        self._heard = asyncio.Event()
        self._numbers = itertools.count(9001)
        self._runner: web.AppRunner | None = None
        self.port = 0

    # --- start and stop ---

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/method/{method}", self._method)
        app.router.add_get("/x", self._poll)
        app.router.add_post("/upload", self._upload)
        app.router.add_get("/seen/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner:
            self._news.set()
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/method/"

    @property
    def waiting(self) -> int:
        """Updates that are not acknowledged yet."""
        return len(self.updates) - self.confirmed

    # --- what the world does ---

    def says(self, person: int, text: str, *, date: int, **more: Any) -> int:
        """A private message; returns its id."""
        number = next(self._numbers)
        message = {"id": number, "date": date, "peer_id": person, "from_id": person, "text": text, "attachments": [], **more}
        self.push("message_new", {"message": message, "client_info": {"keyboard": True}})
        return number

    def says_in_chat(self, chat: int, person: int, text: str, *, date: int, **more: Any) -> int:
        """A message in a chat, which has no id there but a number; returns that."""
        number = next(self._numbers)
        message = {
            "id": 0,
            "conversation_message_id": number,
            "date": date,
            "peer_id": chat,
            "from_id": person,
            "text": text,
            "attachments": [],
            **more,
        }
        self.push("message_new", {"message": message})
        return number

    def presses(self, person: int, payload: Any, *, chat: int = 0, number: int = 0) -> None:
        about = {"user_id": person, "peer_id": chat or person, "event_id": f"e{next(self._numbers)}", "payload": payload}
        self.push("message_event", about | ({"conversation_message_id": number} if number else {}))

    def number_of(self, call: Call) -> int:
        """The message that a call became."""
        return next(number for one, number in self.shown if one is call)

    def push(self, kind: str, about: Json) -> None:
        event = f"{next(self._numbers):040x}"
        self.updates.append({"group_id": self.group, "type": kind, "event_id": event, "v": "5.199", "object": about})
        self._news.set()

    def photo(self, content: bytes, *, sizes: bool) -> Json:
        """An attachment: with its sizes, or with the original only."""
        name = f"p{next(self._numbers)}.jpg"
        self.files[name] = content
        url = f"http://127.0.0.1:{self.port}/seen/{name}"
        big, small = {"type": "x", "url": url, "width": 604, "height": 403}, {"type": "s", "url": url + "?s", "width": 75, "height": 50}
        pictures = {"sizes": [small, big]} if sizes else {"orig_photo": {"url": url, "width": 604, "height": 403}}
        return {"type": "photo", "photo": {"id": 1, "owner_id": 2, "album_id": -3, "date": 1, "access_key": "k", **pictures}}

    async def called(self, method: str, fits: Callable[[Call], bool] = lambda _: True, *, after: int = 0) -> Call:
        """The first call from the place ``after`` on that fits, once it has come."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self._heard.clear()
                    for call in self.calls[after:]:
                        if call.method == method and fits(call):
                            return call
                    await self._heard.wait()
        except TimeoutError:
            said = "\n".join(f"{call.method} { {**call.params, 'access_token': ''} }" for call in self.calls[after:])
            raise AssertionError(f"VK: no such {method} among\n{said}") from None

    # --- the wire ---

    async def _method(self, request: web.Request) -> web.StreamResponse:
        call = await read_call(request.match_info["method"], request)
        self.calls.append(call)
        self._heard.set()
        if self.seen:
            await self.seen(call)
        if call.method in self.odd:
            return await self.odd[call.method](call)
        if call.params.get("access_token") != self.token or "v" not in call.params:
            return _error(5, "User authorization failed: invalid access_token (4).")
        return await self._obey(request, self.fault(call), lambda: self._carry_out(call))

    async def _obey(self, request: web.Request, fault: Fault | None, carry_out: Callable[[], web.Response]) -> web.StreamResponse:
        return carry_out() if fault is None else await spoil(request, fault, carry_out, lambda fault: _error(fault.code, "Refused."))

    def _carry_out(self, call: Call) -> web.Response:
        community = {"id": self.group, "name": "Алтай слышит", "screen_name": "altai_wire", "is_closed": 0, "type": "page"}
        upload = {"upload_url": f"http://127.0.0.1:{self.port}/upload", "album_id": -64, "group_id": 0}
        known: Mapping[str, Callable[[Call], Any]] = {
            "groups.getById": lambda _: [community] if self.old_shape else {"groups": [community], "profiles": []},
            "groups.getLongPollServer": lambda _: {"key": "wire", "server": f"http://127.0.0.1:{self.port}/x", "ts": self._ts()},
            "users.get": lambda call: [
                {"id": int(user), "first_name": "Анна", "last_name": "Примерова"} for user in call.params["user_ids"].split(",")
            ],
            "messages.send": self._send,
            "messages.edit": self._edit,
            "messages.sendMessageEventAnswer": lambda _: 1,
            "photos.getMessagesUploadServer": lambda _: upload,
            "photos.saveMessagesPhoto": lambda _: [{"id": next(self._numbers), "owner_id": -self.group, "sizes": []}],
        }
        if call.method not in known:
            return _error(3, "Unknown method passed.")
        return web.json_response({"response": known[call.method](call)})

    def _ts(self) -> str:
        return str(len(self.updates) + 1)

    def _send(self, call: Call) -> list[Json]:
        """The documents name both numbers. Here a dialogue tells only the one, a chat only the other.

        A ``random_id`` that was sent to the same recipient before sends nothing, and is answered as before.
        """
        (peer,) = map(int, call.params["peer_ids"].split(","))
        key = (call.params["peer_ids"], call.params["random_id"])
        if key not in self._by_key or key[1] == "0":
            number = next(self._numbers)
            self.shown.append((call, number))
            told = {"message_id": 0, "conversation_message_id": number} if peer >= CHATS else {"message_id": number}
            self._by_key[key] = {"peer_id": peer, **told}
        return [self._by_key[key]]

    def _edit(self, call: Call) -> int:
        self.changed.append((call, int(call.params.get("conversation_message_id") or call.params["message_id"])))
        return 1

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        asked = request.query
        call = Call(asked["act"], dict(asked))
        if self.seen:
            await self.seen(call)
        fault = self.fault(call)
        if fault is not None and not fault.done:
            return await self._obey(request, fault, web.Response)
        if asked["act"] != "a_check" or asked["key"] != "wire":
            return web.json_response({"failed": 2})
        self.polls += 1
        seen = int(asked["ts"]) - 1
        self.confirmed = max(self.confirmed, seen)
        if seen >= len(self.updates):
            self._news.clear()
            try:
                async with asyncio.timeout(min(int(asked["wait"]), 5)):
                    await self._news.wait()
            except TimeoutError:
                pass
        told = {"ts": self._ts(), "updates": self.hands(self.updates[seen:])}
        return await self._obey(request, fault, lambda: web.json_response(told))

    async def _upload(self, request: web.Request) -> web.Response:
        call = await read_call("upload", request)
        self.uploads += call.files.values()
        return web.json_response({"server": 626, "photo": json.dumps([{"photo": "a1"}]), "hash": "b2"})

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        if content is None or "s" in request.query:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type="image/jpeg")


def buttons(call: Call) -> dict[str, str]:
    """Label → payload of a message's keyboard."""
    keyboard = json.loads(call.params.get("keyboard") or '{"buttons": []}')
    actions = [key["action"] for row in keyboard["buttons"] for key in row]
    return {action["label"]: action["payload"] for action in actions if action["type"] == "callback"}


def _error(code: int, words: str) -> web.Response:
    return web.json_response({"error": {"error_code": code, "error_msg": words, "request_params": []}})
