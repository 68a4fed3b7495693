"""The things of a workspace as they go over the wire: files, channels, people, bots. Pure."""

from sandbox.slack.state import Channel, Identity, StoredFile, User
from sandbox.slack.types import Json, JsonObject


def file(who: Identity, stored: StoredFile, user: str) -> JsonObject:
    """A file as events show it."""
    if stored.file.connect:
        told: dict[str, Json] = {"id": stored.id, "created": stored.created, "timestamp": stored.created}
        return told | {"mode": "file_access", "file_access": "check_file_info"}
    return file_info(who, stored, user)


def file_info(who: Identity, stored: StoredFile, user: str) -> JsonObject:
    recorded: dict[str, Json] = {"subtype": stored.file.subtype} if stored.file.subtype else {}
    suffix = stored.file.name.rpartition(".")[2].lower() if "." in stored.file.name else "binary"
    return recorded | {
        "id": stored.id,
        "created": stored.created,
        "timestamp": stored.created,
        "name": stored.file.name,
        "title": stored.file.name,
        "mimetype": stored.file.mimetype,
        "filetype": suffix,
        "pretty_type": suffix.upper(),
        "user": user,
        "user_team": who.team_id,
        "editable": False,
        "size": len(stored.file.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": stored.url,
        "url_private_download": stored.download_url,
        "media_display_type": "unknown",
        "permalink": stored.url,
        "has_rich_preview": False,
        "file_access": "visible",
    }


def channel_info(who: Identity, channel: Channel, created: int) -> JsonObject:
    info: dict[str, Json] = {
        "id": channel.id,
        "created": created,
        "is_archived": False,
        "is_im": bool(channel.im_user),
        "is_channel": channel.type == "channel",
        "is_group": channel.type == "group",
        "is_mpim": channel.type == "mpim",
        "is_private": channel.type != "channel",
        "is_org_shared": False,
        "context_team_id": who.team_id,
    }
    if channel.im_user:
        return info | {"user": channel.im_user, "is_user_deleted": False, "is_open": True}
    names: dict[str, Json] = {"name": channel.name, "name_normalized": channel.name}
    return info | names | {"is_member": channel.bot_is_member, "is_ext_shared": False, "is_general": False}


def user_info(who: Identity, user: User, *, with_locale: bool) -> JsonObject:
    profile = {
        "real_name": user.name,
        "real_name_normalized": user.name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": who.team_id,
        "email": email_of(user),
    }
    return {
        "id": user.id,
        "team_id": who.team_id,
        "name": user.name.lower().replace(" ", "."),
        "deleted": False,
        "real_name": user.name,
        "tz": "Etc/UTC",
        "tz_offset": 0,
        "profile": profile | ({"bot_id": who.bot_id} if user.is_bot else {}),
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "updated": 0,
        **({"locale": user.locale} if with_locale else {}),
    }


def email_of(user: User) -> str:
    """The address under which somebody signed up."""
    return f"{user.name.lower().replace(' ', '.')}@example.com"


def bot_info(who: Identity) -> JsonObject:
    return {
        "id": who.bot_id,
        "deleted": False,
        "name": who.bot_name,
        "updated": 0,
        "app_id": who.app_id,
        "user_id": who.bot_user_id,
        "icons": {},
    }
