"""One question in hand: who asks what where, which app answers, and what has come so far."""

import asyncio
from dataclasses import dataclass, field

from bridge.dify import AppFile, DifyClient, Source
from bridge.notes import Notes
from bridge.ports import Adapter
from bridge.reply import Hold, Reply
from bridge.routes import AppConfig
from bridge.store import Job
from bridge.types import Button, Message
from bridge.words import say

ANSWERED = "answered"
# As long as somebody hardly notices.
LANGUAGE_WITHIN_SECONDS = 0.5


@dataclass(slots=True)
class Told:
    """What has been heard so far, so that it is kept however the turn ends. `lead` stands above the answer,
    `notices` below it, at last those of what was `refused` of the question; `outcome` is for the books.
    `title` is what the thread is to be called from now on, `locale` the language of whoever asked, as far as
    that is known by now, and `finding` ends when it is. `unsaid` are notices that stand when the answer
    begins anew."""

    lead: str = ""
    text: str = ""
    notices: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    outcome: str = ANSWERED
    files: tuple[AppFile, ...] = ()
    sources: tuple[Source, ...] = ()
    buttons: list[Button] = field(default_factory=list)
    title: str = ""
    locale: str = ""
    unsaid: tuple[str, ...] = ()
    finding: asyncio.Task[None] | None = None

    def begin_anew(self) -> None:
        """Nothing has been heard yet."""
        self.lead = self.text = self.title = ""
        self.notices, self.refused, self.buttons = [*self.unsaid], [], []
        self.files, self.sources = (), ()
        self.outcome = ANSWERED

    @property
    def shown(self) -> str:
        return self.lead + self.text

    async def language_known(self) -> None:
        """Give the language a moment to be known, where there is nothing to read but our own sentences."""
        if self.finding is not None:
            await asyncio.wait({self.finding}, timeout=LANGUAGE_WITHIN_SECONDS)

    def say(self, sentence: str, **values: object) -> str:
        """A sentence of the catalogue, for whoever asked."""
        return say(sentence, self.locale, **values)

    def note(self, sentence: str, **values: object) -> None:
        """Let it stand below the answer."""
        self.notices.append(self.say(sentence, **values))


@dataclass(frozen=True, slots=True)
class Scene:
    """`user` is the end user under whom a conversation would begin now; `attempt` counts how often the answer
    was begun anew, as its question was edited."""

    adapter: Adapter
    job: Job
    hold: Hold
    config: AppConfig
    dify: DifyClient
    notes: Notes
    reply: Reply
    told: Told
    user: str
    attempt: int = 0

    @property
    def key(self) -> str:
        """The name of the reply."""
        return key_of(self.job.message)

    @property
    def files_key(self) -> str:
        """What the names of its files begin with: other ones in each attempt, as they are other files."""
        return f"{self.key}.{self.attempt % 10}" if self.attempt else self.key


def key_of(message: Message) -> str:
    """The part of a message's name that is unique in its channel; that of either platform is shorter."""
    return message.id.rpartition(":")[2][:20]
