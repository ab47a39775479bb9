"""The list of the day: /my of officials, heads and curators, and the words their digests are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

from bots.channel import Pressed
from bots.pages import shorten
from handlers import standing
from handlers.card import name_of, organisation_title, place, topic_title
from handlers.turn import Moment, Offer, Offers, Turn
from incidents.agenda import AGENDA, Section, midnight
from incidents.incident import Incident, Role, Status, Timer
from incidents.regional import Region
from locales import Texts
from storage.agendas import Agenda, Whose
from storage.incidents import Case

PAGE = 8
"""Incidents on one page: with two buttons to turn it they are the ten that VK's keyboards hold."""
WAITS = timedelta(minutes=5)
"""An answer that its messenger has not taken for so long counts as undelivered."""
_PLACE = 48
"""UTF-16 units of a place in a line: the rest is on the card."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose list it is, and where their day ends."""

    role: Role
    person: int
    whose: Whose
    zone: tzinfo


# --- /my ---------------------------------------------------------------------------------------------------------------


async def list_(turn: Turn) -> None:
    """/my: what is mine to do. Who holds no role hears how their own reports stand; who does both hears both."""
    desks = await _desks(turn)
    for desk in desks:
        await _show(turn, desk)
    if not desks or (turn.private and await turn.tx.incidents.of_person(turn.person.id, limit=1)):
        await standing.list_(turn)


async def page(turn: Turn) -> None:
    """[Ещё], [Назад]: another page in the same message; below a digest, which stays as it is, the list comes in a new one."""
    role, section = Role(turn.arguments["role"]), turn.arguments.get("section")
    desk = next((desk for desk in await _desks(turn) if desk.role is role), None)
    if desk is None:
        await turn.whisper("agenda-not-yours")
        return
    await turn.quiet()
    await _show(turn, desk, turn.arguments["offset"], only=Section(section) if section else None)


async def _desks(turn: Turn) -> Sequence[Desk]:
    """The lists this person has here: in private one for each kind of role; in a group only what is its business."""
    if not turn.is_staff:
        return []
    owner, desk = "", True
    if not turn.private:
        chat = await turn.tx.chats.get(turn.here.account, turn.here.chat)
        owner, desk = (chat.organisation, chat.desk) if chat else ("", False)
    held = {role: [post.organisation for post in turn.posts if post.role is role] for role in AGENDA}
    if not turn.private:
        held |= {role: [owner] if owner and owner in held[role] else [] for role in (Role.OFFICIAL, Role.HEAD)}
    desks: list[Desk] = []
    if found := held[Role.OFFICIAL]:
        shares = {(organisation, holder) for organisation in found for holder in (0, turn.person.id)} | await _stands_in(turn, found)
        desks.append(Desk(Role.OFFICIAL, turn.person.id, Whose(shares=frozenset(shares)), home(turn.region, found[0])))
    if found := held[Role.HEAD]:
        desks.append(Desk(Role.HEAD, turn.person.id, Whose(organisations=frozenset(found)), home(turn.region, found[0])))
    if turn.is_curator and desk:
        desks.append(Desk(Role.CURATOR, turn.person.id, Whose(), turn.region.zone))
    return desks


async def _stands_in(turn: Turn, organisations: Sequence[str]) -> set[tuple[str, int]]:
    """The shares of those who are away and whose deputy this person is."""
    return {
        (absence.organisation, absence.person)
        for organisation in organisations
        for absence in (await turn.tx.staffing.roster(organisation, turn.now)).absences
        if absence.deputy == turn.person.id and absence.since <= turn.now < absence.until
    }


async def _show(turn: Turn, desk: Desk, offset: int = 0, *, only: Section | None = None) -> None:
    sections = [only] if only else AGENDA[desk.role]
    agenda = await read(turn, desk, sections, most=offset + PAGE)
    offset = offset if offset < agenda.total else 0
    shown = agenda.entries[offset : offset + PAGE]
    await turn.tx.people.names_ahead({case.incident.assignee for _, case in shown if case.incident.assignee})
    if shown:
        lines = [turn.t(f"agenda-{desk.role}", count=agenda.total)]
        lines += await words(turn, turn.texts, desk, agenda, shown, rest=offset == 0)
        text, offers = "\n".join(lines), _offers(turn.texts, shown, _turning(turn.texts, desk.role, agenda, offset, only))
    else:
        text, offers = turn.t("agenda-nothing"), ()
    if isinstance(turn.event, Pressed) and not turn.arguments.get("anew"):
        await turn.instead(text, offers)
    else:
        await turn.post(turn.here, text, offers)


async def read(moment: Moment, desk: Desk, sections: Sequence[Section], most: int) -> Agenda:
    """Somebody's list as it stands."""
    lost = await undelivered(moment) if Section.UNDELIVERED in sections else ()
    ends = midnight(moment.now, desk.zone)
    (agenda,) = await moment.tx.agendas.read([desk.whose], sections, moment.now, ends, most=most, undelivered=lost)
    return agenda


async def undelivered(moment: Moment) -> Sequence[int]:
    """Whose answer did not arrive, or perhaps not."""
    return await moment.tx.outbox.undelivered(moment.now - WAITS)


def home(region: Region, organisation: str) -> tzinfo:
    """The time zone in which an organisation works; the region's for curators."""
    found = region.organisation.get(organisation)
    return region.zone_of(found.territory) if found else region.zone


# --- words -------------------------------------------------------------------------------------------------------------


async def words(
    moment: Moment, texts: Texts, desk: Desk, agenda: Agenda, shown: Sequence[tuple[Section, Case]], *, rest: bool
) -> Sequence[str]:
    """Section by section, a line each; ``rest``: what is not shown is counted at least."""
    lines: list[str] = []
    headed: list[Section] = []
    for section, case in shown:
        if section not in headed:
            headed.append(section)
            lines += ["", texts.say(f"agenda-{section}", count=agenda.counts[section])]
        lines.append(await _line(moment, texts, desk, section, case))
    left = [section for section in agenda.counts if section not in headed] if rest else []
    return [*lines, *([""] if left else []), *(texts.say(f"agenda-{section}", count=agenda.counts[section]) for section in left)]


async def _line(moment: Moment, texts: Texts, desk: Desk, section: Section, case: Case) -> str:
    """«№ 12 · ЖКХ · Барнаул, ул. Ленина, 15 · до 14:05»."""
    incident = case.incident
    parts = [texts.say("number", number=case.id), topic_title(moment, incident, texts), shorten(place(moment, case, texts), _PLACE)]
    parts.append(_time(moment, texts, incident))
    if desk.role is Role.CURATOR:
        parts.append(organisation_title(moment, incident.organisation, texts) if incident.organisation else "")
    elif not incident.assignee:
        parts.append("" if section is Section.FREE else texts.say("watch-not-taken"))
    elif incident.assignee != desk.person:
        parts.append(await name_of(moment, incident.assignee, texts))
    return " · ".join(part for part in parts if part)


def _time(moment: Moment, texts: Texts, incident: Incident) -> str:
    """«до 14:05» of today, «до 13 марта, 14:05», «просрочено на 3 ч»; nothing where nobody owes anything."""
    due, zone = incident.due_at, moment.zone(incident.territory)
    if due is None or incident.status in (Status.ANSWERED, Status.CLOSED):
        return ""
    if incident.timer is Timer.PAUSED:
        return texts.say("agenda-waits", when=texts.when(due, zone, moment.now))
    if due <= moment.now:
        return texts.say("agenda-late", left=texts.span(moment.now - due))
    today = due.astimezone(zone).date() == moment.now.astimezone(zone).date()
    return texts.say("agenda-by", when=texts.hour(due, zone) if today else texts.when(due, zone, moment.now))


# --- buttons -----------------------------------------------------------------------------------------------------------


def offers(texts: Texts, role: Role, agenda: Agenda, *, only: Section | None = None) -> Offers:
    """Below a digest: one button for each line, which opens its card, and one for the rest."""
    shown = agenda.entries[:PAGE]
    left = agenda.total - len(shown)
    about = _about(role, len(shown), only) | {"anew": True}
    return _offers(texts, shown, [Offer(texts.say("agenda-button-rest", count=left), "agenda", about)] if left else [])


def _offers(texts: Texts, shown: Sequence[tuple[Section, Case]], last: Sequence[Offer]) -> Offers:
    buttons = [Offer(texts.say("number", number=case.id), "open", {"number": case.id}) for _, case in shown]
    rows = [buttons[at : at + 4] for at in range(0, len(buttons), 4)]
    return [*rows, last] if last else rows


def _turning(texts: Texts, role: Role, agenda: Agenda, offset: int, only: Section | None) -> Sequence[Offer]:
    turning = [Offer(texts.say("button-back"), "agenda", _about(role, max(offset - PAGE, 0), only))] if offset else []
    if offset + PAGE < agenda.total:
        turning.append(Offer(texts.say("button-more"), "agenda", _about(role, offset + PAGE, only)))
    return turning


def _about(role: Role, offset: int, only: Section | None) -> dict[str, Any]:
    return {"role": role, "offset": offset} | ({"section": only} if only else {})
