"""Chats where somebody waits to hear that an answer is in doubt or did not arrive are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEWS = sa.text("state IN ('queued', 'sending') AND draft_id <> 0 AND purpose = 'notice'")


def upgrade() -> None:
    op.create_index("ix_outbox_news", "outbox", ["account", "chat"], sqlite_where=_NEWS, postgresql_where=_NEWS)
