"""What goes wrong on purpose: switches that both local messengers obey, and a record of what failed because of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Fault(StrEnum):
    """How a messenger misbehaves while the switch is on."""

    NONE = "none"
    AWAY = "away"
    """Connections are closed without an answer, nothing is taken."""
    SILENT = "silent"
    """Calls are carried out, but the connection is closed before the answer: «did it arrive?»."""
    ERROR_PAGE = "error_page"
    """An HTML 502 instead of JSON."""
    TOO_FAST = "too_fast"
    """Every message is refused for rate (429 with retry_after 3; VK error 6)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One call that was made to fail."""

    at: datetime
    messenger: str
    account: str
    method: str
    fault: Fault


@dataclass
class Faults:
    """The switches, one for each messenger, and the last 200 failures."""

    current: dict[str, Fault] = field(default_factory=dict)
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=200))
    watchers: list[Callable[[], None]] = field(default_factory=list)

    def of(self, messenger: str) -> Fault:
        """The fault that is on for this messenger."""
        return self.current.get(messenger, Fault.NONE)

    def set(self, messenger: str, fault: Fault) -> None:
        self.current[messenger] = fault
        self._changed()

    def record(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._changed()

    def _changed(self) -> None:
        for changed in self.watchers:
            changed()
