"""What `dify-bridge run` does: `python -m bench.serve`, or `python -m bench.serve watch`.

The settings come from the environment; SIGTERM ends it. With `watch`, which costs about as much CPU as a
bridge that answers one question, a line of JSON then tells by how many seconds the event loop woke up late;
SIGUSR1 lets the watch begin anew.
"""

import asyncio
import gc
import json
import signal
import sys
from array import array

import uvloop

from bridge import logs
from bridge.app import assemble
from bridge.settings import Settings

WATCH = "watch"
PROBE_EVERY_SECONDS = 0.01


class Probe:
    """Sleeps and notes by how much it overslept."""

    def __init__(self) -> None:
        self._late = array("d")

    def begin(self) -> None:
        self._late = array("d")

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PROBE_EVERY_SECONDS
            await asyncio.sleep(PROBE_EVERY_SECONDS)
            self._late.append(loop.time() - due)

    def report(self) -> str:
        late = sorted(self._late) or [0.0]
        quantile = {"p50": late[len(late) // 2], "p99": late[len(late) * 99 // 100], "max": late[-1]}
        return json.dumps(quantile)


async def serve() -> None:
    settings = Settings()
    logs.set_up(settings.log_level, settings.log_format)
    probe = Probe()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, probe.begin)
    async with assemble(settings) as app:
        gc.collect()
        gc.freeze()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, app.leave)
        if WATCH not in sys.argv:
            await app.run()
            return
        probing = asyncio.create_task(probe.run(), name="probe")
        try:
            await app.run()
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
    sys.stdout.write(probe.report() + "\n")


if __name__ == "__main__":
    uvloop.run(serve())
