"""A report becomes an incident: a number at once, its owner, a receipt, the place asked for; and it grows while nobody took it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bots.channel import Address, File, Location, Said, Scene
from bots.pages import shorten
from handlers.card import title_in
from handlers.citizen import citizen_texts, danger_line, receipt, refresh_receipt
from handlers.notices import tell_unsorted
from handlers.thread import refresh_cards
from handlers.turn import Moment, Offer, Turn
from incidents.deadlines import hurry, start
from incidents.incident import Action, Change, Deed, Incident, Role, Status
from incidents.reading import read
from incidents.routing import sure_route
from storage.incidents import Case, Report
from storage.people import Person
from storage.posts import Purpose
from storage.timeline import Message

LONG = 4096
LONGEST = 4 * LONG
"""UTF-16 units of a report that grows that are read and shown."""
PLACES = 4
"""Territories that are offered when the place is unknown."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a citizen said, as far as an incident is concerned. ``stored``: their rows in a timeline, when they have been kept already."""

    text: str
    files: tuple[File, ...]
    location: Location | None
    at: datetime
    message: str = ""
    stored: tuple[int, ...] = ()


def words_of(said: Said) -> Words:
    """The words of one message."""
    return Words(said.text.strip(), said.files, said.location, said.at, said.message)


async def open_report(moment: Moment, person: Person, to: Address, scene: Scene, words: Words, *, linked_to: int = 0) -> Case:
    """Store a report at once, give it a number, find its owner, and say so."""
    reading = read(words.text, moment.region)
    account = moment.region.account.get(to.account)
    territory = reading.territory or (account.territory if account else "")
    incident = Incident(id=0, topic=reading.topic, territory=territory, urgent=reading.danger is not None, reported_at=words.at)
    incident = start(incident, moment.region.policy(reading.topic, territory), moment.zone(territory))
    report = Report(
        person=person.id,
        address=to,
        scene=scene,
        text=words.text,
        place=reading.place,
        location=words.location,
        danger=reading.danger.id if reading.danger else "",
        files=len(words.files),
        said_at=words.at,
        linked_to=linked_to,
    )
    case = await moment.tx.incidents.open(incident, report, moment.now)
    await moment.tx.incidents.record(
        Change(
            incident=case.id,
            version=1,
            at=moment.now,
            action=Action.REPORT,
            role=Role.CITIZEN,
            by=person.id,
            before=Status.NEW,
            after=Status.NEW,
        )
    )
    await keep(moment, case.id, words, "report", person, to)
    return await _receive(moment, case)


async def _receive(moment: Moment, case: Case) -> Case:
    """Find the owner and tell the citizen."""
    owner = sure_route(moment.region, case.incident.topic, case.incident.territory)
    if owner:
        case = await moment.act(case, Deed(action=Action.ASSIGN, role=Role.CLOCK, at=moment.now, target=owner))
    else:
        await tell_unsorted(moment, case)
    texts = await citizen_texts(moment, case)
    text, offers = await receipt(moment, case, texts)
    row = await moment.post(case.report.address, text, offers, purpose=Purpose.RECEIPT, incident=case.id)
    case = await moment.tx.incidents.save(Case(case.incident, replace(case.report, receipt=row)))
    if len(case.report.text) > LONG:
        await moment.post(case.report.address, texts.say("too-long"), incident=case.id)
    return case


async def take_in(turn: Turn, words: Words) -> None:
    """A number first, at first contact who we are, and last the one question, so that it stands right above the answer."""
    case = await open_report(turn, turn.person, turn.here, turn.event.scene, words)
    await greet(turn)
    await ask_place(turn, case)


async def greet(turn: Turn) -> bool:
    """At first contact say who runs this bot, how data is handled, and that this is no official appeal. Returns whether it was said."""
    if not await turn.tx.people.greet(turn.here.account, turn.event.sender.id, turn.now):
        return False
    region = turn.region
    operator = region.operator_en if turn.texts.language == "en" and region.operator_en else region.operator
    await turn.say("greeting", operator=operator, privacy=region.privacy_url, appeals=region.appeals_url)
    return True


async def ask_place(moment: Moment, case: Case) -> None:
    """When the place is unknown, one question with the likeliest territories; the incident waits in the curators' queue meanwhile."""
    if case.incident.territory:
        return
    texts = await citizen_texts(moment, case)
    region = moment.region
    account = region.account.get(case.report.address.account)
    reading = read(case.report.text, region)
    likely = [guess.id for guess in reading.territories] + ([account.territory] if account and account.territory else [])
    likely += [territory.id for territory in region.territories if not territory.parent]
    named = [region.territory[place] for place in dict.fromkeys(likely) if place in region.territory][:PLACES]
    places = [Offer(title_in(one, texts), "set-place", {"number": case.id, "territory": one.id}) for one in named]
    offers = [places[at : at + 2] for at in range(0, len(places), 2)]
    offers.append([Offer(texts.say("button-other-place"), "other-place", {"number": case.id})])
    await moment.post(case.report.address, texts.say("ask-place-point"), offers, incident=case.id, ask_place=True)


async def keep(moment: Moment, number: int, words: Words, kind: str, person: Person, to: Address) -> None:
    """Put the words into an incident's timeline, once."""
    if words.stored:
        await moment.tx.timeline.file_under(number, kind, words.stored)
        return
    message = Message(
        kind=kind,
        person=person.id,
        text=words.text,
        files=words.files,
        location=words.location,
        address=to,
        message=words.message,
        at=words.at,
    )
    await moment.tx.timeline.say(number, message)


def longer(report: str, more: str) -> str:
    """A report with what was added to it, as long as anybody would read it; every word is in the timeline."""
    return shorten("\n".join(part for part in (report, more) if part), LONGEST)


async def reread(moment: Moment, case: Case) -> Case:
    """Guess again from the whole text, as long as nobody corrected the guess; find the owner if there was none; show it everywhere."""
    reading = read(case.report.text, moment.region)
    incident, report = case.incident, replace(case.report, place=case.report.place or reading.place)
    if not report.corrected and incident.status is Status.NEW:
        incident = replace(incident, topic=reading.topic or incident.topic, territory=reading.territory or incident.territory)
    alarmed = reading.danger is not None and not incident.urgent
    if reading.danger and alarmed:
        report = replace(report, danger=reading.danger.id)
        incident = hurry(incident, moment.now, moment.region.policy(incident.topic, incident.territory), moment.zone(incident.territory))
    case = await moment.tx.incidents.save(Case(incident, report))
    owner = sure_route(moment.region, incident.topic, incident.territory) if incident.status is Status.NEW else None
    if owner:
        case = await moment.act(case, Deed(action=Action.ASSIGN, role=Role.CLOCK, at=moment.now, target=owner))
    else:
        await refresh_cards(moment, case)
        await refresh_receipt(moment, case)
    if alarmed:
        await moment.post(case.report.address, danger_line(moment, case, await citizen_texts(moment, case)), incident=case.id)
    return case
