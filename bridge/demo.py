"""The demo: the whole bridge against stand-ins on this machine, watched on a page or told frame by frame."""

import asyncio
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from bridge import logs
from bridge.app import App, assemble
from bridge.settings import DifySettings, LogFormat, LogLevel, Settings
from sandbox.page import Link, Page, Said, Side, sides
from sandbox.playground import Playground

FIRST_QUESTION = "What is a bridge, and what is it good for?"
SECOND_QUESTION = "And what did I ask you first?"
PATIENCE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.05
TAIL_CHARACTERS = 60

Ask = Callable[[str, str | None], Awaitable[str]]


async def show(console: Console, port: int, *, open_browser: bool) -> bool:
    """Serve the demo page until Ctrl-C."""
    async with demo_page(port) as url:
        console.print(f"The demo is at [bold]{url}[/bold] (Ctrl-C ends it)")
        if open_browser:
            await asyncio.to_thread(webbrowser.open, url)
        await asyncio.Event().wait()
    return True


@asynccontextmanager
async def demo_page(port: int) -> AsyncIterator[str]:
    """The bridge, the stand-ins and the page that shows them; gives the page's address."""
    async with _running() as (playground, app):

        async def links() -> tuple[Link, ...]:
            return tuple(Link(one.key, one.conversation_id) for one in await app.store.list_threads())

        async with Page(playground, links, port) as page:
            yield page.url


async def play(console: Console) -> bool:
    """Play a conversation on both platforms at once and print how the replies grow.

    Returns whether both finished, each with one conversation that went on in its thread, and a button that
    could be pressed.
    """
    async with _running() as (playground, app):
        shown = sides(playground)
        console.print("Slack and Discord are stand-ins on this machine; everything between them is real.")
        watching = [
            asyncio.create_task(_tell_slack(console, playground)),
            asyncio.create_task(_tell_discord(console, playground)),
        ]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                outcomes = await asyncio.gather(
                    _talk(console, "slack", playground.ask_slack, shown["slack"], app),
                    _talk(console, "discord", playground.ask_discord, shown["discord"], app),
                )
        except TimeoutError:
            console.print(f"No end after {PATIENCE_SECONDS:g} seconds.")
            return False
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    for outcome in outcomes:
        console.print(f"{outcome.platform}: {outcome.verdict}", markup=False, soft_wrap=True)
    return all(outcome.good for outcome in outcomes)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of the conversation on one platform."""

    platform: str
    first: str
    second: str
    answers: int
    thanks: str

    @property
    def good(self) -> bool:
        return bool(self.first and self.thanks) and self.first == self.second and self.answers == 2

    @property
    def verdict(self) -> str:
        if self.good:
            return f"two answers in one conversation ({self.first}), and for a thumb up: {self.thanks}"
        if not self.thanks:
            return f"{self.answers} answers, and no button that could be pressed"
        return f"{self.answers} answers; conversation {self.first or 'none'}, then {self.second or 'none'}"


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[Playground, App]]:
    """The stand-ins and the bridge between them; a real Dify app answers if its key is set."""
    dify = DifySettings()
    preview = bool(dify.dify_api_key.get_secret_value())
    logs.set_up(LogLevel.WARNING, LogFormat.TEXT)
    with tempfile.TemporaryDirectory(prefix="dify-bridge-demo-") as folder:
        async with Playground() as playground:
            settings = Settings(
                dify_api_url=dify.dify_api_url if preview else playground.dify.url,
                dify_api_key=dify.dify_api_key if preview else SecretStr(playground.dify.key),
                slack_bot_token=SecretStr(playground.slack.bot_token),
                slack_app_token=SecretStr(playground.slack.app_token),
                slack_api_url=playground.slack.url,
                discord_bot_token=SecretStr(playground.discord.token),
                discord_api_url=playground.discord.url,
                bridge_config="",
                database_url=SecretStr(f"sqlite:///{Path(folder) / 'demo.db'}"),
                drain_seconds=1,
            )
            async with assemble(settings) as app:
                serving = asyncio.create_task(app.run(), name="bridge")
                try:
                    await playground.connected()
                    yield playground, app
                finally:
                    app.leave()
                    await serving


async def _talk(console: Console, platform: str, ask: Ask, side: Side, app: App) -> _Outcome:
    thread = await ask(FIRST_QUESTION, None)
    first = await _conversation(app, platform, answered=1)
    await ask(SECOND_QUESTION, thread)
    second = await _conversation(app, platform, answered=2)
    answers = [one for one in _replies(side, thread) if one.bot]
    thanks = await _judge(console, platform, side, thread) if answers else ""
    return _Outcome(platform, first, second, len(answers), thanks)


async def _judge(console: Console, platform: str, side: Side, thread: str) -> str:
    """Press the thumb below the last answer; what is whispered then."""
    answer = _replies(side, thread)[-1]
    thumb = next((button for button in answer.buttons if button.icon == "up"), None)
    if thumb is None:
        return ""
    console.print(f"{'':11}{platform:<8}press  [{thumb.label}]", markup=False)
    await side.press(answer.id, thumb.name)
    while True:
        whispered = [one.text for one in _replies(side, thread) if one.private]
        if whispered:
            return whispered[-1]
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _replies(side: Side, thread: str) -> tuple[Said, ...]:
    return next(one.replies for one in side.pane().said if one.id == thread)


async def _conversation(app: App, platform: str, answered: int) -> str:
    """The conversation that the platform's thread holds, once so many of its questions are answered."""
    while True:
        for thread in await app.store.list_threads():
            if thread.key.startswith(f"{platform}:") and thread.finished >= answered:
                return thread.conversation_id
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _tell_slack(console: Console, playground: Playground) -> None:
    began = asyncio.get_running_loop().time()
    async for frame in playground.slack.watch():
        _tell(console, "slack", frame.at - began, frame.kind, frame.text)


async def _tell_discord(console: Console, playground: Playground) -> None:
    began = asyncio.get_running_loop().time()
    async for frame in playground.discord.watch():
        _tell(console, "discord", frame.at - began, frame.kind, frame.text)


def _tell(console: Console, platform: str, at: float, kind: str, text: str) -> None:
    tail = " ".join(text[-TAIL_CHARACTERS:].split())
    console.print(
        f"{at:7.2f} s  {platform:<8}{kind:<6}{len(text):>6} characters  …{tail}", markup=False, soft_wrap=True
    )
