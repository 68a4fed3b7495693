"""Files: where Discord keeps them, what they may be called, and how large one may be. Pure."""

import re
import unicodedata
from dataclasses import replace
from pathlib import PurePosixPath

from yarl import URL

from adapters.discord.labels import shortened
from bridge.types import File, Thread

# discord.com/developers, "Uploading Files": of a server that nobody has boosted, and of every request.
FILE_LIMIT_BYTES = 10 * 1024 * 1024
REQUEST_LIMIT_BYTES = 25 * 1024 * 1024
# What goes with a file in its request.
AROUND_FILE_BYTES = 64 * 1024
NAME_LIMIT = 100
EXTENSION_LIMIT = 16

UNKNOWN_TYPE = "application/octet-stream"

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*", re.ASCII)
_HOSTS = frozenset({URL("https://cdn.discordapp.com"), URL("https://media.discordapp.net")})
# What would be a path, the end of a name in a request, or markup where the name is shown.
_UNSAFE = re.compile(r'[/\\:*?"<>|`]+')


class FileLimits:
    """How large a file may be in each server, as far as the servers have told."""

    def __init__(self) -> None:
        self._boosted: dict[str, int] = {}

    def learn(self, server: str, most_bytes: int) -> None:
        self._boosted.pop(server, None)
        if most_bytes > FILE_LIMIT_BYTES:
            self._boosted[server] = most_bytes

    def of(self, thread: Thread) -> int:
        """In bytes. A boosted server takes larger files, but no larger requests."""
        told = self._boosted.get(thread.workspace, FILE_LIMIT_BYTES)
        return min(told, REQUEST_LIMIT_BYTES - AROUND_FILE_BYTES)


def address_of(source: str, api: URL) -> URL | None:
    """Where a file is; None unless Discord keeps it: at its own hosts, or where its API is."""
    try:
        # As it came: its signature is over these very signs.
        url = URL(source, encoded=True)
        named = url.user is not None or url.password is not None
        origin = url.origin() if url.absolute else None
    except ValueError:
        return None
    return url if not named and (origin in _HOSTS or origin == api.origin()) else None


def plain_file(file: File) -> File:
    """The same with a name and a type that can stand in the head of a request."""
    media_type = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else UNKNOWN_TYPE
    return replace(file, name=safe_name(file.name), media_type=media_type)


def safe_name(name: str) -> str:
    """The name of a file without a path, without signs that mean something elsewhere, and not too long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C")
    plain = " ".join(_UNSAFE.sub("_", shown).split()).strip(". ")
    stem, dot, extension = plain.rpartition(".")
    if not stem or len(extension) > EXTENSION_LIMIT:
        return shortened(plain, NAME_LIMIT) or "file"
    return f"{shortened(stem, NAME_LIMIT - len(dot) - 2 * len(extension))}{dot}{extension}"
