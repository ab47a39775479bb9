"""The door in: a raw update is stored before it is acknowledged, and handled after, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bots.channel import Address, Channel, Clock, Event, Malformed, Pressed, Reply, Said, Scene, Undelivered, Update
from handlers.routes import handle, handle_own
from handlers.turn import Moment, Office
from storage.inbox import Row
from storage.incidents import Stale
from storage.leases import Lease
from storage.outbox import Post
from storage.store import Store, Tx

log = structlog.get_logger(__name__)

ALBUM_PAUSE = timedelta(milliseconds=700)
"""An album is handled this long after its last photo came: platforms send them one by one within a few tenths of a second."""
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (0.2, 1, 5, 20))
"""Pauses before the second, third … try; after the last one fails too the row is a dead letter."""
RACES = 3
"""Times a turn is taken at once when somebody else changed the same incident meanwhile; then that counts as a failure too."""
NAME_TIME = 2.0
"""Seconds a name may take."""
IDLE = 30.0
"""Seconds after which the loop looks by itself, should a hint have been missed."""


@dataclass(frozen=True, slots=True)
class Handful:
    """Rows that are handled together: one, or all of an album."""

    rows: tuple[Row, ...]

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]

    @property
    def first(self) -> Row:
        return self.rows[0]


class Intake:
    """Stores updates and handles them, one after another, each exactly once."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], office: Callable[[], Office], clock: Clock) -> None:
        self._store = store
        self._channels = channels
        self._office = office
        self._clock = clock
        self._something = asyncio.Event()
        self._stopping = False
        self.handled: Callable[[], None] = lambda: None
        """Called after a transaction that may have queued messages."""

    def accept(self, account: str, lease: Lease | None = None) -> Callable[[Sequence[Update], str], Awaitable[None]]:
        """What a channel calls with the updates it fetched: it may acknowledge them once this returns.

        ``lease``: what says that no other process listens for this account; without it nothing is stored, and LeaseLost raised.
        """

        async def accept(updates: Sequence[Update], cursor: str) -> None:
            now = self._clock()
            async with self._store.transaction("accept") as tx:
                if lease:
                    await tx.leases.check(lease)
                await tx.inbox.put(account, updates, now)
                await tx.accounts.moved(account, cursor, now)
            if updates:
                self.hint()

        return accept

    def hint(self) -> None:
        """There may be something to do."""
        self._something.set()

    async def run(self) -> None:
        """Handle what comes until ``stop``."""
        while not self._stopping:
            self._something.clear()
            try:
                pause = 0.0 if await self.step() else await self._pause()
            except Exception:  # the database is away: nothing is lost, it is all still in the inbox
                log.exception("intake_stopped_for_a_moment")
                pause = 1.0
            if pause and not self._stopping:
                await _wait(self._something, pause)

    def stop(self) -> None:
        """End after the unit of work at hand."""
        self._stopping = True
        self._something.set()

    async def step(self) -> int:
        """Handle everything whose time has come, once. Returns how many rows were looked at."""
        now = self._clock()
        async with self._store.transaction() as tx:
            held = set(await tx.inbox.held_lanes(now))
            rows = await tx.inbox.waiting(now, but=held)  # what stands behind a held row must not hide the rest
        looked = 0
        for handful in gather(rows):
            row = handful.first
            lane = (row.account, row.lane)
            if self._stopping or (row.account and row.lane and lane in held):
                continue
            if row.album and max(one.received_at for one in handful.rows) > now - ALBUM_PAUSE:
                held.add(lane)
                continue
            looked += len(handful.rows)
            if not await self._handle(handful):
                held.add(lane)
        return looked

    async def _pause(self) -> float:
        now = self._clock()
        async with self._store.transaction() as tx:
            due = await tx.inbox.next_due(now)
            waiting = await tx.inbox.waiting(now, limit=1, but=await tx.inbox.held_lanes(now))
        if waiting:  # an album that is still coming in
            return ALBUM_PAUSE.total_seconds() / 4
        return min(max((due - now).total_seconds(), 0.01), IDLE) if due else IDLE

    async def _handle(self, handful: Handful) -> bool:
        """Handle rows in one transaction. Returns whether the rows behind them may go on."""
        handful, events = await self._read(handful)
        if not handful.rows:
            return True
        events = await self._named(handful.first.account, merge(events))
        try:
            await self._in_one(handful, events)
        except Exception as problem:  # noqa: BLE001  # whatever it is, the row is tried again or kept as a dead letter
            return await self._failed(handful, events, problem)
        self.handled()
        return True

    async def _read(self, handful: Handful) -> tuple[Handful, list[Event]]:
        """The rows that can be read, and what they say. One that cannot is a dead letter at once, and hurts no other of its album."""
        rows: list[Row] = []
        events: list[Event] = []
        for row in handful.rows:
            try:
                events += self._events(row)
                rows.append(row)
            except Malformed as problem:
                await self._bury([row], f"malformed: {problem}")
            except Exception as problem:
                log.exception("update_unreadable", account=row.account, row=row.id)
                await self._bury([row], f"unreadable: {type(problem).__name__}")
        return Handful(tuple(rows)), events

    def _events(self, row: Row) -> Sequence[Event]:
        if not row.account:
            return ()
        channel = self._channels.get(row.account)
        if channel is None:
            raise Malformed("its account is no longer connected")
        return channel.events(row.raw)

    async def _in_one(self, handful: Handful, events: Sequence[Event]) -> None:
        """The whole turn in one transaction; taken anew at once when somebody else was quicker with the same incident."""
        for left in reversed(range(RACES)):
            try:
                async with self._store.transaction("handle") as tx:
                    if await tx.inbox.hold(handful.ids) != handful.ids:
                        return  # taken back, or handled, since it was looked at
                    moment = Moment(tx, self._office(), self._clock())
                    for event in events:
                        await handle(moment, event)
                    if not handful.first.account:
                        await handle_own(moment, handful.first.raw)
                    await tx.inbox.done(handful.ids, moment.now)
            except Stale:
                if not left:
                    raise
            else:
                return

    async def _named(self, account: str, events: list[Event]) -> list[Event]:
        """Events with the names of their senders, where the platform does not tell them along. Outside any transaction."""
        channel = self._channels.get(account)
        named = []
        for event in events:
            nameless = isinstance(event, Said | Pressed) and not event.sender.name and not event.sender.impersonal
            name = await self._name(channel, event.sender.id) if channel and nameless else ""
            named.append(replace(event, sender=replace(event.sender, name=name)) if name else event)
        return named

    async def _name(self, channel: Channel, user_id: str) -> str:
        """A person's name; empty when the platform does not tell it at once: no message waits for a name."""
        async with self._store.transaction() as tx:
            known = await tx.people.known(channel.account, user_id)
        if known and known.name:
            return ""
        try:
            async with asyncio.timeout(NAME_TIME):
                return await channel.name_of(user_id)
        except (TimeoutError, Undelivered):
            return ""
        except Exception:  # a bug there costs the name, never the message
            log.exception("name_not_told", account=channel.account)
            return ""

    async def _failed(self, handful: Handful, events: Sequence[Event], problem: Exception) -> bool:
        """Try again later, or give up and keep it for an administrator. Only the kind of the error is kept: a text could be in it."""
        attempts = max(row.attempts for row in handful.rows)
        error = type(problem).__name__
        log.warning("handling_failed", account=handful.first.account, row=handful.first.id, attempt=attempts + 1, exc_info=problem)
        if attempts < len(RETRIES):
            async with self._store.transaction("fail") as tx:
                await tx.inbox.failed(handful.ids, error, self._clock() + RETRIES[attempts])
            return False
        await self._bury(handful.rows, error, events)
        return True

    async def _bury(self, rows: Sequence[Row], error: str, events: Sequence[Event] = ()) -> None:
        log.error("dead_letter", account=rows[0].account, row=rows[0].id, error=error)
        async with self._store.transaction("bury") as tx:
            await tx.inbox.dead([row.id for row in rows], error, self._clock())
            for event in events:
                if isinstance(event, Said) and event.scene is Scene.PRIVATE:
                    await self._apologise(tx, event.address, event.sender.language)
        self.handled()

    async def _apologise(self, tx: Tx, to: Address, language: str) -> None:
        """A person who wrote hears that it is kept, never silence."""
        moment = Moment(tx, self._office(), self._clock())
        text = moment.texts_for(language).say("sorry-stuck")
        await tx.outbox.put(Post(to=to, out=Reply(text=text)), moment.now)


def gather(rows: Sequence[Row]) -> list[Handful]:
    """Rows in their order, those of one album together where its first one stands."""
    albums: dict[tuple[str, str, str], list[Row]] = {}
    out: list[list[Row]] = []
    for row in rows:
        key = (row.account, row.lane, row.album)
        if row.album and key in albums:
            albums[key].append(row)
            continue
        out.append([row])
        if row.album:
            albums[key] = out[-1]
    return [Handful(tuple(group)) for group in out]


def merge(events: Sequence[Event]) -> list[Event]:
    """Things said in one album become one: all its files, and whatever text came with any of them."""
    merged: list[Event] = []
    for event in events:
        last = merged[-1] if merged else None
        if isinstance(event, Said) and isinstance(last, Said) and event.album and event.album == last.album:
            text = "\n".join(part for part in (last.text, event.text) if part)
            left_out = tuple(dict.fromkeys(last.left_out + event.left_out))
            merged[-1] = replace(last, text=text, files=last.files + event.files, left_out=left_out)
        else:
            merged.append(event)
    return merged


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until there may be something to do, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
