"""HTTP underneath: the session, the body of a running answer, and foreign exceptions made ours."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from bridge.errors import DifyCut, DifyNotDify, DifySilent, DifyUnreachable
from bridge.proxies import proxy_for

CONNECT_TIMEOUT_SECONDS = 10.0
# More than this at once is not a handful of tokens but something large on its way: it is read without a rest.
LARGE_BYTES = 16 * 1024


def open_session(base_url: str) -> aiohttp.ClientSession:
    """A session for one app. Proxies come from the environment. To be closed by whoever opened it."""
    return aiohttp.ClientSession(
        headers={"Accept-Encoding": "identity"},
        # Every running answer holds a connection; how many may run is not this session's business. An answer
        # ends with us hanging up, and a line kept open otherwise may be closed just when it is used again.
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy_for(base_url),
    )


def patience(silence_seconds: float, total_seconds: float | None = None) -> aiohttp.ClientTimeout:
    """Limits for connecting and for silence. None for the whole of a stream: long answers are no failure."""
    return aiohttp.ClientTimeout(
        total=total_seconds,
        connect=CONNECT_TIMEOUT_SECONDS,
        sock_connect=CONNECT_TIMEOUT_SECONDS,
        sock_read=silence_seconds,
    )


class Body:
    """The body of a response, read in gulps.

    Each arriving piece would wake the process, and waking costs more than all that is done with the piece. So
    after a gulp the socket may be left alone for a while; what arrives waits in the system's buffer. `heard`
    says whether anything has come yet.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        connection = response.connection
        self._transport = connection.transport if connection is not None else None
        self._resting: asyncio.TimerHandle | None = None
        self.heard = False

    async def gulp(self) -> bytes:
        """All that is there; waits for something. Empty at the end. Raises `DifyError` kinds."""
        with translated(nothing_heard=not self.heard):
            chunk = await self._content.readany()
        self.heard = self.heard or bool(chunk)
        return chunk

    def rest(self, seconds: float) -> None:
        """Leave the socket alone for so long; a gulp meanwhile waits."""
        if self._transport is not None:
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(seconds, self._transport.resume_reading)

    def close(self) -> None:
        """Forget about a rest that has not ended."""
        if self._resting is not None:
            self._resting.cancel()


@contextmanager
def translated(*, nothing_heard: bool = False) -> Iterator[None]:
    """The one place where the exceptions of HTTP become ours. Where nothing has been heard of the answer yet,
    a cut says that nothing began."""
    try:
        yield
    except (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientHttpProxyError,
        aiohttp.ServerFingerprintMismatch,
    ) as error:
        raise DifyUnreachable(type(error).__name__, nothing_began=True) from error
    except TimeoutError as error:
        raise DifySilent(type(error).__name__) from error
    except (aiohttp.ClientResponseError, aiohttp.NonHttpUrlClientError, ValueError) as error:
        # No HTTP is spoken there, or the address is none.
        raise DifyNotDify(type(error).__name__) from error
    except (aiohttp.ClientError, OSError) as error:
        raise DifyCut(type(error).__name__, nothing_began=nothing_heard) from error
