"""`sutki run` between servers that know nothing of ours: the main job, a stop and a restart, and accounts that cannot be reached."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wire.house import TELEGRAM_TOKEN, VK_TOKEN, House
from tests.wire.telegram_server import TelegramServer
from tests.wire.vk_server import VkServer, buttons

MARIA = {"id": 2**52 + 11, "is_bot": False, "first_name": "Мария"}
FORUM = {"id": -(2**52) - 7, "type": "supergroup", "title": "ЖКХ Барнаула"}
PIPE = "Барнаул, на Ленина 15 прорвало трубу отопления, вода второй день"
WORDS = "Аварийная бригада выехала, воду перекрыли, трубу заменят сегодня до 20:00"
ANNA = 2**52 + 5
SEEN, MENDED = b"\xff\xd8\xff" + b"seen" * 500, b"\xff\xd8\xff" + b"mended" * 500


def now() -> int:
    return int(time.time())


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


@pytest.fixture
async def house(tmp_path: Path, telegram: TelegramServer, vk: VkServer) -> AsyncIterator[House]:
    urls = {"SUTKI_TELEGRAM_URL": telegram.url, "SUTKI_VK_URL": vk.url}
    tokens = {"SUTKI_TELEGRAM_ALTAI_TOKEN": TELEGRAM_TOKEN, "SUTKI_VK_ALTAI_TOKEN": VK_TOKEN}
    house = House(tmp_path, **urls, **tokens)
    yield house
    await house.kill()
    print(house.log)  # pytest shows it when the test failed
    for secret in (TELEGRAM_TOKEN, TELEGRAM_TOKEN.partition(":")[2], VK_TOKEN, PIPE, WORDS):
        assert secret not in house.log


async def connect_the_forum(house: House, telegram: TelegramServer) -> None:
    """An official opens her invitation, and writes the chat's code in a topic of the forum."""
    links = await house.invites("--organisation", "zhkh-barnaul", "--role", "official")
    (code,) = parse_qs(urlsplit(links["telegram/altai"]).query)["start"]
    private = {"id": MARIA["id"], "type": "private", "first_name": "Мария"}
    telegram.says(private, MARIA, f"/start {code}", date=now())
    await telegram.called("sendMessage", lambda call: call.text.startswith("Вы — исполнитель, "))
    command = await house.invites_chat("--organisation", "zhkh-barnaul")
    root = {"message_id": 31, "date": 1, "chat": FORUM, "forum_topic_created": {"name": "Общее", "icon_color": 7322096}}
    inside = {"message_thread_id": 31, "is_topic_message": True, "reply_to_message": root}
    telegram.says(FORUM, MARIA, command, date=now(), more=inside)
    await telegram.called("sendMessage", lambda call: call.text.startswith("Чат подключён: ") and "отдельная тема" in call.text)


async def test_a_vk_citizen_is_answered_from_a_telegram_topic_and_nothing_is_sent_twice(
    house: House, telegram: TelegramServer, vk: VkServer
) -> None:
    await house.start()
    await vk.called("groups.getLongPollServer")
    await connect_the_forum(house, telegram)

    vk.says(ANNA, PIPE, date=now(), attachments=[vk.photo(SEEN, sizes=True), vk.photo(SEEN + b"2", sizes=False)])
    receipt = await vk.called("messages.send", lambda call: call.params["message"].startswith("Сообщение № 1 принято."))
    assert receipt.params["peer_ids"] == str(ANNA)
    topic = await telegram.called("createForumTopic")
    assert topic.params["name"].startswith("№ 1 · ЖКХ · ")
    card = await telegram.called("sendMessage", lambda call: PIPE in call.text)
    thread = int(card.params["message_thread_id"])
    assert "Автор: Анна П." in card.text
    album = await telegram.called("sendMediaGroup")
    assert sorted(album.files.values(), key=len) == [SEEN, SEEN + b"2"]

    shown = {"message_id": telegram.number_of(card), "date": now(), "chat": FORUM, "message_thread_id": thread}
    telegram.presses(MARIA, card.buttons["Беру"], shown)
    await telegram.called("answerCallbackQuery")
    await telegram.called("editMessageText", lambda call: "В работе: Мария" in call.text)

    photo = [{"file_id": telegram.keeps(MENDED), "file_unique_id": "b", "width": 1280, "height": 960}]
    photo = [{"file_id": telegram.keeps(b"small"), "file_unique_id": "s", "width": 90, "height": 60}, *photo]
    inside = {"message_thread_id": thread, "is_topic_message": True, "reply_to_message": {**shown, "text": PIPE}}
    telegram.says(FORUM, MARIA, date=now(), more={"caption": WORDS, "photo": photo, **inside})
    preview = await telegram.called("sendMessage", lambda call: "Отправить жителю?" in call.text)
    assert preview.params["message_thread_id"] == str(thread)
    telegram.presses(MARIA, preview.buttons["Ответ"], {**shown, "message_id": telegram.number_of(preview)})
    answer = await vk.called("messages.send", lambda call: WORDS in call.params["message"])
    assert answer.params["message"].startswith("Ответ по № 1 от Комитета ЖКХ Барнаула:")
    await vk.called("messages.send", lambda call: "attachment" in call.params)
    assert vk.uploads == [MENDED]

    vk.presses(ANNA, buttons(await vk.called("messages.send", lambda call: "Да" in buttons(call)))["Да"])
    stars = await vk.called("messages.send", lambda call: any("5" in label for label in buttons(call)), after=len(vk.calls) - 1)
    vk.presses(ANNA, next(payload for label, payload in buttons(stars).items() if "5" in label))
    await telegram.called("sendMessage", lambda call: "оценка 5 из 5" in call.text)

    assert await house.asked("/livez") == (200, "alive\n")
    assert await house.asked("/readyz") == (200, "ready\n")
    assert await house.stop() == 0
    assert "Traceback" not in house.log
    told = [len([call for call in server.calls if "send" in call.method]) for server in (telegram, vk)]
    telegram_place = len(telegram.calls)
    await house.start()
    await telegram.called("getUpdates", after=telegram_place)
    assert await house.stop() == 0
    assert [len([call for call in server.calls if "send" in call.method]) for server in (telegram, vk)] == told


async def test_vk_works_while_telegram_is_away_and_old_news_is_escalated_once(house: House, telegram: TelegramServer, vk: VkServer) -> None:
    await telegram.stop()
    await house.start()
    await house.logged("account_unreachable.*telegram/altai")
    await vk.called("groups.getLongPollServer")
    code, said = await house.does("invite", "--no-qr", "--role", "curator")
    assert code == 0
    assert "telegram/altai: no link" in said
    (link,) = re.findall(r"https://vk\.me/\S+", said)
    curator = 77
    vk.says(curator, "Здравствуйте", date=now(), ref=parse_qs(urlsplit(link).query)["ref"][0])
    await vk.called("messages.send", lambda call: call.params["message"].startswith("Вы — куратор."))

    vk.says(ANNA, PIPE, date=now() - 25 * 3600)
    receipt = await vk.called("messages.send", lambda call: call.params["message"].startswith("Сообщение № 1 принято."))
    assert "Извините: из-за сбоя связи приняли его только сейчас." in receipt.params["message"]
    await vk.called("messages.send", lambda call: "🔴 № 1 просрочен" in call.params["message"])
    status, why = await house.asked("/readyz")
    assert (status, why) == (503, "deaf telegram/altai\n")
    assert (await house.asked("/livez"))[0] == 200

    await telegram.start()
    boris = {"id": 5, "is_bot": False, "first_name": "Борис"}
    telegram.says({"id": 5, "type": "private"}, boris, PIPE, date=now())
    await telegram.called("sendMessage", lambda call: call.text.startswith("Сообщение № 2 принято."))
    assert (await house.asked("/readyz"))[0] == 200
    assert await house.stop() == 0
    loud = [
        call.params["message"] for call in vk.calls if "№ 1 " in call.params.get("message", "") and call.params["peer_ids"] == str(curator)
    ]
    assert len([text for text in loud if text.startswith(("🔴", "⏳"))]) == 1


async def test_a_wrong_token_is_named_and_stops_nobody_else(house: House, vk: VkServer) -> None:
    wrong = "4503599627370401:another-canary-another-canary-anoth"
    house.given |= {"SUTKI_TELEGRAM_ALTAI_TOKEN": wrong, "SUTKI_VK_BIYSK_TOKEN": "vk1.a.another-canary-another-canary"}
    await house.start()
    await house.logged("account_refused.*telegram/altai")
    await house.logged("account_refused.*vk/biysk")
    await vk.called("groups.getLongPollServer")
    vk.says(ANNA, PIPE, date=now())
    await vk.called("messages.send", lambda call: call.params["message"].startswith("Сообщение № 1 принято."))
    assert await house.asked("/readyz") == (503, "refused telegram/altai\nrefused vk/biysk\n")
    code, said = await house.does("doctor")
    assert code == 1
    assert "telegram/altai: the token in SUTKI_TELEGRAM_ALTAI_TOKEN is not accepted." in said
    assert "vk/biysk: the token in SUTKI_VK_BIYSK_TOKEN is not accepted." in said
    assert "vk/altai: this is Алтай слышит, https://vk.me/altai_wire" in said
    assert await house.stop() == 0
    assert "another-canary" not in house.log + said


async def test_without_any_token_it_says_which_variables_it_looked_for(house: House) -> None:
    del house.given["SUTKI_TELEGRAM_ALTAI_TOKEN"], house.given["SUTKI_VK_ALTAI_TOKEN"]
    code, said = await house.does("run")
    assert code == 2
    for variable in ("SUTKI_TELEGRAM_ALTAI_TOKEN", "SUTKI_VK_ALTAI_TOKEN", "SUTKI_VK_BIYSK_TOKEN"):
        assert variable in said
    assert "Traceback" not in said
