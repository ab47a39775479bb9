"""`make soak`: a month of a region in minutes, on a virtual clock with faults on; at the end the invariants, figures and one picture."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import matplotlib as mpl
from sqlalchemy import select

from bench.month import Month, Plan, Seen
from storage.migrate import upgrade
from storage.retention import Broom, sweep_on
from storage.store import Store
from storage.tables import incidents, outbox
from tests.fakes import START
from tests.promises.invariants import broken
from tests.promises.town import quietly, without_a_thread

mpl.use("Agg")
from matplotlib import pyplot

KEEP = timedelta(days=14)
"""How long what is needed no more is kept."""
PAGE = os.sysconf("SC_PAGE_SIZE")
INK, GRID = "#22303c", "#d8dee4"
COLOURS = ("#1f6feb", "#d1672d", "#2c8a57")


# --- playing -----------------------------------------------------------------------------------------------------------


async def play(plan: Plan, url: str) -> tuple[Month, list[str]]:
    """Live the month. Returns it, and every invariant that does not hold at its end."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # what ends with a process is nobody's to collect
    migrated = Store(url)
    await upgrade(migrated)
    await migrated.close()
    month = Month(url, plan)
    await month.settle_in()
    print(f"plays {plan.days} days: {plan.year:,} reports a year by the hour, and a storm of {plan.storm:,} in one day", flush=True)
    began = time.monotonic()

    broom, days = Broom(), [1]

    async def watch() -> None:
        await look(month)
        month.seen.count("swept", await sweep_on(broom, month.store.transaction, month.clock.now - KEEP))
        if month.day >= days[-1]:
            days.append(int(month.day) + 1)
            print(f"day {month.day:5.1f}  {told(month.seen)}  {time.monotonic() - began:.0f} s", flush=True)

    try:
        await month.live(START + timedelta(days=plan.days), watch)
        for wire in month.wires.values():
            wire.away = False
        await month.live(month.clock.now + timedelta(hours=3), watch)
        await month.come_to_rest()
        await look(month)
        return month, await broken(month.store, month.platform, now=month.clock.now, kept_since=month.clock.now - KEEP)
    finally:
        await month.close()


async def look(month: Month) -> None:
    """Take down how much waits, how late what came was, and how much memory that takes."""
    stood, month.stood = month.stood, []
    async with month.store.transaction() as tx:
        inbox, out = await tx.inbox.counts(), await tx.outbox.counts()
        open_ = len((await tx.connection.execute(select(incidents.c.id).where(incidents.c.status.not_in(("answered", "closed"))))).all())
        for start in range(0, len(stood), 500):
            when = dict(stood[start : start + 500])
            rows = select(outbox.c.id, outbox.c.purpose, outbox.c.created_at, incidents.c.reported_at)
            rows = rows.outerjoin(incidents, incidents.c.id == outbox.c.incident_id).where(outbox.c.id.in_(when))
            for row in await tx.connection.execute(rows):
                since = row.reported_at if row.purpose == "receipt" else row.created_at
                late = {"receipt": month.seen.receipts_late, "reminder": month.seen.reminders_late}.get(row.purpose)
                if late is not None:
                    late.append(((when[row.id] - START) / timedelta(days=1), (when[row.id] - since).total_seconds()))
    month.seen.queues.append((month.day, inbox["new"], out["queued"] + out["sending"], open_))
    month.seen.memory.append((month.day, memory()))


def memory() -> float:
    """Megabytes of this process that are in memory now; its most so far where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1e6
    except OSError:
        import resource  # noqa: PLC0415  # not on every system

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


# --- telling -----------------------------------------------------------------------------------------------------------


def told(seen: Seen) -> str:
    """What happened, in numbers."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(seen.counts.items()))


def share(late: Sequence[tuple[float, float]], part: float) -> float:
    """The lateness that so large a part stays below, seconds."""
    values = sorted(seconds for _, seconds in late)
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0


def figures(month: Month, wall: float) -> list[str]:
    """What it came to."""
    seen, days = month.seen, month.plan.days
    calm = [pair for pair in seen.memory if pair[0] >= days * 0.1] or seen.memory
    receipts, reminders = seen.receipts_late, seen.reminders_late
    most = [max(row[column] for row in seen.queues) for column in (1, 2, 3)]
    lines = f"""{told(seen)}; restarts {month.restarts}; {wall:.0f} s for {days} days
receipts after their reports, storm and outages included: half within {share(receipts, 0.5):.1f} s,
    99 % within {share(receipts, 0.99):,.0f} s, the last after {share(receipts, 1):,.0f} s
reminders: the clock spoke at most {share(seen.clock_late, 1):.0f} s late,
    99 % stood in the chat {share(reminders, 0.99):,.0f} s after that, the last {share(reminders, 1):,.0f} s
seen once an hour: at most {most[0]:,} updates waited, {most[1]:,} messages, and {most[2]:,} incidents were open
memory: {calm[0][1]:.0f} MB after a tenth of the time, {max(used for _, used in seen.memory):.0f} MB at most, {seen.memory[-1][1]:.0f} MB
    at the end (with the record of what the messengers did)"""
    return lines.splitlines()


def draw(month: Month, file: Path) -> None:
    """One picture: what waited, how late things were, how much memory it took."""
    figure, (queues, late, ram) = pyplot.subplots(3, 1, figsize=(11, 9), sharex=True, layout="constrained")
    days = [row[0] for row in month.seen.queues]
    names = ("updates not handled", "messages not sent", "incidents open")
    for column, (name, colour) in enumerate(zip(names, COLOURS, strict=True), start=1):
        queues.plot(days, [row[column] for row in month.seen.queues], color=colour, label=name, linewidth=1.2)
    queues.set_yscale("symlog", linthresh=1)
    queues.set_title("Queues", loc="left")
    for values, name, colour in (
        (month.seen.receipts_late, "receipt after its report", COLOURS[0]),
        (month.seen.reminders_late, "reminder in the chat after its hour", COLOURS[1]),
        (month.seen.clock_late, "the clock after the hour", COLOURS[2]),
    ):
        late.scatter(
            [day for day, _ in values], [max(seconds, 0.5) for _, seconds in values], s=3, color=colour, label=name, alpha=0.5, linewidths=0
        )
    late.set_yscale("log")
    late.set_title("Lateness, seconds", loc="left")
    ram.plot([day for day, _ in month.seen.memory], [megabytes for _, megabytes in month.seen.memory], color=COLOURS[0], linewidth=1.2)
    ram.set_ylim(bottom=0)
    ram.set_title("Memory, MB", loc="left")
    ram.set_xlabel("day")
    for axes in (queues, late, ram):
        axes.grid(color=GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        for began, ended in month.outages:
            axes.axvspan(began, ended, color=GRID, alpha=0.6, linewidth=0)
        if axes is not ram:
            axes.legend(loc="upper left", fontsize=8, markerscale=3, frameon=False)
    figure.suptitle(
        f"{month.plan.days} days, {month.plan.year:,} reports a year and a storm of {month.plan.storm:,}; "
        f"{month.restarts} kills; grey: a messenger was away",
        color=INK,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, draw. Exit code 0 when every invariant holds."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    for name in ("days", "year", "storm", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(plan, name))
    parser.add_argument("--picture", type=Path, default=Path("docs/images/soak.png"))
    parser.add_argument("--url", default="", help="an empty database; a SQLite file of its own when it is not given")
    asked = parser.parse_args(arguments)
    plan = Plan(days=asked.days, year=asked.year, storm=asked.storm, seed=asked.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, without_a_thread(), quietly():
        month, wrong = asyncio.run(play(plan, asked.url or f"sqlite+aiosqlite:///{folder}/soak.db"))
    draw(month, asked.picture)
    print("\n".join([*figures(month, time.monotonic() - began), f"picture: {asked.picture}", f"seed: {plan.seed}"]))
    print("\n".join(f"BROKEN {line}" for line in wrong) or "every invariant holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
