"""(a) The whole path of a report, from the raw update to incident, history, receipt and card committed, beside bare aiogram dispatch."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import Message

from bench.databases import Make, each_kind
from bench.figures import Figure
from bench.reports import TOKEN, Desk, updates

COUNT, ROUNDS = 2_000, 5
"""Reports of a round, each of another person, and rounds; bare dispatch and the house take the same updates by turns."""
TARGETS = {"SQLite": 0.35, "PostgreSQL": 0.27}


class Bare:
    """aiogram with one empty handler behind one asynchronous filter: what any bot pays before it has done anything."""

    def __init__(self) -> None:
        self._bot, self._dispatcher = Bot(TOKEN), Dispatcher()

        async def every(_: Message) -> bool:
            return True

        async def nothing(_: Message) -> None:
            return None

        self._dispatcher.message.register(nothing, every)

    async def take(self, raws: Sequence[Mapping[str, Any]]) -> float:
        """Seconds that it took."""
        began = time.perf_counter()
        for raw in raws:
            await self._dispatcher.feed_raw_update(self._bot, dict(raw))
        return time.perf_counter() - began

    async def close(self) -> None:
        await self._bot.session.close()


async def took(desk: Desk, raws: Sequence[Mapping[str, Any]]) -> float:
    """Seconds until all of them are handled and committed. Raises RuntimeError when one is not."""
    began = time.perf_counter()
    await desk.take(raws)
    seconds = time.perf_counter() - began
    async with desk.store.transaction() as tx:
        if await tx.inbox.waiting(desk.now(), limit=1) or (await tx.inbox.counts())["dead"]:
            raise RuntimeError("not all of them were handled")
    return seconds


async def measure(kind: str, make: Make) -> Figure:
    """The share of bare dispatch on one kind of database."""
    desk, bare = Desk(await make()), Bare()
    await desk.open()
    raws = updates(COUNT * (ROUNDS + 1), COUNT * (ROUNDS + 1))
    rounds = [raws[at : at + COUNT] for at in range(0, len(raws), COUNT)]
    await bare.take(rounds[0])
    await took(desk, rounds[0])
    ours, theirs = [], []
    for one in rounds[1:]:
        gc.collect()
        theirs.append(await bare.take(one))
        gc.collect()
        ours.append(await took(desk, one))
    await bare.close()
    await desk.close()
    said = f"{COUNT / median(ours):,.0f} reports/s, bare dispatch {COUNT / median(theirs):,.0f}/s, {ROUNDS} rounds of {COUNT:,} by turns"
    share = median(their / our for our, their in zip(ours, theirs, strict=True))
    return Figure(f"(a) reports stored on {kind}, as a share of bare aiogram dispatch", share, TARGETS[kind], at_least=True, said=said)


async def main() -> None:
    async with each_kind() as kinds:
        for kind, make in kinds.items():
            print(await measure(kind, make))


if __name__ == "__main__":
    asyncio.run(main())
