"""The one HTTP door of our own: is the program alive, is it ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

Trouble = Callable[[], Awaitable[Sequence[str]]]
"""What is wrong at this moment, a word each; nothing when all is well."""


def health_app(trouble: Trouble) -> web.Application:
    """/livez answers as long as the program runs; /readyz says 503 and why while something that matters stands still."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_: web.Request) -> web.Response:
        wrong = await trouble()
        return web.Response(status=503 if wrong else 200, text="\n".join(wrong or ("ready",)) + "\n")

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz)])
    return app


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
