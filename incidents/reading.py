"""What a citizen's text seems to say: its topic, its place, a danger, or nothing that needs an answer. A first suggestion only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from incidents.region import Region
from incidents.streets import Place, places
from incidents.suggest import Evidence
from incidents.words import WORD, Hit, Lexicon, normal

BOUND = 4096
"""Characters that are looked at: a message of any messenger, and the beginning of anything longer."""
_LONGEST_QUESTION = 200
"""Characters of a text that can be a question about an incident; a longer one tells of something itself."""
_DOUBT = 0.6
"""Weight of the unknown beside what was found: one keyword alone is not sure."""
_BETTER = 1.8
"""The odds that keywords are right are so many times their share of the weight; measured (docs/suggestions.md)."""
_ALONE = 0.5
"""How sure what was learned must be to name a topic no keyword speaks of."""
_WORTH = 0.02
"""Less likely topics are not named."""
_SURE = 0.5
"""How sure a place must be to be taken without asking."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One suggestion; ``words`` are those of the text that led to it."""

    id: str
    confidence: float
    """0 … 1: of topics with 0.8 about eight of ten are right (docs/suggestions.md says how that was measured)."""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text seems to say."""

    topics: tuple[Guess, ...] = ()
    """Likeliest first."""
    territories: tuple[Guess, ...] = ()
    """Likeliest first; empty when the text names none."""
    place: str = ""
    """Street and house, «ул. Ленина, 15»."""
    danger: Guess | None = None
    """The kind of danger, ``Region.danger`` knows more of it."""
    chatter: bool = False
    """Thanks, a greeting or a smile: nothing to report."""
    asks_status: bool = False
    """Asks about an incident that is already there."""
    numbers: tuple[int, ...] = ()
    """Incidents that are mentioned by number, in the order of the text."""

    @property
    def topic(self) -> str:
        """The likeliest topic, or an empty text."""
        return self.topics[0].id if self.topics else ""

    @property
    def topic_confidence(self) -> float:
        """How sure that is; 0 without a topic."""
        return self.topics[0].confidence if self.topics else 0.0

    @property
    def territory(self) -> str:
        """The likeliest territory; an empty text when none is named, or several are and nobody can tell which is meant."""
        return self.territories[0].id if self.territories and self.territories[0].confidence >= _SURE else ""


@lru_cache(maxsize=256)
def read(text: str, region: Region) -> Reading:
    """Read a text with the words of a region. Pure, and quick for a text of any length; one turn asks several times."""
    seen = _look(text, region)
    words, streets, lexicons = seen.words, seen.streets, seen.lexicons
    danger = _danger(lexicons.dangers.hits(words), words)
    topics = _topics(seen, region)
    territories = _territories(seen, region)
    place = _best(streets)
    numbers = _numbers(seen.small)
    chatter = danger is None and not numbers and not place and _is_chatter(seen.small, words)
    return Reading(
        topics=topics,
        territories=territories,
        place=place,
        danger=danger,
        chatter=chatter,
        asks_status=_asks_status(seen.small, numbers),
        numbers=numbers,
    )


# --- topic -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lexicons:
    topics: Lexicon[str]
    territories: Lexicon[str]
    dangers: Lexicon[str]


@lru_cache(maxsize=8)
def _lexicons(region: Region) -> _Lexicons:
    return _Lexicons(
        Lexicon(((topic.id, topic.keywords) for topic in region.topics), region.morphology),
        Lexicon(((territory.id, territory.names) for territory in region.territories), region.morphology),
        Lexicon(((danger.kind, danger.words) for danger in region.dangers), region.morphology),
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """A text taken apart."""

    text: str
    small: str
    words: Sequence[str]
    starts: Sequence[int]
    """Where each word begins."""
    streets: Sequence[Place]
    in_street: frozenset[int]
    """Words (by number) that belong to a street."""
    lexicons: _Lexicons


def _look(text: str, region: Region) -> _Looked:
    text = unicodedata.normalize("NFC", text[:BOUND])
    small = normal(text)
    found = [(match.start(), match.group()) for match in WORD.finditer(small)]
    streets = places(text.replace("\n", "."))  # a street does not go on in the next line
    inside = {at for place in streets for at in range(place.start, place.end)}
    in_street = frozenset(at for at, (start, _) in enumerate(found) if start in inside)
    return _Looked(text, small, [word for _, word in found], [start for start, _ in found], streets, in_street, _lexicons(region))


def evidence(text: str, region: Region) -> Evidence:
    """What a text shows of its topic: what a model learns from, and what it is asked about."""
    seen = _look(text, region)
    return _evidence(seen, _weigh(seen)[0])


def _evidence(seen: _Looked, weights: Mapping[str, float]) -> Evidence:
    return Evidence(tuple(dict.fromkeys(word for at, word in enumerate(seen.words) if at not in seen.in_street)), weights)


def _weigh(seen: _Looked) -> tuple[dict[str, float], dict[str, dict[str, None]]]:
    """Topics by the weight of their keywords: what comes again counts less each time, what comes early a little more."""
    weights: dict[str, float] = {}
    times: dict[tuple[str, object], Iterator[int]] = {}
    led: dict[str, dict[str, None]] = {}
    for hit in seen.lexicons.topics.hits(seen.words):
        if seen.in_street.issuperset(hit.words):
            continue
        time = next(times.setdefault((hit.owner, hit.keyword), count(1)))
        early = 1.0 + 0.5 / (1.0 + hit.words[0] / 12)
        weights[hit.owner] = weights.get(hit.owner, 0.0) + hit.weight * early / time**1.5
        led.setdefault(hit.owner, {})[_said(seen.words, hit.words)] = None
    return weights, led


def _topics(seen: _Looked, region: Region) -> tuple[Guess, ...]:
    weights, led = _weigh(seen)
    likely = _by_keywords(weights)
    learned = region.learned
    if learned is None or not seen.words:
        return _guesses(likely, {topic: tuple(said) for topic, said in led.items()})
    shown = _evidence(seen, weights)
    likely = _by_both(likely, learned.probabilities(shown), region)
    best = max(likely, key=lambda topic: likely[topic])
    if not weights and likely[best] < _ALONE:
        return ()
    worth = {topic: one for topic, one in likely.items() if one >= _WORTH}
    words = {topic: tuple(led.get(topic, ())) for topic in worth}
    if not words[best]:
        words[best] = learned.led(shown, best)
    return _guesses(worth, words)


def _by_keywords(weights: Mapping[str, float]) -> dict[str, float]:
    """How likely each topic is by its share of the weight; the rest is that it is none of them."""
    if not weights:
        return {}
    total = sum(weights.values()) + _DOUBT
    best = max(weights, key=lambda topic: weights[topic])
    share = weights[best] / total
    sure = _BETTER * share / (1 + (_BETTER - 1) * share)
    left = (1 - sure) / (total - weights[best])
    return {topic: sure if topic == best else weight * left for topic, weight in weights.items()}


def _by_both(keywords: Mapping[str, float], learned: Mapping[str, float], region: Region) -> dict[str, float]:
    """What was learned; topics that are newer than it get what the keywords give them, those that are gone nothing."""
    newer = {topic: likely for topic, likely in keywords.items() if topic not in learned}
    known = {topic: likely for topic, likely in learned.items() if topic in region.topic}
    left = (1 - sum(newer.values())) / (sum(known.values()) or 1.0)
    return newer | {topic: likely * left for topic, likely in known.items()}


def _guesses(likely: Mapping[str, float], words: Mapping[str, tuple[str, ...]]) -> tuple[Guess, ...]:
    order = sorted(likely, key=lambda one: -likely[one])
    return tuple(Guess(one, round(likely[one], 3), words[one]) for one in order if likely[one] >= 0.001)


# --- territory ---------------------------------------------------------------------------------------------------------

_PLACE_DOUBT = 0.2
"""Weight of the unknown beside the places that are named."""
_NAMED, _ADJECTIVE, _BETWEEN, _COMMON = 2.0, 1.0, 0.5, 0.15
"""Weights: «в Бийске», «бийская больница», «трасса Барнаул — Бийск», «ключи» that may be keys."""
_IS_ADJECTIVE = re.compile(r".*[сц]к(?:ий|ая|ое|ие|ого|ому|ой|ую|их|им|ими)")
_KIND = re.compile(
    r"г|гор|город[а-я]{0,3}|с|сел[а-я]{1,2}|п|пос|пгт|рп|поселк[а-я]{1,2}|поселок|д|дер|деревн[а-я]{1,3}|ст|станци[а-я]{1,2}"
)
_SENTENCE = ".!?…\n"


def _territories(seen: _Looked, region: Region) -> tuple[Guess, ...]:
    """Territories by how often and how plainly they are named; of names that overlap only the longest counts, and none within a street."""
    weights: dict[str, float] = {}
    led: dict[str, dict[str, None]] = {}
    named = _named(seen)
    for hit in named:
        after = next((other for other in named if other.owner != hit.owner and _beside(hit, other)), None)
        weight = _BETWEEN if after else _plainly(hit, seen, region)
        weights[hit.owner] = weights.get(hit.owner, 0.0) + weight
        led.setdefault(hit.owner, {})[_said(seen.words, hit.words)] = None
    for place in list(weights):
        around = next((one for one in region.with_parents(place)[1:] if one in weights), None)
        if around:  # «Барнаул, посёлок Южный» names one place, not two
            weights[place] += weights[around]
            weights[around] = min(weights[around], _COMMON)
    total = sum(weights.values()) + _PLACE_DOUBT
    return _guesses({place: weight / total for place, weight in weights.items()}, {place: tuple(said) for place, said in led.items()})


def _named(seen: _Looked) -> list[Hit[str]]:
    """Each name once, in the order of the text; «Барнаул-Бийск» is two of them."""
    hits = list(seen.lexicons.territories.hits(seen.words))
    for at, word in enumerate(seen.words):
        if "-" not in word:
            continue
        parts = [next(iter(seen.lexicons.territories.hits([part])), None) for part in word.split("-")]
        found = [part for part in parts if part]
        if len({part.owner for part in found}) > 1:
            hits = [hit for hit in hits if at not in hit.words] + [Hit(part.owner, part.weight, (at,), part.keyword) for part in found]
    taken: dict[int, set[str]] = {at: set() for at in seen.in_street}
    named = []
    for hit in sorted(hits, key=lambda hit: (-len(hit.words), hit.words[0])):
        pair = "-" in seen.words[hit.words[0]] and len(hit.words) == 1
        if any(at in taken and (not pair or hit.owner in taken[at] or at in seen.in_street) for at in hit.words):
            continue
        for at in hit.words:
            taken.setdefault(at, set()).add(hit.owner)
        named.append(hit)
    return sorted(named, key=lambda hit: hit.words[0])


def _beside(one: Hit[str], other: Hit[str]) -> bool:
    """«Барнаул — Бийск», «Барнаул-Бийск»: two places with nothing between them are the ends of something."""
    return one.words[-1] <= other.words[0] <= one.words[-1] + 1 or other.words[-1] <= one.words[0] <= other.words[-1] + 1


def _plainly(hit: Hit[str], seen: _Looked, region: Region) -> float:
    """How plainly a name means the place."""
    at = hit.words[0]
    word, start = seen.words[at], seen.starts[at]
    if len(hit.words) > 1:
        return _NAMED
    if hit.keyword.parts[0][0].letters in region.morphology.common and not (at and _KIND.fullmatch(seen.words[at - 1])):
        before = seen.text[:start].rstrip()
        return _NAMED if seen.text[start].isupper() and before and before[-1] not in _SENTENCE else _COMMON
    return _ADJECTIVE if _IS_ADJECTIVE.fullmatch(word) else _NAMED


# --- danger ------------------------------------------------------------------------------------------------------------


def _danger(hits: Iterable[Hit[str]], words: Sequence[str]) -> Guess | None:
    """The first danger that is not denied («газом не пахнет»)."""
    certain = [hit for hit in hits if not _denied(hit.words, words)]
    if not certain:
        return None
    first = min(certain, key=lambda hit: hit.words[0])
    return Guess(first.owner, 1.0, tuple(dict.fromkeys(_said(words, hit.words) for hit in certain if hit.owner == first.owner)))


def _denied(taken: Sequence[int], words: Sequence[str]) -> bool:
    return any(at and at - 1 not in taken and words[at - 1] in {"не", "нет", "без", "против", "учебный", "учебная"} for at in taken)


def _said(words: Sequence[str], taken: Iterable[int]) -> str:
    return " ".join(words[at] for at in taken)


def _best(streets: Sequence[Place]) -> str:
    """The first street with a house, or else the first street."""
    chosen = next((place for place in streets if place.house), streets[0] if streets else None)
    return chosen.text if chosen else ""


# --- chatter, questions, numbers ---------------------------------------------------------------------------------------

_CHATTER = frozenset(
    re.findall(
        r"\w+",
        "спасибо спс пасиб благодарю благодарим благодарна благодарен благодарность большое огромное преогромное вам вас тебе вы за помощь "
        "ответ оперативность работу информацию внимание отклик понимание все всем всех и а да нет не ок окей хорошо отлично супер класс "
        "молодцы молодец понятно понял поняла ясно принято ладно угу ага здравствуйте здравствуй здрасте привет приветствую приветик хай "
        "добрый доброе доброго день утро утра вечер вечера дня времени суток ночи ночь доброй до свидания пока удачи успехов с праздником "
        "новым годом наступающим днем рождения поздравляю поздравляем очень рад рада рады мы я вот так бот тест проверка ура аминь "
        "ok okay hi hello thanks thank you good morning bye",
    )
)
_THANKS = re.compile(r"(?:большое |огромное )?(?:спасибо|благодар)")
_YET = re.compile(r"\b(?:не|нет|но|когда|почему|прос(?:им|ьба|ят)|прошу|пожалуйста|опять|снова|сколько|только|хотя)\b|\?")


def _is_chatter(small: str, words: Sequence[str]) -> bool:
    """Nothing but kind words, a smile, or thanks for what was done; never a text that asks for anything."""
    if not words:
        return bool(small.strip())
    if len(words) <= 15 and all(word in _CHATTER for word in words):
        return True
    return len(words) <= 12 and bool(_THANKS.match(small.lstrip(" !.,"))) and not _YET.search(small)


_REPORT = r"(?:заявк|заявлен|сообщени|инцидент|обращени|жалоб|вопрос|просьб)[а-я]*"
_STATUS = re.compile(
    r"\bстатус"
    rf"|\b(?:что|как|где|когда|чего|че) (?:там |же |слышно |насчет |по |с |со |о |об |у |мо[а-я]+ |наш[а-я]+ |эт[а-я]+ ){{1,4}}{_REPORT}"
    rf"|\b(?:что|как|чего|че) (?:там )?(?:с|по|насчет) (?:№|номер)"
    r"|\b(?:где|когда)(?: же)?(?: мне| нам| будет| дадут| мой| наш| ваш){0,3} ответ(?:\b|ите|ят|ишь)"
    r"|\b(?:есть|какие|будут)(?: ли)?(?: какие-то| какие-нибудь| уже)? (?:новости|ответ|результат)"
    r"|\b(?:когда|скоро)(?: уже| же)? (?:рассмотр|ответ)|\bна какой стадии\b"
    rf"|\b{_REPORT} (?:принят|рассмотрен|дошл|зарегистрирован)[а-я]*\?"
    r"|\bчто (?:решили|сделали|сделано|ответили) по\b|^/(?:my|status)\b"
)
_OF_STATUS = (
    *("статус", "стади", "ответ", "новост", "результат", "рассмотр", "решили", "сделали", "сделано", "№", "номер", "/my"),
    *("заявк", "заявлен", "сообщени", "инцидент", "обращени", "жалоб", "вопрос", "просьб"),
)
"""One of these stands in everything that ``_STATUS`` finds; to look for it takes a tenth of the time."""
_NUMBER = re.compile(
    r"(?:№|#|\bномер[а-я]*)\s*(\d{1,9})(?![\d/-])|\b(?:заявк|сообщени|инцидент|обращени|жалоб)[а-я]*\s+(?:№\s*)?(\d{1,9})(?![\d./-])"
)
_BARE_NUMBER = re.compile(r"\s*(?:№|#|n)?\s*(\d{1,9})\s*[?!.]*\s*")
_BEFORE = re.compile(r"([а-я]+)[\s.:,(]*$")
_OF_INCIDENTS = re.compile(_REPORT + r"|по|с|со|про|на|о|об|и|к|мо[а-я]+|мое|под|за|насчет|там|ответ[а-я]*|где|статус|номер[а-я]*")


def _numbers(small: str) -> tuple[int, ...]:
    """Numbers of incidents; the number of a school, a house or a bus is none."""
    bare = _BARE_NUMBER.fullmatch(small)
    if bare:
        return (int(bare.group(1)),)
    numbers: dict[int, None] = {}
    for match in _NUMBER.finditer(small):
        before = _BEFORE.search(small, max(match.start() - 30, 0), match.start())
        if match.group(2) or before is None or _OF_INCIDENTS.fullmatch(before.group(1)):
            numbers[int(match.group(1) or match.group(2))] = None
    return tuple(numbers)


def _asks_status(small: str, numbers: Sequence[int]) -> bool:
    if len(small) > _LONGEST_QUESTION:
        return False
    return (any(word in small for word in _OF_STATUS) and bool(_STATUS.search(small))) or (bool(numbers) and len(WORD.findall(small)) <= 4)
