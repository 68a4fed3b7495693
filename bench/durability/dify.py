"""The stand-in for Dify in a process of its own, so that what it does is not measured."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from bench.durability.files import allow_many_files
from sandbox.dify import Answer, ChatRequest, Dify

# When each question came, by its text; on the monotonic clock, which all processes share.
Arrivals: TypeAlias = Mapping[str, float]

END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DifyAside:
    """One that runs elsewhere."""

    url: str
    _line: Connection

    def arrivals(self) -> Arrivals:
        """What was asked so far."""
        self._line.send(True)
        told: Arrivals = self._line.recv()
        return told


@contextmanager
def dify_aside(answer: Answer) -> Iterator[DifyAside]:
    """A Dify that gives everybody this answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, answer), daemon=True)
    process.start()
    try:
        yield DifyAside(ours.recv(), ours)
        ours.send(False)
        process.join(END_SECONDS)
    finally:
        process.kill()
        process.join()


def _serve(line: Connection, answer: Answer) -> None:
    allow_many_files()
    asyncio.run(_serving(line, answer))


async def _serving(line: Connection, answer: Answer) -> None:
    def script(_: ChatRequest, __: int) -> Answer:
        return answer

    async with Dify(mode="chat", version="1.16.0", script=script) as dify:
        line.send(dify.url)
        while await asyncio.to_thread(line.recv):
            line.send({request.query: request.at for request in dify.requests})
