"""A start of `sutki run` against importing the bot libraries in use, and what it costs to have it running with nothing to do."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.figures import Figure
from scheduler.jobs import TICK
from tests.wire.house import ROOT, TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import TelegramServer
from tests.wire.vk_server import VkServer

STARTS = 5
"""Starts of each kind, by turns."""
SETTLING, WATCHED = 5.0, 30.0
"""Seconds that pass before anything is measured, and in which nothing happens to the running house."""
LIBRARIES = {"both": "aiogram, vkbottle", "Telegram": "aiogram", "VK": "vkbottle"}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A process that has said that it is ready."""

    pid: int
    seconds: float
    """From before its start until it said so."""

    def processor(self) -> float:
        """Seconds of processor time that it has used (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Megabytes, of what it shares with others its part."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@asynccontextmanager
async def running(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> AsyncIterator[Running]:
    """A Python process from its start until it says «started»; ended when it is left."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    began = time.perf_counter()
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=folder, env=given, stdin=pipe, stdout=pipe, stderr=both)
    if process.stdout is None:
        raise RuntimeError("it has no output")
    try:
        said = b""
        while b"started" not in said:
            line = await process.stdout.readline()
            if not line:
                raise RuntimeError(f"it did not start:\n{said.decode()}")
            said += line
        seconds = time.perf_counter() - began
        reading = asyncio.create_task(process.stdout.read())
        yield Running(process.pid, seconds)
    finally:
        process.terminate()
        await process.wait()
    await reading


@asynccontextmanager
async def messengers() -> AsyncIterator[Mapping[str, Mapping[str, str]]]:
    """The settings of a house between two local servers: with both messengers, and with each alone."""
    telegram, vk = TelegramServer(TELEGRAM_TOKEN), VkServer(VK_TOKEN)
    await telegram.start()
    await vk.start()
    common = {"SUTKI_REGION": str(ROOT / "examples" / "altai.toml"), "SUTKI_TELEGRAM_URL": telegram.url, "SUTKI_VK_URL": vk.url}
    tokens = {"Telegram": {"SUTKI_TELEGRAM_ALTAI_TOKEN": TELEGRAM_TOKEN}, "VK": {"SUTKI_VK_ALTAI_TOKEN": VK_TOKEN}}
    try:
        yield {"both": common | tokens["Telegram"] | tokens["VK"], "Telegram": common | tokens["Telegram"], "VK": common | tokens["VK"]}
    finally:
        await telegram.stop()
        await vk.stop()


def bare(which: str) -> Sequence[str]:
    """A process that only imports."""
    return ("-c", f"import {LIBRARIES[which]}\nprint('started', flush=True)\ninput()")


HOUSE = ("-m", "bots", "run")


async def starts(folder: Path, which: str, settings: Mapping[str, str]) -> Figure:
    """How much longer a start takes than importing the libraries. The database is there; the first start of all makes it."""
    house: list[float] = []
    imports: list[float] = []
    async with running(HOUSE, folder, settings):
        pass
    for _ in range(STARTS):
        async with running(bare(which), folder, {}) as process:
            imports.append(process.seconds)
        async with running(HOUSE, folder, settings) as process:
            house.append(process.seconds)
    said = f"{median(house):.2f} s ÷ {median(imports):.2f} s, medians of {STARTS} starts each, by turns"
    claim = f"(e) start of the process to «started» ÷ bare import of {LIBRARIES[which]}"
    return Figure(claim, median(house) / median(imports), 1.3, at_least=False, said=said)


async def idle(folder: Path, settings: Mapping[str, str]) -> Sequence[Figure]:
    """Processor and memory of a house with nothing to do, beside a process that has only imported."""
    async with running(bare("both"), folder, {}) as imported, running(HOUSE, folder, settings) as house:
        await asyncio.sleep(SETTLING)
        before, began = house.processor(), time.perf_counter()
        await asyncio.sleep(WATCHED)
        used, passed = house.processor() - before, time.perf_counter() - began
        ours, theirs = house.memory(), imported.memory()
    return [
        Figure(
            "(e) idle: share of a core, %",
            used / passed * 100,
            2.0,
            at_least=False,
            said=f"{used:.2f} s of processor in {passed:.0f} s, two accounts that are polled, {1 / TICK:g} ticks a second",
        ),
        Figure(
            "(e) memory beside the bare imports, MB",
            ours - theirs,
            60.0,
            at_least=False,
            said=f"{ours:.0f} MB − {theirs:.0f} MB (PSS)",
        ),
    ]


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="sutki-bench-") as folder:
        async with messengers() as settings:
            for which, given in settings.items():
                place = Path(folder) / which
                place.mkdir()
                database = {"SUTKI_DATABASE": f"sqlite:///{place / 'sutki.db'}"}
                print(await starts(place, which, given | database), flush=True)
                if which == "both" and sys.platform == "linux":  # which tells what a process uses
                    for figure in await idle(place, given | database):
                        print(figure, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
