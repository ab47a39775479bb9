"""A process that only handles presses: `first=[("tests.promises.taking:run", …)]` of a warm child. Its messenger is the inbox itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bots.channel import Address, Event, Pressed, Scene, Sender
from bots.intake import Intake
from handlers import notices
from handlers.turn import Office
from incidents.region import parse
from storage.inbox import Inbox
from storage.store import Store
from tests.fakes import TELEGRAM, FakeChannel
from tests.promises.town import without_a_thread

REGION = Path(__file__).parents[2] / "examples" / "altai.toml"
ACCOUNT = "telegram/altai"


class Presses(FakeChannel):
    """Its raw updates say all there is to say."""

    def events(self, raw: Mapping[str, Any]) -> Sequence[Event]:
        return [
            Pressed(
                id=raw["press"],
                at=datetime.fromtimestamp(raw["at"], UTC),
                address=Address(self.account, raw["user"]),
                sender=Sender(raw["user"], f"Официал {raw['user']}"),
                scene=Scene.PRIVATE,
                message="1",
                payload=raw["payload"],
                press=raw["press"],
            )
        ]


async def office_of(store: Store) -> Office:
    """What a turn needs beside the database."""
    async with store.transaction() as tx:
        accounts = await tx.accounts.all()
    region = parse(REGION.read_text(encoding="utf-8"))
    return Office(region, accounts, {account.key: TELEGRAM for account in region.accounts}, notices.after)


def run(url: str, window: int) -> None:
    """Handle what is in the inbox, so many rows at a look, until killed. Never returns."""
    try:
        with without_a_thread():
            asyncio.run(_run(url, window))
    finally:
        os._exit(1)


async def _run(url: str, window: int) -> None:
    Inbox.waiting.__defaults__ = (window,)
    store = Store(url)
    office = await office_of(store)
    intake = Intake(store, {ACCOUNT: Presses(ACCOUNT, TELEGRAM)}, lambda: office, lambda: datetime.now(UTC))
    running = asyncio.create_task(intake.run())
    while not running.done():
        await asyncio.sleep(0.05)
        intake.hint()
