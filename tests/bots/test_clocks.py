"""`sutki clock`: explains one clock in words, and changes running clocks by new rules only when asked and agreed to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from bots import clocks
from bots.clocks import Wish
from bots.settings import Settings, read
from handlers.recompute import Rules
from incidents.incident import Action, Role
from incidents.region import parse
from locales import texts
from storage.store import Store
from tests.fakes import START
from tests.stories.deeds import PIPE, answered, happened, person_of, promised, reported
from tests.stories.house import Actor, House

FILE = (Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8")
LENGTH = 'first_answer = "24h"'
TELEGRAM = "telegram/altai"


def first_answer(length: str) -> str:
    """The example region with another length of the first answer."""
    assert LENGTH in FILE
    return FILE.replace(LENGTH, f'first_answer = "{length}"')


@pytest.fixture
async def house(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    store = Store(sqlite_url)
    made = House(store, parse(FILE))
    await made.open()
    await made.chat(TELEGRAM, "-100", "zhkh-barnaul", forum=True, title="Комитет ЖКХ")
    await made.official(TELEGRAM, "official", "Мария Иванова", "zhkh-barnaul")
    await made.official(TELEGRAM, "31", "Вера Пробная", "", Role.CURATOR)
    monkeypatch.setattr(clocks, "now", made.clock)
    await load(made, FILE)
    yield made
    await store.close()


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return read(needs_region=False, given={"SUTKI_DATABASE": "sqlite:///x.db", "SUTKI_TELEGRAM_ALTAI_TOKEN": "7000000001:" + "a" * 35})


async def load(house: House, text: str) -> None:
    """Put a region file in force, for the command line and for the running house."""
    async with house.store.transaction() as tx:
        await tx.regions.loaded(text, house.clock())
    house.region = parse(text)
    await house.open()


@pytest.fixture
def explains(house: House, settings: Settings, capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """What `sutki clock explain` says, and how it ends."""

    async def run(number: int, language: str = "ru") -> tuple[int, str, str]:
        capsys.readouterr()
        code = await clocks.explain_clock(texts(language), settings, house.store, number)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


async def recomputes(house: House, settings: Settings, capsys: pytest.CaptureFixture[str], **wish: bool) -> str:
    """What `sutki clock recompute` says."""
    capsys.readouterr()
    asked = Wish(**{"apply": False, "also_later": False, "yes": True} | wish)
    assert await clocks.recompute_clocks(texts("ru"), settings, house.store, asked) == 0
    await house.settle()
    return capsys.readouterr().out


# --- explain -----------------------------------------------------------------------------------------------------------


async def test_it_says_what_runs_what_was_said_and_what_will_be_said_to_whom(house: House, explains: Callable[..., object]) -> None:
    await reported(house)
    await house.later(hours=12, minutes=5)
    code, out, _ = await explains(1)  # type: ignore[misc]  # a coroutine function
    assert code == 0
    assert out.startswith("№ 1 · ЖКХ · Барнаул, ул. Ленина, 15\nпередано, никто не взял · Комитет ЖКХ Барнаула\n")
    assert "Первый ответ: до 12 марта, 20:00, осталось 11 ч 55 мин" in out
    assert "  12 марта, 08:00  Прошло 50 % срока\n      кому: чат «Комитет ЖКХ»\n" in out
    assert "  12 марта, 18:00 (через 9 ч 55 мин)  До срока 2 ч\n" in out
    assert "кому: чат «Комитет ЖКХ», названы: Мария Иванова; Вера Пробная, куратор" in out
    assert out.rstrip().endswith("Дальше — раз в 24 ч, пока не ответят.")


async def test_a_night_is_named_as_the_reason(house: House, explains: Callable[..., object]) -> None:
    await house.later(hours=17)  # 13:00 in Barnaul: half of the time ends at 1:00 at night
    await reported(house)
    _, out, _ = await explains(1)  # type: ignore[misc]
    assert "  12 марта, 21:45 (через 8 ч 45 мин)  Прошло 50 % срока\n" in out
    assert "своё время — 13 марта, 01:00, это тихие часы; чтобы успеть, скажем вечером до них" in out


async def test_why_the_curators_chat_hears_of_what_nobody_owns(house: House, explains: Callable[..., object]) -> None:
    await house.chat(TELEGRAM, "-300", desk=True, title="Кураторы")
    await house.person(TELEGRAM, "100", "Анна Примерова").says("У нас беда, помогите")
    _, said, _ = await explains(1)  # type: ignore[misc]  # a pair of texts
    assert "кому: чат кураторов «Кураторы»\n      — орган не назначен, поэтому кураторам" in said


async def test_an_account_whose_token_is_none_is_left_out(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await reported(house)
    given = {"SUTKI_DATABASE": "sqlite:///x.db", "SUTKI_TELEGRAM_ALTAI_TOKEN": "put-it-here"}
    settings = read(needs_region=False, given=given)
    assert await clocks.explain_clock(texts("ru"), settings, house.store, 1) == 0
    assert "№ 1 · ЖКХ" in capsys.readouterr().out
    assert "Открытых" in await recomputes(house, settings, capsys)


async def test_in_english_it_says_the_same(house: House, explains: Callable[..., object]) -> None:
    await reported(house)
    _, out, _ = await explains(1, "en")  # type: ignore[misc]
    assert "First answer: until 12 March, 20:00, 24 h left" in out


async def test_a_closed_incident_has_only_a_past_and_an_unknown_one_nothing(house: House, explains: Callable[..., object]) -> None:
    await reported(house)
    await happened(house, 1, Action.WITHDRAW, Role.CITIZEN)
    code, out, _ = await explains(1)  # type: ignore[misc]
    assert code == 0
    assert "Часы не идут: сообщение закрыто (отозвано)." in out
    assert await explains(77) == (1, "", "Сообщения № 77 нет.\n")  # type: ignore[misc]


async def test_a_question_a_promise_and_a_rating_are_explained(house: House, explains: Callable[..., object]) -> None:
    await reported(house)
    await happened(house, 1, Action.ASK, Role.OFFICIAL, by=await person_of(house, "official"), text="Какой подъезд?")
    _, out, _ = await explains(1)  # type: ignore[misc]
    assert "Напоминание жителю: ждём его ответа\n      кому: житель\n" in out
    assert "Закроется само, если житель не ответит" in out
    assert "от первого срока осталось 24 ч" in out
    await promised(house, 1, hours=30)
    _, out, _ = await explains(1)  # type: ignore[misc]
    assert "Обещание жителю: до 13 марта, 02:00" in out
    await answered(house, 1)
    _, out, _ = await explains(1)  # type: ignore[misc]
    assert "Оценка ответа жителем: до 25 марта, 20:00" in out


async def test_without_a_region_it_says_what_to_load(sqlite_url: str, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(sqlite_url)
    assert await clocks.explain_clock(texts("ru"), settings, store, 1) == 1
    await store.close()
    assert "sutki region load region.toml" in capsys.readouterr().err


# --- recompute ---------------------------------------------------------------------------------------------------------


async def test_a_new_length_changes_no_running_clock_by_itself(house: House) -> None:
    await reported(house)
    due = (await house.case(1)).incident.due_at
    await load(house, first_answer("12h"))
    await house.later(hours=1)
    assert (await house.case(1)).incident.due_at == due


async def test_a_preview_changes_nothing(house: House, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await reported(house)
    await house.later(hours=1)
    await load(house, first_answer("12h"))
    before = await house.case(1)
    said = await recomputes(house, settings, capsys)
    assert "Открытых сообщений: 1. По новым правилам изменится: 1.\nСрок раньше: 1\n" in said
    assert "  № 1 (Первый ответ): 12 марта, 20:00 → 12 марта, 08:00\n" in said
    assert await house.case(1) == before


async def test_an_earlier_deadline_stands_in_card_and_receipt_and_in_history(
    house: House, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    citizen: Actor = await reported(house)
    await house.later(hours=1)
    await load(house, first_answer("12h"))
    assert "Изменено: 1." in await recomputes(house, settings, capsys, apply=True)
    case = await house.case(1)
    assert case.incident.due_at == case.incident.reported_at + timedelta(hours=12)
    assert "до 12 марта, 08:00" in citizen.sees()[0].text
    assert citizen.heard() == []
    assert "12 марта, 08:00" in house.chat_shows(TELEGRAM, "-100")[0].text
    async with house.store.transaction() as tx:
        last = (await tx.incidents.history(1))[-1]
    assert (last.action, last.role, last.date) == (Action.RECOMPUTE, Role.ADMINISTRATOR, case.incident.due_at)
    assert "изменится: 0." in await recomputes(house, settings, capsys, apply=True)


async def test_a_later_deadline_only_when_asked_for_and_never_in_silence(
    house: House, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    citizen = await reported(house)
    await house.later(hours=1)
    await load(house, first_answer("48h"))
    before = await house.case(1)
    assert "Срок позже: 1\n  Останутся как есть" in await recomputes(house, settings, capsys, apply=True)
    assert await house.case(1) == before
    assert "Изменено: 1." in await recomputes(house, settings, capsys, apply=True, also_later=True)
    assert (await house.case(1)).incident.due_at == before.incident.reported_at + timedelta(hours=48)
    assert citizen.heard() == ["По № 1 срок ответа изменился: ответим до 13 марта, 20:00."]


async def test_a_deadline_that_is_over_by_the_new_rules_is_counted_apart_and_speaks_with_the_next_tick(
    house: House, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(house)
    await house.later(hours=15)
    await load(house, first_answer("12h"))
    assert "Срок раньше и уже прошёл: 1\n" in await recomputes(house, settings, capsys, apply=True)
    await house.later(minutes=1)
    assert house.chat_shows(TELEGRAM, "-100")[-1].text.startswith("🔴 № 1 просрочен")


async def test_a_promise_stays_as_it_was_given(house: House, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await reported(house)
    await promised(house, 1, days=2)
    due = (await house.case(1)).incident.due_at
    await load(house, first_answer("12h"))
    await recomputes(house, settings, capsys, apply=True, also_later=True)
    assert (await house.case(1)).incident.due_at == due


async def test_who_does_not_agree_changes_nothing(
    house: House, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await reported(house)
    await house.later(minutes=10)
    await load(house, first_answer("12h"))
    monkeypatch.setattr(typer, "confirm", lambda _question: False)
    before = await house.case(1)
    assert "Ничего не изменено." in await recomputes(house, settings, capsys, apply=True, yes=False)
    assert await house.case(1) == before


async def test_each_clock_is_compared_with_the_rules_it_was_started_by(
    house: House, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(house)
    await house.later(hours=1)
    await load(house, first_answer("12h"))
    await reported(house, PIPE.replace("15", "17"), user_id="101")
    assert "Открытых сообщений: 2. По новым правилам изменится: 1." in await recomputes(house, settings, capsys)


async def test_many_are_counted_and_the_first_ten_named(house: House, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        await reported(house, PIPE.replace("15", str(20 + number)), user_id=str(200 + number))
    await house.later(minutes=10)
    await load(house, first_answer("12h"))
    said = await recomputes(house, settings, capsys)
    assert said.count("  № ") == 10
    assert "  и ещё 2\n" in said


def test_a_version_holds_from_its_loading_on_and_the_first_one_before() -> None:
    first, second = parse(FILE), parse(first_answer("12h"))
    rules = Rules(((START, first), (START + timedelta(days=1), second)))
    assert rules.at(START - timedelta(days=3)) is first
    assert rules.at(START + timedelta(hours=23)) is first
    assert rules.at(START + timedelta(days=1)) is second
    assert rules.now is second
