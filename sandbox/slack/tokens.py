"""The tokens of an app's bot, in each workspace that it is installed in; and how it comes by them."""

import base64
import binascii
import time
import uuid
from dataclasses import dataclass, field

from sandbox.slack.errors import ApiError
from sandbox.slack.types import Json, JsonObject

CODE_SECONDS = 600.0  # docs.slack.dev/authentication/installing-with-oauth: "expires after 10 minutes"


@dataclass(slots=True)
class Grant:
    """A token of a workspace, `good_until` a moment on the monotonic clock."""

    team: str
    good_until: float = float("inf")
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """What an installation is exchanged by, once."""

    team: str
    redirect_uri: str
    made: float = field(default_factory=time.monotonic)
    used: bool = False


class Tokens:
    """Of one app. With `token_seconds`, tokens end after so long and are renewed with a refresh token, which
    is good for once. `renewed` counts how often that was done, `refused` how often it could not be."""

    client_id = "11111.22222"
    client_secret = "sandbox-client-secret"

    def __init__(self) -> None:
        self.token_seconds: int | None = None
        self.renewed = 0
        self.refused = 0
        self._grants: dict[str, Grant] = {}
        self._codes: dict[str, Code] = {}
        self._refreshes: dict[str, str] = {}

    def allow(self, token: str, team: str) -> None:
        """A token that was made by hand."""
        self._grants[token] = Grant(team)

    def team(self, token: str) -> str:
        """The workspace that a token is good in, or what Slack answers where it is not."""
        grant = self._grants.get(token)
        if grant is None:
            raise ApiError("invalid_auth")
        if grant.revoked:
            raise ApiError("token_revoked")
        if time.monotonic() > grant.good_until:
            raise ApiError("token_expired")
        return grant.team

    def is_of(self, token: str, team: str) -> bool:
        """Whether it is good in this workspace."""
        try:
            return self.team(token) == team
        except ApiError:
            return False

    def installed(self, team: str) -> bool:
        return any(grant.team == team and not grant.revoked for grant in self._grants.values())

    def code(self, team: str, redirect_uri: str) -> str:
        code = f"{uuid.uuid4().hex}"
        self._codes[code] = Code(team, redirect_uri)
        return code

    def revoke(self, team: str) -> None:
        """None of a workspace's tokens is good any more, nor may any be renewed."""
        for grant in self._grants.values():
            grant.revoked = grant.revoked or grant.team == team
        self._refreshes = {token: of for token, of in self._refreshes.items() if of != team}

    def access(self, authorization: str, raw: JsonObject) -> tuple[str, JsonObject]:
        """`oauth.v2.access`: the workspace, and what the answer says of its tokens."""
        self._check_client(authorization, raw)
        if raw.get("grant_type") == "refresh_token":
            team = self._refreshes.pop(str(raw.get("refresh_token")), None)
            if team is None:
                self.refused += 1
                raise ApiError("invalid_refresh_token")
            self.renewed += 1
        else:
            team = self._exchanged(str(raw.get("code", "")), str(raw.get("redirect_uri", "")))
        return team, self._new(team)

    def _new(self, team: str) -> JsonObject:
        if self.token_seconds is None:
            token = f"xoxb-{uuid.uuid4().hex}"
            self._grants[token] = Grant(team)
            return {"access_token": token}
        token, refresh = f"xoxe.xoxb-1-{uuid.uuid4().hex}", f"xoxe-1-{uuid.uuid4().hex}"
        self._grants[token] = Grant(team, time.monotonic() + self.token_seconds)
        self._refreshes[refresh] = team
        return {"access_token": token, "refresh_token": refresh, "expires_in": self.token_seconds}

    def _exchanged(self, name: str, redirect_uri: str) -> str:
        code = self._codes.get(name)
        if code is None or time.monotonic() - code.made > CODE_SECONDS:
            raise ApiError("invalid_code")
        if code.used:
            raise ApiError("code_already_used")
        if code.redirect_uri != redirect_uri:
            raise ApiError("bad_redirect_uri")
        code.used = True
        return code.team

    def _check_client(self, authorization: str, raw: dict[str, Json] | JsonObject) -> None:
        given = (raw.get("client_id"), raw.get("client_secret"))
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise ApiError("invalid_client_id") from None
            given = (client, secret)
        if given[0] != self.client_id:
            raise ApiError("invalid_client_id")
        if given[1] != self.client_secret:
            raise ApiError("bad_client_secret")
