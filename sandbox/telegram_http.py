"""The local Telegram's HTTP side: ``/bot<token>/<method>`` and ``/file/bot<token>/<path>``, and what goes wrong there on purpose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.door import misbehave
from sandbox.faults import Failure, Fault, Faults
from sandbox.messenger import Upload
from sandbox.telegram_api import BotApi, is_message
from sandbox.telegram_rates import too_fast
from sandbox.telegram_rules import Params
from sandbox.telegram_state import ApiError, LocalBot


def application(api: BotApi, faults: Faults, clock: Callable[[], datetime]) -> web.Application:
    """The aiohttp application that speaks the Bot API."""
    pages = _Pages(api, faults, clock)
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/bot{token}/{method}", pages.method)
    app.router.add_get("/file/bot{token}/{path:.+}", pages.file)
    return app


class _Pages:
    def __init__(self, api: BotApi, faults: Faults, clock: Callable[[], datetime]) -> None:
        self._api, self._faults, self._clock = api, faults, clock

    async def method(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        return await misbehave(
            request,
            self._carry_out,
            self._faults.of("telegram"),
            lambda: self._failed(request, name),
            (lambda: _refusal(too_fast(3))) if is_message(name) else None,
        )

    async def _carry_out(self, request: web.Request) -> web.Response:
        try:
            bot = self._bot(request)
            params = await _params(request)
            return web.json_response({"ok": True, "result": await self._api.call(bot, request.match_info["method"], params)})
        except ApiError as error:
            return _refusal(error)
        except (AttributeError, KeyError, TypeError, ValueError):
            return _refusal(ApiError(400, "Bad Request: can't parse the request"))

    def _bot(self, request: web.Request) -> LocalBot:
        token = unquote(request.match_info["token"])
        for bot in self._api.state.bots.values():
            if bot.token == token:
                return bot
        raise ApiError(401, "Unauthorized") if token.partition(":")[0].isdecimal() and ":" in token else ApiError(404, "Not Found")

    async def file(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.of("telegram")
        return await misbehave(request, self._give, fault, lambda: self._failed(request, "download"), None)

    async def _give(self, request: web.Request) -> web.Response:
        try:
            self._bot(request)
            kept = self._api.state.files[request.match_info["path"].rpartition("/")[2]]
            return web.Response(body=self._api.state.blobs.get(kept["blob"]), content_type="application/octet-stream")
        except (ApiError, LookupError):
            return _refusal(ApiError(404, "Not Found"))

    def _failed(self, request: web.Request, method: str) -> None:
        if method.lower() == "getupdates":
            return  # a bot that listens asks again and again; what failed for a person to see are its other calls
        account = unquote(request.match_info["token"]).partition(":")[0]
        fault: Fault = self._faults.of("telegram")
        self._faults.record(Failure(self._clock(), "telegram", account, method, fault))


async def _params(request: web.Request) -> Params:
    """What the call carried: in the query, a JSON body, a form, a form with files."""
    values: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        body = await request.json()
        if not isinstance(body, dict):
            raise ApiError(400, "Bad Request: can't parse JSON object")
        values |= body
    elif request.method == "POST":
        for key, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[key] = Upload("", value.filename, value.content_type, value.file.read())
            else:
                values[key] = value
    return Params(values, files)


def _refusal(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    return web.json_response(body | ({"parameters": error.parameters} if error.parameters else {}), status=error.code)
