"""The bot's Home tab in Slack: what it says, and what can be pressed in it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bridge.errors import StoreError
from bridge.types import Begin, Home, Offer, Order, Person, Recent, Thread
from bridge.words import english
from tests.e2e.conftest import until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

PROMPTS = ("What can you do?", "How do I <!channel> *begin*?")
OFFER = Offer("Guide", "Knows the **handbook**. <!here>", "Hello.", PROMPTS)
AT = 1_700_000_000.0


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


class Troubled(Recorder):
    """Cannot say anything of itself."""

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        raise StoreError("as it was told to")


def showing(home: Home) -> Recorder:
    host = Recorder()
    host.at_home = home
    return host


def published(place: SlackPlace) -> int:
    return sum(call.method == "views.publish" for call in place.slack.calls)


def text(place: SlackPlace) -> str:
    home = place.slack.home(place.person)
    return home.text if home is not None else ""


async def opened(place: SlackPlace) -> None:
    """Somebody opens it, and the bot has heard of that."""
    event = await place.slack.open_home(place.person)
    await place.slack.wait_for(lambda: event not in place.slack.unacked)


async def test_it_says_what_the_app_is_for_and_what_can_be_asked(place: SlackPlace) -> None:
    async with listening(place.slack, showing(Home(OFFER, "- `!new`: begin anew"))):
        await opened(place)
        await until(lambda: published(place) == 1)
    home = place.slack.home(place.person)
    assert home is not None
    assert home.buttons == ("What can you do?", "How do I ‹!channel› *begin*?")
    assert home.text.splitlines() == [
        "Guide",
        "Knows the *handbook*. &lt;!here&gt;",
        "Hello.",
        english.HOME_PROMPTS,
        english.HOME_HELP,
        "• `!new`: begin anew",
    ]


async def test_recent_threads_are_links_that_lead_to_them_and_hide_nothing(place: SlackPlace) -> None:
    thread = Thread("slack", place.slack.team_id, place.channel, "1700000000.000100")
    recent = (Recent(thread, "Tea <https://evil.example|here> & more", AT), Recent(thread, "x" * 500, AT))
    async with listening(place.slack, showing(Home(OFFER, "", recent))):
        await opened(place)
        await until(lambda: published(place) == 1)
    first, second = text(place).splitlines()[-2:]
    link = f"https://sandbox.slack.example/archives/{place.channel}/p1700000000000100"
    when = "<!date^1700000000^{date_short_pretty}|2023-11-14>"
    assert first == f"• <{link}|Tea ‹https://evil.example|here› & more>  {when}"
    assert second.startswith(f"• <{link}|xxx")
    assert len(second) < 300


async def test_opened_again_it_is_published_only_if_it_has_changed(place: SlackPlace) -> None:
    host = showing(Home(OFFER, ""))
    async with listening(place.slack, host):
        await opened(place)
        await until(lambda: published(place) == 1)
        await opened(place)
        host.at_home = Home(replace(OFFER, name="Another guide"), "")
        await opened(place)
        await until(lambda: text(place).startswith("Another guide"))
    assert published(place) == 2


async def test_an_app_that_says_nothing_of_itself_has_a_home_all_the_same(place: SlackPlace) -> None:
    async with listening(place.slack, showing(Home(Offer(), ""))):
        await opened(place)
        await until(lambda: text(place) == english.HOME_EMPTY)


async def test_whatever_an_app_says_of_itself_slack_takes_it(place: SlackPlace) -> None:
    thread = Thread("slack", place.slack.team_id, place.channel, "1700000000.000100")
    offer = Offer("n" * 500, "d <!here> " * 900, "o" * 9_000, tuple(f"{n} {'p' * 900}" for n in range(40)))
    recent = tuple(Recent(thread, "t" * 300, AT) for _ in range(60))
    async with listening(place.slack, showing(Home(offer, "h\n" * 5_000, recent))):
        await opened(place)
        await until(lambda: published(place) == 1)
    home = place.slack.home(place.person)
    assert home is not None
    assert len(home.buttons) == 10


async def test_a_prompt_that_is_pressed_is_asked_in_direct_messages(place: SlackPlace) -> None:
    host = showing(Home(OFFER, ""))
    host.invocation_answers = [Begin(PROMPTS[1])]
    async with listening(place.slack, host):
        await opened(place)
        await until(lambda: published(place) == 1)
        sent = await place.slack.press_at_home("How do I ‹!channel› *begin*?", place.person)
        await until(lambda: len(host.heard) == 1)
        assert place.slack.interactions[sent.id].acknowledged_after is not None
    direct = place.slack.open_dm(place.person)
    (invocation,) = host.invoked
    assert (invocation.order, invocation.text) == (Order.ASK, PROMPTS[1])
    assert invocation.place == Thread("slack", place.slack.team_id, direct, direct)
    (root,) = [one for one in place.slack.messages(direct) if one.bot_id]
    assert host.heard[0].thread == Thread("slack", place.slack.team_id, direct, root.ts)
    assert root.text == f"<@{place.person}> asked:\n> How do I &lt;!channel&gt; _begin_?"


async def test_a_host_in_trouble_shows_nothing_and_hears_on(place: SlackPlace) -> None:
    host = Troubled()
    async with listening(place.slack, host):
        await opened(place)
        await place.ask("Still there?")
        await until(lambda: "Still there?" in host.texts)
    assert published(place) == 0


async def test_many_who_open_it_at_once_are_never_too_fast_for_slack(place: SlackPlace) -> None:
    people = [place.another_person() for _ in range(90)]
    async with listening(place.slack, showing(Home(OFFER, ""))):
        for person in people:
            await place.slack.open_home(person)
        await until(lambda: published(place) == 90)
    assert all(place.slack.home(person) is not None for person in people)
    assert [call.method for call in place.slack.calls if call.status == 429] == []
