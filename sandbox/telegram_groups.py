"""The local Telegram's groups from a person's side: who is in them, what bots may do there, topics opened by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import datetime

from sandbox.telegram_api import member
from sandbox.telegram_state import Json, LocalBot, LocalGroup, State, Topic


class Groups:
    """What administrators of groups do. Every method raises LookupError for what is not there."""

    def __init__(self, state: State, clock: Callable[[], datetime]) -> None:
        self._state, self._clock = state, clock

    def add_person(self, chat: str, person: str, status: str = "member") -> None:
        group, before = self._group(chat), self._members(chat)
        group.members[self._someone(person)] = status
        self._told_of(group, int(person), before)
        self._line(group, int(person), {"new_chat_members": [self._state.user(int(person))]})

    def remove_person(self, chat: str, person: str) -> None:
        group, before = self._group(chat), self._members(chat)
        if group.members.pop(self._someone(person), None) is None:
            raise LookupError("the person is not in this group")
        self._line(group, int(person), {"left_chat_member": self._state.user(int(person))})
        self._told_of(group, int(person), before)

    def add_bot(self, chat: str, account: str, by: str, rights: Sequence[str] = ()) -> None:
        """Bring a bot in, or change its rights when it is there already."""
        group, before, bot = self._group(chat), self._members(chat), self._a_bot(account)
        new = bot.id not in group.bots
        group.bots[bot.id] = list(rights)
        if bot.id in group.removed:
            group.removed.remove(bot.id)
        self._us(group, bot, int(by), before)
        if new:
            self._line(group, int(by), {"new_chat_members": [self._state.user(bot.id)]})

    def remove_bot(self, chat: str, account: str, by: str) -> None:
        group, before, bot = self._group(chat), self._members(chat), self._a_bot(account)
        if group.bots.pop(bot.id, None) is None:
            raise LookupError("the bot is not in this group")
        group.removed.append(bot.id)
        self._us(group, bot, int(by), before)
        self._state.changed()

    def switch_topics(self, chat: str, forum: bool) -> None:
        """Switch forum topics on or off; off, they are gone."""
        group = self._group(chat)
        group.forum = forum
        if not forum:
            group.topics.clear()
        self._state.changed()

    def open_topic(self, chat: str, person: str, title: str) -> str:
        """A person opens a topic; returns its id."""
        group = self._group(chat)
        if not group.forum:
            raise LookupError("this group has no topics")
        line = self._line(group, self._someone(person), {"forum_topic_created": {"name": title, "icon_color": 7322096}})
        group.topics[line["message_id"]] = Topic(title)
        line.update(message_thread_id=line["message_id"], is_topic_message=True)
        self._state.changed()
        return str(line["message_id"])

    def close_topic(self, chat: str, person: str, thread: str, closed: bool = True) -> None:
        """A person closes or reopens a topic."""
        group = self._group(chat)
        topic = group.topics.get(int(thread)) if thread.isdecimal() else None
        if topic is None:
            raise LookupError("there is no such topic")
        topic.closed = closed
        line: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
        self._line(group, self._someone(person), line | self._state.thread(group.id, int(thread)))

    def migrate(self, chat: str, person: str) -> str:
        """A plain group becomes a supergroup; returns its new id."""
        old = self._group(chat)
        new = copy.deepcopy(old)
        new.id, new.supergroup, new.last_message = -(10**12) - abs(old.id), True, 0
        self._state.groups[new.id] = new
        self._line(old, self._someone(person), {"migrate_to_chat_id": new.id})
        old.moved_to = new.id
        self._line(new, int(person), {"migrate_from_chat_id": old.id})
        return str(new.id)

    def deliver(self, bot: LocalBot, chat: int, kind: str, message: Json) -> Json:
        """Give a person's message to the bot of a private chat, or to every bot of a group that sees it."""
        bots = [bot] if chat > 0 else [self._state.bots[one] for one in self._state.groups[chat].bots]
        for one in bots:
            if chat > 0 or self._sees(one, self._state.groups[chat], message):
                self._state.tell(one, kind, message, self._clock())
        return message

    def _sees(self, bot: LocalBot, group: LocalGroup, message: Json) -> bool:
        """In privacy mode a bot sees commands and answers to itself; an administrator sees everything."""
        to_it = message.get("reply_to_message", {}).get("from", {}).get("id") == bot.id
        words = message.get("text", "").startswith("/") or not {"text", "caption", "location"} & message.keys()
        return bot.reads_all or bool(group.bots[bot.id]) or to_it or words

    def _line(self, group: LocalGroup, person: int, content: Json) -> Json:
        """A line that Telegram writes about what a person did."""
        base = {"date": int(self._clock().timestamp()), "from": self._state.user(person)}
        bot = self._state.bots[next(iter(group.bots), next(iter(self._state.bots)))]
        return self.deliver(bot, group.id, "message", self._state.add(bot, group.id, base | content))

    def _us(self, group: LocalGroup, bot: LocalBot, by: int, before: LocalGroup) -> None:
        self._state.tell(bot, "my_chat_member", self._change(group, bot.id, by, before), self._clock())

    def _told_of(self, group: LocalGroup, person: int, before: LocalGroup) -> None:
        """Bots that are administrators learn who came and went."""
        for number, rights in group.bots.items():
            if rights:
                self._state.tell(self._state.bots[number], "chat_member", self._change(group, person, person, before), self._clock())

    def _change(self, group: LocalGroup, whose: int, by: int, before: LocalGroup) -> Json:
        then, now = (member(self._state, one, whose) for one in (before, group))
        base = {"chat": self._state.chat(group.id), "from": self._state.user(by), "date": int(self._clock().timestamp())}
        return base | {"old_chat_member": then, "new_chat_member": now}

    def _members(self, chat: str) -> LocalGroup:
        """The group as it was before a change."""
        return copy.deepcopy(self._group(chat))

    def _group(self, chat: str) -> LocalGroup:
        group = self._state.groups.get(int(chat)) if chat.removeprefix("-").isdecimal() else None
        if group is None:
            raise LookupError("there is no such group")
        return group

    def _someone(self, person: str) -> int:
        if not person.isdecimal() or int(person) not in self._state.people:
            raise LookupError("there is no such person")
        return int(person)

    def _a_bot(self, account: str) -> LocalBot:
        bot = self._state.bots.get(int(account)) if account.isdecimal() else None
        if bot is None:
            raise LookupError("there is no such bot")
        return bot
