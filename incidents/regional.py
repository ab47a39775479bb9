"""What a region consists of: its topics, territories, organisations, who answers for what, accounts and clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from incidents.calendar import Calendar
from incidents.policies import Policy, PolicyRule, with_rules
from incidents.suggest import Learned
from incidents.words import Morphology


@dataclass(frozen=True, slots=True)
class Topic:
    """What a message is about."""

    id: str
    title: str
    title_en: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Territory:
    """A town or a district."""

    id: str
    title: str
    title_en: str = ""
    names: tuple[str, ...] = ()
    """How people name it, in the same forms as keywords."""
    zone: ZoneInfo | None = None
    """None: the parent's, or the region's."""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who answers."""

    id: str
    title: str
    title_en: str = ""
    genitive: str = ""
    """«Ответ от …»; never empty in a parsed region, where the title stands in for it."""
    territory: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers for a topic in a territory; an empty one means any."""

    organisation: str
    topic: str = ""
    territory: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One bot or community people write to."""

    kind: str
    name: str
    token_env: str
    """Name of the environment variable that holds the token."""
    territory: str = ""
    """Where messages come from when they do not say; empty: unknown."""

    @property
    def key(self) -> str:
        """Our name of the account, e.g. ``vk/biysk``."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Danger:
    """Words that make an incident urgent and are answered at once with 112."""

    kind: str
    title: str
    title_en: str = ""
    words: tuple[str, ...] = ()
    phone: str = ""
    """A number besides 112; empty: none."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The curators."""

    title: str = "Кураторы"
    title_en: str = "Curators"


@dataclass(frozen=True, kw_only=True)
class Region:
    """Everything the desk knows about its region. Whatever refers to an id here refers to one that exists."""

    id: str
    title: str
    title_en: str = ""
    zone: ZoneInfo
    operator: str
    """Who runs the bot."""
    operator_en: str = ""
    privacy_url: str
    appeals_url: str = "https://www.gosuslugi.ru"
    """Where a 59-ФЗ appeal is filed."""
    language: str = "ru"
    clock: Policy = field(default_factory=Policy)
    """Where no policy says otherwise."""
    policies: tuple[PolicyRule, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    """The region's own; those that every region has are in ``incidents.calendar``."""
    desk: Desk = field(default_factory=Desk)
    topics: tuple[Topic, ...] = ()
    territories: tuple[Territory, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    routes: tuple[Route, ...] = ()
    accounts: tuple[Account, ...] = ()
    dangers: tuple[Danger, ...] = ()
    morphology: Morphology = field(default_factory=Morphology)
    """What a dictionary says about its words; put in beside the file."""
    learned: Learned | None = None
    """What was learned from people's corrections; put in beside the file."""

    def __hash__(self) -> int:
        """Cheap, so that what is made from a region can be kept beside it."""
        return hash((self.id, self.title))

    @cached_property
    def topic(self) -> Mapping[str, Topic]:
        """Topics by id."""
        return {topic.id: topic for topic in self.topics}

    @cached_property
    def territory(self) -> Mapping[str, Territory]:
        """Territories by id."""
        return {territory.id: territory for territory in self.territories}

    @cached_property
    def organisation(self) -> Mapping[str, Organisation]:
        """Organisations by id."""
        return {organisation.id: organisation for organisation in self.organisations}

    @cached_property
    def account(self) -> Mapping[str, Account]:
        """Accounts by key, e.g. ``vk/biysk``."""
        return {account.key: account for account in self.accounts}

    @cached_property
    def danger(self) -> Mapping[str, Danger]:
        """Dangers by kind."""
        return {danger.kind: danger for danger in self.dangers}

    @cached_property
    def route(self) -> Mapping[tuple[str, str], str]:
        """(topic, territory) → organisation, with an empty text for any."""
        return {(route.topic, route.territory): route.organisation for route in self.routes}

    def with_parents(self, territory: str) -> Sequence[str]:
        """The territory, the one it lies in, and so on up; empty when it is unknown."""
        chain = []
        while territory in self.territory:
            chain.append(territory)
            territory = self.territory[territory].parent
        return chain

    def zone_of(self, territory: str) -> ZoneInfo:
        """The time zone of a territory; the region's when the territory is unknown."""
        zones = (self.territory[place].zone for place in self.with_parents(territory))
        return next((zone for zone in zones if zone), self.zone)

    @cached_property
    def policy_rule(self) -> Mapping[tuple[str, str], PolicyRule]:
        """(topic, territory) → what is said for them, with an empty text for any."""
        return {(rule.topic, rule.territory): rule for rule in self.policies}

    def policy_rules(self, topic: str, territory: str) -> Sequence[PolicyRule]:
        """What is said for an incident, the most specific first: for topic and territory, the topic, the territory.

        A territory without a rule of its own has those of the one it lies in.
        """
        places = self.with_parents(territory)
        pairs = [(topic, place) for place in [*places, ""]] if topic else []
        pairs += [("", place) for place in places]
        return [self.policy_rule[pair] for pair in pairs if pair in self.policy_rule]

    def policy(self, topic: str, territory: str) -> Policy:
        """How long the clocks run for an incident and how they speak; of each key the most specific rule is heard."""
        found = self._policies.get((topic, territory))
        if found is None:
            found = with_rules(self.clock, self.policy_rules(topic, territory))
            self._policies[topic, territory] = found
        return found

    @cached_property
    def _policies(self) -> dict[tuple[str, str], Policy]:
        """Those that were asked for: every report asks, and there are few pairs."""
        return {}

    @property
    def calendars_in_use(self) -> Mapping[str, Calendar]:
        """The calendars that some clock or promise of the region is counted by."""
        found = [self.clock.calendar, *(rule.says["calendar"] for rule in self.policies if "calendar" in rule.says)]
        return {calendar.id: calendar for calendar in found}

    def missing_year(self, day: date) -> int | None:
        """The nearest year that a calendar in use ought to know on a day and does not (``Calendar.missing``)."""
        years = [calendar.missing(day) for calendar in self.calendars_in_use.values()]
        return min((year for year in years if year is not None), default=None)
