"""Dates made plain before they are read: numbers in words become digits, short forms whole words, slips of the finger are mended. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from incidents.words import normal

BOUND = 4096
"""Characters that are looked at."""
LONGEST = 200
"""Characters of an answer to «когда?»; what is longer is no date alone."""

# --- numbers in words --------------------------------------------------------------------------------------------------

_CARDINALS = (
    "один одна одно одну одного одной одному",
    "два две двух двум пара пару пары",
    "три трех трем",
    "четыре четырех четырем",
    "пять пяти",
    "шесть шести",
    "семь семи",
    "восемь восьми",
    "девять девяти",
    "десять десяти",
    "одиннадцать одиннадцати",
    "двенадцать двенадцати",
    "тринадцать тринадцати",
    "четырнадцать четырнадцати",
    "пятнадцать пятнадцати",
    "шестнадцать шестнадцати",
    "семнадцать семнадцати",
    "восемнадцать восемнадцати",
    "девятнадцать девятнадцати",
    "двадцать двадцати",
)
_ENGLISH = "one two three four five six seven eight nine ten"
_NUMBERS: Mapping[str, str] = (
    {word: str(number) for number, words in enumerate(_CARDINALS, 1) for word in words.split()}
    | {"тридцать": "30", "тридцати": "30"}
    | {word: str(number) for number, word in enumerate(_ENGLISH.split(), 1)}
)
_STEMS = (
    "перв втор трет четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат "
    "восемнадцат девятнадцат двадцат"
)
_ORDINALS: Mapping[str, int] = {stem: number for number, stem in enumerate(_STEMS.split(), 1)} | {"тридцат": 30}
_TENS = r"(?:(?P<tens>двадцать|двадцати|тридцать|тридцати)\s+)?"
_ORDINAL = re.compile(rf"(?<!\w){_TENS}(?P<stem>{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})(?:ого|ому|ьего|ьему)(?!\w)")
_CARDINAL = re.compile(rf"(?<!\w){_TENS}(?P<word>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})(?!\w)")


def _by_the_clock(found: re.Match[str]) -> str:
    hour = int(found[1])
    return f"{hour + 12 if hour < 12 and found[2] != 'утра' else hour}:00"


_Rewrites: TypeAlias = Sequence[tuple[re.Pattern[str], str | Callable[["re.Match[str]"], str]]]
_ANYWHERE: _Rewrites = tuple(
    (re.compile(pattern), made)
    for pattern, made in (
        (r"(?<!\w)(?:полутор[аы]\w*|полтор[аы])(?!\w)", "1.5"),
        (r"(?<=\d)-?(?:х|ти|ми)(?!\w)", ""),
        (r"(?<![\w.:])(\d{1,2}) час(?:ов|а|ам)? (утра|дня|вечера)(?!\w)", _by_the_clock),
        (r"(?<!\w)((?:до|ко|к|в|во|позднее|позже) \d{1,2}) ?(?:час(?:ов|а|ам)|час\.|ч\.?) (\d{2}) ?мин\w*\.?", r"\1:\2"),
        (r"(?<!\w)((?:до|ко|к|в|во) \d{1,2}) ?(?:час(?:ов|а|ам)|час\.|ч\.?)(?!\w)", r"\1:00"),
    )
)


def _tens(found: re.Match[str]) -> int:
    return int(_NUMBERS[found["tens"]]) if found["tens"] else 0


def _ordinal(found: re.Match[str]) -> str:
    return f"{_tens(found) + _ORDINALS[found['stem']]}-го"


def _cardinal(found: re.Match[str]) -> str:
    return str(_tens(found) + int(_NUMBERS[found["word"]]))


def plain(text: str) -> str:
    """A text in small letters with its numbers in digits: «в течение трёх дней» is «в течение 3 дней»."""
    small = re.sub(r"\s+", " ", normal(text[:BOUND]))
    small = _CARDINAL.sub(_cardinal, _ORDINAL.sub(_ordinal, small))
    for pattern, made in _ANYWHERE:
        small = pattern.sub(made, small)
    return small


# --- what only an answer to «когда?» may be taken for ------------------------------------------------------------------

_SHORT: Mapping[str, str] = {
    "пн": "понедельник",
    "пнд": "понедельник",
    "вт": "вторник",
    "ср": "среда",
    "чт": "четверг",
    "пт": "пятница",
    "птн": "пятница",
    "сб": "суббота",
    "вс": "воскресенье",
    "янв": "января",
    "фев": "февраля",
    "февр": "февраля",
    "мар": "марта",
    "апр": "апреля",
    "авг": "августа",
    "сен": "сентября",
    "сент": "сентября",
    "окт": "октября",
    "ноя": "ноября",
    "нояб": "ноября",
    "дек": "декабря",
    "след": "следующей",
    "теч": "течение",
    "раб": "рабочих",
    "рд": "рабочих дней",
    "рабочих": "рабочих",
    "нед": "недель",
    "мес": "месяцев",
    "сут": "суток",
    "дн": "дней",
    "нг": "нового года",
    "сег": "сегодня",
    "седня": "сегодня",
    "седни": "сегодня",
    "щас": "сейчас",
    "недельку": "неделю",
    "недельки": "недели",
    "денек": "день",
    "денька": "дня",
    "часик": "час",
    "часика": "часа",
    "часок": "час",
    "минуток": "минут",
    "утречком": "утром",
    "вечерком": "вечером",
}
_WHOLE_SHORT = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(_SHORT, key=len, reverse=True))})(?!\w)\.?")
_KNOWN = frozenset(
    re.findall(
        r"\w+",
        "понедельник понедельника понедельнику вторник вторника вторнику среда среды среду среде четверг четверга четвергу пятница пятницы "
        "пятницу пятнице суббота субботы субботу субботе воскресенье воскресенья воскресенью январь января феврале февраля февраль марта "
        "апреля апрель августа август сентября сентябрь октября октябрь ноября ноябрь декабря декабрь сегодня завтра послезавтра вчера "
        "через течение следующей следующего следующий следующую следующем ближайшую ближайший ближайшей недели неделе неделю неделя недель "
        "месяца месяц месяцев часов минут минуты рабочих рабочего рабочий календарных сутки суток обеда обеду вечера вечером вечеру "
        "полудня полчаса числа числу конца концу выходных выходным нового новому "
        "январе марте апреле августе сентябре октябре ноябре декабре "
        "рабочей рабочую квартала этой эту этот будущей текущей конце среди обед утра утру день дней года году часа июня июля июне июле",
    )
)
"""Words in which one wrong, missing, doubled or swapped letter is mended."""
_MONTHS = "янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек"
_UNITS = r"(?:минут\w*|час\w*|сут\w+|дн\w+|день|недел\w+|месяц\w*)"
_SOME = r"(?:минут|часа|часов|суток|дня|дней|недели|недель|месяца|месяцев)"


def _days_long(found: re.Match[str]) -> str:
    return f"через {_NUMBERS.get(found[1], found[1])} дней"


_REWRITES: _Rewrites = tuple(
    (re.compile(pattern), made)
    for pattern, made in (
        (r"(?<=\d)\s*-?\s*(?:го|му|ого|ому)(?!\w)", "-го"),
        (r"(?<=\d)-?(?:х|ти|ми)(?!\w)", ""),
        (r"(?<!\w)(\d+)\s*р\.?\s?д\.?(?!\w)", r"\1 рабочих дней"),
        (r"(?<=[а-я])(?=\d)|(?<=\d)(?=[а-я])", " "),
        (r"(?<!\w)пол[\s-]?часа(?!\w)", "30 минут"),
        (r"(?<!\w)пол[\s-]?года(?!\w)", "6 месяцев"),
        (r"(?<!\w)пол[\s-]?месяца(?!\w)", "15 дней"),
        (r"(?<!\w)час[уа]? дня(?!\w)", "13:00"),
        (r"(?<!\w)24[:.]00(?!\d)", "23:59"),
        (rf"(?<!\w)(\d{{1,2}})\s*[-–—]\s*(\d{{1,2}}) (?={_UNITS}|рабоч|календар)", r"\2 "),
        (rf"(?<!\w)(?:с )?\d{{1,2}}(?:-го)? ?(?:[-–—]|по) ?(?=\d{{1,2}}(?:-го)? (?:{_MONTHS}))", ""),
        (r"(?<!\w)((?:в|во|к|до|с) \d{1,2})(?: |-)(00|15|30|45)(?!\w)", r"\1:\2"),
        (rf"(?<!\d )(?<!\w)({_SOME}) (?:через )?(\d+)(?![\w:.])", r"через \2 \1"),
        (rf"(?<!\w)в (\d+|{'|'.join(_NUMBERS)})[\s-]?дневный срок", _days_long),
        (r"(?<!\w)в недельный срок", "через 7 дней"),
        (r"(?<!\w)в месячный срок", "через 1 месяц"),
        (r"(?<!\w)в суточный срок", "через 1 сутки"),
    )
)


def typed(text: str) -> str:
    """An answer to «когда?» made plain: short forms whole, missing spaces put in, slips mended. Only where nothing but a date is meant."""
    small = re.sub(r"\s+", " ", normal(text[:LONGEST])).strip()
    small = re.sub(r"[а-я]{4,}", lambda found: _mended(found[0]), small)
    for pattern, made in _REWRITES[:4]:
        small = pattern.sub(made, small)
    small = plain(_WHOLE_SHORT.sub(lambda found: _SHORT[found[0].rstrip(".")], small))
    for pattern, made in _REWRITES[4:]:
        small = pattern.sub(made, small)
    return small


def _mended(word: str) -> str:
    """The known word this one is a slip of; the word itself when there is none, or when it could be two different ones."""
    if word in _KNOWN:
        return word
    near = sorted(known for known in _KNOWN if abs(len(known) - len(word)) <= 1 and _one_slip(word, known))
    return near[0] if near and len({known[:3] for known in near}) == 1 else word


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter: wrong, missing, too many, or swapped with its neighbour."""
    same = next((at for at, (mine, yours) in enumerate(zip(one, other, strict=False)) if mine != yours), min(len(one), len(other)))
    mine, yours = one[same:], other[same:]
    return mine[1:] == yours[1:] or mine[1:] == yours or mine == yours[1:] or (mine[:2] == yours[1::-1] and mine[2:] == yours[2:])
