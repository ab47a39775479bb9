"""The main job as a newcomer sees it: the real page in a real browser, the real house behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bots.sandbox_run import Sandbox, open_sandbox
from tests.page.browser import ARGS, CHROMIUM, needs_chromium, phone, write

pytestmark = needs_chromium

PATIENCE = 30_000
"""Milliseconds to wait for what has to come over the wire; nothing is asserted about how long it takes."""


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with AsyncExitStack() as stack:
        yield await open_sandbox(stack, port=0, folder=tmp_path)


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(PATIENCE)
        await page.goto(sandbox.address)
        await expect(page.locator("body.ready")).to_be_visible()
        yield page
        await browser.close()
        assert complaints == []


async def comes(where: Locator, text: str) -> None:
    await expect(where.get_by_text(text).last).to_be_visible(timeout=PATIENCE)


async def test_a_report_with_a_photo_is_taken_answered_and_rated_and_the_next_one_escalates(page: Page) -> None:
    citizen, forum, neighbour = (phone(page, key) for key in ("citizen-vk", "forum", "citizen-telegram"))
    curator = phone(page, "curator")
    await citizen.get_by_role("button", name="Прикрепить").click()
    await citizen.get_by_role("button", name="Прорвало трубу", exact=True).click()
    await write(citizen, "В Барнауле на Ленина, 15 прорвало трубу, вода второй день")
    await comes(citizen, "Сообщение № 1 принято.")

    await forum.locator(".entry", has_text="№ 1").click()
    await expect(forum.locator(".photo img")).to_be_visible(timeout=PATIENCE)
    await forum.get_by_role("button", name="Беру").click()
    await comes(forum, "В работе: Мария Иванова")
    card = forum.locator(".message", has_text="Автор")
    await card.hover()
    await card.get_by_role("button", name="Ответить").first.click()
    await write(forum, "Бригада выехала, воду перекрыли, трубу заменят сегодня")
    await comes(forum, "Отправить жителю?")
    await forum.get_by_role("button", name="Ответ", exact=True).click()
    await comes(forum, "Уйдёт через 30 секунд.")
    await page.get_by_role("button", name="+1 ч").click()
    await comes(citizen, "Бригада выехала, воду перекрыли, трубу заменят сегодня")
    await comes(forum, "Доставлено")
    await citizen.get_by_role("button", name="Да", exact=True).click()
    await citizen.get_by_role("button", name="5").click()
    await comes(forum, "оценка 5 из 5")

    await write(neighbour, "Барнаул, на Советской, 7 нет отопления второй день")
    await comes(neighbour, "Сообщение № 2 принято.")
    for spoken in ("осталось 12 ч", "осталось 4 ч 48 мин", "осталось 2 ч"):
        await page.get_by_role("button", name="К напоминанию").click()
        await forum.get_by_role("button", name="Назад").click() if spoken == "осталось 12 ч" else None
        await forum.locator(".entry", has_text="№ 2").click() if spoken == "осталось 12 ч" else None
        await comes(forum, spoken)
    await page.get_by_role("button", name="К сроку").click()
    await comes(forum, "№ 2 просрочен")
    await comes(curator, "№ 2 просрочен")

    await page.get_by_role("button", name="№ 2", exact=False).first.click()
    clock = page.locator("#clock")
    await expect(clock.locator(".timeline .gone.said").last).to_contain_text("Срок")
    await expect(clock.locator(".timeline .ahead").first).to_contain_text("Николай Условный, руководитель")
    await clock.get_by_role("button", name="К следующему событию").click()
    await comes(forum, "№ 2 просрочен на")
    await expect(clock.locator(".timeline .gone.said").last).to_contain_text("После срока, раз в 24 ч: 1-й раз")
