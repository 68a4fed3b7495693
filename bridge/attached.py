"""Files that people attach: checked against what the app takes before anything is moved, then carried from
the chat to Dify. One that cannot go is named with the reason, and the others go all the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePath

from bridge.dify import AppInfo, DifyClient, FileRules, Upload
from bridge.errors import DifyFileRefused, FileEmpty, FileUnreadable, PlatformError
from bridge.inputs import places_for_files
from bridge.ports import Adapter, FetchesFiles
from bridge.types import Attachment, File
from bridge.words import english, say

# Files are held in memory on their way: so many at once, in all answers together.
MOST_AT_ONCE = 4
# Whatever Dify would take. Longer films are not for a chat.
MOST_BYTES = 50 * 1024 * 1024
MEGABYTE = 1024 * 1024
NAME_CHARACTERS = 80

# Dify goes by the ending, too (constants/__init__.py).
_ENDINGS = {
    kind: frozenset(endings.split())
    for kind, endings in {
        "image": "jpg jpeg png webp gif svg",
        "audio": "mp3 m4a wav amr mpga",
        "video": "mp4 mov mpeg webm",
        "document": "txt md mdx markdown pdf html htm xlsx xls vtt properties doc docx csv eml msg pptx ppt"
        " xml epub",
    }.items()
}


@dataclass(slots=True)
class Carried:
    """What has arrived at Dify, and a sentence for everything that has not."""

    uploads: list[Upload] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Carrier:
    """Carries files, for all answers of this process."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def carry(
        self,
        adapter: Adapter,
        dify: DifyClient,
        app: AppInfo,
        attachments: Sequence[Attachment],
        user: str,
        locale: str = "",
    ) -> Carried:
        """Upload what the app takes, for this end user; why the rest does not go is said in this language.
        `DifyError` where Dify is not there at all."""
        carried = Carried()
        for attachment in attachments:
            kind = kind_of(attachment, app.files)
            reason = why_refused(attachment, kind, app, len(carried.uploads), locale)
            if not reason:
                try:
                    async with self.fetched(adapter, attachment, limit_of(attachment, app.files)) as file:
                        carried.uploads.append(await dify.upload(file, kind, user))
                except (PlatformError, DifyFileRefused) as error:
                    reason = error.sentence(locale)
            if reason:
                carried.refused.append(not_passed_on(attachment, reason, locale))
        return carried

    @asynccontextmanager
    async def fetched(self, adapter: Adapter, attachment: Attachment, most_bytes: int) -> AsyncIterator[File]:
        """One file, from the chat, to be passed on within the block. `FileUnreadable` where there is none to
        be had."""
        if not isinstance(adapter, FetchesFiles):
            raise FileUnreadable("this platform gives no files away")
        async with self._room:
            data = await adapter.fetch(attachment, most_bytes)
            if not data:
                raise FileEmpty("there is nothing in it")
            yield File(attachment.name, attachment.media_type, data)


def kind_of(attachment: Attachment, rules: FileRules) -> str:
    """What Dify calls such a file: by its ending, else by its media type. `custom` is what the app's own list
    of endings says, unless the app takes it as what it is."""
    ending = _ending(attachment)
    kind = next((kind for kind, endings in _ENDINGS.items() if ending in endings), "")
    if kind not in rules.kinds and "custom" in rules.kinds and ending in rules.extensions:
        return "custom"
    major = attachment.media_type.partition("/")[0]
    return kind or (major if major in ("image", "audio", "video") else "document")


def why_refused(attachment: Attachment, kind: str, app: AppInfo, already: int, locale: str = "") -> str:
    """Why a file cannot go, as far as is known before it is moved; empty when it can."""
    rules, places = app.files, places_for_files(app)
    if already >= places:
        takes_others = rules.enabled and rules.uploads
        if not takes_others and not places:
            return say(english.TAKES_NO_FILES, locale)
        most = places + (rules.number_limit if takes_others else 0)
        if already >= most:
            return say(
                english.TAKES_ONE_FILE if most == 1 else english.TAKES_SO_MANY_FILES, locale, most=most
            )
        if kind not in rules.kinds:
            return say(english.TAKES_OTHER_FILES, locale)
    if attachment.size == 0:
        return say(english.FILE_EMPTY, locale)
    limit = limit_of(attachment, rules)
    too_large = attachment.size is not None and attachment.size > limit
    return say(english.LARGER_THAN, locale, most=limit // MEGABYTE) if too_large else ""


def limit_of(attachment: Attachment, rules: FileRules) -> int:
    """How many bytes such a file may have. Dify goes by its ending only."""
    megabytes = {"image": rules.image_mb, "audio": rules.audio_mb, "video": rules.video_mb}
    ending = _ending(attachment)
    known = [most for kind, most in megabytes.items() if ending in _ENDINGS[kind]]
    return min(MOST_BYTES, (known[0] if known else rules.other_mb) * MEGABYTE)


def not_passed_on(attachment: Attachment, reason: str, locale: str = "") -> str:
    """That a file does not go, and why."""
    return say(english.NOT_PASSED_ON, locale, name=shown_name(attachment, locale), reason=reason)


def shown_name(attachment: Attachment, locale: str = "") -> str:
    """What to call a file in a sentence."""
    name = " ".join(PurePath(attachment.name.replace("\\", "/")).name.split()) or say(english.A_FILE, locale)
    return name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…"


def _ending(attachment: Attachment) -> str:
    return PurePath(attachment.name).suffix.lower().removeprefix(".")
