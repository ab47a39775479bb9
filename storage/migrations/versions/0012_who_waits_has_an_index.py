"""The curators' list of the day asks which incidents of the whole region wait for their citizens, without looking at all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'waiting'")


def upgrade() -> None:
    op.create_index("ix_incidents_waiting", "incidents", ["id"], sqlite_where=_WAITING, postgresql_where=_WAITING)
