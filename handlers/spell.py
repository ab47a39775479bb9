"""«С какого по какое»: how a period is asked for, understood and said, for /away and /duty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from handlers.turn import Moment, Offer, Offers, Turn
from incidents.periods import Odd, Period, days, parse_period
from locales import Texts

DAYS = (1, 2, 7)
"""What buttons offer: today, today and tomorrow, a week."""


def zone_of(moment: Moment, organisation: str) -> tzinfo:
    """Where an organisation works; the desk, and one that works everywhere, by the region's clock."""
    group = moment.region.organisation.get(organisation)
    return moment.zone(group.territory if group else "")


def offers(turn: Turn, action: str, arguments: Mapping[str, Any]) -> Offers:
    """[Сегодня] [Сегодня и завтра] [Неделя]."""
    buttons = [Offer(turn.t(f"spell-button-{count}"), action, {**arguments, "days": count}) for count in DAYS]
    return [buttons[:2], buttons[2:]]


def chosen(turn: Turn, zone: tzinfo) -> Period:
    """What a button of ``offers`` means now."""
    return days(turn.arguments["days"], turn.now.astimezone(zone))


def typed(turn: Turn, text: str, zone: tzinfo) -> Period | Odd:
    """What a person typed."""
    return parse_period(text, turn.now.astimezone(zone))


def until(moment: Moment, texts: Texts, at: datetime, zone: tzinfo) -> str:
    """«20 марта включительно», «20 марта, 18:00»."""
    local = at.astimezone(zone)
    if local.time() != time():
        return texts.when(at, zone, moment.now)
    return texts.say("spell-day", day=texts.day(local - timedelta(days=1), moment.now.astimezone(zone)))


def said(moment: Moment, texts: Texts, since: datetime, end: datetime, zone: tzinfo) -> str:
    """«до 20 марта включительно», «с 15 марта до 20 марта включительно»."""
    last = until(moment, texts, end, zone)
    if since <= moment.now:
        return texts.say("spell-until", until=last)
    local = since.astimezone(zone)
    first = texts.day(local, moment.now.astimezone(zone)) if local.time() == time() else texts.when(since, zone, moment.now)
    return texts.say("spell-from", since=first, until=last)


def data(period: Period) -> Mapping[str, str]:
    """As a button carries it."""
    return {"since": period.since.isoformat(), "until": period.until.isoformat()}


def carried(arguments: Mapping[str, Any]) -> Period:
    """Out of what a button carried."""
    return Period(datetime.fromisoformat(arguments["since"]), datetime.fromisoformat(arguments["until"]))
