"""The bot under test as a process of its own, so that what it uses is its alone. Linux only: reads /proc."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAVE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Use:
    """CPU in seconds since `begin`, the most memory it ever held and how much that grew, in bytes."""

    cpu_seconds: float
    peak_bytes: int
    growth_bytes: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How much later than planned its event loop woke up, in seconds."""

    p50: float
    p99: float
    max: float


class BotProcess:
    """A running bot. `begin` marks what it used to start up."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._cpu = 0.0
        self._memory = 0

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def begin(self) -> None:
        self._cpu = _cpu_seconds(self._process.pid)
        self._memory = _memory_bytes(self._process.pid, "VmRSS")
        self._process.send_signal(signal.SIGUSR1)

    def use(self) -> Use:
        peak = _memory_bytes(self._process.pid, "VmHWM")
        return Use(_cpu_seconds(self._process.pid) - self._cpu, peak, peak - self._memory)

    async def leave(self) -> Lag | None:
        """Ask it to end; what it said of its event loop, where it watched it."""
        if self.running:
            self._process.terminate()
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                output, _ = await self._process.communicate()
        except TimeoutError:
            return None
        lines = output.decode().splitlines()
        return _lag(lines[-1]) if lines else None

    async def end(self) -> None:
        """Make sure that it is gone."""
        if self.running:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def started(
    module: str, arguments: tuple[str, ...], env: Mapping[str, str], *, shows_log: bool
) -> AsyncIterator[BotProcess]:
    """`python -m module` in an empty folder, with nothing but these variables."""
    with tempfile.TemporaryDirectory(prefix="dify-bridge-bench-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", module, *arguments),
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=None if shows_log else asyncio.subprocess.DEVNULL,
        )
        bot = BotProcess(process)
        try:
            yield bot
        finally:
            await bot.end()


def _cpu_seconds(pid: int) -> float:
    """User and system time; fields 14 and 15 of proc(5), counted from behind the name."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_bytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{pid}/status says nothing of {name}")


def _lag(line: str) -> Lag | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    match told:
        case {"p50": float(p50), "p99": float(p99), "max": float(most)}:
            return Lag(p50, p99, most)
        case _:
            return None
