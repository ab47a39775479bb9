"""What a clock goes by: how long it runs, whom it tells at which step, and when people sleep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from incidents.calendar import RUSSIA, Calendar
from incidents.incident import Role


class Audience(StrEnum):
    """Whom a step of the ladder is for. ``assignee`` becomes the whole organisation while nobody has taken the incident."""

    ASSIGNEE = "assignee"
    ORGANISATION = "organisation"
    CURATOR = "curator"
    HEAD = "head"
    CITIZEN = "citizen"


class Urgency(StrEnum):
    """How urgent a step of the ladder is."""

    NORMAL = "normal"
    HIGH = "high"
    """It comes in quiet hours, too."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a clock runs: elapsed time («24h») or working time of the policy's calendar («9wh»)."""

    amount: timedelta
    working: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: at a share of the time, or so long before the deadline (0: at it; less than 0: after it)."""

    name: str
    tells: tuple[Audience, ...]
    share: float | None = None
    before: timedelta = timedelta()
    working: bool = False
    """``before`` is working time, except on clocks that count elapsed time: there a working hour is an hour."""
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When people sleep, in the local time of the incident's territory. ``begin`` may be later than ``end``: over midnight."""

    begin: time = time(22)
    end: time = time(7)

    def covers(self, local: datetime) -> bool:
        """Whether a local instant falls into them; their first second does, their end does not."""
        if self.begin == self.end:
            return False
        now = local.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


DEADLINE = "deadline"
LADDER = (
    Step("50", (Audience.ASSIGNEE,), share=0.5),
    Step("80", (Audience.ASSIGNEE,), share=0.8),
    Step("2h", (Audience.ASSIGNEE, Audience.CURATOR), before=timedelta(hours=2)),
    Step(DEADLINE, (Audience.ASSIGNEE, Audience.CURATOR, Audience.HEAD), urgency=Urgency.HIGH),
)
"""The default ladder (product.md §4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long the clocks run and how they speak."""

    first_answer: Length = Length(timedelta(hours=24))
    urgent: Length = Length(timedelta(hours=4))
    rework: Length = Length(timedelta(hours=24))
    waiting: timedelta = timedelta(days=5)
    rating: timedelta = timedelta(days=14)
    longest_promise: timedelta = timedelta(days=30)
    extensions: int = 3
    """How many times a promise may be extended."""
    extended_by: tuple[Role, ...] = (Role.CURATOR,)
    """Who allows it."""
    ladder: tuple[Step, ...] = LADDER
    again: timedelta = timedelta(days=1)
    """After the deadline: so often, until there is an answer."""
    quiet: QuietHours = QuietHours()
    quiet_applies: bool = True
    """Whether reminders keep out of the quiet hours."""
    calendar: Calendar = RUSSIA
    """What working time is counted by."""
    name: str = ""
    """The most specific rule of the region file that says something here; empty: only ``[clock]`` does."""
    origins: tuple[tuple[str, str], ...] = ()
    """(key of the region file, name of the rule it came from) for each key that does not come from ``[clock]``."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """What the region file says for a topic, a territory or both; an empty one means any."""

    topic: str = ""
    territory: str = ""
    name: str = ""
    says: Mapping[str, Any] = field(default_factory=dict)
    """Key of the region file → value."""


_FIELDS = {"promise_longest": "longest_promise", "promise_extensions": "extensions", "repeat": "again", "quiet_hours": "quiet_applies"}
"""Keys of the region file that have another name here."""


def with_rules(policy: Policy, rules: Sequence[PolicyRule]) -> Policy:
    """A policy with what some rules say, the most specific one first: of each key the first rule that has it is heard."""
    said = {key: (value, rule.name) for rule in reversed(rules) for key, value in rule.says.items()}
    values = {_FIELDS.get(key, key): value for key, (value, _) in said.items()}
    name = next((rule.name for rule in rules), "")
    return replace(policy, **values, name=name, origins=tuple((key, rule) for key, (_, rule) in said.items()))
