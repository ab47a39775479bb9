"""Who reads a digest in the morning, and who has had theirs already."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select, update

from bots.channel import Address
from incidents.agenda import Digest
from incidents.incident import Role
from storage.connection import Connection
from storage.sql import insert
from storage.tables import contacts, digests, people, roles


@dataclass(frozen=True, slots=True)
class Staffer:
    """One role of somebody, and where they read in private."""

    person: int
    language: str
    role: Role
    organisation: str
    address: Address
    since: datetime
    reads: bool
    """They did not switch the digest off, and did not forbid the account to write."""


class Digests:
    """Reads and writes what was told in the morning."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def staff(self) -> Sequence[Staffer]:
        """Everybody whom there is something to tell: officials, heads and curators, the oldest roles first. One statement."""
        statement = (
            select(
                roles.c.person_id,
                people.c.language,
                roles.c.role,
                roles.c.organisation,
                roles.c.account,
                roles.c.chat,
                roles.c.since,
                people.c.no_digest,
                contacts.c.blocked,
            )
            .join(people, people.c.id == roles.c.person_id)
            .outerjoin(contacts, and_(contacts.c.account == roles.c.account, contacts.c.user_id == roles.c.chat))
            .where(roles.c.revoked_at.is_(None), roles.c.role.in_((Role.OFFICIAL, Role.HEAD, Role.CURATOR)))
            .order_by(roles.c.id)
        )
        return [
            Staffer(row[0], row[1], Role(row[2]), row[3], Address(row[4], row[5]), row[6], not (row[7] or row[8]))
            for row in await self._connection.execute(statement)
        ]

    async def told(self, days: Collection[date]) -> frozenset[tuple[date, Digest, int]]:
        """Which digests of these days are settled, and whose: told, or found empty."""
        statement = select(digests.c.day, digests.c.kind, digests.c.person_id).where(digests.c.day.in_([day.isoformat() for day in days]))
        return frozenset((date.fromisoformat(row[0]), Digest(row[1]), row[2]) for row in await self._connection.execute(statement))

    async def claim(self, day: date, digest: Digest, persons: Collection[int], at: datetime) -> frozenset[int]:
        """Who of these is told in this transaction: each only once a day, whatever ends before its commit and whoever else tries.

        Another process that claims the same waits here until this transaction has ended.
        """
        rows = [{"day": day.isoformat(), "kind": digest, "person_id": person, "at": at} for person in sorted(persons)]
        statement = insert(self._connection.dialect, digests).values(rows).on_conflict_do_nothing().returning(digests.c.person_id)
        return frozenset((await self._connection.execute(statement)).scalars())

    async def wanted(self, person: int) -> bool:
        """Whether the person wants digests."""
        return not (await self._connection.execute(select(people.c.no_digest).where(people.c.id == person))).scalar()

    async def want(self, person: int, *, wanted: bool) -> None:
        """The person wants them from now on, or none."""
        await self._connection.execute(update(people).where(people.c.id == person).values(no_digest=not wanted))
