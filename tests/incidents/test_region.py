"""The region file is read as a whole, and every mistake in it is told at once with its place and what is allowed."""

from __future__ import annotations

import re
import tomllib
from datetime import time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.deadlines import LADDER, Audience, Length
from incidents.lines import Lines, place
from incidents.region import RegionError, RegionErrors, Route, parse
from locales import LANGUAGES, Texts

EXAMPLE = Path(__file__).parents[2] / "examples" / "altai.toml"
SMALL = """\
[region]
id = "small"
title = "Край"
timezone = "Asia/Barnaul"
operator = "Администрация"
privacy_url = "https://example.org/privacy"

[[topics]]
id = "roads"
title = "Дороги"
keywords = ["дорог*"]

[[territories]]
id = "town"
title = "Город"
names = ["город~"]

[[organisations]]
id = "office"
title = "Контора"

[[routes]]
topic = "roads"
organisation = "office"

[[accounts]]
kind = "vk"
name = "town"
token_env = "SUTKI_VK_TOWN_TOKEN"
"""


texts = cache(Texts)


def errors(text: str) -> tuple[RegionError, ...]:
    with pytest.raises(RegionErrors) as raised:
        parse(text)
    for error in raised.value.errors:  # whatever a test finds wrong can be said to people, with all the sentence needs
        assert all(texts(language).say(error.key, **error.args) for language in LANGUAGES)
    return raised.value.errors


def only(text: str) -> RegionError:
    found = errors(text)
    assert len(found) == 1, found
    return found[0]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_example_region_is_whole() -> None:
    region = parse(EXAMPLE.read_text(encoding="utf-8"))
    assert region.zone.key == "Asia/Barnaul"
    assert {account.key: account.territory for account in region.accounts} == {"telegram/altai": "", "vk/altai": "", "vk/biysk": "biysk"}
    assert region.organisation["zhkh-barnaul"].genitive == "Комитета ЖКХ Барнаула"
    assert region.clock.ladder == LADDER
    assert region.danger["gas"].phone == "104"


def test_a_small_region_has_the_defaults_of_the_product() -> None:
    region = parse(SMALL)
    assert region.clock.first_answer == Length(timedelta(hours=24))
    assert region.clock.urgent == Length(timedelta(hours=4))
    assert region.clock.quiet.begin == time(22)
    assert region.clock.ladder == LADDER
    assert region.language == "ru"
    assert region.organisation["office"].genitive == "Контора"
    assert region.desk.title


def test_reading_twice_gives_the_same() -> None:
    assert parse(SMALL) == parse(SMALL.replace("\n", "\r\n")) == parse("\ufeff" + SMALL)
    assert hash(parse(SMALL)) == hash(parse(SMALL))


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = SMALL.replace('"Asia/Barnaul"', '"Asia/Barnau"').replace('organisation = "office"', 'organisation = "ofice"\ntopics = "roads"')
    text = text.replace('kind = "vk"', 'kind = "icq"').replace('["дорог*"]', '["дорог*",\n"а*", 5]')
    found = errors(text)
    assert [(error.place, error.key) for error in found] == [
        ("region.timezone", "region-timezone"),
        ("topics[1].keywords[2]", "region-keyword-short"),
        ("topics[1].keywords[3]", "region-wrong-type"),
        ("routes[1].organisation", "region-unknown-reference"),
        ("routes[1].topics", "region-unknown-key"),
        ("accounts[1].kind", "region-choice"),
    ]
    assert [error.line for error in found] == [
        line_of(text, part) for part in ("timezone", '"а*"', '"а*"', "organisation = ", "topics =", "kind =")
    ]
    assert found[0].args["nearest"] == "Asia/Barnaul"
    assert found[3].args["nearest"] == "office"
    assert found[4].args["nearest"] == "topic"
    assert found[5].args["allowed"] == "telegram, vk"


@pytest.mark.parametrize(
    ("old", "new", "where", "key"),
    [
        ('title = "Дороги"\n', "", "topics[1]", "region-missing"),
        ('"Дороги"', '""', "topics[1].title", "region-empty"),
        ('"Дороги"', '"Дороги и всё, что бывает возле них"', "topics[1].title", "region-too-long"),
        ('"Дороги"', "5", "topics[1].title", "region-wrong-type"),
        ('"Дороги"', '"Доро\\nги"', "topics[1].title", "region-not-one-line"),
        ('["дорог*"]', "[]", "topics[1].keywords", "region-empty-list"),
        ('["дорог*"]', '"дорог*"', "topics[1].keywords", "region-wrong-type"),
        ('["дорог*"]', '["дорог*", "Дорог*"]', "topics[1].keywords[2]", "region-twice-in-list"),
        ('["дорог*"]', '["до*рог"]', "topics[1].keywords[1]", "region-keyword"),
        ('["дорог*"]', '["яма +"]', "topics[1].keywords[1]", "region-keyword"),
        ('id = "town"', 'id = "Town"', "territories[1].id", "region-slug"),
        ('id = "town"', 'id = "town--a"', "territories[1].id", "region-slug"),
        ('id = "town"', f'id = "{"a" * 33}"', "territories[1].id", "region-too-long"),
        ('id = "town"', 'id = "town"\nparent = "town"', "territories[1].parent", "region-cycle"),
        ('id = "town"', 'id = "town"\nparent = "county"', "territories[1].parent", "region-unknown-reference"),
        ('topic = "roads"', 'topic = ["roads", "rods"]', "routes[1].topic", "region-unknown-reference"),
        ("https://", "http://", "region.privacy_url", "region-url"),
        ('"SUTKI_VK_TOWN_TOKEN"', '"token"', "accounts[1].token_env", "region-env"),
        ("[[topics]]", '[clock]\nfirst_answer = "24"\n[[topics]]', "clock.first_answer", "region-length"),
        ("[[topics]]", '[clock]\nfirst_answer = "2wd"\n[[topics]]', "clock.first_answer", "region-length"),
        ("[[topics]]", '[clock]\nrepeat = "9wh"\n[[topics]]', "clock.repeat", "region-duration-elapsed"),
        ("[[topics]]", '[clock]\nrepeat = "9"\n[[topics]]', "clock.repeat", "region-duration"),
        ("[[topics]]", '[clock]\nfirst_answer = "0h"\n[[topics]]', "clock.first_answer", "region-duration-range"),
        ("[[topics]]", '[clock]\nurgent = "25h"\n[[topics]]', "clock.urgent", "region-urgent-longer"),
        ("[[topics]]", '[clock]\nladder = [{ at = "half", tell = ["head"] }]\n[[topics]]', "clock.ladder[1].at", "region-ladder-at"),
        ("[[topics]]", '[clock]\nladder = [{ at = "50%", tell = ["head"] }]\n[[topics]]', "clock.ladder", "region-ladder-no-deadline"),
        (
            "[[topics]]",
            '[clock]\nladder = [{ at = "deadline", tell = ["citizen"] }]\n[[topics]]',
            "clock.ladder[1].tell[1]",
            "region-choice",
        ),
        ("[[topics]]", '[quiet_hours]\nfrom = "25:00"\n[[topics]]', "quiet_hours.from", "region-time"),
        ("[[topics]]", '[quiet_hours]\nfrom = "07:00"\n[[topics]]', "quiet_hours.to", "region-quiet-equal"),
        ("[[topics]]", "[calender]\n[[topics]]", "calender", "region-unknown-key"),
        (
            "[[topics]]",
            '[[danger]]\nkind = "gas"\ntitle = "Газ"\nphone = "сто"\nwords = ["газ"]\n[[topics]]',
            "danger[1].phone",
            "region-phone",
        ),
    ],
)
def test_each_mistake_has_its_place(old: str, new: str, where: str, key: str) -> None:
    text = SMALL.replace(old, new, 1)
    error = only(text)
    assert (error.place, error.key) == (where, key)


def test_a_second_of_something_names_the_line_of_the_first() -> None:
    topic = SMALL + '[[topics]]\nid = "roads"\ntitle = "Ещё"\n'
    assert (only(topic).key, only(topic).args["line"]) == ("region-duplicate", str(line_of(SMALL, 'id = "roads"')))
    route = SMALL + '[[routes]]\ntopic = "roads"\norganisation = "office"\n'
    assert (only(route).key, only(route).args["line"]) == ("region-same-route", str(line_of(SMALL, "[[routes]]")))
    account = SMALL + '[[accounts]]\nkind = "telegram"\nname = "town"\ntoken_env = "SUTKI_VK_TOWN_TOKEN"\n'
    assert only(account).key == "region-same-token"


def test_who_refers_to_an_id_of_a_wrong_form_is_not_blamed_too() -> None:
    assert only(SMALL.replace('"office"', '"Office"')).key == "region-slug"


def test_a_region_needs_topics_organisations_and_accounts() -> None:
    text = SMALL[: SMALL.index("[[topics]]")]
    assert {(error.key, error.args["name"]) for error in errors(text)} == {
        ("region-none", name) for name in ("topics", "organisations", "accounts")
    }
    assert "region-missing-section" in {error.key for error in errors("")}


def test_a_ring_of_territories_is_told_once() -> None:
    more = '[[territories]]\nid = "a"\ntitle = "А"\nparent = "b"\n[[territories]]\nid = "b"\ntitle = "Б"\nparent = "a"\n'
    error = only(SMALL + more)
    assert (error.place, error.args["value"]) == ("territories[2].parent", "a → b → a")


@pytest.mark.parametrize(
    ("broken", "line", "problem"),
    [
        ('a = "b', 1, "unclosed-text"),
        ("\n\na = [1,\n", 3, "unclosed"),
        ("a = 1\na = 2", 2, "twice"),
        ("[region]\nid small", 2, "equals"),
        ("a = b", 1, "value"),
        ("a = 1 b = 2", 1, "newline"),
    ],
)
def test_what_is_no_toml_has_a_line_and_a_column(broken: str, line: int, problem: str) -> None:
    error = only(broken)
    assert (error.key, error.line, error.args["problem"]) == ("region-syntax", line, problem)
    assert error.column > 0


def test_a_token_put_in_the_file_is_never_repeated() -> None:
    for token in ("123456789:AAHsecretsecret", "vk1.a.secretsecret", "deadbeef" * 10):
        error = only(SMALL.replace("SUTKI_VK_TOWN_TOKEN", token))
        assert error.key == "region-env-token"
        assert token not in str(error)


def test_a_ladder_of_ones_own() -> None:
    steps = (
        '{ at = "25%", tell = ["assignee"] }, { at = "90m before", tell = ["curator"] },'
        ' { at = "deadline", tell = ["head"] }, { at = "4h after", tell = ["head"] }'
    )
    ladder = parse(SMALL.replace("[[topics]]", f"[clock]\nladder = [{steps}]\n[[topics]]", 1)).clock.ladder
    assert [(step.name, step.share, step.before) for step in ladder] == [
        ("25", 0.25, timedelta()),
        ("90m", None, timedelta(minutes=90)),
        ("deadline", None, timedelta()),
        ("4h-after", None, -timedelta(hours=4)),
    ]
    assert ladder[1].tells == (Audience.CURATOR,)


def test_a_route_may_name_lists_and_stands_for_each_pair() -> None:
    more = '[[routes]]\ntopic = ["roads", "snow"]\nterritory = ["town"]\norganisation = "office"\n'
    region = parse(SMALL + '[[topics]]\nid = "snow"\ntitle = "Снег"\n' + more)
    assert region.routes[1:] == (Route("office", "roads", "town"), Route("office", "snow", "town"))


def test_a_zone_comes_from_the_territory_or_what_it_lies_in() -> None:
    text = SMALL.replace('id = "town"', 'id = "town"\ntimezone = "Asia/Vladivostok"')
    region = parse(text + '[[territories]]\nid = "end"\ntitle = "Окраина"\nparent = "town"\n')
    assert region.zone_of("end").key == "Asia/Vladivostok"
    assert region.zone_of("").key == "Asia/Barnaul"


def test_quiet_hours_can_be_switched_off() -> None:
    quiet = parse(SMALL + "[quiet_hours]\nenabled = false\n").clock.quiet
    assert quiet.begin == quiet.end


def test_every_error_has_a_sentence_in_every_language() -> None:
    folder = EXAMPLE.parents[1] / "incidents"
    source = "".join((folder / name).read_text("utf-8") for name in ("region.py", "fields.py", "words.py"))
    keys = set(re.findall(r'"(region-[a-z-]+)"', source))
    assert keys
    assert {(language, key) for language in LANGUAGES for key in keys if not texts(language).has(key)} == set()


def test_a_sentence_names_the_place_and_what_is_allowed() -> None:
    error = only(SMALL.replace('kind = "vk"', 'kind = "vkk"'))
    what = texts("ru").say(error.key, **error.args)
    assert (error.line, error.place, what) == (27, "accounts[1].kind", "«vkk» здесь нельзя; может быть, vk? Можно: telegram, vk")


def test_the_place_of_everything_in_a_valid_file_is_known() -> None:
    text = '# c\n[a]\nb.c = """\n[x]\n"""\n\n[[t]]\nk = ["x", # ]\n  "y]",\n]\n[[t]]\n[t.s]\nv = { w = 1 }\n'
    lines = Lines(text)
    wanted = {("a",): 2, ("a", "b", "c"): 3, ("t", 0): 7, ("t", 0, "k", 1): 9, ("t", 1): 11, ("t", 1, "s", "v", "w"): 13}
    assert {path: lines.of(path) for path in wanted} == wanted
    assert lines.of(("t", 1, "nothing", "here")) == 11
    assert place(("t", 1, "k", 0)) == "t[2].k[1]"


@given(st.text(alphabet="[]{}=\"'\\#.,\n ab1-", max_size=60))
def test_the_locator_never_stumbles_over_what_tomllib_accepts(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    Lines(text)


@given(st.integers(0, 2000), st.sampled_from(["", '"', "[", "5", "\n", "= 1", 'id = "x"\n']))
def test_any_damage_is_an_error_or_a_region_and_nothing_else(at: int, what: str) -> None:
    damaged = SMALL[: at % len(SMALL)] + what + SMALL[at % len(SMALL) + 3 :]
    try:
        parse(damaged)
    except RegionErrors as raised:
        found = raised.errors
    else:
        found = ()
    assert all(1 <= error.line <= damaged.count("\n") + 1 for error in found)
