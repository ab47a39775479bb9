"""Connections to PostgreSQL that notice when the other end is gone, and find the server that takes writes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

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
    engine = create_async_engine(url, hide_parameters=True, async_creator=_Door(url, patient=patient).connect)

    @event.listens_for(engine.sync_engine, "checkout")
    def _taken(connection: Any, _record: Any, _proxy: Any) -> None:
        # SQLAlchemy's own way to find out (pool_pre_ping) asks the server three times before every transaction. The driver
        # knows when the other end is gone, and whatever it does not know yet ends the transaction, which is taken again.
        if connection.driver_connection.is_closed():
            raise DisconnectionError("the server ended it")

    return engine


class _Door:
    """Connects to the first server that lets us in and takes writes, beginning with the one that did so last."""

    def __init__(self, url: URL, *, patient: bool) -> None:
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
        self._options = options | {"server_settings": settings, "timeout": CONNECT, "command_timeout": None if patient else ANSWER}

    async def connect(self) -> asyncpg.Connection:
        """One connection. Raises what the last server said."""
        for last, server in _with_last(self._servers):
            try:
                connection = await asyncpg.connect(**self._options, **server)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if last:
                    raise
                continue
            self._servers.sort(key=lambda one, good=server: one is not good)  # type: ignore[misc]  # mypy does not type the default
            _watch(connection)
            return connection
        raise AssertionError("there is at least one server")


def _with_last(servers: Sequence[Mapping[str, Any]]) -> list[tuple[bool, Mapping[str, Any]]]:
    return [(number == len(servers), server) for number, server in enumerate(servers, start=1)]


def _watch(connection: Any) -> None:
    """Have the kernel find out that the other machine is gone; the driver has no option for it."""
    wire: socket.socket | asyncio.trsock.TransportSocket | None = connection._transport.get_extra_info("socket")
    if wire is None or wire.family == socket.AF_UNIX:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 2), ("TCP_USER_TIMEOUT", SILENCE * 1000)):
        if hasattr(socket, name):  # each system has its own
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
