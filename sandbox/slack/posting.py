"""Events, what is pressed and commands, sent to the app over HTTP, signed: Slack without Socket Mode."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp

from sandbox.changes import Changes
from sandbox.slack.delivery import Delivery, Envelope
from sandbox.slack.types import JsonObject

CONNECT_SECONDS = 1.0


class Posting:
    """Sends to `url`, from when there is one. `statuses` are what was answered, oldest first."""

    signing_secret = "sandbox-signing-secret"

    def __init__(self, delivery: Delivery, changes: Changes) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self._delivery = delivery
        self._changes = changes
        self._pump: asyncio.Task[None] | None = None

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The headers by which an app knows that Slack sends this."""
        timestamp = str(int(time.time() if at is None else at))
        said = b"v0:" + timestamp.encode() + b":" + body
        signature = hmac.new(self.signing_secret.encode(), said, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signature}"}

    async def begin(self, url: str) -> None:
        """Ask whether the app is at this address, as Slack does when it is entered, and send everything there
        from then on. `ConnectionError` where it is not."""
        challenge = uuid.uuid4().hex
        body = json.dumps({"type": "url_verification", "challenge": challenge, "token": "x"}).encode()
        async with aiohttp.ClientSession() as session:
            headers = {**self.signed(body), "Content-Type": "application/json"}
            async with session.post(url, data=body, headers=headers) as response:
                if response.status != 200 or (await response.text()).strip() != challenge:
                    raise ConnectionError("this address did not answer with the value of the challenge")
        self.url = url
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
            self._pump = None

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as posts:
            while True:
                while (envelope := self._delivery.take()) is not None:
                    posts.create_task(self._post(session, envelope))
                await self._changes.wait()

    async def _post(self, session: aiohttp.ClientSession, envelope: Envelope) -> None:
        body, media_type = _body(envelope)
        retried = (
            {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": envelope.reason}
            if envelope.attempt
            else {}
        )
        headers = {**self.signed(body), **retried, "Content-Type": media_type}
        timeout = aiohttp.ClientTimeout(total=self._delivery.ack_timeout, connect=CONNECT_SECONDS)
        self._delivery.sent(envelope)
        try:
            async with session.post(self.url, data=body, headers=headers, timeout=timeout) as response:
                answer = await response.text()
                status = response.status
        except TimeoutError:
            return  # the delivery knows by itself that nobody has answered
        except (aiohttp.ClientError, OSError):
            status, answer = 0, ""
        self.statuses.append(status)
        if status == 200:
            self._delivery.acknowledge(envelope.id, _object(answer))
        else:
            self._delivery.refuse(envelope.id)


def _body(envelope: Envelope) -> tuple[bytes, str]:
    if envelope.heard is None:
        return json.dumps(envelope.payload).encode(), "application/json"
    fields: Mapping[str, str] = (
        {name: str(value) for name, value in envelope.payload.items()}
        if envelope.kind == "slash_commands"
        else {"payload": json.dumps(envelope.payload)}
    )
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _object(text: str) -> JsonObject:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
