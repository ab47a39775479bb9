"""The few things that happen by themselves, and how often. APScheduler only ticks: it remembers nothing that matters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from apscheduler.schedulers.asyncio import AsyncIOScheduler

TICK = 0.25
"""Seconds between two looks at the deadlines: a reminder is at most this late, and the time it takes to say it."""
REGION = 15.0
"""Seconds until a region file that was loaded meanwhile is in use."""
DIGESTS = 5.0
"""Seconds between two looks whether somewhere the morning has come."""
SWEEP = 60.0
"""Seconds between two stretches of the broom."""

Job: TypeAlias = Callable[[], Awaitable[object]]


def scheduler(tick: Job, digests: Job, reload_region: Job, sweep: Job) -> AsyncIOScheduler:
    """A scheduler with its jobs, not started yet.

    A tick that was missed is made up once; two of the same never run side by side.
    """
    made = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    made.add_job(tick, "interval", seconds=TICK, id="deadlines")
    made.add_job(digests, "interval", seconds=DIGESTS, id="digests")
    made.add_job(reload_region, "interval", seconds=REGION, id="region")
    made.add_job(sweep, "interval", seconds=SWEEP, id="sweep")
    return made
