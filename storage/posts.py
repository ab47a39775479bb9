"""What a row of the outbox says: a message as it is queued, and as delivery finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bots.channel import Address, Button, Keyboard, OpenThread, Outgoing, RenameThread, Reply
from storage.timeline import files_from_json, files_to_json


class Purpose(StrEnum):
    """What a message is for; it decides what an uncertain delivery means (``bots.delivery``)."""

    ANSWER = "answer"
    """An official's words to a citizen: never repeated by itself where a repeat would be seen."""
    RECEIPT = "receipt"
    CARD = "card"
    REMINDER = "reminder"
    NOTICE = "notice"
    """Everything else the bot says."""


QUEUED, SENDING, SENT, FAILED, UNCERTAIN, DROPPED = "queued", "sending", "sent", "failed", "uncertain", "dropped"
WAITING = (QUEUED, SENDING)
UNSETTLED = (*WAITING, FAILED, UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message to be queued: what, where to, what for."""

    to: Address
    out: Outgoing
    purpose: Purpose = Purpose.NOTICE
    incident: int = 0
    topic_of: int = 0
    """Put it into the forum topic of this incident, whatever that will be."""
    answer_to_row: int = 0
    """Attach it to the message of that row."""
    instead_of_row: int = 0
    """Replace the text and buttons of the message of that row."""
    draft: int = 0
    """The draft this is the sending of: its author is told how it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A queued message as delivery finds it, every id filled in that is known."""

    id: int
    to: Address
    out: Outgoing
    purpose: Purpose
    incident: int
    topic_of: int
    instead_of_row: int
    draft: int
    attempts: int
    needs_thread: bool
    """It belongs into a topic that is not there (any more)."""
    target_missing: bool
    """It changes a message that was never sent."""
    doubted: bool
    """A call of it may have arrived."""
    created_at: datetime
    tried_at: datetime
    """When its call began, the first one that may have arrived."""
    target_at: datetime | None = None
    """When the message it changes was sent; None when that is not known."""
    before_row: int = 0
    """The row it was put before, for which it goes first; 0: it goes by its own id."""
    in_turn: bool = True
    """Whether its chat's turn had come when it was taken; what cannot wait goes before (``Outbox.claim``)."""

    @property
    def key(self) -> int:
        """The permanent key of the platform call, 1 … 2³¹−1."""
        return self.id % 0x7FFFFFFF or 1


_NOTHING: Mapping[str, Any] = {
    "keyboard": [],
    "files": [],
    "answer_to": "",
    "whisper_to": "",
    "ask_place": False,
    "closed": False,
    "error": "",
}
"""What a message has not, unless its kind says otherwise."""


def values_of(out: Outgoing) -> dict[str, Any]:
    """The columns of a row that say this; every kind names the same ones."""
    if isinstance(out, OpenThread):
        return {**_NOTHING, "kind": "open_thread", "text": out.title}
    if isinstance(out, RenameThread):
        return {**_NOTHING, "kind": "rename_thread", "text": out.title, "closed": out.closed}
    return {
        **_NOTHING,
        "kind": "reply",
        "text": out.text,
        "keyboard": [[{"label": one.label, "payload": one.payload, "url": one.url} for one in row] for row in out.keyboard],
        "files": files_to_json(out.files),
        "answer_to": out.answer_to,
        "whisper_to": out.whisper_to,
        "ask_place": out.ask_place,
    }


def row_from(row: Mapping[Any, Any]) -> Row:
    """The row from its columns, and ``topic``, ``target`` and ``answered``: the ids of what it belongs into, changes and answers;

    ``target_at``: when what it changes was sent.
    """
    topic = row["topic"] or ""
    out: Outgoing
    if row["kind"] == "open_thread":
        out = OpenThread(row["text"])
    elif row["kind"] == "rename_thread":
        out = RenameThread(row["text"], row["closed"])
    else:
        out = Reply(
            text=row["text"],
            keyboard=_keyboard(row["keyboard"]),
            files=files_from_json(row["files"]),
            answer_to=row["answer_to"] or row["answered"] or "",
            instead_of=row["target"] or "",
            whisper_to=row["whisper_to"],
            ask_place=row["ask_place"],
        )
    return Row(
        id=row["id"],
        to=Address(row["account"], row["chat"], topic or row["thread"]),
        out=out,
        purpose=Purpose(row["purpose"]),
        incident=row["incident_id"],
        topic_of=row["topic_of"],
        instead_of_row=row["instead_of_row"],
        draft=row["draft_id"],
        attempts=row["attempts"],
        needs_thread=bool(row["topic_of"]) and not topic and row["kind"] != "open_thread",
        target_missing=bool(row["instead_of_row"]) and not row["target"],
        doubted=row["doubted"],
        created_at=row["created_at"],
        tried_at=row["tried_at"] or row["created_at"],
        target_at=row["target_at"],
        before_row=row["before_row"] or 0,
    )


def _keyboard(raw: Sequence[Sequence[Mapping[str, Any]]]) -> Keyboard:
    return tuple(tuple(Button(**button) for button in row) for row in raw)
