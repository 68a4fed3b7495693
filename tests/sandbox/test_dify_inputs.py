"""The stand-in for Dify takes inputs and files by its app's rules, and refuses the way its version does."""

import pytest

from sandbox.dify import AppSetup, FileRules, FormInput
from tests.sandbox.calling import (
    HELLO,
    ask,
    call,
    data_of,
    events,
    local,
    refused,
    saying,
    story,
    text,
    upload,
)

FORM = AppSetup(
    inputs=(
        FormInput("name", required=True, longest=5),
        FormInput("tone", kind="select", options=("kind", "curt"), default="kind"),
        FormInput("age", kind="number"),
        FormInput("sure", kind="checkbox"),
        FormInput("more", kind="json_object"),
        FormInput("scan", kind="file"),
        FormInput("scans", kind="file-list"),
    ),
    files=FileRules(kinds=("image", "custom"), extensions=(".md",), number_limit=2),
)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "name is required in input form"),
        ({"name": "far too long"}, "name in input form must be less than 5 characters"),
        ({"name": 5}, "(type 'text-input') name in input form must be a string"),
        (
            {"name": "Ann", "tone": "rude"},
            "tone in input form must be one of the following: ['kind', 'curt']",
        ),
        ({"name": "Ann", "age": "old"}, "age in input form must be a valid number"),
        ({"name": "Ann", "sure": "perhaps"}, "sure in input form must be a boolean value"),
        ({"name": "Ann", "more": []}, "more in input form must be a dict"),
        ({"name": "Ann", "scan": []}, "scan in input form must be a file"),
        ({"name": "Ann", "scans": {}}, "scans in input form must be a list of files"),
        ({"name": "Ann", "scan": local("nowhere")}, "Invalid upload file"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused_with_the_reason(
    inputs: dict[str, object], said: str
) -> None:
    async with saying(HELLO, setup=FORM) as dify:
        response = await ask(dify, inputs=inputs)
    assert refused(response) == (400, "invalid_param")
    assert response.json()["message"] == said
    assert dify.turns == ()


async def test_inputs_that_fit_are_used_with_the_defaults_of_the_others() -> None:
    async with saying(HELLO, "advanced-chat", setup=FORM) as dify:
        file = (await upload(dify)).json()["id"]
        inputs = {"name": "Ann", "age": "7", "sure": True, "scan": local(file), "unknown": "x"}
        response = await ask(dify, inputs=inputs)
    started = data_of(events(response)[0])["inputs"]
    assert isinstance(started, dict)
    assert (started["name"], started["age"], started["tone"]) == ("Ann", 7, "kind")
    assert "unknown" not in started
    assert dify.turns[0].inputs["sure"] is True


@pytest.mark.parametrize(
    ("version", "status", "told"),
    [
        ("0.15.3", 400, []),
        ("1.12.1", 400, []),
        ("1.13.0", 200, []),
        ("1.14.2", 200, []),
        ("1.16.0", 200, ["error"]),
        ("1.17.1", 200, ["workflow_started", "workflow_finished"]),
    ],
)
async def test_a_flow_that_cannot_begin_says_so_in_the_way_of_the_version(
    version: str, status: int, told: list[str]
) -> None:
    async with saying(HELLO, "advanced-chat", version, setup=FORM, idle_timeout=0.1) as dify:
        for response in (await ask(dify), await ask(dify, query="", inputs={"name": "Ann"})):
            assert (response.status_code, story(response)) == (status, told)
            if status == 200:
                assert response.content.startswith(b"event: ping\n\n")
            if told == ["error"]:
                assert events(response)[0].keys() == {"event", "message", "status"}
            if len(told) == 2:
                assert data_of(events(response)[1])["status"] == "failed"
    assert dify.turns == ()


@pytest.mark.parametrize(("version", "status"), [("0.15.3", 200), ("1.14.2", 400)])
async def test_inputs_are_asked_for_on_every_turn_but_in_old_versions(version: str, status: int) -> None:
    async with saying(HELLO, version=version, setup=FORM) as dify:
        first = await ask(dify, inputs={"name": "Ann"})
        conversation = str(events(first)[0]["conversation_id"])
        second = await ask(dify, conversation_id=conversation)
    assert second.status_code == status
    if status == 200:
        assert dify.turns[1].inputs["name"] == "Ann"


@pytest.mark.parametrize(
    ("name", "kinds", "said"),
    [
        ("t.png", ["image"], ""),
        ("t.md", ["custom"], ""),
        ("t.exe", ["custom"], "File validation failed for file: t.exe"),
        ("t.md", ["document"], "File validation failed for file: t.md"),
        ("t.png", ["image"] * 3, "Number of image files exceeds the maximum limit 2"),
        ("t.md", ["custom"] * 3, "Number of files exceeds the maximum limit 2"),
    ],
)
async def test_files_are_taken_by_the_rules_of_the_app(name: str, kinds: list[str], said: str) -> None:
    async with saying(HELLO, setup=FORM) as dify:
        file = (await upload(dify, name)).json()["id"]
        response = await ask(dify, inputs={"name": "Ann"}, files=[local(file, kind) for kind in kinds])
    if said:
        assert (response.status_code, response.json()["message"]) == (400, said)
    else:
        assert text(response) == HELLO.text
        assert [one.name for one in dify.turns[0].files] == [name]
    assert [one.upload_id for one in dify.requests[0].files] == [file] * len(kinds)


async def test_an_app_that_takes_no_files_drops_them_without_a_word() -> None:
    async with saying(HELLO) as dify:
        file = (await upload(dify)).json()["id"]
        assert text(await ask(dify, files=[local(file)])) == HELLO.text
    assert dify.turns[0].files == []
    assert len(dify.requests[0].files) == 1


@pytest.mark.parametrize(("version", "status"), [("0.15.3", 200), ("1.13.0", 200), ("1.14.2", 400)])
async def test_a_file_of_somebody_else_is_refused_since_1_14(version: str, status: int) -> None:
    async with saying(HELLO, version=version, setup=AppSetup(files=FileRules())) as dify:
        file = (await upload(dify)).json()["id"]
        response = await ask(dify, user="u2", files=[local(file)])
    assert response.status_code == status


async def test_an_app_tells_of_its_form_and_its_rules() -> None:
    async with saying(HELLO, setup=FORM) as dify:
        told = (await call(dify, "GET", "parameters")).json()
    assert told["user_input_form"][0]["text-input"]["max_length"] == 5
    assert told["user_input_form"][1]["select"]["options"] == ["kind", "curt"]
    assert told["file_upload"]["allowed_file_types"] == ["image", "custom"]
    assert told["file_upload"]["number_limits"] == 2
    assert told["system_parameters"]["image_file_size_limit"] == 10
