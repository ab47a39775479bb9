"""What stories about one conversation take as done by the others: a report that came in, an answer that was given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handlers.turn import Moment
from incidents.incident import Action, Deed, Role
from storage.incidents import Case
from tests.stories.house import Actor, House

PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день"
ROAD = "Когда починят дорогу до посёлка"


async def happened(house: House, number: int, action: Action, role: Role = Role.CURATOR, **what: Any) -> Case:
    """Somebody did this to an incident, and the house came to rest."""
    async with house.store.transaction() as tx:
        case = await tx.incidents.get(number)
        assert case is not None
        await Moment(tx, house.office, house.clock()).act(case, Deed(action=action, role=role, at=house.clock(), **what))
    await house.settle()
    return await house.case(number)


async def answered(house: House, number: int, text: str = "Трубу заменили") -> Case:
    """An official answered for good."""
    return await happened(house, number, Action.ANSWER, Role.OFFICIAL, by=await person_of(house, "official"), text=text)


async def promised(house: House, number: int, **by: float) -> Case:
    """An official promised an answer."""
    date = house.clock() + timedelta(**by)
    who = await person_of(house, "official")
    return await happened(house, number, Action.ANSWER_INTERIM, Role.OFFICIAL, by=who, text="Ждём трубу", date=date)


async def taken(house: House, number: int, user_id: str = "official") -> Case:
    """An official took it."""
    return await happened(house, number, Action.TAKE, Role.OFFICIAL, by=await person_of(house, user_id))


async def person_of(house: House, user_id: str) -> int:
    """Our own id of somebody in Telegram."""
    async with house.store.transaction() as tx:
        return (await tx.people.meet("telegram/altai", user_id, "Иванова", "ru", house.clock())).id


async def reported(house: House, text: str = PIPE, user_id: str = "100", account: str = "telegram/altai") -> Actor:
    """A citizen who reported."""
    citizen = house.person(account, user_id, "Анна Примерова")
    await citizen.says(text)
    citizen.heard()
    return citizen
