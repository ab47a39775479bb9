"""Opens the channel of any account of the region; all accounts of one messenger share their HTTP connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from bots.channel import Channel, Clock, File, FileGone
from bots.settings import Settings
from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from bots.vk.calls import Sessions as VkSessions
from bots.vk.channel import VkChannel
from incidents.region import Account


class Connections:
    """Open channels by account, from the settings' addresses and tokens. An asynchronous context: leaving it closes everything."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._telegram = TelegramSessions(settings.telegram_url)
        self._vk = VkSessions()
        self.channels: dict[str, Channel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        for channel in self.channels.values():
            await channel.close()
        await self._telegram.close()
        await self._vk.close()

    async def open(self, account: Account) -> Channel | None:
        """The account's channel; None when there is no token for it. Raises Refused when the token is no token at all."""
        if account.key in self.channels:
            return self.channels[account.key]
        token = self._settings.token(account.token_env)
        if token is None:
            return None
        secret = token.get_secret_value()
        channel: Channel
        if account.kind == "vk":
            channel = VkChannel(account.key, secret, sessions=self._vk, fetch=self.fetch, clock=self._clock, base_url=self._settings.vk_url)
        else:
            channel = TelegramChannel(account.key, secret, sessions=self._telegram, fetch=self.fetch, clock=self._clock)
        self.channels[account.key] = channel
        return channel

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file of any open account. Raises FileGone."""
        channel = self.channels.get(file.account)
        if channel is None:
            raise FileGone("its account is not connected")
        return channel.fetch(file)
