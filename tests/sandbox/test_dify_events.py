"""The stand-in for Dify streams every kind of event, in the versions that know it."""

import pytest

from sandbox.dify import Answer, Extra, Failure, Replacement, Source
from tests.sandbox.calling import ask, call, data_of, events, only, saying, story, text

SOURCES = (Source("leave.pdf", page=4, content="Twenty days."), Source("faq.md"))
BUSY = Answer(
    "Done.",
    iterations=("Each",),
    loops=("Round",),
    branches=("Left",),
    retries=("Fetch",),
    agent_logs=("ROUND 1",),
)


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "advanced-chat"])
async def test_an_answer_tells_its_sources_at_the_end_and_later(mode: str) -> None:
    async with saying(Answer("Twenty.", sources=SOURCES), mode) as dify:
        response = await ask(dify)
        conversation = str(events(response)[0]["conversation_id"])
        page = await call(dify, "GET", "messages", user="u1", conversation_id=conversation)
    metadata = only(response, "message_end")[0]["metadata"]
    assert isinstance(metadata, dict)
    told = [(one["position"], one["document_name"], one["page"]) for one in metadata["retriever_resources"]]
    assert told == [(1, "leave.pdf", 4), (2, "faq.md", None)]
    assert [one["document_name"] for one in page.json()["data"][0]["retriever_resources"]] == [
        "leave.pdf",
        "faq.md",
    ]


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("0.15.3", ["iteration", "parallel_branch", "retry"]),
        ("1.8.1", ["iteration", "loop", "parallel_branch", "retry", "agent_log"]),
        ("1.12.1", ["iteration", "loop", "retry", "agent_log"]),
        ("1.17.1", ["iteration", "loop", "retry", "agent_log"]),
    ],
)
@pytest.mark.parametrize("mode", ["advanced-chat", "workflow"])
async def test_a_flow_tells_of_nodes_within_nodes(mode: str, version: str, told: list[str]) -> None:
    async with saying(BUSY, mode, version) as dify:
        response = await ask(dify, "workflows/run" if mode == "workflow" else "chat-messages")
    names = [str(event["event"]) for event in events(response)]
    expected = {
        "iteration": ["iteration_started", *["iteration_next"] * 3, "iteration_completed"],
        "loop": ["loop_started", *["loop_next"] * 2, "loop_completed"],
        "parallel_branch": ["parallel_branch_started", "parallel_branch_finished"],
        "retry": ["node_retry"],
        "agent_log": ["agent_log"] * 2,
    }
    busy = [name for name in names if name.startswith(("iteration", "loop", "parallel", "agent"))]
    busy_wanted = [name for one in told for name in expected[one] if name != "node_retry"]
    assert busy == busy_wanted
    assert ("node_retry" in names) == ("retry" in told)
    assert "workflow_run_id" in only(response, "iteration_started")[0]
    if "agent_log" in told:
        first, last = (data_of(one) for one in only(response, "agent_log"))
        assert (first["id"], first["status"], last["status"]) == (last["id"], "start", "success")


@pytest.mark.parametrize(
    ("version", "mode", "reason"),
    [
        ("0.15.3", "chat", None),
        ("1.14.2", "chat", ""),
        ("1.14.2", "advanced-chat", "output_moderation"),
    ],
)
async def test_a_moderator_replaces_the_answer_at_its_end(
    version: str, mode: str, reason: str | None
) -> None:
    script = Answer("Something bad.", replaced=Replacement("Not that."))
    async with saying(script, mode, version) as dify:
        response = await ask(dify)
    (replaced,) = only(response, "message_replace")
    assert (replaced["answer"], replaced.get("reason")) == ("Not that.", reason)
    assert dify.turns[0].answer == "Not that."
    assert story(response).index("message_replace") < story(response).index("message_end")


async def test_what_follows_a_replacement_is_added_to_it() -> None:
    script = Answer("Bad. Good.", replaced=Replacement("So: "), replaced_after=1)
    async with saying(script) as dify:
        response = await ask(dify)
    assert story(response) == ["message", "message_replace", "message", "message_end"]
    assert dify.turns[0].answer == "So:  Good."


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_an_answer_may_be_read_out(mode: str) -> None:
    async with saying(Answer("Hi", spoken=True), mode) as dify:
        told = story(await ask(dify))
    last = told.index("workflow_finished" if mode == "advanced-chat" else "message_end")
    # Nothing follows the end of a flow; a chat reads out after it.
    assert (told.index("tts_message") < last) == (mode == "advanced-chat")
    assert told.index("tts_message") + 1 == told.index("tts_message_end")


async def test_events_of_versions_to_come_can_be_told() -> None:
    async with saying(Answer("Hi", extras=(Extra("confetti", {"amount": 3}),))) as dify:
        response = await ask(dify)
    (told,) = only(response, "confetti")
    assert (told["amount"], "task_id" in told, text(response)) == (3, True, "Hi")


async def test_a_model_fails_in_the_words_it_is_given() -> None:
    failure = Failure("[openai] Rate Limit Error", "rate_limit_error", 429)
    async with saying(Answer("Hello", fail_after=1, failure=failure)) as dify:
        (error,) = only(await ask(dify), "error")
    assert (error["code"], error["status"], error["message"]) == (failure.code, 429, failure.message)
    assert "task_id" not in error
    assert (dify.turns[0].status, dify.turns[0].error) == ("error", failure.message)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("0.15.3", ["workflow_started", "message", "workflow_finished", "message_end"]),
        ("1.12.1", ["workflow_started", "message", "workflow_finished", "message_end"]),
        ("1.13.0", ["workflow_started", "message", "workflow_finished"]),
        ("1.14.2", ["workflow_started", "message", "message_end", "workflow_finished"]),
        ("1.16.0", ["workflow_started", "message", "message_end", "workflow_finished"]),
        ("1.17.1", ["workflow_started", "message", "message_end", "workflow_finished"]),
    ],
)
async def test_a_chatflow_ends_in_the_way_of_its_version(version: str, told: list[str]) -> None:
    async with saying(Answer("Hi"), "advanced-chat", version) as dify:
        response = await ask(dify)
    assert story(response) == told
    (started,) = only(response, "workflow_started")
    assert ("sequence_number" in data_of(started)) == (version == "0.15.3")
    assert response.content.startswith(b"event: ping") == (version >= "1.13")
