"""Clocks of the region file: which policy goes for whom, and every mistake in it by its place."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from incidents.deadlines import DEADLINE, Audience, Length, Step, Urgency
from incidents.incident import Role
from incidents.region import Region, RegionError, RegionErrors, parse, read
from locales import LANGUAGES, Texts

REGION = """\
[region]
id = "small"
title = "Край"
timezone = "Asia/Barnaul"
operator = "Администрация"
privacy_url = "https://example.org/privacy"

[[topics]]
id = "roads"
title = "Дороги"

[[topics]]
id = "snow"
title = "Снег"

[[territories]]
id = "county"
title = "Округ"

[[territories]]
id = "town"
title = "Город"
parent = "county"

[[organisations]]
id = "office"
title = "Контора"

[[routes]]
organisation = "office"

[[accounts]]
kind = "vk"
name = "town"
token_env = "SUTKI_VK_TOWN_TOKEN"
"""
HOUR = timedelta(hours=1)
TEXTS = {language: Texts(language) for language in LANGUAGES}


def region(more: str) -> Region:
    return parse(REGION + more)


def mistakes(more: str, today: date | None = None) -> list[tuple[str, str]]:
    with pytest.raises(RegionErrors) as raised:
        read(REGION + more, today)
    return [_said(error) for error in raised.value.errors]


def remarks(more: str, today: date | None = None) -> list[tuple[str, str]]:
    return [_said(remark) for remark in read(REGION + more, today).remarks]


def _said(error: RegionError) -> tuple[str, str]:
    assert all(texts.say(error.key, **error.args) for texts in TEXTS.values())
    return error.place, error.key


# --- which policy ------------------------------------------------------------------------------------------------------


def test_the_most_specific_policy_is_heard_and_what_it_does_not_say_the_next_one_does() -> None:
    made = region("""
[clock]
rework = "20h"
[[policies]]
territory = "county"
first_answer = "20h"
promise_longest = "10d"
[[policies]]
topic = "snow"
first_answer = "9wh"
quiet_hours = false
[[policies]]
name = "Снег в городе"
topic = "snow"
territory = "town"
first_answer = "5wh"
""")
    town = made.policy("snow", "town")
    assert town.first_answer == Length(5 * HOUR, working=True)
    assert (town.name, town.quiet_applies, town.longest_promise, town.rework) == (
        "Снег в городе",
        False,
        timedelta(days=10),
        Length(20 * HOUR),
    )
    assert dict(town.origins) == {"first_answer": "Снег в городе", "quiet_hours": "snow × *", "promise_longest": "* × county"}
    assert made.policy("snow", "county").first_answer == Length(9 * HOUR, working=True)
    assert made.policy("snow", "").first_answer == Length(9 * HOUR, working=True)
    assert made.policy("roads", "town").first_answer == Length(20 * HOUR)
    assert (made.policy("roads", "").first_answer, made.policy("roads", "").name) == (Length(24 * HOUR), "")
    assert made.policy("", "").origins == ()


def test_one_table_stands_for_each_pair_it_names() -> None:
    made = region('[[policies]]\ntopic = ["roads", "snow"]\nterritory = ["town", "county"]\nurgent = "3wh"\nfirst_answer = "9wh"\n')
    assert {(rule.topic, rule.territory) for rule in made.policies} == {(t, p) for t in ("roads", "snow") for p in ("town", "county")}
    assert made.policy("roads", "town").name == "roads × town"


def test_asked_again_a_policy_is_the_same_one() -> None:
    made = region('[[policies]]\ntopic = "snow"\nfirst_answer = "9wh"\n')
    assert made.policy("snow", "town") is made.policy("snow", "town")


def test_everything_a_policy_may_say() -> None:
    policy = region("""
[[policies]]
topic = "snow"
first_answer = "18wh"
urgent = "90m"
rework = "9wh"
waiting = "2d"
rating = "7d"
repeat = "12h"
promise_longest = "14d"
promise_extensions = 1
extended_by = ["curator", "head"]
quiet_hours = false
calendar = "plain"
ladder = [
    { at = "50%", tell = ["assignee"], urgency = "normal" },
    { at = "1h before", tell = ["assignee"] },
    { at = "1wh before", tell = ["assignee", "curator"], urgency = "high" },
    { at = "deadline", tell = ["curator", "head"] },
    { at = "3h after", tell = ["head"] },
]
""").policy("snow", "")
    assert (policy.first_answer, policy.urgent) == (Length(18 * HOUR, working=True), Length(1.5 * HOUR))
    assert (policy.extensions, policy.extended_by, policy.calendar.id) == (1, (Role.CURATOR, Role.HEAD), "plain")
    assert (policy.waiting, policy.rating, policy.again) == (timedelta(days=2), timedelta(days=7), 12 * HOUR)
    assert policy.ladder == (
        Step("50", (Audience.ASSIGNEE,), share=0.5),
        Step("1h", (Audience.ASSIGNEE,), before=HOUR),
        Step("1wh", (Audience.ASSIGNEE, Audience.CURATOR), before=HOUR, working=True, urgency=Urgency.HIGH),
        Step(DEADLINE, (Audience.CURATOR, Audience.HEAD), urgency=Urgency.HIGH),
        Step("3h-after", (Audience.HEAD,), before=-3 * HOUR),
    )


# --- mistakes of policies ----------------------------------------------------------------------------------------------

SNOW = '[[policies]]\ntopic = "snow"\n'


@pytest.mark.parametrize(
    ("more", "where", "key"),
    [
        (SNOW, "policies[1]", "region-policy-empty"),
        ('[[policies]]\nfirst_answer = "4h"\n', "policies[1]", "region-policy-everywhere"),
        (f'{SNOW}rework = "9wh"\n[[policies]]\ntopic = ["roads", "snow"]\nrework = "8wh"\n', "policies[2]", "region-same-policy"),
        ('[[policies]]\ntopic = "sno"\nrework = "8h"\n', "policies[1].topic", "region-unknown-reference"),
        (f'{SNOW}calendar = "work"\n', "policies[1].calendar", "region-unknown-reference"),
        (f"{SNOW}promise_extensions = 101\n", "policies[1].promise_extensions", "region-number"),
        (f'{SNOW}promise_extensions = "one"\n', "policies[1].promise_extensions", "region-wrong-type"),
        (f'{SNOW}extended_by = ["official"]\n', "policies[1].extended_by[1]", "region-choice"),
        (f'{SNOW}first_answer = "900wh"\n', "policies[1].first_answer", "region-duration-range"),
        (f'{SNOW}first_answer = "9 часов"\n', "policies[1].first_answer", "region-length"),
        (f'{SNOW}waiting = "9wh"\n', "policies[1].waiting", "region-duration-elapsed"),
        (f'{SNOW}urgent = "4wh"\n', "policies[1].urgent", "region-urgent-working"),
        (f'{SNOW}first_answer = "3h"\n', "policies[1].first_answer", "region-urgent-longer"),
        (f'{SNOW}urgent = "2h"\n', "policies[1].urgent", "region-ladder-before-start"),
        (
            '[clock]\nrepeat = "3h"\nladder = [{ at = "deadline", tell = ["head"] }, { at = "3h after", tell = ["head"] }]\n',
            "clock.ladder[2].at",
            "region-ladder-after",
        ),
        (
            f'{SNOW}ladder = [{{ at = "deadline", tell = ["head"] }}, {{ at = "3wh after", tell = ["head"] }}]\n',
            "policies[1].ladder[2].at",
            "region-ladder-at",
        ),
        (
            f'{SNOW}ladder = [{{ at = "deadline", tell = ["head"] }}, {{ at = "4h before", tell = ["head"] }}]\n',
            "policies[1].ladder[2].at",
            "region-ladder-before-start",
        ),
        (
            '[[policies]]\nterritory = "town"\nrework = "9h"\n[[policies]]\ntopic = ["roads", "snow"]\nrework = "8h"\n',
            "policies[1]",
            "region-policy-shadowed",
        ),
        ('[[topics]]\nid = "gas"\ntitle = "Газ"\nfirst_answer = "4h"\n', "topics[3].first_answer", "region-first-answer-moved"),
    ],
)
def test_each_mistake_in_a_policy_has_its_place(more: str, where: str, key: str) -> None:
    assert mistakes(more) == [(where, key)]


def test_a_step_that_fits_each_policy_but_not_both_together_is_found() -> None:
    ladder = 'ladder = [{ at = "deadline", tell = ["head"] }, { at = "10h before", tell = ["head"] }]\n'
    both = f'[clock]\nurgent = "11h"\n[[policies]]\nterritory = "town"\n{ladder}{SNOW}first_answer = "10h"\nurgent = "4h"\n'
    assert set(mistakes(both)) == {("policies[1].ladder[2].at", "region-ladder-before-start")}


def test_a_policy_where_nothing_is_routed_is_remarkable() -> None:
    policy = f'{SNOW}rework = "9h"\n'
    assert remarks(policy) == []
    narrow = REGION.replace('organisation = "office"', 'organisation = "office"\ntopic = "roads"')
    assert ("policies[1]", "region-policy-unrouted") in [_said(remark) for remark in read(narrow + policy).remarks]


# --- calendars ---------------------------------------------------------------------------------------------------------

ALL_WEEK = '["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]'
OWN = '[clock]\ncalendar = "own"\n[[calendars]]\nid = "own"\n'


def test_a_region_has_a_calendar_of_its_own() -> None:
    more = 'opens = "08:00"\ncloses = "17:15"\nholidays = ["08-30", "2026-05-27"]\nworking = ["2026-05-30"]\nshort = ["2026-08-28"]\n'
    calendar = region(OWN + more).clock.calendar
    assert (calendar.opens, calendar.closes) == (time(8), time(17, 15))
    assert not calendar.is_working(date(2027, 8, 30))
    assert not calendar.is_working(date(2026, 5, 27))
    assert calendar.is_working(date(2026, 5, 30))
    assert not calendar.is_working(date(2026, 1, 9)), "what it does not say the Russian calendar says"


def test_a_region_adds_a_year_and_works_where_russia_rests() -> None:
    made = region(OWN + 'years = [2027]\nholidays = ["2027-02-22"]\nworking = ["2026-01-09", "2026-06-12"]\n').clock.calendar
    assert made.missing(date(2027, 3, 1)) is None
    assert made.is_working(date(2026, 1, 9))
    assert made.is_working(date(2026, 6, 12))


def test_a_duty_service_has_no_weekends_and_works_until_midnight() -> None:
    calendar = region(OWN + 'based_on = "plain"\nweekend = []\nopens = "00:00"\ncloses = "24:00"\n').clock.calendar
    assert calendar.is_working(date(2026, 1, 1))
    assert calendar.years is None


@pytest.mark.parametrize(
    ("more", "where", "key"),
    [
        (OWN + 'holidays = ["2026-02-31"]\n', "calendars[1].holidays[1]", "region-no-such-day"),
        (OWN + 'holidays = ["02-30"]\n', "calendars[1].holidays[1]", "region-no-such-day"),
        (OWN + 'holidays = ["9 мая"]\n', "calendars[1].holidays[1]", "region-day-yearly"),
        (OWN + 'working = ["05-30"]\n', "calendars[1].working[1]", "region-day"),
        (OWN + "working = [5]\n", "calendars[1].working[1]", "region-wrong-type"),
        (OWN + 'short = "2026-05-29"\n', "calendars[1].short", "region-wrong-type"),
        (OWN + 'holidays = ["2026-05-27", "2026-05-27"]\n', "calendars[1].holidays[2]", "region-twice-in-list"),
        (OWN + 'holidays = ["2026-05-27"]\nworking = [2026-05-27]\n', "calendars[1].working[1]", "region-day-both"),
        (OWN + 'short = ["2026-05-30"]\n', "calendars[1].short[1]", "region-day-short"),
        (OWN + 'opens = "09:00"\ncloses = "09:00"\n', "calendars[1].closes", "region-calendar-hours"),
        (OWN + 'opens = "18:30"\n', "calendars[1].opens", "region-calendar-hours"),
        (OWN + f"weekend = {ALL_WEEK}\n", "calendars[1].weekend", "region-calendar-never"),
        (OWN + 'weekend = ["суббота"]\n', "calendars[1].weekend[1]", "region-choice"),
        (OWN + 'based_on = "by"\n', "calendars[1].based_on", "region-choice"),
        (OWN + "years = [26]\n", "calendars[1].years[1]", "region-number"),
        (OWN + '[[calendars]]\nid = "own"\n', "calendars[2].id", "region-duplicate"),
        ('[[calendars]]\nid = "ru"\n', "calendars[1].id", "region-calendar-built-in"),
    ],
)
def test_each_mistake_in_a_calendar_has_its_place(more: str, where: str, key: str) -> None:
    assert mistakes(more) == [(where, key)]


def test_a_calendar_that_nothing_counts_by_is_remarkable() -> None:
    assert remarks('[[calendars]]\nid = "own"\n') == [("calendars[1]", "region-calendar-unused")]


def test_a_calendar_without_this_year_is_wrong_and_without_the_next_remarkable_from_october_on() -> None:
    assert remarks("", date(2026, 9, 30)) == []
    assert remarks("", date(2026, 10, 1)) == [("clock.calendar", "region-calendar-next-year")]
    assert mistakes("", date(2027, 1, 1)) == [("clock.calendar", "region-calendar-year")]
    assert remarks(OWN, date(2026, 10, 1)) == [("calendars[1]", "region-calendar-next-year")]
    assert mistakes(OWN + "years = [2028]\n", date(2027, 5, 1)) == [("calendars[1]", "region-calendar-year")]
    assert remarks(OWN + "years = [2027]\n", date(2026, 12, 1)) == []
    assert parse(REGION), "a region that is in force stays so when a year begins that nobody knows"
