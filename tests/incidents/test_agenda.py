"""When a morning comes, in any zone and through any change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.agenda import AGENDA, LATEST, PRESSING, TOLD, Digest, begins, day_of, days, first_due, next_morning
from incidents.deadlines import Length, Policy, follow, start
from incidents.incident import Action, Deed, Incident, Role, Status, Timer, act

ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Barnaul", "Asia/Kamchatka", "Europe/Berlin", "America/New_York")
]
instants = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001  # made aware right here
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


@given(instants, st.sampled_from(ZONES))
def test_the_next_morning_is_at_half_past_eight_local_and_no_morning_lies_before_it(now: datetime, zone: ZoneInfo) -> None:
    found = next_morning(now, [zone])
    assert (found.astimezone(zone).hour, found.astimezone(zone).minute) == (8, 30)
    assert now < found <= now + timedelta(hours=25)
    assert day_of(Digest.OFFICIAL, found, zone) == found.astimezone(zone).date()
    assert day_of(Digest.OFFICIAL, found - timedelta(microseconds=1), zone) is None


@given(instants)
def test_of_several_zones_the_earliest_counts(now: datetime) -> None:
    assert next_morning(now, ZONES) == min(next_morning(now, [zone]) for zone in ZONES)


@given(instants, st.sampled_from(ZONES), st.sampled_from(list(Digest)))
def test_a_digest_is_told_in_the_hours_after_its_morning_only_and_a_weekly_one_on_mondays(
    now: datetime, zone: ZoneInfo, digest: Digest
) -> None:
    day = day_of(digest, now, zone)
    passed = now - begins(now.astimezone(zone).date(), zone)
    if digest.weekly:
        assert (day is not None) == (now.astimezone(zone).weekday() == 0 and timedelta() <= passed < timedelta(hours=12))
    else:
        assert (day is not None) == (timedelta() <= passed < LATEST)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 11), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_local_day_is_as_long_as_it_is(day: date, hours: int) -> None:
    begin, end = days(day, 1, ZoneInfo("Europe/Berlin"))
    assert end - begin == timedelta(hours=hours)


def test_what_is_told_stands_in_the_list() -> None:
    assert all(TOLD[role] <= set(AGENDA[role]) for role in AGENDA)
    assert {section for role in AGENDA for section in AGENDA[role]} >= PRESSING
    assert {digest.role for digest in Digest} == set(AGENDA)


def incident(**facts: object) -> Incident:
    return Incident(**{"id": 1, "organisation": "zhkh", "reported_at": NOON, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "due"),
    [
        (incident(status=Status.ASSIGNED, timer=Timer.FIRST_ANSWER, due_at=NOON + timedelta(hours=24)), NOON + timedelta(hours=24)),
        (
            incident(status=Status.WAITING, timer=Timer.PAUSED, started_at=NOON + timedelta(hours=2), paused_left=3600.0),
            NOON + timedelta(hours=3),
        ),
        (incident(status=Status.PROMISED, timer=Timer.PROMISE, due_at=NOON, answered_at=NOON), None),
    ],
)
def test_only_the_first_answer_is_one_and_it_was_due_when_its_clock_ended(before: Incident, due: datetime | None) -> None:
    after, change = act(before, Deed(action=Action.ANSWER, role=Role.OFFICIAL, by=1, at=NOON + timedelta(hours=9), text="Готово"))
    assert first_due(before, change, after, Policy(), UTC) == due


def test_what_is_no_answer_is_no_first_answer() -> None:
    before = incident(status=Status.ASSIGNED, timer=Timer.FIRST_ANSWER, due_at=NOON)
    after, change = act(before, Deed(action=Action.TAKE, role=Role.OFFICIAL, by=1, at=NOON))
    assert first_due(before, change, after, Policy(), UTC) is None


def test_a_first_answer_that_came_while_the_clock_rested_was_due_when_that_would_have_ended() -> None:
    """Asked on Friday at 17:00 with five working hours left: one of them on Friday, four on Monday."""
    zone, policy = ZoneInfo("Asia/Barnaul"), Policy(first_answer=Length(timedelta(hours=9), working=True))
    friday, monday = (datetime(2026, 3, day, 13, tzinfo=zone).astimezone(UTC) for day in (13, 16))
    running = start(incident(status=Status.ASSIGNED, reported_at=friday), policy, zone)
    ask = Deed(action=Action.ASK, role=Role.OFFICIAL, by=1, at=friday + timedelta(hours=4), text="Какой дом?")
    waiting, change = act(running, ask)
    waiting = follow(running, waiting, change, policy, zone)
    after, change = act(waiting, Deed(action=Action.ANSWER, role=Role.OFFICIAL, by=1, at=monday - timedelta(hours=3), text="Готово"))
    assert running.due_at == monday
    assert first_due(waiting, change, after, policy, zone) == monday
