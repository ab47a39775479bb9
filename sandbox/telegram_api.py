"""The local Telegram's Bot API: finds the method, carries it out, answers as the real one does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sandbox.telegram_messages import Messages
from sandbox.telegram_rates import Rates
from sandbox.telegram_rules import Params, group_of, target
from sandbox.telegram_state import ApiError, Json, LocalBot, LocalGroup, State, for_bot
from sandbox.telegram_topics import Topics

_DOWNLOAD = 20 * 2**20


class BotApi:
    """Carries out the calls of bots."""

    def __init__(self, state: State, clock: Callable[[], datetime], rates: Rates) -> None:
        self.state, self.clock, self.rates = state, clock, rates
        self.presses: dict[str, asyncio.Future[str]] = {}
        """Presses by query id, and what the bot whispers to them."""
        self._polls: dict[int, asyncio.Event] = {}
        self._methods: dict[str, Callable[[LocalBot, Params], Any]] = {
            **Messages(state, clock).methods(),
            **Topics(state, clock).methods(),
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._webhook_info,
            "setmycommands": self._set_commands,
            "getmycommands": lambda bot, params: bot.commands.get(params.text("language_code"), []),
            "deletemycommands": self._delete_commands,
            "answercallbackquery": self._answer_press,
            "getfile": self._get_file,
            "getchat": lambda bot, params: self.state.chat(target(self.state, bot, params)),
            "getchatmember": self._get_member,
            "getchatadministrators": self._get_administrators,
            "leavechat": self._leave,
        }

    async def call(self, bot: LocalBot, method: str, params: Params) -> Any:
        """Carry out one call and return its result. Raises ApiError."""
        carry_out = self._methods.get(method.lower())
        if carry_out is None:
            raise ApiError(404, "Not Found: method not found")
        if is_message(method) and (chat := params.text("chat_id")):
            self.rates.take(bot.id, chat, self.clock())
        answer = carry_out(bot, params)
        result = await answer if isinstance(answer, Awaitable) else answer
        return for_bot(bot.id, result)

    # --- about the bot ---

    def _get_me(self, bot: LocalBot, _: Params) -> Json:
        able = {"can_join_groups": True, "can_read_all_group_messages": bot.reads_all, "supports_inline_queries": False}
        return self.state.user(bot.id) | able

    async def _get_updates(self, bot: LocalBot, params: Params) -> list[Json]:
        if bot.webhook:
            raise ApiError(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        if earlier := self._polls.get(bot.id):
            earlier.set()
        ended = self._polls[bot.id] = asyncio.Event()
        if params.json("allowed_updates") is not None:
            bot.allowed = list(params.json("allowed_updates"))
        offset, limit = params.number("offset"), max(1, min(params.number("limit", 100), 100))
        try:
            async with asyncio.timeout(max(0, min(params.number("timeout"), 50)) or None):
                return await self._next_updates(bot, offset, limit, ended, wait=params.number("timeout") > 0)
        except TimeoutError:
            return []
        finally:
            if self._polls.get(bot.id) is ended:
                del self._polls[bot.id]

    async def _next_updates(self, bot: LocalBot, offset: int, limit: int, ended: asyncio.Event, *, wait: bool) -> list[Json]:
        arrival = self.state.arrival(bot.id)
        while not (updates := self.state.waiting(bot, offset, self.clock())) and wait:
            offset = max(offset, 0)
            arrival.clear()
            either = [asyncio.ensure_future(event.wait()) for event in (arrival, ended)]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in either:
                    one.cancel()
            if ended.is_set():
                raise ApiError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
        return updates[:limit]

    def _set_webhook(self, bot: LocalBot, params: Params) -> bool:
        if params.text("url") and not params.text("url").startswith("https://"):
            raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        bot.webhook = params.text("url")
        if ended := self._polls.get(bot.id):
            ended.set()
        return True

    def _delete_webhook(self, bot: LocalBot, params: Params) -> bool:
        bot.webhook = ""
        if params.is_true("drop_pending_updates"):
            bot.pending.clear()
        return True

    def _webhook_info(self, bot: LocalBot, _: Params) -> Json:
        return {"url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.pending)}

    def _set_commands(self, bot: LocalBot, params: Params) -> bool:
        commands = params.json("commands") or []
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        bot.commands[params.text("language_code")] = commands
        self.state.changed()
        return True

    def _delete_commands(self, bot: LocalBot, params: Params) -> bool:
        bot.commands.pop(params.text("language_code"), None)
        self.state.changed()
        return True

    def _answer_press(self, _: LocalBot, params: Params) -> bool:
        press = self.presses.get(params.text("callback_query_id"))
        if press is None:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(params.text("text")) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        if not press.done():
            press.set_result(params.text("text"))
        return True

    # --- files and chats ---

    def _get_file(self, bot: LocalBot, params: Params) -> Json:
        number, _, owner = params.text("file_id").rpartition(".")
        kept = self.state.files.get(number)
        if kept is None or owner != str(bot.id):
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if kept["size"] > _DOWNLOAD:
            raise ApiError(400, "Bad Request: file is too big")
        ids = {"file_id": number, "file_unique_id": kept["blob"][:16]}
        return ids | {"file_size": kept["size"], "file_path": f"{kept['kind']}s/{number}"}

    def _get_member(self, bot: LocalBot, params: Params) -> Json:
        chat, person = target(self.state, bot, params), params.number("user_id")
        if chat > 0 or (person not in self.state.people and person not in self.state.bots):
            raise ApiError(400, "Bad Request: invalid user_id specified")
        return member(self.state, self.state.groups[chat], person)

    def _get_administrators(self, bot: LocalBot, params: Params) -> list[Json]:
        chat = target(self.state, bot, params)
        if chat > 0:
            raise ApiError(400, "Bad Request: there are no administrators in the private chat")
        group = self.state.groups[chat]
        people = [person for person, status in group.members.items() if status != "member"]
        return [member(self.state, group, one) for one in [*people, *(other for other, rights in group.bots.items() if rights)]]

    def _leave(self, bot: LocalBot, params: Params) -> bool:
        group = group_of(self.state, bot, target(self.state, bot, params))
        del group.bots[bot.id]
        group.removed.append(bot.id)
        self.state.changed()
        return True


def is_message(method: str) -> bool:
    """Whether the call counts for the rate limits."""
    return method.lower().startswith(("send", "editmessage", "createforumtopic")) and method.lower() != "sendchataction"


def member(state: State, group: LocalGroup, number: int) -> Json:
    """A person's or a bot's membership as the Bot API writes it."""
    user = {"user": state.user(number)}
    if number in state.bots:
        rights = group.bots.get(number)
        if rights is None:
            return user | ({"status": "kicked", "until_date": 0} if number in group.removed else {"status": "left"})
        if rights:
            return user | {"status": "administrator"} | administrator(rights)
        return user | {"status": "member"}
    status = group.members.get(number, "left")
    return user | {"status": status} | ({"creator": {"is_anonymous": False}, "administrator": administrator([])}.get(status) or {})


def administrator(rights: list[str]) -> Json:
    """All the rights the Bot API names, and which of them are given."""
    named = (
        "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
        "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories "
        "can_pin_messages can_manage_topics"
    )
    return dict.fromkeys(re.split(" ", named), False) | {"can_manage_chat": True} | dict.fromkeys(rights, True)
