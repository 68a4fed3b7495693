"""Where people talk, in one shape for both platforms: the same story is told on each."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from bridge.settings import ArchiveMinutes, Busy, DiscordReplies, Language, Settings
from sandbox.dify import Dify
from sandbox.discord import Discord, DiscordFile, DiscordMessage, DiscordWhisper
from sandbox.slack import Interaction, Slack, SlackFile, SlackMessage

ABOUT_COMMAND = "Ask about this message"


@dataclass(frozen=True, slots=True)
class Given:
    """A file that somebody attaches."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form as it stands on somebody's screen: what its fields are called, and what is in them."""

    title: str
    labels: tuple[str, ...]
    values: tuple[str, ...]


class Place(ABC):
    """One stand-in with a channel and a person in it. Threads are named by what the platform calls them."""

    name: str
    channel: str
    person: str
    retry_seconds = 0.0
    drain_seconds = 5.0
    max_age_seconds = 900.0
    busy = Busy.QUEUE
    language = Language.AUTO
    bridge_config = ""
    most_streams = 8

    @abstractmethod
    def settings(self, dify: Dify, database: str) -> Settings: ...

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    @abstractmethod
    async def connected(self) -> None:
        """Wait until the bot listens."""

    @abstractmethod
    def speak(self, locale: str) -> None:
        """Let the default person be one who reads this language, in a place where it is spoken. To be called
        before the bot connects."""

    @abstractmethod
    async def ask(self, text: str, *, person: str = "") -> str:
        """Mention the bot in the channel. Returns the thread that the answer belongs into."""

    @abstractmethod
    async def ask_in(self, thread: str, text: str, *, person: str = "") -> None:
        """Mention the bot in a thread."""

    @abstractmethod
    async def call(self, thread: str, called: str, text: str, *, person: str = "") -> None:
        """Write in a thread, and call somebody there by name."""

    @abstractmethod
    async def say(self, thread: str, text: str, *, person: str = "") -> None:
        """Write in a thread, without a mention; as the default person, or another."""

    @property
    @abstractmethod
    def mention(self) -> str:
        """How the bot is mentioned."""

    @abstractmethod
    async def change(self, thread: str, said: str, now: str) -> None:
        """Whoever said this in the thread, or began it so, changes the words."""

    @abstractmethod
    async def take_back(self, thread: str, said: str) -> None:
        """Whoever said this in the thread, or began it so, deletes it."""

    @abstractmethod
    async def unfurl(self, thread: str, said: str) -> None:
        """The platform adds a preview to what was said."""

    @abstractmethod
    async def say_in_channel(self, text: str) -> str:
        """Write in the channel, without a mention. Returns the thread that would grow from it."""

    @abstractmethod
    async def tell(self, text: str) -> str:
        """Write a direct message. Returns the thread that the answer belongs into."""

    @abstractmethod
    async def ask_where_threads_have_names(self, text: str) -> str:
        """Ask in the kind of place where a thread can be given a name. Returns the thread."""

    @abstractmethod
    async def say_as_bot(self, thread: str, text: str) -> None:
        """Another bot mentions ours."""

    @abstractmethod
    async def attach(self, text: str) -> str:
        """Mention the bot with a file. Returns the thread."""

    @abstractmethod
    async def attach_file(
        self,
        text: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        voice: bool = False,
        mention: bool = True,
    ) -> str:
        """Write in the channel with this file. Returns the thread."""

    @abstractmethod
    async def attach_files(self, text: str, files: Sequence[Given]) -> str:
        """Mention the bot in the channel with these files. Returns the thread."""

    @abstractmethod
    def lose_files(self) -> None:
        """Nobody can read any more what people attach."""

    @abstractmethod
    def refuse_files(self) -> None:
        """The bot may put no file of more than 10 MB into a thread."""

    @abstractmethod
    def fetched(self) -> int:
        """How often the bytes of an attached file were asked for."""

    @abstractmethod
    def buttons(self, thread: str) -> list[str]:
        """The labels of all buttons that can be pressed in the thread now, in order."""

    @abstractmethod
    async def press(self, thread: str, label: str, *, person: str = "") -> None:
        """Press the last button with this label; by the default person, or another. Waits until whoever did
        sees what came of it."""

    @abstractmethod
    def form(self) -> ShownForm | None:
        """The form that is open for the default person."""

    @abstractmethod
    async def form_again(self) -> str:
        """Wait for the form that follows one that was sent, and open it. Returns what there is to read in
        it."""

    @abstractmethod
    async def fill(self, values: Mapping[str, str]) -> None:
        """Fill in the open form, by label, and send it."""

    @abstractmethod
    def whispers(self) -> list[str]:
        """What only the default person was shown."""

    @abstractmethod
    def told(self, person: str = "") -> list[str]:
        """What the bot has told somebody in private, about what they wrote."""

    @property
    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """What the configuration calls the default person, and where they are."""

    @abstractmethod
    def group_of(self, person: str) -> str:
        """Put somebody into a group of their own; what the configuration calls it."""

    @property
    @abstractmethod
    def threads(self) -> int:
        """How many threads the bot has made, where it has to."""

    @abstractmethod
    def whispers_to(self, person: str) -> list[str]:
        """What only this person was shown."""

    @abstractmethod
    def files(self, thread: str) -> list[tuple[str, bytes]]:
        """The files that the bot has put into the thread."""

    @abstractmethod
    def thread_name(self, thread: str) -> str:
        """What the thread is called."""

    @abstractmethod
    def another_person(self) -> str:
        """A second person, who can press, too."""

    @abstractmethod
    async def redeliver(self) -> None:
        """The platform sends everything it has sent once more."""

    @abstractmethod
    def replies(self, thread: str) -> list[str]:
        """What the bot's messages in a thread show now."""

    @abstractmethod
    def marked(self, thread: str) -> list[str]:
        """The texts of the messages in a thread on which it is shown that they wait."""

    @abstractmethod
    def states(self, thread: str) -> list[str]:
        """Every text that one could read in the bot's messages, in order of time."""

    @abstractmethod
    async def lose_connection(self) -> None:
        """The wire is cut without a word."""

    @abstractmethod
    def refuse_next(self, *, times: int) -> None:
        """The next edits fail as they do when the platform has a problem."""

    @property
    def looked_up(self) -> int:
        """How often the bot asked who somebody is."""
        return 0

    @property
    @abstractmethod
    def too_fast(self) -> int:
        """How often the bot was told that it was too fast."""

    @property
    @abstractmethod
    def pings(self) -> list[str]:
        """Whom the bot's messages have notified."""


class SlackPlace(Place):
    name = "slack"
    connections = 1

    def __init__(self) -> None:
        self.slack = Slack()
        self.person = self.slack.add_user("Ada")
        self.people = [self.person]
        self.channel = self.slack.add_channel("general")

    def settings(self, dify: Dify, database: str) -> Settings:
        return Settings(
            dify_api_url=dify.url,
            dify_api_key=SecretStr(dify.key),
            bridge_config=self.bridge_config,
            dify_max_streams=self.most_streams,
            slack_bot_token=SecretStr(self.slack.bot_token),
            slack_app_token=SecretStr(self.slack.app_token),
            slack_api_url=self.slack.url,
            database_url=SecretStr(database),
            dify_retry_for=self.retry_seconds,
            recover_max_age=self.max_age_seconds,
            busy=self.busy,
            language=self.language,
            drain_seconds=self.drain_seconds,
        )

    async def __aenter__(self) -> Self:
        await self.slack.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.slack.close()

    async def connected(self) -> None:
        await self.slack.wait_for(lambda: self.slack.connections >= self.connections)

    def speak(self, locale: str) -> None:
        self.person = self.slack.add_user("Ada", locale=locale)
        self.people = [self.person]

    async def ask(self, text: str, *, person: str = "") -> str:
        said = f"<@{self.slack.bot_user_id}> {text}"
        return await self.slack.say(self.channel, person or self.person, said)

    async def ask_in(self, thread: str, text: str, *, person: str = "") -> None:
        await self.say(thread, f"<@{self.slack.bot_user_id}> {text}", person=person)

    async def call(self, thread: str, called: str, text: str, *, person: str = "") -> None:
        await self.say(thread, f"<@{called}> {text}", person=person)

    async def say(self, thread: str, text: str, *, person: str = "") -> None:
        channel, _, ts = thread.rpartition("/")
        await self.slack.say(channel or self.channel, person or self.person, text, thread_ts=ts)

    @property
    def mention(self) -> str:
        return f"<@{self.slack.bot_user_id}>"

    async def change(self, thread: str, said: str, now: str) -> None:
        channel, one = self._said(thread, said)
        await self.slack.edit(channel, one.ts, one.raw.replace(said, now))

    async def take_back(self, thread: str, said: str) -> None:
        channel, one = self._said(thread, said)
        await self.slack.delete(channel, one.ts)

    async def unfurl(self, thread: str, said: str) -> None:
        channel, one = self._said(thread, said)
        await self.slack.unfurl(channel, one.ts)

    def _said(self, thread: str, said: str) -> tuple[str, SlackMessage]:
        channel, _, ts = thread.rpartition("/")
        messages = self.slack.messages(channel or self.channel, ts)
        spoken = [one for one in messages if not one.bot_id and one.raw.endswith(said)]
        return channel or self.channel, spoken[-1]

    async def say_in_channel(self, text: str) -> str:
        return await self.slack.say(self.channel, self.person, text)

    async def tell(self, text: str) -> str:
        channel = self.slack.open_dm(self.person)
        return f"{channel}/{await self.slack.say(channel, self.person, text)}"

    async def ask_where_threads_have_names(self, text: str) -> str:
        return await self.tell(text)

    async def say_as_bot(self, thread: str, text: str) -> None:
        await self.slack.emit(
            {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": "B0OTHERBOT",
                "channel": self.channel,
                "channel_type": "channel",
                "ts": "1999999999.000100",
                "thread_ts": thread,
                "text": f"<@{self.slack.bot_user_id}> {text}",
            }
        )

    async def attach(self, text: str) -> str:
        return await self.slack.say(
            self.channel,
            self.person,
            f"<@{self.slack.bot_user_id}> {text}".strip(),
            files=(SlackFile("notes.txt", "text/plain", b"notes"),),
        )

    async def attach_file(
        self,
        text: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        voice: bool = False,
        mention: bool = True,
    ) -> str:
        said = f"<@{self.slack.bot_user_id}> {text}".strip() if mention else text
        file = SlackFile(name, media_type, data, "slack_audio" if voice else "")
        return await self.slack.say(self.channel, self.person, said, files=(file,))

    async def attach_files(self, text: str, files: Sequence[Given]) -> str:
        said = f"<@{self.slack.bot_user_id}> {text}".strip()
        sent = tuple(SlackFile(one.name, one.media_type, one.data) for one in files)
        return await self.slack.say(self.channel, self.person, said, files=sent)

    def lose_files(self) -> None:
        self.slack.files_readable = False

    def refuse_files(self) -> None:
        self.slack.fail("files.getUploadURLExternal", "not_allowed_token_type")

    def fetched(self) -> int:
        return len(self.slack.files_asked_for)

    def buttons(self, thread: str) -> list[str]:
        channel, messages = self._thread(thread)
        return [label for message in messages for label in self.slack.buttons(channel, message.ts)]

    async def press(self, thread: str, label: str, *, person: str = "") -> None:
        channel, messages = self._thread(thread)
        bearing = [one for one in messages if label in self.slack.buttons(channel, one.ts)]
        assert bearing, f"nothing to press is called {label!r}"
        await self._heard(await self.slack.press(bearing[-1].ts, label, person or self.person))

    def form(self) -> ShownForm | None:
        view = self.slack.view(self.person)
        if view is None:
            return None
        inputs = view.inputs
        return ShownForm(view.title, tuple(one.label for one in inputs), tuple(one.value for one in inputs))

    async def form_again(self) -> str:
        await self.slack.wait_for(lambda: self.slack.view(self.person) is not None)
        view = self.slack.view(self.person)
        return view.text if view is not None else ""

    async def fill(self, values: Mapping[str, str]) -> None:
        await self._heard(await self.slack.submit(self.person, values))

    def told(self, person: str = "") -> list[str]:
        return self.whispers_to(person or self.person)

    @property
    def names(self) -> Mapping[str, str]:
        return {
            "person": f"slack:{self.person}",
            "channel": f"slack:channel/{self.channel}",
            "workspace": f"slack:workspace/{self.slack.team_id}",
            "everybody": "slack:*",
        }

    def group_of(self, person: str) -> str:
        return f"slack:group/{self.slack.add_group(person)}"

    @property
    def threads(self) -> int:
        return 0

    def whispers_to(self, person: str) -> list[str]:
        return [one.text for one in self.slack.whispers(person)]

    def whispers(self) -> list[str]:
        return [one.text for person in self.people for one in self.slack.whispers(person)]

    def files(self, thread: str) -> list[tuple[str, bytes]]:
        channel, _, ts = thread.rpartition("/")
        return [(one.name, one.content) for one in self.slack.files(channel or self.channel, ts)]

    def thread_name(self, thread: str) -> str:
        channel, _, ts = thread.rpartition("/")
        return self.slack.title(channel or self.channel, ts)

    def another_person(self) -> str:
        self.people.append(self.slack.add_user("Grace"))
        return self.people[-1]

    async def _heard(self, sent: Interaction) -> None:
        """Wait until the bot has acknowledged it."""
        interactions = self.slack.interactions
        await self.slack.wait_for(lambda: interactions[sent.id].acknowledged_after is not None)

    def _thread(self, thread: str) -> tuple[str, list[SlackMessage]]:
        channel, _, ts = thread.rpartition("/")
        place = channel or self.channel
        return place, [one for one in self.slack.messages(place, ts) if one.bot_id]

    async def redeliver(self) -> None:
        for event_id in list(self.slack.events):
            await self.slack.redeliver(event_id)

    def replies(self, thread: str) -> list[str]:
        return [message.text for message in self._thread(thread)[1] if not message.files]

    def marked(self, thread: str) -> list[str]:
        channel, _, ts = thread.rpartition("/")
        return [one.text for one in self.slack.messages(channel or self.channel, ts) if one.reactions]

    def states(self, thread: str) -> list[str]:
        own = {message.ts for message in self.slack.messages(self.channel, thread) if message.bot_id}
        return [frame.text for frame in self.slack.frames if frame.ts in own]

    async def lose_connection(self) -> None:
        await self.slack.cut()
        await self.slack.wait_for(lambda: self.slack.connections == 0)

    def refuse_next(self, *, times: int) -> None:
        self.slack.fail("chat.update", "internal_error", times=times)

    @property
    def looked_up(self) -> int:
        return sum(call.method == "users.info" for call in self.slack.calls)

    @property
    def too_fast(self) -> int:
        return sum(call.status == 429 for call in self.slack.calls)

    @property
    def pings(self) -> list[str]:
        live = re.compile(r"<[!@#][^>]*>")
        return [
            found
            for frame in self.slack.frames
            for found in live.findall(frame.text)
            if frame.kind in ("post", "edit") and self._is_own(frame.ts)
        ]

    def _is_own(self, ts: str) -> bool:
        return any(call.ts == ts for call in self.slack.calls if call.method == "chat.postMessage")


class DiscordPlace(Place):
    name = "discord"

    def __init__(self) -> None:
        self.discord = Discord()
        self.guild = self.discord.add_guild("Sandbox")
        self.channel = self.discord.add_channel(self.guild, "general")
        self.person = self.discord.add_user("Ada")
        self.said: list[str] = []
        self.sessions = 0
        self.answers = DiscordReplies.THREAD
        self.archive_minutes = ArchiveMinutes.DAY

    def settings(self, dify: Dify, database: str) -> Settings:
        return Settings(
            dify_api_url=dify.url,
            dify_api_key=SecretStr(dify.key),
            bridge_config=self.bridge_config,
            dify_max_streams=self.most_streams,
            discord_bot_token=SecretStr(self.discord.token),
            discord_api_url=self.discord.url,
            discord_replies=self.answers,
            discord_archive_minutes=self.archive_minutes,
            database_url=SecretStr(database),
            dify_retry_for=self.retry_seconds,
            recover_max_age=self.max_age_seconds,
            busy=self.busy,
            language=self.language,
            drain_seconds=self.drain_seconds,
        )

    async def __aenter__(self) -> Self:
        await self.discord.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.discord.close()

    async def connected(self) -> None:
        await self.discord.wait_for(lambda: self.discord.identifies + self.discord.resumes > self.sessions)
        self.sessions = self.discord.identifies + self.discord.resumes

    def speak(self, locale: str) -> None:
        self.discord.set_locale(self.guild, locale)
        self.person = self.discord.add_user("Ada", locale=locale)

    async def ask(self, text: str, *, person: str = "") -> str:
        return await self._say(self.channel, f"<@{self.discord.bot_id}> {text}", person)

    async def ask_in(self, thread: str, text: str, *, person: str = "") -> None:
        await self._say(thread, f"<@{self.discord.bot_id}> {text}", person)

    async def call(self, thread: str, called: str, text: str, *, person: str = "") -> None:
        await self._say(thread, f"<@{called}> {text}", person)

    async def say(self, thread: str, text: str, *, person: str = "") -> None:
        await self._say(thread, text, person)

    @property
    def mention(self) -> str:
        return f"<@{self.discord.bot_id}>"

    async def change(self, thread: str, said: str, now: str) -> None:
        one = self._spoken(thread, said)
        await self.discord.edit(one.id, one.content.replace(said, now))

    async def take_back(self, thread: str, said: str) -> None:
        await self.discord.remove(self._spoken(thread, said).id)

    async def unfurl(self, thread: str, said: str) -> None:
        await self.discord.unfurl(self._spoken(thread, said).id)

    def _spoken(self, thread: str, said: str) -> DiscordMessage:
        """What began a thread stands in its channel."""
        messages = [one for place in (self.channel, thread) for one in self._standing(place)]
        spoken = [one for one in messages if one.content.endswith(said)]
        return [one for one in spoken if one.author_id != self.discord.bot_id][-1]

    async def say_in_channel(self, text: str) -> str:
        return await self._say(self.channel, text)

    async def tell(self, text: str) -> str:
        channel = self.discord.open_dm(self.person)
        await self._say(channel, text)
        return channel

    async def ask_where_threads_have_names(self, text: str) -> str:
        return await self.ask(text)

    async def say_as_bot(self, thread: str, text: str) -> None:
        await self.discord.say(thread, self.person, f"<@{self.discord.bot_id}> {text}", bot=True)

    async def attach(self, text: str) -> str:
        said = f"<@{self.discord.bot_id}> {text}".strip()
        files = (DiscordFile("notes.txt", "text/plain", b"notes"),)
        return await self.discord.say(self.channel, self.person, said, attachments=files)

    async def attach_file(
        self,
        text: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        voice: bool = False,
        mention: bool = True,
    ) -> str:
        """A voice message has no text, so it mentions the bot as a reply to it does."""
        said = f"<@{self.discord.bot_id}> {text}".strip() if mention else text
        file = DiscordFile(name, media_type, data)
        self.said.append(
            await self.discord.say(
                self.channel,
                self.person,
                "" if voice else said,
                mention_bot=mention if voice else None,
                attachments=(file,),
                voice=voice,
            )
        )
        return self.said[-1]

    async def attach_files(self, text: str, files: Sequence[Given]) -> str:
        said = f"<@{self.discord.bot_id}> {text}".strip()
        sent = [DiscordFile(one.name, one.media_type, one.data) for one in files]
        return await self.discord.say(self.channel, self.person, said, attachments=sent)

    def lose_files(self) -> None:
        self.discord.files_readable = False

    def refuse_files(self) -> None:
        """That is so in every server that nobody has boosted."""

    def fetched(self) -> int:
        return len(self.discord.files_asked_for)

    def buttons(self, thread: str) -> list[str]:
        return [
            button.label
            for message in self._messages(thread)
            for button in message.buttons
            if not button.disabled
        ]

    async def press(self, thread: str, label: str, *, person: str = "") -> None:
        """What was whispered is looked at first: its buttons are the newest."""
        who = person or self.person
        shown: list[DiscordMessage | DiscordWhisper] = [
            *self._messages(thread),
            *self.discord.whispers(who),
        ]
        named = [one.id for one in shown if any(button.label == label for button in one.buttons)]
        assert named, f"no button {label!r} among {self.buttons(thread)}"
        await self._seen(await self.discord.press(named[-1], label, who))

    def form(self) -> ShownForm | None:
        modal = self.discord.modal(self.person)
        if modal is None:
            return None
        labels = tuple(field.label for field in modal.fields)
        return ShownForm(modal.title, labels, tuple(field.value for field in modal.fields))

    async def form_again(self) -> str:
        """No form follows another one by itself: it has a button that only the person sees."""
        await self.discord.wait_for(lambda: bool(self._offers()))
        whisper, label = self._offers()[-1]
        await self._seen(await self.discord.press(whisper, label, self.person))
        modal = self.discord.modal(self.person)
        return modal.text if modal is not None else ""

    def _offers(self) -> list[tuple[str, str]]:
        """The buttons that only the default person sees, by their messages."""
        whispers = self.discord.whispers(self.person)
        return [(one.id, button.label) for one in whispers for button in one.buttons]

    async def fill(self, values: Mapping[str, str]) -> None:
        """Page by page: whatever is asked for on a later one is filled in there."""
        left = dict(values)
        while (form := self.form()) is not None:
            await self._seen(
                await self.discord.submit(
                    self.person, {label: left.pop(label) for label in form.labels if label in left}
                )
            )
            if not left:
                return
            whisper = self.discord.whispers(self.person)[-1]
            await self._seen(await self.discord.press(whisper.id, whisper.buttons[0].label, self.person))
        raise AssertionError(f"no form is open to fill in {sorted(left)}")

    async def command(self, channel: str, name: str, *, person: str = "", **values: str) -> str:
        """Use a slash command, which is offered there soon. Waits until whoever did sees what came of it;
        gives the interaction's id."""
        await self._offered()
        used = await self.discord.apps.use(channel, person or self.person, name, **values)
        await self._seen(used)
        return used

    async def command_on(self, message: str, *, person: str = "") -> str:
        """The same with the one command that the menu of a message has."""
        await self._offered()
        used = await self.discord.apps.use_on(message, person or self.person, ABOUT_COMMAND)
        await self._seen(used)
        return used

    async def _offered(self) -> None:
        await self.discord.wait_for(lambda: bool(self.discord.apps.registered()))

    async def _seen(self, interaction: str) -> None:
        def is_over() -> bool:
            (one,) = [one for one in self.discord.interactions if one.id == interaction]
            assert not one.failed, f"this interaction failed: {one}"
            return bool(one.answer)

        await self.discord.wait_for(is_over)

    def told(self, person: str = "") -> list[str]:
        """Each ends with where it was asked what this is about."""
        messages = self._messages(self.discord.open_dm(person or self.person))
        told = [message.content.splitlines() for message in messages]
        assert all(len(lines) == 2 and lines[1].startswith("https://discord.com/channels/") for lines in told)
        return [lines[0] for lines in told]

    @property
    def names(self) -> Mapping[str, str]:
        return {
            "person": f"discord:{self.person}",
            "channel": f"discord:channel/{self.channel}",
            "workspace": f"discord:server/{self.guild}",
            "everybody": "discord:*",
        }

    def group_of(self, person: str) -> str:
        role = self.discord.add_role(self.guild, "somebody's own")
        self.discord.give_role(self.guild, role, person)
        return f"discord:role/{role}"

    @property
    def threads(self) -> int:
        return len(self.discord.threads(self.channel))

    def whispers_to(self, person: str) -> list[str]:
        return [one.content for one in self.discord.whispers(person)]

    def whispers(self) -> list[str]:
        return [one.content for one in self.discord.whispers(self.person)]

    def files(self, thread: str) -> list[tuple[str, bytes]]:
        return [
            (file.name, file.content)
            for message in self._messages(thread)
            for file in self.discord.files(message.id)
        ]

    def thread_name(self, thread: str) -> str:
        return next(one.name for one in self.discord.threads(self.channel) if one.id == thread)

    def another_person(self) -> str:
        return self.discord.add_user("Bob")

    def _messages(self, thread: str) -> list[DiscordMessage]:
        """The bot's, in a thread that is there."""
        return [one for one in self._standing(thread) if one.author_id == self.discord.bot_id]

    def _standing(self, thread: str) -> list[DiscordMessage]:
        try:
            return self.discord.messages(thread)
        except KeyError:
            return []

    async def _say(self, channel: str, text: str, person: str = "") -> str:
        self.said.append(await self.discord.say(channel, person or self.person, text))
        return self.said[-1]

    async def redeliver(self) -> None:
        for message in self.said:
            await self.discord.redeliver(message)

    def replies(self, thread: str) -> list[str]:
        return [message.content for message in self._messages(thread) if message.content]

    def marked(self, thread: str) -> list[str]:
        return [message.content for message in self.discord.messages(thread) if message.reactions]

    def states(self, thread: str) -> list[str]:
        bot = self.discord.bot_id
        return [
            frame.text for frame in self.discord.frames if frame.channel == thread and frame.author == bot
        ]

    async def lose_connection(self) -> None:
        await self.discord.cut()

    def refuse_next(self, *, times: int) -> None:
        self.discord.fail("PATCH", "/channels/{id}/messages/{id}", 502, times=times)

    @property
    def too_fast(self) -> int:
        return sum(call.status == 429 for call in self.discord.calls)

    @property
    def pings(self) -> list[str]:
        everywhere = [self.channel, *(thread.id for thread in self.discord.threads(self.channel))]
        bot = self.discord.bot_id
        return [
            ping
            for channel in everywhere
            for message in self.discord.messages(channel)
            if message.author_id == bot
            for ping in message.pings
        ]
