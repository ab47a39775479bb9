"""The door out: order, pace, doubt, and what is written down of every call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bots import delivery as door
from bots.channel import (
    Address,
    Button,
    File,
    FileKind,
    FileLost,
    Moved,
    OpenThread,
    Outgoing,
    Refused,
    RenameThread,
    Reply,
    ThreadGone,
    TooOld,
    TryLater,
    Undelivered,
    Unknown,
    Unreachable,
)
from bots.delivery import GIVE_UP, LATE, REPEATS_KNOWN, STALE_WHISPER, TOPIC_TRIES, TRIES, Delivery, Result
from storage.posts import FAILED, QUEUED, SENDING, SENT, UNCERTAIN, Post, Purpose, Row
from storage.store import Store, Tx
from storage.tables import outbox
from tests.fakes import TELEGRAM, VK, FakeChannel, FakeClock
from tests.storage.given import reported

TG, VK_BIYSK = "telegram/altai", "vk/biysk"
ANNA, FORUM, GROUP = "100", "-100", "-300"


class Wire(FakeChannel):
    """A messenger that writes down every call, can break, and can keep calls waiting."""

    def __init__(self, account: str) -> None:
        super().__init__(account, VK if account.startswith("vk") else TELEGRAM)
        self.calls: list[tuple[Address, Outgoing]] = []
        self.broken: dict[str, Exception] = {}
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Event()
        self.fixed = 0
        """Messages up to this one can be changed no more."""

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        self.calls.append((to, out))
        self.begun.set()
        if self.gate:
            await self.gate.wait()
        if to.chat in self.broken:
            raise self.broken[to.chat]
        if isinstance(out, Reply) and out.instead_of and int(out.instead_of) <= self.fixed:
            raise TooOld("message can't be edited")
        return await super().send(to, out, key)

    @property
    def said(self) -> list[str]:
        """What was tried, in order: texts, and the titles of topics."""
        return [out.text if isinstance(out, Reply) else f"тема {out.title}" for _, out in self.calls]

    @property
    def stands(self) -> list[str]:
        """What stands in the chats, oldest first."""
        return [shown.text for shown in self.shown]


class Office:
    """An outbox, and the delivery of one account."""

    def __init__(self, store: Store, account: str = TG) -> None:
        self.store, self.account, self.clock, self.now = store, account, FakeClock(), 0.0
        self.wire = Wire(account)
        self.delivery = self.another()

    def another(self) -> Delivery:
        """As after a restart."""
        return Delivery(self.store, self.wire, self.clock, monotonic=lambda: self.now)

    async def puts(self, text: str = "", chat: str = ANNA, *, out: Outgoing | None = None, thread: str = "", **post: Any) -> int:
        async with self.store.transaction() as tx:
            return await tx.outbox.put(Post(to=Address(self.account, chat, thread), out=out or Reply(text), **post), self.clock())

    async def steps(self) -> float:
        """One look, and the end of every call that it began."""
        wait = await self.delivery.step()
        await self.delivery.finish()
        return wait

    async def rests(self) -> None:
        """Until nothing may go any more at this instant; the pace is not what matters here."""
        for _ in range(60):
            if await self.steps():
                return
            self.now += 61.0
        raise AssertionError("it does not come to rest")

    async def passes(self, **by: float) -> None:
        self.clock.move(**by)
        self.now += timedelta(**by).total_seconds()
        await self.rests()

    async def state(self, row: int) -> str:
        async with self.store.transaction() as tx:
            return await tx.outbox.state(row)

    async def kept(self, row: int, name: str) -> Any:
        """What is kept with a row in one column."""
        async with self.store.transaction() as tx:
            return (await tx.connection.execute(select(outbox.c[name]).where(outbox.c.id == row))).scalar_one()

    async def error(self, row: int) -> str:
        return str(await self.kept(row, "error"))

    async def outcomes(self) -> list[Mapping[str, Any]]:
        async with self.store.transaction() as tx:
            return [row.raw for row in await tx.inbox.waiting(self.clock())]

    async def forum(self, *, card: str = "карточка") -> tuple[int, int]:
        """A forum with the card of an incident queued for its topic: incident and the card's row."""
        async with self.store.transaction() as tx:
            case = await reported(tx)
            await tx.chats.seen(self.account, FORUM, title="ЖКХ", forum=True, manages_topics=True)
            await tx.chats.put_thread(case.id, self.account, FORUM, card=0, title="№ 1")
        row = await self.puts(card, FORUM, purpose=Purpose.CARD, incident=case.id, topic_of=case.id)
        async with self.store.transaction() as tx:
            await tx.chats.put_thread(case.id, self.account, FORUM, card=row, title="№ 1")
        return case.id, row


@pytest.fixture
def post(store: Store) -> Office:
    return Office(store)


@pytest.fixture
def vk(store: Store) -> Office:
    return Office(store, VK_BIYSK)


# --- order -------------------------------------------------------------------------------------------------------------


async def test_the_order_of_a_chat_is_kept_when_the_first_has_to_wait(post: Office) -> None:
    post.wire.fail[ANNA] = [TryLater("429", 7), None]
    for text in ("раз", "два", "три"):
        await post.puts(text)
    await post.puts("другому", "200")
    await post.rests()
    assert post.wire.stands == ["другому"]
    await post.passes(seconds=6.9)
    assert post.wire.said.count("раз") == 1
    await post.passes(seconds=0.1)
    assert post.wire.stands == ["другому", "раз", "два", "три"]


async def test_a_call_that_is_tried_again_has_the_same_key(post: Office) -> None:
    post.wire.fail[ANNA] = [TryLater("429", 7), None]
    row = await post.puts("раз")
    await post.rests()
    await post.passes(seconds=7)
    assert post.wire.keys == [row, row]


async def test_two_messages_of_a_chat_are_never_under_way_at_once(post: Office) -> None:
    post.wire.gate = asyncio.Event()
    await post.puts("раз")
    await post.puts("два")
    assert await post.delivery.step() == 0.0
    assert await post.delivery.step() > 0
    await asyncio.sleep(0)
    assert post.wire.said == ["раз"]
    post.wire.gate.set()
    await post.delivery.finish()


async def test_a_whisper_overtakes(post: Office) -> None:
    post.wire.gate = asyncio.Event()
    await post.puts("раз")
    await post.delivery.step()
    await post.puts("два")
    await post.puts(out=Reply("шёпот", whisper_to="p1"))
    await post.delivery.step()
    await asyncio.sleep(0)
    assert post.wire.said == ["раз", "шёпот"]
    post.wire.gate.set()
    await post.delivery.finish()


async def test_a_whisper_that_waited_too_long_is_dropped_without_a_call(post: Office) -> None:
    row = await post.puts(out=Reply("шёпот", whisper_to="p1"))
    post.clock.now += STALE_WHISPER + timedelta(seconds=1)
    await post.rests()
    assert (post.wire.said, await post.state(row)) == ([], "dropped")


@pytest.mark.parametrize("problem", [Unknown("broke"), Refused("too old"), Unreachable("blocked")])
async def test_a_whisper_that_failed_is_over(post: Office, problem: Undelivered) -> None:
    post.wire.fail[ANNA] = [problem]
    row = await post.puts(out=Reply("шёпот", whisper_to="p1"))
    await post.rests()
    assert (await post.state(row), len(post.wire.calls)) == ("dropped", 1)


@pytest.mark.parametrize("purpose", [Purpose.CARD, Purpose.RECEIPT])
async def test_an_edit_of_what_was_never_sent_is_dropped(post: Office, purpose: Purpose) -> None:
    post.wire.fail[ANNA] = [Refused("no"), None]
    row = await post.puts("карточка", purpose=purpose)
    edit = await post.puts("правка", instead_of_row=row, purpose=purpose)
    await post.rests()
    assert (await post.state(row), await post.state(edit), post.wire.said) == (FAILED, "dropped", ["карточка"])


async def test_what_is_said_to_one_person_instead_of_what_nobody_saw_arrive_is_a_message_and_changes_as_one(post: Office) -> None:
    """The question «which?» was interrupted twice and stands there all the same; it was answered, and the preview must not be silence."""
    post.wire.fail[ANNA] = [Unknown("the connection broke"), Unknown("again"), None]
    row = await post.puts("какое?")
    await post.rests()
    await post.passes(seconds=5)
    assert await post.state(row) == UNCERTAIN
    preview = await post.puts("отправить?", instead_of_row=row)
    await post.rests()
    assert (await post.state(preview), post.wire.stands[-1]) == (SENT, "отправить?")
    await post.puts("отправлено", instead_of_row=row)
    await post.rests()
    assert post.wire.stands[-1] == "отправлено"
    assert "отправить?" not in post.wire.stands


async def test_a_newer_edit_goes_instead_of_an_older_one(post: Office) -> None:
    row = await post.puts("карточка")
    older = await post.puts("осталось 5 ч", instead_of_row=row)
    await post.puts("осталось 4 ч", instead_of_row=row)
    await post.rests()
    assert (post.wire.said, post.wire.stands, await post.state(older)) == (["карточка", "осталось 4 ч"], ["осталось 4 ч"], "dropped")


async def test_two_accounts_never_wait_for_each_other(store: Store) -> None:
    one, other = Office(store), Office(store, VK_BIYSK)
    one.wire.gate = asyncio.Event()
    await one.puts("стоит")
    await one.delivery.step()
    one.delivery._pace.pause(1e9)
    await other.puts("идёт")
    await other.rests()
    assert (one.wire.stands, other.wire.stands) == ([], ["идёт"])
    one.wire.gate.set()
    await one.delivery.finish()


# --- what comes of a call ----------------------------------------------------------------------------------------------

SURE: Mapping[type[Undelivered], tuple[Undelivered, str]] = {
    TryLater: (TryLater("429", 7), QUEUED),
    Refused: (Refused("no"), FAILED),
    Unreachable: (Unreachable("blocked"), FAILED),
    Moved: (Moved("-200"), QUEUED),
    ThreadGone: (ThreadGone("no topic"), FAILED),
}


@pytest.mark.parametrize("account", [TG, VK_BIYSK])
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("kind", SURE, ids=lambda kind: kind.__name__)
async def test_what_did_not_arrive_goes_again_or_failed(
    sqlite_store: Store, account: str, purpose: Purpose, kind: type[Undelivered]
) -> None:
    post = Office(sqlite_store, account)
    problem, state = SURE[kind]
    post.wire.fail[ANNA] = [problem]
    row = await post.puts("раз", purpose=purpose, draft=3)
    await post.steps()
    assert await post.state(row) == state
    assert [(one["draft"], one["row"], one["state"]) for one in await post.outcomes()] == ([(3, row, FAILED)] if state == FAILED else [])


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_doubt_on_a_platform_that_drops_repeats_is_asked_again_with_the_same_key(sqlite_store: Store, purpose: Purpose) -> None:
    post = Office(sqlite_store, VK_BIYSK)
    post.wire.fail[ANNA] = [Unknown("reset"), Unknown("reset"), Unknown("reset"), None]
    row = await post.puts("раз", purpose=purpose, draft=3)
    for _ in range(4):
        await post.passes(seconds=2)
    assert (await post.state(row), post.wire.keys, post.wire.stands) == (SENT, [row] * 4, ["раз"])
    assert [one["state"] for one in await post.outcomes()] == ([SENT] if purpose is Purpose.ANSWER else [])


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_doubt_on_a_platform_that_does_not(sqlite_store: Store, purpose: Purpose) -> None:
    """An answer is never repeated by itself; anything else once."""
    post = Office(sqlite_store)
    post.wire.fail[ANNA] = [Unknown("reset")]
    row = await post.puts("раз", purpose=purpose, draft=3)
    for _ in range(4):
        await post.passes(minutes=2)
    assert await post.state(row) == UNCERTAIN
    assert len(post.wire.calls) == (1 if purpose is Purpose.ANSWER else 2)
    kind = "outcome" if purpose is Purpose.ANSWER else "unheard"
    assert [(one["kind"], one["draft"], one["state"]) for one in await post.outcomes()] == [(kind, 3, UNCERTAIN)]


async def test_it_is_repeated_once_also_when_it_had_to_wait_before(post: Office) -> None:
    post.wire.fail[ANNA] = [TryLater("away", 1), TryLater("away", 1), Unknown("reset"), TryLater("away", 1), None]
    row = await post.puts("раз", purpose=Purpose.REMINDER)
    for _ in range(6):
        await post.passes(minutes=2)
    assert (await post.state(row), len(post.wire.calls)) == (SENT, 5)


async def test_an_answer_in_doubt_is_not_repeated_after_the_platform_forgot_its_key(vk: Office) -> None:
    vk.wire.fail[ANNA] = [Unknown("reset"), TryLater("away", 5)]
    row = await vk.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await vk.passes(minutes=1)
    assert await vk.state(row) == QUEUED
    tried = len(vk.wire.calls)
    await vk.passes(seconds=REPEATS_KNOWN.total_seconds())
    assert (await vk.state(row), len(vk.wire.calls)) == (UNCERTAIN, tried)
    assert [one["state"] for one in await vk.outcomes()] == [UNCERTAIN]


async def test_what_a_person_has_sent_again_goes_again_whatever_its_age(vk: Office) -> None:
    await test_an_answer_in_doubt_is_not_repeated_after_the_platform_forgot_its_key(vk)
    vk.wire.fail[ANNA] = [None]
    async with vk.store.transaction() as tx:
        (row,) = [row for row, _ in await tx.outbox.of_draft(3)]
        await tx.outbox.again(row)
    await vk.rests()
    assert (await vk.state(row), vk.wire.stands) == (SENT, ["раз"])


@pytest.mark.parametrize("purpose", Purpose)
async def test_an_edit_in_doubt_is_made_until_it_stands(sqlite_store: Store, purpose: Purpose) -> None:
    post = Office(sqlite_store)
    row = await post.puts("раз")
    await post.rests()
    post.wire.fail[ANNA] = [Unknown("reset"), Unknown("reset"), Unknown("reset"), None]
    edit = await post.puts("два", instead_of_row=row, purpose=purpose)
    for _ in range(5):
        await post.passes(minutes=2)
    assert (await post.state(edit), post.wire.stands) == (SENT, ["два"])


async def test_a_bug_in_a_channel_is_a_doubt_and_stops_nobody(post: Office) -> None:
    post.wire.broken[ANNA] = KeyError("чьи-то слова")
    row = await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await post.puts("другому", "200")
    await post.rests()
    assert (await post.state(row), await post.error(row), post.wire.stands) == (UNCERTAIN, "KeyError", ["другому"])


async def test_pauses_grow_up_to_a_minute_and_it_is_given_up_after_more_than_a_day(post: Office) -> None:
    post.wire.fail[ANNA] = [TryLater("away", 5)]
    row = await post.puts("раз")
    waited = []
    for _ in range(12):
        await post.rests()
        async with post.store.transaction() as tx:
            due = await tx.outbox.next_due(TG, post.clock())
        assert due is not None
        waited.append((due - post.clock()).total_seconds())
        await post.passes(seconds=waited[-1] - 1)
        post.clock.move(seconds=1)
        post.now += 1
    assert waited[:3] == [5, 5, 5]
    assert waited == sorted(waited)
    assert waited[-1] == 60
    assert timedelta(hours=24) < GIVE_UP
    post.clock.now += GIVE_UP
    for _ in range(TRIES - len(waited)):
        assert await post.state(row) == QUEUED
        await post.passes(seconds=60)
    assert await post.state(row) == FAILED


async def test_the_author_of_an_answer_that_waits_long_hears_it_once(post: Office) -> None:
    post.wire.fail[ANNA] = [TryLater("away", 5)]
    await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await post.rests()
    assert await post.outcomes() == []
    for _ in range(3):
        await post.passes(seconds=LATE.total_seconds() + 1)
    assert [one["state"] for one in await post.outcomes()] == [QUEUED]


async def test_a_private_chat_that_cannot_be_reached_is_remembered_and_its_author_told(post: Office) -> None:
    post.wire.fail[ANNA] = [Unreachable("blocked")]
    async with post.store.transaction() as tx:
        await tx.people.meet(TG, ANNA, "Анна", "ru", post.clock())
    await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await post.rests()
    async with post.store.transaction() as tx:
        assert await tx.people.is_blocked(TG, ANNA)
    assert [(one["state"], one["error"]) for one in await post.outcomes()] == [(FAILED, "unreachable")]


async def test_the_author_is_told_that_it_arrived(post: Office) -> None:
    row = await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    settled: list[int] = []
    post.delivery.settled = lambda: settled.append(1)
    await post.rests()
    assert [(one["row"], one["state"]) for one in await post.outcomes()] == [(row, SENT)]
    assert settled == [1]


async def test_how_an_answer_went_is_handled_before_all_the_answers_that_are_still_to_be_sent(post: Office) -> None:
    async with post.store.transaction() as tx:
        for number in range(300):
            await tx.inbox.later(f"send-draft/{number}", {"kind": "send-draft", "draft": number}, lane=f"draft/{number}", at=post.clock())
    row = await post.puts("Бригада выехала", purpose=Purpose.ANSWER, draft=7)
    post.wire.fail[ANNA] = [Unknown("timeout")]
    await post.steps()
    await post.steps()
    first = (await post.outcomes())[0]
    assert (first["kind"], first.get("row"), first.get("state")) == ("outcome", row, "uncertain")


async def test_that_an_answer_is_in_doubt_is_said_at_once_however_many_wait_and_the_others_keep_their_turn(post: Office) -> None:
    post.wire.limits = replace(TELEGRAM, per_second=1)
    post.delivery = post.another()
    for chat in ("1", "2", "3"):
        await post.puts(f"{chat}a", chat)
        await post.puts(f"{chat}b", chat)
    await post.steps()
    await post.puts("не знаем, дошло ли", "9", draft=7)
    for _ in range(6):
        post.now += 1.1
        await post.steps()
    assert post.wire.said == ["1a", "не знаем, дошло ли", "2a", "3a", "1b", "2b", "3b"]


async def test_a_chat_that_moved_is_written_to_where_it_is_now(post: Office) -> None:
    _, card = await post.forum()
    await post.rests()
    post.wire.fail[FORUM] = [Moved("-100777")]
    async with post.store.transaction() as tx:
        await tx.chats.connect(TG, FORUM, "zhkh-barnaul", post.clock())
    await post.puts("раз", FORUM)
    await post.puts("два", FORUM)
    await post.rests()
    assert [shown.text for shown in post.wire.shown if shown.address.chat == "-100777"] == ["раз", "два"]
    async with post.store.transaction() as tx:
        assert [chat.chat for chat in await tx.chats.of("zhkh-barnaul")] == ["-100777"]
        assert await tx.outbox.message_of(card)


# --- files -------------------------------------------------------------------------------------------------------------

PHOTO = File(FileKind.PHOTO, "vk/biysk", "p1")


@pytest.mark.parametrize("purpose", [Purpose.CARD, Purpose.ANSWER])
async def test_a_text_goes_without_its_file_when_that_cannot_be_had(post: Office, purpose: Purpose) -> None:
    post.wire.fail[ANNA] = [Refused("the file is gone"), None]
    row = await post.puts(out=Reply("ответ", files=(PHOTO,)), purpose=purpose, draft=3)
    await post.rests()
    assert [(shown.text, shown.reply.files) for shown in post.wire.shown] == [("ответ", ())]
    assert (await post.state(row), await post.kept(row, "without_files"), post.wire.keys) == (SENT, True, [row, row])
    assert [one["state"] for one in await post.outcomes()] == ([SENT] if purpose is Purpose.ANSWER else [])


async def test_a_text_that_is_refused_without_its_file_too_has_failed(post: Office) -> None:
    post.wire.fail[ANNA] = [Refused("no")]
    row = await post.puts(out=Reply("ответ", files=(PHOTO,)), draft=3)
    await post.rests()
    assert (await post.state(row), len(post.wire.calls)) == (FAILED, 2)
    assert [one["state"] for one in await post.outcomes()] == [FAILED]


async def test_only_the_file_that_is_lost_is_left_behind(post: Office) -> None:
    other = File(FileKind.PHOTO, "vk/biysk", "p2")
    post.wire.fail[ANNA] = [FileLost("the file is gone", PHOTO), None]
    row = await post.puts(out=Reply(files=(PHOTO, other)))
    await post.rests()
    assert [shown.reply.files for shown in post.wire.shown] == [(other,)]
    assert (await post.state(row), await post.kept(row, "without_files")) == (SENT, True)


async def test_a_file_that_stands_alone_has_failed(post: Office) -> None:
    post.wire.fail[ANNA] = [Refused("the file is gone")]
    row = await post.puts(out=Reply(files=(PHOTO,)))
    await post.rests()
    assert (await post.state(row), len(post.wire.calls)) == (FAILED, 1)


# --- topics ------------------------------------------------------------------------------------------------------------


async def test_the_topic_is_made_first_without_waiting(post: Office) -> None:
    await post.forum()
    assert await post.steps() == 0.0
    await post.rests()
    assert post.wire.said == ["тема № 1", "карточка"]
    assert [shown.address.thread for shown in post.wire.shown] == [thread for _, thread in post.wire.threads]


async def test_a_deleted_topic_is_made_anew_with_its_card_as_it_stood_last_and_all_in_order(post: Office) -> None:
    incident, card = await post.forum()
    await post.puts("карточка, взято", FORUM, purpose=Purpose.CARD, incident=incident, topic_of=incident, instead_of_row=card)
    await post.rests()
    ((_, old),) = post.wire.threads
    post.wire.delete_thread(FORUM, old)
    post.wire.calls.clear()
    for text in ("раз", "два"):
        await post.puts(text, FORUM, incident=incident, topic_of=incident)
    await post.rests()
    assert post.wire.said == ["раз", "тема № 1", "карточка, взято", "раз", "два"]
    assert post.wire.stands == ["карточка, взято", "раз", "два"]
    ((_, new),) = post.wire.threads
    assert {shown.address.thread for shown in post.wire.shown} == {new}
    async with post.store.transaction() as tx:
        thread = await tx.chats.thread(incident, TG, FORUM)
        assert thread is not None
        assert (thread.thread, await tx.outbox.message_of(thread.card)) == (new, post.wire.shown[0].id)


async def test_a_topic_that_is_deleted_again_before_its_card_is_in_it_is_made_once_more(post: Office) -> None:
    incident, _ = await post.forum()
    await post.rests()
    post.wire.calls.clear()
    post.wire.fail[FORUM] = [ThreadGone("no topic"), None, ThreadGone("no topic"), None]
    for text in ("раз", "два"):
        await post.puts(text, FORUM, incident=incident, topic_of=incident)
    await post.rests()
    assert post.wire.said == ["раз", "тема № 1", "карточка", "тема № 1", "карточка", "раз", "два"]


async def test_topics_are_not_made_for_ever(post: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _, card = await post.forum()
    sends = post.wire.send

    async def gone(to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        if to.thread:
            raise ThreadGone("no topic")
        return await sends(to, out, key)

    monkeypatch.setattr(post.wire, "send", gone)
    await post.rests()
    assert (await post.state(card), post.wire.stands) == (SENT, ["карточка"])
    assert len(post.wire.threads) < TOPIC_TRIES


async def test_no_topic_is_made_anew_for_an_incident_that_went_to_somebody_else(post: Office) -> None:
    incident, card = await post.forum()
    await post.rests()
    ((_, old),) = post.wire.threads
    post.wire.delete_thread(FORUM, old)
    post.wire.calls.clear()
    async with post.store.transaction() as tx:
        await tx.chats.retire(incident, TG, FORUM)
    await post.puts("передан", FORUM, thread=old, incident=incident, topic_of=incident)
    edit = await post.puts("чужая карточка", FORUM, purpose=Purpose.CARD, incident=incident, topic_of=incident, instead_of_row=card)
    title = await post.puts(out=RenameThread("№ 1 ✓"), chat=FORUM, incident=incident, topic_of=incident)
    await post.rests()
    assert post.wire.said == ["передан", "передан"]
    assert [(shown.text, shown.address.thread) for shown in post.wire.shown] == [("передан", "")]
    assert (await post.state(edit), await post.state(title)) == ("dropped", "dropped")


async def test_a_topic_that_was_still_to_be_made_for_it_is_not(post: Office) -> None:
    incident, card = await post.forum()
    post.wire.fail[FORUM] = [TryLater("later", 5.0)]
    await post.rests()
    async with post.store.transaction() as tx:
        await tx.chats.retire(incident, TG, FORUM)
    await post.passes(minutes=1)
    assert (post.wire.threads, post.wire.stands, await post.state(card)) == ({}, [], "dropped")


async def test_an_edit_of_a_card_that_was_posted_anew_is_needless(post: Office) -> None:
    incident, card = await post.forum()
    await post.rests()
    ((_, old),) = post.wire.threads
    post.wire.delete_thread(FORUM, old)
    await post.puts("раз", FORUM, incident=incident, topic_of=incident)
    edit = await post.puts("карточка, взято", FORUM, purpose=Purpose.CARD, incident=incident, topic_of=incident, instead_of_row=card)
    await post.rests()
    assert (post.wire.stands, await post.state(edit)) == (["карточка, взято", "раз"], "dropped")


@pytest.mark.parametrize("problem", [Refused("not enough rights"), Unreachable("forbidden"), ThreadGone("the chat is not a forum")])
async def test_without_the_right_to_make_topics_it_goes_by_replies_to_the_card(post: Office, problem: Undelivered) -> None:
    post.wire.fail[FORUM] = [problem, None]
    incident, _ = await post.forum()
    await post.puts(out=Reply(files=(PHOTO,)), chat=FORUM, incident=incident, topic_of=incident)
    await post.puts("раз", FORUM, incident=incident, topic_of=incident)
    await post.rests()
    card, photo, line = post.wire.shown
    assert [shown.text for shown in post.wire.shown] == ["карточка", "", "раз"]
    assert [(shown.address.thread, shown.reply.answer_to) for shown in (card, photo, line)] == [("", ""), ("", card.id), ("", card.id)]
    async with post.store.transaction() as tx:
        chat = await tx.chats.get(TG, FORUM)
    assert chat is not None
    assert not chat.has_topics


async def test_what_was_said_in_a_topic_that_is_gone_goes_into_a_chat_without_topics(post: Office) -> None:
    incident, _ = await post.forum()
    await post.rests()
    ((_, old),) = post.wire.threads
    post.wire.delete_thread(FORUM, old)
    async with post.store.transaction() as tx:
        await tx.chats.lost_topics(TG, FORUM)
    await post.puts("раз", FORUM, thread=old, incident=incident, topic_of=incident)
    await post.rests()
    assert [(shown.text, shown.address.thread) for shown in post.wire.shown] == [("раз", "")]


async def test_topics_that_were_switched_off_do_not_stop_the_chat(post: Office) -> None:
    incident, _ = await post.forum()
    await post.rests()
    post.wire.threads.clear()
    post.wire.fail[FORUM] = [ThreadGone("no topic"), ThreadGone("the chat is not a forum"), None]
    await post.puts("раз", FORUM, incident=incident, topic_of=incident)
    await post.rests()
    assert post.wire.stands[-1] == "раз"
    assert post.wire.shown[-1].address.thread == ""


async def test_what_was_said_in_a_topic_of_somebody_elses_that_is_gone_goes_into_the_chat(post: Office) -> None:
    row = await post.puts("раз", FORUM, thread="77")
    await post.rests()
    assert (await post.state(row), post.wire.shown[0].address.thread, len(post.wire.calls)) == (SENT, "", 2)


async def test_a_topic_in_doubt_is_made_again(post: Office) -> None:
    post.wire.fail[FORUM] = [Unknown("reset"), Unknown("reset"), None]
    await post.forum()
    for _ in range(4):
        await post.passes(seconds=5)
    assert post.wire.stands == ["карточка"]


async def test_a_topic_that_is_not_there_is_not_renamed(post: Office) -> None:
    incident, card = await post.forum()
    async with post.store.transaction() as tx:
        await tx.outbox.drop(card, "given")
    row = await post.puts(out=RenameThread("№ 1 ✓", closed=True), chat=FORUM, incident=incident, topic_of=incident)
    await post.rests()
    assert (post.wire.said, await post.state(row)) == ([], "dropped")


async def test_opening_a_topic_takes_no_message_id(post: Office) -> None:
    row = await post.puts(out=OpenThread("№ 1"), chat=FORUM)
    await post.rests()
    async with post.store.transaction() as tx:
        assert await tx.outbox.message_of(row) == ""


async def test_what_was_asked_to_wait_while_it_was_being_taken_is_not_called(post: Office) -> None:
    """The answer to another call may say so between the look at the limits and the call."""
    await post.puts("раз")
    claim, wait = post.delivery._pace.free_slots, [True]

    def free_slots(now: float) -> int:
        free = claim(now)
        if wait:
            post.delivery._pace.pause(now + wait.pop() * 30)
        return free

    post.delivery._pace.free_slots = free_slots  # type: ignore[method-assign]
    await post.steps()
    await post.steps()
    assert post.wire.calls == []
    await post.passes(seconds=31)
    assert post.wire.stands == ["раз"]


async def test_an_answer_that_waited_long_before_its_first_call_may_still_be_repeated_where_repeats_are_dropped(vk: Office) -> None:
    vk.wire.fail[ANNA] = [TryLater("away", 5), Unknown("reset"), None]
    row = await vk.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await vk.rests()
    await vk.passes(hours=20)
    await vk.passes(seconds=2)
    assert (await vk.state(row), len(vk.wire.calls)) == (SENT, 3)


async def test_what_was_interrupted_hours_ago_is_not_repeated_by_itself_even_where_repeats_are_dropped(vk: Office) -> None:
    row = await _crashed(vk, Purpose.ANSWER)
    vk.clock.move(hours=3)
    await vk.delivery._take_up(first=True)
    await vk.rests()
    assert (await vk.state(row), vk.wire.calls) == (UNCERTAIN, [])


async def test_one_outcome_that_cannot_be_written_keeps_no_other(post: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row and its chat wait; everybody else's messages go on."""
    came_of = Delivery._came_of

    async def odd(self: Delivery, tx: Tx, row: Row, result: Result) -> None:
        if row.to.chat == "200":
            raise ValueError("odd")
        await came_of(self, tx, row, result)

    monkeypatch.setattr(Delivery, "_came_of", odd)
    one, odd_one, behind = await post.puts("раз"), await post.puts("два", "200"), await post.puts("за ним", "200")
    assert await post.delivery.step() == 0.0
    await asyncio.gather(*post.delivery._running)
    with pytest.raises(ValueError, match="odd"):
        await post.delivery.step()
    late = await post.puts("и третьему", "300")
    assert await post.delivery.step() == 0.0
    await asyncio.gather(*post.delivery._running)
    await post.delivery.step()
    assert await post.state(late) == SENT
    assert [await post.state(row) for row in (one, odd_one, behind)] == [SENT, SENDING, QUEUED]
    monkeypatch.undo()
    await post.passes(seconds=2)
    assert [await post.state(row) for row in (one, odd_one, behind)] == [SENT] * 3
    assert len(post.wire.calls) == 4


async def test_outcomes_that_wait_are_written_at_once(post: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [await post.puts("раз", str(number)) for number in range(20)]
    await post.delivery.step()
    await asyncio.gather(*post.delivery._running)
    opened, transaction = [], post.store.transaction
    monkeypatch.setattr(post.store, "transaction", lambda *name: opened.append(name) or transaction(*name))
    await post.delivery.step()
    assert len(opened) == 1
    assert [await post.state(row) for row in rows] == [SENT] * 20


# --- what is too old to be changed ---------------------------------------------------------------------------------------

BUTTONS = ((Button("Беру", "take"),),)


async def _card(post: Office) -> tuple[int, int]:
    """An incident's card that stands in a chat without topics: incident and the card's row."""
    async with post.store.transaction() as tx:
        case = await reported(tx)
    row = await post.puts("№ 1 · не взят", out=Reply("№ 1 · не взят", BUTTONS), chat=GROUP, purpose=Purpose.CARD, incident=case.id)
    async with post.store.transaction() as tx:
        await tx.chats.put_thread(case.id, post.account, GROUP, card=row, title="№ 1")
    await post.rests()
    return case.id, row


async def _place(post: Office, incident: int) -> int:
    """The row of the incident's card as it is known now."""
    async with post.store.transaction() as tx:
        thread = await tx.chats.thread(incident, post.account, GROUP)
    assert thread is not None
    return thread.card


async def _troubles(post: Office) -> list[Any]:
    async with post.store.transaction() as tx:
        return list(await tx.outbox.troubles())


@pytest.fixture(params=[TG, VK_BIYSK])
def aged(request: pytest.FixtureRequest, store: Store) -> Office:
    """Telegram says that a message can be changed no more; of VK it is known beforehand."""
    return Office(store, request.param)


async def _ages(post: Office) -> None:
    """Two days go by, and what stands there can be changed no more."""
    await post.rests()
    await post.passes(days=2)
    post.wire.fixed = int(post.wire.next_id())


async def test_a_card_that_is_too_old_to_be_changed_is_posted_anew_and_changed_there_from_then_on(aged: Office) -> None:
    incident, card = await _card(aged)
    await _ages(aged)
    edit = await aged.puts(out=Reply("№ 1 · в работе", BUTTONS), chat=GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    await aged.rests()
    assert aged.wire.stands == ["№ 1 · не взят", "№ 1 · в работе"]
    assert aged.wire.shown[-1].labels == ["Беру"]
    assert (await aged.state(edit), await _troubles(aged)) == ("dropped", [])
    new = await _place(aged, incident)
    assert new not in (card, edit)
    await aged.puts("№ 1 · отвечено", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=new)
    await aged.rests()
    assert aged.wire.stands == ["№ 1 · не взят", "№ 1 · отвечено"]


async def test_no_call_is_made_that_must_fail(vk: Office) -> None:
    incident, card = await _card(vk)
    await _ages(vk)
    await vk.puts("№ 1 · в работе", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    await vk.rests()
    assert [isinstance(out, Reply) and out.instead_of for _, out in vk.wire.calls] == ["", ""]


async def test_a_card_of_today_is_changed_where_it_stands(vk: Office) -> None:
    incident, card = await _card(vk)
    await vk.passes(hours=23)
    await vk.puts("№ 1 · в работе", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    await vk.rests()
    assert (vk.wire.stands, await _place(vk, incident)) == (["№ 1 · в работе"], card)


async def test_of_two_changes_only_the_newer_is_posted_anew(aged: Office) -> None:
    """The older one was under way when the newer one was queued."""
    incident, card = await _card(aged)
    await _ages(aged)
    older = await aged.puts("№ 1 · в работе", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    async with aged.store.transaction() as tx:
        await tx.outbox.claim(aged.account, aged.clock())
    await aged.puts("№ 1 · отвечено", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    await aged.delivery._take_up(first=True)
    await aged.passes(seconds=2)
    assert (aged.wire.stands, await aged.state(older)) == (["№ 1 · не взят", "№ 1 · отвечено"], "dropped")


async def test_a_card_of_somebody_elses_is_not_posted_anew(aged: Office) -> None:
    incident, card = await _card(aged)
    await _ages(aged)
    async with aged.store.transaction() as tx:
        await tx.chats.retire(incident, aged.account, GROUP)
    edit = await aged.puts("№ 1 · у другого", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=card)
    await aged.rests()
    assert (aged.wire.stands, await aged.state(edit), await _troubles(aged)) == (["№ 1 · не взят"], "dropped", [])


async def test_a_list_s_card_that_is_posted_anew_is_not_the_incident_s_card(aged: Office) -> None:
    """A curator sorts in a chat where the incident has its card, too."""
    incident, card = await _card(aged)
    row = await aged.puts("№ 1 · кому?", GROUP, purpose=Purpose.CARD, incident=incident)
    await _ages(aged)
    await aged.puts("№ 1 · передано", GROUP, purpose=Purpose.CARD, incident=incident, instead_of_row=row)
    await aged.rests()
    assert (aged.wire.stands[-1], await _place(aged, incident)) == ("№ 1 · передано", card)


async def test_what_is_said_in_place_of_something_too_old_is_a_message_that_answers_it(aged: Office) -> None:
    row = await aged.puts(out=Reply("отправить?", BUTTONS))
    await _ages(aged)
    edit = await aged.puts("отправлено", instead_of_row=row)
    await aged.rests()
    asked, said = aged.wire.shown
    assert (asked.text, said.text, said.reply.answer_to) == ("отправить?", "отправлено", asked.id)
    assert (await aged.state(edit), await _troubles(aged)) == ("dropped", [])


@pytest.mark.parametrize(
    ("purpose", "becomes"),
    [
        (Purpose.RECEIPT, "№ 1, отвечают иначе"),
        (Purpose.REMINDER, "№ 1, под контролем"),
        (Purpose.NOTICE, "№ 1\nпередано"),  # buttons are taken away, and a line says why
        (Purpose.NOTICE, "№ 1"),
        (Purpose.CARD, "№ 1"),
    ],
)
async def test_what_nobody_misses_is_dropped_and_no_failure(aged: Office, purpose: Purpose, becomes: str) -> None:
    row = await aged.puts(out=Reply("№ 0", BUTTONS), purpose=purpose)
    await aged.puts(out=Reply("№ 1", BUTTONS), purpose=purpose, instead_of_row=row)
    await _ages(aged)
    edit = await aged.puts(becomes, purpose=purpose, instead_of_row=row)
    await aged.rests()
    assert (aged.wire.stands, await aged.state(edit), await _troubles(aged)) == (["№ 1"], "dropped", [])


# --- crashes, stops, and a database that is away -----------------------------------------------------------------------


async def until(true: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


async def _crashed(post: Office, purpose: Purpose) -> int:
    """A row that was being sent when the process ended."""
    row = await post.puts("раз", purpose=purpose, draft=3)
    async with post.store.transaction() as tx:
        await tx.outbox.claim(post.account, post.clock())
    assert await post.state(row) == SENDING
    return row


@pytest.mark.parametrize(
    ("account", "purpose", "state"),
    [
        (TG, Purpose.ANSWER, UNCERTAIN),
        (TG, Purpose.RECEIPT, SENT),
        (VK_BIYSK, Purpose.ANSWER, SENT),
    ],
)
async def test_what_was_being_sent_when_the_process_ended_may_have_arrived(
    store: Store, account: str, purpose: Purpose, state: str
) -> None:
    post = Office(store, account)
    row = await _crashed(post, purpose)
    await post.delivery._take_up(first=True)
    await post.passes(seconds=1)
    assert (await post.state(row), len(post.wire.calls)) == (state, int(state == SENT))
    assert [one["state"] for one in await post.outcomes()] == ([state] if purpose is Purpose.ANSWER else [])


async def test_it_runs_until_it_is_stopped_and_is_woken_by_a_hint(post: Office) -> None:
    running = asyncio.create_task(post.delivery.run())
    await post.puts("раз")
    post.delivery.hint()
    await until(lambda: post.wire.stands == ["раз"])
    post.delivery.stop()
    async with asyncio.timeout(5):
        await running


async def test_a_stop_waits_for_the_call_that_has_begun_and_begins_no_other(post: Office) -> None:
    post.wire.gate = asyncio.Event()
    row, next_ = await post.puts("раз"), await post.puts("два")
    running = asyncio.create_task(post.delivery.run())
    await post.wire.begun.wait()
    post.delivery.stop()
    post.wire.gate.set()
    async with asyncio.timeout(5):
        await running
    assert (await post.state(row), await post.state(next_), post.wire.stands) == (SENT, QUEUED, ["раз"])


class Away:
    """A database that is away while ``away`` is set; ``tries`` counts."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times, self.tries, self._open = 0, 0, store.transaction
        monkeypatch.setattr(store, "transaction", self.transaction)

    @asynccontextmanager
    async def transaction(self, _name: str = "") -> AsyncIterator[Tx]:
        if self.times:
            self.times -= 1
            self.tries += 1
            raise OSError("the database is away")
        async with self._open() as tx:
            yield tx


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting takes no time; how long it would have been."""
    waits: list[float] = []

    async def wait(_: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(door, "_wait", wait)
    monkeypatch.setattr(door, "FIRST_RETRY", 0.0)
    return waits


async def test_an_outcome_that_cannot_be_written_is_written_later(
    post: Office, monkeypatch: pytest.MonkeyPatch, no_waiting: list[float]
) -> None:
    away = Away(post.store, monkeypatch)
    post.wire.gate = asyncio.Event()
    row = await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    await post.delivery.step()
    await post.wire.begun.wait()
    away.times = 5
    post.wire.gate.set()
    await post.delivery.finish()
    assert (away.tries, await post.state(row), len(post.wire.calls)) == (5, SENT, 1)


async def test_database_trouble_at_the_start_and_later_does_not_end_it(
    post: Office, monkeypatch: pytest.MonkeyPatch, no_waiting: list[float]
) -> None:
    away = Away(post.store, monkeypatch)
    row = await _crashed(post, Purpose.ANSWER)
    away.times = 3
    await asyncio.gather(_stopped_when(post, lambda: away.tries == 3), post.delivery.run())
    assert await post.state(row) == UNCERTAIN
    assert no_waiting[:3] == [1.0] * 3


async def _stopped_when(post: Office, true: Callable[[], bool]) -> None:
    await until(true)
    for _ in range(200):
        await asyncio.sleep(0)
    post.delivery.stop()


async def test_a_row_that_was_taken_without_our_learning_it_is_sent(
    post: Office, monkeypatch: pytest.MonkeyPatch, no_waiting: list[float]
) -> None:
    """The commit reached the database and its answer did not reach us: the row must not stand as «sending» for ever."""
    row = await post.puts("раз", purpose=Purpose.ANSWER, draft=3)
    open_, broken = post.store.transaction, []

    @asynccontextmanager
    async def transaction(_name: str = "") -> AsyncIterator[Tx]:
        async with open_() as tx:
            yield tx
        async with open_() as tx:
            state = await tx.outbox.state(row)
        if state == SENDING and not broken:
            broken.append(1)
            raise OSError("connection lost while committing")

    monkeypatch.setattr(post.store, "transaction", transaction)
    running = asyncio.create_task(post.delivery.run())
    await until(lambda: post.wire.stands == ["раз"])
    post.delivery.stop()
    await running
    assert (broken, await post.state(row), len(post.wire.calls)) == ([1], SENT, 1)


async def test_the_note_of_a_doubt_stays_while_it_has_to_wait(post: Office) -> None:
    post.wire.fail[ANNA] = [Unknown("reset"), TryLater("429", 7)]
    row = await post.puts("раз", purpose=Purpose.RECEIPT)
    await post.rests()
    await post.passes(seconds=1)
    assert (await post.error(row), await post.kept(row, "doubted")) == ("429", True)


async def test_no_more_calls_are_begun_than_the_account_may_make(post: Office) -> None:
    post.wire.gate = asyncio.Event()
    for number in range(40):
        await post.puts("раз", str(number))
        if number % 2:
            await post.puts(out=Reply("шёпот", whisper_to=f"p{number}"), chat=str(number))
    while await post.delivery.step() == 0.0:
        pass
    await asyncio.sleep(0)
    assert len(post.wire.calls) == TELEGRAM.per_second
    post.wire.gate.set()
    await post.delivery.finish()
