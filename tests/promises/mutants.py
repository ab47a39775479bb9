"""Switches off each guard of the product in turn and shows which promise notices: `python -m tests.promises.mutants [name …]`.

A mutant is a change of the source, made in a copy of the tree: child processes of the tests have it too, and the tree itself is never
touched. A guard that nothing notices is either needless or unproved; then this ends with 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("bots", "handlers", "incidents", "storage", "scheduler", "locales", "sandbox", "tests", "bench", "examples")
AT_ONCE = 2
LONGEST = 900
"""Seconds the tests of one promise may take before they count as hung: which is noticing, too, and is said."""


@dataclass(frozen=True, slots=True)
class Off:
    """A piece of source and what stands there instead when the guard is off. The piece is there exactly once."""

    file: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard that can be switched off."""

    guard: str
    off: tuple[Off, ...]
    promises: tuple[int, ...]
    """Those that must notice: at least one of them."""
    only: str = ""
    """Which of their tests are asked (``pytest -k``), where not all are needed to know."""


# ruff: noqa: E501  # a piece of source reads best as one line
# fmt: off
_NONE = "frozenset[tuple[str, str]]()"
MUTANTS: tuple[Mutant, ...] = (
    # in
    Mutant("the inbox knows what came before", (
        Off("storage/inbox.py", '"key": one.key if', '"key": one.key + __import__("uuid").uuid4().hex if'),
    ), (1,)),
    Mutant("acknowledged only after the commit", (
        Off("bots/telegram/channel.py", "        await accept([translate.update(raw, now) for raw in raws], ahead)",
            "        _late = asyncio.get_running_loop().create_task(accept([translate.update(raw, now) for raw in raws], ahead))  # type: ignore"),
        Off("bots/vk/channel.py", "            await accept([translate.update(raw, self.last_heard) for raw in updates], ts)",
            "            _late = asyncio.get_running_loop().create_task(accept([translate.update(raw, self.last_heard) for raw in updates], ts))"),
    ), (1, 2, 11)),
    Mutant("a savepoint for each event of a batch", (
        Off("bots/intake.py", "async with tx.connection.savepoint():", 'async with __import__("contextlib").nullcontext():'),
    ), (10,), "sqlite"),
    Mutant("a conversation waits behind what is tried again", (
        Off("storage/inbox.py", '        return frozenset((row.account, row.lane) for row in await self._connection.execute(_HELD, {"now": now}))',
            f"        return {_NONE}"),
    ), (10,), "sqlite"),
    Mutant("a conversation is one process's at a time", (
        Off("storage/inbox.py", "select(key).where(func.pg_try_advisory_xact_lock(key))", "select(key)"),
        Off("storage/inbox.py", "            .with_for_update()\n", ""),
    ), (4,)),
    Mutant("an update that cannot be read is put aside", (
        Off("bots/intake.py", """                await self._bury([row], f"malformed: {problem}")""", "                raise"),
    ), (10,), "sqlite"),
    # what may be done
    Mutant("an incident changes only at the version that was read", (
        # alone and together with others; history's unique (incident, version) is a second guard behind both, which alone also holds: all go
        Off("storage/incidents.py", "where(incidents.c.id == case.id, incidents.c.version == read)", "where(incidents.c.id == case.id)"),
        Off("storage/connection.py", "        if now != before:\n", "        if False:\n"),
        Off("storage/migrations/versions/0001_the_first_tables.py", 'sa.UniqueConstraint("incident_id", "version", name=op.f("uq_history_incident_id")),', ""),
    ), (4,)),
    Mutant("the rules name the roles of each action", (
        Off("incidents/incident.py", "    if deed.role not in rule.by:", "    if False:"),
    ), (8,), "sqlite"),
    Mutant("an official's role is of the owner's organisation", (
        Off("handlers/turn.py", "        if owner and (role, owner) in held:", "        if any(one == role for one, _ in held):"),
    ), (8,), "sqlite"),
    Mutant("a citizen's button is that citizen's", (
        Off("handlers/mine.py", "    if case and case.report.person == turn.person.id:\n        return case", "    if case:\n        return case"),
    ), (8,), "sqlite"),
    Mutant("the curators' desk is the curators'", (
        Off("handlers/watch.py", '    if not turn.is_curator:\n        await turn.whisper("curate-only")', '    if False:\n        await turn.whisper("curate-only")'),
    ), (8,), "sqlite"),
    Mutant("the role is asked again when the half minute is over", (
        Off("handlers/sending.py", "    role = role_among(await moment.tx.people.posts_of(draft.person), case)\n    if role is None:",
            "    role = role_among(await moment.tx.people.posts_of(draft.person), case) or Role.OFFICIAL\n    if False:"),
    ), (8,), "sqlite"),
    Mutant("nobody acts anonymously", (
        Off("handlers/routes.py", "    if turn.event.sender.impersonal:\n        await turn.whisper(", "    if False:\n        await turn.whisper("),
        Off("handlers/routes.py", "    if sender.impersonal:\n        return Turn(moment, event, Person(0), ())", ""),
        Off("handlers/turn.py", "        return None if self.event.sender.impersonal else role_among(self.posts, case)", "        return role_among(self.posts, case)"),
    ), (8,), "sqlite"),
    # buttons
    Mutant("a button counts where it was offered", (
        Off("handlers/routes.py", "offered is None or (offered.address.account, offered.address.chat) != (here.account, here.chat)", "offered is None"),
    ), (8,), "sqlite"),
    Mutant("a button for one is nobody else's", (
        Off("handlers/routes.py", "    elif offered.user_id and offered.user_id != turn.event.sender.id:", "    elif False:"),
    ), (8,), "sqlite"),
    Mutant("a used or expired button is over", (
        Off("handlers/routes.py", "    if offered.used_at or (offered.expires_at and offered.expires_at <= turn.now) or", "    if"),
        Off("handlers/routes.py", "    return not offered.once or await turn.tx.conversations.use(offered.token, turn.now)", "    return True"),
    ), (8,), "sqlite"),
    # the clock
    Mutant("a reminder step comes once", (
        # three guards, each of which holds alone: uniqueness, the version, the row's lock while it is woken
        Off("storage/incidents.py", "where(incidents.c.id == case.id, incidents.c.version == read)", "where(incidents.c.id == case.id)"),
        Off("storage/incidents.py", "statement.with_for_update(skip_locked=True)", "statement"),
        Off("storage/reminders.py", '        return await insert_new(self._connection, reminders, key, {"at": at, "skipped": skipped})',
            '        return await insert_new(self._connection, reminders, key, {"at": at, "skipped": skipped}) or True'),
        # and the same three once more, where many are woken together
        Off("storage/reminders.py", '            self._connection.add(reminders, key | {"at": at, "skipped": skipped})',
            '            self._connection.add(reminders, key | {"at": at, "skipped": skipped}, unless=tuple(key))'),
        Off("storage/connection.py", "        if now != before:", "        if False:"),
    ), (6,)),
    # out
    Mutant("a message keeps its key for life", (
        Off("storage/posts.py", "        return self.id % 0x7FFFFFFF or 1", "        return (self.id * 1000 + self.attempts) % 0x7FFFFFFF or 1"),
    ), (5, 1, 2)),
    Mutant("an answer nobody knows of is asked about", (
        Off("bots/outcomes.py", "Kind.ANSWER: _MESSAGE | {Came.UNKNOWN: Then.ASK, Came.INTERRUPTED: Then.ASK}",
            "Kind.ANSWER: _MESSAGE | {Came.UNKNOWN: Then.AGAIN, Came.INTERRUPTED: Then.AGAIN}"),
    ), (5,)),
    Mutant("a platform that asks to wait is obeyed", (
        Off("bots/delivery.py", "                self._pace.pause(now + result.after)", "                pass"),
        Off("bots/delivery.py", "                self._pace.hold(row.to.chat, now + result.after)", "                pass"),
    ), (19,)),
    Mutant("who lost a lease writes and sends no more", (
        Off("bots/intake.py", "                    await tx.leases.check(lease)", "                    pass"),
        Off("bots/delivery.py", "            await tx.leases.check(self._lease, to_begin=to_begin)", "            pass"),
    ), (4,)),
    # words
    Mutant("secrets are starred out of logs", (
        Off("bots/redaction.py", "    return _LOOKS_LIKE_A_SECRET.sub(HIDDEN, text)", "    return text"),
    ), (14,)),
    Mutant("an exception does not say what it failed on", (
        Off("bots/logs.py", '    return str(failure).partition("\\n")[0] if telling else WITHHELD', "    return str(failure)"),
    ), (14,)),
    Mutant("of a library's record only its template is kept", (
        Off("bots/logs.py", "        record.args = None", "        pass"),
    ), (14,)),
    Mutant("nobody's words call anybody", (
        Off("bots/telegram/calls.py", '    parted = _MENTION.sub("@\\u2060", text)', "    return text"),
        Off("bots/vk/compose.py", "    parted = _MENTION.sub(lambda sign: sign[0] + _JOINER, text)", "    return text"),
    ), (15,)),
    Mutant("control letters and turned lines are taken out", (
        Off("bots/plain.py", '    return _HARMFUL.sub("", _BREAKS.sub("\\n", whole))', "    return whole"),
    ), (15,)),
)
# fmt: on


def wrong_in(tree: Path, mutant: Mutant) -> list[str]:
    """Why a mutant cannot be made: the pieces of source that are not there, or more than once."""
    found = [(off, (tree / off.file).read_text(encoding="utf-8").count(off.was)) for off in mutant.off]
    return [f"{mutant.guard}: {off.file} has {count} × {off.was!r}" for off, count in found if count != 1]


def make(tree: Path, mutant: Mutant) -> None:
    """Switch the guard off in a copy."""
    for off in mutant.off:
        file = tree / off.file
        file.write_text(file.read_text(encoding="utf-8").replace(off.was, off.becomes), encoding="utf-8")


def copied(folder: Path) -> Path:
    """A copy of the tree without what it was compiled to."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def files_of(promise: int) -> list[str]:
    """The tests of a promise."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "promises").glob(f"test_{promise:02}_*.py"))


def notices(tree: Path, promise: int, only: str = "") -> str:
    """How a promise's tests, in their quick form, notice what is wrong in this copy: «red» or «hung»; empty when they do not."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", only, *files_of(promise)]
    environment = {name: value for name, value in os.environ.items() if name not in ("SUTKI_PROMISES", "PYTHONPATH")}
    try:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LONGEST, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return "hung"
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    return "red" if done.returncode else ""


def judged(mutant: Mutant | None) -> tuple[Mutant | None, list[str], float]:
    """A mutant, the promises that noticed it and how, and the seconds that took. Nothing mutated for None: all promises must hold."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copied(Path(folder))
        if mutant:
            make(tree, mutant)
        asked = mutant.promises if mutant else tuple(sorted({promise for one in MUTANTS for promise in one.promises}))
        how = {promise: notices(tree, promise, mutant.only if mutant else "") for promise in asked if files_of(promise)}
        found = [f"promise {promise}" + (" (hung)" if told == "hung" else "") for promise, told in how.items() if told]
    return mutant, found, time.monotonic() - began


def main(names: Sequence[str]) -> int:
    """Judge all mutants, or those whose names hold one of the words."""
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.guard for name in names)]
    if wrong := [what for mutant in chosen for what in wrong_in(ROOT, mutant)]:
        print("\n".join(wrong))
        return 1
    survived = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mutant, found, took in pool.map(judged, [*([] if names else [None]), *chosen]):
            if mutant is None:
                print(f"{'nothing is switched off':55} {'all hold' if not found else f'RED: {found}'} ({took:.0f} s)", flush=True)
                survived += [f"{found} do not hold as it is"] if found else []
                continue
            print(f"{mutant.guard:55} {', '.join(found) or 'NOBODY'} ({took:.0f} s)", flush=True)
            survived += [] if found else [mutant.guard]
    print(f"{len(chosen)} guards, {len(chosen) - len(survived)} noticed" + "".join(f"\nSURVIVED: {one}" for one in survived))
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
