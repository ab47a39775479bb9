"""What a citizen's text seems to say is suggested with the words that led to it."""

from __future__ import annotations

import time
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.reading import Reading, read
from incidents.region import Region, parse
from incidents.streets import places
from incidents.words import keyword
from tests.incidents.test_region import EXAMPLE


@cache
def altai() -> Region:
    return parse(EXAMPLE.read_text(encoding="utf-8"))


def reading(text: str) -> Reading:
    return read(text, altai())


def test_the_first_transcript() -> None:
    found = reading("На Ленина 15 прорвало трубу, вода второй день по всей улице")
    assert (found.topic, found.place, found.territory) == ("housing", "ул. Ленина, 15", "")
    assert "прорвало трубу" in found.topics[0].words
    assert 0.5 < found.topic_confidence < 1
    assert not found.chatter
    assert found.danger is None


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Третий день нет горячей воды, батареи холодные", "housing"),
        ("Яма на дороге, машины бьют колёса об асфальт", "roads"),
        ("Во дворе не горят фонари, темно", "improvement"),
        ("Не вывозят мусор, контейнеры переполнены", "waste"),
        ("Автобус 57 опять не пришёл по расписанию", "transport"),
        ("Не могу записаться к врачу, талонов нет", "health"),
        ("Ребёнку не дают место в детском саду", "education"),
        ("Не пришло пособие на ребёнка", "social"),
        ("С реки идёт вонь, загрязняют воздух", "ecology"),
        ("Стая бродячих собак у подъезда", "animals"),
        ("Весь вечер без света, напряжение скачет", "power"),
        ("В селе нет мобильной связи и интернета", "connection"),
    ],
)
def test_the_topics_people_write_about(text: str, topic: str) -> None:
    assert reading(text).topic == topic


def test_other_topics_come_as_alternatives_best_first() -> None:
    found = reading("Мусор не вывозят, и автобус не ходит, и мусорные баки сломаны")
    assert [guess.id for guess in found.topics[:2]] == ["waste", "transport"]
    assert found.topics[0].confidence > found.topics[1].confidence
    assert sum(guess.confidence for guess in found.topics) <= 1.001


@pytest.mark.parametrize(
    ("text", "territory"),
    [
        ("В Барнауле яма", "barnaul"),
        ("барнаульские дороги", "barnaul"),
        ("В Бийске нет воды", "biysk"),
        ("в Бийском районе нет воды", "biysky"),
        ("Заринский р-н, дорога до посёлка", "zarinsky"),
        ("КАМЕНЬ-НА-ОБИ, нет света", "kamen-na-obi"),
        ("посёлок Южный, не чистят снег", "barnaul-yuzhny"),
        ("яма на ул. Барнаульской", ""),
        ("яма на улице Бийской, 5", ""),
        ("Павловский тракт, 60, не чистят", ""),
        ("в Рубцовске на улице Барнаульской", "rubtsovsk"),
    ],
)
def test_a_town_is_told_from_a_district_and_from_a_street(text: str, territory: str) -> None:
    assert reading(text).territory == territory


def test_of_two_towns_the_other_one_is_an_alternative() -> None:
    assert {guess.id for guess in reading("Дорога из Бийска в Барнаул разбита").territories} == {"biysk", "barnaul"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("На Ленина 15 прорвало трубу", "ул. Ленина, 15"),
        ("на ленина 15 вода", "ул. Ленина, 15"),
        ("ул. Ленина, д. 15", "ул. Ленина, 15"),
        ("проспект Ленина 40 корп 2", "пр-т Ленина, 40 корп. 2"),
        ("Советская 12", "ул. Советская, 12"),
        ("во дворе дома 5 по улице Мира", "ул. Мира, 5"),
        ("на Павловском тракте 60а", "Павловский тракт, 60а"),
        ("50 лет СССР 15 нет света", "ул. 50 лет СССР, 15"),
        ("Антона Петрова 221, кв 5", "ул. Антона Петрова, 221"),
        ("на Крупской 5", "ул. Крупской, 5"),
        ("Когда уже почистят тротуар на Советской??", "ул. Советская"),
        ("на ул. Мира темно, дальше Попова, 82", "ул. Попова, 82"),
        ("по всей улице вода второй день", ""),
        ("на улице 15 градусов", ""),
        ("На остановке 15 минут ждал", ""),
        ("Школа 12 не топят", ""),
        ("у нас в доме 5 нет воды", ""),
        ("на Ленина 3 дня нет света", ""),
    ],
)
def test_a_street_and_its_house(text: str, place: str) -> None:
    assert reading(text).place == place


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Пахнет газом в подъезде", "gas"),
        ("в подъезде сильный запах газа", "gas"),
        ("газом воняет невозможно", "gas"),
        ("Оборвало провод, висит над тротуаром", "wire"),
        ("Открытый люк во дворе, дети ходят", "manhole"),
        ("люк без крышки", "manhole"),
        ("Пожар! горит дом", "fire"),
        ("Обрушился балкон", "collapse"),
        ("На газоне пахнет цветами", None),
        ("Газета пахнет краской", None),
        ("В магазине пахнет рыбой", None),
        ("газом не пахнет, но нет отопления", None),
        ("Когда проведут газ в село?", None),
        ("пожарная часть рядом", None),
        ("проводите собрание", None),
    ],
)
def test_danger_and_what_only_sounds_like_it(text: str, kind: str | None) -> None:
    danger = reading(text).danger
    assert (danger.id if danger else None) == kind
    assert danger is None or danger.words


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо!",
        "привет",
        "Добрый день",
        "👍",
        "ок",
        "Спасибо большое за помощь!!",
        "🙏🙏🙏",
        "Спасибо, что починили дорогу",
        "С новым годом!",
    ],
)
def test_chatter_is_nothing_to_report(text: str) -> None:
    assert reading(text).chatter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Добрый день, нет воды",
        "Спасибо за яму на Ленина 15",
        "Спасибо, но свет так и не дали",
        "Здравствуйте! Когда почистят двор?",
        "пожар",
        "1042",
        "помогите",
    ],
)
def test_what_asks_for_anything_is_no_chatter(text: str) -> None:
    assert not reading(text).chatter


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("что с моей заявкой?", ()),
        ("какой статус", ()),
        ("Где ответ?", ()),
        ("когда ответите", ()),
        ("№ 1042", (1042,)),
        ("1042", (1042,)),
        ("что там с № 1042?", (1042,)),
        ("Что по заявке 1042 и сообщению №981", (1042, 981)),
    ],
)
def test_a_question_about_an_incident(text: str, numbers: tuple[int, ...]) -> None:
    found = reading(text)
    assert found.asks_status
    assert found.numbers == numbers


@pytest.mark.parametrize("text", ["В школе № 12 холодно", "автобус №57 не ходит", "дом №5 без воды", "На Ленина 15 яма", "Нет воды 3 дня"])
def test_other_numbers_are_no_incidents(text: str) -> None:
    found = reading(text)
    assert found.numbers == ()
    assert not found.asks_status


def test_letters_are_read_as_people_type_them() -> None:
    assert reading("НЕ ВЫВОЗЯТ МУСОР").topic == reading("не вывозят мусор").topic == "waste"
    assert reading("гололёд на дороге").topics[0].id == reading("гололед на дороге").topics[0].id
    assert reading("трамваи\u0306 не ходит").topics == reading("трамвай не ходит").topics


def test_keywords_are_exact_words_stems_cases_and_neighbours() -> None:
    found = keyword("Пахн* + газ~")
    assert not isinstance(found, str)
    assert [[(form.letters, form.more) for form in part] for part in found.parts] == [[("пахн", "*")], [("газ", "~")]]
    form = found.parts[1][0]
    assert [word for word in ("газ", "газа", "газом", "газон", "газета", "магазин") if form.fits(word)] == ["газ", "газа", "газом"]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = reading(text)
    assert all(0 < guess.confidence <= 1 for guess in (*found.topics, *found.territories))


@given(
    st.lists(st.sampled_from(["ул.", "Ленина", "дом", "15", "по", "на", "50 лет", "ский", "А", ",", "корп", "газ", "пахнет"]), max_size=40)
)
def test_places_stand_in_the_text_and_do_not_overlap(parts: list[str]) -> None:
    text = " ".join(parts)
    found = places(text)
    assert all(0 <= place.start < place.end <= len(text) for place in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    """The shares are compared, not seconds: a hundred kilobytes are read as fast as the first four."""
    text = "На улице Ленина 15 пахнет газом, яма, автобус не ходит. "
    reading(text)

    def cost(size: int) -> float:
        long = (text * (size // len(text) + 1))[:size]
        runs = []
        for _ in range(5):
            began = time.perf_counter()
            reading(long)
            runs.append(time.perf_counter() - began)
        return min(runs)

    assert cost(100_000) < 5 * cost(4_096) + 0.001
