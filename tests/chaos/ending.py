"""What a test of chaos ends with: everything settles, then the screens and the database are judged."""

import asyncio
import time
from dataclasses import dataclass

from tests.chaos.bridges import Fleet
from tests.chaos.judge import Verdict, judge
from tests.chaos.memory import Remembered, remembered
from tests.chaos.town import Town

LOOK_SECONDS = 0.25
# What was right has to stay so.
STEADY_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Ending:
    """`seconds` is how long it took to settle, `inversions` how many questions were stored after one that was
    asked later in the same room."""

    verdict: Verdict
    memory: Remembered
    seconds: float
    inversions: int

    def told(self, town: Town) -> str:
        turns = list(town.turns.values())
        extra = sum(count - 1 for count in turns if count > 1)
        return (
            f"{len(town.said)} questions in {len(town.spots)} threads: {self.verdict.counted()}; "
            f"{sum(turns)} turns of Dify ({extra} extra); {self.inversions} stored later than a later one; "
            f"settled {self.seconds:.1f} s after the last"
        )


async def ending(town: Town, database: str, seconds: float) -> Ending:
    """Look until everything is as it should be, or so many seconds have passed."""
    began = time.monotonic()
    found = await _look(town, database, began)
    while found.verdict or found.memory.open:
        if time.monotonic() > began + seconds:
            return found
        await asyncio.sleep(LOOK_SECONDS)
        found = await _look(town, database, began)
    await asyncio.sleep(STEADY_SECONDS)
    steady = await _look(town, database, began)
    return Ending(steady.verdict, steady.memory, found.seconds, steady.inversions)


async def well_ended(town: Town, fleet: Fleet, database: str, seconds: float = 90.0) -> str:
    """Everything is right at the end. What can be said of it."""
    found = await ending(town, database, seconds)
    told = found.told(town)
    assert not found.verdict, f"{told}\n{found.verdict}"
    assert found.memory.open == 0, told
    assert not found.memory.faults, found.memory.faults
    assert not fleet.tracebacks(), "\n".join(fleet.tracebacks())
    return told


async def _look(town: Town, database: str, began: float) -> Ending:
    memory = await remembered(database)
    asked = {said.message: said for said in town.said}
    accepted: dict[str, list[str]] = {}
    for message in memory.accepted:
        said = asked[message]
        accepted.setdefault(said.asked.room, []).append(said.asked.word)
    verdict = judge([said.asked for said in town.said], town.rooms, accepted)
    order = {said.asked.word: number for number, said in enumerate(town.said)}
    inversions = sum(
        any(order[other] > order[word] for other in words[:place])
        for words in accepted.values()
        for place, word in enumerate(words)
    )
    return Ending(verdict, memory, time.monotonic() - began, inversions)
