"""Tells the database's own trouble, which passes, from a mistake of ours, which does not."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnection

_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_NOMEM")
"""https://sqlite.org/rescode.html; extended codes begin with these."""
_POSTGRESQL = ("08", "25006", "25P03", "40", "53", "55P03", "57", "58")
"""The connection, a read-only server, an ended session, deadlocks, no room, locks, a stopping server, the disk:
https://www.postgresql.org/docs/current/errcodes-appendix.html."""


def passes(problem: BaseException) -> bool:
    """Whether the same may go well a little later: the database was away, busy, full, or two of us were in each other's way."""
    if isinstance(problem, DisconnectionError | InterfaceError | NoConnection | OSError):  # OSError: also the built-in TimeoutError
        return True
    if not isinstance(problem, DBAPIError):
        return False
    sqlite = getattr(problem.orig, "sqlite_errorname", None) or ""
    state = getattr(problem.orig, "sqlstate", None) or ""
    return problem.connection_invalidated or sqlite.startswith(_SQLITE) or state.startswith(_POSTGRESQL)
