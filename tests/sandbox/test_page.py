"""The page's server: who may call it, what it carries out, and what it sends."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from sandbox.blobs import Blobs
from sandbox.faults import Failure, Fault
from sandbox.page import page_app
from sandbox.snapshot import difference, snapshot
from sandbox.world import Hooks, IncidentLine, World, altai, deep_link
from tests.sandbox.toy import Toy, toy_world

CAST = altai()
BOT, COMMUNITY = (account.id for account in CAST.accounts)
ANNA, PYOTR = CAST.phones[0].persons[0].id, CAST.phones[1].persons[0].id
FORUM = CAST.groups[0]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 90
ANNAS = {"phone": "citizen-telegram", "person": ANNA, "account": BOT, "chat": ANNA}


class Ahead:
    """What the bots know, as the test says."""

    reminder: datetime | None = None
    broken = False

    async def next_reminder(self) -> datetime | None:
        if self.broken:
            raise ConnectionError("the database is away")
        return self.reminder

    async def failures(self) -> Sequence[str]:
        return ("№ 1 не доставлено",)

    async def incidents(self) -> Sequence[IncidentLine]:
        return (IncidentLine(1, "assigned"),)


@pytest.fixture
def ahead() -> Ahead:
    return Ahead()


@pytest.fixture
def stage(tmp_path: Path, ahead: Ahead) -> tuple[World, Toy, Toy]:
    return toy_world(CAST, Blobs(tmp_path), Hooks(ahead.next_reminder, failures=ahead.failures, incidents=ahead.incidents))


@pytest.fixture
async def page(stage: tuple[World, Toy, Toy]) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(page_app(stage[0]))) as client:
        yield client


async def test_the_page_and_its_files_come_with_a_strict_policy(page: TestClient[Any, Any]) -> None:
    for address in ("/", "/phones/page.js", "/phones/page.css", "/phones/ru.json"):
        answer = await page.get(address)
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_another_host_or_another_sites_page_is_refused(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]) -> None:
    assert (await page.get("/", headers={"Host": "sutki.example"})).status == 403
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        assert (await page.post("/api/clock", json={"minutes": 60}, headers={"Origin": origin})).status == 403
    own = str(page.make_url("/")).rstrip("/")
    assert (await page.post("/api/clock", json={"minutes": 60}, headers={"Origin": own})).status == 200
    assert stage[0].clock.offset == timedelta(hours=1)


async def test_a_message_with_a_photo_is_said_and_the_photo_comes_back(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]) -> None:
    form = aiohttp.FormData()
    form.add_field("message", json.dumps({**ANNAS, "text": "Яма", "location": [53.3, 83.7]}))
    form.add_field("photo", PNG, filename="яма.png", content_type="image/png")
    assert (await page.post("/api/say", data=form)).status == 200
    [bubble] = stage[1].bubbles(BOT, ANNA)
    assert (bubble.text, bubble.location, bubble.attachments[0].kind) == ("Яма", (53.3, 83.7), "photo")
    answer = await page.get(f"/blob/{bubble.attachments[0].blob}")
    assert (await answer.read(), answer.content_type, answer.headers["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    part = await page.get(f"/blob/{bubble.attachments[0].blob}", headers={"Range": "bytes=1-3"})
    assert (part.status, await part.read(), part.headers["Content-Range"]) == (206, b"PNG", f"bytes 1-3/{len(PNG)}")
    past = await page.get(f"/blob/{bubble.attachments[0].blob}", headers={"Range": "bytes=5000-"})
    assert past.status == 416


async def test_what_could_pass_for_a_page_is_only_downloaded(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]) -> None:
    name = stage[0].blobs.put(b"<script>alert(1)</script>")
    answer = await page.get(f"/blob/{name}")
    assert (answer.content_type, answer.headers["Content-Disposition"]) == ("application/octet-stream", "attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await page.get("/blob/none")).status == 404
    assert (await page.get("/blob/..%2Fworld.py")).status == 404


async def test_a_body_of_more_than_60_mb_is_refused(page: TestClient[Any, Any]) -> None:
    form = aiohttp.FormData()
    form.add_field("message", json.dumps(ANNAS))
    form.add_field("video", io.BytesIO(bytes(61 * 1024 * 1024)), filename="a.mp4", content_type="video/mp4")
    assert (await page.post("/api/say", data=form)).status == 413


@pytest.mark.parametrize(
    ("call", "asked", "status", "error"),
    [
        ("press", {**ANNAS, "message": "1", "row": "0", "column": 0}, 400, "error-malformed"),
        ("press", {**ANNAS, "person": PYOTR}, 400, "error-no-phone"),
        ("edit", {**ANNAS, "message": "1", "text": " "}, 400, "error-empty"),
        ("edit", {**ANNAS, "chat": 7, "message": "1", "text": "a"}, 400, "error-malformed"),
        ("forward", {**ANNAS, "message": "77"}, 400, "error-no-message"),
        ("open", {**ANNAS, "url": "https://gosuslugi.ru"}, 400, "error-outside"),
        ("open", {**ANNAS, "url": "https://vk.me/altai_sutki"}, 400, "error-other-messenger"),
        ("delete-thread", {**ANNAS, "thread": "9"}, 404, "error-refused"),
        ("clock", {"minutes": -60}, 400, "error-malformed"),
        ("clock", {"minutes": 10**30}, 400, "error-malformed"),
        ("clock", {"minutes": True}, 400, "error-malformed"),
        ("clock", {"to": "reminder"}, 400, "error-nothing-ahead"),
        ("fault", {"messenger": "telegram", "fault": "fire"}, 400, "error-malformed"),
        ("fault", {"messenger": "icq", "fault": "away"}, 400, "error-malformed"),
        ("language", {"language": "de"}, 400, "error-malformed"),
        ("language", [], 400, "error-malformed"),
    ],
)
async def test_a_wrong_call_is_answered_in_words(page: TestClient[Any, Any], call: str, asked: object, status: int, error: str) -> None:
    answer = await page.post(f"/api/{call}", json=asked)
    assert (answer.status, (await answer.json())["error"]) == (status, error)


async def test_wrong_forms_are_answered_in_words(page: TestClient[Any, Any]) -> None:
    assert (await page.post("/api/clock", data=b"{")).status == 400
    assert (await page.post("/api/say", json={})).status == 400
    for message in ("{", "[]", json.dumps({**ANNAS, "text": "  "}), json.dumps({**ANNAS, "location": [91, 0]})):
        form = aiohttp.FormData()
        form.add_field("message", message, content_type="multipart/form-data")
        form.add_field("other", b"1", filename="a", content_type="text/plain")
        assert (await page.post("/api/say", data=form)).status == 400


async def test_presses_edits_forwards_links_and_blocks_reach_the_messenger(
    page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]
) -> None:
    world, telegram, _ = stage
    telegram.whisper = "Уже взяла Иванова"
    card = telegram.bot(BOT, ANNA, "Карточка", ["Беру"])
    assert await (await page.post("/api/press", json={**ANNAS, "message": card, "row": 0, "column": 0})).json() == {
        "whisper": telegram.whisper
    }
    assert telegram.pressed == [(ANNA, card, 0, 0)]
    mine = await telegram.say(BOT, ANNA, ANNA, "Яма")
    assert (await page.post("/api/edit", json={**ANNAS, "message": mine, "text": "Ямы"})).status == 200
    target = {"to_account": BOT, "to_chat": ANNA}
    assert (await page.post("/api/forward", json={**ANNAS, "message": mine, **target})).status == 200
    assert [(b.text, b.edited, b.forwarded) for b in telegram.bubbles(BOT, ANNA)[1:]] == [("Ямы", True, False), ("Ямы", False, True)]
    opened = await page.post("/api/open", json={**ANNAS, "url": "https://t.me/altai_sutki_bot?start=7H2K"})
    assert await opened.json() == {"account": BOT, "chat": ANNA}
    assert telegram.started == [(ANNA, "7H2K")]
    assert (await page.post("/api/block", json={**ANNAS, "blocked": True})).status == 200
    assert telegram.is_blocked(BOT, ANNA)
    thread = telegram.topic(BOT, FORUM.chat, "№ 1")
    forum = {"phone": "forum", "person": FORUM.members[0].id, "account": BOT, "chat": FORUM.chat}
    assert (await page.post("/api/delete-thread", json={**forum, "thread": thread})).status == 200
    assert telegram.threads[FORUM.chat] == {}
    assert (await page.post("/api/fault", json={"messenger": "vk", "fault": "silent"})).status == 200
    assert world.faults.of("vk") is Fault.SILENT


async def test_the_clock_goes_to_the_next_reminder(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy], ahead: Ahead) -> None:
    ahead.reminder = stage[0].clock() + timedelta(hours=12)
    assert (await page.post("/api/clock", json={"to": "reminder"})).status == 200
    assert stage[0].clock() >= ahead.reminder
    assert stage[0].clock() - ahead.reminder < timedelta(minutes=1)


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


async def test_the_stream_sends_everything_and_then_only_what_changed(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]) -> None:
    world, telegram, _ = stage
    async with page.get("/api/changes") as answer:
        events = _events(answer)
        first = await asyncio.wait_for(anext(events), 5)
        assert [phone["key"] for phone in first["state"]["phones"]] == ["citizen-telegram", "citizen-vk", "forum", "chat", "curator"]
        assert first["state"]["undelivered"] == ["№ 1 не доставлено"]
        assert first["state"]["incidents"] == [{"number": 1, "status": "assigned", "due": None, "late": False}]
        key = f"telegram/{BOT}/{ANNA}"
        assert key in first["chats"]
        telegram.bot(BOT, ANNA, "Принято")
        second = await asyncio.wait_for(anext(events), 5)
        assert "state" not in second
        assert [b["text"] for b in second["chats"].pop(key)["bubbles"]] == ["Принято"]
        assert second["chats"] == {}
        world.faults.record(Failure(world.clock(), "vk", COMMUNITY, "messages.send", Fault.AWAY))
        third = await asyncio.wait_for(anext(events), 5)
        assert [failure["fault"] for failure in third["state"]["failures"]] == ["away"]


async def test_a_burst_is_pushed_at_most_ten_times_a_second(page: TestClient[Any, Any], stage: tuple[World, Toy, Toy]) -> None:
    async with page.get("/api/changes") as answer:
        events = _events(answer)
        await asyncio.wait_for(anext(events), 5)
        loop = asyncio.get_running_loop()
        start, pushes, newest = loop.time(), 0, 0

        async def talk() -> None:
            for number in range(100):
                stage[1].bot(BOT, ANNA, str(number))
                await asyncio.sleep(0)

        talking = asyncio.create_task(talk())
        while newest < 99:
            news = await asyncio.wait_for(anext(events), 5)
            pushes += 1
            newest = int(news["chats"][f"telegram/{BOT}/{ANNA}"]["bubbles"][-1]["text"])
        await talking
        assert pushes <= (loop.time() - start) * 10 + 2


async def test_the_page_stops_at_once_with_a_stream_open(stage: tuple[World, Toy, Toy]) -> None:
    client = TestClient(TestServer(page_app(stage[0])))
    await client.start_server()
    answer = await client.get("/api/changes")
    await anext(_events(answer))
    async with asyncio.timeout(5):
        await client.server.close()
    await client.close()


async def test_the_page_shows_what_it_can_while_the_bots_are_away(stage: tuple[World, Toy, Toy], ahead: Ahead) -> None:
    ahead.broken = True
    state, chats = await snapshot(stage[0])
    assert state["reminder"] is None
    assert len(chats) == 9


async def test_what_is_gone_is_told() -> None:
    seen: dict[str, str] = {}
    assert difference(seen, {"a": 1}, {"x": 1, "y": 2}) == {"state": {"a": 1}, "chats": {"x": 1, "y": 2}}
    assert difference(seen, {"a": 1}, {"y": 2}) == {"gone": ["x"]}
    assert difference(seen, {"a": 1}, {"y": 2}) == {}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://t.me/altai_sutki_bot?start=abc", ("telegram", "abc")),
        ("t.me/Altai_Sutki_Bot", ("telegram", "")),
        ("https://vk.me/altai_sutki?ref=abc", ("vk", "abc")),
        (f"https://vk.com/club{COMMUNITY}?ref=1", ("vk", "1")),
        ("https://t.me/other_bot?start=abc", None),
        ("https://example.org/altai_sutki_bot", None),
        ("http://[", None),
        ("/start", None),
    ],
)
def test_deep_links_lead_to_the_sandboxs_accounts(url: str, found: tuple[str, str] | None) -> None:
    leads = deep_link(url, CAST.accounts)
    assert (leads and (leads[0].messenger, leads[1])) == found


def test_both_dictionaries_are_complete() -> None:
    folder = Path(__file__).parents[2] / "sandbox" / "phones"
    russian, english = (json.loads((folder / f"{language}.json").read_text()) for language in ("ru", "en"))
    assert russian.keys() == english.keys()
    assert all(russian.values())
    assert all(english.values())
    for fault in Fault:
        assert f"fault-{fault}" in russian
    for person in CAST.persons:
        assert f"role-{person.role}" in russian
    for phone in CAST.phones:
        assert {f"phone-{phone.key}", f"tab-{phone.key}"} <= russian.keys()


def test_the_casts_ids_are_unique_and_its_phones_belong_to_members() -> None:
    ids = [(person.messenger, person.id) for person in CAST.persons]
    assert len(set(ids)) == len(ids)
    for phone in CAST.phones:
        members = next((group.members for group in CAST.groups if group.chat == phone.chat), phone.persons)
        assert set(phone.persons) <= set(members)
