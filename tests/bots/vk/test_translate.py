"""What VK's updates say: payloads in the shape that VK's documents and its API schema (5.199) give."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.channel import Address, Blocked, Edited, FileKind, Joined, Left, Location, Malformed, Pressed, Said, Scene, Sender, Unblocked
from bots.vk.translate import HEARD_AT, backfilled, events, key, update

GROUP, PERSON, CHAT, DATE = 900000001, 200000001, 2_000_000_001, 1795311932
AT = datetime.fromtimestamp(DATE, UTC)
NOW = datetime.fromtimestamp(DATE + 3, UTC)


def message(**fields: Any) -> dict[str, Any]:
    base = {
        "date": DATE,
        "from_id": PERSON,
        "id": 77,
        "version": 10000123,
        "out": 0,
        "fwd_messages": [],
        "important": False,
        "is_hidden": False,
        "attachments": [],
        "conversation_message_id": 5,
        "text": "Яма",
        "peer_id": PERSON,
        "random_id": 0,
    }
    return base | fields


def new(**fields: Any) -> dict[str, Any]:
    client = {"button_actions": ["text", "callback"], "keyboard": True, "inline_keyboard": True, "carousel": True, "lang_id": 0}
    return raw("message_new", {"message": message(**fields), "client_info": client})


def raw(kind: str, about: Any, **fields: Any) -> dict[str, Any]:
    return {"group_id": GROUP, "type": kind, "event_id": "c68dfb983247fea8ac98ea0e", "v": "5.199", "object": about} | fields


def said(**fields: Any) -> Said:
    (event,) = events("vk/biysk", new(**fields))
    assert isinstance(event, Said)
    return event


def test_a_private_message() -> None:
    assert events("vk/biysk", new()) == [
        Said(
            id="message/200000001/5",
            at=AT,
            address=Address("vk/biysk", str(PERSON)),
            sender=Sender(str(PERSON)),
            scene=Scene.PRIVATE,
            message="5",
            text="Яма",
        )
    ]


def test_a_message_in_a_chat() -> None:
    event = said(peer_id=CHAT)
    assert (event.scene, event.address.chat, event.sender.id) == (Scene.GROUP, str(CHAT), str(PERSON))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"[club{GROUP}|@altai] /connect 7H2K", "/connect 7H2K"),
        (f"[club{GROUP}|Алтай слышит], яма", "яма"),
        (f"[public{GROUP}|Алтай]яма", "яма"),
        (f"[club{GROUP}|Алтай]", f"[club{GROUP}|Алтай]"),
        ("[club1|Другие] яма", "[club1|Другие] яма"),
        (f"яма [club{GROUP}|Алтай]", f"яма [club{GROUP}|Алтай]"),
    ],
)
def test_our_own_name_before_the_words_is_no_part_of_them(text: str, read: str) -> None:
    assert said(text=text, peer_id=CHAT).text == read


def test_a_person_whose_number_has_outgrown_32_bits_writes_in_private() -> None:
    assert said(peer_id=2**52, from_id=2**52).scene is Scene.PRIVATE
    assert said(peer_id=CHAT, from_id=2**52).scene is Scene.GROUP


def test_a_message_without_a_number_within_its_dialogue_has_its_own() -> None:
    event = said(conversation_message_id=None, id=9001, reply_message={"id": 8999, "from_id": -GROUP})
    assert (event.id, event.message, event.answer_to) == (f"message/{PERSON}/m9001", "m9001", "m8999")


def test_an_update_that_does_not_name_the_community_is_that_of_the_account() -> None:
    told = {name: value for name, value in new(from_id=-GROUP).items() if name != "group_id"}
    assert events("vk/biysk", told, GROUP) == ()


def test_another_community_is_impersonal() -> None:
    assert said(from_id=-55, peer_id=CHAT).sender == Sender("-55", impersonal=True)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("&quot;Яма&quot; &lt;тут&gt; &amp;amp; &#39;я&#39;<br>и там", "\"Яма\" <тут> &amp; 'я'\nи там"),
        ("а\x00б\u202eв\r\nг", "абв\nг"),
        ("\ud800", "\ufffd"),
    ],
)
def test_texts_are_made_plain(text: str, read: str) -> None:
    assert said(text=text).text == read


PHOTO = {
    "album_id": -3,
    "date": DATE,
    "id": 457,
    "owner_id": PERSON,
    "access_key": "a1b2c3",
    "sizes": [
        {"height": 75, "type": "s", "width": 56, "url": "https://sun9.example/s.jpg"},
        {"height": 1080, "type": "w", "width": 810, "url": "https://sun9.example/w.jpg?a=1"},
        {"height": 604, "type": "x", "width": 453, "url": "https://sun9.example/x.jpg"},
    ],
    "text": "",
    "has_tags": False,
}
DOC = {
    "id": 9,
    "owner_id": PERSON,
    "title": "Акт &amp; план.PDF",
    "size": 1234,
    "ext": "pdf",
    "date": DATE,
    "type": 1,
    "url": "https://vk.example/doc",
    "access_key": "kk",
}
VOICE = {
    "duration": 3,
    "id": 8,
    "owner_id": 1,
    "link_mp3": "https://v.example/a.mp3",
    "link_ogg": "https://v.example/a.ogg",
    "waveform": [],
}
VIDEO = {"id": 6, "owner_id": -5, "title": "Потоп", "access_key": "vv", "duration": 12}
FILM = VIDEO | {"files": {"mp4_1080": "https://v.example/1080", "mp4_240": "https://v.example/240", "hls": "https://v.example/hls"}}
STICKER = {
    "inner_type": "base_sticker_new",
    "sticker_id": 4,
    "product_id": 1,
    "images": [{"url": "https://s.example/64", "width": 64, "height": 64}, {"url": "https://s.example/512", "width": 512, "height": 512}],
}
AUDIO = {"artist": "Имя", "id": 3, "owner_id": 2, "title": "Песня", "duration": 5, "url": "https://a.example/3.mp3"}
GRAFFITI = {"id": 1, "owner_id": 2, "url": "https://g.example/1.png", "width": 10, "height": 10}


@pytest.mark.parametrize(
    ("kind", "about", "file_kind", "ref", "name", "mime", "size"),
    [
        ("photo", PHOTO, FileKind.PHOTO, "photo200000001_457_a1b2c3 https://sun9.example/w.jpg?a=1", "photo.jpg", "image/jpeg", 0),
        ("doc", DOC, FileKind.DOCUMENT, "doc200000001_9_kk https://vk.example/doc", "Акт & план.PDF", "application/pdf", 1234),
        ("audio_message", VOICE, FileKind.VOICE, "- https://v.example/a.ogg", "voice.ogg", "audio/ogg", 0),
        ("video", FILM, FileKind.VIDEO, "video-5_6_vv https://v.example/1080", "Потоп", "video/mp4", 0),
        ("sticker", STICKER, FileKind.STICKER, "- https://s.example/512", "sticker.png", "image/png", 0),
        ("audio", AUDIO, FileKind.AUDIO, "- https://a.example/3.mp3", "audio.mp3", "audio/mpeg", 0),
        ("graffiti", GRAFFITI, FileKind.PHOTO, "- https://g.example/1.png", "graffiti.png", "image/png", 0),
    ],
)
def test_files(kind: str, about: Any, file_kind: FileKind, ref: str, name: str, mime: str, size: int) -> None:
    (file,) = said(attachments=[{"type": kind, kind: about}]).files
    assert (file.kind, file.account, file.ref, file.name, file.mime, file.size) == (file_kind, "vk/biysk", ref, name, mime, size)


@pytest.mark.parametrize(
    ("kind", "about", "text", "left_out"),
    [
        ("video", VIDEO, "Яма\n\nhttps://vk.com/video-5_6", ()),
        ("wall", {"id": 7, "to_id": -9, "from_id": 3}, "Яма\n\nhttps://vk.com/wall-9_7", ()),
        ("market", {"id": 7, "owner_id": -9}, "Яма\n\nhttps://vk.com/market-9_7", ()),
        ("link", {"url": "https://example.org/a", "title": "А"}, "Яма\n\nhttps://example.org/a", ()),
        ("link", {"url": "javascript:alert(1)"}, "Яма", ("link",)),
        ("poll", {"id": 1, "question": "?"}, "Яма", ("poll",)),
        ("story", {}, "Яма", ("story",)),
        ("gift", {}, "Яма", ("gift",)),
        ("audio", {"url": ""}, "Яма", ("audio",)),
        ("photo", {"sizes": []}, "Яма", ("photo",)),
        ("Странное!", {}, "Яма", ("unknown",)),
    ],
)
def test_what_is_no_file(kind: str, about: Any, text: str, left_out: tuple[str, ...]) -> None:
    event = said(attachments=[{"type": kind, kind: about}])
    assert (event.text, event.files, event.left_out) == (text, (), left_out)


def test_a_link_that_stands_in_the_text_is_not_repeated() -> None:
    event = said(text="см. http://example.org/a", attachments=[{"type": "link", "link": {"url": "https://example.org/a"}}])
    assert event.text == "см. http://example.org/a"


def test_an_empty_message_says_that_something_was_left_out() -> None:
    assert said(text="").left_out == ("unknown",)


def test_a_place() -> None:
    geo = {"type": "point", "coordinates": {"latitude": 52.5, "longitude": 85}, "place": {"title": "Бийск"}}
    assert said(text="", geo=geo).location == Location(52.5, 85.0)


def test_an_answer() -> None:
    replied = {"date": DATE, "from_id": -GROUP, "text": "Карточка", "attachments": [], "conversation_message_id": 3, "id": 70}
    assert said(reply_message=replied).answer_to == "3"


def test_forwards_are_what_their_forwarder_says() -> None:
    inner = {"date": 1, "from_id": 9, "text": "глубже", "attachments": [{"type": "poll", "poll": {}}], "conversation_message_id": 1}
    photo = {"type": "photo", "photo": PHOTO}
    first = {"date": 1, "from_id": 8, "text": "чужое", "attachments": [photo], "fwd_messages": [inner], "conversation_message_id": 2}
    event = said(text="вот", fwd_messages=[first, {"from_id": 1, "text": "ещё"}])
    assert (event.text, event.forwarded, event.sender.id) == ("вот\n\nчужое\n\nглубже\n\nещё", True, str(PERSON))
    assert len(event.files) == 1
    assert event.left_out == ("poll",)


def test_forwards_without_end_are_cut() -> None:
    nested: dict[str, Any] = {"text": "дно"}
    for _ in range(45):
        nested = {"text": "", "fwd_messages": [nested]}
    event = said(fwd_messages=[nested])
    assert event.left_out == ("forward",)


def test_a_deep_link_and_the_start_button() -> None:
    event = said(text="Начать", ref="code-7H2K", ref_source="vk.me", payload='{"command":"start"}')
    assert (event.start, event.text) == ("code-7H2K", "/start")
    assert said(text="привет", ref="code").start == "code"
    assert said(text="Начать", payload='{"command":"start"}').text == "/start"
    for payload in ("{", "[]", '{"command":5}', '"start"', 7, "[" * 990):
        assert said(text="Начать", payload=payload).text == "Начать"


@pytest.mark.parametrize("fields", [{"out": 1}, {"from_id": -GROUP}])
def test_what_we_said_ourselves_is_of_no_interest(fields: dict[str, Any]) -> None:
    assert events("a", new(**fields)) == ()
    assert events("a", raw("message_edit", message(**fields))) == ()
    assert events("a", raw("message_reply", message(**fields))) == ()


@pytest.mark.parametrize("kind", ["wall_reply_new", "wall_post_new", "group_join", "user_block", "message_typing_state", "like_add"])
def test_kinds_of_no_interest(kind: str) -> None:
    assert events("a", raw(kind, {})) == ()


def test_an_edit() -> None:
    (event,) = events("a", raw("message_edit", message(text="Яма и люк", update_time=DATE + 60)))
    assert isinstance(event, Edited)
    assert (event.message, event.text, event.at.timestamp()) == ("5", "Яма и люк", DATE + 60)
    assert event.said_at.timestamp() == DATE
    assert event.id != "message/200000001/5"


@pytest.mark.parametrize(
    ("action", "kind", "member", "is_us"),
    [
        ({"type": "chat_invite_user", "member_id": -GROUP}, Joined, -GROUP, True),
        ({"type": "chat_invite_user", "member_id": 7}, Joined, 7, False),
        ({"type": "chat_invite_user", "member_id": -8}, Joined, -8, False),
        ({"type": "chat_invite_user_by_link"}, Joined, PERSON, False),
        ({"type": "chat_invite_user_by_message_request", "member_id": 7}, Joined, 7, False),
        ({"type": "chat_create", "text": "Дороги"}, Joined, -GROUP, True),
        ({"type": "chat_title_update", "text": "Дороги"}, Joined, -GROUP, True),
        ({"type": "chat_kick_user", "member_id": -GROUP}, Left, -GROUP, True),
        ({"type": "chat_kick_user", "member_id": PERSON}, Left, PERSON, False),
    ],
)
def test_who_came_and_left(action: dict[str, Any], kind: type[Joined | Left], member: int, is_us: bool) -> None:
    (event,) = events("a", new(peer_id=CHAT, text="", action=action))
    assert isinstance(event, Joined | Left)
    assert type(event) is kind
    assert (event.member, event.is_us) == (Sender(str(member), impersonal=member < 0), is_us)
    assert (event.sender.id, event.scene) == (str(PERSON), Scene.GROUP)
    if isinstance(event, Joined):
        assert event.title == action.get("text", "")


def test_a_pinned_message_is_of_no_interest() -> None:
    assert events("a", new(peer_id=CHAT, action={"type": "chat_pin_message", "member_id": PERSON, "conversation_message_id": 3})) == ()


def pressed(payload: Any, **fields: Any) -> Pressed:
    about = {"user_id": PERSON, "peer_id": CHAT, "event_id": "5ed6f4c1b3a2", "payload": payload, "conversation_message_id": 12} | fields
    (event,) = events("a", update(raw("message_event", about), NOW).raw)
    assert isinstance(event, Pressed)
    return event


def test_a_press() -> None:
    event = pressed({"p": "take:1"})
    assert (event.payload, event.message, event.sender.id, event.address.chat) == ("take:1", "12", str(PERSON), str(CHAT))
    assert (event.scene, event.at) == (Scene.GROUP, NOW)
    assert json.loads(event.press) == ["5ed6f4c1b3a2", PERSON, CHAT]


def test_a_press_whose_button_is_told_as_text() -> None:
    assert pressed('{"p":"take:1"}').payload == "take:1"


@pytest.mark.parametrize("payload", [None, "take:1", [], {"p": 5}, {"q": "take:1"}, {}, '["p"]', '{"p":5}', "{" * 2000])
def test_a_forged_press_carries_nothing(payload: Any) -> None:
    assert pressed(payload).payload == ""


def test_permissions() -> None:
    (allowed,) = events("a", update(raw("message_allow", {"user_id": PERSON, "key": ""}), NOW).raw)
    (denied,) = events("a", update(raw("message_deny", {"user_id": PERSON}), NOW).raw)
    assert isinstance(allowed, Unblocked)
    assert isinstance(denied, Blocked)
    assert denied.address == Address("a", str(PERSON))
    assert denied.at == NOW


@pytest.mark.parametrize(
    "odd",
    [
        raw("message_burnt", {}),
        raw("message_new", []),
        raw("message_new", {"message": None}),
        raw("message_new", {"message": message()}, group_id="x"),
        new(date=None),
        new(date=10**15),
        new(date=True),
        new(from_id="200"),
        new(peer_id=0),
        new(conversation_message_id=None, id=None),
        new(text=5),
        new(attachments={}),
        new(attachments=[None]),
        new(attachments=[{"type": 5}]),
        new(fwd_messages=[5]),
        new(geo={"type": "point"}),
        new(geo={"coordinates": {"latitude": 100, "longitude": 0}}),
        new(geo={"coordinates": {"latitude": float("nan"), "longitude": 0}}),
        new(action={"type": "chat_explode"}),
        new(action={"type": "chat_kick_user", "member_id": "x"}),
        new(action="x"),
        raw("message_event", {"user_id": 1, "peer_id": 1, "event_id": 5}, **{HEARD_AT: DATE}),
        raw("message_allow", {"user_id": 1}),
        {"odd": 5, HEARD_AT: DATE},
    ],
)
def test_odd_shapes_are_malformed_and_say_where(odd: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        events("a", odd)
    assert str(caught.value)
    assert "Яма" not in str(caught.value)


# --- keys --------------------------------------------------------------------------------------------------------------


def test_a_back_filled_message_has_the_key_of_the_polled_one() -> None:
    again = backfilled(message(), GROUP)
    assert key(again) == key(new()) == "message/200000001/5"
    assert events("a", again) == events("a", new())


def test_other_kinds_go_by_their_event_id_or_by_what_they_say() -> None:
    assert key(raw("message_deny", {"user_id": 1})) == "c68dfb983247fea8ac98ea0e"
    without = [raw("message_deny", {"user_id": number}, event_id=odd) for number, odd in ((1, ""), (2, None), (3, "a b"), (4, "\ud800"))]
    keys = [key(each) for each in without]
    assert len(set(keys)) == 4
    assert [update(each, NOW).key for each in without] == keys == [key(update(each, NOW).raw) for each in without]
    assert all(each.startswith("digest/") for each in keys)


def test_what_belongs_together_has_one_lane() -> None:
    assert update(new(), NOW).lane == str(PERSON)
    assert update(raw("message_edit", message()), NOW).lane == str(PERSON)
    assert update(raw("message_deny", {"user_id": PERSON}), NOW).lane == str(PERSON)
    assert update(raw("message_event", {"user_id": PERSON, "peer_id": CHAT}), NOW).lane == str(CHAT)
    oddities: list[Any] = [5, None, [], {"object": 5}, "text"]
    for odd in oddities:
        assert update(odd, NOW).lane == ""
        with pytest.raises(Malformed):
            events("a", update(odd, NOW).raw)


# --- fuzz --------------------------------------------------------------------------------------------------------------

_SCALARS = st.none() | st.booleans() | st.integers() | st.integers(-5, 5) | st.floats() | st.text(st.characters(codec=None), max_size=8)
_JSON = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))
_BASES = [
    new(attachments=[{"type": "photo", "photo": PHOTO}, {"type": "doc", "doc": DOC}, {"type": "video", "video": FILM}]),
    new(fwd_messages=[message(attachments=[{"type": "sticker", "sticker": STICKER}])], reply_message=message()),
    new(geo={"type": "point", "coordinates": {"latitude": 1.5, "longitude": 2.5}}, ref="x", payload='{"command":"start"}'),
    new(action={"type": "chat_invite_user", "member_id": 5}, peer_id=CHAT),
    raw("message_edit", message(update_time=DATE)),
    raw("message_event", {"user_id": 1, "peer_id": 1, "event_id": "e", "payload": {"p": "x"}, "conversation_message_id": 1}),
    raw("message_allow", {"user_id": 1, "key": ""}),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, each in inner for place in _places(each, (*path, name)))]


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    if isinstance(value, dict):
        return {**value, path[0]: _with(value[path[0]], path[1:], odd)}
    return [_with(each, path[1:], odd) if number == path[0] else each for number, each in enumerate(value)]


@given(st.data())
def test_an_update_with_something_odd_in_it_is_read_or_malformed(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from(_BASES))
    odd = _with(base, data.draw(st.sampled_from(_places(base))), data.draw(_JSON))
    kept = update(odd, NOW)
    assert kept.key.isascii()
    assert len(kept.key) <= 200
    with suppress(Malformed):
        for event in events("a", kept.raw):
            assert event.id == kept.key
            assert event.address.account == "a"


@given(_JSON)
def test_anything_is_read_or_malformed(odd: Any) -> None:
    with suppress(Malformed):
        events("a", update(odd, NOW).raw)
