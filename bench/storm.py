"""(b) A burst of 12,000 messages from 3,000 people, and how long one waits to be stored when 400 come in a second."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Any

from bench.databases import Make, each_kind
from bench.figures import Figure
from bench.path import Bare, took
from bench.reports import BATCH, START, Desk, updates

MESSAGES, PEOPLE = 12_000, 3_000
APART = 600
"""Seconds between two messages of one person: each could be a report of its own, and the house asks whether it is."""
SLOW, FAST, LASTS = 50, 400, 8.0
"""Messages a second that come in, and seconds for which they do."""


async def storm(kind: str, make: Make) -> Figure:
    """Times longer than bare dispatch until everything is stored and handled."""
    desk, bare = Desk(await make(), hours=2), Bare()
    await desk.open()
    raws = updates(MESSAGES, PEOPLE)
    for number, raw in enumerate(raws):
        raw["message"]["date"] = int(START.timestamp()) + number // PEOPLE * APART
    await bare.take(raws[:BATCH])
    gc.collect()
    theirs = await bare.take(raws)
    gc.collect()
    ours = await took(desk, raws)
    await bare.close()
    await desk.close()
    said = f"{ours:.1f} s for all, {MESSAGES / ours:,.0f}/s; bare dispatch {theirs:.1f} s"
    claim = f"(b) {MESSAGES:,} messages of {PEOPLE:,} people stored on {kind}, times bare aiogram dispatch"
    return Figure(claim, ours / theirs, 3.5, at_least=False, said=said)


async def waits(desk: Desk, raws: Sequence[Mapping[str, Any]], rate: int) -> Sequence[float]:
    """Seconds from the coming of each message until it is stored, while the house also handles what it has.

    A fetch takes what waits at that moment, as long polling does; the hour of coming is the one that was meant, however late we are.
    """
    began = time.perf_counter()
    handling = asyncio.create_task(desk.intake.run())
    waited: list[float] = []
    taken = 0
    while taken < len(raws):
        come = min(int((time.perf_counter() - began) * rate), len(raws))
        if come <= taken:
            await asyncio.sleep(began + (taken + 1) / rate - time.perf_counter())
            continue
        fetch = raws[taken : min(come, taken + BATCH)]
        await desk.accept(fetch)
        now = time.perf_counter() - began
        waited += [now - number / rate for number in range(taken + 1, taken + len(fetch) + 1)]
        taken += len(fetch)
    desk.intake.stop()
    await handling
    return waited


async def acceptance(kind: str, make: Make) -> Figure:
    """How much longer the slowest in a hundred waits at 400/s than at 50/s."""
    slowest = {}
    for rate in (SLOW, FAST):
        desk = Desk(await make())
        await desk.open()
        count = int(rate * LASTS)
        raws = updates(count + BATCH, count + BATCH)
        await desk.take(raws[:BATCH])
        slowest[rate] = quantiles(await waits(desk, raws[BATCH:], rate), n=100)[98]
        await desk.close()
    said = ", ".join(f"p99 {seconds * 1000:.0f} ms at {rate}/s" for rate, seconds in slowest.items())
    claim = f"(b) p99 of acceptance on {kind} at {FAST}/s, times that at {SLOW}/s"
    return Figure(claim, slowest[FAST] / slowest[SLOW], 2.0, at_least=False, said=said)


async def main() -> None:
    async with each_kind() as kinds:
        for kind, make in kinds.items():
            print(await storm(kind, make))
            print(await acceptance(kind, make))


if __name__ == "__main__":
    asyncio.run(main())
