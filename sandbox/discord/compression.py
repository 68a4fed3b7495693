"""Transport compression of the gateway: one context for each connection, flushed after every payload."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

Compress: TypeAlias = Callable[[bytes], bytes]


def compressor(name: str) -> Compress | None:
    """What to put every payload through; None where the payloads stay plain text.

    discord.py asks for zstd-stream wherever it can read it, and then so can we, in the same environment; a
    client elsewhere gets plain text, which discord.py reads as well.
    """
    match name:
        case "zlib-stream":
            return _zlib()
        case "zstd-stream":
            return _zstd()
    return None


def _zlib() -> Compress:
    context = zlib.compressobj()
    return lambda data: context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Compress | None:
    try:
        zstd = _module("compression.zstd")  # the standard library's, from Python 3.14 on
    except ImportError:
        pass
    else:
        context = zstd.ZstdCompressor()
        return lambda data: bytes(context.compress(data, mode=context.FLUSH_BLOCK))
    try:
        zstandard = _module("zstandard")
    except ImportError:
        return None
    stream = zstandard.ZstdCompressor().compressobj()
    return lambda data: bytes(stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))


def _module(name: str) -> Any:
    return importlib.import_module(name)
