"""Reads Telegram's updates: raw JSON of the Bot API in, our events out. Pure.

By hand, not with aiogram's types: an update of tomorrow with one field we never look at must not become unreadable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bots.channel import (
    Address,
    Blocked,
    ChatMoved,
    Edited,
    Event,
    File,
    FileKind,
    Joined,
    Left,
    Location,
    Malformed,
    Pressed,
    Said,
    Scene,
    Sender,
    Unblocked,
    Update,
)
from bots.plain import plain
from bots.telegram.kinds import IMPERSONAL, LEFT_OUT, SERVICE, UNINTERESTING, WANTED

RECEIVED = "received_at"
"""Our own key in a stored update: when it came (Unix time), since Telegram does not tell when a button was pressed."""

_FILES = {
    "animation": FileKind.DOCUMENT,  # comes with a ``document`` too, which it replaces
    "audio": FileKind.AUDIO,
    "document": FileKind.DOCUMENT,
    "sticker": FileKind.STICKER,
    "video": FileKind.VIDEO,
    "video_note": FileKind.ROUND,
    "voice": FileKind.VOICE,
}


class _Part:
    """A JSON object and where in the update it stands. What is asked of it is there in the right shape, or Malformed says what is not."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Malformed(f"{where}: not an object")
        self._value, self._where = value, where

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    def part(self, key: str) -> _Part:
        return _Part(self._value.get(key), f"{self._where}.{key}")

    def parts(self, key: str) -> list[_Part]:
        value = self._value.get(key)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Malformed(f"{self._where}.{key}: not a list")
        return [_Part(item, f"{self._where}.{key}[{place}]") for place, item in enumerate(value)]

    def number(self, key: str) -> int:
        value = self._value.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
            raise Malformed(f"{self._where}.{key}: not a number")
        return value

    def degrees(self, key: str, most: int) -> float:
        value = self._value.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not -most <= value <= most:
            raise Malformed(f"{self._where}.{key}: not degrees")
        return float(value)

    def time(self, key: str) -> datetime:
        value = self.number(key)
        if not 0 <= value < 2**34:
            raise Malformed(f"{self._where}.{key}: not a time")
        return datetime.fromtimestamp(value, UTC)

    def words(self, key: str) -> str:
        """A text, without what could harm; empty when it is not there."""
        value = self._value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Malformed(f"{self._where}.{key}: not a text")
        return plain(value)

    def is_true(self, key: str) -> bool:
        return self._value.get(key) is True

    def keys(self) -> str:
        """Names of what is in it, for an error; odd names are not repeated."""
        return ", ".join(sorted(key for key in self._value if isinstance(key, str) and key.isidentifier() and len(key) < 40)[:12])


def update(raw: object, received: datetime) -> Update:
    """The update as it is stored before anybody looks into it; never fails, whatever Telegram sent."""
    body: dict[str, Any] = {**raw} if isinstance(raw, Mapping) else {"not_an_update": raw}
    number = update_id(body)
    key = str(number) if number is not None else "odd-" + hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:32]
    chat: object = None
    album: object = None
    for kind in WANTED:
        if isinstance(content := body.get(kind), Mapping):
            message = content.get("message") if kind == "callback_query" else content
            if isinstance(message, Mapping) and isinstance(message.get("chat"), Mapping):
                chat, album = message["chat"].get("id"), message.get("media_group_id")
            break
    return Update(
        key=key,
        raw=body | {RECEIVED: int(received.timestamp())},
        lane=str(chat) if isinstance(chat, int) else "",
        album=plain(album) if isinstance(album, str) and kind == "message" else "",
    )


def update_id(raw: object) -> int | None:
    """The number Telegram counts its updates by, if this one has a sound one."""
    number = raw.get("update_id") if isinstance(raw, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**53 else None


def events(raw: Mapping[str, Any], account: str, us: str) -> Sequence[Event]:
    """What an update says to the account whose bot has the id ``us``; empty when it is of no interest. Raises Malformed."""
    whole = _Part(raw, "update")
    number = update_id(raw)
    if number is None:
        raise Malformed("update.update_id: not a number")
    readers: dict[str, Callable[[_Reading], Sequence[Event]]] = {
        "message": _message,
        "edited_message": _edited,
        "callback_query": _pressed,
        "my_chat_member": _us,
        "chat_member": _member,
    }
    for kind, read in readers.items():
        if kind in whole:
            return read(_Reading(whole.part(kind), account, us, str(number), whole))
    if any(kind in whole for kind in UNINTERESTING):
        return ()
    raise Malformed(f"update: of no kind we know ({whole.keys()})")


class _Reading:
    """One update while it is read: its content and what every event of it has in common."""

    def __init__(self, content: _Part, account: str, us: str, number: str, whole: _Part) -> None:
        self.content, self.account, self.us, self.number, self.whole = content, account, us, number, whole

    def header(self, message: _Part, at: datetime, sender: Sender, place: int = 0) -> dict[str, Any]:
        """What every event has; ``place`` tells apart several events of one update."""
        chat = message.part("chat")
        topic = message.is_true("is_topic_message") and "message_thread_id" in message
        return {
            "id": f"{self.number}.{place}" if place else self.number,
            "at": at,
            "address": Address(self.account, str(chat.number("id")), str(message.number("message_thread_id")) if topic else ""),
            "sender": sender,
            "scene": _scene(message),
        }


def _scene(message: _Part) -> Scene:
    if message.part("chat").words("type") == "private":
        return Scene.PRIVATE
    if "reply_to_message" in message and message.part("reply_to_message").is_true("is_automatic_forward"):
        return Scene.COMMENT
    return Scene.GROUP


def _message(reading: _Reading) -> Sequence[Event]:
    message = reading.content
    at = message.time("date")
    if "migrate_to_chat_id" in message:
        return (ChatMoved(**reading.header(message, at, _author(message)), to=str(message.number("migrate_to_chat_id"))),)
    if "new_chat_members" in message:
        come = [_user(user) for user in message.parts("new_chat_members")]
        return [
            Joined(**reading.header(message, at, _author(message), place), member=member, is_us=False, **_group(message))
            for place, member in enumerate(come)
            if member.id != reading.us  # my_chat_member tells that, with our rights
        ]
    if "left_chat_member" in message:
        gone = _user(message.part("left_chat_member"))
        return () if gone.id == reading.us else (Left(**reading.header(message, at, _author(message)), member=gone, is_us=False),)
    text, files, location = _text(message), _files(message, reading.account), _location(message)
    left_out = tuple(kind for kind in LEFT_OUT if kind in message and not (kind == "live_photo" and files))
    if not (text or files or location or left_out):
        if any(kind in message for kind in SERVICE) or "text" in message or "caption" in message:
            return ()
        raise Malformed(f"message: of no kind we know ({message.keys()})")
    header = reading.header(message, at, _author(message))
    return (
        Said(
            **header,
            message=str(message.number("message_id")),
            text=text,
            files=files,
            location=location,
            answer_to=_answer_to(message),
            answers_us=_answers(message, reading.us),
            forwarded="forward_origin" in message or "forward_date" in message,
            album=message.words("media_group_id"),
            start=_start(text) if header["scene"] is Scene.PRIVATE else "",
            forum=message.part("chat").is_true("is_forum") or (bool(header["address"].thread) and header["scene"] is Scene.GROUP),
            left_out=left_out,
        ),
    )


def _edited(reading: _Reading) -> Sequence[Event]:
    message = reading.content
    text, files = _text(message), _files(message, reading.account)
    if not (text or files):
        return ()  # a live location moves this way
    header = reading.header(message, message.time("edit_date" if "edit_date" in message else "date"), _author(message))
    return (Edited(**header, message=str(message.number("message_id")), said_at=message.time("date"), text=text, files=files),)


def _pressed(reading: _Reading) -> Sequence[Event]:
    query = reading.content
    if "inline_message_id" in query:
        return ()  # below a message sent through another bot's inline mode; never one of ours
    person = query.part("from")
    # Telegram need not say which message it was; that the press is answered matters more.
    message = (
        query.part("message")
        if "message" in query
        else _Part({"date": 0, "chat": {"id": person.number("id"), "type": "private"}}, "update.message")
    )
    at = reading.whole.time(RECEIVED) if RECEIVED in reading.whole else message.time("date")
    return (
        Pressed(
            **reading.header(message, at, _user(person)),
            message=str(message.number("message_id")) if "message_id" in message else "",
            payload=query.words("data"),
            press=query.words("id"),
        ),
    )


def _us(reading: _Reading) -> Sequence[Event]:
    """Our own membership: blocked and unblocked in private, added, given rights or removed in a group."""
    change = reading.content
    header = reading.header(change, change.time("date"), _user(change.part("from")))
    kind = change.part("chat").words("type")
    status = change.part("new_chat_member")
    inside = _inside(status)
    if kind == "private":
        return (Unblocked(**header) if inside else Blocked(**header),)
    if kind == "channel":
        return ()
    member = _user(status.part("user"))
    if not inside:
        return (Left(**header, member=member, is_us=True),)
    return (Joined(**header, member=member, is_us=True, **_group(change), manages_topics=status.is_true("can_manage_topics")),)


def _member(reading: _Reading) -> Sequence[Event]:
    change = reading.content
    header = reading.header(change, change.time("date"), _user(change.part("from")))
    was, now = _inside(change.part("old_chat_member")), _inside(change.part("new_chat_member"))
    member = _user(change.part("new_chat_member").part("user"))
    if was == now or member.id == reading.us or change.part("chat").words("type") == "channel":
        return ()
    if now:
        return (Joined(**header, member=member, is_us=False, **_group(change)),)
    return (Left(**header, member=member, is_us=False),)


def _inside(member: _Part) -> bool:
    status = member.words("status")
    return status in ("creator", "administrator", "member") or (status == "restricted" and member.is_true("is_member"))


def _group(message: _Part) -> dict[str, Any]:
    chat = message.part("chat")
    return {"title": chat.words("title"), "forum": chat.is_true("is_forum")}


def _author(message: _Part) -> Sender:
    if "sender_chat" in message:
        chat = message.part("sender_chat")
        return Sender(str(chat.number("id")), chat.words("title"), impersonal=True)
    if "from" not in message:
        return Sender(str(message.part("chat").number("id")), message.part("chat").words("title"), impersonal=True)
    return _user(message.part("from"))


def _user(user: _Part) -> Sender:
    number = str(user.number("id"))
    name = f"{user.words('first_name')} {user.words('last_name')}".strip()
    return Sender(number, name, user.words("language_code"), impersonal=user.is_true("is_bot") or number in IMPERSONAL)


def _text(message: _Part) -> str:
    if "venue" in message:
        venue = message.part("venue")
        return ", ".join(filter(None, (venue.words("title"), venue.words("address"))))
    return message.words("text") or message.words("caption")


def _start(text: str) -> str:
    command, _, carried = text.partition(" ")
    return carried.strip() if command.partition("@")[0] == "/start" else ""


def _location(message: _Part) -> Location | None:
    if "location" not in message:
        return None
    point = message.part("location")
    return Location(point.degrees("latitude", 90), point.degrees("longitude", 180))


def _answer_to(message: _Part) -> str:
    """The message this one replies to. In a topic every message «replies» to the line that opened the topic: that is no reply."""
    if "reply_to_message" not in message:
        return ""
    replied = message.part("reply_to_message")
    number = replied.number("message_id")
    root = message.is_true("is_topic_message") and "message_thread_id" in message and number == message.number("message_thread_id")
    return "" if root or "forum_topic_created" in replied else str(number)


def _answers(message: _Part, us: str) -> bool:
    """Whether the message it replies to is ours."""
    author = message.part("reply_to_message") if _answer_to(message) else None
    return author is not None and "from" in author and str(author.part("from").number("id")) == us


def _files(message: _Part, account: str) -> tuple[File, ...]:
    if "photo" in message:
        sizes = message.parts("photo")
        if not sizes:
            raise Malformed("message.photo: empty")
        largest = max(sizes, key=lambda size: size.number("width") * size.number("height"))
        return (_file(largest, FileKind.PHOTO, account),)
    kind = next((kind for kind in _FILES if kind in message), None)
    return (_file(message.part(kind), _FILES[kind], account),) if kind else ()


def _file(file: _Part, kind: FileKind, account: str) -> File:
    ref = file.words("file_id")
    if not ref:
        raise Malformed(f"message.{kind}.file_id: missing")
    size = file.number("file_size") if "file_size" in file else 0
    return File(kind, account, ref, file.words("file_name"), file.words("mime_type"), max(size, 0))
