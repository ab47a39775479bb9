"""Whether the clocks of a region make sense together: policies that nobody hears, steps that never come, years that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from incidents.clocks import Clocks
from incidents.fields import Table
from incidents.findings import Findings
from incidents.lines import Path
from incidents.policies import Length, Policy, PolicyRule
from incidents.regional import Region

_CLOCKS = ("first_answer", "urgent", "rework")


def check_clocks(region: Region, said: Clocks, findings: Findings, today: date | None) -> None:
    """Write down what is wrong or remarkable. The region has no other mistakes."""
    heard: set[tuple[str, str, str]] = set()
    seen: set[tuple[tuple[str, str], ...]] = set()
    found: set[tuple[Path, str, tuple[tuple[str, str], ...]]] = set()
    unsorted = [("", territory) for territory in ("", *region.territory)]
    for topic, territory in [*_everywhere(region), *unsorted]:
        rules = region.policy_rules(topic, territory)
        pairs = tuple((rule.topic, rule.territory) for rule in rules)
        if pairs in seen:
            continue
        seen.add(pairs)
        from_where = _from_where(rules)
        if topic:
            heard |= {(*pair, key) for key, pair in from_where.items()}
        found |= {(path, key, tuple(args.items())) for path, key, args in _mistakes(region.policy(topic, territory), from_where, said)}
    for path, key, args in sorted(found):
        findings.add(path, key, **dict(args))
    for rule in region.policies:
        table = said.places[rule.topic, rule.territory]
        if not any((rule.topic, rule.territory, key) in heard for key in rule.says):
            findings.add(table.path, "region-policy-shadowed", value=_pair(rule))
        elif region.routes and not any(_routed(region, *pair) for pair in _covered(region, rule)):
            findings.remark(table.path, "region-policy-unrouted", value=_pair(rule))
    _check_calendars(region, said, findings, today)


def _pair(rule: PolicyRule) -> str:
    return f"{rule.topic or '*'} × {rule.territory or '*'}"


# --- which policies are heard ------------------------------------------------------------------------------------------


def _everywhere(region: Region) -> Iterator[tuple[str, str]]:
    """Every topic in every territory, and where the territory is unknown. An incident without a topic is still to be sorted."""
    for topic in region.topic:
        yield topic, ""
        for territory in region.territory:
            yield topic, territory


def _covered(region: Region, rule: PolicyRule) -> Iterator[tuple[str, str]]:
    """The topics and territories a rule is for."""
    for topic, territory in _everywhere(region):
        if rule.topic in ("", topic) and (not rule.territory or rule.territory in region.with_parents(territory)):
            yield topic, territory


def _routed(region: Region, topic: str, territory: str) -> bool:
    places = [*region.with_parents(territory), ""]
    return any((about, place) in region.route for about in (topic, "") for place in places)


def _from_where(rules: Sequence[PolicyRule]) -> Mapping[str, tuple[str, str]]:
    """Which rule each key comes from."""
    return {key: (rule.topic, rule.territory) for rule in reversed(rules) for key in rule.says}


# --- whether a policy makes sense --------------------------------------------------------------------------------------


def _mistakes(policy: Policy, from_where: Mapping[str, tuple[str, str]], said: Clocks) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """What does not go together in one policy, at the key of the more specific rule."""

    def table(key: str) -> Table:
        return said.places[from_where.get(key, ("", ""))]

    def at(*keys: str) -> Path:
        given = [key for key in keys if table(key).has(key)]
        specific = [key for key in given if key in from_where]
        chosen = next(iter([*specific, *given]), keys[0])
        return table(chosen).at(chosen)

    if policy.urgent.working and not policy.first_answer.working:
        yield at("urgent", "first_answer"), "region-urgent-working", {}
    elif policy.urgent.amount > policy.first_answer.amount:
        yield at("urgent", "first_answer"), "region-urgent-longer", {"value": _said(policy.urgent), "longest": _said(policy.first_answer)}
    for index, step in enumerate(policy.ladder):
        own = (*table("ladder").at("ladder"), index, "at")
        if -step.before >= policy.again:
            yield own, "region-ladder-after", {"value": _said(Length(-step.before)), "repeat": _said(Length(policy.again))}
        for clock in _CLOCKS:
            length: Length = getattr(policy, clock)
            if step.share is None and step.before >= length.amount:
                where = own if table("ladder").has("ladder") else at(clock)
                says = {"value": _said(Length(step.before, step.working)), "clock": clock, "length": _said(length)}
                yield where, "region-ladder-before-start", says


def _said(length: Length) -> str:
    """A length as it is written in the file."""
    minutes = length.amount // timedelta(minutes=1)
    if length.working:
        return f"{minutes // 60}wh"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


# --- calendars ---------------------------------------------------------------------------------------------------------


def _check_calendars(region: Region, said: Clocks, findings: Findings, today: date | None) -> None:
    used = region.calendars_in_use
    for calendar in region.calendars:
        if calendar.id not in used:
            findings.remark(said.shelves[calendar.id], "region-calendar-unused", value=calendar.id)
    for calendar in used.values():
        year = calendar.missing(today) if today else None
        if today is None or year is None:
            continue
        path = said.shelves.get(calendar.id, said.places["", ""].at("calendar"))
        if year == today.year:
            findings.add(path, "region-calendar-year", value=calendar.id, year=str(year))
        else:
            findings.remark(path, "region-calendar-next-year", value=calendar.id, year=str(year))
