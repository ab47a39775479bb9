"""What storage tests begin with: an hour, a place, a reported incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bots.channel import Address, Scene, Update
from incidents.incident import Incident
from storage.incidents import Case, Report
from storage.store import Tx

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
CITIZEN = Address("vk/biysk", "501")
OFFICE = Address("telegram/altai", "-100500")


def later(**by: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(**by)


async def somebody(tx: Tx, user: str = "501", *, account: str = "vk/biysk", name: str = "Анна К.") -> int:
    """A person's id."""
    return (await tx.people.meet(account, user, name, "ru", NOON)).id


async def reported(tx: Tx, text: str = "Прорвало трубу", *, user: str = "501", **facts: object) -> Case:
    """An incident as a citizen's message opens it."""
    person = await somebody(tx, user)
    report = Report(person=person, address=CITIZEN, scene=Scene.PRIVATE, text=text, said_at=NOON)
    return await tx.incidents.open(Incident(id=0, reported_at=NOON, **facts), report, NOON)  # type: ignore[arg-type]


def updates(*keys: str, lane: str = "501") -> list[Update]:
    """Raw updates of one chat."""
    return [Update(key=key, raw={"text": f"сообщение {key}"}, lane=lane) for key in keys]
