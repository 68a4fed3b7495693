"""The bridge as a process: exit codes, signals, and what it writes to its log."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.dify import Answer, Dify
from sandbox.slack import Slack

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 20.0


def environment(**settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}


def run(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", "run"],
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_missing_settings_are_all_named_without_a_traceback(tmp_path: Path) -> None:
    ended = run(tmp_path, DIFY_API_URL="nonsense")
    assert ended.returncode == 2
    for name in ("DIFY_API_URL", "DIFY_API_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_BOT_TOKEN"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


@dataclass
class Running:
    """A bridge in a process of its own, and what it has logged."""

    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def running(tmp_path: Path, slack: Slack, dify: Dify, **settings: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "run",
        cwd=tmp_path,
        env=environment(
            DIFY_API_URL=dify.url,
            DIFY_API_KEY=dify.key,
            SLACK_BOT_TOKEN=slack.bot_token,
            SLACK_APP_TOKEN=slack.app_token,
            SLACK_API_URL=slack.url,
            **settings,
        ),
        stderr=asyncio.subprocess.PIPE,
    )
    bridge = Running(process)

    async def follow() -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            bridge.log.append(line.decode())

    following = asyncio.create_task(follow())
    try:
        yield bridge
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await following


async def test_a_signal_lets_answers_finish_and_nothing_private_is_logged(tmp_path: Path) -> None:
    script = Answer("the-private-answer " * 10, tokens_per_second=40)
    async with Slack() as slack, Dify(script=lambda request, turns: script) as dify:
        channel, person = slack.add_channel("general"), slack.add_user("Ada")
        async with running(tmp_path, slack, dify, LOG_LEVEL="DEBUG") as bridge:
            await slack.wait_for(lambda: slack.connections > 0, PATIENCE_SECONDS)
            ts = await slack.say(channel, person, f"<@{slack.bot_user_id}> the-private-question")
            await slack.wait_for(lambda: len(slack.messages(channel, ts)) == 2, PATIENCE_SECONDS)
            bridge.process.send_signal(signal.SIGTERM)
            assert await bridge.ended() == 0
        assert slack.messages(channel, ts)[1].text.strip() == script.text.strip()
    log = "".join(bridge.log)
    assert "answered" in log
    for private in ("the-private", slack.bot_token, slack.app_token, dify.key, "Traceback"):
        assert private not in log


async def test_the_second_signal_cuts_what_is_still_running(tmp_path: Path) -> None:
    endless = Answer("and so on " * 50, tokens_per_second=100, hang_after=30)
    async with Slack() as slack, Dify(script=lambda request, turns: endless) as dify:
        channel, person = slack.add_channel("general"), slack.add_user("Ada")
        async with running(tmp_path, slack, dify) as bridge:
            await slack.wait_for(lambda: slack.connections > 0, PATIENCE_SECONDS)
            ts = await slack.say(channel, person, f"<@{slack.bot_user_id}> Go on")
            await slack.wait_for(lambda: len(slack.messages(channel, ts)) == 2, PATIENCE_SECONDS)
            bridge.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not any("finishing 1 answers" in line for line in bridge.log):
                    await asyncio.sleep(0.02)
            bridge.process.send_signal(signal.SIGINT)
            assert await bridge.ended() == 0
        assert "being restarted" in slack.messages(channel, ts)[1].text


async def test_a_refused_token_is_said_and_ends_the_process(tmp_path: Path) -> None:
    async with Slack() as slack, Dify() as dify:
        slack.fail("auth.test", "invalid_auth", times=5)
        async with running(tmp_path, slack, dify) as bridge:
            assert await bridge.ended() == 1
    assert any("Slack is off: its token was refused" in line for line in bridge.log)


async def test_a_dify_that_refuses_the_key_is_said_at_the_start_and_the_process_serves_on(
    tmp_path: Path,
) -> None:
    async with Slack() as slack, Dify() as dify, running(tmp_path, slack, dify) as bridge:
        dify.key = "app-a-new-one"
        await slack.wait_for(lambda: slack.connections > 0, PATIENCE_SECONDS)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any("DifyKeyRejected" in line for line in bridge.log):
                await asyncio.sleep(0.02)
        assert bridge.process.returncode is None


async def test_a_signal_lets_the_apps_be_read_again_and_mistakes_are_said(tmp_path: Path) -> None:
    file = tmp_path / "bridge.toml"

    async def says(bridge: Running, text: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(text in line for line in bridge.log):
                await asyncio.sleep(0.02)

    async with Slack() as slack, Dify() as dify, running(tmp_path, slack, dify) as bridge:
        await says(bridge, "Dify, default: connected")
        file.write_text('[apps.hr]\nkey = "HR_KEY"\n', encoding="utf-8")
        bridge.process.send_signal(signal.SIGHUP)
        await says(bridge, "apps.hr.key: HR_KEY is set neither")
        (tmp_path / ".env").write_text(f"HR_KEY={dify.key}\n", encoding="utf-8")
        bridge.process.send_signal(signal.SIGHUP)
        await says(bridge, "Dify, hr: connected")
        assert bridge.process.returncode is None


def test_mistakes_in_the_file_of_apps_are_told_like_those_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("[apps.hr]\nkey = 1\n", encoding="utf-8")
    ended = run(tmp_path, DIFY_API_KEY="app-x", DISCORD_BOT_TOKEN="x", DISCORD_API_URL="http://127.0.0.1:9")
    assert ended.returncode == 2
    assert "apps.hr.key: must be a text" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_file_is_used_by_one_process(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "bridge.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run(
            tmp_path, DIFY_API_KEY="app-x", DISCORD_BOT_TOKEN="x", DISCORD_API_URL="http://127.0.0.1:9"
        )
    assert ended.returncode == 1
    assert "already in use" in ended.stderr
