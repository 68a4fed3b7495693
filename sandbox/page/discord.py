"""Discord, as the visitor of the page sees and uses it."""

from dataclasses import replace

from sandbox.discord import DiscordButton, DiscordField, DiscordFile, DiscordModal
from sandbox.discord.errors import ApiError
from sandbox.page.files import attached
from sandbox.page.view import BOT, FAILED, Input, Pane, Pressable, Refused, Said, Sheet, Upload
from sandbox.playground import Playground

VISITOR = "you"
# Discord itself gives an app three seconds.
HEARD_WITHIN_SECONDS = 4.0
_THUMBS = {"👍": "up", "👎": "down"}
_STYLES = {1: "primary", 4: "danger"}


class DiscordSide:
    """See `sandbox.page.view.Side`."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._discord = playground.discord
        self._channel = playground.discord_channel
        self._person = playground.discord_person

    def pane(self) -> Pane:
        threads = {thread.id: thread for thread in self._discord.threads(self._channel)}
        opening = []
        for root in self._messages(self._channel):
            thread = threads.get(root.id)
            if thread is not None:
                root = replace(root, title=thread.name, replies=tuple(self._messages(thread.id)))
            opening.append(root)
        modal = self._discord.modal(self._person)
        return Pane(tuple(opening), _sheet(modal) if modal is not None else None)

    def file(self, message: str, number: int) -> tuple[str, bytes] | None:
        places = [self._channel, *(one.id for one in self._discord.threads(self._channel))]
        if not any(message == one.id for place in places for one in self._discord.messages(place)):
            return None
        files = self._discord.files(message)
        return (files[number].name, files[number].content) if number < len(files) else None

    async def say(self, text: str, thread: str, files: tuple[Upload, ...]) -> None:
        if text.startswith("/") and not files:
            await self._command(text, thread or self._channel)
            return
        given = tuple(DiscordFile(one.name, one.media_type, one.content) for one in files)
        spoken = any(one.voice for one in files)
        try:
            await self._playground.ask_discord(text, thread or None, given, voice=spoken)
        except KeyError as error:
            raise Refused("This thread is not there.") from error

    async def press(self, message: str, name: str) -> None:
        try:
            interaction = await self._discord.press(message, name, self._person)
        except ApiError as error:
            raise Refused("This message is not there any more.") from error
        except ValueError as error:
            raise Refused("This button is not there any more.") from error
        await self._heard(interaction)

    async def submit(self, values: dict[str, str]) -> None:
        try:
            interaction = await self._discord.submit(self._person, values)
        except ValueError as error:
            raise Refused(str(error)) from error
        await self._heard(interaction)

    def dismiss(self) -> None:
        self._discord.dismiss(self._person)

    async def _command(self, text: str, channel: str) -> None:
        """As Discord's own box takes it: what is written behind a command is its only option."""
        name, _, rest = text[1:].partition(" ")
        values = {"question": rest.strip()} if rest.strip() else {}
        try:
            interaction = await self._discord.apps.use(channel, self._person, name.lower(), **values)
        except (KeyError, ValueError) as error:
            raise Refused(f"This is no command here: {text[:80]}") from error
        await self._heard(interaction)

    async def _heard(self, interaction: str) -> None:
        def failed() -> bool | None:
            (one,) = [one for one in self._discord.interactions if one.id == interaction]
            return one.failed if one.failed or one.answer else None

        try:
            await self._discord.wait_for(lambda: failed() is not None, HEARD_WITHIN_SECONDS)
        except TimeoutError:
            raise Refused(FAILED) from None
        if failed():
            raise Refused(FAILED)

    def _messages(self, channel: str) -> list[Said]:
        """What stands there, and what is whispered there, in order of their ids: those tell the time."""
        bot = self._discord.bot_id
        said = [
            Said(
                id=message.id,
                bot=message.author_id == bot,
                text=self._with_names(message.content),
                edited=message.edited,
                thread=channel,
                buttons=_buttons(message.buttons),
                files=tuple(
                    attached("discord", message.id, number, one.name, one.content)
                    for number, one in enumerate(self._discord.files(message.id))
                ),
            )
            for message in self._discord.messages(channel)
            if message.content or message.buttons or message.attachments
        ]
        said += [
            Said(one.id, True, one.content, False, channel, True, _buttons(one.buttons))
            for one in self._discord.whispers(self._person)
            if one.channel == channel and one.content
        ]
        return sorted(said, key=lambda one: int(one.id))

    def _with_names(self, text: str) -> str:
        names = {self._discord.bot_id: BOT, self._person: VISITOR}
        for id_, name in names.items():
            text = text.replace(f"<@{id_}>", f"@{name}")
        return text


def _buttons(buttons: tuple[DiscordButton, ...]) -> tuple[Pressable, ...]:
    return tuple(
        Pressable(
            one.label if not one.emoji or one.emoji in _THUMBS else f"{one.emoji} {one.label}",
            one.custom_id,
            _STYLES.get(one.style, "plain"),
            _THUMBS.get(one.emoji, ""),
        )
        for one in buttons
        if not one.disabled
    )


def _sheet(modal: DiscordModal) -> Sheet:
    return Sheet(
        modal.custom_id, modal.title, modal.text, "Submit", tuple(_input(one) for one in modal.fields)
    )


def _input(one: DiscordField) -> Input:
    kind = "choice" if one.options else "paragraph" if one.paragraph else "text"
    return Input(one.label, kind, one.value, one.required, one.options)
