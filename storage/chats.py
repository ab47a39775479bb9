"""Working chats: which group belongs to which organisation, and where in it an incident is talked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from storage.connection import Connection
from storage.sql import insert_new, upsert
from storage.tables import chats, conversations, drafts, incidents, keyboards, outbox, sent, threads


@dataclass(frozen=True, slots=True)
class Chat:
    """A group the bot is in. It works for an organisation, or is the curators' desk, once it was connected."""

    account: str
    chat: str
    title: str
    forum: bool
    manages_topics: bool
    organisation: str
    desk: bool
    left_at: datetime | None

    @property
    def has_topics(self) -> bool:
        """Whether each incident gets a topic of its own here."""
        return self.forum and self.manages_topics


@dataclass(frozen=True, slots=True)
class Thread:
    """Where an incident is talked about in one chat: its forum topic, if any, and its card (an outbox row)."""

    incident: int
    account: str
    chat: str
    thread: str
    card: int
    title: str
    retired: bool


_DESKS, _ALL = object(), object()
_CHAT = [chats.c[name] for name in Chat.__dataclass_fields__]
_THREAD = [threads.c.incident_id, *(threads.c[name] for name in list(Thread.__dataclass_fields__)[1:])]
_THREADS = select(*_THREAD).where(threads.c.incident_id == bindparam("incident"))


class Chats:
    """Reads and writes working chats and threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chats = connection.memory(chats)
        """(account, chat) → group; organisation → its groups; ``_DESKS``; ``_ALL`` when all that work for anybody were read"""
        self._threads = connection.memory(threads)
        """incident → its threads"""

    async def groups_ahead(self) -> None:
        """Read at once the groups that work for somebody, for many turns."""
        rows = await self._connection.look(select(*_CHAT).where(or_(chats.c.organisation != "", chats.c.desk), chats.c.left_at.is_(None)))
        self._chats[_DESKS], self._chats[_ALL] = [], True
        for chat in (Chat(*row) for row in rows):
            self._chats[chat.account, chat.chat] = chat
            if chat.organisation:
                self._chats.setdefault(chat.organisation, []).append(chat)
            if chat.desk:
                self._chats[_DESKS].append(chat)

    async def get(self, account: str, chat: str) -> Chat | None:
        if (account, chat) not in self._chats:
            row = (await self._connection.look(select(*_CHAT).where(chats.c.account == account, chats.c.chat == chat))).first()
            self._chats[account, chat] = Chat(*row) if row else None
        found: Chat | None = self._chats[account, chat]
        return found

    async def seen(self, account: str, chat: str, *, title: str, forum: bool, manages_topics: bool) -> None:
        """The bot is in this group, with these rights."""
        values = {"title": title, "forum": forum, "manages_topics": manages_topics, "left_at": None}
        await upsert(self._connection, chats, {"account": account, "chat": chat}, values)

    async def meet(self, account: str, chat: str) -> None:
        """A group somebody wrote in, though nobody told us of our coming."""
        await insert_new(self._connection, chats, {"account": account, "chat": chat}, {})

    async def has_forum(self, account: str, chat: str) -> None:
        """The group turned out to have topics. Whether we may make them shows with the first one: ``lost_topics``."""
        await self.meet(account, chat)
        statement = update(chats).where(chats.c.account == account, chats.c.chat == chat, ~chats.c.forum)
        await self._connection.execute(statement.values(forum=True, manages_topics=True))

    async def lost_topics(self, account: str, chat: str) -> None:
        """Topics cannot be made here (any more)."""
        await self._set(account, chat, manages_topics=False)

    async def connect(self, account: str, chat: str, organisation: str, at: datetime, *, desk: bool = False) -> None:
        """The group works for this organisation from now on, or for the curators."""
        await self._set(account, chat, organisation=organisation, desk=desk, connected_at=at, left_at=None)

    async def left(self, account: str, chat: str, at: datetime) -> Chat | None:
        """The bot is no longer in the group. Returns what the group was."""
        known = await self.get(account, chat)
        await self._set(account, chat, left_at=at, organisation="", desk=False)
        return known

    async def of(self, organisation: str) -> Sequence[Chat]:
        """The working chats of an organisation."""
        if organisation not in self._chats and organisation and _ALL in self._chats:
            self._chats[organisation] = []
        if organisation not in self._chats:
            rows = await self._connection.look(select(*_CHAT).where(chats.c.organisation == organisation, chats.c.left_at.is_(None)))
            self._chats[organisation] = [Chat(*row) for row in rows]
        return list(self._chats[organisation])

    async def desks(self) -> Sequence[Chat]:
        """The curators' chats."""
        if _DESKS not in self._chats:
            rows = await self._connection.look(select(*_CHAT).where(chats.c.desk, chats.c.left_at.is_(None)))
            self._chats[_DESKS] = [Chat(*row) for row in rows]
        return list(self._chats[_DESKS])

    async def move(self, account: str, old: str, new: str) -> None:
        """The group has another id now: everything that stands in it goes along. A move told twice changes nothing.

        What the new id has already is newer and stays: a message that was redirected there before we were told of the move.
        """
        if old == new:
            return
        known = await self.get(account, old)
        if known is not None:
            values = {name: getattr(known, name) for name in ("title", "forum", "manages_topics", "organisation", "desk")}
            await upsert(self._connection, chats, {"account": account, "chat": new}, values)
            await self._connection.execute(delete(chats).where(chats.c.account == account, chats.c.chat == old))
        for table in (threads, conversations, sent):
            other = table.alias()
            same = [other.c[column.name] == column for column in table.primary_key if column.name != "chat"]
            there = select(1).where(other.c.chat == new, *same).exists()
            await self._connection.execute(delete(table).where(table.c.account == account, table.c.chat == old, there))
        for table in (threads, keyboards, conversations, drafts, outbox, sent):
            statement = update(table).where(table.c.account == account, table.c.chat == old)
            await self._connection.execute(statement.values(chat=new))

    # --- threads ---------------------------------------------------------------------------------------------------

    async def thread(self, incident: int, account: str, chat: str) -> Thread | None:
        """Where the incident is talked about in that chat."""
        return next((one for one in await self.threads_of(incident) if (one.account, one.chat) == (account, chat)), None)

    async def threads_of(self, incident: int) -> Sequence[Thread]:
        """Every place where the incident has a card."""
        if incident not in self._threads:
            fresh = self._connection.still_waits(incidents, id=incident)  # then it has none but those that are told here
            rows = () if fresh else await self._connection.execute(_THREADS, {"incident": incident})
            self._threads[incident] = [Thread(*row) for row in rows]
        return list(self._threads[incident])

    async def ahead(self, numbers: Collection[int]) -> None:
        """Read at once where these incidents have their cards."""
        self._threads.update((number, []) for number in numbers)
        for row in await self._connection.execute(select(*_THREAD).where(threads.c.incident_id.in_(numbers))):
            self._threads[row.incident_id].append(Thread(*row))

    async def in_topic(self, account: str, chat: str, thread: str) -> int:
        """The incident a forum topic is about; 0 when it is about none."""
        statement = select(threads.c.incident_id).where(
            threads.c.account == account, threads.c.chat == chat, threads.c.thread == thread, threads.c.thread != ""
        )
        return (await self._connection.execute(statement)).scalar() or 0

    async def put_thread(self, incident: int, account: str, chat: str, *, card: int, title: str, retired: bool = False) -> None:
        """The incident has its card in that chat; a topic, if it gets one, is filled in when it is made."""
        key = {"incident_id": incident, "account": account, "chat": chat}
        values = {"card": card, "title": title, "retired": retired}
        known = await self.thread(incident, account, chat)
        if row := self._connection.still_waits(threads, **key):
            row |= values
        elif known is None and self._connection.still_waits(incidents, id=incident):
            self._connection.add(threads, key | {"thread": ""} | values)
        else:
            await upsert(self._connection, threads, key, values)
            return
        made = Thread(incident, account, chat, "", card, title, retired)
        self._threads[incident] = [one for one in self._threads[incident] if one != known] + [made]

    async def opened(self, incident: int, account: str, chat: str, thread: str) -> None:
        """The incident's topic was made; empty: it is gone."""
        await self._set_thread(incident, account, chat, thread=thread)

    async def new_card(self, incident: int, account: str, chat: str, card: int) -> None:
        """The incident's card was posted anew in that chat."""
        await self._set_thread(incident, account, chat, card=card)

    async def retire(self, incident: int, account: str, chat: str) -> None:
        """The incident is no longer this chat's business; its card stays as it is."""
        await self._set_thread(incident, account, chat, retired=True)

    async def retire_all(self, account: str, chat: str, organisation: str) -> None:
        """Nothing of an organisation is this chat's business any more, neither what is open nor what was answered."""
        theirs = select(incidents.c.id).where(incidents.c.id == threads.c.incident_id, incidents.c.organisation == organisation)
        statement = update(threads).where(threads.c.account == account, threads.c.chat == chat, theirs.exists())
        await self._connection.execute(statement.values(retired=True))

    async def recent(self, account: str, chat: str, limit: int = 2) -> Sequence[int]:
        """The incidents this chat has cards of and still owes something, newest first."""
        statement = (
            select(threads.c.incident_id)
            .join(incidents, incidents.c.id == threads.c.incident_id)
            .where(
                threads.c.account == account, threads.c.chat == chat, ~threads.c.retired, incidents.c.status.not_in(("answered", "closed"))
            )
            .order_by(incidents.c.said_at.desc(), incidents.c.id.desc())
            .limit(limit)
        )
        return list((await self._connection.execute(statement)).scalars())

    async def _set(self, account: str, chat: str, **values: object) -> None:
        await upsert(self._connection, chats, {"account": account, "chat": chat}, values)

    async def _set_thread(self, incident: int, account: str, chat: str, **values: object) -> None:
        statement = update(threads).where(threads.c.incident_id == incident, threads.c.account == account, threads.c.chat == chat)
        await self._connection.execute(statement.values(values))
