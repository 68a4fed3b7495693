"""Presses of buttons, where the database is not as quick as it should be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.apps import Apps
from bridge.budget import Budget
from bridge.errors import StoreError
from bridge.gate import Gate
from bridge.presses import Presses
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import Action, Message, Person, Press, Thread

ADA = Person("U1", "Ada")
QUESTION = Message("m1", Thread("slack", "T1", "C1", "1.0"), ADA, "Why?", 1.0, addressed=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as open_store:
        await open_store.register("here")
        yield open_store


@pytest.fixture
async def apps() -> AsyncIterator[Apps]:
    settings = Settings(
        dify_api_key=SecretStr("app-1"),
        slack_bot_token=SecretStr("xoxb-1"),
        slack_app_token=SecretStr("xapp-1"),
    )
    async with Apps(settings) as open_apps:
        yield open_apps


async def offered(store: Store) -> int:
    """The number of a question, below whose answer something may be asked."""
    taken = await store.accept(QUESTION, "default", "u", "here")
    assert taken is not None
    assert taken.job is not None
    await store.suggest(taken.job.id, ["And then?"])
    return taken.job.id


def press(question: int) -> Press:
    return Press("p1", "slack", ADA, Action.ASK, f"{question}:0", 2.0)


async def nothing_runs(press: Press, question: int) -> None:
    """No answer is to be stopped here."""


async def test_a_press_that_is_stored_late_was_taken_and_is_asked_once(store: Store, apps: Apps) -> None:
    room, asked = asyncio.Event(), list[str]()

    async def deliver(message: Message) -> None:
        await room.wait()
        asked.append(message.text)

    presses = Presses(store, apps, Gate(store, Budget(), ()), deliver, nothing_runs)
    assert await presses.press(press(await offered(store))) is None
    assert asked == []
    room.set()
    await presses.close()
    assert asked == ["And then?"]


async def test_a_press_that_cannot_be_stored_says_so(store: Store, apps: Apps) -> None:
    async def deliver(message: Message) -> None:
        raise StoreError("the database is away")

    presses = Presses(store, apps, Gate(store, Budget(), ()), deliver, nothing_runs)
    with pytest.raises(StoreError):
        await presses.press(press(await offered(store)))
    await presses.close()
