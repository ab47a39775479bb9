"""Which clocks ran on an incident is read from its history alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.incident import Action, Change, Incident, Role, Status, Timer
from incidents.past import clocks

WROTE = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)
A, S, T = Action, Status, Timer


def history(*rows: tuple[Action, Status, Status]) -> list[Change]:
    """Rows of history, an hour after each other; the first a minute after the citizen wrote."""
    return [
        Change(
            incident=1,
            version=version,
            at=WROTE + timedelta(hours=version - 1, minutes=1),
            action=action,
            role=Role.CLOCK,
            by=0,
            before=before,
            after=after,
        )
        for version, (action, before, after) in enumerate(rows, 1)
    ]


REPORTED = (A.REPORT, S.NEW, S.NEW)
PROMISED, EXTENDED = (A.ANSWER_INTERIM, S.ASSIGNED, S.PROMISED), (A.EXTEND, S.PROMISED, S.PROMISED)
ANSWERED, CONTESTED = (A.ANSWER, S.ASSIGNED, S.ANSWERED), (A.CONTEST, S.ANSWERED, S.IN_PROGRESS)


@pytest.mark.parametrize(
    ("rows", "timers", "runs"),
    [
        ((REPORTED,), [T.FIRST_ANSWER], True),
        ((REPORTED, (A.ASSIGN, S.NEW, S.ASSIGNED), (A.TAKE, S.ASSIGNED, S.IN_PROGRESS)), [T.FIRST_ANSWER], True),
        ((REPORTED, (A.ASK, S.ASSIGNED, S.WAITING)), [T.FIRST_ANSWER, T.PAUSED], True),
        ((REPORTED, (A.ASK, S.ASSIGNED, S.WAITING), (A.REPLY, S.WAITING, S.ASSIGNED)), [T.FIRST_ANSWER, T.PAUSED, T.FIRST_ANSWER], True),
        ((REPORTED, (A.REPLY, S.NEW, S.NEW)), [T.FIRST_ANSWER], True),
        ((REPORTED, PROMISED, EXTENDED), [T.FIRST_ANSWER, T.PROMISE, T.PROMISE], True),
        ((REPORTED, ANSWERED, CONTESTED), [T.FIRST_ANSWER, T.RATING, T.REWORK], True),
        ((REPORTED, (A.WITHDRAW, S.NEW, S.CLOSED)), [T.FIRST_ANSWER], False),
        ((REPORTED, (A.WITHDRAW, S.NEW, S.CLOSED), (A.REOPEN, S.CLOSED, S.NEW)), [T.FIRST_ANSWER, T.REWORK], True),
        ((REPORTED, (A.ANSWER, S.NEW, S.ANSWERED), (A.RATE, S.ANSWERED, S.CLOSED)), [T.FIRST_ANSWER, T.RATING], False),
        ((REPORTED, (A.RECOMPUTE, S.NEW, S.NEW)), [T.FIRST_ANSWER], True),
    ],
)  # fmt: skip
def test_each_clock_is_named_in_its_order_and_the_last_one_runs_unless_all_is_over(
    rows: tuple[tuple[Action, Status, Status], ...], timers: list[Timer], runs: bool
) -> None:
    ran = clocks(Incident(id=1, reported_at=WROTE), history(*rows))
    assert [one.timer for one in ran] == timers
    assert (ran[-1].ended is None) is runs
    assert all(one.ended is not None for one in ran[:-1])


def test_the_first_clock_begins_when_the_citizen_wrote_and_each_other_with_what_ended_the_one_before() -> None:
    first, second = clocks(Incident(id=1, reported_at=WROTE), history(REPORTED, (A.ANSWER, S.NEW, S.ANSWERED)))
    assert (first.began, first.by) == (WROTE, A.REPORT)
    assert (first.ended, first.ended_by) == (second.began, A.ANSWER) == (WROTE + timedelta(hours=1, minutes=1), second.by)


def test_after_a_reworks_question_the_rework_goes_on() -> None:
    rows = history(
        REPORTED,
        (A.ANSWER, S.NEW, S.ANSWERED),
        (A.RETURN, S.ANSWERED, S.IN_PROGRESS),
        (A.ASK, S.IN_PROGRESS, S.WAITING),
        (A.REPLY, S.WAITING, S.IN_PROGRESS),
    )
    assert clocks(Incident(id=1, reported_at=WROTE), rows)[-1].timer is T.REWORK
