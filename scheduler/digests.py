"""Whose morning has come: each digest once a day, in one transaction with the record that it was told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import structlog

from bots.channel import Clock
from handlers.digest import Away, Reader, readers, tell
from handlers.turn import Moment, Office
from incidents.agenda import Digest, begins, day_of, next_morning
from incidents.regional import Region
from storage.marks import RESTORE, Marks
from storage.store import Store, Tx
from storage.trouble import passes

log = structlog.get_logger(__name__)

GROUP = 25
"""Readers of one transaction: each of its questions is asked once for all of them."""
MOST = 250
"""Readers of one tick; the next one goes on, and whoever watches sees that it ticks."""
SNOOZE = timedelta(minutes=10)
"""How long readers who could not be told wait before it is tried again."""


@dataclass(slots=True)
class Diary:
    """What one process remembers from tick to tick, so that most of them ask the database nothing. Lost, it costs one look."""

    region: Region | None = None
    looked: datetime | None = None
    next: datetime | None = None

    def asleep(self, now: datetime, region: Region) -> bool:
        """Whether there is nothing to do yet. A clock that was put back, or another region, is looked at anew."""
        if self.looked is None or self.next is None or self.region is not region:
            return False
        return self.looked <= now < self.next


@dataclass(frozen=True, slots=True)
class _Round:
    """The readers of one digest on one day in one zone, who were not told yet."""

    digest: Digest
    day: date
    zone: tzinfo
    readers: Sequence[Reader]

    def groups(self) -> Iterator[_Round]:
        for at in range(0, len(self.readers), GROUP):
            yield _Round(self.digest, self.day, self.zone, self.readers[at : at + GROUP])


async def tick(store: Store, office: Office, clock: Clock, diary: Diary) -> int:
    """Tell everybody whose morning has come. Returns how many were looked after. Raises when the database is away.

    One reader for whom it cannot be made keeps it from no other, and is tried again.
    """
    now = clock()
    if diary.asleep(now, office.region):
        return 0
    zones = {office.region.zone, *(office.region.zone_of(one.territory) for one in office.region.organisations)}
    then = next_morning(now, zones)
    told = 0
    if any(day_of(one, now, zone) for one in Digest for zone in zones):
        async with store.transaction() as tx:
            rounds = [group for one in await _rounds(tx, office, now) for group in one.groups()]
        for group in rounds:
            if told >= MOST:
                then = now
                break
            if not await _together(store, office, clock, group):
                then = min(then, now + SNOOZE)
            told += len(group.readers)
    diary.region, diary.looked, diary.next = office.region, now, then
    return told


async def _rounds(tx: Tx, office: Office, now: datetime) -> Sequence[_Round]:
    """Who has something to hear now, by kind, day and zone. A few statements, however many people there are.

    What a backup was put in place after is not told: it may have been told before, by the database that is gone.
    """
    restored = await Marks(tx.connection).get(RESTORE)
    staff = await tx.digests.staff()
    away = await _away(tx, {post.organisation for post in staff}, now)
    everybody = readers(office.region, office.limits, staff, away)
    found: dict[tuple[Digest, date, tzinfo], list[Reader]] = {}
    for kind in Digest:
        for reader in everybody:
            day = day_of(kind, now, reader.zone) if reader.role is kind.role else None
            if day is None:
                continue
            morning = begins(day, reader.zone)
            if reader.since <= morning and not (restored and restored.at >= morning):
                found.setdefault((kind, day, reader.zone), []).append(reader)
    told = await tx.digests.told({day for _, day, _ in found}) if found else frozenset()
    return [
        _Round(kind, day, zone, left)
        for (kind, day, zone), all_ in found.items()
        if (left := [reader for reader in all_ if (day, kind, reader.person) not in told])
    ]


async def _away(tx: Tx, organisations: Collection[str], now: datetime) -> Away:
    await tx.staffing.ahead(organisations, now)
    rosters = [await tx.staffing.roster(organisation, now) for organisation in organisations]
    return {(one.organisation, one.person): one.deputy for roster in rosters for one in roster.absences if one.since <= now < one.until}


async def _together(store: Store, office: Office, clock: Clock, group: _Round) -> bool:
    """Tell some in one transaction; whoever spoils it for all is found by telling each alone. Returns whether nobody is left."""
    try:
        async with store.transaction("digest") as tx:
            moment = Moment(tx, office, clock())
            mine = await tx.digests.claim(group.day, group.digest, [reader.person for reader in group.readers], moment.now)
            if told := [reader for reader in group.readers if reader.person in mine]:
                await tell(moment, group.digest, group.day, group.zone, told)
    except Exception as problem:
        if passes(problem):
            raise
        if len(group.readers) == 1:
            log.error("digest_failed", person=group.readers[0].person, digest=group.digest, exc_info=problem)
            return False
        log.warning("digest_together_failed", exc_info=problem)
        alone = [await _together(store, office, clock, _Round(group.digest, group.day, group.zone, [reader])) for reader in group.readers]
        return all(alone)
    return True
