"""Calls of the stand-in for Dify over a real socket, and what to read out of its answers."""

import itertools
import json
from collections.abc import Mapping

import httpx

from sandbox.dify import Answer, Dify

HELLO = Answer("Hello there, this is an answer.")
CHAT, COMPLETION, WORKFLOW = "chat-messages", "completion-messages", "workflows/run"


def saying(answer: Answer, mode: str = "chat", version: str = "1.14.2", **more: object) -> Dify:
    """A stand-in that always says the same."""
    return Dify(mode=mode, version=version, script=lambda request, turns: answer, **more)  # type: ignore[arg-type] # every keyword of Dify


def question(**changes: object) -> dict[str, object]:
    return {"inputs": {}, "query": "Hi", "user": "u1", "response_mode": "streaming", **changes}


async def call(
    dify: Dify, method: str, path: str, body: Mapping[str, object] | None = None, **query: str
) -> httpx.Response:
    """One call with the app's key; of a path that begins with a slash, at the host's root without."""
    headers = {} if path.startswith("/") else {"Authorization": f"Bearer {dify.key}"}
    url = f"{dify.origin}{path}" if path.startswith("/") else f"{dify.url}/{path}"
    async with httpx.AsyncClient(headers=headers) as client:
        return await client.request(method, url, json=body, params=query or None)


async def ask(dify: Dify, path: str = CHAT, **changes: object) -> httpx.Response:
    return await call(dify, "POST", path, question(**changes))


async def upload(
    dify: Dify, name: str = "t.png", content: bytes = b"png", kind: str = "image/png", **fields: str
) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
        return await client.post(
            f"{dify.url}/files/upload", files={"file": (name, content, kind)}, data=fields or {"user": "u1"}
        )


def local(upload_id: str, kind: str = "image") -> dict[str, str]:
    """An upload as a question names it."""
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": upload_id}


def events(response: httpx.Response) -> list[dict[str, object]]:
    return [json.loads(line[6:]) for line in response.content.split(b"\n") if line.startswith(b"data: ")]


def only(response: httpx.Response, name: str) -> list[dict[str, object]]:
    return [event for event in events(response) if event["event"] == name]


def data_of(event: Mapping[str, object]) -> dict[str, object]:
    """The `data` of an event of a flow."""
    data = event["data"]
    assert isinstance(data, dict)
    return data


def story(response: httpx.Response) -> list[str]:
    """The names of the events, each run of equals told once; pings and nodes aside."""
    names = [str(event["event"]) for event in events(response)]
    return [name for name, _ in itertools.groupby(name for name in names if not name.startswith("node_"))]


def text(response: httpx.Response) -> str:
    """What the answer says, event by event."""
    return "".join(str(event.get("answer", "")) for event in events(response) if "answer" in event)


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, str(response.json()["code"])
