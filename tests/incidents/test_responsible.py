"""Who hears the clock at an instant, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.deadlines import DEADLINE, LADDER, Audience, Policy, Reminder
from incidents.incident import Incident, Status, Timer
from incidents.responsible import Absence, As, Shift, Staff, Told, Why, recipients

NOON = datetime(2026, 3, 11, 5, tzinfo=UTC)  # 12:00 in Barnaul
NIGHT = datetime(2026, 3, 11, 20, tzinfo=UTC)  # 3:00
MORNING = datetime(2026, 3, 12, 0, tzinfo=UTC)  # 7:00
ZONE = ZoneInfo("Asia/Barnaul")
OWNER = "zhkh"
ANNA, BORIS, VERA, HEAD, CURATOR, OTHER_CURATOR = 1, 2, 3, 7, 8, 9
EVERYBODY = (Audience.ASSIGNEE, Audience.CURATOR, Audience.HEAD)
OPEN = Incident(
    id=1,
    status=Status.ASSIGNED,
    organisation=OWNER,
    reported_at=NOON - timedelta(hours=12),
    timer=Timer.FIRST_ANSWER,
    started_at=NOON - timedelta(hours=12),
    due_at=NOON + timedelta(hours=12),
)
TAKEN = replace(OPEN, status=Status.IN_PROGRESS, assignee=ANNA)
LATE = replace(TAKEN, due_at=NIGHT)
STAFF = Staff(officials=(ANNA, BORIS, VERA), heads=(HEAD,), curators=(CURATOR, OTHER_CURATOR), chats=True, zone=ZONE, desk_zone=ZONE)


def away(person: int, deputy: int = 0, organisation: str = OWNER) -> Absence:
    return Absence(person, organisation, NOON - timedelta(days=1), NOON + timedelta(days=2), deputy)


def shift(person: int, organisation: str = OWNER) -> Shift:
    return Shift(person, organisation, NOON - timedelta(days=1), NOON + timedelta(days=2))


def told(incident: Incident, staff: Staff, *tells: Audience, step: str = "50", at: datetime = NOON) -> list[tuple[As, int, Why]]:
    return [(one.as_what, one.person, one.why) for one in whole(incident, staff, *tells, step=step, at=at)]


def whole(incident: Incident, staff: Staff, *tells: Audience, step: str = "50", at: datetime = NOON) -> list[Told]:
    return list(recipients(incident, Reminder(step, tells or (Audience.ASSIGNEE,)), staff, Policy(), at))


CHAT = (As.CHAT, 0, Why.STEP)


def test_who_took_it_hears_it_and_the_working_chat() -> None:
    assert told(TAKEN, STAFF) == [(As.HOLDER, ANNA, Why.HOLDS), CHAT]


def test_the_deputy_hears_it_while_the_holder_is_away() -> None:
    found = whole(TAKEN, replace(STAFF, absences=(away(ANNA, BORIS),)))[0]
    assert (found.as_what, found.person, found.why, found.instead_of) == (As.DEPUTY, BORIS, Why.AWAY, ANNA)
    assert found.until == NOON + timedelta(days=2)


def test_an_absence_elsewhere_or_at_another_time_changes_nothing() -> None:
    later = Absence(ANNA, OWNER, NOON + timedelta(hours=1), NOON + timedelta(days=2), BORIS)
    assert told(TAKEN, replace(STAFF, absences=(away(ANNA, BORIS, "other"), later))) == [(As.HOLDER, ANNA, Why.HOLDS), CHAT]


def test_without_a_deputy_it_is_the_organisations() -> None:
    staff = replace(STAFF, absences=(away(ANNA),))
    assert told(TAKEN, staff) == [(As.COLLEAGUE, BORIS, Why.NOBODY_ON_DUTY), (As.COLLEAGUE, VERA, Why.NOBODY_ON_DUTY), CHAT]
    assert told(TAKEN, replace(staff, shifts=(shift(VERA),))) == [(As.DUTY, VERA, Why.ON_DUTY), CHAT]


def test_a_deputy_of_a_deputy_stands_in_and_a_ring_ends_with_the_organisation() -> None:
    chain = replace(STAFF, absences=(away(ANNA, BORIS), away(BORIS, VERA)))
    assert told(TAKEN, chain) == [(As.DEPUTY, VERA, Why.AWAY), CHAT]
    ring = replace(STAFF, absences=(away(ANNA, BORIS), away(BORIS, ANNA)))
    assert told(TAKEN, ring) == [(As.COLLEAGUE, VERA, Why.NOBODY_ON_DUTY), CHAT]


def test_a_deputy_who_lost_the_role_stands_in_for_nobody() -> None:
    staff = replace(STAFF, officials=(ANNA, VERA), absences=(away(ANNA, BORIS),))
    assert told(TAKEN, staff) == [(As.COLLEAGUE, VERA, Why.NOBODY_ON_DUTY), CHAT]


def test_untaken_it_is_for_those_on_duty_or_for_everybody() -> None:
    assert [person for _, person, _ in told(OPEN, STAFF)] == [ANNA, BORIS, VERA, 0]
    assert told(OPEN, replace(STAFF, shifts=(shift(BORIS),))) == [(As.DUTY, BORIS, Why.ON_DUTY), CHAT]
    assert told(OPEN, replace(STAFF, shifts=(shift(BORIS, "other"),)))[0][0] is As.COLLEAGUE


def test_the_deputy_of_who_is_on_duty_is_on_duty() -> None:
    found = whole(OPEN, replace(STAFF, shifts=(shift(BORIS),), absences=(away(BORIS, VERA),)))[0]
    assert (found.as_what, found.person, found.instead_of) == (As.DUTY, VERA, BORIS)


def test_where_everybody_is_away_the_curators_hear_it() -> None:
    staff = replace(STAFF, absences=(away(ANNA), away(BORIS), away(VERA)))
    assert told(OPEN, staff) == [CHAT, (As.CURATOR, CURATOR, Why.NOBODY_THERE), (As.CURATOR, OTHER_CURATOR, Why.NOBODY_THERE)]


def test_an_organisation_with_nobody_is_the_curators_and_without_them_the_heads() -> None:
    nobody = replace(STAFF, officials=(), heads=(), chats=False)
    assert told(OPEN, nobody) == [(As.CURATOR, CURATOR, Why.NOBODY_THERE), (As.CURATOR, OTHER_CURATOR, Why.NOBODY_THERE)]
    staff = replace(STAFF, officials=(ANNA,), absences=(away(ANNA),), curators=(), chats=False)
    assert told(OPEN, staff) == [(As.HEAD, HEAD, Why.NOBODY_THERE)]


def test_what_nobody_owns_is_the_desks() -> None:
    unsorted = replace(OPEN, status=Status.NEW, organisation="")
    assert [why for _, _, why in told(unsorted, STAFF)] == [Why.UNSORTED, Why.UNSORTED]
    assert told(unsorted, replace(STAFF, desk=True)) == [(As.DESK, 0, Why.UNSORTED)]


def test_curators_on_duty_are_named_at_the_desk_and_told() -> None:
    staff = replace(STAFF, desk=True, shifts=(shift(CURATOR, ""),))
    assert told(TAKEN, staff, Audience.CURATOR) == [(As.DUTY, CURATOR, Why.ON_DUTY), (As.DESK, 0, Why.STEP)]


def test_without_a_chat_of_theirs_the_other_curators_hear_what_is_overdue() -> None:
    staff = replace(STAFF, shifts=(shift(CURATOR, ""),))
    assert told(TAKEN, staff, Audience.CURATOR) == [(As.DUTY, CURATOR, Why.ON_DUTY)]
    overdue = replace(TAKEN, due_at=NOON)
    assert told(overdue, staff, Audience.CURATOR) == [(As.DUTY, CURATOR, Why.ON_DUTY), (As.CURATOR, OTHER_CURATOR, Why.OVERDUE)]


def test_under_control_it_is_not_said_again_and_goes_to_nobody_else_for_that() -> None:
    staff = replace(STAFF, controlled=frozenset({CURATOR, OTHER_CURATOR, HEAD}))
    assert told(TAKEN, staff, *EVERYBODY) == [(As.HOLDER, ANNA, Why.HOLDS), CHAT]
    one = replace(STAFF, controlled=frozenset({CURATOR}))
    assert told(TAKEN, one, Audience.CURATOR) == [(As.CURATOR, OTHER_CURATOR, Why.STEP)]


def test_a_heads_deputy_hears_it_instead() -> None:
    staff = replace(STAFF, absences=(away(HEAD, BORIS),))
    assert told(TAKEN, staff, Audience.HEAD) == [(As.DEPUTY, BORIS, Why.AWAY)]


def test_nobody_hears_it_twice() -> None:
    staff = replace(STAFF, heads=(ANNA,), curators=(ANNA,))
    assert [person for _, person, _ in told(TAKEN, staff, *EVERYBODY)] == [ANNA, 0]


def test_at_the_deadline_in_the_night_only_those_on_duty_are_woken() -> None:
    staff = replace(STAFF, desk=True, shifts=(shift(VERA), shift(CURATOR, "")))
    found = {one.person or one.as_what: one.not_before for one in whole(LATE, staff, *EVERYBODY, step=DEADLINE, at=NIGHT)}
    assert found == {ANNA: MORNING, VERA: None, As.CHAT: None, CURATOR: None, As.DESK: None, HEAD: MORNING}


def test_with_nobody_on_duty_the_deadline_wakes_whoever_it_is_for() -> None:
    found = whole(LATE, STAFF, *EVERYBODY, step=DEADLINE, at=NIGHT)
    assert {one.not_before for one in found} == {None}


def test_in_a_recipients_night_a_step_waits_for_the_morning_unless_that_is_too_late() -> None:
    far = replace(TAKEN, due_at=NIGHT + timedelta(hours=10))
    assert [one.not_before for one in whole(far, STAFF, at=NIGHT)] == [MORNING, None]
    near = replace(TAKEN, due_at=NIGHT + timedelta(hours=2))
    assert [one.not_before for one in whole(near, STAFF, at=NIGHT)] == [None, None]


def test_a_policy_without_quiet_hours_waits_for_nobodys_morning() -> None:
    far = replace(TAKEN, due_at=NIGHT + timedelta(hours=10))
    found = recipients(far, Reminder("50", (Audience.ASSIGNEE,)), STAFF, Policy(quiet_applies=False), NIGHT)
    assert {one.not_before for one in found} == {None}


def test_heads_and_curators_sleep_by_their_own_clock() -> None:
    staff = replace(STAFF, zone=ZoneInfo("Asia/Kamchatka"), desk=False, shifts=(shift(VERA),))  # 8:00 there
    found = {one.person: one.not_before for one in whole(LATE, staff, *EVERYBODY, step=DEADLINE, at=NIGHT) if one.person}
    assert found[HEAD] is None
    assert found[ANNA] is None


people = st.integers(1, 5)
absences = st.lists(st.builds(away, people, st.integers(0, 5), st.sampled_from([OWNER, ""])), max_size=6)
shifts = st.lists(st.builds(shift, people, st.sampled_from([OWNER, ""])), max_size=4)


@settings(max_examples=200, deadline=None)
@given(
    absences=absences,
    shifts=shifts,
    officials=st.sets(people),
    heads=st.sets(people),
    curators=st.sets(people),
    assignee=st.integers(0, 5),
    chats=st.booleans(),
    hours=st.integers(0, 30),
)
def test_no_step_is_said_to_nobody_while_there_is_anybody(
    absences: list[Absence],
    shifts: list[Shift],
    officials: set[int],
    heads: set[int],
    curators: set[int],
    assignee: int,
    chats: bool,
    hours: int,
) -> None:
    staff = Staff(
        officials=tuple(officials),
        heads=tuple(heads),
        curators=tuple(curators),
        absences=tuple(absences),
        shifts=tuple(shifts),
        chats=chats,
        zone=ZONE,
        desk_zone=ZONE,
    )
    incident = replace(OPEN, assignee=assignee)
    for one in LADDER:
        found = recipients(incident, Reminder(one.name, one.tells), staff, Policy(), NOON + timedelta(hours=hours))
        persons = [told.person for told in found if told.person]
        assert len(persons) == len(set(persons))
        gone = {absence.person for absence in absences if absence.organisation == OWNER}
        reachable = (officials | heads) - gone
        assert found or not (curators or reachable or chats)
        assert all(told.person in officials | heads | curators for told in found if told.person)
