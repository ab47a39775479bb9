"""What curators and heads see of an incident whose clock speaks: the line, who has it under control, and what they can do below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bots.channel import Address
from handlers.card import name_of, organisation_title, place, time_left, topic_title
from handlers.preview import allowed
from handlers.staff import step_name
from handlers.thread import texts_at
from handlers.turn import Moment, Offer, Offers
from incidents.incident import Action, Role, Status, Timer
from locales import Texts
from storage.incidents import Case
from storage.people import Post
from storage.posts import Purpose

ASKED = "asked-"
"""Begins the step of a reminder that a person asked for."""
MOVES = {Role.CURATOR: (Action.ASSIGN, Action.REASSIGN), Role.HEAD: (Action.REFUSE,)}
"""What [Передать] does, by whose it is: a head passes on what is not theirs, a curator anything."""
OWED = (Status.ASSIGNED, Status.IN_PROGRESS, Status.PROMISED)
"""Somebody of the organisation owes an answer now."""


async def escalate(moment: Moment, case: Case, address: Address, step: str, role: Role, after: Sequence[str] = ()) -> None:
    """Tell one place of curators, or one head; ``after``: lines below, why it comes to them."""
    text, offers = await shown(moment, case, address, step, role)
    await moment.post(address, "\n".join([text, *after]), offers, purpose=Purpose.REMINDER, incident=case.id)


async def shown(moment: Moment, case: Case, address: Address, step: str, role: Role) -> tuple[str, Offers]:
    """The escalation as it stands now in a place: text and buttons."""
    texts = await texts_at(moment, address)
    controlled = sorted(await moment.tx.reminders.controlled_by(case.id, case.incident.turn, step_name(step)))
    lines = [await line(moment, case, texts)]
    if controlled:
        names = [await name_of(moment, person, texts) for person in controlled]
        lines.append(texts.say("watch-controlled-by", name=", ".join(names)))
    return "\n".join(lines), await _offers(moment, case, address, step, role, texts, controlled)


async def show_again(moment: Moment, case: Case, row: int, address: Address, step: str, role: Role) -> None:
    """Bring an escalation that was sent up to date, in place; nobody's telephone rings."""
    texts = await texts_at(moment, address)
    text, offers = await shown(moment, case, address, step, role)
    asked = await asked_at(moment, case)
    lines = [text, *([texts.say("watch-asked", when=texts.hour(asked, moment.zone(case.incident.territory)))] if asked else [])]
    await moment.change(row, address, "\n".join(lines), offers, purpose=Purpose.REMINDER, incident=case.id)


async def line(moment: Moment, case: Case, texts: Texts) -> str:
    """How an incident stands with its clock, for those who do not look at it every day."""
    incident = case.incident
    due = incident.due_at or moment.now
    left = texts.span(abs(due - moment.now) + timedelta(seconds=30))
    if not incident.is_open:
        return texts.say("remind-over", number=case.id, time=time_left(moment, incident, texts))
    if not incident.organisation:
        return texts.say("remind-unsorted" if moment.now < due else "remind-unsorted-late", number=case.id, left=left)
    what: dict[str, str | float] = {
        "number": case.id,
        "topic": topic_title(moment, incident, texts),
        "place": place(moment, case, texts),
        "organisation": organisation_title(moment, incident.organisation, texts),
    }
    if incident.timer is Timer.PROMISE:
        when = texts.when(due, moment.zone(incident.territory), moment.now)
        return texts.say("remind-curator-promise" if moment.now < due else "remind-curator-promise-missed", left=left, when=when, **what)
    if moment.now >= due:
        late = moment.now - due >= timedelta(hours=1)
        return texts.say("remind-curator-late" if late else "remind-curator-deadline", left=left, **what)
    if incident.assignee:
        return texts.say("remind-curator-held", left=left, name=await name_of(moment, incident.assignee, texts), **what)
    return texts.say("remind-curator-free", left=left, **what)


async def role_at(moment: Moment, case: Case, address: Address) -> Role | None:
    """As whom the reader of a place sees an escalation: the curators' chats and curators, heads of the owner; None: as nobody."""
    chat = await moment.tx.chats.get(address.account, address.chat)
    if chat:
        return Role.CURATOR if chat.desk else None
    reader = await moment.tx.people.known(address.account, address.chat)
    return charge(await moment.tx.people.posts_of(reader.id), case) if reader else None


def charge(posts: Sequence[Post], case: Case) -> Role | None:
    """In what capacity somebody who holds these roles is in charge of an incident: curator, head of its owner, or not at all."""
    held = {(post.role, post.organisation) for post in posts}
    if any(role is Role.CURATOR for role, _ in held):
        return Role.CURATOR
    owner = case.incident.organisation
    return Role.HEAD if owner and (Role.HEAD, owner) in held else None


async def asked_at(moment: Moment, case: Case) -> datetime | None:
    """When a person last asked to remind the organisation on this clock."""
    told = await moment.tx.reminders.of(case.id)
    return max((at for turn, step, at, _ in told if turn == case.incident.turn and step.startswith(ASKED)), default=None)


async def _offers(moment: Moment, case: Case, address: Address, step: str, role: Role, texts: Texts, controlled: Sequence[int]) -> Offers:
    incident = case.incident
    if not incident.is_open:
        return []
    about = {"number": case.id, "turn": incident.turn, "step": step_name(step)}
    remind = [Offer(texts.say("button-remind"), "remind", about)] if incident.organisation and incident.status in OWED else []
    hand = [Offer(texts.say("button-pass"), "hand", about)] if any(allowed(incident, role, one) for one in MOVES[role]) else []
    answer = [Offer(texts.say("button-answer"), "answer", about)] if allowed(incident, role, Action.ANSWER) else []
    reader = await moment.tx.people.known(address.account, address.chat)
    in_group = await moment.tx.chats.get(address.account, address.chat) is not None
    has_it = bool(controlled) if in_group else bool(reader and reader.id in controlled)
    control = [] if has_it else [Offer(texts.say("button-control"), "control", about)]
    return [row for row in ([*remind, *hand], [*answer, *control]) if row]
