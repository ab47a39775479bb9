"""Reads one table of the region file key by key, and writes down all that is wrong with it instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from incidents.lines import Lines, Path, place

T = TypeVar("T")

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 32
"""Ids travel in buttons, and Telegram carries 64 bytes there."""
_ENV = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_TOKEN = re.compile(r"\d{5,}:|vk1\.|[A-Za-z0-9_-]{40,}")
_DURATION = re.compile(r"(\d{1,4})(m|h|d)")
_WORKING = re.compile(r"\d+\s*w[hd]")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_URL = re.compile(r"https://[^\s/?#@]+\.[^\s/?#@]+(?:[/?#]\S*)?")
_PHONE = re.compile(r"\+?\d{2,15}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SHOWN = 60
"""Characters of a wrong value that an error repeats."""


@dataclass(frozen=True, slots=True)
class RegionError:
    """One thing that is wrong in a region file; ``key`` and ``args`` are a message of the locale."""

    line: int
    place: str
    """Where in the file, counted from 1: ``topics[3].keywords``."""
    key: str
    args: Mapping[str, str | int] = field(default_factory=dict)
    column: int = 0
    """0 when only the line is known."""

    def __str__(self) -> str:
        return f"{self.line}: {self.place}: {self.key} {dict(self.args)}"


class RegionErrors(Exception):
    """The region file cannot be used; ``errors`` says everything that is wrong with it, in the order of its lines."""

    def __init__(self, errors: Iterable[RegionError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.line, error.column, error.place, error.key)))
        super().__init__("\n".join(map(str, self.errors)))


class Findings:
    """What was found wrong so far, and in which lines things stand."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.errors: list[RegionError] = []

    def add(self, path: Path, key: str, /, **args: str | int) -> None:
        """Write down one more error."""
        value = args.get("value")
        if isinstance(value, str) and len(value) > _SHOWN:
            args["value"] = value[: _SHOWN - 1] + "…"
        self.errors.append(RegionError(self.lines.of(path), place(path), key, args))

    def unknown(self, path: Path, key: str, value: str, allowed: Iterable[str], /, **args: str | int) -> None:
        """A name that is not among the allowed ones: say which are, and which one was probably meant."""
        names = sorted(allowed)
        near = get_close_matches(value, names, 1)
        self.add(path, key, value=value, allowed=", ".join(names), **_nearest(near), **args)


def _nearest(found: Sequence[str]) -> dict[str, str]:
    """What was probably meant, and whether there is such a thing at all (the locale cannot ask for an empty text)."""
    return {"near": "yes" if found else "no", "nearest": found[0] if found else ""}


class Table:
    """One table of the file. A key that was never asked for is an unknown key, which ``close`` reports."""

    def __init__(self, data: Mapping[str, Any], path: Path, findings: Findings) -> None:
        self.data = data
        self.path = path
        self.findings = findings
        self._asked: set[str] = set()

    def close(self) -> None:
        """Report the keys nobody asked for."""
        for key in self.data.keys() - self._asked:
            self.findings.unknown((*self.path, key), "region-unknown-key", key, self._asked)

    def at(self, key: str) -> Path:
        """Where a key of this table stands."""
        return (*self.path, key)

    def wrong(self, key: str, problem: str, /, **args: str | int) -> None:
        """Write down what is wrong with a key."""
        self.findings.add(self.at(key), problem, **args)

    def has(self, key: str) -> bool:
        """Whether the key is there, right or wrong."""
        self._asked.add(key)
        return key in self.data

    # --- texts ---------------------------------------------------------------------------------------------------------

    def text(self, key: str, *, required: bool = True, longest: int = 120) -> str:
        """One line of text; empty when it is missing or wrong."""
        if not self.has(key):
            if required:
                self.findings.add(self.path, "region-missing", name=key)
            return ""
        return self._line(self.at(key), self.data[key], longest)

    def texts(self, key: str, *, required: bool = False, one_will_do: bool = False) -> tuple[str, ...]:
        """A list of texts; with ``one_will_do`` a single text is a list of one."""
        if not self.has(key):
            if required:
                self.findings.add(self.path, "region-missing", name=key)
            return ()
        value = self.data[key]
        if one_will_do and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self._wrong_type(self.at(key), "text-or-texts" if one_will_do else "texts", value)
            return ()
        if not value:
            self.wrong(key, "region-empty-list")
        found = [self._line((*self.at(key), index), item, 120) for index, item in enumerate(value)]
        first: dict[str, int] = {}
        for index, item in enumerate(found):
            if item and first.setdefault(item.lower(), index) != index:
                self.findings.add((*self.at(key), index), "region-twice-in-list", value=item)
        return tuple(found)

    def _line(self, path: Path, value: object, longest: int) -> str:
        if not isinstance(value, str):
            self._wrong_type(path, "text", value)
        elif not value.strip():
            self.findings.add(path, "region-empty")
        elif _CONTROL.search(value):
            self.findings.add(path, "region-not-one-line")
        elif len(value.strip()) > longest:
            self.findings.add(path, "region-too-long", value=value.strip(), length=len(value.strip()), longest=longest)
        else:
            return value.strip()
        return ""

    def _wrong_type(self, path: Path, expected: str, value: object) -> None:
        self.findings.add(path, "region-wrong-type", expected=expected, found=_kind(value))

    def _matching(self, key: str, pattern: re.Pattern[str], problem: str, *, required: bool) -> str:
        value = self.text(key, required=required)
        if value and not pattern.fullmatch(value):
            self.wrong(key, problem, value=value)
            return ""
        return value

    def slug(self, key: str, *, required: bool = True) -> str:
        """An id: small Latin letters, digits, single hyphens between them."""
        value = self._matching(key, SLUG, "region-slug", required=required)
        if len(value) > LONGEST_SLUG:
            self.wrong(key, "region-too-long", value=value, length=len(value), longest=LONGEST_SLUG)
            return ""
        return value

    def url(self, key: str, *, required: bool = True) -> str:
        """An address that begins with https://."""
        return self._matching(key, _URL, "region-url", required=required)

    def phone(self, key: str) -> str:
        """A telephone number of digits only; optional."""
        return self._matching(key, _PHONE, "region-phone", required=False)

    def env(self, key: str) -> str:
        """The name of an environment variable. What looks like a token itself is never repeated in the error."""
        if not self.has(key):
            self.findings.add(self.path, "region-missing", name=key)
            return ""
        value = self.data[key]
        if not isinstance(value, str):
            self._wrong_type(self.at(key), "text", value)
            return ""
        if _ENV.fullmatch(value):
            return value
        self.wrong(key, "region-env-token" if _TOKEN.match(value) else "region-env")
        return ""

    def choice(self, key: str, allowed: Sequence[str], *, default: str = "") -> str:
        """One of a few words; ``default`` makes it optional."""
        if default and not self.has(key):
            return default
        value = self.text(key)
        if value and value not in allowed:
            self.findings.unknown(self.at(key), "region-choice", value, allowed)
        return value if value in allowed else default or allowed[0]

    def switch(self, key: str, *, default: bool) -> bool:
        """True or false; optional."""
        if not self.has(key):
            return default
        value = self.data[key]
        if not isinstance(value, bool):
            self._wrong_type(self.at(key), "switch", value)
            return default
        return value

    # --- times ---------------------------------------------------------------------------------------------------------

    def zone(self, key: str, *, required: bool) -> ZoneInfo | None:
        """A time zone by its name in the IANA database."""
        value = self.text(key, required=required)
        if not value:
            return None
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zones = available_timezones()
        near = get_close_matches(value, zones, 1) or [name for name in zones if name.endswith(f"/{value}")]
        self.wrong(key, "region-timezone", value=value, **_nearest(near))
        return None

    def duration(self, key: str, default: T, *, longest: timedelta = timedelta(days=366)) -> timedelta | T:
        """A length of time («90m», «24h», «5d»); optional."""
        if not self.has(key):
            return default
        found = read_duration(self.text(key), longest)
        if isinstance(found, timedelta):
            return found
        if isinstance(self.data[key], str) and self.data[key].strip():
            self.wrong(key, found, value=self.data[key], longest=longest.days)
        return default

    def hour(self, key: str, default: time) -> time:
        """A time of day («22:00»); optional."""
        if not self.has(key):
            return default
        value = self._matching(key, _TIME, "region-time", required=True)
        return time.fromisoformat(value) if value else default

    # --- tables --------------------------------------------------------------------------------------------------------

    def table(self, key: str, *, required: bool = False) -> Table:
        """A table below this one; an empty one when it is missing or no table."""
        value = self.data.get(key, {})
        if not self.has(key) and required:
            self.findings.add(self.path, "region-missing-section", name=key)
        if not isinstance(value, dict):
            self._wrong_type(self.at(key), "table", value)
            value = {}
        return Table(value, self.at(key), self.findings)

    def tables(self, key: str, *, required: bool = False) -> Iterator[Table]:
        """Each table of a list of tables; ``required``: there must be one at least."""
        value = self.data.get(key, [])
        self._asked.add(key)
        if not isinstance(value, list):
            self._wrong_type(self.at(key), "tables", value)
            return
        if required and not value:
            self.findings.add(self.at(key) if key in self.data else self.path, "region-none", name=key)
        for index, item in enumerate(value):
            path = (*self.at(key), index)
            if isinstance(item, dict):
                yield Table(item, path, self.findings)
            else:
                self._wrong_type(path, "table", item)


def read_duration(value: str, longest: timedelta) -> timedelta | str:
    """The length of time a text says, or the key of what is wrong with it."""
    found = _DURATION.fullmatch(value)
    if not found:
        return "region-duration-working" if _WORKING.fullmatch(value) else "region-duration"
    length = int(found.group(1)) * _UNITS[found.group(2)]
    return length if timedelta() < length <= longest else "region-duration-range"


def _kind(value: object) -> str:
    """What a value of the file is, for the locale to name: text, number, switch, list, table or date."""
    if isinstance(value, bool):
        return "switch"
    for kind, name in ((str, "text"), (int | float, "number"), (list, "list"), (dict, "table")):
        if isinstance(value, kind):
            return name
    return "date"
