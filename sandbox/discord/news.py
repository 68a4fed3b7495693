"""What a session is told of an event: it depends on its intents, its shard, and what the bot may see."""

from sandbox.discord import message_payloads, payloads
from sandbox.discord.flags import Intent, Permission
from sandbox.discord.sessions import Session
from sandbox.discord.state import Channel, Event, Guild, Member, Message, Purge, Reaction
from sandbox.discord.types import Json
from sandbox.discord.world import World


class News:
    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, session: Session, event: Event) -> tuple[str, Json] | None:
        """The event as this session hears of it; None where it does not."""
        match event.about:
            case Message() as message:
                return self._of_message(session, event.name, message)
            case Purge() as purge:
                if not _hears(session, purge.channel, Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES):
                    return None
                return event.name, message_payloads.deleted_messages(purge)
            case Reaction() as reaction:
                wanted = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
                if not _hears(session, reaction.message.channel, *wanted):
                    return None
                added = event.name == "MESSAGE_REACTION_ADD"
                return event.name, message_payloads.reaction(reaction, self._world.bot, added=added)
            case Channel() as channel:
                if not _hears(session, channel, Intent.GUILDS, Intent.GUILDS):
                    return None
                data = payloads.any_channel(channel, self._world.bot)
                new = {"newly_created": True} if event.name == "THREAD_CREATE" else {}
                return event.name, data | new
            case Member() as member:
                if not session.intents & Intent.GUILD_MEMBERS or not _covers(session, member.guild):
                    return None
                return event.name, payloads.member_add(member, self._world.bot)
            case Guild() as guild:
                if not _covers(session, guild):
                    return None
                return event.name, self.guild_create(session, guild)  # not a word of availability: it is new

    def _of_message(self, session: Session, event: str, message: Message) -> tuple[str, Json] | None:
        if not _hears(session, message.channel, Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES):
            return None
        if event == "MESSAGE_DELETE":
            return event, message_payloads.deleted_message(message)
        reads = bool(session.intents & Intent.MESSAGE_CONTENT)
        reader = message_payloads.Reader(self._world.bot, self._world.users, reads)
        name = "MESSAGE_CREATE" if event == "MESSAGE_REDELIVERED" else event
        return name, message_payloads.dispatched_message(message, reader)

    def guild_create(self, session: Session, guild: Guild) -> Json:
        """Its members are all listed only to who asked for presences; to anybody else, just the bot."""
        people = [who for who in self._world.users.values() if not who.bot or who is self._world.bot]
        listed = people if session.intents & Intent.GUILD_PRESENCES else [self._world.bot]
        return payloads.guild_create(guild, self._world.bot, listed, len(people))


def _covers(session: Session, guild: Guild) -> bool:
    return guild.has_bot and session.covers(guild)


def _hears(session: Session, channel: Channel, in_guild: Intent, in_private: Intent) -> bool:
    if not channel.has_bot or not session.covers(channel.guild):
        return False
    if channel.guild is None:
        return bool(session.intents & in_private)
    return bool(session.intents & in_guild and channel.rights & Permission.VIEW_CHANNEL)
