"""Words where there is little room: on buttons, in forms, as names. Pure."""

from bridge.markdown import breaks_at, utf16_length, whole

_UNIT_BYTES = 2


def label(text: str, limit: int, otherwise: str = "") -> str:
    """The text on one line of at most `limit` UTF-16 units; `otherwise` where there is none."""
    return shortened(" ".join(text.split()) or otherwise, limit)


def shortened(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units of it. What is cut ends after a visible character, with an ellipsis."""
    text = whole(text)
    if utf16_length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: _UNIT_BYTES * (limit - 1)].decode("utf-16-le", "ignore")
    end = len(kept)
    while end and not breaks_at(text, end):
        end -= 1
    return f"{text[:end].rstrip()}…"
