"""The warm process: imports everything the program needs, then forks a child per wish. One thread, no loop, no connection of its own."""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

Wish = dict[str, Any]

WARM = (
    "bots.__main__", "bots.app", "bots.commands", "bots.logs", "bots.pages", "bots.web", "bots.telegram.channel", "bots.vk.channel",
    "aiosqlite", "asyncpg", "sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.dialects.postgresql.asyncpg",
    "alembic.command", "alembic.config", "alembic.script", "alembic.runtime.migration", "babel.dates", "handlers.routes", "storage.migrate",
)  # fmt: skip
"""What a start would import by and by."""


class Door:
    """Waits for wishes on its connections and for children to end."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._woken, self._wakes = socket.socketpair()
        self._rests: dict[socket.socket, bytes] = {}
        self._children: dict[int, socket.socket] = {}

    def run(self) -> None:
        """Until standard input ends: then whoever made this process is gone."""
        self._wakes.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno())
        for one in (self._listening, self._woken, sys.stdin):
            self._selector.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    self._kill(list(self._children))
                    signal.set_wakeup_fd(-1)
                    self._close()
                    return
                if key.fileobj is self._listening:
                    connection, _ = self._listening.accept()
                    self._rests[connection] = b""
                    self._selector.register(connection, selectors.EVENT_READ)
                elif key.fileobj is self._woken:
                    self._woken.recv(4096)
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)
            self._reap()

    def _hear(self, connection: socket.socket) -> None:
        try:
            said = connection.recv(65536)
        except ConnectionError:
            said = b""
        if not said:
            self._kill([pid for pid, owner in self._children.items() if owner is connection])
            self._selector.unregister(connection)
            del self._rests[connection]
            connection.close()
            return
        *lines, self._rests[connection] = (self._rests[connection] + said).split(b"\n")
        for line in lines:
            wish = json.loads(line)
            if "signal" not in wish:
                self._fork(connection, wish)
            elif wish["pid"] in self._children:
                os.kill(wish["pid"], wish["signal"])

    def _fork(self, connection: socket.socket, wish: Wish) -> None:
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._close()
            _become(wish)
        self._children[pid] = connection
        _tell(connection, {"pid": pid})

    def _close(self) -> None:
        self._selector.close()
        for one in (self._listening, self._woken, self._wakes, *self._rests):
            one.close()

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                _tell(self._children.pop(pid), {"pid": pid, "code": os.waitstatus_to_exitcode(status)})

    def _kill(self, pids: list[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def _tell(connection: socket.socket, words: Wish) -> None:
    with suppress(OSError):  # whoever asked is gone
        connection.sendall(json.dumps(words).encode() + b"\n")


def _become(wish: Wish) -> None:
    """In the child: be the program. Never returns."""
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(log)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(wish["environment"])
    os.chdir(wish["folder"])
    for name, *arguments in wish["first"]:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(*arguments)
    _arm(wish["crash"], wish["record"])
    sys.argv = ["sutki", *wish["command"]]
    from bots.__main__ import main  # it is imported long since

    main()
    sys.exit(0)


def _arm(crash: str, record: str) -> None:
    if not crash and not record:
        return
    from storage.crash import arm

    point, _, times = crash.rpartition(":")
    left = int(times or 0)
    passed = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if record else -1

    def reached(name: str) -> None:
        nonlocal left
        if passed >= 0:
            os.write(passed, name.encode() + b"\n")
        left -= name == point
        if name == point and not left:
            os.kill(os.getpid(), signal.SIGKILL)

    arm(reached)


def main() -> None:
    """`python -m tests.promises.forking <descriptor of a listening socket>`."""
    for name in WARM:
        importlib.import_module(name)
    importlib.import_module("locales").texts("ru")  # a third of what a start takes
    gc.collect()
    gc.freeze()
    Door(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
