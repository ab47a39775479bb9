"""The warm process itself: what it forks is the program, dies where it is told to, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.promises.zygote import Child, Process, Zygote, environment
from tests.wire.house import TELEGRAM_TOKEN
from tests.wire.telegram_server import TelegramServer


async def test_a_child_is_the_program_and_stops_at_sigterm(zygote: Zygote, sqlite_url: str, tmp_path: Path) -> None:
    telegram = TelegramServer(TELEGRAM_TOKEN)
    await telegram.start()
    given = environment(tmp_path, sqlite_url, SUTKI_TELEGRAM_URL=telegram.url, SUTKI_TELEGRAM_ALTAI_TOKEN=TELEGRAM_TOKEN)
    child = await zygote.start(given, folder=tmp_path, record=True)
    await telegram.called("getUpdates")
    assert {"load_region.committed", "identify.committed"} <= set(child.passed)
    assert await child.terminate() == 0, child.log
    assert "stopped" in child.log
    await telegram.stop()


async def test_the_command_line_says_what_is_wrong_and_how_it_ended(zygote: Zygote, sqlite_url: str, tmp_path: Path) -> None:
    child = await zygote.start(environment(tmp_path, sqlite_url), folder=tmp_path)
    assert await child.wait() == 2
    assert "SUTKI_TELEGRAM_ALTAI_TOKEN" in child.log
    assert await (await zygote.start({}, folder=tmp_path, command=["version"], log="version.log")).wait() == 0


async def test_a_killed_child_and_one_whose_test_is_over_are_gone(warm_process: Process, sqlite_url: str, tmp_path: Path) -> None:
    given = environment(tmp_path, sqlite_url, SUTKI_TELEGRAM_URL="http://127.0.0.1:9", SUTKI_TELEGRAM_ALTAI_TOKEN=TELEGRAM_TOKEN)
    async with Zygote(warm_process) as zygote:
        first, second = [await zygote.start(given, folder=tmp_path) for _ in range(2)]
        assert await first.kill() == -signal.SIGKILL
        assert second.running
        assert is_there(second)
    assert not is_there(first)
    assert not is_there(second)


def is_there(child: Child) -> bool:
    try:
        os.kill(child.pid, 0)
    except ProcessLookupError:
        return False
    return True
