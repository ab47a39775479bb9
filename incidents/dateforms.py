"""The ways of naming a day, «15 марта», «до пятницы», «3 рабочих дня»: how each is written and what day or instant it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import TypeAlias

from incidents.calendar import Calendar

_YEARS = range(2000, 2101)
_FAR = 1000
"""Working days that are counted at most; nobody may promise so long."""


@dataclass(frozen=True, slots=True)
class Now:
    """The instant a text is read at, local, and the calendar of the place."""

    at: datetime
    calendar: Calendar

    @property
    def day(self) -> date:
        return self.at.date()


class Sure(Enum):
    """When words in the middle of a text mean a date."""

    ALWAYS = auto()
    AFTER_BY = auto()
    """Only after «до», «к», «by» or beside an hour: «среда» is also the environment."""
    ALONE = auto()
    """Only when nothing else is said: «3 дня» may be how long it took."""


_Reader: TypeAlias = Callable[["re.Match[str]", Now], date | datetime | None]


# --- what each way of saying means -------------------------------------------------------------------------------------

_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресен")
_ENGLISH_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _month(word: str) -> int:
    names = _ENGLISH_MONTHS if word[0].isascii() else _MONTHS
    return next(number for number, name in enumerate(names, 1) if word.startswith(name))


def _of_month(found: re.Match[str], now: Now) -> date | None:
    named = found.groupdict()
    return _on(int(named["day"]), _month(named["month"]), named.get("year") or "", now)


def numeric(found: re.Match[str], now: Now) -> date | None:
    named = found.groupdict()
    return _on(int(named["day"]), int(named["month"] or named["also"]), named["year"] or "", now)


def _on(day: int, month: int, year: str, now: Now) -> date | None:
    """The day of this year; of the next when that is the nearer one. None when there is no such day."""
    if year:
        return _exact(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this, following = _exact(now.day.year, month, day), _exact(now.day.year + 1, month, day)
    if following and (this is None or this < now.day) and following - now.day < timedelta(days=183):
        return following
    return this


def _exact(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _day_number(found: re.Match[str], now: Now) -> date | None:
    """«15-го»: of this month, or of the next when it has passed."""
    day = int(found["day"])
    if day >= now.day.day:
        return _exact(now.day.year, now.day.month, day)
    return _exact(now.day.year + now.day.month // 12, now.day.month % 12 + 1, day)


def weekday(found: re.Match[str], now: Now) -> date:
    """The next one after today; «следующий» and «на следующей неделе» are that of the next week."""
    named = found.groupdict()
    names = _ENGLISH_WEEKDAYS if found["weekday"][0].isascii() else _WEEKDAYS
    wanted = next(number for number, name in enumerate(names) if found["weekday"].startswith(name))
    if named.get("next"):
        return now.day + timedelta(days=7 - now.day.weekday() + wanted)
    return now.day + timedelta(days=(wanted - now.day.weekday() - 1) % 7 + 1)


def _in_so_long(found: re.Match[str], now: Now) -> date | datetime | None:
    """Minutes, hours and parts of days from now on; whole days end with the working day."""
    named = found.groupdict()
    count, unit = float((named.get("count") or "1").replace(",", ".")), found["unit"]
    if unit.startswith(("мин", "min")):
        return _from_now(now, timedelta(minutes=count))
    if unit.startswith(("час", "ч", "hour")):
        return _from_now(now, timedelta(hours=count, minutes=float(named.get("minutes") or 0)))
    if unit.startswith("сут"):
        return _from_now(now, timedelta(days=count))
    working, whole = unit.startswith(("рабоч", "working")), int(count)
    if unit.startswith(("мес", "month", "год", "лет", "year")):
        return _months_ahead(now.day, whole * (1 if unit.startswith(("мес", "month")) else 12))
    days = count * 7 if unit.startswith(("нед", "week")) else count
    if days != int(days):
        return None if working else _from_now(now, timedelta(days=days))
    return now.calendar.days_ahead(now.day, min(whole, _FAR)) if working else now.day + timedelta(days=int(days))


def _months_ahead(day: date, count: int) -> date | None:
    """The same day of a later month, or its last day when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return next((found for number in range(day.day, day.day - 4, -1) if (found := _exact(year, month + 1, number))), None)


def _half_an_hour(found: re.Match[str], now: Now) -> datetime:
    return _from_now(now, timedelta(minutes=30))


def _from_now(now: Now, length: timedelta) -> datetime:
    """So much later by the clock on the wall of the world, in whole minutes."""
    return (now.at.astimezone(UTC).replace(second=0, microsecond=0) + length).astimezone(now.at.tzinfo)


def _last_working(now: Now, first: date, last: date) -> date:
    """The last working day of these; the last of them when nobody works then."""
    days = (last - timedelta(days=back) for back in range((last - first).days + 1))
    return next((day for day in days if now.calendar.is_working(day)), last)


def _week_ends(now: Now, weeks: int) -> date:
    """The last working day of this week (on a weekend its Sunday) or of a later one."""
    monday = now.day + timedelta(days=7 * weeks - now.day.weekday())
    return _last_working(now, max(now.day, monday), monday + timedelta(days=6))


def _end_of(found: re.Match[str], now: Now) -> date | None:
    """«до конца недели» is its last working day."""
    what, later = found["what"], int(bool(found["next"]))
    if what.startswith(("недел", "рабочей недел", "week")):
        return _week_ends(now, later)
    if what.startswith(("месяц", "month")):
        return _month_ends(now.day, later)
    if what.startswith(("квартал", "quarter")):
        return _month_ends(now.day, 2 - (now.day.month - 1) % 3 + 3 * later)
    return _exact(now.day.year + later, 12, 31)


def _month_ends(day: date, later: int = 0) -> date:
    """The last day of this month or of a later one."""
    year, month = divmod(day.year * 12 + day.month + later, 12)
    return date(year, month + 1, 1) - timedelta(days=1)


def _end_of_month(found: re.Match[str], now: Now) -> date | None:
    """«в апреле», «до конца апреля»."""
    first = _on(1, _month(found["month"]), "", now)
    if first and first.month == now.day.month and first.year == now.day.year:
        return _month_ends(now.day)
    return _month_ends(first) if first else None


def _before_weekend(found: re.Match[str], now: Now) -> date:
    """«до выходных»: the last working day before the next day off."""
    day = now.day if now.calendar.is_working(now.day) else now.calendar.days_ahead(now.day, 1)
    while now.calendar.is_working(day + timedelta(days=1)) and day - now.day < timedelta(days=14):
        day += timedelta(days=1)
    return day


def _new_year(found: re.Match[str], now: Now) -> date | None:
    return _exact(now.day.year, 12, 31)


def _next_week(found: re.Match[str], now: Now) -> date:
    return _week_ends(now, 1)


def _this_week(found: re.Match[str], now: Now) -> date:
    return _week_ends(now, 0)


def _days_ahead(days: int) -> _Reader:
    return lambda found, now: now.day + timedelta(days=days)


# --- what can stand in a text ------------------------------------------------------------------------------------------

_MONTH = r"(?P<month>январ[яь]|феврал[яь]|март[а]?|апрел[яь]|ма[яй]|июн[яь]|июл[яь]|август[а]?|сентябр[яь]|октябр[яь]|ноябр[яь]|декабр[яь])"
_IN_MONTH = r"(?P<month>январе|феврале|марте|апреле|мае|июне|июле|августе|сентябре|октябре|ноябре|декабре)"
_ENGLISH_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)"
)
_WEEKDAY = (
    r"(?P<weekday>понедельник[ау]?|вторник[ау]?|сред[аыуе]|четверг[ау]?|пятниц[аыуе]|суббот[аыуе]|воскресень[еяю]|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_UNIT = (
    r"(?P<unit>минут[ыау]?|мин\.?|час(?:а|ов|\.)?|ч\.?|сут(?:ки|ок)|(?:рабоч(?:их|ий|его)\s+|календарн\w+\s+)?(?:день|дня|дней)|недел[юьяи]|"
    r"месяц(?:а|ев)?|год(?:а)?|лет|minutes?|hours?|(?:working\s+)?days?|weeks?|months?|years?)"
)
_WHOLE = (
    r"(?P<next>следующ\w+\s+|next\s+)?(?:эт\w+\s+|текущ\w+\s+|this\s+)?"
    r"(?P<what>рабочей\s+недели|недели|месяца|квартала|года|week|month|quarter|year)"
)
_COUNT = r"(?P<count>\d{1,4}(?:[.,]\d{1,2})?)"
BY = r"(?:до|ко|к|на|во|в|не\s+позднее|не\s+позже|by|until|till|before|on|at)"
_HOURS_AND_MINUTES = r"(?P<unit>час(?:а|ов|\.)?|ч\.?|hours?)\s+(?:(?:и|and)\s+)?(?P<minutes>\d{1,2})\s+(?:мин|min)\w*\.?"
_END = r"(?:конц[аеу]|end\s+of)"
_IN = r"(?:через|в\s+течени[ие]|в\s+ближайш\w+|не\s+позднее|не\s+позже|within|in)"
_YEAR = r"(?P<year>\d{4}|\d{2}(?=\s*г))(?:\s*г(?:ода|\.)?)?"
_NEXT_WEEK = r"(?:следующ|будущ)\w+\s+недел\w+"


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.:])(?:{pattern})(?![\w:])")


WAYS: Sequence[tuple[re.Pattern[str], _Reader, Sure]] = (
    (_word(r"послезавтра|(?:the\s+)?day\s+after\s+tomorrow"), _days_ahead(2), Sure.ALWAYS),
    (_word(r"вчера|yesterday"), _days_ahead(-1), Sure.ALWAYS),
    (
        _word(r"сегодня|(?:до\s+конца\s+)?сегодняшнего\s+дня|в\s+течени[ие]\s+(?:сегодняшнего\s+|рабочего\s+)?дня|today"),
        _days_ahead(0),
        Sure.ALWAYS,
    ),
    (_word(r"завтра|(?:до\s+конца\s+)?завтрашнего\s+дня|следующ(?:его\s+дня|ий\s+день)|tomorrow"), _days_ahead(1), Sure.ALWAYS),
    (_word(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"), numeric, Sure.ALWAYS),
    (_word(rf"(?P<day>\d{{1,2}})(?:-?го)?\s+{_MONTH}(?:\s+{_YEAR})?"), _of_month, Sure.ALWAYS),
    (_word(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_ENGLISH_MONTH}(?:,?\s+(?P<year>\d{{4}}))?"), _of_month, Sure.ALWAYS),
    (_word(rf"{_ENGLISH_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?"), _of_month, Sure.ALWAYS),
    (_word(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4}|\d{2})(?:\s*г(?:ода|\.)?)?"), numeric, Sure.ALWAYS),
    (_word(r"(?P<day>\d{1,2})\.(?P<month>0[1-9]|1[0-2])(?P<year>)(?!\.?\d)"), numeric, Sure.AFTER_BY),
    (_word(r"(?P<day>\d{1,2})-?(?:го|му)?\s+числ[ау]"), _day_number, Sure.ALWAYS),
    (_word(r"(?P<day>\d{1,2})-?(?:го|му)(?!\s+(?!до|к|в|ко|числ|включ)\w)"), _day_number, Sure.AFTER_BY),
    (_word(rf"(?P<next>{_NEXT_WEEK})\s*,?\s*(?:{BY}\s+)?{_WEEKDAY}"), weekday, Sure.ALWAYS),
    (_word(rf"{_WEEKDAY}\s+(?:на\s+)?(?P<next>{_NEXT_WEEK})"), weekday, Sure.ALWAYS),
    (_word(rf"(?P<next>следующ\w+\s+|next\s+)?(?:ближайш\w+\s+|эт\w+\s+|this\s+)?{_WEEKDAY}"), weekday, Sure.AFTER_BY),
    (_word(rf"(?:{BY}\s+)?(?:the\s+)?{_END}\s+(?:the\s+)?{_WHOLE}"), _end_of, Sure.ALWAYS),
    (_word(rf"(?:{BY}\s+)?{_END}\s+{_MONTH}"), _end_of_month, Sure.ALWAYS),
    (_word(rf"(?:{BY}\s+{_END}\s+|в\s+){_IN_MONTH}"), _end_of_month, Sure.ALWAYS),
    (_word(rf"(?:на|в\s+течени[ие])\s+{_NEXT_WEEK}|next\s+week"), _next_week, Sure.ALWAYS),
    (_word(rf"(?:до|к)\s+{_NEXT_WEEK}"), _this_week, Sure.ALWAYS),
    (_word(r"(?:на\s+)?(?:этой|текущей)\s+недел[ие]|this\s+week"), _this_week, Sure.ALWAYS),
    (_word(r"(?:до|к)\s+выходны[хм]"), _before_weekend, Sure.ALWAYS),
    (_word(r"(?:до|к|под)\s+нов(?:ого|ому|ый)\s+год[ау]?"), _new_year, Sure.ALWAYS),
    (_word(rf"{_IN}\s+(?:{_COUNT}\s+)?{_HOURS_AND_MINUTES}"), _in_so_long, Sure.ALWAYS),
    (_word(rf"(?:{_COUNT}\s+)?{_HOURS_AND_MINUTES}"), _in_so_long, Sure.ALONE),
    (_word(rf"{_IN}\s+(?:{_COUNT}\s+|an?\s+)?{_UNIT}"), _in_so_long, Sure.ALWAYS),
    (_word(r"(?:через|в\s+течени[ие])\s+полчаса|(?:in|within)\s+half\s+an\s+hour"), _half_an_hour, Sure.ALWAYS),
    (_word(rf"(?<!конц[аеу] )(?<!рабочего )(?<!половине )(?:за\s+)?(?:{_COUNT}\s+)?{_UNIT}"), _in_so_long, Sure.ALONE),
    (_word(r"(?P<day>\d{1,2})(?:\.(?P<month>0?[1-9]|1[0-2])|[/,-](?P<also>0[1-9]|1[0-2]))(?P<year>)(?![.,]?\d)"), numeric, Sure.ALONE),
)
