"""The clock of an incident put into words: the same lines for the command line and for the sandbox, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.card import organisation_title, place, topic_title
from handlers.explain import HELD, Coming, Done, Explanation, Hearer, Spoke
from handlers.turn import Moment
from incidents.deadlines import CITIZEN_NUDGE, DEADLINE, Planned, Reason
from incidents.incident import Action, Timer
from incidents.planning import Why as When
from incidents.planning import owed
from incidents.policies import Length
from incidents.responsible import Why
from locales import Texts

SOON = timedelta(minutes=10)
"""A message that reached us later than this after it was written is told as late."""


@dataclass(frozen=True, slots=True)
class Face:
    """The clock that runs."""

    name: str
    until: str
    line: str
    share: float
    """How much of its time is gone, 0 … 1."""
    late: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the timeline."""

    at: str
    """ISO 8601."""
    when: str
    span: str
    mark: str
    """done, said, skipped, coming, deadline, or acts; what it looks like."""
    text: str
    to: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An explanation in one language."""

    number: int
    title: str
    standing: str
    now: str
    clock: Face | None
    facts: tuple[tuple[str, str], ...]
    past: tuple[Point, ...]
    coming: tuple[Point, ...]
    after: str


def spoken(moment: Moment, explanation: Explanation, texts: Texts) -> Spoken:
    """Say it in a language, every time in the zone of the incident's territory."""
    return _Words(moment, explanation, texts).all()


class _Words:
    """One explanation in one language."""

    def __init__(self, moment: Moment, explanation: Explanation, texts: Texts) -> None:
        self.moment, self.all_of_it, self.texts = moment, explanation, texts
        self.case, self.incident, self.policy = explanation.case, explanation.case.incident, explanation.policy

    def say(self, key: str, **arguments: str | float) -> str:
        return self.texts.say(key, **arguments)

    def when(self, instant: datetime) -> str:
        return self.texts.when(instant, self.all_of_it.zone, self.all_of_it.now)

    def all(self) -> Spoken:
        incident, about = self.incident, self.all_of_it
        topic, where = topic_title(self.moment, incident, self.texts), place(self.moment, self.case, self.texts)
        return Spoken(
            number=incident.id,
            title=self.say("clock-title", number=incident.id, topic=topic, place=where),
            standing=self.standing(),
            now=self.when(about.now),
            clock=self.face(),
            facts=tuple(self.facts()),
            past=tuple(self.done(one) if isinstance(one, Done) else self.said(one) for one in about.past),
            coming=tuple(self.comes(one) for one in about.coming),
            after=self.after(),
        )

    # --- how it stands -----------------------------------------------------------------------------------------------

    def standing(self) -> str:
        status = self.say(f"clock-status-{self.incident.status}")
        owner = organisation_title(self.moment, self.incident.organisation, self.texts)
        name = self.all_of_it.holder
        line = self.say("clock-standing-held" if name else "clock-standing", status=status, organisation=owner, name=name)
        return f"{line} · {self.say('clock-urgent')}" if self.incident.urgent else line

    def face(self) -> Face | None:
        due, now = self.incident.due_at, self.all_of_it.now
        if due is None or self.incident.timer is Timer.NONE:
            return None
        began = self.all_of_it.ran[-1].began if self.all_of_it.ran else self.incident.reported_at
        gone = (now - began) / (due - began) if due > began else 1.0
        late = now >= due
        line = self.say("clock-late" if late else "clock-left", left=self.texts.span(_rounded(abs(due - now))))
        name, until = self.say(f"clock-name-{self.incident.timer}"), self.say("clock-was" if late else "clock-until", when=self.when(due))
        return Face(name, until, line, round(min(max(gone, 0.0), 1.0), 3), late)

    def facts(self) -> Iterator[tuple[str, str]]:
        incident, about = self.incident, self.all_of_it
        if incident.timer is not Timer.NONE and about.ran:
            yield self.say("clock-label-from"), self.began()
            yield self.say("clock-label-length"), self.length()
            if incident.timer is Timer.PAUSED:
                left = self.texts.span(timedelta(seconds=incident.paused_left))
                key = "clock-paused-left" if incident.paused_left > 0 else "clock-paused-over"
                yield self.say("clock-label-paused"), self.say(key, left=left)
            yield self.say("clock-label-rule"), self.rule()
            if self.working:
                yield self.say("clock-label-calendar"), self.calendar()
            yield self.say("clock-label-quiet"), self.quiet()
        offset = f"{about.now.astimezone(about.zone):%z}"
        yield self.say("clock-label-zone"), self.say("clock-zone", zone=str(about.zone), offset=f"{offset[:3]}:{offset[3:]}")
        for ran in about.ran:
            if ran.ended is not None:
                late = any(isinstance(one, Spoke) and one.step == DEADLINE and ran.began < one.at <= ran.ended for one in about.past)
                key = "clock-ran-overdue" if late and ran.timer is not Timer.PAUSED else "clock-ran"
                clock = self.say(f"clock-name-{ran.timer}")
                yield self.say("clock-label-ran"), self.say(key, clock=clock, **{"from": self.when(ran.began), "to": self.when(ran.ended)})

    def began(self) -> str:
        ran = self.all_of_it.ran[-1]
        if ran.by is not Action.REPORT:
            did = next((self.done(one).text for one in self.all_of_it.past if isinstance(one, Done) and one.at == ran.began), "")
            return self.say("clock-from", when=self.when(ran.began), what=did)
        received = next((one.at for one in self.all_of_it.past if isinstance(one, Done)), ran.began)
        key = "clock-from-late" if received - ran.began > SOON else "clock-from-report"
        return self.say(key, when=self.when(ran.began), received=self.when(received))

    @property
    def working(self) -> bool:
        """Whether the calendar has a say: the running clock counts working time, or a step of its ladder does."""
        length = self._length()
        return isinstance(length, Length) and length.working

    def _length(self) -> Length | timedelta | None:
        """How long the running clock is by its policy; None for a promise, which ends when a person said it would."""
        if self.incident.timer in (Timer.FIRST_ANSWER, Timer.REWORK):
            return owed(self.incident, self.policy)
        return {Timer.PAUSED: self.policy.waiting, Timer.RATING: self.policy.rating}.get(self.incident.timer)

    def length(self) -> str:
        length = self._length()
        if length is None:
            return self.say("clock-length-promise")
        if isinstance(length, timedelta):
            return self.say("clock-length-elapsed", length=self.texts.span(length))
        said = self.texts.span(length.amount)
        if length.working:
            return self.say("clock-length-working", length=said)
        urgent = self.incident.urgent and self.incident.timer is Timer.FIRST_ANSWER
        return self.say("clock-length-urgent" if urgent else "clock-length-elapsed", length=said)

    def rule(self) -> str:
        """The most specific rule of the region file that says how long this clock runs, and the one with its ladder if that is another."""
        origins = dict(self.policy.origins)
        key = "urgent" if self.incident.urgent and self.incident.timer is Timer.FIRST_ANSWER else _KEYS.get(self.incident.timer, "ladder")
        default = self.say("clock-rule-default")
        rule, ladder = origins.get(key, default), origins.get("ladder", default)
        if rule != ladder and key in _WITH_LADDER:
            return self.say("clock-rule-ladder", rule=rule, ladder=ladder)
        return self.say("clock-rule", rule=rule)

    def calendar(self) -> str:
        calendar = self.policy.calendar
        rest = sorted(calendar.weekend)
        days = {(5, 6): "clock-days-week", (6,): "clock-days-six", (): "clock-days-all"}.get(tuple(rest))
        names = ", ".join(self.say("clock-weekday", day=day) for day in range(7) if day not in rest)
        said = self.say(
            "clock-calendar" if calendar.holidays or calendar.yearly else "clock-calendar-plain",
            id=calendar.id,
            days=self.say(days) if days else names,
            opens=f"{calendar.opens:%H:%M}",
            closes=f"{calendar.closes:%H:%M}",
        )
        missing = calendar.missing(self.all_of_it.now.astimezone(self.all_of_it.zone).date())
        return self.say("clock-calendar-missing", calendar=said, year=missing) if missing else said

    def quiet(self) -> str:
        quiet = self.policy.quiet
        if quiet.begin == quiet.end:
            return self.say("clock-quiet-off")
        urgent = self.incident.urgent and self.incident.timer is not Timer.PAUSED
        key = "clock-quiet" if self.policy.quiet_applies else "clock-quiet-disregarded"
        return self.say(
            "clock-quiet-urgent" if urgent and self.policy.quiet_applies else key,
            **{"from": f"{quiet.begin:%H:%M}", "to": f"{quiet.end:%H:%M}"},
        )

    def after(self) -> str:
        if self.incident.timer is Timer.NONE:
            resolution = self.say(f"resolution-{self.incident.resolution or 'explained'}")
            return self.say("clock-closed", resolution=resolution)
        if self.all_of_it.endless:
            return self.say("clock-after-daily", every=self.texts.span(self.policy.again))
        return self.say("clock-after-nothing")

    # --- what was ----------------------------------------------------------------------------------------------------

    def done(self, one: Done) -> Point:
        change = one.change
        target = change.target if change.action is Action.MERGE else organisation_title(self.moment, change.target, self.texts)
        key = f"reason-{change.reason}"
        reason = self.say(key) if self.texts.has(key) else change.reason or "—"
        text = self.deed(change.action, one.name, target=target, reason=reason, when=self.when(change.date or change.at))
        return Point(change.at.isoformat(), self.when(change.at), "", "done", text)

    def deed(self, action: Action, name: str, *, target: str = "", reason: str = "", when: str = "") -> str:
        """What somebody did; the clock itself and people without a name are nobody in particular."""
        who = name or self.say("somebody")
        return self.say(f"clock-did-{action}", name=who, target=target, reason=reason, when=when)

    def said(self, one: Spoke) -> Point:
        step = self.step(one.step)
        text = self.say("clock-step-skipped", step=step) if one.skipped else step
        to = tuple(self.heard(hearer) for hearer in one.hearers)
        return Point(one.at.isoformat(), self.when(one.at), "", "skipped" if one.skipped else "said", text, to)

    # --- what will be ------------------------------------------------------------------------------------------------

    def comes(self, one: Coming) -> Point:
        last = one.steps[-1]
        text = self.say(f"clock-step-close-{self.incident.timer}") if one.acts else self.step(last.step.name)
        others = [self.step(planned.step.name) for planned in one.steps[:-1]]
        why = [self.say("clock-step-also", steps=", ".join(others))] if others else []
        why += [reason for reason in (self.because(reason, last) for reason in last.why) if reason]
        why += [self.say("clock-told-silent", name=name or self.say("somebody")) for name in one.silent]
        why += dict.fromkeys(reason for hearer in one.hearers for reason in self.chosen(hearer))
        to = tuple(self.heard(hearer) for hearer in one.hearers) if one.hearers or one.acts else (self.say("clock-to-nobody"),)
        mark = "acts" if one.acts else "deadline" if last.step.name == DEADLINE else "coming"
        span = self.say("clock-in", left=self.texts.span(_rounded(one.at - self.all_of_it.now)))
        return Point(one.at.isoformat(), self.when(one.at), span, mark, text, to, tuple(why))

    def because(self, reason: Reason, planned: Planned) -> str:
        if reason.why is When.OWN:
            return ""
        return self.say(f"clock-why-{reason.why}", own=self.when(planned.own), days=reason.days, holidays=reason.holidays)

    def chosen(self, hearer: Hearer) -> Iterator[str]:
        """Why it is for them, where that is not plain, and when they hear it if not at once."""
        told = hearer.told
        if told is None:
            return
        if told.why not in _PLAIN:
            until = self.when(told.until) if told.until else ""
            yield self.say(f"clock-told-{told.why}", name=self.name(hearer), instead=hearer.instead_of, until=until)
        if told.not_before:
            yield self.say("clock-told-asleep", name=self.name(hearer), when=self.when(told.not_before))

    def heard(self, hearer: Hearer) -> str:
        said = self.say(f"clock-to-{hearer.as_what}", name=self.name(hearer))
        if hearer.named:
            said = self.say("clock-to-named", who=said, names=", ".join(name or self.say("somebody") for name in hearer.named))
        return self.say("clock-to-lost", who=said) if hearer.lost else said

    def name(self, hearer: Hearer) -> str:
        return hearer.name or self.say("somebody")

    def step(self, name: str) -> str:
        """A step of the ladder by its name; of one that the rules no longer know, the name itself."""
        known = next((step for step in self.policy.ladder if step.name == name), None)
        if name in (DEADLINE, CITIZEN_NUDGE):
            return self.say("clock-step-deadline" if name == DEADLINE else "clock-step-nudge")
        if known is not None and known.share is not None:
            return self.say("clock-step-share", share=round(known.share * 100))
        if known is not None:
            length = self.texts.span(abs(known.before))
            return self.say("clock-step-before" if known.before > timedelta() else "clock-step-after", length=length)
        if name == HELD:
            return self.say("clock-step-held")
        kind, _, rest = name.partition("-")
        if kind == "late" and rest.isdecimal():
            return self.say("clock-step-late", every=self.texts.span(self.policy.again), count=int(rest))
        return self.say("clock-step-asked") if kind == "asked" else self.say("clock-step-other", name=name)


_KEYS: Mapping[Timer, str] = {Timer.FIRST_ANSWER: "first_answer", Timer.REWORK: "rework", Timer.PAUSED: "waiting", Timer.RATING: "rating"}
"""Which key of the region file says how long a clock runs."""
_WITH_LADDER = ("first_answer", "urgent", "rework")
_PLAIN = (Why.STEP, Why.HOLDS)
"""Reasons that need no words: the step is for them."""


def _rounded(left: timedelta) -> timedelta:
    """To whole minutes, up."""
    return timedelta(minutes=-(-int(left.total_seconds()) // 60))


def lines(said: Spoken, texts: Texts) -> Sequence[str]:
    """The whole explanation as lines of plain text."""
    out = [said.title, said.standing, ""]
    if said.clock:
        out.append(f"{said.clock.name}: {said.clock.until}, {said.clock.line}")
    width = max((len(label) for label, _ in said.facts), default=0)
    out += [f"  {label:{width}}  {text}" for label, text in said.facts]
    out += ["", texts.say("clock-past")]
    out += [line for point in said.past for line in _point(point, texts)]
    out += ["", f"{texts.say('clock-coming')} ({texts.say('clock-now', when=said.now)})"]
    out += [line for point in said.coming for line in _point(point, texts)]
    return [*out, f"  {said.after}"]


def _point(point: Point, texts: Texts) -> Iterator[str]:
    yield f"  {point.when}{f' ({point.span})' if point.span else ''}  {point.text}"
    if point.to:
        yield f"      {texts.say('clock-line-to', to='; '.join(point.to))}"
    for reason in point.why:
        yield f"      — {reason}"
