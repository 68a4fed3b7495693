"""What a half-written answer needs to look whole; thoughts; lengths; the structure of Markdown."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.markdown import (
    aside,
    breaks_at,
    complete,
    display_width,
    plain,
    strip_thinking,
    utf16_length,
    whole,
)
from bridge.markdown.blocks import blocks, cells, scan
from bridge.markdown.inline import Is, parse
from bridge.markdown.lines import Kind
from bridge.markdown.links import disguised
from bridge.markdown.reading import read

SAMPLES = (
    "# Title\n\nSome **bold `code*` text** with a [link](https://e.com/a_b 'title') and *more*.\n\nEnd.",
    "```python\ndef f(x):\n    return x ** 2  # **no**\n\n```\n\nand `inline ** code` then __strong__.",
    "| Name | Value |\n|------|------:|\n| one | 1 |\n| `two` | **2** |\n\nAfter the table, ~~gone~~ words.",
    "1. One\n2. Two with *emphasis*\n   - nested [x](http://y.z)\n   - [ ] task\n   - [x] done\n3. Third\n",
    "> A **bold\n> over lines** and `code`\n>\n> ```sh\n> run | this\n> ```\n\nA <@12> <https://a.b/c> x.",
    "Half | a | row in text, 2 * 3 * 4 = 24, a < b, array[0] and f[i](x), snake_case_name, 5 ** 2.",
    "````md\n```py\nx\n```\n````\n\n~~~\n~~\n~~~\n\n---\n\n***all of it*** and ![img](https://x.y/z.png).",
    "中文**重点**。日本の[道](https://例え.jp/道)。👨‍👩‍👧 **👍🏽**\n\n`a``b` ``c`d`` \\*literal\\* \\",
    "Here:\n| a | b |\n|---|---|\n| 1 | 2 |\nText right after.\n- item\n\n```\nunclosed\n",
)


def prefixes() -> list[str]:
    return [sample[:end] for sample in SAMPLES for end in range(len(sample) + 1)]


def balanced(text: str) -> bool:
    """Whether every fence is closed, by a count that knows nothing of the scanner."""
    marker = ""
    for line in text.split("\n"):
        body = line.strip(" >")
        if not marker and (match := re.match(r"(`{3,}(?!.*`)|~{3,})", body)):
            marker = match[1]
        elif marker and body.startswith(marker) and not body.strip(marker[0]):
            marker = ""
    return not marker


def test_every_beginning_of_an_answer_has_its_fences_closed() -> None:
    assert [text for text in prefixes() if not balanced(complete(text))] == []


def test_every_beginning_of_an_answer_shows_no_half_row_and_no_head_without_its_delimiter_row() -> None:
    for text in prefixes():
        table = [line for line in complete(text).split("\n") if line.startswith("|")]
        assert all(line.rstrip().endswith("|") or re.fullmatch(r"[|:-]+", line) for line in table), text
        assert len(table) != 1, text


def test_only_the_tail_is_held_back_and_only_marks_are_added() -> None:
    for text in prefixes():
        shown = complete(text)
        end = next((n for n, (one, other) in enumerate(zip(shown, text, strict=False)) if one != other), None)
        end = min(len(shown), len(text)) if end is None else end
        assert re.fullmatch(r"[\n> ]*[*_~`]*", shown[end:]), (text, shown)
        assert len(text) - end <= 80, (text, shown)


def test_words_do_not_come_and_go_while_an_answer_grows() -> None:
    for sample in SAMPLES:
        seen = 0
        for end in range(len(sample) + 1):
            words = len(re.findall(r"\w+", complete(sample[:end])))
            assert words >= seen - 1, sample[:end]
            seen = max(seen, words)


def test_what_is_complete_stays_as_it_is() -> None:
    for sample in SAMPLES[:5]:
        assert complete(sample + "\n\nThe end.\n") == sample + "\n\nThe end.\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("```", ""),
        ("```py", ""),
        ("```py\n", ""),
        ("text\n```py\nx = 1", "text\n```py\nx = 1\n```"),
        ("```\nx\n``", "```\nx\n```"),
        ("~~~\nx", "~~~\nx\n~~~"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
        ("- do\n  ```sh\n  run", "- do\n  ```sh\n  run\n  ```"),
        ("| a | b |", ""),
        ("text\n\n| a | b |\n", "text\n\n"),
        ("| a | b |\n|---|-", "| a | b |\n|---|-"),
        ("| a | b |\n|---|", ""),
        ("a | b\n--", "a | b\n"),
        ("| a | b |\n|---|---|\n| 1 |", "| a | b |\n|---|---|\n"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("some **bold", "some **bold**"),
        ("some **bold*", "some **bold**"),
        ("some **", "some "),
        ("some *it `co", "some *it `co`*"),
        ("some __x", "some __x__"),
        ("some ~~x", "some ~~x~~"),
        ("some `", "some "),
        ("some ``a`", "some ``a``"),
        ("see [text", "see "),
        ("see [text](http", "see "),
        ("see ![alt](https://x", "see "),
        ("see [text](https://x.y)", "see [text](https://x.y)"),
        ("array[0", "array[0"),
        ("hi <@12", "hi "),
        ("hi <https://exam", "hi "),
        ("if a < b", "if a < b"),
        ("text\n-", "text\n"),
        ("text\n1.", "text\n"),
        ("text\n\n##", "text\n\n"),
        ("text\n- [", "text\n"),
        ("2 * 3", "2 * 3"),
        ("2*3", "2*3"),
        ("a \\", "a "),
        ("a \ud83d", "a "),
        ("", ""),
    ],
)
def test_the_end_is_held_back_or_closed(written: str, shown: str) -> None:
    assert complete(written) == shown


def test_a_sign_that_never_gets_its_partner_is_just_a_sign() -> None:
    words = "word " * 300
    assert complete(f"a ` b {words}") == f"a ` b {words}"
    assert complete(f"a ** b **c {words}") == f"a ** b **c {words}"
    assert complete(f"interval [0, 1) and {words}") == f"interval [0, 1) and {words}"


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab1 \n`~|-*_#>.[]()<:!\\👍"), max_size=200))
def test_any_text_can_be_completed_and_stays_so(text: str) -> None:
    shown = complete(text)
    assert len(shown) <= len(text) + 60
    assert "".join(line.text + "\n" for line in scan(text)).rstrip("\n") == text.rstrip("\n")
    assert parse(text).tokens == () or "".join(map(parse(text).raw, parse(text).tokens)) == text


def test_thoughts_are_told_from_the_answer() -> None:
    found = strip_thinking("<think>\nfirst this\n</think>\n\nThe answer.\n\n<think>then that</think>More.")
    assert found.answer == "The answer.\n\nMore."
    assert found.thought == "first this\n\nthen that"
    assert not found.open


def test_an_unfinished_thought_is_open() -> None:
    found = strip_thinking("Well. <think>hmm, </thi")
    assert (found.answer, found.thought, found.open) == ("Well. ", "hmm,", True)


def test_at_no_point_does_a_streamed_thought_show() -> None:
    text = "<think>secret words, `code`, ```</think>\n\nHello there."
    shown = [complete(strip_thinking(text[:end]).answer) for end in range(len(text) + 1)]
    assert all("Hello there.".startswith(answer) for answer in shown)
    assert shown[-1] == "Hello there."


@pytest.mark.parametrize(
    "text",
    [
        "Use `<think>` tags.",
        "```xml\n<think>x</think>\n```\nok",
        "    a < b > think",
        "~~~\n<think>",
    ],
)
def test_in_code_the_tag_is_text(text: str) -> None:
    assert strip_thinking(text).answer == text


def test_many_thoughts_take_no_longer_than_their_length() -> None:
    found = strip_thinking("<think>x</think>word " * 400)
    assert found.answer == "word " * 400
    assert strip_thinking("```\n" + "<think>" * 10_000).thought == ""


def test_lengths_in_utf16_and_columns() -> None:
    assert [utf16_length(text) for text in ("abc", "é", "汉", "👍", "\ud83d")] == [3, 1, 1, 2, 1]
    assert [display_width(text) for text in ("abc", "e\u0301", "汉字", "👍", "❤️", "👨‍👩‍👧", "ｶﾞ")] == [
        3,
        1,
        4,
        2,
        2,
        2,
        2,
    ]


def test_halves_of_surrogate_pairs_become_whole() -> None:
    assert whole("a\ud83d\ude00b\ud83d") == "a😀b\ufffd"
    assert whole("plain 😀") == "plain 😀"


@pytest.mark.parametrize("cluster", ["👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301", "❤️", "\r\n", "각"])
def test_a_visible_character_is_one(cluster: str) -> None:
    text = cluster + cluster + "x"
    breaks = [position for position in range(1, len(text)) if breaks_at(text, position)]
    assert breaks == [len(cluster), 2 * len(cluster)]


def test_the_scanner_tells_blocks_apart() -> None:
    text = "# t\npara\nmore\n\n- a\n  b\n1. c\n```\n# code\n```\n| a | b |\n|--|--|\n| 1 | 2 |\n> q\n---\n"
    kinds = [block[0].kind for block in blocks(scan(text))]
    assert kinds == [
        Kind.HEADING,
        Kind.TEXT,
        Kind.BLANK,
        Kind.ITEM,
        Kind.ITEM,
        Kind.FENCE_OPEN,
        Kind.TABLE_HEAD,
        Kind.TEXT,
        Kind.RULE,
    ]


def test_items_know_their_numbers() -> None:
    lines = list(scan("1. a\n1. b\n   - n\n   - m\n1. c\n\ntext\n\n7. d\n9. e"))
    numbers = [line.item.number for line in lines if line.kind is Kind.ITEM and line.item]
    assert numbers == [1, 2, None, None, 3, 7, 9]


def test_cells_of_a_row() -> None:
    assert cells("| a | b \\| c ||") == ["a", "b | c", ""]
    assert cells("a|b") == ["a", "b"]


def test_inline_text_is_taken_apart() -> None:
    kinds = [
        token.kind for token in parse("a `c` [l](u) ![i](u) <https://x.y> https://x.y. \\* **b**").tokens
    ]
    assert [kind for kind in kinds if kind is not Is.TEXT] == [
        Is.CODE,
        Is.LINK,
        Is.IMAGE,
        Is.ANGLE,
        Is.URL,
        Is.ESCAPE,
        Is.MARK,
        Is.MARK,
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**a** `b` ~~c~~ \\*", "a b c *"),
        ("[t](https://u.v) ![](https://i.j)", "t (https://u.v) https://i.j"),
        ("a<br>b <https://x.y>", "a b https://x.y"),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    assert plain(text) == words


@pytest.mark.parametrize(
    ("label", "target", "answer"),
    [
        ("https://good.com", "https://evil.com", True),
        ("good.com/login", "https://evil.com/good.com", True),
        ("Click www.good.com now", "https://evil.com", True),
        ("ｇｏｏｄ.com", "https://evil.com", True),
        ("goo\u200bd.com", "https://evil.com", True),
        ("https://good.com", "https://good.com@evil.com", True),
        ("good.com", "https://www.good.com/path", False),
        ("good.com", "https://docs.good.com", False),
        ("README.md", "https://github.com/x/y", False),
        ("the docs", "https://evil.com", False),
        ("version 1.2.3, e.g. this", "https://evil.com", False),
        ("a@b.com", "mailto:a@b.com", False),
        ("good.com", "http://[broken", True),
    ],
)
def test_links_in_disguise_are_found(label: str, target: str, answer: bool) -> None:
    assert disguised(label, target) is answer


@pytest.mark.parametrize(
    "text", ["`" * 9000, "[" * 9000, "*a" * 5000, "<a" * 5000, "[a](b" * 2000, "a@" * 5000, "_ *" * 4000]
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    complete(text)
    strip_thinking(text)
    plain(text)
    disguised(text, "https://a.b")


@settings(max_examples=200)
@given(
    text=st.lists(
        st.sampled_from([*"ab1 \n`~|-*_#>.\t\r", "```", "\n> ```\n> x", "\n- ", "\n1. x", "| a |\n|---|\n"]),
        max_size=80,
    ).map("".join),
    data=st.data(),
)
def test_a_text_known_in_part_is_read_as_from_its_beginning(text: str, data: st.DataObject) -> None:
    for _ in range(4):
        known = text[: data.draw(st.integers(0, len(text)))] + data.draw(
            st.sampled_from(["", "\n", "x", "|"])
        )
        assert list(read(known)) == list(scan(known))
        assert [len(block) for block in blocks(read(known))] == [len(block) for block in blocks(scan(known))]


DIFY_THOUGHT = (
    '<details style="color:gray;background-color: #f8f8f8;padding: 8px;border-radius: 4px;" open> '
    "<summary> Thinking... </summary>\nLet me **see**, <b>well</b>, `x`.\n\n"
    "<details><summary>More</summary>inner</details>\nStep 2.\n</details>"
)


def test_thoughts_as_details_are_told_from_the_answer() -> None:
    found = strip_thinking(f"{DIFY_THOUGHT}\n\nHello there. {DIFY_THOUGHT}Bye.")
    assert found.answer == "Hello there. Bye."
    assert found.thought.startswith("Let me **see**, <b>well</b>, `x`.")
    assert found.thought.endswith("inner</details>\nStep 2.")
    assert not found.open


def test_at_no_point_does_a_thought_as_details_show() -> None:
    text = f"{DIFY_THOUGHT}\n\nHello <details><summary>Files</summary>a, b</details> there."
    states = [strip_thinking(text[:end]) for end in range(len(text) + 1)]
    for found in states:
        assert text[len(DIFY_THOUGHT) :].strip().startswith(complete(found.answer).strip())
    assert states[-1].answer == text[len(DIFY_THOUGHT) :].strip()
    assert states[len(DIFY_THOUGHT) - 2].thought.endswith("Step 2.")


@pytest.mark.parametrize(
    "text", [f"```html\n{DIFY_THOUGHT}\n```", "Use `<details><summary>Thinking</summary>`."]
)
def test_in_code_details_are_text(text: str) -> None:
    assert strip_thinking(text).answer == text


@pytest.mark.parametrize(
    ("thought", "limit", "shown"),
    [
        ("", 50, ""),
        ("\n \n", 50, ""),
        ("First.\n\n- **then** `this`", 50, "> *First. - then this*"),
        ("one two three four five six", 22, "> *…four five six*"),
        ("see [docs](https://x.y) snake_case _it_", 60, "> *see docs (https://x.y) snake_case it*"),
        ("a * b ~~c~~ ``` | d \\*", 50, "> *a b c d*"),
        ("word", 4, ""),
        ("汉字" * 20, 12, "> *…字汉字汉字汉字*"),
    ],
)
def test_a_thought_is_shown_quietly(thought: str, limit: int, shown: str) -> None:
    assert aside(thought, limit) == shown


@settings(max_examples=300)
@given(
    thought=st.text(st.sampled_from("ab1 \n`~|-*_#>.[]()<:!\\👍🏽\u0301"), max_size=200),
    limit=st.integers(0, 60),
)
def test_any_thought_is_one_short_line_of_emphasis(thought: str, limit: int) -> None:
    shown = aside(thought, limit)
    assert len(shown) <= limit
    assert shown == "" or re.fullmatch(r"> \*[^\s*`~|\\](?:[^\n*`~|\\]*[^\s*`~|\\])?\*", shown)
