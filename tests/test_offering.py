"""What the bot shows of itself, and of what somebody asked: from Dify as it stands, and never late."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.apps import Apps
from bridge.commands import help_text
from bridge.dify import ChatRequest, DifyClient, Mode
from bridge.inbox import dify_user_of
from bridge.offering import MOST_PROMPTS, Offering
from bridge.settings import Settings
from bridge.store import Store, TurnIds
from bridge.types import Message, Offer, Person, Thread
from sandbox.dify import Answer, AppSetup, Dify
from tests.silent import silent_server

CHANNEL = Thread("slack", "T1", "C1", "C1")
ADA, GRACE = Person("U1", "Ada"), Person("U2", "Grace")
SETUP = AppSetup(
    description="Knows the rules.",
    opening_statement="Hello, I am **Otto**.",
    suggested_questions=("Who are you?", "What now?"),
    title_after=0.0,
)
OTTO = Offer("Otto", "Knows the rules.", "Hello, I am **Otto**.", ("Who are you?", "What now?"))


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(mode="chat", name="Otto", setup=SETUP) as stand_in:
        stand_in.script = lambda request, turns: Answer("So.")
        yield stand_in


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as opened:
        await opened.register("here")
        yield opened


@pytest.fixture
async def apps(dify: Dify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Apps]:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        dify_api_url=dify.url,
        dify_api_key=SecretStr(dify.key),
        slack_bot_token=SecretStr("xoxb-1"),
        slack_app_token=SecretStr("xapp-1"),
    )
    async with Apps(settings) as opened:
        yield opened


async def asked(store: Store, apps: Apps, thread: Thread, person: Person, query: str) -> None:
    """A conversation that Dify has, and that the store remembers."""
    message = Message(f"m-{query}", thread, person, query, 1.0, addressed=True)
    user = dify_user_of(thread, person)
    taken = await store.accept(message, "default", user, "here")
    assert taken is not None
    assert taken.job is not None
    async with apps.route(thread).in_use() as client:
        conversation = await _begun(client, query, user)
    await store.remember_turn(taken.job, conversation, TurnIds("d", "t"))
    await store.finish(taken.job, "answered", go_on=0)


async def _begun(client: DifyClient, query: str, user: str) -> str:
    conversation = ""
    assert (await client.app()).mode is Mode.CHAT
    async with client.chat(ChatRequest(query, user)) as stream:
        async for update in stream.updates():
            conversation = update.ids.conversation_id or conversation
    return conversation


def thread(number: int, workspace: str = "T1") -> Thread:
    return Thread("slack", workspace, "C1", f"{number}.5")


async def test_an_app_offers_what_its_builder_says_of_it(store: Store, apps: Apps) -> None:
    assert await Offering(store, apps).offer(CHANNEL) == OTTO


async def test_what_is_offered_has_an_end(store: Store, apps: Apps, dify: Dify) -> None:
    dify.setup = AppSetup(
        description="d" * 9_000, opening_statement="o" * 9_000, suggested_questions=("p" * 900,) * 30
    )
    offer = await Offering(store, apps).offer(CHANNEL)
    assert (len(offer.description), len(offer.opening)) == (2_000, 2_000)
    assert [len(prompt) for prompt in offer.prompts] == [300] * MOST_PROMPTS


async def test_nothing_is_offered_while_dify_is_away(store: Store, apps: Apps, dify: Dify) -> None:
    await dify.close()
    assert await Offering(store, apps).offer(CHANNEL) == Offer()


async def test_nobody_waits_for_an_app_that_does_not_answer(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with silent_server() as address:
        settings = Settings(
            dify_api_url=f"{address}/v1",
            dify_api_key=SecretStr("app-1"),
            slack_bot_token=SecretStr("xoxb-1"),
            slack_app_token=SecretStr("xapp-1"),
        )
        async with Apps(settings) as apps:
            began = time.monotonic()
            home = await Offering(store, apps).home("slack", "T1", ADA)
            assert time.monotonic() - began < 2.0
    assert (home.offer, home.recent, home.help) == (Offer(), (), help_text())


async def test_home_shows_what_one_asked_in_this_workspace_by_dify_s_titles(store: Store, apps: Apps) -> None:
    await asked(store, apps, thread(1), ADA, "First?")
    await asked(store, apps, thread(2), GRACE, "Hers?")
    await asked(store, apps, thread(3, "T2"), ADA, "Abroad?")
    await asked(store, apps, thread(4), ADA, "Last?")
    home = await Offering(store, apps).home("slack", "T1", ADA)
    assert home.offer == OTTO
    assert [one.thread for one in home.recent] == [thread(4), thread(1)]
    assert ["Last?" in home.recent[0].title, "First?" in home.recent[1].title] == [True, True]
    assert all(abs(one.at - time.time()) < 60 for one in home.recent)


async def test_home_shows_ten_conversations_at_most_with_one_call_for_their_titles(
    store: Store, apps: Apps, dify: Dify
) -> None:
    for number in range(12):
        await asked(store, apps, thread(number), ADA, f"Number {number}?")
    home = await Offering(store, apps).home("slack", "T1", ADA)
    assert len(home.recent) == 10
    assert sum(call.path == "/v1/conversations" for call in dify.calls) == 1


async def test_a_conversation_whose_title_cannot_be_had_is_known_by_its_day(
    store: Store, apps: Apps, dify: Dify
) -> None:
    await asked(store, apps, thread(1), ADA, "First?")
    await dify.close()
    (recent,) = (await Offering(store, apps).home("slack", "T1", ADA)).recent
    assert recent.title == time.strftime("%Y-%m-%d", time.gmtime(recent.at))
