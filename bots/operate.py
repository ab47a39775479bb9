"""What an administrator does with the database from the command line: back it up, restore it, look at what was put aside."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import typer

from bots.settings import Settings
from locales import Texts
from storage.alone import NotAlone
from storage.backup import CannotBackUp, back_up
from storage.letters import IN, OUT, Letter, Letters
from storage.migrate import Newer
from storage.posts import UNCERTAIN
from storage.restore import CannotRestore, restore
from storage.store import Store

WRONG, MISUSED = 1, 2
_OURS = "sutki-{at:%Y-%m-%dT%H-%M-%S}Z.sqlite3"
_NAME = re.compile(r"sutki-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.sqlite3")
LISTED = 50


# --- backups -----------------------------------------------------------------------------------------------------------


async def backup(words: Texts, store: Store, target: Path, at: datetime, *, keep: int) -> int:
    """`sutki backup`."""
    folder = await asyncio.to_thread(target.is_dir)
    file = target / _OURS.format(at=at) if folder else target
    began = time.monotonic()
    try:
        made = await back_up(store, file, at)
    except FileExistsError:
        return _complain(words.say("cli-backup-exists", path=str(file)))
    except CannotBackUp as failure:
        return _complain(words.say("cli-backup-failed", why=str(failure)))
    except OSError as failure:
        return _complain(words.say("cli-backup-failed", why=failure.strerror or type(failure).__name__))
    seconds = f"{time.monotonic() - began:.1f}"
    typer.echo(words.say("cli-backup-made", path=str(made.file), megabytes=f"{made.size / 1_000_000:.1f}", seconds=seconds))
    typer.echo(words.say("cli-backup-private"))
    if folder and keep:
        for old in await asyncio.to_thread(_remove_all_but, target, keep):
            typer.echo(words.say("cli-backup-removed", path=str(old)))
    return 0


def _remove_all_but(folder: Path, keep: int) -> list[Path]:
    """The newest of our backups stay; nothing else in the folder is touched."""
    old = sorted(one for one in folder.iterdir() if _NAME.fullmatch(one.name))[:-keep]
    for one in old:
        one.unlink()
    return old


async def put_back(words: Texts, settings: Settings, file: Path, at: datetime, *, force: bool) -> int:
    """`sutki restore`."""
    try:
        done = await restore(settings.database, file, at, force=force)
    except NotAlone:
        return _complain(words.say("cli-restore-running"))
    except CannotRestore as why:
        return _complain(words.say(f"cli-restore-{why.why}", path=str(file), detail=why.detail or "—"))
    except Newer as newer:
        return _complain(words.say("cli-database-newer", found=newer.found))
    except OSError as failure:
        return _complain(words.say("cli-restore-unreadable", path=str(file), why=failure.strerror or type(failure).__name__))
    settled = done.settled
    typer.echo(words.say("cli-restore-done", made=f"{datetime.fromisoformat(settled.backup_at):%Y-%m-%d %H:%M}"))
    for key, count in (
        ("cli-restore-answers", settled.answers + settled.drafts),
        ("cli-restore-unsent", settled.unsent),
        ("cli-restore-reminders", settled.reminders),
    ):
        if count:
            typer.echo("  " + words.say(key, count=count))
    typer.echo("  " + words.say("cli-restore-numbers", last=settled.last_number, next=settled.next_number))
    if done.put_aside:
        typer.echo("  " + words.say("cli-restore-aside", path=str(done.put_aside)))
    typer.echo(words.say("cli-restore-next"))
    return 0


# --- dead letters ------------------------------------------------------------------------------------------------------


async def list_letters(words: Texts, store: Store) -> int:
    """`sutki dead-letters list`."""
    async with store.transaction() as tx:
        letters = Letters(tx.connection)
        found, (dead, bad) = await letters.all(LISTED), await letters.count()
    for way, count, heading in ((IN, dead, "cli-letters-in"), (OUT, bad, "cli-letters-out")):
        if count:
            typer.echo(words.say(heading, count=count))
            for letter in (one for one in found if one.way == way):
                typer.echo("  " + _line(words, letter))
            if count > LISTED:
                typer.echo("  " + words.say("cli-letters-more", count=count - LISTED))
    typer.echo(words.say("cli-letters-hint" if dead or bad else "cli-letters-none"))
    return 0


def _line(words: Texts, letter: Letter) -> str:
    """Nobody's words: those are shown only when asked for."""
    about = words.say("cli-letters-number", number=letter.incident) if letter.incident else ""
    parts = [letter.name, f"{letter.at:%Y-%m-%d %H:%M}", letter.account or "—", letter.state]
    parts += [letter.about, about] if letter.way == OUT else []
    return " · ".join(part for part in [*parts, letter.error or "—"] if part)


async def show_letter(words: Texts, store: Store, name: str, *, raw: bool) -> int:
    """`sutki dead-letters show`."""
    async with store.transaction() as tx:
        letters = Letters(tx.connection)
        letter = await _find(letters, name)
        if letter is None:
            return _complain(words.say("cli-letters-unknown", name=name))
        typer.echo(_line(words, letter))
        typer.echo(words.say("cli-letters-tried", count=letter.attempts, about=letter.about))
        if not raw:
            typer.echo(words.say("cli-letters-raw-hint", name=letter.name))
            return 0
        typer.echo(words.say("cli-letters-raw-warning"), err=True)
        typer.echo(await letters.words(letter))
    return 0


async def replay_letters(words: Texts, store: Store, names: Sequence[str], at: datetime, *, twice: bool) -> int:
    """`sutki dead-letters replay`; without names, all updates (messages only by name)."""
    async with store.transaction("replay") as tx:
        letters = Letters(tx.connection)
        found = await _all_of(letters, names) if names else [one for one in await letters.all(10_000) if one.way == IN]
        if isinstance(found, str):
            return _complain(words.say("cli-letters-unknown", name=found))
        if not twice and (doubted := next((letter for letter in found if letter.state == UNCERTAIN), None)):
            return _complain(words.say("cli-letters-twice", name=doubted.name))
        tried: dict[str, None] = {}
        for letter in found:
            tried |= dict.fromkeys(await letters.replay(letter, at))
    typer.echo(words.say("cli-letters-replayed", count=len(tried), names=", ".join(tried) or "—"))
    return 0


async def drop_letters(words: Texts, store: Store, names: Sequence[str], at: datetime) -> int:
    """`sutki dead-letters drop`."""
    async with store.transaction("drop") as tx:
        letters = Letters(tx.connection)
        found = await _all_of(letters, names)
        if isinstance(found, str):
            return _complain(words.say("cli-letters-unknown", name=found))
        dropped = [letter.name for letter in found if await letters.drop(letter, at)]
    typer.echo(words.say("cli-letters-dropped", count=len(dropped), names=", ".join(dropped)))
    return 0


async def _all_of(letters: Letters, names: Sequence[str]) -> list[Letter] | str:
    """All of them, or the first name that is none: then nothing is done to any."""
    found = []
    for name in names:
        letter = await _find(letters, name)
        if letter is None:
            return name
        found.append(letter)
    return found


async def _find(letters: Letters, name: str) -> Letter | None:
    way, _, number = name.strip().lower().partition("-")
    return await letters.get(way, int(number)) if way in (IN, OUT) and number.isascii() and number.isdigit() and len(number) < 19 else None


def _complain(text: str) -> int:
    typer.echo(text, err=True)
    return WRONG
