"""What stands on the lists of many people at once: one statement, however many they are (``incidents.agenda``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union

from incidents.agenda import Section
from incidents.incident import Status
from storage.connection import Connection
from storage.incidents import CASE, OPEN, OWED, UNSORTED, WAITING, Case, case_of
from storage.tables import incidents


@dataclass(frozen=True, slots=True)
class Whose:
    """Which incidents are somebody's business. All empty: those of the whole region."""

    shares: frozenset[tuple[str, int]] = frozenset()
    """An official's: organisation and holder, 0 for what nobody took. Whoever stands in for another has their share, too."""
    organisations: frozenset[str] = frozenset()
    """A head's: whoever holds it."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """Somebody's list, as far as it was asked for."""

    counts: Mapping[Section, int]
    """How many there are of each section that is not empty, in the order of the list."""
    entries: Sequence[tuple[Section, Case]]
    """The first of them: section by section, what is due first."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Agendas:
    """Reads lists."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(
        self,
        whose: Sequence[Whose],
        sections: Sequence[Section],
        now: datetime,
        day_ends: datetime,
        *,
        most: int,
        undelivered: Collection[int] = (),
    ) -> Sequence[Agenda]:
        """The lists of these people, all officials, all heads, or all curators: the first ``most`` entries of each, in one statement.

        ``undelivered``: the numbers that the section of this name is made of.
        """
        # An empty list of numbers is not asked for: SQLite 3.54 would look for nothing in every incident.
        sections = [one for one in sections if undelivered or one is not Section.UNDELIVERED]
        if not sections:
            return [Agenda({}, ()) for _ in whose]
        shares = frozenset().union(*(one.shares for one in whose))
        organisations = frozenset().union(*(one.organisations for one in whose))
        scope, keys = _scope(shares, organisations)
        conditions = _conditions(now, day_ends, undelivered)
        place = case(*((conditions[section], at) for at, section in enumerate(sections)))
        wanted = [conditions[section] for section in sections]
        # Within organisations few incidents are open. In a whole region each section is found by its own index: SQLite knows no better.
        which = [*scope, or_(*wanted)] if scope else [incidents.c.id.in_(union(*(select(incidents.c.id).where(one) for one in wanted)))]
        found_rows = select(incidents.c.id, incidents.c.due_at, *keys, place.label("section")).where(*which).subquery()
        part = [found_rows.c.section, *(found_rows.c[key.name] for key in keys)]
        place_in_part = func.row_number().over(partition_by=part, order_by=(found_rows.c.due_at, found_rows.c.id))
        ranked = select(
            found_rows.c.id, found_rows.c.section, place_in_part.label("place"), func.count().over(partition_by=part).label("many")
        ).subquery()
        statement = (
            select(*CASE, ranked.c.section, ranked.c.many)
            .join(ranked, ranked.c.id == incidents.c.id)
            .where(ranked.c.place <= most)
            .order_by(ranked.c.section, incidents.c.due_at, incidents.c.id)
        )
        parts: dict[tuple[str, int], list[tuple[int, int, Case]]] = {}
        for row in await self._connection.execute(statement):
            one = case_of(row._mapping)
            key = (one.incident.organisation if organisations or shares else "", one.incident.assignee if shares else 0)
            parts.setdefault(key, []).append((row.section, row.many, one))
        return [_agenda(one, sections, parts, most) for one in whose]


def _scope(shares: frozenset[tuple[str, int]], organisations: frozenset[str]) -> tuple[Sequence[ColumnElement[bool]], Sequence[Any]]:
    """Where to look, and what is counted apart."""
    columns = incidents.c
    if shares:
        owners, holders = ({one[at] for one in shares} for at in (0, 1))
        scope = [columns.organisation.in_(sorted(owners)), columns.status.in_(OPEN), columns.assignee.in_(sorted(holders))]
        return scope, (columns.organisation, columns.assignee)
    if organisations:
        return [columns.organisation.in_(sorted(organisations)), columns.status.in_(OPEN)], (columns.organisation,)
    return [], ()


def _conditions(now: datetime, day_ends: datetime, undelivered: Collection[int]) -> Mapping[Section, ColumnElement[bool]]:
    """What belongs into each section, as far as it is in no earlier one. Each is one that an index is made for."""
    columns = incidents.c
    return {
        Section.UNSORTED: and_(columns.organisation == "", UNSORTED),
        Section.OVERDUE: and_(OWED, columns.due_at <= now),
        Section.HOT: and_(OWED, columns.urgent),
        Section.TODAY: and_(OWED, columns.due_at < day_ends),
        Section.WAITING: WAITING,
        Section.FREE: columns.assignee == 0,
        Section.HELD: columns.assignee != 0,
        Section.UNDELIVERED: and_(columns.id.in_(undelivered), columns.status != Status.CLOSED),
    }


def _agenda(
    whose: Whose, sections: Sequence[Section], parts: Mapping[tuple[str, int], Sequence[tuple[int, int, Case]]], most: int
) -> Agenda:
    keys = whose.shares or {(organisation, 0) for organisation in whose.organisations} or {("", 0)}
    rows = [(key, *row) for key in keys for row in parts.get(key, ())]
    counts: dict[int, int] = {}
    for (_, place), count in sorted({(key, place): count for key, place, count, _ in rows}.items(), key=lambda part: part[0][1]):
        counts[place] = counts.get(place, 0) + count
    entries = sorted(((place, case) for _, place, _, case in rows), key=_order)
    return Agenda({sections[place]: count for place, count in counts.items()}, [(sections[place], case) for place, case in entries[:most]])


def _order(entry: tuple[int, Case]) -> tuple[int, datetime, int]:
    place, case = entry
    return place, case.incident.due_at or case.incident.reported_at, case.id
