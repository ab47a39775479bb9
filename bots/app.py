"""The composition root: settings become a store, channels, intake, delivery and a clock that ticks; all wiring is here."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import signal
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bots.administer import load_region
from bots.channel import Channel, Clock, Refused, Update
from bots.clock import now
from bots.connections import Connections
from bots.delivery import Delivery
from bots.desk import Desk
from bots.intake import Intake
from bots.lookout import Lookout
from bots.morphology import with_morphology
from bots.settings import Settings
from bots.shift import Shift
from bots.suggest import usable
from bots.watch import Standing, Watch, speak
from handlers import alarms, notices
from handlers.turn import Moment, Office
from incidents.region import Region, parse
from scheduler import digests
from scheduler.deadlines import MOST, tick
from scheduler.jobs import scheduler
from storage.alone import Alone, NotAlone
from storage.hints import Hints
from storage.leases import Lease
from storage.marks import RESTORE, Marks
from storage.migrate import Newer, upgrade
from storage.retention import Broom, sweep_on
from storage.store import Store, wal_is_sound
from storage.suggestions import Suggestions

log = structlog.get_logger(__name__)

GRACE = 12.0
"""Seconds that calls under way get to end; the whole stop stays under 20."""
POLL, POLL_WHILE_LISTENING = 1.0, 5.0
"""Seconds between two looks for what other processes left to do, should a hint have been missed."""
INBOX, OUTBOX, LEASES = HINTS = ("inbox", "outbox", "leases")
"""What processes tell each other."""


class CannotStart(Exception):
    """The program cannot start: a key of the locale and its arguments."""

    def __init__(self, key: str, **arguments: str) -> None:
        super().__init__(key)
        self.key, self.arguments = key, arguments


class App:
    """The running house. Made by ``App.open``, ended by ``stop``."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        connections: Connections,
        region: Region,
        clock: Clock,
        alone: Alone | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.store = store
        self.connections = connections
        self.clock = clock
        self.monotonic = monotonic
        self.alone = alone
        self.channels: Mapping[str, Channel] = connections.channels
        self._region = region
        self._source = ""
        """The text of the region file that was read last."""
        self._model = 0
        self._unlearned = ""
        """Why the installed model for suggestions is not used."""
        self._office = Office(region, {}, {}, notices.after)
        self.intake = Intake(store, self.channels, lambda: self._office, clock)
        self.desks: dict[str, Desk] = {}
        """The accounts this process serves: on SQLite all, on PostgreSQL those whose lease it holds."""
        self._paced = True
        self._shift: Shift | None = None
        self._hints: Hints | None = None
        self._scheduler = scheduler(self.tick, self.tell_digests, self._reload_region, self.sweep)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ticked: float = monotonic()
        self._digested: float = monotonic()
        self._resting: dict[int, datetime] = {}
        self._ticking = asyncio.Lock()
        self._diary = digests.Diary()
        self._telling = asyncio.Lock()
        self._broom = Broom()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self.watch = Watch(
            store,
            clock,
            monotonic,
            standing=self.standing,
            office=lambda: self._office,
            channels=self.channels,
            backup_after=timedelta(hours=settings.backup_hours) if settings.backup_hours else None,
            folder=settings.database_file.parent if settings.database_file else None,
        )
        self.watch.told = self._something_to_send

    @property
    def office(self) -> Office:
        """The region in force, the connected accounts and what they can carry."""
        return self._office

    # --- start and stop ----------------------------------------------------------------------------------------------

    async def start(self, *, paced: bool = True) -> None:
        """Bring everything up. The platforms need not answer for that: each account comes when its platform does.

        ``paced``: keep to the platforms' limits for each chat; only the sandbox's own messengers have none.
        """
        self._paced = paced
        await self._take_up(self._region)
        await self._renew_office()
        await self._tell_of_a_restore()
        self.intake.handled = self._something_to_send
        self._begin("intake", self.intake.run())
        if self.store.is_sqlite:
            for account in self.channels:
                self._sit_down(account, None)
        else:
            self._join_others()
        self._scheduler.start()

    async def stop(self) -> None:
        """End cleanly: hear no more, finish what is being handled and sent. What is not finished in time goes on at the next start."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._shift:
            self._shift.take_no_more()
        await asyncio.gather(*[desk.deafen() for desk in self.desks.values()])
        self.intake.stop()
        ending = [desk.quieten() for desk in self.desks.values()] + [self._tasks[name] for name in ("intake",) if name in self._tasks]
        if ending:
            await asyncio.wait(ending, timeout=GRACE)
            await asyncio.gather(*[desk.leave() for desk in self.desks.values()])
        async with self._ticking, self._telling:
            pass
        if self._shift and self._hints:
            await _ended(self._tasks.pop("shift"))
            await self._shift.release()
            await self._hints.flush()
        await asyncio.gather(*[_ended(task) for task in self._tasks.values()])

    def _begin(self, name: str, work: Awaitable[None]) -> None:
        self._tasks[name] = asyncio.ensure_future(work)

    # --- other processes (PostgreSQL) ----------------------------------------------------------------------------------

    def _join_others(self) -> None:
        self._hints = hints = Hints(self.store, HINTS, self._told)
        self._shift = shift = Shift(
            self.store, list(self.channels), lasts=self.settings.lease, monotonic=time.monotonic, begin=self._sit_down, end=self._get_up
        )
        shift.released = lambda: hints.tell(LEASES)
        for name, work in (("hints", hints.run()), ("shift", shift.run()), ("polling", self._poll())):
            self._begin(name, work)

    async def _poll(self) -> None:
        """Hints can be missed; what is stored is found in any case."""
        while True:
            await asyncio.sleep(POLL_WHILE_LISTENING if self._hints and self._hints.listening else POLL)
            self.hint()

    def _told(self, what: str) -> None:
        """Another process says that there is something to do."""
        if what == INBOX:
            self.intake.hint()
        elif what == OUTBOX:
            self._hint_deliveries()
        elif self._shift:
            self._shift.hint()

    def _something_to_send(self) -> None:
        """A transaction of ours may have queued messages, for accounts of any process."""
        self._hint_deliveries()
        if self._hints and len(self.desks) < len(self.channels):
            self._hints.tell(OUTBOX)

    def _something_to_handle(self) -> None:
        self.intake.hint()
        if self._hints:
            self._hints.tell(INBOX)

    # --- accounts ----------------------------------------------------------------------------------------------------

    def _sit_down(self, account: str, lease: Lease | None) -> None:
        """From now on this process listens and sends for the account; the lease says that no other does."""
        channel = self.channels[account]
        delivery = Delivery(self.store, channel, self.clock, monotonic=time.monotonic, paced=self._paced, lease=lease)
        delivery.settled = self._something_to_handle
        delivery.outcomes = self._outcomes
        store_updates = self.intake.accept(account, lease)

        async def accept(updates: Sequence[Update], cursor: str) -> None:
            await store_updates(updates, cursor)
            if updates and self._hints:
                self._hints.tell(INBOX)

        self.desks[account] = Desk(
            self.store,
            channel,
            account.partition("/")[0],
            delivery,
            accept,
            is_known=lambda: account in self._office.accounts,
            identified=self._renew_office,
        )
        self.desks[account].open()

    async def _get_up(self, account: str) -> None:
        """Another process may sit down there any moment."""
        await self.desks.pop(account).leave()

    def _hint_deliveries(self) -> None:
        for desk in self.desks.values():
            desk.delivery.hint()

    # --- the clock and the region ------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Wake what is due; what is more than one tick takes does not wait for the next look. Never twice at the same time."""
        async with self._ticking:
            woken = MOST
            while woken >= MOST:
                woken = await tick(self.store, self._office, self.clock, self._resting)
                self._ticked = self.monotonic()
                if woken:
                    self._something_to_send()
                if not self._scheduler.running:  # it ends
                    return

    async def tell_digests(self) -> None:
        """Tell those whose morning has come. Never twice at the same time."""
        async with self._telling:
            told = await digests.tick(self.store, self._office, self.clock, self._diary)
            self._digested = self.monotonic()
        if told:
            self._something_to_send()

    @property
    def morning(self) -> datetime | None:
        """When somewhere the next morning comes; None before the first look."""
        return self._diary.next

    async def sweep(self) -> None:
        """Let go of what is needed no more."""
        swept = await sweep_on(self._broom, self.store.transaction, self.clock() - timedelta(days=self.settings.keep_days))
        if swept:
            log.info("swept", rows=swept)

    def hint(self) -> None:
        """Time or the world has moved: everybody look again."""
        self.intake.hint()
        self._hint_deliveries()

    async def _reload_region(self) -> None:
        """Take up what changed meanwhile: the region file, the model for suggestions, accounts that another process learned to know."""
        async with self.store.transaction() as tx:
            source = await tx.regions.current()
            accounts = await tx.accounts.all()
            model = await Suggestions(tx.connection).newest()
        region = self._region
        if source and source != self._source:
            read = await asyncio.to_thread(lambda: with_morphology(parse(source)))
            self._source, region = source, replace(read, learned=region.learned)
        if region != self._region or model != self._model:
            await self._take_up(region)
            log.info("region_reloaded")
        elif accounts.keys() == self._office.accounts.keys():
            return
        await self._renew_office()

    async def _take_up(self, region: Region) -> None:
        """From now on this is the region, with what was learned for it; a model that cannot be used is told of."""
        async with self.store.transaction() as tx:
            installed = await Suggestions(tx.connection).current()
            self._model = await Suggestions(tx.connection).newest()
        learned, self._unlearned = usable(installed.body if installed else "", region)
        if self._unlearned:
            log.error("suggestions_unusable", why=self._unlearned)
        self._region = replace(region, learned=learned)

    async def _renew_office(self) -> None:
        async with self.store.transaction() as tx:
            accounts = await tx.accounts.all()
        limits = {name: channel.limits for name, channel in self.channels.items()}
        self._office = Office(self._region, accounts, limits, notices.after)

    # --- how it stands -----------------------------------------------------------------------------------------------

    async def _tell_of_a_restore(self) -> None:
        async with self.store.transaction() as tx:
            mark = await Marks(tx.connection).get(RESTORE)
        if mark is None or not mark.value:
            return
        async with self.store.transaction("restored") as tx:
            await alarms.after_a_restore(Moment(tx, self._office, self.clock()))

    def standing(self) -> Standing:
        """How this process stands, without asking anybody."""
        begun = {account: getattr(desk.channel, "last_heard", None) for account, desk in self.desks.items()}
        tasks = self._tasks | {f"delivery {account}": desk.sending for account, desk in self.desks.items()}
        return Standing(
            process="" if self.store.is_sqlite else socket.gethostname(),
            heard=begun if self._scheduler.running else dict.fromkeys(self.channels),
            refused=frozenset(account for account, desk in self.desks.items() if desk.refused),
            unattended=self._shift.unattended(0.0) if self._shift else (),
            stopped=[name for name, task in tasks.items() if task.done()],
            ticked=self.monotonic() - min(self._ticked, self._digested),
            outcomes=self._outcomes,
            unlearned=bool(self._unlearned),
        )

    def keep_watch(self) -> None:
        """From now on administrators hear of what stands still."""
        self._begin("watch", self.watch.run())

    async def shout(self, lasted: timedelta) -> bool:
        """Tell the administrators that our event loop is blocked; called in another one, with connections of its own."""
        watch, office = self.watch, self._office
        async with Connections(self.settings, self.clock) as connections:
            for chat in watch.lifeline:
                await connections.open(self._region.account[chat.address.account])
            said = [("begins", "loop", self.standing().process, lasted, 0)]
            return await speak(connections.channels, office, watch.lifeline, said, key=int(time.time())) > 0

    async def rest(self, seconds: float = 3.0) -> None:
        """Until nothing that is due waits any more, at most so long; for the sandbox, whose time can jump."""
        for _ in range(int(seconds / 0.05)):
            at = self.clock()
            async with self.store.transaction() as tx:
                busy: list[Any] = [
                    *await tx.inbox.waiting(at, limit=1),
                    *[name for name in self.channels if await tx.outbox.has_due(name, at)],
                ]
            if not busy:
                return
            await asyncio.sleep(0.05)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _bring_up(store: Store) -> None:
    try:
        await upgrade(store)
    except Newer as newer:
        raise CannotStart("cli-database-newer", found=newer.found) from None


async def open_app(settings: Settings, clock: Clock, region_text: str) -> App:
    """Everything that must be there before the start: the database, the region, at least one account. Raises CannotStart, RegionErrors."""
    try:
        alone = Alone(settings.database_file) if settings.database_file else None
    except NotAlone as why:
        raise CannotStart("cli-run-database-in-use", path=str(why.file), process=why.process or "?") from None
    store = Store(settings.database)
    connections = Connections(settings, clock)
    try:
        await _bring_up(store)
        loaded = await load_region(store, region_text, clock(), dry_run=False)
        if loaded.in_use:
            raise CannotStart("cli-run-region-in-use", missing=", ".join(f"{one.kind} {one.id}" for one in loaded.in_use))
        for account in loaded.region.accounts:
            try:
                channel = await connections.open(account)
            except Refused:
                raise CannotStart("cli-run-token-malformed", account=account.key, variable=account.token_env) from None
            if channel is None:
                log.warning("account_left_out", account=account.key, variable=account.token_env, why="the variable is not set")
        if not connections.channels:
            raise CannotStart("cli-run-no-accounts", variables=", ".join(account.token_env for account in loaded.region.accounts))
    except BaseException:
        await connections.__aexit__(None, None, None)
        await store.close()
        if alone:
            alone.close()
        raise
    if store.is_sqlite:
        import sqlite3  # noqa: PLC0415  # only to say which one it is

        log.info("sqlite", version=sqlite3.sqlite_version, journal="wal" if wal_is_sound(sqlite3.sqlite_version_info) else "delete")
    return App(settings, store, connections, with_morphology(loaded.region), clock, alone)


async def close_app(app: App) -> None:
    """Stop and let go of everything."""
    await app.stop()
    await app.connections.__aexit__(None, None, None)
    await app.store.close()
    if app.alone:
        app.alone.close()


async def run(settings: Settings, region_text: str) -> None:
    """`sutki run`: until SIGTERM or Ctrl-C. Raises CannotStart, RegionErrors."""
    app = await open_app(settings, now, region_text)
    stopped = asyncio.Event()
    on_signals(stopped.set)
    lookout = Lookout(app.watch, app.shout, now)
    try:
        if settings.health:
            try:
                lookout.open(settings.health.host, settings.health.port)
            except OSError:
                where = f"{settings.health.host}:{settings.health.port}"
                raise CannotStart("cli-run-port-taken", address=where, variable="SUTKI_HEALTH") from None
        await app.start()
        app.keep_watch()
        log.info("started", accounts=sorted(app.channels))
        tidy_up()
        await stopped.wait()
        log.info("stopping")
    finally:
        await asyncio.to_thread(lookout.close)
        await close_app(app)
        log.info("stopped")


def tidy_up() -> None:
    """Let go of what only the start needed, and have the rest left alone.

    The dictionary that the region was read with refers to itself, and the C library keeps what became free: 16 MB would stay for
    good. What is here now stays; to look through all of it for cycles again and again stopped the loop for a fifth of a second each time.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library; others give memory back by themselves
    if trim:
        trim(0)
    gc.freeze()


def on_signals(stop: Callable[[], None]) -> None:
    """Stop cleanly at SIGTERM and Ctrl-C."""
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop)
