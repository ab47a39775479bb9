"""The outbox: every message to a person is a row here first, and one row is one platform call with one permanent key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bots.channel import Address, Button, File, Keyboard, OpenThread, Outgoing, RenameThread, Reply
from storage.incidents import files_from_json, files_to_json
from storage.sql import insert
from storage.tables import outbox, sent, threads


class Purpose(StrEnum):
    """What a message is for; it decides what an uncertain delivery means (``bots.delivery``)."""

    ANSWER = "answer"
    """An official's words to a citizen: never repeated by itself where a repeat would be seen."""
    RECEIPT = "receipt"
    CARD = "card"
    REMINDER = "reminder"
    NOTICE = "notice"
    """Everything else the bot says."""


QUEUED, SENDING, SENT, FAILED, UNCERTAIN, DROPPED = "queued", "sending", "sent", "failed", "uncertain", "dropped"
_WAITING = (QUEUED, SENDING)
_OPEN = (*_WAITING, FAILED, UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message to be queued: what, where to, what for."""

    to: Address
    out: Outgoing
    purpose: Purpose = Purpose.NOTICE
    incident: int = 0
    topic_of: int = 0
    """Put it into the forum topic of this incident, whatever that will be."""
    answer_to_row: int = 0
    """Attach it to the message of that row."""
    instead_of_row: int = 0
    """Replace the text and buttons of the message of that row."""
    draft: int = 0
    """The draft this is the sending of: its author is told how it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A queued message as delivery finds it, every id filled in that is known."""

    id: int
    to: Address
    out: Outgoing
    purpose: Purpose
    incident: int
    topic_of: int
    instead_of_row: int
    draft: int
    attempts: int
    needs_thread: bool
    """It belongs into a topic that is not there (any more)."""
    target_missing: bool
    """It changes a message that was never sent."""
    doubted: bool
    """A call of it may have arrived."""
    """What went wrong when it was tried last; empty when nothing did."""

    @property
    def key(self) -> int:
        """The permanent key of the platform call, 1 … 2³¹−1."""
        return self.id % 0x7FFFFFFF or 1


class Outbox:
    """Reads and writes the outbox."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, post: Post, at: datetime, *, before_row: int | None = None) -> int:
        """Queue a message. Returns its row; a newer edit makes older queued edits of the same message needless."""
        if post.instead_of_row:
            older = update(outbox).where(
                outbox.c.instead_of_row == post.instead_of_row, outbox.c.instead_of_row != _inline(0), outbox.c.state == QUEUED
            )
            await self._connection.execute(older.values(state=DROPPED, error="a newer edit"))
        values = {
            "account": post.to.account,
            "chat": post.to.chat,
            "thread": post.to.thread,
            "topic_of": post.topic_of,
            "purpose": post.purpose,
            "incident_id": post.incident,
            "draft_id": post.draft,
            "answer_to_row": post.answer_to_row,
            "instead_of_row": post.instead_of_row,
            "before_row": before_row,
            "state": QUEUED,
            "created_at": at,
            **_out_values(post.out),
        }
        row: int = (await self._connection.execute(outbox.insert().values(values).returning(outbox.c.id))).scalar_one()
        return row

    async def claim(self, account: str, now: datetime, skip: Sequence[str] = (), limit: int = 50) -> Sequence[Row]:
        """Take the next message of each chat of an account that may go now, at most ``limit``, and mark it as being sent.

        Order is kept per chat: nothing of a chat is taken while an earlier message of it waits or is being sent.
        Whispers have no order: they answer one press and are of use only at once.
        """
        mine = and_(outbox.c.account == account, _is_in(outbox, _WAITING), outbox.c.state == QUEUED)
        may_go = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
        whispers = select(outbox.c.id).where(mine, may_go, outbox.c.whisper_to != "").order_by(outbox.c.id).limit(limit)
        heads = select(outbox.c.id).where(mine, may_go, outbox.c.whisper_to == "", ~_something_goes_before()).order_by(outbox.c.id)
        if skip:
            heads = heads.where(outbox.c.chat.not_in(list(skip)))
        ids = list((await self._connection.execute(whispers)).scalars())
        if len(ids) < limit:
            ids += (await self._connection.execute(heads.limit(limit - len(ids)))).scalars()
        if not ids:
            return []
        taken = update(outbox).where(outbox.c.id.in_(ids), outbox.c.state == QUEUED).returning(outbox.c.id)
        won = (await self._connection.execute(taken.values(state=SENDING, attempts=outbox.c.attempts + 1))).scalars().all()
        return await self._rows(won)

    async def next_due(self, account: str, now: datetime) -> datetime | None:
        """When a postponed message of the account may go next."""
        statement = select(func.min(outbox.c.not_before)).where(
            outbox.c.account == account, outbox.c.state == _inline(QUEUED), outbox.c.not_before > now
        )
        found: datetime | None = (await self._connection.execute(statement)).scalar()
        return found

    async def has_due(self, account: str, now: datetime) -> bool:
        """Whether something of the account could go now, or is being sent."""
        due = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
        statement = select(outbox.c.id).where(outbox.c.account == account, outbox.c.state.in_(_WAITING), due).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def mark_sent(self, row: Row, messages: Sequence[str], at: datetime) -> None:
        """The platform took it and gave these message ids."""
        await self._set(row.id, state=SENT, sent_at=at, error="")
        if isinstance(row.out, OpenThread | RenameThread) or row.instead_of_row:
            return  # a topic is no message; an edited message stays the message of its first row
        for message in messages:
            key = {"account": row.to.account, "chat": row.to.chat, "message": message}
            values = {"outbox_id": row.id, "incident_id": row.incident, "purpose": row.purpose}
            statement = insert(self._connection, sent).values(**key, **values)
            await self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

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
        statement = select(outbox.c.id).where(outbox.c.account == account, _is_in(outbox, _WAITING), outbox.c.state == SENDING)
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
        statement = select(func.max(outbox.c.id)).where(outbox.c.instead_of_row == row)
        newest = (await self._connection.execute(statement)).scalar()
        return await self.get(newest or row)

    async def reminders(self, incident: int) -> Sequence[tuple[int, Address]]:
        """The newest reminder about an incident in each chat: its row, and the chat."""
        statement = (
            select(func.max(outbox.c.id), outbox.c.account, outbox.c.chat)
            .where(outbox.c.incident_id == incident, outbox.c.purpose == Purpose.REMINDER, outbox.c.instead_of_row == _inline(0))
            .group_by(outbox.c.account, outbox.c.chat)
        )
        return [(row[0], Address(row[1], row[2])) for row in await self._connection.execute(statement.order_by(func.max(outbox.c.id)))]

    async def age(self, row: int, now: datetime) -> timedelta:
        """How long ago a row was queued."""
        created: datetime = (await self._connection.execute(select(outbox.c.created_at).where(outbox.c.id == row))).scalar_one()
        return now - created

    async def queued_at(self, row: int) -> datetime | None:
        """When a row was queued; None for one that was swept away since."""
        found: datetime | None = (await self._connection.execute(select(outbox.c.created_at).where(outbox.c.id == row))).scalar()
        return found

    async def state(self, row: int) -> str:
        """What became of a row."""
        return (await self._connection.execute(select(outbox.c.state).where(outbox.c.id == row))).scalar() or ""

    async def of_draft(self, draft: int) -> Sequence[tuple[int, str]]:
        """The rows that carry a draft to its citizen, and what became of each."""
        statement = (
            select(outbox.c.id, outbox.c.state).where(outbox.c.draft_id == draft, outbox.c.draft_id != _inline(0)).order_by(outbox.c.id)
        )
        return [(row[0], row[1]) for row in await self._connection.execute(statement)]

    async def lacks_files(self, draft: int) -> bool:
        """Whether something of a draft went without a file that could not be had."""
        statement = select(outbox.c.id).where(outbox.c.draft_id == draft, outbox.c.draft_id != _inline(0), outbox.c.without_files).limit(1)
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
        statement = select(outbox.c.state, func.count()).where(_is_in(outbox, _OPEN)).group_by(outbox.c.state)
        return dict.fromkeys(_OPEN, 0) | {row[0]: row[1] for row in await self._connection.execute(statement)}

    async def troubles(self, limit: int = 30) -> Sequence[tuple[int, str, str, int, str]]:
        """The newest rows that failed or are uncertain: row, account, state, incident, error."""
        statement = (
            select(outbox.c.id, outbox.c.account, outbox.c.state, outbox.c.incident_id, outbox.c.error)
            .where(
                _is_in(outbox, _OPEN), or_(outbox.c.state.in_((FAILED, UNCERTAIN)), and_(outbox.c.state == QUEUED, outbox.c.attempts > 0))
            )
            .order_by(outbox.c.id.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in await self._connection.execute(statement)]

    async def _set(self, row: int, **values: Any) -> None:
        await self._connection.execute(update(outbox).where(outbox.c.id == row).values(values))

    async def _rows(self, ids: Sequence[int]) -> Sequence[Row]:
        """The rows with what they refer to: the topic's id, the ids of the messages they answer or change."""
        statement = (
            select(
                outbox,
                threads.c.thread.label("topic"),
                _first_message(outbox.c.instead_of_row).label("target"),
                _first_message(outbox.c.answer_to_row).label("answered"),
            )
            .outerjoin(
                threads,
                and_(
                    threads.c.incident_id == outbox.c.topic_of,
                    threads.c.account == outbox.c.account,
                    threads.c.chat == outbox.c.chat,
                ),
            )
            .where(outbox.c.id.in_(ids))
            .order_by(outbox.c.id)
        )
        return [_row(row._mapping) for row in await self._connection.execute(statement)]


def _first_message(row: ColumnElement[int]) -> ScalarSelect[str]:
    """The id of the message a row became; of an album its first, which carries the text. Platforms count up."""
    return (
        select(sent.c.message)
        .where(sent.c.outbox_id == row)
        .order_by(func.length(sent.c.message), sent.c.message)
        .limit(1)
        .scalar_subquery()
    )


def _inline(value: str | int) -> ColumnElement[Any]:
    """A value written into the statement: SQLite uses a partial index only when it can read there that its condition holds."""
    return literal(value, literal_execute=True)


def _is_in(table: FromClause, states: Sequence[str]) -> ColumnElement[bool]:
    return table.c.state.in_([_inline(state) for state in states])


def _something_goes_before() -> ColumnElement[bool]:
    """Whether another message of the same chat waits before this one: rows go by id, a row with ``before_row`` just before that one."""
    other = outbox.alias()
    place = func.coalesce(outbox.c.before_row, outbox.c.id)
    same_chat = and_(other.c.account == outbox.c.account, other.c.chat == outbox.c.chat, _is_in(other, _WAITING), other.c.whisper_to == "")
    ordinary = select(1).where(same_chat, other.c.before_row.is_(None), other.c.id < place)
    inserted = select(1).where(
        same_chat,
        other.c.before_row.is_not(None),
        or_(
            other.c.before_row < place,
            and_(other.c.before_row == place, or_(outbox.c.before_row.is_(None), other.c.id < outbox.c.id)),
        ),
    )
    return or_(ordinary.exists(), inserted.exists())


def _out_values(out: Outgoing) -> dict[str, Any]:
    if isinstance(out, OpenThread):
        return {"kind": "open_thread", "text": out.title, "keyboard": [], "files": []}
    if isinstance(out, RenameThread):
        return {"kind": "rename_thread", "text": out.title, "closed": out.closed, "keyboard": [], "files": []}
    return {
        "kind": "reply",
        "text": out.text,
        "keyboard": [[asdict(button) for button in row] for row in out.keyboard],
        "files": files_to_json(out.files),
        "answer_to": out.answer_to,
        "whisper_to": out.whisper_to,
        "ask_place": out.ask_place,
    }


def _row(row: Mapping[Any, Any]) -> Row:
    topic = row["topic"] or ""
    out: Outgoing
    if row["kind"] == "open_thread":
        out = OpenThread(row["text"])
    elif row["kind"] == "rename_thread":
        out = RenameThread(row["text"], row["closed"])
    else:
        out = Reply(
            text=row["text"],
            keyboard=_keyboard(row["keyboard"]),
            files=files_from_json(row["files"]),
            answer_to=row["answer_to"] or row["answered"] or "",
            instead_of=row["target"] or "",
            whisper_to=row["whisper_to"],
            ask_place=row["ask_place"],
        )
    return Row(
        id=row["id"],
        to=Address(row["account"], row["chat"], topic or row["thread"]),
        out=out,
        purpose=Purpose(row["purpose"]),
        incident=row["incident_id"],
        topic_of=row["topic_of"],
        instead_of_row=row["instead_of_row"],
        draft=row["draft_id"],
        attempts=row["attempts"],
        needs_thread=bool(row["topic_of"]) and not topic and row["kind"] != "open_thread",
        target_missing=bool(row["instead_of_row"]) and not row["target"],
        doubted=row["doubted"],
    )


def _keyboard(raw: Sequence[Sequence[Mapping[str, Any]]]) -> Keyboard:
    return tuple(tuple(Button(**button) for button in row) for row in raw)
