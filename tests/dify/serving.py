"""A server with canned answers, over a real socket, and the events to can."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from bridge.dify import ChatRequest, DifyClient, Ending

ASK = ChatRequest("Hello?", "someone")

STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@dataclass
class Server:
    """One canned conversation over a socket; `closed` is set when the client has hung up."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def serving(*answers: bytes, then: str = "end") -> AsyncIterator[Server]:
    """Answer every request with these pieces, then `end` the response, `cut` the line or `hang`."""
    server = Server()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            server.requests.append(head + await reader.readexactly(length))
            for answer in answers:
                writer.write(answer)
                await writer.drain()
            if then == "hang":
                await reader.read()
                server.closed.set()
            elif then == "cut":
                writer.transport.abort()
        except ConnectionError:
            server.closed.set()
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with listening:
        yield server


def chunk(*events: Mapping[str, object] | str) -> bytes:
    body = b"".join(
        f"event: {event}\n\n".encode()
        if isinstance(event, str)
        else b"data: " + json.dumps(event).encode() + b"\n\n"
        for event in events
    )
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


def said(text: str) -> dict[str, object]:
    return {"event": "message", "answer": text, "conversation_id": "c", "message_id": "m", "task_id": "t"}


def flow(status: str, **data: object) -> dict[str, object]:
    return {"event": "workflow_finished", "data": {"status": status, **data}}


END = {"event": "message_end"}
LAST = b"0\r\n\r\n"


async def ask(server: Server, silence: float = 5.0) -> tuple[list[str], Ending | None]:
    """All states of the answer, and how it ended."""
    async with DifyClient(server.url, "app-secret", silence) as dify, dify.chat(ASK) as stream:
        async with aclosing(stream.updates()) as updates:
            texts = [update.text async for update in updates]
        return texts, stream.ending
