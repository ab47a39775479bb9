"""One account at work: from where it listens on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from bots.channel import Accept, Update
from bots.delivery import Delivery
from bots.desk import Desk
from storage.store import Store
from tests.fakes import START, VK, FakeChannel, FakeClock

ACCOUNT = "vk/biysk"


class Listening(FakeChannel):
    """Tells from where it was to listen on."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT, VK)
        self.begun: asyncio.Future[tuple[str, datetime | None]] = asyncio.get_running_loop().create_future()

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        self.begun.set_result((cursor, heard_at))
        await asyncio.Event().wait()


async def _nothing(updates: Sequence[Update], cursor: str) -> None:
    raise AssertionError("nothing was said")


async def test_after_a_restart_it_listens_on_from_what_was_stored_last(store: Store) -> None:
    channel = Listening()
    async with store.transaction() as tx:
        await tx.accounts.identified(ACCOUNT, "vk", ACCOUNT, "Бийск", "", "")
        await tx.accounts.moved(ACCOUNT, "12", START)
    desk = Desk(
        store,
        channel,
        "vk",
        Delivery(store, channel, FakeClock(), monotonic=time.monotonic),
        _nothing,
        is_known=lambda: True,
        identified=lambda: asyncio.sleep(0),
    )
    desk.open()
    async with asyncio.timeout(10):
        assert await channel.begun == ("12", START)
    await desk.leave()
