"""`python -m bench.durability`: measure how questions are kept, and keep the report in `RESULTS.md`."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.durability.figures import Figures
from bench.durability.measurements import ALL, Extent, Fresh
from bench.durability.report import report
from bench.machine import this_machine
from bench.results import Part, keep
from sandbox.postgres import Postgres, running_postgres

console = Console(stderr=True)


def main(
    only: Annotated[str, typer.Option(help=f"Only what has this in its name, of {', '.join(ALL)}.")] = "",
    seconds: Annotated[float, typer.Option(help="How long messages come at an even pace.")] = 30.0,
    messages: Annotated[int, typer.Option(help="How many come as fast as can be.")] = 4_500,
    answers: Annotated[int, typer.Option(help="How many run at once.")] = 5_000,
    threads: Annotated[int, typer.Option(help="Among how many one is looked up.")] = 10_000_000,
    runs: Annotated[int, typer.Option(help="The best of so many counts.")] = 3,
    postgres: Annotated[
        str, typer.Option(help="A server to use, else one is started.", envvar="TEST_DATABASE_URL")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Where the report goes.")] = None,
) -> None:
    """Measure how fast, and how much at once, questions are kept, on both databases."""
    # Being asked to end is like Ctrl-C: everything that was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    extent = Extent(seconds, messages, answers, threads, runs)
    failures: list[str] = []
    with running_postgres(postgres) as server:
        databases: dict[str, Fresh] = {"SQLite": _sqlite, "PostgreSQL": partial(_postgres, server)}
        measured = {
            name: asyncio.run(_measure(name, fresh, only, extent, failures))
            for name, fresh in databases.items()
        }
    text = report(this_machine("bench.durability"), measured, failures, runs)
    typer.echo(text)
    if out is not None:
        out.write_text(f"{text}\n", encoding="utf-8")
    elif not only:
        keep(Part.DURABILITY, text)


async def _measure(database: str, fresh: Fresh, only: str, extent: Extent, failures: list[str]) -> Figures:
    figures = Figures()
    for name, measurement in ALL.items():
        if only not in name:
            continue
        try:
            figures = await measurement(fresh, extent, figures)
        except Exception as error:  # noqa: BLE001 - what else is measured has its own chance
            failures.append(f"{name}, {database}: {type(error).__name__}: {error}")
        console.print(f"{database}, {name}: {figures}", markup=False, soft_wrap=True)
    return figures


@asynccontextmanager
async def _sqlite() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="dify-bridge-bench-") as folder:
        yield f"sqlite:///{folder}/bridge.db"


@asynccontextmanager
async def _postgres(server: Postgres) -> AsyncIterator[str]:
    async with server.fresh_database() as url:
        yield url.render_as_string(hide_password=False)


if __name__ == "__main__":
    typer.run(main)
