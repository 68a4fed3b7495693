"""What the app of the demo draws and says: a small picture and a small tune, made on the spot. Pure."""

import io
import math
import struct
import wave
import zlib
from array import array

WIDTH, HEIGHT = 480, 270
DECK, WATER = 178, 206  # rows, from above
TOWERS = (132, 348)  # columns
TOWER_TOP, SAG = 62, 168
HANGER_EVERY = 18

SKY_ABOVE, SKY_BELOW = (44, 62, 110), (250, 190, 140)
WATER_ABOVE, WATER_BELOW = (96, 110, 150), (34, 48, 84)
STEEL, STEEL_DARK = (196, 66, 52), (120, 38, 36)

SAMPLES_PER_SECOND = 16_000
NOTE_SECONDS = 0.32
NOTES_HZ = (523.25, 659.25, 783.99, 1046.5)
LOUDNESS = 9_000

Colour = tuple[int, int, int]


def bridge_png() -> bytes:
    """A suspension bridge at dusk."""
    rows = [bytearray(bytes(_background(y)) * WIDTH) for y in range(HEIGHT)]
    for x in range(WIDTH):
        cable = _cable(x)
        if x % HANGER_EVERY == 0:
            _fill(rows, x, x + 1, cable, DECK, STEEL)
        _fill(rows, x, x + 1, cable - 1, cable + 2, STEEL_DARK)
    for x in TOWERS:
        _fill(rows, x - 6, x + 6, TOWER_TOP - 8, WATER + 26, STEEL)
        _fill(rows, x + 2, x + 6, TOWER_TOP - 8, WATER + 26, STEEL_DARK)
    _fill(rows, 0, WIDTH, DECK, DECK + 4, STEEL)
    _fill(rows, 0, WIDTH, DECK + 4, DECK + 9, STEEL_DARK)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def tune_wav() -> bytes:
    """Four notes, each fading away."""
    count = int(SAMPLES_PER_SECOND * NOTE_SECONDS)
    samples = array("h")
    for hertz in NOTES_HZ:
        turn = 2 * math.pi * hertz / SAMPLES_PER_SECOND
        samples.extend(int(LOUDNESS * (1 - at / count) * math.sin(turn * at)) for at in range(count))
    sink = io.BytesIO()
    with wave.open(sink, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(SAMPLES_PER_SECOND)
        written.writeframes(samples.tobytes())
    return sink.getvalue()


def _background(y: int) -> Colour:
    if y < WATER:
        return _between(SKY_ABOVE, SKY_BELOW, y / WATER)
    return _between(WATER_ABOVE, WATER_BELOW, (y - WATER) / (HEIGHT - WATER))


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _cable(x: int) -> int:
    """The row at which the cable hangs: parabolas between the towers, and from them to the shores."""
    left, right = TOWERS
    half = (right - left) / 2
    away = abs(x - WIDTH / 2) / half if left <= x <= right else abs(min(x, WIDTH - x)) / left
    return round(SAG - (SAG - TOWER_TOP) * min(1.0, away) ** 2)


def _fill(rows: list[bytearray], left: int, right: int, top: int, bottom: int, colour: Colour) -> None:
    for y in range(max(0, top), min(HEIGHT, bottom)):
        rows[y][left * 3 : right * 3] = bytes(colour) * (right - left)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
