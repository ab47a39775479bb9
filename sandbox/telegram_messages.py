"""How bots put messages into the local Telegram's chats and change them there."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.telegram_rules import Params, caption_of, markup_of, target, text_of
from sandbox.telegram_state import ApiError, Json, LocalBot, State

_FILES = {
    "sendphoto": "photo",
    "sendvideo": "video",
    "sendvideonote": "video_note",
    "sendvoice": "voice",
    "sendaudio": "audio",
    "senddocument": "document",
    "sendsticker": "sticker",
}
_NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_PHOTO, _UPLOAD = 10 * 2**20, 50 * 2**20


class Messages:
    """The methods that send, edit and delete."""

    def __init__(self, state: State, clock: Callable[[], datetime]) -> None:
        self.state, self.clock = state, clock

    def methods(self) -> dict[str, Callable[[LocalBot, Params], Any]]:
        """By lower-case name."""
        methods: dict[str, Callable[[LocalBot, Params], Any]] = {
            "sendmessage": self._send_message,
            "sendlocation": self._send_location,
            "sendmediagroup": self._send_album,
            "sendchataction": lambda bot, params: bool(target(self.state, bot, params)),
            "editmessagetext": self._edit_text,
            "editmessagecaption": self._edit_caption,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete_message,
        }
        return methods | {name: partial(self._send_file, kind=kind) for name, kind in _FILES.items()}

    def _put(self, bot: LocalBot, params: Params, chat: int, content: Json) -> Json:
        """Put a message of the bot into the chat of the call."""
        thread = self.state.thread(chat, params.number("message_thread_id"))
        if thread and self._closed_to(bot, chat, thread["message_thread_id"]):
            raise ApiError(400, "Bad Request: TOPIC_CLOSED")
        message = {"date": int(self.clock().timestamp()), "from": self.state.user(bot.id), **thread, **content}
        if markup := markup_of(params, chat):
            message["reply_markup"] = markup
        if reply := params.json("reply_parameters"):
            replied = self.state.dialog(bot.id, chat).get(int(reply.get("message_id", 0)))
            if replied:
                message["reply_to_message"] = without_reply(replied)
            elif not reply.get("allow_sending_without_reply"):
                raise ApiError(400, "Bad Request: message to be replied not found")
        return self.state.add(bot, chat, message)

    def _closed_to(self, bot: LocalBot, chat: int, thread: int) -> bool:
        group = self.state.groups[chat]
        return group.topics[thread].closed and "can_manage_topics" not in group.bots[bot.id]

    def _send_message(self, bot: LocalBot, params: Params) -> Json:
        chat = target(self.state, bot, params)
        return self._put(bot, params, chat, {"text": text_of(params)})

    def _send_location(self, bot: LocalBot, params: Params) -> Json:
        chat = target(self.state, bot, params)
        point = {"latitude": float(params.text("latitude")), "longitude": float(params.text("longitude"))}
        return self._put(bot, params, chat, {"location": point})

    def _send_file(self, bot: LocalBot, params: Params, kind: str) -> Json:
        chat = target(self.state, bot, params)
        caption = caption_of(params.text("caption"))
        part = self._file(bot, params, params.text(kind, f"attach://{kind}"), kind)
        return self._put(bot, params, chat, part | ({"caption": caption} if caption and kind not in ("sticker", "video_note") else {}))

    def _send_album(self, bot: LocalBot, params: Params) -> list[Json]:
        chat = target(self.state, bot, params)
        media = params.json("media")
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            many = isinstance(media, list) and len(media) > 10
            raise ApiError(400, f"Bad Request: Too {'many' if many else 'few'} messages to send as an album")
        kinds = {item["type"] for item in media}
        for alone in ("document", "audio"):
            if alone in kinds and len(kinds) > 1:
                raise ApiError(400, f"Bad Request: {alone.title()} can't be mixed with other media types")
        if not kinds <= {"photo", "video", "document", "audio"}:
            raise ApiError(400, "Bad Request: media of this type can't be sent in an album")
        parts = [
            self._file(bot, params, item["media"], item["type"])
            | ({"caption": caption} if (caption := caption_of(item.get("caption") or "")) else {})
            for item in media
        ]
        album = {"media_group_id": str(random.randrange(10**16, 10**17))}  # noqa: S311 - only has to be new
        return [self._put(bot, params, chat, album | part) for part in parts]

    def _file(self, bot: LocalBot, params: Params, source: str, kind: str) -> Json:
        """The file of a call: one uploaded with it, or one the bot knows already."""
        if source.startswith("attach://") or source in params.files or kind in params.files:
            upload = params.files.get(source.removeprefix("attach://")) or params.files.get(kind)
            if upload is None or not upload.content:
                raise ApiError(400, f"Bad Request: there is no {kind.replace('_', ' ')} in the request")
            if len(upload.content) > _UPLOAD:
                raise ApiError(413, "Request Entity Too Large")
            if kind == "photo" and len(upload.content) > _PHOTO:
                raise ApiError(400, "Bad Request: file is too big for a photo; the maximum size is 10485760 bytes")
            return self.state.keep_file(kind, upload.content, upload.name, upload.mime)
        number, _, owner = source.rpartition(".")
        if number not in self.state.files or owner != str(bot.id):
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        had = self.state.files[number]["kind"].replace("round", "video_note")
        if (had == "photo") != (kind == "photo"):
            raise ApiError(400, f"Bad Request: can't use file of type {had.title()} as {kind.title()}")
        return self.state.file_part(number, kind)

    # --- changing what stands there ---

    def _own(self, bot: LocalBot, params: Params) -> Json:
        chat = target(self.state, bot, params)
        message = self.state.dialog(bot.id, chat).get(params.number("message_id"))
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if message.get("from", {}).get("id") != bot.id:
            raise ApiError(400, "Bad Request: message can't be edited")
        return message

    def _edit_text(self, bot: LocalBot, params: Params) -> Json:
        message = self._own(bot, params)
        if "text" not in message:
            raise ApiError(400, "Bad Request: there is no text in the message to edit")
        return self._change(message, params, {"text": text_of(params)})

    def _edit_caption(self, bot: LocalBot, params: Params) -> Json:
        message = self._own(bot, params)
        if "text" in message:
            raise ApiError(400, "Bad Request: there is no caption in the message to edit")
        return self._change(message, params, {"caption": caption_of(params.text("caption"))})

    def _edit_markup(self, bot: LocalBot, params: Params) -> Json:
        return self._change(self._own(bot, params), params, {})

    def _change(self, message: Json, params: Params, content: Json) -> Json:
        markup = markup_of(params, message["chat"]["id"])
        if all(message.get(key, "") == value for key, value in content.items()) and message.get("reply_markup") == markup:
            raise ApiError(400, _NOT_MODIFIED)
        message.update(content, edit_date=int(self.clock().timestamp()))
        message.pop("reply_markup", None)
        if markup:
            message["reply_markup"] = markup
        self.state.changed()
        return message

    def _delete_message(self, bot: LocalBot, params: Params) -> bool:
        chat = target(self.state, bot, params)
        if self.state.dialog(bot.id, chat).pop(params.number("message_id"), None) is None:
            raise ApiError(400, "Bad Request: message to delete not found")
        self.state.changed()
        return True


def without_reply(message: Json) -> Json:
    """A message as it stands inside the one that replies to it."""
    return {key: value for key, value in message.items() if key not in ("reply_to_message", "reply_markup")}
