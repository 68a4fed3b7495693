"""The files that an app made, as events and records name them. Pure.

The same file comes under several ids and, signed anew each time, under several links: it is the path of the
link that stays the same. Records name the asker's own files too, most of them without saying so.
"""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote, urlsplit

from bridge.dify.shapes import clean, items_of, name_of, number_of, text_of

MOST_FILES = 50
# Signed links are a few hundred characters long.
LONGEST_URL_CHARACTERS = 4096
# Dify itself keeps no longer ones.
LONGEST_FILE_NAME_CHARACTERS = 200
# A link as Dify writes it into an answer: signed, and with or without its host before it.
_LINK = re.compile(
    r"\]\((?P<url>(?:https?://[^\s()<>]{1,300})?/files/[^\s()<>?]{1,300}\?[^\s()<>]{1,1000})\)"
)


@dataclass(frozen=True, slots=True)
class AppFile:
    """A file that the app made. `url` may be relative to Dify's origin, and is valid for some minutes;
    `media_type` is empty and `size`, in bytes, 0 where Dify does not tell."""

    id: str
    name: str
    media_type: str
    url: str
    size: int


@dataclass(frozen=True, slots=True)
class Named:
    """A file as one event or record names it: all its `ids`, and whether it is said to be the asker's own."""

    file: AppFile
    ids: frozenset[str]
    own: bool = False


def files_in(value: object) -> tuple[Named, ...]:
    """The files in a list of them."""
    return tuple(named for item in items_of(value, MOST_FILES) if (named := file_in(item)) is not None)


def file_in(fields: Mapping[str, object]) -> Named | None:
    """The file that an event or a record names; None where it names no place to get it from."""
    url = text_of(fields, "url") or text_of(fields, "remote_url")
    if not url or len(url) > LONGEST_URL_CHARACTERS:
        return None
    ids = [one for name in ("related_id", "id", "upload_file_id") if (one := name_of(fields, name))]
    name = safe_name(text_of(fields, "filename"))
    media_type = name_of(fields, "mime_type") or mimetypes.guess_type(name or _last_part(url))[0] or ""
    file = AppFile(ids[0] if ids else "", name, media_type, url, number_of(fields, "size"))
    return Named(file, frozenset(ids), text_of(fields, "belongs_to") == "user")


def links_in(text: str) -> tuple[Named, ...]:
    """The files that a text links to or shows, in Markdown."""
    urls = (found["url"] for found in islice(_LINK.finditer(text), MOST_FILES))
    return tuple(named for url in urls if (named := file_in({"url": url})) is not None)


def is_file(value: object) -> bool:
    """Whether an output of a flow is a file or a list of files: those are shown as such."""
    if isinstance(value, list):
        return bool(value) and all(is_file(item) for item in value)
    return (
        isinstance(value, dict) and "transfer_method" in value and ("url" in value or "remote_url" in value)
    )


class Gathered:
    """The files of one turn, each once. `sent` are the ids of the files that came with the question."""

    def __init__(self, sent: Iterable[str] = ()) -> None:
        self._sent = frozenset(sent)
        self._files: dict[str, AppFile] = {}
        self.files: tuple[AppFile, ...] = ()

    def add(self, named: Named) -> None:
        """Take a file in, unless it is the asker's own."""
        if named.own or named.ids & self._sent:
            return
        file = named.file
        key = _key(file.url)
        known = self._files.get(key)
        if known is None and len(self._files) >= MOST_FILES:
            return
        name = file.name or (known.name if known is not None else "") or safe_name(_last_part(file.url))
        if known is not None:
            # The link that was signed last is valid longest.
            file = AppFile(
                file.id or known.id,
                name,
                file.media_type or known.media_type,
                file.url,
                file.size or known.size,
            )
        else:
            file = AppFile(file.id, name, file.media_type, file.url, file.size)
        self._files[key] = file
        self.files = tuple(self._files.values())


def safe_name(name: str) -> str:
    """A name that means the same everywhere: without path, control and quotation characters, not too long."""
    name = clean(name)[-4096:].replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in name if character.isprintable() and character not in '"<>|:*?')
    kept = kept.strip(" .")
    if len(kept) <= LONGEST_FILE_NAME_CHARACTERS:
        return kept
    stem, dot, extension = kept.rpartition(".")
    if not dot or len(extension) > 20:
        return kept[:LONGEST_FILE_NAME_CHARACTERS]
    return stem[: LONGEST_FILE_NAME_CHARACTERS - len(extension) - 1] + dot + extension


def _key(url: str) -> str:
    """What stays the same when a link is signed anew."""
    path = url.partition("?")[0].partition("#")[0]
    return path[path.index("/files/") :] if "/files/" in path else url


def _last_part(url: str) -> str:
    """The name at the end of an address, if it looks like the name of a file."""
    try:
        last = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        return ""
    return last if "." in last else ""
