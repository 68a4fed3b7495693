"""Slack where it talks to the bridge's own web port, and the bridge that listens there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from adapters.slack.paths import EVENTS_PATH
from bridge.app import App, assemble
from bridge.settings import Settings
from sandbox.dify import Dify
from tests.e2e.places import SlackPlace

PATIENCE_SECONDS = 10.0


class SlackHttpPlace(SlackPlace):
    """The same place, without Socket Mode."""

    def settings(self, dify: Dify, database: str) -> Settings:
        secret = SecretStr(self.slack.signing_secret)
        changed = {"slack_app_token": SecretStr(""), "slack_signing_secret": secret, "bridge_http_port": 0}
        return super().settings(dify, database).model_copy(update=changed)

    async def connected(self) -> None:
        """That is up to whoever knows the port; see `reached`."""

    async def reached(self, app: App) -> None:
        """Wait until the bridge answers there, and have Slack tell it everything."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await self.slack.subscribe(address(app) + EVENTS_PATH)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    return


def address(app: App) -> str:
    """Where the web port of a running bridge is."""
    return f"http://127.0.0.1:{app.web.port}"


@asynccontextmanager
async def serving(place: SlackHttpPlace, dify: Dify, database: str) -> AsyncIterator[App]:
    """A bridge that Slack reaches, until the end of the block."""
    async with assemble(place.settings(dify, database)) as app:
        running = asyncio.create_task(app.run())
        try:
            await place.reached(app)
            yield app
        finally:
            app.leave()
            await running
