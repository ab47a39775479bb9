"""Which process serves which account: shared out, taken over, let go; and what a process without its lease may no longer do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from bots.channel import Address, Reply, Update
from bots.delivery import Delivery
from bots.intake import Intake
from bots.shift import Shift
from storage.leases import Lease, LeaseLost
from storage.posts import Post
from storage.store import Store
from tests.fakes import START, TELEGRAM, FakeChannel, FakeClock

ACCOUNTS = ["telegram/altai", "vk/altai", "vk/biysk"]
LASTS = 1.0


class Worker:
    """One process's shift, and what it serves."""

    def __init__(self, store: Store, lasts: float = LASTS) -> None:
        self.serves: dict[str, Lease] = {}
        self.now = 0.0
        loop = asyncio.get_running_loop()
        self.shift = Shift(
            store, ACCOUNTS, lasts=lasts, monotonic=lambda: loop.time() + self.now, begin=self.serves.__setitem__, end=self._end
        )
        self.task = asyncio.create_task(self.shift.run())

    async def _end(self, account: str) -> None:
        del self.serves[account]

    async def dies(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    store = Store(postgresql_url)
    yield store
    await store.close()


@pytest.fixture
async def worker(store: Store) -> AsyncIterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(lasts: float = LASTS) -> Worker:
        made.append(Worker(store, lasts))
        return made[-1]

    yield make
    for one in made:
        await one.dies()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110  # the database is the one who decides, and it calls nobody
            await asyncio.sleep(0.01)


async def test_processes_that_begin_together_share_the_accounts_out(worker: Callable[..., Worker]) -> None:
    workers = [worker(20.0) for _ in range(3)]
    await until(lambda: sum(len(one.serves) for one in workers) == 3)
    assert sorted(account for one in workers for account in one.serves) == ACCOUNTS


async def test_what_a_dead_process_served_another_takes_over_with_the_next_term(worker: Callable[..., Worker]) -> None:
    first = worker()
    await until(lambda: len(first.serves) == 3)
    await first.dies()
    second = worker()
    await until(lambda: len(second.serves) == 3)
    assert {lease.term for lease in second.serves.values()} == {2}


async def test_what_is_let_go_another_takes_at_once(worker: Callable[..., Worker]) -> None:
    first = worker(20.0)
    await until(lambda: len(first.serves) == 3)
    second = worker(20.0)
    first.shift.released = second.shift.hint
    await first.dies()
    await first.shift.release()
    await asyncio.wait_for(until(lambda: len(second.serves) == 3), 3)


async def test_a_lease_that_is_renewed_goes_on_as_the_same(worker: Callable[..., Worker]) -> None:
    only = worker()
    await until(lambda: len(only.serves) == 3)
    lease = only.serves["vk/altai"]
    good_until = lease.good_until
    await until(lambda: lease.good_until > good_until + LASTS)
    assert only.serves["vk/altai"] is lease


async def test_while_the_database_does_not_answer_a_process_lets_go_before_another_may_begin(
    store: Store, worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = worker(20.0)
    await until(lambda: len(one.serves) == 3)
    monkeypatch.setattr(one.shift, "_look", asyncio.Event().wait)
    one.now += 16.1
    await until(lambda: not one.serves)
    async with store.transaction() as tx:
        assert {held.runs for held in (await tx.leases.all([f"account {account}" for account in ACCOUNTS])).values()} == {True}


async def test_a_process_that_was_held_up_goes_on_when_nobody_came_and_lets_go_when_another_did(
    store: Store, worker: Callable[..., Worker]
) -> None:
    one = worker(20.0)
    await until(lambda: len(one.serves) == 3)
    before = dict(one.serves)
    async with store.transaction() as tx:
        await tx.leases.release(before["vk/altai"])
        await tx.leases.take("account vk/altai", "another", timedelta(minutes=5))
    one.now += 60.0
    await until(lambda: sorted(one.serves) == ["telegram/altai", "vk/biysk"])
    assert one.serves["telegram/altai"].term == 1


async def test_two_leases_that_run_out_while_a_look_finds_one_of_them_taken_are_each_let_go_once(store: Store) -> None:
    ended, ends = list[str](), asyncio.Event()

    async def end(account: str) -> None:
        ended.append(account)
        await ends.wait()

    shift = Shift(store, ACCOUNTS, lasts=LASTS, monotonic=lambda: 100.0, begin=lambda *_: None, end=end)
    shift._held = {account: Lease(f"account {account}", shift._holder, 1, 99.0) for account in ACCOUNTS}
    letting_go = asyncio.create_task(shift._give_up_what_ran_out())
    await until(lambda: ended == ACCOUNTS[:1])
    another_has_it = asyncio.create_task(shift._now_held(ACCOUNTS[1], 0, 100.0))
    await until(lambda: ended == ACCOUNTS[:2])
    ends.set()
    await asyncio.gather(letting_go, another_has_it)
    assert ended == ACCOUNTS


async def test_an_account_nobody_can_serve_is_told(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.leases.take("account vk/altai", "another", timedelta(minutes=5))
    one = Worker(store, 20.0)
    one.shift.take_no_more()
    try:
        await until(lambda: one.shift.unattended(0.0) != [])
        assert one.shift.unattended(0.0) == ["telegram/altai", "vk/biysk"]
        assert one.shift.unattended(60.0) == []
    finally:
        await one.dies()


async def lost(store: Store) -> Lease:
    """A lease that another has taken over."""
    async with store.transaction() as tx:
        term = await tx.leases.take("account telegram/altai", "one", timedelta(0))
        await tx.leases.take("account telegram/altai", "other", timedelta(minutes=5))
    return Lease("account telegram/altai", "one", term, good_until=1e9)


async def test_a_process_without_its_lease_takes_nothing_to_send(store: Store) -> None:
    channel = FakeChannel("telegram/altai", TELEGRAM)
    async with store.transaction() as tx:
        row = await tx.outbox.put(Post(to=Address("telegram/altai", "5"), out=Reply("Принято")), START)
    delivery = Delivery(store, channel, FakeClock(), monotonic=lambda: 0.0, lease=await lost(store))
    with pytest.raises(LeaseLost):
        await delivery.step()
    assert channel.keys == []
    async with store.transaction() as tx:
        assert await tx.outbox.state(row) == "queued"


async def _hold_up(channel: FakeChannel, meanwhile: Callable[[], Awaitable[None]]) -> None:
    send = channel.send

    async def held_up(*call: object) -> tuple[str, ...]:
        await meanwhile()
        return await send(*call)  # type: ignore[arg-type]

    channel.send = held_up  # type: ignore[method-assign,assignment]


async def test_what_came_of_a_call_is_not_written_by_a_process_that_lost_its_lease_meanwhile(store: Store) -> None:
    channel = FakeChannel("telegram/altai", TELEGRAM)
    async with store.transaction() as tx:
        row = await tx.outbox.put(Post(to=Address("telegram/altai", "5"), out=Reply("Принято")), START)
        term = await tx.leases.take("account telegram/altai", "one", timedelta(seconds=0.5))

    async def another_comes() -> None:
        taken = 0
        while not taken:
            async with store.transaction() as tx:
                taken = await tx.leases.take("account telegram/altai", "other", timedelta(minutes=5))

    await _hold_up(channel, another_comes)
    lease = Lease("account telegram/altai", "one", term, good_until=1e9)
    delivery = Delivery(store, channel, FakeClock(), monotonic=lambda: 0.0, lease=lease)
    assert await delivery.step() == 0.0
    await until(lambda: channel.keys != [])
    with pytest.raises(LeaseLost):
        await delivery.step()
    async with store.transaction() as tx:
        assert await tx.outbox.state(row) == "sending"  # for the other to find, as after a kill
    await delivery.abandon()


async def test_a_call_is_not_begun_when_the_process_was_held_up_since_it_took_the_row(store: Store) -> None:
    channel = FakeChannel("telegram/altai", TELEGRAM)
    async with store.transaction() as tx:
        row = await tx.outbox.put(Post(to=Address("telegram/altai", "5"), out=Reply("Принято")), START)
        term = await tx.leases.take("account telegram/altai", "one", timedelta(minutes=5))
    lease = Lease("account telegram/altai", "one", term, good_until=5.0)
    delivery = Delivery(store, channel, FakeClock(), monotonic=lambda: 10.0, lease=lease)
    await delivery.step()
    await delivery.finish()
    assert channel.keys == []
    async with store.transaction() as tx:
        assert await tx.outbox.state(row) == "queued"


async def test_what_could_not_be_written_with_the_rest_is_not_written_without_the_lease_either(store: Store) -> None:
    channel = FakeChannel("telegram/altai", TELEGRAM)
    async with store.transaction() as tx:
        row = await tx.outbox.put(Post(to=Address("telegram/altai", "5"), out=Reply("Принято")), START)
        term = await tx.leases.take("account telegram/altai", "one", timedelta(minutes=5))
    lease = Lease("account telegram/altai", "one", term, good_until=1e9)
    delivery = Delivery(store, channel, FakeClock(), monotonic=lambda: 0.0, lease=lease)
    await delivery.step()
    await until(lambda: channel.keys != [])
    async with store.transaction() as tx:
        await tx.leases.release(lease)
        await tx.leases.take("account telegram/altai", "other", timedelta(minutes=5))
    delivery.stop()
    await delivery.finish()  # what came of it is written alone here
    async with store.transaction() as tx:
        assert await tx.outbox.state(row) == "sending"


async def test_updates_are_not_stored_by_a_process_without_its_lease(store: Store) -> None:
    channel = FakeChannel("telegram/altai", TELEGRAM)
    intake = Intake(store, {"telegram/altai": channel}, lambda: None, FakeClock())  # type: ignore[arg-type,return-value]  # no turn is taken
    with pytest.raises(LeaseLost):
        await intake.accept("telegram/altai", await lost(store))([Update("1", {}, "5", "")], "2")
    async with store.transaction() as tx:
        assert await tx.inbox.counts() == {"new": 0, "dead": 0}
