"""The nouns of Markdown's block structure."""

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """The role of a line."""

    BLANK = auto()
    TEXT = auto()
    ITEM = auto()
    HEADING = auto()
    RULE = auto()
    FENCE_OPEN = auto()
    CODE = auto()
    FENCE_CLOSE = auto()
    TABLE_HEAD = auto()
    TABLE_DELIMITER = auto()
    TABLE_ROW = auto()


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block. `indent` is in columns; `inside` is the position after the opening marker."""

    start: int
    quote: str
    indent: int
    marker: str
    language: str
    inside: int

    @property
    def closer(self) -> str:
        return f"{self.quote}{' ' * self.indent}{self.marker}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose head is complete. `head` is the header row and the delimiter row, as written."""

    start: int
    head: str
    columns: int


@dataclass(frozen=True, slots=True)
class Item:
    """A list item. `indent` is the column of its marker, `number` what a reader sees in front of it.

    `first` says that the list begins with it; `parent` is the item that the list is nested in.
    """

    indent: int
    mark: str
    number: int | None
    literal: int | None
    first: bool
    parent: "Item | None"

    @property
    def renumbered(self) -> bool:
        """Whether the source says another number, as lists numbered 1. 1. 1. do."""
        return self.number != self.literal


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the source, without its line feed.

    `content` is the position where the line's own words begin: after quote marks, indentation and the marker
    of a list item or heading. `item` is the list item in which the line stands.
    """

    start: int
    text: str
    kind: Kind
    quote: str
    indent: int
    content: int
    item: Item | None = None
    fence: Fence | None = None
    table: Table | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def words(self) -> str:
        return self.text[self.content - self.start :]
