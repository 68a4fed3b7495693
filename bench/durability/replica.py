"""A replica of the bridge whose platform takes everything and shows nothing, so that only the keeping of
questions is measured."""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import uvloop
from pydantic import SecretStr

from bridge.afterwards import Afterwards
from bridge.apps import Apps
from bridge.budget import Budget
from bridge.conversation import Conversation
from bridge.gate import Gate
from bridge.inbox import Answer, Asked, Inbox, Routed
from bridge.ports import Host
from bridge.replica import Replica
from bridge.routes import DEFAULT
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import Body, Lane, Message, MessageRef, Person, Thread

T = TypeVar("T")

PLATFORM = "nowhere"
LEAVE_SECONDS = 60.0
DIFY_KEY = "app-sandbox"


class Nowhere:
    """A platform without a wire. Each thread has limits of its own, as on Discord, but such that nobody ever
    meets them."""

    platform = PLATFORM

    async def run(self, host: Host) -> None:
        """Nobody speaks here."""

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        return MessageRef(thread.channel, f"{thread.id}.{key}")

    async def edit(self, ref: MessageRef, body: Body) -> None:
        """Nobody sees it."""

    async def delete(self, ref: MessageRef) -> None:
        """Nobody sees it."""

    def fits(self, thread: Thread, body: Body) -> bool:
        return len(body.text) + len(body.notice) <= 2000

    def empty(self, thread: Thread, body: Body) -> bool:
        return not (body.text or body.notice)

    def same(self, one: Body, other: Body) -> bool:
        return one == other

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._lane(f"post:{thread.channel}"),)

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        return (self._lane(f"edit:{ref.channel}"),)

    def closing_lane(self, thread: Thread) -> Lane:
        return self._lane(f"edit:{thread.channel}")

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return (self._lane(f"delete:{ref.channel}"),)

    def _lane(self, scope: str) -> Lane:
        return Lane(scope, limit=1000, seconds=1.0, private=True)


def thread(number: int) -> Thread:
    return Thread(PLATFORM, "W1", f"C{number}", f"{number}.0")


def question(number: int, in_thread: int) -> Message:
    """A question that can be told from all others, wherever its text arrives."""
    text = f"How long is bridge {number}?"
    return Message(
        f"m{number}", thread(in_thread), Person(f"U{in_thread}"), text, sent_at=0.0, addressed=True
    )


@asynccontextmanager
async def replica(url: str, answer_with: Callable[[Store], Answer]) -> AsyncIterator[Inbox]:
    """One that runs, and in the end leaves as it would at a restart."""
    async with Store(url) as store:
        here = Replica(store)
        await here.register()
        inbox = Inbox(
            store,
            here,
            [Nowhere()],
            Budget(),
            answer_with(store),
            app_of=lambda _: Routed(DEFAULT),
        )
        beside = [asyncio.create_task(here.run(inbox)), asyncio.create_task(inbox.run())]
        try:
            yield inbox
        finally:
            await inbox.leave(LEAVE_SECONDS)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await here.leave()


@asynccontextmanager
async def conversing(
    url: str, dify_url: str, begun: Callable[[Asked], None] = lambda _: None
) -> AsyncIterator[Inbox]:
    """A replica that asks the Dify at this address, with all that the bridge does on the way. `begun` is told
    of each answer when it is."""
    async with Apps(_settings(dify_url)) as apps:

        def answer_with(store: Store) -> Answer:
            budget = Budget()
            conversation = Conversation(
                apps,
                store,
                budget,
                Gate(store, budget, ()),
                Afterwards(store, budget),
                retry_seconds=60.0,
                max_age_seconds=86_400.0,
            )

            async def answer(asked: Asked) -> str:
                begun(asked)
                return await conversation.answer(asked)

            return answer

        async with replica(url, answer_with) as inbox:
            yield inbox


def _settings(dify_url: str) -> Settings:
    """One app, asked as often at once as anybody likes. No platform is reached with these tokens."""
    return Settings(
        dify_api_url=dify_url,
        dify_api_key=SecretStr(DIFY_KEY),
        dify_max_streams=0,
        bridge_config="",
        slack_bot_token=SecretStr("xoxb-nobody"),
        slack_app_token=SecretStr("xapp-nobody"),
    )


async def answered_at_once(_: Asked) -> str:
    return "answered"


def settled(work: Coroutine[object, object, T]) -> T:
    """Run a measurement as the bridge runs: on uvloop, with what was imported left alone by the collector of
    garbage; but with a log that tells only of trouble."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    gc.collect()
    gc.freeze()
    return uvloop.run(work)


async def by_several(
    deliver: Callable[[Message], Awaitable[None]], some: Iterable[Message], at_once: int
) -> None:
    """Deliver all of these, so many at a time."""
    waiting = iter(some)

    async def one_after_the_other() -> None:
        for message in waiting:
            await deliver(message)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())
