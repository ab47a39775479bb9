"""How the clock of one incident stands, as data: what ran, what was said to whom, what will be said, when, to whom and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import groupby

from bots.channel import Address
from handlers.staff import charge_places, office_places, staff_of
from handlers.turn import Moment
from incidents.deadlines import Audience, Planned, Reminder, plan
from incidents.incident import Change, Role, Status, Timer
from incidents.past import Ran, clocks
from incidents.planning import together
from incidents.policies import Policy
from incidents.responsible import As, Told, recipients
from storage.incidents import Case
from storage.posts import DROPPED, FAILED, Purpose

REPEATS = 2
"""So many of the reminders that come after the deadline are told: each further one is like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearer:
    """Somebody, or a chat, that heard a step of the clock or will hear it."""

    as_what: As
    name: str
    address: Address
    told: Told | None = None
    """Why, until when, not before when; None where everybody is meant, and for what is past: there the message is the proof."""
    instead_of: str = ""
    """Whose work they do meanwhile."""
    named: tuple[str, ...] = ()
    """Who is called by name in a chat."""
    lost: bool = False
    """The message failed, or was dropped before it was sent."""


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
    holder = await moment.tx.people.get(incident.assignee) if incident.assignee and incident.status is not Status.CLOSED else None
    await staff_of(moment, case)  # who is away or on duty is read once: as of now, with what is known of later
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

HELD = "held"
"""Stands for the step of a reminder that waited for somebody's morning."""


async def _spoken(moment: Moment, case: Case) -> Sequence[Spoke]:
    """Steps of the clock with the messages queued at the same instant, in one transaction; and those put off till morning."""
    citizen = (case.report.address.account, case.report.address.chat)
    heard: dict[datetime, dict[Address, str]] = {}
    for at, address, purpose, state in await moment.tx.outbox.told(case.id):
        if purpose is Purpose.REMINDER or (address.account, address.chat) == citizen:
            heard.setdefault(at, {})[address] = state
    steps = await moment.tx.reminders.of(case.id)
    found = [Spoke(at, step, skipped, () if skipped else await _hearers(moment, case, heard.get(at, {}))) for _, step, at, skipped in steps]
    spoken = {at for _, _, at, _ in steps}
    for at, places in heard.items():
        later = {address: state for address, state in places.items() if (address.account, address.chat) != citizen}
        if at not in spoken and later:
            found.append(Spoke(at, HELD, skipped=False, hearers=await _hearers(moment, case, later)))
    return found


async def _hearers(moment: Moment, case: Case, heard: Mapping[Address, str]) -> tuple[Hearer, ...]:
    return tuple([await _heard(moment, case, address, lost=state in (FAILED, DROPPED)) for address, state in heard.items()])


async def _heard(moment: Moment, case: Case, address: Address, *, lost: bool) -> Hearer:
    """Who reads there."""
    if (address.account, address.chat) == (case.report.address.account, case.report.address.chat):
        return Hearer(as_what=As.CITIZEN, name="", address=address, lost=lost)
    chat = await moment.tx.chats.get(address.account, address.chat)
    if chat:
        return Hearer(as_what=As.DESK if chat.desk else As.CHAT, name=chat.title, address=address, lost=lost)
    person = await moment.tx.people.known(address.account, address.chat)
    posts = {(post.role, post.organisation) for post in await moment.tx.people.posts_of(person.id)} if person else set()
    head, curator = (Role.HEAD, case.incident.organisation) in posts, (Role.CURATOR, "") in posts
    as_what = As.HEAD if head else As.CURATOR if curator else As.COLLEAGUE
    return Hearer(as_what=as_what, name=person.name if person else "", address=address, lost=lost)


# --- what will be ------------------------------------------------------------------------------------------------------


async def _coming(moment: Moment, case: Case, policy: Policy, steps: tuple[Planned, ...]) -> Coming:
    """Whoever will be responsible at that instant, as far as it is known today."""
    at = steps[0].at
    step, tells = together(steps)
    if not tells:
        return Coming(at, steps, ())
    then = Moment(moment.tx, moment.office, at)
    staff = await staff_of(then, case, step.name)
    told = recipients(case.incident, Reminder(step.name, tells, (), step.urgency), staff, policy, at)
    office = [one for one in told if one.audience is Audience.ORGANISATION]
    citizen = case.report.address
    connected = citizen.account in moment.office.limits
    hearers = [Hearer(as_what=As.CITIZEN, name="", address=citizen) for one in told if one.as_what is As.CITIZEN and connected]
    hearers += await _in_office(then, case, office)
    for one in told:
        if one.audience in (Audience.CURATOR, Audience.HEAD):
            hearers += await _in_charge(then, case, one)
    silent = [(await moment.tx.people.get(person)).name for person in sorted(staff.controlled)]
    return Coming(at, steps, tuple(hearers), tuple(silent))


async def _in_office(moment: Moment, case: Case, told: Sequence[Told]) -> Sequence[Hearer]:
    """The working chats, with those it is for called by name, and those who are told in private."""
    found: list[Hearer] = []
    names = tuple([(await moment.tx.people.get(one.person)).name for one in told if one.as_what in (As.DUTY, As.COLLEAGUE)])
    colleague = next((one for one in told if one.as_what is As.COLLEAGUE), None)
    team = replace(colleague, not_before=None) if colleague else None  # a chat never sleeps
    for address, one in await office_places(moment, case, told):
        if one:
            found.append(await _hearer(moment, one, address))
        else:
            found.append(Hearer(as_what=As.CHAT, name=await _title(moment, address), address=address, told=team, named=names))
    return found


async def _in_charge(moment: Moment, case: Case, one: Told) -> Sequence[Hearer]:
    """The curators' chats, or one curator or head in private."""
    places = await charge_places(moment, case, one)
    if one.as_what is As.DESK:
        return [Hearer(as_what=As.DESK, name=await _title(moment, address), address=address, told=one) for address in places]
    return [await _hearer(moment, one, address) for address in places]


async def _title(moment: Moment, address: Address) -> str:
    chat = await moment.tx.chats.get(address.account, address.chat)
    return chat.title if chat else ""


async def _hearer(moment: Moment, told: Told, address: Address) -> Hearer:
    person = await moment.tx.people.get(told.person)
    instead = await moment.tx.people.get(told.instead_of) if told.instead_of else None
    return Hearer(as_what=told.as_what, name=person.name, address=address, told=told, instead_of=instead.name if instead else "")
