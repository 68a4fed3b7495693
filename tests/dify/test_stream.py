"""Reading goes on whatever whoever follows is doing, and ends with everything that came."""

import asyncio
from contextlib import aclosing

import pytest

from bridge import errors
from bridge.dify import ChatStream, DifyClient, Ending
from bridge.dify.turn import MAX_CHARACTERS
from tests.dify.serving import ASK, END, LAST, STREAM, ask, chunk, said, serving

PATIENCE_SECONDS = 10.0
WORDS = [chunk(said(f"{number} ")) for number in range(500)]
ALL_WORDS = "".join(f"{number} " for number in range(500))


async def follow(stream: ChatStream, texts: list[str]) -> None:
    async with aclosing(stream.updates()) as updates:
        async for update in updates:
            texts.append(update.text)  # noqa: PERF401  # what came before a failure is kept


async def test_a_slow_follower_sees_the_newest_state_and_holds_nothing_up() -> None:
    texts: list[str] = []
    async with (
        serving(STREAM, *WORDS, chunk(END), then="hang") as server,
        DifyClient(server.url, "k") as dify,
        dify.chat(ASK) as stream,
    ):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while stream.ending is None:
                await asyncio.sleep(0.01)
        await follow(stream, texts)
    assert texts == [ALL_WORDS]


async def test_what_came_before_the_line_was_cut_is_all_there() -> None:
    texts: list[str] = []
    async with (
        serving(STREAM, *WORDS, b"5\r\ndata:") as server,
        DifyClient(server.url, "k") as dify,
        dify.chat(ASK) as stream,
    ):
        with pytest.raises(errors.DifyCut):
            await follow(stream, texts)
    assert texts[-1] == ALL_WORDS


async def test_a_large_event_and_the_end_at_once_are_read_to_the_end() -> None:
    large = chunk({"event": "node_finished", "data": {"id": "1", "outputs": {"text": "x" * 2_000_000}}})
    many = b"".join(chunk(said("word ")) for _ in range(6000))
    async with serving(STREAM, chunk(said("A ")) + large + many + chunk(END) + LAST) as server:
        texts, ending = await ask(server)
    assert (texts[-1], ending) == ("A " + "word " * 6000, Ending.COMPLETED)


async def test_an_answer_without_end_is_left() -> None:
    words = [chunk(said("x" * 1_000_000))] * (MAX_CHARACTERS // 1_000_000 + 1)
    async with serving(STREAM, *words, then="hang") as server:
        with pytest.raises(errors.DifyError) as caught:
            await ask(server)
        await asyncio.wait_for(server.closed.wait(), PATIENCE_SECONDS)
    assert type(caught.value) is errors.DifyError


async def test_leaving_early_hangs_up_and_leaves_no_task_behind() -> None:
    async with (
        serving(STREAM, chunk(said("Hi")), then="hang") as server,
        DifyClient(server.url, "k") as dify,
    ):
        async with dify.chat(ASK) as stream, aclosing(stream.updates()) as updates:
            await anext(updates)
        await asyncio.wait_for(server.closed.wait(), PATIENCE_SECONDS)
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "answer of Dify"]


async def test_more_answers_run_at_once_than_a_connector_allows_by_default() -> None:
    everyone = asyncio.Barrier(130)

    async def first_words(dify: DifyClient) -> str:
        async with dify.chat(ASK) as stream, aclosing(stream.updates()) as updates:
            text = (await anext(updates)).text
            await everyone.wait()
            return text

    async with (
        serving(STREAM, chunk(said("Hi")), then="hang") as server,
        DifyClient(server.url, "k") as dify,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        assert await asyncio.gather(*(first_words(dify) for _ in range(130))) == ["Hi"] * 130
