"""The region file: one TOML text that describes a region, read with every mistake in it found at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from incidents.clockchecks import check_clocks
from incidents.clocks import clocks
from incidents.fields import Table
from incidents.findings import Findings, RegionError, RegionErrors, in_order
from incidents.ids import Ids
from incidents.lines import Lines, Path, syntax
from incidents.policies import PolicyRule, QuietHours
from incidents.regional import Account, Danger, Desk, Organisation, Region, Route, Territory, Topic
from incidents.routechecks import check_routes
from incidents.words import keyword

__all__ = [
    "Account",
    "Danger",
    "Desk",
    "Organisation",
    "PolicyRule",
    "Read",
    "Region",
    "RegionError",
    "RegionErrors",
    "Route",
    "Territory",
    "Topic",
    "parse",
    "read",
]

ACCOUNT_KINDS = ("telegram", "vk")
"""Messengers an account may be of; a new channel adds its name here."""
LANGUAGES = ("ru", "en")
TOPIC_TITLE = 24
"""«Topic · Territory» stands on one button, which VK cuts at 40 characters; a title has to be readable there."""
TERRITORY_TITLE = 32
BUTTON = 40
"""Titles that stand on a button alone."""


@dataclass(frozen=True, slots=True)
class Read:
    """A region, and what in its file is worth a second look."""

    region: Region
    remarks: tuple[RegionError, ...]


def parse(text: str) -> Region:
    """Read a region file. Raises RegionErrors with everything that is wrong in it; then there is no region at all."""
    return read(text).region


def read(text: str, today: date | None = None) -> Read:
    """As ``parse``, with what is good and remarkable. With ``today``, calendars must know this year, and soon the next one."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, problem = syntax(str(error), text)
        raise RegionErrors([RegionError(line, "", "region-syntax", {"problem": problem, "detail": str(error)}, column)]) from None
    except RecursionError:
        raise RegionErrors([RegionError(1, "", "region-syntax", {"problem": "other", "detail": "nested too deep"}, 1)]) from None
    findings = Findings(Lines(text))
    region = _region(Table(data, (), findings), findings, today)
    if findings.errors:
        raise RegionErrors(findings.errors)
    return Read(region, in_order(findings.remarks))


def _region(top: Table, findings: Findings, today: date | None) -> Region:
    head = top.table("region", required=True)
    there = isinstance(top.data.get("region"), dict)  # when the whole table is missing, that alone is said
    zone = head.zone("timezone", required=there)
    ids = Ids(findings)
    said = clocks(top, _quiet_hours(top.table("quiet_hours")), ids)
    places = [(table.path, _territory(table, ids)) for table in top.tables("territories")]
    routes = [(table.path, route) for table in top.tables("routes") for route in _routes(table, ids)]
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
        clock=said.policy,
        policies=said.rules,
        calendars=said.calendars,
        desk=_desk(top.table("desk")),
        topics=tuple(_topic(table, ids) for table in top.tables("topics", required=True)),
        territories=tuple(territory for _, territory in places),
        organisations=tuple(_organisation(table, ids) for table in top.tables("organisations", required=True)),
        routes=tuple(route for _, route in routes),
        accounts=tuple(_account(table, ids) for table in top.tables("accounts", required=True)),
        dangers=tuple(_danger(table, ids) for table in top.tables("danger")),
    )
    head.close()
    top.close()
    ids.resolve()
    _no_cycles(places, findings)
    if not findings.errors:
        check_clocks(region, said, findings, today)
        check_routes(region, {(route.topic, route.territory): path for path, route in routes}, findings)
    return region


# --- the sections ------------------------------------------------------------------------------------------------------


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


def _topic(table: Table, ids: Ids) -> Topic:
    topic = Topic(
        id=ids.own("topic", table),
        title=ids.new("topic-title", table.text("title", longest=TOPIC_TITLE), table.at("title")),
        title_en=table.text("title_en", required=False, longest=TOPIC_TITLE),
        keywords=_keywords(table, "keywords"),
    )
    _no_clock(table, "topic")
    table.close()
    return topic


def _no_clock(table: Table, kind: str) -> None:
    """Clocks have a section of their own; they once stood here."""
    if table.has("first_answer"):
        table.wrong("first_answer", "region-first-answer-moved", kind=kind, id=str(table.data.get("id", "…")))


def _territory(table: Table, ids: Ids) -> Territory:
    territory = Territory(
        id=ids.own("territory", table),
        title=ids.new("territory-title", table.text("title", longest=TERRITORY_TITLE), table.at("title")),
        title_en=table.text("title_en", required=False, longest=TERRITORY_TITLE),
        names=_keywords(table, "names"),
        zone=table.zone("timezone", required=False),
        parent=ids.refer("territory", table.text("parent", required=False), table.at("parent")),
    )
    _no_clock(table, "territory")
    table.close()
    return territory


def _organisation(table: Table, ids: Ids) -> Organisation:
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


def _routes(table: Table, ids: Ids) -> Sequence[Route]:
    """One table may name several topics and territories: it stands for each pair of them."""
    organisation = ids.refer("organisation", table.text("organisation"), table.at("organisation"))
    topics = [ids.refer("topic", topic, table.at("topic")) for topic in table.texts("topic", one_will_do=True)]
    places = [ids.refer("territory", place, table.at("territory")) for place in table.texts("territory", one_will_do=True)]
    table.close()
    routes = [Route(organisation, topic, place) for topic in topics or [""] for place in places or [""]]
    for route in routes:
        ids.new("route", f"{route.topic or '*'} × {route.territory or '*'}", table.path, "region-same-route")
    return routes


def _account(table: Table, ids: Ids) -> Account:
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


def _danger(table: Table, ids: Ids) -> Danger:
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
