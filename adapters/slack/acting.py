"""Who presses, sends, or uses something of ours, as Slack's interactions say it. Pure."""

from adapters.slack.events import ORGANISATION
from adapters.slack.fields import Json, object_of, text_of
from bridge.types import Person


def read_actor(payload: Json, team_id: str) -> Person | None:
    """The person; from outside, where their workspace is another one than `team_id`, or where that stands for
    a whole organisation, another one than they act in."""
    user = object_of(payload.get("user"))
    user_id, team = text_of(user, "id"), text_of(user, "team_id")
    here = text_of(object_of(payload.get("team")), "id") if team_id.startswith(ORGANISATION) else team_id
    outside = team.startswith("T") and team != here
    name = text_of(user, "name") or text_of(user, "username")
    return Person(user_id, name, outside=outside) if user_id else None
