"""The world around the bridges: a Slack, a Discord and a Dify, and people who ask in several threads."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sandbox.dify import Answer, ChatRequest, Dify
from sandbox.discord import Discord
from sandbox.discord import Limits as DiscordLimits
from sandbox.slack import Limits as SlackLimits
from sandbox.slack import Slack
from tests.chaos.judge import TOKEN, Asked, Room, Shown, answer_to

WORD = re.compile(r"\bq\d+\b")
# Slack's own are 3 seconds, and 0, 60 and 300: a process that lives for two seconds hears none of those.
ACK_SECONDS, REDELIVERY_SECONDS = 1.5, (0.0, 0.5, *[1.0] * 60)
SHORT, LONG = 30, 700
TALK_SECONDS = 1.2


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody asks. `thread` is empty for what has yet to begin, or is a conversation as it is."""

    platform: str
    channel: str
    thread: str = ""

    @property
    def name(self) -> str:
        return f"{self.platform}/{self.channel}/{self.thread}"


@dataclass(frozen=True, slots=True)
class Said:
    """A question as it stands on its platform. `at` is the monotonic clock, in seconds."""

    asked: Asked
    message: str
    spot: Spot
    at: float


class Town:
    """The stand-ins and what was asked there. Answers take `TALK_SECONDS`, or what a question says."""

    def __init__(self, *, mode: str = "advanced-chat", version: str = "1.14.2", seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.slack = Slack(limits=SlackLimits.off(), ack_timeout=ACK_SECONDS, retry_delays=REDELIVERY_SECONDS)
        self.discord = Discord(limits=DiscordLimits.off())
        self.dify = Dify(mode=mode, version=version, script=self._answer)
        self.said: list[Said] = []
        self.spots: list[Spot] = []
        self._answers: dict[str, Answer] = {}
        self._stack = AsyncExitStack()
        self._slack_channel = self.slack.add_channel("general")
        self._slack_person = self.slack.add_user("Ada")
        self._discord_channel = self.discord.add_channel(self.discord.add_guild(), "general")
        self._discord_person = self.discord.add_user("Ben")

    async def __aenter__(self) -> Self:
        for stand_in in (self.slack, self.discord, self.dify):
            await self._stack.enter_async_context(stand_in)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def settings(self, database: str) -> dict[str, str]:
        return {
            "DATABASE_URL": database,
            "DIFY_API_URL": self.dify.url,
            "DIFY_API_KEY": self.dify.key,
            "DIFY_MAX_STREAMS": "0",
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.url,
            "DISCORD_BOT_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.url,
        }

    # What people do

    @property
    def slack_channel(self) -> Spot:
        return Spot("slack", self._slack_channel)

    @property
    def slack_direct(self) -> Spot:
        return Spot("slack", self.slack.open_dm(self._slack_person))

    @property
    def discord_channel(self) -> Spot:
        return Spot("discord", self._discord_channel)

    @property
    def discord_direct(self) -> Spot:
        channel = self.discord.open_dm(self._discord_person)
        return Spot("discord", channel, channel)

    async def ask(
        self, spot: Spot, *, tokens: int = SHORT, seconds: float = TALK_SECONDS, sorry: str = ""
    ) -> Said:
        """One more question. In a channel it begins a thread."""
        word = f"q{len(self._answers)}"
        text = answer_to(word, tokens)
        pace = len(text) / 4 / seconds if seconds else 0.0
        self._answers[word] = Answer(text, first_token_after=0.1 if seconds else 0.0, tokens_per_second=pace)
        message = await self._say(spot, f"Please answer {word}")
        there = Spot(spot.platform, spot.channel, spot.thread or message)
        said = Said(Asked(word, there.name, tokens, sorry), message, there, time.monotonic())
        self.said.append(said)
        if there not in self.spots:
            self.spots.append(there)
        return said

    @asynccontextmanager
    async def traffic(self, slack_seconds: float, discord_seconds: float) -> AsyncIterator[None]:
        """Within the block people ask, on each platform every so many seconds."""
        asking = [
            asyncio.create_task(self._keep_asking(self._some_slack, slack_seconds)),
            asyncio.create_task(self._keep_asking(self._some_discord, discord_seconds)),
        ]
        try:
            yield
        finally:
            for task in asking:
                task.cancel()
            for ended in await asyncio.gather(*asking, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended

    async def _keep_asking(self, choose: Callable[[], Spot], seconds: float) -> None:
        while True:
            spot = choose()
            is_long = spot.platform == "discord" and self.random.random() < 0.15
            await self.ask(spot, tokens=LONG if is_long else SHORT)
            await asyncio.sleep(seconds * self.random.uniform(0.3, 1.7))

    def _some_slack(self) -> Spot:
        return self._some("slack", [self.slack_channel, self.slack_direct])

    def _some_discord(self) -> Spot:
        return self._some("discord", [self.discord_channel, self.discord_direct])

    def _some(self, platform: str, beginnings: Sequence[Spot]) -> Spot:
        """A thread where the bot takes part, or sometimes a new one."""
        open_spots = [spot for spot in self.spots if spot.platform == platform and self.room(spot).shown]
        if len(open_spots) < 3 or self.random.random() < 0.1:
            return self.random.choice(beginnings)
        return self.random.choice(open_spots[-6:])

    async def _say(self, spot: Spot, text: str) -> str:
        if spot.platform == "discord":
            place = spot.thread or spot.channel
            mention = "" if spot.thread else f"<@{self.discord.bot_id}> "
            return await self.discord.say(place, self._discord_person, mention + text)
        mention = "" if spot.thread else f"<@{self.slack.bot_user_id}> "
        thread = spot.thread or None
        return await self.slack.say(spot.channel, self._slack_person, mention + text, thread_ts=thread)

    def _answer(self, request: ChatRequest, _turns: int) -> Answer:
        found = WORD.search(request.query)
        assert found is not None, request.query
        return self._answers[found.group()]

    # What can be seen

    @property
    def rooms(self) -> Mapping[str, Room]:
        return {spot.name: self.room(spot) for spot in self.spots}

    def room(self, spot: Spot) -> Room:
        if spot.platform == "slack":
            messages = self.slack.messages(spot.channel, spot.thread)
            return Room(
                [Shown(one.text, one.streaming) for one in messages if one.bot_id],
                [one.text for one in messages if one.reactions],
            )
        try:
            there = self.discord.messages(spot.thread)
        except KeyError:
            return Room()
        begun = [one for one in self.discord.messages(spot.channel) if one.id == spot.thread]
        return Room(
            [Shown(one.content) for one in there if one.author_id == self.discord.bot_id and one.content],
            [one.content for one in [*begun, *there] if one.reactions],
        )

    @property
    def frames(self) -> list[tuple[float, str, str]]:
        """Every change of the bot's messages: when, of what kind, and the text from then on. One platform's
        after the other's."""
        slack = [(frame.at, frame.kind, frame.text) for frame in self.slack.frames]
        discord = [(frame.at, frame.kind, frame.text) for frame in self.discord.frames]
        return [frame for frame in [*slack, *discord] if TOKEN.search(frame[2])]

    @property
    def turns(self) -> dict[str, int]:
        """How often Dify was asked each question."""
        counted: dict[str, int] = {said.asked.word: 0 for said in self.said}
        for turn in self.dify.turns:
            found = WORD.search(turn.query)
            if found is not None:
                counted[found.group()] += 1
        return counted

    def is_answered(self, said: Said) -> bool:
        """Whether its answer stands there as a whole."""
        last = f"{said.asked.word}-{said.asked.tokens - 1}"
        return any(last in shown.text.split() for shown in self.room(said.spot).shown)
