"""Incidents whose hour has come: the clock wakes many in one transaction, each by itself, and whoever has to know is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bots.channel import Clock
from handlers import notices
from handlers.turn import Moment, Office
from incidents.deadlines import wake
from storage.connection import Stale
from storage.incidents import Case
from storage.staffing import DESK
from storage.store import Store, Tx
from storage.trouble import passes

log = structlog.get_logger(__name__)

SNOOZE = timedelta(minutes=1)
"""How long an incident that could not be woken rests before it is tried again."""
GROUP = 50
"""Incidents of one transaction: the disk is asked once for all of them."""
GROUP_TIME, GROUP_WORK = 1.0, 0.2
"""Seconds, and seconds of our own work, after which a transaction takes no further one: others want to write, too."""
AT_LEAST = 10
"""Those that it takes however slow the machine is: what is read ahead for a group is read for nothing where it takes but one."""
MOST = 1000
"""Incidents of one tick; the next one goes on, and whoever watches sees that the clock ticks."""


async def tick(store: Store, office: Office, clock: Clock, resting: dict[int, datetime] | None = None) -> int:
    """Wake every incident whose ``wake_at`` has passed. Returns how many woke. Raises when the database is away.

    One that cannot be woken keeps no other asleep: it rests a minute and is tried again. ``resting`` remembers until when,
    from one tick to the next; a new process just tries at once.
    """
    now = clock()
    round_ = _Round(store, office, clock, now, {} if resting is None else resting)
    # Whoever rests for longer than the rest is went to it by a clock that was set back since.
    for number in [number for number, until in round_.resting.items() if not now < until <= now + SNOOZE]:
        del round_.resting[number]
    while round_.woken < MOST and await round_.together():
        pass
    return round_.woken


@dataclass(slots=True)
class _Round:
    """One tick."""

    store: Store
    office: Office
    clock: Clock
    now: datetime
    resting: dict[int, datetime]
    passed_over: set[int] = field(default_factory=set)
    """What this tick tried and could not wake."""
    woken: int = 0

    async def together(self) -> bool:
        """Wake some in one transaction; what spoils it for all is found by waking each alone. Returns whether there may be more."""
        taken: Sequence[int] = ()
        woken = 0
        try:
            async with self.store.transaction("wake") as tx:
                cases = await tx.incidents.to_wake(self.now, but={*self.resting, *self.passed_over}, limit=GROUP)
                taken = [case.id for case in cases]
                if len(cases) > 1:
                    await _ahead(tx, cases, self.now)
                ends, worked = time.monotonic() + GROUP_TIME, time.thread_time() + GROUP_WORK
                for case in cases:
                    if woken >= AT_LEAST and (time.monotonic() > ends or time.thread_time() > worked):
                        break
                    await asyncio.sleep(0)  # what was read ahead asks nobody anything; others want to use the loop
                    woken += await self._one_of_many(tx, case)
        except Exception as problem:
            if not taken:
                raise
            log.warning("wake_together_failed", exc_info=problem)
            for number in taken:
                await self._alone(number)
        else:
            self.woken += woken
        return bool(taken)

    async def _one_of_many(self, tx: Tx, case: Case) -> bool:
        try:
            async with tx.connection.savepoint():
                return await self._wake(tx, case)
        except Exception as problem:
            if passes(problem):
                raise  # nothing more can be done in this transaction
            self._failed(case.id, problem)
            return False

    async def _alone(self, number: int) -> None:
        taken = False
        try:
            async with self.store.transaction("wake") as tx:
                for case in await tx.incidents.to_wake(self.now, only=number):
                    taken = True
                    woken = await self._wake(tx, case)
        except Exception as problem:
            if not taken:
                raise
            self._failed(number, problem)
        else:
            self.woken += taken and woken

    async def _wake(self, tx: Tx, case: Case) -> bool:
        moment = Moment(tx, self.office, self.clock())
        incident = case.incident
        policy = self.office.region.policy(incident.topic, incident.territory)
        rested, reminder, deed = wake(incident, policy, moment.now, moment.zone(incident.territory))
        if rested.wake_at == incident.wake_at:
            self.passed_over.add(case.id)
            return False
        if deed is not None:
            await moment.act(case, deed)
            return True
        saved = await tx.incidents.save(Case(rested, case.report))
        if reminder is None:
            return True
        for step in reminder.skipped:
            await tx.reminders.claim(case.id, incident.turn, step, moment.now, skipped=True)
        if await tx.reminders.claim(case.id, incident.turn, reminder.step, moment.now):
            await notices.remind(moment, saved, reminder)
        return True

    def _failed(self, number: int, problem: Exception) -> None:
        """The next tick tries again, or one a minute later when the fault is our own."""
        self.passed_over.add(number)
        if isinstance(problem, Stale):
            return  # somebody is at work on it this very moment
        log.error("wake_failed", incident=number, exc_info=problem)
        if not passes(problem):
            self.resting[number] = self.now + SNOOZE


async def _ahead(tx: Tx, cases: Sequence[Case], now: datetime) -> None:
    """Read at once what reminders are made of. Nothing hangs on it but how often the database is asked."""
    numbers, persons = [case.id for case in cases], {case.report.person for case in cases}
    await tx.people.names_ahead(persons | {case.incident.assignee for case in cases})
    await tx.people.staff_ahead()
    await tx.staffing.ahead({DESK, *(case.incident.organisation for case in cases)}, now)
    await tx.chats.groups_ahead()
    await tx.incidents.ahead(persons, coming=0)
    await tx.reminders.ahead(numbers)
    if held := [case.id for case in cases if case.incident.assignee]:
        await tx.incidents.history_ahead(held)  # a card tells who took it
    if with_files := [case.id for case in cases if case.report.files]:
        await tx.timeline.ahead(with_files)
    await tx.conversations.offers_ahead(numbers)
    await tx.chats.ahead(numbers)
    cards = {thread.card for number in numbers for thread in await tx.chats.threads_of(number)}
    await tx.outbox.ahead(numbers, cards)
