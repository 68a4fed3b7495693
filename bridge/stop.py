"""Somebody wants a running answer to end: to be stopped, or because its question was edited or deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Why(StrEnum):
    """What becomes of the answer. `EDITED`: it begins anew, with the new words; `STOPPED`: what was said
    stays; `DELETED`: it goes as its question went."""

    EDITED = "edited"
    STOPPED = "stopped"
    DELETED = "deleted"


# Whoever stops an answer does not want it anew, and what is deleted is deleted, whatever came before.
_WEIGHT = {Why.EDITED: 1, Why.STOPPED: 2, Why.DELETED: 3}


@dataclass(frozen=True, slots=True)
class Halt:
    """The answer to this question should end. `at` is when somebody wanted that, in ms since 1970."""

    question_id: int
    why: Why = Why.STOPPED
    at: int = 0

    @property
    def packed(self) -> str:
        """As replicas tell it each other. A number alone is a stop, as it was before there were reasons."""
        return (
            str(self.question_id) if self.why is Why.STOPPED else f"{self.question_id}:{self.why}:{self.at}"
        )

    @classmethod
    def unpacked(cls, payload: str) -> Self | None:
        """What was packed; None where it cannot be read, by this version at least."""
        question, _, rest = payload.partition(":")
        why, _, at = rest.partition(":")
        try:
            return cls(int(question), Why(why or Why.STOPPED), int(at or 0))
        except ValueError:
            return None


class StopSign:
    """Given from anywhere on the event loop; ends whatever waits within `heeded`."""

    def __init__(self) -> None:
        self._bound: asyncio.Timeout | None = None
        self._least = Why.EDITED
        self._given_at = self._heeded_until = 0
        self.why: Why | None = None

    def give(self, why: Why = Why.STOPPED, at: int = 0) -> None:
        """Ask for the end. Again is harmless, and so is an edit that was heeded already."""
        if why is Why.EDITED and 0 < at <= self._heeded_until:
            return
        self._given_at = max(self._given_at, at)
        if self.why is None or _WEIGHT[why] > _WEIGHT[self.why]:
            self.why = why
        if self._bound is not None and self._ends() and not self._bound.expired():
            self._bound.reschedule(asyncio.get_running_loop().time())

    def begin_anew(self) -> None:
        """What the sign was given for is being seen to; for what is newer it may be given again."""
        self._heeded_until = max(self._heeded_until, self._given_at)
        self.why = None

    def heeded_until(self, at: int) -> None:
        """All edits until then are known, in ms since 1970."""
        self._heeded_until = max(self._heeded_until, at)
        if self.why is Why.EDITED and 0 < self._given_at <= at:
            self.why = None

    @asynccontextmanager
    async def heeded(self, least: Why = Why.EDITED) -> AsyncIterator[None]:
        """Leave the block as soon as the sign is given, for a reason that weighs as much as `least`, at its
        next `await`."""
        self._least = least
        try:
            async with asyncio.timeout(0 if self._ends() else None) as self._bound:
                yield
        except TimeoutError:
            if self._bound is None or not self._bound.expired():
                raise
        finally:
            self._bound = None

    def _ends(self) -> bool:
        return self.why is not None and _WEIGHT[self.why] >= _WEIGHT[self._least]
