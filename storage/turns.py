"""Which messages of an account go next: each chat in its own order, chats by turns, and first what somebody waits for."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from storage.posts import QUEUED, WAITING, Purpose
from storage.sql import constant, is_one_of
from storage.tables import Instant, outbox

DUE, EARLY, TURN, NEXT_ROUND = range(4)
"""What a row of ``next_rows`` is; those of a kind come in their order."""
_MOST = bindparam("most", type_=Integer)


@cache
def next_rows() -> Select[Any]:
    """One statement for each look at the outbox: ``part`` (see above), ``head`` (the row that may go) and ``due``.

    The row of the part ``DUE`` says when a postponed message may go next, and no head. Parameters: ``account``; ``now``; ``skip``, the
    chats that are not to be written to; ``after``, the chat whose turn was last; ``most``, how many of each part are wanted. It is put
    together once: that takes ten times as long as asking.
    """
    postponed = select(constant(DUE).label("part"), constant(0).label("head"), func.min(outbox.c.not_before).label("due")).where(
        outbox.c.account == bindparam("account"),
        outbox.c.state == constant(QUEUED),
        outbox.c.not_before > bindparam("now", type_=Instant),
    )
    parts = ((EARLY, _out_of_turn()), (TURN, _behind()), (NEXT_ROUND, _up_to()))
    heads = [select(constant(part), rows.c.head, type_coerce(null(), Instant)) for part, rows in parts]
    found = union_all(postponed, *heads).subquery()
    return select(found.c.part, found.c.head, found.c.due)


def _may_go() -> ColumnElement[bool]:
    due = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= bindparam("now", type_=Instant))
    return and_(outbox.c.state == constant(QUEUED), due)


def _waits(rows: FromClause) -> ColumnElement[bool]:
    """What of an account waits for its turn."""
    return and_(rows.c.account == bindparam("account"), is_one_of(rows.c.state, *WAITING), rows.c.whisper_to == constant(""))


def _rests(chat: ColumnElement[str]) -> ColumnElement[bool]:
    return chat.in_(bindparam("skip", expanding=True))


def _out_of_turn() -> FromClause:
    """Whispers, and of each chat where somebody waits to hear of an answer in doubt or lost the next row."""
    mine = and_(outbox.c.account == bindparam("account"), outbox.c.whisper_to != constant(""))
    whispers = select(outbox.c.id.label("head")).where(mine, _may_go()).order_by(outbox.c.id).limit(_MOST).subquery()
    rows = outbox.alias()
    news = and_(_waits(rows), rows.c.draft_id != constant(0), rows.c.purpose == constant(Purpose.NOTICE))
    chats = select(rows.c.chat).where(news, ~_rests(rows.c.chat)).distinct().subquery()
    return union_all(select(whispers.c.head), select(_next_of(chats).c.head)).subquery()


def _behind() -> FromClause:
    """The next rows of chats behind the one whose turn was last, to the end of the list."""
    return _next_of(_every_chat("chats_behind", since=bindparam("after", type_=Text)))


def _up_to() -> FromClause:
    """The same from the beginning of the list up to that chat."""
    return _next_of(_every_chat("chats_before", since=literal_column("''", Text), until=bindparam("after", type_=Text)))


def _every_chat(name: str, *, since: ColumnElement[str], until: ColumnElement[str] | None = None) -> CTE:
    """The chats with something waiting, in their order, behind ``since`` up to ``until`` or the end.

    From one chat the index leads straight to the next, however much waits in each; only as many chats are looked up as are asked for.
    """
    rows = outbox.alias()

    def next_chat(behind: ColumnElement[str]) -> ScalarSelect[str]:
        found = select(rows.c.chat).where(_waits(rows), rows.c.chat > behind).order_by(rows.c.chat).limit(1)
        return (found if until is None else found.where(rows.c.chat <= until)).scalar_subquery()

    chats = select(next_chat(since).label("chat")).cte(name, recursive=True)
    return chats.union_all(select(next_chat(chats.c.chat)).where(chats.c.chat.is_not(None)))


def _next_of(chats: FromClause) -> FromClause:
    """The next row of each of these chats, where it may go now and the chat is not to be skipped.

    Rows go by id, those with ``before_row`` just before that one, the newest of them first: what the first of them needs was put before it.
    """
    rows = outbox.alias()
    here = and_(_waits(rows), rows.c.chat == chats.c.chat)
    inserted = select(rows.c.id).where(here, rows.c.before_row.is_not(None)).order_by(rows.c.before_row, rows.c.id.desc()).limit(1)
    before = select(func.min(rows.c.before_row)).where(here, rows.c.before_row.is_not(None))
    ordinary = select(rows.c.id).where(here, rows.c.before_row.is_(None)).order_by(rows.c.id).limit(1)
    found = select(
        chats.c.chat,
        inserted.scalar_subquery().label("inserted"),
        before.scalar_subquery().label("before"),
        ordinary.scalar_subquery().label("ordinary"),
    ).where(chats.c.chat.is_not(None))
    each = found.subquery()
    goes_before = or_(each.c.before <= each.c.ordinary, each.c.ordinary.is_(None))
    head = case((goes_before, func.coalesce(each.c.inserted, each.c.ordinary)), else_=each.c.ordinary).label("head")
    heads = select(each.c.chat, head).subquery()
    # A value and not a join: the heads are looked at one by one, and only until there are enough.
    goes = select(_may_go()).where(outbox.c.id == heads.c.head).scalar_subquery()
    return select(heads.c.head).where(goes, ~_rests(heads.c.chat)).limit(_MOST).subquery()
