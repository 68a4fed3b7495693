"""The stand-in for Dify lets flows wait for people, and go on when they have decided."""

import asyncio

import httpx
import pytest

from sandbox.dify import Answer, Dify, Form, FormField
from tests.sandbox.calling import ask, call, data_of, events, only, refused, saying, story, text

FORM = Form(
    content="Send it? {{#$output.comment#}}",
    fields=(FormField("comment", default="none"), FormField("where", "select", options=("home", "away"))),
)
ANSWER = Answer("Before. Afterwards!", pause_after=2, form=FORM)
FILLED: dict[str, object] = {
    "inputs": {"comment": "fine", "where": "home"},
    "action": "approve",
    "user": "boss",
}


def token(response: httpx.Response) -> str:
    return str(data_of(only(response, "human_input_required")[0])["form_token"])


def run_of(response: httpx.Response) -> str:
    return str(events(response)[0]["workflow_run_id"])


async def listened_to(dify: Dify, run: str) -> None:
    async with asyncio.timeout(5):
        while not dify.listened_to(run):
            await asyncio.sleep(0.005)


async def test_a_flow_that_waits_tells_what_it_asks() -> None:
    async with saying(ANSWER, "advanced-chat") as dify:
        response = await ask(dify)
        told = await call(dify, "GET", f"form/human_input/{token(response)}")
    required = data_of(only(response, "human_input_required")[0])
    assert story(response)[-2:] == ["human_input_required", "workflow_paused"]
    assert text(response) == "Before. "
    assert told.json().keys() == {
        *("form_content", "inputs", "resolved_default_values", "user_actions", "expiration_time"),
    }
    assert told.json()["form_content"] == required["form_content"] == FORM.content
    assert told.json()["user_actions"] == required["actions"]
    assert told.json()["resolved_default_values"]["comment"] == "none"
    assert dify.turns[0].status == "paused"


@pytest.mark.parametrize("mode", ["advanced-chat", "workflow"])
async def test_a_run_goes_on_after_the_decision_for_whoever_listens(mode: str) -> None:
    async with saying(ANSWER, mode) as dify:
        response = await ask(dify, "workflows/run" if mode == "workflow" else "chat-messages")
        run = run_of(response)
        following = asyncio.create_task(call(dify, "GET", f"workflow/{run}/events", user="u1"))
        await listened_to(dify, run)
        decided = await call(dify, "POST", f"form/human_input/{token(response)}", FILLED)
        rest = await following
    assert (decided.status_code, decided.json()) == (200, {})
    assert story(rest)[:2] == ["workflow_started", "human_input_form_filled"]
    assert story(rest)[-1] == "workflow_finished"
    assert data_of(events(rest)[0])["reason"] == "resumption"
    assert data_of(only(rest, "human_input_form_filled")[0])["action_text"] == "Approve"
    outputs = data_of(only(rest, "workflow_finished")[0])["outputs"]
    assert "Before. Afterwards!" in dict(outputs).values()  # type: ignore[call-overload] # an object
    (decision,) = dify.decisions
    assert (decision.action, decision.user, dict(decision.filled)["comment"]) == ("approve", "boss", "fine")
    if mode == "advanced-chat":
        assert text(rest) == "Afterwards!"
        assert (dify.turns[0].answer, dify.turns[0].status) == ("Before. Afterwards!", "normal")


async def test_who_comes_late_is_told_what_was_said_and_then_the_rest() -> None:
    slow = Answer("Before. Afterwards!", pause_after=2, form=Form(resumes_after=0.3))
    async with saying(slow, "advanced-chat") as dify:
        response = await ask(dify)
        body = {**FILLED, "inputs": {}}
        await call(dify, "POST", f"form/human_input/{token(response)}", body)
        path = f"workflow/{run_of(response)}/events"
        rest = await call(dify, "GET", path, user="u1", include_state_snapshot="true")
    assert only(rest, "message_replace")[0]["answer"] == "Before. "
    assert text(rest) == "Before. Afterwards!"


async def test_a_decision_leads_on_to_what_it_is_told_to_and_may_ask_again() -> None:
    def then(decision: object) -> Answer:
        return Answer("More? Done.", pause_after=1, form=Form(title="Again"))

    script = Answer("One. ", pause_after=2, form=Form(then=then))
    async with saying(script, "advanced-chat") as dify:
        response = await ask(dify)
        run = run_of(response)
        for _ in range(2):
            following = asyncio.create_task(call(dify, "GET", f"workflow/{run}/events", user="u1"))
            await listened_to(dify, run)
            await call(dify, "POST", f"form/human_input/{token(response)}", {**FILLED, "inputs": {}})
            response = await following
    assert story(response)[-1] == "workflow_finished"
    assert dify.runs[run].answer == "One. More? Done."


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"action": "dance"}, 400, "invalid_form_data"),
        ({"inputs": {}}, 400, "invalid_form_data"),
        ({"inputs": {"comment": "x", "where": "nowhere"}}, 400, "invalid_form_data"),
        ({"user": ""}, 400, "invalid_param"),
    ],
)
async def test_a_decision_that_does_not_fit_is_refused_and_the_run_waits_on(
    changes: dict[str, object], status: int, code: str
) -> None:
    async with saying(ANSWER, "advanced-chat") as dify:
        response = await ask(dify)
        path = f"form/human_input/{token(response)}"
        assert refused(await call(dify, "POST", path, {**FILLED, **changes})) == (status, code)
        assert (await call(dify, "POST", path, FILLED)).status_code == 200
        again = await call(dify, "POST", path, FILLED)
        look = await call(dify, "GET", path)
    assert refused(again) == refused(look) == (412, "human_input_form_submitted")
    assert len(dify.decisions) == 1


async def test_a_form_that_nobody_answers_runs_out() -> None:
    brief = Answer("Before. Afterwards!", pause_after=2, form=Form(seconds=1.5))
    async with saying(brief, "advanced-chat") as dify:
        response = await ask(dify)
        run = run_of(response)
        following = asyncio.create_task(call(dify, "GET", f"workflow/{run}/events", user="u1"))
        rest = await following
        late = await call(dify, "POST", f"form/human_input/{token(response)}", {**FILLED, "inputs": {}})
    assert story(rest)[:2] == ["workflow_started", "human_input_form_timeout"]
    assert refused(late) == (412, "human_input_form_expired")
    assert dify.decisions == []


async def test_all_forms_can_be_made_to_run_out() -> None:
    async with saying(ANSWER, "advanced-chat") as dify:
        response = await ask(dify)
        dify.expire_forms()
        late = await call(dify, "GET", f"form/human_input/{token(response)}")
    assert refused(late) == (412, "human_input_form_expired")


async def test_a_form_for_elsewhere_cannot_be_answered_here() -> None:
    script = Answer("Before. ", pause_after=1, form=Form(answerable=False))
    async with saying(script, "advanced-chat") as dify:
        response = await ask(dify)
        unknown = await call(dify, "GET", "form/human_input/tok_x")
    assert data_of(only(response, "human_input_required")[0])["form_token"] is None
    assert refused(unknown) == (404, "not_found")


async def test_one_version_stops_a_run_that_should_go_on() -> None:
    async with saying(ANSWER, "advanced-chat", "1.16.0") as dify:
        response = await ask(dify)
        run = run_of(response)
        following = asyncio.create_task(call(dify, "GET", f"workflow/{run}/events", user="u1"))
        await listened_to(dify, run)
        await call(dify, "POST", f"form/human_input/{token(response)}", FILLED)
        rest = await following
    assert data_of(only(rest, "workflow_finished")[0])["status"] == "stopped"


async def test_flows_of_old_versions_do_not_wait_for_anybody() -> None:
    async with saying(ANSWER, "advanced-chat", "1.12.1") as dify:
        assert text(await ask(dify)) == ANSWER.text


async def test_a_pause_is_told_at_once_where_the_answer_is_wanted_at_once() -> None:
    async with saying(ANSWER, "advanced-chat") as dify:
        response = await ask(dify, response_mode="blocking")
    assert response.json()["event"] == "workflow_paused"
