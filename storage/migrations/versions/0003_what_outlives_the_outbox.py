"""What was sent outlives its row in the outbox; numbers are never given twice; deadlines have an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CLOCKS = sa.text("timer IN ('first_answer', 'promise', 'rework')")
_COUNTED = ("incidents", "drafts", "outbox")
_OLD_LINES = (
    *(f"CONSTRAINT pk_{table} PRIMARY KEY (id)" for table in _COUNTED),
    "CONSTRAINT fk_sent_outbox_id_outbox FOREIGN KEY(outbox_id) REFERENCES outbox (id)",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in ("sent", *_COUNTED):
            _made_anew(table)
    else:
        op.drop_constraint("fk_sent_outbox_id_outbox", "sent", type_="foreignkey")
    op.create_index("ix_incidents_due", "incidents", ["due_at"], sqlite_where=_CLOCKS, postgresql_where=_CLOCKS)


def _made_anew(table: str) -> None:
    """SQLite changes neither keys nor constraints: the table is copied. By its own words, so that nothing else of it changes."""
    bind = op.get_bind()
    words = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}).scalar_one()
    found = sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL")
    indexes = bind.execute(found, {"name": table}).scalars().all()
    _, _, body = words.partition("(")
    lines = [line.strip(" \t\n,") for line in body.rpartition(")")[0].splitlines()]
    kept = [line for line in lines if line and line not in _OLD_LINES]
    if table in _COUNTED:
        kept = ["id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if line == "id INTEGER NOT NULL" else line for line in kept]
    op.execute(sa.text(f"CREATE TABLE {table}_new (\n" + ",\n".join(kept) + "\n)"))
    op.execute(sa.text(f"INSERT INTO {table}_new SELECT * FROM {table}"))
    op.execute(sa.text(f"DROP TABLE {table}"))
    op.execute(sa.text(f"ALTER TABLE {table}_new RENAME TO {table}"))
    for index in indexes:
        op.execute(sa.text(index.replace(":", "\\:")))
