"""The rooms of a server that are no plain channels, and what moderators do with all of them."""

import time
from collections.abc import Sequence

from sandbox.discord.flags import ChannelType, Permission
from sandbox.discord.state import Channel, Draft
from sandbox.discord.types import DiscordFile
from sandbox.discord.world import World


class Rooms:
    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, guild: str, name: str, kind: ChannelType, *, permissions: Permission | None = None) -> str:
        """A channel of this kind; its id. `permissions` is what the bot may do there."""
        granted = Permission.usual() if permissions is None else permissions
        return self._world.add_channel(self._world.guilds[guild], name, granted, kind).id

    def post(
        self,
        forum: str,
        person: str,
        title: str,
        content: str,
        *,
        attachments: Sequence[DiscordFile] = (),
        age: float = 0.0,
    ) -> str:
        """Write a post in a forum; its id, which is also that of its first message. It was written `age`
        seconds ago."""
        parent, owner = self._world.channels[forum], self._world.users[person]
        if not parent.kind.is_forum:
            raise ValueError("there are posts only in forums")
        id_ = self._world.id_of(age)
        post = Channel(
            id_, title, ChannelType.PUBLIC_THREAD, time.time() - age, parent.guild, parent=parent, owner=owner
        )
        self._world.add_thread(post)
        self._world.post(post, owner, Draft(content, files=attachments, id=id_, age=age))
        return id_

    def start_private_thread(self, channel: str, person: str, name: str, *, with_bot: bool) -> str:
        """A thread that only those see who were added to it; its id."""
        parent, owner = self._world.channels[channel], self._world.users[person]
        id_ = self._world.new_id()
        kind = ChannelType.PRIVATE_THREAD
        thread = Channel(id_, name, kind, time.time(), parent.guild, parent=parent, owner=owner)
        thread.bot_added = with_bot
        return self._world.add_thread(thread).id

    def slow_down(self, channel: str, seconds: int) -> None:
        """Slow mode, in a channel or a thread; 0 switches it off."""
        self._world.change_channel(self._world.channels[channel], slowmode=seconds)

    def lock(self, thread: str) -> None:
        self._world.change_channel(self._world.channels[thread], locked=True)

    def permit(self, channel: str, permissions: Permission) -> None:
        """From now on the bot may do this there, and nothing else."""
        self._world.set_permissions(self._world.channels[channel], permissions)
