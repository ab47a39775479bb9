"""PostgreSQL servers of a test's own that it may crash, restart, copy by pg_basebackup and promote; on ports of this machine."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from tests.postgresql import lets_people_in, programs_for
from tests.wire.house import free_port

# What a killed run of the tests leaves ends by itself: the shell's standard input ends with the run.
_GUARD = '"$@" & server=$!; cat > /dev/null; kill -QUIT $server; wait $server'
# A crash of the server is not a crash of the machine: what was written is there. Commits wait for the replica, not for the disk.
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB", "autovacuum=off", "log_min_messages=fatal")
SYNCHRONOUS = ("synchronous_standby_names=*",)


class Node:
    """One server: its data and its port stay the same whatever happens to it."""

    def __init__(self, programs: Path, user: dict[str, Any], folder: Path, data: str) -> None:
        self.data, self._programs, self._user, self._folder = folder / data, programs, user, folder
        self.port = free_port()
        self.more: Sequence[str] = ()
        """Settings of this server alone."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it lets people in."""
        own = ("listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self._folder}")
        settings = [word for setting in (*_SETTINGS, *own, *self.more) for word in ("-c", setting)]
        with (self._folder / f"log-{self.port}").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own words
                ["/bin/sh", "-c", _GUARD, "guard", self._programs / "postgres", "-D", self.data, *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,
                **self._user,
            )
        if lets_people_in(self.data, self._process):
            return
        raise AssertionError((self._folder / f"log-{self.port}").read_text(errors="replace")[-2000:])

    def crash(self) -> None:
        """End it as a crash does: nothing is tidied up, and the log is replayed at the next start."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process = None

    def restart(self) -> None:
        """A crash, and up again."""
        self.crash()
        self.start()

    def promote(self) -> None:
        """A replica becomes a server that takes writes."""
        self.run("pg_ctl", "promote", "-D", self.data, "-t", "60")

    def run(self, program: str, *words: str | Path) -> None:
        """One of PostgreSQL's own programs. Raises CalledProcessError."""
        subprocess.run(  # noqa: S603  # our own words
            [self._programs / program, *words], check=True, capture_output=True, text=True, timeout=120, cwd=self._folder, **self._user
        )


class Cluster:
    """A server and, when asked for, its replica. ``close`` ends and removes everything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sutki-pg-"))
        programs, user = programs_for(self.folder)
        self.first, self.second = (Node(programs, user, self.folder, name) for name in ("first", "second"))
        initdb = ("-D", self.first.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.first.run("initdb", *initdb)
        self.first.start()

    def replicate(self) -> None:
        """A copy by pg_basebackup that follows; from then on a commit of the first is told only when the second has it."""
        where = ("-h", "127.0.0.1", "-p", str(self.first.port), "-U", "postgres")
        self.first.run("pg_basebackup", *where, "-D", self.second.data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self.second.start()
        self.first.crash()
        self.first.more = SYNCHRONOUS
        self.first.start()

    def url(self, database: str = "sutki") -> str:
        """The address of a database, wherever it takes writes now."""
        return f"postgresql+asyncpg://postgres@/{database}?host=127.0.0.1:{self.first.port}&host=127.0.0.1:{self.second.port}"

    async def create(self, database: str = "sutki") -> None:
        """An empty database."""
        connection = await asyncpg.connect(host="127.0.0.1", port=self.first.port, user="postgres", database="postgres")
        try:
            await connection.execute(f'CREATE DATABASE "{database}" STRATEGY file_copy')
        finally:
            await connection.close()

    async def is_followed(self) -> None:
        """Wait until the second follows the first in step."""
        connection = await asyncpg.connect(host="127.0.0.1", port=self.first.port, user="postgres", database="postgres")
        try:
            async with asyncio.timeout(60):
                followers = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
                while await connection.fetchval(followers) != 1:  # noqa: ASYNC110  # another process
                    await asyncio.sleep(0.05)
        finally:
            await connection.close()

    def close(self) -> None:
        """End it all."""
        for node in (self.second, self.first):
            node.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
