"""A month of a region, here two days of a small one: `make soak` plays it at its size, and the invariants hold at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import soak


def test_two_days_of_a_small_region(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "soak.png"
    code = soak.main(["--days", "2", "--year", "2000", "--storm", "20", "--picture", str(picture)])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "every invariant holds" in told
    assert "presses " in told, "people do what the buttons are for"
    assert "send_broke" not in told
    assert picture.read_bytes().startswith(b"\x89PNG")
