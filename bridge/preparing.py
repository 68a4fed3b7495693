"""What is sent with a question: its text, what was spoken, the app's inputs, and the attached files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge import voice
from bridge.attached import Carrier, shown_name
from bridge.budget import Budget
from bridge.dify import AppInfo, AppInput, DifyClient, Upload
from bridge.errors import DifyFileRefused, DifyLacks, PlatformError
from bridge.inputs import inputs_of, takes_files
from bridge.people import asks_about_people, looked_up
from bridge.ports import Adapter
from bridge.scene import Scene
from bridge.types import Attachment

# Dify wants words with every question.
ATTACHED = "(see what is attached)"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question as it goes to the app. `heard` is what was spoken, in writing; `refused` has a sentence for
    everything that does not go along; `missing` are inputs without which nothing can be asked."""

    query: str
    inputs: Mapping[str, object]
    uploads: tuple[Upload, ...]
    heard: str
    refused: tuple[str, ...]
    missing: tuple[AppInput, ...]


async def prepare(scene: Scene, carrier: Carrier, budget: Budget, user: str) -> Prepared:
    """Everything that goes along with a question, uploaded under this end user. `DifyError` where Dify is not
    there."""
    adapter, dify, job = scene.adapter, scene.dify, scene.job
    message, app = job.message, await dify.app()
    if asks_about_people(app, scene.config.inputs):
        author = await looked_up(adapter, budget, job.thread, message.author)
        message = replace(message, author=author)
    spoken = [one for one in message.attachments if one.voice and app.hears]
    heard, unheard = await _heard(adapter, dify, carrier, spoken, user)
    others = [one for one in message.attachments if one not in spoken]
    carried = await carrier.carry(adapter, dify, app, others, user)
    text = "\n\n".join(part for part in (message.text, heard) if part)
    configured = {**scene.config.inputs, **dict(job.inputs)}
    only_form = not app.mode.conversing
    inputs = inputs_of(app, message, configured, carried.uploads, text=text if only_form else "")
    return Prepared(
        query=text or (ATTACHED if carried.uploads else ""),
        inputs=inputs.values,
        uploads=() if takes_files(app) else tuple(carried.uploads),
        heard=heard,
        refused=(*unheard, *carried.refused),
        missing=inputs.missing,
    )


def says_nothing(prepared: Prepared, app: AppInfo) -> bool:
    """Whether there is nothing that could be asked."""
    return not prepared.query and (app.mode.conversing or not prepared.inputs)


async def _heard(
    adapter: Adapter, dify: DifyClient, carrier: Carrier, spoken: Sequence[Attachment], user: str
) -> tuple[str, list[str]]:
    """What was spoken, and a sentence for every recording that could not be understood."""
    texts, problems = [], []
    for attachment in spoken:
        try:
            file = await carrier.fetched(adapter, attachment, voice.MOST_BYTES)
            texts.append(await dify.transcribe(await voice.for_dify(file), user))
        except (PlatformError, DifyFileRefused, DifyLacks) as error:
            problems.append(f"{shown_name(attachment)} could not be listened to. {error.notice}")
    return "\n\n".join(text for text in texts if text), problems
