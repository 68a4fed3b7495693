"""What is tried: how many answers, where, of what kind, and what goes wrong meanwhile."""

from dataclasses import dataclass
from enum import Enum

from bench.texts import Kind

LATENCY_SECONDS = 0.08
FIRST_TOKEN_SECONDS = 0.5
TOKENS_PER_SECOND = 50.0
SLOW_TOKENS_PER_SECOND = 2.0
MANY_TOKENS_PER_SECOND = 10.0


class Platform(Enum):
    SLACK = "slack"
    DISCORD = "discord"


class Place(Enum):
    """Where the questions are asked. In `CHANNEL`, one for all, each answer grows in a thread of its own;
    `NO_THREADS` is a Discord channel where the bot may not make any."""

    CHANNEL = "one channel"
    CHANNELS = "a channel each"
    DIRECT = "direct messages"
    NO_THREADS = "one channel without threads"


class Transport(Enum):
    """How Slack's answers grow: the value of `SLACK_STREAMING`."""

    EDIT = "edit"
    AUTO = "auto"


class Group(Enum):
    """The tables of the report."""

    ONE = "One answer"
    TEN = "Ten answers at once"
    THIRTY = "Thirty answers at once"
    TROUBLE = "Trouble: the line to Dify is cut, a limit shrinks"
    SLOW = "Twenty minutes for one answer"
    MANY = "A thousand streams"


@dataclass(frozen=True, slots=True)
class Shrink:
    """So long after the first token the limit on edits becomes `calls` per window."""

    after_seconds: float
    calls: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """`arrivals_per_second` 0 asks everything at once. `naive` says whether the naive bot is tried, too."""

    name: str
    group: Group
    platform: Platform
    place: Place
    answers: int
    kind: Kind
    transport: Transport = Transport.AUTO
    tokens_per_second: float = TOKENS_PER_SECOND
    arrivals_per_second: float = 0.0
    cut: bool = False
    shrink: Shrink | None = None
    naive: bool = False

    @property
    def tokens(self) -> int:
        """How many tokens an answer has before it ends or is cut."""
        tokens = -(-self.kind.value // 4)
        return tokens // 2 if self.cut else tokens

    @property
    def seconds(self) -> float:
        """From an answer's first token to its last."""
        return (self.tokens - 1) / self.tokens_per_second

    @property
    def native(self) -> bool:
        """Whether Slack's own streams may be used."""
        slack = self.platform is Platform.SLACK
        return slack and self.transport is Transport.AUTO and self.place is Place.DIRECT

    @property
    def light(self) -> bool:
        """Whether others may run beside it without disturbing the measurement."""
        return self.answers == 1


def scenarios() -> tuple[Scenario, ...]:
    """All of them, in the order of the report."""
    return (*_ones(), *_tens(), *_thirties(), *_troubles(), *_slows(), _thousand())


def _slack_edits(name: str, group: Group, answers: int, kind: Kind) -> Scenario:
    return Scenario(
        name, group, Platform.SLACK, Place.CHANNEL, answers, kind, transport=Transport.EDIT, naive=True
    )


def _slack_native(name: str, group: Group, answers: int, kind: Kind) -> Scenario:
    return Scenario(name, group, Platform.SLACK, Place.DIRECT, answers, kind)


def _discord(name: str, group: Group, answers: int, kind: Kind, place: Place = Place.CHANNEL) -> Scenario:
    return Scenario(name, group, Platform.DISCORD, place, answers, kind, naive=True)


def _ones() -> list[Scenario]:
    kinds = (Kind.SHORT, Kind.MIXED, Kind.PARA, Kind.LONG, Kind.HUGE)
    return [
        *(_slack_edits(f"slack-edit-1-{kind.label}", Group.ONE, 1, kind) for kind in kinds),
        *(_slack_native(f"slack-native-1-{kind.label}", Group.ONE, 1, kind) for kind in kinds),
        *(_discord(f"discord-1-{kind.label}", Group.ONE, 1, kind) for kind in kinds),
    ]


def _tens() -> list[Scenario]:
    slack, discord, ten, mixed = Platform.SLACK, Platform.DISCORD, Group.TEN, Kind.MIXED
    return [
        _slack_edits("slack-edit-10-mixed", ten, 10, mixed),
        Scenario("slack-edit-10-mixed-channels", ten, slack, Place.CHANNELS, 10, mixed, Transport.EDIT),
        _slack_native("slack-native-10-mixed", ten, 10, mixed),
        _discord("discord-10-mixed", ten, 10, mixed),
        Scenario("discord-10-mixed-channels", ten, discord, Place.CHANNELS, 10, mixed),
        _discord("discord-10-mixed-no-threads", ten, 10, mixed, Place.NO_THREADS),
        Scenario("discord-10-long", ten, discord, Place.CHANNEL, 10, Kind.LONG),
    ]


def _thirties() -> list[Scenario]:
    slack, thirty, mixed = Platform.SLACK, Group.THIRTY, Kind.MIXED
    return [
        Scenario("slack-auto-30-mixed", thirty, slack, Place.CHANNEL, 30, mixed, naive=True),
        Scenario("slack-auto-30-mixed-direct", thirty, slack, Place.DIRECT, 30, mixed),
        _discord("discord-30-mixed", thirty, 30, mixed),
        _discord("discord-30-mixed-no-threads", thirty, 30, mixed, Place.NO_THREADS),
    ]


def _troubles() -> list[Scenario]:
    slack, discord, trouble = Platform.SLACK, Platform.DISCORD, Group.TROUBLE
    channel, direct, edit = Place.CHANNEL, Place.DIRECT, Transport.EDIT
    mixed, long = Kind.MIXED, Kind.LONG
    slack_shrinks, discord_shrinks = Shrink(10.0, 20), Shrink(10.0, 2)
    mid_answer = Shrink(3.0, 20)
    return [
        Scenario("slack-edit-1-cut", trouble, slack, channel, 1, mixed, edit, cut=True, naive=True),
        Scenario("slack-native-1-cut", trouble, slack, direct, 1, mixed, cut=True),
        Scenario("discord-1-cut", trouble, discord, channel, 1, mixed, cut=True, naive=True),
        Scenario("slack-edit-1-shrink", trouble, slack, channel, 1, long, edit, shrink=slack_shrinks),
        Scenario("slack-edit-10-shrink", trouble, slack, channel, 10, mixed, edit, shrink=mid_answer),
        Scenario("discord-1-shrink", trouble, discord, channel, 1, long, shrink=discord_shrinks, naive=True),
    ]


def _slows() -> list[Scenario]:
    slack, discord, slow, rate = Platform.SLACK, Platform.DISCORD, Group.SLOW, SLOW_TOKENS_PER_SECOND
    channel, direct, kind = Place.CHANNEL, Place.DIRECT, Kind.SLOW
    return [
        Scenario("slack-edit-1-slow", slow, slack, channel, 1, kind, Transport.EDIT, tokens_per_second=rate),
        Scenario("slack-native-1-slow", slow, slack, direct, 1, kind, tokens_per_second=rate),
        Scenario("discord-1-slow", slow, discord, channel, 1, kind, tokens_per_second=rate),
    ]


def _thousand() -> Scenario:
    """Each in direct messages of its own, arriving as Discord's 50 calls a second for a whole bot allow."""
    return Scenario(
        "discord-1000-para",
        Group.MANY,
        Platform.DISCORD,
        Place.DIRECT,
        1000,
        Kind.PARA,
        tokens_per_second=MANY_TOKENS_PER_SECOND,
        arrivals_per_second=40.0,
    )
