"""Which limits bind in a scenario: what the bound may spend. Pure.

The numbers are those that the stand-ins enforce, which are the platforms' own.
"""

from dataclasses import replace

from bench.bound import Bound, bound
from bench.limits import Rules, Window
from bench.scenarios import LATENCY_SECONDS, Group, Place, Platform, Scenario

UNLIMITED = Window(0, 1.0)
DISCORD_WINDOW = Window(5, 5.0)
SLACK_POST = Window(60, 60.0)
SLACK_UPDATE = Window(50, 60.0)
SLACK_START = Window(20, 60.0)
SLACK_APPEND = Window(100, 60.0)
SLACK_STOP = Window(20, 60.0)

# How many characters one message holds.
DISCORD_MESSAGE = 2000
SLACK_MESSAGE = 4000
SLACK_STREAM = 9000


def bound_of(scenario: Scenario) -> Bound | None:
    """None where limits change on the way, or where answers do not come at once."""
    if scenario.shrink is not None or scenario.group is Group.MANY:
        return None
    return bound(rules_of(scenario), scenario.seconds)


def rules_of(scenario: Scenario) -> Rules:
    return replace(_limits(scenario), token=1 / scenario.tokens_per_second)


def _limits(scenario: Scenario) -> Rules:
    if scenario.platform is Platform.DISCORD:
        # A channel, a thread and a direct message have limits of their own.
        sharing = scenario.answers if scenario.place is Place.NO_THREADS else 1
        posts = _more_messages(scenario, DISCORD_MESSAGE) if sharing == 1 else 0
        return Rules(sharing, DISCORD_WINDOW, DISCORD_WINDOW, DISCORD_WINDOW, LATENCY_SECONDS, posts)
    if scenario.native:
        return _native(scenario)
    first = SLACK_POST if scenario.place is Place.CHANNEL else UNLIMITED
    posts = _more_messages(scenario, SLACK_MESSAGE) if scenario.answers == 1 else 0
    return Rules(scenario.answers, first, SLACK_UPDATE, SLACK_UPDATE, LATENCY_SECONDS, posts)


def _native(scenario: Scenario) -> Rules:
    """Streams; and ordinary messages beside them where there are more answers than streams can be started."""
    if scenario.answers <= SLACK_START.calls:
        posts = _more_messages(scenario, SLACK_STREAM) if scenario.answers == 1 else 0
        return Rules(scenario.answers, SLACK_START, SLACK_APPEND, SLACK_STOP, LATENCY_SECONDS, posts)
    grow = Window(SLACK_APPEND.calls + SLACK_UPDATE.calls, 60.0)
    last = Window(SLACK_STOP.calls + SLACK_UPDATE.calls, 60.0)
    return Rules(scenario.answers, UNLIMITED, grow, last, LATENCY_SECONDS)


def _more_messages(scenario: Scenario, characters: int) -> int:
    return (4 * scenario.tokens - 1) // characters
