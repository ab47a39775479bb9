"""The few statements that SQLite and PostgreSQL spell through different constructs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


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
