"""What an administrator does from the command line: load the region file, invite people, connect chats."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from bots.channel import Channel, Refused, Undelivered
from incidents.incident import Role
from incidents.region import Account, Region, parse
from storage.people import CHAT, PERSON
from storage.store import Store, Tx

Connect = Callable[[Account], Awaitable[Channel | None]]
"""Opens the channel of an account, as ``Connections.open`` does; None when there is no token for it."""

# Read aloud and typed by hand: no letter that looks like another letter or a digit (Crockford's alphabet).
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_OF_REGION = {"topic": "topics", "territory": "territories", "organisation": "organisations", "account": "accounts", "danger": "dangers"}

_WITH_CLOCKS = ("topic", "territory", "settings")
"""What of a region file may say how clocks run."""


def link_code() -> str:
    """A code for a link: 130 bits, in letters that every messenger lets through."""
    return "".join(secrets.choice(_LETTERS) for _ in range(26))


def spoken_code() -> str:
    """A code for a person to type after /connect: 80 bits in groups of four."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


# --- the region file ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a new region file changes: + added, - removed, ~ changed."""

    sign: str
    kind: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a region file did, or would do."""

    region: Region
    differences: tuple[Difference, ...]
    in_use: tuple[Difference, ...]
    """What the file leaves out though incidents, roles or chats refer to it; with any of these nothing is loaded."""
    same: bool
    """The very same text is in force already."""
    clocks: bool = False
    """It changes how clocks run, and there are open incidents."""


async def load_region(store: Store, text: str, at: datetime, *, dry_run: bool) -> Loaded:
    """Put a region file in force, unless it is there already or leaves out what is in use. Raises RegionErrors."""
    region = parse(text)
    async with store.transaction("load_region") as tx:
        before = await tx.regions.current()
        differences = compare(parse(before) if before else None, region)
        in_use = await _missing(tx, region)
        if not in_use and not dry_run:
            await tx.regions.loaded(text, at)
        clocks = bool(before) and any(one.kind in _WITH_CLOCKS for one in differences) and bool(await tx.incidents.open_after(0, 1))
    return Loaded(region, differences, in_use, same=before == text, clocks=clocks)


def compare(before: Region | None, after: Region) -> tuple[Difference, ...]:
    """What changes from one region to the other, in the order of the file's sections."""
    found: list[Difference] = []
    for kind, section in _OF_REGION.items():
        old, new = (_by_id(region, section) for region in (before, after))
        found += [Difference("-", kind, name) for name in old if name not in new]
        found += [Difference("~" if name in old else "+", kind, name) for name in new if old.get(name) != new[name]]
    routes = [dict(region.route) if region else {} for region in (before, after)]
    for pair in sorted(routes[0].keys() | routes[1].keys()):
        if routes[0].get(pair) != routes[1].get(pair):
            sign = "+" if pair not in routes[0] else "-" if pair not in routes[1] else "~"
            found.append(Difference(sign, "route", " × ".join(name or "*" for name in pair)))
    rules = [field.name for field in fields(Region) if field.name not in {*_OF_REGION.values(), "routes"}]
    found += [Difference("~", "settings", name) for name in rules if before and getattr(before, name) != getattr(after, name)]
    return tuple(found)


def _by_id(region: Region | None, section: str) -> Mapping[str, object]:
    return {getattr(item, _key(section)): item for item in getattr(region, section)} if region else {}


def _key(section: str) -> str:
    return {"accounts": "key", "dangers": "kind"}.get(section, "id")


async def _missing(tx: Tx, region: Region) -> tuple[Difference, ...]:
    used = await tx.regions.in_use()
    known = {kind: _by_id(region, _OF_REGION[kind]) for kind in used}
    return tuple(Difference("-", kind, name) for kind in used for name in sorted(used[kind]) if name not in known[kind])


# --- invitations -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """Where an invitation can be opened, or why it cannot: ``trouble`` is token, refused or away."""

    account: str
    title: str = ""
    link: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time code that was just made."""

    code: str
    expires_at: datetime
    doors: tuple[Door, ...] = ()


async def invite_person(
    store: Store, accounts: Sequence[Account], connect: Connect, *, role: Role, organisation: str, days: int, at: datetime
) -> Invitation:
    """Make a one-time link to a role for each account. Accounts that never ran are asked who they are."""
    strangers = await _identify(store, accounts, connect)
    code = link_code()
    expires_at = at + timedelta(days=days)
    async with store.transaction() as tx:
        known = await tx.accounts.all()
        await tx.people.invite(code, PERSON, role, organisation, at=at, expires_at=expires_at)
    doors = [
        Door(account.key, known[account.key].title, known[account.key].start_link.replace("{code}", code))
        for account in accounts
        if account.key in known and known[account.key].start_link
    ]
    return Invitation(code, expires_at, (*doors, *strangers))


async def invite_chat(store: Store, *, organisation: str, days: int, at: datetime) -> Invitation:
    """Make a one-time code that connects a group to an organisation; an empty organisation means the curators."""
    code = spoken_code()
    expires_at = at + timedelta(days=days)
    async with store.transaction() as tx:
        await tx.people.invite(code, CHAT, "" if organisation else Role.CURATOR, organisation, at=at, expires_at=expires_at)
    return Invitation(code, expires_at)


async def _identify(store: Store, accounts: Sequence[Account], connect: Connect) -> tuple[Door, ...]:
    async with store.transaction() as tx:
        known = await tx.accounts.all()
    return tuple([door for account in accounts if account.key not in known and (door := await _ask(store, account, connect))])


async def _ask(store: Store, account: Account, connect: Connect) -> Door | None:
    try:
        channel = await connect(account)
        if channel is None:
            return Door(account.key, trouble="token")
        who = await channel.identify()
    except Refused:
        return Door(account.key, trouble="refused")
    except Undelivered:
        return Door(account.key, trouble="away")
    async with store.transaction() as tx:
        await tx.accounts.identified(account.key, account.kind, who.id, who.title, who.link, who.start_link)
    return None
