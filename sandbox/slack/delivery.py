"""Events on their way to the app: queued, sent, acknowledged, or sent again as Slack does. And interactions,
which are sent once."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.changes import Changes
from sandbox.slack.types import JsonObject

# Called when an interaction is acknowledged, with what the app answers at once.
Heard: TypeAlias = Callable[[JsonObject], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One attempt to deliver one event, or one interaction of this `kind`, which `heard` waits for."""

    event_id: str
    payload: JsonObject
    attempt: int = 0
    reason: str = ""
    heard: Heard | None = None
    kind: str = "interactive"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def frame(self) -> JsonObject:
        if self.heard is not None:
            return {
                "type": self.kind,
                "envelope_id": self.id,
                "payload": self.payload,
                "accepts_response_payload": True,
            }
        return {
            "type": "events_api",
            "envelope_id": self.id,
            "payload": self.payload,
            "accepts_response_payload": False,
            "retry_attempt": self.attempt,
            "retry_reason": self.reason,
        }


class Delivery:
    """Knows nothing of sockets: they `take` an envelope, say that it was `sent`, report what was acked.

    An event that is not acknowledged within `ack_timeout` seconds is queued again after each of
    `retry_delays`, with a new envelope; after the last one it is given up.
    """

    def __init__(self, changes: Changes, ack_timeout: float, retry_delays: tuple[float, ...]) -> None:
        self.acks: list[str] = []
        self._changes = changes
        self.ack_timeout = ack_timeout
        self._retry_delays = retry_delays
        self._events: dict[str, JsonObject] = {}
        self._unacked: dict[str, None] = {}
        self._queue: deque[Envelope] = deque()
        self._in_flight: dict[str, Envelope] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def unacked(self) -> list[str]:
        """The events that no one has acknowledged yet, oldest first: waiting, under way, or given up."""
        return list(self._unacked)

    @property
    def events(self) -> list[str]:
        """Every event there ever was, by id, oldest first."""
        return list(self._events)

    def offer(self, event_id: str, payload: JsonObject) -> None:
        if event_id in self._events:
            raise ValueError(f"an event with the id {event_id} has been sent before")
        self._events[event_id] = payload
        self._queue_up(Envelope(event_id, payload))

    def interact(self, payload: JsonObject, heard: Heard, kind: str = "interactive") -> None:
        """Send an interaction. What is acknowledged too late is not `heard`."""
        self._queue.append(Envelope("", payload, heard=heard, kind=kind))
        self._changes.notify()

    def again(self, event_id: str, attempt: int) -> None:
        """The same event in a new envelope. Unknown ids are a KeyError."""
        self._queue_up(Envelope(event_id, self._events[event_id], attempt, "timeout"))

    def give_up(self) -> None:
        """Try none of the events again that nobody has acknowledged: as if their last attempt had failed."""
        self._queue.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._in_flight.clear()
        self._changes.notify()

    def take(self) -> Envelope | None:
        return self._queue.popleft() if self._queue else None

    def sent(self, envelope: Envelope) -> None:
        self._in_flight[envelope.id] = envelope
        self._later(envelope.id, self.ack_timeout, lambda: self._overdue(envelope))

    def unsent(self, envelope: Envelope) -> None:
        """The socket was gone: the next one gets it, as if nothing had happened."""
        self._settle(envelope.id)
        self._queue.appendleft(envelope)
        self._changes.notify()

    def acknowledge(self, envelope_id: str, answer: JsonObject) -> None:
        """Too late an acknowledgement is noted, but the event is on its way again all the same."""
        self.acks.append(envelope_id)
        envelope = self._settle(envelope_id)
        if envelope is not None:
            self._unacked.pop(envelope.event_id, None)
            if envelope.heard is not None:
                envelope.heard(answer)
        self._changes.notify()

    def refuse(self, envelope_id: str) -> None:
        """The app does not take it: the next attempt need not wait until time is over."""
        envelope = self._in_flight.get(envelope_id)
        if envelope is not None:
            self._overdue(envelope)
        self._changes.notify()

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _queue_up(self, envelope: Envelope) -> None:
        self._unacked[envelope.event_id] = None
        self._queue.append(envelope)
        self._changes.notify()

    def _overdue(self, envelope: Envelope) -> None:
        self._settle(envelope.id)
        if envelope.heard is None and envelope.attempt < len(self._retry_delays):
            delay = self._retry_delays[envelope.attempt]
            self._later(envelope.id, delay, lambda: self.again(envelope.event_id, envelope.attempt + 1))

    def _settle(self, envelope_id: str) -> Envelope | None:
        timer = self._timers.pop(envelope_id, None)
        if timer is not None:
            timer.cancel()
        return self._in_flight.pop(envelope_id, None)

    def _later(self, envelope_id: str, delay: float, then: Callable[[], None]) -> None:
        self._timers[envelope_id] = asyncio.get_running_loop().call_later(delay, then)
