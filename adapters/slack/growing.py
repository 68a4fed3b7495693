"""Messages as they grow: by edits or as native streams, and whichever call brings each to its next body."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum

from adapters.slack import render
from adapters.slack.events import DIRECT_MESSAGE, Asker
from adapters.slack.faults import BlocksRefused, NoStreams, StillStreaming, StreamFull, StreamGone
from adapters.slack.lately import bound
from adapters.slack.render import Rendered
from adapters.slack.sessions import Sessions
from adapters.slack.streams import Chunk, Move, Stream, Streams
from adapters.slack.web import SlackWeb
from bridge.errors import NotAllowed, PlatformDown, TryOtherwise
from bridge.types import Body, Lane, Message, MessageRef, Thread

log = logging.getLogger(__name__)

# Who asked last is remembered for so many threads, and so are threads that refused a stream.
REMEMBERED_THREADS = 10_000


class Streaming(StrEnum):
    """How replies grow: natively in direct messages and by edits in channels, natively everywhere, or by
    edits. In a channel, only the person who asked sees native text grow; the others see it when it is whole.
    """

    AUTO = "auto"
    NATIVE = "native"
    EDIT = "edit"


class Growing:
    """The messages of all threads, and what is known of each that still grows."""

    def __init__(self, streaming: Streaming, stream_lifetime_seconds: float, sessions: Sessions) -> None:
        self._streaming = streaming
        self._sessions = sessions
        # Whether this Slack takes its own pair of thumbs.
        self._thumbs = True
        self._streams = Streams(stream_lifetime_seconds)
        self._askers: OrderedDict[str, Asker] = OrderedDict()
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._doubtful: OrderedDict[str, Stream] = OrderedDict()
        # Streams do not carry the key of their post before they end.
        self._unmarked: OrderedDict[MessageRef, str] = OrderedDict()

    def remember(self, message: Message, asker: Asker) -> None:
        """Who asked last in a thread that the bot takes part in; other people's threads do not matter."""
        key = message.thread.key
        if message.addressed or key in self._askers:
            self._askers[key] = asker
            self._askers.move_to_end(key)
            bound(self._askers, REMEMBERED_THREADS)

    async def post(self, web: SlackWeb, thread: Thread, body: Body, key: str) -> MessageRef:
        """See `bridge.ports.Adapter`."""
        with self._plainer(body):
            ref = await web.post(thread, self.rendered(body), key)
        self._sessions.answered(thread)
        return ref

    async def edit(self, web: SlackWeb, ref: MessageRef, body: Body) -> None:
        """See `bridge.ports.Adapter`."""
        with self._plainer(body):
            await self._edit(web, ref, body)

    def rendered(self, body: Body) -> Rendered:
        """What a message shows, as far as this Slack takes it."""
        return render.render(body, thumbs=self._thumbs)

    def edit_lanes(self, web: SlackWeb, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        match self._streams.move(ref, body, _now()):
            case Move.APPEND:
                return (web.lane("chat.appendStream"),)
            case Move.STOP:
                return (web.lane("chat.stopStream"),)
            case Move.STOP_AND_UPDATE:
                return web.lane("chat.update"), web.lane("chat.stopStream")
            case Move.UPDATE:
                return (web.lane("chat.update"),)

    async def delete(self, web: SlackWeb, ref: MessageRef) -> None:
        await web.delete(ref)
        self._streams.end(ref)
        self._unmarked.pop(ref, None)

    async def find(
        self, web: SlackWeb, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`. One without a key is a stream that was begun and not ended."""
        found = await web.find(thread, key, since, known)
        stream = self._doubtful.pop(key, None)
        if found is None:
            return None
        ref = MessageRef(thread.channel, found.ts, thread.workspace)
        if not found.marked:
            self._begun(thread, ref, key)
            if stream is None or stream.text != found.text:
                stream = Stream(_now(), broken=True)
            self._streams.put(ref, stream)
        return ref

    async def stream(self, web: SlackWeb, thread: Thread, body: Body, key: str) -> MessageRef:
        """See `bridge.ports.Streams`."""
        stream, chunks = Stream(_now()).grown(body)
        try:
            ref = await web.start_stream(thread, chunks, self._askers.get(thread.key))
        except PlatformDown:
            self._doubtful[key] = stream
            bound(self._doubtful, REMEMBERED_THREADS)
            self._sessions.inherit(thread)
            raise
        except NoStreams as error:
            log.warning("Slack: no native streams here, replies grow by edits: %s", error)
            self._streaming = Streaming.EDIT
            raise TryOtherwise(str(error)) from error
        except NotAllowed as error:
            self._refused[thread.key] = None
            bound(self._refused, REMEMBERED_THREADS)
            raise TryOtherwise(str(error)) from error
        self._begun(thread, ref, key)
        self._streams.put(ref, stream)
        return ref

    def may_stream(self, thread: Thread) -> bool:
        """See `bridge.ports.Streams`. In a channel, Slack wants to know for whom the text grows."""
        if self._streaming is Streaming.EDIT or thread.key in self._refused:
            return False
        return thread.channel.startswith(DIRECT_MESSAGE) or (
            self._streaming is Streaming.NATIVE and thread.key in self._askers
        )

    def may_have_streamed(self, thread: Thread) -> bool:
        """Whether an earlier process may have begun a stream there."""
        return thread.channel.startswith(DIRECT_MESSAGE) or self._streaming is Streaming.NATIVE

    def streaming(self, ref: MessageRef) -> bool:
        return self._streams.get(ref) is not None

    def worn(self, ref: MessageRef) -> bool:
        return self._streams.worn(ref, _now())

    async def _edit(self, web: SlackWeb, ref: MessageRef, body: Body) -> None:
        stream = self._streams.get(ref)
        try:
            match self._streams.move(ref, body, _now()):
                case Move.APPEND if stream is not None:
                    await self._append(web, ref, stream, body)
                case Move.STOP if stream is not None:
                    has_text = bool(render.streamed(body))
                    below = render.blocks_below(body, has_text=has_text, thumbs=self._thumbs)
                    await self._stop(web, ref, stream.grown(body)[1], below)
                case Move.STOP_AND_UPDATE:
                    await self._stop(web, ref, (), ())
                    await web.update(ref, self.rendered(body))
                case _:
                    await web.update(ref, self.rendered(body), self._unmarked.get(ref))
                    self._unmarked.pop(ref, None)
        except StreamGone as error:
            self._streams.end(ref)
            raise TryOtherwise(str(error)) from error
        except (StreamFull, StillStreaming) as error:
            self._streams.put(ref, replace(stream or Stream(_now()), broken=True))
            raise TryOtherwise(str(error)) from error

    async def _append(self, web: SlackWeb, ref: MessageRef, stream: Stream, body: Body) -> None:
        grown, chunks = stream.grown(body)
        if not chunks:
            return
        try:
            await web.append_stream(ref, chunks)
        except (PlatformDown, asyncio.CancelledError):
            # Nobody knows whether the text is there; appended again, it might be there twice.
            self._streams.put(ref, replace(stream, broken=True))
            raise
        self._streams.put(ref, grown)

    async def _stop(
        self, web: SlackWeb, ref: MessageRef, chunks: Sequence[Chunk], blocks: Sequence[Chunk]
    ) -> None:
        await web.stop_stream(ref, chunks, blocks, self._unmarked.get(ref, ""))
        self._unmarked.pop(ref, None)
        self._streams.end(ref)
        self._sessions.ended(ref)

    @contextmanager
    def _plainer(self, body: Body) -> Iterator[None]:
        """Where Slack refuses what stands in the message, and it could be plainer: not like this again."""
        try:
            yield
        except BlocksRefused as error:
            if not self._thumbs or self.rendered(body) == render.render(body, thumbs=False):
                raise
            log.warning("Slack: its own thumbs are not taken here, plain buttons stand for them: %s", error)
            self._thumbs = False
            raise TryOtherwise(str(error)) from error

    def _begun(self, thread: Thread, ref: MessageRef, key: str) -> None:
        self._sessions.began(thread, ref)
        self._unmarked[ref] = key
        bound(self._unmarked, REMEMBERED_THREADS)


def _now() -> float:
    return asyncio.get_running_loop().time()
