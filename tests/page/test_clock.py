"""The clock of an incident on the page: opened by a tap, read on a desk and in a hand, and played forward."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.blobs import Blobs
from sandbox.page import page_app
from sandbox.world import Hooks, IncidentLine, World, altai
from tests.page.browser import ARGS, CHROMIUM, NARROW, WIDE, needs_chromium
from tests.sandbox.toy import toy_world

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]
LONG = "Достопримечательность" * 5


def point(at: datetime, text: str, mark: str = "coming", to: Sequence[str] = (), why: Sequence[str] = ()) -> dict[str, Any]:
    return {"at": at.isoformat(), "when": "12 марта, 21:45", "span": "через 5 ч", "mark": mark, "text": text, "to": [*to], "why": [*why]}


@dataclass
class Told:
    """A sandbox whose house explains two incidents, as the test wants it."""

    world: World
    url: str
    views: dict[int, Mapping[str, Any]]
    events: list[tuple[datetime, int]] = field(default_factory=list)

    def view(self, number: int, **more: Any) -> None:
        now = self.world.clock()
        self.views[number] = {
            "number": number,
            "title": f"№ {number} · Дороги · {LONG}",
            "standing": "в работе · Дорожная служба Бийска",
            "now": "12 марта, 16:10",
            "clock": {"name": "Первый ответ", "until": "до 13 марта, 11:00", "line": "осталось 18 ч 50 мин", "share": 0.42, "late": False},
            "facts": [["Правило", f"Дороги × Бийск: {LONG}"], ["Тихие часы", "22:00–07:00"]],
            "past": [point(now - timedelta(hours=hour), f"Сказано {hour}", "said", ["чат"]) for hour in range(9, 0, -1)],
            "coming": [
                point(now + timedelta(hours=5), "Прошло 80 % срока", to=["Семён Выдуманов", LONG], why=["своё время — 13 марта, 2:12"]),
                point(now + timedelta(hours=19), "Срок ответа", "deadline", ["Вера Пробная"]),
            ],
            "after": "Дальше — раз в сутки, пока не ответят.",
            **more,
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def told(tmp_path: Path, browser: Browser) -> AsyncIterator[Told]:
    views: dict[int, Mapping[str, Any]] = {}
    events: list[tuple[datetime, int]] = []

    async def explain(number: int, _language: str) -> Mapping[str, Any] | None:
        return views.get(number)

    async def next_event() -> tuple[datetime, int] | None:
        return events[0] if events else None

    async def lines() -> Sequence[IncidentLine]:
        return [IncidentLine(2, "in_progress"), IncidentLine(1, "assigned")]

    world, _, _ = toy_world(altai(), Blobs(tmp_path), Hooks(incidents=lines, explain=explain, next_event=next_event))
    runner = web.AppRunner(page_app(world), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stage = Told(world, f"http://127.0.0.1:{runner.addresses[0][1]}/", views, events)
    stage.view(1)
    stage.view(2)
    yield stage
    for context in browser.contexts:
        await context.close()
    await runner.cleanup()


async def opened(told: Told, browser: Browser, size: dict[str, int], number: int = 2, **options: Any) -> Page:
    """The page with the clock of an incident on it."""
    context = await browser.new_context(viewport=size, **options)  # type: ignore[arg-type]  # two sizes
    page = await context.new_page()
    await page.goto(told.url)
    await page.get_by_role("button", name=f"№ {number}").click()
    await expect(page.locator("#clock .about")).to_contain_text(f"№ {number} · Дороги")
    return page


async def test_a_tap_on_an_incident_shows_its_clock_and_escape_puts_it_away(told: Told, browser: Browser) -> None:
    page = await opened(told, browser, WIDE)
    clock = page.locator("#clock")
    await expect(clock.locator(".face")).to_contain_text("осталось 18 ч 50 мин")
    await expect(clock.locator(".timeline .ahead").first).to_contain_text("своё время — 13 марта, 2:12")
    await expect(clock.locator(".timeline .gone.said")).to_have_count(4)
    await clock.get_by_role("button", name="Показать ещё 5 записей раньше").click()
    await expect(clock.locator(".timeline .gone.said")).to_have_count(9)
    await page.keyboard.press("Escape")
    await expect(clock).to_be_hidden()
    await expect(page.get_by_role("button", name="№ 2")).to_be_focused()


async def test_another_incident_is_chosen_by_number_and_an_unknown_one_is_said_to_be_unknown(told: Told, browser: Browser) -> None:
    page = await opened(told, browser, WIDE)
    clock = page.locator("#clock")
    await clock.get_by_role("button", name="Предыдущее сообщение").click()
    await expect(clock.locator(".about")).to_contain_text("№ 1 · Дороги")
    await clock.get_by_role("textbox", name="Номер сообщения").fill("77")
    await page.keyboard.press("Enter")
    await expect(clock).to_contain_text("Сообщения с таким номером нет.")


async def test_the_time_is_played_to_the_next_event_and_the_incident_it_was_about_is_shown(told: Told, browser: Browser) -> None:
    page = await opened(told, browser, WIDE)
    event = told.world.clock() + timedelta(hours=3)
    told.events.append((event, 1))
    await page.get_by_role("button", name="К следующему событию").click()
    await expect(page.locator("#clock .about")).to_contain_text("№ 1 · Дороги")
    assert timedelta() <= told.world.clock() - event < timedelta(minutes=1)
    at = told.views[1]["coming"][0]["at"]
    await page.locator("#clock").get_by_role("button", name="Перемотать сюда").first.click()
    await expect(page.locator("#notice")).to_contain_text("Теперь")
    assert told.world.clock() >= datetime.fromisoformat(at)


async def test_what_changes_is_shown_without_a_touch(told: Told, browser: Browser) -> None:
    page = await opened(told, browser, WIDE)
    told.view(2, clock=None, coming=[], after="Часы не идут: закрыто.")
    told.world.clock.move(timedelta(minutes=1))
    await expect(page.locator("#clock .after")).to_have_text("Часы не идут: закрыто.")
    await expect(page.locator("#clock .face")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["desk", "hand"])
async def test_nothing_stands_out_of_its_place(told: Told, browser: Browser, size: dict[str, int], scheme: str) -> None:
    page = await opened(told, browser, size, color_scheme=scheme)
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await page.locator(".clock-body").evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    box = await page.locator("#clock").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    if size is NARROW:
        assert box["width"] == 390
    await page.locator(".timeline .after").scroll_into_view_if_needed()
    await expect(page.locator(".timeline .after")).to_be_in_viewport()
    await page.get_by_role("button", name="Закрыть").click()
    await expect(page.locator("#phones")).to_be_visible()


async def test_in_english_the_view_has_no_russian_words_of_its_own(told: Told, browser: Browser) -> None:
    page = await opened(told, browser, WIDE)
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.locator("#clock h2")).to_have_text("The clock of an incident")
    own = "node => { for (const one of node.querySelectorAll('[data-said]')) one.remove(); return node.innerText; }"
    assert not any("а" <= letter.lower() <= "я" for letter in await page.locator("#clock").evaluate(own))
