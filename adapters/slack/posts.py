"""How a message of ours is found again in its thread: by the mark that it carries. Pure.

A posted message carries its key from the beginning. A stream takes a mark only when it ends, so that a
message without any is a stream that nobody has ended: its process was killed, or did not hear that it had
begun. Only files stand there without a mark for good.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from adapters.slack.fields import Json, text_of

# The event type of the metadata that makes the mark.
MARK_EVENT = "dify_bridge_reply"
# Instead of a key that is not known any more.
NO_KEY = "-"


@dataclass(frozen=True, slots=True)
class Found:
    """A message of ours, and whether it carries a mark."""

    ts: str
    text: str
    marked: bool


def mark(key: str) -> Json:
    """The metadata that says which post a message came from."""
    return {"event_type": MARK_EVENT, "event_payload": {"key": key or NO_KEY}}


def find_own(
    messages: Iterable[Json], bot_user_id: str, key: str, since: float, known: Collection[str]
) -> Found | None:
    """The message that was posted under `key`; else the first one from `since` on (seconds since 1970) that
    has no mark at all. Those whose `ts` is `known` are not looked for."""
    own = [one for one in map(_read, messages) if one.user == bot_user_id and one.ts not in known]
    for one in own:
        if one.key == key:
            return Found(one.ts, one.text, marked=True)
    for one in own:
        if one.key is None and one.sent_at >= since:
            return Found(one.ts, one.text, marked=False)
    return None


@dataclass(frozen=True, slots=True)
class _Said:
    """`key` is None where there is no mark."""

    ts: str
    user: str
    text: str
    key: str | None

    @property
    def sent_at(self) -> float:
        try:
            return float(self.ts)
        except ValueError:
            return 0.0


def _read(message: Json) -> _Said:
    key: str | None = None
    match message.get("metadata"):
        case {"event_payload": {"key": str(found)}}:
            key = found
        case {"event_type": str()}:
            key = NO_KEY
        case _ if message.get("files"):
            key = NO_KEY
    return _Said(text_of(message, "ts"), text_of(message, "user"), text_of(message, "text"), key)
