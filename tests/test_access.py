"""Who may ask, and what people are called in the configuration."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from bridge.access import (
    denies_groups,
    groups_asking,
    groups_curating,
    groups_moderating,
    is_curator,
    is_moderator,
    is_name,
    may_ask,
    named,
)
from bridge.routes import AppConfig, Everywhere
from bridge.types import Person, Thread

SLACK = Thread("slack", "T1", "C1", "1.1")
DISCORD = Thread("discord", "42", "77", "88")
ADA = Person("U1")
WRITER = Person("U1", roles=("S1", "7"))


def app(
    *,
    allow: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
    curators: tuple[str, ...] = (),
    moderators: tuple[str, ...] = (),
    everywhere: Everywhere | None = None,
) -> AppConfig:
    return AppConfig(
        "hr",
        SecretStr("app-x"),
        "http://dify/v1",
        curators=frozenset(curators),
        allow=frozenset(allow),
        deny=frozenset(deny),
        moderators=frozenset(moderators),
        everywhere=everywhere or Everywhere(),
    )


@pytest.mark.parametrize(
    ("name", "on_slack", "on_discord"),
    [
        ("*", True, True),
        ("slack:*", True, False),
        ("slack:U1", True, False),
        ("slack:U2", False, False),
        ("slack:workspace/T1", True, False),
        ("slack:workspace/T2", False, False),
        ("slack:channel/C1", True, False),
        ("slack:channel/1.1", False, False),
        ("slack:group/S1", True, False),
        ("slack:group/7", True, False),
        ("discord:server/42", False, True),
        ("discord:server/77", False, False),
        ("discord:channel/77", False, True),
        ("discord:role/7", False, True),
        ("discord:role/8", False, False),
    ],
)
def test_people_are_named_by_who_they_are_where_they_speak_and_what_they_belong_to(
    name: str, on_slack: bool, on_discord: bool
) -> None:
    assert named({name}, "slack", SLACK, WRITER) is on_slack
    assert named({name}, "discord", DISCORD, WRITER) is on_discord


def test_without_a_place_only_people_and_their_groups_are_named() -> None:
    assert not named({"slack:channel/C1", "slack:workspace/T1"}, "slack", None, WRITER)
    assert named({"slack:group/S1"}, "slack", None, WRITER)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("*", True),
        ("slack:U012AB3CD", True),
        ("slack:*", True),
        ("slack:workspace/T01", True),
        ("slack:channel/C01", True),
        ("slack:group/S01", True),
        ("discord:server/123", True),
        ("discord:channel/123", True),
        ("discord:role/123", True),
        ("slack:server/1", False),
        ("slack:role/1", False),
        ("discord:workspace/1", False),
        ("discord:group/1", False),
        ("discord:role/C1", False),
        ("slack:channel/", False),
        ("slack:channel/*", False),
        ("teams:U1", False),
        ("U1", False),
        ("", False),
        ("slack:U1 ", False),
    ],
)
def test_a_name_is_one_that_its_platform_has(text: str, good: bool) -> None:
    assert is_name(text) is good


@pytest.mark.parametrize(
    ("allow", "deny", "slack_u1", "discord_u1"),
    [
        ((), (), True, True),
        (("slack:U1",), (), True, False),
        (("slack:*",), (), True, False),
        (("*",), ("slack:U1",), False, True),
        (("slack:U1",), ("slack:U1",), False, False),
        ((), ("discord:*",), True, False),
        ((), ("*",), False, False),
        (("slack:U2",), (), False, False),
        (("slack:channel/C1",), ("slack:U1",), False, False),
        (("slack:U1", "discord:role/7"), ("slack:workspace/T1",), False, False),
    ],
)
def test_deny_wins_and_where_some_are_allowed_only_they_may_ask(
    allow: tuple[str, ...], deny: tuple[str, ...], slack_u1: bool, discord_u1: bool
) -> None:
    one = app(allow=allow, deny=deny)
    assert may_ask(one, SLACK, ADA) is slack_u1
    assert may_ask(one, DISCORD, ADA) is discord_u1


@pytest.mark.parametrize(
    ("everywhere", "here", "may"),
    [
        (("slack:U1",), ("slack:U1",), True),
        (("slack:U1",), (), True),
        (("slack:U1",), ("slack:U2",), False),
        (("slack:U2",), ("slack:U1",), False),
    ],
)
def test_what_holds_for_all_apps_and_for_this_one_must_both_permit(
    everywhere: tuple[str, ...], here: tuple[str, ...], may: bool
) -> None:
    one = app(allow=here, everywhere=Everywhere(allow=frozenset(everywhere)))
    assert may_ask(one, SLACK, ADA) is may


def test_a_denial_for_all_apps_is_not_lifted_by_one_of_them() -> None:
    one = app(allow=("slack:U1",), everywhere=Everywhere(deny=frozenset({"slack:U1"})))
    assert not may_ask(one, SLACK, ADA)


def test_nobody_is_a_curator_unless_named() -> None:
    assert not is_curator(app(), SLACK, ADA)
    assert is_curator(app(curators=("slack:U1",)), SLACK, ADA)
    assert not is_curator(app(curators=("slack:U1",)), DISCORD, ADA)
    assert is_curator(app(curators=("discord:role/7",)), DISCORD, WRITER)
    assert is_curator(app(curators=("*",)), DISCORD, ADA)


def test_moderators_are_those_of_the_platform_of_the_app_and_of_all_apps() -> None:
    everywhere = Everywhere(moderators=frozenset({"discord:role/7"}))
    assert not is_moderator(app(), SLACK, ADA)
    assert is_moderator(app(), SLACK, replace(ADA, moderator=True))
    assert is_moderator(app(moderators=("slack:channel/C1",)), SLACK, ADA)
    assert is_moderator(app(everywhere=everywhere), DISCORD, WRITER)
    assert not is_moderator(app(everywhere=everywhere), DISCORD, ADA)


def test_only_groups_that_decide_have_to_be_asked_about() -> None:
    everywhere = Everywhere(
        frozenset({"slack:group/S1"}), frozenset({"slack:group/S2"}), moderators=frozenset({"slack:group/S4"})
    )
    one = app(
        allow=("slack:group/S1", "slack:channel/C1", "discord:role/5"),
        curators=("slack:group/S3",),
        moderators=("slack:group/S5",),
        everywhere=everywhere,
    )
    assert groups_asking(one, "slack") == ("S1", "S2")
    assert groups_asking(one, "discord") == ("5",)
    assert groups_asking(app(allow=("*",)), "slack") == ()
    assert groups_curating(one, "slack") == ("S3",)
    assert groups_moderating(one, "slack") == ("S4", "S5")
    assert denies_groups(one, "slack")
    assert not denies_groups(one, "discord")
