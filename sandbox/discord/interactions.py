"""What people press and send, and what the application answers: soon, or they read that it failed."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.changes import Changes
from sandbox.discord import components, forms, interaction_payloads, message_payloads, modals
from sandbox.discord.errors import (
    already_answered,
    invalid_form,
    unknown_interaction,
    unknown_webhook,
)
from sandbox.discord.flags import CallbackType, InteractionType, MessageFlag, MessageType
from sandbox.discord.mentions import Mentions
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, Guild, Message, User
from sandbox.discord.types import DiscordInteraction, DiscordModal, DiscordWhisper, Json
from sandbox.discord.world import World

FOLLOW_UP_SECONDS = 900.0

Tell = Callable[[Guild | None, str, Json], None]

_WITH_DATA = (CallbackType.CHANNEL_MESSAGE_WITH_SOURCE, CallbackType.UPDATE_MESSAGE, CallbackType.MODAL)


@dataclass(slots=True, eq=False)
class Interaction:
    id: str
    token: str
    kind: InteractionType
    person: User
    channel: Channel
    message: Message | None
    custom_id: str
    at: float
    answer: CallbackType | None = None
    failed: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def seen(self) -> DiscordInteraction:
        return DiscordInteraction(
            id=self.id,
            person=self.person.id,
            custom_id=self.custom_id,
            modal=self.kind is InteractionType.MODAL_SUBMIT,
            at=self.at,
            answer="" if self.answer is None else self.answer.name.lower(),
            failed=self.failed,
        )


@dataclass(frozen=True, slots=True)
class _Open:
    """A modal on somebody's screen, and the message whose button opened it."""

    modal: modals.Modal
    channel: Channel
    message: Message | None


class Interactions:
    """`tell` is the gateway's. To press what is not there, or send what cannot be sent, raises ValueError."""

    def __init__(self, world: World, settings: Settings, changes: Changes, tell: Tell) -> None:
        self._world = world
        self._settings = settings
        self._changes = changes
        self._tell = tell
        self._all: dict[str, Interaction] = {}
        self._whispers: dict[str, tuple[User, Message]] = {}
        self._open: dict[str, _Open] = {}

    # What people do and see

    @property
    def seen(self) -> list[DiscordInteraction]:
        return [one.seen for one in self._all.values()]

    def press(self, message_id: str, button: str, person: User) -> str:
        message = self._visible(message_id, person)
        for one in components.buttons(message.components):
            if button in (one.label, one.custom_id) and one.custom_id and not one.disabled:
                data = interaction_payloads.pressed(one.custom_id)
                return self._happens(
                    InteractionType.MESSAGE_COMPONENT, data, person, message.channel, message
                )
        raise ValueError(f"there is no button {button!r} to press")

    def modal(self, person: User) -> DiscordModal | None:
        shown = self._open.get(person.id)
        return None if shown is None else shown.modal.seen

    def submit(self, person: User, values: Mapping[str, str]) -> str:
        shown = self._open.get(person.id)
        if shown is None:
            raise ValueError("no modal is open")
        filled = modals.sent(shown.modal, values)
        del self._open[person.id]
        data = interaction_payloads.submitted(shown.modal.custom_id, filled)
        return self._happens(InteractionType.MODAL_SUBMIT, data, person, shown.channel, shown.message)

    def dismiss(self, person: User) -> None:
        self._open.pop(person.id, None)

    def whispers(self, person: User) -> list[DiscordWhisper]:
        return [
            DiscordWhisper(one.id, one.channel.id, who.id, one.content, components.buttons(one.components))
            for who, one in self._whispers.values()
            if who is person
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
        if one.answer is not None:
            raise already_answered()
        kind = self._callback(one, body)
        data = body.get("data") or {}
        if kind in _WITH_DATA and not isinstance(data, dict):
            raise invalid_form("data", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        message = self._answered(one, kind, data)
        one.answer = kind
        if one.timer is not None:
            one.timer.cancel()
        self._changes.notify()
        told: Json = {"interaction": {"id": one.id, "type": int(one.kind)}}
        if message is not None:
            told["interaction"]["response_message_id"] = message.id
            told["resource"] = {"type": int(kind), "message": self._written(message)}
        return told

    def follow_up(self, application_id: str, token: str, form: forms.Form) -> Json:
        """A further message, for a quarter of an hour."""
        one = next((item for item in self._all.values() if item.token == token), None)
        late = one is not None and time.monotonic() - one.at > FOLLOW_UP_SECONDS
        if one is None or one.answer is None or late or application_id != self._settings.application_id:
            raise unknown_webhook()
        message = self._say(one, form)
        self._changes.notify()
        return self._written(message)

    def _callback(self, one: Interaction, body: Json) -> CallbackType:
        try:
            kind = CallbackType(body.get("type", 0))
        except ValueError:
            raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be a kind of callback.") from None
        no_modal = kind is CallbackType.MODAL and one.kind is InteractionType.MODAL_SUBMIT
        updates = kind in (CallbackType.DEFERRED_UPDATE_MESSAGE, CallbackType.UPDATE_MESSAGE)
        if no_modal or (updates and one.message is None):
            sentence = "This kind of callback is not for this kind of interaction."
            raise invalid_form("type", "INTERACTION_CALLBACK_TYPE_INVALID", sentence)
        return kind

    def _answered(self, one: Interaction, kind: CallbackType, data: Json) -> Message | None:
        match kind:
            case CallbackType.MODAL:
                self._open[one.person.id] = _Open(modals.read(data), one.channel, one.message)
            case CallbackType.CHANNEL_MESSAGE_WITH_SOURCE:
                return self._say(one, forms.Form(data))
            case CallbackType.UPDATE_MESSAGE if one.message is not None:
                revision = forms.revision(forms.Form(data), one.message)
                self._world.edit(one.message, revision, unseen=one.message.id in self._whispers)
                return one.message
            case _:
                pass
        return None

    def _say(self, one: Interaction, form: forms.Form) -> Message:
        draft = forms.draft(form, None)
        if not (forms.flags(form.object) or 0) & MessageFlag.EPHEMERAL:
            return self._world.post(one.channel, self._world.bot, draft)
        message = Message(
            id=self._world.new_id(),
            channel=one.channel,
            author=self._world.bot,
            content=draft.content,
            type=MessageType.DEFAULT,
            sent_at=time.time(),
            pings=Mentions(),
            mentions=Mentions(),
            embeds=draft.embeds,
            components=draft.components,
            own_flags=draft.flags | MessageFlag.EPHEMERAL,
        )
        self._whispers[message.id] = (one.person, message)
        return message

    def _happens(
        self,
        kind: InteractionType,
        data: Json,
        person: User,
        place: Channel,
        message: Message | None,
    ) -> str:
        id_, token = self._world.new_id(), secrets.token_urlsafe(32)
        one = Interaction(id_, token, kind, person, place, message, data["custom_id"], time.monotonic())
        self._all[id_] = one
        one.timer = asyncio.get_running_loop().call_later(self._settings.interaction_seconds, self._fail, one)
        told = interaction_payloads.interaction(
            id_, token, kind, data, person, place, message, self._reader()
        )
        self._tell(place.guild, "INTERACTION_CREATE", told)
        return id_

    def _fail(self, one: Interaction) -> None:
        one.failed = True
        self._changes.notify()

    def _visible(self, message_id: str, person: User) -> Message:
        who, whisper = self._whispers.get(message_id, (None, None))
        if whisper is None:
            return self._world.find_message(message_id)
        if who is not person:
            raise ValueError("nobody else sees this message")
        return whisper

    def _written(self, message: Message) -> Json:
        return message_payloads.message(message, self._reader())

    def _reader(self) -> message_payloads.Reader:
        return message_payloads.Reader(self._world.bot, self._world.users, reads_everything=True)
