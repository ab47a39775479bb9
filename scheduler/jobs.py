"""The few things that happen by themselves, and how often. APScheduler only ticks: it remembers nothing that matters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

TICK = 0.25
"""Seconds between two looks at the deadlines: a reminder is at most this late, and the time it takes to say it."""
REGION = 15.0
"""Seconds until a region file that was loaded meanwhile is in use."""
DIGESTS = 5.0
"""Seconds between two looks whether somewhere the morning has come."""
SWEEP = 60.0
"""Seconds between two stretches of the broom."""

Job: TypeAlias = Callable[[], Awaitable[object]]
Monotonic: TypeAlias = Callable[[], float]
"""Seconds by the clock that nobody can set."""

_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Past, whatever the clock says."""


class Every(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """So many seconds from now, whatever was missed: the library's own counts it one by one, for seconds after a clock jumped by a week."""

    def __init__(self, seconds: float, monotonic: Monotonic) -> None:
        self.interval = timedelta(seconds=seconds)
        self._monotonic = monotonic
        self._asked = monotonic()

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The instant of the next run. It is asked for whenever a run begins."""
        self._asked = self._monotonic()
        return now + self.interval

    @property
    def overdue(self) -> bool:
        """Whether more than the interval has passed, by the clock that nobody can set."""
        return self._monotonic() - self._asked > self.interval.total_seconds()


class Ticker(AsyncIOScheduler):  # type: ignore[misc]  # the library has no types
    """Goes on when the machine's clock is set back: the library waits until that clock says it is time, were it a day."""

    _next_look: asyncio.TimerHandle | None = None

    def start(self, paused: bool = False) -> None:
        super().start(paused)
        self._look()

    def shutdown(self, wait: bool = True) -> None:
        if self._next_look:
            self._next_look.cancel()
        super().shutdown(wait)

    def _look(self) -> None:
        for job in self.get_jobs():
            if job.trigger.overdue:
                job.modify(next_run_time=_AT_ONCE)
        self._next_look = asyncio.get_running_loop().call_later(TICK, self._look)


def scheduler(tick: Job, digests: Job, reload_region: Job, sweep: Job, *, monotonic: Monotonic = time.monotonic) -> AsyncIOScheduler:
    """A scheduler with its jobs, not started yet.

    A tick that was missed is made up once; two of the same never run side by side; how the machine's clock is set does not matter.
    """
    made = Ticker(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    made.add_job(tick, Every(TICK, monotonic), id="deadlines")
    made.add_job(digests, Every(DIGESTS, monotonic), id="digests")
    made.add_job(reload_region, Every(REGION, monotonic), id="region")
    made.add_job(sweep, Every(SWEEP, monotonic), id="sweep")
    return made
