"""Rows that wait to be written together are there whenever somebody looks, and a savepoint takes back its own and no others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from storage.connection import Stale
from storage.migrate import upgrade
from storage.posts import Purpose
from storage.store import Store, Tx
from storage.tables import contacts, history, inbox, incidents, people
from tests.storage.given import NOON, reported

ACCOUNT = "vk/altai"


async def _names(tx: Tx) -> list[str]:
    return list((await tx.connection.execute(select(people.c.name).order_by(people.c.id))).scalars())


async def _count(store: Store, table: object) -> int:
    async with store.transaction() as tx:
        counted: int = (await tx.connection.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]
        return counted


class Broken(Exception):
    """What breaks a turn or a transaction in these tests."""


async def _breaks(within: AbstractAsyncContextManager[Any], work: Callable[[Any], Awaitable[object]]) -> None:
    async with within as opened:
        await work(opened)
        raise Broken


async def _meets(tx: Tx, *names: str) -> None:
    for name in names:
        await tx.people.meet(ACCOUNT, f"id-{name}", name, "ru", NOON)


async def test_what_was_added_is_there_for_whoever_looks_and_after_the_commit(store: Store) -> None:
    async with store.transaction() as tx:
        await _meets(tx, "Анна", "Пётр")
        assert await _names(tx) == ["Анна", "Пётр"]
        await _meets(tx, "Семён")
    async with store.transaction() as tx:
        assert await _names(tx) == ["Анна", "Пётр", "Семён"]


async def test_nothing_of_a_transaction_that_breaks_is_there(store: Store) -> None:
    with pytest.raises(Broken):
        await _breaks(store.transaction(), lambda tx: _meets(tx, "Анна"))
    assert await _count(store, people) == 0


async def test_a_turn_that_breaks_takes_back_its_own_and_no_others(store: Store) -> None:
    async with store.transaction() as tx:
        async with tx.connection.savepoint():
            await _meets(tx, "Анна")
        with pytest.raises(Broken):
            await _breaks(tx.connection.savepoint(), lambda _: _meets(tx, "Пётр"))
        async with tx.connection.savepoint():
            await _meets(tx, "Семён")
        assert await tx.people.known(ACCOUNT, "id-Пётр") is None
    async with store.transaction() as tx:
        assert await _names(tx) == ["Анна", "Семён"]


async def test_the_same_when_it_has_asked_the_database_meanwhile(store: Store) -> None:
    async with store.transaction() as tx:
        async with tx.connection.savepoint():
            await _meets(tx, "Анна")

        async def looks(_: object) -> None:
            await _meets(tx, "Пётр")
            assert await _names(tx) == ["Анна", "Пётр"]
            await tx.people.greet(ACCOUNT, "id-Анна", NOON)

        with pytest.raises(Broken):
            await _breaks(tx.connection.savepoint(), looks)
        async with tx.connection.savepoint():
            await _meets(tx, "Семён")
            assert await tx.people.greet(ACCOUNT, "id-Анна", NOON)
    async with store.transaction() as tx:
        assert await _names(tx) == ["Анна", "Семён"]
    assert await _count(store, contacts) == 1


async def test_a_row_of_an_earlier_turn_is_changed_by_a_statement_that_can_be_taken_back(store: Store) -> None:
    async with store.transaction() as tx:
        async with tx.connection.savepoint():
            case = await reported(tx)
        with pytest.raises(Broken):
            await _breaks(tx.connection.savepoint(), lambda _: tx.incidents.save(case))
        assert (await tx.incidents.get(case.id)) == case
    async with store.transaction() as tx:
        assert (await tx.incidents.get(case.id)) == case


async def test_what_was_read_is_not_believed_after_somebody_wrote_it(store: Store) -> None:
    async with store.transaction() as tx:
        await _meets(tx, "Анна")
        assert [person.name for person in [await tx.people.get(1)]] == ["Анна"]
        await tx.people.meet(ACCOUNT, "id-Анна", "Анна Примерова", "ru", NOON)
        assert (await tx.people.get(1)).name == "Анна Примерова"


async def test_numbers_of_incidents_have_no_gaps_while_nothing_breaks(store: Store) -> None:
    numbers = []
    for _ in range(3):
        async with store.transaction() as tx:
            await tx.incidents.ahead(set(), coming=2)
            numbers += [(await reported(tx)).id for _ in range(2)]
    async with store.transaction() as tx:
        numbers.append((await reported(tx)).id)
    assert numbers == list(range(1, 8))


async def test_a_number_is_never_given_twice(store: Store) -> None:
    async with store.transaction() as tx:
        first = await reported(tx)
    with pytest.raises(Broken):
        await _breaks(store.transaction(), reported)
    async with store.transaction() as tx:
        second = await reported(tx)
    assert first.id < second.id
    assert await _count(store, incidents) == 2


async def test_numbers_taken_in_a_transaction_that_broke_are_not_kept_for_the_next(store: Store) -> None:
    """After a failover PostgreSQL may count from before them."""

    async def takes_five(tx: Tx) -> None:
        await tx.incidents.ahead(set(), coming=5)
        await reported(tx)

    with pytest.raises(Broken):
        await _breaks(store.transaction(), takes_five)
    async with store.transaction() as tx:
        assert (await reported(tx)).id in (1, 6)  # SQLite gives the first again, nobody was told of it; PostgreSQL goes on


async def test_a_change_and_its_history_are_written_once_each(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        case = await tx.incidents.save(case)
        case = await tx.incidents.save(case)
    async with store.transaction() as tx:
        assert (await tx.incidents.get(case.id)) == case
    assert (await _count(store, incidents), await _count(store, history)) == (1, 0)


async def test_what_a_turn_changed_is_written_with_the_changes_of_others_and_read_as_changed(store: Store) -> None:
    async with store.transaction() as tx:
        cases = [await reported(tx) for _ in range(3)]
    async with store.transaction() as tx:
        for case in [known for case in cases if (known := await tx.incidents.get(case.id))]:
            async with tx.connection.savepoint():
                await tx.incidents.save(await tx.incidents.save(case))
        assert [(case.id, case.incident.version) for case in await tx.incidents.newest()] == [(3, 3), (2, 3), (1, 3)]


async def test_a_change_of_a_turn_that_breaks_is_not_written(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
    async with store.transaction() as tx:
        assert await tx.incidents.get(case.id)
        with pytest.raises(Broken):
            await _breaks(tx.connection.savepoint(), lambda _: tx.incidents.save(case))
        async with tx.connection.savepoint():
            await tx.incidents.save(case)
    async with store.transaction() as tx:
        assert [case.incident.version for case in await tx.incidents.newest()] == [2]


async def test_two_turns_that_change_what_they_read_in_one_state_do_not_both_do_so(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
    async with store.transaction() as tx:
        assert await tx.incidents.get(case.id)
        async with tx.connection.savepoint():
            await tx.incidents.save(case)
        with pytest.raises(Stale):
            async with tx.connection.savepoint():
                await tx.incidents.save(case)


async def test_what_another_process_changed_meanwhile_ends_the_transaction_of_many(postgresql_url: str) -> None:
    store, other = Store(postgresql_url), Store(postgresql_url)
    await upgrade(store)
    async with store.transaction() as tx:
        case = await reported(tx)

    async def late() -> None:
        async with store.transaction() as tx:
            async with tx.connection.savepoint():
                assert await tx.incidents.get(case.id)
                async with other.transaction() as theirs:
                    await theirs.incidents.save(case)
                await tx.incidents.save(case)
            await _meets(tx, "Анна")

    with pytest.raises(Stale):
        await late()
    assert await _count(store, people) == 1, "but for the one who reported nobody was met"
    await store.close()
    await other.close()


async def test_what_is_written_together_stands_there_as_if_written_by_itself(store: Store) -> None:
    instants = (NOON.astimezone(timezone(timedelta(hours=7))), datetime(1, 1, 1, tzinfo=UTC), NOON + timedelta(microseconds=1), None)
    rows = [
        {
            "account": "a",
            "key": str(at),
            "raw": {"слово": [at and 1.5, None]},
            "received_at": NOON,
            "handle_after": at,
            "state": Purpose.CARD,
        }
        for at in instants
    ]
    async with store.transaction() as tx:
        for row in rows:
            tx.connection.add(inbox, row, unless=("account", "key"))
        await tx.connection.execute(insert(inbox), [row | {"account": "b"} for row in rows])
        columns = "key, raw, lane, received_at, handle_after, state"
        one, other = [
            (await tx.connection.execute(text(f"SELECT {columns} FROM inbox WHERE account = '{account}' ORDER BY id"))).all()
            for account in "ab"
        ]
    assert one == other
