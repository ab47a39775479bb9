"""The outbox: every message to a person is a row here first, and one row is one platform call with one permanent key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, Select, and_, bindparam, case, func, literal, or_, select, update

from bots.channel import Address, File, Reply
from storage.connection import Connection
from storage.posts import (
    DROPPED,
    FAILED,
    QUEUED,
    SENDING,
    SENT,
    UNCERTAIN,
    UNSETTLED,
    WAITING,
    Post,
    Purpose,
    Row,
    row_from,
    values_of,
)
from storage.sql import constant, insert, is_one_of
from storage.tables import Instant, outbox, sent, threads
from storage.timeline import files_to_json
from storage.turns import DUE, EARLY, NEXT_ROUND, TURN, next_rows

_TROUBLE = (FAILED, UNCERTAIN)
_NEWER = "a newer edit"
"""Why an edit that still waited need not be sent."""
# Asked with every look, and to put a statement together takes as long as to ask it.
_NOW = bindparam("now", type_=Instant)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_TAKE = (
    update(outbox)
    .where(outbox.c.id.in_(_IDS), outbox.c.state == QUEUED)
    .values(
        state=SENDING,
        attempts=outbox.c.attempts + 1,
        tried_at=case((and_(outbox.c.doubted, outbox.c.tried_at.is_not(None)), outbox.c.tried_at), else_=_NOW),
    )
    .returning(outbox.c.id)
)
_ARRIVED = update(outbox).where(outbox.c.id.in_(_IDS)).values(state=SENT, sent_at=_NOW, error="")


class Outbox:
    """Reads and writes the outbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._edits = connection.memory(outbox)
        """row → its newest edit (0 for none), and the edits of it that still wait"""
        self._reminders = connection.memory(outbox)
        """incident → the newest reminder in each chat, and the chat"""
        self._queued = connection.memory(outbox)
        """row → when it was queued; None when it was swept away since"""
        self._due = connection.memory(outbox)
        """account and instant → when a postponed message may go next"""
        self._read = connection.memory(outbox, sent, threads)
        """row → what it says"""

    async def ahead(self, incidents: Collection[int], rows: Collection[int], *, receipts: Collection[int] = ()) -> None:
        """Read at once the reminders of these incidents, what changes them, these rows and these receipts, and when those were queued."""
        newest = func.max(outbox.c.id)
        statement = select(newest, outbox.c.account, outbox.c.chat, outbox.c.incident_id).where(
            outbox.c.incident_id.in_(incidents), outbox.c.purpose == Purpose.REMINDER, outbox.c.instead_of_row == constant(0)
        )
        statement = statement.group_by(outbox.c.incident_id, outbox.c.account, outbox.c.chat).order_by(newest)
        found = (await self._connection.execute(statement)).all()
        self._reminders.update((incident, []) for incident in incidents)
        for row in found:
            self._reminders[row.incident_id].append((row[0], Address(row.account, row.chat)))
        reminders = {row[0] for row in found}
        await self._edits_ahead({*rows, *receipts, *reminders} - {0})
        if receipts:
            statement = select(outbox.c.id, outbox.c.created_at).where(outbox.c.id.in_(receipts))
            self._queued.update(dict.fromkeys(receipts))
            self._queued.update((row.id, row.created_at) for row in await self._connection.execute(statement))
        newest_of = {self._edits[row][0] or row for row in reminders}
        self._read.update((row.id, row) for row in (await self._rows(sorted(newest_of)) if newest_of else ()))

    async def _edits_ahead(self, rows: Collection[int]) -> None:
        """What changes these messages: the newest edit, and what of them still waits."""
        waits = case((outbox.c.state == QUEUED, outbox.c.id))
        statement = select(outbox.c.instead_of_row, func.max(outbox.c.id), func.min(waits), func.max(waits))
        statement = statement.where(outbox.c.instead_of_row.in_(rows), outbox.c.instead_of_row != constant(0))
        found = (await self._connection.execute(statement.group_by(outbox.c.instead_of_row))).all() if rows else ()
        self._edits.update((row, (0, [])) for row in rows)
        for row, newest, *waiting in found:
            self._edits[row] = (newest, sorted({one for one in waiting if one}))

    async def put(self, post: Post, at: datetime, *, before: Row | None = None) -> int:
        """Queue a message. Returns its row; a newer edit makes older queued edits of the same message needless.

        ``before``: it goes before this row, which was to be sent just now, and before whatever was put before that one earlier.
        """
        if post.instead_of_row:
            await self._drop_older(post.instead_of_row)
        row = await self._connection.next_id(outbox)
        values = {
            "id": row,
            "account": post.to.account,
            "chat": post.to.chat,
            "thread": post.to.thread,
            "topic_of": post.topic_of,
            "purpose": post.purpose,
            "incident_id": post.incident,
            "draft_id": post.draft,
            "answer_to_row": post.answer_to_row,
            "instead_of_row": post.instead_of_row,
            "before_row": (before.before_row or before.id) if before else None,
            "state": QUEUED,
            "created_at": at,
        }
        self._connection.add(outbox, {**values, **values_of(post.out)})
        self._queued[row] = at
        self._edits[post.instead_of_row or row] = (row, [row]) if post.instead_of_row else (0, [])
        if post.purpose is Purpose.REMINDER and not post.instead_of_row:
            self._reminders.pop(post.incident, None)
        return row

    async def _drop_older(self, row: int) -> None:
        """Older edits of a message that were not sent yet need not be."""
        if row not in self._edits:
            older = update(outbox).where(outbox.c.instead_of_row == row, outbox.c.instead_of_row != constant(0), outbox.c.state == QUEUED)
            await self._connection.execute(older.values(state=DROPPED, error=_NEWER))
            return
        for edit in self._edits[row][1]:
            if waiting := self._connection.still_waits(outbox, id=edit):
                waiting |= {"state": DROPPED, "error": _NEWER}
            else:
                self._connection.amend(outbox, {"id": edit, "state": QUEUED}, {"state": DROPPED, "error": _NEWER})

    async def claim(self, account: str, now: datetime, skip: Sequence[str] = (), limit: int = 50, *, after: str = "") -> Sequence[Row]:
        """Take the next message of each chat of an account that may go now, at most ``limit``, and mark it as being sent.

        Order is kept per chat: nothing of a chat is taken while an earlier message of it waits or is being sent. Chats take turns, those
        behind the chat ``after`` first, so that it costs the same however much waits, and nobody's flood is before anybody else's message.
        Two things do not wait for that turn. Whispers have no order: they answer one press and are of use only at once. And a chat where
        somebody waits to hear that nobody knows whether their answer arrived, or that it did not, goes before the others.
        """
        asked = {"account": account, "now": now, "skip": list(skip), "most": limit, "after": after}
        found = (await self._connection.execute(next_rows(), asked)).all()
        early = [row.head for row in found if row.part == EARLY]
        in_turn = [row.head for part in (TURN, NEXT_ROUND) for row in found if row.part == part]
        ids = [*early, *(row for row in in_turn if row not in early)][:limit]
        rows = await self._take(ids, now)
        self._due[account, now] = next(row.due for row in found if row.part == DUE)
        return [replace(rows[row], in_turn=row not in early) for row in ids if row in rows]

    async def _take(self, ids: Sequence[int], now: datetime) -> Mapping[int, Row]:
        """Mark as being sent what nobody else took meanwhile."""
        if not ids:
            return {}
        won = (await self._connection.execute(_TAKE, {"ids": ids, "now": now})).scalars().all()
        return {row.id: row for row in await self._rows(sorted(won))}

    async def next_due(self, account: str, now: datetime) -> datetime | None:
        """When a postponed message of the account may go next."""
        if (account, now) not in self._due:
            later = and_(outbox.c.state == constant(QUEUED), outbox.c.not_before > now)
            statement = select(func.min(outbox.c.not_before)).where(outbox.c.account == account, later)
            self._due[account, now] = (await self._connection.execute(statement)).scalar()
        found: datetime | None = self._due[account, now]
        return found

    async def has_due(self, account: str, now: datetime) -> bool:
        """Whether something of the account could go now, or is being sent."""
        due = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
        statement = select(outbox.c.id).where(outbox.c.account == account, outbox.c.state.in_(WAITING), due).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def mark_sent(self, arrived: Sequence[tuple[Row, Sequence[str]]], at: datetime) -> None:
        """The platform took these rows and gave these message ids."""
        if not arrived:
            return
        await self._connection.execute(_ARRIVED, {"ids": [row.id for row, _ in arrived], "now": at})
        values = [
            {
                "account": row.to.account,
                "chat": row.to.chat,
                "message": message,
                "outbox_id": row.instead_of_row or row.id,
                "incident_id": row.incident,
                "purpose": row.purpose,
            }
            for row, messages in arrived
            # a topic is no message; an edited message stays the message of its first row, also when that one was never seen to arrive
            if isinstance(row.out, Reply) and (not row.instead_of_row or row.target_missing)
            for message in messages
        ]
        if values:
            statement = insert(self._connection.dialect, sent)
            told = {name: statement.excluded[name] for name in ("outbox_id", "incident_id", "purpose")}
            statement = statement.on_conflict_do_update(index_elements=["account", "chat", "message"], set_=told)
            await self._connection.execute(statement, values)

    async def postpone(self, row: Row, error: str, until: datetime, *, doubted: bool = False) -> None:
        """It did not arrive, or (``doubted``) nobody knows; the same row goes again later."""
        await self._set(row.id, state=QUEUED, not_before=until, error=error, doubted=row.doubted or doubted)

    async def fail(self, row: Row, error: str) -> None:
        """It did not arrive and will not."""
        await self._set(row.id, state=FAILED, error=error)

    async def uncertain(self, row: Row, error: str) -> None:
        """Nobody knows whether it arrived."""
        await self._set(row.id, state=UNCERTAIN, error=error)

    async def drop(self, row: int, error: str) -> None:
        """It is not to be sent any more."""
        await self._set(row, state=DROPPED, error=error)

    async def redirect(self, row: Row, chat: str) -> None:
        """The chat has another id: the same row goes there."""
        await self._set(row.id, state=QUEUED, chat=chat)

    async def leave_thread(self, row: Row, error: str) -> None:
        """The topic it was put into is gone: the same row goes into the chat itself."""
        await self._set(row.id, state=QUEUED, thread="", error=error)

    async def leave_files(self, row: Row, files: Sequence[File], error: str) -> None:
        """Some of its files cannot be had: the same row goes again with those that are left."""
        await self._set(row.id, state=QUEUED, files=files_to_json(files), error=error, without_files=True)

    async def interrupted(self, account: str) -> Sequence[Row]:
        """Rows that were being sent when the process ended."""
        statement = select(outbox.c.id).where(outbox.c.account == account, is_one_of(outbox.c.state, *WAITING), outbox.c.state == SENDING)
        return await self._rows((await self._connection.execute(statement)).scalars().all())

    async def get(self, row: int) -> Row | None:
        """One row, whatever became of it."""
        rows = await self._rows([row])
        return rows[0] if rows else None

    async def message_of(self, row: int) -> str:
        """The id of the (first) message a row became; empty when it was not sent."""
        return (await self._connection.execute(select(_first_message(literal(row))))).scalar() or ""

    async def last_version(self, row: int) -> Row | None:
        """A message as it stands now: its newest edit, or itself."""
        if row in self._edits:
            newest = self._edits[row][0]
        else:
            statement = select(func.max(outbox.c.id)).where(outbox.c.instead_of_row == row, outbox.c.instead_of_row != constant(0))
            newest = (await self._connection.execute(statement)).scalar()
        known: Row | None = self._read.get(newest or row)
        return known or await self.get(newest or row)

    async def as_it_stands(self, row: int) -> Row | None:
        """A message as people see it: its newest edit that was made, or itself; None when it is kept no more."""
        edits = and_(outbox.c.instead_of_row == row, outbox.c.instead_of_row != constant(0))
        newest = (await self._connection.execute(select(func.max(outbox.c.id)).where(edits, outbox.c.state == constant(SENT)))).scalar()
        return await self.get(newest or row)

    async def reminders(self, incident: int) -> Sequence[tuple[int, Address]]:
        """The newest reminder about an incident in each chat: its row, and the chat."""
        if incident in self._reminders:
            return list(self._reminders[incident])
        statement = (
            select(func.max(outbox.c.id), outbox.c.account, outbox.c.chat)
            .where(outbox.c.incident_id == incident, outbox.c.purpose == Purpose.REMINDER, outbox.c.instead_of_row == constant(0))
            .group_by(outbox.c.account, outbox.c.chat)
        )
        return [(row[0], Address(row[1], row[2])) for row in await self._connection.execute(statement.order_by(func.max(outbox.c.id)))]

    async def told(self, incident: int) -> Sequence[tuple[datetime, Address, Purpose, str]]:
        """What was said about an incident, edits left out, oldest first: when it was queued, where to, what for, and its state."""
        statement = (
            select(outbox.c.created_at, outbox.c.account, outbox.c.chat, outbox.c.purpose, outbox.c.state)
            .where(outbox.c.incident_id == incident, outbox.c.instead_of_row == constant(0), outbox.c.kind == constant("reply"))
            .order_by(outbox.c.id)
        )
        return [(row[0], Address(row[1], row[2]), Purpose(row[3]), row[4]) for row in await self._connection.execute(statement)]

    async def age(self, row: int, now: datetime) -> timedelta:
        """How long ago a row was queued."""
        created: datetime = (await self._connection.execute(select(outbox.c.created_at).where(outbox.c.id == row))).scalar_one()
        return now - created

    async def queued_at(self, row: int) -> datetime | None:
        """When a row was queued; None for one that was swept away since."""
        if row not in self._queued:
            statement = select(outbox.c.created_at).where(outbox.c.id == row)
            self._queued[row] = (await self._connection.execute(statement)).scalar()
        found: datetime | None = self._queued[row]
        return found

    async def state(self, row: int) -> str:
        """What became of a row."""
        return (await self._connection.execute(select(outbox.c.state).where(outbox.c.id == row))).scalar() or ""

    async def of_draft(self, draft: int) -> Sequence[tuple[int, str]]:
        """The rows that carry a draft to its citizen, and what became of each."""
        statement = (
            select(outbox.c.id, outbox.c.state)
            .where(outbox.c.draft_id == draft, outbox.c.draft_id != constant(0), outbox.c.purpose == Purpose.ANSWER)
            .order_by(outbox.c.id)
        )
        return [(row[0], row[1]) for row in await self._connection.execute(statement)]

    async def asked_about(self, draft: int) -> Sequence[tuple[int, Address]]:
        """The messages that ask somebody to decide about a draft, and where each stands."""
        statement = select(outbox.c.id, outbox.c.account, outbox.c.chat).where(
            outbox.c.draft_id == draft,
            outbox.c.draft_id != constant(0),
            outbox.c.purpose == Purpose.NOTICE,
            outbox.c.instead_of_row == constant(0),
        )
        return [(row[0], Address(row[1], row[2])) for row in await self._connection.execute(statement.order_by(outbox.c.id))]

    async def undelivered(self, since: datetime, limit: int = 200) -> Sequence[int]:
        """Incidents whose newest answer failed, is uncertain, or has been waiting since then; the newest first."""
        later = outbox.alias()
        waits = and_(is_one_of(outbox.c.state, *WAITING), outbox.c.created_at <= since)
        newer = select(later.c.id).where(
            later.c.incident_id == outbox.c.incident_id, later.c.purpose == Purpose.ANSWER, later.c.id > outbox.c.id, later.c.state == SENT
        )
        statement = (
            select(outbox.c.incident_id)
            .where(
                is_one_of(outbox.c.state, *UNSETTLED),
                outbox.c.purpose == Purpose.ANSWER,
                or_(outbox.c.state.in_(_TROUBLE), waits),
            )
            .where(~newer.exists())
            .group_by(outbox.c.incident_id)
            .order_by(func.max(outbox.c.id).desc())
            .limit(limit)
        )
        return list((await self._connection.execute(statement)).scalars())

    async def lacks_files(self, draft: int) -> bool:
        """Whether something of a draft went without a file that could not be had."""
        statement = select(outbox.c.id).where(outbox.c.draft_id == draft, outbox.c.draft_id != constant(0), outbox.c.without_files).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def again(self, row: int) -> None:
        """Send the same row once more, because a person asked for it."""
        await self._set(row, state=QUEUED, not_before=None, error="", doubted=False)

    async def arrived(self, row: int, at: datetime) -> None:
        """A person saw that an uncertain row did arrive."""
        await self._set(row, state=SENT, sent_at=at)

    async def about(self, account: str, chat: str, message: str) -> tuple[int, str]:
        """The incident that a message of ours is about and what the message was for; (0, "") for none."""
        statement = select(sent.c.incident_id, sent.c.purpose).where(
            sent.c.account == account, sent.c.chat == chat, sent.c.message == message
        )
        row = (await self._connection.execute(statement)).first()
        return (row[0], row[1]) if row else (0, "")

    async def row_of(self, account: str, chat: str, message: str) -> int:
        """The outbox row that became a message; 0 when it was not one of ours."""
        statement = select(sent.c.outbox_id).where(sent.c.account == account, sent.c.chat == chat, sent.c.message == message)
        return (await self._connection.execute(statement)).scalar() or 0

    async def counts(self) -> Mapping[str, int]:
        """How many rows are in each state that somebody should look at."""
        statement = select(outbox.c.state, func.count()).where(is_one_of(outbox.c.state, *UNSETTLED)).group_by(outbox.c.state)
        return dict.fromkeys(UNSETTLED, 0) | {row[0]: row[1] for row in await self._connection.execute(statement)}

    async def troubles(self, limit: int = 30) -> Sequence[tuple[int, str, str, int, str]]:
        """The newest rows that failed or are uncertain: row, account, state, incident, error."""
        statement = (
            select(outbox.c.id, outbox.c.account, outbox.c.state, outbox.c.incident_id, outbox.c.error)
            .where(
                is_one_of(outbox.c.state, *UNSETTLED),
                or_(outbox.c.state.in_(_TROUBLE), and_(outbox.c.state == QUEUED, outbox.c.attempts > 0)),
            )
            .order_by(outbox.c.id.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in await self._connection.execute(statement)]

    async def _set(self, row: int, **values: Any) -> None:
        await self._connection.execute(update(outbox).where(outbox.c.id == row).values(values))

    async def _rows(self, ids: Sequence[int]) -> Sequence[Row]:
        """The rows with what they refer to: the topic's id, the ids of the messages they answer or change."""
        return [row_from(row._mapping) for row in await self._connection.execute(_whole_rows(), {"ids": ids})]


@cache
def _whole_rows() -> Select[Any]:
    here = and_(threads.c.incident_id == outbox.c.topic_of, threads.c.account == outbox.c.account, threads.c.chat == outbox.c.chat)
    changed = outbox.alias()
    columns = (
        outbox,
        threads.c.thread.label("topic"),
        _first_message(outbox.c.instead_of_row).label("target"),
        select(changed.c.sent_at).where(changed.c.id == outbox.c.instead_of_row).scalar_subquery().label("target_at"),
        _first_message(outbox.c.answer_to_row).label("answered"),
    )
    return select(*columns).outerjoin(threads, here).where(outbox.c.id.in_(_IDS)).order_by(outbox.c.id)


def _first_message(row: ColumnElement[int]) -> ScalarSelect[str]:
    """The id of the message a row became; of an album its first, which carries the text. Platforms count up."""
    return (
        select(sent.c.message)
        .where(sent.c.outbox_id == row)
        .order_by(func.length(sent.c.message), sent.c.message)
        .limit(1)
        .scalar_subquery()
    )
