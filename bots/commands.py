"""What each command of the command line does; returns the exit code. Everything heavy is imported where it is used."""
# ruff: noqa: PLC0415  # so `sutki version` does not wait for two messengers' libraries

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from locales import Texts

if TYPE_CHECKING:
    from bots.administer import Loaded
    from bots.inviting import Wish
    from bots.settings import BadSettings, Settings
    from incidents.region import Region, RegionError
    from storage.store import Store

T = TypeVar("T")

WRONG, MISUSED = 1, 2
_MARK = ".sutki-sandbox"
"""Lies in every folder the sandbox made, so that no other folder is ever erased."""


def out(text: str = "") -> None:
    """Say something."""
    typer.echo(text)


def complain(text: str) -> None:
    """Say what is wrong."""
    typer.echo(text, err=True)


def _settings(words: Texts, *, needs_region: bool = True) -> Settings | None:
    """The settings, or None after every problem with them was said."""
    from bots.settings import BadSettings, read

    try:
        return read(needs_region=needs_region)
    except BadSettings as wrong:
        _say_problems(words, wrong)
        return None


def _say_problems(words: Texts, wrong: BadSettings) -> int:
    complain(words.say("cli-settings-heading"))
    for problem in wrong.problems:
        complain("  " + words.say(problem.key, **problem.arguments))
    return MISUSED


def _start_logs(settings: Settings) -> None:
    from bots import logs

    logs.start(settings.log.level, json=settings.log.json)
    logs.catch_strays()


# --- running -----------------------------------------------------------------------------------------------------------


def run(words: Texts) -> int:
    """`sutki run`."""
    settings = _settings(words)
    if settings is None:
        return MISUSED
    text = _read_region(words, settings.region)
    if text is None or _parsed_region(words, settings.region, text) is None:
        return MISUSED
    _start_logs(settings)
    if asyncio.run(_with_store(words, settings, _answers)) is None:
        return WRONG
    from bots import app

    try:
        asyncio.run(app.run(settings, text))
    except app.CannotStart as why:
        complain(words.say(why.key, **why.arguments))
        return MISUSED
    return 0


def sandbox(words: Texts, port: int, folder: Path, *, reset: bool) -> int:
    """`sutki sandbox`; with ``reset`` it forgets what was said and starts nothing."""
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
            complain(words.say("cli-sandbox-not-ours", path=str(folder)))
            return MISUSED
        if reset:
            shutil.rmtree(folder, ignore_errors=not folder.exists())
            out(words.say("cli-sandbox-forgotten"))
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).touch()
    except OSError as failure:
        complain(words.say("cli-sandbox-no-folder", path=str(folder), why=failure.strerror or type(failure).__name__))
        return MISUSED
    from bots import app, logs, sandbox_run
    from bots.settings import BadSettings, read, surroundings

    try:
        # The real settings are none of the sandbox's business, but how much is logged is.
        log = read(needs_region=False, given={"SUTKI_LOG": surroundings().get("SUTKI_LOG", "warning")}).log
    except BadSettings as wrong:
        return _say_problems(words, wrong)
    logs.start(log.level, json=log.json)
    logs.catch_strays()
    from sandbox.keep import Damaged

    try:
        asyncio.run(sandbox_run.run(words, port=port, folder=folder))
    except app.CannotStart as why:
        complain(words.say(why.key, **why.arguments))
        return MISUSED
    except Damaged:
        complain(words.say("cli-sandbox-damaged", path=str(folder)))
        return WRONG
    return 0


def version() -> int:
    """`sutki version`."""
    import sqlite3

    out(f"sutki {metadata.version('sutki')}")
    out(f"Python {platform.python_version()} · SQLite {sqlite3.sqlite_version} · {platform.system()} {platform.machine()}")
    out(" · ".join(f"{name} {metadata.version(name)}" for name in ("aiogram", "vkbottle", "SQLAlchemy", "asyncpg")))
    return 0


# --- the region file ---------------------------------------------------------------------------------------------------


def _read_region(words: Texts, file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        complain(words.say("cli-region-not-utf8", path=str(file)))
    except OSError as failure:
        complain(words.say("cli-region-unreadable", path=str(file), why=failure.strerror or type(failure).__name__))
    return None


def _parsed_region(words: Texts, file: Path, text: str) -> Region | None:
    """The region, or None after everything that is wrong with it was said, each with its line; as well what is remarkable."""
    from bots.clock import now
    from incidents.region import RegionErrors, read

    try:
        found = read(text, now().date())
    except RegionErrors as wrong:
        for error in wrong.errors:
            complain(_placed(words, file, error))
        complain(words.say("cli-region-errors", count=len(wrong.errors)))
        return None
    for remark in found.remarks:
        out(words.say("cli-region-remark", remark=_placed(words, file, remark)))
    return found.region


def _placed(words: Texts, file: Path, error: RegionError) -> str:
    """What is wrong or remarkable, as editors find the place."""
    where = f"{file}:{error.line}" + (f":{error.column}" if error.column else "")
    return f"{where}: {error.place + ': ' if error.place else ''}{words.say(error.key, **error.args)}"


def check_region(words: Texts, file: Path) -> int:
    """`sutki region check`."""
    text = _read_region(words, file)
    region = _parsed_region(words, file, text) if text is not None else None
    if region is None:
        return WRONG
    out(_summary(words, region))
    return 0


def _summary(words: Texts, region: Region) -> str:
    return words.say(
        "cli-region-good",
        title=region.title,
        topics=len(region.topics),
        territories=len(region.territories),
        organisations=len(region.organisations),
        routes=len(region.routes),
        accounts=len(region.accounts),
    )


def load_region(words: Texts, file: Path, *, dry_run: bool) -> int:
    """`sutki region load`."""
    text = _read_region(words, file)
    region = _parsed_region(words, file, text) if text is not None else None
    if text is None or region is None:
        return WRONG
    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    from bots import administer
    from bots.clock import now

    loaded = asyncio.run(_with_store(words, settings, lambda store: administer.load_region(store, text, now(), dry_run=dry_run)))
    if loaded is None:
        return WRONG
    out(_summary(words, region))
    return _say_loaded(words, loaded, dry_run=dry_run)


def _say_loaded(words: Texts, loaded: Loaded, *, dry_run: bool) -> int:
    for difference in loaded.differences:
        out(f"  {difference.sign} {words.say('cli-region-kind', kind=difference.kind)} {difference.id}".rstrip())
    if loaded.in_use:
        complain(words.say("cli-region-in-use"))
        for left_out in loaded.in_use:
            complain(f"  {words.say('cli-region-kind', kind=left_out.kind)} {left_out.id}")
        complain(words.say("cli-region-in-use-hint"))
        return WRONG
    out(words.say("cli-region-same" if loaded.same else "cli-region-would" if dry_run else "cli-region-loaded"))
    if loaded.clocks and not dry_run:
        out(words.say("cli-region-recompute"))
    return 0


# --- people and health -------------------------------------------------------------------------------------------------


def invite(words: Texts, wish: Wish) -> int:
    """`sutki invite`."""
    from bots import inviting

    if misuse := inviting.misuse(wish):
        complain(words.say(misuse))
        return MISUSED
    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    done = asyncio.run(_with_store(words, settings, lambda store: inviting.invite(words, settings, store, wish)))
    return WRONG if done is None else done


def doctor(words: Texts) -> int:
    """`sutki doctor`."""
    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    return asyncio.run(_doctor(words, settings))


async def _doctor(words: Texts, settings: Settings) -> int:
    from bots.clock import now
    from bots.connections import Connections
    from bots.doctor import Grade, examine
    from storage.store import Store

    wrong = 0
    store = Store(settings.database)
    try:
        async with Connections(settings, now) as connections:
            async for finding in examine(settings, store, connections.open, now):
                arguments = dict(finding.arguments)
                if finding.problem:
                    arguments["problem"] = words.say(finding.problem) if words.has(finding.problem) else finding.problem
                wrong += finding.grade is Grade.WRONG
                out(f"{finding.grade} {words.say(finding.key, **arguments)}")
    finally:
        await store.close()
    out()
    out(words.say("cli-doctor-count", count=wrong) if wrong else words.say("cli-doctor-well"))
    return WRONG if wrong else 0


# --- operations --------------------------------------------------------------------------------------------------------


def _operate(words: Texts, action: Callable[[Store], Awaitable[int]]) -> int:
    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    done = asyncio.run(_with_store(words, settings, action))
    return WRONG if done is None else done


def backup(words: Texts, target: Path, keep: int) -> int:
    """`sutki backup`."""
    from bots import operate
    from bots.clock import now

    return _operate(words, lambda store: operate.backup(words, store, target, now(), keep=keep))


def restore(words: Texts, file: Path, *, force: bool) -> int:
    """`sutki restore`. The database is not brought up to date first: it may be what is broken."""
    from sqlalchemy.exc import SQLAlchemyError

    from bots import operate
    from bots.clock import now
    from bots.doctor import reason

    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    try:
        return asyncio.run(operate.put_back(words, settings, file, now(), force=force))
    except SQLAlchemyError as failure:
        complain(words.say("cli-doctor-database-away", why=reason(failure)))
        return WRONG


def list_letters(words: Texts) -> int:
    """`sutki dead-letters list`."""
    from bots import operate

    return _operate(words, lambda store: operate.list_letters(words, store))


def show_letter(words: Texts, name: str, *, raw: bool) -> int:
    """`sutki dead-letters show`."""
    from bots import operate

    return _operate(words, lambda store: operate.show_letter(words, store, name, raw=raw))


def replay_letters(words: Texts, names: list[str], *, everything: bool, twice: bool) -> int:
    """`sutki dead-letters replay`."""
    from bots import operate
    from bots.clock import now

    if bool(names) == everything:
        complain(words.say("cli-letters-which"))
        return MISUSED
    return _operate(words, lambda store: operate.replay_letters(words, store, names, now(), twice=twice))


def drop_letters(words: Texts, names: list[str]) -> int:
    """`sutki dead-letters drop`."""
    from bots import operate
    from bots.clock import now

    return _operate(words, lambda store: operate.drop_letters(words, store, names, now()))


# --- clocks ------------------------------------------------------------------------------------------------------------


def explain_clock(words: Texts, number: int) -> int:
    """`sutki clock explain`."""
    from bots import clocks

    return _with_settings(words, lambda settings, store: clocks.explain_clock(words, settings, store, number))


def recompute_clocks(words: Texts, *, apply: bool, also_later: bool, yes: bool) -> int:
    """`sutki clock recompute`."""
    from bots import clocks

    wish = clocks.Wish(apply, also_later, yes)
    return _with_settings(words, lambda settings, store: clocks.recompute_clocks(words, settings, store, wish))


def _with_settings(words: Texts, action: Callable[[Settings, Store], Awaitable[int]]) -> int:
    settings = _settings(words, needs_region=False)
    if settings is None:
        return MISUSED
    _start_logs(settings)
    done = asyncio.run(_with_store(words, settings, lambda store: action(settings, store)))
    return WRONG if done is None else done


# --- suggestions -------------------------------------------------------------------------------------------------------


def train_suggestions(words: Texts) -> int:
    """`sutki suggest train`."""
    from bots import suggest
    from bots.clock import now

    return _operate(words, lambda store: suggest.train(words, store, now()))


def remove_suggestions(words: Texts) -> int:
    """`sutki suggest remove`."""
    from bots import suggest
    from bots.clock import now

    return _operate(words, lambda store: suggest.remove(words, store, now()))


def evaluate_suggestions(words: Texts, file: Path, region_file: Path | None, *, model: bool) -> int:
    """`sutki suggest evaluate`. With keywords no database is needed."""
    settings = _settings(words, needs_region=region_file is None) if model or region_file is None else None
    place = region_file or (settings.region if settings else None)
    if place is None or (model and settings is None):
        return MISUSED
    text = _read_region(words, place)
    region = _parsed_region(words, place, text) if text is not None else None
    if region is None:
        return WRONG
    from bots import suggest
    from bots.morphology import with_morphology

    rows = suggest.read_file(words, file, region)
    if rows is None:
        return WRONG
    region = with_morphology(region)
    if model and settings is not None:
        plain = region
        found = asyncio.run(_with_store(words, settings, lambda store: suggest.model_of(words, store, plain)))
        if found is None:
            return WRONG
        region = found
    return suggest.evaluate(words, rows, region)


# --- the database ------------------------------------------------------------------------------------------------------


async def _answers(_store: Store) -> bool:
    """That the database could be opened is all we want to know."""
    return True


async def _with_store(words: Texts, settings: Settings, action: Callable[[Store], Awaitable[T]]) -> T | None:
    """Do something with the database, brought up to date first; None after it was said why it cannot be."""
    from sqlalchemy.exc import SQLAlchemyError

    from bots.doctor import reason
    from storage.migrate import Newer, upgrade
    from storage.store import Store

    store = Store(settings.database)
    try:
        await upgrade(store)
        return await action(store)
    except Newer as newer:
        complain(words.say("cli-database-newer", found=newer.found))
        return None
    except BrokenPipeError:  # nobody reads what is said to its end, as behind `| head -1`: the command line ends quietly
        raise
    except (SQLAlchemyError, OSError) as failure:
        complain(words.say("cli-doctor-database-away", why=reason(failure)))
        return None
    finally:
        await store.close()
