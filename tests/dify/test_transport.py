"""Whatever goes wrong underneath has a name of ours."""

import asyncio

import aiohttp
import pytest

from bridge import errors
from bridge.dify import DifyClient
from bridge.dify.transport import translated
from tests.dify.serving import ASK, STREAM, ask, chunk, said, serving


def foreign() -> list[type[BaseException]]:
    """Every exception that aiohttp's client has, and those of the system that it lets through."""
    found = [
        one
        for one in vars(aiohttp).values()
        if isinstance(one, type) and issubclass(one, aiohttp.ClientError)
    ]
    return [*found, TimeoutError, ConnectionResetError, BrokenPipeError, ValueError]


@pytest.mark.parametrize("kind", foreign(), ids=lambda kind: kind.__name__)
def test_no_foreign_exception_is_forgotten(kind: type[BaseException]) -> None:
    with pytest.raises(errors.DifyError) as caught, translated():
        raise kind.__new__(kind)
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize(
    "url",
    ["http://[::1/v1", "http://127.0.0.1:99999/v1", "ftp://127.0.0.1/v1", "http:///v1", "http://a..b/v1", ""],
)
async def test_an_address_that_is_none_is_an_error_like_any_other(url: str) -> None:
    async with DifyClient(url, "k") as dify:
        with pytest.raises((errors.DifyNotDify, errors.DifyUnreachable)):
            await dify.check()


@pytest.mark.parametrize(
    ("answers", "then", "error"),
    [
        ((STREAM, b"5\r\ndata:"), "cut", errors.DifyCut),
        ((STREAM, chunk(said("Hi")), b"5\r\ndata:"), "end", errors.DifyCut),
        ((b"SSH-2.0-OpenSSH_9.6\r\n\r\n",), "hang", errors.DifyNotDify),
        ((), "cut", errors.DifyCut),
        ((), "end", errors.DifyCut),
    ],
)
async def test_every_kind_of_broken_server(
    answers: tuple[bytes, ...], then: str, error: type[errors.DifyError]
) -> None:
    async with serving(*answers, then=then) as server:
        with pytest.raises(error) as caught:
            await ask(server)
    assert type(caught.value) is error


async def test_a_server_without_tls_where_tls_is_asked_for_cannot_be_reached() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        async with DifyClient(url, "k") as dify:
            with pytest.raises(errors.DifyUnreachable):
                await dify.check()


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(STREAM, chunk(said("Hi"), {"event": "message_end"})) as server:
        monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        async with DifyClient("http://dify.invalid/v1", "k") as dify, dify.chat(ASK) as stream:
            async with asyncio.timeout(5):
                assert [update.text async for update in stream.updates()] == ["Hi"]
    assert server.requests[0].startswith(b"POST http://dify.invalid/v1/chat-messages HTTP/1.1")
    assert b"accept-encoding: identity" in server.requests[0].lower()
