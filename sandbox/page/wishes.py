"""What a visitor wishes to do, as the page sends it, checked. Pure."""

import binascii
import re
from base64 import b64decode

from sandbox.page.view import Upload

LONGEST_TEXT = 40_000
LONGEST_VALUE = 20_000
MOST_VALUES = 100
LONGEST_NAME = 200
LARGEST_FILE_BYTES = 5 * 1024 * 1024
# In base64, with some room for what stands around it.
LARGEST_REQUEST_BYTES = LARGEST_FILE_BYTES * 4 // 3 + (1 << 18)

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")


class Unreadable(ValueError):
    """The page would not send this."""


def upload_of(sent: object) -> tuple[Upload, ...]:
    """The file that goes with what is said, if any."""
    match sent:
        case None:
            return ()
        case {"name": str(name), "type": str(kind), "data": str(data), "voice": bool(voice)}:
            media_type = kind.partition(";")[0].strip().lower()
            if not _MEDIA_TYPE.fullmatch(media_type):
                media_type = "application/octet-stream"
            return (Upload(_plain_name(name), media_type, _bytes(data), voice),)
        case _:
            raise Unreadable("this is no file")


def values_of(sent: object) -> dict[str, str]:
    """What was filled in, by labels."""
    if not isinstance(sent, dict) or len(sent) > MOST_VALUES:
        raise Unreadable("this is no form")
    values = {label: value for label, value in sent.items() if isinstance(value, str)}
    if len(values) < len(sent) or any(len(value) > LONGEST_VALUE for value in values.values()):
        raise Unreadable("this cannot be filled in")
    return values


def _plain_name(name: str) -> str:
    kept = "".join(sign for sign in re.split(r"[/\\]", name)[-1] if sign.isprintable())
    return kept.strip(". ")[:LONGEST_NAME] or "file"


def _bytes(data: str) -> bytes:
    try:
        content = b64decode(data, validate=True)
    except binascii.Error as error:
        raise Unreadable("this is not base64") from error
    if not content or len(content) > LARGEST_FILE_BYTES:
        raise Unreadable(f"a file has 1 to {LARGEST_FILE_BYTES} bytes")
    return content
