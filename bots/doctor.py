"""Looks at everything an administrator has to set up, and says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import sqlite3
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from bots.administer import Connect
from bots.channel import Clock, Refused, Undelivered
from bots.redaction import without_user
from bots.settings import Settings
from incidents.region import Account, Region, RegionErrors, parse
from storage.migrate import is_current, revision
from storage.store import Store, Tx

WRONG_CLOCK = 30
"""Seconds: a deadline is told to the minute."""


class Grade(StrEnum):
    """How a finding is meant."""

    WELL = "✓"
    NOTE = "·"
    """Worth knowing; a house may be meant to be so."""
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: a key of the locale and what it needs."""

    grade: Grade
    key: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)
    problem: str = ""
    """A second key, of what a channel found about itself, said within the first."""


async def examine(settings: Settings, store: Store, connect: Connect, clock: Clock) -> AsyncIterator[Finding]:
    """Everything there is to say, as soon as it is known."""
    yield Finding(Grade.WELL, "cli-doctor-settings")
    text, findings = _region_file(settings)
    for finding in findings:
        yield finding
    region = _parsed(text)
    if region and (year := region.missing_year(clock().astimezone(region.zone).date())):
        yield Finding(Grade.NOTE, "cli-doctor-calendar-missing", {"year": str(year)})
    for variable, nearest in settings.unknown([account.token_env for account in region.accounts] if region else ()).items():
        yield Finding(Grade.WRONG, "cli-doctor-unknown-variable", {"variable": variable, "nearest": nearest or "none"})
    async for finding in _database(store, settings, text):
        yield finding
    if region is None:
        return
    for account in region.accounts:
        async for finding in _account(account, settings, connect):
            yield finding
    if region.accounts and not any(settings.token(account.token_env) for account in region.accounts):
        yield Finding(Grade.WRONG, "cli-doctor-no-accounts")
    for finding in await _time(region, settings, clock):
        yield finding


# --- the region file ---------------------------------------------------------------------------------------------------


def _region_file(settings: Settings) -> tuple[str, Sequence[Finding]]:
    path = {"path": str(settings.region)}
    try:
        text = settings.region.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "", [Finding(Grade.WRONG, "cli-doctor-region-missing", path)]
    except (OSError, UnicodeDecodeError):
        return "", [Finding(Grade.WRONG, "cli-doctor-region-wrong", path)]
    well = _parsed(text) is not None
    return text, [Finding(Grade.WELL if well else Grade.WRONG, "cli-doctor-region-good" if well else "cli-doctor-region-wrong", path)]


def _parsed(text: str) -> Region | None:
    try:
        return parse(text) if text else None
    except RegionErrors:
        return None


# --- the database ------------------------------------------------------------------------------------------------------


async def _database(store: Store, settings: Settings, text: str) -> AsyncIterator[Finding]:
    try:
        found = await revision(store)
        async with store.transaction() as tx:
            kind = tx.connection.dialect.name
            journal = str((await tx.connection.exec_driver_sql("PRAGMA journal_mode")).scalar()) if store.is_sqlite else ""
    except (SQLAlchemyError, OSError) as failure:
        yield Finding(Grade.WRONG, "cli-doctor-database-away", {"why": reason(failure)})
        return
    yield Finding(Grade.WELL, "cli-doctor-database-good", {"kind": kind})
    if journal:
        yield Finding(Grade.WELL, "cli-doctor-database-sqlite", {"version": sqlite3.sqlite_version, "journal": journal.upper()})
    if not found:
        yield Finding(Grade.NOTE, "cli-doctor-database-empty")
    elif not await is_current(store):
        yield Finding(Grade.WRONG, "cli-doctor-database-old", {"found": found})
    else:
        async with store.transaction() as tx:
            people = await _people(tx, settings, text)
        for finding in people:
            yield finding


def reason(failure: BaseException) -> str:
    """The kind of the innermost failure: its words may hold a password."""
    while failure.__cause__ is not None:
        failure = failure.__cause__
    return type(failure).__name__


async def _people(tx: Tx, settings: Settings, text: str) -> Sequence[Finding]:
    """Is the region loaded, and is there somebody to answer for each organisation."""
    source = await tx.regions.current()
    if source is None:
        return [Finding(Grade.NOTE, "cli-doctor-region-not-loaded")]
    found = []
    if text and text != source:
        found.append(Finding(Grade.NOTE, "cli-doctor-region-differs", {"path": str(settings.region)}))
    if not await tx.people.curators() and not await tx.chats.desks():
        found.append(Finding(Grade.WRONG, "cli-doctor-no-curator"))
    region = parse(source)
    for organisation in region.organisations:
        arguments = {"title": organisation.title, "organisation": organisation.id}
        chats = await tx.chats.of(organisation.id)
        if not chats and not await tx.people.officials(organisation.id):
            found.append(Finding(Grade.WRONG, "cli-doctor-organisation-empty", arguments))
        elif not chats:
            found.append(Finding(Grade.NOTE, "cli-doctor-organisation-no-chat", arguments))
    return found


# --- accounts ----------------------------------------------------------------------------------------------------------


async def _account(account: Account, settings: Settings, connect: Connect) -> AsyncIterator[Finding]:
    arguments = {"account": account.key, "variable": account.token_env}
    try:
        channel = await connect(account)
        if channel is None:
            yield Finding(Grade.NOTE, "cli-doctor-token-missing", arguments)
            return
        who = await channel.identify()
        yield Finding(Grade.WELL, "cli-doctor-account-good", {"account": account.key, "title": who.title, "link": who.link})
        for problem in await channel.check():
            yield Finding(Grade.WRONG, "cli-doctor-account-problem", {"account": account.key}, problem=problem)
    except Refused:
        yield Finding(Grade.WRONG, "cli-doctor-token-wrong", arguments)
    except Undelivered:
        address = without_user(_base(account, settings))
        yield Finding(Grade.WRONG, "cli-doctor-account-away", {"account": account.key, "address": address})


def _base(account: Account, settings: Settings) -> str:
    return settings.vk_url if account.kind == "vk" else settings.telegram_url


# --- the clock ---------------------------------------------------------------------------------------------------------


async def _time(region: Region, settings: Settings, clock: Clock) -> Sequence[Finding]:
    """Compare our clock with that of each messenger's server; a messenger that does not answer says nothing about clocks."""
    found = []
    for base in sorted({_base(account, settings) for account in region.accounts}):
        theirs = await asyncio.to_thread(_server_time, base)
        if theirs is None:
            continue
        away = round(abs((clock() - theirs).total_seconds()))
        if away > WRONG_CLOCK:
            arguments: dict[str, str | int] = {"host": urlsplit(base).hostname or base, "seconds": away}
            found.append(Finding(Grade.WRONG, "cli-doctor-clock-wrong", arguments))
        else:
            found.append(Finding(Grade.WELL, "cli-doctor-clock-good"))
    return found if any(finding.grade is Grade.WRONG for finding in found) else found[:1]


def _server_time(base: str) -> datetime | None:
    """What the Date header of any answer says, even of a refusal."""
    request = urllib.request.Request(base, method="HEAD")  # noqa: S310  # http and https only: the settings see to it
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
            said = answer.headers.get("Date")
    except HTTPError as refusal:
        said = refusal.headers.get("Date")
    except (OSError, HTTPException):
        return None
    try:
        return parsedate_to_datetime(said) if said else None
    except ValueError:
        return None
