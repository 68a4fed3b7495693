"""What the stand-in for Dify answers has the shape of what real servers answered."""

import httpx
import pytest

from sandbox.dify import AppSetup, Dify, FileRules, FormInput
from tests.sandbox.calling import COMPLETION, HELLO, WORKFLOW, ask, call, events, local, saying, upload
from tests.sandbox.recorded import recording, shape

VERSIONS = ("0.15.3", "1.14.2")
SETUP = AppSetup(description="test", files=FileRules(), suggested_questions_after_answer=True)
QUERY = FormInput("query", required=True)
MISSING = "00000000-0000-4000-8000-000000000000"


async def answer(dify: Dify, name: str) -> httpx.Response:
    """The call of a recording, made of the stand-in."""
    return await (uploaded(dify, name) if name.startswith("upload-") else asked(dify, name))


async def uploaded(dify: Dify, name: str) -> httpx.Response:
    match name:
        case "upload-png":
            return await upload(dify)
        case "upload-exe":
            return await upload(dify, "t.exe", b"MZ", "application/octet-stream")
        case "upload-too-big-16MB":
            return await upload(dify, "big.txt", b"x" * (16 * 1024 * 1024), "text/plain")
        case "upload-no-file":
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
                form = {"user": (None, "u1")}
                return await client.post(f"{dify.url}/files/upload", files=form)
    raise AssertionError(name)


async def asked(dify: Dify, name: str) -> httpx.Response:
    match name:
        case "info" | "parameters" | "meta" | "site":
            return await call(dify, "GET", name)
        case "file-six-files":
            return await ask(dify, files=[local((await upload(dify)).json()["id"])] * 6)
        case "file-unknown-id":
            return await ask(dify, files=[local(MISSING)])
        case "bad-json":
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
                return await client.post(f"{dify.url}/chat-messages", content=b'{"query": ')
        case "missing-user":
            return await ask(dify, user=None)
        case "empty-query":
            return await ask(dify, query="")
        case "wrong-endpoint-completion":
            return await ask(dify, COMPLETION)
        case _:
            return await about_an_answer(dify, name)


async def about_an_answer(dify: Dify, name: str) -> httpx.Response:
    """A call that is about an answer given before."""
    first = events(await ask(dify))[0]
    message, conversation = first["message_id"], str(first["conversation_id"])
    match name:
        case "feedback-like":
            body = {"rating": "like", "user": "u1", "content": "good"}
            return await call(dify, "POST", f"messages/{message}/feedbacks", body)
        case "feedback-wrong-user":
            return await call(dify, "POST", f"messages/{message}/feedbacks", {"rating": "like", "user": "z"})
        case "suggest-suggested":
            return await call(dify, "GET", f"messages/{message}/suggested", user="u1")
        case "rename":
            body = {"name": "Renamed", "user": "u1"}
            return await call(dify, "POST", f"conversations/{conversation}/name", body)
        case "conversations":
            return await call(dify, "GET", "conversations", user="u1", limit="3")
        case "messages-wrong-user":
            return await call(dify, "GET", "messages", user="other", conversation_id=conversation)
        case "delete-conversation":
            return await call(dify, "DELETE", f"conversations/{conversation}", {"user": "u1"})
    raise AssertionError(name)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name",
    [
        *("upload-png", "upload-exe", "upload-no-file", "upload-too-big-16MB", "info", "parameters", "meta"),
        *("site", "feedback-like", "feedback-wrong-user", "suggest-suggested", "rename", "conversations"),
        *("messages-wrong-user", "delete-conversation", "file-six-files", "file-unknown-id", "bad-json"),
        *("missing-user", "empty-query", "wrong-endpoint-completion"),
    ],
)
async def test_a_call_is_answered_as_a_real_server_answered_it(name: str, version: str) -> None:
    real = recording(f"{version}-chat-{name}")
    async with saying(HELLO, version=version, setup=SETUP) as dify:
        response = await answer(dify, name)
    assert response.status_code == real.status
    assert response.headers["X-Version"] == version
    if not real.body.startswith(b"{"):
        assert response.content.strip() == real.body.strip()
        return
    assert shape(response.json()) == real.shape
    if real.status >= 400:
        ours, theirs = response.json(), real.json
        assert ours["code"] == theirs["code"]
        assert ours["message"].partition(" You have")[0] == str(theirs["message"]).partition(" You have")[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("mode", "path", "name"), [("completion", COMPLETION, "first-turn"), ("workflow", WORKFLOW, "run")]
)
async def test_one_question_with_one_result_is_told_as_a_real_server_told_it(
    mode: str, path: str, name: str, version: str
) -> None:
    real = recording(f"{version}-{mode}-{name}")
    setup = AppSetup(inputs=(QUERY,))
    async with saying(HELLO, mode, version, setup=setup) as dify:
        response = await ask(dify, path, inputs={"query": "Hello"}, query="")
    assert response.content.startswith(b"event: ping") == real.body.startswith(b"event: ping")
    ours = {str(one["event"]): one for one in events(response)}
    theirs = {str(one["event"]): one for one in real.events()}
    assert list(ours) == list(theirs)
    assert {name: one.keys() for name, one in ours.items()} == {
        name: one.keys() for name, one in theirs.items()
    }
    last = "workflow_finished" if mode == "workflow" else "message_end"
    if mode == "workflow":
        finished, real_finished = ours[last]["data"], theirs[last]["data"]
        assert isinstance(finished, dict)
        assert isinstance(real_finished, dict)
        assert finished.keys() == real_finished.keys()
        assert finished["outputs"] == {"text": HELLO.text}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("mode", "path", "name"),
    [
        ("completion", COMPLETION, "completion-blocking"),
        ("workflow", WORKFLOW, "workflow-run-blocking"),
        ("chat", "chat-messages", "chat-blocking"),
        ("agent-chat", "chat-messages", "agent-chat-blocking"),
        ("completion", "chat-messages", "completion-wrong-endpoint-chat"),
        ("workflow", "chat-messages", "workflow-wrong-endpoint-chat"),
    ],
)
async def test_an_answer_at_once_and_a_wrong_way_to_ask_are_as_with_a_real_server(
    mode: str, path: str, name: str, version: str
) -> None:
    real = recording(f"{version}-{name}")
    wants = "streaming" if "wrong" in name else "blocking"
    async with saying(HELLO, mode, version) as dify:
        response = await ask(dify, path, response_mode=wants)
    assert response.status_code == real.status
    assert response.json().keys() == real.json.keys()
    assert (response.json().get("code"), response.json().get("message")) == (
        real.json.get("code"),
        real.json.get("message"),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["completion-missing-input", "chatflow-multi-missing-required-input"])
async def test_an_input_that_is_missing_is_told_as_a_real_server_told_it(name: str, version: str) -> None:
    real = recording(f"{version}-{name}")
    flow = "chatflow" in name
    setup = AppSetup(inputs=(FormInput("lang", required=True) if flow else QUERY,))
    mode = "advanced-chat" if flow else "completion"
    async with saying(HELLO, mode, version, setup=setup, idle_timeout=0.1) as dify:
        response = await ask(dify, "chat-messages" if flow else COMPLETION)
    assert response.status_code == real.status
    assert response.content.split() == real.body.split() or response.json() == real.json


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_message_tells_of_its_files_as_a_real_server_did(version: str) -> None:
    real = recording(f"{version}-chat-file-image-messages")
    async with saying(HELLO, version=version, setup=SETUP) as dify:
        file = local((await upload(dify)).json()["id"])
        conversation = str(events(await ask(dify, files=[file]))[0]["conversation_id"])
        page = await call(dify, "GET", "messages", user="u1", conversation_id=conversation)
    assert shape(page.json()) == real.shape


async def test_the_files_of_the_asker_come_again_at_the_end_as_a_real_server_told_them() -> None:
    real = [one for one in recording("1.14.2-chat-file-image-local").events() if "metadata" in one]
    async with saying(HELLO, setup=SETUP) as dify:
        told = events(await ask(dify, files=[local((await upload(dify)).json()["id"])]))[-1]
    assert shape(told["files"]) == shape(real[-1]["files"])
