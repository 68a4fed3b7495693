"""The file of results keeps what one command found while another one is run again."""

from pathlib import Path

from bench.results import Part, keep, replaced


def test_a_part_takes_the_place_of_its_own_last_time_only() -> None:
    text = replaced("", Part.DURABILITY, "## Durability\n\nold")
    text = replaced(text, Part.ANSWERS, "## Answers")
    text = replaced(text, Part.DURABILITY, "## Durability\n\nnew\n")
    assert "old" not in text
    assert [text.count(word) for word in ("## Answers", "new", "# What was measured")] == [1, 1, 1]


def test_the_parts_stand_in_their_order_whoever_came_first() -> None:
    text = replaced(replaced("", Part.CHAOS, "third"), Part.ANSWERS, "first")
    assert text.index("first") < text.index("third")


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    keep(Part.ANSWERS, "## Answers\n\n| a |\n", path)
    before = path.read_text()
    keep(Part.ANSWERS, "## Answers\n\n| a |\n", path)
    assert path.read_text() == before
