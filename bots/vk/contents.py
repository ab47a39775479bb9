"""What a VK message holds, in our words: text, files, a place; and how odd JSON is read. Pure."""

from __future__ import annotations

import math
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeGuard

from bots.channel import File, FileKind, Location, Malformed
from bots.plain import plain

Json: TypeAlias = Mapping[str, Any]

_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&", "<br>": "\n"}
_ENTITY = re.compile("|".join(_ENTITIES))
OVERALL = "m"
"""Begins our id of a message whose number within its dialogue VK did not tell."""
_DEPTH = 8
"""How deep forwards within forwards are read."""


# --- what a message holds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Content:
    text: str = ""
    files: tuple[File, ...] = ()
    location: Location | None = None
    forwarded: bool = False
    left_out: tuple[str, ...] = ()


def content_of(message: Json, account: str, depth: int = 0) -> Content:
    """Text, files and place of a message, those of the messages it forwards included: their author is who forwarded them."""
    texts = [plain(unescaped(text_of(message, "text", "message")))]
    files: list[File] = []
    left_out: list[str] = []
    for attachment in list_of(message, "attachments"):
        what = _attachment(attachment, account)
        if isinstance(what, File):
            files.append(what)
        elif "://" in what:
            texts += [] if any(what.partition("://")[2] in text for text in texts) else [what]
        else:
            left_out.append(what)
    location = _location(message.get("geo"))
    forwards = list_of(message, "fwd_messages")
    if forwards and depth >= _DEPTH:
        left_out.append("forward")
        forwards = []
    for forward in forwards:
        if not isinstance(forward, Mapping):
            raise Malformed("fwd_messages: no object")
        inner = content_of(forward, account, depth + 1)
        texts.append(inner.text)
        files += inner.files
        left_out += inner.left_out
        location = location or inner.location
    text = "\n\n".join(text for text in texts if text)
    return Content(text, tuple(files), location, bool(forwards), tuple(dict.fromkeys(left_out)))


def _attachment(attachment: object, account: str) -> File | str:
    """The file, an address to be told in the text, or the name of a kind that we cannot carry."""
    if not isinstance(attachment, Mapping) or not isinstance(attachment.get("type"), str):
        raise Malformed("attachments: no kind")
    kind = attachment["type"]
    about = attachment.get(kind)
    if not isinstance(about, Mapping):
        about = {}
    if kind in _FILES:
        file_kind, find, name, mime = _FILES[kind]
        url = find(about)
        if url:
            return _file(file_kind, about, kind, url, account, name, mime)
    if kind == "link" and (url := web_address(about.get("url"))):
        return url
    if kind in ("wall", "video", "market"):
        owner = next((about[field] for field in ("owner_id", "to_id", "from_id") if is_number(about.get(field))), None)
        if owner is not None and is_number(about.get("id")):
            return f"https://vk.com/{kind}{owner}_{about['id']}"
    return kind if re.fullmatch("[a-z_]{1,30}", kind) else "unknown"


def _file(kind: FileKind, about: Json, word: str, url: str, account: str, name: str, mime: str) -> File:
    held = ""
    if word in ("photo", "doc", "video") and is_number(about.get("owner_id")) and is_number(about.get("id")):
        access = about.get("access_key")
        held = f"{word}{about['owner_id']}_{about['id']}" + (f"_{access}" if isinstance(access, str) and access.isalnum() else "")
    title, extension = about.get("title"), about.get("ext")
    if word in ("doc", "video") and isinstance(title, str) and title.strip():
        name = " ".join(plain(unescaped(title)).replace("/", "_").split())[:200]
    if isinstance(extension, str) and re.fullmatch("[A-Za-z0-9]{1,10}", extension):
        name = name if name.lower().endswith(f".{extension.lower()}") else f"{name}.{extension}"
    mime = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
    size = about.get("size")
    return File(kind, account, f"{held or '-'} {url}", name, mime, size if is_number(size) and size > 0 else 0)


def _largest(about: Json) -> str:
    """The address of the widest picture among ``sizes`` (photos) or ``images`` (stickers)."""
    found = [*list_of(about, "sizes"), *list_of(about, "images"), part(about, "orig_photo")]
    best, area = "", -1
    for size in found:
        if not isinstance(size, Mapping) or not (url := web_address(size.get("url"))):
            continue
        width, height = size.get("width"), size.get("height")
        pixels = width * height if is_number(width) and is_number(height) else 0
        if pixels > area:
            best, area = url, pixels
    return best


def _film(about: Json) -> str:
    """The address of the best ``mp4_<height>``; VK gives it for few videos."""
    films = [(len(name), name, url) for name, url in part(about, "files").items() if str(name).startswith("mp4_") and web_address(url)]
    return max(films)[2] if films else ""


_FILES = {
    "photo": (FileKind.PHOTO, _largest, "photo.jpg", "image/jpeg"),
    "graffiti": (FileKind.PHOTO, lambda about: web_address(about.get("url")), "graffiti.png", "image/png"),
    "sticker": (FileKind.STICKER, _largest, "sticker.png", "image/png"),
    "audio_message": (FileKind.VOICE, lambda about: web_address(about.get("link_ogg")), "voice.ogg", "audio/ogg"),
    "audio": (FileKind.AUDIO, lambda about: web_address(about.get("url")), "audio.mp3", "audio/mpeg"),
    "video": (FileKind.VIDEO, _film, "video.mp4", "video/mp4"),
    "doc": (FileKind.DOCUMENT, lambda about: web_address(about.get("url")), "document", ""),
}


def _location(geo: object) -> Location | None:
    if not geo:
        return None
    if not isinstance(geo, Mapping) or not isinstance(geo.get("coordinates"), Mapping):
        raise Malformed("message.geo: no coordinates")
    place = geo["coordinates"]
    degrees = [place.get("latitude"), place.get("longitude")]
    for value, most in zip(degrees, (90, 180), strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
            raise Malformed("message.geo: no degrees")
    return Location(float(degrees[0]), float(degrees[1]))


# --- reading odd JSON --------------------------------------------------------------------------------------------------


def is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def message_id(message: Json) -> str:
    """Our id of a message: its number within the dialogue, else its id among all of the community's, marked; empty when it has neither."""
    for name, mark in (("conversation_message_id", ""), ("id", OVERALL), ("message_id", OVERALL)):
        number = message.get(name)
        if is_number(number) and number > 0:
            return f"{mark}{number}"
    return ""


def number_of(about: Json, name: str, where: str) -> int:
    value = about.get(name)
    if not is_number(value) or value == 0:
        raise Malformed(f"{where}.{name}: no number")
    return value


def text_of(about: Json, name: str, where: str) -> str:
    value = about.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{where}.{name}: no text")
    return value


def list_of(about: Json, name: str) -> Sequence[object]:
    value = about.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name}: no list")
    return value


def part(about: Json, name: str) -> Json:
    value = about.get(name)
    return value if isinstance(value, Mapping) else {}


def instant(about: Json, name: str, where: str) -> datetime:
    try:
        return datetime.fromtimestamp(number_of(about, name, where), UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{where}.{name}: no time") from None


def unescaped(text: str) -> str:
    """VK escapes what HTML would take for a tag, once."""
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def word(value: object) -> str:
    return plain(value)[:500] if isinstance(value, str) else ""


def web_address(value: object) -> str:
    """The value when it is an address of the web, without blanks."""
    good = isinstance(value, str) and re.fullmatch(r"https?://[!-~]{1,4000}", value)
    return str(value) if good else ""
