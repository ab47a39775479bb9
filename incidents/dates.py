"""Dates as people write them, «до пятницы», «завтра к 18», «in 2 hours»: found in a text and turned into an instant. Pure.

Without an hour a date means 18:00, the end of the working day. «Сегодня» means 18:00 too; from 17:00 on it means 22:00, and from
21:00 on the last minute of the day. A part of the day means its end: «утром» 12:00, «до обеда» 13:00, «после обеда» 18:00,
«вечером» 21:00. What could mean an earlier and a later day means the later one, for it is a promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from incidents.calendar import BUILT_IN, Calendar
from incidents.dateforms import BY, WAYS, Now, Sure, numeric, weekday
from incidents.datewords import LONGEST, plain, typed

WORKDAY_ENDS, EVENING_ENDS, DAY_ENDS = time(18), time(22), time(23, 59)
WEEKDAYS = BUILT_IN["plain"]
"""Monday to Friday: where no calendar says otherwise."""


class Wrong(StrEnum):
    """Why an answer to «когда?» is no date."""

    UNCLEAR = "unclear"
    DAY = "day"
    """A day that does not exist: 31 февраля."""
    HOUR = "hour"
    """An hour that does not exist: 25:00."""
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class _Day:
    """A day that was named: its place in the text and the day, or the very instant; neither when there is no such day."""

    start: int
    end: int
    day: date | None = None
    instant: datetime | None = None
    sure: Sure = Sure.ALWAYS
    weekday: bool = False


@dataclass(frozen=True, slots=True)
class _Hour:
    """An hour that was named, and whether it can mean nothing else. None: there is no such hour."""

    start: int
    end: int
    hour: time | None
    sure: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A date in a text, or why what is said there is none."""

    start: int
    end: int
    instant: datetime | Wrong
    sure: bool


def parse_date(text: str, now_local: datetime, calendar: Calendar = WEEKDAYS) -> datetime | Wrong:
    """The instant an answer to «когда?» means, or what is wrong with it. Working days are those of the calendar.

    What has passed is told as it was said, so that the caller can say that it has passed.
    """
    if len(text) > LONGEST:
        return Wrong.UNCLEAR
    small = typed(text)
    found = _found(small, Now(now_local, calendar))
    rest = small
    for one in reversed(found):
        rest = f"{rest[: one.start]} {rest[one.end :]}"
    if not found or _FILLERS.sub(" ", rest).strip(" .,;!-—«»\"'()"):
        return Wrong.UNCLEAR
    return found[0].instant if len(found) == 1 else Wrong.SEVERAL


def find_date(text: str, now_local: datetime, calendar: Calendar = WEEKDAYS) -> datetime | None:
    """The date promised somewhere in a text: what is said to be done «до», «к» or «через», else the first that has not passed."""
    small = plain(text)
    ahead = [
        (one, one.instant)
        for one in _found(small, Now(now_local, calendar))
        if one.sure and isinstance(one.instant, datetime) and one.instant > now_local and not _NOT_BY.search(small[: one.start])
    ]
    promised = [instant for one, instant in ahead if _is_promise(small, one)]
    return next(iter(promised), ahead[0][1] if ahead else None)


def end_of_day(now_local: datetime, days: int = 0) -> datetime:
    """By when something is done that is promised for a day: 18:00, and today later than that when it is late already."""
    day = now_local.date() + timedelta(days=days)
    ends = WORKDAY_ENDS
    if days == 0 and now_local.time() >= time(21):
        ends = DAY_ENDS
    elif days == 0 and now_local.time() >= time(17):
        ends = EVENING_ENDS
    return datetime.combine(day, ends, now_local.tzinfo)


_HOURS = re.compile(
    rf"(?<![\w.:–-])(?:(?P<by>{BY})\s+)?(?P<hour>\d{{1,2}})"
    r"(?:(?::(?P<minute>\d{2})|\.(?P<dotted>\d{2}))(?:\s*(?P<pm>[ap]m)\b)?|\s*(?P<unit>час(?:ам|ов|а)?|ч|утра|дня|вечера|[ap]m)\b)?"
    r"(?!\w|[:.–-]\d|\s*-?(?:го|му|й|м)\b)"
)
_PARTS = re.compile(
    r"(?<!\w)(?:(?P<by>до|ко|к|by|until|till|before|in\s+the|this)\s+|(?:с|во?|после|под)\s+)?"
    r"(?P<part>первой\s+половине\s+дня|второй\s+половине\s+дня|конц[аеу]\s+(?:рабочего\s+дня|смены|дня)|end\s+of\s+(?:the\s+)?(?:working\s+)?day|"
    r"утром|утра|утру|утро|обеда|обеду|обед|полудня|полудню|полдень|вечером|вечера|вечеру|вечер|ночи|полуночи|morning|noon|evening)(?!\w)"
)
_PART_ENDS = {
    "перв": time(13),
    "втор": WORKDAY_ENDS,
    "утр": time(12),
    "morn": time(12),
    "полуд": time(12),
    "полде": time(12),
    "noon": time(12),
    "обед": time(13),
    "вечер": time(21),
    "even": time(21),
    "ночи": DAY_ENDS,
    "полуноч": DAY_ENDS,
}
_GLUE = re.compile(rf"[\s,()]*(?:{BY})?\s*")
_FILLERS = re.compile(
    rf"(?<!\w)(?:{BY}|уже|где-то|примерно|около|ориентировочно|предварительно|срок|сроком|включительно|обещаем|сделаем|будет|готово|исправим|"
    r"устраним|ответим|дадим|закончим|завершим|ответ|думаю|наверное|максимум|точно|ровно|постараемся|планируем|по|местного|местному|времени|"
    r"пожалуйста|это|about|around|the|please)(?!\w)"
)
_NOT_BY = re.compile(r"(?<!\w)(?:с|со|от|после|начиная\s+с|не\s+ран(?:ее|ьше)|ранее|раньше|позже|позднее|since|after|from)\s+$")
"""What stands before a date by which nothing is promised. «Не позднее» belongs to the date itself."""


# --- finding -----------------------------------------------------------------------------------------------------------


def _found(small: str, now: Now) -> list[_Found]:
    """Every date of a text in its order: days with the hours that stand beside them, and hours that stand alone."""
    days = _agreed(small, _days(small, now))
    hours = [hour for hour in _hours(small) if not any(hour.start < day.end and day.start < hour.end for day in days)]
    found, taken = [], set()
    for day in days:
        beside = next((hour for hour in hours if hour.start not in taken and _beside(small, day, hour)), None)
        if beside and not day.instant:
            taken.add(beside.start)
        else:
            beside = None
        start, end = (min(day.start, beside.start), max(day.end, beside.end)) if beside else (day.start, day.end)
        sure = day.sure is Sure.ALWAYS or (day.sure is Sure.AFTER_BY and (beside is not None or _said_by(small, day.start)))
        found.append(_Found(start, end, day.instant or _at(day.day, beside, now), sure))
    found += [
        _Found(hour.start, hour.end, _at(now.day, hour, now), hour.sure)
        for hour in hours
        if hour.start not in taken and (hour.sure or not days)
    ]
    return sorted(found, key=lambda one: one.start)


def _at(day: date | None, hour: _Hour | None, now: Now) -> datetime | Wrong:
    if day is None:
        return Wrong.DAY
    if hour is None:
        return end_of_day(now.at, (day - now.day).days)
    return Wrong.HOUR if hour.hour is None else datetime.combine(day, hour.hour, now.at.tzinfo)


def _days(small: str, now: Now) -> list[_Day]:
    """Days in the order of the text; where two ways of reading overlap, the earlier way of the table."""
    days: list[_Day] = []
    for pattern, read, sure in WAYS:
        for match in pattern.finditer(small):
            if any(match.start() < day.end and day.start < match.end() for day in days):
                continue
            if read is numeric and sure is not Sure.ALWAYS and _is_hour(small, days, match):
                continue
            what = read(match, now)
            instant = what if isinstance(what, datetime) else None
            day = None if isinstance(what, datetime) else what
            days.append(_Day(match.start(), match.end(), day, instant, sure, weekday=read is weekday))
    return sorted(days, key=lambda day: day.start)


def _is_hour(small: str, days: Sequence[_Day], match: re.Match[str]) -> bool:
    """«сегодня до 20.10» is no day in October, «завтра 10.00-12.00» none at all."""
    return any(day.sure is not Sure.ALONE and day.end <= match.start() and _GLUE.fullmatch(small[day.end : match.start()]) for day in days)


def _agreed(small: str, days: Sequence[_Day]) -> list[_Day]:
    """«в пятницу, 13 марта» is one day; where the two do not agree they stay two, and nobody knows which is meant."""
    agreed: list[_Day] = []
    for day in days:
        before = agreed[-1] if agreed else None
        if before and before.weekday != day.weekday and _GLUE.fullmatch(small[before.end : day.start]):
            named, dated = (before, day) if before.weekday else (day, before)
            if named.day and dated.day and named.day.weekday() == dated.day.weekday():
                agreed[-1] = replace(dated, start=before.start, end=day.end, sure=Sure.ALWAYS)
                continue
        agreed.append(day)
    return agreed


def _hours(small: str) -> Iterator[_Hour]:
    for match in _HOURS.finditer(small):
        unit = match["unit"] or match["pm"] or ""
        minute = match["minute"] or match["dotted"] or "0"
        if not (match["by"] or match["minute"] or unit):
            continue
        hour = int(match["hour"])
        if unit in ("pm", "вечера", "дня") and hour < 12:
            hour += 12
        sure = bool(match["minute"] or (match["by"] and (unit or match["dotted"])))
        if hour < 24 and int(minute) < 60:
            yield _Hour(match.start("hour"), match.end(), time(hour, int(minute)), sure)
        elif match["minute"] or unit:
            yield _Hour(match.start("hour"), match.end(), None, sure)
    for match in _PARTS.finditer(small):
        yield _Hour(match.start(), match.end(), _part_ends(match), bool(match["by"]))


def _part_ends(match: re.Match[str]) -> time:
    part = match["part"]
    if part.startswith(("конц", "end")):
        return WORKDAY_ENDS if re.search("рабоч|смен|working", part) else DAY_ENDS
    if "после" in match[0]:
        return WORKDAY_ENDS
    return next(ends for start, ends in _PART_ENDS.items() if part.startswith(start))


def _beside(small: str, day: _Day, hour: _Hour) -> bool:
    between = small[day.end : hour.start] if day.end <= hour.start else small[hour.end : day.start]
    return _GLUE.fullmatch(between) is not None


def _said_by(small: str, start: int) -> bool:
    """Whether «до», «к» or the like stands right before."""
    return re.search(rf"(?<!\w){BY}\s+$", small[max(start - 12, 0) : start]) is not None


def _is_promise(small: str, one: _Found) -> bool:
    said = small[max(one.start - 12, 0) : one.end]
    return re.search(r"(?<!\w)(?:до|ко|к|через|не\s+позднее|не\s+позже|течени[ие]|by|until|till|before|in|within)\s+\S", said) is not None
