"""What the bot speaks with in a workspace, as Slack hands it out and as it is kept. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from adapters.slack.fields import object_of, text_of

# How much of its life a token has left when it is renewed: what is in the way may last hours.
RENEWED_WITH = 0.5
NAME_LIMIT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Credentials:
    """A bot's token in one workspace, which is called `name`. Times are in seconds since 1970; a token
    without `refresh` does not expire."""

    token: str = field(repr=False)
    bot_user_id: str
    name: str = ""
    refresh: str = field(default="", repr=False)
    began: float = 0.0
    expires: float = 0.0

    @property
    def renewed_at(self) -> float:
        """From when on it should be renewed; never, where it does not expire."""
        if not self.refresh:
            return float("inf")
        return self.expires - RENEWED_WITH * (self.expires - self.began)

    def has_expired(self, now: float) -> bool:
        return bool(self.refresh) and now >= self.expires


def read_access(answer: Mapping[str, object], now: float) -> tuple[str, Credentials] | None:
    """The workspace that installed the app, and the bot's token there, from an answer of `oauth.v2.access`;
    None where that is not what it says. Where a whole organisation did, that stands for the workspace."""
    team, enterprise = object_of(answer.get("team")), object_of(answer.get("enterprise"))
    where = enterprise if answer.get("is_enterprise_install") is True else team
    workspace, token = text_of(where, "id"), text_of(answer, "access_token")
    if not (workspace and token) or answer.get("token_type") != "bot":
        return None
    lasts = answer.get("expires_in")
    refresh = text_of(answer, "refresh_token") if isinstance(lasts, int) else ""
    return workspace, Credentials(
        token,
        text_of(answer, "bot_user_id"),
        text_of(where, "name")[:NAME_LIMIT_CHARACTERS],
        refresh,
        began=now,
        expires=now + lasts if isinstance(lasts, int) else 0.0,
    )


def packed(credentials: Credentials) -> str:
    return json.dumps(asdict(credentials))


def unpacked(text: str) -> Credentials | None:
    """What was packed; None where it cannot be read, by this version at least."""
    try:
        kept = json.loads(text)
    except ValueError:
        return None
    match kept:
        case {
            "token": str(token),
            "bot_user_id": str(user),
            "name": str(name),
            "refresh": str(refresh),
            "began": int() | float() as began,
            "expires": int() | float() as expires,
        }:
            return Credentials(token, user, name, refresh, float(began), float(expires))
        case _:
            return None
