"""The routes that a bot which talks needs, and what each one does."""

import time
from collections.abc import Mapping

from sandbox.discord import forms, message_payloads, payloads
from sandbox.discord.commands import Commands
from sandbox.discord.errors import (
    invalid_form,
    missing_permissions,
    no_history_to_reply_to,
    not_your_message,
    slowed_down,
    system_message,
    takes_no_directs,
    thread_archived,
    thread_locked,
    too_large,
    unknown_member,
    unknown_user,
)
from sandbox.discord.flags import MessageType, Permission
from sandbox.discord.interactions import Interactions
from sandbox.discord.rest import Answer, Ask, Route
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, Member, Message
from sandbox.discord.types import Json
from sandbox.discord.world import World

_REPLY_CAN_NAME = (MessageType.DEFAULT, MessageType.REPLY)
_BOUNDS = ("around", "after", "before")
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji_name}/@me"
_CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
_FOLLOW_UP = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _FOLLOW_UP + "/messages/@original"
_FOLLOWED_UP = _FOLLOW_UP + "/messages/{message_id}"
_COMMANDS = "/applications/{application_id}/commands"
_GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"


class Routes:
    def __init__(
        self, world: World, settings: Settings, interactions: Interactions, commands: Commands
    ) -> None:
        self._world = world
        self._commands = commands
        self._interactions = interactions
        self._settings = settings

    def all(self) -> list[Route]:
        return [
            Route("GET", "/gateway", self.gateway, open=True),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/users/@me", self.me),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", "/applications/@me", self.application),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("GET", _COMMANDS, self.commands),
            Route("PUT", _COMMANDS, self.put_commands),
            Route("GET", _GUILD_COMMANDS, self.commands),
            Route("PUT", _GUILD_COMMANDS, self.put_commands),
            Route("GET", "/guilds/{guild_id}", self.guild),
            Route("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            Route("GET", "/guilds/{guild_id}/threads/active", self.active_threads),
            Route("GET", "/channels/{channel_id}", self.channel),
            Route("PATCH", "/channels/{channel_id}", self.change_channel, kind="rename"),
            Route("POST", "/channels/{channel_id}/typing", self.typing),
            Route("GET", _MESSAGES, self.history),
            Route("POST", _MESSAGES, self.create_message, kind="create"),
            Route("GET", _MESSAGE, self.message),
            Route("PATCH", _MESSAGE, self.edit_message, kind="edit"),
            Route("DELETE", _MESSAGE, self.delete_message),
            Route("POST", _MESSAGE + "/threads", self.start_thread),
            Route("PUT", _REACTION, self.react),
            Route("DELETE", _REACTION, self.unreact),
            Route("POST", _CALLBACK, self.respond, open=True, unmetered=True),
            Route("POST", _FOLLOW_UP, self.follow_up, kind="webhook", open=True, unmetered=True),
            *(
                Route(method, path, handler, kind="webhook", open=True, unmetered=True)
                for path in (_ORIGINAL, _FOLLOWED_UP)
                for method, handler in (
                    ("GET", self.followed_up),
                    ("PATCH", self.change_followed_up),
                    ("DELETE", self.remove_followed_up),
                )
            ),
        ]

    # The bot itself

    def gateway(self, _: Ask) -> Answer:
        return Answer(200, {"url": self._settings.gateway_url})

    def gateway_bot(self, _: Ask) -> Answer:
        told = self._settings.starts.told()
        return Answer(200, {"url": self._settings.gateway_url} | told)

    def me(self, _: Ask) -> Answer:
        return Answer(200, payloads.own_user(self._world.bot))

    def application(self, _: Ask) -> Answer:
        allowed = self._settings.message_content_allowed
        id_, bot = self._settings.application_id, self._world.bot
        return Answer(200, payloads.application(id_, bot, content_allowed=allowed))

    def commands(self, ask: Ask) -> Answer:
        localised = ask.query.get("with_localizations") in ("1", "true")
        guild = ask.id("guild_id") if "guild_id" in ask.path else ""
        return Answer(200, self._commands.listed(ask.id("application_id"), guild, localised=localised))

    def put_commands(self, ask: Ask) -> Answer:
        guild = ask.id("guild_id") if "guild_id" in ask.path else ""
        return Answer(200, self._commands.overwrite(ask.id("application_id"), guild, ask.form.list))

    # People and places

    def user(self, ask: Ask) -> Answer:
        user = self._world.users.get(ask.id("user_id"))
        if user is None:
            raise unknown_user()
        return Answer(200, payloads.user(user))

    def open_dm(self, ask: Ask) -> Answer:
        user = self._world.users.get(forms.snowflake("recipient_id", ask.form.object.get("recipient_id")))
        if user is None or user is self._world.bot:
            raise unknown_user()
        return Answer(200, payloads.dm(self._world.open_dm(user)))

    def guild(self, ask: Ask) -> Answer:
        data = payloads.guild(self._world.guild(ask.id("guild_id")), self._world.bot)
        if ask.query.get("with_counts") in ("1", "true"):
            data |= {"approximate_member_count": len(self._world.users), "approximate_presence_count": 1}
        return Answer(200, data)

    def member(self, ask: Ask) -> Answer:
        guild, user = self._world.guild(ask.id("guild_id")), self._world.users.get(ask.id("user_id"))
        if user is None:
            raise unknown_member()
        return Answer(200, payloads.member(Member(guild, user), self._world.bot))

    def active_threads(self, ask: Ask) -> Answer:
        threads = [
            payloads.thread(thread, self._world.bot)
            for thread in reversed(self._world.guild(ask.id("guild_id")).threads)
            if not thread.archived and thread.rights & Permission.VIEW_CHANNEL
        ]
        return Answer(200, {"threads": threads, "members": [item["member"] for item in threads]})

    def channel(self, ask: Ask) -> Answer:
        return Answer(200, payloads.any_channel(self._world.channel(ask.id("channel_id")), self._world.bot))

    def change_channel(self, ask: Ask) -> Answer:
        channel, body = self._world.channel(ask.id("channel_id")), ask.form.object
        self._may_change(channel, body)
        changes: Json = {}
        if "name" in body:
            changes["name"] = forms.thread_name(body)
        if "auto_archive_duration" in body:
            changes["auto_archive_minutes"] = forms.archive_minutes(body)
        if "rate_limit_per_user" in body:
            changes["slowmode"] = int(body["rate_limit_per_user"] or 0)
        names = ("archived", "locked") if channel.parent is not None else ("topic",)
        changes |= {name: body[name] for name in names if name in body}
        if channel.archived and changes.get("archived") is not False:
            raise thread_archived()
        self._world.change_channel(channel, **changes)
        return Answer(200, payloads.any_channel(channel, self._world.bot))

    def _may_change(self, channel: Channel, body: Mapping[str, object]) -> None:
        """A thread's creator may rename, archive and revive it; locking is for those who manage threads."""
        if channel.parent is None:
            allowed = Permission.MANAGE_CHANNELS in channel.rights
        else:
            own = channel.owner is self._world.bot and "locked" not in body and not channel.locked
            allowed = own or Permission.MANAGE_THREADS in channel.rights
        if not allowed:
            raise missing_permissions()

    def typing(self, ask: Ask) -> Answer:
        self._writable(ask)
        return Answer(204)

    # Messages

    def history(self, ask: Ask) -> Answer:
        """The newest first, always; `after` and `before` choose which."""
        channel, limit = self._world.channel(ask.id("channel_id")), forms.page(ask.query)
        if Permission.READ_MESSAGE_HISTORY not in channel.rights:
            return Answer(200, [])
        messages = sorted(channel.messages.values(), key=lambda message: int(message.id))
        bounds = {name: int(forms.snowflake(name, ask.query[name])) for name in _BOUNDS if name in ask.query}
        if "around" in bounds:
            older = [message for message in messages if int(message.id) < bounds["around"]]
            newer = [message for message in messages if int(message.id) >= bounds["around"]]
            chosen = [*older[-(limit // 2) :], *newer[: limit - limit // 2]]
        elif "after" in bounds:
            chosen = [message for message in messages if int(message.id) > bounds["after"]][:limit]
        elif "before" in bounds:
            chosen = [message for message in messages if int(message.id) < bounds["before"]][-limit:]
        else:
            chosen = messages[-limit:]
        return Answer(200, [self._read(message) for message in reversed(chosen)])

    def message(self, ask: Ask) -> Answer:
        return Answer(200, self._read(self._message(ask, Permission.READ_MESSAGE_HISTORY)))

    def create_message(self, ask: Ask) -> Answer:
        channel = self._writable(ask)
        _check_pace(channel)
        draft = forms.draft(ask.form, self._replied_to(channel, forms.reference(ask.form.object)))
        if draft.files and Permission.ATTACH_FILES not in channel.rights:
            raise missing_permissions()
        if any(len(file.content) > channel.largest_file for file in draft.files):
            raise too_large()
        message = self._world.post(channel, self._world.bot, draft)
        channel.bot_wrote_at = time.monotonic()
        return Answer(200, self._written(message))

    def edit_message(self, ask: Ask) -> Answer:
        message = self._message(ask)
        if message.author is not self._world.bot:
            raise not_your_message()
        self._world.edit(message, forms.revision(ask.form, message))
        return Answer(200, self._written(message))

    def delete_message(self, ask: Ask) -> Answer:
        message = self._message(ask)
        if message.author is not self._world.bot and Permission.MANAGE_MESSAGES not in message.channel.rights:
            raise missing_permissions()
        if message.is_thread_starter:
            raise system_message()
        self._world.delete(message)
        return Answer(204)

    def start_thread(self, ask: Ask) -> Answer:
        message, body = self._message(ask), ask.form.object
        name, minutes = forms.thread_name(body), forms.archive_minutes(body)
        if Permission.CREATE_PUBLIC_THREADS not in message.channel.rights:
            raise missing_permissions()
        thread = self._world.start_thread(message, name, minutes, int(body.get("rate_limit_per_user") or 0))
        return Answer(201, payloads.thread(thread, self._world.bot))

    def react(self, ask: Ask) -> Answer:
        message = self._message(ask, Permission.READ_MESSAGE_HISTORY)
        new = ask.path["emoji_name"] not in message.reactions
        if new and Permission.ADD_REACTIONS not in message.channel.rights:
            raise missing_permissions()
        self._world.react(message, self._world.bot, ask.path["emoji_name"])
        return Answer(204)

    def unreact(self, ask: Ask) -> Answer:
        message = self._message(ask, Permission.READ_MESSAGE_HISTORY)
        self._world.unreact(message, self._world.bot, ask.path["emoji_name"])
        return Answer(204)

    # Interactions

    def respond(self, ask: Ask) -> Answer:
        told = self._interactions.respond(
            ask.id("interaction_id"), ask.path["interaction_token"], ask.form.object
        )
        wanted = ask.query.get("with_response") in ("1", "true")
        return Answer(200, told) if wanted else Answer(204)

    def follow_up(self, ask: Ask) -> Answer:
        told = self._interactions.follow_up(ask.id("webhook_id"), ask.path["webhook_token"], ask.form)
        return Answer(200, told)

    def followed_up(self, ask: Ask) -> Answer:
        return Answer(200, self._interactions.read(*_named(ask)))

    def change_followed_up(self, ask: Ask) -> Answer:
        return Answer(200, self._interactions.change(*_named(ask), ask.form))

    def remove_followed_up(self, ask: Ask) -> Answer:
        self._interactions.remove(*_named(ask))
        return Answer(204)

    def _message(self, ask: Ask, needed: Permission = Permission.VIEW_CHANNEL) -> Message:
        channel = self._world.channel(ask.id("channel_id"), needed)
        return self._world.message(channel, ask.id("message_id"))

    def _writable(self, ask: Ask) -> Channel:
        channel = self._world.channel(ask.id("channel_id"))
        if not channel.may_write:
            raise missing_permissions()
        if channel.recipient is not None and not channel.recipient.takes_directs:
            raise takes_no_directs()
        if channel.locked and not channel.archived and Permission.MANAGE_THREADS not in channel.rights:
            raise thread_locked()
        return channel

    def _replied_to(self, channel: Channel, reference: Json | None) -> Message | None:
        if reference is None:
            return None
        if Permission.READ_MESSAGE_HISTORY not in channel.rights:
            raise no_history_to_reply_to()
        id_ = forms.snowflake("message_reference.message_id", reference.get("message_id"))
        target = channel.messages.get(id_)
        if target is None:
            if reference.get("fail_if_not_exists") is False:
                return None
            raise invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        if target.type not in _REPLY_CAN_NAME:
            sentence = "Cannot reply to a system message"
            raise invalid_form("message_reference", "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE", sentence)
        return target

    def _read(self, message: Message) -> Json:
        """What is fetched has lost its nonce: only the answer to its making and the gateway show that."""
        data = self._written(message)
        data.pop("nonce", None)
        return data

    def _written(self, message: Message) -> Json:
        """Over HTTP, too, the content of others stays hidden from an application without the intent."""
        allowed = self._settings.message_content_allowed
        return message_payloads.message(
            message, message_payloads.Reader(self._world.bot, self._world.users, allowed)
        )


def _named(ask: Ask) -> tuple[str, str, str]:
    """The application, the token and the message that a path names."""
    return ask.id("webhook_id"), ask.path["webhook_token"], ask.path.get("message_id", "@original")


def _check_pace(channel: Channel) -> None:
    """Slow mode, which holds for a bot as for everybody else."""
    if channel.slowmode and channel.bot_wrote_at and Permission.BYPASS_SLOWMODE not in channel.rights:
        wait = channel.bot_wrote_at + channel.slowmode - time.monotonic()
        if wait > 0:
            raise slowed_down(round(wait, 3) + 0.001)
