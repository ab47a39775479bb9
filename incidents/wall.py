"""When the clocks on the walls of a zone show an hour, also on the days they are put forward or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_NOTHING = timedelta()


def reach(day: date, hour: time, zone: tzinfo, *, again: bool = False) -> datetime:
    """The first instant (UTC) of a day at which its clocks show ``hour``, or have jumped over it.

    ``again``: the second such instant on a day when the hour comes twice; the same instant on any other day.
    """
    local = datetime.combine(day, hour.replace(fold=1) if again else hour, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).utcoffset() == local.utcoffset():
        return instant
    return _jump(local, zone)


def last(hour: time, instant: datetime, zone: tzinfo) -> datetime:
    """The latest instant not after ``instant`` at which the clocks began to show ``hour``."""
    local = instant.astimezone(zone)
    began = datetime.combine(local.date() - (_NOTHING if local.time() >= hour else _DAY), hour, zone)
    found = instant.astimezone(UTC) - (local - began)  # two times of one zone are subtracted as its walls show them
    if found.astimezone(zone).utcoffset() == local.utcoffset():
        return found
    day = local.date() + _DAY  # the clocks were put forward or back in between
    while True:
        for again in (True, False):
            found = reach(day, hour, zone, again=again)
            if found <= instant:
                return found
        day -= _DAY


def following(hour: time, instant: datetime, zone: tzinfo) -> datetime:
    """The first instant after ``instant`` at which the clocks begin to show ``hour``."""
    local = instant.astimezone(zone)
    begins = datetime.combine(local.date() + (_NOTHING if local.time() < hour else _DAY), hour, zone)
    found = instant.astimezone(UTC) + (begins - local)
    if found.astimezone(zone).utcoffset() == local.utcoffset():
        return found
    day = local.date() - _DAY
    while True:
        for again in (False, True):
            found = reach(day, hour, zone, again=again)
            if found > instant:
                return found
        day += _DAY


def _shown(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _jump(local: datetime, zone: tzinfo) -> datetime:
    """The second in which the clocks jump over a time of day that there is not (PEP 495: the two folds enclose it)."""
    wanted = local.replace(tzinfo=None, fold=0)
    before, after = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    before, after = before.replace(microsecond=0), after.replace(microsecond=0) + timedelta(seconds=1)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _shown(middle, zone) >= wanted:
            after = middle
        else:
            before = middle
    return after
