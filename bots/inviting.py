"""`sutki invite`: checks what was asked for, makes the code, and shows links, their pictures, or the command for a chat."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import segno
import typer

from bots import administer
from bots.administer import Door, Invitation
from bots.clock import now
from bots.settings import Settings
from incidents.incident import Role
from incidents.region import Account, Region, parse
from locales import Texts
from storage.store import Store

_OF_AN_ORGANISATION = (Role.OFFICIAL, Role.HEAD)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line; ``role`` is empty when none was named."""

    organisation: str
    role: str
    days: int
    chat: bool
    account: str
    qr: bool


def misuse(wish: Wish) -> str:
    """The key of what is wrong with the combination of options, before any database is opened; empty when nothing is."""
    if wish.chat:
        curators = wish.role == Role.CURATOR and not wish.organisation
        return "" if curators or not wish.role else "cli-invite-chat-role"
    if not wish.role:
        return "cli-invite-role-needed"
    if wish.organisation and Role(wish.role) not in _OF_AN_ORGANISATION:
        return "cli-invite-organisation-not-needed"
    return ""


async def invite(words: Texts, settings: Settings, store: Store, wish: Wish) -> int:
    """Make the invitation and show it. Returns the exit code."""
    async with store.transaction() as tx:
        source = await tx.regions.current()
    if source is None:
        typer.echo(words.say("cli-region-none-loaded"), err=True)
        return 1
    region = parse(source)
    if wrong := _unknown(words, region, wish):
        typer.echo(wrong, err=True)
        return 2
    if wish.chat:
        made = await administer.invite_chat(store, organisation=wish.organisation, days=wish.days, at=now())
        typer.echo(words.say("cli-invite-connect", until=_until(made)))
        typer.echo(f"/connect {made.code}")
        return 0
    from bots.connections import Connections  # noqa: PLC0415  # the messengers' libraries take seconds to import

    accounts = [account for account in region.accounts if wish.account in ("", account.key)]
    async with Connections(settings, now) as connections:
        made = await administer.invite_person(
            store, accounts, connections.open, role=Role(wish.role), organisation=wish.organisation, days=wish.days, at=now()
        )
    return _show(words, region, wish, made, accounts)


def _unknown(words: Texts, region: Region, wish: Wish) -> str:
    """What is said when an organisation is missing or unknown, or an account is unknown; empty when all is well."""
    needed = wish.role in _OF_AN_ORGANISATION or (wish.chat and not wish.role)
    organisations, accounts = ", ".join(region.organisation), ", ".join(region.account)
    if needed and not wish.organisation:
        return words.say("cli-invite-organisation-needed", known=organisations)
    if wish.organisation and wish.organisation not in region.organisation:
        return words.say("cli-invite-unknown-organisation", value=wish.organisation, known=organisations)
    if wish.account and wish.account not in region.account:
        return words.say("cli-invite-unknown-account", value=wish.account, known=accounts)
    return ""


def _show(words: Texts, region: Region, wish: Wish, made: Invitation, accounts: Sequence[Account]) -> int:
    title = region.organisation[wish.organisation].title if wish.organisation else "none"
    typer.echo(words.say("cli-invite-for", role=words.say(f"role-{wish.role}"), organisation=title, until=_until(made)))
    variables = {account.key: account.token_env for account in accounts}
    for door in made.doors:
        _show_door(words, door, variables[door.account], qr=wish.qr)
    if any(door.link for door in made.doors):
        return 0
    typer.echo(words.say("cli-invite-no-links"), err=True)
    return 1


def _show_door(words: Texts, door: Door, variable: str, *, qr: bool) -> None:
    if door.trouble:
        typer.echo(words.say("cli-invite-unidentified", account=door.account, why=door.trouble, variable=variable), err=True)
        return
    typer.echo()
    typer.echo(words.say("cli-invite-link", account=door.account, title=door.title, link=door.link))
    if qr:
        typer.echo(picture(door.link))


def picture(link: str) -> str:
    """The link as a QR code of block letters, for a telephone held up to the terminal."""
    out = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue()


def _until(made: Invitation) -> str:
    return f"{made.expires_at:%Y-%m-%d %H:%M}"
