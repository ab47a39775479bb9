"""Anything may happen in any order, with ends and beginnings of the process between: the invariants hold after each step."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from bots.channel import Location
from incidents.incident import Role
from tests.fakes import Shown
from tests.postgresql import Server
from tests.promises.conftest import SEED, size
from tests.promises.invariants import broken
from tests.promises.town import MARK, Crash, Fault, Town, quietly, without_a_thread
from tests.stories.house import Actor
from tests.stories.office import FORUM, OWNER, TG, VK, VK_CHAT

BIYSK, DESK, ROADS = "vk/biysk", "-900", "dorogi-barnaul"
PHRASES = (
    "Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день",
    "Яма на дороге, Барнаул, Ленина 15",
    "Когда починят дорогу до посёлка",
    "Запах газа в подъезде, Барнаул, Ленина 15",
    "Не вывозят мусор",
)
SMALL_TALK = ("спасибо", "да", "15", "что с моей заявкой?", "/my", "/start", "/help", "№ 1", "🙂")
COMMANDS = ("/queue", "/overdue", "/due", "/my", "1", "2")
WORDS = "Бригада выехала, воду перекрыли"
some = st.integers(0, 40)
"""Which one of however many there are."""


class Machine(RuleBasedStateMachine):
    """Citizens who look alike, three organisations and a desk, messengers that fail, and a process that ends anywhere."""

    fresh: Callable[[], str]
    """The address of a fresh database with the people of ``settle_in`` in it."""
    told: Counter[str]
    """What the runs came to."""

    @initialize(chance=st.integers(0, 2**16))
    def begin(self, chance: int) -> None:
        self.runner = asyncio.Runner()
        self.runner.get_loop().set_exception_handler(lambda *_: None)  # what ends with the process is nobody's to collect
        self.town = Town(type(self).fresh(), seed=chance)
        self.citizens, self.officials, self.curators = people(self.town)
        self.meant: dict[str, tuple[str, str]] = {}
        """Of an official's words, by their mark: the citizen's conversation they are meant for."""
        self.looked = 0
        self.everybody = [*self.citizens, *self.officials, *self.curators]
        self.run(self.town.open())
        for citizen in self.citizens[:4:2]:  # the same words of two who cannot be told apart
            self.run(self.happens(citizen.said(f"{PHRASES[0]} {self.town.mark()}"), now=True))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.town.close())
            self.told["restarts"] += self.town.restarts
            self.runner.close()

    def run(self, what: Coroutine[Any, Any, None]) -> None:
        """One step; where the process ends in it, the next one begins and goes on."""
        self.told["steps"] += 1
        try:
            self.runner.run(what)
        except Crash:
            self.told["crashes"] += 1
            self.told[f"at {self.town.fuse.burnt_at}"] += 1
            self.runner.run(self.town.start_again())
            self.runner.run(self.town.settle())

    async def happens(self, event: Any, *, now: bool) -> None:
        await self.town.receives([event])
        if now:
            await self.town.settle()

    # --- citizens ---------------------------------------------------------------------------------------------------------

    @rule(who=some, phrase=st.sampled_from(PHRASES), now=st.booleans())
    def reports(self, who: int, phrase: str, now: bool) -> None:
        said = nth(self.citizens, who).said(f"{phrase} {self.town.mark()}")
        self.run(self.happens(said, now=now))

    @rule(who=some, at=some, now=st.booleans())
    def replies(self, who: int, at: int, now: bool) -> None:
        citizen = nth(self.citizens, who)
        seen = citizen.sees()
        to = nth(seen[::-1], at) if seen else None
        self.run(self.happens(citizen.said(f"Яма на дороге стала больше, второй день {self.town.mark()}", reply_to=to), now=now))

    @rule(who=some, words=st.sampled_from(SMALL_TALK))
    def talks(self, who: int, words: str) -> None:
        self.run(self.happens(nth(self.citizens, who).said(words), now=True))

    @rule(who=some, photos=st.integers(1, 3), point=st.booleans())
    def sends_photos(self, who: int, photos: int, point: bool) -> None:
        where = Location(53.35, 83.77) if point else None
        self.run(self.happens(nth(self.citizens, who).said("", photos=photos, location=where), now=True))

    @rule(who=some, parts=st.integers(2, 3))
    def sends_an_album(self, who: int, parts: int) -> None:
        citizen, name = nth(self.citizens, who), self.town.mark()
        texts = [f"Не вывозят мусор {name}", *[""] * (parts - 1)]
        events = [citizen.said(words, photos=1, album=f"album-{name}") for words in texts]

        async def all_at_once() -> None:
            await self.town.receives(events)
            await self.town.settle()

        self.run(all_at_once())

    @rule(which=some, again=st.sampled_from(PHRASES))
    def edits(self, which: int, again: str) -> None:
        own = [event for event, _ in self.town.arrived if hasattr(event, "files") and event.address.chat == event.sender.id]
        if own:
            event = nth(own[::-1], which)
            who = next(one for one in self.everybody if (one.account, one.id) == (event.address.account, event.sender.id))
            self.run(who.edits(event, f"{again} {self.town.mark()}"))

    @rule(who=some, blocks=st.booleans())
    def blocks(self, who: int, blocks: bool) -> None:
        citizen = nth(self.citizens, who)
        blocked = self.town.wires[citizen.account].blocked
        if blocks and citizen.id not in blocked:
            blocked.add(citizen.id)
            self.run(citizen.blocks())
        elif citizen.id in blocked:
            blocked.remove(citizen.id)
            self.run(citizen.unblocks())

    # --- officials and curators ------------------------------------------------------------------------------------------

    @rule(who=some, at=some, now=st.booleans())
    def answers_a_message(self, who: int, at: int, now: bool) -> None:
        official = nth([*self.officials, *self.curators], who)
        chat = place_of(official)
        seen = self.town.chat_shows(official.account, chat)
        if seen:
            to = nth(seen[::-1], at)

            async def answers() -> None:
                await self.happens(await self._words(official, to), now=now)

            self.run(answers())

    async def _words(self, official: Actor, to: Shown) -> Any:
        """A reply to a message of ours; whom it is meant for stands in the message it replies to."""
        chat, mark = place_of(official), self.town.mark()
        async with self.town.store.transaction() as tx:
            number, _ = await tx.outbox.about(official.account, chat, to.id)
            case = await tx.incidents.get(number)
        if case:
            self.meant[mark] = (case.report.address.account, case.report.address.chat)
        where = "" if chat == official.id else chat
        return official.said(f"{WORDS} {mark}", to=where, thread=to.address.thread, reply_to=to)

    async def _chosen(self, payload: str) -> None:
        """Somebody is about to press: «к какому сообщению это ответ» says whom it is meant for."""
        await self.town.press_is_known(payload)
        async with self.town.store.transaction() as tx:
            offered = await tx.conversations.offered(payload)
            if offered and offered.choice.action == "draft-which":
                draft = await tx.conversations.draft(offered.choice.arguments["draft"])
                case = await tx.incidents.get(offered.choice.arguments["number"])
                if draft and case and draft.state == "open":
                    chosen = (case.report.address.account, case.report.address.chat)
                    self.meant.update(dict.fromkeys(MARK.findall(draft.text), chosen))

    @rule(who=some, at=some, kind=st.sampled_from(("draft-answer", "draft-question", "draft-interim")), waits=st.booleans())
    def answers_a_citizen(self, who: int, at: int, kind: str, waits: bool) -> None:
        """All the way: the words, what they are, the half minute."""
        official = nth(self.officials, who)
        cards = [one for one in self.town.chat_shows(official.account, place_of(official)) if one.text.startswith("№ ")]
        if not cards:
            return

        async def all_the_way() -> None:
            await self.town.happens(await self._words(official, nth(cards[::-1], at)))
            await self._press(official, kind)
            if kind == "draft-interim":
                await self._press(official, "draft-date")
            if waits:
                await self.town.later(seconds=31)

        self.run(all_the_way())

    @rule(who=some, words=st.sampled_from(COMMANDS))
    def asks_for_a_list(self, who: int, words: str) -> None:
        who_ = nth([*self.officials, *self.curators], who)
        chat = place_of(who_)
        self.run(self.happens(who_.said(words, to="" if chat == who_.id else chat), now=True))

    @rule(who=some)
    def leaves_and_returns(self, who: int) -> None:
        official = nth(self.officials, who)
        organisation = ORGANISATION[official.id]

        async def goes() -> None:
            async with self.town.store.transaction() as tx:
                person = await tx.people.known(official.account, official.id)
                posts = await tx.people.posts_of(person.id) if person else ()
            if posts:
                await official.leaves(place_of(official))
            else:
                await self.town.official(official.account, official.id, official.name, organisation)

        self.run(goes())

    # --- presses ----------------------------------------------------------------------------------------------------------

    @rule(what=some, at=some)
    def presses(self, what: int, at: int) -> None:
        """Any meaning that stands on a button somewhere, each as likely as another; of its buttons one of the newest."""
        self.run(self._press_somewhere(what, at))

    @rule(what=some, at=some)
    def presses_something_else(self, what: int, at: int) -> None:
        """The same: people press more often than anything else."""
        self.run(self._press_somewhere(what, at))

    async def _press_somewhere(self, what: int, at: int) -> None:
        meaning = await self._meanings()
        offered: dict[str, list[tuple[Actor, Shown, str]]] = defaultdict(list)
        for one in self.everybody:
            for shown in self.town.chat_shows(one.account, place_of(one))[-12:]:
                for button in itertools.chain.from_iterable(shown.reply.keyboard):
                    offered[meaning.get(button.payload, "")].append((one, shown, button.payload))
        if offered:
            action = nth(sorted(offered), what)
            actor, shown, payload = nth(offered[action][::-1], at)
            self.told[f"pressed {action}"] += 1
            await self._chosen(payload)
            await actor.presses_payload(payload, shown)

    async def _press(self, actor: Actor, action: str) -> None:
        """The newest button of that meaning in this person's place, if it is there."""
        meaning = await self._meanings()
        for shown in reversed(self.town.chat_shows(actor.account, place_of(actor))[-6:]):
            for row in shown.reply.keyboard:
                for button in row:
                    if meaning.get(button.payload) == action:
                        await actor.presses_payload(button.payload, shown)
                        return

    async def _meanings(self) -> dict[str, str]:
        async with self.town.store.transaction() as tx:
            rows = (await tx.connection.execute(text("SELECT token, buttons FROM keyboards"))).all()
        return {f"{row.token}.{at}": action for row in rows for at, (action, _) in enumerate(_loaded(row.buttons))}

    @precondition(lambda self: not self.town.held)
    @rule(who=some, which=some, account=st.sampled_from((TG, VK)))
    def presses_what_does_not_count(self, who: int, which: int, account: str) -> None:
        """A button that is used, expired, or stands where this person does not read."""
        buttons = self.town.wires[account].buttons
        everybody = [one for one in self.everybody if one.account == account]
        if buttons:
            actor, (chat, message, payload) = nth(everybody, who), nth(buttons[::-1], which * 3)
            self.run(self._press_in_vain(actor, chat, message, payload))

    async def _press_in_vain(self, actor: Actor, chat: str, message: str, payload: str) -> None:
        here = place_of(actor)
        dead = await self._counts_not(actor, here, payload)
        shown = next((one for one in self.town.chat_shows(actor.account, chat) if one.id == message), None)
        if shown is None:
            return
        before = await self._state()
        await self._chosen(payload)
        whisper = await actor.presses_payload(payload, shown, to=here)
        if dead:
            self.told["presses that do not count"] += 1
            assert await self._state() == before, f"11. a button that does not count had an effect: {payload} in {here}"
        elif here != chat:
            raise AssertionError(f"11. a button of another chat counts: {payload} in {here}, {whisper}")

    async def _counts_not(self, actor: Actor, here: str, payload: str) -> bool:
        async with self.town.store.transaction() as tx:
            token = payload.partition(".")[0]
            row = (await tx.connection.execute(text("SELECT * FROM keyboards WHERE token = :token"), {"token": token})).first()
            offered = await tx.conversations.offered(payload)
        expired = offered is None or (offered.expires_at is not None and offered.expires_at <= self.town.clock())
        foreign = row is None or (row.account, row.chat) != (actor.account, here) or (row.user_id and row.user_id != actor.id)
        return bool(expired or foreign or row is None or row.used_at)

    async def _state(self) -> list[Any]:
        """What a press could change."""
        tables = ("incidents ORDER BY id", "history ORDER BY id", "messages ORDER BY id", "drafts ORDER BY id", "roles ORDER BY id")
        async with self.town.store.transaction() as tx:
            return [(await tx.connection.execute(text(f"SELECT * FROM {table}"))).all() for table in tables]

    # --- the messengers ---------------------------------------------------------------------------------------------------

    @rule(which=some)
    def an_update_comes_again(self, which: int) -> None:
        if self.town.arrived:
            event, update = nth(self.town.arrived[::-1], which)

            async def again() -> None:
                await self.town.arrives_again(event, update)
                await self.town.settle()

            self.run(again())

    @rule(account=st.sampled_from((TG, VK)), faults=st.lists(st.sampled_from(Fault), min_size=1, max_size=4))
    def calls_will_fail(self, account: str, faults: list[Fault]) -> None:
        self.town.wires[account].faults.extend(faults)

    @rule(account=st.sampled_from((TG, VK)))
    def goes_away_or_comes_back(self, account: str) -> None:
        wire = self.town.wires[account]
        wire.away = not wire.away

    @rule(which=some)
    def a_topic_is_deleted(self, which: int) -> None:
        wire = self.town.wires[TG]
        if wire.threads:
            wire.delete_thread(*nth(sorted(wire.threads), which))

    # --- time, and the process --------------------------------------------------------------------------------------------

    @rule()
    def comes_to_rest(self) -> None:
        self.run(self.town.settle())

    @rule(seconds=st.sampled_from((1, 31, 130, 660, 3 * 3600)))
    def time_passes(self, seconds: int) -> None:
        self.run(self.town.later(seconds=seconds))

    @rule(hours=st.sampled_from((5, 13, 26, 6 * 24, 15 * 24)))
    def the_machine_sleeps(self, hours: int) -> None:
        self.run(self.town.sleeps(hours=hours))

    @rule(points=st.integers(0, 60))
    def the_process_will_end(self, points: int) -> None:
        self.town.fuse.light(points)

    @rule()
    def the_process_is_started_again(self) -> None:
        async def again() -> None:
            await self.town.start_again()
            await self.town.settle()

        self.run(again())

    # --- what holds -------------------------------------------------------------------------------------------------------

    @invariant()
    def all_hold(self) -> None:
        if hasattr(self, "town") and not self.town.held:
            self.told["checks"] += 1
            left = self.town.fuse.pause()
            found = self.runner.run(broken(self.town.store, self.town.platform))
            self.town.fuse.go_on(left)
            assert not found, "\n".join(found)
            self.told["answers at their citizens"] += self._answers_are_where_they_belong()

    def _answers_are_where_they_belong(self) -> int:
        """What an official wrote in answer to one citizen is read by no other. Returns how many answers came since the last look."""
        citizens = {(one.account, one.id) for one in self.citizens}
        new, self.looked = self.town.platform.posted[self.looked :], len(self.town.platform.posted)
        came = [(mark, (one.account, one.chat)) for one in new for mark in MARK.findall(one.text) if mark in self.meant]
        strange = [(mark, chat) for mark, chat in came if chat in citizens and chat != self.meant[mark]]
        assert not strange, f"an answer came to another citizen: {strange}"
        return sum(chat in citizens for _, chat in came)


def nth(them: list[Any], which: int) -> Any:
    """One of them, whatever the number."""
    return them[which % len(them)]


def _loaded(buttons: Any) -> Any:
    """JSON as it comes from a statement in plain words: of PostgreSQL loaded, of SQLite not."""
    return json.loads(buttons) if isinstance(buttons, str) else buttons


# --- who there is ------------------------------------------------------------------------------------------------------

PLACES = {"11": FORUM, "12": FORUM, "13": FORUM, "21": VK_CHAT, "22": VK_CHAT, "31": "31", "41": DESK, "42": DESK}
ORGANISATION = {"11": OWNER, "12": OWNER, "13": OWNER, "21": ROADS, "22": ROADS, "31": "tko-altai"}


def place_of(actor: Actor) -> str:
    """Where somebody reads and presses."""
    return PLACES.get(actor.id, actor.id)


def people(town: Town) -> tuple[list[Actor], list[Actor], list[Actor]]:
    """Citizens who cannot be told apart by name, by words or by the number of their account; officials; curators."""
    town.staff.update(PLACES)
    citizens = [town.person(account, user, "Анна Примерова") for account in (TG, VK, BIYSK) for user in ("100", "101")]
    officials = [town.person(VK if user.startswith("2") else TG, user, f"Иванова {user}") for user in ORGANISATION]
    curators = [town.person(TG, user, f"Петров {user}") for user in ("41", "42")]
    return citizens, officials, curators


async def settle_in(url: str) -> None:
    """Put the people and the chats into an empty database."""
    town = Town(url)
    await town.open()
    await town.chat(TG, FORUM, OWNER, forum=True)
    await town.chat(VK, VK_CHAT, ROADS)
    await town.chat(TG, DESK, desk=True)
    for user, organisation in ORGANISATION.items():
        account, role = VK if user.startswith("2") else TG, Role.HEAD if user == "13" else Role.OFFICIAL
        await town.official(account, user, f"Иванова {user}", organisation, role)
    for user in ("41", "42"):
        await town.official(TG, user, f"Петров {user}", "", Role.CURATOR)
    await town.close()


# --- the runs ----------------------------------------------------------------------------------------------------------


def play(fresh: Callable[[], str], examples: int, steps: int, chance: int) -> Counter[str]:
    """So many lives of a house, each of so many steps. Returns what they came to."""
    told: Counter[str] = Counter()
    machine = seed(chance)(type("House", (Machine,), {"fresh": staticmethod(fresh), "told": told}))
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)
    return told


@pytest.fixture(scope="module")
def lived_in(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the people in it."""
    file = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copyfile(sqlite_template, file)
    asyncio.run(settle_in(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_towns(lived_in: Path, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Fresh copies of it, answered in the loop itself."""
    numbers = itertools.count()

    def fresh() -> str:
        file = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(lived_in, file)
        return f"sqlite+aiosqlite:///{file}"

    with without_a_thread(), quietly():
        yield fresh


@pytest.fixture
def postgresql_towns(postgresql_server: Server, postgresql_template: str) -> Iterator[Callable[[], str]]:
    """The same on PostgreSQL; one that was lived in is dropped when the next one is made."""
    made: list[str] = []

    async def drop() -> None:
        while made:
            await postgresql_server.drop(made.pop())

    def fresh() -> str:
        name = f"town_{next(_numbers)}"
        asyncio.run(drop())
        asyncio.run(postgresql_server.create(name, template="town"))
        made.append(name)
        return postgresql_server.url(name)

    asyncio.run(postgresql_server.create("town", template=postgresql_template))
    asyncio.run(settle_in(postgresql_server.url("town")))
    with quietly():
        yield fresh
    made.append("town")
    asyncio.run(drop())


_numbers = itertools.count()
PARTS = size(quick=1, full=10)
"""Tests that share the lives of one kind: they may run side by side."""


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_the_invariants_hold(part: int, sqlite_towns: Callable[[], str], figures: Callable[..., None]) -> None:
    told = play(sqlite_towns, size(quick=7, full=140), size(quick=25, full=100), SEED + part)
    figures(**_figures(told))


def test_on_postgresql_too(postgresql_towns: Callable[[], str], figures: Callable[..., None]) -> None:
    told = play(postgresql_towns, size(quick=2, full=60), size(quick=12, full=60), SEED)
    figures(**_figures(told))


def _figures(told: Counter[str]) -> dict[str, int]:
    detailed = ("at ", "pressed ")
    figures = {name.replace(" ", "_"): count for name, count in told.items() if not name.startswith(detailed)}
    kinds = {"points_it_ended_at": detailed[0], "kinds_of_buttons": detailed[1]}
    return figures | {name: sum(one.startswith(begin) for one in told) for name, begin in kinds.items()}
