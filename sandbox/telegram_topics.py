"""The local Telegram's topics: bots open, rename, close and delete them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.telegram_rules import Params, target, title_of
from sandbox.telegram_state import ApiError, Json, LocalBot, LocalGroup, State, Topic


class Topics:
    """The methods of forum topics."""

    def __init__(self, state: State, clock: Callable[[], datetime]) -> None:
        self.state, self.clock = state, clock

    def methods(self) -> dict[str, Callable[[LocalBot, Params], Any]]:
        """By lower-case name."""
        return {
            "createforumtopic": self._create_topic,
            "editforumtopic": self._edit_topic,
            "closeforumtopic": partial(self._close_topic, closed=True),
            "reopenforumtopic": partial(self._close_topic, closed=False),
            "deleteforumtopic": self._delete_topic,
        }

    def _managed(self, bot: LocalBot, params: Params, doing: str) -> tuple[int, LocalGroup]:
        chat = target(self.state, bot, params)
        if chat > 0 or not self.state.groups[chat].forum:
            raise ApiError(400, "Bad Request: the chat is not a forum")
        if "can_manage_topics" not in self.state.groups[chat].bots[bot.id]:
            raise ApiError(400, f"Bad Request: not enough rights to {doing} a topic")
        return chat, self.state.groups[chat]

    def _topic(self, group: LocalGroup, params: Params) -> Topic:
        topic = group.topics.get(params.number("message_thread_id"))
        if topic is None:
            raise ApiError(400, "Bad Request: TOPIC_ID_INVALID")
        return topic

    def _create_topic(self, bot: LocalBot, params: Params) -> Json:
        chat, group = self._managed(bot, params, "create")
        name = title_of(params)
        line = self.state.add(bot, chat, self._line(bot, {"forum_topic_created": {"name": name, "icon_color": 7322096}}))
        thread = line["message_id"]
        line.update(message_thread_id=thread, is_topic_message=True)
        group.topics[thread] = Topic(name)
        self.state.changed()
        return {"message_thread_id": thread, "name": name, "icon_color": 7322096}

    def _edit_topic(self, bot: LocalBot, params: Params) -> bool:
        chat, group = self._managed(bot, params, "edit")
        topic, name = self._topic(group, params), title_of(params)
        if topic.title == name:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        topic.title = name
        where = self.state.thread(chat, params.number("message_thread_id"))
        self.state.add(bot, chat, self._line(bot, {"forum_topic_edited": {"name": name}} | where))
        return True

    def _close_topic(self, bot: LocalBot, params: Params, *, closed: bool) -> bool:
        chat, group = self._managed(bot, params, "close")
        topic = self._topic(group, params)
        if topic.closed == closed:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        topic.closed = closed
        line: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
        self.state.add(bot, chat, self._line(bot, line | self.state.thread(chat, params.number("message_thread_id"))))
        return True

    def _delete_topic(self, bot: LocalBot, params: Params) -> bool:
        chat, group = self._managed(bot, params, "delete")
        self._topic(group, params)
        remove_topic(self.state, bot.id, chat, params.number("message_thread_id"))
        return True

    def _line(self, bot: LocalBot, content: Json) -> Json:
        return {"date": int(self.clock().timestamp()), "from": self.state.user(bot.id), **content}


def remove_topic(state: State, bot: int, chat: int, thread: int) -> None:
    """A topic goes with all that stands in it. Raises LookupError."""
    del state.groups[chat].topics[thread]
    dialog = state.dialog(bot, chat)
    for number in [number for number, message in dialog.items() if message.get("message_thread_id") == thread]:
        del dialog[number]
    state.changed()
