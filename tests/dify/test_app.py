"""What an app says of itself, read from answers of real servers and from odd ones."""

import asyncio
import json
from pathlib import Path

import pytest

from bridge import errors
from bridge.dify import AppInput, DifyClient, FileRules, InputKind, Mode
from bridge.dify.app import app_in
from sandbox.dify import Dify

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "recordings"
DEFAULTS = FileRules(
    enabled=False,
    kinds=frozenset(),
    extensions=frozenset(),
    number_limit=3,
    image_mb=10,
    video_mb=100,
    audio_mb=50,
    other_mb=15,
    uploads=False,
)
ALL_KINDS = frozenset({"image", "document", "audio", "video", "custom"})


@pytest.mark.parametrize("version", ["0.15.3", "1.14.2"])
def test_the_rules_for_files_of_real_servers_are_understood(version: str) -> None:
    path = RECORDINGS / f"{version}-chat-parameters.sse"
    if not path.exists():
        pytest.skip(f"NO RECORDING: {path.stem} is not beside this checkout")
    app = app_in({}, json.loads(path.read_bytes()), version)
    extensions = frozenset({"md", "txt", "bin", "zip"})
    assert app.files == FileRules(
        enabled=True,
        kinds=ALL_KINDS,
        extensions=extensions,
        number_limit=5,
        image_mb=10,
        video_mb=100,
        audio_mb=50,
        other_mb=15,
        uploads=True,
    )
    assert (app.suggests, app.hears, app.speaks, app.inputs) == (False, False, False, ())


def test_an_old_server_that_knows_only_images_is_understood() -> None:
    image = {"enabled": True, "number_limits": 2, "transfer_methods": ["remote_url", "local_file"]}
    rules = app_in({}, {"file_upload": {"image": image}}, "").files
    assert (rules.enabled, rules.kinds, rules.number_limit) == (True, frozenset({"image"}), 2)
    assert rules.uploads


def test_the_inputs_are_told_with_all_that_is_known_of_them() -> None:
    form: list[object] = [
        {"text-input": {"variable": "lang", "label": "Language", "required": True, "max_length": 48}},
        {"paragraph": {"variable": "why", "default": "because"}},
        {"select": {"variable": "tone", "label": "Tone", "options": ["kind", "", "curt"], "default": "kind"}},
        {"number": {"variable": "age", "label": "Age", "default": 7}},
        {"checkbox": {"variable": "sure", "label": "Sure?", "default": True}},
        {"file": {"variable": "cv", "label": "CV"}},
        {"file-list": {"variable": "papers", "label": "Papers"}},
        {"json_object": {"variable": "data", "label": "Data", "default": {"a": 1}}},
        {"hologram": {"variable": "new", "label": "Something new"}},
        {"text-input": {"variable": "secret", "label": "Secret", "hide": True}},
        {"external_data_tool": {"variable": "weather", "label": "Weather"}},
        {"text-input": {"label": "without a variable"}},
        {"text-input": None},
        "x",
    ]
    assert app_in({}, {"user_input_form": form}, "").inputs == (
        AppInput("lang", "Language", InputKind.TEXT, True, "", (), 48),
        AppInput("why", "why", InputKind.PARAGRAPH, False, "because", (), 0),
        AppInput("tone", "Tone", InputKind.SELECT, False, "kind", ("kind", "curt"), 0),
        AppInput("age", "Age", InputKind.NUMBER, False, "7", (), 0),
        AppInput("sure", "Sure?", InputKind.CHECKBOX, False, "true", (), 0),
        AppInput("cv", "CV", InputKind.FILE, False, "", (), 0),
        AppInput("papers", "Papers", InputKind.FILES, False, "", (), 0),
        AppInput("data", "Data", InputKind.JSON, False, '{"a":1}', (), 0),
        AppInput("new", "Something new", InputKind.TEXT, False, "", (), 0),
    )


@pytest.mark.parametrize(
    ("mode", "known", "conversing"),
    [
        ("chat", Mode.CHAT, True),
        ("agent-chat", Mode.AGENT_CHAT, True),
        ("advanced-chat", Mode.CHATFLOW, True),
        ("agent", Mode.AGENT, True),
        ("completion", Mode.COMPLETION, False),
        ("workflow", Mode.WORKFLOW, False),
        (None, Mode.UNKNOWN, True),
        ("rag-pipeline", Mode.UNKNOWN, True),
    ],
)
def test_every_mode_says_whether_it_holds_conversations(
    mode: str | None, known: Mode, conversing: bool
) -> None:
    app = app_in({"mode": mode}, {}, "")
    assert (app.mode, app.mode.conversing) == (known, conversing)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"file_upload": None, "user_input_form": {}, "opening_statement": 5, "suggested_questions": "x"},
        {"file_upload": {"number_limits": -1}, "system_parameters": {"file_size_limit": "15"}},
    ],
)
def test_what_is_not_told_is_not_there(parameters: dict[str, object]) -> None:
    app = app_in({}, parameters, "")
    assert app.files == DEFAULTS
    assert (app.name, app.opening, app.opening_questions, app.inputs) == ("", "", (), ())


async def test_everybody_who_wants_to_know_the_app_at_once_shares_one_question() -> None:
    async with Dify() as dify, DifyClient(dify.url, dify.key) as client:
        apps = await asyncio.gather(*(client.app() for _ in range(10)))
        assert len({id(app) for app in apps}) == 1
        assert [call.path for call in dify.calls] == ["/v1/info", "/v1/parameters"]


async def test_the_app_is_asked_about_again_only_when_it_must_be_fresh() -> None:
    async with Dify() as dify, DifyClient(dify.url, dify.key) as client:
        await client.app()
        await client.app()
        assert len(dify.calls) == 2
        await client.app(fresh=True)
        assert len(dify.calls) == 4


async def test_whoever_leaves_early_takes_the_answer_from_nobody() -> None:
    async with Dify() as dify, DifyClient(dify.url, dify.key) as client:
        first = asyncio.create_task(client.app())
        second = asyncio.create_task(client.app())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).mode is Mode.CHATFLOW
        assert len(dify.calls) == 2


async def test_an_app_that_is_not_published_is_not_known() -> None:
    async with Dify() as dify, DifyClient(dify.url, dify.key) as client:
        dify.published = False
        with pytest.raises(errors.DifyNotPublished):
            await client.app()
        dify.published = True
        assert (await client.app()).name == "Sandbox assistant"
