"""The inbox: raw updates, stored before they are acknowledged and handled after, each exactly once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, BindParameter, Integer, Select, and_, bindparam, func, literal, not_, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY

from bots.channel import Update
from storage.connection import Connection
from storage.sql import insert
from storage.tables import Instant, inbox

NEW, DONE, DEAD = "new", "done", "dead"
_LONGEST_KEY = 500  # characters; an index of PostgreSQL holds 2,704 bytes
FAIR = 20
"""Rows of one conversation in one look at the inbox: more than an album, a tenth of what is taken at once."""

Lane: TypeAlias = tuple[str, str]
"""A conversation whose order is kept: an account, and a chat of it."""
NO_LANE: Lane = ("", "")
FIRST = "first"
"""Lane of what we tell ourselves and what goes before everything else that waits, for a person waits for it: see ``waiting``."""


@dataclass(frozen=True, slots=True)
class Row:
    """One raw update in the inbox."""

    id: int
    account: str
    key: str
    raw: Mapping[str, Any]
    lane: str
    album: str
    received_at: datetime
    handle_after: datetime | None
    attempts: int
    error: str

    @property
    def at(self) -> Lane:
        """Where it stands in line; ``NO_LANE`` when it stands in none."""
        return (self.account, self.lane) if self.account and self.lane else NO_LANE


_GOES_FIRST = and_(inbox.c.account == "", inbox.c.lane == FIRST)
_COLUMNS = [inbox.c[name] for name in Row.__dataclass_fields__]
_NOW, _MOST = bindparam("now", type_=Instant), bindparam("most", type_=Integer)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
# Asked with every look, and to put a statement together takes as long as to ask it.
_DUE = select(*_COLUMNS).where(inbox.c.state == NEW, or_(inbox.c.handle_after.is_(None), inbox.c.handle_after <= _NOW)).order_by(inbox.c.id)
_HELD = select(inbox.c.account, inbox.c.lane).where(
    inbox.c.state == NEW, inbox.c.handle_after > _NOW, inbox.c.account != "", inbox.c.lane != ""
)


_FIRST = _DUE.where(_GOES_FIRST).limit(_MOST)
_IN_LINE = _DUE.where(not_(_GOES_FIRST)).limit(_MOST)
_NEXT_DUE = select(func.min(inbox.c.handle_after)).where(inbox.c.state == NEW, inbox.c.handle_after > _NOW)
_STILL_NEW = select(inbox.c.id).where(inbox.c.state == NEW, inbox.c.id.in_(_IDS)).order_by(inbox.c.id)
_DONE = update(inbox).where(inbox.c.id.in_(_IDS)).values(state=DONE, handled_at=_NOW, error="")


class Inbox:
    """Reads and writes the inbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.taken_back: set[int] = set()
        """What was taken back in this transaction: it may stand further on in the same batch."""

    async def put(self, account: str, updates: Sequence[Update], at: datetime) -> int:
        """Store updates that are not there yet. Returns how many were new; a repeat of the platform is not."""
        if not updates:
            return 0
        rows = [
            {
                "account": account,
                "key": one.key if _storable(one.key) else "odd-" + hashlib.sha256(one.key.encode("utf-8", "replace")).hexdigest(),
                "raw": _json(one.raw),
                "lane": one.lane if _storable(one.lane) else "",
                "album": one.album if _storable(one.album) else "",
                "received_at": at,
                "state": NEW,
            }
            for one in updates
        ]
        statement = insert(self._connection.dialect, inbox).on_conflict_do_nothing(index_elements=["account", "key"]).returning(inbox.c.id)
        return len((await self._connection.execute(statement, rows)).all())

    async def later(self, key: str, raw: Mapping[str, Any], *, lane: str, at: datetime, handle_after: datetime | None = None) -> None:
        """Put something of our own into the inbox, to be handled like anything that came from outside, not before ``handle_after``."""
        values = {"account": "", "key": key, "raw": dict(raw), "lane": lane, "received_at": at, "handle_after": handle_after, "state": NEW}
        self._connection.add(inbox, values, unless=("account", "key"))

    async def waiting(self, now: datetime, limit: int = 200, *, but: Collection[tuple[str, str]] = ()) -> Sequence[Row]:
        """New rows whose time has come: what goes ``FIRST``, then the oldest; ``but``: not of these lanes (account, lane).

        How an answer went goes before the answers that are still to be sent, and before what citizens write: there is at most one such
        row for each answer that was sent, so it keeps nobody waiting for long. Of one conversation there are at most ``FAIR`` rows while
        others wait too: somebody's flood is not before everybody's messages. Of an album there are all, even beyond these limits.
        """
        first = await self._due(_FIRST, now, limit)
        return [*first, *await self._in_line(now, limit - len(first), but)] if len(first) < limit else first

    async def _in_line(self, now: datetime, limit: int, but: Collection[tuple[str, str]]) -> Sequence[Row]:
        asked = _IN_LINE.where(tuple_(inbox.c.account, inbox.c.lane).not_in(sorted(but))) if but else _IN_LINE
        rows = await self._due(asked, now, limit)
        if len(rows) < limit:
            return rows
        many = {lane for lane, count in Counter(row.at for row in rows).items() if count > FAIR} - {NO_LANE}
        if many:
            first = [row for lane in many for row in [row for row in rows if row.at == lane][:FAIR]]
            others = await self._in_line(now, limit - len(first), {*but, *many}) if len(first) < limit else ()
            rows = sorted([*first, *others], key=lambda row: row.id) if others else rows
        return [*rows, *await self._rest_of_albums(rows, now)]

    async def _rest_of_albums(self, rows: Sequence[Row], now: datetime) -> Sequence[Row]:
        """The parts of albums that a limit cut off: what is one thing said is handled as one however much waits."""
        albums = {(row.account, row.lane, row.album) for row in rows if row.album}
        if not albums:
            return ()
        of_them = tuple_(inbox.c.account, inbox.c.lane, inbox.c.album).in_(sorted(albums))
        return await self._due(_DUE.where(of_them, inbox.c.id.not_in([row.id for row in rows])), now)

    async def _due(self, statement: Select[Any], now: datetime, limit: int | None = None) -> Sequence[Row]:
        given = {"now": now} | ({} if limit is None else {"most": limit})
        return [Row(*row) for row in await self._connection.execute(statement, given)]

    async def hold(self, rows: Sequence[Row]) -> Sequence[int]:
        """Those of the rows that are still new and whose turn it is, in order; they stay ours until this transaction ends.

        On PostgreSQL other processes take rows too: a conversation is one process's at a time, by an advisory lock that ends with the
        transaction or with the process, and nothing of it is taken while something before it, which somebody else read, still waits.
        The turn of an album is that of its first row, whatever stands between that and the others.
        """
        ids = [row.id for row in rows]
        if self._connection.dialect.name == "sqlite":
            return list((await self._connection.execute(_STILL_NEW, {"ids": ids})).scalars())
        lanes = {_lock(row.at): row.at for row in rows if row.at != NO_LANE}
        key = func.unnest(literal(sorted(lanes), ARRAY(BigInteger))).column_valued("key")
        won = (await self._connection.execute(select(key).where(func.pg_try_advisory_xact_lock(key)))).scalars() if lanes else ()
        ours = {lanes[one] for one in won}
        in_line = tuple_(inbox.c.account, inbox.c.lane).in_(sorted(ours))
        statement = (
            select(inbox.c.id, inbox.c.account, inbox.c.lane)
            .where(
                inbox.c.state == NEW,
                inbox.c.id <= max(ids),
                or_(in_line, and_(inbox.c.id.in_(ids), or_(inbox.c.account == "", inbox.c.lane == ""))),
            )
            .order_by(inbox.c.id)
            .with_for_update()
        )
        free, wanted, begun, behind = [], {row.id: row for row in rows}, set(), set()
        for found in await self._connection.execute(statement):
            row = wanted.get(found.id)
            if row is None:
                behind.add((found.account, found.lane))
            elif row.at not in behind or (row.album and (row.at, row.album) in begun):
                free.append(row.id)
                begun.add((row.at, row.album))
        return free

    async def held_lanes(self, now: datetime) -> frozenset[tuple[str, str]]:
        """Lanes (account, lane) of the platforms' updates in which an earlier row waits for another try: what follows must wait too."""
        return frozenset((row.account, row.lane) for row in await self._connection.execute(_HELD, {"now": now}))

    async def next_due(self, now: datetime) -> datetime | None:
        """When the next postponed row is due."""
        found: datetime | None = (await self._connection.execute(_NEXT_DUE, {"now": now})).scalar()
        return found

    async def done(self, ids: Sequence[int], at: datetime) -> None:
        """The rows were handled, in this very transaction."""
        if ids:
            await self._connection.execute(_DONE, {"ids": ids, "now": at})

    async def failed(self, ids: Sequence[int], error: str, retry_at: datetime) -> None:
        """Handling failed; the rows are tried again at ``retry_at``. Those that are done stay so: the commit may have come through."""
        values = {"attempts": inbox.c.attempts + 1, "error": error, "handle_after": retry_at}
        await self._connection.execute(update(inbox).where(inbox.c.id.in_(ids), inbox.c.state == NEW).values(values))

    async def dead(self, ids: Sequence[int], error: str, at: datetime) -> bool:
        """The rows cannot be handled: dead letters, for an administrator to see and replay. Returns False when they had been handled."""
        values = {"state": DEAD, "error": error, "handled_at": at, "attempts": inbox.c.attempts + 1}
        statement = update(inbox).where(inbox.c.id.in_(ids), inbox.c.state == NEW)
        return bool((await self._connection.execute(statement.values(values))).rowcount)

    async def cancel(self, key: str, at: datetime) -> bool:
        """Take back something of our own before it is handled. Returns False when it is too late."""
        statement = update(inbox).where(inbox.c.account == "", inbox.c.key == key, inbox.c.state == NEW)
        taken = (await self._connection.execute(statement.values(state=DONE, handled_at=at).returning(inbox.c.id))).scalars().all()
        self.taken_back.update(taken)
        return bool(taken)

    async def dead_letters(self, limit: int = 50) -> Sequence[Row]:
        """The newest dead letters."""
        statement = select(*_COLUMNS).where(inbox.c.state == DEAD).order_by(inbox.c.id.desc()).limit(limit)
        return [Row(*row) for row in await self._connection.execute(statement)]

    async def counts(self) -> Mapping[str, int]:
        """How many rows are new and how many are dead letters."""
        one, other = (select(func.count()).where(inbox.c.state == state).scalar_subquery() for state in (NEW, DEAD))
        new, dead = (await self._connection.execute(select(one, other))).one()
        return {NEW: new, DEAD: dead}


# One update that the database does not take would keep its whole batch from being acknowledged, and the account deaf for ever.


def _storable(text: str) -> bool:
    """Whether every database takes it as a key: no NUL, no half of a surrogate pair, no longer than an index holds."""
    return "\0" not in text and len(text) <= _LONGEST_KEY and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _lock(lane: Lane) -> int:
    """The number of a conversation's advisory lock, the same in every process: 64 bits, signed."""
    digest = hashlib.blake2b("\0".join(lane).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _json(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The update as it is; what is no JSON for PostgreSQL (NaN) as a text, to become a dead letter that can still be looked at."""
    try:
        json.dumps(raw, allow_nan=False)
    except (TypeError, ValueError):
        return {"no_json": json.dumps(raw, default=repr, skipkeys=True)}
    return dict(raw)
