"""The door in: stored before acknowledged, handled once and in order, and nothing odd stops what comes behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bots import intake as door
from bots.channel import Address, Event, File, FileKind, Pressed, Said, Scene, Sender, TryLater, Update
from bots.intake import ALBUM_PAUSE, RETRIES, Intake, merge
from handlers import notices
from handlers.turn import Moment, Office
from storage.connection import Stale
from storage.inbox import FIRST
from storage.store import Store, Tx
from tests.fakes import START, TELEGRAM, VK, FakeChannel, FakeClock
from tests.stories.house import ALTAI

TG, VK_BIYSK = "telegram/altai", "vk/biysk"


def said(
    text: str = "", *, chat: str = "100", account: str = TG, album: str = "", scene: Scene = Scene.PRIVATE, name: str = "Анна"
) -> Said:
    photo = (File(FileKind.PHOTO, account, f"photo {text}"),) if album else ()
    return Said(
        id=text,
        at=START,
        address=Address(account, chat),
        sender=Sender(chat, name, "ru"),
        scene=scene,
        message=f"m-{text}",
        text=text,
        files=photo,
        album=album,
    )


class Desk:
    """An intake whose handler only writes down what it was given."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.clock = store, FakeClock()
        self.channels = {TG: FakeChannel(TG, TELEGRAM), VK_BIYSK: FakeChannel(VK_BIYSK, VK)}
        self.office = Office(ALTAI, {}, {name: channel.limits for name, channel in self.channels.items()}, notices.after)
        self.intake = self.another()
        self.heard: list[Event] = []
        self.own: list[Mapping[str, Any]] = []
        self.wrong: dict[str, list[Exception]] = {}
        """By text: what goes wrong at the next tries."""
        monkeypatch.setattr(door, "handle", self._handle)
        monkeypatch.setattr(door, "handle_own", self._handle_own)

    def another(self) -> Intake:
        """As after a restart."""
        return Intake(self.store, self.channels, lambda: self.office, self.clock)

    async def _handle(self, moment: Moment, event: Event) -> None:
        if isinstance(event, Said) and self.wrong.get(event.text):
            await moment.tx.people.meet(TG, "half-done", "", "", moment.now)
            raise self.wrong[event.text].pop(0)
        self.heard.append(event)

    async def _handle_own(self, moment: Moment, raw: Mapping[str, Any]) -> None:
        self.own.append(raw)

    def update(self, event: Event, key: str = "") -> Update:
        channel = self.channels[event.address.account]
        return Update(key or event.id, channel.raw(event), event.address.chat, event.album if isinstance(event, Said) else "")

    async def accepts(self, *updates: Update | Event, account: str = TG, cursor: str = "1") -> None:
        made = [one if isinstance(one, Update) else self.update(one) for one in updates]
        await self.intake.accept(account)(made, cursor)

    async def rests(self) -> None:
        while await self.intake.step():
            pass

    async def passes(self, length: timedelta) -> None:
        self.clock.now += length
        await self.rests()

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.heard if isinstance(event, Said)]

    async def dead(self) -> list[tuple[str, str]]:
        async with self.store.transaction() as tx:
            return [(row.key, row.error) for row in reversed(await tx.inbox.dead_letters())]

    async def counts(self) -> tuple[int, int]:
        async with self.store.transaction() as tx:
            counts = await tx.inbox.counts()
        return counts["new"], counts["dead"]

    async def queued(self, account: str = TG) -> list[tuple[str, str]]:
        async with self.store.transaction() as tx:
            return [(row.to.chat, getattr(row.out, "text", "")) for row in await tx.outbox.claim(account, self.clock())]


@pytest.fixture
def desk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(store, monkeypatch)


def always(problem: type[Exception], times: int = 50) -> list[Exception]:
    return [problem() for _ in range(times)]


# --- accepting ---------------------------------------------------------------------------------------------------------


async def test_accepting_stores_the_updates_and_the_cursor_and_handles_nothing_yet(desk: Desk) -> None:
    async with desk.store.transaction() as tx:
        await tx.accounts.identified(TG, "telegram", "1", "", "", "")
    await desk.accepts(said("раз"), said("два"), cursor="42")
    async with desk.store.transaction() as tx:
        assert await tx.accounts.cursor(TG) == "42"
    assert await desk.counts() == (2, 0)
    assert desk.heard == []


async def test_when_the_cursor_cannot_be_stored_the_updates_are_not_either(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("storage.accounts.Accounts.moved", fails)
    with pytest.raises(OSError, match="disk full"):
        await desk.accepts(said("раз"))
    assert await desk.counts() == (0, 0)


async def test_a_repeat_is_dropped_before_and_after_it_was_handled(desk: Desk) -> None:
    await desk.accepts(said("раз"))
    await desk.accepts(said("раз"))
    await desk.rests()
    await desk.accepts(said("раз"), said("два"))
    await desk.rests()
    assert desk.texts == ["раз", "два"]


async def test_the_same_key_of_another_account_is_another_update(desk: Desk) -> None:
    await desk.accepts(said("раз"))
    await desk.accepts(said("раз", account=VK_BIYSK), account=VK_BIYSK)
    await desk.rests()
    assert [event.address.account for event in desk.heard] == [TG, VK_BIYSK]


# --- what cannot be read -----------------------------------------------------------------------------------------------


async def test_a_malformed_update_is_a_dead_letter_at_once_and_the_next_is_handled(desk: Desk) -> None:
    await desk.accepts(Update("odd", {"no": "event"}, "100"), said("раз"))
    await desk.rests()
    assert desk.texts == ["раз"]
    assert await desk.dead() == [("odd", "malformed: no such event")]


async def test_an_update_that_breaks_the_reader_is_a_dead_letter_without_its_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read = desk.channels[TG].events

    def events(raw: Mapping[str, Any]) -> Sequence[Event]:
        if "poison" in raw:
            raise KeyError(raw["poison"])
        return read(raw)

    monkeypatch.setattr(desk.channels[TG], "events", events)
    await desk.accepts(Update("odd", {"poison": "чьи-то слова"}, "100"), said("раз"))
    await desk.rests()
    assert desk.texts == ["раз"]
    assert await desk.dead() == [("odd", "unreadable: KeyError")]


async def test_an_update_of_an_account_that_is_no_longer_connected_is_a_dead_letter(desk: Desk) -> None:
    await desk.accepts(said("раз"))
    del desk.channels[TG]
    await desk.rests()
    assert await desk.dead() == [("раз", "malformed: its account is no longer connected")]


async def test_one_photo_that_cannot_be_read_does_not_take_its_album_along(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), Update("odd", {"no": "event"}, "100", "a"), said("два", album="a"))
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["раз\nдва"]
    assert await desk.dead() == [("odd", "malformed: no such event")]


# --- what goes wrong while it is handled -------------------------------------------------------------------------------


async def test_a_failing_handler_is_tried_five_times_with_the_pauses_of_retries_and_then_given_up(desk: Desk) -> None:
    desk.wrong["беда"] = always(RuntimeError)
    await desk.accepts(said("беда"))
    await desk.rests()
    for number, pause in enumerate(RETRIES, start=1):
        assert len(desk.wrong["беда"]) == 50 - number
        await desk.passes(pause - timedelta(milliseconds=1))
        assert len(desk.wrong["беда"]) == 50 - number
        assert await desk.counts() == (1, 0)
        await desk.passes(timedelta(milliseconds=1))
    assert len(desk.wrong["беда"]) == 50 - 5
    assert await desk.dead() == [("беда", "RuntimeError")]


async def test_the_author_of_a_dead_letter_is_told_and_the_rest_of_the_lane_goes_on(desk: Desk) -> None:
    desk.wrong["беда"] = always(RuntimeError)
    await desk.accepts(said("беда"), said("потом"))
    for pause in (timedelta(0), *RETRIES):
        assert await desk.queued() == []
        await desk.passes(pause)
    assert await desk.queued() == [("100", "Ваше сообщение сохранено, но обработать его сразу не получилось. Им займётся человек.")]
    assert desk.texts == ["потом"]


async def test_nobody_is_told_in_a_group(desk: Desk) -> None:
    desk.wrong["беда"] = always(RuntimeError)
    await desk.accepts(said("беда", chat="-100", scene=Scene.GROUP))
    for pause in (timedelta(0), *RETRIES):
        await desk.passes(pause)
    assert await desk.queued() == []
    assert await desk.counts() == (0, 1)


async def test_what_failed_left_nothing_behind(desk: Desk) -> None:
    desk.wrong["беда"] = [RuntimeError()]
    await desk.accepts(said("беда"))
    await desk.rests()
    async with desk.store.transaction() as tx:
        assert await tx.people.known(TG, "half-done") is None


async def test_its_lane_waits_meanwhile_and_others_do_not(desk: Desk) -> None:
    desk.wrong["беда"] = always(RuntimeError, 2)  # once among others, once alone
    await desk.accepts(said("беда"), said("за ней"), said("другой", chat="200"))
    await desk.accepts(said("в ВК", account=VK_BIYSK), account=VK_BIYSK)
    await desk.rests()
    assert desk.texts == ["другой", "в ВК"]
    await desk.passes(RETRIES[0])
    assert desk.texts == ["другой", "в ВК", "беда", "за ней"]


async def test_a_flood_behind_a_failing_message_does_not_keep_others_waiting(desk: Desk) -> None:
    desk.wrong["беда"] = always(RuntimeError)
    await desk.accepts(said("беда"), *[said(str(number)) for number in range(250)])
    await desk.rests()
    await desk.accepts(said("другой", chat="200"))
    await desk.rests()
    assert desk.texts == ["другой"]


async def test_a_race_is_run_again_at_once(desk: Desk) -> None:
    desk.wrong["гонка"] = [Stale(), Stale()]
    await desk.accepts(said("гонка"))
    await desk.rests()
    assert desk.texts == ["гонка"]
    assert await desk.counts() == (0, 0)


async def test_a_race_that_is_lost_again_and_again_counts_as_a_failure_and_is_tried_later(desk: Desk) -> None:
    desk.wrong["гонка"] = [Stale(), Stale(), Stale()]
    await desk.accepts(said("гонка"))
    await desk.rests()
    assert (desk.texts, await desk.counts()) == ([], (1, 0))
    await desk.passes(RETRIES[0])
    assert desk.texts == ["гонка"]


async def test_what_was_taken_back_while_it_stood_in_line_is_not_handled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def takes_back(moment: Moment, event: Event) -> None:
        desk.heard.append(event)
        assert await moment.tx.inbox.cancel("send-7", moment.now)

    monkeypatch.setattr(door, "handle", takes_back)
    await desk.accepts(said("не надо"))
    async with desk.store.transaction() as tx:
        await tx.inbox.later("send-7", {"kind": "send-draft"}, lane="7", at=desk.clock())
    await desk.rests()
    assert (desk.texts, desk.own) == (["не надо"], [])


async def test_what_the_house_tells_itself_comes_in_its_time(desk: Desk) -> None:
    async with desk.store.transaction() as tx:
        await tx.inbox.later("later", {"kind": "any"}, lane="7", at=desk.clock(), handle_after=desk.clock() + timedelta(seconds=30))
    await desk.passes(timedelta(seconds=29))
    assert desk.own == []
    await desk.passes(timedelta(seconds=1))
    assert desk.own == [{"kind": "any"}]


async def test_what_goes_first_and_came_in_meanwhile_is_not_kept_waiting_by_what_was_looked_at_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    async def handle(moment: Moment, event: Event) -> None:
        if not order:  # an answer ends in doubt while everybody writes
            await moment.tx.inbox.later("outcome/1", {}, lane=FIRST, at=desk.clock())
        order.append(event.text if isinstance(event, Said) else "")

    async def handle_own(moment: Moment, raw: Mapping[str, Any]) -> None:
        order.append("outcome")

    for name, value in {"handle": handle, "handle_own": handle_own, "BATCH_TIME": 0.0, "LOOK_TIME": 0.0}.items():
        monkeypatch.setattr(door, name, value)
    await desk.accepts(*[said(f"{number}", chat=str(number)) for number in range(5)])
    await desk.rests()
    assert order == ["0", "outcome", "1", "2", "3", "4"]


# --- order and albums --------------------------------------------------------------------------------------------------


async def test_the_order_of_a_conversation_is_kept(desk: Desk) -> None:
    await desk.accepts(*[said(f"{number}", chat=str(number % 3)) for number in range(30)])
    await desk.rests()
    for chat in range(3):
        assert [text for text in desk.texts if int(text) % 3 == chat] == [str(number) for number in range(30) if number % 3 == chat]


async def test_order_is_kept_when_a_batch_is_cut_behind_what_waited_for_a_failed_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "AT_LEAST", 2)
    desk.wrong["раз"] = [RuntimeError()]

    async def handle(moment: Moment, event: Event) -> None:
        desk.intake._coming = 1  # an update waits to be stored
        await desk._handle(moment, event)

    monkeypatch.setattr(door, "handle", handle)
    await desk.accepts(said("раз"), said("два"), said("три"))
    await desk.rests()
    assert desk.texts == ["раз", "два", "три"]


async def test_an_album_is_one_thing_said_a_quiet_moment_after_its_last_photo(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), said("два", album="a"))
    await desk.passes(ALBUM_PAUSE - timedelta(milliseconds=1))
    assert desk.texts == []
    await desk.accepts(said("три", album="a"))
    await desk.passes(timedelta(milliseconds=1))
    assert desk.texts == []
    await desk.passes(ALBUM_PAUSE - timedelta(milliseconds=1))
    (album,) = desk.heard
    assert isinstance(album, Said)
    assert (album.text, [file.ref for file in album.files]) == ("раз\nдва\nтри", ["photo раз", "photo два", "photo три"])


async def test_an_album_survives_a_restart_in_the_middle_of_it(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"))
    await desk.rests()
    desk.intake = desk.another()
    await desk.accepts(said("два", album="a"))
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["раз\nдва"]


async def test_what_is_said_behind_an_album_waits_for_it(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), said("потом"), said("два", album="a"), said("другой", chat="200"))
    await desk.rests()
    assert desk.texts == ["другой"]
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["другой", "раз\nдва", "потом"]


async def test_what_stands_before_an_album_that_is_still_coming_in_is_handled_at_once(desk: Desk) -> None:
    await desk.accepts(said("раз"), said("два", album="a"))
    assert await desk.intake.step() == 1
    assert desk.texts == ["раз"]
    assert await desk.intake.step() == 0
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["раз", "два"]


async def test_an_album_of_no_lane_keeps_nothing_else_waiting(desk: Desk) -> None:
    one = desk.update(said("раз", album="a"))
    await desk.accepts(Update(one.key, one.raw, "", "a"))
    async with desk.store.transaction() as tx:
        await tx.inbox.later("own", {"kind": "any"}, lane="7", at=desk.clock())
    await desk.intake.step()
    assert desk.own == [{"kind": "any"}]


async def test_a_clock_that_was_put_back_does_not_keep_an_album_waiting(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), said("два"))
    desk.clock.now -= timedelta(hours=7)
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["раз", "два"]


async def test_two_albums_are_two_things_said(desk: Desk) -> None:
    await desk.accepts(said("раз", album="a"), said("два", album="b"), said("три", album="a"), said("четыре", chat="200", album="a"))
    await desk.passes(ALBUM_PAUSE)
    assert desk.texts == ["раз\nтри", "два", "четыре"]


async def test_an_album_that_fails_is_tried_again_as_one(desk: Desk) -> None:
    desk.wrong["раз\nдва"] = [RuntimeError()]
    await desk.accepts(said("раз", album="a"), said("два", album="a"))
    await desk.passes(ALBUM_PAUSE)
    await desk.passes(RETRIES[0])
    assert desk.texts == ["раз\nдва"]


async def test_an_album_that_fails_with_something_said_in_its_middle_is_tried_again_and_given_up_too(desk: Desk) -> None:
    desk.wrong["раз\nтри"] = always(RuntimeError)
    await desk.accepts(said("раз", album="a"), said("два"), said("три", album="a"), said("четыре"))
    for pause in (ALBUM_PAUSE, *RETRIES):
        assert desk.texts == []
        await desk.passes(pause)
    assert await desk.counts() == (0, 2)
    assert desk.texts == ["два", "четыре"]


def test_what_could_not_be_carried_is_known_of_every_part_of_an_album() -> None:
    parts = [replace(said("раз", album="a"), left_out=("poll",)), replace(said("два", album="a"), left_out=("poll", "story"))]
    (album,) = merge(parts)
    assert isinstance(album, Said)
    assert album.left_out == ("poll", "story")


# --- names -------------------------------------------------------------------------------------------------------------


def nameless(text: str = "раз") -> Said:
    return said(text, chat="200", account=VK_BIYSK, name="")


def names(desk: Desk) -> list[str]:
    return [event.sender.name for event in desk.heard if isinstance(event, Said | Pressed)]


async def test_a_name_is_asked_where_the_platform_does_not_tell_it(desk: Desk) -> None:
    desk.channels[VK_BIYSK].names["200"] = "Пётр Образцов"
    await desk.accepts(nameless(), account=VK_BIYSK)
    await desk.rests()
    assert names(desk) == ["Пётр Образцов"]


async def test_a_name_that_is_known_or_told_is_not_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def names_of(_: Sequence[str]) -> Mapping[str, str]:
        raise AssertionError("it was asked")

    monkeypatch.setattr(desk.channels[VK_BIYSK], "names_of", names_of)
    async with desk.store.transaction() as tx:
        await tx.people.meet(VK_BIYSK, "200", "Пётр Образцов", "ru", START)
    await desk.accepts(nameless(), said("два", account=VK_BIYSK), account=VK_BIYSK)
    await desk.rests()
    assert (names(desk), await desk.counts()) == (["", "Анна"], (0, 0))


async def test_a_name_that_does_not_come_delays_nobody_for_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def names_of(_: Sequence[str]) -> Mapping[str, str]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(door, "NAME_TIME", 0.01)
    monkeypatch.setattr(desk.channels[VK_BIYSK], "names_of", names_of)
    await desk.accepts(nameless(), account=VK_BIYSK)
    await desk.rests()
    assert names(desk) == [""]


@pytest.mark.parametrize("problem", [TryLater("away", 5), KeyError("a bug")])
async def test_no_trouble_with_a_name_costs_the_message(desk: Desk, monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    async def names_of(_: Sequence[str]) -> Mapping[str, str]:
        raise problem

    monkeypatch.setattr(desk.channels[VK_BIYSK], "names_of", names_of)
    await desk.accepts(nameless(), account=VK_BIYSK)
    await desk.rests()
    assert (desk.texts, await desk.counts()) == (["раз"], (0, 0))


# --- running -----------------------------------------------------------------------------------------------------------


async def until(true: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


async def test_it_runs_until_it_is_stopped_and_is_woken_by_what_comes(desk: Desk) -> None:
    running = asyncio.create_task(desk.intake.run())
    await desk.accepts(said("раз"))
    await until(lambda: desk.texts == ["раз"])
    await desk.accepts(said("два"))
    await until(lambda: desk.texts == ["раз", "два"])
    desk.intake.stop()
    async with asyncio.timeout(5):
        await running


async def test_it_stops_after_the_unit_at_hand_and_the_rest_is_handled_after_the_next_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(_: Moment, event: Event) -> None:
        begun.set()
        await go_on.wait()
        desk.heard.append(event)

    monkeypatch.setattr(door, "handle", handle)
    await desk.accepts(said("раз"), said("два", chat="200"))
    running = asyncio.create_task(desk.intake.run())
    await begun.wait()
    desk.intake.stop()
    go_on.set()
    async with asyncio.timeout(5):
        await running
    assert desk.texts == ["раз"]
    desk.intake = desk.another()
    await desk.rests()
    assert desk.texts == ["раз", "два"]


async def test_a_hint_is_given_after_a_transaction_that_may_have_queued_messages(desk: Desk) -> None:
    hints: list[int] = []
    desk.intake.handled = lambda: hints.append(1)
    await desk.accepts(said("раз"))
    await desk.rests()
    assert hints == [1]


class Away:
    """A database that is away for a number of transactions."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times, self._open = 0, store.transaction
        monkeypatch.setattr(store, "transaction", self.transaction)

    @asynccontextmanager
    async def transaction(self, _name: str = "") -> AsyncIterator[Tx]:
        if self.times:
            self.times -= 1
            raise OSError("the database is away")
        async with self._open() as tx:
            yield tx


async def test_database_trouble_neither_ends_it_nor_loses_nor_counts_as_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away(desk.store, monkeypatch)
    waits: list[float] = []

    async def wait(_: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(door, "_wait", wait)
    await desk.accepts(nameless(), account=VK_BIYSK)
    away.times = 7
    running = asyncio.create_task(desk.intake.run())
    await until(lambda: desk.texts == ["раз"])
    assert waits[:7] == [1.0] * 7
    desk.intake.stop()
    await running
    assert await desk.counts() == (0, 0)


async def test_nothing_is_lost_when_the_disk_is_full_in_the_middle_of_a_batch(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, full = Desk(sqlite_store, monkeypatch), [True]

    async def handle(moment: Moment, event: Event) -> None:
        assert isinstance(event, Said)
        asked = moment.tx.connection
        if event.text == "два" and full.pop():
            pages = (await asked.execute(text("PRAGMA page_count"))).scalar()
            await asked.execute(text(f"PRAGMA max_page_count = {pages}"))
            full.append(False)
            try:
                await moment.tx.regions.loaded("x" * 200_000, moment.now)  # SQLite takes back everything that it did for this transaction
            finally:
                await asked.execute(text("PRAGMA max_page_count = 1000000"))  # somebody made room
        await moment.tx.people.meet(TG, event.text, event.text, "ru", moment.now)

    monkeypatch.setattr(door, "handle", handle)
    texts = ["раз", "два", "три"]
    await desk.accepts(*[said(one, chat=one) for one in texts])
    for pause in (timedelta(0), *RETRIES):
        await desk.passes(pause)
    assert await desk.counts() == (0, 0)
    async with sqlite_store.transaction() as tx:
        assert [one for one in texts if await tx.people.known(TG, one)] == texts


async def test_a_database_that_goes_away_between_reading_and_handling_loses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away(desk.store, monkeypatch)
    await desk.accepts(nameless(), account=VK_BIYSK)
    for good in range(3):  # it fails first when looking, then when asking for the name, then when handling
        away.times = 0
        opened = 0

        @asynccontextmanager
        async def transaction(_name: str = "", good: int = good) -> AsyncIterator[Tx]:
            nonlocal opened
            opened += 1
            if opened > good:
                raise OSError("the database is away")
            async with away.transaction() as tx:
                yield tx

        monkeypatch.setattr(desk.store, "transaction", transaction)
        with pytest.raises(OSError, match="away"):
            await desk.intake.step()
    monkeypatch.setattr(desk.store, "transaction", away.transaction)
    await desk.rests()
    assert (desk.texts, await desk.counts()) == (["раз"], (0, 0))


async def test_two_processes_on_one_database_handle_each_update_once(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Store(postgresql_url), Store(postgresql_url)
    try:
        desk = Desk(one, monkeypatch)
        second = Intake(other, desk.channels, lambda: desk.office, desk.clock)
        await desk.accepts(*[said(str(number), chat=str(number)) for number in range(40)])
        await asyncio.gather(desk.intake.step(), second.step())
        assert sorted(desk.texts, key=int) == [str(number) for number in range(40)]
    finally:
        await one.close()
        await other.close()
