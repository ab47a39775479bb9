"""Reminders: a step comes once on each clock, and a curator who has it under control is not told again."""

from __future__ import annotations

import asyncio

from storage.store import Store
from tests.storage.given import NOON, later, reported


async def test_a_reminder_step_comes_once_on_each_clock(store: Store) -> None:
    async with store.transaction() as tx:
        number = (await reported(tx)).id
        claims = [await tx.reminders.claim(number, turn, step, NOON) for turn, step in ((1, "50"), (1, "50"), (1, "80"), (2, "50"))]
        assert claims == [True, False, True, True]
        assert not await tx.reminders.claim(number, 1, "80", later(hours=1), skipped=True)
        assert await tx.reminders.of(number) == [(1, "50", NOON, False), (1, "80", NOON, False), (2, "50", NOON, False)]


async def test_of_ten_ticks_at_once_exactly_one_claims_a_reminder(store: Store) -> None:
    async with store.transaction() as tx:
        number = (await reported(tx)).id

    async def claim() -> bool:
        async with store.transaction() as tx:
            return await tx.reminders.claim(number, 1, "50", NOON)

    assert sum(await asyncio.gather(*(claim() for _ in range(10)))) == 1


async def test_control_silences_one_step_for_one_curator(store: Store) -> None:
    async with store.transaction() as tx:
        number = (await reported(tx)).id
        for person in (5, 5, 6):
            await tx.reminders.control(number, 1, "2h", person, NOON)
        assert await tx.reminders.controlled_by(number, 1, "2h") == {5, 6}
        assert await tx.reminders.controlled_by(number, 2, "2h") == frozenset()
