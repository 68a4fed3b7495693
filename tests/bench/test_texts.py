"""The answers of the benchmark can be read back word by word."""

import pytest

from bench.texts import WORD, Kind, answer_of, answer_text, words


@pytest.mark.parametrize("kind", Kind)
def test_a_text_is_exactly_as_long_as_its_kind_says_and_every_word_is_numbered(kind: Kind) -> None:
    text = answer_text(kind, 7, seed=1)
    assert len(text) == kind.value
    assert [word.number for word in words(text)] == list(range(len(words(text))))
    assert {found[1] for found in WORD.finditer(text)} == {"007"}
    assert answer_of(text) == 7


@pytest.mark.parametrize("seed", range(40))
def test_every_seed_gives_a_text_of_the_right_length(seed: int) -> None:
    for kind in Kind:
        text = answer_text(kind, seed, seed)
        assert len(text) == kind.value
        assert text.endswith(".")


def test_the_same_seed_gives_the_same_text() -> None:
    assert answer_text(Kind.MIXED, 3, seed=5) == answer_text(Kind.MIXED, 3, seed=5)
    assert answer_text(Kind.MIXED, 3, seed=5) != answer_text(Kind.MIXED, 3, seed=6)


def test_a_paragraph_has_no_line_break_and_a_mixed_text_has_code_and_a_table() -> None:
    assert "\n" not in answer_text(Kind.PARA, 0, seed=1)
    mixed = answer_text(Kind.MIXED, 0, seed=1)
    assert mixed.count("```") == 2
    assert "|---|" in mixed


def test_half_a_word_is_no_word() -> None:
    assert words("girder000000 girder00000001x girder0000001")[0].start == 29
