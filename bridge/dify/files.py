"""Files on their way into Dify and out of it.

What is fetched is named by a model or a tool, so it may be any address at all. Only signed files of this Dify
are fetched: below `/files/`, at its own address, whatever host the link names.
"""

import io
import re
from email.message import Message
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp

from bridge.dify.app_files import LONGEST_URL_CHARACTERS, safe_name
from bridge.dify.calls import LONG_CALL_PATIENCE, Calls
from bridge.dify.requests import Upload
from bridge.dify.shapes import text_of
from bridge.dify.transport import Body
from bridge.errors import DifyFileGone, DifyFileRefused, DifyNotDify, DifyRejected
from bridge.types import File

_FILES = "/files/"
_ANY_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
# How installations name their own API to themselves; nobody else can reach it by that.
_INTERNAL_HOSTS = frozenset({"api", "nginx", "localhost", "127.0.0.1", "::1", "host.docker.internal"})
_ID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# The links that Dify signs, whatever it believes its host to be.
_SIGNED_PATH = re.compile(rf"/files/(?:tools/{_ID}\.\w{{1,20}}|{_ID}/(?:file|image)-preview)", re.ASCII)
_SIGNATURE = ("timestamp=", "nonce=", "sign=")


async def upload(calls: Calls, file: File, kind: str, user: str) -> Upload:
    """Give Dify a file, to be sent with a question of the same user as this `kind`. `DifyFileRefused` when it
    is not taken."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("user", user)
    media_type = file.media_type if _TYPE.fullmatch(file.media_type) else _ANY_TYPE
    form.add_field(
        "file", io.BytesIO(file.data), filename=safe_name(file.name) or "file", content_type=media_type
    )
    try:
        told = await calls.put("POST", "files/upload", form, LONG_CALL_PATIENCE)
    except DifyRejected as refused:
        raise DifyFileRefused(str(refused)) from refused
    upload_id = text_of(told.fields, "id")
    if not upload_id:
        raise DifyNotDify("an upload was answered without an id")
    return Upload(upload_id, kind)


async def fetch(calls: Calls, url: str, most_bytes: int) -> File:
    """The file behind a link that the app gave. `DifyFileGone` when it cannot be had: not Dify's, not signed
    or no longer, or too large."""
    address = address_of(url, calls.base_url)
    if not address:
        raise DifyFileGone("the link is none of this Dify's")
    async with calls.open(address, LONG_CALL_PATIENCE) as response:
        if response.status != 200:
            raise DifyFileGone(f"HTTP {response.status} for a file")
        disposition = response.headers.get("Content-Disposition", "")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type == "text/html" and not disposition.startswith("attachment"):
            # Dify sends pages to be kept, not to be looked at. This is somebody else's.
            raise DifyFileGone("a page came instead of a file")
        data = await _within(response, most_bytes)
    name = safe_name(_name_in(disposition)) or safe_name(_name_at(address))
    return File(name or "file", media_type if _TYPE.fullmatch(media_type) else _ANY_TYPE, data)


def address_of(url: str, base_url: str) -> str:
    """Where a link that the app gave is fetched from; empty for one that is none of this Dify's."""
    if len(url) > LONGEST_URL_CHARACTERS or not url.isascii() or not url.isprintable() or "\\" in url:
        return ""
    root = base_url.removesuffix("/v1")
    try:
        link, ours = urlsplit(url), urlsplit(root)
        same = _origin(link) == _origin(ours)
    except ValueError:
        return ""
    if not {".", ".."}.isdisjoint(re.split(r"[/\\]", unquote(unquote(link.path)))):
        return ""
    if same and link.path.startswith((_FILES, f"{ours.path}{_FILES}")):
        return _at(f"{ours.scheme}://{ours.netloc}", link)
    if link.path.startswith(_FILES) and (_is_relative(url, link) or _is_misnamed(link)):
        return _at(root, link)
    return ""


def _origin(address: SplitResult) -> tuple[str, str, int | None]:
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, address.hostname or "", port


def _at(root: str, link: SplitResult) -> str:
    return f"{root}{link.path}?{link.query}" if link.query else f"{root}{link.path}"


def _is_relative(url: str, link: SplitResult) -> bool:
    return not link.scheme and not link.netloc and url.startswith(_FILES)


def _is_misnamed(link: SplitResult) -> bool:
    """Whether it is a link of this Dify with a host that is good for nobody but itself."""
    if link.scheme not in ("http", "https"):
        return False
    if link.hostname in _INTERNAL_HOSTS:
        return True
    signed = all(part in link.query for part in _SIGNATURE)
    return signed and _SIGNED_PATH.fullmatch(link.path) is not None


async def _within(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, as far as it is not too large; then nothing more is read of it."""
    if (response.content_length or 0) > most_bytes:
        raise DifyFileGone(f"the file is larger than {most_bytes} bytes")
    source, data = Body(response), bytearray()
    while chunk := await source.gulp():
        data += chunk
        if len(data) > most_bytes:
            raise DifyFileGone(f"the file is larger than {most_bytes} bytes")
    return bytes(data)


def _name_in(disposition: str) -> str:
    """The name in a Content-Disposition header (RFC 6266), if there is one that can be read."""
    header = Message()
    header["Content-Disposition"] = disposition[:LONGEST_URL_CHARACTERS]
    try:
        return unquote(header.get_filename() or "")
    except (TypeError, ValueError, LookupError):
        # The library stumbles over some parameters in parts (RFC 2231) that do not fit together.
        return ""


def _name_at(address: str) -> str:
    last = unquote(urlsplit(address).path).rpartition("/")[2]
    return last if "." in last else ""
