"""The sentences in Japanese."""

from collections.abc import Mapping

JAPANESE: Mapping[str, str] = {}
