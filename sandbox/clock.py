"""The sandbox's time: it runs like the real one and can be moved forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """A clock that is callable like any other and can jump ahead; whoever watches it is told after a jump."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset
        self._watchers: list[Callable[[], None]] = []

    def __call__(self) -> datetime:
        """The sandbox's present instant, aware UTC."""
        return datetime.now(UTC) + self.offset

    def watch(self, jumped: Callable[[], None]) -> None:
        """Call ``jumped`` after every jump."""
        self._watchers.append(jumped)

    def move(self, by: timedelta) -> None:
        """Jump ahead. Raises ValueError for a jump back: what was said would stand in the future."""
        if by < timedelta():
            raise ValueError("the sandbox's clock moves forward only")
        self.offset += by
        for jumped in self._watchers:
            jumped()

    def move_to(self, instant: datetime) -> None:
        """Jump to an instant; nothing happens when it has passed."""
        self.move(max(instant - self(), timedelta()))
