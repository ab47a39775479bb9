"""The region file: one TOML text that describes a region, read with every mistake in it found at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from incidents.deadlines import DEADLINE, LADDER, Audience, Length, Policy, QuietHours, Step, Urgency
from incidents.fields import Findings, RegionError, RegionErrors, Table, read_duration
from incidents.lines import Lines, Path, syntax
from incidents.regional import Account, Danger, Desk, Organisation, Region, Route, Territory, Topic
from incidents.words import keyword

__all__ = [
    "Account",
    "Danger",
    "Desk",
    "Organisation",
    "Region",
    "RegionError",
    "RegionErrors",
    "Route",
    "Territory",
    "Topic",
    "parse",
]

ACCOUNT_KINDS = ("telegram", "vk")
"""Messengers an account may be of; a new channel adds its name here."""
LANGUAGES = ("ru", "en")
TOPIC_TITLE = 24
"""«Topic · Territory» stands on one button, which VK cuts at 40 characters; a title has to be readable there."""
TERRITORY_TITLE = 32
BUTTON = 40
"""Titles that stand on a button alone."""
LONGEST_SHORT_CLOCK = timedelta(days=30)


def parse(text: str) -> Region:
    """Read a region file. Raises RegionErrors with everything that is wrong in it; then there is no region at all."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, problem = syntax(str(error), text)
        raise RegionErrors([RegionError(line, "", "region-syntax", {"problem": problem, "detail": str(error)}, column)]) from None
    except RecursionError:
        raise RegionErrors([RegionError(1, "", "region-syntax", {"problem": "other", "detail": "nested too deep"}, 1)]) from None
    findings = Findings(Lines(text))
    region = _region(Table(data, (), findings), findings)
    if findings.errors:
        raise RegionErrors(findings.errors)
    return region


def _region(top: Table, findings: Findings) -> Region:
    head = top.table("region", required=True)
    there = isinstance(top.data.get("region"), dict)  # when the whole table is missing, that alone is said
    zone = head.zone("timezone", required=there)
    ids = _Ids(findings)
    places = [(table.path, _territory(table, ids)) for table in top.tables("territories")]
    region = Region(
        id=head.slug("id", required=there),
        title=head.text("title", required=there, longest=80),
        title_en=head.text("title_en", required=False, longest=80),
        zone=zone or ZoneInfo("UTC"),
        operator=head.text("operator", required=there, longest=200),
        operator_en=head.text("operator_en", required=False, longest=200),
        privacy_url=head.url("privacy_url", required=there),
        appeals_url=head.url("appeals_url", required=False) or Region.appeals_url,
        language=head.choice("language", LANGUAGES, default="ru"),
        clock=_clock(top.table("clock"), _quiet_hours(top.table("quiet_hours"))),
        desk=_desk(top.table("desk")),
        topics=tuple(_topic(table, ids) for table in top.tables("topics", required=True)),
        territories=tuple(territory for _, territory in places),
        organisations=tuple(_organisation(table, ids) for table in top.tables("organisations", required=True)),
        routes=tuple(route for table in top.tables("routes") for route in _routes(table, ids)),
        accounts=tuple(_account(table, ids) for table in top.tables("accounts", required=True)),
        dangers=tuple(_danger(table, ids) for table in top.tables("danger")),
    )
    head.close()
    top.close()
    ids.resolve()
    _no_cycles(places, findings)
    return region


class _Ids:
    """Which ids there are, and who refers to which."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._known: dict[str, dict[str, Path]] = {}
        self._references: list[tuple[str, str, Path]] = []

    def new(self, kind: str, value: str, path: Path, problem: str = "region-duplicate") -> str:
        """Remember an id of a kind; the second of two that are equal is an error."""
        first = self._known.setdefault(kind, {}).setdefault(value, path) if value else path
        if first != path:
            self._findings.add(path, problem, value=value, line=str(self._findings.lines.of(first)))
        return value

    def own(self, kind: str, table: Table, key: str = "id") -> str:
        """The id of a table. One of a wrong form is known all the same, so that those who refer to it are not blamed too."""
        value, written = table.slug(key), table.data.get(key)
        if not value and isinstance(written, str):
            self._known.setdefault(kind, {}).setdefault(written.strip(), table.at(key))
        return self.new(kind, value, table.at(key))

    def refer(self, kind: str, value: str, path: Path) -> str:
        """Remember that something refers to an id, which may come later in the file."""
        if value:
            self._references.append((kind, value, path))
        return value

    def resolve(self) -> None:
        """Report references to ids that are not there."""
        for kind, value, path in self._references:
            known = self._known.get(kind, {})
            if value not in known:
                self._findings.unknown(path, "region-unknown-reference", value, known, kind=kind)


# --- the sections ------------------------------------------------------------------------------------------------------


def _clock(table: Table, quiet: QuietHours) -> Policy:
    standard = Policy()
    again = table.duration("repeat", standard.again, longest=LONGEST_SHORT_CLOCK)
    policy = Policy(
        first_answer=Length(table.duration("first_answer", standard.first_answer.amount, longest=LONGEST_SHORT_CLOCK)),
        urgent=Length(table.duration("urgent", standard.urgent.amount, longest=LONGEST_SHORT_CLOCK)),
        rework=Length(table.duration("rework", standard.rework.amount, longest=LONGEST_SHORT_CLOCK)),
        waiting=table.duration("waiting", standard.waiting),
        rating=table.duration("rating", standard.rating),
        longest_promise=table.duration("promise_longest", standard.longest_promise),
        ladder=_ladder(table, again),
        again=again,
        quiet=quiet,
    )
    table.close()
    if policy.urgent.amount > policy.first_answer.amount:
        table.wrong("urgent", "region-urgent-longer")
    return policy


def _ladder(clock: Table, again: timedelta) -> tuple[Step, ...]:
    """The steps of the reminders; the default ones when the file has none."""
    if not clock.has("ladder"):
        return LADDER
    before = len(clock.findings.errors)
    steps: dict[str, Step] = {}
    for table in clock.tables("ladder", required=True):
        step = _step(table, again)
        if step and step.name in steps:
            table.wrong("at", "region-ladder-twice", value=step.name)
        elif step:
            steps[step.name] = step
    if len(clock.findings.errors) == before and DEADLINE not in steps:
        clock.wrong("ladder", "region-ladder-no-deadline")
    return tuple(steps.values())


def _step(table: Table, again: timedelta) -> Step | None:
    """One step: «50%», «2h before», «2h after» or «deadline», and whom it tells."""
    at = table.text("at")
    tells = tuple(Audience(who) for who in _audience(table))
    table.close()
    if not at:
        return None
    if at == DEADLINE:
        return Step(DEADLINE, tells, urgency=Urgency.HIGH)
    if at.endswith("%") and at[:-1].isdecimal() and 0 < int(at[:-1]) < 100:
        return Step(str(int(at[:-1])), tells, share=int(at[:-1]) / 100)
    length, _, side = at.partition(" ")
    found = read_duration(length, LONGEST_SHORT_CLOCK)
    if isinstance(found, timedelta) and side == "before":
        return Step(length, tells, before=found)
    if isinstance(found, timedelta) and side == "after" and found < again:
        return Step(f"{length}-after", tells, before=-found)
    table.wrong("at", "region-ladder-after" if isinstance(found, timedelta) and side == "after" else "region-ladder-at", value=at)
    return None


def _audience(table: Table) -> Sequence[str]:
    allowed = [who for who in Audience if who is not Audience.CITIZEN]
    said = table.texts("tell", required=True)
    for index, who in enumerate(said):
        if who and who not in allowed:
            table.findings.unknown((*table.at("tell"), index), "region-choice", who, allowed)
    return [who for who in said if who in allowed]


def _quiet_hours(table: Table) -> QuietHours:
    enabled = table.switch("enabled", default=True)
    before = len(table.findings.errors)
    quiet = QuietHours(table.hour("from", time(22)), table.hour("to", time(7)))
    table.close()
    if len(table.findings.errors) == before and quiet.begin == quiet.end:
        table.wrong("to", "region-quiet-equal")
    return quiet if enabled else QuietHours(time(), time())


def _desk(table: Table) -> Desk:
    standard = Desk()
    title = table.text("title", required=False, longest=BUTTON)
    title_en = table.text("title_en", required=False, longest=BUTTON)
    table.close()
    return Desk(title or standard.title, title_en or (title and "") or standard.title_en)


def _topic(table: Table, ids: _Ids) -> Topic:
    topic = Topic(
        id=ids.own("topic", table),
        title=ids.new("topic-title", table.text("title", longest=TOPIC_TITLE), table.at("title")),
        title_en=table.text("title_en", required=False, longest=TOPIC_TITLE),
        keywords=_keywords(table, "keywords"),
        first_answer=table.duration("first_answer", None, longest=LONGEST_SHORT_CLOCK),
    )
    table.close()
    return topic


def _territory(table: Table, ids: _Ids) -> Territory:
    territory = Territory(
        id=ids.own("territory", table),
        title=ids.new("territory-title", table.text("title", longest=TERRITORY_TITLE), table.at("title")),
        title_en=table.text("title_en", required=False, longest=TERRITORY_TITLE),
        names=_keywords(table, "names"),
        zone=table.zone("timezone", required=False),
        parent=ids.refer("territory", table.text("parent", required=False), table.at("parent")),
        first_answer=table.duration("first_answer", None, longest=LONGEST_SHORT_CLOCK),
    )
    table.close()
    return territory


def _organisation(table: Table, ids: _Ids) -> Organisation:
    title = ids.new("organisation-title", table.text("title", longest=BUTTON), table.at("title"))
    organisation = Organisation(
        id=ids.own("organisation", table),
        title=title,
        title_en=table.text("title_en", required=False, longest=BUTTON),
        genitive=table.text("genitive", required=False) or title,
        territory=ids.refer("territory", table.text("territory", required=False), table.at("territory")),
    )
    table.close()
    return organisation


def _routes(table: Table, ids: _Ids) -> Sequence[Route]:
    """One table may name several topics and territories: it stands for each pair of them."""
    organisation = ids.refer("organisation", table.text("organisation"), table.at("organisation"))
    topics = [ids.refer("topic", topic, table.at("topic")) for topic in table.texts("topic", one_will_do=True)]
    places = [ids.refer("territory", place, table.at("territory")) for place in table.texts("territory", one_will_do=True)]
    table.close()
    routes = [Route(organisation, topic, place) for topic in topics or [""] for place in places or [""]]
    for route in routes:
        ids.new("route", f"{route.topic or '*'} × {route.territory or '*'}", table.path, "region-same-route")
    return routes


def _account(table: Table, ids: _Ids) -> Account:
    account = Account(
        kind=table.choice("kind", ACCOUNT_KINDS),
        name=table.slug("name"),
        token_env=ids.new("token", table.env("token_env"), table.at("token_env"), "region-same-token"),
        territory=ids.refer("territory", table.text("territory", required=False), table.at("territory")),
    )
    table.close()
    if account.name:
        ids.new("account", account.key, table.at("name"))
    return account


def _danger(table: Table, ids: _Ids) -> Danger:
    danger = Danger(
        kind=ids.own("danger", table, "kind"),
        title=table.text("title", longest=BUTTON),
        title_en=table.text("title_en", required=False, longest=BUTTON),
        words=_keywords(table, "words", required=True),
        phone=table.phone("phone"),
    )
    table.close()
    return danger


def _keywords(table: Table, key: str, *, required: bool = False) -> tuple[str, ...]:
    texts = table.texts(key, required=required)
    for index, text in enumerate(texts):
        found = keyword(text) if text else None
        if isinstance(found, str):
            table.findings.add((*table.at(key), index), found, value=text)
    return texts


def _no_cycles(places: Iterable[tuple[Path, Territory]], findings: Findings) -> None:
    """Report each ring of territories that lie in one another, once, at its first member in the file."""
    parents = {territory.id: territory.parent for _, territory in places}
    seen: set[str] = set()
    for path, territory in places:
        chain: list[str] = []
        at = territory.id
        while parents.get(at) and at not in seen:
            seen.add(at)
            chain.append(at)
            at = parents[at]
        if at in chain:
            findings.add((*path, "parent"), "region-cycle", value=" → ".join([*chain[chain.index(at) :], at]))
