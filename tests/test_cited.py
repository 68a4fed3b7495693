"""Sources as short lines."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.cited import LINE_CHARACTERS, MOST_SOURCES, source_lines
from bridge.dify import Source

SOURCES = st.builds(Source, st.text(max_size=200), st.text(max_size=100), st.text(max_size=6))


def test_a_line_names_document_page_and_knowledge() -> None:
    assert source_lines([Source("a.pdf", "Wiki", "3"), Source("b.md", "", "")]) == (
        "a.pdf, page 3 (Wiki)",
        "b.md",
    )


def test_a_long_name_is_cut_but_not_its_page() -> None:
    (line,) = source_lines([Source("x" * 100, "Wiki", "3")])
    assert line.endswith("…, page 3")


@given(st.lists(SOURCES, max_size=20))
def test_lines_are_few_and_short_and_count_the_rest(sources: list[Source]) -> None:
    lines = source_lines(sources)
    assert len(lines) == min(len(sources), MOST_SOURCES)
    more = len(sources) - MOST_SOURCES
    assert (f", and {more} more" in lines[-1] if lines else True) is (more > 0 or not lines)
    assert all(len(line) <= LINE_CHARACTERS + len(", and 15 more") for line in lines)
