"""«Что с моей заявкой?»: how a citizen's own incidents stand."""

from __future__ import annotations

from datetime import datetime

from bots.pages import shorten
from handlers.card import organisation_title, place, topic_title
from handlers.turn import Offer, Offers, Turn
from incidents.incident import Status
from storage.incidents import Case

LISTED = 10
"""Incidents in one list."""


async def list_(turn: Turn) -> None:
    """/my, «что с моей заявкой?»: a line for each incident, those that are open first."""
    if not turn.private:
        await turn.whisper("mine-in-private")
        return
    unfinished = await turn.tx.incidents.of_person(turn.person.id, limit=LISTED, open_only=True)
    newest = await turn.tx.incidents.of_person(turn.person.id, limit=LISTED)
    cases = [*unfinished, *(case for case in newest if not case.incident.is_open)][:LISTED]
    if not cases:
        await turn.say("mine-nothing")
        return
    await turn.post(turn.here, "\n".join(status_line(turn, case) for case in cases), incident=cases[0].id if len(cases) == 1 else 0)


async def show_one(turn: Turn, case: Case) -> None:
    """One incident: how it stands, what it is about, what was last said about it, and what its citizen may do now."""
    if case.report.person != turn.person.id:
        await turn.say("mine-unknown", number=case.id)
        return
    if not turn.private:
        await turn.whisper("mine-in-private")
        return
    incident = case.incident
    lines = [status_line(turn, case)]
    if incident.topic or incident.territory or case.report.place:
        lines.append(turn.t("receipt-about", topic=topic_title(turn, incident, turn.texts), place=place(turn, case, turn.texts)))
    last = await turn.tx.timeline.last_said(case.id, ("answer", "interim", "question"))
    if last and last.text:
        lines.append(turn.t("thread-quote", text=shorten(last.text, 1500)))
    await turn.post(turn.here, "\n".join(lines), _offers(turn, case), incident=case.id)


def _offers(turn: Turn, case: Case) -> Offers:
    number = {"number": case.id}
    if case.incident.is_open:
        return [
            [Offer(turn.t("button-other-topic"), "other-topic", number), Offer(turn.t("button-other-place"), "other-place", number)],
            [Offer(turn.t("button-withdraw"), "withdraw", number)],
        ]
    if case.incident.status is Status.ANSWERED:
        return [
            [
                Offer(turn.t("mine-button-solved"), "solved", number),
                Offer(turn.t("mine-button-unsolved"), "unsolved", number | {"verdict": "no"}),
            ]
        ]
    return []


def status_line(turn: Turn, case: Case) -> str:
    """«№ 1042 · в работе · Комитет ЖКХ Барнаула · ответим до 12 марта, 14:05»."""
    incident = case.incident
    parts = [turn.t("number", number=case.id), turn.t(f"status-{incident.status}")]
    if incident.status is Status.CLOSED:
        parts.append(turn.t(f"resolution-{incident.resolution or 'explained'}"))
    elif incident.organisation and incident.status is not Status.PROMISED:
        parts.append(organisation_title(turn, incident.organisation, turn.texts))
    if incident.due_at and incident.is_open and incident.status is not Status.WAITING:
        kind = "promise" if incident.status is Status.PROMISED else "answer"
        late = "late" if incident.due_at <= turn.now else "by"
        parts.append(turn.t(f"mine-{kind}-{late}", when=_when(turn, case, incident.due_at)))
    return " · ".join(parts)


def _when(turn: Turn, case: Case, due: datetime) -> str:
    """The instant; of a promise for another day only the day."""
    zone = turn.zone(case.incident.territory)
    local, today = due.astimezone(zone), turn.now.astimezone(zone)
    if case.incident.status is Status.PROMISED and local.date() != today.date():
        return turn.texts.day(local, today)
    return turn.texts.when(due, zone, turn.now)
