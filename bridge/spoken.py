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


@asynccontextmanager
async def in_their_language(scene: Scene, budget: Budget) -> AsyncIterator[None]:
    """Within the block, speak to whoever asked in their language as soon as the platform has said which it
    is."""
    finding = scene.told.finding = asyncio.create_task(_find(scene, budget), name="language")
    try:
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
