"""What a restored database must not do as if nothing had happened: send again, remind of what is long past, give a number twice."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select, text, update

from incidents.deadlines import wake
from incidents.incident import Timer
from incidents.region import parse
from incidents.regional import Region
from storage.inbox import DONE, FIRST, NEW
from storage.incidents import Case
from storage.marks import BACKUP, RESTORE, Marks
from storage.posts import DROPPED, QUEUED, SENDING, UNCERTAIN, Purpose
from storage.store import Tx
from storage.tables import drafts, inbox, incidents, leases, outbox

WATCH = "watch "
"""The marks of the watchdog begin so (scheduler/watchdog.py)."""
FEWEST = 10_000
"""Numbers that are left out at least: as many incidents may have been reported after the backup."""
SPARE = 20
"""So many times the busiest day is left out for each day since the backup."""
MESSAGES = 50
"""Messages and other rows for each incident number."""
AGAIN = timedelta(days=1)
"""What a citizen said after the backup is lost: nobody's incident is closed for silence before this has passed."""


class Becomes(StrEnum):
    """What becomes of a message that waited when the backup was made."""

    ASK = "ask"
    """It may have been sent since: uncertain, and its author decides [Дошло] [Отправить ещё раз]."""
    DROP = "drop"
    """It is not sent: it was, or the next one of its kind says it all."""
    KEEP = "keep"
    """It goes: twice leaves nothing behind."""


AFTER_RESTORE: Mapping[Purpose, Becomes] = {
    Purpose.ANSWER: Becomes.ASK,
    Purpose.RECEIPT: Becomes.DROP,
    Purpose.CARD: Becomes.DROP,
    Purpose.REMINDER: Becomes.DROP,
    Purpose.NOTICE: Becomes.DROP,
}
"""By what the message was for. Changes of messages that stand already, and of titles of topics, are kept, whatever they are for:
made twice they are the same, and what they say is written down as if it stood there."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was found and decided; the curators hear it once, when the house runs again (``handlers.alarms.restored``)."""

    backup_at: str
    answers: int
    """Answers of which nobody knows whether they arrived."""
    drafts: int
    """Answers that were about to be sent: their authors have them back."""
    unsent: int
    """Messages of other kinds that are not sent."""
    cards: tuple[int, ...]
    """Incidents whose card perhaps never came (the first of them)."""
    reminders: int
    """Reminders that fell due meanwhile and are not said."""
    last_number: int
    """The highest incident number in the backup."""
    next_number: int
    """The next one that will be given."""


async def settle(tx: Tx, at: datetime) -> Settled:
    """Make a restored database safe to run. In one transaction; ``at``: now."""
    backup = await Marks(tx.connection).get(BACKUP)
    made = backup.at if backup else at
    cards = await _cards_in_doubt(tx)
    answers = await _ask(tx, at)
    unsent = await _drop(tx)
    given_back = await _give_back(tx)
    await _forget_said(tx, at)
    await _spare(tx, at)
    reminders = await _skip_reminders(tx, at)
    last, following = await _leave_numbers_out(tx, made, at)
    await tx.connection.execute(delete(leases))
    marks = Marks(tx.connection)
    await marks.forget([WATCH + name for name in await marks.all(WATCH)])
    settled = Settled(made.isoformat(), answers, given_back, unsent, cards, reminders, last, following)
    await marks.put(RESTORE, at, json.dumps(asdict(settled)))
    return settled


# --- what waited to be sent --------------------------------------------------------------------------------------------

_WAITING = outbox.c.state.in_((QUEUED, SENDING))
_NEW_MESSAGE = outbox.c.instead_of_row == 0


def _for(becomes: Becomes) -> ColumnElement[bool]:
    return outbox.c.purpose.in_([purpose for purpose, then in AFTER_RESTORE.items() if then is becomes])


async def _cards_in_doubt(tx: Tx) -> tuple[int, ...]:
    statement = select(outbox.c.incident_id).where(_WAITING, _NEW_MESSAGE, outbox.c.purpose == Purpose.CARD, outbox.c.incident_id != 0)
    return tuple((await tx.connection.execute(statement.distinct().order_by(outbox.c.incident_id).limit(20))).scalars())


async def _ask(tx: Tx, at: datetime) -> int:
    """Uncertain, and the author of each is told so by the door everything comes in by."""
    statement = update(outbox).where(_WAITING, _NEW_MESSAGE, _for(Becomes.ASK))
    doubted = statement.values(state=UNCERTAIN, doubted=True, error="restored from a backup").returning(outbox.c.id, outbox.c.draft_id)
    rows = (await tx.connection.execute(doubted)).all()
    for row in rows:
        if row.draft_id:
            raw = {"kind": "outcome", "row": row.id, "draft": row.draft_id, "state": UNCERTAIN, "error": "restored from a backup"}
            await tx.inbox.later(f"outcome/{row.id}/restored/{at.isoformat()}", raw, lane=FIRST, at=at)
    return len({row.draft_id or -row.id for row in rows})


async def _drop(tx: Tx) -> int:
    gone = or_(and_(_NEW_MESSAGE, _for(Becomes.DROP), outbox.c.kind != "rename_thread"), outbox.c.whisper_to != "")
    dropped = update(outbox).values(state=DROPPED, error="restored from a backup")
    count: int = (await tx.connection.execute(dropped.where(_WAITING, gone))).rowcount
    never_sent = select(outbox.c.id).where(outbox.c.state == DROPPED)  # what changes such a message may go as one of its own
    await tx.connection.execute(dropped.where(_WAITING, outbox.c.instead_of_row.in_(never_sent)))
    kept = update(outbox).where(outbox.c.state == SENDING).values(state=QUEUED, doubted=True)
    await tx.connection.execute(kept)
    return count


async def _give_back(tx: Tx) -> int:
    """What was to be sent within half a minute surely was, or was taken back: nobody here knows. Its author looks at it again."""
    waiting = select(inbox.c.id, inbox.c.raw).where(inbox.c.state == NEW, inbox.c.account == "")
    count = 0
    for row in (await tx.connection.execute(waiting)).all():
        if row.raw.get("kind") == "send-draft":
            back = {"kind": "give-back", "draft": row.raw["draft"]}
            await tx.connection.execute(update(inbox).where(inbox.c.id == row.id).values(raw=back, handle_after=None))
            count += 1
    return count


_SAID = ("held/", "away-begins/", "away-ends/")
"""Begin the keys of what the house says to somebody at its own time: in the morning, when an absence begins and ends."""


async def _forget_said(tx: Tx, at: datetime) -> None:
    """What was to be said by now was said, or is told in one word with everything else; what comes later comes."""
    told = or_(*(inbox.c.key.startswith(key) for key in _SAID))
    past = update(inbox).where(inbox.c.state == NEW, inbox.c.account == "", inbox.c.handle_after <= at, told)
    await tx.connection.execute(past.values(state=DONE, handled_at=at))


# --- the clocks --------------------------------------------------------------------------------------------------------


async def _spare(tx: Tx, at: datetime) -> None:
    """No silence ends an incident before a day has passed: what the citizen said to it may be among what is lost.

    Who is still to be asked once more is asked when that was to be, and has a day from then.
    """
    silent = (incidents.c.timer.in_((Timer.PAUSED, Timer.RATING)), incidents.c.due_at < at + AGAIN)
    nudged = update(incidents).where(*silent, incidents.c.wake_at >= incidents.c.due_at)
    await tx.connection.execute(nudged.values(due_at=at + AGAIN, wake_at=at + AGAIN))
    for row in (await tx.connection.execute(select(incidents.c.id, incidents.c.wake_at).where(*silent))).all():
        longer = update(incidents).where(incidents.c.id == row.id)
        await tx.connection.execute(longer.values(due_at=max(row.wake_at or at, at) + AGAIN))


async def _skip_reminders(tx: Tx, at: datetime) -> int:
    """What fell due meanwhile was said then, or is told in one word with everything else: each clock goes on from now."""
    source = await tx.regions.current()
    if source is None:
        return 0
    region = parse(source)
    skipped, stuck = 0, set[int]()
    while past := await tx.incidents.to_wake(at, but=stuck):
        for found in past:
            steps = await _rest(tx, region, found, at)
            if steps is None:
                stuck.add(found.id)
            else:
                skipped += steps
    return skipped


async def _rest(tx: Tx, region: Region, found: Case, at: datetime) -> int | None:
    """How many steps were left out; None: the clock finds nothing to do, though it is its time."""
    incident = found.incident
    policy = region.policy(incident.topic, incident.territory)
    zone = region.zone_of(incident.territory)
    rested, reminder, _ = wake(incident, policy, at, zone)  # it closes nothing: what it would close has a day (``_spare``)
    if rested.wake_at == incident.wake_at:
        return None
    await tx.incidents.save(Case(rested, found.report))
    steps: Sequence[str] = (*reminder.skipped, reminder.step) if reminder else ()
    for step in steps:
        await tx.reminders.claim(found.id, incident.turn, step, at, skipped=True)
    return len(steps)


# --- numbers -----------------------------------------------------------------------------------------------------------


async def _leave_numbers_out(tx: Tx, made: datetime, at: datetime) -> tuple[int, int]:
    """People were told numbers that this database knows nothing of: they are never given again. Nor are the keys of calls."""
    busiest = select(func.count().label("n")).select_from(incidents).group_by(func.date(incidents.c.created_at)).subquery()
    reported = (await tx.connection.execute(select(func.max(busiest.c.n)))).scalar() or 0
    days = max((at - made).total_seconds() / 86400, 0.0) + 1
    last = await _highest(tx, incidents)
    gap = max(FEWEST, math.ceil(SPARE * reported * days))
    following = math.ceil((last + gap) / 1000) * 1000
    for table, start in (
        (incidents, following),
        (outbox, await _highest(tx, outbox) + gap * MESSAGES),
        (drafts, await _highest(tx, drafts) + gap),
    ):
        await _begin_at(tx, table, start)
    return last, following + 1


async def _highest(tx: Tx, table: Table) -> int:
    seen = (await tx.connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})).scalar() or 0
    return max(seen, (await tx.connection.execute(select(func.max(table.c.id)))).scalar() or 0)


async def _begin_at(tx: Tx, table: Table, start: int) -> None:
    await tx.connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    await tx.connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), {"name": table.name, "seq": start})
