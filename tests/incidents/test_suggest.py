"""Suggestions: what keywords make of invented texts, how places are told apart, and a model that is read without any library."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.morphology import with_morphology
from incidents.reading import evidence, read
from incidents.region import Region, Topic, parse
from incidents.scores import score
from incidents.suggest import BadModel, Evidence, grams, parse_model
from incidents.words import Lexicon, Morphology
from tests.incidents.appeals import appeals
from tests.incidents.test_region import EXAMPLE


@cache
def altai() -> Region:
    return with_morphology(parse(EXAMPLE.read_text(encoding="utf-8")))


def model(**other: Any) -> str:
    """«самокат» is transport here, whatever the keywords say; «подъезд» is nothing in particular."""
    topics, names = ["improvement", "roads", "transport"], ["^подъ", "^само"]
    weights = [0, 0, 0, -127, -127, 127]
    data = {
        "format": 1,
        "region": "altai",
        "topics": topics,
        "grams": " ".join(names),
        "idf": [1.0, 2.0],
        "weights": b64encode(bytes(weight % 256 for weight in weights)).decode(),
        "scale": [0.1, 0.1, 0.1],
        "keywords": [[2.0 if row % 3 == at else 0.0 for at in range(3)] for row in range(6)],
        "bias": [0.0, 0.0, 0.0],
        "temperature": 1.0,
    }
    return json.dumps(data | other, ensure_ascii=False)


def learned(**other: Any) -> Region:
    return replace(altai(), learned=parse_model(model(**other), "altai", altai().topic))


# --- topics ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "topic"), appeals(), ids=lambda value: value[:24])
def test_keywords_know_what_people_write_about(text: str, topic: str) -> None:
    assert read(text, altai()).topic == topic


def test_what_was_learned_outweighs_a_keyword_and_names_its_words() -> None:
    text = "Самокаты брошены на тротуаре у подъезда"
    before, after = read(text, altai()), read(text, learned())
    assert (before.topic, after.topic) == ("improvement", "transport")
    assert after.topics[0].words == ("самокаты",)
    assert after.topic_confidence > 0.6


def test_without_a_keyword_only_what_is_sure_is_suggested() -> None:
    assert read("Самокаты!", learned()).topic == "transport"
    assert read("Непонятно что", learned()).topics == ()


def test_a_keyword_that_is_new_counts_at_once_and_a_topic_that_is_gone_does_not() -> None:
    region = learned()
    assert read("Собака кусает", region).topic == "animals"
    gone = replace(region, topics=tuple(topic for topic in region.topics if topic.id != "transport"))
    assert read("Самокаты на тротуаре", gone).topic == "improvement"
    newer = replace(region, topics=(*region.topics, Topic("scooters", "Самокаты", keywords=("самокат* на тротуар*", "самокат*"))))
    assert [guess.id for guess in read("Самокаты на тротуаре", newer).topics[:2]] == ["scooters", "transport"]


@given(st.text(max_size=200))
def test_any_text_has_likelihoods_that_are_some(text: str) -> None:
    topics = read(text, learned()).topics
    assert all(0 < guess.confidence <= 1 for guess in topics)
    assert sum(guess.confidence for guess in topics) <= 1.01


def test_a_street_and_what_has_digits_are_never_learned() -> None:
    words = evidence("На улице Ленина 15 нет света, звоните 89130000000", altai()).words
    assert words == ("на", "нет", "света", "звоните", "89130000000")
    assert "^лени" not in {gram for word in words for gram in grams(word)}
    assert grams("8913") == grams("кв5") == ()
    assert grams("дорогу") == ("^дорогу$", "^доро", "^дорог", "^дорогу")


# --- the stored model --------------------------------------------------------------------------------------------------

DAMAGED = {
    "no JSON": '{"format": 1',
    "no object": "[1, 2]",
    "nothing": "{}",
    "nested": "[" * 100_000,
    "weights short": model(weights="AAAA"),
    "weights no base64": model(weights="я"),
    "weights a number": model(weights=5),
    "idf zero": model(idf=[0.0, 1.0]),
    "idf not a number": model(idf=["x", 1.0]),
    "nan": model(bias=[0.0, 0.0, 1.0]).replace('"bias": [0.0, 0.0, 1.0]', '"bias": [0.0, 0.0, NaN]'),
    "infinite": model(scale=[1e300, 0.1, 0.1]),
    "temperature": model(temperature=0),
    "topics twice": model(topics=["roads", "roads", "transport"]),
    "one topic": model(topics=["roads"], scale=[1], bias=[0], weights="AAA=", keywords=[[1], [1]]),
    "grams twice": model(grams="^само ^само"),
    "grams a list": model(grams=["^само", "^подъ"]),
    "keywords": model(keywords=[[1.0]]),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_model_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(BadModel) as refused:
        parse_model(text, "altai", altai().topic)
    assert refused.value.why == "unreadable"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (model(region="other"), "foreign"),
        (model(format=2), "newer"),
        (model(topics=["a", "b", "c"]), "topics"),
    ],
)
def test_a_model_of_somebody_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadModel) as refused:
        parse_model(text, "altai", altai().topic)
    assert refused.value.why == why


@given(
    st.dictionaries(st.sampled_from(sorted(json.loads(model()))), st.recursive(st.none() | st.floats() | st.text(), st.lists), max_size=3)
)
def test_no_row_of_the_database_can_do_more_than_be_refused(other: dict[str, Any]) -> None:
    try:
        found = parse_model(model(**other), "altai", altai().topic)
    except BadModel:
        return
    assert sum(found.probabilities(Evidence(("самокат",), {"roads": 1.0})).values()) == pytest.approx(1.0)


def test_a_model_is_read_without_any_library() -> None:
    """Promised to those who run the bots: what learned is needed only where it is learned."""
    import sys
    from subprocess import run

    said = "import sys, incidents.reading; print({'sklearn', 'numpy', 'scipy', 'pymorphy3'} & set(sys.modules))"
    assert run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip() == "set()"  # noqa: S603  # ours


# --- places and forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "territory"),
    [
        ("В Бийске нет света", "biysk"),
        ("Бийская больница закрыта", "biysk"),
        ("на ул. Барнаульской яма", ""),
        ("в Бийске на ул. Барнаульской яма", "biysk"),
        ("Трасса Барнаул — Бийск не чищена", ""),
        ("Трасса Барнаул-Бийск не чищена", ""),
        ("Автобус из Бийска в Барнаул", ""),
        ("Мы из Бийска, ездим в Барнаул, а в Бийске врача нет", "biysk"),
        ("Барнаул, посёлок Южный, нет воды", "barnaul-yuzhny"),
        ("В Волчихе не работает почта", "volchikhinsky"),
        ("видели в лесу волчиху", ""),
        ("В Яровом нет воды", "yarovoe"),
        ("трактор на яровом поле", ""),
    ],
)
def test_a_place_is_taken_only_when_it_is_plain_which(text: str, territory: str) -> None:
    assert read(text, altai()).territory == territory


def test_the_ends_of_a_road_are_both_suggested_and_neither_is_sure() -> None:
    found = read("Трасса Барнаул — Бийск не чищена", altai()).territories
    assert {guess.id for guess in found} == {"barnaul", "biysk"}
    assert max(guess.confidence for guess in found) < 0.5


def test_a_town_is_surer_than_its_adjective() -> None:
    town, adjective = (read(text, altai()).territories[0] for text in ("В Бийске яма", "бийская яма"))
    assert town.confidence > adjective.confidence > 0.5


def test_a_dictionary_knows_forms_that_no_ending_tells() -> None:
    region = parse(EXAMPLE.read_text(encoding="utf-8").replace('"сугроб*"', '"сугроб*", "пень~"').replace('"пень", "пни",', ""))
    assert not any(guess.id == "roads" for guess in read("торчат пни", region).topics)
    assert read("торчат пни", with_morphology(region)).topic == "roads"


def test_forms_are_those_of_the_word_as_it_is_written() -> None:
    forms = altai().morphology.forms
    assert {"газ", "газа", "газом"} <= forms["газ"]
    assert "дорог" not in forms, "a mere stem has its endings"
    assert next(iter(Lexicon([("ice", ["лед~"])], Morphology({"лед": frozenset(["льда"])})).hits(["льда"]))).owner == "ice"


# --- scores ------------------------------------------------------------------------------------------------------------


def test_scores_are_what_the_books_say() -> None:
    found = score(["a", "a", "a", "b"], ["a", "a", "b", ""])
    assert found.accuracy == 0.5
    assert (found.by_topic["a"].precision, found.by_topic["a"].recall) == (1.0, pytest.approx(2 / 3))
    assert found.by_topic["b"].f1 == 0.0
    assert found.macro_f1 == pytest.approx(0.4)
    assert score([], []).macro_f1 == 0.0
