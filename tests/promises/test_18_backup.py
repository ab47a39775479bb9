"""Promise 18: a backup restores. Backups under load, each restored beside the life that went on, with messengers that remember.

After each restore: the file is whole, the invariants hold, no call is made twice, no answer comes twice, no number means two
people, nobody is reminded of what is past, and the curators hear of it once.
"""

from __future__ import annotations

import asyncio
import copy
import random
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bots.channel import Address, Limits, Outgoing, Reply
from handlers import alarms
from handlers.turn import Moment
from incidents.incident import Role
from storage.backup import back_up
from storage.restore import restore
from storage.store import Store
from tests import postgresql
from tests.fakes import FakeChannel
from tests.promises.conftest import size
from tests.promises.invariants import broken
from tests.stories.house import Actor, House

REGION = (Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8")
OWNER = "zhkh-barnaul"
CHATS = (("telegram/altai", "-100"), ("vk/altai", "2000000007"))
DRILLS = size(quick=2, full=50)
AWAY = timedelta(hours=20)
"""How long it takes until somebody restores: long enough for deadlines to pass."""
HELD = ("Ответ по №", "Сообщение №", "", "№", "Отправить жителю?")
"""What is on its way while a backup is made: an answer, a receipt, whatever comes, a card, a preview; one after another."""
WAITS = 40
"""Milliseconds of real time at most until a backup begins beside the next deed."""


class Gate:
    """Holds up the messages that begin so: they are on their way while the backup is made."""

    def __init__(self, before: str) -> None:
        self.before, self.asked, self.opens = before, asyncio.Event(), asyncio.Event()


class Messenger(FakeChannel):
    """Remembers every message it was asked to put somewhere, over both lives of the house."""

    def __init__(self, account: str, limits: Limits) -> None:
        super().__init__(account, limits)
        self.posted: list[tuple[int, str, str]] = []
        self.gate: Gate | None = None

    def remembers(self, other: FakeChannel) -> None:
        """It is the same messenger, at this instant."""
        self.__dict__.update(
            {name: copy.copy(value) for name, value in vars(other).items()} | {"shown": copy.deepcopy(other.shown), "gate": None}
        )

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        if self.gate and isinstance(out, Reply) and out.text.startswith(self.gate.before):
            self.gate.asked.set()
            await self.gate.opens.wait()
        made = await super().send(to, out, key)
        if isinstance(out, Reply) and not out.instead_of and not out.whisper_to:
            self.posted.append((key, to.chat, out.text))
        return made


class Region:
    """Citizens who report and officials who answer, by chance."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self.house, self.chance = House(store, channel=Messenger), chance
        self.officials: list[tuple[Actor, str]] = []
        self.said = 0

    async def open(self) -> None:
        async with self.house.store.transaction() as tx:
            await tx.regions.loaded(REGION, self.house.clock())
        await self.house.open()
        for number, (account, chat) in enumerate(CHATS):
            await self.house.chat(account, chat, OWNER, forum=account.startswith("telegram"))
            self.officials.append((await self.house.official(account, f"1{number}", f"Иванова {number}", OWNER), chat))
        await self.house.official("telegram/altai", "90", "Куратор", "", Role.CURATOR)

    async def acts(self) -> None:
        """Somebody does something; a few deeds later it is done."""
        roll = self.chance.random()
        if roll < 0.45 or not self.said:
            await self.reports()
        elif roll < 0.85:
            await self.answers()
        else:
            await self.house.later(minutes=self.chance.choice((1, 20, 90)))

    async def reports(self) -> None:
        self.said += 1
        account = self.chance.choice(CHATS)[0]
        citizen = self.house.person(account, str(5000 + self.said), f"Житель {self.said}")
        await citizen.says(f"Барнаул, на Ленина {self.said} прорвало трубу отопления, слово{self.said}")

    async def answers(self) -> None:
        """To some card, all the way to the citizen; half a minute passes in which it may be taken back."""
        official, chat = self.chance.choice(self.officials)
        cards = [one for one in self.house.chat_shows(official.account, chat) if "Беру" in one.labels]
        if not cards:
            return
        self.said += 1
        await official.says(
            f"Приехали и починили, ответ{self.said}", to=chat, thread=(card := self.chance.choice(cards)).address.thread, reply_to=card
        )
        shown = reversed(self.house.chat_shows(official.account, chat))
        preview = next((one for one in shown if "Ответ" in one.labels and not self.arrived(one.text)), None)
        if preview is not None:
            await official.presses("Ответ", at=preview)
        if self.chance.random() < 0.7:
            await self.house.later(seconds=31)

    def arrived(self, preview: str) -> bool:
        """Whether an answer given back after a restore stands in a citizen's chat: its author is asked to look there first."""
        given_back = re.match(r"База восстановлена .*№ (\d+)\. Отправить", preview, re.DOTALL)
        return given_back is not None and any(said.startswith(f"Ответ по № {given_back[1]} от") for *_, said in self.posted)

    # --- what the messengers know ------------------------------------------------------------------------------------

    @property
    def posted(self) -> list[tuple[str, int, str, str]]:
        return [(account, *one) for account, channel in self.house.channels.items() for one in channel.posted]  # type: ignore[attr-defined]


def _numbers(posted: list[tuple[str, int, str, str]]) -> dict[str, set[str]]:
    """Incident number → the citizens who were told that it is theirs."""
    told: dict[str, set[str]] = {}
    for account, _, chat, words in posted:
        if found := re.match(r"Сообщение № (\d+) принято", words):
            told.setdefault(found.group(1), set()).add(f"{account} {chat}")
    return told


async def _restored(region: Region, store: Store, at: timedelta) -> Region:
    """The house that goes on from the backup, among messengers that remember what happened since."""
    again = Region(store, region.chance)
    for account, channel in again.house.channels.items():
        assert isinstance(channel, Messenger)
        channel.remembers(region.house.channels[account])
    again.house.clock.now = region.house.clock.now + at
    again.said = region.said + 1000
    await again.house.open()
    again.officials = [(again.house.person(one.account, one.id, one.name), chat) for one, chat in region.officials]
    return again


Place = Callable[[str], Awaitable[str]]
"""Makes a fresh migrated database of this name and tells its address."""


@pytest.fixture
async def sqlite_place(sqlite_template: Path, tmp_path: Path) -> Place:
    """A file for each name; only the house's own is there before something is restored into it."""

    async def place(name: str) -> str:
        file = tmp_path / f"{name}.db"
        if name == "life":
            await asyncio.to_thread(shutil.copyfile, sqlite_template, file)
        return f"sqlite+aiosqlite:///{file}"

    return place


@pytest.fixture
async def postgresql_place(postgresql_server: postgresql.Server, postgresql_template: str) -> AsyncIterator[Place]:
    """A database for each name."""
    made: list[str] = []

    async def place(name: str) -> str:
        made.append(f"drill_{name}")
        await postgresql_server.create(made[-1], template=postgresql_template)
        return postgresql_server.url(made[-1])

    yield place
    for one in made:
        await postgresql_server.drop(one)


async def test_on_sqlite(sqlite_place: Place, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]) -> None:
    await _drills(sqlite_place, tmp_path, seeded, figures)


async def test_on_postgresql(postgresql_place: Place, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]) -> None:
    await _drills(postgresql_place, tmp_path, seeded, figures)


async def _drills(place: Place, tmp_path: Path, seeded: random.Random, figures: Callable[..., None]) -> None:
    """A backup is made under load and restored, again and again, while life goes on."""
    life = Store(await place("life"))
    region = Region(life, seeded)
    await region.open()
    seen: Counter[str] = Counter()
    for drill in range(DRILLS):
        for _ in range(seeded.randrange(2, 6)):
            await region.acts()
        file = tmp_path / f"copy-{drill}.sqlite3"
        beside = Store(life.url.render_as_string(hide_password=False))
        await _back_up_in_the_middle(beside, file, region, HELD[drill % len(HELD)])
        for _ in range(seeded.randrange(1, 5)):  # what the backup knows nothing of
            await region.acts()
        await beside.close()
        seen.update(await _drill(region, file, await place(str(drill))))
    await life.close()
    figures(backups=DRILLS, **{name: seen[name] for name in ("messages", "answers", "unsent", "reminders")})


async def _back_up_in_the_middle(store: Store, file: Path, region: Region, held: str) -> None:
    """While a message that begins like this is on its way; or, with none to hold up, some time while people act."""
    gate = Gate(held)
    for channel in region.house.channels.values():
        assert isinstance(channel, Messenger)
        channel.gate = gate if held else None
    deeds = [region.answers, region.reports] if held.startswith("Ответ") else [region.reports, region.answers]
    acting = asyncio.create_task(_one_by_one(deeds))
    asked = asyncio.create_task(gate.asked.wait())
    if held:
        await asyncio.wait([acting, asked], return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(region.chance.randrange(WAITS) / 1000)
    await back_up(store, file, region.house.clock())
    gate.opens.set()
    asked.cancel()
    await acting


async def _one_by_one(deeds: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for deed in deeds:
        await deed()


async def _drill(region: Region, file: Path, url: str) -> dict[str, int]:
    done = await restore(url, file, region.house.clock() + AWAY, force=False)
    store = Store(url)
    again = await _restored(region, store, AWAY)
    before = Counter(again.posted)
    async with store.transaction() as tx:
        assert await alarms.after_a_restore(Moment(tx, again.house.office, again.house.clock()))
    await again.house.settle()
    at_once = list((Counter(again.posted) - before).elements())
    summaries = [words for *_, words in at_once if words.startswith("База восстановлена из копии от ")]
    assert len(summaries) == 1, at_once
    late = [words for *_, words in at_once if words.startswith(("🔴", "⏳", "⌛"))]
    assert late == [], "reminders of what is past"
    for _ in range(3):
        await again.acts()
    await again.house.later(hours=size(quick=5, full=30))
    async with store.transaction() as tx:
        assert not await alarms.after_a_restore(Moment(tx, again.house.office, again.house.clock()))
    keys = Counter((account, key) for account, key, *_ in again.posted)
    assert [key for key, count in keys.items() if count > 1] == []
    answers = Counter(
        (chat, word) for _, _, chat, words in again.posted for word in re.findall(r"ответ\d+", words) if words.startswith("Ответ по №")
    )
    assert [one for one, count in answers.items() if count > 1] == []
    shared = {number: who for number, who in _numbers(again.posted).items() if len(who) > 1}
    assert shared == {}
    assert await broken(store, idle=True, now=again.house.clock()) == []
    await store.close()
    settled = done.settled
    return {
        "messages": len(again.posted),
        "answers": settled.answers + settled.drafts,
        "unsent": settled.unsent,
        "reminders": settled.reminders,
    }
