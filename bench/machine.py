"""Where and how something was measured."""

import os
import platform
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and how it was measured."""

    cpu: str
    cores: int
    python: str
    date: str
    command: str

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, Python {self.python}, {self.date}: `{self.command}`"


def this_machine(module: str) -> Machine:
    """The one that this process runs on, started as `python -m module`."""
    arguments = shlex.join(sys.argv[1:])
    return Machine(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        python=platform.python_version(),
        date=datetime.now(UTC).date().isoformat(),
        command=f"python -m {module} {arguments}".strip(),
    )


def _cpu_name() -> str:
    for text in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = text.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
