"""The stand-in for Dify says what real servers were seen to say."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.dify import Answer, Dify

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "recordings"
HELLO = Answer("Hello there, this is an answer.")


def question(**changes: object) -> dict[str, object]:
    return {"inputs": {}, "query": "Hi", "user": "u1", "response_mode": "streaming", **changes}


async def post(dify: Dify, **changes: object) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
        return await client.post(f"{dify.url}/chat-messages", json=question(**changes))


def events(body: bytes) -> list[dict[str, object]]:
    return [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]


def story(body: bytes) -> list[str]:
    """The names of the events, each run of equals told once; pings and nodes aside."""
    names = [str(event["event"]) for event in events(body)]
    told = [name for name in names if not name.startswith("node_")]
    return [name for name, _ in itertools.groupby(told)]


@pytest.mark.parametrize(
    ("mode", "version", "recording"),
    [
        ("chat", "0.15.3", "0.15.3-chat-first-turn"),
        ("agent-chat", "0.15.3", "0.15.3-agent-chat-first-turn"),
        ("advanced-chat", "0.15.3", "0.15.3-chatflow-llm-first-turn"),
        ("chat", "1.14.2", "1.14.2-chat-first-turn"),
        ("agent-chat", "1.14.2", "1.14.2-agent-chat-first-turn"),
        ("advanced-chat", "1.14.2", "1.14.2-chatflow-llm-first-turn"),
    ],
)
async def test_a_first_turn_is_told_as_a_real_server_told_it(mode: str, version: str, recording: str) -> None:
    path = RECORDINGS / f"{recording}.sse"
    if not path.exists():
        pytest.skip(f"NO RECORDING: {recording} is not beside this checkout")
    steps = ("current_time",) if mode == "agent-chat" else ()
    script = Answer(HELLO.text, steps=steps)
    async with Dify(mode=mode, version=version, script=lambda request, turns: script) as dify:
        response = await post(dify)
    # An agent also thinks aloud after it has spoken; whoever shows answers ignores it.
    real = [name for name in story(path.read_bytes()) if name != "agent_thought"]
    assert [name for name in story(response.content) if name != "agent_thought"] == real
    assert response.content.startswith(b"event: ping\n\n") == path.read_bytes().startswith(b"event: ping\n\n")
    assert "".join(str(event.get("answer", "")) for event in events(response.content)) == HELLO.text


@pytest.mark.parametrize(
    ("mode", "version", "last"),
    [
        ("chat", "1.14.2", ["message", "error"]),
        ("agent-chat", "1.14.2", ["agent_message", "error"]),
        ("advanced-chat", "1.12.1", ["workflow_started", "message", "workflow_finished", "error"]),
        ("advanced-chat", "1.14.2", ["workflow_started", "message", "workflow_finished"]),
    ],
)
async def test_a_failure_midway_is_told_the_way_of_the_version(
    mode: str, version: str, last: list[str]
) -> None:
    script = Answer(HELLO.text, fail_after=2)
    async with Dify(mode=mode, version=version, script=lambda request, turns: script) as dify:
        assert story((await post(dify)).content) == last


@pytest.mark.parametrize(("version", "told"), [("1.16.0", "Let me think."), ("1.14.2", "")])
async def test_a_flow_tells_its_reasoning_apart_in_versions_that_do(version: str, told: str) -> None:
    script = Answer("Hi", thought="Let me think.")
    async with Dify(version=version, script=lambda request, turns: script) as dify:
        sent = events((await post(dify)).content)
    pieces = [event["data"] for event in sent if event["event"] == "reasoning_chunk"]
    assert "".join(piece["reasoning"] for piece in pieces if isinstance(piece, dict)) == told
    assert "".join(str(event.get("answer", "")) for event in sent) == "Hi"


async def test_steps_take_the_time_they_are_told_to() -> None:
    script = Answer("Hi", steps=("Search",), step_seconds=30)
    async with (
        Dify(script=lambda request, turns: script) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
        client.stream("POST", f"{dify.url}/chat-messages", json=question()) as response,
    ):
        lines = response.aiter_lines()
        while '"title":"Search"' not in (line := await anext(lines)):
            pass
        begun = json.loads(line[6:])
        await client.post(f"{dify.url}/chat-messages/{begun['task_id']}/stop", json={"user": "u1"})
        rest = [line async for line in lines if line]
    assert begun["event"] == "node_started"
    assert json.loads(rest[-1][6:])["data"]["status"] == "stopped"


async def test_a_conversation_is_kept_and_seen_by_its_user_only() -> None:
    async with Dify(mode="chat", script=lambda request, turns: Answer(f"turn {turns}")) as dify:
        first = events((await post(dify)).content)
        conversation = str(first[0]["conversation_id"])
        second = events((await post(dify, conversation_id=conversation)).content)
        other = await post(dify, conversation_id=conversation, user="u2")
    assert second[0]["conversation_id"] == conversation
    assert [turn.answer for turn in dify.conversations[conversation].turns] == ["turn 0", "turn 1"]
    assert (other.status_code, other.json()["code"]) == (404, "not_found")
    assert other.json()["message"].startswith("Conversation Not Exists. You have requested")


@pytest.mark.parametrize(
    ("version", "status", "conversations"),
    [("1.12.1", 404, 0), ("1.14.2", 200, 0), ("1.15.0", 200, 1), ("1.16.0", 404, 0)],
)
async def test_versions_differ_about_a_conversation_that_is_unknown(
    version: str, status: int, conversations: int
) -> None:
    async with Dify(version=version, idle_timeout=0.1, script=lambda request, turns: HELLO) as dify:
        response = await post(dify, conversation_id="00000000-0000-4000-8000-000000000000")
    assert (response.status_code, len(dify.conversations)) == (status, conversations)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"user": ""}, 400, "invalid_param"),
        ({"user": "u" * 256}, 500, "internal_server_error"),
        ({"query": ""}, 400, "invalid_param"),
        ({"conversation_id": "no-uuid"}, 400, "invalid_param"),
    ],
)
async def test_a_malformed_question_is_refused(changes: dict[str, object], status: int, code: str) -> None:
    async with Dify(mode="chat") as dify:
        response = await post(dify, **changes)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_wrong_key_and_a_wrong_mode_are_refused() -> None:
    async with Dify(mode="workflow") as dify:
        assert (await post(dify)).json()["code"] == "not_chat_app"
        dify.key, old = "app-other", dify.key
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {old}"}) as client:
            assert (await client.get(f"{dify.url}/info")).status_code == 401


async def test_a_stop_ends_the_answer_for_its_user_only() -> None:
    endless = Answer("word " * 1000, tokens_per_second=50)
    async with (
        Dify(mode="chat", script=lambda request, turns: endless) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
        client.stream("POST", f"{dify.url}/chat-messages", json=question()) as response,
    ):
        lines = response.aiter_lines()
        task = json.loads((await anext(lines))[6:])["task_id"]
        await client.post(f"{dify.url}/chat-messages/{task}/stop", json={"user": "another"})
        assert dify.running == 1
        await client.post(f"{dify.url}/chat-messages/{task}/stop", json={"user": "u1"})
        rest = [line async for line in lines if line]
    assert json.loads(rest[-1][6:])["event"] == "message_end"
    assert len(rest) < 200


@pytest.mark.parametrize(
    ("mode", "version", "kept"),
    [
        ("chat", "1.14.2", ""),
        ("agent-chat", "1.14.2", ""),
        ("advanced-chat", "1.12.1", ""),
        ("advanced-chat", "1.14.2", "word " * 1000),
    ],
)
async def test_who_leaves_midway_leaves_behind_what_the_version_keeps(
    mode: str, version: str, kept: str
) -> None:
    long = Answer("word " * 1000, tokens_per_second=5000)
    async with (
        Dify(mode=mode, version=version, script=lambda request, turns: long) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
    ):
        async with client.stream("POST", f"{dify.url}/chat-messages", json=question()) as response:
            await anext(response.aiter_raw())
        async with asyncio.timeout(5):
            while dify.running:
                await asyncio.sleep(0.01)
        (conversation,) = dify.conversations.values()
        assert conversation.turns[0].answer == kept


async def test_it_notes_when_how_much_of_an_answer_was_written() -> None:
    script = Answer("four and four and more", tokens_per_second=100)
    async with Dify(mode="chat", script=lambda request, turns: script) as dify:
        await post(dify)
    ((turn,),) = (conversation.turns for conversation in dify.conversations.values())
    extents = [written.characters for written in turn.written]
    assert extents == sorted(set(extents))
    assert extents[-1] == len(script.text)
    assert [written.at for written in turn.written] == sorted(written.at for written in turn.written)


@asynccontextmanager
async def asking(dify: Dify) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """A client that has asked, heard the first event with ids, and is still on the line."""
    async with (
        httpx.AsyncClient(base_url=dify.url, headers={"Authorization": f"Bearer {dify.key}"}) as client,
        client.stream("POST", "chat-messages", json=question()) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                yield client, json.loads(line[6:])
                return


async def left(dify: Dify) -> dict[str, str]:
    """The ids of a turn whose client has hung up."""
    async with asking(dify) as (_, ids):
        return ids


async def get(dify: Dify, path: str, **query: str) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
        return await client.get(f"{dify.url}/{path}", params=query)


async def finished(dify: Dify) -> None:
    async with asyncio.timeout(5):
        while dify.running:
            await asyncio.sleep(0.01)


SPOKEN = Answer("word " * 100, tokens_per_second=400)


@pytest.mark.parametrize(
    ("mode", "version", "recording"),
    [
        ("chat", "0.15.3", "0.15.3-chat-disconnect-midstream-messages-after-8s"),
        ("chat", "1.14.2", "1.14.2-chat-disconnect-midstream-messages-after-8s"),
        ("agent-chat", "1.14.2", "1.14.2-agent-chat-disconnect-midstream-messages-after-8s"),
        ("advanced-chat", "1.14.2", "1.14.2-chatflow-llm-disconnect-midstream-messages-after-8s"),
    ],
)
async def test_messages_have_the_shape_of_those_of_a_real_server(
    mode: str, version: str, recording: str
) -> None:
    path = RECORDINGS / f"{recording}.sse"
    if not path.exists():
        pytest.skip(f"NO RECORDING: {recording} is not beside this checkout")
    async with Dify(mode=mode, version=version, script=lambda request, turns: SPOKEN) as dify:
        ids = await left(dify)
        page = (await get(dify, "messages", conversation_id=ids["conversation_id"], user="u1")).json()
    real = json.loads(path.read_bytes())
    assert page.keys() == real.keys()
    (message,), (real_message,) = page["data"], real["data"]
    assert message.keys() == real_message.keys()
    assert (message["answer"], message["status"]) == (real_message["answer"], real_message["status"])
    assert [one.keys() for one in message["agent_thoughts"]] == [
        one.keys() for one in real_message["agent_thoughts"]
    ]


async def test_messages_come_in_pages_the_newest_first_and_each_page_in_order() -> None:
    async with Dify(mode="chat", script=lambda request, turns: Answer(f"turn {turns}")) as dify:
        conversation = str(events((await post(dify)).content)[0]["conversation_id"])
        for _ in range(4):
            await post(dify, conversation_id=conversation)
        newest = (await get(dify, "messages", conversation_id=conversation, user="u1", limit="2")).json()
        first = newest["data"][0]["id"]
        older = (
            await get(dify, "messages", conversation_id=conversation, user="u1", limit="9", first_id=first)
        ).json()
        foreign = await get(dify, "messages", conversation_id=conversation, user="u2")
        beyond = await get(dify, "messages", conversation_id=conversation, user="u1", limit="101")
    assert [one["answer"] for one in newest["data"]] == ["turn 3", "turn 4"]
    assert [one["answer"] for one in older["data"]] == ["turn 0", "turn 1", "turn 2"]
    assert (newest["has_more"], older["has_more"]) == (True, False)
    assert (foreign.status_code, beyond.status_code) == (404, 400)
    assert len(dify.turns) == 5


async def test_an_agent_leaves_its_thoughts_behind() -> None:
    script = Answer(SPOKEN.text, tokens_per_second=400, steps=("current_time",))
    async with Dify(mode="agent-chat", script=lambda request, turns: script) as dify:
        ids = await left(dify)
        await finished(dify)
        page = (await get(dify, "messages", conversation_id=ids["conversation_id"], user="u1")).json()
    (message,) = page["data"]
    assert message["answer"] == ""
    assert [(one["tool"], one["thought"]) for one in message["agent_thoughts"]] == [
        ("current_time", ""),
        ("", SPOKEN.text),
    ]


@pytest.mark.parametrize(
    ("version", "status", "answer"),
    [("1.8.1", "running", None), ("1.12.1", "succeeded", SPOKEN.text), ("1.14.2", "succeeded", SPOKEN.text)],
)
async def test_the_record_of_a_run_is_finished_in_versions_that_do_so(
    version: str, status: str, answer: str | None
) -> None:
    async with Dify(version=version, script=lambda request, turns: SPOKEN) as dify:
        ids = await left(dify)
        running = (await get(dify, f"workflows/run/{ids['workflow_run_id']}")).json()
        await finished(dify)
        over = (await get(dify, f"workflows/run/{ids['workflow_run_id']}")).json()
    assert (running["status"], running["finished_at"]) == ("running", None)
    assert (over["status"], over["outputs"].get("answer")) == (status, answer)


async def test_a_run_that_is_over_is_told_in_one_event() -> None:
    async with Dify(script=lambda request, turns: Answer("Hi")) as dify:
        run = str(events((await post(dify)).content)[0]["workflow_run_id"])
        response = await get(dify, f"workflow/{run}/events", user="u1")
        foreign = await get(dify, f"workflow/{run}/events", user="u2")
        nobody = await get(dify, f"workflow/{run}/events")
    (told,) = events(response.content)
    assert (told["event"], told["task_id"], "conversation_id" in told) == ("workflow_finished", run, False)
    assert response.headers["Cache-Control"] == "no-cache"
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert nobody.status_code == 400


async def test_who_comes_back_to_a_run_hears_the_rest_of_it() -> None:
    async with Dify(script=lambda request, turns: SPOKEN) as dify:
        ids = await left(dify)
        path = f"workflow/{ids['workflow_run_id']}/events"
        response = await get(dify, path, user="u1", include_state_snapshot="true")
        page = (await get(dify, "messages", conversation_id=ids["conversation_id"], user="u1")).json()
    assert response.content.startswith(b"event: ping\n\n")
    assert story(response.content) == [
        "workflow_started",
        "message_replace",
        "message",
        "message_end",
        "workflow_finished",
    ]
    heard = "".join(str(one["answer"]) for one in events(response.content) if one["event"] == "message")
    assert SPOKEN.text.endswith(heard)
    assert 0 < len(heard) < len(SPOKEN.text)
    assert page["data"][0]["answer"] == SPOKEN.text


@pytest.mark.parametrize(("version", "status"), [("1.13.3", 404), ("1.14.0", 200)])
async def test_runs_can_be_followed_since_1_14(version: str, status: int) -> None:
    async with Dify(version=version, script=lambda request, turns: Answer("Hi")) as dify:
        run = str(events((await post(dify)).content)[0]["workflow_run_id"])
        assert (await get(dify, f"workflow/{run}/events", user="u1")).status_code == status


async def test_only_flows_have_runs() -> None:
    async with Dify(mode="chat") as dify:
        for path in ("workflows/run/x", "workflow/x/events"):
            assert (await get(dify, path, user="u1")).json()["code"] == "not_workflow_app"


async def test_a_stop_also_ends_an_answer_whose_client_has_left() -> None:
    endless = Answer("word " * 10_000, tokens_per_second=400)
    async with Dify(script=lambda request, turns: endless) as dify:
        ids = await left(dify)
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
            await client.post(f"{dify.url}/chat-messages/{ids['task_id']}/stop", json={"user": "u1"})
        await finished(dify)
    assert dify.runs[ids["workflow_run_id"]].status == "stopped"
    assert 0 < len(dify.turns[0].answer) < len(endless.text)


async def test_a_flow_can_wait_for_a_person() -> None:
    script = Answer(SPOKEN.text, pause_after=10)
    async with Dify(script=lambda request, turns: script) as dify:
        body = (await post(dify)).content
        sent = story(body)
        run = events(body)[0]["workflow_run_id"]
        later = await get(dify, f"workflow/{run}/events", user="u1", include_state_snapshot="true")
    assert story(later.content)[-2:] == ["human_input_required", "workflow_paused"]
    assert sent[-2:] == ["human_input_required", "workflow_paused"]
    assert (dify.turns[0].status, dify.turns[0].answer) == ("paused", SPOKEN.text[:40])


@pytest.mark.parametrize(("mode", "kept"), [("chat", ""), ("advanced-chat", SPOKEN.text)])
@pytest.mark.parametrize("cut_after", [0, 5])
async def test_a_line_that_is_cut_leaves_behind_what_the_mode_keeps(
    mode: str, kept: str, cut_after: int
) -> None:
    script = Answer(SPOKEN.text, tokens_per_second=2000, cut_after=cut_after)
    async with Dify(mode=mode, script=lambda request, turns: script) as dify:
        with pytest.raises(httpx.TransportError):
            await post(dify)
        await finished(dify)
    assert [turn.answer for turn in dify.turns] == [kept]


async def test_a_line_that_is_cut_before_anything_began_leaves_no_turn_behind() -> None:
    async with Dify(script=lambda request, turns: Answer("Hi")) as dify:
        dify.cut_next()
        with pytest.raises(httpx.TransportError):
            await post(dify)
        assert (await post(dify)).status_code == 200
    assert len(dify.turns) == 1


async def test_flows_go_on_while_the_api_is_away() -> None:
    async with Dify(script=lambda request, turns: SPOKEN) as dify:
        await left(dify)
        async with dify.away():
            with pytest.raises(httpx.ConnectError):
                await post(dify)
            await finished(dify)
        assert (await post(dify)).status_code == 200
    assert dify.turns[0].answer == SPOKEN.text


async def test_a_refusal_may_say_how_long_to_wait() -> None:
    async with Dify() as dify:
        dify.fail_http(503, "", "", html=True, headers={"Retry-After": "2"})
        response = await post(dify)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
