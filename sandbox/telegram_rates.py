"""How fast bots may write to the local Telegram, as its FAQ says; off unless asked for."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from datetime import datetime

from sandbox.telegram_state import ApiError

PER_SECOND = 30
PER_CHAT, PER_CHAT_SECONDS = 4, 4
"""About one message a second in one chat; short bursts are let through."""
PER_GROUP_MINUTE = 20


class Rates:
    """Counts what was accepted, refuses what is too fast, and counts the calls that came before the time they were told."""

    def __init__(self) -> None:
        self.enforced = False
        self.early = 0
        """Calls that came although the bot had been told to wait."""
        self._taken: dict[tuple[int, str], deque[float]] = defaultdict(deque)
        self._until: dict[tuple[int, str], float] = {}

    def take(self, bot: int, chat: str, at: datetime) -> None:
        """Count one message. Raises ApiError 429."""
        if not self.enforced:
            return
        now = at.timestamp()
        rules = [("", PER_SECOND, 1), (chat, PER_CHAT, PER_CHAT_SECONDS)]
        if chat.startswith("-"):
            rules[1] = (chat, PER_GROUP_MINUTE, 60)
        for where, _, _ in rules:
            if now < self._until.get((bot, where), 0):
                self.early += 1
        for where, most, seconds in rules:
            taken = self._taken[bot, where]
            while taken and taken[0] <= now - seconds:
                taken.popleft()
            if len(taken) >= most:
                after = max(1, math.ceil(taken[0] + seconds - now))
                self._until[bot, where] = now + after
                raise too_fast(after)
        for where, _, _ in rules:
            self._taken[bot, where].append(now)


def too_fast(after: int) -> ApiError:
    """The refusal of a call that came too soon."""
    return ApiError(429, f"Too Many Requests: retry after {after}", {"retry_after": after})
