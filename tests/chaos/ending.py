"""What a test of chaos ends with: everything settles, then the screens and the database are judged."""

import asyncio
import time
from dataclasses import dataclass

from tests.chaos.bridges import Fleet
from tests.chaos.judge import Verdict, judge
from tests.chaos.memory import Kept, Remembered, remembered
from tests.chaos.town import Town

LOOK_SECONDS = 0.25
# What was right has to stay so.
STEADY_SECONDS = 1.5
# Between the moment that is noted and the one when others can see it.
DOUBT_MS = 300


@dataclass(frozen=True, slots=True)
class Ending:
    """`seconds` is how long it took to settle, `inversions` how many questions were begun after one that was
    asked later in the same room, because they were heard of later."""

    verdict: Verdict
    memory: Remembered
    seconds: float
    inversions: int

    def told(self, town: Town) -> str:
        turns = list(town.turns.values())
        most = max(one.starts for one in self.memory.questions)
        extra = sum(count - 1 for count in turns if count > 1)
        return (
            f"{len(town.said)} questions in {len(town.spots)} threads: {self.verdict.counted()}; "
            f"{sum(turns)} turns of Dify ({extra} extra); "
            f"{self.inversions} heard of too late for their turn; {most} starts at most; "
            f"settled {self.seconds:.1f} s after the last"
        )


async def ending(town: Town, database: str, seconds: float, *, marks: bool) -> Ending:
    """Look until everything is as it should be, or so many seconds have passed. See `well_ended`."""
    began = time.monotonic()
    found = await _look(town, database, began)
    while _is_wrong(found, marks=marks) or found.memory.open:
        if time.monotonic() > began + seconds:
            return found
        await asyncio.sleep(LOOK_SECONDS)
        found = await _look(town, database, began)
    await asyncio.sleep(STEADY_SECONDS)
    steady = await _look(town, database, began)
    return Ending(steady.verdict, steady.memory, found.seconds, steady.inversions)


async def well_ended(
    town: Town, fleet: Fleet, database: str, seconds: float = 90.0, *, marks: bool = True
) -> str:
    """Everything is right at the end; `marks` that were left behind count, too. What can be said of it."""
    found = await ending(town, database, seconds, marks=marks)
    told = found.told(town)
    assert not _is_wrong(found, marks=marks), f"{told}\n{found.verdict}"
    assert found.memory.open == 0, told
    assert not found.memory.faults, found.memory.faults
    assert not fleet.tracebacks(), "\n".join(fleet.tracebacks())
    return told


def _is_wrong(found: Ending, *, marks: bool) -> bool:
    return bool(found.verdict) if marks else found.verdict.grave


async def _look(town: Town, database: str, began: float) -> Ending:
    memory = await remembered(database)
    number = {said.message: place for place, said in enumerate(town.said)}
    rooms: dict[str, list[Kept]] = {}
    for kept in memory.questions:
        rooms.setdefault(town.said[number[kept.message]].asked.room, []).append(kept)
    begun = {
        room: [town.said[number[one.message]].asked.word for one in here] for room, here in rooms.items()
    }
    verdict = judge([said.asked for said in town.said], town.rooms, begun)
    inversions = 0
    for room, here in rooms.items():
        for place, one in enumerate(here):
            before = [other for other in here[:place] if number[other.message] > number[one.message]]
            inversions += bool(before)
            if any(one.received_at + DOUBT_MS < other.begun_at < one.begun_at for other in before):
                verdict.disordered.append(f"{room}: question {number[one.message]} was passed over")
    return Ending(verdict, memory, time.monotonic() - began, inversions)
