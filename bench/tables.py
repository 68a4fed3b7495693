"""Tables in Markdown. Pure."""

import math
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table with a head."""
    rule = "|" + "---|" * len(head)
    return "\n".join(
        ["| " + " | ".join(head) + " |", rule, *("| " + " | ".join(one) + " |" for one in lines)]
    )


def number(value: float) -> str:
    """A figure with as many digits as anybody wants to read."""
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if value == int(value) or value >= 1000 else f"{value:.2f}"
