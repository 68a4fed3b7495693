"""What is remembered of late, and of what came first no longer."""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")


def bound(remembered: "OrderedDict[K, T]", most: int) -> None:
    """Forget the oldest where there is one more than `most`."""
    if len(remembered) > most:
        remembered.popitem(last=False)
