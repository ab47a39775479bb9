"""An answer that was not good enough: the rework clock runs from then on, with reminders of its own, until a new answer."""

from __future__ import annotations

import pytest

from incidents.incident import Action, Role, Timer
from incidents.region import parse
from tests.stories.deeds import answered, happened
from tests.stories.house import House, on_both
from tests.stories.office import FORUM, TG, VK, VK_CHAT, Desk, desk, known
from tests.stories.test_clock_rows import FILE, clock_said

BOTH = pytest.mark.parametrize(("account", "chat"), [(TG, FORUM), (VK, VK_CHAT)])


async def given(house: House, account: str, chat: str) -> Desk:
    """Answered for good, an hour after the report."""
    office = await desk(house, account, chat, forum=account == TG, citizen=account)
    await house.later(hours=1)
    await answered(house, 1)
    return office


async def reminded(house: House, office: Desk) -> None:
    """The clock goes by its own day, from 21:00 on, and an answer ends it."""
    incident = (await house.case(1)).incident
    assert (incident.timer, incident.due_at) == (Timer.REWORK, incident.started_at and house.region.clock.rework.amount + house.clock())
    await house.later(hours=12)
    assert clock_said(office)[-1].startswith("⏳ № 1: осталось 12 ч")
    await happened(house, 1, Action.ANSWER, Role.OFFICIAL, text="Теперь точно", by=await known(house, "11", office.account))
    before = len(clock_said(office))
    await house.later(days=2)
    assert len(clock_said(office)) == before


@BOTH
async def test_a_curator_returns_it(house: House, account: str, chat: str) -> None:
    office = await given(house, account, chat)
    office.citizen.heard()
    await happened(house, 1, Action.RETURN, Role.CURATOR, reason="off-point")
    assert office.citizen.heard() == ["Ответ по № 1 вернули на доработку. Новый ответ дадим до 12 марта, 21:00."]
    await reminded(house, office)


@BOTH
async def test_the_citizen_says_no(house: House, account: str, chat: str) -> None:
    office = await given(house, account, chat)
    await office.citizen.presses("Нет")
    assert "12 марта, 21:00" in office.citizen.last.text
    await reminded(house, office)


@on_both
async def test_a_policy_says_how_long(house: House) -> None:
    house.region = parse(f'{FILE}\n[[policies]]\ntopic = "housing"\nrework = "9wh"\n')
    await house.open()
    office = await given(house, TG, FORUM)
    await office.citizen.presses("Частично")
    assert "12 марта, 18:00" in office.citizen.last.text  # nine working hours from 21:00 on: the whole next day
