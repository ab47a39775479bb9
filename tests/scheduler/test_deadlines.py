"""The clock's ticks: nobody is forgotten, nobody is told twice, whatever happens to one incident or runs beside."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from handlers import notices
from handlers.turn import Moment
from incidents.deadlines import Reminder
from incidents.incident import Action, Deed, Role, Status
from scheduler import deadlines
from scheduler.deadlines import tick
from scheduler.jobs import DIGESTS, REGION, SWEEP, TICK, Every, Job, scheduler
from storage.connection import Stale
from storage.incidents import Case
from storage.store import Store
from tests.fakes import START
from tests.stories.house import House

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления"


@pytest.fixture
async def full(store: Store) -> House:
    """A house with five open incidents."""
    house = House(store)
    await house.open()
    for number in range(5):
        await house.person("telegram/altai", f"10{number}", "Анна Примерова").says(PIPE)
    return house


async def steps(house: House, number: int = 1) -> list[tuple[str, bool]]:
    """The reminders of an incident: step, whether it was skipped."""
    async with house.store.transaction() as tx:
        return [(step, skipped) for _, step, _, skipped in await tx.reminders.of(number)]


async def test_what_is_not_due_sleeps_on(full: House) -> None:
    assert await tick(full.store, full.office, full.clock) == 0


async def test_each_step_comes_once_however_often_the_clock_ticks(full: House) -> None:
    full.clock.move(hours=12)
    assert await tick(full.store, full.office, full.clock) == 5
    assert await tick(full.store, full.office, full.clock) == 0
    assert [await steps(full, number) for number in range(1, 6)] == [[("50", False)]] * 5


async def test_steps_that_passed_unheard_are_recorded_as_skipped(full: House) -> None:
    full.clock.move(hours=22, minutes=30)
    await tick(full.store, full.office, full.clock)
    assert sorted(await steps(full)) == [("2h", False), ("50", True), ("80", True)]


async def test_one_incident_that_cannot_be_woken_keeps_no_other_asleep_and_is_tried_again(
    full: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind = notices.remind
    broken = {2: RuntimeError("a bug"), 3: Stale("somebody is at work on it")}

    async def sometimes(moment: Moment, case: Case, reminder: Reminder) -> None:
        if case.id in broken:
            raise broken[case.id]
        await remind(moment, case, reminder)

    monkeypatch.setattr(deadlines.notices, "remind", sometimes)
    full.clock.move(hours=12)
    assert await tick(full.store, full.office, full.clock) == 3
    assert [len(await steps(full, number)) for number in range(1, 6)] == [1, 0, 0, 1, 1]
    broken.clear()
    assert await tick(full.store, full.office, full.clock) == 2
    assert [len(await steps(full, number)) for number in range(1, 6)] == [1] * 5


async def test_what_could_not_be_woken_rests_a_minute_also_when_the_clock_is_set_back(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    remind = notices.remind
    broken = {2: RuntimeError("a bug")}

    async def sometimes(moment: Moment, case: Case, reminder: Reminder) -> None:
        if case.id in broken:
            raise broken[case.id]
        await remind(moment, case, reminder)

    monkeypatch.setattr(deadlines.notices, "remind", sometimes)
    resting: dict[int, datetime] = {}
    full.clock.move(hours=14)
    assert await tick(full.store, full.office, full.clock, resting) == 4
    broken.clear()
    full.clock.move(seconds=30)
    assert await tick(full.store, full.office, full.clock, resting) == 0
    full.clock.move(hours=-1)
    assert await tick(full.store, full.office, full.clock, resting) == 1


async def test_trouble_of_the_database_costs_nobody_a_minute(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the transaction of many; then each is woken alone, and whom it hits again is tried at the next tick."""
    remind = notices.remind
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorname = "SQLITE_BUSY"
    troubles = {2: [OperationalError("UPDATE", {}, busy)] * 2}

    async def sometimes(moment: Moment, case: Case, reminder: Reminder) -> None:
        if troubles.get(case.id):
            raise troubles[case.id].pop()
        await remind(moment, case, reminder)

    monkeypatch.setattr(deadlines.notices, "remind", sometimes)
    full.clock.move(hours=12)
    assert await tick(full.store, full.office, full.clock) == 4
    assert [len(await steps(full, number)) for number in range(1, 6)] == [1, 0, 1, 1, 1]
    assert await tick(full.store, full.office, full.clock) == 1
    assert [await steps(full, number) for number in range(1, 6)] == [[("50", False)]] * 5


async def test_a_tick_wakes_all_however_many_are_due(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "GROUP", 2)
    full.clock.move(hours=12)
    assert await tick(full.store, full.office, full.clock) == 5


async def test_what_many_reminders_need_is_asked_for_once(full: House) -> None:
    """Thirteen statements for each made a thousand of them half a minute late."""
    asked: list[str] = []
    event.listen(full.store.engine.sync_engine, "before_cursor_execute", lambda _1, _2, statement, *_: asked.append(statement))
    full.clock.move(hours=12)
    assert await tick(full.store, full.office, full.clock) == 5
    assert len(asked) <= 32, asked
    assert not [statement for statement in asked if asked.count(statement) > 2], "one when many are due, one to see that no more are"


async def test_an_incident_whose_clock_can_do_a_deed_does_it_once(full: House) -> None:
    async with full.store.transaction() as tx:
        case = await tx.incidents.get(1)
        assert case is not None
        official = await tx.people.meet("telegram/altai", "11", "Мария Иванова", "ru", full.clock())
        deed = Deed(action=Action.ANSWER, role=Role.OFFICIAL, at=full.clock(), by=official.id, text="Заменили")
        await Moment(tx, full.office, full.clock()).act(case, deed)
    full.clock.move(days=14)
    await tick(full.store, full.office, full.clock)
    await tick(full.store, full.office, full.clock)
    assert (await full.case(1)).incident.status is Status.CLOSED
    async with full.store.transaction() as tx:
        assert [change.action for change in await tx.incidents.history(1)].count(Action.CLOSE) == 1


async def test_two_processes_that_tick_at_once_remind_once(postgresql_url: str) -> None:
    one, other = Store(postgresql_url), Store(postgresql_url)
    try:
        house = House(one)
        await house.open()
        for number in range(12):
            await house.person("telegram/altai", f"1{number}", "Анна Примерова").says(PIPE)
        async with one.transaction() as tx:
            before = (await tx.outbox.counts())["queued"]
        for _ in range(4):  # 50, 80, 2h, deadline
            house.clock.move(hours=7, minutes=12)
            await asyncio.gather(tick(one, house.office, house.clock), tick(other, house.office, house.clock))
        for number in range(1, 13):
            told = [step for step, skipped in await steps(house, number) if not skipped]
            assert len(told) == len(set(told)) >= 3
        async with one.transaction() as tx:
            assert await tx.incidents.to_wake(house.clock()) == []
            queued = (await tx.outbox.counts())["queued"] - before
        assert queued % 12 == 0
    finally:
        await one.close()
        await other.close()


async def test_the_jobs_tick_and_are_made_up_for_once() -> None:
    async def nothing() -> None:
        return None

    made = scheduler(nothing, nothing, nothing, nothing)
    jobs = {job.id: job for job in made.get_jobs()}
    assert {name: job.trigger.interval for name, job in jobs.items()} == {
        "deadlines": timedelta(seconds=TICK),
        "digests": timedelta(seconds=DIGESTS),
        "region": timedelta(seconds=REGION),
        "sweep": timedelta(seconds=SWEEP),
    }


# --- the machine's clock is set ----------------------------------------------------------------------------------------


class Machine:
    """A machine whose clocks go only when they are told to: the one on the wall, which anybody may set, and the one nobody can."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.monotonic = START, 1000.0
        machine = self

        class Wall(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return machine.wall.astimezone(tz)

        monkeypatch.setattr("apscheduler.schedulers.base.datetime", Wall)
        monkeypatch.setattr("apscheduler.triggers.interval.datetime", Wall)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.monotonic)

    async def goes(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.wall += timedelta(seconds=0.05)
            self.monotonic += 0.05
            for _ in range(5):  # a timer, a wake-up, a job, its end
                await asyncio.sleep(0)


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize("by", [timedelta(days=-1), timedelta(minutes=-5), timedelta(days=1), timedelta(days=7)])
async def test_the_jobs_go_on_when_the_clock_is_set(machine: Machine, by: timedelta) -> None:
    ran = Counter[str]()

    def job(name: str) -> Job:
        async def run() -> None:
            ran[name] += 1

        return run

    made = scheduler(job("tick"), job("digests"), job("region"), job("sweep"), monotonic=lambda: machine.monotonic)
    made.start()
    await machine.goes(SWEEP + 2 * TICK)
    before = ran.copy()
    assert set(before) == {"tick", "digests", "region", "sweep"}
    machine.wall += by
    await machine.goes(2 * TICK)
    assert 1 <= ran["tick"] - before["tick"] <= 2
    await machine.goes(SWEEP + TICK)
    for name, every in (("tick", TICK), ("digests", DIGESTS), ("region", REGION), ("sweep", SWEEP)):
        fits = (SWEEP + 3 * TICK) / every
        assert 0.8 * fits <= ran[name] - before[name] <= fits + 1, name
    made.shutdown(wait=False)
    await machine.goes(2 * TICK)


async def test_what_was_missed_while_the_clock_jumped_is_not_counted_one_by_one(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Counter[float]()
    real = Every.get_next_fire_time

    def counted(trigger: Every, previous: datetime | None, now: datetime) -> datetime:
        asked[trigger.interval.total_seconds()] += 1
        return real(trigger, previous, now)

    async def nothing() -> None:
        return None

    monkeypatch.setattr(Every, "get_next_fire_time", counted)
    made = scheduler(nothing, nothing, nothing, nothing, monotonic=lambda: machine.monotonic)
    made.start()
    await machine.goes(2 * TICK)
    asked.clear()
    machine.wall += timedelta(days=7)
    await machine.goes(TICK)
    assert max(asked.values()) <= 4
    made.shutdown(wait=False)
    await machine.goes(2 * TICK)


async def test_a_job_that_takes_long_never_runs_twice_at_once_however_the_clock_is_set(machine: Machine) -> None:
    running, most = 0, 0
    free = asyncio.Event()

    async def long() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await free.wait()
        running -= 1

    async def nothing() -> None:
        return None

    made = scheduler(long, nothing, nothing, nothing, monotonic=lambda: machine.monotonic)
    made.start()
    await machine.goes(2 * TICK)
    for by in (timedelta(days=-1), timedelta(days=2), timedelta(days=-7)):
        machine.wall += by
        await machine.goes(4 * TICK)
    assert (running, most) == (1, 1)
    free.set()
    await machine.goes(4 * TICK)
    assert most == 1
    made.shutdown(wait=False)
    await machine.goes(2 * TICK)
