"""Connections to PostgreSQL that notice when the other end is gone, and find the server that takes writes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    import asyncpg

CONNECT = 3.0
"""Seconds one server may take to let us in. The driver's own limit is for all servers together: a dead first one would use it up."""
ANSWER = 12.0
"""Seconds until a statement that nobody answers is given up, and its connection with it."""
SILENCE = 8
"""Seconds after which a connection whose other end says nothing, not even that a packet came, is dead."""
SESSION = {
    # A process that was stopped inside a transaction would keep its locks, and with them everybody else.
    "idle_in_transaction_session_timeout": "8s",
    "statement_timeout": "10s",
    # The same on the server's side: what a machine that is gone had locked must be let go.
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": f"{SILENCE}s",
}
"""What each session asks of the server: https://www.postgresql.org/docs/current/runtime-config-client.html and -connection.html."""


def open_engine(url: URL, *, patient: bool = False) -> AsyncEngine:
    """The pool of connections. ``patient``: a statement may take as long as it takes; for migrations."""
    engine = create_async_engine(url, hide_parameters=True, async_creator=Door(url, patient=patient).connect)

    @event.listens_for(engine.sync_engine, "checkout")
    def _taken(connection: Any, _record: Any, _proxy: Any) -> None:
        # SQLAlchemy's own way to find out (pool_pre_ping) asks the server three times before every transaction. The driver
        # knows when the other end is gone, and whatever it does not know yet ends the transaction, which is taken again.
        if connection.driver_connection.is_closed():
            raise DisconnectionError("the server ended it")

    return engine


class Door:
    """Connects to the first server that lets us in and takes writes, beginning with the one that did so last."""

    def __init__(self, url: URL, *, patient: bool = False) -> None:
        _, options = url.get_dialect()().create_connect_args(url)
        for own in ("prepared_statement_cache_size", "prepared_statement_name_func"):  # SQLAlchemy's, not the driver's
            options.pop(own, None)
        hosts, ports = options.pop("host", None), options.pop("port", None)
        self._servers: list[Mapping[str, Any]] = (
            [{"host": host, "port": port} for host, port in zip(hosts, ports, strict=True)]
            if isinstance(hosts, list)
            else [{name: value for name, value in (("host", hosts), ("port", ports)) if value is not None}]
        )
        if len(self._servers) > 1:
            options.setdefault("target_session_attrs", "read-write")
        settings = {} if patient else SESSION
        limits = {"timeout": CONNECT, "command_timeout": None if patient else ANSWER}
        self._options: dict[str, Any] = {**options, **limits, "server_settings": settings}

    async def connect(self) -> asyncpg.Connection:
        """One connection. Raises what the last server said."""
        import asyncpg  # noqa: PLC0415  # who is on SQLite need not wait for it

        for server in self._servers[:-1]:
            try:
                return await self._at(server)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.TargetServerAttributeNotMatched):
                continue
        return await self._at(self._servers[-1])

    async def _at(self, server: Mapping[str, Any]) -> asyncpg.Connection:
        import asyncpg  # noqa: PLC0415  # as above

        connection = await asyncpg.connect(**self._options, **server)
        self._servers = [server, *(other for other in self._servers if other is not server)]
        _watch(connection)
        return connection


def _watch(connection: Any) -> None:
    """Have the kernel find out that the other machine is gone; the driver has no option for it."""
    wire = connection._transport.get_extra_info("socket")
    if wire is None or wire.family == socket.AF_UNIX:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 2), ("TCP_USER_TIMEOUT", SILENCE * 1000)):
        if hasattr(socket, name):  # each system has its own
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
