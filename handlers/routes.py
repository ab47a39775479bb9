"""Every way in, on one page: which handler takes what was said, pressed, or happened."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bots.channel import Blocked, ChatMoved, Deleted, Edited, Event, Joined, Left, Pressed, Said, Scene, Unblocked
from bots.pages import shorten
from handlers import (
    adding,
    agenda,
    away,
    charge,
    curate,
    digest,
    drafts,
    duty,
    enter,
    extend,
    groups,
    mine,
    rate,
    reminding,
    report,
    sending,
    watch,
    work,
)
from handlers.turn import Handler, Moment, Turn
from incidents.reading import read
from storage.conversations import Offered
from storage.people import Person

COMMANDS: Mapping[str, Handler] = {
    "start": enter.start,
    "help": enter.help_,
    "my": agenda.list_,
    "digest": digest.show,
    "queue": curate.queue,
    "overdue": watch.overdue,
    "due": watch.due,
    "undelivered": watch.undelivered,
    "away": away.away,
    "duty": duty.duty,
    "connect": groups.connect,
}

BUTTONS: Mapping[str, Handler] = {
    # the citizen
    "other-topic": mine.other_topic,
    "set-topic": mine.set_topic,
    "other-place": mine.other_place,
    "set-place": mine.set_place,
    "withdraw": mine.withdraw,
    "withdraw-yes": mine.withdraw_yes,
    "withdraw-no": mine.withdraw_no,
    "solved": rate.solved,
    "unsolved": rate.unsolved,
    "stars": rate.stars,
    "add-to": adding.add_to,
    "it-is-new": adding.it_is_new,
    # the official
    "take": work.take,
    "release": work.release,
    "refuse": work.refuse,
    "refuse-to": work.refuse_to,
    "refuse-unknown": work.refuse_unknown,
    "question": work.question,
    "answer": work.answer,
    "interim": work.interim,
    "full": work.full,
    "give-up": work.give_up,
    # what an official wrote, before and after it is sent
    "draft-which": drafts.which,
    "draft-answer": drafts.as_answer,
    "draft-interim": drafts.as_interim,
    "draft-date": drafts.with_date,
    "draft-question": drafts.as_question,
    "draft-note": drafts.as_note,
    "draft-anyway": drafts.anyway,
    "draft-ask-holder": drafts.ask_holder,
    "draft-allow": drafts.allow,
    "draft-drop": drafts.drop,
    "draft-recall": drafts.recall,
    "extend": extend.extend,
    "extend-why": extend.why,
    "extend-date": extend.date_chosen,
    "arrived": sending.arrived,
    "again": sending.again,
    # the curator
    "sort-to": curate.sort_to,
    "sort-topic": curate.sort_topic,
    "sort-topic-to": curate.sort_topic_to,
    "sort-place": curate.sort_place,
    "sort-place-to": curate.sort_place_to,
    "sort-close": curate.sort_close,
    "pass": curate.pass_,
    "pass-to": curate.pass_to,
    "open": watch.open_,
    "remind": charge.remind,
    "control": charge.control,
    "hand": charge.hand,
    "hand-to": charge.hand_to,
    "hand-back": charge.hand_back,
    "extend-allow": extend.allow,
    "extend-refuse": extend.refuse,
    "extend-because": extend.because,
    "rework": curate.rework,
    "rework-because": curate.rework_because,
    "close": curate.close,
    "close-as": curate.close_as,
    "page": curate.page,
    # the day
    "agenda": agenda.page,
    "digest": digest.switch,
    # who is away and who is on duty
    "away-days": away.days_chosen,
    "away-deputy": away.deputy_chosen,
    "away-back": away.back,
    "away-change": away.change,
    "duty-place": duty.other_place,
    "duty-show": duty.show_place,
    "duty-set": duty.set_,
    "duty-who": duty.who,
    "duty-days": duty.days_chosen,
    "duty-off": duty.off,
    # getting in
    "cards-here": enter.cards_here,
    "cards-chat": enter.cards_chat,
    "check-rights": groups.check_rights,
}

STEPS: Mapping[str, Handler] = {
    "place": mine.place_said,
    "remains": rate.remains_said,
    "answer": work.answer_said,
    "question": work.question_said,
    "refuse-reason": work.refuse_reason_said,
    "draft-date": work.date_said,
    "extend-reason": extend.reason_said,
    "extend-date": extend.date_said,
    "extend-refusal": extend.refusal_said,
    "away-when": away.when_said,
    "duty-when": duty.when_said,
}
"""What the bot waits for, and who takes the next message."""

INTERNAL: Mapping[str, Callable[[Moment, Mapping[str, Any]], Awaitable[None]]] = {
    "send-draft": sending.send,
    "give-back": sending.give_back,
    "outcome": sending.outcome,
    "unheard": sending.unheard,
    "settle": adding.settle,
    "held-reminder": reminding.held_back,
    "away-begins": away.begins,
    "away-ends": away.ends,
}
"""What the house tells itself through the inbox."""


OLDEST = timedelta(days=365)
"""A message that says it is older than this says nothing: Telegram keeps what we did not fetch for a day, and a clock may stand at zero."""
STILL_HEARD = timedelta(days=1)
"""How long after it was said a message that is kept nowhere may be changed into a report."""
LONGEST_NAME = 64
"""UTF-16 units of a person's or a group's name that are kept: it stands in lines, lists and toasts beside other words."""


MANY = 10
"""Turns for which it is quicker to read who works where as a whole."""


async def ahead(moment: Moment, events: Sequence[Event]) -> None:
    """Read at once what the turns of these events begin with. Nothing hangs on it but how often the database is asked."""
    tx, persons = moment.tx, set()
    spoken = [event for event in events if isinstance(event, Said | Pressed) and not event.sender.impersonal]
    if len(spoken) >= MANY:
        await tx.chats.groups_ahead()
        await tx.people.staff_ahead()
        await tx.staffing.everybody_ahead(moment.now)
    for account in {event.address.account for event in spoken}:
        here = [event for event in spoken if event.address.account == account]
        users = {event.sender.id for event in here}
        await tx.people.ahead(account, users)
        await tx.conversations.ahead(account, {(event.address.chat, event.sender.id) for event in here})
        persons |= {person.id for user in users if (person := await tx.people.known(account, user))}
    await tx.conversations.offered_ahead([event.payload for event in spoken if isinstance(event, Pressed)])
    coming = sum(isinstance(event, Said) and event.scene is Scene.PRIVATE for event in spoken)
    await tx.incidents.ahead(persons, coming=coming)
    if persons and coming:
        await tx.timeline.pending_ahead(persons)
    await report.ahead(moment, persons)


async def handle(moment: Moment, event: Event) -> None:
    """Take one event to its handler. Roles are read from storage here, anew for every event."""
    match event := _sound(event, moment.now):
        case Said():
            await _said(await _turn(moment, event))
        case Pressed():
            await _pressed(await _turn(moment, event))
        case Edited():
            if not (await drafts.edited(moment, event) or await report.edited(moment, event)):
                await _edited_into_something(moment, event)
        case Deleted():
            await report.deleted(moment, event)
        case Blocked() | Unblocked():
            await enter.reachable(moment, event)
        case Joined():
            await groups.joined(moment, event)
        case Left():
            await groups.left(moment, event)
        case ChatMoved():
            await moment.tx.chats.move(event.address.account, event.address.chat, event.to)


def _sound(event: Event, now: datetime) -> Event:
    """The same, with a time that has come and names of one line.

    A platform's clock that is ahead of ours must not lend anybody time: the 24 hours would end when they end there, perhaps in a year.
    What is late keeps its time, up to a year: the citizen has been waiting since then.
    """
    at, name = min(max(event.at, now - OLDEST), now), _one_line(event.sender.name)
    if (at, name) != (event.at, event.sender.name):
        event = replace(event, at=at, sender=replace(event.sender, name=name))
    return replace(event, title=_one_line(event.title)) if isinstance(event, Joined) else event


def _one_line(name: str) -> str:
    """A name as it may stand among other words: a line break in it would write lines of its own into a card. Empty when nothing shows."""
    shown = any(unicodedata.category(letter)[0] in "LNPS" for letter in name)
    return shorten(" ".join(name.split()), LONGEST_NAME) if shown else ""


async def handle_own(moment: Moment, raw: Mapping[str, Any]) -> None:
    """Take something the house told itself to its handler."""
    await INTERNAL[raw["kind"]](moment, raw)


async def _edited_into_something(moment: Moment, event: Edited) -> None:
    """«Здравствуйте!» is kept nowhere; when it is changed into a report, that is heard as if it were said now.

    Not what was said long ago, perhaps before we were here, nor by somebody we never heard: who touches up an old letter reports nothing.
    """
    person = await moment.tx.people.known(event.address.account, event.sender.id)
    if event.scene is not Scene.PRIVATE or event.sender.impersonal or person is None or moment.now - event.said_at > STILL_HEARD:
        return
    if not (await moment.tx.people.posts_of(person.id) or read(event.text, moment.region).chatter):
        said = Said(
            id=event.id,
            at=event.at,
            address=event.address,
            sender=event.sender,
            scene=event.scene,
            message=event.message,
            text=event.text,
            files=event.files,
        )
        await _said(await _turn(moment, said))


async def _turn(moment: Moment, event: Said | Pressed) -> Turn:
    """Who is it, what may they, what was waited for."""
    sender, address = event.sender, event.address
    if sender.impersonal:
        return Turn(moment, event, Person(0), ())
    person = await moment.tx.people.meet(address.account, sender.id, sender.name, sender.language, moment.now)
    posts = await moment.tx.people.posts_of(person.id)
    step = await moment.tx.conversations.step(address.account, address.chat, sender.id) if isinstance(event, Said) else None
    offered = await moment.tx.conversations.offered(event.payload) if isinstance(event, Pressed) else None
    return Turn(moment, event, person, posts, step, offered)


async def _said(turn: Turn) -> None:
    if (turn.said.sender.impersonal and turn.private) or _for_another(turn):
        return
    await _learn(turn)
    if not _is_flood(turn):
        await _answer(turn)
    elif turn.private:
        await report.flooded(turn)


async def _answer(turn: Turn) -> None:
    """Commands first, then what was waited for, then what the place and the person suggest."""
    said = turn.said
    command = command_of(said.text)
    if said.start or (turn.private and enter.is_code(said.text)):
        await turn.done()
        await enter.start(turn)
    elif command in COMMANDS:
        await turn.done()
        await COMMANDS[command](turn)
    elif turn.step and turn.step.name in STEPS and not command:
        await STEPS[turn.step.name](turn)
    elif said.scene is Scene.GROUP:
        await work.said_in_group(turn)
    elif command:
        await enter.help_(turn)
    elif turn.is_staff:
        await work.said_by_staff(turn)
    elif said.scene is Scene.PRIVATE:
        await report.heard(turn)


def _is_flood(turn: Turn) -> bool:
    """Whether this is more than anybody has to say; those who hold a role are trusted."""
    sender = turn.event.sender
    return not turn.is_staff and turn.office.rates.too_many(turn.here.account, sender.id, turn.now)


def _for_another(turn: Turn) -> bool:
    """Whether it is a command to another bot in the same group: who may manage topics gets those too."""
    account = turn.office.accounts.get(turn.here.account)
    us = account.link.rpartition("/")[2].lower() if account else ""
    named = turn.said.text.split(maxsplit=1)[0].partition("@")[2].lower() if turn.said.text.startswith("/") else ""
    return turn.said.scene is Scene.GROUP and bool(us and named) and named != us


async def _learn(turn: Turn) -> None:
    """What a message tells beside its words."""
    if turn.private:
        # Whoever writes to us can be written to, whatever was remembered.
        await turn.tx.people.set_blocked(turn.here.account, turn.said.sender.id, blocked=False)
    elif turn.said.forum:
        await turn.tx.chats.has_forum(turn.here.account, turn.here.chat)


async def _pressed(turn: Turn) -> None:
    """A button that is unknown, somebody else's, expired or used has no effect and is answered."""
    offered, here = turn.offered, turn.here
    if _is_flood(turn):
        return
    if turn.event.sender.impersonal:
        await turn.whisper("press-impersonal")
    elif offered is None or (offered.address.account, offered.address.chat) != (here.account, here.chat):
        await turn.whisper("press-unknown")
    elif offered.user_id and offered.user_id != turn.event.sender.id:
        await turn.whisper("press-foreign")
    elif not await _still_valid(turn, offered):
        await turn.whisper("press-used")
    else:
        await BUTTONS[offered.choice.action](turn)


async def _still_valid(turn: Turn, offered: Offered) -> bool:
    """Whether the button may be pressed now; a keyboard for one press is used up by this."""
    if offered.used_at or (offered.expires_at and offered.expires_at <= turn.now) or offered.choice.action not in BUTTONS:
        return False
    return not offered.once or await turn.tx.conversations.use(offered.token, turn.now)


def command_of(text: str) -> str:
    """«my» of «/my» and «/my@altai_bot extra»; empty when the text is no command."""
    word = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    name = word[1:].partition("@")[0].lower()
    return name if name.isascii() and name.replace("_", "").isalnum() else ""
