"""What is swept away and what stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from bots.channel import Address, Button, OpenThread, Reply
from incidents.incident import Status
from storage.conversations import Choice, Draft, Step
from storage.inbox import DONE
from storage.posts import SENT, Post, Purpose
from storage.retention import HANDFUL, STRETCH, Broom, sweep_on
from storage.store import Store
from storage.tables import conversations, drafts, inbox, keyboards, outbox, sent
from tests.storage.given import CITIZEN, NOON, OFFICE, later, reported, updates

KEEP = timedelta(days=14)


async def swept(store: Store, now: datetime, rounds: int = 3) -> None:
    broom = Broom()
    for _ in range(rounds):
        await sweep_on(broom, store.transaction, now - KEEP)


async def count(store: Store, table: object, *where: object) -> int:
    async with store.transaction() as tx:
        statement = select(func.count()).select_from(table).where(*where)  # type: ignore[arg-type]
        return int((await tx.connection.execute(statement)).scalar_one())


async def test_handled_updates_go_and_what_waits_or_is_dead_stays(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("done", "dead", "new"), NOON)
        rows = {row.key: row.id for row in await tx.inbox.waiting(NOON)}
        await tx.inbox.done([rows["done"]], NOON)
        await tx.inbox.dead([rows["dead"]], "Boom", NOON)
    await swept(store, later(days=13))
    assert await count(store, inbox) == 3
    await swept(store, later(days=15))
    assert await count(store, inbox) == 2
    assert await count(store, inbox, inbox.c.state == DONE) == 0


async def test_a_messenger_that_repeats_an_update_within_a_day_finds_its_key(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("1"), NOON)
        await tx.inbox.done([row.id for row in await tx.inbox.waiting(NOON)], NOON)
    broom = Broom()
    await sweep_on(broom, store.transaction, later(hours=24) - timedelta(days=2))
    async with store.transaction() as tx:
        assert await tx.inbox.put("vk/biysk", updates("1"), later(hours=24)) == 0


async def _sent(store: Store, incident: int, message: str, *, purpose: Purpose = Purpose.CARD, at: datetime = NOON) -> int:
    async with store.transaction() as tx:
        row = await tx.outbox.put(Post(to=OFFICE, out=Reply("карточка"), purpose=purpose, incident=incident), at)
        (claimed,) = await tx.outbox.claim(OFFICE.account, at)
        await tx.outbox.mark_sent([(claimed, (message,))], at)
    return row


async def test_a_reply_to_an_old_card_still_finds_its_incident_and_the_card_can_still_be_edited(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.CLOSED)
    card = await _sent(store, case.id, "77")
    await swept(store, later(days=15))
    assert await count(store, outbox) == 0
    async with store.transaction() as tx:
        assert await tx.outbox.about(OFFICE.account, OFFICE.chat, "77") == (case.id, "card")
        await tx.outbox.put(Post(to=OFFICE, out=Reply("карточка 2"), instead_of_row=card, incident=case.id), later(days=15))
        (row,) = await tx.outbox.claim(OFFICE.account, later(days=15))
        assert isinstance(row.out, Reply)
        assert (row.out.instead_of, row.target_missing) == ("77", False)
        assert await tx.outbox.last_version(card) is not None  # the edit itself


async def test_what_was_sent_about_an_open_incident_stays_with_its_words(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.ASSIGNED)
    card = await _sent(store, case.id, "77")
    await swept(store, later(days=400))
    async with store.transaction() as tx:
        last = await tx.outbox.last_version(card)
    assert last is not None
    assert isinstance(last.out, Reply)
    assert last.out.text == "карточка"


async def test_what_was_said_about_no_incident_is_forgotten_whole(store: Store) -> None:
    await _sent(store, 0, "77", purpose=Purpose.NOTICE)
    await _sent(store, 0, "78", purpose=Purpose.NOTICE, at=later(days=14))
    await swept(store, later(days=15))
    assert (await count(store, outbox), await count(store, sent)) == (1, 1)


async def test_ids_of_swept_rows_are_not_given_again(store: Store) -> None:
    first = await _sent(store, 0, "77", purpose=Purpose.NOTICE)
    await swept(store, later(days=15))
    assert await count(store, outbox) == 0
    assert await _sent(store, 0, "78", purpose=Purpose.NOTICE, at=later(days=15)) > first


async def test_what_waits_to_be_sent_stays_however_old(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(Post(to=OFFICE, out=OpenThread("№ 1")), NOON)
    await swept(store, later(days=400))
    assert await count(store, outbox) == 1


async def test_buttons_go_when_used_expired_or_about_nothing_that_lives(store: Store) -> None:
    choice = [Choice("take", {})]
    async with store.transaction() as tx:
        alive = await reported(tx, status=Status.ASSIGNED)
        closed = await reported(tx, status=Status.CLOSED)
        stays = await tx.conversations.offer(OFFICE, choice, at=NOON, incident=alive.id)
        for incident, expires in ((closed.id, None), (0, None), (alive.id, later(hours=1))):
            await tx.conversations.offer(OFFICE, choice, at=NOON, incident=incident, expires_at=expires)
        (used,) = await tx.conversations.offer(OFFICE, choice, at=NOON, incident=alive.id)
        await tx.conversations.use(used.partition(".")[0], NOON)
    await swept(store, later(days=15))
    async with store.transaction() as tx:
        left = (await tx.connection.execute(select(keyboards.c.token))).scalars().all()
    assert left == [stays[0].partition(".")[0]]


async def test_drafts_that_were_delivered_and_questions_nobody_answered_go(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.ASSIGNED)
        draft = Draft(incident=case.id, person=case.report.person, address=OFFICE, user_id="5", message="9", text="Починили")
        for state in ("open", "delivered", "dropped", "uncertain"):
            await tx.conversations.write(Draft(**{**_fields(draft), "state": state}), NOON)
        await tx.conversations.ask(CITIZEN.account, CITIZEN.chat, "501", Step("where", {}), NOON)
        await tx.conversations.ask(CITIZEN.account, CITIZEN.chat, "502", Step("where", {}), later(days=10))
    await swept(store, later(days=15))
    async with store.transaction() as tx:
        assert (await tx.connection.execute(select(drafts.c.state).order_by(drafts.c.id))).scalars().all() == ["open", "uncertain"]
    assert await count(store, conversations) == 1


def _fields(draft: Draft) -> dict[str, object]:
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__}


async def test_the_broom_walks_on_where_it_stopped_and_leaves_nothing(sqlite_store: Store) -> None:
    rows = HANDFUL * STRETCH + 10
    async with sqlite_store.transaction() as tx:
        await tx.connection.execute(
            text(
                "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :rows) "
                "INSERT INTO inbox (account, key, raw, received_at, state, handled_at) "
                "SELECT 'vk/a', x, '{}', '2026-03-11 12:00:00.000000', 'done', '2026-03-11 12:00:00.000000' FROM n"
            ),
            {"rows": rows},
        )
    broom = Broom()
    first = await sweep_on(broom, sqlite_store.transaction, later(days=1))
    second = await sweep_on(broom, sqlite_store.transaction, later(days=1))
    assert (first, second, await count(sqlite_store, inbox)) == (HANDFUL * STRETCH, 10, 0)


async def test_the_size_stays_proportional_to_the_incidents(sqlite_store: Store) -> None:
    """A year of talk about ten incidents leaves a file hardly larger than a month of it."""
    async with sqlite_store.transaction() as tx:
        cases = [await reported(tx, status=Status.CLOSED) for _ in range(10)]
    pages = []
    broom = Broom()
    for day in range(0, 360, 2):
        now = later(days=day)
        async with sqlite_store.transaction() as tx:
            await tx.inbox.put("vk/biysk", updates(*(f"{day}/{n}" for n in range(20))), now)
            await tx.inbox.done([row.id for row in await tx.inbox.waiting(now)], now)
            for n in range(10):
                await tx.outbox.put(Post(to=Address("vk/biysk", str(n)), out=Reply("слово " * 20, ((Button("Да", "x"),),))), now)
            claimed = await tx.outbox.claim("vk/biysk", now)
            await tx.outbox.mark_sent([(row, (f"{day}/{row.id}",)) for row in claimed], now)
            await tx.conversations.offer(OFFICE, [Choice("take", {})], at=now, incident=cases[0].id)
        for _ in range(2):
            await sweep_on(broom, sqlite_store.transaction, now - KEEP)
        async with sqlite_store.transaction() as tx:
            pages.append((await tx.connection.execute(text("SELECT page_count FROM pragma_page_count()"))).scalar_one())
    assert await count(sqlite_store, outbox, outbox.c.state == SENT) <= 10 * 9
    assert pages[-1] <= pages[20] * 1.15
