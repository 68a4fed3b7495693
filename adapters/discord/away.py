"""Where the bot is not itself: answers that live in an interaction.

People take the bot along into servers it is not a member of, and into their own conversations. There it can
only answer the interactions that reach it, each by a token of its own: the first answer, at most five more
messages, and edits of them, for a quarter of an hour. Each question there is a thread of its own, which bears
the interaction's name; a button below its answer gives it a new token. Tokens are secrets and are kept here
and nowhere else, so that they end with the process: what was shown by then stays, and the rest is lost.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from adapters.discord import render
from adapters.discord.buttons import rows
from adapters.discord.files import FILE_LIMIT_BYTES, plain_file
from adapters.discord.interactions import Interaction, whisper
from adapters.discord.places import AWAY
from adapters.discord.webhooks import ORIGINAL, Ticket, Webhooks, changed, shown, ticket_of
from bridge.errors import MessageGone, NotAllowed
from bridge.types import Body, File, Lane, MessageRef, Thread

# discord.com/developers, "Followup Messages": so much, of a bot that is there only for one person.
MOST_FOLLOW_UPS = 5
# For so long Discord takes something, a little less than it says.
TOKEN_SECONDS = 890.0
# So many answers at once; beyond them, the oldest ends early.
MOST_KEPT = 2_000


@dataclass(slots=True)
class _Seat:
    """What is known of one interaction. `promised` says that its first answer has been announced and not been
    given, `original` which message that is, and `until` is on the clock of the loop."""

    ticket: Ticket
    thread: Thread
    until: float
    private: bool
    promised: bool
    original: str = ""
    left: int = MOST_FOLLOW_UPS


class Away:
    """All that lives in interactions. `clock` tells seconds, `webhooks` gives what the calls are made by."""

    def __init__(self, clock: Callable[[], float], webhooks: Callable[[], Webhooks]) -> None:
        self._clock = clock
        self._webhooks = webhooks
        self._seats: OrderedDict[str, _Seat] = OrderedDict()
        self._speaking: dict[str, str] = {}

    def begin(self, one: Interaction, place: Thread, *, promised: bool) -> Thread:
        """A thread that lives in this interaction."""
        thread = replace(place, id=f"{AWAY}{one.id}")
        self._sit(one, thread, promised=promised)
        return thread

    def renew(self, one: Interaction) -> None:
        """Something below an answer was pressed: its thread has another quarter of an hour."""
        if not one.away or not one.below or one.place is None:
            return
        before = self._seats.get(one.below)
        # A button of before a restart still tells which thread it belongs to.
        thread = before.thread if before is not None else replace(one.place, id=f"{AWAY}{one.below}")
        self._sit(one, thread, promised=False)

    async def post(self, thread: Thread, body: Body) -> MessageRef:
        """See `bridge.ports.Adapter`. The first answer is given where it was announced."""
        name, seat = self._speaking_in(thread)
        content, below = render.render(body), rows(body.buttons)
        if seat.promised:
            id_ = await self._webhooks().edit(seat.ticket, ORIGINAL, changed(content, below))
            seat.promised, seat.original = False, id_
        else:
            _take_one(seat)
            message = shown(content, below, private=seat.private)
            id_ = await self._webhooks().follow_up(seat.ticket, message)
            seat.left -= 1
        return MessageRef(name, id_)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        seat = self._seat(ref.channel)
        payload = changed(render.render(body), rows(body.buttons))
        await self._webhooks().edit(seat.ticket, _path(seat, ref), payload)

    async def delete(self, ref: MessageRef) -> None:
        seat = self._seat(ref.channel)
        await self._webhooks().delete(seat.ticket, _path(seat, ref))

    async def send_file(self, thread: Thread, file: File) -> None:
        _, seat = self._speaking_in(thread)
        _take_one(seat)
        await self._webhooks().send_file(seat.ticket, plain_file(file), private=seat.private)
        # A file that comes first takes the place of what was announced.
        seat.left -= not seat.promised
        seat.promised = False

    async def whisper(self, thread: Thread, text: str) -> None:
        """See `bridge.ports.Whispers`. What was announced and is not answered vanishes."""
        _, seat = self._speaking_in(thread)
        if seat.promised:
            await self._webhooks().delete(seat.ticket, ORIGINAL)
            seat.promised = False
        _take_one(seat)
        await self._webhooks().follow_up(seat.ticket, whisper(text))
        seat.left -= 1

    def file_limit(self) -> int:
        return FILE_LIMIT_BYTES

    def lane(self, thread: Thread) -> Lane:
        """What the next message of this thread spends from."""
        return self._webhooks().lane(self._speaking.get(thread.id, ""))

    def edit_lane(self, ref: MessageRef) -> Lane:
        return self._webhooks().lane(ref.channel.removeprefix(AWAY))

    def _sit(self, one: Interaction, thread: Thread, *, promised: bool) -> None:
        until = self._clock() + TOKEN_SECONDS
        self._seats[one.id] = _Seat(ticket_of(one), thread, until, one.hidden, promised)
        self._speaking[thread.id] = one.id
        while len(self._seats) > MOST_KEPT or next(iter(self._seats.values())).until <= self._clock():
            _, gone = self._seats.popitem(last=False)
            if self._speaking.get(gone.thread.id) == gone.ticket.interaction:
                del self._speaking[gone.thread.id]

    def _speaking_in(self, thread: Thread) -> tuple[str, _Seat]:
        """The channel of the next message in this thread, and what it is said by."""
        name = f"{AWAY}{self._speaking.get(thread.id, '')}"
        return name, self._seat(name)

    def _seat(self, name: str) -> _Seat:
        seat = self._seats.get(name.removeprefix(AWAY))
        if seat is None or seat.until <= self._clock():
            raise MessageGone("the time in which this could be answered is over")
        return seat


def _take_one(seat: _Seat) -> None:
    if not seat.promised and seat.left <= 0:
        raise NotAllowed("nothing more can be said to this interaction")


def _path(seat: _Seat, ref: MessageRef) -> str:
    return ORIGINAL if ref.id == seat.original else ref.id
