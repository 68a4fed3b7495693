"""Bridges as processes of their own: started, killed, frozen, asked to leave; gone at the end, whatever
happens. What they log is kept in files."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
END_SECONDS = 30.0
LOOK_SECONDS = 0.01
LISTENING = "Slack: listening"
HEARS_DISCORD = "Discord: signed in"


class Bridge:
    """One process. `started_at` is the monotonic clock, in seconds."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.started_at = time.monotonic()

    @property
    def name(self) -> str:
        return self._log.stem

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def kill(self) -> None:
        """kill -9; returns when it is gone."""
        if self.running:
            self._process.kill()
        await self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def ask_to_leave(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        async with asyncio.timeout(END_SECONDS):
            return await self._process.wait()

    async def says(self, text: str, seconds: float = START_SECONDS) -> float:
        """Wait until its log has `text`; the seconds since its start."""
        await until(lambda: text in self.log or not self.running, seconds)
        assert text in self.log, f"{self.name} ended without {text!r}:\n{self.log[-3000:]}"
        return time.monotonic() - self.started_at


class Fleet:
    """All bridges of one test. `settings` are the environment of each."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self.all: list[Bridge] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(bridge.kill() for bridge in self.all))

    @property
    def running(self) -> list[Bridge]:
        return [bridge for bridge in self.all if bridge.running]

    async def start(self, settings: Mapping[str, str] | None = None, *, ready: bool = True) -> Bridge:
        """One more; unless `ready` is false, it listens when this returns."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        log = self._folder / f"bridge-{len(self.all)}.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bridge", "run"),
                cwd=self._folder,
                env={**kept, "PYTHONPATH": str(ROOT), **self._settings, **(settings or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stderr=stderr,
                # Ctrl-C at the test run is not meant for it: it is ended by its id.
                start_new_session=True,
            )
        bridge = Bridge(process, log)
        self.all.append(bridge)
        if ready:
            await bridge.says(LISTENING)
        return bridge

    def tracebacks(self) -> list[str]:
        """The beginning of each, with the line before it."""
        return [
            f"{bridge.name}: {match.group()}"
            for bridge in self.all
            for match in re.finditer(r"(.*\n)?Traceback[\s\S]{0,4000}", bridge.log)
        ]

    def count(self, text: str) -> int:
        """How often it was logged, by all together."""
        return sum(bridge.log.count(text) for bridge in self.all)


async def until(come: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so; how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not come():
            await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began
