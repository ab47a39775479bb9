"""What must not stand still, how long it may, and when administrators hear of it. Decisions only; ``bots.watch`` looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from handlers import alarms
from handlers.turn import Moment
from storage.marks import Mark, Marks


class Stuck(StrEnum):
    """A condition in which something stands still or waits for a person. The value is the word in /readyz and /metrics."""

    REFUSED = "refused"
    """The platform does not take an account's token."""
    DEAF = "deaf"
    """The platform answers an account's polls no more."""
    UNATTENDED = "unattended"
    """No process serves an account."""
    STOPPED = "stopped"
    """A part of the program ended, which none should."""
    CLOCK = "clock"
    """The deadlines are not looked at."""
    LOOP = "loop"
    """The event loop is blocked: nothing at all happens."""
    DATABASE = "database"
    INBOX = "inbox"
    """Updates are stored and not handled."""
    OUTBOX = "outbox"
    """Messages of an account do not go out."""
    DEAD_LETTERS = "dead-letters"
    """Updates that could not be handled wait for a person."""
    ANSWERS = "answers"
    """Answers did not arrive, or may not have, and nobody decided what to do."""
    BACKUP = "backup"
    DISK = "disk"
    SUGGESTIONS = "suggestions"
    """The installed model for suggestions cannot be used; keywords decide alone."""
    CALENDAR = "calendar"
    """Working time is counted by a calendar that does not know this year, or from October on the next one."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How one condition is watched."""

    after: timedelta
    """So long it may last before somebody hears of it."""
    again: timedelta
    """Said again so long after it was said last, while it lasts."""
    stands: bool
    """The house itself does not do its work: /readyz says 503. Else a person should look, and /readyz only names it."""
    named: bool = True
    """Whether /readyz names it at all; what is only to be remembered it does not."""


_NOW, _HOURS, _DAY = timedelta(0), timedelta(hours=6), timedelta(days=1)
_WEEK = timedelta(days=7)

WATCHES: Mapping[Stuck, Watch] = {
    Stuck.REFUSED: Watch(_NOW, _HOURS, stands=True),
    Stuck.DEAF: Watch(timedelta(seconds=75), _HOURS, stands=True),
    Stuck.UNATTENDED: Watch(timedelta(seconds=60), _HOURS, stands=True),
    Stuck.STOPPED: Watch(_NOW, _HOURS, stands=True),
    Stuck.CLOCK: Watch(timedelta(seconds=30), _HOURS, stands=True),
    Stuck.LOOP: Watch(timedelta(seconds=30), _HOURS, stands=True),
    Stuck.DATABASE: Watch(timedelta(seconds=30), _HOURS, stands=True),
    Stuck.INBOX: Watch(timedelta(minutes=1), _HOURS, stands=True),
    Stuck.OUTBOX: Watch(timedelta(minutes=10), _HOURS, stands=True),
    Stuck.DEAD_LETTERS: Watch(_NOW, _DAY, stands=False),
    Stuck.ANSWERS: Watch(timedelta(hours=1), _DAY, stands=False),
    Stuck.BACKUP: Watch(timedelta(hours=26), _DAY, stands=False),  # a setting says otherwise: Fact.after
    Stuck.DISK: Watch(_NOW, _HOURS, stands=False),
    Stuck.SUGGESTIONS: Watch(_NOW, _DAY, stands=False),
    Stuck.CALENDAR: Watch(_NOW, _WEEK, stands=False, named=False),
}
"""The whole watchdog. A text «alarm-…» and one «alarm-…-over» belong to each line (locales)."""

CALM = timedelta(minutes=10)
"""Only what was well for so long is over: what comes and goes is one trouble, not many."""
GAP = timedelta(seconds=30)
"""Between two messages of ours: what begins together is told together."""
_PREFIX = "watch "


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What was found about one condition at one look."""

    condition: Stuck
    subject: str = ""
    """An account or a part of the program; empty where there is only one."""
    since: datetime | None
    """Since when it is so; None: all is well."""
    count: int = 0
    after: timedelta | None = None
    """Instead of what the table says."""
    early: bool = False
    """/readyz names it before its time: it never was well yet."""

    @property
    def key(self) -> str:
        return f"{self.condition} {self.subject}".strip()

    def stuck(self, now: datetime) -> bool:
        """Whether it has lasted too long."""
        after = WATCHES[self.condition].after if self.after is None else self.after
        return self.since is not None and now - self.since >= after


@dataclass(frozen=True, slots=True)
class Episode:
    """A trouble that somebody heard of, or should have."""

    since: datetime
    told: datetime | None = None
    fine: datetime | None = None
    """Since when it is well again."""


class Tells(StrEnum):
    """What is said of a trouble."""

    BEGINS = "begins"
    LASTS = "lasts"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Word:
    """One line of a message to the administrators."""

    tells: Tells
    condition: Stuck
    subject: str
    lasted: timedelta
    count: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What to say now, and what to remember."""

    words: tuple[Word, ...] = ()
    episodes: Mapping[str, Episode] = field(default_factory=dict)


def lines(facts: Sequence[Fact], now: datetime) -> tuple[bool, list[str]]:
    """What /readyz says: whether the house does its work, and everything that is wrong."""
    wrong = [fact for fact in facts if fact.since is not None and (fact.early or fact.stuck(now)) and WATCHES[fact.condition].named]
    return not any(WATCHES[fact.condition].stands for fact in wrong), [fact.key for fact in wrong]


def decide(facts: Sequence[Fact], episodes: Mapping[str, Episode], now: datetime, *, heard: bool = True) -> Decision:
    """What is to be told, by what is so and what was told. ``heard``: there is somebody who can be told.

    Once when it begins, again while it lasts, once when it is over. What nobody could be told of is told when it is over.
    """
    last = max((episode.told for episode in episodes.values() if episode.told), default=None)
    hush = not heard or (last is not None and now - last < GAP)
    words: list[Word] = []
    after = dict(episodes)
    for fact in facts:
        known = episodes.get(fact.key)
        word, episode = _one(fact, known, now)
        if word and hush:
            after[fact.key] = known or Episode(fact.since or now)
        elif episode:
            after[fact.key] = episode
        else:
            after.pop(fact.key, None)
        if word and not hush:
            words.append(word)
    return Decision(tuple(words), after)


def _one(fact: Fact, known: Episode | None, now: datetime) -> tuple[Word | None, Episode | None]:
    since = known.since if known else fact.since or now
    if fact.stuck(now):
        if known is None or known.told is None:
            return _word(Tells.BEGINS, fact, now - since), Episode(since, told=now)
        if now - known.told >= WATCHES[fact.condition].again:
            return _word(Tells.LASTS, fact, now - since), Episode(since, told=now)
        return None, replace(known, fine=None)
    if known is None:
        return None, None
    fine = known.fine or now
    if known.told is None or now - fine >= CALM:
        return _word(Tells.OVER, fact, fine - since), None
    return None, replace(known, fine=fine)


def _word(tells: Tells, fact: Fact, lasted: timedelta) -> Word:
    return Word(tells, fact.condition, fact.subject, lasted, fact.count)


# --- telling -----------------------------------------------------------------------------------------------------------


async def tell(moment: Moment, facts: Sequence[Fact], broken: Mapping[str, bool]) -> Sequence[Word]:
    """Tell the administrators what has to be told, one message to each. Returns what was said.

    ``broken``: accounts by which a message would not, or (True) could not go out now.
    """
    marks = Marks(moment.tx.connection)
    await marks.only_one("watch", moment.now)  # of several processes one tells
    episodes = {key: _episode(mark) for key, mark in (await marks.all(_PREFIX)).items()}
    chats = await alarms.chats(moment, broken)
    decision = decide(facts, episodes, moment.now, heard=bool(chats))
    if decision.words:
        said = [(word.tells.value, word.condition.value, word.subject, word.lasted, word.count) for word in decision.words]
        await alarms.tell(moment, chats, said)
    await marks.forget([_PREFIX + key for key in episodes.keys() - decision.episodes.keys()])
    for key, episode in decision.episodes.items():
        if episode != episodes.get(key):
            await marks.put(_PREFIX + key, episode.since, _value(episode))
    return decision.words


async def remember(marks: Marks, key: str, episode: Episode) -> None:
    """A trouble that was told of by another way than ``tell``, or could not be told while it lasted."""
    await marks.put(_PREFIX + key, episode.since, _value(episode))


def _episode(mark: Mark) -> Episode:
    times = {name: datetime.fromisoformat(value) for name, value in json.loads(mark.value).items() if value}
    return Episode(mark.at, **times)


def _value(episode: Episode) -> str:
    return json.dumps({name: at.isoformat() for name, at in (("told", episode.told), ("fine", episode.fine)) if at})
