"""What the gateway has told of channels: what they are, and what the bot may do in them.

The library keeps that up to date: of each server its channels, its roles and the bot's own part, and the
threads that are not archived. It is as large as the servers are, and no larger. A replica that does not
listen knows nothing; what is not known is tried.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import discord

from bridge.types import Thread

GuildRoom: TypeAlias = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel | discord.Thread
)


class Kind(Enum):
    """What can be done in a channel: begin threads below messages, only talk, only write posts; or it is a
    thread or a post itself."""

    CHANNEL = "channel"
    TALK = "talk"
    FORUM = "forum"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Room:
    """A channel or a thread. In slow mode, who may not bypass it writes once in `slow_seconds`, else that is
    0. `own` says that the bot has made it."""

    kind: Kind
    permissions: discord.Permissions
    slow_seconds: int = 0
    locked: bool = False
    own: bool = False


class Rooms:
    def __init__(self) -> None:
        self._clients: list[discord.Client] = []

    @contextmanager
    def told_by(self, client: discord.Client) -> Iterator[None]:
        """Within the block, what this client knows is known here."""
        self._clients.append(client)
        try:
            yield
        finally:
            self._clients.remove(client)

    def room(self, server: str, channel: str) -> Room | None:
        """None where nothing is known of it."""
        client, guild = self._guild(server) or (None, None)
        if client is None or guild is None or client.user is None:
            return None
        found, me = guild.get_channel_or_thread(int(channel)), guild.get_member(client.user.id)
        return _room(found, me) if isinstance(found, GuildRoom) and me is not None else None

    def is_no_thread(self, thread: Thread) -> bool:
        """Whether its server is known, and no thread of this name in it that is not archived."""
        _, guild = self._guild(thread.workspace) or (None, None)
        return guild is not None and guild.get_thread(int(thread.id)) is None

    def has_thread(self, thread: Thread) -> bool:
        """Whether it is known to be there."""
        _, guild = self._guild(thread.workspace) or (None, None)
        return guild is not None and guild.get_thread(int(thread.id)) is not None

    def _guild(self, server: str) -> tuple[discord.Client, discord.Guild] | None:
        if not server.isdecimal():
            return None
        for client in self._clients:
            guild = client.get_guild(int(server))
            if guild is not None and not guild.unavailable:
                return client, guild
        return None


def _room(found: GuildRoom, me: discord.Member) -> Room | None:
    if isinstance(found, discord.Thread) and found.parent is None:
        return None
    permissions = found.permissions_for(me)
    delay = found.slowmode_delay
    slow = delay if isinstance(delay, int) and not permissions.bypass_slowmode else 0
    match found:
        case discord.Thread():
            own = found.owner_id == me.id
            return Room(Kind.THREAD, permissions, slow, locked=found.locked, own=own)
        case discord.ForumChannel():
            return Room(Kind.FORUM, permissions, slow)
        case discord.TextChannel():
            return Room(Kind.CHANNEL, permissions, slow)
        case _:
            return Room(Kind.TALK, permissions, slow)
