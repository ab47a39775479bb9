"""${message[0].upper() + message[1:]}."""

# ruff: noqa: PLR0915 — a migration is one list, however long

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
