"""What is known of an attached file before it is moved."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.attached import MEGABYTE, MOST_BYTES, NAME_CHARACTERS, kind_of, limit_of, shown_name, why_refused
from bridge.dify import AppInfo, AppInput, FileRules, InputKind, Mode
from bridge.types import Attachment

KINDS = frozenset({"image", "document", "audio", "video", "custom"})
RULES = FileRules(
    enabled=True,
    kinds=KINDS,
    extensions=frozenset({"zip", "png"}),
    number_limit=3,
    image_mb=10,
    video_mb=100,
    audio_mb=40,
    other_mb=15,
    uploads=True,
)
APP = AppInfo("App", Mode.CHATFLOW, "1.16.0", "", (), False, False, False, (), RULES)
NOTES = Attachment("notes.txt", "text/plain", 5)


def with_rules(**changes: object) -> AppInfo:
    return replace(APP, files=replace(RULES, **changes))  # type: ignore[arg-type]  # as the test says


def with_places(*kinds: InputKind, longest: int = 0) -> AppInfo:
    fields = tuple(AppInput(kind.value, "", kind, False, "", (), longest) for kind in kinds)
    return replace(with_rules(enabled=False), inputs=fields)


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("a.PNG", "", "image"),
        ("a.mp3", "application/octet-stream", "audio"),
        ("a.webm", "audio/webm", "video"),
        ("a.docx", "", "document"),
        ("a.zip", "application/zip", "custom"),
        ("a.tar", "application/x-tar", "document"),
        ("photo", "image/heic", "image"),
        ("a.heic", "image/heic", "image"),
        ("clip", "video/x-flv", "video"),
        ("", "", "document"),
    ],
)
def test_a_file_is_what_its_ending_says(name: str, media_type: str, kind: str) -> None:
    assert kind_of(Attachment(name, media_type, 1), RULES) == kind


def test_an_ending_that_only_the_app_s_own_list_has_is_custom() -> None:
    picture = Attachment("a.png", "image/png", 1)
    assert kind_of(picture, RULES) == "image"
    assert kind_of(picture, replace(RULES, kinds=frozenset({"custom"}))) == "custom"
    assert kind_of(picture, replace(RULES, kinds=frozenset({"document"}))) == "image"


def test_what_may_go_has_no_reason_against_it() -> None:
    assert why_refused(NOTES, "document", APP, 2) == ""


@pytest.mark.parametrize(
    ("app", "already", "size", "reason"),
    [
        (with_rules(enabled=False), 0, 5, "The AI app behind this bot takes no files."),
        (with_rules(uploads=False), 0, 5, "The AI app behind this bot takes no files."),
        (with_rules(kinds=frozenset({"image"})), 0, 5, "The AI app does not take this kind of file."),
        (APP, 3, 5, "The AI app takes 3 files at once."),
        (with_rules(number_limit=1), 1, 5, "The AI app takes 1 file at once."),
        (APP, 0, 0, "It is empty."),
        (APP, 0, 15 * MEGABYTE + 1, "It is larger than 15 MB."),
        (with_places(InputKind.FILE), 1, 5, "The AI app takes 1 file at once."),
        (with_places(InputKind.FILE, InputKind.FILES, longest=2), 3, 5, "The AI app takes 3 files at once."),
        (with_places(InputKind.FILE), 0, 0, "It is empty."),
    ],
)
def test_what_may_not_go_has_a_reason(app: AppInfo, already: int, size: int, reason: str) -> None:
    assert why_refused(replace(NOTES, size=size), "document", app, already) == reason


def test_a_file_whose_size_nobody_has_said_may_go() -> None:
    assert why_refused(replace(NOTES, size=None), "document", APP, 0) == ""


def test_a_place_in_the_form_takes_what_else_is_not_taken() -> None:
    assert why_refused(NOTES, "document", with_places(InputKind.FILE), 0) == ""
    both = replace(with_places(InputKind.FILE), files=replace(RULES, kinds=frozenset({"image"})))
    assert why_refused(NOTES, "document", both, 0) == ""
    assert why_refused(NOTES, "document", both, 1) == "The AI app does not take this kind of file."


@pytest.mark.parametrize(
    ("name", "limit"),
    [("a.png", 10 * MEGABYTE), ("a.mp4", MOST_BYTES), ("a.mp3", 40 * MEGABYTE), ("a.zip", 15 * MEGABYTE)],
)
def test_how_large_a_file_may_be_goes_by_its_ending(name: str, limit: int) -> None:
    assert limit_of(Attachment(name, "", 1), RULES) == limit


@given(st.text(max_size=300))
def test_a_name_is_shown_short_in_one_line_and_without_a_path(name: str) -> None:
    shown = shown_name(Attachment(name, "", 1))
    assert 0 < len(shown) <= NAME_CHARACTERS
    assert not set(shown) & set("\\\n\r\t")
    assert "/" not in shown


@given(st.text(max_size=50), st.text(max_size=30), st.sets(st.sampled_from(sorted(KINDS))))
def test_every_file_is_of_some_kind(name: str, media_type: str, kinds: set[str]) -> None:
    assert kind_of(Attachment(name, media_type, 1), replace(RULES, kinds=frozenset(kinds))) in KINDS
