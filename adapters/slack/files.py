"""Files out of Slack and into it: their bytes, with the bot's token, from Slack's own hosts only."""

import io
import logging
from collections import OrderedDict
from collections.abc import Mapping

import aiohttp
from yarl import URL

from adapters.slack.attached import ASK_PREFIX, file_name, read_file, source_of
from adapters.slack.faults import NoFileScope, NoScope, refused, translated
from adapters.slack.web import SlackWeb
from bridge.errors import FileTooLarge, FileUnreadable, NotAllowed, PlatformDown, RateLimited
from bridge.types import Attachment, File, Lane, Thread

log = logging.getLogger(__name__)

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

    async def describe(self, web: SlackWeb, attachment: Attachment) -> Attachment:
        """See `bridge.ports.DescribesFiles`: Slack Connect says no more of a file than its id."""
        try:
            info = await web.file_info(source_of(attachment)[1].removeprefix(ASK_PREFIX))
        except NoScope as error:
            raise NoFileScope(str(error)) from error
        # One that is still not to be seen would be asked for again.
        return read_file({**info, "file_access": ""}, web.team_id)

    def describe_lanes(self, web: SlackWeb, attachment: Attachment) -> tuple[Lane, ...]:
        return (web.lane("files.info"),) if source_of(attachment)[1].startswith(ASK_PREFIX) else ()

    async def fetch(self, web: SlackWeb, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bridge.ports.FetchesFiles`."""
        if attachment.size is not None and attachment.size > most_bytes:
            raise FileTooLarge(_too_large(most_bytes))
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


async def _download(web: SlackWeb, attachment: Attachment, most_bytes: int) -> bytes:
    """The bytes, over a few redirections at most that lead nowhere else. The token goes to Slack only."""
    _, address = source_of(attachment)
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
            raise FileTooLarge(_too_large(most_bytes))
    # Of what was really attached, Slack has said how large it is.
    if _is_page(response.content_type, bytes(data[:200])) and len(data) != attachment.size:
        log.warning(
            "Slack: a page came instead of a file. The app may lack the bot token scope files:read: add it "
            "under 'OAuth & Permissions' and install the app again"
        )
        raise NoFileScope("a page instead of a file")
    return bytes(data)


def _is_page(content_type: str, beginning: bytes) -> bool:
    return content_type == HTML or beginning.lstrip().lower().startswith(HTML_BEGINNINGS)


def _too_large(most_bytes: int) -> str:
    return f"a file of more than {most_bytes} bytes"
