"""Whether the routes of a region make sense together: what nobody answers for, rules that never decide, organisations nobody routes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from incidents.findings import Findings
from incidents.lines import Path
from incidents.regional import Region
from incidents.routing import rule_for, sure_route

NAMED = 6
"""Ids of a list that are named; how many more there are is told as a number."""
LINES = 12
"""Remarks of one kind; how many more there are is told in one more."""


def check_routes(region: Region, places: Mapping[tuple[str, str], Path], findings: Findings) -> None:
    """Write down what is remarkable. The region has no mistakes: without any route curators still sort everything.

    ``places``: where each rule stands in the file.
    """
    if not region.routes:
        findings.remark((), "region-routes-none")
        return
    _at_most(findings, "holes", _holes(region))
    _at_most(findings, "idle", [(places[rule], {"value": _pair(*rule)}) for rule in _idle(region)])
    routed = {rule.organisation for rule in region.routes}
    left = [(("organisations", at), {"value": one.id}) for at, one in enumerate(region.organisations) if one.id not in routed]
    _at_most(findings, "unrouted", left)


def _at_most(findings: Findings, kind: str, found: Sequence[tuple[Path, Mapping[str, str | int]]]) -> None:
    for path, args in found[:LINES]:
        findings.remark(path, f"region-routes-{kind}", **args)
    if len(found) > LINES:
        findings.remark(found[LINES][0], f"region-routes-{kind}-more", count=len(found) - LINES)


def _holes(region: Region) -> list[tuple[Path, Mapping[str, str | int]]]:
    """Topics without an organisation in some territories; those with the same territories together."""
    lines: dict[tuple[str, ...], list[str]] = {}
    every = tuple(region.territory) or ("",)
    for topic in region.topic:
        missing = tuple(place for place in every if rule_for(region, topic, place) is None)
        if missing:
            lines.setdefault(missing, []).append(topic)
    order = [topic.id for topic in region.topics]
    return [
        (
            ("topics", order.index(topics[0])),
            {
                "topics": _list(topics),
                "count": len(topics) * len(missing),
                "everywhere": "yes" if missing == every else "no",
                "territories": _list(missing),
            },
        )
        for missing, topics in lines.items()
    ]


def _idle(region: Region) -> list[tuple[str, str]]:
    """Rules that decide nothing: wherever they would, a more specific one does."""
    used = {
        rule_for(region, topic, territory)
        for topic in ("", *region.topic)
        for territory in ("", *region.territory)
        if territory or sure_route(region, topic, "")
    }
    return [(rule.topic, rule.territory) for rule in region.routes if (rule.topic, rule.territory) not in used]


def _pair(topic: str, territory: str) -> str:
    return f"{topic or '*'} × {territory or '*'}"


def _list(ids: Iterable[str]) -> str:
    every = list(ids)
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" … (+{more})" if more > 0 else "")
