"""Where messages end: nothing lost, doubled or reordered, and every part reads well on its own."""

import re
import unicodedata
from collections.abc import Callable
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.markdown import utf16_length
from bridge.split import cut

Measure = Callable[[str], int]

MEASURES: dict[str, Measure] = {
    "characters": len,
    "utf16": utf16_length,
    "utf8": lambda text: len(text.encode()),
}


def within(limit: int, measure: Measure = len) -> Callable[[str], bool]:
    return lambda text: measure(text) <= limit


def parts_of(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Every message of a text, as a reply makes them; each cut checked for what it takes and adds."""
    parts = []
    while (found := cut(text, fits)) is not None:
        assert_nothing_lost(text, found.head, found.rest)
        assert len(found.rest) < len(text)
        parts.append(found.head)
        text = found.rest
    return [*parts, text] if text.strip() else parts


CLOSER = re.compile(r"(?:\n[> \t]*(?:`{3,}|~{3,}))?")
TAKEN = re.compile(r"\s*[>\s]*(?:\d+[.)]?\s*)?")
TAKEN_AFTER_CODE = re.compile(r"[\s>]*[`~]*[>\s]*")


def assert_nothing_lost(text: str, head: str, rest: str) -> None:
    """The head begins the text, the rest ends it, and only white space, a fence's end or a number that is
    said anew lies between them."""
    end = next((at for at, (one, other) in enumerate(zip(head, text, strict=False)) if one != other), None)
    end = min(len(head), len(text)) if end is None else end
    ends = (end, len(head[:end].rstrip("`~ >")) - 1, len(head[:end].rstrip("`~ >\n")))
    assert any(CLOSER.fullmatch(head, at) for at in ends), (text, head)
    shared = 0
    while shared < min(len(text), len(rest)) and text[-1 - shared] == rest[-1 - shared]:
        shared += 1
    begin = max(len(text) - shared, end)
    taken = TAKEN_AFTER_CODE if head.endswith(("```", "~~~")) else TAKEN
    assert taken.fullmatch(text, end, begin), (text, head, rest)


def undecorated(text: str) -> str:
    """Without line breaks and whatever a cut may repeat, so that even a torn word is whole again."""
    text = text.replace("| h | k |", "").replace("|---|:-:|", "")
    return re.sub(r"\s", "", re.sub(r"(?m)^[ \t>]*(?:(?:`{3,}|~{3,})\w*|\d+[.)])?[ \t|]*", "", text))


def holds_something(part: str) -> bool:
    """Whether more than a fence and marks of quotation is in it."""
    fence = re.match(r"[ \t>]*(`{3,}|~{3,})", part)
    inner = re.sub(rf"(?m)^[ \t>]*{fence[1]}\w*$", "", part) if fence else part
    return inner.strip(" \n>" if part.startswith(">") else " \n") != ""


def open_fence(part: str) -> str:
    """The marker of the fence that a part ends in, by a count that knows nothing of the scanner."""
    marker, depth = "", 0
    for line in part.split("\n"):
        quote = re.match(rf"(?: {{0,3}}> ?){{0,{depth if marker else 9}}}", line)
        found = quote[0].count(">") if quote else 0
        if marker and found < depth:
            marker = ""
        body = line[quote.end() if quote else 0 :].strip()
        if not marker and (match := re.match(r"(?:[-*] |\d+\. )?(`{3,}(?!.*`)|~{3,})", body)):
            marker, depth = match[1], found
        elif marker and body.startswith(marker) and not body.strip(marker[0]):
            marker = ""
    return marker


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut("all of it", within(100)) is None
    assert cut("", within(100)) is None
    assert cut("just enough   \n\n", within(11)) is None


def test_when_nothing_ever_fits_there_is_no_cut() -> None:
    assert cut("some text", lambda _: False) is None


def test_a_paragraph_end_is_the_best_place() -> None:
    found = cut("one two three.\n\nfour five.\nsix seven eight nine ten.", within(40))
    assert found is not None
    assert found.head == "one two three.\n\nfour five."
    found = cut("one two three four five.\n\nsix. Seven.\neight nine ten", within(40))
    assert found is not None
    assert (found.head, found.rest) == ("one two three four five.", "six. Seven.\neight nine ten")


def test_then_a_line_then_a_sentence_then_a_word() -> None:
    cases = {
        "aaa bbb ccc ddd eee\nfff. ggg hhh iii jjj": "aaa bbb ccc ddd eee",
        "aaa bbb ccc ddd eee. fff ggg hhh iii": "aaa bbb ccc ddd eee.",
        "aaa bbb ccc ddd eee fff ggg hhh iii": "aaa bbb ccc ddd eee fff ggg",
    }
    for text, head in cases.items():
        found = cut(text, within(29))
        assert found is not None
        assert found.head == head


def test_chinese_is_cut_after_a_sentence() -> None:
    found = cut("这是第一句话。这是第二句话,它比较长一些", within(12))
    assert found is not None
    assert (found.head, found.rest) == ("这是第一句话。", "这是第二句话,它比较长一些")


@pytest.mark.parametrize(
    "token",
    [
        "[a link with words](https://example.com/some/path)",
        "![an image](https://example.com/image.png)",
        "<:party_parrot:123456789012345678>",
        "`some inline code here`",
        "**some strong words here**",
        "https://example.com/a/very/long/path",
    ],
)
def test_what_belongs_together_is_not_torn(token: str) -> None:
    text = f"{'x ' * 20}{token}{' y' * 20}"
    for limit in range(len(token) + 6, 80):
        parts = parts_of(text, within(limit))
        assert sum(token in part for part in parts) == 1, parts


def test_a_token_larger_than_a_message_is_cut_hard() -> None:
    text = "see https://example.com/" + "a" * 300
    parts = parts_of(text, within(60))
    assert all(len(part) <= 60 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("cluster", ["👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301\u0323", "❤️", "각", "1️⃣"])
def test_a_visible_character_is_never_torn(cluster: str) -> None:
    text = cluster * 60
    for limit in range(max(20, len(cluster)), 40):
        for part in parts_of(text, within(limit)):
            assert len(part) % len(cluster) == 0
            assert part == cluster * (len(part) // len(cluster))


def test_halves_of_a_surrogate_pair_stay_together() -> None:
    for part in parts_of("\ud83d\ude00" * 50, within(31)):
        assert part == "\ud83d\ude00" * (len(part) // 2)


@pytest.mark.parametrize("fence", ["```", "````", "~~~", "~~~~~"])
def test_a_fence_is_closed_and_opened_again_with_its_language(fence: str) -> None:
    code = [f"line_{number} = {number}" for number in range(30)]
    text = f"{fence}python\n" + "\n".join(code) + f"\n{fence}\n\nDone."
    parts = parts_of(text, within(100))
    assert len(parts) > 3
    for part in parts[:-1]:
        assert part.startswith(f"{fence}python\n")
        assert part.endswith((f"\n{fence}", "Done."))
    assert [line for part in parts for line in part.split("\n") if line.startswith("line_")] == code


def test_code_keeps_its_blank_lines_and_indentation() -> None:
    code = "def f():\n    return 1\n\n\n    # end\n" * 10
    parts = parts_of(f"```py\n{code}```", within(90))
    lines = [line for part in parts for line in part.split("\n")[1:-1]]
    assert lines == code.split("\n")[:-1]


def test_a_fence_in_a_list_or_a_quote_keeps_its_indentation_and_marks() -> None:
    text = "1. Do\n   ```sh\n" + "".join(f"   run {n}\n" for n in range(20)) + "   ```\n"
    parts = parts_of(text, within(80))
    assert parts[1].startswith("   ```sh\n   run")
    assert parts[1].endswith("\n   ```")
    text = "> ```sh\n" + "".join(f"> run {n}\n" for n in range(20)) + "> ```\n"
    parts = parts_of(text, within(80))
    assert parts[1].startswith("> ```sh\n> run")
    assert parts[1].endswith("\n> ```")


def test_no_fence_is_opened_only_to_be_closed() -> None:
    code = "x" * 38
    for limit in range(44, 70):
        for tail in ("\n```", "\n\n\n```", "\n```\n\nmore words after it", "\n`````\nwords, and more words"):
            for part in parts_of(f"some words\n```\n{code}{tail}", within(limit)):
                assert "```\n```" not in part, (limit, tail)


def test_a_small_fence_or_table_is_kept_whole_by_cutting_before_it() -> None:
    words = "Some words of an introduction that take more than half of the message."
    for block in ("```py\na = 1\nb = 2\nc = 3\n```", "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"):
        found = cut(f"{words}\n{block}", within(90))
        assert found is not None
        assert (found.head, found.rest) == (words, block)


def test_a_table_repeats_its_head_and_is_cut_between_rows() -> None:
    head = "| name | value |\n|------|------:|\n"
    rows = [f"| row {number} | {number * number} |" for number in range(30)]
    parts = parts_of(f"{head}" + "\n".join(rows), within(120))
    assert len(parts) > 3
    assert all(part.startswith(head) for part in parts)
    assert [line for part in parts for line in part.split("\n")[2:]] == rows


def test_a_row_larger_than_a_message_goes_on_in_its_own_cell() -> None:
    head = "| a | b | c |\n|---|---|---|\n"
    text = f"{head}| one | {'word ' * 60}| three |\n| x | y | z |"
    parts = parts_of(text, within(120))
    assert all(part.startswith(head) and len(part) <= 120 for part in parts)
    assert parts[1].startswith(f"{head}| | word")
    assert " ".join(parts).count("word") == 60
    assert parts[-1].endswith("| x | y | z |")


def test_a_table_head_is_not_left_behind_while_its_delimiter_row_is_on_its_way() -> None:
    text = "words of a paragraph that go on and on\n| name | value |\n|------|-------|\n| a | b |"
    for limit in range(45, 85):
        parts = parts_of(text, within(limit))
        joined = [part for part in parts if "| name |" in part]
        assert all("|------|-------|\n" in part for part in joined)


def test_a_lazily_numbered_list_goes_on_counting() -> None:
    text = "\n".join(f"1. item {number}" for number in range(1, 31))
    parts = parts_of(text, within(60))
    assert len(parts) > 3
    count = 1
    for part in parts:
        assert part.startswith(f"{count}. item {count}\n") or part == f"{count}. item {count}"
        count += part.count("item")


def test_inside_an_item_of_a_lazily_numbered_list_the_number_is_said_again() -> None:
    text = "1. one\n1. " + "two " * 30 + "\n1. three"
    parts = parts_of(text, within(70))
    assert parts[1].startswith("2. two")
    text = "1. one\n1. two\n" + "".join(f"   - nested {n}\n" for n in range(9)) + "1. three"
    parts = parts_of(text, within(70))
    assert parts[1].startswith("2.\n   - nested")


def test_numbers_that_the_source_says_stay_as_they_are() -> None:
    text = "\n".join(f"{number}) item" for number in range(7, 40))
    assert "\n".join(parts_of(text, within(60))) == text
    parts = parts_of("3. " + "word " * 30 + "\n4. next", within(60))
    assert parts[1].startswith("word")


def test_a_quote_goes_on_in_the_next_message() -> None:
    parts = parts_of("> " + "word " * 30, within(60))
    assert all(part.startswith("> word") for part in parts)


def test_deep_list_lines_do_not_become_code_in_the_next_message() -> None:
    text = "- one\n  - two\n" + "".join(f"      - item {n}\n" for n in range(20))
    for part in parts_of(text, within(70))[1:]:
        assert part.startswith("  - item")


def test_a_heading_is_not_left_alone_at_the_end() -> None:
    text = "Words of a first paragraph, some of them.\n\n## Heading\n\nThen the text of that section."
    found = cut(text, within(70))
    assert found is not None
    assert found.rest.startswith("## Heading\n\nThen")


def test_a_word_that_would_begin_a_list_does_not_begin_a_message() -> None:
    text = "We have aaaa bbbb cccc dddd - eeee + ffff # gggg > hhhh 5. iiii"
    for limit in range(20, 60):
        for part in parts_of(text, within(limit))[1:]:
            assert not re.match(r"[-+#>\d]", part), part


def _numbered(text: str) -> str:
    """Every `§` becomes a word of its own."""
    count = 0

    def word(_: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"w{count}w"

    return re.sub("§", word, text)


sentences = st.lists(
    st.sampled_from(
        [
            "§",
            "§ § §.",
            "**§ §**",
            "*§*",
            "`§`",
            "``§ ` §``",
            "[§ §](https://example.com/§)",
            "![§](https://e.com/§.png)",
            "<@§>",
            "<:§:1>",
            "<https://§.com>",
            "https://e.com/§/§",
            "中文§字。",
            "汉字§汉字汉字汉字",
            "👨‍👩‍👧§",
            "🇩🇪🇫🇷§",
            "e\u0301§",
            "§-" * 12,
            "(§, §)",
            "[ §",
            "a_§_b",
            "** §",
            "§ | §",
            "~~§~~",
            "5. §",
            "- §",
            "&lt;§",
            "\\*§",
        ]
    ),
    min_size=1,
    max_size=12,
).map(" ".join)
fences = st.builds(
    lambda quote, marker, language, lines, closed: "\n".join(
        [
            quote + marker + language,
            quote + "§",
            *(quote + line for line in lines),
            *([quote + marker] * closed),
        ]
    ),
    st.sampled_from(["", "", "> "]),
    st.sampled_from(["```", "````", "~~~"]),
    st.sampled_from(["", "py", "json"]),
    st.lists(
        st.sampled_from(["§ = §", "    § §", "", "§" * 25, "| § | § |", "- §", "`` -", "# §"]),
        max_size=15,
    ),
    st.booleans(),
)
tables = st.builds(
    lambda rows, quote: "\n".join(quote + row for row in ["| h | k |", "|---|:-:|", *rows]),
    st.lists(
        st.sampled_from(["| § | § |", "| § § § | |", "| `§` | **§** |", "|§|§"]), min_size=1, max_size=12
    ),
    st.sampled_from(["", "", "> "]),
)
lists = st.lists(
    st.sampled_from(
        ["1. §", "1. § § §", "- §", "  - § §", "    - §", "   § §", "* § [§](http://e.com)", "2) §"]
    ),
    min_size=1,
    max_size=12,
).map("\n".join)
pieces = st.one_of(
    sentences,
    sentences,
    fences,
    tables,
    lists,
    st.sampled_from(["# § §", "---", "> § § §\n> §", "§" * 60, "### §", "", "| § | §", "§\n==="]),
)
documents = st.lists(
    st.tuples(pieces, st.sampled_from(["\n\n", "\n\n", "\n", "\n\n\n"])), min_size=1, max_size=10
).map(lambda blocks: _numbered("".join(block + gap for block, gap in blocks)))


@pytest.mark.parametrize("unit", MEASURES)
@settings(max_examples=300)
@given(text=documents, limit=st.integers(60, 400))
def test_any_text_goes_whole_into_messages_within_any_limit(unit: str, text: str, limit: int) -> None:
    parts = parts_of(text, within(limit, MEASURES[unit]))
    for part in parts:
        assert MEASURES[unit](part.rstrip()) <= limit
        assert part.strip()
    for part in parts[:-1]:
        assert holds_something(part), part
        assert open_fence(part) == "", part
    words = undecorated("\n".join(parts))
    assert re.findall(r"w\d+w", words) == re.findall(r"w\d+w", text)


@settings(max_examples=300)
@given(
    text=st.text(st.sampled_from("ab1 \n`~|-*_#>.[]()<:!\\👍🏽\u0301\u200d汉。"), max_size=400),
    limit=st.integers(60, 120),
)
def test_even_nonsense_is_cut_without_loss(text: str, limit: int) -> None:
    parts = parts_of(text, within(limit))
    assert all(len(part.rstrip()) <= limit and part.strip() for part in parts)


@settings(max_examples=200)
@given(text=documents, limit=st.integers(60, 300), data=st.data())
def test_what_is_appended_later_does_not_change_what_was_cut(
    text: str, limit: int, data: st.DataObject
) -> None:
    whole = cut(text, within(limit))
    known = data.draw(st.integers(0, len(text)))
    early = cut(text[:known], within(limit))
    if early is not None:
        assert whole is not None
        assert early.head == whole.head


@settings(max_examples=200)
@given(text=documents, limit=st.integers(80, 300), step=st.integers(1, 40))
def test_a_growing_text_ends_with_every_word_once_too(text: str, limit: int, step: int) -> None:
    heads, tail = [], ""
    for start in range(0, len(text), step):
        tail += text[start : start + step]
        while (found := cut(tail, within(limit))) is not None:
            heads.append(found.head)
            tail = found.rest
    words = undecorated("\n".join([*heads, tail]))
    assert re.findall(r"w\d+w", words) == re.findall(r"w\d+w", text)
    assert all(open_fence(head) == "" for head in heads)


def test_the_limit_is_asked_for_only_a_few_times() -> None:
    text = "Some words that make a sentence. " * 3000
    asked = 0

    def fits(part: str) -> bool:
        nonlocal asked
        asked += 1
        return len(part) <= 2000

    assert cut(text, fits) is not None
    assert asked < 25


def test_a_long_answer_is_cut_in_time_that_follows_its_length() -> None:
    text = ("A sentence with **bold** words and a [link](https://example.com/path).\n" * 12 + "\n") * 115
    assert len(text) > 95_000
    begun = perf_counter()
    parts = parts_only(text, within(2000))
    assert len(parts) >= 48
    assert perf_counter() - begun < 5


def parts_only(text: str, fits: Callable[[str], bool]) -> list[str]:
    parts = []
    while (found := cut(text, fits)) is not None:
        parts.append(found.head)
        text = found.rest
    return [*parts, text]


@pytest.mark.parametrize(
    "text", ["`" * 5000, "[" * 5000, "<a" * 3000, "**a " * 2000, "> " * 3000, "|" * 5000, "- " * 3000]
)
def test_hostile_text_is_cut_in_time(text: str) -> None:
    begun = perf_counter()
    parts = parts_only(text, within(2000))
    assert all(len(part.rstrip()) <= 2000 for part in parts)
    assert perf_counter() - begun < 5


def test_combining_marks_without_end_are_cut_somewhere() -> None:
    text = "a" + "\u0301" * 500
    parts = parts_of(text, within(100))
    assert "".join(parts) == text
    assert unicodedata.combining(parts[1][0])
