"""How many wait to be sorted, who waits for their citizen and which words a reply answers are found without reading every row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, status in (("ix_incidents_unsorted", "new"), ("ix_incidents_waiting", "waiting")):
        rows = sa.text(f"status = '{status}'")
        op.drop_index(name, "incidents")
        op.create_index(name, "incidents", ["id", "status"], sqlite_where=rows, postgresql_where=rows)
    op.create_index("ix_drafts_message", "drafts", ["account", "chat", "message"])
