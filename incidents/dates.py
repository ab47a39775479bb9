"""Dates as people write them, «до пятницы», «завтра к 18», «in 2 hours»: found in a text and turned into an instant. Pure.

Without an hour a date means 18:00, the end of the working day. «Сегодня» means 18:00 too; from 17:00 on it means 22:00, and from
21:00 on the last minute of the day. A part of the day means its end: «утром» 12:00, «до обеда» 13:00, «вечером» 21:00.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from typing import TypeAlias

from incidents.words import normal

BOUND = 4096
"""Characters that are looked at."""

WORKDAY_ENDS, EVENING_ENDS, DAY_ENDS = time(18), time(22), time(23, 59)
_YEARS = range(2000, 2101)

_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресен")
_ENGLISH_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = ("один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять")
_MORE_NUMBERS = {"одну": 1, "одного": 1, "две": 2, "двух": 2, "пару": 2, "пары": 2, "трех": 3, "четырех": 4, "пяти": 5, "a": 1, "an": 1}
_ENGLISH_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: count for words in (_NUMBERS, _ENGLISH_NUMBERS) for count, word in enumerate(words, 1)} | _MORE_NUMBERS

_MONTH = r"(?P<month>январ[яь]|феврал[яь]|март[а]?|апрел[яь]|ма[яй]|июн[яь]|июл[яь]|август[а]?|сентябр[яь]|октябр[яь]|ноябр[яь]|декабр[яь])"
_ENGLISH_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)"
)
_WEEKDAY = (
    r"(?P<weekday>понедельник[ау]?|вторник[ау]?|сред[аыуе]|четверг[ау]?|пятниц[аыуе]|суббот[аыуе]|воскресень[еяю]|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_UNIT = (
    r"(?P<unit>минут[ыау]?|мин|час(?:а|ов)?|сут(?:ки|ок)|(?:рабоч(?:их|ий|его)\s+)?(?:день|дня|дней)|недел[юьяи]|месяц(?:а|ев)?|"
    r"minutes?|hours?|(?:working\s+)?days?|weeks?|months?)"
)
_WHOLE = r"(?P<what>недели|месяца|рабочего\s+дня|дня|week|month|working\s+day|day)"
_COUNT = rf"(?P<count>\d{{1,4}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_BY = r"(?:до|ко|к|на|во|в|не\s+позднее|не\s+позже|by|until|till|before|on|at)"


class _Sure(Enum):
    """When words in the middle of a text mean a date."""

    ALWAYS = auto()
    AFTER_BY = auto()
    """Only after «до», «к», «by» or beside an hour: «среда» is also the environment."""
    ALONE = auto()
    """Only when nothing else is said: «3 дня» may be how long it took."""


@dataclass(frozen=True, slots=True)
class _Day:
    """A day that was named: its place in the text and the day, or the very instant; neither when there is no such day."""

    start: int
    end: int
    day: date | None = None
    instant: datetime | None = None
    sure: _Sure = _Sure.ALWAYS


@dataclass(frozen=True, slots=True)
class _Hour:
    """An hour that was named, and whether it can mean nothing else."""

    start: int
    end: int
    hour: time
    sure: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A date in a text; without an instant it is one that does not exist."""

    start: int
    end: int
    instant: datetime | None
    sure: bool


_Reader: TypeAlias = Callable[["re.Match[str]", datetime], date | datetime | None]


def parse_date(text: str, now_local: datetime) -> datetime | None:
    """The instant a text means when it is a date and nothing else; None for anything else and for a day that does not exist.

    What has passed is told as it was said, so that the caller can say that it has passed.
    """
    small = _plain(text)
    found = _found(small, now_local)
    if len(found) != 1:
        return None
    rest = small[: found[0].start] + " " + small[found[0].end :]
    return None if _FILLERS.sub(" ", rest).strip(" .,;!-—«»\"'()") else found[0].instant


def find_date(text: str, now_local: datetime) -> datetime | None:
    """The date promised somewhere in a text: what is said to be done «до», «к» or «через», else the first that has not passed."""
    small = _plain(text)
    ahead = [(one, one.instant) for one in _found(small, now_local) if one.sure and one.instant and one.instant > now_local]
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


# --- what can stand in a text ------------------------------------------------------------------------------------------


def _month(word: str) -> int:
    names = _ENGLISH_MONTHS if word[0].isascii() else _MONTHS
    return next(number for number, name in enumerate(names, 1) if word.startswith(name))


def _of_month(found: re.Match[str], now: datetime) -> date | None:
    named = found.groupdict()
    return _on(int(named["day"]), _month(named["month"]), named.get("year") or "", now)


def _numeric(found: re.Match[str], now: datetime) -> date | None:
    return _on(int(found["day"]), int(found["month"]), found["year"] or "", now)


def _on(day: int, month: int, year: str, now: datetime) -> date | None:
    """The day of this year; of the next when that is the nearer one. None when there is no such day."""
    if year:
        return _exact(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this, following = _exact(now.year, month, day), _exact(now.year + 1, month, day)
    if following and (this is None or this < now.date()) and following - now.date() < timedelta(days=183):
        return following
    return this


def _exact(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _day_number(found: re.Match[str], now: datetime) -> date | None:
    """«15-го»: of this month, or of the next when it has passed."""
    day = int(found["day"])
    if day >= now.day:
        return _exact(now.year, now.month, day)
    return _exact(now.year + now.month // 12, now.month % 12 + 1, day)


def _weekday(found: re.Match[str], now: datetime) -> date:
    """The next one after today; «следующий» is that of the next week."""
    names = _ENGLISH_WEEKDAYS if found["weekday"][0].isascii() else _WEEKDAYS
    wanted = next(number for number, name in enumerate(names) if found["weekday"].startswith(name))
    if found["next"]:
        return now.date() + timedelta(days=7 - now.weekday() + wanted)
    return now.date() + timedelta(days=(wanted - now.weekday() - 1) % 7 + 1)


def _in_so_long(found: re.Match[str], now: datetime) -> date | datetime | None:
    """Minutes and hours from now on; days end with the working day."""
    word = (found["count"] or "1") if "count" in found.groupdict() else "1"
    count, unit = int(_COUNTS.get(word, 0) or word), found["unit"]
    if unit.startswith(("мин", "min")):
        return _from_now(now, timedelta(minutes=count))
    if unit.startswith(("час", "hour")):
        return _from_now(now, timedelta(hours=count))
    if unit.startswith("сут"):
        return _from_now(now, timedelta(days=count))
    if unit.startswith(("рабоч", "working")):
        return _working_days(now.date(), count)
    if unit.startswith(("мес", "month")):
        return _months_ahead(now.date(), count)
    days_ahead = count * 7 if unit.startswith(("нед", "week")) else count
    return now.date() + timedelta(days=days_ahead)


def _months_ahead(day: date, count: int) -> date | None:
    """The same day of a later month, or its last day when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return next((found for number in range(day.day, day.day - 4, -1) if (found := _exact(year, month + 1, number))), None)


def _half_an_hour(found: re.Match[str], now: datetime) -> datetime:
    return _from_now(now, timedelta(minutes=30))


def _from_now(now: datetime, length: timedelta) -> datetime:
    """So much later by the clock on the wall of the world, in whole minutes."""
    return (now.astimezone(UTC).replace(second=0, microsecond=0) + length).astimezone(now.tzinfo)


def _working_days(day: date, count: int) -> date:
    """Monday to Friday; holidays are not known here."""
    for _ in range(min(count, 1000)):
        day += timedelta(days=1)
        while day.weekday() > 4:
            day += timedelta(days=1)
    return day


def _end_of(found: re.Match[str], now: datetime) -> date | datetime | None:
    """«до конца недели» is Friday (Sunday on a weekend), «до конца дня» the last minute of it."""
    what = found["what"]
    if what.startswith(("недел", "week")):
        return now.date() + timedelta(days=(4 if now.weekday() <= 4 else 6) - now.weekday())
    if what.startswith(("месяц", "month")):
        following = (now.date().replace(day=28) + timedelta(days=4)).replace(day=1)
        return following - timedelta(days=1)
    if what.startswith(("рабоч", "working")):
        return now.date()
    return datetime.combine(now.date(), DAY_ENDS, now.tzinfo)


def _days_ahead(days: int) -> _Reader:
    return lambda found, now: now.date() + timedelta(days=days)


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.:]){pattern}(?![\w:])")


_DAYS: Sequence[tuple[re.Pattern[str], _Reader, _Sure]] = (
    (_word(r"послезавтра|(?:the\s+)?day\s+after\s+tomorrow"), _days_ahead(2), _Sure.ALWAYS),
    (_word(r"вчера|yesterday"), _days_ahead(-1), _Sure.ALWAYS),
    (_word(r"(?:сегодня|сегодняшнего\s+дня|today)"), _days_ahead(0), _Sure.ALWAYS),
    (_word(r"(?:завтра|завтрашнего\s+дня|tomorrow)"), _days_ahead(1), _Sure.ALWAYS),
    (_word(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"), _numeric, _Sure.ALWAYS),
    (_word(rf"(?P<day>\d{{1,2}})(?:-?го)?\s+{_MONTH}(?:\s+(?P<year>\d{{4}})(?:\s*г(?:ода|\.)?)?)?"), _of_month, _Sure.ALWAYS),
    (_word(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_ENGLISH_MONTH}(?:,?\s+(?P<year>\d{{4}}))?"), _of_month, _Sure.ALWAYS),
    (_word(rf"{_ENGLISH_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?"), _of_month, _Sure.ALWAYS),
    (_word(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})(?:\s*г(?:ода|\.)?)?"), _numeric, _Sure.ALWAYS),
    (_word(r"(?P<day>\d{1,2})\.(?P<month>0[1-9]|1[0-2])(?P<year>)(?!\.?\d)"), _numeric, _Sure.AFTER_BY),
    (_word(r"(?P<day>\d{1,2})(?:-?(?:го|му)(?:\s+числ[ау])?|\s+числ[ау])"), _day_number, _Sure.ALWAYS),
    (_word(rf"(?P<next>следующ\w+\s+|next\s+)?(?:ближайш\w+\s+|эт\w+\s+|this\s+)?{_WEEKDAY}"), _weekday, _Sure.AFTER_BY),
    (_word(rf"(?:до|к|by|until|till)\s+(?:the\s+)?(?:конц[ау]|end\s+of)\s+(?:the\s+)?{_WHOLE}"), _end_of, _Sure.ALWAYS),
    (_word(rf"(?:через|в\s+течени[ие]|within|in)\s+(?:{_COUNT}\s+)?{_UNIT}"), _in_so_long, _Sure.ALWAYS),
    (_word(r"(?:через|в\s+течени[ие])\s+полчаса|(?:in|within)\s+half\s+an\s+hour"), _half_an_hour, _Sure.ALWAYS),
    (_word(rf"(?:{_COUNT}\s+)?{_UNIT}"), _in_so_long, _Sure.ALONE),
)

_HOURS = re.compile(
    rf"(?<![\w.:–-])(?:(?P<by>{_BY})\s+)?(?P<hour>\d{{1,2}})"
    r"(?:(?::(?P<minute>\d{2})|\.(?P<dotted>\d{2}))(?:\s*(?P<pm>[ap]m)\b)?|\s*(?P<unit>час(?:ам|ов|а)?|ч|утра|дня|вечера|[ap]m)\b)?"
    r"(?!\w|[:.–-]\d|\s*-?(?:го|му|й|м)\b)"
)
_PARTS = re.compile(
    r"(?<!\w)(?:(?P<by>до|ко|к|by|until|till|before|in\s+the|this)\s+)?"
    r"(?P<part>утром|утра|утру|обеда|обеду|полудня|полудню|вечером|вечера|вечеру|morning|noon|evening)(?!\w)"
)
_PART_ENDS = {"утр": time(12), "morn": time(12), "полуд": time(12), "noon": time(12), "обед": time(13), "вечер": time(21), "even": time(21)}
_GLUE = re.compile(rf"[\s,]*(?:{_BY})?\s*")
_FILLERS = re.compile(
    rf"(?<!\w)(?:{_BY}|с|уже|где-то|примерно|около|ориентировочно|срок|срок:|включительно|обещаем|сделаем|будет|готово|"
    r"исправим|ответим|думаю|наверное|местного|времени|about|around|the)(?!\w)"
)


def _plain(text: str) -> str:
    return normal(text[:BOUND]).replace("\xa0", " ")


# --- finding -----------------------------------------------------------------------------------------------------------


def _found(small: str, now: datetime) -> list[_Found]:
    """Every date of a text in its order: days with the hours that stand beside them, and hours that stand alone."""
    days = _days(small, now)
    hours = [hour for hour in _hours(small) if not any(_overlap(hour, day) for day in days)]
    found, taken = [], set()
    for day in days:
        beside = next((hour for hour in hours if hour.start not in taken and _beside(small, day, hour)), None)
        if beside and not day.instant:
            taken.add(beside.start)
        else:
            beside = None
        instant = day.instant or (_at(day.day, beside, now) if day.day else None)
        start, end = (min(day.start, beside.start), max(day.end, beside.end)) if beside else (day.start, day.end)
        sure = day.sure is _Sure.ALWAYS or (day.sure is _Sure.AFTER_BY and (beside is not None or _said_by(small, day.start)))
        found.append(_Found(start, end, instant, sure))
    found += [
        _Found(hour.start, hour.end, datetime.combine(now.date(), hour.hour, now.tzinfo), hour.sure)
        for hour in hours
        if hour.start not in taken and (hour.sure or not days)
    ]
    return sorted(found, key=lambda one: one.start)


def _at(day: date, hour: _Hour | None, now: datetime) -> datetime:
    if hour:
        return datetime.combine(day, hour.hour, now.tzinfo)
    return end_of_day(now, (day - now.date()).days)


def _days(small: str, now: datetime) -> list[_Day]:
    """Days in the order of the text; where two ways of reading overlap, the earlier way of the table."""
    days: list[_Day] = []
    for pattern, read, sure in _DAYS:
        for match in pattern.finditer(small):
            if any(match.start() < day.end and day.start < match.end() for day in days):
                continue
            if read is _numeric and sure is _Sure.AFTER_BY and _is_hour(small, days, match.start()):
                continue
            what = read(match, now)
            instant = what if isinstance(what, datetime) else None
            day = None if isinstance(what, datetime) else what
            days.append(_Day(match.start(), match.end(), day, instant, sure))
    return sorted(days, key=lambda day: day.start)


def _is_hour(small: str, days: Sequence[_Day], start: int) -> bool:
    """«сегодня до 20.10» is no day in October."""
    return any(day.sure is _Sure.ALWAYS and day.end <= start and _GLUE.fullmatch(small[day.end : start]) for day in days)


def _hours(small: str) -> Iterator[_Hour]:
    for match in _HOURS.finditer(small):
        unit = match["unit"] or match["pm"] or ""
        minute = match["minute"] or match["dotted"] or "0"
        if not (match["by"] or match["minute"] or unit) or int(minute) > 59:
            continue
        hour = int(match["hour"])
        if unit in ("pm", "вечера", "дня") and hour < 12:
            hour += 12
        if hour > 23:
            continue
        sure = bool(match["minute"] or (match["by"] and (unit or match["dotted"])))
        yield _Hour(match.start("hour"), match.end(), time(hour, int(minute)), sure)
    for match in _PARTS.finditer(small):
        ends = next(ends for start, ends in _PART_ENDS.items() if match["part"].startswith(start))
        yield _Hour(match.start("part"), match.end(), ends, bool(match["by"]))


def _overlap(hour: _Hour, day: _Day) -> bool:
    return hour.start < day.end and day.start < hour.end


def _beside(small: str, day: _Day, hour: _Hour) -> bool:
    between = small[day.end : hour.start] if day.end <= hour.start else small[hour.end : day.start]
    return _GLUE.fullmatch(between) is not None


def _said_by(small: str, start: int) -> bool:
    """Whether «до», «к» or the like stands right before."""
    return re.search(rf"(?<!\w){_BY}\s+$", small[max(start - 12, 0) : start]) is not None


def _is_promise(small: str, one: _Found) -> bool:
    said = small[max(one.start - 12, 0) : one.end]
    return re.search(r"(?<!\w)(?:до|ко|к|через|не\s+позднее|не\s+позже|течени[ие]|by|until|till|before|in|within)\s+\S", said) is not None
