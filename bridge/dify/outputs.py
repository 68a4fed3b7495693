"""What a flow puts out at its end, as a text. Pure."""

from collections.abc import Mapping

from bridge.dify.app_files import is_file
from bridge.dify.shapes import one_line, text_of, written

MOST_OUTPUTS = 50
# Data that is to be read by machines is shown so far.
LONGEST_VALUE_CHARACTERS = 10_000
LONGEST_NAME_CHARACTERS = 100


def answer_in(outputs: Mapping[str, object]) -> str:
    """The answer of a flow that converses, or the only text that another one puts out; else empty."""
    if answer := text_of(outputs, "answer"):
        return answer
    told = _told(outputs)
    if len(told) == 1:
        (value,) = told.values()
        return written(value) if isinstance(value, str) else ""
    return ""


def result_in(outputs: Mapping[str, object]) -> str:
    """All outputs: a single text as it is; several, each after its name; what is no text as JSON. Files are
    not told here."""
    told = _told(outputs)
    if len(told) == 1:
        return _value(next(iter(told.values())))
    lines = (
        f"**{one_line(name, LONGEST_NAME_CHARACTERS)}**: {_value(value)}" for name, value in told.items()
    )
    return "\n".join(lines)


def _told(outputs: Mapping[str, object]) -> dict[str, object]:
    """What there is to be told, at most so many."""
    said = {
        name: value for name, value in outputs.items() if value not in (None, "", []) and not is_file(value)
    }
    return dict(list(said.items())[:MOST_OUTPUTS])


def _value(value: object) -> str:
    text = written(value)
    if isinstance(value, str) or len(text) <= LONGEST_VALUE_CHARACTERS:
        return text
    return f"{text[:LONGEST_VALUE_CHARACTERS]}…"
