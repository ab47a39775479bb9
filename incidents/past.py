"""Which clocks ran on an incident, from its history: what started each of them, and what ended it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from incidents.incident import Action, Change, Incident, Status, Timer


@dataclass(frozen=True, slots=True)
class Ran:
    """One clock, from its beginning to its end; ``ended`` is None while it runs."""

    timer: Timer
    began: datetime
    by: Action
    ended: datetime | None = None
    ended_by: Action | None = None


_STARTS: Mapping[Action, Timer] = {
    Action.REPORT: Timer.FIRST_ANSWER,
    Action.ANSWER: Timer.RATING,
    Action.ANSWER_INTERIM: Timer.PROMISE,
    Action.EXTEND: Timer.PROMISE,
    Action.RETURN: Timer.REWORK,
    Action.CONTEST: Timer.REWORK,
    Action.REOPEN: Timer.REWORK,
}
"""What starts which clock, as ``deadlines.follow`` does it."""


def clocks(incident: Incident, history: Iterable[Change]) -> Sequence[Ran]:
    """The clocks of an incident, oldest first. The last one runs now, unless the incident is closed."""
    ran: list[Ran] = []
    for change in history:
        timer = _started(change, ran)
        if timer is None:
            continue
        began = incident.reported_at if change.action is Action.REPORT else change.at
        if ran and ran[-1].ended is None:
            ran[-1] = replace(ran[-1], ended=began, ended_by=change.action)
        if timer is not Timer.NONE:
            ran.append(Ran(timer, began, change.action))
    return ran


def _started(change: Change, ran: Sequence[Ran]) -> Timer | None:
    """The clock that runs from this change on: ``NONE`` when the incident is closed by it, None when nothing changes."""
    if change.after is Status.CLOSED:
        return Timer.NONE
    if change.action is Action.ASK and change.after is Status.WAITING:
        return Timer.PAUSED
    if change.action is Action.REPLY and change.before is Status.WAITING:
        return next((one.timer for one in reversed(ran) if one.timer is not Timer.PAUSED), Timer.FIRST_ANSWER)
    return _STARTS.get(change.action)
