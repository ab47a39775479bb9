"""Tickets stored per second beside two programs that people use for the same: a Telegram support bot and a help desk.

django-helpdesk is installed into an environment of its own and measured in turns with Sutki. BotSupport is no package and cannot be
installed that way: its figure is the one that was measured once on two cores, beside django-helpdesk, and is named so.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from statistics import median

from bench.figures import Figure
from bench.reports import Desk, updates

RIVAL = "django-helpdesk==2.6.1"
ROUNDS, THEIRS, OURS = 5, 100, 1_000
"""Rounds by turns; tickets of one round, theirs and ours."""
PATIENCE = 600.0
"""Seconds that the rival's installation may take, and that it may take to store one round."""
BOTSUPPORT = 190.0
"""Tickets per second, the best of what was measured of BotSupport (aiogram, SQLAlchemy) when this product was designed."""
HELPDESK_THEN = 114.0
"""Tickets per second that django-helpdesk's form stored on the same machine then: how fast this machine is beside that one."""
TARGET = 10.0


@contextmanager
def helpdesk(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The rival, ready and waiting for what to do. Raises SubprocessError when it cannot be installed in time."""
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    words = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", RIVAL]
    subprocess.run(words, check=True, timeout=PATIENCE)  # noqa: S603  # our own words
    script = str(Path(__file__).with_name("rival_helpdesk.py"))
    words = [python, "-W", "ignore", script, str(folder / "helpdesk.db")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:  # noqa: S603
        try:
            _answer(process)
            yield process
        finally:
            process.kill()  # it has nothing that anybody wants to keep


def _answer(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("django-helpdesk says nothing")
    ready, _, _ = select([process.stdout], [], [], PATIENCE)
    if not ready or not (line := process.stdout.readline().strip()):
        raise RuntimeError("django-helpdesk ended, or does not answer")
    return line


def theirs(process: subprocess.Popen[str], how: str) -> float:
    """Tickets per second that it stored."""
    if process.stdin is None:
        raise RuntimeError("it hears nothing")
    process.stdin.write(f"{how} {THEIRS}\n")
    process.stdin.flush()
    return THEIRS / float(_answer(process))


async def measure(folder: Path, process: subprocess.Popen[str]) -> None:
    """Print the figures, by turns: theirs by form, theirs over HTTP, ours."""
    desk = Desk(f"sqlite+aiosqlite:///{folder / 'sutki.db'}")
    await desk.open()
    raws = updates(OURS * (ROUNDS + 1), OURS * (ROUNDS + 1))  # each of somebody else: what one person adds is no ticket of its own
    ours: list[float] = []
    form: list[float] = []
    http: list[float] = []
    for number in range(ROUNDS + 1):
        rates = [await asyncio.to_thread(theirs, process, how) for how in ("form", "http")]
        began = time.perf_counter()
        await desk.take(raws[number * OURS : (number + 1) * OURS])
        rate = OURS / (time.perf_counter() - began)
        if number:  # the first round only warms them
            ours.append(rate)
            form.append(rates[0])
            http.append(rates[1])
    async with desk.store.transaction() as tx:
        stored = len(await tx.incidents.newest(len(raws) + 1))
    await desk.close()
    if stored != len(raws):
        raise RuntimeError(f"{stored} of {len(raws)} were stored")
    mine = median(ours)
    said = f"{mine:.0f} a second, each with its history, receipt and card, committed on SQLite (synchronous=FULL)"
    for how, rates in (("form", form), ("HTTP", http)):
        claim = f"(f) tickets stored ÷ {RIVAL} by its {how}"
        print(
            Figure(claim, mine / median(rates), TARGET, at_least=True, said=f"{said} ÷ {median(rates):.0f} a second, by turns"), flush=True
        )
    scale = median(form) / HELPDESK_THEN
    note = f"{said} ÷ {BOTSUPPORT:.0f} a second as measured then, × {scale:.2f}: what this machine does now beside that one"
    claim = "(f) tickets stored ÷ BotSupport, not installable, its figure of field-notes.md"
    print(Figure(claim, mine / (BOTSUPPORT * scale), TARGET, at_least=True, said=note), flush=True)


def main() -> int:
    """Print the figures; without the rival where it cannot be installed."""
    with tempfile.TemporaryDirectory(prefix="sutki-bench-") as name:
        folder = Path(name)
        try:
            with helpdesk(folder) as process:
                asyncio.run(measure(folder, process))
        except subprocess.SubprocessError:
            sys.stderr.write(f"{RIVAL} could not be installed; nothing was compared\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
