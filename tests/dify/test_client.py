"""The client over real sockets, against servers that behave as Dify servers were seen to behave."""

import asyncio
import json

import pytest

from bridge import errors
from bridge.dify import DifyClient, Ending, Mode, end_user
from tests.dify.serving import END, LAST, STREAM, ask, chunk, flow, said, serving


async def test_a_question_goes_out_the_way_dify_wants_it() -> None:
    async with serving(STREAM, chunk(said("Hi"), END), LAST) as server:
        assert await ask(server) == (["Hi"], Ending.COMPLETED)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat-messages HTTP/1.1")
    assert b"authorization: bearer app-secret" in head.lower()
    assert json.loads(body) == {
        "inputs": {},
        "query": "Hello?",
        "user": "someone",
        "conversation_id": "",
        "response_mode": "streaming",
    }


async def test_each_state_is_the_whole_answer_so_far() -> None:
    async with serving(STREAM, chunk("ping"), chunk(said("Hi")), chunk(said(" you"), END), LAST) as server:
        texts, _ = await ask(server)
    assert texts[-1] == "Hi you"
    assert all("Hi you".startswith(text) for text in texts)


async def test_we_hang_up_after_the_last_event_although_the_server_does_not() -> None:
    events = ({"event": "workflow_started"}, said("Hi"), END, flow("succeeded", outputs={"answer": "Hi"}))
    async with serving(STREAM, chunk(*events), then="hang") as server:
        assert await ask(server) == (["Hi"], Ending.COMPLETED)
        await asyncio.wait_for(server.closed.wait(), 1.0)


async def test_a_flow_that_never_says_its_last_word_is_left_after_a_moment() -> None:
    async with serving(STREAM, chunk({"event": "workflow_started"}, said("Hi"), END), then="hang") as server:
        assert await ask(server) == (["Hi"], Ending.COMPLETED)


async def test_a_late_failure_never_spoils_a_good_answer() -> None:
    events = ({"event": "workflow_started"}, said("Good"), END, flow("failed", error="no terminal event"))
    async with serving(STREAM, chunk(*events), LAST) as server:
        assert await ask(server) == (["Good"], Ending.COMPLETED)


async def test_text_that_was_lost_on_the_way_is_taken_from_the_end_of_the_flow() -> None:
    events = (said("Hel"), said("world"), flow("succeeded", outputs={"answer": "Hello, world"}), END)
    async with serving(STREAM, chunk(*events), LAST) as server:
        assert (await ask(server))[0][-1] == "Hello, world"


async def test_what_moderation_took_back_does_not_return_with_the_end_of_the_flow() -> None:
    replaced = {**said("No."), "event": "message_replace"}
    finished = flow("succeeded", outputs={"answer": "Not o.k. to say."})
    events = (said("Never say this"), replaced, finished, END)
    async with serving(STREAM, chunk(*events), LAST) as server:
        assert (await ask(server))[0][-1] == "No."


async def test_a_whole_answer_at_the_end_replaces_what_an_agent_said_in_pieces() -> None:
    pieces = [{**said(text), "event": "agent_message"} for text in ("Let me", " see. 42")]
    async with serving(STREAM, chunk(*pieces), chunk(said("Let me see. 42"), END), LAST) as server:
        assert (await ask(server))[0][-1] == "Let me see. 42"


@pytest.mark.parametrize(
    ("answers", "then", "error"),
    [
        ((STREAM, chunk(said("Hi"))), "cut", errors.DifyCut),
        ((STREAM, chunk(said("Hi")), LAST), "end", errors.DifyCut),
        ((STREAM, chunk(said("Hi"))), "hang", errors.DifySilent),
        ((STREAM,), "hang", errors.DifySilent),
        ((), "hang", errors.DifySilent),
        ((STREAM, chunk(said("Hi"), flow("failed", error="x"))), "hang", errors.DifyModelFailed),
        (
            (STREAM, chunk({"event": "error", "code": "completion_request_error", "status": 400}), LAST),
            "end",
            errors.DifyModelFailed,
        ),
        (
            (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",),
            "end",
            errors.DifyNotDify,
        ),
        (
            (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",),
            "end",
            errors.DifyNotDify,
        ),
        (
            (b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",),
            "end",
            errors.DifyDown,
        ),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",),
            "end",
            errors.DifyNotDify,
        ),
        ((b"HTTP/1.1 what\r\n\r\n",), "end", errors.DifyNotDify),
    ],
)
async def test_every_trouble_has_its_own_error(
    answers: tuple[bytes, ...], then: str, error: type[errors.DifyError]
) -> None:
    async with serving(*answers, then=then) as server:
        with pytest.raises(error) as caught:
            await ask(server, silence=0.3)
    assert type(caught.value) is error
    assert "app-secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_told_apart() -> None:
    async with serving() as server:
        pass
    with pytest.raises(errors.DifyUnreachable) as caught:
        await ask(server)
    assert caught.value.nothing_began


@pytest.mark.parametrize(
    ("answers", "then", "nothing_began"),
    [
        ((), "cut", True),
        ((), "end", True),
        ((STREAM,), "cut", True),
        ((STREAM, LAST), "end", True),
        ((), "hang", False),
        ((STREAM,), "hang", False),
        ((STREAM, chunk("ping")), "cut", False),
        ((STREAM, b"5\r\ndata:\r\n"), "cut", False),
        ((STREAM, chunk(said("Hi")), LAST), "end", False),
        ((STREAM, chunk({"event": "error", "code": "rate_limit_error", "status": 429}), LAST), "end", False),
    ],
)
async def test_only_a_stream_that_said_nothing_at_all_may_be_asked_for_again(
    answers: tuple[bytes, ...], then: str, nothing_began: bool
) -> None:
    async with serving(*answers, then=then) as server:
        with pytest.raises(errors.DifyError) as caught:
            await ask(server, silence=0.3)
    assert caught.value.nothing_began is nothing_began


async def test_the_wish_of_a_server_how_long_to_wait_is_passed_on() -> None:
    head = (
        b"HTTP/1.1 503 Unavailable\r\nContent-Type: text/html\r\nRetry-After: 7\r\nContent-Length: 6\r\n\r\n"
    )
    async with serving(head + b"<html>") as server:
        with pytest.raises(errors.DifyDown) as caught:
            await ask(server)
    assert (caught.value.retry_after, caught.value.nothing_began) == (7.0, True)


async def test_a_refusal_counts_although_its_reason_is_cut_short() -> None:
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: 600\r\n\r\n{"
    async with serving(head, then="cut") as server:
        with pytest.raises(errors.DifyDown) as caught:
            await ask(server)
    assert caught.value.nothing_began


async def test_pings_keep_a_slow_stream_alive() -> None:
    pings: list[bytes] = [chunk("ping")] * 3
    async with serving(STREAM, *pings, chunk(said("At last"), END), LAST) as server:
        assert (await ask(server, silence=0.3))[0][-1] == "At last"


def info(mode: str) -> bytes:
    body = json.dumps({"name": "HR", "mode": mode}).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Version: 1.14.2\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )


async def test_the_check_names_the_app() -> None:
    async with serving(info("advanced-chat")) as server, DifyClient(server.url, "app-secret") as dify:
        app = await dify.check()
    assert (app.name, app.mode, app.version) == ("HR", "advanced-chat", "1.14.2")


async def test_the_check_takes_an_app_that_answers_once() -> None:
    async with serving(info("workflow")) as server, DifyClient(server.url, "app-secret") as dify:
        app = await dify.check()
    assert (app.mode, app.mode.conversing) == (Mode.WORKFLOW, False)


def test_a_name_that_is_too_long_for_dify_is_shortened_unmistakably() -> None:
    long = ["slack:" + "x" * 400 + end for end in "ab"]
    short = {end_user(name) for name in long}
    assert len(short) == 2
    assert all(len(name) <= 255 for name in short)
    assert end_user("slack:T1:U1") == "slack:T1:U1"
