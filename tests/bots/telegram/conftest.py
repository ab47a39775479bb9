"""A local Telegram with one bot, one person and two groups, and a channel connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bots.telegram.channel import TelegramChannel
from bots.telegram.wire import TelegramSessions
from sandbox.blobs import Blobs
from sandbox.faults import Faults
from sandbox.telegram import LocalTelegram
from sandbox.telegram_state import LocalBot, LocalGroup, LocalPerson
from tests.bots.contract import Wired, fetcher

TOKEN = "7000000001:AA-canary-token"  # noqa: S105 - of the local Telegram
BOT, ANNA, PETROV = "7000000001", "100000001", "100000012"
GROUP, FORUM = "-1001000000002", "-1001000000001"


async def quickly(_: float) -> None:
    """A pause that does not wait for the real clock."""
    await asyncio.sleep(0)


async def close(sessions: TelegramSessions) -> None:
    """Close them at once: aiogram itself waits a quarter of a second for TLS to say goodbye, and there is none here."""
    for session in (sessions.polling, sessions.sending):
        await (await session.create_session()).close()
    await sessions.close()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def telegram(tmp_path: Path, faults: Faults) -> AsyncIterator[LocalTelegram]:
    local = LocalTelegram(
        [LocalBot(int(BOT), TOKEN, "altai_sutki_bot", "Сутки · Алтайский край")],
        [LocalPerson(int(ANNA), "Анна Примерова"), LocalPerson(int(PETROV), "Илья Петров", "en")],
        [
            LocalGroup(int(GROUP), "Дежурные", members={int(ANNA): "member", int(PETROV): "creator"}, bots={int(BOT): []}),
            LocalGroup(
                int(FORUM), "Комитет ЖКХ", forum=True, members={int(PETROV): "administrator"}, bots={int(BOT): ["can_manage_topics"]}
            ),
        ],
        blobs=Blobs(tmp_path / "blobs"),
        faults=faults,
        clock=lambda: datetime.now(UTC),
    )
    yield local
    await local.close()


@pytest.fixture
async def wired(telegram: LocalTelegram, faults: Faults) -> AsyncIterator[Wired]:
    base_url = await telegram.open()
    sessions = TelegramSessions(base_url)
    elsewhere: dict[str, bytes] = {}
    channel = TelegramChannel(
        "telegram/altai", TOKEN, sessions=sessions, fetch=fetcher(elsewhere), clock=lambda: datetime.now(UTC), sleep=quickly
    )
    connected = Wired(channel, telegram, faults, telegram.state.blobs, BOT, ANNA, GROUP, elsewhere, (TOKEN, "canary", base_url))
    yield connected
    await close(sessions)
