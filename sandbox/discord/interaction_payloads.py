"""Interactions as the gateway tells of them. Pure: what goes in is only looked at."""

from collections.abc import Mapping, Sequence

from sandbox.discord import message_payloads, payloads
from sandbox.discord.commands import context_of
from sandbox.discord.flags import ComponentType, Install, InteractionType, Permission
from sandbox.discord.state import Channel, Message, User
from sandbox.discord.types import Json

FILE_SIZE_LIMIT = 10 * 1024 * 1024


def pressed(custom_id: str) -> Json:
    return {"custom_id": custom_id, "component_type": int(ComponentType.BUTTON), "id": 2}


def submitted(custom_id: str, components: list[Json]) -> Json:
    return {"custom_id": custom_id, "components": components}


def used(command: Json, options: Sequence[Json]) -> Json:
    told: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return told | {"options": list(options)} if options else told


def used_on(command: Json, message: Message, reader: message_payloads.Reader) -> Json:
    resolved = {"messages": {message.id: message_payloads.message(message, reader)}}
    return used(command, ()) | {"target_id": message.id, "resolved": resolved}


def metadata(id_: str, kind: InteractionType, person: User, owners: Mapping[Install, str]) -> Json:
    """What a message says of the interaction that it answers."""
    return {
        "id": id_,
        "type": int(kind),
        "user": payloads.user(person),
        "authorizing_integration_owners": _owners(owners),
    }


def interaction(
    id_: str,
    token: str,
    kind: InteractionType,
    data: Json,
    person: User,
    place: Channel,
    message: Message | None,
    reader: message_payloads.Reader,
    owners: Mapping[Install, str],
) -> Json:
    """The bot's user id is the application's id."""
    told: Json = {
        "id": id_,
        "application_id": reader.bot.id,
        "type": int(kind),
        "data": data,
        "channel_id": place.id,
        "channel": payloads.any_channel(place, reader.bot),
        "token": token,
        "version": 1,
        "app_permissions": str(int(place.rights)),
        "locale": person.locale,
        "entitlements": [],
        "authorizing_integration_owners": _owners(owners),
        "context": int(context_of(place)),
        "attachment_size_limit": FILE_SIZE_LIMIT,
    }
    if message is not None:
        told["message"] = message_payloads.message(message, reader)
    if place.guild is None:
        return told | {"user": payloads.user(person)}
    member = payloads.partial_member(place.guild, person, reader.bot)
    guild = {"id": place.guild.id, "locale": place.guild.locale, "features": []}
    return told | {
        "guild_id": place.guild.id,
        "guild": guild,
        "guild_locale": place.guild.locale,
        "member": member | {"user": payloads.user(person), "permissions": str(int(_may(place, person)))},
    }


def _may(place: Channel, person: User) -> Permission:
    """What somebody may do there."""
    may = Permission.usual() | (Permission.MANAGE_MESSAGES if person.moderator else Permission(0))
    return may | (Permission.USE_EXTERNAL_APPS if place.external_apps else Permission(0))


def _owners(owners: Mapping[Install, str]) -> Json:
    return {str(int(kind)): owner for kind, owner in owners.items()}
