from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.channel import (
    Address,
    Blocked,
    ChatMoved,
    Edited,
    Event,
    File,
    FileKind,
    Joined,
    Left,
    Location,
    Malformed,
    Pressed,
    Said,
    Scene,
    Sender,
    Unblocked,
)
from bots.telegram.translate import events, update

US = "7000000001"
DATE = 1741788300
AT = datetime.fromtimestamp(DATE, UTC)
NOW = datetime(2025, 3, 12, 14, 5, tzinfo=UTC)

ANNA: dict[str, Any] = {
    "id": 100000001,
    "is_bot": False,
    "first_name": "Анна",
    "last_name": "К.",
    "username": "anna",
    "language_code": "ru",
}
BOT = {"id": int(US), "is_bot": True, "first_name": "Сутки", "username": "altai_sutki_bot"}
OTHER_BOT = {"id": 5, "is_bot": True, "first_name": "Чужой", "username": "other_bot"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
PRIVATE = {"id": 100000001, "first_name": "Анна", "last_name": "К.", "username": "anna", "type": "private"}
GROUP = {"id": -1001, "title": "Дежурные", "type": "supergroup"}
FORUM = {"id": -1002, "title": "Комитет ЖКХ", "type": "supergroup", "is_forum": True}
CHANNEL = {"id": -1003, "title": "Новости", "username": "news", "type": "channel"}
SENDER = Sender("100000001", "Анна К.", "ru")


def message(chat: dict[str, Any] = PRIVATE, sender: dict[str, Any] | None = ANNA, **more: Any) -> dict[str, Any]:
    base = {"message_id": 42, "chat": chat, "date": DATE}
    return base | ({"from": sender} if sender else {}) | more


def read(kind: str, content: Any) -> list[Event]:
    return list(events({"update_id": 860000001, kind: content}, "telegram/altai", US))


def said(**more: Any) -> Said:
    (event,) = read("message", message(**more))
    assert isinstance(event, Said)
    return event


def size(ref: str, width: int, height: int) -> dict[str, Any]:
    return {"file_id": ref, "file_unique_id": ref, "file_size": width, "width": width, "height": height}


def test_a_text_in_private() -> None:
    assert said(text="Яма на Ленина 15") == Said(
        id="860000001",
        at=AT,
        address=Address("telegram/altai", "100000001"),
        sender=SENDER,
        scene=Scene.PRIVATE,
        message="42",
        text="Яма на Ленина 15",
    )


@pytest.mark.parametrize(
    ("content", "file"),
    [
        ({"photo": [size("s", 90, 60), size("l", 1280, 960), size("m", 320, 240)]}, File(FileKind.PHOTO, "telegram/altai", "l", size=1280)),
        (
            {
                "video": {
                    "file_id": "v",
                    "width": 1,
                    "height": 1,
                    "duration": 3,
                    "file_name": "IMG.mp4",
                    "mime_type": "video/mp4",
                    "file_size": 9,
                }
            },
            File(FileKind.VIDEO, "telegram/altai", "v", "IMG.mp4", "video/mp4", 9),
        ),
        (
            {"video_note": {"file_id": "r", "length": 240, "duration": 3, "file_size": 7}},
            File(FileKind.ROUND, "telegram/altai", "r", size=7),
        ),
        (
            {"voice": {"file_id": "o", "duration": 3, "mime_type": "audio/ogg"}},
            File(FileKind.VOICE, "telegram/altai", "o", mime="audio/ogg"),
        ),
        ({"audio": {"file_id": "a", "duration": 3, "file_name": "a.mp3"}}, File(FileKind.AUDIO, "telegram/altai", "a", "a.mp3")),
        ({"document": {"file_id": "d", "file_name": "акт\u202e.pdf"}}, File(FileKind.DOCUMENT, "telegram/altai", "d", "акт.pdf")),
        (
            {"animation": {"file_id": "g", "mime_type": "video/mp4"}, "document": {"file_id": "g2"}},
            File(FileKind.DOCUMENT, "telegram/altai", "g", mime="video/mp4"),
        ),
        ({"sticker": {"file_id": "s", "type": "regular", "width": 512, "height": 512}}, File(FileKind.STICKER, "telegram/altai", "s")),
    ],
)
def test_files(content: dict[str, Any], file: File) -> None:
    event = said(**content, caption="под файлом", media_group_id="777")
    assert event.files == (file,)
    assert (event.text, event.album) == ("под файлом", "777")


def test_places() -> None:
    assert said(location={"latitude": 53.33, "longitude": 83}).location == Location(53.33, 83.0)
    venue = said(location={"latitude": 53.33, "longitude": 83}, venue={"location": {}, "title": "Школа № 7", "address": "ул. Ленина, 15"})
    assert venue.text == "Школа № 7, ул. Ленина, 15"
    assert venue.location


@pytest.mark.parametrize(
    ("text", "chat", "start"),
    [
        ("/start abc_D-1", PRIVATE, "abc_D-1"),
        ("/start@altai_sutki_bot abc", PRIVATE, "abc"),
        ("/start", PRIVATE, ""),
        ("/started abc", PRIVATE, ""),
        ("/start abc", GROUP, ""),
    ],
)
def test_deep_links(text: str, chat: dict[str, Any], start: str) -> None:
    event = said(chat=chat, text=text)
    assert (event.start, event.text) == (start, text)


@pytest.mark.parametrize("kind", ["poll", "contact", "dice", "story", "game", "checklist", "live_photo", "something_left_out"])
def test_what_cannot_be_carried_is_named(kind: str) -> None:
    if kind == "something_left_out":
        with pytest.raises(Malformed, match="something_left_out"):
            said(something_left_out={})
    else:
        assert said(**{kind: {"any": "thing"}}).left_out == (kind,)
        assert said(**{kind: {"any": "thing"}}).text == ""


def test_a_forward_belongs_to_who_forwarded_it() -> None:
    event = said(text="чужое", forward_origin={"type": "user", "sender_user": {"id": 9}, "date": DATE})
    assert (event.forwarded, event.sender) == (True, SENDER)
    assert said(text="чужое", forward_date=DATE).forwarded


class TestTopics:
    def test_the_thread_is_told_only_of_topics(self) -> None:
        assert said(chat=FORUM, text="в теме", message_thread_id=7, is_topic_message=True).address == Address(
            "telegram/altai", "-1002", "7"
        )
        assert said(chat=FORUM, text="в общей").address.thread == ""
        assert said(chat=GROUP, text="в ветке ответов", message_thread_id=7).address.thread == ""

    def test_a_message_in_a_topic_is_no_reply_to_the_line_that_opened_it(self) -> None:
        root = message(FORUM, BOT, message_thread_id=7, is_topic_message=True, forum_topic_created={"name": "№ 1"}) | {"message_id": 7}
        inside = {"chat": FORUM, "message_thread_id": 7, "is_topic_message": True}
        assert said(**inside, text="слово", reply_to_message=root).answer_to == ""
        del root["forum_topic_created"]
        assert said(**inside, text="слово", reply_to_message=root).answer_to == ""
        assert said(**inside, text="ответ", reply_to_message=message(FORUM, BOT) | {"message_id": 8}).answer_to == "8"

    def test_an_answer_elsewhere_is_one(self) -> None:
        ours = said(chat=GROUP, text="ответ", reply_to_message=message(GROUP, BOT) | {"message_id": 7})
        assert (ours.answer_to, ours.answers_us) == ("7", True)
        assert not said(chat=GROUP, text="ответ", reply_to_message=message(GROUP, BOT) | {"message_id": 7, "from": {"id": 6}}).answers_us


@pytest.mark.parametrize(
    ("sender", "sender_chat"),
    [(ANONYMOUS, GROUP), ({"id": 136817688, "is_bot": True, "first_name": "Channel"}, CHANNEL), (OTHER_BOT, None), (None, None)],
)
def test_who_hides_behind_a_group_or_is_a_bot_is_nobody(sender: dict[str, Any] | None, sender_chat: dict[str, Any] | None) -> None:
    event = said(chat=GROUP, sender=sender, text="слово", **({"sender_chat": sender_chat} if sender_chat else {}))
    assert event.sender.impersonal


def test_a_post_of_the_channel_and_a_comment_below_it() -> None:
    post = message(
        GROUP, {"id": 777000, "is_bot": False, "first_name": "Telegram"}, sender_chat=CHANNEL, is_automatic_forward=True, text="План"
    )
    (event,) = read("message", post)
    assert isinstance(event, Said)
    assert event.sender == Sender("-1003", "Новости", impersonal=True)
    comment = said(chat=GROUP, text="Когда почистят?", message_thread_id=42, reply_to_message=post)
    assert (comment.scene, comment.answer_to, comment.address.thread) == (Scene.COMMENT, "42", "")


def test_a_press() -> None:
    query = {
        "id": "4382bfdwdsb323b2d9",
        "from": ANNA,
        "message": message(GROUP, BOT, text="Карточка"),
        "chat_instance": "1",
        "data": "take:1",
    }
    raw = update({"update_id": 5, "callback_query": query}, NOW).raw
    assert events(raw, "telegram/altai", US) == (
        Pressed(
            id="5",
            at=NOW,
            address=Address("telegram/altai", "-1001"),
            sender=SENDER,
            scene=Scene.GROUP,
            message="42",
            payload="take:1",
            press="4382bfdwdsb323b2d9",
        ),
    )
    (old,) = read("callback_query", query | {"message": {"chat": PRIVATE, "message_id": 3, "date": 0}})
    assert isinstance(old, Pressed)
    assert (old.message, old.at.year) == ("3", 1970)
    assert read("callback_query", {"id": "1", "from": ANNA, "inline_message_id": "x", "chat_instance": "1", "data": "take:1"}) == []
    (unnamed,) = read("callback_query", {key: value for key, value in query.items() if key != "message"})
    assert isinstance(unnamed, Pressed)
    assert (unnamed.address.chat, unnamed.scene, unnamed.message, unnamed.press) == (SENDER.id, Scene.PRIVATE, "", query["id"])
    (game,) = read("callback_query", {key: value for key, value in query.items() if key != "data"} | {"game_short_name": "x"})
    assert isinstance(game, Pressed)
    assert game.payload == ""


def test_edits() -> None:
    (event,) = read("edited_message", message(text="яма и люк", edit_date=DATE + 60))
    assert isinstance(event, Edited)
    assert (event.text, event.message, event.at.timestamp()) == ("яма и люк", "42", DATE + 60)
    assert event.said_at.timestamp() == DATE
    assert read("edited_message", message(location={"latitude": 1, "longitude": 2}, edit_date=DATE + 60)) == []


def change(chat: dict[str, Any], was: str, now: str, who: dict[str, Any] = BOT, **rights: Any) -> dict[str, Any]:
    old, new = {"user": who, "status": was}, {"user": who, "status": now, **rights}
    return {"chat": chat, "from": ANNA, "date": DATE, "old_chat_member": old, "new_chat_member": new}


class TestMembers:
    def test_blocked_and_unblocked(self) -> None:
        (event,) = read("my_chat_member", change(PRIVATE, "member", "kicked"))
        assert isinstance(event, Blocked)
        assert event.sender == SENDER
        (event,) = read("my_chat_member", change(PRIVATE, "kicked", "member"))
        assert isinstance(event, Unblocked)

    def test_we_are_added_and_given_rights(self) -> None:
        (event,) = read("my_chat_member", change(GROUP, "left", "member"))
        assert isinstance(event, Joined)
        assert (event.is_us, event.title, event.forum, event.manages_topics) == (True, "Дежурные", False, False)
        assert (event.member.id, event.sender) == (US, SENDER)
        (event,) = read("my_chat_member", change(FORUM, "member", "administrator", can_manage_topics=True))
        assert isinstance(event, Joined)
        assert (event.forum, event.manages_topics) == (True, True)

    @pytest.mark.parametrize(("status", "rights"), [("left", {}), ("kicked", {"until_date": 0}), ("restricted", {"is_member": False})])
    def test_we_are_removed(self, status: str, rights: dict[str, Any]) -> None:
        (event,) = read("my_chat_member", change(GROUP, "member", status, **rights))
        assert isinstance(event, Left)
        assert event.is_us
        assert read("my_chat_member", change(CHANNEL, "left", "administrator")) == []

    def test_others_come_and_go(self) -> None:
        (event,) = read("chat_member", change(GROUP, "left", "member", ANNA))
        assert isinstance(event, Joined)
        assert (event.member, event.is_us) == (SENDER, False)
        (event,) = read("chat_member", change(GROUP, "administrator", "kicked", ANNA))
        assert isinstance(event, Left)
        assert read("chat_member", change(GROUP, "member", "administrator", ANNA)) == []
        assert read("chat_member", change(GROUP, "left", "member", BOT)) == []

    def test_lines_about_members(self) -> None:
        come = read("message", message(GROUP, new_chat_members=[ANNA, BOT, ANNA | {"id": 2}]))
        assert [event.id for event in come] == ["860000001", "860000001.2"]
        assert [event.member.id for event in come if isinstance(event, Joined)] == ["100000001", "2"]
        (gone,) = read("message", message(GROUP, left_chat_member=ANNA))
        assert isinstance(gone, Left)
        assert read("message", message(GROUP, left_chat_member=BOT)) == []


def test_a_group_moves() -> None:
    (event,) = read("message", message(GROUP, migrate_to_chat_id=-100500))
    assert isinstance(event, ChatMoved)
    assert (event.to, event.address.chat) == ("-100500", "-1001")
    assert read("message", message(GROUP, migrate_from_chat_id=-1)) == []


@pytest.mark.parametrize(
    "line",
    [
        {"pinned_message": {"message_id": 1}},
        {"forum_topic_created": {"name": "№ 1", "icon_color": 1}},
        {"forum_topic_edited": {}},
        {"forum_topic_closed": {}},
        {"forum_topic_reopened": {}},
        {"general_forum_topic_hidden": {}},
        {"new_chat_title": "Новое"},
        {"delete_chat_photo": True},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 1}},
        {"video_chat_started": {}},
        {"text": "\x00"},
    ],
)
def test_service_lines_are_of_no_interest(line: dict[str, Any]) -> None:
    assert read("message", message(GROUP, **line)) == []


@pytest.mark.parametrize("kind", ["channel_post", "inline_query", "poll", "message_reaction", "business_message", "chat_boost"])
def test_other_updates_are_of_no_interest(kind: str) -> None:
    assert read(kind, {"anything": 1}) == []


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({}, "update_id"),
        ({"update_id": True, "message": message(text="секрет")}, "update_id"),
        ({"update_id": 1}, "no kind we know"),
        ({"update_id": 1, "telepathy": {"text": "секрет"}}, "telepathy"),
        ({"update_id": 1, "message": "секрет"}, "update.message: not an object"),
        ({"update_id": 1, "message": message(text="секрет") | {"chat": None}}, "message.chat"),
        ({"update_id": 1, "message": message(text="секрет") | {"date": "завтра"}}, "message.date"),
        ({"update_id": 1, "message": message(text="секрет") | {"date": 10**18}}, "message.date"),
        ({"update_id": 1, "message": message(text="секрет") | {"message_id": 1.5}}, "message.message_id"),
        ({"update_id": 1, "message": message(text=["секрет"])}, "message.text"),
        ({"update_id": 1, "message": message(photo=[])}, "message.photo"),
        ({"update_id": 1, "message": message(photo={"file_id": "x"})}, "message.photo"),
        ({"update_id": 1, "message": message(photo=[{"file_id": "x"}])}, r"photo\[0\].width"),
        ({"update_id": 1, "message": message(document={"file_name": "секрет"})}, "file_id"),
        ({"update_id": 1, "message": message(location={"latitude": 91, "longitude": 0})}, "latitude"),
        ({"update_id": 1, "message": message(location={"latitude": float("nan"), "longitude": 0})}, "latitude"),
        ({"update_id": 1, "message": message(chat={"id": "x", "type": "private"}, text="секрет")}, "chat.id"),
        ({"update_id": 1, "message": message(sender={"id": None}, text="секрет")}, "from.id"),
        ({"update_id": 1, "callback_query": {"id": "1", "message": message(), "data": "секрет"}}, "callback_query.from"),
        ({"update_id": 1, "my_chat_member": {"chat": GROUP, "from": ANNA, "date": DATE}}, "new_chat_member"),
    ],
)
def test_malformed_says_where_and_never_the_words(raw: dict[str, Any], why: str) -> None:
    with pytest.raises(Malformed, match=why) as caught:
        events(raw, "telegram/altai", US)
    assert "секрет" not in str(caught.value)


_NAMES = (
    "update_id message edited_message callback_query my_chat_member chat_member chat from id type text caption date edit_date photo width "
    "height file_id file_size document location latitude longitude new_chat_members left_chat_member new_chat_member old_chat_member "
    "status user reply_to_message message_id message_thread_id is_topic_message data sender_chat venue migrate_to_chat_id"
)
KEYS = st.sampled_from(_NAMES.split())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8) | st.just("private")
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=8))


@settings(max_examples=400, deadline=None)
@given(ANYTHING)
def test_whatever_comes_is_stored_and_read_or_malformed(raw: Any) -> None:
    kept = update(raw, NOW)
    assert kept.key
    assert update(raw, NOW) == kept
    json.dumps(kept.raw)
    _read_or_malformed(kept.raw)


WHOLE = [
    {"update_id": 1, "message": message(GROUP, text="слово", reply_to_message=message(), entities=[], photo=[size("a", 1, 1)])},
    {"update_id": 1, "message": message(FORUM, new_chat_members=[ANNA, BOT], is_topic_message=True, message_thread_id=3)},
    {"update_id": 1, "callback_query": {"id": "1", "from": ANNA, "message": message(), "data": "take:1"}},
    {"update_id": 1, "my_chat_member": change(FORUM, "member", "administrator", can_manage_topics=True)},
    {"update_id": 1, "message": message(location={"latitude": 1.5, "longitude": 2.5}, venue={"title": "a", "address": "b"})},
]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_sound_update_with_one_odd_part_is_read_or_malformed(data: st.DataObject) -> None:
    raw: Any = json.loads(json.dumps(data.draw(st.sampled_from(WHOLE))))
    path: list[tuple[Any, Any]] = []
    part = raw
    while isinstance(part, dict | list) and part and (not path or data.draw(st.booleans())):
        path.append((part, key := data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))))
        part = part[key]
    holder, key = path[-1]
    holder[key] = data.draw(ANYTHING)
    update(raw, NOW)
    _read_or_malformed(raw)


def _read_or_malformed(raw: Any) -> None:
    try:
        found = events(raw, "telegram/altai", US)
    except Malformed as malformed:
        found, said = (), str(malformed)
        assert 0 < len(said) < 600
    for event in found:
        assert event.at.utcoffset() is not None
        assert event.address.account == "telegram/altai"


@pytest.mark.parametrize(
    ("raw", "key", "lane", "album"),
    [
        ({"update_id": 7, "message": message(GROUP, text="a")}, "7", "-1001", ""),
        ({"update_id": 7, "message": message(GROUP, photo=[], media_group_id="m")}, "7", "-1001", "m"),
        ({"update_id": 7, "edited_message": message(GROUP, photo=[], media_group_id="m")}, "7", "-1001", ""),
        ({"update_id": 7, "callback_query": {"message": {"chat": {"id": 5}}}}, "7", "5", ""),
        ({"update_id": 7, "my_chat_member": change(GROUP, "left", "member")}, "7", "-1001", ""),
        ({"update_id": 7, "message": []}, "7", "", ""),
    ],
)
def test_what_is_stored(raw: Any, key: str, lane: str, album: str) -> None:
    kept = update(raw, NOW)
    assert (kept.key, kept.lane, kept.album) == (key, lane, album)
    assert kept.raw == raw | {"received_at": int(NOW.timestamp())}


def test_an_update_without_a_number_has_a_key_of_its_own() -> None:
    first, second = update({"message": 1}, NOW), update({"message": 2}, NOW)
    assert first.key != second.key
    assert first.key == update({"message": 1}, NOW).key
    assert update([1], NOW).raw["not_an_update"] == [1]
