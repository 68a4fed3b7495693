"""A turn whose stream was lost is found again where Dify still has it, in every mode and version."""

import asyncio
import time
from contextlib import aclosing

import pytest

from bridge import errors
from bridge.dify import ChatRequest, DifyClient, Ending, Ids, LostTurn, Recovered
from sandbox.dify import Answer, Dify
from tests.dify.serving import STREAM, chunk, serving

WORDS = "All the words of a good answer. " * 20
# Some hundred milliseconds of speaking.
PACE = 400.0
PATIENCE_SECONDS = 10.0


def dify_saying(answer: Answer, mode: str = "advanced-chat", version: str = "1.14.2") -> Dify:
    return Dify(mode=mode, version=version, script=lambda request, turns: answer)


async def lose(dify: Dify) -> LostTurn:
    """Ask, hear the beginning, and be gone."""
    async with (
        DifyClient(dify.url, dify.key) as client,
        client.chat(ChatRequest("Hi", "u1")) as stream,
        aclosing(stream.updates()) as updates,
    ):
        async for update in updates:
            if update.text:
                return LostTurn("u1", update.ids)
    raise AssertionError("nothing was said")


async def found(dify: Dify, lost: LostTurn, patience: float = PATIENCE_SECONDS) -> Recovered | None:
    async with DifyClient(dify.url, dify.key) as client:
        return await client.recover(lost, patience)


def paths(dify: Dify) -> list[str]:
    """What was asked for, each once, without the ids."""
    return sorted({call.path.split("/")[2] for call in dify.calls if call.method == "GET"})


@pytest.mark.parametrize(
    ("mode", "version", "asked"),
    [
        ("advanced-chat", "1.16.0", ["messages", "workflow", "workflows"]),
        ("advanced-chat", "1.14.2", ["messages", "workflow", "workflows"]),
        # Asked for in vain, once.
        ("advanced-chat", "1.13.3", ["messages", "workflow", "workflows"]),
        ("advanced-chat", "1.12.1", ["messages", "workflow", "workflows"]),
        ("agent-chat", "1.14.2", ["info", "messages"]),
        ("agent-chat", "0.15.3", ["info", "messages"]),
    ],
)
async def test_an_answer_that_outlives_its_stream_is_waited_for(
    mode: str, version: str, asked: list[str]
) -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE), mode, version) as dify:
        lost = await lose(dify)
        assert dify.running == 1
        assert await found(dify, lost) == Recovered(WORDS, Ending.COMPLETED)
        assert paths(dify) == asked
        assert sum(call.path.startswith("/v1/workflow/") for call in dify.calls) <= 1
        assert len(dify.turns) == 1


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "advanced-chat"])
@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.14.2", "1.16.0"])
async def test_an_answer_that_was_heard_out_is_found_in_every_version(mode: str, version: str) -> None:
    async with dify_saying(Answer("Hi"), mode, version) as dify, DifyClient(dify.url, dify.key) as client:
        async with client.chat(ChatRequest("Hi", "u1")) as stream:
            *_, last = [update async for update in stream.updates()]
        assert await client.recover(LostTurn("u1", last.ids), 0) == Recovered("Hi", Ending.COMPLETED)


@pytest.mark.parametrize(
    ("mode", "version"),
    [
        ("chat", "0.15.3"),
        ("chat", "1.16.0"),
        ("agent-chat", "1.16.0"),
        ("advanced-chat", "1.8.1"),
        ("advanced-chat", "0.15.3"),
    ],
)
async def test_an_answer_that_was_lost_with_its_stream_is_not_waited_for_long(
    mode: str, version: str
) -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE), mode, version) as dify:
        lost = await lose(dify)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await found(dify, lost, patience=600) is None


async def test_a_flow_is_found_without_the_id_of_its_run() -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE)) as dify:
        lost = await lose(dify)
        ids = Ids(lost.ids.conversation_id, lost.ids.message_id)
        assert await found(dify, LostTurn("u1", ids)) == Recovered(WORDS, Ending.COMPLETED)


async def test_a_flow_is_found_by_the_id_of_its_run_alone() -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE)) as dify:
        lost = await lose(dify)
        ids = Ids(workflow_run_id=lost.ids.workflow_run_id)
        assert await found(dify, LostTurn("u1", ids)) == Recovered(WORDS, Ending.COMPLETED)


@pytest.mark.parametrize("ids", [Ids(), Ids(conversation_id="c", task_id="t")])
async def test_a_turn_that_nothing_was_heard_of_is_not_looked_for(ids: Ids) -> None:
    async with dify_saying(Answer("Hi")) as dify:
        assert await found(dify, LostTurn("u1", ids)) is None
        assert dify.calls == []


async def test_a_turn_that_dify_knows_nothing_of_is_lost_at_once() -> None:
    async with dify_saying(Answer("Hi")) as dify:
        assert await found(dify, LostTurn("u1", Ids("c", "m", "t", "r")), patience=600) is None


async def test_a_turn_of_another_user_is_not_found() -> None:
    async with dify_saying(Answer("Hi"), "chat") as dify:
        lost = await lose(dify)
        assert await found(dify, LostTurn("u2", lost.ids)) is None


@pytest.mark.parametrize(("mode", "version"), [("advanced-chat", "1.14.2"), ("advanced-chat", "1.13.3")])
async def test_a_turn_that_failed_meanwhile_is_an_error(mode: str, version: str) -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE, fail_after=100), mode, version) as dify:
        lost = await lose(dify)
        with pytest.raises(errors.DifyModelFailed):
            await found(dify, lost)


async def test_a_flow_that_waits_for_a_person_is_found_waiting() -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE, pause_after=100)) as dify:
        lost = await lose(dify)
        assert await found(dify, lost) == Recovered(WORDS[:400], Ending.PAUSED)


async def test_a_flow_that_was_stopped_meanwhile_is_found_with_what_it_had_said() -> None:
    async with (
        dify_saying(Answer(WORDS * 100, tokens_per_second=PACE)) as dify,
        DifyClient(dify.url, dify.key) as client,
    ):
        lost = await lose(dify)
        recovering = asyncio.create_task(client.recover(lost, PATIENCE_SECONDS))
        await client.stop(lost.ids.task_id, "u1")
        recovered = await recovering
    assert recovered is not None
    assert recovered.ending is Ending.STOPPED
    assert 0 < len(recovered.text) < len(WORDS * 100)


async def test_patience_has_an_end_although_the_flow_has_none() -> None:
    async with dify_saying(Answer(WORDS * 100, tokens_per_second=10)) as dify:
        lost = await lose(dify)
        began = time.monotonic()
        with pytest.raises(errors.DifySilent):
            await found(dify, lost, patience=0.5)
        assert time.monotonic() - began < 5


async def test_a_run_whose_worker_died_is_said_to_go_on_for_as_long_as_one_has_patience() -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=10)) as dify:
        lost = await lose(dify)
        await dify.crash()
        assert dify.running == 0
        with pytest.raises(errors.DifySilent):
            await found(dify, lost, patience=0.5)


async def test_a_dify_that_is_away_is_told_apart_and_asked_again_later() -> None:
    async with dify_saying(Answer(WORDS, tokens_per_second=PACE)) as dify:
        lost = await lose(dify)
        async with dify.away():
            with pytest.raises(errors.DifyUnreachable) as caught:
                await found(dify, lost)
            assert caught.value.nothing_began
        assert await found(dify, lost) == Recovered(WORDS, Ending.COMPLETED)


async def test_a_line_that_breaks_while_waiting_does_not_end_the_waiting() -> None:
    async with dify_saying(Answer(WORDS * 3, tokens_per_second=PACE)) as dify:
        lost = await lose(dify)
        async with DifyClient(dify.url, dify.key) as client:
            recovering = asyncio.create_task(client.recover(lost, PATIENCE_SECONDS))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not dify.listened_to(lost.ids.workflow_run_id):
                    await asyncio.sleep(0.01)
            dify.cut_lines()
            assert await recovering == Recovered(WORDS * 3, Ending.COMPLETED)


async def test_a_key_that_is_not_accepted_is_no_lost_turn() -> None:
    async with dify_saying(Answer("Hi")) as dify:
        lost = await lose(dify)
        dify.key = "app-other"
        async with DifyClient(dify.url, "app-old") as client:
            with pytest.raises(errors.DifyKeyRejected):
                await client.recover(lost, PATIENCE_SECONDS)


async def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as server, DifyClient(server.url, "k") as client:
        with pytest.raises(errors.DifyNotDify):
            await client.recover(LostTurn("u1", Ids("c", "m")), PATIENCE_SECONDS)
    assert len(server.requests) == 1


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    head = STREAM.replace(b"text/event-stream", b"application/json")
    large = b'["' + b"x" * 8_000_000
    pieces = [f"{len(large):x}\r\n".encode() + large + b"\r\n"] * 5
    async with serving(head, *pieces, then="hang") as server, DifyClient(server.url, "k") as client:
        with pytest.raises(errors.DifyNotDify):
            await client.recover(LostTurn("u1", Ids("c", "m")), PATIENCE_SECONDS)
        await asyncio.wait_for(server.closed.wait(), PATIENCE_SECONDS)


async def test_a_page_in_place_of_the_records_is_an_error() -> None:
    async with serving(STREAM, chunk("ping")) as server, DifyClient(server.url, "k") as client:
        with pytest.raises(errors.DifyNotDify):
            await client.recover(LostTurn("u1", Ids("c", "m")), PATIENCE_SECONDS)
