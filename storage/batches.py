"""Rows that one statement writes: what the statement says, and the rows as the driver takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, bindparam, update

from storage.sql import insert

OLD = "old_"
"""Before the name of a column in a row's values: as it stands there, not as it shall be."""


class Batch(NamedTuple):  # asked for with every row that is added, and a tuple is made and compared in a fifth of the time
    """Which rows are written by one statement."""

    table: Table
    key: tuple[str, ...] = ()
    """Columns that say which row is changed; none: the rows are new."""
    read: str = ""
    """The column that says how often a row was changed: it must be as it was read."""
    unless: tuple[str, ...] = ()
    """Columns of which no two rows have the same: a new row like an old one is left."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A statement in the driver's words, and how each of its parameters is made of a value."""

    words: str
    parameters: Sequence[tuple[str, Callable[[Any], Any] | None]]

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The parameters of all rows. A column at a time: SQLAlchemy makes them a row at a time, and that takes thrice as long."""
        columns: list[Iterable[Any]] = [map(itemgetter(name), rows) for name, _ in self.parameters]
        made = [map(make, column) if make else column for column, (_, make) in zip(columns, self.parameters, strict=True)]
        return list(zip(*made, strict=True))


@lru_cache(maxsize=256)
def writing(batch: Batch, names: frozenset[str], dialect: Dialect) -> Writing:
    """The statement that writes rows with these columns."""
    table = batch.table
    if batch.key:
        statement = update(table).where(*(table.c[name] == bindparam(OLD + name) for name in batch.key))
    else:
        statement = insert(dialect, table).inline()  # nothing comes back
        statement = statement.on_conflict_do_nothing(index_elements=batch.unless) if batch.unless else statement
    compiled = statement.compile(dialect=dialect, column_keys=sorted(names))
    types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
    return Writing(compiled.string, [(name, types[name].bind_processor(dialect)) for name in compiled.positiontup or ()])
