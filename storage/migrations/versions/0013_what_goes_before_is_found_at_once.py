"""What goes before another row of its chat is found at once, however much waits there; an index that nothing asked any more goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BEFORE = sa.text("state IN ('queued', 'sending') AND before_row IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_outbox_before", "outbox")
    op.create_index("ix_outbox_before", "outbox", ["account", "chat", "before_row"], sqlite_where=_BEFORE, postgresql_where=_BEFORE)
    op.drop_index("ix_outbox_turn", "outbox")
