"""The local VK itself: what tests and bots rely on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.blobs import Blobs
from sandbox.clock import SandboxClock
from sandbox.faults import Fault, Faults
from sandbox.messenger import Messenger, Upload
from sandbox.vk import LocalVk
from sandbox.vk_shapes import Chat, Community

ONE, TWO = Community(91, "token-one", "one", "Первое"), Community(92, "token-two", "two", "Второе")
ANNA, BORIS, CHAT = 11, 12, 2_000_000_001


@dataclass
class Side:
    """What a bot sees."""

    http: aiohttp.ClientSession
    address: str
    token: str = ONE.token

    async def ask(self, method: str, **params: Any) -> Any:
        form = {"access_token": self.token, "v": "5.199"} | {name: str(value) for name, value in params.items()}
        async with self.http.post(f"{self.address}/method/{method}", data=form) as response:
            assert response.status == 200
            return await response.json()

    async def call(self, method: str, **params: Any) -> Any:
        answer = await self.ask(method, **params)
        assert "response" in answer, answer
        return answer["response"]

    async def code(self, method: str, **params: Any) -> int:
        return int((await self.ask(method, **params))["error"]["error_code"])

    async def poll(self, ts: object, *, key: str = "", wait: int = 0) -> Any:
        server = await self.call("groups.getLongPollServer", group_id=ONE.id)
        query = {"act": "a_check", "key": key or server["key"], "ts": str(ts), "wait": str(wait)}
        async with self.http.get(server["server"], params=query) as response:
            return await response.json()

    async def send(self, text: str = "x", peer: object = ANNA, key: int = 0, **params: Any) -> Any:
        (item,) = await self.call("messages.send", peer_ids=peer, random_id=key, message=text, **params)
        return item


def fresh(folder: Path, clock: SandboxClock, faults: Faults, **rates: bool) -> LocalVk:
    people, chats = {ANNA: "Анна Примерова", BORIS: "Борис Условный"}, [Chat(ONE.id, CHAT, "Дороги", (ANNA, BORIS))]
    return LocalVk([ONE, TWO], people, chats, blobs=Blobs(folder), faults=faults, clock=clock, **rates)


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock()


@pytest.fixture
def vk(tmp_path: Path, clock: SandboxClock, faults: Faults) -> LocalVk:
    return fresh(tmp_path, clock, faults)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def side(vk: LocalVk) -> AsyncIterator[Side]:
    address = await vk.open()
    async with aiohttp.ClientSession() as http:
        yield Side(http, address.removesuffix("/method/"))
    await vk.close()


async def turns() -> None:
    """Let the loop turn until what is under way on loopback connections has settled."""
    for _ in range(50):
        await asyncio.sleep(0)


async def greet(vk: LocalVk, text: str = "Здравствуйте", person: int = ANNA) -> str:
    return await vk.say(str(ONE.id), str(person), str(person), text)


def test_it_is_a_messenger(vk: LocalVk) -> None:
    messenger: Messenger = vk
    assert messenger.kind == "vk"


# --- ids and repeats ---------------------------------------------------------------------------------------------------


async def test_ids_only_grow_over_restarts_too(vk: LocalVk, side: Side, tmp_path: Path, clock: SandboxClock) -> None:
    await greet(vk)
    await side.send(key=1)
    again = fresh(tmp_path, clock, Faults())
    again.load(json.loads(json.dumps(vk.dump())))
    await greet(again, "снова")
    messages = again.pages[ONE.id].talks[ANNA].messages
    ids, numbers = ([message[name] for message in messages] for name in ("id", "conversation_message_id"))
    assert ids == sorted(set(ids))
    assert numbers == [1, 2, 3]
    assert again.pages[ONE.id].ts == vk.pages[ONE.id].ts + 1


async def test_a_repeated_random_id_answers_with_the_same_message(vk: LocalVk, side: Side, clock: SandboxClock) -> None:
    await greet(vk)
    await greet(vk, person=BORIS)
    first = await side.send("раз", key=7)
    assert await side.send("раз", key=7) == first
    assert await side.send("раз", key=8) != first
    assert await side.send("раз", key=0) != await side.send("раз", key=0)
    elsewhere = await side.send("раз", peer=BORIS, key=7)
    assert elsewhere["message_id"] != first["message_id"]
    assert await side.call("messages.send", peer_id=ANNA, random_id=7, message="раз") == first["message_id"]
    clock.move(timedelta(hours=2))
    assert await side.send("раз", key=7) != first


async def test_many_sends_at_once_with_one_random_id_are_one_message(vk: LocalVk, side: Side) -> None:
    await greet(vk)
    items = await asyncio.gather(*(side.send("раз", key=7) for _ in range(20)))
    assert len({item["message_id"] for item in items}) == 1


# --- the long poll -----------------------------------------------------------------------------------------------------


async def test_a_ts_confirms_and_an_old_one_brings_the_same_again(vk: LocalVk, side: Side) -> None:
    for text in ("раз", "два", "три"):
        await greet(vk, text)
    first = await side.poll(0)
    assert [update["object"]["message"]["text"] for update in first["updates"]] == ["раз", "два", "три"]
    assert (await side.poll(0)) == first
    assert [update["object"]["message"]["text"] for update in (await side.poll(2))["updates"]] == ["три"]
    assert await side.poll(3) == {"ts": "3", "updates": []}


async def test_a_poll_waits_for_news(vk: LocalVk, side: Side) -> None:
    waiting = asyncio.create_task(side.poll(0, wait=20))
    await turns()
    assert not waiting.done()
    await greet(vk)
    assert len((await waiting)["updates"]) == 1


async def test_failed_polls(vk: LocalVk, side: Side) -> None:
    await greet(vk)
    assert await side.poll(0, key="old") == {"failed": 2}
    assert await side.poll(99) == {"failed": 3}
    assert await side.poll("x") == {"failed": 3}
    vk.lose_history(str(ONE.id))
    assert await side.poll(0) == {"failed": 1, "ts": 1}
    server = await side.call("groups.getLongPollServer", group_id=ONE.id)
    vk.expire_key(str(ONE.id))
    assert await side.poll(1, key=server["key"]) == {"failed": 2}


async def test_an_event_tells_what_was_then(vk: LocalVk, side: Side) -> None:
    number = await greet(vk, "<было>")
    await vk.edit(str(ONE.id), str(ANNA), str(ANNA), number, "стало")
    updates = (await side.poll(0))["updates"]
    assert updates[0]["object"]["message"]["text"] == "&lt;было&gt;"
    assert (updates[1]["type"], updates[1]["object"]["text"]) == ("message_edit", "стало")
    assert len({update["event_id"] for update in updates}) == 2


async def test_kinds_that_are_off_do_not_come(vk: LocalVk, side: Side) -> None:
    await side.call("groups.setLongPollSettings", group_id=ONE.id, message_deny=0)
    await greet(vk)
    await vk.block(str(ONE.id), str(ANNA), blocked=True)
    assert [update["type"] for update in (await side.poll(0))["updates"]] == ["message_new"]
    await side.call("groups.setLongPollSettings", group_id=ONE.id, enabled=0)
    assert await side.code("groups.getLongPollServer", group_id=ONE.id) == 100


# --- what is refused ---------------------------------------------------------------------------------------------------


async def test_tokens(vk: LocalVk, side: Side) -> None:
    assert (await side.call("groups.getById"))["groups"][0]["id"] == ONE.id
    side.token = TWO.token
    assert (await side.call("groups.getById"))["groups"][0]["id"] == TWO.id
    assert await side.code("groups.getLongPollServer", group_id=ONE.id) == 15
    for token in ("", "wrong"):
        side.token = token
        assert await side.code("groups.getById") == 5
    for headers, query in (({"Authorization": f"Bearer {ONE.token}"}, {}), ({}, {"access_token": ONE.token})):
        async with side.http.get(f"{side.address}/method/groups.getById", params={"v": "5.199", **query}, headers=headers) as response:
            assert (await response.json())["response"]["groups"][0]["id"] == ONE.id


async def test_an_error_repeats_the_parameters_but_not_the_token(vk: LocalVk, side: Side) -> None:
    error = (await side.ask("messages.send", random_id=0, message="x"))["error"]
    assert error["error_code"] == 100
    names = {param["key"]: param["value"] for param in error["request_params"]}
    assert names["message"] == "x"
    assert "access_token" not in names


async def test_methods_that_are_not_there(side: Side) -> None:
    assert await side.code("wall.getComments") == 3


def board(*rows: list[dict[str, Any]], inline: bool = True) -> str:
    return json.dumps({"inline": inline, "buttons": list(rows)})


def callback(label: str = "А", payload: str = "{}", **more: Any) -> dict[str, Any]:
    return {"action": {"type": "callback", "label": label, "payload": payload}, **more}


_PLACE: dict[str, Any] = {"action": {"type": "location"}}


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (914, {"message": "а" * 4097}),
        (914, {"message": "😀" * 2049}),
        (100, {"message": ""}),
        (100, {"message": " \n"}),
        (100, {"random_id": 2**31}),
        (100, {"attachment": "photo1_1"}),
        (100, {"attachment": "nonsense"}),
        (100, {"forward": "{"}),
        (100, {"forward": '{"conversation_message_ids":[99]}'}),
        (100, {"peer_ids": ",".join(map(str, range(101)))}),
        (911, {"keyboard": "{"}),
        (911, {"keyboard": "[]"}),
        (911, {"keyboard": board(*[[callback()]] * 7)}),
        (911, {"keyboard": board([callback()] * 6)}),
        (911, {"keyboard": board(*[[callback()] * 4] * 3)}),
        (911, {"keyboard": board([callback("а" * 41)])}),
        (911, {"keyboard": board([callback(payload=json.dumps("а" * 254, ensure_ascii=False))])}),
        (911, {"keyboard": board([callback(payload="not json")])}),
        (911, {"keyboard": board([{"action": {"type": "open_link", "label": "А", "link": "https://x"}, "color": "primary"}])}),
        (911, {"keyboard": board([{"action": {"type": "teleport"}}])}),
        (911, {"keyboard": board([_PLACE, callback()])}),
        (911, {"keyboard": board([])}),
    ],
)
async def test_messages_that_are_refused(vk: LocalVk, side: Side, code: int, params: dict[str, Any]) -> None:
    await greet(vk)
    assert await side.code("messages.send", **{"peer_ids": ANNA, "random_id": 1, "message": "x"} | params) == code
    assert len(vk.pages[ONE.id].talks[ANNA].messages) == 1


@pytest.mark.parametrize("text", ["а" * 4096, "😀" * 2048])
async def test_the_longest_text_and_the_largest_keyboard_are_taken(vk: LocalVk, side: Side, text: str) -> None:
    await greet(vk)
    largest = board([callback("а" * 40, json.dumps("а" * 253, ensure_ascii=False))] * 5, [callback()] * 4, [_PLACE])
    await side.send(text, keyboard=largest)
    bubble = vk.bubbles(str(ONE.id), str(ANNA))[-1]
    assert (bubble.text, [len(row) for row in bubble.keys]) == (text, [5, 4, 1])


async def test_who_may_be_written_to(vk: LocalVk, side: Side) -> None:
    assert (await side.send())["error"]["code"] == 901
    assert await side.code("messages.send", peer_id=ANNA, random_id=1, message="x") == 901
    await greet(vk)
    assert "error" not in await side.send()
    await vk.block(str(ONE.id), str(ANNA), blocked=True)
    assert vk.is_blocked(str(ONE.id), str(ANNA))
    assert (await side.send())["error"]["code"] == 901
    await greet(vk, "передумала")
    assert not vk.is_blocked(str(ONE.id), str(ANNA))
    assert "error" not in await side.send()
    items = await side.call("messages.send", peer_ids=f"{ANNA},{BORIS},{CHAT},2000000009", random_id=5, message="всем")
    assert [item.get("error", {}).get("code") for item in items] == [None, 901, None, 917]
    side.token = TWO.token
    assert (await side.send(peer=CHAT))["error"]["code"] == 917


async def test_an_edit_of_ours_within_a_day(vk: LocalVk, side: Side, clock: SandboxClock) -> None:
    theirs = await greet(vk)
    number = (await side.send("было", keyboard=board([callback()])))["conversation_message_id"]
    assert await side.call("messages.edit", peer_id=ANNA, cmid=number, message="стало") == 1
    bubble = vk.bubbles(str(ONE.id), str(ANNA))[-1]
    assert (bubble.text, bubble.keys, bubble.edited) == ("стало", (), True)
    assert await side.code("messages.edit", peer_id=ANNA, cmid=theirs, message="чужое") == 909
    assert await side.code("messages.edit", peer_id=ANNA, cmid=99, message="нет") == 100
    clock.move(timedelta(hours=25))
    assert await side.code("messages.edit", peer_id=ANNA, cmid=number, message="поздно") == 909


async def test_a_press_is_answered_once(vk: LocalVk, side: Side) -> None:
    await greet(vk)
    number = (await side.send(keyboard=board([callback(payload='{"p":"a"}')])))["conversation_message_id"]
    pressing = asyncio.create_task(vk.press(str(ONE.id), str(ANNA), str(ANNA), str(number), 0, 0))
    event = (await side.poll(1, wait=5))["updates"][0]["object"]
    assert (event["payload"], event["conversation_message_id"], event["user_id"]) == ({"p": "a"}, number, ANNA)
    about = {name: event[name] for name in ("event_id", "user_id", "peer_id")}
    data, longer = (json.dumps({"type": "show_snackbar", "text": text}) for text in ("Готово", "а" * 91))
    assert await side.code("messages.sendMessageEventAnswer", **about | {"user_id": BORIS}) == 100
    assert await side.code("messages.sendMessageEventAnswer", **about, event_data=longer) == 100
    assert await side.call("messages.sendMessageEventAnswer", **about, event_data=data) == 1
    assert await pressing == "Готово"
    assert await side.code("messages.sendMessageEventAnswer", **about, event_data=data) == 100


# --- conversations and files -------------------------------------------------------------------------------------------


async def test_unanswered_conversations_and_their_history(vk: LocalVk, side: Side) -> None:
    await greet(vk, "раз")
    await greet(vk, "два", BORIS)
    await side.send(peer=BORIS)
    answer = await side.call("messages.getConversations", filter="unanswered", count=200)
    assert [item["conversation"]["peer"] for item in answer["items"]] == [{"id": ANNA, "type": "user", "local_id": ANNA}]
    assert (await side.call("messages.getConversations"))["count"] == 2
    history = await side.call("messages.getHistory", peer_id=BORIS, count=1)
    assert (history["count"], history["items"][0]["out"]) == (2, 1)
    chat = (await side.call("messages.getConversationsById", peer_ids=CHAT))["items"][0]
    assert chat["chat_settings"]["title"] == "Дороги"
    members = await side.call("messages.getConversationMembers", peer_id=CHAT)
    assert [item["member_id"] for item in members["items"]] == [ANNA, BORIS, -ONE.id]
    assert (await side.call("users.get", user_ids=f"{ANNA},5"))[0]["first_name"] == "Анна"


async def test_a_photo_goes_up_and_down(vk: LocalVk, side: Side) -> None:
    await greet(vk)
    server = await side.call("photos.getMessagesUploadServer", peer_id=ANNA)
    form = aiohttp.FormData()
    form.add_field("photo", b"picture", filename="a.png", content_type="image/png")
    async with side.http.post(server["upload_url"], data=form) as response:
        told = await response.json()
    (photo,) = await side.call("photos.saveMessagesPhoto", **told)
    await side.send("", attachment=f"photo{photo['owner_id']}_{photo['id']}_{photo['access_key']}")
    (attachment,) = vk.bubbles(str(ONE.id), str(ANNA))[-1].attachments
    assert (attachment.kind, vk.blobs.get(attachment.blob)) == ("photo", b"picture")
    async with side.http.get(photo["sizes"][0]["url"]) as response:
        assert await response.read() == b"picture"
    assert photo["sizes"][0]["url"].startswith("http://127.0.0.1:")
    async with side.http.get(f"{side.address}/file/nothing") as response:
        assert response.status == 404
    assert await side.code("photos.saveMessagesPhoto", photo="x") == 129


async def test_anothers_file_needs_its_key(vk: LocalVk, side: Side) -> None:
    upload = Upload("document", "a.pdf", "application/pdf", b"%PDF")
    await vk.say(str(ONE.id), str(ANNA), str(ANNA), uploads=[upload])
    doc = (await side.poll(0))["updates"][0]["object"]["message"]["attachments"][0]["doc"]
    name = f"doc{doc['owner_id']}_{doc['id']}"
    assert await side.code("messages.send", peer_ids=ANNA, random_id=1, attachment=name) == 100
    await side.send("", attachment=f"{name}_{doc['access_key']}")


async def test_what_was_said_outlives_a_restart(vk: LocalVk, side: Side, tmp_path: Path, clock: SandboxClock) -> None:
    await vk.say(str(ONE.id), str(ANNA), str(ANNA), "с фото", uploads=[Upload("photo", "a.png", "image/png", b"picture")])
    await vk.say(str(ONE.id), str(ANNA), str(ANNA), location=(1.5, 2.5))
    await side.send(keyboard=board([callback()]))
    await vk.say(str(ONE.id), str(CHAT), str(ANNA), "в беседе")
    await vk.kick(str(ONE.id), str(CHAT), str(ANNA))
    again = fresh(tmp_path, clock, Faults())
    again.load(json.loads(json.dumps(vk.dump())))
    for chat in (ANNA, CHAT):
        assert again.bubbles(str(ONE.id), str(chat)) == vk.bubbles(str(ONE.id), str(chat))
    assert again.rooms(str(ANNA), str(ONE.id)) == vk.rooms(str(ANNA), str(ONE.id))
    assert again.dump() == vk.dump()


# --- faults and rates --------------------------------------------------------------------------------------------------


async def test_faults(vk: LocalVk, side: Side, faults: Faults) -> None:
    await greet(vk)
    faults.set("vk", Fault.TOO_FAST)
    assert await side.code("messages.send", peer_ids=ANNA, random_id=1, message="x") == 6
    assert (await side.call("groups.getById"))["groups"]
    faults.set("vk", Fault.ERROR_PAGE)
    async with side.http.post(f"{side.address}/method/messages.send") as response:
        assert (response.status, response.content_type) == (502, "text/html")
    faults.set("vk", Fault.SILENT)
    with pytest.raises(aiohttp.ClientError):
        await side.send("дошло", key=5)
    faults.set("vk", Fault.AWAY)
    await turns()
    with pytest.raises(aiohttp.ClientConnectorError):
        await side.send()
    faults.set("vk", Fault.NONE)
    await turns()
    assert [bubble.text for bubble in vk.bubbles(str(ONE.id), str(ANNA)) if bubble.by_bot] == ["дошло"]
    failed = [(failure.method, failure.account, failure.fault) for failure in faults.failures]
    assert ("messages.send", str(ONE.id), Fault.SILENT) in failed


async def test_twenty_calls_a_second(tmp_path: Path, clock: SandboxClock) -> None:
    vk = fresh(tmp_path, clock, Faults(), enforce_rates=True)
    address = (await vk.open()).removesuffix("/method/")
    async with aiohttp.ClientSession() as http:
        side = Side(http, address)
        answers = await asyncio.gather(*(side.ask("groups.getById") for _ in range(25)))
        other = await Side(http, address, TWO.token).ask("groups.getById")
    await vk.close()
    assert sorted(answer.get("error", {}).get("error_code", 0) for answer in answers) == [0] * 20 + [6] * 5
    assert "response" in other


# --- the phone ---------------------------------------------------------------------------------------------------------


async def test_what_is_not_there_is_said(vk: LocalVk) -> None:
    one, anna = str(ONE.id), str(ANNA)
    for account, chat, person in (
        (one, str(BORIS), anna),
        (one, "2000000009", anna),
        ("5", anna, anna),
        (one, anna, "5"),
        ("x", anna, "x"),
    ):
        with pytest.raises(LookupError):
            await vk.say(account, chat, person, "x")
    number = await greet(vk)
    for call in (
        vk.press(one, anna, anna, number, 0, 0),
        vk.press(one, anna, anna, "99", 0, 0),
        vk.edit(one, anna, anna, "99", "x"),
        vk.delete_thread(one, anna, "1"),
        vk.say(one, anna, anna, "x", answer_to="99"),
    ):
        with pytest.raises(LookupError):
            await call
    with pytest.raises(LookupError):
        vk.bubbles(one, "987")


async def test_rooms_and_watchers(vk: LocalVk) -> None:
    seen: list[int] = []
    vk.watch(lambda: seen.append(1))
    await greet(vk)
    assert seen
    rooms = vk.rooms(str(ANNA), str(ONE.id))
    assert [(room.chat, room.kind, room.title) for room in rooms] == [(str(ANNA), "private", "Первое"), (str(CHAT), "group", "Дороги")]
    assert [room.kind for room in vk.rooms(str(ANNA), str(TWO.id))] == ["private"]
