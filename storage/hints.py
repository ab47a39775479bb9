"""Hints between processes: LISTEN and NOTIFY of PostgreSQL. Everything is found without them too, only a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from storage.postgresql import Door
from storage.store import Store

log = structlog.get_logger(__name__)

GATHER = 0.01
"""Seconds in which hints are gathered: one statement tells them all."""
PING = 5.0
"""Seconds after which a connection on which nothing happens is tried."""
AGAIN = 1.0
"""Seconds until the next try to listen."""


class Hints:
    """Tells other processes that there is something to do, and hears of it, on a connection of its own.

    A hint follows its commit, outside of it: PostgreSQL lets commits with a NOTIFY through one at a time, in the whole server,
    and each of them would wait for the disk by itself (docs/adr/0011).
    """

    def __init__(self, store: Store, names: tuple[str, ...], heard: Callable[[str], None]) -> None:
        """``heard`` is called with one of the names when another process told it, and with each when some may have been missed."""
        self._door = Door(store.url)
        self._names, self._heard = names, heard
        self._to_tell: set[str] = set()
        self._telling: set[str] = set()
        self._something = asyncio.Event()
        self.listening = False
        """Whether hints of others come through at this moment, as far as is known."""

    def tell(self, name: str) -> None:
        """Let the other processes know, in a moment."""
        self._to_tell.add(name)
        self._something.set()

    async def run(self) -> None:
        """Listen and tell until cancelled. While the database is away hints are lost, and nothing else."""
        while True:
            connection: Any = None
            try:
                connection = await self._door.connect()
                for name in self._names:
                    await connection.add_listener(_CHANNEL + name, self._on)
                connection.add_termination_listener(lambda _: self._something.set())
                self.listening = True
                for name in self._names:
                    self._heard(name)
                await self._talk(connection)
            except Exception as problem:  # noqa: BLE001  # whatever it is, it is tried again
                log.warning("hints_away", why=type(problem).__name__)
            finally:
                self.listening = False
                if connection:
                    connection.terminate()
            await asyncio.sleep(AGAIN)

    async def flush(self) -> None:
        """Wait until what was told last is told, a moment at most."""
        for _ in range(50):
            if not self._to_tell and not self._telling:
                return
            await asyncio.sleep(0.01)

    async def _talk(self, connection: Any) -> None:
        while not connection.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout(PING):
                    await self._something.wait()
            self._something.clear()
            # Whatever is to be told from now on may be news that those who are told now do not find yet: it is told once more.
            self._telling, self._to_tell = self._to_tell, set()
            try:
                await connection.execute(_TELL, [_CHANNEL + name for name in self._telling])
            finally:
                self._telling = set()
            await asyncio.sleep(GATHER)

    def _on(self, connection: Any, pid: int, channel: str, _: object) -> None:
        if pid != connection.get_server_pid():
            self._heard(channel.removeprefix(_CHANNEL))


_CHANNEL = "sutki_"
_TELL = "SELECT pg_notify(name, '') FROM unnest($1::text[]) AS name"
