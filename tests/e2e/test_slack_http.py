"""Slack without Socket Mode: it talks to the bridge's own web port, and only Slack does."""

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import aiohttp
import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.paths import EVENTS_PATH
from bridge.app import App
from bridge.errors import Leaving, StoreError
from bridge.types import WebRequest
from bridge.web import WebPort
from sandbox.dify import Answer, Dify
from sandbox.slack import JsonObject, Slack
from tests.e2e import test_conversations as conversations
from tests.e2e import test_decisions as decisions
from tests.e2e import test_inputs as inputs
from tests.e2e import test_slack_commands as commands
from tests.e2e import test_stopping as stopping
from tests.e2e import test_suggestions as suggestions
from tests.e2e import test_thumbs as thumbs
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.slack_hosts import Recorder
from tests.e2e.slack_http import SlackHttpPlace, address, serving

Story: TypeAlias = Callable[[SlackHttpPlace, Dify, Bridge], Awaitable[None]]

SHARED: tuple[Story, ...] = (
    conversations.test_a_mention_is_answered_in_its_thread,
    conversations.test_a_thread_goes_on_in_its_conversation_without_a_mention,
    conversations.test_a_restart_continues_the_conversation,
    conversations.test_a_message_that_comes_again_is_answered_once,
    conversations.test_a_direct_message_is_answered,
    conversations.test_messages_that_come_during_an_answer_wait_their_turn,
    stopping.test_the_button_stops_an_answer_that_is_being_finished_on_leaving,
    suggestions.test_whoever_presses_asks_in_the_conversation_of_the_thread,
    thumbs.test_a_thumb_is_noted_changed_and_taken_back,
    thumbs.test_a_thumb_down_asks_why,
    inputs.test_the_form_can_be_filled_in_after_a_restart,
    inputs.test_details_can_be_changed_later_without_a_question,
    decisions.test_an_action_with_fields_opens_a_form,
    decisions.test_what_was_decided_already_is_told_to_whoever_presses,
    commands.test_what_is_asked_with_a_command_is_answered_below_it_and_not_said_twice,
    commands.test_help_names_the_command_that_was_used,
    commands.test_the_action_on_a_message_asks_about_it_in_its_thread,
)
WORDS = "words that are nobody's business"


@pytest.fixture
async def place() -> AsyncIterator[SlackHttpPlace]:
    async with SlackHttpPlace() as stand_in:
        yield stand_in


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(version="1.17.0") as stand_in:
        yield stand_in


@pytest.fixture
def bridge(place: SlackHttpPlace, dify: Dify, tmp_path: Path) -> Bridge:
    @asynccontextmanager
    async def running() -> AsyncIterator[App]:
        async with serving(place, dify, f"sqlite:///{tmp_path / 'bridge.db'}") as app:
            yield app

    return running


@pytest.mark.parametrize("story", SHARED, ids=lambda story: story.__name__.removeprefix("test_"))
async def test_what_holds_everywhere_holds_over_http(
    story: Story, place: SlackHttpPlace, dify: Dify, bridge: Bridge
) -> None:
    await story(place, dify, bridge)
    assert place.slack.connections == 0


class Outside:
    """Somebody who sends requests to the bridge, as Slack would, or not quite."""

    def __init__(self, slack: Slack, url: str, session: aiohttp.ClientSession) -> None:
        self._slack = slack
        self._url = url
        self._session = session

    async def send(
        self, body: bytes, *, at: float | None = None, media_type: str = "application/json", **changed: str
    ) -> tuple[int, str]:
        """Sends it signed, at this time; `changed` headers are sent instead, by their names in this way."""
        headers = {**self._slack.signed(body, at), "Content-Type": media_type}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        async with self._session.post(self._url, data=io.BytesIO(body), headers=headers) as response:
            return response.status, await response.text()


@asynccontextmanager
async def outside(app: App, slack: Slack) -> AsyncIterator[Outside]:
    async with aiohttp.ClientSession() as session:
        yield Outside(slack, address(app) + EVENTS_PATH, session)


def said(place: SlackHttpPlace, text: str) -> bytes:
    """An event in which somebody writes to the bot."""
    ts, dm = f"{time.time():.6f}", place.slack.open_dm(place.person)
    event = {"type": "message", "channel_type": "im", "channel": dm, "user": place.person, "text": text}
    body: JsonObject = {
        "type": "event_callback",
        "team_id": place.slack.team_id,
        "event_id": f"Ev{ts}",
        "event": {**event, "ts": ts},
    }
    return json.dumps(body).encode()


async def test_only_what_slack_has_signed_lately_is_taken(
    place: SlackHttpPlace, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with bridge() as app, outside(app, place.slack) as forger:
        body, now = said(place, WORDS), time.time()
        for attempt in (
            forger.send(body, X_Slack_Signature=f"v0={'0' * 64}"),
            forger.send(body, X_Slack_Signature="v0=ü"),
            forger.send(body, X_Slack_Signature=""),
            forger.send(body, X_Slack_Request_Timestamp=str(int(now) + 1)),
            forger.send(body, X_Slack_Request_Timestamp="now"),
            forger.send(body, X_Slack_Request_Timestamp="9" * 400),
            forger.send(body, at=now - 301),
            forger.send(body, at=now + 302),
            forger.send(b"\xff\xfe", media_type="application/json"),
        ):
            assert (await attempt)[0] == 401
        assert dify.requests == []
        assert await forger.send(body) == (200, "")
        await answered(app, 1)
    assert WORDS not in caplog.text


async def test_a_request_that_is_replayed_is_answered_once(
    place: SlackHttpPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Once.")
    async with bridge() as app, outside(app, place.slack) as eavesdropper:
        body, at = said(place, "Hello?"), time.time()
        for _ in range(3):
            assert (await eavesdropper.send(body, at=at, X_Slack_Retry_Num="1"))[0] == 200
        await answered(app, 1)
        assert (await eavesdropper.send(body, at=at))[0] == 200
    assert len(dify.requests) == 1


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"not JSON", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"type": 1}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"", "application/json", 400),
        (b"{}", "text/plain", 400),
        (b"payload=nonsense", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 500, "application/x-www-form-urlencoded", 400),
        (b'payload={"type":"unheard_of"}', "application/x-www-form-urlencoded", 200),
        (b'{"type": "app_rate_limited", "minute_rate_limited": 1}', "application/json", 200),
        (b'{"type": "event_callback"}', "application/json", 200),
        (b'{"type": "event_callback", "event": {"type": ["x"]}}', "application/json", 200),
        (b'{"type": "url_verification", "challenge": "3eZb"}', "application/json; charset=utf-8", 200),
        (b" " * (2**20 + 1), "application/json", 413),
    ],
)
async def test_whatever_comes_is_answered_plainly(
    place: SlackHttpPlace, bridge: Bridge, body: bytes, media_type: str, status: int
) -> None:
    async with bridge() as app, outside(app, place.slack) as somebody:
        answer = await somebody.send(body, media_type=media_type)
        assert answer[0] == status
        if b"challenge" in body:
            assert answer[1] == "3eZb"
        async with aiohttp.ClientSession(address(app)) as browser:
            async with browser.get(EVENTS_PATH) as response:
                assert response.status == 405
            async with browser.get("/healthz") as response:
                assert response.status == 200
            async with browser.get("/slack/install") as response:
                assert response.status == 404


@asynccontextmanager
async def hearing(slack: Slack, host: Recorder) -> AsyncIterator[SlackAdapter]:
    """An adapter alone behind a web port, that Slack reaches; on leaving the block its process is gone."""
    adapter = SlackAdapter(slack.bot_token, "", slack.url, signing_secret=slack.signing_secret)
    async with WebPort("127.0.0.1", 0, (adapter,)) as port:
        running = asyncio.create_task(adapter.run(host))
        try:
            async with asyncio.timeout(10):
                while (await adapter.serve(WebRequest("GET", EVENTS_PATH, {}, {}, b""))).status == 503:
                    await asyncio.sleep(0.01)
            await slack.subscribe(f"http://127.0.0.1:{port.port}{EVENTS_PATH}")
            yield adapter
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_what_cannot_be_stored_is_asked_for_again_and_taken_once() -> None:
    async with Slack(retry_delays=(0.0, 0.1, 0.5)) as slack:
        ada, host = slack.add_user("Ada"), Recorder()
        host.failures = [StoreError("the database is away"), StoreError("still away"), RuntimeError("x")]  # type: ignore[list-item]  # a defect
        async with hearing(slack, host):
            await slack.say(slack.open_dm(ada), ada, "Hello?")
            await host.hears("Hello?")
            await until(lambda: slack.unacked == [])
        assert slack.statuses == [503, 503, 503, 200]
        assert len(host.refused) == 3


async def test_a_process_that_leaves_takes_nothing_more_and_the_next_one_does() -> None:
    async with Slack(retry_delays=(0.0, 0.05, 0.1, 0.3, 0.6, 1.0, 1.0)) as slack:
        ada, leaving, after = slack.add_user("Ada"), Recorder(), Recorder()
        leaving.failures = [Leaving()] * 100
        async with hearing(slack, leaving):
            await slack.say(slack.open_dm(ada), ada, "one")
            await until(lambda: len(slack.statuses) >= 2)
        async with hearing(slack, after):
            await after.hears("one")
            await until(lambda: slack.unacked == [])
        assert slack.statuses[:2] == [503, 503]
        assert slack.statuses[-1] == 200
        # Once it has left, it does not even ask the host.
        assert len(leaving.refused) == 1


async def test_before_it_is_signed_in_nothing_is_taken() -> None:
    async with Slack() as slack:
        adapter = SlackAdapter(slack.bot_token, "", slack.url, signing_secret=slack.signing_secret)
        assert adapter.paths == (EVENTS_PATH,)
        assert (await adapter.serve(WebRequest("POST", EVENTS_PATH, {}, {}, b""))).status == 503
        in_socket_mode = SlackAdapter(slack.bot_token, slack.app_token, slack.url)
        assert in_socket_mode.paths == ()
