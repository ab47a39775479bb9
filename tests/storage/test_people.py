"""People, their roles and invitations."""

from __future__ import annotations

import pytest

from bots.channel import Address
from incidents.incident import Role
from storage.store import Store
from tests.storage.given import NOON, later, reported, somebody

HERE, ELSEWHERE = Address("telegram/altai", "900"), Address("vk/biysk", "901")


async def test_somebody_met_again_is_the_same_person(store: Store) -> None:
    async with store.transaction() as tx:
        first = await tx.people.meet("vk/biysk", "501", "Анна", "ru", NOON)
        again = await tx.people.meet("vk/barnaul", "501", "", "", NOON)
        assert first == again == await tx.people.known("vk/zarinsk", "501") == await tx.people.get(first.id)


async def test_a_changed_name_is_kept(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.people.meet("vk/biysk", "501", "Анна", "ru", NOON)
        renamed = await tx.people.meet("vk/biysk", "501", "Анна К.", "en", NOON)
        assert (await tx.people.get(renamed.id)).name == "Анна К."
        assert (await tx.people.get(renamed.id)).language == "en"


async def test_the_same_number_in_another_messenger_is_another_person(store: Store) -> None:
    async with store.transaction() as tx:
        one = await tx.people.meet("vk/biysk", "501", "Анна", "ru", NOON)
        other = await tx.people.meet("telegram/altai", "501", "Анна", "ru", NOON)
        assert one.id != other.id


async def test_two_identities_are_one_person_once_joined(store: Store) -> None:
    async with store.transaction() as tx:
        one = await tx.people.meet("vk/biysk", "501", "Анна", "ru", NOON)
        await tx.people.meet("telegram/altai", "7", "Anna", "en", NOON)
        await tx.people.join(one.id, "telegram/altai", "7")
        await tx.people.join(one.id, "telegram/altai", "8")
        assert await tx.people.known("telegram/altai", "7") == await tx.people.known("telegram/other", "8") == one


async def test_somebody_unknown_has_no_name(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.people.known("vk/biysk", "501") is None
        assert (await tx.people.get(12345)).name == ""


async def test_the_first_contact_with_an_account_is_first_once(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.people.set_blocked("vk/biysk", "501", blocked=True)
        assert [await tx.people.greet("vk/biysk", "501", NOON) for _ in range(2)] == [True, False]
        assert [await tx.people.greet("vk/barnaul", "501", NOON) for _ in range(2)] == [True, False]


async def test_a_person_blocks_one_account_and_allows_it_again(store: Store) -> None:
    async with store.transaction() as tx:
        assert not await tx.people.is_blocked("vk/biysk", "501")
        await tx.people.set_blocked("vk/biysk", "501", blocked=True)
        assert (await tx.people.is_blocked("vk/biysk", "501"), await tx.people.is_blocked("vk/barnaul", "501")) == (True, False)
        await tx.people.set_blocked("vk/biysk", "501", blocked=False)
        assert not await tx.people.is_blocked("vk/biysk", "501")


async def test_reports_are_counted_since_an_instant(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        assert await tx.incidents.count_of(case.report.person, NOON) == 1
        assert await tx.incidents.count_of(case.report.person, later(seconds=1)) == 0


async def test_a_role_is_given_once_and_its_private_chat_renewed(store: Store) -> None:
    async with store.transaction() as tx:
        person = await somebody(tx)
        assert await tx.people.appoint(person, Role.OFFICIAL, "zhkh", HERE, NOON)
        assert not await tx.people.appoint(person, Role.OFFICIAL, "zhkh", ELSEWHERE, NOON)
        assert [(post.role, post.organisation, post.address) for post in await tx.people.posts_of(person)] == [
            (Role.OFFICIAL, "zhkh", ELSEWHERE)
        ]


async def test_who_holds_which_role(store: Store) -> None:
    async with store.transaction() as tx:
        one, other = await somebody(tx, "1"), await somebody(tx, "2")
        await tx.people.appoint(one, Role.OFFICIAL, "zhkh", HERE, NOON)
        await tx.people.appoint(one, Role.CURATOR, "", HERE, NOON)
        await tx.people.appoint(other, Role.HEAD, "zhkh", HERE, NOON)
        await tx.people.appoint(other, Role.OFFICIAL, "roads", HERE, NOON)
        await tx.people.appoint(other, Role.ADMINISTRATOR, "", HERE, NOON)
        assert [post.person for post in await tx.people.officials("zhkh")] == [one, other]
        assert [post.person for post in await tx.people.officials("zhkh", Role.HEAD)] == [other]
        assert [post.person for post in await tx.people.curators()] == [one]
        assert [post.person for post in await tx.people.administrators()] == [other]


async def test_a_dismissed_person_holds_the_role_no_more_and_may_come_back(store: Store) -> None:
    async with store.transaction() as tx:
        person = await somebody(tx)
        await tx.people.appoint(person, Role.OFFICIAL, "zhkh", HERE, NOON)
        await tx.people.appoint(person, Role.HEAD, "zhkh", HERE, NOON)
        await tx.people.appoint(person, Role.OFFICIAL, "roads", HERE, NOON)
        assert await tx.people.dismiss(person, "zhkh", NOON, Role.HEAD) == 1
        assert await tx.people.dismiss(person, "zhkh", NOON) == 1
        assert await tx.people.dismiss(person, "zhkh", NOON) == 0
        assert [post.organisation for post in await tx.people.posts_of(person)] == ["roads"]
        assert await tx.people.appoint(person, Role.OFFICIAL, "zhkh", HERE, later(days=1))


async def test_cards_come_to_the_private_chat_when_asked_for(store: Store) -> None:
    async with store.transaction() as tx:
        person = await somebody(tx)
        await tx.people.appoint(person, Role.OFFICIAL, "zhkh", HERE, NOON)
        await tx.people.appoint(person, Role.OFFICIAL, "roads", HERE, NOON)
        await tx.people.cards_here(person, "zhkh", here=True)
        assert [post.cards_here for post in await tx.people.posts_of(person)] == [True, False]


async def _invite(store: Store, code: str = "7H2K-9QXA-1BCD") -> None:
    async with store.transaction() as tx:
        await tx.people.invite(code, "person", "official", "zhkh", at=NOON, expires_at=later(days=7))


async def test_an_invitation_works_once_however_its_code_is_typed(store: Store) -> None:
    await _invite(store)
    async with store.transaction() as tx:
        used = await tx.people.use_invite(" 7h2k9qxa1bcd", "person", 1, NOON)
        assert used is not None
        assert (used.role, used.organisation, used.used_at) == ("official", "zhkh", NOON)
        assert await tx.people.use_invite("7H2K-9QXA-1BCD", "person", 2, NOON) is None
        kept = await tx.people.invitation("7H2K-9QXA-1BCD")
        assert kept is not None
        assert kept.used_at == NOON


@pytest.mark.parametrize(("code", "kind", "days"), [("7H2K-9QXA-1BCD", "person", 7), ("7H2K-9QXA-1BCD", "chat", 0), ("7H2K", "person", 0)])
async def test_an_expired_foreign_or_unknown_code_opens_nothing(store: Store, code: str, kind: str, days: int) -> None:
    await _invite(store)
    async with store.transaction() as tx:
        assert await tx.people.use_invite(code, kind, 1, later(days=days)) is None
    async with store.transaction() as tx:
        assert await tx.people.use_invite("7H2K-9QXA-1BCD", "person", 1, later(days=6)) is not None


async def test_the_code_itself_is_not_kept(sqlite_store: Store) -> None:
    await _invite(sqlite_store)
    async with sqlite_store.transaction() as tx:
        rows = (await tx.connection.exec_driver_sql("SELECT * FROM invites")).all()
    assert "7H2K" not in str(rows)
