"""People of a small day who look at their phones: citizens who report and rate, officials who take and answer, over both messengers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tests.promises.world import TELEGRAM, VK, World
from tests.wire.telegram_server import Call
from tests.wire.vk_server import CHATS, buttons

MARIA = {"id": 77_001, "is_bot": False, "first_name": "Мария"}
FORUM = {"id": -1_000_000_077, "type": "supergroup", "title": "ЖКХ Барнаула"}
PAVEL, ROADS = 77_002, CHATS + 7
STUMBLES = "споткнулся"
"""A report with this word is handled only at the second try (``tests.promises.patches:stumble``)."""
WHICH = " какому сообщению это ответ"
LOOK = 0.03
"""Seconds between two looks at all the phones."""


class People:
    """Everybody; they react to every message they see and to every change of one, and to nothing else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rounds = 0
        self.reports = 0
        self._seen = [0, 0, 0, 0]
        self.busy = False
        """Whether something of what was reported is not answered and rated yet."""
        self._said: dict[str, str] = {}
        """Which incident an official's words were about: message → number."""
        self._cards: dict[str, dict[str, Any]] = {}
        """The newest card of each incident, as its official sees it."""
        self._taken: set[tuple[str, str]] = set()
        self._editing: dict[int, tuple[int, str]] = {}

    async def __aenter__(self) -> Self:
        await self.world.appoint(TELEGRAM, MARIA["id"], "Мария", "zhkh-barnaul")
        await self.world.connect(TELEGRAM, FORUM["id"], "zhkh-barnaul", forum=True)
        await self.world.appoint(VK, PAVEL, "Павел", "dorogi-barnaul")
        await self.world.connect(VK, ROADS, "dorogi-barnaul")
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    def report(self) -> None:
        """One round of a day: an album, a message that grows, one that comes a day late, one that stumbles, and nonsense."""
        self.rounds += 1
        self.busy = True
        first, today = self.rounds * 10, int(time.time())
        self._telegram(first + 1, f"Барнаул, на Ленина, {first} прорвало трубу отопления, вода второй день", album=True)
        self._telegram(first + 2, f"Барнаул, на Попова, {first} в доме нет отопления, {STUMBLES} на лестнице")
        for person, late in ((first + 3, 0), (first + 4, 25 * 3600)):
            text = f"Барнаул, огромная яма на дороге на улице Попова, {person}"
            self.world.vk.says(200_000 + person, text, date=today - late)
            self.reports += 1
        self.world.telegram.push(message={"date": "вчера", "chat": {"id": 9}})
        self.world.vk.push("message_new", {"message": {"чужое": first}})

    async def unanswered(self) -> list[str]:
        """Citizens who did not get exactly one answer: one is enough, and two make a fool of its author."""
        wrong: list[str] = []
        for (number,) in await self.world.database.ask("SELECT id FROM incidents ORDER BY id"):
            if (count := self._answers(str(number))) != 1:
                wrong.append(f"№ {number}: {count} answers")
        return wrong

    async def done(self, seconds: float = 30.0) -> None:
        """Until every report is answered and rated, and nothing is left to do. Raises AssertionError when nothing moves any more."""
        moved, before = time.monotonic(), None
        sql = "SELECT count(*), sum(version), sum(CASE WHEN rating > 0 THEN 1 ELSE 0 END) FROM incidents"
        while True:
            if self._looking.done():
                self._looking.result()
            now = [*(await self.world.database.ask(sql))[0]]
            left = await self.world.left()
            if now[0] == now[2] == self.reports and not left:
                self.busy = False
                return
            moved, before = (moved, before) if [now, left] == before else (time.monotonic(), [now, left])
            child = self.world.child
            assert child is not None
            assert child.running, f"it ended; {self.reports} reports, stored, changes, rated: {now}, left: {left}"
            assert time.monotonic() < moved + seconds, (
                f"{self.reports} reports, stored, changes, rated: {now}, {left}\n{await self._stuck()}"
            )
            await asyncio.sleep(0.1)

    async def _stuck(self) -> str:
        """What became of the messages about incidents that nobody rated yet."""
        rows = await self.world.database.ask(
            "SELECT i.id, i.status, o.account, o.chat, o.id, o.purpose, o.state, o.doubted, o.attempts, o.error, substr(o.text, 1, 20)"
            " FROM incidents i LEFT JOIN outbox o ON o.incident_id = i.id WHERE i.rating = 0 ORDER BY i.id, o.id"
        )
        return "\n".join(" ".join(map(str, row)) for row in rows)

    # --- what they say -----------------------------------------------------------------------------------------------

    def _telegram(self, number: int, text: str, *, album: bool = False) -> None:
        telegram, person = self.world.telegram, 100_000 + number
        photos: list[dict[str, Any]] = [{}, {}] if album else []
        for place, photo in enumerate(photos):
            file = {"file_id": telegram.keeps(b"\xff\xd8\xff" + b"photo"), "file_unique_id": f"u{number}{place}", "width": 90, "height": 60}
            photo |= {"photo": [file], "media_group_id": f"g{number}", **({} if place else {"caption": text})}
        for more in photos or [{}]:
            said = telegram.says(_private(person), _citizen(person), "" if album else text, date=int(time.time()), more=more)
        if not album:
            self._editing[person] = (said, text)
        self.reports += 1

    async def _look(self) -> None:
        telegram, vk = self.world.telegram, self.world.vk
        while True:
            phones = ((telegram.shown, self._sees_telegram), (vk.shown, self._sees_vk))
            phones += ((telegram.changed, self._sees_telegram), (vk.changed, self._sees_vk))
            for place, (shown, sees) in enumerate(phones):
                while self._seen[place] < len(shown):
                    call, number = shown[self._seen[place]]
                    self._seen[place] += 1
                    sees(call, number)
            await asyncio.sleep(LOOK)

    # --- what they do about what they see ----------------------------------------------------------------------------

    def _sees_telegram(self, call: Call, number: int) -> None:
        chat, labels = int(call.params["chat_id"]), call.buttons
        message = {"message_id": number, "date": int(time.time()), "chat": FORUM if chat < 0 else _private(chat)}
        if thread := call.params.get("message_thread_id"):
            message |= {"message_thread_id": int(thread), "is_topic_message": True}

        def presses(label: str) -> None:
            self.world.telegram.presses(MARIA if chat < 0 else _citizen(chat), labels[label], message)

        if chat in self._editing and call.text.startswith("Сообщение № "):
            said, text = self._editing.pop(chat)
            edited = {
                "message_id": said,
                "from": _citizen(chat),
                "chat": _private(chat),
                "date": message["date"],
                "text": f"{text} и тепла",
            }
            self.world.telegram.push(edited_message=edited | {"edit_date": message["date"]})
        if "Беру" in labels:
            self._cards[_number(call.text)] = message
        wanted, about = self._wants(labels, call.text, TELEGRAM), ""
        if WHICH in call.text:
            about = self._said[str(json.loads(call.params["reply_parameters"])["message_id"])]
            wanted = _that_means(labels, about)
        if wanted:
            presses(wanted)
        if wanted == "Беру" or (about and not wanted.startswith("№")):
            self._answers_telegram(about or _number(call.text))

    def _answers_telegram(self, number: str) -> None:
        """Words for a citizen, as a reply to the newest card of their incident."""
        message = self._cards[number]
        inside = {name: message[name] for name in ("message_thread_id", "is_topic_message") if name in message}
        inside["reply_to_message"] = message | {"from": {"id": self.world.telegram.us, "is_bot": True, "first_name": "Алтай"}}
        said = self.world.telegram.says(FORUM, MARIA, _words(number), date=int(time.time()), more=inside)
        self._said[str(said)] = number

    def _sees_vk(self, call: Call, number: int) -> None:
        peer, labels = int(call.params.get("peer_ids") or call.params["peer_id"]), buttons(call)
        text, chat = call.params["message"], peer if peer >= CHATS else 0
        if "Беру" in labels:
            self._cards[_number(text)] = {"conversation_message_id": number, "text": text}
        wanted, about = self._wants(labels, text, VK), ""
        if WHICH in text:
            (replied,) = json.loads(call.params["forward"])["conversation_message_ids"]
            about = self._said[str(replied)]
            wanted = _that_means(labels, about)
        if wanted:
            payload = labels[wanted] if chat else json.loads(labels[wanted])
            self.world.vk.presses(PAVEL if chat else peer, payload, chat=chat, number=number if chat else 0)
        if wanted == "Беру" or (about and not wanted.startswith("№")):
            self._answers_vk(about or _number(text))

    def _answers_vk(self, number: str) -> None:
        """The same in the chat of VK."""
        about = {"id": 0, "peer_id": ROADS, "from_id": -self.world.vk.group, "date": 1, **self._cards[number]}
        said = self.world.vk.says_in_chat(ROADS, PAVEL, _words(number), date=int(time.time()), reply_message=about)
        self._said[str(said)] = number

    def _wants(self, labels: dict[str, str], text: str, account: str) -> str:
        """The button somebody presses who sees these; empty when there is nothing to press."""
        number = _number(text)
        if "Беру" in labels and (account, number) not in self._taken:
            self._taken.add((account, number))
            return "Беру"
        if "Дошло" in labels:
            return "Дошло" if self._arrived(number) else "Отправить ещё раз"
        if "Ответ" in labels and "Отправить жителю?" in text:
            return "Ответ"
        rates = next((label for label in ("Да", "5 ⭐") if label in labels), "")
        if rates and (rates, number) not in self._taken:  # the message may be changed, or come twice
            self._taken.add((rates, number))
            return rates
        return ""

    def _arrived(self, number: str) -> bool:
        """Whether the answer stands in the citizen's chat: somebody looked, or called them."""
        return self._answers(number) > 0

    def _answers(self, number: str) -> int:
        words = f"По № {number}: "
        telegram = [call for call, _ in self.world.telegram.shown if words in call.text and int(call.params["chat_id"]) > 0]
        vk = [call for call, _ in self.world.vk.shown if words in call.params["message"] and int(call.params["peer_ids"]) < CHATS]
        return len(telegram) + len(vk)


def _number(text: str) -> str:
    found = re.search(r"№ (\d+)", text)
    return found.group(1) if found else ""


def _that_means(labels: Iterable[str], number: str) -> str:
    """The button that means this incident; the last one, which says «none of these», where there is none."""
    return next((label for label in labels if label.startswith(f"№ {number} ")), next(reversed([*labels]), ""))


def _words(number: str) -> str:
    return f"По № {number}: бригада выехала, всё исправим сегодня до 20:00"


def _private(person: int) -> dict[str, Any]:
    return {"id": person, "type": "private", "first_name": "Анна"}


def _citizen(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
