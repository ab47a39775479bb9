"""A whole house with a platform around it that keeps a record, fails as platforms fail, and outlives the process."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import groupby, islice
from typing import Any

import aiosqlite
import pytest
import structlog
from sqlalchemy import event, text

import storage.connection
import storage.store
from bots.channel import (
    Address,
    Event,
    Limits,
    OpenThread,
    Outgoing,
    Pressed,
    Refused,
    RenameThread,
    Said,
    Scene,
    ThreadGone,
    TryLater,
    Unknown,
    Unreachable,
)
from bots.channel import Update as RawUpdate
from bots.delivery import Delivery
from bots.intake import Intake
from incidents.region import Region
from storage import crash
from storage.store import Store, Tx
from tests.fakes import FakeChannel
from tests.promises.invariants import Acknowledged, Platform, Posted
from tests.stories.house import ALTAI, Actor, House

MARK = re.compile(r"м\d{6}")
"""How a text in a town tells whose it is."""
FETCH = 100
"""Updates that a platform gives at once."""


class Crash(BaseException):
    """The process ends here; nothing but a test may catch it."""


class Fuse:
    """Ends the process at one of the next named points. Once it burnt nothing passes a point any more, until ``renew``."""

    def __init__(self) -> None:
        self._left: int | None = None
        self.burnt_at = ""

    def light(self, points: int) -> None:
        """So many points may still be passed."""
        self._left = points

    def burn(self) -> None:
        """The process ends here and now, by no point of its own."""
        self.burnt_at = self.burnt_at or "killed"

    def pause(self) -> int | None:
        """While something is only looked at nothing burns."""
        left, self._left = self._left, None
        return left

    def go_on(self, left: int | None) -> None:
        """It burns on."""
        self._left = left

    def renew(self) -> None:
        """A new process."""
        self._left, self.burnt_at = None, ""

    def point(self, name: str) -> None:
        """A point is passed, or not."""
        if self.burnt_at:
            raise Crash(self.burnt_at)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.burnt_at = name
                raise Crash(name)


class Fault(StrEnum):
    """How one call goes wrong."""

    LATER = "later"
    WHOLE_ACCOUNT = "whole account"
    NEVER_CAME = "never came"
    """The connection broke, and the call had not arrived."""
    UNHEARD = "unheard"
    """The connection broke, and the call had arrived."""
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TOPIC_GONE = "topic gone"


class Wire(FakeChannel):
    """A messenger that keeps a record and fails as it is told; VK's drops a repeat of a key, as the real one does."""

    def __init__(self, account: str, limits: Limits) -> None:
        super().__init__(account, limits)
        self.platform = Platform()
        self.faults: deque[Fault] = deque()
        self.away = False
        self.asks_to_wait = 30.0
        """Seconds until it may be tried again while it is away."""
        self.blocked: set[str] = set()
        self.slowness: Callable[[], int] = lambda: 0
        """How many other things the loop does before a call is over: calls end in another order than they began."""
        self.buttons: list[tuple[str, str, str]] = []
        """Every button that ever stood anywhere: chat, message, what it carries."""
        self._by_key: dict[int, tuple[str, ...]] = {}

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        for _ in range(self.slowness()):
            await asyncio.sleep(0)
        if self.away:
            raise TryLater("nobody answers", self.asks_to_wait, whole_account=True)
        if to.chat in self.blocked:
            raise Unreachable("blocked by the user")
        fault = self.faults.popleft() if self.faults else None
        self._fails(fault, to)
        ids = self._by_key.get(key) if self.limits.drops_repeats else None
        if ids is None:
            ids = await super().send(to, out, key)
            self._by_key[key] = ids
            self.record(to, out, key, ids)
        if fault is Fault.UNHEARD:
            raise Unknown("the connection broke")
        return ids

    def _fails(self, fault: Fault | None, to: Address) -> None:
        match fault:
            case Fault.LATER:
                raise TryLater("slow down", 3.0)
            case Fault.WHOLE_ACCOUNT:
                raise TryLater("slow down", 5.0, whole_account=True)
            case Fault.NEVER_CAME:
                raise Unknown("the connection broke")
            case Fault.REFUSED:
                raise Refused("bad request")
            case Fault.UNREACHABLE:
                raise Unreachable("chat not found")
            case Fault.TOPIC_GONE if to.thread:
                self.threads.pop((to.chat, to.thread), None)
                raise ThreadGone("no such topic")

    def record(self, to: Address, out: Outgoing, key: int, ids: Sequence[str]) -> None:
        """The platform did what was asked of it."""
        if isinstance(out, OpenThread | RenameThread) or out.whisper_to:
            return
        where = self.platform.shown if out.instead_of else self.platform.posted
        self.buttons += [(to.chat, ids[0], button.payload) for row in out.keyboard for button in row if button.payload]
        words = out.text if self.platform.mark else ""  # without marks nobody looks for them
        where += [Posted(self.account, to.chat, message, "" if at else words, key) for at, message in enumerate(ids)]


class Town(House):
    """A house with such a platform around it, which may be ended anywhere and started again on what its database holds."""

    def __init__(self, url: str, region: Region = ALTAI, *, seed: int = 0, channel: type[Wire] = Wire) -> None:
        self.url = url
        self.chance = random.Random(seed)  # noqa: S311  # chance, not secrecy
        self.fuse = Fuse()
        self.platform = Platform(mark=MARK)
        self.restarts = 0
        self.held = False
        """Whether updates have come that nobody handled yet."""
        self.arrived: list[tuple[Event, RawUpdate]] | deque[tuple[Event, RawUpdate]] = []
        """What was acknowledged, in the platforms' order."""
        self.staff: set[str] = set()
        """Platform ids of those who have, or had, a role."""
        self._waiting: list[tuple[Event, RawUpdate]] = []
        self._marks = 0
        super().__init__(_store(url), region, channel=channel)
        for wire in self.wires.values():
            wire.platform = self.platform
            wire.slowness = lambda: self.chance.randrange(4)
        crash.arm(self.fuse.point)

    @property
    def wires(self) -> Mapping[str, Wire]:
        """The messengers."""
        return {name: channel for name, channel in self.channels.items() if isinstance(channel, Wire)}

    # --- its end and its beginning ----------------------------------------------------------------------------------------

    async def start_again(self) -> None:
        """The process ended, however it did; a new one takes up what it finds."""
        self.restarts += 1
        await self._ends()
        self.fuse.renew()
        self.store = _store(self.url)
        self.intake = Intake(self.store, self.channels, lambda: self.office, self.clock)
        self.deliveries = [
            Delivery(self.store, channel, self.clock, monotonic=lambda: self._monotonic) for channel in self.channels.values()
        ]
        for delivery in self.deliveries:
            await delivery._take_up(first=True)

    async def official(self, account: str, user_id: str, *more: Any, **too: Any) -> Actor:
        self.staff.add(user_id)
        return await super().official(account, user_id, *more, **too)

    async def close(self) -> None:
        """Nothing of it is left in this process."""
        await self._ends()
        crash.arm(None)

    async def _ends(self) -> None:
        """Whatever is under way ends here; a statement that was begun is the database's own."""
        self.fuse.burn()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self.store.close()

    async def press_is_known(self, payload: str) -> None:
        """Somebody is about to press this: what they have sent once more may stand in a chat twice."""
        async with self.store.transaction() as tx:
            offered = await tx.conversations.offered(payload)
            if offered and offered.choice.action == "again":
                rows = await tx.outbox.of_draft(offered.choice.arguments["draft"])
                self.platform.asked_again.update(row for row, _ in rows)

    # --- what comes in ----------------------------------------------------------------------------------------------------

    def mark(self) -> str:
        """A word that stands in no other text."""
        self._marks += 1
        return f"м{self._marks:06d}"

    async def receives(self, events: Sequence[Event]) -> None:
        """Updates arrive. What the house did not acknowledge comes again before anything else does."""
        self._waiting += [(event, self._raw(event)) for event in events]
        while self._waiting:
            account, run = next(groupby(self._waiting, key=lambda one: one[0].address.account))
            batch = list(islice(run, FETCH))
            await self.intake.accept(account)([update for _, update in batch], batch[-1][0].id)
            del self._waiting[: len(batch)]
            self.arrived += batch
            self.platform.acknowledged += [self._acknowledged(event) for event, _ in batch]
            self.held = True

    async def arrives_again(self, event: Event, update: RawUpdate) -> None:
        """A platform delivers what it was told is taken."""
        await self.intake.accept(event.address.account)([update], event.id)
        self.held = True

    async def settle(self) -> None:
        await self.receives(())
        handled, sent = 0, list[bool]()
        for _ in range(500):
            handled = await self.intake.step()
            sent = [await self.sends(account) for account in await self.with_something_to_send()]
            self._monotonic += 61.0
            if not handled and not any(sent) and not await self._album_waits():
                self.held = False
                return
        raise AssertionError(f"the house does not come to rest: handles {handled}, sends {sent}\n{await self._unsettled()}")

    async def _unsettled(self) -> str:
        """What still waits in the inbox and in the outbox, a row a line."""
        async with self.store.transaction() as tx:
            inbox = (
                "SELECT 'in', id, account, lane, album, state, handle_after, attempts, error, received_at FROM inbox WHERE state = 'new'"
            )
            rows = (await tx.connection.execute(text(inbox))).all()
            outbox = "SELECT 'out', id, account, chat, thread, topic_of, purpose, kind, before_row, state, attempts, error, not_before "
            rows += (await tx.connection.execute(text(outbox + "FROM outbox WHERE state IN ('queued', 'sending')"))).all()
        return "\n".join([f"now {self.clock.now}", *(str(tuple(row)) for row in rows)])

    async def later(self, **by: float) -> None:
        """Let time pass; where a messenger is away nobody stops at each of its tries."""
        away = any(wire.away for wire in self.wires.values())
        await (self.sleeps(**by) if away else super().later(**by))

    async def with_something_to_send(self) -> list[str]:
        """The accounts for which something is queued, or being sent."""
        async with self.store.transaction() as tx:
            return await accounts_to_send(tx, self.channels)

    async def sends(self, account: str) -> bool:
        """Everything of an account that may be sent at this instant. Returns whether there was anything."""
        delivery = self.deliveries[list(self.channels).index(account)]
        sent = False
        while await delivery.step() == 0.0:
            sent = True
            await self.calls_end(delivery)
        return sent

    async def calls_end(self, delivery: Delivery) -> None:
        """The calls that have begun are over; what came of them is written with the next look at the outbox."""
        while delivery._running:
            await asyncio.wait(delivery._running)

    def _raw(self, event: Event) -> RawUpdate:
        album = event.album if isinstance(event, Said) else ""
        return RawUpdate(event.id, self.channels[event.address.account].raw(event), event.address.chat, album)

    def _acknowledged(self, event: Event) -> Acknowledged:
        """What has to be found of it: a citizen's marked words in a timeline, an answer to a press."""
        at = event.address
        reports = isinstance(event, Said) and event.scene is Scene.PRIVATE and event.sender.id not in self.staff and MARK.search(event.text)
        message = event.message if isinstance(event, Said) and reports else ""
        press = event.press if isinstance(event, Pressed) else ""
        return Acknowledged(at.account, event.id, at.chat, message, press, self.clock())


def _store(url: str) -> Store:
    """A database whose disk is not waited for: here the process ends, and never the machine."""
    store = Store(url)
    if store.is_sqlite:

        @event.listens_for(store.engine.sync_engine, "connect")
        def _connected(connection: Any, _: Any) -> None:
            connection.cursor().execute("PRAGMA synchronous=OFF")

    return store


@contextmanager
def quietly() -> Iterator[None]:
    """Nothing is logged: a process that ends in the middle of everything has much to say, and all of it was wanted."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def without_a_thread() -> Iterator[None]:
    """SQLite answers in the loop itself: what happens is then a matter of the seed alone, and several times quicker.

    No statement waits for anything, so none has to be kept from being broken off.
    """

    async def as_it_is(work: Awaitable[Any]) -> Any:
        return await work

    async def at_once(_: aiosqlite.Connection, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return function(*arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.Connection, "_execute", at_once)
        for place in (storage.connection, storage.store):
            patch.setattr(place, "to_its_end", as_it_is)
        yield


async def accounts_to_send(tx: Tx, accounts: Iterable[str]) -> list[str]:
    """Those of the accounts for which something is queued, or being sent. One row of each is looked for: a storm leaves ten thousand."""
    waits = text("SELECT 1 FROM outbox WHERE account = :account AND state IN ('queued', 'sending') LIMIT 1")
    return [one for one in sorted(accounts) if (await tx.connection.execute(waits, {"account": one})).first()]
