"""The stand-in for Dify asks and answers in every mode of apps."""

import asyncio
import json

import httpx
import pytest

from sandbox.dify import Answer, AppSetup, Dify
from tests.sandbox.calling import (
    CHAT,
    COMPLETION,
    HELLO,
    WORKFLOW,
    ask,
    call,
    data_of,
    events,
    only,
    question,
    refused,
    saying,
    story,
    text,
)

DOORS = {
    "chat": CHAT,
    "agent-chat": CHAT,
    "agent": CHAT,
    "advanced-chat": CHAT,
    "completion": COMPLETION,
    "workflow": WORKFLOW,
}
WRONG = {CHAT: "not_chat_app", COMPLETION: "app_unavailable", WORKFLOW: "not_workflow_app"}


@pytest.mark.parametrize("path", WRONG)
@pytest.mark.parametrize("mode", DOORS)
async def test_an_app_is_asked_in_the_way_of_its_mode_only(mode: str, path: str) -> None:
    async with saying(HELLO, mode) as dify:
        response = await ask(dify, path)
        stop = "workflows/tasks/t/stop" if path == WORKFLOW else f"{path}/t/stop"
        stopping = await call(dify, "POST", stop, {"user": "u1"})
    if DOORS[mode] == path:
        assert (response.status_code, stopping.json()) == (200, {"result": "success"})
        assert [one.task_id for one in dify.stopped] == ["t"]
    else:
        assert refused(response) == refused(stopping) == (400, WRONG[path])


@pytest.mark.parametrize("mode", ["completion", "workflow"])
async def test_only_conversing_apps_have_conversations(mode: str) -> None:
    async with saying(HELLO, mode) as dify:
        for path in ("conversations", "messages", "messages/m/suggested", "conversations/c/variables"):
            assert refused(await call(dify, "GET", path, user="u1")) == (400, "not_chat_app")
        await ask(dify, DOORS[mode])
    assert dify.conversations == {}
    assert [request.path for request in dify.requests] == [f"/v1/{DOORS[mode]}"]


async def test_an_agent_repeats_its_whole_answer_at_the_end() -> None:
    async with saying(HELLO, "agent", "1.16.0") as dify:
        response = await ask(dify)
    assert story(response) == ["agent_message", "message", "message_end"]
    (whole,) = only(response, "message")
    assert whole["answer"] == HELLO.text
    assert text(response) == HELLO.text * 2


async def test_a_workflow_gives_the_outputs_it_is_told_to() -> None:
    async with saying(Answer("", outputs={"city": "Rome", "days": 3}), "workflow") as dify:
        response = await ask(dify, WORKFLOW)
        run = str(events(response)[0]["workflow_run_id"])
        looked_at = await call(dify, "GET", f"workflows/run/{run}")
        again = await call(dify, "GET", f"workflow/{run}/events", user="u1")
    (finished,) = only(response, "workflow_finished")
    outputs = {"city": "Rome", "days": 3}
    assert data_of(finished)["outputs"] == looked_at.json()["outputs"] == outputs
    assert data_of(events(again)[0])["outputs"] == outputs


@pytest.mark.parametrize(
    ("version", "told"), [("1.12.1", ["workflow_finished", "error"]), ("1.14.2", ["workflow_finished"])]
)
async def test_a_failed_workflow_is_told_the_way_of_the_version(version: str, told: list[str]) -> None:
    async with saying(Answer("abcdefgh", fail_after=1), "workflow", version) as dify:
        response = await ask(dify, WORKFLOW)
        blocking = await ask(dify, WORKFLOW, response_mode="blocking")
    assert story(response) == ["workflow_started", "text_chunk", *told]
    assert data_of(only(response, "workflow_finished")[0])["status"] == "failed"
    assert (blocking.status_code, blocking.json()["data"]["status"]) == (200, "failed")


@pytest.mark.parametrize("mode", ["completion", "workflow"])
async def test_a_stop_ends_a_result_midway(mode: str) -> None:
    endless = Answer("word " * 1000, tokens_per_second=50)
    path = DOORS[mode]
    async with (
        saying(endless, mode) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
        client.stream("POST", f"{dify.url}/{path}", json=question()) as response,
    ):
        lines = response.aiter_lines()
        while not (line := await anext(lines)).startswith("data: "):
            pass
        task = json.loads(line[6:])["task_id"]
        stop = f"workflows/tasks/{task}/stop" if mode == "workflow" else f"{path}/{task}/stop"
        await call(dify, "POST", stop, {"user": "u1"})
        rest = [line async for line in lines if line.startswith("data: ")]
    last = json.loads(rest[-1][6:])
    if mode == "workflow":
        assert (last["event"], last["data"]["status"]) == ("workflow_finished", "stopped")
    else:
        assert last["event"] == "message_end"
    assert len(rest) < 200


async def test_who_stops_a_chatflow_of_somebody_else_has_it_called_failed_in_the_end() -> None:
    slow = Answer("word " * 120, tokens_per_second=100)
    async with saying(slow, "advanced-chat") as dify:
        asking = asyncio.create_task(ask(dify))
        async with asyncio.timeout(5):
            while not dify.turns or not dify.turns[0].written:
                await asyncio.sleep(0.005)
        task = next(iter(dify.tasks))
        await call(dify, "POST", f"chat-messages/{task}/stop", {"user": "somebody else"})
        response = await asking
    assert text(response) == slow.text
    assert story(response)[-1] == "workflow_finished"
    assert data_of(events(response)[-1])["error"] == "Aborted: User requested stop"


@pytest.mark.parametrize("mode", ["chat", "advanced-chat", "completion"])
async def test_a_failure_has_a_status_where_the_answer_is_given_at_once(mode: str) -> None:
    async with saying(Answer("abcdefgh", fail_after=1), mode) as dify:
        response = await ask(dify, DOORS[mode], response_mode="blocking")
    code = "invalid_param" if mode == "advanced-chat" else "completion_request_error"
    assert refused(response) == (400, code)


async def test_one_version_never_gives_the_answer_of_a_chatflow_at_once() -> None:
    async with saying(HELLO, "advanced-chat", "1.13.0", idle_timeout=0.1) as dify:
        response = await ask(dify, response_mode="blocking")
    assert (response.status_code, response.content) == (200, b"event: ping\n\n")


@pytest.mark.parametrize(
    ("version", "last"),
    [
        ("1.12.1", ["message", "message_end"]),
        ("1.14.2", ["message", "message_end"]),
        ("1.17.1", ["message", "message_end", "workflow_started", "workflow_finished"]),
    ],
)
async def test_an_annotation_answers_without_a_flow_in_the_way_of_the_version(
    version: str, last: list[str]
) -> None:
    setup = AppSetup(annotation_reply=True)
    async with saying(HELLO, "advanced-chat", version, setup=setup, idle_timeout=0.3) as dify:
        saved = await call(dify, "POST", "apps/annotations", {"question": "Hi", "answer": "Noted."})
        began = asyncio.get_running_loop().time()
        response = await ask(dify)
        took = asyncio.get_running_loop().time() - began
        other = await ask(dify, query="Ho")
    assert saved.status_code == 201
    assert (story(response), text(response)) == (last, "Noted.")
    # Only versions that wait for the end of a flow wait for one that never began.
    assert (took >= 0.3 + 1.0) == (version == "1.14.2")
    assert text(other) == HELLO.text


async def test_a_chat_says_an_annotation_letter_by_letter() -> None:
    async with saying(Answer("Noted.", annotated=True)) as dify:
        response = await ask(dify)
    assert [event["answer"] for event in only(response, "message")] == list("Noted.")
    metadata = only(response, "message_end")[0]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["annotation_reply"]["account"]["name"] == "Curator"


async def test_what_was_asked_is_kept_with_its_trace_and_inputs() -> None:
    async with (
        saying(HELLO) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
    ):
        body = question(inputs={"unknown": 1})
        await client.post(f"{dify.url}/chat-messages", json=body, headers={"X-Trace-Id": "t-1"})
    assert dify.trace_ids == ("t-1",)
    assert [dict(request.inputs) for request in dify.requests] == [{"unknown": 1}]


@pytest.mark.parametrize(
    ("path", "since"),
    [
        ("site", "1.4.0"),
        ("conversations/c/variables", "1.3.1"),
        ("form/human_input/t", "1.14.0"),
        ("workflow/r/events", "1.14.0"),
        ("files/f/preview", "1.7.2"),
    ],
)
async def test_what_a_version_lacks_is_an_unknown_path(path: str, since: str) -> None:
    for version in ("0.15.3", "1.12.1", "1.13.0", "1.14.2", "1.16.0", "1.17.1"):
        async with saying(HELLO, "advanced-chat", version) as dify:
            response = await call(dify, "GET", path)
        unknown = response.content.startswith(b"<!doctype html>")
        lacks = tuple(map(int, version.split("."))) < tuple(map(int, since.split(".")))
        assert unknown == lacks, version
        assert not unknown or (response.status_code, response.headers["X-Version"]) == (404, version)


@pytest.mark.parametrize(
    ("picked", "answered"),
    [
        ("7c3e33d4-2a8b-4e5f-9b1a-d3c6e8f12345", (200, "")),
        ("00000000-0000-4000-8000-000000000000", (404, "not_found")),
        ("draft", (400, "bad_request")),
    ],
)
async def test_a_version_of_a_flow_can_be_picked_where_there_is_one(
    picked: str, answered: tuple[int, str]
) -> None:
    async with saying(HELLO, "workflow") as dify, saying(HELLO, "advanced-chat") as chatflow:
        run = await ask(dify, f"workflows/{picked}/run")
        chat = await ask(chatflow, workflow_id=picked)
    for response in (run, chat):
        code = "" if response.status_code == 200 else response.json()["code"]
        assert (response.status_code, code) == answered


async def test_an_unknown_conversation_of_a_chatflow_may_begin_anew_also_where_one_waits() -> None:
    async with saying(HELLO, "advanced-chat", "1.15.0") as dify:
        nowhere = "00000000-0000-4000-8000-000000000000"
        response = await ask(dify, conversation_id=nowhere, response_mode="blocking")
    assert response.json()["conversation_id"] not in (nowhere, "")


@pytest.mark.parametrize(("version", "code"), [("1.16.0", "forbidden"), ("1.17.1", "app_api_disabled")])
async def test_an_app_that_is_switched_off_refuses_in_the_words_of_its_version(
    version: str, code: str
) -> None:
    async with saying(HELLO, version=version) as dify:
        dify.api_enabled = False
        rated = await call(dify, "POST", "messages/m/feedbacks", {"rating": "like", "user": "u1"})
        asked = await ask(dify)
    assert (refused(rated), refused(asked)) == ((403, code), (403, "forbidden"))


async def test_a_method_that_a_path_does_not_know_is_refused() -> None:
    async with Dify() as dify:
        assert refused(await call(dify, "PUT", "info")) == (405, "method_not_allowed")
