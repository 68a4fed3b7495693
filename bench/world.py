"""The platforms of a trial: stand-ins with their limits on, what is asked there, and what is seen there."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

import bench.measure as measure
from bench.scenarios import LATENCY_SECONDS, Place, Platform, Scenario
from bench.texts import answer_of
from sandbox import discord, slack

CONNECT_SECONDS = 30.0

# The calls that answers are made of; what else a bot calls belongs to signing in.
SLACK_CALLS = {
    "chat.postMessage": "post",
    "chat.update": "edit",
    "chat.startStream": "start",
    "chat.appendStream": "append",
    "chat.stopStream": "stop",
    "chat.delete": "delete",
    "assistant.threads.setStatus": "status",
    "conversations.replies": "look",
}
DISCORD_CALLS = {
    "POST /channels/{id}/messages": "post",
    "PATCH /channels/{id}/messages/{id}": "edit",
    "DELETE /channels/{id}/messages/{id}": "delete",
    "POST /channels/{id}/messages/{id}/threads": "thread",
    "POST /channels/{id}/typing": "typing",
    "GET /channels/{id}/messages": "look",
}


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that a bot made: how many of each kind, how many were refused as too fast, when the last
    one came (monotonic seconds)."""

    kinds: Mapping[str, int]
    too_fast: int
    last_at: float


@dataclass(frozen=True, slots=True)
class Screen:
    """What people saw of each answer, by the number of the question."""

    frames: Mapping[int, tuple[measure.Frame, ...]]
    streaming: frozenset[int]


class World(Protocol):
    """One platform. Entered, it runs."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def settings(self) -> Mapping[str, str]:
        """What the bridge has to be told to find it, as environment variables."""
        ...

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the naive bot has to be told: the platform, its address, its tokens."""
        ...

    async def connected(self) -> None:
        """Wait until the bot listens."""
        ...

    async def ask(self, number: int) -> None:
        """Let somebody ask question `number`."""
        ...

    def shrink(self, calls: int) -> None:
        """Let edits have a smaller limit from now on."""
        ...

    def calls(self) -> Calls: ...

    def screen(self) -> Screen: ...


def world_of(scenario: Scenario) -> World:
    return SlackWorld(scenario) if scenario.platform is Platform.SLACK else DiscordWorld(scenario)


def question(number: int) -> str:
    """A question whose answer's number can be read from it."""
    return f"Please tell me about bridge number {number:03d}"


def question_number(query: str) -> int:
    return int(query[-3:])


class SlackWorld:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._slack = slack.Slack(latency=LATENCY_SECONDS)
        self._channel = self._slack.add_channel("general")
        self._asked: dict[str, tuple[str, int]] = {}

    async def __aenter__(self) -> Self:
        await self._slack.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._slack.close()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "SLACK_BOT_TOKEN": self._slack.bot_token,
            "SLACK_APP_TOKEN": self._slack.app_token,
            "SLACK_API_URL": self._slack.url,
            "SLACK_STREAMING": self._scenario.transport.value,
        }

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("slack", self._slack.url, self._slack.bot_token, self._slack.app_token)

    async def connected(self) -> None:
        await self._slack.wait_for(lambda: self._slack.connections > 0, CONNECT_SECONDS)

    async def ask(self, number: int) -> None:
        person = self._slack.add_user(f"person {number}")
        match self._scenario.place:
            case Place.DIRECT:
                channel, mention = self._slack.open_dm(person), ""
            case Place.CHANNELS:
                channel, mention = self._slack.add_channel(f"channel-{number}"), self._mention
            case _:
                channel, mention = self._channel, self._mention
        ts = await self._slack.say(channel, person, f"{mention}{question(number)}")
        self._asked[ts] = (channel, number)

    def shrink(self, calls: int) -> None:
        self._slack.limits = replace(self._slack.limits, update=slack.Window(calls, 60.0))

    def calls(self) -> Calls:
        calls = self._slack.calls
        kinds = Counter(SLACK_CALLS[call.method] for call in calls if call.method in SLACK_CALLS)
        refused = sum(call.status == 429 for call in calls)
        return Calls(dict(kinds), refused, max((call.at for call in calls), default=0.0))

    def screen(self) -> Screen:
        owners = _Owners()
        streaming = set()
        for ts, (channel, number) in self._asked.items():
            places = [self._slack.messages(channel, ts)[1:]]
            if self._scenario.place is Place.DIRECT:
                places.append(self._slack.messages(channel))
            for message in (one for place in places for one in place if one.bot_id):
                owners.of_message[message.ts] = number
                if message.streaming:
                    streaming.add(number)
        for frame in self._slack.frames:
            if frame.ts not in self._asked:
                owners.add(measure.Frame(frame.at, frame.ts, frame.text))
        return Screen(owners.sorted(), frozenset(streaming))

    @property
    def _mention(self) -> str:
        return f"<@{self._slack.bot_user_id}> "


class DiscordWorld:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._discord = discord.Discord(latency=LATENCY_SECONDS)
        self._guild = self._discord.add_guild()
        may_thread = scenario.place is not Place.NO_THREADS
        self._channel = self._discord.add_channel(self._guild, "general", may_thread=may_thread)
        # Everybody is there from the beginning: who joins is news to every bot.
        self._people = [self._discord.add_user(f"person {number}") for number in range(scenario.answers)]
        self._channels: list[str] = []
        if scenario.place is Place.CHANNELS:
            names = (f"channel-{number}" for number in range(scenario.answers))
            self._channels = [self._discord.add_channel(self._guild, name) for name in names]
        self._asked: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        await self._discord.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._discord.close()

    @property
    def settings(self) -> Mapping[str, str]:
        return {"DISCORD_BOT_TOKEN": self._discord.token, "DISCORD_API_URL": self._discord.url}

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("discord", self._discord.url, self._discord.token, self._discord.gateway_url)

    async def connected(self) -> None:
        await self._discord.wait_for(lambda: self._discord.connections > 0, CONNECT_SECONDS)

    async def ask(self, number: int) -> None:
        person = self._people[number]
        match self._scenario.place:
            case Place.DIRECT:
                channel, mention = self._discord.open_dm(person), ""
                self._asked[channel] = number
            case Place.CHANNELS:
                channel, mention = self._channels[number], self._mention
            case _:
                channel, mention = self._channel, self._mention
        message = await self._discord.say(channel, person, f"{mention}{question(number)}")
        self._asked[message] = number

    def shrink(self, calls: int) -> None:
        self._discord.limits = replace(self._discord.limits, edit=discord.Window(calls, 5.0))

    def calls(self) -> Calls:
        calls = self._discord.calls
        routes = (f"{call.method} {call.route}" for call in calls)
        kinds = Counter(DISCORD_CALLS[route] for route in routes if route in DISCORD_CALLS)
        refused = sum(call.status == 429 for call in calls)
        return Calls(dict(kinds), refused, max((call.at for call in calls), default=0.0))

    def screen(self) -> Screen:
        owners = _Owners()
        for message in self._discord.messages(self._channel):
            if message.reference in self._asked:
                owners.of_message[message.id] = self._asked[message.reference]
        for frame in self._discord.frames:
            if frame.author != self._discord.bot_id:
                continue
            if frame.channel in self._asked:
                owners.of_message[frame.message] = self._asked[frame.channel]
            owners.add(measure.Frame(frame.at, frame.message, frame.text))
        return Screen(owners.sorted(), frozenset())

    @property
    def _mention(self) -> str:
        return f"<@{self._discord.bot_id}> "


@dataclass(slots=True)
class _Owners:
    """Finds out which answer a message belongs to: by its words, or by the place where it stands."""

    of_message: dict[str, int] = field(default_factory=dict)
    _frames: list[measure.Frame] = field(default_factory=list)

    def add(self, frame: measure.Frame) -> None:
        number = answer_of(frame.text)
        if number is not None:
            self.of_message[frame.message] = number
        self._frames.append(frame)

    def sorted(self) -> Mapping[int, tuple[measure.Frame, ...]]:
        found: dict[int, list[measure.Frame]] = {}
        for number, frame in self._owned():
            found.setdefault(number, []).append(frame)
        return {number: tuple(frames) for number, frames in found.items()}

    def _owned(self) -> Iterator[tuple[int, measure.Frame]]:
        for frame in self._frames:
            if (number := self.of_message.get(frame.message)) is not None:
                yield number, frame
