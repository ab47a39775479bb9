"""The local Telegram's messages as phones draw them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.messenger import Attachment, Bubble, Key
from sandbox.telegram_state import Json

_FILES = {
    "photo": "photo",
    "video": "video",
    "video_note": "round",
    "voice": "voice",
    "audio": "audio",
    "document": "document",
    "sticker": "sticker",
}


def bubble(message: Json, files: dict[str, Json]) -> Bubble:
    """One message; a line that Telegram itself wrote has no author."""
    line = _service_line(message)
    author = message["from"]
    replied = message.get("reply_to_message", {}).get("message_id", 0)
    thread = message.get("message_thread_id", 0)
    point = message.get("location")
    return Bubble(
        id=str(message["message_id"]),
        chat=str(message["chat"]["id"]),
        thread=str(thread or ""),
        author="" if line else str(author["id"]),
        author_name="" if line else author["first_name"],
        by_bot=author["is_bot"] and not line,
        at=datetime.fromtimestamp(message["date"], UTC),
        text=line or message.get("text") or message.get("caption", ""),
        attachments=_attachments(message, files),
        location=(point["latitude"], point["longitude"]) if point else None,
        keys=_keys(message),
        answer_to=str(replied) if replied and replied != thread else "",
        edited="edit_date" in message,
        forwarded="forward_origin" in message,
    )


def pressed_key(message: Json, row: int, column: int) -> str:
    """What the button there carries. Raises LookupError when there is none that can be pressed."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    if not (0 <= row < len(rows) and 0 <= column < len(rows[row])):
        raise LookupError("there is no such button")
    if "callback_data" not in rows[row][column]:
        raise LookupError("this button opens an address")
    return str(rows[row][column]["callback_data"])


def _attachments(message: Json, files: dict[str, Json]) -> tuple[Attachment, ...]:
    for part, kind in _FILES.items():
        if part in message:
            number = (message[part][-1] if part == "photo" else message[part])["file_id"]
            kept = files[number]
            return (Attachment(kind, kept["blob"], kept["name"], kept["mime"]),)
    return ()


def _keys(message: Json) -> tuple[tuple[Key, ...], ...]:
    markup = message.get("reply_markup", {})
    if "inline_keyboard" in markup:
        return tuple(tuple(Key(key["text"], key.get("url", "")) for key in row) for row in markup["inline_keyboard"])
    return tuple(tuple(Key(key["text"], place=bool(key.get("request_location"))) for key in row) for row in markup.get("keyboard", []))


def _service_line(message: Json) -> str:
    names = ", ".join(user["first_name"] for user in message.get("new_chat_members", []))
    lines: dict[str, Callable[[Any], str]] = {
        "forum_topic_created": lambda of: f"Тема «{of['name']}» создана",
        "forum_topic_edited": lambda of: f"Тема переименована: «{of['name']}»",
        "forum_topic_closed": lambda _: "Тема закрыта",
        "forum_topic_reopened": lambda _: "Тема снова открыта",
        "new_chat_members": lambda _: f"В группе теперь: {names}",
        "left_chat_member": lambda of: f"{of['first_name']} больше не в группе",
        "migrate_to_chat_id": lambda _: "Группа стала супергруппой",
        "migrate_from_chat_id": lambda _: "Группа стала супергруппой",
    }
    return next((tell(message[kind]) for kind, tell in lines.items() if kind in message), "")
