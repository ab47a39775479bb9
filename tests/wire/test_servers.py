"""The two servers keep what the platforms promise, and go wrong exactly as they are told: else no test on them would mean anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.wire import faults
from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN
from tests.wire.telegram_server import TelegramServer
from tests.wire.vk_server import VkServer

ANNA = {"id": 5, "is_bot": False, "first_name": "Анна"}
PRIVATE = {"id": 5, "type": "private"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def bot(http: aiohttp.ClientSession, telegram: TelegramServer, method: str, **params: Any) -> Any:
    async with http.post(f"{telegram.url}/bot{TELEGRAM_TOKEN}/{method}", json=params) as answer:
        return await answer.json()


async def community(http: aiohttp.ClientSession, vk: VkServer, method: str, **params: Any) -> Any:
    async with http.post(vk.url + method, data={"access_token": VK_TOKEN, "v": "5.199", **params}) as answer:
        return await answer.json()


async def heard(http: aiohttp.ClientSession, vk: VkServer, ts: str) -> Any:
    at = (await community(http, vk, "groups.getLongPollServer"))["response"]
    async with http.get(at["server"], params={"act": "a_check", "key": at["key"], "ts": ts, "wait": "0"}) as answer:
        return await answer.json()


async def test_telegrams_numbers_only_grow_and_an_offset_confirms(http: aiohttp.ClientSession, telegram: TelegramServer) -> None:
    said = [telegram.says(PRIVATE, ANNA, f"{number}", date=1) for number in range(250)]
    assert said == sorted(set(said))
    first = (await bot(http, telegram, "getUpdates"))["result"]
    assert (len(first), telegram.confirmed) == (100, [])
    assert (await bot(http, telegram, "getUpdates"))["result"] == first  # nothing was confirmed
    second = (await bot(http, telegram, "getUpdates", offset=first[-1]["update_id"] + 1, limit=20))["result"]
    ids = [one["update_id"] for one in first + second]
    assert (len(second), ids) == (20, sorted(set(ids)))
    assert telegram.confirmed == first
    assert (await bot(http, telegram, "getUpdates"))["result"][:20] == second  # what was confirmed comes no more


async def test_telegram_keeps_no_keys_each_call_is_a_message(http: aiohttp.ClientSession, telegram: TelegramServer) -> None:
    numbers = [(await bot(http, telegram, "sendMessage", chat_id=5, text="раз"))["result"]["message_id"] for _ in range(3)]
    assert numbers == sorted(set(numbers))
    assert [number for _, number in telegram.shown] == numbers


async def test_vk_answers_a_repeated_random_id_with_the_same_message(http: aiohttp.ClientSession, vk: VkServer) -> None:
    def send(peer: int, key: int) -> Any:
        return community(http, vk, "messages.send", peer_ids=peer, random_id=key, message="раз")

    first, again, other, elsewhere = [await send(*one) for one in ((5, 7), (5, 7), (5, 8), (6, 7))]
    assert first == again
    assert len({json.dumps(one) for one in (first, other, elsewhere)}) == len(vk.shown) == 3
    assert await send(5, 0) != await send(5, 0)


async def test_vks_ts_confirms_and_goes_on_from_anywhere(http: aiohttp.ClientSession, vk: VkServer) -> None:
    for number in range(3):
        vk.says(5, str(number), date=1)
    told = await heard(http, vk, "1")
    assert ([one["object"]["message"]["text"] for one in told["updates"]], vk.confirmed) == (["0", "1", "2"], 0)
    assert len({one["event_id"] for one in told["updates"]}) == 3
    assert await heard(http, vk, "1") == told
    assert (await heard(http, vk, "3"))["updates"] == told["updates"][2:]
    assert vk.confirmed == 2


@pytest.mark.parametrize(
    ("fault", "error"), [(faults.HANGS, TimeoutError), (faults.RESETS, aiohttp.ClientError), (faults.HALF, ValueError)]
)
async def test_what_breaks_after_it_was_accepted_stands_in_the_chat(
    http: aiohttp.ClientSession, telegram: TelegramServer, vk: VkServer, fault: faults.Fault, error: type[Exception]
) -> None:
    telegram.fault = vk.fault = lambda _: fault
    patience = 1.0 if fault is faults.HANGS else 30.0
    with pytest.raises(error):
        async with asyncio.timeout(patience):
            await bot(http, telegram, "sendMessage", chat_id=5, text="раз")
    with pytest.raises(error):
        async with asyncio.timeout(patience):
            await community(http, vk, "messages.send", peer_ids=5, random_id=7, message="раз")
    assert (len(telegram.shown), len(vk.shown)) == (1, 1)


async def test_what_was_lost_on_the_way_stands_nowhere(http: aiohttp.ClientSession, telegram: TelegramServer, vk: VkServer) -> None:
    telegram.fault = vk.fault = lambda _: faults.LOST
    with pytest.raises(aiohttp.ClientError):
        await bot(http, telegram, "sendMessage", chat_id=5, text="раз")
    with pytest.raises(aiohttp.ClientError):
        await community(http, vk, "messages.send", peer_ids=5, random_id=7, message="раз")
    telegram.fault = vk.fault = lambda _: faults.AWAY
    async with http.post(f"{telegram.url}/bot{TELEGRAM_TOKEN}/sendMessage", json={"chat_id": 5, "text": "раз"}) as answer:
        assert (answer.status, await answer.text()) == (502, faults.PAGE)
    assert (telegram.shown, vk.shown) == ([], [])


async def test_refusals_are_in_the_platforms_own_words(http: aiohttp.ClientSession, telegram: TelegramServer, vk: VkServer) -> None:
    telegram.fault = lambda _: faults.refused(429, 3)
    vk.fault = lambda _: faults.refused(9)
    told = await bot(http, telegram, "sendMessage", chat_id=5, text="раз")
    assert (told["ok"], told["error_code"], told["parameters"]) == (False, 429, {"retry_after": 3})
    assert (await community(http, vk, "messages.send", peer_ids=5, random_id=7, message="раз"))["error"]["error_code"] == 9
    assert (telegram.shown, vk.shown) == ([], [])


async def test_a_slow_answer_is_the_right_one_and_hurts_no_other(http: aiohttp.ClientSession, telegram: TelegramServer) -> None:
    telegram.fault = lambda call: faults.slow(0.1) if call.text == "медленно" else None
    slow = asyncio.ensure_future(bot(http, telegram, "sendMessage", chat_id=5, text="медленно"))
    quick = await bot(http, telegram, "sendMessage", chat_id=5, text="быстро")
    assert not slow.done()
    assert (await slow)["result"]["message_id"] > quick["result"]["message_id"]


async def test_a_poll_can_break_repeat_itself_and_be_confused(http: aiohttp.ClientSession, telegram: TelegramServer, vk: VkServer) -> None:
    for number in range(3):
        telegram.says(PRIVATE, ANNA, str(number), date=1)
        vk.says(5, str(number), date=1)
    telegram.hands = vk.hands = lambda updates: [*updates[::-1], *updates[:1]]
    assert [one["message"]["text"] for one in (await bot(http, telegram, "getUpdates"))["result"]] == ["2", "1", "0", "0"]
    assert [one["object"]["message"]["text"] for one in (await heard(http, vk, "1"))["updates"]] == ["2", "1", "0", "0"]
    telegram.fault = lambda _: faults.RESETS
    vk.fault = lambda call: faults.LOST if call.method == "a_check" else None
    with pytest.raises(aiohttp.ClientError):
        await bot(http, telegram, "getUpdates", offset=2**40)
    assert len(telegram.confirmed) == 3  # it did hear the offset
    with pytest.raises(aiohttp.ClientError):
        await heard(http, vk, "4")
    assert vk.confirmed == 0
