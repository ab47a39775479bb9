"""Named points at which a test ends this very process; while none is armed a point costs one comparison."""

from __future__ import annotations

from collections.abc import Callable

_armed: Callable[[str], None] | None = None


def crash_point(place: str, moment: str) -> None:
    """A place where the process may end at any time, ``place.moment``: the suite walks all of them (``tests/promises``)."""
    if _armed is not None:
        _armed(f"{place}.{moment}")


def arm(reached: Callable[[str], None] | None) -> None:
    """Have ``reached`` called with the name of every point that is passed; None: nothing more. Only tests do."""
    global _armed  # noqa: PLW0603  # one process, one switch: a point must cost nothing when it is off
    _armed = reached
