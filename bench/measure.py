"""What people saw, against what Dify had written: the figures of one answer and of a whole scenario. Pure.

Times are seconds on one monotonic clock. A position is a number of characters of the answer's text.
"""

import itertools
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.texts import Word, words
from sandbox.dify import Written
from sandbox.dify.types import TOKEN_CHARACTERS

SAMPLE_EVERY_SECONDS = 0.1
# As many characters of the answer have to be on screen before anybody would say that it has begun.
FIRST_TEXT_CHARACTERS = 4
# A closing notice is a sentence; the languages and table heads that a renderer repeats are single words.
NOTICE_WORDS = 3
_LONGEST_WORD = 40

_PLAIN = re.compile(r"[A-Za-z0-9']+")


@dataclass(frozen=True, slots=True)
class Frame:
    """From `at` on, `message` reads `text`; a message that is gone reads nothing."""

    at: float
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Track:
    """Everything about one answer. `text` is the whole answer, `written` how much of it Dify had sent when,
    `frames` what its messages showed in order of time; messages sort by name as they stand on screen."""

    text: str
    written: tuple[Written, ...]
    frames: tuple[Frame, ...]
    cut: bool = False
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Seconds; `inf` for what never came. `ages` are the samples of staleness. `torn` counts the messages
    that in the end have a block of code begun and not ended, or the other way round."""

    first_text: float
    ages: tuple[float, ...]
    last_words: float
    words: int
    lost: int
    repeated: int
    disordered: int
    torn: int
    open: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """From `at` on, the answer could be read up to this position."""

    at: float
    position: int


def figures(track: Track) -> AnswerFigures:
    """The figures of one answer. A question that Dify was never asked has lost every word."""
    expected = expected_words(track)
    if not track.written:
        return AnswerFigures(math.inf, (), math.inf, len(expected), len(expected), 0, 0, 0, open=True)
    seen = _readings(track.frames, words(track.text), len(track.text))
    began, ended = track.written[0].at, track.written[-1].at
    shown = list(_shown(track.frames).values())
    numbers = _numbers(shown)
    missing = {word.number for word in expected} - set(numbers)
    complete_at = _complete_at(seen, expected)
    return AnswerFigures(
        first_text=_first_at(seen) - began,
        ages=tuple(_ages(seen, track.written)),
        last_words=max(0.0, complete_at - ended),
        words=len(expected),
        lost=len(missing),
        repeated=len(numbers) - len(set(numbers)),
        disordered=sum(later < earlier for earlier, later in itertools.pairwise(numbers)),
        torn=sum(text.count("```") % 2 for text in shown),
        open=track.streaming or bool(missing) or (track.cut and not has_notice(track)),
    )


def is_complete(track: Track) -> bool:
    """Whether the screen shows everything that it should in the end. Cheap enough to ask now and then."""
    if not track.written or track.streaming:
        return False
    numbers = set(_numbers(list(_shown(track.frames).values())))
    whole = all(word.number in numbers for word in expected_words(track))
    return whole and (not track.cut or has_notice(track))


def expected_words(track: Track) -> list[Word]:
    """The words that Dify had sent whole; all of them, if it was never asked."""
    sent = track.written[-1].characters if track.written else len(track.text)
    return [word for word in words(track.text) if word.end <= sent]


def has_notice(track: Track) -> bool:
    """Whether the messages also say something that is not part of the answer."""
    own = set(_PLAIN.findall(track.text))
    shown = "\n".join(_shown(track.frames).values())
    return sum(word not in own for word in _PLAIN.findall(shown)) >= NOTICE_WORDS


def lateness(track: Track, tokens_per_second: float) -> list[float]:
    """By how much each piece of the answer was written after its time, which is that of its first token."""
    began, before = track.written[0].at if track.written else 0.0, 0
    late = []
    for piece in track.written:
        late.append(piece.at - began - before / TOKEN_CHARACTERS / tokens_per_second)
        before = piece.characters
    return late


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _shown(frames: Iterable[Frame]) -> Mapping[str, str]:
    """What stands on screen after all of these frames, in the order of the messages."""
    texts: dict[str, str] = {}
    for frame in frames:
        texts[frame.message] = frame.text
    return {message: texts[message] for message in sorted(texts)}


def _numbers(messages: Sequence[str]) -> list[int]:
    """The numbers of the words on screen, as they stand. One that a message border cuts in two is whole."""
    numbers = [word.number for word in words(messages[0])] if messages else []
    for above, below in itertools.pairwise(messages):
        here = [word.number for word in words(below)]
        split = _across(above, below)
        numbers += here if split is None or here[:1] == [split] else [split, *here]
    return numbers


def _across(above: str, below: str) -> int | None:
    """The word that begins in one message and ends in the next."""
    end = above[-_LONGEST_WORD:]
    for word in words(end + below[:_LONGEST_WORD]):
        if word.start < len(end) < word.end:
            return word.number
    return None


def _readings(frames: Iterable[Frame], answer: Sequence[Word], length: int) -> list[_Seen]:
    """How far the answer could be read, after each frame."""
    numbers: dict[str, frozenset[int]] = {}
    texts: dict[str, str] = {}
    seen = []
    for frame in frames:
        texts[frame.message] = frame.text
        numbers[frame.message] = frozenset(word.number for word in words(frame.text))
        order = sorted(texts)
        split = {_across(texts[above], texts[below]) for above, below in itertools.pairwise(order)}
        visible = split.union(*numbers.values())
        first_missing = next((word for word in answer if word.number not in visible), None)
        if first_missing is None:
            position = length
        else:
            position = first_missing.start + _begun(first_missing, answer, texts)
        seen.append(_Seen(frame.at, position))
    return seen


def _begun(word: Word, answer: Sequence[Word], texts: Mapping[str, str]) -> int:
    """How many characters of a word can be read already: those that follow on the word before it."""
    before = answer[word.number - 1].text if word.number else ""
    for text in texts.values():
        at = text.find(before)
        follows = _PLAIN.search(text, at + len(before)) if at >= 0 else None
        if follows is not None and word.text.startswith(follows[0]):
            return len(follows[0])
    return 0


def _first_at(seen: Iterable[_Seen]) -> float:
    return next((one.at for one in seen if one.position >= FIRST_TEXT_CHARACTERS), math.inf)


def _complete_at(seen: Sequence[_Seen], expected: Sequence[Word]) -> float:
    """Since when everything that came can be read, and stays."""
    complete_at = math.inf
    for one in reversed(seen):
        if expected and one.position < expected[-1].end:
            break
        complete_at = one.at
    return complete_at


def _ages(seen: Sequence[_Seen], written: Sequence[Written]) -> Iterable[float]:
    """The age of the oldest character that was written and cannot be read, sampled over the generation."""
    times = [one.at for one in seen]
    extents = [one.characters for one in written]
    began, ended = written[0].at, written[-1].at
    for number in range(math.floor((ended - began) / SAMPLE_EVERY_SECONDS) + 1):
        now = began + number * SAMPLE_EVERY_SECONDS
        frames = bisect_right(times, now)
        position = seen[frames - 1].position if frames else 0
        unread = bisect_right(extents, position)
        written_at = written[unread].at if unread < len(written) else math.inf
        yield max(0.0, now - written_at)
