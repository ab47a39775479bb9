"""The clocks of a region file: working calendars, lengths, ladders, and the policies that say which of them go for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from incidents.calendar import BUILT_IN, RUSSIA, Calendar
from incidents.fields import Table, read_duration
from incidents.ids import Ids
from incidents.incident import Role
from incidents.lines import Path
from incidents.policies import DEADLINE, Audience, Policy, PolicyRule, QuietHours, Step, Urgency, with_rules

LONGEST_SHORT_CLOCK = timedelta(days=30)
MOST_EXTENSIONS = 100
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LEAST_DAY = timedelta(hours=1)
"""A working day is longer than this: a short one ends so much earlier."""
_YEARS = (2000, 2100)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a file says about clocks, and where it says it."""

    policy: Policy
    rules: tuple[PolicyRule, ...]
    calendars: tuple[Calendar, ...]
    places: Mapping[tuple[str, str], Table]
    """(topic, territory) of each rule → the table it stands in; nothing and nothing: ``[clock]``."""
    shelves: Mapping[str, Path]
    """Id of each calendar of the file → where it stands."""


def clocks(top: Table, quiet: QuietHours, ids: Ids) -> Clocks:
    """Read ``[[calendars]]``, ``[clock]`` and ``[[policies]]``."""
    shelves: dict[str, Path] = {}
    calendars: dict[str, Calendar] = {}
    for table in top.tables("calendars"):
        calendar = _calendar(table, ids)
        calendars[calendar.id] = calendar
        shelves[calendar.id] = table.path
    known = {**calendars, **BUILT_IN}
    clock = top.table("clock")
    general = _says(clock, known, {key: read for key, read in _READERS.items() if key != "quiet_hours"})
    clock.close()
    places = {("", ""): clock}
    rules: list[PolicyRule] = []
    for table in top.tables("policies"):
        for rule in _rules(table, known, ids):
            rules.append(rule)
            places[rule.topic, rule.territory] = table
    policy = with_rules(Policy(quiet=quiet), [PolicyRule(says=general)])
    return Clocks(replace(policy, name="", origins=()), tuple(rules), tuple(calendars.values()), places, shelves)


# --- policies ----------------------------------------------------------------------------------------------------------


def _rules(table: Table, calendars: Mapping[str, Calendar], ids: Ids) -> Sequence[PolicyRule]:
    """One table may name several topics and territories: it stands for each pair of them."""
    name = table.text("name", required=False, longest=80)
    topics = [ids.refer("topic", topic, table.at("topic")) for topic in table.texts("topic", one_will_do=True)]
    places = [ids.refer("territory", place, table.at("territory")) for place in table.texts("territory", one_will_do=True)]
    says = _says(table, calendars, _READERS)
    said = [key for key in _READERS if table.has(key)]
    table.close()
    if not topics and not places and not table.has("topic") and not table.has("territory"):
        table.findings.add(table.path, "region-policy-everywhere")
        return []
    if not said:
        table.findings.add(table.path, "region-policy-empty", allowed=", ".join(_READERS))
    pairs = [(topic, place) for topic in topics or [""] for place in places or [""]]
    for topic, place in pairs:
        ids.new("policy", f"{topic or '*'} × {place or '*'}", table.path, "region-same-policy")
    return [PolicyRule(topic, place, name or f"{topic or '*'} × {place or '*'}", says) for topic, place in pairs]


def _says(table: Table, calendars: Mapping[str, Calendar], readers: Mapping[str, _Reader]) -> Mapping[str, Any]:
    """What a table says, key by key; what is wrong it does not say."""
    found = {key: read(table, key, calendars) for key, read in readers.items() if table.has(key)}
    return {key: value for key, value in found.items() if value is not None}


def _length(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return table.length(key, longest=LONGEST_SHORT_CLOCK)


def _short(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return table.duration(key, None, longest=LONGEST_SHORT_CLOCK)


def _long(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return table.duration(key, None)


def _times(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return table.number(key, longest=MOST_EXTENSIONS)


def _extending(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return tuple(Role(who) for who in _among(table, key, (Role.CURATOR, Role.HEAD))) or None


def _quiet(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    return table.switch(key, default=True)


def _chosen(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    value = table.text(key)
    if value and value not in calendars:
        table.findings.unknown(table.at(key), "region-unknown-reference", value, calendars, kind="calendar")
    return calendars.get(value)


def _ladder(table: Table, key: str, calendars: Mapping[str, Calendar]) -> object:
    """The steps of the reminders, in the order of the file."""
    before = len(table.findings.errors)
    steps: dict[str, Step] = {}
    for line in table.tables(key, required=True):
        step = _step(line)
        if step and step.name in steps:
            line.wrong("at", "region-ladder-twice", value=step.name)
        elif step:
            steps[step.name] = step
    if len(table.findings.errors) == before and DEADLINE not in steps:
        table.wrong(key, "region-ladder-no-deadline")
    return tuple(steps.values()) if len(table.findings.errors) == before else None


_Reader = Callable[[Table, str, Mapping[str, Calendar]], object]
_READERS: Mapping[str, _Reader] = {
    "first_answer": _length,
    "urgent": _length,
    "rework": _length,
    "promise_longest": _long,
    "promise_extensions": _times,
    "extended_by": _extending,
    "waiting": _long,
    "rating": _long,
    "repeat": _short,
    "ladder": _ladder,
    "quiet_hours": _quiet,
    "calendar": _chosen,
}
"""The keys of ``[clock]`` and of a policy; quiet hours of the region have a table of their own."""


def _step(table: Table) -> Step | None:
    """One step: «50%», «2h before», «1wh before», «3h after» or «deadline», whom it tells and how urgent it is."""
    at = table.text("at")
    tells = tuple(Audience(who) for who in _among(table, "tell", [who for who in Audience if who is not Audience.CITIZEN], required=True))
    usual = Urgency.HIGH if at == DEADLINE else Urgency.NORMAL
    urgency = Urgency(table.choice("urgency", tuple(Urgency), default=usual))
    table.close()
    if not at:
        return None
    if at == DEADLINE:
        return Step(DEADLINE, tells, urgency=urgency)
    if at.endswith("%") and at[:-1].isdecimal() and 0 < int(at[:-1]) < 100:
        return Step(str(int(at[:-1])), tells, share=int(at[:-1]) / 100, urgency=urgency)
    length, _, side = at.partition(" ")
    working = length.endswith("wh") and side == "before"
    found = read_duration(length.replace("wh", "h") if working else length, LONGEST_SHORT_CLOCK)
    if isinstance(found, timedelta) and side == "before":
        return Step(length, tells, before=found, working=working, urgency=urgency)
    if isinstance(found, timedelta) and side == "after":
        return Step(f"{length}-after", tells, before=-found, urgency=urgency)
    table.wrong("at", "region-ladder-at", value=at)
    return None


def _among(table: Table, key: str, allowed: Sequence[str], *, required: bool = False) -> Sequence[str]:
    """A list of a few known words."""
    said = table.texts(key, required=required)
    for index, who in enumerate(said):
        if who and who not in allowed:
            table.findings.unknown((*table.at(key), index), "region-choice", who, allowed)
    return [who for who in said if who in allowed]


# --- calendars ---------------------------------------------------------------------------------------------------------


def _calendar(table: Table, ids: Ids) -> Calendar:
    """A calendar of the region's own: another one, and what is different here."""
    name = ids.own("calendar", table)
    if name in BUILT_IN:
        table.wrong("id", "region-calendar-built-in", value=name)
    base = BUILT_IN[table.choice("based_on", tuple(BUILT_IN), default=RUSSIA.id)]
    weekend = _weekend(table, base.weekend)
    opens, closes = table.hour("opens", base.opens), table.hour("closes", base.closes, midnight=True)
    off = table.days("holidays", yearly=True)
    working, short = ({day: path for day, path in table.days(key).items() if isinstance(day, date)} for key in ("working", "short"))
    years = frozenset(table.numbers("years", least=_YEARS[0], most=_YEARS[1]))
    table.close()
    for day in working.keys() & off.keys():
        table.findings.add(working[day], "region-day-both", value=str(day), line=str(table.findings.lines.of(off[day])))
    own = frozenset(day for day in off if isinstance(day, date))
    calendar = Calendar(
        id=name,
        weekend=weekend,
        opens=opens,
        closes=closes,
        yearly=base.yearly | frozenset(day for day in off if not isinstance(day, date)),
        holidays=(base.holidays - working.keys()) | own,
        working=(base.working - own) | working.keys(),
        short=(base.short - own) | short.keys(),
        years=None if base.years is None else base.years | years,
    )
    _makes_sense(table, calendar, short)
    return calendar


def _weekend(table: Table, usual: frozenset[int]) -> frozenset[int]:
    """Names of days; an empty list means that people work on all seven."""
    if not table.has("weekend"):
        return usual
    return frozenset(map(WEEKDAYS.index, _among(table, "weekend", WEEKDAYS))) if table.data["weekend"] != [] else frozenset()


def _makes_sense(table: Table, calendar: Calendar, short: Mapping[date, Path]) -> None:
    day_one = date(2026, 1, 1)
    closes = datetime.combine(day_one, calendar.closes) + (timedelta(days=1) if calendar.closes == time() else timedelta())
    if closes - datetime.combine(day_one, calendar.opens) <= _LEAST_DAY:
        key = next((key for key in ("closes", "opens") if table.has(key)), "id")
        table.wrong(key, "region-calendar-hours", opens=f"{calendar.opens:%H:%M}", closes=f"{calendar.closes:%H:%M}")
    if not any(calendar.is_working(day_one + timedelta(days=number)) for number in range(366)):
        table.wrong("weekend", "region-calendar-never")
    for day, path in short.items():
        if not calendar.is_working(day):
            table.findings.add(path, "region-day-short", value=str(day))
