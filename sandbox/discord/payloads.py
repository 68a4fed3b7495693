"""People and places as Discord puts them on the wire. Pure: what goes in is only looked at."""

from datetime import UTC, datetime

from sandbox.discord.flags import ChannelType, Permission
from sandbox.discord.state import Channel, Guild, Member, User
from sandbox.discord.types import DiscordThread, Json

GATEWAY_MESSAGE_CONTENT_LIMITED = 1 << 19


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


# People


def user(who: User) -> Json:
    data: Json = {
        "id": who.id,
        "username": who.name,
        "discriminator": "0",
        "global_name": None if who.bot else who.name,
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
    }
    return data | {"bot": True} if who.bot else data


def own_user(bot: User) -> Json:
    return user(bot) | {
        "verified": True,
        "mfa_enabled": False,
        "email": None,
        "flags": 0,
        "locale": "en-US",
        "banner": None,
        "accent_color": None,
        "bio": "",
    }


def partial_member(guild: Guild, who: User, bot: User) -> Json:
    return {
        "roles": [guild.bot_role] if who is bot else list(guild.given.get(who.id, ())),
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": timestamp(guild.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def member(about: Member, bot: User) -> Json:
    return partial_member(about.guild, about.user, bot) | {"user": user(about.user)}


def member_add(about: Member, bot: User) -> Json:
    return member(about, bot) | {"guild_id": about.guild.id}


def application(application_id: str, bot: User, *, content_allowed: bool) -> Json:
    return {
        "id": application_id,
        "name": bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": user(bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": application_flags(content_allowed=content_allowed),
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(User("1", "sandbox-owner")),
        "approximate_guild_count": 1,
        "team": None,
    }


def application_flags(*, content_allowed: bool) -> int:
    return GATEWAY_MESSAGE_CONTENT_LIMITED if content_allowed else 0


# Places


def guild(place: Guild, bot: User) -> Json:
    return {
        "id": place.id,
        "name": place.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "home_header": None,
        "owner_id": place.owner.id,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_tier": place.boost_tier,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": place.locale,
        "vanity_url_code": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [
            _role(place.id, "@everyone", 0, Permission.usual(), managed=False),
            _role(place.bot_role, bot.name, 1, Permission(0), managed=True) | {"tags": {"bot_id": bot.id}},
            *(role(id_, name) for id_, name in place.roles.items()),
        ],
    }


def guild_create(place: Guild, bot: User, people: list[User], everybody: int) -> Json:
    """As the gateway sends it. `people` are the members it lists; `everybody` is how many there are."""
    return guild(place, bot) | {
        "joined_at": timestamp(place.joined_at),
        "large": False,
        "member_count": everybody,
        "members": [member(Member(place, who), bot) for who in people],
        "channels": [
            channel(item)
            for item in place.channels.values()
            if item.parent is None and item.rights & Permission.VIEW_CHANNEL
        ],
        "threads": [
            thread(item, bot)
            for item in place.threads
            if not item.archived and item.rights & Permission.VIEW_CHANNEL
        ],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def role(id_: str, name: str) -> Json:
    """One that people can be given."""
    return _role(id_, name, 1, Permission(0), managed=False)


def _role(id_: str, name: str, position: int, permissions: Permission, *, managed: bool) -> Json:
    return {
        "id": id_,
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(int(permissions)),
        "managed": managed,
        "mentionable": False,
        "flags": 0,
    }


def any_channel(place: Channel, bot: User) -> Json:
    if place.guild is None:
        return dm(place)
    if place.kind.is_thread:
        return thread(place, bot)
    return channel(place)


def channel(place: Channel) -> Json:
    usual = Permission.usual()
    extra, lacking = place.permissions & ~usual, usual & ~place.permissions
    guild_id = place.guild.id if place.guild is not None else None
    overwrites = [{"id": guild_id, "type": 0, "allow": str(int(extra)), "deny": str(int(lacking))}]
    return _more(place) | {
        "id": place.id,
        "type": place.kind,
        "guild_id": guild_id,
        "name": place.name,
        "position": 0,
        "parent_id": None,
        "topic": place.topic,
        "nsfw": False,
        "flags": 0,
        "rate_limit_per_user": place.slowmode,
        "default_auto_archive_duration": 1440,
        "last_message_id": place.last_message_id,
        "last_pin_timestamp": None,
        "permission_overwrites": overwrites if extra or lacking else [],
    }


def _more(place: Channel) -> Json:
    """What only channels of its kind have."""
    match place.kind:
        case ChannelType.VOICE | ChannelType.STAGE:
            return {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        case ChannelType.FORUM | ChannelType.MEDIA:
            return {
                "available_tags": [],
                "default_reaction_emoji": None,
                "default_sort_order": None,
                "default_forum_layout": 0,
                "default_thread_rate_limit_per_user": 0,
                "template": "",
            }
        case _:
            return {}


def dm(place: Channel) -> Json:
    return {
        "id": place.id,
        "type": place.kind,
        "flags": 0,
        "last_message_id": place.last_message_id,
        "last_pin_timestamp": None,
        "recipients": [user(who) for who in (*place.people, place.recipient) if who is not None],
    }


def thread(place: Channel, bot: User) -> Json:
    began = timestamp(place.created_at)
    there = sum(not item.is_thread_starter for item in place.messages.values())
    data: Json = {
        "id": place.id,
        "type": place.kind,
        "guild_id": place.guild.id if place.guild is not None else None,
        "parent_id": place.parent.id if place.parent is not None else None,
        "owner_id": place.owner.id if place.owner is not None else None,
        "name": place.name,
        "flags": 0,
        "last_message_id": place.last_message_id,
        "last_pin_timestamp": None,
        "rate_limit_per_user": place.slowmode,
        "message_count": there,
        "total_message_sent": place.sent,
        "member_count": 1,
        "thread_metadata": {
            "archived": place.archived,
            "archive_timestamp": timestamp(place.archived_at) if place.archived_at else began,
            "auto_archive_duration": place.auto_archive_minutes,
            "locked": place.locked,
            "create_timestamp": began,
        },
    }
    if place.owner is bot or place.bot_added:
        data["member"] = {"id": place.id, "user_id": bot.id, "join_timestamp": began, "flags": 1}
    return data


def seen_thread(place: Channel) -> DiscordThread:
    parent_id = place.parent.id if place.parent is not None else ""
    return DiscordThread(place.id, place.name, parent_id, place.archived, place.locked)
