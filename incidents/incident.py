"""The whole workflow of an incident: its statuses, who may do what in each, and what that changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where an incident stands (product.md §3)."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    PROMISED = "promised"
    ANSWERED = "answered"
    CLOSED = "closed"


class Action(StrEnum):
    """What can be done to an incident."""

    REPORT = "report"
    """The beginning: history's first row. No rule allows it afterwards."""
    ASSIGN = "assign"
    TAKE = "take"
    RELEASE = "release"
    REFUSE = "refuse"
    ASK = "ask"
    ANSWER = "answer"
    ANSWER_INTERIM = "answer_interim"
    EXTEND = "extend"
    REASSIGN = "reassign"
    RETURN = "return"
    REPLY = "reply"
    RATE = "rate"
    CONTEST = "contest"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    SPLIT = "split"
    CLOSE = "close"
    REOPEN = "reopen"
    RECOMPUTE = "recompute"
    """The running clock goes by the rules in force now, not by those it was started by."""


class Role(StrEnum):
    """In what capacity somebody acts on one incident. Officials and heads are those of its owner organisation only."""

    CITIZEN = "citizen"
    OFFICIAL = "official"
    HEAD = "head"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"
    CLOCK = "clock"
    """The desk itself: routing, passing time, a person who left."""


class Resolution(StrEnum):
    """How a closed incident ended."""

    SOLVED = "solved"
    EXPLAINED = "explained"
    NOT_OURS = "not_ours"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"
    NO_REPLY = "no_reply"
    SPAM = "spam"


class Needs(StrEnum):
    """What an action cannot do without."""

    TEXT = "text"
    DATE = "date"
    TARGET = "target"
    REASON = "reason"
    RESOLUTION = "resolution"
    TARGET_OR_REASON = "target_or_reason"


class Timer(StrEnum):
    """Which clock runs on an incident; at most one does."""

    FIRST_ANSWER = "first_answer"
    PROMISE = "promise"
    REWORK = "rework"
    PAUSED = "paused"
    """A clarifying question waits for the citizen."""
    RATING = "rating"
    """Answered; the citizen may rate or contest."""
    NONE = "none"


HELD = None
"""As a rule's next status: in_progress when somebody holds the incident, assigned when an organisation does, new when nobody."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One allowed action: the status it leads to, who may, and what it needs."""

    to: Status | None
    by: frozenset[Role]
    needs: tuple[Needs, ...] = ()


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_CITIZEN = _by(Role.CITIZEN)
_OFFICE = _by(Role.OFFICIAL, Role.HEAD)
_CURATOR = _by(Role.CURATOR)
_ANSWERERS = _OFFICE | _CURATOR
_ADMINISTRATOR = _by(Role.ADMINISTRATOR)
_DESK = _CURATOR | {Role.CLOCK}

_S, _A = Status, Action
_TEXT, _DATE, _TARGET = (Needs.TEXT,), (Needs.TEXT, Needs.DATE), (Needs.TARGET,)
_REASON = (Needs.REASON,)

RULES: Mapping[tuple[Status, Action], Rule] = {
    # new: nobody owns it, a curator sorts it
    (_S.NEW, _A.ASSIGN): Rule(_S.ASSIGNED, _DESK, _TARGET),
    (_S.NEW, _A.REPLY): Rule(_S.NEW, _CITIZEN),
    (_S.NEW, _A.WITHDRAW): Rule(_S.CLOSED, _CITIZEN),
    (_S.NEW, _A.ANSWER): Rule(_S.ANSWERED, _CURATOR, _TEXT),
    (_S.NEW, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.NEW, _A.SPLIT): Rule(_S.NEW, _CURATOR, _TEXT),
    (_S.NEW, _A.CLOSE): Rule(_S.CLOSED, _CURATOR, (Needs.RESOLUTION,)),
    # assigned: an organisation owns it, nobody took it
    (_S.ASSIGNED, _A.TAKE): Rule(_S.IN_PROGRESS, _OFFICE),
    (_S.ASSIGNED, _A.REFUSE): Rule(HELD, _OFFICE, (Needs.TARGET_OR_REASON,)),
    (_S.ASSIGNED, _A.ASK): Rule(_S.WAITING, _ANSWERERS, _TEXT),
    (_S.ASSIGNED, _A.ANSWER): Rule(_S.ANSWERED, _ANSWERERS, _TEXT),
    (_S.ASSIGNED, _A.ANSWER_INTERIM): Rule(_S.PROMISED, _ANSWERERS, _DATE),
    (_S.ASSIGNED, _A.REASSIGN): Rule(_S.ASSIGNED, _DESK, _TARGET),
    (_S.ASSIGNED, _A.REPLY): Rule(_S.ASSIGNED, _CITIZEN),
    (_S.ASSIGNED, _A.WITHDRAW): Rule(_S.CLOSED, _CITIZEN),
    (_S.ASSIGNED, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.ASSIGNED, _A.SPLIT): Rule(_S.ASSIGNED, _ANSWERERS, _TEXT),
    (_S.ASSIGNED, _A.CLOSE): Rule(_S.CLOSED, _CURATOR, (Needs.RESOLUTION,)),
    # in_progress: an official holds it
    (_S.IN_PROGRESS, _A.RELEASE): Rule(_S.ASSIGNED, _OFFICE | _DESK),
    (_S.IN_PROGRESS, _A.REFUSE): Rule(HELD, _OFFICE, (Needs.TARGET_OR_REASON,)),
    (_S.IN_PROGRESS, _A.ASK): Rule(_S.WAITING, _ANSWERERS, _TEXT),
    (_S.IN_PROGRESS, _A.ANSWER): Rule(_S.ANSWERED, _ANSWERERS, _TEXT),
    (_S.IN_PROGRESS, _A.ANSWER_INTERIM): Rule(_S.PROMISED, _ANSWERERS, _DATE),
    (_S.IN_PROGRESS, _A.REASSIGN): Rule(_S.ASSIGNED, _CURATOR, _TARGET),
    (_S.IN_PROGRESS, _A.REPLY): Rule(_S.IN_PROGRESS, _CITIZEN),
    (_S.IN_PROGRESS, _A.WITHDRAW): Rule(_S.CLOSED, _CITIZEN),
    (_S.IN_PROGRESS, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.IN_PROGRESS, _A.SPLIT): Rule(_S.IN_PROGRESS, _ANSWERERS, _TEXT),
    (_S.IN_PROGRESS, _A.CLOSE): Rule(_S.CLOSED, _CURATOR, (Needs.RESOLUTION,)),
    # new rules of the clock: nothing else changes
    (_S.NEW, _A.RECOMPUTE): Rule(_S.NEW, _ADMINISTRATOR),
    (_S.ASSIGNED, _A.RECOMPUTE): Rule(_S.ASSIGNED, _ADMINISTRATOR),
    (_S.IN_PROGRESS, _A.RECOMPUTE): Rule(_S.IN_PROGRESS, _ADMINISTRATOR),
    (_S.WAITING, _A.RECOMPUTE): Rule(_S.WAITING, _ADMINISTRATOR),
    (_S.PROMISED, _A.RECOMPUTE): Rule(_S.PROMISED, _ADMINISTRATOR),
    # waiting: a clarifying question went to the citizen, the clock is paused
    (_S.WAITING, _A.REPLY): Rule(HELD, _CITIZEN),
    (_S.WAITING, _A.TAKE): Rule(_S.WAITING, _OFFICE),
    (_S.WAITING, _A.RELEASE): Rule(_S.WAITING, _OFFICE | _DESK),
    (_S.WAITING, _A.ANSWER): Rule(_S.ANSWERED, _ANSWERERS, _TEXT),
    (_S.WAITING, _A.ANSWER_INTERIM): Rule(_S.PROMISED, _ANSWERERS, _DATE),
    (_S.WAITING, _A.REASSIGN): Rule(_S.WAITING, _CURATOR, _TARGET),
    (_S.WAITING, _A.WITHDRAW): Rule(_S.CLOSED, _CITIZEN),
    (_S.WAITING, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.WAITING, _A.CLOSE): Rule(_S.CLOSED, _DESK, (Needs.RESOLUTION,)),
    # promised: an interim answer with a date was sent, the promise clock runs
    (_S.PROMISED, _A.TAKE): Rule(_S.PROMISED, _OFFICE),
    (_S.PROMISED, _A.RELEASE): Rule(_S.PROMISED, _OFFICE | _DESK),
    (_S.PROMISED, _A.ANSWER): Rule(_S.ANSWERED, _ANSWERERS, _TEXT),
    (_S.PROMISED, _A.EXTEND): Rule(_S.PROMISED, _by(Role.CURATOR, Role.HEAD), (Needs.DATE, Needs.REASON)),  # of them, whom the policy names
    (_S.PROMISED, _A.REASSIGN): Rule(_S.PROMISED, _CURATOR, _TARGET),
    (_S.PROMISED, _A.RETURN): Rule(HELD, _CURATOR, _REASON),
    (_S.PROMISED, _A.REPLY): Rule(_S.PROMISED, _CITIZEN),
    (_S.PROMISED, _A.WITHDRAW): Rule(_S.CLOSED, _CITIZEN),
    (_S.PROMISED, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.PROMISED, _A.SPLIT): Rule(_S.PROMISED, _ANSWERERS, _TEXT),
    (_S.PROMISED, _A.CLOSE): Rule(_S.CLOSED, _CURATOR, (Needs.RESOLUTION,)),
    # answered: the citizen may rate or contest for a while
    (_S.ANSWERED, _A.ANSWER): Rule(_S.ANSWERED, _ANSWERERS, _TEXT),
    (_S.ANSWERED, _A.RETURN): Rule(HELD, _CURATOR, _REASON),
    (_S.ANSWERED, _A.REPLY): Rule(_S.ANSWERED, _CITIZEN),
    (_S.ANSWERED, _A.RATE): Rule(_S.CLOSED, _CITIZEN),
    (_S.ANSWERED, _A.CONTEST): Rule(HELD, _CITIZEN),
    (_S.ANSWERED, _A.MERGE): Rule(_S.CLOSED, _CURATOR, _TARGET),
    (_S.ANSWERED, _A.CLOSE): Rule(_S.CLOSED, _OFFICE | _DESK, (Needs.RESOLUTION,)),
    # closed: for good, unless a curator finds otherwise, or the citizen answers at last what we asked
    (_S.CLOSED, _A.RATE): Rule(_S.CLOSED, _CITIZEN),
    (_S.CLOSED, _A.REOPEN): Rule(HELD, _CURATOR | _CITIZEN, _REASON),
}
"""The whole workflow. A pair that is not here cannot happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident as the rules see it: who owns it, where it stands, which clock runs."""

    id: int
    status: Status = Status.NEW
    version: int = 1
    organisation: str = ""
    """Owner; empty while it stands in the curators' queue."""
    assignee: int = 0
    """Person who took it; 0 for nobody."""
    topic: str = ""
    territory: str = ""
    resolution: Resolution | None = None
    urgent: bool = False
    undeliverable: bool = False
    """The last answer did not reach the citizen."""
    rating: int = 0
    """1–5 stars from the citizen; 0: not rated."""
    reported_at: datetime
    """The platform's time of the citizen's first message."""
    answered_at: datetime | None = None
    """When the first answer, interim or final, was given."""
    # the clock
    timer: Timer = Timer.NONE
    turn: int = 0
    """Counts the clocks that were started on this incident: a reminder step is unique in (incident, turn)."""
    started_at: datetime | None = None
    """When the running clock began, or went on after a pause."""
    heard: tuple[str, ...] = ()
    """Steps that the running clock does not say (any more): it said them before a pause or by other rules, or began too late for them.
    What it says from ``started_at`` on is told from what is ahead by ``wake_at``."""
    due_at: datetime | None = None
    paused_left: float = 0.0
    """Seconds that were left on the first-answer clock when it was paused."""
    wake_at: datetime | None = None
    """When the clock has something to do next."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes an answer."""
        return self.status not in (Status.ANSWERED, Status.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened, as the history keeps it."""

    incident: int
    version: int
    at: datetime
    action: Action
    role: Role
    by: int
    """Person; 0 for the clock."""
    before: Status
    after: Status
    text: str = ""
    reason: str = ""
    target: str = ""
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action and all it came with."""

    action: Action
    role: Role
    at: datetime
    by: int = 0
    text: str = ""
    reason: str = ""
    target: str = ""
    """An organisation for assign, reassign and refuse; an incident's number for merge."""
    date: datetime | None = None
    """The promised instant."""
    resolution: Resolution | None = None
    stars: int = 0


class NotAllowed(Exception):
    """The action cannot happen. ``why`` is one of the keys below, which the locale puts into words."""

    STATUS, ROLE, HELD, MISSING, PAST, RATED, SAME, DELIVERED = "status", "role", "held", "missing", "past", "rated", "same", "delivered"

    def __init__(self, why: str, missing: Needs | None = None) -> None:
        super().__init__(why if missing is None else f"{why}: {missing}")
        self.why = why
        self.missing = missing


def act(incident: Incident, deed: Deed) -> tuple[Incident, Change]:
    """Do one thing to an incident: the new incident and what the history will say of it.

    The clock is not touched here; ``deadlines.follow`` does that next. Raises NotAllowed, and then nothing has happened.
    """
    rule = RULES.get((incident.status, deed.action))
    if rule is None:
        raise NotAllowed(_why_not(incident, deed))
    if deed.role not in rule.by:
        raise NotAllowed(NotAllowed.ROLE)
    _check(incident, deed, rule)
    changed = _hold(incident, deed)
    to = rule.to if rule.to is not None else _held(changed)
    changed = _facts(replace(changed, status=to, version=incident.version + 1), deed)
    change = Change(
        incident=incident.id,
        version=changed.version,
        at=deed.at,
        action=deed.action,
        role=deed.role,
        by=deed.by,
        before=incident.status,
        after=to,
        text=deed.text,
        reason=deed.reason,
        target=deed.target,
        date=deed.date,
    )
    return changed, change


def _why_not(incident: Incident, deed: Deed) -> str:
    """A second «Беру» deserves to hear that somebody was quicker."""
    return NotAllowed.HELD if deed.action is Action.TAKE and incident.assignee else NotAllowed.STATUS


def _check(incident: Incident, deed: Deed, rule: Rule) -> None:
    """Raise NotAllowed when the deed lacks what its rule needs or makes no sense for this incident."""
    given = {
        Needs.TEXT: bool(deed.text.strip()),
        Needs.DATE: deed.date is not None,
        Needs.TARGET: bool(deed.target),
        Needs.REASON: bool(deed.reason),
        Needs.RESOLUTION: deed.resolution is not None,
        Needs.TARGET_OR_REASON: bool(deed.target or deed.reason),
    }
    for need in rule.needs:
        if not given[need]:
            raise NotAllowed(NotAllowed.MISSING, need)
    if deed.date is not None and deed.date <= deed.at:
        raise NotAllowed(NotAllowed.PAST)
    if deed.action is Action.TAKE and incident.assignee:
        raise NotAllowed(NotAllowed.HELD)
    if deed.action is Action.RATE and not _may_rate(incident, deed):
        raise NotAllowed(NotAllowed.RATED)
    if deed.action in (Action.REASSIGN, Action.REFUSE) and deed.target and deed.target == incident.organisation:
        raise NotAllowed(NotAllowed.SAME)
    if deed.action is Action.MERGE and deed.target == str(incident.id):
        raise NotAllowed(NotAllowed.SAME)
    if deed.action is Action.REOPEN and deed.role is Role.CITIZEN and incident.resolution is not Resolution.NO_REPLY:
        raise NotAllowed(NotAllowed.STATUS)
    if deed.action is Action.CLOSE and deed.role in (Role.OFFICIAL, Role.HEAD) and not incident.undeliverable:
        # An official gives up only on an answer that could not be delivered; all other closing is the citizen's or the curator's.
        raise NotAllowed(NotAllowed.DELIVERED)


def _may_rate(incident: Incident, deed: Deed) -> bool:
    """«Solved», without stars, may be said of every answer; stars come once, and only for what was solved."""
    if not deed.stars:
        return incident.status is Status.ANSWERED
    solved = incident.status is Status.ANSWERED or incident.resolution is Resolution.SOLVED
    return solved and not incident.rating and 1 <= deed.stars <= 5


def _hold(incident: Incident, deed: Deed) -> Incident:
    """Who owns and who holds it after the deed."""
    match deed.action:
        case Action.ASSIGN | Action.REASSIGN | Action.REFUSE:
            return replace(incident, organisation=deed.target, assignee=0)
        case Action.RELEASE:
            return replace(incident, assignee=0)
        case Action.TAKE:
            return replace(incident, assignee=deed.by)
        case Action.ASK | Action.ANSWER | Action.ANSWER_INTERIM if not incident.assignee and deed.role in (Role.OFFICIAL, Role.HEAD):
            return replace(incident, assignee=deed.by)
    return incident


def _held(incident: Incident) -> Status:
    if incident.assignee:
        return Status.IN_PROGRESS
    return Status.ASSIGNED if incident.organisation else Status.NEW


_RESOLVED_BY = {Action.WITHDRAW: Resolution.WITHDRAWN, Action.MERGE: Resolution.DUPLICATE, Action.RATE: Resolution.SOLVED}


def _facts(incident: Incident, deed: Deed) -> Incident:
    """What else is true of the incident after the deed."""
    if deed.action in (Action.ANSWER, Action.ANSWER_INTERIM):
        incident = replace(incident, answered_at=incident.answered_at or deed.at, undeliverable=False)
    if deed.action is Action.RATE:
        incident = replace(incident, rating=deed.stars or incident.rating)
    if incident.status is not Status.CLOSED:
        return replace(incident, resolution=None)
    return replace(incident, resolution=_RESOLVED_BY.get(deed.action, deed.resolution))
