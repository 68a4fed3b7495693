"""The invitation of the Discord bot: what it asks for is what is used, all of it and nothing else."""

import ast
import os
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import discord
import pytest

from adapters.discord.invite import USES, application_in, invite_url, permissions
from adapters.discord.places import Place
from adapters.discord.rest import DiscordRest
from bridge.errors import PlatformError
from bridge.inviting import discord_invitation
from bridge.settings import DiscordSettings
from bridge.types import File
from sandbox.discord import Discord, Limits, Permission

ROOT = Path(__file__).resolve().parents[1]
ADAPTER = ROOT / "adapters" / "discord"
# What the library is asked for by these methods.
OF_THE_LIBRARY = {"history": "/channels/{}/messages", "fetch_channel": "/channels/{}"}
NAMES = [name for name, used in permissions() if used]


def asked_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_the_bot_is_invited_with_all_that_it_uses() -> None:
    url = invite_url("175928847299117063")
    assert url.startswith("https://discord.com/oauth2/authorize?")
    assert asked_of(url) == {
        "client_id": "175928847299117063",
        "permissions": str(permissions().value),
        "integration_type": "0",
        "scope": "bot applications.commands",
    }


def test_whoever_takes_it_along_grants_it_nothing_in_any_server() -> None:
    asked = asked_of(invite_url("9", to_person=True))
    assert asked == {"client_id": "9", "integration_type": "1", "scope": "applications.commands"}


def test_nothing_is_asked_for_that_would_frighten_anybody() -> None:
    granted = permissions()
    assert not granted.administrator
    assert not [name for name in NAMES if name.startswith("manage_")]
    assert not granted.mention_everyone


def test_a_token_tells_whose_it_is() -> None:
    head = urlsafe_b64encode(b"175928847299117063").decode().rstrip("=")
    assert application_in(f"{head}.abc.def") == "175928847299117063"
    for token in ("", "sandbox-discord-token", "…", "YWJj.x.y", "=.=.="):
        assert application_in(token) == ""


def test_each_call_that_the_code_makes_stands_in_the_table() -> None:
    """By their paths, which stand in the code as texts."""
    written = {path for file in sorted(ADAPTER.glob("*.py")) for path in _paths(file)}
    told = {call.partition(" ")[2] for use in USES for call in use.calls}
    # A webhook's path is put together of two texts.
    told = {path for path in told if not path.startswith("/webhooks/{}/{}/")}
    assert written == told


def _paths(file: Path) -> Iterator[str]:
    if file.name == "invite.py":
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]) if start.startswith("/"):
                yield _template(node)
            case ast.Constant(value=str(text)) if re.fullmatch(r"(/[a-z@]+){2,}", text):
                yield text
            case ast.Call(func=ast.Attribute(attr=name)) if name in OF_THE_LIBRARY:
                yield OF_THE_LIBRARY[name]


def _template(node: ast.JoinedStr) -> str:
    parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
    return "".join(str(part) for part in parts).partition("?")[0]


@pytest.fixture
async def stand_in() -> AsyncIterator[Discord]:
    async with Discord(limits=Limits.off()) as discord:
        yield discord


async def refused(stand_in: Discord, granted: discord.Permissions) -> set[str]:
    """The calls that are not permitted with these permissions, and what is not seen."""
    guild, person = stand_in.add_guild(), stand_in.add_user("Ada")
    channel = stand_in.add_channel(guild, "general", permissions=Permission(granted.value))
    plain, asked = [await stand_in.say(channel, person, text) for text in ("One?", "Two?")]
    thread = stand_in.start_thread(plain, "One?", person)
    file = File("a.txt", "text/plain", b"a")
    lost: set[str] = set()
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(session, stand_in.url, stand_in.token)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "react": lambda: rest.react(channel, asked, "⏳"),
            "thread": lambda: rest.start_thread(channel, asked, "Two?", 60),
            "in thread": lambda: rest.create_message(Place(thread), "Because.", (), "a"),
            "reply": lambda: rest.create_message(Place(channel, asked), "Because.", (), "b"),
            "in channel": lambda: rest.create_message(Place(channel), "Because.", (), "c"),
            "file": lambda: rest.create_file(Place(thread), file, "d"),
        }
        for name, call in calls.items():
            try:
                await call()
            except PlatformError:
                lost.add(name)
        try:
            seen = await rest.read_messages(channel, 0)
        except PlatformError:
            seen = ()
        return lost if seen else {*lost, "read"}


async def test_with_what_is_asked_for_everything_can_be_done(stand_in: Discord) -> None:
    assert await refused(stand_in, permissions()) == set()


@pytest.mark.parametrize("name", NAMES)
async def test_without_any_of_it_something_cannot(stand_in: Discord, name: str) -> None:
    granted = permissions()
    granted.update(**{name: False})
    assert await refused(stand_in, granted)


def invite(tmp_path: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bridge", "discord", "invite", *options],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=30.0,
        check=False,
    )


def test_the_command_believes_the_token_where_discord_cannot_be_asked(tmp_path: Path) -> None:
    head = urlsafe_b64encode(b"175928847299117063").decode().rstrip("=")
    nowhere = {"DISCORD_API_URL": "http://127.0.0.1:9/api", "DISCORD_BOT_TOKEN": f"{head}.a.b"}
    ended = invite(tmp_path, **nowhere)
    assert (ended.returncode, ended.stdout.strip()) == (0, invite_url("175928847299117063"))
    ended = invite(tmp_path, "--user", **nowhere)
    assert ended.stdout.strip() == invite_url("175928847299117063", to_person=True)


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    ended = invite(tmp_path)
    assert ended.returncode == 2
    assert "DISCORD_BOT_TOKEN" in ended.stderr
    ended = invite(tmp_path, DISCORD_BOT_TOKEN="x", DISCORD_API_URL="http://127.0.0.1:9/api")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


async def test_the_command_asks_discord_which_application_it_is(stand_in: Discord) -> None:
    settings = DiscordSettings.model_validate(
        {"discord_bot_token": stand_in.token, "discord_api_url": stand_in.url}
    )
    assert await discord_invitation(settings, to_person=False) == invite_url(stand_in.application_id)
