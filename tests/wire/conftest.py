"""The two servers of the tests over the wire, up for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import TelegramServer
from tests.wire.vk_server import VkServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    server = TelegramServer(TELEGRAM_TOKEN)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def vk() -> AsyncIterator[VkServer]:
    server = VkServer(VK_TOKEN)
    await server.start()
    yield server
    await server.stop()
