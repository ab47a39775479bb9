"""Promise 7: deadline arithmetic is right anywhere. A slow reading of the rules, minute by minute, says when each step is due."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from incidents.calendar import RUSSIA, Calendar
from incidents.deadlines import (
    DEADLINE,
    LADDER,
    Audience,
    Length,
    Policy,
    QuietHours,
    Step,
    Urgency,
    follow,
    hurry,
    plan,
    recompute,
    start,
    wake,
)
from incidents.incident import Action, Deed, Incident, Role, Status, act
from tests.promises.conftest import size

RUSSIAN = [
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Barnaul",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
]
SUMMER = ["Europe/Berlin", "America/New_York"]
CASES = size(quick=6, full=150)
GRAIN = timedelta(minutes=size(quick=5, full=1))
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
HOUR, DAY, NOTHING = timedelta(hours=1), timedelta(days=1), timedelta(0)
AFTERWARDS = 3 * DAY
"""So long after the deadline a clock is listened to."""

CALENDARS = [
    RUSSIA,
    Calendar(id="duty", weekend=frozenset(), opens=time(), closes=time()),
    Calendar(id="night", weekend=frozenset({6}), opens=time(1, 30), closes=time(2, 30), years=None),
    Calendar(id="late", opens=time(15), closes=time(23, 50), holidays=frozenset({date(2026, 5, 12)}), short=frozenset({date(2026, 5, 8)})),
]
LENGTHS = [Length(4 * HOUR), Length(24 * HOUR), Length(61 * HOUR), *(Length(hours * HOUR, working=True) for hours in (5, 9, 20, 45))]
LADDERS = [
    LADDER,
    (
        Step("30", (Audience.ASSIGNEE,), share=0.3),
        Step("1wh", (Audience.ASSIGNEE,), before=HOUR, working=True),
        Step("3h", (Audience.CURATOR,), before=3 * HOUR, urgency=Urgency.HIGH),
        Step(DEADLINE, (Audience.HEAD,)),
        Step("1h-after", (Audience.HEAD,), before=-HOUR),
    ),
]
QUIETS = [QuietHours(), QuietHours(time(0, 30), time(5)), QuietHours(time(1), time(2, 30)), QuietHours(time(), time())]


# --- the slow reading --------------------------------------------------------------------------------------------------


@dataclass
class Slow:
    """The rules of product.md §4, read minute by minute. It shares nothing with the product but the words."""

    policy: Policy
    zone: ZoneInfo
    days: dict[date, dict[datetime, bool]] = field(default_factory=dict)

    def works(self, minute: datetime) -> bool:
        """Whether people work in the minute that begins then."""
        day = minute.astimezone(self.zone).date()
        if day not in self.days:
            self.days[day] = dict(self._day(day))
        return self.days[day][minute]

    def _day(self, day: date) -> Iterator[tuple[datetime, bool]]:
        """A local day from its first minute to its last; when the clocks showed the closing hour once, it is over."""
        calendar, opened, closed = self.policy.calendar, False, False
        closes = (datetime.combine(day, calendar.closes) - HOUR * (day in calendar.short)).time()
        minute = datetime.combine(day, time(), UTC) - 15 * HOUR
        while (local := minute.astimezone(self.zone)).date() <= day:
            if local.date() == day:
                opened |= local.time() >= calendar.opens
                closed |= closes != time() and local.time() >= closes
                yield minute, self._is_working(day) and opened and not closed
            minute += GRAIN

    def _is_working(self, day: date) -> bool:
        calendar = self.policy.calendar
        if day in calendar.working:
            return True
        return not (day in calendar.holidays or (day.month, day.day) in calendar.yearly or day.weekday() in calendar.weekend)

    def after(self, instant: datetime, length: Length) -> datetime:
        left = length.amount
        while left > NOTHING:
            counts = not length.working or self.works(instant)
            instant += min(left, GRAIN) if counts else GRAIN
            left -= GRAIN * counts
        return instant

    def before(self, instant: datetime, length: Length) -> datetime:
        left = length.amount
        while left > NOTHING:
            instant -= GRAIN
            left -= GRAIN * (not length.working or self.works(instant))
        return instant

    def worked(self, since: datetime, until: datetime) -> timedelta:
        return sum((GRAIN for number in range((until - since) // GRAIN) if self.works(since + GRAIN * number)), NOTHING)

    def sleeps(self, minute: datetime) -> bool:
        begin, end, now = self.policy.quiet.begin, self.policy.quiet.end, minute.astimezone(self.zone).time()
        if begin <= end:
            return begin <= now < end
        return not end <= now < begin

    def own(self, began: datetime, due: datetime, until: datetime, length: Length) -> dict[str, tuple[datetime, Step]]:
        """When each step would be said if nobody slept."""
        own: dict[str, tuple[datetime, Step]] = {}
        for step in self.policy.ladder:
            if step.share is not None:
                instant = self.after(began, replace(length, amount=length.amount * step.share))
            elif step.before >= NOTHING:
                instant = self.before(due, Length(step.before, step.working and length.working))
            else:
                instant = due - step.before
            own[step.name] = instant, step
        days = (until - due) // self.policy.again + 1
        return own | {f"late-{number}": (due + self.policy.again * number, Step("late", ())) for number in range(1, days + 1)}

    def said(self, incident: Incident, began: datetime, due: datetime, until: datetime, length: Length) -> dict[str, datetime]:
        """When each step is to be said."""
        own = self.own(began, due, until, length)
        return {name: self.awake(incident, began, due, *one) for name, one in own.items() if one[0] > began}

    def going_on(
        self, incident: Incident, since: datetime, due: datetime, until: datetime, length: Length, heard: set[str]
    ) -> dict[str, datetime]:
        """What is said until then after a pause that ended at ``since``. A step whose time was in the pause is said when it ends."""
        own = self.own(self.before(due, length), due, until + DAY, length)
        ahead = {name: one for name, one in own.items() if name not in heard and (one[0] > since or not name.startswith("late-"))}
        times = {name: self.awake(incident, since, due, max(time, since), step) for name, (time, step) in ahead.items()}
        return {name: at for name, at in times.items() if at <= until}

    def awake(self, incident: Incident, began: datetime, due: datetime, own: datetime, step: Step) -> datetime:
        """Its own time, or one at which it wakes nobody."""
        ignores = incident.urgent or step.name == DEADLINE or step.urgency is Urgency.HIGH or not self.policy.quiet_applies
        if ignores or not self.sleeps(own):
            return own
        night = morning = own - (own - FIRST) % GRAIN
        while self.sleeps(night - GRAIN):
            night -= GRAIN
        while self.sleeps(morning):
            morning += GRAIN
        evening = night - timedelta(minutes=15)
        if evening > max(began, due if own > due else began):
            return evening
        return own if own < due <= morning else morning


# --- playing -----------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """What went wrong."""

    clocks: int = 0
    steps: int = 0
    early: int = 0
    late: int = 0
    missed: int = 0
    doubled: int = 0
    deadlines: int = 0

    @property
    def wrong(self) -> int:
        return self.early + self.late + self.missed + self.doubled + self.deadlines


def instant(chance: random.Random) -> datetime:
    return FIRST + GRAIN * chance.randrange((LAST - FIRST) // GRAIN)


def policy(chance: random.Random) -> Policy:
    length = chance.choice(LENGTHS)
    return Policy(
        first_answer=length,
        urgent=Length(4 * HOUR, working=length.working and chance.random() < 0.5),
        ladder=chance.choice(LADDERS),
        again=chance.choice([DAY, DAY, 6 * HOUR]),
        quiet=chance.choice(QUIETS),
        quiet_applies=chance.random() < 0.8,
        calendar=chance.choice(CALENDARS),
    )


def opened(at: datetime, *, urgent: bool = False) -> Incident:
    return Incident(id=1, status=Status.ASSIGNED, organisation="zhkh", reported_at=at, urgent=urgent)


def listen(incident: Incident, policy: Policy, zone: ZoneInfo, expected: dict[str, datetime], chance: random.Random, count: Count) -> None:
    """Tick at any times, the machine's clock jumping a day ahead and back, and compare with what is expected."""
    now, until = incident.reported_at, max(expected.values())
    unsaid = dict(expected)
    heard: set[str] = set()
    while now < until:
        now += GRAIN * chance.randrange(1, 200 if chance.random() < 0.8 else 1500)
        if chance.random() < 0.1:
            now += chance.choice([DAY, -DAY])
        wanted = {name: at for name, at in unsaid.items() if at <= now}
        incident, reminder, _ = wake(incident, policy, now, zone)
        said = {*reminder.skipped, reminder.step} if reminder else set()
        known = {name for name in said if name in expected}
        count.steps += len(known)
        count.doubled += len(known & heard)
        count.early += len(known - wanted.keys() - heard)
        count.late += len(wanted.keys() - known)
        if reminder and wanted and reminder.step in expected:
            count.late += expected[reminder.step] < max(wanted.values())
        heard |= known
        unsaid = {name: at for name, at in unsaid.items() if name not in wanted}
    count.missed += len(expected.keys() - heard)


def clocks(zone: ZoneInfo, chance: random.Random, count: Count) -> None:
    for _ in range(CASES):
        going, at, urgent = policy(chance), instant(chance), chance.random() < 0.2
        slow, length = Slow(going, zone), going.urgent if urgent else going.first_answer
        incident = start(opened(at, urgent=urgent), going, zone)
        due = slow.after(at, length)
        count.clocks += 1
        count.deadlines += incident.due_at != due
        expected = slow.said(incident, at, due, due + AFTERWARDS, length)
        listen(incident, going, zone, expected, chance, count)


@pytest.mark.parametrize("name", [*RUSSIAN, *SUMMER])
def test_every_step_is_said_once_and_neither_early_nor_late(name: str, seeded: random.Random, figures: Callable[..., None]) -> None:
    count = Count()
    clocks(ZoneInfo(name), random.Random(f"{seeded.random()} {name}"), count)  # noqa: S311  # chance, not secrecy
    figures(**{key: getattr(count, key) for key in Count.__annotations__})
    assert count.steps > count.clocks
    assert count.wrong == 0


# --- a question, and danger that is noticed later ----------------------------------------------------------------------


def spoken(incident: Incident, policy: Policy, zone: ZoneInfo, until: datetime) -> tuple[Incident, list[tuple[datetime, str]]]:
    """Wake the clock just when it wants to be woken."""
    heard: list[tuple[datetime, str]] = []
    while incident.wake_at is not None and incident.wake_at <= until:
        now = incident.wake_at
        incident, reminder, _ = wake(incident, policy, now, zone)
        heard += [(now, name) for name in (*reminder.skipped, reminder.step)] if reminder else []
    return incident, heard


def done(incident: Incident, action: Action, role: Role, at: datetime, policy: Policy, zone: ZoneInfo) -> Incident:
    after, change = act(incident, Deed(action=action, role=role, at=at, by=7, text="слова"))
    return follow(incident, after, change, policy, zone)


def test_a_pause_keeps_the_time_that_was_left_to_the_minute(seeded: random.Random, figures: Callable[..., None]) -> None:
    count = Count()
    for name in [*RUSSIAN, *SUMMER]:
        for _ in range(max(CASES // 3, 1)):
            _paused(ZoneInfo(name), seeded, count)
    figures(**{key: getattr(count, key) for key in Count.__annotations__})
    assert count.steps > count.clocks
    assert count.wrong == 0


def _paused(zone: ZoneInfo, chance: random.Random, count: Count) -> None:
    """A clock with a pause or two, in its time or after it. Over all its parts each step is said once, at the minute the rules name."""
    going, at, urgent = policy(chance), instant(chance), chance.random() < 0.2
    slow, length = Slow(going, zone), going.urgent if urgent else going.first_answer
    incident, since, due, left = start(opened(at, urgent=urgent), going, zone), at, slow.after(at, length), length.amount
    too_late = {name for name, (own, _) in slow.own(at, due, due, length).items() if own <= at}
    heard = set(too_late)
    for pauses in range(chance.choice((1, 1, 2)), -1, -1):
        asked = since + GRAIN * chance.randrange(1, max(due - since, NOTHING) // GRAIN + DAY // GRAIN)
        until = asked if pauses else max(due, since) + AFTERWARDS
        expected = slow.going_on(incident, since, due, until, length, heard)
        incident, said = spoken(incident, going, zone, until)
        _compare(said, expected, count)
        heard |= expected.keys()
        if not pauses:
            break
        replied = asked + GRAIN * chance.randrange(1, 4 * DAY // GRAIN)
        left -= slow.worked(since, asked) if length.working else asked - since
        due = slow.after(replied, replace(length, amount=left)) if asked < due else replied - (asked - due)
        since = replied
        incident = done(done(incident, Action.ASK, Role.OFFICIAL, asked, going, zone), Action.REPLY, Role.CITIZEN, replied, going, zone)
        count.deadlines += incident.due_at != due
    count.clocks += 1
    count.missed += sum(step.name not in heard for step in going.ladder)


def _compare(said: Sequence[tuple[datetime, str]], expected: dict[str, datetime], count: Count) -> None:
    times = {name: at for at, name in said}
    count.steps += len(said)
    count.doubled += len(said) - len(times) + len(times.keys() - expected.keys())
    count.missed += len(expected.keys() - times.keys())
    count.early += sum(times[name] < at for name, at in expected.items() if name in times)
    count.late += sum(times[name] > at for name, at in expected.items() if name in times)


def test_an_incident_that_turns_out_urgent_has_its_urgent_time_from_the_citizens_message(
    seeded: random.Random, figures: Callable[..., None]
) -> None:
    count = Count()
    for name in [*RUSSIAN, *SUMMER]:
        for _ in range(max(CASES // 3, 1)):
            going, at, zone = policy(seeded), instant(seeded), ZoneInfo(name)
            slow = Slow(going, zone)
            due = slow.after(at, going.first_answer)
            noticed = at + GRAIN * seeded.randrange(1, (due - at) // GRAIN + 1)
            running, _ = spoken(start(opened(at), going, zone), going, zone, noticed)
            hurried = hurry(running, noticed, going, zone)
            count.clocks += 1
            count.deadlines += hurried.due_at != (slow.after(at, going.urgent) if noticed < due else due)
    figures(clocks=count.clocks, wrong_deadlines=count.deadlines)
    assert count.wrong == 0


def test_new_rules_are_heard_from_now_on_and_nothing_twice(seeded: random.Random, figures: Callable[..., None]) -> None:
    count = Count()
    for name in [*RUSSIAN, *SUMMER]:
        for _ in range(max(CASES // 3, 1)):
            _recomputed(ZoneInfo(name), seeded, count)
    figures(**{key: getattr(count, key) for key in Count.__annotations__})
    assert count.steps > count.clocks
    assert count.wrong == 0


def _recomputed(zone: ZoneInfo, chance: random.Random, count: Count) -> None:
    old, at, urgent = policy(chance), instant(chance), chance.random() < 0.2
    new = replace(policy(chance), again=old.again)  # the first repeat of every six hours is not that of every day
    slow, length = Slow(new, zone), new.urgent if urgent else new.first_answer
    incident = start(opened(at, urgent=urgent), old, zone)
    was = incident.due_at
    assert was is not None
    now = at + GRAIN * chance.randrange(1, (was - at + 2 * DAY) // GRAIN)
    incident, said = spoken(incident, old, zone, now)
    changed = recompute(incident, old, new, zone, now)
    would = slow.after(at, length)
    due = would if would > now else max(would, min(was, now))  # nobody is late since yesterday
    count.clocks += 1
    count.deadlines += changed.due_at != due
    until = max(due, now) + AFTERWARDS
    began = at if due == would else slow.before(due, length)
    heard = {name for _, name in said} if due <= was else set()
    own = {name: one for name, one in slow.own(began, due, until + DAY, length).items() if name not in heard and one[0] > began}
    times = {name: slow.awake(incident, at, due, *one) for name, one in own.items()}
    unheard = {name: instant for name, instant in times.items() if instant <= until}
    newest = max((instant for instant in unheard.values() if instant < now), default=now) if due < was else now
    _, said = spoken(changed, new, zone, until)
    _compare(said, {name: instant for name, instant in unheard.items() if instant >= newest}, count)


# --- what is planned is what is said -----------------------------------------------------------------------------------


def test_the_plan_is_what_the_clock_says(seeded: random.Random, figures: Callable[..., None]) -> None:
    compared = 0
    for name in [*RUSSIAN, *SUMMER]:
        zone = ZoneInfo(name)
        for _ in range(CASES):
            going, at = policy(seeded), instant(seeded)
            incident = start(opened(at, urgent=seeded.random() < 0.2), going, zone)
            nap = at + GRAIN * seeded.randrange(1, 4000)
            incident, _ = spoken(incident, going, zone, nap)
            planned = plan(incident, going, zone, repeats=4)
            _, heard = spoken(incident, going, zone, planned[-1].at)
            ends = planned[-1].at  # at that very instant a repeat may be said, too, that is not named any more
            assert _by_instant([one for one in heard if one[0] < ends]) == _by_instant(
                [(one.at, one.step.name) for one in planned if one.at < ends]
            )
            compared += len(planned)
    figures(planned=compared)
    assert compared


def _by_instant(steps: Sequence[tuple[datetime, str]]) -> dict[datetime, set[str]]:
    found: dict[datetime, set[str]] = {}
    for at, name in steps:
        found.setdefault(at, set()).add(name)
    return found
