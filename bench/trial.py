"""One scenario tried with one bot, from its start to its end, and the figures of it."""

import asyncio
import math
import resource
import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum

from bench.measure import AnswerFigures, Track, figures, is_complete, lateness, mean
from bench.process import BotProcess, Lag, Use, started
from bench.scenarios import FIRST_TOKEN_SECONDS, Group, Platform, Scenario
from bench.serve import WATCH
from bench.texts import answer_text
from bench.world import Calls, World, question_number, world_of
from sandbox.dify import Answer, ChatRequest, Dify, Script, Turn

# A bot that has been silent for longer than any Retry-After lasts will not say anything any more.
SILENCE_SECONDS = {Platform.SLACK: 63.0, Platform.DISCORD: 8.0}
# However busy it is, the last words must have come so long after the last token.
PATIENCE_SECONDS = 180.0
# What a bot does once more when all is told (a closing edit, a last request) still counts.
AFTERWARDS_SECONDS = 1.0
# No bot thinks so long before it asks.
UNASKED_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.5
SETTLE_SECONDS = 0.5
OPEN_FILES = 8192


class System(Enum):
    """The bots."""

    BRIDGE = "bridge"
    NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of a trial. Times are in seconds, over all answers; `inf` is never.

    `words` counts all that should have been seen. `source_late` is by how much Dify itself wrote its tokens
    late, p99. `lag` is None where the bot does not watch its own loop.
    """

    scenario: Scenario
    system: System
    first_mean: float
    first_max: float
    stale_mean: float
    stale_max: float
    last_max: float
    words: int
    lost: int
    repeated: int
    disordered: int
    torn: int
    open: int
    tokens: int
    source_late: float
    calls: Calls
    use: Use
    lag: Lag | None

    @property
    def cpu_per_1000_tokens(self) -> float:
        return 1000 * self.use.cpu_seconds / max(1, self.tokens)


def try_out(scenario: Scenario, system: System, seed: int) -> Result:
    """Run a trial in an event loop of its own. SIGTERM ends it like Ctrl-C, so that the bot ends with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES if most < 0 else min(OPEN_FILES, most), most))
    return asyncio.run(trial(scenario, system, seed))


async def trial(scenario: Scenario, system: System, seed: int) -> Result:
    """Start everything, ask everything, wait until nothing more comes, and measure."""
    texts = [answer_text(scenario.kind, number, seed) for number in range(scenario.answers)]
    async with (
        Dify(mode="chat", version="1.16.0", script=_script(scenario, texts)) as dify,
        world_of(scenario) as world,
        _bot(scenario, system, world, dify) as bot,
    ):
        await world.connected()
        await asyncio.sleep(SETTLE_SECONDS)
        bot.begin()
        shrinking = asyncio.create_task(_shrink(scenario, world))
        await _ask(scenario, world)
        try:
            await _told(scenario, dify, bot)
            await _shown(scenario, dify, world, texts)
        finally:
            shrinking.cancel()
            await asyncio.gather(shrinking, return_exceptions=True)
        use = bot.use()
        tracks, calls = _tracks(scenario, dify, world, texts), world.calls()
        lag = await bot.leave()
    return _result(scenario, system, tracks, calls, use, lag)


def _script(scenario: Scenario, texts: Sequence[str]) -> Script:
    def script(request: ChatRequest, _: int) -> Answer:
        return Answer(
            texts[question_number(request.query)],
            first_token_after=FIRST_TOKEN_SECONDS,
            tokens_per_second=scenario.tokens_per_second,
            cut_after=scenario.tokens if scenario.cut else None,
        )

    return script


def _bot(
    scenario: Scenario, system: System, world: World, dify: Dify
) -> AbstractAsyncContextManager[BotProcess]:
    if system is System.NAIVE:
        # It logs a traceback for whatever goes wrong on purpose.
        return started("bench.naive", (dify.url, dify.key, *world.arguments), {}, shows_log=False)
    settings = {
        "DIFY_API_URL": dify.url,
        "DIFY_API_KEY": dify.key,
        "DIFY_MAX_STREAMS": "0",
        "LOG_LEVEL": "ERROR",
    }
    watch = (WATCH,) if scenario.group is Group.MANY else ()
    return started("bench.serve", watch, {**settings, **world.settings}, shows_log=True)


async def _ask(scenario: Scenario, world: World) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(scenario.answers):
        if scenario.arrivals_per_second:
            await asyncio.sleep(began + number / scenario.arrivals_per_second - loop.time())
        await world.ask(number)


async def _shrink(scenario: Scenario, world: World) -> None:
    if scenario.shrink is not None:
        await asyncio.sleep(FIRST_TOKEN_SECONDS + scenario.shrink.after_seconds)
        world.shrink(scenario.shrink.calls)


async def _told(scenario: Scenario, dify: Dify, bot: BotProcess) -> None:
    """Wait until Dify has said everything, or is not asked any more: a bot may give up on a question."""
    arrivals = scenario.answers / scenario.arrivals_per_second if scenario.arrivals_per_second else 0.0
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + scenario.seconds + arrivals + PATIENCE_SECONDS
    idle_since = loop.time()
    while len(dify.requests) < scenario.answers or dify.running:
        if not bot.running:
            raise RuntimeError("the bot has ended by itself")
        if loop.time() > give_up_at:
            raise RuntimeError(f"{dify.running} answers are not read to their end")
        if dify.running:
            idle_since = loop.time()
        elif loop.time() - idle_since > UNASKED_SECONDS:
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _shown(scenario: Scenario, dify: Dify, world: World, texts: Sequence[str]) -> None:
    """Wait until people have seen everything, or can expect nothing more."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_SECONDS
    silence = SILENCE_SECONDS[scenario.platform]
    while loop.time() < give_up_at:
        tracks = _tracks(scenario, dify, world, texts)
        if all(is_complete(track) for track in tracks):
            await asyncio.sleep(AFTERWARDS_SECONDS)
            return
        last_at = max(world.calls().last_at, *(track.written[-1].at for track in tracks if track.written))
        if loop.time() - last_at > silence:
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _tracks(scenario: Scenario, dify: Dify, world: World, texts: Sequence[str]) -> list[Track]:
    turns = _turns(dify)
    screen = world.screen()
    return [
        Track(
            text,
            tuple(turns[number].written) if number in turns else (),
            screen.frames.get(number, ()),
            cut=scenario.cut,
            streaming=number in screen.streaming,
        )
        for number, text in enumerate(texts)
    ]


def _turns(dify: Dify) -> Mapping[int, Turn]:
    turns = (turn for conversation in dify.conversations.values() for turn in conversation.turns)
    return {question_number(turn.query): turn for turn in turns}


def _result(
    scenario: Scenario, system: System, tracks: Sequence[Track], calls: Calls, use: Use, lag: Lag | None
) -> Result:
    found: list[AnswerFigures] = [figures(track) for track in tracks]
    late = sorted(seconds for track in tracks for seconds in lateness(track, scenario.tokens_per_second))
    return Result(
        scenario=scenario,
        system=system,
        first_mean=mean([one.first_text for one in found]),
        first_max=max(one.first_text for one in found),
        stale_mean=mean([mean(one.ages) for one in found if one.ages]),
        stale_max=max(max(one.ages, default=0.0) for one in found),
        last_max=max(one.last_words for one in found),
        words=sum(one.words for one in found),
        lost=sum(one.lost for one in found),
        repeated=sum(one.repeated for one in found),
        disordered=sum(one.disordered for one in found),
        torn=sum(one.torn for one in found),
        open=sum(one.open for one in found),
        tokens=sum(math.ceil(track.written[-1].characters / 4) for track in tracks if track.written),
        source_late=late[len(late) * 99 // 100],
        calls=calls,
        use=use,
        lag=lag,
    )
