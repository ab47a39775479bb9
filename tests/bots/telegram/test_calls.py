from __future__ import annotations

import pytest
from aiogram.methods import SendMediaGroup, SendMessage
from aiogram.types import InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, LinkPreviewOptions, ReplyKeyboardMarkup

from bots.channel import Button, File, FileKind, Refused, Reply
from bots.telegram import calls

PRIVATE, GROUP = calls.Place.of("5", ""), calls.Place.of("-1001", "7")
TAKE = ((Button("Беру", "take:1"), Button("Сайт", "ignored", url="https://example.org")),)


@pytest.mark.parametrize(("chat", "thread"), [("", ""), ("@name", ""), ("5", "x"), ("²", ""), ("1" * 30, ""), ("5 ", "")])
def test_an_address_of_another_messenger_is_refused(chat: str, thread: str) -> None:
    with pytest.raises(Refused):
        calls.Place.of(chat, thread)


def test_a_text_is_plain_and_shows_no_preview() -> None:
    call = calls.message(GROUP, Reply("<b>https://example.org</b>", TAKE, answer_to="3"), [])
    assert isinstance(call, SendMessage)
    assert (call.chat_id, call.message_thread_id, call.text, call.entities) == (-1001, 7, "<b>https://example.org</b>", None)
    assert isinstance(call.link_preview_options, LinkPreviewOptions)
    assert call.link_preview_options.is_disabled
    assert call.reply_parameters is not None
    assert (call.reply_parameters.message_id, call.reply_parameters.allow_sending_without_reply) == (3, True)
    assert isinstance(call.reply_markup, InlineKeyboardMarkup)
    take, site = call.reply_markup.inline_keyboard[0]
    assert (take.callback_data, take.url, site.callback_data, site.url) == ("take:1", None, None, "https://example.org")


def test_the_place_is_asked_for_in_private_when_no_buttons_are_there() -> None:
    ask = Reply("Где это?", ask_place=True)
    call = calls.message(PRIVATE, ask, [])
    assert isinstance(call, SendMessage)
    assert isinstance(call.reply_markup, ReplyKeyboardMarkup)
    assert call.reply_markup.keyboard[0][0].request_location
    for place, reply in ((GROUP, ask), (PRIVATE, Reply("Где это?", TAKE, ask_place=True))):
        call = calls.message(place, reply, [])
        assert isinstance(call, SendMessage)
        assert not isinstance(call.reply_markup, ReplyKeyboardMarkup)


def test_an_album_has_one_text_and_only_kinds_that_go_together() -> None:
    call = calls.message(PRIVATE, Reply("три"), [(FileKind.PHOTO, "a"), (FileKind.VIDEO, "b"), (FileKind.PHOTO, "c")])
    assert isinstance(call, SendMediaGroup)
    assert [item.caption for item in call.media if isinstance(item, InputMediaPhoto)] == ["три", None]
    documents = calls.message(PRIVATE, Reply(""), [(FileKind.DOCUMENT, "a"), (FileKind.DOCUMENT, "b")])
    assert isinstance(documents, SendMediaGroup)
    assert isinstance(documents.media[0], InputMediaDocument)
    with pytest.raises(Refused):
        calls.message(PRIVATE, Reply(""), [(FileKind.PHOTO, "a"), (FileKind.VOICE, "b")])


@pytest.mark.parametrize(
    ("kind", "method", "captioned"),
    [
        (FileKind.PHOTO, "sendPhoto", True),
        (FileKind.VIDEO, "sendVideo", True),
        (FileKind.ROUND, "sendVideoNote", False),
        (FileKind.VOICE, "sendVoice", True),
        (FileKind.AUDIO, "sendAudio", True),
        (FileKind.DOCUMENT, "sendDocument", True),
        (FileKind.STICKER, "sendSticker", False),
    ],
)
def test_each_kind_has_its_call(kind: FileKind, method: str, captioned: bool) -> None:
    call = calls.message(PRIVATE, Reply("подпись", TAKE), [(kind, "ref")])
    assert call.__api_method__ == method
    assert getattr(call, "caption", None) == ("подпись" if captioned else None)
    assert isinstance(getattr(call, "reply_markup", None), InlineKeyboardMarkup)


def test_a_whisper_is_a_toast_when_short_and_waits_when_long() -> None:
    short, long = calls.whisper(Reply("Готово", whisper_to="1")), calls.whisper(Reply("Слово " * 60, whisper_to="1"))
    assert (short.text, short.show_alert) == ("Готово", False)
    assert long.show_alert
    assert long.text is not None
    assert len(long.text) <= 200
    assert calls.whisper(Reply(whisper_to="1")).text is None


@pytest.mark.parametrize("number", ["", "x", "²", "-1", "9" * 30])
def test_a_message_id_of_another_messenger_is_refused(number: str) -> None:
    with pytest.raises(Refused):
        calls.edit(PRIVATE, Reply("x", instead_of=number))


def test_what_an_upload_goes_as() -> None:
    def file(kind: FileKind, mime: str = "") -> File:
        return File(kind, "vk/biysk", "ref", mime=mime)

    assert calls.kind_of(file(FileKind.PHOTO), 10 * 2**20) is FileKind.PHOTO
    assert calls.kind_of(file(FileKind.PHOTO), 10 * 2**20 + 1) is FileKind.DOCUMENT
    assert calls.kind_of(file(FileKind.STICKER, "image/png"), 1) is FileKind.PHOTO
    assert calls.kind_of(file(FileKind.STICKER, "image/webp"), 1) is FileKind.STICKER


@pytest.mark.parametrize(
    ("name", "mime", "kind", "safe"),
    [
        ("акт № 1.pdf", "", FileKind.DOCUMENT, "акт № 1.pdf"),
        ('a"\r\nX-Evil: 1.pdf', "", FileKind.DOCUMENT, "a___X-Evil_ 1.pdf"),
        ("../../etc/passwd", "", FileKind.DOCUMENT, "_.._etc_passwd"),
        ("", "image/jpeg", FileKind.PHOTO, "photo.jpg"),
        ("", "application/pdf", FileKind.DOCUMENT, "document.pdf"),
        ("..", "", FileKind.VOICE, "voice.ogg"),
    ],
)
def test_file_names_are_safe(name: str, mime: str, kind: FileKind, safe: str) -> None:
    assert calls.file_name(File(kind, "vk/biysk", "ref", name, mime)) == safe


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("спросите @petrov_example", "спросите @\u2060petrov_example"),
        ("@all, @channel", "@\u2060all, @\u2060channel"),
        ("пишите на anna@example.org", "пишите на anna@example.org"),
        ("@ и @!", "@ и @!"),
        ("на Ленина.@petrov и -@all", "на Ленина.@\u2060petrov и -@\u2060all"),
        ("@a" + "я" * 4094, "＠a" + "я" * 4094),
    ],
)
def test_nobodys_words_call_a_member_of_the_chat(said: str, shown: str) -> None:
    assert calls.unmentioned(said) == shown
