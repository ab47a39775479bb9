"""When administrators hear of what stands still: once when it begins, again while it lasts, once when it is over; never a storm."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from handlers.alarms import line, text
from incidents.incident import Role
from locales import texts
from scheduler.watchdog import CALM, GAP, WATCHES, Episode, Fact, Stuck, Tells, Word, decide, lines, tell
from storage.marks import Marks
from storage.store import Store
from tests.storage.given import NOON, later
from tests.stories.house import House

BEAT = timedelta(seconds=10)


def deaf(since: datetime | None, account: str = "vk/biysk") -> Fact:
    return Fact(condition=Stuck.DEAF, subject=account, since=since)


def told(beats: Sequence[tuple[datetime, Sequence[Fact]]], *, heard: bool = True) -> list[tuple[datetime, Word]]:
    """What was said in a run of looks, and when."""
    episodes: dict[str, Episode] = {}
    said = []
    for now, facts in beats:
        decision = decide(facts, episodes, now, heard=heard)
        episodes = dict(decision.episodes)
        said += [(now, word) for word in decision.words]
    return said


def beats(length: timedelta, fact: Fact, well: Fact) -> list[tuple[datetime, Sequence[Fact]]]:
    """Wrong from noon on for so long, then well for an hour."""
    count, calm = int(length / BEAT), int(timedelta(hours=1) / BEAT)
    return [(NOON + BEAT * n, [fact]) for n in range(count)] + [(NOON + BEAT * (count + n), [well]) for n in range(calm)]


@pytest.mark.parametrize("condition", list(Stuck))
def test_each_condition_is_told_of_within_two_minutes_of_its_time(condition: Stuck) -> None:
    after = WATCHES[condition].after
    if after > timedelta(minutes=2):
        assert not WATCHES[condition].stands or condition is Stuck.OUTBOX
    fact = Fact(condition=condition, since=NOON)
    said = told(beats(after + timedelta(minutes=3), fact, Fact(condition=condition, since=None)))
    assert said[0][1].tells is Tells.BEGINS
    assert said[0][0] - NOON - after <= BEAT
    if WATCHES[condition].stands and condition is not Stuck.OUTBOX:
        assert said[0][0] - NOON < timedelta(minutes=2)


def test_it_begins_lasts_and_is_over() -> None:
    said = told(beats(timedelta(hours=13), deaf(NOON), deaf(None)))
    assert [word.tells for _, word in said] == [Tells.BEGINS, Tells.LASTS, Tells.LASTS, Tells.OVER]
    begins, once_more, _, over = (at for at, _ in said)
    assert timedelta(seconds=75) <= begins - NOON < timedelta(seconds=75) + BEAT
    assert once_more - begins >= timedelta(hours=6)
    assert over == NOON + timedelta(hours=13) + CALM
    assert said[-1][1].lasted == timedelta(hours=13)


def test_what_comes_and_goes_is_told_once() -> None:
    flapping = []
    for number in range(1080):  # three hours; two minutes deaf, three minutes well
        now = NOON + BEAT * number
        began = NOON + timedelta(minutes=5) * (number // 30)
        flapping.append((now, [deaf(began if number % 30 < 12 else None)]))
    assert [word.tells for _, word in told(flapping)] == [Tells.BEGINS]


def test_what_is_short_is_not_told_at_all() -> None:
    assert told(beats(timedelta(seconds=60), deaf(NOON), deaf(None))) == []


def test_what_nobody_could_be_told_of_is_told_when_it_is_over() -> None:
    unheard = decide([deaf(NOON)], {}, later(minutes=5), heard=False)
    assert (unheard.words, unheard.episodes) == ((), {"deaf vk/biysk": Episode(NOON)})
    over = decide([deaf(None)], unheard.episodes, later(minutes=9))
    assert [(word.tells, word.lasted) for word in over.words] == [(Tells.OVER, timedelta(minutes=9))]
    assert over.episodes == {}


def test_what_still_lasts_when_somebody_can_be_told_is_told_then() -> None:
    unheard = decide([deaf(NOON)], {}, later(minutes=5), heard=False)
    heard = decide([deaf(NOON)], unheard.episodes, later(minutes=6))
    assert [(word.tells, word.lasted) for word in heard.words] == [(Tells.BEGINS, timedelta(minutes=6))]


def test_of_three_hundred_accounts_that_go_deaf_nobody_hears_three_hundred_times() -> None:
    chance = random.Random(5)  # noqa: S311  # chance, not secrecy
    since = {f"vk/{number}": NOON + timedelta(seconds=chance.uniform(0, 120)) for number in range(300)}
    run = [(NOON + BEAT * n, [deaf(at if at <= NOON + BEAT * n else None, account) for account, at in since.items()]) for n in range(60)]
    said = told(run)
    assert len(said) == 300
    moments = sorted({at for at, _ in said})
    assert all(second - first >= GAP for first, second in pairwise(moments))
    assert len(moments) <= 6
    long = text(texts("ru"), [(word.tells.value, word.condition.value, word.subject, word.lasted, 0) for _, word in said])
    assert long.count("\n") == 12
    assert len(long) < 4096


def test_a_condition_that_nobody_looked_at_stays_as_it_is() -> None:
    """Another process holds the account: it says how that stands."""
    known = {"deaf vk/biysk": Episode(NOON, told=NOON)}
    assert decide([], known, later(hours=8)).episodes == known


def test_readiness_names_everything_and_fails_only_for_what_stands_still() -> None:
    backup = Fact(condition=Stuck.BACKUP, since=NOON, after=timedelta(hours=1))
    assert lines([deaf(None), backup], later(hours=2)) == (True, ["backup"])
    assert lines([deaf(NOON), backup], later(hours=2)) == (False, ["deaf vk/biysk", "backup"])
    assert lines([deaf(NOON)], later(seconds=10)) == (True, [])
    early = Fact(condition=Stuck.DEAF, subject="vk/biysk", since=NOON, early=True)
    assert lines([early], later(seconds=1)) == (False, ["deaf vk/biysk"])


def test_every_line_of_the_table_has_its_words() -> None:
    for language in ("ru", "en"):
        for condition in Stuck:
            for tells in Tells:
                assert len(line(texts(language), (tells.value, condition.value, "vk/biysk", timedelta(minutes=3), 2))) > 10


# --- who hears it ------------------------------------------------------------------------------------------------------


async def test_an_administrator_hears_it_by_an_account_that_is_not_deaf(sqlite_store: Store) -> None:
    house = House(sqlite_store)
    await house.open()
    olga = await house.official("telegram/altai", "70", "Ольга", "", Role.ADMINISTRATOR)
    async with sqlite_store.transaction() as tx:
        person = (await tx.people.administrators())[0].person
        await tx.people.join(person, "vk/altai", "700")
        await tx.people.greet("vk/altai", "700", house.clock())
    facts = [Fact(condition=Stuck.DEAF, subject="telegram/altai", since=house.clock() - timedelta(minutes=2))]
    await _tells(house, facts, {"telegram/altai": False})
    assert olga.sees() == []
    (shown,) = house.chat_shows("vk/altai", "700")
    assert shown.text.startswith("⚠️ telegram/altai: мессенджер не отвечает на опрос уже 2 мин")


async def test_who_is_nowhere_else_hears_it_by_the_deaf_account_but_never_by_one_whose_token_is_refused(sqlite_store: Store) -> None:
    house = House(sqlite_store)
    await house.open()
    olga = await house.official("telegram/altai", "70", "Ольга", "", Role.ADMINISTRATOR)
    facts = [Fact(condition=Stuck.DEAF, subject="telegram/altai", since=house.clock() - timedelta(minutes=2))]
    await _tells(house, facts, {"telegram/altai": True})
    assert olga.sees() == []
    await _tells(house, facts, {"telegram/altai": False})
    assert len(olga.heard()) == 1
    house.clock.move(minutes=1)
    await _tells(house, facts, {})
    assert olga.heard() == []


async def test_without_administrators_nothing_is_said_and_nothing_fails(sqlite_store: Store) -> None:
    house = House(sqlite_store)
    await house.open()
    await _tells(house, [Fact(condition=Stuck.CLOCK, since=house.clock() - timedelta(minutes=2))], {})
    assert all(channel.shown == [] for channel in house.channels.values())
    async with sqlite_store.transaction() as tx:
        assert list(await Marks(tx.connection).all("watch ")) == ["clock"]


async def _tells(house: House, facts: Sequence[Fact], broken: dict[str, bool]) -> None:
    from handlers.turn import Moment

    async with house.store.transaction() as tx:
        await tell(Moment(tx, house.office, house.clock()), facts, broken)
    await house.settle()
