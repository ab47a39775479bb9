"""The most specific rule names the organisation, and without a rule the curators sort."""

from __future__ import annotations

from itertools import product
from zoneinfo import ZoneInfo

import pytest

from incidents.region import Region, Route, Territory, Topic, parse
from incidents.routing import route, sure_route
from tests.incidents.test_region import EXAMPLE

RULES = {
    "both": Route("both", "roads", "yuzhny"),
    "around": Route("around", "roads", "barnaul"),
    "topic": Route("topic", "roads"),
    "place": Route("place", "", "yuzhny"),
    "place-around": Route("place-around", "", "barnaul"),
    "all": Route("all"),
}
"""From the most to the least specific."""


def region(*routes: Route) -> Region:
    return Region(
        id="r",
        title="Р",
        zone=ZoneInfo("UTC"),
        operator="О",
        privacy_url="https://e.org",
        topics=(Topic("roads", "Дороги"), Topic("waste", "Мусор")),
        territories=(Territory("barnaul", "Барнаул"), Territory("yuzhny", "Южный", parent="barnaul"), Territory("biysk", "Бийск")),
        routes=routes,
    )


@pytest.mark.parametrize("kept", list(product([False, True], repeat=len(RULES))))
def test_whatever_rules_there_are_the_most_specific_wins(kept: tuple[bool, ...]) -> None:
    rules = [rule for rule, keep in zip(RULES.values(), kept, strict=True) if keep]
    assert route(region(*reversed(rules)), "roads", "yuzhny") == (rules[0].organisation if rules else None)


def test_an_unknown_half_matches_only_rules_without_it() -> None:
    whole = region(*RULES.values())
    assert route(whole, "roads", "") == "topic"
    assert route(whole, "", "yuzhny") == "place"
    assert route(whole, "", "") == "all"
    assert route(whole, "roads", "gone") == "topic"
    assert route(region(RULES["both"], RULES["place"]), "roads", "") is None


def test_the_example_sends_the_usual_things_where_they_belong() -> None:
    altai = parse(EXAMPLE.read_text(encoding="utf-8"))
    assert route(altai, "housing", "barnaul") == "zhkh-barnaul"
    assert route(altai, "housing", "barnaul-yuzhny") == "zhkh-barnaul"
    assert route(altai, "roads", "biysk") == "dorogi-biysk"
    assert route(altai, "health", "aleysk") == "minzdrav"
    assert route(altai, "improvement", "pavlovsky") == "adm-pavlovsky"
    assert route(altai, "improvement", "") is None


def test_every_topic_of_the_example_finds_somebody_in_every_territory() -> None:
    altai = parse(EXAMPLE.read_text(encoding="utf-8"))
    assert all(route(altai, topic.id, place.id) for topic in altai.topics for place in altai.territories)


def test_nothing_is_sent_past_a_place_that_would_decide() -> None:
    altai = parse(EXAMPLE.read_text(encoding="utf-8"))
    assert route(altai, "housing", "") == "zhkh-altai"
    assert sure_route(altai, "housing", "") is None
    assert sure_route(altai, "housing", "barnaul") == "zhkh-barnaul"
    assert sure_route(altai, "health", "") == "minzdrav"
