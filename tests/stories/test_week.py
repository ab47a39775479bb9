"""A played week: whatever the clock said, its explanation had announced the moment before, when and to whom; and nothing else."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bots.channel import Address
from handlers.explain import Explanation, explain
from handlers.explained import spoken
from handlers.turn import Moment
from incidents.incident import Action, NotAllowed, Role, Status, Timer
from incidents.region import parse
from incidents.responsible import Absence, Shift
from locales import texts
from scheduler.deadlines import tick
from storage.posts import Purpose
from storage.store import Store
from tests.promises.conftest import SEED, size
from tests.stories.deeds import happened
from tests.stories.house import House

TELEGRAM, VK = "telegram/altai", "vk/altai"
BEGINS = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
"""A Thursday; Sunday the 8th of March is a holiday, and Monday the 9th is its day off."""
RULES = """
[[policies]]
topic = "roads"
territory = "biysk"
first_answer = "6h"
"""
"""Beside the working hours that the example has for the roads of Rubtsovsk."""
ZONES = {"biysk": "Europe/Kaliningrad", "rubtsovsk": "Asia/Kamchatka"}
"""So that one week has the nights of three places; in life all of them are in one zone."""
REPORTS = (
    "Барнаул, на Ленина 15 прорвало трубу отопления",
    "Бийск, на Советской яма на полдороги",
    "Рубцовск, на Ленина яма на дороге",
    "Барнаул, на Ленина пахнет газом в подъезде",
    "Когда починят дорогу до посёлка",
)
OWNERS = {"zhkh-barnaul": TELEGRAM, "dorogi-biysk": VK}


def region_text() -> str:
    """The example region with rules and zones of its own."""
    text = (Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8")
    for place, zone in ZONES.items():
        text = text.replace(f'[[territories]]\nid = "{place}"\n', f'[[territories]]\nid = "{place}"\ntimezone = "{zone}"\n')
    return text + RULES


@dataclass
class Announced:
    """What the explanation of an incident said the last time it was asked."""

    explanation: Explanation
    deeds: int
    """Rows of history then: after another one everything may be different."""
    unsaid: list[datetime] = field(default_factory=list)
    """The instants announced after that deed that have not come yet."""


@dataclass
class Week:
    """The house, its people, and what was announced."""

    house: House
    chance: random.Random
    reports: int
    officials: dict[str, list[int]] = field(default_factory=dict)
    announced: dict[int, Announced] = field(default_factory=dict)
    later: dict[tuple[int, Address], datetime] = field(default_factory=dict)
    """Reminders that wait for somebody's morning."""
    seen: dict[int, int] = field(default_factory=dict)
    spoken: int = 0
    waited: int = 0

    # --- people ------------------------------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Everybody comes to work."""
        house = self.house
        await house.chat(TELEGRAM, "-100", "zhkh-barnaul", forum=True, title="Комитет ЖКХ")
        await house.chat(VK, "2000000007", "dorogi-biysk", title="Дороги Бийска")
        number = 10
        for owner, account in [*OWNERS.items(), ("dorogi-rubtsovsk", TELEGRAM)]:
            for role in (Role.OFFICIAL, Role.OFFICIAL, Role.HEAD):
                number += 1
                await house.official(account, str(number), f"Исполнитель {number}", owner, role)
                if role is Role.OFFICIAL:
                    self.officials.setdefault(owner, []).append(await self.known(account, str(number)))
        for number in (31, 32):
            await house.official(TELEGRAM, str(number), f"Куратор {number}", "", Role.CURATOR)
        self.officials[""] = [await self.known(TELEGRAM, str(number)) for number in (31, 32)]

    async def known(self, account: str, user: str) -> int:
        async with self.house.store.transaction() as tx:
            person = await tx.people.known(account, user)
        assert person is not None
        return person.id

    # --- what people do ----------------------------------------------------------------------------------------------

    async def something_happens(self) -> None:
        """A citizen writes, while there are reports to come; or somebody of the office does something to an open incident, or goes away."""
        deeds: Sequence[Callable[[], Awaitable[None]]] = (self.report, self.report, self.act, self.act, self.act, self.absent, self.on_duty)
        await self.chance.choice(deeds)()

    async def report(self) -> None:
        if not self.reports:
            await self.act()
            return
        self.reports -= 1
        user = str(1000 + self.reports)
        await self.house.person(self.chance.choice((TELEGRAM, VK)), user, "Анна Примерова").says(self.chance.choice(REPORTS))

    async def act(self) -> None:
        async with self.house.store.transaction() as tx:
            cases = await tx.incidents.open_after(0, 500)
        if not cases:
            return
        case = self.chance.choice(cases)
        people = self.officials.get(case.incident.organisation) or self.officials[""]
        by, now = self.chance.choice(people), self.house.clock()
        role = Role.OFFICIAL if case.incident.organisation in self.officials and case.incident.organisation else Role.CURATOR
        what: Mapping[Action, dict[str, object]] = {
            Action.TAKE: {"role": role, "by": by},
            Action.RELEASE: {"role": role, "by": by},
            Action.ASK: {"role": role, "by": by, "text": "Какой подъезд?"},
            Action.REPLY: {"role": Role.CITIZEN, "by": case.report.person},
            Action.ANSWER: {"role": role, "by": by, "text": "Починили"},
            Action.ANSWER_INTERIM: {"role": role, "by": by, "text": "Чиним", "date": now + timedelta(hours=self.chance.randint(2, 60))},
            Action.REASSIGN: {"role": Role.CURATOR, "by": self.officials[""][0], "target": self.chance.choice(list(OWNERS))},
        }
        action = self.chance.choice(list(what))
        try:
            await happened(self.house, case.id, action, **what[action])  # type: ignore[arg-type]  # keywords of a deed
        except NotAllowed:
            return
        if self.chance.random() < 0.3:
            await self.control(case.id)

    async def control(self, number: int) -> None:
        """A curator takes the next step under control."""
        async with self.house.store.transaction() as tx:
            case = await tx.incidents.get(number)
            assert case is not None
            step = self.chance.choice(("2h", "deadline", "late"))
            await tx.reminders.control(number, case.incident.turn, step, self.officials[""][0], self.house.clock())
        self.announced.pop(number, None)

    async def absent(self) -> None:
        """Somebody is away for a day or two, with a colleague in their place or with nobody."""
        owner = self.chance.choice(list(self.officials))
        person, deputy = self.chance.sample(self.officials[owner], 2)
        now = self.house.clock()
        absence = Absence(person, owner, now, now + timedelta(hours=self.chance.randint(3, 40)), self.chance.choice((deputy, 0)))
        async with self.house.store.transaction() as tx:
            await tx.staffing.go_away(absence, now)
        self.announced.clear()

    async def on_duty(self) -> None:
        """Somebody is on duty, from now or from later on."""
        owner, now = self.chance.choice(list(self.officials)), self.house.clock()
        since = now + timedelta(hours=self.chance.choice((0, 5)))
        shift = Shift(self.chance.choice(self.officials[owner]), owner, since, since + timedelta(hours=12))
        async with self.house.store.transaction() as tx:
            await tx.staffing.put_on_duty(shift, shift.person, now)
        self.announced.clear()

    # --- what is announced, and what is said -------------------------------------------------------------------------

    async def announce(self) -> None:
        """Ask for the explanation of every open incident that is not known as it stands now."""
        async with self.house.store.transaction() as tx:
            cases = await tx.incidents.open_after(0, 500)
        still_open = {case.id for case in cases}
        self.announced = {number: one for number, one in self.announced.items() if number in still_open}  # an answer ends its clock
        for case in cases:
            async with self.house.store.transaction() as tx:
                deeds = len(await tx.incidents.history(case.id))
                before, now = self.announced.get(case.id), self.house.clock()
                missed = before is not None and bool(before.unsaid) and before.unsaid[0] < now  # a person's album took its minutes
                same = before is not None and before.deeds == deeds and not missed
                if before and same and before.explanation.case.incident.version == case.incident.version:
                    continue
                moment = Moment(tx, self.house.office, now)
                explanation = await explain(moment, case)
                assert spoken(moment, explanation, texts(self.chance.choice(("ru", "en")))).title
            instants = [coming.at for coming in explanation.coming]
            if before and same:
                assert instants[: len(before.unsaid)] == before.unsaid[: len(instants)], "nothing happened, yet the plan is another one"
            self.announced[case.id] = Announced(explanation, deeds, instants)

    async def passes(self, at: datetime) -> None:
        """The clock goes on to an instant; what is said there had been announced, all of it and nothing else."""
        self.house.clock.now = at
        due = {number: one for number, one in self.announced.items() if one.unsaid and one.unsaid[0] <= at}
        await tick(self.house.store, self.house.office, self.house.clock)
        await self.house.settle()
        for number, told in (await self.new_rows(at)).items():
            expected = set()
            if number in due:
                coming = due[number].explanation.coming[0]
                assert coming.at == at, (number, coming.at, at)
                due[number].unsaid.pop(0)
                for hearer in coming.hearers:
                    if hearer.told and hearer.told.not_before:
                        self.later[number, hearer.address] = hearer.told.not_before
                    else:
                        expected.add(hearer.address)
            waited = {address for (waiting, address), until in self.later.items() if waiting == number and until <= at}
            assert told - waited == expected - waited or told == expected, (number, at, told, expected, waited)
            self.spoken += len(expected)
            self.waited += len(told & waited - expected)
        self.later = {key: until for key, until in self.later.items() if until > at}

    async def new_rows(self, at: datetime) -> dict[int, set[Address]]:
        """Where reminders went since the last look, by incident; every open incident is named."""
        found = {}
        async with self.house.store.transaction() as tx:
            for case in await tx.incidents.newest(500):
                citizen = case.report.address
                rows = await tx.outbox.told(case.id)
                fresh, self.seen[case.id] = rows[self.seen.get(case.id, 0) :], len(rows)
                if case.incident.timer is Timer.NONE and case.incident.status is Status.CLOSED:
                    continue
                found[case.id] = {
                    address for when, address, purpose, _ in fresh if when >= at and (purpose is Purpose.REMINDER or address == citizen)
                }
        return found

    async def next_stop(self) -> datetime | None:
        async with self.house.store.transaction() as tx:
            wake = await tx.incidents.next_wake()
        dues = [wake, *self.later.values()]
        return min((due for due in dues if due is not None), default=None)


@pytest.fixture
async def house(sqlite_url: str) -> House:
    return House(Store(sqlite_url), parse(region_text()))


async def test_every_reminder_of_a_week_was_announced_and_every_announced_one_came(house: House) -> None:
    house.clock.now = BEGINS
    await house.open()
    week = Week(house, random.Random(SEED), reports=size(quick=6, full=40))  # noqa: S311  # chance, not secrecy
    await week.gather()
    ends = BEGINS + timedelta(days=7)
    happens = BEGINS
    while house.clock.now < ends:
        await week.announce()
        stop = await week.next_stop()
        if stop is not None and stop <= happens:
            await week.passes(max(stop, house.clock.now))
            continue
        house.clock.now = max(happens, house.clock.now)
        await week.something_happens()
        await week.new_rows(house.clock.now)  # what people's deeds said is not what the clock said
        happens = house.clock.now + timedelta(minutes=week.chance.randint(20, size(quick=900, full=140)))
    await house.store.close()
    assert week.spoken > size(quick=10, full=200)
