"""What sets people apart in both stand-ins, as the real SDKs find it: groups, roles, other workspaces, and
who takes nothing in private."""

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.discord import Discord
from sandbox.slack import Limits, Slack
from tests.sandbox.discord_clients import Http, running_bot


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(limits=Limits.off()) as slack:
        yield slack


@pytest.fixture
async def client(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)


@pytest.fixture
async def sandbox() -> AsyncIterator[Discord]:
    async with Discord() as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Discord) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(sandbox, session)


async def test_slack_tells_who_is_in_a_group(slack: Slack, client: AsyncWebClient) -> None:
    ada, grace = slack.add_user("Ada"), slack.add_user("Grace")
    group = slack.add_group(ada, grace)
    answer = await client.usergroups_users_list(usergroup=group)
    assert answer["users"] == [ada, grace]
    with pytest.raises(SlackApiError) as refused:
        await client.usergroups_users_list(usergroup="S0")
    assert refused.value.response["error"] == "no_such_subteam"


async def test_slack_says_of_whoever_is_from_another_workspace_which(
    slack: Slack, client: AsyncWebClient
) -> None:
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    guest = slack.add_user("Guest", team="T0OUTSIDE")
    await slack.say(channel, ada, "mine")
    await slack.say(channel, guest, "theirs")
    theirs, mine = (await client.conversations_history(channel=channel))["messages"]
    assert (mine["team"], mine.get("user_team")) == (slack.team_id, None)
    assert [theirs[name] for name in ("team", "user_team", "source_team")] == ["T0OUTSIDE"] * 3


async def test_a_private_message_is_seen_in_a_thread_only_once_somebody_has_replied_there(
    slack: Slack, client: AsyncWebClient
) -> None:
    channel, ada = slack.add_channel("general"), slack.add_user("Ada")
    root = await slack.say(channel, ada, "anybody?")
    await client.chat_postEphemeral(channel=channel, user=ada, thread_ts=root, text="lost")
    await client.chat_postEphemeral(channel=channel, user=ada, text="in the channel")
    await slack.say(channel, ada, "hello?", thread_ts=root)
    await client.chat_postEphemeral(channel=channel, user=ada, thread_ts=root, text="in the thread")
    assert [one.text for one in slack.whispers(ada)] == ["in the channel", "in the thread"]


async def test_discord_tells_roles_with_every_message_and_to_whoever_asks(
    sandbox: Discord, http: Http
) -> None:
    guild = sandbox.add_guild("Office")
    channel, ann, bob = (
        sandbox.add_channel(guild, "general"),
        sandbox.add_user("ann"),
        sandbox.add_user("bob"),
    )
    before = sandbox.add_role(guild, "before")
    async with running_bot(sandbox) as bot:
        after = sandbox.add_role(guild, "after")
        sandbox.give_role(guild, before, ann)
        sandbox.give_role(guild, after, ann)
        await sandbox.say(channel, ann, "hello")
        await sandbox.say(channel, bob, "hello")
        first, second = (await bot.next()).author, (await bot.next()).author
    assert isinstance(first, discord.Member)
    assert isinstance(second, discord.Member)
    assert {role.name for role in first.roles} == {"@everyone", "before", "after"}
    assert {role.name for role in second.roles} == {"@everyone"}
    status, member, _ = await http("GET", f"/guilds/{guild}/members/{ann}")
    assert (status, member["roles"]) == (200, [before, after])
    status, refusal, _ = await http("GET", f"/guilds/{guild}/members/1")
    assert (status, refusal["code"]) == (404, 10007)


async def test_who_takes_no_direct_messages_gets_none(sandbox: Discord, http: Http) -> None:
    ann = sandbox.add_user("ann")
    _, channel, _ = await http("POST", "/users/@me/channels", {"recipient_id": ann})
    path = f"/channels/{channel['id']}/messages"
    assert (await http("POST", path, {"content": "One."}))[0] == 200
    sandbox.refuse_directs(ann)
    status, refusal, _ = await http("POST", path, {"content": "Two."})
    assert (status, refusal["code"]) == (403, 50007)
    assert [one.content for one in sandbox.messages(channel["id"])] == ["One."]
