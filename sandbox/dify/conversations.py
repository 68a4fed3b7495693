"""The calls about conversations: listing, naming, deleting, and the variables within them."""

import json
import time

from aiohttp import web

from sandbox.dify.app import DEFAULT_USER, App
from sandbox.dify.extras import CREATED_AT
from sandbox.dify.records import Deleted, Renamed, VariableChange
from sandbox.dify.replies import fields_of
from sandbox.dify.types import Conversation, Variable

PAGE_LIMIT = 100
PAGE_DEFAULT = "20"
# A conversation is called by so many characters of its first question until it has a name.
PROVISIONAL_CHARACTERS = 20
ORDERS = ("created_at", "updated_at")


class Conversations:
    """Answers those calls, for apps that hold conversations."""

    def __init__(self, app: App) -> None:
        self._app = app

    def routes(self) -> list[web.RouteDef]:
        routes = [
            web.get("/v1/conversations", self._list),
            web.post("/v1/conversations/{conversation}/name", self._rename),
            web.delete("/v1/conversations/{conversation}", self._delete),
        ]
        if self._app.quirks.tells_variables:
            routes.append(web.get("/v1/conversations/{conversation}/variables", self._variables))
        if self._app.quirks.sets_variables:
            routes.append(web.put("/v1/conversations/{conversation}/variables/{variable}", self._set))
        return routes

    def missing(self, path: str) -> web.Response:
        """A conversation is not there, or not for this user."""
        return self._app.replies.not_there("Conversation Not Exists.", path)

    async def _list(self, request: web.Request) -> web.Response:
        if not self._app.converses:
            return self._app.replies.wrong_mode("not_chat_app")
        user = request.query.get("user") or DEFAULT_USER
        limit = request.query.get("limit", PAGE_DEFAULT)
        order = request.query.get("sort_by", "-updated_at")
        if not _is_limit(limit) or order.removeprefix("-") not in ORDERS:
            return self._app.replies.invalid("1 validation error for ConversationListQuery")
        listed = [one for one in self._app.conversations.values() if one.user == user]
        listed.sort(key=lambda one: one.changed if "updated" in order else one.began)
        if order.startswith("-"):
            listed.reverse()
        last = request.query.get("last_id")
        if last:
            at = next((at for at, one in enumerate(listed) if one.id == last), None)
            if at is None:
                return self._app.replies.not_there("Last Conversation Not Exists.", request.path)
            listed = listed[at + 1 :]
        page = listed[: int(limit)]
        return self._app.replies.json(
            {
                "limit": int(limit),
                "has_more": len(page) < len(listed),
                "data": [self._fields(one) for one in page],
            }
        )

    async def _rename(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        if not self._app.converses:
            return self._app.replies.wrong_mode("not_chat_app")
        if fields.broken:
            return self._app.replies.not_json()
        user, name = fields.text("user"), fields.text("name").strip()
        if not user:
            return self._app.replies.nobody()
        chosen = fields.values.get("auto_generate") is True
        if not chosen and not name:
            return self._app.replies.invalid("name is required when auto_generate is false")
        conversation = self._app.visible(request.match_info["conversation"], user)
        if conversation is None:
            return self.missing(request.path)
        conversation.name = _title(conversation) if chosen else name
        self._app.renamed.append(Renamed(conversation.id, user, "" if chosen else name))
        return self._app.replies.json(self._fields(conversation))

    async def _delete(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        if not self._app.converses:
            return self._app.replies.wrong_mode("not_chat_app")
        if fields.broken:
            return self._app.replies.not_json()
        user = fields.text("user")
        conversation = self._app.visible(request.match_info["conversation"], user)
        if conversation is None:
            return self.missing(request.path)
        self._app.forget(conversation.id)
        self._app.deleted.append(Deleted(conversation.id, user))
        if self._app.quirks.deletes_with_json:
            return self._app.replies.done()
        return web.Response(status=204, headers=self._app.replies.headers)

    async def _variables(self, request: web.Request) -> web.Response:
        user = request.query.get("user") or DEFAULT_USER
        limit = request.query.get("limit", PAGE_DEFAULT)
        if not self._has_variables:
            return self._app.replies.wrong_mode("not_chat_app")
        if not _is_limit(limit):
            return self._app.replies.invalid("1 validation error for ConversationVariablesQuery")
        conversation = self._app.visible(request.match_info["conversation"], user)
        if conversation is None:
            return self.missing(request.path)
        wanted = request.query.get("variable_name")
        there = [one for one in conversation.variables if not wanted or one.name == wanted]
        page = there[: int(limit)] if conversation.turns else []
        fields = [_variable(one) for one in page]
        return self._app.replies.json(
            {"limit": int(limit), "has_more": len(page) < len(there), "data": fields}
        )

    async def _set(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        if not self._has_variables:
            return self._app.replies.wrong_mode("not_chat_app")
        if fields.broken or "value" not in fields.values:
            return self._app.replies.missing("ConversationVariableUpdatePayload", "value")
        user = fields.text("user") or DEFAULT_USER
        conversation = self._app.visible(request.match_info["conversation"], user)
        if conversation is None:
            return self.missing(request.path)
        sought = request.match_info["variable"]
        variable = next((one for one in conversation.variables if one.id == sought), None)
        if variable is None:
            return self._app.replies.not_there("Conversation Variable Not Exists.", request.path)
        value = fields.values["value"]
        if not _is_of(variable.kind, value):
            return self._app.replies.error(
                400, "bad_request", f"Type mismatch: variable {variable.name} expects {variable.kind}"
            )
        variable.value = value
        self._app.variable_changes.append(VariableChange(conversation.id, variable.name, value, user))
        return self._app.replies.json(_variable(variable))

    @property
    def _has_variables(self) -> bool:
        return self._app.converses and self._app.mode != "agent"

    def _fields(self, conversation: Conversation) -> dict[str, object]:
        return {
            "id": conversation.id,
            "name": self._name(conversation),
            "inputs": dict(conversation.inputs),
            "status": "normal",
            "introduction": self._app.setup.opening_statement,
            "created_at": int(conversation.began),
            "updated_at": int(conversation.changed),
        }

    def _name(self, conversation: Conversation) -> str:
        if conversation.name:
            return conversation.name
        named = conversation.names_itself and time.time() >= conversation.began + self._app.setup.title_after
        if named:
            return _title(conversation)
        query = conversation.turns[0].query if conversation.turns else ""
        return f"{query[:PROVISIONAL_CHARACTERS]}…" if len(query) > PROVISIONAL_CHARACTERS else query


def _title(conversation: Conversation) -> str:
    """What a model would call it."""
    return f"About: {conversation.turns[0].query[:60]}" if conversation.turns else "New conversation"


def _variable(variable: Variable) -> dict[str, object]:
    value = variable.value
    return {
        "id": variable.id,
        "name": variable.name,
        "value_type": variable.kind,
        "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        "description": variable.description,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    }


def _is_limit(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= PAGE_LIMIT


def _is_of(kind: str, value: object) -> bool:
    match kind:
        case "string" | "secret":
            return isinstance(value, str)
        case "number" | "integer" | "float":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list)
