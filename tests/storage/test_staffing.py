"""Who is away and who is on duty, as it is stored."""

from __future__ import annotations

from bots.channel import Address
from incidents.incident import Role
from incidents.responsible import Absence, Shift
from storage.staffing import DESK, Roster
from storage.store import Store, Tx
from tests.storage.given import NOON, OFFICE, later, somebody

OWNER, OTHER = "zhkh-barnaul", "dorogi-biysk"


async def away(tx: Tx, person: int, organisation: str = OWNER, *, since: float = 0, until: float = 48, deputy: int = 0) -> int:
    return await tx.staffing.go_away(Absence(person, organisation, later(hours=since), later(hours=until), deputy), NOON)


async def on_duty(tx: Tx, person: int, organisation: str = OWNER, *, since: float = 0, until: float = 48) -> int:
    return await tx.staffing.put_on_duty(Shift(person, organisation, later(hours=since), later(hours=until)), 0, NOON)


async def test_a_roster_knows_what_is_and_what_comes_and_not_what_is_over(store: Store) -> None:
    async with store.transaction() as tx:
        anna, boris = await somebody(tx), await somebody(tx, "502")
        first = await away(tx, anna, deputy=boris)
        await on_duty(tx, boris, until=1)
        second = await on_duty(tx, boris, since=5, until=9)
        roster = await tx.staffing.roster(OWNER, later(hours=2))
    assert roster == Roster(
        (Absence(anna, OWNER, NOON, later(hours=48), boris, first),), (Shift(boris, OWNER, later(hours=5), later(hours=9), second),)
    )


async def test_many_rosters_cost_one_statement(store: Store) -> None:
    async with store.transaction() as tx:
        anna = await somebody(tx)
        await away(tx, anna)
        await on_duty(tx, anna, DESK)
    async with store.transaction() as tx:
        await tx.staffing.ahead([OWNER, OTHER, DESK], NOON)
        asked: list[object] = []
        look, tx.connection.look = tx.connection.look, asked.append  # type: ignore[method-assign]  # nothing more is looked up
        rosters = [await tx.staffing.roster(one, NOON) for one in (OWNER, OTHER, DESK)]
        tx.connection.look = look  # type: ignore[method-assign]
    assert [(len(one.absences), len(one.shifts)) for one in rosters] == [(1, 0), (0, 0), (0, 1)]
    assert asked == []


async def test_everybodys_rosters_are_read_in_one_statement_too(store: Store) -> None:
    async with store.transaction() as tx:
        anna = await somebody(tx)
        await away(tx, anna)
        await on_duty(tx, anna, DESK)
        await tx.staffing.everybody_ahead(NOON)
        looked = tx.connection.look
        tx.connection.look = None  # type: ignore[method-assign,assignment]  # nothing more is looked up
        rosters = [await tx.staffing.roster(one, NOON) for one in (OWNER, OTHER, DESK)]
        tx.connection.look = looked  # type: ignore[method-assign]
    assert [(len(one.absences), len(one.shifts)) for one in rosters] == [(1, 0), (0, 0), (0, 1)]


async def test_what_was_read_is_read_again_after_a_change(store: Store) -> None:
    async with store.transaction() as tx:
        anna = await somebody(tx)
        assert await tx.staffing.roster(OWNER, NOON) == Roster()
        await away(tx, anna)
        assert len((await tx.staffing.roster(OWNER, NOON)).absences) == 1


async def test_there_is_one_absence_in_each_organisation(store: Store) -> None:
    async with store.transaction() as tx:
        anna = await somebody(tx)
        first = await away(tx, anna, until=10)
        await away(tx, anna, OTHER)
        second = await away(tx, anna, until=20)
        found = await tx.staffing.absences_of(anna, NOON)
        ended = [(await tx.staffing.absence(one) or (None, None))[1] for one in (first, second)]
    assert [(one.organisation, one.until) for one in found] == [(OTHER, later(hours=48)), (OWNER, later(hours=20))]
    assert ended == [True, False]


async def test_who_comes_back_is_away_no_more(store: Store) -> None:
    async with store.transaction() as tx:
        anna = await somebody(tx)
        await away(tx, anna)
        await away(tx, anna, OTHER)
        assert len(await tx.staffing.come_back(anna, later(hours=1), organisation=OWNER)) == 1
        assert [one.organisation for one in await tx.staffing.absences_of(anna, later(hours=1))] == [OTHER]
        assert len(await tx.staffing.come_back(anna, later(hours=1))) == 1
        assert await tx.staffing.come_back(anna, later(hours=1)) == []


async def test_shifts_of_one_person_that_touch_become_one(store: Store) -> None:
    async with store.transaction() as tx:
        anna, boris = await somebody(tx), await somebody(tx, "502")
        await on_duty(tx, anna, since=0, until=24)
        await on_duty(tx, boris, since=0, until=24)
        await on_duty(tx, anna, since=24, until=48)
        await on_duty(tx, anna, since=60, until=70)
        shifts = (await tx.staffing.roster(OWNER, NOON)).shifts
    assert [(one.person, one.since, one.until) for one in shifts] == [
        (boris, NOON, later(hours=24)),
        (anna, NOON, later(hours=48)),
        (anna, later(hours=60), later(hours=70)),
    ]


async def test_a_shift_is_called_off_once(store: Store) -> None:
    async with store.transaction() as tx:
        shift = await on_duty(tx, await somebody(tx))
        assert await tx.staffing.shift(shift, NOON) is not None
        assert await tx.staffing.take_off_duty(shift, NOON)
        assert not await tx.staffing.take_off_duty(shift, NOON)
        assert await tx.staffing.shift(shift, NOON) is None


async def test_with_the_last_role_in_an_organisation_everything_of_it_ends(store: Store) -> None:
    async with store.transaction() as tx:
        anna, boris = await somebody(tx), await somebody(tx, "502")
        for role in (Role.OFFICIAL, Role.HEAD):
            await tx.people.appoint(anna, role, OWNER, Address(OFFICE.account, "501"), NOON)
        await away(tx, anna, deputy=boris)
        await away(tx, boris, since=100, until=120, deputy=anna)
        await away(tx, anna, OTHER)
        await on_duty(tx, anna)
        await tx.people.dismiss(anna, OWNER, NOON, role=Role.HEAD)
        assert len((await tx.staffing.roster(OWNER, NOON)).shifts) == 1
        await tx.people.dismiss(anna, OWNER, NOON)
        roster = await tx.staffing.roster(OWNER, NOON)
        elsewhere = await tx.staffing.roster(OTHER, NOON)
    assert roster.shifts == ()
    assert [(one.person, one.deputy) for one in roster.absences] == [(boris, 0)]
    assert [one.person for one in elsewhere.absences] == [anna]
