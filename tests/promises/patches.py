"""What a child is changed by before it starts (`first=` of `Zygote.start`), where the real thing takes too long or too much luck."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import os
import signal
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


def seconds(name: str, value: float) -> None:
    """Another length for a pause: ``("…patches:seconds", "handlers.drafts:UNDO", 0.3)``."""
    module, _, constant = name.partition(":")
    owner = importlib.import_module(module)
    setattr(owner, constant, timedelta(seconds=value) if isinstance(getattr(owner, constant), timedelta) else value)


def unpaced() -> None:
    """No limits of the platforms: those are promise 19."""
    from bots import delivery
    from bots.channel import Limits

    class Unlimited(delivery.Pace):
        def __init__(self, limits: Limits, *arguments: Any, **options: Any) -> None:
            from dataclasses import replace

            super().__init__(replace(limits, per_second=10_000, per_chat=0.0, per_group_minute=0), *arguments, **options)

    delivery.Pace = Unlimited  # type: ignore[misc]


def stumble(word: str, times: int) -> None:
    """Handling a text with this word in it fails so many times, whatever processes it falls in: the house has five tries for it."""
    from bots import intake

    handle = intake.handle

    async def stumbling(moment: Any, event: Any) -> None:
        text = getattr(event, "text", "")
        if word in text and _falls(text, times):
            raise ZeroDivisionError
        await handle(moment, event)

    intake.handle = stumbling


def _falls(text: str, times: int) -> bool:
    """Whether it has not happened often enough yet; counted in a file, which outlives the process."""
    fell = Path(f"fell-{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    before = fell.stat().st_size if fell.exists() else 0
    if before < times:
        fell.write_bytes(b"." * (before + 1))
    return before < times


def mornings(every: float) -> None:
    """A morning comes every so many seconds, each of another day: people of the small day hear a digest each time."""
    from datetime import date

    from incidents import agenda
    from scheduler import digests, jobs

    def day_of(digest: agenda.Digest, now: datetime, zone: tzinfo) -> date | None:
        return None if digest.weekly else date.fromordinal(date(2000, 1, 1).toordinal() + int(now.timestamp() / every) % 1_000_000)

    digests.day_of = day_of
    digests.begins = lambda day, zone: datetime.now(UTC)
    digests.next_morning = lambda now, zones: now + timedelta(seconds=every)
    jobs.DIGESTS = every


def record_sends(file: str) -> None:
    """Every call that this process begins is a line: when, by this machine's clock, which process, which account, which key."""
    from bots.telegram.channel import TelegramChannel
    from bots.vk.channel import VkChannel

    lines = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for kind in (TelegramChannel, VkChannel):
        _record_sends_of(kind, lines)


def _record_sends_of(kind: Any, lines: int) -> None:
    send = kind.send

    async def recorded(self: Any, to: Any, out: Any, key: int) -> Any:
        os.write(lines, f"{time.time():.6f} {os.getpid()} {self.account} {key}\n".encode())
        return await send(self, to, out, key)

    kind.send = recorded


def stop_at(point: str, file: str) -> None:
    """Hold this process up the first time it passes a point, as a machine does that hangs. The file is there from then on."""
    from storage.crash import arm

    left = [point]

    def reached(name: str) -> None:
        if name in left:
            left.clear()
            Path(file).touch()
            os.kill(os.getpid(), signal.SIGSTOP)

    arm(reached)


def notices_late(file: str, seconds: float) -> None:
    """Once the file is there, a lease always looks good from here, and it takes long to ask for it: on a machine that was suspended the
    monotonic clock stood still."""
    from bots.shift import Shift
    from storage.leases import Lease

    Lease.is_good = lambda *_: True  # type: ignore[method-assign]
    renew = Shift._renew

    def held_up() -> bool:
        return Path(file).exists()

    async def late(self: Shift) -> None:
        if held_up():
            await asyncio.sleep(seconds)
        await renew(self)

    Shift._renew = late  # type: ignore[method-assign]


def only_named_writes() -> None:
    """On PostgreSQL a transaction without a name may only read: a commit without a name would be a crash point nobody walks."""
    from sqlalchemy import text

    from storage.store import Store, Tx

    opened = Store.transaction

    @asynccontextmanager
    async def transaction(self: Store, name: str = "reading") -> AsyncIterator[Tx]:
        async with opened(self, name) as tx:
            if name == "reading" and not self.is_sqlite:
                await tx.connection.execute(text("SET TRANSACTION READ ONLY"))
            yield tx

    Store.transaction = transaction  # type: ignore[method-assign]


def on_sqlite(pragmas: Collection[str]) -> None:
    """More pragmas on each connection to SQLite: a shorter ``busy_timeout``, a smaller ``max_page_count``."""

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        if "sqlite" in type(connection).__module__:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
