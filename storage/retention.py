"""Sweeps away what is needed no more, a handful at a time, so that the database grows with the incidents and not with the messages.

What stays: incidents with all that was said and done; ``sent``, which says which incident an old message of ours is about;
everything of incidents that are not closed; everything that waits for somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from incidents.incident import Status
from storage.inbox import DONE
from storage.posts import DROPPED, FAILED, SENT, UNCERTAIN
from storage.store import Tx
from storage.tables import conversations, digests, drafts, inbox, incidents, keyboards, outbox, sent

HANDFUL = 300
"""Rows that are looked at in one transaction: a few milliseconds."""
STRETCH = 10
"""Handfuls of a table in a row, while there is something to sweep."""

Gone = Callable[[datetime], ColumnElement[bool]]
"""Which rows are needed no more, when everything before this instant may go."""


def _is_closed(incident: Column[int]) -> ColumnElement[bool]:
    """There is no such incident, or it is closed: nothing of it is shown or changed any more."""
    return ~exists().where(incidents.c.id == incident, incidents.c.status != Status.CLOSED)


def _inbox(before: datetime) -> ColumnElement[bool]:
    """Handled. The keys of what a messenger may repeat (for a day) are younger than any ``before``."""
    return and_(inbox.c.state == DONE, inbox.c.handled_at < before)


def _outbox(before: datetime) -> ColumnElement[bool]:
    """Settled, and nothing that lives shows it."""
    settled = outbox.c.state.in_((SENT, DROPPED, FAILED, UNCERTAIN))
    return and_(
        settled, outbox.c.created_at < before, or_(outbox.c.sent_at.is_(None), outbox.c.sent_at < before), _is_closed(outbox.c.incident_id)
    )


def _keyboards(before: datetime) -> ColumnElement[bool]:
    """A press on one of these is answered as one on a button that is too old."""
    over = or_(keyboards.c.used_at < before, keyboards.c.expires_at < before, _is_closed(keyboards.c.incident_id))
    return and_(keyboards.c.made_at < before, over)


def _drafts(before: datetime) -> ColumnElement[bool]:
    """Delivered or dropped. The words of what was sent are in the incident's timeline."""
    return and_(drafts.c.created_at < before, or_(drafts.c.state.in_(("delivered", "dropped")), _is_closed(drafts.c.incident_id)))


def _conversations(before: datetime) -> ColumnElement[bool]:
    """Questions that nobody answered."""
    return conversations.c.updated_at < before


def _digests(before: datetime) -> ColumnElement[bool]:
    """A morning that is over is told nobody again; its days come first in the key."""
    return digests.c.day < before.date().isoformat()


@dataclass(frozen=True, slots=True)
class Swept:
    """How a table is swept."""

    gone: Gone
    key: Column[Any] | None = None
    """It is walked in this order; None: it is small, and swept at once."""
    born: Column[datetime] | None = None
    """The order of keys is the order of this; None: it is not."""


SWEPT: Mapping[Table, Swept] = {
    inbox: Swept(_inbox, inbox.c.id, inbox.c.received_at),
    outbox: Swept(_outbox, outbox.c.id, outbox.c.created_at),
    drafts: Swept(_drafts, drafts.c.id, drafts.c.created_at),
    keyboards: Swept(_keyboards, keyboards.c.token),
    conversations: Swept(_conversations),
    digests: Swept(_digests),
}


class Broom:
    """Walks through the tables by their keys, a handful at each call, round and round. What it remembers is only where it was."""

    def __init__(self) -> None:
        self._reached: dict[str, Any] = {}

    async def sweep(self, connection: AsyncConnection, table: Table, before: datetime) -> tuple[int, bool]:
        """Look at the next handful. Returns how many rows went, and whether the walk came to its end: the next call begins anew."""
        how = SWEPT[table]
        if how.key is None:
            return (await connection.execute(delete(table).where(how.gone(before)))).rowcount, True
        ahead = select(how.key, how.key if how.born is None else how.born).order_by(how.key).limit(HANDFUL)
        if table.name in self._reached:
            ahead = ahead.where(how.key > self._reached[table.name])
        rows = (await connection.execute(ahead)).all()
        young = bool(rows) and how.born is not None and rows[-1][1] >= before
        if len(rows) == HANDFUL and not young:
            self._reached[table.name] = rows[-1][0]
        else:
            self._reached.pop(table.name, None)
        swept = 0
        if rows:
            which = and_(how.key >= rows[0][0], how.key <= rows[-1][0], how.gone(before))
            if table is outbox:  # a message about no incident is not remembered without its row
                known = sent.c.outbox_id.in_(select(outbox.c.id).where(which))
                await connection.execute(delete(sent).where(sent.c.incident_id == 0, known))
            swept = (await connection.execute(delete(table).where(which))).rowcount
        return swept, table.name not in self._reached


async def sweep_on(broom: Broom, transaction: Callable[[str], AbstractAsyncContextManager[Tx]], before: datetime) -> int:
    """A stretch of the walk through each table: on while there is something to sweep. Returns how many rows went."""
    total = 0
    for table in SWEPT:
        for _ in range(STRETCH):
            async with transaction("sweep") as tx:
                swept, ended = await broom.sweep(tx.connection, table, before)
            total += swept
            if ended or not swept:
                break
    return total
