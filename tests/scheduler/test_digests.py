"""Digests and crashes: what ends in the middle is told by the next one, what was committed never again; most ticks ask nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from bots.channel import Address
from handlers import digest
from incidents.incident import Role
from scheduler.digests import GROUP, Diary, tick
from storage.crash import arm
from storage.marks import RESTORE, Marks
from storage.store import Store
from storage.tables import digests, outbox
from tests.stories.house import House
from tests.stories.office import OWNER, TG, VK

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления"
MORNING = datetime(2026, 3, 12, 8, 30, tzinfo=ZoneInfo("Asia/Barnaul"))


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(autouse=True)
def nothing_armed() -> Iterator[None]:
    yield
    arm(None)


@pytest.fixture
async def full(store: Store) -> House:
    """It is half past eight, there is something to tell to sixty officials."""
    house = House(store)
    await house.open()
    async with house.store.transaction() as tx:
        for number in range(60):
            account, user = TG if number % 2 else VK, f"9{number}"
            person = await tx.people.meet(account, user, "Иванова", "ru", house.clock())
            await tx.people.appoint(person.id, Role.OFFICIAL, OWNER, Address(account, user), house.clock())
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    house.clock.now = MORNING
    return house


async def told(house: House) -> tuple[int, int]:
    """Digests recorded, and digests queued to be sent or sent."""
    async with house.store.transaction() as tx:
        records = (await tx.connection.execute(select(digests.c.person_id))).scalars().all()
        queued = (await tx.connection.execute(select(outbox.c.chat).where(outbox.c.text.startswith("Доброе утро")))).scalars().all()
    assert len(queued) == len(set(queued))
    return len(records), len(queued)


@pytest.mark.parametrize("moment", ["before_commit", "committed"])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_crash_at_any_point_tells_everybody_once(full: House, moment: str, times: int) -> None:
    left = times

    def reached(point: str) -> None:
        nonlocal left
        left -= point == f"digest.{moment}"
        if not left:
            left = -1
            raise Killed

    arm(reached)
    with pytest.raises(Killed):
        await tick(full.store, full.office, full.clock, Diary())
    done = GROUP * (times - (moment == "before_commit"))
    assert await told(full) == (min(done, 60), min(done, 60))
    await tick(full.store, full.office, full.clock, Diary())
    assert await told(full) == (60, 60)


async def test_processes_beside_each_other_tell_everybody_once(full: House, database_url: str) -> None:
    other = Store(database_url)
    try:
        await asyncio.gather(*[tick(store, full.office, full.clock, Diary()) for store in (full.store, other)])
        assert await told(full) == (60, 60)
    finally:
        await other.close()


async def test_a_look_asks_a_few_questions_and_then_none_until_the_next_morning(full: House) -> None:
    statements: list[str] = []
    event.listen(full.store.engine.sync_engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    diary = Diary()
    assert await tick(full.store, full.office, full.clock, diary) == 60
    reads = [one for one in statements if one.lstrip().startswith("SELECT") and "nextval" not in one]
    assert len(reads) <= 6 + 4 * 3, reads
    statements.clear()
    for seconds in range(0, 86_400, 600):
        full.clock.now = MORNING + timedelta(seconds=seconds)
        assert await tick(full.store, full.office, full.clock, diary) == 0
    assert statements == []
    full.clock.now = MORNING + timedelta(days=1)
    assert await tick(full.store, full.office, full.clock, diary) == 60


async def test_a_process_that_starts_in_the_afternoon_asks_nothing(full: House) -> None:
    full.clock.now = MORNING + timedelta(hours=6)
    statements: list[str] = []
    event.listen(full.store.engine.sync_engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    assert await tick(full.store, full.office, full.clock, Diary()) == 0
    assert statements == []


async def test_a_clock_that_was_wrong_for_a_while_costs_nobody_the_next_morning(full: House) -> None:
    diary = Diary()
    await tick(full.store, full.office, full.clock, diary)
    full.clock.now = MORNING + timedelta(days=3, hours=1)
    await tick(full.store, full.office, full.clock, diary)
    for days, said in ((0, 0), (1, 60), (3, 0)):
        full.clock.now = MORNING + timedelta(days=days, minutes=1)
        assert await tick(full.store, full.office, full.clock, diary) == said


async def test_a_database_that_is_away_puts_it_off(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise ConnectionRefusedError

    diary, tell = Diary(), digest.tell
    monkeypatch.setattr("scheduler.digests.tell", away)
    with pytest.raises(ConnectionRefusedError):
        await tick(full.store, full.office, full.clock, diary)
    assert await told(full) == (0, 0)
    monkeypatch.setattr("scheduler.digests.tell", tell)
    assert await tick(full.store, full.office, full.clock, diary) == 60
    assert await told(full) == (60, 60)


async def test_after_a_restore_the_morning_before_it_is_not_told_again(full: House) -> None:
    async with full.store.transaction() as tx:
        await Marks(tx.connection).put(RESTORE, MORNING + timedelta(minutes=20))
    full.clock.now = MORNING + timedelta(minutes=30)
    assert await tick(full.store, full.office, full.clock, Diary()) == 0
    full.clock.now = MORNING + timedelta(days=1)
    assert await tick(full.store, full.office, full.clock, Diary()) == 60


async def test_heads_and_curators_have_theirs_in_the_same_look(full: House) -> None:
    await full.official(TG, "71", "Пробная", "", Role.CURATOR)
    full.clock.now = MORNING + timedelta(days=1)
    assert await tick(full.store, full.office, full.clock, Diary()) == 61
