"""The composition root: settings become a store, channels, intake, delivery and a clock that ticks; all wiring is here."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bots.administer import load_region
from bots.channel import Channel, Clock, Refused, Undelivered
from bots.clock import now
from bots.connections import Connections
from bots.delivery import Delivery
from bots.intake import Intake
from bots.settings import Settings
from bots.web import health_app, serve
from handlers import enter, notices
from handlers.turn import Office
from incidents.region import Region, parse
from scheduler.deadlines import tick
from scheduler.jobs import scheduler
from storage.migrate import upgrade
from storage.store import Store, wal_is_sound

log = structlog.get_logger(__name__)

GRACE = 12.0
"""Seconds that calls under way get to end; the whole stop stays under 20."""
DEAF = timedelta(seconds=120)
"""An account whose platform has not answered a poll for so long is deaf."""
STUCK = timedelta(seconds=30)
"""A clock that has not ticked for so long stands still."""
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
REFUSED_AGAIN = 300.0
"""Seconds after which a refused token is tried again: what refused it may have been a server that was not up yet."""


class CannotStart(Exception):
    """The program cannot start: a key of the locale and its arguments."""

    def __init__(self, key: str, **arguments: str) -> None:
        super().__init__(key)
        self.key, self.arguments = key, arguments


class App:
    """The running house. Made by ``App.open``, ended by ``stop``."""

    def __init__(self, settings: Settings, store: Store, connections: Connections, region: Region, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.connections = connections
        self.clock = clock
        self.channels: Mapping[str, Channel] = connections.channels
        self._region = region
        self._office = Office(region, {}, {}, notices.after)
        self.intake = Intake(store, self.channels, lambda: self._office, clock)
        self.deliveries: list[Delivery] = []
        self._scheduler = scheduler(self.tick, self._reload_region)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._receivers: list[asyncio.Task[None]] = []
        self._ticked: float = time.monotonic()
        self._resting: dict[int, datetime] = {}
        self._ticking = asyncio.Lock()
        self._refused: set[str] = set()

    # --- start and stop ----------------------------------------------------------------------------------------------

    async def start(self, *, paced: bool = True) -> None:
        """Bring everything up. The platforms need not answer for that: each account comes when its platform does.

        ``paced``: keep to the platforms' limits for each chat; only the sandbox's own messengers have none.
        """
        await self._renew_office()
        self.deliveries = [
            Delivery(self.store, channel, self.clock, monotonic=time.monotonic, paced=paced) for channel in self.channels.values()
        ]
        for delivery in self.deliveries:
            delivery.settled = self.intake.hint
        self.intake.handled = self._hint_deliveries
        self._begin("intake", self.intake.run())
        for channel, delivery in zip(self.channels.values(), self.deliveries, strict=True):
            self._begin(f"delivery {channel.account}", delivery.run())
            self._receivers.append(asyncio.create_task(self._attend(channel), name=channel.account))
        self._scheduler.start()

    async def stop(self) -> None:
        """End cleanly: hear no more, finish what is being handled and sent. What is not finished in time goes on at the next start."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for receiver in self._receivers:
            receiver.cancel()
        await asyncio.gather(*self._receivers, return_exceptions=True)
        self.intake.stop()
        for delivery in self.deliveries:
            delivery.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        async with self._ticking:
            pass

    def _begin(self, name: str, work: Awaitable[None]) -> None:
        self._tasks[name] = asyncio.ensure_future(work)

    # --- accounts ----------------------------------------------------------------------------------------------------

    async def _attend(self, channel: Channel) -> None:
        """Find out who an account is, as long as that takes; then listen to it for ever. Nothing that goes wrong ends that."""
        for attempt in itertools.count():
            preparing: asyncio.Task[None] | None = None
            try:
                await self._identify(channel)
                async with self.store.transaction() as tx:
                    cursor = await tx.accounts.cursor(channel.account)
                preparing = asyncio.create_task(self._prepare(channel))  # nobody who writes waits for a menu
                log.info("account_listens", account=channel.account)
                await channel.receive(self.intake.accept(channel.account), cursor)
            except Exception:  # the database is away, or a platform answered as none ever did
                log.exception("account_stopped_for_a_moment", account=channel.account)
            finally:
                if preparing:
                    preparing.cancel()
                    await asyncio.wait([preparing])
            await _wait_after(attempt)

    async def _prepare(self, channel: Channel) -> None:
        """Set up what the platform lets us set up; the account works without it."""
        try:
            await channel.prepare(enter.menu())
        except Undelivered as problem:
            log.warning("menu_not_set", account=channel.account, why=str(problem))
        except Exception:
            log.exception("menu_not_set", account=channel.account)

    async def _identify(self, channel: Channel) -> None:
        """Wait until the platform says whose the token is. While it does not answer, an account that is known is believed."""
        kind = self._region.account[channel.account].kind
        for attempt in itertools.count():
            try:
                who = await channel.identify()
            except Refused as problem:
                if channel.account not in self._refused:
                    log.error("account_refused", account=channel.account, why=str(problem), mend="sutki doctor")
                self._refused.add(channel.account)
                await asyncio.sleep(REFUSED_AGAIN)
                continue
            except Undelivered as problem:
                log.warning("account_unreachable", account=channel.account, why=str(problem))
                if self._office.accounts.get(channel.account):
                    return
                await _wait_after(attempt)
                continue
            self._refused.discard(channel.account)
            async with self.store.transaction("identify") as tx:
                await tx.accounts.identified(channel.account, kind, who.id, who.title, who.link, who.start_link)
            await self._renew_office()
            return

    def _hint_deliveries(self) -> None:
        for delivery in self.deliveries:
            delivery.hint()

    # --- the clock and the region ------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Wake what is due. Never twice at the same time."""
        async with self._ticking:
            woken = await tick(self.store, self._office, self.clock, self._resting)
            self._ticked = time.monotonic()
        if woken:
            self._hint_deliveries()

    def hint(self) -> None:
        """Time or the world has moved: everybody look again."""
        self.intake.hint()
        self._hint_deliveries()

    async def _reload_region(self) -> None:
        """Take up a region file that was loaded by the command line meanwhile."""
        async with self.store.transaction() as tx:
            source = await tx.regions.current()
        region = parse(source) if source else self._region
        if region != self._region:
            self._region = region
            await self._renew_office()
            log.info("region_reloaded")

    async def _renew_office(self) -> None:
        async with self.store.transaction() as tx:
            accounts = await tx.accounts.all()
        limits = {name: channel.limits for name, channel in self.channels.items()}
        self._office = Office(self._region, accounts, limits, notices.after)

    # --- how it stands -----------------------------------------------------------------------------------------------

    async def trouble(self) -> Sequence[str]:
        """What stands still at this moment, a word each."""
        wrong = [f"refused {account}" for account in sorted(self._refused)]
        wrong += [f"stopped: {name}" for name, task in self._tasks.items() if task.done()]
        if time.monotonic() - self._ticked > STUCK.total_seconds():
            wrong.append("the clock does not tick")
        heard = now() if self.clock is now else self.clock()
        for name, channel in self.channels.items():
            last: datetime | None = getattr(channel, "last_heard", None)
            if name not in self._refused and (last is None or heard - last > DEAF):
                wrong.append(f"deaf {name}")
        try:
            async with asyncio.timeout(5), self.store.transaction() as tx:
                await tx.inbox.counts()
        except Exception as problem:
            log.exception("database_away")
            wrong.append(f"database: {type(problem).__name__}")
        return wrong

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


async def _wait_after(attempt: int) -> None:
    await asyncio.sleep(_WAITS[min(attempt, len(_WAITS) - 1)])


async def open_app(settings: Settings, clock: Clock, region_text: str) -> App:
    """Everything that must be there before the start: the database, the region, at least one account. Raises CannotStart, RegionErrors."""
    store = Store(settings.database)
    connections = Connections(settings, clock)
    try:
        await upgrade(store)
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
        raise
    if store.is_sqlite:
        import sqlite3  # noqa: PLC0415  # only to say which one it is

        log.info("sqlite", version=sqlite3.sqlite_version, journal="wal" if wal_is_sound(sqlite3.sqlite_version_info) else "delete")
    return App(settings, store, connections, loaded.region, clock)


async def close_app(app: App) -> None:
    """Stop and let go of everything."""
    await app.stop()
    await app.connections.__aexit__(None, None, None)
    await app.store.close()


async def run(settings: Settings, region_text: str) -> None:
    """`sutki run`: until SIGTERM or Ctrl-C. Raises CannotStart, RegionErrors."""
    app = await open_app(settings, now, region_text)
    stopped = asyncio.Event()
    on_signals(stopped.set)
    health = None
    try:
        if settings.health:
            try:
                health = await serve(health_app(app.trouble), settings.health.host, settings.health.port)
            except OSError:
                where = f"{settings.health.host}:{settings.health.port}"
                raise CannotStart("cli-run-port-taken", address=where, variable="SUTKI_HEALTH") from None
        await app.start()
        log.info("started", accounts=sorted(app.channels))
        await stopped.wait()
        log.info("stopping")
    finally:
        if health:
            await health.cleanup()
        await close_app(app)
        log.info("stopped")


def on_signals(stop: Callable[[], None]) -> None:
    """Stop cleanly at SIGTERM and Ctrl-C."""
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop)
