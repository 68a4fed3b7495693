"""The stand-in for Dify keeps so many connections, answers so many questions, loses events for the slow."""

import asyncio

import httpx
import pytest

from sandbox.dify import Answer, Dify
from tests.sandbox.calling import HELLO, ask, call, data_of, only, question, refused, saying, text

SLOW = Answer("word " * 20, tokens_per_second=100)


async def until(dify: Dify, *, running: int = 0, queued: int = 0) -> None:
    async with asyncio.timeout(5):
        while dify.running < running or dify.queued < queued:
            await asyncio.sleep(0.005)


async def test_requests_beyond_the_connections_wait_for_one() -> None:
    async with saying(SLOW, connections=1) as dify:
        asking = asyncio.create_task(ask(dify))
        await until(dify, running=1)
        looking = asyncio.create_task(call(dify, "GET", "info"))
        await until(dify, queued=1)
        assert not looking.done()
        assert (await asking).status_code == (await looking).status_code == 200
    assert [call.path for call in dify.calls] == ["/v1/chat-messages", "/v1/info"]


async def test_a_dead_stream_keeps_its_connection_when_its_client_has_left() -> None:
    patience = httpx.Timeout(5, read=0.1)
    async with saying(HELLO, "advanced-chat", connections=1, idle_timeout=0.8) as dify:
        began = asyncio.get_running_loop().time()
        async with httpx.AsyncClient(
            headers={"Authorization": f"Bearer {dify.key}"}, timeout=patience
        ) as client:
            body = question(conversation_id="00000000-0000-4000-8000-000000000000")
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"{dify.url}/chat-messages", json=body)
        assert (await call(dify, "GET", "info")).status_code == 200
        assert asyncio.get_running_loop().time() - began >= 0.75


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ("0.15.3", 400, "invalid_param"),
        ("1.14.2", 400, "invalid_param"),
        ("1.17.1", 429, "too_many_requests"),
    ],
)
async def test_questions_beyond_the_limit_of_the_app_are_refused(
    version: str, status: int, code: str
) -> None:
    async with saying(SLOW, version=version, at_once=1) as dify:
        asking = asyncio.create_task(ask(dify))
        await until(dify, running=1)
        second = await ask(dify)
        assert (await asking).status_code == 200
        third = await ask(dify)
    assert refused(second) == (status, code)
    assert second.json()["message"].startswith("Too many requests. Please try again later.")
    assert third.status_code == 200


@pytest.mark.parametrize(
    ("version", "at_once", "statuses"),
    [
        ("0.15.3", 1, [200, 400, 400]),
        ("0.15.3", 2, [200, 200, 400]),
        ("1.14.2", 1, [400, 400, 400]),
        ("1.14.2", 2, [200, 200, 200]),
    ],
)
async def test_versions_count_the_questions_of_flows_rightly_or_wrongly(
    version: str, at_once: int, statuses: list[int]
) -> None:
    async with saying(SLOW, "advanced-chat", version, at_once=at_once) as dify:
        responses = await asyncio.gather(*(ask(dify) for _ in statuses))
    assert sorted(response.status_code for response in responses) == statuses


# More than the buffers of a line hold, told at once.
LONG = Answer("word" * 60_000)


async def read_late(dify: Dify) -> httpx.Response:
    """The answer as it reaches somebody who reads nothing until it is over."""
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
        client.stream("POST", f"{dify.url}/chat-messages", json=question()) as response,
    ):
        async with asyncio.timeout(20):
            while not dify.turns[0].answer:
                await asyncio.sleep(0.02)
        await response.aread()
        return response


async def test_who_reads_late_loses_events_but_finds_the_answer_in_the_last() -> None:
    async with saying(LONG, "advanced-chat", relay=1024) as dify:
        response = await read_late(dify)
    (finished,) = only(response, "workflow_finished")
    outputs = data_of(finished)["outputs"]
    assert 1024 < len(only(response, "message")) < len(LONG.tokens)
    assert isinstance(outputs, dict)
    assert outputs["answer"] == LONG.text == dify.turns[0].answer


async def test_who_reads_at_once_loses_nothing() -> None:
    quick = Answer("word" * 2_000)
    async with saying(quick, "advanced-chat", relay=16) as dify:
        assert text(await ask(dify)) == quick.text


@pytest.mark.parametrize(("mode", "version"), [("chat", "1.14.2"), ("advanced-chat", "1.12.1")])
async def test_only_flows_that_run_elsewhere_lose_events(mode: str, version: str) -> None:
    async with saying(LONG, mode, version, relay=16) as dify:
        assert text(await ask(dify)) == LONG.text
