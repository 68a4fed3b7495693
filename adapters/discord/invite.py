"""What the bot is invited with: the permissions that it uses, and no others. Pure."""

import binascii
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final
from urllib.parse import urlencode

from discord import Permissions

AUTHORIZE: Final = "https://discord.com/oauth2/authorize"
TO_SERVER, TO_PERSON = 0, 1
SNOWFLAKE_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Use:
    """What a feature needs: calls, with `{}` where an id stands, and permissions in the place that they are
    made for. Without any permission, Discord lets every bot make the call."""

    feature: str
    calls: tuple[str, ...]
    permissions: Permissions = field(default_factory=Permissions.none)


USES: Final = (
    Use("hear what is said", (), Permissions(view_channel=True)),
    Use(
        "answer in a channel, and change what was answered",
        (
            "POST /channels/{}/messages",
            "PATCH /channels/{}/messages/{}",
            "DELETE /channels/{}/messages/{}",
            "POST /channels/{}/typing",
        ),
        Permissions(send_messages=True),
    ),
    Use(
        "answer in a thread, and name it",
        ("POST /channels/{}/messages", "PATCH /channels/{}"),
        Permissions(send_messages_in_threads=True),
    ),
    Use(
        "make a thread of a question",
        ("POST /channels/{}/messages/{}/threads",),
        Permissions(create_public_threads=True),
    ),
    Use(
        "reply to a question, and read what was missed or is in doubt",
        ("POST /channels/{}/messages", "GET /channels/{}/messages", "GET /channels/{}"),
        Permissions(read_message_history=True),
    ),
    Use(
        "show on a message that it waits",
        ("PUT /channels/{}/messages/{}/reactions/{}/@me", "DELETE /channels/{}/messages/{}/reactions/{}/@me"),
        Permissions(add_reactions=True, read_message_history=True),
    ),
    Use("put files there", ("POST /channels/{}/messages",), Permissions(attach_files=True)),
    Use("tell somebody in private", ("POST /users/@me/channels",)),
    Use("know somebody's roles", ("GET /guilds/{}/members/{}",)),
    Use(
        "answer commands, buttons and forms",
        (
            "POST /interactions/{}/{}/callback",
            "POST /webhooks/{}/{}",
            "PATCH /webhooks/{}/{}/messages/{}",
            "DELETE /webhooks/{}/{}/messages/{}",
        ),
    ),
    Use(
        "register the commands",
        ("GET /applications/@me", "GET /applications/{}/commands", "PUT /applications/{}/commands"),
    ),
    Use("connect", ("GET /gateway/bot", "GET /users/@me")),
)


def permissions() -> Permissions:
    """All that are used."""
    return Permissions(reduce(or_, (use.permissions.value for use in USES)))


def invite_url(application: str, *, to_person: bool = False) -> str:
    """Where somebody invites the bot to a server, or takes it along themselves."""
    if to_person:
        asked = {"integration_type": TO_PERSON, "scope": "applications.commands"}
    else:
        asked = {
            "permissions": permissions().value,
            "integration_type": TO_SERVER,
            "scope": "bot applications.commands",
        }
    return f"{AUTHORIZE}?{urlencode({'client_id': application, **asked})}"


def application_in(token: str) -> str:
    """The application that a bot's token names, as far as it does: it begins with the bot's own id, and most
    applications have the same. Empty where it names none."""
    head = token.partition(".")[0]
    try:
        name = urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return name if name.isdecimal() and len(name) <= SNOWFLAKE_DIGITS else ""
