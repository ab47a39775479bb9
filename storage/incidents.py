"""Incidents: where they stand, what was reported, and what was done to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, text, update

from bots.channel import Address, Location, Scene
from incidents.incident import Action, Change, Incident, Resolution, Role, Status, Timer
from storage.connection import Connection, Stale
from storage.sql import constant, is_one_of, rows_ahead
from storage.tables import corrections, history, incidents, people
from storage.timeline import location_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a citizen reported, and where to answer them."""

    person: int
    address: Address
    scene: Scene
    text: str = ""
    place: str = ""
    location: Location | None = None
    danger: str = ""
    files: int = 0
    said_at: datetime
    """The platform's time of the last message that belongs to the report."""
    corrected: bool = False
    """A person chose topic or territory: the bot no longer guesses."""
    linked_to: int = 0
    merged_into: int = 0
    receipt: int = 0
    """Outbox row of the receipt."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident together with its report."""

    incident: Incident
    report: Report

    @property
    def id(self) -> int:
        """The incident's number."""
        return self.incident.id


_INCIDENT = [field.name for field in fields(Incident)]
_OF_INCIDENT = attrgetter(*_INCIDENT)
_CHANGE = [field.name for field in fields(Change)]
_OF_CHANGE = attrgetter(*_CHANGE)
_REPORT = ("person_id", "account", "chat", "thread", "scene", "text", "place", "latitude", "longitude", "danger", "files", "said_at")
_REPORT_TOO = ("corrected", "linked_to", "merged_into", "receipt")
CASE = [incidents.c[name] for name in (*_INCIDENT, *_REPORT, *_REPORT_TOO)]
_NEWEST = 10
"""Incidents of a person that are read ahead of their turns."""
OPEN = [status.value for status in Status if status not in (Status.ANSWERED, Status.CLOSED)]
SETS_CLOCK = (
    Action.REPORT,
    Action.ANSWER,
    Action.ANSWER_INTERIM,
    Action.EXTEND,
    Action.RETURN,
    Action.CONTEST,
    Action.REOPEN,
    Action.RECOMPUTE,
)
"""What sets the clock of an incident whenever it happens (``incidents.deadlines.follow``)."""
UNSORTED = incidents.c.status == constant(Status.NEW.value)
WAITING = incidents.c.status == constant(Status.WAITING.value)
OWED = is_one_of(incidents.c.timer, Timer.FIRST_ANSWER, Timer.PROMISE, Timer.REWORK)
"""Clocks that end with an answer being late."""


_SELECT = select(*CASE)
# Asked all the time, and to put a statement together takes as long as to ask it.
_ONE = _SELECT.where(incidents.c.id == bindparam("number"))
_NEXT_WAKE = select(func.min(incidents.c.wake_at)).where(incidents.c.wake_at.is_not(None))  # else SQLite looks at every incident


def _due(instant: datetime, organisations: Iterable[str] | None, after: datetime | None) -> list[ColumnElement[bool]]:
    """What it means that a running clock ends before an instant (and after another)."""
    conditions = [incidents.c.status.in_(OPEN), OWED, incidents.c.due_at <= instant]
    if organisations is not None:
        conditions.append(incidents.c.organisation.in_(list(organisations)))
    if after is not None:
        conditions.append(incidents.c.due_at > after)
    return conditions


class Incidents:
    """Reads and writes incidents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cases = connection.memory(incidents)
        """number → case"""
        self._of = connection.memory(incidents)
        """person → numbers of their newest incidents, newest first; up to ``_NEWEST``"""
        self._history = connection.memory(history)
        """number → what was done to it"""
        self._coming = 1

    async def ahead(self, persons: Collection[int], *, coming: int) -> None:
        """Read at once the newest incidents of these persons; so many new ones may be opened."""
        self._coming = coming
        newest = func.row_number().over(partition_by=incidents.c.person_id, order_by=incidents.c.id.desc()).label("newest")
        ranked = select(incidents.c.id, newest).where(incidents.c.person_id.in_(persons)).subquery()
        statement = _SELECT.join(ranked, ranked.c.id == incidents.c.id).where(ranked.c.newest <= _NEWEST)
        for person in persons:
            self._of[person] = []
        if persons:
            for case in await self._read(statement.order_by(incidents.c.id.desc())):
                self._of[case.report.person].append(case.id)

    async def history_ahead(self, numbers: Collection[int]) -> None:
        """Read at once what was done to these incidents."""
        await rows_ahead(self._connection, self._history, numbers, *history.c, order=[history.c.version], made=_change)

    # --- one incident ------------------------------------------------------------------------------------------------

    async def open(self, incident: Incident, report: Report, at: datetime) -> Case:
        """Store a fresh incident; its number is given here."""
        case = Case(replace(incident, id=await self._connection.next_id(incidents, sparing=max(self._coming, 1))), report)
        self._connection.add(incidents, {**_incident_values(case.incident), **_report_values(report), "created_at": at})
        self._cases[case.id] = case
        if report.person in self._of:
            self._of[report.person] = [case.id, *self._of[report.person]][:_NEWEST]
        return case

    async def get(self, number: int) -> Case | None:
        """An incident by its number."""
        if number not in self._cases:
            await self._read(_ONE, {"number": number})
        found: Case | None = self._cases.get(number)
        return found

    async def save(self, case: Case, change: Change | None = None) -> Case:
        """Write the incident if nobody else did meanwhile, and its history row.

        Without a change (a fact, a clock that woke) the version is raised here. Raises Stale, and then nothing was written.
        """
        read = case.incident.version - 1 if change else case.incident.version
        case = case if change else Case(replace(case.incident, version=read + 1), case.report)
        values = {**_incident_values(case.incident), **_report_values(case.report)}
        if (row := self._connection.still_waits(incidents, id=case.id)) and row["version"] == read:
            row |= values  # nobody else can have seen it yet
        elif self._connection.writes_together and (known := self._cases.get(case.id)):
            if known.incident.version != read:
                raise Stale(f"incident {case.id} is no longer at version {read}")
            del values["id"]
            self._connection.amend(incidents, {"id": case.id}, values, read="version")
        else:
            del values["id"]
            statement = update(incidents).where(incidents.c.id == case.id, incidents.c.version == read)
            if not (await self._connection.quietly(statement.values(values))).rowcount:
                self._connection.changed(incidents)
                raise Stale(f"incident {case.id} is no longer at version {read}")
        self._cases[case.id] = case
        if change:
            await self.record(change)
        return case

    async def record(self, change: Change) -> None:
        """The history row of an incident's beginning, or of a change."""
        self._connection.add(history, _history_values(change) | {"id": await self._connection.next_id(history)})
        if change.incident in self._history:
            self._history[change.incident].append(change)

    async def history(self, number: int) -> Sequence[Change]:
        """All that was done to an incident, oldest first."""
        if number not in self._history:
            await self.history_ahead([number])
        return list(self._history[number])

    async def corrected(self, number: int, field: str, before: str, after: str, *, person: int, at: datetime) -> None:
        """Remember that a person corrected the bot's suggestion."""
        values = {"incident_id": number, "field": field, "before": before, "after": after, "person_id": person, "at": at}
        await self._connection.execute(corrections.insert().values(values))

    # --- several -----------------------------------------------------------------------------------------------------

    async def of_person(self, person: int, *, limit: int = 10, open_only: bool = False) -> Sequence[Case]:
        """A citizen's incidents, newest first."""
        if self._connection.still_waits(people, id=person):
            self._of.setdefault(person, [])  # somebody who was met in this turn
        if person in self._of:
            known = [case for number in self._of[person] if (case := await self.get(number))]
            wanted = [case for case in known if case.incident.status.value in OPEN or not open_only]
            if len(wanted) >= limit or len(known) < _NEWEST:
                return wanted[:limit]
        statement = _SELECT.where(incidents.c.person_id == person).order_by(incidents.c.id.desc()).limit(limit)
        if open_only:
            statement = statement.where(incidents.c.status.in_(OPEN))
        return await self._read(statement)

    async def count_of(self, person: int, since: datetime) -> int:
        """How many incidents a citizen has reported since then."""
        if len(known := self._of.get(person, ())) < _NEWEST and person in self._of:
            cases = [await self.get(number) for number in known]
            return sum(case is not None and case.incident.reported_at >= since for case in cases)
        statement = select(func.count()).select_from(incidents).where(incidents.c.person_id == person, incidents.c.reported_at >= since)
        counted: int = (await self._connection.execute(statement)).scalar_one()
        return counted

    async def unsorted(self, *, after: int = 0, limit: int = 50) -> Sequence[Case]:
        """The curators' queue behind a number, oldest first."""
        return await self._read(_SELECT.where(UNSORTED, incidents.c.id > after).order_by(incidents.c.id).limit(limit))

    async def count_unsorted(self) -> int:
        statement = select(func.count()).select_from(incidents).where(UNSORTED)
        counted: int = (await self._connection.execute(statement)).scalar_one()
        return counted

    async def due_before(
        self,
        instant: datetime,
        *,
        organisations: Iterable[str] | None = None,
        after: datetime | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Sequence[Case]:
        """Incidents whose running clock ends before an instant (and after another), soonest first; of some organisations or all."""
        statement = select(*CASE).where(*_due(instant, organisations, after)).order_by(incidents.c.due_at, incidents.c.id)
        return await self._read(statement.limit(limit).offset(offset))

    async def count_due(self, instant: datetime, *, organisations: Iterable[str] | None = None, after: datetime | None = None) -> int:
        """How many there are of ``due_before``."""
        statement = select(func.count()).select_from(incidents).where(*_due(instant, organisations, after))
        counted: int = (await self._connection.execute(statement)).scalar_one()
        return counted

    async def owned(self, organisation: str) -> Sequence[Case]:
        """All open incidents of an organisation."""
        statement = _SELECT.where(incidents.c.organisation == organisation, incidents.c.status.in_(OPEN)).order_by(incidents.c.id)
        return await self._read(statement)

    async def open_after(self, number: int, limit: int) -> Sequence[Case]:
        """Open incidents behind a number, by their numbers."""
        statement = _SELECT.where(incidents.c.id > number, incidents.c.status.in_(OPEN)).order_by(incidents.c.id).limit(limit)
        return await self._read(statement)

    async def clocks_set_at(self, numbers: Collection[int]) -> Mapping[int, datetime]:
        """When the clock of each of these incidents was set last: started, paused, resumed, or recomputed."""
        started = history.c.action.in_([action.value for action in SETS_CLOCK])
        paused = and_(history.c.action == Action.ASK, history.c.after == Status.WAITING)
        resumed = and_(history.c.action == Action.REPLY, history.c.before == Status.WAITING)
        statement = select(history.c.incident_id, func.max(history.c.at)).where(
            history.c.incident_id.in_(numbers), or_(started, paused, resumed)
        )
        return {row[0]: row[1] for row in await self._connection.execute(statement.group_by(history.c.incident_id))}

    async def held_by(self, person: int) -> Sequence[Case]:
        """Open incidents an official holds."""
        statement = (
            select(*CASE)
            .where(incidents.c.assignee == person, text("assignee <> 0"), incidents.c.status.in_(OPEN))
            .order_by(incidents.c.due_at)
        )
        return await self._read(statement)

    async def to_wake(self, now: datetime, *, but: Collection[int] = (), only: int = 0, limit: int = 200) -> Sequence[Case]:
        """The incidents whose clock has something to do, but for some, or ``only`` one: those whose clock waits longest first.

        On PostgreSQL they are ours until the transaction ends; what another process holds is left to it.
        """
        statement = _SELECT.where(incidents.c.wake_at <= now).order_by(incidents.c.wake_at).limit(limit)
        if but:
            statement = statement.where(incidents.c.id.not_in(but))
        if only:
            statement = statement.where(incidents.c.id == only)
        return await self._read(statement.with_for_update(skip_locked=True))

    async def next_wake(self) -> datetime | None:
        """When the next clock has something to do."""
        found: datetime | None = (await self._connection.execute(_NEXT_WAKE)).scalar()
        return found

    async def next_to_wake(self) -> tuple[datetime, int] | None:
        """When the next clock has something to do, and which incident's it is."""
        statement = select(incidents.c.wake_at, incidents.c.id).where(incidents.c.wake_at.is_not(None))
        row = (await self._connection.execute(statement.order_by(incidents.c.wake_at, incidents.c.id).limit(1))).first()
        return (row[0], row[1]) if row else None

    async def next_due(self, now: datetime) -> datetime | None:
        """When the next answer is due."""
        statement = select(func.min(incidents.c.due_at)).where(incidents.c.status.in_(OPEN), incidents.c.due_at > now)
        found: datetime | None = (await self._connection.execute(statement)).scalar()
        return found

    async def newest(self, limit: int = 20) -> Sequence[Case]:
        """The newest incidents."""
        return await self._read(_SELECT.order_by(incidents.c.id.desc()).limit(limit))

    async def _read(self, statement: Any, given: Mapping[str, Any] | None = None) -> Sequence[Case]:
        cases = [case_of(row._mapping) for row in await self._connection.execute(statement, given)]
        self._cases.update((case.id, case) for case in cases)
        return cases


# --- rows ↔ our words --------------------------------------------------------------------------------------------------


def _incident_values(incident: Incident) -> dict[str, Any]:
    return {**dict(zip(_INCIDENT, _OF_INCIDENT(incident), strict=True)), "heard": " ".join(incident.heard)}


def _report_values(report: Report) -> dict[str, Any]:
    return {
        "person_id": report.person,
        "account": report.address.account,
        "chat": report.address.chat,
        "thread": report.address.thread,
        "scene": report.scene,
        "text": report.text,
        "place": report.place,
        "latitude": report.location.latitude if report.location else None,
        "longitude": report.location.longitude if report.location else None,
        "danger": report.danger,
        "files": report.files,
        "said_at": report.said_at,
        **{name: getattr(report, name) for name in _REPORT_TOO},
    }


def case_of(row: Mapping[Any, Any]) -> Case:
    values = {name: row[name] for name in _INCIDENT}
    values |= {
        "status": Status(row["status"]),
        "timer": Timer(row["timer"]),
        "resolution": Resolution(row["resolution"]) if row["resolution"] else None,
        "heard": tuple(row["heard"].split()),
    }
    report = Report(
        person=row["person_id"],
        address=Address(row["account"], row["chat"], row["thread"]),
        scene=Scene(row["scene"]),
        location=location_of(row),
        **{name: row[name] for name in ("text", "place", "danger", "files", "said_at", *_REPORT_TOO)},
    )
    return Case(Incident(**values), report)


def _history_values(change: Change) -> dict[str, Any]:
    values = dict(zip(_CHANGE, _OF_CHANGE(change), strict=True))
    values["incident_id"], values["person_id"] = values.pop("incident"), values.pop("by")
    return values


def _change(row: Mapping[Any, Any]) -> Change:
    values = {field.name: row[field.name] for field in fields(Change) if field.name in row}
    return Change(
        **values
        | {
            "incident": row["incident_id"],
            "by": row["person_id"],
            "action": Action(row["action"]),
            "role": Role(row["role"]),
            "before": Status(row["before"]),
            "after": Status(row["after"]),
        }
    )
