"""Every text the code speaks of is there in every language, nothing is there in vain, and numbers and dates read well."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent

from bots.channel import FileKind, Scene
from bots.vk.channel import _RIGHTS
from handlers import curate, enter, explained, extend, promises, spell, thread, watch
from handlers.recompute import Kind
from incidents.agenda import AGENDA, Section
from incidents.dates import Wrong
from incidents.incident import Action, NotAllowed, Resolution, Role, Status, Timer
from incidents.periods import Odd
from incidents.planning import Why as When
from incidents.responsible import As
from incidents.responsible import Why as Told
from locales import LANGUAGES, choose, texts
from scheduler.watchdog import Stuck

ROOT = Path(__file__).parents[2]
PACKAGES = ("bots", "handlers", "incidents", "locales", "scheduler", "storage")
SAYING = {"t": 0, "say": 0, "whisper": 0, "tell_thread": 2, "tell_citizen": 2, "_citizen": 0, "_thread": 0}
"""Functions that take a key, and which of their arguments it is."""

_NOT_ALLOWED = [value for name, value in vars(NotAllowed).items() if name.isupper()]
_HOLDERS = ["official", "head", "curator", "administrator"]
COMPUTED: Mapping[str, Sequence[str]] = {
    "agenda-{}": [*Section, *AGENDA],
    "alarm-{}": list(Stuck),
    "alarm-{}-over": list(Stuck),
    "button-{}": [
        "take",
        "release",
        "refuse",
        "question",
        "answer",
        "interim",
        "full",
        "give-up",
        "extend",
        *(name for name, _ in watch._CURATOR_CAN),
    ],
    "cli-recompute-{}": list(Kind),
    "cli-restore-{}": ["damaged", "foreign", "newer", "occupied", "running", "unsound"],
    "cli-sandbox-{}": ["queued", "failed", "uncertain"],
    "cli-settings-{}": [],  # pydantic fills these in; tests/bots/test_settings.py says each
    "cli-suggest-head-{}": ["count", "precision", "recall"],
    "clock-did-{}": list(Action),
    "clock-name-{}": [timer for timer in Timer if timer is not Timer.NONE],
    "clock-status-{}": list(Status),
    "clock-step-close-{}": [Timer.PAUSED, Timer.RATING],
    "clock-to-{}": list(As),
    "clock-told-{}": [why for why in Told if why not in explained._PLAIN],
    "clock-why-{}": [why for why in When if why is not When.OWN],
    "command-{}": list(enter.COMMANDS),
    "desk-{}": ["uncertain", "failed"],
    "digest-{}": ["on", "off"],
    "doctor-vk-right-{}": list(_RIGHTS),
    "draft-button-{}": list(promises.DAYS),
    "draft-date-{}": list(Wrong),
    "extend-{}-already": [extend.GRANTED, extend.REFUSED, "lapsed"],
    "draft-warning-{}": ["considered", "order", "competence", "phone", "email", "document"],
    "enter-{}": ["head", "curator", "administrator"],
    "file-{}": list(FileKind),
    "help-{}": _HOLDERS,
    "mine-{}-{}": ["answer-by", "answer-late", "promise-by", "promise-late"],
    "not-allowed-{}": _NOT_ALLOWED,
    "reason-{}": [*curate.REASONS, *extend.REASONS],
    "refusal-{}": list(extend.REFUSALS),
    "region-routes-{}": ["holes", "idle", "unrouted"],
    "region-routes-{}-more": ["holes", "idle", "unrouted"],
    "resolution-{}": list(Resolution),
    "role-{}": _HOLDERS,
    "scene-{}": list(Scene),
    "source-{}": ["telegram", "vk"],
    "spell-{}": list(Odd),
    "spell-button-{}": [str(days) for days in spell.DAYS],
    "status-{}": list(Status),
    "thread-before-{}": list(thread.LATER),
    "watch-{}": ["overdue", "due", "undelivered"],
    "watch-{}-none": ["overdue", "due", "undelivered"],
    "work-ask-{}": ["answer", "interim", "question"],
}
"""Keys that are put together, and what they are put together with. A new kind of them is added here."""
NO_KEYS = {"before-restore-{}", "asked-{}", "late-{}"}
"""What looks like them and is none: steps of a clock."""


@cache
def messages(language: str) -> Mapping[str, fluent.Message]:
    """Every text of a language as it is written."""
    found: dict[str, fluent.Message] = {}
    for file in sorted((ROOT / "locales" / language).glob("*.ftl")):
        for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body:
            if isinstance(entry, fluent.Message):
                assert entry.id.name not in found, f"{entry.id.name} stands twice in {language}"
                found[entry.id.name] = entry
    return found


def nodes(root: fluent.BaseNode) -> Iterator[fluent.BaseNode]:
    """The node and everything in it."""
    yield root
    for value in vars(root).values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, fluent.BaseNode):
                yield from nodes(one)


def variables(message: fluent.Message) -> set[str]:
    return {node.id.name for node in nodes(message) if isinstance(node, fluent.VariableReference)}


def written(message: fluent.Message) -> str:
    """The words of a text, whatever its number."""
    return "".join(node.value for node in nodes(message) if isinstance(node, fluent.TextElement))


@cache
def trees() -> Sequence[tuple[str, ast.Module]]:
    return [(file.name, ast.parse(file.read_text(encoding="utf-8"))) for package in PACKAGES for file in (ROOT / package).rglob("*.py")]


def pattern(node: ast.JoinedStr) -> str:
    return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}" for part in node.values)


def said() -> Iterator[tuple[str, ast.expr]]:
    """Every expression in the code that is a key, with where it stands."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                place = SAYING.get(function)
                if place is not None and len(node.args) > place:
                    yield f"{name}:{node.lineno}", node.args[place]


def literals(expression: ast.expr) -> Iterator[str]:
    """The keys an expression may come to, as far as they stand in it."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from literals(expression.body)
        yield from literals(expression.orelse)


def computed() -> set[str]:
    return {
        key.replace("{}", str(value), 1) if "{}-{}" not in key else f"mine-{value}" for key, values in COMPUTED.items() for value in values
    }


# --- the files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_understood(language: str) -> None:
    for file in (ROOT / "locales" / language).glob("*.ftl"):
        junk = [entry.content for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body if isinstance(entry, fluent.Junk)]
        assert junk == [], file.name


def test_the_same_texts_stand_in_every_language_in_the_same_files() -> None:
    for russian in (ROOT / "locales" / "ru").glob("*.ftl"):
        keys = [
            [entry.id.name for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body if isinstance(entry, fluent.Message)]
            for file in (russian, ROOT / "locales" / "en" / russian.name)
        ]
        assert keys[0] == keys[1], russian.name
    assert messages("ru").keys() == messages("en").keys()


def test_a_text_has_the_same_variables_in_every_language() -> None:
    assert {key: variables(text) for key, text in messages("ru").items()} == {key: variables(text) for key, text in messages("en").items()}


def test_a_citizens_message_is_never_called_by_the_word_of_the_law() -> None:
    for key, message in messages("ru").items():
        rest = re.sub(r"обращение по 59-ФЗ|[Оо]фициальное обращение", "", written(message))
        assert "обращени" not in rest.lower(), key


# --- the code ----------------------------------------------------------------------------------------------------------


def test_every_key_in_the_code_is_there() -> None:
    missing = [(where, key) for where, expression in said() for key in literals(expression) if key not in messages("ru")]
    assert missing == []


def test_every_key_that_is_put_together_is_there() -> None:
    assert sorted(computed() - messages("ru").keys()) == []


def test_every_way_of_putting_keys_together_is_known() -> None:
    shape = re.compile(r"[a-z]+(-[a-z]+)*-\{\}(-(\{\}|[a-z]+))*")
    found = {pattern(node) for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    assert {one for one in found if shape.fullmatch(one)} - NO_KEYS == set(COMPUTED)


def test_no_text_is_there_in_vain() -> None:
    constants = {
        node.value for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    used = constants | computed()
    assert [key for key in messages("ru") if key not in used and not key.startswith("cli-settings-")] == []


def test_keys_are_found_in_the_code_at_all() -> None:
    assert sum(1 for _, expression in said() for _ in literals(expression)) > 200


# --- words -------------------------------------------------------------------------------------------------------------

BARNAUL = ZoneInfo("Asia/Barnaul")
NOW = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "days"),
    [(1, "1 день"), (2, "2 дня"), (4, "4 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (22, "22 дня"), (112, "112 дней")],
)
def test_russian_counts_days_as_people_do(count: int, days: str) -> None:
    assert texts("ru").say("span-days", count=count) == days


@pytest.mark.parametrize(
    ("length", "russian", "english"),
    [
        (timedelta(), "0 мин", "0 min"),
        (timedelta(seconds=-5), "0 мин", "0 min"),
        (timedelta(seconds=59), "0 мин", "0 min"),
        (timedelta(minutes=1), "1 мин", "1 min"),
        (timedelta(hours=4, minutes=48), "4 ч 48 мин", "4 h 48 min"),
        (timedelta(hours=12), "12 ч", "12 h"),
        (timedelta(hours=24), "24 ч", "24 h"),
        (timedelta(hours=24, minutes=30), "1 день", "1 day"),
        (timedelta(hours=25), "1 день 1 ч", "1 day 1 h"),
        (timedelta(days=2), "2 дня", "2 days"),
        (timedelta(days=5, hours=3, minutes=7), "5 дней 3 ч", "5 days 3 h"),
    ],
)
def test_a_span_of_time(length: timedelta, russian: str, english: str) -> None:
    assert (texts("ru").span(length), texts("en").span(length)) == (russian, english)


@pytest.mark.parametrize(
    ("instant", "russian", "english"),
    [
        (NOW, "11 марта, 20:00", "11 March, 20:00"),
        (datetime(2026, 3, 11, 17, 5, tzinfo=UTC), "12 марта, 00:05", "12 March, 00:05"),
        (datetime(2026, 5, 9, 2, 0, tzinfo=UTC), "9 мая, 09:00", "9 May, 09:00"),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), "1 января 2027, 00:00", "1 January 2027, 00:00"),
    ],
)
def test_an_instant_is_said_in_the_time_of_the_place_with_the_year_only_when_it_is_another(
    instant: datetime, russian: str, english: str
) -> None:
    assert (texts("ru").when(instant, BARNAUL, NOW), texts("en").when(instant, BARNAUL, NOW)) == (russian, english)


def test_a_number_of_an_incident_has_no_spaces_in_it() -> None:
    assert texts("ru").say("number", number=1234567) == "№ 1234567"


def test_names_have_no_invisible_marks_around_them() -> None:
    assert not re.search("[\u2066-\u2069]", texts("ru").say("receipt-about", topic="Дороги", place="Бийск"))


def test_what_people_write_at_length_is_said_whole() -> None:
    long = "вода, " * 1000
    assert texts("ru").say("thread-quote", text=long) == f"«{long}»"


def test_a_missing_argument_and_an_unknown_key_are_our_mistakes() -> None:
    with pytest.raises(ValueError, match="number"):
        texts("ru").say("number")
    with pytest.raises(LookupError):
        texts("ru").say("no-such-text")


@pytest.mark.parametrize(("tag", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("EN-gb", "en"), ("", "ru"), ("de", "ru"), ("uk", "ru")])
def test_whoever_speaks_another_language_is_spoken_to_in_russian(tag: str, language: str) -> None:
    assert choose(tag) == language


def test_roles_that_have_no_name_are_never_named() -> None:
    assert {role.value for role in Role} - set(_HOLDERS) == {"citizen", "clock"}
