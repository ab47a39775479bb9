"""Corrects what an incident is about and where it is, and finds its owner anew; the same for a citizen and a curator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bots.channel import Location
from handlers.citizen import refresh_receipt
from handlers.thread import refresh_cards
from handlers.turn import Moment
from incidents.incident import Action, Deed, Role, Status
from incidents.routing import sure_route
from storage.incidents import Case

_MOVES: Mapping[Status, Action] = {Status.NEW: Action.ASSIGN, Status.ASSIGNED: Action.REASSIGN}
"""While nobody has taken it, an incident goes where its description says."""


async def describe(
    moment: Moment,
    case: Case,
    *,
    topic: str | None = None,
    territory: str | None = None,
    place: str | None = None,
    location: Location | None = None,
    person: int,
) -> Case:
    """Put in what a person said; None leaves as it is. The correction is remembered, the clock runs on, receipt and cards follow."""
    incident, report = case.incident, case.report
    said = {"topic": topic, "territory": territory, "place": place}
    now = _described(case) | {field: value for field, value in said.items() if value is not None}
    await remember(moment, case, now, person=person)
    incident = replace(incident, topic=now["topic"], territory=now["territory"])
    report = replace(report, place=now["place"], location=location or report.location, corrected=True)
    return await _reroute(moment, await moment.tx.incidents.save(Case(incident, report)))


async def remember(moment: Moment, case: Case, said: Mapping[str, Any], *, person: int) -> None:
    """Keep what a person says of an incident where it differs, whether or not the incident changes: suggestions learn from it."""
    for field, before in _described(case).items():
        if said.get(field, before) != before:
            await moment.tx.incidents.corrected(case.id, field, before, said[field], person=person, at=moment.now)


def _described(case: Case) -> dict[str, str]:
    return {"topic": case.incident.topic, "territory": case.incident.territory, "place": case.report.place}


async def _reroute(moment: Moment, case: Case) -> Case:
    incident = case.incident
    owner = sure_route(moment.region, incident.topic, incident.territory)
    move = _MOVES.get(incident.status)
    if owner and move and owner != incident.organisation:
        return await moment.act(case, Deed(action=move, role=Role.CLOCK, at=moment.now, target=owner))
    await refresh_cards(moment, case)
    await refresh_receipt(moment, case)
    return case


async def free_from_gone(moment: Moment, case: Case) -> Case:
    """An incident that came back to somebody who is no official any more is the whole organisation's again."""
    incident = case.incident
    posts = await moment.tx.people.officials(incident.organisation)
    if incident.status is not Status.IN_PROGRESS or incident.assignee in {post.person for post in posts}:
        return case
    return await moment.act(case, Deed(action=Action.RELEASE, role=Role.CLOCK, at=moment.now))
