"""The side of the local VK that bots see: methods, the long poll, upload and file addresses over HTTP."""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from functools import partial
from typing import Any

from aiohttp import web

from sandbox.door import Handler, misbehave
from sandbox.faults import Failure, Fault, Faults
from sandbox.vk_methods import Methods
from sandbox.vk_shapes import Page, Refusal, told
from sandbox.vk_state import State

_LARGEST = 64 * 1024 * 1024
_PER_SECOND = 20
_MESSAGES = ("messages.send", "messages.edit", "messages.sendMessageEventAnswer")
_UPLOADS = {"photo": ("photo", "photo"), "doc": ("file", "document"), "audio_message": ("file", "voice")}


def application(vk: State, faults: Faults, *, enforce_rates: bool = False) -> web.Application:
    """Everything under one address; ``<address>/method/`` is what a bot takes for ``https://api.vk.ru/method/``."""
    served = _Served(vk, faults, enforce_rates=enforce_rates)
    app = web.Application(client_max_size=_LARGEST, middlewares=[served.faulty])
    app.router.add_route("*", "/method/{method}", served.method)
    app.router.add_route("*", "/longpoll/{group}", served.poll)
    app.router.add_post("/upload/{group}/{kind}", served.upload)
    app.router.add_get("/file/{blob}", served.file)
    return app


class _Served:
    def __init__(self, vk: State, faults: Faults, *, enforce_rates: bool) -> None:
        self._vk, self._faults, self._enforce_rates = vk, faults, enforce_rates
        self._methods = Methods(vk)
        self._calls: dict[int, deque[float]] = defaultdict(deque)

    @web.middleware
    async def faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Misbehave as the switch says. A poll that fails is not worth a line among the failures."""
        fault = self._faults.of("vk")
        method = request.match_info.get("method", "")
        page = self._caller(await _params(request)) if fault is not Fault.NONE and method else None
        refuse = partial(_error, Refusal(6, "Too many requests per second"), {}) if method in _MESSAGES else None

        def failed() -> None:
            if method:
                self._faults.record(Failure(self._vk.clock(), "vk", str(page.about.id) if page else "", method, fault))

        return await misbehave(request, handler, fault, failed, refuse)

    def _caller(self, params: dict[str, str]) -> Page | None:
        token = params.get("access_token", "")
        return next((page for page in self._vk.pages.values() if token and page.about.token == token), None)

    async def method(self, request: web.Request) -> web.StreamResponse:
        params = await _params(request)
        try:
            response = self._called(request, params)
        except Refusal as refusal:
            return _error(refusal, params)
        return web.json_response({"response": told(response, _origin(request))})

    def _called(self, request: web.Request, params: dict[str, str]) -> Any:
        name = request.match_info["method"]
        if name not in self._methods.table:
            raise Refusal(3, "Unknown method passed.")
        if "v" not in params:
            raise Refusal(8, "Invalid request: v (version) is required")
        page = self._caller(params)
        if page is None:
            raise Refusal(5, "User authorization failed: invalid access_token (4).")
        if self._enforce_rates and not self._has_room(page.about.id):
            raise Refusal(6, "Too many requests per second")
        try:
            return self._methods.table[name](page, params, _origin(request))
        except (KeyError, TypeError, ValueError):
            raise Refusal(100, "One of the parameters specified was missing or invalid") from None

    def _has_room(self, group: int) -> bool:
        calls, now = self._calls[group], time.monotonic()
        while calls and calls[0] <= now - 1:
            calls.popleft()
        if len(calls) >= _PER_SECOND:
            return False
        calls.append(now)
        return True

    async def poll(self, request: web.Request) -> web.StreamResponse:
        group = request.match_info["group"]
        page = self._vk.pages.get(int(group)) if group.isdecimal() else None
        asked = request.query
        if page is None or asked.get("act") != "a_check" or asked.get("key") != f"key-{group}-{page.key}":
            return web.json_response({"failed": 2})
        ts = int(asked["ts"]) if asked.get("ts", "").isdecimal() else -1
        if ts < 0 or ts > page.ts:
            return web.json_response({"failed": 3})
        if ts < page.ts and (not page.events or page.events[0]["ts"] > ts + 1):
            return web.json_response({"failed": 1, "ts": page.ts})
        if ts == page.ts:
            wait = int(asked["wait"]) if asked.get("wait", "").isdecimal() else 25
            await self._vk.news(page, min(wait, 90))
        updates = [event["update"] for event in page.events if event["ts"] > ts]
        return web.json_response({"ts": str(page.ts), "updates": told(updates, _origin(request))})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        group, kind = request.match_info["group"], request.match_info["kind"]
        page = self._vk.pages.get(int(group)) if group.isdecimal() else None
        if page is None or kind not in _UPLOADS:
            return web.json_response({"error": "bad request"})
        field, called = _UPLOADS[kind]
        sent = (await request.post()).get(field)
        content = sent.file.read() if isinstance(sent, web.FileField) else b""
        if not isinstance(sent, web.FileField) or not content:
            return web.json_response({"error": "no file"})
        thing = self._vk.keep_file(page, called, page.us, sent.filename, sent.content_type, content)
        name = f"{thing['word']}{thing['owner']}_{thing['id']}"
        if kind == "photo":
            return web.json_response({"server": 1, "photo": json.dumps([{"photo": name, "sizes": []}]), "hash": thing["access_key"]})
        return web.json_response({"file": name})

    async def file(self, request: web.Request) -> web.StreamResponse:
        try:
            content = self._vk.blobs.get(request.match_info["blob"])
        except LookupError:
            return web.Response(status=404)
        return web.Response(body=content, content_type="application/octet-stream")


async def _params(request: web.Request) -> dict[str, str]:
    """Parameters by query, form and header, the later ones first."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    header = {"access_token": bearer} if scheme.lower() == "bearer" else {}
    return {**request.query, **form, **header}


def _error(refusal: Refusal, params: dict[str, str]) -> web.Response:
    shown = [{"key": name, "value": value} for name, value in params.items() if name != "access_token"]
    return web.json_response({"error": {"error_code": refusal.code, "error_msg": refusal.message, "request_params": shown}})


def _origin(request: web.Request) -> str:
    return str(request.url.origin())
