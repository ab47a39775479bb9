"""The outbox: order in each chat, one key for life, and every sent message finds its incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from bots.channel import Address, Button, File, FileKind, OpenThread, RenameThread, Reply
from storage.posts import Post, Purpose, Row
from storage.store import Store
from tests.storage.given import CITIZEN, NOON, OFFICE, later, reported


async def _put(store: Store, text: str, to: Address = CITIZEN, *, before: int = 0, whisper_to: str = "", **post: Any) -> int:
    async with store.transaction() as tx:
        out = Reply(text, whisper_to=whisper_to)
        return await tx.outbox.put(Post(to=to, out=out, **post), NOON, before=await tx.outbox.get(before) if before else None)


async def _claim(store: Store, now: datetime = NOON, account: str = "vk/biysk", skip: Sequence[str] = (), limit: int = 50) -> list[Row]:
    async with store.transaction() as tx:
        return list(await tx.outbox.claim(account, now, skip, limit))


async def _sent(store: Store, row: Row, *messages: str) -> None:
    async with store.transaction() as tx:
        await tx.outbox.mark_sent([(row, messages)], NOON)


def _texts(rows: Sequence[Row]) -> list[str]:
    return [row.out.text for row in rows if isinstance(row.out, Reply)]


async def _drain(store: Store) -> list[str]:
    """Texts in the order in which they go out."""
    said: list[str] = []
    while rows := await _claim(store):
        for row in rows:
            said += _texts([row])
            await _sent(store, row, f"m{row.id}")
    return said


async def test_a_row_comes_back_as_it_was_put(store: Store) -> None:
    out = Reply(
        "Ответ",
        keyboard=((Button("Да", "t.0"), Button("Нет", "t.1")), (Button("Карта", url="https://example.org"),)),
        files=(File(FileKind.PHOTO, "telegram/altai", "ref", "яма.jpg", "image/jpeg", 10),),
        answer_to="5",
        ask_place=True,
    )
    async with store.transaction() as tx:
        await tx.outbox.put(Post(to=CITIZEN, out=out, purpose=Purpose.ANSWER, incident=7, draft=3), NOON)
    (row,) = await _claim(store)
    assert (row.to, row.out, row.purpose, row.incident, row.draft, row.attempts) == (CITIZEN, out, Purpose.ANSWER, 7, 3, 1)


async def test_the_key_of_the_platform_call_is_the_same_for_life(store: Store) -> None:
    await _put(store, "раз")
    (row,) = await _claim(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(row, "429", NOON)
    (again,) = await _claim(store)
    assert (again.key, again.attempts) == (row.key, 2)
    assert 1 <= row.key < 2**31


async def test_one_message_of_each_chat_is_taken_at_a_time_in_order(store: Store) -> None:
    for text in ("раз", "два", "три"):
        await _put(store, text)
    await _put(store, "другому", Address("vk/biysk", "502"))
    first, other = await _claim(store)
    assert _texts([first, other]) == ["раз", "другому"]
    assert await _claim(store) == []
    await _sent(store, first, "1")
    assert _texts(await _claim(store)) == ["два"]


async def test_another_account_has_its_own_outbox(store: Store) -> None:
    await _put(store, "раз")
    assert await _claim(store, account="telegram/altai") == []


async def test_chats_take_turns_when_not_all_can_go(store: Store) -> None:
    for chat in ("9", "3", "3", "3", "7"):
        await _put(store, chat, Address("vk/biysk", chat))
    said, after = list[str](), ""
    for _ in range(3):
        async with store.transaction() as tx:
            rows = await tx.outbox.claim("vk/biysk", NOON, limit=2, after=after)
        said, after = said + _texts(rows), rows[-1].to.chat
        for row in rows:
            await _sent(store, row, f"m{row.id}")
    assert said == ["3", "7", "9", "3", "3"]


async def test_chats_that_must_rest_are_skipped(store: Store) -> None:
    await _put(store, "раз")
    await _put(store, "другому", Address("vk/biysk", "502"))
    assert _texts(await _claim(store, skip=["501"])) == ["другому"]


async def test_a_postponed_message_holds_the_rest_of_its_chat(store: Store) -> None:
    await _put(store, "раз")
    await _put(store, "два")
    (row,) = await _claim(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(row, "429", later(seconds=30))
        assert await tx.outbox.next_due("vk/biysk", NOON) == later(seconds=30)
        assert await tx.outbox.next_due("telegram/altai", NOON) is None
    assert await _claim(store, later(seconds=29)) == []
    assert _texts(await _claim(store, later(seconds=30))) == ["раз"]


@pytest.mark.parametrize("end", ["fail", "uncertain", "drop"])
async def test_a_message_that_ended_badly_lets_the_next_go(store: Store, end: str) -> None:
    await _put(store, "раз")
    await _put(store, "два")
    (row,) = await _claim(store)
    async with store.transaction() as tx:
        if end == "drop":
            await tx.outbox.drop(row.id, "too late")
        else:
            await getattr(tx.outbox, end)(row, "blocked")
    assert _texts(await _claim(store)) == ["два"]


async def test_a_row_put_before_another_goes_before_it_and_after_all_earlier(store: Store) -> None:
    await _put(store, "раз")
    second = await _put(store, "два")
    await _put(store, "три")
    card = await _put(store, "перед двумя", before=second)
    await _put(store, "и ещё перед двумя", before=second)
    await _put(store, "и перед тем", before=card)
    assert await _drain(store) == ["раз", "и перед тем", "и ещё перед двумя", "перед двумя", "два", "три"]


async def test_a_row_put_before_one_that_is_being_sent_waits_for_it(store: Store) -> None:
    first = await _put(store, "раз")
    (row,) = await _claim(store)
    await _put(store, "тема", before=first)
    # It could not be sent because its topic is missing: it is queued again, behind the row that makes the topic.
    async with store.transaction() as tx:
        await tx.outbox.postpone(row, "no topic", NOON)
    assert await _drain(store) == ["тема", "раз"]


async def test_whispers_overtake_and_do_not_wait_for_each_other(store: Store) -> None:
    await _put(store, "раз")
    await _put(store, "шёпот", whisper_to="p1")
    await _put(store, "ещё шёпот", whisper_to="p2")
    assert _texts(await _claim(store)) == ["шёпот", "ещё шёпот", "раз"]
    await _put(store, "два")
    await _put(store, "третий шёпот", whisper_to="p3")
    assert _texts(await _claim(store)) == ["третий шёпот"]


async def test_a_chat_where_somebody_waits_to_hear_of_an_answer_goes_before_the_others_and_keeps_its_order(store: Store) -> None:
    for chat in ("1", "2", "9", "3"):
        await _put(store, f"{chat}a", Address("vk/biysk", chat))
        await _put(store, f"{chat}b", Address("vk/biysk", chat))
    await _put(store, "не знаем, дошло ли", Address("vk/biysk", "9"), draft=7)
    await _put(store, "ответ", Address("vk/biysk", "91"), draft=8, purpose=Purpose.ANSWER)
    taken = list[tuple[str, bool]]()
    while rows := await _claim(store, limit=1):
        for row in rows:
            taken.append((*_texts([row]), row.in_turn))
            await _sent(store, row, f"m{row.id}")
    assert taken[:4] == [("9a", False), ("9b", False), ("не знаем, дошло ли", False), ("1a", True)]
    assert [text for text, in_turn in taken if in_turn] == ["1a", "1b", "2a", "2b", "3a", "3b", "ответ"]
    assert await _claim(store, skip=["9"]) == []


async def test_such_a_chat_rests_and_waits_like_any_other_and_is_taken_once(store: Store) -> None:
    await _put(store, "занято", Address("vk/biysk", "9"))
    await _put(store, "не знаем, дошло ли", Address("vk/biysk", "9"), draft=7)
    assert await _claim(store, skip=["9"]) == []
    (row,) = await _claim(store)
    assert (_texts([row]), await _claim(store)) == (["занято"], [])
    async with store.transaction() as tx:
        await tx.outbox.postpone(row, "429", later(seconds=30))
    assert await _claim(store, later(seconds=29)) == []


async def test_a_look_uses_the_index_made_for_each_part_of_it_however_much_waits(sqlite_store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_store.engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append((seen[2], seen[3])))
    async with sqlite_store.transaction() as tx:
        await tx.outbox.claim("vk/biysk", NOON)
        look, given = next(one for one in asked if one[0].startswith("WITH RECURSIVE"))
        plan = [row[3] for row in await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", given)]
    looked = [line for line in plan if "outbox" in line]
    assert [line for line in looked if "SCAN" in line] == []
    # or else all that waits in a chat is gone through for what goes before another: 17 ms where 10,000 rows wait
    assert any("ix_outbox_before (account=? AND chat=? AND before_row>?)" in line for line in looked)
    assert any("ix_outbox_whisper" in line for line in looked)
    assert any("ix_outbox_news" in line for line in looked)


async def test_a_newer_edit_makes_older_queued_ones_needless(store: Store) -> None:
    card = await _put(store, "карточка")
    (row,) = await _claim(store)
    await _sent(store, row, "10")
    first = await _put(store, "осталось 5 ч", instead_of_row=card)
    other = await _put(store, "другая", Address("vk/biysk", "502"), instead_of_row=card + 1000)
    await _put(store, "осталось 4 ч", instead_of_row=card)
    async with store.transaction() as tx:
        assert (await tx.outbox.state(first), await tx.outbox.state(other)) == ("dropped", "queued")
    assert _texts(await _claim(store, skip=["502"])) == ["осталось 4 ч"]


async def test_an_edit_that_is_being_sent_is_not_dropped(store: Store) -> None:
    card = await _put(store, "карточка")
    (row,) = await _claim(store)
    await _sent(store, row, "10")
    first = await _put(store, "осталось 5 ч", instead_of_row=card)
    await _claim(store)
    await _put(store, "осталось 4 ч", instead_of_row=card)
    async with store.transaction() as tx:
        assert await tx.outbox.state(first) == "sending"


async def test_every_message_of_an_album_is_about_its_incident(store: Store) -> None:
    number = await _put(store, "альбом", incident=7)
    (row,) = await _claim(store)
    await _sent(store, row, "98", "99", "100")
    async with store.transaction() as tx:
        assert [await tx.outbox.about("vk/biysk", "501", message) for message in ("98", "99", "100", "101")] == [
            (7, "notice"),
            (7, "notice"),
            (7, "notice"),
            (0, ""),
        ]
        assert await tx.outbox.row_of("vk/biysk", "501", "99") == number
        assert await tx.outbox.row_of("vk/biysk", "502", "99") == 0


async def test_an_edit_or_reply_goes_to_the_first_message_of_an_album(store: Store) -> None:
    number = await _put(store, "альбом")
    (row,) = await _claim(store)
    await _sent(store, row, "99", "100", "101")
    edit = await _put(store, "правка", instead_of_row=number)
    reply = await _put(store, "ответ", answer_to_row=number)
    async with store.transaction() as tx:
        rows = [await tx.outbox.get(edit), await tx.outbox.get(reply)]
    assert [(row.out.instead_of, row.out.answer_to) for row in rows if row and isinstance(row.out, Reply)] == [("99", ""), ("", "99")]


async def test_an_edit_of_what_was_never_sent_has_no_target(store: Store) -> None:
    number = await _put(store, "карточка", Address("vk/biysk", "502"))
    edit = await _put(store, "правка", instead_of_row=number)
    async with store.transaction() as tx:
        row = await tx.outbox.get(edit)
    assert row is not None
    assert row.target_missing


async def test_a_message_for_a_topic_waits_until_the_topic_was_made(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        await tx.outbox.put(Post(to=OFFICE, out=OpenThread("№ 1"), topic_of=case.id), NOON)
        card = await tx.outbox.put(Post(to=OFFICE, out=Reply("карточка"), topic_of=case.id), NOON)
        await tx.chats.put_thread(case.id, OFFICE.account, OFFICE.chat, card=card, title="№ 1")
    (opening,) = await _claim(store, account=OFFICE.account)
    assert (opening.out, opening.needs_thread) == (OpenThread("№ 1"), False)
    async with store.transaction() as tx:
        waiting = await tx.outbox.get(card)
        assert waiting is not None
        assert waiting.needs_thread
        await tx.outbox.mark_sent([(opening, ["77"])], NOON)
        await tx.chats.opened(case.id, OFFICE.account, OFFICE.chat, "77")
        assert await tx.outbox.row_of(OFFICE.account, OFFICE.chat, "77") == 0
    (row,) = await _claim(store, account=OFFICE.account)
    assert (row.to, row.needs_thread) == (Address(OFFICE.account, OFFICE.chat, "77"), False)


async def test_a_topic_is_renamed_and_closed(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(Post(to=OFFICE, out=RenameThread("№ 1 ✓", closed=True)), NOON)
    assert [row.out for row in await _claim(store, account=OFFICE.account)] == [RenameThread("№ 1 ✓", closed=True)]


async def test_what_was_being_sent_when_the_process_ended_is_found(store: Store) -> None:
    await _put(store, "раз")
    await _put(store, "другому", Address("vk/biysk", "502"))
    rows = await _claim(store)
    await _sent(store, rows[1], "5")
    async with store.transaction() as tx:
        assert _texts(await tx.outbox.interrupted("vk/biysk")) == ["раз"]
        assert await tx.outbox.interrupted("telegram/altai") == []


async def test_a_person_may_say_that_it_arrived_or_have_it_sent_again(store: Store) -> None:
    for text in ("1", "2"):
        await _put(store, text, Address("vk/biysk", text))
    one, two = await _claim(store)
    async with store.transaction() as tx:
        await tx.outbox.uncertain(one, "timeout")
        await tx.outbox.uncertain(two, "timeout")
        assert (await tx.outbox.counts())["uncertain"] == 2
        assert [(row[0], row[2], row[4]) for row in await tx.outbox.troubles()] == [
            (two.id, "uncertain", "timeout"),
            (one.id, "uncertain", "timeout"),
        ]
        await tx.outbox.arrived(one.id, NOON)
        await tx.outbox.again(two.id)
        assert (await tx.outbox.state(one.id), await tx.outbox.state(two.id)) == ("sent", "queued")
    assert [row.key for row in await _claim(store)] == [two.key]


async def test_a_row_that_was_sent_is_no_trouble_any_more(store: Store) -> None:
    await _put(store, "раз")
    (row,) = await _claim(store)
    await _sent(store, row, "1")
    async with store.transaction() as tx:
        assert await tx.outbox.counts() == {"queued": 0, "sending": 0, "failed": 0, "uncertain": 0}
        assert await tx.outbox.troubles() == []


async def test_the_rows_of_a_draft(store: Store) -> None:
    answer = {"purpose": Purpose.ANSWER, "draft": 3}
    first, third = await _put(store, "раз", **answer), await _put(store, "два", **answer)
    await _put(store, "чужой", purpose=Purpose.ANSWER, draft=4)
    await _put(store, "что с ним стало", draft=3)
    async with store.transaction() as tx:
        assert await tx.outbox.of_draft(3) == [(first, "queued"), (third, "queued")]


async def test_a_row_follows_its_chat(store: Store) -> None:
    await _put(store, "раз")
    (row,) = await _claim(store)
    async with store.transaction() as tx:
        await tx.outbox.redirect(row, "-100777")
    assert [row.to.chat for row in await _claim(store)] == ["-100777"]
