"""Working chats, their moves, their threads, and the region that is in force."""

from __future__ import annotations

from bots.channel import Address, Reply
from incidents.incident import Status
from storage.chats import Chat
from storage.conversations import Choice, Step
from storage.posts import Post
from storage.store import Store, Tx
from tests.storage.given import NOON, later, reported

ACCOUNT, OLD, NEW = "telegram/altai", "-5", "-1005"


async def _connected(tx: Tx) -> Chat:
    await tx.chats.seen(ACCOUNT, OLD, title="ЖКХ", forum=True, manages_topics=True)
    await tx.chats.connect(ACCOUNT, OLD, "zhkh", NOON)
    chat = await tx.chats.get(ACCOUNT, OLD)
    assert chat is not None
    return chat


async def test_a_group_works_for_an_organisation_once_connected(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.chats.meet(ACCOUNT, OLD)
        assert await tx.chats.of("zhkh") == []
        chat = await _connected(tx)
        assert (chat.organisation, chat.has_topics, await tx.chats.of("zhkh")) == ("zhkh", True, [chat])
        assert (await tx.chats.of("roads"), await tx.chats.desks()) == ([], [])


async def test_the_curators_desk(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.chats.connect(ACCOUNT, "-7", "", NOON, desk=True)
        assert [chat.chat for chat in await tx.chats.desks()] == ["-7"]


async def test_meeting_a_known_group_changes_nothing(store: Store) -> None:
    async with store.transaction() as tx:
        chat = await _connected(tx)
        await tx.chats.meet(ACCOUNT, OLD)
        assert await tx.chats.get(ACCOUNT, OLD) == chat


async def test_topics_that_cannot_be_made_any_more(store: Store) -> None:
    async with store.transaction() as tx:
        await _connected(tx)
        await tx.chats.lost_topics(ACCOUNT, OLD)
        assert [chat.has_topics for chat in await tx.chats.of("zhkh")] == [False]


async def test_a_group_the_bot_left_works_for_nobody_and_says_what_it_was(store: Store) -> None:
    async with store.transaction() as tx:
        was = await _connected(tx)
        assert await tx.chats.left(ACCOUNT, OLD, NOON) == was
        assert await tx.chats.of("zhkh") == []
        await tx.chats.seen(ACCOUNT, OLD, title="ЖКХ", forum=True, manages_topics=True)
        back = await tx.chats.get(ACCOUNT, OLD)
        assert back is not None
        assert (back.left_at, back.organisation) == (None, "")


async def test_everything_that_stands_in_a_moved_group_goes_along(store: Store) -> None:
    async with store.transaction() as tx:
        await _connected(tx)
        case = await reported(tx)
        row = await tx.outbox.put(Post(to=Address(ACCOUNT, OLD), out=Reply("карточка"), incident=case.id), NOON)
        queued = await tx.outbox.put(Post(to=Address(ACCOUNT, OLD), out=Reply("ещё")), NOON)
        card = (await tx.outbox.claim(ACCOUNT, NOON))[0]
        await tx.outbox.mark_sent([(card, ["9"])], NOON)
        await tx.chats.put_thread(case.id, ACCOUNT, OLD, card=row, title="№ 1")
        await tx.conversations.ask(ACCOUNT, OLD, "7", Step("date", {}), NOON)
        await tx.chats.move(ACCOUNT, OLD, NEW)
        assert [chat.chat for chat in await tx.chats.of("zhkh")] == [NEW]
        assert [thread.chat for thread in await tx.chats.threads_of(case.id)] == [NEW]
        assert (await tx.outbox.about(ACCOUNT, NEW, "9"))[0] == case.id
        assert await tx.conversations.step(ACCOUNT, NEW, "7") is not None
        assert [(one.id, one.to.chat) for one in await tx.outbox.claim(ACCOUNT, NOON)] == [(queued, NEW)]


async def test_a_move_that_is_told_twice_loses_nothing(store: Store) -> None:
    """Telegram tells of it in the old group and in the new one."""
    async with store.transaction() as tx:
        await _connected(tx)
        await tx.chats.move(ACCOUNT, OLD, NEW)
        await tx.chats.move(ACCOUNT, OLD, NEW)
        assert [(chat.chat, chat.has_topics) for chat in await tx.chats.of("zhkh")] == [(NEW, True)]


async def test_what_the_new_group_has_already_is_not_overwritten_by_the_old(store: Store) -> None:
    """A message sent before we were told of the move was redirected: its number may be that of an old message."""
    async with store.transaction() as tx:
        await _connected(tx)
        old, new = await reported(tx), await reported(tx)
        for chat, case in ((OLD, old), (NEW, new)):
            row = await tx.outbox.put(Post(to=Address(ACCOUNT, chat), out=Reply("карточка"), incident=case.id), NOON)
            (claimed,) = await tx.outbox.claim(ACCOUNT, NOON)
            await tx.outbox.mark_sent([(claimed, ["1"])], NOON)
            await tx.chats.put_thread(new.id, ACCOUNT, chat, card=row, title=chat)
            await tx.conversations.ask(ACCOUNT, chat, "7", Step(chat, {}), NOON)
        await tx.chats.move(ACCOUNT, OLD, NEW)
        step = await tx.conversations.step(ACCOUNT, NEW, "7")
        assert (await tx.outbox.about(ACCOUNT, NEW, "1"))[0] == new.id
        assert [(thread.chat, thread.title) for thread in await tx.chats.threads_of(new.id)] == [(NEW, NEW)]
        assert step is not None
        assert step.name == NEW


async def test_buttons_in_a_moved_group_go_on_working(store: Store) -> None:
    async with store.transaction() as tx:
        (payload,) = await tx.conversations.offer(Address(ACCOUNT, OLD), [Choice("take", {})], at=NOON)
        await tx.chats.move(ACCOUNT, OLD, NEW)
        offered = await tx.conversations.offered(payload)
        assert offered is not None
        assert offered.address == Address(ACCOUNT, NEW)


async def test_an_incident_has_one_card_in_a_chat_and_its_topic_can_be_lost(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        await tx.chats.put_thread(case.id, ACCOUNT, OLD, card=1, title="№ 1")
        await tx.chats.opened(case.id, ACCOUNT, OLD, "77")
        assert (await tx.chats.in_topic(ACCOUNT, OLD, "77"), await tx.chats.in_topic(ACCOUNT, OLD, "")) == (case.id, 0)
        await tx.chats.retire(case.id, ACCOUNT, OLD)
        await tx.chats.put_thread(case.id, ACCOUNT, OLD, card=2, title="№ 1 снова")
        thread = await tx.chats.thread(case.id, ACCOUNT, OLD)
        assert thread is not None
        assert (thread.card, thread.thread, thread.retired) == (2, "77", False)
        await tx.chats.opened(case.id, ACCOUNT, OLD, "")
        assert await tx.chats.in_topic(ACCOUNT, OLD, "77") == 0
        assert await tx.chats.thread(case.id, ACCOUNT, NEW) is None


async def test_what_a_chat_talked_about_last(store: Store) -> None:
    async with store.transaction() as tx:
        cases = [await reported(tx) for _ in range(4)]
        for case in cases:
            await tx.chats.put_thread(case.id, ACCOUNT, OLD, card=1, title="")
        await tx.chats.retire(cases[3].id, ACCOUNT, OLD)
        assert await tx.chats.recent(ACCOUNT, OLD) == [cases[2].id, cases[1].id]


async def test_a_region_loaded_twice_changes_nothing(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.regions.current() is None
        assert [await tx.regions.loaded(source, NOON) for source in ("a", "a", "b", "a")] == [True, False, True, True]
        assert await tx.regions.current() == "a"


async def test_a_region_knows_what_is_in_use(store: Store) -> None:
    async with store.transaction() as tx:
        await reported(tx, topic="housing", territory="biysk", organisation="zhkh")
        await reported(tx)
        await tx.chats.connect(ACCOUNT, OLD, "roads", later())
        assert await tx.regions.in_use() == {"topic": {"housing"}, "territory": {"biysk"}, "organisation": {"zhkh", "roads"}}


async def test_nothing_of_an_organisation_is_a_chats_business_any_more_whatever_became_of_it(store: Store) -> None:
    async with store.transaction() as tx:
        await _connected(tx)
        cases = [
            await reported(tx, organisation="zhkh", status=Status.ASSIGNED),
            await reported(tx, organisation="zhkh", status=Status.ANSWERED),
            await reported(tx, organisation="roads", status=Status.ASSIGNED),
        ]
        for case in cases:
            await tx.chats.put_thread(case.id, ACCOUNT, OLD, card=1, title=f"№ {case.id}")
        await tx.chats.put_thread(cases[0].id, ACCOUNT, NEW, card=2, title="№ 1")
        await tx.chats.retire_all(ACCOUNT, OLD, "zhkh")
        found = [thread for case in cases for thread in await tx.chats.threads_of(case.id)]
        assert {(thread.incident, thread.chat): thread.retired for thread in found} == {
            (cases[0].id, OLD): True,
            (cases[0].id, NEW): False,
            (cases[1].id, OLD): True,
            (cases[2].id, OLD): False,
        }
