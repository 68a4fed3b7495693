"""Commands, shortcuts, Home tab, agents and menus of the stand-in for Slack, as the real SDKs find them."""

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

from sandbox.slack import Json, Limits, Slack

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "slack-samples"
HOME: dict[str, Json] = {
    "type": "home",
    "private_metadata": "kept",
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Welcome"}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "go",
                    "text": {"type": "plain_text", "text": "Go"},
                    "value": "1",
                }
            ],
        },
    ],
}


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(limits=Limits.off()) as slack:
        yield slack


@pytest.fixture
async def client(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)


@asynccontextmanager
async def running(slack: Slack, app: AsyncApp) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt does not annotate it
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # same


async def refusal(client: AsyncWebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


def recorded(name: str) -> Mapping[str, Any] | None:
    path = SAMPLES / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


async def heard(slack: Slack, client: AsyncWebClient, kind: str, act: Any) -> dict[str, Any]:
    """The one event of this kind that comes of `act`."""
    app, events = AsyncApp(client=client), []

    @app.event(kind)
    async def on_event(event: dict[str, Any]) -> None:
        events.append(event)

    async with running(slack, app):
        await act
        await slack.wait_for(lambda: slack.unacked == [])
    (event,) = events
    return event


# --- commands and shortcuts ---


async def test_a_command_looks_as_recorded_and_is_answered_at_once_or_later(
    slack: Slack, client: AsyncWebClient
) -> None:
    app, bodies = AsyncApp(client=client), []

    @app.command("/dify")
    async def dify(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack("At once")
        await respond(text="Later", replace_original=False)

    ada, channel = slack.add_user("Ada"), slack.add_channel("elsewhere", bot_is_member=False)
    async with running(slack, app):
        sent = await slack.command(channel, ada, "ask Why?")
        await slack.wait_for(lambda: len(slack.whispers(ada)) == 2)
    assert {one.text for one in slack.whispers(ada)} == {"At once", "Later"}
    assert slack.interactions[sent.id].kind == "slash_commands"
    (body,) = bodies
    assert (body["text"], body["channel_id"], body["user_id"]) == ("ask Why?", channel, ada)
    if sample := recorded("interactive/slash_command.json"):
        assert {*sample} <= {*body}


async def test_a_shortcut_carries_its_message_and_opens_a_form(slack: Slack, client: AsyncWebClient) -> None:
    app, bodies = AsyncApp(client=client), []

    @app.shortcut("about")
    async def about(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)
        view = {
            "type": "modal",
            "title": {"type": "plain_text", "text": "About"},
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Well?"}}],
        }
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    ts = await slack.say(channel, ada, "Look")
    async with running(slack, app):
        await slack.use_shortcut(channel, ts, "about", ada)
        await slack.wait_for(lambda: slack.view(ada) is not None)
    (body,) = bodies
    assert (body["message_ts"], body["message"]["text"], body["channel"]["id"]) == (ts, "Look", channel)


# --- the Home tab ---


async def test_what_is_published_is_seen_and_what_is_pressed_there_belongs_to_no_channel(
    slack: Slack, client: AsyncWebClient
) -> None:
    app, bodies = AsyncApp(client=client), []

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    ada = slack.add_user("Ada")
    assert slack.home(ada) is None
    await client.views_publish(user_id=ada, view=HOME)
    home = slack.home(ada)
    assert home is not None
    assert (home.text, home.buttons) == ("Welcome", ("Go",))
    async with running(slack, app):
        await slack.press_at_home("Go", ada)
        await slack.wait_for(lambda: len(slack.acks) == 1)
    (body,) = bodies
    assert body["container"]["type"] == "view"
    assert body["view"]["private_metadata"] == "kept"
    assert not {"channel", "message", "response_url"} & {*body}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": "modal"}, "invalid_arguments"),
        ({"title": {"type": "plain_text", "text": "Home"}}, "invalid_arguments"),
        ({"blocks": []}, "invalid_arguments"),
        ({"blocks": [{"type": "divider"}] * 101}, "invalid_arguments"),
        ({"blocks": [{"type": "markdown", "text": "No"}]}, "invalid_arguments"),
        ({"private_metadata": "x" * 3_001}, "invalid_arguments"),
    ],
)
async def test_a_home_tab_that_slack_would_not_take(
    slack: Slack, client: AsyncWebClient, change: dict[str, Json], error: str
) -> None:
    ada = slack.add_user("Ada")
    assert await refusal(client, "views.publish", user_id=ada, view={**HOME, **change}) == error
    assert slack.home(ada) is None


async def test_a_home_tab_that_was_changed_meanwhile_is_not_overwritten(
    slack: Slack, client: AsyncWebClient
) -> None:
    ada = slack.add_user("Ada")
    first = await client.views_publish(user_id=ada, view=HOME)
    await client.views_publish(user_id=ada, view=HOME)
    old = first["view"]["hash"]
    assert await refusal(client, "views.publish", user_id=ada, view=HOME, hash=old) == "hash_conflict"
    assert await refusal(client, "views.publish", user_id="U0", view=HOME) == "user_not_found"


async def test_an_opened_tab_says_whether_something_is_published(
    slack: Slack, client: AsyncWebClient
) -> None:
    ada = slack.add_user("Ada")
    event = await heard(slack, client, "app_home_opened", slack.open_home(ada))
    assert (event["tab"], event["channel"]) == ("home", slack.open_dm(ada))
    assert "view" not in event
    await client.views_publish(user_id=ada, view=HOME)
    event = await heard(slack, client, "app_home_opened", slack.open_home(ada))
    assert event["view"]["type"] == "home"


# --- agents ---


async def test_the_events_of_an_agent_look_as_recorded(slack: Slack, client: AsyncWebClient) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    acts = {
        "events/app_home_opened.messages_tab.json": slack.open_messages(ada, looking_at=channel),
        "events/app_context_changed.json": slack.look_at(ada, channel),
        "events/bolt_thread_started_event.json": slack.begin_assistant_thread(ada, looking_at=channel),
        "events/agent_session_stopped.json": slack.stop_session(slack.open_dm(ada), "1.000001", ada),
    }
    for name, act in acts.items():
        kind = {"events/bolt_thread_started_event.json": "assistant_thread_started"}.get(
            name, name.removeprefix("events/").partition(".")[0]
        )
        event = await heard(slack, client, kind, act)
        if sample := recorded(name):
            assert {*sample["event"]} == {*event}, name


async def test_a_session_hangs_until_it_is_released(slack: Slack, client: AsyncWebClient) -> None:
    ada = slack.add_user("Ada")
    direct = slack.open_dm(ada)
    root = await slack.say(direct, ada, "Hello?")
    started = await client.chat_startStream(channel=direct, thread_ts=root, markdown_text="Well")
    assert slack.hanging == [(direct, root)]
    await slack.stop_stream(direct, started["ts"], ada)
    assert slack.hanging == [(direct, root)]
    await client.agents_sessions_setStatus(channel_id=direct, thread_ts=root, status="active")
    assert slack.hanging == []
    assert slack.sessions == {(direct, root): "active"}
    again = await client.chat_startStream(channel=direct, thread_ts=root, markdown_text="Well")
    assert slack.hanging == [(direct, root)]
    await client.chat_stopStream(channel=direct, ts=again["ts"])
    assert slack.hanging == []


async def test_a_stream_that_outlives_its_time_leaves_its_session_hanging(client: AsyncWebClient) -> None:
    async with Slack(limits=Limits.off(), stream_lifetime=0.0) as slack, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
        ada = slack.add_user("Ada")
        direct = slack.open_dm(ada)
        root = await slack.say(direct, ada, "Hello?")
        stream = await client.chat_startStream(channel=direct, thread_ts=root, markdown_text="Well")
        error = await refusal(client, "chat.stopStream", channel=direct, ts=stream["ts"])
        assert error == "message_not_in_streaming_state"
        await client.chat_update(channel=direct, ts=stream["ts"], text="Well")
        assert slack.hanging == [(direct, root)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": "idle"}, "invalid_status"),
        ({"thread_ts": None}, "thread_ts_required"),
        ({"channel_id": "C0"}, "channel_not_found"),
        ({"title": "x" * 201}, "invalid_arguments"),
        ({"initiator_user_id": "U0"}, "user_not_found"),
        ({"loading_messages": ["x"]}, "invalid_arguments"),
    ],
)
async def test_a_session_status_that_slack_would_not_take(
    slack: Slack, client: AsyncWebClient, change: dict[str, Json], error: str
) -> None:
    direct = slack.open_dm(slack.add_user("Ada"))
    given = {"channel_id": direct, "thread_ts": "1.000001", "status": "active", **change}
    assert await refusal(client, "agents.sessions.setStatus", **given) == error


async def test_only_a_session_that_there_is_has_a_name(slack: Slack, client: AsyncWebClient) -> None:
    direct = slack.open_dm(slack.add_user("Ada"))
    place: dict[str, Any] = {"channel_id": direct, "thread_ts": "1.000001"}
    assert await refusal(client, "agents.sessions.rename", **place, title="Tea") == "session_not_found"
    await client.agents_sessions_setStatus(**place, status="processing")
    await client.agents_sessions_rename(**place, title="Tea")
    assert slack.title(direct, "1.000001") == "Tea"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"prompts": []}, "invalid_arguments"),
        ({"prompts": [{"title": "One", "message": "One"}] * 5}, "invalid_arguments"),
        ({"prompts": [{"title": "One"}]}, "invalid_arguments"),
        ({"prompts": [{"title": "One", "message": ""}]}, "invalid_arguments"),
        ({"thread_ts": "1.000001"}, "invalid_thread_ts"),
        ({"channel_id": "C0"}, "channel_not_found"),
    ],
)
async def test_suggestions_that_slack_would_not_take(
    slack: Slack, client: AsyncWebClient, change: dict[str, Json], error: str
) -> None:
    direct = slack.open_dm(slack.add_user("Ada"))
    given = {"channel_id": direct, "prompts": [{"title": "One", "message": "One"}], **change}
    assert await refusal(client, "assistant.threads.setSuggestedPrompts", **given) == error


async def test_a_workspace_without_agents_says_so(slack: Slack, client: AsyncWebClient) -> None:
    slack.agents_available = False
    direct = slack.open_dm(slack.add_user("Ada"))
    prompts = [{"title": "One", "message": "One"}]
    suggesting = refusal(client, "assistant.threads.setSuggestedPrompts", channel_id=direct, prompts=prompts)
    assert await suggesting == "not_agent_app"
    status = {"channel_id": direct, "thread_ts": "1.000001", "status": "active"}
    assert await refusal(client, "agents.sessions.setStatus", **status) == "feature_disabled"


async def test_the_line_under_a_thread_has_as_many_words_as_slack_takes(
    slack: Slack, client: AsyncWebClient
) -> None:
    ada = slack.add_user("Ada")
    direct = slack.open_dm(ada)
    root = await slack.say(direct, ada, "Hello?")
    place: dict[str, Any] = {"channel_id": direct, "thread_ts": root, "status": "is thinking"}
    for wrong in ([], ["x"] * 11, ["x" * 51], [""]):
        error = await refusal(client, "assistant.threads.setStatus", **place, loading_messages=wrong)
        assert error == "invalid_arguments"
    await client.assistant_threads_setStatus(**place, loading_messages=["One", "Two"])
    assert slack.loading(direct, root) == ("One", "Two")
    await client.chat_postMessage(channel=direct, thread_ts=root, text="Here")
    assert (slack.status(direct, root), slack.loading(direct, root)) == ("", ())


# --- menus, and kinds of channels ---


async def test_a_menu_says_what_was_chosen(slack: Slack, client: AsyncWebClient) -> None:
    app, chosen = AsyncApp(client=client), []

    @app.action("menu")
    async def menu(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        chosen.append((action["type"], action["selected_option"]["value"]))

    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    answer = await client.chat_postMessage(channel=channel, text="Choose", blocks=[overflow("One", "Two")])
    assert slack.buttons(channel, answer["ts"]) == ["One", "Two"]
    async with running(slack, app):
        await slack.press(answer["ts"], "Two", ada)
        await slack.wait_for(lambda: len(slack.acks) == 1)
    assert chosen == [("overflow", "two")]


@pytest.mark.parametrize("options", [(), tuple("abcdef"), ("x" * 76,)])
async def test_a_menu_that_slack_would_not_take(
    slack: Slack, client: AsyncWebClient, options: tuple[str, ...]
) -> None:
    channel = slack.add_channel("general")
    posting = refusal(client, "chat.postMessage", channel=channel, text="Choose", blocks=[overflow(*options)])
    assert await posting == "invalid_blocks"


async def test_a_workspace_can_refuse_a_kind_of_blocks(slack: Slack, client: AsyncWebClient) -> None:
    slack.refused_blocks = frozenset({"actions"})
    channel = slack.add_channel("general")
    given = {"channel": channel, "text": "Choose", "blocks": [overflow("One")]}
    assert await refusal(client, "chat.postMessage", **given) == "invalid_blocks"


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
async def test_a_message_says_in_which_kind_of_channel_it_was(
    slack: Slack, client: AsyncWebClient, kind: str
) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("place", kind=kind)
    event = await heard(slack, client, "message", slack.say(channel, ada, "Hello"))
    assert event["channel_type"] == kind
    info = (await client.conversations_info(channel=channel))["channel"]
    assert (info["is_channel"], info["is_group"], info["is_mpim"]) == (
        kind == "channel",
        kind == "group",
        kind == "mpim",
    )


def overflow(*options: str) -> dict[str, Any]:
    shown = [{"text": {"type": "plain_text", "text": one}, "value": one.lower()} for one in options]
    return {"type": "actions", "elements": [{"type": "overflow", "action_id": "menu", "options": shown}]}
