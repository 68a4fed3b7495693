"""The apps that are open just now: one client each, kept, exchanged and closed as the settings change."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Self

from bridge.appfile import Surroundings, read_config
from bridge.capacity import Capacities, Capacity
from bridge.dify import DifyClient
from bridge.errors import SettingsError
from bridge.routes import AppConfig, Config, names_channel, route
from bridge.settings import Settings, secret_named
from bridge.types import Thread

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Connection:
    """One client. Given up, it stays open until its last user has left."""

    client: DifyClient
    _users: int = 0
    _given_up: bool = False
    is_open: bool = False

    async def open(self) -> None:
        if not self.is_open:
            self.is_open = True
            await self.client.__aenter__()

    async def give_up(self) -> None:
        self._given_up = True
        if not self._users:
            await self.close()

    async def close(self) -> None:
        if self.is_open:
            self.is_open = False
            await self.client.__aexit__()

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        self._users += 1
        try:
            # Somebody may have been given it just before it was given up.
            await self.open()
            yield
        finally:
            self._users -= 1
            if self._given_up and not self._users:
                await self.close()


@dataclass(frozen=True, slots=True)
class OpenApp:
    """An app as it is configured just now. `capacity` is shared by all apps of its Dify."""

    config: AppConfig
    capacity: Capacity
    _connection: _Connection = field(repr=False)

    @property
    def is_open(self) -> bool:
        return self._connection.is_open

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[DifyClient]:
        """The client, not closed within the block, whatever becomes of the configuration meanwhile."""
        async with self._connection.in_use():
            yield self._connection.client

    async def give_up(self) -> None:
        """Close the client as soon as nobody uses it."""
        await self._connection.give_up()

    async def close(self) -> None:
        """Close the client, whoever uses it."""
        await self._connection.close()


class Apps:
    """All apps of the configuration, as an async context manager; entering raises `SettingsError` when the
    configuration cannot work. `reread` gives the settings as they are when it is read again."""

    def __init__(self, settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
        self._settings = settings
        self._reread = reread or (lambda: settings)
        self._capacities = Capacities(settings.dify_max_streams)
        self._config = Config({})
        self._open: dict[str, OpenApp] = {}
        # Given up, and maybe still in use.
        self._left: list[OpenApp] = []
        self._reloading = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._use(await asyncio.to_thread(_config_of, self._settings))
        return self

    async def __aexit__(self, *_: object) -> None:
        for app in (*self.all, *self._left):
            await app.close()

    @property
    def all(self) -> tuple[OpenApp, ...]:
        """Every app there is just now, in the order of the file."""
        return tuple(self._open.values())

    def of(self, name: str) -> OpenApp | None:
        """The app of this name, if there is one (any more)."""
        return self._open.get(name)

    def route(self, thread: Thread, command: str = "") -> OpenApp:
        """The app for what is said in this thread, with this command where it was asked with one."""
        return self._open[route(self._config, thread, command).name]

    def names_channel(self, thread: Thread) -> bool:
        """Whether a route is about just the channel of this thread."""
        return names_channel(self._config, thread)

    async def reload(self) -> bool:
        """Read settings, file and keys again. Apps whose address and key are the same keep their client; for
        others, answers that are running go on with the one they have. When something is wrong, everything
        stays as it was, and the log has every mistake. Returns whether it worked."""
        async with self._reloading:
            try:
                settings = await asyncio.to_thread(self._reread)
                config = await asyncio.to_thread(_config_of, settings)
            except SettingsError as error:
                for problem in error.problems:
                    log.error("the apps stay as they were: %s", problem)
                return False
            self._capacities.limit(settings.dify_max_streams)
            await self._use(config)
            log.info("read the apps again: %s", ", ".join(self._open))
            return True

    async def _use(self, config: Config) -> None:
        kept = {name: app for name, app in self._open.items() if _same(app.config, config.apps.get(name))}
        opened = {name: await self._opened(app, kept.get(name)) for name, app in config.apps.items()}
        left = [app for name, app in self._open.items() if name not in kept]
        # With nothing awaited in between: whoever asks finds all the old ones, or all the new ones.
        self._config, self._open = config, opened
        self._left = [*(app for app in self._left if app.is_open), *left]
        for app in left:
            await app.give_up()

    async def _opened(self, app: AppConfig, kept: OpenApp | None) -> OpenApp:
        if kept is not None:
            return replace(kept, config=app)
        connection = _Connection(DifyClient(app.url, app.key.get_secret_value()))
        await connection.open()
        return OpenApp(app, self._capacities.of(app.url), connection)


def _same(one: AppConfig, other: AppConfig | None) -> bool:
    """Whether one client serves both."""
    return other is not None and (one.url, one.key) == (other.url, other.key)


def _config_of(settings: Settings) -> Config:
    switches = {"slack": settings.slack, "discord": settings.discord}
    platforms = [name for name, is_on in switches.items() if is_on]
    around = Surroundings(
        settings.bridge_config,
        settings.dify_api_key,
        settings.dify_api_url,
        platforms,
        secret_named,
        settings.follow_threads,
        settings.follow_idle_hours,
        settings.slack_outsiders,
        settings.quota,
    )
    return read_config(around)
