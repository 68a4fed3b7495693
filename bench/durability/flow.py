"""Messages that come: how soon each is begun at an even pace, and how many a second can come at all."""

import asyncio
import time

from bench.durability.figures import Rates, Times
from bench.durability.replica import (
    LEAVE_SECONDS,
    answered_at_once,
    by_several,
    conversing,
    question,
    replica,
    settled,
)
from bridge.inbox import Asked

PER_SECOND = 50
# Every fifth one goes on in a thread that was begun so many messages before.
FOLLOWS_EVERY, FOLLOWS_AFTER = 5, 100
AT_ONCE = 64
WARMING_UP = 200


def evenly(url: str, dify_url: str, seconds: float) -> Times:
    """Messages at an even pace, each answered by that Dify."""
    return settled(_evenly(url, dify_url, seconds))


def at_most(url: str, messages: int) -> Rates:
    """As many messages as can be, some at a time, each in a thread of its own. What answers them is not part
    of it: it never ends, or at once."""
    return settled(_at_most(url, messages))


async def _evenly(url: str, dify_url: str, seconds: float) -> Times:
    times = Times()
    loop = asyncio.get_running_loop()

    def begun(asked: Asked) -> None:
        times.begun[asked.job.message.text] = time.monotonic()

    async with conversing(url, dify_url, begun) as inbox, asyncio.TaskGroup() as group:
        began = loop.time()
        for number in range(-WARMING_UP, round(PER_SECOND * seconds)):
            await asyncio.sleep(began + (number + WARMING_UP) / PER_SECOND - loop.time())
            follows = number >= FOLLOWS_AFTER and number % FOLLOWS_EVERY == 0
            message = question(number, number - FOLLOWS_AFTER + 1 if follows else number)
            if number >= 0:
                times.delivered[message.text] = time.monotonic()
            group.create_task(inbox.deliver(message))
    return times


async def _at_most(url: str, messages: int) -> Rates:
    async with replica(url, lambda _: answered_at_once) as inbox:
        await by_several(inbox.deliver, (question(number, number) for number in range(WARMING_UP)), AT_ONCE)
    first = WARMING_UP
    finished, finished_cpu = await _rate(url, range(first, first + messages), ends=True)
    first += messages
    accepted, accepted_cpu = await _rate(url, range(first, first + messages), ends=False)
    return Rates(accepted, finished, accepted_cpu, finished_cpu)


async def _rate(url: str, numbers: range, *, ends: bool) -> tuple[float, float]:
    """How many a second, and the CPU that one takes."""
    over, left = asyncio.Event(), len(numbers)

    async def answer(asked: Asked) -> str:
        nonlocal left
        left -= 1
        if not left:
            over.set()
        elif not ends:
            await over.wait()
        return await answered_at_once(asked)

    questions = [question(number, number) for number in numbers]
    async with replica(url, lambda _: answer) as inbox:
        began, cpu = time.monotonic(), time.process_time()
        await by_several(inbox.deliver, questions, AT_ONCE)
        if ends:
            # Waits for every outcome to be noted.
            await inbox.leave(LEAVE_SECONDS)
        took, used = time.monotonic() - began, time.process_time() - cpu
    return len(numbers) / took, used / len(numbers)
