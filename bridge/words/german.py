"""The sentences in German."""

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {}
