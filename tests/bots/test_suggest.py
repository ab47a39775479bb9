"""`sutki suggest …`: learns what people correct, installs only what is better, measures files and names what is wrong with them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bots import suggest
from bots.learning import CORRECTED, ENOUGH, PEOPLE, Example, held_back, learn
from bots.morphology import with_morphology
from incidents.reading import read
from incidents.region import Region, parse
from incidents.suggest import parse_model
from locales import texts
from storage.store import Store
from storage.suggestions import Suggestions
from storage.tables import corrections, incidents, people
from tests.incidents.appeals import appeals
from tests.incidents.test_region import EXAMPLE
from tests.storage.given import NOON

SOURCE = EXAMPLE.read_text(encoding="utf-8")
RU = texts("ru")
THINGS = ("самокат", "самокаты", "самокатов", "кикшеринг", "самокатчики")
VERBS = ("брошены на тротуаре", "стоят поперёк тротуара", "загородили тротуар", "лежат у подъезда", "валяются во дворе", "мешают у лавочки")
WHEN = ("сегодня утром", "второй день", "каждый вечер", "опять", "снова и снова", "с весны", "после праздника")


@cache
def altai() -> Region:
    return with_morphology(parse(SOURCE))


def history(count: int = 330) -> list[Example]:
    """What people of an invented town wrote, each once: scooters are transport there, which no keyword says."""
    draw = random.Random(5)  # noqa: S311  # the same texts each time
    known = appeals()
    found = []
    for person in range(count):
        if person % 3 == 0:
            text = f"{draw.choice(WHEN)} {draw.choice(THINGS)} {draw.choice(VERBS)}, пишет Пелагея{person} {89130000000 + person}"
            found.append(Example(person, text, "transport"))
        else:
            text, topic = draw.choice(known)
            found.append(Example(person, f"{text}. {draw.choice(WHEN).capitalize()}", topic))
    return found


def silent(items: Sequence[int], _length: int) -> Sequence[int]:
    return items


@cache
def outcome() -> object:
    return learn(history(), altai(), silent)  # type: ignore[arg-type]


async def stored(store: Store, examples: Sequence[Example]) -> None:
    async with store.transaction() as tx:
        await tx.regions.loaded(SOURCE, NOON)
        for example in examples:
            guess = read(example.text, altai()).topic
            await tx.connection.execute(people.insert().values(id=example.person + 1, name="", language="ru", created_at=NOON))
            row = {"version": 1, "status": "answered", "topic": guess, "reported_at": NOON, "answered_at": NOON, "timer": "none"}
            row |= {
                "person_id": example.person + 1,
                "account": "vk/altai",
                "chat": "1",
                "text": example.text,
                "said_at": NOON,
                "created_at": NOON,
            }
            number = (await tx.connection.execute(incidents.insert().values(row).returning(incidents.c.id))).scalar_one()
            if guess != example.topic:
                said = {"field": "topic", "before": guess, "after": example.topic, "person_id": 1, "at": NOON}
                await tx.connection.execute(corrections.insert().values(incident_id=number, **said))


# --- learning ----------------------------------------------------------------------------------------------------------


def test_what_people_correct_is_learned_and_measured_on_others() -> None:
    found = outcome()
    assert found is not None
    assert found.after.macro_f1 > found.before.macro_f1 + 0.02  # type: ignore[attr-defined]
    assert found.better  # type: ignore[attr-defined]
    region = replace(altai(), learned=parse_model(found.body, "altai", altai().topic))  # type: ignore[attr-defined]
    reading = read("Кикшеринг загородил дорожку", region)
    assert reading.topic == "transport"
    assert "кикшеринг" in reading.topics[0].words


def test_a_model_holds_nobody_s_words() -> None:
    """What fewer than five different people wrote, and whatever has a digit, is not in it."""
    body = outcome().body  # type: ignore[attr-defined]
    names = json.loads(body)["grams"].split()
    assert not any(letter.isdigit() for name in names for letter in name)
    assert "пелагея" not in body
    learned = [one for one in history() if not held_back(one.person)]
    for name in names:
        stem = name.strip("^$")
        assert len({one.person for one in learned if stem in one.text.lower().replace("ё", "е")}) >= PEOPLE


def test_one_person_who_writes_a_word_a_hundred_times_teaches_nothing() -> None:
    mine = [Example(1, "Пелагея Вострикова просит убрать самокаты", "transport")] * 100
    others = [Example(person + 2, text, topic) for person, (text, topic) in enumerate(appeals() * 3)]
    found = learn([*mine, *others], altai(), silent)  # type: ignore[arg-type]
    assert found is not None
    assert "востр" not in found.body


def test_whose_texts_are_held_back_never_changes() -> None:
    held = [person for person in range(60) if held_back(person)]
    assert held == [person for person in range(60) if held_back(person)]
    assert 5 < len(held) < 20


async def test_a_better_model_is_installed_and_the_same_one_is_not_again(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    await stored(store, history())
    assert await suggest.train(RU, store, NOON) == 0
    said = capsys.readouterr().out
    assert "ключевые слова" in said
    assert "Установлена" in said
    async with store.transaction() as tx:
        current = await Suggestions(tx.connection).current()
    assert current is not None
    assert "пелагея" not in current.body
    assert await suggest.train(RU, store, NOON) == 0
    said = capsys.readouterr().out
    assert "Сейчас (установленная модель)" in said
    assert "Не установлена" in said
    async with store.transaction() as tx:
        assert await Suggestions(tx.connection).current() == current
    assert await suggest.remove(RU, store, NOON) == 0
    assert await suggest.remove(RU, store, NOON) == 0
    assert capsys.readouterr().out.splitlines() == [RU.say("cli-suggest-removed"), RU.say("cli-suggest-none")]


async def test_too_little_to_learn_from_says_how_much_is_needed(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert await suggest.train(RU, store, NOON) == 1
    assert "region load" in capsys.readouterr().err
    await stored(store, history(20))
    assert await suggest.train(RU, store, NOON) == 1
    said = capsys.readouterr().err
    assert f"20 из {ENOUGH}" in said
    assert f"из {CORRECTED}" in said


async def test_without_the_library_learning_says_what_to_install(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggest, "find_spec", lambda _: None)
    assert await suggest.train(RU, store, NOON) == 1
    assert "sutki[suggest]" in capsys.readouterr().err


# --- measuring ---------------------------------------------------------------------------------------------------------


def rows(tmp_path: Path, content: str | bytes) -> list[suggest.Row] | None:
    file = tmp_path / "texts.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return suggest.read_file(RU, file, altai())


def test_a_file_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = rows(tmp_path, 'text,topic,territory\n"Яма на дороге\nв Бийске",roads,biysk\nНет воды,ЖКХ,\nНепонятно что,Дороги,\n\n')
    assert given is not None
    assert [row.topic for row in given] == ["roads", "housing", "roads"]
    assert suggest.evaluate(RU, given, altai()) == 0
    said = capsys.readouterr().out
    assert "Текстов: 3. Верно 0.667, macro-F1 0.833 (ключевые слова)." in said
    assert "Территорий в файле: 1. Верно 1.000" in said
    assert "roads → —: 1" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1: нет столбца text, topic"),
        ("text\nЯма", ":1: нет столбца topic"),
        ("text,topic\n", ":1: нет ни одного текста"),
        ("text,topic\nЯма,roads\nЯма,ямы\n", ":3: нет темы «ямы»"),
        ('text,topic\n"Яма\nна дороге",roads\n,roads\n', ":4: нет текста"),
        ("text,topic,territory\nЯма,roads,Марс\n", ":2: нет территории «Марс»"),
        ("text,topic\nЯма, большая,roads\n", ":2: столбцов не столько"),
        ('text,topic\n"Яма,roads\n', ":2: это не CSV"),
        ('"text,topic\nЯма,roads\n', ":1: это не CSV"),
        ("text,topic\nЯма,roads\nСнег,roads".encode("cp1251"), ":2: файл должен быть в кодировке UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, said: str
) -> None:
    assert rows(tmp_path, content) is None
    assert said in capsys.readouterr().err


def test_many_mistakes_are_counted_and_a_table_of_excel_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(tmp_path, "text,topic\n" + "Яма,ямы\n" * 30) is None
    assert "и ещё 10 ошибок" in capsys.readouterr().err
    given = rows(tmp_path, b"\xef\xbb\xbf" + "text;topic\r\nЯма на дороге, большая;Дороги\r\n".encode())
    assert given is not None
    assert given[0].text == "Яма на дороге, большая"


async def test_an_installed_model_is_measured_and_one_that_cannot_be_used_is_explained(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await suggest.model_of(RU, store, altai()) is None
    assert "не установлена" in capsys.readouterr().err
    async with store.transaction() as tx:
        await Suggestions(tx.connection).install("{}", {}, NOON)
    assert await suggest.model_of(RU, store, altai()) is None
    assert "повреждена" in capsys.readouterr().err
