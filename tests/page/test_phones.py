"""The page in a real browser: what a newcomer does with the phones, on a desk and in a hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.blobs import Blobs
from sandbox.faults import Failure, Fault
from sandbox.messenger import Key
from sandbox.page import page_app
from sandbox.world import Hooks, IncidentLine, Link, World, altai
from tests.page.browser import ARGS, CHROMIUM, NARROW, WIDE, needs_chromium, phone, write
from tests.sandbox.toy import Toy, toy_world

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]  # the browser lives in the loop it was started in
CAST = altai()
BOT, COMMUNITY = (account.id for account in CAST.accounts)
ANNA, PYOTR = CAST.phones[0].persons[0], CAST.phones[1].persons[0]
FORUM, CHAT = CAST.groups
IVANOVA, PETROV = FORUM.members
CURATOR, HEAD = CAST.phones[4].persons


@dataclass
class Stage:
    """The sandbox behind the page."""

    world: World
    telegram: Toy
    vk: Toy
    url: str
    browser: Browser
    ahead: dict[str, datetime]
    incidents: list[IncidentLine]
    undelivered: list[str]
    complaints: list[str] = field(default_factory=list)

    async def open(self, size: dict[str, int], **options: object) -> Page:
        """The page in a window of that size; what the browser complains about is kept."""
        context = await self.browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url)
        await expect(page.locator("body.ready")).to_be_visible()
        return page

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds, looking after every change in the sandbox, for 5 s at most."""
        changed = asyncio.Event()
        self.world.watch(changed.set)
        async with asyncio.timeout(5):
            while not holds():
                changed.clear()
                await changed.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser; every test opens a context of its own in it, which shares nothing with another's."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, browser: Browser) -> AsyncIterator[Stage]:
    ahead: dict[str, datetime] = {}
    incidents: list[IncidentLine] = []
    undelivered: list[str] = []

    def soon(name: str) -> Callable[[], object]:
        async def ask() -> datetime | None:
            return ahead.get(name)

        return ask

    async def lines() -> Sequence[IncidentLine]:
        return incidents

    async def failures() -> Sequence[str]:
        return undelivered

    async def links() -> Sequence[Link]:
        return (Link("telegram", "https://t.me/altai_sutki_bot?start=INVITE", {"ru": "Приглашение", "en": "Invite"}),)

    hooks = Hooks(soon("reminder"), soon("deadline"), failures, lines, links)  # type: ignore[arg-type]
    world, telegram, vk = toy_world(CAST, Blobs(tmp_path), hooks)
    runner = web.AppRunner(page_app(world), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    stage = Stage(world, telegram, vk, f"http://127.0.0.1:{port}/", browser, ahead, incidents, undelivered)
    yield stage
    for context in browser.contexts:
        await context.close()
    await runner.cleanup()
    assert stage.complaints == []


async def test_a_citizen_writes_and_sees_the_answer_come(stage: Stage) -> None:
    page = await stage.open(WIDE)
    anna = phone(page, "citizen-telegram")
    await anna.get_by_role("button", name="прорвало трубу").click()
    await anna.get_by_role("textbox").press("Enter")
    await expect(anna.locator(".message.mine .text")).to_have_text(
        "В Барнауле на Ленина, 15 прорвало трубу, вода второй день по всей улице"
    )
    stage.telegram.bot(BOT, ANNA.id, "Сообщение № 1 принято.", ["Отозвать"])
    await expect(anna.locator(".message.theirs .text")).to_have_text("Сообщение № 1 принято.")
    await expect(anna.get_by_role("textbox")).to_have_value("")


async def test_texts_are_shown_as_they_are(stage: Stage) -> None:
    page = await stage.open(WIDE)
    nasty = "<img src=x onerror=alert(1)> & <b>жирно</b>"
    await write(phone(page, "citizen-vk"), nasty)
    await expect(phone(page, "citizen-vk").locator(".message .text")).to_have_text(nasty)
    stage.vk.bot(COMMUNITY, PYOTR.id, nasty, [nasty])
    await expect(phone(page, "citizen-vk").locator(".key")).to_have_text(nasty)


async def test_a_press_reaches_the_bot_and_its_whisper_is_a_toast(stage: Stage) -> None:
    page = await stage.open(WIDE)
    forum = phone(page, "forum")
    thread = stage.telegram.topic(BOT, FORUM.chat, "№ 1 · ЖКХ · Ленина, 15")
    card = stage.telegram.bot(BOT, FORUM.chat, "Карточка № 1", ["Беру", "Не моё"], thread=thread)
    await expect(forum.locator(".entry.unread")).to_have_count(1)
    await forum.get_by_role("button", name="№ 1 · ЖКХ · Ленина, 15").click()
    stage.telegram.whisper = "Уже взяла Иванова (14:20)."
    await forum.get_by_role("radio", name="Петров").click()
    await forum.get_by_role("button", name="Беру").click()
    await expect(forum.locator(".toast")).to_have_text("Уже взяла Иванова (14:20).")
    assert stage.telegram.pressed == [(PETROV.id, card, 0, 0)]


async def test_an_official_answers_by_reply_and_corrects_it(stage: Stage) -> None:
    page = await stage.open(WIDE)
    forum = phone(page, "forum")
    thread = stage.telegram.topic(BOT, FORUM.chat, "№ 1")
    card = stage.telegram.bot(BOT, FORUM.chat, "Карточка № 1", thread=thread)
    await forum.locator(".entry", has_text="№ 1").click()
    await forum.locator(".message", has_text="Карточка").hover()
    await forum.get_by_role("button", name="Ответить").click()
    await write(forum, "Бригада выехала")
    await expect(forum.locator(".message.mine .quote")).to_contain_text("Карточка № 1")
    said = stage.telegram.bubbles(BOT, FORUM.chat)[-1]
    assert (said.author, said.answer_to, said.thread) == (IVANOVA.id, card, thread)
    await forum.locator(".message.mine").hover()
    await forum.get_by_role("button", name="Изменить").click()
    await expect(forum.get_by_role("textbox")).to_have_value("Бригада выехала")
    await write(forum, "Бригада на месте")
    await expect(forum.locator(".message.mine .text")).to_have_text("Бригада на месте")
    await expect(forum.locator(".message.mine .stamp")).to_contain_text("изм.")
    await forum.locator(".message.mine").hover()
    await forum.get_by_role("button", name="Переслать").click()
    await forum.get_by_role("dialog").get_by_role("button", name="Сутки").click()
    await stage.until(lambda: stage.telegram.bubbles(BOT, IVANOVA.id))
    assert stage.telegram.bubbles(BOT, IVANOVA.id)[0].forwarded


async def test_pictures_files_and_a_place_are_sent(stage: Stage, tmp_path: Path) -> None:
    page = await stage.open(WIDE)
    pyotr = phone(page, "citizen-vk")
    for name in ("Прорвало трубу", "Яма на дороге"):
        await pyotr.get_by_role("button", name="Прикрепить").click()
        await pyotr.get_by_role("button", name=name, exact=True).click()
    await write(pyotr, "Вот фото")
    await expect(pyotr.locator(".message .photo img")).to_have_count(2)
    assert await pyotr.locator(".message .photo img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 960
    document = tmp_path / "смета.txt"
    document.write_text("три рубля")
    await pyotr.get_by_role("button", name="Прикрепить").click()
    async with page.expect_file_chooser() as choosing:
        await pyotr.get_by_role("button", name="Файл", exact=True).click()
    await (await choosing.value).set_files(document)
    await pyotr.get_by_role("button", name="Отправить").click()
    await expect(pyotr.locator(".message .file")).to_have_text("смета.txt")
    await pyotr.get_by_role("button", name="Прикрепить").click()
    await pyotr.get_by_role("button", name="Готовое голосовое").click()
    await pyotr.get_by_role("button", name="Отправить").click()
    await expect(pyotr.locator(".message .voice .time")).to_have_text("0:02")
    await pyotr.get_by_role("button", name="Прикрепить").click()
    await pyotr.get_by_role("button", name="Геопозиция").click()
    await pyotr.get_by_role("button", name="Барнаул").click()
    await expect(pyotr.locator(".message .place")).to_contain_text("53.3333, 83.7899")
    said = stage.vk.bubbles(COMMUNITY, PYOTR.id)
    assert [[file.kind for file in bubble.attachments] for bubble in said] == [["photo", "photo"], ["document"], ["voice"], []]


async def test_links_and_commands_work_inside_the_sandbox(stage: Stage) -> None:
    page = await stage.open(WIDE)
    curator = phone(page, "curator")
    stage.telegram.bot(
        BOT,
        CURATOR.id,
        "Откройте https://t.me/altai_sutki_bot?start=7H2K или /help.",
        [Key("Карточка", "https://t.me/altai_sutki_bot?start=card1")],
    )
    await curator.get_by_role("button", name="7H2K").click()
    await stage.until(lambda: stage.telegram.started == [(CURATOR.id, "7H2K")])
    await curator.get_by_role("button", name="Карточка").click()
    await stage.until(lambda: stage.telegram.started[-1] == (CURATOR.id, "card1"))
    await curator.get_by_role("button", name="Меню чата").click()
    await curator.get_by_role("button", name="Приглашение").click()
    await stage.until(lambda: stage.telegram.started[-1] == (CURATOR.id, "INVITE"))
    await curator.get_by_role("button", name="Команды бота").click()
    await curator.get_by_role("dialog").get_by_role("button", name="/help").click()
    await stage.until(lambda: stage.telegram.bubbles(BOT, CURATOR.id)[-1].text == "/help")


async def test_the_clock_moves(stage: Stage) -> None:
    page = await stage.open(WIDE)
    await expect(page.get_by_role("button", name="К напоминанию")).to_be_disabled()
    await page.get_by_role("button", name="+1 ч").click()
    await stage.until(lambda: stage.world.clock.offset == timedelta(hours=1))
    await page.get_by_role("button", name="+6 ч").click()
    await stage.until(lambda: stage.world.clock.offset == timedelta(hours=7))
    stage.ahead["deadline"] = due = stage.world.clock() + timedelta(hours=24)
    stage.incidents.append(IncidentLine(1, "assigned", due))
    stage.telegram.changed()
    await expect(page.locator(".incident")).to_contain_text("№ 1")
    await page.get_by_role("button", name="К сроку").click()
    await stage.until(lambda: stage.world.clock() >= due)


async def test_switches_break_things_and_what_failed_is_listed(stage: Stage) -> None:
    page = await stage.open(WIDE)
    stage.telegram.topic(BOT, FORUM.chat, "№ 1 · ЖКХ")
    await page.get_by_role("button", name="Помехи").click()
    await page.get_by_label("ВКонтакте", exact=True).select_option("silent")
    await stage.until(lambda: stage.world.faults.of("vk") is Fault.SILENT)
    await page.get_by_role("switch", name="Анна Примерова").click()
    await stage.until(lambda: stage.telegram.is_blocked(BOT, ANNA.id))
    await expect(phone(page, "citizen-telegram").get_by_role("button", name="Разблокировать")).to_be_visible()
    await page.locator(".panel").get_by_role("button", name="Удалить тему").click()
    await stage.until(lambda: not stage.telegram.threads[FORUM.chat])
    stage.undelivered.append("№ 1: житель запретил сообщения")
    stage.world.faults.record(Failure(stage.world.clock(), "vk", COMMUNITY, "messages.send", Fault.SILENT))
    await page.get_by_role("button", name="Не получилось").click()
    await expect(page.locator(".panel")).to_contain_text("житель запретил сообщения")
    await expect(page.locator(".panel")).to_contain_text("messages.send")
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await phone(page, "citizen-telegram").get_by_role("button", name="Разблокировать").click()
    await stage.until(lambda: not stage.telegram.is_blocked(BOT, ANNA.id))


async def test_a_topic_that_is_open_may_be_deleted(stage: Stage) -> None:
    page = await stage.open(WIDE)
    forum = phone(page, "forum")
    stage.telegram.topic(BOT, FORUM.chat, "№ 7")
    await forum.locator(".entry", has_text="№ 7").click()
    await forum.get_by_role("button", name="Меню чата").click()
    await forum.get_by_role("button", name="Удалить тему").click()
    await forum.get_by_role("button", name="Удалить", exact=True).click()
    await expect(forum.locator(".entry")).to_have_count(1)
    await expect(forum.locator(".toast")).to_have_text("Тема удалена")


async def test_a_phone_changes_hands(stage: Stage) -> None:
    page = await stage.open(WIDE)
    curator = phone(page, "curator")
    stage.telegram.bot(BOT, HEAD.id, "№ 2 просрочен")
    await expect(curator.get_by_role("radio", name="Руководитель").locator(".dot")).to_be_visible()
    await curator.get_by_role("radio", name="Куратор").press("ArrowRight")
    await expect(curator.locator(".message")).to_contain_text("№ 2 просрочен")


async def test_everything_can_be_reached_by_the_keyboard(stage: Stage) -> None:
    page = await stage.open(WIDE)
    anna = phone(page, "citizen-telegram")
    for text in ("раз", "два"):
        stage.telegram.bot(BOT, ANNA.id, text)
    await expect(anna.locator(".message")).to_have_count(2)
    await anna.locator(".message").last.focus()
    await page.keyboard.press("ArrowUp")
    await expect(anna.locator(".message").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(anna.get_by_role("textbox")).to_be_focused()
    await expect(anna.locator(".context")).to_contain_text("раз")
    await page.keyboard.press("Escape")
    await expect(anna.locator(".context")).to_have_count(0)
    await anna.get_by_role("button", name="Прикрепить").press("Enter")
    await expect(anna.get_by_role("dialog")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(anna.get_by_role("button", name="Прикрепить")).to_be_focused()
    controls = "[...document.querySelectorAll('button, select, textarea, input')]"
    assert await page.evaluate(f"{controls}.filter((node) => !(node.ariaLabel || node.textContent.trim())).length") == 0


CHROME_WORDS = """() => {
  const words = [document.title];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node.nodeType === 1 && node.hasAttribute("data-said") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.nodeType === 3) words.push(node.data);
    else for (const name of ["title", "aria-label", "placeholder", "alt"]) words.push(node.getAttribute(name) ?? "");
  }
  return words.join("\\n");
}"""


async def test_the_english_page_has_no_russian_words_of_its_own(stage: Stage) -> None:
    page = await stage.open(WIDE)
    thread = stage.telegram.topic(BOT, FORUM.chat, "№ 1 · ЖКХ")
    stage.telegram.bot(BOT, FORUM.chat, "Карточка", ["Беру"], thread=thread)
    await stage.telegram.say(BOT, ANNA.id, ANNA.id, "Яма", location=(53.3, 83.7), forwarded=True)
    stage.ahead["reminder"] = stage.world.clock() + timedelta(hours=12)
    stage.incidents.extend(
        IncidentLine(number, status, stage.world.clock()) for number, status in enumerate(("new", "in_progress", "closed"))
    )
    stage.undelivered.append("не дошло")
    stage.world.faults.record(Failure(stage.world.clock(), "vk", COMMUNITY, "messages.send", Fault.AWAY))
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    forum = phone(page, "forum")
    views = (
        page.get_by_role("button", name="Trouble"),
        page.get_by_role("button", name="Failures"),
        forum.locator(".entry").first,
        forum.get_by_role("button", name="Back"),
        forum.get_by_role("button", name="Back"),
        phone(page, "citizen-vk").get_by_role("button", name="Attach"),
        phone(page, "citizen-telegram").get_by_role("button", name="Chat menu"),
        phone(page, "curator").get_by_role("button", name="Bot commands"),
    )
    for button in views:
        await button.click()
        words = await page.evaluate(CHROME_WORDS)
        assert re.findall(r"[А-Яа-яЁё]+", words) == []
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.get_by_role("button", name="Switch to Russian").click()
    await expect(page.locator("html")).to_have_attribute("lang", "ru")


async def overflow(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))


async def full_of_talk(stage: Stage) -> None:
    """Long words and many messages everywhere."""
    long = "Достопримечательность" * 6 + " https://example.org/" + "a" * 120
    thread = stage.telegram.topic(BOT, FORUM.chat, long)
    for toy, account, chat, where in (
        (stage.telegram, BOT, ANNA.id, ""),
        (stage.vk, COMMUNITY, PYOTR.id, ""),
        (stage.telegram, BOT, FORUM.chat, thread),
        (stage.vk, COMMUNITY, CHAT.chat, ""),
        (stage.telegram, BOT, CURATOR.id, ""),
    ):
        for number in range(12):
            toy.bot(account, chat, f"{number} {long}", ["Промежуточный: сегодня, 22:00", "Не требует ответа"], thread=where)
    stage.incidents.extend(IncidentLine(number, "assigned", stage.world.clock()) for number in range(20))


async def test_five_phones_stand_in_a_row_on_a_desk(stage: Stage) -> None:
    await full_of_talk(stage)
    page = await stage.open(WIDE)
    boxes = [await page.locator(".device").nth(number).bounding_box() for number in range(5)]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 1440 and box["height"] > 500 for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    assert await overflow(page) <= 0
    assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    for part in ("#bar .moves", "#bar .panels", ".composer"):
        for number in range(await page.locator(part).count()):
            box = await page.locator(part).nth(number).bounding_box()
            assert box is None or box["x"] + box["width"] <= 1440


async def test_one_phone_at_a_time_in_a_hand(stage: Stage) -> None:
    await full_of_talk(stage)
    page = await stage.open(NARROW, has_touch=True, is_mobile=True)
    assert await overflow(page) <= 0
    for tab, key in (("Форум", "forum"), ("Куратор", "curator"), ("Чат", "chat")):
        await page.get_by_role("navigation").get_by_role("button", name=tab).click()
        await expect(phone(page, key)).to_be_in_viewport(ratio=0.9)
        await expect(phone(page, "citizen-telegram")).not_to_be_in_viewport()
        assert await overflow(page) <= 0
    await phone(page, "chat").locator(".message .text").last.tap()
    await phone(page, "chat").locator(".message.chosen").get_by_role("button", name="Ответить").tap()
    await write(phone(page, "chat"), "Засыпали")
    await stage.until(lambda: stage.vk.bubbles(COMMUNITY, CHAT.chat)[-1].answer_to)
    await expect(page.get_by_role("button", name="+1 ч")).not_to_be_visible()
    await page.get_by_role("button", name="Показать часы и помехи").click()
    await page.get_by_role("button", name="+1 ч").click()
    await stage.until(lambda: stage.world.clock.offset == timedelta(hours=1))
    await page.locator("[data-name=trouble]").click()
    assert await overflow(page) <= 0
    for part in (".panel", ".moves", ".language"):
        box = await page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390


async def test_a_swipe_turns_to_the_next_phone(stage: Stage) -> None:
    page = await stage.open(NARROW)
    await page.locator("#phones").evaluate("node => node.scrollTo({ left: node.clientWidth })")
    await expect(page.locator("#tabs [aria-current]")).to_have_attribute("data-tab", "citizen-vk")
    await expect(phone(page, "citizen-vk").get_by_role("textbox")).to_be_enabled()
