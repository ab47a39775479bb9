"""Something between a process and its PostgreSQL that loses the answers to commits: nobody knows whether they happened, and they did."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

_COMMIT = b"COMMIT;"


class Middle:
    """Listens on ``port`` of this machine and passes everything on; ``share``: of how many commits the answer never comes back.

    ``hold()``: nothing more comes through, and no connection ends: a machine without power. ``go_on()`` ends that.
    """

    def __init__(self, host: str, port: int, chance: random.Random, *, share: float = 0.0) -> None:
        self._to, self._chance, self.share = (host, port), chance, share
        self.lost = 0
        """Answers that were lost."""
        self._through = asyncio.Event()
        self._through.set()
        self._pairs: set[asyncio.Task[None]] = set()
        self._deaf: set[asyncio.StreamReader] = set()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._pair, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End it, and every connection."""
        self._server.close()
        for pair in self._pairs:
            pair.cancel()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    def hold(self) -> None:
        self._through.clear()

    def go_on(self) -> None:
        self._through.set()

    async def _pair(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._pairs.add(task)
        task.add_done_callback(self._pairs.discard)
        ends = [writer]
        try:
            answers, asks = await asyncio.open_connection(*self._to)
            ends.append(asks)
            there = asyncio.create_task(self._there(reader, asks, answers))
            back = asyncio.create_task(self._back(answers, writer))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            for one in (there, back):
                one.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            pass
        finally:
            for end in ends:
                end.transport.abort()

    async def _there(self, reader: asyncio.StreamReader, asks: asyncio.StreamWriter, answers: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(65536):
                await self._through.wait()
                if _COMMIT in said and self._chance.random() < self.share:
                    self._deaf.add(answers)
                asks.write(said)
                await asks.drain()

    async def _back(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await answers.read(65536):
                await self._through.wait()
                if answers in self._deaf:  # the commit is done, and here its answer is
                    self._deaf.discard(answers)
                    self.lost += 1
                    return
                writer.write(said)
                await writer.drain()
