"""What the design says of the clock, sentence by sentence: each stands below as the docstring of the story that proves it.

``SECTION`` is the section of the design in its own words, cut where one claim ends. A sentence without a story fails, and so does a
story whose sentence is not there.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FunctionType

import pytest
from sqlalchemy import select

from incidents.incident import Action, Role, Status, Timer
from incidents.region import parse
from incidents.responsible import Shift
from scheduler.digests import Diary
from storage import tables
from tests.stories.deeds import PIPE, happened
from tests.stories.house import Actor, House, on_both
from tests.stories.office import FORUM, OWNER, TG, VK, Desk, desk, known

SECTION = (
    # First answer
    "24 hours by default, counted from the platform's time of the citizen's message, not from when we processed it.",
    "A policy may set another length per topic (urgent: 4 h)",
    "or per territory,",
    "in elapsed or working hours (a calendar with holidays and a territory's own time zone; Russia has eleven).",
    "An answer, an interim answer stops it;",
    "a clarifying question pauses it.",
    # Promise
    "an interim answer without a date is not accepted.",
    "When the date passes without a final answer the citizen is told first, and the incident escalates.",
    # Ladder
    "(default; per policy)",
    "at 50 % and 80 % of the time and 2 h before the deadline the assignee is reminded,",
    "or the whole organisation while nobody has taken it;",
    "2 h before, also the curator;",
    "at the deadline the curator and the organisation's head;",
    "then once a day until answered.",
    "Each step happens once.",
    "A curator's «Взял на контроль» silences further pings of that step for that curator.",
    # Quiet hours
    "(22:00–07:00 of the recipient's territory):",
    "a reminder that would fall into them is sent before they begin, so that it is still of use;",
    "urgent incidents and the deadline itself ignore quiet hours for the person on duty.",
    # And
    "A machine asleep for a night sends the one reminder that matters now, not five.",
    "A morning digest (08:30 local) for each official, curator and head: due today, overdue, waiting, new.",
)
FILE = (Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8")
GAS = "Барнаул, на Ленина 15 пахнет газом в подъезде"


def test_every_sentence_has_its_story_and_every_story_its_sentence() -> None:
    stories = [one for name, one in vars(sys.modules[__name__]).items() if name.startswith("test_") and isinstance(one, FunctionType)]
    told = [(one.__doc__ or "").strip() for one in stories if one is not test_every_sentence_has_its_story_and_every_story_its_sentence]
    assert sorted(told) == sorted(SECTION)


# --- what the stories are made of --------------------------------------------------------------------------------------


async def ruled(house: House, *more: str) -> None:
    """The region with further rules in its file."""
    house.region = parse("\n".join((FILE, *more)))
    await house.open()


async def staffed(house: House) -> tuple[Desk, Actor, Actor]:
    """Two officials in a working chat, a curator, a head, and one report that came at 20:00."""
    curator = await house.official(TG, "31", "Вера Пробная", "", Role.CURATOR)
    head = await house.official(VK, "21", "Николай Условный", OWNER, Role.HEAD)
    return await desk(house), curator, head


def clock_said(office: Desk) -> list[str]:
    """What the clock has said in the working chat."""
    return [one.text for one in office.shows() if one.text.startswith(("⏳ № 1:", "🔴 № 1"))]


async def due(house: House) -> datetime:
    """When the first incident's clock ends, in Barnaul."""
    at = (await house.case(1)).incident.due_at
    assert at
    return at.astimezone(house.region.zone)


def barnaul(house: House, day: int, hour: int, minute: int = 0) -> datetime:
    """A local time of March."""
    return datetime(2026, 3, day, hour, minute, tzinfo=house.region.zone)


# --- the first answer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [TG, VK])
async def test_a_day_from_the_platforms_time(house: House, account: str) -> None:
    """24 hours by default, counted from the platform's time of the citizen's message, not from when we processed it."""
    citizen = house.person(account, "100", "Анна Примерова")
    await citizen.says(PIPE, at=house.clock() - timedelta(hours=5))
    assert await due(house) == barnaul(house, 12, 15)
    assert "Ответим до 12 марта, 15:00." in citizen.sees()[0].text


async def test_another_length_for_a_topic(house: House) -> None:
    """A policy may set another length per topic (urgent: 4 h)"""
    await ruled(house, '[[policies]]\ntopic = "housing"\nfirst_answer = "8h"')
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    assert await due(house) == barnaul(house, 12, 4)
    await house.person(TG, "101", "Пётр Образцов").says(GAS)
    assert (await house.case(2)).incident.due_at == house.clock() + timedelta(hours=4)


async def test_another_length_for_a_territory(house: House) -> None:
    """or per territory,"""
    await ruled(house, '[[policies]]\nterritory = "barnaul"\nfirst_answer = "30h"')
    await house.person(TG, "100", "Анна Примерова").says(PIPE)
    assert await due(house) == barnaul(house, 13, 2)
    await house.person(TG, "101", "Пётр Образцов").says("Бийск, прорвало трубу отопления на Мира 3")
    assert (await house.case(2)).incident.due_at == house.clock() + timedelta(hours=24)


@pytest.mark.parametrize(
    ("zone", "due_at"),
    [("Asia/Barnaul", datetime(2026, 3, 10, 10, tzinfo=UTC)), ("Asia/Kamchatka", datetime(2026, 3, 10, 5, tzinfo=UTC))],
)
async def test_working_hours_of_the_territory(house: House, zone: str, due_at: datetime) -> None:
    """in elapsed or working hours (a calendar with holidays and a territory's own time zone; Russia has eleven)."""
    text = FILE.replace('id = "barnaul"\n', f'id = "barnaul"\ntimezone = "{zone}"\n', 1)
    house.region = parse(f'{text}\n[[policies]]\ntopic = "housing"\nfirst_answer = "9wh"\n')
    await house.open()
    house.clock.now = datetime(2026, 3, 6, 17, tzinfo=house.region.zone_of("barnaul")).astimezone(UTC)
    citizen = house.person(TG, "100", "Анна Примерова")
    await citizen.says(PIPE)  # an hour before the office closes, on a Friday; Monday the 9th is a holiday
    assert (await house.case(1)).incident.due_at == due_at
    assert "Ответим до 10 марта, 17:00." in citizen.sees()[0].text


@pytest.mark.parametrize("interim", [False, True])
async def test_an_answer_stops_it(house: House, interim: bool) -> None:
    """An answer, an interim answer stops it;"""
    office, curator, _ = await staffed(house)
    ivanova = await known(house, "11")
    if interim:
        what = {"text": "Ждём трубу", "date": house.clock() + timedelta(days=10)}
        await happened(house, 1, Action.ANSWER_INTERIM, Role.OFFICIAL, by=ivanova, **what)
    else:
        await happened(house, 1, Action.ANSWER, Role.OFFICIAL, by=ivanova, text="Готово")
    await house.later(days=3)
    assert clock_said(office) == []
    assert curator.heard() == []
    assert (await house.case(1)).incident.timer is (Timer.PROMISE if interim else Timer.RATING)


async def test_a_question_pauses_it(house: House) -> None:
    """a clarifying question pauses it."""
    office, curator, _ = await staffed(house)
    await house.later(hours=4)
    await happened(house, 1, Action.ASK, Role.OFFICIAL, text="Какой подъезд?", by=await known(house, "11"))
    await house.later(days=3)
    assert (clock_said(office), curator.heard()) == ([], [])
    await office.citizen.says("Второй")
    assert (await house.case(1)).incident.due_at == house.clock() + timedelta(hours=20)


# --- the promise -------------------------------------------------------------------------------------------------------


async def test_no_interim_answer_without_a_date(house: House) -> None:
    """an interim answer without a date is not accepted."""
    office, _, _ = await staffed(house)
    await office.replies(office.ivanova, "Ждём трубу")
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.ivanova, "скоро")
    await house.later(hours=1)
    assert office.citizen.heard() == []
    assert (await house.case(1)).incident.status is Status.ASSIGNED
    await office.presses(office.ivanova, "3 дня")
    await office.passes()
    assert office.citizen.heard()[-1].endswith("Окончательный ответ дадим до 14 марта, 18:00.")


@pytest.mark.parametrize("account", [TG, VK])
async def test_the_citizen_hears_first_of_a_missed_promise(house: House, account: str) -> None:
    """When the date passes without a final answer the citizen is told first, and the incident escalates."""
    curator = await house.official(TG, "31", "Вера Пробная", "", Role.CURATOR)
    head = await house.official(VK, "21", "Николай Условный", OWNER, Role.HEAD)
    office = await desk(house, citizen=account)
    date = house.clock() + timedelta(days=2)
    await happened(house, 1, Action.ANSWER_INTERIM, Role.OFFICIAL, by=await known(house, "11"), text="Ждём", date=date)
    await house.later(days=1, hours=23, minutes=59)
    for one in (office.citizen, curator, head):
        one.heard()
    await house.later(minutes=1)
    assert office.citizen.heard() == ["По № 1 обещали до 13 марта, 20:00. Ответа пока нет — напомнили ответственным и сообщили куратору."]
    assert clock_said(office)[-1].startswith("🔴 № 1: обещали жителю до 13 марта, 20:00, ответа нет.")
    assert [len(one.heard()) for one in (curator, head)] == [1, 1]
    async with house.store.transaction() as tx:
        said = select(tables.outbox.c.chat).where(tables.outbox.c.incident_id == 1, tables.outbox.c.created_at == house.clock())
        chats = list(dict.fromkeys((await tx.connection.execute(said.order_by(tables.outbox.c.id))).scalars()))
    assert chats[0] == "100"
    assert {FORUM, "31", "21"} <= set(chats[1:])


# --- the ladder --------------------------------------------------------------------------------------------------------


async def test_the_ladder_of_a_policy(house: House) -> None:
    """(default; per policy)"""
    await ruled(
        house,
        '[[policies]]\ntopic = "housing"\nladder = [',
        '    { at = "25%", tell = ["curator"] },\n    { at = "deadline", tell = ["assignee", "curator"] },\n]',
    )
    office, curator, head = await staffed(house)
    await house.later(hours=12)
    assert [text.partition(",")[2].strip()[:14] for text in curator.heard()] == ["Барнаул, ул. Л"]
    assert clock_said(office) == []
    await house.later(hours=12)
    assert (len(clock_said(office)), len(curator.heard()), head.heard()) == (1, 1, [])


async def test_the_assignee_is_reminded(house: House) -> None:
    """at 50 % and 80 % of the time and 2 h before the deadline the assignee is reminded,"""
    office, _, _ = await staffed(house)
    await office.presses(office.ivanova, "Беру")
    for hours, left in ((12, "12 ч"), (7.2, "4 ч 48 мин"), (2.8, "2 ч")):
        await house.later(hours=hours, seconds=-1)
        before = len(clock_said(office))
        await house.later(seconds=1)
        assert clock_said(office)[before:] == [f"⏳ № 1: осталось {left}. В работе: Иванова."]


async def test_nobody_took_it(house: House) -> None:
    """or the whole organisation while nobody has taken it;"""
    office, _, _ = await staffed(house)
    await house.later(hours=12)
    head, names = clock_said(office)[-1].splitlines()
    assert head == "⏳ № 1: осталось 12 ч, никто не взял."
    assert {"Иванова", "Петров"} <= set(names.removesuffix(".").replace(":", ",").replace(",", " ").split())


async def test_two_hours_before_the_curator_hears(house: House) -> None:
    """2 h before, also the curator;"""
    _, curator, head = await staffed(house)
    await house.later(hours=22, seconds=-1)
    assert (curator.heard(), head.heard()) == ([], [])
    await house.later(seconds=1)
    (said,) = curator.heard()
    assert said.startswith("№ 1 (ЖКХ, Барнаул, ул. Ленина, 15) не взят, срок через 2 ч.")
    assert head.heard() == []


async def test_at_the_deadline(house: House) -> None:
    """at the deadline the curator and the organisation's head;"""
    office, curator, head = await staffed(house)
    await house.later(hours=24, seconds=-1)
    curator.heard()
    await house.later(seconds=1)
    assert [text.startswith("🔴 № 1 просрочен") for one in (curator, head) for text in one.heard()] == [True, True]
    assert clock_said(office)[-1].startswith("🔴 № 1 просрочен")


async def test_daily(house: House) -> None:
    """then once a day until answered."""
    _, curator, head = await staffed(house)
    await house.later(hours=24)
    for one in (curator, head):
        one.heard()
    for _ in range(3):
        await house.later(days=1)
        assert [len(one.heard()) for one in (curator, head)] == [1, 1]
    await happened(house, 1, Action.ANSWER, Role.OFFICIAL, by=await known(house, "11"), text="Готово")
    await house.later(days=3)
    assert (curator.heard(), head.heard()) == ([], [])


async def test_once(house: House) -> None:
    """Each step happens once."""
    office, _, _ = await staffed(house)
    for _ in range(3):
        await house.later(hours=12)
        for _ in range(3):  # whoever ticks at the same instant once more, or wakes a clock that has spoken
            await house.sleeps(seconds=0)
            async with house.store.transaction() as tx:
                await tx.connection.execute(tables.incidents.update().values(wake_at=house.clock()))
    async with house.store.transaction() as tx:
        steps = [step for _, step, _, _ in await tx.reminders.of(1)]
    assert sorted(steps) == sorted(set(steps))
    assert [text.partition(",")[0] for text in clock_said(office)][:3] == [
        "⏳ № 1: осталось 12 ч",
        "⏳ № 1: осталось 4 ч 48 мин",
        "⏳ № 1: осталось 2 ч",
    ]
    assert len(clock_said(office)) == 4


@on_both
async def test_under_control(house: House) -> None:
    """A curator's «Взял на контроль» silences further pings of that step for that curator."""
    _, first, _ = await staffed(house)
    second = await house.official(VK, "32", "Пётр Образцов", "", Role.CURATOR)
    await house.later(hours=48)
    await first.presses("Взял на контроль")
    for one in (first, second):
        one.heard()
    await house.later(days=2)
    assert (first.heard(), len(second.heard())) == ([], 2)


# --- quiet hours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Barnaul", "Asia/Kamchatka"])
@pytest.mark.parametrize(("reported", "said"), [((9, 59), (21, 59)), ((10, 0), (21, 45)), ((19, 0), (7, 0))])
async def test_when_it_is_quiet(house: House, zone: str, reported: tuple[int, int], said: tuple[int, int]) -> None:
    """(22:00–07:00 of the recipient's territory):"""
    text = FILE.replace('id = "barnaul"\n', f'id = "barnaul"\ntimezone = "{zone}"\n', 1)
    ladder = 'ladder = [{ at = "50%", tell = ["assignee"] }, { at = "deadline", tell = ["head"] }]'
    house.region = parse(f'{text}\n[[policies]]\ntopic = "housing"\n{ladder}\n')
    await house.open()
    there = house.region.zone_of("barnaul")
    house.clock.now = datetime(2026, 3, 11, *reported, tzinfo=there).astimezone(UTC)
    office = await desk(house)
    await house.later(hours=11, minutes=30)
    while not clock_said(office):
        await house.later(minutes=1)
    assert (house.clock().astimezone(there).hour, house.clock().astimezone(there).minute) == said


async def test_before_the_night(house: House) -> None:
    """a reminder that would fall into them is sent before they begin, so that it is still of use;"""
    house.clock.move(hours=17)  # 13:00 in Barnaul: half of the time is over at 1 at night
    office, _, _ = await staffed(house)
    await house.later(hours=8, minutes=44)
    assert clock_said(office) == []
    await house.later(minutes=1)
    assert house.clock().astimezone(house.region.zone) == barnaul(house, 12, 21, 45)
    assert [text.partition(",")[0] for text in clock_said(office)] == ["⏳ № 1: осталось 15 ч 15 мин"]
    await house.later(hours=9)
    assert len(clock_said(office)) == 1


async def test_on_duty_at_night(house: House) -> None:
    """urgent incidents and the deadline itself ignore quiet hours for the person on duty."""
    house.clock.move(hours=3)  # 23:00 in Barnaul
    curator = await house.official(TG, "31", "Вера Пробная", "", Role.CURATOR)
    watching = await house.official(VK, "32", "Пётр Образцов", "", Role.CURATOR)
    person, until = await known(house, "32", VK), house.clock() + timedelta(days=3)
    async with house.store.transaction() as tx:
        await tx.staffing.put_on_duty(Shift(person, "", house.clock() - timedelta(hours=1), until), person, house.clock())
    office = await desk(house, text=GAS)
    await house.later(hours=2)
    assert [text.partition(",")[0] for text in clock_said(office)] == ["⏳ № 1: осталось 2 ч"]
    assert (len(watching.heard()), curator.heard()) == (1, [])
    await house.later(hours=2)  # 3 at night
    assert clock_said(office)[-1].startswith("🔴 № 1 просрочен")
    assert (len(watching.heard()), curator.heard()) == (1, [])
    await house.later(hours=4)
    assert len(curator.heard()) == 1  # in the morning


# --- and ---------------------------------------------------------------------------------------------------------------


async def test_asleep_for_a_night(house: House) -> None:
    """A machine asleep for a night sends the one reminder that matters now, not five."""
    office, curator, head = await staffed(house)
    await house.later(hours=11)
    await house.sleeps(hours=13, minutes=30)
    assert [text.partition(":")[0] for text in clock_said(office)] == ["🔴 № 1 просрочен"]
    assert [len(one.heard()) for one in (curator, head)] == [1, 1]


async def test_the_morning(house: House) -> None:
    """A morning digest (08:30 local) for each official, curator and head: due today, overdue, waiting, new."""
    house.mornings = Diary()
    office, curator, head = await staffed(house)
    await house.person(VK, "101", "Пётр Образцов").says("Когда починят дорогу до посёлка")
    await house.later(hours=12, minutes=29)
    everybody = {"official": office.ivanova, "curator": curator, "head": head}
    assert not any("Доброе утро" in text for one in everybody.values() for text in one.heard())
    await house.later(minutes=1)
    said = {who: [text for text in one.heard() if text.startswith("Доброе утро")] for who, one in everybody.items()}
    assert [len(texts) for texts in said.values()] == [1, 1, 0]  # a head hears of what is hot or overdue
    assert "⏳ Срок сегодня: 1\n№ 1 ·" in said["official"][0]
    assert "📥 Не разобрано: 1\n№ 2 ·" in said["curator"][0]
    await house.later(days=1)
    (overdue,) = [text for text in head.heard() if text.startswith("Доброе утро")]
    assert "🔴 Просрочено: 1\n№ 1 ·" in overdue
