"""(c) Delivery against local servers that count like the platforms: how much of each limit is used, and how often it is passed."""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bench.figures import Figure
from bots.app import tidy_up
from bots.channel import Address, Channel, File, Outgoing, Reply
from bots.delivery import Delivery
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from bots.vk.calls import Sessions
from bots.vk.channel import VkChannel
from storage.migrate import upgrade
from storage.posts import Post
from storage.store import Store

JITTERS = (0.0, 0.02, 0.05, 0.1)
"""Seconds by which a call may come later than another, on its way to the platform and on its way back."""
ROUNDS = 10
"""So many times each slot of an account is used."""
TARGET = 0.98
WAY = 0.03
"""Seconds a call takes at least, there and back."""


@dataclass
class Platform:
    """Counts what reaches it, and refuses what is too much: calls of the account, messages of a chat, messages of a group in a minute."""

    a_second: int
    chat_rests: float
    group_minute: int
    jitter: float
    chance: random.Random
    refused: int = 0
    arrived: list[float] = field(default_factory=list)
    calls: list[tuple[float, float]] = field(default_factory=list)
    """When each call began and was over, as its caller saw it."""
    _chats: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(self, count: int) -> None:
        """Until so many calls have come in."""
        while len(self.arrived) < count:
            self._more.clear()
            await self._more.wait()

    @property
    def trip(self) -> float:
        """Seconds a call took, the mean."""
        return statistics.fmean(end - begun for begun, end in self.calls)

    def share(self, slots: int) -> float:
        """The part of its slots that was in use, a slot being in use during a call and the second after it: rate ÷ limit/(1 s + trip).

        Measured while there was something left to begin, so that neither the first burst nor the last calls count.
        """
        last = max(begun for begun, _ in self.calls)
        used = sum(min(end + 1, last) - begun for begun, end in self.calls)
        return used / (slots * (last - min(begun for begun, _ in self.calls)))

    async def way(self) -> None:
        await asyncio.sleep(WAY / 2 + self.chance.uniform(0, self.jitter))

    def counts(self, chat: str) -> bool:
        """Whether a call may pass that arrives now."""
        now, times = time.monotonic(), self._chats[chat]
        rush = sum(at > now - 1 for at in self.arrived[-self.a_second :]) >= self.a_second
        close = bool(self.chat_rests and times and times[-1] > now - self.chat_rests)
        crowd = bool(self.group_minute and chat.startswith("-") and sum(at > now - 60 for at in times) >= self.group_minute)
        if rush or close or crowd:
            self.refused += 1
            return False
        self.arrived.append(now)
        self._more.set()
        times.append(now)
        return True

    async def telegram(self, request: web.Request) -> web.Response:
        form = await request.post()
        await self.way()
        passes = self.counts(str(form["chat_id"]))
        await self.way()
        if not passes:
            return web.json_response({"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 1}})
        message = {"message_id": len(self.arrived), "date": 1, "chat": {"id": int(str(form["chat_id"])), "type": "private"}, "text": "x"}
        return web.json_response({"ok": True, "result": message})

    async def vk(self, request: web.Request) -> web.Response:
        form = await request.post()
        await self.way()
        passes = self.counts(str(form["peer_ids"]))
        await self.way()
        if not passes:
            return web.json_response({"error": {"error_code": 6, "error_msg": "Too many requests per second"}})
        return web.json_response({"response": [{"peer_id": int(str(form["peer_ids"])), "conversation_message_id": len(self.arrived)}]})


@asynccontextmanager
async def served(platform: Platform) -> AsyncIterator[str]:
    """The platform on a port of its own."""
    app = web.Application()
    app.router.add_post("/method/messages.send", platform.vk)
    app.router.add_post("/bot{token}/sendMessage", platform.telegram)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _nothing(_: File) -> AsyncIterator[bytes]:
    yield b""


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def connected(kind: str, url: str) -> AsyncIterator[Channel]:
    """The product's own channel, to that platform."""
    if kind == "telegram":
        sessions = TelegramSessions(url)
        yield TelegramChannel("telegram/bench", "4503599627370401:bench", sessions=sessions, fetch=_nothing, clock=_now)
        await sessions.close()
    else:
        calling = Sessions()
        yield VkChannel("vk/bench", "bench", sessions=calling, fetch=_nothing, clock=_now, base_url=f"{url}/method/")
        await calling.close()


@asynccontextmanager
async def stored(template: Path) -> AsyncIterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(template, Path(folder) / "bench.db")
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        yield store
        await store.close()


async def sent(template: Path, kind: str, platform: Platform, chats: Sequence[str]) -> None:
    """Deliver a message to each chat, and wait until they have all arrived."""
    async with served(platform) as url, stored(template) as store, connected(kind, url) as channel:
        async with store.transaction() as tx:
            for chat in chats:
                await tx.outbox.put(Post(to=Address(channel.account, chat), out=Reply("Аварийная бригада выехала")), _now())
        send = channel.send

        async def timed(to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
            begun = time.monotonic()
            try:
                return await send(to, out, key)
            finally:
                platform.calls.append((begun, time.monotonic()))

        channel.send = timed  # type: ignore[method-assign]
        delivery = Delivery(store, channel, _now, monotonic=time.monotonic)
        running = asyncio.create_task(delivery.run())
        await platform.reached(len(chats))
        delivery.stop()
        await running


async def account(template: Path, kind: str, jitter: float) -> Figure:
    """As many calls a second as the account may make."""
    a_second = 30 if kind == "telegram" else 20
    platform = Platform(a_second, 1.0 if kind == "telegram" else 0.0, 0, jitter, random.Random(1))  # noqa: S311  # chance, not secrecy
    await sent(template, kind, platform, [str(number) for number in range(1, a_second * ROUNDS + 1)])
    said = f"{a_second} calls/s, round trip {platform.trip * 1000:.0f} ms; refused for rate: {platform.refused} (target 0)"
    claim = f"(c) {kind}, jitter {jitter * 1000:.0f} ms: calls a second ÷ limit/(1 s + round trip)"
    return Figure(claim, platform.share(a_second), TARGET, at_least=True, said=said)


async def chat(template: Path, jitter: float) -> Figure:
    """One message a second in one chat."""
    platform = Platform(30, 1.0, 0, jitter, random.Random(1))  # noqa: S311  # chance, not secrecy
    await sent(template, "telegram", platform, ["7"] * ROUNDS)
    said = f"round trip {platform.trip * 1000:.0f} ms; refused for rate: {platform.refused} (target 0)"
    claim = f"(c) one chat, jitter {jitter * 1000:.0f} ms: messages a second ÷ 1/(1 s + round trip)"
    return Figure(claim, platform.share(1), TARGET, at_least=True, said=said)


async def group(template: Path, jitter: float) -> Figure:
    """20 messages a minute in a group: when the 21st comes."""
    platform = Platform(30, 1.0, 20, jitter, random.Random(1))  # noqa: S311  # chance, not secrecy
    await sent(template, "telegram", platform, ["-100"] * 21)
    after = platform.arrived[-1] - platform.arrived[0]
    said = f"the 21st message came {after:.2f} s after the first; refused for rate: {platform.refused} (target 0)"
    claim = f"(c) one group, jitter {jitter * 1000:.0f} ms: 60 s + round trip ÷ time to the 21st message"
    return Figure(claim, (60 + platform.trip) / after, TARGET, at_least=True, said=said)


async def measured(template: Path) -> Sequence[Figure]:
    """Accounts one after another; the group, which takes a minute, beside them."""
    store = Store(f"sqlite+aiosqlite:///{template}")
    await upgrade(store)
    await store.close()
    tidy_up()  # as ``sutki run`` does when it has started: to look for cycles in all that is there stops the loop for 0.3 s
    crowd = asyncio.create_task(group(template, JITTERS[-1]))
    figures = []
    for jitter in JITTERS:
        figures += [await account(template, "telegram", jitter), await account(template, "vk", jitter)]
    figures += await asyncio.gather(*(chat(template, jitter) for jitter in JITTERS))
    return [*figures, await crowd]


def main() -> int:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        for figure in asyncio.run(measured(Path(folder) / "template.db")):
            sys.stdout.write(f"{figure}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
