"""A community of a local VK, connected over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.door import Door
from sandbox.faults import Faults
from sandbox.vk import LocalVk
from sandbox.vk_http import application
from sandbox.vk_shapes import Chat, Community
from tests.bots.contract import Wired, fetcher

TOKEN = "vk1.a.secret-token"  # noqa: S105 - of a local VK
COMMUNITY = Community(900000001, TOKEN, "altai_sutki", "Сутки · Алтайский край")
PYOTR, SEMYON = 200000001, 200000011
CHAT = 2_000_000_001


async def soon(seconds: float) -> None:
    """What a channel waits between two tries: just enough not to spin."""
    await asyncio.sleep(min(seconds, 0.01))


async def turns() -> None:
    """Let the loop turn until what is under way on loopback connections has settled."""
    for _ in range(50):
        await asyncio.sleep(0)


def local_vk(folder: Path, clock: SandboxClock | None = None) -> LocalVk:
    return LocalVk(
        clock or SandboxClock(),
        Blobs(folder),
        communities=[COMMUNITY],
        people={PYOTR: "Пётр Образцов", SEMYON: "Семён Выдуманов"},
        chats=[Chat(COMMUNITY.id, CHAT, "Дорожная служба Бийска", (PYOTR, SEMYON))],
    )


@asynccontextmanager
async def connected(folder: Path, **rates: Any) -> AsyncIterator[tuple[Wired, LocalVk]]:
    """A channel that hears from now on."""
    vk, faults = local_vk(folder), Faults()
    door = Door(application(vk, faults, **rates), "vk", faults)
    address = await door.open()
    sessions = Sessions()
    elsewhere: dict[str, bytes] = {}
    channel = VkChannel(
        "vk/biysk", TOKEN, base_url=f"{address}/method/", sessions=sessions, fetch=fetcher(elsewhere), clock=vk.clock, sleep=soon
    )
    wired = Wired(
        channel=channel,
        messenger=vk,
        faults=faults,
        blobs=vk.blobs,
        bot=str(COMMUNITY.id),
        person=str(PYOTR),
        group=str(CHAT),
        elsewhere=elsewhere,
        secrets=(TOKEN, address),
        cursor=str(vk.pages[COMMUNITY.id].ts),
        names=False,
    )
    try:
        yield wired, vk
    finally:
        await channel.close()
        await sessions.close()
        await door.close()
