"""Many workspaces install one bot: each has its own token, and none sees anything of another."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from bridge.app import App
from bridge.vault import Vault, new_key
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import until
from tests.e2e.slack_everywhere import Everywhere
from tests.postgres import Postgres

PLATFORM = "slack"


@pytest.fixture
async def everywhere(dify: Dify, tmp_path: Path) -> AsyncIterator[Everywhere]:
    dify.script = lambda request, turns: Answer(f"To {request.query}, {turns + 1}")
    town = Everywhere(dify, f"sqlite:///{tmp_path / 'bridge.db'}")
    async with town.slack:
        yield town


async def kept(app: App) -> list[str]:
    """The workspaces that are kept as installed."""
    return [one.workspace for one in await app.store.installations(PLATFORM)]


async def test_each_workspace_is_answered_with_its_own_token(
    everywhere: Everywhere, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    acme, beta = everywhere.workspace("Acme"), everywhere.workspace("Beta")
    async with everywhere.bridge():
        visit = await everywhere.install(acme)
        assert "Acme" in visit.text
        assert {"app_mentions:read", "chat:write"} <= set(visit.left_with["scope"].split(","))
        await everywhere.install(beta)
        one, other = await acme.ask("one?"), await beta.ask("other?")
        await acme.hears(one, "To one?, 1")
        await beta.hears(other, "To other?, 1")
        await beta.say(other, "more?")
        await beta.hears(other, "To other?, 1", "To more?, 2")
        # Buttons, too, are pressed where they are.
        await beta.slack.press(beta.said(other)[-1].ts, "Good answer", beta.person)
        await until(lambda: [one.text for one in beta.slack.whispers(beta.person)] != [])
    for workspace in (acme, beta):
        # There may be no hourglass to be taken away.
        assert {call.error for call in workspace.slack.calls} <= {"", "no_reaction"}
    assert [call.method for call in everywhere.slack.calls] == ["oauth.v2.access"] * 2
    assert acme.slack.whispers(acme.person) == []
    assert b"xoxb-" not in (tmp_path / "bridge.db").read_bytes()
    assert "xoxb-" not in caplog.text


async def test_who_does_not_allow_it_or_comes_back_otherwise_has_installed_nothing(
    everywhere: Everywhere,
) -> None:
    acme = everywhere.workspace("Acme")
    async with everywhere.bridge() as app:
        refused = await acme.slack.install(everywhere.install_url, allow=False)
        elsewhere = await acme.slack.install(everywhere.install_url, elsewhere=True)
        assert (refused.status, elsewhere.status) == (400, 400)
        for visit in (refused, elsewhere):
            assert "<" not in visit.text
            assert everywhere.install_url in visit.text
        assert await kept(app) == []
        visit = await everywhere.install(acme)
        async with aiohttp.ClientSession() as browser:
            for address in (visit.back, visit.back.replace("state=", "state=9"), everywhere.install_url):
                method = "POST" if address == everywhere.install_url else "GET"
                async with browser.request(method, address) as response:
                    assert response.status in (400, 405)
        assert await kept(app) == [acme.slack.team_id]
        everywhere.slack.fail("oauth.v2.access", "internal_error")
        assert (await acme.slack.install(everywhere.install_url)).status == 503
        everywhere.slack.fail("oauth.v2.access", "invalid_code")
        assert (await acme.slack.install(everywhere.install_url)).status == 400
        thread = await acme.ask("still?")
        await acme.hears(thread, "To still?, 1")


async def test_people_read_it_in_their_language(everywhere: Everywhere) -> None:
    async with everywhere.bridge(), aiohttp.ClientSession() as browser:
        address = everywhere.install_url.replace("install", "oauth_redirect")
        async with browser.get(address, headers={"Accept-Language": "xx-YY,en;q=0.5"}) as response:
            assert response.status == 400
            assert response.content_type == "text/plain"
            assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_a_workspace_that_takes_the_bot_out_leaves_nothing_behind(
    everywhere: Everywhere, dify: Dify, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    acme, beta = everywhere.workspace("Acme"), everywhere.workspace("Beta")
    async with everywhere.bridge() as app:
        for workspace in (acme, beta):
            await everywhere.install(workspace)
        gone, stays = await acme.ask("gone?"), await beta.ask("stays?")
        await acme.hears(gone, "To gone?, 1")
        await beta.hears(stays, "To stays?, 1")
        said = everywhere.slack.events[0]
        await acme.slack.uninstall()
        await until(lambda: everywhere.slack.unacked == [])
        assert await kept(app) == [beta.slack.team_id]
        threads = [thread.key for thread in await app.store.list_threads()]
        assert threads == [f"slack:{beta.slack.team_id}:{beta.channel}:{stays}"]
        # What Slack says of it all the same is dropped, with a word in the log.
        asked = len(dify.requests)
        await everywhere.slack.redeliver(said)
        await until(lambda: everywhere.slack.unacked == [])
        assert "is dropped" in caplog.text
        await beta.say(stays, "more?")
        await beta.hears(stays, "To stays?, 1", "To more?, 2")
        assert len(dify.requests) == asked + 1


async def test_a_workspace_that_installs_it_again_goes_on_whatever_old_events_say(
    everywhere: Everywhere,
) -> None:
    acme = everywhere.workspace("Acme")
    async with everywhere.bridge() as app:
        await everywhere.install(acme)
        old = await acme.slack.uninstall()
        await until(lambda: everywhere.slack.unacked == [])
        assert await kept(app) == []
        await everywhere.install(acme)
        for event in old:
            await everywhere.slack.redeliver(event)
        await until(lambda: everywhere.slack.unacked == [])
        thread = await acme.ask("again?")
        await acme.hears(thread, "To again?, 1")


async def test_people_who_take_back_their_own_tokens_take_nothing_away(everywhere: Everywhere) -> None:
    acme = everywhere.workspace("Acme")
    async with everywhere.bridge() as app:
        await everywhere.install(acme)
        await acme.slack.emit({"type": "tokens_revoked", "tokens": {"oauth": [acme.person], "bot": []}})
        await until(lambda: everywhere.slack.unacked == [])
        assert await kept(app) == [acme.slack.team_id]


async def test_a_restart_needs_no_installation_and_an_expired_token_is_renewed_at_once(
    everywhere: Everywhere,
) -> None:
    acme = everywhere.workspace("Acme")
    everywhere.slack.token_seconds = 1
    async with everywhere.bridge():
        await everywhere.install(acme)
        thread = await acme.ask("before?")
        await acme.hears(thread, "To before?, 1")
    await asyncio.sleep(1.1)  # the token's life
    everywhere.slack.token_seconds = 600
    async with everywhere.bridge():
        await acme.say(thread, "after?")
        await acme.hears(thread, "To before?, 1", "To after?, 2")
    assert everywhere.slack.renewals[1] == 0


async def test_a_token_that_slack_does_not_renew_just_now_is_renewed_later(everywhere: Everywhere) -> None:
    acme = everywhere.workspace("Acme")
    everywhere.slack.token_seconds = 1
    async with everywhere.bridge():
        await everywhere.install(acme)
        await asyncio.sleep(1.1)  # the token's life
        everywhere.slack.token_seconds = 600
        everywhere.slack.fail("oauth.v2.access", "internal_error")
        thread = await acme.ask("one?")
        await acme.hears(thread, "To one?, 1")
    assert [call.error for call in everywhere.slack.calls] == ["", "internal_error", ""]
    assert everywhere.slack.renewals == (1, 0)


async def test_two_replicas_see_what_either_installs_and_renew_without_a_race(
    dify: Dify, postgres: Postgres
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}, {turns + 1}")
    async with postgres.fresh_database() as url, AsyncExitStack() as stack:
        everywhere = Everywhere(dify, url.render_as_string(hide_password=False))
        await stack.enter_async_context(everywhere.slack)
        acme = everywhere.workspace("Acme")
        everywhere.slack.token_seconds = 3
        one = await stack.enter_async_context(everywhere.bridge())
        other = await stack.enter_async_context(everywhere.another())
        await everywhere.tell(other)
        await everywhere.install(acme)
        thread = await acme.ask("0?")
        await acme.hears(thread, "To 0?, 1")
        said = ["To 0?, 1"]
        for turn in range(1, 7):
            # Over three lives of a token, told to the one and to the other.
            await everywhere.tell(one if turn % 2 else other)
            await asyncio.sleep(1.2)
            await acme.say(thread, f"{turn}?")
            said.append(f"To {turn}?, {turn + 1}")
            await acme.hears(thread, *said)
        renewed, refused = everywhere.slack.renewals
        assert refused == 0
        assert renewed >= 3
        assert {call.error for call in acme.slack.calls} <= {"", "no_reaction"}
        await acme.slack.uninstall()
        await until(lambda: everywhere.slack.unacked == [])
        assert await kept(one) == []


async def test_an_organisation_that_installs_it_everywhere_is_one_workspace(
    everywhere: Everywhere,
) -> None:
    acme = everywhere.workspace("Acme", enterprise_id="E0ACME")
    async with everywhere.bridge() as app:
        await everywhere.install(acme)
        assert await kept(app) == ["E0ACME"]
        thread = await acme.ask("one?")
        await acme.hears(thread, "To one?, 1")
        await acme.slack.press(acme.said(thread)[-1].ts, "Good answer", acme.person)
        await until(lambda: [one.text for one in acme.slack.whispers(acme.person)] != [])
        assert [one.key.split(":")[1] for one in await app.store.list_threads()] == ["E0ACME"]
        await acme.slack.uninstall()
        await until(lambda: everywhere.slack.unacked == [])
        assert (await kept(app), await app.store.list_threads()) == ([], [])


@pytest.mark.parametrize("socket_mode", [False, True])
async def test_a_press_is_not_heard_while_it_is_not_known_where_it_belongs(
    everywhere: Everywhere, socket_mode: bool, caplog: pytest.LogCaptureFixture
) -> None:
    acme = everywhere.workspace("Acme")
    async with everywhere.bridge(socket_mode=socket_mode):
        await everywhere.install(acme)
        thread = await acme.ask("one?")
        await acme.hears(thread, "To one?, 1")
    everywhere.key = new_key()
    async with everywhere.bridge(socket_mode=socket_mode):
        await acme.ask("lost?")
        await until(lambda: "an event was not taken" in caplog.text)
        await acme.slack.press(acme.said(thread)[-1].ts, "Good answer", acme.person)
        await until(lambda: "what was pressed was not taken" in caplog.text)
    assert acme.slack.interactions[-1].acknowledged_after is None


async def test_socket_mode_serves_many_workspaces_as_well(everywhere: Everywhere) -> None:
    acme, beta = everywhere.workspace("Acme"), everywhere.workspace("Beta")
    async with everywhere.bridge(socket_mode=True):
        for workspace in (acme, beta):
            await everywhere.install(workspace)
        one, other = await acme.ask("one?"), await beta.ask("other?")
        await acme.hears(one, "To one?, 1")
        await beta.hears(other, "To other?, 1")


async def test_keys_can_be_exchanged_and_without_the_right_one_nothing_is_known(
    everywhere: Everywhere, caplog: pytest.LogCaptureFixture
) -> None:
    acme, old, new = everywhere.workspace("Acme"), everywhere.key, new_key()
    async with everywhere.bridge() as app:
        await everywhere.install(acme)
        first = (await app.store.installations(PLATFORM))[0].secret
        assert Vault(old).unseal(first) is not None
    for keys in (f"{new},{old}", new):
        everywhere.key = keys
        async with everywhere.bridge() as app:
            (sealed,) = await app.store.installations(PLATFORM)
            assert Vault(new).unseal(sealed.secret) == Vault(old).unseal(first)
            thread = await acme.ask(f"{len(keys)}?")
            await acme.hears(thread, f"To {len(keys)}?, 1")
    everywhere.key = old
    async with everywhere.bridge() as app:
        lost = await acme.ask("lost?")
        await until(lambda: "encrypted with a key that is gone" in caplog.text)
        assert len(await app.store.list_threads()) == 2
        # Installed again, it goes on, and what was said meanwhile comes again.
        await everywhere.install(acme)
        await acme.hears(lost, "To lost?, 1")
        thread = await acme.ask("found?")
        await acme.hears(thread, "To found?, 1")
