"""The same cases on stand-ins of five versions of Dify: what is asked, answered, stopped and refused."""

import asyncio
import time
from contextlib import aclosing

import pytest

from bridge import errors
from bridge.dify import ChatRequest, DifyClient, Ending, Ids, LostTurn, Mode, Recovered, RunRequest, Source
from bridge.dify.records import version_of
from sandbox.dify import Answer, AppSetup, Extra, Failure, FormInput, Replacement
from sandbox.dify import Source as Passage
from tests.dify.contract import USER, app, asking, every_app, every_version, told
from tests.dify.test_stream import follow

LONG = "All the words of a good answer. " * 20
CHATTING = pytest.mark.parametrize("mode", [Mode.CHAT, Mode.AGENT_CHAT, Mode.CHATFLOW])


@every_app
async def test_every_app_says_what_it_has_to_say(mode: Mode, version: str) -> None:
    async with app(mode, version) as (dify, client):
        turn = await told(client, mode, ChatRequest("Hello?", USER, trace_id="slack-T1-5"))
    assert (turn.update.text, turn.ending) == ("Hello there.", Ending.COMPLETED)
    assert turn.update.ids.task_id
    assert bool(turn.update.ids.conversation_id) == mode.conversing
    assert bool(turn.update.ids.message_id) == (mode is not Mode.WORKFLOW)
    assert bool(turn.update.ids.workflow_run_id) == (mode in (Mode.CHATFLOW, Mode.WORKFLOW))
    (request,) = dify.requests
    assert (request.user, request.trace_id) == (USER, "slack-T1-5")
    assert request.query == ("" if mode is Mode.WORKFLOW else "Hello?")


@every_app
async def test_an_app_says_what_it_is(mode: Mode, version: str) -> None:
    setup = AppSetup(
        opening_statement="Welcome!",
        suggested_questions=("Why?",),
        suggested_questions_after_answer=True,
        speech_to_text=True,
        text_to_speech=True,
        inputs=(FormInput("lang", "Language", required=True, longest=10), FormInput("x", hidden=True)),
    )
    async with app(mode, version, setup=setup) as (_, client):
        found = await client.check()
    # The oldest does not tell; what kind of answers it gives can be found out all the same.
    assert found.mode is (Mode.UNKNOWN if version == "0.15.3" and mode.conversing else mode)
    assert (found.version, found.opening, found.opening_questions) == (version, "Welcome!", ("Why?",))
    assert (found.suggests, found.hears, found.speaks) == (True, True, True)
    assert [(one.name, one.label, one.required, one.longest) for one in found.inputs] == [
        ("lang", "Language", True, 10)
    ]


@every_version
async def test_a_trace_that_dify_would_not_take_is_left_out(version: str) -> None:
    async with app(Mode.CHAT, version) as (dify, client):
        for trace in ("a b", "ü", "x" * 129, "", "x\r\nHost: evil", "C1:17"):
            await told(client, Mode.CHAT, ChatRequest("Hello?", USER, trace_id=trace))
    assert dify.trace_ids == ()


@every_app
async def test_an_answer_that_fails_keeps_its_words_and_tells_why(mode: Mode, version: str) -> None:
    texts: list[str] = []
    async with (
        app(mode, version, Answer(LONG, fail_after=10)) as (_, client),
        asking(client, mode, ChatRequest("Hello?", USER)) as stream,
    ):
        with pytest.raises(errors.DifyModelFailed) as caught:
            await follow(stream, texts)
    assert texts[-1] == LONG[:40]
    assert not caught.value.nothing_began
    assert "overloaded" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("provider_quota_exceeded", 400, errors.DifyQuota),
        ("provider_not_initialize", 400, errors.DifyModelFailed),
        ("model_currently_not_support", 400, errors.DifyModelFailed),
        ("rate_limit_error", 429, errors.DifyBusy),
        ("invalid_param", 400, errors.DifyModelFailed),
        ("internal_server_error", 500, errors.DifyDown),
    ],
)
@every_version
async def test_a_failure_within_an_answer_has_its_own_error(
    code: str, status: int, kind: type[errors.DifyError], version: str
) -> None:
    failing = Answer("Hi", fail_after=0, failure=Failure("Run failed: secret words", code, status))
    async with app(Mode.CHAT, version, failing) as (_, client):
        with pytest.raises(kind) as caught:
            await told(client, Mode.CHAT)
    assert type(caught.value) is kind
    assert "secret words" not in str(caught.value)


@every_app
async def test_an_answer_is_stopped_by_its_user(mode: Mode, version: str) -> None:
    slow = Answer(LONG, tokens_per_second=50.0)
    async with (
        asyncio.timeout(10),
        app(mode, version, slow) as (dify, client),
        asking(client, mode, ChatRequest("Hello?", USER)) as stream,
        aclosing(stream.updates()) as updates,
    ):
        async for update in updates:
            if update.text and not dify.stopped:
                await client.stop(update.ids.task_id, USER, mode)
        ending = stream.ending
    assert LONG.startswith(update.text)
    assert 0 < len(update.text) < len(LONG)
    # Only flows say that they were stopped, and old ones end their message all the same.
    flow = mode in (Mode.CHATFLOW, Mode.WORKFLOW)
    assert ending is (Ending.STOPPED if flow else Ending.COMPLETED)


@CHATTING
@every_version
async def test_a_conversation_goes_on(mode: Mode, version: str) -> None:
    async with app(mode, version) as (dify, client):
        first = await told(client, mode)
        conversation = first.update.ids.conversation_id
        second = await told(client, mode, ChatRequest("And?", USER, conversation))
        assert second.update.ids.conversation_id == conversation
        assert await client.conversation_exists(conversation, USER)
        assert not await client.conversation_exists(conversation, "somebody else")
    assert len(dify.turns) == 2


@CHATTING
@every_version
async def test_a_conversation_that_is_gone_is_told_early(mode: Mode, version: str) -> None:
    async with app(mode, version) as (dify, client):
        first = await told(client, mode)
        dify.forget(first.update.ids.conversation_id)
        began = time.monotonic()
        with pytest.raises(errors.DifyConversationGone):
            await told(client, mode, ChatRequest("And?", USER, first.update.ids.conversation_id))
        assert time.monotonic() - began < 3.0


@pytest.mark.parametrize("version", ["1.13.0", "1.14.2"])
async def test_silence_about_a_conversation_that_is_gone_means_that_nothing_began(version: str) -> None:
    async with app(Mode.CHATFLOW, version) as (dify, client):
        gone = (await told(client, Mode.CHATFLOW)).update.ids.conversation_id
        dify.forget(gone)
        with pytest.raises(errors.DifyConversationGone) as caught:
            await told(client, Mode.CHATFLOW, ChatRequest("And?", USER, gone))
        assert caught.value.nothing_began
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("doubts")]


@pytest.mark.parametrize("version", ["1.13.0", "1.14.2"])
async def test_silence_in_a_conversation_that_is_there_is_waited_out(version: str) -> None:
    setup = AppSetup(inputs=(FormInput("lang", required=True),))
    async with app(Mode.CHATFLOW, version, setup=setup, silence=0.5) as (dify, client):
        first = await told(client, Mode.CHATFLOW, ChatRequest("Hello?", USER, inputs={"lang": "en"}))
        with pytest.raises(errors.DifySilent):
            await told(client, Mode.CHATFLOW, ChatRequest("And?", USER, first.update.ids.conversation_id))
        assert [call.path for call in dify.calls].count("/v1/messages") == 1


async def test_a_conversation_that_answers_is_not_doubted() -> None:
    slow = Answer("At last.", first_token_after=0.5)
    async with app(Mode.CHATFLOW, "1.14.2", slow) as (dify, client):
        first = await told(client, Mode.CHATFLOW)
        await told(client, Mode.CHATFLOW, ChatRequest("And?", USER, first.update.ids.conversation_id))
        assert "/v1/messages" not in [call.path for call in dify.calls]


@every_app
async def test_a_missing_input_is_told_as_such_where_dify_tells_it_at_all(mode: Mode, version: str) -> None:
    setup = AppSetup(inputs=(FormInput("lang", required=True),))
    flow = mode in (Mode.CHATFLOW, Mode.WORKFLOW)
    silent = flow and (1, 13) <= version_of(version) < (1, 15)
    async with app(mode, version, setup=setup, silence=0.5) as (_, client):
        with pytest.raises(errors.DifySilent if silent else errors.DifyInputRefused):
            await told(client, mode)


@pytest.mark.parametrize("value", [5, "x" * 11])
@every_version
async def test_an_input_of_the_wrong_form_is_refused(value: object, version: str) -> None:
    setup = AppSetup(inputs=(FormInput("lang", longest=10),))
    async with app(Mode.CHAT, version, setup=setup) as (_, client):
        with pytest.raises(errors.DifyInputRefused):
            await told(client, Mode.CHAT, ChatRequest("Hello?", USER, inputs={"lang": value}))


@every_version
async def test_an_empty_question_is_refused(version: str) -> None:
    async with app(Mode.CHAT, version) as (_, client):
        with pytest.raises(errors.DifyRejected):
            await told(client, Mode.CHAT, ChatRequest("", USER))


@every_version
async def test_an_app_of_another_kind_is_told_apart(version: str) -> None:
    async with app(Mode.WORKFLOW, version) as (_, client):
        with pytest.raises(errors.DifyWrongMode):
            await told(client, Mode.CHAT)
        with pytest.raises(errors.DifyNotPublished):
            await told(client, Mode.COMPLETION)
        with pytest.raises(errors.DifyWrongMode):
            async with client.run(Mode.CHATFLOW, RunRequest({}, USER)):
                pass
    async with app(Mode.CHAT, version) as (_, client):
        with pytest.raises(errors.DifyWrongMode):
            await told(client, Mode.WORKFLOW)


@every_version
async def test_an_app_that_is_shut_says_so(version: str) -> None:
    async with app(Mode.CHATFLOW, version) as (dify, client):
        dify.published = False
        with pytest.raises(errors.DifyNotPublished):
            await told(client, Mode.CHATFLOW)
        dify.api_enabled = False
        with pytest.raises(errors.DifyAppClosed):
            await client.app()
        async with DifyClient(dify.url, "app-wrong") as stranger:
            with pytest.raises(errors.DifyKeyRejected):
                await stranger.app()


@every_version
async def test_too_many_questions_at_once_may_be_asked_again(version: str) -> None:
    slow = Answer(LONG, tokens_per_second=50.0)
    async with (
        app(Mode.CHAT, version, slow, at_once=1) as (_, client),
        client.chat(ChatRequest("Hello?", USER)) as stream,
        aclosing(stream.updates()) as updates,
    ):
        await anext(updates)
        with pytest.raises(errors.DifyBusy) as caught:
            await told(client, Mode.CHAT)
    assert caught.value.nothing_began


@every_app
async def test_what_moderation_puts_in_its_place_is_all_that_is_left(mode: Mode, version: str) -> None:
    replaced = Answer("Never say this.", replaced=Replacement("No."), replaced_after=3)
    async with app(mode, version, replaced) as (_, client):
        turn = await told(client, mode)
    assert turn.update.text.startswith("No.")
    assert turn.ending is Ending.COMPLETED


@CHATTING
@every_version
async def test_an_annotation_that_answers_ends_the_turn(mode: Mode, version: str) -> None:
    async with app(mode, version, Answer("From the notes.", annotated=True)) as (_, client):
        async with asyncio.timeout(6):
            turn = await told(client, mode)
    assert (turn.update.text, turn.ending) == ("From the notes.", Ending.COMPLETED)


@every_app
async def test_everything_beside_the_answer_is_shown_by_its_title_or_not_at_all(
    mode: Mode, version: str
) -> None:
    busy = Answer(
        "Hello there.",
        steps=("Search",),
        step_seconds=0.05,
        iterations=("Each page",),
        loops=("Again",),
        retries=("HTTP",),
        agent_logs=("ROUND 1",),
        branches=("Left",),
        spoken=True,
        extras=(Extra("invented_tomorrow", {"answer": "x", "data": {"text": "x"}}),),
    )
    async with app(mode, version, busy) as (_, client):
        turn = await told(client, mode)
    assert (turn.update.text, turn.ending) == ("Hello there.", Ending.COMPLETED)
    assert turn.steps <= {"Start", "Search", "Each page", "Again", "HTTP", "LLM", "End", "Answer"}
    if mode not in (Mode.CHAT, Mode.COMPLETION, Mode.AGENT):
        assert "Search" in turn.steps


@every_version
async def test_reasoning_that_a_flow_tells_apart_never_gets_into_the_answer(version: str) -> None:
    async with app(Mode.CHATFLOW, version, Answer("Hello there.", thought="Hm, hm.")) as (_, client):
        turn = await told(client, Mode.CHATFLOW)
    assert turn.update.text == "Hello there."
    assert turn.update.thought == ("Hm, hm." if version_of(version) >= (1, 16) else "")


@every_version
async def test_the_outputs_of_a_workflow_are_read_as_text(version: str) -> None:
    silent = Answer("", outputs={"summary": "Fine.", "score": 3, "tags": ["a", "b"]})
    async with app(Mode.WORKFLOW, version, silent) as (_, client):
        turn = await told(client, Mode.WORKFLOW)
    assert turn.update.text == '**summary**: Fine.\n**score**: 3\n**tags**: ["a","b"]'


@every_version
async def test_a_workflow_that_was_lost_is_found_again_where_its_run_goes_on(version: str) -> None:
    answer = Answer(LONG, tokens_per_second=400.0, outputs={"text": LONG, "score": 3})
    async with app(Mode.WORKFLOW, version, answer) as (_, client):
        async with (
            asking(client, Mode.WORKFLOW, ChatRequest("", USER)) as stream,
            aclosing(stream.updates()) as updates,
        ):
            async for update in updates:
                if update.text:
                    break
        run = Ids(workflow_run_id=update.ids.workflow_run_id)
        found = await client.recover(LostTurn(USER, run), 10.0)
    whole = Recovered(f"**text**: {LONG}\n**score**: 3", Ending.COMPLETED)
    assert found == (None if version == "0.15.3" else whole)


@every_version
async def test_the_sources_of_an_answer_are_told_once_each(version: str) -> None:
    passages = (Passage("leave.pdf", page=3), Passage("pay.pdf"), Passage("leave.pdf", page=9))
    async with app(Mode.CHAT, version, Answer("Hi", sources=passages)) as (_, client):
        turn = await told(client, Mode.CHAT)
    assert turn.update.sources == (Source("leave.pdf", "Handbook", "3"), Source("pay.pdf", "Handbook", ""))
