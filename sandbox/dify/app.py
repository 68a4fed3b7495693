"""One app as its server knows it: what it is, whom it talks with, and what it was sent."""

import time
import uuid
from collections.abc import Mapping
from itertools import chain

from sandbox.dify.human import Decision
from sandbox.dify.quirks import quirks_of
from sandbox.dify.records import (
    Annotation,
    Deleted,
    Heard,
    Rating,
    Renamed,
    Spoken,
    Stopped,
    Upload,
    VariableChange,
)
from sandbox.dify.replies import Replies
from sandbox.dify.setup import AppSetup
from sandbox.dify.types import Call, ChatRequest, Conversation, Script, Turn, Variable

CONVERSING = ("chat", "agent-chat", "agent", "advanced-chat")
FLOWS = ("advanced-chat", "workflow")
# The user of all who do not say who they are.
DEFAULT_USER = "DEFAULT-USER"


class App:
    """The state that all calls share. The lists grow in the order of arrival; `results` holds turns that
    belong to no conversation, by the user who asked. A stop is answered after `stop_seconds`."""

    def __init__(self, mode: str, version: str, key: str, name: str, script: Script, setup: AppSetup) -> None:
        self.id = str(uuid.uuid4())
        self.mode = mode
        self.version = version
        self.key = key
        self.name = name
        self.script = script
        self.setup = setup
        self.published = True
        self.api_enabled = True
        self.stop_seconds = 0.0
        self.quirks = quirks_of(version)
        self.replies = Replies(version, self.quirks)
        self.conversations: dict[str, Conversation] = {}
        self.results: list[Conversation] = []
        self.requests: list[ChatRequest] = []
        self.calls: list[Call] = []
        self.uploads: dict[str, Upload] = {}
        self.ratings: list[Rating] = []
        self.renamed: list[Renamed] = []
        self.deleted: list[Deleted] = []
        self.stopped: list[Stopped] = []
        self.suggested: list[str] = []
        self.variable_changes: list[VariableChange] = []
        self.annotations: list[Annotation] = []
        self.decisions: list[Decision] = []
        self.heard: list[Heard] = []
        self.spoken: list[Spoken] = []

    @property
    def converses(self) -> bool:
        """Whether it holds conversations."""
        return self.mode in CONVERSING

    @property
    def flow(self) -> bool:
        """Whether it runs a flow."""
        return self.mode in FLOWS

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns of all conversations; one that was asked twice is there twice."""
        return tuple(turn for conversation in self.conversations.values() for turn in conversation.turns)

    @property
    def trace_ids(self) -> tuple[str, ...]:
        """The traces that questions named, in their order."""
        return tuple(request.trace_id for request in self.requests if request.trace_id)

    def visible(self, conversation_id: str, user: str) -> Conversation | None:
        """A conversation, for its own user."""
        conversation = self.conversations.get(conversation_id)
        return conversation if conversation is not None and conversation.user == user else None

    def begin(self, user: str, inputs: Mapping[str, object], *, names_itself: bool) -> Conversation:
        """A new conversation, held by an app that holds such."""
        now = time.time()
        begun = Conversation(
            str(uuid.uuid4()), user, inputs=inputs, names_itself=names_itself, began=now, changed=now
        )
        begun.variables = [
            Variable(str(uuid.uuid4()), one.name, one.kind, one.value, one.description)
            for one in self.setup.variables
        ]
        if self.converses:
            self.conversations[begun.id] = begun
        else:
            self.results.append(begun)
        return begun

    def turn(self, message_id: str, user: str) -> Turn | None:
        """A message, for its own user."""
        for conversation in chain(self.conversations.values(), self.results):
            for turn in conversation.turns:
                if turn.id == message_id and conversation.user == user:
                    return turn
        return None

    def forget(self, conversation_id: str) -> None:
        """As if somebody had deleted the conversation."""
        del self.conversations[conversation_id]
