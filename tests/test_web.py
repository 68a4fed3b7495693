"""The bridge's own web port answers what it serves, and little else."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bridge.errors import SettingsError, StoreError
from bridge.types import WebAnswer, WebRequest
from bridge.web import Health, WebPort, port

SECRET = "what somebody wrote"


class Echo:
    """Says what it was asked."""

    paths = ("/echo", "/also/echo")

    def __init__(self) -> None:
        self.asked: list[WebRequest] = []
        self.failure: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def serve(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure
        return WebAnswer(201, request.body.decode(), "text/html", {"X-Made": "here"})


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def served(echo: Echo) -> AsyncIterator[WebPort]:
    async with WebPort("127.0.0.1", 0, (Health(), echo)) as listening:
        yield listening


@pytest.fixture
async def browser(served: WebPort) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{served.port}") as session:
        yield session


async def test_a_page_gets_the_request_and_its_answer_is_sent(
    echo: Echo, browser: aiohttp.ClientSession
) -> None:
    async with browser.post("/also/echo?a=1&b=%20", data=b"words", headers={"X-Some": "Thing"}) as response:
        assert (response.status, await response.text()) == (201, "words")
        assert response.content_type == "text/html"
        assert response.headers["X-Made"] == "here"
        assert response.headers["Cache-Control"] == "no-store"
    (asked,) = echo.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/also/echo", b"words")
    assert (dict(asked.query), asked.headers["x-some"]) == ({"a": "1", "b": " "}, "Thing")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("HEAD", "/healthz", 200),
        ("POST", "/healthz", 405),
        ("DELETE", "/echo", 405),
        ("GET", "/", 404),
        ("GET", "/echo/", 404),
        ("GET", "/ECHO", 404),
        ("GET", "/../etc/passwd", 404),
    ],
)
async def test_paths_and_methods_are_what_they_are(
    browser: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with browser.request(method, path) as response:
        assert response.status == status
        assert response.content_type == "text/plain"
        assert "<" not in await response.text()


async def test_a_body_has_a_megabyte_at_most(echo: Echo, browser: aiohttp.ClientSession) -> None:
    async with browser.post("/echo", data=io.BytesIO(b"x" * port.MOST_BYTES)) as response:
        assert response.status == 201
    async with browser.post("/echo", data=io.BytesIO(b"x" * (port.MOST_BYTES + 1))) as response:
        assert response.status == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * (port.MOST_BYTES // 32)

    async with browser.post("/echo", data=endless()) as response:
        assert response.status == 413
    assert len(echo.asked) == 1


async def test_a_page_that_fails_is_not_seen_to_say_why(
    echo: Echo, browser: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo.failure = StoreError("the database is away")
    async with browser.post("/echo", data=SECRET) as response:
        assert (response.status, await response.text()) == (503, "Service Unavailable")
    echo.failure = RuntimeError("a defect")
    async with browser.post("/echo", data=SECRET) as response:
        assert response.status == 500
        assert "defect" not in await response.text()
    assert "the database is away" in caplog.text
    assert "a defect" in caplog.text
    assert SECRET not in caplog.text


async def test_more_at_once_than_can_be_served_are_turned_away(
    echo: Echo, browser: aiohttp.ClientSession, served: WebPort
) -> None:
    echo.may_go_on.clear()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{served.port}", connector=connector) as crowd:

        async def ask() -> int:
            async with crowd.get("/echo") as response:
                return response.status

        waiting = [asyncio.create_task(ask()) for _ in range(port.MOST_AT_ONCE)]
        async with asyncio.timeout(10):
            while len(echo.asked) < port.MOST_AT_ONCE:
                await asyncio.sleep(0.01)
        assert await ask() == 503
        echo.may_go_on.set()
        assert set(await asyncio.gather(*waiting)) == {201}
        assert await ask() == 201


async def test_a_port_that_is_taken_is_named(served: WebPort) -> None:
    with pytest.raises(SettingsError, match="BRIDGE_HTTP_PORT"):
        async with WebPort("127.0.0.1", served.port, (Health(),)):
            pass


async def test_after_it_is_closed_nobody_listens(echo: Echo) -> None:
    async with WebPort("127.0.0.1", 0, (echo,)) as listening:
        number = listening.port
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", number)
