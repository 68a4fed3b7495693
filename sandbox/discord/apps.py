"""What people do with the application as such: take it along, and use its commands."""

from collections.abc import Sequence

from sandbox.discord.commands import Commands
from sandbox.discord.interactions import Interactions
from sandbox.discord.settings import Settings
from sandbox.discord.types import Json
from sandbox.discord.world import World


class Apps:
    """People and places are named by their ids. What Discord would not offer raises ValueError."""

    def __init__(
        self, world: World, settings: Settings, commands: Commands, interactions: Interactions
    ) -> None:
        self._world = world
        self._settings = settings
        self._commands = commands
        self._interactions = interactions

    def install_for(self, person: str) -> None:
        """This person takes the application along, to wherever they write."""
        self._commands.install(self._world.users[person])

    def add_group(self, *people: str) -> str:
        """A channel in which these are among themselves: two of them have a direct message."""
        return self._world.add_group([self._world.users[person] for person in people]).id

    def forbid_external(self, channel: str) -> None:
        """What people have brought along answers there only so that nobody else sees it."""
        self._world.channels[channel].external_apps = False

    async def use(self, channel: str, person: str, command: str, **values: str) -> str:
        """Type a command with these options; the interaction's id."""
        who, where = self._world.users[person], self._world.channels[channel]
        return self._interactions.use(command, values, who, where)

    async def use_on(self, message: str, person: str, command: str) -> str:
        """Pick a command from the menu of a message; the interaction's id."""
        return self._interactions.use_on(command, message, self._world.users[person])

    def registered(self, guild: str = "") -> Sequence[Json]:
        """The commands that the application has registered, for this guild or for everywhere."""
        return self._commands.listed(self._settings.application_id, guild, localised=True)
