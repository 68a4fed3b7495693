"""What Slack says about files that somebody attached, as `Attachment`s. Pure."""

import re
from collections.abc import Mapping

from adapters.slack.fields import text_of
from bridge.types import Attachment

# What the subtype of a recording is that was made in Slack as a message.
VOICE = "slack_audio"
# Slack Connect may say no more of a file than its id; the rest has to be asked for.
ASK_ACCESS = "check_file_info"
# What the source of such a file begins with, instead of an address.
ASK_PREFIX = "file:"
# Stands in a source between the workspace and the address, which has no spaces.
IN_WORKSPACE = " "
NAME_LIMIT_CHARACTERS = 150
# Of a message; Slack takes ten.
MAX_FILES = 20

# Slack calls a recording by its container, or by names of which there are more common ones.
_VOICE_TYPES = {
    "video/webm": "audio/webm",
    "video/mp4": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
}
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def read_files(files: object, workspace: str) -> tuple[Attachment, ...]:
    """The files of a message in this workspace."""
    listed = files[:MAX_FILES] if isinstance(files, list) else []
    return tuple(read_file(one, workspace) for one in listed if isinstance(one, Mapping))


def read_file(file: Mapping[str, object], workspace: str) -> Attachment:
    """One file, as messages and `files.info` describe it. Without a source, it cannot be had."""
    size, voice = file.get("size"), file.get("subtype") == VOICE
    media_type = text_of(file, "mimetype").partition(";")[0].strip().lower()
    source = text_of(file, "url_private_download") or text_of(file, "url_private")
    if not source and file.get("file_access") == ASK_ACCESS:
        source = ASK_PREFIX + text_of(file, "id")
    return Attachment(
        name=file_name(text_of(file, "name") or text_of(file, "title")),
        media_type=_VOICE_TYPES.get(media_type, media_type) if voice else media_type,
        size=size if isinstance(size, int) and size >= 0 else None,
        source=f"{workspace}{IN_WORKSPACE}{source}" if source else "",
        voice=voice,
    )


def source_of(attachment: Attachment) -> tuple[str, str]:
    """The workspace that a file was attached in, and its address, or what to ask for by its id."""
    workspace, _, source = attachment.source.rpartition(IN_WORKSPACE)
    return workspace, source


def file_name(name: str) -> str:
    """A name that is no path, and that shows nothing but itself; its suffix is kept when it is cut."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(sign for sign in last if sign.isprintable()).strip(" .")
    if len(shown) > NAME_LIMIT_CHARACTERS:
        suffix = _SUFFIX.search(shown)
        kept = suffix.group() if suffix else ""
        shown = shown[: NAME_LIMIT_CHARACTERS - len(kept)] + kept
    return shown or "file"
