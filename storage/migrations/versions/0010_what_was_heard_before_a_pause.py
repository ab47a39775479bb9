"""What was heard before a pause; an incident that waits for its citizen just now may repeat a step, once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("heard", sa.Text(), server_default="", nullable=False))
