"""How fast an account may speak: when the next message of a chat may go, by the platform's limits. Pure but for what it remembers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bots.channel import Limits

MARGIN = 0.001
"""Seconds added to every slot, so that a platform whose clock is a little behind does not see one call too many."""


@dataclass
class Pace:
    """The calls of one account. Times are seconds of any clock that only goes forward."""

    limits: Limits
    _slots: list[float] = field(default_factory=list)
    """When each slot of the account is free again: one second after the answer to the call that took it."""
    _chats: dict[str, float] = field(default_factory=dict)
    _groups: dict[str, deque[float]] = field(default_factory=dict)
    _paused_until: float = 0.0

    def free_slots(self, at: float) -> int:
        """How many calls the account may begin up to that instant."""
        if at < self._paused_until:
            return 0
        return max(self.limits.per_second - sum(free > at for free in self._slots), 0)

    def take(self, now: float, chat: str = "", *, horizon: float = 0.0) -> float:
        """Take the slot that is free first for a call to a chat, until ``finished`` or ``given_back``. Returns when the call may begin.

        ``horizon``: when it was thought to be free; a pause that was asked for since then is not waited for (``held`` tells of it).
        """
        self._forget(now)
        self._slots.sort()
        begins = now
        if len(self._slots) >= self.limits.per_second and self._slots[0] < float("inf"):
            begins = self._slots.pop(0)
        self._slots.append(float("inf"))
        pause = self._paused_until if self._paused_until <= horizon else now
        return max(begins, pause, self.busy_chats(now).get(chat, now))

    def given_back(self) -> None:
        """A call that had a slot was not made."""
        self._slots.remove(float("inf"))

    def finished(self, now: float, chat: str, *, group: bool, counts: bool) -> None:
        """A call was answered (or broke off). ``counts``: it was a message, which the chat's own limits count."""
        self._slots.remove(float("inf"))
        self._slots.append(now + 1 + MARGIN)
        if not counts:
            return
        self.hold(chat, now + self.limits.per_chat + MARGIN)
        if group and self.limits.per_group_minute:
            self._groups.setdefault(chat, deque()).append(now)

    def busy_chats(self, at: float) -> dict[str, float]:
        """Chats that may not be written to before or at that instant, and when they may."""
        busy = {chat: free for chat, free in self._chats.items() if free > at}
        for chat, times in self._groups.items():
            lately = [time for time in times if time + 60 + MARGIN > at]
            if len(lately) >= self.limits.per_group_minute:
                busy[chat] = max(busy.get(chat, 0.0), lately[-self.limits.per_group_minute] + 60 + MARGIN)
        return busy

    def _forget(self, now: float) -> None:
        """What no limit counts any more."""
        self._slots = [free for free in self._slots if free > now]
        self._chats = {chat: free for chat, free in self._chats.items() if free > now}
        for chat, times in list(self._groups.items()):
            while times and times[0] + 60 + MARGIN <= now:
                times.popleft()
            if not times:
                del self._groups[chat]

    def pause(self, until: float) -> None:
        """The platform asked the whole account to wait."""
        self._paused_until = max(self._paused_until, until)

    def hold(self, chat: str, until: float) -> None:
        """The platform asked one chat to wait."""
        self._chats[chat] = max(self._chats.get(chat, 0.0), until)

    def held(self, now: float, chat: str) -> float:
        """Seconds for which the platform asked the account, or this chat, to wait; 0: not at all."""
        return max(self._paused_until - now, self._chats.get(chat, 0.0) - now, 0.0)

    def next_free(self, now: float) -> float:
        """When something may go that may not go now; infinity when nothing holds it."""
        times = [self._paused_until, *self._slots, *self.busy_chats(now).values()]
        return min((time for time in times if now < time < float("inf")), default=float("inf"))
