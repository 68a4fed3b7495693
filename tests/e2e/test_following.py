"""Which messages count in a thread that the bot takes part in."""

import pytest
from sqlalchemy import text

from bridge.app import App
from sandbox.dify import Dify
from tests.e2e.conftest import ON_DISCORD, ON_SLACK, Bridge, Configure, answered
from tests.e2e.places import DiscordPlace, Place, SlackPlace


def queries(dify: Dify) -> list[str]:
    return [one.query for one in dify.requests]


async def falls_silent(app: App, hours: float) -> None:
    """Nobody has said anything for so long."""
    earlier = text("UPDATE chat_thread SET updated_at = updated_at - :by")
    by = int(hours * 3_600_000)
    await app.store.runner.run(lambda conn: conn.execute(earlier, {"by": by}).rowcount)


async def test_only_the_opener_needs_no_mention_where_that_is_wished(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure('[apps.default]\nfollow = "opener"\n')
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "I only think aloud.", person=other)
        await place.say(thread, "Two?")
        await answered(app, 2)
        await place.ask_in(thread, "Three?", person=other)
        await answered(app, 3)
        await place.say(thread, "Still not for it.", person=other)
        await place.say(thread, "Four?")
        await answered(app, 4)
    assert queries(dify) == ["One?", "Two?", "Three?", "Four?"]


async def test_who_begins_the_conversation_anew_is_its_opener_then(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure('[apps.default]\nfollow = "opener"\n')
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.ask_in(thread, "!new", person=other)
        await answered(app, 2)
        await place.say(thread, "Nothing for it any more.")
        await place.say(thread, "Two?", person=other)
        await answered(app, 3)
    assert queries(dify) == ["One?", "Two?"]


async def test_after_a_silence_a_mention_is_needed_again_and_wakes_the_thread(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[apps.default]\nfollow_idle_hours = 2\n")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await falls_silent(app, 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
        await falls_silent(app, 2.1)
        await place.say(thread, "Long after, among people.")
        await place.ask_in(thread, "Three?")
        await answered(app, 3)
        await place.say(thread, "Four?")
        await answered(app, 4)
    assert queries(dify) == ["One?", "Two?", "Three?", "Four?"]


@pytest.mark.parametrize("follow", ["always", "mention", "opener"])
async def test_what_is_said_to_somebody_else_by_name_is_not_answered(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure, follow: str
) -> None:
    configure(f'[apps.default]\nfollow = "{follow}"\n')
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.call(thread, other, "what do you think?")
        await place.ask_in(thread, "Two?")
        await answered(app, 2)
    assert queries(dify) == ["One?", "Two?"]


async def test_what_calls_the_bot_beside_somebody_else_is_answered(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.ask_in(thread, f"what does <@{other}> mean?")
        await answered(app, 2)
    assert len(queries(dify)) == 2


async def test_who_names_only_themselves_speaks_to_the_bot(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.call(thread, place.person, "that is me, and who are you?")
        await answered(app, 2)
    assert len(queries(dify)) == 2


@ON_SLACK
@pytest.mark.parametrize(
    "by",
    [
        {"subtype": "bot_message", "bot_id": "B0OTHER", "username": "Other"},
        {"subtype": "bot_message", "bot_id": "B0FLOW", "bot_profile": {"is_workflow_bot": True}},
        {"user": "U0OTHERBOT", "bot_id": "B0OTHER", "app_id": "A0OTHER"},
        {"user": "USLACKBOT"},
        "itself",
        "its user alone",
    ],
    ids=["bot", "workflow", "app", "slackbot", "itself", "its-user"],
)
async def test_on_slack_no_bot_is_answered(
    place: Place, dify: Dify, bridge: Bridge, by: dict[str, str] | str
) -> None:
    assert isinstance(place, SlackPlace)
    slack = place.slack
    own = {"user": slack.bot_user_id}
    who = by if isinstance(by, dict) else {**own, "bot_id": slack.bot_id} if by == "itself" else own
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        for number, kind in enumerate(("message", "app_mention")):
            await slack.emit(
                {
                    "type": kind,
                    "channel": place.channel,
                    "channel_type": "channel",
                    "ts": f"1999999999.00010{number}",
                    "thread_ts": thread,
                    "text": f"<@{slack.bot_user_id}> Hello?",
                    **who,
                }
            )
        await slack.wait_for(lambda: not slack.unacked)
        await place.say(thread, "Two?")
        await answered(app, 2)
    assert queries(dify) == ["One?", "Two?"]


@ON_DISCORD
@pytest.mark.parametrize("machine", ["webhook", "bot", "itself"])
async def test_on_discord_no_bot_is_answered(place: Place, dify: Dify, bridge: Bridge, machine: str) -> None:
    assert isinstance(place, DiscordPlace)
    discord = place.discord
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        person = discord.bot_id if machine == "itself" else place.person
        await discord.say(
            thread,
            person,
            f"<@{discord.bot_id}> Hello?",
            webhook=machine == "webhook",
            bot=machine != "webhook",
        )
        await place.say(thread, "Two?")
        await answered(app, 2)
    assert queries(dify) == ["One?", "Two?"]
