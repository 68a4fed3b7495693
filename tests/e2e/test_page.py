"""The demo page in a browser: a visitor writes, presses, fills in, attaches, and sees what comes of it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, async_playwright
from playwright.async_api import Page as Tab

from bridge.demo import demo_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 20_000
SIDES = ("slack", "discord")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
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
    lengths: dict[str, set[int]] = {side: set() for side in SIDES}
    for side in SIDES:
        await ask(tab, side, "What are you?")
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
        await reply(tab, side, "And before?")
        second = tab.locator(f"#{side} .thread .bot .text").nth(1)
        await second.get_by_text("one question").wait_for(timeout=PATIENCE_MS)
    assert await tab.locator("#links tbody tr").count() == 2
    assert int(await tab.inner_text("#calls dd[data-name=dify]")) == 4
    assert int(await tab.inner_text("#calls dd[data-name=edits]")) >= 4
    assert int(await tab.inner_text("#calls dd[data-name=too_fast]")) == 0


async def test_a_visitor_uses_slacks_command(tab: Tab) -> None:
    await ask(tab, "slack", "/dify")
    private = tab.locator("#slack .private .text")
    await private.get_by_text("/dify ask").wait_for(timeout=PATIENCE_MS)
    await ask(tab, "slack", "/dify ask What are you?")
    root = tab.locator("#slack .group > .bot .text").get_by_text("@Ada asked:")
    await root.wait_for(timeout=PATIENCE_MS)
    answer = tab.locator("#slack .thread .bot .text").first
    await answer.get_by_text("the conversation goes on").wait_for(timeout=PATIENCE_MS)


async def ask(tab: Tab, side: str, text: str) -> None:
    await tab.fill(f"#{side} form.composer input[name=text]", text)
    await tab.press(f"#{side} form.composer input[name=text]", "Enter")


async def reply(tab: Tab, side: str, text: str) -> None:
    await tab.fill(f"#{side} .thread form input[name=text]", text)
    await tab.press(f"#{side} .thread form input[name=text]", "Enter")


async def press(tab: Tab, side: str, label: str) -> None:
    await tab.locator(f"#{side} .buttons button", has_text=label).last.click(timeout=PATIENCE_MS)


async def see(tab: Tab, side: str, text: str) -> None:
    await tab.locator(f"#{side} .thread .said", has_text=text).last.wait_for(timeout=PATIENCE_MS)


async def send(tab: Tab, side: str, **values: str) -> None:
    """Fill in the open form, and send it."""
    for label, value in values.items():
        field = tab.locator(f"#{side} .sheet").get_by_label(label.replace("_", " "))
        if await field.evaluate("field => field.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await tab.click(f"#{side} .sheet .primary")


async def test_a_command_that_is_typed_on_discord_asks(tab: Tab) -> None:
    await ask(tab, "discord", "/ask What are you?")
    asked = tab.locator("#discord .bot .text", has_text="@you asks:").first
    await asked.wait_for(timeout=PATIENCE_MS)
    answer = tab.locator("#discord .thread .bot .text").first
    await answer.get_by_text("the conversation goes on").wait_for(timeout=PATIENCE_MS)
    await ask(tab, "discord", "/help")
    await tab.locator("#discord .bot .text", has_text="ask a question").first.wait_for(timeout=PATIENCE_MS)


async def test_nothing_a_visitor_writes_becomes_markup(tab: Tab) -> None:
    await ask(tab, "slack", "<img src=x onerror=alert(1)> **<b>bold</b>** > <i>quoted</i>")
    await tab.locator("#slack .thread .bot .text").first.wait_for(timeout=PATIENCE_MS)
    assert await tab.locator("#slack .feed img").count() == 0
    assert await tab.locator("#slack .feed b").count() == 0
    assert await tab.locator("#slack .feed i").count() == 0


async def test_answers_are_stopped_and_judged_and_gone_on_from_by_pressing(tab: Tab) -> None:
    for side in SIDES:
        await ask(tab, side, "Write something long")
        await press(tab, side, "Stop")
        await see(tab, side, "This answer was stopped")
        assert "That was all of it" not in await tab.inner_text(f"#{side} .feed")
        await reply(tab, side, "Thank you")
        await press(tab, side, "Good answer")
        await see(tab, side, "Only visible to you")
        await press(tab, side, "What does the handbook say?")
    for side in SIDES:
        await see(tab, side, "Loads and spans.md")
        assert await tab.locator(f"#{side} blockquote").inner_text() == "What does the handbook say?"
        await press(tab, side, "Read aloud")
    for side in SIDES:
        await tab.locator(f"#{side} audio").wait_for(timeout=PATIENCE_MS)
        await tab.wait_for_function("at => document.querySelector(at).duration > 1", arg=f"#{side} audio")


async def test_a_form_is_filled_in_and_sent_and_its_mistakes_are_told(tab: Tab) -> None:
    for side in SIDES:
        await ask(tab, side, "!generate a slogan")
    for side in SIDES:
        await press(tab, side, "Fill in")
        await send(tab, side, Tone="poetic", Sentences_at_most="many")
        if side == "discord":
            # There, no form can be the answer to a form.
            await see(tab, side, "Sentences at most must be a number.")
            await press(tab, side, "Continue")
        problem = tab.locator(f"#{side} .sheet").get_by_text("must be a number")
        await problem.wait_for(timeout=PATIENCE_MS)
        await send(tab, side, Sentences_at_most="1")
    for side in SIDES:
        await see(tab, side, "tone is poetic, sentences is 1")
        answer = await tab.locator(f"#{side} .thread .bot .text").last.inner_text()
        assert "Over the river a line is drawn," in answer
        assert "night may cross" not in answer
        assert await tab.locator(f"#{side} .sheet").count() == 0


async def test_a_form_that_is_closed_stays_closed_and_opens_again(tab: Tab) -> None:
    for side in SIDES:
        await ask(tab, side, "May we close the bridge?")
    for side in SIDES:
        for _ in range(2):
            await press(tab, side, "Approve")
            sheet = tab.locator(f"#{side} .sheet")
            await sheet.wait_for(timeout=PATIENCE_MS)
            await tab.keyboard.press("Escape")
            await sheet.wait_for(state="detached", timeout=PATIENCE_MS)
        await press(tab, side, "Approve")
        await send(tab, side, Remark="Mind the boats")
        await see(tab, side, "It will be closed tonight. Your remark is noted: Mind the boats")


async def test_what_the_app_makes_is_shown_or_can_be_downloaded(tab: Tab) -> None:
    for side in SIDES:
        await ask(tab, side, "Draw a bridge")
        await ask(tab, side, "Make a file")
    for side in SIDES:
        await tab.locator(f"#{side} .files img").wait_for(timeout=PATIENCE_MS)
        await tab.wait_for_function(
            "at => document.querySelector(at).naturalWidth === 480", arg=f"#{side} .files img"
        )
        async with tab.expect_download() as downloading:
            await tab.locator(f"#{side} a.card", has_text="bridges.csv").click(timeout=PATIENCE_MS)
        made = await (await downloading.value).path()
        assert made.read_text(encoding="utf-8").startswith("bridge,built,span_m")


async def test_an_attached_file_reaches_the_app_and_a_large_one_stays_away(tab: Tab, tmp_path: Path) -> None:
    large, page = tmp_path / "large.bin", tmp_path / "page.html"
    large.write_bytes(bytes(5 * 1024 * 1024 + 1))
    page.write_text("<script>alert(1)</script>", encoding="utf-8")
    for side in SIDES:
        chooser = f"#{side} form.composer input[type=file]"
        await tab.set_input_files(chooser, large)
        await tab.locator(f"#{side}").get_by_text("5 MB at most").wait_for(timeout=PATIENCE_MS)
        await tab.set_input_files(chooser, page)
        await ask(tab, side, "Read this")
    for side in SIDES:
        await see(tab, side, "One file came with your message (document)")
        cards = tab.locator(f"#{side} a.card")
        assert await cards.all_inner_texts() == ["page.html\n25 bytes"]
        answer = await tab.request.get(f"{tab.url.rstrip('/')}{await cards.get_attribute('href')}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_visitor_speaks_and_is_understood(tab: Tab) -> None:
    for side in SIDES:
        voice = tab.locator(f"#{side} form.composer .voice")
        await voice.click()
        await tab.locator(f"#{side} form.composer .recording").wait_for(timeout=PATIENCE_MS)
        await voice.click()
        await tab.locator(f"#{side} audio").wait_for(timeout=PATIENCE_MS)
    for side in SIDES:
        await see(tab, side, "Please draw a bridge.")
        await tab.locator(f"#{side} .files img").wait_for(timeout=PATIENCE_MS)


async def test_another_page_cannot_speak_for_the_visitor(tab: Tab) -> None:
    for path in ("say", "press", "submit", "dismiss"):
        answer = await tab.request.post(
            f"{tab.url}{path}", data='{"platform": "slack"}', headers={"Content-Type": "text/plain"}
        )
        assert answer.status == 415, path
