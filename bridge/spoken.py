"""An answer is given in the language of whoever asked: what stands around it, not what the app says. Nobody
waits for that to be known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.budget import Budget
from bridge.people import locale_of
from bridge.scene import Scene
from bridge.types import Action, Button, Style
from bridge.words import english, say

# An answer of nothing but our own sentences may come so much later.
KNOWN_WITHIN_SECONDS = 0.5


@asynccontextmanager
async def in_their_language(scene: Scene, budget: Budget, *, only_ours: bool) -> AsyncIterator[None]:
    """Within the block, speak to whoever asked in their language as soon as the platform has said which it
    is. Where the answer is `only_ours`, it has a moment to say so before the block."""
    finding = asyncio.create_task(_find(scene, budget), name="language")
    try:
        if only_ours:
            await asyncio.wait({finding}, timeout=KNOWN_WITHIN_SECONDS)
        yield
    finally:
        finding.cancel()
        await asyncio.gather(finding, return_exceptions=True)


def growing_buttons(question_id: int, locale: str = "") -> tuple[Button, ...]:
    """What can be done with an answer that still grows."""
    return (Button(say(english.STOP, locale), Action.STOP, str(question_id), Style.DANGER),)


async def _find(scene: Scene, budget: Budget) -> None:
    job = scene.job
    locale = await locale_of(scene.adapter, budget, job.thread, job.message.author)
    scene.told.locale = locale
    scene.reply.speak(locale, growing_buttons(job.id, locale))
