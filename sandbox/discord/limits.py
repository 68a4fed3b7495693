"""How often a request may come: strict sliding windows, with no credit for bursts.

Discord's own windows begin with the first request and are full again at once when they end. These let a call
go only when fewer than the limit went in the seconds before it, whenever one looks: a bridge which stays
within them stays within the real ones. `Reset-After` is the time until the oldest call leaves the window,
that is, until one more may come.
"""

import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["create", "edit", "rename", "webhook"]

# Posting and editing are counted apart, and yet bear the same name: so it is at Discord.
BUCKET = "80c17d2f203122d936070c88c8d10f33"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds` seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """One window each for posting and for editing messages in one channel (a thread and a direct message are
    channels), one for changing its name, of which no header tells, one for what the token of an interaction
    is used for, and one for all requests together. None lifts the limit.
    """

    create: Window | None = Window(5, 5.0)
    edit: Window | None = Window(5, 5.0)
    everything: Window | None = Window(50, 1.0)
    rename: Window | None = Window(2, 600.0)
    webhook: Window | None = Window(5, 2.0)

    @classmethod
    def off(cls) -> "Limits":
        return cls(create=None, edit=None, everything=None, rename=None, webhook=None)

    def window(self, kind: Kind) -> Window | None:
        match kind:
            case "create":
                return self.create
            case "edit":
                return self.edit
            case "rename":
                return self.rename
            case "webhook":
                return self.webhook


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request did to its window. `retry_after` is set where it did not fit in."""

    limit: int
    remaining: int
    reset_after: float
    scope: Literal["user", "global"] = "user"
    retry_after: float | None = None

    def headers(self) -> dict[str, str]:
        if self.scope == "global":
            return {"X-RateLimit-Global": "true"}
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{time.time() + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": BUCKET,
        }


class Meter:
    """Counts the calls that were let through. `limits` may be exchanged at any time; the counts stay."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._spent: dict[tuple[str, str], deque[float]] = {}

    def charge_any(self) -> Charge | None:
        """Count one request of whatever kind; None when it fits into the global window."""
        window = self.limits.everything
        if window is None:
            return None
        charge = self._charge(window, ("everything", ""))
        if charge.retry_after is None:
            return None
        return Charge(charge.limit, 0, charge.reset_after, "global", charge.retry_after)

    def charge(self, kind: Kind, scope: str) -> Charge | None:
        """Count one request of this kind, in this channel or with this token; None where no limit applies."""
        window = self.limits.window(kind)
        return None if window is None else self._charge(window, (kind, scope))

    def _charge(self, window: Window, scope: tuple[str, str]) -> Charge:
        now = time.monotonic()
        spent = self._spent.setdefault(scope, deque())
        while spent and spent[0] <= now - window.seconds:
            spent.popleft()
        if len(spent) >= window.calls:
            # The call that has to leave the window first: after a shrinking limit it is not the oldest one.
            blocking = spent[len(spent) - window.calls] if window.calls else now
            wait = _milliseconds(blocking + window.seconds - now)
            return Charge(window.calls, 0, wait, retry_after=wait)
        spent.append(now)
        return Charge(window.calls, window.calls - len(spent), _milliseconds(spent[0] + window.seconds - now))


def _milliseconds(seconds: float) -> float:
    """Rounded up, so that whoever waits exactly as long as told is not refused again."""
    return math.ceil(seconds * 1000) / 1000
