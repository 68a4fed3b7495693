"""Telling a model's thoughts from its answer, where both arrive in one text."""

import re
from dataclasses import dataclass

from bridge.markdown.blocks import blocks, scan
from bridge.markdown.inline import Is, parse

# Dify 0.15 writes a thought as `<details style="..." open> <summary> Thinking... </summary> ... </details>`.
_OPEN = re.compile(
    r"<(?:think(?:ing)?>|(?P<details>details)(?:\s[^<>]*)?>\s*<summary>\s*thinking[\s.…]*</summary>)",
    re.IGNORECASE,
)
_HALF_DETAILS = re.compile(
    r"<details(?:\s[^<>]*)?(?:>\s*(?:<[a-z]{0,7}|<summary>[\sa-z.…]{0,30}(?:</?[a-z]{0,7})?)?)?\Z",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_DETAILS = re.compile(r"<(/?)details(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSING_TAGS = ("</think>", "</thinking>", "</details>")

# Each costs a look at what is left of the text; nobody thinks so often in one answer.
_MAX_THOUGHTS = 500


@dataclass(frozen=True, slots=True)
class Thinking:
    """`answer` is what to show, `thought` what to leave out; `open` says that the thought goes on."""

    answer: str
    thought: str
    open: bool


def strip_thinking(text: str) -> Thinking:
    """Take every `<think>...</think>` out of a text that may still grow. In code, the tag is just text.

    The same with what Dify 0.15 makes of it. A text without any such tag costs one search.
    """
    if "<" not in text or (_OPEN.search(text) is None and _HALF_DETAILS.search(text) is None):
        return Thinking(text, "", open=False)
    thoughts: list[str] = []
    answer, position = "", 0
    while len(thoughts) < _MAX_THOUGHTS and (match := _thought(text, position)) is not None:
        answer = _join(answer, text[position : match.start()], first=not thoughts)
        end = _end(text, match)
        if end is None:
            thoughts.append(_without_half_close(text[match.end() :]).strip())
            return Thinking(answer, _paragraphs(thoughts), open=True)
        thoughts.append(text[match.end() : end.start()].strip())
        position = end.end()
    half = _thought(text, position, _HALF_DETAILS)
    if half is not None:
        answer = _join(answer, text[position : half.start()], first=not thoughts)
        return Thinking(answer, _paragraphs(thoughts), open=True)
    answer = _join(answer, text[position:], first=not thoughts)
    return Thinking(answer, _paragraphs(thoughts), open=False)


def _end(text: str, opened: re.Match[str]) -> re.Match[str] | None:
    """The tag that closes the thought; other details that it may hold are closed before."""
    if opened["details"] is None:
        return _CLOSE.search(text, opened.end())
    depth = 1
    for tag in _DETAILS.finditer(text, opened.end()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag
    return None


def _without_half_close(thought: str) -> str:
    begin = thought.rfind("<")
    half = thought[begin:].lower() if begin >= 0 else "-"
    return thought[:begin] if any(tag.startswith(half) for tag in _CLOSING_TAGS) else thought


def _thought(text: str, position: int, tag: re.Pattern[str] = _OPEN) -> re.Match[str] | None:
    """The first such tag from `position` on that is not code."""
    if tag.search(text, position) is None:
        return None
    for block in blocks(scan(text[position:])):
        if block[0].fence is None and (
            match := _outside_ticks(text, position + block[0].start, position + block[-1].end, tag)
        ):
            return match
    return None


def _outside_ticks(text: str, start: int, end: int, tag: re.Pattern[str]) -> re.Match[str] | None:
    first = tag.search(text, start, end)
    if first is None or "`" not in text[start : first.start()]:
        return first
    code = [token for token in parse(text[start:end]).tokens if token.kind is Is.CODE]
    for match in tag.finditer(text, start, end):
        if not any(token.start <= match.start() - start < token.end for token in code):
            return match
    return None


def _join(answer: str, more: str, *, first: bool) -> str:
    """The white space around a thought goes with it, where it would begin the answer."""
    return answer + more if first or answer.strip() else more.lstrip()


def _paragraphs(thoughts: list[str]) -> str:
    return "\n\n".join(thought for thought in thoughts if thought)
