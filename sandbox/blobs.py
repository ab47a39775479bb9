"""The bytes of files that people and bots send in the sandbox, by their digest, in one folder."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Blobs:
    """Bytes by name; the same bytes have the same name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their name."""
        name = hashlib.sha256(content).hexdigest()[:32]
        path = self._folder / name
        if not path.exists():
            path.write_bytes(content)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of that name. Raises LookupError when there are none."""
        if not name.isalnum():
            raise LookupError("no such file")
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise LookupError("no such file") from None
