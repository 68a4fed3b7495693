"""Server-sent events, cut out of bytes. Pure.

Lines end at LF or CRLF and nowhere else: Dify puts U+2028 and U+0085 into its data unescaped, and a reader
that takes those for line ends cuts an event in two.
"""

from dataclasses import dataclass

from bridge.errors import DifyNotDify

# A data line carries whole inputs and outputs of workflow nodes, megabytes at times. Beyond this it is abuse.
MAX_FRAME_BYTES = 32 * 1024 * 1024
# What is needed to hold a line besides its bytes.
LINE_WEIGHT_BYTES = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """One event: its name (empty when the server gave none) and its data as sent."""

    event: str
    data: bytes


class FrameSplitter:
    """Feed it bytes as they come, however they are cut; it gives the events that are complete."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._line: list[bytes] = []
        self._line_size = 0
        self._event = ""
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that end in this chunk. `DifyNotDify` when one grows beyond all bounds."""
        frames: list[Frame] = []
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            if self._line:
                piece = b"".join((*self._line, piece))
                self._line.clear()
                self._line_size = 0
            frame = self._take(piece.removesuffix(b"\r"))
            if frame is not None:
                frames.append(frame)
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            self._check()
        return frames

    def _take(self, line: bytes) -> Frame | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            # Each line counts by itself too, or endlessly many empty ones would weigh nothing.
            self._data_size += len(value) + LINE_WEIGHT_BYTES
            self._check()
        elif field == b"event":
            self._event = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> Frame | None:
        event, data = self._event, self._data
        self._event, self._data, self._data_size = "", [], 0
        return Frame(event, b"\n".join(data)) if event or data else None

    def _check(self) -> None:
        if self._line_size + self._data_size > self._max:
            raise DifyNotDify(f"an event is larger than {self._max} bytes")
