"""The clocks of an incident: what starts, pauses and ends them, what they say when they wake, and what they are going to say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    own_times,
    steps,
    together,
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

    What the shorter clock should have said already it says at once. One that is over already has been spoken of.
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
    return _run(incident, Timer.FIRST_ANSWER, began, due, policy, zone)


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
            return _resume(before, after, at, policy, zone)
        case Action.RETURN | Action.CONTEST | Action.REOPEN:
            return _run(after, Timer.REWORK, at, later(at, policy.rework, policy, zone), policy, zone)
    if after.status is Status.CLOSED:
        return replace(after, timer=Timer.NONE, due_at=None, wake_at=None, started_at=None)
    return after


def _run(incident: Incident, timer: Timer, started: datetime, due: datetime, policy: Policy, zone: tzinfo) -> Incident:
    running = replace(incident, timer=timer, turn=incident.turn + 1, started_at=started, due_at=due)
    return replace(running, wake_at=_first(running, policy, zone, None))


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
    return _run(replace(after, paused_left=kept.total_seconds()), Timer.PAUSED, at, at + policy.waiting, policy, zone)


def _resume(before: Incident, after: Incident, at: datetime, policy: Policy, zone: tzinfo) -> Incident:
    """Go on with what was left; steps that were heard before the pause do not come again."""
    asked = before.started_at or at
    timer = Timer.REWORK if after.answered_at is not None else Timer.FIRST_ANSWER
    length = owed(after, policy)
    rest = Length(timedelta(seconds=after.paused_left), working=length.working and after.paused_left > 0)
    due = later(asked, rest, policy, zone)
    started = after.reported_at if timer is Timer.FIRST_ANSWER else earlier(due, length, policy, zone)
    paused = replace(after, timer=timer, started_at=started, due_at=due)
    heard = {one.step.name for one in takewhile(lambda one: one.at <= asked, steps(paused, policy, zone))}
    resumed = replace(after, timer=timer, paused_left=0.0, due_at=later(at, rest, policy, zone))
    return _run(resumed, timer, _goes_on(resumed, heard, at, policy, zone), resumed.due_at or at, policy, zone)


def _goes_on(incident: Incident, heard: Collection[str], at: datetime, policy: Policy, zone: tzinfo) -> datetime:
    """From when the steps of a clock count that goes on at ``at``: only those that come later by their own time are said.

    That is ``at``, or later when a night made a step come before its time: by its own time it would come again. It is earlier
    when working time left no room for a step («2h before», and an hour is left): then the step is said at once, unless one
    that was heard comes after it now.
    """
    told = max(own_times(incident, policy, zone, heard), default=None)
    if told is not None and told >= at:
        return told
    untold = {step.name for step in policy.ladder} - set(heard)
    passed = [own for own in own_times(incident, policy, zone, untold) if own <= at and (told is None or own > told)]
    return max(passed) - timedelta.resolution if passed else at


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
    but for one: when the deadline came nearer, the newest step that it has passed unheard is said with the next tick.
    """
    if incident.due_at is None or incident.wake_at is None:
        return incident
    heard = {one.step.name for one in takewhile(lambda one: one.at < _woken(incident), steps(incident, old, zone))}
    changed = _lengths(incident, old, new, zone, now, nudged=CITIZEN_NUDGE in heard)
    due = changed.due_at or now
    if due == incident.due_at:
        early = [own for own in own_times(changed, new, zone, heard) if own > now]  # heard for the sake of a night
        changed = replace(changed, started_at=max(early, default=changed.started_at))
    else:
        changed = replace(changed, turn=incident.turn + 1)
    passed = list(takewhile(lambda one: one.at < now, steps(changed, new, zone)))
    at_once = due < incident.due_at and passed and passed[-1].step.name not in heard
    first = passed[-1].at if at_once else now
    return replace(changed, wake_at=_first(changed, new, zone, first))


def _woken(incident: Incident) -> datetime:
    return incident.wake_at or incident.reported_at


def _lengths(incident: Incident, old: Policy, new: Policy, zone: tzinfo, now: datetime, *, nudged: bool) -> Incident:
    """The incident with the deadline of the new policy; its steps are not looked at yet."""
    was, started = incident.due_at or now, incident.started_at or now
    match incident.timer:
        case Timer.FIRST_ANSWER | Timer.REWORK:
            began = _began(incident, was, old, zone)
            due = later(began, owed(incident, new), new, zone)
            due = due if due > now else max(due, min(was, now))
            return incident if due == was else replace(incident, started_at=began, due_at=due)
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
