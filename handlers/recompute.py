"""New rules for clocks that run already: what they would change, and changing it when an administrator asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from handlers.turn import Moment
from incidents.deadlines import Policy, recompute
from incidents.incident import Action, Deed, Incident, Role, Timer, act
from incidents.regional import Region
from storage.connection import Stale
from storage.incidents import Case

_OWED = (Timer.FIRST_ANSWER, Timer.REWORK)
"""Clocks whose end the citizen was told and the rules decide; that of a promise a person named."""


class Kind(StrEnum):
    """What new rules do to a running clock, the gravest first."""

    OVERDUE = "overdue"
    """The deadline comes so much nearer that it has passed."""
    EARLIER = "earlier"
    LATER = "later"
    """The citizen was told an earlier time: only when asked for, and then they are told."""
    WAITING = "waiting"
    """The citizen is asked something: how long that may last, or what is left afterwards."""
    REMINDERS = "reminders"
    """The deadline stays, its reminders come at other times."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One clock before and after."""

    case: Case
    after: Incident
    kind: Kind

    @property
    def number(self) -> int:
        """The incident's number."""
        return self.case.id


@dataclass(frozen=True, slots=True)
class Rules:
    """The region files that were in force, oldest first, each from an instant on. The last one holds now."""

    versions: tuple[tuple[datetime, Region], ...]

    @property
    def now(self) -> Region:
        """The region in force."""
        return self.versions[-1][1]

    def at(self, instant: datetime) -> Region:
        """The region in force at an instant; before the first one was loaded, that one."""
        held = [region for since, region in self.versions if since <= instant]
        return held[-1] if held else self.versions[0][1]


def moved(cases: Iterable[Case], set_at: Mapping[int, datetime], rules: Rules, now: datetime) -> Iterator[Moved]:
    """Those of these clocks that the rules in force change. ``set_at``: when each was set, by the rules of that time."""
    for case in cases:
        incident = case.incident
        before = rules.at(set_at.get(case.id, incident.reported_at)).policy(incident.topic, incident.territory)
        after = rules.now.policy(incident.topic, incident.territory)
        if _nameless(before) == _nameless(after):
            continue
        changed = recompute(incident, before, after, rules.now.zone_of(incident.territory), now)
        if changed != incident:
            yield Moved(case, changed, _kind(incident, changed, now))


def _nameless(policy: Policy) -> Policy:
    """A rule that got another name changes nothing."""
    return replace(policy, name="", origins=())


def _kind(before: Incident, after: Incident, now: datetime) -> Kind:
    if before.timer is Timer.PAUSED:
        return Kind.WAITING
    if before.timer not in _OWED or before.due_at is None or after.due_at is None or before.due_at == after.due_at:
        return Kind.REMINDERS
    if after.due_at > before.due_at:
        return Kind.LATER
    return Kind.OVERDUE if after.due_at <= now < before.due_at else Kind.EARLIER


async def page(moment: Moment, rules: Rules, after: int, limit: int) -> tuple[Sequence[Moved], int, int]:
    """What changes among the next open incidents behind a number, how many were looked at, and the number of the last one."""
    cases = await moment.tx.incidents.open_after(after, limit)
    set_at = await moment.tx.incidents.clocks_set_at([case.id for case in cases])
    return list(moved(cases, set_at, rules, moment.now)), len(cases), cases[-1].id if cases else after


async def apply(moment: Moment, one: Moved) -> bool:
    """Change one clock: a row of history, cards and receipt follow, and who is answered later hears it. False: somebody was quicker."""
    changed, change = act(one.case.incident, Deed(action=Action.RECOMPUTE, role=Role.ADMINISTRATOR, at=moment.now))
    after = Case(replace(one.after, version=changed.version), one.case.report)
    try:
        async with moment.tx.connection.savepoint():
            saved = await moment.tx.incidents.save(after, replace(change, date=one.after.due_at))
            await moment.office.after(moment, one.case, saved, change)
            await moment.tx.connection.settle()
    except Stale:
        return False
    return True
