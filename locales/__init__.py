"""Every text a person reads, by language: Fluent files in one folder per language, Russian first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

from babel.dates import format_date
from babel.numbers import format_decimal
from fluent.runtime import FluentBundle, FluentResource, resolver
from fluent.runtime.types import fluent_number

LANGUAGES = ("ru", "en")
DEFAULT = "ru"
_LONGEST = 2000
"""Characters of a value that Fluent is given: it refuses those above 2,500 (``resolver.MAX_PART_LENGTH``), and people write longer ones."""


_Plain: TypeAlias = Callable[[Mapping[str, Any]], str] | None
"""Makes a text that is nothing but words and the names of arguments; None where Fluent has something to decide."""


def choose(tag: str) -> str:
    """The language to speak to somebody whose messenger has this language tag; Russian unless it is one of ours."""
    language = tag.lower().partition("-")[0]
    return language if language in LANGUAGES else DEFAULT


class Texts:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._plain: dict[str, _Plain] = {}
        # Isolation marks would stand as odd characters around every name in a messenger.
        self._bundle = FluentBundle([language], use_isolating=False)
        folder = files(__name__) / language
        for resource in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if resource.name.endswith(".ftl"):
                self._bundle.add_resource(FluentResource(resource.read_text(encoding="utf-8")))

    def say(self, key: str, **arguments: str | float) -> str:
        """The text of a key. Raises LookupError for an unknown key and ValueError for a missing argument: both are our mistakes."""
        if key not in self._plain:
            self._plain[key] = self._in_plain_words(key)
        plain = self._plain[key]
        if plain is None or float in map(type, arguments.values()):
            return self._format(key, arguments)
        try:
            return plain(arguments)
        except KeyError as missing:
            raise ValueError(f"text {key!r} in {self.language}: {missing} is missing") from None

    def _pattern(self, key: str) -> Any:
        if not self._bundle.has_message(key):
            raise LookupError(f"no text {key!r} in {self.language}")
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise LookupError(f"text {key!r} in {self.language} has no value")
        return pattern

    def _in_plain_words(self, key: str) -> _Plain:
        pattern = self._pattern(key)
        elements = pattern.elements if isinstance(pattern, resolver.Pattern) else [pattern]
        template = ""
        for element in elements:
            inner = element.expression if isinstance(element, resolver.Placeable | resolver.NeverIsolatingPlaceable) else element
            if isinstance(inner, resolver.TextElement):
                template += _as_it_is(inner.value)
            elif isinstance(inner, resolver.StringLiteral):
                template += _as_it_is(inner.parse()["value"])
            elif isinstance(inner, resolver.VariableReference):
                template += f"{{{inner.id.name}}}"  # «№ 1042», never «№ 1 042»: most of our numbers are names of incidents
            else:
                return None
        return template.format_map

    def _format(self, key: str, arguments: Mapping[str, str | float]) -> str:
        plain = {name: value if isinstance(value, str) else fluent_number(value, useGrouping=False) for name, value in arguments.items()}
        # A long value is put in afterwards, where its mark stands: one that nobody can write, for what people write carries no NUL.
        long = {f"\0{name}\0": value for name, value in plain.items() if isinstance(value, str) and len(value) > _LONGEST}
        plain |= {mark.strip("\0"): mark for mark in long}
        said, errors = self._bundle.format_pattern(self._pattern(key), plain)
        if errors:
            raise ValueError(f"text {key!r} in {self.language}: {errors[0]}")
        text = str(said)
        for mark, value in long.items():
            text = text.replace(mark, value)
        return text

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return bool(self._bundle.has_message(key))

    def hour(self, instant: datetime, zone: tzinfo) -> str:
        """«14:05», local."""
        return f"{instant.astimezone(zone):%H:%M}"

    def when(self, instant: datetime, zone: tzinfo, now: datetime) -> str:
        """«12 марта, 14:05», local; with the year when it is not this one."""
        local, today = instant.astimezone(zone), now.astimezone(zone)
        return f"{self.day(local, today)}, {self.hour(instant, zone)}"

    def day(self, local: datetime, today: datetime) -> str:
        """«12 марта»; with the year when it is not this one."""
        pattern = "d MMMM" if local.year == today.year else "d MMMM y"
        return _date(local.date(), pattern, self.language)

    def decimal(self, value: float) -> str:
        """«4,3»: one digit behind the point."""
        return str(format_decimal(value, "0.0", locale=self.language))

    def span(self, length: timedelta) -> str:
        """«4 ч 48 мин», «2 дня 3 ч», never negative and never empty."""
        return _span(max(int(length.total_seconds()) // 60, 0), self.language)


def _as_it_is(words: str) -> str:
    """In a template."""
    return words.replace("{", "{{").replace("}", "}}")


@lru_cache(maxsize=4096)
def _span(minutes: int, language: str) -> str:
    """So many minutes in words; kept, because Fluent counts them anew each time, and what comes together mostly has the same span."""
    say = texts(language).say
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if days > 1 or (days and (hours or minutes)):
        parts.append(say("span-days", count=days))
    elif days:
        hours += 24
    if hours:
        parts.append(say("span-hours", count=hours))
    if minutes and days < 1:
        parts.append(say("span-minutes", count=minutes))
    return " ".join(parts) or say("span-minutes", count=0)


@lru_cache(maxsize=1024)
def _date(day: date, pattern: str, language: str) -> str:
    return str(format_date(day, pattern, locale=language))


@cache
def texts(language: str) -> Texts:
    """The texts of a language, read once."""
    return Texts(choose(language))
