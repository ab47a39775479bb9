"""Children that start warm: a process with everything imported forks one `sutki run` per start, which can be killed anywhere.

    async with Zygote(process) as zygote:                        # the fixture ``zygote`` does this
        child = await zygote.start(environment, crash="intake.handle.committed:2")
        await child.wait()                                       # -9: it was killed at the second passing of that point
        child = await zygote.start(environment, record=True)     # child.passed: the names of the points it went through
        await child.kill()                                       # SIGKILL → -9
        await child.terminate()                                  # SIGTERM → the exit code, within 20 s

A child is the product's own command line (`bots.__main__.main`) with an environment of its own; only importing is saved.
``first`` names functions that are called in the child before: ``first=[("tests.promises.patches:busy_timeout", 500)]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests import canaries

ROOT = Path(__file__).parents[2]
LONGEST_STOP = 20.0
"""Seconds a child may take to end after SIGTERM: promise 12."""


class Process:
    """The warm process itself. Any number of ``Zygote`` may use it; it ends with this object, or with the process that made it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sutki-zygote-")
        self.address = str(Path(self._folder.name) / "socket")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.address)
        listening.listen(64)
        words = [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.promises.forking", str(listening.fileno())]
        self._process = subprocess.Popen(  # noqa: S603  # our own words
            words, stdin=subprocess.PIPE, cwd=ROOT, pass_fds=[listening.fileno()], start_new_session=True
        )
        listening.close()

    def close(self) -> None:
        """End it and every child that is left."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()


class Child:
    """One running `sutki`. ``pid``; ``log``: all it wrote to both streams; ``passed``: the points it went through, if recorded."""

    def __init__(self, zygote: Zygote, pid: int, log: Path, record: Path | None) -> None:
        self.pid = pid
        self._zygote, self._log, self._record = zygote, log, record
        canaries.elsewhere.append(lambda: self.log)
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def running(self) -> bool:
        return not self._code.done()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def passed(self) -> list[str]:
        return self._record.read_text().split() if self._record and self._record.exists() else []

    async def wait(self, seconds: float = 60.0) -> int:
        """The exit code; of a signal, its number made negative."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self._code)

    async def kill(self) -> int:
        """SIGKILL; it may have ended already."""
        return await self.signal(signal.SIGKILL)

    async def terminate(self, seconds: float = LONGEST_STOP) -> int:
        """SIGTERM. Raises AssertionError when it does not end in time."""
        try:
            return await self.signal(signal.SIGTERM, seconds)
        except TimeoutError:
            raise AssertionError(f"it did not end within {seconds} s of SIGTERM; its log:\n{self.log[-3000:]}") from None

    async def signal(self, number: int, seconds: float = 60.0) -> int:
        """Send a signal and wait for the end. The zygote sends it: it knows whether the process is still this one."""
        self._zygote.say({"signal": number, "pid": self.pid})
        return await self.wait(seconds)

    def send(self, number: int) -> None:
        """Send a signal and wait for nothing."""
        self._zygote.say({"signal": number, "pid": self.pid})

    def ended(self, code: int) -> None:
        """The zygote saw it end."""
        self._code.set_result(code)


class Zygote:
    """One test's door to the warm process; its children are killed when it closes."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._children: dict[int, Child] = {}
        self._starting: list[tuple[Path, Path | None, asyncio.Future[Child]]] = []
        self._records = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_unix_connection(self._process.address)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        for child in self._children.values():
            if child.running:
                await child.kill()
        self._writer.close()
        await self._reading

    async def start(
        self,
        environment: Mapping[str, str],
        *,
        folder: Path,
        crash: str = "",
        record: bool = False,
        first: Sequence[Sequence[Any]] = (),
        command: Sequence[str] = ("run",),
        log: str = "sutki.log",
    ) -> Child:
        """Fork a child in ``folder``; its log is appended to there.

        ``crash``: "name:k", SIGKILL at the k-th passing of that point. ``record``: write down every point it passes.
        """
        self._records += 1
        passed = folder / f"passed-{self._records}" if record else None
        wish = {"environment": dict(environment), "folder": str(folder), "crash": crash, "record": str(passed or "")}
        wish |= {"first": [list(one) for one in first], "command": list(command), "log": str(folder / log)}
        started: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._starting.append((folder / log, passed, started))
        self.say(wish)
        return await started

    def say(self, wish: Mapping[str, Any]) -> None:
        """Tell the warm process something."""
        self._writer.write(json.dumps(wish).encode() + b"\n")

    async def _read(self) -> None:
        while line := await self._reader.readline():
            told = json.loads(line)
            if "code" in told:
                self._children[told["pid"]].ended(told["code"])
                continue
            log, passed, started = self._starting.pop(0)
            child = self._children[told["pid"]] = Child(self, told["pid"], log, passed)
            started.set_result(child)


def environment(folder: Path, database: str, **variables: str) -> dict[str, str]:
    """What a child is given: a database (``sqlite_url``, ``postgresql_url``), the example region, no door of its own, and ``variables``."""
    return {
        "PATH": os.environ["PATH"],
        "SUTKI_DATABASE": database,
        "SUTKI_REGION": str(ROOT / "examples" / "altai.toml"),
        "SUTKI_HEALTH": "off",
        "HOME": str(folder),
        **variables,
    }
