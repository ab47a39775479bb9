"""The door in: a raw update is stored before it is acknowledged, and handled after, in one transaction."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bots.channel import Address, Channel, Clock, Event, Malformed, Pressed, Reply, Said, Scene, Undelivered, Update
from handlers.routes import ahead, handle, handle_own
from handlers.turn import Moment, Office
from storage.connection import Stale
from storage.inbox import NO_LANE, Lane, Row
from storage.leases import Lease
from storage.posts import Post
from storage.store import Store, Tx

log = structlog.get_logger(__name__)

ALBUM_PAUSE = timedelta(milliseconds=700)
"""An album is handled this long after its last photo came: platforms send them one by one within a few tenths of a second."""
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (0.2, 1, 5, 20))
"""Pauses before the second, third … try; after the last one fails too the row is a dead letter."""
RACES = 3
"""Times a turn is taken at once when somebody else changed the same incident meanwhile; then that counts as a failure too."""
BATCH_TIME, BATCH_WORK = 1.0, 0.1
"""Seconds, and seconds of our own work, after which no further turn is begun in one transaction: others want to write, too, and to use
the loop. Where the machine is slow for other reasons, shorter transactions would only make it slower."""
AT_LEAST = 10
"""Turns of one transaction before it makes way for updates that wait to be stored: those are what must not wait."""
LOOK_TIME = 5.0
"""Seconds after which no further transaction is begun with the rows of one look: what goes first may have come in since (``FIRST``)."""
ROUNDS = 3
"""Times we look further for conversations that no other process is at work on."""
NAME_TIME = 2.0
"""Seconds names may take."""
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


@dataclass(frozen=True, slots=True)
class Work:
    """Rows that are handled together, and what they say."""

    handful: Handful
    events: Sequence[Event]

    @property
    def ids(self) -> list[int]:
        return self.handful.ids

    @property
    def lane(self) -> Lane:
        """The conversation whose order is kept; what is of none, or the house's own, waits for nothing before it."""
        return self.handful.first.at


class Intake:
    """Stores updates and handles them, in the order of each conversation, each exactly once."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], office: Callable[[], Office], clock: Clock) -> None:
        self._store = store
        self._channels = channels
        self._office = office
        self._clock = clock
        self._something = asyncio.Event()
        self._stopping = False
        self._coming = 0
        """Fetches that wait to be stored."""
        self._waits = False
        """Whether rows waited when it was last looked."""
        self._due: datetime | None = None
        """When the next row may be handled that was not due then."""
        self.handled: Callable[[], None] = lambda: None
        """Called after a transaction that may have queued messages."""

    def accept(self, account: str, lease: Lease | None = None) -> Callable[[Sequence[Update], str], Awaitable[None]]:
        """What a channel calls with the updates it fetched: it may acknowledge them once this returns.

        ``lease``: what says that no other process listens for this account; without it nothing is stored, and LeaseLost raised.
        """

        async def accept(updates: Sequence[Update], cursor: str) -> None:
            now = self._clock()
            self._coming += 1
            try:
                async with self._store.transaction("accept") as tx:
                    if lease:
                        await tx.leases.check(lease)
                    await tx.inbox.put(account, updates, now)
                    await tx.accounts.moved(account, cursor, now)
            finally:
                self._coming -= 1
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
                pause = 0.0 if await self.step() else min(self.pause(), IDLE)
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
        now, looked = self._clock(), 0
        held: set[Lane] = set()
        self._waits = False
        for _ in range(ROUNDS):
            async with self._store.transaction() as tx:
                held |= await tx.inbox.held_lanes(now)
                rows = await tx.inbox.waiting(now, but=held)  # what stands behind a held row must not hide the rest
                self._due = await tx.inbox.next_due(now)
            self._waits |= bool(rows)
            coming: set[Lane] = set()
            read = [await self._read(handful) for handful in complete(gather(rows), now, coming)]
            begun = works = await self._named([work for work in read if work.handful.rows])
            looked += _rows_of(begun)
            elsewhere: set[Lane] = set()
            again = time.monotonic() + LOOK_TIME
            while works and not self._stopping:
                works = await self._some(works, held, elsewhere)
                if works and time.monotonic() > again:
                    return looked  # the next look finds the rest, behind what goes first
            if not elsewhere:
                break
            # Another process is at work on these conversations; there may be others behind them for us.
            held |= elsewhere | coming
            looked -= _rows_of(work for work in begun if work.lane in elsewhere)
        return max(looked, 0)

    def pause(self) -> float:
        """Seconds until something may be handled that was not at the last look, should nothing come meanwhile."""
        if self._waits:  # an album that is still coming in
            return ALBUM_PAUSE.total_seconds() / 4
        return max((self._due - self._clock()).total_seconds(), 0.01) if self._due else math.inf

    async def _some(self, works: Sequence[Work], held: set[Lane], elsewhere: set[Lane]) -> Sequence[Work]:
        """Take the first of these turns together, those that fail once more alone. Returns those that have not begun."""
        works = [work for work in works if work.lane not in held]
        alone: Sequence[Work] = works[:1]
        rest: Sequence[Work] = works[1:]
        if rest:
            try:
                alone, rest = await self._together(works, elsewhere)
            except Exception as problem:
                log.warning("batch_failed", rows=len(works), exc_info=problem)
                alone, rest = works, []
        for work in alone:
            if work.lane not in held and not await self._alone(work, elsewhere):
                held.update({work.lane} - {NO_LANE})
        self.handled()
        return rest

    async def _together(self, works: Sequence[Work], elsewhere: set[Lane]) -> tuple[Sequence[Work], Sequence[Work]]:
        """Many turns in one transaction, each all or nothing. Returns those that failed and those that would have made it too long."""
        failed: list[Work] = []
        begun = 0
        async with self._store.transaction("handle") as tx:
            moment = Moment(tx, self._office(), self._clock())
            free = set(await tx.inbox.hold([row for work in works for row in work.handful.rows]))
            await ahead(moment, [event for work in works if free.issuperset(work.ids) for event in work.events])
            ends, worked = time.monotonic() + BATCH_TIME, time.thread_time() + BATCH_WORK
            done: list[int] = []
            broken: set[Lane] = set()
            for work in works:
                await asyncio.sleep(0)  # a turn may ask nobody anything; others want to use the loop
                if begun and (self._stopping or time.monotonic() > ends or time.thread_time() > worked):
                    break
                if begun >= AT_LEAST and self._coming:
                    break
                begun += 1
                if not free.issuperset(work.ids) or not tx.inbox.taken_back.isdisjoint(work.ids):
                    elsewhere.update({work.lane} - {NO_LANE})
                elif work.lane not in broken:
                    try:
                        async with tx.connection.savepoint():
                            await self._turn(moment, work)
                    except Exception:  # noqa: BLE001  # it is told, and counted, when it fails alone
                        failed.append(work)
                        broken.update({work.lane} - {NO_LANE})
                    else:
                        done += work.ids
            await tx.inbox.done(done, moment.now)
        return failed, [work for work in works[begun:] if work.lane not in broken]  # what stands behind one that failed waits for it

    async def _alone(self, work: Work, elsewhere: set[Lane]) -> bool:
        """One turn in a transaction of its own. Returns whether the rows behind it may go on."""
        try:
            if not await self._in_one(work):
                elsewhere.update({work.lane} - {NO_LANE})
        except Exception as problem:  # noqa: BLE001  # whatever it is, the row is tried again or kept as a dead letter
            return await self._failed(work, problem)
        return True

    async def _in_one(self, work: Work) -> bool:
        """The whole turn in one transaction; taken anew at once when somebody else was quicker with the same incident.

        Returns False when its rows were taken back, or handled by another process, since they were looked at.
        """
        for left in reversed(range(RACES)):
            try:
                async with self._store.transaction("handle") as tx:
                    if await tx.inbox.hold(work.handful.rows) != work.ids:
                        return False
                    moment = Moment(tx, self._office(), self._clock())
                    await self._turn(moment, work)
                    await tx.inbox.done(work.ids, moment.now)
            except Stale:
                if not left:
                    raise
            else:
                return True
        raise AssertionError("unreachable: the last race is won or raised")

    async def _turn(self, moment: Moment, work: Work) -> None:
        for event in work.events:
            await handle(moment, event)
        if not work.handful.first.account:
            await handle_own(moment, work.handful.first.raw)

    async def _read(self, handful: Handful) -> Work:
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
        return Work(Handful(tuple(rows)), merge(events))

    def _events(self, row: Row) -> Sequence[Event]:
        if not row.account:
            return ()
        channel = self._channels.get(row.account)
        if channel is None:
            raise Malformed("its account is no longer connected")
        return channel.events(row.raw)

    async def _named(self, works: Sequence[Work]) -> Sequence[Work]:
        """The same with the names of the senders, where the platform does not tell them along. Outside any transaction."""
        nameless: dict[str, set[str]] = {}
        for event in (event for work in works for event in work.events):
            if isinstance(event, Said | Pressed) and not event.sender.name and not event.sender.impersonal:
                nameless.setdefault(event.address.account, set()).add(event.sender.id)
        names = {(account, user): name for account, users in nameless.items() for user, name in (await self._names(account, users)).items()}
        if not names:
            return works
        return [replace(work, events=[_with_name(event, names) for event in work.events]) for work in works]

    async def _names(self, account: str, users: Set[str]) -> Mapping[str, str]:
        """Names of those we have none of yet; none when the platform does not tell them at once: no message waits for a name."""
        async with self._store.transaction() as tx:
            await tx.people.ahead(account, users)
            wanted = [user for user in sorted(users) if not ((known := await tx.people.known(account, user)) and known.name)]
        if not wanted:
            return {}
        try:
            async with asyncio.timeout(NAME_TIME):
                return await self._channels[account].names_of(wanted)
        except (TimeoutError, Undelivered):
            return {}
        except Exception:  # a bug there costs the name, never the message
            log.exception("name_not_told", account=account)
            return {}

    async def _failed(self, work: Work, problem: Exception) -> bool:
        """Try again later, or give up and keep it for an administrator. Only the kind of the error is kept: a text could be in it."""
        rows = work.handful.rows
        attempts = max(row.attempts for row in rows)
        error = type(problem).__name__
        log.warning("handling_failed", account=rows[0].account, row=rows[0].id, attempt=attempts + 1, exc_info=problem)
        if attempts < len(RETRIES):
            async with self._store.transaction("fail") as tx:
                await tx.inbox.failed(work.ids, error, self._clock() + RETRIES[attempts])
            return False
        await self._bury(rows, error, work.events)
        return True

    async def _bury(self, rows: Sequence[Row], error: str, events: Sequence[Event] = ()) -> None:
        log.error("dead_letter", account=rows[0].account, row=rows[0].id, error=error)
        async with self._store.transaction("bury") as tx:
            buried = await tx.inbox.dead([row.id for row in rows], error, self._clock())
            for event in events if buried else ():
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


def complete(handfuls: Sequence[Handful], now: datetime, coming: set[Lane]) -> Sequence[Handful]:
    """Without albums that may still be coming in, and what stands behind them; their conversations are noted in ``coming``.

    What is said to have come long after now did not: the clock was put back, and nothing waits for it to catch up.
    """
    ready = []
    for handful in handfuls:
        lane = handful.first.at
        if handful.first.album and abs(now - max(row.received_at for row in handful.rows)) < ALBUM_PAUSE:
            coming.update({lane} - {NO_LANE})
        elif lane not in coming:
            ready.append(handful)
    return ready


def _rows_of(works: Iterable[Work]) -> int:
    return sum(len(work.handful.rows) for work in works)


def _with_name(event: Event, names: Mapping[tuple[str, str], str]) -> Event:
    name = names.get((event.address.account, event.sender.id), "")
    return replace(event, sender=replace(event.sender, name=name)) if name and not event.sender.name else event


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
