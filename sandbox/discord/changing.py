"""What people do to messages that stand there already."""

from collections.abc import Sequence

from sandbox.discord.state import Revision
from sandbox.discord.world import World


class Changing:
    """The part of a stand-in that has these levers."""

    _world: World

    async def edit(self, message: str, content: str) -> None:
        """Whoever wrote it changes its text."""
        self._world.edit(self._world.find_message(message), Revision(content=content))

    async def remove(self, message: str) -> None:
        """It is deleted: by whoever wrote it, or by a moderator."""
        self._world.delete(self._world.find_message(message))

    async def purge(self, messages: Sequence[str]) -> None:
        """A moderator, or another bot, deletes messages of one channel together."""
        self._world.delete_together([self._world.find_message(one) for one in messages])

    async def unfurl(self, message: str) -> None:
        """A link in it gets its preview, a moment after it was said: nobody has edited it."""
        self._world.preview(self._world.find_message(message), {"type": "link", "title": "A page"})

    def owner(self, channel: str) -> str:
        """Who owns the guild that a channel is in, and may do everything there."""
        guild = self._world.channels[channel].guild
        if guild is None:
            raise ValueError(f"{channel} is in no guild")
        return guild.owner.id

    def let_moderate(self, user: str) -> None:
        """From now on, this person may delete other people's messages in every guild."""
        self._world.users[user].moderator = True
