"""What suggestions are learned from, and what was learned: a model as text, the newest in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from storage.connection import Connection
from storage.tables import corrections, incidents, suggestion_models

PAGE = 1000
"""Texts that are read in one transaction, so that nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A text and the topic people gave it, or let stand when they answered it."""

    incident: int
    person: int
    text: str
    topic: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is in force."""

    id: int
    at: datetime
    body: str


class Suggestions:
    """Reads and writes models, and reads what they are made of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def newest(self) -> int:
        """The id of the last model that was put in force or taken out of it; 0 before the first."""
        return (await self._connection.execute(select(func.max(suggestion_models.c.id)))).scalar() or 0

    async def current(self) -> Installed | None:
        """The model in force; None when keywords alone decide."""
        statement = select(suggestion_models.c.id, suggestion_models.c.made_at, suggestion_models.c.body)
        row = (await self._connection.execute(statement.order_by(suggestion_models.c.id.desc()).limit(1))).first()
        return Installed(row.id, row.made_at, row.body) if row and row.body else None

    async def install(self, body: str, figures: Mapping[str, Any], at: datetime) -> None:
        """Put a model in force; an empty body takes the one in force out of it. Older ones are let go of.

        ``figures``: how good it was found, and on how many texts, for whoever looks into the table.
        """
        made = await self._connection.execute(
            suggestion_models.insert().values(made_at=at, body=body, figures=dict(figures)).returning(suggestion_models.c.id)
        )
        await self._connection.execute(suggestion_models.delete().where(suggestion_models.c.id < made.scalar_one()))

    async def checked(self, before: int, limit: int = PAGE) -> Sequence[Checked]:
        """Incidents under a number whose topic a person chose or that were answered, the newest first. Erased texts are none."""
        chosen = (
            select(corrections.c.after)
            .where(corrections.c.incident_id == incidents.c.id, corrections.c.field == "topic")
            .order_by(corrections.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        statement = (
            select(incidents.c.id, incidents.c.person_id, incidents.c.text, incidents.c.topic, chosen.label("chosen"))
            .where(incidents.c.id < before, incidents.c.text != "", incidents.c.answered_at.is_not(None) | chosen.is_not(None))
            .order_by(incidents.c.id.desc())
            .limit(limit)
        )
        rows = await self._connection.execute(statement)
        return [Checked(row.id, row.person_id, row.text, row.chosen or row.topic, row.chosen is not None) for row in rows]
