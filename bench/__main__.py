"""`python -m bench`: try every scenario, print the tables and keep them in `bench/RESULTS.md`."""

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.machine import this_machine
from bench.report import Failure, line, report
from bench.results import Part, keep
from bench.scenarios import Group, Scenario, scenarios
from bench.trial import Result, System, try_out

# One answer at a time hardly uses a core.
LIGHT_AT_ONCE = 3

console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Trial:
    scenario: Scenario
    system: System


def main(
    only: Annotated[str, typer.Option(help="Only scenarios with this in their names; * is anything.")] = "",
    naive: Annotated[bool, typer.Option(help="Try the naive bot, too.")] = True,
    seed: Annotated[int, typer.Option(help="Another one gives other texts.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where the report goes.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the scenarios and end.")] = False,
) -> None:
    """Measure the bridge against the stand-ins, beside a naive bot and the best that is possible."""
    # Being asked to end is like Ctrl-C: everything that was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [one for one in scenarios() if fnmatch(one.name, f"*{only}*")]
    if listed:
        typer.echo("\n".join(f"{one.name:32} {one.seconds:7.1f} s" for one in chosen))
        return
    trials = [Trial(one, System.BRIDGE) for one in chosen]
    if naive:
        trials += [Trial(one, System.NAIVE) for one in chosen if one.naive]
    results, failures = _run(trials, seed)
    order = {one.name: number for number, one in enumerate(chosen)}
    results.sort(key=lambda one: order[one.scenario.name])
    text = report(this_machine("bench"), results, failures)
    typer.echo(text)
    # A part of the scenarios must not take the place of the whole report.
    if out is not None:
        out.write_text(f"{text}\n", encoding="utf-8")
    elif naive and not only:
        keep(Part.ANSWERS, text)


def _run(trials: list[Trial], seed: int) -> tuple[list[Result], list[Failure]]:
    """The long ones run beside all others; of these, what uses the machine runs alone, the rest a few at
    once."""
    slow = [one for one in trials if one.scenario.group is Group.SLOW]
    heavy = [one for one in trials if not one.scenario.light]
    light = [one for one in trials if one.scenario.light and one not in slow]
    results: list[Result] = []
    failures: list[Failure] = []
    with _lane(len(slow)) as beside:
        waiting = _submit(beside, slow, seed)
        for some, at_once in ((heavy, 1), (light, LIGHT_AT_ONCE)):
            with _lane(at_once) as lane:
                _collect(_submit(lane, some, seed), results, failures)
        _collect(waiting, results, failures)
    return results, failures


@contextmanager
def _lane(at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Where trials wait for their turn. Whatever ends it early ends them all."""
    lane = ThreadPoolExecutor(max(1, at_once))
    try:
        yield lane
    except BaseException:
        lane.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        lane.shutdown()


def _submit(lane: ThreadPoolExecutor, trials: list[Trial], seed: int) -> dict[Future[Result], Trial]:
    return {lane.submit(_apart, one, seed): one for one in trials}


def _apart(trial: Trial, seed: int) -> Result:
    """In a process of its own, so that no trial inherits another one's memory or event loop."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(try_out, trial.scenario, trial.system, seed).result()


def _collect(running: dict[Future[Result], Trial], results: list[Result], failures: list[Failure]) -> None:
    for future in as_completed(running):
        trial, error = running[future], future.exception()
        if error is None:
            results.append(future.result())
            console.print(line(results[-1]), markup=False, soft_wrap=True)
        else:
            failures.append(Failure(trial.scenario, trial.system, f"{type(error).__name__}: {error}"))
            console.print(f"{trial.scenario.name}, {trial.system.value}: {error!r}", markup=False)


if __name__ == "__main__":
    typer.run(main)
