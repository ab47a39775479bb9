"""How far one PostgreSQL goes: reports handled per second by one to three processes, and how much room an incident takes.

`python -m bench.processes`. Not a target but a figure for docs/operations.md: the processes and the server share this machine's cores.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from asyncio.subprocess import PIPE, Process

from sqlalchemy import text

from bench.databases import each_kind
from bench.reports import BATCH, Desk, updates
from storage.store import Store

COUNT, PEOPLE = 1_500, 1_500
MOST = 3
_SIZES = """SELECT relname, pg_total_relation_size(relid) AS bytes FROM pg_catalog.pg_statio_user_tables
    WHERE pg_total_relation_size(relid) > 65536 ORDER BY 2 DESC"""


async def handle(url: str) -> None:
    """In a process of its own: when told, handle what is there until told again."""
    desk = Desk(url)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before = time.process_time()
    running = asyncio.create_task(desk.intake.run())
    await asyncio.to_thread(sys.stdin.readline)
    print(time.process_time() - before, flush=True)
    desk.intake.stop()
    await running
    await desk.close()


async def measure(url: str, processes: int) -> tuple[float, float]:
    """Reports per second, from the first look at the inbox until it is empty; and seconds of processor time of all processes."""
    desk = Desk(url)
    await desk.open()
    raws = updates(COUNT, PEOPLE)
    for at in range(0, COUNT, BATCH):
        await desk.accept(raws[at : at + BATCH])
    children = [await _child(url) for _ in range(processes)]
    began = time.perf_counter()
    for child in children:
        _tell(child)
    while await _waits(desk.store):  # noqa: ASYNC110  # other processes empty it
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    spent = 0.0
    for child in children:
        _tell(child)
        spent += float(await _hear(child))
        await child.wait()
    await desk.close()
    return COUNT / seconds, spent


async def _child(url: str) -> Process:
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.processes", url, stdin=PIPE, stdout=PIPE)
    await _hear(child)
    return child


async def _hear(child: Process) -> str:
    return (await child.stdout.readline()).decode() if child.stdout else ""


def _tell(child: Process) -> None:
    if child.stdin:
        child.stdin.write(b"\n")


async def _waits(store: Store) -> int:
    async with store.transaction() as tx:
        return (await tx.inbox.counts())["new"]


async def _sizes(url: str) -> str:
    store = Store(url)
    async with store.transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
        rows = (await tx.connection.execute(text(_SIZES))).all()
    await store.close()
    each = ", ".join(f"{row.relname} {row.bytes / COUNT:,.0f}" for row in rows)
    return f"bytes per report with its indexes: {sum(row.bytes for row in rows) / COUNT:,.0f} ({each})"


def _ended() -> float:
    """Seconds of processor time of all that this process started and that has ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


async def main() -> None:
    """One process, two, three, each on an empty database."""
    async with each_kind() as kinds:
        if "PostgreSQL" not in kinds:
            return
        one = 0.0
        for processes in range(1, MOST + 1):
            url = await kinds["PostgreSQL"]()
            rate, spent = await measure(url, processes)
            one = one or rate
            print(
                f"{processes} process(es): {rate:,.0f} reports/s handled and committed, {rate / one:.2f} of one; "
                f"{1000 * spent / COUNT:.1f} ms of processor time each",
                flush=True,
            )
        print(await _sizes(url))
        before = _ended()
    # The server's own time is told when it has ended; with it the accepting of all, and of three times making the tables.
    print(f"processor time of PostgreSQL: {1000 * (_ended() - before) / (COUNT * MOST):.1f} ms each")


if __name__ == "__main__":
    asyncio.run(handle(sys.argv[1]) if len(sys.argv) > 1 else main())
