"""Reads one table of the region file key by key, and writes down all that is wrong with it instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from incidents.findings import Findings, nearest
from incidents.lines import Path
from incidents.policies import Length

T = TypeVar("T")

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 32
"""Ids travel in buttons, and Telegram carries 64 bytes there."""
_ENV = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_TOKEN = re.compile(r"\d{5,}:|vk1\.|[A-Za-z0-9_-]{40,}")
_DURATION = re.compile(r"(\d{1,4})(m|h|d)")
_WORKING = re.compile(r"(\d{1,4})wh")
_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_URL = re.compile(r"https://[^\s/?#@]+\.[^\s/?#@]+(?:[/?#]\S*)?")
_PHONE = re.compile(r"\+?\d{2,15}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


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

    def number(self, key: str, *, longest: int) -> int | None:
        """A whole number from 0 on; optional."""
        if not self.has(key):
            return None
        return self._number(self.at(key), self.data[key], 0, longest)

    def numbers(self, key: str, *, least: int, most: int) -> tuple[int, ...]:
        """A list of whole numbers; optional."""
        value = self.data[key] if self.has(key) else []
        if not isinstance(value, list):
            self._wrong_type(self.at(key), "numbers", value)
            return ()
        found = [self._number((*self.at(key), index), item, least, most) for index, item in enumerate(value)]
        return tuple(number for number in found if number is not None)

    def _number(self, path: Path, value: object, least: int, most: int) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong_type(path, "number", value)
        elif least <= value <= most:
            return value
        else:
            self.findings.add(path, "region-number", value=str(value), least=str(least), most=str(most))
        return None

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
        self.wrong(key, "region-timezone", value=value, **nearest(near))
        return None

    def duration(self, key: str, default: T, *, longest: timedelta = timedelta(days=366), working: bool = False) -> timedelta | T:
        """A length of time («90m», «24h», «5d»); optional. ``working``: working time might stand here as well, an error says so."""
        if not self.has(key):
            return default
        found = read_duration(self.text(key), longest, working=working)
        if isinstance(found, timedelta):
            return found
        if isinstance(self.data[key], str) and self.data[key].strip():
            self.wrong(key, found, value=self.data[key], longest=longest.days)
        return default

    def length(self, key: str, *, longest: timedelta) -> Length | None:
        """How long a clock runs: elapsed («24h») or working time («9wh»); optional."""
        found = _WORKING.fullmatch(self.data[key]) if self.has(key) and isinstance(self.data[key], str) else None
        if found is None:
            elapsed = self.duration(key, None, longest=longest, working=True)
            return Length(elapsed) if elapsed else None
        amount = timedelta(hours=int(found.group(1)))
        if not timedelta() < amount <= longest:
            self.wrong(key, "region-duration-range", value=self.data[key], longest=longest.days)
            return None
        return Length(amount, working=True)

    def days(self, key: str, *, yearly: bool = False) -> dict[date | tuple[int, int], Path]:
        """A list of days («2026-05-12»; ``yearly``: also «05-12» for every year), each with its place; optional."""
        found: dict[date | tuple[int, int], Path] = {}
        written = self.data[key] if self.has(key) else []
        if not isinstance(written, list):
            self._wrong_type(self.at(key), "texts", written)
            return found
        for index, item in enumerate(written):
            path = (*self.at(key), index)
            day = self._day(path, item, yearly=yearly)
            if day is not None and found.setdefault(day, path) != path:
                self.findings.add(path, "region-twice-in-list", value=str(item))
        return found

    def _day(self, path: Path, item: object, *, yearly: bool) -> date | tuple[int, int] | None:
        if isinstance(item, date) and not isinstance(item, datetime):
            return item
        if not isinstance(item, str):
            self._wrong_type(path, "day", item)
            return None
        match = _DATE.fullmatch(item)
        if match is None or (match[1] is None and not yearly):
            self.findings.add(path, "region-day-yearly" if yearly else "region-day", value=item)
            return None
        try:
            day = date(int(match[1] or 2024), int(match[2]), int(match[3]))  # a leap year: 29 February comes every four years
        except ValueError:
            self.findings.add(path, "region-no-such-day", value=item)
            return None
        return day if match[1] else (day.month, day.day)

    def hour(self, key: str, default: time, *, midnight: bool = False) -> time:
        """A time of day («22:00»); optional. ``midnight``: «24:00» may stand here, too, and is read as 0:00."""
        if not self.has(key):
            return default
        if midnight and self.data[key] == "24:00":
            return time()
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


def read_duration(value: str, longest: timedelta, *, working: bool = False) -> timedelta | str:
    """The length of time a text says, or the key of what is wrong with it."""
    found = _DURATION.fullmatch(value)
    if not found:
        if _WORKING.fullmatch(value):
            return "region-duration-elapsed"
        return "region-length" if working else "region-duration"
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
