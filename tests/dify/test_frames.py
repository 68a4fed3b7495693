"""Bytes become the same events however they are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dify.events import Ignored, decode
from bridge.dify.frames import Frame, FrameSplitter
from bridge.errors import DifyNotDify

DATA = st.text(st.characters(exclude_characters="\r\n", codec="utf-8")).map(str.encode)


@given(
    data=st.lists(DATA, min_size=1, max_size=6),
    ends=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 500)),
)
def test_any_cutting_and_either_line_end_give_the_same_events(
    data: list[bytes], ends: list[bytes], cuts: list[int]
) -> None:
    line_ends = itertools.cycle(ends)
    stream = b"".join(b"data: " + one + next(line_ends) + next(line_ends) for one in data)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    splitter = FrameSplitter()
    frames = [frame for a, b in itertools.pairwise(edges) for frame in splitter.feed(stream[a:b])]
    assert frames == [Frame("", one) for one in data]


def test_signs_that_end_lines_elsewhere_do_not_here() -> None:
    data = "one\u2028two\u2029three\x85four\x0bfive\x1csix".encode()
    assert FrameSplitter().feed(b"data: " + data + b"\n\n") == [Frame("", data)]


def test_a_ping_without_data_is_an_event() -> None:
    assert FrameSplitter().feed(b": comment\nevent: ping\n\n\n\n") == [Frame("ping", b"")]


def test_megabytes_in_one_line_are_read_in_linear_time() -> None:
    splitter = FrameSplitter()
    line = b"data: " + b"x" * 5_000_000 + b"\n\n"
    frames = [frame for at in range(0, len(line), 4096) for frame in splitter.feed(line[at : at + 4096])]
    assert [len(frame.data) for frame in frames] == [5_000_000]


def test_a_line_without_end_is_refused() -> None:
    splitter = FrameSplitter(max_frame_bytes=1000)
    for _ in range(10):
        splitter.feed(b"x" * 100)
    with pytest.raises(DifyNotDify):
        splitter.feed(b"x")


def test_very_many_lines_in_one_event_are_read_in_linear_time_and_bounded() -> None:
    frames = FrameSplitter().feed(b"data: x\n" * 200_000 + b"\n")
    assert [len(frame.data) for frame in frames] == [399_999]
    with pytest.raises(DifyNotDify):
        FrameSplitter(max_frame_bytes=1000).feed(b"data:\n" * 1001)


@given(st.binary())
def test_rubbish_is_never_a_surprise(data: bytes) -> None:
    for frame in FrameSplitter().feed(b"data: " + data + b"\n\n"):
        decode(frame)


@pytest.mark.parametrize("data", [b"[]", b"null", b'"x"', b"{", b'{"event": 7}', b'{"event": "brand_new"}'])
def test_what_is_not_known_is_ignored(data: bytes) -> None:
    assert isinstance(decode(Frame("", data)).event, Ignored)
