"""Connected bots and communities: who they are and how far their updates were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from storage.connection import Connection
from storage.sql import upsert
from storage.tables import accounts


@dataclass(frozen=True, slots=True)
class Account:
    """One connected bot or community as the platform described it."""

    name: str
    kind: str
    platform_id: str
    title: str
    link: str
    start_link: str
    cursor: str
    heard_at: datetime | None


class Accounts:
    """Reads and writes accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> Mapping[str, Account]:
        """Every account that was ever identified, by our name for it."""
        rows = await self._connection.execute(select(accounts))
        return {row.name: Account(**row._mapping) for row in rows}

    async def identified(self, name: str, kind: str, platform_id: str, title: str, link: str, start_link: str) -> None:
        """Remember who an account is. A token of another bot under the same name starts from an empty cursor."""
        known = (await self._connection.execute(select(accounts.c.platform_id).where(accounts.c.name == name))).scalar()
        values = {"kind": kind, "platform_id": platform_id, "title": title, "link": link, "start_link": start_link}
        if known not in (None, "", platform_id):
            values["cursor"] = ""
        await upsert(self._connection, accounts, {"name": name}, values)

    async def cursor(self, name: str) -> str:
        """How far the account's updates were read; empty at the very first start."""
        return (await self._connection.execute(select(accounts.c.cursor).where(accounts.c.name == name))).scalar() or ""

    async def heard_at(self, name: str) -> datetime | None:
        """When the account's cursor was last stored; None before that."""
        found: datetime | None = (await self._connection.execute(select(accounts.c.heard_at).where(accounts.c.name == name))).scalar()
        return found

    async def moved(self, name: str, cursor: str, at: datetime) -> None:
        """The updates up to this cursor are stored."""
        await self._connection.execute(update(accounts).where(accounts.c.name == name).values(cursor=cursor, heard_at=at))
