"""What was said stays from one start to the next."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.keep import Damaged, Keep, until_evening
from sandbox.world import Choices


class Notebook:
    """Something to keep."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.asked = asyncio.Event()

    def dump(self) -> dict[str, Any]:
        self.asked.set()
        return dict(self.data)

    def load(self, data: dict[str, Any]) -> None:
        self.data = dict(data)


def _keep(folder: Path) -> tuple[Keep, Notebook, SandboxClock, Choices]:
    notebook, clock, choices = Notebook(), SandboxClock(), Choices()
    return Keep(folder, {"telegram": notebook}, clock, choices, quiet=0.01), notebook, clock, choices


def test_the_first_start_has_nothing_kept(tmp_path: Path) -> None:
    assert _keep(tmp_path)[0].load() is False


def test_everything_is_there_at_the_next_start(tmp_path: Path) -> None:
    keep, notebook, clock, choices = _keep(tmp_path)
    notebook.data = {"said": ["Яма"]}
    clock.move(timedelta(hours=5))
    choices.speak("en")
    keep.save()
    again, notebook, clock, choices = _keep(tmp_path)
    assert again.load() is True
    assert (notebook.data, clock.offset, choices.language) == ({"said": ["Яма"]}, timedelta(hours=5), "en")
    assert [path.name for path in tmp_path.iterdir()] == ["sandbox.json"]


async def test_it_is_saved_a_moment_after_a_change_and_at_the_end(tmp_path: Path) -> None:
    keep, notebook, _, _ = _keep(tmp_path)
    running = asyncio.create_task(keep.run())
    notebook.data = {"n": 1}
    for _ in range(2):  # it asks the second time only after the first answer is on the disk
        keep.touch()
        async with asyncio.timeout(5):
            await notebook.asked.wait()
        notebook.asked.clear()
    assert json.loads((tmp_path / "sandbox.json").read_text())["messengers"]["telegram"] == {"n": 1}
    notebook.data = {"n": 2}
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert json.loads((tmp_path / "sandbox.json").read_text())["messengers"]["telegram"] == {"n": 2}


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"version": 99}', '{"version": 1, "messengers": {"telegram": 5}, "offset": 0, "language": "ru"}']
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "sandbox.json").write_text(text)
    with pytest.raises(Damaged, match=r"sandbox\.json.*sandbox-reset"):
        _keep(tmp_path)[0].load()


def test_an_unwritable_draft_leaves_the_old_file_whole(tmp_path: Path) -> None:
    keep, notebook, _, _ = _keep(tmp_path)
    keep.save()
    before = (tmp_path / "sandbox.json").read_text()
    notebook.data = {"bytes": b"not JSON"}
    with pytest.raises(TypeError):
        keep.save()
    assert (tmp_path / "sandbox.json").read_text() == before


@given(st.integers(0, 6 * 366 * 24 * 3600), st.sampled_from(["Asia/Barnaul", "Asia/Kamchatka", "Europe/Berlin"]))
def test_the_first_start_is_in_the_evening(seconds: int, zone: str) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ahead = until_evening(now, zone)
    there = (now + ahead).astimezone(ZoneInfo(zone))
    assert (there.hour, there.minute, there.second) == (20, 0, 0)
    assert timedelta() <= ahead <= timedelta(hours=25)


def test_the_evenings_reminders_all_come_in_daytime() -> None:
    start = datetime(2026, 3, 11, 4, 30, tzinfo=UTC)
    evening = start + until_evening(start, "Asia/Barnaul")
    hours = [(evening + timedelta(hours=after)).astimezone(ZoneInfo("Asia/Barnaul")).hour for after in (12, 19.2, 22)]
    assert hours == [8, 15, 18]
