"""Incidents whose hour has come: the clock wakes each in a transaction of its own, and whoever has to know is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bots.channel import Clock
from handlers import notices
from handlers.turn import Moment, Office
from incidents.deadlines import wake
from storage.incidents import Case, Stale
from storage.store import Store

log = structlog.get_logger(__name__)

SNOOZE = timedelta(minutes=1)
"""How long an incident that could not be woken rests before it is tried again."""


async def tick(store: Store, office: Office, clock: Clock, resting: dict[int, datetime] | None = None) -> int:
    """Wake every incident whose ``wake_at`` has passed. Returns how many woke.

    One that cannot be woken keeps no other asleep: it rests a minute and is tried again. ``resting`` remembers until when,
    from one tick to the next; a new process just tries at once.
    """
    resting = {} if resting is None else resting
    now = clock()
    for number in [number for number, until in resting.items() if until <= now]:
        del resting[number]
    woken = 0
    async with store.transaction() as tx:
        numbers = await tx.incidents.to_wake(now, but=resting)
    for number in numbers:
        try:
            woken += await _wake(store, office, clock, number)
        except Stale:
            continue  # somebody is at work on it this very moment
        except Exception:
            log.exception("wake_failed", incident=number)
            resting[number] = now + SNOOZE
    return woken


async def _wake(store: Store, office: Office, clock: Clock, number: int) -> bool:
    async with store.transaction("wake") as tx:
        moment = Moment(tx, office, clock())
        case = await tx.incidents.get(number)
        if case is None:
            return False
        incident = case.incident
        policy = office.region.policy(incident.topic, incident.territory)
        rested, reminder, deed = wake(incident, policy, moment.now, moment.zone(incident.territory))
        if rested.wake_at == incident.wake_at:
            return False
        if deed is not None:
            await moment.act(case, deed)
            return True
        saved = await tx.incidents.save(Case(rested, case.report))
        if reminder is None:
            return True
        for step in reminder.skipped:
            await tx.incidents.reminded(number, incident.turn, step, moment.now, skipped=True)
        if await tx.incidents.reminded(number, incident.turn, reminder.step, moment.now):
            await notices.remind(moment, saved, reminder)
        return True
