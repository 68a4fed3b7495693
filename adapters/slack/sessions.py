"""That the bot is at work, as Slack shows it: a line under the thread before the first text, and the session
of an agent, which Slack shows at work for an hour unless it is released."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field

from adapters.slack.events import DIRECT_MESSAGE
from adapters.slack.faults import NoFeature, NoScope
from adapters.slack.lately import bound
from adapters.slack.web import SlackWeb
from bridge.types import Lane, MessageRef, Thread
from bridge.words import english, say

log = logging.getLogger(__name__)

REMEMBERED_THREADS = 10_000
# Of what the line turns through.
STEP_LIMIT_CHARACTERS = 50


@dataclass(slots=True)
class _Held:
    """What is shown in a thread: the `streams` that nobody has ended, a `line` that no message has taken
    away. `answered` says that there is a message to read; `session`, that one may be shown at work by
    whatever was there before."""

    streams: set[str] = field(default_factory=set)
    line: bool = False
    answered: bool = False
    session: bool = False


class Sessions:
    """Those of all threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._thread_of: OrderedDict[MessageRef, str] = OrderedDict()
        # Workspaces where there is no line, and where there are no sessions.
        self._lineless: set[str] = set()
        self._sessionless: set[str] = set()

    def shows(self, thread: Thread) -> bool:
        """Whether there is a line under this thread to be shown."""
        return thread.workspace not in self._lineless and thread.channel.startswith(DIRECT_MESSAGE)

    async def show(self, web: SlackWeb, thread: Thread, step: str, locale: str = "") -> None:
        """See `bridge.ports.ShowsWaiting`. Below a message, the line would only be in the way."""
        if not self._wanted(thread):
            return
        held = self._of(thread.key)
        # Before it is known: however the call ends, the line may stand there.
        held.line = True
        words = " ".join(step.split())[:STEP_LIMIT_CHARACTERS].rstrip()
        try:
            await web.show_status(thread, say(english.IS_THINKING, locale), (words,) if words else ())
        except (NoScope, NoFeature) as error:
            log.info("Slack: it is not shown that an answer is coming, as the app may not (%s)", error)
            self._lineless.add(thread.workspace)
            held.line = False
            raise
        finally:
            # A message that came meanwhile may have been before it.
            held.line = held.line or (held.answered and self.shows(thread))

    def show_lanes(self, web: SlackWeb, thread: Thread) -> tuple[Lane, ...]:
        return (web.lane("assistant.threads.setStatus"),) if self._wanted(thread) else ()

    def answered(self, thread: Thread) -> None:
        """A message stands in the thread, which has taken the line away."""
        held = self._of(thread.key)
        held.line, held.answered = False, True

    def began(self, thread: Thread, ref: MessageRef) -> None:
        """A stream has begun, and so has a session."""
        self.answered(thread)
        self._of(thread.key).streams.add(ref.id)
        self._thread_of[ref] = thread.key
        bound(self._thread_of, REMEMBERED_THREADS)

    def ended(self, ref: MessageRef) -> None:
        """Slack has taken the end of a stream, and released its session."""
        key = self._thread_of.pop(ref, "")
        if key in self._held:
            self._held[key].streams.discard(ref.id)

    def inherit(self, thread: Thread) -> None:
        """A session may be shown at work there, of which nothing is known."""
        self._of(thread.key).session = True

    async def release(self, web: SlackWeb, thread: Thread) -> None:
        """See `bridge.ports.HoldsSessions`."""
        held = self._held.get(thread.key)
        if held is None:
            return
        if self._at_work(thread, held):
            try:
                await web.release_session(thread)
            except (NoScope, NoFeature) as error:
                log.info("Slack: sessions of the agent are not released, as there are none (%s)", error)
                self._sessionless.add(thread.workspace)
            else:
                held.line = False
        if held.line:
            await web.show_status(thread, "")
        # Not before: what could not be released is still held.
        self._held.pop(thread.key, None)

    def release_lanes(self, web: SlackWeb, thread: Thread) -> tuple[Lane, ...]:
        held = self._held.get(thread.key)
        if held is None:
            return ()
        session = (web.lane("agents.sessions.setStatus"),) if self._at_work(thread, held) else ()
        return (*session, *((web.lane("assistant.threads.setStatus"),) if held.line else ()))

    def _at_work(self, thread: Thread, held: _Held) -> bool:
        return thread.workspace not in self._sessionless and (held.session or bool(held.streams))

    def _wanted(self, thread: Thread) -> bool:
        held = self._held.get(thread.key)
        return self.shows(thread) and not (held is not None and held.answered)

    def _of(self, key: str) -> _Held:
        held = self._held.setdefault(key, _Held())
        self._held.move_to_end(key)
        bound(self._held, REMEMBERED_THREADS)
        return held
