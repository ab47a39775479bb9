"""Steps, buttons and drafts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bots.channel import Address, File, FileKind
from storage.conversations import Choice, Draft, Step
from storage.store import Store
from tests.storage.given import NOON, OFFICE, later, reported, somebody

HERE = ("vk/biysk", "501", "501")
CHOICES = [Choice("take", {"incident": 7}), Choice("refuse", {})]


async def test_a_newer_question_replaces_the_older_and_done_forgets_it(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.conversations.step(*HERE) is None
        await tx.conversations.ask(*HERE, Step("place", {"incident": 7}), NOON)
        await tx.conversations.ask(*HERE, Step("date", {"draft": 3, "когда": None}), NOON)
        assert await tx.conversations.step(*HERE) == Step("date", {"draft": 3, "когда": None})
        assert await tx.conversations.step("vk/biysk", "501", "502") is None
        await tx.conversations.done(*HERE)
        assert await tx.conversations.step(*HERE) is None


async def test_a_button_brings_back_what_it_meant(store: Store) -> None:
    async with store.transaction() as tx:
        payloads = await tx.conversations.offer(OFFICE, CHOICES, at=NOON, incident=7, user_id="9", once=True, expires_at=later(days=1))
        found = [await tx.conversations.offered(payload) for payload in payloads]
        assert [one.choice for one in found if one] == CHOICES
        one = found[0]
        assert one is not None
        assert (one.address, one.user_id, one.incident, one.once, one.expires_at, one.used_at) == (
            OFFICE,
            "9",
            7,
            True,
            later(days=1),
            None,
        )


@pytest.mark.parametrize(
    "forge",
    [
        "",
        ".",
        "{0}",
        "{0}.",
        "{0}.2",
        "{0}.-1",
        "{0}.٠",
        "{0}.0.0",
        "{0}.0\x00",
        "\x00",
        "x" * 16 + ".0",
        "{0}.0" + "0" * 100,
        "\ud83d.0",
        "яяяяяяяяяяяяяяяя.0",
    ],
)
async def test_a_forged_button_means_nothing(store: Store, forge: str) -> None:
    async with store.transaction() as tx:
        (first, _) = await tx.conversations.offer(OFFICE, CHOICES, at=NOON)
        assert await tx.conversations.offered(forge.format(first.partition(".")[0])) is None


async def test_a_keyboard_is_used_once_whoever_presses_at_the_same_time(store: Store) -> None:
    async with store.transaction() as tx:
        (first, _) = await tx.conversations.offer(OFFICE, CHOICES, at=NOON, once=True)
    token = first.partition(".")[0]

    async def press() -> bool:
        async with store.transaction() as tx:
            return await tx.conversations.use(token, NOON)

    assert sum(await asyncio.gather(*(press() for _ in range(10)))) == 1
    async with store.transaction() as tx:
        offered = await tx.conversations.offered(first)
    assert offered is not None
    assert offered.used_at == NOON


async def test_a_later_reminder_retires_the_keyboards_of_the_earlier(store: Store) -> None:
    async with store.transaction() as tx:
        offers = {
            name: (await tx.conversations.offer(OFFICE, [Choice(action, {})], at=NOON, incident=incident))[0]
            for name, action, incident in (("reminder", "nudge", 7), ("kept", "nudge", 7), ("card", "take", 7), ("another", "nudge", 8))
        }
        await tx.conversations.retire(7, NOON, actions=["nudge"], but=[offers["kept"]])
        found = {name: await tx.conversations.offered(payload) for name, payload in offers.items()}
    assert {name: bool(one and one.used_at) for name, one in found.items()} == {
        "reminder": True,
        "kept": False,
        "card": False,
        "another": False,
    }


async def _draft(store: Store) -> Draft:
    async with store.transaction() as tx:
        case = await reported(tx)
        draft = Draft(
            incident=case.id,
            person=await somebody(tx, "9", account="telegram/altai"),
            address=Address("telegram/altai", "-100500", "77"),
            user_id="9",
            message="12",
            text="Выехали",
            files=(File(FileKind.DOCUMENT, "telegram/altai", "ref"),),
            date=later(days=1),
        )
        return await tx.conversations.write(draft, NOON)


async def test_a_draft_comes_back_as_it_was_written(store: Store) -> None:
    draft = await _draft(store)
    async with store.transaction() as tx:
        assert await tx.conversations.draft(draft.id) == draft
        assert await tx.conversations.draft(draft.id + 1) is None


async def test_a_draft_changes_state_only_from_the_state_it_was_seen_in(store: Store) -> None:
    draft = await _draft(store)
    async with store.transaction() as tx:
        assert await tx.conversations.rewrite(replace(draft, kind="answer", state="sending"), was="open")
        assert not await tx.conversations.rewrite(replace(draft, state="dropped"), was="open")
        assert [(one.kind, one.state) for one in await tx.conversations.drafts_of(draft.incident, "open", "sending")] == [
            ("answer", "sending")
        ]
        assert await tx.conversations.drafts_of(draft.incident, "open") == []


async def test_of_sending_and_cancelling_at_once_exactly_one_happens(store: Store) -> None:
    draft = await _draft(store)

    async def move(state: str) -> bool:
        async with store.transaction() as tx:
            return await tx.conversations.rewrite(replace(draft, state=state), was="open")

    assert sum(await asyncio.gather(*(move(state) for state in ("sending", "dropped") * 5))) == 1
