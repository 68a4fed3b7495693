"""The sentences in Chinese (simplified)."""

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {}
