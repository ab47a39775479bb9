"""Opens the channel of any account of the region; all accounts of one messenger share their HTTP connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bots.channel import Channel, Clock, File, FileGone
from bots.settings import Settings
from incidents.region import Account

# A messenger's library costs two or three seconds and half of the memory: only those of the region's accounts are imported.
if TYPE_CHECKING:
    from bots.telegram.wire import TelegramSessions
    from bots.vk.calls import Sessions


class Connections:
    """Open channels by account, from the settings' addresses and tokens. An asynchronous context: leaving it closes everything."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._telegram: TelegramSessions | None = None
        self._vk: Sessions | None = None
        self.channels: dict[str, Channel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        for channel in self.channels.values():
            await channel.close()
        for sessions in (self._telegram, self._vk):
            if sessions is not None:
                await sessions.close()

    async def open(self, account: Account) -> Channel | None:
        """The account's channel; None when there is no token for it. Raises Refused when the token is no token at all."""
        if account.key in self.channels:
            return self.channels[account.key]
        token = self._settings.token(account.token_env)
        if token is None:
            return None
        made = self._open_vk if account.kind == "vk" else self._open_telegram
        self.channels[account.key] = channel = made(account.key, token.get_secret_value())
        return channel

    def _open_telegram(self, account: str, token: str) -> Channel:
        from bots.telegram.channel import TelegramChannel  # noqa: PLC0415  # see the first lines
        from bots.telegram.wire import TelegramSessions  # noqa: PLC0415

        self._telegram = self._telegram or TelegramSessions(self._settings.telegram_url)
        return TelegramChannel(account, token, sessions=self._telegram, fetch=self.fetch, clock=self._clock)

    def _open_vk(self, account: str, token: str) -> Channel:
        from bots.vk.calls import Sessions  # noqa: PLC0415  # see the first lines
        from bots.vk.channel import VkChannel  # noqa: PLC0415

        self._vk = self._vk or Sessions()
        return VkChannel(account, token, sessions=self._vk, fetch=self.fetch, clock=self._clock, base_url=self._settings.vk_url)

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file of any open account. Raises FileGone."""
        channel = self.channels.get(file.account)
        if channel is None:
            raise FileGone("its account is not connected")
        return channel.fetch(file)
