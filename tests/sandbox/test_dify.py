"""The stand-in for Dify says what real servers were seen to say."""

import asyncio
import itertools
import json
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
    async with Dify() as dify:
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
    [("chat", "1.14.2", ""), ("advanced-chat", "1.12.1", ""), ("advanced-chat", "1.14.2", "word " * 1000)],
)
async def test_who_leaves_midway_leaves_behind_what_the_version_keeps(
    mode: str, version: str, kept: str
) -> None:
    endless = Answer("word " * 1000, tokens_per_second=50, hang_after=3)
    async with (
        Dify(mode=mode, version=version, script=lambda request, turns: endless) as dify,
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
