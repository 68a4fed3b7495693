"""Which app answers where."""

from itertools import permutations

import pytest
from pydantic import SecretStr

from bridge.routes import AppConfig, Config, Route, is_direct, route
from bridge.types import Thread

CHANNEL = Thread("slack", "T1", "C1", "1.1")
DIRECT = Thread("slack", "T1", "D1", "1.1")
SERVER = Thread("discord", "42", "77", "88")
PRIVATE = Thread("discord", "@me", "99", "99")


def app(name: str = "hr") -> AppConfig:
    return AppConfig(name, SecretStr("app-x"), "http://dify/v1")


def config(*routes: Route) -> Config:
    names = {"default", *(one.app for one in routes)}
    return Config({name: app(name) for name in names}, routes)


def test_without_a_route_the_default_app_answers() -> None:
    assert route(config(), CHANNEL).name == "default"
    assert route(config(Route("hr", channel="C2")), CHANNEL, "write").name == "default"


# From the one that says most to the one that says least; each fits the thread.
LADDER = (
    Route("command", command="write"),
    Route("channel", channel="D1"),
    Route("direct", direct=True),
    Route("workspace", platform="slack", workspace="T1"),
    Route("platform", platform="slack"),
    Route("anywhere"),
)


@pytest.mark.parametrize("least", range(len(LADDER)))
def test_the_route_that_says_most_wins_wherever_it_stands(least: int) -> None:
    for routes in permutations(LADDER[least:], min(3, len(LADDER) - least)):
        expected = min(routes, key=LADDER.index).app
        assert route(config(*routes), DIRECT, "Write").name == expected


def test_among_equals_the_first_wins() -> None:
    routes = (Route("one", channel="C1"), Route("other", channel="C1"))
    assert route(config(*routes), CHANNEL).name == "one"
    assert route(config(*reversed(routes)), CHANNEL).name == "other"


def test_a_route_with_a_command_is_not_for_other_questions() -> None:
    routes = config(Route("writer", command="write"))
    assert [route(routes, CHANNEL, word).name for word in ("", "read", "write")] == [
        "default",
        "default",
        "writer",
    ]


@pytest.mark.parametrize(
    ("thread", "direct"), [(CHANNEL, False), (DIRECT, True), (SERVER, False), (PRIVATE, True)]
)
def test_direct_messages_are_told_from_all_else(thread: Thread, direct: bool) -> None:
    assert is_direct(thread) is direct
    routes = config(Route("private", direct=True), Route("public", direct=False))
    assert route(routes, thread).name == ("private" if direct else "public")


def test_a_channel_of_the_same_name_on_another_platform_is_another_one() -> None:
    routes = config(Route("hr", platform="discord", workspace="42", channel="77"))
    assert route(routes, SERVER).name == "hr"
    assert route(routes, Thread("slack", "42", "77", "88")).name == "default"
    assert route(routes, Thread("discord", "43", "77", "88")).name == "default"


def test_a_platform_is_served_by_a_default_app_or_a_route_for_all_of_it() -> None:
    def served(*routes: Route) -> list[bool]:
        alone = Config({"hr": app()}, routes)
        return [alone.serves(platform) for platform in ("slack", "discord")]

    assert served() == [False, False]
    assert served(Route("hr")) == [True, True]
    assert served(Route("hr", platform="slack")) == [True, False]
    part = [Route("hr", channel="C"), Route("hr", workspace="T"), Route("hr", direct=False)]
    assert served(*part, Route("hr", command="write")) == [False, False]
    assert config().serves("slack")
