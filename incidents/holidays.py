"""The working calendar of Russia as data: which days off the law names and which the Government moved, year by year.

The holidays of every year are those of article 112 of the Labour Code. When one of them is a Saturday or a Sunday, its day off
moves to the next working day (the same article), and the Government moves others by a decree in September or October of the year
before. A working day right before a holiday is an hour shorter (article 95). What was decreed stands here as it is in force.
A year that is not here is not known: nobody guesses it. To add one, add a line with the number of its decree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

YEARLY = frozenset({*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)})
"""(month, day) of the holidays of article 112: the New Year and Christmas, and six days more."""


@dataclass(frozen=True, slots=True)
class Year:
    """What one year adds to the weekends and the yearly holidays. Days are (month, day)."""

    source: str
    holidays: frozenset[tuple[int, int]]
    """Days off that were moved here."""
    working: frozenset[tuple[int, int]]
    """Saturdays and Sundays whose day off was moved away, so that people work."""
    short: frozenset[tuple[int, int]]
    """An hour shorter: the next day is a holiday of article 112."""


RUSSIA: Mapping[int, Year] = {
    2025: Year(
        source="Постановление Правительства РФ от 04.10.2024 № 1335",
        # 4 January → 2 May, 5 January → 31 December, 23 February → 8 May, 8 March → 13 June, 1 November → 3 November
        holidays=frozenset({(5, 2), (5, 8), (6, 13), (11, 3), (12, 31)}),
        working=frozenset({(11, 1)}),
        short=frozenset({(3, 7), (4, 30), (6, 11), (11, 1)}),
    ),
    2026: Year(
        source="Постановление Правительства РФ от 24.09.2025 № 1466",
        # 3 January → 9 January, 4 January → 31 December; by article 112 itself 8 March → 9 March, 9 May → 11 May
        holidays=frozenset({(1, 9), (3, 9), (5, 11), (12, 31)}),
        working=frozenset(),
        short=frozenset({(4, 30), (5, 8), (6, 11), (11, 3)}),
    ),
}
