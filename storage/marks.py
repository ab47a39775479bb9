"""When something last happened: a backup, a restore, a word to the administrators."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import upsert
from storage.tables import marks

BACKUP, RESTORE = "backup", "restore"


class Mark(NamedTuple):
    """When, and what there is to say about it."""

    at: datetime
    value: str


class Marks:
    """Reads and writes marks."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, name: str) -> Mark | None:
        row = (await self._connection.execute(select(marks.c.at, marks.c.value).where(marks.c.name == name))).first()
        return Mark(*row) if row else None

    async def put(self, name: str, at: datetime, value: str = "") -> None:
        """It happened at this instant."""
        await upsert(self._connection, marks, {"name": name}, {"at": at, "value": value})

    async def forget(self, names: Collection[str]) -> None:
        """As if it had never happened."""
        if names:
            await self._connection.execute(delete(marks).where(marks.c.name.in_(names)))

    async def all(self, prefix: str) -> Mapping[str, Mark]:
        """The marks whose names begin so, by the rest of their names."""
        rows = await self._connection.execute(select(marks).where(marks.c.name.startswith(prefix, autoescape=True)))
        return {row.name.removeprefix(prefix): Mark(row.at, row.value) for row in rows}

    async def only_one(self, name: str, at: datetime) -> None:
        """Wait until no other transaction stands behind this line with the same name."""
        await self.put(name, at)
