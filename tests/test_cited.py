"""Sources as short lines."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.cited import LINE_CHARACTERS, MOST_SOURCES, source_lines, source_list
from bridge.dify import Source

SOURCES = st.builds(
    Source, st.text(max_size=200), st.text(max_size=100), st.text(max_size=6), st.text(max_size=300)
)


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


def test_a_list_has_the_words_that_were_found() -> None:
    listed = source_list([Source("a.pdf", "Wiki", "3", "Thirty\ndays."), Source("b.md", "", "")], 1_000)
    assert listed == "1. a.pdf, page 3 (Wiki)\n> Thirty days.\n\n2. b.md"


def test_many_sources_have_less_room_each_and_then_none_for_what_was_found() -> None:
    def listed(count: int) -> str:
        return source_list([Source("a.pdf", "", "", "word " * 60)] * count, 600)

    few, more, many = (max(map(len, listed(count).splitlines())) for count in (2, 8, 30))
    assert few > more > many
    assert "word" in listed(8)
    assert "word" not in listed(30)


def test_what_there_is_no_room_for_is_counted() -> None:
    listed = source_list([Source("a.pdf", "", "")] * 30, 100)
    *shown, last = listed.splitlines()
    assert last == f"and {30 - len(shown)} more"
    assert len(shown) > 5


@given(st.lists(SOURCES, max_size=60), st.integers(200, 2_000))
def test_a_list_is_never_longer_than_it_may_be(sources: list[Source], most: int) -> None:
    listed = source_list(sources, most)
    assert len(listed) <= most
    assert bool(listed) is bool(sources)
