"""What can be made to go wrong, or slower, in a Slack on loopback."""

from sandbox.slack.delivery import Delivery
from sandbox.slack.files import Files
from sandbox.slack.limits import Limits
from sandbox.slack.sockets import Sockets
from sandbox.slack.web import Answer, WebApi
from sandbox.slack.world import World


class Trouble:
    """The levers of a stand-in, whose parts these are."""

    _web: WebApi
    _world: World
    _files: Files
    _delivery: Delivery
    _sockets: Sockets

    @property
    def limits(self) -> Limits:
        return self._web.meter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._web.meter.limits = limits

    @property
    def latency(self) -> float:
        return self._web.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._web.latency = seconds

    @property
    def stream_lifetime(self) -> float:
        return self._world.stream_lifetime

    @stream_lifetime.setter
    def stream_lifetime(self, seconds: float) -> None:
        self._world.stream_lifetime = seconds

    @property
    def files_readable(self) -> bool:
        """Whether the app has the right to read files."""
        return self._files.readable

    @files_readable.setter
    def files_readable(self, readable: bool) -> None:
        self._files.readable = readable

    def fail(
        self,
        method: str,
        error: str,
        *,
        times: int = 1,
        status: int = 200,
        retry_after: int | None = None,
        carried_out: bool = False,
    ) -> None:
        """Let the next calls of `method` fail: without any effect, or although they were carried out."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        answer = Answer(status, {"ok": False, "error": error}, headers, carried_out)
        self._web.fail(method, answer, times)

    async def redeliver(self, event_id: str, *, attempt: int = 1) -> None:
        """Send the same event again, as Slack does when it believes that nobody heard it."""
        self._delivery.again(event_id, attempt)

    async def give_up(self) -> None:
        """Never deliver what nobody has acknowledged until now, as Slack does some minutes later."""
        self._delivery.give_up()

    @property
    def refused_sockets(self) -> int:
        """So many of the next tries to connect a socket fail."""
        return self._sockets.refusals

    @refused_sockets.setter
    def refused_sockets(self, times: int) -> None:
        self._sockets.refusals = times

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        await self._sockets.disconnect(reason)

    async def cut(self) -> None:
        """Drop every socket's TCP connection without a word."""
        self._sockets.cut()
