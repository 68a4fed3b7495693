"""What every method works on: the workspace, what people see of it, and the events that leave it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sandbox.slack import blocks as kit
from sandbox.slack import payloads
from sandbox.slack.agents import Agents, Status
from sandbox.slack.delivery import Delivery
from sandbox.slack.files import Uploads
from sandbox.slack.interactions import Interactions
from sandbox.slack.rules import invalid
from sandbox.slack.state import Channel, Message, Workspace
from sandbox.slack.timeline import Timeline
from sandbox.slack.types import FrameKind, JsonObject

MENTIONED_IN = ("", "file_share", "thread_broadcast")  # subtypes of messages that can mention somebody
STATUS_SECONDS = 120.0  # assistant.threads.setStatus: "a two minute timeout applies"


@dataclass(slots=True)
class World:
    """`socket_url` issues the address for one more Socket Mode connection; `origin` is where all of it is;
    `installed` says whether the app is there.

    `stream_lifetime` is in seconds; without `strict_threads` a reply to a message that is gone is taken.
    """

    workspace: Workspace
    timeline: Timeline
    delivery: Delivery
    socket_url: Callable[[], str]
    origin: Callable[[], str]
    interactions: Interactions
    installed: Callable[[], bool]
    stream_lifetime: float
    strict_threads: bool
    statuses: dict[tuple[str, str], Status] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    agents: Agents = field(default_factory=Agents)
    refused_blocks: frozenset[str] = frozenset()
    uploads: Uploads = field(default_factory=Uploads)
    _mention_first: bool = field(default=False, init=False)
    _event_numbers: "count[int]" = field(default_factory=lambda: count(1), init=False)

    def now(self) -> float:
        """The clock that streams and statuses live by, in seconds."""
        return time.monotonic()

    def announce(
        self,
        event: JsonObject,
        *,
        event_id: str = "",
        envelope: JsonObject | None = None,
        gone: bool = False,
    ) -> str:
        """Send an event to the app, and return its id. `envelope` overrides fields around the event. Nothing
        is sent where the app is not installed, but that it is `gone`."""
        who = self.workspace.identity
        event_id = event_id or f"Ev{who.team_id[1:]}{next(self._event_numbers):04d}"
        payload = payloads.event_callback(who, event, event_id, int(time.time()))
        if gone or self.installed():
            self.delivery.offer(event_id, {**payload, **(envelope or {})})
        return event_id

    def add(self, channel: Channel, message: Message) -> None:
        """A message appears."""
        channel.messages[message.ts] = message
        if message.bot_id and message.thread_ts:
            self.statuses.pop((channel.id, message.thread_ts), None)
        self.show(channel, message, "post")

    def announce_message(self, channel: Channel, message: Message) -> None:
        self.announce(payloads.message_event(self.workspace.identity, channel, message))

    def announce_said(self, channel: Channel, message: Message) -> None:
        """Somebody wrote. A mention is two events with the same ts. Which comes first is anyone's guess, so
        it alternates."""
        if not channel.bot_is_member:
            return
        who = self.workspace.identity
        events = [payloads.message_event(who, channel, message)]
        mentioned = message.subtype in MENTIONED_IN and payloads.mentions(message.text, who.bot_user_id)
        if mentioned and channel.type != "im":
            events.append(payloads.app_mention(who, channel, message))
            if self._mention_first:
                events.reverse()
            self._mention_first = not self._mention_first
        for event in events:
            self.announce(event)

    def announce_change(self, channel: Channel, before: JsonObject, message: Message) -> None:
        who, ts = self.workspace.identity, self.workspace.new_ts()
        self.announce(payloads.message_changed(who, channel, before, message, ts))

    def remove(self, channel: Channel, message: Message) -> None:
        """A message disappears, and everyone hears of it. Of one with a thread, an empty place stays."""
        before = payloads.message(self.workspace.identity, channel, message)
        if channel.replies(message.ts):
            self._bury(channel, before, message)
            return
        del channel.messages[message.ts]
        self.timeline.seen(channel.id, message.ts, "", "delete")
        if channel.bot_is_member:
            self.announce(payloads.message_deleted(channel, before, self.workspace.new_ts()))

    def _bury(self, channel: Channel, before: JsonObject, message: Message) -> None:
        message.user, message.text, message.subtype = "USLACKBOT", "This message was deleted.", "tombstone"
        message.markdown, message.blocks, message.attachments, message.files = "", (), (), ()
        message.bot_id, message.edited_ts = "", ""
        message.reactions.clear()
        self.timeline.seen(channel.id, message.ts, "", "delete")
        if channel.bot_is_member:
            self.announce_change(channel, before, message)

    def show(self, channel: Channel, message: Message, kind: FrameKind) -> None:
        self.timeline.seen(channel.id, message.ts, message.visible, kind)

    def status(self, channel: str, thread_ts: str) -> str:
        """What stands under the thread now, such as "is thinking...", or nothing."""
        status = self.statuses.get((channel, thread_ts))
        return status.text if status is not None and self.now() - status.since < STATUS_SECONDS else ""

    def check_blocks(self, blocks: tuple[JsonObject, ...]) -> None:
        """As Slack does, and also refuse the kinds that this workspace does not have."""
        kit.check(blocks)
        for index, block in enumerate(blocks):
            if block["type"] in self.refused_blocks:
                raise invalid(f"unsupported type: {block['type']}", f"/blocks/{index}/type")
