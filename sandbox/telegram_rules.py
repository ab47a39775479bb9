"""The local Telegram's rules: what a call may carry, and who may write where; with the error texts of the real one."""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.messenger import Upload
from sandbox.telegram_state import ApiError, Json, LocalBot, LocalGroup, State


class Params:
    """What a call carried, whichever way it came: texts of a form or values of a JSON body, and uploaded files."""

    def __init__(self, values: Json, files: dict[str, Upload]) -> None:
        self._values, self.files = values, files

    def text(self, key: str, default: str = "") -> str:
        value = self._values.get(key)
        return default if value is None else str(value)

    def number(self, key: str, default: int = 0) -> int:
        try:
            return int(self._values.get(key) or default)
        except (TypeError, ValueError):
            raise ApiError(400, f"Bad Request: invalid {key} specified") from None

    def is_true(self, key: str) -> bool:
        return str(self._values.get(key)).lower() in ("true", "1", "yes")

    def json(self, key: str) -> Any:
        value = self._values.get(key)
        try:
            return json.loads(value) if isinstance(value, str) and value else value
        except ValueError:
            raise ApiError(400, f"Bad Request: can't parse {key} JSON object") from None


def target(state: State, bot: LocalBot, params: Params) -> int:
    """The chat of the call. Raises ApiError when the bot may not write there."""
    name = params.text("chat_id")
    if not re.fullmatch(r"-?\d{1,18}", name):
        raise ApiError(400, "Bad Request: chat not found" if name else "Bad Request: chat_id is empty")
    chat = int(name)
    if chat < 0:
        group_of(state, bot, chat)
    elif chat in state.bots:
        raise ApiError(403, "Forbidden: bots can't send messages to bots")
    elif chat not in state.people or not _knows(state, bot, chat):
        raise ApiError(400, "Bad Request: chat not found")
    elif chat in bot.blocked:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    elif chat not in bot.friends:
        raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
    return chat


def _knows(state: State, bot: LocalBot, person: int) -> bool:
    seen = (bot.id in group.bots and person in group.members for group in state.groups.values())
    return person in bot.friends or person in bot.blocked or any(seen)


def group_of(state: State, bot: LocalBot, chat: int) -> LocalGroup:
    group = state.groups.get(chat)
    if group is None or (bot.id not in group.bots and bot.id not in group.removed):
        raise ApiError(400, "Bad Request: chat not found")
    if group.moved_to:
        moved = {"migrate_to_chat_id": group.moved_to}
        raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", moved)
    if bot.id not in group.bots:
        raise ApiError(403, f"Forbidden: bot was kicked from the {'supergroup' if group.supergroup else 'group'} chat")
    return group


def markup_of(params: Params, chat: int) -> Json | None:
    markup: Json | None = params.json("reply_markup")
    if not isinstance(markup, dict):
        return None
    rows: list[list[Json]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
    keys = [key for row in rows for key in row]
    if len(keys) > 100:
        raise ApiError(400, "Bad Request: reply markup is too long")
    for key in keys:
        if not isinstance(key, str) and not key.get("text"):
            raise ApiError(400, 'Bad Request: can\'t parse keyboard button: Field "text" must be of type String')
        if "inline_keyboard" in markup:
            _check_inline(key)
        elif not isinstance(key, str) and key.get("request_location") and chat < 0:
            raise ApiError(400, "Bad Request: location can be requested in private chats only")
    return {**markup} if rows or markup.get("remove_keyboard") or markup.get("force_reply") else None


def text_of(params: Params) -> str:
    """The text of a call, as Telegram takes it."""
    text = params.text("text").strip()
    if not text:
        raise ApiError(400, "Bad Request: message text is empty")
    if units(text) > 4096:
        raise ApiError(400, "Bad Request: message is too long")
    return text


def caption_of(caption: str) -> str:
    if units(caption.strip()) > 1024:
        raise ApiError(400, "Bad Request: message caption is too long")
    return caption.strip()


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def title_of(params: Params) -> str:
    name = params.text("name").strip()
    if not name:
        raise ApiError(400, "Bad Request: TOPIC_TITLE_EMPTY")
    if len(name) > 128:
        raise ApiError(400, "Bad Request: topic name must be at most 128 characters long")
    return name


def _check_inline(key: Json) -> None:
    if "url" in key:
        if not re.match(r"(https?|tg)://[^\s/]+", key["url"]):
            raise ApiError(400, f"Bad Request: inline keyboard button URL '{key['url']}' is invalid: Wrong HTTP URL")
    elif not 1 <= len(str(key.get("callback_data", "")).encode()) <= 64:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
