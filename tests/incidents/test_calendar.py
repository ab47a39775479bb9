"""Working time: Russian years as they were decreed, and hours that are right wherever clocks are put forward or back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.calendar import BUILT_IN, RUSSIA, Calendar
from incidents.holidays import RUSSIA as YEARS
from incidents.wall import following, last, reach

BARNAUL = ZoneInfo("Asia/Barnaul")
HOUR, DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta.resolution
ROUND = Calendar(id="round", weekend=frozenset(), opens=time(), closes=time())
NIGHT = Calendar(id="night", weekend=frozenset({6}), opens=time(1, 30), closes=time(2, 30))


def here(text: str, zone: ZoneInfo = BARNAUL) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone).astimezone(UTC)


def of_year(year: int) -> list[date]:
    return [day for number in range(366) if (day := date(year, 1, 1) + DAY * number).year == year]


# --- Russia ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", sorted(YEARS))
def test_a_year_has_the_working_days_and_hours_of_the_official_norm(year: int) -> None:
    """247 days and 1972 hours at 40 hours a week in both years, as the Ministry of Labour's production calendar says."""
    working = [day for day in of_year(year) if RUSSIA.is_working(day)]
    hours = sum(8 - (day in RUSSIA.short) for day in working)
    assert (len(working), hours) == (247, 1972)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-01-03", False),  # its day off moved to the 9th, the holiday stays
        ("2026-01-09", False),
        ("2026-01-12", True),
        ("2026-03-09", False),
        ("2026-05-11", False),
        ("2026-12-31", False),
        ("2025-11-01", True),  # a Saturday
        ("2025-11-03", False),
        ("2025-12-31", False),
        ("2027-06-12", False),  # a year that is not known: article 112
        ("2027-06-14", True),
        ("2027-12-31", True),
    ],
)
def test_days_that_were_moved(day: str, working: bool) -> None:
    assert RUSSIA.is_working(date.fromisoformat(day)) is working


def test_every_year_names_its_decree() -> None:
    assert all("Постановление Правительства РФ" in year.source and "№" in year.source for year in YEARS.values())


def test_short_days_are_working_days_before_a_holiday() -> None:
    for day in RUSSIA.short:
        assert RUSSIA.is_working(day)
        assert any((day + DAY * ahead).timetuple()[1:3] in RUSSIA.yearly for ahead in (1, 2, 3))


def test_a_year_that_is_missing_is_said_to_be() -> None:
    unknown = max(YEARS) + 1
    assert RUSSIA.missing(date(max(YEARS), 9, 30)) is None
    assert RUSSIA.missing(date(max(YEARS), 10, 1)) == unknown
    assert RUSSIA.missing(date(unknown, 1, 1)) == unknown
    assert BUILT_IN["plain"].missing(date(2050, 1, 1)) is None


# --- working time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-11 09:00", 9, "2026-03-11 18:00"),
        ("2026-03-11 12:30", 9, "2026-03-12 12:30"),
        ("2026-03-13 17:00", 2, "2026-03-16 10:00"),  # Friday to Monday
        ("2026-03-14 12:00", 1, "2026-03-16 10:00"),  # from a Saturday
        ("2026-04-30 16:00", 2, "2026-05-04 10:00"),  # the day before May 1 ends at 17:00
        ("2025-12-30 17:00", 2, "2026-01-12 10:00"),
        ("2025-10-31 17:00", 2, "2025-11-01 10:00"),  # a Saturday that is worked
        ("2026-03-11 03:00", 0, "2026-03-11 03:00"),
    ],
)
def test_so_much_working_time_later(start: str, hours: int, end: str) -> None:
    assert RUSSIA.after(here(start), hours * HOUR, BARNAUL) == here(end)
    assert RUSSIA.between(here(start), here(end), BARNAUL) == hours * HOUR


def test_so_much_working_time_earlier() -> None:
    assert RUSSIA.before(here("2026-03-16 10:00"), 2 * HOUR, BARNAUL) == here("2026-03-13 17:00")
    assert RUSSIA.before(here("2026-01-12 10:00"), 2 * HOUR, BARNAUL) == here("2025-12-30 17:00")
    assert RUSSIA.after(here("2026-03-16 10:00"), -2 * HOUR, BARNAUL) == here("2026-03-13 17:00")
    assert RUSSIA.between(here("2026-03-16 10:00"), here("2026-03-13 17:00"), BARNAUL) == -2 * HOUR


def test_the_zone_of_the_territory_decides() -> None:
    moment = here("2026-03-11 17:00")
    assert RUSSIA.after(moment, 2 * HOUR, BARNAUL) == here("2026-03-12 10:00")
    assert RUSSIA.after(moment, 2 * HOUR, ZoneInfo("Europe/Moscow")) == moment + 2 * HOUR


def test_working_days_ahead() -> None:
    assert RUSSIA.days_ahead(date(2026, 3, 13), 3) == date(2026, 3, 18)
    assert RUSSIA.days_ahead(date(2025, 12, 30), 1) == date(2026, 1, 12)
    assert RUSSIA.days_ahead(date(2026, 3, 14), 0) == date(2026, 3, 14)


def test_a_calendar_on_which_nobody_works_is_not_waited_for() -> None:
    never = replace(ROUND, weekend=frozenset(range(7)))
    with pytest.raises(ValueError, match="nobody works"):
        never.after(here("2026-03-11 09:00"), HOUR, BARNAUL)


# --- where clocks are put forward and back -----------------------------------------------------------------------------

BERLIN, LORD_HOWE, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Havana")


def test_an_hour_that_is_left_out_is_not_worked_and_one_that_comes_twice_is_worked_twice() -> None:
    forward, back = date(2026, 3, 29), date(2026, 10, 25)
    for day, hours in ((forward, 23), (back, 25), (date(2026, 7, 1), 24)):
        opens, closes = ROUND.hours(day, BERLIN)
        assert closes - opens == hours * HOUR
    saturday = replace(NIGHT, weekend=frozenset())
    assert saturday.hours(forward, BERLIN) == (here("2026-03-29 01:30", BERLIN), datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert saturday.hours(back, BERLIN)[1] - saturday.hours(back, BERLIN)[0] == HOUR


def test_an_hour_is_reached_where_the_clocks_jump_over_it() -> None:
    assert reach(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert reach(date(2026, 10, 25), time(2, 30), BERLIN, again=True) - reach(date(2026, 10, 25), time(2, 30), BERLIN) == HOUR
    assert reach(date(2026, 3, 8), time(), HAVANA) == datetime(2026, 3, 8, 5, tzinfo=UTC)  # this day begins at 1:00


ZONES = [BARNAUL, BERLIN, LORD_HOWE, HAVANA, *map(ZoneInfo, ("Asia/Kolkata", "America/St_Johns", "Asia/Tehran", "Asia/Kamchatka"))]
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(2009, 1, 1), datetime(2029, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001 — zoned right after
calendars = st.sampled_from([RUSSIA, ROUND, NIGHT, replace(RUSSIA, opens=time(0, 10), closes=time(23, 50))])


@settings(max_examples=60)
@given(start=instants, length=st.timedeltas(MOMENT, 40 * HOUR), calendar=calendars, zone=zones)
def test_after_and_before_are_the_first_and_the_last_instant_with_so_much_between(
    start: datetime, length: timedelta, calendar: Calendar, zone: ZoneInfo
) -> None:
    end, begin = calendar.after(start, length, zone), calendar.before(start, length, zone)
    assert calendar.between(start, end, zone) == calendar.between(begin, start, zone) == length
    assert calendar.between(start, end - MOMENT, zone) < length
    assert calendar.between(begin + MOMENT, start, zone) < length


@settings(max_examples=60)
@given(start=instants, first=st.timedeltas(MOMENT, 9 * DAY), second=st.timedeltas(MOMENT, 9 * DAY), calendar=calendars, zone=zones)
def test_working_time_adds_up(start: datetime, first: timedelta, second: timedelta, calendar: Calendar, zone: ZoneInfo) -> None:
    middle, end = start + first, start + first + second
    parts = calendar.between(start, middle, zone) + calendar.between(middle, end, zone)
    assert calendar.between(start, end, zone) == parts <= first + second


@settings(max_examples=100)
@given(instant=instants, hour=st.times().map(lambda exact: exact.replace(second=0, microsecond=0)), zone=zones)
def test_the_hour_before_and_the_hour_after(instant: datetime, hour: time, zone: ZoneInfo) -> None:
    before, after = last(hour, instant, zone), following(hour, instant, zone)
    assert before <= instant < after
    assert after - before <= 25 * HOUR
    for found in (before, after):
        shown, shown_before = (one.astimezone(zone).replace(tzinfo=None) for one in (found, found - MOMENT))
        wanted = datetime.combine(shown, hour)
        assert shown == wanted or shown_before < wanted < shown
