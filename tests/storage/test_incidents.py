"""Incidents: one winner, one history row a version."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bots.channel import Location
from incidents.incident import Action, Deed, NotAllowed, Resolution, Role, Status, Timer, act
from storage.connection import Stale
from storage.incidents import Case
from storage.store import Store, Tx
from tests.storage.given import NOON, later, reported, somebody


async def _assigned(store: Store, **facts: object) -> Case:
    async with store.transaction() as tx:
        return await reported(tx, status=Status.ASSIGNED, organisation="zhkh", **facts)


async def _get(store: Store, number: int) -> Case:
    async with store.transaction() as tx:
        case = await tx.incidents.get(number)
    assert case is not None
    return case


async def _take(tx: Tx, case: Case, by: int) -> Case:
    incident, change = act(case.incident, Deed(action=Action.TAKE, role=Role.OFFICIAL, by=by, at=NOON))
    return await tx.incidents.save(Case(incident, case.report), change)


async def test_an_incident_comes_back_as_it_was_stored(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        full = Case(
            replace(
                case.incident,
                status=Status.CLOSED,
                organisation="zhkh",
                assignee=3,
                topic="housing",
                territory="biysk",
                resolution=Resolution.SOLVED,
                urgent=True,
                undeliverable=True,
                rating=5,
                answered_at=later(hours=1),
                timer=Timer.PAUSED,
                turn=4,
                started_at=later(hours=2),
                heard=("50", "1h-after"),
                due_at=later(hours=3),
                paused_left=12.5,
                wake_at=later(hours=4, microseconds=7),
            ),
            replace(
                case.report,
                location=Location(52.5, 85.25),
                place="ул. Ленина, 15",
                danger="gas",
                files=2,
                corrected=True,
                linked_to=1,
                merged_into=2,
                receipt=9,
            ),
        )
        saved = await tx.incidents.save(full)
    assert saved.incident.version == 2
    assert await _get(store, case.id) == saved


async def test_numbers_count_up(store: Store) -> None:
    async with store.transaction() as tx:
        one, other = await reported(tx), await reported(tx)
        assert other.id > one.id > 0
        assert await tx.incidents.get(other.id + 1) is None


async def test_a_second_writer_of_the_same_version_writes_nothing(store: Store) -> None:
    case = await _assigned(store)
    async with store.transaction() as tx:
        await _take(tx, case, 1)
    async with store.transaction() as tx:
        with pytest.raises(Stale):
            await _take(tx, case, 2)
        with pytest.raises(Stale):
            await tx.incidents.save(case)
        assert [(one.by, one.version, one.before, one.after) for one in await tx.incidents.history(case.id)] == [
            (1, 2, Status.ASSIGNED, Status.IN_PROGRESS)
        ]
    assert (await _get(store, case.id)).incident.assignee == 1


async def _take_if_free(store: Store, number: int, by: int) -> str:
    try:
        async with store.transaction() as tx:
            case = await tx.incidents.get(number)
            assert case is not None
            await asyncio.sleep(0)
            await _take(tx, case, by)
    except Stale:
        return "stale"
    except NotAllowed as refused:
        return refused.why
    return "won"


@pytest.mark.parametrize("round_", range(3))
async def test_of_ten_who_take_it_at_once_exactly_one_wins(store: Store, round_: int) -> None:
    number = (await _assigned(store, turn=round_)).id
    results = await asyncio.gather(*(_take_if_free(store, number, by) for by in range(1, 11)))
    assert results.count("won") == 1
    assert set(results) <= {"won", "stale", NotAllowed.HELD}
    case = await _get(store, number)
    async with store.transaction() as tx:
        assert [one.by for one in await tx.incidents.history(number)] == [case.incident.assignee] == [results.index("won") + 1]
    assert case.incident.version == 2


async def test_of_ten_processes_that_read_it_before_any_wrote_exactly_one_wins(database_url: str, store: Store) -> None:
    case = await _assigned(store)
    stores = [Store(database_url) for _ in range(10)]

    async def write(one: Store, by: int) -> bool:
        try:
            async with one.transaction() as tx:
                await _take(tx, case, by)
        except Stale:
            return False
        return True

    assert sum(await asyncio.gather(*(write(one, by) for by, one in enumerate(stores, 1)))) == 1
    await asyncio.gather(*(one.close() for one in stores))


async def test_history_has_one_row_a_version(store: Store) -> None:
    case = await _assigned(store)
    _, change = act(case.incident, Deed(action=Action.TAKE, role=Role.OFFICIAL, by=1, at=NOON))
    async with store.transaction() as tx:
        await tx.incidents.record(change)
    with pytest.raises(IntegrityError):
        async with store.transaction() as tx:
            await tx.incidents.record(change)


async def test_history_tells_everything_that_was_said_of_a_deed(store: Store) -> None:
    case = await _assigned(store)
    deed = Deed(action=Action.ANSWER_INTERIM, role=Role.OFFICIAL, by=7, at=NOON, text="Выехали", date=later(days=2))
    incident, change = act(case.incident, deed)
    async with store.transaction() as tx:
        await tx.incidents.save(Case(incident, case.report), change)
        assert list(await tx.incidents.history(case.id)) == [change]


async def test_when_a_clock_was_set_last_is_told_apart_from_what_leaves_it_alone(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.IN_PROGRESS, organisation="zhkh", assignee=1)
        untouched = await reported(tx, user="502", status=Status.ASSIGNED, organisation="zhkh")
        for hour, action, role, what in (
            (1, Action.ASK, Role.OFFICIAL, {"text": "Где?"}),
            (2, Action.REPLY, Role.CITIZEN, {"text": "На Ленина"}),
            (3, Action.RELEASE, Role.OFFICIAL, {}),
        ):
            deed = Deed(action=action, role=role, by=1, at=later(hours=hour), **what)  # type: ignore[arg-type]  # each its own
            incident, change = act(case.incident, deed)
            case = await tx.incidents.save(Case(incident, case.report), change)
        assert await tx.incidents.clocks_set_at([case.id, untouched.id]) == {case.id: later(hours=2)}
        assert [one.id for one in await tx.incidents.open_after(case.id, 10)] == [untouched.id]


async def test_the_lists_of_an_office(store: Store) -> None:
    async with store.transaction() as tx:
        new = await reported(tx)
        soon = await reported(tx, status=Status.ASSIGNED, organisation="zhkh", timer=Timer.FIRST_ANSWER, due_at=later(hours=1))
        late = await reported(
            tx, status=Status.IN_PROGRESS, organisation="roads", assignee=3, timer=Timer.PROMISE, due_at=later(hours=-1), wake_at=NOON
        )
        asked = await reported(tx, status=Status.WAITING, organisation="zhkh", assignee=3, timer=Timer.PAUSED, due_at=later(hours=-2))
        done = await reported(tx, status=Status.ANSWERED, organisation="zhkh", assignee=3, timer=Timer.RATING, due_at=NOON)
        incidents = tx.incidents
        lists = {
            "unsorted": await incidents.unsorted(),
            "overdue": await incidents.due_before(NOON),
            "due": await incidents.due_before(later(hours=4), after=NOON),
            "due at roads": await incidents.due_before(later(hours=4), organisations=["roads"]),
            "owned": await incidents.owned("zhkh"),
            "held": await incidents.held_by(3),
            "held by nobody": await incidents.held_by(0),
            "newest": await incidents.newest(2),
            "open of the person": await incidents.of_person(new.report.person, open_only=True),
        }
        assert {name: [case.id for case in cases] for name, cases in lists.items()} == {
            "unsorted": [new.id],
            "overdue": [late.id],
            "due": [soon.id],
            "due at roads": [late.id],
            "owned": [soon.id, asked.id],
            "held": [asked.id, late.id],
            "held by nobody": [],
            "newest": [done.id, asked.id],
            "open of the person": [asked.id, late.id, soon.id, new.id],
        }
        assert await incidents.count_unsorted() == 1
        assert (await incidents.next_due(NOON), await incidents.next_wake()) == (later(hours=1), NOON)
        assert [case.id for case in await incidents.to_wake(NOON)] == [late.id]
        assert [case.id for case in await incidents.to_wake(NOON, only=late.id)] == [late.id]
        assert [*await incidents.to_wake(later(seconds=-1)), *await incidents.to_wake(NOON, but=[late.id])] == []


async def test_what_the_clock_and_the_queues_ask_for_is_found_by_an_index(store: Store) -> None:
    """However many incidents there are. An index of some rows is used only where the statement itself says that they are enough."""
    asked: list[str] = []

    async with store.transaction() as tx:
        await reported(tx, wake_at=NOON, due_at=NOON)
        if not store.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))  # of one row it would read the table, rightly

        @event.listens_for(store.engine.sync_engine, "before_cursor_execute")
        def noted(_c: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        await tx.incidents.to_wake(NOON, but=[7])
        await tx.incidents.to_wake(NOON, only=1)
        await tx.incidents.next_wake()
        await tx.incidents.unsorted()
        await tx.incidents.count_unsorted()
        await tx.incidents.due_before(NOON, after=later(hours=-1))
        await tx.incidents.due_before(NOON, organisations=["zhkh"])
        await tx.incidents.held_by(3)
        await tx.incidents.owned("zhkh")
        event.remove(store.engine.sync_engine, "before_cursor_execute", noted)
        for statement in (one for one in asked if one.startswith("SELECT")):
            plan = await _plan(tx, statement, sqlite=store.is_sqlite)
            assert "incidents" in plan
            assert "SCAN incidents" not in plan.replace("SCAN incidents USING", ""), (statement, plan)
            assert "Seq Scan on incidents" not in plan, (statement, plan)


async def _plan(tx: Tx, statement: str, *, sqlite: bool) -> str:
    """How the database goes about it, whatever the values are."""
    if sqlite:
        rows = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple([1] * statement.count("?")))
        return "\n".join(row[3] for row in rows)
    unknown = re.sub(r"\$\d+(::(?:TIMESTAMP WITH TIME ZONE|[A-Z]+))", r"(SELECT NULL\1)", statement)
    rows = await tx.connection.exec_driver_sql(f"EXPLAIN {unknown}")
    return "\n".join(row[0] for row in rows)


async def test_whoever_claims_an_incident_for_the_clock_has_it_alone(postgresql_url: str) -> None:
    one, other = Store(postgresql_url), Store(postgresql_url)
    try:
        async with one.transaction() as tx:
            numbers = [(await reported(tx, wake_at=NOON)).id for _ in range(5)]
        async with one.transaction() as first, other.transaction() as second:
            mine = [case.id for case in await first.incidents.to_wake(NOON, limit=2)]
            yours = [case.id for case in await second.incidents.to_wake(NOON)]
            assert (len(mine), sorted(mine + yours)) == (2, numbers)
            assert await second.incidents.to_wake(NOON, only=mine[0]) == []
    finally:
        await one.close()
        await other.close()


async def test_a_correction_is_remembered_for_an_incident_that_exists(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.incidents.corrected((await reported(tx)).id, "topic", "roads", "housing", person=await somebody(tx), at=NOON)
    with pytest.raises(IntegrityError):
        async with store.transaction() as tx:
            await tx.incidents.corrected(9999, "topic", "roads", "housing", person=1, at=NOON)
