"""Alembic's way in: runs the migrations on the connection that ``storage.migrate`` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.sql.elements import False_

from storage.tables import Instant, metadata


def frozen(kind: str, thing: Any, _autogenerate: Any) -> str | Literal[False]:
    """How a new migration spells what is ours: in plain SQLAlchemy, so that it stays true when our code changes."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), False_):
        return "sa.false()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=frozen,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
