"""Where messages end on the real platforms: whatever the renderers make of a part, it is within the limit."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord import render as discord
from adapters.slack import render as slack
from bridge.markdown import utf16_length
from bridge.split import cut
from bridge.types import Body
from tests.test_split import documents, holds_something, open_fence, parts_of, undecorated


@dataclass(frozen=True, slots=True)
class Place:
    """`measure` is the length of what is shown, which must not be more than `limit`."""

    fits: Callable[[Body], bool]
    measure: Callable[[Body], int]
    limit: int

    def holds(self, text: str) -> bool:
        return all(self.fits(Body(text, final=final)) for final in (False, True))


def slack_length(body: Body) -> int:
    return sum(utf16_length(str(block["text"])) for block in slack.render(body).blocks)


PLACES = {
    "discord": Place(discord.fits, lambda body: utf16_length(discord.render(body)), discord.CONTENT_LIMIT),
    "slack": Place(slack.fits, slack_length, slack.MESSAGE_LIMIT),
    "slack stream": Place(
        slack.fits_stream, lambda body: len(slack.streamed(body).encode()), slack.STREAM_LIMIT_BYTES
    ),
    "length": Place(lambda body: len(body.text) <= 500, lambda body: len(body.text.rstrip()), 500),
}
# Long enough for two or three messages of the place.
answers = st.tuples(st.lists(documents, min_size=1, max_size=3), st.floats(1.1, 2.5))


def answer(pieces: tuple[list[str], float], limit: int) -> str:
    docs, length = pieces
    text = "\n\n".join(docs) + "\n\n"
    return text * (int(length * limit) // len(text) + 1)


@pytest.mark.parametrize("name", PLACES)
@settings(max_examples=30, deadline=None)
@given(pieces=answers)
def test_an_answer_goes_whole_into_messages_that_the_platform_takes(
    name: str, pieces: tuple[list[str], float]
) -> None:
    place = PLACES[name]
    text = answer(pieces, place.limit)
    parts = parts_of(text, place.holds)
    for part in parts:
        assert place.measure(Body(part, final=True)) <= place.limit
        assert place.measure(Body(part)) <= place.limit
        assert part.strip()
    for part in parts[:-1]:
        assert holds_something(part), part
        assert open_fence(part) == "", part
    assert re.findall(r"w\d+w", undecorated("\n".join(parts))) == re.findall(r"w\d+w", text)


@pytest.mark.parametrize("name", PLACES)
@settings(max_examples=15, deadline=None)
@given(pieces=answers, steps=st.lists(st.floats(0.05, 1), min_size=1, max_size=8))
def test_what_is_full_stays_as_it_is_while_an_answer_grows(
    name: str, pieces: tuple[list[str], float], steps: list[float]
) -> None:
    place = PLACES[name]
    text = answer(pieces, place.limit)
    heads: list[str] = []
    tail, start, number = "", 0, 0
    while start < len(text):
        step = max(1, int(steps[number % len(steps)] * place.limit))
        tail, start, number = tail + text[start : start + step], start + step, number + 1
        while (found := cut(tail, place.holds)) is not None:
            early = cut(tail[: len(found.head) + len(tail) // 2], place.holds)
            assert early is None or early.head == found.head
            heads.append(found.head)
            tail = found.rest
    assert re.findall(r"w\d+w", undecorated("\n".join([*heads, tail]))) == re.findall(r"w\d+w", text)


@pytest.mark.parametrize("name", ["discord", "slack", "slack stream"])
@pytest.mark.parametrize(
    "whole",
    [
        "[a link](https://example.com/some/path)",
        "<@123456789012345678>",
        "👨‍👩‍👧‍👦",
        "`some code`",
        "\ud83d\ude00",
    ],
)
def test_no_link_mention_or_emoji_is_torn(name: str, whole: str) -> None:
    place = PLACES[name]
    for before in range(0, 12, 3):
        text = "x" * before + f" {whole}" * (2 * place.limit // (len(whole) + 1))
        assert "".join(part.replace(whole, "") for part in parts_of(text, place.holds)).strip(" x") == ""
