"""Periods as people type them, said on Wednesday, 11 March 2026, 14:00 in Barnaul."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from incidents.periods import Odd, Period, days, parse_period

ZONE = ZoneInfo("Asia/Barnaul")
NOW = datetime(2026, 3, 11, 14, tzinfo=ZONE)


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("до пятницы", NOW, at(3, 14)),
        ("по пятницу", NOW, at(3, 14)),
        ("до 20 марта", NOW, at(3, 21)),
        ("до завтра", NOW, at(3, 13)),
        ("до завтра 12:00", NOW, at(3, 12, 12)),
        ("до 18:00", NOW, at(3, 11, 18)),
        ("сегодня", NOW, at(3, 12)),
        ("завтра", at(3, 12), at(3, 13)),
        ("25 марта", at(3, 25), at(3, 26)),
        ("15–20 марта", at(3, 15), at(3, 21)),
        ("15-20 марта", at(3, 15), at(3, 21)),
        ("с 15 по 20 марта", at(3, 15), at(3, 21)),
        ("с 15 марта по 2 апреля", at(3, 15), at(4, 3)),
        ("15 марта – 2 апреля", at(3, 15), at(4, 3)),
        ("15.03–20.03.2026", at(3, 15), at(3, 21)),
        ("с завтра до пятницы", at(3, 12), at(3, 14)),
        ("с 12 марта 8:00 до 13 марта 8:00", at(3, 12, 8), at(3, 13, 8)),
        ("на неделю", NOW, at(3, 18)),
        ("неделю", NOW, at(3, 18)),
        ("3 дня", NOW, at(3, 14)),
        ("на два дня", NOW, at(3, 13)),
        ("через 2 часа", NOW, at(3, 11, 16)),
        ("until friday", NOW, at(3, 14)),
        ("from 15 march to 20 march", at(3, 15), at(3, 21)),
        ("С 15 По 20 Марта.", at(3, 15), at(3, 21)),
        ("с 1 по 20 марта", NOW, at(3, 21)),
    ],
)
def test_what_people_type(text: str, since: datetime, until: datetime) -> None:
    assert parse_period(text, NOW) == Period(since, until)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("", Odd.UNCLEAR),
        ("когда-нибудь", Odd.UNCLEAR),
        ("31 февраля", Odd.NO_DAY),
        ("с 31 февраля по 3 марта", Odd.NO_DAY),
        ("20–15 марта", Odd.BACKWARDS),
        ("до вчера", Odd.PAST),
        ("до 10 марта", Odd.PAST),
        ("до 20 марта 2031", Odd.LONG),
        ("0 дней", Odd.UNCLEAR),
    ],
)
def test_what_is_none(text: str, odd: Odd) -> None:
    assert parse_period(text, NOW) is odd


def test_buttons_count_today() -> None:
    assert days(1, NOW) == Period(NOW, at(3, 12))
    assert days(7, NOW) == Period(NOW, at(3, 18))


def test_periods_that_touch_have_time_in_common() -> None:
    period = Period(at(3, 15), at(3, 21))
    assert period.touches(at(3, 20), at(3, 25))
    assert not period.touches(at(3, 21), at(3, 25))
