"""What an application answers to an interaction: at once, and for a quarter of an hour by its token."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed

from sandbox.discord import forms, interaction_payloads, message_payloads, modals
from sandbox.discord.errors import (
    already_answered,
    invalid_form,
    invalid_webhook_token,
    most_follow_ups,
    unknown_message,
    unknown_webhook,
)
from sandbox.discord.flags import (
    CallbackType,
    CommandType,
    Install,
    InteractionType,
    MessageFlag,
    MessageType,
)
from sandbox.discord.mentions import Mentions
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, Draft, Message, User
from sandbox.discord.types import DiscordInteraction, Json
from sandbox.discord.world import World

# Of an application that is there only for one person.
MOST_FOLLOW_UPS = 5

_WITH_DATA = (CallbackType.CHANNEL_MESSAGE_WITH_SOURCE, CallbackType.UPDATE_MESSAGE, CallbackType.MODAL)
_UPDATES = (CallbackType.DEFERRED_UPDATE_MESSAGE, CallbackType.UPDATE_MESSAGE)
_ANSWERS = (CallbackType.CHANNEL_MESSAGE_WITH_SOURCE, CallbackType.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE)


@dataclass(slots=True, eq=False)
class Interaction:
    """`name` is that of the command, or the custom id of what was pressed or sent."""

    id: str
    token: str
    kind: InteractionType
    person: User
    channel: Channel
    message: Message | None
    name: str
    at: float
    owners: Mapping[Install, str]
    command: CommandType | None = None
    answer: CallbackType | None = None
    failed: bool = False
    original: Message | None = None
    follow_ups: list[Message] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None

    @property
    def of_one_person(self) -> bool:
        """Whether the application is there only because this person takes it along."""
        return Install.GUILD not in self.owners

    @property
    def hidden(self) -> bool:
        """Whether nobody else may see what is answered, whatever the application wishes."""
        return self.of_one_person and self.channel.guild is not None and not self.channel.external_apps

    @property
    def seen(self) -> DiscordInteraction:
        return DiscordInteraction(
            id=self.id,
            person=self.person.id,
            custom_id="" if self.command else self.name,
            modal=self.kind is InteractionType.MODAL_SUBMIT,
            at=self.at,
            answer="" if self.answer is None else self.answer.name.lower(),
            failed=self.failed,
            command=self.name if self.command else "",
            follow_ups=len(self.follow_ups),
        )


@dataclass(frozen=True, slots=True)
class Open:
    """A modal on somebody's screen, and the message whose button opened it."""

    modal: modals.Modal
    channel: Channel
    message: Message | None


class Responses:
    """Messages that answer interactions. What only one person sees stands in no channel."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._whispers: dict[str, tuple[User, Message]] = {}
        self.open: dict[str, Open] = {}

    def whispers(self, person: User) -> Iterator[Message]:
        return (message for who, message in self._whispers.values() if who is person)

    def visible(self, message_id: str, person: User) -> Message:
        who, whisper = self._whispers.get(message_id, (None, None))
        if whisper is None:
            return self._world.find_message(message_id)
        if who is not person:
            raise ValueError("nobody else sees this message")
        return whisper

    def first(self, one: Interaction, body: Json) -> Message | None:
        """The first response; the message that came of it, or was changed by it."""
        if one.answer is not None:
            raise already_answered()
        kind = _callback(one, body)
        data = body.get("data") or {}
        if kind in _WITH_DATA and not isinstance(data, dict):
            raise invalid_form("data", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        message = self._answered(one, kind, data)
        one.answer = kind
        one.original = message if kind in _ANSWERS else one.message
        return message if kind in _ANSWERS or kind is CallbackType.UPDATE_MESSAGE else None

    def follow_up(self, one: Interaction, form: forms.Form) -> Message:
        """A further message; what was announced before takes its place, and stays as private as it was."""
        self._check_token(one)
        if one.original is not None and one.original.own_flags & MessageFlag.LOADING:
            return self._change(one, one.original, form)
        if one.of_one_person and len(one.follow_ups) >= MOST_FOLLOW_UPS:
            raise most_follow_ups()
        one.follow_ups.append(self._say(one, form, MessageType.DEFAULT))
        return one.follow_ups[-1]

    def message(self, one: Interaction, message_id: str) -> Message:
        """One of its messages; `@original` is the first response."""
        self._check_token(one)
        if message_id == "@original":
            found = one.original
        else:
            found = next((item for item in one.follow_ups if item.id == message_id), None)
            if found is None and one.original is not None and one.original.id == message_id:
                found = one.original
        if found is None or found.deleted:
            raise unknown_message()
        return found

    def change(self, one: Interaction, message_id: str, form: forms.Form) -> Message:
        return self._change(one, self.message(one, message_id), form)

    def remove(self, one: Interaction, message_id: str) -> None:
        message = self.message(one, message_id)
        if self._whispers.pop(message.id, None) is None:
            self._world.delete(message)
        message.deleted = True
        message.own_flags &= ~MessageFlag.LOADING

    def written(self, message: Message) -> Json:
        return message_payloads.message(message, self.reader())

    def reader(self) -> message_payloads.Reader:
        return message_payloads.Reader(self._world.bot, self._world.users, reads_everything=True)

    def _check_token(self, one: Interaction) -> None:
        if time.monotonic() - one.at > self._settings.interaction_token_seconds:
            raise invalid_webhook_token()
        if one.answer is None:
            raise unknown_webhook()

    def _answered(self, one: Interaction, kind: CallbackType, data: Json) -> Message | None:
        match kind:
            case CallbackType.MODAL:
                self.open[one.person.id] = Open(modals.read(data), one.channel, one.message)
            case CallbackType.CHANNEL_MESSAGE_WITH_SOURCE:
                return self._say(one, forms.Form(data), _type_of(one))
            case CallbackType.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE:
                private = bool((forms.flags(data) or 0) & MessageFlag.EPHEMERAL)
                draft = Draft("", _type_of(one), flags=MessageFlag.LOADING)
                return self._place(one, draft, private=private)
            case CallbackType.UPDATE_MESSAGE if one.message is not None:
                return self._change(one, one.message, forms.Form(data))
            case _:
                pass
        return None

    def _change(self, one: Interaction, message: Message, form: forms.Form) -> Message:
        revision = forms.revision(form, message)
        loading = bool(message.own_flags & MessageFlag.LOADING)
        message.own_flags &= ~MessageFlag.LOADING
        kept = message.own_flags & MessageFlag.EPHEMERAL
        if revision.flags is not None:
            revision = changed(revision, flags=revision.flags & ~MessageFlag.LOADING | kept)
        if form.files and revision.keep_attachments is None:
            revision = changed(revision, keep_attachments=[item.id for item in message.attachments])
        self._world.edit(message, revision, unseen=message.id in self._whispers)
        if loading:
            message.edited_at = None
        return message

    def _say(self, one: Interaction, form: forms.Form, kind: MessageType) -> Message:
        draft = changed(forms.draft(form, None), type=kind)
        private = bool((forms.flags(form.object) or 0) & MessageFlag.EPHEMERAL)
        return self._place(one, draft, private=private)

    def _place(self, one: Interaction, draft: Draft, *, private: bool) -> Message:
        told = interaction_payloads.metadata(one.id, one.kind, one.person, one.owners)
        if not private and not one.hidden:
            return self._world.post(one.channel, self._world.bot, changed(draft, interaction=told))
        message = Message(
            id=self._world.new_id(),
            channel=one.channel,
            author=self._world.bot,
            content=draft.content,
            type=draft.type,
            sent_at=time.time(),
            pings=Mentions(),
            mentions=Mentions(),
            embeds=draft.embeds,
            components=draft.components,
            own_flags=draft.flags | MessageFlag.EPHEMERAL,
            interaction=told,
        )
        message.attachments = self._world.attach(message, draft.files)
        self._whispers[message.id] = (one.person, message)
        return message


def _callback(one: Interaction, body: Json) -> CallbackType:
    try:
        kind = CallbackType(body.get("type", 0))
    except ValueError:
        raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be a kind of callback.") from None
    no_modal = kind is CallbackType.MODAL and one.kind is InteractionType.MODAL_SUBMIT
    if no_modal or (kind in _UPDATES and one.message is None):
        sentence = "This kind of callback is not for this kind of interaction."
        raise invalid_form("type", "INTERACTION_CALLBACK_TYPE_INVALID", sentence)
    return kind


def _type_of(one: Interaction) -> MessageType:
    """What the first response is as a message."""
    match one.command:
        case None:
            return MessageType.DEFAULT
        case CommandType.CHAT_INPUT:
            return MessageType.CHAT_INPUT_COMMAND
        case _:
            return MessageType.CONTEXT_MENU_COMMAND
