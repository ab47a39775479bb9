"""Finds streets and houses in what people write: «На Ленина 15», «во дворе дома 5 по улице Мира», «Павловский тракт, 60»."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_TYPES: Mapping[str, str] = {
    "ул": "ул.",
    "проспект": "пр-т",
    "просп": "пр-т",
    "пр-": "пр-т",
    "проезд": "проезд",
    "пр": "пр-т",
    "пер": "пер.",
    "бульвар": "б-р",
    "б-р": "б-р",
    "шоссе": "шоссе",
    "тракт": "тракт",
    "наб": "наб.",
    "пл": "пл.",
    "м": "мкр",
    "квартал": "квартал",
    "тупик": "тупик",
    "алле": "аллея",
}
"""How each kind of street is written; the longer beginnings first."""
_FEMININE = ("ул.", "пл.", "наб.", "аллея")
_TYPE = (
    r"(?:улиц(?:[аеуы]|ей|ою)|ул\b\.?|проспект(?:[аеу]|ом)?\b|просп\.|пр-к?т[аеу]?\b\.?|пр\.|переул(?:ок|к[аеу])\b|пер\.|"
    r"бульвар[аеу]?\b|б-р[аеу]?\b|шоссе\b|проезд[аеу]?\b|тракт[аеу]?\b|набережн(?:ая|ой|ую)\b|наб\.|площад[ьи]\b|пл\.|"
    r"микрорайон[аеу]?\b|мкрн?\b\.?|квартал[аеу]?\b|тупик[аеу]?\b|алле[яеию]\b)"
)
_UNIT = (
    r"(?!\d|\s*(?:час|мин|сек|руб|лет\b|год|дн|день|сут|мес|недел|раз|чел|метр|м\b|км|кв\.?\s?м|градус|%|°|домов|дома\b|маш|куб|литр|"
    r"вольт|этаж|подъезд|ступен|штук|шт\b|процент|класс|групп|январ|феврал|март|апрел|ма[йя]\b|июн|июл|август|сентябр|октябр|ноябр|"
    r"декабр|тыс|млн)|:\d|\.\d|-?(?:го|й|я|е|х|ти|ый|ая|ой|ое)\b)"
)
_NUMBER = r"(?:\d{1,4}(?:[а-яА-Я]\b|\s?[А-ДЖЗИК]\b)?(?:/\d{1,4}[а-яА-Я]?\b)?" + _UNIT + r")"
_BLOCK = r"(?:\s*,?\s*(?:корпус[аеу]?|корп|к|строение|стр)\b\.?\s*(?P<block>\d{1,3}[а-я]?)\b)?"
_HOUSE = r"(?:\s*,?\s*(?:д(?:ом(?:а|е|у|ом|ов|ах)?)?\b\.?\s*)?(?:№\s*)?(?P<house>" + _NUMBER + r")" + _BLOCK + r")"
# Words are taken whole («++»): a house that does not follow the word does not follow a part of it either.
_CAPITAL = r"[А-ЯЁ][А-ЯЁа-яё]++(?:-[А-ЯЁа-яё]++)?"
_ANY = r"[А-ЯЁа-яё]{3,}+(?:-[А-ЯЁа-яё]++)?"
_COUNTED = r"\d{1,2}(?:\s+(?:лет|[Мм]арта|[Мм]ая|[Оо]ктября|[Нн]оября|[Сс]ентября|[Ии]юля)|-?(?:я|й|ая|ой|ый))"
_NAME = rf"(?:{_COUNTED}(?:\s+{_CAPITAL}){{0,2}}|{_CAPITAL}(?:\s+{_CAPITAL}){{0,2}}|{_ANY})"
_ADJECTIVE = r"[А-ЯЁа-яё-]{2,}(?:ск|н|ов|ев|ч)(?:ий|ый|ом|ого|ому|ая|ой|ую)"

_TYPE_FIRST = re.compile(rf"(?<![А-ЯЁа-яё-])(?P<type>(?i:{_TYPE}))\s*[«\"]?(?P<name>{_NAME})[»\"]?(?i:{_HOUSE})?")
_TYPE_LAST = re.compile(rf"(?<![А-ЯЁа-яё-])(?P<name>{_ADJECTIVE})\s+(?P<type>(?i:{_TYPE}))(?i:{_HOUSE})?")
_HOUSE_FIRST = re.compile(
    rf"(?<![А-ЯЁа-яё-])(?i:д(?:ом(?:а|е|у|ом)?\b|\.))\s*(?:№\s*)?(?P<house>{_NUMBER})\s+(?:по|на)\s+(?:(?P<type>(?i:{_TYPE}))\s*)?(?P<name>{_NAME})"
)
_BARE = re.compile(rf"(?<![А-ЯЁа-яё-])(?:(?P<before>(?i:на|по|возле|около|у|напротив|адрес[а-я]*:?))\s+)?(?P<name>{_NAME})(?i:{_HOUSE})")

_ON_STREET = re.compile(
    r"(?<![А-ЯЁа-яё-])(?:[Нн]а|[Пп]о)\s+(?P<name>[А-ЯЁ][а-яё]{2,}ской)\b(?!\s+(?:трасс|земл|дорог|област|площадк|территор|республик|стор))"
)

_STREETISH = re.compile(
    r".*(?:[иы]на|ова|ева|ская|ской|ского|скую|[нвкчщл]ая|[нвкчщ]ой|[нвкч]ого|ия|мира|труда|победы|октября|армии|маркса|энгельса|фрунзе|герцена|"
    r"гоголя|космонавтов|строителей|марта|мая|ссср|влксм|либкнехта|цеткин|люксембург|шевченко|дружбы|молодежи|мопра|димитрова)"
)
_NO_STREET = re.compile(
    r"(?:школ|гимнази|лице[йя]|больниц|поликлиник|сад|детск|квартир|дом|подъезд|маршрут|автобус|трамва|троллейбус|номер|останов|кабинет|"
    r"участ|заявк|сообщени|обращени|регион|групп|палат|трасс|дорог|нашей|наша|всей|всем|каждой|какой|какая|такой|такая|этой|самой|одной|"
    r"другой|любой|которой|первая|вторая|третья|целой|целая|половина|машина|причина|площадк|цена|больнич|контейнер|норма|часовая|около|после|уже|нет|"
    r"где|мы|нас|вс[её]|очень|темно|просто|теперь|сейчас|стоит|сто[ия]т|идет|лежит|течет|опять|снова|сегодня|вчера|между|возле|рядом|без|еще|"
    r"вода|света?$|яма|снег|мусор|прям|вдоль|напротив|район|город|област|кра[йя]|установ|невозможн|будет|когда|почему|прорва|лет$)"
)
_SURNAMES = frozenset(["крупской", "терешковой", "ковалевской", "космодемьянской", "цветаевой", "ахматовой", "гризодубовой", "землячки"])
"""«ул. Крупской» is hers, not «ул. Крупская»."""


@dataclass(frozen=True, slots=True)
class Place:
    """A street with its house as people would write it on a card, and where it stood in the text."""

    text: str
    start: int
    end: int
    house: bool


def places(text: str) -> list[Place]:
    """Every street of a text, in its order; of two that overlap the one that says more."""
    found: list[Place] = []
    taken = bytearray(len(text))
    for place in [*_house_first(text), *_type_last(text), *_type_first(text), *_bare(text), *_on_street(text)]:
        if not any(taken[place.start : place.end]):
            taken[place.start : place.end] = b"\1" * (place.end - place.start)
            found.append(place)
    return sorted(found, key=lambda place: place.start)


def _house_first(text: str) -> Iterator[Place]:
    for match in _HOUSE_FIRST.finditer(text):
        kind = match["type"] or ""
        if _is_name(match["name"], sure=bool(kind), house=True):
            yield _place(match, kind, _named(match["name"], kind), match["house"])


def _type_first(text: str) -> Iterator[Place]:
    for match in _TYPE_FIRST.finditer(text):
        if _is_name(match["name"], sure=True, house=bool(match["house"])):
            yield _place(match, match["type"], _named(match["name"], match["type"]), _house(match))


def _type_last(text: str) -> Iterator[Place]:
    for match in _TYPE_LAST.finditer(text):
        name, kind = match["name"], _kind(match["type"])
        if not _NO_STREET.match(_small(name)) and (name[0].isupper() or (match["house"] and "ск" in name)):
            name = _feminine(name) if kind in _FEMININE else re.sub(r"(к|ч)(?:ом|ого|ому)$", r"\1ий", name)
            name = re.sub(r"(?:ом|ого|ому)$", "ый", name)
            whole = f"{kind} {_capital(name)}" if kind in _FEMININE else f"{_capital(name)} {kind}"
            yield _with_house(match, whole, _house(match))


def _bare(text: str) -> Iterator[Place]:
    """A name without «ул.», which only its house makes a street."""
    for match in _BARE.finditer(text):
        name = match["name"]
        sure = bool(match["before"]) and not name[0].islower()
        if (match["before"] or not name[0].islower()) and _is_name(name, sure=sure, house=True):
            yield _place(match, "", _named(name, ""), _house(match))


def _on_street(text: str) -> Iterator[Place]:
    """«На Советской»: neither «ул.» nor a house, but a capital and an ending that few other words have."""
    for match in _ON_STREET.finditer(text):
        if not _NO_STREET.match(_small(match["name"])):
            yield _place(match, "", _named(match["name"], ""), "")


def _is_name(name: str, *, sure: bool, house: bool) -> bool:
    """Whether a word can be a street: always when «ул.» or a preposition says so, unless it is a word of everyday."""
    small = _small(name)
    if _NO_STREET.match(small):
        return False
    capital = not name[0].islower()
    return (sure and (capital or house)) or bool(_STREETISH.fullmatch(small.split()[-1]) and (capital or house or sure))


def _place(match: re.Match[str], kind: str, name: str, house: str) -> Place:
    return _with_house(match, f"{_kind(kind)} {name}", house)


def _with_house(match: re.Match[str], street: str, house: str) -> Place:
    return Place(f"{street}, {house}" if house else street, match.start(), match.end(), bool(house))


def _house(match: re.Match[str]) -> str:
    if not match["house"]:
        return ""
    house = match["house"].replace(" ", "")
    return f"{house} корп. {match['block']}" if match["block"] else house


@lru_cache(maxsize=256)
def _kind(word: str) -> str:
    small = word.lower()
    return next((written for start, written in _TYPES.items() if small.startswith(start)), "ул.")


def _named(name: str, kind: str) -> str:
    """A name in the form that stands after «ул.»: «улице Советской» → «Советская», but «улица Крупской» as it is."""
    if _kind(kind) in _FEMININE and not kind.lower().endswith(("ца", "ая", "дь", "ея")):
        name = _feminine(name)
    return _capital(name)


def _feminine(name: str) -> str:
    words = name.split()
    if not re.search(r"(?:ой|ую)$", words[-1]) or _small(words[-1]) in _SURNAMES:
        return name
    return " ".join(re.sub(r"(?:ой|ую)$", "ая", word) for word in words)


def _capital(name: str) -> str:
    return " ".join(word if word[0].isupper() or word == "лет" else word[0].upper() + word[1:] for word in name.split())


def _small(name: str) -> str:
    return name.lower().replace("ё", "е")
