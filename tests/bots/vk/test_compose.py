"""What we say, as VK's methods take it, and what VK's refusals mean."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.channel import Button, Refused, Reply, TooOld, TryLater, Unreachable
from bots.pages import pages, units
from bots.vk.compose import LIMITS, VkError, edit, failure, keyboard, message, unmentioned, whisper
from sandbox.vk_shapes import keyboard as checked

_ACTIVE = re.compile(
    r"(?<![A-Za-z0-9_])@(?:all|online|everyone|here|все|онлайн|id\d|club\d|[a-z_]\w)"
    r"|\*(?:all|online|everyone|here|все|онлайн|id\d|club\d|public\d|[a-z_]\w)"
    r"|\[(?:id|club|public|event|app)-?\d+\|[^\]]*\]"
    r"|\[(?:https?://)?(?:m\.)?vk\.(?:com|ru)/[^|\]]*\|[^\]]*\]"
    r"|\[#\w+\|[^\]]*\]|&#\d+;",
    re.IGNORECASE,
)
_NASTY = st.lists(
    st.sampled_from(
        ["@", "*", "[", "]", "|", "id1", "club1", "all", "все", "online", " ", "\n", "а", "a.ru", "https://vk.com/id1", "(x)", "😀"]
    )
).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "@all",
        "Всем @online!",
        "@все",
        "*id1 (Имя)",
        "[id1|Имя]",
        "[club1|x]",
        "[https://vk.com/id1|x]",
        "@durov",
        "(@id1)",
        "[@id1|x]",
        "**id1",
        "на Ленина.@durov",
        "[#alias|Оплатить|https://vk.com/x]",
        "&#64;all",
    ],
)
def test_mentions_are_broken_and_look_the_same(text: str) -> None:
    assert _ACTIVE.search(text)
    broken = unmentioned(text)
    assert not _ACTIVE.search(broken)
    assert broken.replace("\u2060", "") == text


@pytest.mark.parametrize("text", ["priem@barnaul.ru", "а * б", "2 * 2 = 4", "*важно*", "[ ]", "и @ и", "Пишите: a.b+c@vk.com."])
def test_what_is_no_mention_stays_to_the_letter(text: str) -> None:
    assert unmentioned(text) == text


@given(st.text() | _NASTY, st.integers(0, 40))
@example("@a" * 20, 40)
def test_no_mention_survives_and_no_text_grows_too_long(text: str, room: int) -> None:
    limit = units(text) + room
    broken = unmentioned(text, limit)
    assert not _ACTIVE.search(broken)
    assert units(broken) <= limit
    as_seen = str.maketrans({"＠": "@", "∗": "*", "［": "[", "\u2060": None})
    assert broken.translate(as_seen) == text.translate(as_seen)


def test_a_message() -> None:
    params = message(Reply("Принято", ((Button("Беру", "take:1"),),), answer_to="5"), "2000000001", 77, ["photo-1_2_key", "doc-1_3"])
    board, forward = json.loads(params.pop("keyboard")), json.loads(params.pop("forward"))
    assert params == {
        "message": "Принято",
        "disable_mentions": 1,
        "dont_parse_links": 1,
        "peer_ids": "2000000001",
        "random_id": 77,
        "attachment": "photo-1_2_key,doc-1_3",
    }
    action = {"type": "callback", "label": "Беру", "payload": '{"p":"take:1"}'}
    assert board == {"inline": True, "buttons": [[{"action": action, "color": "secondary"}]]}
    assert forward == {"peer_id": 2000000001, "conversation_message_ids": [5], "is_reply": 1}


def test_buttons_without_a_text_get_one() -> None:
    assert message(Reply(keyboard=((Button("А", "a"),),)), "1", 1, [])["message"] == "…"
    assert message(Reply(), "1", 1, ["photo-1_2"])["message"] == ""


def test_an_edit_names_what_is_to_stay() -> None:
    params = edit(Reply("стало", instead_of="5"), "1", ["photo-1_2_key"])
    assert params["attachment"] == "photo-1_2_key"
    assert (params["cmid"], params["conversation_message_id"]) == (5, 5)
    assert json.loads(params["keyboard"]) == {"inline": True, "buttons": []}


def test_a_whisper() -> None:
    params = whisper(Reply("Уже", whisper_to='["5ed6", 7, 2000000001]'))
    assert (params["event_id"], params["user_id"], params["peer_id"]) == ("5ed6", 7, 2000000001)
    assert json.loads(params["event_data"]) == {"type": "show_snackbar", "text": "Уже"}
    assert "event_data" not in whisper(Reply(whisper_to='["5ed6", 7, 7]'))


@pytest.mark.parametrize("press", ["", "nonsense", "[]", "7", "[1, 2]", "null"])
def test_a_press_of_another_messenger_is_refused(press: str) -> None:
    with pytest.raises(Refused):
        whisper(Reply("x", whisper_to=press))


@pytest.mark.parametrize("reply", [Reply("x", answer_to="abc"), Reply("x", instead_of="abc")])
def test_a_message_id_of_another_messenger_is_refused(reply: Reply) -> None:
    with pytest.raises(Refused):
        _ = edit(reply, "1", []) if reply.instead_of else message(reply, "1", 1, [])


_BUTTONS = st.builds(Button, st.text(min_size=1, max_size=80), st.text("abc:0123456789", max_size=LIMITS.payload)) | st.builds(
    Button, st.text(min_size=1, max_size=80), st.just(""), st.just("https://example.org/")
)


@given(st.lists(st.lists(_BUTTONS, min_size=1, max_size=8).map(tuple), max_size=12).map(tuple), st.booleans())
def test_every_keyboard_within_the_limits_is_taken(rows: tuple[tuple[Button, ...], ...], ask_place: bool) -> None:
    (page,) = pages(Reply("x", rows, ask_place=ask_place), LIMITS)
    assert sum(map(len, page.keyboard)) <= LIMITS.buttons
    board = checked(keyboard(page.keyboard, ask_place=page.ask_place))
    assert bool(board) is bool(rows or ask_place)


def test_the_place_button_has_a_row_of_its_own_and_comes_only_if_there_is_room() -> None:
    board = json.loads(keyboard(((Button("А", "a"),),), ask_place=True))
    assert [row[0]["action"]["type"] for row in board["buttons"]] == ["callback", "location"]
    full = tuple(tuple(Button("А", "a") for _ in range(5)) for _ in range(2))
    assert len(json.loads(keyboard(full, ask_place=True))["buttons"]) == 2


_LATER = {1: False, 5: True, 6: True, 9: False, 10: False, 29: True}
_GONE = (7, 15, 900, 901, 902, 917, 943, 944, 945, 950, 983, 984, 993, 1012, 1017, 1021)


@pytest.mark.parametrize("code", [*_LATER, *_GONE, 0, 3, 8, 14, 27, 100, 104, 909, 911, 914, 921, 99999])
def test_what_an_error_code_means(code: int) -> None:
    error = failure(VkError("messages.send", code))
    if code in _LATER:
        assert isinstance(error, TryLater)
        assert error.whole_account is _LATER[code]
        assert error.after >= 1
    else:
        assert type(error) is (Unreachable if code in _GONE else TooOld if code == 909 else Refused)
    assert str(code) in str(error)
