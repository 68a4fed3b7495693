"""Apps that come, change and go while answers run."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.apps import Apps, OpenApp
from bridge.dify import ChatRequest
from bridge.errors import SettingsError
from bridge.routes import Follow, Quota
from bridge.settings import Settings
from bridge.types import Thread
from sandbox.dify import Answer, Dify

CHANNEL = Thread("slack", "T1", "C1", "1.1")
ELSEWHERE = Thread("slack", "T1", "C2", "1.1")
WORDS = Answer("so many words " * 8, tokens_per_second=100)


class Place:
    """Two Difys, a file of apps, and the secrets it names."""

    def __init__(self, folder: Path, first: Dify, second: Dify) -> None:
        self.first = first
        self.second = second
        self.streams = 8
        self._folder = folder

    def write(self, text: str) -> None:
        (self._folder / "bridge.toml").write_text(text, encoding="utf-8")

    def tell_key(self, key: str) -> None:
        (self._folder / ".env").write_text(f"HR_DIFY_KEY={key}\n", encoding="utf-8")

    def settings(self) -> Settings:
        return Settings(
            dify_api_url=self.first.url,
            dify_api_key=SecretStr(self.first.key),
            dify_max_streams=self.streams,
            slack_bot_token=SecretStr("xoxb-1"),
            slack_app_token=SecretStr("xapp-1"),
        )

    def apps(self) -> Apps:
        return Apps(self.settings(), self.settings)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.chdir(tmp_path)
    async with (
        Dify(name="First", script=lambda request, turns: WORDS) as first,
        Dify(name="Second", key="app-second", script=lambda request, turns: WORDS) as second,
    ):
        yield Place(tmp_path, first, second)


HR = """
[apps.hr]
key = "HR_DIFY_KEY"
[[routes]]
app = "hr"
channel = "C1"
"""


async def name_of(app: OpenApp) -> str:
    async with app.in_use() as dify:
        return (await dify.check()).name


def is_open(app: OpenApp) -> bool:
    """Asked anew each time."""
    return app.is_open


@asynccontextmanager
async def answering(app: OpenApp) -> AsyncIterator[asyncio.Task[str]]:
    """An answer of this app that has begun; the task gives all of it."""
    begun = asyncio.Event()

    async def listen() -> str:
        text = ""
        async with (
            app.in_use() as dify,
            dify.chat(ChatRequest("Hello?", "somebody")) as stream,
            aclosing(stream.updates()) as updates,
        ):
            async for update in updates:
                text = update.text
                begun.set()
        return text

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        await asyncio.wait_for(begun.wait(), 5)
        yield task


async def test_without_a_file_the_one_app_answers_everywhere(place: Place) -> None:
    async with place.apps() as apps:
        assert [app.config.name for app in apps.all] == ["default"]
        assert apps.route(CHANNEL) is apps.of("default")
        assert apps.of("hr") is None
        assert await name_of(apps.route(CHANNEL)) == "First"


async def test_what_the_settings_say_holds_for_every_app(place: Place) -> None:
    told = {
        "follow_threads": Follow.OPENER,
        "follow_idle_hours": 3.0,
        "slack_outsiders": True,
        "quota_person_hour": 1,
        "quota_person_running": 2,
        "quota_channel_hour": 3,
        "quota_channel_running": 4,
    }
    async with Apps(place.settings().model_copy(update=told)) as apps:
        config = apps.route(CHANNEL).config
    assert (config.follow, config.follow_idle_hours, config.outsiders) == (Follow.OPENER, 3.0, True)
    assert config.everywhere.quota == Quota(1, 2, 3, 4)


async def test_each_app_has_its_own_key_and_place_and_shares_the_capacity_of_its_dify(place: Place) -> None:
    place.write(f'{HR}\n[apps.far]\nkey = "HR_DIFY_KEY"\nurl = "{place.second.url}"')
    place.tell_key(place.second.key)
    async with place.apps() as apps:
        hr, far, default = (apps.of(name) for name in ("hr", "far", "default"))
        assert hr is not None
        assert far is not None
        assert default is not None
        assert apps.route(CHANNEL) is hr
        assert apps.route(ELSEWHERE) is default
        assert await name_of(far) == "Second"
        assert hr.capacity is default.capacity
        assert far.capacity is not default.capacity


async def test_a_configuration_that_cannot_work_is_refused_at_the_start(place: Place) -> None:
    place.write(HR)
    with pytest.raises(SettingsError, match="HR_DIFY_KEY"):
        async with place.apps():
            pass


async def test_an_app_that_stays_keeps_its_client_and_gets_its_new_inputs(place: Place) -> None:
    place.write(HR)
    place.tell_key(place.first.key)
    async with place.apps() as apps:
        before = apps.route(CHANNEL)
        place.write(HR.replace("[[routes]]", 'inputs = { a = "b" }\n[[routes]]'))
        place.streams = 3
        assert await apps.reload()
        after = apps.route(CHANNEL)
        async with before.in_use() as old, after.in_use() as new:
            assert old is new
        assert (before.config.inputs, after.config.inputs) == ({}, {"a": "b"})
        assert after.capacity.most == 3


async def test_a_new_key_is_used_at_once_while_the_answer_that_runs_goes_on_with_the_old_one(
    place: Place,
) -> None:
    place.write(f'{HR}\n[apps.default]\nurl = "{place.first.url}"')
    place.tell_key(place.first.key)
    async with place.apps() as apps:
        before = apps.route(CHANNEL)
        async with answering(before) as answer:
            place.write(HR.replace("[[routes]]", f'url = "{place.second.url}"\n[[routes]]'))
            place.tell_key(place.second.key)
            assert await apps.reload()
            after = apps.route(CHANNEL)
            assert await name_of(after) == "Second"
            assert not answer.done()
            assert is_open(before)
        assert answer.result() == WORDS.text
        assert not is_open(before)
        assert is_open(after)


async def test_an_app_that_is_gone_is_closed_when_its_last_answer_has_ended(place: Place) -> None:
    place.write(HR)
    place.tell_key(place.first.key)
    async with place.apps() as apps:
        gone = apps.route(CHANNEL)
        async with answering(gone) as one, answering(gone) as other:
            place.write("")
            assert await apps.reload()
            assert apps.of("hr") is None
            assert apps.route(CHANNEL).config.name == "default"
        assert one.result() == other.result() == WORDS.text
        assert not is_open(gone)


async def test_one_that_was_given_just_before_it_was_gone_can_still_be_used(place: Place) -> None:
    place.write(HR)
    place.tell_key(place.first.key)
    async with place.apps() as apps:
        gone = apps.route(CHANNEL)
        place.write("")
        assert await apps.reload()
        assert not is_open(gone)
        assert await name_of(gone) == "First"
        assert not is_open(gone)


@pytest.mark.parametrize("broken", ["[[routes", '[apps.hr]\ncolor = 1\n[apps.it]\nkey = "app-secret"'])
async def test_when_the_file_is_broken_all_stays_as_it_was_and_every_mistake_is_logged(
    place: Place, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    place.write(HR)
    place.tell_key(place.first.key)
    async with place.apps() as apps:
        before = apps.all
        place.write(broken)
        with caplog.at_level(logging.ERROR):
            assert not await apps.reload()
        with pytest.raises(SettingsError) as caught:
            async with place.apps():
                pass
        logged = [record.getMessage() for record in caplog.records]
        assert len(logged) == len(caught.value.problems)
        for problem in caught.value.problems:
            assert any(problem in line for line in logged)
        assert apps.all == before
        assert await name_of(apps.route(CHANNEL)) == "First"


async def test_settings_that_cannot_work_any_more_change_nothing_either(place: Place) -> None:
    def broken() -> Settings:
        raise SettingsError(("DIFY_API_URL: nonsense",))

    async with Apps(place.settings(), broken) as apps:
        before = apps.all
        assert not await apps.reload()
        assert apps.all == before


async def test_all_are_closed_at_the_end_also_those_that_were_given_up(place: Place) -> None:
    place.write(HR)
    place.tell_key(place.first.key)
    async with AsyncExitStack() as stack:
        async with place.apps() as apps:
            gone, stays = apps.route(CHANNEL), apps.route(ELSEWHERE)
            await stack.enter_async_context(gone.in_use())
            place.write("")
            assert await apps.reload()
            assert is_open(gone)
        assert not is_open(gone)
        assert not is_open(stays)
