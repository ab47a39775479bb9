"""Keeps what was said in the sandbox from one start to the next, in one file that is always whole."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sandbox.clock import SandboxClock
from sandbox.world import Choices

VERSION = 1


class Kept(Protocol):
    """Something that can be written down as plain JSON and read back."""

    def dump(self) -> dict[str, Any]: ...

    def load(self, data: dict[str, Any]) -> None: ...


class Damaged(Exception):
    """What was kept cannot be read; the text says which file and what to do."""


def until_evening(now: datetime, zone: str, hour: int = 20) -> timedelta:
    """How far ahead of ``now`` it is ``hour`` o'clock in the zone: the clock's offset at the very first start.

    What is reported at 20:00 is reminded of at 8:00, 15:12 and 18:00, all in daytime.
    """
    here = now.astimezone(ZoneInfo(zone))
    evening = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    if evening < here:
        evening += timedelta(days=1)
    return evening.astimezone(now.tzinfo) - now


class Keep:
    """Saves a quiet moment after a change, and at the end."""

    def __init__(self, folder: Path, messengers: Mapping[str, Kept], clock: SandboxClock, choices: Choices, *, quiet: float = 0.5) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "sandbox.json"
        self._messengers = messengers
        self._clock = clock
        self._choices = choices
        self._quiet = quiet
        self._changed = asyncio.Event()

    def load(self) -> bool:
        """Take up what was kept; False when this is the very first start. Raises Damaged."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        except ValueError as error:
            raise self._damaged() from error
        try:
            if kept["version"] != VERSION:
                raise self._damaged()
            for name, messenger in self._messengers.items():
                if name in kept["messengers"]:
                    messenger.load(kept["messengers"][name])
            self._clock.offset = timedelta(seconds=kept["offset"])
            self._choices.speak(kept["language"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error
        return True

    def touch(self) -> None:
        """Something changed: save soon. To be handed to ``World.watch``."""
        self._changed.set()

    async def run(self) -> None:
        """Save after changes until cancelled, and once more then."""
        writing: asyncio.Future[None] | None = None
        try:
            while True:
                await self._changed.wait()
                await asyncio.sleep(self._quiet)
                self._changed.clear()
                writing = asyncio.ensure_future(asyncio.to_thread(self._write, self._dump()))
                await asyncio.shield(writing)
        finally:
            if writing:
                await asyncio.wait([writing])  # a thread cannot be stopped: it must not lay an older file over the last one
            self.save()

    def save(self) -> None:
        """Write everything down now."""
        self._write(self._dump())

    def _dump(self) -> str:
        kept = {
            "version": VERSION,
            "offset": self._clock.offset.total_seconds(),
            "language": self._choices.language,
            "messengers": {name: messenger.dump() for name, messenger in self._messengers.items()},
        }
        return json.dumps(kept, ensure_ascii=False)

    def _write(self, text: str) -> None:
        """Replace the file in one step: a crash leaves the old one or the new one."""
        draft = self._file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._file)

    def _damaged(self) -> Damaged:
        return Damaged(f"{self._file} cannot be read; `make sandbox-reset` starts afresh")
