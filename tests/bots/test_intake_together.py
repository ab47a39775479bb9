"""Several processes take from one inbox: a conversation is one's at a time, in its order, and others do not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.channel import Said
from storage.inbox import Inbox
from storage.store import Store
from tests.bots.test_intake import TG, Desk, said


@pytest.fixture
async def other(postgresql_url: str) -> AsyncIterator[Store]:
    """Another process's way to the same database."""
    store = Store(postgresql_url)
    yield store
    await store.close()


@pytest.fixture
async def desk(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    store = Store(postgresql_url)
    yield Desk(store, monkeypatch)
    await store.close()


async def _held(inbox: Inbox, desk: Desk, *texts: str) -> None:
    """The rows with these texts are at work elsewhere."""
    rows = [
        row
        for row in await inbox.waiting(desk.clock())
        for event in desk.channels[TG].events(row.raw)
        if isinstance(event, Said) and event.text in texts
    ]
    assert list(await inbox.hold(rows)) == [row.id for row in rows]


async def test_nobody_waits_for_a_conversation_that_another_process_is_at_work_on(desk: Desk, other: Store) -> None:
    await desk.accepts(said("раз"), said("два"), said("другой", chat="200"))
    async with other.transaction() as tx:
        await _held(tx.inbox, desk, "раз")
        await desk.intake.step()
        assert desk.texts == ["другой"]
    await desk.rests()
    assert desk.texts == ["другой", "раз", "два"]


async def test_nothing_is_taken_from_behind_what_somebody_else_read_and_put_back(desk: Desk, other: Store) -> None:
    await desk.accepts(said("раз"), said("два"))
    async with desk.store.transaction() as tx:
        rows = await tx.inbox.waiting(desk.clock())
        assert list(await tx.inbox.hold(rows[1:])) == []
        assert list(await tx.inbox.hold(rows)) == [row.id for row in rows]


async def test_the_turn_of_an_album_is_that_of_its_first_part(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), said("два"), said("три", album="a"))
    async with desk.store.transaction() as tx:
        one, _, three = await tx.inbox.waiting(desk.clock())
        assert list(await tx.inbox.hold([one, three])) == [one.id, three.id]
        assert list(await tx.inbox.hold([three])) == []


async def test_two_take_everything_once_and_each_conversation_in_its_order(desk: Desk, other: Store) -> None:
    for number in range(40):
        await desk.accepts(*[said(f"{chat}/{number}", chat=str(chat)) for chat in range(100, 105)])
    second = desk.another()
    second._store = other

    async def rests(one: object) -> None:
        while await one.step():  # type: ignore[attr-defined]
            pass

    for _ in range(50):
        await asyncio.gather(rests(desk.intake), rests(second))
        if (await desk.counts())[0] == 0:
            break
    by_chat = {str(chat): [text for text in desk.texts if text.startswith(f"{chat}/")] for chat in range(100, 105)}
    assert by_chat == {chat: [f"{chat}/{number}" for number in range(40)] for chat in by_chat}
