"""What is known of each workspace beside how to speak there: what grows in it, and what its app may do."""

from dataclasses import dataclass

from adapters.slack.growing import Growing, Streaming
from adapters.slack.sessions import Sessions


@dataclass(slots=True)
class Room:
    """That of one workspace. `may_name` says whether its app may name threads, as far as is known."""

    sessions: Sessions
    growing: Growing
    may_name: bool = True


class Rooms:
    """One for each workspace, as long as the process lives; or one for all, where there is only one."""

    def __init__(self, streaming: Streaming, stream_lifetime_seconds: float, *, several: bool) -> None:
        self._streaming = streaming
        self._lifetime = stream_lifetime_seconds
        self._several = several
        self._rooms: dict[str, Room] = {}

    def of(self, workspace: str) -> Room:
        key = workspace if self._several else ""
        if key not in self._rooms:
            sessions = Sessions()
            self._rooms[key] = Room(sessions, Growing(self._streaming, self._lifetime, sessions))
        return self._rooms[key]
