"""Where each key of a TOML text stands: tomllib reads values and forgets lines, and a person who edits the file needs them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes (from 0) from the top of the file down to a value."""

_BLANK = re.compile(r"(?:[\s,]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


class Lines:
    """The line of every table, key and list item of a text that tomllib has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[Path, int] = {}
        self._lengths: dict[Path, int] = {}
        self._read()

    def of(self, path: Path) -> int:
        """The line of the value, or of what it stands in when it is not there at all."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 1

    def _read(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            table = self._statement(table)
            self._skip(_BLANK)

    def _statement(self, table: Path) -> Path:
        """A header, which opens another table, or a key with its value."""
        line = self._here()
        if not self._text.startswith("[", self._at):
            self._pair(table)
            return table
        listed = self._text.startswith("[[", self._at)
        self._at += 2 if listed else 1
        table = self._resolved(self._key(), listed=listed)
        self._at += 2 if listed else 1
        self._lines.setdefault(table, line)
        return table

    def _resolved(self, key: tuple[str, ...], *, listed: bool) -> Path:
        """The path a header means: the last item of each list of tables on the way, a new one when the header opens it."""
        path: Path = ()
        for depth, name in enumerate(key, 1):
            path = (*path, name)
            if listed and depth == len(key):
                self._lines.setdefault(path, self._here())
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = (*table, *self._key())
        self._lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        """A key with its dots, and the spaces around them."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = _STRING.match(self._text, self._at)
            found = quoted or _BARE_KEY.match(self._text, self._at)
            if found is None:  # cannot be in a text that tomllib accepted; step on rather than stay for ever
                self._at += 1
                return tuple(parts)
            self._at = found.end()
            parts.append(_unquoted(found.group()) if quoted else found.group())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        if self._text.startswith("[", self._at):
            self._items(path)
        elif self._text.startswith("{", self._at):
            self._at += 1
            self._skip(_BLANK)
            while self._at < len(self._text) and not self._text.startswith("}", self._at):
                self._pair(path)
                self._skip(_BLANK)
            self._at += 1
        else:
            self._skip(_STRING if _STRING.match(self._text, self._at) else _SCALAR)

    def _items(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        index = 0
        while self._at < len(self._text) and not self._text.startswith("]", self._at):
            item = (*path, index)
            self._lines.setdefault(item, self._here())
            self._value(item)
            self._skip(_BLANK)
            index += 1
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    try:
        return str(json.loads(key))
    except ValueError:  # an escape that only TOML has; the line of the table will do
        return key


def place(path: Path) -> str:
    """A path as people write it, counted from 1: ``topics[3].keywords``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            text += f".{step}" if text else step
    return text


_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_PROBLEMS: Mapping[str, str] = {
    "Cannot overwrite": "twice",
    "Cannot declare": "twice",
    "Cannot mutate": "twice",
    "Duplicate inline table key": "twice",
    "Cannot redefine": "twice",
    "Unclosed array": "unclosed",
    "Unclosed inline table": "unclosed",
    "Unterminated string": "unclosed-text",
    "Expected '='": "equals",
    "Invalid value": "value",
    "Invalid date": "value",
    "Invalid statement": "statement",
    "Expected newline": "newline",
    "Expected ']": "bracket",
    "Unescaped '\\'": "backslash",
    "Illegal character": "unclosed-text",
}


def syntax(message: str, text: str) -> tuple[int, int, str]:
    """Line, column and a name for what tomllib found: twice, unclosed, unclosed-text, equals, value … or other."""
    found = _AT.search(message)
    if found:
        line, column = int(found.group(1)), int(found.group(2))
    else:  # the text ends too early
        line, column = text.rstrip("\n").count("\n") + 1, 1
        message = message.replace("Invalid value", "Unclosed array")
    return line, column, next((name for start, name in _PROBLEMS.items() if message.startswith(start)), "other")
