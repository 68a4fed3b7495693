"""The platforms' own descriptions of their APIs, where they are at hand."""

from pathlib import Path

OPENAPI = Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "discord-openapi.json"
