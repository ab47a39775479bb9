"""Who is told what the clock says: whoever is responsible at that instant, each with the reason why. Pure.

The chain is assignee → deputy while the assignee is away → organisation (those on duty, else everybody) → curators → heads. What
nobody could hear goes on to the next of the chain: no step of the clock is said to nobody while there is anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from incidents.deadlines import CITIZEN_NUDGE, DEADLINE, Audience, Policy, QuietHours, Reminder, Urgency
from incidents.incident import Incident


class As(StrEnum):
    """In what capacity somebody is told."""

    HOLDER = "holder"
    DEPUTY = "deputy"
    DUTY = "duty"
    COLLEAGUE = "colleague"
    """Nobody is on duty: everybody of the organisation is named, and told where their cards come."""
    CHAT = "chat"
    """A place: the organisation's working chats."""
    DESK = "desk"
    """A place: the curators' chats."""
    CURATOR = "curator"
    HEAD = "head"
    CITIZEN = "citizen"


class Why(StrEnum):
    """The reason, which the locale puts into words (``clock-told-…``)."""

    STEP = "step"
    """This step is for them."""
    HOLDS = "holds"
    AWAY = "away"
    """``Told.instead_of`` is away."""
    ON_DUTY = "on-duty"
    NOBODY_ON_DUTY = "nobody-on-duty"
    OVERDUE = "overdue"
    """Not on duty, but the time is over: it is everybody's business."""
    UNSORTED = "unsorted"
    """No organisation owns it yet."""
    NOBODY_THERE = "nobody-there"
    """Who would have been told before them is away or does not exist."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from their work in an organisation (empty: at the desk), and who stands in (0: nobody)."""

    person: int
    organisation: str
    since: datetime
    until: datetime
    deputy: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody is on duty for an organisation (empty: for the desk)."""

    person: int
    organisation: str
    since: datetime
    until: datetime
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who there is to be told about one incident: its organisation's people and the curators, their absences and shifts.

    ``absences`` and ``shifts`` may hold past and coming ones, too: the instant chooses.
    """

    officials: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    curators: tuple[int, ...] = ()
    absences: tuple[Absence, ...] = ()
    shifts: tuple[Shift, ...] = ()
    chats: bool = False
    """Whether the organisation has a working chat."""
    desk: bool = False
    """Whether the curators have one."""
    controlled: frozenset[int] = frozenset()
    """Curators and heads who took this step under control."""
    zone: tzinfo = UTC
    """Where the organisation sleeps."""
    desk_zone: tzinfo = UTC
    """Where the curators sleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Somebody, or a place (``person`` 0), that hears a step of the clock."""

    as_what: As
    why: Why
    audience: Audience
    """Of which link of the chain: the organisation (whoever it is there), the curators, the heads, the citizen."""
    person: int = 0
    instead_of: int = 0
    """Whose deputy it is."""
    until: datetime | None = None
    """When the reason ends: the shift, or the absence."""
    not_before: datetime | None = None
    """They sleep: told when their quiet hours end. A place never sleeps."""


def recipients(incident: Incident, reminder: Reminder, staff: Staff, policy: Policy, at: datetime) -> Sequence[Told]:
    """Everybody who hears a step at an instant, in the order of the chain, each once, with the first reason there is."""
    return _Decision(incident, reminder, staff, policy, at).everybody()


@dataclass(frozen=True, slots=True)
class _Decision:
    """One step of one clock at one instant."""

    incident: Incident
    reminder: Reminder
    staff: Staff
    policy: Policy
    at: datetime

    def everybody(self) -> Sequence[Told]:
        tells = self.reminder.tells
        citizen = [Told(as_what=As.CITIZEN, why=Why.STEP, audience=Audience.CITIZEN)] if Audience.CITIZEN in tells else []
        office = self._office() if Audience.ASSIGNEE in tells or Audience.ORGANISATION in tells else []
        lost = not office and any(who in tells for who in _OFFICE)
        absent = bool(office) and bool(self.staff.officials) and all(not one.person for one in office)
        desk: Sequence[Told] = ()
        if not self.incident.organisation and any(who in tells for who in _STAFF):
            desk = self._desk(Why.UNSORTED)
        elif Audience.CURATOR in tells:
            desk = self._desk(Why.STEP)
        elif lost or absent:
            desk = self._desk(Why.NOBODY_THERE)
        heads = self._heads(Why.STEP) if Audience.HEAD in tells else []
        if Audience.HEAD in tells and not heads and not desk and not self._controlled(self.staff.heads):
            desk = self._desk(Why.NOBODY_THERE)
        if not (office or desk or heads) and any(who in tells for who in _STAFF) and not self._controlled(self.staff.curators):
            heads = self._heads(Why.NOBODY_THERE)
        told = [*citizen, *office, *desk, *self._later(heads, self.staff.zone, [*office, *desk])]
        # A colleague is only named in the chat: whoever is meant besides, as a head or in somebody's place, is written to.
        meant = {one.person for one in told if one.as_what is not As.COLLEAGUE} if self.staff.chats else set()
        return list(_each_once([one for one in told if one.as_what is not As.COLLEAGUE or one.person not in meant]))

    # --- each link of the chain --------------------------------------------------------------------------------------

    def _office(self) -> Sequence[Told]:
        """Who took it or stands in, else the organisation; in its working chats all the same."""
        incident = self.incident
        if not incident.organisation:
            return []
        found = self._holder() if incident.assignee else []
        whole = Audience.ORGANISATION in self.reminder.tells
        if not found or whole:
            found = [*found, *self._team()]
        elif self._wakes:
            found = [*found, *self._on_duty(incident.organisation)]  # in the night somebody else has to know
        chats = [Told(as_what=As.CHAT, why=Why.STEP, audience=_OURS)] if self.staff.chats else []
        return [*self._later(found, self.staff.zone, found), *chats]

    def _holder(self) -> Sequence[Told]:
        holder = self.incident.assignee
        who, absence = self._there(holder, self.incident.organisation)
        if not who:
            return []
        if absence is None:
            return [Told(as_what=As.HOLDER, why=Why.HOLDS, audience=_OURS, person=who)]
        return [Told(as_what=As.DEPUTY, why=Why.AWAY, audience=_OURS, person=who, instead_of=holder, until=absence.until)]

    def _team(self) -> Sequence[Told]:
        """Those on duty; everybody when nobody is, or when it is too late for anything else."""
        on_duty = self._on_duty(self.incident.organisation)
        if on_duty and not self._overdue:
            return on_duty
        why = Why.OVERDUE if on_duty else Why.NOBODY_ON_DUTY
        # As with the cards: a head hears of everything only where there is nobody else.
        everybody = self.staff.officials or (() if self.staff.chats else self.staff.heads)
        return [*on_duty, *self._present(everybody, self.incident.organisation, As.COLLEAGUE, why)]

    def _desk(self, why: Why) -> Sequence[Told]:
        curators = self.staff.curators
        on_duty = self._on_duty("")
        found = list(on_duty)
        if not self.staff.desk and (not on_duty or self._overdue):
            reason = Why.OVERDUE if on_duty else why
            others = self._present(curators, "", As.CURATOR, reason)
            found += others or [
                Told(as_what=As.CURATOR, why=Why.NOBODY_THERE, audience=Audience.CURATOR, person=one) for one in curators if not on_duty
            ]
        found = [one for one in self._later(found, self.staff.desk_zone, found) if one.person not in self.staff.controlled]
        return [*found, *([Told(as_what=As.DESK, why=why, audience=Audience.CURATOR)] if self.staff.desk else [])]

    def _heads(self, why: Why) -> Sequence[Told]:
        found = self._present(self.staff.heads, self.incident.organisation, As.HEAD, why)
        return [one for one in found if one.person not in self.staff.controlled]

    # --- who is there ------------------------------------------------------------------------------------------------

    def _on_duty(self, organisation: str) -> list[Told]:
        found = []
        for shift in self.staff.shifts:
            if shift.organisation == organisation and shift.since <= self.at < shift.until:
                who, absence = self._there(shift.person, organisation)
                instead = shift.person if absence else 0
                audience = _OURS if organisation else Audience.CURATOR
                if who:
                    one = Told(as_what=As.DUTY, why=Why.ON_DUTY, audience=audience, person=who, instead_of=instead, until=shift.until)
                    found.append(one)
        return found

    def _present(self, people: Sequence[int], organisation: str, as_what: As, why: Why) -> list[Told]:
        """Each of them, or who stands in for those who are away."""
        audience = {As.CURATOR: Audience.CURATOR, As.HEAD: Audience.HEAD}.get(as_what, _OURS)
        found = []
        for person in people:
            who, absence = self._there(person, organisation)
            if who and absence:
                one = Told(as_what=As.DEPUTY, why=Why.AWAY, audience=audience, person=who, instead_of=person, until=absence.until)
                found.append(one)
            elif who:
                found.append(Told(as_what=as_what, why=why, audience=audience, person=who))
        # Whoever is meant in their own right hears it so, whomever they stand in for besides.
        return sorted(found, key=lambda one: one.as_what is As.DEPUTY)

    def _there(self, person: int, organisation: str) -> tuple[int, Absence | None]:
        """Who does this person's work now, and the absence that made it another's; 0 when nobody does.

        A deputy who is away too passes it on to theirs. A ring of them ends where it began: with nobody.
        """
        members = {*self.staff.officials, *self.staff.heads} if organisation else set(self.staff.curators)
        first = self._absence(person, organisation)
        absence, passed = first, {person}
        while person in members and absence is not None:
            person = absence.deputy
            if person in passed:
                return 0, first
            passed.add(person)
            absence = self._absence(person, organisation)
        return (person if person in members else 0), first

    def _absence(self, person: int, organisation: str) -> Absence | None:
        away = (one for one in self.staff.absences if one.person == person and one.organisation == organisation)
        return next((one for one in away if one.since <= self.at < one.until), None)

    def _controlled(self, people: Sequence[int]) -> bool:
        """Whether it is silence that somebody asked for."""
        return not self.staff.controlled.isdisjoint(people)

    # --- the night ---------------------------------------------------------------------------------------------------

    @property
    def _overdue(self) -> bool:
        return self.incident.due_at is not None and self.incident.due_at <= self.at

    @property
    def _wakes(self) -> bool:
        """Whether the step is said in the night, too, to whoever is on duty."""
        if self.reminder.step == CITIZEN_NUDGE:
            return False
        return self.incident.urgent or self.reminder.step == DEADLINE or self.reminder.urgency is Urgency.HIGH

    def _later(self, found: Sequence[Told], zone: tzinfo, beside: Sequence[Told]) -> Sequence[Told]:
        """Who sleeps is told in the morning; not when it would be too late then, nor when nobody else hears it now."""
        morning = morning_after(self.policy.quiet, self.at, zone)
        if morning is None or not self.policy.quiet_applies:
            return found
        if self._wakes:
            watched = any(one.why is Why.ON_DUTY and not one.not_before for one in beside)
            return [one if one.why is Why.ON_DUTY or not watched else replace(one, not_before=morning) for one in found]
        due = self.incident.due_at
        too_late = due is not None and self.at < due <= morning
        return found if too_late else [replace(one, not_before=morning) for one in found]


_OURS = Audience.ORGANISATION
_OFFICE = (Audience.ASSIGNEE, Audience.ORGANISATION)
_STAFF = (*_OFFICE, Audience.CURATOR, Audience.HEAD)


def on_duty(shifts: Sequence[Shift], absences: Sequence[Absence], at: datetime) -> Sequence[int]:
    """Who is on duty at an instant, without those who are away."""
    away = {one.person for one in absences if one.since <= at < one.until}
    return [one.person for one in shifts if one.since <= at < one.until and one.person not in away]


def morning_after(quiet: QuietHours, at: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet hours of a zone end that an instant falls into; None when it falls into none."""
    local = at.astimezone(zone)
    if not quiet.covers(local):
        return None
    end = local.replace(hour=quiet.end.hour, minute=quiet.end.minute, second=0, microsecond=0)
    if end <= local:
        end += timedelta(days=1)
    return end.astimezone(UTC)


def _each_once(told: Sequence[Told]) -> Iterator[Told]:
    seen = set()
    for one in told:
        key = one.person or one.as_what
        if key not in seen:
            seen.add(key)
            yield one
