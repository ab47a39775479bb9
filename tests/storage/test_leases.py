"""Leases: one holder at a time by the database's clock, and nobody writes under a lease that another has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from storage.leases import Lease, LeaseLost
from storage.store import Store

NAME = "account telegram/altai"
LONG, OVER = timedelta(minutes=5), timedelta(0)


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Leases are for PostgreSQL only."""
    store = Store(postgresql_url)
    yield store
    await store.close()


async def take(store: Store, holder: str, lasts: timedelta = LONG) -> int:
    async with store.transaction() as tx:
        return await tx.leases.take(NAME, holder, lasts)


def lease(holder: str, term: int) -> Lease:
    return Lease(NAME, holder, term, 0.0)


async def test_of_many_who_take_it_at_once_one_has_it(store: Store) -> None:
    terms = await asyncio.gather(*[take(store, f"process {number}") for number in range(5)])
    assert sorted(terms) == [0] * 4 + [1]


async def test_who_holds_it_renews_it_and_nobody_else_gets_it(store: Store) -> None:
    assert [await take(store, "one"), await take(store, "one"), await take(store, "other")] == [1, 1, 0]


async def test_one_that_ran_out_is_taken_over_with_the_next_term_and_renewed_too_late_if_nobody_came(store: Store) -> None:
    assert [await take(store, "one", OVER), await take(store, "one", OVER)] == [1, 1]
    assert [await take(store, "other"), await take(store, "one")] == [2, 0]


async def test_one_that_is_released_is_free_at_once_and_only_its_holder_releases_it(store: Store) -> None:
    await take(store, "one")
    async with store.transaction() as tx:
        await tx.leases.release(lease("other", 1))
        await tx.leases.release(lease("one", 2))
    assert await take(store, "other") == 0
    async with store.transaction() as tx:
        await tx.leases.release(lease("one", 1))
    assert await take(store, "other") == 2


async def test_nothing_is_written_under_a_lease_that_another_has(store: Store) -> None:
    await take(store, "one", OVER)
    await take(store, "other")
    for to_begin in (False, True):
        with pytest.raises(LeaseLost):
            async with store.transaction() as tx:
                await tx.leases.check(lease("one", 1), to_begin=to_begin)


async def test_what_was_begun_may_be_written_down_after_it_ran_out_but_nothing_new_is_begun(store: Store) -> None:
    await take(store, "one", OVER)
    async with store.transaction() as tx:
        await tx.leases.check(lease("one", 1))
        with pytest.raises(LeaseLost):
            await tx.leases.check(lease("one", 1), to_begin=True)


async def test_nobody_takes_over_inside_a_transaction_that_looked_at_it_and_its_holder_renews_it_all_the_same(store: Store) -> None:
    await take(store, "one", OVER)
    async with store.transaction() as tx:
        await tx.leases.check(lease("one", 1))
        assert await take(store, "other") == 0
        async with store.transaction() as renewing:
            assert await renewing.leases.renew([NAME], "one", OVER) == {NAME: 1}
    assert await take(store, "other") == 2


async def test_what_another_has_is_not_renewed(store: Store) -> None:
    await take(store, "one", OVER)
    await take(store, "other")
    async with store.transaction() as tx:
        assert await tx.leases.renew([NAME, "account vk/altai"], "one", LONG) == {}


async def test_how_a_lease_stands_is_told_by_the_databases_clock(store: Store) -> None:
    await take(store, "one")
    async with store.transaction() as tx:
        held = (await tx.leases.all([NAME, "account vk/altai"]))[NAME]
        assert (held.holder, held.runs) == ("one", True)
        assert timedelta(minutes=-5) < held.over_for < timedelta(minutes=-4)
        assert set(await tx.leases.all(["account vk/altai"])) == set()
