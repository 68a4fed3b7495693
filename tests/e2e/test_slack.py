"""What only Slack does to a bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.types import Body, Thread
from sandbox.dify import Answer, Dify
from sandbox.slack import Limits, Window
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

# Nobody listens there.
DEAD = "http://127.0.0.1:9"


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


async def test_nothing_unfurls_and_every_post_can_be_found_again(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("See https://example.com")
    async with bridge() as app:
        await place.ask("Link?")
        await answered(app, 1)
    (post,) = [call for call in place.slack.calls if call.method == "chat.postMessage"]
    assert str(post.args["unfurl_links"]).lower() in ("false", "0")
    assert str(post.args["unfurl_media"]).lower() in ("false", "0")
    assert "dify_bridge_reply" in str(post.args["metadata"])


async def test_a_refreshed_socket_loses_nothing(place: SlackPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    async with bridge() as app:
        thread = await place.ask("one")
        await answered(app, 1)
        await place.slack.disconnect()
        await place.say(thread, "two")
        await answered(app, 2)
    assert place.replies(thread) == ["one!", "two!"]


async def test_every_event_is_acknowledged_also_those_that_mean_nothing(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Yes.")
    async with bridge() as app:
        await place.slack.emit({"type": "reaction_added", "user": place.person, "reaction": "eyes"})
        await place.ask("Hello?")
        await answered(app, 1)
        await until(lambda: place.slack.unacked == [])


async def test_a_limit_that_shrinks_costs_one_refusal_and_no_words(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    text = "word " * 40
    dify.script = lambda request, turns: Answer(text, tokens_per_second=25)
    place.slack.limits = Limits(update=Window(2, 3.0))
    async with bridge() as app:
        thread = await place.ask("Slowly")
        await answered(app, 1)
    assert [reply.strip() for reply in place.replies(thread)] == [text.strip()]


@pytest.mark.parametrize("when", ["at first", "later"])
async def test_a_socket_that_could_not_be_connected_is_asked_for_anew(place: SlackPlace, when: str) -> None:
    host = Recorder()
    place.slack.refused_sockets = 1 if when == "at first" else 0
    async with listening(place.slack, host):
        if when == "later":
            place.slack.refused_sockets = 1
            await place.slack.disconnect()
            await place.slack.wait_for(lambda: not place.slack.refused_sockets)
        await place.ask("Are you there?")
        await until(lambda: "Are you there?" in host.texts)
    opened = [call for call in place.slack.calls if call.method == "apps.connections.open"]
    assert len(opened) >= 3


@pytest.mark.parametrize("proxies", [{"HTTPS_PROXY": DEAD}, {"HTTP_PROXY": DEAD, "NO_PROXY": "127.0.0.1"}])
async def test_neither_a_proxy_for_elsewhere_nor_a_login_in_netrc_keeps_the_bot_away(
    place: SlackPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxies: dict[str, str]
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ada password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    for name, value in {"NETRC": str(netrc), **proxies}.items():
        monkeypatch.setenv(name, value)
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        ts = await place.ask("Are you there?")
        await until(lambda: "Are you there?" in host.texts)
        thread = Thread("slack", place.slack.team_id, place.channel, ts)
        await adapter.post(thread, Body("I am.", final=True), "key.0")
    assert place.replies(ts) == ["I am."]
