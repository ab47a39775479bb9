"""Calls VK's methods and upload addresses through vkbottle's HTTP client, each exactly once, and tells apart how they fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from vkbottle import API
from vkbottle.http import AiohttpClient

from bots.vk.compose import VkError

_CALL = aiohttp.ClientTimeout(total=30, connect=10)
_IDLE_CONNECTION = 1.5
"""Seconds an unused connection is kept: less than the 2 or 5 s after which many servers close theirs, just as we write to it."""
_UPLOAD = aiohttp.ClientTimeout(total=180, connect=10)


class Unsent(Exception):
    """Nobody took the connection: the call was not carried out."""


class Broken(Exception):
    """The connection ended without an answer, or the answer is none of VK's: the call may have been carried out."""


class Sessions:
    """The HTTP connections of any number of communities: one pool for polling, one for the rest, neither with a limit."""

    def __init__(self) -> None:
        self._open: dict[str, aiohttp.ClientSession] = {}

    @property
    def polling(self) -> aiohttp.ClientSession:
        return self._session("polling")

    @property
    def calling(self) -> aiohttp.ClientSession:
        return self._session("calling")

    def _session(self, name: str) -> aiohttp.ClientSession:
        if name not in self._open:
            self._open[name] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_CONNECTION))
        return self._open[name]

    async def close(self) -> None:
        """Let go of all connections."""
        for session in self._open.values():
            await session.close()
        self._open.clear()


class CommunityAPI(API):
    """vkbottle's API of one community, without its retries, and without its log lines, which would hold people's words.

    The token goes in the body, so no address holds it.
    """

    def __init__(self, token: str, base_url: str, sessions: Sessions) -> None:
        super().__init__(token, http_client=AiohttpClient(session=sessions.calling))
        self.API_URL = base_url.rstrip("/") + "/"
        self._polling = AiohttpClient(session=sessions.polling)

    async def request(self, method: str, data: dict[str, Any], version: str | None = None) -> dict[str, Any]:
        """Call a method once and return VK's whole answer. Raises VkError, Unsent, Broken."""
        async with self.token_generator as token:
            form = aiohttp.FormData({name: str(value) for name, value in data.items()})
            form.add_field("access_token", str(token))
            form.add_field("v", version or self.API_VERSION)
        answer = await _asked(self.http_client, self.API_URL + method, "POST", data=form, timeout=_CALL)
        error = answer.get("error")
        if isinstance(error, dict) and isinstance(error.get("error_code"), int):
            raise VkError(method, error["error_code"])
        if "response" not in answer:
            raise Broken(f"{method}: neither a response nor an error")
        return answer

    async def community(self) -> Any:
        """``groups.getById``, the first call of all. A base address without a path may be that of the methods, or lack ``/method/``."""
        given = self.API_URL
        try:
            return await self.call("groups.getById")
        except Broken:
            if urlsplit(given).path != "/":
                raise
        self.API_URL = given + "method/"
        try:
            return await self.call("groups.getById")
        except Broken:
            self.API_URL = given
            raise

    async def call(self, method: str, **params: Any) -> Any:
        """What the method responds."""
        return (await self.request(method, params))["response"]

    async def poll(self, server: Mapping[str, str], ts: str, wait: int) -> dict[str, Any]:
        """Ask the long poll server what came after ``ts``."""
        params = {"act": "a_check", "key": server["key"], "ts": ts, "wait": str(wait)}
        timeout = aiohttp.ClientTimeout(total=wait + 10, connect=10)
        return await _asked(self._polling, _address(server["server"]), "GET", params=params, timeout=timeout)

    async def upload(self, url: str, field: str, content: bytes, name: str, mime: str) -> dict[str, Any]:
        """Send a file to an upload address."""
        form = aiohttp.FormData()
        form.add_field(field, content, filename=name, content_type=mime or "application/octet-stream")
        return await _asked(self.http_client, url, "POST", data=form, timeout=_UPLOAD)


async def _asked(client: Any, url: str, verb: str, **request: Any) -> dict[str, Any]:
    """One request. What it raises was raised outside of any handler, so that no error of aiohttp, which holds the address, hangs on it."""
    failed: Exception
    try:
        async with client.request(url, method=verb, **request) as response:
            status, body = response.status, await response.read()
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        failed = Unsent(f"no connection ({type(error).__name__})")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        failed = Broken(f"no answer ({type(error).__name__})")
    else:
        answer = _parsed(body)
        if answer is not None and status < 500:
            return answer
        failed = Broken(f"HTTP {status} without an answer of VK")
    raise failed


def _address(server: str) -> str:
    """VK's methods give the address of a long poll server with a scheme or, as they did for years, without."""
    return server if "://" in server else f"https://{server}"


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
