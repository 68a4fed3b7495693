"""What people press, fill in and see alone in the stand-in for Slack, as the real SDKs find it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import FormError, Json, Limits, Slack, SlackFile

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "slack-samples" / "interactive"
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "1"}
THUMBS = {
    "type": "feedback_buttons",
    "action_id": "fb",
    "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "+"},
    "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "-"},
}
VIEW: dict[str, Json] = {
    "type": "modal",
    "callback_id": "order",
    "title": {"type": "plain_text", "text": "Order"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "what",
            "label": {"type": "plain_text", "text": "What"},
            "element": {"type": "plain_text_input", "action_id": "what", "max_length": 5},
        }
    ],
}


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(limits=Limits.off()) as slack:
        yield slack


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def client(slack: Slack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)


@asynccontextmanager
async def running(slack: Slack, app: AsyncApp) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt does not annotate it
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # same


async def posted(slack: Slack, client: AsyncWebClient, *blocks: dict[str, Any]) -> tuple[str, str, str]:
    """A channel, a person in it, and the ts of a message with these blocks."""
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    answer = await client.chat_postMessage(channel=channel, text="Press", blocks=list(blocks))
    return channel, ada, str(answer["ts"])


async def refusal(client: AsyncWebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


def actions(*elements: Mapping[str, Any], kind: str = "actions") -> dict[str, Any]:
    return {"type": kind, "elements": list(elements)}


def keys(value: object) -> object:
    """The names in a payload, to whatever depth."""
    if isinstance(value, Mapping):
        return {name: keys(inner) for name, inner in value.items()}
    return None


@pytest.mark.parametrize(
    "block",
    [
        actions(),
        actions(*({**BUTTON, "action_id": str(number)} for number in range(26))),
        actions({**BUTTON, "text": {"type": "plain_text", "text": "x" * 76}}),
        actions({**BUTTON, "text": {"type": "mrkdwn", "text": "x"}}),
        actions({**BUTTON, "text": {"type": "plain_text", "text": ""}}),
        actions({**BUTTON, "value": "x" * 2001}),
        actions({**BUTTON, "style": "loud"}),
        actions({**BUTTON, "action_id": "x" * 256}),
        actions(BUTTON, BUTTON),
        actions(THUMBS),
        actions(BUTTON, kind="context_actions"),
        actions({**THUMBS, "negative_button": {}}, kind="context_actions"),
        actions(*({**THUMBS, "action_id": str(number)} for number in range(6)), kind="context_actions"),
        actions({"type": "mrkdwn", "text": "x" * 3001}, kind="context"),
    ],
)
async def test_buttons_that_slack_would_not_take_are_refused(
    slack: Slack, client: AsyncWebClient, block: Mapping[str, Any]
) -> None:
    channel = slack.add_channel("general")
    refused = await refusal(client, "chat.postMessage", channel=channel, text="x", blocks=[block])
    assert refused == "invalid_blocks"


async def test_a_press_arrives_as_slack_sends_it_and_is_not_repeated(client: AsyncWebClient) -> None:
    async with Slack(limits=Limits.off(), ack_timeout=0.2, retry_delays=(0.0,)) as slack:
        client.base_url = slack.url
        heard: list[dict[str, Any]] = []
        app = AsyncApp(client=client)

        @app.action("go")
        async def go(body: dict[str, Any]) -> None:
            heard.append(body)

        channel, ada, ts = await posted(slack, client, actions(BUTTON))
        async with running(slack, app):
            sent = await slack.press(ts, "Go", ada)
            async with asyncio.timeout(5):
                while not heard:
                    await asyncio.sleep(0.01)
            # An event would come again by now.
            await asyncio.sleep(0.5)
        assert slack.interactions[sent.id].acknowledged_after is None
        (body,) = heard
    assert (body["channel"]["id"], body["user"]["id"]) == (channel, ada)
    assert body["actions"][0]["value"] == "1"
    if SAMPLES.is_dir():
        recorded = json.loads((SAMPLES / "block_actions.button.json").read_text(encoding="utf-8"))
        missing = {*recorded} - {*body}
        assert not missing
        assert {*recorded["actions"][0]} - {*body["actions"][0]} == set()
        assert {*recorded["container"]} - {*body["container"]} == {"thread_ts"}
        assert keys(recorded["user"]) == keys(body["user"])


async def test_whoever_presses_can_be_answered_five_times_for_their_eyes_only(
    slack: Slack, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    app, urls = AsyncApp(client=client), []

    @app.action("fb")
    async def feedback(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"You said {body['actions'][0]['value']}", replace_original=False)
        urls.append(body["response_url"])

    _, ada, ts = await posted(slack, client, actions(THUMBS, kind="context_actions"))
    bob = slack.add_user("Bob")
    async with running(slack, app):
        await slack.press(ts, "Bad", bob)
        await slack.wait_for(lambda: [one.text for one in slack.whispers(bob)] == ["You said -"])
    assert slack.whispers(ada) == []
    body = {"text": "more", "replace_original": False}
    statuses = []
    for _ in range(5):
        async with session.post(urls[0], json=body) as response:
            statuses.append(response.status)
    assert statuses == [200, 200, 200, 200, 404]


async def test_a_view_opens_once_per_trigger_and_soon(slack: Slack, client: AsyncWebClient) -> None:
    app, triggers = AsyncApp(client=client), []

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=VIEW)
        triggers.append(body["trigger_id"])

    _, ada, ts = await posted(slack, client, actions(BUTTON))
    async with running(slack, app):
        await slack.press(ts, "go", ada)
        await slack.wait_for(lambda: slack.view(ada) is not None)
        async with asyncio.timeout(5):
            while not triggers:
                await asyncio.sleep(0.01)
    assert await refusal(client, "views.open", trigger_id=triggers[0], view=VIEW) == "exchanged_trigger_id"
    assert await refusal(client, "views.open", trigger_id="none", view=VIEW) == "invalid_trigger_id"


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "message"},
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"title": {"type": "mrkdwn", "text": "x"}},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"blocks": []},
        {"blocks": [{"type": "markdown", "text": "x"}]},
        {"blocks": [{"type": "divider"}] * 101},
    ],
)
async def test_a_view_that_slack_would_not_take_is_refused(
    slack: Slack, client: AsyncWebClient, changes: dict[str, Any]
) -> None:
    app, refused = AsyncApp(client=client), []
    view = {name: value for name, value in {**VIEW, **changes}.items() if value is not None}

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        refused.append(await refusal(client, "views.open", trigger_id=body["trigger_id"], view=view))

    _, ada, ts = await posted(slack, client, actions(BUTTON))
    async with running(slack, app):
        await slack.press(ts, "go", ada)
        async with asyncio.timeout(5):
            while not refused:
                await asyncio.sleep(0.01)
    assert refused == ["invalid_arguments"]
    assert slack.view(ada) is None


async def test_a_form_stays_open_with_what_the_app_says_is_wrong_and_closes_when_all_is_right(
    slack: Slack, client: AsyncWebClient
) -> None:
    app = AsyncApp(client=client)

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=VIEW)

    @app.view("order")
    async def order(ack: AsyncAck, view: dict[str, Any]) -> None:
        if view["state"]["values"]["what"]["what"]["value"] == "tea":
            await ack(response_action="errors", errors={"what": "No tea."})
        else:
            await ack()

    _, ada, ts = await posted(slack, client, actions(BUTTON))
    async with running(slack, app):
        await slack.press(ts, "go", ada)
        await slack.wait_for(lambda: slack.view(ada) is not None)
        for values in ({"What": ""}, {"What": "coffee"}, {"Who": "me"}):
            with pytest.raises(FormError):
                await slack.submit(ada, values)
        await slack.submit(ada, {"What": "tea"})
        await slack.wait_for(lambda: (shown := slack.view(ada)) is not None and bool(shown.errors))
        shown = slack.view(ada)
        assert shown is not None
        assert shown.errors == (("what", "No tea."),)
        await slack.submit(ada, {"What": "milk"})
        await slack.wait_for(lambda: slack.view(ada) is None)


async def test_a_form_may_become_another_one_but_not_a_wrong_one(
    slack: Slack, client: AsyncWebClient
) -> None:
    app, hashes = AsyncApp(client=client), []
    next_views = [{**VIEW, "title": {"type": "plain_text", "text": "More"}}, {**VIEW, "title": {}}]

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=VIEW)

    @app.view("order")
    async def order(ack: AsyncAck, view: dict[str, Any]) -> None:
        hashes.append((view["id"], view["hash"]))
        await ack(response_action="update", view=next_views.pop(0))

    _, ada, ts = await posted(slack, client, actions(BUTTON))
    async with running(slack, app):
        await slack.press(ts, "go", ada)
        await slack.wait_for(lambda: slack.view(ada) is not None)
        await slack.submit(ada, {"What": "tea"})
        await slack.wait_for(lambda: (shown := slack.view(ada)) is not None and shown.title == "More")
        await slack.submit(ada, {"What": "tea"})
        await slack.wait_for(lambda: (shown := slack.view(ada)) is not None and bool(shown.errors))
    assert len({view_id for view_id, _ in hashes}) == 1
    assert len({view_hash for _, view_hash in hashes}) == 2


async def test_a_file_is_uploaded_as_the_sdk_does_it(slack: Slack, client: AsyncWebClient) -> None:
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    ts = await slack.say(channel, ada, "Draw")
    await client.files_upload_v2(filename="a.txt", content="drawn", channel=channel, thread_ts=ts)
    assert [(file.name, file.content) for file in slack.files(channel, ts)] == [("a.txt", b"drawn")]
    assert await refusal(client, "files.getUploadURLExternal", filename="a", length=0) == "missing_argument"


async def test_an_upload_needs_all_of_its_bytes_and_ends_once(
    slack: Slack, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    channel = slack.add_channel("general")
    begun = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    ending = {"files": [{"id": begun["file_id"]}], "channel_id": channel}
    assert await refusal(client, "files.completeUploadExternal", **ending) == "file_not_found"
    for data, status in ((b"dra", 400), (b"drawn", 200)):
        async with session.post(begun["upload_url"], data=data) as response:
            assert response.status == status
    await client.api_call("files.completeUploadExternal", json=ending)
    assert await refusal(client, "files.completeUploadExternal", **ending) == "file_not_found"


async def test_of_a_file_from_another_organisation_more_is_told_when_asked(
    slack: Slack, client: AsyncWebClient
) -> None:
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    theirs = SlackFile("a.pdf", "application/pdf", b"pdf", connect=True)
    await slack.say(channel, ada, "Look", files=(theirs,))
    messages = (await client.conversations_history(channel=channel))["messages"]
    told = messages[0]["files"][0]
    assert told["file_access"] == "check_file_info"
    assert "url_private" not in told
    info = (await client.files_info(file=told["id"]))["file"]
    assert (info["name"], info["size"]) == ("a.pdf", 3)
    assert await refusal(client, "files.info", file="F0") == "file_not_found"


async def test_only_threads_of_direct_messages_have_titles(slack: Slack, client: AsyncWebClient) -> None:
    ada = slack.add_user("Ada")
    dm, channel = slack.open_dm(ada), slack.add_channel("general")
    ts = await slack.say(dm, ada, "Hello")
    await client.assistant_threads_setTitle(channel_id=dm, thread_ts=ts, title="Tea")
    assert slack.title(dm, ts) == "Tea"
    method = "assistant.threads.setTitle"
    assert await refusal(client, method, channel_id=channel, thread_ts=ts, title="x") == "channel_not_found"
    assert await refusal(client, method, channel_id=dm, thread_ts="1.5", title="x") == "invalid_thread_ts"
    assert await refusal(client, method, channel_id=dm, thread_ts=ts, title="x" * 201) == "invalid_arguments"


async def test_only_a_view_that_somebody_has_before_them_can_be_replaced_by_its_id(
    slack: Slack, client: AsyncWebClient
) -> None:
    assert await refusal(client, "views.update", view_id="V0NONE", view=VIEW) == "not_found"
    assert await refusal(client, "views.update", view_id="V0NONE", view={}) == "invalid_arguments"
