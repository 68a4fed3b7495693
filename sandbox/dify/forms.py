"""Forms that flows wait on, and the calls that answer them."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.dify.app import App
from sandbox.dify.human import Decision, Form
from sandbox.dify.outlet import Outlet
from sandbox.dify.replies import fields_of
from sandbox.dify.shapes import open_form


@dataclass(slots=True)
class Waiting:
    """A run that waits for a decision. `asked` is what it says when it pauses, `kept` what it had said by
    then; whoever `listens` hears how it goes on, once it has `resumed`."""

    form: Form
    token: str
    expires_at: float
    run_id: str
    kept: str
    resume: Callable[["Waiting", Decision], None]
    decision: Decision | None = None
    snapshot: Callable[[], bytes] = bytes
    listens: list[Outlet] = field(default_factory=list)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)
    expiry: asyncio.TimerHandle | None = None


class Forms:
    """Holds what waits, and answers those calls in versions that have them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._waiting: dict[str, Waiting] = {}

    def routes(self) -> list[web.RouteDef]:
        if not self._app.quirks.answers_forms:
            return []
        return [
            web.get("/v1/form/human_input/{token}", self._look),
            web.post("/v1/form/human_input/{token}", self._submit),
        ]

    def ask(self, form: Form, run_id: str, kept: str, resume: Callable[[Waiting, Decision], None]) -> Waiting:
        """Let a run wait, for as long as its form says."""
        token = f"tok_{uuid.uuid4().hex}"
        waiting = Waiting(form, token, time.time() + form.seconds, run_id, kept, resume)
        self._waiting[token] = waiting
        loop = asyncio.get_running_loop()
        waiting.expiry = loop.call_later(
            form.seconds, lambda: self._go_on(waiting, Decision(token, "", {}, ""))
        )
        return waiting

    def of_run(self, run_id: str) -> Waiting | None:
        """What a run waits on now."""
        for waiting in self._waiting.values():
            if waiting.run_id == run_id and waiting.decision is None:
                return waiting
        return None

    def expire(self) -> None:
        """Let the time of everything that waits have run out."""
        for waiting in tuple(self._waiting.values()):
            if waiting.decision is None:
                self._go_on(waiting, Decision(waiting.token, "", {}, ""))

    def close(self) -> None:
        """Wait no longer."""
        for waiting in self._waiting.values():
            if waiting.expiry is not None:
                waiting.expiry.cancel()

    def _go_on(self, waiting: Waiting, decision: Decision) -> None:
        if waiting.expiry is not None:
            waiting.expiry.cancel()
        waiting.decision = decision
        waiting.resume(waiting, decision)
        waiting.resumed.set()

    async def _look(self, request: web.Request) -> web.Response:
        waiting = self._waiting.get(request.match_info["token"])
        refusal = self._refusal(waiting)
        if waiting is None or refusal is not None:
            return refusal or self._unknown()
        return self._app.replies.json(open_form(waiting.form, int(waiting.expires_at)))

    async def _submit(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        replies = self._app.replies
        if fields.broken:
            return replies.not_json()
        user, action = fields.text("user"), fields.text("action")
        if not user:
            return replies.nobody()
        for name in ("inputs", "action"):
            if name not in fields.values:
                return replies.missing("HumanInputFormSubmitPayload", name)
        waiting = self._waiting.get(request.match_info["token"])
        refusal = self._refusal(waiting)
        if waiting is None or refusal is not None:
            return refusal or self._unknown()
        filled = {name: str(value) for name, value in fields.mapping("inputs").items()}
        wrong = _wrong(waiting.form, action, filled)
        if wrong:
            return replies.error(400, "invalid_form_data", wrong)
        decision = Decision(waiting.token, action, filled, user)
        self._app.decisions.append(decision)
        self._go_on(waiting, decision)
        return replies.json({})

    def _refusal(self, waiting: Waiting | None) -> web.Response | None:
        if waiting is None or not waiting.form.answerable:
            return self._unknown()
        if waiting.decision is None:
            return None
        if waiting.decision.action:
            return self._app.replies.error(
                412, "human_input_form_submitted", "This form has already been submitted."
            )
        return self._app.replies.error(412, "human_input_form_expired", "This form has expired.")

    def _unknown(self) -> web.Response:
        return self._app.replies.error(404, "not_found", "Form not found")


def _wrong(form: Form, action: str, filled: Mapping[str, str]) -> str:
    """What does not fit the form; empty when all does."""
    if action not in {one.id for one in form.actions}:
        return f"Invalid action: {action}"
    for one in form.fields:
        if one.name not in filled:
            return f"Missing required inputs: {one.name}"
        if one.options and filled[one.name] not in one.options:
            return f"Invalid value for {one.name}"
    return ""
