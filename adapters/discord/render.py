"""What a `Body` looks like in Discord. Pure."""

from bridge.markdown import complete, utf16_length
from bridge.types import Body

CONTENT_LIMIT = 1_990


def render(body: Body) -> str:
    text = body.text if body.final else complete(body.text)
    return "\n\n".join(part for part in (text, body.notice and f"-# {body.notice}") if part.strip())


def fits(body: Body) -> bool:
    return utf16_length(render(body)) <= CONTENT_LIMIT
