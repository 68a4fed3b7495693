"""When to strike: moments of an answer's life that are recognised from outside, and moments at random."""

import asyncio
import random
import time
from collections.abc import Callable
from enum import StrEnum

from tests.chaos.judge import TOKEN
from tests.chaos.town import Town

LOOK_SECONDS = 0.003


class Moment(StrEnum):
    ANY = "at any time"
    STORING = "while a question is stored"
    ASKING = "before the first post"
    POSTED = "right after the first post"
    GROWING = "while it grows"
    CONTINUED = "between the messages of a long answer"
    ENDING = "at the final edit"


# How much later than what is seen the strike comes, at most.
SPREAD_SECONDS = {
    Moment.ANY: 2.0,
    Moment.STORING: 0.03,
    Moment.ASKING: 0.15,
    Moment.POSTED: 0.02,
    Moment.GROWING: 0.02,
    Moment.CONTINUED: 0.05,
    Moment.ENDING: 0.15,
}
# For long answers somebody has to ask for one.
PATIENCE_SECONDS = 3.0


async def wait_for(moment: Moment, town: Town, rng: random.Random) -> bool:
    """Return when it has come, or seems not to come any more. Whether it has."""
    counted = _COUNTED[moment]
    before, until = counted(town), time.monotonic() + PATIENCE_SECONDS
    while moment is not Moment.ANY and counted(town) == before and time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
    come = moment is Moment.ANY or counted(town) != before
    await asyncio.sleep(rng.uniform(0.0, SPREAD_SECONDS[moment]))
    return come


def _nothing(_: Town) -> int:
    return 0


def _questions(town: Town) -> int:
    return len(town.said)


def _requests(town: Town) -> int:
    return len(town.dify.requests)


def _first_posts(town: Town) -> int:
    return sum(kind == "post" and _begins(text) for _, kind, text in town.frames)


def _edits(town: Town) -> int:
    return sum(kind in ("edit", "append") for _, kind, _ in town.frames)


def _further_posts(town: Town) -> int:
    return sum(kind == "post" and not _begins(text) for _, kind, text in town.frames)


def _whole_answers(town: Town) -> int:
    return sum(bool(turn.answer) for turn in town.dify.turns)


def _begins(text: str) -> bool:
    found = TOKEN.search(text)
    return found is not None and found.group(2) == "0"


_COUNTED: dict[Moment, Callable[[Town], int]] = {
    Moment.ANY: _nothing,
    Moment.STORING: _questions,
    Moment.ASKING: _requests,
    Moment.POSTED: _first_posts,
    Moment.GROWING: _edits,
    Moment.CONTINUED: _further_posts,
    Moment.ENDING: _whole_answers,
}
