"""The stand-in for Slack over HTTP, and as an app finds it that many workspaces install."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Limits, Slack

REDIRECT = "https://bot.example.com/back"


@dataclass
class Request:
    """What came, when, and whether it was signed as the SDK checks it."""

    body: bytes
    headers: dict[str, str]
    genuine: bool
    at: float = field(default_factory=time.monotonic)


class Hooked:
    """An app that answers with the next of its `answers`, and then with 200."""

    def __init__(self, secret: str) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.answers: list[web.Response] = []
        self._verifier = SignatureVerifier(secret)

    async def take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        if b"url_verification" in body:
            assert self._verifier.is_valid_request(body, headers)
            return web.Response(text=json.loads(body)["challenge"])
        self.requests.append(Request(body, headers, self._verifier.is_valid_request(body, headers)))
        return self.answers.pop(0) if self.answers else web.Response()


@asynccontextmanager
async def hooked(slack: Slack) -> AsyncIterator[Hooked]:
    app = Hooked(slack.signing_secret)
    served = web.Application()
    served.router.add_post("/", app.take)
    runner = web.AppRunner(served)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        await slack.subscribe(app.url)
        yield app
    finally:
        await runner.cleanup()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(limits=Limits.off(), retry_delays=(0.0, 0.2, 0.4)) as slack:
        yield slack


@asynccontextmanager
async def client_of(slack: Slack, token: str) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=token, base_url=slack.url, session=session)


async def access(slack: Slack, **asked: str) -> dict[str, object]:
    form = {"client_id": slack.client_id, "client_secret": slack.client_secret, **asked}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}oauth.v2.access", data=form) as response,
    ):
        answer: dict[str, object] = await response.json()
        return answer


async def test_an_event_is_signed_and_said_again_until_it_is_taken(slack: Slack) -> None:
    ada = slack.add_user("Ada")
    async with hooked(slack) as app:
        app.answers = [web.Response(status=503), web.Response(status=404)]
        await slack.say(slack.open_dm(ada), ada, "Hello?")
        await slack.wait_for(lambda: slack.unacked == [])
    assert slack.statuses == [503, 404, 200]
    first, second, third = app.requests
    assert all(request.genuine for request in app.requests)
    assert first.body == second.body == third.body
    assert "X-Slack-Retry-Num" not in first.headers
    assert [one.headers["X-Slack-Retry-Num"] for one in (second, third)] == ["1", "2"]
    assert third.at - second.at >= 0.2


async def test_what_is_pressed_and_commanded_comes_as_a_form_and_its_answer_counts(slack: Slack) -> None:
    ada = slack.add_user("Ada")
    async with hooked(slack) as app:
        app.answers = [web.json_response({"text": "Just you."})]
        await slack.command(slack.add_channel("general"), ada, "help")
        await slack.wait_for(lambda: slack.whispers(ada) != [])
        await slack.interact({"type": "message_action"})
        await slack.wait_for(lambda: len(slack.statuses) == 2)
    command, action = (parse_qs(request.body.decode()) for request in app.requests)
    assert (command["command"], command["text"]) == (["/dify"], ["help"])
    assert json.loads(action["payload"][0])["type"] == "message_action"
    assert [one.text for one in slack.whispers(ada)] == ["Just you."]


async def test_an_address_that_does_not_answer_the_challenge_is_not_taken(slack: Slack) -> None:
    with pytest.raises(OSError, match="challenge"):
        await slack.subscribe(f"{slack.url}auth.test")


async def test_a_code_is_good_once_and_in_the_right_hands(slack: Slack) -> None:
    acme = slack.add_workspace("Acme")
    before = acme.installed
    code = acme.code(REDIRECT)
    for asked, error in (
        ({"code": "made-up", "redirect_uri": REDIRECT}, "invalid_code"),
        ({"code": code, "redirect_uri": "https://elsewhere.example"}, "bad_redirect_uri"),
        ({"code": code, "redirect_uri": REDIRECT, "client_secret": "guessed"}, "bad_client_secret"),
        ({"code": code, "redirect_uri": REDIRECT, "client_id": "1.1"}, "invalid_client_id"),
    ):
        assert (await access(slack, **asked))["error"] == error
    answer = await access(slack, code=code, redirect_uri=REDIRECT)
    assert answer["team"] == {"id": acme.team_id, "name": "Acme"}
    assert (before, acme.installed) == (False, True)
    assert (await access(slack, code=code, redirect_uri=REDIRECT))["error"] == "code_already_used"
    async with client_of(slack, str(answer["access_token"])) as client:
        who = await client.auth_test()
        assert (who["team_id"], who["user_id"]) == (acme.team_id, acme.bot_user_id)
        ada = acme.add_user("Ada")
        posted = await client.chat_postMessage(channel=acme.open_dm(ada), text="Hello")
        assert posted["ok"]
        with pytest.raises(SlackApiError, match="channel_not_found"):
            await client.chat_postMessage(channel=slack.add_channel("general"), text="Hello")
    async with client_of(slack, slack.bot_token) as client:
        assert (await client.auth_test())["team_id"] == slack.team_id


async def test_a_token_that_expires_is_renewed_once_with_what_came_with_it(slack: Slack) -> None:
    acme = slack.add_workspace("Acme")
    slack.token_seconds = 1
    first = await access(slack, code=acme.code(REDIRECT), redirect_uri=REDIRECT)
    assert first["expires_in"] == 1
    async with client_of(slack, str(first["access_token"])) as client:
        assert (await client.auth_test())["ok"]
        await asyncio.sleep(1.1)  # the token's life
        with pytest.raises(SlackApiError, match="token_expired"):
            await client.auth_test()
    refresh = {"grant_type": "refresh_token", "refresh_token": str(first["refresh_token"])}
    second = await access(slack, **refresh)
    assert second["access_token"] != first["access_token"]
    assert (await access(slack, **refresh))["error"] == "invalid_refresh_token"
    assert slack.renewals == (1, 1)


async def test_an_app_that_is_taken_out_is_told_and_hears_nothing_more(slack: Slack) -> None:
    acme = slack.add_workspace("Acme")
    answer = await access(slack, code=acme.code(REDIRECT), redirect_uri=REDIRECT)
    ada = acme.add_user("Ada")
    async with hooked(slack) as app, client_of(slack, str(answer["access_token"])) as client:
        await acme.uninstall()
        await acme.say(acme.open_dm(ada), ada, "Anybody?")
        await slack.wait_for(lambda: len(slack.statuses) == 2)
        with pytest.raises(SlackApiError, match="token_revoked"):
            await client.auth_test()
    told = [json.loads(request.body) for request in app.requests]
    assert [one["event"]["type"] for one in told] == ["tokens_revoked", "app_uninstalled"]
    assert {one["team_id"] for one in told} == {acme.team_id}
    assert slack.unacked == []


async def test_an_app_can_give_its_token_back(slack: Slack) -> None:
    acme = slack.add_workspace("Acme", enterprise_id="E1")
    answer = await access(slack, code=acme.code(REDIRECT), redirect_uri=REDIRECT)
    assert (answer["team"], answer["is_enterprise_install"]) == (None, True)
    async with hooked(slack) as app, client_of(slack, str(answer["access_token"])) as client:
        assert (await client.auth_revoke())["revoked"]
        await slack.wait_for(lambda: len(slack.statuses) == 1)
        with pytest.raises(SlackApiError, match="token_revoked"):
            await client.auth_test()
    (told,) = (json.loads(request.body) for request in app.requests)
    assert told["event"]["tokens"] == {"oauth": [], "bot": [acme.bot_user_id]}
    assert told["authorizations"][0]["enterprise_id"] == "E1"
