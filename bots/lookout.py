"""The one HTTP door of our own, in a thread of its own: it answers, and notices, also when the event loop of the house is blocked."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import TypeVar

import structlog

from bots.channel import Clock
from bots.watch import PATIENCE, Survey, Watch
from bots.web import Answer, health_app, serve
from scheduler.watchdog import WATCHES, Stuck

log = structlog.get_logger(__name__)
T = TypeVar("T")

GLANCE = 1.0
"""Seconds between two looks at the heart of the house."""
BLOCKED = WATCHES[Stuck.LOOP].after.total_seconds()

Shout = Callable[[timedelta], Awaitable[bool]]
"""Tells the administrators, without the event loop of the house, that it has been blocked for so long; whether anybody heard it."""


class Lookout:
    """Begins with ``open``, ends with ``close``. Everything else happens in its thread."""

    def __init__(self, watch: Watch, shout: Shout, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._watch, self._shout, self._clock, self._monotonic = watch, shout, clock, monotonic
        self._house: asyncio.AbstractEventLoop | None = None
        self._house_thread = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._shouted: float | None = None

    def open(self, host: str, port: int) -> None:
        """Listen. Call it within the event loop of the house. Raises OSError when the port is taken."""
        self._house = asyncio.get_running_loop()
        self._house_thread = threading.get_ident()
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(host, port, opened)), name="lookout", daemon=True)
        self._thread.start()
        opened.result(timeout=30)

    def close(self) -> None:
        """Stop listening."""
        if self._loop and self._closed and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closed.set)
            self._thread.join(timeout=5)

    async def _run(self, host: str, port: int, opened: Future[None]) -> None:
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        try:
            runner = await serve(health_app(self._livez, self._readyz, self._metrics), host, port)
        except OSError as problem:
            opened.set_exception(problem)
            return
        opened.set_result(None)
        watching = asyncio.create_task(self._keep_looking())
        try:
            await self._closed.wait()
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            await runner.cleanup()

    # --- answering ---------------------------------------------------------------------------------------------------

    def _blocked_for(self) -> float:
        return self._monotonic() - self._watch.beaten

    async def _livez(self) -> Answer:
        if self._blocked_for() > BLOCKED:
            return Answer(503, f"{Stuck.LOOP}\n")
        return Answer(200, "alive\n")

    async def _readyz(self) -> Answer:
        survey = await self._ask()
        if survey is None:
            return Answer(503, f"{Stuck.LOOP if self._blocked_for() > PATIENCE else Stuck.DATABASE}\n")
        ready, wrong = survey.lines
        return Answer(200 if ready else 503, "\n".join([*(["ready"] if ready else []), *wrong]) + "\n")

    async def _metrics(self) -> Answer:
        from bots.metrics import FORMAT, render  # noqa: PLC0415  # prometheus-client is read when somebody asks for the first time

        survey = await self._ask() or self._watch.last
        return Answer(200, render(survey, self._blocked_for()), FORMAT)

    async def _ask(self) -> Survey | None:
        """How it all stands; None when the house does not answer in time."""
        if self._house is None:
            return None
        try:
            asked = asyncio.run_coroutine_threadsafe(self._watch.look(), self._house)
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), PATIENCE)
        except (TimeoutError, RuntimeError):
            return None

    # --- noticing ----------------------------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(GLANCE)
            try:
                await self._glance()
            except Exception:
                log.exception("lookout_stumbled")

    async def _glance(self) -> None:
        """Say it, in the log and to the administrators, when the event loop is blocked; again while that lasts."""
        blocked = self._blocked_for()
        if blocked <= BLOCKED:
            self._shouted = None
            return
        now = self._monotonic()
        if self._shouted is not None and now - self._shouted < WATCHES[Stuck.LOOP].again.total_seconds():
            return
        self._shouted = now
        log.error("loop_is_blocked", seconds=round(blocked), at=_where(self._house_thread))
        since, told = self._clock() - timedelta(seconds=blocked), self._clock()
        if await self._shout(timedelta(seconds=blocked)):
            self._watch.loop_told(since, told)


def _where(thread: int) -> list[str]:
    """Where a thread is at this moment: files, lines and names of functions, no values."""
    frame = sys._current_frames().get(thread)
    return [f"{part.filename}:{part.lineno} {part.name}" for part in traceback.extract_stack(frame)][-12:] if frame else []
