"""Several processes of one house on one PostgreSQL: who held which lease when, and who began which call when."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from storage.postgresql import Door
from tests.promises.world import QUICKLY, First, World
from tests.promises.zygote import Child, Zygote

_STARTED = "started  "
# Every change of a lease's holder, by the same clock as the calls are recorded by: it is one machine.
_LOG = (
    "CREATE TABLE lease_log (at timestamptz NOT NULL DEFAULT clock_timestamp(), name text, holder text, term bigint)",
    """CREATE FUNCTION log_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'INSERT' OR NEW.term <> OLD.term OR NEW.holder <> OLD.holder THEN
            INSERT INTO lease_log (name, holder, term) VALUES (NEW.name, NEW.holder, NEW.term);
        END IF; RETURN NEW; END $$""",
    "CREATE TRIGGER log_lease AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION log_lease()",
)


@dataclass(frozen=True, slots=True)
class Tenure:
    """One process had one account from an instant until another had it, seconds since 1970."""

    account: str
    pid: int
    since: float
    until: float


class Anywhere:
    """Statements to the database wherever it takes writes now; while it is away they wait."""

    def __init__(self, url: Any) -> None:
        self.is_sqlite = False
        self._door = Door(make_url(url) if isinstance(url, str) else url)
        self._connection: Any = None

    async def ask(self, sql: str) -> Any:
        """Rows of a statement."""
        async with asyncio.timeout(60):
            while True:
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await self._door.connect()
                    return await self._connection.fetch(sql)
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    if self._connection is not None:
                        self._connection.terminate()
                        self._connection = None
                    await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Let go."""
        if self._connection is not None:
            self._connection.terminate()


class Several(World):
    """A world around several children at once. ``children``: by their place."""

    def __init__(self, zygote: Zygote, folder: Path, database: str, *, lease: float, processes: int = 3) -> None:
        super().__init__(zygote, folder, database)
        self.given["SUTKI_LEASE"] = str(lease)
        self.database = Anywhere(self.url)  # type: ignore[assignment]  # it asks like the other
        self.children: dict[int, Child] = {}
        self.processes = processes
        self._sends = folder / "sends"
        self._starts: dict[int, int] = {}
        self._supervising: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Have leases logged. After the tables are there."""
        for statement in _LOG:
            await self.database.ask(statement)

    async def join(self, place: int, first: First = ()) -> Child:
        """Another process, as on a machine of its own."""
        self._starts[place] = self._times_started(place)
        first = [*QUICKLY, ("tests.promises.patches:record_sends", str(self._sends)), *first]
        child = await self.zygote.start(self.given, folder=self.folder, first=first, log=f"sutki-{place}.log")
        self.children[place] = self.child = child
        return child

    async def join_all(self) -> None:
        """As many processes as there are places."""
        for place in range(self.processes):
            await self.join(place)
        self._supervising = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        """A process that could not start (the database was away) is started again, as systemd does."""
        while True:
            await asyncio.sleep(0.2)
            for place, child in list(self.children.items()):
                if not child.running and await child.wait() > 0:
                    await self.join(place)

    @property
    def works(self) -> bool:
        """Somebody is there, or one that has just ended is started again: as long as somebody sees to that."""
        supervised = self._supervising is not None and not self._supervising.done()
        return supervised or any(child.running for child in self.children.values())

    async def is_up(self, place: int) -> None:
        """Wait until a process serves, or would."""
        async with asyncio.timeout(60):
            while self._times_started(place) <= self._starts[place]:  # noqa: ASYNC110  # another process's log
                await asyncio.sleep(0.05)

    def _times_started(self, place: int) -> int:
        log = self.folder / f"sutki-{place}.log"
        return log.read_text(errors="replace").count(_STARTED) if log.exists() else 0

    async def hold_up(self, place: int, seconds: float) -> None:
        """A process that does nothing for a while, and knows nothing of it."""
        self.children[place].send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.children[place].send(signal.SIGCONT)

    async def gives_up(self, place: int) -> None:
        """Wait until a process has noticed that it lost what it had; then it ends, with all that it had begun."""
        log = self.folder / f"sutki-{place}.log"
        async with asyncio.timeout(60):
            while "lease_lost" not in log.read_text(errors="replace"):  # noqa: ASYNC110  # another process's log
                await asyncio.sleep(0.05)
        await self.children[place].terminate()

    async def holders(self) -> dict[str, int]:
        """Account → process, of the leases that run."""
        rows = await self.database.ask("SELECT name, holder FROM leases WHERE until > clock_timestamp() AND holder <> ''")
        return {row["name"].removeprefix("account "): int(row["holder"].split(":")[1]) for row in rows}

    async def held_by(self, pid: int) -> list[str]:
        """Accounts that a process has."""
        return [account for account, holder in (await self.holders()).items() if holder == pid]

    async def all_attended(self, accounts: int, but: int = 0, seconds: float = 60.0) -> float:
        """Wait until so many accounts are served by others than one process. Returns how long that took, seconds."""
        began = time.monotonic()
        while len([pid for pid in (await self.holders()).values() if pid != but]) < accounts:
            assert time.monotonic() < began + seconds, f"{await self.holders()} after {seconds} s"
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def tenures(self) -> list[Tenure]:
        """Who had what, when; a lease that was let go belongs to nobody until it is taken."""
        rows = await self.database.ask("SELECT name, holder, extract(epoch FROM at)::float8 AS at FROM lease_log ORDER BY name, at, term")
        found: list[Tenure] = []
        for row, after in zip(rows, [*rows[1:], None], strict=True):
            until = after["at"] if after is not None and after["name"] == row["name"] else float("inf")
            if row["holder"]:
                found.append(Tenure(row["name"].removeprefix("account "), int(row["holder"].split(":")[1]), row["at"], until))
        return found

    async def strays(self) -> list[str]:
        """Calls that a process began for an account that it did not have at that instant."""
        tenures = await self.tenures()
        strays = []
        for line in self._sends.read_text().splitlines() if self._sends.exists() else ():
            at, pid, account, _ = line.split()
            if not any(one.account == account and one.pid == int(pid) and one.since <= float(at) < one.until for one in tenures):
                strays.append(line)
        return strays

    @property
    def sends(self) -> int:
        """Calls that were begun."""
        return len(self._sends.read_text().splitlines()) if self._sends.exists() else 0

    async def close(self) -> None:
        """End every child."""
        if self._supervising:
            self._supervising.cancel()
            await asyncio.wait([self._supervising])
        for child in self.children.values():
            if child.running:
                child.send(signal.SIGCONT)
                await child.kill()
