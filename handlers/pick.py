"""Lists to choose from, a page at a time: topics, places, organisations, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from handlers.card import organisation_title, territory_title, topic_title
from handlers.turn import Offer, Offers, Turn
from incidents.reading import read
from incidents.routing import route
from storage.incidents import Case

PAGE = 8
"""Choices on a page: with two buttons to turn it they are the ten that VK's keyboards hold."""


async def pick(
    turn: Turn, text: str, choices: Sequence[Offer], action: str, arguments: Mapping[str, Any], *, last: Offer | None = None
) -> None:
    """Offer the choices to this person only. ``action`` with an ``offset`` among its arguments turns the page."""
    await turn.quiet()
    offset = turn.arguments.get("offset")
    offers = page_of(turn, choices, action, arguments, last=last)
    options = {"incident": arguments.get("number", 0), "only": turn.event.sender.id, "once": True}
    if offset is None:
        await turn.post(turn.here, text, offers, **options)
    else:
        await turn.instead(text, offers, **options)


def page_of(turn: Turn, choices: Sequence[Offer], action: str, arguments: Mapping[str, Any], *, last: Offer | None = None) -> Offers:
    """The page of the choices that the pressed button asks for, the first of them otherwise; ``last``: a button below every page."""
    offset, size = turn.arguments.get("offset") or 0, PAGE - 2 if last else PAGE
    page = choices[offset : offset + size]
    rows = [list(page[at : at + 2]) for at in range(0, len(page), 2)]
    turning = [Offer(turn.t("button-back"), action, {**arguments, "offset": max(offset - size, 0)})] if offset else []
    if offset + size < len(choices):
        turning.append(Offer(turn.t("button-more"), action, {**arguments, "offset": offset + size}))
    below = [*turning, *([last] if last else [])]
    return [*rows, below] if below else rows


def topics(turn: Turn, case: Case, action: str, arguments: Mapping[str, Any]) -> Sequence[Offer]:
    """Topics other than the incident's own, those its text hints at first."""
    hinted = [guess.id for guess in read(case.report.text, turn.region).topics]
    order = _likeliest(hinted, turn.region.topic, but=case.incident.topic)
    return [
        Offer(topic_title(turn, replace(case.incident, topic=topic), turn.texts), action, {**arguments, "topic": topic}) for topic in order
    ]


def territories(turn: Turn, case: Case, action: str, arguments: Mapping[str, Any]) -> Sequence[Offer]:
    """Territories other than the incident's own, those its text names and the account's first."""
    account = turn.region.account.get(case.report.address.account)
    hinted = [guess.id for guess in read(case.report.text, turn.region).territories] + ([account.territory] if account else [])
    order = _likeliest(hinted, turn.region.territory, but=case.incident.territory)
    return [Offer(territory_title(turn, place, turn.texts), action, {**arguments, "territory": place}) for place in order]


def organisations(turn: Turn, case: Case, action: str, arguments: Mapping[str, Any]) -> Sequence[Offer]:
    """Organisations other than the owner: who answers for it by the rules, for its place, for its topic, then all."""
    incident, region = case.incident, turn.region
    first = route(region, incident.topic, incident.territory)
    places = region.with_parents(incident.territory)
    near = [rule.organisation for rule in region.routes if rule.territory and rule.territory in places]
    same = [rule.organisation for rule in region.routes if rule.topic and rule.topic == incident.topic]
    order = _likeliest([*([first] if first else []), *near, *same], region.organisation, but=incident.organisation)
    return [Offer(organisation_title(turn, one, turn.texts), action, {**arguments, "organisation": one}) for one in order]


def _likeliest(hinted: Iterable[str], known: Iterable[str], *, but: str) -> Sequence[str]:
    every = list(known)
    return [one for one in dict.fromkeys([*hinted, *every]) if one in every and one != but]
