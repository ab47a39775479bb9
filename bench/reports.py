"""A house that is given reports and sends nothing: raw Telegram updates in, incidents, receipts and cards in the outbox out."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bots.app import tidy_up
from bots.channel import Address
from bots.intake import Intake
from bots.telegram import translate
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from handlers import notices
from handlers.turn import Office
from incidents.incident import Role
from incidents.region import parse
from storage.migrate import upgrade
from storage.store import Store

START = datetime(2026, 3, 11, 5, 0, tzinfo=UTC)
TOKEN = "4503599627370401:bench-bench-bench-bench-bench-bench"  # noqa: S105  # of nobody
ACCOUNT = "telegram/altai"
BATCH = 100
"""Updates of one fetch, the most that Telegram gives."""

_WHAT = (
    "Огромная яма на дороге, машины объезжают по встречной",
    "Третий день не вывозят мусор, контейнеры переполнены",
    "Нет горячей воды с понедельника, управляющая компания молчит",
    "Не работает освещение, вечером совсем темно",
    "Двор не чистят от снега, скорая не может подъехать",
    "Автобус не приходит по расписанию, ждали сорок минут",
    "Протекает крыша в подъезде, вода течёт по стенам",
    "Упало дерево и перегородило тротуар",
)
_WHERE = ("Барнаул, ул. Ленина, {}", "Бийск, улица Советская, {}", "Рубцовск, проспект Ленина {}", "Новоалтайск, ул. Октябрьская, дом {}")


def updates(count: int, people: int, seed: int = 1) -> Sequence[Mapping[str, Any]]:
    """Raw Telegram updates: reports of so many people, each another text, as ``getUpdates`` gives them."""
    chance = random.Random(seed)  # noqa: S311  # chance, not secrecy
    made = []
    for number in range(count):
        user = 100_000 + number % people
        text = f"{chance.choice(_WHAT)}. {chance.choice(_WHERE).format(chance.randrange(1, 180))}. Просим принять меры, случай {number}."
        sender = {"id": user, "is_bot": False, "first_name": f"Житель{user}", "last_name": "Примеров", "language_code": "ru"}
        message = {
            "message_id": number + 1,
            "from": sender,
            "chat": {"id": user, "type": "private", "first_name": sender["first_name"], "last_name": "Примеров"},
            "date": int(START.timestamp()) + number // 1000,
            "text": text,
        }
        made.append({"update_id": number + 1, "message": message})
    return made


class Desk:
    """A store, a region whose organisations have chats, and an intake."""

    def __init__(self, url: str, *, hours: float = 0.0) -> None:
        """``hours``: how late after the first report it is."""
        self._now = START + timedelta(hours=hours, minutes=1)
        self.store = Store(url)
        self.region = parse((Path(__file__).parents[1] / "examples" / "altai.toml").read_text(encoding="utf-8"))
        self._sessions = TelegramSessions("http://127.0.0.1:9")  # nothing is ever called
        self.channel = TelegramChannel(ACCOUNT, TOKEN, sessions=self._sessions, fetch=_nothing, clock=self.now)
        self.office = Office(self.region, {}, {ACCOUNT: self.channel.limits}, notices.after)
        self.intake = Intake(self.store, {ACCOUNT: self.channel}, lambda: self.office, self.now)

    def now(self) -> datetime:
        """The hour does not matter here, and it stands still."""
        return self._now

    async def open(self) -> None:
        """Make the tables, and give every organisation a chat and an official."""
        await upgrade(self.store)
        async with self.store.transaction() as tx:
            for number, organisation in enumerate(self.region.organisations):
                chat = f"-100{number}"
                await tx.chats.seen(ACCOUNT, chat, title=organisation.title, forum=False, manages_topics=False)
                await tx.chats.connect(ACCOUNT, chat, organisation.id, START)
                person = await tx.people.meet(ACCOUNT, f"9{number}", f"Официал{number} Придуманов", "ru", START)
                await tx.people.appoint(person.id, Role.OFFICIAL, organisation.id, Address(ACCOUNT, f"9{number}"), START)
            await tx.chats.seen(ACCOUNT, "-200", title="Кураторы", forum=False, manages_topics=False)
            await tx.chats.connect(ACCOUNT, "-200", "", START, desk=True)
        tidy_up()  # as ``sutki run`` does when it has started

    async def close(self) -> None:
        await self._sessions.close()
        await self.store.close()

    async def accept(self, raws: Sequence[Mapping[str, Any]]) -> None:
        """What the channel does with the updates of one fetch."""
        fetched = [translate.update(raw, self.now()) for raw in raws]
        await self.intake.accept(ACCOUNT)(fetched, str(raws[-1]["update_id"]))

    async def take(self, raws: Sequence[Mapping[str, Any]]) -> None:
        """Accept and handle all of them, a fetch at a time."""
        for at in range(0, len(raws), BATCH):
            await self.accept(raws[at : at + BATCH])
            while await self.intake.step():
                pass


def _nothing(file: object) -> Any:
    raise AssertionError("no file is fetched here")
