"""Several connections share Slack's events: each is taken once, by whoever can store it."""

from bridge.errors import Leaving, StoreError
from bridge.types import Body
from sandbox.slack import Slack
from tests.e2e.conftest import until
from tests.e2e.slack_hosts import Recorder, Stuck, listening


def impatient() -> Slack:
    """Says what nobody acknowledged again at once, many times."""
    return Slack(ack_timeout=0.3, retry_delays=(0.0,) * 20)


async def test_two_connections_share_the_events() -> None:
    async with Slack() as slack:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        one, other = Recorder(), Recorder()
        async with listening(slack, one), listening(slack, other):
            said = [await slack.say(dm, ada, str(number)) for number in range(20)]
            await until(lambda: len(one.heard) + len(other.heard) == len(said))
            await until(lambda: slack.unacked == [])
        assert sorted(one.texts + other.texts) == sorted(str(number) for number in range(20))
        assert one.heard
        assert other.heard


async def test_what_one_process_died_with_is_given_to_another() -> None:
    async with impatient() as slack:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        dying, other = Stuck(), Recorder()
        async with listening(slack, dying):
            await slack.say(dm, ada, "Hello?")
            await until(lambda: len(dying.refused) > 0)
        async with listening(slack, other):
            await until(lambda: "Hello?" in other.texts)
            await until(lambda: slack.unacked == [])
        assert {message.text for message in other.heard} == {"Hello?"}


async def test_what_cannot_be_stored_is_not_acknowledged_and_comes_again() -> None:
    async with impatient() as slack:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        host = Recorder()
        host.failures = [StoreError("the database is away")] * 2
        async with listening(slack, host):
            await slack.say(dm, ada, "Hello?")
            await host.hears("Hello?")
            await until(lambda: slack.unacked == [])
        assert len(host.refused) == 2
        assert len(slack.acks) == 1


async def test_a_process_that_leaves_gets_nothing_more_and_another_gets_what_it_refused() -> None:
    async with impatient() as slack:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        leaving, other = Recorder(), Recorder()
        leaving.failures = [Leaving()] * 100
        async with listening(slack, leaving) as adapter:
            await slack.say(dm, ada, "one")
            await slack.wait_for(lambda: slack.connections == 0)
            async with listening(slack, other):
                await slack.say(dm, ada, "two")
                await other.hears("one", "two")
                await until(lambda: slack.unacked == [])
            assert leaving.heard == []
            assert [message.text for message in leaving.refused] == ["one"]
            # Its answers still go out.
            await adapter.post(other.heard[0].thread, Body("Bye."), "key.0")


async def test_a_process_that_ends_while_it_closes_its_connection_closes_it_all_the_same() -> None:
    async with impatient() as slack:
        ada = slack.add_user("Ada")
        host = Recorder()
        host.failures = [Leaving()] * 100
        async with listening(slack, host):
            await slack.say(slack.open_dm(ada), ada, "Hello?")
            await until(lambda: bool(host.refused))
        await slack.wait_for(lambda: slack.connections == 0)


async def test_an_event_is_not_acknowledged_unseen_while_slack_cannot_say_who_the_bot_is() -> None:
    async with Slack() as slack:
        ada = slack.add_user("Ada")
        dm = slack.open_dm(ada)
        host = Recorder()
        async with listening(slack, host):
            slack.fail("auth.test", "internal_error", times=10)
            await slack.say(dm, ada, "Hello?")
            await host.hears("Hello?")
