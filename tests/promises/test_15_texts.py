"""Promise 15: no text can inject. What a stranger typed, wherever it is shown, is taken by the messenger and calls nobody.

The rules of the two messengers are written down here once more, from their documents and from TDLib's source, not from our code:
what they refuse (too long, empty to the eye, control letters, halves of surrogate pairs), and what they would make of a text.

*Active* is what does something to somebody who only reads: a mention, which calls a person; and a link that hides where it leads. An
address as it stands is not active: it says where it leads, and no preview of it is fetched. Neither is a ``/command`` or a ``#tag``:
a tap sends it in the tapper's own name, and promise 8 shows that no command by itself does anything. Formulas belong to spreadsheets:
there is no export yet; when there is one, ``FORMULAS`` of the corpus waits for it.
"""

from __future__ import annotations

import html
import json
import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiogram.methods import CreateForumTopic, TelegramMethod

from bots.channel import Address, Button, Event, OpenThread, Outgoing, RenameThread, Reply, Said, Sender
from bots.pages import pages, shorten
from bots.telegram import calls
from bots.telegram import translate as telegram
from bots.vk import compose
from bots.vk import translate as vk
from handlers import routes
from incidents.incident import Role
from storage.store import Store
from tests.fakes import START, FakeChannel, Shown
from tests.promises.conftest import size
from tests.promises.naughty import ALONE, naughty
from tests.stories.house import House
from tests.stories.office import OWNER

TG, VK = "telegram/altai", "vk/altai"
US, COMMUNITY = "7000000001", 900000001

# --- what the messengers refuse, and what they make of a text ----------------------------------------------------------


def length(text: str) -> int:
    """In UTF-16 units, as both count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def refused(text: str, most: int, *, may_be_empty: bool = False) -> list[str]:
    """Why a text is not taken, or should not be sent by anybody decent."""
    why = []
    if length(text) > most:
        why.append(f"{length(text)} units, {most} are taken")
    if not may_be_empty and not any(unicodedata.category(letter) not in ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn") for letter in text):
        why.append("nothing to be seen")
    if odd := [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"]:
        why.append(f"control letters or halves of letters: {odd[:3]!a}")
    if any(letter in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" for letter in text):
        why.append("turns the line around")
    return why


def called_in_telegram(text: str) -> list[str]:
    """The mentions Telegram finds: TDLib's ``match_mentions``, which takes letters and digits of any script for a word's."""
    found = []
    for at, name in ((one.start(), one[1]) for one in re.finditer(r"(?=@([A-Za-z0-9_]+))", text)):
        before, behind = text[at - 1 : at], text[at + 1 + len(name) : at + 2 + len(name)]
        if not _of_a_word(before) and not _of_a_word(behind) and 2 <= len(name) <= 32:
            found.append(f"@{name}")
    return found


def _of_a_word(letter: str) -> bool:
    return letter == "_" or (bool(letter) and unicodedata.category(letter)[0] in "LN")


_NAME_OF_VK = re.compile(r"[@*]([A-Za-z][A-Za-z0-9_.]+|все|всех|онлайн|тут)", re.IGNORECASE)
_MAIL = re.compile(r"[A-Za-z0-9_]@[A-Za-z0-9-]+\.[A-Za-z]")
_HIDDEN_LINK_OF_VK = re.compile(r"\[[^\s\]|\u2060][^\]|\n]*\|[^\]\n]+\]")


def called_in_vk(text: str) -> list[str]:
    """The mentions and named links VK finds, also in what it makes of ``&#64;``: its clients show entities as the letters they are."""
    seen = html.unescape(text)
    names = [one[0] for one in _NAME_OF_VK.finditer(seen) if not _MAIL.match(seen, max(one.start() - 1, 0))]
    return names + [one[0] for one in _HIDDEN_LINK_OF_VK.finditer(seen)]


def wrong_in_telegram(method: TelegramMethod[Any]) -> list[str]:
    """What Telegram would refuse of a call, and what would be active in it."""
    said: Mapping[str, Any] = method.model_dump(exclude_none=True, warnings=False)
    wrong = []
    if isinstance(said.get("parse_mode"), str) or said.get("entities") or said.get("caption_entities"):
        wrong.append("formatting is on")
    if "callback_query_id" in said:
        return refused(said.get("text", ""), 200, may_be_empty=True)
    if isinstance(method, CreateForumTopic):
        return wrong + refused(method.name, 128)
    for name, most in (("text", 4096), ("caption", 1024)):
        if name in said:
            wrong += refused(said[name], most) + [f"calls {one}" for one in called_in_telegram(said[name])]
    for row in (said.get("reply_markup") or {}).get("inline_keyboard", []):
        for button in row:
            wrong += refused(button["text"], 64)
            if not button.get("url") and not 1 <= len(button["callback_data"].encode()) <= 64:
                wrong.append("a button carries too much")
    return wrong


def wrong_in_vk(params: Mapping[str, Any]) -> list[str]:
    """The same for a call to VK."""
    if "event_id" in params:
        return refused(json.loads(params["event_data"])["text"], 90) if "event_data" in params else []
    wrong = refused(params["message"], 4096, may_be_empty=bool(params.get("attachment")))
    wrong += [f"calls {one}" for one in called_in_vk(params["message"])]
    if params.get("disable_mentions") != 1 or params.get("dont_parse_links") != 1:
        wrong.append("mentions or snippets are on")
    board = json.loads(params.get("keyboard", '{"buttons": []}'))["buttons"]
    for action in (button["action"] for row in board for button in row):
        if action["type"] == "callback":
            wrong += refused(action["label"], 40)
            wrong += [] if len(action["payload"]) <= 255 else ["a button carries too much"]
    return wrong


def wrong_with(out: Outgoing, account: str) -> list[str]:
    """What is wrong with one platform call as the real channels make it."""
    if isinstance(out, OpenThread | RenameThread):
        return wrong_in_telegram(CreateForumTopic(chat_id=-1, name=shorten(out.title, calls.TITLE)))
    if account.startswith("telegram"):
        place = calls.Place.of("-100", "")
        if out.whisper_to:
            return wrong_in_telegram(calls.whisper(out))
        if out.instead_of:
            return wrong_in_telegram(calls.edit(place, out)) + wrong_in_telegram(calls.edit_caption(place, out))
        sources: list[calls.Source] = [(file.kind, "ref") for file in out.files]
        return wrong_in_telegram(calls.message(place, replace(out, answer_to=""), sources))
    if out.whisper_to:
        return wrong_in_vk(compose.whisper(replace(out, whisper_to='["e", 1, 1]')))
    if out.instead_of:
        return wrong_in_vk(compose.edit(out, "2000000001", []))
    return wrong_in_vk(compose.message(replace(out, answer_to=""), "2000000001", 1, ["photo1_1"] * len(out.files)))


# --- by the thousand ---------------------------------------------------------------------------------------------------


def heard(account: str, text: str, name: str) -> tuple[str, str]:
    """A text and a name as they come in through the real channel and stand in the house."""
    at = int(START.timestamp())
    event: Event
    if account == TG:
        person = {"id": 100, "is_bot": False, "first_name": name, "last_name": text}
        message = {"message_id": 1, "date": at, "chat": {"id": 100, "type": "private"}, "from": person, "text": text}
        found = telegram.events({"update_id": 1, "message": message}, TG, US)
    else:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        message = {"peer_id": 100, "from_id": 100, "conversation_message_id": 1, "date": at, "text": escaped}
        found = vk.events(VK, {"type": "message_new", "object": {"message": message}}, COMMUNITY)
    if not found:
        return "", ""
    (event,) = found
    assert isinstance(event, Said)
    if account == VK:  # names come by a call of their own
        event = replace(event, sender=Sender("100", vk.plain(name)))
    event = routes._sound(event, START)
    return event.text, event.sender.name


def shown(text: str, name: str) -> Sequence[Reply]:
    """Every way in which what somebody wrote may be shown: alone, quoted, among other words, on a button, in a toast, as a change."""
    button = ((Button(f"№ 1 · {name}", "AAAAAAAAAAAAAAAA.0"), Button(f"№ 2 · {text}", "AAAAAAAAAAAAAAAA.1")),)
    return [
        Reply(text=text or "…", keyboard=button),
        Reply(text=f"№ 1 · Отопление\nАвтор: {name or 'не указан'}\n«{text}»\nСрок: завтра"),
        Reply(text=f"{name}{text}." + name),
        Reply(text=f"№ 1 · {text}", instead_of="1", keyboard=button),
        Reply(text=f"Уже в работе: {name}, с 20:00 {text}", whisper_to="press"),
    ]


@pytest.mark.parametrize("account", [TG, VK])
def test_no_text_is_refused_and_none_is_active(account: str, seeded: random.Random, figures: Callable[..., None]) -> None:
    limits = calls.LIMITS if account == TG else compose.LIMITS
    texts = [*ALONE, *(naughty(seeded) for _ in range(size(quick=400, full=10_000) - len(ALONE)))]
    wrong: list[str] = []
    made = 0
    for text in texts:
        said, name = heard(account, text, text)
        outs: list[Outgoing] = [page for reply in shown(said, name) for page in pages(reply, limits)]
        outs += [OpenThread(f"№ 1 · {said}")] if account == TG else []
        made += len(outs)
        wrong += [f"{text[:80]!a}: {what} in {out!a:.300}" for out in outs for what in wrong_with(out, account)]
    figures(texts=len(texts), calls=made, refused_or_active=len(wrong))
    assert wrong == []


# --- through the whole house -------------------------------------------------------------------------------------------


class Strict(FakeChannel):
    """A messenger that looks at each call as the real channel would make it."""

    wrong: list[str]

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        found = wrong_with(out, self.account)
        self.wrong = [*getattr(self, "wrong", ()), *(f"{what} in {out!a:.400}" for what in found)]
        return await super().send(to, out, key)


async def test_nothing_that_people_write_or_are_called_injects(
    sqlite_url: str, seeded: random.Random, figures: Callable[..., None]
) -> None:
    """Texts, names of citizens, officials and groups, answers, reasons, notes: through reports, cards, previews, lists and reminders."""
    house = House(Store(sqlite_url), channel=Strict)
    texts = [naughty(seeded) for _ in range(size(quick=4, full=120))]
    try:
        await house.open()
        for account, chat in ((TG, "-100"), (VK, "2000000007")):
            await house.chat(account, chat, OWNER, forum=account == TG, title=vk.plain(seeded.choice(texts))[:500])
            official = await house.official(account, "11", routes._one_line(vk.plain(texts[0])), OWNER)
            curator = await house.official(account, "31", routes._one_line(vk.plain(texts[1])), "", Role.CURATOR)
            for number, text in enumerate(texts):
                said, name = heard(account, text, text)
                citizen = house.person(account, str(1000 + number), name)
                await citizen.says(f"Барнаул, на Ленина 15 прорвало трубу {said}")
                card = house.chat_shows(account, chat)[-1]
                await official.says(said, to=chat, thread=card.address.thread, reply_to=card)
                if number % 3 == 0 and (preview := pressable(house, account, chat, "Ответ")):
                    await official.presses("Ответ", at=preview)
                if number % 4 == 0:
                    await citizen.says(said)
                    await curator.says(said)
            for command in ("/queue", "/overdue", "/due", "/my"):
                await curator.says(command)
        await house.later(hours=26)
        wrong = [what for channel in house.channels.values() for what in getattr(channel, "wrong", ())]
        sent = sum(len(channel.keys) for channel in house.channels.values())
        async with house.store.transaction() as tx:
            counts = await tx.inbox.counts()
    finally:
        await house.store.close()
    figures(texts=len(texts), calls=sent, refused_or_active=len(wrong))
    assert wrong == []
    assert counts["dead"] == 0


def pressable(house: House, account: str, chat: str, label: str) -> Shown | None:
    """The newest message with such a button."""
    found = [one for one in house.chat_shows(account, chat) if any(text.startswith(label) for text in one.labels)]
    return found[-1] if found else None
