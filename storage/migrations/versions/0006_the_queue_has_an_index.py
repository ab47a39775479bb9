"""The curators' queue has an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNSORTED = sa.text("status = 'new'")


def upgrade() -> None:
    op.create_index("ix_incidents_unsorted", "incidents", ["id"], sqlite_where=_UNSORTED, postgresql_where=_UNSORTED)
