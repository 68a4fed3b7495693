"""Where files are to be had: addresses which Discord signs, and which end some time later. Pure.

Whoever knows an address may have the file, without a token; a changed or expired one finds nothing.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

LIFETIME_SECONDS = 24 * 3600
GONE = "This content is no longer available."

_SECRET = b"sandbox"


def address(channel_id: str, attachment_id: str, name: str, now: float) -> str:
    """Path and query."""
    path = f"/attachments/{channel_id}/{attachment_id}/{quote(name, safe='')}"
    issued, expires = f"{int(now):x}", f"{int(now) + LIFETIME_SECONDS:x}"
    return f"{path}?ex={expires}&is={issued}&hm={_signature(attachment_id, issued, expires)}"


def may_have(attachment_id: str, query: Mapping[str, str], now: float) -> bool:
    issued, expires = query.get("is", ""), query.get("ex", "")
    genuine = hmac.compare_digest(query.get("hm", ""), _signature(attachment_id, issued, expires))
    return genuine and now < int(expires, 16)


def _signature(attachment_id: str, issued: str, expires: str) -> str:
    signed = f"{attachment_id}:{issued}:{expires}".encode()
    return hmac.new(_SECRET, signed, hashlib.sha256).hexdigest()
