"""The clock speaks: a step of the ladder is put into words for everybody who is responsible at this instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bots.channel import Address, Reply
from handlers import escalation, reminders, spell
from handlers.card import name_of
from handlers.citizen import citizen_texts, tell_citizen, when_of
from handlers.staff import charge_places, office_places, private_place, staff_of, step_name
from handlers.thread import is_fixed, refresh_cards, tell_at, texts_at
from handlers.turn import Moment, Offer
from incidents.deadlines import CITIZEN_NUDGE, DEADLINE, Audience, Reminder
from incidents.incident import Role, Timer
from incidents.responsible import As, Staff, Told, Why, recipients
from locales import Texts
from storage.incidents import Case
from storage.posts import Purpose

MOST_NAMES = 20
"""Names in one line."""
_STANDS_IN: Mapping[Audience, Role] = {Audience.CURATOR: Role.CURATOR, Audience.HEAD: Role.HEAD}


async def told_of(moment: Moment, case: Case, reminder: Reminder) -> Sequence[Told]:
    """Who would hear this step now, and why (``incidents.responsible``)."""
    policy = moment.region.policy(case.incident.topic, case.incident.territory)
    return recipients(case.incident, reminder, await staff_of(moment, case, reminder.step), policy, moment.now)


async def remind(moment: Moment, case: Case, reminder: Reminder) -> None:
    """Say a step of the ladder to everybody it is for. Whoever is responsible at this instant hears it."""
    told = await told_of(moment, case, reminder)
    if any(one.as_what is As.CITIZEN for one in told):
        await _clock_to_citizen(moment, case, reminder)
    silenced = await _silenced(moment, case, reminder.step)
    stay = await _buttons_that_stay(moment, silenced)
    await moment.tx.conversations.retire(case.id, moment.now, actions=("remind",), but=stay)
    office = [one for one in told if one.audience is Audience.ORGANISATION]
    if office:
        await _to_office(moment, case, reminder.step, office)
        await refresh_cards(moment, case, only_in_place=True)
    for one in told:
        if one.audience in _STANDS_IN and not await _hold(moment, case, reminder.step, one):
            await _to_charge(moment, case, reminder.step, one, told)
    for row, address, role in silenced:  # brought up to date in silence, and keeps its buttons
        await escalation.show_again(moment, case, row, address, reminder.step, role)


async def remind_organisation(moment: Moment, case: Case) -> bool:
    """A person asked for it: the organisation hears now how the clock stands. Returns False when there is nowhere to say it."""
    told = await told_of(moment, case, Reminder(DEADLINE, (Audience.ASSIGNEE,)))
    office = [one for one in told if one.audience is Audience.ORGANISATION]
    return await _to_office(moment, case, f"{escalation.ASKED}{moment.now:%Y%m%d%H%M}", office) > 0


async def held_back(moment: Moment, raw: Mapping[str, Any]) -> None:
    """The night is over for somebody who was not to be woken: they hear how the clock stands now, if it still speaks to them."""
    case = await moment.tx.incidents.get(raw["number"])
    if case is None or not case.incident.is_open or case.incident.turn != raw["turn"] or case.incident.timer is Timer.PAUSED:
        return
    audience, step = Audience(raw["audience"]), raw["step"]
    staff = await staff_of(moment, case, step)
    members = staff.curators if audience is Audience.CURATOR else (*staff.officials, *staff.heads)
    if raw["person"] not in members or raw["person"] in staff.controlled or case.incident.organisation != raw["organisation"]:
        return
    one = Told(as_what=As(raw["as"]), why=Why(raw["why"]), audience=audience, person=raw["person"], instead_of=raw["instead_of"])
    if audience is Audience.ORGANISATION:
        posts = await moment.tx.people.officials(case.incident.organisation)
        if place := await private_place(moment, one.person, posts):
            await _say(moment, case, place, await _words(moment, case, staff, [one]), one)
    else:
        await _to_charge(moment, case, step, one, [one])


async def _hold(moment: Moment, case: Case, step: str, one: Told) -> bool:
    """Put off what would wake somebody in vain. Returns whether it was."""
    if one.not_before is None:
        return False
    raw = {
        "kind": "held-reminder",
        "number": case.id,
        "turn": case.incident.turn,
        "organisation": case.incident.organisation,
        "step": step,
        "person": one.person,
        "instead_of": one.instead_of,
        "audience": one.audience,
        "as": one.as_what,
        "why": one.why,
    }
    key = f"held/{case.id}/{case.incident.turn}/{step}/{one.person}"
    await moment.tx.inbox.later(key, raw, lane=f"held/{case.id}", at=moment.now, handle_after=one.not_before)
    return True


async def _clock_to_citizen(moment: Moment, case: Case, reminder: Reminder) -> None:
    if reminder.step == CITIZEN_NUDGE:
        await tell_citizen(moment, case, "citizen-nudge")
    elif case.incident.due_at and case.incident.due_at <= moment.now:
        await tell_citizen(
            moment, case, "citizen-promise-missed", when=when_of(moment, case, await citizen_texts(moment, case), case.incident.due_at)
        )


# --- the organisation --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """What the organisation is told, apart from the language: who holds it, who is named beside that."""

    holder: str
    away_until: Any
    deputy: str
    on_duty: tuple[str, ...] = ()
    everybody: tuple[str, ...] = ()


async def _words(moment: Moment, case: Case, staff: Staff, told: Sequence[Told]) -> _Words:
    async def names(as_what: As) -> tuple[str, ...]:
        found = [(await moment.tx.people.get(one.person)).name for one in told if one.as_what is as_what]
        return tuple(name for name in found if name)[:MOST_NAMES]

    holder = case.incident.assignee if case.incident.assignee in (*staff.officials, *staff.heads) else 0
    away = next((one for one in staff.absences if one.person == holder and one.since <= moment.now < one.until), None)
    deputies = [one for one in told if one.instead_of and one.instead_of == holder]
    return _Words(
        holder=(await moment.tx.people.get(holder)).name if holder else "",
        away_until=away.until if away else None,
        deputy=(await moment.tx.people.get(deputies[0].person)).name if deputies else "",
        on_duty=await names(As.DUTY),
        everybody=await names(As.COLLEAGUE),
    )


async def _to_office(moment: Moment, case: Case, step: str, told: Sequence[Told]) -> int:
    """To the thread, naming those it is for; those who took it, stand in or are on duty in private too. Returns in how many places."""
    words = await _words(moment, case, await staff_of(moment, case), told)
    places = await office_places(moment, case, told)
    for address, one in places:
        if one is None or not await _hold(moment, case, step, one):
            await _say(moment, case, address, words, one)
    return len(places)


async def _say(moment: Moment, case: Case, address: Address, words: _Words, one: Told | None) -> None:
    """In one place: a working chat (``one`` is None), or somebody in private."""
    await reminders.replaced(moment, case, address)
    texts = await texts_at(moment, address)
    lines = await _lines(moment, case, texts, words, one)
    offers = [] if case.incident.assignee else [[Offer(texts.say("button-take"), "take", {"number": case.id})]]
    await tell_at(moment, case, address, "\n".join(lines), offers, purpose=Purpose.REMINDER)


async def _lines(moment: Moment, case: Case, texts: Texts, words: _Words, one: Told | None) -> Sequence[str]:
    """The clock's line; in a group the names of those it is for, in private why it comes to this person."""
    lines = [_clock_line(moment, case, texts, words.holder)]
    zone = moment.zone(case.incident.territory)
    if words.away_until:
        until = spell.until(moment, texts, words.away_until, zone)
        key = "remind-away-deputy" if words.deputy else "remind-away"
        lines.append(texts.say(key, name=words.holder or texts.say("somebody"), until=until, deputy=words.deputy))
    if one is None and words.on_duty:
        lines.append(texts.say("remind-duty", names=", ".join(words.on_duty)))
    elif one is None and words.everybody:
        lines.append(texts.say("remind-everybody", names=", ".join(words.everybody)))
    if one and one.as_what is As.DUTY:
        lines.append(texts.say("remind-you-duty"))
    if one and one.instead_of:
        lines.append(texts.say("remind-you-deputy", name=await name_of(moment, one.instead_of, texts)))
    return lines


def _clock_line(moment: Moment, case: Case, texts: Texts, holder: str) -> str:
    incident = case.incident
    due = incident.due_at or moment.now
    when, left = when_of(moment, case, texts, due), texts.span(abs(due - moment.now) + timedelta(seconds=30))
    promise = incident.timer is Timer.PROMISE
    if moment.now < due:
        if promise:
            return texts.say("remind-promise-left", number=case.id, left=left)
        return texts.say("remind-left-held" if holder else "remind-left-free", number=case.id, left=left, name=holder)
    if moment.now - due < timedelta(hours=1):
        return texts.say("remind-promise-missed" if promise else "remind-deadline", number=case.id, when=when)
    return texts.say("remind-promise-late" if promise else "remind-late", number=case.id, left=left)


# --- curators and heads ------------------------------------------------------------------------------------------------


async def _to_charge(moment: Moment, case: Case, step: str, one: Told, told: Sequence[Told]) -> None:
    """The curators' chats, or one curator or head in private."""
    on_duty = [other.person for other in told if other.as_what is As.DUTY and other.audience is Audience.CURATOR]
    for address in await charge_places(moment, case, one):
        texts = await texts_at(moment, address)
        await reminders.replaced(moment, case, address)
        names = [await name_of(moment, person, texts) for person in on_duty] if one.as_what is As.DESK else []
        lines = [texts.say("remind-duty", names=", ".join(names))] if names else []
        lines += [texts.say("remind-you-duty")] if one.as_what is As.DUTY else []
        lines += [texts.say("remind-you-deputy", name=await name_of(moment, one.instead_of, texts))] if one.instead_of else []
        await escalation.escalate(moment, case, address, step, _STANDS_IN[one.audience], after=lines)


async def _silenced(moment: Moment, case: Case, step: str) -> Sequence[tuple[int, Address, Role]]:
    """Who took this step under control is not pinged again: the row of what each of them has, where it stands, as whom they see it."""
    silent = await moment.tx.reminders.controlled_by(case.id, case.incident.turn, step_name(step))
    found = []
    for row, address in await moment.tx.outbox.reminders(case.id) if silent else ():
        reader = await moment.tx.people.known(address.account, address.chat)
        role = await escalation.role_at(moment, case, address)
        if reader and reader.id in silent and role:
            found.append((row, address, role))
    return found


async def _buttons_that_stay(moment: Moment, silenced: Sequence[tuple[int, Address, Role]]) -> Sequence[str]:
    """What the buttons carry that nothing replaces: their message is too old to be changed."""
    fixed = [row for row, address, _ in silenced if await is_fixed(moment, address.account, row)]
    stand = [await moment.tx.outbox.as_it_stands(row) for row in fixed]
    return [button.payload for one in stand if one and isinstance(one.out, Reply) for line in one.out.keyboard for button in line]
