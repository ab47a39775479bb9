"""A world around a child that is killed: both fake platforms, a database that the parent looks into as well, and what the platforms know.

async with World(zygote, tmp_path, database_url) as world:
    await world.appoint(...)                   # before the start: who works where
    await world.start(crash="accept.committed:1")
    world.citizen(5).says("…")
    await world.idle()                         # until nothing is left to do
    assert await world.broken() == []          # the invariants, and the platforms' own records
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy import make_url

from bots.channel import Address
from bots.vk.translate import key
from incidents.incident import Role
from storage.store import Store
from tests.promises import invariants
from tests.promises.invariants import Acknowledged, Platform, Posted
from tests.promises.zygote import ROOT, Child, Zygote, environment
from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import Call, TelegramServer
from tests.wire.vk_server import VkServer

TELEGRAM, VK = "telegram/altai", "vk/altai"
First = Sequence[Sequence[Any]]
QUICKLY: First = (("tests.promises.patches:seconds", "handlers.drafts:UNDO", 0.3), ("tests.promises.patches:unpaced",))
"""What every child here is changed by: half a minute in which an answer may be taken back, and the platforms' limits."""


class World:
    """See the module. ``child``: the newest one; ``starts``: how many there were."""

    def __init__(self, zygote: Zygote, folder: Path, database: str, *, prepared: bool = True) -> None:
        """``prepared``: the database has its tables, and is given the region."""
        self.zygote, self.folder, self.url = zygote, folder, make_url(database)
        self.telegram, self.vk = TelegramServer(TELEGRAM_TOKEN), VkServer(VK_TOKEN)
        self.database = Database(self.url)
        self.child: Child | None = None
        self.starts = 0
        self._prepared = prepared
        self._polls = (0, 0)
        self.given = environment(
            folder,
            database.replace("+aiosqlite", "").replace("+asyncpg", ""),
            SUTKI_TELEGRAM_ALTAI_TOKEN=TELEGRAM_TOKEN,
            SUTKI_VK_ALTAI_TOKEN=VK_TOKEN,
            SUTKI_LEASE="10",
        )

    async def __aenter__(self) -> Self:
        await self.telegram.start()
        await self.vk.start()
        self.given |= {"SUTKI_TELEGRAM_URL": self.telegram.url, "SUTKI_VK_URL": self.vk.url}
        if self._prepared:
            await self._prepare()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        if self.child and self.child.running:
            await self.child.kill()
        await self.database.close()
        await self.telegram.stop()
        await self.vk.stop()
        if failure and self.child:
            print("\n".join(self.child.log.splitlines()[-80:]))  # pytest shows it

    # --- the program -------------------------------------------------------------------------------------------------

    async def start(self, *, crash: str = "", first: First = (), record: bool = False) -> Child:
        """Another child. Whatever lease a killed one held is over: that another waits for its end is promise 6."""
        if not self.database.is_sqlite:
            await self.database.ask("UPDATE leases SET until = clock_timestamp()")
        self.starts += 1
        self._polls = (self.telegram.polls, self.vk.polls)
        self.child = await self.zygote.start(self.given, folder=self.folder, crash=crash, first=[*QUICKLY, *first], record=record)
        return self.child

    async def _prepare(self) -> None:
        """The region, and a place in VK's history to hear from: a community that was never heard begins with what comes next."""
        source = (ROOT / "examples" / "altai.toml").read_text(encoding="utf-8")
        async with self._store() as store, store.transaction() as tx:
            await tx.regions.loaded(source, _now())
            await tx.accounts.identified(VK, "vk", str(self.vk.group), "Алтай слышит", "https://vk.me/altai_wire", "")
            await tx.accounts.moved(VK, "1", _now())

    async def appoint(self, account: str, user: int, name: str, organisation: str, *, role: Role = Role.OFFICIAL) -> None:
        """Somebody has a role, as after opening an invitation."""
        async with self._store() as store, store.transaction() as tx:
            person = await tx.people.meet(account, str(user), name, "ru", _now())
            await tx.people.appoint(person.id, role, organisation, Address(account, str(user)), _now())
            await tx.people.greet(account, str(user), _now())

    async def connect(self, account: str, chat: int, organisation: str, *, forum: bool = False, desk: bool = False) -> None:
        """A working chat, as after /connect."""
        async with self._store() as store, store.transaction() as tx:
            await tx.chats.seen(account, str(chat), title="Чат", forum=forum, manages_topics=forum)
            await tx.chats.connect(account, str(chat), organisation, _now(), desk=desk)

    def _store(self) -> _Opened:
        return _Opened(Store(self.url.render_as_string(hide_password=False)))

    async def listens(self, seconds: float = 30.0) -> None:
        """Until the newest child has polled both platforms, or has ended."""
        until = time.monotonic() + seconds
        while self.child and self.child.running and not (self.telegram.polls > self._polls[0] and self.vk.polls > self._polls[1]):
            assert time.monotonic() < until, f"it does not listen:\n{self.child.log[-3000:]}"
            await asyncio.sleep(0.01)

    # --- what it looks like from outside -----------------------------------------------------------------------------

    async def idle(self, seconds: float = 30.0) -> None:
        """Until no update waits to be told, handled or sent. Raises AssertionError when nothing of it moves for so many seconds."""
        moved, before = time.monotonic(), None
        while left := await self.left():
            moved, before = (moved, before) if left == before else (time.monotonic(), left)
            if time.monotonic() > moved + seconds or not self.works:
                raise AssertionError(f"still to do: {left}")
            await asyncio.sleep(0.1)

    @property
    def works(self) -> bool:
        """Whether anybody is there to do it."""
        return self.child is not None and self.child.running

    async def left(self) -> dict[str, Any]:
        """What is still to do, and where."""
        left: dict[str, Any] = {}
        if self.telegram.waiting or self.vk.waiting:
            left["untold"] = (self.telegram.waiting, self.vk.waiting)
        waiting = "SELECT count(*) FROM inbox WHERE state = 'new' AND (account <> '' OR handle_after IS NULL OR key LIKE 'send-draft/%')"
        if new := (await self.database.ask(waiting))[0][0]:
            left["inbox"] = new
        if going := await self.database.ask(
            "SELECT account, state, count(*) FROM outbox WHERE state IN ('queued', 'sending') GROUP BY 1, 2"
        ):
            left["outbox"] = [tuple(row) for row in going]
        return left

    async def broken(self, platform: Platform | None = None) -> list[str]:
        """Every invariant that does not hold, from the database and the platforms' own records."""
        async with self._store() as store:
            return await invariants.broken(store, platform or self.platform(), now=_now())

    def platform(self) -> Platform:
        """What the platforms were told is taken, and what they show."""
        known = Platform()
        for update in self.telegram.confirmed:
            known.acknowledged.append(_telegram(update))
        for update in self.vk.updates[: self.vk.confirmed]:
            known.acknowledged.append(_vk(update))
        for call, number in self.telegram.shown:
            known.posted.append(Posted(TELEGRAM, call.params["chat_id"], str(number), call.text))
        for call, number in self.vk.shown:
            chat = call.params["peer_ids"]
            message = str(number) if int(chat) >= 2_000_000_000 else f"m{number}"
            known.posted.append(Posted(VK, chat, message, call.params["message"], int(call.params["random_id"])))
        return known

    async def doubled(self) -> list[str]:
        """Messages that stand in a chat more often than the table of outcomes allows (bots/outcomes.py).

        VK drops repeats: never. Telegram: a message whose row was doubted may stand there once more, an official's words to a citizen
        only when their author asked for it; nothing else may. What changes a message that nobody knows to stand there is a message itself.
        """
        sql = (
            "SELECT o.account, o.chat, o.text, o.purpose, o.doubted FROM outbox o LEFT JOIN outbox first ON first.id = o.instead_of_row"
            " WHERE o.kind = 'reply' AND o.whisper_to = '' AND (o.instead_of_row = 0 OR first.state <> 'sent')"
        )
        allowed: Counter[tuple[str, str, str]] = Counter()
        for account, chat, text, purpose, doubted in await self.database.ask(sql):
            allowed[account, chat, text] += 2 if doubted and purpose != "answer" and account == TELEGRAM else 1
        stands: Counter[tuple[str, str, str]] = Counter()
        for call, _ in self.telegram.shown:
            if call.method != "sendMediaGroup":  # counted by its rows' files in the invariants
                stands[TELEGRAM, call.params["chat_id"], call.text] += 1
        for call, _ in self.vk.shown:
            stands[VK, call.params["peer_ids"], call.params["message"]] += 1
        return [f"{count} × of {allowed[one]}: {' '.join(one)[:80]}" for one, count in stands.items() if count > allowed[one]]

    def on_receipt(self, check: Callable[[str], Awaitable[None]]) -> None:
        """Call ``check`` with the number of an incident the moment its receipt reaches a platform."""

        async def seen(call: Call) -> None:
            text = call.params.get("text") or call.params.get("message", "")
            if call.method in ("sendMessage", "messages.send") and text.startswith("Сообщение № "):
                await check(text.split()[2])

        self.telegram.seen = self.vk.seen = seen


def _telegram(update: dict[str, Any]) -> Acknowledged:
    """An update of Telegram; what a citizen wrote in private has to stand in a timeline."""
    key, message, query = str(update["update_id"]), update.get("message"), update.get("callback_query", {})
    press = str(query["id"]) if "chat_instance" in query else ""
    if not isinstance(message, dict) or "date" not in message or press:
        return Acknowledged(TELEGRAM, key, press=press)
    private = message.get("chat", {}).get("type") == "private"
    rest_of_an_album = "media_group_id" in message and "caption" not in message
    if not private or rest_of_an_album:
        return Acknowledged(TELEGRAM, key, press=press)
    return Acknowledged(TELEGRAM, key, str(message["chat"]["id"]), str(message["message_id"]))


def _vk(update: dict[str, Any]) -> Acknowledged:
    """The same of VK."""
    about = update.get("object", {})
    message = about.get("message") or {}
    if update.get("type") == "message_event":
        return Acknowledged(VK, update["event_id"], press=json.dumps([about["event_id"], about["user_id"], about["peer_id"]]))
    peer, number = message.get("peer_id"), message.get("id")
    if update.get("type") != "message_new" or not number:
        return Acknowledged(VK, key(update))
    return Acknowledged(VK, key(update), str(peer), f"m{number}")


def _now() -> datetime:
    return datetime.now(UTC)


class Database:
    """A second connection to the child's database, opened anew when it broke."""

    def __init__(self, url: Any) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._file = url.database
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def ask(self, sql: str) -> Sequence[Any]:
        """Rows of a statement; on SQLite it holds no lock afterwards.

        It may write there only to roll back what a killed process left half written, as whoever comes first has to.
        """
        if self.is_sqlite:
            return await asyncio.to_thread(self._read, sql)
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._dsn)
            return await self._connection.fetch(sql)

    async def ask_patiently(self, sql: str) -> Sequence[Any]:
        """The same as soon as the server lets anybody in."""
        while True:
            try:
                return await self.ask(sql)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.02)

    def _read(self, sql: str) -> Sequence[Any]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=rw", uri=True, timeout=90)) as connection:
            return connection.execute(sql).fetchall()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=5)


class _Opened:
    """A store for the length of a block."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __aenter__(self) -> Store:
        return self._store

    async def __aexit__(self, *_: object) -> None:
        await self._store.close()
