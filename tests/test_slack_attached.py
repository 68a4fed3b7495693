"""What Slack says about attached files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.attached import MAX_FILES, file_name, read_file, read_files, source_of
from bridge.types import Attachment

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "slack-samples" / "events"


def test_a_file_is_read_with_where_it_is() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("NO SAMPLES: shared/reference/slack-samples is not beside this checkout")
    event = json.loads((SAMPLES / "app_mention.with_file.json").read_text(encoding="utf-8"))["event"]
    source = "https://files.slack.example/files-pri/T00FAKE00BB-F0XY789ZKLM/download/image.png"
    (file,) = read_files(event["files"], "T1")
    assert replace(file, source="") == Attachment("image.png", "image/png", 214244)
    assert source_of(file) == ("T1", source)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("video/webm", "audio/webm"),
        ("video/mp4", "audio/mp4"),
        ("audio/x-m4a", "audio/mp4"),
        ("audio/webm;codecs=opus", "audio/webm"),
        ("audio/mpeg", "audio/mpeg"),
    ],
)
def test_a_recording_is_a_voice_whatever_slack_calls_its_container(told: str, read: str) -> None:
    file = read_file(
        {"name": "audio_message.webm", "mimetype": told, "subtype": "slack_audio", "size": 9}, "T1"
    )
    assert (file.voice, file.media_type) == (True, read)


def test_a_video_is_none() -> None:
    file = read_file({"name": "a.webm", "mimetype": "video/webm", "subtype": "slack_video"}, "T1")
    assert (file.voice, file.media_type) == (False, "video/webm")


def test_of_a_file_from_another_organisation_only_the_id_is_known() -> None:
    file = read_file({"id": "F1", "file_access": "check_file_info"}, "T1")
    assert replace(file, source="") == Attachment("file", "", None)
    assert source_of(file) == ("T1", "file:F1")


def test_of_a_file_that_was_kept_before_the_workspace_is_not_known() -> None:
    assert source_of(Attachment("a", "", 1, "https://files.slack.com/a")) == ("", "https://files.slack.com/a")


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\a.txt", "a.txt"),
        ("a\x00b\u202ecod.exe", "abcod.exe"),
        ("..", "file"),
        ("", "file"),
        ("Ünï 汉.pdf", "Ünï 汉.pdf"),
        ("n" * 400 + ".pdf", "n" * 146 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(told: str, read: str) -> None:
    assert file_name(told) == read


@pytest.mark.parametrize("files", [None, "F1", [1, None], {"id": "F1"}])
def test_what_are_no_files_is_nothing(files: object) -> None:
    assert read_files(files, "T1") == ()


def test_a_broken_file_and_far_too_many_are_read_all_the_same() -> None:
    assert read_files([{"name": 5, "size": -3, "mimetype": []}], "T1") == (Attachment("file", "", None),)
    assert len(read_files([{}] * 500, "T1")) == MAX_FILES
