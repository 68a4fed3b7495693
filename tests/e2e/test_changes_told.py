"""Edits and deletions on their way from the platforms to the host: told until they are taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.discord.adapter import DiscordAdapter
from adapters.slack.adapter import SlackAdapter
from bridge.errors import BridgeError, Leaving, StoreError
from bridge.types import Message
from sandbox.discord import Discord
from sandbox.slack import Slack
from tests.e2e.conftest import until
from tests.e2e.quiet_host import QuietHost


class Recorder(QuietHost):
    """Refuses changes while `failures` are left, and keeps what was said and what was refused."""

    def __init__(self, *failures: BridgeError) -> None:
        super().__init__()
        self.failures = list(failures)
        self.heard: list[Message] = []
        self.refused: list[str] = []

    async def deliver(self, message: Message) -> None:
        self.heard.append(message)

    async def edited(self, message: Message) -> None:
        self._may_fail(message.id)
        await super().edited(message)

    async def deleted(self, platform: str, message_id: str) -> None:
        self._may_fail(message_id)
        await super().deleted(platform, message_id)

    def _may_fail(self, message_id: str) -> None:
        if self.failures:
            self.refused.append(message_id)
            raise self.failures.pop(0)


@asynccontextmanager
async def listening(adapter: SlackAdapter | DiscordAdapter, host: QuietHost) -> AsyncIterator[None]:
    running = asyncio.create_task(adapter.run(host))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def slack_with(host: QuietHost) -> AsyncIterator[tuple[Slack, str, str]]:
    """A Slack that the host listens to, with a channel and a person."""
    async with Slack(ack_timeout=0.3, retry_delays=(0.0, 0.1)) as slack:
        adapter = SlackAdapter(slack.bot_token, slack.app_token, slack.url)
        async with listening(adapter, host):
            await slack.wait_for(lambda: slack.connections > 0)
            yield slack, slack.add_channel("general"), slack.add_user("Ada")


@asynccontextmanager
async def discord_with(host: QuietHost) -> AsyncIterator[tuple[Discord, str, str]]:
    async with Discord() as discord:
        guild = discord.add_guild()
        channel, person = discord.add_channel(guild, "general"), discord.add_user("Ada")
        async with listening(DiscordAdapter(discord.token, discord.url), host):
            await discord.wait_for(lambda: discord.identifies > 0)
            yield discord, channel, person


async def test_slack_is_told_of_a_change_only_when_it_is_stored() -> None:
    host = Recorder(StoreError(), StoreError())
    async with slack_with(host) as (slack, channel, person):
        first, second = await slack.say(channel, person, "One"), await slack.say(channel, person, "Two")
        await slack.wait_for(lambda: not slack.unacked)
        await slack.edit(channel, first, "Changed")
        await slack.delete(channel, second)
        assert len(slack.unacked) == 2
        await until(lambda: bool(host.changed and host.gone))
        await slack.wait_for(lambda: not slack.unacked)
    names = [f"{slack.team_id}:{channel}:{ts}" for ts in (first, second)]
    assert ([one.id for one in host.changed], host.gone) == (names[:1], names[1:])
    assert sorted(host.refused) == sorted(names)
    assert [one.text for one in host.changed] == ["Changed"]


async def test_slacks_noise_is_acknowledged_and_goes_no_further() -> None:
    host = Recorder()
    async with slack_with(host) as (slack, channel, person):
        ts = await slack.say(channel, person, "https://example.com")
        await slack.unfurl(channel, ts)
        await slack.say(channel, person, "A reply", thread_ts=ts)
        await slack.delete(channel, ts)
        await until(lambda: bool(host.gone))
        await slack.wait_for(lambda: not slack.unacked)
    assert host.changed == []
    assert host.gone == [f"{slack.team_id}:{channel}:{ts}"]


async def test_discords_changes_are_told_again_until_they_are_taken() -> None:
    host = Recorder(StoreError(), StoreError())
    async with discord_with(host) as (discord, channel, person):
        first, second = [await discord.say(channel, person, text) for text in ("One", "Two")]
        await until(lambda: len(host.heard) == 2)
        await discord.edit(first, "Changed")
        await discord.remove(second)
        await until(lambda: bool(host.changed and host.gone))
    assert host.refused == [first, first]
    assert ([one.id for one in host.changed], [one.text for one in host.changed]) == ([first], ["Changed"])
    assert host.gone == [second]


async def test_what_nobody_takes_any_more_is_left_alone() -> None:
    host = Recorder(Leaving())
    async with discord_with(host) as (discord, channel, person):
        first, second = [await discord.say(channel, person, text) for text in ("One", "Two")]
        await until(lambda: len(host.heard) == 2)
        await discord.remove(first)
        await discord.remove(second)
        await until(lambda: bool(host.gone))
    assert (host.refused, host.gone) == ([first], [second])


async def test_discords_noise_goes_no_further() -> None:
    host = Recorder()
    async with discord_with(host) as (discord, channel, person):
        said = await discord.say(channel, person, "https://example.com")
        await until(lambda: len(host.heard) == 1)
        await discord.unfurl(said)
        discord.start_thread(said, "About it", person)
        others = [await discord.say(channel, person, f"Other {number}") for number in range(3)]
        await until(lambda: len(host.heard) == 4)
        await discord.purge(others)
        await until(lambda: len(host.gone) == 3)
    assert (host.changed, host.gone) == ([], others)


async def test_an_edit_that_was_missed_is_found_with_what_was_said_meanwhile() -> None:
    class Missing(Recorder):
        @property
        def missed_seconds(self) -> float:
            return 600.0

    host = Missing()
    async with Discord() as discord:
        channel, person = discord.add_channel(discord.add_guild(), "general"), discord.add_user("Ada")
        said = await discord.say(channel, person, f"<@{discord.bot_id}> One")
        await discord.edit(said, f"<@{discord.bot_id}> Changed")
        async with listening(DiscordAdapter(discord.token, discord.url), host):
            await until(lambda: bool(host.changed))
    assert [one.text for one in (*host.heard, *host.changed)] == ["Changed", "Changed"]


async def test_discord_says_who_may_take_away_what_others_say() -> None:
    host = Recorder()
    async with discord_with(host) as (discord, channel, person):
        await discord.say(channel, person, "I may not")
        await discord.say(channel, discord.owner(channel), "I may")
        await until(lambda: len(host.heard) == 2)
    assert [one.author.moderator for one in host.heard] == [False, True]
