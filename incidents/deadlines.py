"""The clocks of an incident: how long each runs, when it has something to say and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from heapq import merge
from itertools import count, takewhile

from incidents.incident import Action, Change, Deed, Incident, Resolution, Role, Status, Timer


class Audience(StrEnum):
    """Whom a step of the ladder is for. ``assignee`` becomes the whole organisation while nobody has taken the incident."""

    ASSIGNEE = "assignee"
    ORGANISATION = "organisation"
    CURATOR = "curator"
    HEAD = "head"
    CITIZEN = "citizen"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: at a share of the time, or so long before the deadline (0: at it)."""

    name: str
    tells: tuple[Audience, ...]
    share: float | None = None
    before: timedelta = timedelta()

    def instant(self, started: datetime, due: datetime) -> datetime:
        """When the step comes on a clock that runs from ``started`` to ``due``."""
        return due - self.before if self.share is None else started + (due - started) * self.share


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When people sleep, in the local time of the incident's territory. ``begin`` may be later than ``end``: over midnight."""

    begin: time = time(22)
    end: time = time(7)

    def covers(self, local: datetime) -> bool:
        """Whether a local instant falls into them; their first second does, their end does not."""
        if self.begin == self.end:
            return False
        now = local.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


DEADLINE = "deadline"
CITIZEN_NUDGE = "nudge"
LADDER = (
    Step("50", (Audience.ASSIGNEE,), share=0.5),
    Step("80", (Audience.ASSIGNEE,), share=0.8),
    Step("2h", (Audience.ASSIGNEE, Audience.CURATOR), before=timedelta(hours=2)),
    Step(DEADLINE, (Audience.ASSIGNEE, Audience.CURATOR, Audience.HEAD)),
)
"""The default ladder (product.md §4)."""

EVE = timedelta(minutes=15)
"""How long before quiet hours a reminder comes that would have fallen into them: late enough to be near, early enough to act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long the clocks run and how they speak."""

    first_answer: timedelta = timedelta(hours=24)
    urgent: timedelta = timedelta(hours=4)
    rework: timedelta = timedelta(hours=24)
    waiting: timedelta = timedelta(days=5)
    rating: timedelta = timedelta(days=14)
    longest_promise: timedelta = timedelta(days=30)
    ladder: tuple[Step, ...] = LADDER
    again: timedelta = timedelta(days=1)
    """After the deadline: so often, until there is an answer."""
    quiet: QuietHours = QuietHours()


@dataclass(frozen=True, slots=True)
class Reminder:
    """The one thing the clock has to say now; ``skipped`` are steps that passed unheard (the machine slept)."""

    step: str
    tells: tuple[Audience, ...]
    skipped: tuple[str, ...] = ()


# --- starting, pausing and ending clocks -------------------------------------------------------------------------------


def start(incident: Incident, policy: Policy, zone: tzinfo) -> Incident:
    """Start the first-answer clock of a fresh incident, from the platform's time of the citizen's message."""
    length = policy.urgent if incident.urgent else policy.first_answer
    return _run(incident, Timer.FIRST_ANSWER, incident.reported_at, incident.reported_at + length, policy, zone)


def hurry(incident: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """The incident turned out to be urgent: its first-answer clock gets shorter, never longer.

    What the shorter clock should have said already it says at once. One that is over already has been spoken of.
    """
    if incident.urgent:
        return incident
    incident = replace(incident, urgent=True)
    shorter = max(policy.first_answer - policy.urgent, timedelta())
    if incident.timer is Timer.PAUSED and incident.answered_at is None:
        return replace(incident, paused_left=incident.paused_left - shorter.total_seconds())
    if incident.timer is not Timer.FIRST_ANSWER or incident.due_at is None or incident.due_at <= at:
        return incident
    due = incident.due_at - shorter
    return _run(incident, Timer.FIRST_ANSWER, due - policy.urgent, due, policy, zone)


def follow(before: Incident, after: Incident, change: Change, policy: Policy, zone: tzinfo) -> Incident:
    """Set the clock of an incident right after an action (``incident.act``)."""
    at = change.at
    match change.action:
        case Action.ANSWER:
            return _run(after, Timer.RATING, at, at + policy.rating, policy, zone)
        case Action.ANSWER_INTERIM | Action.EXTEND if change.date is not None:
            return _run(after, Timer.PROMISE, at, change.date, policy, zone)
        case Action.ASK if after.status is Status.WAITING:
            left = (before.due_at - at).total_seconds() if before.due_at else 0.0
            return _run(replace(after, paused_left=left), Timer.PAUSED, at, at + policy.waiting, policy, zone)
        case Action.REPLY if before.status is Status.WAITING:
            return _resume(before, after, at, policy, zone)
        case Action.RETURN | Action.CONTEST | Action.REOPEN:
            return _run(after, Timer.REWORK, at, at + policy.rework, policy, zone)
    if after.status is Status.CLOSED:
        return replace(after, timer=Timer.NONE, due_at=None, wake_at=None, started_at=None)
    return after


def _run(incident: Incident, timer: Timer, started: datetime, due: datetime, policy: Policy, zone: tzinfo) -> Incident:
    running = replace(incident, timer=timer, turn=incident.turn + 1, started_at=started, due_at=due)
    return replace(running, wake_at=_next(running, policy, zone, None))


def _resume(before: Incident, after: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """Go on with what was left; steps that were heard before the pause do not come again.

    Steps count from ``started_at``. That is now, or later when a night made one come before its time: by its own time it
    would come again.
    """
    asked = before.started_at or at
    reworked = after.answered_at is not None
    timer = Timer.REWORK if reworked else Timer.FIRST_ANSWER
    left = timedelta(seconds=after.paused_left)
    paused = replace(after, timer=timer, due_at=asked + left)
    paused = replace(paused, started_at=asked + left - _length(paused, policy) if reworked else after.reported_at)
    heard = [time for time, step in _times(paused, policy, asked + policy.again) if _considerate(time, step, paused, policy, zone) <= asked]
    started = max([at, *(at + (time - asked) for time in heard)])
    return _run(replace(after, paused_left=0.0), timer, started, at + left, policy, zone)


# --- waking ------------------------------------------------------------------------------------------------------------


def wake(incident: Incident, policy: Policy, now: datetime, zone: tzinfo) -> tuple[Incident, Reminder | None, Deed | None]:
    """What the clock does at ``now``: the incident with its next ``wake_at``, a reminder to send, or a deed of the clock itself."""
    if incident.wake_at is None or incident.wake_at > now or incident.due_at is None:
        return incident, None, None
    passed = takewhile(lambda pair: pair[0] <= now, _steps(incident, policy, zone))
    due_steps = [step for instant, step in passed if incident.wake_at <= instant]
    rested = replace(incident, wake_at=_next(incident, policy, zone, now))
    deed = _deed(incident, now)
    if deed is not None or not due_steps:
        return rested, None, deed
    tells = tuple(who for who in Audience if any(who in step.tells for step in due_steps))
    return rested, Reminder(due_steps[-1].name, tells, tuple(step.name for step in due_steps[:-1])), None


def _deed(incident: Incident, now: datetime) -> Deed | None:
    """A clock whose end is an action: nobody answered our question, nobody rated."""
    if incident.due_at is None or now < incident.due_at:
        return None
    if incident.timer is Timer.PAUSED:
        return Deed(action=Action.CLOSE, role=Role.CLOCK, at=now, resolution=Resolution.NO_REPLY)
    if incident.timer is Timer.RATING:
        return Deed(action=Action.CLOSE, role=Role.CLOCK, at=now, resolution=Resolution.EXPLAINED)
    return None


def _next(incident: Incident, policy: Policy, zone: tzinfo, after: datetime | None) -> datetime | None:
    """The first instant after ``after`` (or at all) when the clock has something to do."""
    for instant, _ in _steps(incident, policy, zone):
        if after is None or instant > after:
            return instant
    return None


def _length(incident: Incident, policy: Policy) -> timedelta:
    """How long the running clock is without its pauses."""
    if incident.timer is Timer.FIRST_ANSWER:
        return policy.urgent if incident.urgent else policy.first_answer
    if incident.timer is Timer.REWORK or incident.due_at is None or incident.started_at is None:
        return policy.rework
    return incident.due_at - incident.started_at


def _ladder(incident: Incident, policy: Policy) -> Iterator[tuple[datetime, Step]]:
    """The steps of the running clock, each with its own time."""
    due = incident.due_at
    if due is None:
        return
    if incident.timer is Timer.PAUSED:
        yield due - timedelta(days=1), Step(CITIZEN_NUDGE, (Audience.CITIZEN,))
    if incident.timer in (Timer.PAUSED, Timer.RATING):
        yield due, Step(DEADLINE, ())
        return
    for step in policy.ladder:
        told = _told_to_citizen(step) if incident.timer is Timer.PROMISE and step.name == DEADLINE else step
        yield step.instant(due - _length(incident, policy), due), told


def _daily(incident: Incident, policy: Policy) -> Iterator[tuple[datetime, Step]]:
    """What comes after the deadline, without end."""
    if incident.due_at is None or incident.timer in (Timer.PAUSED, Timer.RATING):
        return
    for day in count(1):
        yield incident.due_at + policy.again * day, replace(AGAIN, name=f"late-{day}")


def _times(incident: Incident, policy: Policy, until: datetime) -> Iterator[tuple[datetime, Step]]:
    """Every step of the running clock up to an instant, with its own time: before anybody's sleep is considered."""
    yield from (pair for pair in _ladder(incident, policy) if pair[0] <= until)
    yield from takewhile(lambda pair: pair[0] <= until, _daily(incident, policy))


def _steps(incident: Incident, policy: Policy, zone: tzinfo) -> Iterator[tuple[datetime, Step]]:
    """Every step of the running clock that comes after its start, with the instant when it is said, in order; it may have no end."""
    started = incident.started_at
    if started is None:
        return
    ladder = [(_considerate(time, step, incident, policy, zone), step) for time, step in _ladder(incident, policy) if time > started]
    daily = ((_considerate(time, step, incident, policy, zone), step) for time, step in _daily(incident, policy) if time > started)
    yield from merge(sorted(ladder, key=_instant), daily, key=_instant)


def _instant(pair: tuple[datetime, Step]) -> datetime:
    return pair[0]


AGAIN = Step("late", (Audience.ASSIGNEE, Audience.CURATOR, Audience.HEAD))


def _told_to_citizen(step: Step) -> Step:
    return replace(step, tells=(*step.tells, Audience.CITIZEN))


def _considerate(instant: datetime, step: Step, incident: Incident, policy: Policy, zone: tzinfo) -> datetime:
    """Move a reminder out of quiet hours to the evening before, where it is still of use.

    Urgent incidents and the deadline itself stay where they are. A clock that was started in the night has no evening
    before: the reminder then comes in the morning, or where it stands when the morning is too late.
    """
    local = instant.astimezone(zone)
    on_duty = incident.urgent and step.name != CITIZEN_NUDGE
    if step.name == DEADLINE or on_duty or not policy.quiet.covers(local):
        return instant
    evening = local.replace(hour=policy.quiet.begin.hour, minute=policy.quiet.begin.minute, second=0, microsecond=0) - EVE
    if evening > local:
        evening -= timedelta(days=1)
    started, due = incident.started_at, incident.due_at
    if started is None or due is None or evening.astimezone(instant.tzinfo) > started:
        return evening.astimezone(instant.tzinfo)
    morning = local.replace(hour=policy.quiet.end.hour, minute=policy.quiet.end.minute, second=0, microsecond=0)
    if morning < local:
        morning += timedelta(days=1)
    too_late = instant < due <= morning.astimezone(instant.tzinfo)
    return instant if too_late else morning.astimezone(instant.tzinfo)
