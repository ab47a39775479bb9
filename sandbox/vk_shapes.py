"""The JSON of VK's objects as the local VK makes and checks it: messages, attachments, keyboards, refusals."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.messenger import Key

CHATS = 2_000_000_000
HERE = "local-vk:"
"""Stands for our own address in what is stored; the port may be another one when it is asked for."""
KINDS = ("message_new", "message_event", "message_edit", "message_allow", "message_deny")
EVENTS = (*KINDS, "message_reply", "message_read", "message_typing_state", "group_join", "group_leave", "wall_reply_new", "wall_post_new")
KEPT = 1000
"""Events the long poll still has."""
_FIELDS = {"callback": ("label", "payload"), "text": ("label",), "open_link": ("label", "link"), "location": ()}
_WORDS = {"photo": "photo", "video": "video", "round": "video", "voice": "audio_message", "audio": "audio", "document": "doc"}


class Refusal(Exception):
    """A call that VK answers with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def wrong(what: str) -> Refusal:
    """Error 100."""
    return Refusal(100, f"One of the parameters specified was missing or invalid: {what}")


@dataclass(frozen=True, slots=True)
class Community:
    """A community that exists from the start."""

    id: int
    token: str
    screen_name: str
    title: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of several people that exists from the start; ``peer`` is the id under which this community knows it."""

    community: int
    peer: int
    title: str
    members: tuple[int, ...]
    has_community: bool = True


@dataclass
class Talk:
    """A conversation of a community: with one person, or a chat."""

    title: str = ""
    members: list[int] = field(default_factory=list)
    has_community: bool = True
    last: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)

    def message(self, number: int) -> dict[str, Any]:
        """Raises LookupError."""
        found = [message for message in self.messages if message["conversation_message_id"] == number]
        if not found:
            raise LookupError("no such message")
        return found[0]


@dataclass
class Page:
    """What a local VK knows of one community. All of it is plain JSON but ``about``."""

    about: Community
    talks: dict[int, Talk] = field(default_factory=dict)
    denied: list[int] = field(default_factory=list)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    ts: int = 0
    key: int = 1
    polls: bool = True
    kinds: dict[str, int] = field(default_factory=lambda: {kind: int(kind in KINDS) for kind in EVENTS})
    settings: dict[str, int] = field(default_factory=lambda: {"messages": 1, "bots_capabilities": 1, "bots_add_to_chat": 1})
    rights: list[str] = field(default_factory=lambda: ["messages", "photos", "docs", "manage"])

    @property
    def us(self) -> int:
        return -self.about.id

    def may_write(self, person: int) -> bool:
        """The person wrote to the community and has not forbidden it to answer."""
        talk = self.talks.get(person)
        return bool(talk and talk.messages) and person not in self.denied


def keyboard(text: str) -> dict[str, Any] | None:
    """Parse and check a keyboard; None for one without buttons. Raises Refusal 911."""
    try:
        board: dict[str, Any] = json.loads(text)
        rows: list[list[dict[str, Any]]] = board["buttons"]
        inline = bool(board.get("inline"))
        buttons = [button for row in rows for button in row]
        actions = [button["action"] for button in buttons]
        for button, action in zip(buttons, actions, strict=True):
            kind = action["type"]
            if any(not action.get(name) for name in _FIELDS[kind]):
                raise _board(f"button of type {kind} lacks a field")
            if kind not in ("callback", "text") and "color" in button:
                raise _board("this button type can not have color")
            if len(action.get("label", "")) > 40:
                raise _board("label is too long")
            if len(action.get("payload", "")) > 255:
                raise _board("payload is too long")
            json.loads(action.get("payload", "{}"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _board("structure") from None
    if len(rows) > (6 if inline else 10) or any(not row or len(row) > 5 for row in rows) or len(buttons) > (10 if inline else 40):
        raise _board("too many rows, columns or buttons")
    if any(len(row) > 1 and button["action"]["type"] == "location" for row in rows for button in row):
        raise _board("a location button takes a whole row")
    return board if buttons else None


def _board(why: str) -> Refusal:
    return Refusal(911, f"Keyboard format is invalid: {why}")


def keys(board: Mapping[str, Any] | None) -> tuple[tuple[Key, ...], ...]:
    """A keyboard as a phone draws it."""
    return tuple(tuple(_key(button["action"]) for button in row) for row in (board or {"buttons": []})["buttons"])


def _key(action: Mapping[str, Any]) -> Key:
    if action["type"] == "location":
        return Key("Отправить местоположение", place=True)
    return Key(action["label"], url=action.get("link", ""))


def media(kind: str, owner: int, number: int, blob: str, name: str, mime: str, size: int) -> dict[str, Any]:
    """What is remembered of a file: how it is attached, and where its bytes are."""
    word = _WORDS.get(kind, "sticker")
    return {
        "word": word,
        "kind": kind,
        "owner": owner,
        "id": number,
        "access_key": f"{blob[:12]}{number:06d}",
        "blob": blob,
        "name": name,
        "mime": mime,
        "size": size,
    }


def named(thing: Mapping[str, Any]) -> str:
    """Its key among a community's media, and its name in ``attachment`` without the access key."""
    return f"{thing['word']}{thing['owner']}_{thing['id']}"


def attachment(thing: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A file as an element of ``attachments``."""
    url = f"{HERE}file/{thing['blob']}"
    about: dict[str, Any] = {"id": thing["id"], "owner_id": thing["owner"], "date": now, "access_key": thing["access_key"]}
    name, extension = thing["name"], thing["name"].rpartition(".")[2] or "bin"
    sizes = [{"type": letter, "width": side, "height": side, "url": url} for letter, side in (("s", 75), ("z", 1080), ("m", 130))]
    about |= {
        "photo": {"album_id": -3, "has_tags": False, "text": "", "sizes": sizes},
        "video": {"title": name, "duration": 5, "files": {"mp4_240": url, "mp4_720": url}},
        "audio_message": {"duration": 5, "waveform": [], "link_ogg": url, "link_mp3": url},
        "audio": {"artist": "", "title": name, "duration": 5, "url": url},
        "doc": {"title": name, "size": thing["size"], "ext": extension, "type": 8, "url": url},
        "sticker": {"sticker_id": thing["id"], "product_id": 1, "images": [{"url": url, "width": 512, "height": 512}]},
    }[thing["word"]]
    return {"type": thing["word"], thing["word"]: about}


def service_line(action: Mapping[str, Any], names: Mapping[int, str]) -> str:
    """What a phone shows for something that happened in a chat."""
    who = names.get(action.get("member_id", 0), "")
    lines = {
        "chat_invite_user": f"Добавлен участник: {who}",
        "chat_kick_user": f"Исключён участник: {who}",
        "chat_title_update": f"Беседа названа «{action.get('text', '')}»",
    }
    return lines.get(str(action["type"]), str(action["type"]))


def told(value: Any, origin: str) -> Any:
    """Stored JSON as it goes out: with our address in it, and texts escaped once as VK does."""
    if isinstance(value, dict):
        return {
            name: html.escape(inner) if name == "text" and isinstance(inner, str) else told(inner, origin) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [told(inner, origin) for inner in value]
    if isinstance(value, str) and value.startswith(HERE):
        return f"{origin}/{value.removeprefix(HERE)}"
    return value
