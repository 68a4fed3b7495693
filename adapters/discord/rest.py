"""The few calls of Discord's REST API that replies are made of, or found again by.

They go past discord.py on purpose: its HTTP client sleeps by itself when a bucket is empty, merges the
separate counters of creating and editing into one, and repeats after a 429. Here a 429 is told to the budget,
and what the headers say about the limits is kept for it.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import aiohttp

from adapters.discord.buttons import Component
from adapters.discord.identifies import Told, told_of
from adapters.discord.places import Place
from adapters.discord.refusals import ThreadExists, reachable, refusal, seconds
from adapters.discord.scopes import (
    create_scope,
    delete_scope,
    direct_scope,
    edit_scope,
    member_scope,
    name_scope,
    reaction_scope,
    read_scope,
    thread_scope,
    typing_scope,
)
from bridge.errors import PlatformDown
from bridge.types import File, Lane

CALL_TIMEOUT_SECONDS = 15.0
# A file may take its time.
UPLOAD_TIMEOUT_SECONDS = 60.0
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
# Seen for names: two in ten minutes for each thread, of which no header tells.
NAMES_PER_WINDOW = 2
NAME_WINDOW_SECONDS = 600.0
# Kept of what headers taught, for this many scopes; the oldest are forgotten and learned anew.
LEARNED_SCOPES = 10_000

SUPPRESS_EMBEDS: Final = 1 << 2


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

    @property
    def session(self) -> aiohttp.ClientSession:
        return self._session

    async def create_message(self, place: Place, content: str, rows: Sequence[Component], nonce: str) -> str:
        """Returns the id. With the nonce of an earlier call, Discord gives the message it already made."""
        payload = {**_new_message(place, nonce), "content": content, "components": rows}
        path, scope = f"/channels/{place.channel}/messages", create_scope(place.channel)
        answer = await self._call("POST", path, scope, payload)
        return str(answer.get("id", ""))

    async def create_file(self, place: Place, file: File, nonce: str) -> str:
        """A message that is nothing but this file, which is `plain_file`; see `create_message`."""
        payload = {
            **_new_message(place, nonce),
            "attachments": [{"id": 0, "filename": file.name}],
        }
        form = file_form(payload, file)
        url, scope = f"{self._api_url}/channels/{place.channel}/messages", create_scope(place.channel)
        timeout = aiohttp.ClientTimeout(total=UPLOAD_TIMEOUT_SECONDS)
        with reachable(f"POST {scope}"):
            async with self._session.post(url, data=form, headers=self._headers, timeout=timeout) as response:
                self._learn(scope, response.headers)
                answer = await _answer(f"POST {scope}", response)
        return str(answer.get("id", "")) if isinstance(answer, Mapping) else ""

    async def edit_message(self, channel: str, message: str, content: str, rows: Sequence[Component]) -> None:
        payload = {
            "content": content,
            "components": rows,
            "flags": SUPPRESS_EMBEDS,
            "allowed_mentions": {"parse": []},
        }
        await self._call("PATCH", f"/channels/{channel}/messages/{message}", edit_scope(channel), payload)

    async def delete_message(self, channel: str, message: str) -> None:
        await self._call("DELETE", f"/channels/{channel}/messages/{message}", delete_scope(channel), None)

    async def start_thread(self, channel: str, message: str, name: str, archive_minutes: int) -> bool:
        """Make the thread that grows from a message, unless it is there already. Whether it was made."""
        try:
            await self._call(
                "POST",
                f"/channels/{channel}/messages/{message}/threads",
                thread_scope(channel),
                {"name": name, "auto_archive_duration": archive_minutes},
            )
        except ThreadExists:
            return False
        return True

    async def revive_thread(self, thread: str) -> None:
        """Take a thread out of the archive."""
        await self._call("PATCH", f"/channels/{thread}", name_scope(thread), {"archived": False})

    async def name_thread(self, thread: str, name: str) -> None:
        await self._call("PATCH", f"/channels/{thread}", name_scope(thread), {"name": name})

    async def trigger_typing(self, channel: str) -> None:
        await self._call("POST", f"/channels/{channel}/typing", typing_scope(channel), None)

    async def read_messages(self, channel: str, after: int) -> tuple[Standing, ...]:
        """The first messages of the channel after this id, the oldest first."""
        path = f"/channels/{channel}/messages?after={after}&limit={LONGEST_PAGE}"
        page = await self._request("GET", path, read_scope(channel), None)
        found = [_standing(one) for one in page if isinstance(one, Mapping)] if isinstance(page, list) else []
        return tuple(sorted(found, key=lambda one: int(one.id)))

    async def open_direct(self, person: str) -> str:
        """The channel of direct messages with somebody; the same one each time."""
        answer = await self._call("POST", "/users/@me/channels", direct_scope(), {"recipient_id": person})
        return str(answer.get("id", ""))

    async def member_roles(self, server: str, person: str) -> tuple[str, ...]:
        """The ids of the roles that somebody has there."""
        path = f"/guilds/{server}/members/{person}"
        roles = (await self._call("GET", path, member_scope(server), None)).get("roles")
        return tuple(one for one in roles if isinstance(one, str)) if isinstance(roles, list) else ()

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

    async def application_id(self) -> str:
        answer = await self._call("GET", "/applications/@me", "discord:application", None)
        return str(answer.get("id", ""))

    async def commands(self, application: str) -> list[Mapping[str, object]]:
        """The commands that are registered for everywhere, in all languages."""
        path = f"/applications/{application}/commands?with_localizations=true"
        found = await self._request("GET", path, "discord:commands", None)
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    async def put_commands(self, application: str, commands: Sequence[Component]) -> None:
        """From now on there are these, and no others."""
        await self._request("PUT", f"/applications/{application}/commands", "discord:commands", commands)

    async def gateway(self) -> Told:
        """Where to connect to, and how."""
        return told_of(await self._call("GET", "/gateway/bot", "discord:gateway", None))

    def lane(
        self,
        scope: str,
        otherwise: int = MESSAGES_PER_WINDOW,
        window_seconds: float = WINDOW_SECONDS,
        *,
        private: bool = False,
    ) -> Lane:
        """A scope with what Discord last told of it, or with the limit `otherwise` before it has."""
        told = self._told.get(scope, _Told(otherwise))
        return Lane(scope, told.limit, window_seconds, told.shut_until, private)

    async def _call(
        self, method: str, path: str, scope: str, payload: Mapping[str, object] | None
    ) -> Mapping[str, object]:
        """A call that is answered with an object, or with nothing."""
        answer = await self._request(method, path, scope, payload)
        return answer if isinstance(answer, Mapping) else {}

    async def _request(
        self,
        method: str,
        path: str,
        scope: str,
        payload: Mapping[str, object] | Sequence[Mapping[str, object]] | None,
    ) -> object:
        url = self._api_url + path
        with reachable(f"{method} {scope}"):
            async with self._session.request(method, url, json=payload, headers=self._headers) as response:
                self._learn(scope, response.headers)
                return await _answer(f"{method} {scope}", response)

    async def by_token(
        self, method: str, path: str, scope: str, payload: Mapping[str, object] | aiohttp.FormData | None
    ) -> Mapping[str, object]:
        """A call that the token in its path is permit enough for; it spends from no budget of the bot's."""
        url, headers = self._api_url + path, {"User-Agent": USER_AGENT}
        form = payload if isinstance(payload, aiohttp.FormData) else None
        body = None if form is payload else payload
        timeout = aiohttp.ClientTimeout(
            total=CALL_TIMEOUT_SECONDS if form is None else UPLOAD_TIMEOUT_SECONDS
        )
        with reachable(f"{method} {scope}"):
            async with self._session.request(
                method, url, json=body, data=form, headers=headers, timeout=timeout
            ) as response:
                self._learn(scope, response.headers)
                answer = await _answer(f"{method} {scope}", response)
        return answer if isinstance(answer, Mapping) else {}

    def _learn(self, scope: str, headers: Mapping[str, str]) -> None:
        """Heed the limit, and that nothing is left of it: others may spend from it too."""
        limit = headers.get("X-RateLimit-Limit", "")
        if not limit.isdecimal():
            return
        shut_until = 0.0
        if headers.get("X-RateLimit-Remaining") == "0":
            shut_until = asyncio.get_running_loop().time() + seconds(
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


def file_form(payload: Mapping[str, object], file: File) -> aiohttp.FormData:
    """A request with one file beside its JSON."""
    # Names go as they are, as Discord reads them; without, what is not ASCII would be in escapes.
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    form.add_field("files[0]", BytesIO(file.data), filename=file.name, content_type=file.media_type)
    return form


def _new_message(place: Place, nonce: str) -> Mapping[str, object]:
    payload: Mapping[str, object] = {
        "nonce": nonce,
        "enforce_nonce": True,
        "flags": SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
    }
    if not place.replies_to:
        return payload
    return {
        **payload,
        "message_reference": {"message_id": place.replies_to, "fail_if_not_exists": False},
    }


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


async def _answer(call: str, response: aiohttp.ClientResponse) -> object:
    answer = await _json(response)
    if response.status >= 400:
        raise refusal(call, response, answer if isinstance(answer, Mapping) else {})
    return answer


async def _json(response: aiohttp.ClientResponse) -> object:
    """None where the answer is not JSON."""
    if response.content_type != "application/json":
        return None
    try:
        return await response.json()
    except ValueError as error:
        raise PlatformDown(f"HTTP {response.status} with JSON that cannot be read") from error
