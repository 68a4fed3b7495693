"""Who is answered and who is not, and that nobody else sees it."""

import pytest

from bridge.settings import Busy
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import ON_DISCORD, ON_SLACK, Bridge, Configure, answered, until
from tests.e2e.places import DiscordPlace, Place, SlackPlace


@pytest.fixture
async def slack(place: Place) -> SlackPlace:
    if not isinstance(place, SlackPlace):
        raise TypeError("of Slack only")
    return place


@pytest.fixture
async def discord(place: Place) -> DiscordPlace:
    if not isinstance(place, DiscordPlace):
        raise TypeError("of Discord only")
    return place


@pytest.mark.parametrize(
    ("where", "named"),
    [
        *(("[apps.default]", name) for name in ("person", "channel", "workspace", "everybody", "group")),
        ("[access]", "group"),
    ],
)
async def test_whoever_is_denied_is_told_in_private_and_the_app_hears_nothing(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure, where: str, named: str
) -> None:
    name = place.group_of(place.person) if named == "group" else place.names[named]
    configure(f'{where}\ndeny = ["{name}"]\n')
    async with bridge() as app:
        thread = await place.ask("May I?")
        await answered(app, 1)
        assert place.told() == [english.NOT_FOR_YOU]
    assert dify.requests == []
    assert place.replies(thread) == []
    assert place.threads == 0


async def test_where_a_group_is_allowed_only_its_members_are_answered(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\nallow = ["{place.group_of(place.person)}"]\n')
    other = place.another_person()
    async with bridge() as app:
        await place.ask("May I?")
        await place.ask("And I?", person=other)
        await answered(app, 2)
        assert place.told(other) == [english.NOT_FOR_YOU]
        assert place.told() == []
    assert [one.query for one in dify.requests] == ["May I?"]


async def test_who_may_not_ask_and_speaks_to_others_is_left_alone(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    other = place.another_person()
    configure(f'[apps.default]\ndeny = ["{place.name}:{other}"]\n')
    async with bridge() as app:
        thread = await place.ask("May I?")
        await answered(app, 1)
        await place.say(thread, "I speak to you, not to it.", person=other)
        await answered(app, 2)
        await place.ask_in(thread, "But now I ask.", person=other)
        await answered(app, 3)
        assert place.told(other) == [english.NOT_FOR_YOU]
        assert len(place.replies(thread)) == 1
    assert [one.query for one in dify.requests] == ["May I?"]


async def test_a_refusal_is_said_once_however_often_the_question_comes(
    place: Place, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\ndeny = ["{place.names["person"]}"]\n')
    async with bridge() as app:
        await place.ask("May I?")
        await answered(app, 1)
        await place.redeliver()
        await place.ask("May I now?")
        await answered(app, 2)
    async with bridge() as app:
        await place.redeliver()
        await place.ask("And now?")
        await answered(app, 3)
        assert place.told() == [english.NOT_FOR_YOU] * 3


async def test_of_questions_that_are_asked_together_only_those_that_may_be_are(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    other = place.another_person()
    configure(f'[apps.default]\ndeny = ["{place.name}:{other}"]\n')
    place.busy = Busy.MERGE
    dify.script = lambda request, turns: Answer("So many words to say.", tokens_per_second=5.0)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: dify.running == 1)
        await place.ask_in(thread, "I would like to know, too.", person=other)
        await place.say(thread, "Two?")
        await place.say(thread, "Three?")
        await answered(app, 4)
        assert place.told(other) == [english.NOT_FOR_YOU]
    assert [one.query for one in dify.requests] == ["One?", "Two?\n\nThree?"]
    assert len(place.replies(thread)) == 2


@ON_SLACK
async def test_slack_is_asked_about_a_group_once_in_a_while(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\nallow = ["{slack.group_of(slack.person)}", "discord:role/1"]\n')
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
        await slack.ask("Two?")
        await answered(app, 2)
    asked = [call for call in slack.slack.calls if call.method == "usergroups.users.list"]
    assert len(asked) == 1
    assert len(dify.requests) == 2


@ON_SLACK
async def test_who_is_allowed_by_a_group_that_slack_does_not_tell_about_reads_that_it_is_not_known(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    named = slack.another_person()
    configure(f'[apps.default]\nallow = ["{slack.group_of(slack.person)}", "slack:{named}"]\n')
    slack.slack.fail("usergroups.users.list", "missing_scope", times=10)
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
        assert slack.told() == [english.NOT_KNOWN]
        await slack.ask("Two?", person=named)
        await answered(app, 2)
    assert [one.query for one in dify.requests] == ["Two?"]


@ON_SLACK
async def test_whoever_asks_waits_for_no_group_of_curators_or_moderators(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    group = slack.group_of(slack.person)
    configure(f'[apps.default]\nallow = ["slack:*"]\ncurators = ["{group}"]\nmoderators = ["{group}"]\n')
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
    assert "usergroups.users.list" not in {call.method for call in slack.slack.calls}
    assert len(dify.requests) == 1


@ON_SLACK
async def test_all_who_want_to_know_a_group_at_once_wait_for_the_same_call(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\nallow = ["{slack.group_of(slack.person)}"]\n')
    async with bridge() as app:
        slack.slack.latency = 1.0
        for question in ("One?", "Two?", "Three?"):
            await slack.ask(question)
        await until(lambda: len(dify.requests) == 3)
        slack.slack.latency = 0.0
        await answered(app, 3)
    asked = [call for call in slack.slack.calls if call.method == "usergroups.users.list"]
    assert len(asked) == 1


@ON_SLACK
async def test_slack_is_not_asked_about_groups_that_nobody_has_named(
    slack: SlackPlace, bridge: Bridge, configure: Configure
) -> None:
    slack.group_of(slack.person)
    configure('[apps.default]\nallow = ["slack:*"]\n')
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
    assert "usergroups.users.list" not in {call.method for call in slack.slack.calls}


@ON_SLACK
async def test_without_the_scope_for_groups_nobody_slips_through_and_the_log_says_what_to_do(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure(f'[apps.default]\ndeny = ["{slack.group_of(slack.person)}", "{slack.group_of("U0")}"]\n')
    slack.slack.fail("usergroups.users.list", "missing_scope", times=10)
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
        await slack.ask("Two?")
        await answered(app, 2)
        assert slack.told() == [english.NOT_KNOWN] * 2
    assert dify.requests == []
    assert caplog.text.count("usergroups:read") == 1


@ON_SLACK
async def test_a_group_that_is_gone_has_no_members(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure('[apps.default]\ndeny = ["slack:group/S0GONE"]\n')
    async with bridge() as app:
        await slack.ask("One?")
        await answered(app, 1)
    assert len(dify.requests) == 1


@ON_DISCORD
async def test_who_takes_no_direct_messages_reads_it_below_the_question(
    discord: DiscordPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\ndeny = ["{discord.names["person"]}"]\n')
    discord.discord.refuse_directs(discord.person)
    async with bridge() as app:
        first = await discord.ask("May I?")
        await answered(app, 1)
        second = await discord.ask("May I now?")
        await answered(app, 2)
    said = [
        one for one in discord.discord.messages(discord.channel) if one.author_id == discord.discord.bot_id
    ]
    assert [(one.content, one.reference) for one in said] == [
        (english.NOT_FOR_YOU, first),
        (english.NOT_FOR_YOU, second),
    ]
    assert discord.threads == 0
    assert dify.requests == []
    refused = [call for call in discord.discord.calls if call.method == "POST" and call.status == 403]
    assert len(refused) == 1


@ON_DISCORD
async def test_in_a_direct_message_it_is_said_where_it_was_asked(
    discord: DiscordPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure('[apps.default]\nallow = ["discord:role/1"]\n')
    async with bridge() as app:
        thread = await discord.tell("May I?")
        await answered(app, 1)
    assert discord.replies(thread) == [english.NOT_FOR_YOU]
    assert dify.requests == []


@ON_DISCORD
async def test_the_roles_of_whoever_spoke_while_nobody_listened_are_asked_for(
    discord: DiscordPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure(f'[apps.default]\nallow = ["{discord.group_of(discord.person)}"]\n')
    other = discord.another_person()
    async with bridge() as app:
        thread = await discord.ask("One?")
        await answered(app, 1)
    await discord.ask_in(thread, "Two?")
    await discord.ask_in(thread, "Three?", person=other)
    async with bridge() as app:
        await answered(app, 3)
        assert discord.told(other) == [english.NOT_FOR_YOU]
    assert [one.query for one in dify.requests] == ["One?", "Two?"]


@ON_SLACK
async def test_people_from_outside_are_told_when_they_ask_and_left_alone_otherwise(
    slack: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    guest = slack.slack.add_user("Guest", team="T0OUTSIDE")
    async with bridge() as app:
        await slack.ask("May I?", person=guest)
        await answered(app, 1)
        thread = await slack.ask("One?")
        await answered(app, 2)
        await slack.say(thread, "I am from elsewhere.", person=guest)
        await answered(app, 3)
        assert slack.told(guest) == [english.FROM_OUTSIDE]
        await slack.press(thread, english.GOOD_ANSWER, person=guest)
        await until(lambda: slack.told(guest) == [english.FROM_OUTSIDE] * 2)
    assert [one.query for one in dify.requests] == ["One?"]


@ON_SLACK
async def test_people_from_outside_are_answered_where_that_is_wished(
    slack: SlackPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    guest = slack.slack.add_user("Guest", team="T0OUTSIDE")
    configure("[apps.default]\noutsiders = true\n")
    async with bridge() as app:
        await slack.ask("May I?", person=guest)
        await answered(app, 1)
    assert slack.told(guest) == []
    assert len(dify.requests) == 1
