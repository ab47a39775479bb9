"""What a start imports: nothing of a messenger that has no account, nor of a database that is not used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPEN = """
import asyncio, sys
import bots.app
from bots.connections import Connections
from bots.clock import now
from bots.settings import read
from incidents.region import Account

given = {"SUTKI_TELEGRAM_A_TOKEN": "4503599627370401:" + "a" * 35, "SUTKI_VK_A_TOKEN": "vk1.a." + "a" * 80}

async def opened():
    async with Connections(read(needs_region=False, given=given), now) as connections:
        for kind in sys.argv[1:]:
            account = Account(kind=kind, name="a", token_env=f"SUTKI_{kind.upper()}_A_TOKEN")
            assert await connections.open(account)

asyncio.run(opened())
print(*{"aiogram", "vkbottle", "asyncpg", "alembic"} & set(sys.modules))
"""


@pytest.mark.parametrize(("kinds", "imported"), [((), set()), (("vk",), {"vkbottle"}), (("telegram",), {"aiogram"})])
def test_only_what_is_used_is_imported(kinds: tuple[str, ...], imported: set[str]) -> None:
    words = [sys.executable, "-c", OPEN, *kinds]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    assert said.returncode == 0, said.stderr
    assert set(said.stdout.split()) == imported
