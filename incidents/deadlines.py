"""The clocks of an incident: what starts, pauses and ends them, what they say when they wake, and what they are going to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import takewhile

from incidents.incident import Action, Change, Deed, Incident, Resolution, Role, Status, Timer
from incidents.planning import (
    CITIZEN_NUDGE,
    EVE,
    NUDGE_BEFORE,
    Planned,
    Reason,
    Why,
    coming,
    earlier,
    later,
    owed,
    said,
    steps,
    together,
    without_room,
)
from incidents.policies import DEADLINE, LADDER, Audience, Length, Policy, QuietHours, Step, Urgency

__all__ = [
    "CITIZEN_NUDGE",
    "DEADLINE",
    "EVE",
    "LADDER",
    "Audience",
    "Length",
    "Planned",
    "Policy",
    "QuietHours",
    "Reason",
    "Reminder",
    "Step",
    "Urgency",
    "Why",
    "follow",
    "goes_on_until",
    "hurry",
    "plan",
    "recompute",
    "start",
    "wake",
]


@dataclass(frozen=True, slots=True)
class Reminder:
    """The one thing the clock has to say now; ``skipped`` are steps that passed unheard (the machine slept)."""

    step: str
    tells: tuple[Audience, ...]
    skipped: tuple[str, ...] = ()
    urgency: Urgency = Urgency.NORMAL


# --- starting, pausing and ending clocks -------------------------------------------------------------------------------


def start(incident: Incident, policy: Policy, zone: tzinfo) -> Incident:
    """Start the first-answer clock of a fresh incident, from the platform's time of the citizen's message."""
    due = later(incident.reported_at, owed(incident, policy), policy, zone)
    return _run(incident, Timer.FIRST_ANSWER, incident.reported_at, due, policy, zone)


def hurry(incident: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """The incident turned out to be urgent: its first-answer clock gets shorter, never longer.

    What the shorter clock should have said already, and was not heard, it says at once. One that is over already has been spoken of.
    """
    if incident.urgent:
        return incident
    calm, incident = incident, replace(incident, urgent=True)
    if incident.timer is Timer.PAUSED and incident.answered_at is None:
        shorter = max(policy.first_answer.amount - policy.urgent.amount, timedelta())
        return replace(incident, paused_left=incident.paused_left - shorter.total_seconds())
    if incident.timer is not Timer.FIRST_ANSWER or incident.due_at is None or incident.due_at <= at:
        return incident
    began = _began(calm, incident.due_at, policy, zone)
    due = min(incident.due_at, later(began, policy.urgent, policy, zone))
    hurried = replace(incident, due_at=due, heard=said(calm, policy, zone, at))
    return _goes_on(_leaving_out(hurried, began, policy, zone), policy, zone)


def follow(before: Incident, after: Incident, change: Change, policy: Policy, zone: tzinfo) -> Incident:
    """Set the clock of an incident right after an action (``incident.act``)."""
    at = change.at
    match change.action:
        case Action.ANSWER:
            return _run(after, Timer.RATING, at, at + policy.rating, policy, zone)
        case Action.ANSWER_INTERIM | Action.EXTEND if change.date is not None:
            return _run(after, Timer.PROMISE, at, change.date, policy, zone)
        case Action.ASK if after.status is Status.WAITING:
            return _pause(before, after, at, policy, zone)
        case Action.REPLY if before.status is Status.WAITING:
            return _resume(after, at, policy, zone)
        case Action.RETURN | Action.CONTEST | Action.REOPEN:
            return _run(after, Timer.REWORK, at, later(at, policy.rework, policy, zone), policy, zone)
    if after.status is Status.CLOSED:
        return replace(after, timer=Timer.NONE, due_at=None, wake_at=None, started_at=None, heard=())
    return after


def _run(
    incident: Incident, timer: Timer, started: datetime, due: datetime, policy: Policy, zone: tzinfo, heard: tuple[str, ...] = ()
) -> Incident:
    """Another clock; what was heard matters to it only when it pauses one that will go on."""
    begun = replace(incident, timer=timer, started_at=started, due_at=due, heard=heard)
    return _goes_on(_leaving_out(begun, started, policy, zone), policy, zone)


def _leaving_out(incident: Incident, began: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """A clock that does not speak of what it had no room for when it began."""
    return replace(incident, heard=(*incident.heard, *without_room(incident, began, policy, zone)))


def _goes_on(incident: Incident, policy: Policy, zone: tzinfo) -> Incident:
    return replace(incident, turn=incident.turn + 1, wake_at=_first(incident, policy, zone, None))


def _began(incident: Incident, due: datetime, policy: Policy, zone: tzinfo) -> datetime:
    """When a clock that ends at ``due`` would have been started if it had had no pauses."""
    length = owed(incident, policy)
    if incident.answered_at is None and later(incident.reported_at, length, policy, zone) == due:
        return incident.reported_at
    return earlier(due, length, policy, zone)


def _pause(before: Incident, after: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """Wait for the citizen. What was left is kept, in working time when the clock counts that; what is overdue in elapsed time."""
    due = before.due_at or at
    working = due > at and owed(before, policy).working
    kept = policy.calendar.between(at, due, zone) if working else due - at
    waiting = replace(after, paused_left=kept.total_seconds())
    return _run(waiting, Timer.PAUSED, at, at + policy.waiting, policy, zone, said(before, policy, zone, at))


def _resume(after: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """Go on with what was left: each step that was not heard before the pause is said, at once where its time has passed."""
    timer = Timer.REWORK if after.answered_at is not None else Timer.FIRST_ANSWER
    resumed = replace(after, timer=timer, paused_left=0.0, started_at=at, due_at=goes_on_until(after, at, policy, zone))
    return _goes_on(replace(resumed, heard=_but_the_nudge(after.heard)), policy, zone)


def goes_on_until(waiting: Incident, at: datetime, policy: Policy, zone: tzinfo) -> datetime:
    """When the clock that waits for the citizen ends if it goes on at an instant with what was left of it."""
    rest = Length(timedelta(seconds=waiting.paused_left), working=owed(waiting, policy).working and waiting.paused_left > 0)
    return later(at, rest, policy, zone)


def _but_the_nudge(heard: tuple[str, ...]) -> tuple[str, ...]:
    """What was heard of the clock that is paused."""
    return tuple(name for name in heard if name != CITIZEN_NUDGE)


# --- waking ------------------------------------------------------------------------------------------------------------


def wake(incident: Incident, policy: Policy, now: datetime, zone: tzinfo) -> tuple[Incident, Reminder | None, Deed | None]:
    """What the clock does at ``now``: the incident with its next ``wake_at``, a reminder to send, or a deed of the clock itself."""
    if incident.wake_at is None or incident.wake_at > now or incident.due_at is None:
        return incident, None, None
    due: list[Planned] = []
    ahead = None
    for one in steps(incident, policy, zone, incident.wake_at):
        if one.at > now:
            ahead = one.at
            break
        due.append(one)
    rested = replace(incident, wake_at=ahead)
    deed = _deed(incident, now)
    if deed is not None or not due:
        return rested, None, deed
    step, tells = together(due)
    return rested, Reminder(step.name, tells, tuple(one.step.name for one in due[:-1]), step.urgency), None


def plan(incident: Incident, policy: Policy, zone: tzinfo, *, now: datetime | None = None, repeats: int = 1) -> Sequence[Planned]:
    """Everything the running clock will still say, in order, each with its reasons: ``wake``, seen from afar.

    What comes again and again after the deadline is named ``repeats`` times. With ``now``, what should have been said by
    then is the one thing that the next tick says.
    """
    found = coming(incident, policy, zone, repeats)
    passed = [one for one in found if now is not None and one.at <= now]
    if now is None or not passed:
        return found
    step, tells = together(passed)
    at_once = replace(passed[-1], at=now, step=step, tells=tells, why=(*passed[-1].why, Reason(Why.LATE)))
    return [at_once, *found[len(passed) :]]


def _deed(incident: Incident, now: datetime) -> Deed | None:
    """A clock whose end is an action: nobody answered our question, nobody rated."""
    if incident.due_at is None or now < incident.due_at:
        return None
    if incident.timer is Timer.PAUSED:
        return Deed(action=Action.CLOSE, role=Role.CLOCK, at=now, resolution=Resolution.NO_REPLY)
    if incident.timer is Timer.RATING:
        return Deed(action=Action.CLOSE, role=Role.CLOCK, at=now, resolution=Resolution.EXPLAINED)
    return None


def _first(incident: Incident, policy: Policy, zone: tzinfo, since: datetime | None) -> datetime | None:
    """When the clock first has something to do from an instant on, or at all."""
    return next((one.at for one in steps(incident, policy, zone, since)), None)


# --- another policy ----------------------------------------------------------------------------------------------------


def recompute(incident: Incident, old: Policy, new: Policy, zone: tzinfo, now: datetime) -> Incident:
    """What the running clock becomes when the policy it was started by is another one now; the same incident when nothing changes.

    No deadline moves to before ``now``. Steps that were heard and those that the new clock would have said by now are not said,
    but for one: when the deadline came nearer, the newest step that it has passed unheard is said with the next tick. When it
    came later, what is still ahead on the longer clock is said, though it was heard on the shorter one.
    """
    if incident.due_at is None or incident.wake_at is None:
        return incident
    heard = said(incident, old, zone, now)
    changed = _lengths(incident, old, new, zone, now, nudged=CITIZEN_NUDGE in heard)
    due = changed.due_at or now
    if due > incident.due_at:
        heard = _but_the_nudge(heard) if changed.timer is Timer.PAUSED else ()
    changed = replace(changed, turn=incident.turn + (due != incident.due_at), heard=heard)
    owes = changed.timer in (Timer.FIRST_ANSWER, Timer.REWORK)
    began = _began(changed, due, new, zone) if owes else changed.started_at or now
    changed = _leaving_out(changed, began, new, zone)
    passed = list(takewhile(lambda one: one.at < now, steps(changed, new, zone)))
    first = passed[-1].at if due < incident.due_at and passed else now
    changed = replace(changed, wake_at=_first(changed, new, zone, first))
    same = replace(changed, heard=incident.heard) == incident and coming(changed, new, zone, 2) == coming(incident, new, zone, 2)
    return incident if same else changed


def _lengths(incident: Incident, old: Policy, new: Policy, zone: tzinfo, now: datetime, *, nudged: bool) -> Incident:
    """The incident with the deadline of the new policy; its steps are not looked at yet."""
    was, started = incident.due_at or now, incident.started_at or now
    match incident.timer:
        case Timer.FIRST_ANSWER | Timer.REWORK:
            began = _began(incident, was, old, zone)
            due = later(began, owed(incident, new), new, zone)
            return replace(incident, due_at=due if due > now else max(due, min(was, now)))
        case Timer.PAUSED:
            longer = owed(incident, new).amount - owed(incident, old).amount
            incident = replace(incident, paused_left=incident.paused_left + longer.total_seconds())
            earliest = now if nudged else now + NUDGE_BEFORE
            return replace(incident, due_at=_never_sooner(started + new.waiting, was, earliest))
        case Timer.RATING:
            return replace(incident, due_at=_never_sooner(started + new.rating, was, now))
    return incident  # a promise is kept as it was given


def _never_sooner(due: datetime, was: datetime, earliest: datetime) -> datetime:
    """A deadline that became another one, but not sooner than ``earliest`` if it was not so already."""
    return max(due, min(was, earliest))
