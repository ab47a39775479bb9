"""What stands on an official's, a head's and a curator's list of the day, and when they are told of it in the morning. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from incidents.deadlines import Policy, goes_on_until
from incidents.incident import Change, Incident, Role, Timer


class Section(StrEnum):
    """A part of the list. What fits into several stands in the first of them only."""

    UNSORTED = "unsorted"
    OVERDUE = "overdue"
    HOT = "hot"
    """Urgent, and its time is not over."""
    TODAY = "today"
    """Due until midnight."""
    WAITING = "waiting"
    """The citizen was asked something."""
    FREE = "free"
    """Nobody took it."""
    HELD = "held"
    """In work, and there is time."""
    UNDELIVERED = "undelivered"
    """The answer did not arrive, or perhaps not."""


_S = Section
AGENDA: Mapping[Role, Sequence[Section]] = {
    Role.OFFICIAL: (_S.OVERDUE, _S.TODAY, _S.WAITING, _S.FREE, _S.HELD),
    Role.HEAD: (_S.OVERDUE, _S.HOT, _S.TODAY),
    Role.CURATOR: (_S.UNSORTED, _S.OVERDUE, _S.TODAY, _S.WAITING, _S.UNDELIVERED),
}
"""The whole list, in its order. An official's: what is mine and what nobody of my organisations took; a head's: all of the organisation."""
TOLD: Mapping[Role, frozenset[Section]] = {
    Role.OFFICIAL: frozenset({_S.OVERDUE, _S.TODAY, _S.WAITING, _S.FREE}),
    Role.HEAD: frozenset({_S.OVERDUE, _S.HOT}),
    Role.CURATOR: frozenset(AGENDA[Role.CURATOR]),
}
"""What of it is worth a message in the morning."""
PRESSING = frozenset({_S.OVERDUE, _S.HOT, _S.TODAY})
"""What is told to officials on their days off, too: it would be late on the next working day."""


class Digest(StrEnum):
    """What comes by itself in the morning."""

    OFFICIAL = "official"
    HEAD = "head"
    CURATOR = "curator"
    WEEK = "week"
    """A head's organisation: how the last week went."""
    REGION_WEEK = "region-week"
    """The same of the whole region, for curators."""

    @property
    def role(self) -> Role:
        """Whose it is."""
        return _WEEKLY.get(self) or Role(self.value)

    @property
    def weekly(self) -> bool:
        return self in _WEEKLY


_WEEKLY = {Digest.WEEK: Role.HEAD, Digest.REGION_WEEK: Role.CURATOR}

MORNING = time(8, 30)
"""When it comes, local time."""
LATEST, LATEST_WEEKLY = timedelta(hours=4), timedelta(hours=12)
"""How late it may still come after the machine slept. What is later than that is of no use: the next day, or week, has its own."""


def begins(day: date, zone: tzinfo) -> datetime:
    """The instant of that day's morning."""
    return datetime.combine(day, MORNING, zone).astimezone(UTC)


def day_of(digest: Digest, now: datetime, zone: tzinfo) -> date | None:
    """The local day whose digest may be told now; None while there is none."""
    day = now.astimezone(zone).date()
    latest = LATEST_WEEKLY if digest.weekly else LATEST
    if (digest.weekly and day.weekday() != 0) or not timedelta() <= now - begins(day, zone) < latest:
        return None
    return day


def next_morning(now: datetime, zones: Iterable[tzinfo]) -> datetime:
    """The next instant at which the morning comes somewhere. There is at least one zone."""
    mornings = (begins(now.astimezone(zone).date() + timedelta(days=ahead), zone) for zone in zones for ahead in (0, 1))
    return min(instant for instant in mornings if instant > now)


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the local day ends."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone).astimezone(UTC)


def days(first: date, count: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """From the beginning of a local day to the beginning of that so many days later."""
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, first + timedelta(days=count)))
    return begin, end


def first_due(before: Incident, change: Change, after: Incident, policy: Policy, zone: tzinfo) -> datetime | None:
    """When the first answer, if this change was it, was due; None when it was none.

    One that came while the citizen was being asked something was due when its clock, had it gone on at the question, would have ended.
    """
    if before.answered_at is not None or after.answered_at is None:
        return None
    if before.timer is Timer.PAUSED and before.started_at is not None:
        return goes_on_until(before, before.started_at, policy, zone)
    return before.due_at or change.at
