"""The calls of Slack's Web API that show something beside the answers: views, whispers, suggestions, and the
message at the head of a thread that a command begins. Raises `PlatformError` kinds only."""

from collections.abc import Sequence

from adapters.slack.buttons import label
from adapters.slack.faults import translated
from adapters.slack.fields import Json
from adapters.slack.pacing import Pace
from adapters.slack.posts import NO_KEY
from adapters.slack.render import Rendered
from adapters.slack.web import SlackWeb
from bridge.types import MessageRef, Thread

# Of the 100 a minute that Slack allows for each of these methods, of 50 for sessions, and of about one a
# second in each channel for posts; the rest is the budget's (`web.PER_MINUTE`).
CALLS_PER_MINUTE = 90
WHISPERS_PER_MINUTE = 50
SESSIONS_PER_MINUTE = 10
POSTS_PER_MINUTE = 5
# What opens a form is good for three seconds. All else may be late.
VIEW_WITHIN_SECONDS = 0.5
WITHIN_SECONDS = 60.0
MOST_PROMPTS = 4
PROMPT_LIMIT = 2_000
# Pacing remembers so many channels.
MOST_CHANNELS = 1_000


class Asides:
    """Those of one workspace."""

    def __init__(self, web: SlackWeb) -> None:
        self._web = web
        self._opening, self._updating = Pace(CALLS_PER_MINUTE), Pace(CALLS_PER_MINUTE)
        self._publishing, self._suggesting = Pace(CALLS_PER_MINUTE), Pace(CALLS_PER_MINUTE)
        self._whispering, self._releasing = Pace(WHISPERS_PER_MINUTE), Pace(SESSIONS_PER_MINUTE)
        self._posting: dict[str, Pace] = {}

    async def open_view(self, trigger: str, view: Json) -> None:
        await self._opening.turn(VIEW_WITHIN_SECONDS, "views.open")
        await self._web.open_view(trigger, view)

    async def update_view(self, view_id: str, view: Json) -> None:
        await self._updating.turn(WITHIN_SECONDS, "views.update")
        await self._web.update_view(view_id, view)

    async def publish_home(self, user: str, view: Json) -> None:
        """Let somebody see this view as the bot's Home tab."""
        await self._publishing.turn(WITHIN_SECONDS, "views.publish")
        with translated("views.publish"):
            await self._web.client.views_publish(user_id=user, view=dict(view))

    async def suggest(self, channel: str, thread_ts: str, title: str, prompts: Sequence[str]) -> None:
        """Let these be suggested in the messages tab, or in a thread of the older assistant view."""
        await self._suggesting.turn(WITHIN_SECONDS, "assistant.threads.setSuggestedPrompts")
        with translated("assistant.threads.setSuggestedPrompts"):
            await self._web.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel,
                thread_ts=thread_ts or None,
                title=title,
                # Chosen, it is sent in somebody's name: nothing in it may mention anybody.
                prompts=[
                    {"title": label(prompt), "message": label(prompt, PROMPT_LIMIT)}
                    for prompt in prompts[:MOST_PROMPTS]
                ],
            )

    async def release(self, thread: Thread) -> None:
        """The bot works no longer in this thread."""
        await self._releasing.turn(WITHIN_SECONDS, "agents.sessions.setStatus")
        await self._web.release_session(thread)

    async def post(self, channel: str, thread_ts: str, rendered: Rendered) -> MessageRef:
        """Put a message of the bot's into a channel, or into a thread there, that is no answer."""
        await self._posting_in(channel).turn(WITHIN_SECONDS, "chat.postMessage")
        thread = Thread("", self._web.team_id, channel, thread_ts)
        return await self._web.post(thread, rendered, NO_KEY)

    async def whisper(self, answer_url: str, channel: str, thread_ts: str, user: str, text: str) -> None:
        """Tell somebody, and nobody else, some Markdown: at the address that came with what they did, if one
        did."""
        if self._web.takes_answers(answer_url):
            await self._web.answer(answer_url, thread_ts, text)
            return
        await self._whispering.turn(WITHIN_SECONDS, "chat.postEphemeral")
        await self._web.whisper(channel, thread_ts, user, text)

    def _posting_in(self, channel: str) -> Pace:
        if channel not in self._posting and len(self._posting) >= MOST_CHANNELS:
            self._posting.pop(next(iter(self._posting)))
        return self._posting.setdefault(channel, Pace(POSTS_PER_MINUTE))
