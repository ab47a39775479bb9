"""What digests are made of: told once a day, lists of many people in one statement, figures whose questions have an index."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from incidents.agenda import AGENDA, Digest, Section
from incidents.incident import Role, Status, Timer
from storage.agendas import Whose
from storage.answers import REGION, Figures
from storage.retention import Broom, sweep_on
from storage.store import Store, Tx
from storage.tables import digests
from tests.storage.given import NOON, OFFICE, later, reported, somebody

DAY = date(2026, 3, 11)
MIDNIGHT = later(hours=5)


@contextmanager
def asked(store: Store) -> Iterator[list[str]]:
    """The statements that are executed meanwhile, but for those that begin and end."""
    statements: list[str] = []

    def hear(*seen: Any) -> None:
        statements.append(seen[2])

    event.listen(store.engine.sync_engine, "before_cursor_execute", hear)
    yield statements
    event.remove(store.engine.sync_engine, "before_cursor_execute", hear)


# --- once --------------------------------------------------------------------------------------------------------------


async def test_who_was_told_is_not_told_again_on_that_day(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.digests.claim(DAY, Digest.OFFICIAL, [3, 1, 2], NOON) == {1, 2, 3}
    async with store.transaction() as tx:
        assert await tx.digests.claim(DAY, Digest.OFFICIAL, [2, 4], NOON) == {4}
        assert await tx.digests.claim(DAY, Digest.HEAD, [2], NOON) == {2}
        assert await tx.digests.claim(DAY + timedelta(days=1), Digest.OFFICIAL, [2], NOON) == {2}
    async with store.transaction() as tx:
        assert {person for day, digest, person in await tx.digests.told({DAY}) if digest is Digest.OFFICIAL} == {1, 2, 3, 4}


async def test_two_processes_share_the_readers_between_them(database_url: str) -> None:
    one, other = Store(database_url), Store(database_url)
    try:

        async def claims(store: Store, persons: range) -> frozenset[int]:
            async with store.transaction("digest") as tx:
                mine = await tx.digests.claim(DAY, Digest.OFFICIAL, persons, NOON)
                await asyncio.sleep(0)
                return mine

        first, second = await asyncio.gather(claims(one, range(1, 30)), claims(other, range(10, 40)))
        assert first & second == frozenset()
        assert first | second == set(range(1, 40))
    finally:
        await one.close()
        await other.close()


async def test_records_of_old_mornings_are_swept_away(store: Store) -> None:
    async with store.transaction() as tx:
        for day in (DAY, DAY + timedelta(days=20)):
            await tx.digests.claim(day, Digest.OFFICIAL, [1], NOON)
    await sweep_on(Broom(), store.transaction, later(days=6))
    async with store.transaction() as tx:
        assert (await tx.connection.execute(select(func.count()).select_from(digests))).scalar_one() == 1


async def test_who_blocked_the_account_or_wants_no_digest_does_not_read(store: Store) -> None:
    async with store.transaction() as tx:
        for user in ("1", "2", "3"):
            person = await somebody(tx, user)
            await tx.people.appoint(person, Role.OFFICIAL, "zhkh", OFFICE, NOON)
        await tx.people.set_blocked(OFFICE.account, OFFICE.chat, blocked=True)
    async with store.transaction() as tx:
        assert [post.reads for post in await tx.digests.staff()] == [False] * 3
        await tx.people.set_blocked(OFFICE.account, OFFICE.chat, blocked=False)
        await tx.digests.want((await tx.digests.staff())[1].person, wanted=False)
        assert [post.reads for post in await tx.digests.staff()] == [True, False, True]


# --- lists -------------------------------------------------------------------------------------------------------------


async def stands(tx: Tx, organisation: str = "zhkh", assignee: int = 0, hours: float = 24, **facts: Any) -> int:
    """An incident of an organisation whose first answer is due in so many hours. Returns its number."""
    status = Status.IN_PROGRESS if assignee else Status.ASSIGNED
    known = {"status": status, "timer": Timer.FIRST_ANSWER, "due_at": later(hours=hours), "wake_at": later(hours=hours)} | facts
    return (await reported(tx, organisation=organisation, assignee=assignee, **known)).id


def share(person: int, *organisations: str) -> Whose:
    return Whose(shares=frozenset((one, holder) for one in organisations for holder in (0, person)))


async def test_lists_of_many_people_are_one_statement(store: Store) -> None:
    async with store.transaction() as tx:
        numbers = [await stands(tx, f"o{number % 20}", assignee=number % 40 + 1) for number in range(80)]
    whose = [share(person, f"o{(person - 1) % 20}") for person in range(1, 41)]
    async with store.transaction() as tx:
        await tx.digests.told({DAY})
        with asked(store) as statements:
            lists = await tx.agendas.read(whose, AGENDA[Role.OFFICIAL], NOON, MIDNIGHT, most=8)
    assert len(statements) == 1
    assert [one.total for one in lists] == [2] * 40
    assert sorted(case.id for one in lists for _, case in one.entries) == numbers


async def test_each_incident_stands_in_its_first_section_the_most_pressing_first(store: Store) -> None:
    async with store.transaction() as tx:
        held = await stands(tx, assignee=7)
        free = await stands(tx)
        waits = await stands(tx, assignee=7, status=Status.WAITING, timer=Timer.PAUSED, hours=1)
        today = await stands(tx, assignee=7, hours=3)
        sooner = await stands(tx, hours=2)
        late = await stands(tx, assignee=7, hours=-1)
        for other in ({"assignee": 8, "hours": -1}, {"organisation": "dorogi"}, {"status": Status.CLOSED, "timer": Timer.NONE}):
            await stands(tx, **other)
        (agenda,) = await tx.agendas.read([share(7, "zhkh")], AGENDA[Role.OFFICIAL], NOON, MIDNIGHT, most=5)
        assert agenda.counts == {Section.OVERDUE: 1, Section.TODAY: 2, Section.WAITING: 1, Section.FREE: 1, Section.HELD: 1}
        assert [case.id for _, case in agenda.entries] == [late, sooner, today, waits, free]
        (all_,) = await tx.agendas.read([share(7, "zhkh")], AGENDA[Role.OFFICIAL], NOON, MIDNIGHT, most=9)
        assert [case.id for _, case in all_.entries][5:] == [held]


async def test_a_head_sees_their_organisation_and_a_curator_the_region(store: Store) -> None:
    async with store.transaction() as tx:
        late, hot = await stands(tx, assignee=3, hours=-1), await stands(tx, assignee=3, urgent=True)
        elsewhere = await stands(tx, "dorogi", hours=-2)
        unsorted = await stands(tx, "", status=Status.NEW)
        asked_of_citizen = await stands(tx, status=Status.WAITING, timer=Timer.PAUSED)
        lost = await stands(tx, status=Status.ANSWERED, timer=Timer.RATING)
        await stands(tx)
        heads = await tx.agendas.read(
            [Whose(organisations=frozenset({one})) for one in ("zhkh", "dorogi")], AGENDA[Role.HEAD], NOON, MIDNIGHT, most=8
        )
        assert [[case.id for _, case in one.entries] for one in heads] == [[late, hot], [elsewhere]]
        (curator,) = await tx.agendas.read([Whose()], AGENDA[Role.CURATOR], NOON, MIDNIGHT, most=8, undelivered=[lost])
        assert [(section, case.id) for section, case in curator.entries] == [
            (Section.UNSORTED, unsorted),
            (Section.OVERDUE, elsewhere),
            (Section.OVERDUE, late),
            (Section.WAITING, asked_of_citizen),
            (Section.UNDELIVERED, lost),
        ]
        (nothing,) = await tx.agendas.read([Whose()], [Section.UNDELIVERED], NOON, MIDNIGHT, most=8)
        assert (nothing.total, nothing.entries) == (0, ())


# --- figures -----------------------------------------------------------------------------------------------------------


async def answered(tx: Tx, hours: float, organisation: str = "zhkh", rating: int = 0, due: float = 24) -> None:
    number = await stands(tx, organisation, status=Status.ANSWERED, timer=Timer.RATING, rating=rating)
    await tx.answers.first(number, organisation, reported_at=NOON, at=later(hours=hours), due_at=later(hours=due))


@pytest.mark.parametrize(("hours", "median"), [((5,), 5), ((9, 1), 5), ((1, 2, 30), 2), ((1, 2, 4, 30), 3)])
async def test_the_median_is_the_middle_one_or_between_the_two_in_the_middle(store: Store, hours: tuple[float, ...], median: float) -> None:
    async with store.transaction() as tx:
        for one in hours:
            await answered(tx, one)
        found = await tx.answers.figures(NOON, later(days=7), now=later(days=7))
        assert found[REGION].median == median * 3600


async def test_a_week_in_figures_by_organisation_and_together(store: Store) -> None:
    async with store.transaction() as tx:
        for hours, rating in ((2, 5), (4, 0), (30, 4)):
            await answered(tx, hours, rating=rating)
        await answered(tx, 1, "dorogi")
        await stands(tx, hours=20)
        await stands(tx, hours=60)
        week = {"begin": NOON, "end": later(days=7), "now": later(hours=48)}
        by = await tx.answers.figures(organisations=["zhkh", "dorogi", "empty"], **week)
        assert by == {
            "zhkh": Figures(received=5, answered=3, in_time=2, missed=2, median=4 * 3600, rating=4.5),
            "dorogi": Figures(received=1, answered=1, in_time=1, median=3600),
        }
        together = await tx.answers.figures(**week)
        assert together == {REGION: Figures(received=6, answered=4, in_time=3, missed=2, median=3 * 3600, rating=4.5)}


async def test_a_second_answer_is_no_first_one(store: Store) -> None:
    async with store.transaction() as tx:
        await answered(tx, 2)
        await tx.answers.first(1, "zhkh", reported_at=NOON, at=later(hours=9), due_at=later(hours=24))
        assert (await tx.answers.figures(NOON, later(days=1), now=NOON))[REGION].median == 2 * 3600


async def test_every_question_has_an_index(store: Store) -> None:
    """None looks at all incidents or all answers there are."""
    async with store.transaction() as tx:
        await tx.digests.told({DAY})
        if not store.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        with asked(store) as statements:
            parameters: list[Any] = []
            event.listen(store.engine.sync_engine, "before_cursor_execute", lambda *seen: parameters.append(seen[3]))
            await tx.answers.figures(NOON, later(days=7), ["zhkh"], now=later(days=7))
            await tx.answers.figures(NOON, later(days=7), now=later(days=7))
            await tx.agendas.read([share(7, "zhkh")], AGENDA[Role.OFFICIAL], NOON, MIDNIGHT, most=8)
            await tx.agendas.read([Whose(organisations=frozenset({"zhkh"}))], AGENDA[Role.HEAD], NOON, MIDNIGHT, most=8)
            await tx.agendas.read([Whose()], AGENDA[Role.CURATOR], NOON, MIDNIGHT, most=8, undelivered=[1, 2])
        assert len(statements) == 13
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        for statement, given in zip(list(statements), list(parameters), strict=True):
            plan = "\n".join(str(tuple(row)) for row in await tx.connection.exec_driver_sql(explain + statement, given))
            assert "SCAN incidents" not in plan.replace("SCAN incidents USING COVERING INDEX", ""), f"{statement}\n{plan}"
            assert "SCAN first_answers" not in plan, f"{statement}\n{plan}"
            assert "Seq Scan" not in plan, f"{statement}\n{plan}"
