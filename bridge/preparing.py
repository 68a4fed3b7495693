"""What is sent with a question: its text, what was spoken, the app's inputs, and the attached files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge import voice
from bridge.attached import MEGABYTE, Carrier, kind_of, shown_name, why_refused
from bridge.budget import Budget
from bridge.described import described
from bridge.dify import AppInfo, AppInput, Upload
from bridge.errors import DifyFileRefused, DifyLacks, PlatformError
from bridge.inputs import inputs_of
from bridge.people import asks_about_people, looked_up
from bridge.scene import Scene, Told
from bridge.types import Attachment, Message
from bridge.words import english, say

# Dify wants words with every question.


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
    locale = scene.told.locale
    known = await described(adapter, budget, job.thread, message.attachments, locale)
    spoken = [one for one in known.attachments if one.voice and (app.hears or not _is_taken(one, app))]
    heard, unheard = await _heard(scene, app, carrier, spoken, user)
    others = [one for one in known.attachments if one not in spoken]
    carried = await carrier.carry(adapter, dify, app, others, user, locale)
    text = "\n\n".join(part for part in (message.text, heard) if part)
    # What answers once begins each time with an empty form, and has nothing but that to be asked with.
    lasting, asked = (job.inputs, "") if app.mode.conversing else ((), text)
    configured = {**scene.config.inputs, **dict(lasting)}
    inputs = inputs_of(app, message, configured, carried.uploads, text=asked)
    return Prepared(
        query=text or (say(english.SEE_ATTACHED, locale) if carried.uploads else ""),
        inputs=inputs.values,
        uploads=inputs.files,
        heard=heard,
        refused=(*known.refused, *unheard, *carried.refused),
        missing=inputs.missing,
    )


def says_nothing(prepared: Prepared, app: AppInfo, message: Message) -> bool:
    """Whether there is nothing that could be asked. A form may be sent as empty as it is."""
    return not prepared.query and (app.mode.conversing or not (prepared.inputs or message.filled))


def _is_taken(recording: Attachment, app: AppInfo) -> bool:
    """Whether an app takes a recording like any other file."""
    return not why_refused(recording, kind_of(recording, app.files), app, 0)


async def _heard(
    scene: Scene, app: AppInfo, carrier: Carrier, spoken: Sequence[Attachment], user: str
) -> tuple[str, list[str]]:
    """What was spoken, and a sentence for every recording that could not be understood."""
    texts, problems, told = [], [], scene.told
    for attachment in spoken:
        reason = _why_unheard(attachment, app, told)
        if not reason:
            try:
                async with carrier.fetched(scene.adapter, attachment, voice.MOST_BYTES) as file:
                    text = (await scene.dify.transcribe(await voice.for_dify(file), user)).strip()
            except (PlatformError, DifyFileRefused) as error:
                reason = error.sentence(told.locale)
            except DifyLacks:
                reason = told.say(english.DEAF)
            else:
                reason = "" if text else told.say(english.NOT_A_WORD)
                texts.append(text)
        if reason:
            name = shown_name(attachment, told.locale)
            problems.append(told.say(english.UNHEARD, name=name, reason=reason))
    return "\n\n".join(text for text in texts if text), problems


def _why_unheard(recording: Attachment, app: AppInfo, told: Told) -> str:
    """Why it is not even fetched; empty where it is."""
    if not app.hears:
        return told.say(english.DEAF)
    too_large = recording.size is not None and recording.size > voice.MOST_BYTES
    return told.say(english.LARGER_THAN, most=voice.MOST_BYTES // MEGABYTE) if too_large else ""
