"""A process that only ticks: `first=[("tests.promises.ticking:run", …)]` of a warm child. Its clock is a file, which its parent moves."""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
from datetime import datetime, timedelta
from pathlib import Path

from bots.telegram.calls import LIMITS as TELEGRAM
from bots.vk.compose import LIMITS as VK
from handlers import notices
from handlers.turn import Office
from incidents.region import parse
from scheduler.deadlines import MOST, tick
from storage.store import Store

REGION = Path(__file__).parents[2] / "examples" / "altai.toml"
_NUMBER = struct.Struct("d")


class Clock:
    """Seconds since ``start`` in a file that several processes map; and up to when each of them has ticked."""

    def __init__(self, file: Path, start: datetime) -> None:
        if not file.exists():
            file.write_bytes(bytes(_NUMBER.size * 9))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)
        self._start = start

    def __call__(self) -> datetime:
        return self.at(self[0])

    def at(self, seconds: float) -> datetime:
        """The instant so many seconds after the start."""
        return self._start + timedelta(seconds=seconds)

    def __getitem__(self, place: int) -> float:
        return float(_NUMBER.unpack_from(self._map, place * _NUMBER.size)[0])

    def __setitem__(self, place: int, seconds: float) -> None:
        _NUMBER.pack_into(self._map, place * _NUMBER.size, seconds)


def run(url: str, file: str, start: str, place: int) -> None:
    """Tick whenever the clock has moved, and say so in the file, until killed. Never returns."""
    try:
        asyncio.run(_run(url, Clock(Path(file), datetime.fromisoformat(start)), place))
    finally:
        os._exit(1)


async def _run(url: str, clock: Clock, place: int) -> None:
    store = Store(url)
    async with store.transaction() as tx:
        accounts = await tx.accounts.all()
    region = parse(REGION.read_text(encoding="utf-8"))
    limits = {account.key: VK if account.kind == "vk" else TELEGRAM for account in region.accounts}
    office = Office(region, accounts, limits, notices.after)
    resting: dict[int, datetime] = {}
    while True:
        now = clock[0]
        if now == clock[place]:
            await asyncio.sleep(0.002)
            continue
        woken = MOST
        while woken >= MOST:  # as the program does
            woken = await tick(store, office, lambda now=now: clock.at(now), resting)  # type: ignore[misc]  # mypy does not type the default
        clock[place] = now
