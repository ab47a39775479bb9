"""Digests: what was told each morning, first answers, and an index for what was received."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LATE = sa.text("at > due_at")


def upgrade() -> None:
    op.add_column("people", sa.Column("no_digest", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_incidents_reported", "incidents", ["reported_at", "organisation"])
    op.create_table(
        "first_answers",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_first_answers_incident_id_incidents")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_first_answers")),
    )
    op.create_index("ix_first_answers_at", "first_answers", ["at", "organisation"])
    op.create_index("ix_first_answers_late", "first_answers", ["due_at"], sqlite_where=_LATE, postgresql_where=_LATE)
    op.create_table(
        "digests",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "person_id", name=op.f("pk_digests")),
    )
