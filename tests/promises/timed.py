"""A messenger without a wire on a clock of its own: calls take time, and time goes by only when everybody waits for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bots.channel import Address, Limits, Outgoing, Undelivered
from bots.delivery import Delivery
from storage.store import Store
from tests.fakes import START, FakeChannel


@dataclass
class Time:
    """Seconds since the beginning, and who waits for which of them."""

    now: float = 0.0
    _waiting: list[tuple[float, int, asyncio.Event]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.now)

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), over))
        await over.wait()

    async def pass_(self, seconds: float) -> None:
        """Go on by so long, or to where somebody's sleep ends before that."""
        until = self.now + seconds
        if self._waiting and self._waiting[0][0] <= until:
            self.now, _, over = heapq.heappop(self._waiting)
            over.set()
            for _ in range(10):  # whoever slept does what comes next
                await asyncio.sleep(0)
        else:
            self.now = until


class Timed(FakeChannel):
    """A messenger whose calls take ``takes()`` seconds; ``judge`` says what is wrong with a call when it arrives, half way."""

    def __init__(
        self, account: str, limits: Limits, time: Time, takes: Callable[[], float], judge: Callable[[Address, float], Undelivered | None]
    ) -> None:
        super().__init__(account, limits)
        self.time, self.takes, self.judge = time, takes, judge
        self.begun: list[tuple[float, str]] = []
        """When each call began, and to which chat."""
        self.heard: list[tuple[float, str, Undelivered]] = []
        """When each refusal was heard, for which chat, what it was."""

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        self.begun.append((self.time.now, to.chat))
        half = self.takes() / 2
        await self.time.sleep(half)
        refusal = self.judge(to, self.time.now)
        ids = () if refusal else await super().send(to, out, key)
        await self.time.sleep(half)
        if refusal:
            self.heard.append((self.time.now, to.chat, refusal))
            raise refusal
        return ids


async def deliver(store: Store, channel: Timed, *, at_most: float) -> Delivery:
    """Send what is in the outbox, until nothing waits. AssertionError: it takes longer than ``at_most`` seconds."""
    time = channel.time
    delivery = Delivery(store, channel, time.clock, monotonic=lambda: time.now)
    while True:
        pause = await delivery.step()
        if pause:
            async with store.transaction() as tx:
                left = await tx.outbox.counts()
            if not left["queued"] and not left["sending"]:
                return delivery
            await time.pass_(pause)
        else:
            await asyncio.sleep(0)  # the calls begin
        assert time.now < at_most, f"still to be sent: {left}"
