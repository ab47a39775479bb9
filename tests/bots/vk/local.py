"""A community of a local VK, connected over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.vk import LocalVk
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


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[tuple[Wired, LocalVk]]:
    """A channel that hears from now on."""
    faults = Faults()
    vk = LocalVk(
        [COMMUNITY],
        {PYOTR: "Пётр Образцов", SEMYON: "Семён Выдуманов"},
        [Chat(COMMUNITY.id, CHAT, "Дорожная служба Бийска", (PYOTR, SEMYON))],
        blobs=Blobs(folder),
        faults=faults,
        clock=SandboxClock(),
    )
    address = await vk.open()
    sessions = Sessions()
    elsewhere: dict[str, bytes] = {}
    channel = VkChannel("vk/biysk", TOKEN, base_url=address, sessions=sessions, fetch=fetcher(elsewhere), clock=vk.clock, sleep=soon)
    wired = Wired(
        channel=channel,
        messenger=vk,
        faults=faults,
        blobs=vk.blobs,
        bot=str(COMMUNITY.id),
        person=str(PYOTR),
        group=str(CHAT),
        elsewhere=elsewhere,
        secrets=(TOKEN, address.removesuffix("/method/")),
        cursor=str(vk.pages[COMMUNITY.id].ts),
        names=False,
    )
    try:
        yield wired, vk
    finally:
        await channel.close()
        await sessions.close()
        await vk.close()
