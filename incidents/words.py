"""The forms of words a region file may use for topics, places and dangers, and how they are found in a text.

``газ`` is exactly that word, ``дорог*`` every word that begins so, ``газ~`` the same word in any of its cases (газа, газом;
neither газон nor газета); where a dictionary was asked (``Morphology``), the forms it knows count too (``лед~``: льда). Several
words stand right beside each other in this order; ``пахн* + газ~`` stand near each other in any order.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

Owner = TypeVar("Owner")

WORD = re.compile(r"[0-9a-zа-я]+(?:-[0-9a-zа-я]+)*")
_FORM = re.compile(r"([0-9a-zа-я]+(?:-[0-9a-zа-я]+)*)([*~]?)")
SHORTEST_STEM = 2
NEAR = 4
"""Words that may stand between the parts of a ``+`` keyword."""
WORDS = 50_000
"""Words of texts that are remembered with the keywords they may begin; then it begins anew."""
ENDINGS = frozenset(
    re.findall(
        r"\w+",
        "а я о е и ы у ю ь й ом ем ой ей ою ею ов ев ам ям ами ями ах ях ью ия ии ию ией ие ий иям иями иях "
        "ый ая ое ые ого его ому ему ым им ых их ую юю ыми ими",
    )
)
"""What may follow the stem of a ``~`` word: the endings of nouns and adjectives."""


def normal(text: str) -> str:
    """Small letters, and е for ё, as people type it; of the same length, so that positions keep their meaning."""
    small = text.lower()
    return (small if len(small) == len(text) else "".join(letter.lower()[:1] or letter for letter in text)).replace("ё", "е")


@dataclass(frozen=True, slots=True)
class Form:
    """One word of a keyword: its letters and how a word of the text may go on after them ("", "*" or "~")."""

    letters: str
    more: str = ""
    others: frozenset[str] = frozenset()
    """Its forms that begin otherwise or end in no common ending, as a dictionary knows them."""

    def fits(self, word: str) -> bool:
        """Whether a word of a text is this word."""
        if word in self.others:
            return True
        if not word.startswith(self.letters):
            return False
        rest = word[len(self.letters) :]
        return not rest or self.more == "*" or (self.more == "~" and rest in ENDINGS)


@dataclass(frozen=True, slots=True)
class Morphology:
    """What a dictionary of Russian says about the words of a region file. Empty: nobody asked one, and endings alone decide."""

    forms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """A word written with ``~`` → all its forms."""
    common: frozenset[str] = frozenset()
    """Names of places that are words of everyday too («ключи»)."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword of the region file, taken apart. ``parts`` are phrases that stand near each other in any order."""

    parts: tuple[tuple[Form, ...], ...]

    @property
    def weight(self) -> float:
        """How much it tells: more words tell more."""
        return 1.0 + 0.5 * (sum(map(len, self.parts)) - 1)


def keyword(text: str) -> Keyword | str:
    """Take a keyword apart, or the key of what is wrong with it."""
    parts = []
    for part in normal(text).split("+"):
        forms = []
        for word in part.split():
            found = _FORM.fullmatch(word)
            if not found:
                return "region-keyword"
            if found.group(2) and len(found.group(1)) < SHORTEST_STEM:
                return "region-keyword-short"
            forms.append(Form(found.group(1), found.group(2)))
        if not forms:
            return "region-keyword"
        parts.append(tuple(forms))
    return Keyword(tuple(parts))


@dataclass(frozen=True, slots=True)
class Hit(Generic[Owner]):
    """A keyword that was found: whose it is, and which words of the text (by number) it took."""

    owner: Owner
    weight: float
    words: tuple[int, ...]
    keyword: Keyword


class Lexicon(Generic[Owner]):
    """Many keywords, laid out so that a text is read once whatever their number."""

    def __init__(self, keywords: Iterable[tuple[Owner, Sequence[str]]], morphology: Morphology = Morphology()) -> None:
        self._forms = morphology.forms
        self._by_other: dict[str, list[tuple[Form, int, int, tuple[Form, ...]]]] = {}
        self._by_start: dict[str, list[tuple[Form, int, int, tuple[Form, ...]]]] = {}
        self._all: list[tuple[Owner, Keyword]] = []
        self._words: dict[str, Sequence[tuple[int, int, tuple[Form, ...]]]] = {}
        for owner, texts in keywords:
            for text in texts:
                found = keyword(text)
                if isinstance(found, Keyword):
                    self._add(owner, found)

    def _add(self, owner: Owner, added: Keyword) -> None:
        number = len(self._all)
        self._all.append((owner, added))
        for part, forms in enumerate(added.parts):
            first, *rest = [self._with_others(form) for form in forms]
            entry = (first, number, part, tuple(rest))
            self._by_start.setdefault(first.letters[:3], []).append(entry)
            for other in first.others:
                if not other.startswith(first.letters[:3]):
                    self._by_other.setdefault(other, []).append(entry)

    def _with_others(self, form: Form) -> Form:
        return replace(form, others=self._forms.get(form.letters, frozenset())) if form.more == "~" else form

    def hits(self, words: Sequence[str]) -> Iterator[Hit[Owner]]:
        """Every keyword each time it is found, in the order of the text (those of several parts last)."""
        partly: dict[int, dict[int, list[tuple[int, ...]]]] = {}
        for at, word in enumerate(words):
            beginning = self._words.get(word)
            for number, part, rest in self._beginning(word) if beginning is None else beginning:
                if at + len(rest) >= len(words) or not all(form.fits(words[at + 1 + ahead]) for ahead, form in enumerate(rest)):
                    continue
                owner, found = self._all[number]
                taken = tuple(range(at, at + 1 + len(rest)))
                if len(found.parts) == 1:
                    yield Hit(owner, found.weight, taken, found)
                else:
                    partly.setdefault(number, {}).setdefault(part, []).append(taken)
        for number, places in partly.items():
            owner, found = self._all[number]
            if len(places) == len(found.parts):
                for taken in _near([places[part] for part in range(len(found.parts))]):
                    yield Hit(owner, found.weight, taken, found)

    def _beginning(self, word: str) -> Sequence[tuple[int, int, tuple[Form, ...]]]:
        """The keywords that may begin with a word: asked once for each word there is, for people use few of them."""
        starts = [entry for length in range(1, min(len(word), 3) + 1) for entry in self._by_start.get(word[:length], ())]
        starts += self._by_other.get(word, ())
        if len(self._words) >= WORDS:
            self._words.clear()
        found = self._words[word] = tuple((number, part, rest) for first, number, part, rest in starts if first.fits(word))
        return found


def _near(places: Sequence[Sequence[tuple[int, ...]]]) -> Iterator[tuple[int, ...]]:
    """Ways to take one place of each part so that all stand near each other; the nearest is taken for each place of the first."""
    starts = [[place[0] for place in others] for others in places[1:]]
    for first in places[0]:
        chosen = set(first)
        for others, at in zip(places[1:], starts, strict=True):
            after = bisect_left(at, first[0])
            beside = others[max(after - 1, 0) : after + 2]
            near = next((other for other in beside if abs(other[0] - first[0]) <= NEAR + 1 and chosen.isdisjoint(other)), None)
            if near is None:
                break
            chosen.update(near)
        else:
            yield tuple(sorted(chosen))
