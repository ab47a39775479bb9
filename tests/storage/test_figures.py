"""How the house stands, in figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bots.channel import Address, Reply
from incidents.incident import Status, Timer
from storage.figures import Counter, late
from storage.marks import BACKUP, Marks
from storage.posts import Post, Purpose
from storage.store import Store
from tests.storage.given import CITIZEN, NOON, later, reported, updates

CHAT = Address("vk/biysk", "501")


async def test_an_empty_house_has_nothing_to_tell(store: Store) -> None:
    async with store.transaction() as tx:
        figures = await Counter(tx.connection).figures(NOON)
        totals = await Counter(tx.connection).totals(NOON)
    assert (figures.inbox_waiting, figures.dead, figures.outbox, figures.outbox_since, figures.backups) == (0, 0, {}, {}, False)
    assert (totals.incidents_open, totals.incidents_overdue) == (0, 0)
    assert totals.database_bytes > 0


async def test_what_waits_in_the_inbox_and_since_when(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("1", "2"), NOON)
        await tx.inbox.later("undo", {"kind": "x"}, lane="x", at=NOON, handle_after=later(minutes=5))
        early = await Counter(tx.connection).figures(later(minutes=1))
        ids = [row.id for row in await tx.inbox.waiting(later(minutes=1))]
        await tx.inbox.done(ids, later(minutes=1))
        late_ = await Counter(tx.connection).figures(later(minutes=6))
    assert (early.inbox_waiting, early.inbox_since) == (2, NOON)
    assert (late_.inbox_waiting, late_.inbox_since) == (1, later(minutes=5))


async def test_dead_letters_are_counted(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("1"), NOON)
        await tx.inbox.dead([row.id for row in await tx.inbox.waiting(NOON)], "Boom", later(minutes=1))
        figures = await Counter(tx.connection).figures(later(minutes=2))
    assert (figures.dead, figures.dead_since, figures.inbox_waiting) == (1, later(minutes=1), 0)


async def test_the_outbox_by_account_and_state(store: Store) -> None:
    async with store.transaction() as tx:
        for minute in range(3):
            await tx.outbox.put(Post(to=CHAT, out=Reply("здравствуйте")), later(minutes=minute))
        (row, *_) = await tx.outbox.claim("vk/biysk", later(minutes=3))
        await tx.outbox.fail(row, "Refused")
        figures = await Counter(tx.connection).figures(later(minutes=3))
    assert figures.outbox == {("vk/biysk", "queued"): 2, ("vk/biysk", "failed"): 1}
    assert figures.outbox_since == {"vk/biysk": later(minutes=1)}


async def test_a_message_for_later_is_not_late_but_one_that_is_put_off_again_and_again_is(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(Post(to=CHAT, out=Reply("здравствуйте")), NOON)
        (row,) = await tx.outbox.claim("vk/biysk", NOON)
        await tx.outbox.postpone(row, "away", later(hours=1))
        figures = await Counter(tx.connection).figures(later(minutes=20))
    assert figures.outbox_since == {"vk/biysk": NOON}


async def test_an_answer_that_did_not_arrive_counts_until_its_incident_is_closed(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        await tx.outbox.put(Post(to=CITIZEN, out=Reply("ответ"), purpose=Purpose.ANSWER, incident=case.id), NOON)
        await tx.outbox.put(Post(to=CITIZEN, out=Reply("квитанция"), purpose=Purpose.RECEIPT, incident=case.id), NOON)
        for _ in range(2):
            for row in await tx.outbox.claim("vk/biysk", NOON):
                await tx.outbox.fail(row, "Unreachable")
        before = await Counter(tx.connection).figures(NOON)
        await tx.connection.execute(text("UPDATE incidents SET status = 'closed'"))
        after = await Counter(tx.connection).figures(NOON)
    assert (before.unsettled, before.unsettled_since, after.unsettled) == (1, NOON, 0)


async def test_open_and_overdue_incidents(store: Store) -> None:
    clock = {"status": Status.ASSIGNED, "timer": Timer.FIRST_ANSWER, "version": 1, "wake_at": later(hours=1)}
    async with store.transaction() as tx:
        await reported(tx, due_at=later(hours=-1), **clock)
        await reported(tx, due_at=later(hours=1), **clock)
        await reported(tx, due_at=later(hours=-1), **{**clock, "status": Status.ANSWERED, "timer": Timer.RATING})
        await reported(tx, due_at=later(hours=-1), **{**clock, "status": Status.CLOSED, "timer": Timer.NONE, "wake_at": None})
        totals = await Counter(tx.connection).totals(NOON)
        figures = await Counter(tx.connection).figures(later(hours=1, seconds=30))
    assert (totals.incidents_open, totals.incidents_overdue) == (3, 1)
    assert late(figures, later(hours=1, seconds=30)) == timedelta(seconds=30)


async def test_before_the_first_backup_its_age_counts_from_the_first_region_file(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.regions.loaded("one", NOON)
        await tx.regions.loaded("two", later(days=1))
        before = await Counter(tx.connection).figures(later(days=2))
        await Marks(tx.connection).put(BACKUP, later(days=3))
        after = await Counter(tx.connection).figures(later(days=4))
    assert (before.backup_at, before.backups) == (NOON, False)
    assert (after.backup_at, after.backups) == (later(days=3), True)


@pytest.mark.parametrize("what", ["figures", "totals"])
async def test_no_question_reads_a_whole_table(sqlite_store: Store, what: str) -> None:
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    async with sqlite_store.transaction() as tx:
        event.listen(sqlite_store.engine.sync_engine, "before_cursor_execute", note)
        await getattr(Counter(tx.connection), what)(NOON)
        event.remove(sqlite_store.engine.sync_engine, "before_cursor_execute", note)
        plans = []
        for statement, parameters in asked:
            rows = await tx.connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)  # type: ignore[arg-type]
            plans += [f"{row[3]} ← {statement}" for row in rows]
    assert asked
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan and plan.split()[1] not in {"regions", "marks"}]
    assert [plan for plan in scans if "pragma" not in plan and "VIRTUAL" not in plan] == []
