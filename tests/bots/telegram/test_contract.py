from __future__ import annotations

from tests.bots.contract import ChannelContract


class TestTelegram(ChannelContract):
    """The shared contract, over real HTTP."""
