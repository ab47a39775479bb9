"""What a citizen's text seems to say: its topic, its place, a danger, or nothing that needs an answer. A first suggestion only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from incidents.region import Region
from incidents.streets import Place, places
from incidents.words import WORD, Hit, Lexicon, normal

BOUND = 4096
"""Characters that are looked at: a message of any messenger, and the beginning of anything longer."""
_LONGEST_QUESTION = 200
"""Characters of a text that can be a question about an incident; a longer one tells of something itself."""
_DOUBT = 0.6
"""Weight of the unknown beside what was found: one keyword alone is not sure."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One suggestion; ``words`` are those of the text that led to it."""

    id: str
    confidence: float
    """0 … 1, comparable within one reading."""
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
        """The likeliest territory, or an empty text."""
        return self.territories[0].id if self.territories else ""


@lru_cache(maxsize=256)
def read(text: str, region: Region) -> Reading:
    """Read a text with the words of a region. Pure, and quick for a text of any length; one turn asks several times."""
    text = unicodedata.normalize("NFC", text[:BOUND])
    small = normal(text)
    found = [(match.start(), match.group()) for match in WORD.finditer(small)]
    words = [word for _, word in found]
    lexicons = _lexicons(region)
    streets = places(text.replace("\n", "."))  # a street does not go on in the next line
    inside = {at for place in streets for at in range(place.start, place.end)}
    in_street = {at for at, (start, _) in enumerate(found) if start in inside}
    danger = _danger(lexicons.dangers.hits(words), words)
    topics = _topics(lexicons.topics.hits(words), words, in_street)
    territories = _territories(lexicons.territories.hits(words), words, in_street)
    place = _best(streets)
    numbers = _numbers(small)
    chatter = danger is None and not numbers and not place and _is_chatter(small, words)
    return Reading(
        topics=topics,
        territories=territories,
        place=place,
        danger=danger,
        chatter=chatter,
        asks_status=_asks_status(small, numbers),
        numbers=numbers,
    )


# --- topic, territory, danger ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lexicons:
    topics: Lexicon[str]
    territories: Lexicon[str]
    dangers: Lexicon[str]


@lru_cache(maxsize=8)
def _lexicons(region: Region) -> _Lexicons:
    return _Lexicons(
        Lexicon((topic.id, topic.keywords) for topic in region.topics),
        Lexicon((territory.id, territory.names) for territory in region.territories),
        Lexicon((danger.kind, danger.words) for danger in region.dangers),
    )


def _topics(hits: Iterable[Hit[str]], words: Sequence[str], in_street: set[int]) -> tuple[Guess, ...]:
    """Topics by the weight of their keywords: what comes again counts less each time, what comes early a little more."""
    weights: dict[str, float] = {}
    seen: dict[tuple[str, object], int] = {}
    led: dict[str, dict[str, None]] = {}
    for hit in hits:
        if in_street.issuperset(hit.words):
            continue
        times = seen[hit.owner, hit.keyword] = seen.get((hit.owner, hit.keyword), 0) + 1
        early = 1.0 + 0.5 / (1.0 + hit.words[0] / 12)
        weights[hit.owner] = weights.get(hit.owner, 0.0) + hit.weight * early / times**1.5
        led.setdefault(hit.owner, {})[_said(words, hit.words)] = None
    return _guesses(weights, led)


def _territories(hits: Iterable[Hit[str]], words: Sequence[str], in_street: set[int]) -> tuple[Guess, ...]:
    """Territories by how often they are named; of names that overlap only the longest counts, and none within a street."""
    weights: dict[str, float] = {}
    led: dict[str, dict[str, None]] = {}
    taken: dict[int, str] = dict.fromkeys(in_street, "")
    for hit in sorted(hits, key=lambda hit: (-len(hit.words), hit.words[0])):
        if any(taken.get(at, hit.owner) != hit.owner for at in hit.words):
            continue
        new = [at for at in hit.words if at not in taken]
        taken.update(dict.fromkeys(hit.words, hit.owner))
        if new:
            weights[hit.owner] = weights.get(hit.owner, 0.0) + 2.0
            led.setdefault(hit.owner, {})[_said(words, hit.words)] = None
    return _guesses(weights, led)


def _guesses(weights: dict[str, float], led: dict[str, dict[str, None]]) -> tuple[Guess, ...]:
    total = sum(weights.values()) + _DOUBT
    order = sorted(weights, key=lambda owner: -weights[owner])
    return tuple(Guess(owner, round(weights[owner] / total, 3), tuple(led[owner])) for owner in order)


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
    return bool(_STATUS.search(small)) or (bool(numbers) and len(WORD.findall(small)) <= 4)
