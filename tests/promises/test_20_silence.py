"""Promise 20: silence is noticed. Each stuck condition shows in /readyz and reaches an administrator within two minutes.

The real house with its watch, on a clock that is moved by hand: ten seconds at each look.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from bots.app import App
from bots.channel import Accept, Address, Reply, TryLater, Update
from bots.settings import read
from bots.watch import BEAT
from incidents.incident import Role
from scheduler.watchdog import WATCHES, Stuck
from storage.figures import Counter
from storage.marks import BACKUP, Marks
from storage.posts import Post, Purpose
from storage.store import Store
from storage.suggestions import Suggestions
from tests.fakes import TELEGRAM, VK, FakeChannel, FakeClock
from tests.promises.conftest import FULL, size
from tests.storage.given import reported
from tests.stories.house import ALTAI

LIMIT = timedelta(minutes=2)


class ListeningChannel(FakeChannel):
    """A messenger that answers polls, until it does not."""

    def __init__(self, account: str, clock: FakeClock) -> None:
        super().__init__(account, TELEGRAM if account.startswith("telegram") else VK)
        self.clock, self.deaf, self.last_heard = clock, False, clock()
        self.accept: Accept | None = None
        self.listens = asyncio.Event()

    async def receive(self, accept: Accept, cursor: str, heard_at: datetime | None = None) -> None:
        self.accept = accept
        self.listens.set()
        await asyncio.Event().wait()


class Town:
    """The house between fakes, with an administrator whom two messengers reach."""

    def __init__(self, url: str) -> None:
        self.clock, self.seconds = FakeClock(), 5000.0
        self.channels = {account: ListeningChannel(account, self.clock) for account in ("telegram/altai", "vk/altai")}
        settings = read(needs_region=False, given={"SUTKI_DATABASE": url.replace("+aiosqlite", "")})
        connections: Any = SimpleNamespace(channels=self.channels)
        self.app = App(settings, Store(url), connections, ALTAI, self.clock, monotonic=lambda: self.seconds)
        self.ticks = True

    async def open(self) -> None:
        async with self.app.store.transaction() as tx:
            await Marks(tx.connection).put(BACKUP, self.clock())
            olga = await tx.people.meet("telegram/altai", "70", "Ольга", "ru", self.clock())
            await tx.people.join(olga.id, "vk/altai", "700")
            for account, user in (("telegram/altai", "70"), ("vk/altai", "700")):
                await tx.people.greet(account, user, self.clock())
            await tx.people.appoint(olga.id, Role.ADMINISTRATOR, "", Address("telegram/altai", "70"), self.clock())
        await self.app.start(paced=False)
        async with asyncio.timeout(30):
            for channel in self.channels.values():
                await channel.listens.wait()

    async def close(self) -> None:
        if self.app._ticking.locked():
            self.app._ticking.release()
        await self.app.stop()
        await self.app.store.close()

    async def passes(self, length: timedelta) -> tuple[timedelta, list[str]] | None:
        """Let time pass until the administrator hears something: after how long, and what /readyz said then."""
        before = self.heard()
        for step in range(1, int(length / timedelta(seconds=BEAT)) + 1):
            self.clock.move(seconds=BEAT)
            self.seconds += BEAT
            for channel in self.channels.values():
                channel.last_heard = channel.last_heard if channel.deaf else self.clock()
            if self.ticks:
                await self.app.tick()
                await self.app.tell_digests()
            await self.app.watch.beat()
            await self.app.rest(0.15)
            if self.heard() > before:
                return timedelta(seconds=BEAT) * step, (await self.app.watch.look()).lines[1]
        return None

    def heard(self) -> int:
        return sum(1 for channel in self.channels.values() for one in channel.shown if one.address.chat in {"70", "700"})

    def said(self) -> list[str]:
        """What the administrator was told, by the messenger it came through."""
        return [
            f"{account}: {one.text}"
            for account, channel in self.channels.items()
            for one in channel.shown
            if one.address.chat in {"70", "700"}
        ]


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    town = Town(database_url)
    await town.open()
    yield town
    await town.close()


# --- how each is provoked ----------------------------------------------------------------------------------------------


async def deaf(town: Town, _: pytest.MonkeyPatch) -> None:
    town.channels["telegram/altai"].deaf = True


async def refused(town: Town, _: pytest.MonkeyPatch) -> None:
    town.app.desks["telegram/altai"].refused = True


async def stopped(town: Town, _: pytest.MonkeyPatch) -> None:
    task = town.app._tasks["hints" if "hints" in town.app._tasks else "intake"]
    task.cancel()
    await asyncio.wait([task])


async def dead_tick(town: Town, _: pytest.MonkeyPatch) -> None:
    """A tick that hangs holds up all that follow."""
    await town.app._ticking.acquire()
    town.ticks = False


async def database(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.app.watch.beat()  # it was well once: that is when it learned who the administrators are

    async def gone(self: object, now: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Counter, "figures", gone)


async def inbox(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored, and nobody handles it."""

    async def idle() -> int:
        await asyncio.sleep(0.05)
        return 1

    monkeypatch.setattr(town.app.intake, "step", idle)
    async with town.app.store.transaction() as tx:
        await tx.inbox.put("vk/altai", [Update("1", {"event": 1}, "501")], town.clock())


async def outbox(town: Town, _: pytest.MonkeyPatch) -> None:
    town.channels["telegram/altai"].fail["-100"] = [TryLater("away", 30)]
    async with town.app.store.transaction() as tx:
        await tx.outbox.put(Post(to=Address("telegram/altai", "-100"), out=Reply("карточка")), town.clock())
    town.app.hint()


async def dead_letters(town: Town, _: pytest.MonkeyPatch) -> None:
    accept = town.channels["vk/altai"].accept
    assert accept is not None
    await accept([Update("1", {"what": "nobody knows"}, "501")], "1")


async def answers(town: Town, _: pytest.MonkeyPatch) -> None:
    async with town.app.store.transaction() as tx:
        case = await reported(tx)
        row = await tx.outbox.put(
            Post(to=Address("vk/altai", "501"), out=Reply("ответ"), purpose=Purpose.ANSWER, incident=case.id), town.clock()
        )
        await tx.connection.execute(text("UPDATE outbox SET state = 'uncertain' WHERE id = :row"), {"row": row})


async def backup(town: Town, _: pytest.MonkeyPatch) -> None:
    async with town.app.store.transaction() as tx:
        await Marks(tx.connection).put(BACKUP, town.clock())


async def disk(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000_000))


Provoke = Callable[[Town, pytest.MonkeyPatch], Awaitable[None]]


async def broken_model(town: Town, _monkeypatch: pytest.MonkeyPatch) -> None:
    """The model in the database is damaged."""
    async with town.app.store.transaction() as tx:
        await Suggestions(tx.connection).install('{"format": 1', {}, town.clock())
    await town.app._reload_region()


PROVOKED: Mapping[Stuck, tuple[Provoke, str]] = {
    Stuck.DEAF: (deaf, "vk/altai: ⚠️ telegram/altai: мессенджер не отвечает"),
    Stuck.REFUSED: (refused, "vk/altai: ⚠️ telegram/altai: мессенджер не принимает токен"),
    Stuck.STOPPED: (stopped, "telegram/altai: ⚠️ Остановилась часть программы"),
    Stuck.CLOCK: (dead_tick, "telegram/altai: ⚠️ Часы сроков стоят"),
    Stuck.DATABASE: (database, "telegram/altai: ⚠️ База не отвечает"),
    Stuck.INBOX: (inbox, "telegram/altai: ⚠️ Сообщения принимаются, но не разбираются"),
    Stuck.OUTBOX: (outbox, "vk/altai: ⚠️ telegram/altai: сообщения не уходят"),
    Stuck.DEAD_LETTERS: (dead_letters, "telegram/altai: ⚠️ Не удалось разобрать 1 сообщение"),
    Stuck.ANSWERS: (answers, "telegram/altai: ⚠️ 1 ответ жителю не дошёл"),
    Stuck.BACKUP: (backup, "telegram/altai: ⚠️ Резервной копии нет уже"),
    Stuck.DISK: (disk, "telegram/altai: ⚠️ На диске с базой осталось 100 МБ"),
    Stuck.SUGGESTIONS: (broken_model, "telegram/altai: ⚠️ Модель подсказок в базе не подходит"),
}
"""How each is brought about, and by whom and how the administrator hears of it."""
ELSEWHERE = {Stuck.LOOP, Stuck.UNATTENDED, Stuck.CALENDAR}
"""The blocked event loop: tests/bots/test_lookout.py; an account without a process needs several (test_unattended below); a year that
the calendar does not know is no silence, and /readyz does not name it (test_the_year_that_is_missing below)."""


def test_every_condition_of_the_table_is_provoked() -> None:
    assert set(PROVOKED) | ELSEWHERE == set(WATCHES)


IN_SHORT = {"postgresql": (Stuck.DEAF, Stuck.DEAD_LETTERS), "sqlite": tuple(PROVOKED)}
"""What `make test` provokes on which database; `make promises` provokes all on both."""
CASES = [(kind, stuck) for kind, short in IN_SHORT.items() for stuck in (PROVOKED if FULL else short)]


@pytest.mark.parametrize(("database_url", "stuck"), CASES, indirect=["database_url"], ids=str)
async def test_it_shows_and_an_administrator_hears_of_it(
    town: Town, stuck: Stuck, monkeypatch: pytest.MonkeyPatch, figures: Callable[..., None]
) -> None:
    if stuck is Stuck.DISK and not town.app.store.is_sqlite:
        town.app.watch._folder = shutil.os.curdir  # type: ignore[attr-defined]  # a server's disk is not ours to look at
    assert await town.passes(timedelta(seconds=20)) is None
    provoke, hears = PROVOKED[stuck]
    await provoke(town, monkeypatch)
    allowed = WATCHES[stuck].after if WATCHES[stuck].after > LIMIT else timedelta(0)
    town.clock.move(seconds=allowed.total_seconds())
    for channel in town.channels.values():
        channel.last_heard = channel.last_heard if channel.deaf else town.clock()
    came = await town.passes(LIMIT)
    assert came is not None
    after, wrong = came
    figures(**{f"{stuck.name.lower()}_seconds": round(after.total_seconds())})
    assert after <= LIMIT
    assert any(line.startswith(stuck.value) for line in wrong)
    said = town.said()
    assert any(line.startswith(hears) for line in said), said
    assert await town.passes(timedelta(minutes=size(quick=2, full=60))) is None, town.said()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_is_said_again_after_six_hours_and_when_it_is_over(town: Town) -> None:
    await town.passes(timedelta(minutes=1))
    town.channels["telegram/altai"].deaf = True
    assert await town.passes(LIMIT) is not None
    town.clock.move(hours=6)
    town.channels["vk/altai"].last_heard = town.clock()
    assert await town.passes(LIMIT) is not None
    town.channels["telegram/altai"].deaf = False
    over = await town.passes(timedelta(minutes=12))
    assert over is not None
    assert sorted(line.split()[1] for line in town.said()) == sorted(["⚠️", "⏳", "✅"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_unattended_an_account_without_a_process(town: Town) -> None:
    standing = town.app.standing

    def alone() -> object:
        return replace(standing(), unattended=["vk/altai"])

    town.app.watch._standing = alone  # type: ignore[assignment]  # what the leases would say
    came = await town.passes(LIMIT)
    assert came is not None
    assert came[1] == ["unattended vk/altai"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_year_that_is_missing_in_the_calendar_is_told_once_a_week(town: Town) -> None:
    calendar = ALTAI.clock.calendar
    assert calendar.missing(town.clock().date()) is None
    town.app._office = replace(
        town.app.office, region=replace(ALTAI, clock=replace(ALTAI.clock, calendar=replace(calendar, years=frozenset())))
    )
    came = await town.passes(LIMIT)
    assert came is not None
    assert came[1] == []
    assert town.said()[0].startswith("telegram/altai: ⚠️ В рабочем календаре нет 2026 года")
    assert await town.passes(timedelta(minutes=2)) is None
