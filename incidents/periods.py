"""A time from when until when, as people type it: «до пятницы», «15–20 марта», «с 15 марта 8:00 до 16 марта 8:00», «неделю». Pure.

Days are meant whole: «до пятницы» and «по пятницу» end with that Friday; with an hour they end at that hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from incidents.dates import Wrong, parse_date

LONGEST = timedelta(days=366)
"""Longer than this is a slip."""


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant up to another."""

    since: datetime
    until: datetime

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether they have any time in common."""
        return self.since < until and since < self.until


class Odd(StrEnum):
    """Why a text is no period."""

    UNCLEAR = "unclear"
    NO_DAY = "no-day"
    """A day that does not exist: 31 февраля."""
    PAST = "past"
    BACKWARDS = "backwards"
    LONG = "long"


_DASH = r"\s*(?:-|–|—|\.\.|…)\s*"
_SHORT = re.compile(
    rf"(?:с\s+|from\s+)?(?P<first>\d{{1,2}})(?:{_DASH}|\s+(?:по|до|to|till|until)\s+)(?P<last>\d{{1,2}}\s+[а-яa-z]+(?:\s+\d{{4}})?)"
)
_LONG = re.compile(r"(?:с|со|from)\s+(?P<first>.+?)\s+(?:по|до|to|till|until)\s+(?P<last>.+)")
_DASHED = re.compile(r"(?P<first>.+?)(?:\s+-\s+|\s*[–—]\s*|(?<=\.\d\d)-(?=\d))(?P<last>.+)")
_FOR = re.compile(
    r"(?:на|for)?\s*(?:(?P<count>\d{1,3}|два|две|три|четыре|пять|a|two|three)\s+)?"
    r"(?P<unit>день|дня|дней|сутки|суток|неделю|неделя|недели|недель|days?|weeks?)"
)
_COUNTS = {"два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "a": 1, "two": 2, "three": 3}
_UNTIL = re.compile(r"(?:до|по|till|until|by|through)\s+(?P<last>.+)")
_ENDS = re.compile(rf"(?:^|\s+)(?:с|со|from|по|до|to|till|until)\s+|{_DASH}")
_HOUR = re.compile(
    r"\d:\d\d|(?:^|\s)(?:в|к|at)\s+\d{1,2}(?:\s|$)|час|(?<!\w)ч(?!\w)|минут|полчаса|утр|вечер|обед|полд|полноч|\d\s*[ap]m\b|hour|minute|noon"
)
_OF_DAY = re.compile(r"(?P<hour>\d{1,2}:\d\d)")


def parse_period(text: str, now_local: datetime) -> Period | Odd:
    """The period a text means, from now on when it names no beginning; ``Odd`` says what is wrong with it."""
    small = " ".join(text.lower().replace("ё", "е").split()).strip(" .!,;«»\"'")
    found = _read(small, now_local)
    if found is None:
        return Odd.NO_DAY if any(parse_date(end, now_local) is Wrong.DAY for end in _ENDS.split(small)) else Odd.UNCLEAR
    since, until = found
    if until <= now_local:
        return Odd.PAST
    if until <= since:
        return Odd.BACKWARDS
    if until - max(since, now_local) > LONGEST:
        return Odd.LONG
    return Period(max(since, now_local), until)


def days(count: int, now_local: datetime) -> Period:
    """Today and the days after it, so many in all."""
    return Period(now_local, _midnight(now_local, count))


def _read(small: str, now: datetime) -> tuple[datetime, datetime] | None:
    for pattern in (_SHORT, _LONG, _DASHED):
        if (match := pattern.fullmatch(small)) and (found := _between(match["first"], match["last"], now)):
            return found
    if match := _FOR.fullmatch(small):
        count = int(_COUNTS.get(match["count"] or "1", 0) or match["count"] or 1)
        whole = count * 7 if match["unit"].startswith(("нед", "week")) else count
        return (now, _midnight(now, whole)) if whole else None
    if match := _UNTIL.fullmatch(small):
        last = _end(match["last"], now)
        return (now, last) if last else None
    if _HOUR.search(small):
        last = _instant(small, now)
        return (now, last) if last else None
    first, last = _begin(small, now), _end(small, now)
    return (first, last) if first and last else None


def _between(first: str, last: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Both ends; a bare number takes the month of the other end, a bare hour its day."""
    until = _end(last, now)
    if until is None and _OF_DAY.fullmatch(last) and (since := _begin(first, now)):
        hour = time.fromisoformat(last.zfill(5))
        return since, datetime.combine(since.date(), hour, now.tzinfo)
    if until is None:
        return None
    if first.isdigit() and (month := re.fullmatch(r"\d{1,2}(\s+\D+.*)", last)):
        first += month[1]
    since = _begin(first, now)
    return (since, until) if since else None


def _begin(text: str, now: datetime) -> datetime | None:
    found = _instant(text, now)
    return found if found is None or _HOUR.search(text) else _midnight(found, 0)


def _end(text: str, now: datetime) -> datetime | None:
    found = _instant(text, now)
    return found if found is None or _HOUR.search(text) else _midnight(found, 1)


def _instant(text: str, now: datetime) -> datetime | None:
    found = parse_date(text, now)
    return found if isinstance(found, datetime) else None


def _midnight(at: datetime, days_later: int) -> datetime:
    return datetime.combine(at.date() + timedelta(days=days_later), time(), at.tzinfo)
