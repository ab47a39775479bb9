"""Which ids a region file has, and who refers to which."""

from __future__ import annotations

from incidents.fields import Table
from incidents.findings import Findings
from incidents.lines import Path


class Ids:
    """The ids of each kind met so far, and the references that are to be looked up when all are known."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._known: dict[str, dict[str, Path]] = {}
        self._references: list[tuple[str, str, Path]] = []

    def new(self, kind: str, value: str, path: Path, problem: str = "region-duplicate") -> str:
        """Remember an id of a kind; the second of two that are equal is an error."""
        first = self._known.setdefault(kind, {}).setdefault(value, path) if value else path
        if first != path:
            self._findings.add(path, problem, value=value, line=str(self._findings.lines.of(first)))
        return value

    def own(self, kind: str, table: Table, key: str = "id") -> str:
        """The id of a table. One of a wrong form is known all the same, so that those who refer to it are not blamed too."""
        value, written = table.slug(key), table.data.get(key)
        if not value and isinstance(written, str):
            self._known.setdefault(kind, {}).setdefault(written.strip(), table.at(key))
        return self.new(kind, value, table.at(key))

    def refer(self, kind: str, value: str, path: Path) -> str:
        """Remember that something refers to an id, which may come later in the file."""
        if value:
            self._references.append((kind, value, path))
        return value

    def resolve(self) -> None:
        """Report references to ids that are not there."""
        for kind, value, path in self._references:
            known = self._known.get(kind, {})
            if value not in known:
                self._findings.unknown(path, "region-unknown-reference", value, known, kind=kind)
