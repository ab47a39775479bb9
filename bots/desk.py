"""One account at work in this process: who it is, what it hears, what it says."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import structlog

from bots.channel import Accept, Channel, Refused, Undelivered
from bots.delivery import Delivery
from handlers import enter
from storage.store import Store

log = structlog.get_logger(__name__)

REFUSED_AGAIN = 300.0
"""Seconds after which a refused token is tried again: what refused it may have been a server that was not up yet."""
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)


class Desk:
    """Listens and sends for one account from ``open`` until ``deafen`` and ``quieten``, or ``leave``."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        kind: str,
        delivery: Delivery,
        accept: Accept,
        *,
        is_known: Callable[[], bool],
        identified: Callable[[], Awaitable[None]],
    ) -> None:
        """``is_known``: whether it is stored who the account is; ``identified``: called when that was learned."""
        self.channel = channel
        self.delivery = delivery
        self.refused = False
        """The platform does not take its token."""
        self._store, self._kind, self._accept = store, kind, accept
        self._is_known, self._identified = is_known, identified

    def open(self) -> None:
        """Begin. The platform need not answer for that."""
        self.sending = asyncio.create_task(self.delivery.run(), name=f"delivery {self.channel.account}")
        self._listening = asyncio.create_task(self._listen(), name=self.channel.account)

    async def deafen(self) -> None:
        """Hear no more."""
        self._listening.cancel()
        await asyncio.wait([self._listening])

    def quieten(self) -> asyncio.Task[None]:
        """Begin no more calls. Returns what ends when those under way are over."""
        self.delivery.stop()
        return self.sending

    async def leave(self) -> None:
        """At once: another process sits down here."""
        for task in (self._listening, self.sending):
            task.cancel()
        await self.delivery.abandon()
        await asyncio.wait([self._listening, self.sending])

    async def _listen(self) -> None:
        """Find out who the account is, as long as that takes; then listen to it for ever. Nothing that goes wrong ends that."""
        channel = self.channel
        for attempt in itertools.count():
            preparing: asyncio.Task[None] | None = None
            try:
                await self._identify()
                async with self._store.transaction() as tx:
                    cursor, heard_at = await tx.accounts.cursor(channel.account), await tx.accounts.heard_at(channel.account)
                preparing = asyncio.create_task(self._prepare())  # nobody who writes waits for a menu
                log.info("account_listens", account=channel.account)
                await channel.receive(self._accept, cursor, heard_at)
            except Exception:  # the database is away, or a platform answered as none ever did
                log.exception("account_stopped_for_a_moment", account=channel.account)
            finally:
                if preparing:
                    preparing.cancel()
                    await asyncio.wait([preparing])
            await _wait_after(attempt)

    async def _prepare(self) -> None:
        """Set up what the platform lets us set up; the account works without it."""
        try:
            await self.channel.prepare(enter.menu())
        except Undelivered as problem:
            log.warning("menu_not_set", account=self.channel.account, why=str(problem))
        except Exception:
            log.exception("menu_not_set", account=self.channel.account)

    async def _identify(self) -> None:
        """Wait until the platform says whose the token is. While it does not answer, an account that is known is believed."""
        account = self.channel.account
        for attempt in itertools.count():
            try:
                who = await self.channel.identify()
            except Refused as problem:
                if not self.refused:
                    log.error("account_refused", account=account, why=str(problem), mend="sutki doctor")
                self.refused = True
                await asyncio.sleep(REFUSED_AGAIN)
                continue
            except Undelivered as problem:
                log.warning("account_unreachable", account=account, why=str(problem))
                if self._is_known():
                    return
                await _wait_after(attempt)
                continue
            self.refused = False
            async with self._store.transaction("identify") as tx:
                await tx.accounts.identified(account, self._kind, who.id, who.title, who.link, who.start_link)
            await self._identified()
            return


async def _wait_after(attempt: int) -> None:
    await asyncio.sleep(_WAITS[min(attempt, len(_WAITS) - 1)])
