"""Interactions as the gateway tells of them. Pure: what goes in is only looked at."""

from sandbox.discord import message_payloads, payloads
from sandbox.discord.flags import ComponentType, InteractionType, Permission
from sandbox.discord.state import Channel, Message, User
from sandbox.discord.types import Json

FILE_SIZE_LIMIT = 10 * 1024 * 1024
IN_GUILD, IN_DIRECT_MESSAGE = 0, 1


def pressed(custom_id: str) -> Json:
    return {"custom_id": custom_id, "component_type": int(ComponentType.BUTTON), "id": 2}


def submitted(custom_id: str, components: list[Json]) -> Json:
    return {"custom_id": custom_id, "components": components}


def interaction(
    id_: str,
    token: str,
    kind: InteractionType,
    data: Json,
    person: User,
    place: Channel,
    message: Message | None,
    reader: message_payloads.Reader,
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
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": IN_DIRECT_MESSAGE if place.guild is None else IN_GUILD,
        "attachment_size_limit": FILE_SIZE_LIMIT,
    }
    if message is not None:
        told["message"] = message_payloads.message(message, reader)
    if place.guild is None:
        return told | {"user": payloads.user(person)}
    member = payloads.partial_member(place.guild, person, reader.bot)
    guild = {"id": place.guild.id, "locale": "en-US", "features": []}
    return told | {
        "guild_id": place.guild.id,
        "guild": guild,
        "guild_locale": "en-US",
        "member": member | {"user": payloads.user(person), "permissions": str(int(Permission.usual()))},
    }
