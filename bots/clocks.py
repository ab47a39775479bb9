"""What an administrator asks of the clocks from the command line: how one stands and why, and what new rules change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import typer

from bots.channel import Refused
from bots.clock import now
from bots.settings import Settings
from handlers import notices
from handlers.explain import explain
from handlers.explained import lines, spoken
from handlers.recompute import Kind, Moved, Rules, apply, page
from handlers.turn import Moment, Office
from incidents.region import parse
from locales import Texts
from storage.store import Store

WRONG = 1
SHOWN = 10
"""Incidents of each kind that a preview names; the rest are counted."""
PAGE, BATCH = 500, 25
"""Incidents of one transaction: of a preview, and of a change."""


@asynccontextmanager
async def office(settings: Settings, store: Store) -> AsyncIterator[Office | None]:
    """The office of the loaded region with the accounts that have a token, as the running program has it; None without a loaded region."""
    from bots.connections import Connections  # noqa: PLC0415  # the messengers' libraries take seconds to import

    async with store.transaction() as tx:
        source, accounts = await tx.regions.current(), await tx.accounts.all()
    if source is None:
        yield None
        return
    region = parse(source)
    async with Connections(settings, now) as connections:
        for account in region.accounts:
            with suppress(Refused):  # a token that is none, of which `sutki run` and the doctor tell
                await connections.open(account)
        yield Office(region, accounts, {name: channel.limits for name, channel in connections.channels.items()}, notices.after)


async def explain_clock(words: Texts, settings: Settings, store: Store, number: int) -> int:
    """`sutki clock explain`."""
    async with office(settings, store) as found:
        if found is None:
            return _complain(words.say("clock-not-loaded"))
        async with store.transaction() as tx:
            moment = Moment(tx, found, now())
            case = await tx.incidents.get(number)
            if case is None:
                return _complain(words.say("clock-unknown", number=number))
            for line in lines(spoken(moment, await explain(moment, case), words), words):
                typer.echo(line)
    return 0


# --- new rules for clocks that run already ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    apply: bool
    also_later: bool
    yes: bool


async def recompute_clocks(words: Texts, settings: Settings, store: Store, wish: Wish) -> int:
    """`sutki clock recompute`: a preview, and the change itself when it is asked for and agreed to."""
    async with office(settings, store) as found:
        rules = await _rules(store)
        if found is None or rules is None:
            return _complain(words.say("clock-not-loaded"))
        looked, changes = await _preview(found, store, rules)
        _show(words, rules, looked, changes, wish)
        wanted = [one for one in changes if one.kind is not Kind.LATER or wish.also_later]
        if not wanted:
            return 0
        if not wish.apply:
            typer.echo(words.say("cli-recompute-hint"))
            return 0
        if not wish.yes and not await asyncio.to_thread(typer.confirm, words.say("cli-recompute-sure", count=len(wanted))):
            typer.echo(words.say("cli-recompute-nothing"))
            return 0
        done, missed = await _apply(found, store, rules, also_later=wish.also_later)
        typer.echo(words.say("cli-recompute-done", count=done))
        return _complain(words.say("cli-recompute-missed", count=missed)) if missed else 0


async def _rules(store: Store) -> Rules | None:
    async with store.transaction() as tx:
        versions = await tx.regions.versions()
    return Rules(tuple((loaded_at, parse(source)) for loaded_at, source in versions)) if versions else None


async def _preview(office: Office, store: Store, rules: Rules) -> tuple[int, Sequence[Moved]]:
    """How many open incidents there are, and what would become of those that change."""
    looked, changes, last = 0, list[Moved](), 0
    while True:
        async with store.transaction() as tx:
            found, count, last = await page(Moment(tx, office, now()), rules, last, PAGE)
        looked += count
        changes += found
        if count < PAGE:
            return looked, changes


async def _apply(office: Office, store: Store, rules: Rules, *, also_later: bool) -> tuple[int, int]:
    """Change them in small transactions, each looked at anew in its own. Returns how many were, and at how many others were quicker."""
    done, missed, last = 0, 0, 0
    while True:
        async with store.transaction("recompute") as tx:
            moment = Moment(tx, office, now())
            found, count, last = await page(moment, rules, last, BATCH)
            for one in found:
                if one.kind is not Kind.LATER or also_later:
                    changed = await apply(moment, one)
                    done, missed = done + changed, missed + (not changed)
        if count < BATCH:
            return done, missed


def _show(words: Texts, rules: Rules, looked: int, changes: Sequence[Moved], wish: Wish) -> None:
    """Numbers first, then the beginning of each kind."""
    typer.echo(words.say("cli-recompute-open", count=looked, changed=len(changes)))
    for kind in Kind:
        found = [one for one in changes if one.kind is kind]
        if not found:
            continue
        typer.echo(words.say(f"cli-recompute-{kind}", count=len(found)))
        if kind is Kind.LATER:
            typer.echo("  " + words.say("cli-recompute-later-told" if wish.also_later else "cli-recompute-later-kept"))
        for one in found[:SHOWN]:
            typer.echo("  " + _line(words, rules, one))
        if len(found) > SHOWN:
            typer.echo("  " + words.say("cli-recompute-more", count=len(found) - SHOWN))


def _line(words: Texts, rules: Rules, one: Moved) -> str:
    incident, zone, at = one.case.incident, rules.now.zone_of(one.case.incident.territory), now()
    before, after = (words.when(due, zone, at) if due else "—" for due in (incident.due_at, one.after.due_at))
    clock = words.say(f"clock-name-{incident.timer}")
    return words.say("cli-recompute-line", number=one.number, clock=clock, before=before, after=after)


def _complain(text: str) -> int:
    typer.echo(text, err=True)
    return WRONG
