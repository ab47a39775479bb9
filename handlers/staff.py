"""Who there is to be told of an incident at this instant, and where each of them is told."""

from __future__ import annotations

from collections.abc import Sequence

from bots.channel import Address
from handlers.thread import desk_places
from handlers.turn import Moment
from incidents.deadlines import Audience
from incidents.incident import Role
from incidents.responsible import As, Staff, Told
from storage.chats import Thread
from storage.incidents import Case
from storage.people import Post
from storage.staffing import DESK


async def staff_of(moment: Moment, case: Case, step: str = "") -> Staff:
    """Everybody who may be told of the incident; ``step``: of the clock that runs, for who has that under control."""
    tx, incident, limits = moment.tx, case.incident, moment.office.limits
    owner = incident.organisation
    await tx.staffing.ahead([owner, DESK] if owner else [DESK], moment.now)
    desk = await tx.staffing.roster(DESK, moment.now)
    ours = await tx.staffing.roster(owner, moment.now) if owner else None
    group = moment.region.organisation.get(owner)
    return Staff(
        officials=_persons(await tx.people.officials(owner, Role.OFFICIAL)) if owner else (),
        heads=_persons(await tx.people.officials(owner, Role.HEAD)) if owner else (),
        curators=_persons(await tx.people.curators()),
        absences=(*(ours.absences if ours else ()), *desk.absences),
        shifts=(*(ours.shifts if ours else ()), *desk.shifts),
        chats=bool(owner) and any([await is_group(moment, thread) for thread in await live_threads(moment, case)]),
        desk=any(chat.account in limits for chat in await tx.chats.desks()),
        controlled=await tx.reminders.controlled_by(case.id, incident.turn, step_name(step)) if step else frozenset(),
        zone=moment.zone((group.territory if group else "") or incident.territory),
        desk_zone=moment.zone(""),
    )


def step_name(step: str) -> str:
    """What «Взял на контроль» is kept for: all of the daily reminders after the deadline are one step."""
    return "late" if step.startswith("late-") else step


def _persons(posts: Sequence[Post]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(post.person for post in posts))


async def live_threads(moment: Moment, case: Case) -> Sequence[Thread]:
    """Where the incident is its owner's business and we can write."""
    return [one for one in await moment.tx.chats.threads_of(case.id) if not one.retired and one.account in moment.office.limits]


async def is_group(moment: Moment, thread: Thread) -> bool:
    """Whether several people read there; else it is somebody's private chat."""
    return await moment.tx.chats.get(thread.account, thread.chat) is not None


async def reads_cards(moment: Moment, case: Case, person: int, *, but: Address | None = None) -> bool:
    """Whether somebody reads what is said beside the cards: in a working chat of the owner they work for, or in private.

    ``but``: it was not said in that chat.
    """
    owner = case.incident.organisation
    works = any(post.organisation == owner for post in await moment.tx.people.posts_of(person))
    for thread in await live_threads(moment, case):
        reader = await moment.tx.people.known(thread.account, thread.chat)
        ours = works if await is_group(moment, thread) else reader is not None and reader.id == person
        if ours and not (but and (but.account, but.chat) == (thread.account, thread.chat)):
            return True
    return False


async def private_place(moment: Moment, person: int, posts: Sequence[Post]) -> Address | None:
    """Where a person can be written to in private: where they opened the invitation, else in any of our accounts they wrote to."""
    limits = moment.office.limits
    for post in posts:
        if post.person == person and post.account in limits:
            return post.address
    return next(iter(await moment.tx.people.private_chats(person, list(limits))), None)


async def office_places(moment: Moment, case: Case, told: Sequence[Told]) -> Sequence[tuple[Address, Told | None]]:
    """Where those of the owner hear a step of the clock: its working chats (None: everybody there), and who is told in private.

    In private are told who have the card there, and who took it, stand in or are on duty; all others only where there is no chat.
    """
    persons = {one.person: one for one in told if one.person}
    found: list[tuple[Address, Told | None]] = []
    for thread in await live_threads(moment, case) if told else ():
        address = Address(thread.account, thread.chat)
        if await is_group(moment, thread):
            found.append((address, None))
            continue
        reader = await moment.tx.people.known(thread.account, thread.chat)
        if reader and reader.id in persons:  # else it is somebody else's business at this instant
            found.append((address, persons[reader.id]))
    reached, beside = {one.person for _, one in found if one}, bool(found)
    posts = await moment.tx.people.officials(case.incident.organisation) if persons else ()
    for one in persons.values():
        if one.person in reached or (one.as_what is As.COLLEAGUE and beside):
            continue
        if place := await private_place(moment, one.person, posts):
            found.append((place, one))
    return found


async def charge_places(moment: Moment, case: Case, one: Told) -> Sequence[Address]:
    """Where curators or a head hear a step of the clock: the curators' chats, or this one of them in private."""
    if one.as_what is As.DESK:
        return await desk_places(moment)
    people = moment.tx.people
    posts = await (people.curators() if one.audience is Audience.CURATOR else people.officials(case.incident.organisation))
    place = await private_place(moment, one.person, posts)
    return [place] if place else []
