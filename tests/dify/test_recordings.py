"""Every event stream that a real Dify server sent is read completely, however the network cuts it."""

import itertools
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.dify.events import Received, decode
from bridge.dify.frames import FrameSplitter
from bridge.dify.turn import Ending, Turn

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    name: str
    body: bytes


def recordings() -> list[Recording]:
    return [
        Recording(path.stem, path.with_suffix(".sse").read_bytes())
        for path in sorted(RECORDINGS.glob("*.http"))
        if "Content-Type: text/event-stream" in path.read_text(encoding="utf-8", errors="replace")
    ]


FOUND = recordings()
every_recording = pytest.mark.parametrize("recording", FOUND, ids=lambda one: one.name)


def test_the_recordings_are_there() -> None:
    if not FOUND:
        pytest.skip("NO RECORDINGS: shared/reference/recordings is not beside this checkout")
    assert len(FOUND) > 100


def received(body: bytes, cuts: list[int]) -> list[Received]:
    splitter = FrameSplitter()
    edges = [0, *cuts, len(body)]
    chunks = [body[start:end] for start, end in itertools.pairwise(edges)]
    return [decode(frame) for chunk in chunks for frame in splitter.feed(chunk)]


def answers(body: bytes) -> str:
    """The answer as the data lines themselves give it, read without any of the code under test."""
    text = ""
    for line in body.split(b"\n"):
        if not line.startswith(b"data: "):
            continue
        try:
            fields = json.loads(line[len(b"data: ") :])
        except ValueError:
            continue
        if fields.get("event") in ("message", "agent_message"):
            text += fields["answer"]
        elif fields.get("event") == "text_chunk":
            text += fields["data"]["text"]
        elif fields.get("event") == "message_replace":
            text = fields["answer"]
    return text


@every_recording
def test_a_stream_says_the_same_however_it_is_cut(recording: Recording) -> None:
    body = recording.body
    whole = received(body, [])
    assert len(whole) == body.count(b"\ndata: ") + body.startswith(b"data: ") + body.count(b"event: ping\n")
    assert received(body, list(range(1, len(body)))) == whole
    # Cuts inside of characters of several bytes, and others by chance.
    inside = [at for at in range(1, len(body)) if body[at] & 0xC0 == 0x80]
    assert received(body, inside) == whole
    chance = random.Random(recording.name)  # noqa: S311  # no secret
    for _ in range(5):
        assert received(body, sorted(chance.sample(range(1, len(body)), min(20, len(body) - 1)))) == whole


@every_recording
def test_the_answer_is_all_that_was_streamed(recording: Recording) -> None:
    turn = Turn()
    for one in received(recording.body, []):
        turn.take(one)
    assert turn.text == answers(recording.body)


@every_recording
def test_a_turn_ends_the_way_its_stream_did(recording: Recording) -> None:
    turn = Turn()
    for one in received(recording.body, []):
        turn.take(one)
    names = {one.removeprefix('"event":').strip(' "') for one in events_of(recording.body)}
    if "error" in names or '"status":"failed"' in last_flow(recording.body):
        assert (turn.ending, turn.error is not None) == (Ending.FAILED, True)
    elif '"status":"stopped"' in last_flow(recording.body) and "message_end" not in names:
        assert turn.ending is Ending.STOPPED
    elif names & {"message_end", "workflow_finished"}:
        assert turn.ending in (Ending.COMPLETED, Ending.STOPPED)
    else:
        assert turn.ending is None


def events_of(body: bytes) -> list[str]:
    lines = [line for line in body.split(b"\n") if line.startswith(b"data: {")]
    found = []
    for line in lines:
        try:
            found.append(str(json.loads(line[6:]).get("event")))
        except ValueError:
            continue
    return found


def last_flow(body: bytes) -> str:
    """The last workflow_finished of the stream, in a compact spelling."""
    for line in reversed(body.split(b"\n")):
        if line.startswith(b"data: {") and b"workflow_finished" in line[:40]:
            fields = json.loads(line[6:])
            return json.dumps({"status": fields["data"]["status"]}, separators=(",", ":"))
    return ""
