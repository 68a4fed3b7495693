"""The name under which a message is found in Dify's logs as well as in ours."""

import hashlib
import re

from bridge.types import Message

# What Dify takes; it ignores anything else without a word.
LIMIT_CHARACTERS = 128
_HASH_CHARACTERS = 16
_SEPARATORS = str.maketrans(":.", "--")


def trace_id(message: Message) -> str:
    """The platform and the message's id there, such as `slack-T1-C1-1712345678-000100`. What that cannot
    hold, or would not tell apart, is told by a hash at its end."""
    name = f"{message.thread.platform}-{message.id}".translate(_SEPARATORS)
    readable = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    if readable == name and len(name) <= LIMIT_CHARACTERS:
        return name
    mark = hashlib.sha256(f"{message.thread.platform}:{message.id}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{readable[: LIMIT_CHARACTERS - _HASH_CHARACTERS - 1]}-{mark}"
