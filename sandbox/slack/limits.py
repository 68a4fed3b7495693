"""How often a method may be called: strict sliding windows, with no credit for bursts.

Slack's tiers read "20+", "50+", "100+ per minute" and forgive short bursts. These do not, so that a bridge
which stays within them stays within the real ones.
"""

import math
import time
from collections import deque
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds` seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """One window for each limited method; None lifts the limit.

    Each is per workspace, except `post`, which is per channel. The numbers: tiers 3, 2, 4 and 2 of
    docs.slack.dev/apis/web-api/rate-limits, and its "1 message per second per channel" for chat.postMessage;
    below them tier 3, tier 2 for what is removed, and tier 4; sessions are tier 3, and of statuses Slack only
    says that they are limited in their own way.
    """

    post: Window | None = Window(60, 60.0)
    update: Window | None = Window(50, 60.0)
    start_stream: Window | None = Window(20, 60.0)
    append_stream: Window | None = Window(100, 60.0)
    stop_stream: Window | None = Window(20, 60.0)
    replies: Window | None = Window(50, 60.0)
    history: Window | None = Window(50, 60.0)
    add_reaction: Window | None = Window(50, 60.0)
    remove_reaction: Window | None = Window(20, 60.0)
    whisper: Window | None = Window(100, 60.0)
    open_view: Window | None = Window(100, 60.0)
    update_view: Window | None = Window(100, 60.0)
    publish_view: Window | None = Window(100, 60.0)
    set_status: Window | None = Window(100, 60.0)
    set_session: Window | None = Window(50, 60.0)
    set_prompts: Window | None = Window(100, 60.0)
    set_title: Window | None = Window(100, 60.0)
    file_info: Window | None = Window(100, 60.0)
    begin_upload: Window | None = Window(100, 60.0)
    end_upload: Window | None = Window(100, 60.0)

    @classmethod
    def off(cls) -> "Limits":
        return cls(*(None for _ in fields(cls)))

    def window(self, method: str) -> Window | None:
        return {
            "chat.postMessage": self.post,
            "chat.update": self.update,
            "chat.startStream": self.start_stream,
            "chat.appendStream": self.append_stream,
            "chat.stopStream": self.stop_stream,
            "conversations.replies": self.replies,
            "conversations.history": self.history,
            "reactions.add": self.add_reaction,
            "reactions.remove": self.remove_reaction,
            "chat.postEphemeral": self.whisper,
            "views.open": self.open_view,
            "views.update": self.update_view,
            "views.publish": self.publish_view,
            "assistant.threads.setStatus": self.set_status,
            "agents.sessions.setStatus": self.set_session,
            "assistant.threads.setSuggestedPrompts": self.set_prompts,
            "assistant.threads.setTitle": self.set_title,
            "files.info": self.file_info,
            "files.getUploadURLExternal": self.begin_upload,
            "files.completeUploadExternal": self.end_upload,
        }.get(method)


class Meter:
    """Counts the calls that were let through. `limits` may be exchanged at any time; the count stays."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._spent: dict[tuple[str, str], deque[float]] = {}

    def charge(self, method: str, channel: str) -> int | None:
        """Count this call and return None, or leave it uncounted and return the seconds to wait."""
        window = self.limits.window(method)
        if window is None:
            return None
        now = time.monotonic()
        scope = (method, channel if method == "chat.postMessage" else "")
        spent = self._spent.setdefault(scope, deque())
        while spent and spent[0] <= now - window.seconds:
            spent.popleft()
        if len(spent) >= window.calls:
            # The call that has to leave the window first: after a shrinking limit it is not the oldest one.
            blocking = spent[len(spent) - window.calls] if window.calls else now
            return max(1, math.ceil(blocking + window.seconds - now))
        spent.append(now)
        return None
