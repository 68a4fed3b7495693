"""One short answer on each platform, measured from outside, by the bridge as a process."""

import asyncio

from bench.scenarios import scenarios
from bench.trial import System, trial

BY_NAME = {scenario.name: scenario for scenario in scenarios()}


async def test_a_short_answer_is_seen_whole_by_way_of_the_real_wire() -> None:
    chosen = (BY_NAME["slack-edit-1-short"], BY_NAME["discord-1-short"])
    for result in await asyncio.gather(*(trial(one, System.BRIDGE, seed=3) for one in chosen)):
        assert (result.lost, result.repeated, result.disordered, result.torn, result.open) == (0, 0, 0, 0, 0)
        assert result.calls.too_fast == 0
        assert result.calls.kinds["post"] == 1
        assert result.words > 10
        assert result.use.cpu_seconds > 0


def test_every_scenario_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(scenarios())
