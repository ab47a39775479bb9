from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.plain import plain


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Яма на Ленина 15", "Яма на Ленина 15"),
        ("раз\r\nдва\rтри\u2028четыре\x85пять", "раз\nдва\nтри\nчетыре\nпять"),
        ("таб\tостаётся\n", "таб\tостаётся\n"),
        ("нуль\x00, звонок\x07, \x1b[31mцвет", "нуль, звонок, [31mцвет"),
        ("счёт\u202e0001\u202c", "счёт0001"),
        ("\u2066изолят\u2069\u200f", "изолят"),
        ("👨‍👩‍👧 ❤️ 🏴\U000e0067\U000e0062\U000e007f", "👨‍👩‍👧 ❤️ 🏴\U000e0067\U000e0062\U000e007f"),
        ("половина \ud83d и целое \ud83d\ude00", "половина \ufffd и целое 😀"),
    ],
)
def test_what_is_kept(typed: str, kept: str) -> None:
    assert plain(typed) == kept


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_storable(text: str) -> None:
    kept = plain(text)
    kept.encode()
    assert plain(kept) == kept
    assert all(letter in "\n\t" or unicodedata.category(letter) != "Cc" for letter in kept)
