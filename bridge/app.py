"""The composition root: settings -> parts -> run -> leave politely. The only file that knows every part."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.discord.adapter import DiscordAdapter
from adapters.slack.adapter import SlackAdapter
from adapters.slack.growing import Streaming
from adapters.slack.manifest import features, scopes
from adapters.slack.oauth import OAuth
from bridge.access import groups_moderating, is_moderator
from bridge.afterwards import Afterwards
from bridge.apps import Apps, OpenApp
from bridge.budget import Budget
from bridge.changes import Changes
from bridge.checks import left_out
from bridge.conversation import Conversation
from bridge.errors import DifyError, LoginRefused, StoreError
from bridge.gate import Gate
from bridge.inbox import Inbox, Routed
from bridge.installations import KeptInstallations
from bridge.invoking import Invoking
from bridge.languages import Languages
from bridge.meaning import word_of
from bridge.offering import Offering
from bridge.ports import Adapter, ServesWeb
from bridge.presses import Presses
from bridge.reception import Reception
from bridge.replica import Replica
from bridge.routes import Follow
from bridge.settings import Busy, DiscordReplies, Language, Reasoning, Settings
from bridge.store import Following, Store
from bridge.types import Message
from bridge.vault import Vault
from bridge.web import Health, WebPort

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 3600.0


class App:
    """A running bridge. `run` serves until `leave` is called; a second `leave` cuts everything off."""

    def __init__(self, settings: Settings, store: Store, apps: Apps, adapters: list[Adapter]) -> None:
        self._settings = settings
        self._apps = apps
        self._adapters = adapters
        self._leaving = asyncio.Event()
        self._cut_off = asyncio.Event()
        self._rereading = asyncio.Event()
        self._failed = False
        self.store = store
        self._pages = [one for one in adapters if isinstance(one, ServesWeb) and one.paths]
        self.web = WebPort(settings.bridge_http_host, settings.bridge_http_port, (Health(), *self._pages))
        budget = Budget()
        gate = self._gate = Gate(store, budget, adapters)
        self._afterwards = Afterwards(store, budget)
        conversation = Conversation(
            apps,
            store,
            budget,
            gate,
            self._afterwards,
            retry_seconds=settings.dify_retry_for,
            max_age_seconds=settings.recover_max_age,
            show_reasoning=settings.reasoning is Reasoning.SHOW,
        )
        self._replica = Replica(store)
        self._inbox = Inbox(
            store,
            self._replica,
            adapters,
            budget,
            conversation.answer,
            self._app_of,
            self._moderates,
            merging=settings.busy is Busy.MERGE,
            interrupting=settings.busy is Busy.INTERRUPT,
        )
        changes = Changes(store, apps, gate, self._inbox)
        self._presses = Presses(store, apps, gate, self._inbox.deliver, changes.press)
        self._reception = Reception(
            store,
            self._replica,
            self._inbox,
            self._presses,
            Invoking(store, apps, gate, self._presses.take, changes.stop_in),
            changes,
            Offering(store, apps),
            Languages(adapters, budget, "" if settings.language is Language.AUTO else settings.language),
            settings.recover_max_age,
            apps.names_channel,
        )

    def leave(self) -> None:
        """Ask the bridge to end. Safe to call from a signal handler."""
        if self._leaving.is_set():
            self._cut_off.set()
        self._leaving.set()

    def reload(self) -> None:
        """Read the apps and their routes again. Safe to call from a signal handler."""
        self._rereading.set()

    async def run(self) -> bool:
        """Serve. Returns whether it ended because it was asked to, not because no platform took the bot, or
        something it cannot do without has failed. `SettingsError` when the web port cannot be had."""
        async with AsyncExitStack() as opened:
            if self._pages:
                await opened.enter_async_context(self.web)
            await self._replica.register()
            return await self._serve()

    async def _serve(self) -> bool:
        aside = {
            asyncio.create_task(work, name=name)
            for name, work in (
                ("apps", self._guarded("apps", self._keep_apps())),
                ("heartbeat", self._guarded("heartbeat", self._replica.run(self._inbox))),
                ("what waits", self._guarded("what waits", self._inbox.run())),
                ("housekeeping", self._guarded("housekeeping", self._keep_house())),
            )
        }
        listening = {
            asyncio.create_task(self._listen(adapter), name=adapter.platform) for adapter in self._adapters
        }
        leaving = asyncio.create_task(self._leaving.wait(), name="leave")
        try:
            await self._until_over(leaving, listening)
            self._replica.withdraw()
            await self._finish_answers()
            await self._afterwards.close()
        finally:
            for task in (leaving, *aside, *listening):
                task.cancel()
            await asyncio.gather(leaving, *aside, *listening, return_exceptions=True)
            await self._presses.close()
            await self._replica.leave()
        return self._leaving.is_set() and not self._failed

    async def _until_over(self, leaving: asyncio.Task[bool], listening: set[asyncio.Task[None]]) -> None:
        """Until somebody asks to leave, or no adapter is left."""
        running: set[asyncio.Task[None]] = set(listening)
        while running and not leaving.done():
            await asyncio.wait({leaving, *running}, return_when=asyncio.FIRST_COMPLETED)
            running = {task for task in running if not task.done()}

    async def _finish_answers(self) -> None:
        """The adapters still run meanwhile: answers need them to be shown."""
        finishing = asyncio.create_task(self._inbox.leave(self._settings.drain_seconds), name="drain")
        cut_off = asyncio.create_task(self._cut_off.wait(), name="second signal")
        await asyncio.wait({finishing, cut_off}, return_when=asyncio.FIRST_COMPLETED)
        cut_off.cancel()
        if not finishing.done():
            log.warning("cutting off what is still running")
            finishing.cancel()
            await self._inbox.leave(0)
        await asyncio.gather(finishing, cut_off, return_exceptions=True)

    def _app_of(self, message: Message) -> Routed | None:
        """The app that answers a message, where one does."""
        config = self._apps.route(message.thread, word_of(message)).config
        if config.follow is Follow.MENTION and not message.addressed:
            return None
        return Routed(
            config.name,
            Following(
                opener_only=config.follow is Follow.OPENER, idle_seconds=config.follow_idle_hours * 3600
            ),
        )

    async def _moderates(self, message: Message) -> bool:
        """Whether who wrote this may stop the answers of others where it was written."""
        config = self._apps.route(message.thread).config
        known = await self._gate.known(
            message.thread, message.author, groups_moderating(config, message.thread.platform)
        )
        return is_moderator(config, message.thread, known or message.author)

    async def _listen(self, adapter: Adapter) -> None:
        try:
            await adapter.run(self._reception)
        except LoginRefused as error:
            log.error("%s is off: its token was refused (%s)", adapter.platform.capitalize(), error)
        except Exception:
            # The one guard of this task: one platform's defect must not take the others down.
            log.exception("%s is off: its adapter failed", adapter.platform.capitalize())
        finally:
            self._inbox.without(adapter.platform)

    async def _guarded(self, name: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception:
            # The one guard of this task: without it, nothing could be relied on any more.
            log.exception("the %s failed, so the bridge ends", name)
            self._failed = True
            self._leaving.set()

    async def _keep_house(self) -> None:
        """Forget what is to be forgotten, at once and every hour."""
        while True:
            try:
                while tidied := await self.store.tidy(self._settings.thread_ttl_days):
                    log.info("forgot %s", tidied)
            except StoreError as error:
                log.warning("housekeeping was put off: %s", error)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _keep_apps(self) -> None:
        """Look at all apps, at once and whenever they were read again."""
        while True:
            for app in self._apps.all:
                await self._check(app)
            await self._rereading.wait()
            self._rereading.clear()
            await self._apps.reload()

    async def _check(self, app: OpenApp) -> None:
        """Say early what every question would run into. The bridge serves all the same."""
        try:
            async with app.in_use() as dify:
                told = await dify.check()
        except DifyError as error:
            log.error("Dify, %s: %s (%s: %s)", app.config.name, error.notice, type(error).__name__, error)
        else:
            mode = told.mode or "unknown"
            log.info("Dify, %s: connected to the app %r, mode %s", app.config.name, told.name, mode)


@asynccontextmanager
async def assemble(settings: Settings, reread: Callable[[], Settings] | None = None) -> AsyncIterator[App]:
    """All parts, opened and closed in order; `SettingsError` or `StoreError` when that cannot be. `reread`
    gives the settings as they are when the apps are read again."""
    async with (
        Apps(settings, reread) as apps,
        Store(
            settings.database_url.get_secret_value(), settings.database_listen_url.get_secret_value()
        ) as store,
    ):
        yield App(settings, store, apps, await _adapters(settings, store))


async def _adapters(settings: Settings, store: Store) -> list[Adapter]:
    adapters: list[Adapter] = []
    if settings.slack:
        adapters.append(
            SlackAdapter(
                settings.slack_bot_token.get_secret_value(),
                settings.slack_app_token.get_secret_value(),
                settings.slack_api_url,
                Streaming(settings.slack_streaming),
                signing_secret=settings.slack_signing_secret.get_secret_value(),
                oauth=await _oauth(settings, store) if settings.slack_everywhere else None,
            )
        )
    if settings.discord:
        adapters.append(
            DiscordAdapter(
                settings.discord_bot_token.get_secret_value(),
                settings.discord_api_url,
                settings.shards,
                settings.discord_shard_count,
                plain=settings.discord_replies is DiscordReplies.PLAIN,
                archive_minutes=settings.discord_archive_minutes,
            )
        )
    return adapters


async def _oauth(settings: Settings, store: Store) -> OAuth:
    vault = Vault(settings.bridge_secret_key.get_secret_value())
    installations = KeptInstallations(store, vault, SlackAdapter.platform)
    await installations.renew_seals()
    return OAuth(
        settings.slack_client_id,
        settings.slack_client_secret.get_secret_value(),
        settings.bridge_public_url,
        scopes(
            features(
                http=False,
                install=True,
                without=left_out(settings.slack_without),
            )
        ),
        installations,
    )
