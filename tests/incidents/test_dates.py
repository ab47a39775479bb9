"""Dates as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.dates import end_of_day, find_date, parse_date

BARNAUL = ZoneInfo("Asia/Barnaul")
NOW = datetime(2026, 3, 11, 14, 31, 25, tzinfo=BARNAUL)
"""A Wednesday."""


def at(month: int, day: int, hour: int = 18, minute: int = 0, *, year: int = 2026) -> datetime:
    """A local instant."""
    return datetime(year, month, day, hour, minute, tzinfo=BARNAUL)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("сегодня", at(3, 11)),
        ("Завтра", at(3, 12)),
        ("завтра к 18", at(3, 12)),
        ("завтра в 9:30", at(3, 12, 9, 30)),
        ("к 12 завтра", at(3, 12, 12)),
        ("послезавтра", at(3, 13)),
        ("до пятницы", at(3, 13)),
        ("в среду", at(3, 18)),
        ("до следующего понедельника", at(3, 16)),
        ("15 марта", at(3, 15)),
        ("до 15 марта, 14:00", at(3, 15, 14)),
        ("15.03", at(3, 15)),
        ("15.03.2026 14:00", at(3, 15, 14)),
        ("2 апреля 2027 года", at(4, 2, year=2027)),
        ("к 15-му", at(3, 15)),
        ("до 5 числа", at(4, 5)),
        ("до 20:00", at(3, 11, 20)),
        ("сегодня до 20.10", at(3, 11, 20, 10)),
        ("сегодня до 8 вечера", at(3, 11, 20)),
        ("завтра утром", at(3, 12, 12)),
        ("до вечера", at(3, 11, 21)),
        ("через 2 часа", at(3, 11, 16, 31)),
        ("через полчаса", at(3, 11, 15, 1)),
        ("через сутки", at(3, 12, 14, 31)),
        ("через три дня", at(3, 14)),
        ("3 дня", at(3, 14)),
        ("неделю", at(3, 18)),
        ("через месяц", at(4, 11)),
        ("3 рабочих дня", at(3, 16)),
        ("до конца недели", at(3, 13)),
        ("до конца дня", at(3, 11, 23, 59)),
        ("до конца месяца", at(3, 31)),
        ("today", at(3, 11)),
        ("tomorrow at 5 pm", at(3, 12, 17)),
        ("in 2 hours", at(3, 11, 16, 31)),
        ("by Friday", at(3, 13)),
        ("15 March", at(3, 15)),
        ("March 15, 2026", at(3, 15)),
        ("in a week", at(3, 18)),
    ],
)
def test_a_date_is_read(text: str, meant: datetime) -> None:
    assert parse_date(text, NOW) == meant


@pytest.mark.parametrize(
    "text",
    [
        "31 февраля",
        "30.02.2026",
        "29 февраля",
        "32 марта",
        "15.13",
        "завтра в 25:00",
        "99:99",
        "12",
        "",
        "скоро",
        "может быть завтра утречком",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text, NOW) is None


def test_what_has_passed_is_told_as_it_was_said() -> None:
    assert parse_date("10 марта", NOW) == at(3, 10)


def test_yesterday_is_a_date_too() -> None:
    assert parse_date("вчера в 12:00", NOW) == at(3, 10, 12)


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
    ],
)
def test_where_nothing_is_promised_nothing_is_found(text: str) -> None:
    assert find_date(text, NOW) is None


WORDS = "сегодня завтра до к через 2 15 99 марта февраля 31.12 18:00 неделю пятницы числа 9999 дней in by march конца"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=6).map(" ".join) | st.text(max_size=40))
def test_anything_typed_is_a_date_of_this_zone_or_none(text: str) -> None:
    for meant in (parse_date(text, NOW), find_date(text, NOW)):
        assert meant is None or meant.utcoffset() == timedelta(hours=7)


def test_a_huge_text_is_read_at_once() -> None:
    assert find_date("до пятницы " + "15 марта " * 12_000, NOW) == at(3, 13)
