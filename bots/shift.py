"""Which accounts this process serves: it takes the lease of an account nobody holds, renews it while it lives, and lets go at the end."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from storage.leases import Lease
from storage.store import Store

log = structlog.get_logger(__name__)

LOOKS = 5
"""How often a lease is renewed before it would run out, if nothing came in between."""
SAFE = 0.8
"""The part of a lease during which its holder begins calls; in the rest what is under way is broken off."""
ONE_BY_ONE = 0.1
"""Seconds between two leases that a process takes, so that those that look at the same time share them out."""


class Shift:
    """Takes and keeps leases. One runs in each process."""

    def __init__(
        self,
        store: Store,
        accounts: Sequence[str],
        *,
        lasts: float,
        monotonic: Callable[[], float],
        begin: Callable[[str, Lease], None],
        end: Callable[[str], Awaitable[None]],
    ) -> None:
        """``lasts``: seconds. ``begin`` is called when a lease was taken, ``end`` when it is ours no more; it returns when all is quiet."""
        self._store, self._accounts = store, accounts
        self._lasts, self._lasting, self._monotonic = lasts, timedelta(seconds=lasts), monotonic
        self._begin, self._end = begin, end
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[str, Lease] = {}
        self._alone_since: dict[str, float] = {}
        """Since when an account has stood without anybody, as far as this process saw."""
        self._taking = True
        self._something = asyncio.Event()
        self.released: Callable[[], None] = lambda: None
        """Called when others may take a lease at once."""

    def hint(self) -> None:
        """There may be a lease to take."""
        self._something.set()

    def take_no_more(self) -> None:
        """Only keep what is held: the program is about to stop."""
        self._taking = False

    async def run(self) -> None:
        """Until cancelled. What is wrong with the database costs the leases, when it lasts, and never this loop."""
        looking: asyncio.Task[float] | None = None
        pause, looked = 0.0, 0.0
        try:
            while True:
                if looking is None and (self._something.is_set() or self._monotonic() >= looked + pause):
                    self._something.clear()
                    looking, looked = asyncio.create_task(self._look()), self._monotonic()
                await self._rest(looking, min(pause, self._lasts / LOOKS / 2))
                if looking and looking.done():
                    pause = self._came_of(looking)
                    looking = None
                await self._give_up_what_ran_out()
        finally:
            if looking:
                looking.cancel()
                await asyncio.wait([looking])

    async def release(self) -> None:
        """Let others have everything at once. Only when nothing is done under the leases any more."""
        leases, self._held = list(self._held.values()), {}
        try:
            async with self._store.transaction("release") as tx:
                for lease in leases:
                    await tx.leases.release(lease)
        except Exception:
            log.exception("leases_not_released")  # they run out by themselves
        self.released()

    def unattended(self, seconds: float) -> list[str]:
        """Accounts that nobody has served for so long, as far as this process saw."""
        now = self._monotonic()
        return sorted(account for account, since in self._alone_since.items() if now - since > seconds)

    # --- one look ----------------------------------------------------------------------------------------------------

    async def _look(self) -> float:
        """Renew what is held and take one lease that nobody holds. Returns seconds until the next look is worth it."""
        await self._renew()
        names = {_name(account): account for account in self._accounts if account not in self._held}
        async with self._store.transaction() as tx:
            found = await tx.leases.all(names)
        taken = {name for name, held in found.items() if held.runs and held.holder != self._holder}
        free = [account for name, account in names.items() if name not in taken]
        for account in free[: int(self._taking)]:
            async with self._store.transaction("lease") as tx:
                asked = self._monotonic()
                term = await tx.leases.take(_name(account), self._holder, self._lasting)
            await self._now_held(account, term, asked)
        for account in self._accounts:
            if account in free and account not in self._held:
                self._alone_since.setdefault(account, self._monotonic())
            else:
                self._alone_since.pop(account, None)
        return ONE_BY_ONE if self._taking and len(free) > 1 else self._lasts / LOOKS

    async def _renew(self) -> None:
        """In a transaction of its own: nothing that others do may hold it up."""
        if not self._held:
            return
        async with self._store.transaction("lease") as tx:
            asked = self._monotonic()  # the database counts from later on
            terms = await tx.leases.renew([_name(account) for account in self._held], self._holder, self._lasting)
        for account in list(self._held):
            await self._now_held(account, terms.get(_name(account), 0), asked)

    async def _now_held(self, account: str, term: int, asked: float) -> None:
        lease, good_until = self._held.get(account), asked + self._lasts * SAFE
        if lease and lease.term == term:
            lease.good_until = good_until
            return
        if lease:
            await self._lose(account)
        if term:
            log.info("lease_taken", account=account, term=term)
            self._held[account] = lease = Lease(_name(account), self._holder, term, good_until)
            self._begin(account, lease)

    async def _give_up_what_ran_out(self) -> None:
        """The database did not answer in time: another process may begin any moment now."""
        for account, lease in list(self._held.items()):
            # To let one go takes a while, in which a look may have found that another process has the next one.
            if self._held.get(account) is lease and not lease.is_good(self._monotonic()):
                await self._lose(account)

    async def _lose(self, account: str) -> None:
        log.warning("lease_lost", account=account)
        del self._held[account]
        await self._end(account)

    def _came_of(self, looking: asyncio.Task[float]) -> float:
        if problem := looking.exception():
            log.warning("leases_not_renewed", exc_info=problem)
            return self._lasts / LOOKS / 2
        return looking.result()

    async def _rest(self, looking: asyncio.Task[float] | None, seconds: float) -> None:
        if looking:
            await asyncio.wait([looking], timeout=max(seconds, 0.05))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()


def _name(account: str) -> str:
    return f"account {account}"
