"""Groups: which of them work for an organisation, what the bot needs there, and what follows when somebody goes."""

from __future__ import annotations

from bots.channel import Address, Joined, Left, Scene
from handlers.card import organisation_title
from handlers.enter import use_code
from handlers.thread import bring_card, bring_cards, desk_places, places_of, texts_at
from handlers.turn import Moment, Offer, Offers, Turn
from incidents.incident import Action, Deed, Role
from locales import Texts
from storage.chats import Chat
from storage.people import Post

MOST = 30
"""Open incidents whose cards are brought when a working chat comes or goes."""


# --- connecting --------------------------------------------------------------------------------------------------------


async def connect(turn: Turn) -> None:
    """/connect CODE in a group: it works for an organisation, or for the curators, from now on."""
    code = turn.said.text.partition(" ")[2].strip()
    if turn.said.scene is not Scene.GROUP:
        await turn.whisper("connect-where")
    elif turn.event.sender.impersonal:
        await turn.whisper("connect-impersonal")
    elif not code:
        await turn.whisper("connect-how")
    else:
        invited = await use_code(turn, code)
        if invited:
            await _connect(turn, invited.organisation)


async def _connect(turn: Turn, organisation: str) -> None:
    here = turn.here
    before = await turn.tx.chats.get(here.account, here.chat)
    untold = before is None and turn.office.limits[here.account].threads
    if untold:
        # Nobody told us what kind of group this is. The first card tries to make a topic; where that fails, it stands in the plain chat.
        await turn.tx.chats.has_forum(here.account, here.chat)
    await turn.tx.chats.connect(here.account, here.chat, organisation, turn.now, desk=not organisation)
    if before and before.organisation and before.organisation != organisation:
        await _lost(turn, before, before.organisation)
    chat = await turn.tx.chats.get(here.account, here.chat)
    if chat is None:
        return
    text, offers = _connected(turn, chat, turn.texts)
    await turn.post(here, text.splitlines()[0] if untold else text, offers)
    if organisation:
        await bring_cards(turn, organisation, Address(here.account, here.chat), MOST)
    elif count := await turn.tx.incidents.count_unsorted():
        await turn.say("connect-unsorted", count=count)


def _connected(moment: Moment, chat: Chat, texts: Texts) -> tuple[str, Offers]:
    """What the chat is, and what is missing for a topic for each incident; [Проверить снова] while something is."""
    lines = [texts.say("connect-done", organisation=organisation_title(moment, chat.organisation, texts))]
    if chat.desk or not moment.office.limits[chat.account].threads:
        return lines[0], ()
    if chat.has_topics:
        return "\n".join([*lines, texts.say("connect-topics")]), ()
    lines.append(texts.say("connect-no-right" if chat.forum else "connect-no-forum"))
    return "\n".join(lines), [[Offer(texts.say("connect-button-check"), "check-rights", {})]]


async def check_rights(turn: Turn) -> None:
    """[Проверить снова]: what the messenger told us of this group since."""
    chat = await turn.tx.chats.get(turn.here.account, turn.here.chat)
    if chat is None or not (chat.organisation or chat.desk):
        await turn.whisper("press-used")
        return
    text, offers = _connected(turn, chat, turn.texts)
    if offers:
        await turn.whisper("connect-no-right" if chat.forum else "connect-no-forum")
    else:
        await turn.quiet()
    await turn.instead(text, offers)


# --- coming ------------------------------------------------------------------------------------------------------------


async def joined(moment: Moment, event: Joined) -> None:
    """The bot came into a group, or its rights there changed; that people come is of no interest."""
    if not event.is_us:
        return
    account, chat = event.address.account, event.address.chat
    before = await moment.tx.chats.get(account, chat)
    await moment.tx.chats.seen(account, chat, title=event.title, forum=event.forum, manages_topics=event.manages_topics)
    texts = moment.house_texts()
    if before is None or before.left_at:
        await moment.post(Address(account, chat), texts.say("connect-hello"))
    elif before.organisation and not before.has_topics and event.forum and event.manages_topics:
        await moment.post(Address(account, chat), texts.say("connect-topics"))


# --- going -------------------------------------------------------------------------------------------------------------


async def left(moment: Moment, event: Left) -> None:
    """The bot was removed from a group, or somebody left one that works for their organisation."""
    account, where = event.address.account, event.address.chat
    if event.is_us:
        chat = await moment.tx.chats.left(account, where, moment.now)
        if chat and chat.organisation:
            await _lost(moment, chat, chat.organisation)
        elif chat and chat.desk:
            await _tell_desk(moment, "connect-desk-lost", title=chat.title or where)
        return
    chat = await moment.tx.chats.get(account, where)
    person = await moment.tx.people.known(account, event.member.id)
    if chat is None or not chat.organisation or person is None:
        return
    posts = [post for post in await moment.tx.people.posts_of(person.id) if post.organisation == chat.organisation]
    if posts:
        await dismiss(moment, posts)


async def dismiss(moment: Moment, posts: list[Post]) -> None:
    """Somebody is no official of an organisation any more: what they hold is the organisation's again, the clock runs on."""
    person, organisation = posts[0].person, posts[0].organisation
    await moment.tx.people.dismiss(person, organisation, moment.now)
    for post in posts:
        await moment.tx.chats.retire_all(post.account, post.chat, organisation)
    held = [case for case in await moment.tx.incidents.held_by(person) if case.incident.organisation == organisation]
    for case in held:
        await moment.act(case, Deed(action=Action.RELEASE, role=Role.CLOCK, at=moment.now))
    for post in posts:
        if post.account in moment.office.limits:
            texts = moment.texts_for(post.language)
            await moment.post(post.address, texts.say("enter-dismissed", organisation=organisation_title(moment, organisation, texts)))
    texts = moment.house_texts()
    await _tell_desk(moment, "desk-left", organisation, name=posts[0].name or texts.say("somebody"), count=len(held))


async def _lost(moment: Moment, chat: Chat, organisation: str) -> None:
    """The group works for the organisation no more: its cards there end, and come where the organisation still is."""
    cases = await moment.tx.incidents.owned(organisation)
    places = await places_of(moment, organisation)
    await moment.tx.chats.retire_all(chat.account, chat.chat, organisation)
    for case in cases[:MOST]:
        for address in places:
            await bring_card(moment, case, address)
    key = "connect-lost" if places else "connect-lost-all"
    await _tell_desk(moment, key, organisation, title=chat.title or chat.chat, count=len(cases))


async def _tell_desk(moment: Moment, key: str, organisation: str = "", **arguments: str | float) -> None:
    """Tell the curators, with the organisation's name in each place's language."""
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        title = {"organisation": organisation_title(moment, organisation, texts)} if organisation else {}
        await moment.post(address, texts.say(key, **arguments, **title))
