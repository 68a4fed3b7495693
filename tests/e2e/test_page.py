"""The demo page in a real browser: a visitor types, and sees the answers grow and finish."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, async_playwright
from playwright.async_api import Page as Tab

from bridge.demo import demo_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 20_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: the demo page is not looked at")
    async with demo_page(port=0) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tab = await browser.new_page(viewport={"width": 1400, "height": 860})
        complaints: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(message.text)

        tab.on("console", listen)
        await tab.goto(url)
        yield tab
        await tab.screenshot(path=tmp_path / "page.png")
        assert complaints == []
        await browser.close()


async def test_a_visitor_asks_on_both_sides_and_sees_the_answers_grow(tab: Tab) -> None:
    lengths: dict[str, set[int]] = {"slack": set(), "discord": set()}
    for side in lengths:
        await tab.fill(f"#{side} form.composer input", "What are you?")
        await tab.press(f"#{side} form.composer input", "Enter")
    for side, seen in lengths.items():
        answer = tab.locator(f"#{side} .thread .bot .text").first
        await answer.wait_for(timeout=PATIENCE_MS)
        while "the conversation goes on" not in (text := await answer.inner_text()):
            seen.add(len(text))
            await tab.wait_for_timeout(50)
        seen.add(len(text))
        assert await answer.locator("pre code").count() == 1
    assert max(len(seen) for seen in lengths.values()) >= 3
    for side in lengths:
        await tab.fill(f"#{side} .thread form input", "And before?")
        await tab.press(f"#{side} .thread form input", "Enter")
        second = tab.locator(f"#{side} .thread .bot .text").nth(1)
        await second.get_by_text("one question").wait_for(timeout=PATIENCE_MS)
    assert await tab.locator("#links tbody tr").count() == 2
    assert int(await tab.inner_text("#calls dd[data-name=dify]")) == 4
    assert int(await tab.inner_text("#calls dd[data-name=edits]")) >= 4
    assert int(await tab.inner_text("#calls dd[data-name=too_fast]")) == 0


async def test_nothing_a_visitor_writes_becomes_markup(tab: Tab) -> None:
    await tab.fill("#slack form.composer input", "<img src=x onerror=alert(1)> **<b>bold</b>**")
    await tab.press("#slack form.composer input", "Enter")
    await tab.locator("#slack .thread .bot .text").first.wait_for(timeout=PATIENCE_MS)
    assert await tab.locator("#slack .feed img").count() == 0
    assert await tab.locator("#slack .feed b").count() == 0
