"""Files out of Slack and into it: their bytes, with the bot's token, from Slack's own hosts only."""

import asyncio
import io
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

import aiohttp
from yarl import URL

from adapters.slack.attached import ASK_PREFIX, file_name, read_file
from adapters.slack.faults import refused, translated
from adapters.slack.web import SlackWeb
from bridge.errors import FileUnreadable, NotAllowed, PlatformDown, PlatformError, RateLimited
from bridge.types import Attachment, File, Message, Thread

log = logging.getLogger(__name__)

# Slack waits for three before it delivers the message again.
ASKING_SECONDS = 2.0
# For a whole file; a connection on which nothing moves is given up much sooner.
TRANSFER_SECONDS = 120.0
SILENCE_SECONDS = 15.0
CHUNK_BYTES = 64 * 1024
MAX_REDIRECTS = 3
# "You can upload files up to 1 GB": slack.com/help/articles/201330736.
FILE_LIMIT_BYTES = 1_000_000_000
# Uploads whose end is in doubt, or is still to come, are remembered, the latest of them.
MAX_DOUBTFUL = 1_000
HTML = "text/html"
HTML_BEGINNINGS = (b"<!doctype html", b"<html")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({400, 403, 404, 410})

_TIMEOUT = aiohttp.ClientTimeout(
    total=TRANSFER_SECONDS, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS
)


class Files:
    """The files of one workspace."""

    def __init__(self) -> None:
        self._doubtful: OrderedDict[str, str] = OrderedDict()

    async def known(self, web: SlackWeb, message: Message) -> Message:
        """The message with what Slack Connect did not say of its files, or as it is where that cannot be had
        soon: then `fetch` asks again."""
        if not any(one.source.startswith(ASK_PREFIX) for one in message.attachments):
            return message
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                found = [await _asked_for(web, one) for one in message.attachments]
        except (PlatformError, TimeoutError) as error:
            log.info("Slack: a file is not known yet: %s", error)
            return message
        return replace(message, attachments=tuple(found))

    async def fetch(self, web: SlackWeb, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bridge.ports.FetchesFiles`."""
        attachment = await _asked_for(web, attachment)
        if attachment.size > most_bytes:
            raise FileUnreadable(_too_large(most_bytes))
        with translated("file"):
            return await _download(web, attachment, most_bytes)

    async def send(self, web: SlackWeb, thread: Thread, file: File, key: str) -> None:
        """See `bridge.ports.SendsFiles`. A file that was put there without our hearing of it is not put there
        again, as long as this process remembers it."""
        if not file.data:
            raise NotAllowed("a file with nothing in it")
        name, in_doubt = file_name(file.name), self._doubtful.get(key)
        file_id = in_doubt or await self._upload(web, name, file)
        try:
            await web.end_upload(thread, file_id, name)
        except (PlatformDown, RateLimited):
            self._doubtful[key] = file_id
            if len(self._doubtful) > MAX_DOUBTFUL:
                self._doubtful.popitem(last=False)
            raise
        except FileUnreadable as error:
            # Its ticket is used up, so that it is there already.
            if in_doubt is None:
                raise NotAllowed(str(error)) from error
        self._doubtful.pop(key, None)

    async def _upload(self, web: SlackWeb, name: str, file: File) -> str:
        upload = await web.begin_upload(name, len(file.data))
        with translated("file upload"):
            async with web.session.post(
                upload.url, data=io.BytesIO(file.data), allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                if response.status != 200:
                    raise refused("file upload", response)
        return upload.file_id


async def _asked_for(web: SlackWeb, attachment: Attachment) -> Attachment:
    """The attachment with its address, where only the id was given."""
    if not attachment.source.startswith(ASK_PREFIX):
        return attachment
    info = await web.file_info(attachment.source.removeprefix(ASK_PREFIX))
    # One that is still not to be seen would be asked for again.
    return read_file({**info, "file_access": ""})


async def _download(web: SlackWeb, attachment: Attachment, most_bytes: int) -> bytes:
    """The bytes, over a few redirections at most that lead nowhere else. The token goes to Slack only."""
    address = attachment.source
    for _ in range(MAX_REDIRECTS + 1):
        if not web.has_files(address):
            raise FileUnreadable("a file that Slack does not keep itself, or does not give us")
        url = URL(address)
        headers = {"Authorization": f"Bearer {web.client.token}", "Accept-Encoding": "identity"}
        async with web.session.get(url, headers=headers, allow_redirects=False, timeout=_TIMEOUT) as response:
            if response.status not in REDIRECTS:
                return await _read(response, attachment, most_bytes)
            address = _joined(url, response.headers)
    raise FileUnreadable("a file behind too many redirections")


def _joined(url: URL, headers: Mapping[str, str]) -> str:
    try:
        return str(url.join(URL(headers.get("Location", ""))))
    except ValueError:
        return ""


async def _read(response: aiohttp.ClientResponse, attachment: Attachment, most_bytes: int) -> bytes:
    if response.status in GONE:
        raise FileUnreadable(f"file: status {response.status}")
    if response.status != 200:
        raise refused("file", response)
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        data += chunk
        if len(data) > most_bytes:
            raise FileUnreadable(_too_large(most_bytes))
    # Of what was really attached, Slack has said how large it is.
    if _is_page(response.content_type, bytes(data[:200])) and len(data) != attachment.size:
        log.warning(
            "Slack: a page came instead of a file. The app may lack the bot token scope files:read: add it "
            "under 'OAuth & Permissions' and install the app again"
        )
        raise FileUnreadable("a page instead of a file")
    return bytes(data)


def _is_page(content_type: str, beginning: bytes) -> bool:
    return content_type == HTML or beginning.lstrip().lower().startswith(HTML_BEGINNINGS)


def _too_large(most_bytes: int) -> str:
    return f"a file of more than {most_bytes} bytes"
