"""The bytes of files, for whoever brings the bot's token; for others a sign-in page with status 200."""

from aiohttp import web

from sandbox.slack.state import Workspace

SIGN_IN = (
    "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Slack</body></html>"
)


class Files:
    def __init__(self, workspace: Workspace, token: str) -> None:
        self._workspace = workspace
        self._token = token

    async def handle(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.Response(text=SIGN_IN, content_type="text/html")
        stored = self._workspace.files.get(request.match_info["file"].rpartition("-")[2])
        if stored is None:
            return web.Response(status=404, text="file not found")
        return web.Response(body=stored.file.content, content_type=stored.file.mimetype)
