"""What is wrong with a region file, and what is only worth a second look: each with its line, its place and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from incidents.lines import Lines, Path, place

_SHOWN = 60
"""Characters of a wrong value that an error repeats."""


@dataclass(frozen=True, slots=True)
class RegionError:
    """One thing that is wrong in a region file, or remarkable; ``key`` and ``args`` are a message of the locale."""

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
        self.errors = in_order(errors)
        super().__init__("\n".join(map(str, self.errors)))


def in_order(errors: Iterable[RegionError]) -> tuple[RegionError, ...]:
    """As they stand in the file."""
    return tuple(sorted(errors, key=lambda error: (error.line, error.column, error.place, error.key)))


class Findings:
    """What was found so far, and in which lines things stand."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.errors: list[RegionError] = []
        self.remarks: list[RegionError] = []
        """Nothing is wrong with it, and yet somebody may not have meant it so."""

    def add(self, path: Path, key: str, /, **args: str | int) -> None:
        """Write down one more error."""
        self.errors.append(self._found(path, key, args))

    def remark(self, path: Path, key: str, /, **args: str | int) -> None:
        """Write down something that is worth a second look; the file is good all the same."""
        self.remarks.append(self._found(path, key, args))

    def _found(self, path: Path, key: str, args: dict[str, str | int]) -> RegionError:
        value = args.get("value")
        if isinstance(value, str) and len(value) > _SHOWN:
            args["value"] = value[: _SHOWN - 1] + "…"
        return RegionError(self.lines.of(path), place(path), key, args)

    def unknown(self, path: Path, key: str, value: str, allowed: Iterable[str], /, **args: str | int) -> None:
        """A name that is not among the allowed ones: say which are, and which one was probably meant."""
        names = sorted(allowed)
        near = get_close_matches(value, names, 1)
        self.add(path, key, value=value, allowed=", ".join(names), **nearest(near), **args)


def nearest(found: Sequence[str]) -> dict[str, str]:
    """What was probably meant, and whether there is such a thing at all (the locale cannot ask for an empty text)."""
    return {"near": "yes" if found else "no", "nearest": found[0] if found else ""}
