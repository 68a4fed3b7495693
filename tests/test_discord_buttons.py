"""Buttons as Discord shows them, and sources as one small line."""

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.discord.buttons import CUSTOM_ID_LIMIT, custom_id, meaning, rows
from adapters.discord.render import CONTENT_LIMIT, fits, render
from adapters.discord.sources import LINE_LIMIT
from bridge.markdown import utf16_length
from bridge.types import Action, Body, Button, Style

Json = Mapping[str, Any]


def shown(*buttons: Button) -> list[Json]:
    return [button for row in rows(buttons) for button in dict(row)["components"]]  # type: ignore[attr-defined]


def numbered(count: int) -> tuple[Button, ...]:
    return tuple(Button(f"No. {number}", Action.ASK, str(number)) for number in range(count))


def test_a_button_says_what_it_does_and_to_what() -> None:
    assert rows((Button("Stop", Action.STOP, "7", Style.DANGER), Button("Hear", Action.SPEAK, "a:b"))) == [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 4, "label": "Stop", "custom_id": "bridge:stop:7"},
                {"type": 2, "style": 2, "label": "Hear", "custom_id": "bridge:speak:a:b"},
            ],
        }
    ]
    assert meaning("bridge:speak:a:b") == (Action.SPEAK, "a:b")


def test_no_button_is_no_row() -> None:
    assert rows(()) == []


def test_five_stand_in_a_row_and_five_rows_below_a_message() -> None:
    lengths = [len(row["components"]) for row in rows(numbered(12))]  # type: ignore[arg-type]
    assert lengths == [5, 5, 2]
    many = shown(*numbered(40))
    assert [button["label"] for button in many] == [f"No. {number}" for number in range(25)]


def test_of_two_buttons_that_mean_the_same_the_first_is_shown() -> None:
    two = shown(
        Button("First", Action.ASK, "1"), Button("Other", Action.ASK, "2"), Button("Again", Action.ASK, "1")
    )
    assert [button["label"] for button in two] == ["First", "Other"]


@pytest.mark.parametrize("action", Action)
def test_every_action_comes_back_from_its_custom_id(action: Action) -> None:
    name = custom_id(action, "v" * 60)
    assert len(name) <= 100
    assert meaning(name) == (action, "v" * 60)


@pytest.mark.parametrize("name", ["", "bridge", "bridge:", "bridge:sing:1", "other:stop:1", "page:abc:0"])
def test_what_is_not_ours_means_nothing(name: str) -> None:
    assert meaning(name) is None


def test_a_long_label_is_cut_after_a_whole_sign() -> None:
    (button,) = shown(Button("👨‍👩‍👧" * 30, Action.ASK, "1"))
    assert utf16_length(button["label"]) <= 80
    assert button["label"].endswith("👨‍👩‍👧…")
    (plain,) = shown(Button("x" * 80, Action.ASK, "1"))
    assert plain["label"] == "x" * 80


def test_a_label_is_one_line_and_never_nothing() -> None:
    folded, nameless = shown(Button("two\n lines", Action.ASK, "1"), Button(" ", Action.FILL, "2"))
    assert (folded["label"], nameless["label"]) == ("two lines", "Fill")


def test_a_verdict_is_a_thumb_with_words_or_alone() -> None:
    like, dislike = shown(Button("Good answer", Action.LIKE, "1"), Button("👎", Action.DISLIKE, "1"))
    assert (like["emoji"], like["label"]) == ({"name": "👍"}, "Good answer")
    assert dislike["emoji"] == {"name": "👎"}
    assert "label" not in dislike


def test_sources_are_one_small_line_between_the_text_and_the_notice() -> None:
    body = Body("Text.", notice="Stopped.", final=True, sources=("handbook.pdf, page 3", "Wiki"))
    assert render(body) == "Text.\n\n-# Sources: 1. handbook.pdf, page 3 · 2. Wiki\n\n-# Stopped."


def test_sources_are_shown_as_they_are_written() -> None:
    sources = ("**a** <@1> [x](https://y.z)\n# b", "a_b _c_ `d` ||e||", "https://x.y/a_b")
    assert render(Body("", sources=sources)) == (
        "-# Sources: 1. \\*\\*a\\*\\* \\<@1\\> \\[x\\](https://y.z) # b"
        " · 2. a_b \\_c\\_ \\`d\\` \\|\\|e\\|\\|"
        " · 3. https://x.y/a_b"
    )


def test_many_sources_take_no_more_than_their_room() -> None:
    line = render(Body("", sources=("*" * 200,) * 50))
    assert utf16_length(line) <= LINE_LIMIT + len("-# Sources: ") + 10 * len(" · ")
    assert line.endswith(" more")
    few = render(Body("", sources=tuple("abcdef")))
    assert "more" not in few


def test_sources_count_as_text_does() -> None:
    full = Body("x" * CONTENT_LIMIT, final=True)
    assert fits(full)
    assert not fits(Body(full.text, final=True, sources=("a",)))


def test_a_button_that_means_more_than_discord_takes_is_left_out() -> None:
    room = CUSTOM_ID_LIMIT - len(custom_id(Action.ASK, ""))
    assert CUSTOM_ID_LIMIT == 100
    longest, longer = Button("A", Action.ASK, "x" * room), Button("B", Action.ASK, "x" * (room + 1))
    assert [one["label"] for one in shown(longest, longer)] == ["A"]
    assert rows((longer,)) == []
