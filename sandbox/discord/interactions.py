"""What people press, send and command, and what the application answers: soon, or they read that it
failed."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping

from sandbox.changes import Changes
from sandbox.discord import components, forms, interaction_payloads, modals
from sandbox.discord.commands import Commands, used_options
from sandbox.discord.errors import unknown_interaction, unknown_webhook
from sandbox.discord.flags import CommandType, InteractionType
from sandbox.discord.responses import Interaction, Responses
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, Guild, Message, User
from sandbox.discord.types import DiscordInteraction, DiscordModal, DiscordWhisper, Json
from sandbox.discord.world import World

Tell = Callable[[Guild | None, str, Json], None]


class Interactions:
    """`tell` is the gateway's. To press what is not there, or send what cannot be sent, raises ValueError."""

    def __init__(
        self, world: World, settings: Settings, changes: Changes, tell: Tell, commands: Commands
    ) -> None:
        self._world = world
        self._settings = settings
        self._changes = changes
        self._tell = tell
        self._commands = commands
        self._responses = Responses(world, settings)
        self._all: dict[str, Interaction] = {}

    # What people do and see

    @property
    def seen(self) -> list[DiscordInteraction]:
        return [one.seen for one in self._all.values()]

    def press(self, message_id: str, button: str, person: User) -> str:
        message = self._responses.visible(message_id, person)
        for one in components.buttons(message.components):
            if button in (one.label, one.custom_id) and one.custom_id and not one.disabled:
                data = interaction_payloads.pressed(one.custom_id)
                return self._happens(
                    InteractionType.MESSAGE_COMPONENT, data, person, message.channel, message
                )
        raise ValueError(f"there is no button {button!r} to press")

    def modal(self, person: User) -> DiscordModal | None:
        shown = self._responses.open.get(person.id)
        return None if shown is None else shown.modal.seen

    def submit(self, person: User, values: Mapping[str, str]) -> str:
        shown = self._responses.open.get(person.id)
        if shown is None:
            raise ValueError("no modal is open")
        filled = modals.sent(shown.modal, values)
        del self._responses.open[person.id]
        data = interaction_payloads.submitted(shown.modal.custom_id, filled)
        return self._happens(InteractionType.MODAL_SUBMIT, data, person, shown.channel, shown.message)

    def dismiss(self, person: User) -> None:
        self._responses.open.pop(person.id, None)

    def use(self, name: str, values: Mapping[str, str], person: User, place: Channel) -> str:
        command = self._commands.find(name, CommandType.CHAT_INPUT, person, place)
        data = interaction_payloads.used(command, used_options(command, values))
        return self._happens(InteractionType.APPLICATION_COMMAND, data, person, place, None)

    def use_on(self, name: str, message_id: str, person: User) -> str:
        message = self._responses.visible(message_id, person)
        command = self._commands.find(name, CommandType.MESSAGE, person, message.channel)
        data = interaction_payloads.used_on(command, message, self._responses.reader())
        return self._happens(InteractionType.APPLICATION_COMMAND, data, person, message.channel, None)

    def whispers(self, person: User) -> list[DiscordWhisper]:
        return [
            DiscordWhisper(one.id, one.channel.id, person.id, one.content, components.buttons(one.components))
            for one in self._responses.whispers(person)
        ]

    def close(self) -> None:
        for one in self._all.values():
            if one.timer is not None:
                one.timer.cancel()

    # What the application does

    def respond(self, interaction_id: str, token: str, body: Json) -> Json:
        """The first response. Told of what came of it, as with `with_response`."""
        one = self._all.get(interaction_id)
        if one is None or one.token != token or one.failed:
            raise unknown_interaction()
        message = self._responses.first(one, body)
        if one.timer is not None:
            one.timer.cancel()
        self._changes.notify()
        told: Json = {"interaction": {"id": one.id, "type": int(one.kind)}}
        if message is not None:
            told["interaction"]["response_message_id"] = message.id
            told["resource"] = {"type": int(body["type"]), "message": self._responses.written(message)}
        return told

    def follow_up(self, application_id: str, token: str, form: forms.Form) -> Json:
        message = self._responses.follow_up(self._named(application_id, token), form)
        self._changes.notify()
        return self._responses.written(message)

    def read(self, application_id: str, token: str, message_id: str) -> Json:
        """One of the messages that answer an interaction; `@original` is the first."""
        message = self._responses.message(self._named(application_id, token), message_id)
        return self._responses.written(message)

    def change(self, application_id: str, token: str, message_id: str, form: forms.Form) -> Json:
        message = self._responses.change(self._named(application_id, token), message_id, form)
        self._changes.notify()
        return self._responses.written(message)

    def remove(self, application_id: str, token: str, message_id: str) -> None:
        self._responses.remove(self._named(application_id, token), message_id)
        self._changes.notify()

    def _named(self, application_id: str, token: str) -> Interaction:
        one = next((item for item in self._all.values() if item.token == token), None)
        if one is None or application_id != self._settings.application_id:
            raise unknown_webhook()
        return one

    def _happens(
        self, kind: InteractionType, data: Json, person: User, place: Channel, message: Message | None
    ) -> str:
        id_, token = self._world.new_id(), secrets.token_urlsafe(32)
        owners = self._commands.owners(person, place)
        command = CommandType(data["type"]) if kind is InteractionType.APPLICATION_COMMAND else None
        name = data["name"] if command is not None else data["custom_id"]
        now = time.monotonic()
        one = Interaction(id_, token, kind, person, place, message, name, now, owners, command)
        self._all[id_] = one
        one.timer = asyncio.get_running_loop().call_later(self._settings.interaction_seconds, self._fail, one)
        told = interaction_payloads.interaction(
            id_, token, kind, data, person, place, message, self._responses.reader(), owners
        )
        self._tell(place.guild, "INTERACTION_CREATE", told)
        return id_

    def _fail(self, one: Interaction) -> None:
        one.failed = True
        self._changes.notify()
