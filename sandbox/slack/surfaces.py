"""What people do and see in a Slack on loopback beside writing messages: commands, shortcuts, the Home tab,
the messages tab of an agent."""

from sandbox.slack import blocks as kit
from sandbox.slack import elements, payloads
from sandbox.slack.agents import Place, Prompts, Status
from sandbox.slack.interactions import Interactions
from sandbox.slack.rules import items
from sandbox.slack.state import Channel, Message, Workspace
from sandbox.slack.types import Interaction, SlackHome
from sandbox.slack.world import World


class Surfaces:
    """The surfaces of a stand-in, whose parts these are."""

    _workspace: Workspace
    _world: World
    _interactions: Interactions

    # --- what people do ---

    async def command(self, channel: str, user: str, text: str, *, command: str = "/dify") -> Interaction:
        """A person writes a command in a channel, whether or not the app is in it. Slack has none in
        threads."""
        return self._interactions.command(self._workspace.channels[channel], user, command, text)

    async def use_shortcut(self, channel: str, ts: str, callback_id: str, user: str) -> Interaction:
        """A person chooses one of the app's own actions in the menu of a message."""
        place = self._workspace.channels[channel]
        return self._interactions.use_shortcut(place, place.messages[ts], callback_id, user)

    async def open_home(self, user: str) -> str:
        """A person opens the app's Home tab; the id of the event."""
        return self._opened(user, "home", "", "")

    async def open_messages(self, user: str, *, looking_at: str = "", message_ts: str = "") -> str:
        """A person opens the agent's messages, with a channel, or a message in it, before them."""
        return self._opened(user, "messages", looking_at, message_ts)

    async def look_at(self, user: str, channel: str, message_ts: str = "") -> None:
        """A person with the agent's messages open looks at a channel, or a message in it; or at nothing."""
        context = payloads.entities(self._workspace.identity, channel, message_ts)
        place, ts = self._workspace.open_dm(user), self._workspace.new_ts()
        self._world.announce(payloads.context_changed(place, user, context, ts))

    async def begin_assistant_thread(self, user: str, *, looking_at: str = "") -> str:
        """A person begins a thread in the older assistant view; its `ts`."""
        place, who = self._workspace.open_dm(user), self._workspace.identity
        root = Message(
            self._workspace.new_ts(),
            who.bot_user_id,
            "New Assistant Thread",
            bot_id=who.bot_id,
            subtype="assistant_app_thread",
        )
        self._world.add(place, root)
        self._assistant_thread("started", place, root.ts, user, looking_at)
        return root.ts

    async def look_at_from(self, thread_ts: str, user: str, channel: str) -> None:
        """A person with a thread of the older assistant view open looks at a channel."""
        place = self._workspace.open_dm(user)
        self._assistant_thread("context_changed", place, thread_ts, user, channel)

    async def press_at_home(self, what: str, user: str) -> Interaction:
        """A person presses the button in the Home tab that has this label or action_id."""
        return self._interactions.press_at_home(what, user)

    async def stop_session(self, channel: str, thread_ts: str, user: str) -> str:
        """A person presses Stop in a thread where the agent seems to be at work; the id of the event."""
        ts = self._workspace.new_ts()
        return self._world.announce(
            {
                "type": "agent_session_stopped",
                "channel": channel,
                "user": user,
                "thread_ts": thread_ts,
                "streaming_message_ts": [],
                "event_ts": ts,
            }
        )

    # --- what people see ---

    def home(self, user: str) -> SlackHome | None:
        """What a person sees in the app's Home tab, once the app has published something."""
        opened = self._interactions.homes.get(user)
        if opened is None:
            return None
        blocks = items(opened.view.get("blocks"))
        return SlackHome(kit.visible(blocks), tuple(one.label for one in elements.pressable(blocks)))

    def loading(self, channel: str, thread_ts: str) -> tuple[str, ...]:
        """What the line under a thread turns through while the app is at work."""
        status = self._world.statuses.get((channel, thread_ts), Status(0.0, ""))
        return status.loading if self._world.status(channel, thread_ts) else ()

    def prompts(self, channel: str, thread_ts: str = "") -> Prompts:
        """What is suggested to ask in the messages tab, or in a thread of the older assistant view."""
        return self._world.agents.prompts.get((channel, thread_ts), Prompts("", ()))

    @property
    def hanging(self) -> list[Place]:
        """The threads, by channel and `ts`, in which the app seems to be at work."""
        return self._world.agents.hanging

    @property
    def sessions(self) -> dict[Place, str]:
        """The status of every session of the agent, by channel and `ts`."""
        return dict(self._world.agents.sessions)

    # --- what the workspace has ---

    @property
    def agents_available(self) -> bool:
        """Whether this workspace has agents."""
        return self._world.agents.available

    @agents_available.setter
    def agents_available(self, available: bool) -> None:
        self._world.agents.available = available

    @property
    def refused_blocks(self) -> frozenset[str]:
        """Kinds of blocks that this workspace does not take in messages."""
        return self._world.refused_blocks

    @refused_blocks.setter
    def refused_blocks(self, kinds: frozenset[str]) -> None:
        self._world.refused_blocks = kinds

    def _opened(self, user: str, tab: str, looking_at: str, message_ts: str) -> str:
        place, who, ts = self._workspace.open_dm(user), self._workspace.identity, self._workspace.new_ts()
        context = payloads.entities(who, looking_at, message_ts) if tab == "messages" else None
        home = self._interactions.homes.get(user) if tab == "home" else None
        kept = payloads.view(who, home.id, home.hash, home.view) if home is not None else None
        return self._world.announce(payloads.home_opened(place, user, tab, ts, context, kept))

    def _assistant_thread(
        self, kind: str, place: Channel, thread_ts: str, user: str, looking_at: str
    ) -> None:
        who, ts = self._workspace.identity, self._workspace.new_ts()
        event = payloads.assistant_thread(kind, who, place, thread_ts, user, looking_at, ts)
        self._world.announce(event)
