"""First answers, and what a day or a week of an organisation or the region comes to in figures. Each question has an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, and_, case, func, literal, select

from incidents.incident import Timer
from storage.connection import Connection
from storage.incidents import OPEN, OWED
from storage.sql import insert
from storage.tables import first_answers, incidents

REGION = ""
"""Stands for the whole region where figures are by organisation."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A stretch of time in figures."""

    received: int = 0
    answered: int = 0
    """First answers, interim ones among them."""
    in_time: int = 0
    missed: int = 0
    """First answers that fell due and were not there."""
    median: float | None = None
    """Seconds from the citizen's message to the first answer, the middle one of those that were given."""
    rating: float | None = None
    """The mean of what citizens gave for what was answered, 1 to 5."""


class Answers:
    """Reads and writes first answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def first(self, incident: int, organisation: str, *, reported_at: datetime, at: datetime, due_at: datetime) -> None:
        """The citizen got the first answer. A second one to the same incident changes nothing."""
        values = {"organisation": organisation, "at": at, "due_at": due_at, "seconds": (at - reported_at).total_seconds()}
        statement = insert(self._connection.dialect, first_answers).values(incident_id=incident, **values).on_conflict_do_nothing()
        await self._connection.execute(statement)

    async def figures(
        self, begin: datetime, end: datetime, organisations: Collection[str] | None = None, *, now: datetime
    ) -> Mapping[str, Figures]:
        """What came and was answered from ``begin`` until before ``end``: of each of these organisations; None: of all as ``REGION``."""
        found: dict[str, dict[str, Any]] = {}
        for statement in (
            _received(begin, end, organisations),
            _answered(begin, end, organisations),
            _median(begin, end, organisations),
            _late(begin, end, organisations),
            _open(begin, min(end, now), organisations),
        ):
            for row in await self._connection.execute(statement):
                found.setdefault(row.organisation, {}).update(row._mapping)
        return {one: _figures(values) for one, values in found.items() if organisations is None or one in organisations}


def _figures(values: Mapping[str, Any]) -> Figures:
    """PostgreSQL counts means in decimals."""
    median, rating = (None if values.get(name) is None else float(values[name]) for name in ("median", "rating"))
    return Figures(
        received=values.get("received", 0),
        answered=values.get("answered", 0),
        in_time=values.get("in_time", 0),
        missed=values.get("late", 0) + values.get("still_open", 0),
        median=median,
        rating=rating,
    )


def _per(column: Column[str], organisations: Collection[str] | None) -> tuple[Any, list[Any], list[Any]]:
    """What to call the rows, which of them, and how to group them."""
    if organisations is None:
        return literal(REGION).label("organisation"), [], []
    return column, [column.in_(sorted(organisations))], [column]


def _received(begin: datetime, end: datetime, organisations: Collection[str] | None) -> Any:
    """Of all organisations: a stretch of time is little beside all that one of them ever got, and SQLite would look through that."""
    owner, _, groups = _per(incidents.c.organisation, organisations)
    statement = select(owner, func.count().label("received"))
    return statement.where(incidents.c.reported_at >= begin, incidents.c.reported_at < end).group_by(*groups)


def _answered(begin: datetime, end: datetime, organisations: Collection[str] | None) -> Any:
    owner, which, groups = _per(first_answers.c.organisation, organisations)
    in_time = func.coalesce(func.sum(case((first_answers.c.at <= first_answers.c.due_at, 1), else_=0)), 0)
    rating = func.avg(func.nullif(incidents.c.rating, 0) * 1.0)
    statement = select(owner, func.count().label("answered"), in_time.label("in_time"), rating.label("rating"))
    statement = statement.join(incidents, incidents.c.id == first_answers.c.incident_id)
    return statement.where(first_answers.c.at >= begin, first_answers.c.at < end, *which).group_by(*groups)


def _median(begin: datetime, end: datetime, organisations: Collection[str] | None) -> Any:
    owner, which, _ = _per(first_answers.c.organisation, organisations)
    part = [] if organisations is None else [first_answers.c.organisation]
    ranked = (
        select(
            owner,
            first_answers.c.seconds,
            func.row_number().over(partition_by=part, order_by=first_answers.c.seconds).label("place"),
            func.count().over(partition_by=part).label("many"),
        )
        .where(first_answers.c.at >= begin, first_answers.c.at < end, *which)
        .subquery()
    )
    middle = and_(ranked.c.place * 2 >= ranked.c.many, ranked.c.place * 2 <= ranked.c.many + 2)
    return select(ranked.c.organisation, func.avg(ranked.c.seconds).label("median")).where(middle).group_by(ranked.c.organisation)


def _late(begin: datetime, end: datetime, organisations: Collection[str] | None) -> Any:
    """Answered, but not in time."""
    owner, which, groups = _per(first_answers.c.organisation, organisations)
    late = first_answers.c.at > first_answers.c.due_at
    statement = select(owner, func.count().label("late"))
    return statement.where(late, first_answers.c.due_at >= begin, first_answers.c.due_at < end, *which).group_by(*groups)


def _open(begin: datetime, end: datetime, organisations: Collection[str] | None) -> Any:
    """Not answered yet."""
    owner, which, groups = _per(incidents.c.organisation, organisations)
    due = and_(OWED, incidents.c.timer == Timer.FIRST_ANSWER, incidents.c.due_at >= begin, incidents.c.due_at < end)
    return select(owner, func.count().label("still_open")).where(due, incidents.c.status.in_(OPEN), *which).group_by(*groups)
