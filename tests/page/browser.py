"""The browser that the page tests drive, and the few things every one of them does with a phone."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import Locator, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; `sudo apt-get install chromium` (macOS: `brew install chromium`) installs it"
)

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def phone(page: Page, key: str) -> Locator:
    return page.locator(f"#phone-{key}")


async def write(where: Locator, text: str) -> None:
    await where.get_by_role("textbox").fill(text)
    await where.get_by_role("textbox").press("Enter")
