"""Learns from a region's corrected history which words mean which topic. Needs the extra ``sutki[suggest]`` (scikit-learn)."""
# ruff: noqa: PLC0415  # scikit-learn is optional and takes seconds to import

from __future__ import annotations

import json
import random
import warnings
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any, NamedTuple

from incidents.reading import evidence, read
from incidents.region import Region
from incidents.scores import Scores, score
from incidents.suggest import FORMAT, GRAMS, Evidence, grams, keyword_features, length_of, parse_model, word_share

PEOPLE = 5
"""So many different people must have written a word or a beginning before it is learned: nobody's name, street or secret stays."""
TEXTS = 5
"""A topic with fewer texts is not learned; keywords go on deciding it."""
ENOUGH, CORRECTED = 250, 50
"""Checked texts to learn from and to be measured on, and corrected ones among them, before it is worth trying."""
HELD = 5
"""Every fifth person's texts are held back: never learned from, only measured on."""
STRENGTH = 1.0
"""How far a weight may go (C of the regression); chosen on other texts than those reported in docs/suggestions.md."""
TRIALS, SURE = 1000, 0.9
"""Samples of the held-back texts, and the share of them in which a new model must be better to be put in force."""


class Example(NamedTuple):
    """A text of a person and its topic."""

    person: int
    text: str
    topic: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A model and how it compares, on texts neither learned from."""

    body: str
    before: Scores
    after: Scores
    learned: int
    held: int
    surely: float
    """The share of samples in which it is better."""

    @property
    def better(self) -> bool:
        return self.surely >= SURE


def held_back(person: int) -> bool:
    """Whether a person's texts are held back; the same at every training, so that no model ever learned from them."""
    return zlib.crc32(f"sutki {person}".encode()) % HELD == 0


def learn(examples: Sequence[Example], region: Region, progress: Callable[[Iterable[int], int], Iterable[int]]) -> Outcome | None:
    """Learn from some, measure on the others against what is in force now; None when no two topics have enough texts."""
    shown = [evidence(examples[at].text, region) for at in progress(range(len(examples)), len(examples))]
    parts: tuple[list[int], list[int]] = ([], [])
    for at, example in enumerate(examples):
        parts[held_back(example.person)].append(at)
    learned, held = parts
    body = fit([examples[at] for at in learned], [shown[at] for at in learned], region)
    if body is None:
        return None
    new = replace(region, learned=parse_model(body, region.id, region.topic))
    truth = [examples[at].topic for at in held]
    before, after = ([read.__wrapped__(examples[at].text, one).topic for at in held] for one in (region, new))
    return Outcome(body, score(truth, before), score(truth, after), len(learned), len(held), _surely(truth, before, after))


def _surely(truth: Sequence[str], before: Sequence[str], after: Sequence[str]) -> float:
    """In which share of samples of the texts, drawn with repetition, the macro-F1 has grown."""
    draw = random.Random(7)  # noqa: S311  # the same answer for the same texts
    pairs = list(zip(truth, before, after, strict=True))
    grown = 0
    for _ in range(TRIALS):
        told, one, other = zip(*draw.choices(pairs, k=len(pairs)), strict=True)
        grown += score(told, other).macro_f1 > score(told, one).macro_f1
    return grown / TRIALS


def fit(examples: Sequence[Example], shown: Sequence[Evidence], region: Region) -> str | None:
    """A model as text (``incidents.suggest`` reads it); None when no two topics have enough texts."""
    counts = Counter(example.topic for example in examples)
    topics = [topic for topic, count in sorted(counts.items()) if count >= TEXTS and topic in region.topic]
    if len(topics) < 2:
        return None
    of_topics = [(example, one) for example, one in zip(examples, shown, strict=True) if example.topic in topics]
    people = [example.person for example, _ in of_topics]
    names, idf = _vocabulary([one for _, one in of_topics], people)
    features = _features([one for _, one in of_topics], names, idf, topics)
    truth = [topics.index(example.topic) for example, _ in of_topics]
    weights, bias = _regression(features, truth, len(topics))
    temperature = _temperature(features, truth, people, len(topics))
    return _as_text(region.id, topics, names, idf, weights, bias, temperature)


def _vocabulary(shown: Sequence[Evidence], people: Sequence[int]) -> tuple[list[str], list[float]]:
    """What enough different people write, and how rare it is."""
    writers: dict[str, set[int]] = {}
    texts: Counter[str] = Counter()
    for one, person in zip(shown, people, strict=True):
        found = {gram for word in one.words for gram in grams(word)}
        texts.update(found)
        for gram in found:
            writers.setdefault(gram, set()).add(person)
    often = sorted((gram for gram, who in writers.items() if len(who) >= PEOPLE), key=lambda gram: (-texts[gram], gram))
    names = sorted(often[:GRAMS])
    return names, [round(log((1 + len(shown)) / (1 + texts[name])) + 1, 3) for name in names]


def _features(shown: Sequence[Evidence], names: Sequence[str], idf: Sequence[float], topics: Sequence[str]) -> Any:
    """A row for each text, as ``Learned.probabilities`` sums it up."""
    from scipy.sparse import csr_matrix

    rows_of = {name: row for row, name in enumerate(names)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for number, one in enumerate(shown):
        length = length_of(len(one.words))
        told: list[tuple[int, float]] = []
        for word in one.words:
            found = [rows_of[gram] for gram in grams(word) if gram in rows_of]
            share = word_share([idf[row] for row in found]) if found else 0.0
            told += [(row, share * idf[row] / length) for row in found]
        told += [(len(names) + place, feature) for place, feature in enumerate(keyword_features(topics, one.weights)) if feature]
        rows += [number] * len(told)
        columns += [column for column, _ in told]
        values += [value for _, value in told]
    return csr_matrix((values, (rows, columns)), shape=(len(shown), len(names) + 2 * len(topics)))


def _regression(features: Any, truth: Sequence[int], size: int) -> tuple[Any, Any]:
    """A weight of each feature for each topic, and the bias of each topic."""
    import numpy
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=300).fit(features, truth)
    weights, bias = numpy.zeros((features.shape[1], size)), numpy.full(size, -20.0)  # a topic missing from a fold cannot be
    if len(found.classes_) == 2:
        weights[:, found.classes_] = numpy.vstack([-found.coef_[0] / 2, found.coef_[0] / 2]).T
        bias[found.classes_] = [-found.intercept_[0] / 2, found.intercept_[0] / 2]
    else:
        weights[:, found.classes_], bias[found.classes_] = found.coef_.T, found.intercept_
    return weights, bias


def _temperature(features: Any, truth: Sequence[int], people: Sequence[int], size: int) -> float:
    """By what scores must be divided so that they are as sure as they are right, measured on folds that were left out."""
    import numpy

    said = numpy.array(truth)
    fold = numpy.array([zlib.crc32(f"fold {person}".encode()) % 3 for person in people])
    scores = numpy.zeros((len(said), size))
    for one in range(3):
        inside = fold != one
        if len(set(said[inside])) < 2 or inside.all():
            return 1.0
        weights, bias = _regression(features[inside], said[inside], size)
        scores[~inside] = features[~inside] @ weights + bias
    rows = numpy.arange(len(said))

    def loss(temperature: float) -> float:
        raised = scores / temperature
        raised -= raised.max(axis=1, keepdims=True)
        return float((numpy.log(numpy.exp(raised).sum(axis=1)) - raised[rows, said]).mean())

    return min((round(0.3 + 0.05 * step, 2) for step in range(55)), key=loss)


def _as_text(
    region: str, topics: Sequence[str], names: Sequence[str], idf: Sequence[float], weights: Any, bias: Any, temperature: float
) -> str:
    """Plain numbers: nothing in it can run. A weight is one byte; what rounds to nothing everywhere is left out."""
    import numpy

    raw = weights[: len(names)] * numpy.array(idf)[:, None] if names else numpy.zeros((0, len(topics)))
    scale = numpy.maximum(numpy.abs(raw).max(axis=0, initial=0.0) / 127, 1e-9)
    small = numpy.rint(raw / scale).astype("int8")
    kept = [row for row in range(len(names)) if small[row].any()]
    model = {
        "format": FORMAT,
        "region": region,
        "topics": list(topics),
        "grams": " ".join(names[row] for row in kept),
        "idf": [idf[row] for row in kept],
        "weights": b64encode(small[kept].tobytes()).decode(),
        "scale": [float(f"{one:.6g}") for one in scale],
        "keywords": [[round(float(one), 4) for one in row] for row in weights[len(names) :]],
        "bias": [round(float(one), 4) for one in bias],
        "temperature": temperature,
    }
    return json.dumps(model, ensure_ascii=False, separators=(",", ":"))
