"""What an official is asked to look at once more."""

from __future__ import annotations

import pytest

from incidents.wording import warnings


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Ваше сообщение рассмотрено", ["considered"]),
        ("Решим в установленном порядке", ["order"]),
        ("Это не в нашей компетенции", ["competence"]),
        ("Вопрос не входит в нашу компетенцию", ["competence"]),
        ("Не в нашей компетенции, обратитесь в дорожную службу", []),
        ("Рассмотрим завтра, трубу заменят к 18:00", []),
    ],
)
def test_empty_phrases_are_warned_of(text: str, warned: list[str]) -> None:
    assert warnings(text, public=False) == warned


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Звоните: +7 (900) 000-00-00", ["phone"]),
        ("Звоните 8 900 000 00 00", ["phone"]),
        ("Диспетчер: 00-00-00", ["phone"]),
        ("Пишите на help@example.org", ["email"]),
        ("Паспорт 00 00 000000", ["document"]),
        ("Карта 0000 0000 0000 0000", ["document"]),
        ("Сделаем до 15.03.2026, дом 15, квартира 120", []),
    ],
)
def test_what_belongs_to_a_person_is_warned_of_in_public_and_only_there(text: str, warned: list[str]) -> None:
    assert warnings(text, public=True) == warned
    assert warnings(text, public=False) == []
