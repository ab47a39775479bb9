"""One process for one SQLite file, however the one before it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.alone import Alone, NotAlone

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from storage.alone import Alone
alone = Alone(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_hears_who_is_there_and_may_run_when_it_went(tmp_path: Path) -> None:
    first = Alone(tmp_path / "sutki.db")
    with pytest.raises(NotAlone) as why:
        Alone(tmp_path / "sutki.db")
    assert why.value.process == str(os.getpid())
    Alone(tmp_path / "other.db").close()
    first.close()
    Alone(tmp_path / "sutki.db").close()


def test_nothing_has_to_be_cleaned_up_after_a_kill(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(tmp_path / "sutki.db")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:  # noqa: S603  # our own words
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(NotAlone) as why:
            Alone(tmp_path / "sutki.db")
        assert why.value.process == str(other.pid)
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert (tmp_path / "sutki.db.lock").exists()
    Alone(tmp_path / "sutki.db").close()
