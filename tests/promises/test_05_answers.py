"""Promise 5: an official's answer is never silently doubled or lost; whatever nobody knows is shown to its author within a minute."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.channel import Address, Scene
from bots.delivery import LONGEST_PAUSE
from incidents.incident import Action, Change, Deed, Incident, Role, Status, act
from storage.conversations import Draft
from storage.incidents import Report
from storage.store import Store, Tx
from storage.timeline import Message
from tests.promises.conftest import FULL, size
from tests.promises.short import LONGEST_CALL
from tests.promises.world import TELEGRAM, VK, World
from tests.promises.zygote import Zygote
from tests.wire.faults import ACCEPTED, Fault
from tests.wire.telegram_server import Call

OWNER = "zhkh-barnaul"
SHARE = 0.3
"""Of all calls go wrong after the platform accepted them."""
GIVEN_UP = 2.0
"""Seconds after which the child gives a call up, instead of 30."""
MINUTE = 60.0 - (LONGEST_CALL - GIVEN_UP)
"""What is left of the minute for everything else."""
FIRST = 70_000
"""User ids of citizens; those of officials are below."""


def words(number: int) -> str:
    return f"Бригада №{number} выехала"


async def _written(tx: Tx, number: int, author: int, person: int) -> None:
    """A citizen has reported, an official has taken it and written an answer, and its half minute is over."""
    account = (TELEGRAM, VK)[number % 2]
    now, chat = datetime.now(UTC), str(FIRST + number)
    citizen = await tx.people.meet(account, chat, "Анна Примерова", "ru", now)
    report = Report(person=citizen.id, address=Address(account, chat), scene=Scene.PRIVATE, text="Прорвало трубу", said_at=now)
    case = await tx.incidents.open(Incident(id=0, reported_at=now), report, now)
    said = Message(kind="report", person=citizen.id, text=report.text, address=report.address, message=f"m{number}", at=now)
    await tx.timeline.say(case.id, said)
    begun = {"incident": case.id, "version": 1, "at": now, "before": Status.NEW, "after": Status.NEW}
    await tx.incidents.record(Change(action=Action.REPORT, role=Role.CITIZEN, by=citizen.id, **begun))
    for deed in (
        Deed(action=Action.ASSIGN, role=Role.CLOCK, at=now, target=OWNER),
        Deed(action=Action.TAKE, role=Role.OFFICIAL, at=now, by=person),
    ):
        changed, change = act(case.incident, deed)
        case = await tx.incidents.save(replace(case, incident=changed), change)
    draft = Draft(
        incident=case.id,
        person=person,
        address=Address(TELEGRAM, str(author)),
        user_id=str(author),
        message="",
        text=words(number),
        kind="answer",
        state="sending",
    )
    draft = await tx.conversations.write(draft, now)
    await tx.inbox.later(f"send-draft/{draft.id}/x", {"kind": "send-draft", "draft": draft.id}, lane=f"draft/{draft.id}", at=now)


async def _seed(world: World, answers: int, authors: int) -> None:
    for author in range(1, authors + 1):
        await world.appoint(TELEGRAM, author, f"Иванова {author}", OWNER)
    store = Store(world.url.render_as_string(hide_password=False))
    async with store.transaction() as tx:
        people = [await tx.people.known(TELEGRAM, str(author)) for author in range(1, authors + 1)]
        for number in range(answers):
            author = number % authors
            person = people[author]
            assert person is not None
            await _written(tx, number, author + 1, person.id)
    await store.close()


def _faulty(chance: random.Random) -> Callable[[Call], Fault | None]:
    def fault(call: Call) -> Fault | None:
        is_message = call.method in ("sendMessage", "messages.send")
        return chance.choice(ACCEPTED) if is_message and chance.random() < SHARE else None

    return fault


def _copies(world: World) -> Mapping[str, int]:
    """How often each answer stands in its citizen's chat."""
    stands: dict[str, int] = defaultdict(int)
    for call, _ in world.telegram.shown + world.vk.shown:
        chat = call.params.get("chat_id") or call.params["peer_ids"]
        if int(chat) >= FIRST:
            stands[chat] += 1
    return stands


def _told(world: World, sign: str) -> Mapping[int, float]:
    """Incident → when its author was told this of it first."""
    told: dict[int, float] = {}
    for call, _ in world.telegram.shown:
        if sign in call.text and int(call.params["chat_id"]) < FIRST:
            told.setdefault(int(call.text.split()[1].rstrip(".")), call.at)
    return told


async def _killed(world: World, chance: random.Random, kills: int) -> Sequence[float]:
    """Kill it and start it again while it works, however long a start takes here. Returns when."""
    killed: list[float] = []
    for _ in range(kills):
        await world.listens(120)
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        if not await world.left():
            break
        assert world.child is not None
        killed.append(time.monotonic())
        await world.child.kill()
        await world.start(first=SHORT)
    return killed


SHORT: Sequence[Sequence[Any]] = (("tests.promises.short:calls", GIVEN_UP),)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"] if FULL else ["sqlite"], indirect=True)
async def test_no_answer_is_silently_doubled_or_lost(
    zygote: Zygote, tmp_path: Path, database_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    answers, authors = size(quick=60, full=2000), size(quick=20, full=200)
    async with World(zygote, tmp_path, database_url) as world:
        await _seed(world, answers, authors)
        world.telegram.fault = world.vk.fault = _faulty(seeded)
        begun = time.monotonic()
        await world.start(first=SHORT)
        kills = await _killed(world, seeded, size(quick=1, full=60))
        await world.idle(LONGEST_PAUSE + 30.0)  # what VK was asked for seven times rests for a minute
        took = time.monotonic() - begun
        drafts = await world.database.ask("SELECT incident_id, state FROM drafts ORDER BY id")
        where = dict(await _chats(world))
        copies, told = _copies(world), _told(world, "Не знаем, дошло ли")
        first = _first_calls(world)
        lost = [row[0] for row in drafts if row[1] == "delivered" and copies[where[row[0]]] == 0]
        doubled = [chat for chat, count in copies.items() if count > 1]
        unknown = [row[0] for row in drafts if row[1] == "uncertain"]
        hidden = [number for number in unknown if number not in told]
        late = {number: told[number] - _begun(first.get(where[number]), told[number], kills) for number in unknown if number in told}
        figures(
            answers=answers, kills=len(kills), seconds=round(took), unknown=len(unknown), lost=len(lost), doubled=len(doubled),
            hidden=len(hidden), slowest_to_show=round(max(late.values(), default=0.0), 1),
        )  # fmt: skip
        assert {row[1] for row in drafts} <= {"delivered", "uncertain"}
        assert (lost, doubled, hidden) == ([], [], [])
        assert [number for number in unknown if int(where[number]) % 2] == [], "VK drops repeats: nobody has to be asked"
        assert max(late.values(), default=0.0) <= MINUTE
        assert await world.doubled() == []
        # Nobody reported here: the receipts and cards were not what it is about.
        assert [one for one in await world.broken() if not one.startswith("12. half of a report")] == []


def _begun(first: float | None, told: float, kills: Sequence[float]) -> float:
    """When it became unknown whether an answer arrived: with its first call, or with the kill right before it."""
    return first if first is not None else max(at for at in kills if at < told)


async def _chats(world: World) -> Sequence[tuple[int, str]]:
    return [(row[0], row[1]) for row in await world.database.ask("SELECT id, chat FROM incidents")]


def _first_calls(world: World) -> Mapping[str, float]:
    """Chat of a citizen → when the platform first saw a call for it."""
    first: dict[str, float] = {}
    for call in world.telegram.calls + world.vk.calls:
        chat = call.params.get("chat_id") or call.params.get("peer_ids", "")
        first.setdefault(chat, call.at)
    return first
