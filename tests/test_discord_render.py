"""What Discord shows of Markdown: tables, headings, links, code, and never more than it takes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord.render import CONTENT_LIMIT, fits, render
from bridge.markdown import utf16_length
from bridge.split import cut
from bridge.types import Body


def shown(text: str) -> str:
    return render(Body(text, final=True))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
        ("#### Four **x** y\n##### `Five`", "**Four x y**\n**`Five`**"),
        ("## Two ##", "## Two"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("a\n***\nb", "a\n\nb"),
        ("![alt](https://x.y/z.png)", "[alt](<https://x.y/z.png>)"),
        ("![](https://x.y/z.png)", "<https://x.y/z.png>"),
        ("![chart](data:image/png;base64,AAAA)", "chart"),
        ("see https://x.y/a_b_(c), ok", "see <https://x.y/a_b_(c)>, ok"),
        ("see <https://x.y>", "see <https://x.y>"),
        ("**https://x.y**", "**<https://x.y>**"),
        ("[docs](https://x.y)", "[docs](<https://x.y>)"),
        ("[docs](<https://x.y/a b> 'title')", "[docs](<https://x.y/a%20b>)"),
        ("[https://x.y/](https://x.y)", "<https://x.y>"),
        ("[https://good.com](https://evil.com)", "<https://good.com> (<https://evil.com>)"),
        ("[good.com](https://evil.com)", "good.com (<https://evil.com>)"),
        ("[![badge](https://i.j/k.svg)](https://x.y)", "[badge](<https://x.y>)"),
        ("[mail](mailto:a@b.c) [top](#top)", "mail (mailto:a@b.c) top (#top)"),
        ("call f[i](x) or [x](y)", "call f[i](x) or [x](y)"),
        ("[good.com\n](https://evil.com)", "[good.com\n] (<https://evil.com>)"),
        ("[x](ftp://y.z z)", "[x] (ftp://y.z z)"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("- [ ] to do\n- [x] done\n- [link](https://x.y)", "- ☐ to do\n- ☑ done\n- [link](<https://x.y>)"),
        ("+ a\n+ b", "- a\n- b"),
        ("1. a\n1. b\n1. c", "1. a\n2. b\n3. c"),
        ("__strong__ and snake__case__x", "**strong** and snake__case__x"),
        ("a || b || c", "a \\|\\| b \\|\\| c"),
        ("> a\n> > b\n>>> c", "> a\n> b\n> c"),
        ("<@123> @everyone <:e:1> <t:1:R>", "<@123> @everyone <:e:1> <t:1:R>"),
        ("\\*literal\\*", "\\*literal\\*"),
        ("a\n\n\n\nb\n\n", "a\n\nb"),
        ("~~~python title=x\nx\n~~~", "```python\nx\n```"),
        ("````\nx\n````", "```\nx\n```"),
        ("```not-a/language\nx\n```", "```\nx\n```"),
        ("- do\n  ```sh\n  run\n    more\n  ```", "- do\n```sh\nrun\n  more\n```"),
        ("> ```\n> x\nafter", "> ```\n> x\n> ```\nafter"),
        ("```\nunfinished", "```\nunfinished\n```"),
        ("```\n```", "```\n \n```"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_what_discord_shows(text: str, content: str) -> None:
    assert shown(text) == content


def test_a_table_becomes_an_aligned_code_block() -> None:
    text = "| Name | Size | 注 |\n|---|--:|---|\n| **one** | 1 | 汉字 |\n| `t\\|wo` | 22 | [x](https://y.z) |"
    assert shown(text).split("\n") == [
        "```",
        "Name  Size  注",
        "----  ----  ---------------",
        "one      1  汉字",
        "t|wo    22  x (https://y.z)",
        "```",
    ]


def test_a_wide_table_becomes_a_group_of_lines_for_every_row() -> None:
    heading = "A long heading of a column that goes on and on and on"
    text = f"| Name | {heading} | Third |\n|---|---|---|\n| **a** | x https://x.y | |\n| b | `y` | z |"
    assert shown(text) == f"**a**\n- {heading}: x <https://x.y>\n\n**b**\n- {heading}: `y`\n- Third: z"


def test_a_wide_table_without_rows_and_rows_with_too_many_cells_keep_their_words() -> None:
    assert shown(f"| {'a' * 40} | {'b' * 40} |\n|---|---|") == f"- {'a' * 40}\n- {'b' * 40}"
    assert "extra" in shown("| a | b |\n|---|---|\n| 1 | 2 | extra |")


def test_a_table_in_a_quote_stays_in_it() -> None:
    assert shown("> | a | b |\n> |---|---|\n> | 1 | 2 |") == "> ```\n> a  b\n> -  -\n> 1  2\n> ```"


def test_the_notice_is_subtext_at_the_end() -> None:
    assert render(Body("text", "Stopped\nhere.", final=True)) == "text\n\n-# Stopped here."
    assert render(Body("", "Only this.", final=True)) == "-# Only this."
    assert render(Body("```\nx", "Cut.", final=True)) == "```\nx\n```\n\n-# Cut."


def test_what_is_half_written_is_held_back_until_the_end() -> None:
    text = "Some **bold and [a link](https://x"
    assert render(Body(text)) == "Some **bold and**"
    assert "https://x" in render(Body(text, final=True))
    assert render(Body("```py")) == ""


def test_a_lone_half_of_a_surrogate_pair_does_no_harm() -> None:
    assert shown("a \ud83d\ude00 \ud83d b") == "a 😀 \ufffd b"
    render(Body("a \ud83d")).encode()


code_lines = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\r\n`", exclude_categories=("Cc", "Zl", "Zp")),
        max_size=30,
    )
    | st.sampled_from(
        ["https://x.y", "| a | b |", "|---|---|", "# x", "<br>", "- [ ] x", "**x** __y__", "||", "> q"]
    ),
    min_size=1,
    max_size=10,
).filter(lambda lines: any(line.strip() for line in lines))


@settings(max_examples=200)
@given(lines=code_lines, marker=st.sampled_from(["```", "````", "~~~"]))
def test_code_is_left_as_it_is(lines: list[str], marker: str) -> None:
    lines = [line for line in lines if not line.strip().startswith("~~~")]
    code = "\n".join(lines)
    text = f"before\n{marker}py\n{code}\n{marker}\nafter `https://x.y <br> ||`"
    if code.strip():
        assert shown(text) == f"before\n```py\n{code}\n```\nafter `https://x.y <br> ||`"


def test_code_that_holds_a_fence_cannot_end_its_block() -> None:
    content = shown("````md\n```py\nx\n```\n````")
    assert content.startswith("```md\n")
    assert content.count("```") == 2
    assert "x" in content


markdown = st.lists(
    st.sampled_from([*"ab1 \n\n`~|-*_#>.[]()<:!\\/👍汉", "https://x.y/", "```", "|---|"]), max_size=200
).map("".join)


@settings(max_examples=300)
@given(text=markdown, notice=st.sampled_from(["", "A notice."]), final=st.booleans())
def test_any_text_can_be_shown(text: str, notice: str, final: bool) -> None:
    content = render(Body(text, notice, final))
    assert content == content.strip("\n").rstrip()
    assert not notice or content.endswith(f"-# {notice}")


def limits(text: str) -> bool:
    return all(fits(Body(text, final=final)) for final in (False, True))


PARAGRAPH = "A paragraph with **bold** words, a [link](https://example.com/path) and https://example.com. "
ANSWER = "\n\n".join(
    [
        "# Answer",
        PARAGRAPH * 5,
        "```python\n" + "\n".join(f"value_{n} = {n}  # 👍" for n in range(150)) + "\n```",
        "| Key | Value | Note |\n|---|---|---|\n"
        + "\n".join(f"| k{n} | v{n} | 备注{n} |" for n in range(120)),
        "| Key | A much longer heading than before | Another long heading |\n|---|---|---|\n"
        + "\n".join(f"| r{n} | some words in this cell number {n} | more |" for n in range(60)),
        "\n".join(f"1. item {n} {PARAGRAPH}" for n in range(30)),
        "汉字。" * 1500,
    ]
)


def test_a_long_answer_goes_whole_into_messages_that_discord_takes() -> None:
    parts, text = [], ANSWER
    while (found := cut(text, limits)) is not None:
        parts.append(found.head)
        text = found.rest
    contents = [shown(part) for part in [*parts, text]]
    assert all(0 < utf16_length(content) <= CONTENT_LIMIT for content in contents)
    assert all(content.count("```") % 2 == 0 for content in contents)
    whole = "\n".join(contents)
    for pattern in (r"\bvalue_\d+ = ", r"\bk\d+\b", r"\*\*r\d+\*\*", r"\bitem \d+\b"):
        found_words = re.findall(pattern, whole)
        assert (
            len(found_words)
            == len(set(found_words))
            == len(set(re.findall(pattern.replace("\\*\\*", ""), ANSWER)))
        )
    assert whole.count("汉字。") == 1500
    assert [int(number) for number in re.findall(r"(?m)^(\d+)\. item", whole)] == list(range(1, 31))


@settings(max_examples=60)
@given(text=markdown, repeat=st.integers(1, 60))
def test_whatever_a_cut_leaves_is_within_the_limit(text: str, repeat: int) -> None:
    text *= repeat
    while (found := cut(text, limits)) is not None:
        assert utf16_length(shown(found.head)) <= CONTENT_LIMIT
        assert len(found.rest) < len(text)
        text = found.rest
    assert utf16_length(shown(text)) <= CONTENT_LIMIT
