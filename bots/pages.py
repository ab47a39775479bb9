"""Cuts a reply into messages that are each one platform call within its limits. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bots.channel import Button, File, FileKind, Keyboard, Limits, Reply


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fits(text: str, limit: int) -> bool:
    """Whether it has no more than ``limit`` UTF-16 units. A letter takes two at most: most texts need not be counted."""
    return 2 * len(text) <= limit or units(text) <= limit


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning and «…» when it is longer than ``limit`` UTF-16 units."""
    if fits(text, limit):
        return text
    return _head(text, limit - 1).rstrip() + "…"


def split(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most ``limit`` UTF-16 units: between paragraphs, else sentences, else words, else anywhere."""
    parts = []
    while not fits(text, limit):
        head = _head(text, limit)
        cut = next(
            (end for mark in ("\n\n", "\n", ". ", "! ", "? ", "… ", " ") if (end := head.rfind(mark) + len(mark)) > len(head) // 3),
            len(head),
        )
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in [*parts, text] if _shows(part)]


def _shows(text: str) -> bool:
    """Whether there is anything to be seen: messengers refuse what is empty to the eye, and a stranger's words may be just that."""
    return any(unicodedata.category(letter)[0] in "LMNPS" for letter in text)


def _head(text: str, limit: int) -> str:
    """The longest beginning of at most ``limit`` UTF-16 units that does not cut a letter from the mark that belongs to it."""
    head, used = [], 0
    for letter in text:
        used += 2 if ord(letter) > 0xFFFF else 1
        if used > limit:
            break
        head.append(letter)
    while len(head) > 1 and len(head) < len(text) and text[len(head)] in "\ufe0f\u200d":
        head.pop()
    return "".join(head)


def pages(reply: Reply, limits: Limits) -> list[Reply]:
    """Cut one reply into replies that are each one platform call within the limits, in the order they are to be sent.

    The first page has the keyboard's text when there is room; files follow their text. An edit and a whisper stay one call, shortened.
    """
    keyboard = _fit(reply.keyboard, limits)
    if reply.whisper_to:
        return [Reply(text=shorten(reply.text, limits.whisper), whisper_to=reply.whisper_to)]
    if reply.instead_of:
        text = shorten(reply.text, limits.text) if _shows(reply.text) else "…"
        return [Reply(text=text, keyboard=keyboard, instead_of=reply.instead_of)]
    groups = _groups(reply.files, limits)
    with_text = bool(
        groups
        and reply.text
        and fits(reply.text, limits.caption)
        and (not keyboard or limits.files_with_keyboard or len(groups[0]) == 1)
        and _captioned(groups[0])
    )
    out: list[Reply] = []
    if with_text:
        out.append(Reply(text=reply.text, keyboard=keyboard, files=groups.pop(0), answer_to=reply.answer_to))
    elif reply.text or keyboard:
        texts = split(reply.text, limits.text) or ["…"]
        out += [Reply(text=text, answer_to=reply.answer_to) for text in texts[:-1]]
        out.append(Reply(text=texts[-1], keyboard=keyboard, answer_to=reply.answer_to, ask_place=reply.ask_place))
    out += [Reply(files=group, answer_to=reply.answer_to) for group in groups]
    return out


def _captioned(files: tuple[File, ...]) -> bool:
    return all(file.kind not in (FileKind.STICKER, FileKind.ROUND) for file in files)


def _groups(files: Sequence[File], limits: Limits) -> list[tuple[File, ...]]:
    """Files that can go in one call each: in their order, as many together as the platform takes."""
    together = {FileKind.PHOTO: "picture", FileKind.VIDEO: "picture", FileKind.DOCUMENT: "document", FileKind.AUDIO: "audio"}
    groups: list[tuple[str, list[File]]] = []
    for file in files:
        alone = file.kind in (FileKind.VOICE, FileKind.ROUND, FileKind.STICKER)
        kind = "" if alone else ("any" if limits.mixes_files else together[file.kind])
        if kind and groups and groups[-1][0] == kind and len(groups[-1][1]) < limits.files:
            groups[-1][1].append(file)
        else:
            groups.append((kind, [file]))
    return [tuple(group) for _, group in groups]


def _fit(keyboard: Keyboard, limits: Limits) -> Keyboard:
    """The same buttons in rows the platform takes, labels shortened; buttons beyond its rows or its number of buttons are left out."""
    rows: list[tuple[Button, ...]] = []
    room = limits.buttons
    for row in keyboard:
        short = [
            button if fits(button.label, limits.label) else replace(button, label=shorten(button.label, limits.label))
            for button in row[:room]
        ]
        room -= len(short)
        rows += [tuple(short[start : start + limits.columns]) for start in range(0, len(short), limits.columns)]
    return tuple(rows[: limits.rows])
