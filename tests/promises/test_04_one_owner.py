"""Promise 4: one owner, always. Officials of two organisations take, give back and pass on the same incidents at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bots.channel import Address, Scene, Update
from incidents.deadlines import follow, start
from incidents.incident import Action, Change, Deed, Incident, NotAllowed, Role, Status, act
from storage.connection import Stale
from storage.conversations import Choice
from storage.incidents import Case, Report
from storage.migrate import upgrade
from storage.store import Store
from tests.promises.conftest import size
from tests.promises.taking import ACCOUNT
from tests.promises.world import Database
from tests.promises.zygote import Zygote
from tests.storage.given import reported
from tests.stories.house import ALTAI, House

OFFICIALS, INCIDENTS, ROUNDS = size(quick=12, full=50), size(quick=15, full=1000), size(quick=3, full=20)
AT_ONCE = size(quick=4, full=50)
"""Officials who press at the same incident in one round."""
WINDOW = size(quick=12, full=200)
"""Rows a process looks at at once, 200 in earnest: so a few are enough for two processes to be busy beside each other all the time."""
LONGEST = 1800.0
"""Seconds in which a round is handled."""
OWNERS = ("zhkh-barnaul", "dorogi-barnaul")
CHATS = dict(zip(OWNERS, ("-1001", "-1002"), strict=True))
BUTTONS = ("take", "release", "refuse-to")
PRESSED = (*["take"] * size(quick=3, full=45), *["release"] * size(quick=1, full=4), "refuse-to")
"""How often each is pressed: the more there are who press, the fewer of them hold what they could give away."""


class Desks:
    """Who may press what: officials by their organisation, incidents as they were opened."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self.store, self.chance = store, chance
        self.organisation = {str(1000 + number): OWNERS[number % 2] for number in range(OFFICIALS)}
        self.person: dict[str, int] = {}
        self.opened: dict[int, Incident] = {}
        self.cards: dict[tuple[int, str], Sequence[str]] = {}
        """What the buttons carry that an official has about an incident."""
        self.pressed: set[str] = set()
        """The presses of this round."""
        self.presses = 0
        self.done: Counter[tuple[int, int]] = Counter()
        """Incident and person → how often they were told «done»."""

    async def furnish(self) -> None:
        """Two organisations with a working chat each, and incidents that the first owns and nobody holds."""
        house = House(self.store)
        await house.open()
        for user, organisation in self.organisation.items():
            await house.official(ACCOUNT, user, f"Официал {user}", organisation)
        for organisation, chat in CHATS.items():
            await house.chat(ACCOUNT, chat, organisation)
        now = datetime.now(UTC)
        async with self.store.transaction() as tx:
            for user in self.organisation:
                self.person[user] = (await tx.people.meet(ACCOUNT, user, "", "ru", now)).id
            citizen = (await tx.people.meet(ACCOUNT, "5", "Анна", "ru", now)).id
            for _ in range(INCIDENTS):
                fresh = Incident(
                    id=0, status=Status.ASSIGNED, organisation=OWNERS[0], topic="housing", territory="barnaul", reported_at=now
                )
                running = start(fresh, ALTAI.policy("housing", "barnaul"), ALTAI.zone_of("barnaul"))
                told = Report(person=citizen, address=Address(ACCOUNT, "5"), scene=Scene.PRIVATE, text="Течёт труба", said_at=now)
                case = await tx.incidents.open(running, told, now)
                self.opened[case.id] = case.incident
                await tx.incidents.record(
                    Change(
                        incident=case.id,
                        version=1,
                        at=now,
                        action=Action.REPORT,
                        role=Role.CITIZEN,
                        by=citizen,
                        before=Status.NEW,
                        after=Status.ASSIGNED,
                    )
                )
            for number in self.opened:
                for user, organisation in self.organisation.items():
                    other = next(one for one in OWNERS if one != organisation)
                    choices = [Choice(one, {"number": number} | ({"organisation": other} if one == "refuse-to" else {})) for one in BUTTONS]
                    self.cards[number, user] = await tx.conversations.offer(Address(ACCOUNT, user), choices, at=now, incident=number)

    async def press(self, round_: int) -> None:
        """Everybody of a round presses, each in a chat of their own: first one half of the officials and then the other, in the same
        order of incidents. A process that finds the first half's chats in other hands takes the second's, and meets it all the way."""
        numbers, users = list(self.opened), list(self.organisation)
        self.chance.shuffle(numbers)
        chosen = [(number, user) for number in numbers for user in self.chance.sample(users, AT_ONCE)]
        halves = [[one for one in chosen if (users.index(one[1]) * 2 < len(users)) is half] for half in (True, False)]
        updates = [self._press(round_, number, user) for half in halves for number, user in half]
        async with self.store.transaction() as tx:
            await tx.inbox.put(ACCOUNT, updates, datetime.now(UTC))
        self.pressed = {one.key for one in updates}
        self.presses += len(updates)

    def _press(self, round_: int, number: int, user: str) -> Update:
        payload = self.cards[number, user][BUTTONS.index(self.chance.choice(PRESSED))]
        press = f"{round_}/{number}/{user}"
        return Update(key=press, raw={"press": press, "user": user, "payload": payload, "at": time.time()}, lane=user)

    async def handled(self, database: Database) -> None:
        """Wait until every press is handled. It only reads: on SQLite who wants to write beside a busy process may wait for long."""
        until = time.monotonic() + LONGEST
        while left := (await database.ask("SELECT count(*) FROM inbox WHERE state = 'new'"))[0][0]:
            assert time.monotonic() < until, f"{left} presses are not handled"
            await asyncio.sleep(0.1)

    async def answered(self) -> None:
        """Each press of the round was handled and answered once. What nobody needs any more goes, as it does after a while in earnest."""
        async with self.store.transaction() as tx:
            answers = (await tx.connection.execute(text("SELECT whisper_to, text FROM outbox WHERE whisper_to <> ''"))).all()
            handled = (await tx.connection.execute(text("SELECT key, state FROM inbox WHERE account <> ''"))).all()
            for table in ("outbox", "inbox"):
                await tx.connection.execute(text(f"DELETE FROM {table}"))
        assert {state for _, state in handled} == {"done"}
        assert len(handled) == len(self.pressed)
        assert sorted(press for press, _ in answers) == sorted(self.pressed), "each press is answered once"
        for press, words in answers:
            _, number, user = press.split("/")
            self.done[int(number), self.person[user]] += not words


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


async def test_one_of_all_who_press_at_once_wins_and_the_history_is_one_line(
    url: str, zygote: Zygote, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]
) -> None:
    store, database = Store(url), Database(make_url(url))
    try:
        desks = Desks(store, seeded)
        await desks.furnish()
        processes = 1 if store.is_sqlite else 2
        for place in range(processes):
            await zygote.start({}, folder=tmp_path, first=[("tests.promises.taking:run", url, WINDOW)], log=f"taking-{place}.log")
        began = time.monotonic()
        for round_ in range(ROUNDS):
            await desks.press(round_)
            await desks.handled(database)
            await desks.answered()
            figures(rounds=round_ + 1)
        seconds = time.monotonic() - began
        won = await compare(desks)
        figures(presses=desks.presses, won=won, refused=desks.presses - won, processes=processes, per_second=round(desks.presses / seconds))
    finally:
        await database.close()
        await store.close()


async def compare(desks: Desks) -> int:
    """Every history is one that the rules allow, step by step, and whoever was told «done» stands in it. Returns how many won."""
    async with desks.store.transaction() as tx:
        histories = {number: await tx.incidents.history(number) for number in desks.opened}
        cases = {number: await tx.incidents.get(number) for number in desks.opened}
    in_history: Counter[tuple[int, int]] = Counter()
    for number, (first, *changes) in histories.items():
        assert first.action is Action.REPORT
        replayed = replay(desks.opened[number], changes)
        for change in changes:
            in_history[number, change.by] += 1
        case = cases[number]
        assert case is not None
        assert replayed == case.incident, f"№ {number} stands otherwise than its history says"
    assert in_history == +desks.done
    return sum(in_history.values())


def replay(incident: Incident, changes: Sequence[Change]) -> Incident:
    """The incident after all that was done to it, one after another; every step must have been allowed when it was taken."""
    policy, zone = ALTAI.policy(incident.topic, incident.territory), ALTAI.zone_of(incident.territory)
    for change in changes:
        assert change.version == incident.version + 1, f"№ {incident.id}: a version is missing before {change.version}"
        assert change.before == incident.status, f"№ {incident.id}: version {change.version} does not begin where the last ended"
        deed = Deed(action=change.action, role=change.role, at=change.at, by=change.by, target=change.target, reason=change.reason)
        try:
            changed, seen = act(incident, deed)
        except NotAllowed as why:
            raise AssertionError(f"№ {incident.id}: version {change.version} was not allowed: {why}") from why
        assert seen.after == change.after
        incident = follow(incident, changed, seen, policy, zone)
    return incident


@pytest.mark.parametrize("of_many", [False, True])
async def test_who_read_it_before_another_process_took_it_takes_nothing(postgresql_url: str, of_many: bool) -> None:
    """The same without chance: both read a free incident, one takes it, and the other, alone or in a batch, does not."""
    one, other = Store(postgresql_url), Store(postgresql_url)
    await upgrade(one)
    async with one.transaction() as tx:
        number = (await reported(tx)).id

    async def too_late() -> None:
        async with one.transaction() as tx, tx.connection.savepoint() if of_many else nullcontext():
            case = await tx.incidents.get(number)
            assert case is not None
            async with other.transaction() as theirs:
                await theirs.incidents.save(_taken(case, 1))
            await tx.incidents.save(_taken(case, 2))

    try:
        with pytest.raises(Stale):
            await too_late()
        async with one.transaction() as tx:
            found = await tx.incidents.get(number)
    finally:
        await one.close()
        await other.close()
    assert found is not None
    assert found.incident.assignee == 1


def _taken(case: Case, by: int) -> Case:
    return Case(replace(case.incident, status=Status.IN_PROGRESS, assignee=by), case.report)
