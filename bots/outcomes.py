"""What each outcome of a platform call means, by what the call was for: the one table of that, also in docs/delivery.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bots.channel import OpenThread, Outgoing, RenameThread


class Kind(StrEnum):
    """What a call is for, as far as its outcome is concerned."""

    ANSWER = "answer"
    """An official's words to a citizen: an answer, an interim answer, a question."""
    RECEIPT = "receipt"
    CARD = "card"
    REMINDER = "reminder"
    NOTICE = "notice"
    EDIT = "edit"
    """A message that stands there already is changed, whatever it is for."""
    TOPIC = "topic"
    """A forum topic is made."""
    TITLE = "title"
    """A forum topic is renamed."""
    WHISPER = "whisper"


class Came(StrEnum):
    """What came of a call."""

    SENT = "sent"
    """The platform took it and said which message it is."""
    LATER = "later"
    """It did not arrive, and the platform (or nobody at all) says: not now."""
    REFUSED = "refused"
    """It did not arrive: the platform finds the call itself wrong."""
    UNREACHABLE = "unreachable"
    """It did not arrive: the person or the chat is gone, or does not want us."""
    UNKNOWN = "unknown"
    """The connection broke after the call was written, or the answer says nothing."""
    INTERRUPTED = "interrupted"
    """The program ended while the call was under way."""


class Then(StrEnum):
    """What becomes of its row."""

    DONE = "done"
    """It is sent. The author of an answer is told."""
    AGAIN = "again"
    """The same row goes again, as often as it takes; given up after a day and a half (``bots.delivery.GIVE_UP``)."""
    ONCE = "once more"
    """The same row goes once more. If nobody knows of that call either, it is uncertain, and listed."""
    ASK = "ask"
    """It is uncertain and never goes again by itself: its author is asked [Дошло] [Отправить ещё раз]."""
    FAIL = "fail"
    """It failed, and is listed. The author of an answer is told."""
    PLAIN = "plain"
    """There are no topics here: what belongs into one goes into the chat, as replies to the card."""
    DROP = "drop"
    """It is of no use any more."""


_MESSAGE: dict[Came, Then] = {
    Came.SENT: Then.DONE,
    Came.LATER: Then.AGAIN,
    Came.REFUSED: Then.FAIL,
    Came.UNREACHABLE: Then.FAIL,
    Came.UNKNOWN: Then.ONCE,  # a message too many is better than one too few
    Came.INTERRUPTED: Then.ONCE,
}
_REPEATABLE = _MESSAGE | {Came.UNKNOWN: Then.AGAIN, Came.INTERRUPTED: Then.AGAIN}

OUTCOMES: Mapping[Kind, Mapping[Came, Then]] = {
    Kind.ANSWER: _MESSAGE | {Came.UNKNOWN: Then.ASK, Came.INTERRUPTED: Then.ASK},  # the same answer twice makes a fool of its author
    Kind.RECEIPT: _MESSAGE,
    Kind.CARD: _MESSAGE,
    Kind.REMINDER: _MESSAGE,
    Kind.NOTICE: _MESSAGE,
    Kind.EDIT: _REPEATABLE,  # made twice it is the same edit
    Kind.TOPIC: _REPEATABLE | {Came.REFUSED: Then.PLAIN, Came.UNREACHABLE: Then.PLAIN},  # a topic too many is better than a card lost
    Kind.TITLE: _REPEATABLE,
    # it answers a press, at once or never
    Kind.WHISPER: dict.fromkeys(Came, Then.DROP) | {Came.SENT: Then.DONE, Came.LATER: Then.AGAIN},
}
"""What each outcome means for each kind. Where a platform drops a repeat with the same key, ``then`` repeats instead of asking."""


def kind_of(out: Outgoing, purpose: str, *, changes: bool) -> Kind:
    """The line of the table: ``purpose`` of the row; ``changes``: it replaces what an earlier message says."""
    if isinstance(out, OpenThread):
        return Kind.TOPIC
    if isinstance(out, RenameThread):
        return Kind.TITLE
    if out.whisper_to:
        return Kind.WHISPER
    return Kind.EDIT if changes else Kind(purpose)


def then(kind: Kind, came: Came, *, doubted: bool = False, drops_repeats: bool = False) -> Then:
    """What to do. ``doubted``: an earlier call of the row may have arrived too; ``drops_repeats``: the platform still knows its key."""
    found = OUTCOMES[kind][came]
    if found in (Then.ASK, Then.ONCE) and drops_repeats:
        return Then.AGAIN
    return Then.ASK if found is Then.ONCE and doubted else found
