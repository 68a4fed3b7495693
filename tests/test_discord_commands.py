"""What Discord is told of the bot's commands, and what is understood of one that was used."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.commands import Used, declared, read_command
from adapters.discord.interactions import read_interaction
from bridge.types import Order, Thread
from bridge.words import english

SERVER, CHANNEL, THREAD = "41771983423143937", "41771983423143938", "41771983423143939"
TALKS = 1 << 10 | 1 << 11 | 1 << 35 | 1 << 38


def slash(name: str, *options: Any) -> dict[Any, Any]:
    return {"id": "1", "type": 1, "name": name, "options": list(options)}


def on_message(message: Any) -> dict[Any, Any]:
    return {
        "id": "1",
        "type": 3,
        "name": english.ABOUT_TITLE,
        "target_id": "7",
        "resolved": {"messages": {"7": message}},
    }


def payload(**changes: Any) -> dict[Any, Any]:
    return {
        "id": "175928847299117063",
        "type": 2,
        "token": "secret",
        "application_id": "9",
        "data": slash("help"),
        "guild_id": SERVER,
        "channel_id": CHANNEL,
        "channel": {"id": CHANNEL, "type": 0},
        "context": 0,
        "authorizing_integration_owners": {"0": SERVER, "1": "5"},
        "app_permissions": str(TALKS),
        "member": {"user": {"id": "5", "username": "ann"}, "permissions": str(1 << 50)},
    } | changes


def test_each_declared_command_is_understood() -> None:
    orders = set()
    for command in declared():
        read = read_command({"type": command["type"], "name": command["name"], "target_id": "7"})
        assert read is not None
        orders.add(read.order)
    assert orders == set(Order)


def test_what_is_typed_behind_it_is_its_text() -> None:
    question = {"name": "question", "type": 3, "value": "Why?"}
    assert read_command(slash("ask", question)) == Used(Order.ASK, "Why?")
    assert read_command(slash("ask", None, {"name": "question", "value": 7}, 8)) == Used(Order.ASK)
    assert read_command(slash("stop")) == Used(Order.STOP)


def test_a_message_is_read_with_names_and_with_what_it_passes_on() -> None:
    message = {
        "content": "<@5>, <@!6> and <@7>: look",
        "mentions": [
            {"id": "5", "username": "ann", "global_name": "Ann"},
            {"id": "6", "username": "ben", "global_name": None},
            None,
        ],
        "message_snapshots": [{"message": {"content": "The sky is blue."}}],
    }
    expected = f"@Ann, @ben and @{english.DISCORD_SOMEONE}: look\nThe sky is blue."
    assert read_command(on_message(message)) == Used(Order.ABOUT, expected, "7")


@pytest.mark.parametrize(
    "data",
    [
        {},
        slash("of-before"),
        slash("ask") | {"type": 2},
        slash("ask") | {"name": None},
        {"type": 3, "name": "Other"},
    ],
)
def test_what_is_none_of_ours_is_nothing(data: dict[Any, Any]) -> None:
    assert read_command(data) is None


@pytest.mark.parametrize("message", [None, 7, {}, {"content": None}, {"content": "", "mentions": 7}])
def test_a_message_without_words_has_none(message: Any) -> None:
    assert read_command(on_message(message)) == Used(Order.ABOUT, "", "7")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([*payload(), "data"]), anything)
def test_no_command_is_too_strange(field: str, value: Any) -> None:
    read_interaction(payload() | {field: value})
    read_interaction(payload(data=on_message(value)))
    read_interaction(payload(data=slash("ask", value)))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, Thread("discord", SERVER, CHANNEL, CHANNEL)),
        (
            {"channel_id": THREAD, "channel": {"id": THREAD, "type": 11, "parent_id": CHANNEL}},
            Thread("discord", SERVER, CHANNEL, THREAD),
        ),
        ({"guild_id": None, "context": 1}, Thread("discord", "@me", CHANNEL, CHANNEL)),
        ({"channel_id": None}, None),
        ({"channel_id": "x"}, None),
    ],
)
def test_where_it_was_used(changes: dict[Any, Any], place: Thread | None) -> None:
    read = read_interaction(payload(**changes))
    assert read is not None
    assert read.place == place


@pytest.mark.parametrize(
    ("changes", "away"),
    [
        ({}, False),
        ({"authorizing_integration_owners": {"1": "5"}}, True),
        ({"authorizing_integration_owners": {}}, False),
        ({"context": 2, "guild_id": None}, True),
        ({"context": 1, "guild_id": None, "authorizing_integration_owners": {"0": "0", "1": "5"}}, False),
        ({"context": 1, "guild_id": None, "authorizing_integration_owners": {"1": "5"}}, True),
        ({"app_permissions": "0"}, True),
        ({"app_permissions": str(1 << 10)}, True),
        ({"app_permissions": str(1 << 10 | 1 << 11)}, False),
        ({"app_permissions": str(1 << 10 | 1 << 35 | 1 << 38)}, False),
        ({"app_permissions": str(1 << 10 | 1 << 11), "channel": {"type": 11, "parent_id": CHANNEL}}, True),
        ({"app_permissions": str(1 << 3)}, False),
        ({"app_permissions": None}, False),
    ],
)
def test_the_bot_is_away_where_only_the_interaction_reaches(changes: dict[Any, Any], away: bool) -> None:
    read = read_interaction(payload(**changes))
    assert read is not None
    assert read.away is away


@pytest.mark.parametrize(
    ("may", "hidden"), [("0", True), (str(1 << 50), False), (str(1 << 3), False), (None, False)]
)
def test_an_answer_is_hidden_where_people_may_not_bring_apps_along(may: str | None, hidden: bool) -> None:
    member = {"user": {"id": "5", "username": "ann"}, "permissions": may}
    read = read_interaction(payload(member=member, authorizing_integration_owners={"1": "5"}))
    assert read is not None
    assert read.hidden is hidden
    here = read_interaction(payload(member=member))
    assert here is not None
    assert here.hidden is False


def test_a_moderator_is_known_by_what_they_may_do() -> None:
    for may, moderator in ((1 << 13, True), (1 << 3, True), (1 << 11, False)):
        member = {"user": {"id": "5", "username": "ann"}, "permissions": str(may)}
        read = read_interaction(payload(member=member))
        assert read is not None
        assert read.person.moderator is moderator


def test_the_token_is_shown_nowhere() -> None:
    assert "secret" not in repr(read_interaction(payload()))
