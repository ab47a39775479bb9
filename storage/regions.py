"""The region file as it was loaded, every version of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from storage.connection import Connection
from storage.tables import chats, incidents, regions, roles


class Regions:
    """Reads and writes region files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def current(self) -> str | None:
        """The text of the region file in force; None before the first was loaded."""
        statement = select(regions.c.source).order_by(regions.c.id.desc()).limit(1)
        found: str | None = (await self._connection.execute(statement)).scalar()
        return found

    async def versions(self) -> Sequence[tuple[datetime, str]]:
        """Every region file that was in force, oldest first: since when, and its text."""
        rows = await self._connection.execute(select(regions.c.loaded_at, regions.c.source).order_by(regions.c.id))
        return [(row[0], row[1]) for row in rows]

    async def loaded(self, source: str, at: datetime) -> bool:
        """Put a file in force. Returns False, and writes nothing, when it is the one in force already."""
        if await self.current() == source:
            return False
        await self._connection.execute(regions.insert().values(source=source, loaded_at=at))
        return True

    async def in_use(self) -> dict[str, set[str]]:
        """What incidents, roles and chats refer to: kind («topic», «territory», «organisation») → ids."""
        used: dict[str, set[str]] = {"topic": set(), "territory": set(), "organisation": set()}
        for kind, column in (
            ("topic", incidents.c.topic),
            ("territory", incidents.c.territory),
            ("organisation", incidents.c.organisation),
            ("organisation", roles.c.organisation),
            ("organisation", chats.c.organisation),
        ):
            used[kind] |= set((await self._connection.execute(select(column).distinct().where(column != ""))).scalars())
        return used
