"""The timeline: an edit overwrites nothing, and what waits for its place is filed once."""

from __future__ import annotations

from dataclasses import replace

from bots.channel import Address, File, FileKind, Location
from storage.store import Store
from storage.timeline import Message
from tests.storage.given import CITIZEN, NOON, later, reported


async def test_an_edit_is_a_row_of_its_own_and_overwrites_nothing(store: Store) -> None:
    photo = File(FileKind.PHOTO, "vk/biysk", "photo-1_2")
    said = Message(kind="report", person=1, text="Яма", files=(photo,), address=CITIZEN, message="5", at=NOON, location=Location(52.5, 85))
    async with store.transaction() as tx:
        case = await reported(tx)
        first = await tx.timeline.say(case.id, said)
        edit = replace(said, text="Яма на Ленина", at=later(minutes=1), edit_of=first, files=(), location=None)
        second = await tx.timeline.say(case.id, edit)
        assert list(await tx.timeline.said(case.id)) == [replace(said, id=first), replace(edit, id=second)]
        assert await tx.timeline.about("vk/biysk", "501", "5") == (case.id, first)
        assert await tx.timeline.about("vk/biysk", "502", "5") == (0, 0)
        assert await tx.timeline.last_said(case.id, ["report"], person=1) == replace(edit, id=second)
        assert await tx.timeline.last_said(case.id, ["answer"]) is None


async def test_what_waits_for_its_place_is_filed_once(store: Store) -> None:
    async with store.transaction() as tx:
        case, other = await reported(tx), await reported(tx)
        said = Message(kind="pending", person=case.report.person, text="И ещё", address=Address("vk/biysk", "501"), message="6", at=NOON)
        identifier = await tx.timeline.say(case.id, said)
        assert [(number, one.text) for number, one in await tx.timeline.pending(case.report.person)] == [(case.id, "И ещё")]
        await tx.timeline.file_under(other.id, "reply", [identifier])
        await tx.timeline.file_under(case.id, "note", [identifier])
        assert await tx.timeline.pending(case.report.person) == []
        assert [one.kind for one in await tx.timeline.said(other.id)] == ["reply"]
