"""What each outcome of a platform call means, by what the call was for: the one table of that, also in docs/delivery.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bots.channel import OpenThread, Outgoing, RenameThread, Reply


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
    TOO_OLD = "too old"
    """It did not arrive: what it was to change can be changed no more."""
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
    ANEW = "anew"
    """What it was to say is posted as a message of its own, unless nobody misses it."""
    DROP = "drop"
    """It is of no use any more."""


_MESSAGE: dict[Came, Then] = {
    Came.SENT: Then.DONE,
    Came.LATER: Then.AGAIN,
    Came.REFUSED: Then.FAIL,
    Came.TOO_OLD: Then.FAIL,
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
    Kind.EDIT: _REPEATABLE | {Came.TOO_OLD: Then.ANEW},  # made twice it is the same edit
    # a topic too many is better than a card lost
    Kind.TOPIC: _REPEATABLE | dict.fromkeys((Came.REFUSED, Came.TOO_OLD, Came.UNREACHABLE), Then.PLAIN),
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


def is_missed(change: Reply, purpose: str, stands: Outgoing | None) -> bool:
    """Whether somebody lacks a change that cannot be made. ``stands``: the message as they see it, None when that is not known.

    Receipts and reminders are brought up to date in silence; what they would say is said, or was answered to whoever pressed. Nor is it
    missed that buttons are gone, with a line below that says why: a press on one of them is answered as things are now.
    """
    if purpose in (Kind.RECEIPT, Kind.REMINDER):
        return False
    stood = stands.text if isinstance(stands, Reply) else ""
    return bool(change.keyboard) or not stood or not change.text.startswith(stood)


def then(kind: Kind, came: Came, *, doubted: bool = False, drops_repeats: bool = False, missed: bool = True) -> Then:
    """What to do. ``doubted``: an earlier call of the row may have arrived too; ``drops_repeats``: the platform still knows its key;

    ``missed``: somebody lacks what was to be said (``is_missed``).
    """
    found = OUTCOMES[kind][came]
    if found is Then.ANEW and not missed:
        return Then.DROP
    if found in (Then.ASK, Then.ONCE) and drops_repeats:
        return Then.AGAIN
    return Then.ASK if found is Then.ONCE and doubted else found
