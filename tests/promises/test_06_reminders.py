"""Promise 6: each reminder step comes once and on time, whoever is killed while it is said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bots import app
from bots.channel import Address, Scene
from incidents.deadlines import start, wake
from incidents.incident import Incident, Role, Status
from scheduler.deadlines import MOST
from storage.incidents import Report
from storage.store import Store
from tests.fakes import START
from tests.promises import test_20_silence
from tests.promises.conftest import size
from tests.promises.ticking import Clock
from tests.promises.zygote import Child, Zygote
from tests.stories.house import ALTAI, House

BURSTS, PER_BURST = size(quick=6, full=200), size(quick=10, full=50)
KILLS = size(quick=8, full=100)
HORIZON = timedelta(hours=30)
LONGEST = 900.0
"""Seconds of real time that a tick may take: thousands are due at one instant, and the machine may be slow."""
LATE, LATE_AFTER_RESTART = timedelta(seconds=2), timedelta(seconds=60)
TOPIC, TERRITORY, OWNER = "housing", "barnaul", "zhkh-barnaul"
Said = tuple[int, str, bool]
"""A step: the incident, its name, whether it was passed over for a later one at the same instant."""


@dataclass
class Plan:
    """What a clock that nobody disturbs says, and when."""

    due: dict[Said, datetime] = field(default_factory=dict)

    def add(self, number: int, incident: Incident) -> None:
        """All that is due of an incident before the horizon."""
        policy, zone = ALTAI.policy(TOPIC, TERRITORY), ALTAI.zone_of(TERRITORY)
        while incident.wake_at is not None and incident.wake_at <= START + HORIZON:
            now = incident.wake_at
            incident, reminder, _ = wake(incident, policy, now, zone)
            if reminder:
                self.due |= {(number, step, True): now for step in reminder.skipped} | {(number, reminder.step, False): now}

    @property
    def instants(self) -> list[datetime]:
        return sorted(set(self.due.values()))


async def report(store: Store, chance: random.Random) -> Plan:
    """Incidents of a day and a night, in bursts, in the hands of one official with a private chat."""
    house, plan = House(store), Plan()
    await house.open()
    await house.official("telegram/altai", "77", "Мария", OWNER)
    async with store.transaction() as tx:
        official = (await tx.people.officials(OWNER, Role.OFFICIAL))[0].person
        person = (await tx.people.meet("telegram/altai", "5", "Анна", "ru", START)).id
    for number in range(BURSTS):
        at = START + HORIZON * (number / BURSTS) * 0.8 + timedelta(seconds=chance.random())
        async with store.transaction() as tx:
            for _ in range(PER_BURST):
                fresh = Incident(
                    id=0, status=Status.IN_PROGRESS, organisation=OWNER, assignee=official, topic=TOPIC, territory=TERRITORY,
                    reported_at=at, urgent=chance.random() < 0.3,
                )  # fmt: skip
                running = start(fresh, ALTAI.policy(TOPIC, TERRITORY), ALTAI.zone_of(TERRITORY))
                told = Report(person=person, address=Address("telegram/altai", "5"), scene=Scene.PRIVATE, text="Течёт труба", said_at=at)
                case = await tx.incidents.open(running, told, at)
                plan.add(case.id, running)
    return plan


class Clockwork:
    """Processes that tick in step: the clock goes on by a second when all that live have ticked."""

    def __init__(self, zygote: Zygote, folder: Path, store: Store, processes: int, chance: random.Random) -> None:
        self.zygote, self.folder, self.store, self.chance = zygote, folder, store, chance
        self.file = folder / "clock"
        self.clock = Clock(self.file, START)
        self.children: dict[int, Child] = {}
        self.places = range(1, processes + 1)
        self.kills = 0
        self.away: list[tuple[datetime, datetime]] = []
        """When nobody was there."""

    async def join(self, place: int) -> None:
        """A process begins, or begins again."""
        self.clock[place] = -1.0
        url = self.store.url.render_as_string(hide_password=False)
        first = [("tests.promises.ticking:run", url, str(self.file), START.isoformat(), place)]
        self.children[place] = await self.zygote.start({}, folder=self.folder, first=first, log=f"ticking-{place}.log")

    async def kill(self, place: int) -> None:
        """SIGKILL; the server sees at its own pace that the connection is gone, and real time is not what is tested."""
        await self.children.pop(place).kill()
        self.kills += 1
        await asyncio.sleep(0.1)

    async def ticked(self) -> None:
        """Wait until every process has ticked at this second."""
        async with asyncio.timeout(LONGEST):
            while any(self.clock[place] != self.clock[0] for place in self.children):
                assert all(child.running for child in self.children.values()), next(iter(self.children.values())).log[-2000:]
                await asyncio.sleep(0.002)

    async def due(self) -> int:
        """How many clocks have something to do that is not done."""
        statement = text("SELECT count(*) FROM incidents WHERE wake_at <= :now")
        async with self.store.transaction() as tx:
            now = self.clock() if not self.store.is_sqlite else self.clock().replace(tzinfo=None)
            return int((await tx.connection.execute(statement, {"now": now})).scalar_one())

    async def pass_by(self, instant: datetime, *, killing: bool) -> None:
        """From the tick before an instant until all that is due at it is said."""
        first_tick = (instant - START).total_seconds() + self.chance.random()
        self.clock[0] = max(first_tick, self.clock[0] + 1.0)
        while True:
            if killing:
                killing = False
                await self._strike()
            for place in self.places:
                if place not in self.children:
                    await self.join(place)
            await self.ticked()
            if not await self.due():
                return
            self.clock[0] += 1.0

    async def _strike(self) -> None:
        if not self.children:  # nobody has come yet
            return
        await asyncio.sleep(self.chance.random() * 0.05)
        struck = [place for place in self.children if self.chance.random() < 0.6] or [self.chance.choice(list(self.children))]
        for place in struck:
            await self.kill(place)
        began = self.clock()
        self.clock[0] += 1.0 if self.children else self.chance.random() * 50  # until somebody starts it again
        if not self.children:
            self.away.append((began - LATE, self.clock()))

    def was_away(self, instant: datetime) -> bool:
        """Whether nobody was there at an instant, or just after it."""
        return any(began <= instant <= ended for began, ended in self.away)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


async def test_each_step_comes_once_and_on_time(
    url: str, zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    store = Store(url)
    try:
        plan = await report(store, seeded)
        work = Clockwork(zygote, tmp_path, store, 1 if store.is_sqlite else 2, seeded)
        blows = set(seeded.sample(plan.instants, min(KILLS, len(plan.instants))))
        for instant in plan.instants:
            await work.pass_by(instant, killing=instant in blows)
        for child in work.children.values():
            await child.kill()
        await compare(store, plan, work, figures)
    finally:
        await store.close()


async def compare(store: Store, plan: Plan, work: Clockwork, figures: Callable[..., None]) -> None:
    """What was said, against what had to be said."""
    said: dict[Said, datetime] = {}
    async with store.transaction() as tx:
        for number in sorted({number for number, _, _ in plan.due}):
            said |= {(number, step, skipped): at for _, step, at, skipped in await tx.reminders.of(number)}
        sql = "SELECT incident_id, count(*) FROM outbox WHERE purpose = 'reminder' AND instead_of_row = 0 GROUP BY 1"
        told = dict((await tx.connection.execute(text(sql))).all())
    missed, unasked = plan.due.keys() - said.keys(), said.keys() - plan.due.keys()
    late = {one: said[one] - at for one, at in plan.due.items() if one in said}
    quiet = [late[one] for one, at in plan.due.items() if one in late and not work.was_away(at)]
    after = [late[one] for one, at in plan.due.items() if one in late and work.was_away(at)]
    heard = {number: sum(1 for one in plan.due if one[0] == number and not one[2]) for number, _, _ in plan.due}
    figures(incidents=BURSTS * PER_BURST, steps=len(plan.due), kills=work.kills, restarts_of_all=len(work.away))
    figures(missed=len(missed), unasked=len(unasked), doubled=sum(told.get(one, 0) > count for one, count in heard.items()))
    figures(latest=max(quiet).total_seconds(), latest_after_restart=max(after, default=timedelta()).total_seconds())
    assert (missed, unasked) == (set(), set())
    assert told == heard
    assert min(late.values()) >= timedelta()
    assert max(quiet) <= LATE
    assert max(after, default=timedelta()) <= LATE_AFTER_RESTART


async def test_what_is_more_than_one_tick_takes_does_not_wait_for_the_next_second(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 1108486539: in the morning, when quiet hours end, thousands are due at one instant."""
    left = [MOST, MOST, 3, 0]

    async def tick(*_: object) -> int:
        return left.pop(0)

    town = test_20_silence.Town(sqlite_url)
    await town.open()
    try:
        town.app._scheduler.pause()
        monkeypatch.setattr(app, "tick", tick)
        await town.app.tick()
    finally:
        monkeypatch.undo()
        await town.close()
    assert left == [0]
