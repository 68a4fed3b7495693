"""The stand-in for Slack, as the real SDKs find it over real sockets."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.blocks import MarkdownBlock
from slack_sdk.models.messages.chunk import MarkdownTextChunk
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Frame, Json, Limits, Slack, SlackFile, Window

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "slack-samples"
PATIENCE = 5.0  # seconds; nothing here should take so long


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(limits=Limits.off()) as slack:
        yield slack


@pytest.fixture
async def client(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    async with web_client(slack) as client:
        yield client


@asynccontextmanager
async def web_client(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)


@dataclass
class Heard:
    """One event as a Bolt listener gets it."""

    event: Mapping[str, Any]
    body: Mapping[str, Any]
    retry: str


@dataclass
class Bot:
    """A real Bolt app that listens to everything."""

    slack: Slack
    app: AsyncApp
    heard: asyncio.Queue[Heard] = field(default_factory=asyncio.Queue)
    failures: int = 0

    async def next(self) -> Heard:
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()

    async def texts(self, count: int) -> list[str]:
        return [(await self.next()).event["text"] for _ in range(count)]


@asynccontextmanager
async def running_bot(
    slack: Slack, *, ping_interval: float = 10.0, careful: bool = False, failures: int = 0
) -> AsyncIterator[Bot]:
    """`careful` acknowledges what the listener has dealt with; the first `failures` events make it raise."""
    async with web_client(slack) as client:
        app = AsyncApp(client=client, process_before_response=careful)
        bot = Bot(slack, app, failures=failures)

        async def listen(body: dict[str, Any], request: Any) -> None:
            retry = request.headers.get("x-slack-retry-num", ["?"])[0]
            bot.heard.put_nowait(Heard(body["event"], body, retry))
            if bot.failures:
                bot.failures -= 1
                raise RuntimeError("the listener stumbled, as it was told to")

        for kind in ("message", "app_mention", "agent_session_stopped"):
            app.event(kind)(listen)
        handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_interval)
        await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt does not annotate it
        try:
            yield bot
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call] # same


@asynccontextmanager
async def raw_socket(slack: Slack, url: str = "") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A client of Socket Mode with no SDK in between."""
    async with aiohttp.ClientSession() as session:
        if not url:
            headers = {"Authorization": f"Bearer {slack.app_token}"}
            async with session.post(slack.url + "apps.connections.open", headers=headers) as response:
                url = (await response.json())["url"]
        async with session.ws_connect(url) as socket:
            yield socket


async def frame(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    decoded: dict[str, Any] = await socket.receive_json(timeout=PATIENCE)
    return decoded


async def refusal(client: AsyncWebClient, method: str, **arguments: Json) -> str:
    """The error code of a call that has to fail."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


async def thread(slack: Slack) -> tuple[str, str, str]:
    """A channel, a person in it, and the ts of what they said."""
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    return channel, ada, await slack.say(channel, ada, "anybody?")


def shape(value: object) -> object:
    """The keys and kinds of a payload, without its values."""
    if isinstance(value, Mapping):
        return {key: shape(item) for key, item in value.items()}
    return "list" if isinstance(value, list) else type(value).__name__


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


class TestWhatPeopleSay:
    async def test_a_mention_arrives_twice_with_one_ts_and_two_event_ids(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with running_bot(slack) as bot:
            first = await slack.say(channel, ada, f"<@{slack.bot_user_id}> hello")
            second = await slack.say(channel, ada, f"<@{slack.bot_user_id}> again")
            heard = [await bot.next() for _ in range(4)]
        assert {(h.event["type"], h.event["ts"]) for h in heard} == {
            *(("message", first), ("app_mention", first), ("message", second), ("app_mention", second))
        }
        assert len({h.body["event_id"] for h in heard}) == 4
        assert all(h.retry == "0" for h in heard)

    async def test_the_order_of_the_pair_on_the_wire_alternates(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        for _ in range(2):
            await slack.say(channel, ada, f"<@{slack.bot_user_id}> hello")
        async with raw_socket(slack) as socket:
            assert (await frame(socket))["type"] == "hello"
            kinds = [(await frame(socket))["payload"]["event"]["type"] for _ in range(4)]
        assert kinds == ["message", "app_mention", "app_mention", "message"]

    async def test_a_direct_message_arrives_once(self, slack: Slack) -> None:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        assert slack.open_dm(ada) == dm
        assert dm.startswith("D")
        async with running_bot(slack) as bot:
            await slack.say(dm, ada, f"psst <@{slack.bot_user_id}>")
            await slack.say(dm, ada, "second")
            one, two = await bot.next(), await bot.next()
        assert {one.event["text"], two.event["text"]} == {f"psst <@{slack.bot_user_id}>", "second"}
        assert {one.event["channel_type"], two.event["channel_type"]} == {"im"}
        assert {one.event["type"], two.event["type"]} == {"message"}

    async def test_nothing_is_heard_from_a_channel_the_bot_is_not_in(self, slack: Slack) -> None:
        secret, ada = slack.add_channel("secret", bot_is_member=False), slack.add_user("Ada")
        await slack.say(secret, ada, f"<@{slack.bot_user_id}> are you here?")
        assert slack.unacked == []
        assert [message.text for message in slack.messages(secret)] == [
            f"<@{slack.bot_user_id}> are you here?"
        ]

    async def test_a_reply_names_its_thread_and_who_opened_it(self, slack: Slack) -> None:
        channel, ada, root = await thread(slack)
        bob = slack.add_user("Bob")
        async with running_bot(slack) as bot:
            await slack.say(channel, bob, "me", thread_ts=root)
            heard = [await bot.next(), await bot.next()]
        reply = next(h.event for h in heard if h.event["text"] == "me")
        assert (reply["thread_ts"], reply["parent_user_id"]) == (root, ada)
        assert [message.text for message in slack.messages(channel)] == ["anybody?"]
        assert [message.text for message in slack.messages(channel, root)] == ["anybody?", "me"]

    async def test_ts_are_unique_and_increase(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        stamps = [await slack.say(channel, ada, str(number)) for number in range(500)]
        assert stamps == sorted(set(stamps))
        assert all(len(stamp) == 17 and stamp[10] == "." for stamp in stamps)

    async def test_people_edit_and_delete(self, slack: Slack) -> None:
        channel, _, root = await thread(slack)
        async with running_bot(slack) as bot:
            await bot.next()
            await slack.edit(channel, root, "anyone?")
            changed = (await bot.next()).event
            await slack.delete(channel, root)
            deleted = (await bot.next()).event
        assert changed["subtype"] == "message_changed"
        assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("anyone?", "anybody?")
        assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", root)
        assert slack.messages(channel) == []
        assert [seen.kind for seen in slack.frames] == ["post", "edit", "delete"]

    async def test_odd_events_are_sent_as_they_are(self, slack: Slack) -> None:
        async with running_bot(slack) as bot:
            event = {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": "BOTHER",
                "text": "beep",
                "ts": "1.1",
            }
            event_id = await slack.emit(event, envelope={"is_ext_shared_channel": True})
            heard = await bot.next()
        assert heard.event == event
        assert (heard.body["event_id"], heard.body["is_ext_shared_channel"]) == (event_id, True)

    async def test_mistakes_of_a_test_are_told_at_once(self, slack: Slack) -> None:
        channel, ada, root = await thread(slack)
        reply = await slack.say(channel, ada, "me", thread_ts=root)
        for wrong in (
            slack.say("C0", ada, "hi"),
            slack.say(channel, "U0", "hi"),
            slack.say(channel, ada, "hi", thread_ts="1.1"),
            slack.say(channel, ada, "hi", thread_ts=reply),
            slack.stop_stream(channel, root, ada),
            slack.delete(channel, "1.1"),
        ):
            with pytest.raises(ValueError, match=r"id|ts|thread|streaming"):
                await wrong

    async def test_files_are_served_to_the_bot_alone(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        photo = SlackFile("cat.png", "image/png", b"\x89PNG cat")
        async with running_bot(slack) as bot:
            await slack.say(channel, ada, f"<@{slack.bot_user_id}> look", files=(photo,))
            heard = {h.event["type"]: h.event for h in (await bot.next(), await bot.next())}
        assert heard["message"]["subtype"] == "file_share"
        assert "subtype" not in heard["app_mention"]
        (described,) = heard["app_mention"]["files"]
        assert (described["name"], described["mimetype"], described["size"]) == ("cat.png", "image/png", 8)
        async with aiohttp.ClientSession() as session:
            for url in (described["url_private"], described["url_private_download"]):
                bearer = {"Authorization": f"Bearer {slack.bot_token}"}
                async with session.get(url, headers=bearer) as response:
                    assert await response.read() == photo.content
                    assert response.content_type == "image/png"
                async with session.get(url) as response:
                    assert (response.status, response.content_type) == (200, "text/html")
                    assert (await response.text()).lower().startswith("<!doctype")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded samples lie beside the repository, not in it")
class TestRecordedShapes:
    @pytest.mark.parametrize(
        ("name", "kind", "words", "place"),
        [
            ("message.channels.user_with_mention", "message", "<@BOT> 1", "channel"),
            ("message.channels.user_thread_reply", "message", "2", "thread"),
            ("message.channels.thread_follow_up", "message", "Who are you?", "thread"),
            ("app_mention", "app_mention", "<@BOT> 1", "channel"),
            ("message.im", "message", "hello hello", "dm"),
        ],
    )
    async def test_what_people_say_looks_as_recorded(
        self, slack: Slack, name: str, kind: str, words: str, place: str
    ) -> None:
        channel, ada, root = await thread(slack)
        text = words.replace("BOT", slack.bot_user_id)
        async with raw_socket(slack) as socket:
            await frame(socket)
            await frame(socket)
            where = slack.open_dm(ada) if place == "dm" else channel
            await slack.say(where, ada, text, thread_ts=root if place == "thread" else None)
            payload = (await frame(socket))["payload"]
            if payload["event"]["type"] != kind:
                payload = (await frame(socket))["payload"]
        recorded = sample(f"events/{name}.json")
        if place == "dm":  # this one was recorded without it
            payload.pop("event_context")
        assert shape(payload) == shape(recorded)
        (block,), (recorded_block,) = payload["event"]["blocks"], recorded["event"]["blocks"]
        kinds = [element["type"] for element in block["elements"][0]["elements"]]
        assert kinds == [element["type"] for element in recorded_block["elements"][0]["elements"]]

    async def test_what_the_bot_does_looks_as_recorded(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, _, root = await thread(slack)
        async with raw_socket(slack) as socket:
            await frame(socket)
            await frame(socket)
            posted = await client.chat_postMessage(channel=channel, text="Processing...", thread_ts=root)
            own = (await frame(socket))["payload"]
            await client.chat_update(channel=channel, ts=posted["ts"], text="Just a little bit...")
            edited = (await frame(socket))["payload"]
        assert shape(own) == shape(sample("events/message.channels.own_bot_thread_reply.json"))
        recorded = sample("events/message_changed.bot_edit.json")
        for only_on_some_plans in ("source_team", "user_team"):
            recorded["event"]["message"].pop(only_on_some_plans)
        assert shape(edited) == shape(recorded)

    async def test_frames_of_socket_mode_look_as_recorded(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with raw_socket(slack) as socket:
            assert shape(await frame(socket)) == shape(sample("socket/hello.json"))
            await slack.say(channel, ada, "hi")
            event_id = (await frame(socket))["payload"]["event_id"]
            await slack.redeliver(event_id)
            again, recorded = await frame(socket), sample("socket/events_api_retry.json")
            assert shape(again) | {"payload": ""} == shape(recorded) | {"payload": ""}  # type: ignore[operator]
            assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
            await slack.disconnect()
            assert shape(await frame(socket)) == shape(sample("socket/disconnect_refresh_requested.json"))


class TestSocketMode:
    async def test_what_is_acknowledged_is_not_sent_again(self) -> None:
        async with Slack(ack_timeout=0.1, retry_delays=(0.0,)) as slack, running_bot(slack) as bot:
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            await slack.say(channel, ada, "hi")
            assert (await bot.next()).event["text"] == "hi"
            await slack.wait_for(lambda: len(slack.acks) == 1)
            await asyncio.sleep(0.25)
            assert bot.heard.empty()
            assert slack.unacked == []

    async def test_what_is_not_acknowledged_comes_again(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL)
        async with (
            Slack(ack_timeout=0.2, retry_delays=(0.0, 0.1)) as slack,
            running_bot(slack, careful=True, failures=2) as bot,
        ):
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            await slack.say(channel, ada, "are you there?")
            heard = [await bot.next() for _ in range(3)]
            await slack.wait_for(lambda: not slack.unacked)
        assert [h.retry for h in heard] == ["0", "1", "2"]
        assert len({h.body["event_id"] for h in heard}) == 1

    async def test_after_the_last_retry_an_event_is_given_up(self) -> None:
        async with Slack(ack_timeout=0.05, retry_delays=(0.0, 0.05)) as slack, raw_socket(slack) as socket:
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            await slack.say(channel, ada, "hi")
            frames = [await frame(socket) for _ in range(4)]
            assert [sent.get("retry_attempt") for sent in frames] == [None, 0, 1, 2]
            assert [sent.get("retry_reason") for sent in frames] == [None, "", "timeout", "timeout"]
            assert len({sent["envelope_id"] for sent in frames[1:]}) == 3
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=0.3)
            assert slack.unacked == [frames[1]["payload"]["event_id"]]

    async def test_an_event_is_sent_again_on_request(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with running_bot(slack) as bot:
            await slack.say(channel, ada, "hi")
            event_id = (await bot.next()).body["event_id"]
            await slack.redeliver(event_id, attempt=2)
            again = await bot.next()
        assert (again.body["event_id"], again.retry) == (event_id, "2")
        assert len(set(slack.acks)) == 2
        with pytest.raises(KeyError):
            await slack.redeliver("Ev0")

    async def test_events_wait_for_a_connection(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        for number in range(3):
            await slack.say(channel, ada, str(number))
        async with running_bot(slack) as bot:
            assert sorted(await bot.texts(3)) == ["0", "1", "2"]

    @pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
    async def test_nothing_is_lost_when_slack_asks_to_reconnect(self, slack: Slack, reason: str) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with running_bot(slack) as bot:
            for number in range(30):
                await slack.say(channel, ada, str(number))
                if number % 10 == 5:
                    await slack.disconnect(reason)
                    await slack.wait_for(lambda: slack.connections == 1)
            texts = await bot.texts(30)
        assert sorted(texts, key=int) == [str(number) for number in range(30)]

    async def test_nothing_is_lost_when_the_connection_is_cut(self) -> None:
        async with (
            Slack(ack_timeout=0.3, retry_delays=(0.0, 0.2, 0.2)) as slack,
            running_bot(slack, ping_interval=0.1) as bot,
        ):
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            await slack.wait_for(lambda: slack.connections == 1)
            await slack.say(channel, ada, "before")
            await slack.cut()
            assert slack.connections == 0
            await slack.say(channel, ada, "after")
            assert set(await bot.texts(2)) == {"before", "after"}
            await slack.wait_for(lambda: not slack.unacked)

    async def test_each_event_goes_to_one_of_several_connections(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with raw_socket(slack) as one, raw_socket(slack) as two:
            assert [(await frame(socket))["num_connections"] for socket in (one, two)] == [1, 2]
            for number in range(4):
                await slack.say(channel, ada, str(number))
            texts = [
                [(await frame(socket))["payload"]["event"]["text"] for _ in range(2)] for socket in (one, two)
            ]
        assert sorted(texts[0] + texts[1]) == ["0", "1", "2", "3"]

    async def test_what_a_connection_took_and_died_with_goes_to_another(self) -> None:
        async with Slack(ack_timeout=0.2, retry_delays=(0.0,)) as slack, raw_socket(slack) as other:
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            await frame(other)
            async with raw_socket(slack) as dying:
                await frame(dying)
                for number in range(2):
                    await slack.say(channel, ada, str(number))
                taken, kept = await frame(dying), await frame(other)
                await other.send_json({"envelope_id": kept["envelope_id"]})
            again = await frame(other)
            await other.send_json({"envelope_id": again["envelope_id"]})
            await slack.wait_for(lambda: not slack.unacked)
        assert again["payload"]["event_id"] == taken["payload"]["event_id"]
        assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")

    async def test_a_connection_that_was_closed_gets_nothing_more(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with raw_socket(slack) as staying, raw_socket(slack) as leaving:
            assert [(await frame(socket))["type"] for socket in (staying, leaving)] == ["hello", "hello"]
            await leaving.close()
            await slack.wait_for(lambda: slack.connections == 1)
            for number in range(4):
                await slack.say(channel, ada, str(number))
            texts = [(await frame(staying))["payload"]["event"]["text"] for _ in range(4)]
        assert texts == ["0", "1", "2", "3"]

    async def test_what_was_given_up_is_never_delivered(self) -> None:
        async with Slack(ack_timeout=0.05, retry_delays=(0.0,)) as slack:
            channel, ada = slack.add_channel("general"), slack.add_user("Ada")
            async with raw_socket(slack) as socket:
                await frame(socket)
                await slack.say(channel, ada, "taken")
                await frame(socket)
                await slack.give_up()
            await slack.say(channel, ada, "queued")
            await slack.give_up()
            await slack.say(channel, ada, "later")
            async with raw_socket(slack) as socket:
                await frame(socket)
                assert (await frame(socket))["payload"]["event"]["text"] == "later"
            assert slack.unacked == slack.events

    async def test_the_eleventh_connection_is_turned_away(self, slack: Slack) -> None:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {slack.app_token}"}

            async def connect() -> aiohttp.ClientWebSocketResponse:
                async with session.post(slack.url + "apps.connections.open", headers=headers) as response:
                    return await session.ws_connect((await response.json())["url"])

            sockets = [await connect() for _ in range(10)]
            assert all([(await frame(socket))["type"] == "hello" for socket in sockets])
            eleventh = await connect()
            refused = await frame(eleventh)
            assert (refused["type"], refused["reason"]) == ("disconnect", "too_many_websockets")
            assert (await eleventh.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.CLOSE
            assert slack.connections == 10
            for socket in (eleventh, *sockets):
                await socket.close()
        await slack.wait_for(lambda: slack.connections == 0)

    async def test_a_ticket_is_good_for_one_connection(self, slack: Slack, client: AsyncWebClient) -> None:
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with raw_socket(slack, url) as socket:
            await frame(socket)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with raw_socket(slack, url):
                pass

    async def test_pings_are_answered(self, slack: Slack, client: AsyncWebClient) -> None:
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url, autoping=False) as socket:
            await frame(socket)
            await socket.ping(b"sdk-ping-pong:1.0")
            pong = await socket.receive(timeout=PATIENCE)
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.0")

    async def test_nonsense_on_the_socket_is_ignored(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        async with raw_socket(slack) as socket:
            await frame(socket)
            for nonsense in ("", "[]", "{}", '{"envelope_id": 1}', "not json"):
                await socket.send_str(nonsense)
            await slack.say(channel, ada, "still there?")
            envelope = await frame(socket)
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            await slack.wait_for(lambda: slack.acks == [envelope["envelope_id"]])

    async def test_the_bot_hears_its_own_messages(self, slack: Slack, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        async with raw_socket(slack) as socket:
            await frame(socket)
            ts = (await client.chat_postMessage(channel=channel, text="one"))["ts"]
            await client.chat_update(channel=channel, ts=ts, text="two")
            await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
            await client.chat_delete(channel=channel, ts=ts)
            events = [(await frame(socket))["payload"]["event"] for _ in range(4)]
        assert [(event["type"], event.get("subtype", "")) for event in events] == [
            ("message", ""),
            ("message", "message_changed"),
            ("reaction_added", ""),
            ("message", "message_deleted"),
        ]
        assert (events[0]["bot_id"], events[0]["app_id"]) == (slack.bot_id, slack.app_id)

    async def test_bolt_drops_them_and_acknowledges(self, slack: Slack, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        async with running_bot(slack) as bot:
            ts = (await client.chat_postMessage(channel=channel, text="one"))["ts"]
            await client.chat_update(channel=channel, ts=ts, text="two")
            await slack.wait_for(lambda: len(slack.acks) == 2)
            assert bot.heard.empty()


class TestMessages:
    async def test_a_person_sees_what_was_posted_and_then_what_it_became(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel, _, root = await thread(slack)
        posted = await client.chat_postMessage(channel=channel, thread_ts=root, text="Thinking")
        assert posted["message"]["thread_ts"] == root
        updated = await client.chat_update(channel=channel, ts=posted["ts"], text="The answer is 42.")
        assert (updated["text"], updated["ts"]) == ("The answer is 42.", posted["ts"])
        _, answer = slack.messages(channel, root)
        assert (answer.text, answer.bot_id, answer.user) == (
            "The answer is 42.",
            slack.bot_id,
            slack.bot_user_id,
        )
        assert (answer.edited, answer.streaming, answer.thread_ts) == (True, False, root)
        assert [(seen.kind, seen.text) for seen in slack.frames if seen.ts == answer.ts] == [
            ("post", "Thinking"),
            ("edit", "The answer is 42."),
        ]
        last = slack.calls[-1]
        assert (last.method, last.status, last.error) == ("chat.update", 200, "")
        assert (last.channel, last.ts, last.args["text"]) == (channel, posted["ts"], "The answer is 42.")

    async def test_blocks_are_what_is_seen_and_text_is_not(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        button = {"type": "button", "action_id": "x", "text": {"type": "plain_text", "text": "Press"}}
        shown: list[Any] = [
            MarkdownBlock(text="**One**"),
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Two*"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "three"}]},
            {"type": "actions", "elements": [button]},
        ]
        await client.chat_postMessage(channel=channel, text="for notifications", blocks=shown)
        (message,) = slack.messages(channel)
        assert (message.text, message.raw) == ("**One**\n*Two*\nthree", "for notifications")
        assert len(message.blocks) == 4

    async def test_markdown_text_is_seen(self, slack: Slack, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        ts = (await client.chat_postMessage(channel=channel, markdown_text="# Hi"))["ts"]
        assert slack.messages(channel)[0].text == "# Hi"
        await client.chat_update(channel=channel, ts=ts, markdown_text="# Ho")
        assert slack.messages(channel)[0].text == "# Ho"

    async def test_blocks_stay_when_only_the_text_is_updated(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        ts = (await client.chat_postMessage(channel=channel, text="a", blocks=[MarkdownBlock(text="A")]))[
            "ts"
        ]
        await client.chat_update(channel=channel, ts=ts, text="b")
        assert [message.text for message in slack.messages(channel)] == ["A"]
        await client.chat_update(channel=channel, ts=ts, text="c", blocks=[])
        assert [message.text for message in slack.messages(channel)] == ["c"]
        assert [seen.kind for seen in slack.frames] == ["post", "edit"]

    async def test_metadata_stays_until_something_is_said_of_it(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        mark = {"event_type": "mark", "event_payload": {"n": 1}}
        ts = (await client.chat_postMessage(channel=channel, text="a", metadata=mark))["ts"]
        await client.chat_update(channel=channel, ts=ts, text="b")
        assert slack.messages(channel)[0].metadata == mark
        seen = await client.conversations_history(channel=channel, include_all_metadata=True)
        assert seen["messages"][0]["metadata"] == mark
        assert "metadata" not in (await client.conversations_history(channel=channel))["messages"][0]
        await client.chat_update(channel=channel, ts=ts, text="c", metadata={})
        assert slack.messages(channel)[0].metadata is None

    async def test_a_very_long_post_is_cut_with_a_warning(self, slack: Slack, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        answer = await client.chat_postMessage(channel=channel, text="x" * 40_001)
        assert answer["response_metadata"]["warnings"] == ["message_truncated"]
        assert len(slack.messages(channel)[0].text) == 40_000

    async def test_a_broadcast_reply_is_seen_in_both_places(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel, _, root = await thread(slack)
        await client.chat_postMessage(channel=channel, text="all", thread_ts=root, reply_broadcast=True)
        assert [message.text for message in slack.messages(channel)] == ["anybody?", "all"]
        assert [message.text for message in slack.messages(channel, root)] == ["anybody?", "all"]

    async def test_forms_do_as_well_as_json(self, slack: Slack, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        block = [{"type": "markdown", "text": "from a form"}]
        mark = {"event_type": "mark", "event_payload": {}}
        form = {"channel": channel, "text": "t", "blocks": json.dumps(block), "unfurl_links": "false"}
        await client.api_call("chat.postMessage", data=form | {"metadata": json.dumps(mark)})
        await client.api_call("chat.postMessage", params={"channel": channel, "text": "from a query"})
        assert [message.text for message in slack.messages(channel)] == ["from a form", "from a query"]
        assert slack.messages(channel)[0].metadata == mark

    async def test_reactions_come_and_go(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, _, ts = await thread(slack)
        await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
        assert slack.messages(channel)[0].reactions == ("eyes",)
        on_eyes: dict[str, Json] = {"channel": channel, "timestamp": ts, "name": "eyes"}
        assert await refusal(client, "reactions.add", **on_eyes) == "already_reacted"
        await client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
        assert slack.messages(channel)[0].reactions == ()
        assert await refusal(client, "reactions.remove", **on_eyes) == "no_reaction"
        assert await refusal(client, "reactions.add", **(on_eyes | {"name": "no such"})) == "invalid_name"

    async def test_the_status_goes_when_the_bot_speaks(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, _, root = await thread(slack)
        await client.assistant_threads_setStatus(channel_id=channel, thread_ts=root, status="is thinking...")
        assert slack.status(channel, root) == "is thinking..."
        await client.chat_postMessage(channel=channel, text="done", thread_ts=root)
        assert slack.status(channel, root) == ""
        about: dict[str, Json] = {"channel_id": channel, "thread_ts": "1.1", "status": "x"}
        assert await refusal(client, "assistant.threads.setStatus", **about) == "invalid_thread_ts"
        about = {"channel_id": "C0", "thread_ts": root, "status": "x"}
        assert await refusal(client, "assistant.threads.setStatus", **about) == "channel_not_found"


class TestLookingThingsUp:
    async def test_who_and_where(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada Lovelace")
        me = await client.auth_test()
        assert (me["team_id"], me["user_id"], me["bot_id"]) == (
            slack.team_id,
            slack.bot_user_id,
            slack.bot_id,
        )
        assert "chat:write" in me.headers["X-OAuth-Scopes"]
        assert (await client.conversations_info(channel=channel))["channel"]["is_member"] is True
        dm = (await client.conversations_info(channel=slack.open_dm(ada)))["channel"]
        assert (dm["is_im"], dm["user"]) == (True, ada)
        assert (await client.users_info(user=ada))["user"]["real_name"] == "Ada Lovelace"
        assert (await client.users_info(user=slack.bot_user_id))["user"]["is_bot"] is True
        assert (await client.bots_info(bot=slack.bot_id))["bot"]["user_id"] == slack.bot_user_id
        assert await refusal(client, "users.info", user="U0") == "user_not_found"
        assert await refusal(client, "bots.info", bot="B0") == "bot_not_found"

    async def test_a_thread_is_read_page_by_page(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, ada, root = await thread(slack)
        said = [await slack.say(channel, ada, str(number), thread_ts=root) for number in range(5)]
        pages = [
            [message["text"] for message in page["messages"]]
            async for page in await client.conversations_replies(channel=channel, ts=root, limit=2)
        ]
        assert pages == [["anybody?", "0"], ["1", "2"], ["3", "4"]]
        newer = await client.conversations_replies(channel=channel, ts=root, oldest=said[2], limit=9)
        assert [message["text"] for message in newer["messages"]] == ["anybody?", "3", "4"]
        assert newer["messages"][0]["reply_count"] == 5
        whole = await client.conversations_replies(
            channel=channel, ts=said[0], latest=said[1], inclusive=True
        )
        assert [message["text"] for message in whole["messages"]] == ["anybody?", "0", "1"]

    async def test_history_is_newest_first_and_without_replies(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel, ada, root = await thread(slack)
        await slack.say(channel, ada, "in the thread", thread_ts=root)
        await slack.say(channel, ada, "later")
        history = await client.conversations_history(channel=channel)
        assert [message["text"] for message in history["messages"]] == ["later", "anybody?"]
        since = await client.conversations_history(channel=channel, oldest=root)
        assert [message["text"] for message in since["messages"]] == ["later"]

    async def test_what_cannot_be_read(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, _, root = await thread(slack)
        secret = slack.add_channel("secret", bot_is_member=False)
        replies, history = "conversations.replies", "conversations.history"
        assert await refusal(client, replies, channel=channel, ts="1.1") == "thread_not_found"
        assert await refusal(client, replies, channel=channel) == "thread_not_found"
        assert await refusal(client, replies, channel="C0", ts=root) == "channel_not_found"
        assert await refusal(client, history, channel=secret) == "not_in_channel"
        assert await refusal(client, history, channel=channel, cursor="?") == "invalid_cursor"
        assert await refusal(client, history, channel=channel, oldest="soon") == "invalid_ts_oldest"
        assert await refusal(client, history, channel=channel, latest="late") == "invalid_ts_latest"


class TestStrictness:
    async def test_tokens(self, slack: Slack) -> None:
        async with aiohttp.ClientSession() as session:

            async def error(token: str | None, method: str) -> str:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                async with session.post(slack.url + method, headers=headers) as response:
                    assert response.status == 200
                    return str((await response.json()).get("error", ""))

            assert await error(None, "auth.test") == "not_authed"
            assert await error("xoxb-other", "auth.test") == "invalid_auth"
            assert await error(slack.app_token, "auth.test") == "invalid_auth"
            assert await error(slack.bot_token, "apps.connections.open") == "invalid_auth"
            assert await error(slack.app_token, "apps.connections.open") == ""
            async with session.post(slack.url + "auth.test", data={"token": slack.bot_token}) as response:
                assert (await response.json())["ok"] is True
        assert all("token" not in call.args for call in slack.calls)

    async def test_methods_and_bodies_that_make_no_sense(self, slack: Slack, client: AsyncWebClient) -> None:
        assert await refusal(client, "chat.shout", channel="C0") == "unknown_method"
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}
            for body, code in (("{", "invalid_json"), ("[]", "json_not_object")):
                async with session.post(
                    slack.url + "chat.postMessage", headers=headers, data=body
                ) as response:
                    assert (await response.json())["error"] == code

    async def test_unknown_and_misshapen_arguments_are_refused_and_recorded(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        post = "chat.postMessage"
        assert await refusal(client, post, channel=channel, text="a", thread="1.1") == "invalid_arguments"
        assert slack.calls[-1].args == {"channel": channel, "text": "a", "thread": "1.1"}
        assert slack.calls[-1].error == "invalid_arguments"
        assert await refusal(client, post, channel=channel, text=5) == "invalid_arguments"
        assert await refusal(client, post, channel=channel, text="a", mrkdwn="perhaps") == "invalid_arguments"
        assert await refusal(client, post, channel=channel, blocks="[{") == "invalid_blocks_format"
        assert (
            await refusal(client, post, channel=channel, blocks={"type": "divider"})
            == "invalid_blocks_format"
        )
        assert (
            await refusal(client, post, channel=channel, text="a", metadata="x") == "invalid_metadata_format"
        )
        wrong: Json = {"event_type": "mark"}
        assert (
            await refusal(client, post, channel=channel, text="a", metadata=wrong)
            == "invalid_metadata_format"
        )
        assert (
            await refusal(client, "conversations.history", channel=channel, limit="x") == "invalid_arguments"
        )
        assert slack.messages(channel) == []

    async def test_what_is_missing_has_the_code_of_its_method(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        assert await refusal(client, "chat.postMessage", text="a") == "channel_not_found"
        assert await refusal(client, "chat.update", channel=channel, text="a") == "message_not_found"
        assert await refusal(client, "users.info") == "user_not_found"
        assert await refusal(client, "reactions.add", name="eyes") == "no_item_specified"
        assert await refusal(client, "assistant.threads.setStatus", channel_id=channel) == "invalid_thread_ts"
        assert await refusal(client, "chat.startStream", channel=channel) == "invalid_arguments"

    async def test_what_cannot_be_posted(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, ada, root = await thread(slack)
        secret = slack.add_channel("secret", bot_is_member=False)
        reply = await slack.say(channel, ada, "me", thread_ts=root)
        post = "chat.postMessage"
        assert await refusal(client, post, channel="C0", text="a") == "channel_not_found"
        assert await refusal(client, post, channel=secret, text="a") == "not_in_channel"
        assert await refusal(client, post, channel=channel) == "no_text"
        assert await refusal(client, post, channel=channel, text=" \n") == "no_text"
        assert await refusal(client, post, channel=channel, text="a", thread_ts="1.1") == "thread_not_found"
        assert (
            await refusal(client, post, channel=channel, text="a", thread_ts=reply)
            == "cannot_reply_to_message"
        )
        assert await refusal(client, post, channel=channel, markdown_text="x" * 12_001) == "msg_too_long"
        both: dict[str, Json] = {"channel": channel, "markdown_text": "a"}
        assert await refusal(client, post, **both, text="a") == "markdown_text_conflict"
        assert await refusal(client, post, **both, blocks=[]) == "markdown_text_conflict"
        assert [message.text for message in slack.messages(channel)] == ["anybody?"]

    async def test_what_cannot_be_updated_or_deleted(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, _, root = await thread(slack)
        ts = (await client.chat_postMessage(channel=channel, text="a"))["ts"]
        mine: dict[str, Json] = {"channel": channel, "ts": ts}
        update = "chat.update"
        assert await refusal(client, update, **mine, text="x" * 4_001) == "msg_too_long"
        assert await refusal(client, update, **mine) == "no_text"
        assert await refusal(client, update, **mine, text="a", markdown_text="b") == "markdown_text_conflict"
        assert await refusal(client, update, channel=channel, ts=root, text="b") == "cant_update_message"
        assert await refusal(client, update, channel=channel, ts="1.1", text="b") == "message_not_found"
        assert await refusal(client, "chat.delete", channel=channel, ts=root) == "cant_delete_message"
        await client.chat_delete(channel=channel, ts=ts)
        assert await refusal(client, "chat.delete", **mine) == "message_not_found"
        assert await refusal(client, update, **mine, text="b") == "message_not_found"

    @pytest.mark.parametrize(
        ("blocks", "code"),
        [
            ([{"type": "divider"}] * 50, ""),
            ([{"type": "divider"}] * 51, "invalid_blocks"),
            ([{"type": "markdown", "text": "x" * 12_000}], ""),
            ([{"type": "markdown", "text": "x" * 12_001}], "invalid_blocks"),
            ([{"type": "markdown", "text": "x" * 6_001}] * 2, "invalid_blocks"),
            ([{"type": "markdown", "text": ""}], "invalid_blocks"),
            ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}], ""),
            ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}], "invalid_blocks"),
            (
                [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}] * 5,
                "msg_blocks_too_long",
            ),
            ([{"type": "section", "text": "words"}], "invalid_blocks"),
            ([{"type": "section"}], "invalid_blocks"),
            ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks"),
            ([{"type": "actions", "elements": []}], "invalid_blocks"),
            ([{"type": "banner", "text": "x"}], "invalid_blocks"),
        ],
    )
    async def test_the_rules_of_blocks(
        self, slack: Slack, client: AsyncWebClient, blocks: list[dict[str, Json]], code: str
    ) -> None:
        channel = slack.add_channel("general")
        arguments: dict[str, Json] = {"channel": channel, "text": "x", "blocks": blocks}
        if code:
            assert await refusal(client, "chat.postMessage", **arguments) == code
        else:
            await client.api_call("chat.postMessage", json=arguments)

    async def test_without_strict_threads_an_orphan_reply_lands_in_the_channel(self) -> None:
        async with Slack(strict_threads=False) as slack, web_client(slack) as client:
            channel, _, root = await thread(slack)
            await slack.delete(channel, root)
            posted = await client.chat_postMessage(channel=channel, text="too late", thread_ts=root)
            assert "thread_ts" not in posted["message"]
            assert [message.text for message in slack.messages(channel)] == ["too late"]


class TestLimits:
    async def test_one_call_too_many_is_429_with_the_seconds_to_wait(self) -> None:
        tight = replace(Limits.off(), update=Window(2, 1.0))
        async with Slack(limits=tight) as slack, web_client(slack) as client:
            channel = slack.add_channel("general")
            ts = (await client.chat_postMessage(channel=channel, text="0"))["ts"]
            for text in ("1", "2"):
                await client.chat_update(channel=channel, ts=ts, text=text)
            with pytest.raises(SlackApiError) as caught:
                await client.chat_update(channel=channel, ts=ts, text="3")
            assert caught.value.response.status_code == 429
            assert caught.value.response.headers["Retry-After"] == "1"
            assert caught.value.response.data == {"ok": False, "error": "ratelimited"}
            assert slack.messages(channel)[0].text == "2"
            assert (slack.calls[-1].status, slack.calls[-1].error) == (429, "ratelimited")
            client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
            await client.chat_update(channel=channel, ts=ts, text="3")
            assert slack.messages(channel)[0].text == "3"

    async def test_updates_share_one_window_and_posts_have_one_per_channel(self) -> None:
        tight = replace(Limits.off(), post=Window(1, 60.0), update=Window(1, 60.0))
        async with Slack(limits=tight) as slack, web_client(slack) as client:
            one, two = slack.add_channel("one"), slack.add_channel("two")
            stamps = [
                (await client.chat_postMessage(channel=channel, text="a"))["ts"] for channel in (one, two)
            ]
            assert await refusal(client, "chat.postMessage", channel=one, text="b") == "ratelimited"
            await client.chat_update(channel=one, ts=stamps[0], text="b")
            assert await refusal(client, "chat.update", channel=two, ts=stamps[1], text="b") == "ratelimited"

    async def test_reading_and_reacting_are_limited_each_by_itself(self) -> None:
        one = Window(1, 60.0)
        tight = replace(Limits.off(), replies=one, history=one, add_reaction=one, remove_reaction=one)
        async with Slack(limits=tight) as slack, web_client(slack) as client:
            channel, _, root = await thread(slack)
            calls: dict[str, dict[str, Json]] = {
                "conversations.replies": {"channel": channel, "ts": root},
                "conversations.history": {"channel": channel},
                "reactions.add": {"channel": channel, "timestamp": root, "name": "eyes"},
                "reactions.remove": {"channel": channel, "timestamp": root, "name": "eyes"},
            }
            for method, arguments in calls.items():
                await client.api_call(method, json=arguments)
                assert await refusal(client, method, **arguments) == "ratelimited"

    async def test_limits_change_while_running(self) -> None:
        async with Slack() as slack, web_client(slack) as client:
            channel = slack.add_channel("general")
            for number in range(5):
                await client.chat_postMessage(channel=channel, text=str(number))
            slack.limits = replace(slack.limits, post=Window(3, 60.0))
            assert await refusal(client, "chat.postMessage", channel=channel, text="5") == "ratelimited"
            slack.limits = Limits.off()
            await client.chat_postMessage(channel=channel, text="6")

    def test_the_default_limits_are_slacks_tiers(self) -> None:
        limits = Limits()
        assert [
            limits.window(f"chat.{name}") for name in ("update", "startStream", "appendStream", "stopStream")
        ] == [*(Window(50, 60.0), Window(20, 60.0), Window(100, 60.0), Window(20, 60.0))]
        assert limits.window("chat.postMessage") == Window(60, 60.0)
        assert limits.window("auth.test") is None

    async def test_failures_come_on_demand_and_have_no_effect(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        slack.fail("chat.postMessage", "internal_error", times=2)
        slack.fail("chat.postMessage", "ratelimited", status=429, retry_after=7)
        codes = [await refusal(client, "chat.postMessage", channel=channel, text="a") for _ in range(2)]
        assert codes == ["internal_error", "internal_error"]
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=channel, text="a")
        assert caught.value.response.headers["Retry-After"] == "7"
        assert slack.messages(channel) == []
        await client.chat_postMessage(channel=channel, text="a")
        assert [message.text for message in slack.messages(channel)] == ["a"]

    async def test_latency_delays_every_call(self, slack: Slack, client: AsyncWebClient) -> None:
        slack.latency = 0.1
        began = asyncio.get_running_loop().time()
        await client.auth_test()
        assert asyncio.get_running_loop().time() - began >= 0.1


class TestStreams:
    async def test_a_stream_grows_and_stops(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, ada, root = await thread(slack)
        to: dict[str, Any] = {"recipient_user_id": ada, "recipient_team_id": slack.team_id}
        started = await client.chat_startStream(channel=channel, thread_ts=root, markdown_text="One", **to)
        assert slack.messages(channel, root)[1].streaming is True
        here: dict[str, Any] = {"channel": channel, "ts": str(started["ts"])}
        await client.chat_appendStream(**here, markdown_text=" two")
        footer = [{"type": "context", "elements": [{"type": "mrkdwn", "text": "with AI"}]}]
        stopped = await client.chat_stopStream(**here, markdown_text=" three", blocks=footer)
        assert stopped["message"]["text"].startswith("One two three")
        answer = slack.messages(channel, root)[1]
        assert (answer.text, answer.streaming) == ("One two three\nwith AI", False)
        assert [(seen.kind, seen.text) for seen in slack.frames if seen.ts == answer.ts] == [
            ("post", "One"),
            ("append", "One two"),
            ("stop", "One two three\nwith AI"),
        ]
        assert await refusal(client, "chat.appendStream", **here, markdown_text="x") == (
            "message_not_in_streaming_state"
        )
        assert await refusal(client, "chat.stopStream", **here) == "message_not_in_streaming_state"

    async def test_the_sdks_own_helper_streams_into_a_direct_message(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        root = await slack.say(dm, ada, "tell me")
        stream = await client.chat_stream(channel=dm, thread_ts=root, buffer_size=10)
        for word in ("Once ", "upon ", "a ", "time"):
            await stream.append(markdown_text=word)
        await stream.stop(markdown_text=".", blocks=[{"type": "divider"}])
        answer = slack.messages(dm, root)[1]
        assert (answer.text, answer.streaming) == ("Once upon a time.", False)

    async def test_a_channel_wants_to_know_for_whom(self, slack: Slack, client: AsyncWebClient) -> None:
        channel, ada, root = await thread(slack)
        here: dict[str, Json] = {"channel": channel, "thread_ts": root}
        start, team = "chat.startStream", slack.team_id
        assert await refusal(client, start, **here) == "missing_recipient_user_id"
        assert await refusal(client, start, **here, recipient_user_id=ada) == "missing_recipient_team_id"
        for user, of, code in (("U0", team, "user_not_found"), (ada, "T0", "team_not_found")):
            assert await refusal(client, start, **here, recipient_user_id=user, recipient_team_id=of) == code
        orphan: dict[str, Json] = {"channel": slack.open_dm(ada), "thread_ts": root}
        assert await refusal(client, start, **orphan) == "thread_not_found"
        assert await refusal(client, start, channel="C0", thread_ts=root) == "channel_not_found"

    async def test_what_a_stream_does_not_take(self, slack: Slack, client: AsyncWebClient) -> None:
        here = await started_stream(slack, client)
        append = "chat.appendStream"
        chunk: Json = [MarkdownTextChunk(text="x").to_dict()]
        assert await refusal(client, append, **here) == "no_text"
        assert await refusal(client, append, **here, markdown_text="x", chunks=chunk) == (
            "cannot_provide_both_markdown_text_and_chunks"
        )
        assert await refusal(client, append, **here, chunks=[{"type": "poem"}]) == "invalid_chunks"
        assert await refusal(client, append, **here, chunks="[") == "invalid_chunks"
        await client.api_call(append, json={**here, "markdown_text": "text"})
        assert await refusal(client, append, **here, chunks=chunk) == "streaming_mode_mismatch"
        assert await refusal(client, "chat.update", **here, text="b") == "streaming_state_conflict"
        assert await refusal(client, append, channel=here["channel"], ts="1.1", markdown_text="x") == (
            "message_not_found"
        )
        post = await client.chat_postMessage(channel=str(here["channel"]), text="no stream")
        other: dict[str, Json] = {"channel": here["channel"], "ts": post["ts"]}
        assert await refusal(client, append, **other, markdown_text="x") == "message_not_in_streaming_state"
        question = slack.messages(str(here["channel"]))[0].ts
        assert await refusal(client, append, channel=here["channel"], ts=question, markdown_text="x") == (
            "message_not_owned_by_app"
        )

    async def test_task_cards_are_taken_up_to_fifty(self, slack: Slack, client: AsyncWebClient) -> None:
        here = await started_stream(slack, client)

        def task(number: int, status: str = "pending") -> Json:
            return {"type": "task_update", "id": str(number), "title": "Look", "status": status}

        await client.api_call("chat.appendStream", json={**here, "chunks": [task(n) for n in range(50)]})
        await client.api_call("chat.appendStream", json={**here, "chunks": [task(1, "complete")]})
        assert await refusal(client, "chat.appendStream", **here, chunks=[task(50)]) == "msg_blocks_too_many"
        assert (
            await refusal(client, "chat.appendStream", **here, chunks=[task(1, "done")]) == "invalid_chunks"
        )

    async def test_a_stream_holds_11600_bytes_and_keeps_what_it_has(
        self, slack: Slack, client: AsyncWebClient
    ) -> None:
        here = await started_stream(slack, client)
        await client.api_call("chat.appendStream", json={**here, "markdown_text": "é" * 5_799})
        assert await refusal(client, "chat.appendStream", **here, markdown_text="123") == "msg_too_long"
        await client.api_call("chat.appendStream", json={**here, "markdown_text": "12"})
        assert await refusal(client, "chat.stopStream", **here, markdown_text="3") == "msg_too_long"
        assert open_streams(slack, here) == 1
        await client.api_call("chat.stopStream", json=here)
        assert open_streams(slack, here) == 0
        assert slack.frames[-1].text == "é" * 5_799 + "12"

    async def test_a_stream_that_outlives_its_time_can_only_be_repaired_by_an_update(self) -> None:
        async with Slack(stream_lifetime=0.3) as slack, web_client(slack) as client:
            here = await started_stream(slack, client)
            await client.api_call("chat.appendStream", json={**here, "markdown_text": "half an ans"})
            await asyncio.sleep(0.3)
            for method in ("chat.appendStream", "chat.stopStream"):
                assert await refusal(client, method, **here, markdown_text="wer") == (
                    "message_not_in_streaming_state"
                )
            assert open_streams(slack, here) == 1
            await client.api_call("chat.update", json={**here, "text": "half an answer"})
            assert open_streams(slack, here) == 0
            assert slack.frames[-1].text == "half an answer"

    async def test_a_person_stops_a_stream(self, slack: Slack, client: AsyncWebClient) -> None:
        here = await started_stream(slack, client)
        channel, ts = str(here["channel"]), str(here["ts"])
        user = slack.messages(channel)[0].user
        async with running_bot(slack) as bot:
            await slack.stop_stream(channel, ts, user)
            while (heard := await bot.next()).event["type"] != "agent_session_stopped":
                pass
        assert (heard.event["user"], heard.event["streaming_message_ts"]) == (user, [ts])
        assert await refusal(client, "chat.appendStream", **here, markdown_text="x") == "stopped_by_user"
        await client.api_call("chat.stopStream", json=here)
        assert open_streams(slack, here) == 0


class TestWatching:
    async def test_a_watcher_sees_every_frame_until_the_end(self) -> None:
        slack = Slack()
        await slack.start()
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        watch = slack.watch()
        ts = await slack.say(channel, ada, "one")
        await slack.edit(channel, ts, "two")

        async def collect() -> list[Frame]:
            return [seen async for seen in watch]

        collecting = asyncio.create_task(collect())
        await asyncio.sleep(0)
        await slack.say(channel, ada, "three")
        await slack.close()
        async with asyncio.timeout(PATIENCE):
            assert [seen.text for seen in await collecting] == ["one", "two", "three"]
        assert [seen async for seen in slack.watch()] == []

    async def test_a_slow_watcher_keeps_the_newest(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        watch = slack.watch()
        for number in range(1_100):
            await slack.say(channel, ada, str(number))
        assert (await anext(watch)).text == "100"

    async def test_waiting_ends_when_it_is_true_or_in_a_timeout(self, slack: Slack) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("Ada")
        waiting = asyncio.create_task(slack.wait_for(lambda: len(slack.frames) == 2))
        await slack.say(channel, ada, "one")
        await asyncio.sleep(0)
        assert not waiting.done()
        await slack.say(channel, ada, "two")
        await waiting
        with pytest.raises(TimeoutError):
            await slack.wait_for(lambda: False, timeout=0.05)

    async def test_it_closes_under_a_connected_bot_and_closes_twice(self, slack: Slack) -> None:
        async with raw_socket(slack) as socket:
            await frame(socket)
            await slack.close()
            assert (await socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.CLOSE
        await slack.close()

    async def test_two_workspaces_do_not_share_ids(self) -> None:
        one, two = Slack(workspace="One"), Slack(workspace="Two")
        assert one.team_id != two.team_id
        assert one.add_channel("general") != two.add_channel("general")
        with pytest.raises(RuntimeError, match="started"):
            _ = one.url


async def started_stream(slack: Slack, client: AsyncWebClient) -> dict[str, Json]:
    """An empty stream in a thread of direct messages, as the arguments that name it."""
    ada = slack.add_user("Ada")
    dm = slack.open_dm(ada)
    root = await slack.say(dm, ada, "tell me")
    started = await client.chat_startStream(channel=dm, thread_ts=root)
    return {"channel": dm, "ts": str(started["ts"])}


def open_streams(slack: Slack, here: Mapping[str, Json]) -> int:
    channel = str(here["channel"])
    threads = [slack.messages(channel, message.ts) for message in slack.messages(channel)]
    return sum(message.streaming for messages in threads for message in messages)
