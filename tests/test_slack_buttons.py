"""Buttons and sources as Slack's blocks: whatever a model calls them, within what Slack takes."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.buttons import MAX_BUTTONS, ROW_LIMIT, SOURCES_LIMIT
from adapters.slack.render import blocks_below, render
from bridge.types import Action, Body, Button, Style
from sandbox.slack import JsonObject
from sandbox.slack.blocks import check

LIKE = Button("Good", Action.LIKE, "m1")
DISLIKE = Button("Bad", Action.DISLIKE, "m1")
STOP = Button("Stop", Action.STOP, "r1", Style.DANGER)


def ask(number: int) -> Button:
    return Button(f"Question {number}?", Action.ASK, f"a{number}")


def rendered(body: Body) -> tuple[JsonObject, ...]:
    """The blocks, after the stand-in has looked at them as Slack does."""
    blocks: tuple[JsonObject, ...] = tuple(render(body).blocks)  # type: ignore[arg-type]  # of Json all the same
    check(blocks)
    return blocks


def elements(block: Mapping[str, object]) -> list[dict[str, object]]:
    found = block["elements"]
    assert isinstance(found, list)
    return found


def test_a_button_says_what_it_does_and_on_what() -> None:
    text, row = rendered(Body("Working", buttons=(STOP,)))
    assert text == {"type": "markdown", "text": "Working"}
    assert row == {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "bridge:stop",
                "text": {"type": "plain_text", "text": "Stop"},
                "value": "r1",
                "style": "danger",
            }
        ],
    }


def test_thumbs_are_slacks_own_pair_once_the_answer_is_final() -> None:
    body = Body("Done", final=True, buttons=(LIKE, DISLIKE, ask(1), ask(2)))
    _, thumbs, questions = rendered(body)
    (pair,) = elements(thumbs)
    assert (thumbs["type"], pair["type"]) == ("context_actions", "feedback_buttons")
    assert pair["positive_button"] == {"text": {"type": "plain_text", "text": "Good"}, "value": "like:m1"}
    assert pair["negative_button"] == {"text": {"type": "plain_text", "text": "Bad"}, "value": "dislike:m1"}
    assert [one["action_id"] for one in elements(questions)] == ["bridge:ask", "bridge:ask:2"]


def test_thumbs_stand_where_the_first_of_them_stands() -> None:
    kinds = [one["type"] for one in rendered(Body("x", final=True, buttons=(ask(1), DISLIKE, LIKE, ask(2))))]
    assert kinds == ["markdown", "actions", "context_actions", "actions"]


def test_one_thumb_alone_and_thumbs_of_what_still_grows_are_plain_buttons() -> None:
    for body in (Body("x", final=True, buttons=(LIKE,)), Body("x", buttons=(LIKE, DISLIKE))):
        row = rendered(body)[1]
        assert row["type"] == "actions"
        assert [one["type"] for one in elements(row)] == ["button"] * len(body.buttons)


def test_more_buttons_than_fit_into_a_row_take_several_and_the_rest_is_left_out() -> None:
    many = tuple(ask(number) for number in range(MAX_BUTTONS + 30))
    _, *rows = rendered(Body("x", final=True, buttons=many))
    assert [len(elements(row)) for row in rows] == [ROW_LIMIT] * (MAX_BUTTONS // ROW_LIMIT)


def test_a_message_with_buttons_alone_is_shown_and_named_in_notifications() -> None:
    body = Body("", final=True, buttons=(ask(1), STOP))
    (row,) = rendered(body)
    assert row["type"] == "actions"
    assert render(body).text == "Question 1? · Stop"


def test_sources_are_numbered_in_one_line() -> None:
    _, notice, sources = rendered(
        Body("x", "Stopped.", final=True, sources=("Handbook, p. 3", "<@U1>\n prices"))
    )
    assert elements(notice) == [{"type": "mrkdwn", "text": "Stopped.", "verbatim": True}]
    assert elements(sources) == [
        {"type": "mrkdwn", "text": "Sources:  1. Handbook, p. 3  2. &lt;@U1&gt; prices", "verbatim": True}
    ]


def test_sources_without_a_text_are_not_shown() -> None:
    assert rendered(Body("", final=True, sources=("Handbook",))) == ()


def test_many_long_sources_are_a_short_line() -> None:
    for source in ("s" * 5_000, "<" * 5_000):
        (line,) = elements(rendered(Body("x", final=True, sources=(source,) * 50))[1])
        assert len(str(line["text"])) <= SOURCES_LIMIT
        assert "  1. " in str(line["text"])


def test_what_looks_different_is_not_the_same() -> None:
    assert render(Body("x", buttons=(STOP,))) != render(Body("x"))
    assert render(Body("x", sources=("a",))) != render(Body("x", sources=("b",)))


def test_below_a_stream_stands_everything_but_its_text() -> None:
    body = Body("text", "Stopped.", final=True, sources=("a",), buttons=(LIKE, DISLIKE, STOP))
    assert blocks_below(body, has_text=True) == render(body).blocks[1:]


pieces = st.sampled_from([*"ab<>&@!#|:*_~`\n👍汉\u202e\x00", "<!channel>", "<@U1>"])
words = st.lists(pieces, max_size=200).map("".join)


@settings(max_examples=300)
@given(
    labels=st.lists(words, max_size=30),
    sources=st.lists(words, max_size=10).map(tuple),
    action=st.sampled_from(Action),
    final=st.booleans(),
)
def test_whatever_a_model_calls_them_slack_takes_them_and_nobody_is_mentioned(
    labels: list[str], sources: tuple[str, ...], action: Action, final: bool
) -> None:
    buttons = tuple(Button(label, action, "v1") for label in labels)
    blocks = rendered(Body("text", final=final, sources=sources, buttons=(LIKE, *buttons, DISLIKE)))
    assert "<" not in str(blocks)


@pytest.mark.parametrize("label", ["", " \n ", "q" * 300, "👍" * 80])
def test_a_label_is_never_empty_or_too_long(label: str) -> None:
    (button,) = elements(rendered(Body("x", buttons=(Button(label, Action.ASK, "a"),)))[1])
    text = button["text"]
    assert isinstance(text, dict)
    assert 1 <= len(str(text["text"]).encode("utf-16-le")) // 2 <= 75
