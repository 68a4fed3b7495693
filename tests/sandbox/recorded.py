"""Transcripts of real servers, where they lie beside this checkout."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer of a real server."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The object that it is."""
        fields = json.loads(self.body)
        assert isinstance(fields, dict)
        return fields

    @property
    def shape(self) -> object:
        """The names and kinds of what its JSON holds."""
        return shape(self.json)

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: ")]


def recording(name: str) -> Recording:
    """A transcript by its name; the test is skipped loudly where there is none."""
    path = RECORDINGS / f"{name}.http"
    if not path.exists():
        pytest.skip(f"NO RECORDING: {name} is not beside this checkout")
    lines = path.read_text(encoding="utf-8").splitlines()
    status = [int(line.split()[1]) for line in lines if line.startswith("HTTP/1.1 ")][-1]
    kinds = [line.partition(": ")[2] for line in lines if line.startswith("Content-Type: ")]
    return Recording(status, kinds[-1], path.with_suffix(".sse").read_bytes())


def shape(value: object) -> object:
    """Names and kinds, without values; of a list, those of its first item."""
    if isinstance(value, Mapping):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    if isinstance(value, bool) or value is None:
        return str(type(value).__name__)
    return "number" if isinstance(value, (int, float)) else "text"
