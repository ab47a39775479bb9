"""Dates as people type them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.calendar import RUSSIA, Calendar
from incidents.dates import Wrong, end_of_day, find_date, parse_date

BARNAUL = ZoneInfo("Asia/Barnaul")
NOW = datetime(2026, 3, 11, 14, 31, 25, tzinfo=BARNAUL)
"""A Wednesday."""


def at(month: int, day: int, hour: int = 18, minute: int = 0, *, year: int = 2026) -> datetime:
    """A local instant."""
    return datetime(year, month, day, hour, minute, tzinfo=BARNAUL)


MEANT: Sequence[tuple[str, datetime]] = (
    # today, tomorrow and the hours of a day
    ("сегодня", at(3, 11)),
    ("Сегодня!", at(3, 11)),
    ("сег", at(3, 11)),
    ("в течение дня", at(3, 11)),
    ("Завтра", at(3, 12)),
    ("на завтра", at(3, 12)),
    ("завтра к 18", at(3, 12)),
    ("завтра к18", at(3, 12)),
    ("завтра в 9:30", at(3, 12, 9, 30)),
    ("завтра в 18 00", at(3, 12)),
    ("завтра до 18-30", at(3, 12, 18, 30)),
    ("к 12 завтра", at(3, 12, 12)),
    ("завтра до 15 часов", at(3, 12, 15)),
    ("завтра к 15ч.", at(3, 12, 15)),
    ("завтра до 18 часов 30 минут", at(3, 12, 18, 30)),
    ("завтра к шести вечера", at(3, 12)),
    ("завтра в час дня", at(3, 12, 13)),
    ("завтра до двух часов дня", at(3, 12, 14)),
    ("завтра утром", at(3, 12, 12)),
    ("завтра с утра", at(3, 12, 12)),
    ("завтра до обеда", at(3, 12, 13)),
    ("завтра в первой половине дня", at(3, 12, 13)),
    ("завтра после обеда", at(3, 12)),
    ("завтра во второй половине дня", at(3, 12)),
    ("завтра вечером", at(3, 12, 21)),
    ("завтра вечерком", at(3, 12, 21)),
    ("завтра до конца рабочего дня", at(3, 12)),
    ("до конца завтрашнего дня", at(3, 12)),
    ("завтра до 24:00", at(3, 12, 23, 59)),
    ("послезавтра", at(3, 13)),
    ("послезавтра к обеду", at(3, 13, 13)),
    ("следующий день", at(3, 12)),
    ("до 20:00", at(3, 11, 20)),
    ("до 20 часов", at(3, 11, 20)),
    ("к 18", at(3, 11)),
    ("к 18.30", at(3, 11, 18, 30)),
    ("до 18ч", at(3, 11)),
    ("сегодня до 20.10", at(3, 11, 20, 10)),
    ("сегодня до 8 вечера", at(3, 11, 20)),
    ("сегодня к пяти часам вечера", at(3, 11, 17)),
    ("к вечеру", at(3, 11, 21)),
    ("до вечера", at(3, 11, 21)),
    ("до ночи", at(3, 11, 23, 59)),
    ("до конца дня", at(3, 11, 23, 59)),
    ("к концу рабочего дня", at(3, 11)),
    # days of the week
    ("до пятницы", at(3, 13)),
    ("пятница", at(3, 13)),
    ("к пятнице", at(3, 13)),
    ("до пт", at(3, 13)),
    ("пт 15:00", at(3, 13, 15)),
    ("в чт.", at(3, 12)),
    ("в ближайшую пятницу", at(3, 13)),
    ("в эту пятницу до 12", at(3, 13, 12)),
    ("в среду", at(3, 18)),
    ("до следующего понедельника", at(3, 16)),
    ("в след. пятницу", at(3, 20)),
    ("во вторник на следующей неделе", at(3, 17)),
    ("на следующей неделе в среду", at(3, 18)),
    ("до воскресенья включительно", at(3, 15)),
    ("в пятницу, 13 марта", at(3, 13)),
    ("13 марта (пятница), 15:00", at(3, 13, 15)),
    ("до выходных", at(3, 13)),
    # days of a month
    ("15 марта", at(3, 15)),
    ("15марта", at(3, 15)),
    ("15-го марта", at(3, 15)),
    ("15 мар", at(3, 15)),
    ("не позднее 15 марта", at(3, 15)),
    ("срок до 15 марта", at(3, 15)),
    ("ответим до 15 марта", at(3, 15)),
    ("до 15 марта, 14:00", at(3, 15, 14)),
    ("15 марта к обеду", at(3, 15, 13)),
    ("пятнадцатого марта", at(3, 15)),
    ("до двадцать первого марта", at(3, 21)),
    ("15.03", at(3, 15)),
    ("до 15.03", at(3, 15)),
    ("до 15.03.", at(3, 15)),
    ("15.3", at(3, 15)),
    ("15/03", at(3, 15)),
    ("15-03", at(3, 15)),
    ("15,03", at(3, 15)),
    ("15.03.26", at(3, 15)),
    ("15/03/2026", at(3, 15)),
    ("15.03.2026г.", at(3, 15)),
    ("2026-03-15", at(3, 15)),
    ("15.03.2026 14:00", at(3, 15, 14)),
    ("15.03 к 12", at(3, 15, 12)),
    ("2 апреля 2027 года", at(4, 2, year=2027)),
    ("1 мая", at(5, 1)),
    ("к 15-му", at(3, 15)),
    ("до 20-го", at(3, 20)),
    ("до 20го", at(3, 20)),
    ("до двадцатого", at(3, 20)),
    ("20 числа", at(3, 20)),
    ("до 5 числа", at(4, 5)),
    ("10-12 апреля", at(4, 12)),
    ("с 15 по 20 марта", at(3, 20)),
    # so long from now
    ("через 2 часа", at(3, 11, 16, 31)),
    ("через2 часа", at(3, 11, 16, 31)),
    ("2ч", at(3, 11, 16, 31)),
    ("часа через два", at(3, 11, 16, 31)),
    ("часа два", at(3, 11, 16, 31)),
    ("пару часов", at(3, 11, 16, 31)),
    ("2-3 часа", at(3, 11, 17, 31)),
    ("в течение часа", at(3, 11, 15, 31)),
    ("через час", at(3, 11, 15, 31)),
    ("через часик", at(3, 11, 15, 31)),
    ("через полтора часа", at(3, 11, 16, 1)),
    ("через 1,5 часа", at(3, 11, 16, 1)),
    ("через час 20 минут", at(3, 11, 15, 51)),
    ("через 2 ч 30 мин", at(3, 11, 17, 1)),
    ("через полчаса", at(3, 11, 15, 1)),
    ("полчаса", at(3, 11, 15, 1)),
    ("минут 40", at(3, 11, 15, 11)),
    ("30 мин.", at(3, 11, 15, 1)),
    ("через сутки", at(3, 12, 14, 31)),
    ("в течение суток", at(3, 12, 14, 31)),
    ("24 часа", at(3, 12, 14, 31)),
    ("через полтора дня", at(3, 13, 2, 31)),
    ("через три дня", at(3, 14)),
    ("дня через три", at(3, 14)),
    ("3 дня", at(3, 14)),
    ("3х дней", at(3, 14)),
    ("в течении 3-х дней", at(3, 14)),
    ("в теч. 3 дней", at(3, 14)),
    ("за 3 дня", at(3, 14)),
    ("в ближайшие 3 дня", at(3, 14)),
    ("в 3-дневный срок", at(3, 14)),
    ("в трёхдневный срок", at(3, 14)),
    ("пару дней", at(3, 13)),
    ("10 календарных дней", at(3, 21)),
    ("десять дней", at(3, 21)),
    ("неделю", at(3, 18)),
    ("недельку", at(3, 18)),
    ("через неделю к обеду", at(3, 18, 13)),
    ("через две недели", at(3, 25)),
    ("недели две", at(3, 25)),
    ("через месяц", at(4, 11)),
    ("через полгода", at(9, 11)),
    ("через год", at(3, 11, year=2027)),
    # working days
    ("3 рабочих дня", at(3, 16)),
    ("3 раб. дня", at(3, 16)),
    ("3 р.д.", at(3, 16)),
    ("в течение трёх рабочих дней", at(3, 16)),
    ("в течение 5-ти рабочих дней", at(3, 18)),
    ("не позднее 3 рабочих дней", at(3, 16)),
    # the end of something
    ("до конца недели", at(3, 13)),
    ("к концу недели", at(3, 13)),
    ("до конца рабочей недели", at(3, 13)),
    ("на этой неделе", at(3, 13)),
    ("до следующей недели", at(3, 13)),
    ("на следующей неделе", at(3, 20)),
    ("до конца следующей недели", at(3, 20)),
    ("до конца месяца", at(3, 31)),
    ("до конца следующего месяца", at(4, 30)),
    ("до конца марта", at(3, 31)),
    ("в апреле", at(4, 30)),
    ("в конце апреля", at(4, 30)),
    ("до конца квартала", at(3, 31)),
    ("до конца года", at(12, 31)),
    ("до Нового года", at(12, 31)),
    ("до НГ", at(12, 31)),
    # slips of the finger
    ("зафтра", at(3, 12)),
    ("завтро", at(3, 12)),
    ("сгодня", at(3, 11)),
    ("послезватра", at(3, 13)),
    ("до пятнецы", at(3, 13)),
    ("до пятнциы", at(3, 13)),
    ("до понидельника", at(3, 16)),
    ("в четверк", at(3, 12)),
    ("15 мрата", at(3, 15)),
    ("15 марат", at(3, 15)),
    ("20 аперля", at(4, 20)),
    ("2 апрля", at(4, 2)),
    ("через 2 неделли", at(3, 25)),
    ("чрез 2 часа", at(3, 11, 16, 31)),
    ("до конца недили", at(3, 13)),
    ("3 рабочх дня", at(3, 16)),
    # English
    ("today", at(3, 11)),
    ("tomorrow at 5 pm", at(3, 12, 17)),
    ("in 2 hours", at(3, 11, 16, 31)),
    ("in half an hour", at(3, 11, 15, 1)),
    ("by Friday", at(3, 13)),
    ("next Friday", at(3, 20)),
    ("15 March", at(3, 15)),
    ("March 15, 2026", at(3, 15)),
    ("in a week", at(3, 18)),
    ("3 working days", at(3, 16)),
    ("by the end of the week", at(3, 13)),
    ("by the end of the month", at(3, 31)),
)


@pytest.mark.parametrize(("text", "meant"), MEANT)
def test_a_date_is_read(text: str, meant: datetime) -> None:
    assert parse_date(text, NOW) == meant


REFUSED: Sequence[tuple[str, Wrong]] = (
    ("31 февраля", Wrong.DAY),
    ("до 31 февраля", Wrong.DAY),
    ("до 31.02", Wrong.DAY),
    ("30.02.2026", Wrong.DAY),
    ("29 февраля", Wrong.DAY),
    ("29.02.2027", Wrong.DAY),
    ("32 марта", Wrong.DAY),
    ("31 апреля к обеду", Wrong.DAY),
    ("0 марта", Wrong.DAY),
    ("до 40 числа", Wrong.DAY),
    ("15.13.2026", Wrong.DAY),
    ("31 feb", Wrong.DAY),
    ("завтра в 25:00", Wrong.HOUR),
    ("завтра к 12:75", Wrong.HOUR),
    ("99:99", Wrong.HOUR),
    ("завтра или послезавтра", Wrong.UNCLEAR),
    ("завтра, послезавтра", Wrong.SEVERAL),
    ("15 марта, 20 марта", Wrong.SEVERAL),
    ("в пятницу, 14 марта", Wrong.SEVERAL),
    ("15.13", Wrong.UNCLEAR),
    ("12", Wrong.UNCLEAR),
    ("до 25", Wrong.UNCLEAR),
    ("", Wrong.UNCLEAR),
    ("   ", Wrong.UNCLEAR),
    ("?", Wrong.UNCLEAR),
    ("скоро", Wrong.UNCLEAR),
    ("сейчас", Wrong.UNCLEAR),
    ("на днях", Wrong.UNCLEAR),
    ("в ближайшее время", Wrong.UNCLEAR),
    ("как только придут материалы", Wrong.UNCLEAR),
    ("в установленный срок", Wrong.UNCLEAR),
    ("весной", Wrong.UNCLEAR),
    ("летом", Wrong.UNCLEAR),
    ("несколько дней", Wrong.UNCLEAR),
    ("через несколько часов", Wrong.UNCLEAR),
    ("может быть завтра утречком", Wrong.UNCLEAR),
    ("не завтра", Wrong.UNCLEAR),
    ("после 15 марта", Wrong.UNCLEAR),
    ("после выходных", Wrong.UNCLEAR),
    ("с 15 марта", Wrong.UNCLEAR),
    ("не ранее 15 марта", Wrong.UNCLEAR),
    ("не раньше пятницы", Wrong.UNCLEAR),
    ("завтра в 18:00 мск", Wrong.UNCLEAR),
    ("в начале следующей недели", Wrong.UNCLEAR),
    ("в середине марта", Wrong.UNCLEAR),
    ("к 9 мая и к 12 июня", Wrong.UNCLEAR),
    ("15 марта будет собрание", Wrong.UNCLEAR),
    ("до первого снега", Wrong.UNCLEAR),
    ("до 5 подъезда", Wrong.UNCLEAR),
    ("среди недели", Wrong.UNCLEAR),
    ("марка 15", Wrong.UNCLEAR),
    ("8-800-000-00-00", Wrong.UNCLEAR),
    ("24/7", Wrong.UNCLEAR),
    ("завтра " * 40, Wrong.UNCLEAR),
)


@pytest.mark.parametrize(("text", "wrong"), REFUSED)
def test_what_is_no_date_says_why(text: str, wrong: Wrong) -> None:
    assert parse_date(text, NOW) is wrong


def test_what_has_passed_is_told_as_it_was_said() -> None:
    assert parse_date("10 марта", NOW) == at(3, 10)


def test_yesterday_is_a_date_too() -> None:
    assert parse_date("вчера в 12:00", NOW) == at(3, 10, 12)


HOLIDAYS = Calendar(
    id="test", holidays=frozenset({date(2026, 3, 12), date(2026, 3, 13)}), working=frozenset({date(2026, 3, 14)}), years=frozenset({2026})
)
"""Days off in the middle of the week, and a Saturday on which people work."""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 рабочий день", at(3, 14)),
        ("3 рабочих дня", at(3, 17)),
        ("3 дня", at(3, 14)),
        ("до конца недели", at(3, 14)),
        ("до выходных", at(3, 11)),
        ("9999 рабочих дней", None),
    ],
)
def test_working_days_are_those_of_the_calendar(text: str, meant: datetime | None) -> None:
    read = parse_date(text, NOW, HOLIDAYS)
    assert read == meant if meant else isinstance(read, datetime) and read > at(3, 11, year=2027)


def test_russia_rests_on_its_holidays() -> None:
    assert parse_date("через 2 рабочих дня", at(4, 30, 12), RUSSIA) == at(5, 5)


def test_on_a_weekend_the_end_of_the_week_is_its_sunday() -> None:
    assert parse_date("до конца недели", at(3, 14, 12)) == at(3, 15)


def test_before_the_days_off_on_a_weekend_means_the_next_ones() -> None:
    assert parse_date("до выходных", at(3, 14, 12)) == at(3, 20)


def test_in_the_evening_within_the_day_means_until_it_ends() -> None:
    assert parse_date("в течение дня", at(3, 11, 21, 30)) == at(3, 11, 23, 59)


def test_the_end_of_a_working_day_that_is_over_has_passed() -> None:
    assert parse_date("до конца рабочего дня", at(3, 11, 20)) == at(3, 11)


def test_a_day_near_the_new_year_is_of_the_next_one() -> None:
    assert parse_date("10 января", at(12, 28)) == at(1, 10, year=2027)


def test_a_month_later_than_the_31st_is_the_last_day() -> None:
    assert parse_date("через месяц", at(1, 31)) == at(2, 28)


@pytest.mark.parametrize(("hour", "ends"), [(9, (18, 0)), (16, (18, 0)), (17, (22, 0)), (20, (22, 0)), (21, (23, 59))])
def test_today_ends_later_when_it_is_late(hour: int, ends: tuple[int, int]) -> None:
    assert end_of_day(at(3, 11, hour)) == at(3, 11, *ends)


def test_another_day_ends_with_work() -> None:
    assert end_of_day(at(3, 11, 22), 3) == at(3, 14)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Бригада выехала, воду перекрыли, трубу заменят сегодня до 20:00", at(3, 11, 20)),
        ("Бригада выехала сегодня в 15:00, трубу заменят до 20:00", at(3, 11, 20)),
        ("Отключили вчера в 18:00, завтра к 12 починим", at(3, 12, 12)),
        ("Снег уберём до пятницы", at(3, 13)),
        ("Ответим в течение 5 рабочих дней", at(3, 18)),
        ("Ответим в течение трёх рабочих дней", at(3, 16)),
        ("Работы ведутся с 10 марта, закончим до 15 марта", at(3, 15)),
        ("Бригада приедет завтра до 18 часов", at(3, 12)),
        ("Устраним до конца недели, просим прощения", at(3, 13)),
        ("Подъезд помоют до 20-го.", at(3, 20)),
        ("We will fix it by Friday", at(3, 13)),
    ],
)
def test_a_promise_is_found_in_a_text(text: str, meant: datetime) -> None:
    assert find_date(text, NOW) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Трубу заменили",
        "Ремонт шёл 3 дня",
        "Добрый вечер, всё сделали",
        "Живу в 5 подъезде",
        "Загрязнена окружающая среда",
        "Не хватает 2.5 метра",
        "Приём по графику 08:00-17:00",
        "Телефон 8-800-000-00-00",
        "Сделали 10 марта 2020 года",
        "Сделаем до 31 февраля",
        "Жители 15-го дома довольны",
        "Дорога от 1-го до 15-го подъезда",
        "Уберём до первого снега",
        "Отключение будет с 15 марта",
        "Приём начнётся после 15 марта",
        "Ответ на ваше письмо от 15 марта",
        "Устранили за 3 дня",
        "С утра вода была",
        "Работы не ранее пятницы",
        "Работаем 24/7",
    ],
)
def test_where_nothing_is_promised_nothing_is_found(text: str) -> None:
    assert find_date(text, NOW) is None


WORDS = (
    "сегодня завтра до к с по через за 2 15 99 1.5 полтора час пт следующей рабочих пятнадцатого 24/7 25:00 раб. марта февраля 31.12 "
    "18:00 неделю пятницы числа 9999 дней in by march конца"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=6).map(" ".join) | st.text(max_size=40))
def test_anything_typed_is_a_date_of_this_zone_or_none(text: str) -> None:
    for meant in (parse_date(text, NOW), find_date(text, NOW)):
        assert not isinstance(meant, datetime) or meant.utcoffset() == timedelta(hours=7)


def test_a_huge_text_is_read_at_once() -> None:
    assert find_date("до пятницы " + "15 марта " * 12_000, NOW) == at(3, 13)
