"""Working calendars: which days people work, from when till when, and how much working time lies between two instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count

from incidents.holidays import RUSSIA as RUSSIAN_YEARS
from incidents.holidays import YEARLY
from incidents.wall import reach

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_NOTHING = timedelta()
SOON = 10
"""From this month on the next year should be known, too: the decree for it comes in September or October."""
_LONGEST_REST = 1000
"""Days without work after which a calendar is taken for one on which nobody ever works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When people work: from ``opens`` until ``closes`` on every working day, in the local time of a zone that is handed in.

    Day by day: what ``working`` names is worked, what ``holidays`` or ``yearly`` names is not, else the weekend decides.
    An hour that the clocks jump over is not worked; one that comes twice within the hours is worked twice.
    """

    id: str
    weekend: frozenset[int] = frozenset({5, 6})
    """Days of the week, Monday is 0."""
    opens: time = time(9)
    closes: time = time(18)
    """Midnight means the end of the day."""
    yearly: frozenset[tuple[int, int]] = frozenset()
    """(month, day) of holidays of every year, known or not."""
    holidays: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()
    short: frozenset[date] = frozenset()
    """Working days that end an hour earlier."""
    years: frozenset[int] | None = None
    """For which years moved days are known; None: it has none, so that nothing can be missing."""

    def is_working(self, day: date) -> bool:
        """Whether people work on a day. In a year that is missing: weekends and yearly holidays decide."""
        if day in self.working:
            return True
        return day not in self.holidays and (day.month, day.day) not in self.yearly and day.weekday() not in self.weekend

    def missing(self, day: date) -> int | None:
        """The year whose moved days ought to be known on ``day`` and are not: its own, from October on also the next one."""
        if self.years is None:
            return None
        wanted = [day.year] if day.month < SOON else [day.year, day.year + 1]
        return next((year for year in wanted if year not in self.years), None)

    def hours(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """From when till when (UTC) people work on a day; equal instants when they do not."""
        opens = reach(day, self.opens, zone)
        if not self.is_working(day):
            return opens, opens
        closes = datetime.combine(day, self.closes) + (_NOTHING if self.closes > time() else _DAY)
        if day in self.short:
            closes -= _HOUR
        return opens, max(opens, reach(closes.date(), closes.time(), zone))

    def after(self, start: datetime, length: timedelta, zone: tzinfo) -> datetime:
        """The first instant by which so much working time has passed since ``start``; a negative length counts back."""
        if length <= _NOTHING:
            return start if not length else self.before(start, -length, zone)
        start = start.astimezone(UTC)
        for begins, ends in self._days(start, zone, 1):
            begun = max(begins, start)
            if ends - begun >= length:
                return begun + length
            length -= max(ends - begun, _NOTHING)
        raise AssertionError("days have an end")

    def before(self, end: datetime, length: timedelta, zone: tzinfo) -> datetime:
        """The last instant from which so much working time passes until ``end``; a negative length counts on."""
        if length <= _NOTHING:
            return end if not length else self.after(end, -length, zone)
        end = end.astimezone(UTC)
        for begins, ends in self._days(end, zone, -1):
            ended = min(ends, end)
            if ended - begins >= length:
                return ended - length
            length -= max(ended - begins, _NOTHING)
        raise AssertionError("days have an end")

    def between(self, start: datetime, end: datetime, zone: tzinfo) -> timedelta:
        """How much working time lies between two instants; negative when ``end`` comes first."""
        if end < start:
            return -self.between(end, start, zone)
        passed = _NOTHING
        first, latest = _day(start, zone, 1), _day(end, zone, -1)
        for number in range((latest - first).days + 1):
            day = first + _DAY * number
            if self.is_working(day):
                begins, ends = self.hours(day, zone)
                passed += max(min(ends, end) - max(begins, start), _NOTHING)
        return passed

    def days_ahead(self, day: date, count: int) -> date:
        """The working day that is so many working days after ``day``; ``day`` itself for none."""
        for _ in range(count):
            day = self._next_working(day, 1)
        return day

    def _days(self, instant: datetime, zone: tzinfo, step: int) -> Iterator[tuple[datetime, datetime]]:
        """The hours of each working day from an instant on, or (-1) back from it."""
        day = _day(instant, zone, step) - _DAY * step
        while True:
            day = self._next_working(day, step)
            yield self.hours(day, zone)

    def _next_working(self, day: date, step: int) -> date:
        for distance in count(1):
            if distance > _LONGEST_REST:
                break
            found = day + _DAY * step * distance
            if self.is_working(found):
                return found
        raise ValueError(f"nobody works on the calendar {self.id!r}")


def _day(instant: datetime, zone: tzinfo, step: int) -> date:
    """The local day from which time is counted on, or (-1) back: in an hour that comes twice at midnight the next one has begun."""
    local = instant.astimezone(zone)
    return local.date() + _DAY if step < 0 and local.fold else local.date()


def _russia() -> Calendar:
    years = RUSSIAN_YEARS.items()
    return Calendar(
        id="ru",
        yearly=YEARLY,
        holidays=frozenset(date(year, *day) for year, known in years for day in known.holidays),
        working=frozenset(date(year, *day) for year, known in years for day in known.working),
        short=frozenset(date(year, *day) for year, known in years for day in known.short),
        years=frozenset(RUSSIAN_YEARS),
    )


RUSSIA = _russia()
"""Monday to Friday from 9 to 18, with the public holidays of Russia and its moved working days."""
BUILT_IN: Mapping[str, Calendar] = {"ru": RUSSIA, "plain": Calendar(id="plain")}
"""What a region's own calendar may be based on; ``plain`` knows weekends only."""
