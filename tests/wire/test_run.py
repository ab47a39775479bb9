"""`sutki run` between servers that know nothing of ours: the main job, a stop and a restart, and accounts that cannot be reached."""

from __future__ import annotations

import asyncio
import json
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
PAVEL, ROADS = 78, 2_000_000_001
BORIS = {"id": 5, "is_bot": False, "first_name": "Борис"}
ROAD = "Барнаул, огромная яма на дороге на улице Попова, 50"
FILLED = "Яму засыпали сегодня утром, асфальт положат до пятницы"
HOLE = b"\xff\xd8\xff" + b"hole" * 500
SEEN, MENDED = b"\xff\xd8\xff" + b"seen" * 500, b"\xff\xd8\xff" + b"mended" * 500


def now() -> int:
    return int(time.time())


@pytest.fixture
async def house(tmp_path: Path, telegram: TelegramServer, vk: VkServer) -> AsyncIterator[House]:
    urls = {"SUTKI_TELEGRAM_URL": telegram.url, "SUTKI_VK_URL": vk.url}
    tokens = {"SUTKI_TELEGRAM_ALTAI_TOKEN": TELEGRAM_TOKEN, "SUTKI_VK_ALTAI_TOKEN": VK_TOKEN}
    house = House(tmp_path, **urls, **tokens)
    yield house
    await house.kill()
    print(house.log)  # pytest shows it when the test failed
    for secret in (TELEGRAM_TOKEN, TELEGRAM_TOKEN.partition(":")[2], VK_TOKEN, PIPE, WORDS, ROAD, FILLED):
        assert secret not in house.log


async def connect_the_forum(house: House, telegram: TelegramServer) -> None:
    """An official opens her invitation in Telegram, and writes the chat's code in a topic of the forum."""
    links = await house.invites("--organisation", "zhkh-barnaul", "--role", "official")
    (code,) = parse_qs(urlsplit(links["telegram/altai"]).query)["start"]
    telegram.says({"id": MARIA["id"], "type": "private", "first_name": "Мария"}, MARIA, f"/start {code}", date=now())
    await telegram.called("sendMessage", lambda call: call.text.startswith("Вы — исполнитель, "))
    command = await house.invites_chat("--organisation", "zhkh-barnaul")
    root = {"message_id": 31, "date": 1, "chat": FORUM, "forum_topic_created": {"name": "Общее", "icon_color": 7322096}}
    inside = {"message_thread_id": 31, "is_topic_message": True, "reply_to_message": root}
    telegram.says(FORUM, MARIA, command, date=now(), more=inside)
    await telegram.called("sendMessage", lambda call: call.text.startswith("Чат подключён: ") and "отдельная тема" in call.text)


async def connect_the_chat(house: House, vk: VkServer) -> None:
    """An official opens his invitation in VK, and writes the chat's code in a chat where the community has to be called by its name."""
    links = await house.invites("--organisation", "dorogi-barnaul", "--role", "official")
    vk.says(PAVEL, "Начать", date=now(), ref=parse_qs(urlsplit(links["vk/altai"]).query)["ref"][0])
    await vk.called("messages.send", lambda call: call.params["message"].startswith("Вы — исполнитель, "))
    command = await house.invites_chat("--organisation", "dorogi-barnaul")
    vk.says_in_chat(ROADS, PAVEL, f"[club{vk.group}|@altai_wire] {command}", date=now())
    await vk.called("messages.send", lambda call: call.params["message"].startswith("Чат подключён: "))


async def vk_citizen_telegram_forum(telegram: TelegramServer, vk: VkServer) -> None:
    vk.says(ANNA, PIPE, date=now(), attachments=[vk.photo(SEEN, sizes=True), vk.photo(SEEN + b"2", sizes=False)])
    receipt = await vk.called("messages.send", lambda call: "принято." in call.params["message"] and "ЖКХ" in call.params["message"])
    assert receipt.params["peer_ids"] == str(ANNA)
    topic = await telegram.called("createForumTopic")
    assert re.match(r"№ [12] · ЖКХ · ", topic.params["name"])
    card = await telegram.called("sendMessage", lambda call: PIPE in call.text)
    thread = int(card.params["message_thread_id"])
    assert "Автор: Анна П." in card.text
    album = await telegram.called("sendMediaGroup")
    assert sorted(album.files.values(), key=len) == [SEEN, SEEN + b"2"]

    shown = {"message_id": telegram.number_of(card), "date": now(), "chat": FORUM, "message_thread_id": thread}
    telegram.presses(MARIA, card.buttons["Беру"], shown)
    await telegram.called("answerCallbackQuery")
    await telegram.called("editMessageText", lambda call: "В работе: Мария" in call.text)

    photo = [{"file_id": telegram.keeps(b"small"), "file_unique_id": "s", "width": 90, "height": 60}]
    photo += [{"file_id": telegram.keeps(MENDED), "file_unique_id": "b", "width": 1280, "height": 960}]
    inside = {"message_thread_id": thread, "is_topic_message": True, "reply_to_message": {**shown, "text": PIPE}}
    telegram.says(FORUM, MARIA, date=now(), more={"caption": WORDS, "photo": photo, **inside})
    preview = await telegram.called("sendMessage", lambda call: "Отправить жителю?" in call.text)
    assert preview.params["message_thread_id"] == str(thread)
    telegram.presses(MARIA, preview.buttons["Ответ"], {**shown, "message_id": telegram.number_of(preview)})
    answer = await vk.called("messages.send", lambda call: WORDS in call.params["message"])
    assert re.match(r"Ответ по № [12] от Комитета ЖКХ Барнаула:", answer.params["message"])
    await vk.called("messages.send", lambda call: "attachment" in call.params and call.params["peer_ids"] == str(ANNA))
    assert MENDED in vk.uploads

    solved = await vk.called("messages.send", lambda call: "Да" in buttons(call) and call.params["peer_ids"] == str(ANNA))
    vk.presses(ANNA, json.loads(buttons(solved)["Да"]))
    stars = await vk.called("messages.send", lambda call: any("5" in label for label in buttons(call)))
    vk.presses(ANNA, next(payload for label, payload in buttons(stars).items() if "5" in label))
    await telegram.called("sendMessage", lambda call: "оценка 5 из 5" in call.text)


async def telegram_citizen_vk_chat(telegram: TelegramServer, vk: VkServer) -> None:
    private = {"id": BORIS["id"], "type": "private"}
    photo = [{"file_id": telegram.keeps(HOLE), "file_unique_id": "h", "width": 1280, "height": 960, "file_size": len(HOLE)}]
    telegram.says(private, BORIS, date=now(), more={"caption": ROAD, "photo": photo})
    await telegram.called("sendMessage", lambda call: "принято." in call.text and call.params["chat_id"] == str(BORIS["id"]))
    card = await vk.called("messages.send", lambda call: ROAD in call.params["message"])
    assert card.params["peer_ids"] == str(ROADS)
    beside = await vk.called("messages.send", lambda call: "attachment" in call.params and call.params["peer_ids"] == str(ROADS))
    assert json.loads(beside.params["forward"])["conversation_message_ids"] == [vk.number_of(card)]
    assert HOLE in vk.uploads

    vk.presses(PAVEL, buttons(card)["Беру"], chat=ROADS, number=vk.number_of(card))
    await vk.called("messages.edit", lambda call: "В работе: Анна Примерова" in call.params["message"])
    replied = {"id": 0, "conversation_message_id": vk.number_of(card), "peer_id": ROADS, "from_id": -vk.group, "date": now(), "text": ROAD}
    vk.says_in_chat(ROADS, PAVEL, FILLED, date=now(), reply_message=replied, attachments=[vk.photo(MENDED, sizes=False)])
    preview = await vk.called("messages.send", lambda call: "Отправить жителю?" in call.params["message"])
    vk.presses(PAVEL, buttons(preview)["Ответ"], chat=ROADS, number=vk.number_of(preview))
    answer = await telegram.called("sendPhoto", lambda call: FILLED in call.text)
    assert answer.params["chat_id"] == str(BORIS["id"])
    assert list(answer.files.values()) == [MENDED]

    telegram.presses(BORIS, answer.buttons["Да"], None)
    stars = await telegram.called("sendMessage", lambda call: any("4" in label for label in call.buttons))
    shown = {"message_id": telegram.number_of(stars), "date": 0, "chat": private}
    telegram.presses(BORIS, next(data for label, data in stars.buttons.items() if "4" in label), shown)
    await vk.called("messages.send", lambda call: "оценка 4 из 5" in call.params["message"])


async def test_citizens_are_answered_across_messengers_and_nothing_is_sent_twice(
    house: House, telegram: TelegramServer, vk: VkServer
) -> None:
    await house.start()
    await vk.called("groups.getLongPollServer")
    await connect_the_forum(house, telegram)
    await connect_the_chat(house, vk)
    # Both at once: an answer waits for half a minute of real time, in which its author may take it back.
    await asyncio.gather(vk_citizen_telegram_forum(telegram, vk), telegram_citizen_vk_chat(telegram, vk))

    assert await house.asked("/livez") == (200, "alive\n")
    assert await house.asked("/readyz") == (200, "ready\n")
    assert await house.stop() == 0
    assert "Traceback" not in house.log
    told = [[call for call in server.calls if "send" in call.method] for server in (telegram, vk)]
    before = len(telegram.calls)
    await house.start()
    await telegram.called("getUpdates", after=before)
    assert await house.stop() == 0
    assert [[call for call in server.calls if "send" in call.method] for server in (telegram, vk)] == told


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
    assert "Извините, сообщение дошло до нас только сейчас, и срок ответа уже прошёл" in receipt.params["message"]
    await vk.called("messages.send", lambda call: "🔴 № 1 просрочен" in call.params["message"])
    status, why = await house.asked("/readyz")
    assert (status, why) == (503, "deaf telegram/altai\n")
    assert (await house.asked("/livez"))[0] == 200

    await telegram.start()
    telegram.says({"id": BORIS["id"], "type": "private"}, BORIS, PIPE, date=now())
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
    await house.becomes("/readyz", (503, "refused telegram/altai\nrefused vk/biysk\n"))
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
