"""Promise 16: a flood hurts only its author: beside 1,000 messages a minute of one person the others are answered as without them."""

from __future__ import annotations

import itertools
import random
import resource
import statistics
import time as real
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select

from bots.channel import Address, Outgoing, Said
from bots.delivery import Delivery
from handlers.flood import MOST
from storage.posts import QUEUED
from storage.store import Store
from storage.tables import outbox
from tests.promises.conftest import FULL, size
from tests.promises.timed import Time, Timed
from tests.stories.deeds import PIPE
from tests.stories.house import House
from tests.stories.office import GROUP, OWNER, TG

FLOODER = "666"
A_MINUTE = 1000
LOOK = 0.25
"""Seconds of the house's clock between two looks at the inbox."""


class Heard(Timed):
    """Remembers when each chat got something."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.got: dict[str, list[float]] = defaultdict(list)

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        ids = await super().send(to, out, key)
        self.got[to.chat].append(self.time.now)
        return ids


class Street:
    """A house on a clock of its own, whose Telegram keeps the real one's limits."""

    def __init__(self, store: Store, chance: random.Random, numbers: int) -> None:
        self.house, self.time = House(store), Time()
        self.channel = Heard(TG, self.house.channels[TG].limits, self.time, lambda: chance.uniform(0.03, 0.15), lambda *_: None)
        self.channel._ids = itertools.count(numbers)  # a day is not taken for a repeat of the one before
        self.house.channels[TG] = self.house.intake._channels[TG] = self.channel  # type: ignore[index, assignment]
        self.house.clock = self.house.intake._clock = self.time.clock  # type: ignore[assignment]
        self.delivery = Delivery(store, self.channel, self.time.clock, monotonic=lambda: self.time.now)
        self.took: list[tuple[float, int]] = []
        """CPU seconds that each look at the inbox took, and how many messages came with it."""

    async def plays(self, script: Sequence[tuple[float, Said]], people: Sequence[str]) -> None:
        """Let everybody write when they write, and the house answer, until all these people are answered and all is handled."""
        left, more = sorted(script, key=lambda line: line[0])[::-1], False
        while left or more or not all(self.channel.got[user] for user in people):
            assert self.time.now < 3600, "somebody is not answered"
            now = self.time.now
            come = []
            while left and left[-1][0] <= now:
                come.append(left.pop()[1])
            begun = real.process_time()
            if come:
                await self.house.receives(come)
            if come or more:
                more = bool(await self.house.intake.step())
            if come:
                self.took.append((real.process_time() - begun, len(come)))
            until = now + LOOK
            while self.time.now < until:
                pause = await self.delivery.step()
                await self.time.pass_(min(pause, until - self.time.now) if pause else 0.001)


async def _street(store: Store, chance: random.Random, first: int, people: int, flood: int, seconds: float) -> tuple[Street, list[float]]:
    """So many people write once each in this time, beside so many messages of one. Returns how long each waited for a number."""
    street = Street(store, chance, 1_000_000 * first)
    house = street.house
    await house.open()
    await house.chat(TG, GROUP, OWNER)
    citizens = {str(first + number): chance.uniform(seconds * 0.2, seconds) for number in range(people)}
    script = [(at, house.person(TG, user, "Анна Примерова").said(PIPE)) for user, at in citizens.items()]
    flooder = house.person(TG, FLOODER, "Флудер")
    script += [(seconds * number / flood, flooder.said(f"{PIPE} {number}")) for number in range(flood)]
    await street.plays(script, list(citizens))
    return street, [street.channel.got[user][0] - at for user, at in citizens.items()]


def _p95(waits: Sequence[float]) -> float:
    return statistics.quantiles(waits, n=20)[-1]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"] if FULL else ["sqlite"], indirect=True)
async def test_a_flood_hurts_only_its_author(store: Store, seeded: random.Random, figures: Callable[..., None]) -> None:
    people, seconds = size(quick=20, full=200), float(size(quick=12, full=120))
    flood = int(A_MINUTE * seconds / 60)
    _, calm = await _street(store, seeded, 1000, people, 0, seconds)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    street, waits = await _street(store, seeded, 5000, people, flood, seconds)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    async with store.transaction() as tx:
        cases = [case for case in await tx.incidents.newest(2 * people + 5) if case.report.address.chat == FLOODER]
        kept = [message.text for case in cases for message in await tx.timeline.said(case.id)]
        told = (await tx.connection.execute(select(func.count()).where(outbox.c.chat == FLOODER))).scalar_one()
        group = (await tx.connection.execute(select(func.count()).where(outbox.c.chat == GROUP, outbox.c.state == QUEUED))).scalar_one()
    early, late = _cost(street.took[: len(street.took) // 2]), _cost(street.took[len(street.took) // 2 :])
    figures(
        flood=flood,
        others=people,
        p95_calm=round(_p95(calm), 2),
        p95_beside=round(_p95(waits), 2),
        kept=len(kept),
        rows_for_its_author=told,
        waiting_for_officials=group,
        grown_mb=round(grown),
        ms_of_cpu=f"{early:.1f} then {late:.1f}",
    )
    assert sorted(kept) == sorted(f"{PIPE} {number}" for number in range(flood)), "every word is kept"
    assert _p95(waits) <= 1.1 * _p95(calm) + LOOK
    assert told <= 4 * MOST
    assert group <= 2 * people + 4 * MOST
    assert grown < 64
    assert late <= 2 * early, "the thousandth message costs what the tenth did"


def _cost(took: Sequence[tuple[float, int]]) -> float:
    """Milliseconds of CPU a message."""
    return 1000 * sum(seconds for seconds, _ in took) / max(sum(count for _, count in took), 1)
