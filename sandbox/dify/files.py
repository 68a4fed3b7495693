"""Files: uploads, what apps make, and the signed addresses at which both are fetched."""

import re
import secrets
import time
import uuid
from dataclasses import dataclass, replace
from urllib.parse import quote

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from sandbox.dify.app import DEFAULT_USER, App
from sandbox.dify.extras import CREATED_AT
from sandbox.dify.inputs import Uploads
from sandbox.dify.records import Upload
from sandbox.dify.setup import MEGABYTE
from sandbox.dify.types import Attached, KeptFile, MadeFile

NAME_LIMIT = 200
# A signed address within a text, and the path that was signed.
SIGNED = re.compile(r"(/files/(?:tools/[^?\s)]+|[0-9a-f-]+/file-preview))\?[^)\s]*")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form with files. `media_type` is empty where none was sent."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What was sent as a form: its files under the name `file`, and who sent them."""

    parts: tuple[Part, ...]
    user: str


class Files:
    """Keeps files. `origin` comes before the path of signed addresses, which are good for `seconds`."""

    def __init__(self, app: App, origin: str, seconds: float) -> None:
        self._app = app
        self._origin = origin
        self._made: dict[str, MadeFile] = {}
        self._signed: dict[str, tuple[str, float]] = {}
        self._seen: set[str] = set()
        self.seconds = seconds

    def routes(self) -> list[web.RouteDef]:
        routes = [
            web.post("/v1/files/upload", self._upload),
            web.get("/files/tools/{name}", self._fetch),
            web.get("/files/{file}/file-preview", self._fetch),
        ]
        if self._app.quirks.previews_files:
            routes.append(web.get("/v1/files/{file}/preview", self._preview))
        return routes

    def sign(self, file: KeptFile) -> str:
        """The address of a file from now on, for as long as addresses are good."""
        return self._origin + self._sign(file.path)

    def sign_anew(self, text: str) -> str:
        """A text whose addresses are good again."""
        return SIGNED.sub(lambda found: self._sign(found[1]), text)

    def expire(self) -> None:
        """Let all addresses that were signed so far be too old."""
        self._signed.clear()

    def make(self, made: MadeFile) -> KeptFile:
        """Keep a file that the app makes."""
        file_id = str(uuid.uuid4())
        self._made[file_id] = made
        return KeptFile(
            str(uuid.uuid4()), file_id, made.name, made.media_type, len(made.content), made.kind, own=True
        )

    def take(self, attached: Attached, upload: Upload) -> KeptFile:
        """Let an upload belong to a message."""
        self._seen.add(upload.id)
        return KeptFile(
            str(uuid.uuid4()),
            upload.id,
            upload.name,
            upload.media_type,
            len(upload.content),
            attached.kind,
            own=False,
        )

    def usable(self, user: str) -> Uploads:
        """The uploads that this user may send; in older versions those of everybody."""
        bound = self._app.quirks.uploads_bound_to_user
        uploads = self._app.uploads
        return Uploads({key: one for key, one in uploads.items() if not bound or one.user == user})

    def _sign(self, path: str) -> str:
        nonce = secrets.token_hex(16)
        self._signed[nonce] = (path, time.monotonic())
        return f"{path}?timestamp={int(time.time())}&nonce={nonce}&sign={secrets.token_urlsafe(32)}%3D"

    async def _fetch(self, request: web.Request) -> web.Response:
        path, signed_at = self._signed.get(request.query.get("nonce", ""), ("", 0.0))
        old = time.monotonic() - signed_at > self.seconds
        if path != request.path or old or not request.query.get("sign"):
            return self._app.replies.error(403, "forbidden", "Invalid request.")
        file_id = request.match_info.get("file") or request.match_info["name"].rpartition(".")[0]
        made, upload = self._made.get(file_id), self._app.uploads.get(file_id)
        if made is not None:
            return self._bytes(made.content, made.media_type)
        if upload is not None:
            return self._bytes(upload.content, upload.media_type)
        return self._app.replies.error(404, "not_found", "file not found")

    async def _preview(self, request: web.Request) -> web.Response:
        upload = self._app.uploads.get(request.match_info["file"])
        if upload is None or upload.id not in self._seen:
            return self._app.replies.error(404, "file_not_found", "The requested file was not found.")
        response = self._bytes(upload.content, upload.media_type)
        response.headers["Cache-Control"] = "public, max-age=3600"
        if request.query.get("as_attachment") == "true":
            response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(upload.name)}"
        return response

    def _bytes(self, content: bytes, media_type: str) -> web.Response:
        return web.Response(body=content, headers={**self._app.replies.headers, "Content-Type": media_type})

    async def _upload(self, request: web.Request) -> web.Response:
        form = await upload_form(request)
        refusal = self._refusal(form)
        if refusal is not None:
            return refusal
        (part,) = form.parts
        upload = Upload(str(uuid.uuid4()), part.name[-NAME_LIMIT:], part.media_type, part.content, form.user)
        self._app.uploads[upload.id] = upload
        return self._app.replies.json(self._fields(upload), 201)

    def _refusal(self, form: UploadForm) -> web.Response | None:
        replies = self._app.replies
        if not form.parts:
            if self._app.quirks.inputs_remembered:
                unreadable = "The browser (or proxy) sent a request that this server could not understand."
                return replies.error(400, "bad_request_key_error", unreadable)
            return replies.error(400, "no_file_uploaded", "Please upload your file.")
        if len(form.parts) > 1:
            return replies.error(400, "too_many_files", "Only one file is allowed.")
        (part,) = form.parts
        if not part.name:
            return replies.error(400, "filename_not_exists_error", "The specified filename does not exist.")
        if not part.media_type:
            return replies.error(415, "unsupported_file_type", "File type not allowed.")
        if "/" in part.name or "\\" in part.name:
            return replies.invalid("Filename contains invalid characters")
        megabytes = self._app.setup.limits.of(part.name.rpartition(".")[2].lower())
        if len(part.content) > megabytes * MEGABYTE:
            old = "File size exceeded. {message}"
            return replies.error(413, "file_too_large", old if self._app.quirks.inputs_remembered else "")
        return None

    def _fields(self, upload: Upload) -> dict[str, object]:
        fields: dict[str, object] = {
            "id": upload.id,
            "name": upload.name,
            "size": len(upload.content),
            "extension": upload.extension,
            "mime_type": upload.media_type,
            "created_by": str(uuid.uuid5(uuid.NAMESPACE_OID, upload.user)),
            "created_at": CREATED_AT,
        }
        if not self._app.quirks.tells_upload_links:
            return fields
        kept = self.take(Attached("custom", "local_file"), upload)
        self._seen.discard(upload.id)
        return {
            **fields,
            "preview_url": None,
            "source_url": self.sign(replace(kept, id=upload.id)),
            "original_url": None,
            "user_id": None,
            "tenant_id": self._app.id,
            "conversation_id": None,
            "file_key": None,
        }


async def upload_form(request: web.Request) -> UploadForm:
    """Read a form with files, whole."""
    parts: list[Part] = []
    user = ""
    if request.content_type != "multipart/form-data":
        return UploadForm((), DEFAULT_USER)
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "file":
            parts.append(Part(part.filename or "", part.headers.get("Content-Type", ""), content))
        elif part.name == "user":
            user = content.decode("utf-8", "replace")
    return UploadForm(tuple(parts), user or DEFAULT_USER)
