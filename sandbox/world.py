"""What the sandbox consists of: its messengers, its clock, its phones and who holds them, and the invented people of the example region."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.messenger import Messenger

LANGUAGES = ("ru", "en")


@dataclass(frozen=True, slots=True)
class Account:
    """One bot or community."""

    messenger: str
    id: str
    title: str
    handle: str
    """Its name in addresses: ``t.me/<handle>``, ``vk.me/<handle>``."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who holds a phone."""

    messenger: str
    id: str
    name: str
    role: str
    """citizen, official, head or curator; the page translates it."""
    organisation: str = ""
    """The organisation's code in the region file; empty for citizens and curators."""


@dataclass(frozen=True, slots=True)
class Group:
    """A chat of several people and a bot."""

    messenger: str
    account: str
    chat: str
    title: str
    forum: bool
    organisation: str
    members: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone on the page. Whoever of ``persons`` is chosen holds it: in a group they speak, in a private chat it is theirs."""

    key: str
    """Also the key of its title among the page's texts, as ``phone-<key>``."""
    messenger: str
    account: str
    kind: str
    """private, group, forum"""
    persons: tuple[Person, ...]
    chat: str = ""
    """The group it opens with; empty: the private chat with the account."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point that a phone can send as its location."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Link:
    """An address offered in the phones of a messenger, e.g. an invite."""

    messenger: str
    url: str
    titles: Mapping[str, str]
    """By language."""


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident in the overview above the phones."""

    number: int
    status: str
    """The code of the status; the page translates it."""
    due: datetime | None = None
    late: bool = False


Said = TypeVar("Said")
Ask = Callable[[], Awaitable[Said]]


async def _nothing() -> None:
    return None


async def _none() -> Sequence[str]:
    return ()


async def _no_incidents() -> Sequence[IncidentLine]:
    return ()


async def _no_links() -> Sequence[Link]:
    return ()


async def _unexplained(_number: int, _language: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the page asks of those who run the bots."""

    next_reminder: Ask[datetime | None] = _nothing
    next_deadline: Ask[datetime | None] = _nothing
    failures: Ask[Sequence[str]] = _none
    """What the bots report as not delivered, a plain sentence each, newest last."""
    incidents: Ask[Sequence[IncidentLine]] = _no_incidents
    links: Ask[Sequence[Link]] = _no_links
    explain: Callable[[int, str], Awaitable[Mapping[str, Any] | None]] = _unexplained
    """How the clock of an incident stands, in words of a language, as JSON for ``phones/clock.js``; None: there is no such incident."""
    next_event: Ask[tuple[datetime, int] | None] = _nothing
    """When something is said next by itself, and about which incident."""
    move: Callable[[timedelta], Awaitable[None]] | None = None
    """Moves the clock in their place, stopping at whatever is due on the way; None: the clock just jumps."""


@dataclass
class Choices:
    """What was chosen on the page and outlives a restart."""

    language: str = "ru"
    watchers: list[Callable[[], None]] = field(default_factory=list)

    def speak(self, language: str) -> None:
        """Choose the page's language. Raises ValueError for one that it does not have."""
        if language not in LANGUAGES:
            raise ValueError("no such language")
        self.language = language
        for changed in self.watchers:
            changed()


@dataclass(frozen=True, slots=True)
class Cast:
    """The accounts, people, groups and phones of a region."""

    accounts: tuple[Account, ...]
    persons: tuple[Person, ...]
    groups: tuple[Group, ...]
    phones: tuple[Phone, ...]
    places: tuple[Place, ...] = ()
    zone: str = "UTC"
    """IANA name."""


@dataclass(frozen=True, slots=True)
class World:
    """All that the page shows and moves."""

    cast: Cast
    messengers: Mapping[str, Messenger]
    clock: SandboxClock
    faults: Faults
    blobs: Blobs
    choices: Choices = field(default_factory=Choices)
    hooks: Hooks = field(default_factory=Hooks)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after everything that the page could show differently."""
        for messenger in self.messengers.values():
            messenger.watch(changed)
        self.clock.watch(changed)
        self.faults.watchers.append(changed)
        self.choices.watchers.append(changed)


def deep_link(url: str, accounts: Sequence[Account]) -> tuple[Account, str] | None:
    """Which account an address leads to and the code it carries; None when it leads out of the sandbox."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    messenger = {"t.me": "telegram", "telegram.me": "telegram", "vk.me": "vk", "vk.com": "vk", "vk.ru": "vk"}.get(host)
    handle = parts.path.strip("/").lower()
    for account in accounts:
        names = {account.handle.lower()} | ({f"club{account.id}", f"public{account.id}"} if account.messenger == "vk" else set())
        if account.messenger == messenger and handle in names:
            code = parse_qs(parts.query).get("start" if messenger == "telegram" else "ref", [""])
            return account, code[0]
    return None


def altai() -> Cast:
    """The example region's cast. All names are invented; the ids stay the same for ever, what was said hangs on them."""
    telegram = Account("telegram", "7000000001", "Сутки · Алтайский край", "altai_sutki_bot")
    vk = Account("vk", "900000001", "Сутки · Алтайский край", "altai_sutki")
    anna = Person("telegram", "100000001", "Анна Примерова", "citizen")
    pyotr = Person("vk", "200000001", "Пётр Образцов", "citizen")
    ivanova = Person("telegram", "100000011", "Мария Иванова", "official", "zhkh-barnaul")
    petrov = Person("telegram", "100000012", "Илья Петров", "official", "zhkh-barnaul")
    roads = Person("vk", "200000011", "Семён Выдуманов", "official", "dorogi-biysk")
    head = Person("telegram", "100000021", "Николай Условный", "head", "zhkh-barnaul")
    curator = Person("telegram", "100000031", "Вера Пробная", "curator")
    forum = Group(
        "telegram",
        telegram.id,
        "-1001000000001",
        "Комитет ЖКХ Барнаула",
        forum=True,
        organisation="zhkh-barnaul",
        members=(ivanova, petrov),
    )
    chat = Group("vk", vk.id, "2000000001", "Дорожная служба Бийска", forum=False, organisation="dorogi-biysk", members=(roads,))
    return Cast(
        accounts=(telegram, vk),
        persons=(anna, pyotr, ivanova, petrov, roads, head, curator),
        groups=(forum, chat),
        phones=(
            Phone("citizen-telegram", "telegram", telegram.id, "private", (anna,)),
            Phone("citizen-vk", "vk", vk.id, "private", (pyotr,)),
            Phone("forum", "telegram", telegram.id, "forum", (ivanova, petrov), forum.chat),
            Phone("chat", "vk", vk.id, "group", (roads,), chat.chat),
            Phone("curator", "telegram", telegram.id, "private", (curator, head)),
        ),
        places=(
            Place("Барнаул, ул. Ленина, 15", 53.3333, 83.7899),
            Place("Бийск, ул. Советская, 199", 52.5396, 85.2138),
            Place("Рубцовск, пр. Ленина, 130", 51.5147, 81.2061),
            Place("Заринск, ул. Союза Республик, 2", 53.7063, 84.9315),
        ),
        zone="Asia/Barnaul",
    )
