"""Slack, as the visitor of the page sees and uses it."""

import html
import time
from dataclasses import replace

from sandbox.page.files import attached
from sandbox.page.view import BOT, FAILED, Input, Pane, Pressable, Refused, Said, Sheet, Upload
from sandbox.playground import Playground
from sandbox.slack import Interaction, SlackFile, SlackInput, SlackMessage, SlackView, Whisper
from sandbox.slack.blocks import visible
from sandbox.slack.elements import SIDES, pressable

# Slack itself gives an app three seconds.
HEARD_WITHIN_SECONDS = 4.0
STOP_STREAM = "stop-stream"
# In a channel. Slack has no commands in threads.
COMMAND = "/dify"
VISITOR = "Ada"
_KINDS = {"number_input": "number", "static_select": "choice", "checkboxes": "check"}


class SlackSide:
    """See `sandbox.page.view.Side`."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._slack = playground.slack
        self._channel = playground.slack_channel
        self._person = playground.slack_person

    def pane(self) -> Pane:
        whispers = self._slack.whispers(self._person)
        opening = [
            (float(root.ts), self._thread(root, [one for one in whispers if one.thread_ts == root.ts]))
            for root in self._slack.messages(self._channel)
        ]
        opening += [_whispered(one) for one in whispers if not one.thread_ts]
        said = tuple(one for _, one in sorted(opening, key=lambda timed: timed[0]))
        view = self._slack.view(self._person)
        return Pane(said, _sheet(view) if view is not None else None)

    def file(self, message: str, number: int) -> tuple[str, bytes] | None:
        for root in self._slack.messages(self._channel):
            for one in self._slack.messages(self._channel, root.ts):
                if one.ts == message and number < len(one.attached):
                    return one.attached[number].name, one.attached[number].content
        return None

    async def say(self, text: str, thread: str, files: tuple[Upload, ...]) -> None:
        given = tuple(
            SlackFile(one.name, one.media_type, one.content, "slack_audio" if one.voice else "")
            for one in files
        )
        command, _, rest = text.strip().partition(" ")
        if command == COMMAND and not (thread or given):
            await self._heard(await self._slack.command(self._channel, self._person, rest, command=command))
            return
        try:
            await self._playground.ask_slack(text, thread or None, given)
        except ValueError as error:
            raise Refused(str(error)) from error

    async def press(self, message: str, name: str) -> None:
        if name == STOP_STREAM:
            await self._stop_stream(message)
            return
        try:
            sent = await self._slack.press(message, name, self._person)
        except ValueError as error:
            raise Refused("This button is not there any more.") from error
        await self._heard(sent)

    async def submit(self, values: dict[str, str]) -> None:
        try:
            sent = await self._slack.submit(self._person, values)
        except ValueError as error:
            raise Refused(str(error)) from error
        await self._heard(sent)

    def dismiss(self) -> None:
        self._slack.dismiss(self._person)

    async def _stop_stream(self, message: str) -> None:
        """Slack's own button, of which the bot is told by an event."""
        try:
            await self._slack.stop_stream(self._channel, message, self._person)
        except ValueError as error:
            raise Refused("This answer does not grow any more.") from error

    async def _heard(self, sent: Interaction) -> None:
        interactions = self._slack.interactions
        try:
            await self._slack.wait_for(
                lambda: interactions[sent.id].acknowledged_after is not None, HEARD_WITHIN_SECONDS
            )
        except TimeoutError:
            raise Refused(FAILED) from None

    def _thread(self, root: SlackMessage, whispers: list[Whisper]) -> Said:
        first, *replies = self._slack.messages(self._channel, root.ts)
        timed = [(float(one.ts), self._said(one)) for one in replies]
        timed += [_whispered(one) for one in whispers]
        shown = tuple(said for _, said in sorted(timed, key=lambda one: one[0]))
        return replace(self._said(first), title=self._slack.title(self._channel, root.ts), replies=shown)

    def _said(self, message: SlackMessage) -> Said:
        text = _text(message).replace(f"<@{self._slack.bot_user_id}>", f"@{BOT}")
        text = text.replace(f"<@{self._person}>", f"@{VISITOR}")
        return Said(
            id=message.ts,
            bot=bool(message.bot_id),
            text=html.unescape(text),
            edited=message.edited,
            thread=message.thread_ts or message.ts,
            buttons=_buttons(message),
            files=tuple(
                attached("slack", message.ts, number, one.name, one.content)
                for number, one in enumerate(message.attached)
            ),
        )


def _text(message: SlackMessage) -> str:
    """What can be read, with small print marked as such: Slack shows context blocks in small letters."""
    if message.blocks and not visible(message.blocks) and message.text == message.raw:
        return ""
    small = [visible((block,)) for block in message.blocks if block.get("type") == "context"]
    text = message.text
    for line in small:
        before, found, after = text.rpartition(line)
        text = f"{before}\n\n-# {line}{after}" if found else text
    return text


def _buttons(message: SlackMessage) -> tuple[Pressable, ...]:
    """Slack's own pair of thumbs has one id for both, so all are named by what stands on them."""
    stop = (Pressable("Stop", STOP_STREAM, "danger"),) if message.streaming else ()
    return stop + tuple(
        Pressable(one.label, one.label, "plain", _THUMBS[one.style])
        if one.style in _THUMBS
        else Pressable(one.label, one.label, one.style or "plain")
        for one in pressable(message.blocks)
    )


def _whispered(whisper: Whisper) -> tuple[float, Said]:
    at = time.time() - (time.monotonic() - whisper.at)
    said = Said(f"whisper-{whisper.at}", True, html.unescape(whisper.text), False, whisper.thread_ts, True)
    return at, said


def _sheet(view: SlackView) -> Sheet:
    problems = dict(view.errors)
    inputs = tuple(_input(one, problems.get(one.block, "")) for one in view.inputs)
    return Sheet(view.id, view.title, html.unescape(view.text), view.submit or "Send", inputs)


def _input(one: SlackInput, problem: str) -> Input:
    kind = _KINDS.get(one.kind, "paragraph" if one.multiline else "text")
    return Input(one.label, kind, one.value, one.required, one.options, problem)


_THUMBS = dict(zip(SIDES, ("up", "down"), strict=True))
