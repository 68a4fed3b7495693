"""What people press and fill in, and what only they see of it."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from sandbox.changes import Changes
from sandbox.slack import elements, payloads, views
from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import ApiError
from sandbox.slack.rules import items, object_of, string
from sandbox.slack.state import Channel, Message, Workspace
from sandbox.slack.types import Interaction, JsonObject, SlackView, Whisper

TRIGGER_SECONDS = 3.0  # docs.slack.dev/interactivity/handling-user-interaction: "expires in three seconds"
TROUBLE = "We had some trouble connecting. Try again?"
MAX_ANSWERS = 5  # to one press: "up to 5 times within 30 minutes"


@dataclass(slots=True)
class Trigger:
    """What a view may be opened with, once."""

    user: str
    at: float
    used: bool = False


@dataclass(slots=True)
class Open:
    """A view that somebody has before them. When the app puts another one in its place, only its id stays."""

    id: str
    view: JsonObject
    hash: str = field(default_factory=lambda: f"{int(time.time())}.{uuid.uuid4().hex[:8]}")
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Answerable:
    """Where an app may answer to a press."""

    channel: str
    user: str
    answers: int = 0


@dataclass(slots=True)
class Interactions:
    """`origin` is where answers to presses go."""

    workspace: Workspace
    delivery: Delivery
    changes: Changes
    origin: Callable[[], str]
    all: list[Interaction] = field(default_factory=list)
    whispers: list[Whisper] = field(default_factory=list)
    _triggers: dict[str, Trigger] = field(default_factory=dict)
    homes: dict[str, Open] = field(default_factory=dict)
    _open: dict[str, Open] = field(default_factory=dict)
    _answerable: dict[str, Answerable] = field(default_factory=dict)

    def press(self, channel: Channel, message: Message, what: str, user: str) -> Interaction:
        """Somebody presses the button that has this label or id."""
        action = self._action(message.blocks, what)
        payload = payloads.block_actions(self.workspace.identity, channel, message, action)
        return self._send({**payload, **self._answer_url(channel.id, user)}, user, lambda answer: None)

    def press_at_home(self, what: str, user: str) -> Interaction:
        """The same in the Home tab."""
        opened = self.homes[user]
        action = self._action(items(opened.view.get("blocks")), what)
        kept = payloads.view(self.workspace.identity, opened.id, opened.hash, opened.view)
        return self._send(payloads.home_actions(kept, action), user, lambda answer: None)

    def use_shortcut(self, channel: Channel, message: Message, callback_id: str, user: str) -> Interaction:
        """Somebody uses one of the app's own actions on a message."""
        who, ts = self.workspace.identity, self.workspace.new_ts()
        payload = payloads.message_action(who, channel, message, callback_id, ts)
        return self._send({**payload, **self._answer_url(channel.id, user)}, user, lambda answer: None)

    def command(self, channel: Channel, user: str, command: str, text: str) -> Interaction:
        """Somebody writes a command. What the app answers at once, only they see."""
        who, person = self.workspace.identity, self.workspace.users[user]
        payload = {
            **payloads.slash_command(who, channel, person, command, text),
            **self._answer_url(channel.id, user),
        }

        def heard(answer: JsonObject) -> None:
            if answer.get("text"):
                self.whisper(channel.id, user, "", string(answer["text"]))

        return self._dispatch(payload, "slash_commands", user, heard)

    def publish(self, user: str, view: JsonObject, view_hash: str) -> JsonObject:
        """What somebody sees in the app's Home tab from now on."""
        views.check_home(view)
        before = self.homes.get(user)
        if view_hash and before is not None and view_hash != before.hash:
            raise ApiError("hash_conflict")
        home = Open(before.id if before is not None else self.workspace.new_view_id(), view)
        self.homes[user] = home
        self.changes.notify()
        return payloads.view(self.workspace.identity, home.id, home.hash, view)

    def submit(self, user: str, values: Mapping[str, str]) -> Interaction:
        """Somebody fills in the view that they have before them, and sends it."""
        opened = self._open.get(user)
        if opened is None:
            raise ValueError(f"{user} has no form before them")
        state = views.filled(opened.view, values)

        view = payloads.view(self.workspace.identity, opened.id, opened.hash, opened.view)
        payload = payloads.view_submission(view, state)
        return self._send(payload, user, lambda answer: self._submitted(user, opened, answer))

    def dismiss(self, user: str) -> None:
        """Nobody is told: no view of ours asks for that."""
        self._open.pop(user, None)

    def view(self, user: str) -> SlackView | None:
        opened = self._open.get(user)
        return views.shown(opened.id, opened.view, opened.errors) if opened else None

    def open(self, trigger_id: str, view: JsonObject) -> JsonObject:
        """Show a view to whoever the trigger belongs to; the view as Slack answers it."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() - trigger.at > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        views.check(view)
        trigger.used = True
        opened = self._open[trigger.user] = Open(self.workspace.new_view_id(), view)
        self.changes.notify()
        return payloads.view(self.workspace.identity, opened.id, opened.hash, view)

    def update(self, view_id: str, view: JsonObject) -> JsonObject:
        """Put another view in the place of one that somebody has before them, by its id."""
        views.check(view)
        for user, opened in self._open.items():
            if opened.id == view_id:
                after = self._open[user] = Open(view_id, view)
                self.changes.notify()
                return payloads.view(self.workspace.identity, view_id, after.hash, view)
        raise ApiError("not_found")

    def whisper(self, channel: str, user: str, thread_ts: str, text: str) -> Whisper:
        said = Whisper(time.monotonic(), channel, user, thread_ts, text)
        self.whispers.append(said)
        self.changes.notify()
        return said

    def takes(self, answer: str) -> bool:
        """Whether somebody here pressed what may be answered to at this address."""
        return answer in self._answerable

    async def answer(self, request: web.Request) -> web.Response:
        """A `response_url`, as far as it whispers."""
        answerable, body = self._answerable.get(request.match_info["answer"]), await request.json()
        if answerable is None or answerable.answers >= MAX_ANSWERS:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        if not isinstance(body, dict) or not body.get("text") or body.get("replace_original", True):
            return web.json_response({"ok": False, "error": "no_text"}, status=500)
        if body.get("response_type", "ephemeral") != "ephemeral":
            return web.json_response({"ok": False, "error": "invalid_arguments"}, status=500)
        answerable.answers += 1
        self.whisper(answerable.channel, answerable.user, string(body.get("thread_ts")), str(body["text"]))
        return web.Response(text="ok")

    def _submitted(self, user: str, opened: Open, answer: JsonObject) -> None:
        """The app has said something to a view that was sent: mostly nothing, and then it closes."""
        match answer.get("response_action"):
            case None | "clear":
                if self._open.get(user) is opened:
                    del self._open[user]
            case "errors":
                errors = object_of(answer.get("errors"))
                opened.errors = tuple((block, string(text)) for block, text in errors.items())
            case "update" if _is_right(view := object_of(answer.get("view"))):
                self._open[user] = Open(opened.id, view)
            case _:
                opened.errors = (("", TROUBLE),)

    def _action(self, blocks: tuple[JsonObject, ...], what: str) -> JsonObject:
        found = [one for one in elements.pressable(blocks) if one.is_called(what)]
        if not found:
            raise ValueError(f"there is no button {what!r}")
        return {**found[0].action, "action_ts": self.workspace.new_ts()}

    def _answer_url(self, channel: str, user: str) -> JsonObject:
        answer = uuid.uuid4().hex
        self._answerable[answer] = Answerable(channel, user)
        return {"response_url": f"{self.origin()}/actions/{answer}"}

    def _send(self, payload: JsonObject, user: str, then: Callable[[JsonObject], None]) -> Interaction:
        """`then` is called with what the app answers, if it does so in time."""
        kind, person = str(payload["type"]), self.workspace.users[user]
        who = payloads.acting(self.workspace.identity, person, form=kind == "view_submission")
        return self._dispatch({**payload, **who}, kind, user, then)

    def _dispatch(
        self, payload: JsonObject, kind: str, user: str, then: Callable[[JsonObject], None]
    ) -> Interaction:
        trigger = uuid.uuid4().hex
        self._triggers[trigger] = Trigger(user, time.monotonic())
        sent = Interaction(len(self.all), time.monotonic(), kind, user)
        self.all.append(sent)

        def heard(answer: JsonObject) -> None:
            self.all[sent.id] = replace(sent, acknowledged_after=time.monotonic() - sent.at)
            then(answer)

        envelope = kind if kind == "slash_commands" else "interactive"
        self.delivery.interact({**payload, "trigger_id": trigger}, heard, envelope)
        return sent


def _is_right(view: JsonObject) -> bool:
    try:
        views.check(view)
    except ApiError:
        return False
    return True
