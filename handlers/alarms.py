"""What the administrators are told when something stands still: in a private chat, by an account that still speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bots.channel import Address
from handlers.thread import desk_places, texts_at
from handlers.turn import Moment, Office
from locales import Texts, choose, texts
from storage.figures import Counter
from storage.marks import RESTORE, Marks

_MOST = 12
"""Lines of one message: when the network is away every account is deaf."""
SIGNS: Mapping[str, str] = {"begins": "⚠️", "lasts": "⏳", "over": "✅"}
Said = tuple[str, str, str, timedelta, int]
"""begins, lasts or over; the condition; its subject; how long it has lasted; how many."""


class Chat(NamedTuple):
    """Where one administrator reads, and in which language."""

    address: Address
    language: str


async def chats(moment: Moment, broken: Mapping[str, bool]) -> Sequence[Chat]:
    """One private chat of each administrator: by an account that speaks, else by one that may; not by one that cannot."""
    found: dict[int, Chat] = {}
    for post in await moment.tx.people.administrators():
        addresses = [post.address, *await moment.tx.people.private_chats(post.person, moment.office.limits)]
        possible = [one for one in addresses if one.account in moment.office.limits and not broken.get(one.account, False)]
        possible.sort(key=lambda one: one.account in broken)
        if possible:
            found.setdefault(post.person, Chat(possible[0], post.language))
    return list(found.values())


async def tell(moment: Moment, where: Sequence[Chat], said: Sequence[Said]) -> None:
    """One message to each."""
    for chat in where:
        await moment.post(chat.address, text(moment.texts_for(chat.language), said))


def words(office: Office, language: str, said: Sequence[Said]) -> str:
    """The message to somebody with this language, for when there is no transaction to say it in."""
    return text(texts(choose(language or office.region.language)), said)


def text(texts: Texts, said: Sequence[Said]) -> str:
    """All of it in words, a line each."""
    shown = [line(texts, one) for one in said[:_MOST]]
    if len(said) > _MOST:
        shown.append(texts.say("alarm-more", count=len(said) - _MOST))
    return "\n".join(shown)


def line(texts: Texts, said: Said) -> str:
    """One trouble."""
    tells, condition, subject, lasted, count = said
    key = f"alarm-{condition}-over" if tells == "over" else f"alarm-{condition}"
    return f"{SIGNS[tells]} {texts.say(key, subject=subject or '—', span=texts.span(lasted + timedelta(seconds=30)), count=count)}"


# --- after a restore ---------------------------------------------------------------------------------------------------


async def after_a_restore(moment: Moment) -> bool:
    """Tell it at the first start after a backup was put in place, and never again. Returns whether there was something to tell."""
    marks = Marks(moment.tx.connection)
    mark = await marks.get(RESTORE)
    if mark is None or not mark.value:
        return False
    await marks.only_one("restore told", moment.now)  # of several processes one tells
    mark = await marks.get(RESTORE)
    if mark is None or not mark.value:
        return False
    await _restored(moment, json.loads(mark.value))
    await marks.put(RESTORE, mark.at)
    return True


async def _restored(moment: Moment, settled: Mapping[str, Any]) -> None:
    """One message to the curators and the administrators: what is missing, and what they should look at (``storage.restored``)."""
    overdue = (await Counter(moment.tx.connection).totals(moment.now)).incidents_overdue
    places = dict.fromkeys(await desk_places(moment))
    places |= dict.fromkeys(chat.address for chat in await chats(moment, {}))
    for address in places:
        texts = await texts_at(moment, address)
        zone = moment.zone("")
        said = texts.say(
            "restored",
            made=texts.when(datetime.fromisoformat(settled["backup_at"]), zone, moment.now),
            now=texts.when(moment.now, zone, moment.now),
            first=settled["last_number"] + 1,
            last=settled["next_number"] - 1,
            reminders=settled["reminders"],
            overdue=overdue,
            answers=settled["answers"] + settled["drafts"],
        )
        if settled["cards"]:
            said += "\n" + texts.say("restored-cards", numbers=", ".join(f"№ {number}" for number in settled["cards"]))
        await moment.post(address, said)
