"""What several gateways ask alike: values written into statements, what SQLite and PostgreSQL spell apart, rows of many incidents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Integer, Table, Text, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def constant(value: str | int) -> ColumnElement[Any]:
    """A value written into the statement: an index of some rows is used only where one can read that its condition holds.

    Raises ValueError for a text with a quotation mark: what is written in is chosen by us, never by a person.
    """
    if isinstance(value, int):
        return literal_column(str(int(value)), Integer)
    if "'" in value:
        raise ValueError(f"not to be written into a statement: {value!r}")
    return literal_column(f"'{value!s}'", Text)


def is_one_of(column: ColumnElement[str], *values: str) -> ColumnElement[bool]:
    """Whether it is one of these constants."""
    return column.in_([constant(value) for value in values])


def insert(dialect: Dialect, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


async def upsert(connection: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert the row, or set the values on the row that has this key."""
    statement = insert(connection.dialect, table).values(**key, **values)
    if values:
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    await connection.execute(statement)


async def insert_new(connection: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Insert the row unless one with this key is there. Returns whether it was inserted."""
    statement = insert(connection.dialect, table).values(**key, **values).on_conflict_do_nothing(index_elements=list(key))
    return bool((await connection.execute(statement)).rowcount)


async def rows_ahead(
    connection: AsyncConnection,
    place: dict[int, list[Any]],
    numbers: Collection[int],
    *columns: Any,
    order: Sequence[Any] = (),
    made: Callable[[Mapping[Any, Any]], Any] | None = None,
) -> None:
    """Read the rows of these incidents at once and remember them in ``place``: number → its rows in their order.

    ``columns`` are of one table, which has an ``incident_id``; that one is named first unless ``made`` turns a row into what is remembered.
    Without ``made`` that is a tuple of the columns after the first.
    """
    statement = select(*columns).where(columns[0].table.c.incident_id.in_(numbers)).order_by(*order)
    rows = (await connection.execute(statement)).all()
    place.update((number, []) for number in numbers)
    for row in rows:
        place[row.incident_id].append(made(row._mapping) if made else tuple(row)[1:])
