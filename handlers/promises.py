"""A date that is promised to a citizen: offered with buttons, read as people type it, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.turn import Moment, Offer, Turn
from incidents.dates import Wrong, end_of_day, parse_date
from incidents.policies import Policy
from locales import Texts
from storage.incidents import Case

SOONEST = timedelta(minutes=1)
"""A promise for less than this ahead has passed before the citizen reads it."""
DAYS = {"today": 0, "tomorrow": 1, "three-days": 3, "week": 7}
"""The dates that are offered."""


def policy_of(moment: Moment, case: Case) -> Policy:
    """The clock's rules for an incident."""
    return moment.region.policy(case.incident.topic, case.incident.territory)


def local(moment: Moment, case: Case) -> datetime:
    """Now, in the territory's time."""
    return moment.now.astimezone(moment.zone(case.incident.territory))


def typed(turn: Turn, case: Case) -> datetime | Wrong:
    """What was typed, as an instant; working days are those of the territory's calendar."""
    return parse_date(turn.said.text, local(turn, case), policy_of(turn, case).calendar)


def chosen(moment: Moment, case: Case, days: int) -> datetime:
    """The end of a day that was chosen by its button."""
    return end_of_day(local(moment, case), days)


def offers(
    moment: Moment, case: Case, texts: Texts, action: str, carried: Mapping[str, Any], *, after: datetime | None = None
) -> list[list[Offer]]:
    """[Сегодня] [Завтра] [3 дня] [Неделя], as far as they may be promised now, two in a row."""
    possible = [
        Offer(texts.say(f"draft-button-{name}"), action, {**carried, "days": days})
        for name, days in DAYS.items()
        if not why_not(moment, case, texts, chosen(moment, case, days), after=after)
    ]
    return [possible[at : at + 2] for at in range(0, len(possible), 2)]


def why_not(moment: Moment, case: Case, texts: Texts, date: datetime | Wrong, *, after: datetime | None = None) -> str:
    """Why this cannot be promised, in words; empty when it can. ``after``: what was promised before, and must be put off."""
    if isinstance(date, Wrong):
        return texts.say(f"draft-date-{date}")
    when = soon(moment, case, texts, date)
    if date < moment.now + SOONEST:
        return texts.say("draft-date-past", when=when)
    longest = policy_of(moment, case).longest_promise
    if date > moment.now + longest:
        return texts.say("draft-date-far", when=when, longest=texts.span(longest))
    if after and date <= after:
        return texts.say("extend-not-later", when=when, promised=soon(moment, case, texts, after))
    return ""


def soon(moment: Moment, case: Case, texts: Texts, date: datetime) -> str:
    """«сегодня, 20:00», «завтра, 18:00», «15 марта, 18:00»."""
    zone = moment.zone(case.incident.territory)
    days = (date.astimezone(zone).date() - moment.now.astimezone(zone).date()).days
    if days in (0, 1):
        return texts.say("draft-tomorrow" if days else "draft-today", hour=texts.hour(date, zone))
    return texts.when(date, zone, moment.now)
