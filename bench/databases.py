"""The databases of a benchmark: a file, and a PostgreSQL of this run's own that is as careful with the disk as the real one."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests import postgresql

_numbers = itertools.count(1)
Make = Callable[[], Awaitable[str]]
"""Makes an empty database and returns its address, for ``Store``."""


@asynccontextmanager
async def each_kind() -> AsyncIterator[dict[str, Make]]:
    """What makes an empty database, by the name of its kind; without PostgreSQL where its programs cannot run."""
    with tempfile.TemporaryDirectory(prefix="sutki-bench-") as folder:

        async def file() -> str:
            return f"sqlite+aiosqlite:///{Path(folder) / f'{next(_numbers)}.db'}"

        try:
            server = postgresql.Server(("max_connections=100",))
        except postgresql.CannotRun as why:
            sys.stderr.write(f"{why}\n")
            yield {"SQLite": file}
            return

        async def database() -> str:
            name = f"bench_{next(_numbers)}"
            await server.create(name)
            return server.url(name)

        with closing(server):
            yield {"SQLite": file, "PostgreSQL": database}
