"""Telling a model's thoughts from its answer, where both arrive in one text."""

import re
from dataclasses import dataclass

from bridge.markdown.blocks import blocks, scan
from bridge.markdown.inline import Is, parse
from bridge.markdown.plain import plain

_OPEN = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
# The longest closing tag that may have arrived in part.
_HALF_CLOSE = re.compile(r"<(?:/(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?)?\Z", re.IGNORECASE)

# Each costs a look at what is left of the text; nobody thinks so often in one answer.
_MAX_THOUGHTS = 500


@dataclass(frozen=True, slots=True)
class Thinking:
    """`answer` is what to show, `thought` what to leave out; `open` says that the thought goes on."""

    answer: str
    thought: str
    open: bool


def strip_thinking(text: str) -> Thinking:
    """Take every `<think>...</think>` out of a text that may still grow. In code, the tag is just text."""
    thoughts: list[str] = []
    answer, position = "", 0
    while len(thoughts) < _MAX_THOUGHTS and (match := _thought(text, position)) is not None:
        answer = _join(answer, text[position : match.start()], first=not thoughts)
        end = _CLOSE.search(text, match.end())
        if end is None:
            thoughts.append(_HALF_CLOSE.sub("", text[match.end() :]).strip())
            return Thinking(answer, _paragraphs(thoughts), open=True)
        thoughts.append(text[match.end() : end.start()].strip())
        position = end.end()
    answer = _join(answer, text[position:], first=not thoughts)
    return Thinking(answer, _paragraphs(thoughts), open=False)


def _thought(text: str, position: int) -> re.Match[str] | None:
    """The first opening tag from `position` on that is not code."""
    if _OPEN.search(text, position) is None:
        return None
    for block in blocks(scan(text[position:])):
        if block[0].fence is None and (
            match := _outside_ticks(text, position + block[0].start, position + block[-1].end)
        ):
            return match
    return None


def _outside_ticks(text: str, start: int, end: int) -> re.Match[str] | None:
    first = _OPEN.search(text, start, end)
    if first is None or "`" not in text[start : first.start()]:
        return first
    for token in parse(text[start:end]).tokens:
        if token.kind is not Is.CODE and (
            match := _OPEN.search(text, start + token.start, start + token.end)
        ):
            return match
    return None


def _join(answer: str, more: str, *, first: bool) -> str:
    """The white space around a thought goes with it, where it would begin the answer."""
    return answer + more if first or answer.strip() else more.lstrip()


def _paragraphs(thoughts: list[str]) -> str:
    return "\n\n".join(thought for thought in thoughts if thought)


def aside(thought: str, limit: int) -> str:
    """The end of a thought, as a short quotation."""
    words = " ".join(plain(thought).split())
    return f"> *…{words[-limit:]}*" if words else ""
