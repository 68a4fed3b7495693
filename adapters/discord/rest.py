"""The few calls of Discord's REST API that replies are made of, or found again by.

They go past discord.py on purpose: its HTTP client sleeps by itself when a bucket is empty, merges the
separate counters of creating and editing into one, and repeats after a 429. Here a 429 is told to the budget,
and what the headers say about the limits is kept for it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from bridge.errors import (
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    PlatformError,
    RateLimited,
)
from bridge.types import Lane

CALL_TIMEOUT_SECONDS = 15.0
USER_AGENT = "DiscordBot (dify-bridge, 0.1)"

# Seen in every measurement of creating and of editing messages: five in five seconds for each channel, each
# counted for itself. The headers of each answer correct it.
MESSAGES_PER_WINDOW = 5
WINDOW_SECONDS = 5.0
# discord.com/developers, "Rate Limits": all calls of a bot together.
GLOBAL_LANE = Lane("discord:global", 45, 1.0)
# Nobody has told how many threads may be made, or how often one may type; the headers do.
OTHERS_PER_WINDOW = 50
# Seen for reactions: one in a quarter of a second for each channel.
REACTIONS_PER_WINDOW = 1
REACTION_WINDOW_SECONDS = 0.25
# discord.com/developers, "Get Channel Messages".
LONGEST_PAGE = 100
# Kept of what headers taught, for this many scopes; the oldest are forgotten and learned anew.
LEARNED_SCOPES = 10_000

SUPPRESS_EMBEDS: Final = 1 << 2
# discord.com/developers, "JSON Error Codes".
GONE_CODES = frozenset({10003, 10008})
THREAD_EXISTS_CODE = 160004


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as it stands in a channel. `type` is Discord's number of its kind."""

    id: str
    author: str
    type: int
    replies_to: str


class DiscordRest:
    """Calls with one bot token on one open session. Raises `PlatformError` kinds only."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, token: str) -> None:
        self._session = session
        self._api_url = api_url
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": USER_AGENT}
        self._told: dict[str, _Told] = {}
        self._own_id = ""

    async def create_message(self, channel: str, content: str, nonce: str, replies_to: str) -> str:
        """Returns the id. With the nonce of an earlier call, Discord gives the message it already made."""
        payload: dict[str, object] = {
            "content": content,
            "nonce": nonce,
            "enforce_nonce": True,
            "flags": SUPPRESS_EMBEDS,
            "allowed_mentions": {"parse": []},
        }
        if replies_to:
            payload["message_reference"] = {"message_id": replies_to, "fail_if_not_exists": False}
        answer = await self._call("POST", f"/channels/{channel}/messages", create_scope(channel), payload)
        return str(answer.get("id", ""))

    async def edit_message(self, channel: str, message: str, content: str) -> None:
        payload = {"content": content, "flags": SUPPRESS_EMBEDS, "allowed_mentions": {"parse": []}}
        await self._call("PATCH", f"/channels/{channel}/messages/{message}", edit_scope(channel), payload)

    async def delete_message(self, channel: str, message: str) -> None:
        await self._call("DELETE", f"/channels/{channel}/messages/{message}", delete_scope(channel), None)

    async def start_thread(self, channel: str, message: str, name: str) -> None:
        """Make the thread that grows from a message, unless it is there already."""
        try:
            await self._call(
                "POST",
                f"/channels/{channel}/messages/{message}/threads",
                thread_scope(channel),
                {"name": name, "auto_archive_duration": 1440},
            )
        except ThreadExists:
            return

    async def trigger_typing(self, channel: str) -> None:
        await self._call("POST", f"/channels/{channel}/typing", typing_scope(channel), None)

    async def read_messages(self, channel: str, after: int) -> tuple[Standing, ...]:
        """The first messages of the channel after this id, the oldest first."""
        path = f"/channels/{channel}/messages?after={after}&limit={LONGEST_PAGE}"
        page = await self._request("GET", path, read_scope(channel), None)
        found = [_standing(one) for one in page if isinstance(one, Mapping)] if isinstance(page, list) else []
        return tuple(sorted(found, key=lambda one: int(one.id)))

    async def react(self, channel: str, message: str, emoji: str) -> None:
        await self._call("PUT", _reaction(channel, message, emoji), reaction_scope(channel), None)

    async def unreact(self, channel: str, message: str, emoji: str) -> None:
        await self._call("DELETE", _reaction(channel, message, emoji), reaction_scope(channel), None)

    async def own_id(self) -> str:
        """The bot's user id, asked for once."""
        if not self._own_id:
            answer = await self._call("GET", "/users/@me", "discord:me", None)
            self._own_id = str(answer.get("id", ""))
        return self._own_id

    async def gateway_url(self) -> str:
        """Where to connect to."""
        answer = await self._call("GET", "/gateway/bot", "discord:gateway", None)
        return str(answer.get("url", ""))

    def lane(
        self,
        scope: str,
        otherwise: int = MESSAGES_PER_WINDOW,
        seconds: float = WINDOW_SECONDS,
        *,
        private: bool = False,
    ) -> Lane:
        """A scope with what Discord last told of it, or with the limit `otherwise` before it has."""
        told = self._told.get(scope, _Told(otherwise))
        return Lane(scope, told.limit, seconds, told.shut_until, private)

    async def _call(
        self, method: str, path: str, scope: str, payload: Mapping[str, object] | None
    ) -> Mapping[str, object]:
        """A call that is answered with an object, or with nothing."""
        answer = await self._request(method, path, scope, payload)
        return answer if isinstance(answer, Mapping) else {}

    async def _request(
        self, method: str, path: str, scope: str, payload: Mapping[str, object] | None
    ) -> object:
        try:
            async with self._session.request(
                method, self._api_url + path, json=payload, headers=self._headers
            ) as response:
                self._learn(scope, response.headers)
                answer = await _json(response)
                if response.status >= 400:
                    body = answer if isinstance(answer, Mapping) else {}
                    raise _refusal(f"{method} {scope}", response, body)
                return answer
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PlatformDown(f"{method} {scope}: {type(error).__name__}") from error

    def _learn(self, scope: str, headers: Mapping[str, str]) -> None:
        """Heed the limit, and that nothing is left of it: others may spend from it too."""
        limit = headers.get("X-RateLimit-Limit", "")
        if not limit.isdecimal():
            return
        shut_until = 0.0
        if headers.get("X-RateLimit-Remaining") == "0":
            shut_until = asyncio.get_running_loop().time() + _seconds(
                headers.get("X-RateLimit-Reset-After"), 0.0
            )
        self._told.pop(scope, None)
        self._told[scope] = _Told(max(1, int(limit)), shut_until)
        if len(self._told) > LEARNED_SCOPES:
            del self._told[next(iter(self._told))]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the headers of the last answer said of a scope."""

    limit: int
    shut_until: float = 0.0


class ThreadExists(NotAllowed):
    """A message has its thread already."""


def create_scope(channel: str) -> str:
    return f"discord:create:{channel}"


def edit_scope(channel: str) -> str:
    return f"discord:edit:{channel}"


def delete_scope(channel: str) -> str:
    return f"discord:delete:{channel}"


def thread_scope(channel: str) -> str:
    return f"discord:threads:{channel}"


def typing_scope(channel: str) -> str:
    return f"discord:typing:{channel}"


def read_scope(channel: str) -> str:
    return f"discord:read:{channel}"


def reaction_scope(channel: str) -> str:
    return f"discord:reactions:{channel}"


def _reaction(channel: str, message: str, emoji: str) -> str:
    return f"/channels/{channel}/messages/{message}/reactions/{emoji}/@me"


def _standing(message: Mapping[str, object]) -> Standing:
    author, reference = message.get("author"), message.get("message_reference")
    kind = message.get("type")
    return Standing(
        id=str(message.get("id", "0")),
        author=str(author.get("id", "")) if isinstance(author, Mapping) else "",
        type=kind if isinstance(kind, int) else -1,
        replies_to=str(reference.get("message_id", "")) if isinstance(reference, Mapping) else "",
    )


async def _json(response: aiohttp.ClientResponse) -> object:
    """None where the answer is not JSON."""
    if response.content_type != "application/json":
        return None
    try:
        return await response.json()
    except ValueError as error:
        raise PlatformDown(f"HTTP {response.status} with JSON that cannot be read") from error


def _refusal(call: str, response: aiohttp.ClientResponse, answer: Mapping[str, object]) -> PlatformError:
    code = answer.get("code", 0)
    detail = f"{call}: {response.status}, code {code}"
    if response.status == 429:
        everywhere = answer.get("global") is True
        return RateLimited(_retry_after(response, answer), detail, everywhere=everywhere)
    if response.status == 401:
        return LoginRefused(detail)
    if response.status >= 500 or response.status == 408:
        return PlatformDown(detail)
    if code == THREAD_EXISTS_CODE:
        return ThreadExists(detail)
    if code in GONE_CODES:
        return MessageGone(detail)
    return NotAllowed(detail)


def _retry_after(response: aiohttp.ClientResponse, answer: Mapping[str, object]) -> float:
    return _seconds(answer.get("retry_after", response.headers.get("Retry-After")), 1.0)


def _seconds(told: object, otherwise: float) -> float:
    try:
        return max(0.0, float(str(told)))
    except ValueError:
        return otherwise
