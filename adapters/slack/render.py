"""What a `Body` looks like in Slack. Pure."""

from dataclasses import dataclass

from bridge.markdown import complete
from bridge.types import Body

MESSAGE_LIMIT = 11_000
FALLBACK_LIMIT = 3_900


@dataclass(frozen=True, slots=True)
class Rendered:
    """The arguments of a message."""

    blocks: tuple[dict[str, object], ...]
    text: str


def render(body: Body) -> Rendered:
    text = neutralise(body.text if body.final else complete(body.text))
    notice = neutralise(body.notice)
    blocks: list[dict[str, object]] = []
    if text.strip():
        blocks.append({"type": "markdown", "text": text})
    if notice:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": notice}]})
    return Rendered(tuple(blocks), (text or notice)[:FALLBACK_LIMIT])


def fits(body: Body) -> bool:
    return len(neutralise(body.text)) <= MESSAGE_LIMIT


def neutralise(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")
