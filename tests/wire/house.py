"""`sutki` as people start it: a child process with an environment of its own, its words on the two streams, and signals."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp

from tests import canaries
from tests.wire.telegram_server import PATIENCE

ROOT = Path(__file__).parents[2]
TELEGRAM_TOKEN = "4503599627370401:canary-telegram-canary-telegram-cana"  # noqa: S105  # of nobody
VK_TOKEN = "vk1.a.canary-vk-canary-vk-canary-vk-canary"  # noqa: S105  # of nobody


_ports = itertools.count(20_000 + os.getpid() % 10_000)


class House:
    """The program between two servers, its database in a folder of the test."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.given = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error::ResourceWarning",
            "SUTKI_DATABASE": f"sqlite:///{folder / 'sutki.db'}",
            "SUTKI_REGION": str(ROOT / "examples" / "altai.toml"),
            "SUTKI_HEALTH": f"127.0.0.1:{self.port}",
            **variables,
        }
        self.log = ""
        canaries.elsewhere.append(lambda: self.log)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._said = asyncio.Event()

    async def start(self) -> None:
        self.log = ""
        self._process = await self._child("run")
        self._reading = asyncio.create_task(self._read(self._process))

    async def stop(self) -> int:
        """SIGTERM; the exit code, which has to come within 20 s."""
        if self._process is None or self._reading is None:
            raise AssertionError("nothing runs")
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            code = await process.wait()
        await self._reading
        return code

    async def kill(self) -> None:
        """For the end of a test that failed."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading:
            await self._reading

    async def does(self, *command: str) -> tuple[int, str]:
        """Another command beside the running one: its exit code and all it said."""
        process = await self._child(*command)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        return process.returncode or 0, out.decode() + err.decode()

    async def logged(self, line: str) -> str:
        """The first line of the log that fits, once it is there."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := re.search(f"^.*{line}.*$", self.log, re.MULTILINE)):
                    self._said.clear()
                    await self._said.wait()
        except TimeoutError:
            raise AssertionError(f"no «{line}» in\n{self.log}") from None
        return found.group()

    async def asked(self, path: str) -> tuple[int, str]:
        """What our own door answers."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, await answer.text()

    async def becomes(self, path: str, wanted: tuple[int, str]) -> None:
        """Our own door answers this sooner or later: what it tells may be a quarter of a second old."""
        said = None
        try:
            async with asyncio.timeout(PATIENCE):
                while (said := await self.asked(path)) != wanted:
                    pass
        except TimeoutError:
            raise AssertionError(f"{path} said {said} and not {wanted}") from None

    async def invites(self, *wish: str) -> Mapping[str, str]:
        """`sutki invite` in a second process while the first one runs: account → link."""
        code, said = await self.does("invite", "--no-qr", *wish)
        assert code == 0, said
        return dict(re.findall(r"^(\S+) \(.*\): (https://\S+)$", said, re.MULTILINE))

    async def invites_chat(self, *wish: str) -> str:
        """The same for a chat: the command to write there."""
        code, said = await self.does("invite", "--chat", *wish)
        assert code == 0, said
        return next(line for line in said.splitlines() if line.startswith("/connect "))

    async def _child(self, *command: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bots", *command, cwd=self.folder, env=self.given, stdout=pipe, stderr=pipe
        )

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        async def read(stream: asyncio.StreamReader | None) -> None:
            while stream and (line := await stream.readline()):
                self.log += line.decode()
                self._said.set()

        await asyncio.gather(read(process.stdout), read(process.stderr))


def free_port() -> int:
    """One that no system hands out by itself, so that nobody gets it before the program asks for it."""
    for port in _ports:
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("ports do not end")
