"""A Bot API server written from the public documents alone (core.telegram.org/bots/api), with as little as they promise.

It is not the sandbox's: what is optional in the documents is left out, and every method that is not named here is unknown.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.wire.faults import Fault, spoil

Json = dict[str, Any]
PATIENCE = 90.0
"""Seconds to wait for a call that has to come; nothing is asserted about how long it takes."""
MOST = 100
"""Updates that one answer holds at most."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the bot, its parameters as texts, and the files that came along."""

    method: str
    params: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic, compare=False)
    """When it came, on the clock of ``time.monotonic``."""

    @property
    def text(self) -> str:
        return self.params.get("text") or self.params.get("caption", "")

    @property
    def buttons(self) -> dict[str, str]:
        """Label → callback data."""
        markup = json.loads(self.params.get("reply_markup") or "{}")
        return {key["text"]: key.get("callback_data", "") for row in markup.get("inline_keyboard", []) for key in row}


class TelegramServer:
    """Bots by their tokens, what they called, and what is to be told them."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = {token: int(token.partition(":")[0]) for token in tokens}
        self.calls: list[Call] = []
        self.files: dict[str, bytes] = {}
        self.odd: dict[str, Callable[[Call], Awaitable[web.StreamResponse]]] = {}
        """Methods that are answered by something else: a proxy, a broken server."""
        self.fault: Callable[[Call], Fault | None] = lambda _: None
        """What goes wrong with a call; it is asked once for each."""
        self.hands: Callable[[list[Json]], list[Json]] = lambda updates: updates
        """What of the waiting updates one poll gets, and in which order: a server may repeat itself or be confused."""
        self.seen: Callable[[Call], Awaitable[None]] | None = None
        """Called with every call, before anything is done about it."""
        self.shown: list[tuple[Call, int]] = []
        """Every message that stands in a chat: the call it came by, and its number."""
        self.changed: list[tuple[Call, int]] = []
        """Every change of a message, by its call, and the number of the message."""
        self.confirmed: list[Json] = []
        """Updates that the bot acknowledged, in order."""
        self.polls = 0
        """How often it asked for updates."""
        self.gzip = False
        self._updates: list[Json] = []
        self._news = asyncio.Event()
        self._heard = asyncio.Event()
        self._numbers = itertools.count(501)
        self._update_ids = itertools.count(880_000_001)
        self._runner: web.AppRunner | None = None
        self.port = 0

    # --- start and stop ---

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
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
        return f"http://127.0.0.1:{self.port}"

    @property
    def us(self) -> int:
        """The id of the (first) bot."""
        return next(iter(self.tokens.values()))

    @property
    def waiting(self) -> int:
        """Updates that are not acknowledged yet."""
        return len(self._updates)

    # --- what the world does ---

    def says(self, chat: Json, sender: Json, text: str = "", *, date: int, more: Json | None = None) -> int:
        """A message; returns its id."""
        number = next(self._numbers)
        words = {"text": text} if text else {}
        self.push(message={"message_id": number, "from": sender, "chat": chat, "date": date, **words, **(more or {})})
        return number

    def presses(self, sender: Json, data: str, message: Json | None) -> None:
        told = {"message": message} if message else {}
        self.push(callback_query={"id": str(next(self._numbers)), "from": sender, "chat_instance": "-77", "data": data, **told})

    def push(self, **update: Any) -> None:
        self._updates.append({"update_id": next(self._update_ids), **update})
        self._news.set()

    def keeps(self, content: bytes) -> str:
        """A file somebody sent; returns its file_id."""
        name = f"AgAC{next(self._numbers)}"
        self.files[name] = content
        return name

    def number_of(self, call: Call) -> int:
        """The message that a call became."""
        return next(number for one, number in self.shown if one is call)

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
            said = "\n".join(f"{call.method} {dict(call.params)}" for call in self.calls[after:] if call.method != "getUpdates")
            raise AssertionError(f"telegram: no such {method} among\n{said}") from None

    # --- the wire ---

    async def _method(self, request: web.Request) -> web.StreamResponse:
        call = await read_call(request.match_info["method"], request)
        self.calls.append(call)
        self._heard.set()
        if self.seen:
            await self.seen(call)
        if request.match_info["token"] not in self.tokens:
            return self._answer({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        if call.method in self.odd:
            return await self.odd[call.method](call)
        fault = self.fault(call)
        if call.method == "getUpdates" and (fault is None or fault.done):
            told = await self._wait(call)
            return await self._obey(request, fault, lambda: self._answer({"ok": True, "result": told}))
        number = self.tokens[request.match_info["token"]]
        return await self._obey(request, fault, lambda: self._carry_out(call, number))

    async def _obey(self, request: web.Request, fault: Fault | None, carry_out: Callable[[], web.Response]) -> web.StreamResponse:
        return carry_out() if fault is None else await spoil(request, fault, carry_out, self._refuse)

    def _refuse(self, fault: Fault) -> web.Response:
        more = {"parameters": {"retry_after": fault.after}} if fault.after else {}
        words = f"Too Many Requests: retry after {fault.after}" if fault.after else "Refused"
        return self._answer({"ok": False, "error_code": fault.code, "description": words, **more}, fault.code)

    def _carry_out(self, call: Call, number: int) -> web.Response:
        known: Mapping[str, Callable[[Call], Any]] = {
            "sendMessage": self._message,
            "sendPhoto": self._message,
            "sendDocument": self._message,
            "sendMediaGroup": lambda call: [self._message(call) for _ in json.loads(call.params["media"])],
            "editMessageText": self._edit,
            **dict.fromkeys(("answerCallbackQuery", "editForumTopic", "closeForumTopic", "reopenForumTopic"), lambda _: True),
            "createForumTopic": lambda call: {"message_thread_id": next(self._numbers), "name": call.params["name"], "icon_color": 7322096},
            "getFile": lambda call: {
                "file_id": call.params["file_id"],
                "file_unique_id": "u" + call.params["file_id"],
                "file_path": f"photos/{call.params['file_id']}.jpg",
            },
        }
        if call.method == "getMe":
            return self._answer({"ok": True, "result": {"id": number, "is_bot": True, "first_name": "Алтай", "username": "altai_wire_bot"}})
        if call.method not in known:
            return self._answer({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
        return self._answer({"ok": True, "result": known[call.method](call)})

    def _answer(self, body: Json, status: int = 200) -> web.Response:
        answer = web.json_response(body, status=status)
        if self.gzip:
            answer.enable_compression(web.ContentCoding.gzip)
        return answer

    def _message(self, call: Call) -> Json:
        number = next(self._numbers)
        self.shown.append((call, number))
        return self._shape(call, number)

    def _edit(self, call: Call) -> Json:
        number = int(call.params["message_id"])
        self.changed.append((call, number))
        return self._shape(call, number)

    def _shape(self, call: Call, number: int) -> Json:
        chat = int(call.params["chat_id"])
        return {"message_id": number, "date": 1, "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"}, "text": call.text}

    async def _wait(self, call: Call) -> list[Json]:
        self.polls += 1
        offset = int(call.params.get("offset", 0))
        self.confirmed += [update for update in self._updates if update["update_id"] < offset]
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if not self._updates:
            self._news.clear()
            try:
                async with asyncio.timeout(min(int(call.params.get("timeout", 0)), 5)):
                    await self._news.wait()
            except TimeoutError:
                pass
        return self.hands(self._updates[: min(int(call.params.get("limit", MOST)), MOST)])

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["path"].removeprefix("photos/").removesuffix(".jpg")
        if request.match_info["token"] not in self.tokens or name not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[name])


async def read_call(method: str, request: web.Request) -> Call:
    """Parameters from wherever the documents allow them: the address, a form with or without files, or JSON."""
    params: dict[str, str] = dict(request.query)
    files: dict[str, bytes] = {}
    if request.content_type == "application/json":
        for name, value in (await request.json()).items():
            params[name] = value if isinstance(value, str) else json.dumps(value)
    else:
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[name] = part.file.read()
            else:
                params[name] = str(part)
    return Call(method, params, files)
