"""The timeline: all that was said about incidents, by citizens, officials and curators."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bots.channel import Address, File, FileKind, Location
from storage.connection import Connection
from storage.sql import constant, rows_ahead
from storage.tables import messages

PENDING = "pending"
_AWAITING = messages.c.kind == constant(PENDING)


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


class Timeline:
    """Reads and writes what was said."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._said = connection.memory(messages)
        """number → what was said about it"""
        self._pending = connection.memory(messages)
        """person → what they said and have not placed yet"""

    async def ahead(self, numbers: Collection[int]) -> None:
        """Read at once all that was said about these incidents."""
        await rows_ahead(self._connection, self._said, numbers, *messages.c, order=[messages.c.id], made=_message)

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
            await self.ahead([number])
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


# --- rows ↔ our words --------------------------------------------------------------------------------------------------


def files_to_json(files: Iterable[File]) -> list[dict[str, Any]]:
    """Files as plain JSON."""
    return [asdict(file) for file in files] if files else []


def files_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[File, ...]:
    """Files out of plain JSON."""
    return tuple(File(**{**one, "kind": FileKind(one["kind"])}) for one in raw)


def location_of(row: Mapping[Any, Any]) -> Location | None:
    """The point on the map of a row that has columns for it."""
    return Location(row["latitude"], row["longitude"]) if row["latitude"] is not None else None


def _message(row: Mapping[Any, Any]) -> Message:
    return Message(
        id=row["id"],
        kind=row["kind"],
        person=row["person_id"],
        text=row["text"],
        files=files_from_json(row["files"]),
        location=location_of(row),
        address=Address(row["account"], row["chat"]),
        message=row["message"],
        at=row["at"],
        edit_of=row["edit_of"] or 0,
    )
