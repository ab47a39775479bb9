"""Asks a dictionary of Russian (pymorphy3) about the words of a region file, once when it is loaded: texts are read without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from incidents.region import Region
from incidents.words import Morphology, keyword, normal

_PLACE = "Geox"
"""What the dictionary calls a geographical name."""
_RUSSIAN = re.compile(r"[а-я]{2,}(?:-[а-я]+)*")


def with_morphology(region: Region) -> Region:
    """The region, with the forms of its words. Takes a third of a second."""
    return replace(region, morphology=study(tuple(sorted(set(_cased(region)))), tuple(sorted(set(_names(region))))))


def _cased(region: Region) -> Iterator[str]:
    """The words written with ``~``."""
    lists = [*(one.keywords for one in region.topics), *(one.names for one in region.territories), *(one.words for one in region.dangers)]
    for text in (text for texts in lists for text in texts):
        found = keyword(text)
        if not isinstance(found, str):
            yield from (form.letters for part in found.parts for form in part if form.more == "~")


def _names(region: Region) -> Iterator[str]:
    """The names of places that are one word."""
    for text in (text for territory in region.territories for text in territory.names):
        found = keyword(text)
        if not isinstance(found, str) and len(found.parts) == 1 == len(found.parts[0]):
            form = found.parts[0][0]
            if form.more != "*":
                yield form.letters


@lru_cache(maxsize=4)
def study(words: tuple[str, ...], names: tuple[str, ...]) -> Morphology:
    """The forms of words, and which names are words of everyday too. The dictionary is let go of afterwards."""
    from pymorphy3 import MorphAnalyzer  # noqa: PLC0415  # a tenth of a second, and only where a region is loaded

    dictionary = MorphAnalyzer()
    forms = {word: found for word in words if _RUSSIAN.fullmatch(word) and (found := _forms(dictionary, word))}
    common = {name for name in names if _RUSSIAN.fullmatch(name) and _is_common(dictionary, name)}
    return Morphology(forms, frozenset(common))


def _forms(dictionary: Any, word: str) -> frozenset[str]:
    """All forms of a word that stands in the dictionary as it is written; of a mere stem («дорог») none, its endings do."""
    found = [one for one in dictionary.parse(word) if one.is_known and normal(one.normal_form) == word]
    return frozenset(normal(form.word) for one in found for form in one.lexeme)


def _is_common(dictionary: Any, name: str) -> bool:
    """Whether a name may mean something else: the dictionary has the word, and not only as a place."""
    return any(one.is_known and _PLACE not in one.tag and "Surn" not in one.tag for one in dictionary.parse(name))
