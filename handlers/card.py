"""How an incident looks in a working chat: the card's text, its buttons, its title."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bots.channel import Location
from bots.pages import fits, shorten
from handlers.turn import Moment, Offer, Offers
from incidents.incident import Action, Incident, Role, Status, Timer
from incidents.responsible import on_duty
from locales import Texts
from storage.incidents import Case
from storage.people import platform

TEXT_ON_CARD = 1500
"""UTF-16 units of the report on the card; the whole of it is one button away."""


async def card_text(moment: Moment, case: Case, texts: Texts) -> str:
    """The card, one line a fact."""
    incident, report = case.incident, case.report
    lines = [
        texts.say("card-head", number=incident.id, topic=topic_title(moment, incident, texts), time=time_left(moment, incident, texts))
    ]
    if incident.urgent:
        danger = moment.region.danger.get(report.danger)
        lines.append(texts.say("card-urgent", danger=title_in(danger, texts) if danger else texts.say("card-danger-other")))
    source = texts.say(f"source-{platform(report.address.account)}")
    lines.append(texts.say("card-place", place=place(moment, case, texts), source=source, scene=texts.say(f"scene-{report.scene}")))
    if report.location:
        lines.append(texts.say("card-point", **degrees(report.location)))
    lines += await _words(moment, case, texts)
    lines.append(await _author(moment, case, texts))
    if incident.assignee and incident.is_open:
        lines.append(await held_line(moment, incident, texts))
    elif incident.status is Status.ASSIGNED:
        lines += await _on_duty(moment, incident, texts)
    if incident.undeliverable:
        lines.append(texts.say("card-undelivered"))
    return "\n".join(lines)


async def _on_duty(moment: Moment, incident: Incident, texts: Texts) -> list[str]:
    """Whose it is while nobody has taken it; those who are away are not named."""
    roster = await moment.tx.staffing.roster(incident.organisation, moment.now)
    names = [(await moment.tx.people.get(person)).name for person in on_duty(roster.shifts, roster.absences, moment.now)]
    return [texts.say("card-duty", names=", ".join(name for name in names if name))] if any(names) else []


def card_offers(case: Case, texts: Texts) -> Offers:
    """What can be done from the card now."""
    hold = "release" if case.incident.assignee else "take"
    rows = {
        Status.ASSIGNED: (("take", "refuse"), ("question", "answer"), ("interim",)),
        Status.IN_PROGRESS: (("release", "refuse"), ("question", "answer"), ("interim",)),
        Status.WAITING: ((hold,), ("answer", "interim")),
        Status.PROMISED: ((hold,), ("answer", "extend")),
        Status.ANSWERED: (("answer",), *([("give-up",)] if case.incident.undeliverable else [])),
    }.get(case.incident.status, ())
    long = () if fits(case.report.text, TEXT_ON_CARD) else (("full",),)
    return [[Offer(texts.say(f"button-{action}"), action, {"number": case.id}) for action in row] for row in (*rows, *long)]


def title(moment: Moment, case: Case, texts: Texts) -> str:
    """The title of the incident's forum topic."""
    topic = topic_title(moment, case.incident, texts)
    where = case.report.place or territory_title(moment, case.incident.territory, texts)
    plain = (
        texts.say("card-title", number=case.id, topic=topic, place=where)
        if where
        else texts.say("card-title-plain", number=case.id, topic=topic)
    )
    done = case.incident.status in (Status.ANSWERED, Status.CLOSED)
    return shorten(texts.say("card-title-done", title=plain) if done else plain, 120)


def time_left(moment: Moment, incident: Incident, texts: Texts) -> str:
    """How the incident stands with its clock, in a few words."""
    due, now = incident.due_at, moment.now
    if incident.status is Status.CLOSED:
        return texts.say("card-time-closed", resolution=texts.say(f"resolution-{incident.resolution or 'explained'}"))
    if incident.status is Status.ANSWERED or due is None:
        return texts.say("card-time-answered")
    when = texts.when(due, moment.zone(incident.territory), now)
    if incident.timer is Timer.PAUSED:
        return texts.say("card-time-paused", when=when)
    if incident.timer is Timer.PROMISE:
        return texts.say("card-time-promised" if now < due else "card-time-promise-missed", when=when)
    if now > due:
        return texts.say("card-time-overdue", left=texts.span(now - due))
    return texts.say("card-time-due", when=when, left=texts.span(_rounded(due - now)))


def topic_title(moment: Moment, incident: Incident, texts: Texts) -> str:
    """What the incident is about, in words."""
    topic = moment.region.topic.get(incident.topic)
    return title_in(topic, texts) if topic else texts.say("unknown-topic")


def territory_title(moment: Moment, territory: str, texts: Texts) -> str:
    """The name of a territory; empty when it is unknown."""
    found = moment.region.territory.get(territory)
    return title_in(found, texts) if found else ""


def place(moment: Moment, case: Case, texts: Texts) -> str:
    """«Барнаул, ул. Ленина, 15», as far as it is known."""
    parts = [territory_title(moment, case.incident.territory, texts), case.report.place]
    return ", ".join(part for part in parts if part) or texts.say("unknown-place")


def degrees(location: Location) -> dict[str, str]:
    """A point on the map as ``card-point`` names it, to about a metre."""
    return {"latitude": f"{location.latitude:.5f}", "longitude": f"{location.longitude:.5f}"}


async def name_of(moment: Moment, person: int, texts: Texts) -> str:
    """What a person is called; «коллега» where nobody knows."""
    return (await moment.tx.people.get(person)).name or texts.say("somebody")


def called(name: str) -> Callable[[Texts], str]:
    """The same of a name that is known already, or empty, for whoever reads it in whatever language."""
    return lambda texts: name or texts.say("somebody")


def organisation_title(moment: Moment, organisation: str, texts: Texts) -> str:
    """The name of an organisation; the curators when there is none."""
    return title_in(moment.region.organisation.get(organisation, moment.region.desk), texts)


def title_in(thing: object, texts: Texts) -> str:
    """The title in the language asked for, as far as the region file has one."""
    english = str(getattr(thing, "title_en", ""))
    return english if texts.language == "en" and english else str(getattr(thing, "title", ""))


def _rounded(left: timedelta) -> timedelta:
    """To whole minutes, up: a day that began two seconds ago is still a day."""
    return timedelta(minutes=-(-int(left.total_seconds()) // 60))


async def _words(moment: Moment, case: Case, texts: Texts) -> list[str]:
    report = case.report
    said = await moment.tx.timeline.said(case.id) if report.files else []
    files = "".join(
        texts.say(f"file-{file.kind}") for message in said if message.kind == "report" and not message.edit_of for file in message.files
    )
    text = shorten(report.text, TEXT_ON_CARD)
    if not text:
        return [texts.say("card-only-files", files=files)] if files else []
    lines = [texts.say("card-text", text=text, files=f" {files}" if files else "")]
    if text != report.text:
        lines.append(texts.say("card-longer", count=len(report.text) - len(text) + 1))
    return lines


async def _author(moment: Moment, case: Case, texts: Texts) -> str:
    """Who wrote, with the family name shortened: colleagues need to tell people apart, not to know them."""
    person = await moment.tx.people.get(case.report.person)
    name = _initialled(person.name) or texts.say("author-unknown")
    count = await moment.tx.incidents.count_of(person.id, moment.now - timedelta(days=30))
    return texts.say("card-author-again", name=name, count=count) if count > 1 else texts.say("card-author", name=name)


def _initialled(name: str) -> str:
    """«Анна К.» of «Анна Примерова»."""
    first, _, last = shorten(name, 60).strip().partition(" ")
    return f"{first} {last.strip()[0]}." if last.strip() else first


async def held_line(moment: Moment, incident: Incident, texts: Texts) -> str:
    """«В работе: Иванова, с 14:20»."""
    holder = await moment.tx.people.get(incident.assignee)
    since = since_when(moment, incident, await held_since(moment, incident), texts)
    return texts.say("card-held", name=holder.name or texts.say("somebody"), since=since)


_FREES = (Action.ASSIGN, Action.REASSIGN, Action.REFUSE, Action.RELEASE)
"""After these nobody holds it."""


async def held_since(moment: Moment, incident: Incident) -> datetime:
    """When the one who holds it took it (answering unasked is taking, too), this time."""
    since = None
    for change in await moment.tx.incidents.history(incident.id):
        if change.action in _FREES:
            since = None
        elif since is None and change.by == incident.assignee and change.role in (Role.OFFICIAL, Role.HEAD):
            since = change.at
    return since or incident.reported_at


def since_when(moment: Moment, incident: Incident, since: datetime, texts: Texts) -> str:
    """«14:20»; of another day with the day: «12 марта, 14:20»."""
    zone = moment.zone(incident.territory)
    today = since.astimezone(zone).date() == moment.now.astimezone(zone).date()
    return texts.hour(since, zone) if today else texts.when(since, zone, moment.now)
