"""What suggestions are learned from, and the model in force."""

from __future__ import annotations

from dataclasses import replace

from incidents.incident import Status
from storage.incidents import Case
from storage.store import Store, Tx
from storage.suggestions import Suggestions
from tests.storage.given import NOON, later, reported, somebody


async def answered(tx: Tx, text: str, topic: str, user: str = "501") -> int:
    case = await reported(tx, text, user=user, topic=topic)
    done = replace(case.incident, status=Status.ANSWERED, answered_at=later(hours=1))
    await tx.incidents.save(Case(done, case.report))
    return case.id


async def test_what_was_answered_or_corrected_is_learned_from_and_nothing_else(store: Store) -> None:
    async with store.transaction() as tx:
        let_stand = await answered(tx, "Яма на дороге", "roads")
        chosen = (await reported(tx, "Самокаты на тротуаре", user="502", topic="improvement")).id
        person = await somebody(tx, "502")
        for topic in ("roads", "transport"):
            await tx.incidents.corrected(chosen, "topic", "improvement", topic, person=person, at=NOON)
        moved = (await reported(tx, "Нет воды", topic="housing")).id
        await tx.incidents.corrected(moved, "territory", "", "biysk", person=person, at=NOON)
        await answered(tx, "", "roads")
        found = await Suggestions(tx.connection).checked(1 << 62)
        assert [(one.incident, one.text, one.topic, one.corrected) for one in found] == [
            (chosen, "Самокаты на тротуаре", "transport", True),
            (let_stand, "Яма на дороге", "roads", False),
        ]
        assert found[0].person == person


async def test_texts_come_a_page_at_a_time_the_newest_first(store: Store) -> None:
    async with store.transaction() as tx:
        numbers = [await answered(tx, f"Яма {at}", "roads") for at in range(5)]
        suggestions = Suggestions(tx.connection)
        first = await suggestions.checked(1 << 62, limit=3)
        rest = await suggestions.checked(first[-1].incident, limit=3)
        assert [one.incident for one in [*first, *rest]] == numbers[::-1]


async def test_the_newest_model_is_in_force_and_can_be_taken_out(store: Store) -> None:
    async with store.transaction() as tx:
        suggestions = Suggestions(tx.connection)
        assert (await suggestions.newest(), await suggestions.current()) == (0, None)
        await suggestions.install("first", {"after": 0.7}, NOON)
        await suggestions.install("second", {}, later(days=1))
    async with store.transaction() as tx:
        suggestions = Suggestions(tx.connection)
        current, newest = await suggestions.current(), await suggestions.newest()
        assert current is not None
        assert (current.id, current.body, current.at) == (newest, "second", later(days=1))
        await suggestions.install("", {}, later(days=2))
        assert await suggestions.current() is None
        assert await suggestions.newest() > newest
