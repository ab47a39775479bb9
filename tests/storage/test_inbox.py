"""The inbox: everything is accepted once, handled in order, and nothing is ever lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import event

from bots.channel import Update
from storage.inbox import FAIR, FIRST, Row
from storage.store import Store
from tests.storage.given import NOON, later, updates


async def _put(store: Store, *keys: str, account: str = "vk/biysk", lane: str = "501") -> int:
    async with store.transaction() as tx:
        return await tx.inbox.put(account, updates(*keys, lane=lane), NOON)


async def _waiting(store: Store, **by: float) -> list[Row]:
    async with store.transaction() as tx:
        return list(await tx.inbox.waiting(later(**by)))


async def test_a_repeat_of_the_platform_is_stored_once(store: Store) -> None:
    assert await _put(store, "1", "2") == 2
    assert await _put(store, "2", "3") == 1
    assert [row.key for row in await _waiting(store)] == ["1", "2", "3"]


async def test_a_repeat_within_one_batch_is_stored_once(store: Store) -> None:
    assert await _put(store, "1", "1", "2") == 2


async def test_dedupe_is_a_set_not_a_high_water_mark(store: Store) -> None:
    await _put(store, "900")
    assert await _put(store, "7") == 1


async def test_the_same_key_of_another_account_is_another_update(store: Store) -> None:
    await _put(store, "1")
    assert await _put(store, "1", account="telegram/altai") == 1


async def test_a_handled_update_does_not_come_back_when_it_is_repeated(store: Store) -> None:
    await _put(store, "1")
    async with store.transaction() as tx:
        await tx.inbox.done([row.id for row in await tx.inbox.waiting(NOON)], NOON)
    assert await _put(store, "1") == 0
    assert await _waiting(store) == []


async def test_more_updates_than_one_statement_can_hold(store: Store) -> None:
    assert await _put(store, *(str(number) for number in range(1201))) == 1201
    assert len(await _waiting(store)) == 200


async def test_an_update_is_kept_as_it_came(store: Store) -> None:
    odd = Update(key="1", raw={"текст": "нуль \x00, половина \ud83d, 😀", "много": [1, None, {"а": 2.5}]}, lane="501", album="9")
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", [odd], NOON)
    (row,) = await _waiting(store)
    assert (row.raw, row.lane, row.album, row.received_at) == (odd.raw, "501", "9", NOON)


async def test_updates_and_cursor_are_one_commit(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.accounts.identified("vk/biysk", "vk", "77", "Бийск", "https://vk.me/biysk", "")
    try:
        async with store.transaction() as tx:
            await tx.inbox.put("vk/biysk", updates("1"), NOON)
            await tx.accounts.moved("vk/biysk", "12", NOON)
            raise RuntimeError("the machine went down")
    except RuntimeError:
        pass
    async with store.transaction() as tx:
        assert (await tx.accounts.cursor("vk/biysk"), list(await tx.inbox.waiting(NOON))) == ("", [])
        await tx.inbox.put("vk/biysk", updates("1"), NOON)
        await tx.accounts.moved("vk/biysk", "12", NOON)
    async with store.transaction() as tx:
        assert (await tx.accounts.cursor("vk/biysk"), (await tx.accounts.all())["vk/biysk"].heard_at) == ("12", NOON)
        assert await tx.accounts.heard_at("vk/biysk") == NOON


async def test_a_token_of_another_bot_starts_from_an_empty_cursor(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.accounts.identified("vk/biysk", "vk", "77", "Бийск", "", "")
        await tx.accounts.moved("vk/biysk", "12", NOON)
        await tx.accounts.identified("vk/biysk", "vk", "77", "Бийск сегодня", "", "")
        assert await tx.accounts.cursor("vk/biysk") == "12"
        await tx.accounts.identified("vk/biysk", "vk", "78", "Бийск", "", "")
        assert await tx.accounts.cursor("vk/biysk") == ""


async def test_a_failed_row_waits_and_holds_its_lane(store: Store) -> None:
    await _put(store, "1", "2")
    await _put(store, "3", lane="502")
    first = (await _waiting(store))[0]
    async with store.transaction() as tx:
        await tx.inbox.failed([first.id], "Stale", later(seconds=5))
    assert [row.key for row in await _waiting(store)] == ["2", "3"]
    async with store.transaction() as tx:
        assert await tx.inbox.held_lanes(NOON) == {("vk/biysk", "501")}
        assert await tx.inbox.next_due(NOON) == later(seconds=5)
        assert await tx.inbox.held_lanes(later(seconds=5)) == frozenset()
        assert await tx.inbox.next_due(later(seconds=5)) is None
    again = (await _waiting(store, seconds=5))[0]
    assert (again.key, again.attempts, again.error) == ("1", 1, "Stale")


async def test_an_odd_update_without_a_lane_holds_nobody(store: Store) -> None:
    await _put(store, "1", lane="")
    async with store.transaction() as tx:
        await tx.inbox.failed([row.id for row in await tx.inbox.waiting(NOON)], "Malformed", later(seconds=5))
        assert await tx.inbox.held_lanes(NOON) == frozenset()


async def test_a_dead_letter_waits_no_more_and_can_be_seen(store: Store) -> None:
    await _put(store, "1", "2")
    async with store.transaction() as tx:
        await tx.inbox.dead([row.id for row in await tx.inbox.waiting(NOON)][:1], "Malformed: no chat", NOON)
        assert await tx.inbox.counts() == {"new": 1, "dead": 1}
        assert [(row.key, row.error) for row in await tx.inbox.dead_letters()] == [("1", "Malformed: no chat")]
    assert [row.key for row in await _waiting(store)] == ["2"]


async def test_what_is_done_neither_fails_nor_dies_when_the_answer_to_its_commit_was_lost(store: Store) -> None:
    await _put(store, "1")
    async with store.transaction() as tx:
        (row,) = await tx.inbox.waiting(NOON)
        await tx.inbox.done([row.id], NOON)
    async with store.transaction() as tx:
        await tx.inbox.failed([row.id], "ConnectionError", NOON)
        assert not await tx.inbox.dead([row.id], "ConnectionError", NOON)
        assert await tx.inbox.counts() == {"new": 0, "dead": 0}


async def test_something_of_our_own_comes_when_its_time_has_come_and_holds_no_lane(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.later("send-7", {"draft": 7}, lane="7", at=NOON, handle_after=later(seconds=30))
        await tx.inbox.later("send-7", {"draft": 8}, lane="7", at=NOON)
        assert (await tx.inbox.held_lanes(NOON), list(await tx.inbox.waiting(NOON))) == (frozenset(), [])
    assert [row.raw for row in await _waiting(store, seconds=30)] == [{"draft": 7}]


async def test_what_is_our_own_can_be_taken_back_until_it_was_handled(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.later("send-7", {}, lane="7", at=NOON)
        assert await tx.inbox.cancel("send-7", NOON)
        assert not await tx.inbox.cancel("send-7", NOON)
    assert await _waiting(store) == []


async def test_a_flood_of_one_conversation_is_not_before_everybodys_messages(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates(*(f"f{number}" for number in range(300)), lane="666"), NOON)
        for number in range(5):
            await tx.inbox.put("vk/biysk", updates(f"o{number}", lane=str(number)), NOON)
        rows = await tx.inbox.waiting(NOON)
    assert [row.key for row in rows] == [*(f"f{number}" for number in range(FAIR)), *(f"o{number}" for number in range(5))]


async def test_an_album_is_read_as_a_whole_where_a_limit_would_cut_it(store: Store) -> None:
    async with store.transaction() as tx:
        for number in range(198):
            await tx.inbox.put("vk/biysk", updates(f"o{number}", lane=str(number)), NOON)
        album = [replace(one, album="a") for one in updates("a0", "a1", "a2", "a3", lane="501")]
        await tx.inbox.put("vk/biysk", [*album[:2], *updates("between", lane="501"), *album[2:]], NOON)
        keys = [row.key for row in await tx.inbox.waiting(NOON)]
    assert keys[198:] == ["a0", "a1", "a2", "a3"]


async def test_an_album_at_the_end_of_a_flood_is_read_as_a_whole(store: Store) -> None:
    async with store.transaction() as tx:
        flood = updates(*(f"f{number}" for number in range(FAIR + 300)), lane="666")
        album = range(FAIR - 1, FAIR + 3)
        flood = [replace(one, album="a") if number in album else one for number, one in enumerate(flood)]
        await tx.inbox.put("vk/biysk", flood, NOON)
        await tx.inbox.put("vk/biysk", updates("other", lane="501"), NOON)
        keys = [row.key for row in await tx.inbox.waiting(NOON)]
    assert keys == [*(f"f{number}" for number in range(FAIR)), "other", *(f"f{number}" for number in album[1:])]


async def test_what_goes_first_is_before_all_that_waits_and_nothing_comes_twice(store: Store) -> None:
    async with store.transaction() as tx:
        for number in range(250):
            await tx.inbox.later(f"send-draft/{number}", {}, lane=f"draft/{number}", at=NOON)
        for number in (1, 2, 3):
            await tx.inbox.later(f"outcome/{number}", {}, lane=FIRST, at=NOON, handle_after=later(seconds=9) if number == 2 else None)
    keys = [row.key for row in await _waiting(store)]
    assert keys[:3] == ["outcome/1", "outcome/3", "send-draft/0"]
    assert len(keys) == len(set(keys)) == 200
    async with store.transaction() as tx:
        assert [row.key for row in await tx.inbox.waiting(NOON, limit=1, but={("vk/biysk", "501")})] == ["outcome/1"]


async def test_what_goes_first_is_found_by_an_index_however_much_else_waits(sqlite_store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_store.engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append((seen[2], seen[3])))
    async with sqlite_store.transaction() as tx:
        await tx.inbox.waiting(NOON)
        looks = [one for one in asked if one[0].startswith("SELECT")]
        plans = [[row[3] for row in await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", given)] for look, given in looks]
    assert plans == [["SEARCH inbox USING INDEX ix_inbox_lane (account=? AND lane=?)"], ["SCAN inbox USING INDEX ix_inbox_new"]]
