"""Everything a running clock will say: each step with its instant and the reasons for it. ``wake`` and ``plan`` both read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from heapq import heappop, heappush, merge
from itertools import count, islice, takewhile

from incidents.incident import Incident, Timer
from incidents.policies import DEADLINE, Audience, Length, Policy, Step, Urgency
from incidents.wall import following, last

CITIZEN_NUDGE = "nudge"
NUDGE_BEFORE = timedelta(days=1)
"""So long before an unanswered question closes the incident the citizen is reminded of it."""
EVE = timedelta(minutes=15)
"""How long before quiet hours a reminder comes that would have fallen into them: late enough to be near, early enough to act."""
AGAIN = (Audience.ASSIGNEE, Audience.CURATOR, Audience.HEAD)
"""Who hears again and again that the deadline has passed."""
LATE = "late-"
"""Begins the names of those steps."""
_MARGIN = timedelta(days=1, hours=4)
"""More than quiet hours can move anything."""


class Why(StrEnum):
    """A reason why the clock speaks just then."""

    OWN = "own"
    """At the step's own time."""
    EVENING = "evening"
    """Its own time is in quiet hours: it comes before they begin."""
    MORNING = "morning"
    """Its own time is in quiet hours, and there is no evening before: it comes when they end."""
    URGENT = "urgent"
    """Its own time is in quiet hours, and the incident is urgent: it comes all the same."""
    STEP = "step"
    """Its own time is in quiet hours, and the step is one that does not mind (the deadline, high urgency)."""
    ONLY_NOW = "only-now"
    """Its own time is in quiet hours, and the morning would be too late."""
    DISREGARDED = "disregarded"
    """Its own time is in quiet hours, and the policy does without them."""
    REST = "rest"
    """The clock counts working time, and until then there are ``days`` on which nobody works."""
    LATE = "late"
    """Its time has passed: it comes as soon as the clock ticks."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason as data."""

    why: Why
    days: int = 0
    """Of REST: days without work from the start of the clock to the step's own time."""
    holidays: int = 0
    """Of REST: those of the days that are not just a weekend."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing the running clock will still say, or do."""

    at: datetime
    own: datetime
    """When it would be said if nobody slept."""
    step: Step
    tells: tuple[Audience, ...]
    """Empty: nobody is told, the clock acts (it closes the incident)."""
    why: tuple[Reason, ...]


# --- counting time -----------------------------------------------------------------------------------------------------


def later(start: datetime, length: Length, policy: Policy, zone: tzinfo) -> datetime:
    """The end of a clock that was started at an instant; a negative length counts back."""
    return policy.calendar.after(start, length.amount, zone) if length.working else start + length.amount


def earlier(end: datetime, length: Length, policy: Policy, zone: tzinfo) -> datetime:
    """The start of a clock that ends at an instant."""
    return policy.calendar.before(end, length.amount, zone) if length.working else end - length.amount


def owed(incident: Incident, policy: Policy) -> Length:
    """How long the clock of the answer that is owed is without its pauses, whether it runs or waits for the citizen."""
    if incident.answered_at is not None or incident.timer is Timer.REWORK:
        return policy.rework
    return policy.urgent if incident.urgent else policy.first_answer


def running(incident: Incident, policy: Policy) -> Length:
    """How long the running clock is without its pauses."""
    if incident.timer in (Timer.FIRST_ANSWER, Timer.REWORK) or incident.due_at is None or incident.started_at is None:
        return policy.rework if incident.timer is Timer.REWORK else policy.urgent if incident.urgent else policy.first_answer
    return Length(incident.due_at - incident.started_at)


# --- the steps ---------------------------------------------------------------------------------------------------------


def steps(incident: Incident, policy: Policy, zone: tzinfo, since: datetime | None = None) -> Iterator[Planned]:
    """Every step of the running clock that is said at ``since`` or later (or at all), in order; it may have no end."""
    due = incident.due_at
    if due is None:
        return
    ladder = sorted(_considerate(_ladder(incident, policy, zone), incident, policy, zone), key=_at)
    for planned in (one for one in ladder if one.at <= due):  # what repeats comes later than this: often nobody asks for it
        if since is None or planned.at >= since:
            yield planned
    daily = _in_order(_considerate(_daily(incident, policy, since), incident, policy, zone))
    for planned in merge((one for one in ladder if one.at > due), daily, key=_at):
        if since is None or planned.at >= since:
            yield planned


def coming(incident: Incident, policy: Policy, zone: tzinfo, repeats: int) -> Sequence[Planned]:
    """The steps that were not said yet, of those that repeat without end only the next few."""
    since = incident.wake_at
    if since is None:
        return ()
    ladder = [one for one in _considerate(_ladder(incident, policy, zone), incident, policy, zone) if one.at >= since]
    daily = (one for one in _in_order(_considerate(_daily(incident, policy, since), incident, policy, zone)) if one.at >= since)
    endless = incident.due_at is not None and incident.timer not in (Timer.PAUSED, Timer.RATING, Timer.NONE)
    found = sorted([*ladder, *(islice(daily, repeats) if endless else ())], key=_at)
    return [replace(one, why=(*one.why, *_rest(one, incident, policy, zone))) for one in found]


def said(incident: Incident, policy: Policy, zone: tzinfo, at: datetime) -> tuple[str, ...]:
    """What the clock that runs at ``at`` leaves out from then on: the names of the steps that it said, and what it left out before.

    Of what repeats only that which was said before its time could come again.
    """
    woken = incident.wake_at or incident.reported_at
    passed = takewhile(lambda one: one.at < woken, steps(incident, policy, zone))
    return (*incident.heard, *(one.step.name for one in passed if one.own >= at or not one.step.name.startswith(LATE)))


def without_room(incident: Incident, began: datetime, policy: Policy, zone: tzinfo) -> tuple[str, ...]:
    """The names of the steps that a clock which began then is too short for."""
    return tuple(step.name for own, step in _ladder(incident, policy, zone) if own <= began)


def together(due: Sequence[Planned]) -> tuple[Step, tuple[Audience, ...]]:
    """What is said of several steps at once: the newest, to everybody whom one of them tells."""
    return due[-1].step, tuple(who for who in Audience if any(who in one.tells for one in due))


def _in_order(planned: Iterator[Planned]) -> Iterator[Planned]:
    """What repeats within one night may overtake itself on its way to the evening."""
    waiting: list[tuple[datetime, datetime, Planned]] = []
    for one in planned:
        while waiting and waiting[0][0] <= one.own - _MARGIN:
            yield heappop(waiting)[2]
        heappush(waiting, (one.at, one.own, one))
    while waiting:
        yield heappop(waiting)[2]


def _at(planned: Planned) -> datetime:
    return planned.at


def _ladder(incident: Incident, policy: Policy, zone: tzinfo) -> Iterator[tuple[datetime, Step]]:
    """The steps of the running clock that were not heard before, each with its own time."""
    due = incident.due_at
    if due is None or incident.timer is Timer.NONE:
        return
    if incident.timer is Timer.PAUSED and CITIZEN_NUDGE not in incident.heard:
        yield due - NUDGE_BEFORE, Step(CITIZEN_NUDGE, (Audience.CITIZEN,))
    if incident.timer in (Timer.PAUSED, Timer.RATING):
        yield due, Step(DEADLINE, ())
        return
    length = running(incident, policy)
    began = earlier(due, length, policy, zone)
    for step in policy.ladder:
        if step.name in incident.heard:
            continue
        if step.share is not None:
            yield later(began, Length(length.amount * step.share, length.working), policy, zone), step
        else:
            # a promise is a day that a person named: working hours before it are counted by the calendar
            working = step.working and (length.working or incident.timer is Timer.PROMISE)
            told = incident.timer is Timer.PROMISE and step.name == DEADLINE
            own = earlier(due, Length(step.before, working), policy, zone)
            yield own, replace(step, tells=(*step.tells, Audience.CITIZEN)) if told else step


def _daily(incident: Incident, policy: Policy, since: datetime | None) -> Iterator[tuple[datetime, Step]]:
    """What comes after the deadline, without end; what would have come in a pause is not made up for."""
    due = incident.due_at
    if due is None or incident.timer in (Timer.PAUSED, Timer.RATING, Timer.NONE):
        return
    after = max(due, incident.started_at or due, due if since is None else since - _MARGIN)
    for number in count((after - due) // policy.again + 1):
        if (name := f"{LATE}{number}") not in incident.heard:
            yield due + policy.again * number, Step(name, AGAIN)


# --- other people's sleep ----------------------------------------------------------------------------------------------


def _considerate(own: Iterator[tuple[datetime, Step]], incident: Incident, policy: Policy, zone: tzinfo) -> Iterator[Planned]:
    """When each step is said. One whose own time passed in a pause is made up for at once, or in the morning."""
    for passed, step in own:
        time = max(passed, incident.started_at or passed)
        at, why = _awake(time, step, incident, policy, zone)
        yield Planned(at, time, step, step.tells, _REASONS[why])


_REASONS = {why: (Reason(why),) for why in Why}


def _awake(own: datetime, step: Step, incident: Incident, policy: Policy, zone: tzinfo) -> tuple[datetime, Why]:
    """Move a reminder out of quiet hours to the evening before, where it is still of use.

    Urgent incidents and the deadline itself stay where they are. A clock that was started in the night has no evening
    before: the reminder then comes in the morning, or where it stands when the morning is too late. What speaks of a missed
    deadline never comes before it.
    """
    if not policy.quiet.covers(own.astimezone(zone)):
        return own, Why.OWN
    if step.name != CITIZEN_NUDGE:
        if step.name == DEADLINE or step.urgency is Urgency.HIGH:
            return own, Why.STEP
        if incident.urgent:
            return own, Why.URGENT
        if not policy.quiet_applies:
            return own, Why.DISREGARDED
    due = incident.due_at or own
    begun = max(incident.started_at or own, due) if own > due else incident.started_at or own
    evening = last(policy.quiet.begin, own, zone) - EVE
    if evening > begun:
        return evening, Why.EVENING
    morning = following(policy.quiet.end, own, zone)
    return (own, Why.ONLY_NOW) if own < due <= morning else (morning, Why.MORNING)


def _rest(planned: Planned, incident: Incident, policy: Policy, zone: tzinfo) -> Iterator[Reason]:
    """The days off that a clock of working time left out on its way to a step."""
    due, started = incident.due_at, incident.started_at
    working = running(incident, policy).working or (planned.step.working and incident.timer is Timer.PROMISE)
    if not working or due is None or started is None:
        return
    first, latest = started.astimezone(zone).date(), min(planned.own, due).astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((latest - first).days + 1)]
    off = [day for day in days if not policy.calendar.is_working(day)]
    if off:
        yield Reason(Why.REST, len(off), sum(day.weekday() not in policy.calendar.weekend for day in off))
