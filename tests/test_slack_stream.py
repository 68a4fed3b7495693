"""What a native stream of Slack shows: text that only grows, with nothing live in it at any cut."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.render import STREAM_LIMIT_BYTES, blocks_below, fits_stream, render, streamed
from bridge.markdown import settled
from bridge.split import cut
from bridge.types import Body

SAMPLES = (
    "# Title\n\nSome **bold `code*` text** with a [link](https://e.com/a_b 'title') and *more*.\n\nEnd.",
    "```python\ndef f(x):\n    return x ** 2  # **no** <b>\n\n```\n\nand `inline ** code` then __strong__.",
    "| Name | Value |\n|------|------:|\n| one | 1 |\n| `two` | **2** |\n\nAfter the table, ~~gone~~ words.",
    "1. One\n1. Two with *emphasis*\n   - nested [x](http://y.z)\n   - [ ] task\n   - [x] done\n1. Third\n",
    "> A **bold\n> over lines** and `code`\n>\n> ```sh\n> run | this\n> ```\n\nA <@12> <https://a.b/c> x.",
    "Half | a | row in text, 2 * 3 * 4 = 24, a < b, array[0] and f[i](x), snake_case_name, 5 ** 2.",
    "````md\n```py\nx\n```\n````\n\n~~~\n~~\n~~~\n\n---\n\n***all of it*** and ![img](https://x.y/z.png).",
    "中文**重点**。日本の[道](https://例え.jp/道)。👨‍👩‍👧 **👍🏽**\n\n`a``b` ``c`d`` \\*literal\\* \\",
    "Here:\n| a | b |\n|---|---|\n| 1 | 2 |\nText right after.\n- item\n\n```\nunclosed\n",
    "Wow![alt](https://x.y/z.png) see https://x.y/a_(b)_c, www.x.y and [good.com](https://evil.com)!\n\nEnd.",
    "[good.com]: https://evil.com\n[Note]: it is so. a<br>b<br />c <i class='x'>d</i> <bob@x.com>",
    "Do:\n\n1. Do:\n   ```sh\n   run <x>\n   ```\n2. Then\n\n   x\n   - [a](https://b.c)\n     - deeper\n",
    "a | b\n--|--\n1 | 2\n3 | `x`\n\n> | q | r |\n> |---|---|\n> | 1 | 2 |\n\n+ p\n\n* star\n1. x\n2024 was",
)
WIDE = "| a " * 21 + "|\n" + "|---" * 21 + "|\n" + "| 1 " * 21 + "|\n" + "| 222 " * 21 + "|\n"


def states(text: str, cuts: list[int]) -> list[str]:
    """What the stream shows after each of these lengths, and at last of the whole."""
    shown = [streamed(Body(text[:end])) for end in sorted(cuts)]
    return [*shown, streamed(Body(text, final=True))]


def assert_only_grows(text: str, cuts: list[int]) -> None:
    shown = ""
    for state in states(text, cuts):
        assert state.startswith(shown), (text, shown, state)
        assert "<" not in state
        shown = state


@pytest.mark.parametrize("sample", [*SAMPLES, WIDE + "\nAfter.", WIDE + "not | a row?\n", WIDE])
def test_an_answer_only_grows_wherever_it_is_cut(sample: str) -> None:
    assert_only_grows(sample, list(range(len(sample) + 1)))


@pytest.mark.parametrize("sample", SAMPLES)
def test_at_the_end_the_stream_shows_what_the_message_would(sample: str) -> None:
    block = render(Body(sample, final=True)).blocks[0]
    assert streamed(Body(sample, final=True)) == block["text"]


def test_little_is_held_back_of_an_answer() -> None:
    for sample in SAMPLES:
        for end in range(len(sample) + 1):
            assert end - len(settled(sample[:end])) <= 80, sample[:end]
    words = "word " * 300
    for begin in ("a ` b ", "a ** b **c ", "interval [0, 1) and ", "a <b and ", "![alt", "a | b "):
        assert len(settled(f"{begin}{words}")) > 1400


tokens = st.sampled_from(
    [
        *"ab1 \n\n`~|-*_#>.[]()<:!@\\/&👍汉+=",
        "<!channel>",
        "<@U1>",
        "<https://x.y|z>",
        "https://x.y/",
        "```",
        "\n```\n",
        "\n> ",
        "\n- ",
        "\n1. ",
        "\n|",
        "|---|",
        "\n|---|---|\n",
        "| a | b |",
        "[a](",
        "[a](https://b.c)",
        "[g.com](https://e.vil)",
        "<br",
        "**",
        "word ",
        "]: https://",
    ]
)
markdown = st.lists(tokens, max_size=60).map("".join)
realistic = st.lists(
    st.tuples(st.sampled_from(SAMPLES), st.sampled_from(["\n\n", "\n", " "])), min_size=1, max_size=4
).map(lambda pieces: "".join(piece + gap for piece, gap in pieces))


@settings(max_examples=500)
@given(text=markdown, data=st.data())
def test_any_markdown_only_grows(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=30))
    assert_only_grows(text, cuts)


@settings(max_examples=100)
@given(text=realistic, data=st.data())
def test_a_long_answer_only_grows(text: str, data: st.DataObject) -> None:
    assert_only_grows(text, data.draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=20)))


@settings(max_examples=200)
@given(pieces=st.lists(st.sampled_from(["§ ", "**§** ", "\n\n", "\n- §", "`§`", "[§](https://§.c) ", "|§|"])))
def test_every_word_is_there_in_the_end(pieces: list[str]) -> None:
    text = "".join(piece.replace("§", f"w{number}w") for number, piece in enumerate(pieces))
    shown = streamed(Body(text, final=True))
    assert re.findall(r"w\d+w", shown) == re.findall(r"w\d+w", text)


def test_the_notice_can_be_shown_alone() -> None:
    body = Body("text", "Stopped <!here>.", final=True)
    assert blocks_below(body, has_text=True) == render(body).blocks[1:]
    assert blocks_below(Body("text"), has_text=True) == ()


def test_an_open_fence_stays_open_until_the_end() -> None:
    assert streamed(Body("```py\nx = 1\n\n")) == "```py\nx = 1"
    assert streamed(Body("```py\nx = 1\n``")) == "```py\nx = 1"
    assert streamed(Body("```py\nx = 1\n", final=True)) == "```py\nx = 1\n```"


def test_a_stream_is_measured_in_bytes() -> None:
    assert fits_stream(Body("x" * STREAM_LIMIT_BYTES))
    assert not fits_stream(Body("x" * (STREAM_LIMIT_BYTES + 1)))
    assert not fits_stream(Body("汉" * (STREAM_LIMIT_BYTES // 3 + 1)))
    assert not fits_stream(Body("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 100))


def test_a_long_answer_goes_whole_into_streams() -> None:
    text = "".join(f"{sample} part{number}part\n\n" for number, sample in enumerate(SAMPLES * 20))
    parts = []
    while (found := cut(text, lambda part: fits_stream(Body(part)))) is not None:
        parts.append(found.head)
        text = found.rest
    shown = [streamed(Body(part, final=True)) for part in [*parts, text]]
    assert len(shown) > 2
    assert all(0 < len(one.encode()) <= STREAM_LIMIT_BYTES for one in shown)
    assert [int(number) for one in shown for number in re.findall(r"part(\d+)part", one)] == list(
        range(20 * len(SAMPLES))
    )
