"""What is remarkable about the routes of a region file is told in few lines, each with its place."""

from __future__ import annotations

import time

import pytest

from incidents.region import read
from locales import LANGUAGES, texts
from tests.incidents.test_region import EXAMPLE, SMALL

ROUTE = '[[routes]]\ntopic = "roads"\norganisation = "office"\n'


def remarks(text: str) -> list[tuple[int, str, dict[str, str | int]]]:
    found = [one for one in read(text).remarks if one.key.startswith("region-routes")]
    for one in found:
        for language in LANGUAGES:
            assert texts(language).say(one.key, **one.args)
    return [(one.line, one.key, dict(one.args)) for one in found]


def with_routes(*routes: str, more: str = "") -> str:
    return SMALL.replace(ROUTE, "\n".join(f"[[routes]]\n{route}\n" for route in routes) + more)


def test_the_example_has_nothing_remarkable() -> None:
    assert remarks(EXAMPLE.read_text(encoding="utf-8")) == []


def test_without_any_route_that_alone_is_said() -> None:
    assert remarks(with_routes()) == [(1, "region-routes-none", {})]


def test_a_topic_nobody_answers_for_is_named_at_its_line() -> None:
    text = SMALL.replace("[[territories]]", '[[topics]]\nid = "waste"\ntitle = "Мусор"\n\n[[territories]]', 1)
    ((line, key, said),) = remarks(text)
    assert (text.splitlines()[line - 1], key) == ("[[topics]]", "region-routes-holes")
    assert said == {"topics": "waste", "count": 1, "everywhere": "yes", "territories": "town"}


def test_a_rule_behind_more_specific_ones_decides_nothing() -> None:
    text = with_routes('topic = "roads"\norganisation = "office"', 'topic = "roads"\nterritory = "town"\norganisation = "office"')
    ((line, key, said),) = remarks(text)
    assert (key, said) == ("region-routes-idle", {"value": "roads × *"})
    assert text.splitlines()[line - 1] == "[[routes]]"


def test_an_organisation_without_a_route_is_named() -> None:
    text = SMALL.replace("[[routes]]", '[[organisations]]\nid = "other"\ntitle = "Другая"\n\n[[routes]]', 1)
    assert [(key, said) for _, key, said in remarks(text)] == [("region-routes-unrouted", {"value": "other"})]


@pytest.mark.parametrize("everything", [False, True])
def test_a_large_region_is_told_of_in_few_lines_and_soon(everything: bool) -> None:
    topics = "".join(f'[[topics]]\nid = "t{at}"\ntitle = "Тема {at}"\n\n' for at in range(39))
    places = "".join(f'[[territories]]\nid = "p{at}"\ntitle = "Место {at}"\n\n' for at in range(69))
    bodies = "".join(f'[[organisations]]\nid = "o{at}"\ntitle = "Орган {at}"\n\n' for at in range(30))
    rules = ""
    for at in range(0 if everything else 39):
        some = [f"p{place}" for place in range(69) if place % (at + 2)]
        rules += f'[[routes]]\ntopic = "t{at}"\nterritory = {some}\norganisation = "o0"\n\n'.replace("'", '"')
    text = SMALL.replace("[[organisations]]", topics + places + bodies + "[[organisations]]", 1).replace(
        "[[accounts]]", rules + "[[accounts]]"
    )
    began = time.process_time()
    found = remarks(text)
    assert time.process_time() - began < 10  # a second or so; what it must not be is the product of everything with everything
    assert len(found) <= 3 * 13
    assert {"region-routes-holes", "region-routes-unrouted", "region-routes-unrouted-more"} <= {key for _, key, _ in found}
    assert all(len(str(one)) < 200 for _, _, said in found for one in said.values())
