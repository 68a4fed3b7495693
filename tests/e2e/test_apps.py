"""Several apps, and a Dify that gives only so many answers at once, as people on both platforms see them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.app import App, assemble
from bridge.errors import NotForYou
from bridge.settings import Settings
from sandbox.dify import Answer, ChatRequest, Dify, Script
from sandbox.playground import Playground
from tests.e2e.conftest import answered, until

# Long enough to look twice while the answer goes on.
VERY_SLOWLY = 3.0
SLOWLY = 30.0
AT_ONCE = 0.0
LONG_QUESTION = "Is this a very long question or what?"


class Town:
    """Both platforms and two Difys; the second one is that of the app `hr`. Answers say whose they are."""

    def __init__(self, folder: Path, playground: Playground, second: Dify) -> None:
        self.playground = playground
        self.first = playground.dify
        self.second = second
        self.streams = 8
        self.tokens_per_second = AT_ONCE
        self._folder = folder
        self.first.script = self._says("first")
        self.second.script = self._says("second")

    def write(self, text: str) -> None:
        """Routes, behind an app `hr`."""
        app = f'[apps.hr]\nkey = "HR_DIFY_KEY"\nurl = "{self.second.url}"\n'
        (self._folder / "bridge.toml").write_text(app + text, encoding="utf-8")
        (self._folder / ".env").write_text(f"HR_DIFY_KEY={self.second.key}\n", encoding="utf-8")

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[App]:
        async with assemble(self._settings(), self._settings) as app:
            serving = asyncio.create_task(app.run())
            try:
                await self.playground.connected()
                yield app
            finally:
                app.leave()
                await serving

    def on_slack(self, thread: str) -> list[str]:
        """What the bot says in a thread of Slack."""
        messages = self.playground.slack.messages(self.playground.slack_channel, thread)
        return [one.text.strip() for one in messages if one.bot_id]

    def on_discord(self, thread: str) -> list[str]:
        """The same in one of Discord, which is there once the bot has made it."""
        discord = self.playground.discord
        if thread not in {one.id for one in discord.threads(self.playground.discord_channel)}:
            return []
        return [one.content.strip() for one in discord.messages(thread) if one.author_id == discord.bot_id]

    def _settings(self) -> Settings:
        return Settings(
            dify_api_url=self.first.url,
            dify_api_key=SecretStr(self.first.key),
            dify_max_streams=self.streams,
            slack_bot_token=SecretStr(self.playground.slack.bot_token),
            slack_app_token=SecretStr(self.playground.slack.app_token),
            slack_api_url=self.playground.slack.url,
            discord_bot_token=SecretStr(self.playground.discord.token),
            discord_api_url=self.playground.discord.url,
            database_url=SecretStr(f"sqlite:///{self._folder / 'bridge.db'}"),
        )

    def _says(self, name: str) -> Script:
        def script(request: ChatRequest, earlier: int) -> Answer:
            return Answer(f"The {name} app to {request.query}", tokens_per_second=self.tokens_per_second)

        return script


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.chdir(tmp_path)
    async with Playground() as playground, Dify(key="app-second") as second:
        yield Town(tmp_path, playground, second)


async def test_each_channel_is_answered_by_the_app_its_route_leads_to(town: Town) -> None:
    town.write(f'[[routes]]\napp = "hr"\nserver = {town.playground.discord_guild}\n')
    async with town.bridge() as app:
        on_slack = await town.playground.ask_slack("One?")
        on_discord = await town.playground.ask_discord("Two?")
        await answered(app, 2)
    assert town.on_slack(on_slack) == ["The first app to One?"]
    assert town.on_discord(on_discord) == ["The second app to Two?"]
    assert [one.query for one in town.first.requests] == ["One?"]
    assert [one.query for one in town.second.requests] == ["Two?"]


async def test_whoever_may_not_ask_is_told_and_the_app_hears_nothing_of_it(town: Town) -> None:
    town.write(f'deny = ["slack:{town.playground.slack_person}"]\n[[routes]]\napp = "hr"\n')
    async with town.bridge() as app:
        on_slack = await town.playground.ask_slack("One?")
        on_discord = await town.playground.ask_discord("Two?")
        await answered(app, 2)
    assert town.on_slack(on_slack) == []
    told = town.playground.slack.whispers(town.playground.slack_person)
    assert [one.text for one in told] == [NotForYou.notice]
    assert town.on_discord(on_discord) == ["The second app to Two?"]
    assert [one.query for one in town.second.requests] == ["Two?"]
    assert town.first.requests == []


async def test_where_an_app_follows_mentions_only_other_messages_are_for_others(town: Town) -> None:
    town.write('follow = "mention"\n[[routes]]\napp = "hr"\nplatform = "slack"\n')
    async with town.bridge() as app:
        on_slack = await town.playground.ask_slack("One?")
        on_discord = await town.playground.ask_discord("Two?")
        await answered(app, 2)
        await town.playground.ask_slack("Between us", on_slack)
        await town.playground.ask_discord("Three?", on_discord)
        await town.playground.ask_slack(f"<@{town.playground.slack.bot_user_id}> Four?", on_slack)
        await answered(app, 4)
    assert [one.query for one in town.second.requests] == ["One?", "Four?"]
    assert [one.query for one in town.first.requests] == ["Two?", "Three?"]


async def test_a_new_file_counts_for_the_next_question_and_disturbs_no_answer(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.tokens_per_second = SLOWLY
    town.write('[[routes]]\napp = "hr"\n')
    caplog.set_level("INFO")
    async with town.bridge() as app:
        before = await town.playground.ask_slack("Is this a question before?")
        await until(lambda: bool(town.on_slack(before)))
        town.write("")
        app.reload()
        await until(lambda: "read the apps again" in caplog.text)
        assert town.second.running == 1
        after = await town.playground.ask_slack("Is this one after?")
        await answered(app, 2)
    assert town.on_slack(before) == ["The second app to Is this a question before?"]
    assert town.on_slack(after) == ["The first app to Is this one after?"]


async def test_whoever_finds_dify_full_sees_the_place_in_line_and_is_answered_in_turn(town: Town) -> None:
    town.streams = 1
    town.tokens_per_second = VERY_SLOWLY
    async with town.bridge() as app:
        first = await town.playground.ask_slack(LONG_QUESTION)
        await until(lambda: bool(town.on_slack(first)))
        town.tokens_per_second = SLOWLY
        second = await town.playground.ask_discord("Am I second in the line?")
        await until(lambda: "next in line" in " ".join(town.on_discord(second)))
        third = await town.playground.ask_slack("And what am I?")
        await until(lambda: "number 2 in line" in " ".join(town.on_slack(third)))
        await answered(app, 3)
    asked = town.first.requests
    assert [one.query for one in asked] == [LONG_QUESTION, "Am I second in the line?", "And what am I?"]
    last_words = {turn.query: turn.written[-1].at for turn in town.first.turns}
    assert all(later.at >= last_words[earlier.query] for earlier, later in pairwise(asked))
    assert town.on_discord(second) == ["The first app to Am I second in the line?"]
    assert town.on_slack(third) == ["The first app to And what am I?"]
