"""Files of messages, on their way to the page: what a browser may show of them, and where they are. Pure.

Whether it is shown is decided by how it begins, never by what somebody says that it is; all else is offered
for download only.
"""

from urllib.parse import quote

from sandbox.page.view import Attached

_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"OggS": "audio/ogg",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def media_type_of(content: bytes) -> str:
    """That of an image or a sound; empty for anything else."""
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12], "")
    return next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), "")


def attached(platform: str, message: str, number: int, name: str, content: bytes) -> Attached:
    shown = media_type_of(content).partition("/")[0]
    return Attached(name, shown, len(content), f"/file/{platform}/{quote(message)}/{number}")


def headers_of(name: str, content: bytes) -> dict[str, str]:
    """Those under which the file may be given to a browser."""
    media_type = media_type_of(content)
    kept = "" if media_type else f"attachment; filename*=UTF-8''{quote(name)}"
    return {
        "Content-Type": media_type or "application/octet-stream",
        "Content-Disposition": kept or "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
