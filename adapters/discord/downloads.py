"""What people attached, fetched from where Discord keeps it."""

from http import HTTPStatus

import aiohttp
from yarl import URL

from adapters.discord.files import address_of
from adapters.discord.refusals import reachable
from bridge.errors import FileUnreadable, PlatformDown
from bridge.types import Attachment

DOWNLOAD_TIMEOUT_SECONDS = 60.0
CHUNK_BYTES = 64 * 1024
PAGE = "text/html"

_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


async def download(
    session: aiohttp.ClientSession, api: URL, attachment: Attachment, most_bytes: int
) -> bytes:
    """See `bridge.ports.FetchesFiles`. Goes nowhere else, and takes no token along: an address is signed."""
    url = address_of(attachment.source, api)
    if url is None:
        raise FileUnreadable("not a file that Discord keeps")
    if attachment.size is not None and attachment.size > most_bytes:
        raise FileUnreadable(f"larger than {most_bytes} bytes")
    timeout = aiohttp.ClientTimeout(total=DOWNLOAD_TIMEOUT_SECONDS)
    with reachable("GET file"):
        async with session.get(url, allow_redirects=False, timeout=timeout) as response:
            _check(response, attachment)
            return await _read(response, most_bytes)


def _check(response: aiohttp.ClientResponse, attachment: Attachment) -> None:
    status = response.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
        raise PlatformDown(f"GET file: {status}")
    if status != HTTPStatus.OK:
        raise FileUnreadable(f"HTTP {status} instead of the file")
    if response.content_type == PAGE and attachment.media_type != PAGE:
        raise FileUnreadable("a page instead of the file")


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        data += chunk
        if len(data) > most_bytes:
            raise FileUnreadable(f"larger than {most_bytes} bytes")
    return bytes(data)
