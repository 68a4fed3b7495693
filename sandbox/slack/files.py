"""The bytes of files, for whoever brings the bot's token; for others a sign-in page with status 200. And
where bytes go that are uploaded."""

import uuid
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.slack.errors import ApiError
from sandbox.slack.state import StoredFile, Workspace
from sandbox.slack.tokens import Tokens
from sandbox.slack.types import SlackFile

SIGN_IN = (
    "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Slack</body></html>"
)


@dataclass(slots=True)
class Upload:
    """A file that has an id and a size, but not its bytes yet."""

    file_id: str
    name: str
    size: int
    data: bytes | None = None


@dataclass(slots=True)
class Uploads:
    """What is on its way into the workspace, by the ticket in its address."""

    _by_ticket: dict[str, Upload] = field(default_factory=dict)

    def begin(self, file_id: str, name: str, size: int) -> str:
        """The ticket."""
        ticket = uuid.uuid4().hex
        self._by_ticket[ticket] = Upload(file_id, name, size)
        return ticket

    def get(self, ticket: str) -> Upload | None:
        return self._by_ticket.get(ticket)

    def end(self, file_id: str) -> Upload:
        """The upload with its bytes, which can be ended once."""
        for ticket, upload in self._by_ticket.items():
            if upload.file_id == file_id and upload.data is not None:
                return self._by_ticket.pop(ticket)
        raise ApiError("file_not_found")


class Files:
    """Without `readable`, the app lacks the right to read files, and is as unknown as anybody. Whose bytes
    somebody wanted, with the token or without, is `asked_for`, by name."""

    def __init__(self, workspace: Workspace, uploads: Uploads, tokens: Tokens) -> None:
        self.readable = True
        self.asked_for: list[str] = []
        self._workspace = workspace
        self._uploads = uploads
        self._tokens = tokens

    async def handle(self, request: web.Request) -> web.Response:
        self.asked_for.append(request.match_info["name"])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.readable or not self._tokens.is_of(token, self._workspace.identity.team_id):
            return web.Response(text=SIGN_IN, content_type="text/html")
        stored = self._workspace.files.get(request.match_info["file"].rpartition("-")[2])
        if stored is None:
            return web.Response(status=404, text="file not found")
        if stored.file.moved_to:
            return web.Response(status=302, headers={"Location": stored.file.moved_to})
        return web.Response(body=stored.file.content, content_type=_type(stored))

    def takes(self, ticket: str) -> bool:
        """Whether this is on its way into the workspace."""
        return self._uploads.get(ticket) is not None

    async def upload(self, request: web.Request) -> web.Response:
        """No token is needed here: the address is the secret."""
        upload = self._uploads.get(request.match_info["ticket"])
        data = await request.read()
        if upload is None:
            return web.Response(status=404, text="upload not found")
        if len(data) != upload.size:
            return web.Response(status=400, text=f"{upload.size} bytes were announced")
        upload.data = data
        return web.Response(text=f"OK - {len(data)}")


def made(upload: Upload) -> SlackFile:
    """The file that came out of an upload. Slack looks for its type itself; here nobody does."""
    return SlackFile(upload.name, "application/octet-stream", upload.data or b"")


def _type(stored: StoredFile) -> str:
    return stored.file.mimetype or "application/octet-stream"
