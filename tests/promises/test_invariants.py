"""The checks of the invariants find nothing in a house that was lived in, and each finds what is put there for it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from storage.store import Store
from tests.promises.invariants import CHECKS, Acknowledged, Platform, Posted, broken, broken_in
from tests.stories.house import House
from tests.stories.office import desk

BREAKS = (
    (
        1,
        (
            "INSERT INTO messages (incident_id, kind, person_id, files, account, chat, message, at) SELECT incident_id, kind, person_id,"
            " files, account, chat, message, at FROM messages WHERE kind = 'report'"
        ),
    ),
    (1, "UPDATE messages SET kind = 'note' WHERE kind = 'report'"),
    (2, "UPDATE inbox SET state = 'new' WHERE id = 1"),
    (2, "UPDATE inbox SET state = 'dead' WHERE id = 1"),
    (
        3,
        (
            "INSERT INTO messages (incident_id, kind, person_id, files, account, chat, message, at) SELECT incident_id, kind, person_id,"
            " files, account, chat, '0', at FROM messages WHERE kind = 'report'"
        ),
    ),
    (3, "UPDATE sent SET message = '0' WHERE outbox_id = (SELECT max(s.outbox_id) FROM sent s WHERE s.chat = '100')"),
    (4, "UPDATE incidents SET organisation = ''"),
    (4, "UPDATE incidents SET assignee = 0"),
    (4, "UPDATE incidents SET resolution = 'solved'"),
    (4, "UPDATE incidents SET version = 1"),
    (5, "UPDATE history SET after = 'answered' WHERE version > 1"),
    (5, "UPDATE history SET before = 'assigned' WHERE version > 1"),
    (5, "UPDATE incidents SET status = 'promised'"),
    (5, "UPDATE history SET role = 'official', person_id = 1 WHERE version > 1"),
    (5, "UPDATE history SET person_id = 2"),
    (5, "UPDATE roles SET revoked_at = since WHERE person_id = (SELECT assignee FROM incidents)"),
    (6, "UPDATE incidents SET wake_at = NULL"),
    (6, "UPDATE incidents SET wake_at = reported_at"),
    (7, "INSERT INTO reminders (incident_id, turn, step, at) SELECT id, turn, 'deadline', reported_at FROM incidents"),
    (8, "INSERT INTO sent (account, chat, message, outbox_id) SELECT account, chat, '9' || message, outbox_id FROM sent"),
    (
        8,
        (
            "UPDATE outbox SET state = 'sent', kind = 'reply', instead_of_row = 0, whisper_to = '' WHERE id NOT IN"
            " (SELECT outbox_id FROM sent)"
        ),
    ),
    (9, "UPDATE outbox SET chat = 'stranger' WHERE purpose = 'receipt'"),
    (9, "UPDATE chats SET organisation = 'zhkh-biysk'"),
    (10, "INSERT INTO identities (platform, user_id, person_id) SELECT 'vk', user_id, person_id FROM identities"),
    (10, "UPDATE incidents SET person_id = (SELECT min(id) FROM people WHERE id <> person_id)"),
    (11, "UPDATE keyboards SET once = true, expires_at = made_at, used_at = made_at"),
    (12, "UPDATE outbox SET state = 'sending'"),
    (12, "DELETE FROM history WHERE version = 1"),
    (12, "UPDATE incidents SET receipt = 0"),
    (12, "UPDATE drafts SET state = 'sending'"),
    (12, "UPDATE drafts SET state = 'delivered', kind = 'answer'"),
    (12, "UPDATE inbox SET handled_at = NULL"),
)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """A house with one incident that an official holds, and one who began to answer."""
    made = House(Store(database_url))
    await made.open()
    there = await desk(made)
    await there.presses(there.petrov, "Беру")
    await there.replies(there.ivanova)
    await made.later(hours=13)
    yield made
    await made.store.close()


async def test_a_house_that_was_lived_in_keeps_all(house: House) -> None:
    assert await broken(house.store, now=house.clock()) == []


class _Undo(Exception):
    """The transaction is not to be kept."""


async def _finds(house: House, *statements: str, platform: Platform | None = None) -> set[int]:
    """The numbers of what no longer holds once this was written; nothing of it is kept."""
    found: list[str] = []
    with contextlib.suppress(_Undo):
        async with house.store.transaction() as tx:
            for statement in statements:
                await tx.connection.execute(text(statement))
            found = await broken_in(tx, platform, now=house.clock())
            raise _Undo
    return {int(line.partition(".")[0]) for line in found}


async def test_what_breaks_an_invariant_is_found_under_its_number(house: House) -> None:
    missed = [(number, sql) for number, sql in BREAKS if number not in await _finds(house, sql)]
    assert missed == []
    assert {number for number, _ in BREAKS} == {check.number for check in CHECKS}


def _platform(house: House) -> Platform:
    """What a platform would have recorded of this house."""
    shown = [(account, one) for account, channel in house.channels.items() for one in channel.shown]
    return Platform(posted=[Posted(account, one.address.chat, one.id, one.text) for account, one in shown])


async def test_what_the_platform_knows_otherwise_is_found(house: House) -> None:
    platform = _platform(house)
    assert await _finds(house, platform=platform) == set()
    assert await _finds(house, platform=Platform(posted=platform.posted[1:])) == {8}
    lost = Acknowledged("telegram/altai", "never-stored")
    assert await _finds(house, platform=Platform([lost], platform.posted)) == {1}
    unsaid = Acknowledged("telegram/altai", "u1", "100", "nowhere")
    assert await _finds(house, "UPDATE inbox SET key = 'u1' WHERE id = 1", platform=Platform([unsaid], platform.posted)) == {1}
    unanswered = Acknowledged("telegram/altai", "u1", press="p")
    assert await _finds(house, "UPDATE inbox SET key = 'u1' WHERE id = 1", platform=Platform([unanswered], platform.posted)) == {11}
    nobodys = [*platform.posted, Posted("telegram/altai", "100", "77777", "?", key=77777)]
    assert await _finds(house, platform=Platform(posted=nobodys)) == {8}
    receipt = next(one for one in platform.posted if one.chat == "100")
    row = await _row(house, receipt)
    elsewhere = [*platform.posted, Posted(receipt.account, "200", "77777", "?", key=row)]
    assert await _finds(house, platform=Platform(posted=elsewhere)) == {9}
    twice = [*platform.posted, *[Posted(receipt.account, "100", number, "?", key=row) for number in ("77777", "77778")]]
    assert await _finds(house, platform=Platform(posted=twice)) == {8}


async def test_words_of_somebody_else_are_found(house: House) -> None:
    platform = _platform(house)
    receipt = next(one for one in platform.posted if one.chat == "100")
    row = await _row(house, receipt)
    mark = re.compile(r"метка-\d+")
    wrote = "UPDATE messages SET text = 'метка-1' WHERE kind = 'report'"
    read = Posted(receipt.account, receipt.chat, receipt.message, "метка-1", key=row)
    assert await _finds(house, wrote, platform=Platform(posted=platform.posted, shown=[read], mark=mark)) == set()
    strange = replace(read, text="метка-2")
    assert await _finds(house, wrote, platform=Platform(posted=platform.posted, shown=[strange], mark=mark)) == {9}


async def _row(house: House, posted: Posted) -> int:
    async with house.store.transaction() as tx:
        return await tx.outbox.row_of(posted.account, posted.chat, posted.message)
