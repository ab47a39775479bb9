"""Whatever goes wrong in the house, at DEBUG too: nobody's words, no name and no token come into a log line or an error that is kept."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from bots import logs, redaction
from bots.channel import Address, Event, Moved, Outgoing, Refused, ThreadGone, TryLater, Undelivered, Unknown, Unreachable, Update
from bots.intake import RETRIES
from handlers import notices, report, work
from handlers.turn import Turn
from storage.store import Store
from tests.stories.house import ALTAI, House

WORDS, NAME, ANSWER, FORGED = "канарейка-слова", "Канарейкина Имя", "канарейка-ответ", "канарейка-кнопка"
TELEGRAM, VK = "7012345678:AAH9" + "x-_Z" * 8, "vk1.a." + "q9-_Z" * 20
SECRET = [WORDS, "анарейкин", ANSWER, FORGED, TELEGRAM, VK]
REPORT = f"Барнаул, на Ленина 15 прорвало трубу отопления, {WORDS}"
ACCOUNT, FORUM = "telegram/altai", "-100"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.start("debug", json=True, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    redaction._known.clear()


@pytest.fixture
async def house(sqlite_store: Store, out: io.StringIO) -> House:
    made = House(sqlite_store, ALTAI)
    await made.open()
    await made.chat(ACCOUNT, FORUM, "zhkh-barnaul", forum=True)
    return made


async def kept(house: House) -> str:
    """Every error that is kept for an administrator."""
    async with house.store.transaction() as tx:
        found = await tx.connection.execute(text("SELECT error FROM inbox UNION ALL SELECT error FROM outbox"))
        return "\n".join(found.scalars())


async def nothing_told(house: House, out: io.StringIO, *events: str) -> None:
    """No secret anywhere; and the log did say what happened."""
    said, errors = out.getvalue(), await kept(house)
    for event in events:
        assert event in said
    assert [secret for secret in SECRET if secret in said] == []
    assert [secret for secret in SECRET if secret in errors] == []


async def life(house: House) -> None:
    """A report, a forged press, a collision, and an answer."""
    official = await house.official(ACCOUNT, "11", NAME, "zhkh-barnaul")
    citizen = house.person("vk/altai", "200", NAME)
    await citizen.says(REPORT, photos=2)
    await citizen.says(f"Спасибо, {WORDS}")
    shown = house.chat_shows(ACCOUNT, FORUM)
    if shown:
        await official.presses_payload(FORGED, shown[0])
        await official.says(ANSWER, to=FORUM, thread=shown[0].address.thread, reply_to=shown[0])
        await house.later(minutes=1)


@pytest.mark.parametrize(
    "problem",
    [None, TryLater("429", 3), Unreachable("blocked"), ThreadGone("no topic"), Refused("no"), Unknown("reset"), Moved("-200")],
    ids=lambda problem: type(problem).__name__,
)
async def test_a_life_of_an_incident_with_every_way_a_call_can_end(house: House, out: io.StringIO, problem: Undelivered | None) -> None:
    if problem:
        for chat in (FORUM, "200", "11"):
            for channel in house.channels.values():
                channel.fail[chat] = [None, problem, problem, None]
    await life(house)
    await house.later(hours=25)
    await nothing_told(house, out)


@pytest.mark.parametrize("kind", [ValueError, KeyError, OSError, RuntimeError, UnicodeError])
async def test_a_channel_that_breaks_over_a_text_or_a_token(
    house: House, out: io.StringIO, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    async def send(to: Address, sent: Outgoing, key: int) -> tuple[str, ...]:
        raise kind(f"https://api.telegram.org/bot{TELEGRAM}/sendMessage?access_token={VK}" if kind is OSError else repr(sent))

    for channel in house.channels.values():
        monkeypatch.setattr(channel, "send", send)
    await life(house)
    await nothing_told(house, out, "send_broke")


async def test_a_handler_that_breaks_over_a_text(house: House, out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(turn: Turn) -> None:
        try:
            int(turn.said.text)
        except ValueError as problem:
            raise RuntimeError(f"{turn.said!r}") from problem

    monkeypatch.setattr(report, "heard", breaks)
    monkeypatch.setattr(work, "said_in_group", breaks)
    citizen = house.person(ACCOUNT, "100", NAME)
    await citizen.says(REPORT)
    for pause in RETRIES:
        await house.later(seconds=pause.total_seconds())
    assert citizen.last.text.startswith("Ваше сообщение сохранено")
    await nothing_told(house, out, "handling_failed", "dead_letter")


async def test_a_database_that_refuses_a_text(house: House, out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(turn: Turn) -> None:
        await turn.tx.connection.execute(text("INSERT INTO nowhere VALUES (:said)"), {"said": turn.said.text})

    monkeypatch.setattr(report, "heard", refused)
    await house.person(ACCOUNT, "100", NAME).says(REPORT)
    await nothing_told(house, out, "handling_failed")


async def test_a_reader_and_a_name_that_break(house: House, out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = house.channels["vk/altai"]
    read = channel.events

    def events(raw: Mapping[str, Any]) -> Sequence[Event]:
        if "odd" in raw:
            raise KeyError(raw["odd"])
        return read(raw)

    async def names_of(user_ids: Sequence[str]) -> Mapping[str, str]:
        raise ValueError(f"{NAME} {VK}")

    monkeypatch.setattr(channel, "events", events)
    monkeypatch.setattr(channel, "names_of", names_of)
    await house.intake.accept("vk/altai")([Update("odd", {"odd": WORDS, "token": VK}, "200")], "1")
    await house.person("vk/altai", "200", "").says(REPORT)
    await nothing_told(house, out, "update_unreadable")


async def test_a_clock_that_breaks_over_an_incident(house: House, out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(moment: object, case: object, reminder: object) -> None:
        raise RuntimeError(repr(case))

    monkeypatch.setattr(notices, "remind", breaks)
    await house.person(ACCOUNT, "100", NAME).says(REPORT)
    await house.sleeps(hours=12)
    await nothing_told(house, out, "wake_failed")
