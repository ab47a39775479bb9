"""Promise 8: nobody acts beyond their role. Every role × button × status × messenger, and a crowd of presses that must not count.

What counts is read from the database, not from what the bot says: an incident's version, its history, who holds which role, what was
said, what was queued for others. Who may do what is taken from ``incidents.incident.RULES`` and from the two tables below.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bots.channel import Address, Pressed, Said, Scene, Sender, Update
from handlers import extend, flood
from handlers.routes import BUTTONS, COMMANDS, STEPS, handle, handle_own
from handlers.turn import Moment
from incidents.incident import RULES, Action, Deed, Resolution, Role, Status
from incidents.responsible import Shift
from storage import tables
from storage.conversations import Choice, Draft, Step
from storage.store import Store, Tx
from tests.fakes import START
from tests.promises.conftest import FULL, size
from tests.stories.house import Actor, House
from tests.stories.office import OWNER
from tests.stories.test_bad_presses import busy, nonsense

TG, VK = "telegram/altai", "vk/altai"
OTHER = "dorogi-biysk"
CHAT = {TG: "-100", VK: "2000000007"}
CANARY = "канарейка"
PIPE = f"Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день, {CANARY}"
UNSORTED = f"Когда починят дорогу до посёлка, {CANARY}"

CITIZEN, STAFF, DESK = frozenset({Role.CITIZEN}), frozenset({Role.OFFICIAL, Role.HEAD, Role.CURATOR}), frozenset({Role.CURATOR})
WHO: Mapping[str, frozenset[Role]] = {
    **dict.fromkeys(("other-topic", "set-topic", "other-place", "set-place", "withdraw", "withdraw-yes", "withdraw-no"), CITIZEN),
    **dict.fromkeys(("solved", "unsolved", "stars", "add-to", "it-is-new"), CITIZEN),
    **dict.fromkeys(
        ("take", "release", "refuse", "refuse-to", "refuse-unknown", "question", "answer", "interim", "full", "give-up"), STAFF
    ),
    **dict.fromkeys(
        ("draft-which", "draft-answer", "draft-interim", "draft-date", "draft-question", "draft-note", "draft-anyway", "draft-drop"), STAFF
    ),
    **dict.fromkeys(("extend", "extend-why", "extend-date"), STAFF),
    **dict.fromkeys(("extend-allow", "extend-refuse", "extend-because"), DESK),
    **dict.fromkeys(("draft-ask-holder", "draft-allow", "draft-recall", "arrived", "again"), STAFF),
    **dict.fromkeys(("sort-to", "sort-topic", "sort-topic-to", "sort-place", "sort-place-to", "sort-close", "pass", "pass-to"), DESK),
    **dict.fromkeys(("remind", "control", "hand", "hand-to", "hand-back"), frozenset({Role.CURATOR, Role.HEAD})),
    **dict.fromkeys(("rework", "rework-because", "close", "close-as"), DESK),
    **dict.fromkeys(("open", "page", "agenda", "digest"), STAFF),
    **dict.fromkeys(("cards-here", "cards-chat"), STAFF),
    "check-rights": STAFF,
    **dict.fromkeys(("away-days", "away-deputy", "away-back", "away-change"), STAFF),
    **dict.fromkeys(("duty-place", "duty-show", "duty-set", "duty-who", "duty-days", "duty-off"), frozenset({Role.CURATOR, Role.HEAD})),
}
"""Whose each button is, as far as it concerns one incident: nobody else may change or read anything by it."""
MEANS: Mapping[str, tuple[Action, ...]] = {
    "withdraw-yes": (Action.WITHDRAW,),
    "solved": (Action.RATE,),
    "unsolved": (Action.CONTEST,),
    "stars": (Action.RATE,),
    "take": (Action.TAKE,),
    "release": (Action.RELEASE,),
    "refuse-to": (Action.REFUSE,),
    "draft-answer": (Action.ANSWER,),
    "draft-date": (Action.ANSWER_INTERIM,),
    "draft-interim": (Action.ANSWER_INTERIM,),
    "draft-question": (Action.ASK,),
    "give-up": (Action.CLOSE,),
    "extend-date": (Action.EXTEND,),
    "extend-allow": (Action.EXTEND,),
    "sort-to": (Action.ASSIGN,),
    "pass-to": (Action.ASSIGN, Action.REASSIGN),
    "hand-to": (Action.ASSIGN, Action.REASSIGN, Action.REFUSE),
    "sort-close": (Action.CLOSE,),
    "close-as": (Action.CLOSE,),
    "rework-because": (Action.RETURN,),
}
"""What each button does to its incident, at last; the others do nothing to it themselves, or let the desk route it anew."""
ROUTES = {"set-topic", "set-place", "sort-topic-to", "sort-place-to", "add-to", "it-is-new"}
"""Those after which the desk itself may give the incident to somebody else, or hears a new report."""
ONES_OWN = {"draft-drop", "draft-which", "draft-recall", "cards-here", "cards-chat", "away-days", "away-deputy", "away-back"}
"""What is one's own: words not sent yet may be taken back, and made a report, by whoever wrote them; where one's own cards come."""
ABOUT_DRAFTS = {button: "open" for button in WHO if button.startswith("draft-")} | {
    "draft-recall": "sending",
    "arrived": "uncertain",
    "again": "uncertain",
    "extend-why": "open",
    "extend-date": "open",
    "extend-allow": "asked",
    "extend-refuse": "asked",
    "extend-because": "asked",
}
"""Buttons about something an official wrote, and the state it is in when they stand there."""
PLANTED = "planted"
"""Begins the key of a sending that a test put there to be taken back."""
IN_TIME = (Status.NEW, Status.ASSIGNED)
"""Nobody has taken it."""
PLACED = {"version", "place", "corrected"}
"""What an author changes of an own incident by saying where it is, as long as nobody has taken it."""
KEPT = (
    tables.incidents,
    tables.history,
    tables.messages,
    tables.drafts,
    tables.roles,
    tables.chats,
    tables.invites,
    tables.corrections,
    tables.controls,
    tables.absences,
    tables.shifts,
)
"""Where a press could leave something behind."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody with a messenger and what they are to the incident."""

    user: str
    roles: frozenset[Role] = frozenset()
    impersonal: bool = False

    @property
    def sender(self) -> Sender:
        return Sender(self.user, f"Лицо {self.user}", "ru", impersonal=self.impersonal)


PEOPLE: Mapping[str, Persona] = {
    "author": Persona("100", CITIZEN),
    "another citizen": Persona("101"),
    "nobody": Persona("777"),
    "official": Persona("11", frozenset({Role.OFFICIAL})),
    "head": Persona("13", frozenset({Role.HEAD})),
    "official elsewhere": Persona("41"),
    "head elsewhere": Persona("42"),
    "curator": Persona("31", DESK),
    "administrator": Persona("61"),
    "dismissed": Persona("51"),
    "anonymous": Persona("11", impersonal=True),
}
HELD = {"11": (Role.OFFICIAL, OWNER), "13": (Role.HEAD, OWNER), "41": (Role.OFFICIAL, OTHER), "42": (Role.HEAD, OTHER)} | {
    "31": (Role.CURATOR, ""),
    "61": (Role.ADMINISTRATOR, ""),
    "51": (Role.OFFICIAL, OWNER),
}
_numbers = itertools.count(1)


@pytest.fixture
async def house(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house with everybody in it, in both messengers."""
    monkeypatch.setattr(flood, "MOST", 10**6)  # all is tried in one instant; what a flood of one person is told is promise 16
    store = Store(database_url)
    made = House(store)
    await made.open()
    for account, chat in CHAT.items():
        await made.chat(account, chat, OWNER)
        await made.chat(account, chat + "1", OTHER)
        for user, (role, organisation) in HELD.items():
            await made.official(account, user, f"Лицо {user}", organisation, role)
        async with store.transaction() as tx:
            gone = await tx.people.known(account, "51")
            assert gone
            await tx.people.dismiss(gone.id, OWNER, made.clock())
            for user in ("100", "101", "777"):
                await tx.people.meet(account, user, f"Лицо {user}", "ru", made.clock())
    yield made
    await store.close()


# --- the matrix --------------------------------------------------------------------------------------------------------

Cell = tuple[str, Status, str, str, bool]
"""Account, status, button, who presses, whether the draft it is about is their own."""
HISTORY = [column.name for column in tables.history.c]
_KEPT = re.compile(rf"\s*(INSERT INTO|UPDATE|DELETE FROM) ({'|'.join(table.name for table in KEPT)})\b")


def cells() -> Sequence[Cell]:
    """The whole matrix."""
    return [
        (account, status, button, who, own)
        for account in CHAT
        for status in Status
        for button in BUTTONS
        for who in PEOPLE
        for own in ((True, False) if button in ABOUT_DRAFTS else (True,))
    ]


def promising(dice: random.Random) -> Sequence[Cell]:
    """For each thing a button can do, one cell of those in which the rules allow it: there the matrix must not be idle."""
    able = [(button, status, who) for button in MEANS for status in Status for who in PEOPLE if may(button, status, PEOPLE[who])]
    dice.shuffle(able)
    return [(dice.choice(list(CHAT)), status, button, who, True) for button, status, who in {one[0]: one for one in able}.values()]


def may(button: str, status: Status, who: Persona) -> bool:
    """Whether the rules let this person do what the button means."""
    if who.impersonal or (button == "release" and who.user != "11") or (button in ("solved", "stars") and status is Status.CLOSED):
        return False
    if button.startswith("extend-") and Role.CURATOR not in who.roles:
        return False  # whom else the policy names: nobody
    if button.startswith("sort-") and status is not Status.NEW:
        return False  # whoever presses what is sorted already is told where it went
    rules = [RULES.get((status, action)) for action in MEANS[button]]
    held = status is Status.WAITING or status is Status.PROMISED  # «Беру» of what a colleague holds is refused
    return any(rule and who.roles & rule.by & WHO[button] for rule in rules) and not (button == "take" and held)


class Desk:
    """One incident in one status; whatever is pressed is put back."""

    def __init__(self, house: House, account: str, number: int, persons: Mapping[str, int]) -> None:
        self.house, self.account, self.number, self.persons = house, account, number, persons
        self.payloads: dict[Cell, str] = {}
        self.before: dict[str, list[Any]] = {}
        self.newest = self.shift = 0
        self.writes: list[str] = []
        """What was written to the database since it was cleared last."""

    async def prepare(self, chosen: Sequence[Cell]) -> None:
        """Put there what these cells are about: a draft for each that is about one, and a real button with all it could carry."""
        async with self.house.store.transaction() as tx:
            week = Shift(self.persons["11"], OWNER, START, self.house.clock() + timedelta(days=7))
            self.shift = await tx.staffing.put_on_duty(week, 0, START)
            for cell in chosen:
                _, _, button, name, own = cell
                who, draft = PEOPLE[name], 0
                author = who.user if own else ("13" if who.user == "11" else "11")
                if button in ABOUT_DRAFTS:
                    draft = await self._draft(tx, author, ABOUT_DRAFTS[button], request=button.startswith("extend-"))
                carried: dict[str, Any] = {"number": self.number, "draft": draft, "key": f"{PLANTED}/{draft}", "allowed": True}
                carried |= {"asked": self.persons[who.user], "holder": self.persons["11"], "last": 10**6}  # no rival asks back
                carried |= {"organisation": OTHER, "topic": "waste", "territory": "biysk", "verdict": "no", "stars": 5}
                carried |= {"reason": extend.REFUSALS[0] if button == "extend-because" else "rude"}
                carried |= {
                    "resolution": "explained",
                    "turn": 1,
                    "step": "overdue",
                    "list": "overdue",
                    "author": "Имя",
                    "days": 7 if button == "extend-date" else 1,
                }
                carried |= {"at": START.isoformat()} | ({"offset": 0, "after": 0} if button in ("page", "agenda") else {})
                carried |= {"role": "official", "wanted": False}
                carried |= {"place": OWNER, "person": self.persons["13"], "deputies": {}, "shift": self.shift}
                carried |= {"since": START.isoformat(), "until": (self.house.clock() + timedelta(days=9)).isoformat()}
                carried |= {"date": (self.house.clock() + timedelta(days=1)).isoformat()}
                at = Address(self.account, place(cell))
                (self.payloads[cell],) = await tx.conversations.offer(at, [Choice(button, carried)], at=START, incident=self.number)
        async with self.house.store.transaction() as tx:
            self.before = await dump(tx)
            self.newest = (await tx.connection.execute(select(func.max(tables.outbox.c.id)))).scalar_one()

    async def _draft(self, tx: Tx, author: str, state: str, *, request: bool = False) -> int:
        kind = "extend" if request else "" if state == "open" else "answer"
        at = Address(self.account, CHAT[self.account])
        draft = Draft(
            incident=self.number,
            person=self.persons[author],
            address=at,
            user_id=author,
            message="9",
            text="Готово",
            kind=kind,
            state=state,
            date=self.house.clock() + timedelta(days=7) if state == "asked" else None,
        )
        draft = await tx.conversations.write(draft, START)
        if state == "sending":
            raw = {"kind": "send-draft", "draft": draft.id}
            hour = self.house.clock() + timedelta(seconds=30)
            await tx.inbox.later(f"{PLANTED}/{draft.id}", raw, lane=str(draft.id), at=self.house.clock(), handle_after=hour)
        return draft.id

    async def tried(self, cell: Cell) -> tuple[list[str], bool]:
        """Press once and put everything back. Returns what was wrong with it, and whether anything was done to an incident."""
        press = pressed(self.account, place(cell), PEOPLE[cell[3]], self.payloads[cell])
        try:
            async with self.house.store.transaction() as tx:
                self.writes.clear()
                await self._happens(tx, press)
                queued = (await tx.connection.execute(select(tables.outbox).where(tables.outbox.c.id > self.newest))).all()
                after = await dump(tx) if any(_KEPT.match(statement) for statement in self.writes) else self.before
                raise Undone
        except Undone:
            pass
        deeds = after["history"][len(self.before["history"]) :]
        return wrong_with(cell, press, self, after, queued, deeds), bool(deeds)

    async def _happens(self, tx: Tx, press: Pressed) -> None:
        """The press, and what the house puts off by half a minute after it."""
        await handle(Moment(tx, self.house.office, self.house.clock()), press)
        waiting = select(tables.inbox.c.key, tables.inbox.c.raw).where(tables.inbox.c.account == "", tables.inbox.c.state == "new")
        for key, raw in (await tx.connection.execute(waiting)).all():
            if raw["kind"] == "send-draft" and not key.startswith(PLANTED):
                await handle_own(Moment(tx, self.house.office, self.house.clock() + timedelta(seconds=31)), raw)


class Undone(Exception):
    """Ends a transaction that is to leave nothing behind."""


def place(cell: Cell) -> str:
    """Where the button stands: a citizen's in private, all others in the working chat."""
    account, _, button, who, _ = cell
    return PEOPLE[who].user if WHO[button] == CITIZEN else CHAT[account]


async def dump(tx: Tx) -> dict[str, list[Any]]:
    """All that a press could change."""
    return {table.name: [tuple(row) for row in await tx.connection.execute(select(table).order_by(*table.primary_key))] for table in KEPT}


def pressed(account: str, chat: str, who: Persona, payload: str) -> Pressed:
    number = next(_numbers)
    scene = Scene.PRIVATE if chat == who.user else Scene.GROUP
    at = Address(account, chat)
    return Pressed(id=f"u{number}", at=START, address=at, sender=who.sender, scene=scene, message="1", payload=payload, press=f"p{number}")


def wrong_with(
    cell: Cell, press: Pressed, desk: Desk, after: Mapping[str, list[Any]], queued: Sequence[Any], deeds: Sequence[Any]
) -> list[str]:
    """What was wrong with one press: who did it, what it changed, what it told whom."""
    _, _, button, name, own = cell
    who = PEOPLE[name]
    changed = [table for table in after if after[table] != desk.before[table]]
    wrong = [what for line in deeds if (what := wrong_deed(line, who, desk.persons[who.user]))]
    if not any(one.whisper_to == press.press for one in queued):
        wrong.append("not answered")
    mine = who.roles & WHO[button] if not who.impersonal else frozenset()
    if changed and not mine and not (button in ONES_OWN and own and not who.impersonal):
        wrong.append(f"changed {changed}")
    if changed and not own and button not in ("arrived", "again", "draft-allow", "extend-allow", "extend-refuse", "extend-because"):
        wrong.append("touched somebody else's draft")
    others = [one for one in queued if one.whisper_to != press.press]
    if not mine and any(one.chat not in (press.address.chat, who.user) or CANARY in one.text for one in others):
        wrong.append(f"said something to {[one.chat for one in others]}")
    meant = {Action(line[HISTORY.index("action")]) for line in deeds}
    if button not in ROUTES and not meant <= {*MEANS.get(button, ()), Action.RELEASE}:
        wrong.append(f"did {meant}")
    return [f"{cell}: {what}" for what in wrong]


def wrong_deed(line: Sequence[Any], who: Persona, person: int) -> str:
    """Why a new line of history is not allowed by the rules, or not to this person; empty when it is."""
    row = dict(zip(HISTORY, line, strict=True))
    action, role, status = Action(row["action"]), Role(row["role"]), Status(row["before"])
    rule = RULES.get((status, action))
    if action is Action.REPORT:
        return ""
    if rule is None or role not in rule.by:
        return f"{role} may not {action} what is {status}"
    if role is not Role.CLOCK and (role not in who.roles or row["person_id"] != person):
        return f"{action} by {row['person_id']} as {role}: it was {person}, who is {sorted(who.roles)}"
    return ""


async def stood(house: House, account: str, statuses: Sequence[Status]) -> Mapping[Status, Desk]:
    """An incident of the same citizen in each of these statuses, by the deeds that lead there."""
    persons = await persons_of(house, account)
    citizen = house.person(account, "100", "Лицо 100")
    desks = {}
    for status in statuses:
        await citizen.says(UNSORTED if status is Status.NEW else PIPE)
        if any(label.startswith("Новое") for label in citizen.last.labels):
            await citizen.presses("Новое")
        async with house.store.transaction() as tx:
            (newest,) = await tx.incidents.of_person(persons["100"], limit=1)
            moment = Moment(tx, house.office, house.clock())
            for what in deeds_to(status, persons, house.clock()):
                newest = await moment.act(newest, Deed(at=house.clock(), **what))
            if status is Status.ANSWERED:  # so that an official may give it up
                await tx.incidents.save(replace(newest, incident=replace(newest.incident, undeliverable=True)))
            assert newest.incident.status is status
        desks[status] = Desk(house, account, newest.id, persons)
        house.clock.move(minutes=20)
    return desks


def deeds_to(status: Status, persons: Mapping[str, int], now: datetime) -> Sequence[Mapping[str, Any]]:
    official, curator = {"role": Role.OFFICIAL, "by": persons["11"]}, {"role": Role.CURATOR, "by": persons["31"]}
    ways: Mapping[Status, Mapping[str, Any]] = {
        Status.IN_PROGRESS: {"action": Action.TAKE} | official,
        Status.WAITING: {"action": Action.ASK, "text": "Какой дом?"} | official,
        Status.PROMISED: {"action": Action.ANSWER_INTERIM, "text": "Ждём", "date": now + timedelta(days=3)} | official,
        Status.ANSWERED: {"action": Action.ANSWER, "text": "Готово"} | official,
        Status.CLOSED: {"action": Action.CLOSE, "resolution": Resolution.SOLVED} | curator,
    }
    return [ways[status]] if status in ways else []


async def persons_of(house: House, account: str) -> Mapping[str, int]:
    """Our own ids of all personas, as this messenger knows them."""
    async with house.store.transaction() as tx:
        known = {one.user: await tx.people.known(account, one.user) for one in PEOPLE.values()}
    return {user: person.id for user, person in known.items() if person}


async def test_every_button_by_every_role_in_every_status(house: House, seeded: random.Random, figures: Callable[..., None]) -> None:
    assert set(WHO) == set(BUTTONS)
    chosen = cells() if FULL else [*seeded.sample(cells(), 250), *promising(seeded)]
    wrong: list[str] = []
    done: set[str] = set()
    writes: list[str] = []
    event.listen(house.store.engine.sync_engine, "before_cursor_execute", lambda *seen: writes.append(seen[2]))
    for account in CHAT:
        desks = await stood(house, account, sorted({cell[1] for cell in chosen if cell[0] == account}))
        for status, desk in desks.items():
            desk.writes = writes
            mine = [cell for cell in dict.fromkeys(chosen) if cell[:2] == (account, status)]
            # Who has an answer on its way, or a request undecided, waits before another: what is about such comes last, by itself.
            for on_its_way in (False, True):
                tried = [cell for cell in mine if (ABOUT_DRAFTS.get(cell[2]) in ("sending", "asked")) is on_its_way]
                await desk.prepare(tried)
                for cell in tried:
                    found, did = await desk.tried(cell)
                    wrong += found
                    done |= {cell[2]} if did else set()
    figures(cells=len(chosen), buttons_that_did_something=len(done), beyond=len(wrong))
    assert wrong == []
    assert set(MEANS) - done == set()


@pytest.mark.parametrize("meanwhile", ["dismissed", "transferred"])
async def test_what_was_allowed_half_a_minute_ago_is_asked_again(house: House, meanwhile: str) -> None:
    """An answer that waits to be sent is not sent for who may no more, and its author hears of it."""
    desk = (await stood(house, TG, [Status.ASSIGNED]))[Status.ASSIGNED]
    async with house.store.transaction() as tx:
        draft = await desk._draft(tx, "11", "sending")
        if meanwhile == "dismissed":
            await tx.people.dismiss(desk.persons["11"], OWNER, house.clock())
        else:
            case = await tx.incidents.get(desk.number)
            assert case
            deed = Deed(action=Action.REASSIGN, role=Role.CURATOR, by=desk.persons["31"], at=house.clock(), target=OTHER)
            await Moment(tx, house.office, house.clock()).act(case, deed)
    async with house.store.transaction() as tx:
        before = await dump(tx)
        await handle_own(Moment(tx, house.office, house.clock()), {"kind": "send-draft", "draft": draft})
    async with house.store.transaction() as tx:
        after = await dump(tx)
        told = (await tx.connection.execute(select(tables.outbox.c.chat).order_by(tables.outbox.c.id.desc()).limit(1))).scalar_one()
    assert [table for table in after if after[table] != before[table]] == ["drafts"]
    assert told == CHAT[TG]


# --- words -------------------------------------------------------------------------------------------------------------


async def test_no_command_and_no_step_takes_anybody_further(house: House, seeded: random.Random, figures: Callable[..., None]) -> None:
    """Whoever is waited for, and whatever is typed: an incident that exists is touched only by those whom the rules let."""
    words = [*(f"/{command}" for command in COMMANDS), *(f"/{command} 1" for command in COMMANDS), *STEPS]
    every = [(account, status, word, who) for account in CHAT for status in Status for word in words for who in PEOPLE]
    chosen = every if FULL else seeded.sample(every, 120)
    wrong = []
    for account in CHAT:
        desks = await stood(house, account, sorted({cell[1] for cell in chosen if cell[0] == account}))
        for status, desk in desks.items():
            await desk.prepare([])
            for word, name in [cell[2:] for cell in chosen if cell[:2] == (account, status)]:
                wrong += [f"{status} {name} {word}: {what}" for what in await typed(desk, word, PEOPLE[name])]
    figures(typed=len(chosen), beyond=len(wrong))
    assert wrong == []


async def typed(desk: Desk, word: str, who: Persona) -> list[str]:
    """Say something once, after having been asked for it if it is a step, and put everything back. Returns what was wrong."""
    chat = who.user if word in ("place", "remains") else CHAT[desk.account]
    data = {"number": desk.number, "at": START.isoformat(), "until": "2027-01-01T00:00:00+00:00", "thread": "", "kind": word, "draft": 0}
    data |= {"place": OWNER, "person": desk.persons["13"]}
    try:
        async with desk.house.store.transaction() as tx:
            moment = Moment(tx, desk.house.office, desk.house.clock())
            if word in STEPS:
                await tx.conversations.ask(desk.account, chat, who.user, Step(word, data), moment.now)
            scene, at = Scene.PRIVATE if chat == who.user else Scene.GROUP, Address(desk.account, chat)
            text, number = word if word.startswith("/") else f"Не к нам, {CANARY}", f"w{next(_numbers)}"
            await handle(moment, Said(id=number, at=START, address=at, sender=who.sender, scene=scene, message=number, text=text))
            after = await dump(tx)
            raise Undone
    except Undone:
        pass
    deeds = after["history"][len(desk.before["history"]) :]
    wrong = [what for line in deeds if (what := wrong_deed(line, who, desk.persons[who.user]))]
    if not deeds:
        wrong += wrong_words(desk, word, who, after)
    kept = ("roles", "chats", "invites", "drafts", "corrections")
    return wrong + [f"changed {table}" for table in kept if any(line not in after[table] for line in desk.before[table])]


def wrong_words(desk: Desk, word: str, who: Persona, after: Mapping[str, list[Any]]) -> list[str]:
    """What words that were no deed changed of the incidents there were: only their author says where one is, and only in time.

    What they say of an open one later is kept as a correction, for whoever holds it and for what learns.
    """
    names = tables.incidents.c.keys()
    pairs = list(zip(desk.before["incidents"], after["incidents"], strict=False))  # a new one comes behind
    changed = {(old[0], name) for old, new in pairs for name, was, now in zip(names, old, new, strict=True) if was != now}
    (status,) = [old[names.index("status")] for old, _ in pairs if old[0] == desk.number]
    heard = word == "place" and Role.CITIZEN in who.roles and status in (*IN_TIME, Status.IN_PROGRESS, Status.WAITING, Status.PROMISED)
    expected = {(desk.number, name) for name in PLACED} if heard and status in IN_TIME else set()
    columns = [tables.corrections.c.keys().index(name) for name in ("incident_id", "field", "person_id")]
    noted = [tuple(line[at] for at in columns) for line in after["corrections"][len(desk.before["corrections"]) :]]
    wrong = [f"changed {name} of {number}: {(number, name) in changed}" for number, name in sorted(changed ^ expected)]
    return wrong + ([f"noted {noted}"] if noted != [(desk.number, "place", desk.persons[who.user])] * heard else [])


# --- a crowd -----------------------------------------------------------------------------------------------------------


@dataclass
class Crowd:
    """A busy house, and what presses are made of there."""

    house: House
    people: Mapping[str, Actor]
    buttons: Sequence[Any]
    dice: random.Random

    def of(self, wanted: Callable[[Any], bool]) -> Any:
        """A button that was once offered."""
        return self.dice.choice([button for button in self.buttons if wanted(button)])

    def press(self, button: Any, who: Sender, *, payload: str = "", at: Address | None = None) -> Pressed:
        number = next(_numbers)
        where = at or Address(button.account, button.chat)
        scene = Scene.PRIVATE if where.chat == who.id else Scene.GROUP
        return Pressed(
            id=f"c{number}",
            at=self.house.clock(),
            address=where,
            sender=who,
            scene=scene,
            message=str(self.dice.randrange(1, 60)),
            payload=payload or button.payload,
            press=f"c{number}",
        )

    # What must not count, a kind each.

    def garbage(self) -> Pressed:
        button = self.of(lambda one: True)
        return self.press(button, self.anybody(), payload=nonsense(self.dice, [one.payload for one in self.buttons]) or "x")

    def in_another_chat(self) -> Pressed:
        button = self.of(lambda one: True)
        elsewhere = self.dice.choice([chat for chat in ("-999", "-100", "31", "100", "11", "41") if chat != button.chat])
        return self.press(button, self.anybody(), at=Address(button.account, elsewhere))

    def in_another_messenger(self) -> Pressed:
        button = self.of(lambda one: True)
        return self.press(button, self.anybody(), at=Address(VK if button.account == TG else TG, button.chat))

    def by_a_stranger(self) -> Pressed:
        return self.press(self.of(lambda one: True), Sender(str(self.dice.randrange(700, 799)), "Чужая", "ru"))

    def by_another_office(self) -> Pressed:
        return self.press(self.of(lambda one: one.chat != "41"), self.people["other"].sender)

    def by_somebody_dismissed(self) -> Pressed:
        who = self.people[self.dice.choice(("gone", "petrov"))]
        return self.press(self.of(lambda one: one.action not in ONES_OWN or one.only != who.id), who.sender)

    def by_the_former_owner(self) -> Pressed:
        """The incident went to somebody else after the button was offered."""
        mine = self.of(lambda one: one.incident == 1 and one.action not in ONES_OWN and one.chat != "100")
        return self.press(mine, self.people["ivanova"].sender)

    def meant_for_another(self) -> Pressed:
        button = self.of(lambda one: one.only)
        return self.press(button, self.dice.choice([one for one in self.people.values() if one.id != button.only]).sender)

    def anonymous(self) -> Pressed:
        masks = (Sender("1087968824", "Group", impersonal=True), Sender("-100", "Канал", impersonal=True))
        return self.press(self.of(lambda one: True), self.dice.choice((*masks, replace(self.anybody(), impersonal=True))))

    def used_or_expired(self) -> Pressed:
        """By whoever might have pressed it in time."""
        button = self.of(lambda one: one.over)
        mine = [one for one in self.people.values() if one.id == button.only]
        return self.press(button, (mine[0] if mine else self.people["curator"]).sender)

    def anybody(self) -> Sender:
        return self.dice.choice(list(self.people.values())).sender


FORGERIES = (
    Crowd.garbage,
    Crowd.in_another_chat,
    Crowd.in_another_messenger,
    Crowd.by_a_stranger,
    Crowd.by_another_office,
    Crowd.by_somebody_dismissed,
    Crowd.by_the_former_owner,
    Crowd.meant_for_another,
    Crowd.anonymous,
    Crowd.used_or_expired,
)
"""Kinds of presses that must not count."""


@dataclass(frozen=True, slots=True)
class Known:
    """A button that was offered once."""

    account: str
    chat: str
    only: str
    incident: int
    action: str
    payload: str
    over: bool
    """Used up or expired."""


async def gathered(database_url: str, dice: random.Random) -> Crowd:
    """A busy house in which half of the buttons are over, an official was dismissed, and incident 1 went to another office."""
    house = House(Store(database_url))
    await house.open()
    people = await busy(house)
    async with house.store.transaction() as tx:
        table, connection = tables.keyboards, tx.connection
        tokens = (await connection.execute(select(table.c.token).order_by(table.c.token))).scalars().all()
        over = dice.sample(tokens, len(tokens) // 2)
        hour = house.clock()
        await connection.execute(table.update().where(table.c.token.in_(over[::2])).values(used_at=hour))
        await connection.execute(table.update().where(table.c.token.in_(over[1::2])).values(expires_at=hour))
        petrov = await tx.people.known(TG, people["petrov"].id)
        case = await tx.incidents.get(1)
        assert petrov
        assert case
        deed = Deed(action=Action.REASSIGN, role=Role.CURATOR, target="dorogi-barnaul", at=house.clock())
        await Moment(tx, house.office, house.clock()).act(case, deed)
        await tx.people.dismiss(petrov.id, OWNER, house.clock())
    await house.settle()
    async with house.store.transaction() as tx:
        rows = (await tx.connection.execute(select(tables.keyboards).order_by(tables.keyboards.c.token))).all()
    buttons = [
        Known(
            row.account,
            row.chat,
            row.user_id,
            row.incident_id,
            action,
            f"{row.token}.{number}",
            bool(row.used_at or (row.expires_at and row.expires_at <= house.clock())),
        )
        for row in rows
        for number, (action, _) in enumerate(row.buttons)
    ]
    return Crowd(house, people, buttons, dice)


async def test_a_crowd_of_presses_that_must_not_count(
    database_url: str, seeded: random.Random, figures: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forged, replayed, foreign, late: none changes anything, and each is answered, even a replay of what counted once."""
    monkeypatch.setattr(flood, "MOST", 10**6)  # they come all at once; what a flood of one person is told is promise 16
    crowd = await gathered(database_url, seeded)
    house = crowd.house
    total, accepted, silent = size(quick=1500, full=50_000) // 2, [], []
    try:
        for _ in range(0, total, 250):
            made = [(forge.__name__, forge(crowd)) for forge in seeded.choices(FORGERIES, k=250)]
            before, newest = await left_by_presses(house), await newest_row(house)
            for account in CHAT:
                updates = [update_of(house, press) for _, press in made if press.address.account == account]
                await house.intake.accept(account)([*updates, *seeded.sample(updates, min(20, len(updates)))], "")
            while await house.intake.step():
                pass
            after = await left_by_presses(house)
            accepted += [line for table in after for line in after[table] if line not in before[table]]
            answered, told = await answers_since(house, newest)
            silent += [one for one in made if one[1].press not in answered]
            presses = {press.press for _, press in made}
            accepted += [one for one in told if one.whisper_to not in presses]
    finally:
        await house.store.close()
    figures(presses=total, kinds=len(FORGERIES), accepted=len(accepted), unanswered=len(silent))
    assert accepted == []
    assert silent == []


def update_of(house: House, press: Pressed) -> Update:
    return Update(press.id, house.channels[press.address.account].raw(press), press.address.chat)


async def left_by_presses(house: House) -> dict[str, list[Any]]:
    async with house.store.transaction() as tx:
        return await dump(tx)


async def newest_row(house: House) -> int:
    async with house.store.transaction() as tx:
        return (await tx.connection.execute(select(func.max(tables.outbox.c.id)))).scalar_one()


async def answers_since(house: House, newest: int) -> tuple[set[str], Sequence[Any]]:
    """The presses that were answered since, and all that was queued."""
    async with house.store.transaction() as tx:
        rows = (await tx.connection.execute(select(tables.outbox).where(tables.outbox.c.id > newest))).all()
    return {row.whisper_to for row in rows}, rows
