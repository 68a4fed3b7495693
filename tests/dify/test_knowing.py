"""What is known of the app: asked for again, without keeping anybody waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bridge.dify.calls import Calls
from bridge.dify.knowing import AGAIN_WITHIN_SECONDS, Knowing
from bridge.errors import DifyAppClosed
from sandbox.dify import Dify

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def knowing(dify: Dify, fresh_seconds: float) -> AsyncIterator[tuple[Knowing, Calls]]:
    calls = Calls(dify.url, dify.key)
    known = Knowing(calls, fresh_seconds)
    try:
        yield known, calls
    finally:
        await known.close()
        await calls.close()


async def test_what_was_said_lately_is_not_asked_for_again() -> None:
    async with Dify() as dify, knowing(dify, 60.0) as (known, _):
        await known.app(fresh=False)
        asked = len(dify.calls)
        dify.name = "Another"
        assert (await known.app(fresh=False)).name != "Another"
        assert len(dify.calls) == asked
        assert (await known.app(fresh=True)).name == "Another"


async def test_what_is_no_longer_fresh_is_asked_for_again() -> None:
    async with Dify() as dify, knowing(dify, 0.0) as (known, _):
        await known.app(fresh=False)
        dify.name = "Another"
        assert (await known.app(fresh=False)).name == "Another"


async def test_a_dify_that_refuses_or_is_gone_leaves_what_was_known() -> None:
    async with Dify() as dify, knowing(dify, 0.0) as (known, _):
        before = await known.app(fresh=False)
        dify.api_enabled = False
        assert await known.app(fresh=False) == before
        with pytest.raises(DifyAppClosed):
            await known.app(fresh=True)


async def test_nobody_waits_for_a_dify_that_does_not_answer() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with Dify() as dify, knowing(dify, 0.0) as (known, calls):
        before = await known.app(fresh=False)
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        calls.base_url = f"http://{host}:{port}/v1"
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await known.app(fresh=False) == before
        assert AGAIN_WITHIN_SECONDS <= loop.time() - began < AGAIN_WITHIN_SECONDS + 5.0
        server.close()
