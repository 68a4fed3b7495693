"""What sets people apart in a Discord on loopback: their roles, and that they take no direct messages."""

from sandbox.discord import payloads
from sandbox.discord.gateway import Gateway
from sandbox.discord.world import World


class Members:
    """A part of the stand-in, whose parts these are."""

    _world: World
    _gateway: Gateway

    def add_role(self, guild: str, name: str) -> str:
        """A role that people can be given; its id."""
        place, role = self._world.guilds[guild], self._world.new_id()
        place.roles[role] = name
        told = {"guild_id": guild, "role": payloads.role(role, name)}
        self._gateway.dispatch("GUILD_ROLE_CREATE", told)
        return role

    def give_role(self, guild: str, role: str, person: str) -> None:
        """A member gets a role. Who may not hear of members learns of it with what they say next."""
        self._world.guilds[guild].given.setdefault(person, []).append(role)

    def refuse_directs(self, person: str) -> None:
        """Whoever writes to this person is refused from now on."""
        self._world.users[person].takes_directs = False
