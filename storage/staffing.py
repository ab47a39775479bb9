"""Who is away and who is on duty, now and later, in each organisation and at the curators' desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, Table, and_, literal, select, true, union_all, update

from incidents.responsible import Absence, Shift
from storage.connection import Connection
from storage.tables import absences, shifts

DESK = ""
"""The organisation of curators."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The absences and shifts of one organisation that are not over, by their beginning."""

    absences: tuple[Absence, ...] = ()
    shifts: tuple[Shift, ...] = ()


_ALL, _NOTHING = object(), Roster()


class Staffing:
    """Reads and writes absences and shifts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rosters = connection.memory(absences, shifts)
        """organisation → roster"""

    async def ahead(self, organisations: Collection[str], at: datetime) -> None:
        """Read at once what is not over at an instant in these organisations (``DESK`` for the curators): one statement for all."""
        wanted = [] if _ALL in self._rosters else [one for one in organisations if one not in self._rosters]
        if wanted:
            found = await self._read(at, wanted)
            self._rosters.update({one: found.get(one, _NOTHING) for one in wanted})

    async def everybody_ahead(self, at: datetime) -> None:
        """Read at once what is not over anywhere, for many turns."""
        self._rosters.update(await self._read(at, None))
        self._rosters[_ALL] = _NOTHING

    async def _read(self, at: datetime, organisations: Collection[str] | None) -> Mapping[str, Roster]:
        found: dict[str, tuple[list[Absence], list[Shift]]] = {}
        live = [_live(table, organisations, at) for table in (absences, shifts)]
        for row in await self._connection.look(union_all(*live).order_by("since", "id")):
            away, on_duty = found.setdefault(row.organisation, ([], []))
            if row.kind == absences.name:
                away.append(Absence(row.person_id, row.organisation, row.since, row.until, row.deputy, row.id))
            else:
                on_duty.append(Shift(row.person_id, row.organisation, row.since, row.until, row.id))
        return {one: Roster(tuple(away), tuple(on_duty)) for one, (away, on_duty) in found.items()}

    async def roster(self, organisation: str, at: datetime) -> Roster:
        """Who is away or on duty in an organisation at an instant, or will be."""
        await self.ahead([organisation], at)
        roster: Roster = self._rosters.get(organisation, _NOTHING)
        return roster

    # --- away --------------------------------------------------------------------------------------------------------

    async def absences_of(self, person: int, at: datetime) -> Sequence[Absence]:
        """What is not over of a person's absences, wherever they work; at most one in each organisation."""
        statement = select(*_ABSENCE).where(absences.c.person_id == person, absences.c.ended_at.is_(None), absences.c.until > at)
        rows = await self._connection.execute(statement.order_by(absences.c.organisation, absences.c.id))
        return [Absence(*row) for row in rows]

    async def absence(self, identifier: int) -> tuple[Absence, bool] | None:
        """One absence, and whether it was ended before its time."""
        statement = select(*_ABSENCE, absences.c.ended_at).where(absences.c.id == identifier)
        row = (await self._connection.execute(statement)).first()
        return (Absence(*row[:-1]), row[-1] is not None) if row else None

    async def ended_with(self, absence: Absence) -> Sequence[Absence]:
        """A person's absences that end by themselves at the same instant, one in each place where they work."""
        statement = select(*_ABSENCE).where(
            absences.c.person_id == absence.person, absences.c.until == absence.until, absences.c.ended_at.is_(None)
        )
        return [Absence(*row) for row in await self._connection.execute(statement.order_by(absences.c.id))]

    async def go_away(self, absence: Absence, at: datetime) -> int:
        """Somebody is away; what they had said before of this organisation is over. Returns the id."""
        await self.come_back(absence.person, at, organisation=absence.organisation)
        values = {
            "person_id": absence.person,
            "organisation": absence.organisation,
            "since": absence.since,
            "until": absence.until,
            "deputy_id": absence.deputy,
            "made_at": at,
        }
        made: int = (await self._connection.execute(absences.insert().values(values).returning(absences.c.id))).scalar_one()
        return made

    async def come_back(self, person: int, at: datetime, *, organisation: str | None = None) -> Sequence[Absence]:
        """A person is there again, in one organisation or (None) everywhere. Returns what was ended by it."""
        live = and_(absences.c.person_id == person, absences.c.ended_at.is_(None), absences.c.until > at)
        statement = update(absences).where(live if organisation is None else and_(live, absences.c.organisation == organisation))
        return [Absence(*row) for row in await self._connection.execute(statement.values(ended_at=at).returning(*_ABSENCE))]

    # --- on duty -----------------------------------------------------------------------------------------------------

    async def put_on_duty(self, shift: Shift, by: int, at: datetime) -> int:
        """Somebody is on duty for that time; shifts of theirs that it touches become one with it. Returns the id."""
        touching = (
            update(shifts)
            .where(
                shifts.c.person_id == shift.person,
                shifts.c.organisation == shift.organisation,
                shifts.c.ended_at.is_(None),
                shifts.c.since <= shift.until,
                shifts.c.until >= shift.since,
            )
            .values(ended_at=at)
            .returning(shifts.c.since, shifts.c.until)
        )
        joined = list(await self._connection.execute(touching))
        values = {
            "person_id": shift.person,
            "organisation": shift.organisation,
            "since": min([shift.since, *(row.since for row in joined)]),
            "until": max([shift.until, *(row.until for row in joined)]),
            "set_by": by,
            "made_at": at,
        }
        made: int = (await self._connection.execute(shifts.insert().values(values).returning(shifts.c.id))).scalar_one()
        return made

    async def shift(self, identifier: int, at: datetime) -> Shift | None:
        """One shift that is not over."""
        statement = select(*_SHIFT).where(shifts.c.id == identifier, shifts.c.ended_at.is_(None), shifts.c.until > at)
        row = (await self._connection.execute(statement)).first()
        return Shift(*row) if row else None

    async def take_off_duty(self, identifier: int, at: datetime) -> bool:
        """A shift is called off. Returns False when it was over, or called off, before."""
        statement = update(shifts).where(shifts.c.id == identifier, shifts.c.ended_at.is_(None), shifts.c.until > at)
        return bool((await self._connection.execute(statement.values(ended_at=at))).rowcount)

    async def gone(self, person: int, organisation: str, at: datetime) -> None:
        """Somebody lost their role: what they had said of themselves there is over, and they stand in for nobody."""
        for table in (absences, shifts):
            theirs = and_(table.c.person_id == person, table.c.organisation == organisation, table.c.ended_at.is_(None))
            await self._connection.execute(update(table).where(theirs).values(ended_at=at))
        stood_in = and_(absences.c.deputy_id == person, absences.c.organisation == organisation, absences.c.ended_at.is_(None))
        await self._connection.execute(update(absences).where(stood_in).values(deputy_id=0))


_ABSENCE = [absences.c[name] for name in ("person_id", "organisation", "since", "until", "deputy_id", "id")]
_SHIFT = [shifts.c[name] for name in ("person_id", "organisation", "since", "until", "id")]


def _live(table: Table, organisations: Collection[str] | None, at: datetime) -> Select[tuple[object, ...]]:
    deputy = table.c.deputy_id if table is absences else literal(0)
    here = true() if organisations is None else table.c.organisation.in_(organisations)
    return select(
        literal(table.name).label("kind"),
        table.c.id,
        table.c.person_id,
        table.c.organisation,
        table.c.since,
        table.c.until,
        deputy.label("deputy"),
    ).where(here, table.c.ended_at.is_(None), table.c.until > at)
