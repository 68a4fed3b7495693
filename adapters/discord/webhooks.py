"""The calls by which an interaction is answered. Each needs its token, and nothing of the bot's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.discord.buttons import Component
from adapters.discord.interactions import EPHEMERAL, Interaction, Response
from adapters.discord.rest import SUPPRESS_EMBEDS, DiscordRest, file_form
from adapters.discord.scopes import token_scope
from bridge.errors import PlatformDown
from bridge.types import File, Lane

# The first answer, whatever its id is.
ORIGINAL: Final = "@original"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is needed to answer an interaction. The `token` is a secret."""

    interaction: str
    application: str
    token: str = field(repr=False)

    @property
    def scope(self) -> str:
        return token_scope(self.interaction)

    @property
    def path(self) -> str:
        return f"/webhooks/{self.application}/{self.token}"


def ticket_of(one: Interaction) -> Ticket:
    return Ticket(one.id, one.application, one.token)


class Webhooks:
    """Raises `PlatformError` kinds only; `MessageGone` where the time of the token is over."""

    def __init__(self, rest: DiscordRest) -> None:
        self._rest = rest

    async def respond(self, one: Interaction, response: Response) -> str:
        """Answer, the first time. The id of the message that came of it, if one did."""
        ticket = ticket_of(one)
        path = f"/interactions/{ticket.interaction}/{ticket.token}/callback?with_response=true"
        match await self._rest.by_token("POST", path, ticket.scope, response):
            case {"resource": {"message": {"id": str(id_)}}}:
                return id_
        return ""

    async def follow_up(self, ticket: Ticket, message: Component) -> str:
        """Say more, once it was answered. Returns the id."""
        return _id_in(await self._rest.by_token("POST", ticket.path, ticket.scope, message))

    async def send_file(self, ticket: Ticket, file: File, *, private: bool) -> str:
        """The same with a file, which is `plain_file`, and nothing else."""
        payload = {"attachments": [{"id": 0, "filename": file.name}], **_plain(private=private)}
        form = file_form(payload, file)
        return _id_in(await self._rest.by_token("POST", ticket.path, ticket.scope, form))

    async def edit(self, ticket: Ticket, message: str, payload: Component) -> str:
        """Change what was said. Returns the id."""
        path = f"{ticket.path}/messages/{message}"
        return _id_in(await self._rest.by_token("PATCH", path, ticket.scope, payload))

    async def original(self, ticket: Ticket) -> str:
        """The id of the first answer; `MessageGone` where there is none."""
        path = f"{ticket.path}/messages/{ORIGINAL}"
        return _id_in(await self._rest.by_token("GET", path, ticket.scope, None))

    async def delete(self, ticket: Ticket, message: str) -> None:
        await self._rest.by_token("DELETE", f"{ticket.path}/messages/{message}", ticket.scope, None)

    def lane(self, interaction: str) -> Lane:
        """Only what answers this interaction spends from it."""
        return self._rest.lane(token_scope(interaction), private=True)


def shown(content: str, rows: Sequence[Component], *, private: bool = False) -> Component:
    """A message for everybody, unless it is `private`."""
    return {"content": content, "components": rows, **_plain(private=private)}


def changed(content: str, rows: Sequence[Component]) -> Component:
    """What a message shows from now on. Who sees it does not change."""
    return shown(content, rows)


def _plain(*, private: bool) -> Mapping[str, object]:
    flags = SUPPRESS_EMBEDS | (EPHEMERAL if private else 0)
    return {"flags": flags, "allowed_mentions": {"parse": []}}


def _id_in(answer: Mapping[str, object]) -> str:
    id_ = answer.get("id")
    if not isinstance(id_, str):
        raise PlatformDown("a message without an id")
    return id_
