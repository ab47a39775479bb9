"""What each outcome means is one table, and the documents show the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bots.channel import Button, OpenThread, RenameThread, Reply
from bots.outcomes import OUTCOMES, Came, Kind, Then, is_missed, kind_of, then
from storage.posts import Purpose

DOCUMENT = Path(__file__).parents[2] / "docs" / "delivery.md"


def test_the_document_shows_the_table() -> None:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert head[1:] == list(Came)
    assert {name: dict(zip(Came, cells, strict=True)) for name, *cells in rows} == OUTCOMES


def test_every_kind_and_every_outcome_is_in_it() -> None:
    assert {kind: list(outcomes) for kind, outcomes in OUTCOMES.items()} == {kind: list(Came) for kind in Kind}


def test_the_document_explains_every_word() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [word for word in (*Came, *Then) if f"- **{word}**:" not in text] == []


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_has_its_line(purpose: Purpose) -> None:
    assert kind_of(Reply("текст"), purpose, changes=False) == purpose


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_no_new_message_is_judged_by_its_kind(purpose: Purpose) -> None:
    assert kind_of(Reply("текст"), purpose, changes=True) is Kind.EDIT
    assert kind_of(Reply("текст", whisper_to="p"), purpose, changes=False) is Kind.WHISPER
    assert kind_of(OpenThread("тема"), purpose, changes=False) is Kind.TOPIC
    assert kind_of(RenameThread("тема"), purpose, changes=False) is Kind.TITLE


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("came", [Came.UNKNOWN, Came.INTERRUPTED])
def test_only_a_person_sends_an_answer_in_doubt_again_and_a_message_in_doubt_twice(kind: Kind, came: Came) -> None:
    again = then(kind, came), then(kind, came, doubted=True)
    assert again == {
        Kind.ANSWER: (Then.ASK, Then.ASK),
        Kind.EDIT: (Then.AGAIN, Then.AGAIN),
        Kind.TOPIC: (Then.AGAIN, Then.AGAIN),
        Kind.TITLE: (Then.AGAIN, Then.AGAIN),
        Kind.WHISPER: (Then.DROP, Then.DROP),
    }.get(kind, (Then.ONCE, Then.ASK))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.WHISPER])
def test_where_repeats_are_dropped_nobody_has_to_be_asked(kind: Kind) -> None:
    assert then(kind, Came.UNKNOWN, doubted=True, drops_repeats=True) is Then.AGAIN


def test_a_second_doubt_changes_nothing_that_is_sure() -> None:
    sure = (Came.SENT, Came.LATER, Came.REFUSED, Came.TOO_OLD, Came.UNREACHABLE)
    assert [
        (kind, came) for kind in Kind for came in sure if then(kind, came, doubted=True, drops_repeats=True) is not OUTCOMES[kind][came]
    ] == []


@pytest.mark.parametrize("purpose", Purpose)
def test_a_change_that_cannot_be_made_is_missed_when_it_says_something_new_or_has_buttons(purpose: Purpose) -> None:
    stands, silent = Reply("№ 1", ((Button("Беру", "t"),),)), purpose in (Purpose.RECEIPT, Purpose.REMINDER)
    assert is_missed(Reply("№ 1, взято"), purpose, Reply("№ 2")) is not silent
    assert is_missed(Reply("№ 1, взято"), purpose, None) is not silent
    assert is_missed(replace(stands, text="№ 1\nвзято"), purpose, stands) is not silent
    assert not is_missed(Reply("№ 1"), purpose, stands)
    assert not is_missed(Reply("№ 1\nвзято"), purpose, stands)


def test_what_nobody_misses_is_not_posted_anew() -> None:
    assert (then(Kind.EDIT, Came.TOO_OLD), then(Kind.EDIT, Came.TOO_OLD, missed=False)) == (Then.ANEW, Then.DROP)
    assert [kind for kind in Kind if kind is not Kind.EDIT and then(kind, Came.TOO_OLD) is Then.ANEW] == []
