"""Promise 10: an update that cannot be read or handled never blocks others, is kept whole, and can be handled after all."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bots.channel import Event, Update
from bots.intake import RETRIES
from bots.telegram import translate as telegram
from bots.vk import translate as vk
from handlers import report
from handlers.turn import Turn
from storage import tables
from storage.connection import Stale
from storage.inbox import DEAD, DONE, NEW
from storage.letters import Letters
from storage.store import Store
from tests.promises.conftest import size
from tests.stories.house import House

TG, VK = "telegram/altai", "vk/altai"
US, COMMUNITY = "7000000001", 900000001
DATE = 1773234000
CANARY = "канарейка"
STEP = timedelta(milliseconds=100)
"""What one step of the intake takes on the test's clock."""
IN_TIME = timedelta(seconds=1)

# --- what comes in when all is well ------------------------------------------------------------------------------------

ANNA = {"id": 100, "is_bot": False, "first_name": "Анна", "last_name": CANARY, "language_code": "ru"}
PRIVATE, GROUP = {"id": 100, "type": "private", "first_name": "Анна"}, {"id": -1001, "type": "supergroup", "title": "Дежурные"}
MESSAGE = {"message_id": 5, "date": DATE, "chat": PRIVATE, "from": ANNA}
BOT = {"id": int(US), "is_bot": True, "first_name": "Сутки"}
TELEGRAM: Mapping[str, Mapping[str, Any]] = {
    "text": {"message": MESSAGE | {"text": f"Яма на Ленина 15 {CANARY}", "reply_to_message": {"message_id": 4, "date": DATE}}},
    "photo": {"message": MESSAGE | {"photo": [{"file_id": "f", "width": 9, "height": 9, "file_size": 5}], "caption": CANARY}},
    "document": {"message": MESSAGE | {"document": {"file_id": "f", "file_name": CANARY, "mime_type": "a/b", "file_size": 5}}},
    "place": {"message": MESSAGE | {"location": {"latitude": 53.3, "longitude": 83.7}}},
    "topic": {"message": MESSAGE | {"chat": GROUP, "text": CANARY, "is_topic_message": True, "message_thread_id": 3}},
    "moved": {"message": MESSAGE | {"chat": GROUP, "migrate_to_chat_id": -1002}},
    "came": {"message": MESSAGE | {"chat": GROUP, "new_chat_members": [ANNA]}},
    "gone": {"message": MESSAGE | {"chat": GROUP, "left_chat_member": ANNA}},
    "edited": {"edited_message": MESSAGE | {"edit_date": DATE, "text": CANARY}},
    "pressed": {"callback_query": {"id": "1", "from": ANNA, "message": MESSAGE, "data": CANARY}},
    "us": {"my_chat_member": {"chat": GROUP, "from": ANNA, "date": DATE, "new_chat_member": {"user": BOT, "status": "member"}}},
    "member": {
        "chat_member": {
            "chat": GROUP,
            "from": ANNA,
            "date": DATE,
            "old_chat_member": {"user": ANNA, "status": "left"},
            "new_chat_member": {"user": ANNA, "status": "member"},
        }
    },
}
SAID = {"peer_id": 100, "from_id": 100, "conversation_message_id": 5, "id": 5, "date": DATE, "text": CANARY}
PHOTO = {"type": "photo", "photo": {"sizes": [{"url": "https://vk.com/a.jpg", "width": 9, "height": 9}]}}
VKONTAKTE: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "message_new", "object": {"message": SAID | {"reply_message": {"conversation_message_id": 4}}}},
    "files": {"type": "message_new", "object": {"message": SAID | {"attachments": [PHOTO]}}},
    "place": {"type": "message_new", "object": {"message": SAID | {"geo": {"coordinates": {"latitude": 53.3, "longitude": 83.7}}}}},
    "forward": {"type": "message_new", "object": {"message": SAID | {"fwd_messages": [{"text": CANARY, "attachments": [PHOTO]}]}}},
    "action": {"type": "message_new", "object": {"message": SAID | {"action": {"type": "chat_invite_user", "member_id": -COMMUNITY}}}},
    "edited": {"type": "message_edit", "object": SAID | {"update_time": DATE}},
    "pressed": {"type": "message_event", "object": {"user_id": 100, "peer_id": 100, "event_id": "x", "payload": {"p": CANARY}}},
    "allowed": {"type": "message_allow", "object": {"user_id": 100, "key": CANARY}},
    "denied": {"type": "message_deny", "object": {"user_id": 100}},
}
ODD: Mapping[str, Any] = {
    "null": None,
    "true": True,
    "text": CANARY,
    "no text": "",
    "number": 7,
    "zero": 0,
    "negative": -(2**70),
    "huge": 10**40,
    "fraction": 0.5,
    "no number": float("nan"),
    "endless": float("inf"),
    "list": [CANARY],
    "no list": [],
    "object": {CANARY: CANARY},
    "no object": {},
    "list of null": [None],
    "half a letter": "\ud800",
    "nul": f"\0{CANARY}\0",
    "long": CANARY * 9000,
    "deep": [[[[[[[[CANARY]]]]]]]],
}
"""What may stand where something else belongs."""
GONE = object()


def paths(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = part.items() if isinstance(part, Mapping) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield (*way, name)
        yield from paths(value, (*way, name))


def spoilt(whole: Mapping[str, Any], way: Sequence[Any], odd: Any) -> dict[str, Any]:
    """The same update with something else, or nothing, in one place."""
    made: dict[str, Any] = copy.deepcopy(dict(whole))
    place: Any = made
    for name in way[:-1]:
        place = place[name]
    if odd is GONE:
        del place[way[-1]]
    else:
        place[way[-1]] = odd
    return made


@dataclass(frozen=True, slots=True)
class Poison:
    """One kind of update that says nothing we could read."""

    kind: str
    account: str
    raw: Mapping[str, Any]


def read(account: str, raw: Mapping[str, Any]) -> Sequence[Event]:
    """What the real channels make of a stored update."""
    return telegram.events(raw, account, US) if account == TG else vk.events(account, raw, COMMUNITY)


def stored(account: str, raw: Any, number: int, house: House) -> Update:
    """How the real channels hand an update over, under a number of its own where it still has the place for one."""
    if account == TG:
        return telegram.update({"update_id": number} | raw, house.clock())
    about = raw.get("object")
    message = about.get("message") if isinstance(about, dict) else None
    if isinstance(message, dict) and message.get("conversation_message_id") == SAID["conversation_message_id"]:
        raw = raw | {"object": about | {"message": message | {"conversation_message_id": number}}}
    return vk.update({"event_id": f"e{number}", "group_id": COMMUNITY} | raw, house.clock())


def kinds() -> Sequence[Poison]:
    """Every way to spoil one place of an update of either messenger, as far as that makes it unreadable."""
    every = [
        (account, name, way, odd, spoilt(whole, way, value))
        for account, good in ((TG, TELEGRAM), (VK, VKONTAKTE))
        for name, whole in good.items()
        for way in paths(whole)
        for odd, value in (*ODD.items(), ("missing", GONE))
    ]
    found = []
    for account, name, way, odd, raw in every:
        try:
            read(account, {"update_id": 1, telegram.RECEIVED: DATE, vk.HEARD_AT: DATE, **raw})  # what each messenger adds when it stores
        except Exception:  # noqa: BLE001  # whatever it is: it is what the house must live with
            found.append(Poison(f"{account} {name} {'.'.join(map(str, way))} {odd}", account, raw))
    return found


# --- the house ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def house(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house that reads as the real channels do."""
    store = Store(database_url)
    made = House(store)
    await made.open()
    for account in (TG, VK):
        monkeypatch.setattr(made.channels[account], "events", lambda raw, account=account: read(account, raw))
    yield made
    await store.close()


def good(account: str, person: int, number: int, words: str) -> Mapping[str, Any]:
    """A citizen reports."""
    if account == TG:
        chat = {"id": person, "type": "private", "first_name": "Пётр"}
        return {"message": {"message_id": number, "date": DATE, "chat": chat, "from": chat | {"is_bot": False}, "text": words}}
    message = {"peer_id": person, "from_id": person, "conversation_message_id": number, "date": DATE, "text": words}
    return {"type": "message_new", "object": {"message": message}}


async def handled(house: House) -> int:
    """Let the intake work; each of its steps takes a tenth of a second. Returns how many it took."""
    for steps in itertools.count(1):
        house.clock.now += STEP
        if not await house.intake.step():
            return steps
    raise AssertionError


async def rows_of(house: House) -> Sequence[Any]:
    async with house.store.transaction() as tx:
        return (await tx.connection.execute(select(tables.inbox).order_by(tables.inbox.c.id))).all()


async def timelines(house: House) -> Sequence[str]:
    """All that citizens said, as it stands in timelines."""
    async with house.store.transaction() as tx:
        return (await tx.connection.execute(select(tables.messages.c.text).order_by(tables.messages.c.id))).scalars().all()


def late(rows: Sequence[Any]) -> list[timedelta]:
    """How long each row that was handled had waited, those that waited too long."""
    waits = [row.handled_at - row.received_at for row in rows if row.state == DONE]
    return [wait for wait in waits if wait > IN_TIME]


# --- what cannot be read -----------------------------------------------------------------------------------------------


async def test_unreadable_updates_among_others(house: House, seeded: random.Random, figures: Callable[..., None]) -> None:
    """Others are handled as if nothing had been there; what could not be read is a dead letter and whole."""
    known = kinds()
    poisons = seeded.sample(known, min(size(quick=100, full=100_000), len(known)))
    assert len({poison.kind for poison in poisons}) >= 100
    numbers = itertools.count(1001)
    people = size(quick=40, full=600)
    words = [f"Барнаул, на Ленина {one} прорвало трубу отопления" for one in range(people)]
    coming: list[tuple[str, Any, bool]] = [(poison.account, poison.raw, True) for poison in poisons]
    for person, said in enumerate(words):
        account = (TG, VK)[person % 2]
        coming.append((account, good(account, 5000 + person, next(numbers), said), False))
    seeded.shuffle(coming)
    came: dict[tuple[str, str], Any] = {}
    for start in range(0, len(coming), 100):
        for account in (TG, VK):
            made = [stored(account, raw, next(numbers), house) for of, raw, _ in coming[start : start + 100] if of == account]
            came |= {(account, one.key): one.raw for one in made}
            await house.intake.accept(account)(made, "")
        await handled(house)
    rows = await rows_of(house)
    dead = [row for row in rows if row.state == DEAD]
    figures(kinds=len(poisons), dead=len(dead), others=people, late=len(late(rows)))
    assert [row.state for row in rows if row.state == NEW] == []
    assert late(rows) == []
    assert sorted(await timelines(house)) == sorted(words)
    assert len(dead) == len(poisons)
    assert [row.key for row in dead if whole(row.raw) != json.dumps(came[row.account, row.key], sort_keys=True)] == []
    assert [row.error for row in dead if not row.error.startswith(("malformed: ", "unreadable: ")) or CANARY in row.error] == []


def whole(raw: Mapping[str, Any]) -> str:
    """What a dead letter keeps, as JSON; what no database takes as JSON is kept as a text."""
    return json.dumps(json.loads(raw["no_json"]) if "no_json" in raw else raw, sort_keys=True)


# --- what cannot be handled --------------------------------------------------------------------------------------------

VENOM = "ЯД"


class Broken:
    """A handler that fails over one text, in every way a handler can, after having written half of what it meant to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        self.how, self.tried = how, 0
        self._well = report.heard
        monkeypatch.setattr(report, "heard", self.heard)

    async def heard(self, turn: Turn) -> None:
        """As always, but for the one text."""
        await self._well(turn)
        if VENOM in turn.said.text and self.how:
            self.tried += 1
            await getattr(self, self.how)(turn)

    async def raises(self, turn: Turn) -> None:
        raise KeyError(turn.said.text)

    async def asks_for_what_is_not_there(self, turn: Turn) -> None:
        """PostgreSQL takes nothing more in a transaction after this."""
        await turn.tx.connection.execute(text("SELECT * FROM nowhere"))

    async def breaks_a_constraint(self, turn: Turn) -> None:
        table = tables.history
        line = (await turn.tx.connection.execute(select(table).limit(1))).one()
        await turn.tx.connection.execute(table.insert().values(dict(line._mapping) | {"id": 10**9}))

    async def never_ends(self, turn: Turn) -> None:
        await self.never_ends(turn)

    async def is_always_too_late(self, turn: Turn) -> None:
        raise Stale("somebody was quicker, every time")


BREAKS = [name for name in vars(Broken) if not name.startswith("_") and name != "heard"]


@pytest.mark.parametrize("how", BREAKS)
async def test_an_update_that_breaks_its_handler_in_the_middle_of_a_batch(
    house: House, monkeypatch: pytest.MonkeyPatch, figures: Callable[..., None], how: str
) -> None:
    """The others are handled at once and once; it is tried again, then kept; and what follows it in its chat comes after it."""
    broken = Broken(monkeypatch, how)
    words = [f"Барнаул, на Ленина {one} прорвало трубу отопления" for one in range(size(quick=18, full=98))]
    middle = len(words) // 2
    people = [(5000 + person, said) for person, said in enumerate(words)]
    people.insert(middle, (4000, f"{VENOM}: на Ленина 15 прорвало трубу {CANARY}"))
    people.insert(middle + 5, (4000, "/help"))
    made = [stored(TG, good(TG, person, number, said), number, house) for number, (person, said) in enumerate(people, 1001)]
    await house.intake.accept(TG)(made, "")
    await handled(house)
    assert sorted(await timelines(house)) == sorted(words)
    assert late(await rows_of(house)) == []
    assert {row.lane for row in await rows_of(house) if row.state == NEW} == {"4000"}
    for pause in RETRIES:
        house.clock.now += pause
        await handled(house)
    rows = await rows_of(house)
    (dead,) = [row for row in rows if row.state == DEAD]
    after = next(row for row in rows if row.raw["message"]["text"] == "/help")
    figures(others=len(words), tried=broken.tried, late=len(late([row for row in rows if row.lane != "4000"])))
    assert broken.tried > len(RETRIES)
    assert CANARY not in dead.error
    assert dead.raw == made[middle].raw
    assert after.state == DONE
    assert after.handled_at >= dead.handled_at
    assert sorted(await timelines(house)) == sorted(words)


async def test_what_was_put_aside_is_handled_after_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the fault is mended: what could not be read and what could not be handled, each once, however often it is replayed."""
    broken = Broken(monkeypatch, "breaks_a_constraint")
    read_well = house.channels[TG].events
    monkeypatch.setattr(house.channels[TG], "events", lambda raw: read_well(raw if raw["update_id"] != 1002 else {}))
    words = ["На Ленина 9 прорвало трубу", *(f"{VENOM}: на Ленина {number} прорвало трубу" for number in (1001, 1002))]
    made = [stored(TG, good(TG, number, number, said), number, house) for number, said in enumerate(words, 1000)]
    await house.intake.accept(TG)(made, "")
    for pause in (*RETRIES, timedelta(0)):
        await handled(house)
        house.clock.now += pause
    assert [row.state for row in await rows_of(house)] == [DONE, DEAD, DEAD]
    broken.how = ""
    monkeypatch.setattr(house.channels[TG], "events", read_well)
    for _ in range(2):
        async with house.store.transaction() as tx:
            letters = Letters(tx.connection)
            for letter in await letters.all(10):
                await letters.replay(letter, house.clock())
        await handled(house)
    assert {row.state for row in await rows_of(house)} == {DONE}
    assert sorted(await timelines(house)) == sorted(words)
