"""Small hosts for an adapter that runs without the core."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.slack.adapter import SlackAdapter
from bridge.errors import BridgeError
from bridge.types import Message, Press, Reaction, Thread
from sandbox.slack import Slack
from tests.e2e.conftest import until
from tests.e2e.quiet_host import QuietHost


class Recorder(QuietHost):
    """Keeps what is delivered, and refuses it while `failures` are left. Keeps what is pressed, and reacts to
    it with the next of its `answers`. What was said after `since` (seconds
    since 1970) counts as missed, by default of the last hour."""

    def __init__(self, *threads: Thread, since: float | None = None) -> None:
        super().__init__()
        self.heard: list[Message] = []
        self.refused: list[Message] = []
        self.failures: list[BridgeError] = []
        self.pressed: list[Press] = []
        self.answers: list[Reaction | BridgeError] = []
        self.roles: list[str] = []
        self._threads = threads
        self._since = since

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.heard]

    @property
    def missed_seconds(self) -> float:
        return 3600.0 if self._since is None else time.time() - self._since

    async def deliver(self, message: Message) -> None:
        if self.failures:
            self.refused.append(message)
            raise self.failures.pop(0)
        self.heard.append(message)

    async def press(self, press: Press) -> Reaction:
        self.pressed.append(press)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BridgeError):
            raise answer
        return answer

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return self._threads

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        self.roles.append(role)
        await work()

    async def hears(self, *texts: str) -> None:
        """Wait until these were delivered, in any order."""
        await until(lambda: sorted(self.texts) == sorted(texts))


class Stuck(Recorder):
    """Is still busy storing the first message when its process dies."""

    async def deliver(self, message: Message) -> None:
        self.refused.append(message)
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(
    slack: Slack, host: Recorder, *, away_seconds: float = 60.0
) -> AsyncIterator[SlackAdapter]:
    """A connected adapter; on leaving the block its process is gone."""
    adapter = SlackAdapter(slack.bot_token, slack.app_token, slack.url, away_seconds=away_seconds)
    before = slack.connections
    running = asyncio.create_task(adapter.run(host))
    try:
        await slack.wait_for(lambda: slack.connections > before)
        yield adapter
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
