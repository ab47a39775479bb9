"""Suggestions in use: a curator sees why, a place that is one of two is asked for, and every correction is kept."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from handlers.turn import Office
from incidents.incident import Role
from incidents.suggest import parse_model
from storage.tables import corrections
from tests.incidents.test_suggest import model
from tests.stories.deeds import reported
from tests.stories.house import House, on_both


async def kept(house: House) -> list[tuple[str, str, str]]:
    async with house.store.transaction() as tx:
        rows = await tx.connection.execute(
            select(corrections.c.field, corrections.c.before, corrections.c.after).order_by(corrections.c.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


def learns(house: House) -> None:
    region = replace(house.region, learned=parse_model(model(), "altai", house.region.topic))
    house.region = region
    house.office = Office(region, house.office.accounts, house.office.limits, house.office.after)


async def test_the_sorting_card_says_which_words_led_to_the_guess(house: House) -> None:
    curator = await house.official("telegram/altai", "cur", "Сидорова", "", Role.CURATOR)
    await reported(house, "Когда починят дорогу до посёлка", "100")
    await curator.says("/queue")
    assert "похоже: Дороги (" in curator.last.text
    assert "%) — «дорогу»" in curator.last.text


async def test_the_ends_of_a_road_are_offered_and_neither_is_taken(house: House) -> None:
    citizen = house.person("telegram/altai", "100", "Анна К.")
    await citizen.says("Трасса Барнаул — Бийск, яма на дороге")
    case = await house.case(1)
    assert (case.incident.territory, case.incident.organisation) == ("", "")
    assert citizen.last.labels[:2] == ["Барнаул", "Бийск"]


async def test_what_was_learned_routes_a_report(house: House) -> None:
    learns(house)
    citizen = house.person("vk/biysk", "100", "Анна К.")
    await citizen.says("Самокаты брошены на тротуаре")
    assert (await house.case(1)).incident.organisation == "transport-biysk"


@on_both
async def test_a_correction_after_an_official_took_it_is_kept_too(house: House) -> None:
    official = await house.official("telegram/altai", "off", "Иванова", "dorogi-barnaul")
    citizen = house.person("telegram/altai", "100", "Анна К.")
    await citizen.says("Яма на дороге в Барнауле")
    await citizen.presses("Другая тема")
    topics = citizen.last
    await official.presses("Беру")
    await citizen.presses("Благоустройство", at=topics)
    assert await kept(house) == [("topic", "roads", "improvement")]
    assert (await house.case(1)).incident.topic == "roads"
