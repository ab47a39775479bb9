"""/away: somebody is not at work from when until when, and a colleague stands in; what the deputy and the returned person hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers import enter, spell, work
from handlers.card import name_of, organisation_title, time_left
from handlers.pick import page_of
from handlers.staff import private_place
from handlers.turn import Moment, Offer, Offers, Turn
from incidents.incident import Role
from incidents.periods import Odd, Period
from incidents.responsible import Absence
from locales import Texts
from storage.incidents import Case
from storage.people import Post
from storage.staffing import DESK

LISTED = 20
"""Incidents in one list."""
WORKERS = (Role.OFFICIAL, Role.HEAD, Role.CURATOR)
"""Whose absence matters to the clock."""


# --- saying so ---------------------------------------------------------------------------------------------------------


async def away(turn: Turn) -> None:
    """/away, with or without the dates behind it."""
    places = places_of(turn)
    if not places:
        await enter.help_(turn)
    elif not turn.private:
        await turn.whisper("away-in-private")
    elif text := turn.said.text.partition(" ")[2].strip():
        await _understood(turn, text)
    elif absences := await turn.tx.staffing.absences_of(turn.person.id, turn.now):
        lines, offers = await _standing(turn, absences)
        await turn.post(turn.here, lines, offers)
    else:
        await _ask(turn)


def places_of(turn: Turn) -> Sequence[str]:
    """Where a person works: the organisations, and the desk (empty) of a curator."""
    if turn.event.sender.impersonal:
        return []
    return sorted({DESK if post.role is Role.CURATOR else post.organisation for post in turn.posts if post.role in WORKERS})


async def change(turn: Turn) -> None:
    """[Изменить]: other dates, or another deputy."""
    await turn.quiet()
    if places_of(turn):
        await _ask(turn)


async def back(turn: Turn) -> None:
    """[Я вернулся], [Отменить]."""
    ended = await turn.tx.staffing.come_back(turn.person.id, turn.now)
    if not ended:
        await turn.whisper("away-not")
        return
    await turn.quiet()
    begun = [one for one in ended if one.since <= turn.now]
    await turn.instead(turn.t("away-cancelled") if not begun else await _welcome(turn, turn.texts, turn.person.id))
    for one in begun:
        await _tell_deputy_over(turn, one)


async def _ask(turn: Turn, why: Odd | None = None) -> None:
    lines = [turn.t(f"spell-{why}")] if why else []
    await turn.post(turn.here, "\n".join([*lines, turn.t("away-when")]), spell.offers(turn, "away-days", {}))
    await turn.ask("away-when", number=0, at=turn.now.isoformat(), thread=turn.here.thread)


async def when_said(turn: Turn) -> None:
    """The dates were typed."""
    if not await work.still_asked(turn):
        return
    if places_of(turn):
        await _understood(turn, turn.said.text)
    else:
        await turn.done()
        await enter.help_(turn)


async def days_chosen(turn: Turn) -> None:
    """[Сегодня], [Сегодня и завтра], [Неделя]."""
    places = places_of(turn)
    await turn.quiet()
    if places and turn.private:
        await turn.done()
        await _deputies(turn, spell.chosen(turn, spell.zone_of(turn, places[0])), {})


async def _understood(turn: Turn, text: str) -> None:
    period = spell.typed(turn, text, spell.zone_of(turn, places_of(turn)[0]))
    if isinstance(period, Odd):
        await _ask(turn, period)
        return
    await turn.done()
    await _deputies(turn, period, {})


# --- who stands in -----------------------------------------------------------------------------------------------------


async def _deputies(turn: Turn, period: Period, deputies: Mapping[str, int], line: str = "") -> None:
    """Ask for a deputy in each place that has none yet; when all are known it is done."""
    for place in places_of(turn):
        if place in deputies:
            continue
        choices = await _colleagues(turn, place)
        if choices:
            await _which(turn, period, deputies, place, choices, line)
            return
        deputies = {**deputies, place: 0}
    await _gone(turn, period, deputies)


async def _colleagues(moment: Turn, place: str) -> Sequence[Post]:
    people = moment.tx.people
    posts = await people.officials(place) if place else await people.curators()
    return list({post.person: post for post in posts if post.person != moment.person.id}.values())


async def _which(turn: Turn, period: Period, deputies: Mapping[str, int], place: str, choices: Sequence[Post], line: str) -> None:
    about = {**spell.data(period), "deputies": deputies, "place": place}
    offers = [Offer(post.name or turn.t("somebody"), "away-deputy", {**about, "person": post.person}) for post in choices]
    nobody = Offer(turn.t("away-button-nobody"), "away-deputy", {**about, "person": 0})
    zone = spell.zone_of(turn, place)
    question = turn.t(
        "away-deputy",
        period=spell.said(turn, turn.texts, period.since, period.until, zone),
        organisation=organisation_title(turn, place, turn.texts),
    )
    text = "\n".join([*([line] if line else []), question])
    shown = page_of(turn, offers, "away-deputy", about, last=nobody)
    if turn.offered:
        await turn.instead(text, shown)
    else:
        await turn.post(turn.here, text, shown)


async def deputy_chosen(turn: Turn) -> None:
    """A colleague, [Без заместителя], or another page of the list."""
    await turn.quiet()
    place, period = turn.arguments["place"], spell.carried(turn.arguments)
    if place not in places_of(turn) or period.until <= turn.now:
        await turn.instead(turn.t("press-used"))
        return
    deputies: Mapping[str, int] = turn.arguments["deputies"]
    person = turn.arguments.get("person")
    if person is None:
        await _which(turn, period, deputies, place, await _colleagues(turn, place), "")
        return
    if why := await _cannot(turn, person, place, period):
        turned = [post for post in await _colleagues(turn, place) if post.person != person]
        await _which(turn, period, deputies, place, turned, why)
        return
    await _deputies(turn, period, {**deputies, place: person})


async def _cannot(turn: Turn, person: int, place: str, period: Period) -> str:
    """Why this colleague cannot stand in, in words; empty when they can."""
    if not person:
        return ""
    name = await name_of(turn, person, turn.texts)
    if person not in {post.person for post in await _colleagues(turn, place)}:
        return turn.t("away-deputy-gone", name=name)
    roster = await turn.tx.staffing.roster(place, turn.now)
    both = next((one for one in roster.absences if one.person == person and period.touches(one.since, one.until)), None)
    if both is None:
        return ""
    zone = spell.zone_of(turn, place)
    return turn.t("away-deputy-away", name=name, period=spell.said(turn, turn.texts, both.since, both.until, zone))


async def _gone(turn: Turn, period: Period, deputies: Mapping[str, int]) -> None:
    """It is said: kept, told back, and the deputies hear of it when it begins."""
    before = await turn.tx.staffing.come_back(turn.person.id, turn.now)
    for one in before:
        if one.since <= turn.now and one.deputy and deputies.get(one.organisation) != one.deputy:
            await _tell_deputy_over(turn, one)
    told = []
    for place in places_of(turn):
        absence = Absence(turn.person.id, place, period.since, period.until, deputies.get(place, 0))
        identifier = await turn.tx.staffing.go_away(absence, turn.now)
        told.append(identifier)
        await _later(turn, "away-begins", identifier, period.since)
    await _later(turn, "away-ends", told[0], period.until)
    absences = await turn.tx.staffing.absences_of(turn.person.id, turn.now)
    lines, offers = await _standing(turn, absences)
    await turn.instead(lines, offers) if turn.offered else await turn.post(turn.here, lines, offers)


async def _later(turn: Turn, kind: str, identifier: int, at: datetime) -> None:
    raw = {"kind": kind, "absence": identifier}
    await turn.tx.inbox.later(f"{kind}/{identifier}", raw, lane=f"away/{turn.person.id}", at=turn.now, handle_after=at)


async def _standing(turn: Turn, absences: Sequence[Absence]) -> tuple[str, Offers]:
    """How it stands: from when until when, who stands in, what is not covered."""
    first = absences[0]
    zone = spell.zone_of(turn, first.organisation)
    lines = [turn.t("away-standing", period=spell.said(turn, turn.texts, first.since, first.until, zone))]
    for one in absences:
        organisation = organisation_title(turn, one.organisation, turn.texts)
        if one.deputy:
            name = await name_of(turn, one.deputy, turn.texts)
            lines.append(turn.t("away-standing-deputy", organisation=organisation, name=name))
        else:
            lines.append(turn.t("away-standing-nobody", organisation=organisation))
        lines += await _clashes(turn, one)
    begun = first.since <= turn.now
    done = Offer(turn.t("away-button-back" if begun else "away-button-cancel"), "away-back")
    return "\n".join(lines), [[done, Offer(turn.t("away-button-change"), "away-change")]]


async def _clashes(turn: Turn, absence: Absence) -> Sequence[str]:
    """What somebody else should see to meanwhile: their shifts, and those they stand in for."""
    roster = await turn.tx.staffing.roster(absence.organisation, turn.now)
    period, zone = Period(absence.since, absence.until), spell.zone_of(turn, absence.organisation)
    lines = []
    if any(one.person == turn.person.id and period.touches(one.since, one.until) for one in roster.shifts):
        lines.append(turn.t("away-on-duty"))
    for one in roster.absences:
        if one.deputy == turn.person.id and period.touches(one.since, one.until):
            name = await name_of(turn, one.person, turn.texts)
            lines.append(turn.t("away-stands-in", name=name, period=spell.said(turn, turn.texts, one.since, one.until, zone)))
    return lines


# --- when it begins and ends -------------------------------------------------------------------------------------------


async def begins(moment: Moment, raw: Mapping[str, Any]) -> None:
    """The absence begins: the deputy hears what is open, with its deadlines."""
    found = await moment.tx.staffing.absence(raw["absence"])
    if found is None or found[1] or found[0].until <= moment.now:
        return
    absence = found[0]
    deputy = await _reach(moment, absence.deputy, absence.organisation)
    if deputy is None:
        return
    post, texts = deputy, moment.texts_for(deputy.language)
    name = await name_of(moment, absence.person, texts)
    zone = spell.zone_of(moment, absence.organisation)
    held = await _held(moment, absence)
    lines = [texts.say("away-begins", name=name, until=spell.until(moment, texts, absence.until, zone))]
    lines += _listed(moment, texts, held)
    buttons = [Offer(texts.say("number", number=case.id), "open", {"number": case.id}) for case in held[:8]]
    offers = [buttons[at : at + 4] for at in range(0, len(buttons), 4)]
    place = await private_place(moment, post.person, [post])
    if place:
        await moment.post(place, "\n".join([*lines, *([] if held else [texts.say("away-begins-nothing")])]), offers)


async def ends(moment: Moment, raw: Mapping[str, Any]) -> None:
    """The absence is over: the person hears what waits for them, the deputies that they need not stand in any more."""
    found = await moment.tx.staffing.absence(raw["absence"])
    if found is None or found[1]:
        return
    person = found[0].person
    posts = [post for post in await moment.tx.people.posts_of(person) if post.role in WORKERS]
    place = await private_place(moment, person, posts) if posts else None
    if place:
        texts = moment.texts_for(posts[0].language)
        await moment.post(place, await _welcome(moment, texts, person))
    for absence in await moment.tx.staffing.ended_with(found[0]):
        await _tell_deputy_over(moment, absence)


async def _tell_deputy_over(moment: Moment, absence: Absence) -> None:
    post = await _reach(moment, absence.deputy, absence.organisation)
    place = await private_place(moment, absence.deputy, [post]) if post else None
    if post and place:
        texts = moment.texts_for(post.language)
        name = await name_of(moment, absence.person, texts)
        await moment.post(place, texts.say("away-over", name=name))


async def _reach(moment: Moment, person: int, organisation: str) -> Post | None:
    """The role by which somebody stands in; None when they lost it."""
    if not person:
        return None
    people = moment.tx.people
    posts = await people.officials(organisation) if organisation else await people.curators()
    return next((post for post in posts if post.person == person), None)


async def _welcome(moment: Moment, texts: Texts, person: int) -> str:
    held = [case for case in await moment.tx.incidents.held_by(person) if case.incident.is_open]
    return "\n".join([texts.say("away-welcome", count=len(held)), *_listed(moment, texts, held)])


async def _held(moment: Moment, absence: Absence) -> Sequence[Case]:
    cases = await moment.tx.incidents.held_by(absence.person)
    return [case for case in cases if case.incident.organisation == absence.organisation and case.incident.is_open]


def _listed(moment: Moment, texts: Texts, cases: Sequence[Case]) -> Sequence[str]:
    lines = [texts.say("away-incident", number=case.id, time=time_left(moment, case.incident, texts)) for case in cases[:LISTED]]
    return [*lines, texts.say("away-more", count=len(cases) - LISTED)] if len(cases) > LISTED else lines
