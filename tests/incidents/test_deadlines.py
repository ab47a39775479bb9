"""The clocks: when each step of the ladder comes, to whom, and what pauses, resumes and ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incidents.deadlines import (
    CITIZEN_NUDGE,
    DEADLINE,
    Audience,
    Length,
    Planned,
    Policy,
    QuietHours,
    Reason,
    Reminder,
    Step,
    Urgency,
    Why,
    follow,
    hurry,
    plan,
    recompute,
    start,
    wake,
)
from incidents.incident import Action, Deed, Incident, Resolution, Role, Status, Timer, act

BARNAUL = ZoneInfo("Asia/Barnaul")
AWAKE = Policy(quiet=QuietHours(datetime.min.time(), datetime.min.time()))
"""The default policy of a place that never sleeps."""
POLICY = Policy()
MORNING = datetime(2026, 3, 11, 3, tzinfo=UTC)
"""10:00 in Barnaul."""

ZONES = [
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
    "Europe/Berlin",  # these two have summer time
    "America/New_York",
]

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def opened(at: datetime = MORNING, policy: Policy = AWAKE, *, urgent: bool = False, zone: ZoneInfo = BARNAUL) -> Incident:
    """An incident that an organisation owns, its clock started."""
    incident = Incident(id=1, status=Status.ASSIGNED, organisation="zhkh", reported_at=at, urgent=urgent)
    return start(incident, policy, zone)


def done(incident: Incident, action: Action, at: datetime, policy: Policy = AWAKE, zone: ZoneInfo = BARNAUL, **deed: object) -> Incident:
    """The incident after an action, its clock set."""
    roles = {Action.REPLY: Role.CITIZEN, Action.CONTEST: Role.CITIZEN, Action.RETURN: Role.CURATOR, Action.EXTEND: Role.CURATOR}
    given_ = Deed(action=action, role=roles.get(action, Role.OFFICIAL), at=at, by=7, text="слова", reason="причина", **deed)  # type: ignore[arg-type]
    after, change = act(incident, given_)
    return follow(incident, after, change, policy, zone)


def spoken(incident: Incident, policy: Policy = AWAKE, zone: ZoneInfo = BARNAUL, *, until: datetime) -> Iterator[tuple[datetime, Reminder]]:
    """Every reminder of a clock that is woken just on time."""
    while incident.wake_at is not None and incident.wake_at <= until:
        now = incident.wake_at
        incident, reminder, _ = wake(incident, policy, now, zone)
        if reminder is not None:
            yield now, reminder


def woken(incident: Incident, until: datetime, policy: Policy = AWAKE, zone: ZoneInfo = BARNAUL) -> Incident:
    """The incident when its clock has said everything until then, each at its time."""
    while incident.wake_at is not None and incident.wake_at <= until:
        incident, _, _ = wake(incident, policy, incident.wake_at, zone)
    return incident


def said(incident: Incident, policy: Policy = AWAKE, zone: ZoneInfo = BARNAUL, *, until: datetime) -> list[tuple[str, str]]:
    """The same, to be read: local hour and step."""
    return [(f"{at.astimezone(zone):%d. %H:%M}", reminder.step) for at, reminder in spoken(incident, policy, zone, until=until)]


def local(text: str, zone: ZoneInfo = BARNAUL) -> datetime:
    """An hour of March 2026: ``11. 22:30``."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d. %H:%M").replace(tzinfo=zone).astimezone(UTC)


# --- the ladder --------------------------------------------------------------------------------------------------------


def test_the_default_ladder() -> None:
    reminders = list(spoken(opened(), until=MORNING + 3 * DAYS))
    assert [(at - MORNING, reminder.step) for at, reminder in reminders] == [
        (12 * HOURS, "50"),
        (19 * HOURS + 12 * MINUTES, "80"),
        (22 * HOURS, "2h"),
        (24 * HOURS, DEADLINE),
        (48 * HOURS, "late-1"),
        (72 * HOURS, "late-2"),
    ]
    assert all(reminder.skipped == () for _, reminder in reminders)


def test_who_hears_each_step() -> None:
    tells = {reminder.step: set(reminder.tells) for _, reminder in spoken(opened(), until=MORNING + 2 * DAYS)}
    assert tells["50"] == tells["80"] == {Audience.ASSIGNEE}
    assert tells["2h"] == {Audience.ASSIGNEE, Audience.CURATOR}
    assert tells[DEADLINE] >= {Audience.CURATOR, Audience.HEAD}
    assert tells["late-1"] >= {Audience.CURATOR, Audience.HEAD}
    assert not any(Audience.CITIZEN in heard for heard in tells.values())


def test_the_clock_counts_from_the_citizens_message_however_late_it_was_read() -> None:
    incident, reminder, _ = wake(opened(), AWAKE, MORNING + 30 * HOURS, BARNAUL)
    assert reminder is not None
    assert (reminder.step, reminder.skipped) == (DEADLINE, ("50", "80", "2h"))
    assert incident.wake_at == MORNING + 48 * HOURS


def test_an_urgent_clock_is_four_hours() -> None:
    reminders = list(spoken(opened(urgent=True), until=MORNING + 4 * HOURS))
    assert [(at - MORNING, reminder.step, reminder.skipped) for at, reminder in reminders] == [
        (2 * HOURS, "2h", ("50",)),
        (3 * HOURS + 12 * MINUTES, "80", ()),
        (4 * HOURS, DEADLINE, ()),
    ]


def test_a_step_after_the_deadline_stands_in_its_place_among_the_daily_ones() -> None:
    after = Step("30h-after", (Audience.HEAD,), before=-30 * HOURS)
    policy = replace(AWAKE, ladder=(*AWAKE.ladder, after))
    steps = [reminder.step for _, reminder in spoken(opened(), policy, until=MORNING + 3 * DAYS)]
    assert steps == ["50", "80", "2h", DEADLINE, "late-1", "30h-after", "late-2"]


def test_nothing_happens_before_its_time() -> None:
    incident = opened()
    assert wake(incident, AWAKE, MORNING + 12 * HOURS - timedelta(microseconds=1), BARNAUL) == (incident, None, None)


def test_actions_that_answer_nothing_leave_the_clock_alone() -> None:
    incident = opened()
    for action in (Action.TAKE, Action.REPLY, Action.RELEASE):
        if action is Action.RELEASE:
            incident = replace(incident, status=Status.IN_PROGRESS, assignee=7)
        after = done(incident, action, MORNING + HOURS)
        assert (after.timer, after.turn, after.due_at, after.wake_at) == (
            incident.timer,
            incident.turn,
            incident.due_at,
            incident.wake_at,
        )


# --- quiet hours -------------------------------------------------------------------------------------------------------


def test_a_reminder_in_the_night_comes_the_evening_before() -> None:
    assert said(opened(local("11. 14:00"), POLICY), POLICY, until=local("13. 15:00")) == [
        ("11. 21:45", "50"),
        ("12. 09:12", "80"),
        ("12. 12:00", "2h"),
        ("12. 14:00", DEADLINE),
        ("13. 14:00", "late-1"),
    ]


def test_two_steps_of_one_night_are_one_reminder() -> None:
    incident = opened(local("11. 08:00"), POLICY)
    (first, half), (second, both) = list(spoken(incident, POLICY, until=local("12. 07:59")))
    assert (f"{first.astimezone(BARNAUL):%H:%M}", half.step) == ("20:00", "50")
    assert (f"{second.astimezone(BARNAUL):%H:%M}", both.step, both.skipped) == ("21:45", "2h", ("80",))


def test_the_deadline_comes_in_the_night_too_and_the_daily_reminders_the_evening_before() -> None:
    assert said(opened(local("11. 03:00"), POLICY), POLICY, until=local("13. 22:00"))[-3:] == [
        ("12. 03:00", DEADLINE),
        ("12. 21:45", "late-1"),
        ("13. 21:45", "late-2"),
    ]


def test_an_urgent_incident_knows_no_night() -> None:
    assert said(opened(local("11. 23:00"), POLICY, urgent=True), POLICY, until=local("12. 04:00")) == [
        ("12. 01:00", "2h"),
        ("12. 02:12", "80"),
        ("12. 03:00", DEADLINE),
    ]


def test_a_clock_started_in_the_night_has_no_evening_before_and_speaks_in_the_morning() -> None:
    policy = replace(POLICY, first_answer=Length(10 * HOURS))
    assert said(opened(local("11. 23:00"), policy), policy, until=local("12. 09:00")) == [
        ("12. 07:00", "2h"),
        ("12. 09:00", DEADLINE),
    ]


def test_when_the_morning_is_too_late_a_reminder_comes_where_it_stands() -> None:
    policy = replace(POLICY, first_answer=Length(6 * HOURS))
    assert said(opened(local("11. 23:00"), policy), policy, until=local("12. 05:00")) == [
        ("12. 02:00", "50"),
        ("12. 03:00", "2h"),
        ("12. 03:48", "80"),
        ("12. 05:00", DEADLINE),
    ]


@pytest.mark.parametrize(
    ("hour", "quiet"), [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False), ("12:00", False)]
)
def test_the_night_begins_with_its_first_minute_and_its_end_is_day(hour: str, quiet: bool) -> None:
    assert QuietHours().covers(datetime.strptime(hour, "%H:%M")) is quiet  # noqa: DTZ007 — local time has no zone


def test_quiet_hours_within_one_day() -> None:
    siesta = QuietHours(datetime(2026, 1, 1, 13).time(), datetime(2026, 1, 1, 15).time())  # noqa: DTZ001 — an hour of the day
    assert [hour for hour in range(24) if siesta.covers(datetime(2026, 1, 1, hour))] == [13, 14]  # noqa: DTZ001 — the same


# --- a machine that slept ----------------------------------------------------------------------------------------------


def test_a_machine_that_slept_says_the_one_thing_that_matters_now_to_all_it_concerns() -> None:
    incident, reminder, deed = wake(opened(), AWAKE, MORNING + 23 * HOURS, BARNAUL)
    assert reminder is not None
    assert (reminder.step, set(reminder.tells), reminder.skipped, deed) == ("2h", {Audience.ASSIGNEE, Audience.CURATOR}, ("50", "80"), None)
    assert incident.wake_at == MORNING + 24 * HOURS


def test_a_machine_that_slept_for_days_says_one_thing() -> None:
    incident, reminder, _ = wake(opened(), AWAKE, MORNING + 80 * HOURS, BARNAUL)
    assert reminder is not None
    assert (reminder.step, reminder.skipped) == ("late-2", ("50", "80", "2h", DEADLINE, "late-1"))
    assert incident.wake_at == MORNING + 96 * HOURS
    assert wake(incident, AWAKE, MORNING + 80 * HOURS, BARNAUL) == (incident, None, None)


def test_a_clock_set_back_repeats_nothing() -> None:
    incident, _, _ = wake(opened(), AWAKE, MORNING + 12 * HOURS, BARNAUL)
    assert wake(incident, AWAKE, MORNING + 2 * HOURS, BARNAUL) == (incident, None, None)


# --- a clarifying question ---------------------------------------------------------------------------------------------


def test_a_question_pauses_the_clock_and_a_reply_goes_on_with_what_was_left() -> None:
    asked = done(opened(), Action.ASK, MORNING + 5 * HOURS)
    assert (asked.status, asked.timer, asked.paused_left) == (Status.WAITING, Timer.PAUSED, 19 * 3600)
    replied = MORNING + 2 * DAYS
    resumed = done(asked, Action.REPLY, replied)
    assert (resumed.timer, resumed.due_at, resumed.paused_left) == (Timer.FIRST_ANSWER, replied + 19 * HOURS, 0)
    assert [(at - replied, reminder.step) for at, reminder in spoken(resumed, until=replied + DAYS)] == [
        (7 * HOURS, "50"),
        (14 * HOURS + 12 * MINUTES, "80"),
        (17 * HOURS, "2h"),
        (19 * HOURS, DEADLINE),
    ]


def test_what_was_heard_before_the_pause_does_not_come_again() -> None:
    asked = done(woken(opened(), MORNING + 20 * HOURS), Action.ASK, MORNING + 20 * HOURS)
    resumed = done(asked, Action.REPLY, MORNING + 40 * HOURS)
    assert [reminder.step for _, reminder in spoken(resumed, until=MORNING + 44 * HOURS)] == ["2h", DEADLINE]


def test_what_the_clock_had_no_time_to_say_before_the_pause_it_says_after_it() -> None:
    """The question came between the half of the time and the next tick; or nobody was there to tick."""
    asked = done(opened(), Action.ASK, MORNING + 20 * HOURS)
    resumed = done(asked, Action.REPLY, MORNING + 40 * HOURS)
    (_, late), *others = spoken(resumed, until=MORNING + 44 * HOURS)
    assert (resumed.wake_at, late.step, late.skipped) == (MORNING + 40 * HOURS, "80", ("50",))
    assert [reminder.step for _, reminder in others] == ["2h", DEADLINE]


def test_what_was_heard_early_for_the_nights_sake_does_not_come_again() -> None:
    """Half of the time is at 02:00, said at 21:45; the question comes at 21:50, before the half."""
    running = woken(opened(local("11. 14:00"), POLICY), local("11. 21:50"), POLICY)
    asked = done(running, Action.ASK, local("11. 21:50"), POLICY)
    resumed = done(asked, Action.REPLY, local("12. 12:00"), POLICY)
    assert said(resumed, POLICY, until=local("13. 04:10")) == [("12. 21:45", "2h"), ("13. 04:10", DEADLINE)]


def test_a_step_is_not_lost_when_the_clock_goes_on_in_the_night() -> None:
    """Half of the time was a minute away; the reply comes at 23:00, when the evening before is over."""
    asked = done(opened(local("11. 08:00"), POLICY), Action.ASK, local("11. 19:59"), POLICY)
    resumed = done(asked, Action.REPLY, local("12. 23:00"), POLICY)
    assert said(resumed, POLICY, until=local("13. 11:01")) == [("13. 07:00", "80"), ("13. 09:01", "2h"), ("13. 11:01", DEADLINE)]
    assert next(spoken(resumed, POLICY, until=local("13. 08:00")))[1].skipped == ("50",)


def call(policy: Policy, *more: Step) -> Policy:
    """The policy with a call three hours before the deadline that minds no night, some other steps, and the deadline."""
    return replace(policy, ladder=(Step("3h", (Audience.HEAD,), before=3 * HOURS, urgency=Urgency.HIGH), *more, policy.ladder[-1]))


def test_a_step_that_a_night_let_a_later_one_overtake_is_said_after_the_pause() -> None:
    """The last hour, at 03:00, is spoken of at 21:45; the question comes before the call of 01:00 (promise 7, seed 1876024385)."""
    policy = call(POLICY, Step("1h", (Audience.ASSIGNEE,), before=HOURS))
    running = woken(opened(local("11. 04:00"), policy), local("11. 22:00"), policy)
    resumed = done(done(running, Action.ASK, local("11. 22:00"), policy), Action.REPLY, local("12. 23:00"), policy)
    assert said(resumed, policy, until=local("13. 05:00")) == [("13. 02:00", "3h"), ("13. 05:00", DEADLINE)]


def test_a_step_that_was_overtaken_and_has_no_room_after_the_pause_is_said_at_once() -> None:
    """A working hour before the deadline is the afternoon before, the call comes at 06:30; fifty minutes are left (seed 723553)."""
    policy = call(WORKING, DAYTIME)
    running = woken(opened(local("12. 09:30"), policy), local("12. 17:40"), policy)
    resumed = done(done(running, Action.ASK, local("12. 17:40"), policy), Action.REPLY, local("13. 12:00"), policy)
    assert said(resumed, policy, until=local("13. 12:50")) == [("13. 12:00", "3h"), ("13. 12:50", DEADLINE)]


def test_a_reply_in_the_night_wakes_nobody_for_what_it_left_no_room_for() -> None:
    policy = replace(WORKING, quiet=QuietHours(), ladder=AWAKE.ladder)
    running = woken(opened(local("12. 09:30"), policy), local("12. 16:36"), policy)
    resumed = done(done(running, Action.ASK, local("12. 16:36"), policy), Action.REPLY, local("13. 05:00"), policy)
    assert said(resumed, policy, until=local("13. 10:54"))[0] == ("13. 08:54", "2h")
    asked = done(opened(local("12. 23:30"), POLICY), Action.ASK, local("13. 12:00"), POLICY)  # nobody ticked: half was at 11:30
    assert said(done(asked, Action.REPLY, local("14. 02:00"), POLICY), POLICY, until=local("14. 07:00")) == [("14. 07:00", "50")]


def test_what_a_short_clock_never_had_room_for_is_not_said_after_a_pause() -> None:
    policy = replace(AWAKE, urgent=Length(HOURS))
    asked = done(opened(policy=policy, urgent=True), Action.ASK, MORNING + 10 * MINUTES, policy)
    resumed = done(asked, Action.REPLY, MORNING + DAYS, policy)
    assert [step for _, step in said(resumed, policy, until=MORNING + 25 * HOURS)] == ["50", "80", DEADLINE]


def test_each_pause_reminds_its_citizen_and_the_third_part_of_a_clock_repeats_nothing_of_the_first() -> None:
    incident, now = woken(opened(), MORNING + 13 * HOURS), MORNING + 13 * HOURS
    for _ in range(2):
        asked = done(incident, Action.ASK, now)
        assert [reminder.step for _, reminder in spoken(asked, until=now + 4 * DAYS)] == [CITIZEN_NUDGE]
        now += 100 * HOURS
        incident = done(woken(asked, now), Action.REPLY, now)
    assert [reminder.step for _, reminder in spoken(incident, until=now + 11 * HOURS)] == ["80", "2h", DEADLINE]


def test_what_repeats_is_not_repeated_when_a_pause_comes_after_the_evening() -> None:
    """Overdue since 02:00, so the next word for 02:00 is said at 21:45; the question comes at 21:50, the reply soon after."""
    policy = replace(POLICY, ladder=(AWAKE.ladder[-1],))
    running = woken(opened(local("11. 02:00"), policy), local("12. 21:50"), policy)
    asked = done(running, Action.ASK, local("12. 21:50"), policy)
    resumed = done(asked, Action.REPLY, local("12. 21:55"), policy)
    assert said(resumed, policy, until=local("14. 21:45")) == [("13. 21:45", "late-2"), ("14. 21:45", "late-3")]


def test_an_overdue_clock_that_was_paused_is_overdue_again_and_goes_on_daily() -> None:
    asked = done(woken(opened(), MORNING + 30 * HOURS), Action.ASK, MORNING + 30 * HOURS)
    assert asked.paused_left == -6 * 3600
    replied = MORNING + 60 * HOURS
    resumed = done(asked, Action.REPLY, replied)
    assert resumed.due_at == replied - 6 * HOURS
    assert [(at - replied, reminder.step) for at, reminder in spoken(resumed, until=replied + 2 * DAYS)] == [
        (18 * HOURS, "late-1"),
        (42 * HOURS, "late-2"),
    ]


def test_nobody_replies_within_five_days() -> None:
    asked_at = MORNING + 5 * HOURS
    asked = done(opened(), Action.ASK, asked_at)
    nudged, nudge, deed = wake(asked, AWAKE, asked_at + 4 * DAYS, BARNAUL)
    assert (nudge, deed) == (Reminder(CITIZEN_NUDGE, (Audience.CITIZEN,)), None)
    assert nudged.wake_at == asked_at + 5 * DAYS
    rested, reminder, deed = wake(nudged, AWAKE, asked_at + 5 * DAYS, BARNAUL)
    assert (rested.wake_at, reminder) == (None, None)
    assert deed is not None
    closed, change = act(rested, deed)
    closed = follow(rested, closed, change, AWAKE, BARNAUL)
    assert (closed.status, closed.resolution, closed.timer, closed.wake_at) == (Status.CLOSED, Resolution.NO_REPLY, Timer.NONE, None)


def test_the_nudge_leaves_the_citizen_asleep_be_it_urgent_or_not() -> None:
    for urgent in (False, True):
        asked = done(opened(local("11. 22:00"), POLICY, urgent=urgent), Action.ASK, local("11. 23:30"), POLICY)
        assert said(asked, POLICY, until=local("16. 23:00")) == [("15. 21:45", CITIZEN_NUDGE)]


def test_there_is_no_nudge_when_the_wait_is_shorter_than_a_day() -> None:
    policy = replace(AWAKE, waiting=20 * HOURS)
    asked = done(opened(policy=policy), Action.ASK, MORNING, policy)
    assert asked.wake_at == MORNING + 20 * HOURS


# --- promises, rework, rating ------------------------------------------------------------------------------------------


def test_a_promise_runs_to_its_date_and_tells_the_citizen_when_it_passes() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING + HOURS, date=MORNING + 11 * HOURS)
    assert (promised.status, promised.timer, promised.due_at) == (Status.PROMISED, Timer.PROMISE, MORNING + 11 * HOURS)
    reminders = list(spoken(promised, until=MORNING + 36 * HOURS))
    assert [(at - MORNING, reminder.step, Audience.CITIZEN in reminder.tells) for at, reminder in reminders] == [
        (6 * HOURS, "50", False),
        (9 * HOURS, "2h", False),
        (11 * HOURS, DEADLINE, True),
        (35 * HOURS, "late-1", False),
    ]
    assert reminders[1][1].skipped == ("80",)
    assert {Audience.CURATOR, Audience.HEAD} <= set(reminders[2][1].tells)


def test_a_machine_that_slept_over_a_promise_still_tells_the_citizen() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING + HOURS, date=MORNING + 11 * HOURS)
    _, reminder, _ = wake(promised, AWAKE, MORNING + 40 * HOURS, BARNAUL)
    assert reminder is not None
    assert Audience.CITIZEN in reminder.tells


def test_a_promise_of_two_hours_does_not_remind_at_once() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING, date=MORNING + 2 * HOURS)
    assert said(promised, until=MORNING + 2 * HOURS) == [("11. 11:00", "50"), ("11. 11:36", "80"), ("11. 12:00", DEADLINE)]


def test_an_extended_promise_runs_anew() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING, date=MORNING + 2 * HOURS)
    extended = done(promised, Action.EXTEND, MORNING + HOURS, date=MORNING + 3 * DAYS)
    assert (extended.due_at, extended.turn, extended.started_at) == (MORNING + 3 * DAYS, promised.turn + 1, MORNING + HOURS)


@pytest.mark.parametrize("action", [Action.RETURN, Action.CONTEST])
def test_rework_has_a_day_of_its_own(action: Action) -> None:
    answered = done(opened(), Action.ANSWER, MORNING + HOURS)
    again = done(answered, action, MORNING + 5 * DAYS)
    assert (again.status, again.timer, again.due_at) == (Status.IN_PROGRESS, Timer.REWORK, MORNING + 6 * DAYS)
    assert next(spoken(again, until=MORNING + 6 * DAYS))[0] == MORNING + 5 * DAYS + 12 * HOURS


def test_a_question_during_rework_goes_on_with_the_rework() -> None:
    answered = done(opened(), Action.ANSWER, MORNING + HOURS)
    again = done(answered, Action.RETURN, MORNING + DAYS)
    resumed = done(done(again, Action.ASK, MORNING + DAYS + 6 * HOURS), Action.REPLY, MORNING + 3 * DAYS)
    assert (resumed.timer, resumed.due_at) == (Timer.REWORK, MORNING + 3 * DAYS + 18 * HOURS)
    assert resumed.wake_at == MORNING + 3 * DAYS + 6 * HOURS


def test_an_answer_ends_the_reminders_and_is_closed_after_a_fortnight() -> None:
    answered = done(opened(), Action.ANSWER, MORNING + HOURS)
    assert (answered.timer, answered.wake_at) == (Timer.RATING, MORNING + HOURS + 14 * DAYS)
    _, reminder, deed = wake(answered, AWAKE, MORNING + HOURS + 14 * DAYS, BARNAUL)
    assert reminder is None
    assert deed is not None
    assert (deed.action, deed.role, deed.resolution) == (Action.CLOSE, Role.CLOCK, Resolution.EXPLAINED)


def test_a_closed_incident_never_wakes() -> None:
    incident = opened()
    withdrawn, change = act(incident, Deed(action=Action.WITHDRAW, role=Role.CITIZEN, at=MORNING + HOURS))
    closed = follow(incident, withdrawn, change, AWAKE, BARNAUL)
    assert (closed.timer, closed.due_at, closed.started_at, closed.wake_at) == (Timer.NONE, None, None, None)
    assert wake(closed, AWAKE, MORNING + 90 * DAYS, BARNAUL) == (closed, None, None)


# --- an incident that turns out to be urgent ---------------------------------------------------------------------------


def test_an_incident_that_turns_out_urgent_has_four_hours_in_all() -> None:
    hurried = hurry(opened(), MORNING + HOURS, AWAKE, BARNAUL)
    assert (hurried.urgent, hurried.due_at, hurried.turn) == (True, MORNING + 4 * HOURS, 2)
    assert said(hurried, until=MORNING + 4 * HOURS) == [("11. 12:00", "2h"), ("11. 13:12", "80"), ("11. 14:00", DEADLINE)]


def test_an_urgent_clock_that_is_over_already_says_so_at_once() -> None:
    now = MORNING + 13 * HOURS
    hurried = hurry(opened(), now, AWAKE, BARNAUL)
    rested, reminder, _ = wake(hurried, AWAKE, now, BARNAUL)
    assert reminder is not None
    assert reminder.step == DEADLINE
    assert {Audience.CURATOR, Audience.HEAD} <= set(reminder.tells)
    assert rested.wake_at == MORNING + 28 * HOURS


def test_a_clock_that_gets_shorter_says_nothing_twice() -> None:
    policy = replace(AWAKE, urgent=Length(20 * HOURS))
    hurried = hurry(woken(opened(), MORNING + 13 * HOURS), MORNING + 13 * HOURS, policy, BARNAUL)
    assert [step for _, step in said(hurried, policy, until=MORNING + 20 * HOURS)] == ["80", "2h", DEADLINE]


def test_an_incident_that_is_overdue_or_urgent_already_is_not_reminded_anew() -> None:
    overdue = hurry(opened(), MORNING + 25 * HOURS, AWAKE, BARNAUL)
    assert (overdue.urgent, overdue.turn, overdue.due_at) == (True, 1, MORNING + 24 * HOURS)
    urgent = opened(urgent=True)
    assert hurry(urgent, MORNING + HOURS, AWAKE, BARNAUL) == urgent


def test_time_spent_waiting_does_not_count_when_it_turns_out_urgent() -> None:
    asked = done(opened(), Action.ASK, MORNING + HOURS)
    replied = MORNING + 2 * DAYS
    after = hurry(done(asked, Action.REPLY, replied), replied, AWAKE, BARNAUL)
    before = done(hurry(asked, MORNING + 2 * HOURS, AWAKE, BARNAUL), Action.REPLY, replied)
    assert after.due_at == before.due_at == replied + 3 * HOURS


def test_a_promise_does_not_get_shorter() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING, date=MORNING + 3 * DAYS)
    assert hurry(promised, MORNING + HOURS, AWAKE, BARNAUL) == replace(promised, urgent=True)


# --- working time ------------------------------------------------------------------------------------------------------

DAYTIME = Step("1wh", (Audience.ASSIGNEE,), before=HOURS, working=True)
WORKING = replace(
    AWAKE,
    first_answer=Length(9 * HOURS, working=True),
    rework=Length(9 * HOURS, working=True),
    ladder=(*AWAKE.ladder[:2], DAYTIME, AWAKE.ladder[3]),
)
"""Wednesday 11 March, Thursday 12, Friday 13 are worked from 9 to 18."""


def test_a_clock_of_working_time_rests_at_night_and_on_a_weekend() -> None:
    incident = opened(local("12. 15:00"), WORKING)
    assert incident.due_at == local("13. 15:00")
    assert said(incident, WORKING, until=local("16. 12:00")) == [
        ("13. 10:30", "50"),
        ("13. 13:12", "80"),
        ("13. 14:00", "1wh"),
        ("13. 15:00", DEADLINE),
        ("14. 15:00", "late-1"),
        ("15. 15:00", "late-2"),
    ]
    assert opened(local("13. 18:00"), WORKING).due_at == local("16. 18:00")


def test_a_working_hour_before_the_deadline_may_be_the_day_before_it() -> None:
    incident = opened(local("12. 09:30"), WORKING)
    assert incident.due_at == local("13. 09:30")
    assert ("12. 17:30", "1wh") in said(incident, WORKING, until=local("13. 10:00"))


def test_on_a_clock_of_elapsed_time_a_working_hour_is_an_hour() -> None:
    policy = replace(WORKING, first_answer=Length(24 * HOURS))
    assert ("14. 19:00", "1wh") in said(opened(local("13. 20:00"), policy), policy, until=local("14. 20:00"))


def test_a_question_keeps_the_working_time_that_was_left() -> None:
    incident = opened(local("12. 15:00"), WORKING)
    asked = done(incident, Action.ASK, local("12. 21:00"), WORKING)
    assert asked.paused_left == 6 * 3600
    resumed = done(asked, Action.REPLY, local("13. 20:00"), WORKING)
    assert resumed.due_at == local("16. 15:00")
    assert said(resumed, WORKING, until=local("16. 15:00"))[0] == ("16. 10:30", "50")


def test_a_step_for_which_the_reply_left_no_room_is_said_at_once() -> None:
    policy = replace(WORKING, ladder=AWAKE.ladder)
    incident = opened(local("12. 09:30"), policy)  # due on the 13th at 9:30, «2h before» is at 7:30
    asked = done(incident, Action.ASK, local("12. 16:36"), policy)
    resumed = done(asked, Action.REPLY, local("16. 10:00"), policy)
    assert resumed.due_at == local("16. 11:54")
    _, reminder, _ = wake(resumed, policy, local("16. 10:00"), BARNAUL)
    assert reminder is not None
    assert reminder.step == "2h"


def test_an_overdue_clock_of_working_time_stays_overdue_by_as_much() -> None:
    incident = opened(local("12. 15:00"), WORKING)
    asked = done(woken(incident, local("14. 12:00"), WORKING), Action.ASK, local("14. 12:00"), WORKING)
    resumed = done(asked, Action.REPLY, local("15. 12:00"), WORKING)
    assert resumed.due_at == local("14. 15:00")
    assert resumed.wake_at == local("15. 15:00")


def test_danger_noticed_on_a_weekend_counts_from_the_message() -> None:
    incident = opened(local("14. 10:00"), WORKING)
    assert hurry(incident, local("14. 11:00"), WORKING, BARNAUL).due_at == local("14. 14:00")
    both = replace(WORKING, urgent=Length(4 * HOURS, working=True))
    assert hurry(incident, local("14. 11:00"), both, BARNAUL).due_at == local("16. 13:00")


def test_rework_may_count_working_time() -> None:
    answered = done(opened(policy=WORKING), Action.ANSWER, local("13. 12:00"), WORKING)
    assert done(answered, Action.CONTEST, local("13. 17:00"), WORKING).due_at == local("16. 17:00")


# --- what is planned ---------------------------------------------------------------------------------------------------


def reasons(planned: Sequence[Planned]) -> list[tuple[str, list[Why]]]:
    return [(one.step.name, [reason.why for reason in one.why]) for one in planned]


def test_a_plan_tells_why_each_step_comes_when_it_does() -> None:
    planned = plan(opened(local("12. 14:00"), POLICY), POLICY, BARNAUL)  # 50 % is at 2:00, «2h before» at 12:00
    assert reasons(planned) == [
        ("50", [Why.EVENING]),
        ("80", [Why.OWN]),
        ("2h", [Why.OWN]),
        (DEADLINE, [Why.OWN]),
        ("late-1", [Why.OWN]),
    ]
    assert (planned[0].own, planned[0].at) == (local("13. 02:00"), local("12. 21:45"))
    night = opened(local("12. 01:00"), POLICY)
    assert reasons(plan(night, POLICY, BARNAUL))[3:] == [(DEADLINE, [Why.STEP]), ("late-1", [Why.EVENING])]
    open_all_night = replace(POLICY, quiet_applies=False)
    assert (DEADLINE, [Why.STEP]) in reasons(plan(night, open_all_night, BARNAUL))
    assert ("late-1", [Why.DISREGARDED]) in reasons(plan(night, open_all_night, BARNAUL))
    assert ("2h", [Why.URGENT]) in reasons(plan(opened(local("12. 21:00"), POLICY, urgent=True), POLICY, BARNAUL))


def test_a_plan_names_the_days_that_do_not_count() -> None:
    planned = plan(opened(local("06. 17:00"), WORKING), WORKING, BARNAUL)  # before the three days of 8 March
    deadline = next(one for one in planned if one.step.name == DEADLINE)
    assert deadline.at == local("10. 17:00")
    assert deadline.why == (Reason(Why.OWN), Reason(Why.REST, days=3, holidays=1))


def test_a_plan_made_late_begins_with_the_one_thing_that_matters_now() -> None:
    planned = plan(opened(), AWAKE, BARNAUL, now=MORNING + 23 * HOURS)
    assert (planned[0].step.name, planned[0].at, planned[0].why[-1]) == ("2h", MORNING + 23 * HOURS, Reason(Why.LATE))
    assert [one.step.name for one in planned[1:]] == [DEADLINE, "late-1"]


def test_what_repeats_is_planned_as_often_as_is_asked() -> None:
    incident, _, _ = wake(opened(), AWAKE, MORNING + 30 * DAYS, BARNAUL)
    assert [one.step.name for one in plan(incident, AWAKE, BARNAUL, repeats=2)] == ["late-30", "late-31"]


def test_a_pause_and_an_answer_plan_their_end() -> None:
    asked = done(opened(), Action.ASK, MORNING + HOURS)
    assert [(one.step.name, one.tells) for one in plan(asked, AWAKE, BARNAUL)] == [(CITIZEN_NUDGE, (Audience.CITIZEN,)), (DEADLINE, ())]
    answered = done(opened(), Action.ANSWER, MORNING + HOURS)
    assert [one.at for one in plan(answered, AWAKE, BARNAUL)] == [MORNING + HOURS + 14 * DAYS]


# --- another policy ----------------------------------------------------------------------------------------------------

TWICE = replace(AWAKE, first_answer=Length(48 * HOURS), rework=Length(48 * HOURS), waiting=10 * DAYS, rating=20 * DAYS)
HALF = replace(AWAKE, first_answer=Length(12 * HOURS))


def steps_of(incident: Incident, policy: Policy, now: datetime) -> list[tuple[str, timedelta]]:
    return [(one.step.name, one.at - MORNING) for one in plan(incident, policy, BARNAUL, now=now)]


def test_a_longer_policy_moves_the_deadline_and_what_was_heard_is_not_said_again() -> None:
    now = MORNING + 13 * HOURS  # 50 % was heard
    incident, _, _ = wake(opened(), AWAKE, MORNING + 12 * HOURS, BARNAUL)
    changed = recompute(incident, AWAKE, TWICE, BARNAUL, now)
    assert (changed.due_at, changed.turn) == (MORNING + 48 * HOURS, incident.turn + 1)
    assert steps_of(changed, TWICE, now)[0] == ("50", 24 * HOURS), "of the new time half is not over"
    later = recompute(wake(opened(), AWAKE, MORNING + 20 * HOURS, BARNAUL)[0], AWAKE, TWICE, BARNAUL, MORNING + 25 * HOURS)
    assert steps_of(later, TWICE, MORNING + 25 * HOURS)[0][0] != "50"


def test_a_shorter_policy_says_at_once_the_newest_of_what_it_passed() -> None:
    now = MORNING + 11 * HOURS
    changed = recompute(opened(), AWAKE, HALF, BARNAUL, now)
    assert changed.due_at == MORNING + 12 * HOURS
    assert steps_of(changed, HALF, now) == [("2h", 11 * HOURS), (DEADLINE, 12 * HOURS), ("late-1", 36 * HOURS)]


def test_nobody_is_overdue_since_yesterday_because_a_policy_became_shorter() -> None:
    now = MORNING + 20 * HOURS
    changed = recompute(opened(), AWAKE, HALF, BARNAUL, now)
    assert changed.due_at == now
    assert steps_of(changed, HALF, now)[0] == (DEADLINE, 20 * HOURS)
    overdue, _, _ = wake(opened(), AWAKE, MORNING + 30 * HOURS, BARNAUL)
    assert recompute(overdue, AWAKE, HALF, BARNAUL, MORNING + 30 * HOURS) == overdue


def test_an_overdue_incident_has_time_again_under_a_longer_policy() -> None:
    overdue, _, _ = wake(opened(), AWAKE, MORNING + 30 * HOURS, BARNAUL)
    changed = recompute(overdue, AWAKE, TWICE, BARNAUL, MORNING + 30 * HOURS)
    assert changed.due_at == MORNING + 48 * HOURS
    assert changed.wake_at is not None
    assert changed.wake_at > MORNING + 30 * HOURS


def test_a_policy_that_changes_nothing_here_changes_nothing() -> None:
    for incident in (opened(), done(opened(), Action.ASK, MORNING + HOURS), done(opened(), Action.ANSWER, MORNING + HOURS)):
        assert recompute(incident, AWAKE, AWAKE, BARNAUL, MORNING + 2 * HOURS) == incident


def test_a_promise_is_kept_as_it_was_given() -> None:
    promised = done(opened(), Action.ANSWER_INTERIM, MORNING + HOURS, date=MORNING + 3 * DAYS)
    assert recompute(promised, AWAKE, TWICE, BARNAUL, MORNING + 2 * HOURS) == promised


def test_a_new_ladder_is_heard_from_now_on() -> None:
    policy = replace(AWAKE, ladder=(Step("30", (Audience.HEAD,), share=0.3), Step("90", (Audience.HEAD,), share=0.9), AWAKE.ladder[3]))
    now = MORNING + 10 * HOURS
    changed = recompute(opened(), AWAKE, policy, BARNAUL, now)
    assert (changed.due_at, changed.turn) == (MORNING + DAYS, 1)
    assert [name for name, _ in steps_of(changed, policy, now)] == ["90", DEADLINE, "late-1"]


def test_what_was_said_in_the_evening_is_not_said_again_by_rules_without_quiet_hours() -> None:
    running = woken(opened(local("11. 14:00"), POLICY), local("11. 21:45"), POLICY)  # half of the time is at 02:00
    changed = recompute(running, POLICY, AWAKE, BARNAUL, local("11. 22:00"))
    assert [step for _, step in said(changed, until=local("12. 14:00"))] == ["80", "2h", DEADLINE]
    policy = call(POLICY, Step("1h", (Audience.ASSIGNEE,), before=HOURS))  # said at 21:45 for 03:00; next is the call of 01:00
    running, restless = woken(opened(local("11. 04:00"), policy), local("11. 22:00"), policy), replace(policy, quiet_applies=False)
    changed = recompute(running, policy, restless, BARNAUL, local("11. 22:00"))
    assert [step for _, step in said(changed, restless, until=local("12. 04:00"))] == ["3h", DEADLINE]


def test_a_repeat_that_was_just_heard_is_not_repeated_by_new_rules() -> None:
    running = woken(opened(), MORNING + 2 * DAYS)
    other = replace(AWAKE, ladder=call(AWAKE).ladder)
    assert recompute(running, AWAKE, other, BARNAUL, MORNING + 2 * DAYS).wake_at == MORNING + 3 * DAYS


def test_a_pause_keeps_its_share_of_a_longer_policy_and_a_shorter_wait_still_reminds_the_citizen() -> None:
    asked = done(opened(), Action.ASK, MORNING + 6 * HOURS)
    changed = recompute(asked, AWAKE, TWICE, BARNAUL, MORNING + 7 * HOURS)
    assert (changed.paused_left, changed.due_at) == (42 * 3600, MORNING + 6 * HOURS + 10 * DAYS)
    shorter, now = replace(AWAKE, waiting=2 * DAYS), MORNING + 3 * DAYS
    assert [one.step.name for one in plan(recompute(asked, AWAKE, shorter, BARNAUL, now), shorter, BARNAUL)] == [CITIZEN_NUDGE, DEADLINE]
    assert recompute(asked, AWAKE, shorter, BARNAUL, now).due_at == now + DAYS


def test_from_elapsed_to_working_time_counts_from_the_message() -> None:
    incident = opened(local("13. 17:00"))
    assert recompute(incident, AWAKE, WORKING, BARNAUL, local("13. 18:00")).due_at == local("16. 17:00")
    assert recompute(opened(local("13. 17:00"), WORKING), WORKING, AWAKE, BARNAUL, local("13. 18:00")).due_at == local("14. 17:00")


# --- anywhere, at any time ---------------------------------------------------------------------------------------------

zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001 — zoned right after
naps = st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), min_size=1, max_size=12)


@given(at=instants, zone=zones, urgent=st.booleans(), length=st.timedeltas(HOURS, 5 * DAYS), sleeps=naps)
def test_every_step_comes_once_on_time_and_never_early(
    at: datetime, zone: ZoneInfo, urgent: bool, length: timedelta, sleeps: list[timedelta]
) -> None:
    policy = replace(POLICY, first_answer=Length(length))
    incident = opened(at, policy, urgent=urgent, zone=zone)
    now, heard, wakes = at, [], []
    for nap in sleeps:
        wakes.append(incident.wake_at)
        now += nap
        incident, reminder, deed = wake(incident, policy, now, zone)
        assert deed is None
        assert incident.wake_at is not None
        assert incident.wake_at > now
        if reminder is None:
            continue
        heard += [*reminder.skipped, reminder.step]
    assert all(instant is not None and instant > at for instant in wakes)
    assert len(heard) == len(set(heard))
    assert incident.due_at is not None
    assert (DEADLINE in heard) == (now >= incident.due_at)


@given(at=instants, zone=zones, length=st.timedeltas(6 * HOURS, 5 * DAYS))
@example(at=datetime(2026, 3, 28, 20, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin"), length=DAYS)  # the night an hour is left out
@example(at=datetime(2026, 10, 24, 20, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin"), length=DAYS)  # the night an hour comes twice
def test_nobody_is_woken_at_night_but_for_the_deadline_or_when_there_is_no_other_time(
    at: datetime, zone: ZoneInfo, length: timedelta
) -> None:
    policy = replace(POLICY, first_answer=Length(length))
    incident = opened(at, policy, zone=zone)
    for now, reminder in spoken(incident, policy, zone, until=at + length + 3 * DAYS):
        if reminder.step == DEADLINE or not policy.quiet.covers(now.astimezone(zone)):
            continue
        assert incident.due_at is not None
        morning = now.astimezone(zone).replace(hour=7, minute=0, second=0, microsecond=0)
        morning += DAYS if morning < now.astimezone(zone) else timedelta(0)
        assert morning.astimezone(UTC) >= incident.due_at
        assert policy.quiet.covers(at.astimezone(zone)) or at.astimezone(zone).hour == 21


@given(
    at=instants,
    zone=zones,
    asked_after=st.timedeltas(timedelta(0), 40 * HOURS),
    replied_after=st.timedeltas(timedelta(0), 4 * DAYS),
    asleep=st.booleans(),
)
def test_a_pause_keeps_what_was_left_and_every_step_comes_exactly_once(
    at: datetime, zone: ZoneInfo, asked_after: timedelta, replied_after: timedelta, asleep: bool
) -> None:
    incident = opened(at, POLICY, zone=zone)
    asked_at, heard = at + asked_after, []
    for now, reminder in spoken(incident, POLICY, zone, until=asked_at):
        heard += [*reminder.skipped, reminder.step]
        incident, _, _ = wake(incident, POLICY, now, zone)
    replied = asked_at + replied_after
    asked = done(incident, Action.ASK, asked_at, POLICY, zone)
    resumed = done(asked, Action.REPLY, replied, POLICY, zone)
    assert incident.due_at is not None
    assert resumed.due_at is not None
    assert resumed.due_at - replied == incident.due_at - asked_at
    assert resumed.wake_at is not None
    assert resumed.wake_at > replied
    end = max(resumed.due_at, replied)
    if asleep:
        _, reminder, _ = wake(resumed, POLICY, end, zone)
        heard += [*reminder.skipped, reminder.step] if reminder else []
    else:
        for _, reminder in spoken(resumed, POLICY, zone, until=end):
            heard += [*reminder.skipped, reminder.step]
    assert len(heard) == len(set(heard))
    assert {"50", "80", "2h", DEADLINE} <= set(heard)
