"""Who presses, sends, or uses something of ours, as Slack's interactions say it. Pure."""

from adapters.slack.fields import Json, object_of, text_of
from bridge.types import Person


def read_actor(payload: Json, team_id: str) -> Person | None:
    """The person; from outside, where their workspace is another one than `team_id`."""
    user = object_of(payload.get("user"))
    user_id, team = text_of(user, "id"), text_of(user, "team_id")
    outside = team.startswith("T") and team != team_id
    name = text_of(user, "name") or text_of(user, "username")
    return Person(user_id, name, outside=outside) if user_id else None
