"""The shared channel contract, on vkbottle's client against the local VK."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bots.contract import ChannelContract, Wired
from tests.bots.vk.local import connected


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with connected(tmp_path) as (wired, _):
        yield wired


class TestVk(ChannelContract):
    """Everything of the contract."""
