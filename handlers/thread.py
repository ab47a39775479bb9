"""Where officials and curators are reached: the card of an incident in each of their chats, and what is said beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bots.channel import Address, File, Location, RenameThread
from bots.pages import shorten
from handlers.card import card_offers, card_text, degrees, title
from handlers.turn import Moment, Offers
from incidents.incident import Role
from locales import Texts
from storage.chats import Thread
from storage.incidents import Case
from storage.posts import Post as Outgoing
from storage.posts import Purpose
from storage.timeline import Message

LATER = ("question", "interim", "answer", "reply")
"""What is said between the citizen and those who answer, after the report. Colleagues' notes stay where they were written."""
SHOWN, LONGEST = 10, 300
"""Of what was said before a card came: the newest so many, and characters of each."""


async def places_of(moment: Moment, organisation: str) -> Sequence[Address]:
    """Where cards of an organisation go: its working chats, and the private chats of those who want them or have no other place.

    A head hears of what is late, not of everything; only where there is nobody else the cards come to the head.
    """
    limits = moment.office.limits
    chats = [Address(chat.account, chat.chat) for chat in await moment.tx.chats.of(organisation) if chat.account in limits]
    people = moment.tx.people
    posts = await people.officials(organisation, Role.OFFICIAL) or ([] if chats else await people.officials(organisation, Role.HEAD))
    private = [post.address for post in posts if post.account in limits and (post.cards_here or not chats)]
    return list(dict.fromkeys([*chats, *private]))


async def desk_places(moment: Moment) -> Sequence[Address]:
    """Where curators are reached: their chats, else each of them in private."""
    chats = [Address(chat.account, chat.chat) for chat in await moment.tx.chats.desks() if chat.account in moment.office.limits]
    if chats:
        return chats
    posts = await moment.tx.people.curators()
    return list(dict.fromkeys(post.address for post in posts if post.account in moment.office.limits))


async def texts_at(moment: Moment, address: Address) -> Texts:
    """The language to speak in a chat: a person's own in private, the region's in a group."""
    if await moment.tx.chats.get(address.account, address.chat):
        return moment.house_texts()
    person = await moment.tx.people.known(address.account, address.chat)
    return moment.texts_for(person.language) if person else moment.house_texts()


async def put_cards(moment: Moment, case: Case) -> bool:
    """Post the incident's card in every place of its owner. Returns False when its owner has no place at all."""
    places = await places_of(moment, case.incident.organisation)
    for address in places:
        await put_card(moment, case, address)
    return bool(places)


async def put_card(moment: Moment, case: Case, address: Address) -> None:
    """Post the incident's card and its files in one place, and what was said about it before it came there."""
    await _put_card(moment, case, address)
    await send_files(moment, case, address)
    await send_earlier(moment, case, address)


async def bring_cards(moment: Moment, organisation: str, address: Address, most: int = 30) -> int:
    """Post the cards of an organisation's open incidents in a place that lacks them. Returns how many it got."""
    return sum([await bring_card(moment, case, address) for case in (await moment.tx.incidents.owned(organisation))[:most]])


async def bring_card(moment: Moment, case: Case, address: Address) -> bool:
    """Post the incident's card in a place that lacks it. Returns whether it was posted."""
    thread = await moment.tx.chats.thread(case.id, address.account, address.chat)
    if thread and not thread.retired:
        return False
    await put_card(moment, case, address)
    return True


async def _put_card(moment: Moment, case: Case, address: Address) -> None:
    texts = await texts_at(moment, address)
    chat = await moment.tx.chats.get(address.account, address.chat)
    topic_of = case.id if chat and chat.has_topics else 0
    row = await moment.post(
        address, await card_text(moment, case, texts), card_offers(case, texts), purpose=Purpose.CARD, incident=case.id, topic_of=topic_of
    )
    await moment.tx.chats.put_thread(case.id, address.account, address.chat, card=row, title=title(moment, case, texts))


async def send_files(moment: Moment, case: Case, address: Address, since: int = 0) -> None:
    """Put the report's photos and other files beside the card; only those of messages after ``since`` when it is given."""
    if not case.report.files:
        return
    said = await moment.tx.timeline.said(case.id)
    files = [file for message in said if message.kind == "report" and message.id > since and not message.edit_of for file in message.files]
    if files:
        await tell_at(moment, case, address, "", files=files)


async def send_earlier(moment: Moment, case: Case, address: Address) -> None:
    """Put beside a card what was asked, answered and replied before. What a citizen added to a report nobody had is part of its text."""
    if not case.report.receipt:  # it was reported in this very turn
        return
    said = await moment.tx.timeline.said(case.id)
    newest = {message.edit_of or message.id: message.text for message in said}
    later = [replace(one, text=newest[one.id]) for one in said if one.kind in LATER and not one.edit_of]
    later = [one for one in later if one.files or one.location or one.text not in case.report.text][-SHOWN:]
    if later:
        texts = await texts_at(moment, address)
        lines = [texts.say("thread-before", number=case.id), *(_earlier(one, texts) for one in later)]
        await tell_at(moment, case, address, "\n".join(lines), files=[file for one in later for file in one.files])


def _earlier(message: Message, texts: Texts) -> str:
    """Who said it, and what, in one line."""
    parts = [texts.say("thread-quote", text=shorten(message.text, LONGEST))] if message.text else []
    parts += ["".join(texts.say(f"file-{file.kind}") for file in message.files)] if message.files else []
    if point := message.location:
        parts.append(texts.say("card-point", **degrees(point)))
    return texts.say(f"thread-before-{message.kind}", said=" ".join(parts))


async def refresh_cards(moment: Moment, case: Case, *, only_in_place: bool = False) -> None:
    """Bring the cards of the incident up to date; where it is nobody's business any more they stay as they are.

    Where a card is too old to be changed it is posted anew (``bots.delivery``), unless ``only_in_place``: nothing happened but that time
    went by, and that is said by a message of its own.
    """
    for thread in await moment.tx.chats.threads_of(case.id):
        if not thread.retired and not (only_in_place and await is_fixed(moment, thread.account, thread.card)):
            await _refresh_card(moment, case, thread)


async def is_fixed(moment: Moment, account: str, row: int) -> bool:
    """Whether the account's platform changes the message of that row no more."""
    limits = moment.office.limits.get(account)
    if limits is None or not limits.edit_hours:
        return False
    put = await moment.tx.outbox.queued_at(row)
    return put is not None and moment.now - put >= timedelta(hours=limits.edit_hours)


async def _refresh_card(moment: Moment, case: Case, thread: Thread) -> None:
    if thread.account not in moment.office.limits or not thread.card:
        return
    address = Address(thread.account, thread.chat)
    texts = await texts_at(moment, address)
    offers = () if thread.retired else card_offers(case, texts)
    await _rename_topic(moment, case, thread, title(moment, case, texts))
    await moment.change(
        thread.card,
        address,
        await card_text(moment, case, texts),
        offers,
        purpose=Purpose.CARD,
        incident=case.id,
        topic_of=await _topic(moment, case, thread),
    )


async def _rename_topic(moment: Moment, case: Case, thread: Thread, name: str) -> None:
    """The list of topics tells what is done."""
    if thread.title == name:
        return
    await moment.tx.chats.put_thread(case.id, thread.account, thread.chat, card=thread.card, title=name, retired=thread.retired)
    if thread.thread:
        post = Outgoing(to=Address(thread.account, thread.chat), out=RenameThread(name), incident=case.id, topic_of=case.id)
        await moment.tx.outbox.put(post, moment.now)


async def tell_thread(
    moment: Moment,
    case: Case,
    key: str,
    offers: Offers | Callable[[Texts], Offers] = (),
    *,
    files: Sequence[File] = (),
    quote: str = "",
    purpose: Purpose = Purpose.NOTICE,
    but: Address | None = None,
    **arguments: str | float | Callable[[Texts], str],
) -> None:
    """Say something beside every card of the incident that is still its owner's business; ``but``: not in that chat.

    What is said differently in another language is a function of the texts: each place has its own.
    """
    for thread in await moment.tx.chats.threads_of(case.id):
        address = Address(thread.account, thread.chat)
        if (
            thread.retired
            or thread.account not in moment.office.limits
            or (but and (but.account, but.chat) == (thread.account, thread.chat))
        ):
            continue
        texts = await texts_at(moment, address)
        said = {name: value(texts) if callable(value) else value for name, value in arguments.items()}
        lines = [texts.say(key, **said), *([texts.say("thread-quote", text=quote)] if quote else [])]
        shown = offers(texts) if callable(offers) else offers
        await tell_at(moment, case, address, "\n".join(lines), shown, files=files, purpose=purpose)


async def tell_point(moment: Moment, case: Case, location: Location) -> None:
    """Show a point on the map beside every card of the incident."""
    at = degrees(location)
    await tell_thread(moment, case, "card-point", latitude=at["latitude"], longitude=at["longitude"])


async def tell_at(
    moment: Moment,
    case: Case,
    address: Address,
    text: str,
    offers: Offers = (),
    *,
    files: Sequence[File] = (),
    purpose: Purpose = Purpose.NOTICE,
    only: str = "",
    once: bool = False,
    draft: int = 0,
) -> int:
    """Say something about an incident in one working chat: in its topic, or as a reply to its card. Returns the outbox row."""
    thread = await moment.tx.chats.thread(case.id, address.account, address.chat)
    topic = await _topic(moment, case, thread) if thread else 0
    return await moment.post(
        Address(address.account, address.chat),
        text,
        offers,
        files=files,
        purpose=purpose,
        incident=case.id,
        topic_of=topic,
        answer_to_row=thread.card if thread and not topic else 0,
        only=only,
        once=once,
        draft=draft,
    )


async def retire_cards(moment: Moment, case: Case) -> None:
    """The incident went to somebody else: take the buttons away where it was. Nothing that is said later comes there."""
    for thread in await moment.tx.chats.threads_of(case.id):
        if not thread.retired:
            await moment.tx.chats.retire(case.id, thread.account, thread.chat)
            await _refresh_card(moment, case, replace(thread, retired=True))


async def _topic(moment: Moment, case: Case, thread: Thread) -> int:
    """The incident, when it has a topic of its own in that chat."""
    if thread.thread:
        return case.id
    chat = await moment.tx.chats.get(thread.account, thread.chat)
    return case.id if chat and chat.has_topics else 0
