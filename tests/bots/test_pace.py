"""No limit of a platform is passed, and no call waits longer than the limits ask."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.pace import MARGIN, Pace
from tests.fakes import TELEGRAM, VK


def begun(pace: Pace, calls: int) -> None:
    for _ in range(calls):
        pace.take(0.0)


def ended(pace: Pace, now: float, chat: str = "1", *, group: bool = False, counts: bool = True) -> None:
    pace.take(now)
    pace.finished(now, chat, group=group, counts=counts)


def test_as_many_calls_may_begin_at_once_as_the_account_has_slots() -> None:
    pace = Pace(TELEGRAM)
    begun(pace, 29)
    assert pace.free_slots(0) == 1
    begun(pace, 1)
    assert pace.free_slots(0) == 0
    assert pace.next_free(0) == float("inf")


def test_a_slot_is_free_a_second_and_a_thousandth_after_the_answer() -> None:
    pace = Pace(replace(TELEGRAM, per_second=1))
    pace.take(5.0)
    pace.finished(5.0, "1", group=False, counts=False)
    assert pace.free_slots(6.0) == 0
    assert pace.next_free(5.0) == 6.0 + MARGIN
    assert pace.free_slots(6.0 + MARGIN) == 1


def test_a_chat_rests_a_second_after_a_message_and_others_do_not() -> None:
    pace = Pace(TELEGRAM)
    ended(pace, 5.0)
    assert pace.busy_chats(6.0) == {"1": 6.0 + MARGIN}
    assert pace.busy_chats(6.0 + MARGIN) == {}


def test_a_whisper_or_a_topic_does_not_make_a_chat_rest() -> None:
    pace = Pace(TELEGRAM)
    ended(pace, 5.0, counts=False)
    assert pace.busy_chats(5.0) == {}


def test_a_chat_of_vk_needs_no_rest() -> None:
    pace = Pace(VK)
    ended(pace, 5.0)
    assert pace.busy_chats(5.0 + MARGIN) == {}


@pytest.mark.parametrize("group", [True, False])
def test_a_group_takes_20_messages_a_minute_and_a_person_more(group: bool) -> None:
    pace = Pace(TELEGRAM)
    for number in range(20):
        ended(pace, number * 2.0, "-1", group=group)
    assert pace.busy_chats(45.0) == ({"-1": 60.0 + MARGIN} if group else {})
    assert pace.busy_chats(60.0 + MARGIN) == {}


def test_a_pause_of_the_account_holds_everything_and_is_never_shortened() -> None:
    pace = Pace(TELEGRAM)
    pace.pause(30.0)
    pace.pause(10.0)
    assert (pace.free_slots(29.9), pace.free_slots(30.0)) == (0, 30)
    assert pace.next_free(0.0) == 30.0


def test_a_chat_that_was_asked_to_wait_waits_also_when_another_of_its_calls_ends() -> None:
    pace = Pace(TELEGRAM)
    pace.hold("1", 35.0)
    ended(pace, 5.0)
    assert pace.busy_chats(6.5) == {"1": 35.0}


def test_nothing_that_is_over_is_remembered() -> None:
    pace = Pace(TELEGRAM)
    for number in range(1000):
        ended(pace, number * 0.05, str(number), group=True)
    pace.take(1000.0)
    pace.given_back()
    assert (pace._chats, pace._groups, pace._slots) == ({}, {}, [])


def test_a_slot_may_be_taken_before_it_is_free_for_a_call_that_begins_then() -> None:
    pace = Pace(replace(TELEGRAM, per_second=2))
    ended(pace, 5.0, "1")
    ended(pace, 5.2, "2")
    assert (pace.free_slots(5.9), pace.free_slots(6.1), pace.free_slots(6.3)) == (0, 1, 2)
    assert pace.take(5.95, "3") == 6.0 + MARGIN
    assert pace.take(5.96, "2") == 6.2 + MARGIN
    assert pace.free_slots(6.5) == 0


def test_looking_ahead_forgets_no_limit() -> None:
    pace = Pace(TELEGRAM)
    for number in range(20):
        ended(pace, number * 2.0, "-1", group=True)
    ended(pace, 40.0, "1")
    assert (pace.busy_chats(99.0), pace.free_slots(99.0)) == ({}, 30)
    assert pace.take(40.5, "1") == 41.0 + MARGIN
    assert pace.take(45.0, "-1") == 60.0 + MARGIN


def test_a_pause_that_ends_soon_is_waited_for_and_one_that_came_meanwhile_is_told_of() -> None:
    pace = Pace(TELEGRAM)
    pace.pause(10.0)
    assert (pace.free_slots(10.1), pace.take(9.9, "1", horizon=10.1)) == (30, 10.0)
    pace.pause(40.0)
    assert (pace.take(9.9, "2", horizon=10.1), pace.held(9.9, "2")) == (9.9, 30.1)


def test_a_call_to_a_chat_that_rests_begins_when_it_has_rested() -> None:
    pace = Pace(TELEGRAM)
    ended(pace, 5.0, "1")
    assert pace.take(5.9, "1") == 6.0 + MARGIN
    assert pace.take(5.9, "2") == 5.9


@given(
    per_second=st.integers(1, 5),
    lengths=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    waits=st.lists(st.floats(0.0, 0.7), min_size=60, max_size=60),
)
def test_no_second_holds_more_calls_than_the_account_may_make(per_second: int, lengths: list[float], waits: list[float]) -> None:
    """The platform counts when a call reaches it: at any instant between its beginning and its answer."""
    pace = Pace(replace(TELEGRAM, per_second=per_second, per_chat=0.0))
    now, running, reached = 0.0, list[tuple[float, int]](), list[float]()
    for number, length in enumerate(lengths):
        now += waits[number]
        while True:
            for end, _ in sorted(one for one in running if one[0] <= now):
                pace.finished(end, "1", group=False, counts=True)
            running = [one for one in running if one[0] > now]
            if pace.free_slots(now):
                break
            now = min([pace.next_free(now), *(end for end, _ in running)])
        assert pace.take(now) == now
        running.append((now + length, number))
        reached.append(now + length * waits[number])
    reached.sort()
    assert all(later - first >= 1 for first, later in zip(reached, reached[per_second:], strict=False))


@given(gaps=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=120))
def test_no_minute_holds_more_messages_than_a_group_takes_and_no_second_more_than_one(gaps: list[float]) -> None:
    pace = Pace(TELEGRAM)
    now, sent = 0.0, list[float]()
    for gap in gaps:
        now += gap
        now = max(now, pace.busy_chats(now).get("-1", now))
        ended(pace, now, "-1", group=True)
        sent.append(now)
    assert all(later - first >= 1 for first, later in pairwise(sent))
    assert all(later - first >= 60 for first, later in zip(sent, sent[20:], strict=False))
