"""Whatever a server sends, the decoder neither fails nor hangs, nor keeps more than it should."""

import json
import resource
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.dify.app_files import MOST_FILES
from bridge.dify.events import Received, decode
from bridge.dify.frames import Frame, FrameSplitter
from bridge.dify.human import MOST_FORMS
from bridge.dify.sources import MOST_SOURCES
from bridge.dify.turn import MAX_CHARACTERS, Turn, Update
from bridge.errors import DifyError
from tests.dify.mutations import SAMPLES, Mutator

FRAMES_AT_HAND = 20_000
# Python takes its time where it weighs everything.
FRAMES_TRACED = 3_000
ALL_FRAMES = 1_000_000
FRAMES_OF_A_TURN = 40
# A follower does not look at every state either.
FRAMES_BETWEEN_CHECKS = 7
MEGABYTE = 1024 * 1024
# What one turn and one frame of those made here may weigh, several times over.
MOST_MEGABYTES = 48
MOST_MEGABYTES_TRACED = 8
# All of a turn at its bound, in characters of four bytes, and once more while its pieces are joined.
MOST_MEGABYTES_OF_A_TURN = 12 * MAX_CHARACTERS // MEGABYTE
# Of the processor's time; the slowest takes some milliseconds.
LONGEST_FRAME_SECONDS = 1.0


@contextmanager
def weighed(most_megabytes: int) -> Iterator[None]:
    """Within the block, never more is kept than that."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= most_megabytes * MEGABYTE, f"{peak / MEGABYTE:.1f} MB were kept at a time"


def follow(seed: int, frames: int) -> tuple[int, float]:
    """Follow so many mutated frames through turn after turn; gives how many of the turns were refused, and
    the longest time that a frame took, in seconds."""
    mutator, refused, longest = Mutator(seed), 0, 0.0
    splitter, turn = FrameSplitter(), Turn(["mine"])
    for number in range(frames):
        if number % FRAMES_OF_A_TURN == 0:
            # Every other one is followed after a decision.
            splitter, turn = FrameSplitter(), Turn(["mine"], followed=number % 80 == 0)
        data = mutator.frame()
        began = time.thread_time()
        cut = number % (len(data) + 1)
        try:
            for frame in (*splitter.feed(data[:cut]), *splitter.feed(data[cut:])):
                turn.take(decode(frame))
            if number % FRAMES_BETWEEN_CHECKS == 0:
                check(turn)
        except DifyError:
            refused += 1
            splitter, turn = FrameSplitter(), Turn()
        longest = max(longest, time.thread_time() - began)
    return refused, longest


def check(turn: Turn) -> None:
    """What holds for every turn whatever came."""
    update = turn.update
    assert len(update.text) + len(update.thought) <= MAX_CHARACTERS
    assert len(update.files) <= MOST_FILES
    assert len(update.sources) <= MOST_SOURCES
    assert len(update.forms) <= MOST_FORMS
    assert "\n" not in update.step
    assert not any("/" in file.name for file in update.files)
    said(update).encode()
    assert turn.read_on_seconds is None or turn.read_on_seconds >= 0


def said(update: Update) -> str:
    """Every text that may be shown."""
    files = (f"{file.name}{file.url}{file.media_type}{file.id}" for file in update.files)
    sources = (f"{source.document}{source.dataset}{source.page}" for source in update.sources)
    forms = (f"{form.title}{form.content}{form.fields}{form.actions}" for form in update.forms)
    return "".join((update.text, update.thought, update.step, *files, *sources, *forms))


def test_mutated_frames_are_followed_in_time_and_memory() -> None:
    before = peak_megabytes()
    _, longest = follow(seed=1, frames=FRAMES_AT_HAND)
    assert longest < LONGEST_FRAME_SECONDS
    assert peak_megabytes() - before <= MOST_MEGABYTES


def test_nothing_of_mutated_frames_is_kept_beyond_their_turn() -> None:
    with weighed(MOST_MEGABYTES_TRACED):
        follow(seed=3, frames=FRAMES_TRACED)


@pytest.mark.fuzz
def test_a_million_mutated_frames_are_followed_within_bounds() -> None:
    before = peak_megabytes()
    began = time.monotonic()
    refused, longest = follow(seed=2, frames=ALL_FRAMES)
    grown = peak_megabytes() - before
    sys.stdout.write(
        f"{ALL_FRAMES} frames in {time.monotonic() - began:.0f} s, the slowest {longest * 1000:.1f} ms, "
        f"{refused} turns refused, {grown:.1f} MB more at the peak\n"
    )
    assert longest < LONGEST_FRAME_SECONDS
    assert grown <= MOST_MEGABYTES


def peak_megabytes() -> float:
    """The most this process has ever held, in megabytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (MEGABYTE if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["event"]))
def test_the_same_event_without_end_is_refused_or_weighs_nothing(sample: dict[str, object]) -> None:
    turn = Turn()
    text = json.dumps(sample)
    with weighed(MOST_MEGABYTES_OF_A_TURN):
        try:
            for number in range(3000):
                # Every id, title and text is another one.
                turn.take(
                    decoded(
                        text.replace('"5ad498b6"', f'"{number}{"y" * 250}"').replace(
                            "Hello", f"{number}" * 200
                        )
                    )
                )
        except DifyError:
            return
        check(turn)


def decoded(text: str) -> Received:
    return decode(Frame("", text.encode()))


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65530 + b"\n", b"data:\n" * 10_000])
def test_an_event_that_never_ends_is_refused(piece: bytes) -> None:
    splitter = FrameSplitter(max_frame_bytes=4 * MEGABYTE)
    with weighed(8), pytest.raises(DifyError):
        feed_for_ever(splitter, piece)


def feed_for_ever(splitter: FrameSplitter, piece: bytes) -> None:
    for _ in range(100_000):
        splitter.feed(piece)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({str(sample["event"]) for sample in SAMPLES}))
KEYS = st.sampled_from(
    [
        "answer",
        "url",
        "id",
        "files",
        "metadata",
        "data",
        "status",
        "outputs",
        "reasons",
        "message",
        "observation",
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, st.dictionaries(KEYS, JSON, max_size=4), st.dictionaries(KEYS, JSON, max_size=4)),
        max_size=4,
    )
)
def test_events_of_any_shape_are_followed(
    events: list[tuple[str, dict[str, object], dict[str, object]]],
) -> None:
    turn = Turn()
    for name, fields, data in events:
        turn.take(decoded(json.dumps({"data": data, **fields, "event": name})))
        check(turn)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_are_followed(pieces: list[bytes]) -> None:
    splitter, turn = FrameSplitter(), Turn()
    for piece in pieces:
        for frame in splitter.feed(piece):
            turn.take(decode(frame))
            check(turn)
