"""Looks at the house again and again, and tells administrators of what stands still (``scheduler.watchdog`` says what and when)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bots.channel import Channel, Clock, Reply, Undelivered
from handlers import alarms
from handlers.turn import Moment, Office
from scheduler.watchdog import WATCHES, Episode, Fact, Stuck, Tells, Word, decide, lines, remember, tell
from storage.figures import Counter, Figures, Totals
from storage.marks import Marks
from storage.posts import QUEUED
from storage.store import Store

log = structlog.get_logger(__name__)

BEAT = 10.0
"""Seconds between two looks."""
HEART = 0.5
"""Seconds between two beats of the event loop."""
FRESH = 0.25
"""Seconds for which a look is good for whoever asks."""
RECOUNT = 60.0
"""Seconds for which is good what is counted over all open incidents."""
PATIENCE = 5.0
"""Seconds the database may take for a look."""
LITTLE = 500
"""Megabytes left on the disk with the database that are too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How this process stands, as far as it knows without asking anybody."""

    process: str = ""
    """Its machine, where several processes share a database."""
    heard: Mapping[str, datetime | None] = field(default_factory=dict)
    """Accounts this process serves → when the platform last answered a poll."""
    refused: frozenset[str] = frozenset()
    unattended: Sequence[str] = ()
    stopped: Sequence[str] = ()
    ticked: float = 0.0
    """Seconds since the deadlines were looked at."""
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(account, what came of a call) → how often, since the start."""
    unlearned: bool = False
    """The installed model for suggestions cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that one look found."""

    at: datetime
    facts: Sequence[Fact]
    standing: Standing
    figures: Figures | None
    """None: the database did not answer."""
    totals: Totals | None
    lag: float
    """The longest time, in seconds, the event loop came late within the last minute."""

    @property
    def lines(self) -> tuple[bool, list[str]]:
        """Whether the house does its work, and what is wrong (``scheduler.watchdog.lines``)."""
        return lines(self.facts, self.at)


class Watch:
    """The watchdog of one process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        monotonic: Callable[[], float],
        *,
        standing: Callable[[], Standing],
        office: Callable[[], Office],
        channels: Mapping[str, Channel],
        backup_after: timedelta | None,
        folder: Path | None,
    ) -> None:
        """``backup_after``: how old the last backup may be; None: any age. ``folder``: where the database lies, if on this machine."""
        self._store, self._clock, self._monotonic = store, clock, monotonic
        self._standing, self._office, self._channels = standing, office, channels
        self._backup_after, self._folder = backup_after, folder
        self._first: dict[str, datetime] = {}
        """Since when what cannot tell it by itself is so."""
        self._kept: dict[str, Episode] = {}
        """Troubles during which nothing could be stored."""
        self._lags: list[tuple[float, float]] = []
        self._last: tuple[float, Survey] | None = None
        self._totals: tuple[float, Totals] | None = None
        self._looking = asyncio.Lock()
        self._opened: dict[str, datetime] = {}
        self.beaten = monotonic()
        """When the event loop was last seen alive. Read by ``bots.lookout`` from its own thread."""
        self.lifeline: Sequence[alarms.Chat] = ()
        """Where administrators were reachable when last looked: for when nothing can be stored."""
        self.told: Callable[[], None] = lambda: None
        """Called when messages were queued."""

    async def run(self) -> None:
        """Until cancelled."""
        heart = asyncio.create_task(self._beat_heart(), name="heart")
        try:
            while True:
                try:
                    await self.beat()
                except Exception:
                    log.exception("watch_stumbled")
                await asyncio.sleep(BEAT)
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart

    async def _beat_heart(self) -> None:
        while True:
            before = self._monotonic()
            await asyncio.sleep(HEART)
            self.pulse(self._monotonic() - before - HEART)

    def pulse(self, late: float) -> None:
        """The event loop lives, and came so many seconds late."""
        now = self._monotonic()
        self._lags = [(at, lag) for at, lag in self._lags if now - at < 60] + [(now, max(late, 0.0))]
        if late > WATCHES[Stuck.LOOP].after.total_seconds():
            log.error("loop_was_blocked", seconds=round(late))
            self._kept.setdefault(self._loop_key, Episode(self._clock() - timedelta(seconds=late)))
        self.beaten = now

    @property
    def _loop_key(self) -> str:
        return Fact(condition=Stuck.LOOP, subject=self._standing().process, since=None).key

    def loop_told(self, since: datetime, at: datetime) -> None:
        """Somebody outside the loop noticed that it is blocked, and told the administrators. Called from another thread."""
        self._kept[self._loop_key] = Episode(since, told=at)

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def last(self) -> Survey | None:
        """What the last look found, however long ago."""
        return self._last[1] if self._last else None

    async def look(self) -> Survey:
        """How it all stands, not older than FRESH."""
        async with self._looking:
            if self._last is None or self._monotonic() - self._last[0] > FRESH:
                survey = await self._look()
                self._last = (self._monotonic(), survey)
            return self._last[1]

    async def _look(self) -> Survey:
        now, standing = self._clock(), self._standing()
        figures, totals = await self._count(now)
        facts = [*self._of_process(standing, now), *self._of_database(figures, now)]
        lag = max((lag for _, lag in self._lags), default=0.0)
        return Survey(at=now, facts=facts, standing=standing, figures=figures, totals=totals, lag=lag)

    async def _count(self, now: datetime) -> tuple[Figures | None, Totals | None]:
        try:
            async with asyncio.timeout(PATIENCE), self._store.transaction() as tx:
                counter = Counter(tx.connection)
                if self._totals is None or self._monotonic() - self._totals[0] > RECOUNT:
                    self._totals = (self._monotonic(), await counter.totals(now))
                return await counter.figures(now), self._totals[1]
        except Exception as problem:  # noqa: BLE001  # whatever it is: that it does not answer is what there is to say
            log.error("database_away", why=type(problem).__name__)
            return None, self._totals[1] if self._totals else None

    def _of_process(self, standing: Standing, now: datetime) -> list[Fact]:
        here = standing.process
        facts = [
            Fact(condition=Stuck.CLOCK, subject=here, since=now - timedelta(seconds=standing.ticked)),
            Fact(condition=Stuck.LOOP, subject=here, since=None),  # whoever can ask this is not blocked
        ]
        for account, heard in sorted(standing.heard.items()):
            opened = self._opened.setdefault(account, now)
            refused = account in standing.refused
            facts.append(self._flag(Stuck.REFUSED, account, now, wrong=refused))
            since = None if refused else heard or opened
            facts.append(Fact(condition=Stuck.DEAF, subject=account, since=since, early=heard is None))
        for account in [account for account in self._opened if account not in standing.heard]:
            del self._opened[account]
        alone = set(standing.unattended)
        facts += [self._flag(Stuck.UNATTENDED, account, now, wrong=account in alone) for account in sorted(self._channels)]
        ended = {f"{name} {here}".strip() for name in standing.stopped}
        known = {key.removeprefix(f"{Stuck.STOPPED} ") for key in self._first if key.startswith(f"{Stuck.STOPPED} ")}
        facts += [self._flag(Stuck.STOPPED, name, now, wrong=name in ended) for name in sorted(ended | known)]
        region = self._office().region
        year = region.missing_year(now.astimezone(region.zone).date())
        facts.append(self._flag(Stuck.CALENDAR, "", now, wrong=year is not None, count=year or 0))
        facts.append(self._flag(Stuck.SUGGESTIONS, "", now, wrong=standing.unlearned))
        if self._folder is not None:
            left = shutil.disk_usage(self._folder).free // 1_000_000
            facts.append(self._flag(Stuck.DISK, "", now, wrong=left < LITTLE, count=left))
        return facts

    def _of_database(self, figures: Figures | None, now: datetime) -> list[Fact]:
        away = self._flag(Stuck.DATABASE, self._standing().process, now, wrong=figures is None)
        if figures is None:
            return [away]
        facts = [
            away,
            Fact(condition=Stuck.INBOX, since=figures.inbox_since, count=figures.inbox_waiting),
            Fact(condition=Stuck.DEAD_LETTERS, since=figures.dead_since, count=figures.dead),
            Fact(condition=Stuck.ANSWERS, since=figures.unsettled_since, count=figures.unsettled),
        ]
        for account in sorted({*self._channels, *figures.outbox_since}):
            waiting = figures.outbox.get((account, QUEUED), 0)
            facts.append(Fact(condition=Stuck.OUTBOX, subject=account, since=figures.outbox_since.get(account), count=waiting))
        if self._backup_after is not None:
            facts.append(Fact(condition=Stuck.BACKUP, since=figures.backup_at, after=self._backup_after))
        return facts

    def _flag(self, condition: Stuck, subject: str, now: datetime, *, wrong: bool, count: int = 0) -> Fact:
        """A condition that is so or is not: since when, is remembered here."""
        fact = Fact(condition=condition, subject=subject, since=None, count=count)
        if not wrong:
            self._first.pop(fact.key, None)
            return fact
        since = self._first.setdefault(fact.key, now)
        return Fact(condition=condition, subject=subject, since=since, count=count, early=condition is Stuck.DATABASE)

    # --- telling -----------------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Look, and tell what has to be told."""
        survey = await self.look()
        if survey.figures is None:
            await self._tell_directly(survey)
            return
        kept, self._kept = self._kept, {}
        try:
            async with self._store.transaction("watch") as tx:
                for key, episode in kept.items():
                    await remember(Marks(tx.connection), key, episode)
                moment = Moment(tx, self._office(), survey.at)
                words = await tell(moment, survey.facts, self._broken(survey))
                lifeline = await alarms.chats(moment, self._broken(survey))
        except BaseException:
            self._kept = kept | self._kept
            raise
        self.lifeline = lifeline
        for word in words:
            _say_in_log(word)
        if words:
            self.told()

    def _broken(self, survey: Survey) -> Mapping[str, bool]:
        """Accounts that do not speak, or (True) cannot."""
        stuck = [fact for fact in survey.facts if fact.stuck(survey.at)]
        mute = {fact.subject: False for fact in stuck if fact.condition in (Stuck.DEAF, Stuck.OUTBOX, Stuck.UNATTENDED)}
        return mute | dict.fromkeys(survey.standing.refused, True)

    async def _tell_directly(self, survey: Survey) -> None:
        """The database is away, so no row can be queued: this one message is sent as it is."""
        facts = [fact for fact in survey.facts if fact.condition is Stuck.DATABASE]
        decision = decide(facts, self._kept, survey.at, heard=bool(self.lifeline))
        self._kept = dict(decision.episodes)
        for word in decision.words:
            _say_in_log(word)
        if decision.words:
            said = [(word.tells.value, word.condition.value, word.subject, word.lasted, word.count) for word in decision.words]
            await speak(self._channels, self._office(), self.lifeline, said, key=int(survey.at.timestamp()))


async def speak(
    channels: Mapping[str, Channel], office: Office, chats: Sequence[alarms.Chat], said: Sequence[alarms.Said], *, key: int
) -> int:
    """Send it without the outbox. Returns to how many it went."""
    went = 0
    for number, chat in enumerate(chats):
        channel = channels.get(chat.address.account)
        if channel is None:
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                await channel.send(chat.address, Reply(text=alarms.words(office, chat.language, said)), (key + number) % 0x7FFFFFFF or 1)
            went += 1
        except (TimeoutError, Undelivered) as problem:
            log.error("administrator_not_told", account=chat.address.account, why=type(problem).__name__)
    return went


def _say_in_log(word: Word) -> None:
    """In any case: whoever reads the log must know even when no messenger works."""
    how = log.info if word.tells is Tells.OVER else log.error
    how("watch", tells=word.tells.value, condition=word.condition.value, subject=word.subject, seconds=round(word.lasted.total_seconds()))
