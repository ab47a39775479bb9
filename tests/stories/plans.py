"""How a house on SQLite looks for what its conversations ask: nothing that grows with incidents is read as a whole."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event

from storage.store import Store

_GROWS = {
    *("contacts", "controls", "conversations", "corrections", "drafts", "first_answers", "history", "identities", "inbox", "incidents"),
    *("keyboards", "messages", "outbox", "people", "reminders", "sent", "threads"),
}
_SCAN = re.compile(r"(?:SCAN|SEARCH) (?P<table>[a-z_]+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (?P<index>\w+))?$")
"""A SEARCH by nothing is the way to a highest or lowest id: row after row, until one fits."""
_ONCE_IN_A_GROUPS_LIFE = re.compile(r"UPDATE \w+ SET chat=\?")
_explained: set[str] = set()
"""What was looked at in an earlier story of this run."""


class Plans:
    """Takes down what is asked of a store on SQLite."""

    def __init__(self, store: Store) -> None:
        self._file = str(store.url.database)
        self._asked: dict[str, Any] = {}
        event.listen(store.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if " WHERE " in " ".join(statement.split()) and statement not in _explained:
            _explained.add(statement)
            self._asked[statement] = parameters[0] if isinstance(parameters, list) else parameters

    def whole_tables(self) -> Mapping[str, str]:
        """Statements with a condition that read every row of such a table all the same, and what SQLite says of each.

        An index of some rows only, where the statement names its condition, is as good as one that is searched.
        """
        found = {}
        database = sqlite3.connect(self._file)
        try:
            of_some = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")}
            for statement, parameters in self._asked.items():
                for *_, line in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    scan = _SCAN.match(line)
                    if scan and scan["table"] in _GROWS and scan["index"] not in of_some and not _ONCE_IN_A_GROUPS_LIFE.match(statement):
                        found[statement] = line
        finally:
            database.close()
        return found
