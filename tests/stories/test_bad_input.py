"""What people and platforms send that nobody expects: each gets a clear answer or is a dead letter, and nothing is lost or stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.channel import ChatMoved, Deleted, Edited, File, FileKind, Left, Location, Scene, Sender
from bots.channel import Update as RawUpdate
from bots.pages import units
from bots.telegram import translate as telegram
from bots.vk import compose
from bots.vk import translate as vk
from incidents.incident import Role, Status
from storage.inbox import DEAD, NEW
from tests.fakes import VK as VK_LIMITS
from tests.stories.deeds import PIPE, ROAD, answered
from tests.stories.house import House, on_both
from tests.stories.office import FORUM, OWNER, TG, VK, WORDS, desk
from tests.stories.test_bad_presses import dump

NASTY = {
    "nul": "яма\0 на Ленина 15\0",
    "control": "".join(chr(code) for code in range(32)) + "яма на Ленина 15\x7f\x85",
    "bidi": "\u202eяма\u202c на \u2067Ленина\u2069 15\u200f\u061c",
    "rtl": "حفرة في الطريق, Ленина 15",
    "zero-width": "я\u200bм\u200cа\u200d на\ufeff Ле\u2060нина 15",
    "joined": "👨‍👩‍👧‍👦🏳️‍🌈🇷🇺👍🏽 яма на Ленина 15" * 3,
    "surrogates": "яма \ud83d на \udc4d Ленина 15",
    "zalgo": "я" + "\u0301\u0489" * 300 + "ма на Ленина 15",
    "long": "Яма на Ленина 15, вода стоит. " * 3500,
    "one word": "я" * 100_000,
    "lines": "яма\n" * 3000 + "\r\n\u2028\u2029",
    "fluent": "{ $text } { -term } { NUMBER(1) } яма на Ленина 15",
    "markup": "<b>яма</b> *на* [Ленина](tg://user?id=1) `15` [id1|x] @all *all",
    "number": "№ 99999999999999999999",
    "sql": "'; DROP TABLE incidents; -- яма",
}
EMPTY = (" \n\t \u00a0\u2003 ", "\u200b\u200d\u2060", "…", "?!", "\ufe0f")


def of_telegram(text: str, number: int, name: str = "Анна", **more: Any) -> dict[str, Any]:
    """A message as the Bot API tells it."""
    person = {"id": 100, "is_bot": False, "first_name": name, "language_code": "ru"}
    chat = {"id": 100, "type": "private", "first_name": name}
    return {"update_id": number, "message": {"message_id": number, "date": 1773234000, "chat": chat, "from": person, "text": text, **more}}


def of_vk(text: str, number: int, **more: Any) -> dict[str, Any]:
    """A message as the long poll tells it."""
    message = {"peer_id": 100, "from_id": 100, "conversation_message_id": number, "id": number, "date": 1773234000, "text": text, **more}
    return {"type": "message_new", "event_id": f"e{number}", "group_id": 900000001, "object": {"message": message}}


async def arrives(house: House, monkeypatch: pytest.MonkeyPatch, account: str, raws: Sequence[Mapping[str, Any]]) -> None:
    """Raw updates come in by the platform's own door."""
    if account == TG:
        monkeypatch.setattr(house.channels[account], "events", lambda raw: telegram.events(raw, account, "7000000001"))
        made = [telegram.update(raw, house.clock()) for raw in raws]
    else:
        monkeypatch.setattr(house.channels[account], "events", lambda raw: vk.events(account, raw, 900000001))
        made = [vk.update(raw, house.clock()) for raw in raws]
    await house.intake.accept(account)(made, "")
    await house.settle()


async def inbox(house: House) -> dict[str, int]:
    async with house.store.transaction() as tx:
        return dict(await tx.inbox.counts())


def assert_sendable(house: House) -> None:
    """Whatever stands in the chats could be sent, and nothing in it calls anybody or turns the line around."""
    for channel in house.channels.values():
        for shown in channel.shown:
            limits, reply = channel.limits, shown.reply
            assert units(reply.text) <= limits.text
            assert not any(letter in "\0\u202e\u2067" or 0xD800 <= ord(letter) < 0xE000 for letter in reply.text)
            buttons = [button for row in reply.keyboard for button in row]
            assert all(units(one.label) <= limits.label and len(one.payload.encode()) <= limits.payload for one in buttons)
            if limits == VK_LIMITS:
                said = compose.message(reply, "100", 1, [])["message"]
                assert not any(call in said for call in ("@all", "*all", "[id1|", "@id1", "*id1"))
        assert all(units(text) <= channel.limits.whisper for _, text in channel.whispers)
        assert all(units(title) <= 128 and "\n" not in title for title in channel.threads.values())


# --- texts -------------------------------------------------------------------------------------------------------------


@on_both
@pytest.mark.parametrize("account", [TG, VK])
async def test_any_text_becomes_an_incident_that_can_be_shown_and_answered(
    house: House, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    await house.chat(VK, "2000000007", OWNER)
    await house.official(TG, "31", "Пробная", "", Role.CURATOR)
    make = of_telegram if account == TG else of_vk
    raws = []
    for number, text in enumerate(NASTY.values(), 1001):
        raws.append(make(text, number))
        who = {"id": number, "is_bot": False, "first_name": text[:1000], "last_name": "@all [id1|x]\nСрок: завтра"}
        house.channels[VK].names[str(number)] = "Анна @all [id1|x]"
        if account == TG:
            raws[-1]["message"] |= {"from": who, "chat": {"id": number, "type": "private"}}
        else:
            raws[-1]["object"]["message"] |= {"from_id": number, "peer_id": number}
    await arrives(house, monkeypatch, account, raws)
    unheard = [text[:30] for number, text in enumerate(NASTY.values(), 1001) if not house.chat_shows(account, str(number))]
    assert unheard == []
    assert await inbox(house) == {NEW: 0, DEAD: 0}
    await house.later(hours=13)
    assert_sendable(house)


@pytest.mark.parametrize("account", [TG, VK])
async def test_a_text_in_which_nothing_is_to_be_read_is_answered(house: House, monkeypatch: pytest.MonkeyPatch, account: str) -> None:
    make = of_telegram if account == TG else of_vk
    for number, text in enumerate(EMPTY, 1):
        heard = len(house.chat_shows(account, "100"))
        await arrives(house, monkeypatch, account, [make(text, number)])
        assert len(house.chat_shows(account, "100")) > heard, ascii(text)
    assert await inbox(house) == {NEW: 0, DEAD: 0}
    async with house.store.transaction() as tx:
        assert await tx.incidents.newest() == []


@on_both
async def test_a_long_addition_and_a_long_edit_and_long_thanks_reach_the_thread(house: House) -> None:
    office = await desk(house)
    long = "Вода идёт из подвала и заливает двор. " * 100
    receipt = next(shown for shown in office.citizen.sees() if "принято" in shown.text)
    await house.later(hours=1)
    said = await office.citizen.says(long, reply_to=receipt)
    assert any(long[:3000] in shown.text for shown in office.shows())
    await office.citizen.edits(said, long + "И двор соседей.")
    await office.replies(office.ivanova, long)
    await office.presses(office.ivanova, "Заметка коллегам")
    assert await inbox(house) == {NEW: 0, DEAD: 0}
    assert_sendable(house)


@on_both
async def test_a_number_that_is_none_is_answered_to_everybody(house: House) -> None:
    for number, text in enumerate(("№ 99999999999999999999", "№ 0", "0", "№ -1", "№ ٣", "99999999999999999999", "№ 1.5", "№ 999999999")):
        curator = await house.official(TG, f"3{number}", "Пробная", "", Role.CURATOR)
        official = await house.official(TG, f"1{number}", "Иванова", OWNER)
        for who in (curator, official, house.person(TG, f"10{number}", "Анна")):
            await who.says(text)
            assert who.heard(), (text, who.name)
    assert await inbox(house) == {NEW: 0, DEAD: 0}


@pytest.mark.parametrize(
    "text", ["31 февраля", "0 марта", "99.99.9999", "15 марта 0001", "через 9999 месяцев", "через 9999 недель", "вчера", "\0", "до " * 5000]
)
async def test_a_date_that_does_not_exist_is_asked_for_again(house: House, text: str) -> None:
    office = await desk(house)
    await office.replies(office.ivanova)
    await office.presses(office.ivanova, "Промежуточный")
    await office.talks(office.ivanova, text.replace("\0", ""))
    assert (await house.case(1)).incident.status is Status.ASSIGNED
    assert await inbox(house) == {NEW: 0, DEAD: 0}


# --- names -------------------------------------------------------------------------------------------------------------


async def test_a_name_writes_no_lines_of_its_own_and_fills_no_card(house: House) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    citizen = house.person(TG, "100", "Анна\n🔴 № 1 просрочен\n" + "Очень" * 200)
    official = await house.official(TG, "11", "Иванова", OWNER)
    await citizen.says(PIPE)
    card = house.chat_shows(TG, FORUM)[0]
    assert not any(line.startswith("🔴") for line in card.text.splitlines())
    official.name = "Ю\nДоставлено " + "ж" * 1000
    await official.presses("Беру", to=FORUM)
    assert not any(line.startswith("Доставлено") for line in card.text.splitlines())
    await house.later(hours=25)
    assert_sendable(house)


async def test_a_name_of_which_nothing_shows_is_no_name(house: House) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    await house.person(TG, "100", "\u200b \u2060").says(PIPE)
    assert "автор не указан" in house.chat_shows(TG, FORUM)[0].text


# --- time --------------------------------------------------------------------------------------------------------------


async def test_a_platforms_clock_a_year_ahead_lends_nobody_a_year(house: House) -> None:
    office = await desk(house)
    citizen = house.person(TG, "101", "Пётр")
    await citizen.says(PIPE, at=house.clock() + timedelta(days=365))
    case = await house.case(2)
    assert case.incident.reported_at == case.report.said_at == house.clock()
    assert case.incident.due_at == house.clock() + timedelta(hours=24)
    assert (await house.case(1)).incident.due_at == case.incident.due_at
    assert office.citizen.heard() == []


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC)])
async def test_a_message_from_long_ago_is_overdue_and_says_so_once(house: House, at: datetime) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    citizen = house.person(TG, "100", "Анна")
    await citizen.says(PIPE, at=at)
    await house.later(minutes=1)
    said = [shown.text for shown in house.chat_shows(TG, FORUM) if shown.text.startswith("🔴")]
    assert len(said) == 1
    assert citizen.heard()[0].startswith("Сообщение № 1 принято.")


# --- places ------------------------------------------------------------------------------------------------------------


async def test_commands_in_wrong_places_are_answered_in_a_line(house: House) -> None:
    await house.chat(TG, FORUM, OWNER)
    citizen = house.person(TG, "100", "Анна")
    before = await dump(house)
    for command in (
        "/connect",
        "/connect 7H2K-9Q",
        "/queue",
        "/due",
        "/overdue",
        "/nonsense",
        "/start x" + "А" * 10_000,
        "/my@other_bot",
        "/",
    ):
        house.clock.move(minutes=5)
        await citizen.says(command)
        assert citizen.heard(), command
        count = len(house.chat_shows(TG, FORUM))
        await citizen.says(command, to=FORUM)
        if command not in ("/nonsense", "/", "/my@other_bot"):
            assert len(house.chat_shows(TG, FORUM)) > count, command
    after = await dump(house)
    assert {name: after[name] for name in ("roles", "chats", "invites")} == {name: before[name] for name in ("roles", "chats", "invites")}
    assert_sendable(house)


async def test_codes_are_not_found_by_trying(house: House) -> None:
    right = await house.invite("7H2K9QXM", chat=True, organisation=OWNER)
    stranger = house.person(TG, "100", "Чужая")
    for number in range(12):
        await stranger.says(f"/connect AAAA-{number:04}", to="-777")
    await stranger.says(f"/connect {right}", to="-778")
    async with house.store.transaction() as tx:
        assert await tx.chats.of(OWNER) == []
    assert "Слишком много" in house.chat_shows(TG, "-778")[-1].text


@on_both
async def test_a_link_with_an_odd_code_is_answered(house: House) -> None:
    for number, code in enumerate(("\ud800", "A" * 10_000, "%", "ß" * 50, "{ $x }", "7H2K\n9QXM", "🏳️‍🌈")):
        citizen = house.person(TG, f"10{number}", "Анна")
        await citizen.says("/start", start=code)
        assert citizen.heard()
    assert await inbox(house) == {NEW: 0, DEAD: 0}


async def test_what_other_bots_and_channels_write_in_a_group_goes_nowhere(house: House) -> None:
    office = await desk(house)
    before = await dump(house)
    bot = office.ivanova.said(WORDS, to=FORUM, thread=office.thread, reply_to=office.card)
    for number, sender in enumerate((Sender("11", "Бот", impersonal=True), Sender("-100", "Канал", impersonal=True))):
        await house.happens(replace(bot, id=f"x{number}", message=f"9{number}", sender=sender))
        await house.happens(replace(bot, id=f"y{number}", message=f"8{number}", sender=sender, text="/connect AAAA", answer_to=""))
        private = replace(bot.address, chat="555", thread="")
        await house.happens(replace(bot, id=f"z{number}", message="7", sender=sender, scene=Scene.PRIVATE, address=private))
    assert await dump(house) == before
    assert office.citizen.heard() == []


async def test_word_from_a_chat_we_left_brings_nothing_back(house: House) -> None:
    office = await desk(house)
    us = Sender("bot", "Бот")
    header: dict[str, Any] = {"at": house.clock(), "scene": Scene.GROUP, "sender": us, "address": office.card.address}
    await house.happens(Left(id="l1", member=us, is_us=True, **header))
    assert (await house.case(1)).incident.status is Status.ASSIGNED
    before = len(office.shows())
    await office.talks(office.ivanova, "а мы ещё тут")
    assert len(office.shows()) == before
    async with house.store.transaction() as tx:
        assert await tx.chats.of(OWNER) == []


# --- replies, edits, deletions -----------------------------------------------------------------------------------------


@on_both
async def test_a_reply_to_a_message_nobody_knows_is_heard_as_a_message(house: House) -> None:
    office = await desk(house)
    for number, reply_to in enumerate(("999999", "99999999999999999999", "-1", "m77", "not-a-number")):
        fresh = house.person(TG, f"20{number}", "Ольга")
        await fresh.says(ROAD, reply_to=reply_to)
        assert (await house.case(2 + number)).report.text == ROAD
        await office.talks(office.ivanova, "это кому?", reply_to=reply_to)
    assert office.citizen.heard() == []


async def test_edits_and_deletions_of_strangers_and_of_the_unknown_change_nothing(house: House) -> None:
    office = await desk(house)
    said = await office.replies(office.ivanova)
    before = await dump(house)
    thief = house.person(TG, "666", "Чужая")
    for address, message in ((said.address, said.message), (replace(said.address, chat="100", thread=""), "2"), (said.address, "4040")):
        header: dict[str, Any] = {"at": house.clock(), "scene": Scene.GROUP, "sender": thief.sender, "address": address, "message": message}
        await house.happens(Edited(id=f"e{message}{address.chat}", said_at=house.clock(), text="Подменено", **header))
        await house.happens(Deleted(id=f"d{message}{address.chat}", **header))
    assert await dump(house) == before


async def test_files_of_every_kind_and_none_are_answered(house: House) -> None:
    office = await desk(house)
    for number, kind in enumerate(FileKind):
        citizen = house.person(TG, f"20{number}", "Анна")
        odd = File(kind, TG, f"ref{number}", name="../../etc/\n" + "x" * 3000, mime="?/\n", size=10**15)
        await citizen.says(PIPE, files=[odd] * 12)
        await citizen.says(files=[odd])
        assert citizen.heard()
    gone = house.person(TG, "300", "Анна")
    await gone.says(PIPE, files=[File(FileKind.PHOTO, "telegram/no-longer-connected", "ref")])
    await gone.says(location=Location(-90.0, 180.0))
    assert gone.heard()
    await office.replies(office.ivanova, WORDS, files=[File(kind, TG, "r") for kind in FileKind])
    assert await inbox(house) == {NEW: 0, DEAD: 0}
    assert_sendable(house)


async def test_a_group_that_moves_to_itself_or_from_nowhere_keeps_everything(house: House) -> None:
    office = await desk(house)
    us = Sender("bot", "Бот")
    for number, (old, new) in enumerate((("-404", "-405"), (FORUM, FORUM))):
        header: dict[str, Any] = {
            "at": house.clock(),
            "scene": Scene.GROUP,
            "sender": us,
            "address": replace(office.card.address, chat=old),
        }
        await house.happens(ChatMoved(id=f"m{number}", to=new, **header))
    async with house.store.transaction() as tx:
        assert [chat.chat for chat in await tx.chats.of(OWNER)] == [FORUM]
        assert (await tx.chats.threads_of(1))[0].thread == office.thread


# --- what cannot be read -----------------------------------------------------------------------------------------------


@on_both
async def test_an_update_no_database_takes_is_a_dead_letter_and_the_next_one_is_handled(house: House) -> None:
    channel = house.channels[TG]
    good = house.person(TG, "100", "Анна").said(PIPE)
    odd = [
        RawUpdate("nan", {"a": float("nan"), "b": float("inf")}, "1"),
        RawUpdate("nul\0", {"a\0": "\0\ud800"}, "\0", "\0"),
        RawUpdate("lone\ud800", {"a": "\udfff"}, "\ud800", "\udfff"),
        RawUpdate("k" * 10_000, {"deep": [[[[]]]], "n": 10**400}, "9" * 5000),
    ]
    await house.intake.accept(TG)([*odd, RawUpdate(good.id, channel.raw(good), good.address.chat)], "cursor")
    await house.settle()
    assert (await house.case(1)).report.text == PIPE
    async with house.store.transaction() as tx:
        dead = await tx.inbox.dead_letters()
    assert len(dead) == len(odd)
    assert all(row.error.startswith("malformed: ") for row in dead)


# --- who may know what -------------------------------------------------------------------------------------------------


async def test_nobody_learns_of_anothers_message(house: House) -> None:
    office = await desk(house)
    await answered(house, 1, "Ответ только для Анны")
    thief = house.person(TG, "666", "Чужая")
    twin = house.person(VK, "100", "Анна Примерова")  # the same number and name in another messenger
    other = await house.official(TG, "41", "Примеров", "dorogi-biysk")
    head = await house.official(TG, "42", "Условный", "dorogi-biysk", Role.HEAD)
    other_chat = await house.chat(TG, "-500", "dorogi-biysk")
    receipt = office.citizen.sees()[0]
    for who in (thief, twin, other, head):
        for text in ("1", "что с № 1?", "/my", "/overdue"):
            await who.says(text)
        await who.says("№ 1", reply_to=receipt)
    for text in ("№ 1", "/overdue", "/queue"):
        await other.says(text, to=other_chat)
        await thief.says(text, to=other_chat)
    heard = "\n".join([*thief.heard(), *twin.heard(), *other.heard(), *head.heard()])
    heard += "\n".join(shown.text for shown in house.chat_shows(TG, other_chat))
    assert "прорвало" not in heard
    assert "Анны" not in heard
    assert "Комитет ЖКХ" not in heard


async def test_what_is_said_about_one_incident_reaches_only_its_people(house: House) -> None:
    await house.chat(TG, FORUM, OWNER, forum=True)
    biysk = await house.chat(VK, "2000000009", "dorogi-biysk")
    first, second = house.person(TG, "100", "Анна"), house.person(VK, "100", "Анна")
    await first.says(PIPE + " СЕКРЕТ-А")
    await second.says("Бийск, на Советской яма на дороге СЕКРЕТ-Б")
    await house.later(hours=26)
    assert not any("СЕКРЕТ-А" in shown.text for shown in [*house.chat_shows(VK, biysk), *second.sees()])
    assert not any("СЕКРЕТ-Б" in shown.text for shown in [*house.chat_shows(TG, FORUM), *first.sees()])
