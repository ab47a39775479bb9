"""What the page shows at one moment, as plain JSON. A reader gets only the parts that changed since their last look."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sandbox.messenger import Bubble, Messenger, Room
from sandbox.world import Ask, IncidentLine, Link, Person, Phone, World

SHOWN = 400
"""The newest messages of a chat that the page gets; older ones stay in the messenger."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def snapshot(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything but the chats, and the chats by key (messenger/account/chat)."""
    chats: dict[str, Any] = {}
    phones = [_phone(world, phone, chats) for phone in world.cast.phones]
    hooks = world.hooks
    reminder = await _asked(hooks.next_reminder, None)
    deadline = await _asked(hooks.next_deadline, None)
    undelivered: Sequence[str] = await _asked(hooks.failures, ())
    incidents: Sequence[IncidentLine] = await _asked(hooks.incidents, ())
    links: Sequence[Link] = await _asked(hooks.links, ())
    state = {
        "zone": world.cast.zone,
        "language": world.choices.language,
        "offset": round(world.clock.offset.total_seconds(), 3),
        "phones": phones,
        "accounts": [{"messenger": a.messenger, "id": a.id, "title": a.title, "handle": a.handle} for a in world.cast.accounts],
        "places": [{"name": place.name, "latitude": place.latitude, "longitude": place.longitude} for place in world.cast.places],
        "faults": {name: str(world.faults.of(name)) for name in world.messengers},
        "failures": [
            {"at": _instant(f.at), "messenger": f.messenger, "account": f.account, "method": f.method, "fault": str(f.fault)}
            for f in world.faults.failures
        ],
        "undelivered": list(undelivered),
        "incidents": [{"number": line.number, "status": line.status, "due": _instant(line.due), "late": line.late} for line in incidents],
        "reminder": _instant(reminder),
        "deadline": _instant(deadline),
        "links": [{"messenger": link.messenger, "url": link.url, "titles": dict(link.titles)} for link in links],
    }
    return state, chats


def difference(seen: dict[str, str], state: dict[str, Any], chats: dict[str, Any]) -> dict[str, Any]:
    """What is not yet in ``seen`` (part → its JSON), which is brought up to date. Empty when nothing changed."""
    news: dict[str, Any] = {}
    parts = {"": state, **chats}
    for key, part in parts.items():
        text = json.dumps(part, ensure_ascii=False)
        if seen.get(key) != text:
            seen[key] = text
            if key:
                news.setdefault("chats", {})[key] = part
            else:
                news["state"] = part
    gone = [key for key in seen if key not in parts]
    for key in gone:
        del seen[key]
    if gone:
        news["gone"] = gone
    return news


async def _asked(ask: Ask[T], otherwise: T) -> T:
    """The answer of those who run the bots; ``otherwise`` when they fail, for the page must show what it can."""
    [answer] = await asyncio.gather(ask(), return_exceptions=True)
    if isinstance(answer, BaseException):
        _log.warning("the page asked the bots and got no answer: %s", type(answer).__name__)
        return otherwise
    return answer


def _phone(world: World, phone: Phone, chats: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": phone.key,
        "messenger": phone.messenger,
        "account": phone.account,
        "kind": phone.kind,
        "chat": phone.chat,
        "persons": [_person(world, phone, person, chats) for person in phone.persons],
    }


def _person(world: World, phone: Phone, person: Person, chats: dict[str, Any]) -> dict[str, Any]:
    """One holder of the phone and the chats they have on it: with the phone's account always, with others once something was said."""
    messenger = world.messengers[phone.messenger]
    rooms, blocked = [], []
    for account in (account.id for account in world.cast.accounts if account.messenger == phone.messenger):
        for room in messenger.rooms(person.id, account):
            key = f"{phone.messenger}/{account}/{room.chat}"
            if key not in chats:
                chats[key] = _chat(messenger, account, room)
            if account == phone.account or chats[key]["bubbles"]:
                rooms.append(key)
        if messenger.is_blocked(account, person.id):
            blocked.append(account)
    return {"id": person.id, "name": person.name, "role": person.role, "rooms": rooms, "blocked": blocked}


def _chat(messenger: Messenger, account: str, room: Room) -> dict[str, Any]:
    return {
        "messenger": messenger.kind,
        "account": account,
        "chat": room.chat,
        "title": room.title,
        "kind": room.kind,
        "threads": [{"id": thread, "title": title, "closed": thread in room.closed_threads} for thread, title in room.threads.items()],
        "commands": [{"name": name, "does": does} for name, does in room.commands],
        "bubbles": _bubbles(messenger.bubbles(account, room.chat)[-SHOWN:]),
    }


def _bubbles(bubbles: Iterable[Bubble]) -> list[dict[str, Any]]:
    return [
        {
            "id": b.id,
            "thread": b.thread,
            "author": b.author,
            "name": b.author_name,
            "bot": b.by_bot,
            "at": _instant(b.at),
            "text": b.text,
            "files": [{"kind": file.kind, "blob": file.blob, "name": file.name, "mime": file.mime} for file in b.attachments],
            "place": b.location,
            "keys": [[{"label": key.label, "url": key.url, "place": key.place} for key in row] for row in b.keys],
            "answer": b.answer_to,
            "edited": b.edited,
            "forwarded": b.forwarded,
        }
        for b in bubbles
    ]


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
