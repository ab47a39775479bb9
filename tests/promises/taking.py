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

REGION = Path(__file__).parents[2] / "examples" / "altai.toml"
ACCOUNT = "telegram/altai"
WINDOW = 12
"""Rows a process looks at at once, 200 in earnest: so a few are enough for two processes to be busy beside each other all the time."""


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


def run(url: str) -> None:
    """Handle what is in the inbox until killed. Never returns."""
    try:
        asyncio.run(_run(url))
    finally:
        os._exit(1)


async def _run(url: str) -> None:
    Inbox.waiting.__defaults__ = (WINDOW,)
    store = Store(url)
    office = await office_of(store)
    intake = Intake(store, {ACCOUNT: Presses(ACCOUNT, TELEGRAM)}, lambda: office, lambda: datetime.now(UTC))
    running = asyncio.create_task(intake.run())
    while not running.done():
        await asyncio.sleep(0.05)
        intake.hint()
