"""`sutki sandbox`: the real house between a local Telegram, a local VK and a page with phones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web

from bots.administer import link_code, spoken_code
from bots.app import App, CannotStart, close_app, on_signals, open_app
from bots.settings import read
from handlers.explain import explain
from handlers.explained import spoken
from handlers.turn import Moment
from locales import Texts, texts
from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.keep import Keep, until_evening
from sandbox.messenger import Messenger
from sandbox.page import page_app
from sandbox.telegram import LocalTelegram
from sandbox.telegram_state import LocalBot, LocalGroup, LocalPerson
from sandbox.vk import LocalVk
from sandbox.vk_shapes import Chat, Community
from sandbox.world import Account, Cast, Choices, Hooks, IncidentLine, Person, World, altai
from storage.people import CHAT, PERSON

log = structlog.get_logger(__name__)

REGION = Path(__file__).parents[1] / "examples" / "altai.toml"
# Tokens of nobody: the local messengers know them, the real ones never will.
TOKENS = {"telegram": "7000000001:sandbox-sandbox-sandbox-sandbox-sand", "vk": "vk1.a.sandbox-sandbox-sandbox-sandbox-sandbox"}
# The example region has a second community, which no phone on the page writes to.
BIYSK = Community(900000002, "vk1.a.sandbox-sandbox-sandbox-sandbox-biysk", "biysk_sutki", "Сутки · Бийск")
VARIABLES = {"telegram": "SUTKI_TELEGRAM_ALTAI_TOKEN", "vk": "SUTKI_VK_ALTAI_TOKEN"}
NAMES = {"telegram": "telegram/altai", "vk": "vk/altai"}
"""Our names of the two accounts in the example region."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The running sandbox: its outside world, the house in it, and where its page is."""

    world: World
    app: App
    address: str
    move: Callable[[timedelta], Awaitable[None]]
    """Moves the clock, stopping at everything that is due on the way."""


async def run(words: Texts, *, port: int, folder: Path) -> None:
    """Run the sandbox until Ctrl-C. Raises CannotStart when the port is taken, Damaged when what was kept cannot be read."""
    stopped = asyncio.Event()
    on_signals(stopped.set)
    async with AsyncExitStack() as stack:
        sandbox = await open_sandbox(stack, port=port, folder=folder)
        print(words.say("cli-sandbox-ready", address=sandbox.address), flush=True)
        await stopped.wait()
        print(words.say("cli-sandbox-ends"), flush=True)


async def open_sandbox(stack: AsyncExitStack, *, port: int, folder: Path) -> Sandbox:
    """Start everything; leaving the stack ends it. ``folder`` is absolute; ``port`` 0: any free one."""
    cast, clock, faults, choices = altai(), SandboxClock(), Faults(), Choices()
    blobs = Blobs(folder / "blobs")
    telegram, vk = _local_telegram(cast, blobs, faults, clock), _local_vk(cast, blobs, faults, clock)
    keep = Keep(folder, {"telegram": telegram, "vk": vk}, clock, choices)
    if not keep.load():
        clock.offset = until_evening(clock(), cast.zone)
    telegram_url, vk_url = await telegram.open(), await vk.open()
    stack.push_async_callback(telegram.close)
    stack.push_async_callback(vk.close)
    given = {
        "SUTKI_DATABASE": f"sqlite:///{quote(str(folder / 'sutki.db'))}",
        "SUTKI_REGION": str(REGION),
        "SUTKI_TELEGRAM_URL": telegram_url,
        "SUTKI_VK_URL": vk_url,
        **{VARIABLES[kind]: token for kind, token in TOKENS.items()},
        "SUTKI_VK_BIYSK_TOKEN": BIYSK.token,
    }
    app = await open_app(read(given=given), clock, REGION.read_text(encoding="utf-8"))
    stack.push_async_callback(close_app, app)
    world = World(cast, {"telegram": telegram, "vk": vk}, clock, faults, blobs, choices, _hooks(app, clock))
    world.watch(keep.touch)
    clock.watch(app.hint)
    saving = asyncio.create_task(keep.run())
    stack.push_async_callback(_end, saving)
    await app.start(paced=False)  # who tries should not wait for limits that nobody here has
    await introduce(app, cast, telegram, vk)
    return Sandbox(world, app, await _serve_page(stack, world, port), partial(_move, app, clock))


async def _serve_page(stack: AsyncExitStack, world: World, port: int) -> str:
    runner = web.AppRunner(page_app(world), access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", port)
    try:
        await site.start()
    except OSError:
        raise CannotStart("cli-sandbox-port-taken", port=str(port)) from None
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- the messengers ----------------------------------------------------------------------------------------------------


def _local_telegram(cast: Cast, blobs: Blobs, faults: Faults, clock: SandboxClock) -> LocalTelegram:
    account = _account(cast, "telegram")
    bot = LocalBot(int(account.id), TOKENS["telegram"], account.handle, account.title)
    people = [LocalPerson(int(one.id), one.name) for one in cast.persons if one.messenger == "telegram"]
    groups = [
        LocalGroup(
            int(group.chat),
            group.title,
            forum=group.forum,
            members={int(member.id): "administrator" for member in group.members},
            bots={bot.id: ["can_manage_topics"]},
        )
        for group in cast.groups
        if group.messenger == "telegram"
    ]
    return LocalTelegram([bot], people, groups, blobs=blobs, faults=faults, clock=clock)


def _local_vk(cast: Cast, blobs: Blobs, faults: Faults, clock: SandboxClock) -> LocalVk:
    account = _account(cast, "vk")
    community = Community(int(account.id), TOKENS["vk"], account.handle, account.title)
    people = {int(one.id): one.name for one in cast.persons if one.messenger == "vk"}
    chats = [
        Chat(community.id, int(group.chat), group.title, tuple(int(member.id) for member in group.members))
        for group in cast.groups
        if group.messenger == "vk"
    ]
    return LocalVk([community, BIYSK], people, chats, blobs=blobs, faults=faults, clock=clock)


def _account(cast: Cast, messenger: str) -> Account:
    return next(account for account in cast.accounts if account.messenger == messenger)


# --- who is who --------------------------------------------------------------------------------------------------------


async def introduce(app: App, cast: Cast, telegram: LocalTelegram, vk: LocalVk) -> None:
    """At the very first start everybody gets in as in life: by one-time links and codes, over the wire."""
    messengers: Mapping[str, Messenger] = {"telegram": telegram, "vk": vk}
    for person in cast.persons:
        if person.role == "citizen" or await _is_in(app, person):
            continue
        code = link_code()
        async with app.store.transaction() as tx:
            await tx.people.invite(
                code, PERSON, person.role, person.organisation, at=app.clock(), expires_at=app.clock() + timedelta(days=1)
            )
        account = _account(cast, person.messenger)
        await messengers[person.messenger].say(
            account.id, person.id, person.id, _start(person, code), start=code if person.messenger == "vk" else ""
        )
    for group in cast.groups:
        async with app.store.transaction() as tx:
            if await tx.chats.of(group.organisation):
                continue
            code = spoken_code()
            await tx.people.invite(code, CHAT, "", group.organisation, at=app.clock(), expires_at=app.clock() + timedelta(days=1))
        if group.messenger == "telegram":
            telegram.groups.add_bot(group.chat, group.account, group.members[0].id, ["can_manage_topics"])
        else:
            await vk.invite(group.account, group.chat, group.members[0].id)
        await messengers[group.messenger].say(group.account, group.chat, group.members[0].id, f"/connect {code}")
    await app.rest(10.0)


def _start(person: Person, code: str) -> str:
    return f"/start {code}" if person.messenger == "telegram" else ""


async def _is_in(app: App, person: Person) -> bool:
    async with app.store.transaction() as tx:
        known = await tx.people.known(NAMES[person.messenger], person.id)
        return bool(known and await tx.people.posts_of(known.id))


# --- what the page asks ------------------------------------------------------------------------------------------------


def _hooks(app: App, clock: SandboxClock) -> Hooks:
    async def next_reminder() -> datetime | None:
        async with app.store.transaction() as tx:
            return await tx.incidents.next_wake()

    async def next_deadline() -> datetime | None:
        async with app.store.transaction() as tx:
            return await tx.incidents.next_due(clock())

    async def failures() -> Sequence[str]:
        words = texts("ru")
        async with app.store.transaction() as tx:
            troubles = await tx.outbox.troubles()
        return [
            words.say(f"cli-sandbox-{state}", account=account, number=str(number), error=error)
            for _, account, state, number, error in reversed(troubles)
        ]

    async def incidents() -> Sequence[IncidentLine]:
        async with app.store.transaction() as tx:
            cases = await tx.incidents.newest(12)
        return [
            IncidentLine(
                case.id,
                case.incident.status,
                case.incident.due_at if case.incident.is_open else None,
                late=bool(case.incident.is_open and case.incident.due_at and case.incident.due_at < clock()),
            )
            for case in cases
        ]

    async def next_event() -> tuple[datetime, int] | None:
        async with app.store.transaction() as tx:
            return await tx.incidents.next_to_wake()

    async def explained(number: int, language: str) -> Mapping[str, Any] | None:
        async with app.store.transaction() as tx:
            moment = Moment(tx, app.office, clock())
            case = await tx.incidents.get(number)
            return asdict(spoken(moment, await explain(moment, case), texts(language))) if case else None

    return Hooks(
        next_reminder=next_reminder,
        next_deadline=next_deadline,
        next_event=next_event,
        failures=failures,
        incidents=incidents,
        explain=explained,
        move=partial(_move, app, clock),
    )


async def _move(app: App, clock: SandboxClock, by: timedelta) -> None:
    """Stop at everything that is due on the way: a jump of a day shows every reminder and digest of that day, each at its time."""
    target = clock() + by
    for _ in range(500):
        await _look(app)
        async with app.store.transaction() as tx:
            dues = [await tx.incidents.next_wake(), await tx.inbox.next_due(clock()), app.morning]
        due = min((due for due in dues if due is not None), default=target)
        if due >= target:
            break
        clock.move_to(due)
    clock.move_to(target)
    await _look(app)


async def _look(app: App) -> None:
    await app.tick()
    await app.tell_digests()
    await app.rest()
