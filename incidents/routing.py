"""Who answers: topic × territory → organisation, the most specific rule first."""

from __future__ import annotations

from incidents.regional import Region


def route(region: Region, topic: str, territory: str) -> str | None:
    """The organisation for a topic in a territory (either may be empty: unknown), or None: the curators sort it.

    A rule for both comes before a rule for the topic alone, that before a rule for the territory alone, and the rule for
    everything comes last. A territory without a rule of its own has those of the one it lies in.
    """
    pair = rule_for(region, topic, territory)
    return region.route[pair] if pair else None


def rule_for(region: Region, topic: str, territory: str) -> tuple[str, str] | None:
    """The topic and the territory of the rule that ``route`` goes by."""
    places = region.with_parents(territory)
    pairs = [(topic, place) for place in places] + [(topic, "")] if topic else []
    return next((pair for pair in [*pairs, *(("", place) for place in places), ("", "")] if pair in region.route), None)


def sure_route(region: Region, topic: str, territory: str) -> str | None:
    """The organisation to send to without asking anybody: as ``route``, but not past a place that would decide and is unknown."""
    if not territory:
        # A rule for the topic alone beats those for a place alone, so then only rules for both could say otherwise.
        deciding = (topic,) if (topic, "") in region.route else (topic, "")
        if any(rule.territory and rule.topic in deciding for rule in region.routes):
            return None
    return route(region, topic, territory)
