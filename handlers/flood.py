"""Somebody writes without end: it is all kept, but neither answered nor told to anybody one by one."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST = 60
"""Messages and presses of one person within ``WITHIN`` that are answered each; a lively person makes ten."""
WITHIN = timedelta(minutes=1)
_PEOPLE = 10_000
"""As many people are remembered at most, those who came last: a flood of people is no flood of one."""


class Rates:
    """How often somebody came lately. Only of this process, and only to spare others: nothing is lost when it is forgotten."""

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def too_many(self, account: str, user_id: str, now: datetime) -> bool:
        """Count one more. Returns whether it is more than anybody has to say."""
        times = self._times.setdefault((account, user_id), deque(maxlen=MOST))
        self._times.move_to_end((account, user_id))
        if len(self._times) > _PEOPLE:
            self._times.popitem(last=False)
        is_flood = len(times) == MOST and now - times[0] < WITHIN
        times.append(now)
        return is_flood
