"""Promise 19: limits are obeyed. Whoever was asked to wait is not called before that time is over, and every chat keeps its order."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import SendMessage

from bots.channel import Address, Limits, Reply, TryLater, Undelivered
from bots.telegram.calls import LIMITS as TELEGRAM
from bots.telegram.failures import undelivered
from bots.vk.compose import LIMITS as VK
from bots.vk.compose import VkError, failure
from storage.posts import Post
from storage.store import Store
from tests.promises.conftest import FULL, size
from tests.promises.timed import Time, Timed, deliver

on_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"] if FULL else ["sqlite"], indirect=True)


class Storm:
    """A platform in a storm: now and then it asks the account, or one chat, to wait, and refuses whatever comes before that is over.

    What it says is what the platforms say, read by the product's own tables.
    """

    def __init__(self, chance: random.Random, share: float) -> None:
        self._chance, self._share = chance, share
        self.until: dict[str, float] = defaultdict(float)
        """Chat, or «» for the whole account → when it is over."""
        self.refused = 0

    def telegram(self, to: Address, now: float) -> Undelivered | None:
        """429 with ``retry_after``: for a private chat it is the account that is too fast, in a group the group."""
        return self._judge(to, now, lambda: self._chance.randint(1, 40), whole=not to.chat.startswith("-"), code=429)

    def vk(self, to: Address, now: float) -> Undelivered | None:
        """6 (too many a second), 9 (flood in a chat), 29 (too many a day): VK names no seconds, and the table does."""
        code = self._chance.choice((6, 6, 6, 9, 29))
        problem = failure(VkError("messages.send", code))
        assert isinstance(problem, TryLater)
        return self._judge(to, now, lambda: problem.after, whole=problem.whole_account, code=code)

    def _judge(self, to: Address, now: float, seconds: Callable[[], float], *, whole: bool, code: int) -> Undelivered | None:
        over = max(self.until[""], self.until[to.chat])
        if now >= over and self._chance.random() >= self._share:
            return None
        self.refused += 1
        if now < over:  # on its way already when the storm began
            after = over - now
            whole = self.until[""] > now
        else:
            after = seconds()
        self.until["" if whole else to.chat] = max(self.until["" if whole else to.chat], now + after)
        if code == 429:
            message = "Too Many Requests: retry after"
            return undelivered(TelegramRetryAfter(SendMessage(chat_id=1, text="x"), message, -int(-after // 1)), group=not whole)
        return TryLater(f"VK error {code}", after, whole_account=whole)


@on_databases
@pytest.mark.parametrize(("account", "limits"), [("telegram/altai", TELEGRAM), ("vk/altai", VK)], ids=["telegram", "vk"])
async def test_nobody_is_called_before_the_time_is_over_and_every_chat_keeps_its_order(
    store: Store, seeded: random.Random, figures: Callable[..., None], account: str, limits: Limits
) -> None:
    chats = [str(number) for number in range(1, size(quick=15, full=120))]
    chats += [f"-{chat}" if account.startswith("telegram") else f"20000000{chat.zfill(2)}" for chat in chats[:5]]
    each = size(quick=6, full=25)
    async with store.transaction() as tx:
        for number in range(each):
            for chat in chats:
                await tx.outbox.put(Post(to=Address(account, chat), out=Reply(f"{chat} {number}")), Time().clock())
    storm = Storm(seeded, 0.08)
    judge = storm.telegram if account.startswith("telegram") else storm.vk
    channel = Timed(account, limits, Time(), lambda: seeded.uniform(0.02, 0.6), judge)
    await deliver(store, channel, at_most=30 * 24 * 3600)

    early = [(begun, chat) for begun, chat in channel.begun if _too_early(channel, begun, chat)]
    figures(calls=len(channel.begun), refused=storm.refused, early=len(early), minutes=round(channel.time.now / 60))
    assert storm.refused > 0
    assert early == []
    said = defaultdict(list)
    for shown in channel.shown:
        said[shown.address.chat].append(shown.text)
    assert said == {chat: [f"{chat} {number}" for number in range(each)] for chat in chats}


def _too_early(channel: Timed, begun: float, chat: str) -> bool:
    """Whether the call began after it was heard that it should wait, and before that was over."""
    for heard, where, problem in channel.heard:
        if isinstance(problem, TryLater) and (problem.whole_account or where == chat) and heard <= begun < heard + problem.after:
            return True
    return False


@on_databases
async def test_the_platforms_own_limits_are_kept(store: Store, seeded: random.Random, figures: Callable[..., None]) -> None:
    """1 message a second in a chat, 20 a minute in a group, 30 a second in all: at the platform, however long the way there is."""
    chats = [str(number) for number in range(1, size(quick=60, full=400))]
    time = Time()
    arrived: list[tuple[float, str]] = []

    def judge(to: Address, now: float) -> None:
        arrived.append((now, to.chat))

    async with store.transaction() as tx:
        for number in range(size(quick=25, full=70)):
            await tx.outbox.put(Post(to=Address("telegram/altai", "-100"), out=Reply(str(number))), time.clock())
        for chat in chats * 3:
            await tx.outbox.put(Post(to=Address("telegram/altai", chat), out=Reply("раз")), time.clock())
    channel = Timed("telegram/altai", TELEGRAM, time, lambda: seeded.uniform(0.02, 0.3), judge)
    await deliver(store, channel, at_most=24 * 3600)
    by_chat = defaultdict(list)
    for at, chat in sorted(arrived):
        by_chat[chat].append(at)
    everything = sorted(at for at, _ in arrived)
    close = sum(later - one < 1.0 for times in by_chat.values() for one, later in pairwise(times))
    crowded = sum(later - one < 60.0 for one, later in zip(by_chat["-100"], by_chat["-100"][20:], strict=False))
    rush = sum(later - one < 1.0 for one, later in zip(everything, everything[30:], strict=False))
    figures(calls=len(arrived), seconds=round(time.now), too_close=close, crowded=crowded, rush=rush)
    assert (close, crowded, rush) == (0, 0, 0)
