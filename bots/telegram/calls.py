"""Says our replies in the words of the Bot API: one reply, one call. Pure."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageCaption,
    EditMessageText,
    SendAudio,
    SendDocument,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SendSticker,
    SendVideo,
    SendVideoNote,
    SendVoice,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from bots.channel import Button, File, FileKind, Keyboard, Limits, Refused, Reply
from bots.pages import shorten, units

LIMITS = Limits(
    text=4096,
    caption=1024,
    files=10,
    label=64,
    payload=64,
    columns=8,
    rows=25,
    whisper=200,
    upload=50 * 2**20,
    per_second=30,
    per_chat=1.0,
    per_group_minute=20,
    mixes_files=False,
    files_with_keyboard=False,
    threads=True,
    edit_hours=0,  # 48 h is the limit for messages of others
)
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9_])")
"""What Telegram would make a mention of, which calls a member of the chat: also behind a full stop. Not the sign in an e-mail address."""


def unmentioned(text: str, limit: int = LIMITS.text) -> str:
    """The same text to the eye, in which ``@name`` calls nobody.

    A word joiner parts the two; where no room is left for it, the sign is replaced by one that looks alike.
    """
    parted = _MENTION.sub("@\u2060", text)
    return parted if units(parted) <= limit else _MENTION.sub("＠", text)


PHOTO = 10 * 2**20
"""Bytes of a picture that Telegram takes as a photo; a larger one goes as a document."""
DOWNLOAD = 20 * 2**20
"""Bytes of a file that Telegram gives to a bot."""
TITLE = 128
"""Characters in the title of a forum topic."""
_TOAST = 80
"""Characters that a phone shows in passing; a longer whisper waits for a tap."""
_STICKERS = ("image/webp", "video/webm", "application/x-tgsticker")

_SINGLE: dict[FileKind, tuple[type[TelegramMethod[Any]], str]] = {
    FileKind.PHOTO: (SendPhoto, "photo"),
    FileKind.VIDEO: (SendVideo, "video"),
    FileKind.ROUND: (SendVideoNote, "video_note"),
    FileKind.VOICE: (SendVoice, "voice"),
    FileKind.AUDIO: (SendAudio, "audio"),
    FileKind.DOCUMENT: (SendDocument, "document"),
    FileKind.STICKER: (SendSticker, "sticker"),
}
_IN_ALBUM = {
    FileKind.PHOTO: InputMediaPhoto,
    FileKind.VIDEO: InputMediaVideo,
    FileKind.AUDIO: InputMediaAudio,
    FileKind.DOCUMENT: InputMediaDocument,
}
_ENDINGS = {FileKind.PHOTO: ".jpg", FileKind.VIDEO: ".mp4", FileKind.ROUND: ".mp4", FileKind.VOICE: ".ogg", FileKind.AUDIO: ".mp3"}


Source: TypeAlias = tuple[FileKind, str | BufferedInputFile]
"""A file as Telegram can take it: by its id there, or by its bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chat and a topic as Telegram numbers them."""

    chat: int
    thread: int | None

    @classmethod
    def of(cls, chat: str, thread: str) -> Place:
        """Raises Refused when these are no numbers."""
        if not re.fullmatch(r"-?\d{1,19}", chat) or not re.fullmatch(r"\d{0,19}", thread):
            raise Refused("telegram: the address is not one of Telegram's")
        return cls(int(chat), int(thread) if thread else None)

    @property
    def group(self) -> bool:
        return self.chat < 0


def whisper(reply: Reply) -> AnswerCallbackQuery:
    """Answer a press."""
    text = shorten(reply.text, LIMITS.whisper)
    return AnswerCallbackQuery(callback_query_id=reply.whisper_to, text=text or None, show_alert=units(text) > _TOAST)


def edit(place: Place, reply: Reply) -> EditMessageText:
    """Replace a message's text and keyboard."""
    return EditMessageText(
        chat_id=place.chat,
        message_id=_message_id(reply.instead_of),
        text=unmentioned(reply.text),
        reply_markup=_inline(reply.keyboard),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )


def edit_caption(place: Place, reply: Reply) -> EditMessageCaption:
    """The same for a message that is a file with a caption."""
    return EditMessageCaption(
        chat_id=place.chat,
        message_id=_message_id(reply.instead_of),
        caption=unmentioned(shorten(reply.text, LIMITS.caption), LIMITS.caption),
        reply_markup=_inline(reply.keyboard),
    )


def message(place: Place, reply: Reply, sources: list[Source]) -> TelegramMethod[Any]:
    """Put a message somewhere; ``sources`` are the reply's files as Telegram can take them."""
    common: dict[str, Any] = {"chat_id": place.chat, "message_thread_id": place.thread}
    if reply.answer_to:
        common["reply_parameters"] = ReplyParameters(message_id=_message_id(reply.answer_to), allow_sending_without_reply=True)
    if len(sources) > 1:
        if any(kind not in _IN_ALBUM for kind, _ in sources):
            raise Refused("telegram: such files do not go together")
        captions = [unmentioned(reply.text, LIMITS.caption) or None, *[None] * (len(sources) - 1)]
        media = [_IN_ALBUM[kind](media=source, caption=caption) for (kind, source), caption in zip(sources, captions, strict=True)]
        return SendMediaGroup(media=media, **common)
    common["reply_markup"] = _inline(reply.keyboard) or _place_key(place, reply)
    if not sources:
        return SendMessage(text=unmentioned(reply.text), link_preview_options=LinkPreviewOptions(is_disabled=True), **common)
    ((kind, source),) = sources
    method, field = _SINGLE[kind]
    if kind not in (FileKind.STICKER, FileKind.ROUND):
        common["caption"] = unmentioned(reply.text, LIMITS.caption) or None
    return method(**{field: source}, **common)


def kind_of(file: File, size: int) -> FileKind:
    """What an uploaded file goes as."""
    if file.kind is FileKind.PHOTO and size > PHOTO:
        return FileKind.DOCUMENT
    if file.kind is FileKind.STICKER and file.mime not in _STICKERS:
        return FileKind.PHOTO
    return file.kind


def file_name(file: File) -> str:
    """A name Telegram can tell the kind of the file by, safe inside a header."""
    name = re.sub(r'[\x00-\x1f\x7f"\\/:*?<>|]', "_", file.name).strip(". ")[-100:]
    return name or f"{file.kind}{_ENDINGS.get(file.kind) or mimetypes.guess_extension(file.mime) or ''}"


def _message_id(ours: str) -> int:
    if not ours.isdecimal() or len(ours) > 18:
        raise Refused("telegram: the message id is not one of Telegram's")
    return int(ours)


def _inline(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup(inline_keyboard=[[_button(button) for button in row] for row in keyboard])


def _button(button: Button) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(text=button.label, url=button.url)
    return InlineKeyboardButton(text=button.label, callback_data=button.payload)


def _place_key(place: Place, reply: Reply) -> ReplyKeyboardMarkup | None:
    """A key that sends the phone's location; its label is a sign, so that it needs no language."""
    if not reply.ask_place or place.group:
        return None
    return ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="📍", request_location=True)]], resize_keyboard=True, one_time_keyboard=True)
