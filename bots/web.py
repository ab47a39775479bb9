"""What our own HTTP door answers: is the program alive, is it ready, how does it stand in figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web


class Answer(NamedTuple):
    """One answer."""

    status: int
    text: str
    kind: str = "text/plain; charset=utf-8"


Asked = Callable[[], Awaitable[Answer]]


def health_app(livez: Asked, readyz: Asked, metrics: Asked) -> web.Application:
    """/livez: restart it when this fails. /readyz: what stands still. /metrics: for Prometheus. Not for the open network."""
    app = web.Application()
    app.add_routes([web.get(path, _route(asked)) for path, asked in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics))])
    return app


def _route(asked: Asked) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        given = await asked()
        return web.Response(status=given.status, body=given.text.encode(), headers={"Content-Type": given.kind})

    return answer


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen. Raises OSError when the port is taken. Close with ``cleanup()``."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner
