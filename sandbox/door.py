"""The address where a local messenger answers HTTP, and the faults that happen there before or after a call is carried out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.faults import Fault, Faults

_ERROR_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """One listening address of 127.0.0.1 for an aiohttp application. While its messenger is ``AWAY`` nobody listens there."""

    def __init__(self, app: web.Application, messenger: str, faults: Faults) -> None:
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        self._messenger, self._faults = messenger, faults
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._wanted = False
        self.port = 0

    async def open(self, port: int = 0) -> str:
        """Listen (on a free port when none is named) and return the address, ``http://127.0.0.1:<port>``."""
        await self._runner.setup()
        self.port = port
        await self._serve(self._bind())
        self._faults.watchers.append(self._changed)
        self._wanted = True
        self._changed()
        return f"http://127.0.0.1:{self.port}"

    async def close(self) -> None:
        """Stop listening and end what is under way."""
        self._wanted = False
        if self._changed in self._faults.watchers:
            self._faults.watchers.remove(self._changed)
        if self._opening:
            await self._opening
        self._leave()
        await self._runner.cleanup()

    def _bind(self) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = listening.getsockname()[1]
        return listening

    async def _serve(self, listening: socket.socket) -> None:
        assert self._runner.server is not None  # noqa: S101 - setup() made it
        self._server = await asyncio.get_running_loop().create_server(self._runner.server, sock=listening)

    def _changed(self) -> None:
        if self._opening and not self._opening.done():
            self._opening.add_done_callback(lambda _: self._changed())
        elif self._faults.of(self._messenger) is Fault.AWAY:
            self._leave()
        elif self._server is None and self._wanted:
            self._opening = asyncio.get_running_loop().create_task(self._serve(self._bind()))

    def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._runner.server is not None:
            for connection in self._runner.server.connections:
                connection.force_close()


async def misbehave(
    request: web.Request, handler: Handler, fault: Fault, failed: Callable[[], None], too_fast: Callable[[], web.Response] | None
) -> web.StreamResponse:
    """Answer one call under a fault; ``too_fast`` makes the platform's refusal, ``None`` when the call knows no rate."""
    if fault is Fault.NONE or (fault is Fault.TOO_FAST and too_fast is None):
        return await handler(request)
    failed()
    if fault is Fault.TOO_FAST and too_fast is not None:
        return too_fast()
    if fault is Fault.ERROR_PAGE:
        return web.Response(status=502, text=_ERROR_PAGE, content_type="text/html")
    if fault is Fault.SILENT:
        await handler(request)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
