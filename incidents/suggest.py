"""A small model of a region's own words: which topic people gave to texts that look like this one. Read and used without any library.

The model is linear. Each word of a text is known by itself and by its beginnings («дорог», so that cases do not matter); what the
keywords of the region file say is part of it, so that a change of keywords counts at once. Digits are never learned.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import math
from array import array
from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1
"""Of the stored model; another one is not read."""
BEGINNINGS = range(4, 7)
"""Letters of a word's beginnings: long enough to mean something, short enough to be the same in every case."""
GRAMS = 20_000
"""A model that names more is not one of ours."""
REMEMBERED = 10_000
"""Words of texts that are remembered with what they say; then it begins anew."""
LED = 3
"""Words that are named as those that led to a topic."""
_LONGEST_WORD = 40


class BadModel(Exception):
    """A stored model cannot be used; ``why`` is unreadable, newer, foreign or topics."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a text shows of its topic."""

    words: tuple[str, ...] = ()
    """Each word once, those of streets left out."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """What the region's keywords say: topic → weight."""


def grams(word: str) -> Sequence[str]:
    """What a word is known by: itself («^дорогу$») and its beginnings («^доро»). Nothing for a word with digits, which may be anybody's."""
    if len(word) > _LONGEST_WORD or any(letter.isdigit() for letter in word):
        return ()
    return (f"^{word}$", *(f"^{word[:length]}" for length in BEGINNINGS if length <= len(word)))


def keyword_features(topics: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """What the keywords say, in numbers: for each topic how much, then for each topic which share of it all."""
    total = sum(weights.values()) + 0.6
    said = [weights.get(topic, 0.0) for topic in topics]
    return [math.log1p(weight) for weight in said] + [2.0 * weight / total for weight in said]


def length_of(words: int) -> float:
    """By what the sum over the words of a text is divided: a long text does not shout."""
    return math.sqrt(words + 5)


def word_share(idfs: Sequence[float]) -> float:
    """How much each gram of a word counts: the rarer the word, the more, and as much for a word with many grams as for one with few."""
    return max(idfs) / math.sqrt(sum(idf * idf for idf in idfs))


@dataclass(frozen=True, eq=False)
class Learned:
    """A model as it is used. Two of the same text are equal."""

    id: str
    """Digest of its text."""
    topics: tuple[str, ...]
    grams: Mapping[str, int]
    """Gram → its row."""
    idf: Sequence[float]
    weights: array[int]
    """Row by row, a number for each topic; ``scale`` makes it a weight."""
    scale: tuple[float, ...]
    keywords: tuple[tuple[float, ...], ...]
    """For each of ``keyword_features`` a weight for each topic."""
    bias: tuple[float, ...]
    temperature: float
    """Scores are divided by it, so that 0.8 means right eight times of ten."""
    _known: dict[str, tuple[float, ...] | None] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Learned) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def probabilities(self, evidence: Evidence) -> dict[str, float]:
        """How likely each topic the model knows is; together 1."""
        said = [vector for word in evidence.words if (vector := self._says(word))]
        length = length_of(len(evidence.words))
        scores = (
            [bias + sum(column) / length for bias, column in zip(self.bias, zip(*said, strict=True), strict=True)] if said else self.bias
        )
        for feature, row in zip(keyword_features(self.topics, evidence.weights), self.keywords, strict=True):
            if feature:
                scores = [score + feature * weight for score, weight in zip(scores, row, strict=True)]
        highest = max(scores)
        raised = [math.exp((score - highest) / self.temperature) for score in scores]
        total = sum(raised)
        return {topic: one / total for topic, one in zip(self.topics, raised, strict=True)}

    def led(self, evidence: Evidence, topic: str) -> tuple[str, ...]:
        """The words that speak most for a topic and against the others."""
        at = self.topics.index(topic)
        said = [(word, vector) for word in evidence.words if (vector := self._says(word))]
        told = [(vector[at] - sum(vector) / len(vector), word) for word, vector in said]
        return tuple(word for much, word in sorted(told, reverse=True)[:LED] if much > 0)

    def _says(self, word: str) -> tuple[float, ...] | None:
        """What one word adds to the score of each topic; worked out once for each word there is, for people use few of them."""
        if word in self._known:
            return self._known[word]
        rows = [row for gram in grams(word) if (row := self.grams.get(gram)) is not None]
        says = None
        if rows:
            share, size = word_share([self.idf[row] for row in rows]), len(self.topics)
            says = tuple(share * scale * sum(self.weights[row * size + at] for row in rows) for at, scale in enumerate(self.scale))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[word] = says
        return says


def parse_model(text: str, region: str, topics: Collection[str]) -> Learned:
    """A stored model. Raises BadModel for what is damaged, of a newer format, made for another region, or of topics that are gone."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise BadModel("newer")
        if data["region"] != region:
            raise BadModel("foreign")
        learned = _learned(data, hashlib.sha256(text.encode()).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, binascii.Error):
        raise BadModel("unreadable") from None
    if not set(learned.topics) & set(topics):
        raise BadModel("topics")
    return learned


def _learned(data: Mapping[str, Any], digest: str) -> Learned:
    topics = tuple(str(topic) for topic in data["topics"])
    names = data["grams"].split()
    weights = array("b", b64decode(data["weights"], validate=True))
    idf, scale, bias = (_numbers(data[name]) for name in ("idf", "scale", "bias"))
    keywords = tuple(_numbers(row) for row in data["keywords"])
    temperature = _numbers([data["temperature"]])[0]
    size = len(topics)
    fits = (
        1 < size == len(set(topics)) == len(scale) == len(bias)
        and len(names) == len(set(names)) == len(idf) <= GRAMS
        and len(weights) == len(names) * size
        and len(keywords) == 2 * size
        and all(len(row) == size for row in keywords)
        and min(idf, default=1.0) > 0 < temperature
    )
    if not fits:
        raise ValueError("the parts of the model do not fit each other")
    rows = {name: row for row, name in enumerate(names)}
    return Learned(digest, topics, rows, idf, weights, scale, keywords, bias, temperature)


def _numbers(values: Sequence[Any]) -> tuple[float, ...]:
    """Numbers none of which can spoil a sum."""
    numbers = tuple(float(value) for value in values)
    if not all(abs(number) < 1e6 for number in numbers):
        raise ValueError("not a number one could use")
    return numbers
