"""What Slack shows of Markdown: nothing live that a model wrote, and never more than Slack takes."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.mrkdwn import mrkdwn
from adapters.slack.render import MESSAGE_LIMIT, TABLE_ROWS, fits, render
from bridge.markdown import utf16_length
from bridge.split import cut
from bridge.types import Body


def shown(text: str, *, final: bool = True) -> str:
    """The text of the Markdown block."""
    blocks = render(Body(text, final=final)).blocks
    return str(blocks[0]["text"]) if blocks else ""


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (
            "Hi <!channel> <@U1> <#C1> <!subteam^S1|x>",
            "Hi &lt;!channel&gt; &lt;@U1&gt; &lt;#C1&gt; &lt;!subteam^S1|x&gt;",
        ),
        ("`<!here>` a < b > c & d &lt;", "`&lt;!here&gt;` a &lt; b &gt; c & d &lt;"),
        ("\\<!here\\>", "&lt;!here&gt;"),
        ("```\nif a < b:\n```", "```\nif a &lt; b:\n```"),
        ("@here and @channel", "@here and @channel"),
        ("<https://x.y/a(b)>", "[https://x.y/a%28b%29](https://x.y/a%28b%29)"),
        ("<https://x.y|good>", "[https://x.y%7Cgood](https://x.y%7Cgood)"),
        ("<bob@x.com>", "bob@x.com"),
        ("[docs](https://x.y 'title')", "[docs](https://x.y)"),
        ("[docs](<https://x.y/a b>)", "[docs](https://x.y/a%20b)"),
        ("[](https://x.y)", "[https://x.y](https://x.y)"),
        ("[https://good.com](https://evil.com)", "https://good.com (https://evil.com)"),
        ("[good.com](https://evil.com)", "good.com (https://evil.com)"),
        ("[good.com](https://good.com/x)", "[good.com](https://good.com/x)"),
        ("[a <!here>](https://x.y/<!here>)", "[a &lt;!here&gt;](https://x.y/%3C!here%3E)"),
        ("[run](javascript:x)", "run (javascript:x)"),
        ("[good.com\n](https://evil.com)", "[good.com\n] (https://evil.com)"),
        ("[good.com](\nhttps://evil.com)", "[good.com] (\nhttps://evil.com)"),
        ("[good.com](https://evil.com/((x)))", "[good.com] (https://evil.com/((x)))"),
        ("[good.com](https://evil.com/<x>)", "good.com (https://evil.com/%3Cx%3E)"),
        ("[good&#46;com](https://evil.com)", "good&#46;com (https://evil.com)"),
        ("[good.com]\n\n[good.com]: https://evil.com", "[good.com]\n\n[good.com] : https://evil.com"),
        ("call f[i](x), `f[i](x)`", "call f[i] (x), `f[i](x)`"),
        ("![alt](https://x.y/z.png)", "[alt](https://x.y/z.png)"),
        ("![](https://x.y/z.png)", "[https://x.y/z.png](https://x.y/z.png)"),
        ("![chart](data:image/png;base64,AAAA)", "chart"),
        ("# One\n#### Four", "# One\n#### Four"),
        ("**b** *i* ~~s~~ __b__", "**b** *i* ~~s~~ __b__"),
        ("a<br>b", "a\nb"),
        ("> quote <@U1>\n> > deeper > x", "> quote &lt;@U1&gt;\n> > deeper &gt; x"),
        ("> a<br>b", "> a\n> b"),
        ("> a<br>b\n>c", "> a\n> b\n> c"),
        ("https://x.y/[good.com](https://evil.com)", "https://x.y/[good.com] (https://evil.com)"),
        ("<a[good.com](https://evil.com)>", "&lt;a[good.com] (https://evil.com)&gt;"),
        ("<a [good.com](https://evil.com)>", "&lt;a good.com (https://evil.com)&gt;"),
        ("<https://x.y and more>", "&lt;https://x.y and more&gt;"),
        ("| a | b |\n|---|---|\n| <@U1> | x<br>y |", "| a | b |\n|---|---|\n| &lt;@U1&gt; | x y |"),
        ("1. a\n1. b\n1. c", "1. a\n2. b\n3. c"),
        ("- ```py\n  x\n    ```", "- ```py\n  x\n  ```"),
        ("> ```\n> x\nafter", "> ```\n> x\n> ```\nafter"),
        ("~~~\nunfinished", "~~~\nunfinished\n~~~"),
        ("\n\na\n\n", "a"),
    ],
)
def test_what_the_markdown_block_says(text: str, content: str) -> None:
    assert shown(text) == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("**b** *i* _i_ ~~s~~ __b__ ***bi***", "*b* _i_ _i_ ~s~ *b* *_bi_*"),
        ("# One **two**\n\ntext", "*One two*\n\ntext"),
        ("[t](https://x.y) ![a](https://i.j) <https://k.l>", "t (https://x.y) a (https://i.j) https://k.l"),
        ("- a\n* b\n  + c\n1. d\n1. e\n- [x] f", "• a\n• b\n  • c\n1. d\n2. e\n• ☑ f"),
        ("```py\n**x** <!here>\n```", "```\n**x** &lt;!here&gt;\n```"),
        ("`**x**` \\*y\\*", "`**x**` *y*"),
        ("| a | b |\n|--|--|\n| **x** | 汉 |", "```\na  b\n-  --\nx  汉\n```"),
        ("> q <!here>", "> q &lt;!here&gt;"),
        ("a\n\n---\n\nb", "a\n\n\n\nb"),
    ],
)
def test_what_the_notification_says(text: str, content: str) -> None:
    assert mrkdwn(text) == content


def test_the_notice_is_a_context_block_of_its_own() -> None:
    rendered = render(Body("text", "Stopped <!here>.", final=True))
    assert rendered.blocks == (
        {"type": "markdown", "text": "text"},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "Stopped &lt;!here&gt;.", "verbatim": True}],
        },
    )
    assert rendered.text == "text\nStopped &lt;!here&gt;."
    assert render(Body("", "Only this.", final=True)).text == "Only this."


def test_nothing_to_show_is_empty() -> None:
    for body in (Body(""), Body("```py"), Body("\n \n", final=True)):
        assert (render(body).blocks, render(body).text) == ((), "")


def test_what_is_half_written_is_held_back_until_the_end() -> None:
    text = "Some **bold and [a link](https://x"
    assert shown(text, final=False) == "Some **bold and**"
    assert shown(text) == "Some **bold and [a link] (https://x"
    assert shown("a <!chan", final=False) == "a"


def test_a_long_answer_has_a_short_notification_with_nothing_torn() -> None:
    for text in (
        "word " * 3000,
        "<" * 9000,
        "```\n" + "line of code\n" * 900 + "```",
        "👨‍👩‍👧" * 1800,
        "**a** " * 1900,
    ):
        rendered = render(Body(text, "A notice.", final=True))
        assert len(rendered.text) <= 4000
        assert rendered.text.endswith("…\nA notice.")
        assert rendered.text.count("```") % 2 == 0
        assert not re.search(r"&(?!lt;|gt;)", rendered.text)


def test_tables_stay_within_what_slack_takes() -> None:
    head = "| a | b |\n|---|---|\n"
    assert fits(Body(head + "| 1 | 2 |\n" * (TABLE_ROWS - 1), final=True))
    assert not fits(Body(head + "| 1 | 2 |\n" * TABLE_ROWS, final=True))
    assert not fits(Body(head + f"| {'x' * 400} | 2 |\n" * 26, final=True))
    wide = "| a " * 21 + "|\n" + "|---" * 21 + "|\n" + "| 1 " * 21 + "|"
    assert shown(wide).startswith("```\na  a")


def test_a_message_may_be_as_long_as_the_limit() -> None:
    assert fits(Body("x" * MESSAGE_LIMIT, final=True))
    assert not fits(Body("x" * (MESSAGE_LIMIT + 1), final=True))
    assert not fits(Body("<" * (MESSAGE_LIMIT // 4 + 1), final=True))


tokens = st.sampled_from(
    [
        *"ab1 \n\n`~|-*_#>.[]()<:!@\\/&👍汉",
        "<!channel>",
        "<@U1>",
        "<#C1|x>",
        "<https://x.y|z>",
        "```",
        "|---|",
        "[a](",
        "<",
    ]
)
markdown = st.lists(tokens, max_size=150).map("".join)


@settings(max_examples=500)
@given(text=markdown, notice=markdown, final=st.booleans())
def test_no_text_can_mention_anybody_or_hide_a_link(text: str, notice: str, final: bool) -> None:
    rendered = render(Body(text, notice, final))
    for content in (str(rendered.blocks), rendered.text):
        assert "<" not in content
    assert len(rendered.text) <= 4000


def limits(text: str) -> bool:
    return all(fits(Body(text, final=final)) for final in (False, True))


PARAGRAPH = "A paragraph with **bold** <words>, a [link](https://example.com/path) and https://example.com. "
ANSWER = "\n\n".join(
    [
        PARAGRAPH * 30,
        "```python\n" + "\n".join(f"value_{n} = {n} < 2  # 👍" for n in range(900)) + "\n```",
        "| Key | Value | Note |\n|---|---|---|\n"
        + "\n".join(f"| k{n} | v{n} | 备注{n} |" for n in range(350)),
        "\n".join(f"1. item {n} {PARAGRAPH}" for n in range(200)),
    ]
)


def test_a_long_answer_goes_whole_into_messages_that_slack_takes() -> None:
    parts, text = [], ANSWER
    while (found := cut(text, limits)) is not None:
        parts.append(found.head)
        text = found.rest
    contents = [shown(part) for part in [*parts, text]]
    assert all(0 < utf16_length(content) <= MESSAGE_LIMIT for content in contents)
    assert all(content.count("```") % 2 == 0 for content in contents)
    whole = "\n".join(contents)
    for pattern in (r"\bvalue_\d+ = ", r"\bk\d+\b", r"\bitem \d+\b"):
        assert re.findall(pattern, whole) == re.findall(pattern, ANSWER)
    assert [int(number) for number in re.findall(r"(?m)^(\d+)\. item", whole)] == list(range(1, 201))


@settings(max_examples=40)
@given(text=markdown, repeat=st.integers(1, 200))
def test_whatever_a_cut_leaves_is_within_the_limit(text: str, repeat: int) -> None:
    text *= repeat
    while (found := cut(text, limits)) is not None:
        assert fits(Body(found.head, final=True))
        assert len(found.rest) < len(text)
        text = found.rest
    assert fits(Body(text, final=True))


def test_slack_looks_for_no_names_of_its_own_in_what_stands_below_a_text() -> None:
    body = Body("Text", "Stopped @here #general.", final=True, sources=("@everyone",))
    elements = [
        element
        for block in render(body).blocks
        for element in json.loads(json.dumps(block)).get("elements", ())
        if element["type"] == "mrkdwn"
    ]
    assert len(elements) == 2
    assert all(element["verbatim"] is True for element in elements)
