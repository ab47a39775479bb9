"""One process for one SQLite file: a lock on a file beside it, which the system lets go of however the process ends."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]


class NotAlone(Exception):
    """Another process runs on this file. Says which, as far as it is known."""

    def __init__(self, file: Path, process: str) -> None:
        super().__init__(f"{file}: {process}")
        self.file, self.process = file, process


class Alone:
    """The only process that runs on a file, until ``close``. Raises NotAlone, OSError.

    The lock belongs to the open file, so it outlives no process, not one that is killed either; the file itself stays, and
    means nothing by itself. Commands that look at the database or change a row beside the running house do not take it.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file.with_name(file.name + ".lock")
        self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(file)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _take(self, file: Path) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotAlone(file, os.read(self._descriptor, 100).decode("ascii", "replace").strip()) from None
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let another process run."""
        os.close(self._descriptor)
