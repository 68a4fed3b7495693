"""A Dify, a Slack workspace and a Discord server with people in them, ready to talk to."""

from contextlib import AsyncExitStack
from typing import Self

from sandbox.dify import Dify, demo_setup
from sandbox.discord import Discord, DiscordFile
from sandbox.slack import Slack, SlackFile

# What a call to a real platform takes, about; the demo should not look faster than life.
LATENCY_SECONDS = 0.08


class Playground:
    """Three stand-ins, as one async context manager. `person` speaks in `channel` of each platform."""

    def __init__(self) -> None:
        self.dify = Dify(name="Bridge guide", setup=demo_setup())
        self.slack = Slack(latency=LATENCY_SECONDS)
        self.discord = Discord(latency=LATENCY_SECONDS)
        self.slack_person = self.slack.add_user("Ada")
        self.slack_channel = self.slack.add_channel("general")
        self.discord_guild = self.discord.add_guild("Sandbox")
        self.discord_channel = self.discord.add_channel(self.discord_guild, "general")
        self.discord_person = self.discord.add_user("Ada")
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for part in (self.dify, self.slack, self.discord):
            await self._open.enter_async_context(part)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def connected(self, within_seconds: float = 30.0) -> None:
        """Wait until a bot listens on both platforms. `TimeoutError` if none does in time."""
        await self.slack.wait_for(lambda: self.slack.connections > 0, within_seconds)
        await self.discord.wait_for(lambda: self.discord.identifies > 0, within_seconds)

    async def ask_slack(self, text: str, thread: str | None = None, files: tuple[SlackFile, ...] = ()) -> str:
        """Say something in Slack: with a mention in the channel, or without one in a thread."""
        said = text if thread else f"<@{self.slack.bot_user_id}> {text}"
        return await self.slack.say(
            self.slack_channel, self.slack_person, said, thread_ts=thread, files=files
        )

    async def ask_discord(
        self,
        text: str,
        thread: str | None = None,
        files: tuple[DiscordFile, ...] = (),
        *,
        voice: bool = False,
    ) -> str:
        """Say something in Discord: with a mention in the channel, or without one in a thread. A `voice`
        message has no text; it mentions the bot as a reply to it does."""
        said = text if thread else f"<@{self.discord.bot_id}> {text}"
        return await self.discord.say(
            thread or self.discord_channel,
            self.discord_person,
            "" if voice else said,
            mention_bot=not thread if voice else None,
            attachments=files,
            voice=voice,
        )
