"""Which messages are commands, and which are questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands import HELP, MOST_CHARACTERS, Command, Word, command_of, help_text


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("!new", Command(Word.NEW)),
        ("  !NEW  ", Command(Word.NEW)),
        ("!rename Holiday plans", Command(Word.RENAME, "Holiday plans")),
        ("!rename\nHoliday\nplans ", Command(Word.RENAME, "Holiday\nplans")),
        ("!set mood  very good", Command(Word.SET, "mood  very good")),
        ("!generate", Command(Word.GENERATE)),
        ("stop", Command(Word.STOP)),
        ("Stop!", Command(Word.STOP)),
        ("please stop.", Command(Word.STOP)),
        ("STOP PLEASE", Command(Word.STOP)),
        ("!stop", Command(Word.STOP)),
        ("stopp", Command(Word.STOP)),
        ("Bitte stopp!", Command(Word.STOP)),
        ("Halt!", Command(Word.STOP)),
        ("停止", Command(Word.STOP)),
        ("停。", Command(Word.STOP)),
        ("やめて！", Command(Word.STOP)),
        (" ストップ ", Command(Word.STOP)),
    ],
)
def test_a_command_is_told_with_what_stands_behind_it(text: str, command: Command) -> None:
    assert command_of(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new",
        "! new",
        "!newer",
        "!new!",
        "!unknown",
        "Say !new",
        "stop it",
        "Where is the bus stop?",
        "don't stop",
        "stopped",
        "haltbar",
        "Halt mal die Klappe?",
        "停止运行服务",
        "停车",
        "やめてもいい",
        "ストップウォッチ",
        "!set " + "x" * MOST_CHARACTERS,
    ],
)
def test_anything_else_is_meant_for_the_app(text: str) -> None:
    assert command_of(text) is None


@given(st.sampled_from(Word), st.text(max_size=200))
def test_whatever_stands_behind_a_command_is_kept(word: Word, rest: str) -> None:
    assert command_of(f"!{word} {rest}") == Command(word, rest.strip())


@given(st.text())
def test_a_text_without_a_mark_is_no_command_but_to_stop(text: str) -> None:
    command = command_of(text)
    assert command is None or text.strip().startswith("!") or command == Command(Word.STOP)


def test_every_command_is_explained() -> None:
    assert set(HELP) == set(Word)
    assert len(help_text().splitlines()) == len(Word)
