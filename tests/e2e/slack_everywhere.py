"""A Slack of several workspaces, and bridges that any of them may install."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from adapters.slack.paths import EVENTS_PATH, INSTALL_PATH
from bridge.app import App, assemble
from bridge.settings import Settings
from bridge.vault import new_key
from sandbox.dify import Dify
from sandbox.slack import Slack, SlackMessage, Visit

PATIENCE_SECONDS = 15.0


class Workspace:
    """One of them, with somebody in it who talks to the bot."""

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.person = slack.add_user("Ada")
        self.channel = slack.add_channel("general")

    async def ask(self, text: str) -> str:
        """Mention the bot in the channel. Returns the thread."""
        mention = f"<@{self.slack.bot_user_id}> {text}"
        return await self.slack.say(self.channel, self.person, mention)

    async def say(self, thread: str, text: str) -> None:
        await self.slack.say(self.channel, self.person, text, thread_ts=thread)

    def said(self, thread: str) -> list[SlackMessage]:
        """What the bot has put into a thread."""
        return [one for one in self.slack.messages(self.channel, thread) if one.bot_id]

    async def hears(self, thread: str, *texts: str) -> None:
        """Wait until just this stands in a thread, with nothing left to come."""

        def complete() -> bool:
            said = self.said(thread)
            return [one.text for one in said] == list(texts) and not any(
                one.streaming or "Stop" in self.slack.buttons(self.channel, one.ts) for one in said
            )

        await self.slack.wait_for(complete, PATIENCE_SECONDS)


class Everywhere:
    """The stand-in, what its app is, and the settings of a bridge for it."""

    def __init__(self, dify: Dify, database: str) -> None:
        self.slack = Slack(retry_delays=(0.0, 0.3, 1.0, 2.0))
        self.key = new_key()
        self.public_port = _free_port()
        self._dify = dify
        self._database = database

    @property
    def install_url(self) -> str:
        return f"http://127.0.0.1:{self.public_port}{INSTALL_PATH}"

    def workspace(self, name: str, *, enterprise_id: str = "") -> Workspace:
        return Workspace(self.slack.add_workspace(name, enterprise_id=enterprise_id))

    async def install(self, workspace: Workspace) -> Visit:
        visit = await workspace.slack.install(self.install_url)
        assert visit.status == 200, visit.text
        return visit

    def settings(self, *, port: int, socket_mode: bool = False) -> Settings:
        secret = SecretStr("" if socket_mode else self.slack.signing_secret)
        return Settings(
            dify_api_url=self._dify.url,
            dify_api_key=SecretStr(self._dify.key),
            bridge_config="",
            slack_app_token=SecretStr(self.slack.app_token if socket_mode else ""),
            slack_signing_secret=secret,
            slack_client_id=self.slack.client_id,
            slack_client_secret=SecretStr(self.slack.client_secret),
            slack_api_url=self.slack.url,
            database_url=SecretStr(self._database),
            bridge_http_port=port,
            bridge_public_url=f"http://127.0.0.1:{self.public_port}",
            bridge_secret_key=SecretStr(self.key),
            drain_seconds=5.0,
        )

    @asynccontextmanager
    async def bridge(self, *, socket_mode: bool = False) -> AsyncIterator[App]:
        """One that people and Slack reach; entered again, it is the same bridge after a restart."""
        async with self.another(self.public_port, socket_mode=socket_mode) as app:
            if socket_mode:
                await self.slack.wait_for(lambda: self.slack.connections > 0)
            else:
                await self.tell(app)
            yield app

    @asynccontextmanager
    async def another(self, port: int = 0, *, socket_mode: bool = False) -> AsyncIterator[App]:
        """One that runs, whoever talks to it."""
        async with assemble(self.settings(port=port, socket_mode=socket_mode)) as app:
            running = asyncio.create_task(app.run())
            try:
                yield app
            finally:
                app.leave()
                await running

    async def tell(self, app: App) -> None:
        """Have Slack tell everything to this bridge from now on."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await self.slack.subscribe(f"http://127.0.0.1:{app.web.port}{EVENTS_PATH}")
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    return


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
