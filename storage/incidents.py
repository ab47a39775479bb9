"""Incidents: where they stand, what was reported, said and done, and which reminders went out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update

from bots.channel import Address, File, FileKind, Location, Scene
from incidents.incident import Action, Change, Incident, Resolution, Role, Status, Timer
from storage.connection import Connection, Stale
from storage.sql import constant, insert_new, is_one_of
from storage.tables import controls, corrections, history, incidents, messages, people, reminders


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing said about an incident."""

    kind: str
    """report, reply, note, question, answer, interim, or pending (not yet known where it belongs)"""
    person: int
    text: str
    files: tuple[File, ...] = ()
    location: Location | None = None
    address: Address
    message: str
    at: datetime
    id: int = 0
    edit_of: int = 0


_INCIDENT = [field.name for field in fields(Incident)]
_OF_INCIDENT = attrgetter(*_INCIDENT)
_CHANGE = [field.name for field in fields(Change)]
_OF_CHANGE = attrgetter(*_CHANGE)
_REPORT = ("person_id", "account", "chat", "thread", "scene", "text", "place", "latitude", "longitude", "danger", "files", "said_at")
_REPORT_TOO = ("corrected", "linked_to", "merged_into", "receipt")
CASE = [incidents.c[name] for name in (*_INCIDENT, *_REPORT, *_REPORT_TOO)]
PENDING = "pending"
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
_AWAITING = messages.c.kind == constant(PENDING)
OWED = is_one_of(incidents.c.timer, Timer.FIRST_ANSWER, Timer.PROMISE, Timer.REWORK)
"""Clocks that end with an answer being late."""


_SELECT = select(*CASE)


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
        self._said = connection.memory(messages)
        """number → what was said about it"""
        self._pending = connection.memory(messages)
        """person → what they said and have not placed yet"""
        self._reminded = connection.memory(reminders)
        """number → every reminder, as ``reminders_of`` gives them"""
        self._controls = connection.memory(controls)
        """number → turn, step and curator"""
        self._coming = 1

    async def ahead(self, persons: Collection[int], *, coming: int) -> None:
        """Read at once the newest incidents of these persons, and what they wrote that waits; so many new ones may be opened."""
        self._coming = coming
        newest = func.row_number().over(partition_by=incidents.c.person_id, order_by=incidents.c.id.desc()).label("newest")
        ranked = select(incidents.c.id, newest).where(incidents.c.person_id.in_(persons)).subquery()
        statement = _SELECT.join(ranked, ranked.c.id == incidents.c.id).where(ranked.c.newest <= _NEWEST)
        for person in persons:
            self._of[person] = []
        if persons:
            for case in await self._read(statement.order_by(incidents.c.id.desc())):
                self._of[case.report.person].append(case.id)
        if persons and coming:
            await self.pending_ahead(persons)

    async def clock_ahead(self, cases: Collection[Case]) -> None:
        """Read at once what the clocks of these incidents said already, who wants to hear no more of it, and what cards tell."""
        every = [case.id for case in cases]
        said = (reminders.c.incident_id, reminders.c.turn, reminders.c.step, reminders.c.at, reminders.c.skipped)
        await self._rows_ahead(self._reminded, every, *said, order=(reminders.c.at, reminders.c.turn))
        await self._rows_ahead(self._controls, every, controls.c.incident_id, controls.c.turn, controls.c.step, controls.c.person_id)
        if held := [case.id for case in cases if case.incident.assignee]:
            await self._rows_ahead(self._history, held, *history.c, order=[history.c.version], made=_change)
        if with_files := [case.id for case in cases if case.report.files]:
            await self._rows_ahead(self._said, with_files, *messages.c, order=[messages.c.id], made=_message)

    async def _rows_ahead(
        self,
        place: dict[int, list[Any]],
        numbers: Collection[int],
        *columns: Any,
        order: Sequence[Any] = (),
        made: Callable[[Mapping[Any, Any]], Any] | None = None,
    ) -> None:
        """Remember the rows of each incident, as what is made of them (the columns after its number when nothing is)."""
        statement = select(*columns).where(columns[0].table.c.incident_id.in_(numbers)).order_by(*order)
        rows = (await self._connection.execute(statement)).all()
        place.update((number, []) for number in numbers)
        for row in rows:
            place[row.incident_id].append(made(row._mapping) if made else tuple(row)[1:])

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
            await self._read(_SELECT.where(incidents.c.id == number))
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
            await self._rows_ahead(self._history, [number], *history.c, order=[history.c.version], made=_change)
        return list(self._history[number])

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

    async def unsorted(self, limit: int = 50) -> Sequence[Case]:
        """The curators' queue, oldest first."""
        return await self._read(_SELECT.where(UNSORTED).order_by(incidents.c.id).limit(limit))

    async def count_unsorted(self) -> int:
        statement = select(func.count()).select_from(incidents).where(UNSORTED)
        counted: int = (await self._connection.execute(statement)).scalar_one()
        return counted

    async def due_before(
        self, instant: datetime, *, organisations: Iterable[str] | None = None, after: datetime | None = None
    ) -> Sequence[Case]:
        """Incidents whose running clock ends before an instant (and after another), soonest first; of some organisations or all."""
        statement = (
            select(*CASE)
            .where(
                incidents.c.status.in_(OPEN),
                OWED,
                incidents.c.due_at <= instant,
            )
            .order_by(incidents.c.due_at, incidents.c.id)
            .limit(50)
        )
        if organisations is not None:
            statement = statement.where(incidents.c.organisation.in_(list(organisations)))
        if after is not None:
            statement = statement.where(incidents.c.due_at > after)
        return await self._read(statement)

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
        statement = select(func.min(incidents.c.wake_at)).where(incidents.c.wake_at.is_not(None))  # else SQLite looks at every incident
        found: datetime | None = (await self._connection.execute(statement)).scalar()
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

    async def _read(self, statement: Any) -> Sequence[Case]:
        cases = [case_of(row._mapping) for row in await self._connection.execute(statement)]
        self._cases.update((case.id, case) for case in cases)
        return cases

    # --- what was said -----------------------------------------------------------------------------------------------

    async def say(self, number: int, message: Message) -> int:
        """Add something said to an incident's timeline. Returns its id."""
        identifier = await self._connection.next_id(messages)
        values = {
            "id": identifier,
            "incident_id": number,
            "kind": message.kind,
            "person_id": message.person,
            "text": message.text,
            "files": files_to_json(message.files),
            "latitude": message.location.latitude if message.location else None,
            "longitude": message.location.longitude if message.location else None,
            "account": message.address.account,
            "chat": message.address.chat,
            "message": message.message,
            "at": message.at,
            "edit_of": message.edit_of or None,
        }
        self._connection.add(messages, values)
        said = replace(message, id=identifier, address=Address(message.address.account, message.address.chat))
        if number in self._said:
            self._said[number].append(said)
        if message.kind == PENDING and message.person in self._pending:
            self._pending[message.person].append((number, said))
        return identifier

    async def said(self, number: int) -> Sequence[Message]:
        """All that was said about an incident, oldest first, edits included."""
        if number not in self._said:
            await self._rows_ahead(self._said, [number], *messages.c, order=[messages.c.id], made=_message)
        return list(self._said[number])

    async def about(self, account: str, chat: str, message: str) -> tuple[int, int]:
        """The incident a person's own message belongs to, and the message's id in its timeline; (0, 0) for none."""
        statement = select(messages.c.incident_id, messages.c.id).where(
            messages.c.account == account, messages.c.chat == chat, messages.c.message == message, messages.c.edit_of.is_(None)
        )
        row = (await self._connection.execute(statement.order_by(messages.c.id).limit(1))).first()
        return (row[0], row[1]) if row else (0, 0)

    async def last_said(self, number: int, kinds: Sequence[str], person: int | None = None) -> Message | None:
        """The last message of these kinds (by this person)."""
        if number in self._said:
            known = [one for one in self._said[number] if one.kind in kinds and person in (None, one.person)]
            return known[-1] if known else None
        statement = select(messages).where(messages.c.incident_id == number, messages.c.kind.in_(kinds))
        if person is not None:
            statement = statement.where(messages.c.person_id == person)
        row = (await self._connection.execute(statement.order_by(messages.c.id.desc()).limit(1))).first()
        return _message(row._mapping) if row else None

    async def pending(self, person: int) -> Sequence[tuple[int, Message]]:
        """What a citizen wrote and has not said yet where it belongs: the incident it was laid beside, and the message."""
        if person not in self._pending:
            await self.pending_ahead([person])
        return list(self._pending[person])

    async def pending_ahead(self, persons: Collection[int]) -> None:
        """Read at once what these persons wrote and have not said yet where it belongs."""
        statement = select(messages).where(messages.c.person_id.in_(persons), _AWAITING).order_by(messages.c.id)
        rows = (await self._connection.execute(statement)).all()
        self._pending.update((person, []) for person in persons)
        for row in rows:
            self._pending[row.person_id].append((row.incident_id, _message(row._mapping)))

    async def file_under(self, number: int, kind: str, identifiers: Sequence[int]) -> None:
        """Messages that waited belong to this incident, as messages of this kind."""
        statement = update(messages).where(messages.c.id.in_(identifiers), messages.c.kind == PENDING)
        await self._connection.execute(statement.values(incident_id=number, kind=kind))

    async def corrected(self, number: int, field: str, before: str, after: str, *, person: int, at: datetime) -> None:
        """Remember that a person corrected the bot's suggestion."""
        values = {"incident_id": number, "field": field, "before": before, "after": after, "person_id": person, "at": at}
        await self._connection.execute(corrections.insert().values(values))

    # --- reminders ---------------------------------------------------------------------------------------------------

    async def reminded(self, number: int, turn: int, step: str, at: datetime, *, skipped: bool = False) -> bool:
        """Claim a reminder step. Returns False when it came before: then it does not come again."""
        key = {"incident_id": number, "turn": turn, "step": step}
        if number in self._reminded:
            if any(before[:2] == (turn, step) for before in self._reminded[number]):
                return False
            self._connection.add(reminders, key | {"at": at, "skipped": skipped})
            self._reminded[number].append((turn, step, at, skipped))
            return True
        return await insert_new(self._connection, reminders, key, {"at": at, "skipped": skipped})

    async def reminders_of(self, number: int) -> Sequence[tuple[int, str, datetime, bool]]:
        """Every reminder of an incident: the clock's turn, the step, when, and whether it was skipped."""
        if number in self._reminded:
            return list(self._reminded[number])
        statement = select(reminders.c.turn, reminders.c.step, reminders.c.at, reminders.c.skipped)
        rows = await self._connection.execute(statement.where(reminders.c.incident_id == number).order_by(reminders.c.at, reminders.c.turn))
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def control(self, number: int, turn: int, step: str, person: int, at: datetime) -> None:
        """A curator took this step of this clock under control."""
        key = {"incident_id": number, "turn": turn, "step": step, "person_id": person}
        await insert_new(self._connection, controls, key, {"at": at})

    async def controlled_by(self, number: int, turn: int, step: str) -> frozenset[int]:
        """The curators who do not want to hear of this step again."""
        if number in self._controls:
            return frozenset(person for *of, person in self._controls[number] if of == [turn, step])
        statement = select(controls.c.person_id).where(controls.c.incident_id == number, controls.c.turn == turn, controls.c.step == step)
        return frozenset((await self._connection.execute(statement)).scalars())


# --- rows ↔ our words --------------------------------------------------------------------------------------------------


def files_to_json(files: Iterable[File]) -> list[dict[str, Any]]:
    """Files as plain JSON."""
    return [asdict(file) for file in files] if files else []


def files_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[File, ...]:
    """Files out of plain JSON."""
    return tuple(File(**{**one, "kind": FileKind(one["kind"])}) for one in raw)


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
        location=_location(row),
        **{name: row[name] for name in ("text", "place", "danger", "files", "said_at", *_REPORT_TOO)},
    )
    return Case(Incident(**values), report)


def _location(row: Mapping[Any, Any]) -> Location | None:
    return Location(row["latitude"], row["longitude"]) if row["latitude"] is not None else None


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


def _message(row: Mapping[Any, Any]) -> Message:
    return Message(
        id=row["id"],
        kind=row["kind"],
        person=row["person_id"],
        text=row["text"],
        files=files_from_json(row["files"]),
        location=_location(row),
        address=Address(row["account"], row["chat"]),
        message=row["message"],
        at=row["at"],
        edit_of=row["edit_of"] or 0,
    )
