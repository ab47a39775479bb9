"""How good guesses are: accuracy, F1 of each topic, their mean, and what is taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Of one topic; precision: of those called so, how many are; recall: of those that are, how many were called so."""

    count: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean; 0 when nothing was right."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Of many texts."""

    pairs: Mapping[tuple[str, str], int]
    """(what it is, what was guessed) → how often; an empty guess: none."""

    @property
    def total(self) -> int:
        return sum(self.pairs.values())

    @property
    def accuracy(self) -> float:
        """The share of those that are right; 0 of none."""
        return sum(count for (truth, guess), count in self.pairs.items() if truth == guess) / (self.total or 1)

    @property
    def by_topic(self) -> dict[str, Score]:
        """Of each topic that occurs in truth, the most frequent first."""
        are: Counter[str] = Counter()
        called: Counter[str] = Counter()
        for (truth, guess), count in self.pairs.items():
            are[truth] += count
            called[guess] += count
        right = {topic: self.pairs.get((topic, topic), 0) for topic in are}
        return {topic: Score(count, right[topic] / (called[topic] or 1), right[topic] / count) for topic, count in are.most_common()}

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the topics that occur: a rare one counts as much as a frequent one."""
        scores = self.by_topic.values()
        return sum(score.f1 for score in scores) / (len(scores) or 1)


def score(truth: Sequence[str], guesses: Sequence[str]) -> Scores:
    """Compare guesses with the truth, one by one."""
    return Scores(Counter(zip(truth, guesses, strict=True)))
