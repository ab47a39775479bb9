"""What an administrator asks of the clocks from the command line: how one stands and why, and what new rules change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer

from bots.clock import now
from bots.settings import Settings
from handlers import notices
from handlers.explain import explain
from handlers.explained import lines, spoken
from handlers.turn import Moment, Office
from incidents.region import parse
from locales import Texts
from storage.store import Store

WRONG = 1


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


def _complain(text: str) -> int:
    typer.echo(text, err=True)
    return WRONG
