"""How the clock of one incident stands, as data: what ran, what was said to whom, what will be said, when, to whom and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from bots.channel import Address
from handlers.staff import staff_of
from handlers.turn import Moment
from incidents.deadlines import Planned, Reminder, plan
from incidents.incident import Change, Role, Timer
from incidents.past import Ran, clocks
from incidents.planning import together
from incidents.policies import Policy
from incidents.responsible import As, Told, recipients
from storage.incidents import Case
from storage.outbox import DROPPED, FAILED, Purpose

REPEATS = 2
"""So many of the reminders that come after the deadline are told: each further one is like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearer:
    """Somebody, or a chat, that heard a step of the clock or will hear it."""

    as_what: As
    name: str
    told: Told | None = None
    """Why, until when, not before when; None for what is past: there the row says that it was so."""
    instead_of: str = ""
    """Whose work they do meanwhile."""
    lost: bool = False
    """The message failed, or was dropped before it was sent."""
    person: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """Somebody did something."""

    change: Change
    name: str

    @property
    def at(self) -> datetime:
        """When."""
        return self.change.at


@dataclass(frozen=True, slots=True)
class Spoke:
    """The clock said a step, or passed over it because a later one mattered more."""

    at: datetime
    step: str
    skipped: bool
    hearers: tuple[Hearer, ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """The clock will speak, or act: of steps that fall together it says the last, to everybody whom any of them is for."""

    at: datetime
    steps: tuple[Planned, ...]
    hearers: tuple[Hearer, ...]
    silent: tuple[str, ...] = ()
    """Who took this step under control and hears nothing."""

    @property
    def acts(self) -> bool:
        """Nobody is reminded: the clock itself closes the incident."""
        return not any(planned.tells for planned in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about the clock of one incident at one instant, should nothing else happen."""

    case: Case
    now: datetime
    zone: tzinfo
    policy: Policy
    holder: str
    ran: tuple[Ran, ...]
    past: tuple[Done | Spoke, ...]
    coming: tuple[Coming, ...]
    endless: bool
    """More of the same comes after what is told."""


async def explain(moment: Moment, case: Case) -> Explanation:
    """Look at the clock of an incident. Nothing is changed by it."""
    incident = case.incident
    zone = moment.zone(incident.territory)
    policy = moment.region.policy(incident.topic, incident.territory)
    history = await moment.tx.incidents.history(case.id)
    done = [Done(change, (await moment.tx.people.get(change.by)).name if change.by else "") for change in history]
    holder = await moment.tx.people.get(incident.assignee) if incident.assignee else None
    planned = plan(incident, policy, zone, now=moment.now, repeats=REPEATS)
    coming = [await _coming(moment, case, policy, tuple(steps)) for _, steps in groupby(planned, key=lambda one: one.at)]
    return Explanation(
        case=case,
        now=moment.now,
        zone=zone,
        policy=policy,
        holder=holder.name if holder else "",
        ran=tuple(clocks(incident, history)),
        past=tuple(sorted([*done, *await _spoken(moment, case)], key=lambda one: one.at)),
        coming=tuple(coming),
        endless=incident.timer in (Timer.FIRST_ANSWER, Timer.PROMISE, Timer.REWORK),
    )


# --- what was ----------------------------------------------------------------------------------------------------------


async def _spoken(moment: Moment, case: Case) -> Sequence[Spoke]:
    """Steps of the clock with the messages that were queued at the same instant, in the same transaction."""
    rows = await moment.tx.outbox.told(case.id)
    citizen = (case.report.address.account, case.report.address.chat)
    found = []
    for _, step, at, skipped in await moment.tx.incidents.reminders_of(case.id):
        heard = [
            (address, state)
            for created, address, purpose, state in rows
            if created == at and (purpose is Purpose.REMINDER or (address.account, address.chat) == citizen)
        ]
        hearers = [await _heard(moment, case, address, state) for address, state in dict(heard).items()]
        found.append(Spoke(at, step, skipped, () if skipped else tuple(hearers)))
    return found


async def _heard(moment: Moment, case: Case, address: Address, state: str) -> Hearer:
    """Who reads there."""
    lost = state in (FAILED, DROPPED)
    if (address.account, address.chat) == (case.report.address.account, case.report.address.chat):
        return Hearer(as_what=As.CITIZEN, name="", lost=lost)
    chat = await moment.tx.chats.get(address.account, address.chat)
    if chat:
        return Hearer(as_what=As.DESK if chat.desk else As.CHAT, name=chat.title, lost=lost)
    person = await moment.tx.people.known(address.account, address.chat)
    posts = {(post.role, post.organisation) for post in await moment.tx.people.posts_of(person.id)} if person else set()
    head, curator = (Role.HEAD, case.incident.organisation) in posts, (Role.CURATOR, "") in posts
    as_what = As.HEAD if head else As.CURATOR if curator else As.COLLEAGUE
    return Hearer(as_what=as_what, name=person.name if person else "", lost=lost, person=person.id if person else 0)


# --- what will be ------------------------------------------------------------------------------------------------------


async def _coming(moment: Moment, case: Case, policy: Policy, steps: tuple[Planned, ...]) -> Coming:
    """Whoever will be responsible at that instant, as far as it is known today."""
    at = steps[0].at
    step, tells = together(steps)
    if not tells:
        return Coming(at, steps, ())
    then = Moment(moment.tx, moment.office, at)
    staff = await staff_of(then, case, step.name)
    heard = recipients(case.incident, Reminder(step.name, tells, (), step.urgency), staff, policy, at)
    hearers = [await _hearer(then, one) for one in heard]
    silent = [(await moment.tx.people.get(person)).name for person in sorted(staff.controlled)]
    return Coming(at, steps, tuple(hearers), tuple(silent))


async def _hearer(moment: Moment, told: Told) -> Hearer:
    person = await moment.tx.people.get(told.person) if told.person else None
    instead = await moment.tx.people.get(told.instead_of) if told.instead_of else None
    return Hearer(
        as_what=told.as_what,
        name=person.name if person else "",
        told=told,
        instead_of=instead.name if instead else "",
        person=told.person,
    )
